"""From a gate's rows to what each channel plays: samples and frame changes on dt."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.pulses.envelopes import samples
from qtregress.pulses.profile import Delay, Gate, ShiftPhase

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A gate on the time grid.

    Attributes:
        duration: samples T.
        waveforms: per channel that plays anything, complex samples of shape (T,).
        final_phase_rad: per channel, the phase its frame has gathered by the end.
        qubits: on whom the gate acts, those that only wait included.
    """

    duration: int
    waveforms: Mapping[str, Complex]
    final_phase_rad: Mapping[str, float]
    qubits: tuple[int, ...] = ()


def schedule(gate: Gate) -> Schedule:
    """What each channel of ``gate`` plays, with its own phase shifts applied.

    A phase shift turns all later samples of its channel; at equal times it comes first.
    """
    waveforms: dict[str, Complex] = {}
    phase: dict[str, float] = {}
    rows = sorted(gate.pulses, key=lambda row: (row.t0, not isinstance(row, ShiftPhase)))
    for row in rows:
        if isinstance(row, ShiftPhase):
            phase[row.channel] = phase.get(row.channel, 0.0) + row.shift_phase
        elif not isinstance(row, Delay):
            line = waveforms.setdefault(row.channel, np.zeros(gate.duration, dtype=complex))
            turn = np.exp(1j * phase.get(row.channel, 0.0))
            line[row.t0 : row.t0 + row.duration] = turn * samples(row)
    return Schedule(
        duration=gate.duration, waveforms=waveforms, final_phase_rad=phase, qubits=gate.qubits
    )
