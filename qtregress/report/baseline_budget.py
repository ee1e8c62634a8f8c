"""How much of each metric's drift budget the accepted releases have spent."""

import math
from dataclasses import dataclass

from qtregress.baseline.record import Baseline, Spending, significant
from qtregress.metrics.metric import Metric
from qtregress.verdict.policy import Policy, Rule, rule_for
from qtregress.verdict.rules import margin_of
from qtregress.verdict.verdict import turned

_WHOLE = 100.0
"""Percent from which no fraction is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One metric's drift since the anchor.

    Attributes:
        id: the metric's.
        unit: of its values.
        spent: new less anchor, in its unit.
        budget: how far it may be in the worse direction, in its unit; None if unknown.
        share: what of it is spent, negative where the metric became better; infinite where
            it has none and moved.
        critical: whether it decides.
    """

    id: str
    unit: str
    spent: float
    budget: float | None
    share: float
    critical: bool


def budgets(baseline: Baseline, policy: Policy) -> tuple[Budget, ...]:
    """The metrics that moved since the anchor, the least budget left first.

    A budget is a share of the metric's scale in ``baseline``, the one that the next check
    judges by. Critical metrics stand before the others.
    """
    found = [
        _budget(metric, baseline, rule_for(policy, metric.id))
        for metric in baseline.metrics
        if baseline.spent.get(metric.id)
    ]
    return tuple(sorted(found, key=lambda one: (not one.critical, -one.share, one.id)))


def worst_spent(baseline: Baseline, policy: Policy) -> Spending | None:
    """The critical metric with the least budget left; None where none became worse."""
    worse = [one for one in budgets(baseline, policy) if one.critical and one.share > 0]
    finite = [one for one in worse if math.isfinite(one.share)]
    if not finite:
        return None
    return Spending(id=finite[0].id, share=significant(finite[0].share))


def margin_in(baseline: Baseline, metric: Metric, rule: Rule) -> float | None:
    """How far the metric may move once ``baseline`` is OLD; None where it has no value."""
    if metric.value is None:
        return None
    return margin_of(rule, baseline.scales.get(metric.id, abs(metric.value)))


def share_of(change: float, rule: Rule, allowed: float | None) -> float:
    """The change as a share of what is allowed, worse counted positive; 0 for no change.

    Infinite where nothing is allowed.
    """
    if change == 0:
        return 0.0
    worse = turned((change, change), rule.direction)[0]
    return worse / allowed if allowed else math.copysign(math.inf, worse)


def percent(share: float | None) -> str:
    """``37 %``, a dash where there is none, ``no margin`` where nothing was allowed."""
    if share is None:
        return "—"
    if not math.isfinite(share):
        return "no margin"
    value = 100 * share
    return f"{value:.0f} %" if abs(value) >= _WHOLE else f"{value:.3g} %"


def _budget(metric: Metric, baseline: Baseline, rule: Rule) -> Budget:
    margin = margin_in(baseline, metric, rule)
    allowed = None if margin is None else rule.drift_budget * margin
    spent = baseline.spent[metric.id]
    return Budget(
        id=metric.id,
        unit=metric.unit,
        spent=spent,
        budget=allowed,
        share=share_of(spent, rule, allowed),
        critical=rule.critical,
    )
