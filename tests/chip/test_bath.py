"""Photon numbers and ladder rates."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.chip.bath import (
    bath_coupling,
    bath_temperature,
    bose_occupation,
    pure_dephasing,
    transition_frequencies,
    transmon_rates,
)
from qtregress.chip.chip import DriveLine, Qubit
from qtregress.errors import InputError
from qtregress.units import BOLTZMANN_J_PER_K, PLANCK_J_S

LINE = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=(), film_volume_m3=6e-15)


def qubit(*, t2_s: float = 150e-6, photons: float = 0.0, anharmonicity_hz: float = -330e6) -> Qubit:
    """A 5 GHz transmon with T1 = 100 us."""
    return Qubit(
        index=0,
        frequency_hz=5e9,
        anharmonicity_hz=anharmonicity_hz,
        t1_s=100e-6,
        t2_s=t2_s,
        residual_photons=photons,
        drive=LINE,
    )


@pytest.mark.parametrize(("temperature_k", "expected"), [(0.05, 8.304e-3), (0.1, 9.981e-2)])
def test_bose_occupation_at_5_ghz(temperature_k: float, expected: float) -> None:
    """A 5 GHz mode holds the published photon numbers at 50 and 100 mK."""
    assert pytest.approx(expected, rel=1e-4, abs=0) == bose_occupation(5e9, temperature_k)


def test_bose_occupation_of_the_vacuum() -> None:
    """A mode at zero temperature is empty."""
    assert bose_occupation(5e9, 0.0) == 0.0


def test_bose_occupation_far_below_the_gap() -> None:
    """A mode far colder than its quantum is empty instead of overflowing."""
    assert bose_occupation(5e9, 1e-6) == 0.0


@given(st.floats(1e-12, 1e4))
def test_bath_temperature_inverts_bose_occupation(photons: float) -> None:
    """A mode at the temperature that its photons mean holds those photons."""
    assert pytest.approx(photons, rel=1e-9, abs=0) == bose_occupation(
        5e9, bath_temperature(5e9, photons)
    )


@given(st.floats(1e-4, 10.0), st.integers(2, 5))
def test_rates_obey_detailed_balance_at_every_transition(photons: float, levels: int) -> None:
    """Every transition's up/down ratio is the Boltzmann factor of its own frequency."""
    bath_k = bath_temperature(5e9, photons)
    rates = transmon_rates(qubit(photons=photons), levels)

    for rung, (down, up) in enumerate(zip(rates.down, rates.up, strict=True)):
        energy_j = PLANCK_J_S * (5e9 - rung * 330e6)
        boltzmann = math.exp(-energy_j / (BOLTZMANN_J_PER_K * bath_k))
        assert pytest.approx(boltzmann, rel=1e-10, abs=0) == up / down


@given(st.floats(0.0, 1.0))
def test_calibrated_rates_reproduce_t1(photons: float) -> None:
    """The 0-1 rates at the calibration add up to the measured 1 / T1."""
    rates = transmon_rates(qubit(photons=photons), 3)

    assert pytest.approx(1 / 100e-6, rel=1e-6, abs=0) == rates.down[0] + rates.up[0]


def test_an_empty_bath_only_lets_decay() -> None:
    """Without photons the ladder decays at k / T1 and nothing goes up."""
    rates = transmon_rates(qubit(), 4)

    assert rates.down == pytest.approx((1e4, 2e4, 3e4), rel=1e-6, abs=0)
    assert rates.up == (0.0, 0.0, 0.0)


def test_extra_photons_leave_the_coupling_alone() -> None:
    """Photons of the load add to the residual ones at the calibrated coupling."""
    gamma = bath_coupling(qubit(photons=0.01))
    rates = transmon_rates(qubit(photons=0.01), 2, 0.02)

    assert rates.up[0] == pytest.approx(gamma * 0.03, rel=1e-6, abs=0)
    assert rates.down[0] == pytest.approx(gamma * 1.03, rel=1e-6, abs=0)


def test_a_colder_load_cannot_take_more_photons_than_there_are() -> None:
    """Fewer photons than none are none."""
    assert transmon_rates(qubit(photons=0.01), 3, -0.5) == transmon_rates(
        qubit(photons=0.01), 3, -0.01
    )


def test_dephasing_is_what_t1_leaves_of_t2() -> None:
    """Pure dephasing is 1/T2 - 1/(2 T1), whatever the load."""
    expected = 1 / 150e-6 - 1 / 200e-6

    assert pytest.approx(expected, rel=1e-6, abs=0) == transmon_rates(qubit(), 3, 0.1).dephasing


def test_t2_at_its_limit_has_no_dephasing() -> None:
    """T2 = 2 T1 up to rounding dephases at zero and never below."""
    assert pure_dephasing(qubit(t2_s=200e-6 * (1 + 1e-13))) == 0.0


def test_transitions_step_by_the_anharmonicity() -> None:
    """Each transition of the ladder is an anharmonicity away from the last."""
    assert transition_frequencies(qubit(), 4) == (5e9, 4.67e9, 4.34e9)


def test_a_ladder_that_turns_over_is_refused() -> None:
    """Transitions without a positive frequency have no thermal rates."""
    with pytest.raises(InputError, match="must have a positive frequency, but the lowest is -1e"):
        transmon_rates(qubit(anharmonicity_hz=-2e9), 5)
