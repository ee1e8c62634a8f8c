"""What the simulation's own choices change: levels, steps, start phase."""

from functools import cache

import numpy as np
import pytest

from qtregress.channels import propagation
from qtregress.channels.convergence import Convergence, convergence_task, convergence_tasks
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.ideal import ideal_image
from qtregress.channels.memory import NOTHING, Store
from qtregress.channels.plan import gate_task, plan
from qtregress.channels.problem import gate_problem
from qtregress.channels.propagation import unitaries
from qtregress.channels.simulate import blocks, simulate_gate
from qtregress.channels.unitary_error import coherent_distance, infidelity, polar_unitary
from tests import small

PAIR = small.small(0, 1)
CX = "cx:0-1"


@cache
def varied(gate_id: str) -> Convergence:
    """The gate's convergence."""
    return afresh(gate_id)


def afresh(gate_id: str, store: Store = NOTHING) -> Convergence:
    """The gate's convergence, not remembered by the tests."""
    gate = PAIR.profile.by_id[gate_id]
    (task,) = convergence_tasks([gate], PAIR.profile, PAIR.chip, store)
    return convergence_task(task)


def found_blocks(levels: int = 4) -> np.ndarray:
    """Lossless blocks of the cx."""
    return blocks(gate_problem(PAIR.profile.by_id[CX], PAIR.profile, PAIR.chip, levels=levels))


def errors(found: np.ndarray) -> list[float]:
    """Infidelity at each start phase."""
    ideal = ideal_image("cx")
    assert ideal is not None
    return [infidelity(block, ideal) for block in found]


def test_every_simulated_gate_is_varied() -> None:
    """Gates of the plan, in its order; the layers of benchmarking are none."""
    gates = plan(PAIR.profile, PAIR.chip).gates
    tasks = convergence_tasks(gates, PAIR.profile, PAIR.chip)

    assert [task.task.problem.gate for task in tasks] == [gate.id for gate in gates]


def test_a_gate_without_a_meaning_is_refused() -> None:
    """Without an ideal there is no error that could change."""
    odd = PAIR.profile.by_id["x:0"].model_copy(update={"name": "odd"})

    with pytest.raises(KeyError, match="odd"):
        convergence_tasks([odd], PAIR.profile, PAIR.chip)


def test_the_change_with_levels_is_that_of_the_lossless_gate() -> None:
    """Five levels minus four, mean over start phases: the error and what leaks of it."""
    usual, more = found_blocks(), found_blocks(5)
    kept = [np.sum(np.abs(found) ** 2) / 16 for found in (usual, more)]

    assert varied(CX).levels == (4, 4)
    assert varied(CX).error == pytest.approx(np.mean(errors(usual)), rel=1e-12)
    assert varied(CX).more_levels_error == pytest.approx(
        np.mean(errors(more)) - np.mean(errors(usual)), abs=1e-14
    )
    assert varied(CX).more_levels_leakage == pytest.approx(kept[0] - kept[1], abs=1e-14)


@pytest.mark.physics
def test_a_fifth_level_changes_little() -> None:
    """Four levels give the error of a shipped cx to 1e-6, of an x to 1e-12, where it is 1e-3."""
    assert 1e-10 < abs(varied(CX).more_levels_error) < 1e-6
    assert abs(varied("x:0").more_levels_error) < 1e-12


@pytest.mark.physics
def test_a_fifth_level_does_not_change_the_distance_between_releases() -> None:
    """What is judged moves by less than 1 in 1000, ten times less than the error's own change."""
    louder = small.louder(PAIR.profile, 0.01, "u0")
    distances, changes = [], []
    for levels in (4, 5):
        old, new = (
            blocks(gate_problem(profile.by_id[CX], profile, PAIR.chip, levels=levels))
            for profile in (PAIR.profile, louder)
        )
        apart = [
            coherent_distance(polar_unitary(after), polar_unitary(before))
            for before, after in zip(old, new, strict=True)
        ]
        distances.append(np.mean(apart))
        changes.append(np.mean(errors(new)) - np.mean(errors(old)))
    moved = abs(distances[1] / distances[0] - 1)

    assert moved < 1e-3
    assert abs(changes[1] / changes[0] - 1) > 10 * moved


def test_half_the_step_is_twice_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as doubling what a sample is cut into, and not the usual answer."""
    problem = gate_problem(PAIR.profile.by_id[CX], PAIR.profile, PAIR.chip, levels=3)
    compiled = compile_patch(problem.patch)
    usual, halved = (unitaries(problem, compiled, (0.5,), refine=refine) for refine in (1, 2))
    monkeypatch.setattr(propagation, "_STEPS", 2 * propagation._STEPS)
    monkeypatch.setattr(propagation, "_STEPS_MIXED", 2 * propagation._STEPS_MIXED)

    assert np.array_equal(halved, unitaries(problem, compiled, (0.5,)))
    assert not np.array_equal(halved, usual)


def test_the_change_with_half_the_step_is_that_of_the_lossless_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Far below the error of a shipped cx, and exactly what finer steps say."""
    usual = errors(found_blocks())
    monkeypatch.setattr(propagation, "_STEPS", 2 * propagation._STEPS)
    monkeypatch.setattr(propagation, "_STEPS_MIXED", 2 * propagation._STEPS_MIXED)
    finer = errors(found_blocks())

    change = varied(CX).half_step_error
    assert change is not None
    assert change == pytest.approx(np.mean(finer) - np.mean(usual), abs=1e-15)
    assert 0 < abs(change) < 1e-11


def test_one_carrier_has_neither_steps_nor_phases() -> None:
    """A gate of one qubit is exact in its steps, and nothing beats with its carrier."""
    assert (varied("sx:1").half_step_error, varied("sx:1").phase_spread) == (None, None)


@pytest.mark.physics
def test_the_start_phase_matters() -> None:
    """The spread is largest minus smallest: for this cx as large as the error itself."""
    found = errors(found_blocks())

    assert varied(CX).phase_spread == pytest.approx(max(found) - min(found), rel=1e-12)
    assert max(found) - min(found) > 1e-4


def test_the_estimate_is_that_of_the_cold_map() -> None:
    """As the engine states it, whether or not there is a load."""
    gate = PAIR.profile.by_id["x:1"]
    (cold,) = simulate_gate(
        gate_task(gate, PAIR.profile, PAIR.chip, loads=(), engine="fast", store=NOTHING)
    )

    assert varied("x:1").stated_estimate == cold.error_estimate > 0


def test_what_is_remembered_gives_the_same_answer() -> None:
    """A store of earlier answers changes no figure."""
    store = small.Remembering()
    first = afresh("x:0", store)

    assert store.kept
    assert first == afresh("x:0", store) == varied("x:0")
