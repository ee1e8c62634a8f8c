"""Proposals and what baselines are compared by, as pure functions.

Every problem is its own sentence; the caller decides that any of them ends the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qtregress.baseline.record import (
    Baseline,
    Record,
    SampledRecord,
    Spending,
    rounded,
    seal,
    significant,
)
from qtregress.baseline.spending import last_known, spending
from qtregress.metrics.metric import Metric

RELATIVE_TOLERANCE = 1e-6
"""How far, of itself, a deterministic metric moves between machines and BLAS builds."""

ABSOLUTE_TOLERANCE = {
    "": 1e-10,
    "1": 5e-8,
    "s": 1e-15,
    "Hz": 1e-3,
    "rad": 1e-9,
    "K": 1e-9,
    "J": 1e-27,
    "W": 1e-21,
}
"""Below this, in the metric's unit, a difference is rounding (errors are 1 - F: 1e-10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What metrics were measured on; baselines of another origin do not compare."""

    device: str
    firmware: str
    profile_digest: str
    chip_digest: str
    policy_digest: str
    workload_digest: str


_INPUTS = ("profile", "chip", "policy", "workload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a run found.

    Attributes:
        metrics: all it measured.
        environment: versions of what computed them.
        scales: what relative margins are a share of, by metric id, where not the value.
        changes: how far a metric moved since the approved release, by id, where that is not
            the difference of its values: a recalibration was taken out.
        sampled: sampled benchmarking, sequence by sequence.
    """

    metrics: Sequence[Metric]
    environment: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)
    changes: Mapping[str, float] = field(default_factory=dict)
    sampled: tuple[SampledRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A metric that no longer reproduces what the baseline records."""

    id: str
    recorded: float | None
    measured: float | None
    sentence: str


def propose(
    origin: Origin,
    found: Finding,
    *,
    previous: Baseline | None,
    created: str,
    reason: str,
) -> Baseline:
    """A sealed proposal that follows ``previous``; values that did not move are kept.

    Its ``spent`` is what accepting it would leave, nothing where that cannot be told.
    """
    proposal = Record(
        format="qtregress/baseline@1",
        device=origin.device,
        firmware=origin.firmware,
        profile_digest=origin.profile_digest,
        chip_digest=origin.chip_digest,
        policy_digest=origin.policy_digest,
        workload_digest=origin.workload_digest,
        environment=dict(found.environment),
        created=created,
        reason=reason,
        previous=None if previous is None else previous.digest,
        scales=_significant(found.scales),
        changes=_significant(found.changes),
        metrics=_carried(found.metrics, previous),
        sampled=found.sampled,
    )
    known = last_known(previous, proposal)
    spent = spending(previous, proposal).spent
    return seal(proposal.model_copy(update={"spent": spent, "last_known": known}))


def _significant(values: Mapping[str, float]) -> dict[str, float]:
    return {name: significant(value) for name, value in sorted(values.items())}


def with_worst_spent(proposal: Baseline, worst: Spending | None) -> Baseline:
    """The proposal sealed with the metric that will have the least budget left."""
    return seal(proposal.model_copy(update={"worst_spent": worst}))


def is_next(origin: Origin, approved: Record) -> bool:
    """Whether another release was measured on what the approved one was measured on."""
    same = {
        what: getattr(origin, f"{what}_digest") == getattr(approved, f"{what}_digest")
        for what in _INPUTS
    }
    return not same.pop("profile") and all(same.values())


def repeats(proposal: Baseline, known: Baseline) -> bool:
    """Whether the proposal measures nothing that ``known`` does not already say.

    Times, reasons and versions apart: what is measured decides. Sequences of sampled
    benchmarking repeat those of the same plan; a proposal without any repeats all.
    """
    same = ("device", "firmware", *(f"{what}_digest" for what in _INPUTS))
    return (
        all(getattr(proposal, name) == getattr(known, name) for name in same)
        and [metric.id for metric in proposal.metrics] == [metric.id for metric in known.metrics]
        and not agreement(known, proposal.metrics)
        and (not proposal.sampled or _plans(known) == _plans(proposal))
    )


def _plans(record: Record) -> list[tuple[object, ...]]:
    """Which random sequences were played, and how often each."""
    return [
        (one.subject, one.seed, one.shots, one.lengths, len(one.survivals[0]))
        for one in record.sampled
    ]


def is_proposed(proposal: Baseline, standing: Baseline) -> bool:
    """Whether the ``standing`` proposal says the same, for the same reason."""
    return (
        not standing.accepted
        and (standing.previous, standing.reason) == (proposal.previous, proposal.reason)
        and repeats(proposal, standing)
    )


def mismatches(baseline: Baseline, origin: Origin) -> tuple[str, ...]:
    """How the baseline's origin differs from this run's; empty if it does not."""
    if baseline.device != origin.device:
        return (f"the baseline is of device {baseline.device}, but OLD is of {origin.device}",)
    found = tuple(
        f"the baseline was accepted with another {what} ({recorded}) than this run has ({now})"
        for what, recorded, now in (
            (f"OLD profile: {baseline.firmware}", baseline.profile_digest, origin.profile_digest),
            ("chip", baseline.chip_digest, origin.chip_digest),
            ("policy", baseline.policy_digest, origin.policy_digest),
            ("workload", baseline.workload_digest, origin.workload_digest),
        )
        if recorded != now
    )
    if not found:
        return ()
    is_moved = baseline.profile_digest == origin.profile_digest
    verb = f"rebuild {baseline.device}" if is_moved else "propose OLD"
    remedy = f"qtregress baseline {verb} with the same --chip, --policy and --workload, then accept"
    return (*found, remedy)


def agreement(baseline: Baseline, metrics: Sequence[Metric]) -> tuple[Moved, ...]:
    """The recorded metrics that OLD, simulated again, does not reproduce, in id order.

    A value agrees within ``RELATIVE_TOLERANCE`` of the recorded one or within its unit's
    ``ABSOLUTE_TOLERANCE``; an undecided metric agrees with an undecided one. Metrics
    that the baseline does not have are not compared.
    """
    measured = {metric.id: metric for metric in metrics}
    moved = (_moved(old, measured.get(old.id)) for old in baseline.metrics)
    return tuple(item for item in moved if item is not None)


def _moved(recorded: Metric, measured: Metric | None) -> Moved | None:
    if measured is None:
        return _movement(recorded, None, "is no longer measured")
    if recorded.unit != measured.unit:
        return _movement(
            recorded, measured, f"had unit {recorded.unit!r} and has {measured.unit!r}"
        )
    if agree(recorded, measured):
        return None
    return _movement(
        recorded, measured, f"was {_shown(recorded.value)} and is {_shown(measured.value)}"
    )


def agree(recorded: Metric, measured: Metric) -> bool:
    """Whether both say the same within the tolerance."""
    if recorded.value is None or measured.value is None:
        return recorded.value is measured.value
    tolerance = max(
        RELATIVE_TOLERANCE * abs(recorded.value), ABSOLUTE_TOLERANCE.get(recorded.unit, 0.0)
    )
    return abs(measured.value - recorded.value) <= tolerance


def _movement(recorded: Metric, measured: Metric | None, how: str) -> Moved:
    return Moved(
        id=recorded.id,
        recorded=recorded.value,
        measured=None if measured is None else measured.value,
        sentence=f"{recorded.id} {how}",
    )


def _shown(value: float | None) -> str:
    return "undecided" if value is None else f"{value:.9g}"


def _carried(metrics: Sequence[Metric], previous: Baseline | None) -> tuple[Metric, ...]:
    """The metrics sorted and rounded, each as recorded before where it did not move."""
    recorded = {} if previous is None else {metric.id: metric for metric in previous.metrics}
    return tuple(
        recorded[metric.id]
        if metric.id in recorded and _moved(recorded[metric.id], metric) is None
        else rounded(metric)
        for metric in sorted(metrics, key=lambda metric: metric.id)
    )
