"""What a check still has to say of gates that are the same in both releases.

Their change is exactly nothing, so they are neither measured nor judged, but for two things
that a change of nothing does not settle: a metric that could not be measured when it was
recorded is still unknown, and drift accepted since the anchor may have used up its budget.
"""

from collections.abc import Mapping, Sequence

from qtregress.metrics.difference import Difference
from qtregress.metrics.metric import Metric
from qtregress.verdict.drift import Spent
from qtregress.verdict.policy import Policy, rule_for
from qtregress.verdict.rules import judge_metric
from qtregress.verdict.verdict import PASSING

_NOTE = "The same in both releases; the recorded value stands."


def unsettled(
    recorded: Sequence[Metric],
    policy: Policy,
    *,
    scales: Mapping[str, float],
    spent: Mapping[str, float],
    anchor: str = "",
) -> tuple[Difference, ...]:
    """The critical metrics among those of unchanged gates that do not pass as they are.

    Args:
        recorded: the baseline's metrics of those gates.
        policy: the user's rules.
        scales: what relative margins are a share of, by id, where not the value.
        spent: OLD's recorded value less the anchor's, by id.
        anchor: firmware of the anchor.
    """
    found = []
    for metric in recorded:
        row = _nothing_changed(metric, scales.get(metric.id))
        rule = rule_for(policy, metric.id)
        since = Spent(value=spent.get(metric.id, 0.0), anchor=anchor)
        if rule.critical and judge_metric(row, rule, spent=since).outcome not in PASSING:
            found.append(row)
    return tuple(found)


def _nothing_changed(metric: Metric, scale: float | None) -> Difference:
    known = metric.value is not None
    return Difference(
        id=metric.id,
        metric=metric.metric,
        subject=metric.subject,
        unit=metric.unit,
        old=metric.value,
        new=metric.value,
        interval=(0.0, 0.0) if known else None,
        scale=abs(metric.value or 0.0) if scale is None else scale,
        problem="" if known else metric.why,
        note=_NOTE,
    )
