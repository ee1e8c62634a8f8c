"""Exclusions: metrics that nobody expects to have do not hold a release.

An exclusion covers what is undecided or vanished. What was measured in both releases is
judged as ever, so that no regression hides behind one.
"""

from collections.abc import Iterable, Sequence

from qtregress.verdict.rules import clipped
from qtregress.verdict.terms import Exclusion
from qtregress.verdict.verdict import JudgedMetric


def exclusion_for(exclusions: Iterable[Exclusion], metric_id: str) -> Exclusion | None:
    """The first that speaks of the metric."""
    return next((one for one in exclusions if one.matches(metric_id)), None)


def with_exclusion(metric: JudgedMetric, exclusions: Iterable[Exclusion]) -> JudgedMetric:
    """The metric, advisory and with the reason where it is undecided and excluded."""
    if metric.outcome != "undecided":
        return metric
    found = exclusion_for(exclusions, metric.id)
    if found is None:
        return metric
    why = f"{metric.id} is excluded by the policy ({found.metrics}): {found.reason} {metric.why}"
    return metric.changed(critical=False, excluded=found.reason, why=clipped(why))


def exclusion_notes(exclusions: Sequence[Exclusion], metric_ids: Iterable[str]) -> tuple[str, ...]:
    """Sentences on exclusions that speak of no metric of this run or its baseline."""
    ids = tuple(metric_ids)
    return tuple(
        f"Exclusion {one.metrics} of the policy excludes nothing."
        for one in exclusions
        if not any(map(one.matches, ids))
    )
