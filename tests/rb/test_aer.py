"""Aer simulates our maps: embedding, order of transmons, counts."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom

from qtregress.rb.aer import embed, ground_counts
from qtregress.rb.composition import composed_survivals, step_maps
from qtregress.rb.gateset import Complex, OneQubitGates, PairGates, levels_of
from qtregress.rb.sequences import SamplePlan, random_circuits
from tests.rb.conftest import random_channel, unitary_map

SHOTS = 4096


def count(gates: OneQubitGates | PairGates, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Ground-state counts by Aer and probabilities by composition."""
    plan = SamplePlan(lengths=(length,), sequences=4, shots=SHOTS, seed=1)
    circuits = random_circuits(gates, plan, qubits=(0,), length=length)
    maps = step_maps(gates, (step for circuit in circuits for step in circuit))
    names = list(maps)
    counts = ground_counts(
        list(maps.values()),
        [[names.index(step) for step in circuit] for circuit in circuits],
        levels=levels_of(gates),
        shots=SHOTS,
        seeds=[1, 2, 3, 4],
    )
    return counts, composed_survivals(gates, circuits)


def within_binomial(counts: np.ndarray, chances: np.ndarray) -> bool:
    """Whether no count is less likely than one in a hundred thousand."""
    tails = np.minimum(binom.cdf(counts, SHOTS, chances), binom.sf(counts - 1, SHOTS, chances))
    return bool(np.all(tails > 1e-5))


@pytest.mark.parametrize("levels", [2, 3, 4])
def test_one_qubit_counts_follow_the_composed_maps(
    noisy_qubit: Callable[..., OneQubitGates], levels: int
) -> None:
    """Aer's counts are binomial around our own composition, leakage levels included."""
    assert within_binomial(*count(noisy_qubit(levels, rotation=1.2), 12))


@pytest.mark.parametrize("levels", [(2, 2), (3, 2), (2, 4)])
def test_pair_counts_follow_the_composed_maps(
    random_pair: Callable[..., PairGates], levels: tuple[int, int]
) -> None:
    """The same holds for pairs, whatever the levels of each."""
    assert within_binomial(*count(random_pair(levels), 3))


def test_same_seeds_repeat(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Equal seeds give equal counts."""
    gates = noisy_qubit(3)

    np.testing.assert_array_equal(count(gates, 30)[0], count(gates, 30)[0])


def test_embedding_restacks_columns() -> None:
    """A unitary on whole qubits becomes conj(U) kron U."""
    unitary = np.array([[1, 1], [1j, -1j]]) / np.sqrt(2)

    np.testing.assert_array_equal(
        np.kron(unitary.conj(), unitary), embed(unitary_map(unitary), (2,))
    )


@pytest.mark.parametrize("levels", [(3,), (3, 3)])
def test_embedding_preserves_the_trace(levels: tuple[int, ...]) -> None:
    """Padding levels neither gain nor lose population."""
    size = int(np.prod(levels))
    channel: Complex = random_channel(size, 0.2, np.random.default_rng(0))
    whole = embed(channel, levels)
    trace = np.eye(4 ** len(levels)).reshape(-1)

    np.testing.assert_allclose(trace, trace @ whole, atol=1e-12)
