"""A proposed baseline beside the approved one: what moved, and what accepting it spends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from qtregress.baseline.history import budget_problems
from qtregress.baseline.ledger import RELATIVE_TOLERANCE, agree
from qtregress.baseline.record import Baseline, Spending
from qtregress.metrics.metric import Metric
from qtregress.printable import printable
from qtregress.report.baseline_budget import (
    Budget,
    budgets,
    margin_in,
    percent,
    share_of,
    worst_spent,
)
from qtregress.report.markdown import escaped
from qtregress.report.text import counted
from qtregress.verdict.policy import Policy, rule_for
from qtregress.verdict.rules import quantity

SHOWN = 40
"""Rows at a terminal."""
_SHOWN_IN_MARKDOWN = 300
_SHOWN_SCALES = 10
_DIGITS = 12
"""Of a hash: enough to tell two apart."""
_HEADS = ("Metric", "Approved", "Proposed", "Change", "Of margin", "Of drift budget")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """One metric that moved.

    Attributes:
        id, unit: the metric's.
        approved, proposed: its values; None where it has none.
        of_margin: its change as a share of the margin, worse counted positive; None where
            it cannot be told.
        of_budget: what would be spent of its drift budget once this is accepted.
        critical: whether it decides.
    """

    id: str
    unit: str
    approved: float | None
    proposed: float | None
    of_margin: float | None
    of_budget: float | None
    critical: bool

    @property
    def change(self) -> float | None:
        """Proposed less approved."""
        if self.approved is None or self.proposed is None:
            return None
        return self.proposed - self.approved

    @property
    def badness(self) -> tuple[bool, float, str]:
        """Sort key, worst first; what cannot be told is as bad as can be."""
        shares = [share for share in (self.of_margin, self.of_budget) if share is not None]
        worst = math.inf if self.of_margin is None else max(shares)
        return (not self.critical, -worst, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person needs before accepting.

    Attributes:
        title: device and releases.
        remarks: sentences on all that differs besides the metrics.
        rows: the metrics that moved, worst first.
        still: how many did not.
    """

    title: str
    remarks: tuple[str, ...]
    rows: tuple[ReviewRow, ...]
    still: int


def review(approved: Baseline | None, proposal: Baseline, policy: Policy) -> Review:
    """The proposal beside what it would replace, under ``policy``."""
    old = {} if approved is None else {metric.id: metric for metric in approved.metrics}
    new = {metric.id: metric for metric in proposal.metrics}
    spent = {one.id: one for one in budgets(proposal, policy)}
    ids = [i for i in sorted(old.keys() | new.keys()) if not _is_still(old.get(i), new.get(i))]
    moved = [] if approved is None else ids
    rows = [
        _row(old.get(one), new.get(one), approved, policy=policy, budget=spent.get(one))
        for one in moved
    ]
    was = "nothing" if approved is None else approved.firmware
    return Review(
        title=f"{proposal.device}: {was} -> {proposal.firmware}",
        remarks=tuple(_remarks(approved, proposal, policy)),
        rows=tuple(sorted(rows, key=lambda row: row.badness)),
        still=len(new) - sum(one in new for one in moved),
    )


def review_table(found: Review) -> RenderableType:
    """The review for a terminal; no markup is interpreted."""
    parts: list[RenderableType] = [Text(printable(found.title), style="bold")]
    parts += [Text(f" - {printable(remark)}") for remark in found.remarks]
    if found.rows:
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        table.add_column(_HEADS[0], overflow="fold")
        for name in _HEADS[1:]:
            table.add_column(name, justify="right", no_wrap=True)
        for row in found.rows[:SHOWN]:
            table.add_row(
                *(Text(printable(cell)) for cell in _cells(row)),
                style="" if row.critical else "dim",
            )
        parts += [Text(), table]
    parts += [Text(line, style="dim") for line in _rest(found, SHOWN)]
    return Group(*parts)


def review_markdown(found: Review) -> str:
    """The review as Markdown, for a pull request."""
    lines = [f"## Baseline of {escaped(found.title)}", ""]
    lines += [f"- {escaped(remark)}" for remark in found.remarks]
    if found.rows:
        lines += ["", f"| {' | '.join(_HEADS)} |", "|---|--:|--:|--:|--:|--:|"]
        shown = found.rows[:_SHOWN_IN_MARKDOWN]
        lines += [f"| {' | '.join(map(escaped, _cells(row)))} |" for row in shown]
    lines += ["", *_rest(found, _SHOWN_IN_MARKDOWN)]
    return "\n".join(lines) + "\n"


def _is_still(old: Metric | None, new: Metric | None) -> bool:
    if old is None or new is None or old.unit != new.unit:
        return False
    return agree(old, new)


def _row(
    old: Metric | None,
    new: Metric | None,
    approved: Baseline | None,
    *,
    policy: Policy,
    budget: Budget | None,
) -> ReviewRow:
    known = new or old
    if known is None:
        raise ValueError("a row must have a metric, but has neither")
    rule = rule_for(policy, known.id)
    before = old.value if old is not None else None
    after = new.value if new is not None else None
    share = None
    if old is not None and approved is not None and before is not None and after is not None:
        share = share_of(after - before, rule, margin_in(approved, old, rule))
    return ReviewRow(
        id=known.id,
        unit=known.unit,
        approved=before,
        proposed=after,
        of_margin=share,
        of_budget=None if budget is None else budget.share,
        critical=rule.critical,
    )


def _cells(row: ReviewRow) -> tuple[str, ...]:
    change = row.change
    sign = "+" if change is not None and change > 0 else ""
    return (
        row.id if row.critical else f"({row.id})",
        quantity(row.approved, row.unit),
        quantity(row.proposed, row.unit),
        f"{sign}{quantity(change, row.unit)}",
        percent(row.of_margin),
        percent(row.of_budget),
    )


def _rest(found: Review, shown: int) -> list[str]:
    hidden = len(found.rows) - shown
    lines = [f"… and {counted(hidden, 'metric')} more that moved"] if hidden > 0 else []
    if found.still:
        lines.append(f"{counted(found.still, 'metric')} did not move. Brackets mark advisory ones.")
    return lines


def _remarks(approved: Baseline | None, proposal: Baseline, policy: Policy) -> list[str]:
    """What differs besides the metrics, and what accepting means for the drift budget."""
    found = [f"Proposed at {proposal.created}: {proposal.reason}"]
    if approved is None:
        return [*found, "The device's first baseline: drift is counted from here."]
    found += [
        f"Another {what}: {_short(before)} -> {_short(after)}."
        for what, before, after in _digests(approved, proposal)
        if before != after
    ]
    found += [
        f"Another {name}: {approved.environment.get(name, 'none')} -> {version}."
        for name, version in sorted(proposal.environment.items())
        if approved.environment.get(name) != version
    ]
    if approved.sampled and not proposal.sampled:
        found.append("The sequences of sampled benchmarking are recorded, and would be lost.")
    return [*found, *_scales(approved, proposal), *_drift(approved, proposal, policy)]


def _digests(approved: Baseline, proposal: Baseline) -> Sequence[tuple[str, str, str]]:
    same_name = approved.firmware == proposal.firmware
    table = ("table of the same firmware", approved.profile_digest, proposal.profile_digest)
    return (
        *((table,) if same_name else ()),
        ("chip", approved.chip_digest, proposal.chip_digest),
        ("policy", approved.policy_digest, proposal.policy_digest),
        ("workload", approved.workload_digest, proposal.workload_digest),
    )


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_DIGITS]


def _scales(approved: Baseline, proposal: Baseline) -> list[str]:
    """The scales that moved, most first: margins and budgets are shares of them."""
    old = {metric.id: metric for metric in approved.metrics if metric.value is not None}
    moved = []
    for metric in proposal.metrics:
        known = metric.id in approved.scales or metric.id in proposal.scales
        if not known or metric.value is None or metric.id not in old:
            continue
        before, after = _scale(approved, old[metric.id]), _scale(proposal, metric)
        if not math.isclose(before, after, rel_tol=RELATIVE_TOLERANCE):
            words = f"{quantity(before, metric.unit)} -> {quantity(after, metric.unit)}"
            by = after / before - 1 if before else math.inf
            share = f" ({100 * by:+.3g} %)" if math.isfinite(by) else ""
            moved.append((-abs(by), f"Another scale of {metric.id}'s margin: {words}{share}."))
    rest = len(moved) - _SHOWN_SCALES
    more = [f"And {counted(rest, 'more scale')} moved."] if rest > 0 else []
    return [sentence for _, sentence in sorted(moved)[:_SHOWN_SCALES]] + more


def _scale(baseline: Baseline, metric: Metric) -> float:
    return baseline.scales.get(metric.id, abs(metric.value or 0.0))


def _drift(approved: Baseline, proposal: Baseline, policy: Policy) -> list[str]:
    """What accepting spends, counted anew: what the proposal says of itself proves nothing."""
    problems = budget_problems(proposal, approved)
    if problems:
        return [f"Not acceptable as it is: {'; '.join(problems)}."]
    anchor = "" if approved.anchor is None else f" of anchor {approved.anchor.firmware}"
    worst = worst_spent(proposal, policy)
    moved = [one for one in budgets(proposal, policy) if one.critical and one.share == math.inf]
    found = [f"{one.id} became worse and has no drift budget{anchor}." for one in moved[:1]]
    if worst is not None:
        spent = f"{percent(worst.share)} of its drift budget{anchor}"
        found.append(f"Once accepted, {worst.id} would have spent {spent}, more than any other.")
    if not found:
        found.append(f"No critical metric would have spent any drift budget{anchor}.")
    if worst != proposal.worst_spent:
        found.append(f"The proposal itself says {_claimed(proposal.worst_spent)}: propose again.")
    return found


def _claimed(worst: Spending | None) -> str:
    return "that nothing is spent" if worst is None else f"{percent(worst.share)} of {worst.id}"
