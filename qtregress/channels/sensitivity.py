"""How a gate answers to the model's parameters: first derivatives of what it does and loses.

What a parameter changes of the gate's tones or of its patch is found here, and so is what
that means for the coherent error; how a propagator and losses follow is in ``answers``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.answers import Changes, answers
from qtregress.channels.dynamics import CompiledPatch, compile_patch
from qtregress.channels.losses import Losses
from qtregress.channels.problem import LEVELS, GateProblem, gate_problem, patch_of
from qtregress.channels.simulate import start_phases_rad
from qtregress.channels.unitary_error import computational_block, paulis
from qtregress.chip.chip import Chip
from qtregress.chip.lines import Tone, tones
from qtregress.pulses.profile import Gate, Profile
from qtregress.pulses.schedule import Schedule, schedule

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

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
    """A lossless gate, what each jump process would cost it, and their first derivatives.

    Attributes:
        parameters: what it was differentiated by.
        blocks: computational block for each start phase, shape (s, d, d): those of
            ``simulate.blocks`` but for rounding.
        derivatives: of the blocks, per unit of the parameter, shape (p, s, d, d).
        losses: what processes cost at the first start phase, and its derivatives.
    """

    parameters: tuple[Parameter, ...]
    blocks: Complex
    derivatives: Complex
    losses: Losses


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


def _changes(wanted: Sequence[Parameter], gate: Gate, problem: GateProblem, chip: Chip) -> Changes:
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
    return Changes(count=len(wanted), envelopes=envelopes, patches=patches)


def sensitivities(
    gate: Gate,
    profile: Profile,
    chip: Chip,
    wanted: Sequence[Parameter] | None = None,
    *,
    levels: int = LEVELS,
    phases: int | None = None,
) -> Sensitivities:
    """Blocks of the first start phases, losses of the first, and their derivatives.

    Args:
        gate: one that ``why_not_simulated`` has nothing against.
        profile: what it belongs to.
        chip: with the parameters' values at which the gate is differentiated.
        wanted: parameters, all of ``parameters_of`` if not given; one that does not matter
            to the gate has derivative zero. Without any, losses cost little more than blocks.
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
    found, losses = answers(problem, compiled, changes, start_phases_rad(problem)[:phases])
    at = problem.patch.computational
    derivatives = [-1j * one.propagator[at] @ one.generators[:, :, at] for one in found]
    return Sensitivities(
        parameters=parameters,
        blocks=np.array([computational_block(problem.patch, one.propagator) for one in found]),
        derivatives=np.array(derivatives).swapaxes(0, 1),
        losses=losses,
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
