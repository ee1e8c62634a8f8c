"""Paired differences: bounds that hold, and failures that stay failures."""

from dataclasses import replace
from math import pi

import pytest

from qtregress.calibrate.ensemble import NO_SPREAD
from qtregress.calibrate.recalibration import LineShift, Recalibration, coherent_interval
from qtregress.channels.coherence import coherence_limit
from qtregress.channels.ideal import PairNative
from qtregress.chip.chip import MeasuredGateError
from qtregress.metrics.cliffords import clifford_gates
from qtregress.metrics.collect import incoherent_error
from qtregress.metrics.compare import (
    ErrorChange,
    clifford_changes,
    compare,
    error_changes,
    gate_limit,
    gate_scale,
    old_coherent_error,
    old_scale,
    unknown_coherent_error,
)
from qtregress.metrics.difference import Difference
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.pulses.profile import Gate
from tests import small

GATES = ("id:0", "sx:0", "x:0")


def one() -> Measurement:
    """Lima's qubit 0, measured."""
    return small.old(0)[0]


def rows(
    old: list[Metric], new: list[Metric], absorbed: Recalibration | None = None
) -> dict[str, Difference]:
    """The differences of two lists of metrics, by id."""
    found = compare((one(), tuple(old)), (one(), tuple(new)), absorbed or Recalibration())
    return {row.id: row for row in found}


# Unknown errors and scales


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, 1e-4),
        (9e-4, 7e-4),
        (2.1e-4, 2.1e-5),
        (1e-4, 1e-5),
        (0.0, 0.0),
    ],
)
def test_what_nobody_knows_of_old(error: float | None, expected: float) -> None:
    """Beyond the limit of 2e-4, or a tenth of what was measured, or half the limit."""
    assert unknown_coherent_error(error, 2e-4) == pytest.approx(expected, rel=1e-6, abs=0)


def test_the_limit_is_that_of_the_gate_s_qubits() -> None:
    """Both qubits of a cx count."""
    chip = small.small(*small.PAIR).chip
    times = [(chip.qubit(q).t1_s, chip.qubit(q).t2_s) for q in small.PAIR]

    assert gate_limit(chip, "cx:0-1", 3e-7) == coherence_limit(3e-7, times)


def test_the_scale_is_the_measured_error() -> None:
    """Where hardware reported the gate's error, margins are a share of that."""
    chip = one().chip

    assert gate_scale(chip, "x:0", 5e-4) == chip.measured_error("x:0")


def test_the_scale_of_an_unmeasured_gate_is_its_limit() -> None:
    """No error of id was reported."""
    assert gate_scale(one().chip, "id:0", 5e-4) == 5e-4


def test_a_placeholder_error_does_not_become_the_scale() -> None:
    """A reported error of one (never calibrated) counts twenty coherence limits at most."""
    row = MeasuredGateError(gate="x:0", error=1.0)
    chip = one().chip.model_copy(update={"measured_errors": (row,)})

    assert gate_scale(chip, "x:0", 1e-4) == pytest.approx(2e-3, rel=1e-6, abs=0)


def test_old_s_own_error_is_what_hardware_and_limit_leave() -> None:
    """On the profile the chip was fitted to, the model shows nothing beyond its misfit."""
    chip, channel = one().chip, one().channels["x:0"]
    limit = gate_limit(chip, "x:0", channel.duration_s)

    assert old_coherent_error(one(), "x:0") == unknown_coherent_error(
        chip.measured_error("x:0"), limit
    )


def test_an_old_that_is_off_has_the_error_that_the_model_shows() -> None:
    """X 5 % too loud in OLD: (pi / 20)^2 / 6 to first order, reduced by compression."""
    loud = small.louder(small.small(0).profile, 0.05, "d0", gates="x:0")
    off = small.measured(small.Case(chip=small.small(0).chip, profile=loud))[0]

    assert old_coherent_error(off, "x:0") == pytest.approx((pi / 20) ** 2 / 6, rel=0.06, abs=0)


def test_the_measured_error_is_of_the_state_it_was_measured_in() -> None:
    """Half the T1 and T2 since then explain none of it, and widen no margin."""
    chip = one().chip
    qubit = chip.qubits[0]
    shorter = qubit.model_copy(update={"t1_s": qubit.t1_s / 2, "t2_s": qubit.t2_s / 2})
    aged = chip.model_copy(update={"qubits": (shorter,)})
    later = replace(one(), chip=aged, measured_on=chip)

    for gate in GATES:
        assert old_coherent_error(later, gate) == old_coherent_error(one(), gate)
        assert old_scale(later, gate) == old_scale(one(), gate)
    assert old_coherent_error(replace(later, measured_on=None), "x:0") < old_coherent_error(
        one(), "x:0"
    )


# Error changes of gates


def changed(new: Measurement, c: float, *, loaded: bool = False) -> tuple[float, float]:
    """Bounds on the change of x from qubit 0 as shipped to ``new`` at that distance."""
    return error_changes(one(), new, {"x:0": (c,)}, NO_SPREAD, loaded=loaded)["x:0"].interval


def lossy(cold: float, at_load: float) -> Measurement:
    """Qubit 0 whose x keeps only these shares of everything."""
    x = one().channels["x:0"]
    assert x.at_load is not None
    worse = replace(x, superoperator=cold * x.superoperator, at_load=at_load * x.at_load)
    return replace(one(), channels={**one().channels, "x:0": worse})


@pytest.mark.parametrize("loaded", [False, True])
def test_a_gate_that_did_not_move_did_not_change(loaded: bool) -> None:  # noqa: FBT001
    """Distance zero and the same map are an interval of exactly nothing."""
    assert changed(one(), 0.0, loaded=loaded) == (0.0, 0.0)


@pytest.mark.parametrize("loaded", [False, True])
def test_the_incoherent_part_moves_both_ends(loaded: bool) -> None:  # noqa: FBT001
    """Loss adds to the error whatever the phases are, cold or at load."""
    new = lossy(0.999, 0.998)
    before, after = (
        incoherent_error(found.channels["x:0"], loaded=loaded) for found in (one(), new)
    )

    assert changed(new, 0.0, loaded=loaded) == (after - before, after - before)


def test_a_loss_at_load_is_no_loss_when_cold() -> None:
    """The two errors are told apart."""
    assert changed(lossy(1.0, 0.999), 0.0) == (0.0, 0.0)


def test_the_interval_is_as_wide_as_old_s_unknown_error() -> None:
    """From c - 2 sqrt(c e) to c + 2 sqrt(c e)."""
    expected = coherent_interval((1e-4,), old_coherent_error(one(), "x:0"))

    assert changed(one(), 1e-4) == pytest.approx(expected, rel=1e-6, abs=0)


# Errors per Clifford

LAYERS = ("sx.sx:0-1", "sx.id:0-1", "id.sx:0-1")


def change(low: float, high: float) -> ErrorChange:
    """A purely coherent change of an error of one."""
    return ErrorChange(coherent=(low, high), incoherent=0.0, scale=1.0, note="")


def paired(native: str = "cx:0-1") -> Measurement:
    """A measurement that knows of one benchmarked pair, as far as comparing needs."""
    name, _, pair = native.partition(":")
    qubits = tuple(map(int, pair.split("-")))
    plan = replace(one().plan, pairs={(0, 1): Gate(name=name, qubits=qubits, duration=1376)})
    channels = dict.fromkeys((*LAYERS, native), one().channels["sx:0"])
    return replace(one(), plan=plan, channels=channels, decays={(0, 1): one().decays[0,]})


def pair_change(new: Measurement, **gates: ErrorChange) -> dict[str, ErrorChange]:
    """What is said of the pair's Cliffords, given changes of cx, first and second sx."""
    names = {"cx": "cx:0-1", "first": "sx:0", "second": "sx:1"}
    known = {names[key]: found for key, found in gates.items()}
    return clifford_changes(paired(), new, known, NO_SPREAD)


def test_one_sx_makes_a_clifford_of_one_qubit() -> None:
    """Its error per Clifford changes as its sx does."""
    found = clifford_changes(one(), one(), {"sx:0": change(-1.0, 2.0)}, NO_SPREAD)["0"]

    assert found.interval == pytest.approx((-1.0, 2.0), rel=1e-6, abs=0)


def test_a_pair_s_clifford_counts_its_gates() -> None:
    """1.5 cx, and 2 sx on the control and 1.3 on the target, each worth 6/5 on a pair."""
    found = pair_change(
        paired(), cx=change(0.0, 1.0), first=change(0.0, 10.0), second=change(0.0, 0.1)
    )

    assert found["0-1"].interval[1] == pytest.approx(
        1.5 + 1.2 * (10 * 2.0 + 0.1 * 1.3), rel=0.01, abs=0
    )


@pytest.mark.parametrize(("name", "sx"), [("cz", (2.0, 2.0)), ("ecr", (2.0, 1.85))])
def test_a_pair_s_clifford_counts_the_native_it_has(
    name: PairNative, sx: tuple[float, float]
) -> None:
    """1.5 natives of whatever name, and the sx that its Cliffords play beside them."""
    counts, layers = clifford_gates(paired(f"{name}:0-1"), (0, 1))

    assert counts == pytest.approx({f"{name}:0-1": 1.5, "sx:0": sx[0], "sx:1": sx[1]}, abs=1e-12)
    assert sum(layers.values()) == pytest.approx(437 / 180 if name == "ecr" else 446 / 180)
    turned, _ = clifford_gates(paired(f"{name}:1-0"), (0, 1))
    assert turned == pytest.approx({f"{name}:1-0": 1.5, "sx:0": sx[1], "sx:1": sx[0]}, abs=1e-12)


def test_the_exact_change_is_always_contained() -> None:
    """Bounds from first-order sums give way to what benchmarking itself shows."""
    new = paired()
    decay = replace(new.decays[0, 1], epc=0.9)
    nothing = change(0.0, 0.0)
    found = pair_change(
        replace(new, decays={(0, 1): decay}), cx=nothing, first=nothing, second=nothing
    )
    before = new.decays[0, 1].epc
    assert before is not None

    assert found["0-1"].interval == pytest.approx((0.0, 0.9 - before), rel=1e-6, abs=0)


@pytest.mark.parametrize("lost", ["cx", "first", "second"])
def test_a_clifford_with_an_unknown_gate_is_unknown(lost: str) -> None:
    """One gate that was not compared is enough."""
    known = dict.fromkeys({"cx", "first", "second"} - {lost}, change(0.0, 0.0))

    assert pair_change(paired(), **known) == {}


def test_a_clifford_of_other_gates_is_unknown() -> None:
    """Where NEW benchmarks another direction the two decays do not compare."""
    known = dict.fromkeys(("cx", "first", "second"), change(0.0, 0.0))

    assert pair_change(paired("cx:1-0"), **known) == {}


def test_a_decay_without_an_answer_is_unknown() -> None:
    """No error per Clifford on one side is no change."""
    lost = replace(one().decays[0,], epc=None)
    new = replace(one(), decays={(0,): lost})

    assert clifford_changes(one(), new, {"sx:0": change(0.0, 0.0)}, NO_SPREAD) == {}


# Rows


def test_the_same_measurement_differs_nowhere() -> None:
    """OLD against itself: every interval is exactly nothing."""
    found = compare(
        small.old(0), small.old(0), Recalibration(distance=dict.fromkeys(GATES, (0.0,)))
    )

    assert {row.interval for row in found} == {(0.0, 0.0)}


def test_rows_are_sorted_and_distinct() -> None:
    """One row a metric."""
    ids = [row.id for row in compare(small.old(0), small.old(0), Recalibration())]

    assert ids == sorted(set(ids))


def test_a_deterministic_metric_changes_by_its_difference() -> None:
    """Heat is compared as it is."""
    row = rows(
        [measured("heat.line_energy_j", "x:0@d0", "J", 2e-19)],
        [measured("heat.line_energy_j", "x:0@d0", "J", 3e-19)],
    )["heat.line_energy_j/x:0@d0"]

    assert row.interval == pytest.approx((1e-19, 1e-19), rel=1e-6, abs=0)
    assert row.scale == 2e-19


@pytest.mark.parametrize("metric", ["gate.error", "gate.error_at_load", "rb.epc"])
def test_an_error_without_bounds_is_never_compared_as_it_is(metric: str) -> None:
    """A model fitted to OLD calls OLD perfect: the plain difference would be wrong."""
    row = rows([measured(metric, "y:0", "1", 1e-4)], [measured(metric, "y:0", "1", 1e-4)])

    assert (row[f"{metric}/y:0"].interval, row[f"{metric}/y:0"].problem) == (
        *(None, "its gates could not be compared"),
    )


@pytest.mark.parametrize("metric", ["gate.error", "gate.leakage"])
@pytest.mark.parametrize("side", ["old", "new"])
def test_an_undecided_side_keeps_its_reason(metric: str, side: str) -> None:
    """No interval, and the reason of the side that has no value."""
    sides = {"old": measured(metric, "x:0", "1", 1e-4), "new": measured(metric, "x:0", "1", 1e-4)}
    sides[side] = undecided(metric, "x:0", "1", "it was not simulated")
    row = rows([sides["old"]], [sides["new"]])[f"{metric}/x:0"]

    assert (row.interval, row.problem) == (None, "it was not simulated")


@pytest.mark.parametrize("missing", ["old", "new"])
def test_a_metric_of_one_side_only_is_listed(missing: str) -> None:
    """What one profile lacks is a row without bounds, never left out."""
    only = [measured("gate.leakage", "x:0", "1", 1e-4)]
    old, new = ([], only) if missing == "old" else (only, [])
    row = rows(old, new)["gate.leakage/x:0"]

    assert (row.interval, row.problem) == (None, f"the {missing} profile does not have it")


def test_what_was_absorbed_is_shown() -> None:
    """Gain, phase and frequency of the line are rows from zero."""
    shift = LineShift(gain=-0.003, phase_rad=0.001, frequency_hz=150.0)
    found = rows([], [], Recalibration(absorbed={4: shift}))

    assert {row.id: (row.old, row.new, row.unit) for row in found.values()} == {
        "recalibration.gain/d4": (0.0, -0.003, "1"),
        "recalibration.phase_rad/d4": (0.0, 0.001, "rad"),
        "recalibration.frequency_hz/d4": (0.0, 150.0, "Hz"),
    }
