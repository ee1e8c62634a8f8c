"""The Clifford groups of one and two qubits, compiled to the natives.

One qubit, with virtual Z free: 4, 16 and 4 elements of 0, 1 and 2 sx pulses.
Two qubits: (c1 kron c2) after one of four cores of 0, 1, 2 and 3 cx, which have 1, 9, 9
and 1 variants (Corcoles et al., PRA 87, 030301 (2013), arXiv:1210.7011: 576 + 5184 + 5184 + 576).
Likewise with cz or ecr, which are cx between local Cliffords: the counts are the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final, Literal

import numpy as np

from qtregress.channels.ideal import PairNative
from qtregress.rb.gateset import (
    CX,
    CZ,
    ECR,
    ID_SX,
    SX,
    SX_ID,
    SX_SX,
    Complex,
    Gates,
    OneQubitGates,
    durations_s,
    ideal_images,
    virtual_z,
)

ONE_QUBIT_ORDER: Final = 24
PAIR_ORDER: Final = 11520
MEAN_SX: Final = 1.0
"""sx pulses per one-qubit Clifford."""
MEAN_NATIVES: Final = 1.5
"""cx, cz or ecr gates per two-qubit Clifford."""


@dataclass(frozen=True, slots=True)
class Step:
    """A native, and the virtual Z in quarter turns that each transmon takes before it."""

    native: str
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """Steps in time order, and the virtual Z in quarter turns after the last."""

    steps: tuple[Step, ...]
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Local:
    """A one-qubit gate: rz, then 0, 1 or 2 sx, then rz (quarter turns)."""

    before: int
    pulses: int
    after: int


LOCALS: Final = (
    *(Local(k, 0, 0) for k in range(4)),
    *(Local(k, 1, j) for k, j in product(range(4), range(4))),
    *(Local(k, 2, 0) for k in range(4)),
)
"""All 24 one-qubit Cliffords."""

# Which Pauli axis arrives at the axis that the core hands on as a local one. The control of
# a single cx or ecr hands on Z and its target X, both qubits of a cz hand on Z; of a core of
# two natives both hand on Y.
CONTROL_FIRST: Final = (Local(0, 0, 0), Local(0, 1, 0), Local(1, 1, 0))
TARGET_FIRST: Final = (Local(0, 0, 0), Local(1, 0, 0), Local(0, 1, 1))
EITHER_FIRST: Final = (Local(0, 0, 0), Local(1, 0, 0), Local(0, 1, 0))


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What cores play beside their natives, on the native's first and on its second qubit.

    Attributes:
        first: before the only native of a core.
        link: between two natives. Before a core with one link stands ``EITHER_FIRST``.
    """

    first: tuple[tuple[Local, ...], tuple[Local, ...]]
    link: tuple[Local, Local]


_RECIPES: Final[dict[PairNative, _Recipe]] = {
    # Between two cx: sx on the control, a quarter turn on the target.
    CX: _Recipe((CONTROL_FIRST, TARGET_FIRST), (Local(0, 1, 0), Local(1, 0, 0))),
    # Between Hadamards on its target cx is cz: they make Z of X and sx of the quarter turn.
    CZ: _Recipe((CONTROL_FIRST, CONTROL_FIRST), (Local(0, 1, 0), Local(0, 1, 0))),
    # CX is ECR, then X and a quarter turn on the control and sx on the target, up to phases:
    # in a link they merge with that of cx, after the last native with the local gates.
    ECR: _Recipe((CONTROL_FIRST, TARGET_FIRST), (Local(3, 1, 2), Local(2, 1, 3))),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CliffordGroup:
    """Every element is one of the cores, then one of the local gates.

    Attributes:
        cores: words played first.
        locals: words played last; element i is core i // len(locals), local i % len(locals).
        unitaries: what the elements are meant to be, shape (order, d, d).
        index: position of an element by its fingerprint.
    """

    cores: tuple[Word, ...]
    locals: tuple[Word, ...]
    unitaries: Complex
    index: dict[bytes, int]

    @property
    def order(self) -> int:
        """24 or 11520."""
        return len(self.unitaries)

    def word(self, element: int) -> Word:
        """How the element at that position is played."""
        core, local = divmod(element, len(self.locals))
        return concatenate((self.cores[core], self.locals[local]))

    def find(self, unitary: Complex) -> int:
        """Position of the element that equals ``unitary`` up to a phase.

        Raises:
            KeyError: it is no Clifford.
        """
        return self.index[fingerprints(unitary[None])[0]]

    def inverse_of(self, elements: Iterable[int]) -> int:
        """Position of the element that undoes ``elements`` played in that order."""
        whole = np.eye(self.unitaries.shape[-1], dtype=np.complex128)
        for element in elements:
            whole = self.unitaries[element] @ whole
        return self.find(whole.conj().T)

    def mean_counts(self) -> dict[str, float]:
        """Natives per element, by name."""
        total: Counter[str] = Counter()
        for part, times in ((self.cores, len(self.locals)), (self.locals, len(self.cores))):
            for word in part:
                for step in word.steps:
                    total[step.native] += times
        return {name: count / self.order for name, count in total.items()}


@cache
def one_qubit_group() -> CliffordGroup:
    """The 24 one-qubit Cliffords."""
    words = tuple(one_qubit_word(local) for local in LOCALS)
    return _group((Word((), (0,)),), words, ideal_images(transmons=1))


@cache
def pair_group(control: Literal[0, 1] = 0, native: PairNative = CX) -> CliffordGroup:
    """The 11520 two-qubit Cliffords; no pulses are merged between core and local gates.

    Args:
        control: which of the pair is the native's first qubit, of cx the control.
        native: the two-qubit gate they are made of.
    """
    words = tuple(layers(left, right) for left, right in product(LOCALS, LOCALS))
    images = ideal_images(transmons=2, control=control, native=native)
    return _group(tuple(_cores(control, native)), words, images)


def group_of(gates: Gates) -> CliffordGroup:
    """The group that those natives play."""
    if isinstance(gates, OneQubitGates):
        return one_qubit_group()
    return pair_group(gates.control, gates.native)


def mean_duration_s(gates: Gates) -> float:
    """Length of a Clifford, averaged over the group."""
    lengths = durations_s(gates)
    return sum(count * lengths[name] for name, count in group_of(gates).mean_counts().items())


def one_qubit_word(local: Local) -> Word:
    """The word of a one-qubit Clifford."""
    steps = tuple(Step(SX, (local.before if k == 0 else 0,)) for k in range(local.pulses))
    return Word(steps, (local.after + (0 if steps else local.before),))


def layers(left: Local, right: Local) -> Word:
    """Two local gates at once: rz first, pulses aligned to the start, rz last."""
    names = {(True, True): SX_SX, (True, False): SX_ID, (False, True): ID_SX}
    depth = max(left.pulses, right.pulses)
    before = (left.before, right.before)
    after = (left.after, right.after)
    if depth == 0:
        return Word((), (before[0] + after[0], before[1] + after[1]))
    steps = tuple(
        Step(names[k < left.pulses, k < right.pulses], before if k == 0 else (0, 0))
        for k in range(depth)
    )
    return Word(steps, after)


def concatenate(words: Iterable[Word]) -> Word:
    """One word that plays several: turns at a seam add up, pulses never merge."""
    steps: list[Step] = []
    pending: tuple[int, ...] | None = None
    for word in words:
        carried = (0,) * len(word.turns) if pending is None else pending
        for k, step in enumerate(word.steps):
            steps.append(Step(step.native, _add(carried, step.turns)) if k == 0 else step)
        pending = word.turns if word.steps else _add(carried, word.turns)
    return Word(tuple(steps), pending or ())


def unitary_of(word: Word, images: dict[str, Complex]) -> Complex:
    """The unitary a word is meant to be, shape (d, d).

    Args:
        word: natives and virtual Z.
        images: ideal unitaries by native name.
    """
    qubits = (2,) * len(word.turns)
    total = np.eye(2 ** len(qubits), dtype=np.complex128)
    for step in word.steps:
        total = images[step.native] @ (virtual_z(qubits, step.turns)[:, None] * total)
    return virtual_z(qubits, word.turns)[:, None] * total


def fingerprints(unitaries: Complex) -> list[bytes]:
    """One key per Clifford, the same for all its global phases.

    Entries of Clifford unitaries are 0 or at least 1/2 in size, and after the first such
    entry is made positive the values lie far from every rounding edge.

    Args:
        unitaries: shape (count, d, d).
    """
    flat = np.asarray(unitaries, dtype=np.complex128).reshape(len(unitaries), -1)
    first = np.argmax(np.abs(flat) > 0.3, axis=1)  # noqa: PLR2004 - between 0 and 1/2
    pivot = flat[np.arange(len(flat)), first]
    aligned = flat * (np.abs(pivot) / pivot)[:, None]
    digits = np.round(8 * aligned.view(np.float64)).astype(np.int8)
    return [row.tobytes() for row in digits]


def _group(
    cores: tuple[Word, ...], last: tuple[Word, ...], images: dict[str, Complex]
) -> CliffordGroup:
    first = np.array([unitary_of(word, images) for word in cores])
    then = np.array([unitary_of(word, images) for word in last])
    unitaries = (then[None] @ first[:, None]).reshape(-1, *first.shape[1:])
    index = {key: i for i, key in enumerate(fingerprints(unitaries))}
    return CliffordGroup(cores=cores, locals=last, unitaries=unitaries, index=index)


def _cores(control: Literal[0, 1], native: PairNative) -> Iterator[Word]:
    recipe = _RECIPES[native]
    gate = Word((Step(native, (0, 0)),), (0, 0))
    link = _place(*recipe.link, control=control)
    yield Word((), (0, 0))
    for first in product(*recipe.first):
        yield concatenate((_place(*first, control=control), gate))
    for first in product(EITHER_FIRST, EITHER_FIRST):
        yield concatenate((_place(*first, control=control), gate, link, gate))
    yield concatenate((gate, link, gate, link, gate))


def _place(on_control: Local, on_target: Local, *, control: Literal[0, 1]) -> Word:
    return layers(on_control, on_target) if control == 0 else layers(on_target, on_control)


def _add(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    return tuple((a + b) % 4 for a, b in zip(left, right, strict=True))
