"""The fridge over time: temperatures under a timeline of jobs, and how soon it recovers.

What is the same all day, a gate mix or circuits, is one job that never ends: its temperatures
stand still, and what remains of the questions is how the machine recovers when it stops.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.chip import Chip, Cryostat
from qtregress.chip.cryostat import cryostat_of
from qtregress.thermal.load import active_power_w, resting_power_w
from qtregress.thermal.noise import cascade_photons
from qtregress.thermal.plates import relaxation_s, steady, utilization
from qtregress.thermal.plates_over_time import History, Segment, periodic, transient
from qtregress.thermal.use import (
    NO_COUNTS,
    CircuitCounts,
    GateHeat,
    copies,
    line_powers_w,
    unknown_heat,
    uses,
)
from qtregress.thermal.workload import Job, Workload, job_workload

Floats = NDArray[np.float64]
ExtraError = Callable[[Mapping[str, float]], float]
"""From temperatures in K by stage to an error."""
Kind = Literal["once", "repeated", "steady"]

RECOVERED = 0.1
"""Share of the extra error that may be left."""

_ALL_DAY = Job(name="all-day", start_s=0.0, duration_s=3600.0, busy_fraction=0.0)
"""The job that what never changes is shown as; an hour of it."""
_EVEN_POINTS = 2000
_POINTS_A_SEGMENT = 24
_MOST_POINTS = 40_000
_RECOVERY_POINTS = 256
_RELAXATIONS = 20.0
"""Time constants of the slowest plate after which recovery is no longer waited for."""
_LAST_DIGITS = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLoad:
    """What one job puts on the stages.

    Attributes:
        name: of the job.
        start_s: when it starts.
        duration_s: how long it lasts.
        active_w: mean heat of its pulses by stage, on all lines of the cryostat.
    """

    name: str
    start_s: float
    duration_s: float
    active_w: Mapping[str, float]

    @property
    def end_s(self) -> float:
        """When its lines rest again."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How long after a job the machine works again as if it had rested.

    Attributes:
        job: the hottest one, after which the lines are taken to rest.
        photons_s: until the extra photons that the plates send down the drive lines are a
            tenth of what they are at the job's end; None where that is not known.
        error_s: the same of the extra error, where that was asked for.
        why: the reason for what is None.
    """

    job: str
    photons_s: float | None = None
    error_s: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """The cryostat under its jobs.

    Attributes:
        cryostat: its name.
        jobs: in order of time.
        resting_w: heat by stage of cables and bias currents, which is always there.
        budget_w: cooling power by stage.
        copies: how many lines like each of the chip's own are driven.
        kind: ``once``: temperatures start where nothing plays; ``repeated``: the timeline
            starts anew at its end, for ever; ``steady``: one job that never ends.
        history: temperatures over time.
        mean_utilization: share of the budget that all heat takes by stage, mean over time.
        peak_utilization: the same at its highest.
        recovery: after the hottest job.
        status: "ok" or what went wrong; the temperatures must not be believed then.
        advice: what to do about it.
    """

    cryostat: str
    jobs: tuple[JobLoad, ...]
    resting_w: Mapping[str, float]
    budget_w: Mapping[str, float]
    copies: float
    kind: Kind
    history: History
    mean_utilization: Mapping[str, float]
    peak_utilization: Mapping[str, float]
    recovery: Recovery
    status: str
    advice: str


def timeline(
    chip: Chip,
    gates: Sequence[GateHeat],
    workload: Workload,
    counts: Mapping[str, CircuitCounts] = NO_COUNTS,
    *,
    extra_error: ExtraError | None = None,
) -> Timeline:
    """Temperatures, utilization and recovery under the workload, whichever kind it is.

    Args:
        chip: with its cryostat.
        gates: heat of those gates where it is known.
        workload: a gate mix, circuits or a timeline.
        counts: of the workload's circuits by name.
        extra_error: what to follow besides photons while the machine recovers.

    Raises:
        InputError: the workload does not fit the gates, or the chip its cryostat.
    """
    cryostat = cryostat_of(chip)
    jobs = job_loads(chip, gates, workload, counts)
    scale = copies(uses(gates, _first(workload), counts), workload)
    resting_w = resting_power_w(chip, cryostat, lines=workload.lines)
    kind = _kind(workload)
    span_s = workload.span_s if workload.timeline else _ALL_DAY.duration_s
    segments = _segments(jobs, resting_w, span_s)
    history = _history(cryostat, segments, resting_w, repeats=kind != "once")
    mean, peak = _utilizations(cryostat, segments)
    bath = _Bath(chip=chip, cryostat=cryostat, resting_w=resting_w)
    if unknown := unknown_heat(gates, counts):
        advice = f"The workload plays gates whose heat is not known: {', '.join(unknown)}."
        history = replace(history, status="unknown heat", advice=advice)
    return Timeline(
        cryostat=cryostat.name,
        jobs=jobs,
        resting_w=resting_w,
        budget_w={stage.name: stage.cooling_power_w for stage in cryostat.stages},
        copies=scale,
        kind=kind,
        history=history,
        mean_utilization=mean,
        peak_utilization=peak,
        recovery=_recovery(bath, hottest(jobs), history, extra_error),
        status=history.status,
        advice=history.advice,
    )


def job_loads(
    chip: Chip,
    gates: Sequence[GateHeat],
    workload: Workload,
    counts: Mapping[str, CircuitCounts] = NO_COUNTS,
) -> tuple[JobLoad, ...]:
    """What every job puts on the stages, in order of time.

    Raises:
        InputError: the workload does not fit the gates, or the chip its cryostat.
    """
    if not workload.timeline:
        return (_job_load(chip, gates, _ALL_DAY, workload, counts),)
    return tuple(
        _job_load(chip, gates, job, job_workload(workload, job), counts) for job in workload.jobs
    )


def repetition_loads(
    chip: Chip,
    gates: Sequence[GateHeat],
    workload: Workload,
    counts: Mapping[str, CircuitCounts],
) -> tuple[JobLoad, ...]:
    """What one repetition of every circuit puts on the stages, over its share of a second.

    Raises:
        InputError: a circuit does not fit its repetition rate, or the chip its cryostat.
    """
    loads = []
    for circuit in workload.circuits:
        once = Job(
            name=circuit.name,
            start_s=0.0,
            duration_s=1 / circuit.repetition_rate_hz,
            circuit=circuit.name,
        )
        loads.append(_job_load(chip, gates, once, job_workload(workload, once), counts))
    return tuple(loads)


def _job_load(
    chip: Chip,
    gates: Sequence[GateHeat],
    job: Job,
    declared: Workload,
    counts: Mapping[str, CircuitCounts],
) -> JobLoad:
    """The job's load, if it alone were declared."""
    found = uses(gates, declared, counts)
    active_w = active_power_w(
        chip, cryostat_of(chip), line_powers_w(found, gates), scale=copies(found, declared)
    )
    return JobLoad(name=job.name, start_s=job.start_s, duration_s=job.duration_s, active_w=active_w)


def hottest(jobs: Sequence[JobLoad]) -> JobLoad:
    """The job with the highest mean power at the coldest stage; of equals, above it."""
    return max(jobs, key=lambda job: tuple(job.active_w.values())[::-1])


def worst_hour(
    chip: Chip,
    gates: Sequence[GateHeat],
    workload: Workload,
    counts: Mapping[str, CircuitCounts] = NO_COUNTS,
) -> Workload:
    """The workload of which everything at load is measured: as if its hottest job never ended.

    A release must work in its worst hour; the mean over a day would hide it.

    Raises:
        InputError: the workload does not fit the gates, or the chip its cryostat.
    """
    if not workload.timeline:
        return workload
    name = hottest(job_loads(chip, gates, workload, counts)).name
    return job_workload(workload, next(job for job in workload.jobs if job.name == name))


def _kind(workload: Workload) -> Kind:
    if not workload.timeline:
        return "steady"
    return "once" if workload.repeat_every_s is None else "repeated"


def _first(workload: Workload) -> Workload:
    """Any part of the workload that is the same all day: each has the same lines."""
    return job_workload(workload, workload.jobs[0]) if workload.timeline else workload


def _segments(
    jobs: Sequence[JobLoad], resting_w: Mapping[str, float], span_s: float
) -> list[Segment]:
    """All heat by stage from one change to the next, rests between jobs included."""
    found: list[Segment] = []
    now_s, least_s = 0.0, 1e-9 * span_s
    for job in jobs:
        if job.start_s - now_s > least_s:
            found.append((job.start_s - now_s, resting_w))
            now_s = job.start_s
        total_w = {name: rest + job.active_w[name] for name, rest in resting_w.items()}
        found.append((job.end_s - now_s, total_w))
        now_s = job.end_s
    return [*found, (span_s - now_s, resting_w)] if span_s - now_s > least_s else found


def _history(
    cryostat: Cryostat,
    segments: Sequence[Segment],
    resting_w: Mapping[str, float],
    *,
    repeats: bool,
) -> History:
    at_s = _times_s([duration_s for duration_s, _ in segments])
    if repeats:
        return periodic(cryostat, segments, at_s=at_s)
    rested = steady(cryostat, resting_w)
    if rested.temperature_k:
        return transient(cryostat, segments, start_k=rested.temperature_k, at_s=at_s)
    return transient(cryostat, segments, at_s=at_s)


def _times_s(durations_s: Sequence[float]) -> Floats:
    """Even times over all, and denser ones after every change."""
    edges_s = np.append(0.0, np.cumsum(durations_s))
    count = int(np.clip(_MOST_POINTS // len(durations_s), 2, _POINTS_A_SEGMENT))
    inside = np.geomspace(1e-4, 1.0, count, endpoint=False)
    after_s = [start + (end - start) * inside for start, end in pairwise(edges_s)]
    return np.unique(np.concatenate([np.linspace(0, edges_s[-1], _EVEN_POINTS), edges_s, *after_s]))


def _utilizations(
    cryostat: Cryostat, segments: Sequence[Segment]
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and highest share of the budget by stage."""
    total_s = sum(duration_s for duration_s, _ in segments)
    mean, peak = {}, {}
    for stage in cryostat.stages:
        energy_j = sum(duration_s * load_w[stage.name] for duration_s, load_w in segments)
        mean[stage.name] = utilization(stage, energy_j / total_s)
        peak[stage.name] = max(utilization(stage, load_w[stage.name]) for _, load_w in segments)
    return mean, peak


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bath:
    """The chip in its cryostat while nothing plays."""

    chip: Chip
    cryostat: Cryostat
    resting_w: Mapping[str, float]

    def photons(self, temperatures_k: Mapping[str, float]) -> float:
        """At the ends of all drive lines together, films as cold as their plates."""
        return sum(
            cascade_photons(
                qubit.frequency_hz, qubit.drive.attenuators, temperatures_k=temperatures_k
            )
            for qubit in self.chip.qubits
        )


def _recovery(
    bath: _Bath, job: JobLoad, history: History, extra_error: ExtraError | None
) -> Recovery:
    rested = steady(bath.cryostat, bath.resting_w)
    for status, advice in ((history.status, history.advice), (rested.status, rested.advice)):
        if status != "ok":
            return Recovery(job=job.name, why=advice)
    place = int(np.argmin(np.abs(history.time_s - job.end_s)))
    warm_k = dict(zip(history.stages, history.temperature_k[place].tolist(), strict=True))
    horizon_s = _RELAXATIONS * max(relaxation_s(stage) for stage in bath.cryostat.stages)
    if horizon_s == 0:
        why = "No stage has a heat capacity: the plates follow their loads at once."
        return Recovery(job=job.name, why=why)
    cooling = transient(
        bath.cryostat,
        [(horizon_s, bath.resting_w)],
        start_k=warm_k,
        at_s=np.geomspace(1e-6 * horizon_s, horizon_s, _RECOVERY_POINTS),
    )
    if cooling.status != "ok":
        return Recovery(job=job.name, why=cooling.advice)
    photons_s = _until_recovered(bath.photons, warm_k, cooling, rested.temperature_k)
    error_s = None
    if extra_error is not None:
        error_s = _until_recovered(extra_error, warm_k, cooling, rested.temperature_k)
    lost = photons_s is None or (extra_error is not None and error_s is None)
    why = f"It has not recovered {horizon_s:.3g} s after the job." if lost else ""
    return Recovery(job=job.name, photons_s=photons_s, error_s=error_s, why=why)


def _until_recovered(
    of: ExtraError,
    warm_k: Mapping[str, float],
    cooling: History,
    rested_k: Mapping[str, float],
) -> float | None:
    """Time in s until a tenth of the excess over the rested state is left; None if never.

    The excess falls from one time to the next as a straight line over the logarithm of time.
    """
    base = of(rested_k)
    excess = of(warm_k) - base
    if excess <= _LAST_DIGITS * abs(base):
        return 0.0
    before_s, before = float(cooling.time_s[0]) / 2, 1.0
    for time_s, row in zip(cooling.time_s.tolist(), cooling.temperature_k.tolist(), strict=True):
        left = (of(dict(zip(cooling.stages, row, strict=True))) - base) / excess
        if left <= RECOVERED:
            share = (before - RECOVERED) / (before - left)
            return float(before_s * (time_s / before_s) ** share)
        before_s, before = time_s, left
    return None
