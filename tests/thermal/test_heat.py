"""Heat of a real table's gates: how it scales, which line it lands on, what the fridge makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.chip.chip import Chip, Readout
from qtregress.chip.lines import line_envelopes, tones
from qtregress.pulses.profile import Profile
from qtregress.pulses.schedule import schedule
from qtregress.thermal.dissipation import chip_energy_j
from qtregress.thermal.heat import gate_heat, gate_heats, pulse_energies_j
from qtregress.units import HBAR_J_S, angular
from tests import small

ONE, PAIR = small.small(0), small.small(*small.PAIR)


def linear(chip: Chip) -> Chip:
    """The chip with lines that do not compress."""
    straight = {"compression_am": 0.0, "compression_pm": 0.0}
    qubits = tuple(
        qubit.model_copy(update={"drive": qubit.drive.model_copy(update=straight)})
        for qubit in chip.qubits
    )
    return chip.model_copy(update={"qubits": qubits})


def x_energy_j(profile: Profile, chip: Chip, qubit: int = 0) -> float:
    """Energy at the chip of the qubit's x."""
    return gate_heat(profile.by_id[f"x:{qubit}"], profile, chip).energy_j(f"d{qubit}")


@given(st.floats(-0.9, 0.9))
def test_energy_is_quadratic_in_the_amplitude(share: float) -> None:
    """On a line that does not compress, +x % amplitude is (1 + x %)^2 energy."""
    chip = linear(ONE.chip)
    before = x_energy_j(ONE.profile, chip)

    assert x_energy_j(small.louder(ONE.profile, share, "d0"), chip) == pytest.approx(
        (1 + share) ** 2 * before, rel=1e-12, abs=0
    )


@pytest.mark.parametrize("qubit", range(5))
def test_fitted_compression_bends_the_square_a_little(qubit: int) -> None:
    """On the shipped lines +5 % amplitude is 1.05^2 energy to a third of a percent."""
    case = small.small(qubit)
    before = x_energy_j(case.profile, case.chip, qubit)
    after = x_energy_j(small.louder(case.profile, 0.05, f"d{qubit}"), case.chip, qubit)

    assert after / before == pytest.approx(1.05**2, rel=3.5e-3, abs=0)


@pytest.mark.parametrize("qubit", range(5))
def test_half_the_length_at_the_same_angle_doubles_the_energy(qubit: int) -> None:
    """The energy of a fixed rotation goes as one over its time."""
    case = small.small(qubit)
    chip = linear(case.chip)
    before = x_energy_j(case.profile, chip, qubit)
    half = small.half_length(case.profile, f"x:{qubit}")

    assert x_energy_j(half, chip, qubit) / before == pytest.approx(2, rel=0.01, abs=0)


@pytest.mark.parametrize("qubit", range(5))
def test_half_the_length_nearly_doubles_the_energy_on_fitted_lines(qubit: int) -> None:
    """Compression, fitted at half that amplitude, takes a twentieth of it back."""
    case = small.small(qubit)
    before = x_energy_j(case.profile, case.chip, qubit)
    half = small.half_length(case.profile, f"x:{qubit}")

    assert x_energy_j(half, case.chip, qubit) / before == pytest.approx(2, rel=0.06, abs=0)


def test_the_phase_of_a_pulse_costs_nothing() -> None:
    """Turning all pulses of a line leaves their energy."""
    turned = small.turned(ONE.profile, 1.0, "d0")

    assert x_energy_j(turned, ONE.chip) == pytest.approx(
        x_energy_j(ONE.profile, ONE.chip), rel=1e-6, abs=0
    )


def test_a_cross_drive_heats_the_line_it_plays_on() -> None:
    """u0 plays at qubit 1's frequency on qubit 0's line: +5 % leaves line 1 as it was."""
    before = gate_heats(PAIR.profile, PAIR.chip)["cx:0-1"]
    after = gate_heats(small.louder(PAIR.profile, 0.05, "u0"), PAIR.chip)["cx:0-1"]

    assert after.energy_j("d0") > 1.1 * before.energy_j("d0")
    assert after.energy_j("d1") == before.energy_j("d1")


def test_tones_that_do_not_overlap_add_their_energies() -> None:
    """The echo's x pulses and the cross drive share qubit 0's line one after the other."""

    def line_0(*channels: str) -> float:
        played = small.edited(PAIR.profile, lambda _, row: row if row.channel in channels else None)
        return gate_heat(played.by_id["cx:0-1"], PAIR.profile, PAIR.chip).energy_j("d0")

    assert line_0("d0", "u0") == pytest.approx(line_0("d0") + line_0("u0"), rel=1e-12, abs=0)


def test_silence_is_cold() -> None:
    """A gate that only waits heats no line."""
    assert gate_heats(ONE.profile, ONE.chip)["id:0"].lines == {}


def test_virtual_gates_have_no_heat() -> None:
    """Heat is known of everything that plays: drives, waits and readout."""
    assert set(gate_heats(PAIR.profile, PAIR.chip)) == {
        *("id:0", "id:1", "sx:0", "sx:1", "x:0", "x:1", "cx:0-1", "measure:0", "measure:1"),
    }


def test_a_readout_that_nobody_calibrated_is_left_out() -> None:
    """Without the resonator's linewidth nobody knows what its pulse delivers."""
    bare = tuple(q.model_copy(update={"readout": Readout()}) for q in ONE.chip.qubits)

    assert "measure:0" not in gate_heats(ONE.profile, ONE.chip.model_copy(update={"qubits": bare}))


@pytest.mark.physics
def test_a_readout_pulse_delivers_what_its_photons_need() -> None:
    """On its plateau the shipped readout sends hbar omega kappa n / 4 for its five photons."""
    readout = ONE.chip.qubit(0).readout
    assert readout.frequency_hz is not None
    assert readout.kappa_hz is not None
    expected_w = HBAR_J_S * angular(readout.frequency_hz) * angular(readout.kappa_hz) * 5 / 4

    play = gate_heats(ONE.profile, ONE.chip)["measure:0"].lines["m0"]

    assert play.power_w[15] == pytest.approx(expected_w, rel=1e-9, abs=0)


def test_steps_keep_the_energy_of_the_samples() -> None:
    """The coarse power over time has the energy of every sample."""
    gate = PAIR.profile.by_id["cx:0-1"]
    dt_s = PAIR.profile.dt_ns * 1e-9
    played = tones(schedule(gate), PAIR.chip)
    carriers = {q: PAIR.profile.drive_frequency_hz[f"d{q}"] for q in small.PAIR}
    envelope = line_envelopes(played, carriers, dt_s)[0]
    qubit = PAIR.chip.qubit(0)
    exact_j = chip_energy_j(
        envelope, dt_s, frequency_hz=qubit.frequency_hz, kappa_ext_hz=qubit.drive.kappa_ext_hz
    )

    play = gate_heat(gate, PAIR.profile, PAIR.chip).lines["d0"]

    assert play.energy_j == pytest.approx(exact_j, rel=1e-12, abs=0)
    assert len(play.power_w) * play.step_s == pytest.approx(gate.duration * dt_s, rel=1e-12, abs=0)


def test_a_gate_on_a_line_that_the_chip_lacks_is_left_out() -> None:
    """What its pulses would heat is not known."""
    assert set(gate_heats(PAIR.profile, ONE.chip)) == {"id:0", "id:1", "sx:0", "x:0", "measure:0"}


def test_duration_is_in_seconds() -> None:
    """160 samples of 2/9 ns."""
    heat = gate_heats(ONE.profile, ONE.chip)["x:0"]

    assert heat.duration_s == pytest.approx(160 * 2 / 9 * 1e-9, rel=1e-6, abs=0)


def test_pulses_that_do_not_meet_add_up_to_their_gate() -> None:
    """The echo's pulses and the cross drive follow each other on line 0."""
    gate = PAIR.profile.by_id["cx:0-1"]
    pulses = pulse_energies_j(gate, PAIR.profile, PAIR.chip)
    on_line_0 = sum(one_j for name, one_j in pulses.items() if name.startswith(("d0", "u0")))

    assert len(pulses) == sum(hasattr(row, "amp") for row in gate.pulses)
    assert on_line_0 == pytest.approx(
        gate_heat(gate, PAIR.profile, PAIR.chip).energy_j("d0"), rel=1e-9, abs=0
    )
