"""A gate's channel by the engine asked for, averaged over its carriers' start phase."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.channel import GateChannel
from qtregress.channels.dynamics import compile_patch, reference_superoperator
from qtregress.channels.fast import TOLERANCE, Bath, Lossless, Propagation, RatedMap, propagate
from qtregress.channels.memory import (
    NOTHING,
    Arrays,
    Store,
    context_key,
    keep_blocks,
    keep_map,
    keep_propagation,
    problem_key,
    recall_blocks,
    recall_lossless,
    recall_map,
    recall_propagation,
)
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import unitaries
from qtregress.channels.unitary_error import computational_block

Complex = NDArray[np.complex128]
Engine = Literal["fast", "reference"]

START_PHASES_RAD = (0.0, np.pi / 2, np.pi, 3 * np.pi / 2)
"""Four phases average every harmonic up to the third exactly."""
LOAD_TOLERANCE = 1e-7
"""Of the map at load, whose photon numbers are known to a few per cent at best."""


class Study(Protocol):
    """What a later stage wants to know of a gate while its propagation is at hand.

    Hashable, and cheap to send to another process; ``repr`` tells all that its answer depends
    on beside the gate and the map.
    """

    def __call__(
        self, problem: GateProblem, propagation: Propagation, superoperator: Complex
    ) -> Arrays:
        """A few numbers about the gate, its map in the load's bath being known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTask:
    """A load at which a gate is simulated.

    Attributes:
        bath: of the gate's transmons.
        study: what else to learn there, if anything.
    """

    bath: Bath
    study: Study | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTask:
    """One gate to simulate.

    Attributes:
        problem: the gate on its patch.
        cold: its bath as calibrated.
        loads: the loads that are asked for.
        engine: which engine.
        store: what remembers earlier answers of the fast engine.
    """

    problem: GateProblem
    cold: Bath
    loads: tuple[LoadTask, ...]
    engine: Engine
    store: Store = NOTHING


def task_key(task: GateTask) -> str:
    """Identity of a task but for its loads: gate id, problem, bath."""
    key = problem_key(task.problem, start_phases_rad(task.problem))
    return f"{task.problem.gate} {key} {task.cold!r}"


def cost(task: GateTask) -> float:
    """About how long a task takes, in arbitrary units."""
    problem = task.problem
    maps = 1 + len(task.loads)
    return float(problem.patch.dimension**4 * problem.samples * maps)


def start_phases_rad(problem: GateProblem) -> tuple[float, ...]:
    """The relative phases of the carriers over which a pair's gate is averaged."""
    return START_PHASES_RAD if len(problem.qubits) > 1 else START_PHASES_RAD[:1]


def _computational_blocks(problem: GateProblem, propagators: Complex) -> Complex:
    return np.array([computational_block(problem.patch, one) for one in propagators])


def blocks(problem: GateProblem, *, phases: int | None = None) -> Complex:
    """Dissipation-free computational blocks of the first start phases, shape (s, d, d)."""
    compiled = compile_patch(problem.patch)
    phases_rad = start_phases_rad(problem)[:phases]
    return _computational_blocks(problem, unitaries(problem, compiled, phases_rad))


def _reference_map(problem: GateProblem, bath: Bath) -> RatedMap:
    """Qiskit Dynamics' map, averaged over start phases; it states no error of its own."""
    found = [
        reference_superoperator(problem, bath, start_phase_rad=phase)
        for phase in start_phases_rad(problem)
    ]
    return RatedMap(superoperator=cast("Complex", np.mean(found, axis=0)), error_estimate=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksTask:
    """Lossless blocks of a gate's first start phases, asked of a store before computed."""

    problem: GateProblem
    phases: int
    store: Store = NOTHING


def remembered_blocks(task: BlocksTask) -> Complex:
    """What ``blocks`` gives, shape (s, d, d)."""
    key = problem_key(task.problem, start_phases_rad(task.problem)[: task.phases])
    known = recall_blocks(key, task.store)
    if known is not None:
        return known
    found = blocks(task.problem, phases=task.phases)
    keep_blocks(key, task.store, found)
    return found


class _Fast:
    """The fast engine on one problem, asking its store before it computes."""

    def __init__(self, task: GateTask) -> None:
        self.task = task
        self.phases_rad = start_phases_rad(task.problem)
        self.key = problem_key(task.problem, self.phases_rad)

    @cached_property
    def propagation(self) -> Propagation:
        """The paths, propagated at most once."""
        problem, store = self.task.problem, self.task.store
        known = recall_propagation(self.key, problem.patch, store)
        if known is not None:
            return known
        found = propagate(problem, compile_patch(problem.patch), self.phases_rad)
        keep_propagation(self.key, store, found)
        return found

    @cached_property
    def lossless(self) -> Lossless:
        """The answer without a bath."""
        return recall_lossless(self.key, self.task.store) or self.propagation.lossless

    def map(self, bath: Bath, tolerance: float) -> RatedMap:
        """The answer in a bath."""
        store = self.task.store
        known = recall_map(self.key, bath, tolerance, store)
        if known is not None:
            return known
        found = self.propagation.at(bath, tolerance=tolerance)
        keep_map(self.key, bath, tolerance, store, found)
        return found

    def studied(self, load: LoadTask, rated: RatedMap) -> Arrays | None:
        """What the load's study finds; nothing where the map is no channel."""
        if load.study is None or not np.isfinite(rated.error_estimate):
            return None
        key = context_key("study", self.key, f"{self.task.engine} {load!r}")
        known: Arrays | None = self.task.store.get(key)
        if known is None:
            known = load.study(self.task.problem, self.propagation, rated.superoperator)
            self.task.store.put(key, known)
        return known


def simulate_gate(task: GateTask) -> tuple[GateChannel, ...]:
    """The channel of one gate by the task's engine, one a load, or one without a load."""
    problem, fast = task.problem, _Fast(task)

    def rated(bath: Bath, tolerance: float) -> RatedMap:
        if task.engine == "reference":
            return _reference_map(problem, bath)
        return fast.map(bath, tolerance)

    cold = rated(task.cold, TOLERANCE)
    channel = GateChannel(
        gate=problem.gate,
        qubits=problem.qubits,
        levels=problem.patch.levels,
        computational=problem.patch.computational,
        blocks=_computational_blocks(problem, fast.lossless.unitaries),
        superoperator=cold.superoperator,
        at_load=None,
        duration_s=problem.duration_s,
        error_estimate=cold.error_estimate,
        study=None,
    )
    found = []
    for load in task.loads:
        one = cold if load.bath == task.cold else rated(load.bath, LOAD_TOLERANCE)
        found.append(
            replace(
                channel,
                at_load=one.superoperator,
                error_estimate=max(cold.error_estimate, one.error_estimate),
                study=fast.studied(load, one),
            )
        )
    return tuple(found) or (channel,)
