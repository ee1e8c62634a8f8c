"""Layer fidelity and EPLG: chains, layers, closed forms, and what is not known."""

import math
from dataclasses import replace
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.channels.channel import Complex, GateChannel, leakage
from qtregress.channels.coherence import coherence_limit
from qtregress.channels.ideal import ideal_image
from qtregress.channels.plan import Plan
from qtregress.metrics.collect import ERROR_TOLERANCE
from qtregress.pulses.profile import Gate
from qtregress.rb.canary import Idle, Noise, idle_map, noise_of
from qtregress.rb.layer_fidelity import (
    best_layer_fidelities,
    chains,
    disjoint_layers,
    layer_fidelity,
    left_out,
    waiting_fidelity,
)
from tests import small
from tests.rb.conftest import unitary_map

pytestmark = pytest.mark.physics

NS = 1e-9
US = 1e-6
T1_S, T2_S = 100 * US, 80 * US
IDLE = Idle(down=1 / T1_S, up=0.0, dephasing=1 / T2_S - 0.5 / T1_S, detuning_hz=0.0)
ZZ: Complex = np.diag(np.array([1, -1, -1, 1], dtype=complex))


def crossing(control: int, target: int, *, angle_rad: float, duration_s: float) -> GateChannel:
    """A cx of two-level qubits that turns by exp(-i angle ZZ) too much: F_pro = cos(angle)**2."""
    ideal = ideal_image("cx")
    assert ideal is not None
    unitary = np.diag(np.exp(-1j * angle_rad * np.diag(ZZ))) @ ideal
    return GateChannel(
        gate=f"cx:{control}-{target}",
        qubits=(control, target),
        levels=(2, 2),
        computational=np.arange(4),
        blocks=unitary[None],
        superoperator=unitary_map(unitary),
        at_load=None,
        duration_s=duration_s,
        error_estimate=0.0,
    )


def device(*gates: GateChannel, refused: dict[str, str] | None = None) -> tuple[Plan, Noise]:
    """A plan of these gates and a noise model that trusts them all."""
    pairs = {
        (min(one.qubits), max(one.qubits)): Gate(name="cx", qubits=one.qubits, duration=1)
        for one in gates
    }
    plan = Plan(gates=tuple(pairs.values()), refused=refused or {}, layers=(), pairs=pairs)
    maps = {one.gate: one.superoperator for one in gates}
    qubits = {qubit for one in gates for qubit in one.qubits}
    return plan, Noise(maps=maps, idles=dict.fromkeys(qubits, IDLE), refused=refused or {})


def by_id(*gates: GateChannel) -> dict[str, GateChannel]:
    """Channels by gate id."""
    return {one.gate: one for one in gates}


LINE = (
    crossing(0, 1, angle_rad=0.10, duration_s=300 * NS),
    crossing(2, 1, angle_rad=0.15, duration_s=400 * NS),
    crossing(2, 3, angle_rad=0.05, duration_s=500 * NS),
)
"""A line of four qubits, its middle gate against the grain."""


def waits(duration_s: float) -> float:
    """Process fidelity of waiting at T1 and T2 alone, from the average gate error."""
    return 1 - coherence_limit(duration_s, [(T1_S, T2_S)]) * 3 / 2


# Chains and layers


def test_chains_of_a_tee() -> None:
    """Lima's four couplings have four chains of two, four of three and two of four qubits."""
    found = list(chains(dict.fromkeys([(0, 1), (1, 2), (1, 3), (3, 4)])))

    assert sorted(found, key=lambda chain: (len(chain), chain)) == [
        *[(0, 1), (1, 2), (1, 3), (3, 4)],
        *[(0, 1, 2), (0, 1, 3), (1, 3, 4), (2, 1, 3)],
        *[(0, 1, 3, 4), (2, 1, 3, 4)],
    ]


@given(st.sets(st.sampled_from(list(combinations(range(5), 2)))))
def test_chains_are_all_simple_paths(pairs: set[tuple[int, int]]) -> None:
    """As many as trying every order of qubits finds, each from one end only."""
    wanted = {
        order
        for size in range(2, 6)
        for order in permutations(range(5), size)
        if order[0] < order[-1] and all(tuple(sorted(step)) in pairs for step in pairwise(order))
    }
    found = list(chains(dict.fromkeys(pairs)))

    assert len(found) == len(set(found))
    assert set(found) == wanted


@pytest.mark.parametrize("length", range(2, 9))
def test_layers_share_no_qubit(length: int) -> None:
    """Every pair of the chain plays once, no qubit twice in a layer."""
    layers = disjoint_layers(tuple(range(length)))

    assert sorted(pair for layer in layers for pair in layer) == [
        (k, k + 1) for k in range(length - 1)
    ]
    assert all(len({q for pair in one for q in pair}) == 2 * len(one) for one in layers)
    assert len(layers) == min(2, length - 1)


# Closed forms


def test_the_layer_fidelity_of_a_line() -> None:
    """Gates, the qubits beside them and the shorter gate's rest, in two layers; three gates."""
    plan, noise = device(*LINE)
    found = layer_fidelity((0, 1, 2, 3), plan, by_id(*LINE), noise)
    outer = math.cos(0.10) ** 2 * waits(200 * NS) ** 2 * math.cos(0.05) ** 2
    inner = math.cos(0.15) ** 2 * waits(400 * NS) ** 2

    assert found.layers == (((0, 1), (2, 3)), ((1, 2),))
    assert found.lengths_s == (500 * NS, 400 * NS)
    assert found.fidelities == pytest.approx((outer, inner), rel=1e-12)
    assert found.lf == pytest.approx(outer * inner, rel=1e-12)
    assert found.eplg == pytest.approx(1 - (outer * inner) ** (1 / 3), rel=1e-12)


def test_a_chain_has_no_direction() -> None:
    """From either end it is the same chain."""
    plan, noise = device(*LINE)
    channels = by_id(*LINE)

    assert layer_fidelity((3, 2, 1, 0), plan, channels, noise) == layer_fidelity(
        (0, 1, 2, 3), plan, channels, noise
    )


def test_equal_gates_that_never_wait_have_their_own_error() -> None:
    """On lossless qubits EPLG is the process error of the gate, whatever the length."""
    line = [crossing(k, k + 1, angle_rad=0.1, duration_s=300 * NS) for k in range(5)]
    plan, noise = device(*line)
    still = replace(IDLE, down=0.0, dephasing=0.0)
    noise = replace(noise, idles=dict.fromkeys(range(6), still))
    found = best_layer_fidelities(plan, by_id(*line), noise)

    assert [len(one.chain) for one in found] == [2, 3, 4, 5, 6]
    assert [one.eplg for one in found] == pytest.approx([math.sin(0.1) ** 2] * 5)


@given(st.floats(0, 1e-3), st.floats(-1e5, 1e5), st.floats(0, 1e5))
def test_waiting_is_that_of_the_waiting_qubits_map(
    duration_s: float, detuning_hz: float, up: float
) -> None:
    """Overlap of the relaxed, precessing map with the identity, Tr[S] / 4."""
    idle = replace(IDLE, detuning_hz=detuning_hz, up=up)
    wanted = float(np.trace(idle_map(idle, duration_s)).real) / 4

    assert waiting_fidelity(idle, duration_s) == pytest.approx(wanted, abs=1e-12)


def test_the_best_chain_is_the_one_of_highest_layer_fidelity() -> None:
    """Of two branches the better one is taken, and no longer chain is made up."""
    tee = [
        crossing(0, 1, angle_rad=0.1, duration_s=300 * NS),
        crossing(1, 2, angle_rad=0.2, duration_s=300 * NS),
        crossing(1, 3, angle_rad=0.05, duration_s=300 * NS),
    ]
    plan, noise = device(*tee)
    found = best_layer_fidelities(plan, by_id(*tee), noise)

    assert [one.chain for one in found] == [(1, 3), (0, 1, 3)]


# A real pair


def test_a_real_pair_has_the_error_of_its_gate() -> None:
    """EPLG of one pair is 5/4 of its average gate error less a quarter of its leakage."""
    measurement, metrics = small.old(0, 1)
    noise = noise_of(
        measurement.plan,
        measurement.channels,
        measurement.profile,
        measurement.chip,
        error_tolerance=ERROR_TOLERANCE,
    )
    (found,) = best_layer_fidelities(measurement.plan, measurement.channels, noise)
    cx = measurement.channels["cx:0-1"]
    error = small.value_of(metrics, "gate.error/cx:0-1")

    assert found.eplg == pytest.approx(
        error * 5 / 4 - leakage(cx.superoperator, cx.computational) / 4, rel=1e-6
    )


# What is not known


def test_a_gate_that_is_not_trusted_leaves_no_number() -> None:
    """The chain through it has no value, the best one avoids it and says so."""
    plan, noise = device(*LINE, refused={"cx:2-1": "its simulation is not to be trusted"})
    maps = {name: one for name, one in noise.maps.items() if name != "cx:2-1"}
    noise = replace(noise, maps=maps)
    whole = layer_fidelity((0, 1, 2, 3), plan, by_id(*LINE), noise)
    best = best_layer_fidelities(plan, by_id(*LINE), noise)

    assert (whole.lf, whole.eplg) == (None, None)
    assert whole.why == "no trusted two-qubit gate of 1-2 is known"
    assert [(one.chain, one.left_out) for one in best] == [((2, 3), ((1, 2),))]


def test_a_refused_direction_is_not_missed() -> None:
    """A pair with one good gate is served, whatever became of the other direction."""
    plan, noise = device(*LINE, refused={"cx:1-2": "not fitted", "cx:3-4": "not fitted", "x:7": ""})

    assert left_out(plan, noise) == ((3, 4),)


def test_a_qubit_of_unknown_bath_leaves_no_number() -> None:
    """Nobody knows how it would wait."""
    plan, noise = device(*LINE)
    noise = replace(noise, idles=dict.fromkeys((0, 1, 2), IDLE))
    found = layer_fidelity((0, 1, 2, 3), plan, by_id(*LINE), noise)

    assert (found.lf, found.why) == (None, "nobody knows how qubit 3 waits")


def test_a_map_without_a_fidelity_leaves_no_number() -> None:
    """Not a number is not a fidelity."""
    broken = replace(LINE[0], superoperator=np.full((16, 16), np.nan, dtype=complex))
    plan, noise = device(broken)
    (found,) = best_layer_fidelities(plan, by_id(broken), noise)

    assert found.lf is None
    assert "the process fidelity of 0-1 is nan" in found.why


def test_too_many_chains_have_no_best_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that was cut short does not pass for a best chain."""
    monkeypatch.setattr("qtregress.rb.layer_fidelity.MOST_CHAINS", 3)
    plan, noise = device(*LINE)
    (found,) = best_layer_fidelities(plan, by_id(*LINE), noise)

    assert (found.chain, found.lf, found.why) == ((), None, "the chip has more than 3 chains")


@pytest.mark.parametrize("chain", [(), (1,), (1, 2, 1)])
def test_what_is_no_chain_is_refused(chain: tuple[int, ...]) -> None:
    """Too short, or a loop."""
    plan, noise = device(*LINE)
    with pytest.raises(ValueError, match=r"^chain must be at least two different qubits, but is"):
        layer_fidelity(chain, plan, by_id(*LINE), noise)
