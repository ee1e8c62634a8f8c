"""Heat, work and energy of a gate as operators, against the whole Liouvillian."""

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels.dissipators import ladders
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.fast import propagate
from qtregress.channels.propagation import course, step_propagators
from qtregress.channels.simulate import start_phases_rad
from qtregress.chip.chip import Quasiparticles
from qtregress.thermal.accounting import adjoint_dissipator, static_hamiltonian_j
from qtregress.thermal.energetics import adjoint_generator, energy_operators
from tests.small import small
from tests.thermal.gates import QUANTUM_J, Played, exact_operators, play, processes_of, toy

Complex = NDArray[np.complex128]

pytestmark = pytest.mark.physics

PAIR = (0, 1)
GATES = {
    "half a turn": partial(toy, 0),
    "a hundredth of a turn": partial(toy, 0, amp=0.02),
    "a long idle": partial(toy, 0, amp=0.0, samples=2000),
    "five levels": partial(toy, 0, levels=5),
    "cross resonance": partial(toy, *PAIR, levels=3, samples=450),
}


def a_gate(name: str) -> Played:
    """One of the gates in baths of 0.05 photons with T1 = 20 us."""
    return GATES[name](t1_s=20e-6)


def in_quanta(played: Played, operator: Complex) -> float:
    """The operator's largest mean over computational inputs, in hbar omega."""
    at = played.problem.patch.computational
    return float(np.linalg.norm(operator[np.ix_(at, at)], 2)) / QUANTUM_J


@pytest.mark.parametrize("name", GATES)
def test_work_is_the_drives_power_over_the_gate(name: str) -> None:
    """Work is the integral of -(i/hbar) Tr[[H0, V] rho] for any input, to 1e-6 hbar omega."""
    played = a_gate(name)
    work_j, _ = exact_operators(played)

    assert in_quanta(played, played.found.operators.work_j - work_j) < 1e-6


@pytest.mark.parametrize("name", GATES)
def test_heat_is_the_current_into_the_baths_over_the_gate(name: str) -> None:
    """Heat is the integral of -Tr[H0 D(rho)] for any input, to 1e-6 hbar omega."""
    played = a_gate(name)
    _, heat_j = exact_operators(played)

    found_j = sum(played.found.operators.heat_j.values())

    assert in_quanta(played, np.asarray(found_j - heat_j)) < 1e-6


@pytest.mark.parametrize("name", GATES)
def test_first_law_closes_with_the_engines_map(name: str) -> None:
    """The map's energy change is work less heat for any input, to 1e-6 hbar omega."""
    played = a_gate(name)

    assert in_quanta(played, played.found.operators.open_j) < 1e-6


@pytest.mark.parametrize("gate_id", ["x:0", "sx:0", "cx:0-1"])
def test_first_law_closes_on_a_real_device(gate_id: str) -> None:
    """On ibm_lima the first law closes to 1e-7 hbar omega, start phases averaged."""
    case = small(*PAIR)
    played = play(case.chip, case.profile, gate_id)

    assert in_quanta(played, played.found.operators.open_j) < 1e-7


def test_without_loss_work_is_the_energy_change() -> None:
    """Baths that do nothing take nothing, and work turns H0 as the gate does."""
    played = toy(0, t1_s=5.0, photons=0.0)
    still_j = static_hamiltonian_j(played.problem.patch)
    (unitary,) = played.propagation.lossless.unitaries
    turned_j = unitary.conj().T @ still_j @ unitary

    assert in_quanta(played, played.found.operators.work_j - (turned_j - still_j)) < 2e-8
    assert in_quanta(played, played.found.operators.heat_j["0.photons"]) < 2e-8


def test_half_a_turn_of_the_ground_state_costs_a_quantum() -> None:
    """The drive lifts the ground state by one hbar omega."""
    played = toy(0, t1_s=1e-3, photons=0.0)

    work_j = played.found.operators.work_j[0, 0].real

    assert work_j == pytest.approx(QUANTUM_J, rel=1e-2, abs=0)


def test_an_idle_excitation_leaves_its_share_in_an_empty_bath() -> None:
    """An idle qubit in its excited state passes hbar omega (1 - exp(-t / T1)) to the bath."""
    played = toy(0, amp=0.0, samples=2000, t1_s=20e-6, photons=0.0)
    operators = played.found.operators
    decayed = 1 - np.exp(-played.problem.duration_s / 20e-6)

    assert operators.heat_j["0.photons"][1, 1].real == pytest.approx(
        QUANTUM_J * decayed, rel=1e-6, abs=0
    )
    assert in_quanta(played, operators.work_j) < 1e-6


@pytest.mark.parametrize("fraction", [1e-7, 5e-7])
def test_hot_quasiparticles_heat_the_photons_through_the_qubit(fraction: float) -> None:
    """A settled qubit passes the two-bath current hbar omega Gc Gh (nh - nc) / sum on, to 1e-8."""
    hot = Quasiparticles(fraction=fraction, temperature_k=0.3)
    played = toy(0, amp=0.0, levels=2, t1_s=20e-6, photons=0.01, quasiparticles=hot)
    (down, up), (hot_down, hot_up) = (
        (bath.rates.down[0], bath.rates.up[0]) for bath in played.baths
    )
    total = down + up + hot_down + hot_up
    given_w = QUANTUM_J * (down * hot_up - up * hot_down) / total

    settled = np.array([down + hot_down, up + hot_up]) / total
    heat_j = {
        name: float(np.diag(one).real @ settled)
        for name, one in played.found.operators.heat_j.items()
    }

    wanted_j = given_w * played.problem.duration_s
    assert heat_j["0.photons"] == pytest.approx(wanted_j, rel=1e-8, abs=0)
    assert heat_j["0.quasiparticles"] == pytest.approx(-wanted_j, rel=1e-8, abs=0)


def test_a_pairs_baths_are_apart() -> None:
    """In a pair the excited qubit heats its own bath, not its neighbour's."""
    operators = toy(*PAIR, amp=0.0, levels=3, photons=0.0).found.operators.heat_j
    left, right = 3, 1  # the states 10 and 01

    assert operators["0.photons"][left, left].real > 1e-2 * QUANTUM_J * (160 * 2 / 9e9) / 5e-6
    assert abs(operators["1.photons"][left, left]) < 1e-2 * operators["0.photons"][left, left].real
    assert abs(operators["0.photons"][right, right]) < 1e-2 * abs(
        operators["1.photons"][right, right]
    )


def dwelt_s(played: Played) -> NDArray[np.float64]:
    """Mean time in each state over computational inputs and start phases, sample by sample."""
    patch = played.problem.patch
    found = course(played.problem, compile_patch(patch), start_phases_rad(played.problem))
    total = np.zeros(patch.dimension)
    for legs in found.legs:
        reached = np.eye(patch.dimension, dtype=complex)[:, patch.computational]
        for leg in legs:
            steps = found.parts[leg.part].steps
            propagators = step_propagators(steps)
            reached = np.exp(1j * leg.before_rad)[:, None] * reached
            for which in steps.order.tolist():
                ahead = propagators[which] @ reached
                both = np.hstack([reached, ahead])  # the trapezoidal rule
                total += steps.step_s * np.mean(np.abs(both) ** 2, axis=1)
                reached = ahead
            reached = np.exp(1j * leg.after_rad)[:, None] * reached
    return np.asarray(total / len(found.legs))


def test_heat_agrees_with_dwell_times_to_first_order() -> None:
    """Times spent in each state times its current give the mean heat but for (rate T)^2."""
    case = small(*PAIR)
    played = play(case.chip, case.profile, "cx:0-1")
    patch = played.problem.patch
    current_w = np.diag(adjoint_dissipator(static_hamiltonian_j(patch), processes_of(played))).real
    dwelt_j = -float(dwelt_s(played) @ current_w)

    assert sum(played.found.mean.heat_by_bath_j.values()) == pytest.approx(dwelt_j, rel=1e-3, abs=0)


def test_start_phases_are_averaged() -> None:
    """The operators are the mean over start phases of those at each."""
    case = small(*PAIR)
    whole = play(case.chip, case.profile, "cx:0-1", levels=3)
    problem, compiled = whole.problem, compile_patch(whole.problem.patch)

    singles = [
        energy_operators(problem, propagate(problem, compiled, (phase,)), whole.map, whole.baths)
        for phase in start_phases_rad(problem)
    ]

    mean_j = np.mean([one.work_j for one in singles], axis=0)
    assert in_quanta(whole, whole.found.operators.work_j - mean_j) < 1e-9
    assert in_quanta(whole, singles[0].work_j - mean_j) > 1e-4


def test_error_falls_with_the_square_of_the_spacing() -> None:
    """Moments five times as far apart leave the first law about 25 times as far open."""
    played = toy(0, levels=3, t1_s=5e-6, samples=2100)

    def left_open(samples: int) -> float:
        found = energy_operators(
            played.problem,
            played.propagation,
            played.map,
            played.baths,
            spacing_s=(samples + 0.1) * played.problem.dt_s,
        )
        return in_quanta(played, found.open_j)

    assert left_open(10) / left_open(2) == pytest.approx(25, rel=0.25, abs=0)


def test_adjoint_generator_is_the_adjoint_dissipator() -> None:
    """The sparse matrix does to every operator what the sum over jumps does."""
    played = toy(*PAIR, levels=3)
    patch = played.problem.patch
    random = np.random.default_rng(3)
    operator = random.normal(size=(9, 9)) + 1j * random.normal(size=(9, 9))
    bath = tuple(one.rates for one in played.baths)

    found = adjoint_generator(9, ladders(patch, bath)) @ operator.ravel()

    wanted = adjoint_dissipator(operator, processes_of(played))
    assert np.abs(found.reshape(9, 9) - wanted).max() < 1e-12 * np.abs(wanted).max()
