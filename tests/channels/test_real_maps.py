"""The real form of maps that keep Hermitian matrices Hermitian."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import unitary_group

from qtregress.channels.real_maps import as_complex, as_real, conjugation, transposition, turned

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


def random_map(seed: int, n: int) -> Complex:
    """A random map that keeps Hermitian matrices so: a difference of completely positive ones."""
    rng = np.random.default_rng(seed)
    kraus = rng.normal(size=(4, n, n)) + 1j * rng.normal(size=(4, n, n))
    signs = rng.choice([-1, 1], size=4)
    terms = [sign * np.kron(k, k.conj()) for sign, k in zip(signs, kraus, strict=True)]
    return np.asarray(sum(terms))


def random_hermitian(seed: int, n: int) -> Complex:
    """A random Hermitian matrix."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
    return np.asarray(root + root.conj().T)


def random_unitary(seed: int, n: int) -> Complex:
    """A unitary drawn by Haar measure; a phase where there is one dimension."""
    if n == 1:
        return np.exp(1j * np.array([[seed]], dtype=float))
    return np.asarray(unitary_group.rvs(n, random_state=seed))


def as_map(unitary: Complex) -> Complex:
    """The map of conjugation by a unitary on row-stacked matrices."""
    return np.asarray(np.kron(unitary, unitary.conj()), dtype=np.complex128)


def random_angles(seed: int, n: int) -> Floats:
    """Angles of a random diagonal unitary."""
    return np.random.default_rng(seed).uniform(-4, 4, size=n)


@given(seed=seeds, n=sizes)
def test_a_map_reads_back_from_its_real_form(seed: int, n: int) -> None:
    """A map that keeps Hermitian matrices so comes back from its real form."""
    one = random_map(seed, n)

    assert np.abs(as_complex(as_real(one)) - one).max() < 1e-12


@given(seed=seeds, n=sizes)
def test_a_real_matrix_reads_back_from_its_map(seed: int, n: int) -> None:
    """Every real matrix is the real form of a map, and of one alone."""
    real = np.random.default_rng(seed).normal(size=(n * n, n * n))

    assert np.abs(as_real(as_complex(real)) - real).max() < 1e-13


@given(first=seeds, second=seeds, n=sizes)
def test_real_forms_compose(first: int, second: int, n: int) -> None:
    """The real form of a composed map is the product of the real forms."""
    one, two = random_map(first, n), random_map(second, n)

    assert np.abs(as_real(one @ two) - as_real(one) @ as_real(two)).max() < 1e-9


@given(seed=seeds, state=seeds, n=sizes)
def test_real_form_acts_on_real_plus_imaginary_part(seed: int, state: int, n: int) -> None:
    """The real form takes Re X + Im X to that of the map's answer, X Hermitian."""
    one, x = random_map(seed, n), random_hermitian(state, n).ravel()
    after = one @ x

    assert np.abs(as_real(one) @ (x.real + x.imag) - (after.real + after.imag)).max() < 1e-10


def test_identity_is_the_identity() -> None:
    """The map that changes nothing is the unit matrix in real form."""
    assert np.array_equal(as_real(np.eye(9, dtype=complex)), np.eye(9))


@given(seed=seeds, n=sizes)
def test_conjugation_is_the_real_form_of_its_map(seed: int, n: int) -> None:
    """Conjugation by U is the real form of U kron U*."""
    unitary = random_unitary(seed, n)
    expected = as_real(as_map(unitary))

    assert np.abs(conjugation(unitary, np.float64) - expected).max() < 1e-14


@given(seed=seeds, n=sizes)
def test_conjugation_by_a_unitary_is_orthogonal(seed: int, n: int) -> None:
    """Its transpose is its inverse, which is conjugation by the inverse."""
    unitary = random_unitary(seed, n)
    found = conjugation(unitary, np.float64)

    assert np.abs(found @ found.T - np.eye(n * n)).max() < 1e-13
    assert np.abs(found.T - conjugation(unitary.conj().T, np.float64)).max() < 1e-14


@given(first=seeds, second=seeds, n=sizes)
def test_conjugations_compose(first: int, second: int, n: int) -> None:
    """Conjugation by U V is that by V and then that by U."""
    one, two = random_unitary(first, n), random_unitary(second, n)
    product = conjugation(one, np.float64) @ conjugation(two, np.float64)

    assert np.abs(conjugation(one @ two, np.float64) - product).max() < 1e-13


@pytest.mark.parametrize(
    ("dtype", "most"), [(np.float32, 1e-6), (np.float64, 1e-14)], ids=["single", "double"]
)
def test_conjugation_keeps_the_precision_asked_for(dtype: type[np.floating], most: float) -> None:
    """Conjugation comes in the precision asked for, right to its rounding."""
    unitary = random_unitary(3, 4)
    expected = as_real(as_map(unitary))
    found = conjugation(unitary, dtype)

    assert found.dtype == dtype
    assert np.allclose(found, expected, rtol=0, atol=most)


@given(seed=seeds, angles=seeds, n=sizes)
def test_turning_is_conjugation_by_a_diagonal(seed: int, angles: int, n: int) -> None:
    """A map turned by angles is followed by conjugation by diag(exp(i angles))."""
    real, by = as_real(random_map(seed, n)), random_angles(angles, n)
    diagonal = np.diag(np.exp(1j * by))

    assert np.abs(turned(by, real) - conjugation(diagonal, np.float64) @ real).max() < 1e-11


@given(seed=seeds, angles=seeds, n=sizes)
def test_turning_there_and_back_changes_nothing(seed: int, angles: int, n: int) -> None:
    """Turning by the angles and by minus the angles is nothing."""
    real, by = as_real(random_map(seed, n)), random_angles(angles, n)

    assert np.abs(turned(-by, turned(by, real)) - real).max() < 1e-12


@given(seed=seeds, angle=st.floats(-4, 4), n=sizes)
def test_a_common_phase_turns_nothing(seed: int, angle: float, n: int) -> None:
    """Turning all states by the same angle leaves a map as it is, to the bit."""
    real = as_real(random_map(seed, n))

    assert np.array_equal(turned(np.full(n, angle), real), real)


@given(n=st.integers(1, 6))
def test_transposing_twice_is_nothing(n: int) -> None:
    """The transposition is its own inverse, and takes (i, j) to (j, i)."""
    swap = transposition(n)
    matrix = np.arange(n * n).reshape(n, n)

    assert np.array_equal(swap[swap], np.arange(n * n))
    assert np.array_equal(matrix.reshape(-1)[swap].reshape(n, n), matrix.T)
