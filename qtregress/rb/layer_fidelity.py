"""Layer fidelity and EPLG of chains: two-qubit gates of a chain played in two disjoint layers.

McKay et al., arXiv:2311.05933: cut a chain of N qubits into layers of two-qubit gates that share
no qubit. A layer's fidelity is the product of the process fidelities of its gates and of its
waiting qubits, the layer fidelity LF the product over layers, and EPLG = 1 - LF**(1/n2q) with
n2q = N - 1 gates. Here it is computed from simulated maps, nothing is sampled.

Convention: entanglement (process) fidelities with leakage counted as error, so that EPLG is a
process error; 4/5 of it is an average gate error. Qubits that wait for a layer to end, idle or
in a shorter gate, relax by their bath and precess by what their carrier misses.

Neglected: what gates do to qubits beside them (crosstalk, ZZ between neighbours of different
gates), errors of the one-qubit gates that an experiment puts between layers, slow frequency
noise, and leakage that comes back. Maps averaged over start phases stand for every start.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from qtregress.channels.channel import GateChannel
from qtregress.channels.figures import process_infidelity
from qtregress.channels.ideal import ideal_image
from qtregress.channels.plan import Plan
from qtregress.rb.canary import Idle, Noise
from qtregress.units import angular

MOST_CHAINS: Final = 50_000
"""Chains that are looked at; a chip with more has no best one that we know."""

Pair = tuple[int, int]
Chain = tuple[int, ...]

_PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFidelity:
    """How good a chain's two-qubit gates are when they play in layers.

    Attributes:
        chain: qubits in order, neighbours coupled, the end with the lower index first. Of the
            best chain of its length where nobody named one; empty where there is none.
        layers: pairs that play at once, lower index first; one layer for a chain of two.
        lengths_s: of each layer, its longest gate.
        fidelities: of each layer, gates and waiting qubits; empty where something is not known.
        lf: their product, None where something is not known.
        eplg: 1 - lf**(1 / (N - 1)); None with lf.
        left_out: pairs with a two-qubit gate that nobody could simulate. A best chain was
            sought without them, so that it may not be the chip's best.
        why: why there is no value, a sentence; empty where there is one.
    """

    chain: Chain
    layers: tuple[tuple[Pair, ...], ...] = ()
    lengths_s: tuple[float, ...] = ()
    fidelities: tuple[float, ...] = ()
    lf: float | None = None
    eplg: float | None = None
    left_out: tuple[Pair, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairQuality:
    """A pair's two-qubit gate.

    Attributes:
        fidelity: its process fidelity, leakage counted as error.
        duration_s: its length.
    """

    fidelity: float
    duration_s: float


def best_layer_fidelities(
    plan: Plan, channels: Mapping[str, GateChannel], noise: Noise
) -> tuple[LayerFidelity, ...]:
    """The chain of highest layer fidelity for every number of qubits from two on.

    Who compares releases should compare one chain (`layer_fidelity`): the best chain may walk
    around a gate that got worse. A refused gate is listed in ``left_out``.

    Args:
        plan: benchmarked pairs and their gates.
        channels: by gate id; for values at load those with the map at load as their map.
        noise: of the same profile and bath: which maps are trusted, and how qubits wait.
    """
    known, missing = _known(plan, channels, noise), left_out(plan, noise)
    best: dict[int, LayerFidelity] = {}
    for count, chain in enumerate(chains(known)):
        if count == MOST_CHAINS:
            why = f"the chip has more than {MOST_CHAINS} chains"
            return (LayerFidelity(chain=(), left_out=missing, why=why),)
        found = _of_chain(chain, known, noise.idles, missing)
        rival = best.get(len(chain))
        if rival is None or _rank(found) < _rank(rival):
            best[len(chain)] = found
    return tuple(best[length] for length in sorted(best))


def layer_fidelity(
    chain: Chain, plan: Plan, channels: Mapping[str, GateChannel], noise: Noise
) -> LayerFidelity:
    """The layer fidelity of one chain.

    Args:
        chain: at least two different qubits, neighbours beside each other.
        plan: benchmarked pairs and their gates.
        channels: by gate id; for values at load those with the map at load as their map.
        noise: of the same profile and bath.

    Raises:
        ValueError: the chain is too short or meets a qubit twice.
    """
    if len(chain) < _PAIR or len(set(chain)) < len(chain):
        raise ValueError(f"chain must be at least two different qubits, but is {chain}")
    ordered = chain if chain[0] < chain[-1] else chain[::-1]
    return _of_chain(ordered, _known(plan, channels, noise), noise.idles, left_out(plan, noise))


def chains(pairs: Mapping[Pair, object]) -> Iterator[Chain]:
    """Every simple path of at least two qubits, once, the end with the lower index first.

    Args:
        pairs: the coupling graph's edges as keys.
    """
    beside: dict[int, list[int]] = {}
    for left, right in pairs:
        beside.setdefault(left, []).append(right)
        beside.setdefault(right, []).append(left)
    open_paths: list[Chain] = [(qubit,) for qubit in sorted(beside, reverse=True)]
    while open_paths:
        path = open_paths.pop()
        if path[0] < path[-1]:
            yield path
        onwards = sorted(set(beside[path[-1]]).difference(path), reverse=True)
        open_paths.extend((*path, qubit) for qubit in onwards)


def disjoint_layers(chain: Chain) -> tuple[tuple[Pair, ...], ...]:
    """Every second pair of the chain, and the others: no layer meets a qubit twice."""
    pairs = [_sorted(pair) for pair in pairwise(chain)]
    return tuple(tuple(part) for part in (pairs[::2], pairs[1::2]) if part)


def waiting_fidelity(idle: Idle, duration_s: float) -> float:
    """Process fidelity of waiting, (1 + 2 cos(2 pi f t) exp(-t/T2) + exp(-t/T1)) / 4.

    The coherence limit (`channels.coherence`) as a process fidelity, with the phase that a
    carrier which misses its qubit by f leaves.
    """
    rate = idle.down + idle.up
    turned = math.cos(angular(idle.detuning_hz) * duration_s)
    left = math.exp(-(rate / 2 + idle.dephasing) * duration_s)
    return (1 + 2 * turned * left + math.exp(-rate * duration_s)) / 4


def left_out(plan: Plan, noise: Noise) -> tuple[Pair, ...]:
    """Pairs that have a two-qubit gate, but none that can be used, sorted."""
    refused = [name.partition(":")[2].split("-") for name in {*plan.refused, *noise.refused}]
    pairs = {_sorted((int(one[0]), int(one[1]))) for one in refused if len(one) == _PAIR}
    served = {pair for pair, gate in plan.pairs.items() if gate.id in noise.maps}
    return tuple(sorted(pairs - served))


def _known(
    plan: Plan, channels: Mapping[str, GateChannel], noise: Noise
) -> dict[Pair, PairQuality]:
    """Pairs whose gate is trusted."""
    found = {}
    for pair, gate in plan.pairs.items():
        ideal = ideal_image(gate.name)
        if gate.id in noise.maps and ideal is not None:
            one = channels[gate.id]
            lost = process_infidelity(one.superoperator, one.computational, ideal)
            found[pair] = PairQuality(fidelity=1 - lost, duration_s=one.duration_s)
    return found


def _of_chain(
    chain: Chain,
    known: Mapping[Pair, PairQuality],
    idles: Mapping[int, Idle],
    missing: tuple[Pair, ...],
) -> LayerFidelity:
    layers = disjoint_layers(chain)
    if why := _why_not(chain, layers, known, idles):
        return LayerFidelity(chain=chain, layers=layers, left_out=missing, why=why)
    lengths_s = tuple(max(known[pair].duration_s for pair in layer) for layer in layers)
    fidelities = tuple(
        _of_layer(chain, layer, length_s, known, idles)
        for layer, length_s in zip(layers, lengths_s, strict=True)
    )
    lf = math.prod(fidelities)
    return LayerFidelity(
        chain=chain,
        layers=layers,
        lengths_s=lengths_s,
        fidelities=fidelities,
        lf=lf,
        eplg=1 - lf ** (1 / (len(chain) - 1)),
        left_out=missing,
    )


def _of_layer(
    chain: Chain,
    layer: tuple[Pair, ...],
    length_s: float,
    known: Mapping[Pair, PairQuality],
    idles: Mapping[int, Idle],
) -> float:
    plays_s = {qubit: known[pair].duration_s for pair in layer for qubit in pair}
    waiting = (waiting_fidelity(idles[q], length_s - plays_s.get(q, 0.0)) for q in chain)
    return math.prod(known[pair].fidelity for pair in layer) * math.prod(waiting)


def _why_not(
    chain: Chain,
    layers: tuple[tuple[Pair, ...], ...],
    known: Mapping[Pair, PairQuality],
    idles: Mapping[int, Idle],
) -> str:
    for pair in sorted(pair for layer in layers for pair in layer):
        if pair not in known:
            return f"no trusted two-qubit gate of {pair[0]}-{pair[1]} is known"
        if not 0 <= known[pair].fidelity <= 1 + 1e-9:
            return f"the process fidelity of {pair[0]}-{pair[1]} is {known[pair].fidelity:.3g}"
    if unknown := [qubit for qubit in chain if qubit not in idles]:
        return f"nobody knows how qubit {unknown[0]} waits"
    return ""


def _rank(found: LayerFidelity) -> tuple[float, Chain]:
    """The best first; equal ones by their qubits; those without a value last."""
    return (math.inf if found.lf is None else -found.lf, found.chain)


def _sorted(pair: Pair) -> Pair:
    return (min(pair), max(pair))
