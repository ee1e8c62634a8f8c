"""The baseline document: the approved metrics of a firmware, sealed by a digest."""

from typing import Annotated, Literal

from pydantic import Field

from qtregress.document import Digest, Model, Name
from qtregress.identity import digest
from qtregress.metrics.metric import MAX_METRICS, Metric

_DIGITS = 9

Reason = Annotated[str, Field(max_length=500)]


class Record(Model):
    """What a baseline says; its digest covers all of it.

    ``firmware`` and ``profile_digest`` are of the approved release, ``previous`` is the
    digest of the baseline it follows (None for a device's first), ``reason`` says why it
    was proposed and ``accepted`` why it was accepted (empty while it is a proposal).
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
    metrics: Annotated[tuple[Metric, ...], Field(max_length=MAX_METRICS)]


class Baseline(Record):
    """``qtregress/baseline@1``: a record and the digest that seals it."""

    digest: Digest


def seal(record: Record) -> Baseline:
    """The record with its digest."""
    fields = _content(record)
    sealed = digest(Record.model_validate(fields))
    return Baseline.model_validate({**fields, "digest": sealed})


def content_digest(baseline: Baseline) -> str:
    """The digest that the baseline's content has, whatever it claims."""
    return digest(Record.model_validate(_content(baseline)))


def rounded(metric: Metric) -> Metric:
    """The metric with nine significant digits, so that jitter writes nothing."""
    return metric.model_copy(
        update={"value": _rounded(metric.value), "uncertainty": _rounded(metric.uncertainty)}
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}") + 0.0


def _content(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in Record.model_fields}
