"""Every map is physical, whatever the firmware plays, and as right as it says."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.channels import propagation
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.fast import TOLERANCE, Bath
from qtregress.channels.propagation import course
from qtregress.channels.simulate import START_PHASES_RAD
from qtregress.chip.bath import TransmonRates
from qtregress.chip.chip import ControlChannel
from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Constant, Drag, Gate, Pulse, Samples
from tests.channels.cases import Case, Cases, Devices
from tests.channels.solutions import lowest_choi, off, trace_lost

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

RABI_HZ = 2e8
"""Far more than any line reaches: physical is a map whatever is played."""
REAL_HZ = 4e7
"""At full scale, about what a cross drive reaches."""
CONTROL = ControlChannel(qubit=0, frequency_of=1, gain_ratio=0.9, phase_rad=1.0, crosstalk_re=0.02)
FLOOR = 1e-9
"""A tenth of the tolerance: estimates are not believed below it, where nodes are the error."""
amplitudes = st.floats(-0.7, 0.7)
waveforms = st.lists(st.tuples(amplitudes, amplitudes), min_size=1, max_size=60)
levels = st.sampled_from([2, 3, 4])
baths = st.fixed_dictionaries(
    {"t1_s": st.floats(2e-6, 1e-4), "share": st.floats(0.25, 1), "photons": st.floats(0, 0.2)}
)


def rates(bath: dict[str, float]) -> dict[str, float]:
    """The bath as a toy chip takes it: T2 as a share of 2 T1."""
    return {
        "t1_s": bath["t1_s"],
        "t2_s": 2 * bath["t1_s"] * bath["share"],
        "photons": bath["photons"],
    }


def sampled(channel: str, waveform: list[tuple[float, float]]) -> Samples:
    """A sampled pulse from the gate's start."""
    re, im = zip(*waveform, strict=True)
    return Samples(envelope="samples", channel=channel, t0=0, duration=len(waveform), re=re, im=im)


@st.composite
def pulses(draw: st.DrawFn, channel: str = "d0", longest: int = 300) -> Pulse:
    """Noise, a flat top or a smooth pulse, from the gate's start or a little later."""
    kind = draw(st.sampled_from(["samples", "constant", "drag"]))
    if kind == "samples":
        return sampled(channel, draw(waveforms))
    shape: dict[str, Any] = {
        "channel": channel,
        "t0": draw(st.integers(0, 8)),
        "duration": draw(st.integers(2, longest)),
        "amp": draw(st.floats(0.01, 0.7)),
        "angle": draw(st.floats(-3, 3)),
    }
    if kind == "constant":
        return Constant(envelope="constant", **shape)
    sigma = shape["duration"] * draw(st.floats(0.15, 0.5))
    return Drag(envelope="drag", sigma=sigma, beta=draw(st.floats(-2, 2)), **shape)


def gate(*played: Pulse, qubits: tuple[int, ...] = (0,)) -> Gate:
    """A gate as long as its longest pulse, and a sample more."""
    longest = max(pulse.t0 + pulse.duration for pulse in played)
    return Gate(name="x", qubits=qubits, duration=longest + 1, pulses=played)


def square(duration: int) -> Gate:
    """A constant pulse of half the amplitude."""
    return gate(Constant(envelope="constant", channel="d0", t0=0, duration=duration, amp=0.5))


# Channels


@given(played=pulses(), bath=baths, levels=levels)
def test_any_pulse_gives_a_channel(
    played: Pulse, bath: dict[str, float], levels: int, make_case: Cases
) -> None:
    """Whatever a transmon is driven with, its map keeps the trace to 1e-10 and is positive."""
    found = make_case(gate(played), levels=levels, rabi_hz=RABI_HZ, **rates(bath)).fast()

    assert trace_lost(found.superoperator) < 1e-10
    assert lowest_choi(found.superoperator) >= -len(found.superoperator) * TOLERANCE
    assert math.isfinite(found.error_estimate)


@settings(max_examples=15)
@given(left=waveforms, right=waveforms, cross=waveforms, bath=baths)
def test_any_pulses_of_a_pair_give_a_channel(
    left: list[tuple[float, float]],
    right: list[tuple[float, float]],
    cross: list[tuple[float, float]],
    *,
    bath: dict[str, float],
    make_case: Cases,
) -> None:
    """Whatever a pair is driven with, its map over start phases keeps the trace and is positive."""
    played = [sampled("d0", left), sampled("d1", right), sampled("u0", cross)]
    case = make_case(
        gate(*played, qubits=(0, 1)), levels=3, rabi_hz=RABI_HZ, control=CONTROL, **rates(bath)
    )

    found = case.fast(*START_PHASES_RAD)

    assert trace_lost(found.superoperator) < 1e-10
    assert lowest_choi(found.superoperator) >= -len(found.superoperator) * TOLERANCE
    assert math.isfinite(found.error_estimate)


@pytest.mark.parametrize("gate_id", ["x:4", "cx:0-1"])
def test_a_shipped_gate_keeps_the_trace(gate_id: str, device: Devices) -> None:
    """Maps of real gates keep the trace to 1e-11."""
    found = device("lima").gate(gate_id, levels=3).map

    assert trace_lost(found) < 1e-11


# Estimates


@given(played=pulses(), bath=baths, levels=levels)
@example(
    # half blocks as long as a beat: two of them alone may look right by chance
    played=Constant(envelope="constant", channel="d0", t0=0, duration=47, amp=0.15),
    bath={"t1_s": 2.33e-6, "share": 0.73, "photons": 0.021},
    levels=4,
)
def test_estimate_of_any_pulse_bounds_its_error(
    played: Pulse, bath: dict[str, float], levels: int, make_case: Cases
) -> None:
    """A transmon's map is no further from the exact one than its estimate, or 1e-9."""
    case = make_case(gate(played), levels=levels, rabi_hz=REAL_HZ, **rates(bath))
    found = case.fast()

    assert off(found.superoperator, case.held()) <= found.error_estimate + FLOOR


@settings(max_examples=10)
@given(own=pulses("d0", 60), other=pulses("d1", 60), cross=pulses("u0", 60), bath=baths)
def test_estimate_of_any_pulses_of_a_pair_bounds_their_error(
    own: Pulse, other: Pulse, cross: Pulse, *, bath: dict[str, float], make_case: Cases
) -> None:
    """A pair's map is no further from a far finer solution than its estimate, or 1e-9."""
    case = make_case(
        gate(own, other, cross, qubits=(0, 1)),
        levels=3,
        rabi_hz=REAL_HZ,
        control=CONTROL,
        **rates(bath),
    )
    found = case.fast(0.7)

    assert off(found.superoperator, case.finer(0.7)) <= found.error_estimate + FLOOR


@pytest.mark.parametrize("duration", [60, 400])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_strong_drives_at_once_are_right(share: float, duration: int, make_case: Cases) -> None:
    """Two qubits driven at once by up to 50 MHz have the map of far finer steps, to the estimate.

    Their frames turn against each other within a step, which nodes inside it must follow.
    """
    rows = [
        Constant(envelope="constant", channel=channel, t0=0, duration=duration, amp=share * turn)
        for channel, turn in (("d0", 1.0), ("d1", 1.02))
    ]
    case = make_case(gate(*rows, qubits=(0, 1)), levels=3, rabi_hz=1e8, t1_s=1e-4, t2_s=1e-4)
    found = case.fast()

    error = off(found.superoperator, case.finer())

    assert error <= 1e-8
    assert error <= found.error_estimate


# Rates


def rates_of(bath: dict[str, float], count: int, levels: int) -> Bath:
    """That bath for each of ``count`` transmons of so many levels, all photons alike."""
    gamma, photons = 1 / bath["t1_s"], bath["photons"]
    steps = range(1, levels)
    one = TransmonRates(
        down=tuple(k * gamma * (1 + photons) for k in steps),
        up=tuple(k * gamma * photons for k in steps),
        dephasing=gamma * (1 / bath["share"] - 1) / 2,
    )
    return (one,) * count


@settings(max_examples=15)
@given(played=pulses(), before=st.lists(baths, max_size=3), bath=baths)
def test_a_map_does_not_depend_on_what_was_asked_before(
    played: Pulse, before: list[dict[str, float]], bath: dict[str, float], make_case: Cases
) -> None:
    """Asked for other rates first, a propagation answers as a fresh one does, to the bit."""
    case = make_case(gate(played), levels=3, rabi_hz=RABI_HZ)
    used = case.propagation()
    for other in before:
        used.at(rates_of(other, 1, 3))
    wanted = rates_of(bath, 1, 3)

    fresh = case.propagation().at(wanted)

    assert np.array_equal(used.at(wanted).superoperator, fresh.superoperator)
    assert used.at(wanted).error_estimate == fresh.error_estimate


@settings(max_examples=15)
@given(played=pulses(), bath=baths)
def test_rates_added_later_give_the_gate_simulated_at_them(
    played: Pulse, bath: dict[str, float], make_case: Cases
) -> None:
    """A gate propagated beside one bath is, in another, what was simulated in that: to 1e-8."""
    calm = make_case(gate(played), levels=3, rabi_hz=REAL_HZ)
    wanted = rates_of(bath, 1, 3)
    fresh = type(calm)(problem=calm.problem, bath=wanted)

    found = calm.propagation().at(wanted)

    assert off(found.superoperator, fresh.held()) <= max(1e-8, found.error_estimate)


def test_a_pair_does_not_depend_on_what_was_asked_before(device: Devices) -> None:
    """Likewise a real CX that was asked for hot and for short-lived baths before."""
    case = device("nairobi").gate("cx:0-1", levels=3)
    used = case.propagation()
    for t1_s in (2e-6, 1e-3):
        used.at(rates_of({"t1_s": t1_s, "share": 0.5, "photons": 0.2}, 2, 3))

    again, fresh = used.at(case.bath), case.fast()

    assert np.array_equal(again.superoperator, fresh.superoperator)


@pytest.mark.parametrize(("gate_id", "phases"), [("x:0", 1), ("cx:0-1", 4)])
def test_old_is_old_to_the_bit(gate_id: str, phases: int, device: Devices) -> None:
    """A gate simulated twice gives the same map and unitaries, to the bit."""
    case = device("lima").gate(gate_id, levels=3)
    one, two = (case.propagation(*START_PHASES_RAD[:phases]) for _ in range(2))

    assert np.array_equal(one.at(case.bath).superoperator, two.at(case.bath).superoperator)
    assert np.array_equal(one.lossless.unitaries, two.lossless.unitaries)


# Silence


def resting(duration_s: float, t1_s: float, t2_s: float, photons: float) -> Complex:
    """Relaxation towards the photons' population and dephasing, row-stacked, (4, 4)."""
    excited = photons / (2 * photons + 1)
    kept, coherent = math.exp(-duration_s / t1_s), math.exp(-duration_s / t2_s)
    found = np.diag([1, coherent, coherent, 1]).astype(complex)
    found[3, 0], found[0, 3] = excited * (1 - kept), (1 - excited) * (1 - kept)
    found[0, 0], found[3, 3] = 1 - found[3, 0], 1 - found[0, 3]
    return found


def side_by_side(left: Complex, right: Complex) -> Complex:
    """The map of two qubits that rest each by itself, row-stacked."""
    both = np.kron(left, right).reshape((2,) * 8)
    return np.asarray(both.transpose(0, 2, 1, 3, 4, 6, 5, 7).reshape(16, 16))


@pytest.mark.physics
@given(duration=st.integers(1, 2000), bath=baths)
def test_zero_pulses_are_resting(duration: int, bath: dict[str, float], make_case: Cases) -> None:
    """A pulse of zeros relaxes and dephases by T1, T2 and the photons, in closed form."""
    silent = sampled("d0", [(0.0, 0.0)] * duration)
    case = make_case(gate(silent), rabi_hz=RABI_HZ, **rates(bath))

    assert off(case.map, resting(case.problem.duration_s, **rates(bath))) < 1e-9


@pytest.mark.physics
@settings(max_examples=10)
@given(duration=st.integers(1, 500), bath=baths)
def test_zero_pulses_on_a_pair_are_resting(
    duration: int, bath: dict[str, float], make_case: Cases
) -> None:
    """Two qubits without coupling rest each by itself, at every start phase."""
    case = make_case(
        layer([idle(0, duration), idle(1, duration)]), j_hz=0.0, control=CONTROL, **rates(bath)
    )
    one = resting(case.problem.duration_s, **rates(bath))

    found = case.fast(*START_PHASES_RAD).superoperator

    assert off(found, side_by_side(one, one)) < 1e-9


# Echoes


def echoed(apart: float) -> Gate:
    """A cross drive and, after an x, the same again turned by half a turn and by ``apart``."""
    halves = [
        Constant(envelope="constant", channel="u0", t0=t0, duration=200, amp=0.5, angle=angle)
        for t0, angle in ((0, 0.0), (260, math.pi + apart))
    ]
    x = Drag(envelope="drag", channel="d0", t0=200, duration=60, amp=0.4, sigma=15, beta=-0.5)
    return Gate(name="cx", qubits=(0, 1), duration=460, pulses=(halves[0], x, halves[1]))


@pytest.mark.parametrize("apart", [0.0, 0.3])
def test_an_echo_is_propagated_once(
    apart: float, make_case: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An echo's second half is the first one, turned: fewer parts, the same map to 1e-9."""
    case = make_case(echoed(apart), levels=3, rabi_hz=6e7, t1_s=2e-5, t2_s=2e-5, control=CONTROL)
    phases = START_PHASES_RAD[:2]
    recognised, parts = case.fast(*phases), parts_of(case)
    monkeypatch.setattr(propagation, "_SAME", -1.0)

    apart_each, all_parts = case.fast(*phases), parts_of(case)

    assert (parts, all_parts) == (2, 3)
    assert off(recognised.superoperator, apart_each.superoperator) < 1e-9


def test_a_louder_half_is_no_echo(make_case: Cases) -> None:
    """Halves that differ by a millionth of their amplitude are propagated each by itself."""
    whole = echoed(0.0)
    first, x, second = whole.pulses
    assert isinstance(second, Constant)
    louder = second.model_copy(update={"amp": second.amp * (1 + 1e-6)})
    uneven = whole.model_copy(update={"pulses": (first, x, louder)})

    assert parts_of(make_case(uneven, levels=3, control=CONTROL)) == 3


@pytest.mark.parametrize("gate_id", ["cx:0-1", "cx:1-0"])
def test_a_shipped_echo_is_recognised(
    gate_id: str, device: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a real CX three quarters are propagated at most, and the map is the same to 5e-9."""
    case = device("lima").gate(gate_id, levels=3)
    recognised, samples = case.fast(), samples_of(case)
    monkeypatch.setattr(propagation, "_SAME", -1.0)

    apart_each, all_samples = case.fast(), samples_of(case)

    assert all_samples == case.problem.samples
    assert samples < 0.75 * all_samples
    assert off(recognised.superoperator, apart_each.superoperator) < 5e-9


def parts_of(case: Case) -> int:
    """How many parts of a gate are propagated."""
    return len(course(case.problem, compile_patch(case.problem.patch)).parts)


def samples_of(case: Case) -> int:
    """How many samples of a gate are propagated."""
    found = course(case.problem, compile_patch(case.problem.patch))
    return sum(part.segment.stop - part.segment.start for part in found.parts)
