"""From channels to what benchmarking plays: factors in order, directions told apart."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from qtregress.channels.channel import GateChannel
from qtregress.channels.ideal import PAIR_NATIVES, PairNative, ideal_image
from qtregress.channels.plan import Plan
from qtregress.pulses.profile import Gate
from qtregress.rb.exact import ExactDecay, exact_decay
from qtregress.rb.from_channels import gate_sets, swapped
from qtregress.rb.gateset import OneQubitGates, PairGates
from tests.rb.conftest import Bath, generator, jumps, random_channel

Complex = NDArray[np.complex128]
SX = ideal_image("sx")
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


def device(qubits: tuple[int, int], name: PairNative = "cx") -> tuple[Plan, dict[str, GateChannel]]:
    """A pair of perfect qubits 3 and 5 whose native has this first and second qubit."""
    image = ideal_image(name)
    assert SX is not None
    assert image is not None
    images = {"sx.sx": np.kron(SX, SX), "sx.id": np.kron(SX, ONE), "id.sx": np.kron(ONE, SX)}
    layers = [Gate(name=name, qubits=(3, 5), duration=160) for name in images]
    ones = [Gate(name="sx", qubits=(qubit,), duration=160) for qubit in (3, 5)]
    native = Gate(name=name, qubits=qubits, duration=900)
    channels = [channel(gate, SX, 1e-8) for gate in ones]
    channels += [channel(gate, np.asarray(images[gate.name]), 2e-8) for gate in layers]
    channels.append(channel(native, image, 3e-7))
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


@pytest.mark.parametrize("name", PAIR_NATIVES)
@pytest.mark.parametrize("qubits", [(3, 5), (5, 3)])
def test_perfect_gates_do_not_decay(qubits: tuple[int, int], name: PairNative) -> None:
    """With any native, in either direction, a perfect pair has no error per Clifford."""
    decay = exact_decay(pair_of(gate_sets(*device(qubits, name))))

    assert decay.epc == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("qubits", [(3, 5), (5, 3)])
def test_another_native_would_decay(qubits: tuple[int, int]) -> None:
    """An ecr that calls itself cx is far from any Clifford that it is to make."""
    planned, channels = device(qubits, "ecr")
    called = channels["cx:5-3"] = channels.pop(planned.pairs[3, 5].id)
    native = Gate(name="cx", qubits=qubits, duration=900)
    renamed = replace(planned, pairs={(3, 5): native})

    decay = exact_decay(pair_of(gate_sets(renamed, {**channels, native.id: called})))
    assert decay.epc is None or decay.epc > 0.1


def benchmarked(qubits: tuple[int, int], name: PairNative, superoperator: Complex) -> ExactDecay:
    """The decay of a pair whose native does this, its one-qubit layers being perfect."""
    planned, channels = device(qubits, name)
    native = planned.pairs[3, 5].id
    channels[native] = replace(channels[native], superoperator=superoperator)
    return exact_decay(pair_of(gate_sets(planned, channels)))


def between(before: Complex, superoperator: Complex, after: Complex) -> Complex:
    """A map between two exact unitaries."""
    return np.asarray(conjugation(after) @ superoperator @ conjugation(before))


def then(noise: Complex) -> Complex:
    """A cx that is followed by this noise."""
    image = ideal_image("cx")
    assert image is not None
    return np.asarray(noise @ conjugation(image))


def decoherence() -> Complex:
    """Half a microsecond of relaxation and dephasing on both qubits."""
    ones = jumps(2, Bath())
    both = [np.asarray(np.kron(jump, ONE)) for jump in ones]
    both += [np.asarray(np.kron(ONE, jump)) for jump in ones]
    return np.asarray(expm(generator(np.zeros((4, 4), dtype=np.complex128), both) * 5e-7))


@pytest.mark.parametrize("qubits", [(3, 5), (5, 3)])
def test_an_ecr_made_of_a_cx_decays_as_the_cx(qubits: tuple[int, int]) -> None:
    """A noisy cx followed by exact local gates that make it an ecr has the same p."""
    cx, ecr = (ideal_image(name) for name in ("cx", "ecr"))
    assert cx is not None
    assert ecr is not None
    noisy = then(random_channel(4, 0.05, np.random.default_rng(3)))
    same = between(np.eye(4, dtype=np.complex128), noisy, ecr @ cx.conj().T)

    found, expected = benchmarked(qubits, "ecr", same), benchmarked(qubits, "cx", noisy)
    assert expected.epc is not None
    assert expected.epc > 1e-2
    assert found.p == pytest.approx(expected.p, abs=1e-13)
    assert found.gap == pytest.approx(expected.gap, abs=1e-9)


@pytest.mark.parametrize("qubits", [(3, 5), (5, 3)])
def test_a_cz_made_of_a_cx_errs_as_the_cx(qubits: tuple[int, int]) -> None:
    """Between exact Hadamards a cx that decoheres has the same error.

    Coherent errors may differ: with cz cores begin otherwise, where two natives interfere.
    """
    hadamard = np.kron(ONE, np.array([[1, 1], [1, -1]]) / np.sqrt(2)).astype(np.complex128)
    # The images: CX times Z on the control becomes CZ without it.
    control_z = np.kron(np.diag([1, -1]), ONE).astype(np.complex128)
    noisy = then(decoherence())
    same = between(hadamard, noisy, control_z @ hadamard)

    found, expected = benchmarked(qubits, "cz", same), benchmarked(qubits, "cx", noisy)
    assert expected.epc is not None
    assert expected.epc > 1e-2
    assert found.epc == pytest.approx(expected.epc, rel=1e-9)


def test_the_wrong_direction_would_decay() -> None:
    """A native that is not turned over is no cx of that control: the factors matter."""
    planned, channels = device((5, 3))
    right_way = pair_of(gate_sets(planned, channels)).native_map

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

    assert (one.sx_duration_s, pair_of(sets).layer_duration_s, pair_of(sets).native_duration_s) == (
        *(1e-8, 2e-8, 3e-7),
    )


def test_each_layer_has_its_place() -> None:
    """Sx on both, on the left and on the right are not mixed up."""
    _, channels = device((3, 5))
    pair = pair_of(gate_sets(*device((3, 5))))
    expected = [channels[f"{name}:3-5"].superoperator for name in ("sx.sx", "sx.id", "id.sx")]

    assert np.array_equal(expected, [pair.sx_sx, pair.sx_id, pair.id_sx])
