"""Reviews, budgets and the log of baselines."""

import math

import pytest
from rich.console import RenderableType

from qtregress.baseline.history import accepted
from qtregress.baseline.record import Baseline, seal
from qtregress.cli.edge import console
from qtregress.metrics.metric import Metric, measured
from qtregress.report.baseline_budget import budgets, percent, worst_spent
from qtregress.report.baseline_log import log_table
from qtregress.report.baseline_review import (
    SHOWN,
    review,
    review_markdown,
    review_table,
)
from qtregress.verdict.policy import Policy, Rule
from tests.baseline.made import (
    BROKEN,
    ENERGY,
    ERROR,
    SEQUENCES,
    SHIPPED,
    chain,
    changed,
    follow,
    proposal,
    release,
    terms,
    with_value,
)

SHOWN_ONLY = measured("heat.quantum_j", "x:0", "J", 1e-24)


def text(table: RenderableType) -> str:
    """What a wide terminal shows."""
    out = console({"COLUMNS": "200"})
    with out.capture() as captured:
        out.print(table)
    return captured.get()


def after(*metrics: Metric, before: Baseline) -> Baseline:
    """The next release proposed."""
    return proposal(*metrics, previous=before, origin=release(len(before.history)))


def test_a_budget_is_a_share_of_the_margin() -> None:
    """A tenth of a gate's error is its margin, and one margin its budget."""
    (one,) = budgets(chain(1e-3, 1.05e-3), SHIPPED)

    assert one.share == pytest.approx(0.05e-3 / (0.1 * 1.05e-3))
    assert one.critical


def test_a_recorded_scale_is_what_the_next_check_judges_by() -> None:
    """Not the modelled value, where the hardware's is known."""
    scaled = seal(chain(1e-3, 1.05e-3).model_copy(update={"scales": {ERROR.id: 5e-3}}))
    (one,) = budgets(scaled, SHIPPED)

    assert one.share == pytest.approx(0.05e-3 / 0.5e-3)


def test_a_rule_may_grant_several_margins() -> None:
    """Its drift budget says how many."""
    rule = Rule(
        metrics="gate.error/*", margin_relative=0.1, critical=True, drift_budget=4.0, why="Ours."
    )
    ours = Policy(format="qtregress/policy@1", rules=(rule,))
    (one,) = budgets(chain(1e-3, 1.05e-3), ours)

    assert one.share == pytest.approx(0.05e-3 / (4 * 0.1 * 1.05e-3))


def test_the_worst_is_critical_and_worse() -> None:
    """Neither an improvement nor an advisory metric is a spent budget."""
    first = follow(None, ERROR, ENERGY, SHOWN_ONLY)
    better = after(
        with_value(ERROR, 1e-4),
        with_value(ENERGY, 4.1e-19),
        with_value(SHOWN_ONLY, 1.0),
        before=first,
    )
    worst = worst_spent(better, SHIPPED)

    assert worst is not None
    assert worst.id == ENERGY.id
    assert worst.share == pytest.approx(0.1 / 4.1 / 0.05)
    assert worst_spent(first, SHIPPED) is None


def test_without_a_margin_any_movement_is_too_much() -> None:
    """A share of zero is no share; and no value, no margin."""
    zero = measured("gate.duration_s", "x:0", "s", 0.0)
    first = follow(None, zero, BROKEN)
    moved = after(with_value(zero, 1e-9), with_value(BROKEN, 1e-3), before=first)
    found = review(first, moved, SHIPPED)

    assert {row.id: percent(row.of_margin) for row in found.rows} == {
        BROKEN.id: "—",
        zero.id: "no margin",
    }


def test_sequences_that_would_be_lost_are_told() -> None:
    """Recorded sampled benchmarking goes where a proposal has none."""
    recorded = proposal(ERROR, sampled=(SEQUENCES,))
    approved = accepted(recorded, None, terms())

    assert "would be lost" in text(
        review_table(review(approved, after(ERROR, before=approved), SHIPPED))
    )


def test_another_unit_is_another_metric() -> None:
    """The same number in another unit moved."""
    first = follow(None, ERROR)
    other = measured("gate.error", "x:0", "s", 1e-3)

    assert [row.id for row in review(first, after(other, before=first), SHIPPED).rows] == [ERROR.id]


def test_the_worst_stands_first() -> None:
    """Critical before advisory, more margins before less; what vanished before all."""
    first = follow(None, BROKEN, ENERGY, ERROR, SHOWN_ONLY)
    found = review(
        first,
        after(BROKEN, with_value(ENERGY, 4.4e-19), with_value(SHOWN_ONLY, 9.0), before=first),
        SHIPPED,
    )

    assert [row.id for row in found.rows] == [ERROR.id, ENERGY.id, SHOWN_ONLY.id]
    assert found.rows[1].of_margin == pytest.approx(0.1 / 0.05)
    assert found.rows[1].of_budget == pytest.approx(0.1 / 1.1 / 0.05)
    assert found.still == 1


def test_a_review_shows_what_else_moved() -> None:
    """Chip, versions and lost sequences are sentences."""
    first = follow(None, ERROR)
    moved = proposal(ERROR, previous=first, origin=changed(chip_digest="9"))
    newer = seal(moved.model_copy(update={"environment": {"python": "3.13"}}))
    shown = text(review_table(review(first, newer, SHIPPED)))

    assert "Another chip: 222222222222 -> 999999999999." in shown
    assert "Another python: 3.11 -> 3.13" in shown


def test_a_review_says_what_cannot_be_accepted() -> None:
    """Firmware and chip at once."""
    first = follow(None, ERROR)
    both = proposal(ERROR, previous=first, origin=changed(release(1), chip_digest="9"))

    assert "Not acceptable as it is: the firmware (1.0 -> 1.1)" in text(
        review_table(review(first, both, SHIPPED))
    )


def test_a_first_baseline_is_reviewed() -> None:
    """There is nothing to compare with."""
    shown = text(review_table(review(None, proposal(ERROR), SHIPPED)))

    assert ("lima: nothing -> 1.0" in shown, "first baseline" in shown) == (True, True)


def test_what_is_not_shown_is_counted() -> None:
    """No row is lost without a word."""
    metrics = [measured("gate.error", f"x:{i}", "", 1e-3) for i in range(SHOWN + 3)]
    first = follow(None, *metrics)
    moved = [with_value(metric, 2e-3) for metric in metrics]

    assert "… and 3 metrics more that moved" in text(
        review_table(review(first, after(*moved, before=first), SHIPPED))
    )


def test_markdown_has_the_same_rows() -> None:
    """For a pull request; what users wrote is no markup there."""
    first = follow(None, ERROR)
    moved = proposal(with_value(ERROR, 2e-3), previous=first, origin=release(1), reason="<b>[x](y)")
    written = review_markdown(review(first, moved, SHIPPED))

    assert "| gate.error/x:0 | 0.001 | 0.002 | +0.001 | 1000 % | 500 % |" in written
    assert "<b>" not in written


def test_the_log_tells_who_and_what_is_left() -> None:
    """Newest first, anchors marked, tightest budget named."""
    lines = text(log_table(chain(1e-3, 1.05e-3), SHIPPED)).splitlines()

    assert [line.strip() for line in lines[:4]] == [
        "2    2025-02-02 12:00  1.1, 1 metric moved, by Ada",
        "Seen. [47.6 % of gate.error/x:0 spent]",
        "1    2025-02-01 12:00  1.0, 0 metrics moved, by Ada, an anchor",
        "Seen.",
    ]
    assert lines[-1].endswith("(47.6 %), 52.4 % left")


def test_the_log_knows_no_budget_of_another_policy() -> None:
    """A share of the wrong margin would be a lie."""
    assert "name it with --policy" in text(log_table(chain(1e-3, 2e-3), None))


def test_the_log_says_that_nothing_is_spent() -> None:
    """An improvement spends nothing."""
    assert "No metric became worse since the anchor 1.0" in text(
        log_table(chain(1e-3, 0.5e-3), SHIPPED)
    )


def test_what_somebody_wrote_is_harmless() -> None:
    """Escape sequences in a reason do not reach the terminal."""
    first = follow(None, ERROR)
    entry = first.history[0].model_copy(update={"accepted": "\x1b[31mred"})
    shown = text(log_table(first.model_copy(update={"history": (entry,)}), SHIPPED))

    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("share", "words"), [(None, "—"), (0.374, "37.4 %"), (math.inf, "no margin")]
)
def test_shares_are_percent(share: float | None, words: str) -> None:
    """And infinity has a name."""
    assert percent(share) == words
