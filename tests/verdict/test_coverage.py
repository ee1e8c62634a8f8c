"""Coverage: how much of the baseline was measured again."""

import pytest

from qtregress.metrics.metric import Metric, measured
from qtregress.verdict.decide import Decision, decide
from tests.verdict.made import ADVISORY, CRITICAL, difference, policy

EXCLUDED = policy(exclusions=[{"metrics": f"{ADVISORY}/*", "reason": "Too fast to read."}])


def baseline(ok: int, lost: int, *, metric: str = ADVISORY) -> list[Metric]:
    """A baseline of critical metrics that are measured again and of others that are not."""
    kept = [measured(CRITICAL, f"x:{i}", "", 1e-3) for i in range(ok)]
    return kept + [measured(metric, f"y:{i}", "", 1e-3) for i in range(lost)]


def decided(ok: int, lost: int, *, metric: str = ADVISORY) -> Decision:
    """The decision where the baseline also has ``lost`` metrics that nobody measured."""
    found = [difference("ok", f"x:{i}") for i in range(ok)]
    return decide(found, policy=policy(), baseline=baseline(ok, lost, metric=metric))


@pytest.mark.parametrize(("ok", "lost", "verdict"), [(99, 1, "promote"), (98, 1, "hold")])
def test_one_advisory_metric_in_a_hundred_may_be_lost(ok: int, lost: int, verdict: str) -> None:
    """99 % suffice, less holds."""
    assert decided(ok, lost).verdict == verdict


def test_a_lost_metric_is_told_even_where_it_may_be() -> None:
    """The share and the id stand in a sentence."""
    assert decided(199, 1).reasons[1] == (
        "99.5 % of the baseline's 200 metrics were measured again; lost: rb.error_per_gate/y:0."
    )


def test_full_coverage_needs_no_sentence() -> None:
    """Nothing is said where nothing is missing."""
    assert len(decided(3, 0).reasons) == 1


def test_too_little_coverage_is_the_reason_to_hold() -> None:
    """The sentence says what would suffice; lost ids are counted after five."""
    sentence = decided(2, 7).reasons[1]

    assert sentence.startswith("22.2 % of the baseline's 9 metrics were measured again, and at ")
    assert sentence.endswith("y:4 and 2 more.")


def test_a_lost_critical_metric_holds_at_any_coverage() -> None:
    """One in a thousand is one too many."""
    assert decided(999, 1, metric="gate.leakage").verdict == "hold"


def test_a_value_that_is_gone_counts_as_lost() -> None:
    """OLD has it, NEW has none."""
    found = [difference("ok"), difference("lost", metric=ADVISORY)]
    recorded = [measured(CRITICAL, "x:0", "", 1e-3), measured(ADVISORY, "x:0", "", 1e-3)]

    assert decide(found, policy=policy(), baseline=recorded).verdict == "hold"


def test_excluded_metrics_are_left_out_of_the_share() -> None:
    """Whoever declares what is missing may miss it."""
    found = [difference("ok")]

    assert decide(found, policy=EXCLUDED, baseline=baseline(1, 5)).verdict == "promote"


def test_a_share_never_rounds_up_to_all() -> None:
    """One in ten thousand is still lost."""
    assert decided(9999, 1).reasons[1].startswith("99.9 % of")
