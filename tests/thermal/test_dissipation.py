"""Energy at the chip and heat in the attenuators."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from qtregress.chip.chip import Attenuator, DriveLine, FluxLine, Qubit, Readout
from qtregress.thermal.dissipation import (
    bias_heat_w,
    chip_energy_j,
    chip_power_w,
    flux_power_w,
    line_heat,
    readout_power_w,
    stack_heat,
)
from qtregress.units import HBAR_J_S, angular

Complex = NDArray[np.complex128]
FREQUENCY_HZ = 5e9
MILLISECOND_HZ = 1e3 / (2 * math.pi)
THREE_MILLISECONDS_HZ = MILLISECOND_HZ / 3
STACK = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in ("4k", "cp", "mxc"))

envelopes = arrays(
    np.complex128, st.integers(1, 40), elements=st.complex_numbers(max_magnitude=1e9)
)


def energy_j(envelope: Complex, dt_s: float = 1e-9) -> float:
    """Energy of an envelope on a 5 GHz qubit's line with 1 / kappa = 1 ms."""
    return chip_energy_j(envelope, dt_s, frequency_hz=FREQUENCY_HZ, kappa_ext_hz=MILLISECOND_HZ)


def peak_w(envelope: Complex) -> float:
    """Peak power of an envelope on the same line."""
    power_w = chip_power_w(envelope, frequency_hz=FREQUENCY_HZ, kappa_ext_hz=MILLISECOND_HZ)
    return float(power_w.max())


def pi_pulse(shape: NDArray[np.float64], duration_s: float) -> Complex:
    """The Rabi envelope of that shape with area pi."""
    area_s = float(shape.sum()) * duration_s / len(shape)
    return np.asarray(math.pi / area_s * shape, dtype=np.complex128)


def lifted_gaussian(samples: int) -> NDArray[np.float64]:
    """Gaussian with sigma a quarter of the length, zero one sample outside its ends."""
    centre, sigma = samples / 2, samples / 4
    edge = math.exp(-((centre + 1) ** 2) / (2 * sigma**2))
    time = np.arange(samples) + 0.5 - centre
    return np.asarray((np.exp(-(time**2) / (2 * sigma**2)) - edge) / (1 - edge))


def test_square_pi_pulse() -> None:
    """A 20 ns square pi pulse at 5 GHz over 1 / kappa = 1 ms brings 0.41 aJ."""
    pulse = pi_pulse(np.ones(20), 20e-9)

    assert pytest.approx(4.087e-19, rel=1e-3, abs=0) == energy_j(pulse)


def test_square_pi_pulse_power_in_dbm() -> None:
    """The same pulse arrives at -76.9 dBm."""
    level_dbm = 10 * math.log10(peak_w(pi_pulse(np.ones(20), 20e-9)) / 1e-3)

    assert pytest.approx(-76.9, rel=1e-6, abs=0.05) == level_dbm


@pytest.mark.parametrize(
    ("shape", "factor"),
    [
        (lambda x: np.sin(math.pi * x), math.pi**2 / 8),
        (lambda x: np.sin(math.pi * x) ** 2, 1.5),
    ],
    ids=["half-cosine", "hann"],
)
def test_envelope_factors(shape: np.ufunc, factor: float) -> None:
    """A pulse costs its envelope's factor more than a square one of equal area and length."""
    midpoints = (np.arange(200) + 0.5) / 200
    shaped, square = pi_pulse(shape(midpoints), 20e-9), pi_pulse(np.ones(200), 20e-9)

    assert pytest.approx(factor, rel=1e-3, abs=0) == energy_j(shaped) / energy_j(square)


def test_half_the_length_is_twice_the_heat_of_a_square_pulse() -> None:
    """At fixed angle the energy goes as 1/T and the peak power as 1/T^2."""
    long, short = pi_pulse(np.ones(40), 40e-9), pi_pulse(np.ones(20), 20e-9)

    assert energy_j(short) / energy_j(long) == pytest.approx(2, rel=1e-6, abs=0)
    assert peak_w(short) / peak_w(long) == pytest.approx(4, rel=1e-6, abs=0)


def test_half_the_length_of_a_lifted_gaussian() -> None:
    """From 160 to 80 samples the lifted Gaussian's energy grows 1.985 and its peak 3.948 times."""
    long, short = pi_pulse(lifted_gaussian(160), 160e-9), pi_pulse(lifted_gaussian(80), 80e-9)

    assert energy_j(short) / energy_j(long) == pytest.approx(1.985, rel=1e-3, abs=0)
    assert peak_w(short) / peak_w(long) == pytest.approx(3.948, rel=1e-3, abs=0)


@given(envelopes)
def test_heat_is_never_negative(envelope: Complex) -> None:
    """No envelope takes energy from the chip."""
    assert energy_j(envelope) >= 0


@given(envelopes, st.floats(0.0, 100.0))
def test_heat_is_quadratic_in_the_amplitude(envelope: Complex, factor: float) -> None:
    """A factor in the amplitude is its square in the energy."""
    expected = factor**2 * energy_j(envelope)

    assert pytest.approx(expected, rel=1e-9, abs=1e-40) == energy_j(factor * envelope)


@given(envelopes, st.floats(-10.0, 10.0))
def test_heat_is_blind_to_the_phase(envelope: Complex, angle: float) -> None:
    """Turning the whole envelope changes nothing."""
    turned = envelope * np.exp(1j * angle)

    assert pytest.approx(energy_j(envelope), rel=1e-9, abs=1e-40) == energy_j(turned)


@given(envelopes, envelopes)
def test_heat_adds_up_over_time(first: Complex, second: Complex) -> None:
    """One envelope after the other costs the sum of both."""
    expected = energy_j(first) + energy_j(second)

    assert pytest.approx(expected, rel=1e-9, abs=1e-40) == energy_j(np.append(first, second))


def test_tones_of_one_line_interfere() -> None:
    """Two equal tones on one line cost four times one of them."""
    tone = np.full(10, 1e7, dtype=np.complex128)

    assert pytest.approx(4 * energy_j(tone), rel=1e-6, abs=0) == energy_j(tone + tone)


def test_stack_conserves_energy() -> None:
    """What the stages keep and what escapes is what was sent."""
    heat = stack_heat(1.0, STACK)

    assert sum(heat.stages.values()) + heat.escaped == pytest.approx(heat.sent, rel=1e-12, abs=0)


@given(st.lists(st.floats(0.0, 40.0), max_size=6), st.floats(1e-25, 1e-3))
def test_any_stack_conserves_energy(pads_db: list[float], at_chip: float) -> None:
    """Conservation holds for any pads, two at one stage and none at all."""
    pads = [
        Attenuator(stage=f"s{number // 2}", attenuation_db=pad)
        for number, pad in enumerate(pads_db)
    ]
    heat = stack_heat(at_chip, pads)

    assert sum(heat.stages.values()) + heat.escaped == pytest.approx(heat.sent, rel=1e-12, abs=0)


def test_stack_heat_falls_by_the_pads() -> None:
    """On the way down a 20/20/20 dB stack heats its stages as 1e4 : 1e2 : 1."""
    down = stack_heat(1.0, STACK).downward

    assert down["4k"] / down["mxc"] == pytest.approx(1e4, rel=1e-9, abs=0)
    assert down["cp"] / down["mxc"] == pytest.approx(1e2, rel=1e-9, abs=0)


def test_stack_heat_at_the_published_level() -> None:
    """At -71 dBm the stages take 78.6 uW, 0.786 uW and 7.86 nW, and 0.079 nW come back."""
    heat = stack_heat(10**-7.1 * 1e-3, STACK)

    assert heat.downward == pytest.approx(
        {"4k": 78.6e-6, "cp": 0.786e-6, "mxc": 7.86e-9}, rel=1e-3, abs=0
    )
    assert heat.reflected["mxc"] == pytest.approx(0.0786e-9, rel=1e-3, abs=0)


def test_two_pads_are_as_warm_as_one() -> None:
    """Two 10 dB sections at one stage heat it like one pad of 20 dB."""
    halves = [Attenuator(stage="mxc", attenuation_db=10.0)] * 2
    whole = [Attenuator(stage="mxc", attenuation_db=20.0)]

    assert stack_heat(1.0, halves).stages == pytest.approx(
        stack_heat(1.0, whole).stages, rel=1e-6, abs=0
    )


def test_cross_resonance_heats_the_cold_plate() -> None:
    """A 60 MHz cross drive on 50 lines at 33 % duty puts 58 uW on the cold plate."""
    envelope = np.array([angular(60e6) + 0j])
    power_w = chip_power_w(
        envelope, frequency_hz=FREQUENCY_HZ, kappa_ext_hz=THREE_MILLISECONDS_HZ
    ).item()
    heat = stack_heat(50 * 0.33 * power_w, STACK)

    assert heat.stages["cp"] == pytest.approx(58e-6, rel=0.01, abs=0)


def test_photons_of_a_pi_pulse() -> None:
    """A square pi pulse takes pi^2 / (4 kappa T) photons."""
    photons = energy_j(pi_pulse(np.ones(20), 20e-9)) / (HBAR_J_S * angular(FREQUENCY_HZ))

    assert pytest.approx(math.pi**2 / (4 * 1e3 * 20e-9), rel=1e-6, abs=0) == photons


FLUX = FluxLine(
    ampere_per_amp=2e-3,
    bias_a=1e-3,
    resistance_ohm={"cp": 0.42, "mxc": 0.15},
    attenuators=(Attenuator(stage="4k", attenuation_db=20.0),),
)


def flux_qubit() -> Qubit:
    """A 5 GHz transmon with a flux line."""
    line = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=())
    return Qubit(
        index=0,
        frequency_hz=5e9,
        anharmonicity_hz=-3e8,
        t1_s=1e-4,
        t2_s=1e-4,
        drive=line,
        flux=FLUX,
    )


@pytest.mark.physics
def test_a_flux_bias_heats_by_its_resistances() -> None:
    """1 mA through 0.42 and 0.15 Ohm is 0.42 and 0.15 uW (Krinner et al. 2019, section 5)."""
    heat_w = bias_heat_w(flux_qubit())

    assert [heat_w["cp"], heat_w["mxc"]] == pytest.approx([0.42e-6, 0.15e-6], rel=1e-6, abs=0)
    assert heat_w["4k"] == pytest.approx(1.25e-3, rel=0.01, abs=0)


def test_bias_and_pulse_add_before_they_are_squared() -> None:
    """A pulse along the bias heats by 2 I R more than by itself, one against it takes heat away."""
    qubit = flux_qubit()
    ways = [float(flux_power_w(np.array([sign * 0.5 + 0j]), FLUX)[0]) for sign in (1, -0.5)]
    along, against = (line_heat(qubit, "f0", power_w)["mxc"] for power_w in ways)

    assert along == pytest.approx(0.15 * (2e-3**2 - 1e-3**2), rel=1e-9, abs=0)
    assert against == pytest.approx(0.15 * (0.5e-3**2 - 1e-3**2), rel=1e-9, abs=0)


@pytest.mark.physics
def test_a_flux_pulse_of_one_milliampere() -> None:
    """I^2 Z0 / 4 at the short, 100 times that into the 20 dB at 4 K, and I^2 R below."""
    alone = FLUX.model_copy(update={"bias_a": 0.0})
    at_chip_w = float(flux_power_w(np.array([0.5 + 0j]), alone)[0])
    stages = line_heat(flux_qubit(), "f0", at_chip_w)

    assert at_chip_w == pytest.approx(12.5e-6, rel=1e-6, abs=0)
    assert stages["4k"] == pytest.approx(1.25e-3, rel=0.01, abs=0)
    assert [stages["cp"], stages["mxc"]] == pytest.approx([0.42e-6, 0.15e-6], rel=1e-6, abs=0)


def test_a_line_that_the_qubit_lacks_is_refused() -> None:
    """Heat of a line that is not there is no zero."""
    bare = flux_qubit().model_copy(update={"flux": None})

    with pytest.raises(ValueError, match="qubit 0 has no line f0"):
        line_heat(bare, "f0", 1.0)


@pytest.mark.physics
def test_five_photons_in_a_readout_resonator() -> None:
    """7 GHz, kappa / 2 pi = 2 MHz, five photons: 7.3e-17 W, -131.4 dBm."""
    readout = Readout(frequency_hz=7e9, kappa_hz=2e6, photons=5.0, photons_at=0.1)
    power_w = float(readout_power_w(np.array([0.1 + 0j]), readout)[0])

    assert power_w == pytest.approx(7.3e-17, rel=0.01, abs=0)
    assert 10 * math.log10(power_w / 1e-3) == pytest.approx(-131.4, abs=0.05)


def test_readout_power_is_quadratic_in_its_amplitude() -> None:
    """Twice the amplitude holds four times the photons."""
    readout = Readout(frequency_hz=7e9, kappa_hz=2e6, photons_at=0.1)
    once, twice = readout_power_w(np.array([0.1 + 0j, 0.2j]), readout).tolist()

    assert twice == pytest.approx(4 * once, rel=1e-6, abs=0)


def test_a_readout_that_nobody_calibrated_has_no_power() -> None:
    """Its linewidth is missing."""
    with pytest.raises(ValueError, match="must have frequency_hz, kappa_hz and photons_at"):
        readout_power_w(np.array([0.1 + 0j]), Readout(frequency_hz=7e9, photons_at=0.1))
