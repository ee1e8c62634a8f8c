"""The policy: which rule judges a metric."""

import pytest
from pydantic import ValidationError

from qtregress.identity import digest
from qtregress.verdict.policy import (
    DEFAULT_POLICY,
    FALLBACK,
    Policy,
    Rule,
    effective,
    idle_rules,
    rule_for,
)

EMPTY = Policy(format="qtregress/policy@1")


def rule(metrics: str, **changes: object) -> Rule:
    """A critical rule with a tenth as its margin."""
    values = {"metrics": metrics, "margin_relative": 0.1, "critical": True, "why": "Because."}
    return Rule.model_validate(values | changes)


def policy(*rules: Rule) -> Policy:
    """A user's policy of these rules."""
    return Policy(format="qtregress/policy@1", rules=rules)


def test_a_star_matches_any_text() -> None:
    """``*`` spans slashes and dots."""
    assert rule("gate.*").matches("gate.error/cx:0-1")


def test_a_question_mark_matches_one_character() -> None:
    """``?`` is exactly one character."""
    assert [rule("gate.error/x:?").matches(f"gate.error/x:{q}") for q in (3, 10)] == [True, False]


def test_brackets_are_literal() -> None:
    """A bracket is no character class."""
    assert not rule("gate.error/x:[01]").matches("gate.error/x:0")


def test_case_matters() -> None:
    """Ids differ by case on every system."""
    assert not rule("gate.error/X:0").matches("gate.error/x:0")


def test_many_stars_cost_no_time() -> None:
    """A hostile glob does not make matching exponential."""
    assert not rule("*a" * 50 + "b").matches("a" * 119)


def test_the_first_matching_rule_wins() -> None:
    """Earlier rules of the user's hide later ones."""
    first, second = rule("gate.error/sx:0"), rule("gate.error/*", critical=False)

    assert rule_for(policy(first, second), "gate.error/sx:0") == first


def test_shipped_rules_follow_the_users() -> None:
    """What the user's rules do not name is judged as shipped."""
    assert rule_for(policy(rule("rb.*")), "heat.line_energy_j/x:0@d0").margin_relative == 0.05


def test_unknown_metrics_are_advisory() -> None:
    """A metric that no rule names never decides."""
    assert rule_for(EMPTY, "new.thing/x:0") == FALLBACK
    assert not FALLBACK.critical


@pytest.mark.parametrize(
    ("metric", "critical"),
    [
        ("gate.error/sx:2", True),
        ("rb.epc/0-1", True),
        ("gate.leakage/sx:2", True),
        ("gate.duration_s/sx:2", True),
        ("heat.line_energy_j/cx:0-1@d0", True),
        ("heat.stage_energy_j/cx:0-1@mxc", False),
        ("heat.chip_energy_j/cx:0-1", False),
        ("thermal.mean_power_w/mxc", False),
        ("thermal.line_power_w/d0", False),
        ("thermal.utilization/mxc", False),
        ("rb.p/1", False),
        ("rb.gap/1", False),
        ("rb.error_per_gate/1", False),
        ("recalibration.gain/d0", False),
        ("heat.quantum_j/x:0", False),
        ("gate.incoherent_error/x:0", False),
    ],
)
def test_every_known_metric_has_a_shipped_rule(metric: str, critical: bool) -> None:  # noqa: FBT001
    """Known metrics never fall to the fallback, and only these are critical."""
    found = rule_for(EMPTY, metric)

    assert found != FALLBACK
    assert found.critical == critical


def test_a_rule_needs_a_margin() -> None:
    """A rule without a margin is refused."""
    with pytest.raises(ValidationError, match="margin_relative or margin_absolute above 0"):
        rule("gate.error/*", margin_relative=0.0)


def test_the_digest_covers_the_shipped_rules() -> None:
    """No policy and a copy of the shipped one are the same policy."""
    assert digest(effective(EMPTY)) == digest(effective(DEFAULT_POLICY))


def test_the_digest_notices_a_looser_margin() -> None:
    """A margin that changes changes the digest."""
    loose = policy(rule("gate.error/*", margin_relative=0.5))

    assert digest(effective(EMPTY)) != digest(effective(loose))


def test_a_critical_rule_that_judges_nothing_is_idle() -> None:
    """A misspelt critical glob is found."""
    typo = rule("gate.eror/*")

    assert idle_rules(policy(typo), ["gate.error/x:0"]) == (typo,)


def test_a_hidden_critical_rule_is_idle() -> None:
    """A critical rule behind a broader one judges nothing."""
    narrow = rule("gate.error/x:0")

    assert idle_rules(policy(rule("gate.*"), narrow), ["gate.error/x:0"]) == (narrow,)


def test_shipped_rules_are_never_idle() -> None:
    """A run without randomized benchmarking need not hold for its shipped rule."""
    assert idle_rules(DEFAULT_POLICY, ["gate.error/x:0"]) == ()
