"""The rule on skill: a model that predicts this chip badly promotes nothing."""

from datetime import date

import pytest

from qtregress.metrics.skill import Skill
from qtregress.verdict.policy import Policy, effective
from qtregress.verdict.skill_rule import skill_holds
from qtregress.verdict.terms import SkillRule

TODAY = date(2025, 1, 31)
SHIPPED = SkillRule()
FRESH = SkillRule(max_age_days=7)


def skill(
    share: float | None = 0.8,
    *,
    count: int = 10,
    dated: str | None = "2025-01-30",
    undated: int = 0,
) -> Skill:
    """A skill of this share within a factor of two."""
    return Skill(
        count=count,
        share_within_2=share,
        bias=1.0,
        limit_share_within_2=None,
        limit_bias=None,
        worst=(),
        dated=dated,
        undated=undated,
        undecided=0,
    )


@pytest.mark.parametrize(("share", "holds"), [(0.5, 0), (0.49, 1)])
def test_poor_skill_holds(share: float, holds: int) -> None:
    """Half of what was measured must be predicted within a factor of two."""
    assert len(skill_holds(skill(share), SHIPPED, TODAY)) == holds


def test_the_sentence_says_both_shares() -> None:
    """What the model does and what the policy asks for."""
    (sentence,) = skill_holds(skill(0.3), SHIPPED, TODAY)

    assert sentence == (
        "The model predicts 30% of 10 measured errors within a factor of 2, and the policy asks "
        "for 50%."
    )


def test_a_chip_that_nobody_measured_holds_nothing() -> None:
    """Many chip files carry no errors."""
    assert skill_holds(skill(None, count=0), SHIPPED, TODAY) == ()


@pytest.mark.parametrize(("share", "count"), [(None, 0), (1.0, 2)])
def test_skill_may_be_required(share: float | None, count: int) -> None:
    """Then too few measured errors hold."""
    rule = SkillRule(required=True, min_count=3)

    assert len(skill_holds(skill(share, count=count), rule, TODAY)) == 1


def test_too_few_errors_say_nothing() -> None:
    """One bad gate of one is no reason where the policy asks for three."""
    assert skill_holds(skill(0.0, count=1), SkillRule(min_count=3), TODAY) == ()


@pytest.mark.parametrize(("dated", "holds"), [("2025-01-24", 0), ("2025-01-23", 1)])
def test_old_skill_holds(dated: str, holds: int) -> None:
    """A week is seven days."""
    assert len(skill_holds(skill(dated=dated), FRESH, TODAY)) == holds


@pytest.mark.parametrize("dated", ["2025-02-01", "yesterday"])
def test_a_date_that_is_no_past_day_holds(dated: str) -> None:
    """Its age is not known."""
    assert "no day in the past" in skill_holds(skill(dated=dated), FRESH, TODAY)[0]


@pytest.mark.parametrize(("dated", "undated"), [(None, 10), ("2025-01-30", 1)])
def test_undated_errors_hold_where_age_matters(dated: str | None, undated: int) -> None:
    """What nobody dated may be of any age."""
    assert len(skill_holds(skill(dated=dated, undated=undated), FRESH, TODAY)) == 1


def test_without_an_age_in_the_policy_dates_do_not_matter() -> None:
    """The shipped rule asks for none."""
    assert skill_holds(skill(dated=None, undated=10), SHIPPED, TODAY) == ()


def test_poor_and_old_are_two_sentences() -> None:
    """Each is told."""
    assert len(skill_holds(skill(0.1, dated="2024-01-01"), FRESH, TODAY)) == 2


def test_the_rule_does_not_make_the_baseline_stale() -> None:
    """It says nothing about figures."""
    plain = Policy(format="qtregress/policy@1")

    assert effective(plain.model_copy(update={"skill": FRESH})) == effective(plain)
