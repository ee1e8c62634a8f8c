"""Waivers: a known regression passes for a while, under somebody's name.

A waiver never covers what could not be measured, nothing beyond its ceiling and nothing after
its last day. It changes one metric's outcome and no other condition of a promotion.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from qtregress.verdict.rules import clipped, quantity
from qtregress.verdict.terms import Waiver
from qtregress.verdict.verdict import AppliedWaiver, JudgedMetric, not_worse


def with_waiver(
    metric: JudgedMetric, waivers: Sequence[Waiver], today: date | None
) -> JudgedMetric:
    """The metric, waived where it is critical, not ok, and a waiver covers it.

    Where one speaks of it and does not cover it, the metric says why.

    Args:
        metric: as the rules judge it.
        waivers: of the policy; the first that covers the metric does.
        today: the day in UTC; None where nobody knows, and then no waiver covers anything.
    """
    named = [waiver for waiver in waivers if waiver.matches(metric.id)]
    if not metric.critical or metric.outcome not in {"regressed", "undecided"} or not named:
        return metric
    refusals = [_refusal(metric, waiver, today) for waiver in named]
    if "" in refusals:
        return _waived(metric, named[refusals.index("")])
    return metric.changed(why=clipped(f"{metric.why} {' '.join(refusals)}"))


def waiver_notes(
    waivers: Sequence[Waiver], metric_ids: Iterable[str], today: date | None
) -> tuple[str, ...]:
    """Sentences on waivers that are over, or speak of no metric of this run or its baseline."""
    ids = tuple(metric_ids)
    notes = []
    for waiver in waivers:
        if today is not None and waiver.is_over(today):
            notes.append(f"{_named(waiver)} expired on {waiver.expires}: remove it or renew it.")
        elif not any(map(waiver.matches, ids)):
            notes.append(f"{_named(waiver)} matches no metric.")
    return tuple(notes)


def _refusal(metric: JudgedMetric, waiver: Waiver, today: date | None) -> str:
    """Why the waiver does not cover the metric, a sentence; empty where it does."""
    if today is None:
        return f"{_named(waiver)} does not apply, because the day is not known."
    if waiver.is_over(today):
        return f"{_named(waiver)} expired on {waiver.expires}."
    if metric.new is None:
        return f"{_named(waiver)} does not apply, because there is no new value."
    if not not_worse(metric.new, waiver.ceiling, metric.direction):
        ceiling = quantity(waiver.ceiling, metric.unit)
        return (
            f"{_named(waiver)} does not apply, because {quantity(metric.new, metric.unit)} is "
            f"worse than its ceiling of {ceiling}."
        )
    return ""


def _waived(metric: JudgedMetric, waiver: Waiver) -> JudgedMetric:
    why = (
        f"{metric.id} is waived until {waiver.expires} by {waiver.owner}: {waiver.reason} "
        f"It is {quantity(metric.new, metric.unit)}, and its ceiling is "
        f"{quantity(waiver.ceiling, metric.unit)}. Without the waiver: {metric.why}"
    )
    applied = AppliedWaiver(
        owner=waiver.owner,
        reason=waiver.reason,
        ceiling=waiver.ceiling,
        expires=waiver.expires,
    )
    return metric.changed(outcome="waived", why=clipped(why), waiver=applied)


def _named(waiver: Waiver) -> str:
    return f"Waiver {waiver.metrics} of {waiver.owner}"
