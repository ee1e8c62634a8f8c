"""What accepted releases spend of the drift budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.baseline.spending import spending
from tests.baseline.made import (
    BROKEN,
    ENERGY,
    ERROR,
    chain,
    changed,
    follow,
    proposal,
    release,
    with_value,
)

ID = ERROR.id
VALUES = st.floats(1e-6, 1.0)


def test_a_first_baseline_has_spent_nothing() -> None:
    """There is nothing to drift from."""
    assert spending(None, proposal(ERROR)).spent == {}


@given(st.lists(VALUES, min_size=1, max_size=8))
def test_steps_add_up(values: list[float]) -> None:
    """However many releases, what is spent is the last value less the anchor's."""
    last = chain(*values)

    assert last.spent.get(ID, 0.0) == pytest.approx(
        values[-1] - values[0], rel=1e-7, abs=1e-8 * max(values)
    )


def test_twenty_small_steps_are_seen() -> None:
    """Each +2 % would pass a margin of 10 %; together they are +49 %."""
    last = chain(*(1e-3 * 1.02**step for step in range(21)))

    assert last.spent[ID] == pytest.approx(0.4859e-3, rel=1e-3)


@given(VALUES, VALUES, VALUES)
def test_the_same_release_spends_nothing(first: float, second: float, third: float) -> None:
    """Where the model, the tool or the chip moved, what was spent is carried on."""
    before = chain(first, second)
    again = follow(before, with_value(ERROR, third), origin=changed(release(1), chip_digest="9"))

    assert again.spent == before.spent


def test_coming_back_gives_back() -> None:
    """A metric that returns to the anchor's value leaves no entry."""
    assert chain(1e-3, 2e-3, 1e-3).spent == {}


@pytest.mark.parametrize("what", ["chip", "policy", "workload"])
def test_two_changes_at_once_cannot_be_told_apart(what: str) -> None:
    """Another firmware on another chip: nobody knows which of them moved the metric."""
    both = changed(release(1), **{f"{what}_digest": "9"})
    found = spending(follow(None, ERROR), proposal(ERROR, origin=both))

    assert f"the firmware (1.0 -> 1.1) and the {what} changed at once" in found.problem
    assert found.spent == {}


def test_what_has_no_value_spends_nothing() -> None:
    """An undecided or new metric moved by no number."""
    found = spending(follow(None, ERROR, BROKEN), proposal(ENERGY, BROKEN, origin=release(1)))

    assert (found.spent, found.problem) == ({}, "")


def test_a_metric_that_comes_and_goes_is_remembered() -> None:
    """What was spent before a metric vanished is still spent when it returns."""
    spent = chain(1e-3, 2e-3)
    gone = follow(spent, ENERGY, origin=release(2))

    assert gone.spent == spent.spent


def test_rounding_is_not_spent() -> None:
    """The last recorded digit does not add up over the years."""
    assert (
        spending(
            follow(None, ERROR), proposal(with_value(ERROR, 1e-3 * (1 + 1e-10)), origin=release(1))
        ).spent
        == {}
    )
