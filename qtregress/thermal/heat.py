"""What every gate of a profile sends down the lines."""

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.chip import Chip, Qubit
from qtregress.chip.lines import line_envelopes, tones
from qtregress.pulses.profile import Delay, Gate, Profile, ShiftPhase
from qtregress.pulses.schedule import Schedule, schedule
from qtregress.thermal.dissipation import (
    chip_power_w,
    flux_power_w,
    is_calibrated,
    readout_power_w,
)
from qtregress.thermal.use import GateHeat, Play
from qtregress.units import ns_to_s

Floats = NDArray[np.float64]

_STEPS = 32
"""Of a gate's power over time: a hot film answers in 0.1 us, a long gate takes 0.5 us."""


def gate_heat(gate: Gate, profile: Profile, chip: Chip) -> GateHeat:
    """Power at the chip by physical line over the gate.

    Tones of one line are summed before squaring. A cross-resonance tone on qubit q's line
    counts at q's own frequency and coupling: P = hbar w_q |Omega|**2 / (4 kappa(w_q)), Omega
    by the x-calibrated gain.
    """
    played, dt_s = schedule(gate), ns_to_s(profile.dt_ns)
    powers = _drive_powers(played, profile, chip)
    for channel, samples in played.waveforms.items():
        if channel[0] == "m":
            powers[channel] = readout_power_w(samples, chip.qubit(int(channel[1:])).readout)
        flux = chip.qubit(int(channel[1:])).flux if channel[0] == "f" else None
        if flux is not None:
            powers[channel] = flux_power_w(samples, flux)
    return GateHeat(
        name=gate.name,
        qubits=gate.qubits,
        duration_s=gate.duration * dt_s,
        lines={line: _play(power_w, dt_s) for line, power_w in powers.items()},
    )


def pulse_energies_j(gate: Gate, profile: Profile, chip: Chip) -> dict[str, float]:
    """Energy in J at the chip of each pulse by itself, by channel and start: ``d0@160``."""
    found = {}
    for pulse in gate.pulses:
        if isinstance(pulse, ShiftPhase | Delay):
            continue
        alone = gate.model_copy(update={"pulses": (pulse,)})
        lines = gate_heat(alone, profile, chip).lines.values()
        found[f"{pulse.channel}@{pulse.t0}"] = sum(play.energy_j for play in lines)
    return found


def _drive_powers(played: Schedule, profile: Profile, chip: Chip) -> dict[str, Floats]:
    """Power at the chip over each drive line, shape (T,)."""
    carriers = {qubit.index: _carrier_hz(profile, chip, qubit.index) for qubit in chip.qubits}
    envelopes = line_envelopes(tones(played, chip), carriers, ns_to_s(profile.dt_ns))
    powers = {}
    for index, envelope in envelopes.items():
        qubit = chip.qubit(index)
        powers[f"d{index}"] = chip_power_w(
            envelope,
            frequency_hz=qubit.frequency_hz,
            kappa_ext_hz=qubit.drive.kappa_ext_hz,
        )
    return powers


def _play(power_w: Floats, dt_s: float) -> Play:
    """The samples in at most ``_STEPS`` equal steps of the same length and energy."""
    count = min(_STEPS, len(power_w))
    gathered = np.concatenate([[0.0], np.cumsum(power_w)])
    edges = np.linspace(0.0, len(power_w), count + 1)
    energies = np.diff(np.interp(edges, np.arange(len(gathered)), gathered))
    return Play(
        power_w=np.asarray(energies * count / len(power_w)), step_s=len(power_w) * dt_s / count
    )


def _carrier_hz(profile: Profile, chip: Chip, qubit: int) -> float:
    return profile.drive_frequency_hz.get(f"d{qubit}", chip.qubit(qubit).frequency_hz)


def gate_heats(profile: Profile, chip: Chip) -> dict[str, GateHeat]:
    """Heat by gate id of every gate that plays only on lines whose power is known."""
    return {
        gate.id: gate_heat(gate, profile, chip)
        for gate in profile.gates
        if not gate.is_virtual and _is_known(gate, chip)
    }


def _is_known(gate: Gate, chip: Chip) -> bool:
    """Whether the power of every channel that the gate plays on is known."""
    known = {f"d{qubit.index}" for qubit in chip.qubits} | set(chip.control_channels)
    for qubit in chip.qubits:
        known |= _calibrated_channels(qubit)
    return set(schedule(gate).waveforms) <= known


def _calibrated_channels(qubit: Qubit) -> set[str]:
    found = {f"m{qubit.index}"} if is_calibrated(qubit.readout) else set()
    return found | ({f"f{qubit.index}"} if qubit.flux is not None else set())
