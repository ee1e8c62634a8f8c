"""Simultaneous benchmarking against explicit sums, whole sequences and closed forms."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from scipy.linalg import expm

from qtregress.channels.coherence import coherence_limit
from qtregress.rb.clifford import LOCALS, layers, one_qubit_group
from qtregress.rb.coordinates import adjoint_action
from qtregress.rb.exact import exact_decay
from qtregress.rb.from_channels import gate_sets, swapped
from qtregress.rb.gateset import (
    CX,
    ID_SX,
    SX_ID,
    SX_SX,
    Complex,
    OneQubitGates,
    PairGates,
    ideal_images,
    sx_image,
)
from qtregress.rb.simultaneous import (
    Both,
    Mean,
    Real,
    epc_among_neighbours,
    judge_mean,
    pair_sequences_mean,
    simultaneous_decays,
    waiting_layers,
)
from qtregress.rb.words import play_word
from tests.rb.conftest import (
    LAYER_S,
    SX_S,
    Bath,
    generator,
    jumps,
    on_levels,
    pair_of,
    unitary_map,
)
from tests.small import old

pytestmark = pytest.mark.physics

LEFT: Both = (True, False)
RIGHT: Both = (False, True)
TOGETHER: Both = (True, True)
PULSES = ((0, 1 / 6), (1, 2 / 3), (2, 1 / 6))
"""Pulse counts of a Clifford with their chances."""
IMAGES = ideal_images(transmons=2)


def all_maps(gates: PairGates, playing: Both) -> Complex:
    """The map of every element that is played, the right qubit's Clifford running faster."""
    left, right = (LOCALS if plays else LOCALS[:1] for plays in playing)
    return np.array([play_word(gates, layers(a, b)) for a, b in product(left, right)])


def explicit_mean(gates: PairGates, seen: Both, playing: Both) -> Complex:
    """The mean of adj kron S, one element at a time."""
    adjoint = [adjoint_action(unitary) for unitary in one_qubit_group().unitaries]
    elements = product(*(range(24 if plays else 1) for plays in playing))
    one, total = np.eye(1), np.zeros((1, 1), dtype=np.complex128)
    maps = all_maps(gates, playing)
    for (a, b), played in zip(elements, maps, strict=True):
        action = np.kron(adjoint[a] if seen[0] else one, adjoint[b] if seen[1] else one)
        total = total + np.kron(action, played)
    return np.asarray(total / len(maps))


def power_traces(matrix: Complex) -> list[complex]:
    """Sums of powers of the eigenvalues, to which zeros add nothing."""
    return [complex(np.trace(np.linalg.matrix_power(matrix, k))) for k in range(1, 6)]


def left_signal(gates: PairGates, lengths: int) -> Real:
    """Mean Z of the left qubit after 1 to ``lengths`` Cliffords and their inverse, in full.

    One unnormalised state for every element that the sequence so far may amount to.
    """
    group, maps = one_qubit_group(), all_maps(gates, TOGETHER)
    own = np.array([[group.find(g.conj().T @ h) for h in group.unitaries] for g in group.unitaries])
    before = 24 * np.repeat(np.repeat(own, 24, 0), 24, 1) + np.tile(own, (24, 24))
    states = np.zeros((576, maps.shape[1]), dtype=np.complex128)
    states[0, 0] = 1
    signs = np.kron(np.where(np.arange(gates.levels[0]) == 0, 1, -1), np.ones(gates.levels[1]))
    closed = np.diag(signs).reshape(-1) @ maps[before[:, 0]]
    found = []
    for _ in range(lengths):
        states = np.sum([states[before[g]] @ maps[g].T for g in range(576)], axis=0) / 576
        found.append(float(np.sum(closed * states).real))
    return np.array(found)


def depolarising(left: float, right: float) -> Complex:
    """The map that keeps these fractions of either qubit's traceless operators."""
    keeps = np.array(np.kron(np.diag([1, left, left, left]), np.diag([1, right, right, right])))
    one = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    paulis = np.array([np.kron(a, b).reshape(-1) / 2 for a, b in product(one, one)])
    return np.asarray(paulis.T @ keeps @ paulis.conj(), dtype=np.complex128)


def noisy(noise: dict[str, Complex], levels: tuple[int, int] = (2, 2)) -> PairGates:
    """Perfect layers, each followed by its noise."""
    perfect = {name: unitary_map(on_levels(image, levels)) for name, image in IMAGES.items()}
    return pair_of(
        {name: noise.get(name, np.eye(len(played))) @ played for name, played in perfect.items()},
        levels,
        0,
    )


def turning(angle_rad: float) -> Complex:
    """A phase on |11>, as static ZZ leaves it."""
    return unitary_map(np.diag([1, 1, 1, np.exp(-1j * angle_rad)]))


@pytest.mark.parametrize(
    ("levels", "seen", "playing"),
    [
        ((2, 2), TOGETHER, TOGETHER),
        ((3, 2), LEFT, TOGETHER),
        ((3, 2), RIGHT, TOGETHER),
        ((3, 2), LEFT, LEFT),
        ((3, 2), RIGHT, RIGHT),
    ],
)
def test_the_small_mean_has_the_spectrum_of_the_whole(
    random_pair: Callable[..., PairGates], levels: tuple[int, int], seen: Both, playing: Both
) -> None:
    """Nine patterns of pulses stand for all 576 elements, whatever the errors are."""
    gates = random_pair(levels, 0, 0.3)
    whole = explicit_mean(gates, seen, playing)
    small = pair_sequences_mean(gates, seen=seen, playing=playing).matrix

    np.testing.assert_allclose(power_traces(small), power_traces(whole), rtol=1e-10, atol=1e-12)


def test_whole_sequences_decay_so() -> None:
    """All sequences together, with their inverses, decay by p a Clifford."""
    noise = {
        SX_SX: turning(0.06) @ depolarising(0.999, 0.996),
        SX_ID: turning(0.04) @ depolarising(0.999, 1),
        ID_SX: turning(0.05) @ depolarising(1, 0.997),
    }
    gates = noisy(noise)
    signal = left_signal(gates, 6)
    found = simultaneous_decays(gates).qubits[0].simultaneous.p

    assert found is not None
    assert 1 - signal[5] / signal[4] == pytest.approx(1 - found, rel=2e-3)


def test_the_signal_has_the_weight_of_its_mode() -> None:
    """Perfect gates give the left qubit's Z all the signal, one third a Pauli operator."""
    mean = pair_sequences_mean(noisy({}), seen=LEFT)
    powers = [np.linalg.matrix_power(mean.matrix, m) for m in (1, 2, 9)]

    assert [3 * mean.seen @ power @ mean.start for power in powers] == pytest.approx([1, 1, 1])


def test_depolarising_natives_have_their_closed_form() -> None:
    """Each qubit keeps the mean over pulse patterns of the product of what its layers keep."""
    kept = {SX_SX: (0.99, 0.97), SX_ID: (0.995, 1.0), ID_SX: (1.0, 0.993)}
    gates = noisy({name: depolarising(*pair) for name, pair in kept.items()})
    names = {(True, True): SX_SX, (True, False): SX_ID, (False, True): ID_SX}
    expected, both = np.zeros(2), 0.0
    for (left, a), (right, b) in product(PULSES, PULSES):
        played = [kept[names[k < left, k < right]] for k in range(max(left, right))]
        keeps = np.prod([(1.0, 1.0), *played], axis=0)
        expected += a * b * keeps
        both += a * b * np.prod(keeps)

    found = simultaneous_decays(gates)
    assert [one.simultaneous.p for one in found.qubits] == pytest.approx(expected, abs=1e-12)
    assert found.correlated.p == pytest.approx(both, abs=1e-12)
    assert found.correlated.excess == pytest.approx(both - np.prod(expected), abs=1e-12)


def test_isolated_depolarising_has_its_closed_form() -> None:
    """While the neighbour idles, p = (4 + 16 x + 4 x**2)/24."""
    x = 0.995
    gates = noisy({SX_ID: depolarising(x, 1), SX_SX: depolarising(0.9, 0.9)})

    found = simultaneous_decays(gates).qubits[0].isolated.p
    assert found == pytest.approx((4 + 16 * x + 4 * x**2) / 24, abs=1e-12)


def test_errors_of_pulses_alone_are_not_correlated() -> None:
    """Where each pulse errs alike whatever the neighbour plays, nothing is added."""
    kept = {SX_SX: (0.99, 0.97), SX_ID: (0.99, 1.0), ID_SX: (1.0, 0.97)}
    found = simultaneous_decays(noisy({name: depolarising(*pair) for name, pair in kept.items()}))

    assert [one.addressability for one in found.qubits] == pytest.approx([0, 0], abs=1e-12)
    assert found.correlated.excess == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("levels", [(2, 2), (3, 3), (4, 2)])
def test_perfect_gates_do_not_err(levels: tuple[int, int]) -> None:
    """Perfect gates have p = 1, although levels that nothing reaches stay for ever, too."""
    found = simultaneous_decays(noisy({}, levels))
    decays = [decay for one in found.qubits for decay in (one.simultaneous, one.isolated)]

    assert [decay.epc for decay in decays] == pytest.approx([0] * 4, abs=1e-12)
    assert found.correlated.epc == pytest.approx(0, abs=1e-12)


def test_alone_with_an_idle_neighbour_is_alone(noisy_pair: Callable[..., PairGates]) -> None:
    """Without coupling the isolated decay is that of the qubit's own gates."""
    bath, levels = Bath(photons=0.05), 3
    idle = generator(np.zeros((levels, levels), dtype=np.complex128), jumps(levels, bath))
    pulse = unitary_map(on_levels(sx_image(), (levels,)))
    own = OneQubitGates(levels=levels, sx=expm(idle * LAYER_S) @ pulse, sx_duration_s=SX_S)
    found = simultaneous_decays(noisy_pair((levels, 2), bath=bath)).qubits[0].isolated

    assert found.p == pytest.approx(exact_decay(own).p, abs=1e-12)


def test_without_coupling_only_waiting_is_added(noisy_pair: Callable[..., PairGates]) -> None:
    """T1 and T2 add the coherence limit of the layers that a qubit waits for the other."""
    bath = Bath(t1_s=6e-3, dephasing_s=8e-3)
    t2_s = 1 / (0.5 / bath.t1_s + 1 / bath.dephasing_s)
    waits = waiting_layers(2) * coherence_limit(LAYER_S, [(bath.t1_s, t2_s)])

    for one in simultaneous_decays(noisy_pair(bath=bath)).qubits:
        assert one.addressability == pytest.approx(waits, rel=1e-3)


def test_waiting_is_a_matter_of_counting() -> None:
    """The largest of n pulse counts, averaged over all of them, less one."""
    for players in (1, 2, 3):
        every = product(PULSES, repeat=players)
        longest = sum(
            max(count for count, _ in one) * np.prod([chance for _, chance in one]) for one in every
        )
        assert waiting_layers(players) == pytest.approx(longest - 1, abs=1e-12)


def test_static_zz_shows_only_where_both_play() -> None:
    """A neighbour in its ground state shifts nothing; one that plays costs angle**2/12."""
    angle_rad = 0.03
    gates = noisy(dict.fromkeys((SX_SX, SX_ID, ID_SX), turning(angle_rad)))
    layers_each = 1 + waiting_layers(2)

    for one in simultaneous_decays(gates).qubits:
        assert one.isolated.epc == pytest.approx(0, abs=1e-12)
        assert one.addressability == pytest.approx(layers_each * angle_rad**2 / 12, rel=0.1)


def test_pair_error_counts_both_qubits_and_their_correlation() -> None:
    """Errors after every layer alike give the pair's 1 - F_avg of the pulses in a Clifford."""
    left, right = 0.9995, 0.999
    kept = {SX_SX: (left, right), SX_ID: (left, 1.0), ID_SX: (1.0, right)}
    found = simultaneous_decays(noisy({name: depolarising(*pair) for name, pair in kept.items()}))
    # One pulse on the average: 1 - F_avg of depolarising both is 4/5 of what is lost of 16.
    process = np.prod([(1 + 3 * keeps) / 4 for keeps in (left, right)])

    assert found.correlated.epc == pytest.approx(4 / 5 * (1 - process), rel=1e-3)


def conditional(ground: float, excited: float, flip: float) -> Complex:
    """The left qubit keeps one of two fractions by the state of the right one, which flips."""
    swap = np.zeros((16, 16), dtype=np.complex128)
    units = np.arange(16).reshape(2, 2, 2, 2)
    keeps = depolarising(0.0, 1.0)
    for state, kept in enumerate((ground, excited)):
        inside = units[:, state, :, state].reshape(-1)
        for to, share in ((state, 1 - flip), (1 - state, flip)):
            target = units[:, to, :, to].reshape(-1)
            one = kept * np.eye(4) + (1 - kept) * keeps[np.ix_(inside, inside)]
            swap[np.ix_(target, inside)] += share * one
    return swap


def test_an_idle_neighbour_that_stays_in_its_ground_state_counts_there() -> None:
    """How the qubit would decay by an excited neighbour is not what the survival shows."""
    x, slower = 0.95, 0.999
    found = simultaneous_decays(noisy({SX_ID: conditional(x, slower, 0.0)})).qubits[0].isolated

    assert found.p == pytest.approx((4 + 16 * x + 4 * x**2) / 24, abs=1e-12)


def test_a_neighbour_that_changes_its_state_leaves_no_single_decay() -> None:
    """Two visible constants are no constant: there is no value and a reason."""
    found = simultaneous_decays(noisy({SX_ID: conditional(0.96, 0.99, 0.005)})).qubits[0]

    assert found.isolated.status == "crowded"
    assert found.isolated.epc is None
    assert found.addressability is None


def test_pulses_that_err_completely_have_no_decay() -> None:
    """After a third of a turn too many there is a status, and no numbers, on that side."""
    phase = np.exp(2j * np.pi / 3)
    third = unitary_map(np.diag([1, 1, phase, phase]))
    found = simultaneous_decays(noisy({SX_SX: third, SX_ID: third}))

    assert found.qubits[0].isolated.status == "complex"
    assert found.qubits[0].addressability is None
    assert found.correlated.excess is None
    assert found.correlated.epc is None
    assert found.qubits[1].addressability == pytest.approx(0, abs=1e-12)


def test_no_exponential_has_no_constant() -> None:
    """Signals like m p**m or none at all are told from exponentials."""
    look, slips = np.array([1, 0], dtype=np.complex128), np.array([[0.9, 0.1], [0, 0.9]])
    growing = Mean(matrix=slips.astype(np.complex128), start=np.array([0, 1j]), seen=look)
    nothing = Mean(matrix=np.zeros((2, 2), dtype=np.complex128), start=look, seen=look)

    assert judge_mean(growing).status == "crowded"
    assert judge_mean(nothing).status == "complex"


def test_exchanged_qubits_exchange_their_decays(random_pair: Callable[..., PairGates]) -> None:
    """The pair written in the other order gives the same decays in the other order."""
    gates = random_pair((3, 2))
    maps = {
        SX_SX: swapped(gates.sx_sx, (3, 2)),
        SX_ID: swapped(gates.id_sx, (3, 2)),
        ID_SX: swapped(gates.sx_id, (3, 2)),
        CX: swapped(gates.native_map, (3, 2)),
    }
    found, other = simultaneous_decays(gates), simultaneous_decays(pair_of(maps, (2, 3), 1))

    for one, same in zip(found.qubits, reversed(other.qubits), strict=True):
        assert one.simultaneous.p == pytest.approx(same.simultaneous.p, abs=1e-12)
        assert one.isolated.p == pytest.approx(same.isolated.p, abs=1e-12)


def test_neighbours_add_up_and_waiting_counts_once() -> None:
    """Two neighbours that only make a qubit wait make it wait for the longest of three."""
    idle_error = 1e-4
    each = waiting_layers(2) * idle_error

    found = epc_among_neighbours(3e-4, [each, each], idle_error=idle_error)
    assert found == pytest.approx(3e-4 + waiting_layers(3) * idle_error, abs=1e-15)
    assert epc_among_neighbours(3e-4, [2e-4], idle_error=idle_error) == pytest.approx(5e-4)


def test_lima_qubits_err_more_while_their_neighbour_plays() -> None:
    """On a real device isolated is the qubit's own error, and ZZ costs more than waiting."""
    measurement, _ = old(0, 1)
    gates = gate_sets(measurement.plan, measurement.channels)[0, 1]
    assert isinstance(gates, PairGates)
    found = simultaneous_decays(gates)

    for index, one in enumerate(found.qubits):
        qubit = measurement.chip.qubit(index)
        waiting = waiting_layers(2) * coherence_limit(
            gates.layer_duration_s, [(qubit.t1_s, qubit.t2_s)]
        )
        assert one.isolated.epc == pytest.approx(measurement.decays[index,].epc, rel=2e-3)
        assert one.addressability is not None
        assert 2 * waiting < one.addressability < 4 * waiting
