"""What a gate's pulses do to the qubits: the value every later stage reads."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateChannel:
    """A gate's completely positive map on all simulated levels.

    Dressed basis, first listed qubit = left tensor factor, row-stacked density matrices
    (``vec(A rho B) = (A kron B.T) vec(rho)``), frame rotating at the profile's drive
    frequencies, after the gate's own virtual Z. A gate with two carriers depends on their
    relative phase at its start, which circuits do not control: the maps are averaged over
    it, and ``blocks`` keeps the phases apart.

    Attributes:
        gate: id such as ``cx:0-1``.
        qubits: indices in the gate's order, control first.
        levels: levels of each transmon; n is their product, d = 2**len(qubits).
        computational: positions of the d computational states among the n.
        blocks: dissipation-free computational block for each start phase, shape (s, d, d).
        superoperator: the map as calibrated (cold), shape (n**2, n**2).
        at_load: the same with the bath at the declared workload; None where nobody asked.
        duration_s: length of the gate.
        error_estimate: largest element by which the computational maps may be wrong, infinite
            where they are no channels; coherences between leakage levels beat faster than
            four start phases average.
        study: what a later stage wanted to know of the gate at load, if anything.
    """

    gate: str
    qubits: tuple[int, ...]
    levels: tuple[int, ...]
    computational: NDArray[np.intp]
    blocks: Complex
    superoperator: Complex
    at_load: Complex | None
    duration_s: float
    error_estimate: float
    study: Mapping[str, NDArray[Any]] | None = None


def average_fidelity(
    superoperator: Complex, computational: NDArray[np.intp], ideal: Complex
) -> float:
    """Average gate fidelity on the computational subspace, leakage counted as error.

    F = (Sum_ij <i|V† Phi(|i><j|) V|j> + Sum_i Tr[P Phi(|i><i|)]) / (d (d + 1)), the
    generalisation of Nielsen, Phys. Lett. A 303, 249 (2002), eq. 18, to maps that leave
    the subspace (Wood, Gambetta, PRA 97, 032306 (2018), eq. 8).
    """
    d = len(ideal)
    part = _computational_map(superoperator, computational)
    process = np.einsum("ai,abij,bj->", ideal.conj(), part, ideal)
    kept = np.einsum("aaii->", part)
    return float((process.real + kept.real) / (d * (d + 1)))


def choi(superoperator: Complex) -> Complex:
    """The map's Choi matrix of trace n, shape (n**2, n**2), positive for a channel.

    Choi, Linear Algebra Appl. 10, 285 (1975): C[ij, kl] = <i| Phi(|j><l|) |k>.
    """
    size = len(superoperator)
    n = math.isqrt(size)
    return superoperator.reshape(n, n, n, n).transpose(0, 2, 1, 3).reshape(size, size)


def leakage(superoperator: Complex, computational: NDArray[np.intp]) -> float:
    """L1 = 1 - Tr[P Phi(P)] / d (Wood, Gambetta 2018, eq. 2), rounding below 0 cut off."""
    kept = np.einsum("aaii->", _computational_map(superoperator, computational))
    lost = float(1 - kept.real / len(computational))
    return 0.0 if -_ROUNDING < lost < 0 else lost


def _computational_map(superoperator: Complex, computational: NDArray[np.intp]) -> Complex:
    """Phi[a, b, i, j] = <a| Phi(|i><j|) |b> on the subspace, shape (d, d, d, d)."""
    n = round(len(superoperator) ** 0.5)
    tensor = superoperator.reshape(n, n, n, n)
    return tensor[np.ix_(computational, computational, computational, computational)]
