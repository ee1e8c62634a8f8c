"""What importers assume of a chip where the source says nothing.

Lines, attenuators and films of a common wiring; the gain of a drive line follows from its
own pulses, because an x must turn by pi.
"""

import math
from dataclasses import dataclass, field

from qtregress.chip.chip import Attenuator, DriveLine
from qtregress.errors import InputError
from qtregress.pulses.envelopes import samples
from qtregress.pulses.profile import (
    Constant,
    CutDrag,
    CutGaussian,
    GaussianSquare,
    Profile,
    Pulse,
    Samples,
    ShapedPulse,
)
from qtregress.units import ns_to_s

READOUT_KAPPA_HZ = 1e6
TYPICAL_ANHARMONICITY_HZ = -0.34e9
LINES = (
    "qubits[*].drive.kappa_ext_hz",
    "qubits[*].drive.attenuators",
    "qubits[*].drive.film",
    "qubits[*].readout",
    "thermal_links",
    "cryostat",
)
"""What of every imported chip is assumed."""

_KAPPA_EXT_HZ = 1 / (2 * math.pi * 3e-3)
_ATTENUATION_DB = 20.0
_STAGES = ("4k", "cp", "mxc")


@dataclass(slots=True)
class Remarks:
    """What the reader of the chip should know."""

    notes: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=lambda: list(LINES))


def pads() -> tuple[Attenuator, ...]:
    """The attenuators of any line."""
    return tuple(Attenuator(stage=stage, attenuation_db=_ATTENUATION_DB) for stage in _STAGES)


def physical_t2(t1_s: float, t2_s: float, index: int, remarks: Remarks) -> float:
    """T2 in s, at most 2 T1; a note where it was more."""
    if t2_s <= 2 * t1_s:
        return t2_s
    remarks.notes.append(
        f"qubit {index}: T2 = {t2_s * 1e6:.4g} us is above 2 T1 and is clamped to "
        f"{2 * t1_s * 1e6:.4g} us"
    )
    return 2 * t1_s


def readout_amplitude(index: int, profile: Profile) -> float | None:
    """The largest amplitude of the qubit's ``measure``, None where it plays none."""
    measure = profile.by_id.get(f"measure:{index}")
    rows = measure.pulses if measure else ()
    played = [row for row in rows if isinstance(row, Samples | ShapedPulse)]
    found = max((_loudest(row) for row in played if row.channel == f"m{index}"), default=0.0)
    return found or None


def drive_line(index: int, profile: Profile, remarks: Remarks) -> DriveLine:
    """The qubit's drive line, on which its x (else its sx) turns as it is meant to.

    Raises:
        InputError: the profile has neither, or they have no area.
    """
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
        attenuators=pads(),
    )


def _reference_pulse(index: int, profile: Profile, remarks: Remarks) -> tuple[float, Pulse]:
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
    if isinstance(pulse, CutGaussian | CutDrag):
        return float(abs(samples(pulse).sum()))
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
