"""Lossless propagation: segments, frames, and the order of the steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels import propagation
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import segments, unitaries
from qtregress.chip.lines import Tone
from qtregress.chip.transmon import TransmonParameters, pair_patch
from tests.channels.cases import Devices

Complex = NDArray[np.complex128]
State = Callable[[str, float], None]

CARRIERS_HZ = (5.0e9, 5.1e9)
SAMPLES = 12
DT_S = 2e-9 / 9
LONG_DT_S = 9 * DT_S
"""Nine times a real sample, so that the error of a step stands out."""


def two_carriers(*envelopes: tuple[int, int, Complex], dt_s: float = LONG_DT_S) -> GateProblem:
    """Two coupled transmons driven by tones (qubit, carrier of, envelope)."""
    patch = pair_patch(
        TransmonParameters(frequency_hz=CARRIERS_HZ[0], anharmonicity_hz=-330e6, levels=3),
        TransmonParameters(frequency_hz=CARRIERS_HZ[1], anharmonicity_hz=-340e6, levels=3),
        3e6,
    )
    tones = tuple(
        Tone(qubit=qubit, carrier_of=carrier, line=qubit, envelope_rad_s=envelope)
        for qubit, carrier, envelope in envelopes
    )
    return GateProblem(
        gate="cx:0-1",
        qubits=(0, 1),
        patch=patch,
        tones=tones,
        carrier_hz=CARRIERS_HZ,
        virtual_z_rad=(0.0, 0.0),
        samples=SAMPLES,
        dt_s=dt_s,
    )


def flat(rabi_hz: float, start: int = 0, stop: int = SAMPLES) -> Complex:
    """A constant envelope between two samples."""
    envelope = np.zeros(SAMPLES, dtype=complex)
    envelope[start:stop] = 2 * np.pi * rabi_hz
    return envelope


def propagator(problem: GateProblem, phase_rad: float = 0.0) -> Complex:
    """The lossless propagator of the whole gate."""
    compiled = compile_patch(problem.patch)
    return np.asarray(unitaries(problem, compiled, (phase_rad,))[0])


def cut(problem: GateProblem) -> list[tuple[int, int, tuple[int, ...]]]:
    """The gate's segments as (start, stop, carriers)."""
    return [(part.start, part.stop, part.carriers) for part in segments(problem)]


def test_segments_are_cut_where_carriers_change() -> None:
    """A gate is cut wherever the set of playing carriers changes, pauses included."""
    problem = two_carriers((0, 0, flat(1e6, 0, 4)), (0, 1, flat(1e6, 2, 8)))

    assert cut(problem) == [(0, 2, (0,)), (2, 4, (0, 1)), (4, 8, (1,)), (8, 12, ())]


def test_cross_drive_alone_is_one_carrier() -> None:
    """A cross drive and its share at the target are one segment: they share a carrier."""
    problem = two_carriers((0, 1, flat(1e6)), (1, 1, flat(1e4)))

    assert cut(problem) == [(0, 12, (1,))]


def test_gate_of_nothing_has_no_segments() -> None:
    """A gate of no duration has no segments."""
    problem = two_carriers()

    empty = GateProblem(**{**_fields(problem), "samples": 0})

    assert segments(empty) == ()


def _fields(problem: GateProblem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in GateProblem.__dataclass_fields__}


def test_two_carrier_steps_converge_with_the_sixth_power(
    monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    """Where two carriers overlap the error falls with the sixth power of the step."""
    problem = two_carriers((0, 0, flat(20e6)), (0, 1, flat(30e6)), (1, 1, flat(10e6)))
    counts = [4, 5, 6, 8, 10, 12]
    errors = []
    monkeypatch.setattr(propagation, "_STEPS", 60)
    fine = propagator(problem)
    for count in counts:
        monkeypatch.setattr(propagation, "_STEPS", count)
        errors.append(np.abs(propagator(problem) - fine).max())

    slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]

    state("order of the two-carrier steps", slope)
    assert slope == pytest.approx(6, abs=0.3)


@pytest.mark.parametrize(("name", "gate"), [("lima", "cx:0-1"), ("nairobi", "cx:1-2")])
def test_one_step_a_sample_is_enough_for_a_shipped_cx(
    name: str,
    gate: str,
    *,
    device: Devices,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
) -> None:
    """Where the echoes of a shipped CX overlap, one step a sample errs by less than 1e-9."""
    problem = device(name).gate(gate).problem
    once = propagator(problem)
    monkeypatch.setattr(propagation, "_STEPS", 4)

    found = float(np.abs(once - propagator(problem)).max())

    state(f"{name} {gate}: error of one step a sample", found)
    assert found < 1e-9


def test_estimate_covers_overlapping_carriers(
    device: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a cross drive overlaps a drive of its own transmon, the estimate bounds the error."""
    pulses = (flat(25e6), flat(25e6))
    driven = two_carriers(*((0, carrier, row) for carrier, row in enumerate(pulses)), dt_s=DT_S)
    case = device("lima").gate("cx:0-1", levels=3)
    one_step = type(case)(problem=driven, bath=case.bath).fast()
    monkeypatch.setattr(propagation, "_STEPS", 6)

    fine = type(case)(problem=driven, bath=case.bath).map

    assert np.abs(one_step.superoperator - fine).max() <= one_step.error_estimate


def test_stepping_does_not_depend_on_the_number_of_carriers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second carrier far too weak to matter changes the frame and steps, not the answer."""
    main = (0, 1, flat(30e6))
    alone = propagator(two_carriers(main, dt_s=DT_S))
    monkeypatch.setattr(propagation, "_STEPS", 4)

    with_trace = propagator(two_carriers(main, (0, 0, flat(1e-3)), dt_s=DT_S))

    assert np.abs(alone - with_trace).max() < 1e-10


@pytest.mark.parametrize("phase_rad", [0.0, 0.7, np.pi])
def test_uncoupled_transmons_do_not_feel_the_start_phase(phase_rad: float) -> None:
    """Without coupling the relative phase of two carriers changes nothing."""
    problem = two_carriers((0, 0, flat(20e6, 0, 6)), (1, 1, flat(20e6, 6, 12)))
    fields = _fields(problem)
    left, right = (
        TransmonParameters(frequency_hz=carrier, anharmonicity_hz=-330e6, levels=3)
        for carrier in CARRIERS_HZ
    )
    uncoupled = GateProblem(**{**fields, "patch": pair_patch(left, right, 0.0)})

    turned = propagator(uncoupled, phase_rad)

    assert np.abs(turned - propagator(uncoupled)).max() < 1e-10


@pytest.mark.parametrize("phase_rad", [0.5, np.pi / 2, 4.0])
def test_start_phase_is_that_of_the_second_carrier(phase_rad: float) -> None:
    """A start phase p is the second carrier played turned by p, its frame taken along."""
    tones = ((0, 0, flat(20e6, 0, 8)), (0, 1, flat(30e6, 4, 12)), (1, 1, flat(5e6, 2, 12)))
    played = [
        (qubit, carrier, envelope * np.exp(1j * phase_rad * carrier))
        for qubit, carrier, envelope in tones
    ]
    problem = two_carriers(*tones)
    frame = np.exp(1j * phase_rad * problem.patch.numbers[1])

    turned = frame[:, None] * propagator(two_carriers(*played)) * frame.conj()[None, :]

    assert np.abs(propagator(problem, phase_rad) - turned).max() < 1e-12


@pytest.mark.parametrize("second", [0, 4])
def test_a_delay_is_a_start_phase(second: int) -> None:
    """A gate played t later is the gate at start phase 2 pi (f1 - f0) t, after an idle of t."""
    wait = 4
    early = ((0, 0, flat(20e6, 0, 4)), (1, 1, flat(10e6, second, 8)))
    late = [(qubit, carrier, np.roll(envelope, wait)) for qubit, carrier, envelope in early]
    idle = propagator(GateProblem(**{**_fields(two_carriers()), "samples": wait}))
    phase_rad = 2 * np.pi * (CARRIERS_HZ[1] - CARRIERS_HZ[0]) * wait * LONG_DT_S

    gate = idle.conj().T @ propagator(two_carriers(*early), phase_rad)

    assert np.abs(propagator(two_carriers(*late)) - gate @ idle).max() < 1e-9


def test_propagators_are_unitary() -> None:
    """Without a bath a gate's propagator is unitary."""
    found = propagator(two_carriers((0, 0, flat(20e6, 0, 8)), (0, 1, flat(30e6, 4, 12))))

    assert np.abs(found.conj().T @ found - np.eye(9)).max() < 1e-11


@pytest.mark.parametrize("gate", ["x:0", "cx:0-1"])
def test_fast_engine_without_loss_is_the_propagator(gate: str, device: Devices) -> None:
    """In a bath that does nothing the fast engine's map is that of the lossless unitary."""
    case = device("lima").gate(gate, levels=3)
    still = tuple(type(rates)(down=(0.0,) * 2, up=(0.0,) * 2, dephasing=0.0) for rates in case.bath)
    lossless = propagator(case.problem)

    found = type(case)(problem=case.problem, bath=still).map

    assert np.abs(found - np.kron(lossless, lossless.conj())).max() < 1e-11
