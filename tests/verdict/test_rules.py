"""One metric's judgement."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.metrics.difference import Difference
from qtregress.metrics.metric import measured
from qtregress.verdict.policy import Rule
from qtregress.verdict.rules import judge_metric, quantity, vanished
from qtregress.verdict.verdict import PASSING

RULE = Rule(metrics="gate.error/*", margin_absolute=1.0, critical=True, why="Because.")
HIGHER = RULE.model_copy(update={"direction": "higher"})
LIMITED = RULE.model_copy(update={"limit": 0.8})

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
STEP = st.floats(min_value=0, max_value=1e3)
END = st.floats(min_value=-1e3, max_value=1e3)
ORDER = {"improved": 0, "ok": 0, "undecided": 1, "regressed": 2}


def difference(
    interval: tuple[float, float] | None,
    *,
    old: float | None = 0.0,
    new: float | None = 0.5,
    scale: float = 0.0,
    problem: str = "",
) -> Difference:
    """A difference of gate.error/x:0 with this interval."""
    return Difference(
        id="gate.error/x:0",
        metric="gate.error",
        subject="x:0",
        unit="",
        old=old,
        new=new,
        interval=interval,
        scale=scale,
        problem=problem,
    )


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [
        ((0.0, 0.0), "ok"),
        ((-0.5, 0.999), "ok"),
        ((-3.0, 0.5), "ok"),
        ((-1.0, -1.0), "ok"),
        ((-3.0, -1.001), "improved"),
        ((0.5, 1.0), "undecided"),
        ((1.0, 2.0), "undecided"),
        ((-5.0, 5.0), "undecided"),
        ((1.001, 2.0), "regressed"),
    ],
)
def test_the_interval_decides(interval: tuple[float, float], outcome: str) -> None:
    """Below the margin is ok, above is regressed, astride is undecided."""
    assert judge_metric(difference(interval), RULE).outcome == outcome


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [((-2.0, -1.001), "regressed"), ((-0.999, 0.5), "ok"), ((1.001, 2.0), "improved")],
)
def test_direction_turns_the_interval(interval: tuple[float, float], outcome: str) -> None:
    """Where higher is better, a fall is what regresses."""
    assert judge_metric(difference(interval), HIGHER).outcome == outcome


def test_the_larger_margin_counts() -> None:
    """A tenth of a scale of 50 is more than an absolute margin of 1."""
    rule = RULE.model_copy(update={"margin_relative": 0.1})

    assert judge_metric(difference((4.0, 4.9), scale=50.0), rule).margin == 5.0


def test_a_scale_that_is_no_number_has_no_margin() -> None:
    """Without a scale nothing says how far the metric may move."""
    judged = judge_metric(difference((0.0, 0.0), scale=math.nan), RULE)

    assert (judged.margin, judged.outcome) == (None, "undecided")


def test_no_change_is_ok_where_the_margin_vanishes() -> None:
    """A line that carried nothing and still carries nothing is ok."""
    rule = RULE.model_copy(update={"margin_relative": 0.1, "margin_absolute": 0.0})

    assert judge_metric(difference((0.0, 0.0), new=0.0), rule).outcome == "ok"


def test_something_from_nothing_regresses() -> None:
    """A line that carried nothing and now carries energy regressed."""
    rule = RULE.model_copy(update={"margin_relative": 0.1, "margin_absolute": 0.0})

    assert judge_metric(difference((1e-20, 1e-20), new=1e-20), rule).outcome == "regressed"


def test_a_limit_is_absolute() -> None:
    """A value above the limit regressed although it did not change."""
    judged = judge_metric(difference((0.0, 0.0), old=0.9, new=0.9), LIMITED)

    assert judged.outcome == "regressed"
    assert "above the limit of 0.8" in judged.why


def test_a_limit_may_be_reached() -> None:
    """The limit itself is not exceeded."""
    assert judge_metric(difference((0.0, 0.0), old=0.8, new=0.8), LIMITED).outcome == "ok"


def test_a_limit_of_a_better_when_higher_metric_is_a_floor() -> None:
    """Where higher is better, falling below the limit regresses."""
    rule = LIMITED.model_copy(update={"direction": "higher"})

    assert judge_metric(difference((0.0, 0.0), old=0.7, new=0.7), rule).outcome == "regressed"


def test_the_problem_is_the_reason() -> None:
    """An undecided metric says what kept it from being measured."""
    judged = judge_metric(difference(None, problem="the decay is complex."), RULE)

    assert judged.why == "gate.error/x:0 is undecided: the decay is complex."


def test_a_missing_value_is_named() -> None:
    """Without a problem the missing side is named."""
    judged = judge_metric(difference((0.0, 0.0), old=None), RULE)

    assert judged.why == "gate.error/x:0 is undecided: it has no old value."


@pytest.mark.parametrize(
    "interval",
    [None, (math.nan, 0.0), (0.0, math.nan), (-math.inf, 0.0), (1.0, -1.0)],
)
def test_what_is_no_interval_is_undecided(interval: tuple[float, float] | None) -> None:
    """Missing, non-finite and reversed bounds are undecided."""
    assert judge_metric(difference(interval), RULE).outcome == "undecided"


def test_the_reason_names_the_rule() -> None:
    """People see which rule of the policy judged."""
    assert "(rule gate.error/*)" in judge_metric(difference((2.0, 3.0)), RULE).why


def test_a_surrogate_in_a_problem_is_replaced() -> None:
    """A reason can always be written as UTF-8."""
    judged = judge_metric(difference(None, problem="bad \ud800 text"), RULE)

    assert judged.why.endswith("bad ? text")


def test_the_change_is_relative_to_the_old_value() -> None:
    """``relative`` is delta over |old|."""
    assert judge_metric(difference((1.0, 1.0), old=-4.0, new=-3.0), RULE).relative == 0.25


def test_a_vanished_metric_is_undecided() -> None:
    """What only the baseline has keeps its value there and is undecided."""
    judged = vanished(measured("gate.error", "x:0", "", 1e-3), RULE)

    assert (judged.outcome, judged.baseline, judged.new) == ("undecided", 1e-3, None)


def test_a_dimensionless_quantity_has_no_prefix() -> None:
    """An error of 37e-6 is not 37 micro."""
    assert quantity(3.7e-5, "1") == "3.7e-05"


def test_a_quantity_has_a_prefix() -> None:
    """People see zJ."""
    assert quantity(4.09e-19, "J") == "409 zJ"


@given(low=END, width=STEP, step=STEP, scale=END)
def test_worse_never_turns_a_fail_into_a_pass(
    low: float, width: float, step: float, scale: float
) -> None:
    """Moving the whole interval in the worse direction never helps."""
    before = judge_metric(difference((low, low + width), scale=scale), RULE)
    after = judge_metric(difference((low + step, low + width + step), scale=scale), RULE)

    assert ORDER[before.outcome] <= ORDER[after.outcome]


@given(low=END, width=STEP, extra=STEP)
def test_less_knowledge_never_turns_a_fail_into_a_pass(
    low: float, width: float, extra: float
) -> None:
    """A wider interval may make a metric undecided, never ok."""
    before = judge_metric(difference((low, low + width)), RULE).outcome
    after = judge_metric(difference((low - extra, low + width + extra)), RULE).outcome

    assert before in PASSING or after not in PASSING


@given(values=st.tuples(ANY_FLOAT, ANY_FLOAT, ANY_FLOAT, ANY_FLOAT, ANY_FLOAT))
def test_a_pass_has_only_finite_numbers(values: tuple[float, ...]) -> None:
    """NaN and infinity never pass, wherever they stand."""
    old, new, low, high, scale = values
    judged = judge_metric(difference((low, high), old=old, new=new, scale=scale), RULE)

    assert judged.outcome not in PASSING or all(map(math.isfinite, values))


@given(old=END, scale=END)
def test_no_change_passes(old: float, scale: float) -> None:
    """OLD against itself is ok, whatever its value."""
    assert judge_metric(difference((0.0, 0.0), old=old, new=old, scale=scale), RULE).outcome == "ok"
