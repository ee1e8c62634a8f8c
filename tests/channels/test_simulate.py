"""A gate's channel: baths, start phases, what the engines share."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qtregress.channels.channel import average_fidelity
from qtregress.channels.problem import bath_of
from qtregress.channels.simulate import (
    START_PHASES_RAD,
    Engine,
    GateTask,
    blocks,
    simulate_gate,
    start_phases_rad,
)
from qtregress.channels.unitary_error import infidelity

Devices = Callable[[str], Any]
State = Callable[[str, float], None]


def task(case: Any, *, extra_photons: float = 0.0, engine: Engine = "fast") -> GateTask:  # noqa: ANN401
    """A case's gate with more photons at load."""
    up = tuple(rate * extra_photons for rate in case.bath[0].down)
    warm = tuple(
        type(rates)(down=rates.down, up=up, dephasing=rates.dephasing) for rates in case.bath
    )
    at_load = warm if extra_photons else case.bath
    return GateTask(problem=case.problem, cold=case.bath, at_load=at_load, engine=engine)


def test_one_qubit_has_one_start_phase(device: Devices) -> None:
    """A gate of one qubit is simulated at one start phase."""
    assert start_phases_rad(device("lima").gate("x:0").problem) == (0.0,)


def test_a_pair_is_averaged_over_four_start_phases(device: Devices) -> None:
    """A gate of two qubits is simulated at four start phases, a quarter turn apart."""
    problem = device("lima").gate("cx:0-1", levels=3).problem

    assert start_phases_rad(problem) == START_PHASES_RAD == (0, np.pi / 2, np.pi, 3 * np.pi / 2)


@pytest.mark.parametrize("gate", ["cx:0-1", "cx:1-3"])
def test_four_start_phases_are_enough(gate: str, device: Devices, state: State) -> None:
    """On computational states four start phases give the map of nine, to 5e-8."""
    case = device("lima").gate(gate, levels=3)
    at, n = case.problem.patch.computational, case.problem.patch.dimension
    # coherences between leakage levels turn faster: there four phases miss by up to 1e-2
    kept = (at[:, None] * n + at[None, :]).ravel()
    nine = case.fast(*(2 * np.pi * np.arange(9) / 9)).maps[0]

    found = (case.fast(*START_PHASES_RAD).maps[0] - nine)[np.ix_(kept, kept)]

    state(f"lima {gate}: four start phases against nine", float(np.abs(found).max()))
    assert np.abs(found).max() < 5e-8


def test_blocks_differ_between_start_phases(device: Devices) -> None:
    """A CX's infidelity depends on the start phase by more than 1e-4: phases are kept apart."""
    found = blocks(device("lima").gate("cx:0-1", levels=3).problem)

    spread = [infidelity(block, found[0]) for block in found[1:]]
    assert max(spread) > 1e-4


def test_first_blocks_can_be_asked_for_alone(device: Devices) -> None:
    """The first start phase alone gives the first block."""
    problem = device("lima").gate("cx:0-1", levels=3).problem

    (first,) = blocks(problem, phases=1)

    assert np.array_equal(first, blocks(problem)[0])


def test_unloaded_gate_has_one_map(device: Devices) -> None:
    """Without a load the map at load is the cold one."""
    found = simulate_gate(task(device("lima").gate("x:0")))

    assert found.at_load is found.superoperator


def test_load_changes_the_loaded_map_only(device: Devices) -> None:
    """Photons of the load leave the cold map alone and make the loaded one worse."""
    case = device("lima").gate("x:0")
    idle, loaded = (simulate_gate(task(case, extra_photons=n)) for n in (0.0, 0.05))
    x = np.array([[0, 1], [1, 0]], dtype=complex)

    errors = [
        1 - average_fidelity(one, loaded.computational, x)
        for one in (loaded.superoperator, loaded.at_load)
    ]

    assert np.array_equal(loaded.superoperator, idle.superoperator)
    assert errors[1] > errors[0]


@pytest.mark.physics
def test_reference_loads_too(device: Devices) -> None:
    """By either engine the loaded map of an x is alike to 1e-8."""
    case = device("lima").gate("x:0")

    quick = simulate_gate(task(case, extra_photons=0.05))
    reference = simulate_gate(task(case, extra_photons=0.05, engine="reference"))

    assert np.abs(quick.at_load - reference.at_load).max() < 1e-8


def test_reference_owns_no_error(device: Devices) -> None:
    """The reference's answer carries no estimate of its own error."""
    assert simulate_gate(task(device("lima").gate("x:0"), engine="reference")).error_estimate == 0


def test_channel_knows_its_gate(device: Devices) -> None:
    """A channel carries its gate's id, qubits, levels and computational states."""
    found = simulate_gate(task(device("lima").gate("cx:1-0", levels=3)))

    assert (found.gate, found.qubits, found.levels) == ("cx:1-0", (1, 0), (3, 3))
    assert found.computational.tolist() == [0, 1, 3, 4]


def test_reference_needs_no_bath(device: Devices) -> None:
    """A gate in a bath that does nothing has a reference answer."""
    case = device("lima").gate("x:0")
    (rates,) = bath_of(device("lima").chip, (0,), {})
    still = type(rates)(down=(0.0,) * 3, up=(0.0,) * 3, dephasing=0.0)

    assert type(case)(problem=case.problem, bath=(still,)).reference().shape == (16, 16)
