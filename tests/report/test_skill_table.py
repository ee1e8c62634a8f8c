"""The table of measured and predicted errors."""

import io

from rich.console import Console

from qtregress.metrics.skill import Compared, MeasuredValue, skill
from qtregress.report.skill_table import skill_table


def row(subject: str, source: str = "a", **changes: object) -> Compared:
    """A gate measured at 2e-3 and predicted at half of it."""
    value = MeasuredValue(
        metric="gate.error",
        subject=subject,
        value=2e-3,
        uncertainty=1e-4,
        date="2021-03-14T00:52:40",
        source=source,
    )
    fields = {"measured": value, "predicted": 1e-3, "limit": 5e-4, **changes}
    return Compared(**fields)  # type: ignore[arg-type]  # whatever a test wants


def text(*rows: Compared, remarks: tuple[str, ...] = ()) -> list[str]:
    """The table's lines."""
    stream = io.StringIO()
    table = skill_table(rows, skill(rows), remarks)
    Console(file=stream, width=120, markup=False, emoji=False).print(table)
    return stream.getvalue().splitlines()


def test_measured_and_predicted_stand_side_by_side() -> None:
    """Value with its error, prediction, coherence limit, both ratios and the day."""
    cells = text(row("sx:0"))[1].split()

    assert cells == [
        *("gate.error/sx:0", "0.002", "±", "0.0001", "0.001", "0.50", "0.0005", "0.25"),
        "2021-03-14",
    ]


def test_a_row_without_a_ratio_says_why() -> None:
    """A dash, never a zero, and the reason below."""
    lines = text(row("sx:0", predicted=None, why="the lines were never fitted"))

    assert lines[1].split()[4:7] == ["—", "—", "0.0005"]
    assert "gate.error/sx:0: not compared: the lines were never fitted" in lines


def test_the_summary_and_remarks_are_below() -> None:
    """What a verdict says of the skill, and what the reader of the file had to say."""
    lines = text(row("sx:0"), row("sx:1"), remarks=("no dates",))

    assert any(line.startswith("Predicted within a factor of 2: 100% of 2") for line in lines)
    assert lines[-1] == "no dates"


def test_sources_are_a_column_where_they_differ() -> None:
    """One source is said once."""
    assert "Measured: a" in text(row("sx:0"), row("sx:1"))
    assert text(row("sx:0"), row("sx:1", "b"))[0].split()[-1] == "source"


def test_control_characters_are_harmless() -> None:
    """Words of a foreign file cannot reach the terminal as escapes."""
    assert "\x1b" not in "".join(text(row("sx:0", "\x1b[31m"), row("sx:1", "b")))
