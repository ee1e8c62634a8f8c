"""Errors of layers beside those of their gates: what the coupling adds, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from qtregress.channels.channel import Complex, GateChannel, average_fidelity
from qtregress.channels.ideal import ideal_image
from qtregress.channels.problem import patch_of
from qtregress.chip.bath import Extra
from qtregress.chip.chip import Chip
from qtregress.chip.transmon import TransmonParameters, pair_patch
from qtregress.metrics.measurement import Measurement
from qtregress.rb.layer_error import (
    Board,
    chip_layer_error,
    idle_map,
    layer_errors,
    static_zz_hz,
)
from tests.small import cut_chip, lima, old, value_of

pytestmark = pytest.mark.physics

LAYERS = ("sx.sx:0-1", "sx.id:0-1", "id.sx:0-1")
LENGTH_S = 40e-9


def board_of(measurement: Measurement) -> Board:
    """A measurement's chip, channels and carriers, cold."""
    carriers = measurement.profile.drive_frequency_hz
    return Board(
        chip=measurement.chip,
        channels=measurement.channels,
        drive_hz={int(name[1:]): hz for name, hz in carriers.items() if name[0] == "d"},
        extra={},
    )


def side_by_side(left: Complex, right: Complex) -> Complex:
    """The map of two transmons that do not know of each other."""
    a, b = (round(len(one) ** 0.5) for one in (left, right))
    product = np.einsum("ijkl,mnop->imjnkolp", left.reshape((a,) * 4), right.reshape((b,) * 4))
    return np.asarray(product.reshape((a * b) ** 2, (a * b) ** 2))


def lossless(*qubits: int) -> Chip:
    """Lima cut to these qubits, without decay, dephasing and photons."""
    chip = cut_chip(lima().chip, qubits)
    gone = {"t1_s": 1e9, "t2_s": 1e9, "residual_photons": 0.0}
    return chip.model_copy(
        update={"qubits": tuple(qubit.model_copy(update=gone) for qubit in chip.qubits)}
    )


def on_resonance(chip: Chip) -> dict[int, float]:
    """Carriers at the qubits' frequencies."""
    return {
        qubit.index: float(patch_of(chip, (qubit.index,)).energies_rad_s[1] / (2 * np.pi))
        for qubit in chip.qubits
    }


def played(gate: str, error: Complex, duration_s: float = LENGTH_S) -> GateChannel:
    """The ideal gate of that id on two-level qubits, followed by a unitary error."""
    name, _, qubits = gate.partition(":")
    ideal = ideal_image(name)
    assert ideal is not None
    unitary = error @ ideal
    return GateChannel(
        gate=gate,
        qubits=tuple(map(int, qubits.split("-"))),
        levels=(2,) * (len(ideal).bit_length() - 1),
        computational=np.arange(len(ideal)),
        blocks=unitary[None],
        superoperator=np.asarray(np.kron(unitary, unitary.conj())),
        at_load=None,
        duration_s=duration_s,
        error_estimate=0.0,
    )


def turning(angle_rad: float) -> Complex:
    """A phase on |11>."""
    return np.diag(np.array([1, 1, 1, np.exp(-1j * angle_rad)]))


def chain(*qubits: int, angle_rad: float) -> Board:
    """Perfect sx on lossless qubits, static ZZ of one angle in every layer of a pair."""
    chip, one = lossless(*qubits), np.eye(2, dtype=np.complex128)
    pairs = ["-".join(map(str, sorted(row.qubits))) for row in chip.couplings]
    channels = [played(f"sx:{qubit}", one) for qubit in qubits]
    channels += [
        played(f"{name}:{pair}", turning(angle_rad))
        for pair in pairs
        for name in ("sx.sx", "sx.id", "id.sx")
    ]
    return Board(
        chip=chip,
        channels={channel.gate: channel for channel in channels},
        drive_hz=on_resonance(chip),
        extra={},
    )


@pytest.mark.parametrize("qubit", [0, 1])
def test_waiting_is_what_the_simulation_of_id_says(qubit: int) -> None:
    """Bath, levels and detuning of a waiting qubit are those of its simulated id."""
    measurement, _ = old(0, 1)
    simulated = measurement.channels[f"id:{qubit}"]
    found = idle_map(board_of(measurement), qubit, simulated.duration_s)

    np.testing.assert_allclose(found, simulated.superoperator, atol=1e-9)


def test_gates_that_do_not_know_of_each_other_have_no_excess() -> None:
    """Lima's own sx beside its own waiting, leakage and all, is the sum of its gates."""
    measurement, _ = old(0, 1)
    board, channels = board_of(measurement), measurement.channels
    layer = channels["sx.id:0-1"]
    alone = side_by_side(channels["sx:0"].superoperator, idle_map(board, 1, layer.duration_s))
    apart = replace(layer, superoperator=alone)
    (found,) = layer_errors(replace(board, channels={**channels, apart.gate: apart}), [apart.gate])

    assert found.error is not None
    assert found.error > 1e-4
    assert found.excess == pytest.approx(0, abs=1e-13)


def test_the_sum_of_gates_is_six_fifths_of_their_own_errors() -> None:
    """An error of one qubit counts more in the average over the states of two."""
    measurement, metrics = old(0, 1)
    (found,) = layer_errors(board_of(measurement), ["sx.sx:0-1"])

    expected = 1.2 * sum(value_of(metrics, f"gate.error/sx:{qubit}") for qubit in (0, 1))
    assert found.sum_of_gates == pytest.approx(expected, rel=1e-3)


def test_lima_layers_err_by_static_zz_beside_their_gates() -> None:
    """A pulse averages some of the ZZ away; the rest is what layers err more."""
    measurement, _ = old(0, 1)
    board = board_of(measurement)
    zz_hz = static_zz_hz(patch_of(measurement.chip, (0, 1)))
    angle_rad = 2 * np.pi * zz_hz * measurement.channels[LAYERS[0]].duration_s
    idle = 0.3 * (1 - np.cos(angle_rad))

    for found in layer_errors(board, LAYERS):
        assert found.excess is not None
        assert 0.5 * idle < found.excess < idle


@pytest.mark.parametrize("layer", LAYERS)
def test_static_zz_has_its_closed_form(layer: str) -> None:
    """A phase on |11> after perfect gates errs by 3/10 (1 - cos)."""
    angle_rad = 0.2
    (found,) = layer_errors(chain(0, 1, angle_rad=angle_rad), [layer])

    assert found.excess == pytest.approx(0.3 * (1 - np.cos(angle_rad)), abs=1e-12)
    assert found.sum_of_gates == pytest.approx(0, abs=1e-12)


def test_the_shorter_gate_waits_for_the_longer() -> None:
    """What a qubit loses while it waits in a layer is its own, no excess."""
    measurement, _ = old(0, 1)
    board, channels = board_of(measurement), measurement.channels
    long_s = channels["sx.sx:0-1"].duration_s + 100e-9
    waits = idle_map(board, 0, 100e-9) @ channels["sx:0"].superoperator
    slow = replace(channels["sx:1"], duration_s=long_s)
    layer = replace(
        channels["sx.sx:0-1"],
        superoperator=side_by_side(waits, slow.superoperator),
        duration_s=long_s,
    )
    board = replace(board, channels={**channels, "sx:1": slow, layer.gate: layer})
    (found,) = layer_errors(board, [layer.gate])

    assert found.excess == pytest.approx(0, abs=2e-7)


def test_a_warmer_bath_errs_more_both_ways() -> None:
    """Photons of the load count in waiting as in gates."""
    board = board_of(old(0, 1)[0])
    warm = replace(board, extra={1: Extra(photons=0.1)})
    cold_map, warm_map = (idle_map(one, 1, LENGTH_S) for one in (board, warm))

    assert abs(warm_map[0, 0]) < abs(cold_map[0, 0])


def test_a_chip_of_one_pair_has_the_layers_of_that_pair() -> None:
    """Nothing is added to or lost from what was simulated together."""
    board = board_of(old(0, 1)[0])
    both, left, right = layer_errors(board, LAYERS)

    for playing, pair in (((0, 1), both), ((0,), left), ((1,), right)):
        found = chip_layer_error(board, playing)
        assert found.error == pytest.approx(pair.error, rel=1e-9)
        assert found.excess == pytest.approx(pair.excess, rel=1e-6)


def test_uncoupled_parts_of_a_chip_are_the_tensor_product() -> None:
    """Without couplings a layer's error is exactly that of its gates side by side."""
    measurement, _ = old(0, 1)
    board, channels = board_of(measurement), measurement.channels
    chip = board.chip.model_copy(update={"couplings": ()})
    found = chip_layer_error(replace(board, chip=chip), (0, 1))
    both = side_by_side(channels["sx:0"].superoperator, channels["sx:1"].superoperator)
    ideal = ideal_image("sx.sx")
    assert ideal is not None
    computational = channels["sx.sx:0-1"].computational

    assert found.error == pytest.approx(1 - average_fidelity(both, computational, ideal), abs=1e-13)
    assert found.excess == 0


def test_a_chain_errs_by_its_pairs_but_for_their_interference() -> None:
    """Two small ZZ angles on one qubit err 8/6 of the pairs' sum, as documented."""
    angle_rad = 0.01
    found = chip_layer_error(chain(0, 1, 2, angle_rad=angle_rad), (0, 1, 2))
    states = np.indices((2, 2, 2)).reshape(3, -1)
    phases = np.exp(-1j * angle_rad * (states[0] * states[1] + states[1] * states[2]))
    process = abs(np.sum(phases) / 8) ** 2
    pair = abs(3 + np.exp(-1j * angle_rad)) ** 2 / 16

    assert found.excess == pytest.approx((1 - pair**2) * 8 / 9, rel=1e-6)
    assert (1 - process) * 8 / 9 == pytest.approx(8 / 6 * (found.excess or 0), rel=1e-3)


def test_two_who_wait_have_their_static_zz() -> None:
    """Far from the pulse, qubits 1 and 2 still turn each other."""
    board = chain(0, 1, 2, angle_rad=0.0)
    zz_hz = static_zz_hz(patch_of(board.chip, (1, 2)))
    found = chip_layer_error(board, (0,))
    process = (10 + 6 * np.cos(2 * np.pi * zz_hz * LENGTH_S)) / 16

    assert found.excess == pytest.approx(8 / 9 * (1 - process), rel=1e-3)
    assert found.excess is not None
    assert found.excess > 1e-6


def test_a_pair_that_is_done_early_waits_with_its_static_zz() -> None:
    """While qubit 2 still plays, qubits 0 and 1 turn each other without pulses."""
    board = chain(0, 1, 2, angle_rad=0.0)
    slow = {
        name: replace(board.channels[name], duration_s=2 * LENGTH_S)
        for name in ("sx:2", "id.sx:1-2")
    }
    found = chip_layer_error(replace(board, channels={**board.channels, **slow}), (0, 2))
    zz_hz = static_zz_hz(patch_of(board.chip, (0, 1)))
    process = (10 + 6 * np.cos(2 * np.pi * zz_hz * LENGTH_S)) / 16

    assert found.excess == pytest.approx(8 / 9 * (1 - process), rel=1e-3)


def test_what_was_not_simulated_has_no_number() -> None:
    """A missing gate, pair or carrier leaves no value and says which it is."""
    board = chain(0, 1, 2, angle_rad=0.01)
    pairless = {name: one for name, one in board.channels.items() if name != "sx.sx:1-2"}
    for missing, playing, why in (
        (board, (0, 4), "sx of qubit 4 was not simulated"),
        (replace(board, channels=pairless), (0, 1, 2), "the layer sx.sx:1-2 was not simulated"),
        (
            replace(board, drive_hz={0: 5e9, 2: 5e9}),
            (0,),
            "the profile lists no drive frequency of d1",
        ),
    ):
        found = chip_layer_error(missing, playing)
        assert (found.error, found.sum_of_gates, found.excess) == (None, None, None)
        assert found.why == why


def test_broken_gates_are_not_put_together() -> None:
    """First order holds for small errors; a flipped qubit is none."""
    board = chain(0, 1, angle_rad=0.01)
    flipped = np.array([[0, 1], [1, 0]], dtype=np.complex128)
    broken = {**board.channels, "sx:1": played("sx:1", flipped @ flipped @ np.diag([1, -1]))}
    found = chip_layer_error(replace(board, channels=broken), (0, 1))

    assert found.error is None
    assert found.why == "qubit 1 errs too much for errors to be put together"


def test_a_layer_without_players_is_refused() -> None:
    """It would have no length and no error, which must not look like a good one."""
    with pytest.raises(ValueError, match="at least one qubit"):
        chip_layer_error(chain(0, 1, angle_rad=0.01), ())


def test_the_worst_map_is_told() -> None:
    """Who reads the error learns by how much its maps may be wrong."""
    board = chain(0, 1, angle_rad=0.01)
    doubtful = replace(board.channels["sx:0"], error_estimate=0.3)
    board = replace(board, channels={**board.channels, "sx:0": doubtful})

    assert layer_errors(board, ["sx.id:0-1"])[0].error_estimate == 0.3
    assert layer_errors(board, ["id.sx:0-1"])[0].error_estimate == 0
    assert chip_layer_error(board, (0, 1)).error_estimate == 0.3


@pytest.mark.parametrize(("left_hz", "right_hz"), [(5.0e9, 5.1e9), (5.3e9, 5.15e9)])
def test_static_zz_is_that_of_perturbation_theory(left_hz: float, right_hz: float) -> None:
    """2 J**2 (a + b)/((D + a)(D - b)) of dressed transmons with D between them."""
    j_hz, left, right = 0.2e6, -330e6, -300e6
    patch = pair_patch(
        TransmonParameters(frequency_hz=left_hz, anharmonicity_hz=left, levels=4),
        TransmonParameters(frequency_hz=right_hz, anharmonicity_hz=right, levels=4),
        j_hz,
    )
    apart = left_hz - right_hz
    expected = 2 * j_hz**2 * (left + right) / ((apart + left) * (apart - right))

    assert static_zz_hz(patch) == pytest.approx(expected, rel=1e-3)


def test_two_levels_have_no_static_zz() -> None:
    """It comes from the levels above: without them exchange moves both states of one."""
    parts = [
        TransmonParameters(frequency_hz=hz, anharmonicity_hz=-3e8, levels=2)
        for hz in (5.0e9, 5.1e9)
    ]

    assert static_zz_hz(pair_patch(parts[0], parts[1], 2e6)) == pytest.approx(0, abs=1e-3)
