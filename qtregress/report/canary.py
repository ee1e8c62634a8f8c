"""Canary circuits for people and programs: what OLD and NEW make of them, and what they cost."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from qtregress.chip.chip import Chip
from qtregress.document import Count, Model, Name, NonNegative
from qtregress.metrics.metric import Input, Sentence
from qtregress.printable import printable
from qtregress.pulses.profile import Channel
from qtregress.rb.canary import (
    NativeCircuit,
    Outcome,
    Real,
    gate_counts,
    hellinger_fidelity,
    length_s,
    success_probability,
)
from qtregress.report.cost_card import ByStage, GateId
from qtregress.thermal.dissipation import line_heat
from qtregress.thermal.use import GateHeat
from qtregress.units import engineering

_SHOWN = 1e-12
"""Outcomes below are left out of the document."""
_NONE = "—"
_COLDEST = 2
_GATES = 8

Share = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1 + 1e-9)]
Outcomes = Annotated[dict[str, NonNegative], Field(max_length=128)]
"""By classical bits, the first measured one rightmost."""


class CanaryCost(Model):
    """What one repetition of a circuit costs, the chip's own lines alone, pulses alone.

    ``chip_energy_j`` arrives at the chip by line, ``stage_energy_j`` is what the lines make
    heat of. ``unknown_heat`` names gates that neither contains.
    """

    duration_s: NonNegative
    gates: dict[GateId, Count]
    chip_energy_j: dict[Channel, NonNegative]
    stage_energy_j: ByStage
    unknown_heat: tuple[GateId, ...] = ()


class CanarySide(Model):
    """One release's answer to a circuit.

    ``probabilities`` and what follows from them are None where ``status`` is ``undecided``;
    ``why`` then says why. ``success_probability`` is None, too, where every outcome is a
    success. Probabilities and fidelity are exact, ``counts`` are the sampled repetitions.
    """

    status: Literal["ok", "undecided"]
    why: Sentence = ""
    hellinger_fidelity: Share | None = None
    success_probability: Share | None = None
    probabilities: Outcomes | None = None
    counts: dict[str, Count] | None = None
    cost: CanaryCost


class CanaryCircuit(Model):
    """One circuit: ideal, OLD, NEW; ``hellinger_old_new`` compares the latter two."""

    name: Annotated[str, Field(max_length=200)]
    ideal: Outcomes | None
    old: CanarySide
    new: CanarySide
    hellinger_old_new: Share | None


class CanaryDocument(Model):
    """``qtregress/canary@1``: what ``canary --json`` writes. It judges nothing."""

    format: Literal["qtregress/canary@1"]
    device: Name
    inputs: dict[str, Input]
    environment: dict[str, str]
    at_load: bool
    shots: Count | None
    seed: Count
    circuits: tuple[CanaryCircuit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One release's run of a circuit.

    Attributes:
        circuit: in the release's own gates.
        outcome: what it gave.
        heats: of the release's gates by id, where known.
    """

    circuit: NativeCircuit
    outcome: Outcome
    heats: Mapping[str, GateHeat]


def canary_circuit(ideal: Outcome, old: Played, new: Played, chip: Chip) -> CanaryCircuit:
    """Everything that is reported of one circuit."""
    apart = None
    if old.outcome.probabilities is not None and new.outcome.probabilities is not None:
        apart = hellinger_fidelity(old.outcome.probabilities, new.outcome.probabilities)
    return CanaryCircuit(
        name=printable(old.circuit.name),
        ideal=None if ideal.probabilities is None else _named(ideal.probabilities),
        old=_side(old, ideal.probabilities, chip),
        new=_side(new, ideal.probabilities, chip),
        hellinger_old_new=apart,
    )


def canary_cost(circuit: NativeCircuit, heats: Mapping[str, GateHeat], chip: Chip) -> CanaryCost:
    """What one repetition of the circuit costs, executions times each gate's energy.

    Args:
        circuit: in the gates of a profile.
        heats: of those gates by id, where known.
        chip: whose lines they play on.
    """
    counts = gate_counts(circuit)
    at_chip: dict[str, float] = {}
    for name, number in counts.items():
        if name in heats:
            for line in heats[name].lines:
                energy_j = number * heats[name].energy_j(line)
                at_chip[line] = at_chip.get(line, 0.0) + energy_j
    stages: dict[str, float] = {}
    for line, energy_j in at_chip.items():
        for stage, heat_j in line_heat(chip.qubit(int(line[1:])), line, energy_j).items():
            stages[stage] = stages.get(stage, 0.0) + heat_j
    return CanaryCost(
        duration_s=length_s(circuit),
        gates=counts,
        chip_energy_j=dict(sorted(at_chip.items())),
        stage_energy_j=stages,
        unknown_heat=tuple(name for name in counts if name not in heats),
    )


def canary_text(document: CanaryDocument) -> str:
    """ASCII JSON in the documented order of keys, every number finite."""
    return json.dumps(document.model_dump(mode="json"), indent=1, allow_nan=False) + "\n"


def _side(played: Played, ideal: Real | None, chip: Chip) -> CanarySide:
    cost = canary_cost(played.circuit, played.heats, chip)
    found = played.outcome
    if found.probabilities is None or ideal is None:
        why = found.problem or "its ideal outcomes are not known"
        return CanarySide(status="undecided", why=printable(why), cost=cost)
    return CanarySide(
        status="ok",
        hellinger_fidelity=hellinger_fidelity(ideal, found.probabilities),
        success_probability=success_probability(found.probabilities, ideal),
        probabilities=_named(found.probabilities),
        counts=None if found.counts is None else _counted(found.counts.tolist()),
        cost=cost,
    )


def _named(probabilities: Real) -> dict[str, float]:
    width = len(probabilities).bit_length() - 1
    chances = enumerate(probabilities.tolist())
    return {f"{index:0{width}b}": chance for index, chance in chances if chance > _SHOWN}


def _counted(counts: Sequence[int]) -> dict[str, int]:
    width = len(counts).bit_length() - 1
    return {f"{index:0{width}b}": number for index, number in enumerate(counts) if number}


# For people


def canary_table(document: CanaryDocument) -> RenderableType:
    """Two rows a circuit, then what to know about them; readable at 100 columns."""
    stages = [stage for one in document.circuits for stage in one.old.cost.stage_energy_j]
    coldest = list(dict.fromkeys(stages))[-_COLDEST:]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    names = ("circuit", "release", "fidelity", "success", "sampled", "old to new", "length")
    for place, name in enumerate((*names, "at the chip", *coldest)):
        table.add_column(printable(name), justify="right" if place > 1 else "left", no_wrap=True)
    for one in document.circuits:
        apart = one.hellinger_old_new
        table.add_row(one.name, "old", *_cells(one.old, one.ideal, None, coldest))
        table.add_row("", "new", *_cells(one.new, one.ideal, apart, coldest))
    return Group(table, Text(), *(Text(line, style="dim") for line in _notes(document)))


def _cells(
    side: CanarySide, ideal: Outcomes | None, apart: float | None, stages: Sequence[str]
) -> list[str]:
    heat_j, cost = side.cost.stage_energy_j, side.cost
    return [
        _share(side.hellinger_fidelity),
        _share(side.success_probability),
        _sampled(side, ideal),
        _share(apart),
        engineering(cost.duration_s, "s"),
        engineering(sum(cost.chip_energy_j.values()), "J"),
        *(engineering(heat_j.get(stage, 0.0), "J") for stage in stages),
    ]


def _share(value: float | None) -> str:
    return _NONE if value is None else f"{value:.6f}"


def _sampled(side: CanarySide, ideal: Outcomes | None) -> str:
    """Successes among the repetitions, with the binomial standard deviation."""
    if side.counts is None or ideal is None or side.success_probability is None:
        return _NONE
    shots = sum(side.counts.values())
    share = sum(number for bits, number in side.counts.items() if bits in ideal) / shots
    return f"{share:.4f}±{(share * (1 - share) / shots) ** 0.5:.4f}"


def _notes(document: CanaryDocument) -> list[str]:
    bath = "at the declared workload" if document.at_load else "as calibrated"
    lines = []
    for one in document.circuits:
        for name, side in (("old", one.old), ("new", one.new)):
            if side.status == "undecided":
                lines.append(f"{one.name}, {name}: not known, because {side.why}.")
    sides = [side for one in document.circuits for side in (one.old, one.new)]
    unknown = sorted({gate for side in sides for gate in side.cost.unknown_heat})
    if unknown:
        more = f" and {len(unknown) - _GATES} more" if len(unknown) > _GATES else ""
        lines.append(f"No heat is known of {', '.join(unknown[:_GATES])}{more}.")
    return [
        *lines,
        f"Fidelity is Hellinger's against the ideal circuit; baths are {bath}.",
        "Energies are of one repetition. Readout is perfect, neighbours of a gate only wait.",
        "Both releases play on one chip: a recalibration of its lines counts as an error.",
        "Nothing is judged here: the exit status 0 says that the circuits were played.",
    ]
