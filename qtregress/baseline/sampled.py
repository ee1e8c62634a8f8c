"""Sampled benchmarking as a baseline keeps it: every sequence, so that a later run pairs."""

from collections.abc import Iterable

import numpy as np

from qtregress.baseline.record import SampledRecord
from qtregress.rb.sampled import SampledDecay, estimate
from qtregress.rb.sequences import SamplePlan

_DIGITS = 6


def sampled_records(decays: Iterable[SampledDecay]) -> tuple[SampledRecord, ...]:
    """The decays as records, in the order of their subjects.

    Raises:
        ValueError: a decay does not say which plan it played.
    """
    records = []
    for decay in decays:
        if decay.plan is None:
            raise ValueError("a decay must say its plan to be recorded, but does not")
        records.append(
            SampledRecord(
                subject="-".join(map(str, decay.qubits)),
                seed=decay.plan.seed,
                shots=decay.plan.shots,
                lengths=decay.lengths,
                survivals=tuple(
                    tuple(round(value, _DIGITS) for value in row) for row in decay.survivals
                ),
            )
        )
    return tuple(sorted(records, key=lambda record: record.subject))


def recorded_decay(record: SampledRecord) -> SampledDecay:
    """The decay that was recorded; whole numbers of shots, so that nothing is lost."""
    shots = record.shots
    plan = SamplePlan(
        lengths=record.lengths,
        sequences=len(record.survivals[0]),
        shots=shots,
        seed=record.seed,
    )
    survivals = np.rint(np.array(record.survivals, dtype=np.float64) * shots) / shots
    qubits = tuple(map(int, record.subject.split("-")))
    return estimate(survivals, plan, qubits=qubits)
