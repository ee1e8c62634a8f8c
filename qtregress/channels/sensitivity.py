"""How a gate's lossless propagator answers to the model's parameters: first derivatives.

Where the Hamiltonian H becomes H + theta G(t), the propagator U becomes U (1 - i theta K)
with K = Int U†(t) G(t) U(t) dt. Within a constant step that integral is exact, element by
element in the step's eigenbasis (Daleckii-Krein; Najfeld, Havel, Adv. Appl. Math. 16, 321
(1995)). Where two carriers overlap, G of a step is the derivative of the Magnus Hamiltonian
that propagates it.

One pass answers for all parameters. They act through few operators, each with a complex
weight a parameter and sample, so that a further parameter costs a row of one product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dynamics import CompiledPatch, compile_patch
from qtregress.channels.problem import LEVELS, GateProblem, gate_problem, patch_of
from qtregress.channels.propagation import Part, Steps, course
from qtregress.channels.simulate import start_phases_rad
from qtregress.channels.unitary_error import computational_block, paulis
from qtregress.chip.chip import Chip
from qtregress.chip.lines import Tone, tones
from qtregress.pulses.profile import Gate, Profile
from qtregress.pulses.schedule import Schedule, schedule
from qtregress.units import angular

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

Kind = Literal[
    "gain",
    "phase",
    "slope",
    "compression_am",
    "compression_pm",
    "frequency",
    "j",
    "timing",
    "cross_gain",
    "cross_phase",
    "crosstalk_re",
    "crosstalk_im",
]
_OF_A_LINE: tuple[Kind, ...] = (
    "gain",
    "phase",
    "slope",
    "compression_am",
    "compression_pm",
    "frequency",
)
_OF_A_CROSS_DRIVE: tuple[Kind, ...] = (
    "cross_gain",
    "cross_phase",
    "crosstalk_re",
    "crosstalk_im",
)
_PATCH_STEP_HZ = 1e4
"""Of the central difference of a patch: small against detunings, large against the 1e-3 rad/s
to which its dressed frequencies are solved. Either leaves about 1e-8 of the derivative."""
_NODES = (0.5 - np.sqrt(15) / 10, 0.5, 0.5 + np.sqrt(15) / 10)
"""Gauss nodes of a Magnus step."""
_SAME = 1e-9
"""A turned copy of a part answers alike where its weights differ by less (relative)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number of the model and what it belongs to; units are those of derivatives.

    - ``gain`` (relative), ``phase`` (rad), ``slope`` (dt), ``compression_am`` and
      ``compression_pm`` of the line of a qubit, subject ``0``. All but the compression
      act on its cross drives too.
    - ``frequency`` (Hz) of a transmon, subject ``0``: dressed, the carriers stay.
    - ``j`` (Hz) of a pair, subject ``0-1``: the dressed frequencies stay.
    - ``timing`` (dt) of a channel, subject ``d0`` or ``u0``: how much later its envelope
      plays. What the carrier does meanwhile is a phase.
    - ``cross_gain`` (relative), ``cross_phase`` (rad), ``crosstalk_re`` and ``crosstalk_im``
      of a control channel, subject ``u0``.
    """

    kind: Kind
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitivities:
    """A lossless gate and its first derivatives.

    Attributes:
        parameters: what it was differentiated by.
        blocks: computational block for each start phase, shape (s, d, d): those of
            ``simulate.blocks`` but for rounding.
        derivatives: of the blocks, per unit of the parameter, shape (p, s, d, d).
    """

    parameters: tuple[Parameter, ...]
    blocks: Complex
    derivatives: Complex


def parameters_of(gate: Gate, chip: Chip) -> tuple[Parameter, ...]:
    """Every parameter that can matter to ``gate``: lines, channels, cross drives, then J."""
    channels = list(schedule(gate).waveforms)
    crossing = [channel for channel in channels if channel in chip.control_channels]
    found = [Parameter(kind=kind, subject=str(q)) for q in gate.qubits for kind in _OF_A_LINE]
    found += [Parameter(kind="timing", subject=channel) for channel in channels]
    found += [Parameter(kind=kind, subject=c) for c in crossing for kind in _OF_A_CROSS_DRIVE]
    if len(gate.qubits) > 1:
        found.append(Parameter(kind="j", subject="-".join(map(str, gate.qubits))))
    return tuple(found)


def _subjects(kind: Kind, chip: Chip) -> set[str]:
    """What a parameter of that kind may belong to."""
    match kind:
        case "j":
            pairs = [row.qubits for row in chip.couplings]
            return {f"{a}-{b}" for pair in pairs for a, b in (pair, pair[::-1])}
        case "timing":
            return {f"d{qubit.index}" for qubit in chip.qubits} | set(chip.control_channels)
        case "cross_gain" | "cross_phase" | "crosstalk_re" | "crosstalk_im":
            return set(chip.control_channels)
        case _:
            return {str(qubit.index) for qubit in chip.qubits}


# What a parameter changes


def _later(envelope: Complex) -> Complex:
    """Derivative by a delay of one dt: minus the central slope of the held samples.

    What the slope would put beyond a pulse's end stays in its last sample, so that a
    delayed pulse keeps its area.
    """
    padded = np.pad(envelope, 1)
    before, after = padded[:-2], padded[2:]
    spilled = ((before == 0).astype(float) - (after == 0)) * envelope
    return cast("Complex", -np.where(envelope != 0, (after - before + spilled) / 2, 0.0))


def _with_line_moved(chip: Chip, index: int, field: str, by: float) -> Chip:
    """The chip with one number of one drive line larger."""
    moved = []
    for qubit in chip.qubits:
        line = qubit.drive
        if qubit.index == index:
            line = line.model_copy(update={field: getattr(line, field) + by})
        moved.append(qubit.model_copy(update={"drive": line}))
    return chip.model_copy(update={"qubits": tuple(moved)})


def _linear_in(field: str, index: int, played: Schedule, chip: Chip) -> list[Tone]:
    """Change of the tones by one unit of what a line's response is linear in."""
    more = tones(played, _with_line_moved(chip, index, field, 1.0))
    return [
        replace(a, envelope_rad_s=a.envelope_rad_s - b.envelope_rad_s)
        for a, b in zip(more, tones(played, chip), strict=True)
    ]


def _times(found: Sequence[Tone], factor: complex) -> list[Tone]:
    return [replace(tone, envelope_rad_s=factor * tone.envelope_rad_s) for tone in found]


def _tone_changes(parameter: Parameter, played: Schedule, chip: Chip) -> list[Tone]:
    """Derivatives of the gate's tones by one parameter, themselves tones."""
    subject = parameter.subject
    alone = {name: row for name, row in played.waveforms.items() if name == subject}
    of_channel = tones(replace(played, waveforms=alone), chip)
    of_line = [tone for tone in tones(played, chip) if str(tone.line) == subject]
    found: list[Tone] = []
    match parameter.kind:
        case "gain" | "phase":
            found = _times(of_line, 1.0 if parameter.kind == "gain" else 1j)
        case "slope":
            found = _linear_in("slope_dt", int(subject), played, chip)
        case "compression_am" | "compression_pm":
            found = _linear_in(parameter.kind, int(subject), played, chip)
        case "timing":
            found = [replace(t, envelope_rad_s=_later(t.envelope_rad_s)) for t in of_channel]
        case "cross_gain" | "cross_phase":
            found = _times(of_channel, 1.0 if parameter.kind == "cross_gain" else 1j)
        case "crosstalk_re" | "crosstalk_im":
            seen = [replace(tone, qubit=tone.carrier_of) for tone in of_channel[:1]]
            found = _times(seen, 1.0 if parameter.kind == "crosstalk_re" else 1j)
        case "frequency" | "j":
            pass
    return found


def _with_patch_moved(chip: Chip, parameter: Parameter, by_hz: float) -> Chip:
    if parameter.kind == "frequency":
        return _with_line_moved(chip, int(parameter.subject), "frequency_offset_hz", by_hz)
    pair = set(map(int, parameter.subject.split("-")))
    couplings = [
        row.model_copy(update={"j_hz": row.j_hz + by_hz}) if set(row.qubits) == pair else row
        for row in chip.couplings
    ]
    return chip.model_copy(update={"couplings": tuple(couplings)})


def _patch_change(
    parameter: Parameter, chip: Chip, qubits: tuple[int, ...], levels: int
) -> CompiledPatch:
    """Derivative of the patch's arrays, by a central difference of its dressed basis.

    The rotating-wave model keeps every element of them, see ``compile_patch``.
    """
    above, below = (
        patch_of(_with_patch_moved(chip, parameter, sign * _PATCH_STEP_HZ), qubits, levels)
        for sign in (1, -1)
    )
    return CompiledPatch(
        static_rad_s=(above.energies_rad_s - below.energies_rad_s) / (2 * _PATCH_STEP_HZ),
        lowering=(above.lowering - below.lowering) / (2 * _PATCH_STEP_HZ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Changes:
    """What the parameters change.

    Attributes:
        count: number of parameters p.
        envelopes: by transmon and carrier (positions in the patch), the derivatives of the
            envelope that drives it, shape (p, T).
        patches: by number of the parameter, the derivative of the patch.
    """

    count: int
    envelopes: dict[tuple[int, int], Complex]
    patches: dict[int, CompiledPatch]


def _changes(wanted: Sequence[Parameter], gate: Gate, problem: GateProblem, chip: Chip) -> _Changes:
    played = schedule(gate)
    envelopes: dict[tuple[int, int], Complex] = {}
    patches = {}
    for number, parameter in enumerate(wanted):
        for tone in _tone_changes(parameter, played, chip):
            key = (problem.qubits.index(tone.qubit), problem.qubits.index(tone.carrier_of))
            empty = np.zeros((len(wanted), problem.samples), dtype=complex)
            envelopes.setdefault(key, empty)[number] += tone.envelope_rad_s
        if parameter.kind in {"frequency", "j"}:
            levels = problem.patch.levels[0]
            patches[number] = _patch_change(parameter, chip, problem.qubits, levels)
    return _Changes(count=len(wanted), envelopes=envelopes, patches=patches)


# How a part of the gate answers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Runs:
    """A part as m stretches in which neither its step nor any weight changes.

    Attributes:
        samples: sample of the part at which each begins, shape (m,).
        begin_s: time at which each begins, shape (m,).
        vectors: eigenvectors of its step as columns, shape (m, n, n).
        inside: vectors† U, U the propagator since the part's start, shape (m, n, n).
        spread_s: integrals of exp(i (E_a - E_b) t) over it, shape (m, n, n).
        final: propagator of the whole part, shape (n, n).
    """

    samples: Indices
    begin_s: Floats
    vectors: Complex
    inside: Complex
    spread_s: Complex
    final: Complex


def _beginnings(steps: Steps, weights: Sequence[Complex], sample: Indices) -> Indices:
    """Steps at which a run begins: another step or another weight, shape (m,)."""
    is_new = np.diff(steps.order, prepend=-1) != 0
    for rows in weights:
        is_new |= np.any(np.diff(rows[:, sample], prepend=np.nan) != 0, axis=0)
    return np.flatnonzero(is_new)


def _runs(steps: Steps, weights: Sequence[Complex], samples: int) -> _Runs:
    """The runs of a part of so many samples for weights of shape (p, samples) each."""
    sample = np.arange(len(steps.order)) * samples // len(steps.order)
    first = _beginnings(steps, weights, sample)
    lengths_s = np.diff(np.append(first, len(steps.order))) * steps.step_s
    vectors = steps.vectors[steps.order[first]]
    adjoint = vectors.conj().swapaxes(1, 2)
    half = steps.energies_rad_s[steps.order[first]] * lengths_s[:, None] / 2
    turns = np.exp(1j * half)
    sinc = np.sinc((half[:, :, None] - half[:, None, :]) / np.pi)
    reached = np.empty((len(first) + 1, *vectors.shape[1:]), dtype=complex)
    reached[0] = np.eye(vectors.shape[1])
    propagators = (vectors * turns.conj()[:, None, :] ** 2) @ adjoint
    for number, propagator in enumerate(propagators):
        np.matmul(propagator, reached[number], out=reached[number + 1])
    return _Runs(
        samples=sample[first],
        begin_s=np.asarray(steps.start_s + first * steps.step_s, dtype=np.float64),
        vectors=vectors,
        inside=adjoint @ reached[:-1],
        spread_s=lengths_s[:, None, None] * sinc * turns[:, :, None] * turns.conj()[:, None, :],
        final=reached[-1],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Picture:
    """Turns operators into the frame of one part of the gate."""

    problem: GateProblem
    part: Part
    runs: _Runs

    @property
    def nodes_s(self) -> tuple[Floats | None, ...]:
        """Times inside the runs, each (m,), or none where lowering operators stand still."""
        steps = self.part.steps
        if not steps.is_phased:
            return (None,)
        return tuple(self.runs.begin_s + node * steps.step_s for node in _NODES)

    def turned(self, lowering: Complex, carrier: int, time_s: Floats | None) -> Complex:
        """exp(i (carrier + F) t) lowering exp(-i F t), shape (m, n, n), or (1, n, n) if still."""
        if time_s is None:
            return lowering[None]
        frame = np.exp(1j * self.part.steps.frame_rad_s * time_s[:, None])
        beat = angular(self.problem.carrier_hz[carrier]) * time_s
        left = frame * np.exp(1j * (beat + self.part.start_phase_rad * carrier))[:, None]
        return cast("Complex", left[:, :, None] * lowering * frame.conj()[:, None, :])

    def half_of(self, patch: CompiledPatch, time_s: Floats | None) -> Complex:
        """diag(static) / 2 + sum f/2 lowering: with its adjoint the Hamiltonian, (m, n, n)."""
        position = self.problem.qubits.index
        still = np.diag(patch.static_rad_s / 2).astype(complex)
        total = np.tile(still, (len(self.runs.samples), 1, 1))
        for tone in self.problem.tones:
            held = tone.envelope_rad_s[self.part.segment.start + self.runs.samples]
            if np.any(held):
                lowering = patch.lowering[position(tone.qubit)]
                turned = self.turned(lowering, position(tone.carrier_of), time_s)
                total += held[:, None, None] / 2 * turned
        return total

    def added(self, compiled: CompiledPatch) -> Callable[[list[Complex]], Complex]:
        """From an operator at every node to what it adds to the runs' Hamiltonians."""
        if not self.part.steps.is_phased:
            return lambda operators: operators[0]
        static_rad_s = compiled.static_rad_s - self.part.steps.frame_rad_s
        whole = replace(compiled, static_rad_s=static_rad_s)
        halves = [self.half_of(whole, time_s) for time_s in self.nodes_s]
        hamiltonians = [half + half.conj().swapaxes(1, 2) for half in halves]
        return _magnus_six_derivative(hamiltonians, self.part.steps.step_s)


def _commutator(a: Complex, b: Complex) -> Complex:
    return a @ b - b @ a


def _by_powers(nodes: list[Complex]) -> tuple[Complex, Complex, Complex]:
    """Value, slope and bend in the middle of a step from its three Gauss nodes."""
    early, middle, late = nodes
    return middle, np.sqrt(15) / 3 * (late - early), 10 / 3 * (late - 2 * middle + early)


def _magnus_six_derivative(
    hamiltonians: list[Complex], step_s: float
) -> Callable[[list[Complex]], Complex]:
    """Derivative of the Magnus Hamiltonian of order six, (m, n, n), in any direction.

    Of Omega = f + b/12 + [y, z]/240 with y = -20 f - b + c1, z = s + c2, c1 = [f, s] and
    c2 = -[f, 2 b + c1]/60 for Omega' = -i h H at the nodes (Blanes et al. 2009, section 5.4).
    """
    f, s, b = _by_powers([-1j * step_s * h for h in hamiltonians])
    c1 = _commutator(f, s)
    x = 2 * b + c1
    y = -20 * f - b + c1
    z = s - _commutator(f, x) / 60

    def derivative(direction: list[Complex]) -> Complex:
        df, ds, db = _by_powers(direction)
        dc1 = _commutator(df, s) + _commutator(f, ds)
        dz = ds - (_commutator(df, x) + _commutator(f, 2 * db + dc1)) / 60
        dy = -20 * df - db + dc1
        return df + db / 12 + (_commutator(dy, z) + _commutator(y, dz)) / 240

    return derivative


def _integrated(runs: _Runs, operators: Complex, weights: Complex) -> Complex:
    """Sum over runs of weight (p, m) times Int U† X U dt, shape (p, n, n)."""
    adjoint = runs.vectors.conj().swapaxes(1, 2)
    seen = runs.spread_s * (adjoint @ operators @ runs.vectors)
    moved = runs.inside.conj().swapaxes(1, 2) @ seen @ runs.inside
    m, n, _ = moved.shape
    return cast("Complex", (weights @ moved.reshape(m, n * n)).reshape(-1, n, n))


# How the gate answers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Answer:
    """A propagator U (n, n) and its generators K (p, n, n): dU = -i U K."""

    propagator: Complex
    generators: Complex

    def between(self, after_rad: Floats, before_rad: Floats) -> "_Answer":
        """exp(i after) U exp(i before), angles of shape (n,)."""
        after, before = np.exp(1j * after_rad), np.exp(1j * before_rad)
        return _Answer(
            propagator=after[:, None] * self.propagator * before,
            generators=before.conj()[:, None] * self.generators * before,
        )

    def then(self, later: "_Answer") -> "_Answer":
        """This first, then ``later``."""
        back = self.propagator.conj().T
        return _Answer(
            propagator=later.propagator @ self.propagator,
            generators=self.generators + back @ later.generators @ self.propagator,
        )


Weights = dict[tuple[int, int], Complex]


def _weights(changes: _Changes, problem: GateProblem, part: Part, there: slice) -> Weights:
    """Half the changes of envelopes ``there`` in the gate, turned back to where ``part`` stood.

    By transmon and carrier, shape (p, samples) each, without those that are zero.
    """
    first = slice(part.segment.start, part.segment.stop)
    turns = [np.vdot(t.envelope_rad_s[first], t.envelope_rad_s[there]) for t in problem.tones]
    back = np.exp(-1j * np.angle(sum(turns))) / 2
    found = {key: rows[:, there] * back for key, rows in changes.envelopes.items()}
    found = {key: rows for key, rows in found.items() if np.any(rows)}
    if {problem.qubits[carrier] for _, carrier in found} - set(part.segment.carriers):
        msg = "an envelope must not change where its carrier does not play"
        raise AssertionError(msg)
    return found


def _alike(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(
        bool(np.all(np.abs(other[key] - rows).max(axis=1) <= _SAME * np.abs(rows).max(axis=1)))
        for key, rows in one.items()
    )


def _part_answer(
    problem: GateProblem, compiled: CompiledPatch, changes: _Changes, part: Part, weights: Weights
) -> _Answer:
    """How one part answers, in its own frame and unturned."""
    runs = _runs(part.steps, list(weights.values()), part.segment.stop - part.segment.start)
    picture = _Picture(problem=problem, part=part, runs=runs)
    added = picture.added(compiled)
    n = problem.patch.dimension
    half = np.zeros((changes.count, n, n), dtype=complex)
    for (qubit, carrier), rows in weights.items():
        lowering = compiled.lowering[qubit]
        turned = [picture.turned(lowering, carrier, time_s) for time_s in picture.nodes_s]
        half += _integrated(runs, added(turned), rows[:, runs.samples])
    whole = np.ones((1, len(runs.samples)), dtype=complex)
    for number, patch in changes.patches.items():
        halves = [picture.half_of(patch, time_s) for time_s in picture.nodes_s]
        half[number] += _integrated(runs, added(halves), whole)[0]
    return _Answer(propagator=runs.final, generators=half + half.conj().swapaxes(1, 2))


def _answers(
    problem: GateProblem, compiled: CompiledPatch, changes: _Changes, phases_rad: tuple[float, ...]
) -> list[_Answer]:
    """The whole gate's answer at each start phase.

    An echo's second half answers as its first, turned: each part is asked once.
    """
    found = course(problem, compiled, phases_rad)
    n = problem.patch.dimension
    nothing = _Answer(
        propagator=np.eye(n, dtype=complex),
        generators=np.zeros((changes.count, n, n), dtype=complex),
    )
    totals = [nothing for _ in phases_rad]
    known: dict[int, tuple[Weights, _Answer]] = {}
    for number, legs in enumerate(found.legs):
        start = 0
        for leg in legs:
            part = found.parts[leg.part]
            length = part.segment.stop - part.segment.start
            weights = _weights(changes, problem, part, slice(start, start + length))
            if leg.part not in known or not _alike(known[leg.part][0], weights):
                answer = _part_answer(problem, compiled, changes, part, weights)
                known[leg.part] = (weights, answer)
            turned = known[leg.part][1].between(leg.after_rad, leg.before_rad)
            totals[number] = totals[number].then(turned)
            start += length
    return totals


def sensitivities(
    gate: Gate,
    profile: Profile,
    chip: Chip,
    wanted: Sequence[Parameter] | None = None,
    *,
    levels: int = LEVELS,
    phases: int | None = None,
) -> Sensitivities:
    """Blocks of the first start phases and their derivatives by ``wanted`` parameters.

    Args:
        gate: one that ``why_not_simulated`` has nothing against.
        profile: what it belongs to.
        chip: with the parameters' values at which the gate is differentiated.
        wanted: all of ``parameters_of`` if not given; one that does not matter to the gate
            has derivative zero.
        levels: of every transmon.
        phases: number of start phases; all if not given.

    Raises:
        KeyError: the chip has nothing of a parameter's subject.
        InputError: the pair is so close to 2 J that its frequencies cannot be moved.
    """
    problem = gate_problem(gate, profile, chip, levels=levels)
    compiled = compile_patch(problem.patch)
    parameters = parameters_of(gate, chip) if wanted is None else tuple(wanted)
    for parameter in parameters:
        if parameter.subject not in _subjects(parameter.kind, chip):
            raise KeyError(parameter)
    changes = _changes(parameters, gate, problem, chip)
    found = _answers(problem, compiled, changes, start_phases_rad(problem)[:phases])
    at = problem.patch.computational
    derivatives = [-1j * one.propagator[at] @ one.generators[:, :, at] for one in found]
    return Sensitivities(
        parameters=parameters,
        blocks=np.array([computational_block(problem.patch, one.propagator) for one in found]),
        derivatives=np.array(derivatives).swapaxes(0, 1),
    )


# What that means for the coherent error


def _polar_derivatives(block: Complex, derivatives: Complex) -> tuple[Complex, Complex]:
    """The unitary Q nearest to the block M, and its derivatives, shape (p, d, d).

    From M = Q H: Q†dM - dM†Q = S H + H S with Q†dQ = S, element by element in the basis of
    M's right singular vectors, where H is diagonal.
    """
    left, stretches, right = np.linalg.svd(block)
    skew = left.conj().T @ derivatives @ right.conj().T
    skew = skew - skew.conj().swapaxes(1, 2)
    turned = skew / (stretches[:, None] + stretches[None, :])
    return left @ right, left @ turned @ right


def error_jacobian(block: Complex, derivatives: Complex, ideal: Complex) -> Floats:
    """Derivatives of ``error_vector(block, ideal)``, shape (d**2 - 1, p).

    Args:
        block: lossless computational block, shape (d, d).
        derivatives: of the block, shape (p, d, d).
        ideal: the unitary it is compared with, shape (d, d).
    """
    d = len(ideal)
    unitary, turning = _polar_derivatives(block, derivatives)
    error, change = ideal.conj().T @ unitary, ideal.conj().T @ turning
    trace = np.trace(error)
    if trace != 0:
        phase = np.conj(trace) / np.abs(trace)
        rate = np.einsum("pii->p", change) / trace
        change = phase * (change - 1j * rate.imag[:, None, None] * error)
    components = np.einsum("kij,pji->kp", paulis(d.bit_length() - 1), change) / d
    return cast("Floats", components.imag)


def coherent_hessian(found: Sensitivities, ideal: Complex) -> Floats:
    """Second derivatives of the coherent error, averaged over start phases, shape (p, p).

    2 d / (d + 1) J†J with J the error vector's derivatives: exact where that vector is
    zero, what Gauss and Newton take elsewhere. Leakage has second derivatives of its own,
    which are not counted.
    """
    d = len(ideal)
    total = np.zeros((len(found.parameters), len(found.parameters)))
    for block, derivatives in zip(found.blocks, found.derivatives.swapaxes(0, 1), strict=True):
        jacobian = error_jacobian(block, derivatives, ideal)
        total += jacobian.T @ jacobian
    return 2 * d / (d + 1) * total / len(found.blocks)
