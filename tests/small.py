"""Real devices cut to one or two qubits: the shipped fit stays, so that nothing is refitted.

One qubit of ibm_lima is measured in a tenth of a second once the libraries are loaded, its
qubits 0 and 1 with one cx in a few seconds.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from qtregress.channels.changed import Scope
from qtregress.channels.memory import Store
from qtregress.chip.chip import Chip
from qtregress.files.documents import dump, load
from qtregress.identity import digest
from qtregress.metrics.collect import collect
from qtregress.metrics.compare import Measured
from qtregress.metrics.metric import Metric
from qtregress.pipeline import Means, Side, grounds, judge, measure
from qtregress.pulses.profile import Gate, Profile, ShapedPulse, ShiftPhase
from qtregress.run import Run, in_order
from qtregress.thermal.workload import DEFAULT_WORKLOAD, Workload
from qtregress.verdict.decide import Decision
from qtregress.verdict.policy import Policy
from qtregress.verdict.verdict import JudgedMetric

ROOT = Path(__file__).resolve().parent.parent
LIMA = ROOT / "pulse_profiles" / "ibm_lima"
SHIPPED = Policy(format="qtregress/policy@1")
PAIR = (0, 1)
ONE_CX = frozenset({"cx:1-0"})
"""Left out of the pair: one cross-resonance gate is enough, and the other is shorter."""

Edit = Callable[[str, Any], Any]
"""From a gate's id and one of its rows to the row that stands there instead."""

Release = Callable[[Profile], Profile]
"""What a new release does to the table of the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A profile and the chip whose lines were fitted to it."""

    chip: Chip
    profile: Profile


@cache
def lima() -> Case:
    """All five qubits of ibm_lima as shipped."""
    return Case(
        chip=load(LIMA / "chip.yaml", Chip).value,
        profile=load(LIMA / "2021-03-14.yaml", Profile).value,
    )


@cache
def small(*qubits: int) -> Case:
    """Lima's profile and fitted chip, cut to these qubits; of a pair only cx:0-1."""
    whole = lima()
    chip = cut_chip(whole.chip, qubits)
    profile = cut_profile(whole.profile, chip)
    assert chip.fit is not None
    fit = chip.fit.model_copy(update={"profile": digest(profile)})
    return Case(chip=chip.model_copy(update={"fit": fit}), profile=profile)


def cut_chip(chip: Chip, qubits: Iterable[int]) -> Chip:
    """The chip with what these qubits need, fit and measured errors included."""
    kept = set(qubits)

    def stays(gate: str) -> bool:
        return kept.issuperset(map(int, gate.partition(":")[2].split("-"))) and gate not in ONE_CX

    assert chip.fit is not None
    fitted = tuple(row for row in chip.fit.gates if stays(row.gate))
    return chip.model_copy(
        update={
            "qubits": tuple(qubit for qubit in chip.qubits if qubit.index in kept),
            "couplings": tuple(row for row in chip.couplings if kept.issuperset(row.qubits)),
            "thermal_links": tuple(
                row for row in chip.thermal_links if kept.issuperset(row.qubits)
            ),
            "control_channels": {
                name: row
                for name, row in chip.control_channels.items()
                if {row.qubit, row.frequency_of} <= kept
            },
            "measured_errors": tuple(row for row in chip.measured_errors if stays(row.gate)),
            "fit": chip.fit.model_copy(update={"gates": fitted}),
        }
    )


def cut_profile(profile: Profile, chip: Chip) -> Profile:
    """The profile's gates on the chip's qubits, without rows of channels it lacks."""
    kept = {qubit.index for qubit in chip.qubits}
    channels = {f"{kind}{qubit}" for kind in "dm" for qubit in kept} | set(chip.control_channels)
    return profile.model_copy(
        update={
            "drive_frequency_hz": {
                name: value
                for name, value in profile.drive_frequency_hz.items()
                if name in channels
            },
            "gates": tuple(
                _trimmed(gate, channels)
                for gate in profile.gates
                if kept.issuperset(gate.qubits) and gate.id not in ONE_CX
            ),
        }
    )


def _trimmed(gate: Gate, channels: set[str]) -> Gate:
    return gate.model_copy(
        update={
            "pulses": tuple(row for row in gate.pulses if row.channel in channels),
            "virtual_z": tuple(name for name in gate.virtual_z if name in channels),
        }
    )


# Releases


def edited(profile: Profile, edit: Edit, *, firmware: str = "next") -> Profile:
    """The profile with every row as ``edit`` gives it back; None leaves the row out."""
    gates = []
    for gate in profile.gates:
        rows = (edit(gate.id, row) for row in gate.pulses)
        gates.append(gate.model_copy(update={"pulses": tuple(row for row in rows if row)}))
    return checked(profile, gates=tuple(gates), firmware=firmware)


def checked(profile: Profile, **update: object) -> Profile:
    """The profile with these fields, validated as a file would be."""
    return Profile.model_validate(profile.model_copy(update=update).model_dump())


def louder(profile: Profile, share: float, *channels: str, gates: str = "") -> Profile:
    """The pulses of these channels louder by ``share``, in one gate or in all."""

    def edit(gate: str, row: Any) -> Any:
        if row.channel not in channels or gate not in (gates or gate):
            return row
        return scaled(row, 1 + share)

    return edited(profile, edit)


def scaled(row: Any, factor: float) -> Any:
    """A row with its amplitude times ``factor``, where it has one."""
    if not isinstance(row, ShapedPulse):
        return row
    return row.model_copy(update={"amp": row.amp * factor})


def turned(profile: Profile, phase_rad: float, *channels: str) -> Profile:
    """Every pulse of these channels turned by a phase."""

    def edit(_: str, row: Any) -> Any:
        if row.channel not in channels or not isinstance(row, ShapedPulse):
            return row
        return row.model_copy(update={"angle": row.angle + phase_rad})

    return edited(profile, edit)


def flipped_drag(profile: Profile, *gates: str) -> Profile:
    """The derivative quadrature of these gates with the wrong sign."""

    def edit(gate: str, row: Any) -> Any:
        if gate not in gates or isinstance(row, ShiftPhase):
            return row
        return row.model_copy(update={"beta": -row.beta})

    return edited(profile, edit)


def half_length(profile: Profile, gate_id: str, *, beta: float = 1.0) -> Profile:
    """A DRAG gate in half the time at the same angle, its beta times ``beta``."""

    def shorter(row: Any) -> Any:
        return row.model_copy(
            update={
                "duration": row.duration // 2,
                "sigma": row.sigma / 2,
                "amp": row.amp * 2,
                "beta": row.beta * beta,
            }
        )

    gates = tuple(
        gate.model_copy(
            update={
                "duration": gate.duration // 2,
                "pulses": tuple(shorter(row) for row in gate.pulses),
            }
        )
        if gate.id == gate_id
        else gate
        for gate in profile.gates
    )
    return checked(profile, gates=gates, firmware="next")


def without(profile: Profile, gate_id: str) -> Profile:
    """The profile without that gate."""
    gates = tuple(gate for gate in profile.gates if gate.id != gate_id)
    return checked(profile, gates=gates, firmware="next")


# Measurements


class Remembering:
    """A store in this process; the tests share one, so that a gate is simulated once."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, NDArray[Any]]] = {}

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """What was put, if anything was."""
        return self.kept.get(key)

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep all but paths, which are large and asked for by no test here."""
        if "paths" not in arrays:
            self.kept[key] = dict(arrays)


MEMORY = Remembering()


def measured(
    case: Case,
    *,
    workload: Workload = DEFAULT_WORKLOAD,
    run: Run = in_order,
    store: Store = MEMORY,
    scope: Scope | None = None,
) -> Measured:
    """The case, or that part of it, measured at the workload, with its metrics."""
    means = Means(run=run, store=store)
    side = Side(profile=case.profile, chip=case.chip, workload=workload, scope=scope)
    (found,) = measure([side], means)
    return found, collect(found)


@cache
def old(*qubits: int) -> Measured:
    """The cut device as shipped, measured once a process."""
    return measured(small(*qubits))


def judged(new: Profile, *qubits: int, policy: Policy = SHIPPED) -> Decision:
    """The decision on a release of the cut device, as ``check`` comes to it."""
    before = old(*qubits)
    after = measured(Case(chip=small(*qubits).chip, profile=new))
    return compared(before, after, before[1], policy=policy)


def compared(
    before: Measured, after: Measured, baseline: Sequence[Metric], *, policy: Policy = SHIPPED
) -> Decision:
    """The decision on two measurements."""
    means = Means(run=in_order, store=MEMORY)
    on = grounds(before[0], after[0], policy, means)
    return judge(before, after, on, policy, baseline)


def row_of(decision: Decision, metric_id: str) -> JudgedMetric:
    """The judged metric of that id."""
    (row,) = [row for row in decision.metrics if row.id == metric_id]
    return row


def regressed(decision: Decision) -> set[str]:
    """Ids of critical metrics that regressed."""
    return {row.id for row in decision.metrics if row.critical and row.outcome == "regressed"}


def value_of(metrics: Iterable[Metric], metric_id: str) -> float:
    """The measured value of that metric."""
    (metric,) = [metric for metric in metrics if metric.id == metric_id]
    assert metric.value is not None
    return metric.value


# The command


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a run of the command ended."""

    status: int
    out: str
    err: str


def qtregress(folder: Path, *arguments: str, **environ: str) -> Done:
    """The real command in that folder, as a person at a desk runs it (no CI set)."""
    kept = {key: value for key, value in os.environ.items() if key != "CI"}
    done = subprocess.run(
        [sys.executable, "-m", "qtregress", *arguments],
        cwd=folder,
        env=kept | environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return Done(status=done.returncode, out=done.stdout, err=done.stderr)


def write_device(folder: Path, case: Case) -> None:
    """``old.yaml`` and ``chip.yaml`` of the case in ``folder/device``."""
    (folder / "device").mkdir(parents=True)
    (folder / "device" / "old.yaml").write_text(dump(case.profile), encoding="utf-8")
    (folder / "device" / "chip.yaml").write_text(dump(case.chip), encoding="utf-8")


def with_baseline(folder: Path, case: Case) -> Path:
    """A folder with the device and its baseline, proposed and accepted by the command."""
    write_device(folder, case)
    proposed = qtregress(folder, "baseline", "propose", "device/old.yaml", "--reason", "First.")
    assert proposed.status == 0, proposed.err
    device = case.profile.device
    accepted = qtregress(folder, "baseline", "accept", device, "--reason", "Seen.")
    assert accepted.status == 0, accepted.err
    return folder
