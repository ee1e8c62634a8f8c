"""The verdict as Markdown, for ``$GITHUB_STEP_SUMMARY`` and pull-request comments."""

import html
import re
from collections.abc import Iterable
from itertools import accumulate

from qtregress.printable import printable
from qtregress.report.text import HEADLINES, change, passed, release, trouble
from qtregress.verdict.rules import clipped, quantity
from qtregress.verdict.verdict import JudgedMetric, Verdict

LIMIT = 60_000
"""A comment on GitHub holds 65,536 characters, a step summary 1 MiB."""

_SENTENCE = 600
_NOTE = 200
_HEAD = "| outcome | metric | old | new | change | margin |"
_MARKUP = re.compile(r"([\\`*_\[\]|~])")
_MENTION = re.compile(r"(?<![0-9A-Za-z])([@#])(?=[0-9A-Za-z])")
_LINK = re.compile(r"(?i)\b(https?(?=:)|ftp(?=:)|mailto(?=:)|www(?=\.))([:.])")


def markdown_text(verdict: Verdict, *, limit: int = LIMIT) -> str:
    """Banner, reasons and tables, worst first, at most ``limit`` characters long."""
    lines = [f"## {HEADLINES[verdict.verdict]}: {escaped(release(verdict))}", ""]
    lines += [f"- {escaped(clipped(reason, _SENTENCE))}" for reason in verdict.reasons]
    lines += _table("Not ok", trouble(verdict))
    lines += _table("Critical and ok", passed(verdict, critical=True))
    lines += _table("Advisory and ok", passed(verdict, critical=False))
    return _fitted(lines, limit)


def escaped(text: str) -> str:
    """``text`` shown as it is: no markup, HTML, link, mention or reference comes alive."""
    tame = _MENTION.sub("\\1\u2060", printable(text))
    quoted = _MARKUP.sub(r"\\\1", html.escape(tame, quote=False))
    return _LINK.sub(lambda found: f"{found[1]}&#{ord(found[2])};", quoted)


def _table(title: str, metrics: Iterable[JudgedMetric]) -> list[str]:
    rows = [_row(metric) for metric in metrics]
    if not rows:
        return []
    return ["", f"### {title} ({len(rows)})", "", _HEAD, "|---|---|--:|--:|--:|--:|", *rows]


def _row(metric: JudgedMetric) -> str:
    cells = (
        metric.outcome if metric.critical else f"{metric.outcome} (advisory)",
        metric.id,
        quantity(metric.old, metric.unit),
        quantity(metric.new, metric.unit),
        change(metric),
        quantity(metric.margin, metric.unit),
    )
    return f"| {' | '.join(map(escaped, cells))} |"


def _fitted(lines: list[str], limit: int) -> str:
    """The lines that fit, and what was cut."""
    text = "\n".join(lines) + "\n"
    if len(text) <= limit:
        return text
    ends = accumulate(len(line) + 1 for line in lines)
    kept = [line for line, end in zip(lines, ends, strict=True) if end <= limit - _NOTE]
    cut = lines[len(kept) :]
    rows = sum(line.startswith("| ") and line != _HEAD for line in cut)
    note = (
        f"{len(cut)} more lines, {rows} of them metrics, were cut to stay within "
        f"{limit} characters; verdict.json has all."
    )
    return "\n".join([*kept, "", note]) + "\n"
