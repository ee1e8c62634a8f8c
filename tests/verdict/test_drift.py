"""Drift since the baseline's anchor: small steps add up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qtregress.metrics.difference import Difference
from qtregress.verdict.decide import Said, decide, document
from qtregress.verdict.drift import Spent
from qtregress.verdict.policy import Policy, Rule, effective
from qtregress.verdict.rules import judge_metric
from qtregress.verdict.verdict import JudgedMetric, Verdict
from tests.verdict.made import CIRCUMSTANCES, policy

HEAT = "heat.line_energy_j/x:0@d0"
RULE = Rule(metrics="heat.*", margin_absolute=1.0, critical=True, why="Because.")
HIGHER = RULE.model_copy(update={"direction": "higher"})
ORDER = {"improved": 0, "ok": 0, "undecided": 1, "regressed": 2}
NUMBER = st.floats(-1e3, 1e3)


def heat(interval: tuple[float, float], *, old: float = 10.0) -> Difference:
    """A line's energy that moved by this."""
    return Difference(
        id=HEAT,
        metric="heat.line_energy_j",
        subject="x:0@d0",
        unit="J",
        old=old,
        new=old + sum(interval) / 2,
        interval=interval,
        scale=old,
    )


def judged(
    interval: tuple[float, float], spent: float, *, rule: Rule = RULE, anchor: str = "1.0"
) -> JudgedMetric:
    """The metric where accepted releases moved it by ``spent`` already."""
    return judge_metric(heat(interval), rule, spent=Spent(value=spent, anchor=anchor))


def first_refusal(*, anchored: bool) -> int | None:
    """The first of 20 refreshes of +2 % that does not promote under the shipped 5 %."""
    value, spent = 1e-18, 0.0
    for step in range(1, 21):
        moved = 0.02 * value
        said = Said(spent={HEAT: spent} if anchored else {}, anchor="1.0")
        found = [heat((moved, moved), old=value)]
        if decide(found, policy=policy(), said=said).verdict != "promote":
            return step
        value, spent = value + moved, spent + moved
    return None


def test_small_steps_never_fail_against_the_last_release() -> None:
    """Twenty refreshes of +2 % are +49 %, and each one passes a margin of 5 %."""
    assert first_refusal(anchored=False) is None


def test_small_steps_fail_against_the_anchor() -> None:
    """The third refresh of +2 % is 6 % above the anchor."""
    assert first_refusal(anchored=True) == 3


@pytest.mark.parametrize(
    ("interval", "spent", "outcome"),
    [
        ((0.3, 0.3), 0.6, "ok"),
        ((0.5, 0.5), 0.6, "regressed"),
        ((0.1, 0.5), 0.6, "undecided"),
        ((0.5, 0.5), -0.6, "ok"),
        ((-0.5, -0.5), 0.6, "ok"),
        ((-2.0, -2.0), 0.6, "improved"),
        ((-2.0, -2.0), 3.5, "regressed"),
        ((1.1, 1.1), -5.0, "regressed"),
        ((0.9, 1.1), -5.0, "undecided"),
    ],
)
def test_the_whole_drift_is_judged(
    interval: tuple[float, float], spent: float, outcome: str
) -> None:
    """Beyond the budget regresses, astride is undecided, and drift never excuses a step."""
    assert judged(interval, spent).outcome == outcome


def test_where_higher_is_better_falling_spends() -> None:
    """The drift is turned as the change is."""
    falls = [judged((-0.5, -0.5), spent, rule=HIGHER).outcome for spent in (-0.6, 0.6)]

    assert falls == ["regressed", "ok"]


def test_the_sentence_names_the_anchor_and_what_was_accepted() -> None:
    """People see from where, how far, and how much of it was accepted."""
    assert judged((0.5, 0.5), 0.6).why == (
        f"{HEAT} drifted by more than its budget of 1 J (rule heat.*). Since the anchor 1.0 it "
        "moved by 1.1 J, of which 600 mJ was accepted earlier."
    )


def test_what_passes_says_what_it_spent() -> None:
    """The budget that is left can be read off."""
    assert judged((0.3, 0.3), 0.6).why.endswith("was accepted earlier; budget 1 J.")


def test_a_larger_budget_lets_more_pass() -> None:
    """Two margins since the anchor."""
    rule = RULE.model_copy(update={"drift_budget": 2.0})

    assert judged((0.5, 0.5), 0.6, rule=rule).outcome == "ok"


def test_a_budget_below_the_margin_counts_from_the_start() -> None:
    """Even where nothing was spent."""
    rule = RULE.model_copy(update={"drift_budget": 0.5})

    assert judged((0.7, 0.7), 0.0, rule=rule).outcome == "regressed"


def test_nothing_spent_is_the_plain_rule() -> None:
    """Neither drift nor budget is shown."""
    metric = judged((0.7, 0.7), 0.0)

    assert (metric.outcome, metric.drift, metric.budget) == ("ok", None, None)


def test_what_was_not_measured_is_undecided_whatever_was_spent() -> None:
    """No history replaces a value."""
    lost = Difference(
        id=HEAT,
        metric="heat.line_energy_j",
        subject="x:0@d0",
        unit="J",
        old=10.0,
        new=None,
        interval=None,
        scale=10.0,
    )

    assert judge_metric(lost, RULE, spent=Spent(value=-5.0)).outcome == "undecided"


def test_a_drift_that_is_no_number_is_undecided() -> None:
    """An overflow is no pass."""
    assert judged((8e307, 8e307), 1.5e308, rule=HIGHER).outcome == "undecided"


def test_the_verdict_names_the_anchor() -> None:
    """Reports say from which release drift is counted."""
    decision = decide([heat((0.0, 0.0))], policy=policy(), said=Said(anchor="0.9"))

    assert document(decision, CIRCUMSTANCES).evidence.anchor == "0.9"


def test_the_drift_budget_is_part_of_the_rules() -> None:
    """Whoever changes it changes what the baseline was accepted under."""
    lax = RULE.model_copy(update={"drift_budget": 9.0})
    policies = [Policy(format="qtregress/policy@1", rules=(rule,)) for rule in (RULE, lax)]

    assert effective(policies[0]) != effective(policies[1])


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_a_drift_budget_is_above_zero(budget: float) -> None:
    """Anything else is refused."""
    with pytest.raises(ValidationError, match="drift_budget"):
        Rule(metrics="*", margin_absolute=1.0, critical=True, why="No.", drift_budget=budget)


def drifted(**fields: object) -> dict[str, Any]:
    """A promotion whose metric drifted within its budget, with that metric's fields changed."""
    decision = decide([heat((0.1, 0.1))], policy=policy(), said=Said(spent={HEAT: 0.2}))
    values = document(decision, CIRCUMSTANCES).model_dump(mode="json")
    values["metrics"][0] |= fields
    return values


def test_a_drift_beyond_its_budget_cannot_be_called_ok() -> None:
    """A file that says so is refused."""
    assert Verdict.model_validate(drifted()).verdict == "promote"
    with pytest.raises(ValidationError, match="must be backed by a drift within the budget"):
        Verdict.model_validate(drifted(drift=[0.6, 0.6]))


def test_a_drift_without_a_budget_cannot_be_called_ok() -> None:
    """Nothing says how far it may be."""
    with pytest.raises(ValidationError, match="must be backed by a drift within the budget"):
        Verdict.model_validate(drifted(budget=None))


@given(low=NUMBER, width=st.floats(0, 1e3), spent=NUMBER)
def test_what_was_spent_never_makes_a_metric_better(low: float, width: float, spent: float) -> None:
    """Not even an anchor that was much worse."""
    plain, after = judged((low, low + width), 0.0), judged((low, low + width), spent)

    assert ORDER[plain.outcome] <= ORDER[after.outcome]


@given(low=NUMBER, width=st.floats(0, 1e3), spent=NUMBER, more=st.floats(0, 1e3))
def test_spending_more_never_helps(low: float, width: float, spent: float, more: float) -> None:
    """Spent in the worse direction."""
    interval = (low, low + width)
    before, after = judged(interval, spent), judged(interval, spent + more)

    # nothing at all spent is judged by the margin alone, as a budget of one margin is
    assert ORDER[before.outcome] <= ORDER[after.outcome]
