"""Quantum heat against the closed forms of small open systems."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm, logm

from qtregress.channels.dissipators import Jump, jumps
from qtregress.channels.problem import bath_of
from qtregress.chip.bath import Extra, bath_coupling, bath_temperature, transmon_rates
from qtregress.chip.chip import Chip, Quasiparticles, Qubit
from qtregress.chip.transmon import Patch, TransmonParameters, pair_patch, single_patch
from qtregress.thermal.accounting import (
    adjoint_dissipator,
    heat_to_bath_j,
    reservoirs,
    static_hamiltonian_j,
)
from qtregress.units import BOLTZMANN_J_PER_K, HBAR_J_S, angular

Complex = NDArray[np.complex128]
Generator = Callable[[Complex, Sequence[Jump]], Complex]
Maker = Callable[..., Qubit]
ChipMaker = Callable[[Quasiparticles | None], Chip]
QUANTUM_J = HBAR_J_S * angular(5e9)
LOWER = np.array([[0, 1], [0, 0]], dtype=complex)
EXCITED = np.diag([0, 1]).astype(complex)
STATIC_J = np.diag([0, QUANTUM_J]).astype(np.complex128)
SIGMA_X = LOWER + LOWER.T
RABI_RAD_S, DETUNING_RAD_S = 3e4, 1e4


def transmon(levels: int) -> Patch:
    """A 5 GHz transmon."""
    return single_patch(
        TransmonParameters(frequency_hz=5e9, anharmonicity_hz=-330e6, levels=levels)
    )


def bath(gamma: float, photons: float) -> list[Jump]:
    """A bath of a two-level system with that coupling and photon number."""
    return [
        Jump(operator=LOWER, rate_per_s=gamma * (photons + 1)),
        Jump(operator=LOWER.T, rate_per_s=gamma * photons),
    ]


def current_j_s(state: Complex, processes: Sequence[Jump]) -> float:
    """Heat current in J/s from the processes' bath into the two-level system."""
    return float(np.trace(adjoint_dissipator(STATIC_J, processes) @ state).real)


def test_static_hamiltonian_of_a_transmon() -> None:
    """The undriven Hamiltonian holds the ladder's energies."""
    expected = HBAR_J_S * angular(1) * np.diag([0, 5e9, 9.67e9])

    assert np.allclose(static_hamiltonian_j(transmon(3)), expected, rtol=1e-12, atol=0)


def test_adjoint_dissipator_is_the_adjoint(generator: Generator) -> None:
    """Tr[D†(X) rho] is Tr[X D(rho)] for any operator and state."""
    random = np.random.default_rng(7)
    x, rho, first, second = random.normal(size=(4, 3, 3)) + 1j * random.normal(size=(4, 3, 3))
    processes = [Jump(operator=first, rate_per_s=2.0), Jump(operator=second, rate_per_s=0.7)]
    moved = (generator(np.zeros((3, 3), dtype=complex), processes) @ rho.ravel()).reshape(3, 3)

    assert np.trace(adjoint_dissipator(x, processes) @ rho) == pytest.approx(
        np.trace(x @ moved), rel=1e-6, abs=0
    )


def test_idle_heat_of_a_qubit(make_qubit: Maker) -> None:
    """An idle qubit averaged over its states passes half a quantum times t / T1 to a cold bath."""
    patch = transmon(3)
    processes = jumps(patch, (transmon_rates(make_qubit(), 3),))
    integral_j = adjoint_dissipator(static_hamiltonian_j(patch), processes) * 1e-7

    heat_j = heat_to_bath_j(integral_j, patch.computational)

    assert heat_j == pytest.approx(QUANTUM_J * 1e-7 / 100e-6 / 2, rel=1e-6, abs=0)


def test_idle_heat_of_a_pair(make_qubit: Maker) -> None:
    """Two idle qubits pass the heat of both."""
    one = TransmonParameters(frequency_hz=5e9, anharmonicity_hz=-330e6, levels=3)
    patch = pair_patch(one, one, 0.0)
    processes = jumps(patch, (transmon_rates(make_qubit(), 3),) * 2)
    integral_j = adjoint_dissipator(static_hamiltonian_j(patch), processes) * 1e-7

    heat_j = heat_to_bath_j(integral_j, patch.computational)

    assert heat_j == pytest.approx(QUANTUM_J * 1e-7 / 100e-6, rel=1e-6, abs=0)


def test_a_hot_bath_warms_the_qubit() -> None:
    """The heat is negative where the bath gives more than it takes."""
    integral_j = adjoint_dissipator(STATIC_J, bath(1e4, 0.2)) * 1e-7

    assert heat_to_bath_j(integral_j, [0]) == pytest.approx(
        -QUANTUM_J * 1e4 * 0.2 * 1e-7, rel=1e-6, abs=0
    )


def test_dephasing_carries_no_heat() -> None:
    """Pure dephasing leaves the static energy alone."""
    dephasing = [Jump(operator=EXCITED, rate_per_s=1e5)]

    assert np.all(adjoint_dissipator(STATIC_J, dephasing) == 0)


def test_relaxation_into_the_vacuum(generator: Generator) -> None:
    """One excitation relaxing into an empty bath leaves its quantum there, 3.313e-24 J."""
    heat_j = relaxation_heat_j(generator, photons=0.0, time_s=30e-4)

    assert heat_j == pytest.approx(3.313e-24, rel=1e-4, abs=0)


def test_relaxation_into_a_thermal_bath(generator: Generator) -> None:
    """Into n photons it leaves hbar omega (1 - p_eq)(1 - exp(-t / T1))."""
    photons, time_s = 0.1, 70e-6
    equilibrium = photons / (2 * photons + 1)
    decayed = 1 - np.exp(-1e4 * (2 * photons + 1) * time_s)

    heat_j = relaxation_heat_j(generator, photons=photons, time_s=time_s)

    assert heat_j == pytest.approx(QUANTUM_J * (1 - equilibrium) * decayed, rel=1e-9, abs=0)


def relaxation_heat_j(generator: Generator, *, photons: float, time_s: float) -> float:
    """Heat that an excited two-level system passes to a bath with 1 / gamma = 100 us."""
    processes = bath(1e4, photons)
    current = adjoint_dissipator(EXCITED, processes).T.ravel()
    heat, _ = integrate(generator, np.zeros((2, 2), dtype=complex), processes, [current], time_s)
    return -QUANTUM_J * float(heat[0])


def integrate(
    generator: Generator,
    hamiltonian_rad_s: Complex,
    processes: Sequence[Jump],
    functionals: Sequence[Complex],
    time_s: float,
) -> tuple[NDArray[np.float64], Complex]:
    """Time integrals of functionals of an initially excited state, and the state at the end."""
    extra, n = len(functionals), len(hamiltonian_rad_s) ** 2
    augmented = np.zeros((n + extra, n + extra), dtype=complex)
    augmented[:n, :n] = generator(hamiltonian_rad_s, processes)
    augmented[n:, :n] = functionals
    start = np.concatenate([EXCITED.ravel(), np.zeros(extra)])
    end = expm(augmented * time_s) @ start
    return end[n:].real, end[:n].reshape(hamiltonian_rad_s.shape)


def test_first_law_of_a_driven_qubit(generator: Generator) -> None:
    """The static energy changes by the work of the drive and the heat of the bath."""
    drive = RABI_RAD_S / 2 * SIGMA_X
    hamiltonian = DETUNING_RAD_S * EXCITED + drive
    processes = bath(1e4, 0.1)
    work = -1j * (EXCITED @ drive - drive @ EXCITED)
    heat = adjoint_dissipator(EXCITED, processes)

    done, end = integrate(
        generator, hamiltonian, processes, [work.T.ravel(), heat.T.ravel()], 150e-6
    )

    assert end[1, 1].real - 1 == pytest.approx(done.sum(), abs=1e-6)
    assert abs(done).min() > 0.1


@pytest.mark.parametrize("photons", [0.0, 0.1])
def test_continuously_driven_qubit(
    photons: float, generator: Generator, steady: Callable[[Complex], Complex]
) -> None:
    """A driven qubit's population and heat are those of the optical Bloch equations."""
    gamma, dephasing = 1e4, 2e3
    thermal = bath(gamma, photons)
    relaxation = gamma * (2 * photons + 1)
    transverse = relaxation / 2 + dephasing
    pumping = RABI_RAD_S**2 * transverse / (transverse**2 + DETUNING_RAD_S**2)
    population = (gamma * photons + pumping / 2) / (relaxation + pumping)

    hamiltonian = DETUNING_RAD_S * EXCITED + RABI_RAD_S / 2 * SIGMA_X
    noise = [*thermal, Jump(operator=EXCITED, rate_per_s=2 * dephasing)]
    state = steady(generator(hamiltonian, noise))

    assert state[1, 1].real == pytest.approx(population, rel=1e-6, abs=0)
    assert -current_j_s(state, thermal) == pytest.approx(
        QUANTUM_J * pumping / 2 * (1 - 2 * population), rel=1e-6, abs=0
    )


def test_heat_flows_from_the_hot_bath(
    generator: Generator, steady: Callable[[Complex], Complex]
) -> None:
    """Between two baths flows hbar omega Gc Gh (nh - nc) / sum G (2 n + 1)."""
    cold, hot, cold_photons, hot_photons = 1e4, 3e4, 4e-3, 0.14
    baths = [*bath(cold, cold_photons), *bath(hot, hot_photons)]
    state = steady(generator(np.zeros((2, 2), dtype=complex), baths))
    total = cold * (2 * cold_photons + 1) + hot * (2 * hot_photons + 1)
    expected_j_s = QUANTUM_J * cold * hot * (hot_photons - cold_photons) / total

    assert -current_j_s(state, baths[:2]) == pytest.approx(expected_j_s, rel=1e-8, abs=0)
    assert current_j_s(state, baths[2:]) == pytest.approx(expected_j_s, rel=1e-8, abs=0)


@pytest.mark.parametrize("photons", [1e-3, 0.1, 1.0])
def test_entropy_production_is_never_negative(
    photons: float, generator: Generator, make_qubit: Maker
) -> None:
    """No state of a thermal ladder produces less than no entropy."""
    qubit, patch = make_qubit(photons=photons), transmon(4)
    processes = jumps(patch, (transmon_rates(qubit, 4),))
    dissipator = generator(np.zeros((4, 4), dtype=complex), processes)
    thermal_j = BOLTZMANN_J_PER_K * bath_temperature(5e9, photons)
    current = adjoint_dissipator(static_hamiltonian_j(patch) / thermal_j, processes)

    random = np.random.default_rng(11)
    produced = [production(state, dissipator, current) for state in random_states(random, 200)]

    assert min(produced) >= -1e-10 * bath_coupling(qubit)


def random_states(random: np.random.Generator, count: int) -> list[Complex]:
    """Mixed four-level states of full rank, from nearly pure to nearly even."""
    states = []
    for power in random.uniform(1, 6, size=count):
        root = random.normal(size=(4, 4)) + 1j * random.normal(size=(4, 4))
        basis, _ = np.linalg.qr(root)
        weights = random.uniform(0.05, 1, size=4) ** power
        states.append(basis @ np.diag(weights / weights.sum()) @ basis.conj().T)
    return states


def production(state: Complex, dissipator: Complex, current: Complex) -> float:
    """Entropy production in k_B per second: dS/dt - J / (k_B T)."""
    change = (dissipator @ state.ravel()).reshape(state.shape)
    return float(-np.trace(change @ logm(state)).real - np.trace(current @ state).real)


def test_baths_apart_are_the_bath_together(make_chip: ChipMaker) -> None:
    """The rates of a qubit's photons and quasiparticles add up to those that a gate sees."""
    chip = make_chip(Quasiparticles(fraction=2e-7, temperature_k=0.15))
    (together,) = bath_of(chip, (0,), {0: Extra(photons=0.02)}, 4)

    apart = reservoirs(chip, (0,), {0: Extra(photons=0.02)}, 4)

    assert [one.name for one in apart] == ["0.photons", "0.quasiparticles"]
    for way in ("down", "up"):
        parts = [getattr(one.rates, way) for one in apart]
        assert np.sum(parts, axis=0) == pytest.approx(getattr(together, way), rel=1e-12, abs=0)
    assert sum(one.rates.dephasing for one in apart) == together.dephasing


def test_each_bath_has_its_own_temperature(make_chip: ChipMaker) -> None:
    """Photons are as warm as residual and extra ones together, quasiparticles as the chip says."""
    chip = make_chip(Quasiparticles(fraction=2e-7, temperature_k=0.15))

    photons, quasiparticles = reservoirs(chip, (0,), {0: Extra(photons=0.02)}, 3)

    assert photons.temperature_k == pytest.approx(bath_temperature(5e9, 0.03), rel=1e-9, abs=0)
    assert quasiparticles.temperature_k == pytest.approx(0.15, rel=1e-9, abs=0)


def test_a_bath_that_is_not_there_is_left_out(make_chip: ChipMaker) -> None:
    """A chip without quasiparticles has photons alone."""
    (photons,) = reservoirs(make_chip(None), (0,), {}, 3)

    assert (photons.bath, photons.qubit, photons.position) == ("photons", 0, 0)


@pytest.fixture
def make_chip(make_qubit: Maker) -> ChipMaker:
    """The function that makes a chip of one qubit with these quasiparticles and 0.01 photons."""

    def make(quasiparticles: Quasiparticles | None) -> Chip:
        qubit = make_qubit(photons=0.01).model_copy(update={"quasiparticles": quasiparticles})
        return Chip(format="qtregress/chip@1", device="toy", qubits=(qubit,))

    return make
