"""What a gate's simulation chooses for itself: levels, steps, start phase, and their weight.

None of it is a property of the device, so that none of it may matter to a verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dynamics import compile_patch
from qtregress.channels.ideal import ideal_image
from qtregress.channels.memory import NOTHING, Store
from qtregress.channels.plan import gate_task
from qtregress.channels.problem import GateProblem, gate_problem
from qtregress.channels.propagation import segments, unitaries
from qtregress.channels.simulate import GateTask, blocks, simulate_gate, start_phases_rad
from qtregress.channels.unitary_error import computational_block, infidelity
from qtregress.chip.chip import Chip
from qtregress.pulses.profile import Gate, Profile

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConvergenceTask:
    """One gate whose simulation is to be varied.

    Attributes:
        task: the gate as it is simulated, with loss.
        more: the same gate with one more level a transmon.
        ideal: the unitary it is meant to play, shape (d, d).
    """

    task: GateTask
    more: GateProblem
    ideal: Complex


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """How far one gate's numbers hang on the simulation's own choices.

    The error is 1 - F_avg of the lossless gate against its ideal (Pedersen, Moller, Molmer,
    Phys. Lett. A 367, 47 (2007)), its leakage counted, mean over start phases; changes are
    signed, new minus usual. The lines were fitted at the usual number of levels, so that with
    one more the fit is off and the error against the ideal moves more than the distance
    between an old and a new release does, which is what is judged.

    Attributes:
        gate: id such as ``cx:0-1``.
        levels: levels of each transmon as simulated.
        error: the lossless error as simulated.
        more_levels_error: change of the error with one more level a transmon.
        more_levels_leakage: change of its part that leaves the computational states.
        half_step_error: change of the error with half the step; None where all steps are
            exact, because never more than one carrier plays.
        phase_spread: largest minus smallest error over the carriers' start phases; None for
            one qubit, whose only carrier has no phase against another.
        stated_estimate: what the engine says that an element of the cold map may be wrong by.
    """

    gate: str
    levels: tuple[int, ...]
    error: float
    more_levels_error: float
    more_levels_leakage: float
    half_step_error: float | None
    phase_spread: float | None
    stated_estimate: float


def convergence_tasks(
    gates: Sequence[Gate], profile: Profile, chip: Chip, store: Store = NOTHING
) -> list[ConvergenceTask]:
    """Tasks of gates that ``plan`` would simulate, in their order.

    Raises:
        KeyError: a gate's name has no known ideal; such a gate is in no plan.
    """
    return [_task(gate, profile, chip, store) for gate in gates]


def _task(gate: Gate, profile: Profile, chip: Chip, store: Store) -> ConvergenceTask:
    ideal = ideal_image(gate.name)
    if ideal is None:
        raise KeyError(gate.name)
    usual = gate_task(gate, profile, chip, loads=(), engine="fast", store=store)
    levels = max(usual.problem.patch.levels) + 1
    return ConvergenceTask(
        task=usual, more=gate_problem(gate, profile, chip, levels=levels), ideal=ideal
    )


def convergence_task(task: ConvergenceTask) -> Convergence:
    """One gate varied: the fast engine's usual answer, one more level, half the step."""
    problem = task.task.problem
    (usual,) = simulate_gate(task.task)
    more = blocks(task.more)
    errors = _errors(usual.blocks, task.ideal)
    return Convergence(
        gate=problem.gate,
        levels=problem.patch.levels,
        error=float(np.mean(errors)),
        more_levels_error=_mean_change(_errors(more, task.ideal), errors),
        more_levels_leakage=_mean_change(_leakages(more), _leakages(usual.blocks)),
        half_step_error=_half_step_change(problem, errors, task.ideal),
        phase_spread=float(np.ptp(errors)) if len(errors) > 1 else None,
        stated_estimate=usual.error_estimate,
    )


def _errors(found: Complex, ideal: Complex) -> Floats:
    """Lossless error at each start phase, shape (s,)."""
    return np.array([infidelity(block, ideal) for block in found])


def _leakages(found: Complex) -> Floats:
    """What of uniform inputs leaves the computational states, by start phase, shape (s,)."""
    return np.array([1 - np.vdot(block, block).real / len(block) for block in found])


def _mean_change(new: Floats, usual: Floats) -> float:
    return float(np.mean(new) - np.mean(usual))


def _half_step_change(problem: GateProblem, errors: Floats, ideal: Complex) -> float | None:
    """Change of the error with half the step; None where there is no step to halve."""
    if all(len(segment.carriers) <= 1 for segment in segments(problem)):
        return None
    compiled = compile_patch(problem.patch)
    finer = unitaries(problem, compiled, start_phases_rad(problem), refine=2)
    halved = np.array([computational_block(problem.patch, one) for one in finer])
    return _mean_change(_errors(halved, ideal), errors)
