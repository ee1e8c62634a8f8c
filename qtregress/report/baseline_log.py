"""The history of a device's baseline: who accepted what and why, and what is left to spend."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from qtregress.baseline.record import Baseline, Entry
from qtregress.printable import printable
from qtregress.report.baseline_budget import Budget, budgets, percent
from qtregress.report.text import counted
from qtregress.verdict.policy import Policy
from qtregress.verdict.rules import quantity

TIGHTEST = 5
"""Budgets shown."""
_INDENT = 5


def log_table(baseline: Baseline, policy: Policy | None) -> RenderableType:
    """Every acceptance, the newest first, and the least budgets left.

    Args:
        baseline: the approved one.
        policy: the rules it was accepted under; None where they are not at hand.
    """
    parts: list[RenderableType] = []
    for entry in reversed(baseline.history):
        parts.append(Text(printable(_headline(entry)), style="bold" if entry.anchor else ""))
        parts.append(Padding(Text(printable(_words(entry))), (0, 0, 0, _INDENT)))
    return Group(*parts, Text(), *map(Text, _left(baseline, policy)))


def _headline(entry: Entry) -> str:
    """``3  2025-02-03 12:00  1.2, 4 metrics moved, by Ada``."""
    when = f"{entry.accepted_at[:10]} {entry.accepted_at[11:16]}"
    anchor = ", an anchor" if entry.anchor else ""
    what = f"{entry.firmware}, {counted(entry.moved, 'metric')} moved"
    return f"{entry.number:<{_INDENT - 1}} {when}  {what}, by {entry.accepted_by}{anchor}"


def _words(entry: Entry) -> str:
    worst = entry.worst_spent
    spent = "" if worst is None else f" [{percent(worst.share)} of {worst.id} spent]"
    return f"{entry.accepted}{spent}"


def _left(baseline: Baseline, policy: Policy | None) -> list[str]:
    """What is left of the tightest budgets, as sentences."""
    anchor = "" if baseline.anchor is None else f" since the anchor {baseline.anchor.firmware}"
    if policy is None:
        moved = f"{counted(len(baseline.spent), 'metric')} moved{anchor}."
        return [f"{moved} The budgets are of another policy: name it with --policy."]
    found = [one for one in budgets(baseline, policy) if one.share > 0]
    if not found:
        return [f"No metric became worse{anchor}."]
    return [f"Least drift budget left{anchor}:", *map(printable, _lines(found[:TIGHTEST]))]


def _lines(found: Iterable[Budget]) -> list[str]:
    return [
        f"  {one.id}{'' if one.critical else ' (advisory)'}: spent {quantity(one.spent, one.unit)} "
        f"of {quantity(one.budget, one.unit)} ({percent(one.share)}), {_remaining(one)}"
        for one in found
    ]


def _remaining(one: Budget) -> str:
    if one.budget is None:
        return "nothing can be told of the rest"
    left = max(0.0, 1 - one.share)
    return f"{percent(left)} left"
