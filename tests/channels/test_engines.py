"""The fast engine against Qiskit Dynamics alone, on the shipped devices' gates."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels import decay
from qtregress.channels.dissipators import ladders
from qtregress.channels.fast import RatedMap
from qtregress.channels.simulate import GateTask, simulate_gate
from qtregress.chip.chip import ControlChannel
from qtregress.pulses.profile import Constant, Gate, GaussianSquare
from tests.channels.cases import Case, Cases, Device, Devices
from tests.channels.solutions import finely, in_blocks, off, reference_unitary

Complex = NDArray[np.complex128]
Answers = Callable[..., tuple[RatedMap, Complex]]
State = Callable[[str, float], None]

DEVICES = ["lima", "nairobi", "manila"]
CX = [("lima", "cx:0-1"), ("nairobi", "cx:0-1"), ("manila", "cx:0-1")]
LONG = ("lima", "cx:3-4")
SHORT_S = 12e-6
"""Shorter than the T2 of any qubit here."""
AGREE = 1e-8
FLOOR = 5e-10
"""The reference's own error where two carriers overlap: up to 4e-10 at three levels, by
comparison with finer steps. Of a gate of one carrier it makes none. At four levels it is up to
5e-9, and 2e-8 in lima's cx:3-4, whose steps are halved here."""


def one_qubit_gates(device: Device) -> list[str]:
    """Every x and sx of a release."""
    return [gate.id for gate in device.profile.gates if gate.name in ("x", "sx")]


def difference(answers: tuple[RatedMap, Complex]) -> float:
    """Largest superoperator element by which the engines differ."""
    quick, reference = answers
    return off(quick.superoperator, reference)


def agree(what: str, answers: tuple[RatedMap, Complex], state: State) -> None:
    """The engines differ by no more than 1e-8, nor than the fast one says."""
    found, estimate = difference(answers), answers[0].error_estimate

    state(f"{what}: engines differ by", found)
    state(f"{what}: estimate over difference", estimate / found)
    assert found <= AGREE
    assert found <= estimate + FLOOR


# One qubit


@pytest.mark.physics
@pytest.mark.parametrize("t2_s", [None, SHORT_S])
@pytest.mark.parametrize("name", DEVICES)
def test_engines_agree_on_one_qubit_gates(
    name: str, t2_s: float | None, *, device: Devices, answers: Answers, state: State
) -> None:
    """Both engines give every x and sx, at four levels, alike to 1e-8, T2 = 12 us included."""
    gates = one_qubit_gates(device(name))
    found = {gate: difference(answers(name, gate, t2_s=t2_s)) for gate in gates}

    worst = max(found, key=lambda gate: found[gate])
    state(f"{name}: engines differ most, over {len(found)} gates, on {worst}", found[worst])
    assert found[worst] <= AGREE


@pytest.mark.parametrize("t2_s", [None, SHORT_S])
@pytest.mark.parametrize("name", DEVICES)
def test_estimate_bounds_the_error_of_one_qubit_gates(
    name: str, t2_s: float | None, *, device: Devices, answers: Answers, state: State
) -> None:
    """The error estimate of every x and sx is no less than what the engines differ by."""
    found = {gate: answers(name, gate, t2_s=t2_s) for gate in one_qubit_gates(device(name))}
    shares = {gate: both[0].error_estimate / difference(both) for gate, both in found.items()}

    state(f"{name}: least estimate over difference", min(shares.values()))
    assert [gate for gate, share in shares.items() if share < 1] == []


@pytest.mark.parametrize(("name", "gate"), [("lima", "x:4"), ("nairobi", "sx:5")])
def test_reference_is_exact_for_one_carrier(
    name: str, gate: str, *, device: Devices, answers: Answers
) -> None:
    """The reference's x is the product of its samples' exponentials, to 1e-12: no floor here."""
    assert off(answers(name, gate)[1], device(name).gate(gate).held()) < 1e-12


@pytest.mark.parametrize(("name", "gate"), [("lima", "x:4"), ("lima", "sx:0"), ("nairobi", "x:5")])
def test_second_order_matters(
    name: str, gate: str, *, device: Devices, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In half blocks of 0.7 ns an x errs five times as much without the extrapolation."""
    case = device(name).gate(gate)
    errors = [block_error(case, 3)]
    # what two exponentials that follow each other have of it by themselves
    monkeypatch.setattr(decay, "_EXTRAPOLATED", 1 / 2)
    errors.append(block_error(case, 3))

    state(f"{name} {gate}: error with the second order extrapolated", errors[0])
    state(f"{name} {gate}: error without", errors[1])
    assert errors[1] > 5 * errors[0]


def block_error(case: Case, steps: int) -> float:
    """Largest element by which a gate of one part errs in half blocks of ``steps`` steps."""
    (one,) = case.propagation().paths
    found, _ = in_blocks(one, ladders(case.problem.patch, case.bath), steps)
    return off(found, case.held())


# Pairs


@pytest.mark.physics
@pytest.mark.parametrize(("name", "gate"), CX)
def test_engines_agree_on_a_cx(name: str, gate: str, *, answers: Answers, state: State) -> None:
    """Both engines give a CX, at three levels a transmon, alike to 1e-8 and to the estimate."""
    agree(f"{name} {gate}", answers(name, gate, levels=3), state)


@pytest.mark.slow
@pytest.mark.physics
@pytest.mark.parametrize(("name", "gate"), CX)
def test_engines_agree_on_a_cx_of_short_lived_qubits(
    name: str, gate: str, *, answers: Answers, state: State
) -> None:
    """Likewise at T2 = 12 us."""
    agree(f"{name} {gate} at 12 us", answers(name, gate, levels=3, t2_s=SHORT_S), state)


@pytest.mark.slow
@pytest.mark.physics
@pytest.mark.parametrize(
    ("name", "gate", "steps_per_sample"), [*((*one, 2) for one in CX), (*LONG, 4)]
)
def test_engines_agree_on_a_cx_at_four_levels(
    name: str, gate: str, steps_per_sample: int, *, answers: Answers, state: State
) -> None:
    """Both engines give a CX, at four levels a transmon, alike to 1e-8 and to the estimate."""
    found = answers(name, gate, steps_per_sample=steps_per_sample)

    agree(f"{name} {gate}, four levels", found, state)


@pytest.mark.slow
@pytest.mark.physics
def test_engines_agree_without_loss_at_four_levels(device: Devices, state: State) -> None:
    """Without loss, in steps of a quarter of a sample, they give a long CX's unitary to 2e-9."""
    name, gate = LONG
    case = device(name).gate(gate)
    found = case.propagation().lossless

    error = off(found.unitaries[0], reference_unitary(case.problem, 4))

    state(f"{name} {gate}, four levels, no loss: engines differ by", error)
    assert error < 2e-9
    assert error < found.step_error + FLOOR


@pytest.mark.parametrize(("name", "gate"), CX)
def test_reference_errs_less_than_the_floor(
    name: str, gate: str, *, device: Devices, answers: Answers, state: State
) -> None:
    """The reference's own error of a CX, by a far finer solution, is below 5e-10."""
    found = off(answers(name, gate, levels=3)[1], device(name).gate(gate, levels=3).finer())

    state(f"{name} {gate}: the reference errs by", found)
    assert found < FLOOR


@pytest.mark.parametrize(
    ("name", "gate"),
    [
        ("manila", "cx:0-1"),
        *(pytest.param(*one, marks=pytest.mark.slow) for one in [*CX[:2], LONG]),
    ],
)
def test_estimate_bounds_the_error_of_a_cx_at_four_levels(
    name: str, gate: str, *, device: Devices, state: State
) -> None:
    """At four levels the estimate of a CX bounds its difference from a far finer solution."""
    case = device(name).gate(gate)
    quick = case.fast()
    fine = finely(case.problem, steps=2, nodes=2).at(case.bath, tolerance=1e-10)

    found = off(quick.superoperator, fine.superoperator)

    state(f"{name} {gate}, four levels: error", found)
    state(f"{name} {gate}, four levels: estimate over error", quick.error_estimate / found)
    assert found <= AGREE
    assert found <= quick.error_estimate


# Start phases


def overlapping() -> Gate:
    """A short gate whose two carriers overlap, with a flat top each."""
    own = Constant(envelope="constant", channel="d1", t0=20, duration=110, amp=0.05, angle=0.4)
    cross = GaussianSquare(
        envelope="gaussian_square", channel="u0", t0=0, duration=150, amp=0.6, sigma=16, width=80
    )
    return Gate(name="cx", qubits=(0, 1), duration=150, pulses=(own, cross))


CONTROL = ControlChannel(qubit=0, frequency_of=1, gain_ratio=0.9, phase_rad=1.0, crosstalk_re=0.02)


@pytest.mark.physics
def test_engines_agree_on_the_start_phase_average(make_case: Cases, state: State) -> None:
    """At T2 = 12 us both engines give the mean of a gate over two start phases alike to 1e-8."""
    phases = (0.3, 2.1)
    case = make_case(
        overlapping(), levels=3, rabi_hz=60e6, t1_s=20e-6, t2_s=SHORT_S, control=CONTROL
    )
    reference = np.mean([case.reference(phase) for phase in phases], axis=0)

    agree("two carriers over two start phases", (case.fast(*phases), reference), state)

    assert off(case.fast(phases[0]).superoperator, reference) > 1e3 * AGREE


@pytest.mark.slow
@pytest.mark.physics
def test_engines_agree_on_the_start_phase_average_of_a_cx(
    device: Devices, answers: Answers, state: State
) -> None:
    """Both engines give the mean of a CX over two start phases of its carriers alike to 1e-8."""
    case = device("lima").gate("cx:0-1", levels=3)
    reference = (answers("lima", "cx:0-1", levels=3)[1] + case.reference(np.pi / 2)) / 2

    found = off(case.fast(0.0, np.pi / 2).superoperator, reference)

    state("lima cx:0-1 over two start phases: engines differ by", found)
    assert found < AGREE


@pytest.mark.slow
@pytest.mark.physics
def test_engines_agree_on_a_simulated_gate(device: Devices, state: State) -> None:
    """A simulated CX, averaged over all its start phases, is alike to 1e-8 by both engines."""
    case = device("lima").gate("cx:0-1", levels=3)

    ((quick,), (reference,)) = (
        simulate_gate(GateTask(problem=case.problem, cold=case.bath, loads=(), engine=engine))
        for engine in ("fast", "reference")
    )

    found = off(quick.superoperator, reference.superoperator)
    state("lima cx:0-1 over four start phases: engines differ by", found)
    assert found < AGREE
