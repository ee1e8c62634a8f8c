"""The decision over all metrics: every critical one must be ok, one regressed suffices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from qtregress.metrics.difference import Difference, UnjudgedChange
from qtregress.metrics.metric import Input, Metric
from qtregress.verdict.coverage import Coverage, coverage
from qtregress.verdict.drift import Spent
from qtregress.verdict.exclusions import exclusion_notes, with_exclusion
from qtregress.verdict.policy import Policy, Rule, idle_rules, rule_for
from qtregress.verdict.rules import clipped, judge_metric, vanished
from qtregress.verdict.verdict import (
    EXIT_CODES,
    PASSING,
    Evidence,
    HeatRow,
    InputName,
    JudgedMetric,
    KappaRow,
    Outcome,
    Split,
    TableChange,
    Unjudged,
    Verdict,
    VerdictWord,
)
from qtregress.verdict.waivers import waiver_notes, with_waiver

_SHOWN = 5
_SHOWN_WAIVED = 20
_SHOWN_BESIDE = 2
"""Of sentences that do not decide."""
_FIELD = 200
_TROUBLE: tuple[Outcome, ...] = ("waived", "regressed", "undecided")
"""What people must see, first to last: what passes by somebody's word stands before all."""
_NO_SPENT: Mapping[str, float] = MappingProxyType({})
_NO_SPLITS: Mapping[str, Split] = MappingProxyType({})
_JUDGING: frozenset[Outcome] = frozenset({"ok", "regressed", "improved", "waived"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What earlier stages have to say to the judge.

    Attributes:
        holds: sentences that forbid a promotion.
        notes: sentences that a reader needs; they decide nothing.
        rows: metrics beside those of the comparison, ids distinct from theirs.
        splits: what each metric's change is made of, by id, where the chip moved, too.
        spent: OLD's recorded value less the anchor's, by metric id; zeros may be left out.
        anchor: firmware of the baseline's anchor, empty where nobody knows.
        same: ids of the baseline's metrics that are the same in both releases by construction
            and were not measured: not lost, and not judged.
        today: the day in UTC; None where nobody knows, and then no waiver applies.
    """

    holds: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rows: tuple[Difference, ...] = ()
    splits: Mapping[str, Split] = field(default_factory=lambda: _NO_SPLITS)
    spent: Mapping[str, float] = field(default_factory=lambda: _NO_SPENT)
    anchor: str = ""
    same: frozenset[str] = frozenset()
    today: date | None = None


NOTHING_SAID = Said()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided and why; ``reasons`` are sentences, worst first.

    ``anchor`` is the firmware that drift was counted from.
    """

    verdict: VerdictWord
    reasons: tuple[str, ...]
    metrics: tuple[JudgedMetric, ...]
    unjudged: tuple[Unjudged, ...]
    anchor: str = ""


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
    not_simulated: tuple[str, ...] = ()
    changed: int = 0
    changes: tuple[TableChange, ...] = ()
    heat: tuple[HeatRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """All metrics as the rules judge them, before anybody makes an exception.

    Attributes:
        present: of this run.
        lost: of the baseline, which this run does not have.
    """

    present: tuple[JudgedMetric, ...]
    lost: tuple[JudgedMetric, ...]

    @property
    def every(self) -> tuple[JudgedMetric, ...]:
        """Both, by id."""
        return tuple(sorted([*self.present, *self.lost], key=lambda metric: metric.id))


def decide(
    differences: Sequence[Difference],
    changes: Sequence[UnjudgedChange] = (),
    *,
    policy: Policy,
    baseline: Sequence[Metric] = (),
    said: Said = NOTHING_SAID,
) -> Decision:
    """The decision under ``policy``.

    Roll back on any critical regression. Promote only if at least one metric is critical,
    every critical one is ok, improved or waived, every critical metric of the baseline and
    99 % of all were measured again, every change is judged by a critical metric, every
    critical rule of the user's judges something, and nothing said holds. Hold otherwise.
    What a waiver covers judges a change, too: its value is known, and somebody answers for it.

    Args:
        differences: one a metric, ids distinct.
        changes: fields that differ between the profiles.
        policy: the user's rules, waivers and exclusions; the shipped rules follow.
        baseline: the metrics of the approved baseline.
        said: what earlier stages have to say.

    Raises:
        ValueError: two differences have one id.
    """
    expected = [metric for metric in baseline if metric.id not in said.same]
    judged = _judged([*differences, *said.rows], expected, policy=policy, said=said)
    metrics = tuple(_with_exceptions(one, policy, said.today) for one in judged.every)
    unjudged = _unjudged(changes, metrics)
    covered = coverage(expected, judged.present, policy.exclusions)
    idle = idle_rules(policy, [*(metric.id for metric in metrics), *said.same])
    doubts = [*said.holds, *_doubts(metrics, unjudged, covered=covered, idle=idle)]
    verdict = _word(metrics, bool(doubts))
    sentences = (
        *_reasons(verdict, metrics, doubts=doubts),
        *_unjudged_names(unjudged),
        *_remarks(metrics, policy, covered, said),
        *said.notes,
    )
    return Decision(
        verdict=verdict,
        reasons=tuple(map(clipped, sentences)),
        metrics=metrics,
        unjudged=unjudged,
        anchor=said.anchor,
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
            anchor=decision.anchor,
            not_simulated=circumstances.not_simulated,
            changed=circumstances.changed,
            changes=circumstances.changes,
            heat=circumstances.heat,
        ),
        metrics=decision.metrics,
    )


def severity(metric: JudgedMetric) -> tuple[int, float, str]:
    """Sort key: what is waived, what decides, then how many margins the change is worth."""
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
    differences: Sequence[Difference], baseline: Sequence[Metric], *, policy: Policy, said: Said
) -> _Judged:
    ids = {difference.id for difference in differences}
    if len(ids) != len(differences):
        msg = "differences must have distinct ids"
        raise ValueError(msg)
    recorded = {metric.id: metric.value for metric in baseline}
    present = tuple(
        judge_metric(
            one,
            rule_for(policy, one.id),
            baseline=recorded.get(one.id),
            spent=Spent(value=said.spent.get(one.id, 0.0), anchor=said.anchor),
            split=said.splits.get(one.id),
        )
        for one in differences
    )
    lost = tuple(
        vanished(metric, rule_for(policy, metric.id)) for metric in baseline if metric.id not in ids
    )
    return _Judged(present=present, lost=lost)


def _with_exceptions(metric: JudgedMetric, policy: Policy, today: date | None) -> JudgedMetric:
    """The metric as the policy's exclusions and waivers leave it."""
    return with_waiver(with_exclusion(metric, policy.exclusions), policy.waivers, today)


def _unjudged(
    changes: Sequence[UnjudgedChange], metrics: Sequence[JudgedMetric]
) -> tuple[Unjudged, ...]:
    """The changes that no critical metric with a decided or waived outcome covers."""
    judging = {m.id for m in metrics if m.critical and m.outcome in _JUDGING}
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
    covered: Coverage,
    idle: Sequence[Rule],
) -> list[str]:
    """Sentences on everything, regressions apart, that forbids a promotion."""
    undecided = [m for m in _worst_first(metrics) if m.critical and m.outcome == "undecided"]
    found = _first([metric.why for metric in undecided], "critical metrics are undecided", _SHOWN)
    if not covered.suffices:
        found.append(covered.sentence)
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
    waived = [m.why for m in worst if m.outcome == "waived"]
    heads = {
        "rollback": f"Roll back: {len(regressed)} of {critical} critical metrics regressed, "
        "and one is enough.",
        "hold": "Hold: no critical metric regressed, but not everything that a promotion "
        "needs is known to be ok.",
        "promote": _promoted(critical, len(waived)),
    }
    notes = [f"Advisory: {text}" for text in advisory]
    return [
        heads[verdict],
        *_first(waived, "critical metrics are waived", _SHOWN_WAIVED),
        *_named(regressed_gates(metrics)),
        *_first(regressed, "critical metrics regressed", _SHOWN),
        *_first(doubts, "reasons to hold", _SHOWN if verdict == "hold" else _SHOWN_BESIDE),
        *_first(notes, "advisory metrics regressed", 0 if regressed else _SHOWN_BESIDE),
    ]


def _promoted(critical: int, waived: int) -> str:
    if not waived:
        return f"Promote: all {critical} critical metrics are ok."
    are = "is" if waived == 1 else "are"
    return f"Promote: {waived} of {critical} critical metrics {are} waived, the others are ok."


def _remarks(
    metrics: Sequence[JudgedMetric], policy: Policy, covered: Coverage, said: Said
) -> list[str]:
    """Sentences on coverage, exclusions and waivers that decide nothing."""
    ids = [*(metric.id for metric in metrics), *said.same]
    excluded = [metric.why for metric in metrics if metric.excluded]
    return [
        *([covered.sentence] if covered.suffices and covered.sentence else []),
        *_first(excluded, "metrics are excluded", _SHOWN_BESIDE),
        *waiver_notes(policy.waivers, ids, said.today),
        *exclusion_notes(policy.exclusions, ids),
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
    what = "Changes that no decided critical metric judges as a whole"
    return [f"{what} ({len(unjudged)}): {names}."] if names else []


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
