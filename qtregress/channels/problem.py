"""The question put to a channel engine: one gate on its patch of the chip."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.bath import NO_EXTRA, Extra, TransmonRates, transmon_rates
from qtregress.chip.chip import Chip, Qubit
from qtregress.chip.lines import Tone, tones
from qtregress.chip.transmon import Patch, TransmonParameters, pair_patch, single_patch
from qtregress.pulses.profile import Gate, Profile
from qtregress.pulses.schedule import schedule
from qtregress.units import ns_to_s

Floats = NDArray[np.float64]
LONGEST_DT = 100_000
"""A gate of that length takes seconds and half a gigabyte; the longest real ones have 10 000."""
_PAIR = 2
LEVELS = 4
"""Levels kept of every transmon: a cross-resonance Rabi rate reaches the detuning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateProblem:
    """Everything both engines need, and nothing of files or formats.

    Attributes:
        gate: id such as ``cx:0-1``.
        qubits: transmons of the patch, in the gate's order.
        patch: static Hamiltonian and drive operators.
        tones: what is played on the patch's transmons.
        carrier_hz: drive frequency of each qubit of the patch, in the patch's order.
        virtual_z_rad: phase each qubit's frame has gathered at the end.
        samples: length T of the gate on the grid.
        dt_s: sample time.
    """

    gate: str
    qubits: tuple[int, ...]
    patch: Patch
    tones: tuple[Tone, ...]
    carrier_hz: tuple[float, ...]
    virtual_z_rad: tuple[float, ...]
    samples: int
    dt_s: float

    @property
    def duration_s(self) -> float:
        """Length of the gate."""
        return self.samples * self.dt_s


def _parameters(qubit: Qubit, levels: int) -> TransmonParameters:
    return TransmonParameters(
        frequency_hz=qubit.frequency_hz + qubit.drive.frequency_offset_hz,
        anharmonicity_hz=qubit.anharmonicity_hz,
        levels=levels,
    )


def coupling_hz(chip: Chip, left: int, right: int) -> float | None:
    """J between two qubits, or None where the chip couples them not."""
    for coupling in chip.couplings:
        if set(coupling.qubits) == {left, right}:
            return coupling.j_hz
    return None


def patch_of(chip: Chip, qubits: tuple[int, ...], levels: int = LEVELS) -> Patch:
    """The patch of one qubit or a coupled pair.

    Raises:
        KeyError: the pair is not coupled, or a qubit is unknown.
    """
    found = [_parameters(chip.qubit(index), levels) for index in qubits]
    if len(qubits) == 1:
        return single_patch(found[0])
    j_hz = coupling_hz(chip, *qubits)
    if j_hz is None:
        raise KeyError(qubits)
    return pair_patch(found[0], found[1], j_hz)


def why_not_simulated(gate: Gate, profile: Profile, chip: Chip) -> str:
    """Why this gate cannot be put to an engine, or an empty string."""
    known = {qubit.index for qubit in chip.qubits}
    if reason := _too_large(gate):
        return reason
    if missing := [q for q in gate.qubits if q not in known]:
        return f"the chip knows no qubit {missing[0]}"
    if silent := [q for q in gate.qubits if f"d{q}" not in profile.drive_frequency_hz]:
        return f"the profile lists no drive frequency of d{silent[0]}"
    if len(gate.qubits) == _PAIR and (reason := _pair_problem(gate, chip)):
        return reason
    for channel in schedule(gate).waveforms:
        if reason := _channel_problem(channel, gate, chip):
            return reason
    return ""


def _too_large(gate: Gate) -> str:
    if gate.duration > LONGEST_DT:
        return f"{gate.id} lasts {gate.duration} dt; at most {LONGEST_DT} are simulated"
    if len(gate.qubits) > _PAIR:
        return f"{gate.id} acts on {len(gate.qubits)} qubits; one and two are simulated"
    return ""


def _pair_problem(gate: Gate, chip: Chip) -> str:
    left, right = gate.qubits
    j_hz = coupling_hz(chip, left, right)
    if j_hz is None:
        return f"the chip has no coupling between qubits {left} and {right}"
    frequencies = [_parameters(chip.qubit(q), LEVELS).frequency_hz for q in gate.qubits]
    if abs(frequencies[0] - frequencies[1]) <= 2 * abs(j_hz):
        return f"qubits {left} and {right} are closer in frequency than their splitting 2 J"
    return ""


def _channel_problem(channel: str, gate: Gate, chip: Chip) -> str:
    if channel[0] == "d":
        ends = {int(channel[1:])}
    elif channel[0] == "u":
        if channel not in chip.control_channels:
            return f"the chip knows no control channel {channel}"
        control = chip.control_channels[channel]
        ends = {control.qubit, control.frequency_of}
    else:
        return f"{gate.id} plays on {channel}, and only drive channels are simulated"
    if not ends <= set(gate.qubits):
        return f"{gate.id} plays on {channel}, which drives qubits outside the gate"
    return ""


def gate_problem(gate: Gate, profile: Profile, chip: Chip, *, levels: int = LEVELS) -> GateProblem:
    """The problem of one gate that ``why_not_simulated`` has nothing against."""
    played = schedule(gate)
    return GateProblem(
        gate=gate.id,
        qubits=gate.qubits,
        patch=patch_of(chip, gate.qubits, levels),
        tones=tones(played, chip),
        carrier_hz=tuple(profile.drive_frequency_hz[f"d{q}"] for q in gate.qubits),
        virtual_z_rad=tuple(played.final_phase_rad.get(f"d{q}", 0.0) for q in gate.qubits),
        samples=played.duration,
        dt_s=ns_to_s(profile.dt_ns),
    )


def bath_of(
    chip: Chip, qubits: tuple[int, ...], extra: Mapping[int, Extra], levels: int = LEVELS
) -> tuple[TransmonRates, ...]:
    """Rates of each transmon with what ``extra`` (by qubit) adds to its bath."""
    return tuple(transmon_rates(chip.qubit(q), levels, extra.get(q, NO_EXTRA)) for q in qubits)
