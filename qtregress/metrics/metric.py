"""Metrics: a number about a gate, a line, a stage or a pair, or why there is none."""

from typing import Annotated, Literal

from pydantic import Field

from qtregress.document import Digest, Model, NonNegative, Real

MetricId = Annotated[str, Field(pattern=r"^[a-z0-9_.]+/[A-Za-z0-9_.+:@-]+$", max_length=240)]
MAX_METRICS = 20_000
Unit = Annotated[str, Field(pattern=r"^[A-Za-z0-9/%]{0,16}$")]
Sentence = Annotated[str, Field(max_length=2000)]


class Metric(Model):
    """One measured quantity.

    ``value`` is None exactly when ``status`` is ``undecided``; ``why`` then says what
    kept it from being measured. ``uncertainty`` is one standard deviation of the model.
    """

    id: MetricId
    metric: str
    subject: str
    unit: Unit
    value: Real | None = None
    uncertainty: NonNegative | None = None
    status: Literal["ok", "undecided"]
    why: Sentence = ""


def measured(name: str, subject: str, unit: str, value: float, uncertainty: float = 0.0) -> Metric:
    """A metric that has a value."""
    return Metric(
        id=f"{name}/{subject}",
        metric=name,
        subject=subject,
        unit=unit,
        value=float(value),
        uncertainty=float(uncertainty),
        status="ok",
    )


def undecided(name: str, subject: str, unit: str, why: str) -> Metric:
    """A metric that could not be measured, and the reason."""
    return Metric(
        id=f"{name}/{subject}",
        metric=name,
        subject=subject,
        unit=unit,
        value=None,
        status="undecided",
        why=why,
    )


class Input(Model):
    """One input of a run: where it was read and what it held."""

    path: str
    digest: Digest


class MetricsDocument(Model):
    """``qtregress/metrics@1``: what ``simulate --json`` writes."""

    format: Literal["qtregress/metrics@1"]
    inputs: dict[str, Input]
    environment: dict[str, str]
    metrics: Annotated[tuple[Metric, ...], Field(max_length=MAX_METRICS)]
