"""The baseline document: the approved metrics of a firmware, sealed by a digest.

It carries its own history: an entry for every acceptance of the device's baseline, each
with the hash of the entry before, so that nobody can take one out or reword it unseen.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from qtregress.document import Count, Digest, Model, Name, NonNegative, Positive, Real
from qtregress.identity import digest
from qtregress.metrics.metric import MAX_METRICS, Metric, MetricId

_DIGITS = 9
MAX_REASON = 500
MAX_NAME = 200
MAX_ENTRIES = 10_000
"""Acceptances of one device: one a day for a quarter of a century."""
_MAX_SAMPLED = 1_000
_MAX_LENGTHS = 100
_MAX_SEQUENCES = 20_000

Reason = Annotated[str, Field(max_length=MAX_REASON)]
Who = Annotated[str, Field(max_length=MAX_NAME)]
Utc = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+00:00$")
]
"""``2025-01-31T12:00:00+00:00``: the order of such texts is the order of the times."""

Share = Annotated[float, Field(strict=True, ge=0, le=1)]


class Spending(Model):
    """A metric and the share of its drift budget that accepted releases have used."""

    id: MetricId
    share: NonNegative


class Acceptance(Model):
    """One acceptance of a device's baseline; its link covers all of it.

    ``created`` and ``reason`` are the proposal's, ``accepted`` is why ``accepted_by``
    accepted it. ``anchor`` says that drift is counted from here. ``moved`` counts the
    metrics that had moved, ``worst_spent`` is the one with the least budget left.
    ``content_digest`` and ``spent_digest`` are of what was measured and of the budgets
    spent; ``previous`` is the link of the entry before, None for the first.
    """

    number: Annotated[int, Field(strict=True, ge=1, le=MAX_ENTRIES)]
    firmware: Name
    profile_digest: Digest
    chip_digest: Digest
    policy_digest: Digest
    workload_digest: Digest
    created: Annotated[str, Field(max_length=40)]
    reason: Reason
    accepted: Reason
    accepted_by: Who
    accepted_at: Utc
    anchor: Annotated[bool, Field(strict=True)]
    moved: Count
    worst_spent: Spending | None = None
    content_digest: Digest
    spent_digest: Digest
    previous: Digest | None = None


class Entry(Acceptance):
    """An acceptance and the hash that the next one names."""

    link: Digest


class Anchor(Model):
    """The release from which drift is counted: its name, its entry's link, and when."""

    firmware: Name
    link: Digest
    accepted_at: Utc


class SampledRecord(Model):
    """Sampled benchmarking of one qubit or pair, sequence by sequence.

    ``subject`` is ``0`` or ``0-1``; ``survivals`` has a row a length and a value a
    sequence: the fraction of ``shots`` that survived, to six digits.
    """

    subject: Annotated[str, Field(pattern=r"^[0-9]{1,4}(-[0-9]{1,4})?$")]
    seed: Annotated[int, Field(strict=True)]
    shots: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    lengths: Annotated[
        tuple[Annotated[int, Field(strict=True, ge=1)], ...],
        Field(min_length=1, max_length=_MAX_LENGTHS),
    ]
    survivals: Annotated[
        tuple[Annotated[tuple[Share, ...], Field(min_length=4, max_length=_MAX_SEQUENCES)], ...],
        Field(min_length=1, max_length=_MAX_LENGTHS),
    ]

    @model_validator(mode="after")
    def _has_a_row_a_length(self) -> Self:
        if len(self.survivals) != len(self.lengths) or len(set(map(len, self.survivals))) > 1:
            msg = "survivals must have a row a length and the same number of sequences in each"
            raise ValueError(msg)
        return self


class Record(Model):
    """What a baseline says; its digest covers all of it.

    ``firmware`` and ``profile_digest`` are of the approved release, ``previous`` is the
    digest of the baseline it follows (None for a device's first), ``reason`` says why it
    was proposed and ``accepted`` why it was accepted (empty while it is a proposal).
    ``history`` has an entry for every acceptance, oldest first, the last one describing
    this baseline; a proposal has none. ``anchor`` is the last entry that started a new
    budget, ``spent`` how far each metric moved since through accepted releases (new less
    anchor, in its unit, zeros left out); ``worst_spent`` is the one nearest its budget.
    ``scales`` are what relative margins are a share of, where that is not the value.
    ``changes`` are what the judge makes of a metric's movement since the release before, where
    a recalibration was taken out of it; other metrics moved as their values did.
    ``last_known`` are the last accepted values of what this release has no value of.
    """

    format: Literal["qtregress/baseline@1"]
    device: Name
    firmware: Name
    profile_digest: Digest
    chip_digest: Digest
    policy_digest: Digest
    workload_digest: Digest
    environment: dict[str, str]
    created: Annotated[str, Field(max_length=40)]
    reason: Reason
    accepted: Reason = ""
    previous: Digest | None = None
    history: Annotated[tuple[Entry, ...], Field(max_length=MAX_ENTRIES)] = ()
    anchor: Anchor | None = None
    spent: Annotated[dict[MetricId, Real], Field(max_length=MAX_METRICS)] = {}
    last_known: Annotated[dict[MetricId, Real], Field(max_length=MAX_METRICS)] = {}
    worst_spent: Spending | None = None
    scales: Annotated[dict[MetricId, Positive], Field(max_length=MAX_METRICS)] = {}
    changes: Annotated[dict[MetricId, Real], Field(max_length=MAX_METRICS)] = {}
    metrics: Annotated[tuple[Metric, ...], Field(max_length=MAX_METRICS)]
    sampled: Annotated[tuple[SampledRecord, ...], Field(max_length=_MAX_SAMPLED)] = ()


class Signature(Model):
    """An Ed25519 signature of a baseline's digest, as ASCII text.

    ``key`` is the SHA-256 of the raw public key, ``value`` the signature in base64.
    """

    key: Digest
    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]


class Baseline(Record):
    """``qtregress/baseline@1``: a record, the digest that seals it, perhaps a signature."""

    digest: Digest
    signature: Signature | None = None


class _Content(Model):
    """What was measured."""

    metrics: tuple[Metric, ...]
    scales: dict[MetricId, Positive]
    changes: dict[MetricId, Real]
    sampled: tuple[SampledRecord, ...]


class _Spent(Model):
    spent: dict[MetricId, Real]
    last_known: dict[MetricId, Real]


def seal(record: Record) -> Baseline:
    """The record with its digest; a signature is left out, it was of another digest."""
    fields = _fields(record, Record)
    sealed = digest(Record.model_validate(fields))
    return Baseline.model_validate({**fields, "digest": sealed})


def content_digest(baseline: Baseline) -> str:
    """The digest that the baseline's content has, whatever it claims."""
    return digest(Record.model_validate(_fields(baseline, Record)))


def link(acceptance: Acceptance) -> Entry:
    """The acceptance with its link."""
    fields = _fields(acceptance, Acceptance)
    return Entry.model_validate({**fields, "link": link_of(acceptance)})


def link_of(acceptance: Acceptance) -> str:
    """The link that the acceptance has, whatever it claims."""
    return digest(Acceptance.model_validate(_fields(acceptance, Acceptance)))


def measured_digest(record: Record) -> str:
    """The digest of what was measured: metrics, their scales and changes, sampled sequences."""
    content = _Content(
        metrics=record.metrics,
        scales=record.scales,
        changes=record.changes,
        sampled=record.sampled,
    )
    return digest(content)


def spent_digest(record: Record) -> str:
    """The digest of the budgets spent, and of the values that they are counted from."""
    return digest(_Spent(spent=record.spent, last_known=record.last_known))


def rounded(metric: Metric) -> Metric:
    """The metric with nine significant digits, so that jitter writes nothing."""
    return metric.model_copy(
        update={
            "value": None if metric.value is None else significant(metric.value),
            "uncertainty": None if metric.uncertainty is None else significant(metric.uncertainty),
        }
    )


def significant(value: float) -> float:
    """``value`` with nine significant digits, zero without a sign."""
    return float(f"{value:.{_DIGITS}g}") + 0.0


def _fields(value: BaseModel, model: type[BaseModel]) -> dict[str, object]:
    return {name: getattr(value, name) for name in model.model_fields}
