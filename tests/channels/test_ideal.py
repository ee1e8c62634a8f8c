"""What a table's gates mean."""

import numpy as np
import pytest
from qiskit.circuit.library import CXGate, CZGate, ECRGate

from qtregress.channels.ideal import NOMINAL, PAIR_NATIVES, Complex, ideal_image, pair_native
from qtregress.channels.unitary_error import infidelity

Z = np.diag([1.0, -1.0]).astype(complex)
X = np.array([[0, 1], [1, 0]], dtype=complex)
CX = np.kron(np.diag([1, 0]), np.eye(2)) + np.kron(np.diag([0, 1]), X)


def image(name: str) -> Complex:
    """The image of a gate that is known."""
    found = ideal_image(name)
    assert found is not None
    return found


def test_cx_becomes_cx_times_z_on_the_control() -> None:
    """The image of cx is CX times Z on the control."""
    assert np.array_equal(image("cx"), CX @ np.kron(Z, np.eye(2)))


@pytest.mark.parametrize("name", ["x", "sx", "id"])
def test_one_qubit_gates_are_left_alone(name: str) -> None:
    """The image of x, sx and id is the gate itself, up to its phase."""
    nominal = {"x": X, "id": np.eye(2), "sx": np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2}

    assert infidelity(image(name), nominal[name].astype(complex)) == pytest.approx(0, abs=1e-15)


def test_cz_is_left_alone() -> None:
    """The image of cz is cz."""
    assert np.array_equal(image("cz"), np.diag([1, 1, 1, -1]))


def test_ecr_is_left_alone() -> None:
    """The image of ecr is ecr but for its sign."""
    assert np.array_equal(image("ecr"), -NOMINAL["ecr"])


@pytest.mark.parametrize(("name", "gate"), [("cx", CXGate), ("cz", CZGate), ("ecr", ECRGate)])
def test_natives_of_pairs_are_those_of_qiskit(name: str, gate: type[CXGate]) -> None:
    """They are Qiskit's gates, whose last qubit is the left factor, in our order."""
    exchange = [0, 2, 1, 3]

    expected = gate().to_matrix()[np.ix_(exchange, exchange)]
    np.testing.assert_allclose(NOMINAL[name], expected, rtol=0, atol=1e-15)


def test_only_natives_of_pairs_have_their_names() -> None:
    """Another gate is refused by name."""
    assert tuple(map(pair_native, PAIR_NATIVES)) == ("cx", "cz", "ecr")
    with pytest.raises(ValueError, match="must be one of cx, cz, ecr, but is swap"):
        pair_native("swap")


def test_images_multiply_like_the_gates() -> None:
    """Two images of sx make the image of x."""
    assert np.abs(image("sx") @ image("sx") - image("x")).max() < 1e-15


def test_layer_is_the_product_of_its_gates() -> None:
    """The image of the layer sx.id is that of sx on the first qubit."""
    assert np.array_equal(image("sx.id"), np.kron(image("sx"), np.eye(2)))


@pytest.mark.parametrize("name", ["u3", "sx.u3", "reset"])
def test_unknown_gates_have_no_image(name: str) -> None:
    """A gate whose meaning is not known has no image, nor has a layer with it."""
    assert ideal_image(name) is None
