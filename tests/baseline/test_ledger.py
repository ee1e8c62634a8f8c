"""The baseline's life as pure functions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.baseline.ledger import (
    Origin,
    accepted,
    agreement,
    follows,
    mismatches,
    propose,
    verify,
)
from qtregress.baseline.record import Baseline, seal
from qtregress.metrics.metric import Metric, measured, undecided

ORIGIN = Origin(
    device="lima",
    firmware="1.0",
    profile_digest=f"sha256:{'1' * 64}",
    chip_digest=f"sha256:{'2' * 64}",
    policy_digest=f"sha256:{'3' * 64}",
    workload_digest=f"sha256:{'4' * 64}",
)
ERROR = measured("gate.error", "x:0", "", 1e-3)
ENERGY = measured("heat.line_energy_j", "x:0@d0", "J", 4e-19)
BROKEN = undecided("rb.epc", "1", "", "the decay is complex")


def baseline(
    *metrics: Metric, previous: Baseline | None = None, created: str = "2025-01-31"
) -> Baseline:
    """A sealed baseline of these metrics."""
    return propose(
        ORIGIN, metrics, previous=previous, environment={}, created=created, reason="First."
    )


def with_value(metric: Metric, value: float) -> Metric:
    """The metric with another value."""
    return metric.model_copy(update={"value": value})


def changed(**changes: str) -> Origin:
    """This run's origin with some fields replaced."""
    fields = {name: getattr(ORIGIN, name) for name in Origin.__dataclass_fields__}
    return Origin(**(fields | changes))


def test_a_proposal_is_sound() -> None:
    """What propose writes verifies."""
    assert verify(baseline(ERROR, ENERGY)) == ()


def test_an_edited_value_is_found() -> None:
    """A metric changed by hand no longer matches the digest."""
    edited = baseline(ERROR).model_copy(update={"metrics": (with_value(ERROR, 2e-3),)})

    assert verify(edited)[0].startswith("the baseline was edited by hand")


@pytest.mark.parametrize("field", ["device", "firmware", "created", "reason", "accepted"])
def test_every_field_is_sealed(field: str) -> None:
    """The digest covers the whole record."""
    edited = baseline(ERROR).model_copy(update={field: "other"})

    assert len(verify(edited)) == 1


@pytest.mark.parametrize("metrics", [(), (BROKEN,)])
def test_a_baseline_without_a_value_is_refused(metrics: tuple[Metric, ...]) -> None:
    """Nothing could fail against a baseline that measured nothing."""
    assert "no measured metric" in verify(baseline(*metrics))[0]


def test_unsorted_metrics_are_refused() -> None:
    """Even a resealed file keeps its order."""
    sealed = seal(baseline(ERROR, ENERGY).model_copy(update={"metrics": (ENERGY, ERROR)}))

    assert "must be sorted" in verify(sealed)[0]


def test_metrics_are_sorted() -> None:
    """The order of measurement does not matter."""
    assert baseline(ENERGY, ERROR) == baseline(ERROR, ENERGY)


def test_values_are_rounded() -> None:
    """Nine digits are written."""
    assert baseline(with_value(ERROR, 0.0012345678912345)).metrics[0].value == 0.00123456789


def test_jitter_writes_nothing() -> None:
    """A value that moved by less than the tolerance keeps its recorded digits."""
    first = baseline(ERROR)
    second = baseline(with_value(ERROR, 1e-3 * (1 + 5e-7)), previous=first)

    assert second.metrics == first.metrics


def test_movement_is_written() -> None:
    """A value that moved beyond the tolerance is replaced."""
    second = baseline(with_value(ERROR, 1.1e-3), previous=baseline(ERROR))

    assert second.metrics[0].value == 1.1e-3


def test_a_proposal_is_chained() -> None:
    """It names the digest that it follows."""
    first = baseline(ERROR)

    assert baseline(ERROR, previous=first).previous == first.digest


def test_acceptance_is_sealed() -> None:
    """The accepted baseline carries the reason under its digest."""
    sealed = accepted(baseline(ERROR), "Reviewed.")

    assert (sealed.accepted, verify(sealed)) == ("Reviewed.", ())


def test_a_proposal_may_follow_what_it_names() -> None:
    """It replaces the baseline it was made against."""
    first = baseline(ERROR)

    assert follows(baseline(ERROR, previous=first), first) == ()


@pytest.mark.parametrize("current", [None, baseline(ENERGY)])
def test_a_proposal_may_not_follow_another(current: Baseline | None) -> None:
    """It does not replace a baseline it was not made against."""
    proposal = baseline(ERROR, previous=baseline(ERROR))

    assert "propose again" in follows(proposal, current)[0]


def test_a_proposal_of_another_device_is_refused() -> None:
    """A proposal does not replace another device's baseline."""
    other = seal(baseline(ERROR).model_copy(update={"device": "manila"}))

    assert follows(other, baseline(ERROR)) == ("the proposal is of device manila, not of lima",)


def test_the_same_origin_matches() -> None:
    """A run of the approved release on the same chip compares."""
    assert mismatches(baseline(ERROR), ORIGIN) == ()


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
    (sentence,) = mismatches(baseline(ERROR), changed(**{field: f"sha256:{'f' * 64}"}))

    assert what in sentence


def test_another_device_is_named_alone() -> None:
    """Where the device differs nothing else is worth saying."""
    assert mismatches(baseline(ERROR), changed(device="manila")) == (
        "the baseline is of device lima, but OLD is of manila",
    )


def test_undecided_agrees_with_undecided() -> None:
    """What could not be measured then and cannot now has not moved."""
    assert agreement(baseline(ERROR, BROKEN), [ERROR, BROKEN]) == ()


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
    assert [item.sentence for item in agreement(baseline(ERROR), now)] == [sentence]


def test_rounding_of_a_tiny_error_agrees() -> None:
    """An error of 1e-12 is the rounding of 1 - F."""
    recorded = baseline(with_value(ERROR, 1e-12))

    assert agreement(recorded, [with_value(ERROR, 3e-12)]) == ()


def test_a_zero_of_an_unknown_unit_must_be_met() -> None:
    """Without a stated tolerance zero agrees with zero only."""
    zero = measured("new.thing", "x:0", "V", 0.0)

    assert len(agreement(baseline(zero), [with_value(zero, 1e-30)])) == 1


def test_new_metrics_are_not_compared() -> None:
    """A metric that the baseline does not have is no movement."""
    assert agreement(baseline(ERROR), [ERROR, ENERGY]) == ()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5))
def test_a_record_agrees_with_itself(values: list[float]) -> None:
    """Rounding on record never moves a metric."""
    metrics = [measured("gate.error", f"x:{i}", "", value) for i, value in enumerate(values)]
    recorded = baseline(*metrics)

    assert (verify(recorded), agreement(recorded, metrics)) == ((), ())


@given(st.floats(1e-6, 1e6), st.floats(1e-5, 10.0))
def test_creeping_is_seen(value: float, step: float) -> None:
    """A change beyond the tolerance moves, also after kept jitter."""
    first = baseline(measured("gate.error", "x:0", "s", value))
    second = baseline(measured("gate.error", "x:0", "s", value * (1 + 1e-7)), previous=first)
    now = measured("gate.error", "x:0", "s", value * (1 + step))

    assert math.isfinite(value)
    assert len(agreement(second, [now])) == 1
