"""Infidelity, distance and error vector of lossless gates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.stats import unitary_group

from qtregress.channels.unitary_error import (
    coherent_distance,
    error_vector,
    infidelity,
    paulis,
    polar_unitary,
)

Complex = NDArray[np.complex128]

seeds = st.integers(0, 2**32 - 1)
qubit_counts = st.sampled_from([1, 2])
X = np.array([[0, 1], [1, 0]], dtype=complex)


def random_unitary(qubits: int, seed: int) -> Complex:
    """A unitary drawn by Haar measure."""
    return np.asarray(unitary_group.rvs(2**qubits, random_state=seed))


def small_error(qubits: int, seed: int, size: float) -> tuple[Complex, NDArray[np.float64]]:
    """exp(i sum v_k P_k) with a vector v of that length, and v."""
    vector = np.random.default_rng(seed).normal(size=4**qubits - 1)
    vector *= size / np.linalg.norm(vector)
    return np.asarray(expm(1j * np.einsum("k,kij->ij", vector, paulis(qubits)))), vector


@given(qubits=qubit_counts, seed=seeds, phase=st.floats(-4, 4))
def test_a_gate_is_itself_up_to_global_phase(qubits: int, seed: int, phase: float) -> None:
    """A unitary's infidelity against itself is zero, whatever its global phase."""
    unitary = random_unitary(qubits, seed)

    assert infidelity(np.exp(1j * phase) * unitary, unitary) == pytest.approx(0, abs=1e-14)


def test_infidelity_of_a_rotation() -> None:
    """A rotation by t misses the identity by (2/3) sin^2(t/2)."""
    turned = np.diag([1, np.exp(0.3j)])

    expected = 2 / 3 * np.sin(0.15) ** 2
    assert infidelity(turned, np.eye(2, dtype=complex)) == pytest.approx(expected, rel=1e-12)


def test_infidelity_counts_what_left() -> None:
    """A gate that loses the amplitude of one state misses by 1 - (1 + 1) / 6."""
    block = np.diag([1.0, 0.0]).astype(complex)

    assert infidelity(block, np.eye(2, dtype=complex)) == pytest.approx(2 / 3, rel=1e-12)


@pytest.mark.parametrize("qubits", [1, 2])
def test_equal_unitaries_have_no_distance(qubits: int) -> None:
    """The distance between a unitary and itself is exactly zero."""
    unitaries = [random_unitary(qubits, seed) for seed in range(20)]

    assert [coherent_distance(unitary, unitary) for unitary in unitaries] == [0.0] * 20


def test_distance_of_no_number_is_no_zero() -> None:
    """A block that is not a number is at no distance, not at distance zero."""
    nothing = np.full((2, 2), np.nan, dtype=complex)

    with np.errstate(all="ignore"):
        found = coherent_distance(nothing, np.eye(2, dtype=complex))

    assert np.isnan(found)


@given(qubits=qubit_counts, new=seeds, old=seeds)
def test_distance_of_unitaries_is_their_infidelity(qubits: int, new: int, old: int) -> None:
    """Between unitaries the distance is 1 - F_avg, and the same both ways."""
    one, other = random_unitary(qubits, new), random_unitary(qubits, old)
    found = coherent_distance(one, other)

    assert found == pytest.approx(infidelity(one, other), abs=1e-14)
    assert found == pytest.approx(coherent_distance(other, one), abs=1e-14)


@given(qubits=qubit_counts, seed=seeds, size=st.floats(1e-4, 0.03))
def test_error_vector_squared_is_the_infidelity(qubits: int, seed: int, size: float) -> None:
    """The error vector's squared length is (d + 1) / d times the infidelity, to 1 %."""
    d, ideal = 2**qubits, random_unitary(qubits, seed)
    block = ideal @ small_error(qubits, seed, size)[0]

    length = float(np.sum(error_vector(block, ideal) ** 2))

    assert length == pytest.approx((d + 1) / d * infidelity(block, ideal), rel=0.01)


@given(qubits=qubit_counts, seed=seeds, size=st.floats(0, 0.01), phase=st.floats(-4, 4))
def test_error_vector_is_the_errors_generator(
    qubits: int, seed: int, size: float, phase: float
) -> None:
    """The error vector is the error's generator to third order, whatever the global phase."""
    ideal = random_unitary(qubits, seed)
    error, vector = small_error(qubits, seed, size)

    found = error_vector(np.exp(1j * phase) * ideal @ error, ideal)

    # second-order terms are Hermitian products and cancel in the imaginary part
    assert np.abs(found - vector).max() <= 2 * size**3 + 1e-13


def test_error_vector_of_a_traceless_error_is_finite() -> None:
    """Even of a gate orthogonal to its ideal the error vector is finite."""
    with np.errstate(all="ignore"):
        found = error_vector(X, np.eye(2, dtype=complex))

    assert np.isfinite(found).all()


@given(qubits=qubit_counts, seed=seeds, shrink=st.floats(0.5, 1))
def test_polar_unitary_undoes_shrinking(qubits: int, seed: int, shrink: float) -> None:
    """The unitary nearest to a shrunken unitary is the unitary."""
    unitary = random_unitary(qubits, seed)

    assert np.abs(polar_unitary(shrink * unitary) - unitary).max() < 1e-12


@pytest.mark.parametrize("qubits", [1, 2])
def test_paulis_are_orthogonal(qubits: int) -> None:
    """Different Pauli products are orthogonal, each of squared norm d, the identity left out."""
    flat = paulis(qubits).reshape(4**qubits - 1, -1)

    assert np.array_equal(flat.conj() @ flat.T, 2**qubits * np.eye(4**qubits - 1))
