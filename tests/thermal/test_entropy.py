"""Entropy, ergotropy and the cost of a reset against closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.thermal.entropy import (
    entropy_production,
    ergotropy_j,
    landauer_j,
    marginals,
    von_neumann_entropy,
)
from qtregress.units import BOLTZMANN_J_PER_K, HBAR_J_S, angular

Complex = NDArray[np.complex128]

pytestmark = pytest.mark.physics

QUANTUM_J = HBAR_J_S * angular(5e9)
LEVELS_J = np.array([0.0, QUANTUM_J])
angles = st.floats(0, math.pi)


def bloch(x: float, y: float, z: float) -> Complex:
    """The state of that Bloch vector, z = p_g - p_e."""
    return np.array([[(1 + z) / 2, (x - 1j * y) / 2], [(x + 1j * y) / 2, (1 - z) / 2]])


@given(length=st.floats(0, 1), polar=angles, azimuth=angles)
def test_ergotropy_of_a_qubit(length: float, polar: float, azimuth: float) -> None:
    """A qubit gives (hbar omega / 2)(r_z + |r|), r_z = p_e - p_g."""
    x = length * math.sin(polar) * math.cos(azimuth)
    y = length * math.sin(polar) * math.sin(azimuth)
    z = length * math.cos(polar)

    found = float(ergotropy_j(bloch(x, y, -z), LEVELS_J))

    assert found == pytest.approx(QUANTUM_J / 2 * (z + length), rel=1e-9, abs=1e-12 * QUANTUM_J)


@pytest.mark.parametrize("temperature_k", [0.02, 0.2, 2.0])
def test_a_gibbs_state_gives_no_work(temperature_k: float) -> None:
    """Nothing can be drawn from a state in equilibrium, in whatever order its levels stand."""
    energies_j = QUANTUM_J * np.array([1.0, 2.9, 0.0, 1.9])
    weights = np.exp(-energies_j / (BOLTZMANN_J_PER_K * temperature_k))
    state = np.diag(weights / weights.sum()).astype(complex)

    assert abs(float(ergotropy_j(state, energies_j))) < 1e-12 * QUANTUM_J


def test_a_pure_state_gives_all_its_energy() -> None:
    """A pure state can be turned to the ground state."""
    state = np.diag([0, 0, 1]).astype(complex)

    found = float(ergotropy_j(state, QUANTUM_J * np.array([0.0, 1.0, 1.9])))

    assert found == pytest.approx(1.9 * QUANTUM_J, rel=1e-12, abs=0)


def test_many_states_at_once() -> None:
    """A stack of states gives one entropy and one ergotropy each."""
    states = np.array([bloch(0, 0, 1), bloch(0, 0, 0), bloch(0, 0, -1)])

    assert von_neumann_entropy(states) == pytest.approx([0, math.log(2), 0], abs=1e-12)
    assert ergotropy_j(states, LEVELS_J) / QUANTUM_J == pytest.approx([0, 0, 1], abs=1e-12)


def test_rounding_below_zero_has_no_entropy() -> None:
    """A population of -1e-17 is no population."""
    state = np.diag([1.0, -1e-17]).astype(complex)

    assert von_neumann_entropy(state) == 0


def test_reset_of_one_bit_at_20_mk() -> None:
    """Forgetting one bit at 20 mK costs 1.91e-25 J, a seventeenth of a 5 GHz quantum."""
    found = landauer_j(bloch(0, 0, 0), (2,), (0.02,))

    assert found == pytest.approx(1.91e-25, rel=5e-3, abs=0)
    assert QUANTUM_J / found == pytest.approx(17.3, rel=5e-3, abs=0)


def test_each_qubit_is_reset_at_its_own_temperature() -> None:
    """Two bits at two temperatures cost k_B ln 2 times their sum, whatever their correlation."""
    bell = np.zeros((4, 4), dtype=complex)
    bell[np.ix_([0, 3], [0, 3])] = 0.5

    for state in (np.diag([0.25 + 0j] * 4), bell):
        found = landauer_j(state, (2, 2), (0.02, 0.05))

        assert found == pytest.approx(BOLTZMANN_J_PER_K * math.log(2) * 0.07, rel=1e-12, abs=0)


def test_marginals_of_a_product() -> None:
    """A product's marginals are its factors, the first transmon first."""
    left = np.diag([0.7, 0.2, 0.1]).astype(complex)
    right = bloch(0.3, 0.1, 0.5)

    found = marginals(np.kron(left, right), (3, 2))

    assert np.allclose(found[0], left, atol=1e-15)
    assert np.allclose(found[1], right, atol=1e-15)


def test_heat_from_hot_to_cold_produces_entropy() -> None:
    """Q through a system in its steady state produces Q / k (1 / Tc - 1 / Th)."""
    found = entropy_production(
        0.0, {"hot": -QUANTUM_J, "cold": QUANTUM_J}, {"hot": 0.1, "cold": 0.02}
    )

    assert found == pytest.approx(
        QUANTUM_J / BOLTZMANN_J_PER_K * (1 / 0.02 - 1 / 0.1), rel=1e-12, abs=0
    )
