"""Reviews, budgets and the log of baselines."""

import math

import pytest
from rich.console import RenderableType

from qtregress.baseline.history import accepted
from qtregress.baseline.record import Baseline, Spending, seal
from qtregress.cli.edge import console
from qtregress.metrics.metric import Metric, measured
from qtregress.report.baseline_budget import budgets, percent, worst_spent
from qtregress.report.baseline_log import log_table
from qtregress.report.baseline_review import (
    _SHOWN_SCALES,
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


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, "that nothing is spent"),
        (Spending(id=ERROR.id, share=0.01), "1 % of gate.error/x:0"),
    ],
)
def test_a_review_does_not_believe_a_proposal(said: Spending | None, words: str) -> None:
    """Heat that spends 91 % of its budget is named, whatever the proposal says of itself."""
    first = follow(None, ENERGY)
    honest = after(with_value(ENERGY, 4.19e-19), before=first)
    forged = seal(honest.model_copy(update={"worst_spent": said}))
    shown = review(first, forged, SHIPPED).remarks

    assert shown[-2] == (
        "Once accepted, heat.line_energy_j/x:0@d0 would have spent 90.7 % of its drift budget of "
        "anchor 1.0, more than any other."
    )
    assert shown[-1] == f"The proposal itself says {words}: propose again."
    assert review(first, honest, SHIPPED).remarks[-1] == shown[-2]


def test_a_scale_of_next_to_nothing_is_no_improvement() -> None:
    """A margin that rounds to zero leaves no budget, which is not the same as none spent."""
    first = follow(None, ENERGY)
    hotter = with_value(ENERGY, 8e-19)
    made = proposal(hotter, previous=first, origin=release(1), scales={ENERGY.id: 5e-324})

    assert review(first, made, SHIPPED).remarks[-1] == (
        "heat.line_energy_j/x:0@d0 became worse and has no drift budget of anchor 1.0."
    )


@pytest.mark.parametrize("forged", [{"spent": {}}, {"changes": {ENERGY.id: 0.0}, "spent": {}}])
def test_a_review_refuses_what_accept_refuses(forged: dict[str, object]) -> None:
    """A budget that was not counted, or that a recalibration of heat explains away."""
    first = follow(None, ENERGY)
    made = after(with_value(ENERGY, 5.6e-19), before=first)
    told = review(first, seal(made.model_copy(update=forged)), SHIPPED).remarks[-1]

    assert told.startswith("Not acceptable as it is: the ")


def test_a_scale_that_moved_is_named() -> None:
    """A scale of a gigajoule is a budget without end."""
    first = follow(None, ERROR, ENERGY, scales={ERROR.id: 5e-3})
    given = {ERROR.id: 6e-3, ENERGY.id: 1e9}
    forged = proposal(ERROR, ENERGY, previous=first, origin=release(1), scales=given)
    same = proposal(ERROR, ENERGY, previous=first, origin=release(1), scales={ERROR.id: 5e-3})
    told = [line for line in review(first, forged, SHIPPED).remarks if "scale" in line]

    assert told == [
        "Another scale of heat.line_energy_j/x:0@d0's margin: 400 zJ -> 1 GJ (+2.5e+29 %).",
        "Another scale of gate.error/x:0's margin: 0.005 -> 0.006 (+20 %).",
    ]
    assert not any("scale" in line for line in review(first, same, SHIPPED).remarks)


def test_a_scale_left_out_is_named() -> None:
    """Then the value is the scale; of zero there is no percentage."""
    zero = measured("gate.duration_s", "x:0", "s", 0.0)
    first = follow(None, ERROR, zero, scales={ERROR.id: 5e-3})
    made = proposal(ERROR, zero, previous=first, origin=release(1), scales={zero.id: 1e-9})
    told = [line for line in review(first, made, SHIPPED).remarks if "scale" in line]

    assert told == [
        "Another scale of gate.duration_s/x:0's margin: 0 s -> 1 ns.",
        "Another scale of gate.error/x:0's margin: 0.005 -> 0.001 (-80 %).",
    ]


def test_scales_that_are_not_named_are_counted() -> None:
    """The largest movements are named."""
    metrics = [measured("gate.error", f"x:{i}", "", 1e-3) for i in range(_SHOWN_SCALES + 2)]
    first = follow(None, *metrics)
    given = {metric.id: 2e-3 + 1e-3 * i for i, metric in enumerate(metrics)}
    made = proposal(*metrics, previous=first, origin=release(1), scales=given)
    told = [line for line in review(first, made, SHIPPED).remarks if "scale" in line]

    assert len(told) == _SHOWN_SCALES + 1
    assert told[0].startswith(f"Another scale of {metrics[-1].id}'s margin: 0.001 -> 0.013")
    assert told[-1] == "And 2 more scales moved."


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
