"""One metric's judgement: the interval of its change against its margin.

With worse counted positive and the margin M fixed beforehand, the whole interval below M
is ok (below -M: improved), the whole interval above M is regressed, and anything else,
also anything that could not be measured, is undecided.
"""

import math
from dataclasses import dataclass

from qtregress.metrics.difference import Difference
from qtregress.metrics.metric import Metric
from qtregress.units import engineering
from qtregress.verdict.policy import Rule
from qtregress.verdict.verdict import JudgedMetric, Outcome, finite, within

_SENTENCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judgement:
    outcome: Outcome
    why: str


def judge_metric(
    difference: Difference, rule: Rule, *, baseline: float | None = None
) -> JudgedMetric:
    """The metric with its outcome under ``rule`` and the sentence that explains it."""
    margin = margin_of(rule, difference.scale)
    judgement = _judgement(difference, rule, margin)
    delta = _delta(difference)
    return JudgedMetric(
        id=difference.id,
        metric=difference.metric,
        subject=difference.subject,
        unit=difference.unit,
        direction=rule.direction,
        old=finite(difference.old),
        new=finite(difference.new),
        baseline=finite(baseline),
        delta=delta,
        relative=_relative(delta, difference.old),
        interval=_bounds(difference),
        margin=margin,
        critical=rule.critical,
        outcome=judgement.outcome,
        why=clipped(judgement.why),
    )


def vanished(metric: Metric, rule: Rule) -> JudgedMetric:
    """A metric of the baseline that this run no longer has: undecided, never forgotten."""
    return JudgedMetric(
        id=metric.id,
        metric=metric.metric,
        subject=metric.subject,
        unit=metric.unit,
        direction=rule.direction,
        old=None,
        new=None,
        baseline=metric.value,
        delta=None,
        relative=None,
        interval=None,
        margin=None,
        critical=rule.critical,
        outcome="undecided",
        why=f"{metric.id} is in the baseline but was not measured: it vanished.",
    )


def margin_of(rule: Rule, scale: float) -> float | None:
    """The larger of both margins in the metric's unit; None where the scale is no number."""
    relative = rule.margin_relative * abs(scale)
    if not math.isfinite(relative):
        return None
    return max(relative, rule.margin_absolute)


def quantity(value: float | None, unit: str) -> str:
    """A value as people read it: ``409 zJ``, ``3.7e-05``, a dash where there is none."""
    if value is None:
        return "—"
    if unit in {"", "1"}:
        return f"{value:.3g}"
    return engineering(value, unit)


def clipped(text: str, length: int = _SENTENCE) -> str:
    """``text`` cut to ``length`` characters, with what UTF-8 cannot hold replaced."""
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= length else f"{clean[: length - 1]}…"


def _judgement(difference: Difference, rule: Rule, margin: float | None) -> _Judgement:
    if _beyond_limit(difference, rule):
        return _Judgement(outcome="regressed", why=_limit_sentence(difference, rule))
    worse = _worse(difference, rule)
    if worse is None or margin is None:
        return _Judgement(outcome="undecided", why=_unmeasured_sentence(difference))
    low, high = worse
    outcome: Outcome = "undecided"
    if low > margin:
        outcome = "regressed"
    elif high < -margin:
        outcome = "improved"
    elif within(high, margin):
        outcome = "ok"
    return _Judgement(outcome=outcome, why=_sentence(difference, rule, outcome=outcome))


def _beyond_limit(difference: Difference, rule: Rule) -> bool:
    new = finite(difference.new)
    if rule.limit is None or new is None:
        return False
    return new > rule.limit if rule.direction == "lower" else new < rule.limit


def _worse(difference: Difference, rule: Rule) -> tuple[float, float] | None:
    """The interval with worse counted positive; None where it cannot be judged."""
    bounds = _bounds(difference)
    if bounds is None or finite(difference.old) is None or finite(difference.new) is None:
        return None
    low, high = bounds
    return (low, high) if rule.direction == "lower" else (-high, -low)


def _bounds(difference: Difference) -> tuple[float, float] | None:
    if difference.interval is None:
        return None
    low, high = difference.interval
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        return None
    return (float(low), float(high))


def _delta(difference: Difference) -> float | None:
    old, new = finite(difference.old), finite(difference.new)
    return None if old is None or new is None else finite(new - old)


def _relative(delta: float | None, old: float | None) -> float | None:
    return None if delta is None or not old else finite(delta / abs(old))


def _limit_sentence(difference: Difference, rule: Rule) -> str:
    unit = difference.unit
    side = "above" if rule.direction == "lower" else "below"
    return (
        f"{difference.id} is {quantity(difference.new, unit)}, {side} the limit of "
        f"{quantity(rule.limit, unit)} (rule {rule.metrics})."
    )


def _unmeasured_sentence(difference: Difference) -> str:
    """Why there is no interval to judge."""
    problem = difference.problem.strip()
    if problem:
        return f"{difference.id} is undecided: {problem}"
    missing = [
        name
        for name, value in (("old", difference.old), ("new", difference.new))
        if finite(value) is None
    ]
    if missing:
        return f"{difference.id} is undecided: it has no {' and no '.join(missing)} value."
    return f"{difference.id} is undecided: its change has no finite bounds."


_VERBS: dict[Outcome, str] = {
    "ok": "stays within its margin of",
    "improved": "improved by more than its margin of",
    "regressed": "got worse by more than its margin of",
    "undecided": "cannot be told from its margin of",
}


def _sentence(difference: Difference, rule: Rule, *, outcome: Outcome) -> str:
    unit = difference.unit
    low, high = difference.interval or (math.nan, math.nan)
    margin = quantity(margin_of(rule, difference.scale), unit)
    bounds = (
        f"of {quantity(low, unit)}"
        if low == high
        else f"between {quantity(low, unit)} and {quantity(high, unit)}"
    )
    note = f" {difference.note.strip()}" if difference.note.strip() else ""
    return (
        f"{difference.id} {_VERBS[outcome]} {margin} (rule {rule.metrics}): "
        f"{quantity(difference.old, unit)} became {quantity(difference.new, unit)}, "
        f"a change {bounds}.{note}"
    )
