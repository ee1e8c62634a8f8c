"""Waivers: a known regression passes for a while, under somebody's name."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qtregress.metrics.difference import UnjudgedChange
from qtregress.verdict.decide import Decision, Said, decide, document, severity
from qtregress.verdict.policy import effective
from qtregress.verdict.verdict import Verdict
from tests.verdict.made import (
    ADVISORY,
    CIRCUMSTANCES,
    TODAY,
    difference,
    policy,
    waiver,
)

WORDS = ["ok", "improved", "undecided", "regressed", "lost"]
SAID = Said(today=TODAY)


def waived(*outcomes: str, said: Said = SAID, **fields: object) -> Decision:
    """The decision over gates x:0, x:1, ... with one waiver of these fields."""
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    return decide(found, policy=policy(waivers=[waiver(**fields)]), said=said)


@pytest.mark.parametrize("outcome", ["regressed", "undecided"])
def test_a_waived_metric_lets_a_promotion_pass(outcome: str) -> None:
    """What somebody answers for does not decide."""
    decision = waived("ok", outcome)

    assert (decision.verdict, decision.metrics[1].outcome) == ("promote", "waived")


def test_a_promotion_says_first_what_was_waived() -> None:
    """Owner, reason, last day and ceiling stand in the first sentences."""
    reasons = waived("ok", "regressed").reasons

    assert reasons[0] == "Promote: 1 of 2 critical metrics is waived, the others are ok."
    for part in ("Ada", "The cooler is being repaired.", "2025-02-01", "ceiling is 0.1"):
        assert part in reasons[1]


def test_what_is_waived_stands_above_all_else() -> None:
    """Even above what regressed."""
    decision = waived("regressed", "regressed", metrics="gate.error/x:1")

    assert min(decision.metrics, key=severity).subject == "x:1"


def test_only_what_the_waiver_names_is_waived() -> None:
    """Another gate that regressed still rolls back."""
    assert waived("regressed", "regressed", metrics="gate.error/x:1").verdict == "rollback"


@pytest.mark.parametrize(("ceiling", "verdict"), [(0.0110001, "promote"), (0.0109, "rollback")])
def test_a_waiver_ends_at_its_ceiling(ceiling: float, verdict: str) -> None:
    """The new value is 0.011."""
    assert waived("regressed", ceiling=ceiling).verdict == verdict


def test_a_waiver_that_is_exceeded_says_so() -> None:
    """The sentence of the regression names the waiver, the value and the ceiling."""
    why = waived("regressed", ceiling=0.005).metrics[0].why

    assert why.endswith("because 0.011 is worse than its ceiling of 0.005.")


def test_where_higher_is_better_the_ceiling_is_a_floor() -> None:
    """A fidelity must not fall below it."""
    rule = {
        "metrics": "gate.error/*",
        "margin_absolute": 1e-3,
        "direction": "higher",
        "critical": True,
        "why": "Ours.",
    }
    fallen = difference("improved")
    verdicts = [
        decide(
            [fallen], policy=policy(rules=[rule], waivers=[waiver(ceiling=ceiling)]), said=SAID
        ).verdict
        for ceiling in (-0.5, 0.5)
    ]

    assert verdicts == ["promote", "rollback"]


@pytest.mark.parametrize(
    ("expires", "verdict"), [("2025-01-31", "promote"), ("2025-01-30", "rollback")]
)
def test_a_waiver_covers_its_last_day(expires: str, verdict: str) -> None:
    """The day after it is over."""
    assert waived("regressed", expires=expires).verdict == verdict


def test_a_waiver_that_is_over_says_so() -> None:
    """In the metric's sentence and in a note of its own."""
    decision = waived("regressed", expires="2025-01-30")

    assert decision.metrics[0].why.endswith("of Ada expired on 2025-01-30.")
    assert "expired on 2025-01-30: remove it or renew it." in decision.reasons[-1]


def test_without_a_day_nothing_is_waived() -> None:
    """A run that does not know the day cannot know that the waiver still holds."""
    assert waived("regressed", said=Said()).verdict == "rollback"


def test_what_was_not_measured_is_never_waived() -> None:
    """No ceiling covers a value that nobody has."""
    decision = waived("ok", "lost")

    assert (decision.verdict, decision.metrics[1].outcome) == ("hold", "undecided")
    assert decision.metrics[1].why.endswith("does not apply, because there is no new value.")


def test_a_waiver_of_nothing_is_noted() -> None:
    """A typo is seen."""
    assert waived("ok", metrics="gate.eror/*").reasons[-1] == (
        "Waiver gate.eror/* of Ada matches no metric."
    )


def test_brackets_of_a_waiver_are_literal() -> None:
    """A bracket is no character class."""
    assert waived("regressed", metrics="gate.error/x:[0]").verdict == "rollback"


def test_the_first_waiver_that_covers_is_named() -> None:
    """One that is over does not hide one that holds."""
    terms = [waiver(owner="Bob", expires="2024-01-01"), waiver()]
    decision = decide([difference("regressed")], policy=policy(waivers=terms), said=SAID)
    applied = decision.metrics[0].waiver

    assert applied is not None
    assert applied.owner == "Ada"


def test_advisory_metrics_need_no_waiver() -> None:
    """They decide nothing, so nobody answers for them."""
    found = [difference("ok"), difference("regressed", metric=ADVISORY)]
    decision = decide(found, policy=policy(waivers=[waiver(metrics="*")]), said=SAID)

    assert [metric.outcome for metric in decision.metrics] == ["ok", "regressed"]


@pytest.mark.parametrize("day", ["2025-02-30", "2025-1-1", "tomorrow", "2025-01-01T00"])
def test_a_waiver_ends_on_a_real_day(day: str) -> None:
    """What is no day is refused."""
    with pytest.raises(ValidationError, match=r"a day must be|at most 10"):
        policy(waivers=[waiver(expires=day)])


def test_a_waiver_does_not_make_the_baseline_stale() -> None:
    """What a baseline stores is the rules, not who answers for what."""
    assert effective(policy(waivers=[waiver()])) == effective(policy())


def test_an_undecided_metric_that_is_waived_lets_its_change_pass() -> None:
    """Its value is known and below the ceiling, and somebody answers for it."""
    change = UnjudgedChange(where="d0 amp", old="1", new="2", covered_by=("gate.error/x:0",))
    decision = decide(
        [difference("undecided")], [change], policy=policy(waivers=[waiver()]), said=SAID
    )

    assert decision.verdict == "promote"


@given(st.lists(st.sampled_from(WORDS), max_size=5), st.integers(0, 4), st.floats(-1, 1))
def test_a_waiver_only_ever_helps(outcomes: list[str], which: int, ceiling: float) -> None:
    """It turns no promotion into anything else, and no regression of its own making appears."""
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    terms = policy(waivers=[waiver(metrics=f"gate.error/x:{which}", ceiling=ceiling)])
    plain = decide(found, policy=policy(), said=SAID).verdict
    order = ["promote", "hold", "rollback"]

    assert order.index(decide(found, policy=terms, said=SAID).verdict) <= order.index(plain)


@given(st.lists(st.sampled_from(WORDS), max_size=5), st.booleans())
def test_no_waiver_lets_an_unjudged_change_pass(
    outcomes: list[str],
    named: bool,  # noqa: FBT001
) -> None:
    """Waiving everything judges no change that no waived metric sees."""
    covered_by = ("gate.error/x:0",) if named else ()
    change = UnjudgedChange(where="d0 amp", old="1", new="2", covered_by=covered_by)
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    plain = decide(found, [change], policy=policy(), said=SAID)
    lax = decide(found, [change], policy=policy(waivers=[waiver(metrics="*")]), said=SAID)

    if not named:
        assert lax.unjudged == plain.unjudged
    assert not lax.unjudged or lax.verdict != "promote"


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5))
def test_no_terms_make_a_missing_value_pass(outcomes: list[str]) -> None:
    """Waive all, exclude nothing: what has no value still holds."""
    found = [difference(word, f"x:{i}") for i, word in enumerate([*outcomes, "lost"])]
    terms = policy(waivers=[waiver(metrics="*", ceiling=1e300)])

    assert decide(found, policy=terms, said=SAID).verdict == "hold"


def document_of(decision: Decision) -> dict[str, Any]:
    """The verdict as plain values."""
    return document(decision, CIRCUMSTANCES).model_dump(mode="json")


def test_a_waived_promotion_is_a_document() -> None:
    """It can be written and read again."""
    verdict = document(waived("ok", "regressed"), CIRCUMSTANCES)

    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_a_waiver_cannot_be_claimed() -> None:
    """A regression relabelled as waived names nobody and is refused."""
    values = document_of(waived("ok", "regressed", metrics="*/no"))
    values |= {"verdict": "promote", "exit_code": 0}
    values["metrics"][1]["outcome"] = "waived"

    with pytest.raises(ValidationError, match="a waiver must stand where the outcome is waived"):
        Verdict.model_validate(values)


def test_a_waiver_cannot_be_stretched() -> None:
    """A waived value above the ceiling is refused."""
    values = document_of(waived("ok", "regressed"))
    values["metrics"][1]["waiver"]["ceiling"] = 1e-3

    with pytest.raises(ValidationError, match=r"no worse than 0\.001"):
        Verdict.model_validate(values)


def test_a_waiver_is_over_after_the_calendar_day() -> None:
    """Days, not hours, decide."""
    terms = policy(waivers=[waiver(expires="2024-02-29")])
    verdicts = [
        decide([difference("regressed")], policy=terms, said=Said(today=day)).verdict
        for day in (date(2024, 2, 29), date(2024, 3, 1))
    ]

    assert verdicts == ["promote", "rollback"]


@pytest.mark.parametrize("name", [" ", "\u200b", "\n"])
def test_nobody_answers_for_a_waiver_without_a_name(name: str) -> None:
    """An owner whom nobody can read is none."""
    with pytest.raises(ValidationError, match="visible character"):
        policy(waivers=[waiver(owner=name)])
