"""An IBM backend's configuration and properties as a chip.

The dumps say nothing of coupling rates, films or the fridge: those are stated defaults,
listed in the chip's ``assumed``.
"""

import math
import re
from dataclasses import dataclass, field

from pydantic import ValidationError

from qtregress.channels.ideal import PAIR_NATIVES
from qtregress.chip.chip import (
    Attenuator,
    Chip,
    ControlChannel,
    Coupling,
    DriveLine,
    MeasuredGateError,
    Qubit,
    Readout,
    ThermalLink,
)
from qtregress.errors import InputError
from qtregress.files.ibm_source import IbmDump, Measured
from qtregress.files.ibm_table import scaled
from qtregress.files.problems import listed, problems, under
from qtregress.pulses.profile import Constant, GaussianSquare, Profile, Pulse, Samples, ShapedPulse
from qtregress.units import ns_to_s

_KAPPA_EXT_HZ = 1 / (2 * math.pi * 3e-3)
_ATTENUATION_DB = 20.0
_READOUT_KAPPA_HZ = 1e6
_LINK_W_PER_K4 = 1e-4
"""A tenth of what a film's body passes to its plate."""
_STAGES = ("4k", "cp", "mxc")
_TYPICAL_ANHARMONICITY_HZ = -0.34e9
_BENCHMARKED = ("sx", "x", *PAIR_NATIVES)
_PLACEHOLDER_ERROR = 0.5
"""Errors from here on stand for a gate that nobody calibrated (dumps write 1.0)."""
_ASSUMED = (
    "qubits[*].drive.kappa_ext_hz",
    "qubits[*].drive.attenuators",
    "qubits[*].drive.film",
    "qubits[*].readout",
    "thermal_links",
    "cryostat",
)
_DECADES = {
    "s": 0, "ms": -3, "us": -6, "\u00b5s": -6, "\u03bcs": -6, "ns": -9,
    "Hz": 0, "kHz": 3, "MHz": 6, "GHz": 9,
}  # fmt: skip
_COUPLING = re.compile(r"(jq\d{1,4}q\d{1,4})\*Sp(\d{1,4})\*Sm(\d{1,4})")
_CONTROL = re.compile(r"omegad\d{1,4}\*X(\d{1,4})\|\|U(\d{1,4})")


@dataclass(slots=True)
class _Remarks:
    """What the reader of the chip should know."""

    notes: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=lambda: list(_ASSUMED))


def read_chip(dump: IbmDump, profile: Profile) -> tuple[Chip, tuple[str, ...]]:
    """The backend as a chip, and sentences on what was assumed or changed.

    Args:
        dump: the backend's files.
        profile: its gate table; every line's gain is set so that ``x`` turns by pi.

    Raises:
        InputError: the dump lacks what a chip needs.
    """
    remarks = _Remarks()
    try:
        chip = _chip(dump, profile, remarks)
    except ValidationError as error:
        raise InputError(listed(problems(error, Chip), under(profile.device))) from error
    return chip, tuple(remarks.notes)


def _chip(dump: IbmDump, profile: Profile, remarks: _Remarks) -> Chip:
    couplings = _couplings(dump)
    return Chip(
        format="qtregress/chip@1",
        device=profile.device,
        calibrated=dump.properties.last_update_date,
        source=profile.source,
        qubits=_qubits(dump, profile, remarks),
        couplings=couplings,
        thermal_links=tuple(
            ThermalLink(qubits=row.qubits, w_per_k4=_LINK_W_PER_K4) for row in couplings
        ),
        control_channels=_control_channels(dump, remarks),
        measured_errors=_measured_errors(dump, remarks),
        assumed=tuple(remarks.assumed),
    )


def _qubits(dump: IbmDump, profile: Profile, remarks: _Remarks) -> tuple[Qubit, ...]:
    qubits = []
    for index in range(len(dump.properties.qubits)):
        try:
            qubits.append(_qubit(index, dump, profile, remarks))
        except ValidationError as error:
            head = f"{profile.device}: qubit {index}"
            raise InputError(listed(problems(error, Qubit), under(head))) from error
    return tuple(qubits)


def _qubit(index: int, dump: IbmDump, profile: Profile, remarks: _Remarks) -> Qubit:
    rows = {row.name: row for row in dump.properties.qubits[index]}
    t1_s = _si(rows, "T1", index)
    return Qubit(
        index=index,
        frequency_hz=_si(rows, "frequency", index),
        anharmonicity_hz=_anharmonicity(index, rows, dump, remarks),
        t1_s=t1_s,
        t2_s=_t2(t1_s, _si(rows, "T2", index), index, remarks),
        drive=_drive(index, profile, remarks),
        readout=_readout(index, profile),
    )


def _readout(index: int, profile: Profile) -> Readout:
    """A resonator whose shift is its linewidth, holding five photons at today's amplitude."""
    measure = profile.by_id.get(f"measure:{index}")
    played = (
        [pulse for pulse in measure.pulses if isinstance(pulse, Samples | ShapedPulse)]
        if measure
        else []
    )
    loudest = max(
        (_loudest(pulse) for pulse in played if pulse.channel == f"m{index}"), default=0.0
    )
    return Readout(
        frequency_hz=profile.drive_frequency_hz.get(f"m{index}"),
        kappa_hz=_READOUT_KAPPA_HZ,
        chi_hz=_READOUT_KAPPA_HZ / 2,
        photons_at=loudest or None,
        attenuators=_pads(),
    )


def _pads() -> tuple[Attenuator, ...]:
    return tuple(Attenuator(stage=stage, attenuation_db=_ATTENUATION_DB) for stage in _STAGES)


def _si(rows: dict[str, Measured], name: str, index: int) -> float:
    """The property in SI units."""
    row = rows.get(name)
    if row is None or row.unit not in _DECADES:
        found = "is missing" if row is None else f"has the unit {row.unit!r}"
        msg = f"properties must give {name} of qubit {index} in s or Hz, but it {found}"
        raise InputError(msg)
    return scaled(row.value, _DECADES[row.unit])


def _t2(t1_s: float, t2_s: float, index: int, remarks: _Remarks) -> float:
    """T2, at most 2 T1."""
    if t2_s <= 2 * t1_s:
        return t2_s
    remarks.notes.append(
        f"qubit {index}: T2 = {t2_s * 1e6:.4g} us is above 2 T1 and is clamped to "
        f"{2 * t1_s * 1e6:.4g} us"
    )
    return 2 * t1_s


def _anharmonicity(
    index: int, rows: dict[str, Measured], dump: IbmDump, remarks: _Remarks
) -> float:
    """The Hamiltonian's delta / 2 pi, else the measured one, else a typical one."""
    delta = dump.configuration.hamiltonian.vars.get(f"delta{index}", 0.0)
    if delta:
        return _hertz(delta)
    if "anharmonicity" in rows:
        return _si(rows, "anharmonicity", index)
    remarks.notes.append(
        f"qubit {index}: the dump gives no anharmonicity; {_TYPICAL_ANHARMONICITY_HZ:.3g} Hz "
        "is assumed"
    )
    remarks.assumed.append(f"qubits[{index}].anharmonicity_hz")
    return _TYPICAL_ANHARMONICITY_HZ


def _hertz(angular_per_ns: float) -> float:
    """Frequency of an angular frequency in rad/ns."""
    return angular_per_ns / (2 * math.pi * 1e-9)


def _drive(index: int, profile: Profile, remarks: _Remarks) -> DriveLine:
    turns, pulse = _reference_pulse(index, profile, remarks)
    try:
        area, loudest = _area(pulse), _loudest(pulse)
    except ArithmeticError:
        area, loudest = 0.0, 0.0
    if not area > 0:
        msg = f"{profile.device}: the x (or sx) pulse of qubit {index} must have an area above 0"
        raise InputError(msg)
    return DriveLine(
        rabi_hz_per_amp=turns / (area * ns_to_s(profile.dt_ns)),
        compression_at=min(1.0, loudest * 0.5 / turns),
        kappa_ext_hz=_KAPPA_EXT_HZ,
        attenuators=_pads(),
    )


def _reference_pulse(index: int, profile: Profile, remarks: _Remarks) -> tuple[float, Pulse]:
    """By how much of a turn which pulse rotates the qubit: its x, else its sx."""
    for name, turns in (("x", 0.5), ("sx", 0.25)):
        gate = profile.by_id.get(f"{name}:{index}")
        if gate is None:
            continue
        played = [pulse for pulse in gate.pulses if isinstance(pulse, ShapedPulse | Samples)]
        played = [pulse for pulse in played if pulse.channel == f"d{index}"]
        if len(played) == 1:
            if name != "x":
                remarks.notes.append(f"qubit {index}: has no x; its gain is taken from sx")
            return turns, played[0]
    msg = (
        f"{profile.device}: qubit {index} must have an x or sx gate of one pulse on d{index}, "
        "which sets the gain of its line, but has none"
    )
    raise InputError(msg)


def _area(pulse: Pulse) -> float:
    """|sum of the pulse's samples|; a DRAG quadrature sums to zero and adds nothing."""
    if isinstance(pulse, Samples):
        return math.hypot(sum(pulse.re), sum(pulse.im))
    if isinstance(pulse, Constant):
        return abs(pulse.amp) * pulse.duration
    width = pulse.width if isinstance(pulse, GaussianSquare) else 0.0
    flank = (pulse.duration - width) / 2
    times = (sample + 0.5 for sample in range(pulse.duration))
    distances = (max(abs(time - pulse.duration / 2) - width / 2, 0.0) for time in times)
    return abs(pulse.amp) * sum(_lifted(distance, flank, pulse.sigma) for distance in distances)


def _lifted(distance: float, flank: float, sigma: float) -> float:
    """Gaussian at ``distance`` from its centre, lifted to zero at ``flank`` + 1."""
    gaussian = math.exp(-((distance / sigma) ** 2) / 2)
    floor = math.exp(-(((flank + 1) / sigma) ** 2) / 2)
    return (gaussian - floor) / (1 - floor)


def _loudest(pulse: Pulse) -> float:
    if isinstance(pulse, Samples):
        return max(map(math.hypot, pulse.re, pulse.im))
    return abs(pulse.amp)


def _couplings(dump: IbmDump) -> tuple[Coupling, ...]:
    hamiltonian = dump.configuration.hamiltonian
    found = (_COUPLING.fullmatch(term) for term in hamiltonian.h_str)
    pairs = {
        (min(int(a), int(b)), max(int(a), int(b))): hamiltonian.vars[name]
        for name, a, b in (match.groups() for match in found if match)
        if name in hamiltonian.vars
    }
    return tuple(Coupling(qubits=pair, j_hz=_hertz(pairs[pair])) for pair in sorted(pairs))


def _control_channels(dump: IbmDump, remarks: _Remarks) -> dict[str, ControlChannel]:
    oscillators = dump.configuration.u_channel_lo
    played_on: dict[int, set[int]] = {}
    for term in dump.configuration.hamiltonian.h_str:
        if match := _CONTROL.fullmatch(term):
            played_on.setdefault(int(match.group(2)), set()).add(int(match.group(1)))
    channels = {}
    for number in sorted(played_on):
        carrier = oscillators[number] if number < len(oscillators) else ()
        if len(carrier) != 1 or carrier[0].scale != (1.0, 0.0) or len(played_on[number]) != 1:
            remarks.notes.append(f"u{number} is skipped: it must play one tone on one qubit")
            continue
        (qubit,) = played_on[number]
        channels[f"u{number}"] = ControlChannel(qubit=qubit, frequency_of=carrier[0].q)
    return channels


def _measured_errors(dump: IbmDump, remarks: _Remarks) -> tuple[MeasuredGateError, ...]:
    found = []
    for row in dump.properties.gates:
        for parameter in row.parameters:
            if row.gate not in _BENCHMARKED or parameter.name != "gate_error":
                continue
            gate = f"{row.gate}:{'-'.join(map(str, row.qubits))}"
            if parameter.value >= _PLACEHOLDER_ERROR:
                remarks.notes.append(
                    f"{gate}: its reported error {parameter.value:g} is a placeholder, left out"
                )
                continue
            found.append(MeasuredGateError(gate=gate, error=parameter.value, date=parameter.date))
    return tuple(found)
