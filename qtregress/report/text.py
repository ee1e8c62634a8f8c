"""What every report shares: harmless text, and metrics in the order people need them."""

from qtregress.verdict.decide import severity
from qtregress.verdict.rules import quantity
from qtregress.verdict.verdict import PASSING, JudgedMetric, Verdict, VerdictWord

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


def change(metric: JudgedMetric) -> str:
    """The change as a share of the old value or a multiple of it, else in its unit."""
    if metric.relative is not None and abs(metric.relative) < 1:
        return f"{100 * metric.relative:+.2g} %"
    if metric.relative is not None and 1 <= metric.relative < _LARGE:
        return f"{1 + metric.relative:.4g}x"
    if metric.delta is None:
        return "—"
    sign = "+" if metric.delta > 0 else ""
    return f"{sign}{quantity(metric.delta, metric.unit)}"


def counted(number: int, what: str) -> str:
    """``1 critical metric``, ``87 critical metrics``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def release(verdict: Verdict) -> str:
    """``lima: 1.0 -> 1.1``: what the verdict is about."""
    evidence = verdict.evidence
    return f"{evidence.device}: {evidence.old_firmware} -> {evidence.new_firmware}"


_LARGE = 9999.0
