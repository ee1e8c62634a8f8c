"""The exact decay of randomized benchmarking: no sequences, no sampling.

Survival decays as p**m where p is the leading eigenvalue of the mean over the group of
``adj(g) kron S(g)``: adj the traceless part of the ideal g's transfer matrix, S(g) the
simulated superoperator of its pulses, leakage levels included (Wallman, Quantum 2, 47
(2018); Proctor et al., PRL 119, 130502 (2017)). p is the decay that an
experiment fits only where that eigenvalue is real and isolated; elsewhere there is no value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Final, Literal

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qtregress.channels.ideal import PairNative
from qtregress.channels.real_maps import as_real, transposition
from qtregress.rb.clifford import (
    MEAN_NATIVES,
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
FAST: Final = 0.5
"""Modes that decay to this fraction of the leading one in a Clifford are never seen alone."""
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
IDENTITY_PAIR: Final = ((0, 0),)
"""The same of the identity, which every Clifford leaves alone."""

Sector = Literal["trivial", "traceless"]
"""A representation of the group: on the identity, or on the traceless Pauli operators."""

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
            one-qubit or 1.5 cx, cz or ecr per two-qubit Clifford; for a pair thus an upper
            estimate of that gate's error, because it contains the one-qubit layers. None
            with p.
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
    return judge_spectrum(spectrum, dimension=4, gates_per_clifford=MEAN_NATIVES)


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Halves:
    """The mean over the group of action kron S as a product of two real matrices.

    The mean is F = ``last @ first``, and F**(m + 1) = last @ (first @ last)**m @ first, where
    ``first @ last`` is small. Simulated matrices are real as in ``channels/real_maps.py``:
    the coordinates of a Hermitian X are Re X + Im X, so that Tr[XY] is their product.

    Attributes:
        first: from operators kron simulated coordinates, shape (k, r n**2).
        last: back again, shape (r n**2, k).
        rank: r, 1 for the trivial and d**2 - 1 for the traceless representation.
    """

    first: Real
    last: Real
    rank: int

    @property
    def small(self) -> Real:
        """A matrix with the nonzero eigenvalues of the mean, shape (k, k)."""
        return np.asarray(self.first @ self.last)

    def columns(self, simulated: Real) -> Real:
        """``first`` on every operator times a simulated vector (n**2,), shape (k, r)."""
        return np.asarray(self.first.reshape(len(self.first), self.rank, -1) @ simulated)

    def rows(self, simulated: Real) -> Real:
        """The same vector, operator by operator, on ``last`` from the left, shape (r, k)."""
        return np.asarray(simulated @ self.last.reshape(self.rank, len(simulated), -1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Modes:
    """What decays in a quantity that is a sum over powers of a mean.

    Attributes:
        spectrum: all eigenvalues of the mean that its halves show, the largest first.
        decays: those that stay for more than a few Cliffords, the first of them.
        weights: what multiplies decay**m of each.
    """

    spectrum: Complex
    decays: Complex
    weights: Complex


def modes(mean: Halves, effect: Real, state: Real) -> Modes:
    """The modes of r Tr <effect| F**(m + 1) |state>, the trace over the representation.

    Args:
        mean: F.
        effect: real coordinates of what is measured, shape (n**2,).
        state: real coordinates of what sequences start from, shape (n**2,).
    """
    spectrum, left, right = scipy.linalg.eig(mean.small, left=True, check_finite=False)
    order = np.argsort(-np.abs(spectrum), kind="stable")
    # Fast modes are left out: those of decay 0 have no basis of eigenvectors. Equal slow ones
    # have one, but left and right ones need not be dual to each other.
    slow = order[np.abs(spectrum[order]) > FAST * np.abs(spectrum[order[0]])]
    left, right = left[:, slow].conj().T, right[:, slow]
    dual, *_ = np.linalg.lstsq(left @ right, left @ mean.columns(state), rcond=None)
    weights = mean.rank * np.sum((mean.rows(effect) @ right).T * dual, axis=1)
    return Modes(spectrum=spectrum[order], decays=spectrum[slow], weights=weights)


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


def halves(gates: Gates, sector: Sector) -> Halves:
    """The mean of action kron S over the whole group, ready for powers and eigenvalues.

    Args:
        gates: simulated natives of one qubit or of a pair.
        sector: how the ideal elements act.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    if isinstance(gates, OneQubitGates):
        unitaries = one_qubit_group().unitaries
        if sector == "trivial":
            return one_qubit_halves(gates, np.ones((len(unitaries), 1, 1)))
        return one_qubit_halves(gates, np.array([adjoint_action(u) for u in unitaries]))
    found = _pair_halves(gates, sector)
    return replace(found, last=found.last * (TURNS_BEFORE / PAIR_ORDER))


def one_qubit_halves(gates: OneQubitGates, actions: Real) -> Halves:
    """The mean of any real representation kron S over the 24 elements.

    Args:
        gates: simulated natives.
        actions: of the elements in the order of the group, shape (24, r, r).

    Raises:
        ValueError: the superoperator does not keep Hermitian matrices Hermitian.
    """
    played = one_qubit_maps(gates)
    order, rank, size = *actions.shape[:2], played.shape[-1]
    mean = np.einsum("gij,gab->iajb", actions, played, optimize=True) / order
    whole = rank * size
    return Halves(first=np.eye(whole), last=mean.reshape(whole, whole), rank=rank)


def one_qubit_maps(gates: OneQubitGates) -> Real:
    """All 24 elements as simulated, in real form, shape (24, L**2, L**2).

    Raises:
        ValueError: the superoperator does not keep Hermitian matrices Hermitian.
    """
    group = one_qubit_group()
    words = [group.word(i) for i in range(group.order)]
    return np.array([real_form("sx", play_word(gates, word)) for word in words])


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
    found = _pair_halves(gates, "traceless")
    return np.asarray(found.small * TURNS_BEFORE / PAIR_ORDER)


def _pair_halves(gates: PairGates, sector: Sector) -> Halves:
    """Sums over cores and over local gates; their product lacks ``TURNS_BEFORE / PAIR_ORDER``."""
    played, operators = PairWords(gates), PAULI_PAIRS if sector == "traceless" else IDENTITY_PAIR
    ends, whole = (_unturned(gates.levels, (t, t), operators) for t in (True, False))
    cores = _between(ends, played, core_words(gates.control, gates.native), whole)
    locals_ = np.zeros((len(whole), played.size, len(cores)))
    for turned, words in local_words().items():
        middle = _unturned(gates.levels, turned, operators)
        rows = 4 ** sum(turned) * _between(middle, played, words, ends)
        for pauli, part in enumerate(middle):
            part.add_rows(locals_[pauli], rows[part.members])
    return Halves(first=cores, last=locals_.reshape(-1, len(cores)), rank=len(whole))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulseWords:
    """Pulses of words, and the signed permutation of Paulis each is meant to be.

    Attributes:
        steps: natives and virtual Z of each; no word ends with virtual Z.
        actions: shape (words, 15, 15).
    """

    steps: tuple[tuple[Step, ...], ...]
    actions: Real


@cache
def core_words(control: Literal[0, 1], native: PairNative) -> PulseWords:
    """The twenty cores of the pair's group, in its order."""
    images = ideal_images(transmons=2, control=control, native=native)
    return _words(pair_group(control, native).cores, images)


@cache
def local_words() -> dict[tuple[bool, bool], PulseWords]:
    """The nine patterns of pulse counts by which transmons play one: they turn afterwards."""
    counts = [Local(0, count, 0) for count in range(3)]
    patterns: dict[tuple[bool, bool], list[Word]] = {}
    for left, right in product(counts, counts):
        turned = (left.pulses == 1, right.pulses == 1)
        patterns.setdefault(turned, []).append(layers(left, right))
    images = ideal_images(transmons=2)
    return {turned: _words(words, images) for turned, words in patterns.items()}


def _words(words: Sequence[Word], images: dict[str, Complex]) -> PulseWords:
    actions = [adjoint_action(unitary_of(word, images)) for word in words]
    return PulseWords(steps=tuple(word.steps for word in words), actions=np.rint(actions))


class PairWords:
    """Pulses of a pair in real form; words that end alike share their products.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """

    def __init__(self, gates: PairGates) -> None:
        self.levels, self.size = gates.levels, len(gates.native_map)
        self.natives = {name: real_form(name, s) for name, s in natives(gates).items()}
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
        source, sign = quarter_turns(self.levels, first.turns)
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


def _unturned(
    levels: tuple[int, int],
    turned: tuple[bool, bool],
    operators: Sequence[tuple[int, ...]] = PAULI_PAIRS,
) -> list[_Part]:
    """An orthonormal basis of the operators that quarter turns of some transmons leave alone.

    An operator of the basis is the sum over quarter turns of a simulated coordinate times a
    Pauli operator without Y. The turns leave I and Z alone, so that the coordinate must not
    turn either; they make Y of X, and the coordinate must change its sign after two.

    Args:
        levels: simulated levels of either transmon.
        turned: which of them turn; where none does, the basis is of all operators.
        operators: positions in ``PAULIS`` of the factors of the Pauli operators.

    Returns:
        A part for each of the Pauli operators.
    """
    charge, parts, size = charges(levels), list[_Part](), 0
    members: dict[tuple[int, ...], slice] = {}
    for factors in operators:
        mixed = [t and f in (PAULI_X, PAULI_Y) for f, t in zip(factors, turned, strict=True)]
        without_y = tuple(PAULI_X if m else f for f, m in zip(factors, mixed, strict=True))
        # Three quarter turns make Y of X, with the sign +.
        turns = tuple(3 if a != b else 0 for a, b in zip(factors, without_y, strict=True))
        source, sign = quarter_turns(levels, turns)
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


def _between(left: list[_Part], played: PairWords, words: PulseWords, right: list[_Part]) -> Real:
    """The sum of action kron superoperator between two bases, shape (left, right)."""
    total = np.zeros((_size(left), _size(right)))
    # Every Clifford leaves the identity alone, the one operator of the trivial sector.
    actions = words.actions if len(left) > 1 else np.ones((len(words.steps), 1, 1))
    images = np.argmax(np.abs(actions), axis=2)
    for steps, action, image in zip(words.steps, actions, images, strict=True):
        simulated = played.steps(steps)
        for pauli, part in enumerate(left):
            other = right[image[pauli]]
            block = other.columns(part.rows(simulated))
            total[part.members, other.members] += action[pauli, image[pauli]] * block
    return total


def _size(basis: list[_Part]) -> int:
    return max(int(part.members.stop) for part in basis)


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
