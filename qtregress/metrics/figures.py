"""Metrics of how good a gate is in the field's other words: process, diamond, coherent.

Of one release by itself. The lines are fitted to OLD and call its coherent part perfect, so
that these numbers must not be compared between OLD and NEW: `qtregress.metrics.compare` has the
interval that may be.
"""

from collections.abc import Iterator, Mapping

from qtregress.channels.channel import Complex, GateChannel
from qtregress.channels.figures import GateFigures, gate_figures
from qtregress.channels.ideal import ideal_image
from qtregress.chip.chip import Chip
from qtregress.metrics.collect import ERROR_TOLERANCE
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric, measured

_FIGURES = (
    "gate.process_infidelity",
    "gate.diamond_low",
    "gate.diamond_high",
    "gate.unitarity",
    "gate.coherent_error",
    "gate.coherence_limit",
    "gate.above_limit",
)


def trusted_figures(measurement: Measurement) -> dict[str, GateFigures]:
    """By gate id, of every gate whose map can be trusted."""
    found = {}
    for gate in measurement.plan.gates:
        channel, ideal = measurement.channels[gate.id], ideal_image(gate.name)
        if ideal is not None and channel.error_estimate <= ERROR_TOLERANCE:
            found[gate.id] = _figures_of(channel, ideal, measurement.chip)
    return found


def figures_metrics(found: Mapping[str, GateFigures]) -> tuple[Metric, ...]:
    """Their numbers, sorted by id; none decides."""
    metrics = [metric for name, one in found.items() for metric in _metrics(name, one)]
    return tuple(sorted(metrics, key=lambda metric: metric.id))


def _figures_of(channel: GateChannel, ideal: Complex, chip: Chip) -> GateFigures:
    times_s = [(chip.qubit(q).t1_s, chip.qubit(q).t2_s) for q in channel.qubits]
    return gate_figures(channel, ideal, times_s)


def _metrics(name: str, found: GateFigures) -> Iterator[Metric]:
    values = (
        found.process_infidelity,
        found.diamond_low,
        found.diamond_high,
        found.unitarity,
        found.coherent_infidelity,
        found.coherence_limit,
        found.above_limit,
    )
    for metric, value in zip(_FIGURES, values, strict=True):
        yield measured(metric, name, "1", value)
    if found.seepage is not None:
        yield measured("gate.seepage", name, "1", found.seepage)
