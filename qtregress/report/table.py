"""The verdict for people at a terminal: a banner, the reasons, the worst rows first."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qtregress.printable import printable
from qtregress.report.text import (
    HEADLINES,
    anchor_title,
    change,
    counted,
    divided,
    drifted,
    parts,
    passed,
    release,
    trouble,
    used_text,
)
from qtregress.verdict.rules import quantity
from qtregress.verdict.verdict import JudgedMetric, Outcome, Verdict, VerdictWord

TROUBLE_ROWS = 20
OK_ROWS = 5

_BANNERS: dict[VerdictWord, str] = {
    "promote": "bold white on green",
    "hold": "bold black on yellow",
    "rollback": "bold white on red",
}
_STYLES: dict[Outcome, str] = {
    "ok": "green",
    "improved": "green",
    "regressed": "red",
    "undecided": "yellow",
    "waived": "magenta",
}


def verdict_table(verdict: Verdict) -> RenderableType:
    """What ``qtregress check`` shows; readable at 80 columns, no markup is interpreted."""
    bad, good = trouble(verdict), passed(verdict, critical=True)
    shown: list[RenderableType] = [_banner(verdict), *map(_bullet, verdict.reasons)]
    rows = bad[:TROUBLE_ROWS] or good[:OK_ROWS]
    if rows:
        shown += [Text(), _table(rows)]
    shown += [Text(line, style="dim") for line in _summaries(verdict)]
    return Group(*shown, *_drift(verdict), *_splits(verdict))


def _banner(verdict: Verdict) -> Text:
    banner = Text(f" {HEADLINES[verdict.verdict]} ", style=_BANNERS[verdict.verdict])
    return Text.assemble(banner, f" {printable(release(verdict))}")


def _bullet(sentence: str) -> RenderableType:
    return Padding(Text(f"- {printable(sentence)}"), (0, 0, 0, 1))


def _table(metrics: Iterable[JudgedMetric]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Outcome", no_wrap=True)
    table.add_column("Metric", overflow="fold")
    for name in ("Old", "New", "Change", "Margin"):
        table.add_column(name, justify="right", no_wrap=True)
    for metric in metrics:
        table.add_row(*_row(metric))
    return table


def _row(metric: JudgedMetric) -> list[Text]:
    outcome = metric.outcome if metric.critical else f"({metric.outcome})"
    return [
        Text(outcome, style=_STYLES[metric.outcome] if metric.critical else "dim"),
        Text(printable(metric.id)),
        Text(printable(quantity(metric.old, metric.unit))),
        Text(printable(quantity(metric.new, metric.unit))),
        Text(printable(change(metric))),
        Text(printable(quantity(metric.margin, metric.unit))),
    ]


def _drift(verdict: Verdict) -> list[RenderableType]:
    """The metrics with the least drift budget left."""
    rows = drifted(verdict)
    if not rows:
        return []
    table = _narrow(("Moved", "Budget", "Used"))
    for metric in rows[:OK_ROWS]:
        low, high = metric.drift or (None, None)
        moved = high if metric.direction == "lower" else low
        cells = (quantity(moved, metric.unit), quantity(metric.budget, metric.unit))
        table.add_row(*_cells(metric.id, *cells, used_text(metric)))
    return [Text(), _title(anchor_title(verdict)), table, *_more(len(rows) - OK_ROWS)]


def _splits(verdict: Verdict) -> list[RenderableType]:
    """What the changes are made of, where the chip moved, too."""
    rows = divided(verdict)
    if not rows:
        return []
    table = _narrow(("Chip drift", "Line gain", "Pulse edit"))
    for metric in rows[:TROUBLE_ROWS]:
        table.add_row(*_cells(metric.id, *parts(metric)))
    title = _title("What the changes are made of; the pulse edit is judged")
    return [Text(), title, table, *_more(len(rows) - TROUBLE_ROWS)]


def _narrow(names: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("Metric", overflow="fold")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(*texts: str) -> list[Text]:
    return [Text(printable(text)) for text in texts]


def _title(text: str) -> Text:
    return Text(printable(text), style="bold")


def _more(number: int) -> list[Text]:
    return [Text(f"… and {counted(number, 'metric')} more", style="dim")] if number > 0 else []


def _summaries(verdict: Verdict) -> list[str]:
    """One line for each kind of row that is not shown."""
    hidden = max(0, len(trouble(verdict)) - TROUBLE_ROWS)
    more = max(0, len(passed(verdict, critical=True)) - OK_ROWS)
    advisory = len(passed(verdict, critical=False))
    lines = []
    if hidden:
        lines.append(f"… and {counted(hidden, 'metric')} more that are not ok")
    if more:
        lines.append(f"… and {counted(more, 'critical metric')} ok")
    if advisory:
        lines.append(f"… and {counted(advisory, 'advisory metric')} ok")
    return lines
