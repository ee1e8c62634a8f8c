"""Metrics of a measurement: one flat list with stable ids, failures included."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from qtregress.channels.channel import Complex, GateChannel, average_fidelity, leakage
from qtregress.channels.coherence import coherence_limit
from qtregress.channels.ideal import ideal_image
from qtregress.channels.unitary_error import polar_unitary
from qtregress.chip.chip import Chip
from qtregress.chip.cryostat import cryostat_of
from qtregress.metrics.cliffords import clifford_energy_j, played_in
from qtregress.metrics.layers import layer_metrics
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.metrics.thermal import heat_metrics, load_metrics, timeline_metrics
from qtregress.metrics.thermodynamics import (
    clifford_metrics,
    thermodynamic_metrics,
    thermodynamics_of,
)
from qtregress.rb.exact import ExactDecay
from qtregress.thermal.scenario import Scenario, unknown_because

ERROR_TOLERANCE = 1e-6
"""A map that may be wrong by more than this makes its gate undecided."""

_DECAYS = ("rb.epc", "rb.p", "rb.gap", "rb.error_per_gate")
_GATE_ERRORS = (
    "gate.error",
    "gate.error_at_load",
    "gate.incoherent_error",
    "gate.leakage",
    "gate.leakage_at_load",
)


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
        KeyError: it was not simulated there.
    """
    if channel.at_load is None:
        raise KeyError(channel.gate)
    return channel.at_load


def _why_not_trusted(what: str, error_estimate: float) -> str:
    if math.isinf(error_estimate):
        return f"{what} gave a map that no physical process has"
    return f"{what} may be wrong by {error_estimate:.1g} in an element"


def _gate_metrics(channel: GateChannel, load_problem: str) -> Iterator[Metric]:
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
        yield undecided("gate.leakage_at_load", name, "1", load_problem)
    else:
        warm = at_load(channel)
        yield measured("gate.error_at_load", name, "1", 1 - average_fidelity(warm, at, ideal))
        yield measured("gate.leakage_at_load", name, "1", leakage(warm, at))


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


def _epc_at_load(
    subject: str, decay: ExactDecay | None, error_estimate: float, problem: str
) -> Metric:
    name = "rb.epc_at_load"
    if decay is None:
        return undecided(name, subject, "1", problem or "nobody simulated its gates at load")
    if error_estimate > ERROR_TOLERANCE:
        why = _why_not_trusted("the simulation of its gates", error_estimate)
        return undecided(name, subject, "1", why)
    if decay.epc is None:
        return undecided(name, subject, "1", decay.advice)
    return measured(name, subject, "1", decay.epc)


def _played(measurement: Measurement, subject: tuple[int, ...]) -> list[str]:
    """Ids of what benchmarking of one qubit or pair plays."""
    if len(subject) == 1:
        return [f"sx:{subject[0]}"]
    native = measurement.plan.pairs[subject[0], subject[1]].id
    return [native, *(gate.id for gate in measurement.plan.layers if gate.qubits == subject)]


def idle_error(chip: Chip, busy: tuple[int, ...], duration_s: float) -> float:
    """What the qubits outside ``busy`` lose by waiting that long: their coherence limits."""
    waiting = [qubit for qubit in chip.qubits if qubit.index not in busy]
    return sum(coherence_limit(duration_s, [(qubit.t1_s, qubit.t2_s)]) for qubit in waiting)


def _layer_metrics(channel: GateChannel, error: Metric, chip: Chip) -> Iterator[Metric]:
    """The error of a circuit layer in which this gate plays and everybody else waits.

    Longer pulses are cooler and look free until the neighbours' waiting is counted.
    """
    if error.value is None:
        yield undecided("layer.error", channel.gate, "1", error.why)
        return
    waiting = idle_error(chip, channel.qubits, channel.duration_s)
    yield measured("layer.error", channel.gate, "1", error.value + waiting)


def under(scenario: Scenario, metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """The metrics, those undecided that rest on telemetry which the scenario lacks."""
    found = []
    for metric in metrics:
        why = unknown_because(scenario, metric.metric, metric.subject)
        known = undecided(metric.metric, metric.subject, metric.unit, why) if why else metric
        found.append(known)
    return tuple(found)


def collect(measurement: Measurement) -> tuple[Metric, ...]:
    """All metrics, sorted by id; a gate that was refused has undecided ones."""
    found: list[Metric] = []
    chip, unknown_load = measurement.chip, measurement.load.problem
    thermal = thermodynamics_of(measurement.channels, chip, measurement.load)
    for gate in measurement.plan.gates:
        channel = measurement.channels[gate.id]
        own = list(_gate_metrics(channel, unknown_load))
        errors = [metric for metric in own if metric.metric == "gate.error"]
        found.extend([*own, *_layer_metrics(channel, errors[0], chip)])
        found.extend(thermodynamic_metrics(gate.id, thermal.get(gate.id), unknown_load))
    for gate_id, reason in measurement.plan.refused.items():
        unknown = (*_GATE_ERRORS, "layer.error")
        found.extend(undecided(metric, gate_id, "1", reason) for metric in unknown)
    for gate_id, error in measurement.slow_errors.items():
        found.append(measured("gate.slow_noise_error", gate_id, "1", error))
    for gate_id, heat in measurement.heats.items():
        found.extend(heat_metrics(gate_id, heat, chip))
    for subject, decay in measurement.decays.items():
        played = _played(measurement, subject)
        worst = max(measurement.channels[name].error_estimate for name in played)
        name = "-".join(map(str, subject))
        found.extend(_decay_metrics(name, decay, worst))
        warm = measurement.decays_at_load.get(subject)
        found.append(_epc_at_load(name, warm, worst, unknown_load))
        played_counts = played_in(measurement, subject)
        found.extend(clifford_metrics(name, played_counts, thermal, unknown_load))
        energy_j = clifford_energy_j(measurement, subject)
        found.append(measured("heat.clifford_energy_j", name, "J", energy_j))
    found.extend(layer_metrics(measurement, ERROR_TOLERANCE))
    stages = [stage.name for stage in cryostat_of(chip).stages]
    found.extend(load_metrics(measurement.load, chip, stages))
    if measurement.over_time is not None:
        found.extend(timeline_metrics(measurement.over_time))
    return tuple(sorted(found, key=lambda metric: metric.id))
