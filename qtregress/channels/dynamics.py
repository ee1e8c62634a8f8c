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


_KEPT: dict[tuple[int, ...], Complex] = {}
"""What the rotating-wave model keeps, by levels: found once a process, or told."""


def kept_terms(levels: tuple[int, ...]) -> Complex:
    """Which elements of a lowering operator Qiskit Dynamics' rotating-wave model keeps, (n, n).

    In the frame of one carrier a term's frequency is a whole number of carriers, given by
    its change of total excitation alone. So the answer holds for every patch with these
    levels; it is 1 where an element is kept as it is, 0 where it is dropped.
    """
    if levels not in _KEPT:
        _KEPT[levels] = _model_terms(levels)
    return _KEPT[levels]


def remember_terms(levels: tuple[int, ...], kept: Complex) -> None:
    """Take ``kept`` for what ``kept_terms`` would find, without importing Qiskit Dynamics."""
    _KEPT[levels] = kept


def _model_terms(levels: tuple[int, ...]) -> Complex:
    from qiskit_dynamics import Signal
    from qiskit_dynamics.models import (
        HamiltonianModel,
        RotatingFrame,
        rotating_wave_approximation,
    )

    total = np.indices(levels).reshape(len(levels), -1).sum(axis=0).astype(float)
    lowers = (total[None, :] - total[:, None] == 1).astype(complex)
    model = HamiltonianModel(
        static_operator=np.diag(angular(1.0) * total).astype(complex),
        operators=np.array([lowers + lowers.T]),
        signals=[Signal(1.0, carrier_freq=1.0)],
        rotating_frame=RotatingFrame(angular(1.0) * total),
    )
    rotating = rotating_wave_approximation(model, cutoff_freq=_RWA_CUTOFF)
    in_phase, quadrature = np.asarray(rotating.operators)
    return cast("Complex", (in_phase - 1j * quadrature) * lowers)


def compile_patch(patch: Patch) -> CompiledPatch:
    """Arrays of Qiskit Dynamics' own rotating-wave model of ``patch``.

    The rotating-wave approximation drops every term faster than the carrier, that is the
    counter-rotating ones at about twice the carrier. The frame leaves the static
    Hamiltonian, diagonal in the dressed basis, as it is.
    """
    return CompiledPatch(
        static_rad_s=patch.energies_rad_s, lowering=kept_terms(patch.levels) * patch.lowering
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
