"""The baseline's life as pure functions: propose, accept, verify, agree.

Every problem is its own sentence; the caller decides that any of them ends the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from qtregress.baseline.record import Baseline, Record, content_digest, rounded, seal
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A metric that no longer reproduces what the baseline records."""

    id: str
    recorded: float | None
    measured: float | None
    sentence: str


def propose(
    origin: Origin,
    metrics: Sequence[Metric],
    *,
    previous: Baseline | None,
    environment: dict[str, str],
    created: str,
    reason: str,
) -> Baseline:
    """A sealed baseline that follows ``previous``; values that did not move are kept."""
    return seal(
        Record(
            format="qtregress/baseline@1",
            device=origin.device,
            firmware=origin.firmware,
            profile_digest=origin.profile_digest,
            chip_digest=origin.chip_digest,
            policy_digest=origin.policy_digest,
            workload_digest=origin.workload_digest,
            environment=environment,
            created=created,
            reason=reason,
            previous=None if previous is None else previous.digest,
            metrics=_carried(metrics, previous),
        )
    )


def accepted(proposal: Baseline, reason: str) -> Baseline:
    """The proposal sealed anew with the reason for which it was accepted."""
    return seal(proposal.model_copy(update={"accepted": reason}))


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
    return tuple(problems)


def follows(proposal: Baseline, current: Baseline | None) -> tuple[str, ...]:
    """Why the proposal may not replace ``current``; empty if it may."""
    if current is not None and proposal.device != current.device:
        return (f"the proposal is of device {proposal.device}, not of {current.device}",)
    head = None if current is None else current.digest
    if proposal.previous == head:
        return ()
    sentence = (
        f"the proposal follows baseline {proposal.previous or 'none'}, "
        f"but the accepted one is {head or 'none'}: propose again"
    )
    return (sentence,)


def mismatches(baseline: Baseline, origin: Origin) -> tuple[str, ...]:
    """How the baseline's origin differs from this run's; empty if it does not."""
    if baseline.device != origin.device:
        return (f"the baseline is of device {baseline.device}, but OLD is of {origin.device}",)
    return tuple(
        f"the baseline was accepted with another {what} ({recorded}) than this run has ({now}): "
        "propose and accept one for it (qtregress baseline propose takes the same --chip, "
        "--policy and --workload)"
        for what, recorded, now in (
            (f"OLD profile: {baseline.firmware}", baseline.profile_digest, origin.profile_digest),
            ("chip", baseline.chip_digest, origin.chip_digest),
            ("policy", baseline.policy_digest, origin.policy_digest),
            ("workload", baseline.workload_digest, origin.workload_digest),
        )
        if recorded != now
    )


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
