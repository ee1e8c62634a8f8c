"""Heat of a real table's gates: how it scales, which line it lands on, what the fridge makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.chip.chip import Chip
from qtregress.errors import InputError
from qtregress.pulses.profile import Profile
from qtregress.thermal.heat import gate_heat, gate_heats, load
from qtregress.thermal.workload import DEFAULT_WORKLOAD, Workload
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
    return gate_heat(profile.by_id[f"x:{qubit}"], profile, chip).line_energy_j[qubit]


@given(st.floats(-0.9, 0.9))
def test_energy_is_quadratic_in_the_amplitude(share: float) -> None:
    """On a line that does not compress, +x % amplitude is (1 + x %)^2 energy."""
    chip = linear(ONE.chip)
    before = x_energy_j(ONE.profile, chip)

    assert x_energy_j(small.louder(ONE.profile, share, "d0"), chip) == pytest.approx(
        (1 + share) ** 2 * before, rel=1e-12
    )


@pytest.mark.parametrize("qubit", range(5))
def test_fitted_compression_bends_the_square_a_little(qubit: int) -> None:
    """On the shipped lines +5 % amplitude is 1.05^2 energy to a third of a percent."""
    case = small.small(qubit)
    before = x_energy_j(case.profile, case.chip, qubit)
    after = x_energy_j(small.louder(case.profile, 0.05, f"d{qubit}"), case.chip, qubit)

    assert after / before == pytest.approx(1.05**2, rel=3.5e-3)


@pytest.mark.parametrize("qubit", range(5))
def test_half_the_length_at_the_same_angle_doubles_the_energy(qubit: int) -> None:
    """The energy of a fixed rotation goes as one over its time."""
    case = small.small(qubit)
    chip = linear(case.chip)
    before = x_energy_j(case.profile, chip, qubit)
    half = small.half_length(case.profile, f"x:{qubit}")

    assert x_energy_j(half, chip, qubit) / before == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("qubit", range(5))
def test_half_the_length_nearly_doubles_the_energy_on_fitted_lines(qubit: int) -> None:
    """Compression, fitted at half that amplitude, takes a twentieth of it back."""
    case = small.small(qubit)
    before = x_energy_j(case.profile, case.chip, qubit)
    half = small.half_length(case.profile, f"x:{qubit}")

    assert x_energy_j(half, case.chip, qubit) / before == pytest.approx(2, rel=0.06)


def test_the_phase_of_a_pulse_costs_nothing() -> None:
    """Turning all pulses of a line leaves their energy."""
    turned = small.turned(ONE.profile, 1.0, "d0")

    assert x_energy_j(turned, ONE.chip) == pytest.approx(x_energy_j(ONE.profile, ONE.chip))


def test_a_cross_drive_heats_the_line_it_plays_on() -> None:
    """u0 plays at qubit 1's frequency on qubit 0's line: +5 % leaves line 1 as it was."""
    before = gate_heats(PAIR.profile, PAIR.chip)["cx:0-1"].line_energy_j
    after = gate_heats(small.louder(PAIR.profile, 0.05, "u0"), PAIR.chip)["cx:0-1"].line_energy_j

    assert (after[0] > 1.1 * before[0], after[1]) == (True, before[1])


def test_tones_that_do_not_overlap_add_their_energies() -> None:
    """The echo's x pulses and the cross drive share qubit 0's line one after the other."""

    def line_0(*channels: str) -> float:
        played = small.edited(PAIR.profile, lambda _, row: row if row.channel in channels else None)
        return gate_heat(played.by_id["cx:0-1"], PAIR.profile, PAIR.chip).line_energy_j[0]

    assert line_0("d0", "u0") == pytest.approx(line_0("d0") + line_0("u0"), rel=1e-12)


def test_silence_is_cold() -> None:
    """A gate that only waits heats no line."""
    assert gate_heats(ONE.profile, ONE.chip)["id:0"].line_energy_j == {}


def test_heat_is_known_of_driven_gates_only() -> None:
    """Virtual Z plays nothing, and the readout line is no part of the chip."""
    assert set(gate_heats(PAIR.profile, PAIR.chip)) == {
        *("id:0", "id:1", "sx:0", "sx:1", "x:0", "x:1", "cx:0-1"),
    }


def test_a_gate_on_a_line_that_the_chip_lacks_is_left_out() -> None:
    """What its pulses would heat is not known."""
    assert set(gate_heats(PAIR.profile, ONE.chip)) == {"id:0", "id:1", "sx:0", "x:0"}


def test_duration_is_in_seconds() -> None:
    """160 samples of 2/9 ns."""
    heat = gate_heats(ONE.profile, ONE.chip)["x:0"]

    assert heat.duration_s == pytest.approx(160 * 2 / 9 * 1e-9)


def test_louder_gates_load_the_fridge_more() -> None:
    """Mean power on every plate with a pad follows the energies of the mix."""
    chip = linear(PAIR.chip)
    loud = small.louder(PAIR.profile, 0.1, "d0", "d1", "u0")
    before = load(chip, list(gate_heats(PAIR.profile, chip).values()), DEFAULT_WORKLOAD)
    after = load(chip, list(gate_heats(loud, chip).values()), DEFAULT_WORKLOAD)

    assert after.power_w == pytest.approx(
        {stage: 1.21 * power_w for stage, power_w in before.power_w.items()}
    )


def test_an_idle_machine_is_at_its_base_temperature() -> None:
    """At zero duty every plate rests where it does unloaded, and no photon is added."""
    idle = Workload(format="qtregress/workload@1", busy_fraction=0.0)
    at_rest = load(ONE.chip, list(gate_heats(ONE.profile, ONE.chip).values()), idle)

    assert [at_rest.temperature_k["mxc"], at_rest.extra_photons[0]] == pytest.approx(
        [0.006, 0.0], abs=1e-12
    )


def test_a_load_that_cannot_be_known_says_why() -> None:
    """A mix without a gate of the chip is a problem, not a cold fridge."""
    other = Workload(format="qtregress/workload@1", gate_mix={"swap": 1.0})
    unknown = load(ONE.chip, list(gate_heats(ONE.profile, ONE.chip).values()), other)

    assert (unknown.power_w, unknown.temperature_k, unknown.extra_photons, unknown.problem) == (
        *({}, {}, {}),
        "The workload's gate mix must name a pulsed gate of qubit 0, but names swap.",
    )


def test_a_chip_in_an_unknown_cryostat_is_refused() -> None:
    """That is a mistake in the chip file, and no load that cannot be known."""
    chip = ONE.chip.model_copy(update={"cryostat": "bucket"})

    with pytest.raises(InputError, match=r"one of krinner-2019-xld, but is bucket"):
        load(chip, [], DEFAULT_WORKLOAD)
