"""Reports of waivers, exclusions, drift since the anchor and of what a change is made of."""

import io

import pytest
from rich.console import Console

from qtregress.report.markdown import markdown_text
from qtregress.report.table import verdict_table
from qtregress.report.text import drifted, used, used_text
from qtregress.verdict.decide import Said, decide, document
from qtregress.verdict.verdict import Split, Verdict
from tests.verdict.made import ADVISORY, CIRCUMSTANCES, TODAY, difference, policy, waiver

WAIVERS = [waiver(metrics="gate.error/x:1")]
EXCLUSIONS = [{"metrics": "gate.error/x:3", "reason": "Qubit 3 is parked."}]


def verdict(
    *outcomes: str, spent: dict[str, float] | None = None, splits: dict[str, Split] | None = None
) -> Verdict:
    """A verdict over gates x:0, x:1, ...; x:1 is waived, x:3 excluded."""
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    said = Said(today=TODAY, spent=spent or {}, anchor="0.9", splits=splits or {})
    terms = policy(waivers=WAIVERS, exclusions=EXCLUSIONS)
    return document(decide(found, policy=terms, said=said), CIRCUMSTANCES)


def shown(what: Verdict, width: int = 80) -> str:
    """The table as plain text."""
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(verdict_table(what))
    return stream.getvalue()


def test_what_is_waived_is_the_first_row() -> None:
    """Above what regressed."""
    rows = shown(verdict("regressed", "regressed")).split("Outcome")[1].splitlines()

    assert [line.split()[:2] for line in rows[1:3]] == [
        ["waived", "gate.error/x:1"],
        ["regressed", "gate.error/x:0"],
    ]


def test_markdown_shows_what_is_waived_first_and_by_whom() -> None:
    """The row carries the whole sentence."""
    table = markdown_text(verdict("regressed", "regressed")).split("### Not ok (2)")[1]
    row = table.splitlines()[4]

    assert row.startswith("| waived | gate.error/x:1 |")
    assert "waived until 2025-02-01 by Ada: The cooler is being repaired." in row


def test_markdown_says_why_a_metric_is_excluded() -> None:
    """It is advisory, and its reason is there."""
    text = markdown_text(verdict("ok", "ok", "ok", "lost"))

    assert "| undecided (advisory) | gate.error/x:3 |" in text
    assert "Qubit 3 is parked." in text


def test_drift_is_shown_with_what_is_left_of_its_budget() -> None:
    """From which release, how far, and the share that is used."""
    text = shown(verdict("ok", spent={"gate.error/x:0": 5e-5}))
    (row,) = [line for line in text.splitlines() if line.startswith("gate.error/x:0")]

    assert "Drift since the anchor 0.9" in text
    assert row.split() == ["gate.error/x:0", "5e-05", "0.0001", "50", "%"]


def test_without_drift_and_splits_nothing_is_said_of_them() -> None:
    """An ordinary verdict has one table."""
    texts = shown(verdict("ok")) + markdown_text(verdict("ok"))

    assert "anchor" not in texts
    assert "ulse edit" not in texts


def test_the_metric_with_the_least_budget_left_is_first() -> None:
    """Whatever its sign."""
    spent = {"gate.error/x:0": 2e-5, "gate.error/x:1": -9e-5, "gate.error/x:2": 8e-5}
    found = drifted(verdict("ok", "ok", "ok", spent=spent))

    assert [metric.subject for metric in found] == ["x:2", "x:0", "x:1"]


def test_markdown_has_the_drift_of_every_metric() -> None:
    """The interval, the budget and its share."""
    text = markdown_text(verdict("ok", spent={"gate.error/x:0": 5e-5}))

    assert "| gate.error/x:0 | 5e-05 | 5e-05 | 0.0001 | 50 % |" in text


def test_a_metric_better_than_the_anchor_used_nothing() -> None:
    """Improvements are no spending."""
    (metric,) = drifted(verdict("ok", spent={"gate.error/x:0": -5e-5}))

    assert used_text(metric) == "none"


@pytest.mark.parametrize(("moved", "text"), [(1e-9, "all"), (0.0, "none")])
def test_a_budget_of_nothing_is_used_up_by_anything(moved: float, text: str) -> None:
    """Where the margin vanishes, so does the budget."""
    (metric,) = drifted(verdict("ok", spent={"gate.error/x:0": 5e-5}))
    bare = metric.model_copy(update={"drift": (moved, moved), "budget": 0.0})

    assert used_text(bare) == text


def test_advisory_metrics_spend_nothing() -> None:
    """Their drift decides nothing."""
    found = [difference("ok"), difference("ok", metric=ADVISORY)]
    said = Said(spent={f"{ADVISORY}/x:0": 1e-5}, today=TODAY)
    judged = document(decide(found, policy=policy(), said=said), CIRCUMSTANCES)

    assert drifted(judged) == []
    assert used(judged.metrics[0]) == 0.0


SPLIT = Split(chip_drift=2e-2, line_gain=-1e-4, pulse_edit=None)


def test_a_change_is_shown_in_three_parts() -> None:
    """Chip drift, line gain and pulse edit, a dash where nobody knows."""
    text = shown(verdict("ok", splits={"gate.error/x:0": SPLIT}))
    row = [line for line in text.splitlines() if line.startswith("gate.error/x:0")][-1]

    assert row.split() == ["gate.error/x:0", "+0.02", "-0.0001", "—"]


def test_markdown_shows_the_three_parts() -> None:
    """In columns of their own."""
    text = markdown_text(verdict("ok", splits={"gate.error/x:0": SPLIT}))

    assert "| metric | chip drift | line gain | pulse edit |\n|---|--:|--:|--:|" in text
    assert "| gate.error/x:0 | +0.02 | -0.0001 | — |" in text


def test_what_did_not_move_is_not_divided() -> None:
    """Three zeros say nothing."""
    still = Split(chip_drift=0.0, line_gain=0.0, pulse_edit=0.0)

    assert "Pulse edit" not in shown(verdict("ok", splits={"gate.error/x:0": still}))


def test_drift_and_splits_fit_80_columns() -> None:
    """A narrow terminal is enough."""
    name = {"gate.error/x:0": SPLIT}
    text = shown(verdict("regressed", "regressed", spent={"gate.error/x:0": 5e-5}, splits=name))

    assert max(map(len, text.splitlines())) <= 80
