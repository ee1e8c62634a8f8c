"""What accepted releases have spent of each metric's drift budget, as pure functions.

A gate that compares with the last approved release alone never fails on twenty steps of two
percent. So every acceptance adds what it moved to what was spent since the anchor.
"""

from dataclasses import dataclass, field
from itertools import takewhile

from qtregress.baseline.record import Record, significant

_RESOLUTION = 1e-9
"""Of a value: what nine recorded digits can tell apart."""

_PINNED = ("chip", "policy", "workload")
_OF_ITSELF = ("heat.", "thermal.")
"""Whose relative margins are shares of their own values."""
_ERRORS = ("gate.", "layer.", "rb.epc")
"""What pulses get worse in on a chip that they were not made for."""


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
    the tool or the chip moved, not the firmware; what was spent keeps its share of the
    margins. Another profile on the same chip, under the same policy and load, adds its
    movement, less what was recalibrated (``changes``): a line's drift is counted against its
    own prior. Where both changed at once nobody can tell what the firmware moved.
    """
    if previous is None:
        return Ledger()
    if previous.profile_digest == proposal.profile_digest:
        return Ledger(spent=_carried(previous, proposal))
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


def last_known(previous: Record | None, proposal: Record) -> dict[str, float]:
    """The last accepted values of what ``proposal`` could not measure, by id.

    A metric that vanishes and comes back has moved by what it moved in between.
    """
    measured = {metric.id for metric in proposal.metrics if metric.value is not None}
    before = {} if previous is None else _values(previous)
    return {name: value for name, value in sorted(before.items()) if name not in measured}


def _values(record: Record) -> dict[str, float]:
    own = {metric.id: metric.value for metric in record.metrics if metric.value is not None}
    return dict(record.last_known) | own


def _carried(previous: Record, proposal: Record) -> dict[str, float]:
    """What was spent before, in the same share of margins that may have changed with the chip."""
    before, after = _values(previous), _values(proposal)
    return {
        name: significant(spent * _growth(name, (previous, proposal), (before, after)))
        for name, spent in previous.spent.items()
    }


def _growth(
    name: str, records: tuple[Record, Record], values: tuple[dict[str, float], dict[str, float]]
) -> float:
    """By what a metric's relative margin grew: with its scale, or with the heat itself."""
    old, new = (record.scales.get(name) for record in records)
    if name.startswith(_OF_ITSELF) and old is None and new is None:
        old, new = (found.get(name) for found in values)
    return new / old if old and new else 1.0


def _added(previous: Record, proposal: Record) -> dict[str, float]:
    """What was spent before and what every metric moved now, in id order, without zeros."""
    before, total = _values(previous), dict(previous.spent)
    is_rebuilt = _is_rebuilt(previous)
    for metric in proposal.metrics:
        old = before.get(metric.id)
        if old is None or metric.value is None:
            continue
        change = proposal.changes.get(metric.id, metric.value - old)
        if is_rebuilt and metric.id.startswith(_ERRORS):
            change = max(change, 0.0)
        moved = total.pop(metric.id, 0.0) + change
        if abs(moved) > _RESOLUTION * max(abs(old), abs(metric.value)):
            total[metric.id] = significant(moved)
    return dict(sorted(total.items()))


def _is_rebuilt(previous: Record) -> bool:
    """Whether the last release was accepted again, on another chip.

    Pulses of one chip may be wrong on another one. The release that puts them right again has
    earned no credit by that.
    """
    of_it = takewhile(
        lambda entry: entry.profile_digest == previous.profile_digest, reversed(previous.history)
    )
    return len({entry.chip_digest for entry in of_it}) > 1
