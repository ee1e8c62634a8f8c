"""The mean over the Clifford group of action kron superoperator, as a product of two matrices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import scipy.linalg

from qtregress.rb.clifford import PAIR_ORDER, one_qubit_group
from qtregress.rb.coordinates import (
    PAULI_PAIRS,
    PAULI_X,
    PAULI_Y,
    Real,
    adjoint_action,
    quarter_turns,
    real_form,
)
from qtregress.rb.gateset import Complex, Gates, Integers, OneQubitGates, PairGates, charges
from qtregress.rb.words import PairWords, PulseWords, core_words, local_words, play_word

FAST: Final = 0.5
"""Modes that decay to this fraction of the leading one in a Clifford are never seen alone."""

TURNS_BEFORE: Final = 16
"""Virtual Z before a local gate of a pair: quarter turns of either transmon."""

IDENTITY_PAIR: Final = ((0, 0),)
"""The same as ``PAULI_PAIRS`` of the identity, which every Clifford leaves alone."""

Sector = Literal["trivial", "traceless"]
"""A representation of the group: on the identity, or on the traceless Pauli operators."""


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
