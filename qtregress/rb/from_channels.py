"""From simulated gates to what benchmarking plays."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from qtregress.channels.channel import GateChannel
from qtregress.channels.ideal import PairNative, pair_native
from qtregress.channels.plan import Plan
from qtregress.rb.gateset import Complex, Gates, OneQubitGates, PairGates


def swapped(superoperator: Complex, levels: tuple[int, int]) -> Complex:
    """The map with its two tensor factors exchanged; ``levels`` are those of the input."""
    left, right = levels
    n2 = (left * right) ** 2
    shape = (left, right) * 4
    axes = (1, 0, 3, 2, 5, 4, 7, 6)
    return superoperator.reshape(shape).transpose(axes).reshape(n2, n2)


def _pair(
    pair: tuple[int, int], name: PairNative, native: GateChannel, layers: list[GateChannel]
) -> PairGates:
    is_swapped = native.qubits != pair
    left, right = native.levels
    found = swapped(native.superoperator, (left, right)) if is_swapped else native.superoperator
    control: Literal[0, 1] = 1 if is_swapped else 0
    both, first, second = layers
    return PairGates(
        levels=(both.levels[0], both.levels[1]),
        sx_sx=both.superoperator,
        sx_id=first.superoperator,
        id_sx=second.superoperator,
        native=name,
        native_map=np.ascontiguousarray(found),
        control=control,
        layer_duration_s=both.duration_s,
        native_duration_s=native.duration_s,
    )


def warmed(channels: Mapping[str, GateChannel]) -> dict[str, GateChannel]:
    """The channels with their maps at load as their maps, those that have one."""
    return {
        name: replace(one, superoperator=one.at_load)
        for name, one in channels.items()
        if one.at_load is not None
    }


def gate_sets(plan: Plan, channels: Mapping[str, GateChannel]) -> dict[tuple[int, ...], Gates]:
    """Natives of every qubit that has sx, and of every benchmarked pair."""
    found: dict[tuple[int, ...], Gates] = {}
    for gate in plan.gates:
        if gate.name == "sx":
            channel = channels[gate.id]
            found[gate.qubits] = OneQubitGates(
                levels=channel.levels[0],
                sx=channel.superoperator,
                sx_duration_s=channel.duration_s,
            )
    for pair, native in plan.pairs.items():
        layers = [channels[gate.id] for gate in plan.layers if gate.qubits == pair]
        found[pair] = _pair(pair, pair_native(native.name), channels[native.id], layers)
    return found
