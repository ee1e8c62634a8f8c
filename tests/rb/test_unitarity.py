"""Unitarity against closed forms, every element of the group, and leakage levels kept."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigvals, expm

from qtregress.channels.ideal import PAIR_NATIVES, PairNative
from qtregress.rb.clifford import one_qubit_group, pair_group
from qtregress.rb.coordinates import computational_states
from qtregress.rb.gateset import (
    CX,
    ID_SX,
    SX_ID,
    SX_SX,
    Complex,
    OneQubitGates,
    PairGates,
    ideal_images,
    sx_image,
)
from qtregress.rb.unitarity import (
    clifford_coherence,
    gate_coherence,
    purity_curve,
    purity_mean,
    transfer_matrix,
)
from qtregress.rb.words import play_word
from tests.rb.conftest import (
    Bath,
    generator,
    jumps,
    on_levels,
    pair_of,
    random_channel,
    unitary_map,
)
from tests.rb.test_exact import all_maps, average_error, depolarising

pytestmark = pytest.mark.physics
INSIDE = np.arange(2)
ONE: Complex = np.eye(2, dtype=np.complex128)
X: Complex = np.array([[0, 1], [1, 0]], dtype=np.complex128)


def qubit_of(sx: Complex, levels: int = 2) -> OneQubitGates:
    """Gates of one qubit."""
    return OneQubitGates(levels=levels, sx=sx, sx_duration_s=35e-9)


def idling(time_s: float, bath: Bath) -> Complex:
    """A qubit left alone in its bath."""
    return np.asarray(
        expm(generator(np.zeros((2, 2), dtype=np.complex128), jumps(2, bath)) * time_s)
    )


@pytest.mark.parametrize("angle", [1e-3, 0.3])
def test_over_rotation_is_coherent(angle: float) -> None:
    """An angle too large by a has u = 1, and all of (2/3) sin(a/2)**2 is coherent."""
    found = gate_coherence(unitary_map(expm(-0.5j * angle * X) @ X), INSIDE, X)

    assert found.unitarity == pytest.approx(1, abs=1e-12)
    assert found.incoherent == pytest.approx(0, abs=1e-12)
    assert found.coherent == pytest.approx(2 / 3 * np.sin(angle / 2) ** 2, abs=1e-12)


@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_depolarising_is_incoherent(kept: float) -> None:
    """Keeping x of every Bloch vector has u = x**2, and nothing is coherent."""
    found = gate_coherence(depolarising(2, kept) @ unitary_map(X), INSIDE, X)

    assert found.unitarity == pytest.approx(kept**2, abs=1e-12)
    assert found.incoherent == pytest.approx((1 - kept) / 2, abs=1e-12)
    assert found.coherent == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("photons", [0.0, 0.05])
def test_relaxation_has_its_closed_form(photons: float) -> None:
    """T1 and T2 give u = (2 exp(-2t/T2) + exp(-2t/T1))/3, at any temperature."""
    t, bath = 300e-9, Bath(photons=photons)
    t2 = 1 / (0.5 / bath.t1_s + 1 / bath.dephasing_s)
    found = gate_coherence(idling(t, bath), INSIDE, ONE)
    expected = (2 * np.exp(-2 * t / t2) + np.exp(-2 * t / bath.t1_s)) / 3

    assert found.unitarity == pytest.approx(expected, abs=1e-12)
    assert found.coherent is not None
    assert 0 <= found.coherent < 1e-3 * found.error


def test_amplitude_damping_has_its_closed_form() -> None:
    """Damping by g has u = (2 (1 - g) + (1 - g)**2)/3: what it adds to |0> does not count."""
    g = 0.1
    kept = np.diag([1, np.sqrt(1 - g)]).astype(np.complex128)
    fallen = np.array([[0, np.sqrt(g)], [0, 0]], dtype=np.complex128)
    found = gate_coherence(unitary_map(kept) + unitary_map(fallen), INSIDE, ONE)

    assert found.unitarity == pytest.approx((2 * (1 - g) + (1 - g) ** 2) / 3, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), strength=st.floats(0, 1), pair=st.booleans())
@settings(max_examples=40, deadline=None)
def test_no_channel_errs_less_than_its_incoherent_part(
    seed: int, strength: float, *, pair: bool
) -> None:
    """The incoherent part bounds the error of every channel, and u lies between 0 and 1."""
    d = 4 if pair else 2
    noise = random_channel(d, strength, np.random.default_rng(seed))
    found = gate_coherence(noise, np.arange(d), np.eye(d, dtype=np.complex128))

    assert found.unitarity is not None
    assert found.coherent is not None
    assert 0 <= found.unitarity <= 1
    assert found.error == pytest.approx(average_error(noise), abs=1e-12)
    assert found.coherent >= -1e-12


def test_leaked_population_is_incoherent() -> None:
    """A rotation into a leakage level costs coherence that the qubit does not get back."""
    turn = np.eye(3, dtype=np.complex128)
    turn[1:, 1:] = expm(-0.1j * X)
    found = gate_coherence(unitary_map(turn), INSIDE, ONE)
    c = np.cos(0.1)

    # X and Y keep c, Z and the identity mix: Z keeps (1 + c**2)/2.
    assert found.unitarity == pytest.approx((2 * c**2 + ((1 + c**2) / 2) ** 2) / 3, abs=1e-12)


@pytest.mark.parametrize("bad", [1.01, np.nan])
def test_maps_that_are_no_channels_have_no_unitarity(bad: float) -> None:
    """A map that lengthens Bloch vectors, or is no number, is never called unitary."""
    found = gate_coherence(bad * np.eye(4, dtype=np.complex128), INSIDE, ONE)

    assert (found.unitarity, found.incoherent, found.coherent) == (None, None, None)
    assert found.status == "growing"


def test_clifford_of_depolarising_pulses_has_its_closed_form() -> None:
    """Purity falls by the mean of what 0, 1 and 2 pulses keep, squared."""
    x = 0.98
    found = clifford_coherence(qubit_of(depolarising(2, x) @ unitary_map(sx_image())))

    assert found.unitarity == pytest.approx((4 + 16 * x**2 + 4 * x**4) / 24, abs=1e-12)


def test_over_rotated_cliffords_lose_no_purity() -> None:
    """Where every pulse is unitary the whole error of a Clifford is coherent."""
    found = clifford_coherence(qubit_of(unitary_map(expm(-0.02j * X) @ sx_image())))

    assert found.unitarity == pytest.approx(1, abs=1e-12)
    assert found.coherent == pytest.approx(found.error, abs=1e-12)
    assert found.error > 1e-4


@pytest.mark.parametrize("control", [0, 1])
def test_depolarising_natives_of_a_pair_have_their_closed_form(control: Literal[0, 1]) -> None:
    """A pair's purity falls by the mean over elements of the square of what they keep."""
    kept = {SX_SX: 0.99, SX_ID: 0.995, ID_SX: 0.996, CX: 0.97}
    images = ideal_images(transmons=2, control=control)
    maps = {name: depolarising(4, kept[name]) @ unitary_map(u) for name, u in images.items()}
    group = pair_group(control)
    products = [
        np.prod([kept[step.native] for step in group.word(i).steps]) for i in range(group.order)
    ]
    found = clifford_coherence(pair_of(maps, (2, 2), control))

    assert found.unitarity == pytest.approx(np.mean(np.square(products)), abs=1e-12)


@pytest.mark.parametrize("native", PAIR_NATIVES)
@pytest.mark.parametrize("control", [0, 1])
def test_pair_mean_is_that_of_all_elements(
    random_pair: Callable[..., PairGates], control: Literal[0, 1], native: PairNative
) -> None:
    """The mean of T kron T equals the explicit one over all 11520 elements."""
    gates = random_pair((2, 2), control, native=native)
    _, maps = all_maps(gates)
    found = np.array([transfer_matrix(one, np.arange(4)) for one in maps]).reshape(len(maps), -1)
    expected = (found.T @ found / len(maps)).reshape((16,) * 4).transpose(0, 2, 1, 3)

    np.testing.assert_allclose(purity_mean(gates), expected.reshape(256, 256), atol=1e-12)


@pytest.mark.parametrize(("element", "levels"), [(0, (3, 2)), (4711, (3, 2)), (11519, (2, 3))])
def test_transfer_matrix_is_of_the_computational_block(
    random_pair: Callable[..., PairGates], element: int, levels: tuple[int, int]
) -> None:
    """Its corner is 1 - L1, and a perfect element is a signed permutation of operators."""
    word = pair_group(0).word(element)
    found = transfer_matrix(
        play_word(random_pair(levels, strength=0.0), word), computational_states(levels)
    )

    np.testing.assert_allclose(np.abs(found).sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(np.abs(found).max(axis=1), 1, atol=1e-12)


def test_leakage_between_cliffords_hardly_matters() -> None:
    """Keeping all three levels of two copies moves 1 - u by less than a thousandth."""
    still = np.zeros((3, 3), dtype=np.complex128)
    bath = expm(generator(still, jumps(3, Bath(photons=0.01))) * 35e-9)
    pulse = on_levels(expm(-0.01j * X) @ sx_image(), (3,))
    gates, group = qubit_of(bath @ unitary_map(pulse), 3), one_qubit_group()
    maps = [play_word(gates, group.word(i)) for i in range(group.order)]
    whole = sum(np.kron(one, one) for one in maps) / group.order
    spectrum = np.abs(eigvals(whole))
    found = clifford_coherence(gates)

    assert found.unitarity is not None
    nearest = spectrum[np.argmin(np.abs(spectrum - found.unitarity))]
    assert 1 - found.unitarity == pytest.approx(1 - nearest, rel=1e-3)
    assert abs(found.unitarity - nearest) > 1e-14


def test_purity_of_perfect_gates_stays() -> None:
    """Pure states stay pure under perfect gates."""
    found = purity_curve(qubit_of(unitary_map(sx_image())), [0, 1, 100])

    np.testing.assert_allclose(found, 1, atol=1e-12)


def test_purity_falls_to_that_of_the_mixed_state(noisy_pair: Callable[..., PairGates]) -> None:
    """A pair ends at 1/4, and on the way falls with the unitarity."""
    gates = noisy_pair(bath=Bath(t1_s=6e-6, dephasing_s=8e-6))
    first, second, third, last = purity_curve(gates, [5, 6, 7, 500])

    assert last == pytest.approx(0.25, abs=0.01)
    ratio = (third - second) / (second - first)
    assert clifford_coherence(gates).unitarity == pytest.approx(ratio, abs=1e-6)


def test_pulses_that_are_far_off_have_no_unitarity(random_pair: Callable[..., PairGates]) -> None:
    """Where the purity has no single decay only the error is left."""
    found = clifford_coherence(random_pair(strength=1.0))

    assert (found.unitarity, found.incoherent, found.coherent) == (None, None, None)
    assert found.status == "crowded"
    assert found.error > 0.5


def test_negative_lengths_are_refused() -> None:
    """A sequence of fewer than no Cliffords is refused."""
    with pytest.raises(ValueError, match="lengths must be at least 0"):
        purity_curve(qubit_of(unitary_map(sx_image())), [-1])
