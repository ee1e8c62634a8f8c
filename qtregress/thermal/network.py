"""The fridge at a declared workload: mean power, plate temperatures, photons at the qubits.

Plates answer over minutes, so they see mean powers. Two things are not modelled yet: heat
that cables conduct (the plates start at their unloaded temperatures), and attenuator films
that get hotter than their plates, which makes the photons at load a lower bound.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qtregress.chip.bath import bath_coupling
from qtregress.chip.chip import Chip, Cryostat, Qubit, Stage
from qtregress.chip.cryostat import cryostat_of
from qtregress.errors import InputError
from qtregress.thermal.dissipation import stack_heat
from qtregress.thermal.noise import cascade_photons
from qtregress.thermal.workload import Workload
from qtregress.units import angular


@dataclass(frozen=True, slots=True, kw_only=True)
class GateHeat:
    """What one execution of a gate costs the lines.

    Attributes:
        name: ``cx``.
        qubits: indices in the gate's order.
        duration_s: how long it keeps its qubits busy.
        line_energy_j: energy at the chip by drive line (the index of the line's qubit).
    """

    name: str
    qubits: tuple[int, ...]
    duration_s: float
    line_energy_j: Mapping[int, float]

    def occupies(self, line: int) -> bool:
        """Whether the line cannot do anything else meanwhile."""
        return line in self.qubits or self.line_energy_j.get(line, 0.0) > 0


def cooling_coefficient(stage: Stage) -> float:
    """Coefficient a in W/K^2 of the cooling power a (T^2 - T0^2) through the stage's budget.

    A dilution refrigerator's balance, Pobell, Matter and Methods at Low Temperatures (2007),
    chapter 7; for the warmer plates an interpolation between two known points.
    """
    return stage.cooling_power_w / (stage.temperature_k**2 - stage.unloaded_k**2)


def plate_load_w(stage: Stage, temperature_k: float) -> float:
    """Load in W that holds the plate at that temperature."""
    return cooling_coefficient(stage) * (temperature_k**2 - stage.unloaded_k**2)


def plate_temperature_k(stage: Stage, load_w: float) -> float:
    """Temperature in K of the plate at a mean load; the inverse of `plate_load_w`.

    With a heat capacity proportional to T the mean of T^2 is exactly T0^2 + mean(P) / a,
    however the load comes and goes.
    """
    return math.sqrt(stage.unloaded_k**2 + load_w / cooling_coefficient(stage))


def utilization(stage: Stage, load_w: float) -> float:
    """Share of the stage's cooling power that the load takes."""
    return load_w / stage.cooling_power_w


def line_power_w(line: int, gates: Sequence[GateHeat], workload: Workload) -> float:
    """Mean power in W that arrives at the chip over one line at the workload.

    busy_fraction * sum_g share_g E_g / sum_g share_g T_g, with E_g the energy on this line
    and T_g the duration, each averaged over the gates of that name that occupy the line: a
    gate that plays nothing here still keeps the line from playing something else. Names of
    the mix that no gate on this line has are left out.

    Raises:
        InputError: no gate of the mix that takes time occupies the line.
    """
    energy_j = duration_s = 0.0
    for name, share in workload.gate_mix.items():
        same = [gate for gate in gates if gate.name == name and gate.occupies(line)]
        if same:
            energy_j += share * sum(g.line_energy_j.get(line, 0.0) for g in same) / len(same)
            duration_s += share * sum(g.duration_s for g in same) / len(same)
    if duration_s == 0:
        message = (
            f"The workload's gate mix must name a pulsed gate of qubit {line}, "
            f"but names {', '.join(workload.gate_mix)}."
        )
        raise InputError(message)
    return workload.busy_fraction * energy_j / duration_s


def stage_power_w(chip: Chip, gates: Sequence[GateHeat], workload: Workload) -> dict[str, float]:
    """Mean heat in W on every stage of the chip's cryostat at the workload.

    The lines that some gate occupies are driven, all at once; ``workload.lines`` scales
    their sum to that many lines like them.

    Raises:
        InputError: a line does not fit the cryostat or has no gate of the mix.
    """
    totals = {stage.name: 0.0 for stage in cryostat_of(chip).stages}
    driven = [q for q in chip.qubits if any(gate.occupies(q.index) for gate in gates)]
    for qubit in driven:
        heat = stack_heat(line_power_w(qubit.index, gates, workload), qubit.drive.attenuators)
        for stage, power_w in heat.stages.items():
            totals[stage] += power_w
    if driven and workload.lines is not None:
        scale = workload.lines / len(driven)
        return {stage: power_w * scale for stage, power_w in totals.items()}
    return totals


def unloaded_temperatures_k(cryostat: Cryostat) -> dict[str, float]:
    """Temperatures in K by stage when nothing is played."""
    return {stage.name: stage.unloaded_k for stage in cryostat.stages}


def loaded_temperatures_k(cryostat: Cryostat, loads_w: Mapping[str, float]) -> dict[str, float]:
    """Temperatures in K by stage at mean loads in W by stage."""
    return {
        stage.name: plate_temperature_k(stage, loads_w[stage.name]) for stage in cryostat.stages
    }


def extra_photons(chip: Chip, temperatures_k: Mapping[str, float]) -> dict[int, float]:
    """Photons by qubit that its bath has above the calibration's, for `transmon_rates`.

    (kappa_ext / gamma) (n_cascade(temperatures) - n_cascade(unloaded)): only the share of
    the decay that goes into the line sees the line's photons. The reference is the unloaded
    cryostat, since a T1 or T2 measurement waits far longer than it plays; whatever the line
    held then is already in the measured T1, T2 and residual photons. With attenuator films
    as cold as their plates this is a lower bound.

    Args:
        chip: qubits, lines and cryostat.
        temperatures_k: by stage, at the load.

    Raises:
        InputError: a line does not fit the cryostat, or would drain its qubit faster than
            the measured T1.
    """
    reference_k = unloaded_temperatures_k(cryostat_of(chip))
    extra = {}
    for qubit in chip.qubits:
        loaded, calibrated = (
            cascade_photons(qubit.frequency_hz, qubit.drive.attenuators, temperatures_k=plates_k)
            for plates_k in (temperatures_k, reference_k)
        )
        extra[qubit.index] = _line_share(qubit) * (loaded - calibrated)
    return extra


def _line_share(qubit: Qubit) -> float:
    """Share of the qubit's decay that goes into its drive line."""
    share = angular(qubit.drive.kappa_ext_hz) / bath_coupling(qubit)
    if share > 1:
        message = (
            f"kappa_ext_hz of qubit {qubit.index} must be at most "
            f"{qubit.drive.kappa_ext_hz / share:.6g}, which alone explains its T1, "
            f"but is {qubit.drive.kappa_ext_hz:.6g}."
        )
        raise InputError(message)
    return share
