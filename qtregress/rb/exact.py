"""The exact decay of randomized benchmarking: no sequences, no sampling.

Survival decays as p**m where p is the leading eigenvalue of the mean over the group of
``adj(g) kron S(g)``: adj the traceless part of the ideal g's transfer matrix, S(g) the
simulated superoperator of its pulses, leakage levels included (Wallman, Quantum 2, 47
(2018); Proctor et al., PRL 119, 130502 (2017)). p is the decay that an
experiment fits only where that eigenvalue is real and isolated; elsewhere there is no value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qtregress.rb.clifford import MEAN_CX, MEAN_SX, PAIR_ORDER, Word, one_qubit_group
from qtregress.rb.gateset import (
    CX,
    ID_SX,
    PHASES,
    SX_ID,
    SX_SX,
    Complex,
    Gates,
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
COLUMNS_AT_ONCE: Final = 64
LADDER: Final = (
    np.diag([1.0, 1.0]) / np.sqrt(2),
    np.diag([1.0, -1.0]) / np.sqrt(2),
    np.array([[0.0, 1.0], [0.0, 0.0]]),
    np.array([[0.0, 0.0], [1.0, 0.0]]),
)
"""Orthonormal operators of one qubit that a virtual Z only multiplies by a phase."""
LADDER_CHARGES: Final = (0, 0, -1, 1)

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


def adjoint_action(unitary: Complex) -> Complex:
    """How conjugation by a unitary acts on traceless operators, shape (d**2 - 1, d**2 - 1).

    The basis is of ladder operators instead of Paulis, which makes virtual Z diagonal.

    Args:
        unitary: shape (2, 2) or (4, 4).
    """
    basis = _ladder_basis(len(unitary))
    moved = unitary @ basis @ unitary.conj().T
    overlaps: Complex = np.einsum("aij,bij->ab", basis.conj(), moved)
    return overlaps[1:, 1:]


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


def pair_mean(gates: PairGates) -> Complex:
    """The mean of adj kron S over all 11520 elements, restricted to where it acts.

    Every element begins or ends with virtual Z by any quarter turns, whose mean projects
    on operators that carry a charge divisible by 4 on either transmon: at most 240
    dimensions of 15 * 256. The nonzero spectrum is that of the full mean.
    """
    space = _Space(gates)
    support = np.flatnonzero(space.neutral)
    mean = np.empty((len(support), len(support)), dtype=np.complex128)
    edges = [*range(0, len(support), COLUMNS_AT_ONCE), len(support)]
    for start, stop in pairwise(edges):
        columns = np.zeros((space.neutral.size, stop - start), dtype=np.complex128)
        columns[support[start:stop], np.arange(stop - start)] = 1
        image = space.cores(space.locals(space.shaped(columns)))
        mean[:, start:stop] = image.reshape(space.neutral.size, -1)[support]
    return mean / PAIR_ORDER


class _Space:
    """Arrays (n**2, 15, columns): simulated matrix units times ideal ladder operators.

    Sums over virtual Z become masks, so that 576 local Cliffords cost eight products and
    the cores eleven. Control c and target t are 0 and 1 in the pair's own order.
    """

    def __init__(self, gates: PairGates) -> None:
        images = ideal_images(transmons=2, control=gates.control)
        self.maps = {
            name: (superoperator, adjoint_action(images[name]))
            for name, superoperator in natives(gates).items()
        }
        self.control, self.target = gates.control, 1 - gates.control
        simulated = charges(gates.levels)[:, :, None]
        ideal = np.array([[x for x in LADDER_CHARGES for _ in LADDER_CHARGES], LADDER_CHARGES * 4])
        total = (simulated + ideal[:, None, 1:])[..., None]
        self.turn: Complex = PHASES[total % 4]
        self.mask: Real = (total % 4 == 0).astype(np.float64)
        self.neutral = (self.mask[0] * self.mask[1]).reshape(-1) > 0

    def shaped(self, columns: Complex) -> Complex:
        """Columns of length 15 n**2 as an array (n**2, 15, columns)."""
        return columns.reshape(*self.mask.shape[1:3], -1)

    def play(self, native: str, x: Complex) -> Complex:
        """One native on both factors."""
        simulated, ideal = self.maps[native]
        moved = (simulated @ x.reshape(len(simulated), -1)).reshape(x.shape)
        return np.asarray(ideal @ moved)

    def both_turns(self, transmon: int, x: Complex) -> Complex:
        """No turn plus a quarter turn of one transmon."""
        return np.asarray((1 + self.turn[transmon]) * x)

    def all_turns(self, transmon: int, x: Complex) -> Complex:
        """Sum over the four quarter turns of one transmon."""
        return np.asarray(4 * self.mask[transmon] * x)

    def locals(self, x: Complex) -> Complex:
        """Sum over c1 kron c2 of a neutral array: nine patterns of pulse counts."""
        both, left, right = (self.play(name, x) for name in (SX_SX, SX_ID, ID_SX))
        total = x + self.all_turns(0, left) + self.all_turns(1, right)
        total += self.all_turns(0, self.all_turns(1, both))
        total += self.play(SX_ID, left) + self.all_turns(1, self.play(SX_ID, both))
        total += self.play(ID_SX, right) + self.all_turns(0, self.play(ID_SX, both))
        return np.asarray(16 * (total + self.play(SX_SX, both)))

    def cores(self, x: Complex) -> Complex:
        """Neutral part of the sum over the twenty cores, nested from the right."""
        inner = self.either_first(x) + self.link(self.play(CX, x))
        inner = self.control_target_first(x) + self.link(self.play(CX, inner))
        total = x + self.play(CX, inner)
        return np.asarray(self.mask[0] * self.mask[1] * total)

    def link(self, x: Complex) -> Complex:
        """A quarter turn of the target, then sx on the control."""
        return self.play(self.alone(self.control), self.turn[self.target] * x)

    def either_first(self, x: Complex) -> Complex:
        """Sum over the nine gates before the two-cx core."""
        left, right = self.both_turns(0, x), self.both_turns(1, x)
        total = self.both_turns(1, left) + self.play(SX_ID, right)
        return total + self.play(ID_SX, left) + self.play(SX_SX, x)

    def control_target_first(self, x: Complex) -> Complex:
        """Sum over the nine gates before the one-cx core."""
        c, t = self.control, self.target
        turned, one = self.both_turns(t, x), self.both_turns(c, x)
        total = turned + self.play(self.alone(c), self.both_turns(c, turned))
        late = self.play(self.alone(t), x) + self.play(SX_SX, one)
        return np.asarray(total + self.turn[t] * late)

    def alone(self, transmon: int) -> str:
        """The layer in which one transmon plays and the other waits."""
        return (SX_ID, ID_SX)[transmon]


def _status(leading: complex, second: float) -> DecayStatus:
    size = abs(leading)
    if size > 1 + GROWTH_TOLERANCE:
        return "growing"
    if leading.real <= 0 or abs(leading.imag) > IMAGINARY_TOLERANCE * size:
        return "complex"
    return "ok" if second <= size**2 else "crowded"


def _ladder_basis(dimension: int) -> Complex:
    basis = np.array(LADDER, dtype=np.complex128)
    if dimension == 2:  # noqa: PLR2004 - one qubit
        return basis
    return np.array([tensor(a, b) for a in basis for b in basis])


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
