"""The fast engine against Qiskit Dynamics alone, on the shipped devices' gates."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels import fast, propagation
from qtregress.channels.fast import FastMaps
from qtregress.channels.simulate import GateTask, simulate_gate

Complex = NDArray[np.complex128]
Answers = Callable[..., tuple[FastMaps, Complex]]
State = Callable[[str, float], None]
Devices = Callable[[str], Any]

CX = [("lima", "cx:0-1"), ("nairobi", "cx:1-2"), ("manila", "cx:0-1")]
SHORT_S = 12e-6
"""Shorter than the T2 of any qubit here."""


def one_qubit_gates(device: Any) -> list[str]:  # noqa: ANN401
    """Every x and sx of a release."""
    return [gate.id for gate in device.profile.gates if gate.name in ("x", "sx")]


def difference(answers: tuple[FastMaps, Complex]) -> float:
    """Largest superoperator element by which the engines differ."""
    quick, reference = answers
    return float(np.abs(quick.maps[0] - reference).max())


@pytest.mark.physics
@pytest.mark.parametrize("name", ["lima", "nairobi", "manila"])
def test_engines_agree_on_one_qubit_gates(
    name: str, device: Devices, answers: Answers, state: State
) -> None:
    """Both engines give every x and sx, at four levels, alike to 1e-8."""
    found = {gate: difference(answers(name, gate)) for gate in one_qubit_gates(device(name))}

    worst = max(found, key=lambda gate: found[gate])
    state(f"{name}: engines differ most, over {len(found)} gates, on {worst}", found[worst])
    assert found[worst] < 1e-8


@pytest.mark.physics
@pytest.mark.parametrize(("name", "gate"), CX)
def test_engines_agree_on_a_cx(name: str, gate: str, answers: Answers, state: State) -> None:
    """Both engines give a CX, at three levels a transmon, alike to 1e-8."""
    found = difference(answers(name, gate, levels=3))

    state(f"{name} {gate}: engines differ by", found)
    assert found < 1e-8


@pytest.mark.physics
def test_engines_agree_on_the_start_phase_average(
    device: Devices, answers: Answers, state: State
) -> None:
    """Both engines give the mean of a CX over two start phases of its carriers alike to 1e-8."""
    case = device("lima").gate("cx:0-1", levels=3)
    reference = (answers("lima", "cx:0-1", levels=3)[1] + case.reference(np.pi / 2)) / 2

    found = float(np.abs(case.fast(0.0, np.pi / 2).maps[0] - reference).max())

    state("lima cx:0-1 over two start phases: engines differ by", found)
    assert found < 1e-8


@pytest.mark.slow
@pytest.mark.physics
@pytest.mark.parametrize(("name", "gate"), CX)
def test_engines_agree_on_a_cx_at_four_levels(
    name: str, gate: str, answers: Answers, state: State
) -> None:
    """Both engines give a CX, at four levels a transmon, alike to 1e-8."""
    found = difference(answers(name, gate))

    state(f"{name} {gate}, four levels: engines differ by", found)
    assert found < 1e-8


@pytest.mark.slow
@pytest.mark.physics
def test_engines_agree_on_a_simulated_gate(device: Devices, state: State) -> None:
    """A simulated CX, averaged over all its start phases, is alike to 1e-8 by both engines."""
    case = device("lima").gate("cx:0-1", levels=3)

    quick, reference = (
        simulate_gate(
            GateTask(problem=case.problem, cold=case.bath, at_load=case.bath, engine=engine)
        )
        for engine in ("fast", "reference")
    )

    found = float(np.abs(quick.superoperator - reference.superoperator).max())
    state("lima cx:0-1 over four start phases: engines differ by", found)
    assert found < 1e-8


@pytest.mark.parametrize("name", ["lima", "nairobi", "manila"])
def test_estimate_bounds_the_error_of_one_qubit_gates(
    name: str, device: Devices, answers: Answers
) -> None:
    """The error estimate of every x and sx is at least what the engines differ by."""
    found = {gate: answers(name, gate) for gate in one_qubit_gates(device(name))}

    too_low = [gate for gate, both in found.items() if difference(both) > both[0].error_estimate]
    assert too_low == []


@pytest.mark.parametrize(("name", "gate"), CX)
def test_estimate_bounds_the_error_of_a_cx(
    name: str, gate: str, answers: Answers, state: State
) -> None:
    """The error estimate of a CX is at least what the engines differ by."""
    both = answers(name, gate, levels=3)

    state(f"{name} {gate}: estimate over error", both[0].error_estimate / difference(both))
    assert difference(both) <= both[0].error_estimate


def test_estimate_bounds_the_error_of_a_cx_at_four_levels(
    device: Devices, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At four levels the estimate of a CX bounds its difference from a finer solution."""
    case = device("manila").gate("cx:0-1")
    quick = case.fast()
    # the reference's own steps err by 1e-9 here, too near to what is judged
    monkeypatch.setattr(fast, "_LONGEST_SUB_BLOCK_S", 0.5e-9)
    monkeypatch.setattr(fast, "_SHORTEST_SUB_BLOCK_S", 0.5e-9)
    monkeypatch.setattr(fast, "_BLOCK_S", 2e-9)
    monkeypatch.setattr(propagation, "_STEPS", 4)

    found = float(np.abs(quick.maps[0] - case.map).max())

    state("manila cx:0-1, four levels: estimate over error", quick.error_estimate / found)
    assert found <= quick.error_estimate


@pytest.mark.parametrize(("gate", "levels"), [("x:0", 4), ("sx:0", 4), ("cx:0-1", 3)])
def test_estimate_bounds_the_error_of_a_short_lived_qubit(
    gate: str, levels: int, answers: Answers, state: State
) -> None:
    """At T2 = 12 us the error estimate still bounds what the engines differ by."""
    both = answers("manila", gate, levels=levels, t2_s=SHORT_S)

    state(f"manila {gate} at 12 us: engines differ by", difference(both))
    state(f"manila {gate} at 12 us: estimate", both[0].error_estimate)
    assert difference(both) <= both[0].error_estimate


@pytest.mark.parametrize(("name", "gate"), [("lima", "x:4"), ("lima", "sx:0"), ("nairobi", "x:5")])
def test_second_order_matters(
    name: str,
    gate: str,
    *,
    device: Devices,
    answers: Answers,
    state: State,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the Magnus expansion's second order the bath's error is 500 times larger."""
    both = answers(name, gate)
    monkeypatch.setattr(fast, "magnus", lambda blocks: (np.sum(blocks, axis=0), 0.0))

    first_order = device(name).gate(gate).fast()

    without = difference((first_order, both[1]))
    state(f"{name} {gate}: error with the second order", difference(both))
    state(f"{name} {gate}: error without", without)
    assert without > 500 * difference(both)
