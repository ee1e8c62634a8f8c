"""What the ladder rates do to an idle transmon, against closed forms."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from qtregress.channels.dissipators import Jump, jumps
from qtregress.chip.bath import Extra, bath_coupling, bose_occupation, transmon_rates
from qtregress.chip.chip import Qubit
from qtregress.chip.transmon import Patch, TransmonParameters, pair_patch, single_patch
from qtregress.units import BOLTZMANN_J_PER_K, HBAR_J_S
from tests import small

Complex = NDArray[np.complex128]
Generator = Callable[[Complex, Sequence[Jump]], Complex]
Maker = Callable[..., Qubit]
IDLE_S = 100e-9


def ladder(qubit: Qubit, levels: int) -> TransmonParameters:
    """The parameters of the qubit's transmon."""
    return TransmonParameters(
        frequency_hz=qubit.frequency_hz, anharmonicity_hz=qubit.anharmonicity_hz, levels=levels
    )


def idle(generator: Generator, qubit: Qubit, *, levels: int = 3, extra: float = 0.0) -> Complex:
    """The superoperator of 100 ns of nothing in the qubit's own frame."""
    patch = single_patch(ladder(qubit, levels))
    processes = jumps(patch, (transmon_rates(qubit, levels, Extra(photons=extra)),))
    free = np.zeros((levels, levels), dtype=complex)
    return np.asarray(expm(generator(free, processes) * IDLE_S))


def average_error(superoperator: Complex, computational: Sequence[int]) -> float:
    """1 - F_avg against the identity on the computational states, leakage included."""
    n = round(len(superoperator) ** 0.5)
    d = len(computational)
    blocks = superoperator.reshape(n, n, n, n)
    overlap = sum(blocks[i, j, i, j].real for i in computational for j in computational)
    kept = sum(blocks[i, i, j, j].real for i in computational for j in computational) / d
    return float(1 - (overlap / d + kept) / (d + 1))


def gibbs(patch: Patch, temperature_k: float) -> NDArray[np.float64]:
    """Boltzmann populations of the patch's states."""
    weights = np.exp(-HBAR_J_S * patch.energies_rad_s / (BOLTZMANN_J_PER_K * temperature_k))
    return np.asarray(weights / weights.sum())


@pytest.mark.parametrize("temperature_k", [0.05, 0.1, 0.2])
def test_undriven_steady_state_is_gibbs(
    temperature_k: float,
    generator: Generator,
    steady: Callable[[Complex], Complex],
    make_qubit: Maker,
) -> None:
    """An undriven transmon settles in the Gibbs state of its own ladder."""
    qubit = make_qubit(photons=bose_occupation(5e9, temperature_k))
    patch = single_patch(ladder(qubit, 4))
    processes = jumps(patch, (transmon_rates(qubit, 4),))

    state = steady(generator(np.zeros((4, 4), dtype=complex), processes))

    assert np.abs(state - np.diag(gibbs(patch, temperature_k))).max() < 1e-8


@pytest.mark.parametrize("temperature_k", [0.05, 0.1])
def test_a_coupled_pair_settles_next_to_gibbs(
    temperature_k: float, generator: Generator, steady: Callable[[Complex], Complex]
) -> None:
    """One jump a dressed transition misses Gibbs by what ZZ splits: less than 4e-4 of it."""
    chip, levels = small.small(*small.PAIR).chip, 3
    qubits = [chip.qubit(index) for index in small.PAIR]
    warm = [
        qubit.model_copy(
            update={"residual_photons": bose_occupation(qubit.frequency_hz, temperature_k)}
        )
        for qubit in qubits
    ]
    patch = pair_patch(ladder(warm[0], levels), ladder(warm[1], levels), chip.couplings[0].j_hz)
    processes = jumps(patch, tuple(transmon_rates(qubit, levels) for qubit in warm))
    n = patch.dimension

    state = np.diag(steady(generator(np.zeros((n, n), dtype=complex), processes))).real

    assert state == pytest.approx(gibbs(patch, temperature_k), rel=4e-4, abs=1e-12)


def test_thermal_photons_cost_an_idle_qubit_little(generator: Generator, make_qubit: Maker) -> None:
    """Three levels at 50 mK are 6e-5 of the coherence limit apart from two at none."""
    limit = 0.5 - math.exp(-IDLE_S / 100e-6) / 6 - math.exp(-IDLE_S / 120e-6) / 3
    warm = make_qubit(photons=bose_occupation(5e9, 0.05))

    apart = average_error(idle(generator, warm), (0, 1)) - limit

    assert 0 < apart < 6e-5


def test_one_qubit_coherence_limit(generator: Generator, make_qubit: Maker) -> None:
    """An idle qubit without photons errs by 1/2 - exp(-t/T1)/6 - exp(-t/T2)/3."""
    expected = 0.5 - math.exp(-IDLE_S / 100e-6) / 6 - math.exp(-IDLE_S / 120e-6) / 3

    error = average_error(idle(generator, make_qubit()), (0, 1))

    assert error == pytest.approx(expected, abs=1e-9)


def test_two_qubit_coherence_limit(generator: Generator, make_qubit: Maker) -> None:
    """Two idle qubits err by (4/5)(1 - F_pro), the product of both."""
    qubit = make_qubit()
    patch = pair_patch(ladder(qubit, 2), ladder(qubit, 2), 0.0)
    processes = jumps(patch, (transmon_rates(qubit, 2),) * 2)
    process = (1 + 2 * math.exp(-IDLE_S / 120e-6) + math.exp(-IDLE_S / 100e-6)) / 4

    channel = expm(generator(np.zeros((4, 4), dtype=complex), processes) * IDLE_S)

    assert average_error(channel, range(4)) == pytest.approx(0.8 * (1 - process**2), abs=1e-9)


def test_photons_cost_an_idling_transmon(generator: Generator, make_qubit: Maker) -> None:
    """Each photon of the load costs an idling transmon (5/3) gamma t."""
    qubit = make_qubit(anharmonicity_hz=0.0)
    cold, warm = (average_error(idle(generator, qubit, extra=n), (0, 1)) for n in (0.0, 1e-3))

    slope = (warm - cold) / 1e-3

    assert slope == pytest.approx(5 / 3 * bath_coupling(qubit) * IDLE_S, rel=0.01, abs=0)


def test_thermal_leakage_and_seepage(generator: Generator, make_qubit: Maker) -> None:
    """Photons lift gamma n t out of the computational states and 2 gamma (n + 1) t falls back."""
    qubit, photons = make_qubit(anharmonicity_hz=0.0), 0.01
    blocks = idle(generator, qubit, extra=photons).reshape((3,) * 4).real
    once = bath_coupling(qubit) * IDLE_S

    leakage = (blocks[2, 2, 0, 0] + blocks[2, 2, 1, 1]) / 2
    seepage = blocks[0, 0, 2, 2] + blocks[1, 1, 2, 2]

    assert leakage == pytest.approx(photons * once, rel=0.01, abs=0)
    assert seepage == pytest.approx(2 * (photons + 1) * once, rel=0.01, abs=0)


def test_leakage_of_a_benchmark_saturates(generator: Generator, make_qubit: Maker) -> None:
    """A transmon scrambled after every idle leaks up to n / (3 n + 2)."""
    photons = 0.01
    channel = idle(generator, make_qubit(anharmonicity_hz=0.0), extra=photons).reshape((3,) * 4)
    move = np.einsum("iijj->ij", channel).real
    scramble = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])

    leaked = np.linalg.matrix_power(scramble @ move, 20_000)[2, 0]

    assert leaked == pytest.approx(photons / (3 * photons + 2), rel=0.02, abs=0)


@pytest.mark.parametrize("temperature_k", [0.05, 0.2])
def test_relaxation_is_in_detailed_balance(
    temperature_k: float, generator: Generator, make_qubit: Maker
) -> None:
    """While it relaxes, a transmon jumps as often from i to j as back in its Gibbs state."""
    qubit = make_qubit(photons=bose_occupation(5e9, temperature_k))
    patch = single_patch(ladder(qubit, 4))
    processes = jumps(patch, (transmon_rates(qubit, 4),))
    map_ = expm(generator(np.zeros((4, 4), dtype=complex), processes) * 50e-6)
    move = np.einsum("iijj->ij", map_.reshape((4,) * 4)).real

    flow = move * gibbs(patch, temperature_k)

    assert np.abs(flow - flow.T).max() < 1e-10
    assert flow[1, 0] > 1e-4
