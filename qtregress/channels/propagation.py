"""Dissipation-free propagation of a gate: constant steps, diagonalised in one batch.

A gate falls into segments in which the same carriers play. Each segment has its own
diagonal frame: one carrier turns everything (flat tops stay constant, so each distinct
sample is diagonalised once); with two carriers every transmon turns with its own and
only the small dressed cross terms rotate, stepped by a Magnus expansion of order six
(Blanes, Casas, Oteo, Ros, Phys. Rep. 470, 151 (2009), section 5.4).
"""

import itertools
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dynamics import CompiledPatch
from qtregress.channels.problem import GateProblem
from qtregress.units import angular

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_STEPS = 1
"""Magnus steps a sample where two carriers overlap."""
_STEPS_MIXED = 4
"""Magnus steps a sample where they drive the same transmon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Samples ``start`` to ``stop`` and the carriers that play in them."""

    start: int
    stop: int
    carriers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A segment as constant Hermitian steps in its own frame.

    Attributes:
        energies_rad_s: eigenvalues of each distinct step, shape (m, n).
        vectors: eigenvectors as columns, shape (m, n, n).
        order: which distinct step each step is, shape (s,).
        step_s: length of every step.
        frame_rad_s: diagonal of the segment's frame, shape (n,).
        start_s: time at which the segment starts.
        carrier_position: position in the patch of the only carrier's qubit (0 where none
            plays): a start phase enters by that many turns of the total excitation.
        is_phased: whether two carriers play, so that a start phase of the second changes
            the steps by more than a diagonal conjugation.
    """

    energies_rad_s: Floats
    vectors: Complex
    order: Indices
    step_s: float
    frame_rad_s: Floats
    start_s: float
    carrier_position: int
    is_phased: bool

    @property
    def duration_s(self) -> float:
        """Length of the segment."""
        return len(self.order) * self.step_s


def segments(problem: GateProblem) -> tuple[Segment, ...]:
    """The gate cut wherever the set of playing carriers changes."""
    playing = {q: np.zeros(problem.samples, dtype=bool) for q in problem.qubits}
    for tone in problem.tones:
        playing[tone.carrier_of] |= tone.envelope_rad_s != 0
    flags = np.array([playing[q] for q in problem.qubits])
    edges = np.flatnonzero(np.any(flags[:, 1:] != flags[:, :-1], axis=0)) + 1
    bounds = [0, *edges.tolist(), problem.samples]
    return tuple(
        Segment(
            start=start,
            stop=stop,
            carriers=tuple(q for q, row in zip(problem.qubits, flags, strict=True) if row[start]),
        )
        for start, stop in itertools.pairwise(bounds)
        if stop > start
    )


def _frame(problem: GateProblem, segment: Segment) -> Floats:
    """Diagonal of the segment's frame: its only carrier's, or each transmon's own."""
    carriers = problem.carrier_hz
    if len(segment.carriers) == 1:
        only = carriers[problem.qubits.index(segment.carriers[0])]
        carriers = tuple(only for _ in problem.qubits)
    return sum(
        (angular(c) * label for c, label in zip(carriers, problem.patch.numbers, strict=True)),
        start=np.zeros(problem.patch.dimension),
    )


def _hamiltonians(
    problem: GateProblem, compiled: CompiledPatch, frame: Floats, drives: Complex, time_s: Floats
) -> Complex:
    """Hamiltonians in ``frame`` at times of shape (t,) for drives (tones, t); (t, n, n)."""
    n = len(frame)
    total = np.zeros((len(time_s), n, n), dtype=complex)
    turning = frame[:, None] - frame[None, :]
    for tone, drive in zip(problem.tones, drives, strict=True):
        carrier = angular(problem.carrier_hz[problem.qubits.index(tone.carrier_of)])
        lowering = compiled.lowering[problem.qubits.index(tone.qubit)]
        turn = np.exp(1j * (carrier + turning) * time_s[:, None, None])
        total += drive[:, None, None] / 2 * lowering * turn
    total = total + total.conj().transpose(0, 2, 1)
    return total + np.diag(compiled.static_rad_s - frame)


def _constant_steps(
    problem: GateProblem, compiled: CompiledPatch, segment: Segment, drives: Complex
) -> Steps:
    """Steps of one sample, each distinct sample diagonalised once."""
    frame = _frame(problem, segment)
    distinct, order = np.unique(drives, axis=1, return_inverse=True)
    hamiltonians = _hamiltonians(problem, compiled, frame, distinct, np.zeros(distinct.shape[1]))
    energies, vectors = np.linalg.eigh(hamiltonians)
    return Steps(
        energies_rad_s=energies,
        vectors=vectors,
        order=order.reshape(-1),
        step_s=problem.dt_s,
        frame_rad_s=frame,
        start_s=segment.start * problem.dt_s,
        carrier_position=problem.qubits.index(segment.carriers[0]) if segment.carriers else 0,
        is_phased=False,
    )


def _commutator(a: Complex, b: Complex) -> Complex:
    return a @ b - b @ a


def _magnus_six(h: list[Complex], step_s: float) -> Complex:
    """Effective constant Hamiltonians of order six from three Gauss nodes, (t, n, n)."""
    a = [-1j * step_s * node for node in h]
    first = a[1]
    slope = np.sqrt(15) / 3 * (a[2] - a[0])
    bend = 10 / 3 * (a[2] - 2 * a[1] + a[0])
    c1 = _commutator(first, slope)
    c2 = -_commutator(first, 2 * bend + c1) / 60
    omega = first + bend / 12 + _commutator(-20 * first - bend + c1, slope + c2) / 240
    return 1j * omega / step_s


def _steps_a_sample(problem: GateProblem, drives: Complex) -> int:
    """More steps where a transmon meets two carriers: then its whole drive rotates."""
    met = {
        (tone.qubit, tone.carrier_of)
        for tone, drive in zip(problem.tones, drives, strict=True)
        if np.any(drive != 0)
    }
    is_simple = len({qubit for qubit, _ in met}) == len(met)
    return _STEPS if is_simple else max(_STEPS, _STEPS_MIXED)


def _rotating_steps(
    problem: GateProblem, compiled: CompiledPatch, segment: Segment, drives: Complex
) -> Steps:
    """Magnus steps of a fraction of a sample, for carriers that play at once."""
    frame = _frame(problem, segment)
    count = _steps_a_sample(problem, drives)
    step_s = problem.dt_s / count
    begin = segment.start * problem.dt_s + step_s * np.arange(drives.shape[1] * count)
    held = np.repeat(drives, count, axis=1)
    nodes = (0.5 - np.sqrt(15) / 10, 0.5, 0.5 + np.sqrt(15) / 10)
    sampled = [
        _hamiltonians(problem, compiled, frame, held, begin + node * step_s) for node in nodes
    ]
    energies, vectors = np.linalg.eigh(_magnus_six(sampled, step_s))
    return Steps(
        energies_rad_s=energies,
        vectors=vectors,
        order=np.arange(len(begin)),
        step_s=step_s,
        frame_rad_s=frame,
        start_s=segment.start * problem.dt_s,
        carrier_position=0,
        is_phased=True,
    )


def segment_steps(
    problem: GateProblem,
    compiled: CompiledPatch,
    segment: Segment,
    *,
    start_phase_rad: float = 0.0,
) -> Steps:
    """One segment as constant steps.

    ``start_phase_rad`` is the phase of the second qubit's carrier against the first's at
    the gate's start. It matters only where both play; a segment with one carrier is turned
    by ``phase_turn`` instead.
    """
    turned = [
        tone.envelope_rad_s[segment.start : segment.stop]
        * np.exp(1j * start_phase_rad * problem.qubits.index(tone.carrier_of))
        for tone in problem.tones
    ]
    drives = np.array(turned).reshape(len(turned), segment.stop - segment.start)
    build = _rotating_steps if len(segment.carriers) > 1 else _constant_steps
    return build(problem, compiled, segment, drives)


def phase_turn(problem: GateProblem, part: Steps, start_phase_rad: float) -> Complex:
    """Diagonal D with which a single-carrier segment U becomes D* U D, shape (n,)."""
    total = problem.patch.numbers.sum(axis=0) * part.carrier_position
    return cast("Complex", np.exp(1j * start_phase_rad * total))


def step_propagators(part: Steps) -> Complex:
    """Propagator of each distinct step, shape (m, n, n)."""
    phases = np.exp(-1j * part.energies_rad_s * part.step_s)
    return cast("Complex", (part.vectors * phases[:, None, :]) @ part.vectors.conj().swapaxes(1, 2))


def _ordered_product(factors: Complex) -> Complex:
    """Product of propagators (s, n, n), first one rightmost, by pairwise reduction."""
    while len(factors) > 1:
        odd = factors[-1:] if len(factors) % 2 else factors[:0]
        paired = factors[: len(factors) - len(odd)]
        factors = np.concatenate([paired[1::2] @ paired[::2], odd])
    return cast("Complex", factors[0])


def segment_propagator(part: Steps) -> Complex:
    """Propagator of the whole segment in its own frame, shape (n, n).

    Runs of one distinct step are one exponential.
    """
    cuts = np.flatnonzero(np.diff(part.order)) + 1
    starts = np.concatenate([[0], cuts])
    lengths = np.diff(np.concatenate([starts, [len(part.order)]]))
    which = part.order[starts]
    phases = np.exp(-1j * part.energies_rad_s[which] * (lengths * part.step_s)[:, None])
    vectors = part.vectors[which]
    return _ordered_product((vectors * phases[:, None, :]) @ vectors.conj().swapaxes(1, 2))


def own_frame(problem: GateProblem) -> Floats:
    """Diagonal of the frame in which every transmon turns with its own carrier."""
    return _frame(problem, Segment(start=0, stop=0, carriers=()))


def into_own_frame(problem: GateProblem, part: Steps) -> tuple[Complex, Complex]:
    """Diagonals (after, before) that turn a segment's propagator into the own frame."""
    own = own_frame(problem)
    end_s = part.start_s + part.duration_s
    after = np.exp(1j * (own - part.frame_rad_s) * end_s)
    before = np.exp(-1j * (own - part.frame_rad_s) * part.start_s)
    return after, before


def final_turn(problem: GateProblem, start_phase_rad: float) -> tuple[Complex, Complex]:
    """Diagonals (after, before) of the gate's virtual Z and its carriers' start phase."""
    numbers = problem.patch.numbers
    virtual = np.array(problem.virtual_z_rad) @ numbers
    offset = start_phase_rad * numbers[-1] if len(problem.qubits) > 1 else 0.0 * virtual
    return np.exp(1j * (virtual + offset)), np.exp(-1j * offset)


def unitaries(
    problem: GateProblem, compiled: CompiledPatch, phases_rad: tuple[float, ...]
) -> Complex:
    """Dissipation-free propagators in the gate's own frame, one a start phase, (s, n, n)."""
    totals = [np.eye(problem.patch.dimension, dtype=complex) for _ in phases_rad]
    for segment in segments(problem):
        part = segment_steps(problem, compiled, segment)
        shared = _own_frame_propagator(problem, part)
        for number, phase in enumerate(phases_rad):
            if part.is_phased and phase:
                again = segment_steps(problem, compiled, segment, start_phase_rad=phase)
                turned = _own_frame_propagator(problem, again)
            else:
                turn = phase_turn(problem, part, phase)
                turned = turn.conj()[:, None] * shared * turn[None, :]
            totals[number] = turned @ totals[number]
    ends = [final_turn(problem, phase) for phase in phases_rad]
    return np.array(
        [
            after[:, None] * total * before[None, :]
            for (after, before), total in zip(ends, totals, strict=True)
        ]
    )


def _own_frame_propagator(problem: GateProblem, part: Steps) -> Complex:
    after, before = into_own_frame(problem, part)
    return after[:, None] * segment_propagator(part) * before[None, :]
