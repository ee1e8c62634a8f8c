"""Photons of cascades and what they do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.chip.bath import bose_occupation
from qtregress.chip.chip import Attenuator
from qtregress.thermal.noise import cascade_photons, effective_photons, photon_dephasing
from qtregress.units import angular

PADS = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in ("4k", "cp", "mxc"))
PLATES_K = {"4k": 4.0, "cp": 0.1, "mxc": 0.02}


@pytest.mark.parametrize(
    ("frequency_hz", "expected"), [(5e9, 3.85e-3), (6e9, 2.957e-3), (7e9, 2.38e-3)]
)
def test_photons_below_a_sixty_decibel_line(frequency_hz: float, expected: float) -> None:
    """20 dB at 4 K, 100 mK and 20 mK leave a few thousandths of a photon."""
    photons = cascade_photons(frequency_hz, PADS, temperatures_k=PLATES_K)

    assert pytest.approx(expected, rel=2e-3, abs=0) == photons


def test_photons_at_6_ghz() -> None:
    """The reference cascade holds 2.957e-3 photons at 6 GHz."""
    photons = cascade_photons(6e9, PADS, temperatures_k=PLATES_K)

    assert pytest.approx(2.957e-3, rel=1e-3, abs=0) == photons


@given(st.lists(st.floats(0.0, 40.0), max_size=6), st.floats(0.01, 300.0))
def test_a_line_at_one_temperature_is_in_equilibrium(
    pads_db: list[float], temperature_k: float
) -> None:
    """Where everything has one temperature the pads change nothing."""
    pads = [Attenuator(stage="all", attenuation_db=pad) for pad in pads_db]
    photons = cascade_photons(
        5e9, pads, temperatures_k={"all": temperature_k}, source_k=temperature_k
    )

    assert pytest.approx(bose_occupation(5e9, temperature_k), rel=1e-12, abs=0) == photons


def test_a_weakly_coupled_hot_line_adds_little() -> None:
    """A line at 0.5 photons with 1 / kappa = 3 ms adds 0.017 to a qubit with T1 = 100 us."""
    line, rest = 1 / 3e-3, 1 / 100e-6 - 1 / 3e-3

    assert pytest.approx(0.0167, rel=1e-2, abs=0) == effective_photons([(line, 0.5), (rest, 0.0)])


def test_equal_baths_are_one() -> None:
    """Baths with the same photons look like one with those photons."""
    assert pytest.approx(0.3, rel=1e-6, abs=0) == effective_photons([(1.0, 0.3), (17.0, 0.3)])


def test_dephasing_where_the_shift_is_the_linewidth() -> None:
    """With the full shift S = kappa a hundredth of a photon dephases at 4.97525e-3 kappa."""
    rate = photon_dephasing(0.01, kappa_hz=2e6, shift_hz=2e6)

    assert pytest.approx(4.97525e-3, rel=1e-5, abs=0) == rate / angular(2e6)


@given(st.floats(0.01, 100.0))
def test_dephasing_by_few_photons(ratio: float) -> None:
    """Few photons dephase at n kappa S^2 / (kappa^2 + S^2)."""
    rate = photon_dephasing(1e-9, kappa_hz=1e6, shift_hz=ratio * 1e6)

    assert pytest.approx(1e-9 * angular(1e6) * ratio**2 / (1 + ratio**2), rel=1e-6, abs=0) == rate


def test_no_photons_do_not_dephase() -> None:
    """An empty resonator leaves the qubit's phase alone."""
    assert photon_dephasing(0.0, kappa_hz=1e6, shift_hz=1e6) == 0.0


def test_dephasing_is_blind_to_the_sign_of_the_shift() -> None:
    """A negative chi dephases like a positive one."""
    down, up = (photon_dephasing(0.1, kappa_hz=1e6, shift_hz=s) for s in (-1e6, 1e6))

    assert down == pytest.approx(up, rel=1e-6, abs=0)
