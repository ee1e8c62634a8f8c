"""Random sequences of Cliffords in native gates, from a seed plan."""

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np

from qtregress.rb.clifford import CliffordGroup, Step, Word, group_of
from qtregress.rb.gateset import Gates, Integers

Circuit = tuple[Step, ...]
Engine = Literal["composition", "aer"]

FEWEST_SEQUENCES: Final = 4
SEQUENCES, SHOTS, RESAMPLING, RUN_ORDER = range(4)
"""What each of a seed's streams of random numbers is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePlan:
    """What is played.

    Attributes:
        lengths: numbers of random Cliffords before the inverse.
        sequences: random sequences of each length, at least 4.
        shots: repetitions of each sequence.
        seed: the streams of every qubit, pair and length follow from it.
    """

    lengths: tuple[int, ...]
    sequences: int
    shots: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse plans that cannot give an error bar."""
        if self.sequences < FEWEST_SEQUENCES:
            raise ValueError(f"sequences must be at least 4, but is {self.sequences}")
        if self.shots < 1 or min(self.lengths) < 1:
            raise ValueError(
                f"shots and lengths must be positive, but are {self.shots} and {self.lengths}"
            )


def random_circuits(
    gates: Gates, plan: SamplePlan, *, qubits: tuple[int, ...], length: int
) -> tuple[Circuit, ...]:
    """All random sequences of one length, each followed by its inverse.

    The virtual Z after the last pulse is left out: no population feels it.

    Args:
        gates: natives of one qubit or of a pair.
        plan: how many sequences, and the seed.
        qubits: indices on the chip.
        length: number of random Cliffords.
    """
    group = group_of(gates)
    rng = np.random.default_rng(stream(plan, qubits, length, SEQUENCES))
    draws = rng.integers(group.order, size=(plan.sequences, length))
    book = _book(group)
    every = np.concatenate([draws, _inverses(group, draws)[:, None]], axis=1)
    return tuple(book.circuit(row) for row in every)


# Circuits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Book:
    """The words of a group's cores and then of its local gates, as arrays.

    Attributes:
        locals: how many local gates there are.
        cores: how many cores there are.
        names: natives that the words play.
        plays: position in ``names`` of each step, shape (words, longest), -1 after the last.
        before: virtual Z since the word began, that of the step included, shape
            (words, longest, transmons).
        whole: virtual Z of the whole word, shape (words, transmons).
        steps: every step there is, by native and then by turns in base 4.
    """

    locals: int
    cores: int
    names: tuple[str, ...]
    plays: Integers
    before: Integers
    whole: Integers
    steps: tuple[Step, ...]

    def circuit(self, elements: Integers) -> Circuit:
        """Elements played in that order; turns at a seam add up, pulses never merge."""
        core, local = np.divmod(elements, self.locals)
        words = np.stack([core, self.cores + local], axis=1).reshape(-1)
        plays = self.plays[words]
        real = plays >= 0
        earlier = np.cumsum(self.whole[words], axis=0) - self.whole[words]
        total = (earlier[:, None] + self.before[words])[real]
        turns = np.diff(total, axis=0, prepend=0) % 4
        codes = plays[real] * 4 ** turns.shape[1] + turns @ quarter_places(turns.shape[1])
        return tuple(map(self.steps.__getitem__, codes.tolist()))


@cache
def _book(group: CliffordGroup) -> _Book:
    words = (*group.cores, *group.locals)
    transmons = len(words[0].turns)
    names = tuple(sorted({step.native for word in words for step in word.steps}))
    longest = max(len(word.steps) for word in words)
    plays = np.full((len(words), longest), -1)
    before = np.zeros((len(words), longest, transmons), dtype=np.int64)
    for k, word in enumerate(words):
        for j, step in enumerate(word.steps):
            plays[k, j] = names.index(step.native)
            before[k, j] = np.sum([one.turns for one in word.steps[: j + 1]], axis=0)
    return _Book(
        locals=len(group.locals),
        cores=len(group.cores),
        names=names,
        plays=plays,
        before=before,
        whole=np.array([_all_turns(word) for word in words]),
        steps=tuple(
            Step(name, tuple(map(int, turns)))
            for name in names
            for turns in np.ndindex((4,) * transmons)
        ),
    )


def _all_turns(word: Word) -> Integers:
    turns = [step.turns for step in word.steps] + [word.turns]
    return np.asarray(np.sum(turns, axis=0))


def quarter_places(transmons: int) -> Integers:
    """Weight of each transmon's turns in base 4, the last one counting fastest."""
    return 4 ** np.arange(transmons)[::-1]


def _inverses(group: CliffordGroup, elements: Integers) -> Integers:
    """Positions of the elements that undo each row, shape (rows,)."""
    size = group.unitaries.shape[-1]
    whole = np.tile(np.eye(size, dtype=np.complex128), (len(elements), 1, 1))
    for column in elements.T:
        whole = group.unitaries[column] @ whole
    return np.array([group.find(one.conj().T) for one in whole])


# Randomness and resampling


def stream(
    plan: SamplePlan, qubits: tuple[int, ...], length: int, purpose: int
) -> np.random.SeedSequence:
    """Random numbers that do not depend on which other qubits or lengths are measured.

    Args:
        plan: the seed.
        qubits: indices on the chip.
        length: number of random Cliffords, 0 for what all lengths share.
        purpose: what they are drawn for; each has its own number.
    """
    return np.random.SeedSequence(plan.seed, spawn_key=(*qubits, length, purpose))
