"""Sampled decays agree with the exact one, and repeat."""

from collections.abc import Callable

import numpy as np
import pytest

from qtregress.rb.clifford import Step
from qtregress.rb.exact import exact_curve, exact_decay
from qtregress.rb.gateset import SX, OneQubitGates, PairGates
from qtregress.rb.sampled import (
    SamplePlan,
    composed_survivals,
    estimate,
    random_circuits,
    sampled_decay,
    standard_errors,
)
from tests.rb.conftest import Bath

ONE = SamplePlan(
    lengths=(1, 10, 25, 50, 75, 100, 150, 200, 300, 400), sequences=10, shots=1024, seed=2
)
PAIR = SamplePlan(lengths=(1, 4, 8, 16, 32, 64), sequences=6, shots=1024, seed=2)
WARM = Bath(t1_s=10e-6, dephasing_s=15e-6)


@pytest.mark.physics
def test_one_qubit_sample_agrees_with_the_exact_decay(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """The bootstrap interval of sampled sequences contains the exact error per Clifford."""
    gates = noisy_qubit(2, bath=WARM, rotation=1.02)
    sampled, exact = sampled_decay(gates, ONE, qubits=(3,)), exact_decay(gates)

    assert sampled.interval is not None
    assert exact.epc is not None
    assert sampled.interval[0] < exact.epc < sampled.interval[1]


@pytest.mark.physics
def test_pair_sample_agrees_with_the_exact_decay(noisy_pair: Callable[..., PairGates]) -> None:
    """The same holds for a pair."""
    gates = noisy_pair((2, 2))
    sampled, exact = sampled_decay(gates, PAIR, qubits=(0, 1)), exact_decay(gates)

    assert sampled.interval is not None
    assert exact.epc is not None
    assert sampled.interval[0] < exact.epc < sampled.interval[1]


@pytest.mark.physics
def test_bootstrap_interval_covers(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Over 12 seeds at least 10 intervals of binomial samples contain the exact value."""
    gates = noisy_qubit(2, bath=WARM, rotation=1.05)
    truth, inside = exact_decay(gates).epc, 0
    assert truth is not None
    for seed in range(12):
        plan = SamplePlan(lengths=(1, 20, 50, 100, 150, 250), sequences=8, shots=1000, seed=seed)
        rng = np.random.default_rng(seed)
        rows = []
        for m in plan.lengths:
            circuits = random_circuits(gates, plan, qubits=(0,), length=m)
            rows.append(rng.binomial(1000, composed_survivals(gates, circuits)) / 1000)
        found = estimate(np.array(rows), plan, qubits=(0,)).interval
        inside += found is not None and found[0] < truth < found[1]

    assert inside >= 10


@pytest.mark.physics
def test_initial_population_does_not_move_p(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A thermal start changes the sampled decay by less than its interval."""
    gates, start = noisy_qubit(2, bath=WARM), np.diag([0.85, 0.15]).astype(np.complex128)
    rows = [
        composed_survivals(gates, random_circuits(gates, ONE, qubits=(0,), length=m), initial=start)
        for m in ONE.lengths
    ]
    found, truth = estimate(np.array(rows), ONE, qubits=(0,)), exact_decay(gates).epc

    assert found.interval is not None
    assert truth is not None
    assert found.interval[0] < truth < found.interval[1]


def test_same_seed_repeats(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """The same plan gives the same survivals."""
    gates = noisy_qubit(3)
    plan = SamplePlan(lengths=(1, 5, 10, 20), sequences=4, shots=100, seed=9)

    assert sampled_decay(gates, plan, qubits=(1,)) == sampled_decay(gates, plan, qubits=(1,))


def test_qubits_have_their_own_streams(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Another qubit draws other sequences from the same seed."""
    gates = noisy_qubit()
    left, right = (random_circuits(gates, ONE, qubits=(q,), length=50) for q in (0, 1))

    assert left != right


def test_lengths_have_their_own_streams(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A length's sequences are the same whatever other lengths are measured."""
    gates = noisy_qubit()
    fewer = SamplePlan(lengths=(50,), sequences=10, shots=1, seed=ONE.seed)

    assert random_circuits(gates, ONE, qubits=(0,), length=50) == random_circuits(
        gates, fewer, qubits=(0,), length=50
    )


def test_perfect_sequences_return_to_ground(noisy_pair: Callable[..., PairGates]) -> None:
    """Without noise every sequence ends where it started."""
    gates = noisy_pair((3, 3), 1, Bath(t1_s=1e6, dephasing_s=1e6))
    circuits = random_circuits(gates, PAIR, qubits=(0, 1), length=8)

    np.testing.assert_allclose(composed_survivals(gates, circuits), 1, atol=1e-9)


def test_composed_mean_is_the_exact_curve(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Many composed sequences average to the exact survival, leakage included."""
    gates = noisy_qubit(3, rotation=1.1)
    plan = SamplePlan(lengths=(5,), sequences=2000, shots=1, seed=4)
    survivals = composed_survivals(gates, random_circuits(gates, plan, qubits=(0,), length=5))
    error = survivals.std() / np.sqrt(2000)

    assert survivals.mean() == pytest.approx(exact_curve(gates, [5])[0], abs=4 * error)


def test_steps_carry_the_virtual_z(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """One-qubit circuits consist of sx after one of four quarter turns."""
    circuits = random_circuits(noisy_qubit(), ONE, qubits=(0,), length=200)

    assert {Step(SX, (k,)) for k in range(4)} == {step for circuit in circuits for step in circuit}


def test_dead_readout_has_no_error() -> None:
    """Survivals of exactly 1 at all lengths are undecided, not perfect."""
    found = estimate(np.ones((10, 10)), ONE, qubits=(0,))

    assert (found.epc, found.interval, found.status) == (None, None, "constant")


def test_errors_never_fall_below_the_shots() -> None:
    """Equal survivals still carry the scatter of their shots."""
    errors = standard_errors(np.full((1, 10), 0.5), 100)

    assert errors[0] == pytest.approx(np.sqrt(0.25 / 1000 * 9 / 7), rel=1e-6)


def test_few_sequences_are_refused() -> None:
    """Three sequences give no error bar."""
    with pytest.raises(ValueError, match="sequences must be at least 4"):
        SamplePlan(lengths=(1, 2, 3, 4), sequences=3, shots=10, seed=0)


def test_no_shots_are_refused() -> None:
    """Lengths and shots start at 1."""
    with pytest.raises(ValueError, match="must be positive"):
        SamplePlan(lengths=(0, 2, 3, 4), sequences=4, shots=10, seed=0)
