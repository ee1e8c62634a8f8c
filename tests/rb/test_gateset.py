"""The frame's automorphism, virtual Z and the refusal of maps that are none."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.channels.ideal import PairNative
from qtregress.rb.gateset import (
    Complex,
    OneQubitGates,
    charges,
    native_image,
    rz_image,
    sx_image,
    virtual_z,
)

Z = np.diag([1.0, -1.0])
SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
CX_01 = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])
CX_10 = np.array([[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]])
CZ = np.diag([1, 1, 1, -1])
ECR_01 = np.array([[0, 0, 1, 1j], [0, 0, 1j, 1], [1, -1j, 0, 0], [-1j, 1, 0, 0]]) / np.sqrt(2)
ECR_10 = np.array([[0, 1, 0, 1j], [1, 0, -1j, 0], [0, 1j, 0, 1], [-1j, 0, 1, 0]]) / np.sqrt(2)


def same_up_to_phase(left: Complex, right: Complex) -> bool:
    """Whether two unitaries differ by a phase only."""
    overlap = np.vdot(left, right) / len(left)
    return bool(abs(abs(overlap) - 1) < 1e-12)


@pytest.mark.parametrize(
    ("nominal", "image"),
    [
        (SX, sx_image()),
        (np.diag([np.exp(-0.35j), np.exp(0.35j)]), rz_image(0.7)),
    ],
)
def test_one_qubit_images_are_conjugates_between_z(nominal: Complex, image: Complex) -> None:
    """A table realises Z V* Z of every nominal one-qubit gate V."""
    assert same_up_to_phase(Z @ nominal.conj() @ Z, image)


@pytest.mark.parametrize(
    ("native", "nominal", "control"),
    [
        *(("cx", CX_01, 0), ("cx", CX_10, 1), ("cz", CZ, 0), ("cz", CZ, 1)),
        *(("ecr", ECR_01, 0), ("ecr", ECR_10, 1)),
    ],
)
def test_native_image_is_conjugate_between_z(
    native: PairNative, nominal: Complex, control: Literal[0, 1]
) -> None:
    """A table realises (Z kron Z) V* (Z kron Z) of the native V, whichever qubit is first."""
    both = np.kron(Z, Z)

    assert same_up_to_phase(both @ nominal.conj() @ both, native_image(native, control=control))


def test_cx_image_is_cx_times_z_on_the_control() -> None:
    """The ideal native cx is CX after Z on the control."""
    expected = CX_01 @ np.kron(Z, np.eye(2))

    np.testing.assert_array_equal(expected, native_image("cx", control=0))


@given(st.integers(0, 3), st.integers(0, 3))
def test_virtual_z_on_two_levels_is_the_rz_image(left: int, right: int) -> None:
    """Quarter turns of a pair are the images of RZ on each."""
    expected = np.kron(rz_image(left * np.pi / 2), rz_image(right * np.pi / 2))

    np.testing.assert_allclose(np.diag(virtual_z((2, 2), (left, right))), expected, atol=1e-15)


def test_virtual_z_turns_every_transition_alike() -> None:
    """Level k picks up k times the phase of level 1."""
    np.testing.assert_allclose([1, -1j, -1, 1j], virtual_z((4,), (1,)), atol=1e-15)


def test_charge_is_the_phase_of_a_matrix_unit() -> None:
    """A virtual Z multiplies |k><k'| by exp(-i angle (k - k')), each transmon by its own."""
    levels, turns = (3, 2), (1, 3)
    diagonal = virtual_z(levels, turns)
    a, b = charges(levels)

    expected = np.kron(diagonal, diagonal.conj())
    np.testing.assert_allclose(expected, (-1j) ** ((a * turns[0] + b * turns[1]) % 4), atol=1e-15)


def test_wrong_shape_is_refused() -> None:
    """A superoperator of another number of levels is refused."""
    with pytest.raises(ValueError, match=r"`sx` must have shape \(9, 9\), but has \(4, 4\)"):
        OneQubitGates(levels=3, sx=np.eye(4, dtype=np.complex128), sx_duration_s=1e-8)


@pytest.mark.parametrize("factor", [0.99, np.nan])
def test_map_that_loses_trace_is_refused(factor: float) -> None:
    """A superoperator that does not preserve the trace, or is not a number, is refused."""
    with pytest.raises(ValueError, match="must preserve the trace"):
        OneQubitGates(levels=2, sx=factor * np.eye(4, dtype=np.complex128), sx_duration_s=1e-8)


def test_single_level_is_refused() -> None:
    """A transmon of one level is no qubit."""
    with pytest.raises(ValueError, match="levels must be at least 2"):
        OneQubitGates(levels=1, sx=np.eye(1, dtype=np.complex128), sx_duration_s=1e-8)
