"""The coherence limit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.channels.coherence import coherence_limit

times = st.floats(1e-6, 1e-2)


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
