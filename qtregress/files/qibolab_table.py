"""A Qibolab platform's native gates as a profile.

One sample a nanosecond. Rectangular, Gaussian and DRAG pulses keep their parameters, all
others become their samples. Every channel has a clock of its own; ``align`` sets them all to
the latest. A virtual Z moves its channel's phase by plus its own, as the drivers of Qblox
(``set_ph_delta``) and Quantum Machines (``frame_rotation``) do.
"""

import cmath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from qtregress.document import Source
from qtregress.errors import InputError
from qtregress.files.problems import listed, problems, under
from qtregress.files.qibolab_envelopes import Drag, Gaussian, GaussianSquare, Rectangular, waveform
from qtregress.files.qibolab_source import (
    Acquisition,
    Align,
    NativeGate,
    PlayedPulse,
    QibolabPlatform,
    ReadoutPulse,
    VirtualZ,
    Wait,
)
from qtregress.printable import printable
from qtregress.pulses.profile import (
    Constant,
    CutDrag,
    CutGaussian,
    Delay,
    Gate,
    Profile,
    Pulse,
    Samples,
    ShiftPhase,
    end_of,
)

DT_NS = 1.0
"""Sample time: Qibolab counts nanoseconds and states no sampling rate."""

_NAMES = {
    "RX": "x", "RX90": "sx", "RX12": "rx12", "MZ": "measure", "CP": "cp",
    "CZ": "cz", "CNOT": "cx", "iSWAP": "iswap",
}  # fmt: skip
_LINES = {"drive": "d", "probe": "m", "acquisition": "m", "flux": "f"}
_OWN = re.compile(r"(0|[1-9][0-9]{0,3})/(drive|probe|acquisition|flux)")
_LOWEST_HZ = 1e6
_MATCH = 1e-12
"""By how much a modulus of one may be off for rounding."""


@dataclass(slots=True)
class Channels:
    """What this tool calls the platform's channels."""

    platform: QibolabPlatform
    extra: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """``d0`` of ``0/drive``; others, as ``0/drive12``, get the next free u or f."""
        if match := _OWN.fullmatch(name):
            return f"{_LINES[match[2]]}{match[1]}"
        if name not in self.extra:
            kind = "f" if name.endswith(("flux", "coupler")) else "u"
            taken = sum(channel[0] == kind for channel in self.extra.values())
            first = max(self.platform.qubits, default=-1) + 1 if kind == "f" else 0
            self.extra[name] = f"{kind}{first + taken}"
        return self.extra[name]


@dataclass(slots=True)
class _Notes:
    """Sentences, and those about several gates with their number."""

    left_out: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def sentences(self) -> tuple[str, ...]:
        counted = tuple(f"{sentence} ({count}x)" for sentence, count in self.counts.items())
        return (*self.left_out, *counted)


def read_profile(
    platform: QibolabPlatform, *, device: str, date: str, firmware: str
) -> tuple[Profile, tuple[str, ...]]:
    """The platform's gate table, and sentences on what was left out or changed.

    Raises:
        InputError: its gates are no profile.
    """
    channels, notes = Channels(platform), _Notes()
    gates = _table(platform, channels, notes)
    notes.left_out.extend(
        f"channel {printable(name)} is {own}" for name, own in channels.extra.items()
    )
    frequencies = _frequencies(platform, channels)
    _check_carriers(platform, channels, frequencies)
    try:
        profile = Profile(
            format="qtregress/profile@1",
            device=device,
            firmware=firmware,
            dt_ns=DT_NS,
            source=Source(description=f"Qibolab platform {device}", date=date),
            drive_frequency_hz=frequencies,
            gates=tuple(sorted(gates, key=lambda gate: (len(gate.qubits), gate.name, gate.qubits))),
        )
    except ValidationError as error:
        raise InputError(listed(problems(error, Profile), under(platform.path))) from error
    return profile, (*_full_amplitude(platform), *notes.sentences())


def _frequencies(platform: QibolabPlatform, channels: Channels) -> dict[str, float]:
    """By channel: every qubit's lines, and what else the gates play."""
    found = {
        (channels.extra.get(name) or channels.of(name)): hertz
        for name, hertz in platform.carriers_hz.items()
        if hertz >= _LOWEST_HZ and (name in channels.extra or _OWN.fullmatch(name))
    }
    return {name: found[name] for name in sorted(found, key=lambda name: (name[0], int(name[1:])))}


def _check_carriers(
    platform: QibolabPlatform, channels: Channels, frequencies: dict[str, float]
) -> None:
    """Refuse drive and readout channels that play without a carrier."""
    for gate in platform.gates:
        for name, _ in gate.sequence:
            own = channels.of(name)
            if own[0] in "dm" and own not in frequencies:
                of = f"{own[1:]}/{'drive' if own[0] == 'd' else 'probe'}"
                msg = f"{platform.path}: configs must give the frequency of {of}, which "
                raise InputError(f"{msg}{printable(gate.name)} plays on, but does not")


def _table(platform: QibolabPlatform, channels: Channels, notes: _Notes) -> list[Gate]:
    gates = []
    for native in platform.gates:
        gate = _gate(native, channels, platform.path, notes)
        if gate is not None:
            gates.append(gate)
    known = {gate.id for gate in gates}
    for gate in [gate for gate in gates if gate.name == "x"]:
        if f"sx:{gate.qubits[0]}" not in known:
            gates.append(_half(gate))
            notes.counts["sx is the RX at half amplitude, as Qibolab plays it without RX90"] += 1
    gates.extend(
        Gate(name="rz", qubits=(index,), duration=0, virtual_z=(f"d{index}",))
        for index in platform.qubits
    )
    return gates


def _half(x: Gate) -> Gate:
    """R(pi/2) by ``rotation`` of Qibolab's ``native.py``: the RX at half its amplitude."""
    return x.model_copy(update={"name": "sx", "pulses": tuple(map(_halved, x.pulses))})


def _halved(row: Pulse | ShiftPhase | Delay) -> Pulse | ShiftPhase | Delay:
    if isinstance(row, ShiftPhase | Delay):
        return row
    if isinstance(row, Samples):
        halves = {"re": tuple(v / 2 for v in row.re), "im": tuple(v / 2 for v in row.im)}
        return row.model_copy(update=halves)
    return row.model_copy(update={"amp": row.amp / 2})


def _gate(native: NativeGate, channels: Channels, path: str, notes: _Notes) -> Gate | None:
    """The gate, or None if the profile's format cannot express it."""
    name = _NAMES.get(native.name, native.name.lower())
    where = f"{printable(name)}:{'-'.join(map(str, native.qubits))}"
    head = f"{path}: native_gates: {printable(native.name)} of {'-'.join(map(str, native.qubits))}"
    try:
        rows = list(_rows(native, channels, notes))
        if not rows:
            notes.left_out.append(f"{where} is left out: it plays nothing")
            return None
        return Gate(
            name=name,
            qubits=native.qubits,
            duration=max(1, *(end_of(row) for row in rows)),
            pulses=tuple(rows),
        )
    except ValidationError as error:
        raise InputError(listed(problems(error, Gate), under(head))) from error
    except ValueError as error:
        notes.left_out.append(f"{where} is left out: {error}")
        return None


def _rows(
    native: NativeGate, channels: Channels, notes: _Notes
) -> Iterator[Pulse | ShiftPhase | Delay]:
    clock = dict.fromkeys((channels.of(name) for name, _ in native.sequence), 0)
    for name, element in native.sequence:
        channel = channels.of(name)
        if isinstance(element, Align):
            clock = dict.fromkeys(clock, max(clock.values()))
        elif isinstance(element, VirtualZ):
            yield ShiftPhase(channel=channel, t0=clock[channel], shift_phase=element.phase)
        else:
            if _lasts_ns(element) % DT_NS:
                notes.counts["a duration is cut to whole nanoseconds, as Qibolab samples it"] += 1
            end = clock[channel] + _samples(element)
            if isinstance(element, PlayedPulse | ReadoutPulse):
                played = element.probe if isinstance(element, ReadoutPulse) else element
                yield from _played(played, channel, clock[channel])
                clock[channel] += _samples(played)
            if end > clock[channel]:
                yield Delay(channel=channel, t0=clock[channel], delay=end - clock[channel])
            clock[channel] = end


def _lasts_ns(element: PlayedPulse | ReadoutPulse | Wait | Acquisition) -> float:
    if isinstance(element, ReadoutPulse):
        return max(element.probe.duration, element.acquisition.duration)
    return element.duration


def _samples(element: PlayedPulse | ReadoutPulse | Wait | Acquisition) -> int:
    """Its length, cut to whole samples as Qibolab does."""
    return int(_lasts_ns(element) / DT_NS)


def _played(pulse: PlayedPulse, channel: str, t0: int) -> Iterator[Pulse]:
    """The pulse, with its parameters where this tool has the same formula."""
    if pulse.chirp is not None:
        msg = "its frequency changes while it plays (chirp)"
        raise ValueError(msg)
    length = _samples(pulse)
    if not length:
        return
    place: dict[str, Any] = {"channel": channel, "t0": t0, "duration": length}
    shaped = {**place, "amp": pulse.amplitude, "angle": pulse.relative_phase}
    match pulse.envelope:
        case Rectangular() | GaussianSquare(risefall=0):
            yield Constant(envelope="constant", **shaped)
        case Gaussian(rel_sigma=share):
            yield CutGaussian(envelope="cut_gaussian", sigma=share * length, **shaped)
        case Drag(rel_sigma=share, beta=beta):
            yield CutDrag(envelope="cut_drag", sigma=share * length, beta=beta, **shaped)
        case envelope:
            turn = pulse.amplitude * cmath.exp(1j * pulse.relative_phase)
            found = turn * waveform(envelope, length)
            if abs(found).max() > 1 + _MATCH:
                msg = f"its samples reach {abs(found).max():.4g} of full scale"
                raise ValueError(msg)
            re, im = tuple(found.real.tolist()), tuple(found.imag.tolist())
            yield Samples(envelope="samples", re=re, im=im, **place)


def _full_amplitude(platform: QibolabPlatform) -> list[str]:
    """A note where every RX says amplitude 1."""
    amplitudes = [
        element.amplitude
        for gate in platform.gates
        if gate.name == "RX"
        for _, element in gate.sequence
        if isinstance(element, PlayedPulse)
    ]
    if amplitudes and min(map(abs, amplitudes)) >= 1:
        return ["every RX has amplitude 1; how strong it is follows from its envelope alone"]
    return []
