"""Whether this machine computes what it should: engines compared, maps that are channels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.channel import GateChannel, choi
from qtregress.channels.dynamics import compile_patch, reference_superoperator
from qtregress.channels.fast import Bath, propagate
from qtregress.channels.problem import GateProblem

Complex = NDArray[np.complex128]

_MANY_LEVELS = 4
_STEPS, _STEPS_MANY_LEVELS = 2, 4
"""Of the reference a sample. At four levels of each of a pair two steps err by up to 2e-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementTask:
    """One gate for both engines, at one start phase of its second carrier."""

    problem: GateProblem
    bath: Bath
    start_phase_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far the engines are apart on one gate.

    Attributes:
        gate: id such as ``cx:0-1``.
        difference: largest element by which their maps differ, on all levels; infinite where
            an element is no number.
        stated_estimate: what the fast engine says that an element may be wrong by.
    """

    gate: str
    difference: float
    stated_estimate: float


def agreement_task(task: AgreementTask) -> Agreement:
    """One gate by the fast engine and by Qiskit Dynamics alone."""
    problem, phase_rad = task.problem, task.start_phase_rad
    fast = propagate(problem, compile_patch(problem.patch), (phase_rad,)).at(task.bath)
    reference = reference_superoperator(
        problem,
        task.bath,
        start_phase_rad=phase_rad,
        steps_per_sample=_steps_a_sample(problem),
    )
    return Agreement(
        gate=problem.gate,
        difference=_apart(fast.superoperator, reference),
        stated_estimate=fast.error_estimate,
    )


def _steps_a_sample(problem: GateProblem) -> int:
    """Steps at which the reference's own error stays below 1e-9."""
    is_large = len(problem.qubits) > 1 and max(problem.patch.levels) >= _MANY_LEVELS
    return _STEPS_MANY_LEVELS if is_large else _STEPS


def trace_defect(superoperator: Complex) -> float:
    """Largest change of the trace of a matrix unit: |Tr S(|k><l|) - delta_kl|.

    Infinite where an element is no number.
    """
    if not np.all(np.isfinite(superoperator)):
        return float("inf")
    n = round(len(superoperator) ** 0.5)
    trace = np.eye(n, dtype=complex).reshape(-1)
    return _apart(trace @ superoperator, trace)


def positivity_defect(superoperator: Complex) -> float:
    """How far the map is from completely positive, 0 where it is not.

    By how much its Choi matrix (trace n) is not Hermitian or has an eigenvalue below zero;
    infinite where an element is no number.
    """
    if not np.all(np.isfinite(superoperator)):
        return float("inf")
    matrix = choi(superoperator)
    adjoint = matrix.conj().T
    lowest = float(np.linalg.eigvalsh((matrix + adjoint) / 2)[0])
    return max(0.0, -lowest, _apart(matrix, adjoint) / 2)


def channel_difference(one: GateChannel, other: GateChannel) -> float:
    """Largest element by which two simulations of one gate differ, 0 where all bits are equal."""
    parts = (
        (one.superoperator, other.superoperator),
        (one.blocks, other.blocks),
        (np.array(one.error_estimate), np.array(other.error_estimate)),
    )
    return max(_apart(a, b) for a, b in parts)


def _apart(one: NDArray[np.inexact], other: NDArray[np.inexact]) -> float:
    """Largest difference of two elements, infinite where they differ by no number."""
    if np.array_equal(one, other):
        return 0.0
    if not (np.all(np.isfinite(one)) and np.all(np.isfinite(other))):
        return float("inf")
    return float(np.max(np.abs(one - other)))
