"""How well predicted errors agree with measured ones: skill, not an oracle.

Every value is an average error: of a gate 1 - F_avg, of benchmarking the error per Clifford
r = (d - 1)(1 - p)/d (Magesan et al., PRL 106, 180504 (2011)). An entanglement infidelity, as
pyGSTi reports it, is (d + 1)/d times larger and must be converted first.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from qtregress.channels.coherence import coherence_limit
from qtregress.chip.chip import Chip
from qtregress.metrics.cliffords import played_in
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric
from qtregress.units import ns_to_s

MeasuredMetric = Literal["gate.error", "rb.epc"]

FACTOR: Final = 2.0
"""A prediction this close to what was measured is called right."""
WORST: Final = 3
NOTHING_MEASURED: Final = (
    "No measured error stands beside a predicted one, so nothing says how far the "
    "predictions can be trusted."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredValue:
    """What hardware was measured to do.

    Attributes:
        metric: what was measured: a gate's error, or the error per Clifford.
        subject: ``cx:0-1``, or the qubits in rising order, ``0`` or ``0-1``.
        value: an average error, None where nothing could be learnt from the data.
        uncertainty: one standard deviation, None if nobody stated it.
        date: when it was measured, ISO 8601, None if nobody stated it.
        source: who says so.
        why: what is wrong where there is no value.
    """

    metric: MeasuredMetric
    subject: str
    value: float | None
    uncertainty: float | None = None
    date: str | None = None
    source: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A measured error beside its prediction.

    Attributes:
        measured: from the hardware.
        predicted: from the simulation, without load, None where it is undecided.
        limit: what T1 and T2 alone would leave, None where that is not known.
        why: what keeps the two from being compared; empty where nothing does.
    """

    measured: MeasuredValue
    predicted: float | None
    limit: float | None
    why: str = ""

    @property
    def name(self) -> str:
        """The id of the predicted metric, ``gate.error/cx:0-1``."""
        return f"{self.measured.metric}/{self.measured.subject}"

    @property
    def ratio(self) -> float | None:
        """Predicted over measured, None where they cannot be compared."""
        return None if self.why else _ratio(self.predicted, self.measured.value)

    @property
    def limit_ratio(self) -> float | None:
        """Coherence limit over measured, for the rows that have a ratio."""
        return None if self.why else _ratio(self.limit, self.measured.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """How well one profile's errors are predicted.

    Attributes:
        count: errors that could be compared; without any the next four are None.
        share_within_2: of them, predicted within a factor of 2.
        bias: median of predicted over measured; below 1 the model is too optimistic.
        limit_share_within_2: the same for the coherence limit alone.
        limit_bias: the same for the coherence limit alone.
        worst: the rows farthest from a ratio of 1, worst first, at most three.
        dated: the oldest date of what was compared, as YYYY-MM-DD; None if none has a date.
        undated: compared errors that nobody dated.
        undecided: errors that could not be compared.
    """

    count: int
    share_within_2: float | None
    bias: float | None
    limit_share_within_2: float | None
    limit_bias: float | None
    worst: tuple[Compared, ...]
    dated: str | None
    undated: int
    undecided: int


def errors_of_chip(chip: Chip) -> tuple[MeasuredValue, ...]:
    """The gate errors that the chip file itself carries."""
    return tuple(
        MeasuredValue(
            metric="gate.error",
            subject=row.gate,
            value=row.error,
            date=row.date,
            source="the chip file",
        )
        for row in chip.measured_errors
    )


def coherence_limits(measurement: Measurement) -> dict[str, float]:
    """The coherence limit of every gate's error and of every error per Clifford, by metric id.

    A Clifford's is that of idling for the mean duration of what it plays; virtual Z takes
    no time. To first order in duration over T1 and T2 the mean of the limits is the limit
    of the mean.
    """
    chip, channels = measurement.chip, measurement.channels
    planned = {gate.id for gate in measurement.plan.gates} | measurement.plan.left_out
    dt_s = ns_to_s(measurement.profile.dt_ns)
    limits = {
        f"gate.error/{gate.id}": _limit(chip, gate.qubits, gate.duration * dt_s)
        for gate in measurement.profile.gates
        if gate.id in planned
    }
    for subject in measurement.decays:
        played = played_in(measurement, subject)
        if played.keys() <= channels.keys():
            duration_s = sum(n * channels[name].duration_s for name, n in played.items())
            name = "-".join(map(str, subject))
            limits[f"rb.epc/{name}"] = _limit(chip, subject, duration_s)
    return limits


def compared(
    values: Iterable[MeasuredValue], metrics: Sequence[Metric], limits: Mapping[str, float]
) -> tuple[Compared, ...]:
    """Every measured value beside its prediction, in the order given.

    Args:
        values: from hardware.
        metrics: of one profile on the chip.
        limits: from `coherence_limits`.
    """
    known = {metric.id: metric for metric in metrics}
    return tuple(_beside(value, known, limits) for value in values)


def independent(rows: Sequence[Compared]) -> tuple[Compared, ...]:
    """The rows without those that only repeat another one's measurement.

    Vendors derive the errors of several gates from one benchmarking (IBM writes one number
    under sx, x and id, and one under both directions of a cx). Of the same qubits, value and
    date one row stays: one that can be compared, the shortest gate, the first by name.
    """
    best: dict[object, Compared] = {}
    for place, row in enumerate(rows):
        value = row.measured
        qubits = frozenset(value.subject.rpartition(":")[2].split("-"))
        key = (value.metric, qubits, value.value, value.date)
        # values that are missing are never the same
        unique = key if value.value is not None else place
        best[unique] = min(best.get(unique, row), row, key=_preference)
    kept = {id(row) for row in best.values()}
    return tuple(row for row in rows if id(row) in kept)


def skill(rows: Sequence[Compared]) -> Skill:
    """The summary of all rows; without one that can be compared it has no numbers."""
    known = [(row, row.ratio) for row in rows]
    usable = [(row, ratio) for row, ratio in known if ratio is not None]
    share, bias = agreement([ratio for _, ratio in usable])
    limits = [row.limit_ratio for row, _ in usable]
    limit_share, limit_bias = agreement([ratio for ratio in limits if ratio is not None])
    ranked = sorted(usable, key=lambda pair: -abs(math.log(pair[1])))
    dates = [row.measured.date for row, _ in usable]
    return Skill(
        count=len(usable),
        share_within_2=share,
        bias=bias,
        limit_share_within_2=limit_share,
        limit_bias=limit_bias,
        worst=tuple(row for row, _ in ranked[:WORST]),
        dated=min((date[:10] for date in dates if date), default=None),
        undated=sum(not date for date in dates),
        undecided=len(rows) - len(usable),
    )


def agreement(ratios: Sequence[float]) -> tuple[float | None, float | None]:
    """The share of ratios within a factor of 2 of 1, and their median; None without any.

    Args:
        ratios: predicted over measured, all positive.
    """
    if not ratios:
        return None, None
    share = sum(1 / FACTOR <= ratio <= FACTOR for ratio in ratios) / len(ratios)
    # of logarithms, so that twice and half average to once
    return share, math.exp(statistics.median(map(math.log, ratios)))


def skill_on_chip(measurement: Measurement, metrics: Sequence[Metric]) -> Skill:
    """The skill against what the chip file says was measured: no other file is needed.

    The chip's lines were fitted to a profile, so this means something for that profile.

    Args:
        measurement: of the profile.
        metrics: `qtregress.metrics.collect.collect` of it.
    """
    values = errors_of_chip(measurement.chip)
    return skill(independent(compared(values, metrics, coherence_limits(measurement))))


def skill_sentence(found: Skill) -> str:
    """The skill in words, for whoever reads a verdict."""
    if found.share_within_2 is None or found.bias is None:
        return NOTHING_MEASURED
    many = "error" if found.count == 1 else "errors"
    head = (
        f"Predicted within a factor of {FACTOR:g}: {found.share_within_2:.0%} of {found.count} "
        f"measured {many}{_dated(found)}, median ratio {found.bias:.2f}"
    )
    parts = [head]
    if found.limit_share_within_2 is not None and found.limit_bias is not None:
        parts.append(f"by T1 and T2 alone {found.limit_share_within_2:.0%}, {found.limit_bias:.2f}")
    far = found.worst[0]
    parts.append(f"worst {far.name}, predicted {far.ratio:.2g} times what was measured")
    if found.undecided:
        parts.append(f"{found.undecided} could not be compared")
    return "; ".join(parts) + "."


def _dated(found: Skill) -> str:
    """Of when the oldest are, in brackets; what nobody dated is said too."""
    words = [] if found.dated is None else [f"oldest of {found.dated}"]
    if found.undated:
        words.append(f"{found.undated} without a date")
    return f" ({', '.join(words)})" if words else ""


def _limit(chip: Chip, qubits: Sequence[int], duration_s: float) -> float:
    times = [(chip.qubit(q).t1_s, chip.qubit(q).t2_s) for q in qubits]
    return coherence_limit(duration_s, times)


def _beside(
    value: MeasuredValue, known: Mapping[str, Metric], limits: Mapping[str, float]
) -> Compared:
    name = f"{value.metric}/{value.subject}"
    metric = known.get(name)
    predicted = None if metric is None else metric.value
    return Compared(
        measured=value,
        predicted=predicted,
        limit=limits.get(name),
        why=_why(value, metric),
    )


def _why(value: MeasuredValue, metric: Metric | None) -> str:
    """What keeps a value from being compared, or an empty string."""
    if value.value is None:
        return value.why or "it was not measured"
    if not value.value > 0:
        return f"a measured error of {value.value:g} is a placeholder"
    if metric is None:
        return "the profile does not predict it"
    if metric.value is None:
        return metric.why
    if not metric.value > 0:
        return f"the predicted error is {metric.value:g}, not above 0"
    return ""


def _ratio(value: float | None, measured: float | None) -> float | None:
    if value is None or measured is None or not (value > 0 and measured > 0):
        return None
    return value / measured


def _preference(row: Compared) -> tuple[bool, float, str]:
    return bool(row.why), math.inf if row.limit is None else row.limit, row.measured.subject
