"""``check --only-changed``: what is left out, and what is still said of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtregress.baseline.record import Baseline
    from qtregress.channels.plan import Plan
    from qtregress.metrics.difference import Difference
    from qtregress.metrics.measurement import Measurement
    from qtregress.metrics.metric import Metric
    from qtregress.pipeline import Side
    from qtregress.verdict.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The gates that are the same in both releases and were not simulated.

    Attributes:
        gates: their ids.
        recorded: the baseline's metrics of them.
        rows: of these, what holds or rolls back although nothing about it changed.
        same: ids of the others.
        notes: what a reader must know.
    """

    gates: tuple[str, ...]
    recorded: "tuple[Metric, ...]"
    rows: "tuple[Difference, ...]"
    same: frozenset[str]
    notes: tuple[str, ...]


def refuse_asking_for_all(
    new_chip: Path | None, scenario: Path | None, sampled: str | None, *, kappa_scan: bool
) -> None:
    """Refuse what asks for every gate.

    Raises:
        click.UsageError: one of them is asked for.
    """
    asked = {
        "--new-chip": new_chip,
        "--scenario": scenario,
        "--sampled": sampled,
        "--kappa-scan": kappa_scan,
    }
    for name, value in asked.items():
        if value:
            msg = f"--only-changed cannot be combined with {name}, which asks for every gate"
            raise click.UsageError(msg)


def narrowed_sides(
    old: "Side", new: "Side", baseline: "Baseline", policy: "Policy"
) -> "tuple[Side, Side]":
    """Both releases with what NEW can have changed as their scope.

    Raises:
        InputError: the policy makes a metric critical that would be left out although the heat
            of other gates can change it.
    """
    from dataclasses import replace

    from qtregress.channels.changed import narrowed, scope_of
    from qtregress.channels.plan import plan
    from qtregress.metrics.left_out import can_differ
    from qtregress.verdict.policy import rule_for

    scope = scope_of((old.profile, old.chip), (new.profile, new.chip))
    left = recorded(baseline, narrowed(plan(old.profile, old.chip), scope))
    critical = [one.id for one in left if can_differ(one) and rule_for(policy, one.id).critical]
    if critical:
        msg = (
            f"--only-changed would leave out {critical[0]}, which the policy makes critical and "
            "which other gates can change: run the check without it"
        )
        raise InputError(msg)
    return replace(old, scope=scope), replace(new, scope=scope)


def recorded(baseline: "Baseline", plan: "Plan") -> "tuple[Metric, ...]":
    """The baseline's metrics of what the plan leaves out, none where that is nothing."""
    from qtregress.metrics.left_out import left_out

    return left_out(baseline.metrics, plan)


def without(baseline: "Baseline", left_out: "Sequence[Metric]") -> "Baseline":
    """The baseline without these metrics, for a run that does not measure them."""
    names = {metric.id for metric in left_out}
    kept = tuple(metric for metric in baseline.metrics if metric.id not in names)
    return baseline.model_copy(update={"metrics": kept})


def unchanged(approved: "Measurement", baseline: "Baseline", policy: "Policy") -> Unchanged:
    """What is known of the gates that the measurement left out; nothing where it has all."""
    from qtregress.metrics.left_out import gates_left_out, left_out_note
    from qtregress.verdict.unchanged import unsettled

    left = recorded(baseline, approved.plan)
    rows = unsettled(
        left,
        policy,
        scales=baseline.scales,
        spent=baseline.spent,
        anchor=baseline.anchor.firmware if baseline.anchor else "",
    )
    return Unchanged(
        gates=gates_left_out(approved),
        recorded=left,
        rows=rows,
        same=frozenset(metric.id for metric in left) - {row.id for row in rows},
        notes=left_out_note(approved),
    )
