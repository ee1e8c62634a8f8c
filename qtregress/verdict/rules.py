"""One metric's judgement: the interval of its change against its margin.

With worse counted positive and the margin M fixed beforehand, the whole interval below M
is ok (below -M: improved), the whole interval above M is regressed, and anything else,
also anything that could not be measured, is undecided. What was accepted since the
baseline's anchor counts too, see ``qtregress.verdict.drift``.
"""

import math
from dataclasses import dataclass

from qtregress.metrics.difference import Difference
from qtregress.metrics.metric import Metric
from qtregress.units import engineering
from qtregress.verdict.drift import NOTHING_SPENT, Drift, Spent, drift_since
from qtregress.verdict.policy import Rule
from qtregress.verdict.verdict import JudgedMetric, Outcome, Split, finite, turned, within

_SENTENCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judgement:
    outcome: Outcome
    why: str


def judge_metric(
    difference: Difference,
    rule: Rule,
    *,
    baseline: float | None = None,
    spent: Spent = NOTHING_SPENT,
    split: Split | None = None,
) -> JudgedMetric:
    """The metric with its outcome under ``rule`` and the sentence that explains it.

    Args:
        difference: NEW less OLD.
        rule: the one that speaks of it.
        baseline: the approved value, shown beside both.
        spent: what accepted releases moved since the anchor.
        split: what the change is made of, shown beside it.
    """
    margin = margin_of(rule, difference.scale)
    plain = _judgement(difference, rule, margin)
    bounds = None if _worse(difference, rule) is None else _bounds(difference)
    drift = drift_since(bounds, rule, margin, spent)
    judgement = _with_drift(plain, _Drifted(difference, rule, spent), drift)
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
        drift=None if drift is None else drift.interval,
        budget=None if drift is None else drift.budget,
        split=split,
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


_RANKS: dict[Outcome, int] = {"improved": 0, "ok": 0, "undecided": 1, "regressed": 2}


@dataclass(frozen=True, slots=True)
class _Drifted:
    """What a sentence on drift speaks of."""

    difference: Difference
    rule: Rule
    spent: Spent


def _with_drift(plain: _Judgement, drifted: _Drifted, drift: Drift | None) -> _Judgement:
    """The worse of both judgements; drift never makes one better."""
    if drift is None:
        return plain
    if _RANKS[drift.outcome] > _RANKS[plain.outcome]:
        return _Judgement(outcome=drift.outcome, why=_drift_sentence(drifted, drift))
    if plain.outcome == "regressed" or drift.interval is None:
        return plain
    rest = f"{_since(drifted, drift.interval)}; budget {_in_unit(drifted, drift.budget)}."
    return _Judgement(outcome=plain.outcome, why=f"{plain.why} {rest}")


def _drift_sentence(drifted: _Drifted, drift: Drift) -> str:
    name = drifted.difference.id
    if drift.interval is None:
        return f"{name} is undecided: how far it moved since the anchor is no finite number."
    verb = "drifted by more than" if drift.outcome == "regressed" else "cannot be told from"
    return (
        f"{name} {verb} its budget of {_in_unit(drifted, drift.budget)} "
        f"(rule {drifted.rule.metrics}). {_since(drifted, drift.interval)}."
    )


def _since(drifted: _Drifted, interval: tuple[float, float]) -> str:
    """``Since the anchor 1.0 it moved by 3 aJ, of which 2 aJ was accepted earlier``."""
    anchor = f" {drifted.spent.anchor}" if drifted.spent.anchor else ""
    return (
        f"Since the anchor{anchor} it moved by {_spanned(interval, drifted.difference.unit)}, "
        f"of which {_in_unit(drifted, drifted.spent.value)} was accepted earlier"
    )


def _in_unit(drifted: _Drifted, value: float | None) -> str:
    return quantity(value, drifted.difference.unit)


def _spanned(interval: tuple[float, float], unit: str) -> str:
    low, high = interval
    if low == high:
        return quantity(low, unit)
    return f"between {quantity(low, unit)} and {quantity(high, unit)}"


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
    return turned(bounds, rule.direction)


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
    bounds = _spanned(difference.interval or (math.nan, math.nan), unit)
    bounds = bounds if bounds.startswith("between") else f"of {bounds}"
    margin = quantity(margin_of(rule, difference.scale), unit)
    note = f" {difference.note.strip()}" if difference.note.strip() else ""
    return (
        f"{difference.id} {_VERBS[outcome]} {margin} (rule {rule.metrics}): "
        f"{quantity(difference.old, unit)} became {quantity(difference.new, unit)}, "
        f"a change {bounds}.{note}"
    )
