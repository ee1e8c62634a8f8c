"""Exact leakage benchmarking, and the true average error and leakage of a Clifford.

The population of the computational states after m random Cliffords without an inverse is
P(m) = <1_c| F**m |rho>, F the mean superoperator of the group: the trivial representation
alone. With one leakage decay l it is A + B l**m, and (Wood, Gambetta, PRA 97, 032306
(2018)) L1 = (1 - A)(1 - l), L2 = A (1 - l), F = ((d - 1) p + 1 - L1)/d.
Transmons have as many decays as leakage levels. What an experiment calls l is then the one
of the weighted mean rate, and it has a value only while one exponential still describes P.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from qtregress.rb.coordinates import Real, computational_states, pauli_coordinates, population
from qtregress.rb.exact import GROWTH_TOLERANCE, ExactDecay
from qtregress.rb.gateset import Gates, levels_of
from qtregress.rb.halves import Halves, Modes, halves, modes
from qtregress.rb.pair_curve import split_offset

SPREAD_TOLERANCE: Final = 0.05
"""By how much of the leakage one exponential may miss the populations."""
SLOWEST: Final = 1e-12

LeakageStatus = Literal["ok", "no_levels", "none", "crowded", "growing"]
ADVICE: Final[dict[LeakageStatus, str]] = {
    "ok": "One exponential describes the population of the computational states.",
    "no_levels": "The simulated transmons have no leakage levels. Simulate at least three.",
    "none": "No population leaves the computational states, so that no decay can be seen.",
    "crowded": (
        "The leakage levels decay at rates too different for one exponential. "
        "Judge the true leakage instead."
    ),
    "growing": (
        "A population grows with length, so the channels are not completely positive. "
        "Check the simulation's error estimate."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CliffordError:
    """The average of all Cliffords as simulated, beside what they are meant to be.

    Attributes:
        error: 1 - F_avg, the mean over the group (leakage counted as error; Wood, Gambetta
            2018, eq. 8).
        leakage: L1 = 1 - Tr[P F(P)]/d of the mean channel F.
        seepage: L2 = Tr[P F(Q)]/(n - d), Q the projector on the leakage levels, all of them
            with equal weight; None where there are none.
    """

    error: float
    leakage: float
    seepage: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakageDecay:
    """What leakage benchmarking would find.

    Attributes:
        decay: l per Clifford; None unless the status is ``ok``, so are the others up to
            ``fidelity``.
        asymptote: A, the computational population after any number of Cliffords.
        amplitude: B, which is 1 - A for a start among the computational states.
        leakage: L1 per Clifford.
        seepage: L2 per Clifford, of the leakage levels as they are populated.
        fidelity: average fidelity of a Clifford corrected for leakage; None also where
            standard benchmarking has no p.
        spread: largest difference between P(m) and the one exponential, as a fraction of B.
        true: what the simulated Cliffords really do.
        status: ``ok``, or why there is no value.
        advice: what the status means, a sentence.
    """

    decay: float | None = None
    asymptote: float | None = None
    amplitude: float | None = None
    leakage: float | None = None
    seepage: float | None = None
    fidelity: float | None = None
    spread: float | None = None
    true: CliffordError
    status: LeakageStatus
    advice: str


def clifford_error(gates: Gates) -> CliffordError:
    """The mean error, leakage and seepage of all Cliffords, without benchmarking.

    Args:
        gates: simulated natives of one qubit or of a pair.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    levels = levels_of(gates)
    inside, outside = _projectors(levels)
    d = 2 ** len(levels)
    trivial, traceless = halves(gates, "trivial"), halves(gates, "traceless")
    kept = float(np.sum(trivial.rows(inside) @ trivial.columns(inside))) / d
    process = (_overlap(traceless, pauli_coordinates(levels)) / d + kept) / d**2
    seepage = None
    if np.any(outside):
        back = trivial.rows(inside) @ trivial.columns(outside)
        seepage = float(np.sum(back) / np.sum(outside))
    return CliffordError(
        error=1 - (d * process + kept) / (d + 1), leakage=1 - kept, seepage=seepage
    )


def leakage_decay(gates: Gates, standard: ExactDecay) -> LeakageDecay:
    """The decay of the computational population under random Cliffords.

    Args:
        gates: simulated natives of one qubit or of a pair.
        standard: the exact decay of the same gates, for the corrected fidelity.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    levels = levels_of(gates)
    inside, outside = _projectors(levels)
    true = clifford_error(gates)
    if not np.any(outside):
        return _refused("no_levels", true)
    # P(m + 1) is a sum over the same modes that a curve with m Cliffords has.
    found = modes(halves(gates, "trivial"), inside, population(levels, {0: 1.0}))
    if not abs(found.spectrum[0]) <= 1 + GROWTH_TOLERANCE:
        return _refused("growing", true)
    asymptote, slow = split_offset(found)
    parts = replace(slow, weights=slow.weights / slow.decays)
    amplitude = float(np.sum(parts.weights.real))
    if not amplitude > 0:
        return _refused("none", true)
    decay = float(np.sum((parts.weights * parts.decays).real)) / amplitude
    if not (spread := _spread(parts, amplitude, decay)) <= SPREAD_TOLERANCE:
        return _refused("crowded", true, spread)
    leakage, d = (1 - asymptote) * (1 - decay), 2 ** len(levels)
    return LeakageDecay(
        decay=decay,
        asymptote=asymptote,
        amplitude=amplitude,
        leakage=leakage,
        seepage=asymptote * (1 - decay),
        fidelity=None if standard.p is None else ((d - 1) * standard.p + 1 - leakage) / d,
        spread=spread,
        true=true,
        status="ok",
        advice=ADVICE["ok"],
    )


def _refused(
    status: LeakageStatus, true: CliffordError, spread: float | None = None
) -> LeakageDecay:
    return LeakageDecay(true=true, status=status, advice=ADVICE[status], spread=spread)


def _spread(parts: Modes, amplitude: float, decay: float) -> float:
    """Largest difference between the modes and one exponential, as a fraction of it."""
    lengths = np.geomspace(0.01, 10, 60) / max(1 - decay, SLOWEST)
    several = (parts.decays[:, None] ** lengths * parts.weights[:, None]).sum(axis=0).real
    return float(np.max(np.abs(several / amplitude - decay**lengths)))


def _projectors(levels: tuple[int, ...]) -> tuple[Real, Real]:
    """Real coordinates of the projectors on the computational and on the leakage levels."""
    inside = population(levels, {int(k): 1.0 for k in computational_states(levels)})
    everything = np.eye(int(np.prod(levels))).reshape(-1)
    return inside, everything - inside


def _overlap(mean: Halves, operators: Real) -> float:
    """Sum_ij <i, v_i| F |j, v_j> of a vector v_i (n**2,) for each operator i."""
    whole = operators.reshape(-1)
    return float((whole @ mean.last) @ (mean.first @ whole))
