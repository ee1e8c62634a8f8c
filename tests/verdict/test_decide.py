"""The decision over all metrics, and the document that carries it."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qtregress.metrics.difference import Difference, UnjudgedChange
from qtregress.metrics.metric import Metric, measured
from qtregress.verdict.decide import Decision, Said, decide, document, severity
from qtregress.verdict.policy import Policy, Rule
from qtregress.verdict.verdict import Verdict
from tests.verdict.made import (
    ADVISORY,
    CHANGE,
    CIRCUMSTANCES,
    CRITICAL,
    INTERVALS,
    TODAY,
    difference,
    policy,
    waiver,
)

POLICY = policy()


def decided(
    outcomes: Sequence[str],
    *,
    metric: str = CRITICAL,
    changes: Sequence[UnjudgedChange] = (),
    baseline: Sequence[Metric] = (),
    under: Policy = POLICY,
) -> Decision:
    """The decision over gates x:0, x:1, ... with these outcomes."""
    found = [difference(word, f"x:{i}", metric=metric) for i, word in enumerate(outcomes)]
    return decide(found, changes, policy=under, baseline=baseline)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["ok"], "promote"),
        (["ok", "improved"], "promote"),
        (["ok", "undecided"], "hold"),
        (["ok", "regressed"], "rollback"),
        (["undecided", "regressed"], "rollback"),
        ([], "hold"),
    ],
)
def test_critical_metrics_decide(outcomes: list[str], verdict: str) -> None:
    """All ok promotes, one regressed rolls back, anything else holds."""
    assert decided(outcomes).verdict == verdict


def test_advisory_metrics_never_decide() -> None:
    """An advisory regression beside an ok critical metric promotes."""
    both = [difference("ok"), difference("regressed", metric=ADVISORY)]

    assert decide(both, policy=POLICY).verdict == "promote"


def test_advisory_regressions_are_told() -> None:
    """A promotion says what advisory metrics think."""
    both = [difference("ok"), difference("regressed", metric=ADVISORY)]

    assert decide(both, policy=POLICY).reasons[1].startswith("Advisory: rb.error_per_gate/x:0 got")


def test_advisory_metrics_alone_never_promote() -> None:
    """Nothing critical means nothing can be promoted."""
    decision = decided(["ok"], metric=ADVISORY)

    assert decision.verdict == "hold"
    assert decision.reasons[1].startswith("No critical metric was measured")


@pytest.mark.parametrize("metric", [CRITICAL, ADVISORY])
def test_a_vanished_metric_holds(metric: str) -> None:
    """What the baseline has and the run has not holds, critical or not."""
    decision = decided(["ok"], baseline=[measured(metric, "x:9", "", 1e-3)])

    assert decision.verdict == "hold"
    assert any(f"{metric}/x:9" in reason for reason in decision.reasons)


def test_the_baseline_is_shown() -> None:
    """Each metric carries the baseline's value."""
    decision = decided(["ok"], baseline=[measured(CRITICAL, "x:0", "", 2e-3)])

    assert decision.metrics[0].baseline == 2e-3


def test_an_uncovered_change_holds() -> None:
    """A change that no metric sees is unjudged."""
    decision = decided(["ok"], changes=[CHANGE])

    assert decision.verdict == "hold"
    assert decision.unjudged[0].where == "m0 amp"


@pytest.mark.parametrize(
    ("outcome", "metric", "count"),
    [
        ("ok", CRITICAL, 0),
        ("improved", CRITICAL, 0),
        ("regressed", CRITICAL, 0),
        ("undecided", CRITICAL, 1),
        ("ok", ADVISORY, 1),
    ],
)
def test_only_decided_critical_metrics_judge_a_change(
    outcome: str, metric: str, count: int
) -> None:
    """Undecided and advisory metrics judge nothing."""
    change = UnjudgedChange(where="d0 amp", old="1", new="2", covered_by=(f"{metric}/x:0",))

    assert len(decided([outcome], metric=metric, changes=[change]).unjudged) == count


def test_a_critical_rule_that_judges_nothing_holds() -> None:
    """A misspelt critical glob cannot promote."""
    typo = Rule(metrics="gate.eror/*", margin_relative=0.1, critical=True, why="Because.")

    assert decided(["ok"], under=policy(rules=(typo,))).verdict == "hold"


def test_an_earlier_stage_can_hold() -> None:
    """Sentences passed in hold forbid a promotion and are told."""
    decision = decide([difference("ok")], policy=POLICY, said=Said(holds=("The fit is poor.",)))

    assert (decision.verdict, decision.reasons[1]) == ("hold", "The fit is poor.")


def test_two_differences_of_one_id_are_refused() -> None:
    """One metric is judged once."""
    with pytest.raises(ValueError, match="distinct ids"):
        decide([difference("ok"), difference("regressed")], policy=POLICY)


def test_long_lists_of_reasons_are_counted() -> None:
    """Five sentences are shown, the rest is a number."""
    decision = decided(["regressed"] * 13)

    assert decision.reasons[-1] == "8 more critical metrics regressed."


def test_metrics_are_sorted_by_id() -> None:
    """The order in the file does not depend on the order of measurement."""
    found = [difference("ok", "x:1"), difference("ok", "x:0")]

    assert [m.subject for m in decide(found, policy=POLICY).metrics] == ["x:0", "x:1"]


def test_severity_puts_what_decides_first() -> None:
    """Critical trouble, advisory trouble, then what is ok."""
    kinds = [(CRITICAL, word) for word in ("ok", "undecided", "regressed")]
    kinds += [(ADVISORY, word) for word in ("regressed", "ok")]
    found = [difference(word, f"x:{i}", metric=m) for i, (m, word) in enumerate(kinds)]
    ordered = sorted(decide(found, policy=POLICY).metrics, key=severity)

    assert [m.subject for m in ordered] == ["x:2", "x:1", "x:3", "x:0", "x:4"]


def test_something_from_nothing_is_worst() -> None:
    """A change beyond a margin of zero outranks any other."""
    nothing = Difference(
        id="heat.line_energy_j/x:9@d9",
        metric="heat.line_energy_j",
        subject="x:9@d9",
        unit="J",
        old=0.0,
        new=1e-20,
        interval=(1e-20, 1e-20),
        scale=0.0,
    )
    decision = decide([difference("regressed"), nothing], policy=POLICY)

    assert decision.reasons[1:3] == ("Gates that regressed: x:0.", decision.metrics[-1].why)


@given(st.lists(st.sampled_from(list(INTERVALS)), max_size=6), st.integers(0, 5))
def test_one_worse_metric_never_helps(outcomes: list[str], which: int) -> None:
    """Replacing any outcome by a regression rolls back."""
    worse = [*outcomes[:which], "regressed", *outcomes[which + 1 :]]

    assert decided(worse).verdict == "rollback"


@given(st.lists(st.sampled_from(list(INTERVALS)), max_size=6), st.booleans())
def test_every_decision_is_a_consistent_document(
    outcomes: list[str],
    changed: bool,  # noqa: FBT001
) -> None:
    """What is decided can be written, and read again as the same."""
    decision = decided(outcomes, changes=[CHANGE] if changed else [])
    verdict = document(decision, CIRCUMSTANCES)

    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def tampered(outcomes: Sequence[str], **changes: object) -> dict[str, Any]:
    """A verdict's plain values with top-level keys replaced."""
    verdict = document(decided(outcomes), CIRCUMSTANCES)
    return verdict.model_dump(mode="json") | changes


def test_a_rollback_cannot_be_relabelled() -> None:
    """A file whose metrics regressed but which says promote is refused."""
    values = tampered(["ok", "regressed"], verdict="promote", exit_code=0)

    with pytest.raises(ValidationError, match="must be rollback exactly when"):
        Verdict.model_validate(values)


def test_a_hold_cannot_be_relabelled() -> None:
    """A file with an undecided critical metric cannot say promote."""
    values = tampered(["ok", "undecided"], verdict="promote", exit_code=0)

    with pytest.raises(ValidationError, match="not every critical metric is ok"):
        Verdict.model_validate(values)


def test_an_empty_verdict_cannot_promote() -> None:
    """A file without metrics cannot say promote."""
    values = tampered(["ok"], metrics=[])

    with pytest.raises(ValidationError, match="no critical metric was measured"):
        Verdict.model_validate(values)


def test_an_unjudged_change_cannot_promote() -> None:
    """A file that lists an unjudged change cannot say promote."""
    values = tampered(["ok"])
    values["evidence"]["unjudged"] = [{"where": "m0", "old": "1", "new": "2"}]

    with pytest.raises(ValidationError, match="judged by no critical metric"):
        Verdict.model_validate(values)


def test_the_exit_code_belongs_to_the_verdict() -> None:
    """A file that says rollback with exit code 0 is refused."""
    with pytest.raises(ValidationError, match="exit_code of rollback must be 10, but is 0"):
        Verdict.model_validate(tampered(["regressed"], exit_code=0))


def test_an_outcome_needs_its_interval() -> None:
    """A regressed metric cannot be relabelled ok while its interval says otherwise."""
    values = tampered(["regressed"], verdict="promote", exit_code=0)
    values["metrics"][0]["outcome"] = "ok"

    with pytest.raises(ValidationError, match="must be backed by an interval"):
        Verdict.model_validate(values)


def test_a_metric_appears_once() -> None:
    """A file with one metric twice is refused."""
    values = tampered(["ok"])
    values["metrics"] *= 2

    with pytest.raises(ValidationError, match="one appears twice"):
        Verdict.model_validate(values)


def test_an_outcome_needs_values() -> None:
    """A metric without values cannot be relabelled ok."""
    values = tampered(["undecided"], verdict="promote", exit_code=0)
    values["metrics"][0] |= {"outcome": "ok", "new": None}

    with pytest.raises(ValidationError, match="must be backed by an interval"):
        Verdict.model_validate(values)


GLOB = st.sampled_from(["*", "gate.*", "gate.error/x:?", "*/x:0", "rb.*"])
NUMBER = st.floats(-1e9, 1e9)
RULES: st.SearchStrategy[list[dict[str, object]]] = st.lists(
    st.builds(
        dict,
        metrics=GLOB,
        margin_absolute=st.floats(1e-9, 1e9),
        margin_relative=st.floats(0, 1e9),
        direction=st.sampled_from(["lower", "higher"]),
        critical=st.booleans(),
        limit=st.none() | NUMBER,
        drift_budget=st.floats(1e-3, 1e9),
        why=st.just("Ours."),
    ),
    max_size=3,
)
POLICIES = st.builds(
    policy,
    rules=RULES,
    waivers=st.lists(st.builds(waiver, metrics=GLOB, ceiling=NUMBER), max_size=3),
    exclusions=st.lists(st.builds(dict, metrics=GLOB, reason=st.just("Gone.")), max_size=3),
)
ABSENT = st.sampled_from([None, math.nan, math.inf, -math.inf])
UNKNOWN = ABSENT | NUMBER


@given(under=POLICIES, new=ABSENT, old=UNKNOWN, bounds=st.none() | st.tuples(UNKNOWN, UNKNOWN))
def test_no_policy_makes_a_missing_value_pass(
    under: Policy,
    new: float | None,
    old: float | None,
    bounds: tuple[float | None, float | None] | None,
) -> None:
    """None, NaN and infinity are undecided whatever rules, waivers and exclusions say."""
    low, high = bounds or (None, None)
    interval = None if low is None or high is None else (low, high)
    missing = replace(difference("ok"), old=old, new=new, interval=interval)
    said = Said(today=TODAY, spent={missing.id: -1.0})
    (metric,) = decide([missing], policy=under, said=said).metrics

    assert metric.outcome == "undecided"


@given(under=POLICIES, outcomes=st.lists(st.sampled_from([*INTERVALS, "lost"]), max_size=4))
def test_every_policy_gives_a_consistent_document(under: Policy, outcomes: list[str]) -> None:
    """Whatever it says, the verdict can be written and read again."""
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    said = Said(today=TODAY, spent={"gate.error/x:0": 1e-3}, anchor="0.9")
    verdict = document(decide(found, [CHANGE], policy=under, said=said), CIRCUMSTANCES)

    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
