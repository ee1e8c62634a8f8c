"""An IBM backend's defaults as a profile."""

import cmath
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import ValidationError

from qtregress.document import Source
from qtregress.errors import InputError
from qtregress.files.ibm_source import Command, IbmDump, Instruction, LibraryPulse, Parameters
from qtregress.files.problems import listed, problems, under
from qtregress.pulses.profile import (
    Constant,
    Delay,
    Drag,
    Gate,
    Gaussian,
    GaussianSquare,
    Profile,
    Pulse,
    Samples,
    ShiftPhase,
    end_of,
)

_VIRTUAL_PHASE = re.compile(r"-\(P0\)")
_SECONDS_BELOW_NS = 1e-6
_SHAPES: dict[str, tuple[type[Pulse], tuple[str, ...]]] = {
    "drag": (Drag, ("sigma", "beta")),
    "gaussian": (Gaussian, ("sigma",)),
    "gaussian_square": (GaussianSquare, ("sigma", "width")),
    "constant": (Constant, ()),
}


@dataclass(slots=True)
class _Notes:
    """What happened to how many commands or pulses, in order of first occurrence."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, sentence: str) -> None:
        self.counts[sentence] += 1

    def sentences(self) -> tuple[str, ...]:
        return tuple(f"{sentence} ({count}x)" for sentence, count in self.counts.items())


def scaled(value: float, decades: int) -> float:
    """``value`` times 10**decades without the rounding of a product."""
    return float(Decimal(repr(value)).scaleb(decades))


def device_name(backend_name: str) -> str:
    """``ibm_lima`` of ``ibmq_lima`` and ``ibm_lima``."""
    return backend_name.replace("ibmq_", "ibm_", 1)


def read_profile(dump: IbmDump) -> tuple[Profile, tuple[str, ...]]:
    """The backend's gate table, and sentences on what was left out or changed.

    Raises:
        InputError: a command cannot be expressed as a gate.
    """
    notes = _Notes()
    gates = _gates(dump, notes)
    configuration = dump.configuration
    name = dump.defaults_source.text.name
    try:
        profile = Profile(
            format="qtregress/profile@1",
            device=device_name(configuration.backend_name),
            firmware=configuration.backend_version,
            dt_ns=_dt_ns(configuration.dt),
            source=Source(
                description=f"IBM backend dump of {configuration.backend_name}",
                date=dump.properties.last_update_date,
            ),
            drive_frequency_hz=_frequencies(dump),
            gates=tuple(sorted(gates, key=lambda gate: (len(gate.qubits), gate.name, gate.qubits))),
        )
    except ValidationError as error:
        raise InputError(listed(problems(error, Profile), under(name))) from error
    return profile, notes.sentences()


def _dt_ns(dt: float) -> float:
    """The sample time in ns; the oldest dumps give seconds."""
    return scaled(dt, 9) if dt < _SECONDS_BELOW_NS else dt


def _frequencies(dump: IbmDump) -> dict[str, float]:
    defaults = dump.defaults
    kinds = (("d", defaults.qubit_freq_est), ("m", defaults.meas_freq_est))
    return {
        f"{letter}{index}": scaled(frequency, 9)
        for letter, frequencies in kinds
        for index, frequency in enumerate(frequencies)
    }


def _gates(dump: IbmDump, notes: _Notes) -> list[Gate]:
    library = {pulse.name: pulse for pulse in dump.defaults.pulse_library}
    names = {(command.name, command.qubits) for command in dump.defaults.cmd_def}
    gates = []
    for number, command in enumerate(dump.defaults.cmd_def):
        try:
            name = _taken_as(command, names, notes)
            if name is not None:
                gates.append(_gate(name, command, library, notes))
        except (ValidationError, ValueError) as error:
            raise InputError(_command_problem(dump, number, error)) from error
    return gates


def _command_problem(dump: IbmDump, number: int, error: Exception) -> str:
    command = dump.defaults.cmd_def[number]
    where = dump.defaults_source.locate(("cmd_def", number))
    qubits = "-".join(map(str, command.qubits))
    head = f"{where}: cmd_def[{number}] ({command.name} {qubits})"
    if isinstance(error, ValidationError):
        return listed(problems(error, Gate), under(head))
    return f"{head}: {error}"


def _taken_as(
    command: Command, names: set[tuple[str, tuple[int, ...]]], notes: _Notes
) -> str | None:
    """The gate's name, or None if the command is left out."""
    if command.name == "measure" and len(command.qubits) > 1:
        notes.add("measure of several qubits at once is skipped")
        return None
    if not any(isinstance(instruction.phase, str) for instruction in command.sequence):
        return command.name
    if not _is_virtual(command):
        notes.add(f"{command.name} is skipped, because its pulses depend on its parameters")
        return None
    if command.name == "rz":
        return "rz"
    if ("rz", command.qubits) not in names and command.name == "u1":
        notes.add("u1 is taken as the virtual Z gate rz")
        return "rz"
    notes.add(f"{command.name} is skipped, because rz is the same virtual Z gate")
    return None


def _is_virtual(command: Command) -> bool:
    return all(
        instruction.name == "fc"
        and instruction.t0 == 0
        and isinstance(instruction.phase, str)
        and _VIRTUAL_PHASE.fullmatch(instruction.phase)
        for instruction in command.sequence
    )


def _gate(name: str, command: Command, library: dict[str, LibraryPulse], notes: _Notes) -> Gate:
    if _is_virtual(command) and command.sequence:
        channels = dict.fromkeys(_channel(instruction) for instruction in command.sequence)
        return Gate(name=name, qubits=command.qubits, duration=0, virtual_z=tuple(channels))
    pulses = [
        _instruction(instruction, library, notes)
        for instruction in command.sequence
        if instruction.name != "acquire"
    ]
    pulses.sort(key=lambda pulse: (pulse.t0, pulse.channel, not isinstance(pulse, ShiftPhase)))
    return Gate(
        name=name,
        qubits=command.qubits,
        duration=max(map(end_of, pulses), default=0),
        pulses=tuple(pulses),
    )


def _channel(instruction: Instruction) -> str:
    if instruction.ch is None:
        msg = f"the instruction {instruction.name!r} must have a channel `ch`, but has none"
        raise ValueError(msg)
    return instruction.ch


def _instruction(
    instruction: Instruction, library: dict[str, LibraryPulse], notes: _Notes
) -> Pulse | ShiftPhase | Delay:
    channel = _channel(instruction)
    match instruction.name:
        case "fc":
            return ShiftPhase.model_validate(
                {"channel": channel, "t0": instruction.t0, "shift_phase": instruction.phase}
            )
        case "delay":
            return Delay.model_validate(
                {"channel": channel, "t0": instruction.t0, "delay": instruction.duration}
            )
        case "parametric_pulse":
            return _parametric(channel, instruction, notes)
        case name if name in library:
            return _sampled(channel, instruction.t0, library[name], notes)
        case name:
            msg = (
                f"the instruction {name!r} must be parametric_pulse, fc, delay, acquire "
                "or a pulse of pulse_library, but is none of them"
            )
            raise ValueError(msg)


def _parametric(channel: str, instruction: Instruction, notes: _Notes) -> Pulse:
    shape, parameters = instruction.pulse_shape or "", instruction.parameters
    if shape not in _SHAPES or parameters is None:
        msg = (
            f"pulse_shape must be one of {', '.join(_SHAPES)} with parameters, "
            f"but is {instruction.pulse_shape!r}"
        )
        raise ValueError(msg)
    model, needed = _SHAPES[shape]
    return model.model_validate(
        {
            "channel": channel,
            "t0": instruction.t0,
            "duration": parameters.duration,
            "envelope": shape,
            **_polar(parameters, notes),
            **{key: getattr(parameters, key) for key in needed},
        }
    )


def _polar(parameters: Parameters, notes: _Notes) -> dict[str, float]:
    """``amp`` and ``angle`` of the complex amplitude."""
    amp, angle = cmath.polar(complex(*parameters.amp))
    if amp > 1:
        notes.add("an amplitude above full scale is clipped to 1")
    return {"amp": min(amp, 1.0), "angle": angle}


def _sampled(channel: str, t0: int, pulse: LibraryPulse, notes: _Notes) -> Samples | Delay:
    """The waveform, or a delay if it is silent (as ``QId_d0`` is)."""
    if not any(re or im for re, im in pulse.samples):
        return Delay(channel=channel, t0=t0, delay=len(pulse.samples))
    loudest = max(math.hypot(re, im) for re, im in pulse.samples)
    scale = 1.0
    if loudest > 1:
        notes.add(f"the samples of {pulse.name} exceed full scale and are scaled down to 1")
        scale = 1 / loudest
    return Samples(
        channel=channel,
        t0=t0,
        duration=len(pulse.samples),
        envelope="samples",
        re=tuple(re * scale for re, _ in pulse.samples),
        im=tuple(im * scale for _, im in pulse.samples),
    )
