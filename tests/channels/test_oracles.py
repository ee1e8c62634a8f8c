"""Gates whose channels are known in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.channels.channel import average_fidelity, leakage
from qtregress.channels.coherence import coherence_limit
from qtregress.channels.simulate import blocks
from qtregress.chip.bath import bath_temperature
from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Constant, Gate, ShiftPhase
from qtregress.units import BOLTZMANN_J_PER_K, HBAR_J_S, angular
from tests.channels.cases import Case, Cases

Complex = NDArray[np.complex128]

pytestmark = pytest.mark.physics

T1_S, T2_S = 100e-6, 120e-6
DT_S = 2e-9 / 9
IDLE = 450
IDLE_S = 100e-9
X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]], dtype=complex)


def square(amp: float, *, duration: int = IDLE, angle: float = 0.0) -> Gate:
    """A constant pulse on qubit 0."""
    pulse = Constant(
        envelope="constant", channel="d0", t0=0, duration=duration, amp=amp, angle=angle
    )
    return Gate(name="x", qubits=(0,), duration=duration, pulses=(pulse,))


def rotation(axis: Complex, angle: float) -> Complex:
    """exp(-i angle axis / 2) about a unit axis."""
    return np.asarray(math.cos(angle / 2) * np.eye(2) - 1j * math.sin(angle / 2) * axis)


def error(case: Case) -> float:
    """1 - F_avg of the gate against doing nothing."""
    at = case.problem.patch.computational
    return 1 - average_fidelity(case.map, at, np.eye(len(at), dtype=complex))


def damped(duration_s: float, t1_s: float, t2_s: float) -> Complex:
    """Amplitude damping to the ground state and dephasing, row-stacked, (4, 4)."""
    kept, coherent = math.exp(-duration_s / t1_s), math.exp(-duration_s / t2_s)
    found = np.diag([1, coherent, coherent, kept]).astype(complex)
    found[0, 3] = 1 - kept
    return found


@given(amp=st.floats(-1, 1), angle=st.floats(-4, 4), rabi_hz=st.floats(1e5, 1e8))
def test_resonant_pulse_rotates_two_levels_by_its_area(
    amp: float, angle: float, rabi_hz: float, make_case: Cases
) -> None:
    """A resonant pulse turns two levels by 2 pi rabi amp T about the axis of its angle."""
    (found,) = blocks(make_case(square(amp, angle=angle), rabi_hz=rabi_hz).problem)

    # Re[f e^{iwt}] (a + a†) -> (f a + f* a†) / 2: the axis turns by minus the angle
    axis = np.asarray(math.cos(angle) * X - math.sin(angle) * Y, dtype=np.complex128)
    assert np.abs(found - rotation(axis, angular(rabi_hz) * amp * IDLE_S)).max() < 1e-10


@pytest.mark.parametrize("levels", [3, 4, 5])
def test_weak_resonant_pulse_rotates_a_transmon_by_its_area(levels: int, make_case: Cases) -> None:
    """A resonant pulse 300 times weaker than the anharmonicity turns by its area to 1 %."""
    (found,) = blocks(make_case(square(1.0), levels=levels, rabi_hz=1.1e6).problem)

    # the Rabi rate over the anharmonicity bounds both the Stark shift and the leakage
    assert np.abs(found - rotation(X, angular(1.1e6) * IDLE_S)).max() < 0.01


@given(detuning_hz=st.floats(-2e7, 2e7), rabi_hz=st.floats(1e5, 5e7))
def test_detuned_drive_follows_rabis_formula(
    detuning_hz: float, rabi_hz: float, make_case: Cases
) -> None:
    """Two levels driven off resonance are excited by O^2/(O^2 + D^2) sin^2(sqrt(O^2 + D^2) t/2)."""
    case = make_case(square(1.0), rabi_hz=rabi_hz, offset_hz=detuning_hz)
    (found,) = blocks(case.problem)

    effective_hz = math.hypot(rabi_hz, detuning_hz)
    expected = (rabi_hz / effective_hz * math.sin(angular(effective_hz) * IDLE_S / 2)) ** 2
    assert abs(found[1, 0]) ** 2 == pytest.approx(expected, abs=1e-10)


def test_detuned_idle_gathers_phase(make_case: Cases) -> None:
    """A qubit 1 MHz above its carrier turns by -2 pi 1 MHz t, its excited state lagging."""
    (found,) = blocks(make_case(idle(0, IDLE), offset_hz=1e6).problem)

    expected = np.diag([1, np.exp(-1j * angular(1e6) * IDLE_S)])
    assert np.abs(found - expected).max() < 1e-9


@given(t1_s=st.floats(5e-6, 1e-3), share=st.floats(0.02, 1))
def test_idle_is_damping_and_dephasing(t1_s: float, share: float, make_case: Cases) -> None:
    """An idle qubit decays by exp(-t/T1) and loses coherence by exp(-t/T2), to 1e-9.

    Down to T2 = 200 ns, where a block's change is 2e-3.
    """
    t2_s = 2 * t1_s * share

    found = make_case(idle(0, IDLE), t1_s=t1_s, t2_s=t2_s).map

    assert np.abs(found - damped(IDLE_S, t1_s, t2_s)).max() < 1e-9


@pytest.mark.parametrize("photons", [0.0, 0.02])
def test_idle_qubit_errs_by_the_coherence_limit(photons: float, make_case: Cases) -> None:
    """An idle two-level qubit's average error is the coherence limit, in any bath."""
    case = make_case(idle(0, IDLE), photons=photons)

    assert error(case) == pytest.approx(coherence_limit(IDLE_S, [(T1_S, T2_S)]), abs=1e-9)


def test_idle_pair_errs_by_the_coherence_limit(make_case: Cases) -> None:
    """Two idle qubits with a coupling of zero err by the coherence limit of two."""
    case = make_case(layer([idle(0, IDLE), idle(1, IDLE)]), j_hz=0.0)

    expected = coherence_limit(IDLE_S, [(T1_S, T2_S)] * 2)
    assert error(case) == pytest.approx(expected, abs=1e-9)


def test_coupled_idle_pair_turns_by_its_zz_shift(make_case: Cases) -> None:
    """Two coupled idle qubits gather the phase of their ZZ shift in the state 11 alone."""
    problem = make_case(layer([idle(0, IDLE), idle(1, IDLE)]), levels=4).problem
    (found,) = blocks(problem, phases=1)

    energies = problem.patch.energies_rad_s[problem.patch.computational]
    zz_rad_s = energies[3] - energies[1] - energies[2]
    expected = np.diag([1, 1, 1, np.exp(-1j * zz_rad_s * IDLE_S)])
    assert np.abs(found - expected).max() < 1e-9


@pytest.mark.parametrize("photons", [0.003, 0.05])
def test_undriven_transmon_settles_in_its_gibbs_state(photons: float, make_case: Cases) -> None:
    """What an idle gate leaves unchanged is the Gibbs state at the residual photons, to 1e-8."""
    case = make_case(idle(0, IDLE), levels=4, photons=photons)
    temperature_k = bath_temperature(5e9, photons)
    energies_j = HBAR_J_S * case.problem.patch.energies_rad_s
    weights = np.exp(-energies_j / (BOLTZMANN_J_PER_K * temperature_k))

    values, vectors = np.linalg.eig(case.map)
    settled = vectors[:, np.argmin(np.abs(values - 1))].reshape(4, 4)
    settled = settled / np.trace(settled)

    assert np.abs(settled - np.diag(weights / weights.sum())).max() < 1e-8


@pytest.mark.parametrize("levels", [2, 4])
def test_pulse_of_no_amplitude_is_idling(levels: int, make_case: Cases) -> None:
    """A pulse of amplitude zero gives the same map as idling for its duration."""
    silent = make_case(square(0.0), levels=levels).map

    assert np.array_equal(silent, make_case(idle(0, IDLE), levels=levels).map)


def test_phase_shift_before_a_pulse_turns_forward(make_case: Cases) -> None:
    """A phase shift of p before a pulse acts as diag(1, exp(i p)) before it."""
    pulse = square(0.7)
    shift = ShiftPhase(channel="d0", t0=0, shift_phase=0.4)
    shifted = pulse.model_copy(update={"pulses": (shift, *pulse.pulses)})

    plain, turned = (blocks(make_case(gate, levels=4).problem)[0] for gate in (pulse, shifted))

    assert np.abs(turned - plain @ np.diag([1, np.exp(0.4j)])).max() < 1e-12


def test_thermal_photons_leak(make_case: Cases) -> None:
    """Photons lift an idle transmon out of its computational states at gamma n t, to 3 %."""
    photons = 0.01
    case = make_case(idle(0, IDLE), levels=4, photons=photons, anharmonicity_hz=-1e6)
    gamma = 1 / (T1_S * (2 * photons + 1))

    found = leakage(case.map, case.problem.patch.computational)

    assert found == pytest.approx(gamma * photons * IDLE_S, rel=0.03, abs=0)
