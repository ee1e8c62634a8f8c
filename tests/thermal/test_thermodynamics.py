"""What a gate and a Clifford cost in energy and entropy."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels.problem import patch_of
from qtregress.chip.bath import bath_temperature
from qtregress.chip.chip import Quasiparticles
from qtregress.thermal.entropy import entropy_production, von_neumann_entropy
from qtregress.thermal.thermodynamics import (
    Thermodynamics,
    clifford_thermodynamics,
    gate_thermodynamics,
)
from qtregress.units import BOLTZMANN_J_PER_K, HBAR_J_S
from tests.small import small
from tests.thermal.gates import FREQUENCIES_HZ, QUANTUM_J, T1_S, Played, play, toy

Complex = NDArray[np.complex128]

pytestmark = pytest.mark.physics

PHOTONS = 0.05


def warm_lima(gate_id: str) -> Played:
    """A gate of ibm_lima with 0.01 photons at either qubit."""
    case = small(0, 1)
    qubits = [qubit.model_copy(update={"residual_photons": 0.01}) for qubit in case.chip.qubits]
    return play(case.chip.model_copy(update={"qubits": tuple(qubits)}), case.profile, gate_id)


@pytest.fixture(scope="module")
def cx() -> Played:
    """The cx of ibm_lima's qubits 0 and 1, warm."""
    return warm_lima("cx:0-1")


def pure_states(count: int, d: int) -> list[Complex]:
    """Random pure states of d levels."""
    random = np.random.default_rng(5)
    made = random.normal(size=(count, d)) + 1j * random.normal(size=(count, d))
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return [np.outer(one, one.conj()) for one in made]


def embedded(played: Played, state: Complex) -> Complex:
    """A computational state among all levels."""
    patch = played.problem.patch
    whole = np.zeros((patch.dimension,) * 2, dtype=complex)
    whole[np.ix_(patch.computational, patch.computational)] = state
    return whole


def test_an_idle_qubit_heats_its_bath_by_half_a_quantum_of_its_decay() -> None:
    """Averaged over its states an idle qubit passes hbar omega t / 2 T1 to an empty bath."""
    played = toy(0, amp=0.0, t1_s=100e-6, photons=0.0)

    heat_j = played.found.mean.heat_by_bath_j["0.photons"]

    expected_j = QUANTUM_J / 2 * (1 - math.exp(-played.problem.duration_s / 100e-6))
    assert heat_j == pytest.approx(expected_j, rel=1e-6, abs=0)


@pytest.mark.parametrize("samples", [160, 420, 2000])
def test_first_law_of_the_means(samples: int) -> None:
    """Energy change is work less the heat of all baths, to 1e-6 hbar omega even at T1 = 5 us."""
    mean = toy(0, samples=samples).found.mean

    missing_j = mean.energy_change_j - mean.work_j + sum(mean.heat_by_bath_j.values())
    assert abs(missing_j) <= mean.first_law_residual_j < 1e-6 * QUANTUM_J
    assert mean.problem == ""


def test_a_map_of_another_bath_opens_the_first_law() -> None:
    """Energies that do not fit together are refused in a sentence."""
    played, other = toy(0), toy(0, t1_s=2 * T1_S)

    found = gate_thermodynamics(played.problem, played.propagation, other.map, played.baths)

    assert "miss each other" in found.mean.problem


def test_second_law_for_any_input(cx: Played) -> None:
    """No pure input of a cx produces less than no entropy."""
    temperature_k = {bath.name: bath.temperature_k for bath in cx.baths}
    heat = cx.found.operators.heat_j
    n = cx.problem.patch.dimension
    produced = []
    for state in pure_states(100, 4):
        before = embedded(cx, state)
        after = (cx.map @ before.ravel()).reshape(n, n)
        heat_j = {name: float(np.trace(one @ before).real) for name, one in heat.items()}
        entropy = float(von_neumann_entropy((after + after.conj().T) / 2))
        produced.append(entropy_production(entropy, heat_j, temperature_k))

    assert min(produced) > 0


def test_second_law_of_a_settled_qubit() -> None:
    """An idle qubit in equilibrium with its bath produces no entropy and passes no heat."""
    played = toy(0, amp=0.0, levels=2)
    heat = played.found.operators.heat_j["0.photons"]
    rates = played.baths[0].rates
    settled = np.array([rates.down[0], rates.up[0]]) / (rates.down[0] + rates.up[0])

    assert abs(np.diag(heat).real @ settled) < 1e-12 * QUANTUM_J


def test_baths_have_the_temperature_of_their_photons() -> None:
    """A bath's temperature is the one at which it holds its residual photons."""
    (bath,) = toy(0, photons=PHOTONS).baths

    expected_k = bath_temperature(FREQUENCIES_HZ[0], PHOTONS)
    assert bath.temperature_k == pytest.approx(expected_k, rel=1e-9, abs=0)


def test_zero_temperature_leaves_entropies_undecided() -> None:
    """Without residual photons heat and work stay, entropies are None with a reason."""
    mean = toy(0, photons=0.0).found.mean

    assert mean.entropy_production is None
    assert mean.landauer_j is None
    assert "zero temperature" in mean.why
    assert mean.heat_by_bath_j["0.photons"] > 0
    assert mean.ergotropy_j > 0
    assert mean.problem == ""


def test_entropy_production_of_an_idle_qubit() -> None:
    """It is the mean over the six Pauli eigenstates of the closed form of a damped qubit."""
    played = toy(0, amp=0.0, levels=2, t1_s=100e-6)
    kept = math.exp(-played.problem.duration_s / 100e-6)
    coherent = math.exp(-played.problem.duration_s / 120e-6)
    excited = PHOTONS / (2 * PHOTONS + 1)
    (bath,) = played.baths
    quantum = QUANTUM_J / (BOLTZMANN_J_PER_K * bath.temperature_k)

    def entropy(share: float, length: float) -> float:
        radius = math.hypot(1 - 2 * share, length)
        return -sum(p * math.log(p) for p in ((1 + radius) / 2, (1 - radius) / 2))

    produced = 0.0
    for start, length, weight in ((0.0, 0.0, 1 / 6), (1.0, 0.0, 1 / 6), (0.5, 1.0, 2 / 3)):
        end = excited + (start - excited) * kept
        produced += weight * (entropy(end, length * coherent) + quantum * (start - end))

    found = played.found.mean.entropy_production
    assert found == pytest.approx(produced, rel=1e-5, abs=0)


def test_ergotropy_is_lost_with_purity(cx: Played) -> None:
    """A gate leaves less work in the qubits than was there, by more than its heat."""
    mean = cx.found.mean

    lost_j = mean.ergotropy_before_j - mean.ergotropy_j
    assert 0 < lost_j < 0.05 * mean.ergotropy_before_j
    assert mean.ergotropy_before_j == pytest.approx(
        HBAR_J_S * float(np.mean(cx.problem.patch.energies_rad_s[cx.problem.patch.computational])),
        rel=1e-12,
        abs=0,
    )


def test_a_reset_costs_a_bit_each_at_the_baths(cx: Played) -> None:
    """Qubits nothing is known about cost k_B T ln 2 each, and hardly more after a gate."""
    mean = cx.found.mean
    bits_j = BOLTZMANN_J_PER_K * math.log(2) * sum(bath.temperature_k for bath in cx.baths)

    assert mean.landauer_before_j == pytest.approx(bits_j, rel=1e-12, abs=0)
    assert mean.landauer_j == pytest.approx(bits_j, rel=0.02, abs=0)
    assert mean.landauer_j != mean.landauer_before_j


def test_a_reset_may_use_the_coldest_bath() -> None:
    """With quasiparticles at 0.3 K a bit is still bounded by its photons' temperature."""
    hot = Quasiparticles(fraction=1e-8, temperature_k=0.3)
    played = toy(0, quasiparticles=hot)

    expected_j = BOLTZMANN_J_PER_K * math.log(2) * bath_temperature(FREQUENCIES_HZ[0], PHOTONS)
    assert played.found.mean.landauer_before_j == pytest.approx(expected_j, rel=1e-9, abs=0)


def a_value(**changes: object) -> Thermodynamics:
    """Round numbers."""
    value = Thermodynamics(
        heat_by_bath_j={"0.photons": 2.0},
        work_j=3.0,
        energy_change_j=1.0,
        first_law_residual_j=0.1,
        entropy_production=0.25,
        ergotropy_before_j=10.0,
        ergotropy_j=9.0,
        landauer_before_j=4.0,
        landauer_j=4.5,
        why="",
        problem="",
    )
    return replace(value, **changes)  # type: ignore[arg-type]


def test_a_clifford_is_the_sum_of_its_gates() -> None:
    """Energies add up by mean counts; ergotropy and reset start where a gate's do."""
    other = a_value(heat_by_bath_j={"0.photons": 1.0, "1.photons": 6.0}, ergotropy_j=8.0)

    found = clifford_thermodynamics({"a": 1.5, "b": 2.0}, {"a": a_value(), "b": other})

    assert found.heat_by_bath_j == {"0.photons": 5.0, "1.photons": 12.0}
    assert found.work_j == pytest.approx(3.5 * 3, rel=1e-6, abs=0)
    assert found.energy_change_j == pytest.approx(3.5, rel=1e-6, abs=0)
    assert found.first_law_residual_j == pytest.approx(0.35, rel=1e-6, abs=0)
    assert found.entropy_production == pytest.approx(3.5 * 0.25, rel=1e-6, abs=0)
    assert found.ergotropy_j == pytest.approx(10 - 1.5 - 4, rel=1e-6, abs=0)
    assert found.landauer_j == pytest.approx(4 + 3.5 * 0.5, rel=1e-6, abs=0)
    assert (found.why, found.problem) == ("", "")


def test_what_one_gate_lacks_its_clifford_lacks() -> None:
    """One gate's missing entropy or open first law is the Clifford's."""
    gates = {"a": a_value(), "b": a_value(entropy_production=None, why="cold", problem="open")}

    found = clifford_thermodynamics({"a": 1.0, "b": 1.0}, gates)

    assert found.entropy_production is None
    assert (found.why, found.problem) == ("cold", "open")
    assert found.landauer_j is not None


def test_a_missing_gate_is_no_gate_of_zero_cost() -> None:
    """A Clifford of gates that nobody simulated is an error, not cheap."""
    with pytest.raises(KeyError, match="b"):
        clifford_thermodynamics({"a": 1.0, "b": 1.0}, {"a": a_value()})


def test_a_clifford_of_one_gate_is_that_gate() -> None:
    """One sx per Clifford (virtual Z) costs what the sx costs."""
    mean = warm_lima("sx:0").found.mean

    found = clifford_thermodynamics({"sx:0": 1.0}, {"sx:0": mean})

    assert found.ergotropy_j == pytest.approx(mean.ergotropy_j, rel=1e-12, abs=0)
    assert found.landauer_j == pytest.approx(mean.landauer_j, rel=1e-12, abs=0)
    assert replace(found, ergotropy_j=mean.ergotropy_j, landauer_j=mean.landauer_j) == mean


@pytest.mark.parametrize("temperature_k", [0.1, 0.3])
@pytest.mark.parametrize("gate_id", ["x:0", "cx:0-1"])
def test_jarzynski_for_a_gate_without_loss(gate_id: str, temperature_k: float) -> None:
    """From the Gibbs state the work of a gate's pulses averages exp(-W / kT) to 1, to 1e-10."""
    case = small(0, 1)
    played = play(case.chip, case.profile, gate_id, levels=3)
    patch = patch_of(case.chip, played.problem.qubits, 3)
    reduced = HBAR_J_S * patch.energies_rad_s / (BOLTZMANN_J_PER_K * temperature_k)
    weights = np.exp(-reduced) / np.exp(-reduced).sum()

    for unitary in played.propagation.lossless.unitaries:
        jumped = np.abs(unitary) ** 2  # from the column's state to the row's
        mean = float(
            np.exp(-np.subtract.outer(reduced, reduced)).ravel() @ (jumped * weights).ravel()
        )

        assert mean == pytest.approx(1, abs=1e-10)
        assert np.abs(jumped - np.eye(len(jumped))).max() > 0.5
