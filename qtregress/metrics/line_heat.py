"""How far the change of a line's heat is known: the slope of the line is not."""

from collections.abc import Iterator

from qtregress.chip.chip import Chip
from qtregress.metrics.measurement import Measurement
from qtregress.pulses.profile import Gate, Profile
from qtregress.thermal.heat import gate_heat

METRIC = "heat.line_energy_j"


def heat_intervals(old: Measurement, new: Measurement) -> dict[str, tuple[float, float]]:
    """Bounds in J on the change of every line's energy in a gate, by metric id.

    Gain and coupling of a line are the same for both releases, so a ratio of energies does not
    depend on them; the part of a pulse that the line's slope adds does. Both releases are
    heated with every slope one ``slope_uncertainty_dt`` either way, and the ratio moves OLD's
    energy. The change as filed is inside. Lines that a gate heats in both are listed.

    Args:
        old: OLD, measured.
        new: NEW, measured.
    """
    return dict(_intervals(old, new))


def _intervals(old: Measurement, new: Measurement) -> Iterator[tuple[str, tuple[float, float]]]:
    rows = {gate.id: gate for gate in old.profile.gates}
    for gate in new.profile.gates:
        if gate.id not in rows or gate.id not in old.heats or gate.id not in new.heats:
            continue
        filed = (_energies_j(old, gate.id), _energies_j(new, gate.id))
        if filed[0] == filed[1]:
            continue
        off = [
            (
                _energies_at(rows[gate.id], old.profile, old.chip, sign),
                _energies_at(gate, new.profile, new.chip, sign),
            )
            for sign in (-1, 1)
        ]
        for line in filed[0].keys() & filed[1].keys():
            energy_j = filed[0][line]
            if energy_j <= 0 or line[0] != "d":
                continue
            found = [
                energy_j * (after[line] / before[line] - 1)
                for before, after in (filed, *off)
                if before[line] > 0
            ]
            yield f"{METRIC}/{gate.id}@{line}", (min(found), max(found))


def _energies_j(measurement: Measurement, gate_id: str) -> dict[str, float]:
    heat = measurement.heats[gate_id]
    return {line: play.energy_j for line, play in heat.lines.items()}


def _energies_at(gate: Gate, profile: Profile, chip: Chip, sign: int) -> dict[str, float]:
    """Energies of a gate with every line's slope one uncertainty up or down."""
    qubits = tuple(
        qubit.model_copy(
            update={
                "drive": qubit.drive.model_copy(
                    update={
                        "slope_dt": qubit.drive.slope_dt + sign * qubit.drive.slope_uncertainty_dt
                    }
                )
            }
        )
        for qubit in chip.qubits
    )
    heat = gate_heat(gate, profile, chip.model_copy(update={"qubits": qubits}))
    return {line: play.energy_j for line, play in heat.lines.items()}
