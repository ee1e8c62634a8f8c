"""Spectral densities and quasiparticle rates, against closed forms and the transmon itself."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import k0

from qtregress.chip.chip import (
    DriveLine,
    OhmicSpectrum,
    OneOverFSpectrum,
    Quasiparticles,
    Qubit,
    Spectrum,
    TabulatedSpectrum,
)
from qtregress.chip.noise_spectra import quasiparticle_rates, spectral_shape
from qtregress.errors import InputError
from qtregress.units import BOLTZMANN_J_PER_K, HBAR_J_S, PLANCK_J_S, angular

LINE = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=())
LADDER_HZ = (5e9, 4.67e9, 4.34e9)


def qubit(spectrum: Spectrum | None = None, found: Quasiparticles | None = None) -> Qubit:
    """A 5 GHz transmon."""
    made = Qubit(
        index=3,
        frequency_hz=5e9,
        anharmonicity_hz=-330e6,
        t1_s=100e-6,
        t2_s=100e-6,
        quasiparticles=found,
        drive=LINE,
    )
    return made if spectrum is None else made.model_copy(update={"spectrum": spectrum})


def table(*points: tuple[float, float]) -> TabulatedSpectrum:
    """A measured spectrum of these frequencies and densities."""
    frequencies, densities = zip(*points, strict=True)
    return TabulatedSpectrum(kind="tabulated", frequency_hz=frequencies, density=densities)


# Spectra


def test_a_flat_bath_couples_alike() -> None:
    """A flat spectrum is exactly one everywhere, so that it changes no bit of a rate."""
    assert spectral_shape(qubit(), LADDER_HZ) == (1.0, 1.0, 1.0)


def test_named_spectra_follow_their_power_of_frequency() -> None:
    """Ohmic grows with frequency, 1/f falls with its exponent."""
    falling = OneOverFSpectrum(kind="one_over_f", exponent=2.0)

    assert spectral_shape(qubit(OhmicSpectrum(kind="ohmic")), LADDER_HZ) == pytest.approx(
        (1, 4.67 / 5, 4.34 / 5), rel=1e-12, abs=0
    )
    assert spectral_shape(qubit(falling), LADDER_HZ) == pytest.approx(
        (1, (5 / 4.67) ** 2, (5 / 4.34) ** 2), rel=1e-12, abs=0
    )


def test_a_table_is_linear_between_its_points() -> None:
    """A defect seen at 4.67 GHz raises that transition alone, in any unit of density."""
    measured = table((4e9, 1e-9), (4.6e9, 1e-9), (4.67e9, 5e-9), (4.74e9, 1e-9), (5e9, 1e-9))

    assert spectral_shape(qubit(measured), LADDER_HZ) == pytest.approx((1, 5, 1), rel=1e-12, abs=0)
    assert spectral_shape(qubit(measured), (5e9, 4.635e9)) == pytest.approx((1, 3), rel=1e-9, abs=0)


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=20), st.floats(4.1e9, 5.9e9))
def test_a_table_stays_between_its_neighbours(densities: list[float], at_hz: float) -> None:
    """Interpolated densities are what numpy's linear interpolation gives."""
    frequencies = np.linspace(4e9, 6e9, len(densities))
    measured = table(*zip(frequencies.tolist(), densities, strict=True))

    found = spectral_shape(qubit(measured), (4e9, at_hz))[1]

    expected = float(np.interp(at_hz, frequencies, densities)) / densities[0]
    assert found == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize("points", [((4.5e9, 1.0), (6e9, 1.0)), ((4e9, 1.0), (4.9e9, 1.0))])
def test_a_table_is_not_continued(points: tuple[tuple[float, float], ...]) -> None:
    """Nothing is assumed of the bath where nobody measured it."""
    with pytest.raises(
        InputError, match=r"spectrum of qubit 3 must be tabulated from 4\.34e\+09 to 5e\+09 Hz"
    ):
        spectral_shape(qubit(table(*points)), LADDER_HZ)


@pytest.mark.parametrize(
    "spectrum",
    [
        OneOverFSpectrum(kind="one_over_f").model_copy(update={"exponent": 1e5}),
        table((4e9, 1e200), (4.9e9, 1e200), (5e9, 1e-200)),
    ],
)
def test_a_spectrum_beyond_numbers_is_refused(spectrum: Spectrum) -> None:
    """Densities further apart than numbers reach are a sentence and no infinite rate."""
    with pytest.raises(InputError, match="must relate its transitions by a number"):
        spectral_shape(qubit(spectrum), LADDER_HZ)


# Quasiparticles


def catelani_per_s(fraction: float, frequency_hz: float, gap_hz: float) -> float:
    """(x / pi) sqrt(2 omega Delta / hbar), with Delta / hbar = 2 pi times the gap."""
    return fraction / math.pi * math.sqrt(2 * angular(frequency_hz) * angular(gap_hz))


def test_cold_quasiparticles_only_let_decay() -> None:
    """Far below hf the 0-1 rate is (x/pi) sqrt(2 omega Delta/hbar); nothing goes up."""
    found = Quasiparticles(fraction=1e-8, temperature_k=1e-3, gap_hz=4.4e10)
    down, up = quasiparticle_rates(qubit(found=found), LADDER_HZ)

    assert down[0] == pytest.approx(catelani_per_s(1e-8, 5e9, 4.4e10), rel=2e-3, abs=0)
    assert down[0] == pytest.approx(420.0, rel=1e-2, abs=0)
    assert max(up) < 1e-80


def test_quasiparticles_colder_than_numbers_are_the_cold_limit() -> None:
    """A temperature next to zero is no division by zero."""
    coldest = Quasiparticles(fraction=1e-8).model_copy(update={"temperature_k": 5e-324})
    down, up = quasiparticle_rates(qubit(found=coldest), LADDER_HZ)

    assert down[0] == pytest.approx(catelani_per_s(1e-8, 5e9, 4.4e10), rel=1e-12, abs=0)
    assert up == (0.0, 0.0, 0.0)


def test_no_quasiparticles_no_rates() -> None:
    """A qubit without them, or with none of them, has no second bath."""
    none = Quasiparticles(fraction=0.0)

    assert quasiparticle_rates(qubit(), (5e9, 4e9)) == ((0.0, 0.0), (0.0, 0.0))
    assert quasiparticle_rates(qubit(found=none), (5e9, 4e9)) == ((0.0, 0.0), (0.0, 0.0))


@given(st.floats(0.05, 0.3))
def test_quasi_equilibrium_density(temperature_k: float) -> None:
    """Thermal quasiparticles at T: S = (16 E_J / pi) e^(-Delta/kT) e^z K0(z), z = hf / 2kT."""
    gap_hz, thermal_hz = 4.4e10, BOLTZMANN_J_PER_K * temperature_k / PLANCK_J_S
    occupied = math.exp(-gap_hz / thermal_hz)
    found = Quasiparticles(
        fraction=math.sqrt(2 * math.pi * thermal_hz / gap_hz) * occupied,
        temperature_k=temperature_k,
        gap_hz=gap_hz,
    )
    z = 5e9 / (2 * thermal_hz)
    # With the matrix element squared E_C / (hbar omega) and 8 E_J E_C = (hbar omega)^2.
    expected = 2 / math.pi * angular(5e9) * occupied * math.exp(z) * float(k0(z))

    down, up = quasiparticle_rates(qubit(found=found), (5e9,))

    assert down[0] == pytest.approx(expected, rel=1e-9, abs=0)
    assert up[0] == pytest.approx(expected * math.exp(-2 * z), rel=1e-9, abs=0)


def charge_ladder(ej: float, ec: float) -> tuple[list[float], list[float]]:
    """Transition energies k-1 <-> k of a transmon, and |<k-1, odd| sin(phi/2) |k, even>|^2.

    In units of single charges N: H = E_C (N - 1/2)^2 - E_J cos(phi), whose cosine moves
    two charges; sin(phi/2) moves one and changes the parity.
    """
    charges = np.arange(-60, 61)
    pairs = np.eye(len(charges), k=2) + np.eye(len(charges), k=-2)
    hamiltonian = np.diag(ec * (charges - 0.5) ** 2) - ej / 2 * pairs
    hop = (np.eye(len(charges), k=-1) - np.eye(len(charges), k=1)) / 2j
    even, odd = charges % 2 == 0, charges % 2 == 1
    energies, left = np.linalg.eigh(hamiltonian[np.ix_(even, even)])
    _, right = np.linalg.eigh(hamiltonian[np.ix_(odd, odd)])
    elements = np.abs(right.T @ hop[np.ix_(odd, even)] @ left) ** 2
    steps = np.diff(energies[:4])
    return steps.tolist(), [float(elements[k - 1, k]) for k in (1, 2, 3)]


@pytest.mark.parametrize(("ratio", "too_little"), [(30, 0.08), (80, 0.05)])
def test_rates_are_those_of_the_junction(ratio: float, too_little: float) -> None:
    """The golden rule in the charge basis: a few per cent above, the same ladder to 1 %."""
    ec = 0.33e9
    steps_hz, elements = charge_ladder(ratio * ec, ec)
    found = Quasiparticles(fraction=1e-7, temperature_k=1e-3)
    joule = [
        element * 8 * ratio * ec * PLANCK_J_S / math.pi * 1e-7 * math.sqrt(2 * 4.4e10 / step)
        for element, step in zip(elements, steps_hz, strict=True)
    ]
    exact = [energy / HBAR_J_S for energy in joule]

    down, _ = quasiparticle_rates(qubit(found=found), tuple(steps_hz))

    assert 0 < 1 - down[0] / exact[0] < too_little
    for k in (1, 2):
        assert down[k] / down[0] == pytest.approx(exact[k] / exact[0], rel=0.01, abs=0)
