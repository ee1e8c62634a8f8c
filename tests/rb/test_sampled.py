"""Sampled decays agree with the exact one, and repeat."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from qtregress.rb.clifford import Step, concatenate, group_of
from qtregress.rb.composition import blended_survivals, composed_survivals
from qtregress.rb.exact import exact_curve, exact_decay
from qtregress.rb.gateset import (
    SX,
    Complex,
    Gates,
    OneQubitGates,
    PairGates,
    levels_of,
    natives,
)
from qtregress.rb.sampled import (
    SampledTask,
    drawn_survivals,
    estimate,
    paired_difference,
    sampled_decay,
    sampled_task,
    standard_errors,
)
from qtregress.rb.sequences import Circuit, SamplePlan, random_circuits
from qtregress.rb.words import virtual_z_map
from tests.rb.conftest import Bath, random_channel

ONE = SamplePlan(
    lengths=(1, 10, 25, 50, 75, 100, 150, 200, 300, 400), sequences=10, shots=1024, seed=2
)
PAIR = SamplePlan(lengths=(1, 4, 8, 16, 32, 64), sequences=6, shots=1024, seed=2)
HARDWARE = SamplePlan(
    lengths=(1, 40, 80, 120, 200, 300, 400, 550, 750, 1000), sequences=30, shots=1024, seed=1
)
WARM = Bath(t1_s=10e-6, dephasing_s=15e-6)


@pytest.mark.physics
def test_one_qubit_sample_agrees_with_the_exact_decay(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """The bootstrap interval of sampled sequences contains the exact error per Clifford."""
    gates = noisy_qubit(2, bath=WARM, rotation=1.02)
    sampled, exact = sampled_decay(gates, ONE, qubits=(3,)), exact_decay(gates)

    assert sampled.interval is not None
    assert exact.epc is not None
    assert sampled.interval[0] < exact.epc < sampled.interval[1]


@pytest.mark.physics
def test_pair_sample_agrees_with_the_exact_decay(noisy_pair: Callable[..., PairGates]) -> None:
    """The same holds for a pair."""
    gates = noisy_pair((2, 2))
    sampled, exact = sampled_decay(gates, PAIR, qubits=(0, 1)), exact_decay(gates)

    assert sampled.interval is not None
    assert exact.epc is not None
    assert sampled.interval[0] < exact.epc < sampled.interval[1]


@pytest.mark.physics
def test_bootstrap_interval_covers(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Over 12 seeds at least 10 intervals of binomial samples contain the exact value."""
    gates = noisy_qubit(2, bath=WARM, rotation=1.05)
    truth, inside = exact_decay(gates).epc, 0
    assert truth is not None
    for seed in range(12):
        plan = SamplePlan(lengths=(1, 50, 100, 200, 350, 500), sequences=30, shots=1000, seed=seed)
        found = sampled_decay(gates, plan, qubits=(0,)).interval
        inside += found is not None and found[0] < truth < found[1]

    assert inside >= 10


@pytest.mark.physics
def test_initial_population_does_not_move_p(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A thermal start changes the sampled decay by less than its interval."""
    gates, start = noisy_qubit(2, bath=WARM), np.diag([0.85, 0.15]).astype(np.complex128)
    rows = [
        composed_survivals(gates, random_circuits(gates, ONE, qubits=(0,), length=m), initial=start)
        for m in ONE.lengths
    ]
    found, truth = estimate(np.array(rows), ONE, qubits=(0,)), exact_decay(gates).epc

    assert found.interval is not None
    assert truth is not None
    assert found.interval[0] < truth < found.interval[1]


@pytest.mark.physics
def test_paired_difference_holds_the_exact_one(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Half a per cent of T1 shows between two samples whose own errors are ten times larger."""
    sides = [noisy_qubit(2, bath=Bath(t1_s=t1_s)) for t1_s in (10e-6, 9.95e-6)]
    exact = [exact_decay(gates).epc for gates in sides]
    old, new = (sampled_decay(gates, HARDWARE, qubits=(0,)) for gates in sides)
    found = paired_difference(old, new)

    assert found.interval is not None
    assert exact[0] is not None
    assert exact[1] is not None
    assert found.interval[0] < exact[1] - exact[0] < found.interval[1]
    assert old.interval is not None
    assert found.interval[1] - found.interval[0] < 0.1 * (old.interval[1] - old.interval[0])
    assert found.interval[0] > 0


def test_the_error_of_a_difference_is_that_of_its_resamples(
    noisy_qubit: Callable[..., OneQubitGates],
) -> None:
    """A 95 % interval is some four of its standard deviations wide."""
    old, new = (
        sampled_decay(noisy_qubit(2, bath=Bath(t1_s=t1_s)), ONE, qubits=(0,))
        for t1_s in (10e-6, 9e-6)
    )
    found = paired_difference(old, new)

    assert found.interval is not None
    assert found.error is not None
    assert 3 < (found.interval[1] - found.interval[0]) / found.error < 5


def test_more_sequences_begin_with_the_fewer(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A plan that grows plays what it played before, with the same shots, and goes on."""
    gates = noisy_qubit(2, bath=WARM)
    few, many = (
        sampled_decay(gates, replace(ONE, sequences=count), qubits=(0,)) for count in (5, 10)
    )

    assert tuple(row[:5] for row in many.survivals) == few.survivals


def test_equal_gates_differ_by_nothing(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """OLD against itself is exactly zero, whatever the shots."""
    one = sampled_decay(noisy_qubit(2, bath=WARM), ONE, qubits=(0,))

    assert paired_difference(one, one).interval == (0, 0)


@pytest.mark.parametrize(
    ("plan", "qubit"), [(replace(ONE, seed=3), 0), (replace(ONE, shots=1000), 0), (ONE, 1)]
)
def test_unlike_samples_make_no_pair(plan: SamplePlan, qubit: int) -> None:
    """Other seeds, shots or qubits share no sequences, and are refused."""
    old = estimate(np.ones((10, 10)), ONE, qubits=(0,))
    new = estimate(np.ones((10, 10)), plan, qubits=(qubit,))

    with pytest.raises(ValueError, match="must come from one plan"):
        paired_difference(old, new)


def test_a_pair_with_a_dead_side_is_undecided(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Where NEW shows no decay there is no difference, and NEW's status says why."""
    old = sampled_decay(noisy_qubit(2, bath=WARM), ONE, qubits=(0,))
    found = paired_difference(old, estimate(np.ones((10, 10)), ONE, qubits=(0,)))

    assert (found.change, found.interval, found.status) == (None, None, "constant")


def test_aer_plays_the_same_sequences(random_pair: Callable[..., PairGates]) -> None:
    """Survivals of both engines differ by shots alone."""
    gates = random_pair((3, 2), 0, 0.02)
    plan = SamplePlan(lengths=(1, 2, 3, 5), sequences=4, shots=4096, seed=1)
    ours, theirs = (
        np.array(sampled_decay(gates, plan, qubits=(0, 1), engine=engine).survivals)
        for engine in ("composition", "aer")
    )

    np.testing.assert_allclose(ours, theirs, atol=5 * np.sqrt(2 * 0.25 / 4096))
    assert np.ptp(ours) > 0.1


def by_matrices(gates: Gates, circuit: Circuit, state: Complex) -> float:
    """Ground-state probability by complex maps, one after the other."""
    for step in circuit:
        state = natives(gates)[step.native] @ (virtual_z_map(levels_of(gates), step.turns) * state)
    return float(state[0].real)


@pytest.mark.parametrize("levels", [(2, 2), (4, 3)])
def test_batched_composition_is_one_map_after_the_other(
    random_pair: Callable[..., PairGates], levels: tuple[int, int]
) -> None:
    """Circuits of different lengths at once end where each ends alone, from any state."""
    gates, size = random_pair(levels), levels[0] * levels[1]
    circuits = [
        circuit
        for m in (7, 1, 3)
        for circuit in random_circuits(gates, PAIR, qubits=(0, 1), length=m)
    ]
    mixed = random_channel(size, 0.5, np.random.default_rng(1))[:, 0]
    found = composed_survivals(gates, circuits, initial=mixed.reshape(size, size))

    np.testing.assert_allclose(
        [by_matrices(gates, circuit, mixed) for circuit in circuits], found, atol=1e-12
    )


def test_a_blend_plays_the_weighted_maps(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A third cold and two thirds hot is the gate whose map is that mean."""
    cold, hot = noisy_qubit(3), noisy_qubit(3, bath=WARM, rotation=1.1)
    between = replace(cold, sx=cold.sx / 3 + 2 * hot.sx / 3)
    circuits = random_circuits(cold, ONE, qubits=(0,), length=20)
    weights = [np.tile([1 / 3, 2 / 3], (len(circuit), 1)) for circuit in circuits]

    np.testing.assert_allclose(
        composed_survivals(between, circuits),
        blended_survivals([cold, hot], circuits, weights),
        atol=1e-12,
    )


def test_a_map_that_breaks_hermiticity_is_refused() -> None:
    """Real form would silently drop a part of it."""
    wrong = np.eye(4, dtype=np.complex128)
    wrong[1, 0] = 0.1
    gates = OneQubitGates(levels=2, sx=wrong, sx_duration_s=35e-9)

    with pytest.raises(ValueError, match="must keep Hermitian"):
        composed_survivals(gates, random_circuits(gates, ONE, qubits=(0,), length=1))


@pytest.mark.parametrize("control", [0, 1, None])
def test_circuits_are_words_one_after_the_other(
    noisy_qubit: Callable[..., OneQubitGates],
    noisy_pair: Callable[..., PairGates],
    control: int | None,
) -> None:
    """Every circuit is the concatenation of its Cliffords' words, the inverse last."""
    gates = noisy_qubit() if control is None else noisy_pair((2, 2), control)
    group, qubits = group_of(gates), (0,) if control is None else (0, 1)
    seed = np.random.SeedSequence(PAIR.seed, spawn_key=(*qubits, 9, 0))
    draws = np.random.default_rng(seed).integers(group.order, size=(PAIR.sequences, 9)).tolist()
    expected = tuple(
        concatenate(group.word(e) for e in [*row, group.inverse_of(row)]).steps for row in draws
    )

    assert random_circuits(gates, PAIR, qubits=qubits, length=9) == expected


def test_shots_are_binomial() -> None:
    """Mean and variance of drawn survivals are those of the chance."""
    plan = SamplePlan(lengths=(1,), sequences=4000, shots=50, seed=0)
    found = drawn_survivals(np.full((1, 4000), 0.3), plan, qubits=(0,))

    assert found.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 50 / 4000))
    assert found.var() == pytest.approx(0.21 / 50, rel=0.1)


def test_better_gates_never_lose_a_shot() -> None:
    """Equal luck: no sequence that survives more often by chance is found less often."""
    plan = SamplePlan(lengths=(1,), sequences=100, shots=200, seed=0)
    worse, better = (
        drawn_survivals(np.full((1, 100), chance), plan, qubits=(0,)) for chance in (0.7, 0.71)
    )

    assert np.all(better >= worse)
    assert np.any(better > worse)


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("p", [None, 1.0, 0.9999, 0.98, 0.3])
def test_a_task_plays_what_hardware_plays(
    noisy_qubit: Callable[..., OneQubitGates], width: int, p: float | None
) -> None:
    """Thirty sequences of up to ten lengths, whatever the decay, and enough for a fit."""
    task = SampledTask(
        gates=noisy_qubit(), qubits=tuple(range(width)), exact_p=p, seed=0, shots=1024
    )

    assert task.plan.sequences == 30
    assert 8 <= len(task.lengths) <= 10
    assert task.lengths[0] == 1
    assert task.lengths[-1] <= {1: 6000, 2: 200}[width]


def test_a_task_agrees_with_the_exact_decay(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """At hardware settings the interval contains the exact error and is narrow."""
    gates = noisy_qubit(2, bath=WARM)
    exact = exact_decay(gates)
    found = sampled_task(SampledTask(gates=gates, qubits=(0,), exact_p=exact.p, seed=0, shots=1024))

    assert found.interval is not None
    assert exact.epc is not None
    assert found.interval[0] < exact.epc < found.interval[1]
    assert found.interval[1] - found.interval[0] < 0.1 * exact.epc


def test_same_seed_repeats(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """The same plan gives the same survivals."""
    gates = noisy_qubit(3)
    plan = SamplePlan(lengths=(1, 5, 10, 20), sequences=4, shots=100, seed=9)

    assert sampled_decay(gates, plan, qubits=(1,)) == sampled_decay(gates, plan, qubits=(1,))


def test_qubits_have_their_own_streams(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Another qubit draws other sequences from the same seed."""
    gates = noisy_qubit()
    left, right = (random_circuits(gates, ONE, qubits=(q,), length=50) for q in (0, 1))

    assert left != right


def test_lengths_have_their_own_streams(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """A length's sequences are the same whatever other lengths are measured."""
    gates = noisy_qubit()
    fewer = SamplePlan(lengths=(50,), sequences=10, shots=1, seed=ONE.seed)

    assert random_circuits(gates, ONE, qubits=(0,), length=50) == random_circuits(
        gates, fewer, qubits=(0,), length=50
    )


def test_perfect_sequences_return_to_ground(noisy_pair: Callable[..., PairGates]) -> None:
    """Without noise every sequence ends where it started."""
    gates = noisy_pair((3, 3), 1, Bath(t1_s=1e6, dephasing_s=1e6))
    circuits = random_circuits(gates, PAIR, qubits=(0, 1), length=8)

    np.testing.assert_allclose(composed_survivals(gates, circuits), 1, atol=1e-9)


def test_composed_mean_is_the_exact_curve(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """Many composed sequences average to the exact survival, leakage included."""
    gates = noisy_qubit(3, rotation=1.1)
    plan = SamplePlan(lengths=(5,), sequences=2000, shots=1, seed=4)
    survivals = composed_survivals(gates, random_circuits(gates, plan, qubits=(0,), length=5))
    error = survivals.std() / np.sqrt(2000)

    assert survivals.mean() == pytest.approx(exact_curve(gates, [5])[0], abs=4 * error)


def test_steps_carry_the_virtual_z(noisy_qubit: Callable[..., OneQubitGates]) -> None:
    """One-qubit circuits consist of sx after one of four quarter turns."""
    circuits = random_circuits(noisy_qubit(), ONE, qubits=(0,), length=200)

    assert {Step(SX, (k,)) for k in range(4)} == {step for circuit in circuits for step in circuit}


def test_dead_readout_has_no_error() -> None:
    """Survivals of exactly 1 at all lengths are undecided, not perfect."""
    found = estimate(np.ones((10, 10)), ONE, qubits=(0,))

    assert (found.epc, found.interval, found.status) == (None, None, "constant")


def test_errors_never_fall_below_the_shots() -> None:
    """Equal survivals still carry the scatter of their shots."""
    errors = standard_errors(np.full((1, 10), 0.5), 100)

    assert errors[0] == pytest.approx(np.sqrt(0.25 / 1000 * 9 / 7), rel=1e-6)


def test_few_sequences_are_refused() -> None:
    """Three sequences give no error bar."""
    with pytest.raises(ValueError, match="sequences must be at least 4"):
        SamplePlan(lengths=(1, 2, 3, 4), sequences=3, shots=10, seed=0)


def test_no_shots_are_refused() -> None:
    """Lengths and shots start at 1."""
    with pytest.raises(ValueError, match="must be positive"):
        SamplePlan(lengths=(0, 2, 3, 4), sequences=4, shots=10, seed=0)
