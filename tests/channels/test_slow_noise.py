"""Slow frequency noise: against averages over simulated gates and closed forms."""

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.channels.ideal import ideal_image
from qtregress.channels.problem import gate_problem
from qtregress.channels.sensitivity import Parameter, sensitivities
from qtregress.channels.simulate import blocks
from qtregress.channels.slow_noise import ramsey_time_s, slow_error
from qtregress.channels.unitary_error import infidelity
from qtregress.chip.chip import Chip
from qtregress.pulses.profile import Constant, Gate, Profile
from tests.channels.cases import Devices

Complex = NDArray[np.complex128]
State = Callable[[str, float], None]
Makes = Callable[..., Any]

DT_S = 2e-9 / 9
IDLE = 900
"""Samples: 200 ns."""


def ideal_of(gate: Gate) -> Complex:
    """The unitary that the gate is meant to be."""
    found = ideal_image(gate.name)
    assert found is not None
    return found


def predicted(
    gate: Gate, profile: Profile, chip: Chip, sigma_hz: Mapping[int, float], levels: int
) -> float:
    """What the derivatives say the noise costs, at one start phase."""
    wanted = [Parameter(kind="frequency", subject=str(qubit)) for qubit in gate.qubits]
    found = sensitivities(gate, profile, chip, wanted, levels=levels, phases=1)
    return slow_error(found, ideal_of(gate), sigma_hz)


def moved(chip: Chip, offsets_hz: Mapping[int, float]) -> Chip:
    """The chip with its qubits' frequencies off, the carriers where they were."""
    document = chip.model_dump()
    for row in document["qubits"]:
        row["drive"]["frequency_offset_hz"] += offsets_hz.get(row["index"], 0.0)
    return Chip.model_validate(document)


def averaged(gate: Gate, profile: Profile, chip: Chip, sigma_hz: float, points: int) -> float:
    """Mean 1 - F_avg of the gate simulated at Gauss-Hermite offsets, less that at none."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    weights = weights / weights.sum()
    levels = 5 - len(gate.qubits)

    def error(offsets_hz: Mapping[int, float]) -> float:
        problem = gate_problem(gate, profile, moved(chip, offsets_hz), levels=levels)
        return infidelity(blocks(problem, phases=1)[0], ideal_of(gate))

    total = 0.0
    for at in product(range(points), repeat=len(gate.qubits)):
        offsets = {q: nodes[k] * sigma_hz for q, k in zip(gate.qubits, at, strict=True)}
        total += math.prod(weights[k] for k in at) * error(offsets)
    return total - error({})


def silence(start: int = 0, length: int = IDLE) -> Constant:
    """Nothing, played on d0."""
    return Constant(channel="d0", t0=start, duration=length, envelope="constant", amp=0.0)


@pytest.mark.parametrize(
    ("gate_id", "points", "close"), [("x:0", 5, 1e-4), ("sx:0", 5, 1e-4), ("cx:0-1", 3, 0.02)]
)
@pytest.mark.parametrize("sigma_hz", [3e3, 3e4])
def test_mean_over_runs(
    gate_id: str, points: int, close: float, sigma_hz: float, device: Devices, state: State
) -> None:
    """A shipped gate's closed form is its mean over simulations with noisy frequencies."""
    known = device("lima")
    gate = known.profile.by_id[gate_id]
    sigmas = dict.fromkeys(gate.qubits, sigma_hz)

    expected = averaged(gate, known.profile, known.chip, sigma_hz, points)
    found = predicted(gate, known.profile, known.chip, sigmas, 5 - len(gate.qubits))

    state(f"{gate_id} at {sigma_hz:g} Hz: slow error", found)
    state(f"{gate_id} at {sigma_hz:g} Hz: relative difference", found / expected - 1)
    assert found == pytest.approx(expected, rel=close, abs=0)


@pytest.mark.parametrize("sigma_hz", [1e3, 1e4, 4e4])
def test_an_idling_qubit(sigma_hz: float, make_chip: Makes, make_profile: Makes) -> None:
    """Doing nothing errs by (1 - exp(-2 (pi sigma t)^2)) / 3, to the fraction (pi sigma t)^2."""
    gate = Gate(name="id", qubits=(0,), duration=IDLE, pulses=(silence(),))
    small = (math.pi * sigma_hz * IDLE * DT_S) ** 2

    found = predicted(gate, make_profile(gate), make_chip(), {0: sigma_hz}, 2)

    assert found == pytest.approx(2 * small / 3, rel=1e-6, abs=0)
    assert found == pytest.approx((1 - math.exp(-2 * small)) / 3, rel=1.1 * small, abs=0)


def test_an_echo_takes_slow_noise_back(make_chip: Makes, make_profile: Makes) -> None:
    """With a short pi pulse between two halves a qubit errs a thousand times less."""
    pulse, sigma_hz = 9, {0: 1e4}
    amp = 1 / (2 * 5e8 * pulse * DT_S)
    flip = Constant(channel="d0", t0=IDLE, duration=pulse, envelope="constant", amp=amp)
    rows = (silence(), flip, silence(IDLE + pulse))
    echo = Gate(name="x", qubits=(0,), duration=2 * IDLE + pulse, pulses=rows)
    idle = Gate(name="id", qubits=(0,), duration=2 * IDLE, pulses=(silence(length=2 * IDLE),))
    chip = make_chip(rabi_hz=5e8)

    refocused, plain = (
        predicted(gate, make_profile(gate), chip, sigma_hz, 2) for gate in (echo, idle)
    )

    assert 0 <= refocused < 1e-3 * plain


def test_independent_qubits_add(device: Devices) -> None:
    """The noise of both qubits costs what that of each costs alone, as its variance."""
    known = device("lima")
    gate = known.profile.by_id["cx:0-1"]

    def of(sigma_hz: Mapping[int, float]) -> float:
        return predicted(gate, known.profile, known.chip, sigma_hz, 3)

    left, right = of({0: 1e4}), of({1: 1e4})

    assert min(left, right) > 0
    assert of({0: 2e4, 1: 3e4}) == pytest.approx(4 * left + 9 * right, rel=1e-12, abs=0)


def test_a_noisy_qubit_without_its_derivative_is_no_zero(device: Devices) -> None:
    """Noise whose effect was never asked for is refused; a quiet qubit needs none."""
    known = device("lima")
    gate = known.profile.by_id["x:0"]
    found = sensitivities(gate, known.profile, known.chip, (), levels=3, phases=1)

    assert slow_error(found, ideal_of(gate), {0: 0.0}) == 0.0
    with pytest.raises(KeyError, match="0"):
        slow_error(found, ideal_of(gate), {0: 1e3})


@given(st.floats(1e-6, 1e-2), st.floats(0.0, 1e6))
def test_a_ramsey_fringe_is_down_to_1_over_e(t2_s: float, sigma_hz: float) -> None:
    """At T2* the echo's decay and the spread of frequencies leave 1/e of the fringe."""
    time_s = ramsey_time_s(t2_s, sigma_hz)
    left = math.exp(-time_s / t2_s - 2 * (math.pi * sigma_hz * time_s) ** 2)

    assert left == pytest.approx(math.exp(-1), rel=1e-9, abs=0)
    assert time_s <= t2_s * (1 + 1e-12)


def test_noise_of_a_measured_ramsey_time() -> None:
    """T2 and T2* give back the noise: sigma = sqrt((1 - T2*/T2) / 2) / (pi T2*)."""
    ramsey_s = ramsey_time_s(100e-6, 5e3)
    sigma_hz = math.sqrt((1 - ramsey_s / 100e-6) / 2) / (math.pi * ramsey_s)

    assert sigma_hz == pytest.approx(5e3, rel=1e-9, abs=0)
