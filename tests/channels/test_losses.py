"""What processes cost a gate to first order: against maps, quadrature and closed forms."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.channels.answers import Changes, answers
from qtregress.channels.channel import average_fidelity
from qtregress.channels.coherence import coherence_limit
from qtregress.channels.dissipators import ladders
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.fast import Propagation, propagate
from qtregress.channels.losses import loss_rates, rates_per_s
from qtregress.channels.problem import GateProblem
from qtregress.channels.unitary_error import computational_block, polar_unitary
from qtregress.chip.transmon import TransmonParameters, pair_patch, single_patch
from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Constant, Gate, Samples
from tests.channels.cases import Cases, Devices
from tests.channels.loss_integrals import Bath, integrated_losses_s, silence

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
State = Callable[[str, float], None]

LEVELS = 3
WEAK_PER_S = 1e3
"""A rate at which the second order is a ten-thousandth of the first."""
DT_S = 2e-9 / 9
IDLE = 160


def propagated(problem: GateProblem) -> Propagation:
    """The gate's paths at its first start phase."""
    return propagate(problem, compile_patch(problem.patch))


def lost(problem: GateProblem) -> Floats:
    """Losses of the problem's processes, down and up."""
    unchanged = Changes(count=0, envelopes={}, patches={})
    return answers(problem, compile_patch(problem.patch), unchanged, (0.0,))[1].values_s


def single_processes(problem: GateProblem) -> Iterator[tuple[str, int, Bath]]:
    """Every process by itself at the weak rate: its direction, its number, its bath."""
    quiet = silence(problem)
    steps = problem.patch.levels[0] - 1
    for position, still in enumerate(quiet):
        first = position * (steps + 1)
        for k in range(steps):
            rates = tuple(WEAK_PER_S * (rung == k) for rung in range(steps))
            for way, one in (
                ("down", replace(still, down=rates)),
                ("up", replace(still, up=rates)),
            ):
                yield way, first + k, (*quiet[:position], one, *quiet[position + 1 :])
        noisy = replace(still, dephasing=WEAK_PER_S / 2)
        yield "down", first + steps, (*quiet[:position], noisy, *quiet[position + 1 :])


def error_in(found: Propagation, bath: Bath) -> float:
    """1 - F_avg of the gate's map in that bath against the unitary that its pulses play."""
    at = found.patch.computational
    own = polar_unitary(computational_block(found.patch, found.lossless.unitaries[0]))
    return 1 - average_fidelity(found.at(bath, tolerance=1e-9).superoperator, at, own)


def largest_miss(problem: GateProblem) -> float:
    """How far any process' loss is off what its map at the weak rate says, in durations."""
    found = propagated(problem)
    down, up = lost(problem)
    before = error_in(found, silence(problem))
    misses = []
    for way, number, bath in single_processes(problem):
        slope_s = (error_in(found, bath) - before) / WEAK_PER_S
        misses.append(abs((down if way == "down" else up)[number] - slope_s))
    return float(max(misses)) / problem.duration_s


def flat(channel: str, start: int, length: int, amp: float) -> Constant:
    """A constant pulse."""
    return Constant(channel=channel, t0=start, duration=length, envelope="constant", amp=amp)


def driven(*rows: Any, qubits: tuple[int, ...] = (0,)) -> Gate:
    """A gate of these pulses."""
    duration = max(row.t0 + row.duration for row in rows)
    name = "x" if len(qubits) == 1 else "cx"
    return Gate(name=name, qubits=qubits, duration=duration, pulses=rows)


# Against the maps


@pytest.mark.parametrize("gate_id", ["x:0", "sx:1", "cx:0-1"])
def test_a_loss_is_the_map_s_first_order(gate_id: str, device: Devices, state: State) -> None:
    """Each process of a shipped gate costs what the map at a weak rate loses by it."""
    problem = device("lima").gate(gate_id, levels=LEVELS).problem

    miss = largest_miss(problem)

    state(f"{gate_id}: largest miss of a loss, in durations", miss)
    assert miss < 2e-4


def test_losses_add_up_to_a_shipped_gate_s_error(device: Devices) -> None:
    """Rates times losses are all of a CX's incoherent error but for the second order, 1 %."""
    case = device("lima").gate("cx:0-1", levels=LEVELS)
    found = propagated(case.problem)
    exact = error_in(found, case.bath) - error_in(found, silence(case.problem))

    assert np.sum(rates_per_s(case.bath) * lost(case.problem)) == pytest.approx(exact, rel=0.01)


def leaky_problem(make_case: Cases) -> GateProblem:
    """A square pulse of eight samples on three levels, which leaks 3 %."""
    gate = driven(flat("d0", 0, 8, 1.0))
    problem: GateProblem = make_case(gate, levels=LEVELS, rabi_hz=60e6).problem
    return problem


def test_where_the_pulse_leaks_losses_are_off_by_no_more(make_case: Cases, state: State) -> None:
    """On a gate that leaks 3 % each loss is known to about 3 % of the gate's duration."""
    problem = leaky_problem(make_case)
    found = propagated(problem)
    block = computational_block(problem.patch, found.lossless.unitaries[0])
    leaked = 1 - float(np.sum(np.abs(block) ** 2)) / len(block)

    miss = largest_miss(problem)

    state("leakage of the square pulse", leaked)
    state("largest miss of a loss, in durations", miss)
    assert leaked > 0.01
    assert miss < 1.5 * leaked


@pytest.mark.parametrize("length", [40, 60, 203])
def test_flat_tops_count_in_full(length: int, make_case: Cases) -> None:
    """Long runs of equal samples, which have nodes of their own, cost what the map says."""
    gate = driven(
        flat("d0", 0, 10, 0.3), flat("d0", 10, length, 0.1), flat("d0", 30 + length, 9, 0.2)
    )

    assert largest_miss(make_case(gate, levels=LEVELS, rabi_hz=5e6).problem) < 2e-4


# Against the fast engine's quadrature


@pytest.mark.parametrize("gate_id", ["x:0", "sx:1", "cx:0-1"])
def test_losses_are_those_of_finer_quadrature(gate_id: str, device: Devices, state: State) -> None:
    """Nodes at the ends of samples are enough: the fast engine's own say the same to 1e-6."""
    problem = device("lima").gate(gate_id, levels=LEVELS).problem
    expected = integrated_losses_s(problem)

    error = float(np.abs(lost(problem) - expected).max() / expected.max())

    state(f"{gate_id}: losses off, of the largest", error)
    assert error < 1e-6


@given(seed=st.integers(0, 2**32 - 1), levels=st.integers(2, 4), is_pair=st.booleans())
def test_the_gradient_is_that_of_the_loss(seed: int, levels: int, is_pair: bool) -> None:  # noqa: FBT001
    """Whatever states changed in whatever way, Re Sum S* dV is what they lose more."""
    one = TransmonParameters(frequency_hz=5.0e9, anharmonicity_hz=-3.3e8, levels=levels)
    other = TransmonParameters(frequency_hz=5.1e9, anharmonicity_hz=-3.2e8, levels=levels)
    rates = loss_rates(pair_patch(one, other, 2e6) if is_pair else single_patch(one))
    shape = (3, 4, levels**2) if is_pair else (3, 2, levels)
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(4, *shape))
    states: Complex = parts[0] + 1j * parts[1]
    direction: Complex = parts[2] + 1j * parts[3]

    def difference(h: float) -> Floats:
        above, below = (rates.at(states + by * direction).lost for by in (h, -h))
        return np.asarray((above - below) / (2 * h))

    # of a polynomial of order four the extrapolation leaves nothing
    expected = (4 * difference(0.5) - difference(1.0)) / 3

    gradient = rates.at(states).gradient()

    found = np.einsum("tdnj,tdn->tj", gradient.conj(), direction).real
    assert np.abs(found - expected).max() < 1e-9 * np.abs(gradient).sum(axis=(1, 2)).max()


# Closed forms


@pytest.mark.physics
def test_what_processes_cost_an_idle_qubit(make_case: Cases) -> None:
    """Decay and excitation t/3, dephasing at 2 Gamma t/6, leaving the qubit upwards t/2."""
    down, up = lost(make_case(idle(0, IDLE), levels=4).problem)
    t = IDLE * DT_S

    assert down == pytest.approx([t / 3, 0, 0, t / 6], abs=1e-9 * t)
    assert up == pytest.approx([t / 3, t / 2, 0, t / 6], abs=1e-9 * t)


@pytest.mark.physics
def test_idle_neighbours_cost_twelve_tenths_of_what_they_cost_alone(make_case: Cases) -> None:
    """On an idle pair each process costs d/(2(d+1)) t = 2/5 t, dephasing half of it."""
    both = layer([idle(0, IDLE), idle(1, IDLE)])
    down, up = lost(make_case(both, levels=LEVELS).problem)
    t = IDLE * DT_S

    assert down == pytest.approx([0.4 * t, 0, 0.2 * t] * 2, abs=1e-9 * t)
    assert up == pytest.approx([0.4 * t, t / 2, 0.2 * t] * 2, abs=1e-9 * t)


@pytest.mark.physics
@pytest.mark.parametrize("qubits", [1, 2])
def test_an_idle_gate_loses_its_coherence_limit(qubits: int, make_case: Cases) -> None:
    """Without photons all losses together are the coherence limit of T1 and T2."""
    rest = layer([idle(qubit, IDLE) for qubit in range(qubits)])
    case = make_case(rest, levels=4, t1_s=80e-6, t2_s=70e-6)
    limit = coherence_limit(IDLE * DT_S, [(80e-6, 70e-6)] * qubits)

    assert np.sum(rates_per_s(case.bath) * lost(case.problem)) == pytest.approx(limit, rel=2e-3)


@pytest.mark.physics
def test_a_photon_costs_an_idle_qubit_five_thirds_of_its_decay(make_case: Cases) -> None:
    """With one photon number on the ladder an idle transmon's error grows by 5/3 gamma n t."""
    down, up = lost(make_case(idle(0, IDLE), levels=4).problem)

    assert down[0] + up[0] + 2 * up[1] == pytest.approx(5 / 3 * IDLE * DT_S)


@pytest.mark.physics
@given(st.integers(0), st.integers(8, 40))
def test_without_levels_to_leak_to_pulses_do_not_matter(
    make_case: Cases, seed: int, length: int
) -> None:
    """On two levels whatever is played loses what idling for that long does."""
    rng = np.random.default_rng(seed)
    re, im = (tuple(row) for row in rng.uniform(-0.7, 0.7, size=(2, length)).tolist())
    row = Samples(channel="d0", t0=0, duration=length, envelope="samples", re=re, im=im)
    down, up = lost(make_case(driven(row)).problem)
    t = length * DT_S

    assert down == pytest.approx([t / 3, t / 6], abs=1e-9 * t)
    assert up == pytest.approx([t / 3, t / 6], abs=1e-9 * t)


# Rates


def test_rates_come_in_the_order_of_the_processes(device: Devices) -> None:
    """They are those of the ladders, one by one."""
    case = device("lima").gate("cx:0-1")
    warm = tuple(
        replace(rates, up=tuple(0.1 * (k + 1) * rate for k, rate in enumerate(rates.down)))
        for rates in case.bath
    )
    found = ladders(case.problem.patch, warm)
    down, up = rates_per_s(warm)

    assert down.tolist() == [one.down_per_s for one in found]
    assert up.tolist() == [one.up_per_s for one in found]
