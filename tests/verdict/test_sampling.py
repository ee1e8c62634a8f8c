"""Sampled metrics: looks that were declared beforehand raise few false alarms."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from qtregress.identity import digest
from qtregress.metrics.difference import SampledDifference
from qtregress.verdict.decide import Said, decide
from qtregress.verdict.policy import Policy, effective, rule_for
from qtregress.verdict.rules import judge_metric
from qtregress.verdict.sampling import NOT_YET, Looked, look
from qtregress.verdict.terms import Sampling
from tests.verdict.made import difference, policy

Real = NDArray[np.float64]
MARGIN = 1.0
FAMILIES = 2000
SIGMA = math.sqrt(0.05 * 0.95 / FAMILIES)
RULE: dict[str, object] = {
    "metrics": "rb.sampled_epc/*",
    "margin_absolute": MARGIN,
    "critical": True,
    "why": "Ours.",
}
ORDER = {"improved": 0, "ok": 0, "undecided": 1, "regressed": 2}


def ours(**fields: object) -> Policy:
    """A policy that judges sampled metrics with a margin of 1, with this sampling."""
    return policy(rules=[RULE], sampling=fields)


def shown(
    change: float | None, error: float | None, subject: str = "0", *, sequences: int = 10
) -> SampledDifference:
    """What a look shows of a metric."""
    return SampledDifference(
        subject=subject,
        old=0.0,
        new=change,
        change=change,
        error=error,
        sequences=sequences,
        scale=0.0,
    )


def outcome(state: Looked, subject: str = "0", *, under: Policy | None = None) -> str:
    """What the judge makes of a metric after a look."""
    name = f"rb.sampled_epc/{subject}"
    return judge_metric(state.differences[name], rule_for(under or ours(), name)).outcome


@pytest.mark.parametrize(
    ("change", "error", "word"),
    [
        (0.0, 0.0, "ok"),
        (0.0, 0.1, "ok"),
        (0.9, 0.2, "undecided"),
        (1.2, 0.2, "undecided"),
        (2.0, 0.1, "regressed"),
        (-2.0, 0.1, "improved"),
        (None, None, "undecided"),
        (5.0, None, "undecided"),
    ],
)
def test_a_look_decides_or_asks_for_more(
    change: float | None, error: float | None, word: str
) -> None:
    """A change known well enough is decided, any other needs more sequences."""
    state = look([shown(change, error)], ours())

    assert outcome(state) == word
    assert bool(state.pending) == (word == "undecided")


def test_the_bounds_are_those_of_student() -> None:
    """Of 10 sequences, at 5 % over two looks, one metric: t of 9 degrees at 2.5 % is 2.2622."""
    interval = look([shown(0.0, 1.0)], ours(looks=2)).differences["rb.sampled_epc/0"].interval

    assert interval == pytest.approx((-2.2621572, 2.2621572))


def test_the_largest_family_needs_the_largest_change() -> None:
    """3.3 deviations above its margin suffice alone, among 39 others that are ok they do not."""
    alone = look([shown(4.3, 1.0, sequences=100)], ours())
    others = [shown(0.0, 0.1, str(k)) for k in range(1, 40)]
    among = look([shown(4.3, 1.0, sequences=100), *others], ours())

    assert (outcome(alone), outcome(among)) == ("regressed", "undecided")


def test_a_second_regression_is_found_more_easily() -> None:
    """Holm: once the worst one is rejected, the next is tested among one metric fewer."""
    next_worst = shown(3.3, 1.0, "1", sequences=1000)
    with_bad = look([shown(50.0, 1.0, sequences=1000), next_worst], ours(looks=1, alpha=0.014))
    with_good = look([shown(0.0, 0.1, sequences=1000), next_worst], ours(looks=1, alpha=0.014))

    assert outcome(with_bad, "1", under=ours()) == "regressed"
    assert outcome(with_good, "1", under=ours()) == "undecided"


def test_where_higher_is_better_a_fall_regresses() -> None:
    """The bounds are turned, then turned back."""
    under = policy(rules=[RULE | {"direction": "higher"}])
    words = [outcome(look([shown(x, 0.1)], under), under=under) for x in (-2.0, 2.0)]

    assert words == ["regressed", "improved"]


def test_a_smaller_drift_budget_is_the_threshold() -> None:
    """A budget of half a margin is what a change is tested against."""
    under = policy(rules=[RULE | {"drift_budget": 0.5}])
    state = look([shown(0.9, 0.01)], under)

    assert (outcome(state, under=under), len(state.regressed)) == ("regressed", 1)


def test_what_is_decided_stays_decided() -> None:
    """Later looks neither play nor judge it again."""
    first = look([shown(0.0, 0.01), shown(0.9, 1.0, "1")], ours())
    second = look([shown(9.0, 0.01), shown(0.0, 0.01, "1")], ours(), first)

    assert first.pending == {"rb.sampled_epc/1"}
    assert (outcome(second), second.pending) == ("ok", frozenset())


def test_looks_that_are_used_up_leave_it_undecided() -> None:
    """After the last one nothing more can be asked for, and a critical metric holds."""
    state = NOT_YET
    for _ in range(3):
        state = look([shown(0.9, 1.0)], ours(), state)
    rows = tuple(state.differences.values())
    decision = decide([difference("ok")], policy=ours(), said=Said(rows=rows))

    assert decision.verdict == "hold"
    assert "Look 3 of 3, 10 sequences of each length" in decision.reasons[1]


def test_no_look_beyond_the_declared_ones() -> None:
    """Looking once more would be what declaring forbids."""
    state = look([shown(0.9, 1.0)], ours(looks=1))

    with pytest.raises(ValueError, match="at most 1 looks"):
        look([shown(0.9, 1.0)], ours(looks=1), state)


def test_a_look_is_at_the_whole_family() -> None:
    """A metric cannot be left out because it looks bad."""
    state = look([shown(0.9, 1.0), shown(0.9, 1.0, "1")], ours())

    with pytest.raises(ValueError, match="the same metrics"):
        look([shown(0.9, 1.0)], ours(), state)


def test_without_sampling_a_critical_rule_for_it_holds() -> None:
    """Whoever makes sampled metrics critical must sample."""
    assert decide([difference("ok")], policy=ours()).verdict == "hold"


def test_sampled_metrics_are_advisory_unless_the_user_says_otherwise() -> None:
    """Exact benchmarking decides."""
    assert not rule_for(policy(), "rb.sampled_epc/0-1").critical


def test_sampling_is_part_of_what_a_baseline_stores() -> None:
    """Looks are declared beforehand, not after a run."""
    assert digest(effective(ours(looks=4))) != digest(effective(ours()))


@pytest.mark.parametrize(
    "fields", [{"looks": 0}, {"looks": 21}, {"alpha": 0.0}, {"alpha": 0.6}, {"looks": 2.5}]
)
def test_sampling_has_bounds(fields: dict[str, Any]) -> None:
    """One to twenty looks, and an alpha that means something."""
    with pytest.raises(ValidationError, match=next(iter(fields))):
        Sampling.model_validate(fields)


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(0, 10))
def test_a_worse_change_never_helps(change: float, error: float, more: float) -> None:
    """Nor does it with any error."""
    before, after = (look([shown(x, error)], ours()) for x in (change, change + more))

    assert ORDER[outcome(before)] <= ORDER[outcome(after)]


@given(st.sampled_from([None, math.nan, math.inf, -math.inf]), st.booleans())
def test_what_is_no_number_is_never_decided(
    value: float | None,
    is_error: bool,  # noqa: FBT001
) -> None:
    """Neither as a change nor as its error."""
    one = shown(0.0, value) if is_error else shown(value, 0.1)

    assert outcome(look([one], ours())) == "undecided"


# False alarms


Draw = Callable[[np.random.Generator, tuple[int, int, int]], Real]


def normal(rng: np.random.Generator, shape: tuple[int, int, int]) -> Real:
    """Paired differences of sequences, mean 0."""
    return rng.standard_normal(shape)


def few_bad(rng: np.random.Generator, shape: tuple[int, int, int]) -> Real:
    """The same where few sequences are much worse than the others."""
    return rng.exponential(size=shape) - 1


def looked_at(values: Real, rng: np.random.Generator) -> tuple[Real, Real]:
    """Mean and its error by resampling whole sequences, the last axis of ``values``."""
    count = values.shape[-1]
    shares = rng.multinomial(count, np.full(count, 1 / count), size=200) / count
    errors = (values @ shares.T).std(axis=-1, ddof=1) * math.sqrt(count / (count - 1))
    return MARGIN + values.mean(axis=-1), errors


def all_looks(
    size: int, looks: int, draw: Draw, *, seed: int
) -> list[tuple[list[SampledDifference], ...]]:
    """What every look at every family shows, each metric worse by exactly its margin.

    A look sees the sequences of the looks before and ten more.
    """
    rng = np.random.default_rng(seed)
    values = draw(rng, (FAMILIES, size, 10 * looks))
    seen = [looked_at(values[..., : 10 * k], rng) for k in range(1, looks + 1)]
    return [
        tuple(
            [
                shown(float(c), float(e), str(k), sequences=10 * number)
                for k, (c, e) in enumerate(zip(changes[one], errors[one], strict=True))
            ]
            for number, (changes, errors) in enumerate(seen, start=1)
        )
        for one in range(FAMILIES)
    ]


def raises_alarm(looks: Sequence[list[SampledDifference]], under: Policy) -> bool:
    """Whether anything regressed at any look."""
    state = NOT_YET
    for shows in looks:
        state = look(shows, under, state)
    return bool(state.regressed)


@pytest.mark.parametrize(("draw", "seed"), [(normal, 1), (few_bad, 2)])
def test_false_alarms_of_a_family_stay_within_alpha(draw: Draw, seed: int) -> None:
    """Four metrics at exactly their margin, three looks: any alarm in at most 5 % of families."""
    families = all_looks(4, 3, draw, seed=seed)
    alarms = sum(raises_alarm(one, ours(looks=3)) for one in families)

    assert alarms / FAMILIES <= 0.05 + 3 * SIGMA


def test_looking_six_times_raises_no_more_alarms() -> None:
    """One metric, six looks: at most 5 %; stopping at the first alarm of 5 % raises over 10 %."""
    families = all_looks(1, 6, normal, seed=3)
    declared = sum(raises_alarm(one, ours(looks=6)) for one in families) / FAMILIES
    naive = (
        sum(any(look(shows, ours(looks=1)).regressed for shows in one) for one in families)
        / FAMILIES
    )

    assert declared <= 0.05 + 3 * SIGMA
    assert 0.10 < naive < 0.20
