"""Which gates a new release can have changed, so that the others need not be simulated.

A gate whose row, carriers, grid and chip are the same in both releases is the same problem
in both: its channel is the same, bit for bit, and nothing about it can have regressed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from qtregress.channels.plan import Plan, gate_task, plan
from qtregress.channels.simulate import task_key
from qtregress.chip.chip import Chip
from qtregress.pulses.profile import Profile

_CALIBRATED = ("x", "sx")
"""What holds a line in place, see `qtregress.calibrate`."""
ALL_SX = "sx:all"
"""The subject of the layer in which every qubit plays sx."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of both releases is simulated.

    Attributes:
        lines: qubits of which any gate can differ.
        gates: ids of all gates on those qubits, and of x and sx of their partners.
    """

    lines: frozenset[int]
    gates: frozenset[str]


def scope_of(old: tuple[Profile, Chip], new: tuple[Profile, Chip]) -> Scope:
    """What must be simulated so that nothing which can differ is missed.

    Every gate on a qubit of a changed gate, for those that did not change hold a shared gain
    of the line in place, and benchmarking plays them together. Of the partners of two-qubit
    gates also x and sx, which their lines are calibrated on.
    """
    both = [plan(*side) for side in (old, new)]
    moved = _moved(both, (old, new))
    lines = frozenset(qubit for name in moved for qubit in qubits_of(name))
    names = {gate.id for one in both for gate in one.gates}
    touched = {name for name in names if not lines.isdisjoint(qubits_of(name))}
    partners = {qubit for name in touched for qubit in qubits_of(name)}
    held = {f"{name}:{qubit}" for name in _CALIBRATED for qubit in partners}
    return Scope(lines=lines, gates=frozenset(touched | (held & names)))


def narrowed(whole: Plan, scope: Scope) -> Plan:
    """The plan without what the scope leaves out; that becomes its ``left_out``."""
    pairs = {pair: g for pair, g in whole.pairs.items() if not scope.lines.isdisjoint(pair)}
    layers = tuple(gate for gate in whole.layers if gate.qubits in pairs)
    missing = [gate.id for gate in whole.gates if gate.id not in scope.gates]
    left_out = {
        *missing,
        *(gate.id for gate in whole.layers if gate.qubits not in pairs),
        *("-".join(map(str, pair)) for pair in whole.pairs if pair not in pairs),
        # benchmarking of one qubit is known by the qubit alone, and plays its sx
        *(name.partition(":")[2] for name in missing if name.startswith("sx:")),
        *([ALL_SX] if any(name.startswith("sx:") for name in missing) else []),
    }
    return replace(
        whole,
        gates=tuple(gate for gate in whole.gates if gate.id in scope.gates),
        layers=layers,
        pairs=pairs,
        left_out=frozenset(left_out),
    )


def qubits_of(name: str) -> tuple[int, ...]:
    """The qubits of a gate or layer, from its id: ``cx:0-1`` acts on 0 and 1."""
    return tuple(int(qubit) for qubit in name.partition(":")[2].split("-"))


def _moved(both: Sequence[Plan], sides: Sequence[tuple[Profile, Chip]]) -> set[str]:
    """Ids of gates and layers that are not the same problem in both, or not in both."""
    old, new = (
        _identities(one, *side) if sides[0][1] == sides[1][1] else {}
        for one, side in zip(both, sides, strict=True)
    )
    planned = {gate.id for one in both for gate in (*one.gates, *one.layers)}
    rows = [side[0].by_id for side in sides]
    return {
        name
        for name in planned
        if name not in old or old[name] != new.get(name) or _edited(name, rows)
    }


def _edited(name: str, rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether the rows differ, be it in a way that plays the same."""
    return rows[0].get(name) != rows[1].get(name)


def _identities(planned: Plan, profile: Profile, chip: Chip) -> dict[str, str]:
    """What determines each gate's and layer's channel, by id."""
    gates: Iterable[tuple[str, str]] = (
        (gate.id, task_key(gate_task(gate, profile, chip, loads=(), engine="fast")))
        for gate in (*planned.gates, *planned.layers)
    )
    return dict(gates)
