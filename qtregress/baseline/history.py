"""Acceptances and the chain they make, as pure functions."""

from dataclasses import dataclass

from qtregress.baseline.ledger import agreement
from qtregress.baseline.record import (
    MAX_ENTRIES,
    MAX_NAME,
    MAX_REASON,
    Acceptance,
    Anchor,
    Baseline,
    Entry,
    content_digest,
    link,
    link_of,
    measured_digest,
    seal,
    spent_digest,
)
from qtregress.baseline.spending import last_known, spending

_DESCRIBED = (
    "firmware",
    "profile_digest",
    "chip_digest",
    "policy_digest",
    "workload_digest",
    "created",
    "reason",
    "accepted",
    "worst_spent",
)
"""What the last entry repeats of its baseline."""
_MEASURED = ("profile_digest", "content_digest")
_RECALIBRATED = frozenset(
    {"gate.error", "gate.error_at_load", "layer.error", "rb.epc", "rb.epc_at_load"}
)
"""The metrics that a recalibration can be taken out of: those compared by bounds."""
_NOTHING_SPENT: dict[str, object] = {"spent": {}, "last_known": {}, "worst_spent": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a proposal is accepted.

    Attributes:
        reason: why it is right.
        by: who says so.
        at: when, in UTC to the second, ``2025-01-31T12:00:00+00:00``.
        anchor: whether drift is counted anew from here.
    """

    reason: str
    by: str
    at: str
    anchor: bool = False


def verify(baseline: Baseline) -> tuple[str, ...]:
    """What is wrong with the baseline in itself; empty if nothing is."""
    problems = []
    actual = content_digest(baseline)
    if actual != baseline.digest:
        problems.append(
            f"the baseline was edited by hand: its digest is {baseline.digest}, "
            f"but its content has {actual}"
        )
    if all(metric.value is None for metric in baseline.metrics):
        problems.append("the baseline has no measured metric, so nothing could fail against it")
    ids = [metric.id for metric in baseline.metrics]
    if ids != sorted(set(ids)):
        problems.append("the baseline's metrics must be sorted by id and distinct, but are not")
    # of what was edited by hand one sentence is enough
    return tuple(problems) if problems else chain_problems(baseline)


def refusals(proposal: Baseline, current: Baseline | None, terms: Terms) -> tuple[str, ...]:
    """Why the proposal may not replace ``current`` on these terms; empty if it may."""
    if current is not None and proposal.device != current.device:
        return (f"the proposal is of device {proposal.device}, not of {current.device}",)
    if proposal.accepted:
        return ("it was accepted before, and only a proposal can be accepted",)
    head = None if current is None else current.digest
    if proposal.previous != head:
        sentence = (
            f"the proposal follows baseline {proposal.previous or 'none'}, "
            f"but the accepted one is {head or 'none'}: propose again"
        )
        return (sentence,)
    entries = () if current is None else current.history
    found = [*_wording(terms), *_clock(entries, terms.at)]
    if len(entries) >= MAX_ENTRIES:
        found.append(f"a device can have at most {MAX_ENTRIES} acceptances, and it has them")
    return (*found, *budget_problems(proposal, current, anchor=terms.anchor))


def budget_problems(
    proposal: Baseline, current: Baseline | None, *, anchor: bool = False
) -> tuple[str, ...]:
    """What is wrong with the budget that the proposal would spend; empty if nothing is.

    Args:
        proposal: to be accepted.
        current: what it would replace.
        anchor: whether drift is counted anew from it, so that it spends nothing.
    """
    unfounded = [one for one in sorted(proposal.changes) if _name(one) not in _RECALIBRATED]
    if unfounded:
        sentence = (
            f"the proposal takes a recalibration out of {unfounded[0]}, "
            "but that can only be done for errors of gates: propose again"
        )
        return (sentence,)
    if anchor:
        return ()
    found = spending(current, proposal)
    if found.problem:
        return (found.problem,)
    known = last_known(current, proposal)
    if found.spent != proposal.spent or known != proposal.last_known:
        return ("the budget that the proposal says it spends is not what it moves: propose again",)
    return ()


def _name(metric_id: str) -> str:
    return metric_id.partition("/")[0]


def _wording(terms: Terms) -> list[str]:
    limits = (("reason", terms.reason, MAX_REASON), ("name (--by)", terms.by, MAX_NAME))
    found = [
        f"a baseline must be accepted with a {what}, but the {what} is empty"
        for what, text, _ in limits
        if not text.strip()
    ]
    return found + [
        f"the {what} must have at most {limit} characters, but has {len(text)}"
        for what, text, limit in limits
        if len(text) > limit
    ]


def _clock(entries: tuple[Entry, ...], at: str) -> list[str]:
    if entries and at < entries[-1].accepted_at:
        sentence = (
            f"the clock says {at}, but the last baseline was accepted at "
            f"{entries[-1].accepted_at}: set the clock, or wait"
        )
        return [sentence]
    return []


def accepted(proposal: Baseline, current: Baseline | None, terms: Terms) -> Baseline:
    """The proposal sealed anew as what follows ``current``; ask ``refusals`` first."""
    anchors = current is None or terms.anchor
    sealed = proposal.model_copy(
        update={"accepted": terms.reason} | (_NOTHING_SPENT if anchors else {})
    )
    entries = () if current is None else current.history
    entry = link(
        Acceptance(
            number=len(entries) + 1,
            **{name: getattr(sealed, name) for name in _DESCRIBED},
            accepted_by=terms.by,
            accepted_at=terms.at,
            anchor=anchors,
            moved=0 if current is None else len(agreement(current, sealed.metrics)),
            content_digest=measured_digest(sealed),
            spent_digest=spent_digest(sealed),
            previous=entries[-1].link if entries else None,
        )
    )
    anchor = _anchor(entry) if current is None or terms.anchor else current.anchor
    return seal(sealed.model_copy(update={"history": (*entries, entry), "anchor": anchor}))


def is_of(proposal: Baseline, current: Baseline | None) -> bool:
    """Whether ``current`` is this very proposal, accepted already."""
    same = ("device", "previous", *_DESCRIBED[:-2])
    return (
        current is not None
        and all(getattr(proposal, name) == getattr(current, name) for name in same)
        and measured_digest(proposal) == measured_digest(current)
    )


def chain_problems(baseline: Baseline) -> tuple[str, ...]:
    """What is wrong with the baseline's history; empty if nothing is."""
    entries = baseline.history
    if not baseline.accepted:
        unexpected = bool(entries) or baseline.anchor is not None
        return ("a proposal must have no history, but has one",) if unexpected else ()
    if not entries:
        sentence = (
            "the baseline must have a history of its acceptances, but has none: it was written "
            "by another version or by hand; remove it, then propose and accept a new one"
        )
        return (sentence,)
    found = [problem for index in range(len(entries)) for problem in _entry(entries, index)]
    return (*found, *_last(baseline), *_drift(baseline))


def _entry(entries: tuple[Entry, ...], index: int) -> list[str]:
    """What is wrong with one link of the chain."""
    entry = entries[index]
    before = entries[index - 1] if index else None
    head = f"the history is broken at number {index + 1}"
    found = []
    if entry.number != index + 1:
        found.append(f"{head}: it calls itself number {entry.number}")
    if entry.link != link_of(entry):
        found.append(f"{head}: it was edited by hand, its link is not that of its content")
    if entry.previous != (before.link if before else None):
        found.append(f"{head}: it does not follow the one before it")
    if before is not None and entry.accepted_at < before.accepted_at:
        found.append(
            f"{head}: it was accepted at {entry.accepted_at}, before number {index} at "
            f"{before.accepted_at}"
        )
    return found


def _last(baseline: Baseline) -> list[str]:
    """Where the last entry does not describe the baseline."""
    last = baseline.history[-1]
    wrong = [name for name in _DESCRIBED if getattr(last, name) != getattr(baseline, name)]
    if last.content_digest != measured_digest(baseline):
        wrong.append("metrics")
    if last.spent_digest != spent_digest(baseline):
        wrong.append("spent")
    if (baseline.previous is None) != (len(baseline.history) == 1):
        wrong.append("previous")
    return [f"the last entry of the history is of another {name}" for name in wrong]


def _drift(baseline: Baseline) -> list[str]:
    """What is wrong with anchor and budget, as far as the history tells."""
    entries = baseline.history
    last, anchors = entries[-1], [entry for entry in entries if entry.anchor]
    found = []
    if not entries[0].anchor:
        found.append("the first baseline must be an anchor, but is none")
    if anchors and baseline.anchor != _anchor(anchors[-1]):
        found.append(f"the anchor must be {anchors[-1].firmware}, the last of the history")
    if last.anchor and baseline.spent:
        found.append("an anchor must have spent nothing, but has")
    if not last.anchor and len(entries) > 1:
        before = entries[-2]
        is_same = all(getattr(last, name) == getattr(before, name) for name in _MEASURED)
        if is_same and last.spent_digest != before.spent_digest:
            found.append("the budget spent changed, though the firmware did not")
    return found


def _anchor(entry: Entry) -> Anchor:
    return Anchor(firmware=entry.firmware, link=entry.link, accepted_at=entry.accepted_at)
