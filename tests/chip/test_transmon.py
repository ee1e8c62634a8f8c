"""Static Hamiltonians of one and two transmons."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qtregress.chip.transmon import Patch, TransmonParameters, pair_patch, single_patch
from qtregress.errors import InputError
from qtregress.units import angular

LEFT_HZ, RIGHT_HZ = 5.1e9, 5.0e9
ALPHA_LEFT_HZ, ALPHA_RIGHT_HZ = -330e6, -340e6


def transmon(frequency_hz: float, anharmonicity_hz: float, levels: int = 4) -> TransmonParameters:
    """One transmon."""
    return TransmonParameters(
        frequency_hz=frequency_hz, anharmonicity_hz=anharmonicity_hz, levels=levels
    )


def pair(j_hz: float, *, detuning_hz: float = 100e6, levels: int = 4) -> Patch:
    """Two transmons, the right one at 5 GHz."""
    return pair_patch(
        transmon(RIGHT_HZ + detuning_hz, ALPHA_LEFT_HZ, levels),
        transmon(RIGHT_HZ, ALPHA_RIGHT_HZ, levels),
        j_hz,
    )


def energy_hz(patch: Patch, left: int, right: int) -> float:
    """Energy of a dressed state by its label."""
    return float(patch.energies_rad_s[left * patch.levels[1] + right] / (2 * np.pi))


def ladder_hz(frequency_hz: float, anharmonicity_hz: float, k: int) -> float:
    """Energy of level k of a Duffing oscillator."""
    return k * frequency_hz + k * (k - 1) / 2 * anharmonicity_hz


def zz_hz(patch: Patch) -> float:
    """Shift of the doubly excited state against the sum of its transmons."""
    return energy_hz(patch, 1, 1) - energy_hz(patch, 1, 0) - energy_hz(patch, 0, 1)


def test_single_transmon_is_a_duffing_ladder() -> None:
    """Level k of one transmon is at k f + k (k - 1) alpha / 2."""
    patch = single_patch(transmon(5e9, -330e6))

    expected = [ladder_hz(5e9, -330e6, k) for k in range(4)]
    assert patch.energies_rad_s / (2 * np.pi) == pytest.approx(expected, rel=1e-14)


def test_single_transmon_lowers_by_square_roots() -> None:
    """The lowering operator takes k to k - 1 with amplitude sqrt(k)."""
    (lowering,) = single_patch(transmon(5e9, -330e6)).lowering

    assert np.array_equal(lowering, np.diag(np.sqrt([1.0, 2.0, 3.0]), 1))


@given(
    frequencies_hz=st.tuples(st.floats(4.5e9, 5.5e9), st.floats(4.5e9, 5.5e9)),
    j_hz=st.floats(0, 5e6),
)
def test_dressed_frequencies_are_the_requested_ones(
    frequencies_hz: tuple[float, float], j_hz: float
) -> None:
    """Each dressed 0-1 frequency, the other transmon in its ground state, is the given one."""
    left_hz, right_hz = frequencies_hz
    assume(abs(left_hz - right_hz) > 6 * j_hz)  # nearer than 2 J no dressing can reach them

    patch = pair_patch(transmon(left_hz, -330e6), transmon(right_hz, -340e6), j_hz)

    found = [patch.energies_rad_s[4], patch.energies_rad_s[1]]
    assert found == pytest.approx([angular(left_hz), angular(right_hz)], rel=0, abs=1e-3)


@given(j_hz=st.floats(0, 5e6), detuning_hz=st.floats(-300e6, 300e6), levels=st.integers(2, 4))
def test_lowering_operators_take_one_excitation(
    j_hz: float, detuning_hz: float, levels: int
) -> None:
    """A dressed lowering operator takes exactly one from the total number, whatever mixes."""
    assume(abs(detuning_hz) > 6 * j_hz)
    assume(abs(detuning_hz) > 2.1 * j_hz)
    patch = pair(j_hz, detuning_hz=detuning_hz, levels=levels)
    total = patch.numbers.sum(axis=0)
    keeps_one = total[:, None] == total[None, :] - 1

    assert np.count_nonzero(patch.lowering[:, ~keeps_one]) == 0


@given(j_hz=st.floats(0, 5e6), detuning_hz=st.floats(-300e6, 300e6))
def test_dressing_keeps_the_commutator(j_hz: float, detuning_hz: float) -> None:
    """Both dressed lowering operators commute, as the bare ones do."""
    assume(abs(detuning_hz) > 6 * j_hz)
    assume(abs(detuning_hz) > 2.1 * j_hz)
    left, right = pair(j_hz, detuning_hz=detuning_hz).lowering

    assert np.abs(left @ right - right @ left).max() < 1e-12


def test_without_coupling_the_ladders_are_bare() -> None:
    """At J = 0 every level is the sum of two Duffing ladders."""
    patch = pair(0.0)

    expected = [
        ladder_hz(LEFT_HZ, ALPHA_LEFT_HZ, m) + ladder_hz(RIGHT_HZ, ALPHA_RIGHT_HZ, n)
        for m in range(4)
        for n in range(4)
    ]
    assert patch.energies_rad_s / (2 * np.pi) == pytest.approx(expected, rel=1e-12)


def test_without_coupling_the_drives_are_bare() -> None:
    """At J = 0 the lowering operators are tensor products with the identity."""
    patch = pair(0.0, levels=3)
    ladder, eye = np.diag(np.sqrt([1.0, 2.0]), 1), np.eye(3)

    assert np.array_equal(patch.lowering, [np.kron(ladder, eye), np.kron(eye, ladder)])


@pytest.mark.physics
@pytest.mark.parametrize("detuning_hz", [-120e6, 60e6, 100e6, 180e6])
@pytest.mark.parametrize("j_hz", [0.1e6, 1e6, 3e6])
def test_zz_shift_is_that_of_perturbation_theory(j_hz: float, detuning_hz: float) -> None:
    """The ZZ shift of a weak coupling is 2 J^2 (a1 + a2) / ((D + a1)(D - a2)) to 0.2 %."""
    # second order: 2 J^2 / (D - a2) from |02>, -2 J^2 / (D + a1) from |20>
    expected = (
        2
        * j_hz**2
        * (ALPHA_LEFT_HZ + ALPHA_RIGHT_HZ)
        / ((detuning_hz + ALPHA_LEFT_HZ) * (detuning_hz - ALPHA_RIGHT_HZ))
    )

    assert zz_hz(pair(j_hz, detuning_hz=detuning_hz)) == pytest.approx(expected, rel=2e-3)


def test_computational_states_have_one_excitation_at_most() -> None:
    """Of two four-level transmons the states 00, 01, 10 and 11 are computational."""
    assert pair(3e6).computational.tolist() == [0, 1, 4, 5]


def test_cross_drive_is_that_of_first_order() -> None:
    """Driving the left transmon reaches the right one by J / (bare detuning) to 1 %."""
    j_hz, detuning_hz = 1e6, 100e6
    left = pair(j_hz, detuning_hz=detuning_hz).lowering[0]

    # <00| a_left |01>: the right transmon's dressed state holds -J / D of the left one
    assert left[0, 1].real == pytest.approx(-j_hz / detuning_hz, rel=0.01)


def test_frequencies_nearer_than_the_splitting_are_refused() -> None:
    """Two dressed frequencies nearer than 2 J, which no bare ones have, are refused."""
    with pytest.raises(InputError, match="must differ in frequency by more than 2 J"):
        pair(3e6, detuning_hz=1e6)
