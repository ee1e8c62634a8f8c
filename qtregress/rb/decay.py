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

PARAMETERS: Final = 3
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
        status: ``ok``, or why there is no value.
        advice: what happened and what to do, a sentence.
    """

    p: float | None = None
    p_error: float | None = None
    interval: tuple[float, float] | None = None
    amplitude: float | None = None
    offset: float | None = None
    reduced_chi2: float | None = None
    status: FitStatus
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """Lengths, survivals and their standard errors, all of shape (lengths,)."""

    m: Real
    survival: Real
    sigma: Real


def fit_decay(lengths: Sequence[int], survival: ArrayLike, *, sigma: ArrayLike) -> DecayFit:
    """The weighted least-squares decay, or why there is none.

    Args:
        lengths: numbers of Cliffords, at least four different ones.
        survival: mean survival of each length.
        sigma: standard error of each mean, positive.
    """
    data = _data(lengths, survival, sigma)
    if _constant_is_likely(data):
        return _refused("constant")
    best = _solve(data, _start(data))
    if best is None:
        return _refused("failed")
    chi2 = float(np.sum(_residuals(best, data) ** 2))
    variance = _variance_of_p(best, data)
    status = _judge(best, variance, chi2, freedom=len(data.m) - PARAMETERS)
    reduced = chi2 / (len(data.m) - PARAMETERS)
    if status != "ok":
        return _refused(status, reduced)
    p = float(best[1])
    error = float(np.sqrt(variance * max(1.0, reduced)))
    return DecayFit(
        p=p,
        p_error=error,
        interval=(p - NORMAL_95 * error, min(1.0, p + NORMAL_95 * error)),
        amplitude=float(best[0]),
        offset=float(best[2]),
        reduced_chi2=reduced,
        status="ok",
        advice=ADVICE["ok"],
    )


def resampled_decays(
    lengths: Sequence[int],
    survivals: ArrayLike,
    *,
    sigma: ArrayLike,
    start: tuple[float, float, float],
    picks: Sequence[NDArray[np.int64]],
) -> Real:
    """Decay constants of resampled sequences, shape (fits that converged,).

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
        if solution is not None:
            found.append(solution[1])
    return np.array(found)


def _data(lengths: Sequence[int], survival: ArrayLike, sigma: ArrayLike) -> _Data:
    m, y, s = (np.asarray(x, dtype=np.float64) for x in (lengths, survival, sigma))
    if len(np.unique(m)) <= PARAMETERS:
        raise ValueError(f"lengths must be at least four different ones, but are {tuple(lengths)}")
    if not (m.shape == y.shape == s.shape):
        raise ValueError(f"lengths, survival and sigma must agree, but have {len(m)}, {y.shape}")
    if not (np.all(np.isfinite(y)) and np.all(np.isfinite(s)) and np.all(s > 0)):
        raise ValueError("survival and sigma must be finite and sigma positive, but are not")
    return _Data(m=m, survival=y, sigma=s)


def _refused(status: FitStatus, reduced_chi2: float | None = None) -> DecayFit:
    return DecayFit(reduced_chi2=reduced_chi2, status=status, advice=ADVICE[status])


def _constant_is_likely(data: _Data) -> bool:
    weight = data.sigma**-2
    mean = np.sum(weight * data.survival) / np.sum(weight)
    chi2 = float(np.sum(weight * (data.survival - mean) ** 2))
    return _tail(chi2, len(data.m) - 1) > CONSTANT_PROBABILITY


def _tail(chi2: float, freedom: int) -> float:
    """Probability that chi squared of that many degrees of freedom exceeds a value."""
    return float(scipy.special.gammaincc(freedom / 2, chi2 / 2))


def _start(data: _Data) -> Real:
    """The best of a grid of p, A and B being linear given p."""
    trials = []
    for p in STARTS:
        design = np.stack([p**data.m, np.ones_like(data.m)], axis=1) / data.sigma[:, None]
        (a, b), *_ = np.linalg.lstsq(design, data.survival / data.sigma, rcond=None)
        trial = np.clip([a, p, b], EDGE, 1 - EDGE)
        trials.append((float(np.sum(_residuals(trial, data) ** 2)), tuple(trial)))
    return np.array(min(trials)[1])


def _residuals(parameters: Real, data: _Data) -> Real:
    amplitude, p, offset = parameters
    model: Real = amplitude * p**data.m + offset
    return (model - data.survival) / data.sigma


def _jacobian(parameters: Real, data: _Data) -> Real:
    amplitude, p, _ = parameters
    slope = amplitude * data.m * p ** np.maximum(data.m - 1, 0)
    columns = np.stack([p**data.m, slope, np.ones_like(data.m)], axis=1)
    return np.asarray(columns / data.sigma[:, None])


def _solve(data: _Data, start: Real) -> Real | None:
    """Parameters A, p and B in [0, 1], or None where the search did not converge."""
    result = scipy.optimize.least_squares(
        _residuals,
        start,
        jac=_jacobian,
        bounds=(0, 1),
        x_scale=(1, 0.01, 1),
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
    return "ok" if _tail(chi2, freedom) >= FIT_PROBABILITY else "bad_fit"
