"""Under load: drifts are found, named and never hidden in a fit."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.rb.composition import composed_survivals
from qtregress.rb.decay import best_decay
from qtregress.rb.drift import (
    DRIFT_ADVICE,
    Drift,
    DriftReport,
    Order,
    drifted_decay,
    drifted_survivals,
    drifting_curve,
    judge_drift,
    relaxation,
    run_positions,
)
from qtregress.rb.gateset import Complex, OneQubitGates, PairGates, sx_image
from qtregress.rb.sequences import SamplePlan, random_circuits
from tests.rb.conftest import SX_S, Bath, unitary_map

LENGTHS = (1, 80, 160, 280, 400, 600, 800, 1120, 1520, 2000)
COLD_ERROR, HOT_ERROR = 5e-4, 1e-3
HEATED = COLD_ERROR + (HOT_ERROR - COLD_ERROR) * -np.expm1(-np.arange(1, 2001) / 300)
"""Errors of 2000 Cliffords that approach the hot one within 300."""
OVER_RUN = Drift(over_run=((0, 0), (1, 1)))
ALONG = Drift(along=relaxation(300 * SX_S))


def depolarising(error: float) -> OneQubitGates:
    """An sx with that average error and no other."""
    p = 1 - 2 * error
    mixed: Complex = np.zeros((4, 4), dtype=np.complex128)
    mixed[np.ix_([0, 3], [0, 3])] = 0.5
    sx = (p * np.eye(4) + (1 - p) * mixed) @ unitary_map(sx_image())
    return OneQubitGates(levels=2, sx=sx, sx_duration_s=SX_S)


HEATING = [depolarising(COLD_ERROR), depolarising(HOT_ERROR)]


def plan(seed: int = 0, lengths: tuple[int, ...] = LENGTHS, sequences: int = 30) -> SamplePlan:
    """Hardware settings."""
    return SamplePlan(lengths=lengths, sequences=sequences, shots=1024, seed=seed)


@pytest.mark.physics
def test_a_free_asymptote_hides_heating() -> None:
    """EPC from 5e-4 to 1e-3 within 300 Cliffords: B free reads 7.8e-4 and B 0.48, off by 0.026."""
    lengths = range(2001)
    survival = drifting_curve(HEATED, lengths, dimension=2)
    free = best_decay(lengths, survival, sigma=np.full(2001, 1e-3))

    assert free is not None
    assert (1 - free.p) / 2 == pytest.approx(7.8e-4, abs=0.05e-4)
    assert free.offset == pytest.approx(0.48, abs=0.005)
    assert free.largest_residual == pytest.approx(0.026, abs=0.0005)


@pytest.mark.physics
@given(st.floats(0, 0.3), st.integers(0, 50), st.sampled_from([2, 4]))
def test_a_steady_error_is_one_exponential(error: float, length: int, dimension: int) -> None:
    """Without drift the product is p**m."""
    found = drifting_curve(np.full(50, error), [length], dimension=dimension)
    p = 1 - error * dimension / (dimension - 1)

    assert found[0] == pytest.approx((1 - 1 / dimension) * p**length + 1 / dimension)


@pytest.mark.physics
def test_survivals_are_products_along_the_sequence() -> None:
    """With depolarising gates each sequence is 1/2 + 1/2 prod p_t, t the time of its pulses."""
    few = plan(lengths=(1, 50, 400, 900), sequences=4)
    found = drifted_survivals(HEATING, ALONG, few, qubits=(0,))
    for row, m in zip(found, few.lengths, strict=True):
        for chance, circuit in zip(
            row, random_circuits(HEATING[0], few, qubits=(0,), length=m), strict=True
        ):
            middle = np.arange(len(circuit)) + 0.5
            errors = COLD_ERROR + (HOT_ERROR - COLD_ERROR) * -np.expm1(-middle / 300)
            assert chance == pytest.approx(0.5 + 0.5 * np.prod(1 - 2 * errors), abs=2e-4)


def test_the_mean_of_a_heated_sequence_is_the_drifting_curve() -> None:
    """One sx a Clifford in the mean: survivals follow the curve of errors per Clifford."""
    found = drifted_survivals(HEATING, ALONG, plan(), qubits=(0,)).mean(axis=1)

    np.testing.assert_allclose(drifting_curve(HEATED, LENGTHS, dimension=2), found, atol=3e-3)


@pytest.mark.physics
@pytest.mark.parametrize("seed", range(4))
def test_a_steady_load_has_one_error(seed: int) -> None:
    """No drift: the error is decided and its interval contains the truth."""
    report = drifted_decay(HEATING, Drift(), plan(seed), qubits=(0,))

    assert report.status == "ok"
    assert report.interval is not None
    assert report.interval[0] < COLD_ERROR * 1.01
    assert report.interval[1] > COLD_ERROR * 0.99


def steady_reports(count: int) -> list[DriftReport]:
    """Steady machines whose sequences scatter by 0.01."""
    rng = np.random.default_rng(0)
    mean = 0.5 + 0.5 * 0.999 ** np.array(LENGTHS)
    spread = mean[:, None] + rng.normal(scale=0.01, size=(count, len(LENGTHS), 30))
    tables = rng.binomial(1024, np.clip(spread, 0, 1)) / 1024
    return [judge_drift(table, plan(k), qubits=(0,)) for k, table in enumerate(tables)]


def test_false_alarms_are_rare() -> None:
    """Of 60 steady machines at most two are called drifting, and trends err as they say."""
    reports = steady_reports(60)
    trends = [report.trend for report in reports if report.trend is not None]

    assert [report.status for report in reports].count("ok") >= 58
    assert len(trends) == 60
    assert 0.75 < np.std([trend.change / trend.error for trend in trends]) < 1.25


@pytest.mark.physics
@pytest.mark.parametrize("seed", range(3))
def test_heating_along_the_sequence_is_no_exponential(seed: int) -> None:
    """Undecided, both fits shown: B free has bent below 1/2 and reads less than B = 1/2."""
    report = drifted_decay(HEATING, ALONG, plan(seed), qubits=(0,))

    assert (report.epc, report.interval, report.status) == (None, None, "not_exponential")
    assert report.free is not None
    assert report.fixed is not None
    assert report.offset_probability is not None
    assert report.free.offset < 0.49
    assert report.free.epc < report.fixed.epc
    assert report.fixed.probability < 1e-6
    assert report.offset_probability < 1e-6


@pytest.mark.physics
@pytest.mark.parametrize("seed", range(3))
def test_heating_over_a_run_is_found_and_measured(seed: int) -> None:
    """In random order the change over the run is what it was, and there is no one error."""
    report = drifted_decay(HEATING, OVER_RUN, plan(seed), qubits=(0,))

    assert (report.epc, report.status) == (None, "trend")
    assert report.trend is not None
    assert report.trend.change == pytest.approx(
        HOT_ERROR - COLD_ERROR, abs=3.5 * report.trend.error
    )
    assert report.fixed is not None
    assert report.fixed.epc == pytest.approx((COLD_ERROR + HOT_ERROR) / 2, rel=0.05)


def around(mean: np.ndarray) -> np.ndarray:
    """Thirty sequences a length, scattered by 0.01 around exactly that mean."""
    return mean[:, None] + 0.01 * np.tile([1.0, -1.0], 15)


def test_a_bent_asymptote_alone_is_no_exponential() -> None:
    """Survivals that end a little below 1/2 pass chi squared, but not the asymptote's test."""
    report = judge_drift(around(0.49 + 0.5 * 0.998 ** np.array(LENGTHS)), plan(), qubits=(0,))

    assert report.fixed is not None
    assert report.fixed.probability > 1e-3
    assert (report.epc, report.status) == (None, "not_exponential")


def test_scatter_alone_is_no_exponential() -> None:
    """Lengths that miss a decay to and fro pass the asymptote's test, but not chi squared."""
    wobble = 0.008 * np.array([1, -1, -1, 1, 1, -1, -1, 1, 1, -1])
    report = judge_drift(
        around(0.5 + 0.49 * 0.998 ** np.array(LENGTHS) + wobble), plan(), qubits=(0,)
    )

    assert report.offset_probability is not None
    assert report.offset_probability > 1e-3
    assert (report.epc, report.status) == (None, "not_exponential")


@pytest.mark.physics
def test_ascending_lengths_turn_a_run_into_a_sequence() -> None:
    """The same heating over a run played by length looks like heating along the sequence."""
    report = drifted_decay(HEATING, OVER_RUN, plan(), qubits=(0,), order="ascending")

    assert (report.epc, report.status) == (None, "not_exponential")


def test_a_pair_drifts_too(noisy_pair: Callable[..., PairGates]) -> None:
    """Two qubits end at 1/4 and show the drift of a run."""
    sets = [noisy_pair((3, 2), 0, Bath(t1_s=t1_s, dephasing_s=60e-6)) for t1_s in (60e-6, 20e-6)]
    settings = plan(lengths=(1, 5, 10, 15, 25, 40, 60, 90))
    steady, drifting = (
        drifted_decay(sets, drift, settings, qubits=(0, 1)) for drift in (Drift(), OVER_RUN)
    )

    assert (steady.status, drifting.status) == ("ok", "trend")
    assert steady.fixed is not None
    assert steady.fixed.offset == 0.25


def test_three_gate_sets_are_evenly_spaced() -> None:
    """Half the way is the middle set itself, whatever the others are."""
    sets = [depolarising(error) for error in (1e-4, 3e-3, 4e-3)]
    few = plan(lengths=(1, 20, 40, 60), sequences=4)
    halfway = Drift(along=((0, 0.25),), over_run=((0, 0.25),))
    circuits = [
        c for m in few.lengths for c in random_circuits(sets[1], few, qubits=(0,), length=m)
    ]

    np.testing.assert_allclose(
        composed_survivals(sets[1], circuits).reshape(4, 4),
        drifted_survivals(sets, halfway, few, qubits=(0,)),
        atol=1e-12,
    )


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1e-3, 1e-3), st.floats(0, 1))
def test_shares_never_leave_the_gate_sets(
    start: float, part: float, elapsed_s: float, run: float
) -> None:
    """Whatever the knots, gates are between cold and hot."""
    drift = Drift(
        along=((0, 0), (1e-4, start)), over_run=((0, (1 - start) * part), (1, (1 - start) / 2))
    )
    found = drift.shares(np.array([elapsed_s]), run)

    assert 0 <= found[0] <= 1


def test_relaxation_approaches_its_share() -> None:
    """After one time constant 1 - 1/e of the way is done, at the end all but a thousandth."""
    drift = Drift(along=relaxation(2e-6, share=0.5))
    found = drift.shares(np.array([0, 2e-6, 1]), 0.0)

    assert found == pytest.approx([0, 0.5 * (1 - np.exp(-1)), 0.5], abs=5e-4)


@pytest.mark.parametrize("order", ["random", "ascending"])
def test_every_sequence_has_its_place_in_the_run(order: Order) -> None:
    """Places are evenly spread from the first, 0, to the last, 1."""
    found = run_positions(plan(), qubits=(0,), order=order)

    np.testing.assert_allclose(np.sort(found, axis=None), np.linspace(0, 1, 300))
    assert (np.all(np.diff(found.reshape(-1)) > 0)) == (order == "ascending")


@pytest.mark.parametrize("survival", [1.0, 0.5])
def test_a_dead_readout_has_no_error(survival: float) -> None:
    """Constant survivals are undecided, not steady."""
    report = judge_drift(np.full((10, 30), survival), plan(), qubits=(0,))

    assert (report.epc, report.status) == (None, "constant")


def test_growing_survivals_are_undecided() -> None:
    """Survivals that grow with length have no decay."""
    rows = np.linspace(0.55, 0.9, 10)[:, None] + np.random.default_rng(0).normal(
        scale=0.05, size=(10, 30)
    )
    report = judge_drift(rows, plan(), qubits=(0,))

    assert report.epc is None
    assert report.status in {"boundary", "not_exponential"}
    assert report.advice == DRIFT_ADVICE[report.status]


@pytest.mark.parametrize(
    ("along", "message"),
    [
        ((), "finite knots"),
        (((0, float("nan")),), "finite knots"),
        (((1, 0), (0, 1)), "must ascend"),
        (((0, -0.1),), "must not be negative"),
        (((0, 0.6), (1, 1.1)), "at most 1"),
    ],
)
def test_impossible_drifts_are_refused(
    along: tuple[tuple[float, float], ...], message: str
) -> None:
    """Gates are never colder than the coldest nor hotter than the hottest set."""
    with pytest.raises(ValueError, match=message):
        Drift(along=along)


def test_a_drift_needs_a_cold_and_a_hot_set(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """One set, or sets of different levels, have nothing between them."""
    for sets in (HEATING[:1], [HEATING[0], noisy_qubit(3)]):
        with pytest.raises(ValueError, match="gate_sets must be at least two"):
            drifted_survivals(sets, Drift(), plan(), qubits=(0,))


def test_curves_end_with_their_errors() -> None:
    """A length without an error for each Clifford is refused."""
    with pytest.raises(ValueError, match="must lie between 0 and 3"):
        drifting_curve([1e-3] * 3, [1, 4], dimension=2)


def test_a_time_constant_is_positive() -> None:
    """Nothing relaxes in no time."""
    with pytest.raises(ValueError, match="constant_s must be positive"):
        relaxation(0)
