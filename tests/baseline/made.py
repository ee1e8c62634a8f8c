"""Baselines made in memory: nothing is simulated."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from qtregress.baseline.history import Terms, accepted, refusals
from qtregress.baseline.ledger import Finding, Origin, propose, with_worst_spent
from qtregress.baseline.record import Baseline, SampledRecord
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.report.baseline_budget import worst_spent
from qtregress.verdict.policy import Policy

SHIPPED = Policy(format="qtregress/policy@1")
NOTHING: Mapping[str, float] = MappingProxyType({})
ORIGIN = Origin(
    device="lima",
    firmware="1.0",
    profile_digest=f"sha256:{'1' * 64}",
    chip_digest=f"sha256:{'2' * 64}",
    policy_digest=f"sha256:{'3' * 64}",
    workload_digest=f"sha256:{'4' * 64}",
)
ERROR = measured("gate.error", "x:0", "", 1e-3)
ENERGY = measured("heat.line_energy_j", "x:0@d0", "J", 4e-19)
BROKEN = undecided("rb.epc", "1", "", "the decay is complex")
SEQUENCES = SampledRecord(
    subject="0", seed=0, shots=4, lengths=(1, 9), survivals=((1.0,) * 4, (0.5, 0.75, 0.5, 1.0))
)


def with_value(metric: Metric, value: float) -> Metric:
    """The metric with another value."""
    return metric.model_copy(update={"value": value})


def changed(origin: Origin = ORIGIN, /, **changes: str) -> Origin:
    """The origin with some fields replaced; digests may be given by one digit."""
    return replace(
        origin,
        **{
            name: f"sha256:{value * 64}" if name.endswith("_digest") and len(value) == 1 else value
            for name, value in changes.items()
        },
    )


def release(number: int) -> Origin:
    """The origin of another release on the same chip."""
    return changed(firmware=f"1.{number}", profile_digest=f"sha256:{number:064x}")


def proposal(  # noqa: PLR0913  # one argument a field
    *metrics: Metric,
    previous: Baseline | None = None,
    origin: Origin = ORIGIN,
    sampled: tuple[SampledRecord, ...] = (),
    changes: Mapping[str, float] = NOTHING,
    scales: Mapping[str, float] = NOTHING,
    created: str = "2025-01-31T12:00:00+00:00",
    reason: str = "First.",
) -> Baseline:
    """A sealed proposal of these metrics."""
    found = Finding(
        metrics=metrics,
        environment={"python": "3.11"},
        sampled=sampled,
        changes=changes,
        scales=scales,
    )
    made = propose(origin, found, previous=previous, created=created, reason=reason)
    return with_worst_spent(made, worst_spent(made, SHIPPED))


def terms(day: int = 1, *, anchor: bool = False, by: str = "Ada", reason: str = "Seen.") -> Terms:
    """How it is accepted, on a day of February 2025."""
    return Terms(reason=reason, by=by, at=f"2025-02-{day:02}T12:00:00+00:00", anchor=anchor)


def follow(
    previous: Baseline | None,
    *metrics: Metric,
    origin: Origin = ORIGIN,
    anchor: bool = False,
    day: int | None = None,
    changes: Mapping[str, float] = NOTHING,
    scales: Mapping[str, float] = NOTHING,
) -> Baseline:
    """The metrics proposed after ``previous`` and accepted, a day later unless told."""
    made = proposal(*metrics, previous=previous, origin=origin, changes=changes, scales=scales)
    when = day or 1 + (0 if previous is None else len(previous.history))
    on = terms(when, anchor=anchor)
    problems = refusals(made, previous, on)
    if problems:
        raise ValueError("; ".join(problems))
    return accepted(made, previous, on)


def chain(*values: float) -> Baseline:
    """Releases 1.0, 1.1, ... whose only metric has these values, accepted one by one."""
    current = None
    for number, value in enumerate(values):
        origin = ORIGIN if number == 0 else release(number)
        current = follow(current, with_value(ERROR, value), origin=origin)
    if current is None:
        raise ValueError("a chain must have a value, but has none")
    return current


def reaccepted(baseline: Baseline, *metrics: Metric) -> Baseline:
    """The baseline as if these metrics had been accepted instead of its own."""
    bare = baseline.model_copy(
        update={
            "accepted": "",
            "anchor": None,
            "history": (),
            "metrics": metrics,
            "previous": None,
            "spent": {},
            "last_known": {},
            "worst_spent": None,
        }
    )
    return accepted(bare, None, terms())
