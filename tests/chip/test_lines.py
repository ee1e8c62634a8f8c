"""What arrives at the qubits of what the channels play."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.chip.chip import Chip, ControlChannel, Coupling, DriveLine, Qubit
from qtregress.chip.lines import Tone, line_envelopes, response, tones
from qtregress.pulses.schedule import Schedule
from qtregress.units import angular

Complex = NDArray[np.complex128]

RABI_HZ = 2e8
CARRIERS_HZ = {0: 5.0e9, 1: 5.1e9}
DT_S = 2e-9 / 9
SAMPLES: Complex = np.array([0.1, 0.2 + 0.1j, 0.3, 0.2 - 0.1j, 0.1], dtype=complex)
amplitudes = st.floats(-0.7, 0.7)
sample_lists = st.lists(st.builds(complex, amplitudes, amplitudes), min_size=1, max_size=20)


def line(**changes: Any) -> DriveLine:
    """A drive line of 200 MHz per amplitude, ideal but for ``changes``."""
    ideal: dict[str, Any] = {
        "rabi_hz_per_amp": RABI_HZ,
        "kappa_ext_hz": 53.0,
        "attenuators": (),
    }
    return DriveLine(**ideal | changes)


def chip(control: ControlChannel | None = None, drive: DriveLine | None = None) -> Chip:
    """Two coupled transmons; ``control`` is u0."""
    qubits = tuple(
        Qubit(
            index=index,
            frequency_hz=frequency_hz,
            anharmonicity_hz=-330e6,
            t1_s=1e-4,
            t2_s=1e-4,
            drive=drive or line(),
        )
        for index, frequency_hz in CARRIERS_HZ.items()
    )
    return Chip(
        format="qtregress/chip@1",
        device="toy",
        qubits=qubits,
        couplings=(Coupling(qubits=(0, 1), j_hz=3e6),),
        control_channels={"u0": control or ControlChannel(qubit=0, frequency_of=1)},
    )


def played(**waveforms: Complex) -> Schedule:
    """A schedule of five samples a channel."""
    return Schedule(duration=5, waveforms=waveforms, final_phase_rad={})


def test_ideal_line_scales_by_its_rabi_frequency() -> None:
    """A line without slope, phase and compression multiplies by 2 pi rabi."""
    assert np.array_equal(response(line(), SAMPLES), angular(RABI_HZ) * SAMPLES)


@given(sample_lists, st.floats(0.1, 10))
def test_response_is_linear_in_the_gain(samples: list[complex], factor: float) -> None:
    """A line of f times the Rabi frequency answers f times as strongly."""
    bent = {"slope_dt": -0.7, "compression_am": -0.2, "compression_pm": 0.4, "phase_rad": 0.1}
    once = response(line(**bent), np.array(samples))

    more = response(line(**bent, rabi_hz_per_amp=factor * RABI_HZ), np.array(samples))

    assert np.allclose(more, factor * once, rtol=1e-12, atol=0)


def test_phase_turns_the_response() -> None:
    """A line's phase turns everything by exp(i phase)."""
    turned = response(line(phase_rad=0.3), SAMPLES) / response(line(), SAMPLES)

    assert turned == pytest.approx(np.full(5, np.exp(0.3j)), rel=1e-12)


def test_compression_leaves_its_own_peak_alone() -> None:
    """A sample as large as compression_at passes as if nothing compressed."""
    bent = line(compression_am=-0.3, compression_pm=0.5, compression_at=0.25)

    assert np.array_equal(response(bent, np.full(3, 0.25)), response(line(), np.full(3, 0.25)))


def test_compression_bends_about_its_peak() -> None:
    """A sample s away from the peak s_x is multiplied by 1 + (am + i pm)(|s| - s_x)."""
    bent = line(compression_am=-0.3, compression_pm=0.5, compression_at=0.25)

    factor = response(bent, np.array([0.45])) / response(line(), np.array([0.45]))

    assert factor == pytest.approx(np.array([1 + (-0.3 + 0.5j) * 0.2]), rel=1e-12)


def test_slope_of_a_constant_is_zero_inside() -> None:
    """Inside a constant pulse the line's slope adds nothing."""
    sloped = response(line(slope_dt=-1.0), np.full(6, 0.3))

    assert np.array_equal(sloped[1:-1], response(line(), np.full(6, 0.3))[1:-1])


def test_slope_of_a_ramp_is_its_step() -> None:
    """On a ramp of d a sample the slope b adds i b d."""
    ramp = np.linspace(0.1, 0.5, 5).astype(complex)

    added = response(line(slope_dt=-1.0), ramp) - response(line(), ramp)

    assert added[1:-1] / angular(RABI_HZ) == pytest.approx(np.full(3, -0.1j), rel=1e-12)


def test_slope_does_not_spill_over_the_pulse() -> None:
    """Where nothing is played nothing arrives, whatever the slope."""
    samples = np.array([0, 0, 0.3, 0.3, 0, 0], dtype=complex)

    arrived = response(line(slope_dt=-1.0), samples)

    assert np.array_equal(arrived != 0, samples != 0)


def test_drive_channel_drives_its_qubit_at_its_frequency() -> None:
    """What d1 plays drives transmon 1 at its own carrier, on its own line."""
    (tone,) = tones(played(d1=SAMPLES), chip())

    assert (tone.qubit, tone.carrier_of, tone.line) == (1, 1, 1)


def test_cross_drive_drives_its_qubit_at_the_others_frequency() -> None:
    """What u0 plays drives transmon 0 at the carrier of 1, on the line of 0."""
    (tone,) = tones(played(u0=SAMPLES), chip())

    assert (tone.qubit, tone.carrier_of, tone.line) == (0, 1, 0)


def test_cross_drive_has_a_gain_and_phase_of_its_own() -> None:
    """A cross drive arrives with its gain ratio and phase times the line's response."""
    control = ControlChannel(qubit=0, frequency_of=1, gain_ratio=0.9, phase_rad=2.0)

    (tone,) = tones(played(u0=SAMPLES), chip(control))

    expected = 0.9 * np.exp(2j) * response(line(), SAMPLES)
    assert tone.envelope_rad_s == pytest.approx(expected, rel=1e-12)


def test_cross_drive_is_not_compressed() -> None:
    """Compression, known for x only, leaves a cross drive alone."""
    bent = line(compression_am=-0.3, compression_pm=0.5, compression_at=0.25)

    (tone,) = tones(played(u0=SAMPLES), chip(drive=bent))

    assert np.array_equal(tone.envelope_rad_s, response(line(), SAMPLES))


def test_crosstalk_is_a_share_of_the_tone_at_the_target() -> None:
    """Crosstalk drives the target, at its own frequency, by its complex share of the tone."""
    control = ControlChannel(qubit=0, frequency_of=1, crosstalk_re=0.01, crosstalk_im=-0.02)

    tone, leaked = tones(played(u0=SAMPLES), chip(control))

    assert (leaked.qubit, leaked.carrier_of, leaked.line) == (1, 1, 0)
    assert leaked.envelope_rad_s == pytest.approx((0.01 - 0.02j) * tone.envelope_rad_s, rel=1e-12)


def test_readout_makes_no_tone() -> None:
    """What m0 plays drives no transmon."""
    assert tones(played(m0=SAMPLES), chip()) == ()


def tone_on_zero(carrier_of: int, envelope: Complex, qubit: int = 0) -> Tone:
    """A tone on the line of qubit 0."""
    return Tone(qubit=qubit, carrier_of=carrier_of, line=0, envelope_rad_s=envelope)


def test_tones_of_one_line_sum_before_squaring() -> None:
    """Two tones of one carrier on one line add as amplitudes: opposite ones cancel."""
    found = (tone_on_zero(0, SAMPLES), tone_on_zero(0, -SAMPLES))

    assert not line_envelopes(found, CARRIERS_HZ, DT_S)[0].any()


def test_tones_of_two_carriers_beat() -> None:
    """Equal tones 100 MHz apart on one line reach |1 + exp(i beat)| at each midpoint."""
    flat = np.ones(45, dtype=complex)
    found = (tone_on_zero(0, flat), tone_on_zero(1, flat))
    beat = angular(100e6) * (np.arange(45) + 0.5) * DT_S

    envelope = line_envelopes(found, CARRIERS_HZ, DT_S)[0]

    assert np.abs(envelope) == pytest.approx(np.abs(2 * np.cos(beat / 2)), rel=1e-9, abs=1e-9)


def test_leaked_shares_carry_no_heat_of_their_own() -> None:
    """A share that leaks to the target adds to no line's envelope."""
    found = (tone_on_zero(1, SAMPLES), tone_on_zero(1, 0.5 * SAMPLES, qubit=1))

    envelopes = line_envelopes(found, CARRIERS_HZ, DT_S)

    assert list(envelopes) == [0]
    assert np.abs(envelopes[0]) == pytest.approx(np.abs(SAMPLES), rel=1e-12)


def test_lines_are_kept_apart() -> None:
    """Tones on different lines do not add."""
    found = tones(played(d0=SAMPLES, d1=2 * SAMPLES), chip())

    envelopes = line_envelopes(found, CARRIERS_HZ, DT_S)

    assert np.array_equal(envelopes[1], 2 * envelopes[0])
