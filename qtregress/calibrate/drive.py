"""Calibrating the line model on a reference profile: the table says what its gates mean.

For one qubit x and sx fix the line's gain, phase, slope, compression and the frequency
offset (six numbers from two unitaries). For a coupled pair both cross-resonance gates fix
J, the cross drive's phase and its direct share at the target, while its gain stays near the
line's own x-calibrated gain: a free gain is degenerate with J and would make the heat wrong. No
virtual Z beyond the profile's own is fitted, so that what remains is a residual.

Gains only: what moves between two states of a chip. Slope, compression and J stay, since a
slope fitted again would hide a changed DRAG and a free J a changed cross drive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from qtregress.channels.ideal import ideal_image
from qtregress.channels.problem import LEVELS, coupling_hz, gate_problem, why_not_simulated
from qtregress.channels.simulate import blocks
from qtregress.channels.unitary_error import error_vector, infidelity
from qtregress.chip.chip import Chip, ControlChannel, Coupling, DriveLine, GateFit, Qubit
from qtregress.chip.lines import response
from qtregress.pulses.profile import CutDrag, Drag, Gate, Profile
from qtregress.pulses.schedule import schedule
from qtregress.units import angular, ns_to_s

Floats = NDArray[np.float64]

ONE_QUBIT_LIMIT = 1e-3
PAIR_LIMIT = 1e-2
"""Residuals above which a gate is unfitted, and undecided ever after."""

_CROSS_GAIN_PRIOR = 0.1
_PRIOR_WEIGHT = 0.03
"""Error-vector length that costs as much as one prior width of the cross drive's gain."""
_SCAN_PHASES = 24
_SCAN_STARTS = 2
_SCAN_LEVELS = 3
_TURNS_RAD = {"x": np.pi, "sx": np.pi / 2}
_OFFSET_UNIT_HZ = 1e6
"""Unit in which the offset is fitted: finite differences start from steps of 1e-8."""
_LINE_SCALES = (0.01, 0.1, 0.1, 0.1, 0.01, 0.1)
_MOVE_SCALES = (0.01, 0.01, 0.1)
_J_SCALE = 0.1
_CROSS_SCALES = (0.1, 0.1, 0.02, 0.02)
_CROSS = len(_CROSS_SCALES)


def with_line(chip: Chip, index: int, line: DriveLine) -> Chip:
    """The chip with one qubit's drive line replaced."""
    qubits = tuple(
        qubit.model_copy(update={"drive": line}) if qubit.index == index else qubit
        for qubit in chip.qubits
    )
    return chip.model_copy(update={"qubits": qubits})


def _one_qubit_gates(profile: Profile, qubit: int) -> list[Gate]:
    known = (profile.by_id.get(f"{name}:{qubit}") for name in ("x", "sx"))
    return [gate for gate in known if gate is not None]


def _line_from(qubit: Qubit, parameters: Floats) -> DriveLine:
    gain, slope, am, pm, phase, offset = (float(p) for p in parameters)
    return qubit.drive.model_copy(
        update={
            "rabi_hz_per_amp": qubit.drive.rabi_hz_per_amp * np.exp(gain).item(),
            "slope_dt": slope,
            "compression_am": am,
            "compression_pm": pm,
            "phase_rad": phase,
            "frequency_offset_hz": offset * _OFFSET_UNIT_HZ,
        }
    )


def _line_start(qubit: Qubit, gates: Sequence[Gate], dt_ns: float) -> Floats:
    """DRAG's optimum: slope and beta together turn by 1 / (2 alpha dt)."""
    betas = [row.beta for gate in gates for row in gate.pulses if isinstance(row, Drag | CutDrag)]
    beta = betas[0] if betas else 0.0
    optimum = 1 / (2 * angular(qubit.anharmonicity_hz) * ns_to_s(dt_ns))
    return np.array([0.0, optimum - beta, 0.0, 0.0, 0.0, 0.0])


def fit_line(chip: Chip, profile: Profile, index: int) -> DriveLine:
    """The drive line on which x and sx of one qubit are what they mean.

    Unchanged where the profile lacks either gate: six numbers need both unitaries.
    """
    qubit = chip.qubit(index)
    gates = _calibrated(chip, profile, index)
    if len(gates) < len(("x", "sx")):
        return qubit.drive
    return _fitted_line(
        _LineProblem(chip=chip, profile=profile, qubit=qubit, gates=gates, line=_line_from),
        _line_start(qubit, gates, profile.dt_ns),
        _LINE_SCALES,
    )


def fit_gain(chip: Chip, profile: Profile, index: int) -> DriveLine:
    """The drive line with gain, phase and offset alone moved to where x and sx are right.

    Of one gate alone only gain and phase: an offset and a wrong DRAG look alike to it.
    Unchanged where the profile has neither gate.
    """
    qubit = chip.qubit(index)
    gates = _calibrated(chip, profile, index)
    if not gates:
        return qubit.drive
    near = _with_gain_of(qubit, gates[0], profile.dt_ns)
    scales = _MOVE_SCALES if len(gates) > 1 else _MOVE_SCALES[:2]
    # Zeros to the bit: scipy takes its first step as long as the start, and 1e-16 is no step.
    return _fitted_line(
        _LineProblem(chip=chip, profile=profile, qubit=near, gates=gates, line=_moved_line),
        np.zeros(len(scales)),
        scales,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _LineProblem:
    """One line and the gates that fix it; ``line`` makes it of the fit's parameters."""

    chip: Chip
    profile: Profile
    qubit: Qubit
    gates: list[Gate]
    line: Callable[[Qubit, Floats], DriveLine]

    def misses(self, parameters: Floats) -> Floats:
        trial = with_line(self.chip, self.qubit.index, self.line(self.qubit, parameters))
        return np.concatenate([_misses(gate, self.profile, trial, LEVELS) for gate in self.gates])


def _fitted_line(problem: _LineProblem, start: Floats, scales: Sequence[float]) -> DriveLine:
    found = least_squares(problem.misses, start, x_scale=scales, ftol=1e-12, xtol=1e-10)
    return problem.line(problem.qubit, found.x)


def _calibrated(chip: Chip, profile: Profile, index: int) -> list[Gate]:
    """The x and sx of a qubit that can be simulated."""
    gates = _one_qubit_gates(profile, index)
    return [gate for gate in gates if not why_not_simulated(gate, profile, chip)]


def _moved_line(qubit: Qubit, parameters: Floats) -> DriveLine:
    gain, phase, offset = (*map(float, parameters), 0.0)[: len(_MOVE_SCALES)]
    line = qubit.drive
    return line.model_copy(
        update={
            "rabi_hz_per_amp": line.rabi_hz_per_amp * np.exp(gain).item(),
            "phase_rad": line.phase_rad + phase,
            "frequency_offset_hz": line.frequency_offset_hz + offset * _OFFSET_UNIT_HZ,
        }
    )


def _with_gain_of(qubit: Qubit, gate: Gate, dt_ns: float) -> Qubit:
    """The qubit with the gain by which the area of the gate turns as far as it means.

    A line may have moved by half: from there the nearest solution turns once too often.
    """
    samples = schedule(gate).waveforms[f"d{qubit.index}"]
    turned = float(abs(np.sum(response(qubit.drive, samples)))) * ns_to_s(dt_ns)
    gain = qubit.drive.rabi_hz_per_amp * (_TURNS_RAD[gate.name] / turned if turned else 1.0)
    line = qubit.drive.model_copy(update={"rabi_hz_per_amp": gain})
    return qubit.model_copy(update={"drive": line})


def _meaning(gate: Gate) -> NDArray[np.complex128]:
    ideal = ideal_image(gate.name)
    if ideal is None:
        raise KeyError(gate.name)
    return ideal


def _misses(gate: Gate, profile: Profile, chip: Chip, levels: int) -> Floats:
    """Pauli components of the gate's coherent error at its first start phase."""
    problem = gate_problem(gate, profile, chip, levels=levels)
    return error_vector(blocks(problem, phases=1)[0], _meaning(gate))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFit:
    """A coupling and the cross drives that its gates fixed."""

    coupling: Coupling
    controls: dict[str, ControlChannel]


def with_pair(chip: Chip, fit: PairFit) -> Chip:
    """The chip with one coupling and its control channels replaced."""
    couplings = tuple(
        fit.coupling if set(coupling.qubits) == set(fit.coupling.qubits) else coupling
        for coupling in chip.couplings
    )
    controls = {**chip.control_channels, **fit.controls}
    return chip.model_copy(update={"couplings": couplings, "control_channels": controls})


def pair_gates(profile: Profile, chip: Chip, qubits: tuple[int, int]) -> list[Gate]:
    """The pair's gates, either direction, whose meaning is known and that can be simulated."""
    return [gate for gate in fittable(chip, profile) if set(gate.qubits) == set(qubits)]


def _cross_channels(gates: Sequence[Gate]) -> list[str]:
    played = {channel for gate in gates for channel in schedule(gate).waveforms}
    return sorted(channel for channel in played if channel[0] == "u")


def _pair_from(chip: Chip, coupling: Coupling, channels: list[str], parameters: Floats) -> PairFit:
    """Four numbers a cross drive, and the logarithm of J's factor before them if J is free."""
    is_free = len(parameters) > _CROSS * len(channels)
    j_hz = coupling.j_hz * float(np.exp(parameters[0])) if is_free else coupling.j_hz
    controls = {}
    for channel, row in zip(channels, _cross_rows(parameters), strict=True):
        ratio, phase, share_re, share_im = (float(value) for value in row)
        controls[channel] = chip.control_channels[channel].model_copy(
            update={
                "gain_ratio": float(np.exp(ratio)),
                "phase_rad": phase % (2 * np.pi),
                "crosstalk_re": share_re,
                "crosstalk_im": share_im,
            }
        )
    return PairFit(coupling=coupling.model_copy(update={"j_hz": j_hz}), controls=controls)


def _cross_rows(parameters: Floats) -> Floats:
    """Log gain, phase and direct share of each cross drive, shape (channels, 4)."""
    return np.asarray(parameters[len(parameters) % _CROSS :].reshape(-1, _CROSS))


@dataclass(frozen=True, slots=True, kw_only=True)
class _PairProblem:
    chip: Chip
    profile: Profile
    coupling: Coupling
    gates: list[Gate]
    channels: list[str]
    is_j_free: bool

    def misses(self, parameters: Floats, levels: int) -> Floats:
        fit = _pair_from(self.chip, self.coupling, self.channels, parameters)
        trial = with_pair(self.chip, fit)
        off = [_misses(gate, self.profile, trial, levels) for gate in self.gates]
        gains = _cross_rows(parameters)[:, 0]
        return np.concatenate([*off, gains / _CROSS_GAIN_PRIOR * _PRIOR_WEIGHT])

    def start(self, phase_rad: float) -> Floats:
        cross = np.tile([0.0, phase_rad, 0.0, 0.0], len(self.channels))
        return np.concatenate([[0.0] * self.is_j_free, cross])

    def improve(self, start: Floats, levels: int) -> tuple[float, Floats]:
        scales = [_J_SCALE] * self.is_j_free + [*_CROSS_SCALES * len(self.channels)]
        found = least_squares(
            self.misses, start, args=(levels,), x_scale=scales, ftol=1e-6, xtol=1e-6, max_nfev=40
        )
        return float(found.cost), cast("Floats", found.x)


def fit_pair(
    chip: Chip, profile: Profile, qubits: tuple[int, int], *, is_j_free: bool = True
) -> PairFit | None:
    """J, if it is free, and the cross drives of one pair; None where no gate can fix them.

    The drive lines of both qubits must have been fitted before. The cross drive's phase is
    scanned first: its landscape has several valleys.
    """
    gates = pair_gates(profile, chip, qubits)
    channels = _cross_channels(gates)
    coupling = next(c for c in chip.couplings if set(c.qubits) == set(qubits))
    if not gates or not channels or not coupling_hz(chip, *qubits):
        return None
    problem = _PairProblem(
        chip=chip,
        profile=profile,
        coupling=coupling,
        gates=gates,
        channels=channels,
        is_j_free=is_j_free,
    )
    phases = np.arange(_SCAN_PHASES) * 2 * np.pi / _SCAN_PHASES
    starts = [problem.start(phase) for phase in phases]
    starts.sort(key=lambda p: float(np.sum(problem.misses(p, _SCAN_LEVELS) ** 2)))
    valleys = [problem.improve(start, _SCAN_LEVELS) for start in starts[:_SCAN_STARTS]]
    best = min(valleys, key=lambda valley: valley[0])[1]
    return _pair_from(chip, coupling, channels, problem.improve(best, LEVELS)[1])


def fittable(chip: Chip, profile: Profile) -> list[Gate]:
    """The profile's pulsed gates whose meaning is known and that can be simulated."""
    return [
        gate
        for gate in profile.gates
        if not gate.is_virtual
        and ideal_image(gate.name) is not None
        and not why_not_simulated(gate, profile, chip)
    ]


def gate_fit(chip: Chip, profile: Profile, gate: Gate) -> GateFit:
    """How far one gate of the fitted model is from its meaning, averaged over start phases."""
    ideal = _meaning(gate)
    found = blocks(gate_problem(gate, profile, chip))
    residual = float(np.mean([infidelity(block, ideal) for block in found]))
    limit = ONE_QUBIT_LIMIT if len(gate.qubits) == 1 else PAIR_LIMIT
    status: Literal["fitted", "unfitted"] = "fitted" if residual <= limit else "unfitted"
    return GateFit(gate=gate.id, residual=max(0.0, residual), status=status)
