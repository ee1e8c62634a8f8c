"""Leakage benchmarking against rate equations, explicit means and thermal transmons."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from scipy.linalg import expm

from qtregress.channels.channel import average_fidelity, leakage
from qtregress.rb.clifford import one_qubit_group, pair_group
from qtregress.rb.coordinates import computational_states
from qtregress.rb.exact import exact_decay
from qtregress.rb.gateset import (
    CX,
    Complex,
    OneQubitGates,
    PairGates,
    ideal_images,
    sx_image,
)
from qtregress.rb.leakage_rb import clifford_error, leakage_decay
from qtregress.rb.words import play_word
from tests.rb.conftest import (
    SX_S,
    Bath,
    generator,
    jumps,
    on_levels,
    pair_of,
    unitary_map,
)
from tests.rb.test_exact import all_maps

pytestmark = pytest.mark.physics
INSIDE = np.arange(2)


def exchanging(leak: float, seep: float) -> Complex:
    """Three levels: a qubit state leaks with one probability, level 2 falls with another.

    What falls has no phase and either qubit state alike.
    """
    noise = np.zeros((9, 9), dtype=np.complex128)
    kept = [0, 1, 3, 4]
    noise[kept, kept] = 1 - leak
    noise[8, 0] = noise[8, 4] = leak
    noise[8, 8], noise[0, 8], noise[4, 8] = 1 - seep, seep / 2, seep / 2
    return noise


def qubit_of(noise: Complex, levels: int) -> OneQubitGates:
    """A perfect sx followed by noise."""
    sx = noise @ unitary_map(on_levels(sx_image(), (levels,)))
    return OneQubitGates(levels=levels, sx=sx, sx_duration_s=SX_S)


@pytest.mark.parametrize(("leak", "seep"), [(1e-3, 4e-3), (0.02, 0.05), (1e-5, 1e-2)])
def test_two_rates_have_their_closed_form(leak: float, seep: float) -> None:
    """A qubit and one leakage level decay at the mean over 0, 1 and 2 pulses a Clifford."""
    gates = qubit_of(exchanging(leak, seep), 3)
    found = leakage_decay(gates, exact_decay(gates))
    t = 1 - leak - seep
    decay = (4 + 16 * t + 4 * t**2) / 24

    assert found.status == "ok"
    assert found.decay == pytest.approx(decay, abs=1e-13)
    assert found.asymptote == pytest.approx(seep / (leak + seep), abs=1e-10)
    assert found.amplitude == pytest.approx(leak / (leak + seep), abs=1e-10)
    assert found.leakage == pytest.approx(leak / (leak + seep) * (1 - decay), rel=1e-9)
    assert found.seepage == pytest.approx(seep / (leak + seep) * (1 - decay), rel=1e-9)


@pytest.mark.parametrize(("leak", "seep"), [(1e-3, 4e-3), (0.02, 0.05)])
def test_protocol_recovers_the_true_rates(leak: float, seep: float) -> None:
    """L1, L2 and the corrected fidelity are those of the mean Clifford."""
    gates = qubit_of(exchanging(leak, seep), 3)
    found = leakage_decay(gates, exact_decay(gates))

    assert found.leakage == pytest.approx(found.true.leakage, abs=1e-12)
    assert found.seepage == pytest.approx(found.true.seepage, abs=1e-12)
    assert found.fidelity == pytest.approx(1 - found.true.error, abs=1e-12)


@pytest.mark.parametrize("photons", [0.002, 0.01])
def test_thermal_transmon_leaks_at_its_rates(photons: float) -> None:
    """L1 = g n t and L2 = 2 g (n + 1) t per Clifford; it ends with n/(3n + 2) leaked."""
    bath = Bath(photons=photons)
    idle = expm(generator(np.zeros((3, 3), dtype=np.complex128), jumps(3, bath)) * SX_S)
    gates = qubit_of(np.asarray(idle), 3)
    found = leakage_decay(gates, exact_decay(gates))
    rate = SX_S / bath.t1_s / (2 * photons + 1)

    assert found.asymptote is not None
    assert found.leakage == pytest.approx(rate * photons, rel=0.01)
    assert found.seepage == pytest.approx(2 * rate * (photons + 1), rel=0.01)
    assert 1 - found.asymptote == pytest.approx(photons / (3 * photons + 2), rel=0.01)


@pytest.mark.parametrize("control", [0, 1])
def test_pair_error_is_the_mean_over_all_elements(
    random_pair: Callable[..., PairGates], control: Literal[0, 1]
) -> None:
    """The mean error equals 1 - F_avg averaged over all 11520 elements."""
    gates = random_pair((2, 2), control)
    pairs = zip(*all_maps(gates), strict=True)
    fidelities = [average_fidelity(s, np.arange(4), u) for u, s in pairs]

    assert clifford_error(gates).error == pytest.approx(1 - np.mean(fidelities), abs=1e-12)


@pytest.mark.parametrize("levels", [2, 3, 4])
def test_qubit_error_is_the_mean_over_all_elements(
    noisy_qubit: Callable[..., OneQubitGates], levels: int
) -> None:
    """Error and leakage equal those of the 24 elements one by one."""
    gates, group = noisy_qubit(levels, rotation=1.1), one_qubit_group()
    maps = [play_word(gates, group.word(i)) for i in range(group.order)]
    pairs = zip(maps, group.unitaries, strict=True)
    fidelities = [average_fidelity(s, INSIDE, u) for s, u in pairs]
    found = clifford_error(gates)

    assert found.error == pytest.approx(1 - np.mean(fidelities), abs=1e-12)
    lost = np.mean([leakage(s, INSIDE) for s in maps])
    assert found.leakage == pytest.approx(lost, abs=1e-12)


@pytest.mark.parametrize("levels", [(3, 2), (3, 3)])
def test_pair_leakage_is_that_of_the_mean_map(
    random_pair: Callable[..., PairGates], levels: tuple[int, int]
) -> None:
    """L1 and L2 of a pair are those of the product of the means over cores and locals."""
    gates = random_pair(levels)
    group, size = pair_group(0), levels[0] * levels[1]
    cores, locals_ = (
        np.mean([play_word(gates, word) for word in words], axis=0)
        for words in (group.cores, group.locals)
    )
    mean = locals_ @ cores
    inside = computational_states(levels)
    projector = np.zeros(size)
    projector[inside] = 1
    after = np.diag((mean @ np.diag(1 - projector).reshape(-1)).reshape(size, size)).real
    found = clifford_error(gates)

    assert found.leakage == pytest.approx(leakage(mean, inside), abs=1e-12)
    assert found.seepage == pytest.approx(after[inside].sum() / (size - 4), abs=1e-12)


def test_pair_protocol_finds_the_leakage_of_its_cx() -> None:
    """A cx whose control leaks 0.3 % and falls back at 2 % is seen as that, 1.5 times."""
    leak, seep = 3e-3, 2e-2
    noise = exchanging(leak, seep).reshape((3,) * 4)
    spectator = np.einsum("ik,jl->ijkl", np.eye(2), np.eye(2))
    cx = np.einsum("abcd,ijkl->aibjckdl", noise, spectator).reshape(36, 36)
    maps = {
        name: unitary_map(on_levels(image, (3, 2)))
        for name, image in ideal_images(transmons=2).items()
    }
    gates = pair_of({**maps, CX: cx @ maps[CX]}, (3, 2), 0)
    found = leakage_decay(gates, exact_decay(gates))

    assert found.status == "ok"
    assert found.leakage == pytest.approx(1.5 * leak, rel=0.02)
    assert found.seepage == pytest.approx(1.5 * seep, rel=0.02)
    assert found.leakage == pytest.approx(found.true.leakage, rel=1e-6)
    assert found.fidelity == pytest.approx(1 - found.true.error, abs=1e-5)


def test_two_levels_have_no_leakage(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Without leakage levels nothing is claimed about leakage."""
    gates = noisy_qubit(2)
    found = leakage_decay(gates, exact_decay(gates))

    assert (found.status, found.decay, found.leakage) == ("no_levels", None, None)
    assert found.true.seepage is None
    assert found.true.leakage == pytest.approx(0, abs=1e-12)


def test_levels_that_nothing_reaches_show_no_decay() -> None:
    """Perfect gates on three levels have no leakage to measure, which is not L1 = 0."""
    gates = qubit_of(np.eye(9, dtype=np.complex128), 3)
    found = leakage_decay(gates, exact_decay(gates))

    assert (found.status, found.leakage) == ("none", None)
    assert found.true.leakage == pytest.approx(0, abs=1e-12)


def test_levels_of_very_different_rates_have_no_single_decay() -> None:
    """Level 2 that falls back fast and level 3 that hardly does are no exponential."""
    noise = np.eye(16, dtype=np.complex128)
    level = [5 * k for k in range(4)]
    rates = np.zeros((4, 4))
    rates[[2, 3], 0] = rates[[2, 3], 1] = 1e-3
    rates[[0, 1], 2] = 0.05
    rates[[0, 1], 3] = 5e-4
    noise[np.ix_(level, level)] = expm(rates - np.diag(rates.sum(axis=0)))
    noise[[1, 4], [1, 4]] *= np.exp(-2e-3)
    gates = qubit_of(noise, 4)
    found = leakage_decay(gates, exact_decay(gates))

    assert (found.status, found.decay, found.leakage) == ("crowded", None, None)
    assert found.spread is not None
    assert found.spread > 0.05


def test_without_a_decay_constant_there_is_no_fidelity(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """Broken Cliffords leave the leakage but no corrected fidelity."""
    gates = noisy_qubit(3)
    standard = replace(exact_decay(gates), p=None, status="complex")
    found = leakage_decay(gates, standard)

    assert found.fidelity is None
    assert found.leakage is not None


def test_growing_populations_are_no_leakage() -> None:
    """A map that makes population of level 2 is refused."""
    noise = exchanging(1e-3, 4e-3)
    noise[8, 8], noise[0, 8], noise[4, 8] = 1.01, -0.005, -0.005
    gates = qubit_of(noise, 3)

    assert leakage_decay(gates, exact_decay(gates)).status == "growing"
