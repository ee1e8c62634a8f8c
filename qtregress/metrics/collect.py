"""Metrics of a measurement: one flat list with stable ids, failures included."""

import math
from collections.abc import Iterator

import numpy as np

from qtregress.channels.channel import Complex, GateChannel, average_fidelity, leakage
from qtregress.channels.dissipators import jumps
from qtregress.channels.ideal import ideal_image
from qtregress.channels.problem import bath_of, patch_of
from qtregress.channels.unitary_error import polar_unitary
from qtregress.chip.chip import Chip
from qtregress.chip.cryostat import cryostat_of
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.rb.exact import ExactDecay
from qtregress.thermal.accounting import adjoint_dissipator, static_hamiltonian_j
from qtregress.thermal.dissipation import stack_heat
from qtregress.thermal.network import GateHeat, utilization

ERROR_TOLERANCE = 1e-6
"""A map that may be wrong by more than this makes its gate undecided."""

_DECAYS = ("rb.epc", "rb.p", "rb.gap", "rb.error_per_gate")
_GATE_ERRORS = ("gate.error", "gate.error_at_load", "gate.incoherent_error", "gate.leakage")


def incoherent_error(channel: GateChannel, *, loaded: bool = False) -> float:
    """1 - F_avg of the map (at load if ``loaded``) against the unitary its own pulses play.

    That unitary is the polar factor of the lossless block, averaged over start phases: what
    is left is loss, leakage and the spread over phases that no circuit controls.
    """
    own = polar_unitary(np.mean(channel.blocks, axis=0))
    superoperator = at_load(channel) if loaded else channel.superoperator
    return 1 - average_fidelity(superoperator, channel.computational, own)


def at_load(channel: GateChannel) -> Complex:
    """The channel's map at the declared workload.

    Raises:
        KeyError: it was not simulated there; benchmarking's layers are not.
    """
    if channel.at_load is None:
        raise KeyError(channel.gate)
    return channel.at_load


def quantum_heat_j(channel: GateChannel, chip: Chip) -> float:
    """Heat that the baths take up during the gate, in J, mean over computational inputs.

    -Sum_s dwell_s D†(H0)_ss with the bare Hamiltonian (Alicki 1979), to first order in the
    rates: populations follow the lossless propagation.
    """
    patch = patch_of(chip, channel.qubits, channel.levels[0])
    processes = jumps(patch, bath_of(chip, channel.qubits, {}, channel.levels[0]))
    current_w = np.diag(adjoint_dissipator(static_hamiltonian_j(patch), processes)).real
    return -float(channel.dwell_s @ current_w)


def _why_not_trusted(what: str, error_estimate: float) -> str:
    if math.isinf(error_estimate):
        return f"{what} gave a map that no physical process has"
    return f"{what} may be wrong by {error_estimate:.1g} in an element"


def _gate_metrics(channel: GateChannel, chip: Chip, load_problem: str) -> Iterator[Metric]:
    name = channel.gate
    yield measured("gate.duration_s", name, "s", channel.duration_s)
    if channel.error_estimate > ERROR_TOLERANCE:
        why = _why_not_trusted("the simulation", channel.error_estimate)
        yield from (undecided(metric, name, "1", why) for metric in _GATE_ERRORS)
        return
    ideal = ideal_image(name.split(":")[0])
    if ideal is None:
        raise KeyError(name)
    at = channel.computational
    values = {
        "gate.error": 1 - average_fidelity(channel.superoperator, at, ideal),
        "gate.incoherent_error": incoherent_error(channel),
        "gate.leakage": leakage(channel.superoperator, at),
    }
    for metric, value in values.items():
        yield measured(metric, name, "1", value)
    if load_problem:
        yield undecided("gate.error_at_load", name, "1", load_problem)
    else:
        warm = 1 - average_fidelity(at_load(channel), at, ideal)
        yield measured("gate.error_at_load", name, "1", warm)
    yield measured("heat.quantum_j", name, "J", quantum_heat_j(channel, chip))


def _heat_metrics(gate_id: str, heat: GateHeat, chip: Chip) -> Iterator[Metric]:
    total_j = sum(heat.line_energy_j.values())
    yield measured("heat.chip_energy_j", gate_id, "J", total_j)
    stages: dict[str, float] = {}
    for line, energy_j in heat.line_energy_j.items():
        yield measured("heat.line_energy_j", f"{gate_id}@d{line}", "J", energy_j)
        stack = stack_heat(energy_j, chip.qubit(line).drive.attenuators)
        for stage, share_j in stack.stages.items():
            stages[stage] = stages.get(stage, 0.0) + share_j
    for stage, energy_j in stages.items():
        yield measured("heat.stage_energy_j", f"{gate_id}@{stage}", "J", energy_j)


def _decay_metrics(subject: str, decay: ExactDecay, error_estimate: float) -> Iterator[Metric]:
    if error_estimate > ERROR_TOLERANCE:
        why = _why_not_trusted("the simulation of its gates", error_estimate)
        yield from (undecided(metric, subject, "1", why) for metric in _DECAYS)
        return
    yield measured("rb.gap", subject, "1", decay.gap)
    values = {"rb.epc": decay.epc, "rb.p": decay.p, "rb.error_per_gate": decay.error_per_gate}
    for metric, value in values.items():
        if value is None:
            yield undecided(metric, subject, "1", decay.advice)
        else:
            yield measured(metric, subject, "1", value)


def _played(measurement: Measurement, subject: tuple[int, ...]) -> list[str]:
    """Ids of what benchmarking of one qubit or pair plays."""
    if len(subject) == 1:
        return [f"sx:{subject[0]}"]
    native = measurement.plan.pairs[subject[0], subject[1]].id
    return [native, *(gate.id for gate in measurement.plan.layers if gate.qubits == subject)]


def _load_metrics(measurement: Measurement) -> Iterator[Metric]:
    load = measurement.load
    for stage in cryostat_of(measurement.chip).stages:
        if load.problem:
            yield undecided("thermal.mean_power_w", stage.name, "W", load.problem)
            yield undecided("thermal.utilization", stage.name, "1", load.problem)
            yield undecided("thermal.temperature_k", stage.name, "K", load.problem)
            continue
        power_w = load.power_w[stage.name]
        yield measured("thermal.mean_power_w", stage.name, "W", power_w)
        yield measured("thermal.utilization", stage.name, "1", utilization(stage, power_w))
        yield measured("thermal.temperature_k", stage.name, "K", load.temperature_k[stage.name])
    for qubit, photons in load.extra_photons.items():
        yield measured("thermal.extra_photons", str(qubit), "1", photons)


def collect(measurement: Measurement) -> tuple[Metric, ...]:
    """All metrics, sorted by id; a gate that was refused has undecided ones."""
    found: list[Metric] = []
    chip = measurement.chip
    for gate in measurement.plan.gates:
        found.extend(_gate_metrics(measurement.channels[gate.id], chip, measurement.load.problem))
    for gate_id, reason in measurement.plan.refused.items():
        found.extend(undecided(metric, gate_id, "1", reason) for metric in _GATE_ERRORS)
    for gate_id, heat in measurement.heats.items():
        found.extend(_heat_metrics(gate_id, heat, chip))
    for subject, decay in measurement.decays.items():
        played = _played(measurement, subject)
        worst = max(measurement.channels[name].error_estimate for name in played)
        found.extend(_decay_metrics("-".join(map(str, subject)), decay, worst))
    found.extend(_load_metrics(measurement))
    return tuple(sorted(found, key=lambda metric: metric.id))
