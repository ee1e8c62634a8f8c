"""From channels to what benchmarking plays: factors in order, directions told apart."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels.channel import GateChannel
from qtregress.channels.ideal import ideal_image
from qtregress.channels.plan import Plan
from qtregress.pulses.profile import Gate
from qtregress.rb.exact import exact_decay
from qtregress.rb.from_channels import gate_sets, swapped
from qtregress.rb.gateset import OneQubitGates, PairGates

Complex = NDArray[np.complex128]
SX = ideal_image("sx")
CX = ideal_image("cx")
ONE = np.eye(2, dtype=np.complex128)
RNG = np.random.default_rng(5)


def random(size: int) -> Complex:
    """A random complex matrix."""
    return np.asarray(RNG.normal(size=(size, size)) + 1j * RNG.normal(size=(size, size)))


def conjugation(operator: Complex) -> Complex:
    """The map rho -> A rho A† on row-stacked density matrices."""
    return np.asarray(np.kron(operator, operator.conj()))


def channel(gate: Gate, unitary: Complex, duration_s: float) -> GateChannel:
    """A perfect gate on two-level qubits."""
    superoperator = conjugation(unitary)
    return GateChannel(
        gate=gate.id,
        qubits=gate.qubits,
        levels=(2,) * len(gate.qubits),
        computational=np.arange(len(unitary)),
        blocks=unitary[None],
        superoperator=superoperator,
        at_load=superoperator,
        duration_s=duration_s,
        error_estimate=0.0,
    )


def device(cx: tuple[int, int]) -> tuple[Plan, dict[str, GateChannel]]:
    """A pair of perfect qubits 3 and 5 whose cx has this control and target."""
    assert SX is not None
    assert CX is not None
    images = {"sx.sx": np.kron(SX, SX), "sx.id": np.kron(SX, ONE), "id.sx": np.kron(ONE, SX)}
    layers = [Gate(name=name, qubits=(3, 5), duration=160) for name in images]
    ones = [Gate(name="sx", qubits=(qubit,), duration=160) for qubit in (3, 5)]
    native = Gate(name="cx", qubits=cx, duration=900)
    channels = [channel(gate, SX, 1e-8) for gate in ones]
    channels += [channel(gate, np.asarray(images[gate.name]), 2e-8) for gate in layers]
    channels.append(channel(native, CX, 3e-7))
    planned = Plan(gates=(*ones, native), refused={}, layers=tuple(layers), pairs={(3, 5): native})
    return planned, {found.gate: found for found in channels}


def pair_of(sets: Mapping[tuple[int, ...], object]) -> PairGates:
    """The gates of the pair."""
    pair = sets[3, 5]
    assert isinstance(pair, PairGates)
    return pair


@pytest.mark.parametrize("levels", [(2, 2), (3, 4), (4, 2)])
def test_swapping_exchanges_the_factors(levels: tuple[int, int]) -> None:
    """What acts on the left then acts on the right."""
    left, right = random(levels[0]), random(levels[1])

    assert np.allclose(
        conjugation(np.asarray(np.kron(right, left))),
        swapped(conjugation(np.asarray(np.kron(left, right))), levels),
    )


def test_swapping_twice_changes_nothing() -> None:
    """The second swap takes the first one's levels, exchanged."""
    given = random((3 * 4) ** 2)

    assert np.array_equal(given, swapped(swapped(given, (3, 4)), (4, 3)))


@pytest.mark.parametrize(("cx", "control"), [((3, 5), 0), ((5, 3), 1)])
def test_the_control_is_named(cx: tuple[int, int], control: int) -> None:
    """Position 0 is the lower qubit, whichever direction is native."""
    assert pair_of(gate_sets(*device(cx))).control == control


@pytest.mark.parametrize("cx", [(3, 5), (5, 3)])
def test_perfect_gates_do_not_decay(cx: tuple[int, int]) -> None:
    """In either direction a perfect pair has no error per Clifford."""
    decay = exact_decay(pair_of(gate_sets(*device(cx))))

    assert decay.epc == pytest.approx(0.0, abs=1e-12)


def test_the_wrong_direction_would_decay() -> None:
    """A native that is not turned over is no cx of that control: the factors matter."""
    planned, channels = device((5, 3))
    right_way = pair_of(gate_sets(planned, channels)).cx

    assert not np.allclose(channels["cx:5-3"].superoperator, right_way)


def test_every_qubit_with_sx_and_every_pair_is_benchmarked() -> None:
    """Single qubits by themselves, pairs together."""
    assert set(gate_sets(*device((3, 5)))) == {(3,), (5,), (3, 5)}


def test_a_qubit_without_sx_is_not_benchmarked() -> None:
    """An x alone generates no Clifford group."""
    plan = Plan(gates=(), refused={}, layers=(), pairs={})

    assert gate_sets(plan, {}) == {}


def test_durations_come_along() -> None:
    """Layers and cx last as long as their channels."""
    sets = gate_sets(*device((5, 3)))
    one = sets[3,]
    assert isinstance(one, OneQubitGates)

    assert (one.sx_duration_s, pair_of(sets).layer_duration_s, pair_of(sets).cx_duration_s) == (
        *(1e-8, 2e-8, 3e-7),
    )


def test_each_layer_has_its_place() -> None:
    """Sx on both, on the left and on the right are not mixed up."""
    _, channels = device((3, 5))
    pair = pair_of(gate_sets(*device((3, 5))))
    expected = [channels[f"{name}:3-5"].superoperator for name in ("sx.sx", "sx.id", "id.sx")]

    assert np.array_equal(expected, [pair.sx_sx, pair.sx_id, pair.id_sx])
