"""The fridge at the declared workload, from a real table to what its qubits see."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtregress.chip.bath import NO_EXTRA, bath_coupling
from qtregress.chip.chip import Attenuator, Chip, Readout
from qtregress.chip.cryostat import KRINNER_2019_XLD
from qtregress.errors import InputError
from qtregress.thermal.heat import gate_heats
from qtregress.thermal.load import Load, active_power_w, load, resting_power_w
from qtregress.thermal.noise import cascade_photons, photon_dephasing
from qtregress.thermal.plates import passive_load_w
from qtregress.thermal.workload import DEFAULT_WORKLOAD, Workload
from tests import small

ONE, PAIR = small.small(0), small.small(*small.PAIR)
IDLE = Workload(format="qtregress/workload@1", busy_fraction=0.0)


def loaded(
    case: small.Case = ONE, workload: Workload = DEFAULT_WORKLOAD, chip: Chip | None = None
) -> Load:
    """The case's load."""
    on = case.chip if chip is None else chip
    return load(on, list(gate_heats(case.profile, on).values()), workload)


def with_kappa(chip: Chip, factor: float) -> Chip:
    """The chip with its drive lines coupled so many times as strongly."""
    qubits = []
    for qubit in chip.qubits:
        more = {"kappa_ext_hz": qubit.drive.kappa_ext_hz * factor}
        qubits.append(qubit.model_copy(update={"drive": qubit.drive.model_copy(update=more)}))
    return chip.model_copy(update={"qubits": tuple(qubits)})


def test_an_idle_machine_is_as_it_was_calibrated() -> None:
    """At zero duty nothing is added to any qubit's bath."""
    state = loaded(workload=IDLE).qubits[0]

    assert [state.playing.photons, state.mean.photons] == [0.0, 0.0]
    assert state.mean.dephasing_per_s == 0.0


def test_an_idle_machine_still_carries_its_cables() -> None:
    """Without pulses plates are above their unloaded temperatures by what cables conduct."""
    plates = loaded(workload=IDLE).plates
    assert plates is not None

    assert plates.load_w["mxc"] == pytest.approx(13e-9 + 13e-9 + 20e-9, rel=0.5, abs=0)
    assert plates.temperature_k["cp"] > 0.082


def test_power_sums_over_lines_and_stages() -> None:
    """Every stage takes what the pads of all driven lines dissipate, 1e4 : 1e2 : 1."""
    found = loaded(PAIR)
    at_chip_w = sum(state.power_w for state in found.lines.values())

    assert found.active_w["4k"] == pytest.approx(at_chip_w * 1e4 * 99, rel=1e-3, abs=0)
    assert found.active_w["cp"] == pytest.approx(at_chip_w * 1e2 * 99, rel=1e-3, abs=0)
    assert found.active_w["still"] == 0.0


def test_fifty_lines_take_twenty_five_times_the_heat_of_two() -> None:
    """Pulses by their lines; of readout cables there is one for eight qubits."""
    fifty = Workload(format="qtregress/workload@1", lines=50)
    own, many = loaded(PAIR), loaded(PAIR, fifty)
    assert own.plates is not None
    assert many.plates is not None

    assert many.active_w["cp"] == pytest.approx(25 * own.active_w["cp"], rel=1e-6, abs=0)
    assert many.plates.load_w["mxc"] - many.active_w["mxc"] == pytest.approx(
        passive_load_w(KRINNER_2019_XLD, {"drive": 50, "readout": 7, "output": 7})["mxc"],
        rel=1e-6,
        abs=0,
    )


def test_films_are_hottest_while_gates_play() -> None:
    """Photons while gates play are above their mean over the day, which is above rest."""
    line = loaded(PAIR).lines["d0"]

    assert line.photons.peak > line.photons.playing > line.photons.mean > 10 * line.resting


def test_a_qubit_sees_its_lines_share_alone() -> None:
    """Extra photons are those of the line times kappa_ext over the decay rate."""
    found = loaded(PAIR)
    qubit, line = PAIR.chip.qubit(0), found.lines["d0"]
    share = 2 * math.pi * qubit.drive.kappa_ext_hz / bath_coupling(qubit)

    assert found.qubits[0].playing.photons == pytest.approx(
        share * (line.photons.playing - line.resting), rel=1e-12, abs=0
    )


def test_the_resting_line_is_a_passive_cascade() -> None:
    """What the calibration saw is the cascade through pads as cold as their plates."""
    found = loaded(ONE, IDLE)
    assert found.plates is not None
    qubit = ONE.chip.qubit(0)
    expected = cascade_photons(
        qubit.frequency_hz, qubit.drive.attenuators, temperatures_k=found.plates.temperature_k
    )

    assert found.lines["d0"].resting == pytest.approx(expected, rel=1e-9, abs=0)


def test_resonator_photons_dephase_by_clerk_and_utami() -> None:
    """The extra dephasing is the formula's difference, with the full shift 2 chi."""
    found = loaded(PAIR)
    readout, line = PAIR.chip.qubit(0).readout, found.lines["m0"]
    assert readout.kappa_hz is not None
    assert readout.chi_hz is not None
    rates = [
        photon_dephasing(n, kappa_hz=readout.kappa_hz, shift_hz=2 * readout.chi_hz)
        for n in (line.photons.mean, line.resting)
    ]

    assert found.qubits[0].mean.dephasing_per_s == pytest.approx(
        rates[0] - rates[1], rel=1e-9, abs=0
    )


def test_an_unknown_resonator_adds_no_dephasing() -> None:
    """Where linewidth and shift are not known nothing is assumed."""
    bare = [q.model_copy(update={"readout": Readout()}) for q in ONE.chip.qubits]
    chip = ONE.chip.model_copy(update={"qubits": tuple(bare)})

    assert loaded(chip=chip).qubits[0].mean.dephasing_per_s == NO_EXTRA.dephasing_per_s


def test_a_weaker_coupling_heats_more_and_couples_less() -> None:
    """From 1/(10 ms) to 1/(1 ms) the heat falls and the photons of the qubit rise."""
    weak, strong = (loaded(PAIR, chip=with_kappa(PAIR.chip, factor)) for factor in (0.3, 3.0))

    assert weak.active_w["mxc"] > 5 * strong.active_w["mxc"]
    assert weak.qubits[0].mean.photons < strong.qubits[0].mean.photons


@settings(max_examples=10)
@given(st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_more_work_never_means_fewer_photons(one: float, other: float) -> None:
    """The mean photons of a qubit's line grow with the busy fraction."""
    less, more = (
        loaded(ONE, Workload(format="qtregress/workload@1", busy_fraction=busy))
        for busy in sorted((one, other))
    )

    assert less.lines["d0"].photons.mean <= more.lines["d0"].photons.mean * (1 + 1e-9)


def test_a_hot_line_warms_its_neighbours_films() -> None:
    """Thermal links between bodies let a driven line show at a silent neighbour."""
    cold = PAIR.chip.model_copy(update={"thermal_links": ()})
    alone, linked = loaded(PAIR, chip=cold), loaded(PAIR)

    assert linked.lines["d1"].films.mean_k[-1] > alone.lines["d1"].films.mean_k[-1]


def test_a_load_that_cannot_be_known_says_why() -> None:
    """A mix without a gate of the chip is a problem, not a cold fridge."""
    other = Workload(format="qtregress/workload@1", gate_mix={"swap": 1.0})
    unknown = loaded(workload=other)

    assert (unknown.plates, dict(unknown.lines), dict(unknown.qubits)) == (None, {}, {})
    assert unknown.problem == (
        "The workload's gate mix must name a pulsed gate of qubit 0, but names swap."
    )


def test_a_load_beyond_the_fridge_says_so() -> None:
    """A hundred thousand lines are no warm fridge but an unknown one."""
    assert "budget" in loaded(PAIR, Workload(format="qtregress/workload@1", lines=100_000)).problem


def test_a_line_that_drains_faster_than_t1_is_a_problem() -> None:
    """A coupling that alone exceeds the measured decay contradicts T1."""
    problem = loaded(chip=with_kappa(ONE.chip, 100)).problem

    assert problem.startswith("kappa_ext_hz of qubit 0 must be at most 1217")


def test_a_chip_in_an_unknown_cryostat_is_refused() -> None:
    """That is a mistake in the chip file, and no load that cannot be known."""
    chip = ONE.chip.model_copy(update={"cryostat": "bucket"})

    with pytest.raises(InputError, match=r"one of krinner-2019-xld.*but is bucket"):
        load(chip, [], DEFAULT_WORKLOAD)


def test_a_cold_line_dissipates_nothing() -> None:
    """Every stage of the cryostat is there and takes nothing."""
    from qtregress.chip.cryostat import cryostat_of

    assert active_power_w(ONE.chip, cryostat_of(ONE.chip), {}) == dict.fromkeys(
        ("50k", "4k", "still", "cp", "mxc"), 0.0
    )


def test_a_line_without_pads_has_no_film() -> None:
    """Nothing is claimed of films that are not there; a 0 dB pad is none."""
    bare = ONE.chip.qubit(0)
    drive = bare.drive.model_copy(
        update={"attenuators": (Attenuator(stage="mxc", attenuation_db=0.0),)}
    )
    readout = bare.readout.model_copy(update={"attenuators": ()})
    qubit = bare.model_copy(update={"drive": drive, "readout": readout})
    found = loaded(chip=ONE.chip.model_copy(update={"qubits": (qubit,)}))

    assert {name: line.last_film_k for name, line in found.lines.items()} == dict.fromkeys(
        ("d0", "m0")
    )
    assert {name: line.coldest_peak_k for name, line in found.lines.items()} == dict.fromkeys(
        ("d0", "m0")
    )


@pytest.mark.parametrize("lines", [1, 5, 50])
def test_cables_hang_there_whoever_is_driven(lines: int) -> None:
    """Cables conduct by their number, whatever the workload does with them."""
    heat_w = resting_power_w(PAIR.chip, KRINNER_2019_XLD, lines=lines)["mxc"]
    feedlines = -(-lines // 8)

    assert heat_w == pytest.approx(
        passive_load_w(
            KRINNER_2019_XLD, {"drive": lines, "readout": feedlines, "output": feedlines}
        )["mxc"],
        rel=1e-12,
        abs=0,
    )
