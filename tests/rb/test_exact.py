"""The exact decay against closed forms, explicit sums and whole survival curves."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from scipy.linalg import eigvals, expm

from qtregress.channels.ideal import PAIR_NATIVES, PairNative
from qtregress.rb.clifford import (
    LOCALS,
    MEAN_NATIVES,
    Word,
    concatenate,
    layers,
    one_qubit_group,
    pair_group,
)
from qtregress.rb.coordinates import Real, adjoint_action
from qtregress.rb.exact import (
    exact_curve,
    exact_decay,
    explicit_decay,
    explicit_mean,
    judge_spectrum,
)
from qtregress.rb.from_channels import swapped
from qtregress.rb.gateset import (
    CX,
    ID_SX,
    SX_ID,
    SX_SX,
    Complex,
    OneQubitGates,
    PairGates,
    ideal_images,
    natives,
    sx_image,
)
from qtregress.rb.halves import pair_mean
from qtregress.rb.words import play_word
from tests.rb.conftest import Bath, generator, jumps, pair_of, random_channel, unitary_map

pytestmark = pytest.mark.physics


def depolarising(dimension: int, kept: float) -> Complex:
    """The map that keeps a fraction of every traceless operator."""
    unit = np.eye(dimension).reshape(-1)
    mixed = np.outer(unit, unit) / dimension
    return (kept * np.eye(dimension**2) + (1 - kept) * mixed).astype(np.complex128)


def after_every_element(noise: Complex) -> Complex:
    """All 24 elements, each followed by the same noise."""
    return np.array([noise @ unitary_map(u) for u in one_qubit_group().unitaries])


def average_error(noise: Complex) -> float:
    """1 - F_avg of a map that should be the identity (Nielsen, PLA 303, 249 (2002))."""
    d = round(len(noise) ** 0.5)
    process = float(np.trace(noise).real) / d**2
    return float(1 - (d * process + 1) / (d + 1))


def all_maps(gates: PairGates) -> tuple[Complex, Complex]:
    """Every element of a pair, ideal and simulated."""
    group = pair_group(gates.control, gates.native)
    locals_ = np.array([play_word(gates, word) for word in group.locals])
    cores = np.array([play_word(gates, word) for word in group.cores])
    maps = (locals_[None] @ cores[:, None]).reshape(-1, *locals_.shape[1:])
    return group.unitaries, maps


def mean_over_halves(gates: PairGates) -> Complex:
    """The full mean as a product of explicit means over cores and local gates."""
    group = pair_group(gates.control, gates.native)
    first = group.unitaries[0].conj().T @ group.unitaries[:: len(group.locals)]
    local = group.unitaries[: len(group.locals)]
    return explicit_mean(
        local, np.array([play_word(gates, word) for word in group.locals])
    ) @ explicit_mean(first, np.array([play_word(gates, word) for word in group.cores]))


def power_traces(matrix: Complex | Real) -> Complex:
    """Traces of the first four powers: sums of powers of the nonzero eigenvalues."""
    square = matrix @ matrix
    return np.array(
        [
            np.trace(matrix),
            np.trace(square),
            np.einsum("ij,ji->", square, matrix),
            np.einsum("ij,ji->", square, square),
        ],
        dtype=np.complex128,
    )


def leading(matrix: Complex | Real, count: int) -> Complex:
    """The largest eigenvalues, conjugate pairs in a fixed order."""
    values = eigvals(matrix)
    keys = np.lexsort((np.round(values.imag, 9), -np.round(np.abs(values), 9)))
    return np.asarray(values[keys][:count])


def test_depolarising_sx_has_its_closed_form() -> None:
    """Depolarising after each sx gives p = (4 + 16 x + 4 x**2)/24."""
    x = 0.98
    sx = depolarising(2, x) @ unitary_map(sx_image())
    found = exact_decay(OneQubitGates(levels=2, sx=sx, sx_duration_s=35e-9))

    assert found.p == pytest.approx((4 + 16 * x + 4 * x**2) / 24, abs=1e-13)


def test_perfect_gates_do_not_err() -> None:
    """Perfect gates have p = 1 and no error per Clifford."""
    gates = OneQubitGates(levels=2, sx=unitary_map(sx_image()), sx_duration_s=35e-9)

    assert exact_decay(gates).epc == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("native", PAIR_NATIVES)
@pytest.mark.parametrize("control", [0, 1])
def test_depolarising_natives_of_a_pair_have_their_closed_form(
    control: Literal[0, 1], native: PairNative
) -> None:
    """Depolarising natives give the mean over elements of the product of what they keep."""
    kept = {SX_SX: 0.99, SX_ID: 0.995, ID_SX: 0.996, native: 0.97}
    images = ideal_images(transmons=2, control=control, native=native)
    maps = {name: depolarising(4, kept[name]) @ unitary_map(u) for name, u in images.items()}
    group = pair_group(control, native)
    products = [
        np.prod([kept[step.native] for step in group.word(i).steps]) for i in range(group.order)
    ]

    found = exact_decay(pair_of(maps, (2, 2), control, native)).p
    assert found == pytest.approx(np.mean(products), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_gate_independent_noise_gives_the_average_error(seed: int) -> None:
    """Where every Clifford has the same noise, epc is its 1 - F_avg."""
    noise = random_channel(2, 0.1, np.random.default_rng(seed))
    unitaries = one_qubit_group().unitaries
    found = explicit_decay(unitaries, after_every_element(noise), gates_per_clifford=1)

    assert found.epc == pytest.approx(average_error(noise), abs=1e-12)


@pytest.mark.parametrize("photons", [0.0, 0.05])
def test_idling_gives_the_coherence_limit(photons: float) -> None:
    """T1 and T2 during every Clifford give 1/2 - exp(-t/T1)/6 - exp(-t/T2)/3, at any T."""
    t, bath = 200e-9, Bath(photons=photons)
    t2 = 1 / (0.5 / bath.t1_s + 1 / bath.dephasing_s)
    idle = expm(generator(np.zeros((2, 2), dtype=np.complex128), jumps(2, bath)) * t)
    unitaries = one_qubit_group().unitaries
    found = explicit_decay(unitaries, after_every_element(idle), gates_per_clifford=1)

    expected = 0.5 - np.exp(-t / bath.t1_s) / 6 - np.exp(-t / t2) / 3
    assert found.epc == pytest.approx(expected, abs=1e-12)


def test_pair_error_is_the_sum_over_its_natives(noisy_pair: Callable[..., PairGates]) -> None:
    """With weak noise a pair's epc is the counts times the natives' average errors."""
    gates = noisy_pair(bath=Bath(t1_s=6e-3, dephasing_s=8e-3))
    images = ideal_images(transmons=2, control=0)
    errors = {
        name: average_error(unitary_map(images[name]).conj().T @ superoperator)
        for name, superoperator in natives(gates).items()
    }
    counts = pair_group(0).mean_counts()

    expected = sum(counts[name] * errors[name] for name in counts)
    assert exact_decay(gates).epc == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("control", "native"), [(0, "cx"), (1, "ecr")])
def test_pair_spectrum_is_that_of_all_11520_terms(
    random_pair: Callable[..., PairGates], control: Literal[0, 1], native: PairNative
) -> None:
    """The small matrix has the eigenvalues of the explicit mean over the whole group."""
    gates = random_pair((2, 2), control, native=native)
    explicit = explicit_mean(*all_maps(gates))

    np.testing.assert_allclose(leading(explicit, 6), leading(pair_mean(gates), 6), atol=1e-12)


@pytest.mark.parametrize("control", [0, 1])
@pytest.mark.parametrize(
    ("levels", "native"),
    [((2, 2), "cx"), ((3, 2), "cx"), ((2, 4), "cx"), ((3, 2), "cz"), ((2, 3), "ecr")],
)
def test_pair_spectrum_is_that_of_explicit_halves(
    random_pair: Callable[..., PairGates],
    levels: tuple[int, int],
    native: PairNative,
    control: Literal[0, 1],
) -> None:
    """Traces of powers equal those of the full means over 576 local gates and 20 cores."""
    gates = random_pair(levels, control, 0.3, native)
    full, small = mean_over_halves(gates), pair_mean(gates)

    np.testing.assert_allclose(power_traces(full), power_traces(small), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("levels", "size"), [((2, 2), 32), ((3, 2), 54), ((3, 3), 91), ((4, 4), 240)]
)
def test_pair_mean_is_small_and_real(
    noisy_pair: Callable[..., PairGates], levels: tuple[int, int], size: int
) -> None:
    """The matrix has one row for every neutral product of matrix unit and ladder operator."""
    found = pair_mean(noisy_pair(levels))

    assert (found.shape, found.dtype) == ((size, size), np.dtype(np.float64))


def test_levels_that_nothing_reaches_do_not_count(noisy_pair: Callable[..., PairGates]) -> None:
    """Without leakage a pair of four levels each decays as one of two levels each."""
    two, four = (exact_decay(noisy_pair((size, size))).p for size in (2, 4))

    assert two == pytest.approx(four, abs=1e-12)


def test_exchanged_transmons_decay_alike(random_pair: Callable[..., PairGates]) -> None:
    """The same pair written in the other order has the same decay constant and gap."""
    gates = random_pair((3, 2))
    other = PairGates(
        levels=(2, 3),
        sx_sx=swapped(gates.sx_sx, (3, 2)),
        sx_id=swapped(gates.id_sx, (3, 2)),
        id_sx=swapped(gates.sx_id, (3, 2)),
        native=CX,
        native_map=swapped(gates.native_map, (3, 2)),
        control=1,
        layer_duration_s=gates.layer_duration_s,
        native_duration_s=gates.native_duration_s,
    )
    found, expected = exact_decay(other), exact_decay(gates)

    assert found.p == pytest.approx(expected.p, abs=1e-12)
    assert found.gap == pytest.approx(expected.gap, abs=1e-9)


def test_the_same_gates_decay_the_same_to_the_last_bit(
    random_pair: Callable[..., PairGates],
) -> None:
    """Two calls give the same value."""
    assert exact_decay(random_pair((3, 3))) == exact_decay(random_pair((3, 3)))


@pytest.mark.parametrize("levels", [(2, 2), (3, 2)])
@pytest.mark.parametrize(
    ("strength", "instead", "status"),
    [
        (0.03, {}, "ok"),
        (0.03, {CX: SX_ID}, "crowded"),
        (0.03, {SX_ID: ID_SX, ID_SX: SX_ID}, "crowded"),
        (0.3, {SX_ID: SX_SX}, "complex"),
    ],
)
def test_broken_pulses_have_the_status_of_the_full_mean(
    random_pair: Callable[..., PairGates],
    levels: tuple[int, int],
    strength: float,
    instead: dict[str, str],
    status: str,
) -> None:
    """Where one native plays instead of another, status, gap and p are the full mean's."""
    maps = natives(random_pair(levels, 0, strength))
    gates = pair_of({name: maps[instead.get(name, name)] for name in maps}, levels, 0)
    spectrum = eigvals(mean_over_halves(gates))
    found = exact_decay(gates)
    expected = judge_spectrum(spectrum, dimension=4, gates_per_clifford=MEAN_NATIVES)

    assert (found.status, expected.status) == (status, status)
    assert found.gap == pytest.approx(expected.gap, abs=1e-9)
    assert found.p == pytest.approx(expected.p, abs=1e-12)


def test_growing_maps_have_no_decay_constant() -> None:
    """A cx that lengthens every Bloch vector is no channel and is never called ok."""
    images = ideal_images(transmons=2)
    maps = {name: unitary_map(image) for name, image in images.items()}
    maps[CX] = depolarising(4, 1.01) @ maps[CX]

    assert exact_decay(pair_of(maps, (2, 2), 0)).status == "growing"


def test_maps_that_break_hermiticity_are_refused(noisy_pair: Callable[..., PairGates]) -> None:
    """A map that makes Hermitian matrices non-Hermitian has no decay constant."""
    maps = natives(noisy_pair())
    maps[CX] = maps[CX].copy()
    maps[CX][1, 0] += 1e-3

    with pytest.raises(ValueError, match="`cx` must keep Hermitian matrices Hermitian"):
        exact_decay(pair_of(maps, (2, 2), 0))


@pytest.mark.parametrize("control", [0, 1])
def test_cliffords_permute_paulis(control: Literal[0, 1]) -> None:
    """Every element takes a Pauli operator to one Pauli operator or its opposite."""
    for unitary in pair_group(control).unitaries[::97]:
        action = adjoint_action(unitary)
        np.testing.assert_allclose(np.abs(action), np.abs(np.rint(action)), atol=1e-12)
        assert np.all(np.abs(np.rint(action)).sum(axis=1) == 1)


def test_locals_are_all_pairs_of_cliffords() -> None:
    """The local words are the 576 pairs, in the order of the pairs of one-qubit Cliffords."""
    expected = tuple(layers(a, b) for a in LOCALS for b in LOCALS)

    assert expected == pair_group(0).locals


@pytest.mark.parametrize("length", [1, 2])
def test_curve_is_the_mean_over_all_sequences(
    noisy_qubit: Callable[..., OneQubitGates], length: int
) -> None:
    """The convolution equals the mean over every sequence, each simulated to its end."""
    gates, group = noisy_qubit(3, rotation=1.05), one_qubit_group()
    survivals = []
    for flat in range(24**length):
        sequence = [flat // 24**k % 24 for k in range(length)]
        words = [group.word(i) for i in [*sequence, group.inverse_of(sequence)]]
        survivals.append(play_word(gates, concatenate(words))[0, 0].real)

    assert exact_curve(gates, [length])[0] == pytest.approx(np.mean(survivals), abs=1e-12)


@pytest.mark.parametrize("rotation", [1.0, 1.1])
def test_curve_of_two_levels_decays_with_p(
    noisy_qubit: Callable[..., OneQubitGates], rotation: float
) -> None:
    """Late differences of the whole curve shrink by exactly p, over-rotated or not."""
    gates = noisy_qubit(2, rotation=rotation)
    first, second, third = exact_curve(gates, [20, 21, 22])

    assert exact_decay(gates).p == pytest.approx((third - second) / (second - first), abs=1e-9)


def test_curve_of_two_levels_ends_at_one_half(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Long sequences on two levels leave the ground state in half of the shots."""
    gates = noisy_qubit(2, bath=Bath(t1_s=2e-6, dephasing_s=3e-6))

    assert exact_curve(gates, [2000])[0] == pytest.approx(0.5, abs=0.005)


def test_initial_population_moves_the_amplitude_only(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """A thermal start scales the decaying part by 1 - 2 p1 and keeps p."""
    gates, lengths = noisy_qubit(2), [50, 100]
    cold = exact_curve(gates, lengths) - 0.5
    warm = exact_curve(gates, lengths, initial=np.diag([0.9, 0.1]).astype(complex)) - 0.5

    np.testing.assert_allclose(warm / cold, 0.8, rtol=2e-3)
    assert warm[1] / warm[0] == pytest.approx(cold[1] / cold[0], rel=1e-3)


def test_leakage_levels_count(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A square pulse on three levels errs more than on two."""
    two, three = (exact_decay(noisy_qubit(levels)).epc for levels in (2, 3))

    assert two is not None
    assert three is not None
    assert three > two


def test_detuned_pulses_have_no_decay_constant(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """A drive 42 MHz off makes the eigenvalue complex and the error undecided."""
    found = exact_decay(noisy_qubit(3, detuning_hz=42e6))

    assert (
        found.p,
        found.epc,
        found.error_per_gate,
        found.status,
    ) == (None, None, None, "complex")


@pytest.mark.parametrize(
    ("spectrum", "status"),
    [
        ([0.99, 0.979], "ok"),
        ([0.99, 0.981], "crowded"),
        ([-0.5, 0.1], "complex"),
        ([0.9 + 1e-6j, 0.9 - 1e-6j], "complex"),
        ([1.001, 0.1], "growing"),
        ([0.0, 0.0], "complex"),
    ],
)
def test_spectrum_is_judged(spectrum: list[complex], status: str) -> None:
    """Only a positive eigenvalue whose rival decays twice as fast has a status ok."""
    found = judge_spectrum(np.array(spectrum, dtype=complex), dimension=2, gates_per_clifford=1)

    assert status == found.status


def test_gap_is_relative() -> None:
    """The gap is the second eigenvalue's distance relative to the leading one."""
    spectrum = np.array([0.4, 0.8], dtype=complex)

    assert judge_spectrum(spectrum, dimension=2, gates_per_clifford=1).gap == 0.5


def test_error_per_gate_spreads_over_the_count() -> None:
    """1.5 gates of the stated error make the error of a pair's Clifford."""
    found = judge_spectrum(np.array([0.98, 0.1j]), dimension=4, gates_per_clifford=1.5)

    assert found.epc == pytest.approx(0.015, rel=1e-12)
    assert found.error_per_gate == pytest.approx(1 - 0.985 ** (1 / 1.5), rel=1e-12)


def test_negative_length_is_refused(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A sequence of fewer than no Cliffords is refused."""
    with pytest.raises(ValueError, match="lengths must be at least 0"):
        exact_curve(noisy_qubit(), [-1])


def test_empty_word_plays_nothing(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A word without steps and turns is the identity on all levels."""
    np.testing.assert_array_equal(np.eye(9), play_word(noisy_qubit(3), Word((), (0,))))
