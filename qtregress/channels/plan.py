"""Which gates of a profile are simulated, which are not and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qtregress.channels.ideal import PAIR_NATIVES, ideal_image, pair_native
from qtregress.channels.memory import NOTHING, Store
from qtregress.channels.problem import bath_of, gate_problem, why_not_simulated
from qtregress.channels.simulate import Engine, GateTask, LoadTask
from qtregress.chip.chip import Chip
from qtregress.errors import InputError
from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Gate, Profile

MOST_GATES = 600
"""Some thirty metrics each: devices of about a hundred qubits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The profile's pulsed gates, sorted by what is known about them.

    Attributes:
        gates: gates that are simulated and trusted.
        refused: id -> why a gate's metrics are undecided.
        layers: joint one-qubit layers of every pair that benchmarking needs.
        pairs: benchmarked pairs, lower index first, with the native they use.
        left_out: subjects of metrics that nobody has asked for, because nothing about them
            can differ: gates, layers, benchmarked qubits and pairs.
    """

    gates: tuple[Gate, ...]
    refused: Mapping[str, str]
    layers: tuple[Gate, ...]
    pairs: Mapping[tuple[int, int], Gate]
    left_out: frozenset[str] = frozenset()


def _why_undecided(gate: Gate, profile: Profile, chip: Chip) -> str:
    ideal = ideal_image(gate.name)
    if ideal is None:
        return f"no ideal gate is known for the name {gate.name}"
    if reason := why_not_simulated(gate, profile, chip):
        return reason
    if len(ideal) != 2 ** len(gate.qubits):
        return f"no ideal gate on {len(gate.qubits)} qubits is known for the name {gate.name}"
    return _why_unfitted(gate, chip)


def _why_unfitted(gate: Gate, chip: Chip) -> str:
    if chip.fit is None:
        return "the chip's lines were never fitted (qtregress chip fit-drive)"
    fits = {fit.gate: fit for fit in chip.fit.gates}
    fit = fits.get(gate.id)
    if fit is None:
        return "the chip was fitted on a profile without this gate"
    if fit.status == "unfitted":
        return f"the chip's model does not reach this gate (residual {fit.residual:.2g})"
    return ""


def _is_readout(gate: Gate) -> bool:
    channels = {row.channel[0] for row in gate.pulses}
    return bool(channels) and channels <= {"m"}


def _benchmarked_pairs(gates: list[Gate]) -> dict[tuple[int, int], Gate]:
    """Pairs with a cx, cz or ecr and both sx.

    Of several the shortest, then the one with the lower first qubit, then cx before cz
    before ecr.
    """
    known = {gate.id for gate in gates}
    pairs: dict[tuple[int, int], Gate] = {}
    natives = [gate for gate in gates if gate.name in PAIR_NATIVES]
    for gate in sorted(natives, key=_preference, reverse=True):
        left, right = sorted(gate.qubits)
        if {f"sx:{left}", f"sx:{right}"} <= known:
            pairs[left, right] = gate
    return pairs


def _preference(native: Gate) -> tuple[int, tuple[int, ...], int]:
    return native.duration, native.qubits, PAIR_NATIVES.index(pair_native(native.name))


def _pair_layers(profile: Profile, pair: tuple[int, int]) -> list[Gate]:
    left, right = (profile.by_id[f"sx:{qubit}"] for qubit in pair)
    length = max(left.duration, right.duration)
    return [
        layer([left, right]),
        layer([left, idle(pair[1], length)]),
        layer([idle(pair[0], length), right]),
    ]


def plan(profile: Profile, chip: Chip) -> Plan:
    """What can be simulated of ``profile`` on ``chip``; readout and virtual gates apart.

    Raises:
        InputError: there are more pulsed gates than a verdict has room for.
    """
    pulsed = [gate for gate in profile.gates if not gate.is_virtual and not _is_readout(gate)]
    if len(pulsed) > MOST_GATES:
        msg = f"a profile must have at most {MOST_GATES} pulsed gates, but has {len(pulsed)}"
        raise InputError(msg)
    reasons = {gate.id: _why_undecided(gate, profile, chip) for gate in pulsed}
    gates = [gate for gate in pulsed if not reasons[gate.id]]
    pairs = _benchmarked_pairs(gates)
    return Plan(
        gates=tuple(gates),
        refused={gate_id: reason for gate_id, reason in reasons.items() if reason},
        layers=tuple(gate for pair in pairs for gate in _pair_layers(profile, pair)),
        pairs=pairs,
    )


def gate_task(
    gate: Gate,
    profile: Profile,
    chip: Chip,
    *,
    loads: Sequence[LoadTask],
    engine: Engine,
    store: Store = NOTHING,
) -> GateTask:
    """One gate as a task, its bath cold and at each load."""
    return GateTask(
        problem=gate_problem(gate, profile, chip),
        cold=bath_of(chip, gate.qubits, {}),
        loads=tuple(loads),
        engine=engine,
        store=store,
    )
