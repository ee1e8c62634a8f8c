"""The table of ``simulate --convergence``."""

import io
from collections.abc import Sequence

from rich.console import Console

from qtregress.channels.convergence import Convergence
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.report.convergence_table import convergence_table

X = Convergence(
    gate="x:0",
    levels=(4,),
    error=2e-7,
    more_levels_error=0.0,
    more_levels_leakage=-2.16e-14,
    half_step_error=None,
    phase_spread=None,
    stated_estimate=3.4e-10,
)
CX = Convergence(
    gate="cx:0-1",
    levels=(4, 4),
    error=2.5e-4,
    more_levels_error=1.06e-5,
    more_levels_leakage=-3.06e-8,
    half_step_error=-5.7e-14,
    phase_spread=2.18e-4,
    stated_estimate=6.1e-9,
)
ERRORS = [
    measured("gate.error", "x:0", "1", 1.51e-4),
    measured("gate.error", "cx:0-1", "1", 3.71e-3),
    measured("gate.leakage", "cx:0-1", "1", 7e-7),
]


def shown(rows: Sequence[Convergence], metrics: Sequence[Metric]) -> list[str]:
    """The table's lines at 80 columns, as plain text."""
    stream = io.StringIO()
    Console(file=stream, width=80, color_system=None).print(convergence_table(rows, metrics))
    return stream.getvalue().splitlines()


def test_each_gate_has_its_row() -> None:
    """One qubit before two, changes with their sign, and a word where there is no figure."""
    assert [line.split() for line in shown([CX, X], ERRORS)[2:4]] == [
        ["x:0", "0.000151", "0", "-2.2e-14", "exact", "one", "phase", "3.4e-10"],
        ["cx:0-1", "0.00371", "+1.1e-05", "-3.1e-08", "-5.7e-14", "2.2e-04", "6.1e-09"],
    ]


def test_no_figure_is_missing_without_a_word() -> None:
    """There is no dash in the table, and each word in it is explained below."""
    text = "\n".join(shown([CX, X], ERRORS))

    assert "—" not in text
    assert "exact: never more than one carrier" in text
    assert "one phase: one qubit's carrier" in " ".join(text.split())


def test_the_fit_is_mentioned() -> None:
    """Whoever reads the change with one more level is told what else moved."""
    assert "one more also moves the fit" in " ".join("\n".join(shown([X], ERRORS)).split())


def test_a_gate_that_is_not_simulated_has_its_reason() -> None:
    """It has no row, but a line; and what a file says in it stays harmless."""
    lost = undecided("gate.error", "cx:1-2", "1", "the chip has no\x1b[2J coupling")

    *_, last = shown([X], [*ERRORS, lost])

    assert last.startswith("cx:1-2: undecided, the chip has no")
    assert "\x1b" not in last


def test_an_undecided_error_says_so() -> None:
    """A gate that was simulated, but too roughly: the word in its row, the reason below."""
    rough = undecided("gate.error", "x:0", "1", "the simulation may be wrong by 1e-05")

    lines = shown([X], [rough])

    assert lines[2].split()[:2] == ["x:0", "undecided"]
    assert lines[-1] == "x:0: undecided, the simulation may be wrong by 1e-05"


def test_the_table_fits_80_columns() -> None:
    """No line is longer than a narrow terminal, nor cut."""
    lines = shown([CX, X], ERRORS)

    assert max(map(len, lines)) <= 80
    assert "…" not in "\n".join(lines)
