"""Mirror benchmarking: right outcomes, known polarisations, composition, and what is refused."""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtregress.channels.ideal import NOMINAL
from qtregress.metrics.collect import ERROR_TOLERANCE
from qtregress.metrics.measurement import Measurement
from qtregress.rb.aer import outcomes
from qtregress.rb.canary import Idle, Noise, idle_map, noise_of
from qtregress.rb.gateset import Complex
from qtregress.rb.mirror import (
    LARGEST,
    MirrorDecay,
    MirrorGates,
    MirrorPlan,
    PairGate,
    effective_polarisation,
    fit_polarisations,
    mirror_decay,
    mirror_gates,
    mirror_plan,
    random_mirror,
    why_not_mirrored,
)
from tests import small
from tests.rb.conftest import unitary_map

pytestmark = pytest.mark.physics

SX_S, CX_S = 35e-9, 300e-9
QUIET = Idle(down=0.0, up=0.0, dephasing=0.0, detuning_hz=0.0)
TEE = ((0, 1), (2, 1), (1, 3), (4, 3))
SX = unitary_map(NOMINAL["sx"])
CX = unitary_map(NOMINAL["cx"])
DEPTHS = (0, 2, 4, 8, 16, 24)


def depolarised(superoperator: Complex, polarisation: float) -> Complex:
    """The map, then as much of the maximally mixed state as one less the polarisation."""
    d = math.isqrt(len(superoperator))
    one = np.eye(d).reshape(-1)
    mixing = (1 - polarisation) * np.outer(one, one) / d
    return np.asarray((polarisation * np.eye(d * d) + mixing) @ superoperator)


def register(
    qubits: int, pairs: Iterable[tuple[int, int]] = (), *, sx: Complex = SX, cx: Complex = CX
) -> MirrorGates:
    """Equal qubits that wait without loss, and equal cx gates."""
    return MirrorGates(
        qubits=tuple(range(qubits)),
        sx=(sx,) * qubits,
        sx_duration_s=(SX_S,) * qubits,
        idles=(QUIET,) * qubits,
        pairs=tuple(PairGate(control=c, target=t, cx=cx, duration_s=CX_S) for c, t in pairs),
    )


def short(*, depths: tuple[int, ...] = DEPTHS, circuits: int = 20, seed: int = 1) -> MirrorPlan:
    """A plan of a thousand shots."""
    return MirrorPlan(depths=depths, circuits=circuits, shots=1000, seed=seed)


def known(decay: MirrorDecay) -> tuple[float, float, float]:
    """Layer error, and its 95 % interval, which must be known."""
    assert decay.status == "ok"
    assert decay.layer_error is not None
    assert decay.interval is not None
    return decay.layer_error, *decay.interval


def within_three_sigma(found: MirrorDecay, wanted: float) -> bool:
    """Whether the layer error is that, by its own error bar."""
    value, low, high = known(found)
    return abs(value - wanted) < 3 * (high - low) / (2 * 1.96)


# Circuits


@pytest.mark.parametrize("seed", range(3))
def test_perfect_gates_are_always_right(seed: int) -> None:
    """Five qubits in a tee, at every depth: all shots in the one right outcome, no decay."""
    found = mirror_decay(register(5, TEE), short(circuits=4, seed=seed))

    np.testing.assert_array_equal(found.successes, 1.0)
    np.testing.assert_allclose(found.polarisations, 1.0, atol=1e-12)
    assert (found.status, found.p, found.layer_error) == ("constant", None, None)


def test_a_mirror_looks_alike_from_both_ends() -> None:
    """The same pairs play forwards and backwards, none twice in a layer, nobody at the turn."""
    gates = register(5, TEE)
    circuit = random_mirror(gates, 200, np.random.default_rng(2))

    assert circuit.cliffords.shape == (202, 5)
    assert circuit.pairs[100] == ()
    assert circuit.pairs == circuit.pairs[::-1]
    assert {pair for layer in circuit.pairs for pair in layer} == {0, 1, 2, 3}
    for layer in circuit.pairs:
        qubits = [q for k in layer for q in TEE[k]]
        assert len(set(qubits)) == len(qubits)


def test_right_outcomes_are_random() -> None:
    """Over circuits each of the four outcomes is about as often the right one."""
    gates, rng = register(2, [(0, 1)]), np.random.default_rng(3)
    targets = [random_mirror(gates, 4, rng).target for _ in range(400)]

    assert np.bincount(targets, minlength=4) == pytest.approx(np.full(4, 100), abs=40)


# Polarisation


def test_polarisation_of_certain_and_of_random_outcomes() -> None:
    """One if always right, zero if all outcomes are as likely."""
    right = np.zeros(8)
    right[5] = 1

    assert effective_polarisation(right, 5) == pytest.approx(1)
    assert effective_polarisation(np.full(8, 1 / 8), 5) == pytest.approx(0, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.integers(0, 31))
def test_polarisation_of_local_depolarisation(polarisations: list[float], target: int) -> None:
    """It gives the entanglement fidelity Prod (1 + 3 f) / 4 of qubits that depolarise alone."""
    n = len(polarisations)
    target %= 2**n
    chances = np.array(
        [
            math.prod(
                (1 - f) / 2 if (k ^ target) >> q & 1 else (1 + f) / 2
                for q, f in enumerate(polarisations)
            )
            for k in range(2**n)
        ]
    )
    fidelity = math.prod((1 + 3 * f) / 4 for f in polarisations)
    wanted = (4**n * fidelity - 1) / (4**n - 1)

    assert effective_polarisation(chances, target) == pytest.approx(wanted, abs=1e-12)


# Known errors


@pytest.mark.parametrize("engine", ["aer", "composition"])
def test_depolarising_cx_give_their_polarisation(engine: str) -> None:
    """Two qubits, perfect sx: a layer and its mirror keep f**2 as often as cx plays in them."""
    f = 0.95
    gates = register(2, [(0, 1)], cx=depolarised(CX, f))
    plan = short(circuits=40, depths=(0, 4, 8, 16, 32, 50))
    found = mirror_decay(gates, plan, engine="aer" if engine == "aer" else "composition")
    p = math.sqrt((1 + f**2) / 2)

    assert within_three_sigma(found, 15 / 16 * (1 - p))
    assert found.p is not None
    assert found.layer_error == pytest.approx(15 / 16 * (1 - found.p), rel=1e-12)
    assert found.amplitude == pytest.approx(1, abs=0.01)


def test_every_circuit_of_depolarising_cx_is_known() -> None:
    """Its polarisation is f to the number of its cx, which composition says exactly."""
    f = 0.9
    gates = register(2, [(1, 0)], cx=depolarised(CX, f))
    plan = short(circuits=10)
    played = np.array(mirror_decay(gates, plan).polarisations)
    composed = np.array(mirror_decay(gates, plan, engine="composition").polarisations)
    counts = np.log(composed) / math.log(f)

    np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
    assert counts.max() > 6
    # Five standard deviations of a thousand shots, whose polarisations spread by at most 0.65.
    np.testing.assert_allclose(played, composed, atol=5 * 0.65 / math.sqrt(1000))


def test_local_errors_of_three_qubits() -> None:
    """Depolarising sx without cx: three decays (1 + 3 f) / 4 side by side, shot by shot."""
    gates = register(3, sx=depolarised(SX, 0.99))
    found = mirror_decay(gates, short())
    # Two layers undo each other with as many pulses but for the Paulis, one a qubit in the mean.
    wanted = [((1 + 3 * 0.99 ** (depth + 2)) / 4) ** 3 for depth in DEPTHS]
    means = np.mean(found.polarisations, axis=1)

    np.testing.assert_allclose(means, (64 * np.array(wanted) - 1) / 63, atol=0.015)


def test_coherent_errors_neither_echo_nor_add_up() -> None:
    """Cx that turn too far lose what a random mixture of Paulis of their fidelity would."""
    # A rotation about ZX commutes with cx: without random Paulis both halves would add it up.
    zx = np.kron(np.diag([1, -1]), NOMINAL["x"])
    turned = np.cos(0.1) * np.eye(4) + 1j * np.sin(0.1) * zx
    gates = register(2, [(0, 1)], cx=unitary_map(turned) @ CX)
    plan = short(circuits=30, depths=(0, 10, 20, 40, 60, 90))
    composed, _, _ = known(mirror_decay(gates, plan, engine="composition"))

    assert within_three_sigma(mirror_decay(gates, plan), composed)


def test_waiting_costs() -> None:
    """Qubits beside a cx relax for as long as it takes; composition says by how much."""
    idle = replace(QUIET, down=1 / 20e-6, dephasing=1 / 40e-6)
    cx = np.asarray(CX)
    gates = replace(register(3, [(0, 1), (1, 2)], cx=cx), idles=(QUIET, QUIET, idle))
    found = mirror_decay(gates, short(), engine="composition")
    waits = (np.trace(idle_map(idle, CX_S)).real / 4, np.trace(idle_map(idle, SX_S)).real / 4)
    value, _, _ = known(found)

    # The first pair plays in a quarter of all layers; pulses wait for one another now and then.
    assert (1 - waits[0]) / 4 * 0.8 < value < (1 - waits[0]) / 4 + 2 * (1 - waits[1])


# A real pair


def noise_from(measurement: Measurement) -> Noise:
    """The noise of a measured profile, cold."""
    return noise_of(
        measurement.plan,
        measurement.channels,
        measurement.profile,
        measurement.chip,
        error_tolerance=ERROR_TOLERANCE,
    )


def test_aer_and_composition_agree_on_a_real_pair() -> None:
    """Lima's 0 and 1: within three standard deviations, at depths that fit their decay."""
    measurement, _ = small.old(0, 1)
    noise = noise_from(measurement)
    assert why_not_mirrored((0, 1), measurement.plan, noise) == ""
    gates = mirror_gates((0, 1), measurement.plan, measurement.channels, noise)
    plan = mirror_plan(gates, seed=7, circuits=6)
    composed, _, _ = known(mirror_decay(gates, plan, engine="composition"))
    cx = 1 - np.vdot(CX, gates.pairs[0].cx).real / 16

    # It plays in half of all layers; pulses and waits come on top.
    assert cx / 2 < composed < cx
    assert within_three_sigma(mirror_decay(gates, plan), composed)


def test_same_seeds_repeat_and_others_do_not() -> None:
    """Circuits and shots follow from the seed."""
    gates = register(2, [(0, 1)], cx=depolarised(CX, 0.95))
    first, again, other = (mirror_decay(gates, short(seed=k, circuits=4)) for k in (4, 4, 5))

    assert first == again
    assert first.polarisations != other.polarisations


def test_depths_reach_where_the_decay_is_seen() -> None:
    """From zero to 1.7 decay lengths, even and all different, also for hopeless gates."""
    gates = register(2, [(0, 1)], cx=depolarised(CX, 0.9))
    bad = register(2, [(0, 1)], sx=depolarised(SX, 0.0), cx=depolarised(CX, 0.0))

    assert mirror_plan(gates, seed=0).depths[-1] == pytest.approx(1.7 / 0.05, rel=0.2)
    assert mirror_plan(bad, seed=0).depths == (0, 2, 4, 6, 8, 10)
    assert mirror_plan(register(2, [(0, 1)]), seed=0).depths[-1] == 300


@settings(max_examples=20, deadline=None)
@given(st.floats(0.8, 0.995), st.floats(0.9, 1.0), st.integers(2, 8))
def test_a_given_decay_is_found(p: float, amplitude: float, qubits: int) -> None:
    """The fit reads p and A/2 of polarisations without scatter."""
    plan = short(depths=(0, 4, 10, 20, 50, 100))
    rows = np.repeat(amplitude * p ** np.array(plan.depths)[:, None], plan.circuits, axis=1)
    fit = fit_polarisations(rows, plan, qubits=qubits)

    assert fit.p == pytest.approx(p, rel=1e-6)
    assert fit.amplitude == pytest.approx(amplitude / 2, rel=1e-6)


# What is not known or refused


def test_gates_without_a_noise_model_are_named() -> None:
    """With the reason; so are qubits that no trusted cx reaches."""
    measurement, _ = small.old(0, 1)
    noise, plan = noise_from(measurement), measurement.plan

    def without(name: str, reason: str) -> Noise:
        maps = {key: one for key, one in noise.maps.items() if key != name}
        return replace(noise, maps=maps, refused={name: reason})

    assert why_not_mirrored((0, 1), plan, without("sx:1", "not fitted")) == (
        "sx:1 has no noise model: not fitted"
    )
    assert why_not_mirrored((0, 1), plan, without("cx:0-1", "rough")) == (
        "cx:0-1 has no noise model: rough"
    )
    assert why_not_mirrored((0, 1), replace(plan, pairs={}), noise) == (
        "no chain of simulated cx gates leads from qubit 0 to 1"
    )
    assert "at least two different qubits" in why_not_mirrored((0, 0), plan, noise)
    assert why_not_mirrored((0, 1), plan, replace(noise, idles={0: QUIET})) == (
        "nobody knows how qubit 1 waits"
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"depths": (0, 2, 3, 4)}, "depths must be even"),
        ({"depths": (-2, 0, 2, 4)}, "not negative"),
        ({"circuits": 3}, "circuits must be at least 4"),
        ({"shots": 0}, "shots positive"),
    ],
)
def test_plans_without_an_error_bar_are_refused(change: dict[str, object], why: str) -> None:
    """With what is wrong."""
    good: dict[str, object] = {"depths": DEPTHS, "circuits": 4, "shots": 1, "seed": 0}
    with pytest.raises(ValueError, match=why):
        MirrorPlan(**{**good, **change})  # type: ignore[arg-type]


def test_what_does_not_fit_is_composed_only() -> None:
    """Nine qubits are too many for a density matrix, not for composition."""
    line = [(k, k + 1) for k in range(LARGEST)]
    gates = register(LARGEST + 1, line, cx=depolarised(CX, 0.97))
    plan = short(circuits=10)
    with pytest.raises(ValueError, match=r"^qubits must be at most 8 for engine aer, but are 9"):
        mirror_decay(gates, plan)
    found = mirror_decay(gates, plan, engine="composition")

    assert found.successes == ()
    assert known(found)[0] > 0.02


def test_shots_that_are_missing_are_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aer that counts fewer shots than asked for is a defect, not a decay."""

    def fewer(*args: object, **options: object) -> object:
        chances, counts = outcomes(*args, **options)  # type: ignore[arg-type]
        return chances, None if counts is None else counts // 2

    monkeypatch.setattr("qtregress.rb.aer.outcomes", fewer)
    with pytest.raises(RuntimeError, match="must draw every shot"):
        mirror_decay(register(2, [(0, 1)]), short(circuits=4))
