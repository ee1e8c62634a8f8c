"""The fit of S(m) = A p**m + B to survivals (Magesan et al., PRL 106, 180504 (2011)).

A fit that says nothing is a value with a status: constant data has no decay to measure,
it never means p = 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import scipy.optimize
import scipy.special
from numpy.typing import ArrayLike, NDArray

Real = NDArray[np.float64]
FitStatus = Literal["ok", "constant", "failed", "bad_fit", "boundary"]

FEWEST_LENGTHS: Final = 4
CONSTANT_PROBABILITY: Final = 0.01
"""A constant this likely to scatter as the data does is not refuted."""
FIT_PROBABILITY: Final = 1e-3
"""A decay less likely than this to scatter as the data does is refused."""
EDGE: Final = 1e-6
NORMAL_95: Final = 1.959963984540054
STARTS: Final = 1 - np.geomspace(1e-5, 0.9, 120)

ADVICE: Final[dict[FitStatus, str]] = {
    "ok": "One exponential describes the survivals.",
    "constant": (
        "The survivals do not change with length beyond their scatter, so there is no decay "
        "to measure. Use longer sequences, or check that the pulses do anything at all."
    ),
    "failed": (
        "No decay could be fitted: the parameters are not determined by these lengths. "
        "Use more lengths, up to at least twice 1/(1 - p)."
    ),
    "bad_fit": (
        "The survivals scatter more around one exponential than their errors allow. Look for "
        "leakage, a drifting error rate, or errors per length that are too small."
    ),
    "boundary": (
        "A parameter ended on the edge of what is possible. Use longer sequences, so that the "
        "asymptote is seen."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecayFit:
    """The decay constant of survivals, if they have one.

    Attributes:
        p: decay per Clifford, None unless the status is ``ok``; so are the next four.
        p_error: one standard deviation of p, widened where the scatter exceeds the errors.
        interval: 95 % interval of p, at most 1.
        amplitude: A.
        offset: B.
        reduced_chi2: squared deviations per degree of freedom; None where nothing was fitted.
        probability: that one exponential scatters by that much or more; None with reduced_chi2.
        status: ``ok``, or why there is no value.
        advice: what happened and what to do, a sentence.
    """

    p: float | None = None
    p_error: float | None = None
    interval: tuple[float, float] | None = None
    amplitude: float | None = None
    offset: float | None = None
    reduced_chi2: float | None = None
    probability: float | None = None
    status: FitStatus
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BestDecay:
    """The exponential nearest to survivals, whether or not it describes them.

    Attributes:
        amplitude: A.
        p: decay per Clifford.
        offset: B, fitted or given.
        p_error: one standard deviation of p, widened where the scatter exceeds the errors;
            infinite where the lengths do not determine p.
        largest_residual: largest distance of a mean survival from the curve.
        chi2: squared deviations in units of the standard errors.
        freedom: degrees of freedom of chi2.
        status: what `fit_decay` makes of it.
    """

    amplitude: float
    p: float
    offset: float
    p_error: float
    largest_residual: float
    chi2: float
    freedom: int
    status: FitStatus

    @property
    def reduced_chi2(self) -> float:
        """Chi squared per degree of freedom."""
        return self.chi2 / self.freedom

    @property
    def probability(self) -> float:
        """That survivals of this very exponential scatter by that much or more."""
        return tail_probability(self.chi2, self.freedom)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of p, at most 1."""
        width = NORMAL_95 * self.p_error
        return self.p - width, min(1.0, self.p + width)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """Lengths, survivals and their standard errors, all of shape (lengths,); B if given."""

    m: Real
    survival: Real
    sigma: Real
    offset: float | None = None

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a fit."""
        return len(self.m) - (3 if self.offset is None else 2)


def fit_decay(
    lengths: Sequence[int], survival: ArrayLike, *, sigma: ArrayLike, offset: float | None = None
) -> DecayFit:
    """The weighted least-squares decay, or why there is none.

    Args:
        lengths: numbers of Cliffords, at least four different ones.
        survival: mean survival of each length.
        sigma: standard error of each mean, positive.
        offset: B where it is known, 1/d for errors that only depolarise; fitted if None.
    """
    if _constant_is_likely(_data(lengths, survival, sigma)):
        return _refused("constant")
    best = best_decay(lengths, survival, sigma=sigma, offset=offset)
    if best is None:
        return _refused("failed")
    if best.status != "ok":
        return _refused(best.status, best)
    return DecayFit(
        p=best.p,
        p_error=best.p_error,
        interval=best.interval,
        amplitude=best.amplitude,
        offset=best.offset,
        reduced_chi2=best.reduced_chi2,
        probability=best.probability,
        status="ok",
        advice=ADVICE["ok"],
    )


def best_decay(
    lengths: Sequence[int], survival: ArrayLike, *, sigma: ArrayLike, offset: float | None = None
) -> BestDecay | None:
    """The nearest exponential, with how badly it misses; None where the search failed.

    Nothing here says that the survivals are an exponential: that is `fit_decay`.

    Args:
        lengths: numbers of Cliffords, at least four different ones.
        survival: mean survival of each length.
        sigma: standard error of each mean, positive.
        offset: B where it is known; fitted if None.
    """
    data = _data(lengths, survival, sigma, offset)
    best = _solve(data, _start(data))
    if best is None:
        return None
    residuals = _residuals(best, data)
    chi2 = float(np.sum(residuals**2))
    variance = _variance_of_p(best, data)
    return BestDecay(
        amplitude=float(best[0]),
        p=float(best[1]),
        offset=float(best[2]) if offset is None else offset,
        p_error=float(np.sqrt(variance * max(1.0, chi2 / data.freedom))),
        largest_residual=float(np.max(np.abs(residuals * data.sigma))),
        chi2=chi2,
        freedom=data.freedom,
        status=_judge(best, variance, chi2, freedom=data.freedom),
    )


def resampled_decays(
    lengths: Sequence[int],
    survivals: ArrayLike,
    *,
    sigma: ArrayLike,
    start: tuple[float, float, float],
    picks: Sequence[NDArray[np.int64]],
) -> Real:
    """Decay constants of resampled sequences, shape (resamples,); NaN where no fit converged.

    Resampling sequences instead of shots keeps what differs between sequences (Wallman and
    Flammia, NJP 16, 103032 (2014), arXiv:1404.6025).

    Args:
        lengths: numbers of Cliffords.
        survivals: of every sequence, shape (lengths, sequences).
        sigma: standard error of each length's mean.
        start: A, p and B of all sequences together.
        picks: per resample the sequences taken, shape (lengths, sequences).
    """
    table = np.asarray(survivals, dtype=np.float64)
    found = []
    for pick in picks:
        mean = np.take_along_axis(table, pick, axis=1).mean(axis=1)
        solution = _solve(_data(lengths, mean, sigma), np.array(start))
        found.append(np.nan if solution is None else solution[1])
    return np.array(found)


def tail_probability(chi2: float, freedom: int) -> float:
    """Probability that chi squared of that many degrees of freedom exceeds a value."""
    return float(scipy.special.gammaincc(freedom / 2, chi2 / 2))


def _data(
    lengths: Sequence[int], survival: ArrayLike, sigma: ArrayLike, offset: float | None = None
) -> _Data:
    m, y, s = (np.asarray(x, dtype=np.float64) for x in (lengths, survival, sigma))
    if len(np.unique(m)) < FEWEST_LENGTHS:
        raise ValueError(f"lengths must be at least four different ones, but are {tuple(lengths)}")
    if not (m.shape == y.shape == s.shape):
        raise ValueError(f"lengths, survival and sigma must agree, but have {len(m)}, {y.shape}")
    if not (np.all(np.isfinite(y)) and np.all(np.isfinite(s)) and np.all(s > 0)):
        raise ValueError("survival and sigma must be finite and sigma positive, but are not")
    if offset is not None and not 0 <= offset <= 1:
        raise ValueError(f"offset must lie between 0 and 1, but is {offset}")
    return _Data(m=m, survival=y, sigma=s, offset=offset)


def _refused(status: FitStatus, best: BestDecay | None = None) -> DecayFit:
    return DecayFit(
        reduced_chi2=None if best is None else best.reduced_chi2,
        probability=None if best is None else best.probability,
        status=status,
        advice=ADVICE[status],
    )


def _constant_is_likely(data: _Data) -> bool:
    weight = data.sigma**-2
    mean = np.sum(weight * data.survival) / np.sum(weight)
    chi2 = float(np.sum(weight * (data.survival - mean) ** 2))
    return tail_probability(chi2, len(data.m) - 1) > CONSTANT_PROBABILITY


def _start(data: _Data) -> Real:
    """The best of a grid of p, A and B being linear given p."""
    trials = []
    known = 0.0 if data.offset is None else data.offset
    for p in STARTS:
        powers = [p**data.m] if data.offset is not None else [p**data.m, np.ones_like(data.m)]
        design = np.stack(powers, axis=1) / data.sigma[:, None]
        linear, *_ = np.linalg.lstsq(design, (data.survival - known) / data.sigma, rcond=None)
        trial = np.clip([linear[0], p, *linear[1:]], EDGE, 1 - EDGE)
        trials.append((float(np.sum(_residuals(trial, data) ** 2)), tuple(trial)))
    return np.array(min(trials)[1])


def _residuals(parameters: Real, data: _Data) -> Real:
    amplitude, p, *fitted = parameters
    offset = fitted[0] if data.offset is None else data.offset
    model: Real = amplitude * p**data.m + offset
    return (model - data.survival) / data.sigma


def _jacobian(parameters: Real, data: _Data) -> Real:
    amplitude, p = parameters[:2]
    slope = amplitude * data.m * p ** np.maximum(data.m - 1, 0)
    columns = [p**data.m, slope, np.ones_like(data.m)][: len(parameters)]
    return np.asarray(np.stack(columns, axis=1) / data.sigma[:, None])


def _solve(data: _Data, start: Real) -> Real | None:
    """Parameters A, p and, if fitted, B in [0, 1]; None where the search did not converge."""
    result = scipy.optimize.least_squares(
        _residuals,
        start,
        jac=_jacobian,
        bounds=(0, 1),
        x_scale=(1, 0.01, 1)[: len(start)],
        args=(data,),
        ftol=1e-12,
        xtol=1e-12,
    )
    return np.asarray(result.x) if result.success else None


def _variance_of_p(best: Real, data: _Data) -> float:
    """Variance of p by linear propagation, infinite where the data do not determine it."""
    slopes = _jacobian(best, data)
    information = slopes.T @ slopes
    if np.linalg.cond(information) > 1 / np.finfo(float).eps:
        return float("inf")
    return float(np.linalg.inv(information)[1, 1])


def _judge(best: Real, variance: float, chi2: float, *, freedom: int) -> FitStatus:
    if np.any(best < EDGE) or np.any(best > 1 - EDGE):
        return "boundary"
    if not np.isfinite(variance):
        return "failed"
    return "ok" if tail_probability(chi2, freedom) >= FIT_PROBABILITY else "bad_fit"
