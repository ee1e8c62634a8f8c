"""One drive's tone at another transmon: closed forms, phase and sign, the reference engine."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels.dynamics import compile_patch
from qtregress.channels.memory import problem_key
from qtregress.channels.problem import GateProblem, bath_of, gate_problem
from qtregress.channels.propagation import unitaries
from qtregress.channels.sensitivity import Parameter, Sensitivities, sensitivities
from qtregress.chip.chip import Chip, DriveCrosstalk
from qtregress.pulses.envelopes import samples
from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Gate, Gaussian
from qtregress.units import angular
from tests.channels.cases import Case, Devices
from tests.channels.conftest import FREQUENCIES_HZ, toy_chip, toy_profile
from tests.channels.solutions import off

Complex = NDArray[np.complex128]
State = Callable[[str, float], None]

DETUNED_HZ = FREQUENCIES_HZ[1] - FREQUENCIES_HZ[0]
ALPHA_HZ = -330e6
LENGTH_DT = 320
BOTH_WAYS = (
    DriveCrosstalk(from_qubit=0, to_qubit=1, re=0.06, im=-0.03),
    DriveCrosstalk(from_qubit=1, to_qubit=0, re=-0.02, im=0.05),
)


def gaussian(qubit: int, amp: float) -> Gaussian:
    """The pulse of a smooth sx."""
    return Gaussian(
        envelope="gaussian",
        channel=f"d{qubit}",
        t0=0,
        duration=LENGTH_DT,
        amp=amp,
        sigma=LENGTH_DT / 6,
    )


def sx(qubit: int) -> Gate:
    """A quarter turn on a line of 1 GHz per amplitude."""
    area_s = float(np.sum(samples(gaussian(qubit, 1.0)).real)) * 2e-9 / 9
    pulse = gaussian(qubit, 0.25 / area_s / 1e9)
    return Gate(name="sx", qubits=(qubit,), duration=LENGTH_DT, pulses=(pulse,))


def plays(player: int) -> Gate:
    """A layer in which one of two qubits plays sx and the other one waits."""
    rows = [idle(0, LENGTH_DT), idle(1, LENGTH_DT)]
    rows[player] = sx(player)
    return layer(rows)


def put(gate: Gate, *rows: DriveCrosstalk, levels: int = 2, at_hz: float | None = None) -> Case:
    """The gate on two uncoupled transmons; the second one at ``at_hz``."""
    chip = toy_chip(qubits=2, j_hz=0.0, rabi_hz=1e9, t1_s=10.0, t2_s=10.0)
    profile = toy_profile(gate)
    if at_hz is not None:
        left, right = chip.qubits
        right = right.model_copy(update={"frequency_hz": at_hz})
        chip = chip.model_copy(update={"qubits": (left, right)})
        carriers = {**profile.drive_frequency_hz, "d1": at_hz}
        profile = profile.model_copy(update={"drive_frequency_hz": carriers})
    chip = chip.model_copy(update={"drive_crosstalk": rows})
    return Case(
        problem=gate_problem(gate, profile, chip, levels=levels),
        bath=bath_of(chip, gate.qubits, {}, levels),
    )


def spectator(problem: GateProblem, player: int) -> Complex:
    """What a layer does to the qubit that waits, shape (2, 2), but for a phase."""
    (whole,) = unitaries(problem, compile_patch(problem.patch), (0.0,))
    parts = whole.reshape(problem.patch.levels * 2)
    of_one = parts[0, :, 0, :] if player == 0 else parts[:, 0, :, 0]
    found = of_one[:2, :2]
    return np.asarray(found / np.sqrt(np.linalg.det(found)))


@pytest.mark.physics
@pytest.mark.parametrize("levels", [2, 4])
@pytest.mark.parametrize("player", [0, 1])
def test_neighbours_drive_shifts_a_spectator(player: int, levels: int, state: State) -> None:
    """Its frequency moves by W^2/(2 D), times a/(D + a) where it has a third level.

    D is the spectator's frequency less the carrier: second order of the two couplings W/2 (0
    to 1) and W/sqrt 2 (1 to 2) in the carrier's frame, where the levels stand at 0, D and
    2 D + a. Both signs of D: below the carrier it is pushed down, above it up. Each coupling
    gains a share 1/(2 (D sigma)^2), 1 % here, as a Gaussian is not slow without end.
    """
    waits = 1 - player
    row = DriveCrosstalk(from_qubit=player, to_qubit=waits, re=0.12, im=0.05)
    problem = put(plays(player), row, levels=levels).problem
    below = angular(DETUNED_HZ if waits == 1 else -DETUNED_HZ)
    above = below + angular(ALPHA_HZ)
    sigma_s = gaussian(player, 1.0).sigma * problem.dt_s
    first, second = ((1 + 0.5 / (away * sigma_s) ** 2) / away for away in (below, above))
    (own,) = [tone for tone in problem.tones if tone.qubit == player]
    square = np.sum(np.abs(row.ratio * own.envelope_rad_s) ** 2) * problem.dt_s
    expected = square / 2 * (first if levels == 2 else first - second)

    found = spectator(problem, player)
    turned = float(np.angle(found[0, 0] / found[1, 1]))

    state(f"{levels} levels, spectator {waits}: angle in rad", turned)
    assert turned == pytest.approx(expected, rel=3e-3)
    assert abs(found[1, 0]) < 0.1 * abs(turned)


@pytest.mark.physics
@pytest.mark.parametrize("player", [0, 1])
@pytest.mark.parametrize(("re", "im"), [(0.1, 0.0), (0.06, 0.08), (0.06, -0.08), (-0.1, 0.0)])
def test_equal_frequencies_turn_a_spectator(re: float, im: float, player: int) -> None:
    """A share r exp(i chi) of a quarter turn is r pi/2 about (cos chi, -sin chi)."""
    row = DriveCrosstalk(from_qubit=player, to_qubit=1 - player, re=re, im=im)
    problem = put(plays(player), row, at_hz=FREQUENCIES_HZ[0]).problem
    axis = np.array([[0, row.ratio], [row.ratio.conjugate(), 0]]) / abs(row.ratio)
    half = abs(row.ratio) * np.pi / 4

    found = spectator(problem, player)
    found = found * np.sign(found[0, 0].real)

    assert found == pytest.approx(np.cos(half) * np.eye(2) - 1j * np.sin(half) * axis, abs=1e-9)


def test_the_player_itself_plays_as_before() -> None:
    """Its own tone is not weakened by what leaks, and its line's heat counts once."""
    row = DriveCrosstalk(from_qubit=0, to_qubit=1, re=0.3)
    with_it, without = put(plays(0), row).problem, put(plays(0)).problem

    assert np.array_equal(with_it.tones[0].envelope_rad_s, without.tones[0].envelope_rad_s)
    assert [(t.qubit, t.carrier_of, t.line) for t in with_it.tones] == [(0, 0, 0), (1, 0, 0)]


def test_a_gate_of_one_qubit_does_not_know_of_its_neighbour() -> None:
    """Crosstalk is an error of layers: the gate by itself stays what it was."""
    chip = toy_chip(qubits=2, rabi_hz=1e9)
    leaky = chip.model_copy(update={"drive_crosstalk": BOTH_WAYS})
    keys = {
        problem_key(gate_problem(sx(0), toy_profile(sx(0)), one), (0.0,)) for one in (chip, leaky)
    }

    assert len(keys) == 1


def test_a_share_of_nothing_is_no_share(device: Devices) -> None:
    """Shares of zero pose every gate of a real device as it was without them, bit for bit."""
    lima = device("lima")
    ends = [pair for row in lima.chip.couplings for pair in (row.qubits, row.qubits[::-1])]
    none = tuple(DriveCrosstalk(from_qubit=a, to_qubit=b, re=0.0) for a, b in ends)
    chips = (lima.chip, lima.chip.model_copy(update={"drive_crosstalk": none}))
    gates = [lima.profile.by_id[name] for name in ("sx:1", "cx:0-1", "cx:1-0")]
    gates.append(layer([lima.profile.by_id["sx:0"], lima.profile.by_id["sx:1"]]))

    for gate in gates:
        keys = {problem_key(gate_problem(gate, lima.profile, chip), (0.0,)) for chip in chips}
        assert len(keys) == 1, gate.id


def leaky_lima(device: Devices, gate: Gate | None, levels: int = 3) -> tuple[Chip, Case]:
    """A gate of lima's qubits 0 and 1, both sx if none is given, with crosstalk both ways."""
    lima = device("lima")
    chip = lima.chip.model_copy(update={"drive_crosstalk": BOTH_WAYS})
    gate = gate or layer([lima.profile.by_id["sx:0"], lima.profile.by_id["sx:1"]])
    problem = gate_problem(gate, lima.profile, chip, levels=levels)
    return chip, Case(problem=problem, bath=bath_of(chip, gate.qubits, {}, levels))


@pytest.mark.physics
@pytest.mark.parametrize("phase_rad", [0.0, np.pi / 2])
def test_engines_agree_where_carriers_meet(phase_rad: float, device: Devices, state: State) -> None:
    """Two carriers on either operator of a real pair: Qiskit Dynamics says the same to 1e-8."""
    _, case = leaky_lima(device, None)
    quick = case.fast(phase_rad)

    found = off(quick.superoperator, case.reference(phase_rad))

    state("engines differ by", found)
    assert len(case.problem.tones) == 4
    assert found < 1e-8
    assert found < quick.error_estimate + 5e-10


@pytest.mark.physics
def test_engines_agree_on_a_spectator(device: Devices) -> None:
    """One carrier on both operators of a real pair is exact."""
    row = device("lima").profile.by_id["sx:0"]
    _, case = leaky_lima(device, layer([row, idle(1, row.duration)]))

    assert off(case.fast().superoperator, case.reference()) < 2e-9


def test_pulses_of_a_pairs_gate_reach_both_transmons(device: Devices) -> None:
    """The echo of a cx leaks as any drive does; a cross drive leaks by its own share alone."""
    cx = device("lima").profile.by_id["cx:0-1"]
    bare = gate_problem(cx, device("lima").profile, device("lima").chip, levels=3)
    _, case = leaky_lima(device, cx)

    def ends(problem: GateProblem) -> list[tuple[int, int, int]]:
        return [(tone.qubit, tone.carrier_of, tone.line) for tone in problem.tones]

    more = ends(case.problem)
    for end in ends(bare):
        more.remove(end)
    assert sorted(more) == [(0, 1, 1), (1, 0, 0)]


def test_derivatives_know_of_crosstalk() -> None:
    """A stronger line leaks more: the derivative by its gain is the difference of two gates."""
    gate, step = plays(0), 1e-4
    gain = Parameter(kind="gain", subject="0")

    def answers(factor: float, *wanted: Parameter) -> Sensitivities:
        chip = toy_chip(qubits=2, rabi_hz=factor * 1e9)
        leaky = chip.model_copy(update={"drive_crosstalk": BOTH_WAYS})
        return sensitivities(gate, toy_profile(gate), leaky, wanted, levels=3, phases=1)

    above, below = (answers(1 + sign * step).blocks[0] for sign in (1, -1))
    found = answers(1.0, gain).derivatives[0, 0]

    assert found == pytest.approx((above - below) / (2 * step), abs=1e-6)
