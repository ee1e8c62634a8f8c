"""Exact interleaved benchmarking: one gate after every random Clifford.

Magesan et al., PRL 109, 080505 (2012), arXiv:1203.4550. The gate's map S_C times the map of
a random Clifford stands for the element C g, which runs over the whole group as g does: the
decay p_C is the leading eigenvalue of (adj(C) kron S_C) F, F the mean of adj(g) kron S(g).
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import scipy.linalg

from qtregress.channels.channel import average_fidelity
from qtregress.rb.coordinates import adjoint_action, computational_states, real_form
from qtregress.rb.exact import ExactDecay, judge_spectrum
from qtregress.rb.gateset import Complex, Gates, levels_of
from qtregress.rb.halves import Halves, halves

InterleavedStatus = Literal["ok", "reference", "complex", "crowded", "growing"]
REFERENCE_ADVICE: Final = (
    "The Cliffords without the gate have no decay constant, so that nothing can be compared "
    "with it. Judge the gate's true error instead."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterleavedDecay:
    """What interleaved benchmarking would find for a gate, beside its true error.

    Attributes:
        p: decay per Clifford and gate; None unless the status is ``ok``, so are the next two.
        error: (d - 1)(1 - p / p_reference)/d, below 0 where the gate undoes an error of the
            Cliffords.
        bound: by how much error may differ from the gate's average error, Magesan et al.
            (2012), eq. 5.
        true_error: 1 - F_avg of the simulated map, leakage counted as error.
        gap: 1 - abs(second eigenvalue / leading eigenvalue).
        status: ``ok``, or why there is no value.
        advice: what the status means, a sentence.
    """

    p: float | None
    error: float | None
    bound: float | None
    true_error: float
    gap: float
    status: InterleavedStatus
    advice: str


def interleaved_decay(
    gates: Gates, superoperator: Complex, ideal: Complex, reference: ExactDecay
) -> InterleavedDecay:
    """The decay with a gate after every Clifford.

    Args:
        gates: simulated natives of one qubit or of a pair.
        superoperator: the gate's map on the same levels, shape (n**2, n**2).
        ideal: what the gate is meant to be, a Clifford, shape (d, d).
        reference: the exact decay of the same gates without it.

    Raises:
        ValueError: the gate's map has another shape, ``ideal`` is no Clifford, or a
            superoperator does not keep Hermitian matrices Hermitian.
    """
    levels = levels_of(gates)
    d = 2 ** len(levels)
    mean = interleaved_mean(halves(gates, "traceless"), superoperator, ideal)
    found = judge_spectrum(scipy.linalg.eigvals(mean), dimension=d, gates_per_clifford=1)
    true_error = 1 - average_fidelity(superoperator, computational_states(levels), ideal)
    p, together = reference.p, found.p
    if p is None or together is None:
        return InterleavedDecay(
            p=None,
            error=None,
            bound=None,
            true_error=true_error,
            gap=found.gap,
            status="reference" if p is None else found.status,
            advice=REFERENCE_ADVICE if p is None else found.advice,
        )
    return InterleavedDecay(
        p=together,
        error=(d - 1) * (1 - together / p) / d,
        bound=systematic_bound(p, together, dimension=d),
        true_error=true_error,
        gap=found.gap,
        status="ok",
        advice=found.advice,
    )


def systematic_bound(p: float, p_interleaved: float, *, dimension: int) -> float:
    """How far the estimate may lie from the gate's average error, Magesan (2012), eq. 5.

    Args:
        p: decay without the gate.
        p_interleaved: decay with it.
        dimension: 2 or 4, the dimension d.
    """
    d = dimension
    first = (d - 1) * (abs(p - p_interleaved / p) + (1 - p)) / d
    lost = max(1 - p, 0.0)
    second = 2 * (d**2 - 1) * lost / (p * d**2) + 4 * np.sqrt(lost * (d**2 - 1)) / p
    return float(min(first, second))


def interleaved_mean(mean: Halves, superoperator: Complex, ideal: Complex) -> Complex:
    """A matrix with the nonzero eigenvalues of (adj(C) kron S_C) F, shape (k, k).

    Args:
        mean: F, of the traceless representation.
        superoperator: S_C, shape (n**2, n**2).
        ideal: C, shape (d, d).

    Raises:
        ValueError: the map has another shape, ``ideal`` is no Clifford, or the map does not
            keep Hermitian matrices Hermitian.
    """
    size = len(mean.last) // mean.rank
    if superoperator.shape != (size, size):
        raise ValueError(
            f"the gate's superoperator must have shape {(size, size)}, "
            f"but has {superoperator.shape}"
        )
    action = adjoint_action(ideal)
    if not np.allclose(np.abs(action), np.rint(np.abs(action)), atol=1e-9):
        raise ValueError("the interleaved gate must be a Clifford, but is none")
    played = real_form("the gate", superoperator)
    last = mean.last.reshape(mean.rank, size, -1)
    # A Clifford permutes Pauli operators up to signs: no sum over them is needed.
    source = np.argmax(np.abs(action), axis=1)
    signs = np.rint(action[np.arange(mean.rank), source])
    moved = np.concatenate([s * (played @ last[k]) for k, s in zip(source, signs, strict=True)])
    return np.asarray(mean.first @ moved)
