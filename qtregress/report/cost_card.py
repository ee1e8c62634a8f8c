"""The thermal cost card: what each gate and each job costs the cryostat, for a scheduler."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from qtregress.chip.chip import Chip
from qtregress.document import Model, Name, NonNegative, Positive, Real
from qtregress.pulses.profile import Channel, Profile
from qtregress.thermal.dissipation import line_heat
from qtregress.thermal.heat import pulse_energies_j
from qtregress.thermal.timeline import JobLoad, Timeline, repetition_loads
from qtregress.thermal.use import NO_COUNTS, CircuitCounts, GateHeat, unknown_heat
from qtregress.thermal.workload import Workload
from qtregress.units import PLANCK_J_S

GateId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]+:[0-9]+(-[0-9]+)*$")]
PulseName = Annotated[str, Field(pattern=r"^[dumf][0-9]+@[0-9]+$")]
ByStage = dict[Name, Real]
"""Heat; that of a flux pulse against its bias is negative, it takes heat away."""


class GateCost(Model):
    """One execution of a gate.

    ``chip_energy_j`` arrives at the chip, by line (``d0`` drive, ``m0`` readout, ``f0`` flux);
    ``chip_photons`` is the same counted in photons of the lines' frequencies, flux lines apart.
    ``stage_energy_j`` is what the lines make heat of on every stage. ``pulses_j`` is what each
    pulse would bring by itself, by channel and start in dt; where two play on one line at once
    they interfere, and their sum is not the gate's.
    """

    duration_s: Positive
    chip_energy_j: dict[Channel, Real]
    pulses_j: dict[PulseName, Real]
    chip_photons: NonNegative
    stage_energy_j: ByStage


class JobCost(Model):
    """One job of the timeline, one repetition of a circuit, or an hour of a gate mix.

    Heat is that of pulses on all driven lines; ``resting_w`` comes on top of it.
    ``budget_share`` is the mean heat over the stage's cooling power while the job lasts.
    """

    name: Name
    start_s: NonNegative | None = None
    duration_s: Positive
    mean_power_w: ByStage
    energy_j: ByStage
    budget_share: ByStage


class CostCard(Model):
    """``qtregress/costcard@1``: what gates and jobs cost the cryostat.

    Gates count once, jobs on all ``copies`` of the chip's lines. ``resting_w`` is what cables
    and bias currents conduct all day, ``budget_w`` what each stage can cool. ``unknown_heat``
    names gates of the circuits that no cost contains. ``status`` is that of the temperatures
    under the workload: ``ok``, or what went wrong.
    """

    format: Literal["qtregress/costcard@1"]
    device: Name
    firmware: Name
    cryostat: Name
    copies: Positive
    budget_w: ByStage
    resting_w: ByStage
    gates: dict[GateId, GateCost]
    jobs: tuple[JobCost, ...]
    unknown_heat: tuple[GateId, ...] = ()
    status: Annotated[str, Field(max_length=40)]
    advice: Annotated[str, Field(max_length=2000)] = ""


def cost_card(
    profile: Profile,
    chip: Chip,
    gates: Sequence[GateHeat],
    workload: Workload,
    found: Timeline,
    counts: Mapping[str, CircuitCounts] = NO_COUNTS,
) -> CostCard:
    """The card of a profile on its chip under a workload.

    Args:
        profile: whose gates these are.
        chip: on which they play.
        gates: heat of those gates where it is known.
        workload: of any kind.
        found: what `qtregress.thermal.timeline.timeline` made of it.
        counts: of the workload's circuits by name.

    Raises:
        InputError: the workload does not fit the gates, or the chip its cryostat.
    """
    jobs = found.jobs
    if workload.circuits and not workload.timeline:
        jobs = repetition_loads(chip, gates, workload, counts)
    return CostCard(
        format="qtregress/costcard@1",
        device=profile.device,
        firmware=profile.firmware,
        cryostat=found.cryostat,
        copies=found.copies,
        budget_w=dict(found.budget_w),
        resting_w=dict(found.resting_w),
        gates={gate.id: _gate_cost(gate, profile, chip) for gate in gates if gate.duration_s > 0},
        jobs=tuple(_job_cost(job, found, timed=bool(workload.timeline)) for job in jobs),
        unknown_heat=unknown_heat(gates, counts),
        status=found.status,
        advice=found.advice,
    )


def cost_card_text(card: CostCard) -> str:
    """ASCII JSON in the documented order of keys, gates sorted, every number finite."""
    value = card.model_dump(mode="json")
    value["gates"] = dict(sorted(value["gates"].items()))
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def _gate_cost(gate: GateHeat, profile: Profile, chip: Chip) -> GateCost:
    energy_j = {line: gate.energy_j(line) for line in sorted(gate.lines)}
    stages: dict[str, float] = {}
    for line, at_chip_j in energy_j.items():
        for stage, heat_j in line_heat(chip.qubit(int(line[1:])), line, at_chip_j).items():
            stages[stage] = stages.get(stage, 0.0) + heat_j
    return GateCost(
        duration_s=gate.duration_s,
        chip_energy_j=energy_j,
        pulses_j=pulse_energies_j(profile.by_id[gate.id], profile, chip),
        chip_photons=sum(_photons(line, one_j, chip) for line, one_j in energy_j.items()),
        stage_energy_j=stages,
    )


def _photons(line: str, energy_j: float, chip: Chip) -> float:
    """Photons of the line's frequency; none on a flux line, whose pulses are no microwaves."""
    qubit = chip.qubit(int(line[1:]))
    frequency_hz = {"d": qubit.frequency_hz, "m": qubit.readout.frequency_hz}.get(line[0])
    return energy_j / (PLANCK_J_S * frequency_hz) if frequency_hz else 0.0


def _job_cost(job: JobLoad, found: Timeline, *, timed: bool) -> JobCost:
    return JobCost(
        name=job.name,
        start_s=job.start_s if timed else None,
        duration_s=job.duration_s,
        mean_power_w=dict(job.active_w),
        energy_j={stage: power_w * job.duration_s for stage, power_w in job.active_w.items()},
        budget_share={
            stage: power_w / found.budget_w[stage] for stage, power_w in job.active_w.items()
        },
    )
