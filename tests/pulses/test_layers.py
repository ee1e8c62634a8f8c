"""Layers of gates played at once."""

from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Constant, Delay, Gate


def short(qubit: int, duration: int) -> Gate:
    """An sx of one constant pulse."""
    pulse = Constant(envelope="constant", channel=f"d{qubit}", t0=0, duration=duration, amp=0.1)
    return Gate(name="sx", qubits=(qubit,), duration=duration, pulses=(pulse,))


def test_layer_is_named_after_its_gates() -> None:
    """A layer of sx on 2 and id on 0 is known as sx.id:2-0."""
    assert layer([short(2, 4), idle(0, 4)]).id == "sx.id:2-0"


def test_layer_lasts_as_long_as_its_longest_gate() -> None:
    """A layer's duration is that of its longest gate."""
    assert layer([short(0, 4), short(1, 6)]).duration == 6


def test_layer_plays_everything_from_its_start() -> None:
    """A layer plays all rows of its gates, unmoved."""
    gates = [short(0, 4), short(1, 6)]

    assert layer(gates).pulses == gates[0].pulses + gates[1].pulses


def test_idle_waits() -> None:
    """An idle gate is a delay on its qubit's drive channel."""
    assert idle(3, 160).pulses == (Delay(channel="d3", t0=0, delay=160),)
