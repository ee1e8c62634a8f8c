"""What a Clifford is made of, on the average."""

from typing import Literal

from qtregress.channels.ideal import pair_native
from qtregress.metrics.measurement import Measurement
from qtregress.rb.clifford import MEAN_NATIVES, MEAN_SX, pair_group
from qtregress.rb.gateset import ID_SX, SX_ID, SX_SX


def clifford_gates(
    measurement: Measurement, subject: tuple[int, ...]
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean numbers in a Clifford: pulsed gates by id, and joint layers by id."""
    if len(subject) == 1:
        return {f"sx:{subject[0]}": MEAN_SX}, {}
    native = measurement.plan.pairs[subject[0], subject[1]]
    control: Literal[0, 1] = 0 if native.qubits == subject else 1
    counts = pair_group(control, pair_native(native.name)).mean_counts()
    names = {SX_SX: "sx.sx", SX_ID: "sx.id", ID_SX: "id.sx"}
    pair = f"{subject[0]}-{subject[1]}"
    layers = {f"{name}:{pair}": counts[word] for word, name in names.items()}
    both = counts[SX_SX]
    gates = {
        native.id: MEAN_NATIVES,
        f"sx:{subject[0]}": both + counts[SX_ID],
        f"sx:{subject[1]}": both + counts[ID_SX],
    }
    return gates, layers


def played_in(measurement: Measurement, subject: tuple[int, ...]) -> dict[str, float]:
    """Mean numbers of what a Clifford on one qubit or pair really plays: natives and layers."""
    gates, layers = clifford_gates(measurement, subject)
    if not layers:
        return gates
    return {name: n for name, n in gates.items() if not name.startswith("sx:")} | layers


def clifford_energy_j(measurement: Measurement, subject: tuple[int, ...]) -> float:
    """Mean energy in J that a Clifford on one qubit or pair brings to the chip."""
    gates, _ = clifford_gates(measurement, subject)
    heats = measurement.heats
    return sum(n * sum(map(heats[name].energy_j, heats[name].lines)) for name, n in gates.items())
