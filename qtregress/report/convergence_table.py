"""How far each gate's numbers hang on the simulation's own choices, for people."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from qtregress.channels.convergence import Convergence
from qtregress.metrics.metric import Metric
from qtregress.printable import printable
from qtregress.verdict.rules import quantity

_EXACT = "exact"
_ONE_PHASE = "one phase"
_UNDECIDED = "undecided"
_COLUMNS = (
    "gate.error",
    "error,\nlevels +1",
    "leakage,\nlevels +1",
    "error,\nhalf step",
    "start-phase\nspread",
    "stated\nestimate",
)
_CHANGES = (
    "Changes are of the lossless error against the ideal, new minus usual; the stated estimate "
    "is of an element of the cold map."
)
_FIT = (
    "The lines were fitted at the usual number of levels: one more also moves the fit, while "
    "what is judged is the distance between OLD and NEW, in which the fit largely cancels."
)
_WORDS = (
    f"{_EXACT}: never more than one carrier plays, and such steps have no error. "
    f"{_ONE_PHASE}: one qubit's carrier has no start phase."
)


def convergence_table(rows: Sequence[Convergence], metrics: Sequence[Metric]) -> RenderableType:
    """A row a simulated gate beside its ``gate.error``, and why any gate has none."""
    errors = {metric.subject: metric for metric in metrics if metric.metric == "gate.error"}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("gate", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in sorted(rows, key=lambda row: (row.gate.count("-"), row.gate)):
        table.add_row(printable(row.gate), *_cells(row, errors[row.gate]))
    notes = (_CHANGES, _FIT, _WORDS, *_reasons(errors))
    return Group(table, *(Text(line, style="dim") for line in notes))


def _cells(row: Convergence, error: Metric) -> list[str]:
    return [
        _UNDECIDED if error.value is None else quantity(error.value, "1"),
        _signed(row.more_levels_error),
        _signed(row.more_levels_leakage),
        _EXACT if row.half_step_error is None else _signed(row.half_step_error),
        _ONE_PHASE if row.phase_spread is None else f"{row.phase_spread:.1e}",
        f"{row.stated_estimate:.1e}",
    ]


def _signed(change: float) -> str:
    return f"{change:+.1e}" if change else "0"


def _reasons(errors: dict[str, Metric]) -> list[str]:
    """One line for each gate whose error is undecided."""
    return [
        f"{printable(subject)}: {_UNDECIDED}, {printable(metric.why)}"
        for subject, metric in sorted(errors.items())
        if metric.value is None
    ]
