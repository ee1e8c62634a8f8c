"""Numbers of a law by least squares, with what the rows can and cannot tell.

Every number is found in its logarithm, so that it stays positive and its uncertainty is
relative. Data that cannot tell a number leave it as it was: a fit says so and never guesses.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import fdtrc

Floats = NDArray[np.float64]

Status = Literal["fitted", "undetermined", "poor fit"]

MOST_UNCERTAIN = 1 / 3
"""Relative standard uncertainty above which a number is undetermined: three of them reach zero."""

LEAST_ROWS = 5
"""Fewer rows than these are not fitted at all."""

_BINS = 8
_LEAST_BINNED = 12
_SIGNIFICANT = 1e-2
_CLEAR = 1e-3
_STRUCTURE = 0.05
"""What of the data's own variation may stay unexplained along the load."""
_EXACT = 1e-9
_AT_BOUND = 1e-3

_NOTHING: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodness:
    """How well a fit describes its rows.

    Attributes:
        rows: how many it used.
        scatter: root mean square of the residuals; relative, but of a population absolute.
        r_squared: share of the data's variance that the fit explains.
        lack_of_fit: variance of residuals between groups of like load over that within them;
            about 1 where the law holds. None with fewer than 12 rows.
    """

    rows: int
    scatter: float
    r_squared: float
    lack_of_fit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A number and what the telemetry says about it.

    Attributes:
        name: ``unloaded_k:mxc``; its unit is in its name.
        old: what the chip had.
        value: what was found; None where nothing was. Only ``fitted`` ones enter the chip.
        uncertainty: standard uncertainty of ``value``, in its unit.
        status: ``fitted``, ``undetermined`` or ``poor fit``.
        reason: why it is not fitted, a sentence; empty where it is.
        goodness: of the fit it comes from.
    """

    name: str
    old: float
    value: float | None = None
    uncertainty: float | None = None
    status: Status = "undetermined"
    reason: str = ""
    goodness: Goodness | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Number:
    """A number to fit.

    Attributes:
        name: its unit is in its name.
        old: what the chip has.
        start: where the search begins.
        low: least value.
        high: greatest value.
        spread: relative uncertainty of the old one.
        most: relative uncertainty that the new one may have.
        wanted: whether the fit's answer names it.
    """

    name: str
    old: float
    start: float
    low: float
    high: float
    spread: float
    most: float = MOST_UNCERTAIN
    wanted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Rows and a model of them.

    Attributes:
        numbers: what to fit.
        model: from the numbers' values, shape (p,), to what would be observed, shape (n,).
        observed: shape (n,).
        along: what is varied, shape (n,).
        time_s: unix times, shape (n,); None where each row is a measurement of its own.
    """

    numbers: tuple[Number, ...]
    model: Callable[[Floats], Floats]
    observed: Floats
    along: Floats
    time_s: Floats | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Solution:
    values: Floats
    spreads: Floats
    residuals: Floats


def _solve(problem: Problem, free: Sequence[int], fixed: Floats) -> _Solution:
    """The best values and relative standard uncertainties, zero for those not ``free``.

    The covariance is that of the linearised problem, scaled by chi^2 over the degrees of
    freedom; along directions that nothing depends on it is as good as infinite.
    """
    places = list(free)
    rows = [problem.numbers[k] for k in places]

    def misses(logarithms: Floats) -> Floats:
        values = fixed.copy()
        values[places] = np.exp(logarithms)
        return problem.observed - problem.model(values)

    low, high = (np.log([getattr(row, end) for row in rows]) for end in ("low", "high"))
    start = np.clip(np.log([row.start for row in rows]), low + _AT_BOUND, high - _AT_BOUND)
    found = least_squares(
        misses, start, bounds=(low, high), x_scale="jac", ftol=1e-12, xtol=1e-12, gtol=1e-12
    )
    values, spreads = fixed.copy(), np.zeros(len(fixed))
    values[places] = np.exp(found.x)
    freedom = max(1, len(problem.observed) - len(places))
    widths = _widths(found.jac) * math.sqrt(2 * found.cost / freedom)
    stuck = (found.x - low < _AT_BOUND) | (high - found.x < _AT_BOUND)
    failed = found.status <= 0 or not np.isfinite(widths).all()
    spreads[places] = np.where(stuck | failed, np.inf, widths)
    return _Solution(values=values, spreads=spreads, residuals=np.asarray(found.fun))


def _widths(jacobian: Floats) -> Floats:
    """Standard uncertainties for residuals of variance 1, shape (p,)."""
    _, singular, right = np.linalg.svd(jacobian, full_matrices=False)
    floor = 1e-12 * max(singular[0], 1e-300)
    return np.asarray(np.sqrt(((right / np.maximum(singular, floor)[:, None]) ** 2).sum(axis=0)))


def fit(problem: Problem, hopeless: Mapping[int, str] = _NOTHING) -> list[Fitted]:
    """Fit what can be told; the least certain number is fixed at its old value until all can.

    What a fixed number's own uncertainty does to the others is added to theirs.

    Args:
        problem: rows and model.
        hopeless: why the numbers at these places need not be tried.

    Returns:
        Every wanted number, in the problem's order.
    """
    free = [k for k in range(len(problem.numbers)) if k not in hopeless]
    fixed = np.array([row.old for row in problem.numbers])
    refused = dict(hopeless)
    while free:
        solution = _solve(problem, free, fixed)
        spreads = _spreads(problem, free, fixed, solution)
        limits = {k: problem.numbers[k].most for k in free}
        worst = max(free, key=lambda k: spreads[k] / limits[k])
        # a wrong law is said to be one, though it leaves everything uncertain as well
        clear = all(solution.spreads[k] <= limits[k] for k in free)
        if spreads[worst] <= limits[worst] or (clear and _flaw(problem, solution.residuals)):
            return _judged(problem, solution, spreads, refused)
        refused[worst] = _uncertain(spreads[worst], limits[worst])
        free.remove(worst)
    return [
        Fitted(name=row.name, old=row.old, reason=refused[k])
        for k, row in enumerate(problem.numbers)
        if row.wanted
    ]


def _uncertain(spread: float, most: float) -> str:
    if not spread < 1e3:  # noqa: PLR2004  # beyond it digits mean nothing; also if infinite
        return "nothing in these rows depends on it alone"
    return (
        f"its uncertainty must be at most {most:.0%} of it, but is {spread:.0%}: "
        "the rows span too little or scatter too much"
    )


def _spreads(problem: Problem, free: Sequence[int], fixed: Floats, solution: _Solution) -> Floats:
    """Relative uncertainties: scatter, what rows have in common, and what was not fitted.

    Where residuals of like load or of like time go together, rows are not independent and
    tell less than their number (Birge's ratio, Phys. Rev. 40, 207 (1932)).
    """
    axes = [problem.along] if problem.time_s is None else [problem.along, problem.time_s]
    rests = [_lack_of_fit(solution.residuals, axis, len(free)) for axis in axes]
    between = [rest.between for rest in rests if rest and rest.chance < _SIGNIFICANT]
    freedom = max(1, len(problem.observed) - len(free))
    scatter = float((solution.residuals**2).sum()) / freedom
    variances = solution.spreads**2 * max([1.0, *(found / scatter for found in between)])
    for k, row in enumerate(problem.numbers):
        if k in free or fixed[k] == 0:
            continue
        moved = fixed.copy()
        moved[k] *= math.exp(row.spread)
        shifted = _solve(problem, free, moved).values
        variances[free] += np.log(shifted[free] / solution.values[free]) ** 2
    return np.sqrt(variances)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """Variance of residuals ``between`` groups of like rows, ``ratio`` times that within.

    By mere scatter the ratio would be as large with the probability ``chance``.
    """

    between: float
    ratio: float
    chance: float


def _lack_of_fit(residuals: Floats, along: Floats, fitted: int) -> _Rest | None:
    """What the residuals of a fit of so many numbers have in common along an axis.

    Rows next to each other along the axis are near-replicates (Neill and Johnson, Commun.
    Stat. A 13, 485 (1984)); equal ones are never parted, so that their order is no matter.
    None where there are too few rows or groups, or the fit is exact to rounding.
    """
    group = _groups(along)
    if len(residuals) < _LEAST_BINNED or np.abs(residuals).max() < _EXACT:
        return None
    sizes = np.bincount(group)
    across, within = len(sizes) - fitted, len(residuals) - len(sizes)
    if across < 1 or within < 1:
        return None
    means = _group_means(residuals, group)
    inner = float(((residuals - means[group]) ** 2).sum()) / within
    between = float((sizes * means**2).sum()) / across
    ratio = between / max(inner, _EXACT**2)
    return _Rest(between=between, ratio=ratio, chance=float(fdtrc(across, within, ratio)))


def _groups(along: Floats) -> NDArray[np.intp]:
    """Number of the group of like value that each row belongs to, shape (n,)."""
    edges = np.unique(np.quantile(along, np.linspace(0, 1, _BINS + 1)[1:-1]))
    _, group = np.unique(np.searchsorted(edges, along, side="right"), return_inverse=True)
    return np.asarray(group)


def _group_means(values: Floats, group: NDArray[np.intp]) -> Floats:
    return np.asarray(np.bincount(group, weights=values) / np.bincount(group))


def _judged(
    problem: Problem, solution: _Solution, spreads: Floats, refused: Mapping[int, str]
) -> list[Fitted]:
    """Every wanted number with its status, in the problem's order."""
    residuals, observed = solution.residuals, problem.observed
    variance = float(((observed - observed.mean()) ** 2).sum())
    rest = _lack_of_fit(residuals, problem.along, len(problem.numbers) - len(refused))
    goodness = Goodness(
        rows=len(observed),
        scatter=math.sqrt(float((residuals**2).mean())),
        r_squared=1 - float((residuals**2).sum()) / variance if variance else 1.0,
        lack_of_fit=rest.ratio if rest else None,
    )
    flaw = _flaw(problem, residuals)
    status: Status = "poor fit" if flaw else "fitted"
    return [
        Fitted(name=row.name, old=row.old, reason=refused[k], goodness=goodness)
        if k in refused
        else Fitted(
            name=row.name,
            old=row.old,
            value=float(solution.values[k]),
            uncertainty=float(solution.values[k] * spreads[k]),
            status=status,
            reason=flaw,
            goodness=goodness,
        )
        for k, row in enumerate(problem.numbers)
        if row.wanted
    ]


def _flaw(problem: Problem, residuals: Floats) -> str:
    """Why the law does not describe the rows; empty where it does.

    Rows of a well-behaved thermometer show any law's last per cent, so what is left must
    also be a good part of what was to be explained.
    """
    rest = _lack_of_fit(residuals, problem.along, len(problem.numbers))
    if rest is None or rest.chance >= _CLEAR:
        return ""
    group = _groups(problem.along)
    left, whole = (np.std(_group_means(rows, group)) for rows in (residuals, problem.observed))
    share = left / whole if whole else math.inf
    if share <= _STRUCTURE:
        return ""
    return (
        f"{share:.0%} of how the rows vary with the load is not explained by the law, "
        f"which is {rest.ratio:.3g} times what their scatter allows"
    )
