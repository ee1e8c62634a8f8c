"""The compiled groups: sizes, pulse counts, closure, and what words are meant to be."""

from collections import Counter
from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.channels.ideal import PAIR_NATIVES, PairNative
from qtregress.rb.clifford import (
    LOCALS,
    MEAN_NATIVES,
    MEAN_SX,
    Local,
    Step,
    Word,
    concatenate,
    layers,
    mean_duration_s,
    one_qubit_group,
    pair_group,
    unitary_of,
)
from qtregress.rb.gateset import ID_SX, SX, SX_SX, OneQubitGates, PairGates, ideal_images

elements = st.integers(0, 11519)
every_native = pytest.mark.parametrize("native", PAIR_NATIVES)


def test_one_qubit_elements_are_24() -> None:
    """The 24 words are 24 different unitaries up to phase."""
    assert len(one_qubit_group().index) == 24


def test_one_qubit_pulse_classes() -> None:
    """4, 16 and 4 elements take 0, 1 and 2 sx."""
    assert Counter({0: 4, 1: 16, 2: 4}) == Counter(local.pulses for local in LOCALS)


def test_mean_sx_is_one() -> None:
    """A one-qubit Clifford takes exactly one sx on average."""
    assert one_qubit_group().mean_counts() == {SX: MEAN_SX}


def test_one_qubit_products_are_elements() -> None:
    """All 576 products of two elements are elements."""
    group = one_qubit_group()
    products = {group.find(a @ b) for a in group.unitaries for b in group.unitaries}

    assert set(range(24)) == products


@every_native
@pytest.mark.parametrize("control", [0, 1])
def test_pair_elements_are_11520(control: Literal[0, 1], native: PairNative) -> None:
    """Words of any native in either direction are 11520 different unitaries up to phase."""
    assert len(pair_group(control, native).index) == 11520


@every_native
@pytest.mark.parametrize("control", [0, 1])
def test_pair_classes(control: Literal[0, 1], native: PairNative) -> None:
    """576, 5184, 5184 and 576 elements take 0, 1, 2 and 3 natives."""
    group = pair_group(control, native)
    counts = Counter(
        sum(step.native == native for step in group.word(i).steps) for i in range(group.order)
    )

    assert Counter({0: 576, 1: 5184, 2: 5184, 3: 576}) == counts


@every_native
@pytest.mark.parametrize("control", [0, 1])
def test_mean_native_is_three_halves(control: Literal[0, 1], native: PairNative) -> None:
    """A two-qubit Clifford takes exactly 1.5 cx, cz or ecr on average."""
    assert pair_group(control, native).mean_counts()[native] == MEAN_NATIVES


@every_native
@pytest.mark.parametrize("control", [0, 1])
def test_mean_counts_are_those_of_the_words(control: Literal[0, 1], native: PairNative) -> None:
    """Counts by parts agree with counts of whole words."""
    group = pair_group(control, native)
    counts = Counter(step.native for i in range(group.order) for step in group.word(i).steps)
    whole = {name: count / group.order for name, count in counts.items()}

    assert whole == pytest.approx(group.mean_counts(), rel=1e-14)


@every_native
@pytest.mark.parametrize("control", [0, 1])
def test_all_natives_make_one_group(control: Literal[0, 1], native: PairNative) -> None:
    """Every element compiled with cx exists with any native in either direction."""
    assert pair_group(0).index.keys() == pair_group(control, native).index.keys()


@pytest.mark.parametrize(("native", "layers_of_180"), [("cx", 437), ("cz", 446), ("ecr", 437)])
def test_mean_layers(native: PairNative, layers_of_180: int) -> None:
    """A mean Clifford plays as many one-qubit layers with ecr as with cx, 2 % more with cz."""
    counts = pair_group(0, native).mean_counts()

    assert sum(counts.values()) - counts[native] == pytest.approx(layers_of_180 / 180, rel=1e-14)


@given(elements, elements, st.sampled_from([0, 1]), st.sampled_from(PAIR_NATIVES))
def test_pair_products_are_elements(
    left: int, right: int, control: Literal[0, 1], native: PairNative
) -> None:
    """The product of two elements is an element."""
    group = pair_group(control, native)
    product = group.unitaries[left] @ group.unitaries[right]

    assert 0 <= group.find(product) < 11520


@given(elements, st.sampled_from([0, 1]), st.sampled_from(PAIR_NATIVES))
def test_unitary_is_that_of_the_word(
    element: int, control: Literal[0, 1], native: PairNative
) -> None:
    """An element's unitary is what its word plays."""
    group = pair_group(control, native)
    images = ideal_images(transmons=2, control=control, native=native)

    played = unitary_of(group.word(element), images)
    np.testing.assert_allclose(group.unitaries[element], played, atol=1e-12)


@given(st.lists(elements, max_size=20))
def test_inverse_undoes_a_sequence(sequence: list[int]) -> None:
    """A sequence and its inverse make the identity up to phase."""
    group = pair_group(0)
    total = np.eye(4, dtype=np.complex128)
    for element in [*sequence, group.inverse_of(sequence)]:
        total = group.unitaries[element] @ total

    assert abs(np.trace(total)) == pytest.approx(4, abs=1e-10)


@given(st.lists(st.integers(0, 23), min_size=1, max_size=20))
def test_concatenation_plays_every_word(sequence: list[int]) -> None:
    """One long word is the product of its words: virtual Z moves, pulses do not merge."""
    group = one_qubit_group()
    expected = np.eye(2, dtype=np.complex128)
    for element in sequence:
        expected = group.unitaries[element] @ expected
    word = concatenate([group.word(element) for element in sequence])

    played = unitary_of(word, ideal_images(transmons=1))
    np.testing.assert_allclose(expected, played, atol=1e-12)


def test_unequal_pulse_counts_align_to_the_start() -> None:
    """The qubit with one sx plays in the first layer and takes its last virtual Z at the end."""
    word = layers(Local(1, 1, 3), Local(2, 2, 0))

    assert Word((Step(SX_SX, (1, 2)), Step(ID_SX, (0, 0))), (3, 0)) == word


def test_no_clifford_is_not_found() -> None:
    """A T gate is no element."""
    with pytest.raises(KeyError, match="b'"):
        one_qubit_group().find(np.diag([1, np.exp(0.25j * np.pi)]))


def test_mean_duration_of_one_qubit_is_that_of_sx(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """A one-qubit Clifford lasts one sx on average."""
    assert mean_duration_s(noisy_qubit()) == pytest.approx(35e-9, rel=1e-14)


def test_mean_duration_of_a_pair(noisy_pair: Callable[..., PairGates]) -> None:
    """A pair's Clifford lasts 1.5 cx and 437/180 layers on average."""
    expected = 1.5 * 300e-9 + 437 / 180 * 35e-9

    assert mean_duration_s(noisy_pair()) == pytest.approx(expected, rel=1e-14)
