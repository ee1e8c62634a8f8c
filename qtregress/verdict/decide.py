"""The decision over all metrics: every critical one must be ok, one regressed suffices."""

from collections.abc import Sequence
from dataclasses import dataclass

from qtregress.metrics.difference import Difference, UnjudgedChange
from qtregress.metrics.metric import Input, Metric
from qtregress.verdict.policy import Policy, Rule, idle_rules, rule_for
from qtregress.verdict.rules import clipped, judge_metric, vanished
from qtregress.verdict.verdict import (
    EXIT_CODES,
    PASSING,
    Evidence,
    InputName,
    JudgedMetric,
    KappaRow,
    Outcome,
    Unjudged,
    Verdict,
    VerdictWord,
)

_SHOWN = 5
_SHOWN_BESIDE = 2
"""Of sentences that do not decide."""
_FIELD = 200
_TROUBLE: tuple[Outcome, ...] = ("regressed", "undecided", "waived")
_DECIDED: frozenset[Outcome] = frozenset({"ok", "regressed", "improved"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided and why; ``reasons`` are sentences, worst first."""

    verdict: VerdictWord
    reasons: tuple[str, ...]
    metrics: tuple[JudgedMetric, ...]
    unjudged: tuple[Unjudged, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a verdict says about the run beside the decision."""

    device: str
    old_firmware: str
    new_firmware: str
    inputs: dict[InputName, Input]
    environment: dict[str, str]
    created: str
    commit: str | None = None
    scenario: str | None = None
    skill: str = ""
    kappa_scan: tuple[KappaRow, ...] = ()


def decide(
    differences: Sequence[Difference],
    changes: Sequence[UnjudgedChange] = (),
    *,
    policy: Policy,
    baseline: Sequence[Metric] = (),
    holds: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Decision:
    """The decision under ``policy``.

    Roll back on any critical regression. Promote only if at least one metric is
    critical, every critical one is ok or improved, every metric of the baseline was
    measured again, every change is judged by a critical metric, every critical rule of
    the user's judges something, and ``holds`` is empty. Hold otherwise.

    Args:
        differences: one a metric, ids distinct.
        changes: fields that differ between the profiles.
        policy: the user's rules; the shipped ones follow.
        baseline: the metrics of the approved baseline.
        holds: sentences of earlier stages that forbid a promotion.
        notes: sentences of earlier stages that a reader needs, deciding nothing.

    Raises:
        ValueError: two differences have one id.
    """
    metrics, lost = _judged(differences, baseline, policy=policy)
    unjudged = _unjudged(changes, metrics)
    idle = idle_rules(policy, [metric.id for metric in metrics])
    doubts = [*holds, *_doubts(metrics, unjudged, lost=lost, idle=idle)]
    verdict = _word(metrics, bool(doubts))
    return Decision(
        verdict=verdict,
        reasons=tuple(
            clipped(text)
            for text in (
                *_reasons(verdict, metrics, doubts=doubts),
                *_unjudged_names(unjudged),
                *notes,
            )
        ),
        metrics=metrics,
        unjudged=unjudged,
    )


def document(decision: Decision, circumstances: Circumstances) -> Verdict:
    """The decision as ``qtregress/verdict@1``."""
    return Verdict(
        format="qtregress/verdict@1",
        verdict=decision.verdict,
        exit_code=int(EXIT_CODES[decision.verdict]),
        reasons=decision.reasons,
        inputs=circumstances.inputs,
        environment=circumstances.environment,
        commit=circumstances.commit,
        created=circumstances.created,
        evidence=Evidence(
            device=circumstances.device,
            old_firmware=circumstances.old_firmware,
            new_firmware=circumstances.new_firmware,
            unjudged=decision.unjudged,
            scenario=circumstances.scenario,
            skill=circumstances.skill,
            kappa_scan=circumstances.kappa_scan,
        ),
        metrics=decision.metrics,
    )


def severity(metric: JudgedMetric) -> tuple[int, float, str]:
    """Sort key, worst first: what decides, then how many margins the change is worth."""
    if metric.outcome in PASSING:
        group = 2 * len(_TROUBLE) + (not metric.critical)
    else:
        group = _TROUBLE.index(metric.outcome) + len(_TROUBLE) * (not metric.critical)
    return (group, -_excess(metric), metric.id)


def _excess(metric: JudgedMetric) -> float:
    """How many margins worse the change surely is; infinite where the margin is zero."""
    if metric.worse is None or metric.margin is None:
        return 0.0
    low = metric.worse[0]
    if metric.margin > 0:
        return low / metric.margin
    return float("inf") if low > 0 else 0.0


def _judged(
    differences: Sequence[Difference], baseline: Sequence[Metric], *, policy: Policy
) -> tuple[tuple[JudgedMetric, ...], tuple[JudgedMetric, ...]]:
    """All judged metrics sorted by id, and among them those that vanished."""
    ids = {difference.id for difference in differences}
    if len(ids) != len(differences):
        msg = "differences must have distinct ids"
        raise ValueError(msg)
    recorded = {metric.id: metric.value for metric in baseline}
    present = [
        judge_metric(d, rule_for(policy, d.id), baseline=recorded.get(d.id)) for d in differences
    ]
    lost = tuple(
        vanished(metric, rule_for(policy, metric.id)) for metric in baseline if metric.id not in ids
    )
    return tuple(sorted([*present, *lost], key=lambda metric: metric.id)), lost


def _unjudged(
    changes: Sequence[UnjudgedChange], metrics: Sequence[JudgedMetric]
) -> tuple[Unjudged, ...]:
    """The changes that no critical metric with a decided outcome covers."""
    judging = {m.id for m in metrics if m.critical and m.outcome in _DECIDED}
    return tuple(
        Unjudged(
            where=clipped(change.where, _FIELD),
            old=clipped(change.old, _FIELD),
            new=clipped(change.new, _FIELD),
        )
        for change in changes
        if judging.isdisjoint(change.covered_by)
    )


def _doubts(
    metrics: tuple[JudgedMetric, ...],
    unjudged: tuple[Unjudged, ...],
    *,
    lost: Sequence[JudgedMetric],
    idle: Sequence[Rule],
) -> list[str]:
    """Sentences on everything, regressions apart, that forbids a promotion."""
    undecided = [m for m in _worst_first(metrics) if m.critical and m.outcome == "undecided"]
    found = _first([metric.why for metric in undecided], "critical metrics are undecided", _SHOWN)
    found += _first(
        [metric.why for metric in lost if not metric.critical], "advisory metrics vanished", _SHOWN
    )
    found += _first(
        [
            f"{u.where} changed from {u.old} to {u.new}: no decided critical metric judges it."
            for u in unjudged
        ],
        "changes are unjudged",
        _SHOWN,
    )
    found += [f"Rule {rule.metrics} of the policy is critical but judges nothing." for rule in idle]
    if not any(metric.critical for metric in metrics):
        found.append("No critical metric was measured, so nothing can be promoted.")
    return found


def _word(metrics: Sequence[JudgedMetric], doubtful: bool) -> VerdictWord:  # noqa: FBT001
    if any(metric.critical and metric.outcome == "regressed" for metric in metrics):
        return "rollback"
    return "hold" if doubtful else "promote"


def _reasons(
    verdict: VerdictWord, metrics: tuple[JudgedMetric, ...], *, doubts: list[str]
) -> list[str]:
    worst = _worst_first(metrics)
    regressed = [m.why for m in worst if m.critical and m.outcome == "regressed"]
    advisory = [m.why for m in worst if not m.critical and m.outcome == "regressed"]
    critical = sum(metric.critical for metric in metrics)
    heads = {
        "rollback": f"Roll back: {len(regressed)} of {critical} critical metrics regressed, "
        "and one is enough.",
        "hold": "Hold: no critical metric regressed, but not everything that a promotion "
        "needs is known to be ok.",
        "promote": f"Promote: all {critical} critical metrics are ok.",
    }
    notes = [f"Advisory: {text}" for text in advisory]
    return [
        heads[verdict],
        *_named(regressed_gates(metrics)),
        *_first(regressed, "critical metrics regressed", _SHOWN),
        *_first(doubts, "reasons to hold", _SHOWN if verdict == "hold" else _SHOWN_BESIDE),
        *_first(notes, "advisory metrics regressed", 0 if regressed else _SHOWN_BESIDE),
    ]


def regressed_gates(metrics: Sequence[JudgedMetric]) -> list[str]:
    """The gates whose error regressed, worst first."""
    return [
        metric.subject
        for metric in _worst_first(metrics)
        if metric.metric == "gate.error" and metric.critical and metric.outcome == "regressed"
    ]


def _unjudged_names(unjudged: Sequence[Unjudged]) -> list[str]:
    names = ", ".join(change.where for change in unjudged)
    return [f"Not judged by anything ({len(unjudged)}): {names}."] if names else []


def _named(gates: list[str]) -> list[str]:
    return [f"Gates that regressed: {', '.join(gates)}."] if gates else []


def _first(sentences: list[str], what: str, shown: int) -> list[str]:
    """The first few sentences, and one that counts the rest."""
    rest = len(sentences) - shown
    if rest <= 0:
        return list(sentences)
    return [*sentences[:shown], f"{rest} more {what}."]


def _worst_first(metrics: Sequence[JudgedMetric]) -> list[JudgedMetric]:
    return sorted(metrics, key=severity)
