"""Unitarity: how much of an error is coherent, of a gate and of a Clifford.

Wallman, Granade, Harper, Flammia, New J. Phys. 17, 113020 (2015), arXiv:1503.07865:
u = Tr[E_u^T E_u]/(d**2 - 1), E_u the transfer matrix on traceless operators, is 1 for
unitaries, and an error is at least (d - 1)(1 - sqrt(u))/d. Leakage counts as incoherent:
the computational states lose it. Inside a Clifford all simulated levels take part; what has
leaked when a Clifford ends does not return to the purity of later ones, which changes 1 - u
by the order of the leaked population.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qtregress.channels.channel import average_fidelity
from qtregress.channels.unitary_error import paulis
from qtregress.rb.clifford import PAIR_ORDER
from qtregress.rb.coordinates import (
    Real,
    adjoint_action,
    computational_states,
    pauli_coordinates,
    population,
    quarter_turns,
)
from qtregress.rb.exact import GROWTH_TOLERANCE, DecayStatus, judge_spectrum
from qtregress.rb.gateset import Complex, Gates, OneQubitGates, PairGates, levels_of, virtual_z
from qtregress.rb.halves import one_qubit_maps
from qtregress.rb.leakage_rb import clifford_error
from qtregress.rb.words import PairWords, core_words, local_words

ADVICE: Final[dict[DecayStatus, str]] = {
    "ok": "The purity decays with this one constant.",
    "complex": "The purity oscillates: the pulses are far from their gates.",
    "crowded": "A second mode of the purity decays less than twice as fast as the leading one.",
    "growing": "The purity grows with length: check the simulation's error estimate.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coherence:
    """An average error and its two parts.

    Attributes:
        unitarity: u, 1 for a unitary gate; None where the purity has no single decay.
        error: 1 - F_avg, leakage counted as error.
        incoherent: (d - 1)(1 - sqrt(u))/d, what no unitary can undo; None with u.
        coherent: error - incoherent, never negative for channels without leakage; None with u.
        status: ``ok``, or why there is no unitarity.
        advice: what the status means, a sentence.
    """

    unitarity: float | None
    error: float
    incoherent: float | None
    coherent: float | None
    status: DecayStatus
    advice: str


def gate_coherence(
    superoperator: Complex, computational: NDArray[np.intp], ideal: Complex
) -> Coherence:
    """The unitarity of one gate from its map.

    Args:
        superoperator: shape (n**2, n**2), row-stacked density matrices.
        computational: positions of the d computational states among the n.
        ideal: what the gate is meant to be, shape (d, d).
    """
    d = len(ideal)
    block = transfer_matrix(superoperator, computational)[1:, 1:]
    error = 1 - average_fidelity(superoperator, computational, ideal)
    unitarity = float(np.sum(block**2)) / (d**2 - 1)
    if not unitarity <= 1 + GROWTH_TOLERANCE:
        return _split(None, error, d, "growing")
    return _split(min(unitarity, 1.0), error, d, "ok")


def transfer_matrix(superoperator: Complex, computational: NDArray[np.intp]) -> Real:
    """<i| E |j> in the normalised Pauli basis, the identity first, shape (d**2, d**2).

    Args:
        superoperator: shape (n**2, n**2), row-stacked density matrices.
        computational: positions of the d computational states among the n.
    """
    d, n = len(computational), round(len(superoperator) ** 0.5)
    at = np.ix_(*(computational,) * 4)
    part = superoperator.reshape((n,) * 4)[at].reshape(d**2, d**2)
    basis = np.concatenate([np.eye(d)[None], paulis(d.bit_length() - 1)]).reshape(d**2, -1)
    return np.asarray((basis.conj() @ part @ basis.T).real / d)


def clifford_coherence(gates: Gates) -> Coherence:
    """The decay of purity per Clifford that unitarity benchmarking would find.

    It is the leading eigenvalue of the mean over the group of E_g kron E_g, E_g the transfer
    matrix of g's pulses on traceless operators; where every Clifford has the same noise it
    is the noise's unitarity.

    Args:
        gates: simulated natives of one qubit or of a pair.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    d = 2 ** len(levels_of(gates))
    rank = d**2
    both = purity_mean(gates).reshape((rank,) * 4)[1:, 1:, 1:, 1:]
    spectrum = scipy.linalg.eigvals(both.reshape((rank - 1) ** 2, -1), check_finite=False)
    found = judge_spectrum(spectrum, dimension=d, gates_per_clifford=1)
    return _split(found.p, clifford_error(gates).error, d, found.status)


def purity_curve(gates: Gates, lengths: Sequence[int]) -> Real:
    """Mean purity Tr[rho**2] of the computational block after m Cliffords, shape (lengths,).

    Sequences start in the ground state and have no inverse; 1 means that nothing was lost,
    1/d that nothing is known of the state.

    Args:
        gates: simulated natives of one qubit or of a pair.
        lengths: numbers of Cliffords m, at least 0.

    Raises:
        ValueError: a length is below 0, or a superoperator does not keep Hermitian matrices
            Hermitian.
    """
    if min(lengths) < 0:
        raise ValueError(f"lengths must be at least 0, but are {tuple(lengths)}")
    levels, step = levels_of(gates), purity_mean(gates)
    start = _basis(levels) @ population(levels, {0: 1.0})
    state, purities = np.outer(start, start).reshape(-1), dict[int, float]()
    for m in range(max(lengths) + 1):
        purities[m] = float(np.trace(state.reshape(len(start), -1)))
        state = step @ state
    return np.array([purities[m] for m in lengths])


def purity_mean(gates: Gates) -> Real:
    """Mean over the group of T_g kron T_g, shape (d**4, d**4).

    T_g is the transfer matrix of g's pulses on the computational states, the identity first.

    Args:
        gates: simulated natives of one qubit or of a pair.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    if isinstance(gates, OneQubitGates):
        basis = _basis((gates.levels,))
        return _squared(basis @ one_qubit_maps(gates) @ basis.T) / 24
    return _pair_purity_mean(gates)


def _pair_purity_mean(gates: PairGates) -> Real:
    played, basis = PairWords(gates), _basis(gates.levels)
    cores = [
        played.steps(steps) @ basis.T for steps in core_words(gates.control, gates.native).steps
    ]
    after = np.concatenate(cores, axis=1)
    rank, total = len(basis), np.zeros((len(basis) ** 2,) * 2)
    for turned, words in local_words().items():
        found = [_with_turns(basis @ played.steps(one), after, gates.levels) for one in words.steps]
        # Shape (words and turns, Pauli, core, Pauli): one transfer matrix an element.
        maps = np.concatenate(found).reshape(-1, rank, len(cores), rank).swapaxes(1, 2)
        total += _turns_after(turned) @ _squared(maps.reshape(-1, rank, rank))
    return np.asarray(total / PAIR_ORDER)


def _with_turns(rows: Real, after: Real, levels: tuple[int, int]) -> Real:
    """Rows times every virtual Z times columns, shape (16, rows, columns)."""
    found = []
    for turns in product(range(4), repeat=2):
        source, sign = quarter_turns(levels, turns)
        found.append((rows[:, source] * sign[source]) @ after)
    return np.array(found)


@cache
def _turns_after(turned: tuple[bool, bool]) -> Real:
    """The sum of A kron A over the quarter turns of some transmons, shape (256, 256)."""
    total = np.zeros((256, 256))
    for turns in _turns_of(turned):
        unitary = np.diag(virtual_z((2, 2), turns))
        action = scipy.linalg.block_diag(1.0, np.rint(adjoint_action(unitary)))
        total += np.kron(action, action)
    return total


def _turns_of(turned: tuple[bool, bool]) -> Iterator[tuple[int, int]]:
    left, right = (range(4 if turns else 1) for turns in turned)
    return product(left, right)


def _squared(maps: Real) -> Real:
    """The sum of T kron T over matrices, shape (r**2, r**2)."""
    rank = maps.shape[-1]
    flat = maps.reshape(-1, rank**2)
    products = (flat.T @ flat).reshape((rank,) * 4)
    return products.transpose(0, 2, 1, 3).reshape(rank**2, rank**2)


def _basis(levels: tuple[int, ...]) -> Real:
    """Real coordinates of the normalised Pauli operators, the identity first."""
    inside = population(levels, {int(k): 1.0 for k in computational_states(levels)})
    whole = np.concatenate([inside[None], pauli_coordinates(levels)])
    return np.asarray(whole / np.sqrt(2 ** len(levels)))


def _split(unitarity: float | None, error: float, dimension: int, status: DecayStatus) -> Coherence:
    incoherent = None
    if unitarity is not None:
        incoherent = (dimension - 1) * (1 - float(np.sqrt(unitarity))) / dimension
    return Coherence(
        unitarity=unitarity,
        error=error,
        incoherent=incoherent,
        coherent=None if incoherent is None else error - incoherent,
        status=status,
        advice=ADVICE[status],
    )
