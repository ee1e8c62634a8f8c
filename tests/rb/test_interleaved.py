"""Interleaved benchmarking against closed forms, explicit sums and the true error."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigvals, expm

from qtregress.rb.clifford import one_qubit_group
from qtregress.rb.exact import exact_decay, explicit_mean
from qtregress.rb.gateset import (
    CX,
    Complex,
    OneQubitGates,
    PairGates,
    ideal_images,
    native_image,
    natives,
    sx_image,
)
from qtregress.rb.interleaved import interleaved_decay, systematic_bound
from qtregress.rb.words import play_word
from tests.rb.conftest import Bath, pair_of, random_channel, square_sx, unitary_map
from tests.rb.test_exact import average_error, depolarising

pytestmark = pytest.mark.physics
X: Complex = np.array([[0, 1], [1, 0]], dtype=np.complex128)


def qubit_of(sx: Complex, levels: int = 2) -> OneQubitGates:
    """Gates of one qubit."""
    return OneQubitGates(levels=levels, sx=sx, sx_duration_s=35e-9)


def perfect() -> OneQubitGates:
    """A qubit without errors."""
    return qubit_of(unitary_map(sx_image()))


@pytest.mark.parametrize("kept", [0.9, 0.999])
def test_depolarising_gate_is_estimated_exactly(kept: float) -> None:
    """A gate that keeps x of every Bloch vector has the estimate (1 - x)/2, its true error."""
    gates = qubit_of(depolarising(2, 0.99) @ unitary_map(sx_image()))
    found = interleaved_decay(gates, depolarising(2, kept) @ unitary_map(X), X, exact_decay(gates))

    assert found.error == pytest.approx((1 - kept) / 2, abs=1e-12)
    assert found.true_error == pytest.approx((1 - kept) / 2, abs=1e-12)


def test_depolarising_cx_is_estimated_exactly() -> None:
    """A cx that keeps 0.97 of every traceless operator has the estimate 3/4 of 0.03."""
    images = ideal_images(transmons=2)
    maps = {name: depolarising(4, 0.99) @ unitary_map(image) for name, image in images.items()}
    gates = pair_of(maps, (2, 2), 0)
    cx = depolarising(4, 0.97) @ unitary_map(native_image(CX, control=1))
    found = interleaved_decay(gates, cx, native_image(CX, control=1), exact_decay(gates))

    assert found.error == pytest.approx(0.0225, abs=1e-12)
    assert found.true_error == pytest.approx(0.0225, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), strength=st.floats(0.001, 0.15))
@settings(max_examples=25, deadline=None)
def test_perfect_cliffords_show_the_true_error(seed: int, strength: float) -> None:
    """With Cliffords that do not err the estimate is 1 - F_avg of any channel."""
    noise = random_channel(2, strength, np.random.default_rng(seed))
    gates = perfect()
    found = interleaved_decay(gates, noise @ unitary_map(X), X, exact_decay(gates))

    assert found.error == pytest.approx(average_error(noise), abs=1e-12)
    assert found.true_error == pytest.approx(average_error(noise), abs=1e-12)


@pytest.mark.parametrize("angle", [0.01, 0.2])
def test_over_rotation_has_its_closed_form(angle: float) -> None:
    """An angle too large by a errs by (2/3) sin(a/2)**2."""
    turn = expm(-0.5j * angle * X)
    gates = perfect()
    found = interleaved_decay(gates, unitary_map(turn @ X), X, exact_decay(gates))

    assert found.error == pytest.approx(2 / 3 * np.sin(angle / 2) ** 2, abs=1e-12)


@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.parametrize("element", range(0, 24, 5))
def test_decay_is_that_of_the_explicit_sum(
    noisy_qubit: Callable[..., OneQubitGates], levels: int, element: int
) -> None:
    """It is the eigenvalue of the mean over C g of adj kron S_C S(g), leakage included."""
    gates, group = noisy_qubit(levels, rotation=1.05), one_qubit_group()
    ideal = group.unitaries[element]
    gate = square_sx(levels, Bath(), rotation=0.1) @ play_word(gates, group.word(element))
    maps = np.array([gate @ play_word(gates, group.word(i)) for i in range(group.order)])
    spectrum = eigvals(explicit_mean(ideal @ group.unitaries, maps))
    found = interleaved_decay(gates, gate, ideal, exact_decay(gates))

    assert found.p == pytest.approx(np.max(np.abs(spectrum)), abs=1e-12)


def test_pair_estimate_lies_within_its_bound(random_pair: Callable[..., PairGates]) -> None:
    """The true error of a pair's cx differs from the estimate, but by less than the bound."""
    gates = random_pair((3, 2), strength=0.02)
    found = interleaved_decay(gates, natives(gates)[CX], native_image(CX), exact_decay(gates))

    assert found.status == "ok"
    assert found.error is not None
    assert found.bound is not None
    assert 1e-6 < abs(found.error - found.true_error) <= found.bound


def test_estimate_of_a_gate_that_undoes_errors_is_too_low() -> None:
    """A gate that turns too little after Cliffords that turn too far looks too good."""
    gates = qubit_of(unitary_map(expm(-0.05j * X) @ sx_image()))
    under = unitary_map(expm(0.05j * X) @ sx_image())
    found = interleaved_decay(gates, under, sx_image(), exact_decay(gates))

    assert found.error is not None
    assert found.bound is not None
    assert found.true_error - found.bound <= found.error < found.true_error


@pytest.mark.parametrize(
    ("p", "together", "dimension", "expected"),
    [
        (0.99, 0.98, 2, 0.5 * (0.99 - 0.98 / 0.99 + 0.01)),
        (0.99, 0.97, 4, 0.75 * (0.99 - 0.97 / 0.99 + 0.01)),
        (1.0, 0.9, 2, 0.0),
    ],
)
def test_bound_is_that_of_magesan(
    p: float, together: float, dimension: int, expected: float
) -> None:
    """The smaller of two bounds; Cliffords that do not err leave no doubt."""
    assert systematic_bound(p, together, dimension=dimension) == pytest.approx(expected, abs=1e-15)


def test_second_bound_wins_where_the_gate_is_far_worse() -> None:
    """At p = 0.9999 and p_C = 0.5 the second bound is the smaller one."""
    expected = 2 * 3 * 1e-4 / (0.9999 * 4) + 4 * 0.01 * 3**0.5 / 0.9999

    assert systematic_bound(0.9999, 0.5, dimension=2) == pytest.approx(expected, rel=1e-9)


def test_without_a_reference_there_is_no_estimate(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """Broken Cliffords leave only the true error."""
    gates = noisy_qubit(3, detuning_hz=42e6)
    found = interleaved_decay(gates, gates.sx, sx_image(), exact_decay(gates))

    assert (found.p, found.error, found.bound, found.status) == (None, None, None, "reference")
    assert found.true_error > 0.01


def test_gate_that_is_another_has_no_estimate() -> None:
    """An idle gate called x is never benchmarked as a number."""
    gates = qubit_of(depolarising(2, 0.99) @ unitary_map(sx_image()))
    found = interleaved_decay(gates, np.eye(4, dtype=np.complex128), X, exact_decay(gates))

    assert (found.p, found.error, found.bound) == (None, None, None)
    assert found.status != "ok"
    assert found.true_error == pytest.approx(2 / 3, abs=1e-12)


def test_gates_outside_the_group_are_refused() -> None:
    """An eighth of a turn is no Clifford."""
    turn = np.diag([1, np.exp(0.25j * np.pi)])

    with pytest.raises(ValueError, match="must be a Clifford"):
        interleaved_decay(perfect(), unitary_map(turn), turn, exact_decay(perfect()))


def test_gates_on_other_levels_are_refused() -> None:
    """A map of three levels cannot follow Cliffords of two."""
    gate = square_sx(3, Bath())

    with pytest.raises(ValueError, match="must have shape"):
        interleaved_decay(perfect(), gate, sx_image(), exact_decay(perfect()))
