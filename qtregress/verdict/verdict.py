"""The verdict document: what was decided, on what grounds, and about which inputs."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qtregress.document import Count, Model, Name, NonNegative, Real
from qtregress.errors import ExitCode
from qtregress.metrics.metric import MAX_METRICS, Input, MetricId, Sentence, Unit
from qtregress.verdict.policy import Direction
from qtregress.verdict.terms import Because, Day, Owner

Outcome = Literal["ok", "regressed", "undecided", "improved", "waived"]
VerdictWord = Literal["promote", "hold", "rollback"]
InputName = Literal["old", "new", "chip", "new_chip", "baseline", "policy", "workload", "scenario"]

MAX_CHANGES = 500
"""Rows of a list in the evidence."""
MAX_CELL = 200

PASSING: frozenset[Outcome] = frozenset({"ok", "improved"})
"""Outcomes of a critical metric that is as it should be."""

LETTING: frozenset[Outcome] = PASSING | {"waived"}
"""Outcomes that let a critical metric promote."""

EXIT_CODES: dict[VerdictWord, ExitCode] = {
    "promote": ExitCode.PROMOTE,
    "rollback": ExitCode.ROLLBACK,
    "hold": ExitCode.HOLD,
}


class Split(Model):
    """What a change is made of where the chip moved, too, in the metric's unit.

    The three add up to what OLD on the old chip and NEW on the same would differ by. A part
    is None where one of the chips gives no value.
    """

    chip_drift: Real | None
    line_gain: Real | None
    pulse_edit: Real | None


class AppliedWaiver(Model):
    """The waiver that lets a metric pass: who answers for it, up to what, until when."""

    owner: Owner
    reason: Because
    ceiling: Real
    expires: Day


class JudgedMetric(Model):
    """One metric, old and new, and what the policy makes of it.

    ``interval`` bounds ``new - old`` in the metric's unit and sign; ``margin`` is how far
    it may move in the worse direction; ``relative`` is ``delta`` over ``|old|``. ``drift``
    bounds how far NEW is from the baseline's anchor, ``budget`` how far it may be in the
    worse direction; both are None where nothing was accepted since and the margin says it
    all. ``excluded`` is why nobody expects to have the metric.
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
    drift: tuple[Real, Real] | None = None
    budget: NonNegative | None = None
    split: Split | None = None
    waiver: AppliedWaiver | None = None
    excluded: Annotated[str, Field(max_length=300)] = ""

    @property
    def worse(self) -> tuple[float, float] | None:
        """The interval turned so that worse is positive."""
        return None if self.interval is None else turned(self.interval, self.direction)

    def changed(self, **fields: object) -> Self:
        """The metric with these fields, checked again.

        Raises:
            ValidationError: the fields contradict the others.
        """
        return self.model_validate({**dict(self), **fields})

    @model_validator(mode="after")
    def _bounds_are_bounds(self) -> Self:
        """Bounds go from low to high; others would pass any margin."""
        for what, bounds in (("interval", self.interval), ("drift", self.drift)):
            if bounds is not None and not bounds[0] <= bounds[1]:
                msg = f"{self.id}: {what} must be from low to high, but is {bounds}"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _pass_is_backed(self) -> Self:
        """A pass that its own interval contradicts was not written by this tool."""
        if self.outcome in PASSING and not self._within_margin():
            msg = (
                f"{self.id}: outcome {self.outcome} must be backed by an interval within the "
                f"margin, but the interval is {self.interval} and the margin {self.margin}"
            )
            raise ValueError(msg)
        if self.outcome in PASSING and not self._within_budget():
            msg = (
                f"{self.id}: outcome {self.outcome} must be backed by a drift within the "
                f"budget, but the drift is {self.drift} and the budget {self.budget}"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _waiver_is_backed(self) -> Self:
        """A waiver that does not cover the value was not applied by this tool."""
        if (self.outcome == "waived") != (self.waiver is not None):
            msg = f"{self.id}: a waiver must stand where the outcome is waived, and only there"
            raise ValueError(msg)
        if self.waiver is not None and not self._is_coverable(self.waiver):
            msg = (
                f"{self.id}: a waived metric must be critical with a new value no worse than "
                f"{self.waiver.ceiling}, but its new value is {self.new}"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _exclusion_is_backed(self) -> Self:
        """What was measured and decided is not excluded."""
        if self.excluded and (self.critical or self.outcome != "undecided"):
            msg = (
                f"{self.id}: an excluded metric must be advisory and undecided, but is "
                f"{self.outcome} and critical is {self.critical}"
            )
            raise ValueError(msg)
        return self

    def _within_margin(self) -> bool:
        if self.worse is None or self.margin is None or self.old is None or self.new is None:
            return False
        return within(self.worse[1], self.margin)

    def _within_budget(self) -> bool:
        if self.drift is None:
            return True
        if self.budget is None:
            return False
        return within(turned(self.drift, self.direction)[1], self.budget)

    def _is_coverable(self, waiver: AppliedWaiver) -> bool:
        return self.critical and not_worse(self.new, waiver.ceiling, self.direction)


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


class TableChange(Model):
    """A field of the pulse table that differs: where, and on which line of NEW's file.

    ``pulse`` is a row's channel and start, ``d0@160``, or a channel; empty where the field is
    the gate's own. ``line`` is None where NEW does not have it, or nobody knows.
    """

    gate: Annotated[str, Field(max_length=MAX_CELL)]
    pulse: Annotated[str, Field(max_length=40)]
    field: Annotated[str, Field(max_length=40)]
    old: Annotated[str, Field(max_length=MAX_CELL)]
    new: Annotated[str, Field(max_length=MAX_CELL)]
    line: Annotated[int, Field(strict=True, ge=1)] | None = None


class HeatRow(Model):
    """What a changed pulse adds to a metric of heat; rows of one metric add up to its change.

    ``pulse`` is empty for what no pulse explains: carriers, compression, the chip.
    """

    metric: MetricId
    pulse: Annotated[str, Field(max_length=40)]
    change_j: Real


class Evidence(Model):
    """What reports need besides the metrics.

    ``anchor`` is the firmware that drift is counted from, ``not_simulated`` are ids of gates
    that are the same in both releases and were left out. ``changes`` are the first of
    ``changed`` fields that differ between the tables.
    """

    device: Name
    old_firmware: Name
    new_firmware: Name
    unjudged: tuple[Unjudged, ...] = ()
    scenario: Name | None = None
    skill: Sentence = ""
    kappa_scan: tuple[KappaRow, ...] = ()
    anchor: Annotated[str, Field(max_length=64)] = ""
    not_simulated: Annotated[tuple[str, ...], Field(max_length=MAX_METRICS)] = ()
    changed: Count = 0
    changes: Annotated[tuple[TableChange, ...], Field(max_length=MAX_CHANGES)] = ()
    heat: Annotated[tuple[HeatRow, ...], Field(max_length=MAX_CHANGES)] = ()


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


def turned(interval: tuple[float, float], direction: Direction) -> tuple[float, float]:
    """Bounds of a change with worse counted positive."""
    low, high = interval
    return (low, high) if direction == "lower" else (-high, -low)


def not_worse(value: float | None, ceiling: float, direction: Direction) -> bool:
    """Whether a value is known and no worse than ``ceiling``."""
    if value is None or not math.isfinite(value):
        return False
    return value <= ceiling if direction == "lower" else value >= ceiling


def blockers(metrics: tuple[JudgedMetric, ...], unjudged: tuple[Unjudged, ...]) -> tuple[str, ...]:
    """Sentences on what forbids a promotion, apart from regressions; empty if nothing does."""
    critical = [metric for metric in metrics if metric.critical]
    found = []
    if not critical:
        found.append("no critical metric was measured")
    if any(metric.outcome not in LETTING for metric in critical):
        found.append("not every critical metric is ok or waived")
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
    scanned = {row.verdict for row in verdict.evidence.kappa_scan}
    if verdict.verdict == "promote" and not scanned <= {"promote"}:
        return "verdict must not be promote, because the scan over couplings does not promote"
    return ""


def finite(value: float | None) -> float | None:
    """``value`` where it is a number, None where there is none to show."""
    return None if value is None or not math.isfinite(value) else value
