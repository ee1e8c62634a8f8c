"""How far a metric moved since the baseline's anchor, against its drift budget.

Against a baseline that follows every release, twenty steps of +2 % pass a margin of 5 % one
by one and add up to +49 %. The anchor stands still: what was accepted since is spent.
"""

import math
from dataclasses import dataclass

from qtregress.verdict.policy import Rule
from qtregress.verdict.verdict import Outcome, turned, within


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What releases accepted since the anchor moved a metric by.

    Attributes:
        value: OLD's recorded value less the anchor's, in the metric's unit.
        anchor: the anchor's firmware, empty where nobody knows.
    """

    value: float = 0.0
    anchor: str = ""


NOTHING_SPENT = Spent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far NEW is from the anchor.

    Attributes:
        interval: of the change since the anchor in the metric's unit and sign; None where it
            is no number.
        budget: how far it may be in the worse direction; None where it is no number.
        outcome: ``ok``, or what the budget makes of a metric that its margin lets pass.
    """

    interval: tuple[float, float] | None
    budget: float | None
    outcome: Outcome


def drift_since(
    bounds: tuple[float, float] | None, rule: Rule, margin: float | None, spent: Spent
) -> Drift | None:
    """The drift of NEW, or None where only its margin matters.

    Only the margin matters where nothing was spent, unless the budget is the smaller one.

    Args:
        bounds: of NEW less OLD; None where the change could not be measured.
        rule: the one that speaks of the metric.
        margin: in the metric's unit; None where there is none.
        spent: since the anchor.
    """
    matters = spent.value != 0 or rule.drift_budget < 1
    if bounds is None or margin is None or not matters:
        return None
    interval = (spent.value + bounds[0], spent.value + bounds[1])
    budget = rule.drift_budget * margin
    if not all(map(math.isfinite, (*interval, budget))):
        return Drift(interval=None, budget=None, outcome="undecided")
    low, high = turned(interval, rule.direction)
    outcome: Outcome = "undecided"
    if low > budget:
        outcome = "regressed"
    elif within(high, budget):
        outcome = "ok"
    return Drift(interval=interval, budget=budget, outcome=outcome)
