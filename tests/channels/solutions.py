"""Answers that owe nothing to the engine: the whole Liouvillian, sample by sample; finer steps."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from qtregress.channels import dynamics, paths, propagation
from qtregress.channels.decay import _along, _Bath, _leaving
from qtregress.channels.dissipators import Jump, Ladder, jumps
from qtregress.channels.dynamics import CompiledPatch, compile_patch
from qtregress.channels.fast import Bath, Propagation, propagate
from qtregress.channels.paths import Path
from qtregress.channels.problem import GateProblem
from qtregress.channels.real_maps import as_complex, conjugation
from qtregress.units import angular

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

NO_TOLERANCE = 1e-30
"""Asks for the shortest blocks, in double precision."""
FINER_STEPS, FINER_NODES = 4, 4
"""Times as many Magnus steps a sample and quadrature nodes a step: errors fall 60 times."""


def liouvillian(hamiltonian: Complex, found: tuple[Jump, ...]) -> Complex:
    """-i [H, .] and the jumps' dissipators on row-stacked density matrices, (n**2, n**2)."""
    one = np.eye(len(hamiltonian))
    total = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    for jump in found:
        lower = jump.operator
        out = lower.conj().T @ lower / 2
        total = total + jump.rate_per_s * (
            np.kron(lower, lower.conj()) - np.kron(out, one) - np.kron(one, out.T)
        )
    return np.asarray(total)


def held(problem: GateProblem, bath: Bath) -> Complex:
    """The map of a gate of one carrier, exact: nothing moves within a sample.

    The Lindblad equation in the carrier's frame has constant coefficients from sample to
    sample, so that the answer is a product of scipy's matrix exponentials.
    """
    (carrier_of,) = {tone.carrier_of for tone in problem.tones} or {problem.qubits[0]}
    carrier_hz = problem.carrier_hz[problem.qubits.index(carrier_of)]
    numbers = problem.patch.numbers
    frame = angular(carrier_hz) * numbers.sum(axis=0)
    compiled = compile_patch(problem.patch)
    processes = jumps(problem.patch, bath)
    total = np.eye(problem.patch.dimension**2, dtype=complex)
    known: dict[bytes, Complex] = {}
    for sample in range(problem.samples):
        driven = _driven(problem, compiled, sample) + np.diag(compiled.static_rad_s - frame)
        key = driven.tobytes()
        if key not in known:
            known[key] = expm(liouvillian(driven, processes) * problem.dt_s)
        total = known[key] @ total
    own = np.array([angular(carrier) for carrier in problem.carrier_hz]) @ numbers
    angles = (own - frame) * problem.duration_s + np.array(problem.virtual_z_rad) @ numbers
    after = np.exp(1j * angles)
    return np.asarray(np.kron(after, after.conj())[:, None] * total)


def _driven(problem: GateProblem, compiled: CompiledPatch, sample: int) -> Complex:
    """What all tones do in that sample, in their carrier's frame, shape (n, n)."""
    n = problem.patch.dimension
    total = np.zeros((n, n), dtype=complex)
    for tone in problem.tones:
        lowering = compiled.lowering[problem.qubits.index(tone.qubit)]
        total += tone.envelope_rad_s[sample] / 2 * lowering
    return total + total.conj().T


def reference_unitary(problem: GateProblem, steps_per_sample: int) -> Complex:
    """The lossless propagator by Qiskit Dynamics alone, in the gate's own frame, (n, n).

    As the reference engine solves it, but without dissipators: seconds instead of minutes.
    """
    from qiskit_dynamics import Solver

    patch, carrier_hz = problem.patch, dynamics._longest_carrier(problem)
    frame = dynamics._frame(patch, carrier_hz)
    solver = Solver(
        static_hamiltonian=np.diag(patch.energies_rad_s).astype(complex),
        hamiltonian_operators=dynamics._tone_operators(problem),
        rotating_frame=frame,
        rwa_cutoff_freq=dynamics._RWA_CUTOFF * carrier_hz,
        rwa_carrier_freqs=[
            problem.carrier_hz[problem.qubits.index(tone.carrier_of)] for tone in problem.tones
        ],
    )
    result = solver.solve(
        t_span=[0.0, problem.duration_s],
        y0=np.eye(patch.dimension, dtype=complex),
        signals=dynamics._signals(problem, 0.0),
        method="scipy_expm",
        magnus_order=3,
        max_dt=problem.dt_s / steps_per_sample * (1 + 1e-6),
    )
    own = np.array([angular(carrier) for carrier in problem.carrier_hz]) @ patch.numbers
    virtual = np.array(problem.virtual_z_rad) @ patch.numbers
    angles = (own - frame) * problem.duration_s + virtual
    return np.asarray(np.exp(1j * angles)[:, None] * np.asarray(result.y[-1]))


def finer(problem: GateProblem, bath: Bath, phases_rad: tuple[float, ...] = (0.0,)) -> Complex:
    """The engine's map with everything finer that it could be wrong by, in double precision."""
    return finely(problem, phases_rad).at(bath, tolerance=NO_TOLERANCE).superoperator


def finely(
    problem: GateProblem,
    phases_rad: tuple[float, ...] = (0.0,),
    *,
    steps: int = FINER_STEPS,
    nodes: int = FINER_NODES,
) -> Propagation:
    """The gate propagated with more steps a sample and more nodes a step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(propagation, "_STEPS", steps)
        patch.setattr(propagation, "_STEPS_MIXED", propagation._STEPS_MIXED * steps)
        # no number of nodes is enough: the most are taken
        patch.setattr(paths, "JUMP_TOLERANCE", -1.0)
        patch.setattr(paths, "_MOST_NODES_A_STEP", nodes)
        return propagate(problem, compile_patch(problem.patch), phases_rad)


def in_blocks(
    found: Path,
    processes: tuple[Ladder, ...],
    steps: int,
    dtype: type[np.floating] = np.float64,
) -> tuple[Complex, float]:
    """A path's map in half blocks of ``steps`` steps, never refined, and its error estimate."""
    bath = _Bath(
        processes=processes,
        down=np.array([process.down_per_s for process in processes]),
        up=np.array([process.up_per_s for process in processes]),
        leaving=_leaving(processes),
        dtype=dtype,
    )
    along = _along(found, bath, steps)
    lossless = conjugation(found.final, np.float64)
    return as_complex(lossless + lossless @ along.change), along.error


def off(found: Complex, wanted: Complex) -> float:
    """Largest element by which two maps differ."""
    return float(np.abs(found - wanted).max())


def trace_lost(found: Complex) -> float:
    """Largest deviation of the traced map from the trace."""
    n = round(len(found) ** 0.5)
    trace = np.eye(n).ravel()
    return float(np.abs(trace @ found - trace).max())


def lowest_choi(found: Complex) -> float:
    """Lowest eigenvalue of the map's Choi matrix, negative where it is not completely positive."""
    n = round(len(found) ** 0.5)
    choi = found.reshape(n, n, n, n).transpose(0, 2, 1, 3).reshape(n * n, n * n)
    return float(np.linalg.eigvalsh((choi + choi.conj().T) / 2).min())
