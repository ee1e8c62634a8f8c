"""Fidelity and leakage of maps, against those of the unitaries they come from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import unitary_group

from qtregress.channels.channel import average_fidelity, leakage
from qtregress.channels.unitary_error import infidelity

Complex = NDArray[np.complex128]

seeds = st.integers(0, 2**32 - 1)
COMPUTATIONAL = {3: np.array([0, 1]), 9: np.array([0, 1, 3, 4])}
dimensions = st.sampled_from(sorted(COMPUTATIONAL))


def random_unitary(dimension: int, seed: int) -> Complex:
    """A unitary drawn by Haar measure."""
    return np.asarray(unitary_group.rvs(dimension, random_state=seed))


def as_map(unitary: Complex) -> Complex:
    """The superoperator of a unitary on row-stacked density matrices."""
    return np.asarray(np.kron(unitary, unitary.conj()), dtype=np.complex128)


@given(dimension=dimensions, seed=seeds, other=seeds)
def test_fidelity_of_a_unitary_map_is_that_of_its_block(
    dimension: int, seed: int, other: int
) -> None:
    """Of a unitary on all levels F_avg is (|Tr V†M|^2 + Tr M†M) / (d (d + 1))."""
    at, unitary = COMPUTATIONAL[dimension], random_unitary(dimension, seed)
    ideal = random_unitary(len(at), other)

    found = average_fidelity(as_map(unitary), at, ideal)

    assert found == pytest.approx(1 - infidelity(unitary[np.ix_(at, at)], ideal), abs=1e-12)


@given(dimension=dimensions, seed=seeds)
def test_leakage_of_a_unitary_map_is_what_its_block_lacks(dimension: int, seed: int) -> None:
    """Of a unitary on all levels L1 is 1 - Tr M†M / d."""
    at, unitary = COMPUTATIONAL[dimension], random_unitary(dimension, seed)
    block = unitary[np.ix_(at, at)]

    expected = 1 - np.linalg.norm(block) ** 2 / len(at)
    assert leakage(as_map(unitary), at) == pytest.approx(expected, abs=1e-12)


@given(seed=seeds)
def test_fidelity_is_the_mean_over_pure_inputs(seed: int) -> None:
    """F_avg of a random map is the mean over the six cardinal states, leakage lost."""
    rng = np.random.default_rng(seed)
    isometry = unitary_group.rvs(6, random_state=rng)[:, :3].reshape(3, 2, 3)
    found = sum(as_map(isometry[:, k]) for k in range(2))
    ideal = random_unitary(2, seed)
    cardinal = np.array([[1, 0], [0, 1], [1, 1], [1, -1], [1, 1j], [1, -1j]], dtype=complex)
    inputs = cardinal / np.linalg.norm(cardinal, axis=1)[:, None]

    kept = [_overlap(np.asarray(found), ideal, state) for state in inputs]

    expected = average_fidelity(np.asarray(found), COMPUTATIONAL[3], ideal)
    assert np.mean(kept) == pytest.approx(expected, abs=1e-12)


def _overlap(found: Complex, ideal: Complex, state: Complex) -> float:
    """<psi| V† Phi(psi) V |psi> of one computational state."""
    rho = np.zeros((3, 3), dtype=complex)
    rho[:2, :2] = np.outer(state, state.conj())
    wanted = ideal @ state
    after = (found @ rho.ravel()).reshape(3, 3)[:2, :2]
    return float((wanted.conj() @ after @ wanted).real)


def test_swap_into_the_third_level_leaks_half() -> None:
    """A gate that takes level 1 to level 2 leaks one of two states."""
    swap = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0]], dtype=complex)

    assert leakage(as_map(swap), COMPUTATIONAL[3]) == pytest.approx(0.5, abs=1e-15)


def test_leakage_of_no_number_is_no_zero() -> None:
    """The leakage of a map that is not a number is no number, not zero."""
    assert np.isnan(leakage(np.full((9, 9), np.nan, dtype=complex), COMPUTATIONAL[3]))
