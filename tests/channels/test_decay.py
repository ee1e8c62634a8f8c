"""What a bath does along a gate, against the exponential of the whole Liouvillian."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from qtregress.channels import decay as decaying
from qtregress.channels.decay import decay, strongest_rate
from qtregress.channels.dissipators import Ladder, jumps, ladders
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.paths import Path
from qtregress.channels.propagation import own_frame
from qtregress.chip.bath import TransmonRates
from qtregress.chip.chip import ControlChannel
from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Constant, Drag, Gate
from tests.channels.cases import Case, Cases, Devices
from tests.channels.solutions import finely, in_blocks, liouvillian, off, trace_lost

Complex = NDArray[np.complex128]
State = Callable[[str, float], None]

HOT: dict[str, float] = {"t1_s": 5e-6, "t2_s": 3e-6, "photons": 0.2}
"""Strong rates both ways."""
CONTROL = ControlChannel(qubit=0, frequency_of=1, gain_ratio=0.9, phase_rad=1.0, crosstalk_re=0.02)
DURATION = 450


def square(channel: str = "d0", *, duration: int = DURATION, amp: float = 0.5) -> Constant:
    """A constant pulse from the gate's start."""
    return Constant(envelope="constant", channel=channel, t0=0, duration=duration, amp=amp)


def driven(*pulses: Constant | Drag, qubits: tuple[int, ...] = (0,)) -> Gate:
    """A gate of these pulses."""
    longest = max(pulse.t0 + pulse.duration for pulse in pulses)
    return Gate(name="x", qubits=qubits, duration=longest, pulses=pulses)


def smoothly(channel: str = "d0", qubits: tuple[int, ...] = (0,)) -> Gate:
    """A DRAG pulse."""
    pulse = Drag(envelope="drag", channel=channel, t0=0, duration=160, amp=0.6, sigma=40, beta=-1.0)
    return driven(pulse, qubits=qubits)


def undriven(case: Case) -> Complex:
    """exp(Lindbladian t) of a patch that nobody drives, in the gate's own frame."""
    problem = case.problem
    energies = compile_patch(problem.patch).static_rad_s - own_frame(problem)
    generator = liouvillian(np.diag(energies).astype(complex), jumps(problem.patch, case.bath))
    return np.asarray(expm(generator * problem.duration_s))


def processes_of(case: Case) -> tuple[Ladder, ...]:
    """The processes of a case's bath."""
    return ladders(case.problem.patch, case.bath)


def only_path(case: Case) -> Path:
    """The path of a gate of one part."""
    (one,) = case.propagation().paths
    return one


# Without a drive


@pytest.mark.physics
@pytest.mark.parametrize("duration", [1, 7, 47, 48, 51, 450, 1001])
def test_an_idle_transmon_is_its_lindbladian_s_exponential(duration: int, make_case: Cases) -> None:
    """Four levels at rest at T2 = 3 us in a hot bath: exp(L t) to 1e-10."""
    case = make_case(idle(0, duration), levels=4, **HOT)

    assert off(case.map, undriven(case)) < 1e-10


@pytest.mark.physics
@pytest.mark.parametrize("j_hz", [0.0, 3e6, 10e6, 20e6])
@pytest.mark.parametrize("duration", [20, 450])
def test_an_idle_pair_is_its_lindbladian_s_exponential(
    duration: int, j_hz: float, make_case: Cases, state: State
) -> None:
    """Two coupled transmons at rest: exp(L t) to 1e-8 and to the estimate, however coupled.

    What one decays to depends on the other's state, so that jumps turn even at rest.
    """
    case = make_case(layer([idle(0, duration), idle(1, duration)]), levels=3, j_hz=j_hz, **HOT)
    found = case.fast()

    error = off(found.superoperator, undriven(case))

    state(f"idle pair, J = {j_hz / 1e6:.0f} MHz, {duration} samples: error", error)
    assert error <= 1e-8
    assert error <= found.error_estimate + 5e-10


@pytest.mark.physics
def test_upward_rates_alone_are_right(make_case: Cases) -> None:
    """A bath that only lifts, driven and at rest, is the exact one: directions are not mixed."""
    lifting = (TransmonRates(down=(0.0,) * 3, up=(1e5, 2e5, 3e5), dephasing=0.0),)
    for gate in (idle(0, 100), driven(square(duration=100))):
        plain = make_case(gate, levels=4, rabi_hz=2e7)
        case = replace(plain, bath=lifting)

        assert off(case.map, case.held()) < 1e-9
        assert off(case.map, plain.map) > 1e-3


# With a drive


@pytest.mark.physics
@pytest.mark.parametrize("duration", [40, 450])
@pytest.mark.parametrize("rabi_hz", [2e6, 2e7, 1e8])
def test_a_driven_transmon_is_its_liouvillian_s_exponential(
    rabi_hz: float, duration: int, make_case: Cases, state: State
) -> None:
    """Four levels under a constant drive in a hot bath: scipy's expm to 1e-8 and the estimate."""
    case = make_case(driven(square(duration=duration)), levels=4, rabi_hz=rabi_hz, **HOT)
    found = case.fast()

    error = off(found.superoperator, case.held())

    state(f"{rabi_hz / 1e6:.0f} MHz, {duration} samples: error", error)
    assert error <= 1e-8
    assert error <= found.error_estimate + 5e-10


@pytest.mark.physics
@pytest.mark.parametrize("duration", [40, 450])
def test_a_driven_pair_is_its_liouvillian_s_exponential(
    duration: int, make_case: Cases, state: State
) -> None:
    """A cross drive on two transmons in a hot bath: scipy's expm to 1e-8 and the estimate."""
    gate = driven(square("u0", duration=duration), qubits=(0, 1))
    case = make_case(gate, levels=3, rabi_hz=4e7, control=CONTROL, **HOT)
    found = case.fast()

    error = off(found.superoperator, case.held())

    state(f"pair, {duration} samples: error", error)
    assert error <= 1e-8
    assert error <= found.error_estimate + 5e-10


@pytest.mark.physics
def test_what_comes_first_happens_first(make_case: Cases) -> None:
    """A weak pulse before a strong one is not the same as after it, in a hot bath either."""
    weak, strong = (0.2, 60), (0.6, 60)
    maps, exact = [], []
    for first, second in ((weak, strong), (strong, weak)):
        early = square(amp=first[0], duration=first[1])
        late = square(amp=second[0], duration=second[1]).model_copy(update={"t0": first[1]})
        case = make_case(driven(early, late.model_copy(update={"angle": 1.0})), levels=3, **HOT)
        maps.append(case.map)
        exact.append(case.held())

    assert [off(found, wanted) < 2e-9 for found, wanted in zip(maps, exact, strict=True)] == [
        *(True, True),
    ]
    assert off(maps[0], exact[1]) > 1e-4


def test_a_bath_that_does_nothing_changes_nothing(make_case: Cases) -> None:
    """Without rates there is no change at all, nor an error."""
    case = make_case(driven(square()), levels=3)
    still = (TransmonRates(down=(0.0,) * 2, up=(0.0,) * 2, dephasing=0.0),)

    found = decay(only_path(case), ladders(case.problem.patch, still), tolerance=1e-8, steps=12)

    assert (np.abs(found.change).max(), found.error_estimate, found.rounding) == (0.0, 0.0, 0.0)


# Precision


def smooth(make_case: Cases, **bath: float) -> Case:
    """A cross drive on a pair without a flat top."""
    return make_case(smoothly("u0", (0, 1)), levels=3, rabi_hz=4e7, control=CONTROL, **bath)


@pytest.mark.parametrize("steps", [12, 3])
def test_single_precision_errs_as_stated(steps: int, make_case: Cases, state: State) -> None:
    """Gentle rates leave single precision its place: it differs from double as it says."""
    case = smooth(make_case, t1_s=1e-4, t2_s=1e-4)
    one, processes = only_path(case), processes_of(case)
    stated = decay(one, processes, tolerance=1e-7, steps=12).rounding

    single, double = (
        in_blocks(one, processes, steps, dtype)[0] for dtype in (np.float32, np.float64)
    )

    state("single precision differs by", off(single, double))
    state("and says", stated)
    assert 0 < off(single, double) <= stated


def test_strong_rates_are_taken_in_double_precision(make_case: Cases) -> None:
    """Where single precision would cost a large part of the tolerance, double is taken."""
    gentle, strong = (
        smooth(make_case, t1_s=1e-4, t2_s=1e-4),
        smooth(make_case, t1_s=2e-6, t2_s=2e-6),
    )

    found = [
        decay(only_path(case), processes_of(case), tolerance=1e-8, steps=12)
        for case in (gentle, strong)
    ]

    assert [one.rounding > 0 for one in found] == [True, False]


@pytest.mark.parametrize("t1_s", [1e-4, 2e-5])
def test_single_precision_keeps_the_trace(t1_s: float, make_case: Cases) -> None:
    """In whatever precision, a gate's map loses nothing to rounding: the trace is kept to 1e-12."""
    case = smooth(make_case, t1_s=t1_s, t2_s=t1_s)
    found = case.propagation()
    (lossy,) = (decay(one, processes_of(case), tolerance=1e-7, steps=12) for one in found.paths)

    assert lossy.rounding > 0
    assert trace_lost(found.at(case.bath, tolerance=1e-7).superoperator) < 1e-12


# Convergence


ROUNDING = 1e-12
FINE = 4
"""Nodes a step here, so that the error of blocks stands out from that of nodes."""


SHAPES = {
    "smooth": (smoothly(), 4, 1),
    "square": (driven(square(duration=11)), 4, 4),
    "pair": (smoothly("u0", (0, 1)), 3, 1),
}


@pytest.mark.physics
@pytest.mark.parametrize("shape", list(SHAPES))
def test_error_falls_with_the_length_of_blocks(shape: str, make_case: Cases, state: State) -> None:
    """From half blocks of 6 to 3 to 1 steps the error falls at least with their square.

    Less at first, where they are as long as a beat; at least with the cube at the end. The
    estimate bounds it; that of a pulse of one or two blocks alone may be short by four.
    """
    gate, levels, short_by = SHAPES[shape]
    bath = {"t1_s": 2e-6, "t2_s": 2e-6, "photons": 0.1}
    case = make_case(gate, levels=levels, rabi_hz=3e7, control=CONTROL, **bath)
    (one,) = finely(case.problem, steps=1, nodes=FINE).paths
    processes = processes_of(case)
    # in the frame of the part, which is not the gate's
    exact, _ = in_blocks(one, processes, 1)

    found = {steps: in_blocks(one, processes, steps * FINE) for steps in (12, 6, 3, 1)}
    errors = {steps: off(one[0], exact) for steps, one in found.items()}

    for steps, error in errors.items():
        state(f"{shape}: error in half blocks of {steps} steps", error)
        state(f"{shape}: estimate in half blocks of {steps} steps", found[steps][1])
    assert [
        steps for steps in errors if errors[steps] > short_by * found[steps][1] + ROUNDING
    ] == []
    lengths = [6, 3, 1]
    overall = np.polyfit(np.log(lengths), np.log([errors[steps] for steps in lengths]), 1)[0]
    last = np.log(errors[3] / errors[1]) / np.log(3)
    state(f"{shape}: order over half blocks of 6, 3 and 1 steps", overall)
    state(f"{shape}: order between 3 steps and 1", last)
    assert overall >= 2
    assert last >= 3


@pytest.mark.physics
def test_error_at_any_block_falls_with_the_square_of_rates(make_case: Cases, state: State) -> None:
    """At first order in its rates a bath is exact but for the nodes: half the rates, a quarter."""
    errors = []
    for share in (1.0, 0.5):
        bath = {"t1_s": 2e-6 / share, "t2_s": 2e-6 / share}
        case = make_case(smoothly(), levels=4, rabi_hz=3e7, photons=0.1, **bath)
        errors.append(off(in_blocks(only_path(case), processes_of(case), 12)[0], case.held()))

    state("halved rates: error falls by", errors[0] / errors[1])
    assert errors[0] / errors[1] > 3.5


@pytest.mark.physics
def test_start_phases_converge(device: Devices, state: State) -> None:
    """On computational states a CX over 3, 4 and 6 start phases nears that over 12."""
    case = device("lima").gate("cx:0-1", levels=3)
    at, n = case.problem.patch.computational, case.problem.patch.dimension
    kept = (at[:, None] * n + at[None, :]).ravel()

    def average(count: int) -> Complex:
        phases = (2 * np.pi * np.arange(count) / count).tolist()
        return np.asarray(case.fast(*phases).superoperator[np.ix_(kept, kept)])

    fine = average(12)
    errors = {count: off(average(count), fine) for count in (1, 2, 3, 4, 6)}

    for count, error in errors.items():
        state(f"lima cx:0-1: error of {count} start phases", error)
    assert errors[1] > 1e-3
    assert errors[4] < 5e-8
    assert errors[6] <= max(errors[4], 1e-8)


# Estimates


@pytest.mark.parametrize("steps", [2, 3, 7])
def test_flat_tops_may_be_repeated_in_longer_blocks(
    steps: int, make_case: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What longer blocks leave over of a flat top is a shorter one: the same change, to 1e-9."""
    case = make_case(driven(square()), levels=3, rabi_hz=5e6, t1_s=1e-4, t2_s=1e-4, photons=0.1)
    usual = case.map
    monkeypatch.setattr(decaying, "_FLAT_STEPS", steps)

    assert off(case.map, usual) < 1e-9
    assert off(case.map, usual) > 0


@pytest.mark.parametrize("duration", [30, 450])
def test_estimate_sees_where_the_exponential_is_cut(duration: int, make_case: Cases) -> None:
    """Where dephasing at T2 = 100 ns is strong within a block, its estimate says so."""
    case = make_case(idle(0, duration), levels=2, t1_s=5e-6, t2_s=1e-7)

    found, estimate = in_blocks(only_path(case), processes_of(case), 12)

    error = off(found, undriven(case))
    assert error > 1e-9
    assert error <= estimate


def test_blocks_are_shortened_until_the_tolerance_is_kept(make_case: Cases) -> None:
    """A smaller tolerance takes shorter blocks, down to a step; the estimate falls with it."""
    case = make_case(smoothly(), levels=4, rabi_hz=3e7, **HOT)
    one, processes = only_path(case), processes_of(case)

    found = [decay(one, processes, tolerance=t, steps=12) for t in (1e-5, 1e-7, 1e-9, 1e-30)]

    steps = [one.steps for one in found]
    estimates = [one.error_estimate for one in found]
    assert steps == sorted(steps, reverse=True)
    assert (steps[0], steps[-1]) == (12, 1)
    assert estimates == sorted(estimates, reverse=True)


def test_a_share_of_the_tolerance_is_a_smaller_tolerance(make_case: Cases) -> None:
    """A hundredth of a tolerance is worth as many steps as one a hundredth of it."""
    case = make_case(smoothly(), levels=4, rabi_hz=3e7, **HOT)
    one, processes = only_path(case), processes_of(case)

    shared = decay(one, processes, tolerance=1e-7, share=0.01, steps=12)

    assert shared.steps == decay(one, processes, tolerance=1e-9, steps=12).steps


def test_strongest_rate_is_that_of_the_highest_level() -> None:
    """A state is left at the sum of what leaves it either way and its own dephasing."""
    one = Ladder(lower=np.diag([1.0, 1.0], 1).astype(complex), down_per_s=3.0, up_per_s=2.0)
    number = Ladder(lower=np.diag([0.0, 1.0, 2.0]).astype(complex), down_per_s=5.0, up_per_s=0.0)

    assert strongest_rate((one, number)) == pytest.approx(3.0 + 4 * 5.0)
