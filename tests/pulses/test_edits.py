"""Releases made on purpose: what an edit changes, and that it changes nothing else."""

import numpy as np
import pytest

from qtregress.errors import InputError
from qtregress.pulses.edits import (
    checked,
    flipped_drag,
    recalibrated,
    scaled,
    shortened,
    turned,
    with_gates,
    without,
)
from qtregress.pulses.profile import Drag, Gate, Samples
from qtregress.pulses.schedule import schedule
from tests import small

PROFILE = small.small(0).profile
X = PROFILE.by_id["x:0"]


def played(gate: Gate) -> np.ndarray:
    """The samples on d0."""
    return schedule(gate).waveforms["d0"]


def test_a_louder_gate_plays_the_same_shape() -> None:
    """Every sample grows by the factor, a sampled waveform's too."""
    own = played(X)
    sampled = X.model_copy(
        update={
            "pulses": (
                Samples(
                    channel="d0",
                    t0=0,
                    duration=X.duration,
                    envelope="samples",
                    re=tuple(own.real.tolist()),
                    im=tuple(own.imag.tolist()),
                ),
            )
        }
    )

    assert played(scaled(X, 1.05, ["d0"])) == pytest.approx(1.05 * own)
    assert played(scaled(sampled, 1.05, ["d0"])) == pytest.approx(1.05 * own)
    assert played(turned(sampled, 0.3, ["d0"])) == pytest.approx(own * np.exp(0.3j))


def test_other_channels_are_left_alone() -> None:
    """A gate that plays nothing on the channel is the same gate."""
    assert scaled(X, 2.0, ["d1"]) == turned(X, 1.0, ["u0"]) == X


def test_a_turned_gate_plays_at_another_angle() -> None:
    """Every sample turns."""
    assert played(turned(X, 0.1, ["d0"])) == pytest.approx(played(X) * np.exp(0.1j))


def test_a_flipped_drag_changes_the_quadrature_alone() -> None:
    """The in-phase part stays."""
    own, flipped = played(X), played(flipped_drag(X))

    assert flipped.real == pytest.approx(own.real)
    assert flipped.imag == pytest.approx(-own.imag)


def test_half_the_length_keeps_the_area() -> None:
    """A resonant drive turns the qubit by the same angle, to a per cent of the lifted edge."""
    short = shortened(X, 0.5)

    assert short.duration == X.duration // 2
    assert played(short).sum().real == pytest.approx(played(X).sum().real, rel=0.01)


def test_a_sampled_pulse_is_not_shortened() -> None:
    """There is no formula to play it faster."""
    row = Samples(channel="d0", t0=0, duration=2, envelope="samples", re=(0.1, 0.1), im=(0.0, 0.0))
    gate = Gate(name="x", qubits=(0,), duration=2, pulses=(row,))
    with pytest.raises(InputError, match="must have pulses with a formula"):
        shortened(gate, 0.5)
    with pytest.raises(InputError, match="would last none"):
        shortened(gate, 0.1)


def test_what_no_hardware_plays_is_refused() -> None:
    """An amplitude beyond full scale is a sentence, not a release."""
    with pytest.raises(InputError, match="must be one that hardware can play"):
        with_gates(PROFILE, ["x:0"], lambda gate: scaled(gate, 20.0, ["d0"]))
    with pytest.raises(InputError, match="must be one that hardware can play"):
        checked(PROFILE, gates=())


def test_a_lost_gate_is_lost_alone() -> None:
    """All others stay, under a firmware of another name."""
    left = without(PROFILE, "x:0")

    assert left.by_id.keys() == PROFILE.by_id.keys() - {"x:0"}
    assert left.firmware != PROFILE.firmware


def test_a_recalibration_moves_every_gate_of_its_line_and_its_carrier() -> None:
    """Gain, angle and frequency; DRAG, length and shape stay."""
    new = recalibrated(PROFILE, ["d0"], gain=0.01, phase_rad=0.02, detuned={"d0": 5e3})

    for name in ("x:0", "sx:0"):
        before, after = PROFILE.by_id[name].pulses[0], new.by_id[name].pulses[0]
        assert isinstance(before, Drag)
        assert isinstance(after, Drag)
        assert (after.beta, after.sigma, after.duration) == (
            before.beta,
            before.sigma,
            before.duration,
        )
        assert after.amp == pytest.approx(1.01 * before.amp)
        assert after.angle == pytest.approx(before.angle + 0.02)
    assert new.drive_frequency_hz["d0"] == PROFILE.drive_frequency_hz["d0"] + 5e3
