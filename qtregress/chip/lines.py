"""From what the channels play to what arrives at the qubits: the line model.

A drive line turns samples s (relative to full scale) into a complex Rabi envelope
``2 pi rabi (1 + (am + i pm)(|s| - s_x)) exp(i phase) (s + i slope ds/dt)``: gain calibrated
at the reference x pulse's peak s_x, compression (AM-AM, AM-PM) about it, and the linear
slope of the line's response across the band. A complex share of it reaches other transmons
of the same gate, still at its own carrier. A cross drive plays on its qubit's line at
another qubit's frequency, with a gain ratio and phase of its own and a complex share that
leaks to the target.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.chip import Chip, ControlChannel, DriveLine
from qtregress.pulses.schedule import Schedule
from qtregress.units import angular

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """One carrier driving one transmon.

    The Hamiltonian term is ``Re[envelope(t) exp(i 2 pi carrier t)] (a + a†)``.

    Attributes:
        qubit: index of the transmon it drives.
        carrier_of: index of the qubit at whose drive frequency it is played.
        line: index of the qubit on whose physical line it travels.
        envelope_rad_s: complex Rabi envelope, sample and hold, shape (T,).
    """

    qubit: int
    carrier_of: int
    line: int
    envelope_rad_s: Complex


def _slope(samples: Complex) -> Complex:
    """Derivative per dt by central differences of the zero-padded samples.

    Zero where nothing plays: lifted envelopes leave less than a thousandth of their slope
    outside, and a pulse must not spill over its own end.
    """
    padded = np.pad(samples, 1)
    return cast("Complex", np.where(samples != 0, (padded[2:] - padded[:-2]) / 2, 0.0))


def response(line: DriveLine, samples: Complex, *, compressed: bool = True) -> Complex:
    """Complex Rabi envelope in rad/s of ``samples`` on ``line``, shape (T,)."""
    gain = angular(line.rabi_hz_per_amp) * np.exp(1j * line.phase_rad)
    bent = samples
    if compressed:
        coefficient = line.compression_am + 1j * line.compression_pm
        bent = samples * (1 + coefficient * (np.abs(samples) - line.compression_at))
    return cast("Complex", gain * (bent + 1j * line.slope_dt * _slope(samples)))


def _cross_tones(control: ControlChannel, line: DriveLine, samples: Complex) -> list[Tone]:
    """The tone on the control's line, and its direct share at the target."""
    ratio = control.gain_ratio * np.exp(1j * control.phase_rad)
    envelope = ratio * response(line, samples, compressed=False)
    tone = Tone(
        qubit=control.qubit,
        carrier_of=control.frequency_of,
        line=control.qubit,
        envelope_rad_s=envelope,
    )
    share = complex(control.crosstalk_re, control.crosstalk_im)
    leaked = Tone(
        qubit=control.frequency_of,
        carrier_of=control.frequency_of,
        line=control.qubit,
        envelope_rad_s=share * envelope,
    )
    return [tone, leaked] if share else [tone]


def _drive_tones(qubit: int, schedule: Schedule, chip: Chip) -> list[Tone]:
    """The tone of a drive line, and what of it reaches other qubits of the gate."""
    envelope = response(chip.qubit(qubit).drive, schedule.waveforms[f"d{qubit}"])
    tone = Tone(qubit=qubit, carrier_of=qubit, line=qubit, envelope_rad_s=envelope)
    reached = [
        replace(tone, qubit=row.to_qubit, envelope_rad_s=row.ratio * envelope)
        for row in chip.drive_crosstalk
        if row.from_qubit == qubit and row.to_qubit in schedule.qubits and row.ratio
    ]
    return [tone, *reached]


def tones(schedule: Schedule, chip: Chip) -> tuple[Tone, ...]:
    """Every tone that the schedule's drive and cross-drive channels play.

    What a drive line does to transmons outside the gate is left out.

    Raises:
        KeyError: a channel's qubit or control channel is not in the chip.
    """
    found: list[Tone] = []
    for channel, samples in schedule.waveforms.items():
        if channel[0] == "d":
            found.extend(_drive_tones(int(channel[1:]), schedule, chip))
        elif channel[0] == "u":
            control = chip.control_channels[channel]
            found.extend(_cross_tones(control, chip.qubit(control.qubit).drive, samples))
    return tuple(found)


def line_envelopes(
    found: tuple[Tone, ...], carrier_hz: Mapping[int, float], dt_s: float
) -> dict[int, Complex]:
    """Per physical line, its tones summed before squaring: complex Rabi envelope (T,).

    Carriers of one line differ; the sum is taken at the midpoint of each sample in the
    frame of the line's own qubit. Leaked shares are the same tone seen elsewhere, so they
    carry no heat of their own.
    """
    lines: dict[int, Complex] = {}
    for tone in found:
        if tone.qubit != tone.line:
            continue
        time_s = (np.arange(len(tone.envelope_rad_s)) + 0.5) * dt_s
        beat = angular(carrier_hz[tone.carrier_of] - carrier_hz[tone.line]) * time_s
        envelope = tone.envelope_rad_s * np.exp(1j * beat)
        lines[tone.line] = lines.get(tone.line, np.zeros_like(envelope)) + envelope
    return lines
