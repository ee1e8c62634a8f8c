"""Benchmarking under load: errors that grow along a sequence or over a run.

Gates that warm up give S(m) = A prod_t p_t + B, which is no exponential. A fit with B free
hides that: it reads too small an error and bends B below 1/d. So both fits are reported, B
free and B = 1/d, and three questions are asked of the survivals. Do they scatter around one
exponential with B = 1/d as their errors allow? Does B, left free, stay there? And do sequences
that were played later survive as often as earlier ones of the same length? Where one answer
is no there is no error per Clifford, only what the fits appear to say.

A machine that heats while it is measured warms up along lengths if they are played in
ascending order; in random order the run's drift is no longer confounded with length.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qtregress.rb.composition import blended_survivals
from qtregress.rb.decay import (
    ADVICE,
    FIT_PROBABILITY,
    BestDecay,
    FitStatus,
    best_decay,
    fit_decay,
    tail_probability,
)
from qtregress.rb.gateset import Gates, durations_s, levels_of
from qtregress.rb.sampled import SampledTask, drawn_survivals, standard_errors
from qtregress.rb.sequences import RUN_ORDER, Circuit, SamplePlan, random_circuits, stream

Real = NDArray[np.float64]
Knots = tuple[tuple[float, float], ...]
"""Positions and the share of the way from cold to hot there; linear between, held outside."""
Order = Literal["random", "ascending"]
DriftStatus = Literal["ok", "constant", "failed", "boundary", "not_exponential", "trend"]

COLD: Final[Knots] = ((0.0, 0.0),)
_ROUNDING: Final = 1e-12
_RELAXATIONS: Final = 8.0
_KNOTS: Final = 65

DRIFT_ADVICE: Final[dict[DriftStatus, str]] = {
    "constant": ADVICE["constant"],
    "failed": ADVICE["failed"],
    "boundary": ADVICE["boundary"],
    "ok": "One exponential that ends at 1/d describes the survivals, early and late alike.",
    "not_exponential": (
        "No single exponential that ends at 1/d describes the survivals: the error drifts along "
        "the sequence, or population leaks. Do not believe the fit with B free, which hides this "
        "in B. Shorten sequences, or let the lines settle at a declared load before each."
    ),
    "trend": (
        "Sequences played late in the run survive otherwise than early ones of the same length: "
        "the error drifts over the run. Wait until the fridge has settled, keep the load steady, "
        "and play the lengths in random order."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How warm gates are, as a share of the way from the coldest to the hottest gate set.

    What both say adds up. Knots are the simplest statement that any temperature over time can
    be brought to; `relaxation` gives those of an exponential approach.

    Attributes:
        along: knots over the time in s since the sequence began.
        over_run: knots over the part of the run that is over, 0 to 1.
    """

    along: Knots = COLD
    over_run: Knots = COLD

    def __post_init__(self) -> None:
        """Refuse shares outside 0 to 1 and positions that do not ascend."""
        for name, knots in (("along", self.along), ("over_run", self.over_run)):
            numbers = np.array(knots, dtype=np.float64).reshape(-1, 2)
            if not (len(numbers) and np.all(np.isfinite(numbers))):
                raise ValueError(f"{name} must be finite knots, but is {knots}")
            if np.any(np.diff(numbers[:, 0]) <= 0):
                raise ValueError(f"positions of {name} must ascend, but are {knots}")
            if np.any(numbers[:, 1] < 0):
                raise ValueError(f"shares of {name} must not be negative, but are {knots}")
        hottest = max(share for _, share in self.along) + max(share for _, share in self.over_run)
        if hottest > 1 + _ROUNDING:
            raise ValueError(f"shares must add up to at most 1, but reach {hottest:.6g}")

    def shares(self, elapsed_s: Real, run: float) -> Real:
        """Shares at times in s, shape (times,), of a sequence played at a part of the run."""
        along, over_run = np.array(self.along), np.array(self.over_run)
        later = float(np.interp(run, over_run[:, 0], over_run[:, 1]))
        within = np.interp(elapsed_s, along[:, 0], along[:, 1])
        return np.asarray(np.minimum(within + later, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """What one exponential appears to say of survivals; whether it may, the report says.

    Attributes:
        epc: (d - 1)(1 - p)/d (Magesan et al., PRL 106, 180504 (2011)).
        interval: 95 % interval of epc, widened where the scatter exceeds the errors; it holds
            if the survivals are an exponential, and not otherwise.
        amplitude: A.
        offset: B, fitted or 1/d.
        largest_residual: largest distance of a mean survival from the curve.
        reduced_chi2: squared deviations per degree of freedom.
        probability: that survivals of this exponential scatter by that much or more.
    """

    epc: float
    interval: tuple[float, float]
    amplitude: float
    offset: float
    largest_residual: float
    reduced_chi2: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTrend:
    """How the error per Clifford changes from the first to the last sequence of a run.

    Attributes:
        change: of the error per Clifford, linear over the run.
        error: its standard deviation.
        probability: that a steady machine shows a change of that size or more.
    """

    change: float
    error: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """Benchmarking of gates whose temperature may drift.

    Attributes:
        lengths: numbers of random Cliffords.
        survivals: fraction of shots in the ground state, shape (lengths, sequences).
        fixed: one exponential with B = 1/d; None where no search converged.
        free: one exponential with B fitted; None where no search converged.
        offset_probability: that B = 1/d fits by chance that much worse than B free (chi squared
            of one degree of freedom); None where a fit is missing.
        trend: of later sequences against earlier ones; None with ``fixed``, or if nothing decays.
        epc: that of ``fixed``; None unless the status is ``ok``.
        interval: 95 % interval of epc; None with epc.
        status: ``ok``, or why there is no one error per Clifford.
        advice: what happened and what to do, a sentence or more.
    """

    lengths: tuple[int, ...]
    survivals: tuple[tuple[float, ...], ...]
    fixed: Exponential | None
    free: Exponential | None
    offset_probability: float | None
    trend: RunTrend | None
    epc: float | None
    interval: tuple[float, float] | None
    status: DriftStatus
    advice: str


def relaxation(constant_s: float, *, share: float = 1.0) -> Knots:
    """Knots of an approach share * (1 - exp(-t / constant)), to 1e-3 of the share.

    Args:
        constant_s: time constant, positive.
        share: where it ends.
    """
    if not constant_s > 0:
        raise ValueError(f"constant_s must be positive, but is {constant_s}")
    times = np.linspace(0, _RELAXATIONS, _KNOTS)
    rows = zip(times * constant_s, -share * np.expm1(-times), strict=True)
    return tuple((float(t), float(part)) for t, part in rows)


def drifting_curve(errors: ArrayLike, lengths: Sequence[int], *, dimension: int) -> Real:
    """Survivals S(m) = (1 - 1/d) prod_{t <= m} p_t + 1/d of depolarising errors, shape (lengths,).

    Args:
        errors: error per Clifford r_t of the first, second, ... Clifford; p_t = 1 - r_t d/(d - 1).
        lengths: numbers of Cliffords, at most as many as there are errors.
        dimension: d, 2 or 4.
    """
    rates = np.asarray(errors, dtype=np.float64)
    if min(lengths) < 0 or max(lengths) > len(rates):
        raise ValueError(f"lengths must lie between 0 and {len(rates)}, but are {tuple(lengths)}")
    p = 1 - rates * dimension / (dimension - 1)
    products = np.concatenate([[1.0], np.cumprod(p)])
    return np.asarray((1 - 1 / dimension) * products[list(lengths)] + 1 / dimension)


def drifted_decay(
    gate_sets: Sequence[Gates],
    drift: Drift,
    plan: SamplePlan,
    *,
    qubits: tuple[int, ...],
    order: Order = "random",
) -> DriftReport:
    """What benchmarking says of gates that warm up while it runs.

    The same plan and qubits play the same sequences as `sampled_decay`.

    Args:
        gate_sets: the same natives from cold to hot, evenly spaced in share, at least two;
            between neighbours maps are interpolated linearly, which keeps them channels.
        drift: how warm the gates are, and when.
        plan: lengths, sequences, shots and seed.
        qubits: indices on the chip.
        order: in which the sequences are played.
    """
    chances = drifted_survivals(gate_sets, drift, plan, qubits=qubits, order=order)
    survivals = drawn_survivals(chances, plan, qubits=qubits)
    return judge_drift(survivals, plan, qubits=qubits, order=order)


def drifted_survivals(
    gate_sets: Sequence[Gates],
    drift: Drift,
    plan: SamplePlan,
    *,
    qubits: tuple[int, ...],
    order: Order = "random",
) -> Real:
    """Ground-state probabilities without shots, shape (lengths, sequences).

    Args:
        gate_sets: as in `drifted_decay`.
        drift: how warm the gates are, and when.
        plan: lengths, sequences and seed.
        qubits: indices on the chip.
        order: in which the sequences are played.
    """
    if len(gate_sets) < 2 or len({levels_of(gates) for gates in gate_sets}) > 1:  # noqa: PLR2004 - cold and hot
        raise ValueError(
            "gate_sets must be at least two of the same levels, but have levels "
            f"{[levels_of(gates) for gates in gate_sets]}"
        )
    coldest = gate_sets[0]
    circuits = [
        circuit
        for length in plan.lengths
        for circuit in random_circuits(coldest, plan, qubits=qubits, length=length)
    ]
    weights = [
        _weights(drift.shares(_midpoints_s(coldest, circuit), float(part)), len(gate_sets))
        for circuit, part in zip(
            circuits, run_positions(plan, qubits=qubits, order=order).reshape(-1), strict=True
        )
    ]
    return blended_survivals(gate_sets, circuits, weights).reshape(len(plan.lengths), -1)


def run_positions(plan: SamplePlan, *, qubits: tuple[int, ...], order: Order) -> Real:
    """The part of the run that is over when each sequence is played, shape (lengths, sequences).

    Every sequence takes equally long: waiting for the reset outlasts the gates.

    Args:
        plan: how many lengths and sequences, and the seed of a random order.
        qubits: indices on the chip.
        order: ``ascending`` plays all sequences of the first length, then of the second, ...
    """
    shape = (len(plan.lengths), plan.sequences)
    ranks = np.arange(shape[0] * shape[1])
    if order == "random":
        ranks = np.random.default_rng(stream(plan, qubits, 0, RUN_ORDER)).permutation(ranks)
    return ranks.reshape(shape) / (len(ranks) - 1)


def judge_drift(
    survivals: Real, plan: SamplePlan, *, qubits: tuple[int, ...], order: Order = "random"
) -> DriftReport:
    """Whether survivals have one error per Clifford, and which.

    Args:
        survivals: fraction of shots in the ground state, shape (lengths, sequences).
        plan: how they were taken.
        qubits: indices on the chip: one, or two of a pair.
        order: in which they were taken.
    """
    asymptote = 0.5 ** len(qubits)
    mean, sigma = survivals.mean(axis=1), standard_errors(survivals, plan.shots)
    fixed = best_decay(plan.lengths, mean, sigma=sigma, offset=asymptote)
    free = best_decay(plan.lengths, mean, sigma=sigma)
    judged = fit_decay(plan.lengths, mean, sigma=sigma, offset=asymptote).status
    trend, offset_probability = None, None
    if fixed is not None:
        parts = run_positions(plan, qubits=qubits, order=order)
        trend = _trend(survivals, parts, plan, fixed)
    if fixed is not None and free is not None:
        offset_probability = tail_probability(max(0.0, fixed.chi2 - free.chi2), 1)
    status = _status(judged, offset_probability, trend)
    shown = None if fixed is None else _exponential(fixed, 1 - asymptote)
    believed = shown if status == "ok" else None
    return DriftReport(
        lengths=plan.lengths,
        survivals=tuple(tuple(map(float, row)) for row in survivals),
        fixed=shown,
        free=None if free is None else _exponential(free, 1 - asymptote),
        offset_probability=offset_probability,
        trend=trend,
        epc=None if believed is None else believed.epc,
        interval=None if believed is None else believed.interval,
        status=status,
        advice=DRIFT_ADVICE[status],
    )


def _status(
    judged: FitStatus, offset_probability: float | None, trend: RunTrend | None
) -> DriftStatus:
    if judged in {"constant", "failed", "boundary"}:
        return judged
    if offset_probability is None or trend is None:
        return "failed"
    if judged == "bad_fit" or offset_probability < FIT_PROBABILITY:
        return "not_exponential"
    # Written so that a NaN is no pass.
    return "ok" if trend.probability >= FIT_PROBABILITY else "trend"


def _exponential(best: BestDecay, scale: float) -> Exponential:
    low, high = best.interval
    return Exponential(
        epc=scale * (1 - best.p),
        interval=(scale * (1 - high), scale * (1 - low)),
        amplitude=best.amplitude,
        offset=best.offset,
        largest_residual=best.largest_residual,
        reduced_chi2=best.reduced_chi2,
        probability=best.probability,
    )


def _trend(survivals: Real, parts: Real, plan: SamplePlan, fixed: BestDecay) -> RunTrend | None:
    """Least squares of what sequences miss their length's mean by, on when they were played.

    A change of the error r over the run moves S = A p**m + B by dS/dr = -A m p**(m - 1)/scale
    times the part of the run that is over. None where nothing decays.
    """
    m = np.array(plan.lengths, dtype=np.float64)[:, None]
    slope = -fixed.amplitude * m * fixed.p ** (m - 1) / (1 - fixed.offset)
    template = slope * (parts - parts.mean(axis=1, keepdims=True))
    misses = survivals - survivals.mean(axis=1, keepdims=True)
    variance = plan.sequences * standard_errors(survivals, plan.shots)[:, None] ** 2
    information = float(np.sum(template**2 / variance))
    if not information > 0:
        return None
    change = float(np.sum(template * misses / variance)) / information
    error = information**-0.5
    return RunTrend(
        change=change, error=error, probability=math.erfc(abs(change) / error / math.sqrt(2))
    )


def _midpoints_s(gates: Gates, circuit: Circuit) -> Real:
    """When each native of a circuit is half over, shape (steps,); virtual Z takes no time."""
    lengths = durations_s(gates)
    steps = np.array([lengths[step.native] for step in circuit])
    midpoints: Real = np.cumsum(steps) - steps / 2
    return midpoints


def _weights(shares: Real, sets: int) -> Real:
    """Linear interpolation between evenly spaced gate sets, shape (shares, sets)."""
    distances = np.abs(shares[:, None] * (sets - 1) - np.arange(sets))
    return np.asarray(np.maximum(0.0, 1 - distances))


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmingTask:
    """Sampled benchmarking of one qubit or pair while it warms from cold to its load.

    Attributes:
        cold: the task as sampled cold.
        hot: the same natives at load.
    """

    cold: SampledTask
    hot: Gates


def warming_task(task: WarmingTask) -> DriftReport:
    """What a run says that starts cold and ends at load, sequences in random order."""
    drift = Drift(over_run=((0.0, 0.0), (1.0, 1.0)))
    sets = [task.cold.gates, task.hot]
    return drifted_decay(sets, drift, task.cold.plan, qubits=task.cold.qubits)
