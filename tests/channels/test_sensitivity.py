"""Derivatives of lossless gates and of losses: against differences and closed forms."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import unitary_group

from qtregress.channels import answers as answers_of
from qtregress.channels.ideal import ideal_image
from qtregress.channels.problem import GateProblem, gate_problem
from qtregress.channels.sensitivity import (
    Kind,
    Parameter,
    Sensitivities,
    coherent_hessian,
    error_jacobian,
    parameters_of,
    sensitivities,
)
from qtregress.channels.simulate import blocks
from qtregress.channels.unitary_error import error_vector, infidelity, polar_unitary
from qtregress.chip.chip import Chip, ControlChannel
from qtregress.chip.lines import tones
from qtregress.pulses.profile import Constant, Gate, Profile, Samples, ShapedPulse
from qtregress.pulses.schedule import schedule
from tests.channels.cases import Devices
from tests.channels.loss_integrals import integrated_losses_s

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
State = Callable[[str, float], None]
Makes = Callable[..., Any]

LEVELS, PHASES = 3, 2
DT_S = 2e-9 / 9
STEPS: dict[Kind, float] = {
    "slope": 0.02,
    "compression_am": 1e-3,
    "compression_pm": 1e-2,
    "frequency": 2e4,
    "j": 2e4,
    "timing": 0.1,
}
"""Of central differences, where 2e-4 is not best."""
FIELDS: dict[Kind, str] = {
    "gain": "rabi_hz_per_amp",
    "phase": "phase_rad",
    "slope": "slope_dt",
    "frequency": "frequency_offset_hz",
    "cross_gain": "gain_ratio",
    "cross_phase": "phase_rad",
}
OF_X = (
    Parameter(kind="gain", subject="0"),
    Parameter(kind="phase", subject="0"),
    Parameter(kind="slope", subject="0"),
    Parameter(kind="compression_am", subject="0"),
    Parameter(kind="compression_pm", subject="0"),
    Parameter(kind="frequency", subject="0"),
    Parameter(kind="timing", subject="d0"),
)
OF_CX = (
    *OF_X,
    *(replace(parameter, subject="1") for parameter in OF_X[:-1]),
    Parameter(kind="timing", subject="d1"),
    Parameter(kind="timing", subject="u0"),
    Parameter(kind="cross_gain", subject="u0"),
    Parameter(kind="cross_phase", subject="u0"),
    Parameter(kind="crosstalk_re", subject="u0"),
    Parameter(kind="crosstalk_im", subject="u0"),
    Parameter(kind="j", subject="0-1"),
)
REAL = [("x:0", parameter) for parameter in OF_X] + [("cx:0-1", row) for row in OF_CX]


OF_A_CHIP = [parameter for parameter in OF_CX if parameter.kind != "timing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One gate of a release on a chip."""

    gate: Gate
    profile: Profile
    chip: Chip
    levels: int = LEVELS
    phases: int = PHASES

    def sensitivities(self, *wanted: Parameter) -> Sensitivities:
        """By these parameters, or by all."""
        return sensitivities(
            self.gate,
            self.profile,
            self.chip,
            wanted or None,
            levels=self.levels,
            phases=self.phases,
        )

    def problem(self, parameter: Parameter | None = None, by: float = 0.0) -> GateProblem:
        """With one parameter larger."""
        chip = moved(self.chip, parameter, by) if parameter else self.chip
        problem = gate_problem(self.gate, self.profile, chip, levels=self.levels)
        if parameter and parameter.kind == "timing":
            return delayed(problem, self, parameter.subject, by)
        return problem

    def blocks(self, parameter: Parameter | None = None, by: float = 0.0) -> Complex:
        """With one parameter larger, simulated anew."""
        return blocks(self.problem(parameter, by), phases=self.phases)

    def difference(self, parameter: Parameter, step: float | None = None) -> Complex:
        """Central difference, extrapolated from two steps."""
        whole = step or STEPS.get(parameter.kind, 2e-4)
        coarse, fine = (
            (self.blocks(parameter, h) - self.blocks(parameter, -h)) / (2 * h)
            for h in (whole, whole / 2)
        )
        return np.asarray((4 * fine - coarse) / 3)


def moved(chip: Chip, parameter: Parameter, by: float) -> Chip:
    """The chip with one of its numbers larger, gains relatively."""
    kind, subject = parameter.kind, parameter.subject
    if kind == "timing":
        return chip
    document = chip.model_dump()
    if kind == "j":
        (row,) = [c for c in document["couplings"] if set(c["qubits"]) == pair_of(subject)]
        row["j_hz"] += by
        return Chip.model_validate(document)
    if subject in chip.control_channels:
        row = document["control_channels"][subject]
    else:
        (row,) = [q["drive"] for q in document["qubits"] if q["index"] == int(subject)]
    field = FIELDS.get(kind, kind)
    row[field] += by * row[field] if kind in {"gain", "cross_gain"} else by
    return Chip.model_validate(document)


def pair_of(subject: str) -> set[int]:
    """The qubits of ``0-1``."""
    return {int(part) for part in subject.split("-")}


def delayed(problem: GateProblem, setting: Setting, channel: str, by: float) -> GateProblem:
    """The problem with one channel's envelopes later by a fraction of dt."""
    played = schedule(setting.gate)
    found = []
    for name, row in played.waveforms.items():
        for tone in tones(replace(played, waveforms={name: row}), setting.chip):
            envelope = tone.envelope_rad_s
            late = envelope - by * slope(envelope) if name == channel else envelope
            found.append(replace(tone, envelope_rad_s=late))
    return replace(problem, tones=tuple(found))


def slope(envelope: Complex) -> Complex:
    """Every jump shared by the samples on its two sides, or left to the one that plays."""
    found = np.zeros_like(envelope)
    padded = np.pad(envelope, 1)
    for edge in range(len(envelope) + 1):
        sides = [k for k in (edge - 1, edge) if 0 <= k < len(envelope) and envelope[k] != 0]
        for side in sides:
            found[side] += (padded[edge + 1] - padded[edge]) / len(sides)
    return found


def off(found: Complex | Floats, expected: Complex | Floats) -> float:
    """Largest difference, relative to the largest element."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.fixture(scope="session")
def lima(device: Devices) -> Callable[[str], Setting]:
    """A gate of the shipped ibm_lima."""

    def ask(gate_id: str) -> Setting:
        known = device("lima")
        return Setting(gate=known.profile.by_id[gate_id], profile=known.profile, chip=known.chip)

    return ask


@pytest.fixture(scope="session")
def answers(lima: Callable[[str], Setting]) -> Callable[[str], Sensitivities]:
    """All sensitivities of a gate of lima, made once."""
    return cache(lambda gate_id: lima(gate_id).sensitivities())


@pytest.fixture(scope="session")
def toy(make_chip: Makes, make_profile: Makes) -> Makes:
    """A gate of these rows on a toy chip."""

    def make(*rows: Any, qubits: int = 1, levels: int = 2, **chip: Any) -> Setting:
        duration = max(row.t0 + row.duration for row in rows)
        name, indices = ("cx", (0, 1)) if qubits > 1 else ("x", (0,))
        gate = Gate(name=name, qubits=indices, duration=duration, pulses=rows)
        made = make_chip(qubits=qubits, **chip)
        return Setting(gate=gate, profile=make_profile(gate), chip=made, levels=levels)

    return make


def flat(channel: str, start: int, stop: int, amp: float = 0.5) -> Constant:
    """A constant pulse between two samples."""
    return Constant(channel=channel, t0=start, duration=stop - start, envelope="constant", amp=amp)


def drawn(channel: str, start: int, values: list[complex]) -> Samples:
    """A pulse of these samples."""
    return Samples(
        channel=channel,
        t0=start,
        duration=len(values),
        envelope="samples",
        re=tuple(value.real for value in values),
        im=tuple(value.imag for value in values),
    )


def samples_of(seed: int, count: int) -> list[complex]:
    """Random samples inside full scale."""
    rng = np.random.default_rng(seed)
    return [complex(a, b) for a, b in rng.uniform(-0.7, 0.7, size=(count, 2))]


# Real gates


@pytest.mark.parametrize(
    ("gate_id", "parameter"), REAL, ids=[f"{g}-{p.kind}-{p.subject}" for g, p in REAL]
)
def test_derivatives_are_those_of_the_simulation(
    gate_id: str,
    parameter: Parameter,
    lima: Callable[[str], Setting],
    answers: Callable[[str], Sensitivities],
    state: State,
) -> None:
    """By every parameter a shipped gate's derivative is the limit of simulating it anew."""
    found = answers(gate_id)
    derivative = found.derivatives[found.parameters.index(parameter)]

    error = off(derivative, lima(gate_id).difference(parameter))

    state(f"{gate_id} {parameter.kind} {parameter.subject}: relative error", error)
    assert error < 1e-6


@pytest.mark.parametrize("gate_id", ["x:0", "cx:0-1"])
def test_blocks_come_with_the_derivatives(
    gate_id: str, lima: Callable[[str], Setting], answers: Callable[[str], Sensitivities]
) -> None:
    """The same pass gives the blocks as a simulation does, to rounding."""
    assert np.abs(answers(gate_id).blocks - lima(gate_id).blocks()).max() < 1e-12


@pytest.mark.parametrize(("gate_id", "known"), [("x:0", OF_X), ("cx:0-1", OF_CX)])
def test_every_parameter_of_a_gate_is_offered(
    gate_id: str, known: tuple[Parameter, ...], lima: Callable[[str], Setting]
) -> None:
    """Lines, channels, cross drives and J of a gate, each once."""
    setting = lima(gate_id)
    offered = parameters_of(setting.gate, setting.chip)

    assert (len(offered), set(offered)) == (len(known), set(known))


def test_parameters_are_answered_in_the_order_asked(
    lima: Callable[[str], Setting], answers: Callable[[str], Sensitivities]
) -> None:
    """A choice of parameters gives the same derivatives as all of them."""
    whole = answers("cx:0-1")
    wanted = (OF_CX[-1], OF_CX[0])
    found = lima("cx:0-1").sensitivities(*wanted)
    expected = whole.derivatives[[whole.parameters.index(parameter) for parameter in wanted]]

    assert found.parameters == wanted
    assert off(found.derivatives, expected) < 1e-12
    assert [len(rows) for rows in (found.derivatives, found.losses.derivatives_s)] == [2, 2]


def test_what_does_not_matter_has_no_derivative(lima: Callable[[str], Setting]) -> None:
    """Another qubit's line, frequency and coupling leave an x as it is."""
    others = [
        Parameter(kind="gain", subject="1"),
        Parameter(kind="slope", subject="1"),
        Parameter(kind="frequency", subject="1"),
        Parameter(kind="timing", subject="u0"),
        Parameter(kind="cross_phase", subject="u0"),
        Parameter(kind="crosstalk_re", subject="u0"),
        Parameter(kind="j", subject="1-0"),
    ]

    found = lima("x:0").sensitivities(*others)

    assert not np.any(found.derivatives)
    assert not np.any(found.losses.derivatives_s)


@pytest.mark.parametrize(
    "unknown",
    [
        Parameter(kind="gain", subject="9"),
        Parameter(kind="frequency", subject="d0"),
        Parameter(kind="timing", subject="d9"),
        Parameter(kind="cross_gain", subject="d0"),
        Parameter(kind="j", subject="0-4"),
    ],
    ids=lambda unknown: f"{unknown.kind}-{unknown.subject}",
)
def test_a_parameter_of_nothing_is_refused(
    unknown: Parameter, lima: Callable[[str], Setting]
) -> None:
    """What the chip does not have does not pass as having no influence."""
    with pytest.raises(KeyError, match=unknown.subject):
        lima("x:0").sensitivities(unknown)


@pytest.mark.parametrize("channel", ["u0", "d1"])
def test_timing_is_that_of_moved_pulses(
    channel: str, lima: Callable[[str], Setting], state: State
) -> None:
    """Pulses a whole sample later and earlier differ by twice the derivative, to a tenth."""
    setting = lima("cx:0-1")
    gate = setting.gate.model_copy(update={"duration": setting.gate.duration + 2})
    wide = replace(setting, gate=shifted(gate, 1))
    late, early = (replace(wide, gate=shifted(wide.gate, by, channel)).blocks() for by in (1, -1))

    derivative = wide.sensitivities(Parameter(kind="timing", subject=channel)).derivatives[0]

    error = off(derivative, (late - early) / 2)

    state(f"{channel}: timing against a whole sample", error)
    assert error < 0.1


def shifted(gate: Gate, by: int, channel: str = "") -> Gate:
    """The gate with the pulses of one channel, or all, that many samples later."""
    rows = tuple(
        row.model_copy(update={"t0": row.t0 + by})
        if isinstance(row, ShapedPulse) and row.channel == (channel or row.channel)
        else row
        for row in gate.pulses
    )
    return gate.model_copy(update={"pulses": rows})


# Losses


@pytest.mark.parametrize(
    ("gate_id", "parameter"), REAL, ids=[f"{g}-{p.kind}-{p.subject}" for g, p in REAL]
)
def test_losses_change_as_those_of_the_simulation(
    gate_id: str,
    parameter: Parameter,
    lima: Callable[[str], Setting],
    answers: Callable[[str], Sensitivities],
    state: State,
) -> None:
    """By every parameter losses change as the fast engine's own quadrature says, to 1e-3.

    What acts through jumps between samples alone (a slope, a delay) changes them by some
    1e-6 of the gate's duration a dt, and is known to 2e-7.
    """
    setting = lima(gate_id)
    found = answers(gate_id)
    derivative = found.losses.derivatives_s[found.parameters.index(parameter)]
    step = 5 * STEPS.get(parameter.kind, 2e-4)
    above, below = (integrated_losses_s(setting.problem(parameter, h)) for h in (step, -step))
    expected = (above - below) / (2 * step)

    error, size = (float(np.abs(rows).max()) for rows in (derivative - expected, expected))

    unit = 1e6 if parameter.kind in {"frequency", "j"} else 1.0
    unknown = 2e-7 * setting.problem().duration_s / unit
    state(f"{gate_id} {parameter.kind} {parameter.subject}: loss' relative error", error / size)
    assert error < 1e-3 * size + unknown


@pytest.mark.parametrize("parameter", OF_A_CHIP, ids=lambda one: f"{one.kind}-{one.subject}")
def test_what_quadrature_leaves_is_differentiated_too(
    parameter: Parameter, lima: Callable[[str], Setting]
) -> None:
    """A loss' derivative is the limit of its own differences, however small it is."""
    setting = replace(lima("cx:0-1"), phases=1)
    (derivative,) = setting.sensitivities(parameter).losses.derivatives_s
    step = 5 * STEPS.get(parameter.kind, 2e-4)
    coarse, fine = (
        (losses_s(setting, parameter, h) - losses_s(setting, parameter, -h)) / (2 * h)
        for h in (step, step / 2)
    )
    expected = (4 * fine - coarse) / 3

    rounding = 1e-14 * setting.problem().duration_s / step
    assert np.abs(derivative - expected).max() < 1e-5 * np.abs(expected).max() + rounding


def test_losses_where_carriers_meet_on_one_transmon(toy: Makes, state: State) -> None:
    """Jumping pulses of two carriers, in finer steps: values to 1e-4, derivatives their own."""
    values = samples_of(3, 20)
    setting = toy(
        drawn("d0", 0, values[:8]),
        drawn("u0", 2, values[8:14]),
        drawn("d1", 6, values[14:]),
        qubits=2,
        levels=3,
        rabi_hz=40e6,
        j_hz=5e6,
    )
    expected = integrated_losses_s(setting.problem())

    error = off(setting.sensitivities().losses.values_s, expected)

    state("losses of jumping pulses: relative error", error)
    assert error < 1e-4
    for parameter in (OF_CX[0], OF_CX[2], OF_CX[-2], OF_CX[-4]):
        (derivative,) = setting.sensitivities(parameter).losses.derivatives_s
        above, below = (losses_s(setting, parameter, h) for h in (1e-4, -1e-4))
        assert off(derivative, (above - below) / 2e-4) < 1e-5


def losses_s(setting: Setting, parameter: Parameter, by: float) -> Floats:
    """Losses of the gate on the chip with that parameter larger."""
    there = replace(setting, chip=moved(setting.chip, parameter, by))
    return there.sensitivities(parameter).losses.values_s


# Gates with known answers


@pytest.mark.physics
@pytest.mark.parametrize("amp", [0.05, 0.5, 1.0])
def test_gain_and_phase_of_a_square_pulse(amp: float, toy: Makes) -> None:
    """U = exp(-i t/2 X): a gain turns on by -i t/2 X U, a phase about Z by i/2 [Z, U]."""
    setting = toy(flat("d0", 0, 40, amp), rabi_hz=20e6)
    found = setting.sensitivities(OF_X[0], OF_X[1])
    angle = 2 * np.pi * 20e6 * amp * 40 * DT_S
    x, z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
    unitary = np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * x
    expected = np.array([-0.5j * angle * x @ unitary, 0.5j * (z @ unitary - unitary @ z)])

    assert np.abs(found.blocks[0] - unitary).max() < 1e-12
    assert np.abs(found.derivatives[:, 0] - expected).max() < 1e-11 * (1 + angle)


@pytest.mark.physics
def test_a_flat_pulse_moved_is_its_edges(toy: Makes) -> None:
    """Off resonance a square pulse dt later is U turned by its detuning: i dt [H0, U]."""
    offset_hz = 3e6
    setting = toy(flat("d0", 4, 24), rabi_hz=20e6, offset_hz=offset_hz)
    pulse = toy(flat("d0", 0, 20), rabi_hz=20e6, offset_hz=offset_hz).blocks()[0]
    wait = np.diag(np.exp(-2j * np.pi * offset_hz * 4 * DT_S * np.arange(2)))
    late = -2j * np.pi * offset_hz * DT_S * np.diag([0, 1])
    expected = (late.conj() @ pulse + pulse @ late) @ wait

    (derivative,) = setting.sensitivities(OF_X[-1]).derivatives[:, 0]

    assert off(derivative, expected) < 0.1


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 30), levels=st.integers(2, 4))
def test_a_phase_turns_any_pulse_about_its_number(
    seed: int, count: int, levels: int, toy: Makes
) -> None:
    """Whatever is played, dU/dphase = i [U, N]: the line's phase is a frame's."""
    setting = toy(drawn("d0", 0, samples_of(seed, count)), rabi_hz=50e6, levels=levels)
    found = setting.sensitivities(OF_X[1])
    number = np.diag([0, 1])
    expected = 1j * (found.blocks[0] @ number - number @ found.blocks[0])

    assert np.abs(found.derivatives[0, 0] - expected).max() < 1e-12 * (1 + count)


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1), start=st.integers(0, 8), gap=st.integers(0, 4))
def test_random_pulses_of_two_carriers(seed: int, start: int, gap: int, toy: Makes) -> None:
    """However drives and cross drives overlap, derivatives are those of the simulation."""
    values = samples_of(seed, 26)
    setting = toy(
        drawn("d0", 0, values[:8]),
        drawn("d1", 2, values[8:16]),
        drawn("u0", start, values[16:22]),
        drawn("u0", start + 6 + gap, values[22:]),
        qubits=2,
        levels=3,
        rabi_hz=40e6,
        j_hz=5e6,
    )
    wanted = (OF_CX[0], OF_CX[2], OF_CX[5], *OF_CX[-7:-1])
    found = setting.sensitivities(*wanted)

    errors = [
        off(
            derivative,
            setting.difference(parameter, 2e3 if parameter.kind == "frequency" else 1e-3),
        )
        for parameter, derivative in zip(wanted, found.derivatives, strict=True)
    ]

    assert max(errors) < 1e-6


def test_coarse_steps_are_differentiated_as_they_are(toy: Makes) -> None:
    """With samples of 2 ns steps err, and the derivative is still that of what is simulated."""
    values = samples_of(7, 16)
    setting = toy(
        drawn("d0", 0, values[:8]), drawn("u0", 0, values[8:]), qubits=2, levels=3, rabi_hz=60e6
    )
    coarse = replace(setting, profile=setting.profile.model_copy(update={"dt_ns": 2.0}))
    wanted = (OF_CX[0], OF_CX[-1], Parameter(kind="cross_phase", subject="u0"))
    found = coarse.sensitivities(*wanted).derivatives

    errors = [off(d, coarse.difference(p)) for p, d in zip(wanted, found, strict=True)]

    assert max(errors) < 1e-7


def test_an_echo_is_asked_once(toy: Makes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second half of an echo, and other start phases, answer as the first, turned."""
    asked = []
    answer = answers_of._part_answer

    def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return answer(*arguments)

    monkeypatch.setattr(answers_of, "_part_answer", counted)
    setting = toy(
        flat("u0", 0, 8), flat("d0", 8, 12), flat("u0", 12, 20, -0.5), qubits=2, rabi_hz=40e6
    )
    wanted = (OF_CX[0], OF_CX[2], OF_CX[-1])
    found = setting.sensitivities(*wanted).derivatives

    assert len(asked) == 2
    assert [off(d, setting.difference(p)) < 1e-6 for p, d in zip(wanted, found, strict=True)] == [
        True
    ] * 3


def test_a_slope_sees_what_plays_next_to_a_copy(toy: Makes) -> None:
    """Equal stretches answer a slope differently where one starts a pulse and one does not."""
    setting = toy(flat("d0", 0, 4), flat("u0", 0, 12), flat("u0", 20, 28), qubits=2, rabi_hz=40e6)
    wanted = OF_CX[2]

    (derivative,) = setting.sensitivities(wanted).derivatives

    assert off(derivative, setting.difference(wanted)) < 1e-6


# The coherent error


def near_unitary(rng: np.random.Generator, d: int) -> Complex:
    """A unitary that lost some amplitude."""
    unitary = np.asarray(unitary_group.rvs(d, random_state=rng))
    return unitary @ (np.eye(d) - 0.1 * random_matrix(rng, d))


def random_matrix(rng: np.random.Generator, d: int) -> Complex:
    """Complex normal elements."""
    return np.asarray(rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d)))


@given(seed=st.integers(0, 2**32 - 1), qubits=st.integers(1, 2))
def test_jacobian_is_that_of_the_error_vector(seed: int, qubits: int) -> None:
    """For any block, direction and ideal it is the limit of the vector's differences."""
    rng = np.random.default_rng(seed)
    d = 2**qubits
    block, ideal = near_unitary(rng, d), np.asarray(unitary_group.rvs(d, random_state=rng))
    directions = np.array([random_matrix(rng, d) for _ in range(3)])
    trace = abs(np.trace(ideal.conj().T @ polar_unitary(block)))
    step = 1e-4 * min(1.0, trace, np.linalg.svd(block)[1].min())

    def difference(direction: Complex, h: float) -> Floats:
        return (
            error_vector(block + h * direction, ideal) - error_vector(block - h * direction, ideal)
        ) / (2 * h)

    expected = [(4 * difference(row, step / 2) - difference(row, step)) / 3 for row in directions]

    found = error_jacobian(block, directions, ideal)

    assert np.abs(found - np.array(expected).T).max() < 1e-7 * (1 + np.abs(found).max())


def test_jacobian_leaves_out_the_global_phase() -> None:
    """A gate turned as a whole has the same error vector."""
    block = np.asarray(unitary_group.rvs(4, random_state=1))
    ideal = np.asarray(unitary_group.rvs(4, random_state=2))

    assert np.abs(error_jacobian(block, 1j * block[None], ideal)).max() < 1e-13


def pi_pulse(toy: Makes) -> Setting:
    """A square pulse that turns two levels by exactly pi."""
    made: Setting = toy(flat("d0", 0, 90, 0.5), rabi_hz=1 / (90 * DT_S))
    return made


PI = (OF_X[0], OF_X[1], OF_X[5])


def second_differences(setting: Setting, wanted: tuple[Parameter, ...], ideal: Complex) -> Floats:
    """Of the infidelity at the first start phase, by steps that change it by about 1e-6."""
    steps = {"frequency": 1e4}

    def error(*moves: tuple[Parameter, float]) -> float:
        chip = setting.chip
        for parameter, by in moves:
            chip = moved(chip, parameter, by)
        return infidelity(replace(setting, chip=chip, phases=1).blocks()[0], ideal)

    found = np.empty((len(wanted), len(wanted)))
    for row, a in enumerate(wanted):
        for column, b in enumerate(wanted):
            h, k = (steps.get(p.kind, 1e-3) for p in (a, b))
            corners = [s * t * error((a, s * h), (b, t * k)) for s in (1, -1) for t in (1, -1)]
            found[row, column] = sum(corners) / (4 * h * k)
    return found


@pytest.mark.physics
def test_hessian_of_a_pi_pulse(toy: Makes) -> None:
    """1 - F = (2/3) sin^2(pi g / 2) for a gain g, (2/3) sin^2 p for a phase p."""
    ideal = ideal_image("x")
    assert ideal is not None
    setting = replace(pi_pulse(toy), phases=1)

    found = coherent_hessian(setting.sensitivities(*PI[:2]), ideal)

    assert infidelity(setting.blocks()[0], ideal) < 1e-14
    assert found == pytest.approx(np.diag([np.pi**2 / 3, 4 / 3]), abs=1e-10)


def test_hessian_is_that_of_the_infidelity(toy: Makes) -> None:
    """At an exact gate it is the infidelity's curvature by gain, phase and frequency."""
    setting = replace(pi_pulse(toy), phases=1)
    ideal = polar_unitary(setting.blocks()[0])
    expected = second_differences(setting, PI, ideal)

    found = coherent_hessian(setting.sensitivities(*PI), ideal)

    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((found - expected) / scale).max() < 1e-4


def test_hessian_of_a_pair_is_that_of_its_infidelity(toy: Makes) -> None:
    """Likewise for a cross drive between two-level qubits, seen from its own unitary."""
    control = ControlChannel(qubit=0, frequency_of=1, phase_rad=0.3)
    setting = replace(
        toy(flat("u0", 0, 60), flat("d1", 10, 50, 0.1), qubits=2, rabi_hz=60e6, control=control),
        phases=1,
    )
    wanted = (OF_CX[0], OF_CX[5], Parameter(kind="cross_phase", subject="u0"))
    ideal = polar_unitary(setting.blocks()[0])
    expected = second_differences(setting, wanted, ideal)

    found = coherent_hessian(setting.sensitivities(*wanted), ideal)

    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((found - expected) / scale).max() < 1e-4


def test_hessian_averages_over_start_phases(answers: Callable[[str], Sensitivities]) -> None:
    """A gate counts at each start phase alike."""
    found = answers("cx:0-1")
    ideal = polar_unitary(found.blocks[0])
    each = [
        replace(found, blocks=found.blocks[s, None], derivatives=found.derivatives[:, s, None])
        for s in range(PHASES)
    ]

    mean = np.mean([coherent_hessian(one, ideal) for one in each], axis=0)

    assert off(coherent_hessian(found, ideal), mean) < 1e-12
