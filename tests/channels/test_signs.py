"""Signs and frames: only one choice makes a real table's gates what they are called."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qtregress.channels.ideal import ideal_image
from qtregress.channels.problem import gate_problem
from qtregress.channels.simulate import blocks
from qtregress.channels.unitary_error import infidelity
from qtregress.pulses.profile import Drag, Gate
from tests.channels.cases import Device, Devices

State = Callable[[str, float], None]

pytestmark = pytest.mark.physics

PLAIN_CX = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], dtype=complex)
Z_CONTROL = np.diag([1, 1, -1, -1]).astype(complex)
SKEWED = (0, 1, 2, 4)
"""Qubits of lima whose x and sx have a beta of at least 0.5 dt."""


def flipped(gate: Gate) -> Gate:
    """The gate with every DRAG quadrature turned over."""
    rows = tuple(
        row.model_copy(update={"beta": -row.beta}) if isinstance(row, Drag) else row
        for row in gate.pulses
    )
    return gate.model_copy(update={"pulses": rows})


def miss(device: Device, gate: Gate, ideal: np.ndarray[Any, Any]) -> float:
    """Mean infidelity over start phases."""
    found = blocks(gate_problem(gate, device.profile, device.chip))
    return float(np.mean([infidelity(block, ideal) for block in found]))


def test_cx_is_cx_times_z_on_the_control(device: Devices, state: State) -> None:
    """A real cx, averaged over start phases, is CX times Z on the control."""
    lima = device("lima")

    found = miss(lima, lima.profile.by_id["cx:0-1"], Z_CONTROL @ PLAIN_CX)

    state("lima cx:0-1 against CX Z_control", found)
    assert found < 5e-3


def test_cx_is_not_plain_cx(device: Devices, state: State) -> None:
    """A real cx is far from plain CX."""
    lima = device("lima")

    found = miss(lima, lima.profile.by_id["cx:0-1"], PLAIN_CX)

    state("lima cx:0-1 against plain CX", found)
    assert found > 0.5


@pytest.mark.parametrize("qubit", range(5))
def test_sx_is_sx(qubit: int, device: Devices) -> None:
    """A real sx is exp(-i pi X / 4), not its inverse."""
    lima = device("lima")
    sx = np.array([[1, -1j], [-1j, 1]]) / np.sqrt(2)

    assert miss(lima, lima.profile.by_id[f"sx:{qubit}"], sx) < 1e-5


@pytest.mark.parametrize("qubit", SKEWED)
@pytest.mark.parametrize("name", ["x", "sx"])
def test_flipped_drag_is_worse(name: str, qubit: int, device: Devices, state: State) -> None:
    """Turning the DRAG quadrature over makes x and sx worse by more than 1e-5."""
    lima, ideal = device("lima"), ideal_image(name)
    gate = lima.profile.by_id[f"{name}:{qubit}"]
    assert ideal is not None

    worse = miss(lima, flipped(gate), ideal) - miss(lima, gate, ideal)

    state(f"lima {name}:{qubit}: error that a flipped beta adds", worse)
    assert worse > 1e-5
