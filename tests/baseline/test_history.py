"""Acceptances and the chain they make."""

from typing import Any

import pytest

from qtregress.baseline import history
from qtregress.baseline.history import accepted, is_of, refusals, verify
from qtregress.baseline.record import Baseline, Entry, link, seal, spent_digest
from qtregress.metrics.compare import BOUNDED
from qtregress.metrics.metric import measured
from tests.baseline.made import (
    ENERGY,
    ERROR,
    chain,
    changed,
    follow,
    proposal,
    release,
    terms,
    with_value,
)


def reforged(baseline: Baseline, index: int, **changes: object) -> Baseline:
    """The baseline with one entry reworded and linked anew, sealed as if nothing were."""
    entries = list(baseline.history)
    entries[index] = link(entries[index].model_copy(update=changes))
    return resealed(baseline, history=tuple(entries))


def resealed(baseline: Baseline, **changes: object) -> Baseline:
    """The baseline with fields replaced and its digest made to fit."""
    return seal(baseline.model_copy(update=changes))


def test_a_first_baseline_is_an_anchor() -> None:
    """Drift is counted from it."""
    first = follow(None, ERROR)

    assert first.anchor is not None
    assert (first.anchor.firmware, first.history[0].anchor, verify(first)) == ("1.0", True, ())


def test_acceptance_keeps_who_when_and_why() -> None:
    """All of it is in the last entry and under the digest."""
    last = follow(None, ERROR).history[-1]

    assert (last.accepted_by, last.accepted_at, last.accepted, last.reason) == (
        *("Ada", "2025-02-01T12:00:00+00:00", "Seen.", "First."),
    )


def test_every_acceptance_is_an_entry() -> None:
    """Numbered, chained, and all of them kept."""
    entries = chain(1e-3, 2e-3, 2e-3).history

    assert [entry.number for entry in entries] == [1, 2, 3]
    assert [entry.previous for entry in entries] == [None, entries[0].link, entries[1].link]
    assert [entry.moved for entry in entries] == [0, 1, 0]


def test_a_chain_verifies() -> None:
    """What the tool accepts it can read."""
    assert verify(chain(1e-3, 2e-3, 3e-3, 1e-3)) == ()


def test_the_anchor_stays_until_somebody_moves_it() -> None:
    """Refreshes do not; --anchor does, and empties what was spent."""
    rolled = chain(1e-3, 2e-3)
    moved = follow(rolled, with_value(ERROR, 3e-3), origin=release(2), anchor=True)

    assert rolled.anchor is not None
    assert moved.anchor is not None
    assert (rolled.anchor.firmware, len(rolled.spent)) == ("1.0", 1)
    assert (moved.anchor.firmware, moved.spent, verify(moved)) == ("1.2", {}, ())


def test_an_anchor_settles_two_changes_at_once() -> None:
    """New firmware on a new chip is refused, unless drift is counted anew."""
    first = follow(None, ERROR)
    both = proposal(ERROR, previous=first, origin=changed(release(1), chip_digest="9"))

    assert "changed at once" in refusals(both, first, terms(2))[0]
    assert refusals(both, first, terms(2, anchor=True)) == ()


@pytest.mark.parametrize("current", [None, follow(None, ENERGY)])
def test_a_proposal_may_not_follow_another(current: Baseline | None) -> None:
    """It does not replace a baseline it was not made against."""
    made = proposal(ERROR, previous=follow(None, ERROR))

    assert "propose again" in refusals(made, current, terms(2))[0]


def test_a_proposal_of_another_device_is_refused() -> None:
    """It does not replace another device's baseline."""
    made = proposal(ERROR, origin=changed(device="manila"))

    assert refusals(made, follow(None, ERROR), terms(2)) == (
        "the proposal is of device manila, not of lima",
    )


def test_what_was_accepted_is_no_proposal() -> None:
    """A copy of an approved baseline cannot be accepted again."""
    assert "was accepted before" in refusals(follow(None, ERROR), None, terms())[0]


def test_a_clock_that_went_backwards_is_told() -> None:
    """Otherwise the history would be out of order for ever."""
    first = follow(None, ERROR, day=9)
    made = proposal(with_value(ERROR, 2e-3), previous=first, origin=release(1))

    (problem,) = refusals(made, first, terms(8))
    assert problem == (
        "the clock says 2025-02-08T12:00:00+00:00, but the last baseline was accepted at "
        "2025-02-09T12:00:00+00:00: set the clock, or wait"
    )


def test_a_false_budget_is_refused() -> None:
    """A proposal cannot claim to have spent less than it moves."""
    first = follow(None, ERROR)
    made = proposal(with_value(ERROR, 2e-3), previous=first, origin=release(1))
    cheap = resealed(made, spent={}, worst_spent=None)

    assert "not what it moves" in refusals(cheap, first, terms(2))[0]


@pytest.mark.parametrize("anchor", [False, True])
def test_no_recalibration_explains_heat(*, anchor: bool) -> None:
    """Forty percent more heat cannot be declared to be no movement."""
    first = follow(None, ENERGY)
    hotter = with_value(ENERGY, 1.4 * 4e-19)
    made = proposal(hotter, previous=first, origin=release(1), changes={ENERGY.id: 0.0})

    (problem,) = refusals(made, first, terms(2, anchor=anchor))
    assert problem == (
        "the proposal takes a recalibration out of heat.line_energy_j/x:0@d0, but that can only "
        "be done for errors of gates: propose again"
    )


@pytest.mark.parametrize("name", sorted(BOUNDED))
def test_a_recalibration_explains_errors(name: str) -> None:
    """Those that are compared by bounds."""
    error = measured(name, "x:0", "", 1e-3)
    first = follow(None, error)
    moved = with_value(error, 2e-3)
    made = proposal(moved, previous=first, origin=release(1), changes={error.id: 1e-5})

    assert refusals(made, first, terms(2)) == ()


def test_only_errors_compared_by_bounds_are_recalibrated() -> None:
    """What movements are taken from and what proposals may hold is the same."""
    assert history._RECALIBRATED == BOUNDED


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"reason": " "}, "the reason is empty"),
        ({"by": ""}, "the name (--by) is empty"),
        ({"reason": "x" * 501}, "at most 500 characters, but has 501"),
    ],
)
def test_an_acceptance_says_who_and_why(given: dict[str, Any], problem: str) -> None:
    """Blanks and novels are refused."""
    assert problem in refusals(proposal(ERROR), None, terms(**given))[0]


def test_a_history_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before a file is written that nobody could read."""
    monkeypatch.setattr("qtregress.baseline.history.MAX_ENTRIES", 1)
    first = follow(None, ERROR)
    made = proposal(with_value(ERROR, 2e-3), previous=first, origin=release(1))

    assert "at most 1 acceptances" in refusals(made, first, terms(2))[0]


def test_a_leftover_proposal_is_known_again() -> None:
    """What an interrupted acceptance left behind is no news."""
    first = proposal(ERROR)
    approved = accepted(first, None, terms())

    assert is_of(first, approved)
    assert not is_of(proposal(with_value(ERROR, 2e-3)), approved)
    assert not is_of(first, None)


def test_an_edited_value_is_found() -> None:
    """A metric changed by hand no longer matches the digest; one sentence is enough."""
    edited = follow(None, ERROR).model_copy(update={"metrics": (with_value(ERROR, 2e-3),)})

    (problem,) = verify(edited)
    assert problem.startswith("the baseline was edited by hand")


@pytest.mark.parametrize("field", sorted(Entry.model_fields))
def test_every_field_of_an_entry_is_linked(field: str) -> None:
    """Whoever rewords an old acceptance breaks the chain, even with a digest that fits."""
    baseline = chain(1e-3, 2e-3, 3e-3)
    changes: dict[str, object] = {
        "number": 7,
        "anchor": True,
        "moved": 99,
        "worst_spent": None,
        "created": "1999",
        "accepted_at": "2025-02-02T12:00:01+00:00",
    }
    value = changes.get(field, f"sha256:{'e' * 64}" if field != "firmware" else "other")
    entries = list(baseline.history)
    entries[1] = entries[1].model_copy(update={field: value})
    problems = verify(resealed(baseline, history=tuple(entries)))

    assert any("broken at number 2" in problem for problem in problems)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"number": 5}, "broken at number 2: it calls itself number 5"),
        ({"previous": f"sha256:{'e' * 64}"}, "broken at number 2: it does not follow"),
        ({"accepted_at": "2024-02-02T12:00:00+00:00"}, "before number 1 at"),
        ({"accepted": "Other."}, "broken at number 3: it does not follow"),
    ],
)
def test_a_relinked_entry_is_found(changes: dict[str, object], problem: str) -> None:
    """A forger must link all later entries anew; leaving one out shows."""
    problems = verify(reforged(chain(1e-3, 2e-3, 3e-3), 1, **changes))

    assert any(problem in one for one in problems), problems


@pytest.mark.parametrize("kept", [slice(1, None), slice(0, 1), slice(0, 0)])
def test_an_acceptance_taken_out_is_found(kept: slice) -> None:
    """At the start, at the end, or all of them."""
    baseline = chain(1e-3, 2e-3)

    assert verify(resealed(baseline, history=baseline.history[kept]))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"firmware": "9.9"}, "of another firmware"),
        ({"metrics": (with_value(ERROR, 9e-3),)}, "of another metrics"),
        ({"spent": {}}, "of another spent"),
        ({"anchor": None}, "the anchor must be 1.0"),
        ({"previous": None}, "of another previous"),
    ],
)
def test_the_last_entry_describes_the_baseline(changes: dict[str, object], problem: str) -> None:
    """A baseline under somebody else's acceptance is none."""
    problems = verify(resealed(chain(1e-3, 2e-3), **changes))

    assert any(problem in one for one in problems), problems


def test_a_proposal_has_no_history() -> None:
    """It would be one that nobody wrote."""
    forged = resealed(proposal(ERROR), history=follow(None, ERROR).history)

    assert verify(forged) == ("a proposal must have no history, but has one",)


def respent(baseline: Baseline, spent: dict[str, float]) -> Baseline:
    """The baseline forged to have spent this, its last entry linked anew to say the same."""
    digest = spent_digest(baseline.model_copy(update={"spent": spent}))
    return resealed(reforged(baseline, len(baseline.history) - 1, spent_digest=digest), spent=spent)


def test_a_budget_does_not_return_without_a_release() -> None:
    """A rebuild that claims to have spent less than before is found."""
    before = chain(1e-3, 2e-3)
    again = follow(before, with_value(ERROR, 2e-3), origin=changed(release(1), chip_digest="9"))

    assert verify(again) == ()
    assert verify(respent(again, {})) == ("the budget spent changed, though the firmware did not",)


def test_an_anchor_has_spent_nothing() -> None:
    """What is counted from here is zero here."""
    forged = respent(follow(None, ERROR), {ERROR.id: 1e-3})

    assert "an anchor must have spent nothing, but has" in verify(forged)
