"""An IBM backend's configuration and properties as a chip.

The dumps say nothing of coupling rates, films or the fridge: those are stated defaults,
listed in the chip's ``assumed``.
"""

import math
import re

from pydantic import ValidationError

from qtregress.channels.ideal import PAIR_NATIVES
from qtregress.chip.chip import (
    Chip,
    ControlChannel,
    Coupling,
    MeasuredGateError,
    Qubit,
    Readout,
    ThermalLink,
)
from qtregress.errors import InputError
from qtregress.files.assumed_lines import (
    READOUT_KAPPA_HZ,
    TYPICAL_ANHARMONICITY_HZ,
    Remarks,
    drive_line,
    pads,
    physical_t2,
    readout_amplitude,
)
from qtregress.files.ibm_source import IbmDump, Measured
from qtregress.files.ibm_table import scaled
from qtregress.files.problems import listed, problems, under
from qtregress.pulses.profile import Profile

_LINK_W_PER_K4 = 1e-4
"""A tenth of what a film's body passes to its plate."""
_BENCHMARKED = ("sx", "x", *PAIR_NATIVES)
_PLACEHOLDER_ERROR = 0.5
"""Errors from here on stand for a gate that nobody calibrated (dumps write 1.0)."""
_DECADES = {
    "s": 0, "ms": -3, "us": -6, "\u00b5s": -6, "\u03bcs": -6, "ns": -9,
    "Hz": 0, "kHz": 3, "MHz": 6, "GHz": 9,
}  # fmt: skip
_COUPLING = re.compile(r"(jq\d{1,4}q\d{1,4})\*Sp(\d{1,4})\*Sm(\d{1,4})")
_CONTROL = re.compile(r"omegad\d{1,4}\*X(\d{1,4})\|\|U(\d{1,4})")


def read_chip(dump: IbmDump, profile: Profile) -> tuple[Chip, tuple[str, ...]]:
    """The backend as a chip, and sentences on what was assumed or changed.

    Args:
        dump: the backend's files.
        profile: its gate table; every line's gain is set so that ``x`` turns by pi.

    Raises:
        InputError: the dump lacks what a chip needs.
    """
    remarks = Remarks()
    try:
        chip = _chip(dump, profile, remarks)
    except ValidationError as error:
        raise InputError(listed(problems(error, Chip), under(profile.device))) from error
    return chip, tuple(remarks.notes)


def _chip(dump: IbmDump, profile: Profile, remarks: Remarks) -> Chip:
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


def _qubits(dump: IbmDump, profile: Profile, remarks: Remarks) -> tuple[Qubit, ...]:
    qubits = []
    for index in range(len(dump.properties.qubits)):
        try:
            qubits.append(_qubit(index, dump, profile, remarks))
        except ValidationError as error:
            head = f"{profile.device}: qubit {index}"
            raise InputError(listed(problems(error, Qubit), under(head))) from error
    return tuple(qubits)


def _qubit(index: int, dump: IbmDump, profile: Profile, remarks: Remarks) -> Qubit:
    rows = {row.name: row for row in dump.properties.qubits[index]}
    t1_s = _si(rows, "T1", index)
    return Qubit(
        index=index,
        frequency_hz=_si(rows, "frequency", index),
        anharmonicity_hz=_anharmonicity(index, rows, dump, remarks),
        t1_s=t1_s,
        t2_s=physical_t2(t1_s, _si(rows, "T2", index), index, remarks),
        drive=drive_line(index, profile, remarks),
        readout=_readout(index, profile),
    )


def _readout(index: int, profile: Profile) -> Readout:
    """A resonator whose shift is its linewidth, holding five photons at today's amplitude."""
    return Readout(
        frequency_hz=profile.drive_frequency_hz.get(f"m{index}"),
        kappa_hz=READOUT_KAPPA_HZ,
        chi_hz=READOUT_KAPPA_HZ / 2,
        photons_at=readout_amplitude(index, profile),
        attenuators=pads(),
    )


def _si(rows: dict[str, Measured], name: str, index: int) -> float:
    """The property in SI units."""
    row = rows.get(name)
    if row is None or row.unit not in _DECADES:
        found = "is missing" if row is None else f"has the unit {row.unit!r}"
        msg = f"properties must give {name} of qubit {index} in s or Hz, but it {found}"
        raise InputError(msg)
    return scaled(row.value, _DECADES[row.unit])


def _anharmonicity(index: int, rows: dict[str, Measured], dump: IbmDump, remarks: Remarks) -> float:
    """The Hamiltonian's delta / 2 pi, else the measured one, else a typical one."""
    delta = dump.configuration.hamiltonian.vars.get(f"delta{index}", 0.0)
    if delta:
        return _hertz(delta)
    if "anharmonicity" in rows:
        return _si(rows, "anharmonicity", index)
    remarks.notes.append(
        f"qubit {index}: the dump gives no anharmonicity; {TYPICAL_ANHARMONICITY_HZ:.3g} Hz "
        "is assumed"
    )
    remarks.assumed.append(f"qubits[{index}].anharmonicity_hz")
    return TYPICAL_ANHARMONICITY_HZ


def _hertz(angular_per_ns: float) -> float:
    """Frequency of an angular frequency in rad/ns."""
    return angular_per_ns / (2 * math.pi * 1e-9)


def _couplings(dump: IbmDump) -> tuple[Coupling, ...]:
    hamiltonian = dump.configuration.hamiltonian
    found = (_COUPLING.fullmatch(term) for term in hamiltonian.h_str)
    pairs = {
        (min(int(a), int(b)), max(int(a), int(b))): hamiltonian.vars[name]
        for name, a, b in (match.groups() for match in found if match)
        if name in hamiltonian.vars
    }
    return tuple(Coupling(qubits=pair, j_hz=_hertz(pairs[pair])) for pair in sorted(pairs))


def _control_channels(dump: IbmDump, remarks: Remarks) -> dict[str, ControlChannel]:
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


def _measured_errors(dump: IbmDump, remarks: Remarks) -> tuple[MeasuredGateError, ...]:
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
