"""Mirror benchmarking of more than two qubits: random layers, then the same layers undone.

Proctor et al., PRL 129, 150502 (2022), arXiv:2112.09853. A layer here is a random one-qubit
Clifford on every qubit, then cx on some disjoint pairs. A circuit of depth m plays m/2 layers and
one more of Cliffords, and all of them backwards. From the turning point on, a fresh random Pauli
is merged into every one-qubit gate (Hines et al., PRX 13, 041030 (2023), arXiv:2207.07272), so
that coherent errors neither echo nor add up; the way there needs none, its Cliffords are random
already. Every circuit has one right outcome. The two layers of depth 0 are part of A.

Convention: the effective polarisation S (eq. 1 of Proctor et al.) of random circuits decays as
A p**m, and the layer error r = (4**n - 1)(1 - p) / 4**n is the mean entanglement infidelity of
a layer, to first order. Here n counts all qubits, waiting ones included.

Noise is that of `canary`: maps on two-level qubits, where population that leaves a gate's
computational states comes back at once as the maximally mixed state of the gate's qubits, not as
a lost outcome. So leakage counts as depolarisation by as much, and it is gone after the gate:
what leaked qubits do to later gates is not in it. Nor are crosstalk, ZZ beside the gates, slow
frequency noise, and errors of preparation and readout (which would change A, not p).

Two engines play the same circuits. ``aer`` simulates the density matrix. ``composition`` goes
where that does not fit: a layer's entanglement fidelity is the product of those of its gates
and waits, and a circuit's polarisation the product of its layers' polarisations. That is exact
if every layer's error depolarises all qubits together, and otherwise an estimate: it does not
know that errors can undo one another, nor that local errors stay local for a while. For all
five qubits of shipped devices its layer error was 0 to 3 % above that of ``aer``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.channel import GateChannel
from qtregress.channels.ideal import NOMINAL
from qtregress.channels.plan import Plan
from qtregress.rb.canary import Idle, Noise, Operation, idle_map
from qtregress.rb.clifford import LOCALS, ONE_QUBIT_ORDER, Local, one_qubit_group
from qtregress.rb.decay import ADVICE, DecayFit, FitStatus, fit_decay
from qtregress.rb.gateset import Complex, Integers, tensor

Real = NDArray[np.float64]
Engine = Literal["aer", "composition"]

LARGEST: Final = 8
"""Qubits whose density matrix is simulated: 4**8 elements."""
FEWEST_CIRCUITS: Final = 4
KEPT: Final = 0.5
"""Chance that a pair which could play in a layer does."""

_SURVEYED = 200
_LONGEST = 300
_FRACTIONS = (0.0, 0.1, 0.25, 0.5, 1.0, 1.7)
"""Depths in units of the decay length 1/(1 - p)."""
_CIRCUITS, _SHOTS, _SURVEY = range(3)
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairGate:
    """The native cx of two neighbours.

    Attributes:
        control: position of the control among the benchmarked qubits.
        target: position of the target.
        cx: trace-preserving map, control being the left tensor factor, shape (16, 16).
        duration_s: its length.
    """

    control: int
    target: int
    cx: Complex
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MirrorGates:
    """What is benchmarked; row-stacked density matrices of qubits beside nominal gates.

    Attributes:
        qubits: indices on the chip; positions below count along them.
        sx: trace-preserving map of each qubit's sx, shape (4, 4) each.
        sx_duration_s: length of each.
        idles: how each qubit waits.
        pairs: native cx gates.
    """

    qubits: tuple[int, ...]
    sx: tuple[Complex, ...]
    sx_duration_s: tuple[float, ...]
    idles: tuple[Idle, ...]
    pairs: tuple[PairGate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorPlan:
    """What is played.

    Attributes:
        depths: numbers of layers, even, four different ones at least.
        circuits: random circuits of each depth, at least 4.
        shots: repetitions of each circuit.
        seed: the streams of every register and depth follow from it.
    """

    depths: tuple[int, ...]
    circuits: int
    shots: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse plans that cannot give an error bar."""
        if any(depth < 0 or depth % 2 for depth in self.depths):
            raise ValueError(f"depths must be even and not negative, but are {self.depths}")
        if self.circuits < FEWEST_CIRCUITS or self.shots < 1:
            raise ValueError(
                "circuits must be at least 4 and shots positive, "
                f"but are {self.circuits} and {self.shots}"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MirrorCircuit:
    """Layers in time order: one of one-qubit Cliffords before, between and after those of cx.

    Attributes:
        cliffords: element of `one_qubit_group` by layer and qubit, shape (m + 2, n).
        pairs: positions of the pairs that play, shape (m + 1,); in the middle nobody does.
        target: the right outcome; bit k is that of qubit k.
    """

    cliffords: Integers
    pairs: tuple[tuple[int, ...], ...]
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorDecay:
    """What mirror benchmarking shows of some qubits.

    Attributes:
        qubits: indices on the chip.
        plan: what was played.
        engine: who played it.
        polarisations: S of every circuit, shape (depths, circuits).
        successes: share of right outcomes, the same shape; empty of ``composition``.
        p: decay of S per layer, None unless the status is ``ok``; so are the next three.
        amplitude: A.
        layer_error: r = (4**n - 1)(1 - p) / 4**n.
        interval: 95 % interval of layer_error, from the scatter between circuits.
        status: ``ok``, or why there is no value.
        advice: what happened and what to do, a sentence.
    """

    qubits: tuple[int, ...]
    plan: MirrorPlan
    engine: Engine
    polarisations: tuple[tuple[float, ...], ...]
    successes: tuple[tuple[float, ...], ...]
    p: float | None
    amplitude: float | None
    layer_error: float | None
    interval: tuple[float, float] | None
    status: FitStatus
    advice: str


# What is benchmarked


def why_not_mirrored(qubits: Sequence[int], plan: Plan, noise: Noise) -> str:
    """Why these qubits cannot be benchmarked, or an empty string.

    Args:
        qubits: indices on the chip.
        plan: benchmarked pairs and their gates.
        noise: which maps are trusted.
    """
    if len(qubits) < 2 or len(set(qubits)) < len(qubits):  # noqa: PLR2004 - a pair
        return "mirror benchmarking needs at least two different qubits"
    for qubit in qubits:
        if f"sx:{qubit}" not in noise.maps:
            reason = noise.refused.get(f"sx:{qubit}", "it was not simulated")
            return f"sx:{qubit} has no noise model: {reason}"
        if qubit not in noise.idles:
            return f"nobody knows how qubit {qubit} waits"
    inside = {pair: gate.id for pair, gate in plan.pairs.items() if {*pair} <= {*qubits}}
    for name in inside.values():
        if name not in noise.maps:
            reason = noise.refused.get(name, "it was not simulated")
            return f"{name} has no noise model: {reason}"
    if apart := _unreached(qubits, inside):
        return f"no chain of simulated cx gates leads from qubit {qubits[0]} to {apart[0]}"
    return ""


def mirror_gates(
    qubits: Sequence[int], plan: Plan, channels: Mapping[str, GateChannel], noise: Noise
) -> MirrorGates:
    """The gates of these qubits: every benchmarked pair among them may play.

    Raises KeyError for what `why_not_mirrored` has something against.

    Args:
        qubits: indices on the chip, a chain or any connected part of it.
        plan: benchmarked pairs and their gates.
        channels: by gate id, for the gates' lengths.
        noise: the maps, cold or at load, and how qubits wait.
    """
    place = {qubit: k for k, qubit in enumerate(qubits)}
    return MirrorGates(
        qubits=tuple(qubits),
        sx=tuple(noise.maps[f"sx:{qubit}"] for qubit in qubits),
        sx_duration_s=tuple(channels[f"sx:{qubit}"].duration_s for qubit in qubits),
        idles=tuple(noise.idles[qubit] for qubit in qubits),
        pairs=tuple(
            PairGate(
                control=place[gate.qubits[0]],
                target=place[gate.qubits[1]],
                cx=noise.maps[gate.id],
                duration_s=channels[gate.id].duration_s,
            )
            for pair, gate in sorted(plan.pairs.items())
            if {*pair} <= {*qubits}
        ),
    )


def mirror_plan(
    gates: MirrorGates, *, seed: int, circuits: int = 20, shots: int = 1000
) -> MirrorPlan:
    """Depths that fit the gates: from 0 to 1.7 decay lengths as composition expects them.

    Args:
        gates: what is benchmarked.
        seed: of the plan; the depths do not depend on it.
        circuits: random circuits of each depth.
        shots: repetitions of each.
    """
    rng = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(*gates.qubits, _SURVEY)))
    book = _Book(gates)
    layers = book.layers(random_mirror(gates, _SURVEYED, rng))
    loss = sum(1 - book.polarisation(layer) for layer in layers) / _SURVEYED
    length = min(1 / max(loss, 1e-9), _LONGEST / _FRACTIONS[-1])
    depths = np.maximum.accumulate(
        [2 * max(k, round(part * length / 2)) for k, part in enumerate(_FRACTIONS)]
    )
    return MirrorPlan(depths=tuple(map(int, depths)), circuits=circuits, shots=shots, seed=seed)


# Circuits


def random_mirror(gates: MirrorGates, depth: int, rng: np.random.Generator) -> MirrorCircuit:
    """A random circuit of that many layers.

    Pairs are taken in random order as long as they share no qubit with earlier ones, then each
    plays by the chance `KEPT` (like the edge grab of Proctor et al., but of constant chance).

    Args:
        gates: whose qubits and pairs.
        depth: number of layers, even.
        rng: where the randomness comes from.
    """
    there = rng.integers(ONE_QUBIT_ORDER, size=(depth // 2 + 1, len(gates.qubits)))
    played = [_grabbed(gates.pairs, rng) for _ in there[1:]]
    group = _group()
    frame = np.zeros((2, len(gates.qubits)), dtype=np.int64)
    back = []
    for cliffords, pairs in zip(there[::-1], [(), *played[::-1]], strict=True):
        for pair in pairs:
            _through(gates.pairs[pair], frame)
        undone = group.products[group.inverses[cliffords], group.paulis[frame[0], frame[1]]]
        frame = rng.integers(2, size=frame.shape)
        back.append(group.products[group.paulis[frame[0], frame[1]], undone])
    return MirrorCircuit(
        cliffords=np.concatenate([there, np.array(back)]),
        pairs=(*played, (), *played[::-1]),
        target=int(frame[0] @ 2 ** np.arange(len(gates.qubits))),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Group:
    """The one-qubit Cliffords as numbers.

    Attributes:
        products: element of a b, b being played first, shape (24, 24).
        inverses: shape (24,).
        paulis: element of X**x Z**z, shape (2, 2).
    """

    products: Integers
    inverses: Integers
    paulis: Integers


@cache
def _group() -> _Group:
    group = one_qubit_group()
    every, find = group.unitaries, group.find
    x, z = NOMINAL["x"], np.diag([1, -1]).astype(np.complex128)
    one = np.eye(2, dtype=np.complex128)
    # Pulse tables play images of the nominal gates, by an automorphism that keeps the Paulis.
    return _Group(
        products=np.array([[find(a @ b) for b in every] for a in every]),
        inverses=np.array([find(a.conj().T) for a in every]),
        paulis=np.array([[find(one), find(z)], [find(x), find(x @ z)]]),
    )


def _grabbed(pairs: Sequence[PairGate], rng: np.random.Generator) -> tuple[int, ...]:
    taken: set[int] = set()
    free = []
    for pair in rng.permutation(len(pairs)).tolist():
        both = {pairs[pair].control, pairs[pair].target}
        if not taken & both:
            taken |= both
            free.append(pair)
    return tuple(sorted(pair for pair in free if rng.random() < KEPT))


def _through(pair: PairGate, frame: Integers) -> None:
    """Move a Pauli, rows X and Z, from before a cx to after it."""
    frame[0, pair.target] ^= frame[0, pair.control]
    frame[1, pair.control] ^= frame[1, pair.target]


def _unreached(qubits: Sequence[int], pairs: Mapping[tuple[int, int], str]) -> list[int]:
    reached = {qubits[0]}
    for _ in qubits:
        reached |= {qubit for pair in pairs if reached & {*pair} for qubit in pair}
    return [qubit for qubit in qubits if qubit not in reached]


# What gates make of it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """What happens to one qubit or pair in a layer, its waiting included.

    Attributes:
        superoperator: row-stacked, shape (4**k, 4**k).
        where: positions of its k qubits, left tensor factor first.
        fidelity: entanglement fidelity with what it is meant to be.
    """

    superoperator: Complex
    where: tuple[int, ...]
    fidelity: float


@dataclass(frozen=True, slots=True, eq=False)
class _Book:
    """Parts of layers; each is made once."""

    gates: MirrorGates
    words: dict[tuple[int, int, float], Part] = field(default_factory=dict)
    crosses: dict[tuple[int, float], Part] = field(default_factory=dict)

    def layers(self, circuit: MirrorCircuit) -> list[list[Part]]:
        """All layers in time order."""
        found = [self._one_qubit_layer(circuit.cliffords[0])]
        for pairs, cliffords in zip(circuit.pairs, circuit.cliffords[1:], strict=True):
            found += [self._pair_layer(pairs), self._one_qubit_layer(cliffords)]
        return found

    def polarisation(self, layer: list[Part]) -> float:
        """(4**n F - 1) / (4**n - 1), F the product over the layer's parts."""
        size = 4.0 ** len(self.gates.qubits)
        share = math.prod(part.fidelity for part in layer)
        return (size * share - 1) / (size - 1)

    def _one_qubit_layer(self, cliffords: Integers) -> list[Part]:
        elements = cliffords.tolist()
        lengths = self.gates.sx_duration_s
        plays = [LOCALS[k].pulses * s for k, s in zip(elements, lengths, strict=True)]
        waits = [max(plays) - s for s in plays]
        return [
            self._word(q, k, wait_s)
            for q, (k, wait_s) in enumerate(zip(elements, waits, strict=True))
        ]

    def _pair_layer(self, pairs: tuple[int, ...]) -> list[Part]:
        gates = [self.gates.pairs[pair] for pair in pairs]
        length = max((gate.duration_s for gate in gates), default=0.0)
        busy = {qubit for gate in gates for qubit in (gate.control, gate.target)}
        found = [self._cross(k, length - self.gates.pairs[k].duration_s) for k in pairs]
        idle = [q for q in range(len(self.gates.qubits)) if length > 0 and q not in busy]
        return found + [self._word(qubit, 0, length) for qubit in idle]

    def _word(self, qubit: int, element: int, wait_s: float) -> Part:
        key = qubit, element, wait_s
        if key not in self.words:
            local = LOCALS[element]
            played = _played(local, self.gates.sx[qubit])
            whole = idle_map(self.gates.idles[qubit], wait_s) @ played
            ideal = _played(local, _map(NOMINAL["sx"]))
            self.words[key] = Part(
                superoperator=whole, where=(qubit,), fidelity=_fidelity(whole, ideal)
            )
        return self.words[key]

    def _cross(self, pair: int, wait_s: float) -> Part:
        key = pair, wait_s
        if key not in self.crosses:
            gate = self.gates.pairs[pair]
            where = gate.control, gate.target
            waits = [idle_map(self.gates.idles[qubit], wait_s) for qubit in where]
            whole = _side_by_side(*waits) @ gate.cx
            right = _fidelity(whole, _map(NOMINAL["cx"]))
            self.crosses[key] = Part(superoperator=whole, where=where, fidelity=right)
        return self.crosses[key]


def _played(local: Local, sx: Complex) -> Complex:
    """A one-qubit Clifford in nominal gates: rz, sx pulses, rz; shape (4, 4)."""
    total = _map(np.diag([1, 1j**local.before]))
    for _ in range(local.pulses):
        total = sx @ total
    return _map(np.diag([1, 1j**local.after])) @ total


def _map(unitary: Complex) -> Complex:
    return tensor(unitary, unitary.conj())


def _fidelity(superoperator: Complex, ideal: Complex) -> float:
    """Entanglement fidelity Tr[S_ideal† S] / d**2 (Nielsen, Phys. Lett. A 303, 249 (2002))."""
    return float(np.vdot(ideal, superoperator).real / len(ideal))


def _side_by_side(left: Complex, right: Complex) -> Complex:
    """Maps of two qubits as one, shape (16, 16)."""
    shape = (2,) * 4
    both = np.einsum("ijkl,mnop->imjnkolp", left.reshape(shape), right.reshape(shape))
    return np.asarray(both.reshape(16, 16))


# Playing it


def mirror_decay(gates: MirrorGates, plan: MirrorPlan, *, engine: Engine = "aer") -> MirrorDecay:
    """The decay that these circuits show.

    Args:
        gates: what is benchmarked.
        plan: depths, circuits, shots and seed.
        engine: ``aer``, or ``composition``, an estimate for any number of qubits, which draws no
            shots but has error bars as if it had.

    Raises:
        ValueError: more qubits than `LARGEST` for ``aer``, or fewer than four different depths.
    """
    if engine == "aer" and len(gates.qubits) > LARGEST:
        raise ValueError(
            f"qubits must be at most {LARGEST} for engine aer, but are {len(gates.qubits)}"
        )
    book = _Book(gates)
    found = [_row(book, plan, depth, engine) for depth in plan.depths]
    polarisations = np.array([[s for s, _ in row] for row in found])
    successes = tuple(tuple(share for _, share in row if share is not None) for row in found)
    fit = fit_polarisations(polarisations, plan, qubits=len(gates.qubits))
    scale = 1 - 0.25 ** len(gates.qubits)
    low_high = fit.interval
    return MirrorDecay(
        qubits=gates.qubits,
        plan=plan,
        engine=engine,
        polarisations=tuple(tuple(map(float, row)) for row in polarisations),
        successes=successes if engine == "aer" else (),
        p=fit.p,
        amplitude=None if fit.amplitude is None else fit.amplitude / _HALF,
        layer_error=None if fit.p is None else scale * (1 - fit.p),
        interval=None
        if low_high is None
        else (scale * (1 - low_high[1]), scale * (1 - low_high[0])),
        status=fit.status,
        advice=ADVICE[fit.status],
    )


def effective_polarisation(chances: Real, target: int) -> float:
    """S = (4**n Sum_k (-1/2)**k h_k - 1) / (4**n - 1), Proctor et al. (2022), eq. 1.

    1 if the outcome is always right, 0 if all are as likely.

    Args:
        chances: of each outcome, shape (2**n,).
        target: the right one; h_k is the chance of those k bits away from it.
    """
    size = len(chances) ** 2
    weights = [(-0.5) ** (k ^ target).bit_count() for k in range(len(chances))]
    return float((size * np.dot(weights, chances) - 1) / (size - 1))


def fit_polarisations(polarisations: Real, plan: MirrorPlan, *, qubits: int) -> DecayFit:
    """A/2, p and its interval of S/2 = (A/2) p**m: halved, A may fluctuate above 1.

    The variance between circuits is never taken below that of the shots, errors depolarising,
    and is widened as in `sampled.standard_errors`.

    Args:
        polarisations: of every circuit, shape (depths, circuits).
        plan: how they were taken.
        qubits: how many.
    """
    count = plan.circuits
    least = 1 / (plan.shots * count)
    mean = np.clip(polarisations.mean(axis=1), 0.0, 1 - least)
    size = 4.0**qubits
    second = mean + (1 - mean) * 0.625**qubits
    shots = (size / (size - 1)) ** 2 * (second - (mean + (1 - mean) / size) ** 2) / plan.shots
    variance = np.maximum(polarisations.var(axis=1, ddof=1), shots)
    sigma = np.sqrt(variance / count * (count - 1) / (count - 3))
    halves = polarisations.mean(axis=1) * _HALF
    return fit_decay(plan.depths, halves, sigma=sigma * _HALF, offset=0.0)


def _row(
    book: _Book, plan: MirrorPlan, depth: int, engine: Engine
) -> list[tuple[float, float | None]]:
    """Polarisation and share of right outcomes of every circuit of one depth."""
    key = (*book.gates.qubits, depth)
    rng = np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=(*key, _CIRCUITS)))
    seeds = np.random.SeedSequence(plan.seed, spawn_key=(*key, _SHOTS))
    found: list[tuple[float, float | None]] = []
    for word in seeds.generate_state(plan.circuits).tolist():
        circuit = random_mirror(book.gates, depth, rng)
        layers = book.layers(circuit)
        if engine == "composition":
            found.append((float(np.prod([book.polarisation(layer) for layer in layers])), None))
        else:
            chances = _measured(book.gates, layers, plan.shots, seed=word >> 1)
            found.append(
                (effective_polarisation(chances, circuit.target), float(chances[circuit.target]))
            )
    return found


def _measured(
    gates: MirrorGates, layers: Sequence[Sequence[Part]], shots: int, *, seed: int
) -> Real:
    """Share of each outcome, shape (2**n,)."""
    # Qiskit takes half a second to import, which only this engine pays.
    from qtregress.rb.aer import outcomes

    count = len(gates.qubits)
    played: list[Operation] = [(p.superoperator, p.where) for layer in layers for p in layer]
    _, counts = outcomes(played, qubits=count, measured=range(count), shots=shots, seed=seed)
    if counts is None or int(counts.sum()) != shots:
        raise RuntimeError("qiskit-aer must draw every shot, but did not")
    return np.asarray(counts / shots)
