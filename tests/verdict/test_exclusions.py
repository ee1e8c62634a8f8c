"""Exclusions: metrics that nobody expects to have."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qtregress.metrics.difference import UnjudgedChange
from qtregress.metrics.metric import Metric, measured
from qtregress.verdict.decide import Decision, decide, document
from qtregress.verdict.policy import Policy, effective
from qtregress.verdict.verdict import Verdict
from tests.verdict.made import CIRCUMSTANCES, CRITICAL, difference, policy

REASON = "Qubit 1 is not calibrated."


def excluding(metrics: str) -> Policy:
    """A policy that excludes these metrics."""
    return policy(exclusions=[{"metrics": metrics, "reason": REASON}])


def decided(
    *outcomes: str, metrics: str = "gate.error/x:1", baseline: Sequence[Metric] = ()
) -> Decision:
    """The decision over gates x:0, x:1, ... with one exclusion."""
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    return decide(found, policy=excluding(metrics), baseline=baseline)


@pytest.mark.parametrize("outcome", ["undecided", "lost"])
def test_what_is_excluded_does_not_hold(outcome: str) -> None:
    """An uncalibrated qubit is no reason to keep a release back."""
    assert decided("ok", outcome).verdict == "promote"


def test_what_is_excluded_is_shown() -> None:
    """It is advisory, with the reason, and stands among the sentences."""
    decision = decided("ok", "undecided")
    excluded = decision.metrics[1]

    assert (excluded.critical, excluded.excluded) == (False, REASON)
    assert any(REASON in reason for reason in decision.reasons)


def test_a_vanished_metric_may_be_excluded() -> None:
    """It counts neither as lost nor as undecided."""
    assert decided("ok", baseline=[measured(CRITICAL, "x:1", "", 1e-3)]).verdict == "promote"


def test_no_regression_hides_behind_an_exclusion() -> None:
    """What is measured in both releases and worse rolls back."""
    decision = decided("ok", "regressed")

    assert (decision.verdict, decision.metrics[1].excluded) == ("rollback", "")


def test_what_is_excluded_judges_no_change() -> None:
    """A change that only an excluded metric sees is unjudged."""
    change = UnjudgedChange(where="d1 amp", old="1", new="2", covered_by=("gate.error/x:1",))
    found = [difference("ok", "x:0"), difference("undecided", "x:1")]

    assert decide(found, [change], policy=excluding("gate.error/x:1")).verdict == "hold"


def test_nothing_but_excluded_metrics_promotes_nothing() -> None:
    """Somebody must look at something."""
    assert decided("undecided", metrics="*").verdict == "hold"


def test_an_exclusion_of_nothing_is_noted() -> None:
    """A typo is seen."""
    decision = decided("ok", metrics="gate.eror/*")

    assert decision.reasons[-1] == "Exclusion gate.eror/* of the policy excludes nothing."


def test_brackets_of_an_exclusion_are_literal() -> None:
    """A bracket is no character class."""
    assert decided("ok", "undecided", metrics="gate.error/x:[1]").verdict == "hold"


def test_an_exclusion_does_not_make_the_baseline_stale() -> None:
    """The figures are the same."""
    assert effective(excluding("*")) == effective(policy())


def test_an_exclusion_cannot_be_claimed() -> None:
    """A regression that is called excluded is refused."""
    verdict = document(decided("ok", "regressed"), CIRCUMSTANCES)
    values = verdict.model_dump(mode="json") | {"verdict": "promote", "exit_code": 0}
    values["metrics"][1] |= {"critical": False, "excluded": REASON}

    with pytest.raises(ValidationError, match="must be advisory and undecided"):
        Verdict.model_validate(values)


@given(st.lists(st.sampled_from(["ok", "undecided", "regressed", "lost"]), max_size=5))
def test_an_exclusion_never_hides_a_rollback(outcomes: list[str]) -> None:
    """Excluding everything rolls back exactly what rolled back before."""
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    plain = decide(found, policy=policy()).verdict == "rollback"

    assert (decide(found, policy=excluding("*")).verdict == "rollback") == plain


@given(st.lists(st.sampled_from(["ok", "undecided", "lost"]), max_size=5))
def test_excluded_metrics_never_pass(outcomes: list[str]) -> None:
    """They are undecided before and after."""
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    words = [metric.outcome for metric in decide(found, policy=excluding("*")).metrics]

    assert words == ["ok" if word == "ok" else "undecided" for word in outcomes]
