"""Canary circuits: what a profile's simulated gates make of a circuit's outcomes.

A circuit in the profile's own gates becomes a list of superoperators on qubits: every pulsed
gate its channel, every virtual gate its unitary, every wait relaxation. Aer plays the list.

What the model is. Channels are cut to the computational states and turned back from the frame
of a pulse table (`qtregress.channels.ideal`) to the nominal gates. Population that leaves them
comes back at once as the maximally mixed state of the gate's qubits, so that the map keeps the
trace. Gates start as soon as their qubits are free. Until then a qubit relaxes by its bath and
precesses by what its carrier misses its frequency. What gates do to qubits beside them, ZZ
while waiting, slow frequency noise and errors of preparation and readout are not in it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.channel import GateChannel
from qtregress.channels.ideal import NOMINAL
from qtregress.channels.plan import Plan
from qtregress.chip.bath import NO_EXTRA, Extra, TransmonRates, transmon_rates
from qtregress.chip.chip import Chip
from qtregress.errors import InputError
from qtregress.pulses.profile import Profile
from qtregress.units import angular

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
Operation = tuple[Complex, tuple[int, ...]]
"""A superoperator of row-stacked density matrices, and its qubits, left tensor factor first."""

MAX_QUBITS = 7
"""That a circuit may touch: a density matrix of 4**7 elements."""
MAX_STEPS = 10_000
SUPPORT = 1e-9
"""Probability above which the ideal circuit gives an outcome."""
_ROUNDING = 1e-9

_TURNS = {
    "z": math.pi,
    "s": math.pi / 2,
    "sdg": -math.pi / 2,
    "t": math.pi / 4,
    "tdg": -math.pi / 4,
}
_ANGLES = ("rz", "p", "u1")


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeStep:
    """One step of a circuit in a profile's own gates.

    Attributes:
        name: ``cx``, or ``barrier``, ``delay``, ``measure``, ``reset``.
        qubits: of the device, in the gate's order.
        duration_s: how long it keeps its qubits; zero for virtual gates and barriers.
        angles: in rad, of gates that have any.
        bits: classical bits that a measurement writes, counted over all registers.
    """

    name: str
    qubits: tuple[int, ...]
    duration_s: float = 0.0
    angles: tuple[float, ...] = ()
    bits: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """``cx:0-1``."""
        return f"{self.name}:{'-'.join(map(str, self.qubits))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeCircuit:
    """A circuit in a profile's own gates, in an order in which they may be played."""

    name: str
    steps: tuple[NativeStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """What waiting does to a qubit.

    Attributes:
        down: rate 1 -> 0 in 1/s.
        up: rate 0 -> 1 in 1/s.
        dephasing: pure dephasing of the coherence in 1/s.
        detuning_hz: qubit frequency minus that of its carrier.
    """

    down: float
    up: float
    dephasing: float
    detuning_hz: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Noise:
    """The noise model of one profile on one chip.

    Attributes:
        maps: by gate id, trace-preserving, nominal frame, shape (4**k, 4**k).
        idles: by qubit.
        refused: by gate id, why there is no map.
    """

    maps: Mapping[str, Complex]
    idles: Mapping[int, Idle]
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What a circuit's measurement gives, or why that is not known.

    Attributes:
        probabilities: of each outcome, shape (2**bits,); bit k of the index is the k-th
            measured classical bit. None where there is a problem.
        counts: of the repetitions that were asked for, shape (2**bits,).
        problem: why there are no probabilities, or an empty string.
    """

    probabilities: Real | None = None
    counts: NDArray[np.int64] | None = None
    problem: str = ""


# The noise model


def noise_of(
    plan: Plan,
    channels: Mapping[str, GateChannel],
    profile: Profile,
    chip: Chip,
    *,
    extra: Mapping[int, Extra] | None = None,
    error_tolerance: float,
) -> Noise:
    """The noise of a profile's simulated gates and of waiting on its chip.

    Args:
        plan: which gates were simulated, and why others were not.
        channels: by gate id.
        profile: whose carriers these are.
        chip: whose baths these are.
        extra: by qubit, what a load adds to its bath; then the gates' maps are those at load.
            Without it everything is as calibrated.
        error_tolerance: largest error estimate of a channel that is believed.
    """
    maps: dict[str, Complex] = {}
    refused = dict(plan.refused)
    for gate in plan.gates:
        channel = channels[gate.id]
        whole = channel.superoperator if extra is None else channel.at_load
        if whole is None:
            refused[gate.id] = "it was not simulated at load"
        elif not channel.error_estimate <= error_tolerance:
            refused[gate.id] = "its simulation is not to be trusted"
        else:
            maps[gate.id] = nominal_map(whole, channel.computational)
    return Noise(maps=maps, idles=_idles(profile, chip, extra or {}), refused=refused)


def nominal_map(superoperator: Complex, computational: NDArray[np.intp]) -> Complex:
    """A gate's map on its computational states, compared with nominal gates.

    A table realises (Z kron Z) V* (Z kron Z) of its nominal V; the same automorphism turns its
    map back. What leaves the computational states returns as the maximally mixed state.

    Args:
        superoperator: on all n levels, shape (n**2, n**2), row-stacked.
        computational: positions of the d computational states, shape (d,).

    Returns:
        Shape (d**2, d**2), trace-preserving.
    """
    n, d = math.isqrt(len(superoperator)), len(computational)
    kept = np.ix_(computational, computational, computational, computational)
    signs = np.array([(-1.0) ** int(state).bit_count() for state in range(d)])
    both = np.outer(signs, signs)
    block = superoperator.reshape(n, n, n, n)[kept].conj() * both[:, :, None, None] * both
    lost = np.eye(d) - np.einsum("aaij->ij", block)
    block = block + np.eye(d)[:, :, None, None] / d * lost
    return np.asarray(block.reshape(d * d, d * d))


def idle_map(idle: Idle, duration_s: float) -> Complex:
    """A qubit's relaxation while it waits, nominal frame, shape (4, 4), row-stacked.

    Bloch equations: populations reach up / (up + down) with rate up + down = 1/T1, the
    coherence decays with (up + down) / 2 + dephasing = 1/T2.
    """
    rate = idle.up + idle.down
    gone = -math.expm1(-rate * duration_s)
    excited = idle.up / rate if rate > 0 else 0.0
    up, down = excited * gone, (1 - excited) * gone
    turned = np.exp(-1j * angular(idle.detuning_hz) * duration_s)
    left = turned * math.exp(-(rate / 2 + idle.dephasing) * duration_s)
    found = np.diag([1 - up, left, left.conj(), 1 - down]).astype(np.complex128)
    found[0, 3], found[3, 0] = down, up
    return found


def _idles(profile: Profile, chip: Chip, extra: Mapping[int, Extra]) -> dict[int, Idle]:
    found = {}
    for qubit in chip.qubits:
        rates: TransmonRates = transmon_rates(qubit, 2, extra.get(qubit.index, NO_EXTRA))
        is_at = qubit.frequency_hz + qubit.drive.frequency_offset_hz
        found[qubit.index] = Idle(
            down=rates.down[0],
            up=rates.up[0],
            dephasing=rates.dephasing,
            detuning_hz=is_at - profile.drive_frequency_hz.get(f"d{qubit.index}", is_at),
        )
    return found


# The circuit


def check_circuit(circuit: NativeCircuit) -> None:
    """Refuse what is no canary.

    Raises:
        InputError: it measures nothing, plays on after a measurement, resets a qubit midway, or
            is too large; the sentence starts with the circuit's name.
    """
    if problem := _order_problem(circuit) or _size_problem(circuit):
        raise InputError(f"circuit {circuit.name}: {problem}.")


def _size_problem(circuit: NativeCircuit) -> str:
    touched = {q for step in circuit.steps if step.name != "barrier" for q in step.qubits}
    if len(touched) > MAX_QUBITS:
        return f"must touch at most {MAX_QUBITS} qubits of the device, but touches {len(touched)}"
    if len(circuit.steps) > MAX_STEPS:
        return f"must have at most {MAX_STEPS} native gates, but has {len(circuit.steps)}"
    return ""


def _order_problem(circuit: NativeCircuit) -> str:
    touched: set[int] = set()
    measured: set[int] = set()
    bits: set[int] = set()
    for step in circuit.steps:
        if step.name == "barrier":
            continue
        if again := measured.intersection(step.qubits):
            return f"must do nothing after measuring, but qubit {min(again)} does {step.name}"
        if step.name == "reset" and touched.intersection(step.qubits):
            return f"must not reset a qubit that was played on, but resets {step.qubits[0]}"
        if bits.intersection(step.bits):
            return "must measure into every classical bit once, but measures twice"
        touched.update(step.qubits)
        bits.update(step.bits)
        measured.update(step.qubits if step.name == "measure" else ())
    return "" if measured else "must measure at least one qubit, but measures none"


def gate_counts(circuit: NativeCircuit) -> dict[str, int]:
    """Executions by gate id of gates that take time, and of measurements, sorted by id."""
    counts: dict[str, int] = {}
    for step in circuit.steps:
        if step.name == "measure" or (step.duration_s > 0 and step.name != "delay"):
            counts[step.id] = counts.get(step.id, 0) + 1
    return dict(sorted(counts.items()))


def scheduled(circuit: NativeCircuit) -> Iterator[tuple[NativeStep, float, dict[int, float]]]:
    """Every gate and measurement, when it starts, and how long each of its qubits waited.

    Each starts as soon as all its qubits are free; barriers and delays only make them wait.
    Times in s; qubits are prepared at 0.
    """
    free_s: dict[int, float] = {}
    state_at_s: dict[int, float] = {}
    for step in circuit.steps:
        start_s = max((free_s.get(qubit, 0.0) for qubit in step.qubits), default=0.0)
        for qubit in step.qubits:
            free_s[qubit] = start_s + step.duration_s
        if step.name in {"barrier", "delay", "reset"}:
            continue
        yield step, start_s, {q: start_s - state_at_s.get(q, 0.0) for q in step.qubits}
        for qubit in step.qubits:
            state_at_s[qubit] = free_s[qubit]


def length_s(circuit: NativeCircuit) -> float:
    """From preparation to the end of the last gate or measurement."""
    ends = (start_s + step.duration_s for step, start_s, _ in scheduled(circuit))
    return max(ends, default=0.0)


def unitary_of(step: NativeStep) -> Complex | None:
    """What a nominal gate does, first qubit left, up to a phase; None if it is not known."""
    if step.name in _ANGLES and len(step.angles) == 1:
        return np.diag([1, np.exp(1j * step.angles[0])])
    if step.name in _TURNS:
        return np.diag([1, np.exp(1j * _TURNS[step.name])])
    return NOMINAL.get(step.name)


def why_not_played(circuit: NativeCircuit, noise: Noise | None) -> str:
    """Why the circuit's outcomes cannot be known, or an empty string."""
    for step, _, _ in scheduled(circuit):
        if step.name == "measure":
            continue
        if unitary_of(step) is None:
            return f"it plays {step.id}, and no ideal gate is known for the name {step.name}"
        if noise is None:
            continue
        if step.duration_s > 0 and step.id not in noise.maps:
            reason = noise.refused.get(step.id, "it was not simulated")
            return f"it plays {step.id}, which has no noise model: {reason}"
        if silent := [qubit for qubit in step.qubits if qubit not in noise.idles]:
            return f"the chip knows no qubit {silent[0]}"
    return ""


def operations(circuit: NativeCircuit, noise: Noise | None) -> list[Operation]:
    """The circuit as superoperators on the device's qubits, in time order.

    Without noise these are the ideal gates and waiting does nothing. Raises KeyError for what
    `why_not_played` has something against.
    """
    found: list[Operation] = []
    waits: dict[tuple[int, float], Complex] = {}
    for step, _, waited_s in scheduled(circuit):
        for qubit, wait_s in waited_s.items():
            if noise is not None and wait_s > 0:
                key = qubit, wait_s
                if key not in waits:
                    waits[key] = idle_map(noise.idles[qubit], wait_s)
                found.append((waits[key], (qubit,)))
        if step.name != "measure":
            found.append((_map_of(step, noise), step.qubits))
    return found


def _map_of(step: NativeStep, noise: Noise | None) -> Complex:
    if noise is not None and step.duration_s > 0:
        return noise.maps[step.id]
    unitary = unitary_of(step)
    if unitary is None:
        raise KeyError(step.id)
    return np.asarray(np.kron(unitary, unitary.conj()))


# Playing it


def play(
    circuit: NativeCircuit, noise: Noise | None, *, shots: int | None = None, seed: int = 0
) -> Outcome:
    """The circuit's outcomes on Aer: exact probabilities, and counts if there are ``shots``.

    Args:
        circuit: one that `check_circuit` accepts.
        noise: of a profile; None is the ideal circuit.
        shots: repetitions that are drawn, at least 1.
        seed: of Aer's sampler.
    """
    if problem := why_not_played(circuit, noise):
        return Outcome(problem=problem)
    from qtregress.rb.aer import outcomes

    played = operations(circuit, noise)
    read = {step.bits[0]: step.qubits[0] for step in circuit.steps if step.name == "measure"}
    qubits = sorted({qubit for _, where in played for qubit in where} | set(read.values()))
    place = {qubit: number for number, qubit in enumerate(qubits)}
    chances, counts = outcomes(
        [(one, tuple(place[qubit] for qubit in where)) for one, where in played],
        qubits=len(qubits),
        measured=[place[read[bit]] for bit in sorted(read)],
        shots=shots,
        seed=seed,
    )
    off = abs(float(chances.sum()) - 1)
    if not (off < _ROUNDING and float(chances.min()) > -_ROUNDING):
        return Outcome(problem="its probabilities are none: they do not add up to one")
    return Outcome(probabilities=np.clip(chances, 0.0, None), counts=counts)


def hellinger_fidelity(one: Sequence[float] | Real, other: Sequence[float] | Real) -> float:
    """(Sum_k sqrt(p_k q_k))**2 of two distributions: 1 if they are equal, 0 if disjoint.

    (1 - H**2)**2 with H the Hellinger distance, as ``qiskit.quantum_info`` defines it. For
    commuting states it is their Uhlmann fidelity (Jozsa, J. Mod. Opt. 41, 2315 (1994)).
    """
    return float(np.sum(np.sqrt(np.asarray(one) * np.asarray(other))) ** 2)


def success_probability(found: Real, ideal: Real) -> float | None:
    """Probability of the outcomes that the ideal circuit can give (above `SUPPORT`).

    For a mirror circuit this is its survival, for a GHZ state the weight of 0...0 and 1...1.
    None where the ideal circuit can give every outcome: then it would always be 1.
    """
    can = ideal > SUPPORT
    return None if bool(can.all()) else float(found[can].sum())
