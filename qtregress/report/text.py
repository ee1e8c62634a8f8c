"""What every report shares: harmless text, and metrics in the order people need them."""

import math

from qtregress.verdict.decide import severity
from qtregress.verdict.rules import quantity
from qtregress.verdict.verdict import PASSING, JudgedMetric, Verdict, VerdictWord, turned

HEADLINES: dict[VerdictWord, str] = {
    "promote": "PROMOTE",
    "hold": "HOLD",
    "rollback": "ROLL BACK",
}


def trouble(verdict: Verdict) -> list[JudgedMetric]:
    """The metrics that are not ok, worst first: critical ones, then advisory ones."""
    return [m for m in sorted(verdict.metrics, key=severity) if m.outcome not in PASSING]


def passed(verdict: Verdict, *, critical: bool) -> list[JudgedMetric]:
    """The critical (or the advisory) metrics that are ok, nearest to their margin first."""
    return [
        m
        for m in sorted(verdict.metrics, key=severity)
        if m.outcome in PASSING and m.critical is critical
    ]


def drifted(verdict: Verdict) -> list[JudgedMetric]:
    """The critical metrics that moved since the anchor, those with the least budget left first."""
    return sorted(
        (m for m in verdict.metrics if m.critical and m.drift is not None),
        key=lambda metric: (-used(metric), metric.id),
    )


def used(metric: JudgedMetric) -> float:
    """The share of its drift budget that the metric may have used, at worst; below 0 if better."""
    if metric.drift is None:
        return 0.0
    worst = turned(metric.drift, metric.direction)[1]
    if metric.budget:
        return worst / metric.budget
    return math.inf if worst > 0 else 0.0


def used_text(metric: JudgedMetric) -> str:
    """That share for people: ``64 %``, ``none`` where the metric is no worse than the anchor."""
    share = used(metric)
    if not math.isfinite(share) or share > _LARGE:
        return "all"
    return f"{100 * share:.3g} %" if share > 0 else "none"


def divided(verdict: Verdict) -> list[JudgedMetric]:
    """The metrics of which it is known what their change is made of, worst first."""
    return [m for m in sorted(verdict.metrics, key=severity) if _moved(m)]


def parts(metric: JudgedMetric) -> tuple[str, str, str]:
    """What chip drift, line gain and pulse edit each changed; dashes where nobody knows."""
    split = metric.split
    if split is None:
        return ("—", "—", "—")
    values = (split.chip_drift, split.line_gain, split.pulse_edit)
    chip, line, pulse = (_signed(value, metric.unit) for value in values)
    return (chip, line, pulse)


def anchor_title(verdict: Verdict) -> str:
    """``Drift since the anchor 1.0``."""
    return f"Drift since the anchor {verdict.evidence.anchor}".rstrip()


def change(metric: JudgedMetric) -> str:
    """The change as a share of the old value or a multiple of it, else in its unit."""
    if metric.relative is not None and abs(metric.relative) < 1:
        return f"{100 * metric.relative:+.2g} %"
    if metric.relative is not None and 1 <= metric.relative < _LARGE:
        return f"{1 + metric.relative:.4g}x"
    return _signed(metric.delta, metric.unit)


def counted(number: int, what: str) -> str:
    """``1 critical metric``, ``87 critical metrics``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def release(verdict: Verdict) -> str:
    """``lima: 1.0 -> 1.1``: what the verdict is about."""
    evidence = verdict.evidence
    return f"{evidence.device}: {evidence.old_firmware} -> {evidence.new_firmware}"


def _signed(value: float | None, unit: str) -> str:
    sign = "+" if value is not None and value > 0 else ""
    return f"{sign}{quantity(value, unit)}"


def _moved(metric: JudgedMetric) -> bool:
    """Whether anything is known to have moved the metric."""
    split = metric.split
    return split is not None and any((split.chip_drift, split.line_gain, split.pulse_edit))


_LARGE = 9999.0
