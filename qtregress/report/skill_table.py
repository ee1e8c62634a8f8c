"""Measured errors beside predicted ones, for people."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from qtregress.metrics.skill import Compared, Skill, skill_sentence
from qtregress.printable import printable
from qtregress.verdict.rules import quantity

_NONE = "—"
_COLUMNS = ("measured", "predicted", "ratio", "T1, T2", "ratio")
_CONVENTION = (
    "All are average errors, of a gate 1 - F_avg and of a Clifford (d - 1)(1 - p)/d, predicted "
    "without load. Ratios are to the measured one; beside them what T1 and T2 alone would leave."
)


def skill_table(
    rows: Sequence[Compared], found: Skill, remarks: Sequence[str] = ()
) -> RenderableType:
    """A row a measured error, the summary, and why any row could not be compared.

    Args:
        rows: from `qtregress.metrics.skill.compared`.
        found: their summary.
        remarks: what the readers of the files had to say.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("date", no_wrap=True)
    sources = sorted({row.measured.source for row in rows if row.measured.source})
    if len(sources) > 1:
        table.add_column("source")
    for row in sorted(rows, key=_order):
        source = [printable(row.measured.source or _NONE)] if len(sources) > 1 else []
        table.add_row(printable(row.name), *_cells(row), *source)
    reasons = [
        f"{row.name}: not compared: {row.why}" for row in sorted(rows, key=_order) if row.why
    ]
    worst = [f"{row.name}: {row.ratio:.2g}" for row in found.worst if row.ratio is not None]
    notes = [f"Farthest off: {', '.join(worst)}"] if worst else []
    notes += [f"Measured: {sources[0]}"] if len(sources) == 1 else []
    notes += [_CONVENTION, *reasons, *remarks]
    dim = (Text(printable(line), style="dim") for line in notes)
    return Group(table, Text(skill_sentence(found), style="bold"), *dim)


def _cells(row: Compared) -> list[str]:
    value = row.measured
    return [
        _with_error(value.value, value.uncertainty),
        quantity(row.predicted, "1"),
        _factor(row.ratio),
        quantity(row.limit, "1"),
        _factor(row.limit_ratio),
        printable((value.date or _NONE)[:10]),
    ]


def _with_error(value: float | None, uncertainty: float | None) -> str:
    shown = quantity(value, "1")
    return shown if value is None or uncertainty is None else f"{shown} ± {uncertainty:.1g}"


def _factor(ratio: float | None) -> str:
    return _NONE if ratio is None else f"{ratio:.2f}"


def _order(row: Compared) -> tuple[str, int, str]:
    subject = row.measured.subject
    return row.measured.metric, subject.count("-"), subject
