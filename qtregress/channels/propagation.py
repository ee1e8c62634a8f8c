"""Dissipation-free propagation of a gate: constant steps, diagonalised in one batch.

A gate falls into segments in which the same carriers play. Each segment has its own
diagonal frame: one carrier turns everything (flat tops stay constant, so each distinct
sample is diagonalised once); with two carriers every transmon turns with its own and
only the small dressed cross terms rotate, stepped by a Magnus expansion of order six
(Blanes, Casas, Oteo, Ros, Phys. Rep. 470, 151 (2009), section 5.4).
"""

import itertools
from dataclasses import dataclass, replace
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
_SHORTEST_SHARED = 100
"""Samples; a shorter segment is cheaper propagated again than cut."""
_SAME = 1e-13
"""Two segments are the same, up to a phase, where their envelopes differ by less (relative)."""


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


def _drives(problem: GateProblem, segment: Segment, start_phase_rad: float) -> Complex:
    """Every tone's envelope in the segment, shape (tones, samples)."""
    turned = [
        tone.envelope_rad_s[segment.start : segment.stop]
        * np.exp(1j * start_phase_rad * problem.qubits.index(tone.carrier_of))
        for tone in problem.tones
    ]
    return np.array(turned, dtype=complex).reshape(len(turned), segment.stop - segment.start)


def _driven(
    problem: GateProblem, compiled: CompiledPatch, frame: Floats, drives: Complex, time_s: Floats
) -> Complex:
    """Drive terms in ``frame`` at times (t,) for drives of shape (s, tones, t); (s, t, n, n)."""
    n = len(frame)
    carriers = [
        angular(problem.carrier_hz[problem.qubits.index(t.carrier_of)]) for t in problem.tones
    ]
    operators = [compiled.lowering[problem.qubits.index(t.qubit)] for t in problem.tones]
    lowering = np.array(operators, dtype=complex).reshape(len(carriers), n * n)
    beats = np.exp(1j * np.array(carriers)[:, None] * time_s)
    weights = (drives * beats / 2).swapaxes(1, 2)
    found: Complex = (weights @ lowering).reshape(*weights.shape[:2], n, n)
    turning = np.exp(1j * time_s[:, None] * frame)
    found = found * (turning[:, :, None] * turning.conj()[:, None, :])
    return found + found.conj().swapaxes(2, 3)


def _constant_steps(
    problem: GateProblem, compiled: CompiledPatch, segment: Segment, drives: Complex
) -> Steps:
    """Steps of one sample, each distinct sample diagonalised once."""
    frame = _frame(problem, segment)
    distinct, order = np.unique(drives, axis=1, return_inverse=True)
    still = np.zeros(distinct.shape[1])
    driven = _driven(problem, compiled, frame, distinct[None], still)[0]
    energies, vectors = np.linalg.eigh(driven + np.diag(compiled.static_rad_s - frame))
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
    """[a, b] of anti-Hermitian matrices: there b a is the adjoint of a b."""
    product: Complex = a @ b
    return product - product.conj().swapaxes(-1, -2)


def _magnus_six(h: list[Complex], step_s: float) -> Complex:
    """Effective constant Hamiltonians of order six from three Gauss nodes, (..., n, n)."""
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
    problem: GateProblem,
    compiled: CompiledPatch,
    segment: Segment,
    drives: Complex,
    refine: int = 1,
) -> list[Steps]:
    """Magnus steps of a fraction of a sample, for carriers that play at once.

    ``drives`` has the shape (start phases, tones, samples); one answer a start phase. There
    are ``refine`` times as many steps as usual.
    """
    frame = _frame(problem, segment)
    count = refine * _steps_a_sample(problem, drives[0])
    step_s = problem.dt_s / count
    begin = segment.start * problem.dt_s + step_s * np.arange(drives.shape[2] * count)
    held = np.repeat(drives, count, axis=2)
    static = np.diag(compiled.static_rad_s - frame)
    nodes = (0.5 - np.sqrt(15) / 10, 0.5, 0.5 + np.sqrt(15) / 10)
    sampled = [
        _driven(problem, compiled, frame, held, begin + node * step_s) + static for node in nodes
    ]
    energies, vectors = np.linalg.eigh(_magnus_six(sampled, step_s))
    return [
        Steps(
            energies_rad_s=values,
            vectors=columns,
            order=np.arange(len(begin)),
            step_s=step_s,
            frame_rad_s=frame,
            start_s=segment.start * problem.dt_s,
            carrier_position=0,
            is_phased=True,
        )
        for values, columns in zip(energies, vectors, strict=True)
    ]


def refined(problem: GateProblem, compiled: CompiledPatch, part: "Part", refine: int) -> Steps:
    """The steps of a part in which two carriers play, ``refine`` times as many."""
    drives = _drives(problem, part.segment, part.start_phase_rad)[None]
    return _rotating_steps(problem, compiled, part.segment, drives, refine)[0]


def envelope_jumps(problem: GateProblem, compiled: CompiledPatch, part: "Part") -> Complex:
    """By how much the drive jumps at each sample's start and at the end, (samples + 1, n, n).

    Sample and hold: the Hamiltonian is smooth but for these jumps.
    """
    segment = part.segment
    drives = np.diff(np.pad(_drives(problem, segment, part.start_phase_rad), ((0, 0), (1, 1))))
    # in the frame of a single carrier nothing depends on when
    moving = 1.0 if part.steps.is_phased else 0.0
    time_s = moving * problem.dt_s * np.arange(segment.start, segment.stop + 1.0)
    return cast(
        "Complex", _driven(problem, compiled, part.steps.frame_rad_s, drives[None], time_s)[0]
    )


def step_propagators(part: Steps, fine: int = 1) -> Complex:
    """Propagator of a ``fine``-th of each distinct step, shape (m, n, n)."""
    phases = np.exp(-1j * part.energies_rad_s * part.step_s / fine)
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


def _final_angles(problem: GateProblem, start_phase_rad: float) -> tuple[Floats, Floats]:
    numbers = problem.patch.numbers
    virtual = np.array(problem.virtual_z_rad) @ numbers
    offset = start_phase_rad * numbers[-1] if len(problem.qubits) > 1 else 0.0 * virtual
    return virtual + offset, -offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A segment that is propagated once, at one start phase of the second carrier."""

    segment: Segment
    start_phase_rad: float
    steps: Steps


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leg:
    """A part as it occurs in the gate: exp(i after) U exp(i before) in the own frame.

    Attributes:
        part: which one.
        after_rad, before_rad: angles of the diagonals, shape (n,).
    """

    part: int
    after_rad: Floats
    before_rad: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """A gate as the parts that differ, and for each start phase the legs in time order.

    An echo's second half and every start phase of a single carrier are turned copies of a
    part that is propagated already.
    """

    parts: tuple[Part, ...]
    legs: tuple[tuple[Leg, ...], ...]


def _common_phase(known: Complex, drives: Complex) -> float | None:
    """The angle by which all of ``drives`` are turned against ``known``, None if by no one."""
    if known.shape != drives.shape:
        return None
    angle = float(np.angle(np.vdot(known, drives)))
    size = np.max(np.abs(known), initial=0.0)
    apart = np.max(np.abs(drives - known * np.exp(1j * angle)), initial=0.0)
    return angle if apart <= _SAME * size else None


def _shared_cuts(problem: GateProblem) -> tuple[Segment, ...]:
    """The gate's segments, with a sample cut off both ends of those that then recur.

    A line's response reaches a sample beyond its pulse, so that the halves of an echo may
    differ in their first and last samples alone.
    """
    found = segments(problem)
    inner = {
        part: _drives(problem, part, 0.0)[:, 1:-1] for part in found if len(part.carriers) == 1
    }
    recurring = {
        part
        for a, b in itertools.combinations(inner, 2)
        if a.carriers == b.carriers
        and inner[a].shape[1] >= _SHORTEST_SHARED
        and _common_phase(inner[a], inner[b]) is not None
        and _common_phase(*(_drives(problem, part, 0.0) for part in (a, b))) is None
        for part in (a, b)
    }
    return tuple(
        piece for part in found for piece in (_trimmed(part) if part in recurring else (part,))
    )


def _trimmed(part: Segment) -> tuple[Segment, Segment, Segment]:
    """First sample, what is between, last sample."""
    return (
        replace(part, stop=part.start + 1),
        replace(part, start=part.start + 1, stop=part.stop - 1),
        replace(part, start=part.stop - 1),
    )


class _Parts:
    """The parts met so far; a new segment is one of them, turned, or a new one."""

    def __init__(self, problem: GateProblem, compiled: CompiledPatch, refine: int) -> None:
        self.problem, self.compiled, self.refine = problem, compiled, refine
        self.found: list[Part] = []

    def single(self, segment: Segment) -> tuple[int, float]:
        """Position of a segment with one carrier or none, and the angle it is turned by."""
        drives = _drives(self.problem, segment, 0.0)
        for number, part in enumerate(self.found):
            if part.segment.carriers != segment.carriers:
                continue
            angle = _common_phase(_drives(self.problem, part.segment, 0.0), drives)
            if angle is not None:
                return number, angle
        steps = _constant_steps(self.problem, self.compiled, segment, drives)
        return self._keep(Part(segment=segment, start_phase_rad=0.0, steps=steps)), 0.0

    def phased(self, segment: Segment, phases_rad: tuple[float, ...]) -> list[int]:
        """Positions of a segment with two carriers, one a start phase."""
        drives = np.array([_drives(self.problem, segment, phase) for phase in phases_rad])
        found = _rotating_steps(self.problem, self.compiled, segment, drives, self.refine)
        return [
            self._keep(Part(segment=segment, start_phase_rad=phase, steps=steps))
            for phase, steps in zip(phases_rad, found, strict=True)
        ]

    def _keep(self, part: Part) -> int:
        self.found.append(part)
        return len(self.found) - 1


def _leg(problem: GateProblem, at: "_Place", number: int, turn_rad: Floats) -> Leg:
    """A part at another place: in the frame of the gate, and turned."""
    off = own_frame(problem) - at.steps.frame_rad_s
    start_s = at.segment.start * problem.dt_s
    end_s = at.segment.stop * problem.dt_s
    return Leg(part=number, after_rad=off * end_s - turn_rad, before_rad=turn_rad - off * start_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    segment: Segment
    steps: Steps


def course(
    problem: GateProblem,
    compiled: CompiledPatch,
    phases_rad: tuple[float, ...] = (0.0,),
    *,
    refine: int = 1,
) -> Course:
    """The gate cut into parts, and how they follow each other at every start phase.

    Where two carriers play at once there are ``refine`` times as many steps as usual.
    """
    parts = _Parts(problem, compiled, refine)
    total = problem.patch.numbers.sum(axis=0)
    runs: list[list[Leg]] = [[] for _ in phases_rad]
    for segment in _shared_cuts(problem):
        if len(segment.carriers) > 1:
            for run, number in zip(runs, parts.phased(segment, phases_rad), strict=True):
                at = _Place(segment=segment, steps=parts.found[number].steps)
                run.append(_leg(problem, at, number, 0.0 * total))
            continue
        number, angle = parts.single(segment)
        at = _Place(segment=segment, steps=parts.found[number].steps)
        for run, phase in zip(runs, phases_rad, strict=True):
            turn = (angle + phase * at.steps.carrier_position) * total
            run.append(_leg(problem, at, number, turn))
    return Course(
        parts=tuple(parts.found),
        legs=tuple(
            _ended(problem, run, phase) for run, phase in zip(runs, phases_rad, strict=True)
        ),
    )


def _ended(problem: GateProblem, run: list[Leg], phase_rad: float) -> tuple[Leg, ...]:
    """The legs with the gate's virtual Z and its carriers' start phase taken back."""
    after, before = _final_angles(problem, phase_rad)
    run[0] = replace(run[0], before_rad=run[0].before_rad + before)
    run[-1] = replace(run[-1], after_rad=run[-1].after_rad + after)
    return tuple(run)


def course_unitaries(found: Course) -> Complex:
    """Dissipation-free propagators in the gate's own frame, one a start phase, (s, n, n)."""
    finals = [segment_propagator(part.steps) for part in found.parts]
    totals = []
    for legs in found.legs:
        total = np.eye(len(legs[0].after_rad), dtype=complex)
        for leg in legs:
            moved = finals[leg.part] @ (np.exp(1j * leg.before_rad)[:, None] * total)
            total = np.exp(1j * leg.after_rad)[:, None] * moved
        totals.append(total)
    return np.array(totals)


def unitaries(
    problem: GateProblem,
    compiled: CompiledPatch,
    phases_rad: tuple[float, ...],
    *,
    refine: int = 1,
) -> Complex:
    """``course_unitaries`` of the problem's course, shape (s, n, n)."""
    return course_unitaries(course(problem, compiled, phases_rad, refine=refine))
