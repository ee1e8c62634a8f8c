"""The scenario document: something is wrong with the machine, and a release is judged under it.

Every fault changes a value that the simulation reads: the cryostat, a line, the workload, the
table's timing, or which measurements there are at all.
"""

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qtregress.chip.chip import Chip, Stage
from qtregress.chip.cryostat import resolve
from qtregress.document import Index, Model, Name, Positive, Real, Source
from qtregress.errors import InputError
from qtregress.pulses.profile import Channel, Gate, Profile, ShiftPhase, end_of
from qtregress.thermal.plates import cooling_coefficient
from qtregress.thermal.workload import Workload

Pattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+:*?-]+$", max_length=120)]


class CryocoolerDrift(Model):
    """A stage cools less and rests warmer than it did."""

    kind: Literal["cryocooler_drift"]
    stage: Name
    cooling_power_factor: Annotated[Positive, Field(le=1)] = 1.0
    unloaded_factor: Annotated[Positive, Field(ge=1)] = 1.0

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.cooling_power_factor == self.unloaded_factor == 1:
            msg = "a cryocooler_drift must have a factor that is not 1, but has none"
            raise ValueError(msg)
        return self


class HotSpot(Model):
    """The electronics of one qubit's drive line put out more than they should."""

    kind: Literal["hot_spot"]
    qubit: Index
    gain: Annotated[Real, Field(gt=-1, le=10)]

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.gain == 0:
            msg = "a hot_spot must have a gain that is not 0, but has none"
            raise ValueError(msg)
        return self


class TelemetryGap(Model):
    """A sensor is missing: of a stage's temperature, or of a qubit's T1 and T2."""

    kind: Literal["telemetry_gap"]
    stage: Name | None = None
    qubit: Index | None = None

    @model_validator(mode="after")
    def _names_one_sensor(self) -> Self:
        if (self.stage is None) == (self.qubit is None):
            msg = "a telemetry_gap must name a stage or a qubit, and only one of them"
            raise ValueError(msg)
        return self


class OvercommittedLoad(Model):
    """More work than declared: a larger busy fraction, more lines, or both."""

    kind: Literal["overcommitted_load"]
    busy_fraction: Annotated[float, Field(strict=True, gt=0, le=1)] | None = None
    lines: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.busy_fraction is None and self.lines is None:
            msg = "an overcommitted_load must give busy_fraction or lines, but gives neither"
            raise ValueError(msg)
        return self


class TimingChange(Model):
    """The new firmware starts one channel's pulses late in every gate that matches."""

    kind: Literal["timing_change"]
    channel: Channel
    delay: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    gates: Pattern = "*"


Fault = Annotated[
    CryocoolerDrift | HotSpot | TelemetryGap | OvercommittedLoad | TimingChange,
    Field(discriminator="kind"),
]


class Scenario(Model):
    """``qtregress/scenario@1``: what is wrong, all of it at once."""

    format: Literal["qtregress/scenario@1"]
    name: Name
    faults: Annotated[tuple[Fault, ...], Field(min_length=1, max_length=32)]
    source: Source | None = None

    @model_validator(mode="after")
    def _faults_do_not_add_up(self) -> Self:
        """Two faults of one kind in one place would go beyond what one of them may be."""
        places = [_place(fault) for fault in self.faults]
        twice = [place for place, number in Counter(places).items() if number > 1]
        if twice:
            msg = f"faults must be one of a kind in one place, but two are: {twice[0]}"
            raise ValueError(msg)
        return self


def _place(fault: Fault) -> str:
    """``hot_spot of qubit 0``; work is overcommitted in one place only, the machine."""
    match fault:
        case HotSpot():
            return f"{fault.kind} of qubit {fault.qubit}"
        case CryocoolerDrift():
            return f"{fault.kind} of stage {fault.stage}"
        case TimingChange():
            return f"{fault.kind} of channel {fault.channel}"
        case TelemetryGap():
            what = f"qubit {fault.qubit}" if fault.stage is None else f"stage {fault.stage}"
            return f"{fault.kind} of {what}"
        case OvercommittedLoad():
            return fault.kind


def faulty_chip(scenario: Scenario, chip: Chip) -> Chip:
    """The chip and its cryostat under the scenario.

    Raises:
        InputError: a fault names a stage or a qubit that is not there.
    """
    for fault in scenario.faults:
        if isinstance(fault, CryocoolerDrift):
            chip = _drifted(chip, fault)
        if isinstance(fault, HotSpot):
            chip = _hotter(chip, fault)
        if isinstance(fault, TelemetryGap):
            _check_sensor(chip, fault)
    return chip


def _drifted(chip: Chip, fault: CryocoolerDrift) -> Chip:
    cryostat = resolve(chip.cryostat)
    _known(fault.stage, [stage.name for stage in cryostat.stages], "stage")
    stages = [_weaker(one, fault) if one.name == fault.stage else one for one in cryostat.stages]
    weaker = cryostat.model_copy(update={"stages": tuple(stages)})
    return chip.model_copy(update={"cryostat": weaker})


def _weaker(stage: Stage, fault: CryocoolerDrift) -> Stage:
    """Its coefficient a of a (T^2 - T0^2) falls and its T0 rises: it is warmer at any load."""
    unloaded_k = stage.unloaded_k * fault.unloaded_factor
    if unloaded_k >= stage.temperature_k:
        raise InputError(
            f"unloaded_factor of stage {stage.name} must leave it below the "
            f"{stage.temperature_k:g} K at which it is rated, but makes it {unloaded_k:g} K."
        )
    coefficient = cooling_coefficient(stage) * fault.cooling_power_factor
    update = {
        "cooling_power_w": coefficient * (stage.temperature_k**2 - unloaded_k**2),
        "unloaded_k": unloaded_k,
    }
    return stage.model_copy(update=update)


def _hotter(chip: Chip, fault: HotSpot) -> Chip:
    _known(fault.qubit, [qubit.index for qubit in chip.qubits], "qubit")
    qubits = []
    for qubit in chip.qubits:
        drive = qubit.drive
        if qubit.index == fault.qubit:
            more = drive.rabi_hz_per_amp * (1 + fault.gain)
            drive = drive.model_copy(update={"rabi_hz_per_amp": more})
        qubits.append(qubit.model_copy(update={"drive": drive}))
    return chip.model_copy(update={"qubits": tuple(qubits)})


def _check_sensor(chip: Chip, fault: TelemetryGap) -> None:
    if fault.stage is not None:
        _known(fault.stage, [stage.name for stage in resolve(chip.cryostat).stages], "stage")
    if fault.qubit is not None:
        _known(fault.qubit, [qubit.index for qubit in chip.qubits], "qubit")


def _known(name: object, names: Sequence[object], what: str) -> None:
    if name not in names:
        listed = ", ".join(map(str, names))
        raise InputError(f"The scenario's {what} must be one of {listed}, but is {name}.")


def faulty_workload(scenario: Scenario, workload: Workload) -> Workload:
    """The workload under the scenario.

    Raises:
        InputError: it asks for a busy fraction where circuits or jobs say how busy lines are.
    """
    for fault in scenario.faults:
        if isinstance(fault, OvercommittedLoad):
            if fault.busy_fraction is not None and (workload.circuits or workload.timeline):
                raise InputError(
                    "The scenario's busy_fraction must go with a gate mix, but the workload's "
                    "circuits or jobs say how busy the lines are."
                )
            more = fault.model_dump(include={"busy_fraction", "lines"}, exclude_none=True)
            workload = workload.model_copy(update=more)
    return workload


def late_profile(scenario: Scenario, profile: Profile) -> Profile:
    """The new release's table under the scenario: delayed pulses, gates as long as they need.

    Raises:
        InputError: a timing change delays nothing.
    """
    for fault in scenario.faults:
        if isinstance(fault, TimingChange):
            gates = [
                _late(gate, fault) if fnmatchcase(gate.id, fault.gates) else gate
                for gate in profile.gates
            ]
            if tuple(gates) == profile.gates:
                raise InputError(
                    f"The scenario's timing_change must delay a pulse, but no gate that matches "
                    f"{fault.gates} plays on {fault.channel}."
                )
            profile = profile.model_copy(update={"gates": tuple(gates)})
    return profile


def _late(gate: Gate, fault: TimingChange) -> Gate:
    """Frame changes stay where they are: the fault is in what plays, not in what counts."""
    rows = [
        row.model_copy(update={"t0": row.t0 + fault.delay})
        if row.channel == fault.channel and not isinstance(row, ShiftPhase)
        else row
        for row in gate.pulses
    ]
    ends = max([gate.duration, *(end_of(row) for row in rows)])
    return gate.model_copy(update={"pulses": tuple(rows), "duration": ends})


_OF_A_STAGE = (
    "gate.error_at_load/*",
    "gate.leakage_at_load/*",
    "rb.epc_at_load/*",
    "qubit.t1_at_load_s/*",
    "qubit.t2_at_load_s/*",
    "thermal.film_k/*",
    "thermal.film_peak_k/*",
    "thermal.line_photons/*",
    "thermal.extra_photons/*",
    "thermal.extra_dephasing_per_s/*",
    "thermal.recovery_s/*",
    "heat.quantum_j/*",
    "heat.bath_j/*",
    "thermo.*",
)
"""What follows from the temperatures of plates."""
_OF_A_QUBIT = (
    *("gate.", "layer.", "rb.", "qubit.", "thermo.", "heat.quantum_j", "heat.bath_j"),
    *("thermal.extra_photons", "thermal.extra_dephasing_per_s"),
)
"""What follows from T1 and T2."""


def unknown_because(scenario: Scenario, metric: str, subject: str) -> str:
    """Which missing sensor leaves this metric undecided, or an empty string."""
    for fault in scenario.faults:
        if isinstance(fault, TelemetryGap) and _hides(fault, metric, subject):
            what = f"stage {fault.stage}" if fault.stage else f"qubit {fault.qubit}"
            return f"the scenario {scenario.name} has no telemetry of {what}"
    return ""


def _hides(fault: TelemetryGap, metric: str, subject: str) -> bool:
    if fault.stage is not None:
        of_plates = any(fnmatchcase(f"{metric}/{subject}", one) for one in _OF_A_STAGE)
        return of_plates or (metric.startswith("thermal.") and subject == fault.stage)
    if metric == "gate.duration_s" or not metric.startswith(_OF_A_QUBIT):
        return False
    qubits = subject.partition("@")[0].rpartition(":")[2].split("-")
    return str(fault.qubit) in qubits
