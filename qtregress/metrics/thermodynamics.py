"""Metrics of quantum thermodynamics: what a gate does to its qubits' energy and entropy.

At the declared workload, while gates play: only there has every bath a temperature.
"""

from collections.abc import Iterator, Mapping

from qtregress.channels.channel import GateChannel
from qtregress.chip.chip import Chip
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.thermal.load import Load
from qtregress.thermal.thermodynamics import (
    Thermodynamics,
    clifford_thermodynamics,
    gate_study,
)

_ENERGIES = {
    "heat.quantum_j": "J",
    "thermo.work_j": "J",
    "thermo.energy_change_j": "J",
    "thermo.ergotropy_j": "J",
}
_ENTROPIES = {"thermo.entropy_production": "1", "thermo.landauer_j": "J"}


def thermodynamics_of(
    channels: Mapping[str, GateChannel], chip: Chip, load: Load
) -> dict[str, Thermodynamics]:
    """By gate id, of the channels that were studied at the load."""
    found = {}
    for name, channel in channels.items():
        if channel.study is not None:
            found[name] = gate_study(chip, channel.qubits, load).read(channel.study)
    return found


def thermodynamic_metrics(
    subject: str, found: Thermodynamics | None, problem: str
) -> Iterator[Metric]:
    """Of one gate or Clifford; ``problem`` says why there is nothing."""
    if found is None or found.problem:
        why = problem or (found.problem if found else "its map is no physical process")
        for name, unit in (_ENERGIES | _ENTROPIES).items():
            yield undecided(name, subject, unit, why)
        return
    energies = {
        "heat.quantum_j": sum(found.heat_by_bath_j.values()),
        "thermo.work_j": found.work_j,
        "thermo.energy_change_j": found.energy_change_j,
        "thermo.ergotropy_j": found.ergotropy_j,
    }
    for name, value in energies.items():
        yield measured(name, subject, "J", value, found.first_law_residual_j)
    for bath, heat_j in found.heat_by_bath_j.items():
        yield measured("heat.bath_j", f"{subject}@{bath}", "J", heat_j)
    entropies = {
        "thermo.entropy_production": found.entropy_production,
        "thermo.landauer_j": found.landauer_j,
    }
    for name, maybe in entropies.items():
        unit = _ENTROPIES[name]
        if maybe is None:
            yield undecided(name, subject, unit, found.why)
        else:
            yield measured(name, subject, unit, maybe)


def clifford_metrics(
    subject: str,
    counts: Mapping[str, float],
    known: Mapping[str, Thermodynamics],
    problem: str,
) -> Iterator[Metric]:
    """Of a Clifford on one qubit or pair, by mean numbers of its gates and layers."""
    missing = [name for name in counts if name not in known]
    why = problem or (f"{missing[0]} was not studied" if missing else "")
    found = None if why else clifford_thermodynamics(counts, known)
    yield from thermodynamic_metrics(subject, found, why)
