"""Sampled randomized benchmarking: random sequences with seeds and shots, as hardware does it.

It exists to be compared with hardware and with `exact`; gates are judged by the latter.
Probabilities come from composing the simulated maps, shots from a seeded generator; qiskit-aer
plays the same circuits as a cross-check. OLD and NEW of one plan play the same sequences with
the same luck, so that their difference is known better than either.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qtregress.rb.composition import Real, composed_survivals, step_maps
from qtregress.rb.decay import ADVICE, DecayFit, FitStatus, fit_decay, resampled_decays
from qtregress.rb.gateset import Gates, levels_of
from qtregress.rb.sequences import (
    RESAMPLING,
    SHOTS,
    Circuit,
    Engine,
    SamplePlan,
    random_circuits,
    stream,
)

RESAMPLES: Final = 200
FEWEST_RESAMPLES: Final = 190


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
        plan: how they were taken; None where nobody says, and then nothing pairs with them.
        qubits: indices on the chip.
    """

    lengths: tuple[int, ...]
    survivals: tuple[tuple[float, ...], ...]
    fit: DecayFit
    epc: float | None
    interval: tuple[float, float] | None
    status: FitStatus
    advice: str
    plan: SamplePlan | None = None
    qubits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """NEW less OLD of two sampled decays that played the same sequences.

    Attributes:
        change: of the error per Clifford, None unless the status is ``ok``.
        interval: 95 % interval of change by resampling the sequences of both alike; None
            with change.
        status: ``ok``, or why there is no value: that of OLD, else that of NEW.
        advice: what happened and what to do, a sentence.
        error: one standard deviation of change by the same resampling; None with change.
    """

    change: float | None
    interval: tuple[float, float] | None
    status: FitStatus
    advice: str
    error: float | None = None


def sampled_decay(
    gates: Gates, plan: SamplePlan, *, qubits: tuple[int, ...], engine: Engine = "composition"
) -> SampledDecay:
    """The decay that these sequences and shots show.

    Args:
        gates: simulated natives of one qubit or of a pair.
        plan: lengths, sequences, shots and seed.
        qubits: indices on the chip; each qubit and pair has its own random streams.
        engine: ``composition``, or ``aer`` as a cross-check: it plays the same sequences, its
            shots have luck of their own. A pair costs it some 6 ms a native and 4 MB a native
            of the longest sequence.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian (composition).
    """
    circuits = [random_circuits(gates, plan, qubits=qubits, length=m) for m in plan.lengths]
    if engine == "aer":
        rows = zip(plan.lengths, circuits, strict=True)
        survivals = np.array([_aer_survivals(gates, plan, qubits, m, row) for m, row in rows])
    else:
        every = [circuit for row in circuits for circuit in row]
        chances = composed_survivals(gates, every).reshape(len(circuits), -1)
        survivals = drawn_survivals(chances, plan, qubits=qubits)
    return estimate(survivals, plan, qubits=qubits)


def paired_difference(old: SampledDecay, new: SampledDecay) -> PairedDifference:
    """How much NEW's sampled error per Clifford exceeds OLD's.

    A resample takes the same sequences of both, so that what they share cancels: how hard
    each sequence is, and the luck of its shots. Equal gates differ by exactly nothing. It is
    the difference of what two fits read: where leakage grows with the error, survivals are no
    single exponential, and the interval can be too narrow to hold that of the exact decays.

    Args:
        old: one decay.
        new: the other, of the same qubits and plan.

    Raises:
        ValueError: they do not have qubits and plan in common.
    """
    plan = old.plan
    if plan is None or (new.plan, new.qubits) != (plan, old.qubits):
        raise ValueError(
            "paired decays must come from one plan on the same qubits, but come from "
            f"{old.plan} on {old.qubits} and {new.plan} on {new.qubits}"
        )
    status = old.status if old.status != "ok" else new.status
    if old.epc is None or new.epc is None:
        return PairedDifference(change=None, interval=None, status=status, advice=ADVICE[status])
    change = new.epc - old.epc
    scale = 1 - 0.5 ** len(old.qubits)
    changes = scale * (_resampled(old, plan) - _resampled(new, plan))
    found = _spread(change, changes, plan.sequences)
    if found is None:
        return PairedDifference(
            change=None, interval=None, status="failed", advice=ADVICE["failed"]
        )
    return PairedDifference(
        change=change,
        interval=found,
        status="ok",
        advice=ADVICE["ok"],
        error=_standard_error(changes, plan.sequences),
    )


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
    if fit.p is not None:
        spread = _spread(fit.p, _refits(survivals, sigma, fit, plan, qubits), plan.sequences)
    status: FitStatus = "failed" if fit.status == "ok" and spread is None else fit.status
    scale = 1 - 0.5 ** len(qubits)
    return SampledDecay(
        lengths=plan.lengths,
        survivals=tuple(tuple(map(float, row)) for row in survivals),
        fit=fit,
        epc=None if spread is None or fit.p is None else scale * (1 - fit.p),
        interval=None
        if spread is None
        else (scale * (1 - min(1.0, spread[1])), scale * (1 - spread[0])),
        status=status,
        advice=ADVICE[status],
        plan=plan,
        qubits=qubits,
    )


def drawn_survivals(chances: Real, plan: SamplePlan, *, qubits: tuple[int, ...]) -> Real:
    """Fractions of shots in the ground state, same shape as the chances.

    Every shot compares its own uniform number with the chance: gates that differ little, at
    the same plan and qubits, differ in few shots.

    Args:
        chances: ground-state probabilities, shape (lengths, sequences).
        plan: shots and seed.
        qubits: indices on the chip.
    """
    found = np.empty_like(chances)
    for row, m in enumerate(plan.lengths):
        rng = np.random.default_rng(stream(plan, qubits, m, SHOTS))
        for k, chance in enumerate(chances[row]):
            found[row, k] = np.count_nonzero(rng.random(plan.shots) < chance) / plan.shots
    return found


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


def _aer_survivals(
    gates: Gates,
    plan: SamplePlan,
    qubits: tuple[int, ...],
    length: int,
    circuits: tuple[Circuit, ...],
) -> Real:
    # Qiskit takes half a second to import, which only this engine pays.
    from qtregress.rb.aer import ground_counts

    maps = step_maps(gates, (step for circuit in circuits for step in circuit))
    seeds = stream(plan, qubits, length, SHOTS).generate_state(plan.sequences)
    position = {step: k for k, step in enumerate(maps)}
    counts = ground_counts(
        list(maps.values()),
        [[position[step] for step in circuit] for circuit in circuits],
        levels=levels_of(gates),
        shots=plan.shots,
        seeds=[int(word) >> 1 for word in seeds],
    )
    return counts / plan.shots


def _picks(plan: SamplePlan, qubits: tuple[int, ...]) -> NDArray[np.int64]:
    rng = np.random.default_rng(stream(plan, qubits, 0, RESAMPLING))
    shape = (RESAMPLES, len(plan.lengths), plan.sequences)
    return rng.integers(plan.sequences, size=shape)


def _resampled(decay: SampledDecay, plan: SamplePlan) -> Real:
    survivals = np.array(decay.survivals)
    sigma = standard_errors(survivals, plan.shots)
    return _refits(survivals, sigma, decay.fit, plan, decay.qubits)


def _refits(
    survivals: Real, sigma: Real, fit: DecayFit, plan: SamplePlan, qubits: tuple[int, ...]
) -> Real:
    """Decay constants of resampled sequences, NaN where there is none, shape (RESAMPLES,)."""
    if fit.p is None or fit.amplitude is None or fit.offset is None:
        return np.full(RESAMPLES, np.nan)
    start = (fit.amplitude, fit.p, fit.offset)
    picks = list(_picks(plan, qubits))
    return resampled_decays(plan.lengths, survivals, sigma=sigma, start=start, picks=picks)


def _spread(value: float, resamples: Real, sequences: int) -> tuple[float, float] | None:
    """95 % interval of a value, or None where too many resamples have none.

    With 30 sequences it held the truth in 92 of 99 samples; with 8 it did in 95 of 100 where
    errors are incoherent, in 83 where they are strongly coherent and few sequences are bad.
    """
    found = resamples[np.isfinite(resamples)]
    if len(found) < FEWEST_RESAMPLES:
        return None
    # Resampling s values with replacement shrinks their variance by (s - 1)/s; that it was
    # estimated from s values widens it by (s - 1)/(s - 3), as in `standard_errors`.
    widened = value + (found - value) * np.sqrt(sequences / (sequences - 3))
    low, high = np.quantile(widened, [0.025, 0.975])
    return float(low), float(high)


def _standard_error(resamples: Real, sequences: int) -> float:
    """Standard deviation of a value from its resamples, those without one left out.

    Resampling s values with replacement shrinks their variance by (s - 1)/s, which is undone.
    """
    found = resamples[np.isfinite(resamples)]
    return float(found.std(ddof=1) * np.sqrt(sequences / (sequences - 1)))


_FRACTIONS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.4, 1.9, 2.5)
"""Lengths in units of the exact decay length 1 / (1 - p): the asymptote must be seen."""

_UNKNOWN_P = {1: 0.999, 2: 0.98}

_SHORTEST = 9
"""Enough for eight different lengths, however fast the decay."""

_LONGEST = {1: 6000, 2: 200}

_SEQUENCES_EACH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledTask:
    """Sampled benchmarking of one qubit or pair at lengths that fit its exact decay.

    Ten lengths of thirty sequences each, as on hardware, unless told otherwise. More sequences
    begin with those that fewer would play.

    Attributes:
        gates: simulated natives.
        qubits: indices on the chip.
        exact_p: the exact decay, for the lengths; None where there is none.
        seed: of the plan.
        shots: repetitions of each sequence.
        engine: as in `sampled_decay`.
        sequences: random sequences of each length.
    """

    gates: Gates
    qubits: tuple[int, ...]
    exact_p: float | None
    seed: int
    shots: int
    engine: Engine = "composition"
    sequences: int = _SEQUENCES_EACH

    @property
    def lengths(self) -> tuple[int, ...]:
        """Numbers of Cliffords, from 1 to where the survival has reached its asymptote."""
        width = len(self.qubits)
        loss = 1 - (_UNKNOWN_P[width] if self.exact_p is None else self.exact_p)
        longest = _LONGEST[width] - 1
        if loss * longest > _FRACTIONS[-1]:
            longest = max(_SHORTEST, round(_FRACTIONS[-1] / loss))
        parts = (part / _FRACTIONS[-1] for part in _FRACTIONS)
        return tuple(sorted({1 + round(part * longest) for part in parts}))

    @property
    def plan(self) -> SamplePlan:
        """What is played."""
        return SamplePlan(
            lengths=self.lengths, sequences=self.sequences, shots=self.shots, seed=self.seed
        )


def sampled_task(task: SampledTask) -> SampledDecay:
    """The sampled decay of one qubit or pair."""
    return sampled_decay(task.gates, task.plan, qubits=task.qubits, engine=task.engine)
