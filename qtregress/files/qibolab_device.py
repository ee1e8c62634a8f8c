"""A Qibolab platform's calibration as a chip.

Qibocal's calibration says nothing of lines, films or the fridge, and little of couplings:
those are stated defaults, listed in the chip's ``assumed``.
"""

from pydantic import ValidationError

from qtregress.chip.chip import Chip, MeasuredGateError, Qubit, Readout
from qtregress.errors import InputError
from qtregress.files.assumed_lines import (
    LINES,
    READOUT_KAPPA_HZ,
    TYPICAL_ANHARMONICITY_HZ,
    Remarks,
    drive_line,
    pads,
    physical_t2,
    readout_amplitude,
)
from qtregress.files.ibm_table import scaled
from qtregress.files.problems import listed, problems, under
from qtregress.files.qibolab_source import CalibratedQubit, Measure, QibolabPlatform
from qtregress.files.qibolab_table import DT_NS
from qtregress.pulses.profile import Profile

PULSES_PER_CLIFFORD = 1.875
"""Of Qibocal's one-qubit benchmarking (``randomized_benchmarking/utils.py``)."""

_ASSUMED = (*LINES, "qubits[*].residual_photons", "couplings", "profile.dt_ns")
_TYPICAL_T1_S = 30e-6
_ANHARMONICITIES_HZ = (-0.6e9, -0.05e9)
"""What a transmon's may be; files keep placeholders beyond."""
_LARGEST_CHI_HZ = 20e6
_PLACEHOLDER_ERROR = 0.5
_DETUNED_HZ = 1e6
"""Detuning from which on nobody means it."""
_GENERAL = (
    f"dt_ns = {DT_NS:g} is assumed: Qibolab counts nanoseconds and states no sampling rate",
    (
        "no coupling, flux bias, filter or crosstalk is imported: gates of pairs are in the "
        "table, but not simulated"
    ),
    (
        "Qibocal's effective temperatures are those of classified shots, where readout errors "
        "count as excitations: no residual photons are imported"
    ),
)


def read_chip(
    platform: QibolabPlatform, profile: Profile, date: str
) -> tuple[Chip, tuple[str, ...]]:
    """The platform as a chip, and sentences on what was assumed or changed.

    Args:
        platform: its two files.
        profile: its gate table; every line's gain is set so that ``x`` turns by pi.
        date: of the calibration.

    Raises:
        InputError: the files lack what a chip needs.
    """
    remarks = Remarks(notes=list(_GENERAL), assumed=list(_ASSUMED))
    qubits = tuple(_qubit(index, platform, profile, remarks) for index in platform.qubits)
    unknown = [index for index in platform.calibration if index not in platform.qubits]
    if unknown:
        names = ", ".join(map(str, unknown))
        remarks.notes.append(f"calibrated qubits without native gates are left out: {names}")
    try:
        chip = Chip(
            format="qtregress/chip@1",
            device=profile.device,
            calibrated=date,
            source=profile.source,
            qubits=qubits,
            measured_errors=_measured_errors(platform, profile, remarks),
            assumed=tuple(remarks.assumed),
        )
    except ValidationError as error:
        raise InputError(listed(problems(error, Chip), under(platform.path))) from error
    return chip, tuple(remarks.notes)


def _qubit(index: int, platform: QibolabPlatform, profile: Profile, remarks: Remarks) -> Qubit:
    row = platform.calibration.get(index, CalibratedQubit())
    frequency_hz = _frequency_hz(index, row, platform, profile, remarks)
    t1_s = _t1_s(index, row, remarks)
    try:
        return Qubit(
            index=index,
            frequency_hz=frequency_hz,
            anharmonicity_hz=_anharmonicity_hz(index, row, platform, frequency_hz, remarks),
            t1_s=t1_s,
            t2_s=physical_t2(t1_s, _t2_s(index, t1_s, row, remarks), index, remarks),
            drive=drive_line(index, profile, remarks),
            readout=_readout(index, row, profile),
        )
    except ValidationError as error:
        head = f"{platform.path}: qubit {index}"
        raise InputError(listed(problems(error, Qubit), under(head))) from error


def _frequency_hz(
    index: int,
    row: CalibratedQubit,
    platform: QibolabPlatform,
    profile: Profile,
    remarks: Remarks,
) -> float:
    """The calibrated frequency, else the one that the qubit is driven at."""
    driven_hz, found_hz = profile.drive_frequency_hz.get(f"d{index}"), row.qubit.frequency_01
    if driven_hz is None:
        msg = f"{platform.path}: configs must give the frequency of {index}/drive, but does not"
        raise InputError(msg)
    if not found_hz:
        remarks.notes.append(f"qubit {index}: its frequency is the one that it is driven at")
        return driven_hz
    if abs(driven_hz - found_hz) > _DETUNED_HZ:
        remarks.notes.append(
            f"qubit {index}: is driven {(driven_hz - found_hz) / 1e6:+.4g} MHz from its calibrated "
            "frequency: one of the two files may be older"
        )
    return float(found_hz)


def _value(measure: Measure | None) -> float | None:
    """The measured value; 0 and null stand for none."""
    value = measure[0] if isinstance(measure, tuple) else measure
    return value if value and value > 0 else None


def _t1_s(index: int, row: CalibratedQubit, remarks: Remarks) -> float:
    t1_ns = _value(row.t1)
    if t1_ns is not None:
        return scaled(t1_ns, -9)
    remarks.notes.append(
        f"qubit {index}: its T1 was not measured; {_TYPICAL_T1_S * 1e6:g} us is assumed"
    )
    remarks.assumed.append(f"qubits[{index}].t1_s")
    return _TYPICAL_T1_S


def _t2_s(index: int, t1_s: float, row: CalibratedQubit, remarks: Remarks) -> float:
    """T2 of the echo; without one that of Ramsey, which contains slow noise."""
    echo_ns, ramsey_ns = _value(row.t2_spin_echo), _value(row.t2)
    if echo_ns is not None:
        return scaled(echo_ns, -9)
    if ramsey_ns is not None:
        remarks.notes.append(f"qubit {index}: T2 is that of Ramsey, for no echo was measured")
        return scaled(ramsey_ns, -9)
    remarks.notes.append(f"qubit {index}: its T2 was not measured; T2 = T1 is assumed")
    remarks.assumed.append(f"qubits[{index}].t2_s")
    return t1_s


def _anharmonicity_hz(
    index: int,
    row: CalibratedQubit,
    platform: QibolabPlatform,
    frequency_hz: float,
    remarks: Remarks,
) -> float:
    """Second transition minus first: calibrated, else as RX12 is played, else a typical one."""
    carriers = {
        "frequency_12 of its calibration": row.qubit.frequency_12,
        "the carrier of its RX12": _carrier_of_rx12(index, platform),
    }
    for number, (name, second_hz) in enumerate(carriers.items()):
        if not second_hz:
            continue
        found_hz = float(second_hz - frequency_hz)
        if _ANHARMONICITIES_HZ[0] <= found_hz <= _ANHARMONICITIES_HZ[1]:
            if number:
                remarks.notes.append(f"qubit {index}: its anharmonicity follows from {name}")
            return found_hz
        remarks.notes.append(
            f"qubit {index}: {name} would mean an anharmonicity of {found_hz / 1e6:.4g} MHz, "
            "which no transmon has, and is not used"
        )
    remarks.notes.append(
        f"qubit {index}: no anharmonicity is known; {TYPICAL_ANHARMONICITY_HZ:.3g} Hz is assumed"
    )
    remarks.assumed.append(f"qubits[{index}].anharmonicity_hz")
    return TYPICAL_ANHARMONICITY_HZ


def _carrier_of_rx12(index: int, platform: QibolabPlatform) -> float | None:
    """The carrier of the channel that RX12 plays on, if that is one of its own."""
    for gate in platform.gates:
        if gate.name == "RX12" and gate.qubits == (index,) and gate.sequence:
            channel = gate.sequence[0][0]
            return None if channel == f"{index}/drive" else platform.carriers_hz.get(channel)
    return None


def _readout(index: int, row: CalibratedQubit, profile: Profile) -> Readout:
    """The resonator: its shift where both of its frequencies are known, else its linewidth."""
    dressed_hz = row.resonator.dressed_frequency
    excited_hz = row.readout.qudits_frequency.get("1")
    chi_hz = READOUT_KAPPA_HZ / 2
    if dressed_hz and excited_hz and 0 < abs(excited_hz - dressed_hz) <= 2 * _LARGEST_CHI_HZ:
        chi_hz = float(excited_hz - dressed_hz) / 2
    return Readout(
        frequency_hz=dressed_hz or profile.drive_frequency_hz.get(f"m{index}"),
        kappa_hz=READOUT_KAPPA_HZ,
        chi_hz=chi_hz,
        photons_at=readout_amplitude(index, profile),
        attenuators=pads(),
    )


def _measured_errors(
    platform: QibolabPlatform, profile: Profile, remarks: Remarks
) -> tuple[MeasuredGateError, ...]:
    """Of x and sx the mean error of benchmarking's pulses; Qibocal keeps no dates."""
    found: list[MeasuredGateError] = []
    for index in platform.qubits:
        row = platform.calibration.get(index, CalibratedQubit())
        fidelity = _value(row.rb_fidelity)
        if fidelity is None:
            continue
        error = (1 - fidelity) / PULSES_PER_CLIFFORD
        if not 0 < 1 - fidelity < _PLACEHOLDER_ERROR:
            remarks.notes.append(f"qubit {index}: rb_fidelity {fidelity:g} is none, left out")
            continue
        found.extend(
            MeasuredGateError(gate=gate, error=error)
            for gate in (f"sx:{index}", f"x:{index}")
            if gate in profile.by_id
        )
    if found:
        remarks.notes.append(
            "measured errors of x and sx are (1 - rb_fidelity) / 1.875, the mean of the pulses of "
            "Qibocal's Cliffords; it keeps no date of them"
        )
    return tuple(found)
