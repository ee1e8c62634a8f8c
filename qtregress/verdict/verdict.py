"""The verdict document: what was decided, on what grounds, and about which inputs."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qtregress.document import Model, Name, NonNegative, Real
from qtregress.errors import ExitCode
from qtregress.metrics.metric import MAX_METRICS, Input, MetricId, Sentence, Unit
from qtregress.verdict.policy import Direction

Outcome = Literal["ok", "regressed", "undecided", "improved", "waived"]
VerdictWord = Literal["promote", "hold", "rollback"]
InputName = Literal["old", "new", "chip", "new_chip", "baseline", "policy", "workload", "scenario"]

PASSING: frozenset[Outcome] = frozenset({"ok", "improved"})
"""Outcomes that let a critical metric promote."""

EXIT_CODES: dict[VerdictWord, ExitCode] = {
    "promote": ExitCode.PROMOTE,
    "rollback": ExitCode.ROLLBACK,
    "hold": ExitCode.HOLD,
}


class JudgedMetric(Model):
    """One metric, old and new, and what the policy makes of it.

    ``interval`` bounds ``new - old`` in the metric's unit and sign; ``margin`` is how far
    it may move in the worse direction; ``relative`` is ``delta`` over ``|old|``.
    """

    id: MetricId
    metric: str
    subject: str
    unit: Unit
    direction: Direction
    old: Real | None
    new: Real | None
    baseline: Real | None
    delta: Real | None
    relative: Real | None
    interval: tuple[Real, Real] | None
    margin: NonNegative | None
    critical: Annotated[bool, Field(strict=True)]
    outcome: Outcome
    why: Sentence

    @property
    def worse(self) -> tuple[float, float] | None:
        """The interval turned so that worse is positive."""
        if self.interval is None:
            return None
        low, high = self.interval
        return (low, high) if self.direction == "lower" else (-high, -low)

    @model_validator(mode="after")
    def _pass_is_backed(self) -> Self:
        """A pass that its own interval contradicts was not written by this tool."""
        if self.outcome in PASSING and not self._within_margin():
            msg = (
                f"{self.id}: outcome {self.outcome} must be backed by an interval within the "
                f"margin, but the interval is {self.interval} and the margin {self.margin}"
            )
            raise ValueError(msg)
        return self

    def _within_margin(self) -> bool:
        if self.worse is None or self.margin is None or self.old is None or self.new is None:
            return False
        return within(self.worse[1], self.margin)


class Unjudged(Model):
    """A difference between the profiles that no critical metric judges."""

    where: Annotated[str, Field(max_length=200)]
    old: Annotated[str, Field(max_length=200)]
    new: Annotated[str, Field(max_length=200)]


class KappaRow(Model):
    """What the metrics at load would decide at ``factor`` times the assumed coupling."""

    factor: Real
    verdict: VerdictWord
    film_peak_k: Real | None
    worst: MetricId
    why: Sentence


class Evidence(Model):
    """What reports need besides the metrics."""

    device: Name
    old_firmware: Name
    new_firmware: Name
    unjudged: tuple[Unjudged, ...] = ()
    scenario: Name | None = None
    skill: Sentence = ""
    kappa_scan: tuple[KappaRow, ...] = ()


class Verdict(Model):
    """``qtregress/verdict@1``: promote, hold or roll back, with every metric's outcome.

    Only a consistent verdict can exist: the word, the exit code and the outcomes of the
    critical metrics agree, so a file that was tampered with cannot be read.
    """

    format: Literal["qtregress/verdict@1"]
    verdict: VerdictWord
    exit_code: Annotated[int, Field(strict=True)]
    reasons: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    inputs: dict[InputName, Input]
    environment: dict[str, str]
    commit: Annotated[str, Field(max_length=100)] | None = None
    created: Annotated[str, Field(max_length=40)]
    evidence: Evidence
    metrics: Annotated[tuple[JudgedMetric, ...], Field(max_length=MAX_METRICS)]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        problem = _contradiction(self)
        if problem:
            raise ValueError(problem)
        return self


def within(worst: float, margin: float) -> bool:
    """Whether a change of at most ``worst`` (worse counted positive) is tolerable.

    No change at all is tolerable even where a relative margin vanishes with its scale.
    """
    return worst <= 0 or worst < margin


def blockers(metrics: tuple[JudgedMetric, ...], unjudged: tuple[Unjudged, ...]) -> tuple[str, ...]:
    """Sentences on what forbids a promotion, apart from regressions; empty if nothing does."""
    critical = [metric for metric in metrics if metric.critical]
    found = []
    if not critical:
        found.append("no critical metric was measured")
    if any(metric.outcome not in PASSING for metric in critical):
        found.append("not every critical metric is ok")
    if unjudged:
        found.append("a change is judged by no critical metric")
    return tuple(found)


def _contradiction(verdict: Verdict) -> str:
    """The sentence on how the parts of a verdict disagree; empty if they agree."""
    expected = EXIT_CODES[verdict.verdict]
    if verdict.exit_code != expected:
        return f"exit_code of {verdict.verdict} must be {expected}, but is {verdict.exit_code}"
    ids = [metric.id for metric in verdict.metrics]
    if len(set(ids)) != len(ids):
        return "every metric must appear once, but one appears twice"
    regressed = [m.id for m in verdict.metrics if m.critical and m.outcome == "regressed"]
    if (verdict.verdict == "rollback") != bool(regressed):
        shown = ", ".join(regressed[:3]) or "none"
        return (
            "verdict must be rollback exactly when a critical metric regressed, "
            f"but is {verdict.verdict} and the regressed ones are: {shown}"
        )
    against = blockers(verdict.metrics, verdict.evidence.unjudged)
    if verdict.verdict == "promote" and against:
        return f"verdict must not be promote, because {' and '.join(against)}"
    return ""


def finite(value: float | None) -> float | None:
    """``value`` where it is a number, None where there is none to show."""
    return None if value is None or not math.isfinite(value) else value
