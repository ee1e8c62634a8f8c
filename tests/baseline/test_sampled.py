"""Sampled benchmarking as a baseline keeps it."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from qtregress.baseline.record import SampledRecord
from qtregress.baseline.sampled import recorded_decay, sampled_records
from qtregress.rb.sampled import estimate
from qtregress.rb.sequences import SamplePlan

LENGTHS = (1, 60, 300, 900)


def test_a_recorded_decay_pairs_with_what_was_measured() -> None:
    """Read back it is the same to the last shot: nothing of a difference is the file's."""
    plan = SamplePlan(lengths=LENGTHS, sequences=6, shots=1023, seed=3)
    chances = np.array([0.5 + 0.5 * 0.995**m for m in LENGTHS])
    drawn = np.random.default_rng(1).binomial(plan.shots, chances[:, None], (len(LENGTHS), 6))
    decay = estimate(drawn / plan.shots, plan, qubits=(3,))
    (record,) = sampled_records([decay])
    again = recorded_decay(SampledRecord.model_validate_json(record.model_dump_json()))

    assert (again.survivals, again.plan, again.epc) == (decay.survivals, plan, decay.epc)


def test_subjects_are_sorted() -> None:
    """The order of measurement does not matter."""
    plan = SamplePlan(lengths=LENGTHS, sequences=4, shots=100, seed=0)
    flat = np.full((len(LENGTHS), 4), 0.5)
    decays = [estimate(flat, plan, qubits=qubits) for qubits in ((1,), (0, 1), (0,))]

    assert [record.subject for record in sampled_records(decays)] == ["0", "0-1", "1"]


def test_a_decay_of_no_plan_is_not_recorded() -> None:
    """Nothing could pair with it."""
    plan = SamplePlan(lengths=LENGTHS, sequences=4, shots=100, seed=0)
    nameless = replace(estimate(np.full((len(LENGTHS), 4), 0.5), plan, qubits=(0,)), plan=None)

    with pytest.raises(ValueError, match="must say its plan"):
        sampled_records([nameless])


def test_rows_belong_to_lengths() -> None:
    """A missing row is not filled in."""
    with pytest.raises(ValidationError, match="a row a length"):
        SampledRecord(subject="0", seed=0, shots=1, lengths=(1, 2), survivals=((1.0,) * 4,))
