"""What accepted releases have spent of each metric's drift budget, as pure functions.

A gate that compares with the last approved release alone never fails on twenty steps of two
percent. So every acceptance adds what it moved to what was spent since the anchor.
"""

from dataclasses import dataclass, field

from qtregress.baseline.record import Record, significant

_RESOLUTION = 1e-9
"""Of a value: what nine recorded digits can tell apart."""

_PINNED = ("chip", "policy", "workload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What is spent once a proposal is accepted.

    Attributes:
        spent: new less anchor of every metric that moved, in its unit, by id.
        problem: why that cannot be told, a sentence; empty if it can.
    """

    spent: dict[str, float] = field(default_factory=dict)
    problem: str = ""


def spending(previous: Record | None, proposal: Record) -> Ledger:
    """What is spent once ``proposal`` follows ``previous``.

    Nothing on a device's first baseline. The same profile spends nothing more: the model,
    the tool or the chip moved, not the firmware. Another profile on the same chip, under
    the same policy and load, adds its movement, less what was recalibrated (``changes``):
    a line's drift is counted against its own prior. Where both changed at once nobody can
    tell what the firmware moved.
    """
    if previous is None:
        return Ledger()
    if previous.profile_digest == proposal.profile_digest:
        return Ledger(spent=dict(previous.spent))
    changed = [
        what
        for what in _PINNED
        if getattr(previous, f"{what}_digest") != getattr(proposal, f"{what}_digest")
    ]
    if changed:
        return Ledger(problem=_untold(previous.firmware, proposal.firmware, changed))
    return Ledger(spent=_added(previous, proposal))


def _untold(old: str, new: str, changed: list[str]) -> str:
    what = " and ".join(filter(None, [", ".join(changed[:-1]), changed[-1]]))
    return (
        f"the firmware ({old} -> {new}) and the {what} changed at once, so nobody can tell what "
        f"the firmware spent of its drift budget: accept a rebuild of {old} for the new {what} "
        "first, or start a new anchor (--anchor)"
    )


def _added(previous: Record, proposal: Record) -> dict[str, float]:
    """What was spent before and what every metric moved now, in id order, without zeros."""
    before = {m.id: m for m in previous.metrics if m.value is not None}
    total = dict(previous.spent)
    for metric in proposal.metrics:
        old = before.get(metric.id)
        if old is None or old.value is None or metric.value is None or old.unit != metric.unit:
            continue
        change = proposal.changes.get(metric.id, metric.value - old.value)
        moved = total.pop(metric.id, 0.0) + change
        if abs(moved) > _RESOLUTION * max(abs(old.value), abs(metric.value)):
            total[metric.id] = significant(moved)
    return dict(sorted(total.items()))
