"""Static Hamiltonians of one or two coupled transmons, in their dressed basis.

Duffing oscillators with exchange coupling (Koch et al., PRA 76, 042319 (2007); Magesan,
Gambetta, PRA 101, 052308 (2020) eq. 2). Angular frequencies in rad/s, hbar = 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from qtregress.errors import InputError
from qtregress.units import angular

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

_DRESSING_STEPS = 30
_DRESSED_RAD_S = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class TransmonParameters:
    """One transmon of a patch: dressed 0-1 frequency, anharmonicity, levels kept."""

    frequency_hz: float
    anharmonicity_hz: float
    levels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One or two transmons in their dressed basis; n is the product of the levels.

    Dressed states carry the bare label they overlap most with; the first transmon is
    the left tensor factor.

    Attributes:
        levels: levels of each transmon.
        energies_rad_s: dressed energies, shape (n,), ground state 0.
        numbers: excitation label of each transmon in each state, shape (k, n).
        lowering: dressed-basis lowering operators, shape (k, n, n).
    """

    levels: tuple[int, ...]
    energies_rad_s: Floats
    numbers: Floats
    lowering: Complex

    @property
    def dimension(self) -> int:
        """Number of states n."""
        return int(np.prod(self.levels))

    @property
    def computational(self) -> NDArray[np.intp]:
        """Positions of the states with at most one excitation a transmon."""
        return np.flatnonzero(np.all(self.numbers <= 1, axis=0))


def _ladder(levels: int) -> Floats:
    return np.diag(np.sqrt(np.arange(1.0, levels)), 1)


def _duffing(frequency_rad_s: float, anharmonicity_rad_s: float, levels: int) -> Floats:
    k = np.arange(levels)
    return frequency_rad_s * k + anharmonicity_rad_s / 2 * k * (k - 1)


def single_patch(transmon: TransmonParameters) -> Patch:
    """The patch of one transmon."""
    energies = _duffing(
        angular(transmon.frequency_hz), angular(transmon.anharmonicity_hz), transmon.levels
    )
    return Patch(
        levels=(transmon.levels,),
        energies_rad_s=energies,
        numbers=np.arange(float(transmon.levels))[None, :],
        lowering=_ladder(transmon.levels)[None].astype(complex),
    )


def _dressed(static: Floats, numbers: Floats) -> tuple[Floats, Floats]:
    """Energies and eigenvectors (columns) of ``static``, labelled by largest overlap.

    Diagonalised sector by sector of the conserved total excitation number, so that
    degeneracies between sectors cannot mix labels.
    """
    total = numbers.sum(axis=0)
    n = len(total)
    energies = np.zeros(n)
    vectors = np.zeros((n, n))
    for sector in np.unique(total):
        at = np.flatnonzero(total == sector)
        values, columns = np.linalg.eigh(static[np.ix_(at, at)])
        rows, order = linear_sum_assignment(-np.abs(columns))
        columns = columns[:, order] * np.sign(columns[rows, order])
        energies[at] = values[order]
        vectors[np.ix_(at, at)] = columns
    return energies, vectors


def pair_patch(left: TransmonParameters, right: TransmonParameters, j_hz: float) -> Patch:
    """The patch of two transmons coupled by J (a†b + ab†).

    The bare frequencies are solved for, so that the dressed 0-1 transition of each, with
    the other in its ground state, is the transmon's given frequency.

    Raises:
        InputError: there are no such bare frequencies (the dressed ones repel by 2 J).
    """
    ladders = (_ladder(left.levels), _ladder(right.levels))
    eye = (np.eye(left.levels), np.eye(right.levels))
    bare_lowering = np.array([np.kron(ladders[0], eye[1]), np.kron(eye[0], ladders[1])])
    labels = np.indices((left.levels, right.levels)).reshape(2, -1).astype(float)
    exchange = angular(j_hz) * (bare_lowering[0].T @ bare_lowering[1])
    exchange = exchange + exchange.T
    wanted = np.array([angular(left.frequency_hz), angular(right.frequency_hz)])
    alpha = (angular(left.anharmonicity_hz), angular(right.anharmonicity_hz))
    one = (right.levels, 1)
    bare = wanted.copy()
    energies, vectors = np.zeros(0), np.zeros((0, 0))
    for _ in range(_DRESSING_STEPS):
        diagonal = np.add.outer(
            _duffing(bare[0], alpha[0], left.levels), _duffing(bare[1], alpha[1], right.levels)
        ).ravel()
        energies, vectors = _dressed(np.diag(diagonal) + exchange, labels)
        off = wanted - (energies[list(one)] - energies[0])
        bare = bare + off
        if np.max(np.abs(off)) < _DRESSED_RAD_S:
            break
    else:
        msg = (
            f"coupled qubits must differ in frequency by more than 2 J = {2 * j_hz / 1e6:.3g} MHz, "
            f"but those at {left.frequency_hz / 1e9:.6g} and {right.frequency_hz / 1e9:.6g} GHz "
            "have no bare frequencies"
        )
        raise InputError(msg)
    lowering = vectors.T @ bare_lowering @ vectors
    return Patch(
        levels=(left.levels, right.levels),
        energies_rad_s=energies - energies[0],
        numbers=labels,
        lowering=lowering.astype(complex),
    )
