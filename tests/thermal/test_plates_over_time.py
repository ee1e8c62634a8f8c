"""Plates after a change, and under loads that repeat."""

import math
from collections.abc import Mapping

import numpy as np
import pytest
import scipy.integrate
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.chip.chip import StageLink
from qtregress.chip.cryostat import KRINNER_2019_XLD
from qtregress.errors import InputError
from qtregress.thermal.plates import (
    plate_load_w,
    plate_temperature_k,
    relaxation_s,
    steady,
    unloaded_temperatures_k,
)
from qtregress.thermal.plates_over_time import History, Segment, periodic, transient
from tests.thermal.machines import APART, BUSY, CALM, MXC, NAMES, loads, lone

Floats = NDArray[np.float64]


def squares_k2(history: History) -> Floats:
    """Mean of T^2 over the history by Simpson's rule, shape (stages,)."""
    span_s = history.time_s[-1] - history.time_s[0]
    mean = scipy.integrate.simpson(history.temperature_k**2, x=history.time_s, axis=0) / span_s
    return np.asarray(mean)


def test_an_integration_that_fails_leaves_no_temperatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The integrator's failure is the history's status."""

    class Failed:
        success = False
        y = np.zeros((5, 2))

    monkeypatch.setattr(scipy.integrate, "solve_ivp", lambda *_, **__: Failed())
    for solve in (transient, periodic):
        found = solve(KRINNER_2019_XLD, [(1.0, BUSY), (1.0, CALM)])
        assert (found.status, len(found.temperature_k)) == ("not converged", 0)


@pytest.mark.physics
def test_a_step_relaxes_exponentially_in_t_squared() -> None:
    """After a step T^2 goes to its new value with the time constant Gamma / (2 a)."""
    load_w = loads([0.5] * 5)
    found = transient(APART, [(2000.0, load_w)], points=200)

    for column, stage in enumerate(APART.stages):
        end = plate_temperature_k(stage, load_w[stage.name]) ** 2
        left = np.exp(-found.time_s / relaxation_s(stage))
        expected = end + (stage.unloaded_k**2 - end) * left
        np.testing.assert_allclose(found.temperature_k[:, column] ** 2, expected, rtol=1e-7)


@pytest.mark.physics
def test_linked_plates_follow_their_equation() -> None:
    """C dT/dt = P - cooling + links, integrated in T by another method, gives the same."""
    segments: list[Segment] = [(40.0, BUSY), (60.0, CALM), (20.0, {"still": 0.02})]
    strong = tuple(
        link.model_copy(update={"w_per_k": 20 * link.w_per_k}) for link in KRINNER_2019_XLD.links
    )
    machine = KRINNER_2019_XLD.model_copy(update={"links": strong})
    found = transient(machine, segments, points=50)

    start = [stage.unloaded_k for stage in machine.stages]
    now = np.array(start)
    for duration_s, load_w in segments:

        def rates(_: float, t: Floats, load_w: Mapping[str, float] = load_w) -> Floats:
            net = [
                load_w.get(stage.name, 0.0) - plate_load_w(stage, t_k)
                for stage, t_k in zip(machine.stages, t, strict=True)
            ]
            for link in machine.links:
                i, j = (NAMES.index(name) for name in link.stages)
                flow_w = link.w_per_k * ((t[i] - t[j]) - (start[i] - start[j]))
                net[i], net[j] = net[i] - flow_w, net[j] + flow_w
            gammas = [stage.heat_capacity_j_per_k2 or 0.0 for stage in machine.stages]
            return np.array(net) / (np.array(gammas) * t)

        span = (0.0, duration_s)
        done = scipy.integrate.solve_ivp(rates, span, now, method="Radau", rtol=1e-9, atol=1e-13)
        now = done.y[:, -1]

    np.testing.assert_allclose(found.temperature_k[-1], now, rtol=1e-6)


def test_a_rest_as_long_as_needed_ends_at_the_steady_state() -> None:
    """After many time constants the plates are where `steady` says, and stay there."""
    expected = steady(KRINNER_2019_XLD, BUSY).temperature_k
    reached = transient(KRINNER_2019_XLD, [(30_000.0, BUSY)], points=3)
    kept = transient(KRINNER_2019_XLD, [(5.0, BUSY), (5.0, BUSY)], start_k=expected, points=3)

    assert reached.temperature_k[-1] == pytest.approx(list(expected.values()), rel=1e-9, abs=0)
    np.testing.assert_allclose(kept.temperature_k, [list(expected.values())] * 3, rtol=1e-12)


@pytest.mark.parametrize("links", [(), KRINNER_2019_XLD.links])
def test_a_stage_without_heat_capacity_follows_at_once(links: tuple[StageLink, ...]) -> None:
    """No heat capacity is the limit of a vanishing one, with and without links."""

    def found(gamma: float | None) -> Floats:
        stages = tuple(
            stage.model_copy(update={"heat_capacity_j_per_k2": gamma})
            if stage.name in {"4k", "cp"}
            else stage
            for stage in KRINNER_2019_XLD.stages
        )
        machine = KRINNER_2019_XLD.model_copy(update={"stages": stages, "links": links})
        times_s = np.array([1.0, 30.0, 31.0, 50.0])
        return transient(machine, [(30.0, BUSY), (20.0, CALM)], at_s=times_s).temperature_k

    np.testing.assert_allclose(found(None), found(1e-7), rtol=1e-6)


def test_a_machine_without_heat_capacities_is_steady_in_every_segment() -> None:
    """If nothing stores heat, every segment has its own steady state and a period is free."""
    quick = KRINNER_2019_XLD.model_copy(
        update={
            "stages": tuple(
                stage.model_copy(update={"heat_capacity_j_per_k2": None})
                for stage in KRINNER_2019_XLD.stages
            )
        }
    )
    expected = [list(steady(quick, load_w).temperature_k.values()) for load_w in (BUSY, CALM)]
    for solve in (transient, periodic):
        found = solve(quick, [(1.0, BUSY), (2.0, CALM)], at_s=np.array([0.5, 1.5]))
        np.testing.assert_allclose(found.temperature_k, expected, rtol=1e-12)


@pytest.mark.physics
@given(
    on=st.floats(0.01, 1.0),
    off=st.floats(0.0, 1.0),
    log_on_s=st.floats(-6, 4),
    log_off_s=st.floats(-6, 4),
)
@settings(max_examples=30, deadline=None)
def test_a_square_wave_has_its_closed_form(
    on: float, off: float, log_on_s: float, log_off_s: float
) -> None:
    """u_max = (u1 (1 - x) + u0 (1 - y) x) / (1 - x y), u_min = u0 + (u_max - u0) y in T^2."""
    (p1, p0), (on_s, off_s) = (on * 19e-6, off * 19e-6), (10**log_on_s, 10**log_off_s)
    found = periodic(lone(), [(on_s, {"mxc": p1}), (off_s, {"mxc": p0})], points=3)
    u1, u0 = (plate_temperature_k(MXC, power_w) ** 2 for power_w in (p1, p0))
    to1, to0 = (-math.expm1(-span_s / relaxation_s(MXC)) for span_s in (on_s, off_s))
    either = to1 + to0 - to1 * to0
    after_on = u0 + (u1 - u0) * to1 / either
    after_off = u0 + (u1 - u0) * to1 * (1 - to0) / either

    ends = np.searchsorted(found.time_s, [on_s, on_s + off_s])
    np.testing.assert_allclose(found.temperature_k[ends, 0] ** 2, [after_on, after_off], rtol=1e-6)
    assert found.status == "ok"


@pytest.mark.physics
@given(st.lists(st.tuples(st.floats(1.0, 300.0), st.floats(0.0, 1.0)), min_size=1, max_size=4))
@settings(max_examples=10, deadline=None)
def test_the_mean_square_is_that_of_the_mean_power(parts: list[tuple[float, float]]) -> None:
    """Over a period the mean of T^2 is T0^2 + mean(P) / a, for any sequence of loads."""
    segments: list[Segment] = [(span_s, {"mxc": share * 19e-6}) for span_s, share in parts]
    found = periodic(lone(), segments, points=4000)
    mean_w = sum(s * load["mxc"] for s, load in segments) / sum(s for s, _ in segments)

    expected = plate_temperature_k(MXC, mean_w) ** 2
    assert squares_k2(found)[0] == pytest.approx(expected, rel=1e-4, abs=0)


@pytest.mark.parametrize("period_s", [1e-6, 1e-2, 10.0, 3000.0])
def test_a_period_ends_where_it_began(period_s: float) -> None:
    """The periodic state of linked plates repeats, be the period a microsecond or an hour."""
    segments: list[Segment] = [(period_s / 3, BUSY), (2 * period_s / 3, CALM)]
    found = periodic(KRINNER_2019_XLD, segments)
    again = transient(
        KRINNER_2019_XLD,
        segments,
        start_k=dict(zip(NAMES, found.temperature_k[0].tolist(), strict=True)),
    )

    assert found.status == "ok"
    assert found.residual_k < 1e-6
    np.testing.assert_allclose(found.temperature_k[-1], found.temperature_k[0], rtol=1e-7)
    np.testing.assert_allclose(again.temperature_k, found.temperature_k, rtol=1e-7)


def test_periods_played_from_cold_reach_the_periodic_state() -> None:
    """Repeating the segments for hours arrives at what `periodic` finds at once."""
    segments: list[Segment] = [(100.0, BUSY), (200.0, CALM)]
    found = periodic(KRINNER_2019_XLD, segments)
    played = transient(KRINNER_2019_XLD, segments * 25, points=2)

    np.testing.assert_allclose(played.temperature_k[-1], found.temperature_k[-1], rtol=1e-6)


@pytest.mark.physics
def test_a_gate_moves_no_plate() -> None:
    """A microsecond of bursts moves T^2 by 2 (P1 - P0) t1 t0 / (Gamma period), nanokelvins."""
    on_s, off_s = 1e-7, 9e-7
    found = periodic(lone(), [(on_s, {"mxc": 19e-6}), (off_s, {})])
    swing_k2 = 2 * 19e-6 * on_s * off_s / (32.0 * (on_s + off_s))

    assert found.swing_k()["mxc"] == pytest.approx(
        swing_k2 / (2 * found.mean_k()["mxc"]), rel=1e-3, abs=0
    )


def test_what_a_history_tells() -> None:
    """Peak, swing, mean and ripple of a ramp that is sampled unevenly."""
    ramp = History(
        stages=("mxc",),
        time_s=np.array([0.0, 0.5, *np.linspace(1.0, 4.0, 3001)]),
        temperature_k=np.array([0.0, 0.5, *np.linspace(1.0, 4.0, 3001)])[:, None],
        status="ok",
        advice="",
    )

    assert ramp.peak_k() == {"mxc": 4.0}
    assert ramp.swing_k() == {"mxc": 4.0}
    assert ramp.mean_k()["mxc"] == pytest.approx(2.0, rel=1e-6, abs=0)
    assert ramp.ripple_k()["mxc"] == pytest.approx(4 / math.sqrt(12), rel=0.02, abs=0)


def test_a_history_of_one_moment_has_no_ripple() -> None:
    """One time is enough for a mean."""
    found = transient(KRINNER_2019_XLD, [(1.0, BUSY)], at_s=np.array([0.0]))

    assert found.mean_k() == pytest.approx(
        unloaded_temperatures_k(KRINNER_2019_XLD), rel=1e-6, abs=0
    )
    assert set(found.ripple_k().values()) == {0.0}


def test_every_change_of_load_is_among_the_times() -> None:
    """Peaks lie at the ends of segments, so these are always looked at."""
    found = transient(KRINNER_2019_XLD, [(1.0, BUSY), (0.123, CALM), (3.0, BUSY)], points=4)

    assert {0.0, 1.0, 1.123, 4.123} <= set(found.time_s.tolist())


def test_a_burst_too_hot_for_the_law_is_an_overload() -> None:
    """A burst that the heat capacity swallows is fine, a longer one is not."""
    burst = {"mxc": 400e-6}
    short = transient(KRINNER_2019_XLD, [(0.1, burst), (100.0, {})])
    long = transient(KRINNER_2019_XLD, [(200.0, burst), (100.0, {})])

    assert (short.status, short.advice) == ("ok", "")
    assert long.status == "overload"
    assert "Stage mxc" in long.advice


@pytest.mark.parametrize(
    ("segments", "options", "message"),
    [
        ([], {}, "Segments must be at least one"),
        ([(0.0, BUSY)], {}, "duration must be above 0 s, but is 0 s"),
        ([(math.inf, BUSY)], {}, "duration must be above 0 s, but is inf s"),
        ([(1.0, {"mxc": -1.0})], {}, "load of stage mxc must be"),
        ([(1.0, BUSY)], {"points": 1}, "at least 2 points in time, but are 1"),
        ([(1.0, BUSY)], {"at_s": np.array([0.5, 1.5])}, "Times must rise from 0 s or later to 1 s"),
        ([(1.0, BUSY)], {"at_s": np.array([0.5, 0.5])}, "Times must rise"),
        ([(1.0, BUSY)], {"at_s": np.empty(0)}, "Times must rise"),
        ([(1.0, BUSY)], {"start_k": {"mxc": 0.01}}, "given for 50k, 4k, still, cp, mxc, but are"),
        (
            [(1.0, BUSY)],
            {"start_k": dict.fromkeys(NAMES, 0.0)},
            "start temperature of stage 50k must be above 0 K, but is 0 K",
        ),
    ],
)
def test_impossible_courses_are_refused(
    segments: list[Segment], options: dict[str, object], message: str
) -> None:
    """A course of loads that cannot be is a mistake with a sentence."""
    with pytest.raises(InputError, match=message):
        transient(KRINNER_2019_XLD, segments, **options)  # type: ignore[arg-type]
