"""Sampled randomized benchmarking: random sequences with seeds and shots, as hardware does it.

It exists to be compared with hardware and with `exact`; gates are judged by the latter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qtregress.rb.clifford import CliffordGroup, Step, concatenate, group_of
from qtregress.rb.decay import ADVICE, DecayFit, FitStatus, fit_decay, resampled_decays
from qtregress.rb.exact import virtual_z_map
from qtregress.rb.gateset import Complex, Gates, levels_of, natives

Real = NDArray[np.float64]
Circuit = tuple[Step, ...]

FEWEST_SEQUENCES: Final = 4
RESAMPLES: Final = 200
FEWEST_RESAMPLES: Final = 190
_SEQUENCES, _SHOTS, _RESAMPLING = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePlan:
    """What is played.

    A pair of 3 or 4 levels costs about 6 ms per native played and 4 MB per native of the
    longest sequence: six lengths up to 40 with six sequences each take some 8 s and 0.8 GB
    (a Clifford has four natives). One qubit with ten lengths up to 500 and ten sequences
    each takes 2 s.

    Attributes:
        lengths: numbers of random Cliffords before the inverse.
        sequences: random sequences of each length, at least 4.
        shots: repetitions of each sequence.
        seed: the streams of every qubit, pair and length follow from it.
    """

    lengths: tuple[int, ...]
    sequences: int
    shots: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse plans that cannot give an error bar."""
        if self.sequences < FEWEST_SEQUENCES:
            raise ValueError(f"sequences must be at least 4, but is {self.sequences}")
        if self.shots < 1 or min(self.lengths) < 1:
            raise ValueError(
                f"shots and lengths must be positive, but are {self.shots} and {self.lengths}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledDecay:
    """Survivals of every sequence and the decay fitted to them.

    Attributes:
        lengths: numbers of random Cliffords.
        survivals: fraction of shots in the ground state, shape (lengths, sequences).
        fit: of the mean over sequences.
        epc: (d - 1)(1 - p)/d, None unless the status is ``ok``.
        interval: 95 % interval of epc by resampling sequences; None with epc.
        status: ``ok``, or why there is no value.
        advice: what happened and what to do, a sentence.
    """

    lengths: tuple[int, ...]
    survivals: tuple[tuple[float, ...], ...]
    fit: DecayFit
    epc: float | None
    interval: tuple[float, float] | None
    status: FitStatus
    advice: str


def sampled_decay(gates: Gates, plan: SamplePlan, *, qubits: tuple[int, ...]) -> SampledDecay:
    """The decay that these sequences and shots show.

    Args:
        gates: simulated natives of one qubit or of a pair.
        plan: lengths, sequences, shots and seed.
        qubits: indices on the chip; each qubit and pair has its own random streams.
    """
    survivals = np.array([_measure(gates, plan, qubits, m) for m in plan.lengths])
    return estimate(survivals, plan, qubits=qubits)


def estimate(survivals: Real, plan: SamplePlan, *, qubits: tuple[int, ...]) -> SampledDecay:
    """The decay of given survivals.

    Args:
        survivals: fraction of shots in the ground state, shape (lengths, sequences).
        plan: how they were taken.
        qubits: indices on the chip: one, or two of a pair.
    """
    sigma = standard_errors(survivals, plan.shots)
    fit = fit_decay(plan.lengths, survivals.mean(axis=1), sigma=sigma)
    spread = None
    if fit.p is not None and fit.amplitude is not None and fit.offset is not None:
        start = (fit.amplitude, fit.p, fit.offset)
        picks = _picks(plan, qubits)
        decays = resampled_decays(
            plan.lengths, survivals, sigma=sigma, start=start, picks=list(picks)
        )
        spread = _spread(fit.p, decays, plan.sequences)
    status: FitStatus = "failed" if fit.status == "ok" and spread is None else fit.status
    scale = 1 - 0.5 ** len(qubits)
    return SampledDecay(
        lengths=plan.lengths,
        survivals=tuple(tuple(map(float, row)) for row in survivals),
        fit=fit,
        epc=None if spread is None or fit.p is None else scale * (1 - fit.p),
        interval=None if spread is None else (scale * (1 - spread[1]), scale * (1 - spread[0])),
        status=status,
        advice=ADVICE[status],
    )


def random_circuits(
    gates: Gates, plan: SamplePlan, *, qubits: tuple[int, ...], length: int
) -> tuple[Circuit, ...]:
    """All random sequences of one length, each followed by its inverse.

    The virtual Z after the last pulse is left out: no population feels it.

    Args:
        gates: natives of one qubit or of a pair.
        plan: how many sequences, and the seed.
        qubits: indices on the chip.
        length: number of random Cliffords.
    """
    group = group_of(gates)
    rng = np.random.default_rng(_stream(plan, qubits, length, _SEQUENCES))
    draws = rng.integers(group.order, size=(plan.sequences, length))
    return tuple(_closed(group, [int(element) for element in row]) for row in draws)


def composed_survivals(
    gates: Gates, circuits: Sequence[Circuit], *, initial: Complex | None = None
) -> Real:
    """Ground-state probability after each circuit, without shots, shape (circuits,).

    Args:
        gates: simulated natives.
        circuits: natives with the virtual Z before each.
        initial: density matrix (n, n) before the first pulse; the ground state if None.
    """
    size = int(np.prod(levels_of(gates)))
    ground = np.zeros(size**2, dtype=np.complex128)
    ground[0] = 1
    start = ground if initial is None else np.asarray(initial).reshape(-1)
    maps = step_maps(gates, (step for circuit in circuits for step in circuit))
    survivals = []
    for circuit in circuits:
        state = start
        for step in circuit:
            state = maps[step] @ state
        survivals.append(float(state[0].real))
    return np.array(survivals)


def step_maps(gates: Gates, steps: Iterable[Step]) -> dict[Step, Complex]:
    """Superoperator of every different step, its virtual Z included.

    Args:
        gates: simulated natives.
        steps: what is played, repetitions allowed.
    """
    maps, levels = natives(gates), levels_of(gates)
    different = dict.fromkeys(steps)
    return {step: maps[step.native] * virtual_z_map(levels, step.turns) for step in different}


def standard_errors(survivals: Real, shots: int) -> Real:
    """Standard error of each length's mean survival, shape (lengths,).

    The variance between sequences is never taken below that of the shots, and is widened
    by (s - 1)/(s - 3), the variance of Student's t, because s sequences estimated it.

    Args:
        survivals: fraction of shots in the ground state, shape (lengths, sequences).
        shots: repetitions of each sequence.
    """
    sequences = survivals.shape[1]
    whole = sequences * shots
    chance = (survivals.sum(axis=1) * shots + 1) / (whole + 2)
    variance = np.maximum(survivals.var(axis=1, ddof=1), chance * (1 - chance) / shots)
    errors: Real = np.sqrt(variance / sequences * (sequences - 1) / (sequences - 3))
    return errors


def _measure(gates: Gates, plan: SamplePlan, qubits: tuple[int, ...], length: int) -> Real:
    # Qiskit takes half a second to import, which only this mode pays.
    from qtregress.rb.aer import ground_counts

    circuits = random_circuits(gates, plan, qubits=qubits, length=length)
    maps = step_maps(gates, (step for circuit in circuits for step in circuit))
    seeds = _stream(plan, qubits, length, _SHOTS).generate_state(plan.sequences)
    position = {step: k for k, step in enumerate(maps)}
    counts = ground_counts(
        list(maps.values()),
        [[position[step] for step in circuit] for circuit in circuits],
        levels=levels_of(gates),
        shots=plan.shots,
        seeds=[int(word) >> 1 for word in seeds],
    )
    return counts / plan.shots


def _closed(group: CliffordGroup, elements: list[int]) -> Circuit:
    every = [*elements, group.inverse_of(elements)]
    return concatenate([group.word(element) for element in every]).steps


def _stream(
    plan: SamplePlan, qubits: tuple[int, ...], length: int, purpose: int
) -> np.random.SeedSequence:
    """A stream that does not depend on which other qubits or lengths are measured."""
    return np.random.SeedSequence(plan.seed, spawn_key=(*qubits, length, purpose))


def _picks(plan: SamplePlan, qubits: tuple[int, ...]) -> NDArray[np.int64]:
    rng = np.random.default_rng(_stream(plan, qubits, 0, _RESAMPLING))
    shape = (RESAMPLES, len(plan.lengths), plan.sequences)
    return rng.integers(plan.sequences, size=shape)


def _spread(p: float, decays: Real, sequences: int) -> tuple[float, float] | None:
    """95 % interval of p, or None where too many resamples had no decay."""
    if len(decays) < FEWEST_RESAMPLES:
        return None
    # Resampling s values with replacement shrinks their variance by (s - 1)/s.
    widened = p + (decays - p) * np.sqrt(sequences / (sequences - 1))
    low, high = np.quantile(widened, [0.025, 0.975])
    return float(low), min(1.0, float(high))


_FRACTIONS = (0.0, 0.1, 0.3, 0.6, 1.0, 1.6)
"""Lengths in units of the exact decay length 1 / (1 - p): the asymptote must be seen."""
_UNKNOWN_P = {1: 0.999, 2: 0.98}
_LONGEST = {1: 6000, 2: 200}
_SEQUENCES_EACH = {1: 10, 2: 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledTask:
    """Sampled benchmarking of one qubit or pair at lengths that fit its exact decay."""

    gates: Gates
    qubits: tuple[int, ...]
    exact_p: float | None
    seed: int
    shots: int

    @property
    def lengths(self) -> tuple[int, ...]:
        """Numbers of Cliffords, from 1 to where the survival has reached its asymptote."""
        width = len(self.qubits)
        decay = 1 / (1 - (_UNKNOWN_P[width] if self.exact_p is None else self.exact_p))
        return tuple(sorted({min(_LONGEST[width], 1 + round(part * decay)) for part in _FRACTIONS}))


def sampled_task(task: SampledTask) -> SampledDecay:
    """The sampled decay of one qubit or pair."""
    plan = SamplePlan(
        lengths=task.lengths,
        sequences=_SEQUENCES_EACH[len(task.qubits)],
        shots=task.shots,
        seed=task.seed,
    )
    return sampled_decay(task.gates, plan, qubits=task.qubits)
