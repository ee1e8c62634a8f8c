"""The only door to Qiskit Dynamics: models, and the reference engine.

Both engines start from the models built here. The fast engine takes the compiled arrays
of the rotating-wave model; the reference engine hands everything to ``Solver``.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dissipators import Jump, jumps
from qtregress.channels.problem import GateProblem
from qtregress.chip.bath import TransmonRates
from qtregress.chip.lines import Tone
from qtregress.chip.transmon import Patch
from qtregress.units import angular

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

_ROUNDING_RAD_S = 1e-3
_RWA_CUTOFF = 1.5
"""In carriers: keeps drives and decay (one carrier), drops counter-rotating terms (two)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPatch:
    """The rotating-wave model of a patch as arrays, in the dressed basis.

    In a frame rotating by the diagonal F the Hamiltonian is
    ``diag(static - F) + sum_q (f_q(t)/2 exp(i F t) lowering_q exp(-i F t) + h.c.)``.

    Attributes:
        static_rad_s: diagonal of the static Hamiltonian, shape (n,).
        lowering: what is left of each drive operator, shape (k, n, n).
    """

    static_rad_s: Floats
    lowering: Complex


def _frame(patch: Patch, carrier_hz: float) -> Floats:
    return cast("Floats", angular(carrier_hz) * patch.numbers.sum(axis=0))


def _longest_carrier(problem: GateProblem) -> float:
    """The carrier that plays longest: in its frame most of the gate is constant."""
    played = dict.fromkeys(problem.qubits, 0)
    for tone in problem.tones:
        played[tone.carrier_of] += int(np.count_nonzero(tone.envelope_rad_s))
    longest = max(problem.qubits, key=lambda qubit: played[qubit])
    return problem.carrier_hz[problem.qubits.index(longest)]


def compile_patch(patch: Patch, carrier_hz: float) -> CompiledPatch:
    """Arrays of Qiskit Dynamics' own rotating-wave model of ``patch``.

    The rotating-wave approximation drops every term faster than the carrier, that is the
    counter-rotating ones at about twice the carrier.
    """
    from qiskit_dynamics import Signal
    from qiskit_dynamics.models import (
        HamiltonianModel,
        RotatingFrame,
        rotating_wave_approximation,
    )

    count = len(patch.lowering)
    model = HamiltonianModel(
        static_operator=np.diag(patch.energies_rad_s).astype(complex),
        operators=np.array([a + a.conj().T for a in patch.lowering]),
        signals=[Signal(1.0, carrier_freq=carrier_hz) for _ in range(count)],
        rotating_frame=RotatingFrame(_frame(patch, carrier_hz)),
    )
    rotating = rotating_wave_approximation(model, cutoff_freq=_RWA_CUTOFF * carrier_hz)
    operators = np.asarray(rotating.operators)
    # the model keeps its static operator with the frame already taken off
    static = np.asarray(rotating.static_operator) + np.diag(_frame(patch, carrier_hz))
    if np.max(np.abs(static - np.diag(np.diag(static))), initial=0.0) > _ROUNDING_RAD_S:
        msg = "the static Hamiltonian must be diagonal in its dressed basis"
        raise AssertionError(msg)
    return CompiledPatch(
        static_rad_s=np.diag(static).real,
        lowering=operators[:count] - 1j * operators[count:],
    )


def _signals(problem: GateProblem, start_phase_rad: float) -> list[Any]:
    from qiskit_dynamics.signals import DiscreteSignal

    signals = []
    for tone in problem.tones:
        position = problem.qubits.index(tone.carrier_of)
        turn = np.exp(1j * start_phase_rad * position)
        signals.append(
            DiscreteSignal(
                dt=problem.dt_s,
                samples=turn * tone.envelope_rad_s,
                carrier_freq=problem.carrier_hz[position],
            )
        )
    return signals


def _dissipators(found: tuple[Jump, ...], dimension: int) -> Complex:
    """Jump operators with their rates; one that does nothing where there is no bath.

    Qiskit Dynamics vectorises nothing without a dissipator.
    """
    if not found:
        return np.zeros((1, dimension, dimension), dtype=complex)
    return np.array([np.sqrt(jump.rate_per_s) * jump.operator for jump in found])


def _played(problem: GateProblem) -> GateProblem:
    """The problem, with a tone of amplitude zero where it plays nothing."""
    if problem.tones:
        return problem
    qubit = problem.qubits[0]
    silence = Tone(
        qubit=qubit,
        carrier_of=qubit,
        line=qubit,
        envelope_rad_s=np.zeros(problem.samples, dtype=complex),
    )
    return replace(problem, tones=(silence,))


def reference_superoperator(
    problem: GateProblem,
    bath: tuple[TransmonRates, ...],
    *,
    start_phase_rad: float = 0.0,
    steps_per_sample: int = 2,
) -> Complex:
    """The gate's superoperator by Qiskit Dynamics alone, shape (n**2, n**2).

    ``Solver`` on the vectorised Lindblad equation in the frame of the longest carrier, with
    the matrix exponential of third Magnus order; nothing of this project's own between the
    model and the answer but the change to the convention of ``GateChannel``.
    """
    from qiskit_dynamics import Solver

    problem = _played(problem)
    patch = problem.patch
    carrier_hz = _longest_carrier(problem)
    frame = _frame(patch, carrier_hz)
    solver = Solver(
        static_hamiltonian=np.diag(patch.energies_rad_s).astype(complex),
        hamiltonian_operators=_tone_operators(problem),
        static_dissipators=_dissipators(jumps(patch, bath), patch.dimension),
        rotating_frame=frame,
        vectorized=True,
        rwa_cutoff_freq=_RWA_CUTOFF * carrier_hz,
        rwa_carrier_freqs=[
            problem.carrier_hz[problem.qubits.index(tone.carrier_of)] for tone in problem.tones
        ],
    )
    n = patch.dimension
    result = solver.solve(
        t_span=[0.0, problem.duration_s],
        y0=np.eye(n**2, dtype=complex),
        signals=_signals(problem, start_phase_rad),
        method="scipy_expm",
        magnus_order=3,
        # a hair more, or rounding adds a step and none meets a sample's edge any more
        max_dt=problem.dt_s / steps_per_sample * (1 + 1e-6),
    )
    column_stacked = np.asarray(result.y[-1])
    return _to_convention(column_stacked, problem, frame, start_phase_rad)


def _tone_operators(problem: GateProblem) -> Complex:
    lowering = problem.patch.lowering
    positions = [problem.qubits.index(tone.qubit) for tone in problem.tones]
    return np.array([lowering[p] + lowering[p].conj().T for p in positions])


def _to_convention(
    column_stacked: Complex, problem: GateProblem, frame: Floats, start_phase_rad: float
) -> Complex:
    """Row-stacked, in the frame of each qubit's own carrier, after its virtual Z."""
    n = problem.patch.dimension
    tensor = column_stacked.reshape(n, n, n, n)  # [j', i', j, i] of rho_ij -> rho_i'j'
    rows = tensor.transpose(1, 0, 3, 2).reshape(n**2, n**2)
    own = np.zeros(n)
    virtual = np.zeros(n)
    for position, carrier in enumerate(problem.carrier_hz):
        label = problem.patch.numbers[position]
        own = own + angular(carrier) * label
        virtual = virtual + problem.virtual_z_rad[position] * label
    start = start_phase_rad * problem.patch.numbers[-1] if len(problem.qubits) > 1 else 0.0 * own
    after = np.exp(1j * ((own - frame) * problem.duration_s + start + virtual))
    before = np.exp(1j * start)
    left = np.kron(after, after.conj())
    right = np.kron(before, before.conj()).conj()
    return left[:, None] * rows * right[None, :]
