"""What each channel plays: phase shifts, sequences, delays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qtregress.pulses.profile import Constant, Delay, Gate, Instruction, ShiftPhase
from qtregress.pulses.schedule import schedule

PHASE = 0.7


def constant(t0: int, duration: int, *, amp: float = 0.5, channel: str = "d0") -> Constant:
    """A constant pulse."""
    return Constant(envelope="constant", channel=channel, t0=t0, duration=duration, amp=amp)


def shift(t0: int, phase_rad: float = PHASE, *, channel: str = "d0") -> ShiftPhase:
    """A phase shift."""
    return ShiftPhase(channel=channel, t0=t0, shift_phase=phase_rad)


def gate(*rows: Instruction, duration: int = 8) -> Gate:
    """A gate of these rows."""
    return Gate(name="x", qubits=(0,), duration=duration, pulses=rows)


def test_pulse_stands_at_its_start() -> None:
    """A pulse fills its samples and nothing else of the gate."""
    played = schedule(gate(constant(2, 3))).waveforms["d0"]

    assert played.tolist() == [0, 0, 0.5, 0.5, 0.5, 0, 0, 0]


def test_phase_shift_turns_later_samples_only() -> None:
    """A phase shift leaves earlier pulses alone and turns later ones by exp(i phase)."""
    played = schedule(gate(constant(0, 2), shift(2), constant(4, 2))).waveforms["d0"]

    turned = 0.5 * np.exp(1j * PHASE)
    assert played.tolist() == [0.5, 0.5, 0, 0, turned, turned, 0, 0]


def test_phase_shift_comes_first_at_equal_times() -> None:
    """A phase shift turns the pulse that starts with it, wherever its row stands."""
    later_row = schedule(gate(constant(0, 1), shift(0), duration=1)).waveforms["d0"]

    assert later_row.tolist() == [0.5 * np.exp(1j * PHASE)]


def test_phase_shift_is_its_channels_own() -> None:
    """A phase shift of another channel turns nothing."""
    played = schedule(gate(shift(0, channel="d1"), constant(0, 8))).waveforms["d0"]

    assert played.tolist() == [0.5] * 8


def test_overlapping_pulses_are_refused() -> None:
    """Two pulses of one channel must not overlap: their sum could exceed full scale unseen."""
    with pytest.raises(ValidationError, match="pulses on d0 must not overlap"):
        gate(constant(0, 4), constant(2, 4))


def test_pulses_may_follow_each_other() -> None:
    """A pulse may start with the sample after another's last."""
    played = schedule(gate(constant(0, 4), constant(4, 4, amp=0.25))).waveforms["d0"]

    assert played.tolist() == [0.5] * 4 + [0.25] * 4


def test_delay_plays_nothing() -> None:
    """A channel that only waits has no waveform."""
    played = schedule(gate(Delay(channel="d0", t0=0, delay=8)))

    assert played.waveforms == {}


def test_who_waits_is_in_the_schedule() -> None:
    """A qubit of the gate that plays nothing is named all the same: drives may reach it."""
    assert schedule(gate(Delay(channel="d0", t0=0, delay=8))).qubits == (0,)


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(-7, 7)), max_size=6))
def test_final_phase_is_the_sum_of_shifts(shifts: list[tuple[int, float]]) -> None:
    """A channel's final phase is the sum of its phase shifts, those at the end included."""
    played = schedule(gate(*(shift(t0, phase) for t0, phase in shifts), constant(0, 1)))

    found = played.final_phase_rad.get("d0", 0.0)
    assert abs(found - sum(phase for _, phase in shifts)) < 1e-12


@given(st.permutations([constant(0, 4), shift(1), constant(4, 2), shift(4, -0.2), shift(8)]))
def test_order_of_rows_does_not_matter(rows: list[Constant | ShiftPhase]) -> None:
    """The schedule depends on the rows' times, not on the order they are written in."""
    written = schedule(gate(constant(0, 4), shift(1), constant(4, 2), shift(4, -0.2), shift(8)))

    assert np.allclose(
        schedule(gate(*rows)).waveforms["d0"], written.waveforms["d0"], rtol=0, atol=1e-15
    )
