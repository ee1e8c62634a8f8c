"""Layers: gates of different qubits played at once, as one gate."""

from collections.abc import Sequence

from qtregress.pulses.profile import Delay, Gate


def layer(gates: Sequence[Gate]) -> Gate:
    """The gates side by side, all starting at zero; shorter ones wait.

    Its name joins theirs by dots and its qubits follow in order.
    """
    return Gate(
        name=".".join(gate.name for gate in gates),
        qubits=tuple(qubit for gate in gates for qubit in gate.qubits),
        duration=max(gate.duration for gate in gates),
        pulses=tuple(row for gate in gates for row in gate.pulses),
    )


def idle(qubit: int, duration: int) -> Gate:
    """A gate ``id`` of that length."""
    wait = Delay(channel=f"d{qubit}", t0=0, delay=duration)
    return Gate(name="id", qubits=(qubit,), duration=duration, pulses=(wait,))
