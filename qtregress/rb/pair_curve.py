"""The whole curve of exact benchmarking, of one qubit and of pairs, without sequences.

The mean survival after m Cliffords and their inverse is a sum over irreducible
representations of the group, S(m) = Sum_k d_k <E| Tr_k F_k**(m + 1) |rho>, F_k the mean of
k(g) kron S(g) (Fourier transform of the m-fold convolution; Wallman, Quantum 2, 47 (2018);
Merkel, Pritchett, Fong, Quantum 5, 581 (2021)). One qubit has five of them, of which three
count, and those are summed. Of a pair's 21 the trivial one and the one on traceless
operators are: perfect gates have no others, and what they could add is bounded (Plancherel).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from qtregress.rb.clifford import PAIR_ORDER, one_qubit_group
from qtregress.rb.coordinates import Real, adjoint_action, population, quarter_turns
from qtregress.rb.exact import ADVICE, DecayStatus, judge_spectrum
from qtregress.rb.gateset import Gates, OneQubitGates, PairGates, levels_of
from qtregress.rb.halves import Halves, Modes, halves, modes, one_qubit_halves
from qtregress.rb.words import PairWords, core_words, local_words

STATIONARY: Final = 1e-9
"""A decay this close to that of the trace does not decay."""
SEEN: Final = 1e-12
"""Modes of smaller weight are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactCurve:
    """Mean survival of the initial ground state over all sequences, and what it is made of.

    S(m) = A p**m + offset + Sum_j C_j l_j**m + what dies at once: p from the traceless
    operators, the rest from populations of the leakage levels.

    Attributes:
        lengths: numbers of Cliffords m before the inverse.
        survivals: S(m).
        p: decay per Clifford; None unless the status is ``ok``, so are the next two.
        amplitude: A.
        departure: largest difference at these lengths between S(m) and A p**m with all
            that the populations do.
        offset: where S ends after any number of Cliffords.
        plateau: offset + Sum_j C_j, the B of experiments that are short against the leakage;
            the offset where there are no leakage levels.
        leakage_decay: the slowest l_j that has a weight; None where there is none.
        missing: no S(m) can be wrong by more, because of representations left out; 0 for one
            qubit.
        status: ``ok``, or why there is no p.
        advice: what the status means, a sentence.
    """

    lengths: tuple[int, ...]
    survivals: tuple[float, ...]
    p: float | None
    amplitude: float | None
    departure: float | None
    offset: float
    plateau: float
    leakage_decay: float | None
    missing: float
    status: DecayStatus
    advice: str


def benchmark_curve(
    gates: Gates, lengths: Sequence[int], *, populations: Sequence[float] | None = None
) -> ExactCurve:
    """The survival that infinitely many random sequences of each length would show.

    Args:
        gates: simulated natives of one qubit or of a pair.
        lengths: numbers of Cliffords m, at least 1.
        populations: of all n states before the first pulse; the ground state if None.

    Raises:
        ValueError: a length is below 1, or a superoperator does not keep Hermitian matrices
            Hermitian.
    """
    if min(lengths) < 1:
        raise ValueError(f"lengths must be at least 1, but are {tuple(lengths)}")
    levels = levels_of(gates)
    effect = population(levels, {0: 1.0})
    state = effect if populations is None else np.diag(populations).reshape(-1)
    trivial, traceless = halves(gates, "trivial"), halves(gates, "traceless")
    kept = _sums(trivial, effect, state, lengths)
    survivals = kept + _sums(traceless, effect, state, lengths)
    if isinstance(gates, OneQubitGates):
        survivals += _sums(_of_axes(gates), effect, state, lengths)
    found = _described(
        lengths,
        survivals=survivals,
        populations_part=kept,
        slow=modes(trivial, effect, state),
        fast=modes(traceless, effect, state),
        dimension=2 ** len(levels),
    )
    if isinstance(gates, PairGates):
        return replace(found, missing=_missing(gates, effect, state))
    return found


def _described(
    lengths: Sequence[int],
    *,
    survivals: Real,
    populations_part: Real,
    slow: Modes,
    fast: Modes,
    dimension: int,
) -> ExactCurve:
    found = judge_spectrum(fast.spectrum, dimension=dimension, gates_per_clifford=1)
    amplitude = departure = None
    if found.p is not None:
        amplitude = float(fast.weights[0].real)
        model = amplitude * found.p ** np.array(lengths) + populations_part
        departure = float(np.max(np.abs(survivals - model)))
    offset, leaked = split_offset(slow)
    return ExactCurve(
        lengths=tuple(lengths),
        survivals=tuple(map(float, survivals)),
        p=found.p,
        amplitude=amplitude,
        departure=departure,
        offset=offset,
        plateau=offset + float(np.sum(leaked.weights.real)),
        leakage_decay=float(abs(leaked.decays[0])) if len(leaked.decays) else None,
        missing=0.0,
        status=found.status,
        advice=ADVICE[found.status],
    )


def split_offset(found: Modes) -> tuple[float, Modes]:
    """The weight that stays for ever, and the slow modes that decay.

    Args:
        found: modes of the trivial representation.
    """
    # The trace is kept, and no mode of a channel decays slower.
    stays = np.abs(found.decays - found.decays[0]) <= STATIONARY
    slow = ~stays & (np.abs(found.weights) > SEEN)
    offset = float(np.sum(found.weights[stays].real))
    return offset, replace(found, decays=found.decays[slow], weights=found.weights[slow])


def _sums(mean: Halves, effect: Real, state: Real, lengths: Sequence[int]) -> Real:
    """R <effect| Tr F**(m + 1) |state> for each length m, r the dimension traced over."""
    left, right, step = mean.rows(effect), mean.columns(state), mean.small
    wanted, found = set(lengths), dict[int, float]()
    for m in range(max(lengths) + 1):
        if m in wanted:
            found[m] = mean.rank * float(np.sum(left * right.T))
        right = step @ right
    return np.array([found[m] for m in lengths])


def _of_axes(gates: OneQubitGates) -> Halves:
    """The mean over the one other representation of a qubit that adds to the curve.

    The 24 Cliffords are the rotations of a cube and permute its three axes; the permutation
    less its mean is that representation. The remaining two hold nothing that a virtual Z of
    any quarter turns leaves alone, and every sequence begins and ends with one.
    """
    rotations = np.array([adjoint_action(u) for u in one_qubit_group().unitaries])
    plane = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
    return one_qubit_halves(gates, plane @ np.abs(np.rint(rotations)) @ plane.T)


def _missing(gates: PairGates, effect: Real, state: Real) -> float:
    """Bound on what the other 19 representations of a pair add at any length.

    Plancherel: Sum_k d_k |F_k state|**2 is the mean of |S(g) state|**2 over the group, and
    likewise for the effect. What the two summed ones lack of it bounds the rest by
    Cauchy-Schwarz at m = 1; m - 1 more channels lengthen a vector by sqrt(n) at most
    (Perez-Garcia et al., J. Math. Phys. 47, 083506 (2006)).
    """
    states, effects = _squares(gates, effect, state)
    for sector in ("trivial", "traceless"):
        mean = halves(gates, sector)
        whole = mean.last @ mean.columns(state)
        states -= mean.rank * float(np.sum(whole**2))
        effects -= mean.rank * float(np.sum((mean.rows(effect) @ mean.first) ** 2))
    size = float(np.sqrt(np.prod(gates.levels)))
    return size * float(np.sqrt(max(states, 0.0) * max(effects, 0.0)))


def _squares(gates: PairGates, effect: Real, state: Real) -> tuple[float, float]:
    """Means over the group of |S(g) state|**2 and |effect S(g)|**2, both diagonal operators."""
    played = PairWords(gates)
    cores = [played.steps(steps) for steps in core_words(gates.control, gates.native).steps]
    turns = [quarter_turns(gates.levels, turn) for turn in product(range(4), repeat=2)]
    # Virtual Z before: coordinate f becomes sign[f] times coordinate source[f].
    begun = np.array([core @ state for core in cores])
    begun = np.concatenate([sign * begun[:, source] for source, sign in turns])
    states = effects = 0.0
    for turned, words in local_words().items():
        for steps in words.steps:
            local = played.steps(steps)
            states += 4 ** sum(turned) * float(np.sum((begun @ local.T) ** 2))
            row = effect @ local
            rows = np.array([row[source] * sign[source] for source, sign in turns])
            ends = sum(float(np.sum((rows @ core) ** 2)) for core in cores)
            effects += 4 ** sum(turned) * ends
    return states / PAIR_ORDER, effects / PAIR_ORDER
