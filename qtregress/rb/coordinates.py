"""Operators as real coordinates: Paulis, populations, virtual Z, and maps between them."""

from collections.abc import Mapping
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.real_maps import as_real, transposition
from qtregress.rb.gateset import Complex, Integers, charges, tensor

Real = NDArray[np.float64]

HERMITICITY_TOLERANCE: Final = 1e-9

PAULIS: Final[Complex] = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
)
"""I, X, Y and Z, shape (4, 2, 2)."""

PAULI_X: Final = 1
PAULI_Y: Final = 2

PAULI_PAIRS: Final = tuple(product(range(4), repeat=2))[1:]
"""Positions in ``PAULIS`` of the factors of the 15 traceless Pauli operators of a pair."""


def adjoint_action(unitary: Complex) -> Real:
    """How conjugation by a unitary acts on traceless operators, shape (d**2 - 1, d**2 - 1).

    The basis is of Pauli operators, which a Clifford permutes up to their signs.

    Args:
        unitary: shape (2, 2) or (4, 4).
    """
    basis = _traceless_paulis(len(unitary))
    moved = unitary @ basis @ unitary.conj().T
    overlaps: Complex = np.einsum("aij,bji->ab", basis, moved)
    return overlaps.real / len(unitary)


def computational_states(levels: tuple[int, ...]) -> NDArray[np.int64]:
    """Positions among n of the d states with at most one excitation a transmon."""
    ladder = np.indices(levels).reshape(len(levels), -1)
    return np.flatnonzero(np.all(ladder <= 1, axis=0))


def pauli_coordinates(levels: tuple[int, ...]) -> Real:
    """Real coordinates of the traceless Pauli operators, shape (d**2 - 1, n**2).

    They are the same as on qubits and 0 on the leakage levels; each has the length sqrt(d).

    Args:
        levels: levels of one transmon or of two.
    """
    paulis, at = _traceless_paulis(2 ** len(levels)), computational_states(levels)
    size = int(np.prod(levels))
    whole = np.zeros((len(paulis), size, size))
    whole[:, at[:, None], at] = paulis.real + paulis.imag
    return whole.reshape(len(paulis), -1)


def population(levels: tuple[int, ...], weights: Mapping[int, float]) -> Real:
    """Real coordinates of a diagonal operator, shape (n**2,).

    Args:
        levels: levels of each transmon.
        weights: its elements by position among n; the others are 0.
    """
    diagonal = np.zeros(int(np.prod(levels)))
    diagonal[list(weights)] = list(weights.values())
    return np.diag(diagonal).reshape(-1)


def quarter_turns(levels: tuple[int, ...], turns: tuple[int, ...]) -> tuple[Integers, Real]:
    """Virtual Z in real form: coordinate f becomes sign[f] times coordinate source[f].

    ``source`` is its own inverse.
    """
    phases = np.array(turns) @ charges(levels) % 4
    size = int(np.prod(levels))
    source = np.where(phases % 2 == 1, transposition(size), np.arange(size**2))
    return source, np.array([1.0, -1.0, -1.0, 1.0])[phases]


def real_form(name: str, superoperator: Complex) -> Real:
    """The real form of a map on the coordinates Re X + Im X, same shape.

    Args:
        name: what the message calls it.
        superoperator: shape (n**2, n**2), row-stacked density matrices.

    Raises:
        ValueError: it does not keep Hermitian matrices Hermitian.
    """
    n = round(len(superoperator) ** 0.5)
    mirrored = superoperator.reshape((n,) * 4).transpose(1, 0, 3, 2).reshape(superoperator.shape)
    error = float(np.max(np.abs(mirrored - superoperator.conj())))
    if not error <= HERMITICITY_TOLERANCE:
        raise ValueError(
            f"superoperator `{name}` must keep Hermitian matrices Hermitian, "
            f"but misses them by {error:.3g}"
        )
    return as_real(superoperator)


def _traceless_paulis(dimension: int) -> Complex:
    if dimension == 2:  # noqa: PLR2004 - one qubit
        return PAULIS[1:]
    return np.array([tensor(PAULIS[left], PAULIS[right]) for left, right in PAULI_PAIRS])
