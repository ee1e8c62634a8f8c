"""How far a dissipation-free gate is from a unitary: fidelity and error generators.

Average gate fidelity on the computational subspace with leakage counted as error:
F = (|Tr V†M|**2 + Tr M†M) / (d (d + 1)), M the computational block of the propagator
(Pedersen, Moller, Molmer, Phys. Lett. A 367, 47 (2007), eq. 3).
"""

from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import polar

from qtregress.chip.transmon import Patch

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


def computational_block(patch: Patch, propagator: Complex) -> Complex:
    """The block on states with at most one excitation a transmon, shape (d, d)."""
    at = patch.computational
    return propagator[np.ix_(at, at)]


def polar_unitary(block: Complex) -> Complex:
    """The unitary nearest to the block, shape (d, d)."""
    return cast("Complex", polar(block)[0])


def infidelity(block: Complex, ideal: Complex) -> float:
    """1 - F_avg of a lossless block against ``ideal``, leakage counted as error."""
    d = len(ideal)
    overlap = abs(np.vdot(ideal, block)) ** 2
    kept = float(np.vdot(block, block).real)
    return float(1 - (overlap + kept) / (d * (d + 1)))


def coherent_distance(new: Complex, old: Complex) -> float:
    """C = 1 - F_avg between two unitaries (d, d): zero exactly for equal ones.

    From their difference at the best common phase, d - |Tr| = |new - old|**2 / 2: the
    overlap itself would leave rounding where nothing changed.
    """
    d = len(old)
    overlap = np.vdot(old, new)
    size = float(np.abs(overlap))
    if not size > 0.0:  # orthogonal, or not a number: that stays one
        return size + d / (d + 1)
    apart = float(np.sum(np.abs(new * (np.conj(overlap) / size) - old) ** 2)) / 2
    return apart * (d + size) / (d * (d + 1))


@cache
def paulis(qubits: int) -> Complex:
    """All non-identity Pauli products, shape (4**qubits - 1, d, d)."""
    one = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    products = one
    for _ in range(qubits - 1):
        products = np.array([np.kron(a, b) for a in products for b in one])
    return products[1:]


def error_vector(block: Complex, ideal: Complex) -> Floats:
    """Pauli components of the block's coherent error, global phase removed.

    Shape (d**2 - 1,); the sum of squares is (d + 1) / d times the infidelity of the
    nearest unitary, to leading order.
    """
    d = len(ideal)
    error = ideal.conj().T @ polar_unitary(block)
    trace = np.trace(error)
    if trace != 0:
        error = error * (np.conj(trace) / np.abs(trace))
    components = np.einsum("kij,ji->k", paulis(d.bit_length() - 1), error) / d
    return cast("Floats", components.imag)
