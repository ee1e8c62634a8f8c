"""Quadrature along a gate: nodes and weights, and flat tops."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.channels import paths
from qtregress.channels.decay import decay
from qtregress.channels.dissipators import ladders
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.paths import FlatTop, Path, Ramp
from qtregress.channels.propagation import (
    Steps,
    course,
    segment_propagator,
    step_propagators,
)
from qtregress.pulses.profile import Constant, Drag, Gate, Pulse, Samples
from tests.channels.cases import Case, Cases
from tests.channels.solutions import off

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
State = Callable[[str, float], None]

DT_S = 2e-9 / 9
GAUSS = np.polynomial.legendre.leggauss(6)
LEVELS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.3, 0.7]), st.integers(1, 120)), min_size=1, max_size=5
)
"""Runs of equal samples: amplitude and length."""


def runs(*rows: tuple[float, int]) -> Gate:
    """A gate of runs of equal samples, one after another."""
    samples = tuple(amp for amp, length in rows for _ in range(length))
    pulse = Samples(
        envelope="samples",
        channel="d0",
        t0=0,
        duration=len(samples),
        re=samples,
        im=tuple(0.5 * amp for amp in samples),
    )
    return Gate(name="x", qubits=(0,), duration=len(samples), pulses=(pulse,))


def playing(pulse: Pulse, duration: int) -> Gate:
    """A gate of one pulse."""
    return Gate(name="x", qubits=(0,), duration=duration, pulses=(pulse,))


def square(duration: int, amp: float = 0.5) -> Gate:
    """A constant pulse as long as its gate."""
    pulse = Constant(envelope="constant", channel="d0", t0=0, duration=duration, amp=amp)
    return playing(pulse, duration)


def smooth(duration: int = 160) -> Gate:
    """A DRAG pulse that is zero at both ends."""
    pulse = Drag(
        envelope="drag", channel="d0", t0=0, duration=duration, amp=0.6, sigma=40, beta=-1.0
    )
    return playing(pulse, duration)


def parts(case: Case) -> list[tuple[Steps, Path]]:
    """The parts of a gate and their paths."""
    found = course(case.problem, compile_patch(case.problem.patch)).parts
    return [(part.steps, one) for part, one in zip(found, case.propagation().paths, strict=True)]


# Integrals


def outer(carried: Complex, weights_s: Floats) -> Complex:
    """Sum of weights times vec(L~) vec(L~)† over nodes, shape (n**2, n**2)."""
    rows = carried.reshape(len(carried), -1)
    return np.asarray((rows * weights_s[:, None]).T @ rows.conj())


def integral(steps: Steps, operator: Complex) -> Complex:
    """Int vec(L~) vec(L~)† dt of L~ = U†LU along steps, by Gauss's rule of order 12 in each."""
    reached = [np.eye(len(operator), dtype=complex)]
    propagators = step_propagators(steps)
    for which in steps.order.tolist():
        reached.append(propagators[which] @ reached[-1])
    vectors, energies = steps.vectors[steps.order], steps.energies_rad_s[steps.order]
    before = vectors.conj().swapaxes(1, 2) @ np.array(reached[:-1])
    total = np.zeros((operator.size, operator.size), dtype=complex)
    for node, weight in zip(*GAUSS, strict=True):
        phases = np.exp(-0.5j * energies * steps.step_s * (node + 1))
        u = (vectors * phases[:, None, :]) @ before
        weights = np.full(len(u), weight * steps.step_s / 2)
        total += outer(u.conj().swapaxes(1, 2) @ operator @ u, weights)
    return total


def along(found: Path, operator: Complex) -> Complex:
    """The same by the path's nodes and weights, and at the steps of its flat tops.

    The trapezoidal rule's end terms cancel between neighbours.
    """
    total = np.zeros((operator.size, operator.size), dtype=complex)
    for piece in found.pieces:
        if isinstance(piece, Ramp):
            nodes, weights_s = piece.nodes, piece.weights_s
        else:
            at = np.arange(piece.steps + 1)[:, None] * piece.step_s
            phases = np.exp(-1j * at * piece.energies_rad_s)
            nodes = (piece.vectors * phases[:, None, :]) @ piece.into
            weights_s = trapezoidal(len(nodes), piece.step_s)
        total += outer(nodes.conj().swapaxes(1, 2) @ operator @ nodes, weights_s)
    return total


def plainly(steps: Steps, operator: Complex) -> Complex:
    """The same by the plain trapezoidal rule at the boundaries of the steps."""
    propagators = step_propagators(steps)
    nodes = [np.eye(len(operator), dtype=complex)]
    for which in steps.order.tolist():
        nodes.append(propagators[which] @ nodes[-1])
    reached, weights_s = np.array(nodes), trapezoidal(len(nodes), steps.step_s)
    return outer(reached.conj().swapaxes(1, 2) @ operator @ reached, weights_s)


def trapezoidal(nodes: int, step_s: float) -> Floats:
    """Weights of the trapezoidal rule."""
    weights_s = np.full(nodes, step_s)
    weights_s[[0, -1]] /= 2
    return weights_s


def quadrature_error(case: Case) -> tuple[float, float]:
    """Error of the path's rule, and of the plain trapezoidal one, as a share of the duration."""
    ((steps, one),) = parts(case)
    errors = np.array(
        [
            (
                off(along(one, process.lower), exact),
                off(plainly(steps, process.lower), exact),
            )
            for process in ladders(case.problem.patch, case.bath)
            for exact in [integral(steps, process.lower)]
        ]
    )
    found, plain = errors.max(axis=0) / one.duration_s
    return float(found), float(plain)


@pytest.mark.parametrize(
    "gate",
    [square(40), square(300), runs((0.2, 20), (0.6, 15))],
    ids=["square", "flat", "jump"],
)
def test_turned_nodes_see_the_jumps(gate: Gate, make_case: Cases, state: State) -> None:
    """A turned node a step integrates what jumps carry along; plain ones err 100 times more."""
    found, plain = quadrature_error(make_case(gate, levels=4, rabi_hz=3e7))

    state("turned nodes err by", found)
    state("plain nodes err by", plain)
    assert found < 1e-6
    assert plain > 100 * found


@pytest.mark.parametrize("gate", [square(40), smooth()], ids=["square", "smooth"])
def test_nodes_converge_quickly(
    gate: Gate, make_case: Cases, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more nodes a step the integral's error falls with at least their third power."""
    case = make_case(gate, levels=4, rabi_hz=3e7)
    monkeypatch.setattr(paths, "JUMP_TOLERANCE", -1.0)
    counts, errors = [1, 2, 4], []
    for count in counts:
        monkeypatch.setattr(paths, "_MOST_NODES_A_STEP", count)
        errors.append(quadrature_error(case)[0])

    slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]

    state("order of the quadrature", slope)
    assert slope > 2.8


@settings(max_examples=10)
@given(rows=LEVELS)
def test_runs_of_equal_samples_are_integrated(
    rows: list[tuple[float, int]], make_case: Cases
) -> None:
    """However runs of equal samples follow each other, their integral is right to 1e-4 steps."""
    case = make_case(runs(*rows), levels=3, rabi_hz=2e7)
    process = ladders(case.problem.patch, case.bath)[0].lower

    for steps, one in parts(case):
        assert off(along(one, process), integral(steps, process)) < 1e-4 * len(rows) * DT_S


def noise(duration: int) -> Gate:
    """A random waveform."""
    rng = np.random.default_rng(1)
    re, im = rng.uniform(-0.7, 0.7, size=(2, duration)).tolist()
    pulse = Samples(
        envelope="samples", channel="d0", t0=0, duration=duration, re=tuple(re), im=tuple(im)
    )
    return playing(pulse, duration)


def test_wild_pulses_get_more_nodes(make_case: Cases) -> None:
    """Noise at 200 MHz is given several nodes a step, a smooth pulse of a real size one."""
    ((steps, smoothly),) = parts(make_case(smooth(), levels=3, rabi_hz=3e7))
    ((wild_steps, wildly),) = parts(make_case(noise(100), levels=3, rabi_hz=2e8))

    assert nodes(smoothly) == len(steps.order) + 1
    assert nodes(wildly) > 2 * len(wild_steps.order)
    assert wildly.jump_error * paths.RATE_CEILING_PER_S <= paths.JUMP_TOLERANCE or (
        nodes(wildly) == paths._MOST_NODES_A_STEP * len(wild_steps.order) + 1
    )


def nodes(found: Path) -> int:
    """How many nodes a path has."""
    return sum(len(piece.nodes) for piece in found.pieces if isinstance(piece, Ramp))


# Pieces


def kinds(case: Case) -> list[str]:
    """Ramps and flat tops of a gate of one part, with their steps."""
    ((_, one),) = parts(case)
    return [
        f"ramp {len(piece.nodes) - 1}" if isinstance(piece, Ramp) else f"flat {piece.steps}"
        for piece in one.pieces
    ]


def test_a_square_pulse_is_nearly_all_flat(make_case: Cases) -> None:
    """Of a square pulse a step on either side is ramp, for the jump; what is flat is even."""
    assert kinds(make_case(square(300))) == ["ramp 1", "flat 298", "ramp 1"]
    assert kinds(make_case(square(301))) == ["ramp 1", "flat 298", "ramp 2"]


def test_flat_runs_stand_side_by_side(make_case: Cases) -> None:
    """Two flat runs that meet have the ramp of their jump between them."""
    assert kinds(make_case(runs((0.3, 100), (0.6, 100)))) == [
        *("ramp 1", "flat 98", "ramp 2", "flat 98", "ramp 1"),
    ]


@pytest.mark.parametrize("length", [1, 2, 47])
def test_a_short_run_is_a_ramp(length: int, make_case: Cases) -> None:
    """A run too short to be worth its eigenbasis, down to a single sample, is a ramp."""
    assert kinds(make_case(square(length))) == [f"ramp {length}"]


@given(rows=LEVELS)
def test_pieces_fill_the_gate(rows: list[tuple[float, int]], make_case: Cases) -> None:
    """Weights of ramps and lengths of flat tops add up to the duration, part by part."""
    case = make_case(runs(*rows), levels=3)

    for steps, one in parts(case):
        flat_s = sum(p.steps * p.step_s for p in one.pieces if isinstance(p, FlatTop))
        assert one.ramps_s + flat_s == pytest.approx(steps.duration_s, rel=1e-12)
        assert one.duration_s == steps.duration_s
    assert sum(one.duration_s for _, one in parts(case)) <= case.problem.duration_s * (1 + 1e-12)


@given(rows=LEVELS)
def test_a_path_ends_where_its_steps_end(rows: list[tuple[float, int]], make_case: Cases) -> None:
    """The propagator at a path's end is that of its segment, and flat tops start on the way."""
    for steps, one in parts(make_case(runs(*rows), levels=3)):
        assert off(one.final, segment_propagator(steps)) < 1e-11
        for piece in one.pieces:
            if isinstance(piece, FlatTop):
                assert off(piece.into @ piece.into.conj().T, np.eye(3, dtype=complex)) < 1e-11


SHAPES = {
    "square": square(300),
    "odd": square(301),
    "side by side": runs((0.3, 100), (0.6, 77), (0.1, 60)),
    "single samples": runs((0.3, 1), (0.6, 1), (0.1, 1)),
    "flat between ramps": runs((0.1, 1), (0.2, 1), (0.3, 90), (0.2, 1), (0.1, 1)),
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_flat_top_or_ramp_is_the_same(
    shape: str, make_case: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a run is repeated or stepped through, the bath does the same to it, to 1e-9."""
    case = make_case(SHAPES[shape], levels=4, rabi_hz=2e7, t1_s=2e-5, t2_s=2e-5, photons=0.1)
    processes = ladders(case.problem.patch, case.bath)
    ((_, repeated),) = parts(case)
    monkeypatch.setattr(paths, "_SHORTEST_FLAT", 10_000)
    ((_, stepped),) = parts(case)

    flat, ramp = (
        decay(one, processes, tolerance=1e-12, steps=1).change for one in (repeated, stepped)
    )

    assert np.abs(flat - ramp).max() < 1e-9
    assert np.abs(flat).max() > 1e-5


@pytest.mark.parametrize("shape", list(SHAPES))
def test_every_shape_has_the_exact_map(shape: str, make_case: Cases) -> None:
    """However flat runs and single samples follow each other, the map is exact to 2e-9."""
    case = make_case(SHAPES[shape], levels=4, rabi_hz=2e7, t1_s=2e-5, t2_s=2e-5, photons=0.1)

    assert off(case.map, case.held()) < 2e-9
