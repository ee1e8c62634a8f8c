"""The exact decay of randomized benchmarking: no sequences, no sampling.

Survival decays as p**m where p is the leading eigenvalue of the mean over the group of
``adj(g) kron S(g)``: adj the traceless part of the ideal g's transfer matrix, S(g) the
simulated superoperator of its pulses, leakage levels included (Wallman, Quantum 2, 47
(2018); Proctor et al., PRL 119, 130502 (2017)). p is the decay that an
experiment fits only where that eigenvalue is real and isolated; elsewhere there is no value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final, Literal

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qtregress.channels.real_maps import as_real, transposition
from qtregress.rb.clifford import (
    MEAN_CX,
    MEAN_SX,
    PAIR_ORDER,
    Local,
    Step,
    Word,
    layers,
    one_qubit_group,
    pair_group,
    unitary_of,
)
from qtregress.rb.gateset import (
    Complex,
    Gates,
    Integers,
    OneQubitGates,
    PairGates,
    charges,
    ideal_images,
    levels_of,
    natives,
    tensor,
    virtual_z,
)

Real = NDArray[np.float64]

IMAGINARY_TOLERANCE: Final = 1e-9
GROWTH_TOLERANCE: Final = 1e-7
HERMITICITY_TOLERANCE: Final = 1e-9
TURNS_BEFORE: Final = 16
"""Virtual Z before a local gate of a pair: quarter turns of either transmon."""
PAULIS: Final[Complex] = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
)
"""I, X, Y and Z, shape (4, 2, 2)."""
PAULI_X: Final = 1
PAULI_Y: Final = 2
PAULI_PAIRS: Final = tuple(product(range(4), repeat=2))[1:]
"""Positions in ``PAULIS`` of the factors of the 15 traceless Pauli operators of a pair."""

DecayStatus = Literal["ok", "complex", "crowded", "growing"]
ADVICE: Final[dict[DecayStatus, str]] = {
    "ok": "The survival decays with this one constant.",
    "complex": (
        "The leading eigenvalue is not a positive number, so the survival oscillates: the pulses "
        "are far from their gates. Judge the average gate error instead."
    ),
    "crowded": (
        "A second mode decays less than twice as fast as the leading one, so no single "
        "exponential describes the survival. Judge the average gate error instead."
    ),
    "growing": (
        "The leading eigenvalue exceeds 1, so the channels are not completely positive. "
        "Check the simulation's error estimate."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactDecay:
    """The decay constant of randomized benchmarking and what follows from it.

    Attributes:
        p: decay per Clifford; None unless the status is ``ok``.
        epc: error per Clifford (d - 1)(1 - p)/d (Magesan et al., PRL 106, 180504 (2011));
            None with p.
        error_per_gate: 1 - (1 - epc)**(1/count), the whole of epc spread over 1.000 sx per
            one-qubit or 1.5 cx per two-qubit Clifford; for a pair thus an upper estimate
            of the cx error, because it contains the one-qubit layers. None with p.
        gap: 1 - abs(second eigenvalue / leading eigenvalue), between 0 and 1.
        status: ``ok``, or why there is no value.
        advice: what the status means, a sentence.
    """

    p: float | None
    epc: float | None
    error_per_gate: float | None
    gap: float
    status: DecayStatus
    advice: str


def exact_decay(gates: Gates) -> ExactDecay:
    """The decay constant that infinitely many random sequences would show.

    Args:
        gates: simulated natives of one qubit or of a pair.

    Raises:
        ValueError: a superoperator of a pair does not keep Hermitian matrices Hermitian.
    """
    if isinstance(gates, OneQubitGates):
        group = one_qubit_group()
        maps = np.array([play_word(gates, group.word(i)) for i in range(group.order)])
        return explicit_decay(group.unitaries, maps, gates_per_clifford=MEAN_SX)
    spectrum = scipy.linalg.eigvals(pair_mean(gates), check_finite=False)
    return judge_spectrum(spectrum, dimension=4, gates_per_clifford=MEAN_CX)


def explicit_decay(
    unitaries: Complex, superoperators: Complex, *, gates_per_clifford: float
) -> ExactDecay:
    """The decay constant from every element's map, summed one by one.

    Args:
        unitaries: ideal elements, shape (order, d, d).
        superoperators: their simulated maps, shape (order, n**2, n**2).
        gates_per_clifford: over how many gates epc is spread.
    """
    mean = explicit_mean(unitaries, superoperators)
    dimension = int(unitaries.shape[-1])
    spectrum = scipy.linalg.eigvals(mean, check_finite=False)
    return judge_spectrum(spectrum, dimension=dimension, gates_per_clifford=gates_per_clifford)


def explicit_mean(unitaries: Complex, superoperators: Complex) -> Complex:
    """Mean of adj kron S, shape ((d**2 - 1) n**2, (d**2 - 1) n**2).

    Args:
        unitaries: ideal elements, shape (order, d, d).
        superoperators: their simulated maps, shape (order, n**2, n**2).
    """
    order, size = superoperators.shape[:2]
    adjoint = np.array([adjoint_action(unitary) for unitary in unitaries])
    rank = adjoint.shape[1]
    mixed = adjoint.reshape(order, -1).T @ superoperators.reshape(order, -1) / order
    blocks: Complex = mixed.reshape(rank, rank, size, size).transpose(0, 2, 1, 3)
    return blocks.reshape(rank * size, rank * size)


def judge_spectrum(spectrum: Complex, *, dimension: int, gates_per_clifford: float) -> ExactDecay:
    """The decay constant, where the spectrum has one that an experiment would see.

    The second mode must decay at least twice as fast as the leading one: where the leading
    one has lost 1 - x the second then has lost 1 - x**2, and a fit tells them apart.

    Args:
        spectrum: eigenvalues of the mean, in any order.
        dimension: 2 or 4, the ideal dimension d.
        gates_per_clifford: over how many gates epc is spread.
    """
    ranked = spectrum[np.argsort(-np.abs(spectrum), kind="stable")]
    leading, second = complex(ranked[0]), float(abs(ranked[1]))
    gap = 1 - second / abs(leading) if leading else 0.0
    status = _status(leading, second)
    if status != "ok":
        return ExactDecay(
            p=None, epc=None, error_per_gate=None, gap=gap, status=status, advice=ADVICE[status]
        )
    p = min(leading.real, 1.0)
    epc = (dimension - 1) * (1 - p) / dimension
    return ExactDecay(
        p=p,
        epc=epc,
        error_per_gate=1 - (1 - epc) ** (1 / gates_per_clifford),
        gap=gap,
        status=status,
        advice=ADVICE[status],
    )


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


def play_word(gates: Gates, word: Word) -> Complex:
    """Superoperator of a word, shape (n**2, n**2), row-stacked density matrices.

    Args:
        gates: simulated natives.
        word: natives and virtual Z in time order.
    """
    maps, levels = natives(gates), levels_of(gates)
    total = np.eye(int(np.prod(levels)) ** 2, dtype=np.complex128)
    for step in word.steps:
        total = maps[step.native] @ (virtual_z_map(levels, step.turns)[:, None] * total)
    return virtual_z_map(levels, word.turns)[:, None] * total


def virtual_z_map(levels: tuple[int, ...], turns: tuple[int, ...]) -> Complex:
    """Diagonal of a virtual Z's superoperator, shape (n**2,)."""
    diagonal = virtual_z(levels, turns)
    return tensor(diagonal, diagonal.conj())


def exact_curve(
    gates: OneQubitGates, lengths: Sequence[int], *, initial: Complex | None = None
) -> Real:
    """Mean ground-state survival over all sequences of each length, shape (lengths,).

    Every sequence of m Cliffords ends with its inverse, as simulated. The mean is the
    convolution of the group with itself, one group-indexed state per step.

    Args:
        gates: simulated natives of one qubit.
        lengths: numbers of Cliffords m, at least 0.
        initial: density matrix (L, L) before the first pulse; the ground state if None.
    """
    if min(lengths) < 0:
        raise ValueError(f"lengths must be at least 0, but are {tuple(lengths)}")
    group = one_qubit_group()
    maps = np.array([play_word(gates, group.word(i)) for i in range(group.order)])
    order, size = maps.shape[:2]
    before = _predecessors(group.unitaries)
    states = np.zeros((order, size), dtype=np.complex128)
    states[group.find(np.eye(2, dtype=np.complex128))] = _initial(gates.levels, initial)
    last = np.array([maps[group.inverse_of([h])][0] for h in range(order)])
    survivals = {}
    for m in range(max(lengths) + 1):
        survivals[m] = float(np.einsum("hk,hk->", last, states).real)
        states = np.einsum("gab,ghb->ha", maps, states[before], optimize=True) / order
    return np.array([survivals[m] for m in lengths])


def pair_mean(gates: PairGates) -> Real:
    """Mean of adj kron S over all 11520 elements, restricted to where it acts.

    Every element begins or ends with virtual Z by any quarter turns, whose mean projects
    on the operators that no quarter turn changes: at most 240 dimensions of 15 * 256. The
    nonzero spectrum is that of the full mean. An element is a core, then a local gate, so
    that the mean over elements is the product of the means over either. The virtual Z after
    a single sx is a projection, too, so that nine local words stand for all 576.

    Args:
        gates: simulated natives of a pair.

    Returns:
        A real matrix in an orthonormal basis, shape (240, 240) for four levels each.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    played = _Played(gates)
    ends, whole = (_unturned(gates.levels, (turned, turned)) for turned in (True, False))
    cores = _between(ends, played, _core_words(gates.control), whole)
    locals_ = np.zeros((len(whole), played.size, len(cores)))
    for turned, words in _local_words(gates.control).items():
        middle = _unturned(gates.levels, turned)
        rows = 4 ** sum(turned) * _between(middle, played, words, ends)
        for pauli, part in enumerate(middle):
            part.add_rows(locals_[pauli], rows[part.members])
    total = cores @ locals_.reshape(-1, len(cores))
    return np.asarray(total * TURNS_BEFORE / PAIR_ORDER)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Words:
    """Pulses of words, and the signed permutation of Paulis each is meant to be.

    Attributes:
        steps: natives and virtual Z of each; no word ends with virtual Z.
        actions: shape (words, 15, 15).
    """

    steps: tuple[tuple[Step, ...], ...]
    actions: Real


@cache
def _core_words(control: Literal[0, 1]) -> _Words:
    return _words(pair_group(control).cores, control)


@cache
def _local_words(control: Literal[0, 1]) -> dict[tuple[bool, bool], _Words]:
    """The nine patterns of pulse counts by which transmons play one: they turn afterwards."""
    counts = [Local(0, count, 0) for count in range(3)]
    patterns: dict[tuple[bool, bool], list[Word]] = {}
    for left, right in product(counts, counts):
        turned = (left.pulses == 1, right.pulses == 1)
        patterns.setdefault(turned, []).append(layers(left, right))
    return {turned: _words(words, control) for turned, words in patterns.items()}


def _words(words: Sequence[Word], control: Literal[0, 1]) -> _Words:
    images = ideal_images(transmons=2, control=control)
    actions = [adjoint_action(unitary_of(word, images)) for word in words]
    return _Words(steps=tuple(word.steps for word in words), actions=np.rint(actions))


class _Played:
    """Pulses of a pair in real form; words that end alike share their products."""

    def __init__(self, gates: PairGates) -> None:
        self.levels, self.size = gates.levels, len(gates.cx)
        self.natives = {name: _real_form(name, s) for name, s in natives(gates).items()}
        self.products: dict[tuple[str, tuple[Step, ...]], Real] = {}

    def steps(self, steps: tuple[Step, ...]) -> Real:
        """Real form of the superoperator of the steps, shape (n**2, n**2)."""
        if not steps:
            return np.eye(self.size)
        first, later = steps[0], steps[1:]
        key = (first.native, later)
        if key not in self.products:
            native = self.natives[first.native]
            self.products[key] = self.steps(later) @ native if later else native
        if not any(first.turns):
            return self.products[key]
        source, sign = _quarter_turns(self.levels, first.turns)
        return np.asarray(self.products[key].take(source, axis=1) * sign[source])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """What the operators of a basis hold of one Pauli operator.

    Attributes:
        members: which operators of the basis hold it.
        coordinates: the simulated coordinate that each of them holds with it; None where
            they hold all n**2 in order.
        weights: how much of it, shape (members,).
    """

    members: slice
    coordinates: Integers | None
    weights: Real

    def rows(self, simulated: Real) -> Real:
        """From rows of simulated coordinates to rows of members."""
        if self.coordinates is None:
            return simulated
        return np.asarray(self.weights[:, None] * simulated[self.coordinates])

    def columns(self, simulated: Real) -> Real:
        """The same for columns."""
        return self.rows(simulated.T).T

    def add_rows(self, simulated: Real, rows: Real) -> None:
        """Add rows of members to rows of simulated coordinates, the transpose of ``rows``."""
        if self.coordinates is None:
            simulated += rows
        else:
            simulated[self.coordinates] += self.weights[:, None] * rows


def _unturned(levels: tuple[int, int], turned: tuple[bool, bool]) -> list[_Part]:
    """An orthonormal basis of the operators that quarter turns of some transmons leave alone.

    An operator of the basis is the sum over quarter turns of a simulated coordinate times a
    Pauli operator without Y. The turns leave I and Z alone, so that the coordinate must not
    turn either; they make Y of X, and the coordinate must change its sign after two.

    Args:
        levels: simulated levels of either transmon.
        turned: which of them turn; where none does, the basis is of all operators.

    Returns:
        A part for each of the 15 Pauli operators.
    """
    charge, parts, size = charges(levels), list[_Part](), 0
    members: dict[tuple[int, ...], slice] = {}
    for factors in PAULI_PAIRS:
        mixed = [t and f in (PAULI_X, PAULI_Y) for f, t in zip(factors, turned, strict=True)]
        without_y = tuple(PAULI_X if m else f for f, m in zip(factors, mixed, strict=True))
        # Three quarter turns make Y of X, with the sign +.
        turns = tuple(3 if a != b else 0 for a, b in zip(factors, without_y, strict=True))
        source, sign = _quarter_turns(levels, turns)
        allowed = np.ones(charge.shape[1], dtype=bool)
        for transmon in np.flatnonzero(turned):
            own = charge[transmon]
            allowed &= own % 2 == 1 if mixed[transmon] else own % 4 == 0
        coordinates = source[allowed]
        if without_y not in members:
            members[without_y] = slice(size, size + len(coordinates))
            size += len(coordinates)
        weights = sign[coordinates] / np.sqrt(2 ** sum(mixed))
        held = coordinates if any(turned) else None
        parts.append(_Part(members=members[without_y], coordinates=held, weights=weights))
    return parts


def _between(left: list[_Part], played: _Played, words: _Words, right: list[_Part]) -> Real:
    """The sum of action kron superoperator between two bases, shape (left, right)."""
    total = np.zeros((_size(left), _size(right)))
    images = np.argmax(np.abs(words.actions), axis=2)
    for steps, action, image in zip(words.steps, words.actions, images, strict=True):
        simulated = played.steps(steps)
        for pauli, part in enumerate(left):
            other = right[image[pauli]]
            block = other.columns(part.rows(simulated))
            total[part.members, other.members] += action[pauli, image[pauli]] * block
    return total


def _size(basis: list[_Part]) -> int:
    return max(int(part.members.stop) for part in basis)


def _quarter_turns(levels: tuple[int, ...], turns: tuple[int, ...]) -> tuple[Integers, Real]:
    """Virtual Z in real form: coordinate f becomes sign[f] times coordinate source[f].

    ``source`` is its own inverse.
    """
    phases = np.array(turns) @ charges(levels) % 4
    size = int(np.prod(levels))
    source = np.where(phases % 2 == 1, transposition(size), np.arange(size**2))
    return source, np.array([1.0, -1.0, -1.0, 1.0])[phases]


def _real_form(name: str, superoperator: Complex) -> Real:
    n = round(len(superoperator) ** 0.5)
    mirrored = superoperator.reshape((n,) * 4).transpose(1, 0, 3, 2).reshape(superoperator.shape)
    error = float(np.max(np.abs(mirrored - superoperator.conj())))
    if not error <= HERMITICITY_TOLERANCE:
        raise ValueError(
            f"superoperator `{name}` must keep Hermitian matrices Hermitian, "
            f"but misses them by {error:.3g}"
        )
    return as_real(superoperator)


def _status(leading: complex, second: float) -> DecayStatus:
    size = abs(leading)
    if size > 1 + GROWTH_TOLERANCE:
        return "growing"
    if leading.real <= 0 or abs(leading.imag) > IMAGINARY_TOLERANCE * size:
        return "complex"
    return "ok" if second <= size**2 else "crowded"


def _traceless_paulis(dimension: int) -> Complex:
    if dimension == 2:  # noqa: PLR2004 - one qubit
        return PAULIS[1:]
    return np.array([tensor(PAULIS[left], PAULIS[right]) for left, right in PAULI_PAIRS])


def _predecessors(unitaries: Complex) -> NDArray[np.int64]:
    """Position of g^-1 h, shape (g, h)."""
    find, count = one_qubit_group().find, range(len(unitaries))
    table = [[find(unitaries[g].conj().T @ unitaries[h]) for h in count] for g in count]
    return np.array(table, dtype=np.int64)


def _initial(levels: int, initial: Complex | None) -> Complex:
    if initial is not None:
        return np.asarray(initial, dtype=np.complex128).reshape(-1)
    ground = np.zeros(levels**2, dtype=np.complex128)
    ground[0] = 1
    return ground
