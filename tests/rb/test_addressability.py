"""What crosstalk of one-qubit drives costs the neighbour: closed forms, and a real pair."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.linalg import expm

from qtregress.channels.channel import GateChannel
from qtregress.channels.simulate import GateTask, simulate_gate
from qtregress.chip.chip import DriveCrosstalk
from qtregress.metrics.measurement import Measurement
from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Gate
from qtregress.rb.gateset import CX, ID_SX, SX_ID, SX_SX, Complex, tensor
from qtregress.rb.layer_error import chip_layer_error, layer_errors
from qtregress.rb.simultaneous import SimultaneousDecays, simultaneous_decays
from qtregress.units import angular
from tests.channels.conftest import FREQUENCIES_HZ
from tests.channels.test_crosstalk import LENGTH_DT, put, sx
from tests.rb.conftest import pair_of, unitary_map
from tests.rb.test_layer_error import board_of
from tests.small import Case, measured, old, small

pytestmark = pytest.mark.physics

LAYERS = {
    SX_SX: layer([sx(0), sx(1)]),
    SX_ID: layer([sx(0), idle(1, LENGTH_DT)]),
    ID_SX: layer([idle(0, LENGTH_DT), sx(1)]),
}
PLAYING = {SX_SX: (True, True), SX_ID: (True, False), ID_SX: (False, True)}
IDLE_PAIR: Complex = np.eye(16, dtype=np.complex128)
BOTH = 13 / 18
"""Layers a Clifford in which both qubits play: the mean of the smaller pulse count."""


def simulated(gate: Gate, *rows: DriveCrosstalk, at_hz: float | None = None) -> GateChannel:
    """The gate on two uncoupled qubits without losses, over all start phases."""
    case = put(gate, *rows, at_hz=at_hz)
    task = GateTask(problem=case.problem, cold=case.bath, loads=(), engine="fast")
    return simulate_gate(task)[0]


def decays(*rows: DriveCrosstalk, at_hz: float | None = None) -> SimultaneousDecays:
    """Simultaneous benchmarking of both qubits."""
    maps = {
        name: simulated(gate, *rows, at_hz=at_hz).superoperator for name, gate in LAYERS.items()
    }
    return simultaneous_decays(pair_of({**maps, CX: IDLE_PAIR}, (2, 2), 0))


def test_no_crosstalk_adds_nothing() -> None:
    """Uncoupled qubits that do not hear each other's drive err as they do alone."""
    for one in decays().qubits:
        assert one.addressability == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("player", [0, 1])
def test_equal_frequencies_cost_the_neighbour_its_small_rotations(player: int) -> None:
    """A share r turns it by r pi/2 = v about an axis of any phase: v^2/6 where it waits.

    Where it plays, too, the part along its own axis turns it as much, and of the part across
    sqrt 8/pi is left: v^2/6 (1/2 + 4/pi^2). No phase relates the frames, so that rotations
    do not add up from layer to layer, and the drive's own qubit notices nothing.
    """
    row = DriveCrosstalk(from_qubit=player, to_qubit=1 - player, re=0.012, im=-0.016)
    angle = 0.02 * np.pi / 2
    expected = angle**2 / 6 * (1 - BOTH + BOTH * (0.5 + 4 / np.pi**2))

    found = decays(row, at_hz=FREQUENCIES_HZ[0]).qubits

    assert found[1 - player].addressability == pytest.approx(expected, rel=2e-3)
    assert found[player].addressability == pytest.approx(0, abs=1e-8)


def shifted(player: int, row: DriveCrosstalk) -> dict[str, Complex]:
    """Perfect layers, but that the player's pulses shift the other one's frequency meanwhile.

    By W^2/(2 D), W the envelope that reaches it, and what a Gaussian adds to that.
    """
    problem = put(LAYERS[SX_SX], row).problem
    own = {one.carrier_of: one.envelope_rad_s for one in problem.tones if one.qubit == one.line}
    away = angular(FREQUENCIES_HZ[1] - FREQUENCIES_HZ[0])
    slow = 1 + 0.5 / (away * LENGTH_DT / 6 * problem.dt_s) ** 2
    shift = np.abs(row.ratio * own[player]) ** 2 / (2 * away) * slow
    x, z, turns = np.array([[0, 1], [1, 0]]), np.diag([1, -1]), {}
    for hears, plays in product((True, False), repeat=2):
        turn = np.eye(2, dtype=np.complex128)
        for drive, phase in zip(own[1 - player].real, shift, strict=True):
            turn = expm(-0.5j * problem.dt_s * (plays * drive * x + hears * phase * z)) @ turn
        turns[hears, plays] = turn
    alone = {plays: turns[False, plays] for plays in (True, False)}
    layers = {}
    for name, (left, right) in PLAYING.items():
        both = (
            (alone[left], turns[left, right]) if player == 0 else (turns[right, left], alone[right])
        )
        layers[name] = unitary_map(tensor(*both))
    return layers


@pytest.mark.parametrize("player", [0, 1])
def test_off_resonance_costs_the_neighbour_its_stark_shift(player: int) -> None:
    """As much as if the neighbour's pulses only moved its frequency, whether it plays or not.

    Phases of a layer are no chance and add up within a Clifford: 1.8 times v^2/6 of a phase v.
    """
    row = DriveCrosstalk(from_qubit=player, to_qubit=1 - player, re=0.25)
    moved = simultaneous_decays(pair_of({**shifted(player, row), CX: IDLE_PAIR}, (2, 2), 0))

    expected = moved.qubits[1 - player].addressability
    found = decays(row).qubits

    assert expected is not None
    assert expected > 1e-6
    assert found[1 - player].addressability == pytest.approx(expected, rel=0.03)
    assert found[player].addressability == pytest.approx(0, abs=1e-8)


def leaky(share: float) -> Measurement:
    """Lima's qubits 0 and 1, each of whose drives reaches the other by that share."""
    case = small(0, 1)
    rows = tuple(DriveCrosstalk(from_qubit=a, to_qubit=1 - a, re=share) for a in (0, 1))
    chip = case.chip.model_copy(update={"drive_crosstalk": rows})
    return measured(Case(chip=chip, profile=case.profile))[0]


def test_a_leaky_pair_errs_more_together_and_not_alone() -> None:
    """On a real pair layers and simultaneous decays grow, the gates by themselves do not."""
    (clean, _), dirty = old(0, 1), leaky(0.3)
    for name in ("sx:0", "sx:1"):
        before, after = (one.channels[name].superoperator for one in (clean, dirty))
        assert np.array_equal(before, after)

    was, now = (layer_errors(board_of(one), ["sx.sx:0-1"])[0] for one in (clean, dirty))
    assert now.sum_of_gates == was.sum_of_gates
    assert was.excess is not None
    assert now.excess is not None
    assert now.excess > 2 * was.excess


def test_crosstalk_past_the_couplings_leaves_a_chips_layer_without_a_number() -> None:
    """No simulated layer holds it, and a number without it would be too good."""
    board = board_of(old(0, 1)[0])
    row = DriveCrosstalk(from_qubit=0, to_qubit=1, re=0.1)
    apart = board.chip.model_copy(update={"couplings": (), "drive_crosstalk": (row,)})

    found = chip_layer_error(replace(board, chip=apart), (0,))
    assert found.error is None
    assert found.why.startswith("what the drive of qubit 0 does to qubit 1 was not simulated")
    assert chip_layer_error(replace(board, chip=apart), (1,)).error is not None
