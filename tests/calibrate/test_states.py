"""Two states of a chip: what may differ, what moves with a qubit, what stays the old one's."""

from typing import Any

import pytest

from qtregress.calibrate.states import (
    behind_old_lines,
    common_factors,
    declared,
    judged_on,
    moved_offsets,
    refuse_unlike,
    retuned,
)
from qtregress.chip.chip import Chip, DriftPrior
from qtregress.errors import InputError
from tests import small

PAIR = small.small(*small.PAIR)
CHIP, TABLE = PAIR.chip, PAIR.profile


def with_qubit(index: int, **update: Any) -> Chip:
    """The pair's chip with these fields of one qubit."""
    qubits = tuple(
        qubit.model_copy(update=update) if qubit.index == index else qubit for qubit in CHIP.qubits
    )
    return CHIP.model_copy(update={"qubits": qubits})


def with_line(index: int, **update: float) -> Chip:
    """The pair's chip with these fields of one drive line."""
    return with_qubit(index, drive=CHIP.qubit(index).drive.model_copy(update=update))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (CHIP.model_copy(update={"device": "ibm_other"}), "device must be ibm_lima"),
        (CHIP.model_copy(update={"qubits": CHIP.qubits[:1]}), "qubits must be those"),
        (CHIP.model_copy(update={"couplings": ()}), "couplings must be those"),
        (CHIP.model_copy(update={"control_channels": {}}), "control_channels must be those"),
        (with_line(1, slope_dt=0.3), "slope_dt of d1 must be"),
        (with_line(0, compression_pm=0.3), "compression_pm of d0 must be"),
    ],
)
def test_what_is_no_other_state_is_refused(other: Chip, said: str) -> None:
    """Another device, other qubits or wires, or a line of another shape."""
    with pytest.raises(InputError, match=said):
        refuse_unlike(CHIP, other)


def test_what_a_chip_and_its_lines_do_is_no_other_device() -> None:
    """Frequencies, times, gains, offsets and J may all move."""
    moved = with_line(0, rabi_hz_per_amp=3e8, phase_rad=0.1, frequency_offset_hz=1e4)
    coupling = CHIP.couplings[0].model_copy(update={"j_hz": 3e6})
    refuse_unlike(CHIP, moved.model_copy(update={"couplings": (coupling,)}))


def test_carriers_move_with_their_qubits() -> None:
    """d1 follows qubit 1, and so does u0, which plays at its frequency; d0 stays."""
    carriers = {"d0": 5.0e9, "d1": 5.1e9, "u0": 5.1e9, "u1": 5.0e9, "f1": 1e6}
    played = TABLE.model_copy(update={"drive_frequency_hz": carriers})
    frequency = CHIP.qubit(1).frequency_hz
    table = retuned(played, CHIP, with_qubit(1, frequency_hz=frequency + 2e6))

    assert table.drive_frequency_hz == carriers | {"d1": 5.102e9, "u0": 5.102e9}
    assert table.gates == TABLE.gates


def test_readout_moves_with_its_resonator() -> None:
    """m0 follows the resonator where both chips know it."""
    readout = CHIP.qubit(0).readout
    assert readout.frequency_hz is not None
    moved = readout.model_copy(update={"frequency_hz": readout.frequency_hz + 5e4})
    table = retuned(TABLE, CHIP, with_qubit(0, readout=moved))

    assert table.drive_frequency_hz["m0"] - TABLE.drive_frequency_hz["m0"] == pytest.approx(5e4)


def test_a_chip_that_stayed_leaves_the_table_alone() -> None:
    """The same object: its digest is the fit's."""
    assert retuned(TABLE, CHIP, with_qubit(0, t1_s=1e-5, t2_s=1e-5)) is TABLE


def test_new_errors_and_priors_do_not_set_old_margins() -> None:
    """A wider prior or larger measured errors in the new file would let anything pass."""
    generous = DriftPrior(gain=0.5, phase_rad=1.0, frequency_hz=1e7)
    worse = tuple(row.model_copy(update={"error": 0.5}) for row in CHIP.measured_errors)
    new = CHIP.model_copy(update={"drift_prior": generous, "measured_errors": worse, "fit": None})

    assert judged_on(new, CHIP) == CHIP


def test_the_old_lines_in_front_of_the_new_state() -> None:
    """Gain of the old file, T1 of the new one."""
    drive = CHIP.qubit(0).drive.model_copy(update={"rabi_hz_per_amp": 9e7})
    between = behind_old_lines(with_qubit(0, drive=drive, t1_s=3e-5, t2_s=3e-5), CHIP)

    assert between.qubit(0).drive == CHIP.qubit(0).drive
    assert between.qubit(0).t1_s == 3e-5


def test_a_common_factor_is_told() -> None:
    """All gates of d0 20 % weaker look like a line that moved."""
    weaker = small.louder(TABLE, -0.2, "d0")
    (sentence,) = common_factors(TABLE, CHIP, weaker, CHIP)

    assert "d0 by x0.8" in sentence
    assert "fit-drive NEWCHIP NEW --gains-only" in sentence


@pytest.mark.parametrize(
    "new",
    [
        TABLE,
        small.louder(TABLE, 0.05, "d0", gates="x:0"),
        small.louder(TABLE, 0.002, "d0"),
        small.half_length(TABLE, "x:0"),
    ],
    ids=["the same", "one gate", "inside the prior", "half the length"],
)
def test_an_edit_of_pulses_is_no_common_factor(new: Any) -> None:
    """One gate louder, or shorter at its angle, is firmware."""
    assert common_factors(TABLE, CHIP, new, CHIP) == ()


def test_a_declared_gain_is_no_common_factor() -> None:
    """Behind the line as the new file has it the gates turn as far as before."""
    weaker = small.louder(TABLE, -0.2, "d0")
    gain = CHIP.qubit(0).drive.rabi_hz_per_amp / 0.8
    found = common_factors(TABLE, CHIP, weaker, with_line(0, rabi_hz_per_amp=gain))

    # compression bends the weaker pulses less, by a hundredth
    assert not found or "d0 by x1.0" in found[0]


def test_what_moved_is_told() -> None:
    """Frequencies and times of the chip, gains of its lines."""
    gain = CHIP.qubit(1).drive.rabi_hz_per_amp
    state, lines = declared(CHIP, with_line(1, rabi_hz_per_amp=1.25 * gain))

    assert "T1 is 1.00 to 1.00" in state
    assert "d1 x1.25" in lines
    assert declared(CHIP, CHIP)[1] == "The new chip file declares that no line moved."


def test_an_offset_beyond_the_prior_may_be_a_changed_drag() -> None:
    """34 kHz of detuning hide a DRAG that is gone, so the sentence names line and prior."""
    offset = CHIP.qubit(1).drive.frequency_offset_hz
    (sentence,) = moved_offsets(CHIP, with_line(1, frequency_offset_hz=offset - 34e3))

    assert "drift prior of 20 kHz: d1 by -34 kHz" in sentence


def test_an_offset_inside_the_prior_is_a_line_s() -> None:
    """19 kHz may be drift, and the new file's own prior does not count."""
    offset = CHIP.qubit(1).drive.frequency_offset_hz
    wide = DriftPrior(frequency_hz=1e6)
    far = with_line(1, frequency_offset_hz=offset + 30e3).model_copy(update={"drift_prior": wide})

    assert moved_offsets(CHIP, with_line(1, frequency_offset_hz=offset + 19e3)) == ()
    assert len(moved_offsets(CHIP, far)) == 1
