"""Clifford elements as pulses: the superoperators of words, products shared."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Literal

import numpy as np

from qtregress.channels.ideal import PairNative
from qtregress.rb.clifford import Local, Step, Word, layers, pair_group, unitary_of
from qtregress.rb.coordinates import Real, adjoint_action, quarter_turns, real_form
from qtregress.rb.gateset import (
    Complex,
    Gates,
    PairGates,
    ideal_images,
    levels_of,
    natives,
    tensor,
    virtual_z,
)


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
