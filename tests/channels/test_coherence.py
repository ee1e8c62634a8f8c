"""The coherence limit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from qtregress.channels.channel import average_fidelity
from qtregress.channels.coherence import coherence_limit

Complex = NDArray[np.complex128]

times = st.floats(1e-6, 1e-2)
QUICK, SLOW = (40e-6, 55e-6), (90e-6, 60e-6)
"""Two qubits' T1 and T2, in seconds."""


def idling(duration_s: float, t1_s: float, t2_s: float, excited: float) -> Complex:
    """The map of a qubit whose bath holds it at that excited population, row-stacked."""
    generator = np.diag([-excited / t1_s, -1 / t2_s, -1 / t2_s, (excited - 1) / t1_s])
    generator[3, 0], generator[0, 3] = excited / t1_s, (1 - excited) / t1_s
    return np.asarray(expm(generator * duration_s), dtype=np.complex128)


def side_by_side(left: Complex, right: Complex) -> Complex:
    """The map of two qubits that idle each by itself, row-stacked."""
    both = np.kron(left, right).reshape((2,) * 8)
    return np.asarray(both.transpose(0, 2, 1, 3, 4, 6, 5, 7).reshape(16, 16))


@pytest.mark.physics
@pytest.mark.parametrize("excited", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("duration_s", [35e-9, 1e-6, 30e-6])
def test_limit_is_the_infidelity_of_idling(duration_s: float, excited: float) -> None:
    """It is 1 - F_avg of relaxation and dephasing, whatever the bath's temperature."""
    channel = idling(duration_s, *QUICK, excited)
    expected = 1 - average_fidelity(channel, np.arange(2), np.eye(2, dtype=complex))

    assert coherence_limit(duration_s, [QUICK]) == pytest.approx(expected, abs=1e-14)


@pytest.mark.physics
@pytest.mark.parametrize("excited", [0.0, 0.1])
def test_limit_of_a_pair_is_the_infidelity_of_both_idling(excited: float) -> None:
    """Two qubits that idle side by side lose what the limit of the pair says."""
    channel = side_by_side(idling(4e-7, *QUICK, excited), idling(4e-7, *SLOW, excited))
    expected = 1 - average_fidelity(channel, np.arange(4), np.eye(4, dtype=complex))

    assert coherence_limit(4e-7, [QUICK, SLOW]) == pytest.approx(expected, abs=1e-14)


@given(duration_s=st.floats(0, 1e-6), t1_s=times, share=st.floats(0.01, 1))
def test_one_qubit_formula(duration_s: float, t1_s: float, share: float) -> None:
    """One qubit's limit is 1/2 - exp(-t/T1)/6 - exp(-t/T2)/3."""
    t2_s = 2 * t1_s * share
    expected = 0.5 - math.exp(-duration_s / t1_s) / 6 - math.exp(-duration_s / t2_s) / 3

    assert coherence_limit(duration_s, [(t1_s, t2_s)]) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_first_order_of_many_qubits(qubits: int) -> None:
    """A short gate's limit is d / (2 (d + 1)) t sum(1/T1 + 1/T_phi), to 1 %."""
    t1_s, t2_s, duration_s, d = 100e-6, 120e-6, 50e-9, 2**qubits
    dephasing = 1 / t2_s - 1 / (2 * t1_s)
    expected = d / (2 * (d + 1)) * duration_s * qubits * (1 / t1_s + dephasing)

    found = coherence_limit(duration_s, [(t1_s, t2_s)] * qubits)

    assert found == pytest.approx(expected, rel=0.01)


def test_no_duration_costs_nothing() -> None:
    """A gate of no duration has a limit of zero."""
    assert coherence_limit(0.0, [(1e-4, 1e-4)] * 2) == 0.0


def test_long_idling_scrambles() -> None:
    """After many T1 the limit is that of a random state, 1 - 1/d for one qubit."""
    assert coherence_limit(1.0, [(1e-4, 1e-4)]) == pytest.approx(0.5, rel=1e-12)
