"""The plates of a cryostat under changing and repeating loads.

The equation is that of `qtregress.thermal.plates`, and so are the status and the advice.
"""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.chip import Cryostat
from qtregress.errors import InputError
from qtregress.thermal.plates import (
    MOST_STEPS,
    NOT_CONVERGED,
    Network,
    balance,
    judge,
    network_of,
    powers_w,
    unloaded_temperatures_k,
)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Segment = tuple[float, Mapping[str, float]]
"""Seconds, and the load in W by stage meanwhile; a stage that is not named has none."""

_RELATIVE = 1e-8
"""Tolerance of the integration, relative to the swing of T^2."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """The plates over time.

    Attributes:
        stages: names, warm to cold.
        time_s: rising, shape (t,).
        temperature_k: shape (t, stages); no rows where the status is "not converged".
        status: as of `Plates`.
        advice: as of `Plates`.
        residual_k: largest distance, over the stages, of a period's start from the periodic
            steady state, as Newton's last step has it; 0 for what is not periodic.
    """

    stages: tuple[str, ...]
    time_s: Floats
    temperature_k: Floats
    status: str
    advice: str
    residual_k: float = 0.0

    def peak_k(self) -> dict[str, float]:
        """Highest temperature by stage."""
        return self._by_stage(self.temperature_k.max(axis=0))

    def swing_k(self) -> dict[str, float]:
        """Highest less lowest temperature by stage."""
        return self._by_stage(np.ptp(self.temperature_k, axis=0))

    def mean_k(self) -> dict[str, float]:
        """Mean over time by stage."""
        return self._by_stage(self._mean(self.temperature_k))

    def ripple_k(self) -> dict[str, float]:
        """Root mean square distance from the mean over time, by stage."""
        deviation_k = self.temperature_k - self._mean(self.temperature_k)
        return self._by_stage(np.sqrt(self._mean(deviation_k**2)))

    def _mean(self, values: Floats) -> Floats:
        """Mean over time by the trapezoidal rule, shape (stages,)."""
        if len(self.time_s) == 1:
            return np.asarray(values[0])
        span_s = self.time_s[-1] - self.time_s[0]
        return np.asarray(np.trapezoid(values, self.time_s, axis=0) / span_s)

    def _by_stage(self, values: Floats) -> dict[str, float]:
        return dict(zip(self.stages, values.tolist(), strict=True))


def transient(
    cryostat: Cryostat,
    segments: Sequence[Segment],
    *,
    start_k: Mapping[str, float] | None = None,
    at_s: Floats | None = None,
    points: int = 1000,
) -> History:
    """The plates under loads that change from segment to segment.

    Integrated segment by segment in u = T^2, in which cooling and heat capacity are linear. A
    stage without a heat capacity follows its load at once.

    Args:
        cryostat: one that `qtregress.chip.cryostat.resolve` accepts.
        segments: duration and loads of each, in order.
        start_k: temperature of every stage at time 0; without it, the unloaded ones.
        at_s: times from 0 to the end, rising; without it, about ``points`` even ones and the
            ends of all segments, between which extremes of a plate without links cannot lie.
        points: how many, without ``at_s``.

    Raises:
        InputError: a segment, load, time or temperature cannot be.
    """
    course = _course(cryostat, segments)
    time_s = _times_s(course, at_s, points)
    if not course.settled:
        return _lost(cryostat)
    start = _start_k(cryostat, start_k)
    return _history(cryostat, course, course.squares(start), time_s)


def periodic(
    cryostat: Cryostat,
    segments: Sequence[Segment],
    *,
    at_s: Floats | None = None,
    points: int = 1000,
) -> History:
    """One period of the plates under segments that repeat for ever.

    The fixed point of the map of one period, by Newton's method with the map's derivative at
    the steady state of the mean load: one step where no links are, few where they are.

    Args:
        cryostat: one that `qtregress.chip.cryostat.resolve` accepts.
        segments: duration and loads of each, in order; the last is followed by the first.
        at_s: as for `transient`, within one period.
        points: as for `transient`.

    Raises:
        InputError: a segment, load or time cannot be.
    """
    course = _course(cryostat, segments)
    time_s = _times_s(course, at_s, points)
    start = np.zeros(int(course.slow.sum()))
    for _ in range(MOST_STEPS if course.settled else 0):
        end = course.end(start)
        if end is None:
            break
        step = course.newton_step(end - start)
        start = start + step
        if bool(np.all(np.abs(step) <= course.close)):
            residual_k = np.abs(step) / (2 * course.network.base_k[course.slow])
            found = _history(cryostat, course, start, time_s)
            return replace(found, residual_k=float(residual_k.max(initial=0.0)))
    return _lost(cryostat)


def _lost(cryostat: Cryostat) -> History:
    status, advice = NOT_CONVERGED
    return History(
        stages=tuple(stage.name for stage in cryostat.stages),
        time_s=np.empty(0),
        temperature_k=np.empty((0, len(cryostat.stages))),
        status=status,
        advice=advice,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Course:
    """Plates under segments, as distances v = T^2 - T_mean^2 from the mean load's steady state.

    Small ripples then keep all their digits, and so does a period far shorter than the plates'
    time constants.

    Attributes:
        network: around the steady state of the mean load.
        settled: whether that state was found.
        slow: stages with a heat capacity, shape (n,); v has entries for these only.
        heat_capacity: Gamma in J/K^2 of the slow stages.
        edges_s: ends of the segments, after a 0, shape (segments + 1,).
        power_w: loads less their mean, shape (segments, n).
    """

    network: Network
    settled: bool
    slow: Flags
    heat_capacity: Floats
    edges_s: Floats
    power_w: Floats

    @property
    def swing(self) -> Floats:
        """How far v can get from 0 under these loads, in K^2 by slow stage; never 0."""
        own_w = np.abs(self.power_w[:, self.slow]).max(axis=0)
        span_s = 2 * self.edges_s[-1] / self.heat_capacity
        own = own_w * np.minimum(1 / self.network.cooling[self.slow], span_s)
        return np.asarray(np.maximum(own, 1e-6 * self.network.base_k[self.slow] ** 2))

    @property
    def close(self) -> Floats:
        """How close to the periodic state a period must start, in K^2 by slow stage."""
        own_w = np.abs(self.power_w[:, self.slow]).max(axis=0)
        floor = 1e-9 * self.network.base_k[self.slow] ** 2
        return np.asarray(np.maximum(1e-7 * own_w / self.network.cooling[self.slow], floor))

    def squares(self, temperature_k: Floats) -> Floats:
        """The v of the slow stages at temperatures of all."""
        base_k = self.network.base_k
        return np.asarray(((temperature_k - base_k) * (temperature_k + base_k))[self.slow])

    def rises_k(self, v: Floats, power_w: Floats) -> Floats:
        """T - T_mean of all stages, shape (..., n), at v of the slow ones, shape (..., slow)."""
        rise_k = np.zeros((*v.shape[:-1], len(self.slow)))
        base_k = self.network.base_k[self.slow]
        rise_k[..., self.slow] = v / (base_k + np.sqrt(np.maximum(base_k**2 + v, 0.0)))
        if self.slow.all():
            return rise_k
        load_w = np.broadcast_to(power_w, rise_k.shape)
        return balance(self.network, load_w, held=self.slow, rise_k=rise_k)

    def rates(self, power_w: Floats) -> Callable[[float, Floats], Floats]:
        """The function of time and v, shape (slow,), that is dv/dt in K^2/s.

        Called some hundred thousand times a day of jobs: what can be is prepared.
        """
        base_k, cooling = self.network.base_k[self.slow], self.network.cooling[self.slow]
        squared, per_heat = base_k**2, 2 / self.heat_capacity
        links, own_w = self.network.links, power_w[self.slow]

        def linked(_: float, v: Floats) -> Floats:
            rise_k = v / (base_k + np.sqrt(np.maximum(squared + v, 0.0)))
            return np.asarray(per_heat * (own_w - cooling * v - links @ rise_k))

        def some_quick(_: float, v: Floats) -> Floats:
            passed_w = (links @ self.rises_k(v, power_w))[self.slow]
            return np.asarray(per_heat * (own_w - cooling * v - passed_w))

        return linked if self.slow.all() else some_quick

    def slope_per_s(self) -> Floats:
        """Derivative of `rates` at v = 0, shape (slow, slow), quick stages following."""
        full = self.network.links / (2 * self.network.base_k) + np.diag(self.network.cooling)
        slow, quick = np.ix_(self.slow, self.slow), np.ix_(~self.slow, ~self.slow)
        to, back = np.ix_(self.slow, ~self.slow), np.ix_(~self.slow, self.slow)
        seen = full[slow] - full[to] @ np.linalg.solve(full[quick], full[back])
        return np.asarray(-2 * seen / self.heat_capacity[:, None])

    def follow(self, v: Floats, segment: int, at_s: Floats) -> Floats | None:
        """The v at times within a segment and at its end, shape (t + 1, slow); None if it fails.

        Args:
            v: at the segment's start.
            segment: its number.
            at_s: times from the segment's start, rising.
        """
        from scipy.integrate import solve_ivp

        span_s = float(self.edges_s[segment + 1] - self.edges_s[segment])
        if not len(v):
            return np.zeros((len(at_s) + 1, 0))
        slope = self.slope_per_s()
        stops_s, place = np.unique(np.append(np.minimum(at_s, span_s), span_s), return_inverse=True)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what LSODA warns of is in its status
            found = solve_ivp(
                self.rates(self.power_w[segment]),
                (0.0, span_s),
                v,
                method="LSODA",
                t_eval=stops_s,
                jac=lambda *_: slope,
                rtol=_RELATIVE,
                atol=_RELATIVE * np.maximum(self.swing, np.abs(v)),
            )
        if not found.success or not np.isfinite(found.y).all():
            return None
        return np.asarray(found.y.T[place])

    def end(self, v: Floats) -> Floats | None:
        """The v after all segments; None if the integration fails."""
        now: Floats | None = v
        for segment in range(len(self.power_w)):
            if now is None:
                return None
            path = self.follow(now, segment, np.empty(0))
            now = None if path is None else path[-1]
        return now

    def newton_step(self, drift: Floats) -> Floats:
        """What to add to v at a period's start that drifts so far in one period.

        (1 - exp(J t))^-1 drift with the derivative J at v = 0. Its eigenvalues are real and
        negative: J is a product of a diagonal, a symmetric and a diagonal matrix.
        """
        values, vectors = np.linalg.eig(self.slope_per_s())
        left = -np.expm1(values.real * self.edges_s[-1])
        return np.asarray((vectors @ (np.linalg.solve(vectors, drift) / left)).real)


def _course(cryostat: Cryostat, segments: Sequence[Segment]) -> _Course:
    if not segments:
        raise InputError("Segments must be at least one, but there is none.")
    for duration_s, _ in segments:
        if not 0 < duration_s < math.inf:
            message = f"A segment's duration must be above 0 s, but is {duration_s:g} s."
            raise InputError(message)
    durations_s = np.array([duration_s for duration_s, _ in segments])
    power_w = np.stack([powers_w(cryostat, load_w) for _, load_w in segments])
    mean_w = durations_s @ power_w / durations_s.sum()
    network = network_of(cryostat)
    with np.errstate(all="ignore"):
        rise_k = balance(network, mean_w)
        settled = network.is_balanced(rise_k, network.outflow_w(rise_k) - mean_w)
    capacities = [stage.heat_capacity_j_per_k2 for stage in cryostat.stages]
    return _Course(
        network=replace(network, base_k=network.base_k + rise_k),
        settled=settled,
        slow=np.array([capacity is not None for capacity in capacities]),
        heat_capacity=np.array([capacity for capacity in capacities if capacity is not None]),
        edges_s=np.append(0.0, np.cumsum(durations_s)),
        power_w=power_w - mean_w,
    )


def _history(cryostat: Cryostat, course: _Course, start: Floats, time_s: Floats) -> History:
    """All stages at those times; at a segment's end, quick stages still have its load."""
    part = np.clip(np.searchsorted(course.edges_s, time_s) - 1, 0, len(course.power_w) - 1)
    rise_k = np.empty((len(time_s), len(course.slow)))
    now = start
    for segment, power_w in enumerate(course.power_w):
        here = part == segment
        path = course.follow(now, segment, time_s[here] - course.edges_s[segment])
        if path is None:
            return _lost(cryostat)
        rise_k[here] = course.rises_k(path[:-1], power_w)
        now = path[-1]
    temperature_k = course.network.base_k + rise_k
    if not np.isfinite(temperature_k).all():
        return _lost(cryostat)
    status, advice = judge(cryostat, temperature_k)
    return History(
        stages=tuple(stage.name for stage in cryostat.stages),
        time_s=time_s,
        temperature_k=temperature_k,
        status=status,
        advice=advice,
    )


def _start_k(cryostat: Cryostat, start_k: Mapping[str, float] | None) -> Floats:
    start_k = unloaded_temperatures_k(cryostat) if start_k is None else start_k
    names = [stage.name for stage in cryostat.stages]
    if set(start_k) != set(names):
        message = (
            f"Start temperatures must be given for {', '.join(names)}, "
            f"but are for {', '.join(start_k) or 'none'}."
        )
        raise InputError(message)
    for name, value_k in start_k.items():
        if not 0 < value_k < math.inf:
            message = (
                f"The start temperature of stage {name} must be above 0 K, but is {value_k:g} K."
            )
            raise InputError(message)
    return np.array([start_k[name] for name in names], dtype=np.float64)


def _times_s(course: _Course, at_s: Floats | None, points: int) -> Floats:
    end_s = float(course.edges_s[-1])
    if at_s is None:
        if points <= 1:
            raise InputError(f"There must be at least 2 points in time, but are {points}.")
        return np.union1d(np.linspace(0.0, end_s, points), course.edges_s)
    at_s = np.asarray(at_s, dtype=np.float64)
    inside = at_s.size > 0 and bool(at_s[0] >= 0 and at_s[-1] <= end_s)
    if not (inside and at_s.ndim == 1 and bool(np.all(np.diff(at_s) > 0))):
        message = f"Times must rise from 0 s or later to {end_s:g} s or earlier, but do not."
        raise InputError(message)
    return at_s
