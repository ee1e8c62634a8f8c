"""Proposals, and what baselines are compared by."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.baseline.history import verify
from qtregress.baseline.ledger import agreement, is_proposed, mismatches, repeats
from qtregress.baseline.record import seal
from qtregress.metrics.metric import Metric, measured, undecided
from tests.baseline.made import (
    BROKEN,
    ENERGY,
    ERROR,
    ORIGIN,
    SEQUENCES,
    changed,
    follow,
    proposal,
    with_value,
)


def test_a_proposal_is_sound() -> None:
    """What propose writes verifies."""
    assert verify(proposal(ERROR, ENERGY)) == ()


def test_an_edited_value_is_found() -> None:
    """A metric changed by hand no longer matches the digest."""
    edited = proposal(ERROR).model_copy(update={"metrics": (with_value(ERROR, 2e-3),)})

    assert verify(edited)[0].startswith("the baseline was edited by hand")


@pytest.mark.parametrize("field", ["device", "firmware", "created", "reason", "accepted"])
def test_every_field_is_sealed(field: str) -> None:
    """The digest covers the whole record."""
    edited = proposal(ERROR).model_copy(update={field: "other"})

    assert len(verify(edited)) == 1


@pytest.mark.parametrize("metrics", [(), (BROKEN,)])
def test_a_baseline_without_a_value_is_refused(metrics: tuple[Metric, ...]) -> None:
    """Nothing could fail against a baseline that measured nothing."""
    assert "no measured metric" in verify(proposal(*metrics))[0]


def test_unsorted_metrics_are_refused() -> None:
    """Even a resealed file keeps its order."""
    sealed = seal(proposal(ERROR, ENERGY).model_copy(update={"metrics": (ENERGY, ERROR)}))

    assert "must be sorted" in verify(sealed)[0]


def test_metrics_are_sorted() -> None:
    """The order of measurement does not matter."""
    assert proposal(ENERGY, ERROR) == proposal(ERROR, ENERGY)


def test_values_are_rounded() -> None:
    """Nine digits are written."""
    assert proposal(with_value(ERROR, 0.0012345678912345)).metrics[0].value == 0.00123456789


def test_jitter_writes_nothing() -> None:
    """A value that moved by less than the tolerance keeps its recorded digits."""
    first = proposal(ERROR)
    second = proposal(with_value(ERROR, 1e-3 * (1 + 5e-7)), previous=first)

    assert second.metrics == first.metrics


def test_movement_is_written() -> None:
    """A value that moved beyond the tolerance is replaced."""
    second = proposal(with_value(ERROR, 1.1e-3), previous=proposal(ERROR))

    assert second.metrics[0].value == 1.1e-3


def test_a_proposal_is_chained() -> None:
    """It names the digest that it follows."""
    first = proposal(ERROR)

    assert proposal(ERROR, previous=first).previous == first.digest


def test_nothing_moved_is_nothing_to_propose() -> None:
    """The same release measured again, versions and time apart, repeats what is approved."""
    approved = follow(None, ERROR)
    again = proposal(with_value(ERROR, 1e-3 * (1 + 5e-7)), previous=approved, created="2026")

    assert repeats(again, approved)


@pytest.mark.parametrize("what", ["firmware", "chip_digest", "policy_digest", "workload_digest"])
def test_another_input_is_something_to_propose(what: str) -> None:
    """Even where no metric moved."""
    approved = follow(None, ERROR)

    assert not repeats(proposal(ERROR, previous=approved, origin=changed(**{what: "9"})), approved)


@pytest.mark.parametrize("metrics", [(with_value(ERROR, 2e-3),), (ERROR, ENERGY), (ENERGY,)])
def test_another_metric_is_something_to_propose(metrics: tuple[Metric, ...]) -> None:
    """Moved, new or lost."""
    approved = follow(None, ERROR)

    assert not repeats(proposal(*metrics, previous=approved), approved)


def test_sequences_that_were_not_recorded_are_something_to_propose() -> None:
    """Recording sampled benchmarking for the first time is a change; not asking is none."""
    approved, sampled = follow(None, ERROR), proposal(ERROR, sampled=(SEQUENCES,))

    assert not repeats(sampled, approved)
    assert repeats(proposal(ERROR), sampled)


def test_a_standing_proposal_is_not_written_again() -> None:
    """The nightly job writes the same bytes, unless somebody gives another reason."""
    standing = proposal(ERROR)

    assert is_proposed(proposal(ERROR, created="2026"), standing)
    assert not is_proposed(proposal(ERROR, reason="Other."), standing)


def test_the_same_origin_matches() -> None:
    """A run of the approved release on the same chip compares."""
    assert mismatches(proposal(ERROR), ORIGIN) == ()


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("profile_digest", "another OLD profile: 1.0"),
        ("chip_digest", "another chip"),
        ("policy_digest", "another policy"),
        ("workload_digest", "another workload"),
    ],
)
def test_another_origin_is_named(field: str, what: str) -> None:
    """Each input that differs has its own sentence."""
    sentence, remedy = mismatches(proposal(ERROR), changed(**{field: "f"}))

    assert what in sentence
    assert ("propose OLD" if field == "profile_digest" else "rebuild lima") in remedy


def test_another_device_is_named_alone() -> None:
    """Where the device differs nothing else is worth saying."""
    assert mismatches(proposal(ERROR), changed(device="manila")) == (
        "the baseline is of device lima, but OLD is of manila",
    )


def test_undecided_agrees_with_undecided() -> None:
    """What could not be measured then and cannot now has not moved."""
    assert agreement(proposal(ERROR, BROKEN), [ERROR, BROKEN]) == ()


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        ([], "gate.error/x:0 is no longer measured"),
        ([with_value(ERROR, 1.1e-3)], "gate.error/x:0 was 0.001 and is 0.0011"),
        (
            [undecided("gate.error", "x:0", "", "why")],
            "gate.error/x:0 was 0.001 and is undecided",
        ),
        ([measured("gate.error", "x:0", "s", 1e-3)], "gate.error/x:0 had unit '' and has 's'"),
    ],
)
def test_movement_is_a_sentence(now: list[Metric], sentence: str) -> None:
    """What moved says how."""
    assert [item.sentence for item in agreement(proposal(ERROR), now)] == [sentence]


def test_rounding_of_a_tiny_error_agrees() -> None:
    """An error of 1e-12 is the rounding of 1 - F."""
    recorded = proposal(with_value(ERROR, 1e-12))

    assert agreement(recorded, [with_value(ERROR, 3e-12)]) == ()


def test_a_zero_of_an_unknown_unit_must_be_met() -> None:
    """Without a stated tolerance zero agrees with zero only."""
    zero = measured("new.thing", "x:0", "V", 0.0)

    assert len(agreement(proposal(zero), [with_value(zero, 1e-30)])) == 1


def test_new_metrics_are_not_compared() -> None:
    """A metric that the baseline does not have is no movement."""
    assert agreement(proposal(ERROR), [ERROR, ENERGY]) == ()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5))
def test_a_record_agrees_with_itself(values: list[float]) -> None:
    """Rounding on record never moves a metric."""
    metrics = [measured("gate.error", f"x:{i}", "", value) for i, value in enumerate(values)]
    recorded = proposal(*metrics)

    assert (verify(recorded), agreement(recorded, metrics)) == ((), ())


@given(st.floats(1e-6, 1e6), st.floats(1e-5, 10.0))
def test_creeping_is_seen(value: float, step: float) -> None:
    """A change beyond the tolerance moves, also after kept jitter."""
    first = proposal(measured("gate.error", "x:0", "s", value))
    second = proposal(measured("gate.error", "x:0", "s", value * (1 + 1e-7)), previous=first)
    now = measured("gate.error", "x:0", "s", value * (1 + step))

    assert math.isfinite(value)
    assert len(agreement(second, [now])) == 1
