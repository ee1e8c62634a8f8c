"""A gate's channel by the engine asked for, averaged over its carriers' start phase."""

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.channel import GateChannel
from qtregress.channels.dynamics import CompiledPatch, compile_patch, reference_superoperator
from qtregress.channels.fast import Bath, propagate
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import unitaries
from qtregress.channels.unitary_error import computational_block

Complex = NDArray[np.complex128]
Engine = Literal["fast", "reference"]

START_PHASES_RAD = (0.0, np.pi / 2, np.pi, 3 * np.pi / 2)
"""Four phases average every harmonic up to the third exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTask:
    """One gate to simulate, with its bath as calibrated and at the declared load."""

    problem: GateProblem
    cold: Bath
    at_load: Bath
    engine: Engine


def start_phases_rad(problem: GateProblem) -> tuple[float, ...]:
    """The relative phases of the carriers over which a pair's gate is averaged."""
    return START_PHASES_RAD if len(problem.qubits) > 1 else START_PHASES_RAD[:1]


def _lossless_blocks(
    problem: GateProblem, compiled: CompiledPatch, phases_rad: tuple[float, ...]
) -> Complex:
    found = unitaries(problem, compiled, phases_rad)
    return np.array([computational_block(problem.patch, propagator) for propagator in found])


def blocks(problem: GateProblem, *, phases: int | None = None) -> Complex:
    """Dissipation-free computational blocks of the first start phases, shape (s, d, d)."""
    compiled = compile_patch(problem.patch, problem.carrier_hz[0])
    return _lossless_blocks(problem, compiled, start_phases_rad(problem)[:phases])


def _reference_maps(task: GateTask, baths: tuple[Bath, ...]) -> tuple[Complex, ...]:
    phases = start_phases_rad(task.problem)
    return tuple(
        cast(
            "Complex",
            np.mean(
                [
                    reference_superoperator(task.problem, bath, start_phase_rad=phase)
                    for phase in phases
                ],
                axis=0,
            ),
        )
        for bath in baths
    )


def simulate_gate(task: GateTask) -> GateChannel:
    """The channel of one gate by the task's engine."""
    problem = task.problem
    compiled = compile_patch(problem.patch, problem.carrier_hz[0])
    baths = (task.cold, task.at_load) if task.at_load != task.cold else (task.cold,)
    phases_rad = start_phases_rad(problem)
    fast = propagate(problem, compiled, baths, phases_rad)
    is_reference = task.engine == "reference"
    maps = _reference_maps(task, baths) if is_reference else fast.maps
    return GateChannel(
        gate=problem.gate,
        qubits=problem.qubits,
        levels=problem.patch.levels,
        computational=problem.patch.computational,
        blocks=_lossless_blocks(problem, compiled, phases_rad),
        superoperator=maps[0],
        at_load=maps[-1],
        dwell_s=fast.dwell_s,
        duration_s=problem.duration_s,
        error_estimate=0.0 if is_reference else fast.error_estimate,
    )
