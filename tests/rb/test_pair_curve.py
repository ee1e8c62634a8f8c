"""The exact curve against the convolution, every element of a pair, and closed forms."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest

from qtregress.channels.ideal import PAIR_NATIVES, PairNative
from qtregress.rb.clifford import pair_group
from qtregress.rb.composition import composed_survivals
from qtregress.rb.exact import exact_curve, exact_decay
from qtregress.rb.gateset import OneQubitGates, PairGates, ideal_images, sx_image
from qtregress.rb.halves import Halves, modes
from qtregress.rb.pair_curve import benchmark_curve, split_offset
from qtregress.rb.sequences import SamplePlan, random_circuits
from tests.rb.conftest import Bath, on_levels, pair_of, unitary_map
from tests.rb.test_exact import all_maps

pytestmark = pytest.mark.physics


def perfect_pair(levels: tuple[int, int]) -> PairGates:
    """A pair without errors."""
    images = ideal_images(transmons=2)
    maps = {name: unitary_map(on_levels(image, levels)) for name, image in images.items()}
    return pair_of(maps, levels, 0)


@pytest.mark.parametrize("levels", [2, 3, 4])
@pytest.mark.parametrize(("rotation", "detuning_hz"), [(1.0, 0.0), (1.3, 0.0), (1.0, 42e6)])
def test_one_qubit_curve_is_the_convolution(
    noisy_qubit: Callable[..., OneQubitGates], levels: int, rotation: float, detuning_hz: float
) -> None:
    """The sum over representations equals the convolution of the group with itself."""
    gates = noisy_qubit(levels, rotation=rotation, detuning_hz=detuning_hz)
    lengths = [1, 2, 7, 60]

    found = benchmark_curve(gates, lengths)
    np.testing.assert_allclose(found.survivals, exact_curve(gates, lengths), atol=1e-12, rtol=0)
    assert found.missing == 0


def test_curve_keeps_the_order_of_its_lengths(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Lengths in any order, repeated or not, each have their own survival."""
    gates = noisy_qubit()
    forward, back = (benchmark_curve(gates, lengths) for lengths in ([3, 9], [9, 3, 9]))

    assert back.survivals == (forward.survivals[1], *forward.survivals)


@pytest.mark.parametrize("native", PAIR_NATIVES)
@pytest.mark.parametrize("control", [0, 1])
@pytest.mark.parametrize("strength", [0.02, 0.3])
def test_pair_survival_is_the_mean_over_all_elements(
    random_pair: Callable[..., PairGates],
    control: Literal[0, 1],
    strength: float,
    native: PairNative,
) -> None:
    """At one Clifford the mean over all 11520 differs by less than the stated bound."""
    gates, group = random_pair((2, 2), control, strength, native), pair_group(control, native)
    _, maps = all_maps(gates)
    inverse = [group.inverse_of([element]) for element in range(group.order)]
    expected = float(np.einsum("gk,gk->", maps[inverse, 0], maps[:, :, 0]).real) / group.order

    found = benchmark_curve(gates, [1])
    difference = abs(found.survivals[0] - expected)
    assert 1e-12 < difference <= found.missing


def test_weak_noise_leaves_little_out(random_pair: Callable[..., PairGates]) -> None:
    """The bound of what is left out falls with the error, which is squared in it."""
    weak, strong = (benchmark_curve(random_pair(strength=s), [1]).missing for s in (0.01, 0.02))

    assert strong / weak == pytest.approx(4, rel=0.1)
    assert weak < 0.02


def test_pair_curve_is_what_sequences_show(noisy_pair: Callable[..., PairGates]) -> None:
    """Random sequences with leakage levels scatter around the exact curve."""
    gates = noisy_pair((3, 2), bath=Bath(t1_s=20e-6, dephasing_s=20e-6, photons=0.02))
    plan = SamplePlan(lengths=(1, 10, 20, 30), sequences=40, shots=1, seed=3)
    survivals = composed_survivals(gates, random_circuits(gates, plan, qubits=(0, 1), length=10))
    error = float(survivals.std(ddof=1)) / np.sqrt(plan.sequences)

    assert error < 0.01
    assert benchmark_curve(gates, [10]).survivals[0] == pytest.approx(
        survivals.mean(), abs=4 * error
    )


def test_perfect_pair_starts_at_three_quarters_and_one() -> None:
    """Without errors A is 3/4, B is 1/4, and leakage levels that nothing reaches do nothing."""
    found = benchmark_curve(perfect_pair((3, 3)), [1, 50])

    assert found.amplitude == pytest.approx(0.75, abs=1e-12)
    assert found.offset == pytest.approx(0.25, abs=1e-12)
    assert found.plateau == pytest.approx(0.25, abs=1e-12)
    np.testing.assert_allclose(found.survivals, 1, atol=1e-12)
    assert found.leakage_decay is None
    assert found.missing < 1e-7


def test_perfect_qubit_starts_at_one_half_and_one() -> None:
    """Without errors A and B of one qubit are 1/2 on any number of levels."""
    sx = unitary_map(on_levels(sx_image(), (4,)))
    found = benchmark_curve(OneQubitGates(levels=4, sx=sx, sx_duration_s=35e-9), [1, 50])

    assert found.amplitude == pytest.approx(0.5, abs=1e-12)
    assert found.offset == pytest.approx(0.5, abs=1e-12)


def test_decay_is_that_of_the_exact_decay(noisy_pair: Callable[..., PairGates]) -> None:
    """The curve's p is the p of the exact decay, and A p**m + B the curve without leakage."""
    gates, m = noisy_pair(), np.array([5, 40])
    found = benchmark_curve(gates, [int(length) for length in m])
    p, amplitude, departure = found.p, found.amplitude, found.departure

    assert p == pytest.approx(exact_decay(gates).p, abs=1e-12)
    assert p is not None
    assert amplitude is not None
    assert departure is not None
    assert departure < 1e-6
    np.testing.assert_allclose(found.survivals, amplitude * p**m + found.offset, atol=1e-6)


@pytest.mark.parametrize("photons", [0.01, 0.05])
def test_leakage_lowers_the_end_of_the_curve(
    noisy_qubit: Callable[..., OneQubitGates], photons: float
) -> None:
    """Short sequences see B = 1/2; for ever, half of what a thermal third level leaves."""
    gates = noisy_qubit(3, bath=Bath(t1_s=6e-6, photons=photons))
    found = benchmark_curve(gates, [1])

    assert found.plateau == pytest.approx(0.5, abs=2e-3)
    assert found.offset < found.plateau - photons / 8
    assert found.offset == pytest.approx(exact_curve(gates, [4000])[0], abs=1e-7)
    assert found.leakage_decay is not None
    assert found.leakage_decay < 1


def test_thermal_start_moves_the_amplitude_only(noisy_pair: Callable[..., PairGates]) -> None:
    """Excited populations before the first pulse scale A and keep p and B."""
    gates = noisy_pair()
    cold = benchmark_curve(gates, [30])
    warm = benchmark_curve(gates, [30], populations=[0.8, 0.1, 0.1, 0.0])

    assert warm.p == cold.p
    assert warm.offset == pytest.approx(cold.offset, abs=1e-12)
    assert cold.amplitude is not None
    # The ground state is 3/4 above the mean of all four, 0.8 is 0.55 above it.
    assert warm.amplitude == pytest.approx(cold.amplitude * 0.55 / 0.75, rel=1e-2)


def test_broken_pulses_keep_their_curve_but_have_no_decay(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """Where the survival oscillates there is a curve but neither p nor A."""
    found = benchmark_curve(noisy_qubit(3, detuning_hz=42e6), [1, 5])

    assert (found.p, found.amplitude, found.departure, found.status) == (
        None,
        None,
        None,
        "complex",
    )
    assert all(0 <= one <= 1 for one in found.survivals)


@pytest.mark.parametrize("seed", range(1, 9, 2))
def test_equal_modes_are_told_from_decaying_ones(seed: int) -> None:
    """Three conserved quantities, mixed with each other and with a decay, stay for ever."""
    rng = np.random.default_rng(seed)
    basis = np.eye(6) + 0.3 * rng.normal(size=(6, 6))
    step = basis @ np.diag([1.0, 1.0, 1.0, 0.9, 0.1, 0.0]) @ np.linalg.inv(basis)
    effect, state = rng.normal(size=6), rng.normal(size=6)
    found = modes(Halves(first=np.eye(6), last=step, rank=1), effect, state)
    offset, slow = split_offset(found)
    powers = [np.linalg.matrix_power(step, m + 1) for m in (30, 2000)]
    late, last = (float(effect @ power @ state) for power in powers)

    assert offset == pytest.approx(last, abs=1e-9)
    assert slow.decays == pytest.approx([0.9], abs=1e-9)
    assert late == pytest.approx(offset + slow.weights[0].real * 0.9**30, abs=1e-9)


def test_sequences_of_no_clifford_are_refused(noisy_pair: Callable[..., PairGates]) -> None:
    """Lengths start at one."""
    with pytest.raises(ValueError, match="lengths must be at least 1"):
        benchmark_curve(noisy_pair(), [0, 5])
