"""The workload document: what the machine does all day, hence how warm it is."""

from collections import Counter
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qtregress.document import Model, Name, NonNegative, Positive, Source

MAX_QASM = 200_000
"""Characters of one circuit."""

BusyFraction = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
GateShare = Annotated[Positive, Field(ge=1e-6, le=1e6)]
GateMix = Annotated[dict[Name, GateShare], Field(min_length=1)]

_BUSY_FRACTION = 0.33
_GATE_MIX = {"sx": 1.65, "cx": 1.5}
_LONGEST_S = 1e9
_SHORTEST_JOB_S = 1e-3
"""Plates take seconds; what is far shorter is lost in the rounding of what is long."""
_ROUNDING = 1e-9
"""Of the times of a timeline, so that 0.1 + 0.2 may be followed by 0.3."""


class Circuit(Model):
    """A circuit in OpenQASM 2 or 3 that is repeated all the time.

    Its qubit k is qubit k of the chip. Gates that the profile lacks are translated.
    """

    name: Name
    qasm: Annotated[str, Field(min_length=1, max_length=MAX_QASM)]
    repetition_rate_hz: Annotated[Positive, Field(ge=1e-9, le=1e9)]


class Job(Model):
    """What the machine does from ``start_s`` on: gates at random, or one of the circuits.

    Without a ``gate_mix`` of its own, a job has the workload's.
    """

    name: Name
    start_s: Annotated[NonNegative, Field(le=_LONGEST_S)]
    duration_s: Annotated[Positive, Field(le=_LONGEST_S)]
    busy_fraction: BusyFraction | None = None
    gate_mix: GateMix | None = None
    circuit: Name | None = None

    @property
    def end_s(self) -> float:
        """When the lines rest again."""
        return self.start_s + self.duration_s

    @model_validator(mode="after")
    def _plays_one_thing(self) -> Self:
        if (self.busy_fraction is None) == (self.circuit is None):
            msg = (
                "a job must have either busy_fraction or circuit, "
                f"but {self.name} has {'neither' if self.circuit is None else 'both'}"
            )
            raise ValueError(msg)
        if self.circuit is not None and self.gate_mix is not None:
            msg = f"gate_mix must go with busy_fraction, but {self.name} plays a circuit"
            raise ValueError(msg)
        return self


class Workload(Model):
    """How busy the lines are and with what: gates at random, circuits, or a timeline of jobs.

    Every driven line executes gates during ``busy_fraction`` of the time. ``gate_mix`` is
    what one qubit takes part in: relative numbers of executions by gate name, spread
    evenly over the gates of that name (``cx`` over every ``cx`` that involves the qubit).
    ``gates_in_a_row`` of them play back to back before the line rests.

    With ``circuits``, each is repeated at its own rate, all of them side by side. With a
    ``timeline``, its jobs say what plays when, and the circuits are theirs to name; the lines
    rest in between, and ``repeat_every_s`` starts the timeline anew.

    ``lines`` is how many lines like the chip's own are driven at once in this cryostat;
    without it, the chip's own.
    """

    format: Literal["qtregress/workload@1"]
    busy_fraction: BusyFraction = _BUSY_FRACTION
    gate_mix: GateMix = Field(default=_GATE_MIX)
    gates_in_a_row: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 50
    circuits: Annotated[tuple[Circuit, ...], Field(max_length=100)] = ()
    timeline: Annotated[tuple[Job, ...], Field(max_length=1_000)] = ()
    repeat_every_s: Annotated[Positive, Field(le=_LONGEST_S)] | None = None
    lines: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    source: Source | None = None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The timeline in order of time."""
        return tuple(sorted(self.timeline, key=lambda job: job.start_s))

    @property
    def span_s(self) -> float:
        """From zero to the end of the last job, or to where the timeline starts anew."""
        return self.repeat_every_s or max((job.end_s for job in self.timeline), default=0.0)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        """Two answers to one question would leave one of them silently unused."""
        if (self.circuits or self.timeline) and self.busy_fraction != _BUSY_FRACTION:
            whose = "jobs" if self.timeline else "circuits"
            msg = f"busy_fraction must be left out where {whose} say how busy the lines are"
            raise ValueError(msg)
        if self.circuits and not self.timeline and self.gate_mix != _GATE_MIX:
            msg = "gate_mix must be left out where circuits say what plays"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Self:
        circuits = [circuit.name for circuit in self.circuits]
        for what, names in (("circuits", circuits), ("jobs", [job.name for job in self.timeline])):
            twice = [name for name, number in Counter(names).items() if number > 1]
            if twice:
                msg = f"{what} must have distinct names, but two are called {twice[0]}"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _jobs_and_circuits_meet(self) -> Self:
        circuits = [circuit.name for circuit in self.circuits]
        played = {job.circuit for job in self.timeline}
        for job in self.timeline:
            if job.circuit is not None and job.circuit not in circuits:
                known = ", ".join(circuits) or "none"
                msg = f"circuit of job {job.name} must be one of {known}, but is {job.circuit}"
                raise ValueError(msg)
        for name in circuits:
            if self.timeline and name not in played:
                msg = f"every circuit must be played by a job of the timeline, but {name} is not"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _jobs_come_one_after_the_other(self) -> Self:
        for job in self.timeline:
            if job.duration_s < _SHORTEST_JOB_S:
                msg = (
                    f"duration_s of job {job.name} must be at least {_SHORTEST_JOB_S:g}, "
                    f"but is {job.duration_s:g}"
                )
                raise ValueError(msg)
        for job, following in pairwise(self.jobs):
            if following.start_s < job.end_s * (1 - _ROUNDING):
                msg = (
                    f"jobs must not overlap, but {following.name} starts at "
                    f"{following.start_s:g} s, before {job.name} ends at {job.end_s:g} s"
                )
                raise ValueError(msg)
        if self.repeat_every_s is None:
            return self
        if not self.timeline:
            msg = "repeat_every_s must go with a timeline, but there is none"
            raise ValueError(msg)
        end_s = self.jobs[-1].end_s
        if self.repeat_every_s < end_s * (1 - _ROUNDING):
            msg = (
                f"repeat_every_s must be at least {end_s:g}, where the last job ends, "
                f"but is {self.repeat_every_s:g}"
            )
            raise ValueError(msg)
        return self


def job_workload(workload: Workload, job: Job) -> Workload:
    """What would be declared if the machine did nothing but this job all day."""
    fields = {name: getattr(workload, name) for name in ("gates_in_a_row", "lines", "source")}
    if job.circuit is not None:
        circuits = tuple(one for one in workload.circuits if one.name == job.circuit)
        return Workload(format=workload.format, circuits=circuits, **fields)
    return Workload(
        format=workload.format,
        busy_fraction=_BUSY_FRACTION if job.busy_fraction is None else job.busy_fraction,
        gate_mix=job.gate_mix or workload.gate_mix,
        **fields,
    )


DEFAULT_WORKLOAD = Workload(
    format="qtregress/workload@1",
    source=Source(
        description=(
            "Two-qubit Cliffords as one qubit sees them, compiled to sx, virtual Z and cx in one "
            "direction: 1.5 cx and 1.65 sx (2.0 on controls, 1.3 on targets); 33 % duty as in "
            "Krinner et al., EPJ Quantum Technology 6:2 (2019)"
        )
    ),
)
"""33 % busy with two-qubit Cliffords, on as many lines as the chip has qubits."""
