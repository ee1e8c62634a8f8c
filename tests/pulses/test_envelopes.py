"""Envelopes against the samples that Qiskit plays."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal.windows import gaussian

from qtregress.files.documents import read
from qtregress.pulses.envelopes import samples
from qtregress.pulses.profile import (
    Constant,
    CutDrag,
    CutGaussian,
    Drag,
    Gaussian,
    GaussianSquare,
    Profile,
    Samples,
)

Complex = NDArray[np.complex128]
Shaped = Drag | Gaussian | GaussianSquare | Constant

ROUNDING = 2e-14
DURATIONS = st.integers(1, 400)
AMPLITUDES = st.floats(-1, 1)
ANGLES = st.floats(-7, 7)
SHARES = st.floats(0.1, 0.5)
"""Sigma as a share of the flanks: wider ones lose digits to their own floor."""


def qiskit_samples(pulse: Shaped) -> Complex:
    """What Qiskit's pulse of the same kind and parameters plays."""
    shape = pulse.model_dump(exclude={"channel", "t0", "envelope"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # qiskit.pulse is deprecated as a whole
        from qiskit import pulse as qiskit_pulse

        play = getattr(qiskit_pulse, type(pulse).__name__)
        return np.asarray(play(**shape, limit_amplitude=False).get_waveform().samples)


def off(pulse: Shaped) -> float:
    """Largest difference from Qiskit's samples."""
    return float(np.abs(samples(pulse) - qiskit_samples(pulse)).max())


@given(
    duration=DURATIONS,
    amp=st.floats(-0.9, 0.9),
    angle=ANGLES,
    share=SHARES,
    skew=st.floats(-0.5, 0.5),
)
def test_drag_is_qiskits(
    duration: int, amp: float, angle: float, share: float, skew: float
) -> None:
    """A Drag pulse has Qiskit's samples."""
    pulse = Drag(
        envelope="drag",
        channel="d0",
        t0=0,
        duration=duration,
        amp=amp,
        angle=angle,
        sigma=share * (duration + 2),
        beta=skew * share * (duration + 2),
    )

    assert off(pulse) <= ROUNDING


@given(duration=DURATIONS, amp=AMPLITUDES, angle=ANGLES, share=SHARES)
def test_gaussian_is_qiskits(duration: int, amp: float, angle: float, share: float) -> None:
    """A Gaussian pulse has Qiskit's samples."""
    pulse = Gaussian(
        envelope="gaussian",
        channel="d0",
        t0=0,
        duration=duration,
        amp=amp,
        angle=angle,
        sigma=share * (duration + 2),
    )

    assert off(pulse) <= ROUNDING


@given(
    duration=DURATIONS,
    amp=AMPLITUDES,
    angle=ANGLES,
    share=SHARES,
    flat=st.floats(0, 1),
)
def test_gaussian_square_is_qiskits(
    duration: int, amp: float, angle: float, share: float, flat: float
) -> None:
    """A GaussianSquare pulse of any width up to its duration has Qiskit's samples."""
    pulse = GaussianSquare(
        envelope="gaussian_square",
        channel="u0",
        t0=0,
        duration=duration,
        amp=amp,
        angle=angle,
        sigma=share * ((1 - flat) * duration + 2),
        width=flat * duration,
    )

    assert off(pulse) <= ROUNDING


@given(duration=DURATIONS, amp=AMPLITUDES, angle=ANGLES)
def test_constant_is_qiskits(duration: int, amp: float, angle: float) -> None:
    """A Constant pulse has Qiskit's samples."""
    pulse = Constant(
        envelope="constant", channel="d0", t0=0, duration=duration, amp=amp, angle=angle
    )

    assert off(pulse) <= ROUNDING


@pytest.mark.parametrize(
    "release", ["ibm_lima/2021-03-14", "ibm_nairobi/2024-05-27", "ibm_manila/2024-05-27"]
)
def test_every_shipped_pulse_is_qiskits(root: Path, release: str) -> None:
    """Every parametric pulse of a shipped release has Qiskit's samples."""
    profile = read(root / "pulse_profiles" / f"{release}.yaml", Profile)
    # a dictionary by value: one waveform is played by many rows
    played = {
        row.model_dump_json(exclude={"channel", "t0"}): row
        for gate in profile.gates
        for row in gate.pulses
        if isinstance(row, Shaped) and row.channel[0] in "du"
    }

    assert max(off(row) for row in played.values()) <= 1e-15


def test_sampled_waveform_is_itself() -> None:
    """A sampled waveform plays its numbers."""
    pulse = Samples(
        envelope="samples", channel="d0", t0=0, duration=2, re=(0.5, -0.25), im=(0.0, 1.0)
    )

    assert samples(pulse).tolist() == [0.5, -0.25 + 1j]


@given(duration=DURATIONS, amp=AMPLITUDES, angle=ANGLES, share=SHARES, beta=st.floats(-3, 3))
def test_cut_pulses_are_a_window_and_its_slope(
    duration: int, amp: float, angle: float, share: float, beta: float
) -> None:
    """Cut Gaussians are scipy's window, not lifted; DRAG adds beta times the derivative."""
    place = {"channel": "d0", "t0": 0, "duration": duration, "amp": amp, "angle": angle}
    sigma = share * duration + 1
    cut = CutGaussian.model_validate({**place, "envelope": "cut_gaussian", "sigma": sigma})
    drag = CutDrag.model_validate({**place, "envelope": "cut_drag", "sigma": sigma, "beta": beta})
    window = amp * np.exp(1j * angle) * gaussian(duration, sigma)
    slope = -(np.arange(duration) - (duration - 1) / 2) / sigma**2

    assert samples(cut) == pytest.approx(window, abs=1e-14)
    assert samples(drag) == pytest.approx(window * (1 + 1j * beta * slope), abs=1e-13)
