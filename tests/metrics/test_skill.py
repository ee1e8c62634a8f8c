"""Predicted errors beside measured ones."""

import math
from dataclasses import replace
from itertools import starmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.channels.coherence import coherence_limit
from qtregress.metrics.metric import measured, undecided
from qtregress.metrics.skill import (
    NOTHING_MEASURED,
    Compared,
    MeasuredValue,
    agreement,
    coherence_limits,
    compared,
    errors_of_chip,
    independent,
    skill,
    skill_on_chip,
    skill_sentence,
)
from tests import small

DAY = "2021-03-14T00:52:40-05:00"
RATIOS = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=9)


def value(
    subject: str = "sx:0", error: float | None = 1e-3, date: str | None = DAY
) -> MeasuredValue:
    """A gate's measured error."""
    return MeasuredValue(metric="gate.error", subject=subject, value=error, date=date)


def row(subject: str, ratio: float, *, date: str | None = DAY) -> Compared:
    """An error of 1e-3 predicted ``ratio`` times as large, half of it by T1 and T2."""
    found = value(subject, date=date)
    return Compared(measured=found, predicted=1e-3 * ratio, limit=5e-4 * ratio)


ROWS = tuple(starmap(row, [("sx:0", 0.5), ("sx:1", 1.0), ("sx:2", 4.0), ("cx:0-1", 0.1)]))


def test_ratio_is_predicted_over_measured() -> None:
    """Below 1 the model is too optimistic."""
    (found,) = compared([value(error=2e-3)], [measured("gate.error", "sx:0", "1", 1e-3)], {})

    assert (found.ratio, found.why) == (0.5, "")


def test_the_share_counts_both_directions() -> None:
    """Exactly twice too small still counts, ten times too small does not."""
    assert skill(ROWS).share_within_2 == 0.5


def test_the_bias_is_the_median_of_logarithms() -> None:
    """Of 0.1, 0.5, 1 and 4 the middle is the geometric mean of 0.5 and 1."""
    assert skill(ROWS).bias == pytest.approx(math.sqrt(0.5))


@given(RATIOS)
def test_bias_and_share_are_symmetric(ratios: list[float]) -> None:
    """Swapping prediction and measurement inverts the bias and keeps the share."""
    share, bias = agreement([r for r in ratios if abs(abs(math.log2(r)) - 1) > 1e-9] or [1.0])
    kept = [r for r in ratios if abs(abs(math.log2(r)) - 1) > 1e-9] or [1.0]
    swapped_share, swapped_bias = agreement([1 / r for r in kept])

    assert bias is not None
    assert swapped_bias is not None
    assert swapped_share == share
    assert bias * swapped_bias == pytest.approx(1)


def test_the_worst_are_farthest_from_one_either_way() -> None:
    """Ten times too small is worse than four times too large."""
    found = skill(ROWS)

    assert [one.measured.subject for one in found.worst] == ["cx:0-1", "sx:2", "sx:0"]


def test_the_coherence_limit_stands_beside() -> None:
    """Its ratios are of the same rows."""
    found = skill(ROWS)

    assert found.limit_bias == pytest.approx(math.sqrt(0.25 * 0.5))
    assert found.limit_share_within_2 == pytest.approx(0.5)


def test_the_oldest_date_counts() -> None:
    """A skill is as old as its oldest error, and what nobody dated is counted."""
    rows = [row("sx:0", 1), row("sx:1", 1, date="2019-01-02"), row("sx:2", 1, date=None)]
    found = skill(rows)

    assert (found.dated, found.undated) == ("2019-01-02", 1)


@pytest.mark.parametrize(
    ("error", "metrics", "why"),
    [
        (None, [measured("gate.error", "sx:0", "1", 1e-3)], "it was not measured"),
        (0.0, [measured("gate.error", "sx:0", "1", 1e-3)], "a measured error of 0 is a"),
        (1e-3, [], "the profile does not predict it"),
        (1e-3, [undecided("gate.error", "sx:0", "1", "no fit")], "no fit"),
        (1e-3, [measured("gate.error", "sx:0", "1", 0.0)], "the predicted error is 0"),
    ],
)
def test_what_cannot_be_compared_says_why(
    error: float | None, metrics: list[object], why: str
) -> None:
    """It is neither right nor wrong, it is counted as undecided."""
    rows = compared([value(error=error)], metrics, {})  # type: ignore[arg-type]  # a union's list
    found = skill(rows)

    assert rows[0].why.startswith(why)
    assert (found.count, found.undecided, found.share_within_2) == (0, 1, None)


def test_nothing_measured_is_no_skill() -> None:
    """Without numbers no share is claimed."""
    found = skill(())

    assert (found.count, found.share_within_2, found.bias) == (0, None, None)
    assert skill_sentence(found) == NOTHING_MEASURED


def test_one_benchmarking_counts_once() -> None:
    """IBM writes one number under sx and x, and one under both directions of a cx."""
    ((_, sx), (_, x)) = [(0, row("sx:0", 1)), (0, row("x:0", 1))]
    short, long = row("cx:0-1", 1), replace(row("cx:1-0", 1), limit=9e-4)

    assert independent([x, sx, long, short]) == (sx, short)


def test_other_days_are_other_measurements() -> None:
    """An equal number on another day was measured again."""
    rows = [row("sx:0", 1), row("sx:0", 1, date="2021-03-15")]

    assert len(independent(rows)) == 2


def test_of_repeats_one_that_can_be_compared_stays() -> None:
    """A gate that the profile lacks does not hide one that it has."""
    lacking = replace(row("sx:0", 1), predicted=None, why="the profile does not predict it")

    assert independent([lacking, row("x:0", 1)]) == (row("x:0", 1),)


def test_failed_fits_do_not_repeat_each_other() -> None:
    """Two values that are missing are not the same value."""
    rows = [Compared(measured=value(error=None), predicted=1.0, limit=1.0, why="?")] * 2

    assert len(independent([rows[0], replace(rows[1])])) == 2


@pytest.mark.physics
def test_the_limit_of_a_clifford_is_that_of_its_mean_duration() -> None:
    """Of one qubit it is one sx long, of a pair as long as all that it plays on the average."""
    measurement, _ = small.old(0, 1)
    limits = coherence_limits(measurement)
    times = [(q.t1_s, q.t2_s) for q in measurement.chip.qubits]
    cx_s = measurement.channels["cx:0-1"].duration_s

    assert limits["rb.epc/0"] == limits["gate.error/sx:0"]
    assert limits["gate.error/cx:0-1"] == coherence_limit(cx_s, times)
    assert limits["rb.epc/0-1"] > coherence_limit(1.5 * cx_s, times)


def test_a_chip_file_alone_has_a_skill() -> None:
    """Lima's own numbers: sx of both qubits and one cx, all within a factor of 2."""
    found = skill_on_chip(*small.old(0, 1))

    assert (found.count, found.share_within_2, found.dated) == (3, 1.0, "2021-03-14")
    assert found.worst[0].measured.subject == "cx:0-1"


def test_simulation_beats_the_coherence_limit_on_a_real_cx() -> None:
    """The prediction is nearer to what the hardware reported than T1 and T2 alone."""
    measurement, metrics = small.old(0, 1)
    rows = compared(errors_of_chip(measurement.chip), metrics, coherence_limits(measurement))
    (cx,) = [one for one in rows if one.measured.subject == "cx:0-1"]

    assert cx.ratio is not None
    assert cx.limit_ratio is not None
    assert 1 > cx.ratio > cx.limit_ratio


def test_the_sentence_says_it_all() -> None:
    """Share, count, age, bias, limit, the worst gate, and what was left out."""
    missing = Compared(measured=value("sx:9"), predicted=None, limit=None, why="?")

    assert skill_sentence(skill([*ROWS, missing])) == (
        "Predicted within a factor of 2: 50% of 4 measured errors (oldest of 2021-03-14), median "
        "ratio 0.71; by T1 and T2 alone 50%, 0.35; worst gate.error/cx:0-1, predicted 0.1 times "
        "what was measured; 1 could not be compared."
    )
