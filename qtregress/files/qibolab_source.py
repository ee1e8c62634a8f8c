"""What is read of a Qibolab platform: its ``parameters.json`` and ``calibration.json``.

Schemas 0.2 (github.com/qiboteam/qibolab ``src/qibolab/_core/parameters.py``, ``native.py``,
``pulses/pulse.py``) and 0.1 (``shape`` strings), and Qibocal's calibration
(github.com/qiboteam/qibocal ``src/qibocal/calibration/calibration.py``). Unknown keys are
ignored. Times are nanoseconds, frequencies hertz.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from qtregress.errors import InputError
from qtregress.files.documents import Source, read_source, validated
from qtregress.files.ibm_source import Foreign, Number, Word
from qtregress.files.problems import listed, problems, shown, under
from qtregress.files.qibolab_envelopes import MAX_SAMPLES, Envelope
from qtregress.printable import printable

Nanoseconds = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=MAX_SAMPLES)]
Amplitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1, le=1)]
QubitName = Annotated[str, Field(max_length=60)]
Measure = tuple[Number | None, Number | None] | Number
"""A value and its error; 0 and null stand for not measured."""

_NUMBERED = re.compile(r"0|[1-9][0-9]{0,3}")
_SHAPE = re.compile(r"\s*([A-Za-z]{1,20})\(([^()]{0,500})\)\s*")
_MOST_ROWS = 1_000


class PlayedPulse(Foreign):
    """A pulse of version 0.2."""

    kind: Literal["pulse"]
    duration: Nanoseconds
    amplitude: Amplitude
    envelope: Envelope
    relative_phase: Number = 0.0
    chirp: Any = None


class Wait(Foreign):
    """Nothing is played."""

    kind: Literal["delay"]
    duration: Nanoseconds


class VirtualZ(Foreign):
    """The carrier's phase moves."""

    kind: Literal["virtualz"]
    phase: Number


class Align(Foreign):
    """The sequence's channels meet."""

    kind: Literal["align"]


class Acquisition(Foreign):
    """The instrument listens."""

    kind: Literal["acquisition"]
    duration: Nanoseconds


class ReadoutPulse(Foreign):
    """A probe and the time that the instrument listens."""

    kind: Literal["readout"]
    acquisition: Acquisition
    probe: PlayedPulse


Element = Annotated[
    PlayedPulse | Wait | VirtualZ | Align | Acquisition | ReadoutPulse,
    Field(discriminator="kind"),
]
Sequence = Annotated[tuple[tuple[Word, Element], ...], Field(max_length=_MOST_ROWS)]
Natives = dict[Word, Sequence | None]


class Carrier(Foreign):
    """A channel's or an instrument's settings; most have no carrier."""

    frequency: Number | None = None


class NativeGates(Foreign):
    """Gates by the name of their qubit, pair or coupler."""

    single_qubit: dict[QubitName, Natives] = {}
    coupler: dict[QubitName, Any] | list[Any] = {}
    two_qubit: dict[QubitName, Natives] = {}


class Parameters(Foreign):
    """``parameters.json`` of version 0.2."""

    configs: dict[Word, Carrier]
    native_gates: NativeGates


class OldPulse(Foreign):
    """A pulse of version 0.1, or a virtual Z of a pair."""

    type: Literal["qd", "ro", "qf", "virtual_z", "coupler"]
    duration: Nanoseconds = 0.0
    amplitude: Amplitude = 0.0
    shape: Word = "Rectangular()"
    frequency: Number | None = None
    relative_start: Nanoseconds = 0.0
    phase: Number = 0.0
    qubit: int | Word | None = None


class OldNativeGates(Foreign):
    """Gates of version 0.1: one pulse a qubit's gate, several a pair's."""

    single_qubit: dict[QubitName, dict[Word, OldPulse | None]] = {}
    two_qubit: dict[QubitName, dict[Word, OldPulse | list[OldPulse] | None]] = {}


class OldParameters(Foreign):
    """``parameters.json`` of version 0.1."""

    native_gates: OldNativeGates


class CalibratedResonator(Foreign):
    """The readout resonator."""

    dressed_frequency: Number | None = None


class CalibratedFrequencies(Foreign):
    """The transmon's transitions."""

    frequency_01: Number | None = None
    frequency_12: Number | None = None


class CalibratedReadout(Foreign):
    """The readout; ``qudits_frequency`` is the resonator's by the qubit's state."""

    qudits_frequency: dict[Word, Number | None] = {}


class CalibratedQubit(Foreign):
    """What Qibocal found of one qubit."""

    resonator: CalibratedResonator = CalibratedResonator()
    qubit: CalibratedFrequencies = CalibratedFrequencies()
    readout: CalibratedReadout = CalibratedReadout()
    t1: Measure | None = None
    t2: Measure | None = None
    t2_spin_echo: Measure | None = None
    rb_fidelity: Measure | None = None


class Calibration(Foreign):
    """``calibration.json``."""

    single_qubits: dict[QubitName, CalibratedQubit]


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeGate:
    """A gate of the table: what is played on which channel, in the order of time."""

    name: str
    qubits: tuple[int, ...]
    sequence: tuple[tuple[str, Element], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QibolabPlatform:
    """A platform's two files in one form, whatever their version.

    Attributes:
        path: of ``parameters.json``, for messages.
        qubits: of the table, in order.
        gates: those that are no null.
        carriers_hz: by channel, those above 0.
        calibration: by qubit.
        notes: sentences on what was left out.
    """

    path: str
    qubits: tuple[int, ...]
    gates: tuple[NativeGate, ...]
    carriers_hz: dict[str, float]
    calibration: dict[int, CalibratedQubit]
    notes: tuple[str, ...]


def read_platform(folder: Path) -> QibolabPlatform:
    """The folder's ``parameters.json`` and ``calibration.json``.

    Raises:
        InputError: one is missing or cannot be used.
    """
    if not folder.is_dir():
        msg = f"{folder}: must be a folder with parameters.json and calibration.json"
        raise InputError(msg)
    source = read_source(str(folder / "parameters.json"))
    parameters, notes = _parameters(source)
    calibration = validated(read_source(str(folder / "calibration.json")), Calibration)
    natives = parameters.native_gates
    if not natives.single_qubit:
        msg = f"{source.text.name}: native_gates.single_qubit must hold a qubit, but is empty"
        raise InputError(msg)
    if natives.coupler:
        notes.append(f"gates of {len(natives.coupler)} couplers are left out: they are no qubits")
    return QibolabPlatform(
        path=source.text.name,
        qubits=tuple(_indices(name, source, 1)[0] for name in natives.single_qubit),
        gates=tuple(_gates(natives, source)),
        carriers_hz={
            name: config.frequency
            for name, config in parameters.configs.items()
            if config.frequency
        },
        calibration={
            index: row
            for name, row in calibration.single_qubits.items()
            for index in _indices(name, source, 1)
        },
        notes=tuple(notes),
    )


def _gates(natives: NativeGates, source: Source) -> list[NativeGate]:
    return [
        NativeGate(name=name, qubits=_indices(qubits, source, size), sequence=sequence)
        for size, group in ((1, natives.single_qubit), (2, natives.two_qubit))
        for qubits, rows in group.items()
        for name, sequence in rows.items()
        if sequence is not None
    ]


def _indices(name: str, source: Source, size: int) -> tuple[int, ...]:
    """The indices in ``0`` or ``0-1``."""
    parts = name.split("-")
    if len(parts) != size or not all(_NUMBERED.fullmatch(part) for part in parts):
        wanted = "a number such as 0" if size == 1 else "two numbers such as 0-1"
        msg = f"{source.text.name}: the name of a qubit or pair must be {wanted}, but is "
        raise InputError(msg + shown(printable(name)))
    return tuple(map(int, parts))


def _parameters(source: Source) -> tuple[Parameters, list[str]]:
    """The table in the form of version 0.2, and what was left out of it."""
    data = source.data
    if not isinstance(data, dict) or "native_gates" not in data:
        msg = f"{source.locate(())}: must be Qibolab's parameters with native_gates, but is not"
        raise InputError(msg)
    if "configs" in data:
        return validated(source, Parameters), []
    return _renewed(validated(source, OldParameters), source)


# Version 0.1


def _renewed(old: OldParameters, source: Source) -> tuple[Parameters, list[str]]:
    configs: dict[str, Any] = {}
    notes: list[str] = []
    groups: dict[str, Any] = {"single_qubit": {}, "two_qubit": {}}
    for group, rows in (
        ("single_qubit", old.native_gates.single_qubit),
        ("two_qubit", old.native_gates.two_qubit),
    ):
        for qubits, gates in rows.items():
            natives = groups[group].setdefault(qubits, {})
            for name, found in gates.items():
                pulses = found if isinstance(found, list) else [found] if found else []
                try:
                    rows_now = [
                        row for pulse in pulses for row in _rows(pulse, name, qubits, configs)
                    ]
                except ValueError as error:
                    notes.append(f"{printable(name)}:{printable(qubits)} is left out: {error}")
                    continue
                natives[name] = rows_now or None
    try:
        return Parameters.model_validate({"configs": configs, "native_gates": groups}), notes
    except ValidationError as error:
        raise InputError(listed(problems(error, Parameters), under(source.text.name))) from error


def _rows(pulse: OldPulse, gate: str, qubits: str, configs: dict[str, Any]) -> list[Any]:
    """A pulse of 0.1 as rows of 0.2; notes its carrier."""
    owner = qubits if pulse.qubit is None else pulse.qubit
    if pulse.type == "virtual_z":
        return [(f"{owner}/drive", {"kind": "virtualz", "phase": pulse.phase})]
    line = {"qd": "drive", "ro": "probe", "qf": "flux", "coupler": "coupler"}[pulse.type]
    if pulse.type == "qd" and gate == "RX12":
        line = "drive12"
    channel = f"{owner}/{line}"
    if pulse.frequency:
        configs[channel] = {"frequency": pulse.frequency}
    played = {
        "kind": "pulse",
        "duration": pulse.duration,
        "amplitude": pulse.amplitude,
        "envelope": _shape(pulse),
        "relative_phase": pulse.phase,
    }
    wait = {"kind": "delay", "duration": pulse.relative_start}
    return [(channel, wait), (channel, played)] if pulse.relative_start else [(channel, played)]


def _shape(pulse: OldPulse) -> dict[str, Any]:
    """The envelope of ``Drag(5, 0.2)``; in 0.1 ``rel_sigma`` is the duration over sigma."""
    match = _SHAPE.fullmatch(pulse.shape)
    name, numbers = match.groups() if match else (pulse.shape, "")
    given = [_number(text) for text in numbers.split(",") if text.strip()]
    match name, given:
        case "Rectangular", []:
            return {"kind": "rectangular"}
        case "Gaussian", [ratio] if ratio > 0:
            return {"kind": "gaussian", "rel_sigma": 1 / ratio}
        case "Drag", [ratio, beta] if ratio > 0:
            return {"kind": "drag", "rel_sigma": 1 / ratio, "beta": beta}
        case "GaussianSquare", [ratio, width] if ratio > 0 and 0 <= width <= 1:
            return {"kind": "gaussian_square_0_1", "rel_sigma": ratio, "width": width}
        case "eCap", [alpha]:
            return {"kind": "ecap_0_1", "alpha": alpha}
        case "SNZ", [idle, *rest] if len(rest) < len(given) and pulse.amplitude:
            b = rest[0] / pulse.amplitude if rest else 0.5
            return {"kind": "snz_0_1", "t_idling": idle, "b_amplitude": b}
        case _:
            msg = f"its shape {shown(printable(pulse.shape))} is none that is known in 0.1"
            raise ValueError(msg)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        msg = f"its shape must hold numbers, but holds {shown(printable(text))}"
        raise ValueError(msg) from error
