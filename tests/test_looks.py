"""Sampled benchmarking of two releases, look by look."""

from functools import cache

import pytest

from qtregress.looks import Sampled, sampled
from qtregress.metrics.measurement import Measurement
from qtregress.pulses.profile import Profile
from qtregress.run import in_order
from qtregress.verdict.decide import Said, decide
from qtregress.verdict.policy import rule_for
from qtregress.verdict.rules import judge_metric
from qtregress.verdict.verdict import JudgedMetric
from tests import small
from tests.verdict.made import difference, policy

ONE = small.small(0)
EPC = "rb.sampled_epc/0"
CRITICAL: dict[str, object] = {
    "metrics": "rb.sampled_epc/*",
    "margin_relative": 0.10,
    "margin_absolute": 1e-5,
    "critical": True,
    "why": "Ours.",
}


@cache
def louder(share: float) -> Profile:
    """The release with sx louder by this share."""
    return small.louder(ONE.profile, share, "d0", gates="sx:0") if share else ONE.profile


def measured(profile: Profile) -> Measurement:
    """The device's qubit with this table."""
    return small.measured(small.Case(chip=ONE.chip, profile=profile))[0]


@cache
def played(share: float, *, margin_absolute: float = 1e-5, looks: int = 2) -> Sampled:
    """OLD and the release with a louder sx on the same sequences."""
    rule = CRITICAL | {"margin_absolute": margin_absolute}
    terms = policy(rules=[rule], sampling={"looks": looks, "sequences_per_look": 4})
    return sampled(measured(louder(0)), measured(louder(share)), terms, in_order)


def judged(found: Sampled) -> JudgedMetric:
    """The one sampled metric under a user's critical rule."""
    (row,) = found.rows
    return judge_metric(row, rule_for(policy(rules=[CRITICAL]), row.id))


def close_call() -> Sampled:
    """A release whose change is just the margin, as far as the first look can tell."""
    (row,) = played(0.05).rows
    assert row.new is not None
    assert row.old is not None
    return played(0.05, margin_absolute=row.new - row.old)


def test_no_change_is_decided_at_the_first_look() -> None:
    """The same gates lose the same shots: the difference is exactly zero."""
    found = played(0)

    assert (found.looks, found.rows[0].id, found.rows[0].interval) == (1, EPC, (0.0, 0.0))
    assert judged(found).outcome == "ok"


def test_a_much_worse_gate_regresses_at_the_first_look() -> None:
    """5 % of amplitude is seen by four sequences."""
    found = played(0.05)

    assert (found.looks, judged(found).outcome) == (1, "regressed")


def test_a_critical_regression_rolls_back() -> None:
    """Where the user's policy lets sampled metrics decide."""
    terms = policy(rules=[CRITICAL])
    decision = decide([difference("ok")], policy=terms, said=Said(rows=played(0.05).rows))

    assert decision.verdict == "rollback"


def test_a_close_call_uses_all_looks() -> None:
    """A margin of just the change is never decided, and every look adds four sequences."""
    found = close_call()

    assert (found.looks, found.decays[0].old.plan) == (2, found.decays[0].new.plan)
    assert len(found.decays[0].old.survivals[0]) == 8


def test_later_looks_begin_with_the_sequences_of_the_first() -> None:
    """Nothing that was played is thrown away, and no seed is used twice."""
    later = close_call().decays[0].old.survivals
    first = played(0).decays[0].old.survivals

    assert [one[:4] for one in later] == [one[:] for one in first]


def test_the_margin_does_not_depend_on_luck() -> None:
    """It is a share of OLD's exact error per Clifford."""
    assert played(0).rows[0].scale == measured(louder(0)).decays[0,].epc


@pytest.mark.parametrize("is_new", [True, False])
def test_what_one_release_cannot_play_is_undecided(is_new: bool) -> None:  # noqa: FBT001
    """A qubit without sx has no random sequences; it is listed, never dropped."""
    bare, whole = measured(small.without(ONE.profile, "sx:0")), measured(ONE.profile)
    both = (whole, bare) if is_new else (bare, whole)
    found = sampled(*both, policy(rules=[CRITICAL]), in_order)

    assert (found.rows[0].id, judged(found).outcome) == (EPC, "undecided")
    assert "cannot play random sequences" in judged(found).why
