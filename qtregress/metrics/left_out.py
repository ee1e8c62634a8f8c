"""Metrics of gates that are the same in both releases and were not simulated."""

from collections.abc import Sequence

from qtregress.channels.changed import ALL_SX
from qtregress.channels.plan import Plan
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric

_OF_CHANNELS = (
    "gate.",
    "layer.",
    "rb.",
    "thermo.",
    "heat.quantum_j",
    "heat.bath_j",
    "heat.clifford_energy_j",
    "chip.static_zz_hz",
)
"""What only a simulated gate has. Anything else that is missing was lost."""

_AT_LOAD = ("thermo.", "heat.quantum_j", "heat.bath_j")
"""Beside what says so in its name: what depends on the load, which other gates change."""


def left_out(metrics: Sequence[Metric], plan: Plan) -> tuple[Metric, ...]:
    """Of the recorded metrics those that speak of what the plan leaves out on purpose.

    Args:
        metrics: of a whole measurement, such as a baseline's.
        plan: what was simulated now.
    """
    return tuple(metric for metric in metrics if _is_left_out(metric, plan))


def can_differ(metric: Metric) -> bool:
    """Whether a metric of unchanged gates may differ: at load, or with others' gates in it."""
    loaded = metric.metric.endswith("_at_load") or metric.metric.startswith(_AT_LOAD)
    return loaded or metric.subject == ALL_SX


def gates_left_out(measurement: Measurement) -> tuple[str, ...]:
    """Ids of the gates that were not simulated because they are the same, sorted."""
    return tuple(sorted(measurement.plan.left_out & measurement.profile.by_id.keys()))


def left_out_note(measurement: Measurement) -> tuple[str, ...]:
    """The sentence that says so, if there is anything to say."""
    number = len(gates_left_out(measurement))
    if not number:
        return ()
    are = "1 gate is" if number == 1 else f"{number} gates are"
    were = "was" if number == 1 else "were"
    sentence = (
        f"{are} the same in both releases and {were} not simulated (--only-changed); "
        "what such a gate does at the new load was not measured."
    )
    return (sentence,)


def _is_left_out(metric: Metric, plan: Plan) -> bool:
    subject = metric.subject.partition("@")[0]
    return subject in plan.left_out and metric.metric.startswith(_OF_CHANNELS)
