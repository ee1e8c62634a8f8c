"""What gates put on the lines, and how often each qubit plays which of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.ideal import PAIR_NATIVES
from qtregress.errors import InputError
from qtregress.thermal.workload import Circuit, Workload

_ROUNDING = 1e-9
"""Of a busy fraction that is exactly one."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Play:
    """What one execution of a gate sends down one line.

    Attributes:
        power_w: power at the chip in equal steps, shape (m,).
        step_s: length of a step.
    """

    power_w: Floats
    step_s: float

    @property
    def energy_j(self) -> float:
        """Energy that arrives at the chip."""
        return float(self.power_w.sum() * self.step_s)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateHeat:
    """What one execution of a gate costs the lines.

    Attributes:
        name: ``cx``.
        qubits: indices in the gate's order.
        duration_s: how long it keeps its qubits busy.
        lines: what plays on each line: ``d0`` drive, ``m0`` readout, ``f0`` flux of qubit 0.
    """

    name: str
    qubits: tuple[int, ...]
    duration_s: float
    lines: Mapping[str, Play]

    @property
    def id(self) -> str:
        """``cx:0-1``."""
        return f"{self.name}:{'-'.join(map(str, self.qubits))}"

    def energy_j(self, line: str) -> float:
        """Energy that arrives at the chip over the line; zero where nothing plays."""
        return self.lines[line].energy_j if line in self.lines else 0.0

    def occupies(self, qubit: int) -> bool:
        """Whether the qubit's lines cannot do anything else meanwhile."""
        heated = (line for line in self.lines if int(line[1:]) == qubit)
        return qubit in self.qubits or any(self.energy_j(line) != 0 for line in heated)


@dataclass(frozen=True, slots=True, kw_only=True)
class QubitUse:
    """What one qubit does all day.

    Attributes:
        qubit: its index.
        shares: relative numbers of executions by gate id.
        busy_fraction: of the time it takes part in any of them.
    """

    qubit: int
    shares: Mapping[str, float]
    busy_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CircuitCounts:
    """What one repetition of a circuit plays, in the profile's own gates.

    Attributes:
        gates: executions by gate id, of gates that take time.
        duration_s: of one execution of each of them.
        length_s: of one repetition, every gate as early as its qubits allow.
        depth: gates that take time on the longest chain of them.
    """

    gates: Mapping[str, int]
    duration_s: Mapping[str, float]
    length_s: float
    depth: int


NO_COUNTS: Mapping[str, CircuitCounts] = MappingProxyType({})
"""Of a workload without circuits."""


def uses(
    gates: Sequence[GateHeat],
    workload: Workload,
    counts: Mapping[str, CircuitCounts] = NO_COUNTS,
) -> tuple[QubitUse, ...]:
    """The use of every qubit that some gate occupies, in order of their indices.

    A name of the mix is shared evenly by the gates of that name that occupy the qubit: a gate
    that plays nothing on its lines still keeps them from playing something else. Names that no
    gate of the qubit has are left out.

    Of circuits, the shares are executions per second, and a qubit that none of them plays on
    has none. Gates whose heat is not known (`unknown_heat`) are left out.

    Args:
        gates: those whose heat is known.
        workload: one that is the same all day; of a timeline, `job_workload` of a job.
        counts: of its circuits by name.

    Raises:
        InputError: no gate of the mix that takes time occupies a qubit; a circuit does not fit
            its repetition rate; the workload is a timeline.
    """
    if workload.timeline:
        raise InputError("A timeline has no load of its own, only each of its jobs has.")
    lines = {int(line[1:]) for gate in gates for line in gate.lines}
    named = {qubit for gate in gates for qubit in gate.qubits}
    driven = [q for q in sorted(lines | named) if any(gate.occupies(q) for gate in gates)]
    if not workload.circuits:
        return tuple(_use(qubit, gates, workload) for qubit in driven)
    _check_rates(workload.circuits, counts)
    rates_hz = _rates_hz(workload.circuits, counts)
    return tuple(_circuit_use(qubit, gates, rates_hz) for qubit in driven)


def unknown_heat(gates: Sequence[GateHeat], counts: Mapping[str, CircuitCounts]) -> tuple[str, ...]:
    """Ids of the circuits' gates whose heat is not known: a load without them is too low."""
    known = {gate.id for gate in gates}
    played = {name for count in counts.values() for name in count.gates}
    return tuple(sorted(played - known))


def _use(qubit: int, gates: Sequence[GateHeat], workload: Workload) -> QubitUse:
    shares: dict[str, float] = {}
    duration_s = 0.0
    for name, share in _played_mix(gates, workload).items():
        same = [gate for gate in gates if gate.name == name and gate.occupies(qubit)]
        shares |= {gate.id: share / len(same) for gate in same}
        duration_s += sum(share / len(same) * gate.duration_s for gate in same)
    if duration_s == 0:
        message = (
            f"The workload's gate mix must name a pulsed gate of qubit {qubit}, "
            f"but names {', '.join(workload.gate_mix)}."
        )
        raise InputError(message)
    return QubitUse(qubit=qubit, shares=shares, busy_fraction=workload.busy_fraction)


def _played_mix(gates: Sequence[GateHeat], workload: Workload) -> dict[str, float]:
    """The mix by names that gates have: a pair gate that no gate is stands for the native one.

    The usual mix says cx; a machine whose native is cz or ecr plays that as often.
    """
    names = {gate.name for gate in gates}
    native = next((name for name in PAIR_NATIVES if name in names), None)
    mix: dict[str, float] = {}
    for name, share in workload.gate_mix.items():
        is_absent = name in PAIR_NATIVES and name not in names
        played = native if is_absent and native is not None else name
        mix[played] = mix.get(played, 0.0) + share
    return mix


def _rates_hz(circuits: Sequence[Circuit], counts: Mapping[str, CircuitCounts]) -> dict[str, float]:
    """Executions per second of each gate, all circuits together."""
    rates: dict[str, float] = {}
    for circuit in circuits:
        for name, number in counts[circuit.name].gates.items():
            rates[name] = rates.get(name, 0.0) + number * circuit.repetition_rate_hz
    return rates


def _circuit_use(qubit: int, gates: Sequence[GateHeat], rates_hz: Mapping[str, float]) -> QubitUse:
    mine = [gate for gate in gates if gate.id in rates_hz and gate.occupies(qubit)]
    busy = sum(rates_hz[gate.id] * gate.duration_s for gate in mine)
    if busy > 1 + _ROUNDING:
        raise InputError(_too_busy(qubit, busy))
    return QubitUse(
        qubit=qubit,
        shares={gate.id: rates_hz[gate.id] for gate in mine},
        busy_fraction=min(1.0, busy),
    )


def _check_rates(circuits: Sequence[Circuit], counts: Mapping[str, CircuitCounts]) -> None:
    """Refuse circuits that cannot be repeated as often, each alone or all on one qubit.

    Gates whose heat is not known take their time as well.
    """
    busy: dict[int, float] = {}
    for circuit in circuits:
        count = counts[circuit.name]
        if circuit.repetition_rate_hz * count.length_s > 1 + _ROUNDING:
            message = (
                f"repetition_rate_hz of circuit {circuit.name} must be at most "
                f"{1 / count.length_s:.6g}, since one repetition takes {count.length_s:.4g} s, "
                f"but is {circuit.repetition_rate_hz:.6g}."
            )
            raise InputError(message)
        for name, number in count.gates.items():
            share = number * count.duration_s[name] * circuit.repetition_rate_hz
            for qubit in map(int, name.rpartition(":")[2].split("-")):
                busy[qubit] = busy.get(qubit, 0.0) + share
    for qubit, fraction in sorted(busy.items()):
        if fraction > 1 + _ROUNDING:
            raise InputError(_too_busy(qubit, fraction))


def _too_busy(qubit: int, busy: float) -> str:
    return (
        f"The circuits must keep qubit {qubit} busy for at most all the time, but together they "
        f"would take {busy:.4g} times as long; repetition rates {busy:.4g} times lower would fit."
    )


def mean_power_w(use: QubitUse, gates: Mapping[str, GateHeat], line: str) -> float:
    """Mean power in W that arrives at the chip over one of the qubit's lines.

    busy_fraction * sum_g share_g E_g / sum_g share_g T_g, with E_g the energy of a gate on
    this line and T_g its duration.
    """
    energy_j = sum(share * gates[name].energy_j(line) for name, share in use.shares.items())
    duration_s = sum(share * gates[name].duration_s for name, share in use.shares.items())
    return use.busy_fraction * energy_j / duration_s if duration_s else 0.0


def line_powers_w(found: Sequence[QubitUse], gates: Sequence[GateHeat]) -> dict[str, float]:
    """Mean power in W that arrives at the chip, by line (``d0``), at those uses."""
    by_id = {gate.id: gate for gate in gates}
    lines = sorted({line for gate in gates for line in gate.lines})
    return {
        line: mean_power_w(use, by_id, line)
        for use in found
        for line in lines
        if int(line[1:]) == use.qubit
    }


def copies(found: Sequence[QubitUse], workload: Workload) -> float:
    """How many lines like each of the chip's own hang in the cryostat."""
    return workload.lines / len(found) if workload.lines is not None and found else 1.0
