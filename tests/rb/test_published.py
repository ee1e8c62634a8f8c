"""Published error budgets of benchmarking, and the exact decay of gates that have them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from qtregress.channels.coherence import coherence_limit
from qtregress.rb.exact import exact_decay
from qtregress.rb.gateset import Complex, OneQubitGates, sx_image
from qtregress.rb.leakage_rb import leakage_decay
from tests.rb.conftest import Bath, generator, jumps, on_levels, unitary_map
from tests.rb.test_leakage_rb import exchanging

pytestmark = pytest.mark.physics

MEASURED, DECOHERENCE, LEAKED = 7.42e-5, 4.62e-5, 1.16e-5
"""Li et al., npj Quantum Inf. 9, 111 (2023), arXiv:2302.08690, abstract: error per gate by
benchmarking, its lower bound by decoherence, leakage per gate; each +-0.04e-5."""
DIGITS = 0.005e-5
"""Half of the last digit printed."""


def times_of(bound: float, length_s: float, share: float) -> tuple[float, float]:
    """T1 and T2 = 2 share T1 for which a gate of that length has that first-order bound."""
    t1_s = length_s / 3 * (0.5 + 0.5 / share) / bound
    return t1_s, 2 * share * t1_s


def waiting(levels: int, length_s: float, t1_s: float, t2_s: float) -> Complex:
    """What a transmon's decay and dephasing do over that time."""
    dephasing = 1 / t2_s - 0.5 / t1_s
    bath = Bath(t1_s=t1_s, dephasing_s=1 / max(dephasing, 1e-9))
    rate = generator(np.zeros((levels, levels), dtype=np.complex128), jumps(levels, bath))
    return np.asarray(expm(rate * length_s))


def followed_by(noise: Complex, levels: int, length_s: float) -> OneQubitGates:
    """A perfect sx and then the noise."""
    played = noise @ unitary_map(on_levels(sx_image(), (levels,)))
    return OneQubitGates(levels=levels, sx=played, sx_duration_s=length_s)


@settings(max_examples=20, deadline=None)
@given(length_s=st.floats(10e-9, 50e-9), share=st.floats(0.1, 1.0))
def test_the_decoherence_bound_of_li_2023_is_what_benchmarking_reads(
    length_s: float, share: float
) -> None:
    """Whatever length, T1 and T2 give their bound: limit and exact decay agree in all digits.

    The abstract prints no T1, T2 and length, and to first order only the bound matters.
    """
    t1_s, t2_s = times_of(DECOHERENCE, length_s, share)
    gates = followed_by(waiting(2, length_s, t1_s, t2_s), 2, length_s)

    assert coherence_limit(length_s, [(t1_s, t2_s)]) == pytest.approx(DECOHERENCE, abs=DIGITS)
    assert exact_decay(gates).error_per_gate == pytest.approx(DECOHERENCE, abs=DIGITS)


def test_the_budget_of_li_2023_stays_below_what_they_measured() -> None:
    """The true error is the sum of both parts; the decay shows half of what leaks, as p does.

    What leaked has no phase and no polarisation left, 1 - p = 2 (4.62e-5) + 1.16e-5, of which
    half is called the error. Their 7.42e-5 contain other errors, too: a bound, no prediction.
    """
    length_s = 20e-9
    noise = exchanging(LEAKED, 0.01) @ waiting(3, length_s, *times_of(DECOHERENCE, length_s, 0.5))
    gates = followed_by(noise, 3, length_s)
    standard = exact_decay(gates)
    found = leakage_decay(gates, standard)

    assert found.true.leakage == pytest.approx(LEAKED, abs=DIGITS)
    assert found.true.error == pytest.approx(DECOHERENCE + LEAKED, abs=DIGITS)
    assert standard.error_per_gate == pytest.approx(DECOHERENCE + LEAKED / 2, abs=DIGITS)
    assert found.true.error < MEASURED


def test_limits_that_qiskit_prints() -> None:
    """T1 = T2 = 100, a gate of 0.1 on one and of 0.5 on two qubits: its own test's numbers.

    Qiskit Experiments, test_rb_utils.py, test_coherence_limit, to 6 and 5 decimals.
    """
    times = (100.0, 100.0)
    gates = followed_by(waiting(2, 0.1e-6, 100e-6, 100e-6), 2, 0.1e-6)

    assert coherence_limit(0.1, [times]) == pytest.approx(0.00049975, abs=5e-7)
    assert coherence_limit(0.5, [times, times]) == pytest.approx(0.00597, abs=5e-6)
    assert exact_decay(gates).error_per_gate == pytest.approx(0.00049975, abs=5e-7)
