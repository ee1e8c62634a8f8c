"""Whether a saved verdict still speaks of this commit, this hour and these waivers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.verdict.decide import Said, decide
from qtregress.verdict.freshness import (
    age_problem,
    commit_problem,
    parsed_age,
    parsed_time,
    waiver_problems,
)
from tests.verdict.made import TODAY, difference, policy, waiver

NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SHA = "9708f54a" * 5


@pytest.mark.parametrize(
    ("text", "hours"), [("24h", 24.0), ("7d", 168.0), ("1.5h", 1.5), ("0.5d", 12.0)]
)
def test_an_age_is_hours_or_days(text: str, hours: float) -> None:
    """Fractions are allowed."""
    assert parsed_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["", "24", "0h", "-1h", "1w", "1 h", "h", "nand", "1e3h", "\u0661h"]
)
def test_anything_else_is_no_age(text: str) -> None:
    """No sign, no other unit, not zero."""
    assert parsed_age(text) is None


@given(st.text(max_size=12))
def test_no_text_breaks_the_reading_of_ages(text: str) -> None:
    """What is no age is None, never an exception."""
    age = parsed_age(text)

    assert age is None or age > timedelta(0)


def test_a_time_has_an_offset() -> None:
    """Without one nobody knows when it was."""
    assert parsed_time("2025-01-31T13:00:00+01:00") == NOON
    assert parsed_time("2025-01-31T12:00:00") is None
    assert parsed_time("today") is None


@pytest.mark.parametrize(
    ("age", "is_fine"),
    [
        (timedelta(0), True),
        (DAY, True),
        (DAY + timedelta(seconds=1), False),
        (-timedelta(minutes=5), True),
        (-timedelta(minutes=5, seconds=1), False),
    ],
)
def test_a_verdict_has_an_age(age: timedelta, is_fine: bool) -> None:  # noqa: FBT001
    """A day is allowed, and clocks may differ by five minutes."""
    assert (age_problem(NOON - age, DAY, NOON) == "") == is_fine


def test_a_clock_that_went_backwards_is_said() -> None:
    """It is another sentence than that of an old verdict."""
    assert "one of the two clocks is wrong" in age_problem(NOON + DAY, DAY, NOON)


@pytest.mark.parametrize("required", [SHA, SHA[:7], SHA[:7].upper()])
def test_a_commit_may_be_named_by_its_first_digits(required: str) -> None:
    """Seven suffice, in either case."""
    assert commit_problem(SHA, required) == ""


@pytest.mark.parametrize("required", ["1234567", SHA[:6], SHA + "0", "", None])
def test_another_commit_is_a_problem(required: str | None) -> None:
    """As is a name that is too short or none."""
    assert commit_problem(SHA, required) != ""


@pytest.mark.parametrize("judged", [None, "", "main"])
def test_a_verdict_without_a_commit_is_a_problem(judged: str | None) -> None:
    """It may be about any."""
    assert commit_problem(judged, SHA) != ""


@pytest.mark.parametrize(
    ("day", "count"), [(TODAY, 0), (date(2025, 2, 1), 0), (date(2025, 2, 2), 1)]
)
def test_a_waiver_ends_after_its_verdict(day: date, count: int) -> None:
    """The last day still counts."""
    decision = decide(
        [difference("regressed")], policy=policy(waivers=[waiver()]), said=Said(today=TODAY)
    )

    assert len(waiver_problems(decision.metrics, day)) == count
