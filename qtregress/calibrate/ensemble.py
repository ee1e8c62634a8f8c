"""What the chip file does not know, carried into old versus new.

Chips are drawn from its uncertainties: the same ones for OLD and NEW, so that what both
share cancels. A chip's lines are calibrated on OLD, whatever their numbers: in every draw
gain, phase and frequency of each line, then gain, phase and direct share of each cross drive,
move so that OLD's gates come back to what they are on the chip as filed. NEW is played on the
same lines. What is left is what no calibration on OLD fixes: slopes, couplings, T1, T2 and
photons.

Nothing is simulated again. Gates follow their first derivatives and are made unitary, which
keeps the second order of each turn; losses are first order in the rates, and what they lose a
unit of rate follows its first derivatives too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from qtregress.calibrate.recalibration import LineShift, coherent_interval
from qtregress.channels.losses import Losses, rates_per_s
from qtregress.channels.memory import NOTHING, Arrays, Store, context_key, problem_key
from qtregress.channels.problem import LEVELS, gate_problem
from qtregress.channels.sensitivity import (
    Kind,
    Parameter,
    Sensitivities,
    error_jacobian,
    sensitivities,
)
from qtregress.channels.unitary_error import coherent_distance, polar_unitary
from qtregress.chip.bath import transmon_rates
from qtregress.chip.chip import Chip, Qubit
from qtregress.pulses.profile import Gate, Profile
from qtregress.pulses.schedule import schedule
from qtregress.run import Run

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

DRAWS = 64
"""Chips, the one as filed among them."""
_TRUNCATED = 2.0
"""Standard deviations beyond which nothing is drawn."""
_PHOTONS_UNCERTAINTY = 0.5
"""Relative, of residual photons: chips give none, and populations below a per cent, where a
qubit no longer follows its cryostat, are known to about a half."""
_QUANTILE = 0.05
"""Of the ends of intervals over draws, that is left out on either side."""
_CALIBRATED = ("x", "sx")
_LINE: tuple[Kind, ...] = ("gain", "phase", "frequency")
_CROSS_DRIVE: tuple[Kind, ...] = ("cross_gain", "cross_phase", "crosstalk_re", "crosstalk_im")
"""What a calibration on OLD moves, slopes and couplings held."""
NOTHING_ABSORBED: Mapping[int, LineShift] = MappingProxyType({})
_UNIT: dict[Kind, float] = {"frequency": 1e6}
"""Units in which these move a gate about as much as a gain of one does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A release on the chip it is played on.

    Attributes:
        profile: its table.
        chip: on which it is played.
        gates: that are judged.
        layers: joint layers that benchmarking needs.
    """

    profile: Profile
    chip: Chip
    gates: tuple[Gate, ...]
    layers: tuple[Gate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Response:
    """How a gate answers to what the chip does not know.

    Attributes:
        qubits: its qubits, in its order.
        sensitivities: at the first start phase; None for a layer, which nobody compares.
        losses: of its processes; a layer's have no derivatives.
    """

    qubits: tuple[int, ...]
    sensitivities: Sensitivities | None
    losses: Losses


Release = Mapping[str, Response]
"""A release's responses by gate id."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """What may have changed between OLD and NEW, over draws of the chip.

    The first draw is the chip as filed.

    Attributes:
        distance: c = 1 - F_avg between NEW and OLD by gate id, at the first start phase, (N,).
        loss: change of the error that the bath causes, by gate id, layers included, shape
            (N,). First order in the rates; the drawn slopes', couplings' and calibrations'
            effect on it is in it to first order, but for layers. What else is incoherent,
            leakage and the spread over start phases, is not.
    """

    distance: Mapping[str, Floats]
    loss: Mapping[str, Floats]


NO_SPREAD = Spread(distance={}, loss={})
"""Of releases of which nothing moved."""


# How gates answer


def uncertain(gate: Gate, chip: Chip) -> tuple[Parameter, ...]:
    """What of a gate is drawn or calibrated: its lines, its cross drives, its coupling."""
    kinds: tuple[Kind, ...] = (*_LINE, "slope")
    found = [Parameter(kind=kind, subject=str(q)) for q in gate.qubits for kind in kinds]
    crossing = [channel for channel in schedule(gate).waveforms if channel in chip.control_channels]
    found += [Parameter(kind=kind, subject=c) for c in crossing for kind in _CROSS_DRIVE]
    if len(gate.qubits) > 1:
        found.append(_coupling(gate.qubits))
    return tuple(found)


def _coupling(qubits: Iterable[int]) -> Parameter:
    return Parameter(kind="j", subject="-".join(map(str, sorted(qubits))))


def _asked(played: Played, gate: Gate) -> tuple[Parameter, ...]:
    """What a gate is differentiated by; a layer by nothing."""
    return uncertain(gate, played.chip) if gate in played.gates else ()


def _arrays(played: Played, gate: Gate) -> Arrays:
    """What a response is made of."""
    wanted = _asked(played, gate)
    found = sensitivities(gate, played.profile, played.chip, wanted, phases=1)
    return {
        "blocks": found.blocks,
        "derivatives": found.derivatives,
        "losses_s": found.losses.values_s,
        "loss_derivatives_s": found.losses.derivatives_s,
    }


def _response(played: Played, store: Store, gate: Gate) -> Response:
    """A gate's response, from the store if it knows it."""
    is_layer = gate not in played.gates
    problem = problem_key(gate_problem(gate, played.profile, played.chip), (0.0,))
    context = f"{is_layer} {gate!r} {_context(played, gate)!r}"
    key = context_key("response", problem, context)
    arrays: Arrays | None = store.get(key)
    if arrays is None:
        arrays = _arrays(played, gate)
        store.put(key, arrays)
    found = Sensitivities(
        parameters=_asked(played, gate),
        blocks=arrays["blocks"],
        derivatives=arrays["derivatives"],
        losses=Losses(values_s=arrays["losses_s"], derivatives_s=arrays["loss_derivatives_s"]),
    )
    return Response(
        qubits=gate.qubits,
        sensitivities=None if is_layer else found,
        losses=found.losses,
    )


def responses(
    played: Played,
    run: Run,
    *,
    known: tuple[Played, Release] | None = None,
    store: Store = NOTHING,
) -> dict[str, Response]:
    """How every gate and layer of a release answers.

    Gates that are the same on the same part of the chip in ``known`` are taken from there,
    others from the store if it knows them.
    """
    found = {} if known is None else _reused(played, *known)
    gates = [gate for gate in (*played.gates, *played.layers) if gate.id not in found]
    new = run(partial(_response, played, store), gates, "uncertainties")
    return found | {gate.id: one for gate, one in zip(gates, new, strict=True)}


def _reused(played: Played, before: Played, release: Release) -> dict[str, Response]:
    rows = {gate.id: gate for gate in (*before.gates, *before.layers)}
    return {
        gate.id: release[gate.id]
        for gate in (*played.gates, *played.layers)
        if rows.get(gate.id) == gate and _context(before, gate) == _context(played, gate)
    }


def _context(played: Played, gate: Gate) -> tuple[object, ...]:
    """All but its row that a gate depends on: carriers, and its part of the chip."""
    chip, qubits = played.chip, set(gate.qubits)
    controls = {
        name: row
        for name, row in chip.control_channels.items()
        if {row.qubit, row.frequency_of} <= qubits
    }
    return (
        played.profile.dt_ns,
        [played.profile.drive_frequency_hz[f"d{qubit}"] for qubit in gate.qubits],
        [chip.qubit(qubit) for qubit in gate.qubits],
        [row for row in chip.couplings if qubits.issuperset(row.qubits)],
        controls,
    )


# What is drawn

Moves = dict[Parameter, Floats]
"""By how much each parameter is off in each draw, shape (N,)."""


def _normals(columns: int, draws: int, seed: int) -> Floats:
    """Truncated normals, shape (draws, columns), the first row zero.

    A Latin hypercube: every column by itself is as even as that many draws can be, for the
    ends of an interval often hang on one of them (McKay et al., Technometrics 21, 239 (1979)).
    """
    count = draws - 1
    rows = np.tile(np.arange(count), (columns, 1))
    share = (np.random.default_rng(seed).permuted(rows, axis=1) + 0.5) / count
    least = ndtr(-_TRUNCATED)
    found = ndtri(least + share * (1 - 2 * least)).T
    return np.concatenate([np.zeros((1, columns)), found])


def _widths(chip: Chip) -> dict[Parameter, float]:
    """Standard deviations of what the chip is uncertain about."""
    found: dict[Parameter, float] = {}
    for qubit in chip.qubits:
        widths: dict[Kind, float] = {
            "gain": qubit.drive.rabi_uncertainty,
            "slope": qubit.drive.slope_uncertainty_dt,
            "frequency": chip.drift_prior.frequency_hz / _TRUNCATED,
        }
        found |= {Parameter(kind=k, subject=str(qubit.index)): w for k, w in widths.items()}
    for row in chip.couplings:
        found[_coupling(row.qubits)] = row.j_uncertainty_hz
    return found


def _drawn(chip: Chip, draws: int, seed: int) -> tuple[Moves, dict[int, Floats]]:
    """What is off in each draw, and normals of each qubit's T1, T2 and photons, (N, 3)."""
    widths = _widths(chip)
    normals = _normals(len(widths) + 3 * len(chip.qubits), draws, seed)
    moves = {one: normals[:, k] * width for k, (one, width) in enumerate(widths.items())}
    of_baths = np.split(normals[:, len(widths) :], len(chip.qubits), axis=1)
    return moves, dict(zip((q.index for q in chip.qubits), of_baths, strict=True))


def _bath_drawn(qubit: Qubit, normals: Floats) -> Qubit:
    """The qubit with its T1, T2 and photons off by so many standard deviations, shape (3,).

    By factors, so that all stay positive.
    """
    widths = (qubit.t1_uncertainty, qubit.t2_uncertainty, _PHOTONS_UNCERTAINTY)
    t1, t2, photons = np.exp(normals * widths).tolist()
    t1_s = qubit.t1_s * t1
    update = {
        "t1_s": t1_s,
        "t2_s": min(qubit.t2_s * t2, 2 * t1_s),
        "residual_photons": qubit.residual_photons * photons,
    }
    return qubit.model_copy(update=update)


# What a calibration on OLD takes back


def _settled(found: Sequence[Sensitivities], free: Sequence[Parameter], moves: Moves) -> Moves:
    """How ``free`` move so that gates come nearest to what they are without any move."""
    if not found or not free:
        return {}
    columns, starts = [], []
    for one in found:
        own = polar_unitary(one.blocks[0])
        jacobian = error_jacobian(one.blocks[0], one.derivatives[:, 0], own)
        places = {parameter: k for k, parameter in enumerate(one.parameters)}
        nothing = np.zeros(len(jacobian))
        columns.append([jacobian[:, places[p]] if p in places else nothing for p in free])
        starts.append(jacobian @ _stacked(one.parameters, moves))
    units = np.array([_UNIT.get(parameter.kind, 1.0) for parameter in free])
    matrix = np.concatenate([np.array(rows).T for rows in columns]) * units
    best = np.linalg.lstsq(matrix, -np.concatenate(starts), rcond=1e-9)[0]
    return dict(zip(free, best * units[:, None], strict=True))


def _stacked(parameters: Sequence[Parameter], moves: Moves) -> Floats:
    """Moves of a gate's parameters, those that never move as zeros, shape (p, N)."""
    nothing = np.zeros(len(next(iter(moves.values()))))
    return np.array([moves.get(parameter, nothing) for parameter in parameters])


def _calibrated(chip: Chip, old: Release, moves: Moves) -> Moves:
    """The moves after every line, and then every cross drive, was calibrated on OLD."""
    known = {name: row.sensitivities for name, row in old.items() if row.sensitivities}
    lines: Moves = {}
    for qubit in chip.qubits:
        names = [f"{name}:{qubit.index}" for name in _CALIBRATED]
        free = [Parameter(kind=kind, subject=str(qubit.index)) for kind in _LINE]
        lines |= _settled([known[name] for name in names if name in known], free, moves)
    moves = _added(moves, lines)
    cross: Moves = {}
    for row in chip.couplings:
        found = [s for name, s in known.items() if set(old[name].qubits) == set(row.qubits)]
        played = [p for one in found for p in one.parameters if p.kind in _CROSS_DRIVE]
        cross |= _settled(found, list(dict.fromkeys(played)), moves)
    return _added(moves, cross)


def _added(moves: Moves, more: Moves) -> Moves:
    return moves | {one: moves.get(one, 0.0) + by for one, by in more.items()}


# What that means for old versus new


def _unitaries(found: Sensitivities, moves: Moves) -> Complex:
    """The gate's unitary in each draw, shape (N, d, d)."""
    by = _stacked(found.parameters, moves)
    blocks = found.blocks[0] + np.einsum("pn,pij->nij", by, found.derivatives[:, 0])
    left, _, right = np.linalg.svd(blocks)
    return np.asarray(left @ right)


def _distances(old: Sensitivities, new: Sensitivities, moves: Moves, shifted: Moves) -> Floats:
    """Distance between both releases of a gate in each draw; zero exactly for equal ones.

    OLD's lines are off by ``moves``, NEW's by ``shifted``.
    """
    if _is_same(old, new) and all(moves.get(p) is shifted.get(p) for p in new.parameters):
        return np.zeros(len(next(iter(moves.values()))))
    pairs = zip(_unitaries(new, shifted), _unitaries(old, moves), strict=True)
    return np.array([coherent_distance(after, before) for after, before in pairs])


def _is_same(one: Sensitivities, other: Sensitivities) -> bool:
    return (
        one.parameters == other.parameters
        and np.array_equal(one.blocks, other.blocks)
        and np.array_equal(one.derivatives, other.derivatives)
    )


def _rates(chip: Chip, normals: Mapping[int, Floats]) -> dict[int, Floats]:
    """Rates of each qubit's processes in each draw, down and up, shape (N, 2, processes)."""
    found = {}
    for index, rows in normals.items():
        drawn = [transmon_rates(_bath_drawn(chip.qubit(index), row), LEVELS) for row in rows]
        found[index] = np.array([rates_per_s((one,)) for one in drawn])
    return found


def _losses_s(found: Response, moves: Moves) -> Floats:
    """What a gate's processes cost in each draw, shape (N, 2, j) or (1, 2, j)."""
    values_s = found.losses.values_s[None]
    if found.sensitivities is None:
        return values_s
    by = _stacked(found.sensitivities.parameters, moves)
    return np.asarray(values_s + np.einsum("pn,pwj->nwj", by, found.losses.derivatives_s))


def _losses(
    pair: tuple[Response, Response], moves: Moves, shifted: Moves, rates: Mapping[int, Floats]
) -> Floats:
    """Change of the error that the bath causes in each draw, (N,); zero exactly for equal ones.

    OLD's lines are off by ``moves``, NEW's by ``shifted``.
    """
    old, new = pair
    of_gate = np.concatenate([rates[q] for q in old.qubits], axis=2)
    change_s = _losses_s(new, shifted) - _losses_s(old, moves)
    return np.asarray((of_gate * change_s).sum(axis=(1, 2)))


def _absorbed(shifts: Mapping[int, LineShift], draws: int) -> Moves:
    """What was absorbed as recalibration of NEW's lines, the same in every draw."""
    return {
        Parameter(kind=kind, subject=str(line)): np.full(draws, value)
        for line, shift in shifts.items()
        for kind, value in zip(
            _LINE, (shift.gain, shift.phase_rad, shift.frequency_hz), strict=True
        )
        if value
    }


def ensemble(
    chip: Chip,
    old: Release,
    new: Release,
    *,
    absorbed: Mapping[int, LineShift] = NOTHING_ABSORBED,
    draws: int = DRAWS,
    seed: int = 0,
) -> Spread:
    """Distances and losses of the gates of both releases over draws of the chip.

    Deterministic, and the same however the responses were spread.

    Args:
        chip: whose uncertainties are drawn; OLD's.
        old: the release that lines are calibrated on.
        new: played on the same lines.
        absorbed: by line, what of NEW was taken for its recalibration.
        draws: N, the chip as filed included.
        seed: of the draws.

    Raises:
        ValueError: fewer than two draws.
    """
    if draws <= 1:
        raise ValueError(f"draws must be at least 2, but is {draws}")
    moves, normals = _drawn(chip, draws, seed)
    moves = _calibrated(chip, old, moves)
    shifted = _added(moves, _absorbed(absorbed, draws))
    rates = _rates(chip, normals)
    both = {name: (old[name], new[name]) for name in old.keys() & new.keys()}
    return Spread(
        distance={
            name: _distances(was.sensitivities, now.sensitivities, moves, shifted)
            for name, (was, now) in sorted(both.items())
            if was.sensitivities and now.sensitivities
        },
        loss={name: _losses(pair, moves, shifted, rates) for name, pair in sorted(both.items())},
    )


def widened(
    distance: Sequence[float], unknown_error: float, moved: Floats, lost: Floats
) -> tuple[float, float]:
    """Bounds on the change of an error but for its known change of loss.

    From the 5th percentile of the lower ends to the 95th of the upper ends that
    ``coherent_interval`` has over draws, each with what its loss is off by; never narrower
    than without draws.

    Args:
        distance: of a gate on the chip as filed, one a start phase; all move as the first.
        unknown_error: OLD's own coherent error e.
        moved: the gate's distance over draws, shape (N,), the chip as filed first.
        lost: its change of loss, likewise.
    """
    low, high = coherent_interval(distance, unknown_error)
    ends = [
        coherent_interval(np.maximum(0.0, np.array(distance) + by).tolist(), unknown_error)
        for by in moved - moved[0]
    ]
    lows, highs = (np.array(ends) + (lost - lost[0])[:, None]).T
    return _around((low, high), lows, highs)


def reach(lost: Floats) -> tuple[float, float]:
    """How far a change of loss may lie off its value on the chip as filed, zero included.

    What ``widened`` does, for joint layers, whose distance nobody compares.
    """
    off = lost - lost[0]
    return _around((0.0, 0.0), off, off)


def _around(nominal: tuple[float, float], lows: Floats, highs: Floats) -> tuple[float, float]:
    """The interval and the quantiles of ends over draws; a draw that is no number stays none."""
    least, most = np.quantile(lows, _QUANTILE), np.quantile(highs, 1 - _QUANTILE)
    return float(np.minimum(nominal[0], least)), float(np.maximum(nominal[1], most))
