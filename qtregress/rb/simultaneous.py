"""Simultaneous benchmarking of a pair: how much a qubit errs because its neighbour plays.

Both qubits play random one-qubit Cliffords at once, starts aligned (Gambetta et al., PRL 109,
240504 (2012)). As in `exact`, the mean over sequences is a sum over representations of the
group that is played. A qubit's own decay comes from the mean of ``adj(g) kron S``: adj the
traceless transfer matrix of that qubit's Clifford alone, S the simulated map of the pair,
leakage levels included; in what state the neighbour ends is not looked at.

That mean has slow modes which no survival shows, such as a neighbour that leaked or, where
it idles, one that was excited. Hence modes are weighed by their share in the survival.

A layer of a pair holds their coupling J, the static ZZ that it makes, and what either drive
does to the other transmon directly (the chip's ``drive_crosstalk``). Maps are means over the
relative phase of the two carriers, a quarter turn apart: so are the frames of two qubits that
play random Cliffords, whose virtual Z turn each drive against what it leaks to the neighbour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qtregress.rb.clifford import MEAN_SX, Local, Word, layers, unitary_of
from qtregress.rb.exact import ADVICE, DecayStatus, ExactDecay, judge_spectrum
from qtregress.rb.gateset import (
    Complex,
    Integers,
    PairGates,
    charges,
    ideal_images,
    natives,
    tensor,
)

Real = NDArray[np.float64]
Both = tuple[bool, bool]

VISIBLE: Final = 0.01
"""A mode with less than this share of the heaviest one is seen by no fit."""
DEGENERATE: Final = 1e-12
"""Eigenvalues this close are one mode: rounding mixes their vectors."""
FAST: Final = 0.01
"""Modes that keep less than this a Clifford are gone before they are seen."""
LEAST_OVERLAP: Final = 1e-10
"""Of left with right modes, as a singular value; below it two modes are parallel."""
CROWDED: Final = ExactDecay(
    p=None,
    epc=None,
    error_per_gate=None,
    gap=0.0,
    status="crowded",
    advice=ADVICE["crowded"],
)
BY_PULSES: Final = ((Local(0, 0, 0), 4), (Local(0, 1, 0), 16), (Local(0, 2, 0), 4))
"""Pulses that a Clifford plays, and how many of the 24 differ by virtual Z alone."""
ALWAYS_IDLE: Final = ((Local(0, 0, 0), 1),)

TRACELESS: Final[Complex] = np.array(
    [[[0.5**0.5, 0], [0, -(0.5**0.5)]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]], dtype=np.complex128
)
"""Z, |0><1| and |1><0|, normalised: virtual Z multiplies each by a phase, shape (3, 2, 2)."""
TRACELESS_CHARGES: Final = (0, -1, 1)
UNIT: Final[Complex] = (np.eye(2) * 0.5**0.5).astype(np.complex128)[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class QubitDecay:
    """One qubit of a pair, with and without its neighbour playing.

    Attributes:
        simultaneous: its decay while the neighbour plays random Cliffords, too; epc is
            (1 - p)/2, the dimension d being 2.
        isolated: its decay while the neighbour idles, both in the ground state at first.
    """

    simultaneous: ExactDecay
    isolated: ExactDecay

    @property
    def addressability(self) -> float | None:
        """Simultaneous less isolated error per Clifford (Gambetta et al. 2012).

        It contains what the qubit loses while it waits for a neighbour that plays more
        pulses, `waiting_layers` times the error of an idle layer. None where either
        decay has no value.
        """
        if self.simultaneous.epc is None or self.isolated.epc is None:
            return None
        return self.simultaneous.epc - self.isolated.epc


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelatedDecay:
    """The decay of the correlation Z kron Z while both qubits play.

    Attributes:
        p: decay per simultaneous Clifford; None unless the status is ``ok``.
        excess: p less the product of both qubits' own p, zero for errors that do not know of
            each other (Gambetta et al. 2012, delta alpha). Waiting counts as knowing: both
            last long together. None where one of the three has no value.
        epc: 1 - F_avg of the pair's Clifford, 4/5 (1 - (1 + 3 a + 3 b + 9 p)/16) with the
            qubits' own a and b, d = 4; None with excess.
        status: ``ok``, or why there is no p.
        advice: what the status means, a sentence.
    """

    p: float | None
    excess: float | None
    epc: float | None
    status: DecayStatus
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimultaneousDecays:
    """What simultaneous benchmarking of a pair shows.

    Attributes:
        qubits: either qubit, the pair's left one first.
        correlated: what both have in common.
    """

    qubits: tuple[QubitDecay, QubitDecay]
    correlated: CorrelatedDecay


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mean:
    """The mean of adj kron S where it acts, and what a sequence makes of it.

    The signal after m random Cliffords and their inverse is seen @ matrix**(m + 1) @ start,
    times the number of Pauli operators that adj acts on.

    Attributes:
        matrix: shape (k, k).
        start: both transmons in the ground state, shape (k,).
        seen: +1 for the ground state of each transmon looked at, else -1, shape (k,).
    """

    matrix: Complex
    start: Complex
    seen: Complex


def simultaneous_decays(gates: PairGates) -> SimultaneousDecays:
    """The decays that infinitely many random sequences would show, some 0.2 s a pair.

    Args:
        gates: simulated natives of a pair; the two-qubit gate is not played.
    """
    left = QubitDecay(
        simultaneous=judge_mean(pair_sequences_mean(gates, seen=(True, False))),
        isolated=judge_mean(pair_sequences_mean(gates, seen=(True, False), playing=(True, False))),
    )
    right = QubitDecay(
        simultaneous=judge_mean(pair_sequences_mean(gates, seen=(False, True))),
        isolated=judge_mean(pair_sequences_mean(gates, seen=(False, True), playing=(False, True))),
    )
    both = judge_mean(pair_sequences_mean(gates, seen=(True, True)))
    correlated = _correlated(both, left.simultaneous.p, right.simultaneous.p)
    return SimultaneousDecays(qubits=(left, right), correlated=correlated)


def waiting_layers(players: int) -> float:
    """Layers by which a Clifford played by so many qubits at once is longer than by one.

    The largest of their pulse counts, each 0, 1 or 2 with chances 1/6, 2/3 and 1/6, less 1.
    """
    return 1 - 6.0**-players - (5 / 6) ** players


def epc_among_neighbours(
    alone: float, addressabilities: Sequence[float], *, idle_error: float
) -> float:
    """Error per Clifford of a qubit while all its neighbours play, too.

    To first order: what each neighbour adds when it plays alone with the qubit is summed,
    waiting counted once for all players. Phases that several neighbours put on the qubit
    together interfere, which pairs cannot show: z equal ZZ couplings err up to
    (z - 1)/2 of their sum more.

    Args:
        alone: isolated error per Clifford.
        addressabilities: of the qubit with each neighbour.
        idle_error: 1 - F_avg of the qubit in an idle layer, d = 2.
    """
    waits = waiting_layers(1 + len(addressabilities))
    counted = waiting_layers(2) * len(addressabilities)
    return alone + sum(addressabilities) + (waits - counted) * idle_error


def pair_sequences_mean(gates: PairGates, *, seen: Both, playing: Both = (True, True)) -> Mean:
    """Mean of adj kron S over the Cliffords that are played.

    Every Clifford begins with virtual Z by any quarter turns, whose mean projects on what
    they leave alone. Virtual Z after the pulses vanishes in the next one's projection, so
    that nine patterns of pulses stand for all 576 elements: at most 144 dimensions of
    9 * 256, with an idle neighbour, which has no virtual Z, 192 of 3 * 256.

    Args:
        gates: simulated natives of a pair.
        seen: which qubits are measured; adj acts on these.
        playing: which qubits play random Cliffords; the other one idles.
    """
    basis, own = _operators(seen)
    charge = own[:, :, None] + charges(gates.levels)[:, None, :]
    kept = np.all(charge[list(playing)] % 4 == 0, axis=0)
    ideal, simulated = np.nonzero(kept)
    units, which = np.unique(simulated, return_inverse=True)
    matrix = np.zeros((len(ideal), len(ideal)), dtype=np.complex128)
    for word, weight in _patterns(playing):
        unitary = unitary_of(word, ideal_images(transmons=2))
        action = _action(basis, unitary)[np.ix_(ideal, ideal)]
        played = _play(gates, word, units)[units]
        matrix += weight * action * played[np.ix_(which, which)]
    # Neither the start nor what is seen has charge: adj's first operator alone meets them.
    first = ideal == 0
    start = (first & (simulated == 0)).astype(np.complex128)
    sees = first * _readout(gates.levels, seen)[simulated]
    return Mean(matrix=matrix, start=start, seen=sees.astype(np.complex128))


def judge_mean(mean: Mean) -> ExactDecay:
    """The decay constant, where the survival has just one.

    Modes that hold less than `VISIBLE` of the heaviest one after one Clifford and its
    inverse do not count. The heaviest must be the slowest, and a second one must decay at
    least twice as fast. ``epc`` is that of one qubit.

    Args:
        mean: of a representation.
    """
    found = modes(mean)
    if found is None:
        return CROWDED
    values, weights = found
    heavy = values[weights >= VISIBLE * np.max(weights, initial=0)]
    spectrum = np.append(heavy, [0, 0])  # a single mode has nothing to be crowded by
    decay = judge_spectrum(spectrum, dimension=2, gates_per_clifford=MEAN_SX)
    hidden = decay.status == "ok" and not abs(heavy[0]) >= np.max(np.abs(heavy))
    return CROWDED if hidden else decay


def modes(mean: Mean) -> tuple[Complex, Real] | None:
    """Eigenvalues, and the size of their share in the signal at m = 1; the heaviest first.

    Equal eigenvalues are one mode, and those below `FAST` are left out. None where two
    modes cannot be told apart, so that the signal is no sum of exponentials.
    """
    values, left, right = scipy.linalg.eig(mean.matrix, left=True, check_finite=False)
    slow = np.abs(values) >= FAST
    values, left, right = values[slow], left[:, slow].conj().T, right[:, slow]
    if not values.size:
        return values, np.zeros(0)
    overlap = left @ right
    if not np.linalg.norm(overlap, ord=-2) >= LEAST_OVERLAP:
        return None
    shares = (mean.seen @ right) * np.linalg.solve(overlap, left @ mean.start) * values**2
    found: list[complex] = []
    total: list[complex] = []
    for value, share in zip(values.tolist(), shares.tolist(), strict=True):
        same = [k for k, other in enumerate(found) if abs(value - other) < DEGENERATE]
        if same:
            total[same[0]] += share
        else:
            found.append(value)
            total.append(share)
    weights = np.abs(np.array(total))
    order = np.argsort(-weights, kind="stable")
    return np.array(found)[order], weights[order]


def _correlated(both: ExactDecay, left: float | None, right: float | None) -> CorrelatedDecay:
    excess = epc = None
    if both.p is not None and left is not None and right is not None:
        excess = both.p - left * right
        epc = (4 / 5) * (1 - (1 + 3 * left + 3 * right + 9 * both.p) / 16)
    return CorrelatedDecay(p=both.p, excess=excess, epc=epc, status=both.status, advice=both.advice)


def _operators(seen: Both) -> tuple[Complex, Integers]:
    """Operators that adj acts on, shape (r, 4, 4), and their charges, shape (2, r)."""
    factors = [TRACELESS if look else UNIT for look in seen]
    charged = [TRACELESS_CHARGES if look else (0,) for look in seen]
    operators = np.array([tensor(left, right) for left, right in product(*factors)])
    return operators, np.array(list(product(*charged))).T


def _action(basis: Complex, unitary: Complex) -> Complex:
    """How conjugation by the unitary acts on the operators, shape (r, r)."""
    moved = unitary @ basis @ unitary.conj().T
    return np.asarray(np.einsum("aij,bij->ab", basis.conj(), moved))


def _patterns(playing: Both) -> list[tuple[Word, float]]:
    """Pulses that Cliffords play, and the share of Cliffords that play them."""
    left, right = (BY_PULSES if plays else ALWAYS_IDLE for plays in playing)
    order = sum(count for _, count in left) * sum(count for _, count in right)
    return [
        (layers(a, b), count * times / order) for (a, count), (b, times) in product(left, right)
    ]


def _play(gates: PairGates, word: Word, units: Integers) -> Complex:
    """What pulses without virtual Z make of some matrix units, shape (n**2, units)."""
    maps = natives(gates)
    states = np.eye(len(gates.sx_sx), dtype=np.complex128)[:, units]
    for step in word.steps:
        states = maps[step.native] @ states
    return states


def _readout(levels: tuple[int, int], seen: Both) -> Real:
    """The product of +1 for ground and -1 for any other level, as a functional, (n**2,)."""
    signs = [
        np.where(np.arange(size) == 0, 1.0, -1.0) if look else np.ones(size)
        for size, look in zip(levels, seen, strict=True)
    ]
    return np.diag(np.kron(signs[0], signs[1])).reshape(-1)
