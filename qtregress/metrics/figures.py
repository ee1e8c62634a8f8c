"""Metrics of how good a gate is in the field's other words: process, diamond, coherent."""

from collections.abc import Iterator

from qtregress.channels.channel import Complex, GateChannel
from qtregress.channels.figures import GateFigures, gate_figures
from qtregress.chip.chip import Chip
from qtregress.metrics.metric import Metric, measured

FIGURES = (
    "gate.process_infidelity",
    "gate.diamond_low",
    "gate.diamond_high",
    "gate.unitarity",
    "gate.coherent_error",
    "gate.coherence_limit",
    "gate.above_limit",
)


def figures_of(channel: GateChannel, ideal: Complex, chip: Chip) -> GateFigures:
    """The figures of a gate whose map can be trusted."""
    times_s = [(chip.qubit(q).t1_s, chip.qubit(q).t2_s) for q in channel.qubits]
    return gate_figures(channel, ideal, times_s)


def figure_metrics(name: str, found: GateFigures) -> Iterator[Metric]:
    """The figures that are numbers of their own; none decides."""
    values = (
        found.process_infidelity,
        found.diamond_low,
        found.diamond_high,
        found.unitarity,
        found.coherent_infidelity,
        found.coherence_limit,
        found.above_limit,
    )
    for metric, value in zip(FIGURES, values, strict=True):
        yield measured(metric, name, "1", value)
    if found.seepage is not None:
        yield measured("gate.seepage", name, "1", found.seepage)
