"""Calibrating the line model on a reference profile: the table says what its gates mean.

For one qubit x and sx fix the line's gain, phase, slope, compression and the frequency
offset (six numbers from two unitaries). For a coupled pair both cross-resonance gates fix
J, the cross drive's phase and its direct share at the target, while its gain stays near the
line's own x-calibrated gain: a free gain is degenerate with J and would make the heat wrong. No
virtual Z beyond the profile's own is fitted, so that what remains is a residual.
"""

from collections.abc import Sequence
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
from qtregress.pulses.profile import Drag, Gate, Profile
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
_OFFSET_UNIT_HZ = 1e6
"""Unit in which the offset is fitted: finite differences start from steps of 1e-8."""
_LINE_SCALES = (0.01, 0.1, 0.1, 0.1, 0.01, 0.1)
_J_SCALE = 0.1
_CROSS_SCALES = (0.1, 0.1, 0.02, 0.02)


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
    betas = [row.beta for gate in gates for row in gate.pulses if isinstance(row, Drag)]
    beta = betas[0] if betas else 0.0
    optimum = 1 / (2 * angular(qubit.anharmonicity_hz) * ns_to_s(dt_ns))
    return np.array([0.0, optimum - beta, 0.0, 0.0, 0.0, 0.0])


def fit_line(chip: Chip, profile: Profile, index: int) -> DriveLine:
    """The drive line on which x and sx of one qubit are what they mean.

    Unchanged where the profile lacks either gate: six numbers need both unitaries.
    """
    qubit = chip.qubit(index)
    gates = [g for g in _one_qubit_gates(profile, index) if not why_not_simulated(g, profile, chip)]
    if len(gates) < len(("x", "sx")):
        return qubit.drive

    def misses(parameters: Floats) -> Floats:
        trial = with_line(chip, index, _line_from(qubit, parameters))
        return np.concatenate([_misses(gate, profile, trial, LEVELS) for gate in gates])

    found = least_squares(
        misses,
        _line_start(qubit, gates, profile.dt_ns),
        x_scale=_LINE_SCALES,
        ftol=1e-12,
        xtol=1e-10,
    )
    return _line_from(qubit, found.x)


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
    j_hz = coupling.j_hz * float(np.exp(parameters[0]))
    controls = {}
    for channel, row in zip(channels, parameters[1:].reshape(-1, 4), strict=True):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _PairProblem:
    chip: Chip
    profile: Profile
    coupling: Coupling
    gates: list[Gate]
    channels: list[str]

    def misses(self, parameters: Floats, levels: int) -> Floats:
        fit = _pair_from(self.chip, self.coupling, self.channels, parameters)
        trial = with_pair(self.chip, fit)
        off = [_misses(gate, self.profile, trial, levels) for gate in self.gates]
        gains = parameters[1:].reshape(-1, 4)[:, 0]
        return np.concatenate([*off, gains / _CROSS_GAIN_PRIOR * _PRIOR_WEIGHT])

    def start(self, phase_rad: float) -> Floats:
        cross = np.tile([0.0, phase_rad, 0.0, 0.0], len(self.channels))
        return np.concatenate([[0.0], cross])

    def improve(self, start: Floats, levels: int) -> tuple[float, Floats]:
        scales = [_J_SCALE, *_CROSS_SCALES * len(self.channels)]
        found = least_squares(
            self.misses, start, args=(levels,), x_scale=scales, ftol=1e-6, xtol=1e-6, max_nfev=40
        )
        return float(found.cost), cast("Floats", found.x)


def fit_pair(chip: Chip, profile: Profile, qubits: tuple[int, int]) -> PairFit | None:
    """J and the cross drives of one pair, or None where no gate can fix them.

    The drive lines of both qubits must have been fitted before. The cross drive's phase is
    scanned first: its landscape has several valleys.
    """
    gates = pair_gates(profile, chip, qubits)
    channels = _cross_channels(gates)
    coupling = next(c for c in chip.couplings if set(c.qubits) == set(qubits))
    if not gates or not channels or not coupling_hz(chip, *qubits):
        return None
    problem = _PairProblem(
        chip=chip, profile=profile, coupling=coupling, gates=gates, channels=channels
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
