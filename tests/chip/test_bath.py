"""Photon numbers and ladder rates."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.chip.bath import (
    NO_EXTRA,
    Extra,
    bath_coupling,
    bath_parts,
    bath_temperature,
    bose_occupation,
    pure_dephasing,
    transition_frequencies,
    transmon_rates,
)
from qtregress.chip.chip import (
    DriveLine,
    FlatSpectrum,
    OhmicSpectrum,
    OneOverFSpectrum,
    Quasiparticles,
    Qubit,
    Spectrum,
)
from qtregress.errors import InputError
from qtregress.units import BOLTZMANN_J_PER_K, PLANCK_J_S

LINE = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=())


FLAT = FlatSpectrum()
SPECTRA: tuple[Spectrum, ...] = (
    FLAT,
    OhmicSpectrum(kind="ohmic"),
    OneOverFSpectrum(kind="one_over_f", exponent=0.7),
)


def qubit(
    *,
    t2_s: float = 150e-6,
    photons: float = 0.0,
    anharmonicity_hz: float = -330e6,
    spectrum: Spectrum = FLAT,
    quasiparticles: Quasiparticles | None = None,
) -> Qubit:
    """A 5 GHz transmon with T1 = 100 us."""
    return Qubit(
        spectrum=spectrum,
        quasiparticles=quasiparticles,
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
    rates = transmon_rates(qubit(photons=0.01), 2, Extra(photons=0.02))

    assert rates.up[0] == pytest.approx(gamma * 0.03, rel=1e-6, abs=0)
    assert rates.down[0] == pytest.approx(gamma * 1.03, rel=1e-6, abs=0)


def test_a_colder_load_cannot_take_more_photons_than_there_are() -> None:
    """Fewer photons than none are none."""
    assert transmon_rates(qubit(photons=0.01), 3, Extra(photons=-0.5)) == transmon_rates(
        qubit(photons=0.01), 3, Extra(photons=-0.01)
    )


def test_dephasing_is_what_t1_leaves_of_t2() -> None:
    """Pure dephasing is 1/T2 - 1/(2 T1), however many photons the load brings."""
    expected = 1 / 150e-6 - 1 / 200e-6
    warm = transmon_rates(qubit(), 3, Extra(photons=0.1))

    assert pytest.approx(expected, rel=1e-6, abs=0) == warm.dephasing


def test_extra_dephasing_adds_and_touches_nothing_else() -> None:
    """Photons in the resonator dephase on top; what they cannot take is less than none."""
    cold = transmon_rates(qubit(photons=0.01), 3)
    more = transmon_rates(qubit(photons=0.01), 3, Extra(dephasing_per_s=500.0))
    fewer = transmon_rates(qubit(photons=0.01), 3, Extra(dephasing_per_s=-1e9))

    assert more.dephasing - cold.dephasing == pytest.approx(500.0, rel=1e-9, abs=0)
    assert (more.down, more.up) == (cold.down, cold.up)
    assert fewer.dephasing == 0.0


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


# Two baths


def quasiparticles(*, fraction: float = 1e-7, temperature_k: float = 0.15) -> Quasiparticles:
    """Of aluminium, 44 GHz gap: about half of the decay of the tests' transmon."""
    return Quasiparticles(fraction=fraction, temperature_k=temperature_k)


def ladder_temperature_k(up_per_s: float, down_per_s: float, frequency_hz: float) -> float:
    """Temperature of the Boltzmann factor that two rates settle at."""
    return PLANCK_J_S * frequency_hz / (BOLTZMANN_J_PER_K * math.log(down_per_s / up_per_s))


@pytest.mark.parametrize("spectrum", SPECTRA, ids=lambda spectrum: spectrum.kind)
@given(bath_k=st.floats(0.02, 0.5), hot_k=st.floats(0.02, 0.5), fraction=st.floats(1e-10, 1.5e-7))
def test_each_bath_has_one_temperature(
    bath_k: float, hot_k: float, fraction: float, spectrum: Spectrum
) -> None:
    """Whatever its spectrum, a bath's up/down ratio is Boltzmann's at every transition."""
    found = quasiparticles(fraction=fraction, temperature_k=hot_k)
    device = qubit(photons=bose_occupation(5e9, bath_k), spectrum=spectrum, quasiparticles=found)
    parts = bath_parts(device, 4)

    for name, temperature_k in {"photons": bath_k, "quasiparticles": hot_k}.items():
        rates = next(part for bath, part in parts.items() if bath == name)
        for frequency, down, up in zip((5e9, 4.67e9, 4.34e9), rates.down, rates.up, strict=True):
            quanta = PLANCK_J_S * frequency / (BOLTZMANN_J_PER_K * temperature_k)
            assert up / down == pytest.approx(math.exp(-quanta), rel=1e-10, abs=0)


@given(st.floats(0.02, 0.5), st.floats(0.02, 0.5), st.floats(1e-10, 1.5e-7))
def test_a_transition_settles_between_its_baths(
    bath_k: float, hot_k: float, fraction: float
) -> None:
    """Every transition's own steady state lies between the temperatures of the two baths."""
    device = qubit(
        photons=bose_occupation(5e9, bath_k),
        quasiparticles=quasiparticles(fraction=fraction, temperature_k=hot_k),
    )
    rates = transmon_rates(device, 3)
    low, high = sorted((bath_k, hot_k))

    for frequency, down, up in zip((5e9, 4.67e9), rates.down, rates.up, strict=True):
        settled_k = ladder_temperature_k(up, down, frequency)
        assert low * (1 - 1e-9) <= settled_k <= high * (1 + 1e-9)


def test_quasiparticles_warm_a_qubit_in_an_empty_bath() -> None:
    """Without photons only quasiparticles lift the qubit, by their share of the decay."""
    device = qubit(quasiparticles=quasiparticles())
    rates, parts = transmon_rates(device, 3), bath_parts(device, 3)

    assert rates.up == parts["quasiparticles"].up
    assert parts["photons"].up == (0.0, 0.0)
    assert 0.3 < parts["quasiparticles"].down[0] / rates.down[0] < 0.5


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.5e-7), st.floats(0.02, 0.5))
def test_both_baths_together_reproduce_t1(
    photons: float, fraction: float, temperature_k: float
) -> None:
    """The measured T1 contains the quasiparticles: they take from the coupling to photons."""
    found = quasiparticles(fraction=fraction, temperature_k=temperature_k)
    rates = transmon_rates(qubit(photons=photons, quasiparticles=found), 3)

    assert rates.down[0] + rates.up[0] == pytest.approx(1 / 100e-6, rel=1e-9, abs=0)


def test_parts_add_up_to_the_rates() -> None:
    """What the two baths do is what the transmon feels, its dephasing counted once."""
    device = qubit(photons=0.02, spectrum=SPECTRA[1], quasiparticles=quasiparticles())
    extra = Extra(photons=0.05, dephasing_per_s=100.0)
    rates, parts = transmon_rates(device, 4, extra), bath_parts(device, 4, extra)

    for name in ("down", "up"):
        total = [
            sum(rungs) for rungs in zip(*(getattr(p, name) for p in parts.values()), strict=True)
        ]
        assert total == pytest.approx(getattr(rates, name), rel=1e-12, abs=0)
    assert sum(part.dephasing for part in parts.values()) == rates.dephasing


def test_a_load_warms_the_photons_only() -> None:
    """Photons that the drive lines bring leave the quasiparticles as they were."""
    device = qubit(photons=0.01, quasiparticles=quasiparticles())
    cold, warm = (bath_parts(device, 3, extra) for extra in (NO_EXTRA, Extra(photons=0.1)))

    assert cold["quasiparticles"] == warm["quasiparticles"]
    assert min(warm["photons"].up) > 5 * cold["photons"].up[0] > 0


def test_quasiparticles_cannot_explain_more_than_t1() -> None:
    """A density that alone lets the qubit decay faster than measured is refused."""
    with pytest.raises(InputError, match=r"t1_s of qubit 0 must be below the .* but is 0.0001 s"):
        bath_coupling(qubit(quasiparticles=quasiparticles(fraction=1e-6)))


def test_a_spectrum_moves_the_upper_transitions_only() -> None:
    """T1 sets the 0-1 transition; the bath's density there is what others are compared with."""
    flat, ohmic, falling = (transmon_rates(qubit(photons=0.02, spectrum=one), 3) for one in SPECTRA)

    assert flat.down[0] == ohmic.down[0] == falling.down[0]
    assert ohmic.down[1] / flat.down[1] == pytest.approx(4.67 / 5, rel=1e-12, abs=0)
    assert falling.up[1] / flat.up[1] == pytest.approx((5 / 4.67) ** 0.7, rel=1e-12, abs=0)
