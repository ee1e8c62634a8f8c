"""Heat of every gate of a profile, and what the declared workload makes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from qtregress.chip.chip import Chip
from qtregress.chip.cryostat import cryostat_of
from qtregress.chip.lines import line_envelopes, tones
from qtregress.errors import InputError
from qtregress.pulses.profile import Gate, Profile
from qtregress.pulses.schedule import schedule
from qtregress.thermal.dissipation import chip_energy_j
from qtregress.thermal.network import (
    GateHeat,
    extra_photons,
    loaded_temperatures_k,
    stage_power_w,
)
from qtregress.thermal.workload import Workload
from qtregress.units import ns_to_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The fridge at the declared workload, or why it is not known.

    Attributes:
        power_w: mean heat by stage.
        temperature_k: plate temperature by stage.
        extra_photons: photons by qubit above those of the calibration.
        problem: why the three are empty, or an empty string.
    """

    power_w: dict[str, float]
    temperature_k: dict[str, float]
    extra_photons: dict[int, float]
    problem: str = ""


def gate_heat(gate: Gate, profile: Profile, chip: Chip) -> GateHeat:
    """Energy at the chip by physical line, tones of one line summed before squaring.

    A cross-resonance tone on qubit q's line counts at q's own frequency and coupling:
    P = hbar w_q |Omega|**2 / (4 kappa(w_q)), Omega by the x-calibrated gain.
    """
    played = schedule(gate)
    dt_s = ns_to_s(profile.dt_ns)
    carriers = {qubit.index: _carrier_hz(profile, chip, qubit.index) for qubit in chip.qubits}
    envelopes = line_envelopes(tones(played, chip), carriers, dt_s)
    energies = {
        line: chip_energy_j(
            envelope,
            dt_s,
            frequency_hz=chip.qubit(line).frequency_hz,
            kappa_ext_hz=chip.qubit(line).drive.kappa_ext_hz,
        )
        for line, envelope in envelopes.items()
    }
    return GateHeat(
        name=gate.name,
        qubits=gate.qubits,
        duration_s=gate.duration * dt_s,
        line_energy_j=energies,
    )


def _carrier_hz(profile: Profile, chip: Chip, qubit: int) -> float:
    return profile.drive_frequency_hz.get(f"d{qubit}", chip.qubit(qubit).frequency_hz)


def load(chip: Chip, gates: Sequence[GateHeat], workload: Workload) -> Load:
    """Stage powers, plate temperatures and photons at the workload.

    Raises:
        InputError: the chip's cryostat is unknown or its lines do not fit it.
    """
    cryostat = cryostat_of(chip)
    try:
        power_w = stage_power_w(chip, gates, workload)
        temperature_k = loaded_temperatures_k(cryostat, power_w)
        photons = extra_photons(chip, temperature_k)
    except InputError as problem:
        return Load(power_w={}, temperature_k={}, extra_photons={}, problem=str(problem))
    return Load(power_w=power_w, temperature_k=temperature_k, extra_photons=photons)


def gate_heats(profile: Profile, chip: Chip) -> dict[str, GateHeat]:
    """Heat by gate id of every gate that drives only channels the chip knows."""
    return {
        gate.id: gate_heat(gate, profile, chip)
        for gate in profile.gates
        if not gate.is_virtual and _is_drive(gate, chip)
    }


def _is_drive(gate: Gate, chip: Chip) -> bool:
    """Whether every played channel is a drive or cross drive of the chip."""
    known = {f"d{qubit.index}" for qubit in chip.qubits} | set(chip.control_channels)
    return set(schedule(gate).waveforms) <= known
