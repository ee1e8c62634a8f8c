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
LOST = {"value": None, "why": "It is undecided."}
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


def test_a_recalibration_is_taken_out() -> None:
    """What a check would absorb is counted against the line's prior, not here."""
    first = follow(None, ERROR)
    after = follow(first, with_value(ERROR, 2e-3), origin=release(1), changes={ID: 1e-5})

    assert after.spent == {ID: 1e-5}


def test_a_metric_that_vanished_spends_what_it_moved_meanwhile() -> None:
    """Undecided for one release, it comes back twice as large: that is spent."""
    gone = follow(follow(None, ERROR), ERROR.model_copy(update=LOST), origin=release(1))
    back = follow(gone, with_value(ERROR, 2e-3), origin=release(2))

    assert gone.last_known == {ID: 1e-3}
    assert back.spent == {ID: pytest.approx(1e-3)}
    assert back.last_known == {}


def test_pulses_put_right_on_another_chip_earn_no_credit() -> None:
    """Rebuilt on a moved chip a release looks ten times worse; the next one is good again."""
    moved = changed(chip_digest="9")
    rebuilt = follow(follow(None, ERROR), with_value(ERROR, 1e-2), origin=moved)
    again = follow(rebuilt, with_value(ERROR, 1e-2), origin=changed(moved, firmware="1.0"))
    retuned = follow(again, ERROR, origin=changed(release(1), chip_digest="9"))
    better = follow(retuned, with_value(ERROR, 5e-4), origin=changed(release(2), chip_digest="9"))

    assert retuned.spent == {}
    assert better.spent == {ID: pytest.approx(-5e-4)}


def test_what_was_spent_keeps_its_share_of_the_margin() -> None:
    """A coupling known ten times better makes all heat ten times less, its margin, too."""
    heat = ENERGY.id
    first = follow(None, ENERGY, ERROR, scales={ID: 1e-3})
    spent = follow(
        first,
        with_value(ENERGY, 4.2e-19),
        with_value(ERROR, 1.1e-3),
        origin=release(1),
        scales={ID: 1e-3},
    )
    rebuilt = follow(
        spent,
        with_value(ENERGY, 4.2e-20),
        with_value(ERROR, 5e-3),
        origin=changed(release(1), chip_digest="9"),
        scales={ID: 2e-3},
    )

    assert spent.spent == {ID: pytest.approx(1e-4), heat: pytest.approx(2e-20)}
    assert rebuilt.spent == {ID: pytest.approx(2e-4), heat: pytest.approx(2e-21)}
