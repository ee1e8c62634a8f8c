"""The verdict as Markdown, for ``$GITHUB_STEP_SUMMARY`` and pull-request comments."""

import html
import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

from qtregress.printable import printable
from qtregress.report.text import (
    HEADLINES,
    anchor_title,
    change,
    divided,
    drifted,
    parts,
    passed,
    release,
    trouble,
    used_text,
)
from qtregress.verdict.rules import clipped, quantity
from qtregress.verdict.verdict import JudgedMetric, Verdict

LIMIT = 60_000
"""A comment on GitHub holds 65,536 characters, a step summary 1 MiB."""

_SENTENCE = 600
_NOTE = 200
_WHY = 300
_HEAD = ("outcome", "metric", "old", "new", "change", "margin")
_DRIFT_HEAD = ("metric", "moved at least", "moved at most", "budget", "budget used")
_TEXTS = frozenset({"outcome", "metric", "why"})
_RULE = "|---"
"""How the line between a table's head and its rows begins."""
_MARKUP = re.compile(r"([\\`*_\[\]|~])")
_MENTION = re.compile(r"(?<![0-9A-Za-z])([@#])(?=[0-9A-Za-z])")
_LINK = re.compile(r"(?i)\b(https?(?=:)|ftp(?=:)|mailto(?=:)|www(?=\.))([:.])")


def markdown_text(verdict: Verdict, *, limit: int = LIMIT) -> str:
    """Banner, reasons and tables, worst first, at most ``limit`` characters long."""
    lines = [f"## {HEADLINES[verdict.verdict]}: {escaped(release(verdict))}", ""]
    lines += [f"- {escaped(clipped(reason, _SENTENCE))}" for reason in verdict.reasons]
    lines += _judged("Not ok", trouble(verdict), explained=True)
    lines += _drift(verdict)
    lines += _splits(verdict)
    lines += _judged("Critical and ok", passed(verdict, critical=True))
    lines += _judged("Advisory and ok", passed(verdict, critical=False))
    return _fitted(lines, limit)


def escaped(text: str) -> str:
    """``text`` shown as it is: no markup, HTML, link, mention or reference comes alive."""
    tame = _MENTION.sub("\\1\u2060", printable(text))
    quoted = _MARKUP.sub(r"\\\1", html.escape(tame, quote=False))
    return _LINK.sub(lambda found: f"{found[1]}&#{ord(found[2])};", quoted)


def _judged(title: str, metrics: Iterable[JudgedMetric], *, explained: bool = False) -> list[str]:
    """A table of metrics, with the sentence on each where it should be explained."""
    rows = [
        (*_figures(metric), *([clipped(metric.why, _WHY)] if explained else []))
        for metric in metrics
    ]
    return _table(f"{title} ({len(rows)})", (*_HEAD, *(["why"] if explained else [])), rows)


def _figures(metric: JudgedMetric) -> tuple[str, ...]:
    return (
        metric.outcome if metric.critical else f"{metric.outcome} (advisory)",
        metric.id,
        quantity(metric.old, metric.unit),
        quantity(metric.new, metric.unit),
        change(metric),
        quantity(metric.margin, metric.unit),
    )


def _drift(verdict: Verdict) -> list[str]:
    rows = [
        (
            metric.id,
            *(quantity(bound, metric.unit) for bound in metric.drift or (None, None)),
            quantity(metric.budget, metric.unit),
            used_text(metric),
        )
        for metric in drifted(verdict)
    ]
    return _table(anchor_title(verdict), _DRIFT_HEAD, rows)


def _splits(verdict: Verdict) -> list[str]:
    rows = [(metric.id, *parts(metric)) for metric in divided(verdict)]
    title = "What the changes are made of; the pulse edit is judged"
    return _table(title, ("metric", "chip drift", "line gain", "pulse edit"), rows)


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A heading and a table, numbers to the right; nothing without rows."""
    if not rows:
        return []
    sides = ["---" if name in _TEXTS else "--:" for name in head]
    lines = [_line(map(escaped, row)) for row in rows]
    return ["", f"### {escaped(title)}", "", _line(head), f"|{'|'.join(sides)}|", *lines]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _fitted(lines: list[str], limit: int) -> str:
    """The lines that fit, and what was cut."""
    text = "\n".join(lines) + "\n"
    if len(text) <= limit:
        return text
    ends = accumulate(len(line) + 1 for line in lines)
    kept = [line for line, end in zip(lines, ends, strict=True) if end <= limit - _NOTE]
    cut = lines[len(kept) :]
    heads = sum(line.startswith(_RULE) for line in cut)
    rows = max(0, sum(line.startswith("| ") for line in cut) - heads)
    note = (
        f"{len(cut)} more lines, {rows} of them rows of tables, were cut to stay within "
        f"{limit} characters; verdict.json has all."
    )
    return "\n".join([*kept, "", note]) + "\n"
