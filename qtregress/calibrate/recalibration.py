"""What a release may change without changing a gate: gain, phase, frequency of a line.

A model fitted to OLD makes OLD perfect, so any honest recalibration of NEW looks worse.
Therefore one gain, one phase and one frequency a line (its cross drives included) are
fitted jointly so that NEW comes nearest to OLD. A line's share is kept whole or not at all:
kept if it lies, together with what OLD had drifted since the chip was fitted, inside the
chip's drift prior, and if it worsens no gate's bound by more than a tenth of its margin. The
bound, not the distance alone: far from OLD in x and a little in an untouched sx must not be
spread over both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qtregress.calibrate.drive import with_line
from qtregress.channels.problem import gate_problem
from qtregress.channels.sensitivity import Kind, Parameter, Sensitivities, error_jacobian
from qtregress.channels.simulate import blocks
from qtregress.channels.unitary_error import coherent_distance, error_vector, polar_unitary
from qtregress.chip.chip import Chip, DriftPrior
from qtregress.pulses.profile import Gate, Profile
from qtregress.run import Run

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

_KINDS: tuple[Kind, ...] = ("gain", "phase", "frequency")
"""What a line shifts by, in the order of ``LineShift``."""
_PARAMETERS = len(_KINDS)
_SCALES = (1e-4, 1e-4, 1e3)
"""Units (1, rad, Hz) in which these shifts move a gate about equally."""
_ALLOWED_SHARE = 0.1
"""Of a gate's margin, by which absorbing may worsen the bound on its coherent error."""
_NOTHING = (5e-5, 5e-5, 50.0)
"""Shifts below these (gain, rad, Hz) move a gate by less than 1e-8 and absorb nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShift:
    """A recalibration of one line: relative gain, phase and qubit frequency."""

    gain: float = 0.0
    phase_rad: float = 0.0
    frequency_hz: float = 0.0

    @property
    def text(self) -> str:
        """``+0.09 %, -0.4 mrad, +2.0 kHz``."""
        return (
            f"{self.gain:+.2%}, {self.phase_rad * 1e3:+.1f} mrad, "
            f"{self.frequency_hz / 1e3:+.1f} kHz"
        )

    def __add__(self, other: "LineShift") -> "LineShift":
        """Both shifts, one after the other, to first order."""
        return LineShift(
            gain=self.gain + other.gain,
            phase_rad=self.phase_rad + other.phase_rad,
            frequency_hz=self.frequency_hz + other.frequency_hz,
        )

    @property
    def is_negligible(self) -> bool:
        """Whether there is nothing to absorb."""
        values = (self.gain, self.phase_rad, self.frequency_hz)
        return all(abs(value) < floor for value, floor in zip(values, _NOTHING, strict=True))

    def within(self, prior: DriftPrior) -> bool:
        """Whether the shift lies inside the drift prior, a hard bound."""
        return (
            abs(self.gain) <= prior.gain
            and abs(self.phase_rad) <= prior.phase_rad
            and abs(self.frequency_hz) <= prior.frequency_hz
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """What was absorbed, and how far each gate is from OLD afterwards.

    Attributes:
        absorbed: by qubit of the line; lines that keep nothing are not listed.
        refused: why a line's best shift was not absorbed, by qubit.
        distance: c = 1 - F_avg(V_new, V_old) by gate id, one a start phase, and one for each
            other way to simulate it.
        hidden: what absorbing hides if OLD did not need it: the gate that it may cost most of
            its margins, and by how much error at most; None where nothing was absorbed.
    """

    absorbed: Mapping[int, LineShift] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)
    distance: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    hidden: "Hidden | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A gate, how much worse it may be at most, and how many of its margins that is."""

    gate: str
    error: float
    margins: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePair:
    """One gate in both releases.

    Attributes:
        new: its row in NEW.
        new_blocks: its lossless blocks in NEW, shape (s, d, d).
        old_blocks: lossless blocks that it is compared with, shape (s, d, d).
        margin: by which its error is judged.
        unknown_error: OLD's own coherent error e.
        sensitivities: how NEW's gate answers to gain, phase and frequency of its lines, at
            the first start phase.
    """

    new: Gate
    new_blocks: Complex
    old_blocks: Complex
    margin: float
    unknown_error: float
    sensitivities: Sensitivities


def coherent_interval(distance: Sequence[float], unknown_error: float) -> tuple[float, float]:
    """Bounds on the change of coherent error, over start phases of distance c from OLD.

    [c - 2 sqrt(c e), c + 2 sqrt(c e)] with OLD's own coherent error e: the angles of the
    three gates obey the triangle inequality.
    """
    reaches = [(c, 2 * np.sqrt(c * unknown_error).item()) for c in distance]
    return min(c - reach for c, reach in reaches), max(c + reach for c, reach in reaches)


def shifted(chip: Chip, shifts: Mapping[int, LineShift]) -> Chip:
    """The chip as it would be had these lines drifted that way."""
    for index, shift in shifts.items():
        line = chip.qubit(index).drive
        update = {
            "rabi_hz_per_amp": line.rabi_hz_per_amp * (1 + shift.gain),
            "phase_rad": line.phase_rad + shift.phase_rad,
            "frequency_offset_hz": line.frequency_offset_hz + shift.frequency_hz,
        }
        chip = with_line(chip, index, line.model_copy(update=update))
    return chip


def _miss(pair: GatePair) -> Floats:
    """Error vector of NEW against OLD at the first start phase, in square roots of margins."""
    old = polar_unitary(pair.old_blocks[0])
    return np.asarray(error_vector(polar_unitary(pair.new_blocks[0]), old) / np.sqrt(pair.margin))


def distances(old_blocks: Complex, new_blocks: Complex) -> tuple[float, ...]:
    """How far lossless blocks (s, d, d) of NEW are from OLD's, one a start phase."""
    return tuple(
        coherent_distance(polar_unitary(new), polar_unitary(old))
        for new, old in zip(new_blocks, old_blocks, strict=True)
    )


def _jacobian(pair: GatePair) -> Floats:
    """Derivative of NEW's miss by its lines' shifts, shape (misses, 3 * qubits)."""
    found = pair.sensitivities
    wanted = [Parameter(kind=kind, subject=str(q)) for q in pair.new.qubits for kind in _KINDS]
    at = [found.parameters.index(parameter) for parameter in wanted]
    old = polar_unitary(pair.old_blocks[0])
    jacobian = error_jacobian(found.blocks[0], found.derivatives[at, 0], old)
    return np.asarray(jacobian / np.sqrt(pair.margin))


def _shift(values: Floats) -> LineShift:
    gain, phase, frequency = (float(value) for value in values)
    return LineShift(gain=gain, phase_rad=phase, frequency_hz=frequency)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Linear:
    """The misses of all gates, linear in the shifts of all lines."""

    pairs: Sequence[GatePair]
    starts: list[Floats]
    jacobians: list[Floats]

    def best(self, lines: Sequence[int]) -> dict[int, LineShift]:
        """Least-squares shifts of these lines, all others held."""
        place = {line: number for number, line in enumerate(lines)}
        rows = []
        for pair, jacobian in zip(self.pairs, self.jacobians, strict=True):
            row = np.zeros((len(jacobian), _PARAMETERS * len(lines)))
            for position, qubit in enumerate(pair.new.qubits):
                if qubit in place:
                    to = place[qubit] * _PARAMETERS
                    at = position * _PARAMETERS
                    row[:, to : to + _PARAMETERS] = jacobian[:, at : at + _PARAMETERS]
            rows.append(row)
        matrix = np.concatenate(rows) * np.tile(_SCALES, len(lines))
        found = np.linalg.lstsq(matrix, -np.concatenate(self.starts), rcond=1e-9)[0]
        values = found.reshape(-1, _PARAMETERS) * np.array(_SCALES)
        return {line: _shift(row) for line, row in zip(lines, values, strict=True)}


def _linearised(pairs: Sequence[GatePair]) -> _Linear:
    """The misses as functions of the lines' shifts."""
    return _Linear(
        pairs=pairs,
        starts=[_miss(pair) for pair in pairs],
        jacobians=[_jacobian(pair) for pair in pairs],
    )


def drift(pairs: Sequence[GatePair]) -> dict[int, LineShift]:
    """How far each line has drifted since the chip was fitted, as OLD's gates show it.

    Args:
        pairs: OLD's one-qubit gates against the gates they mean, which the fit met.
    """
    if not pairs:
        return {}
    return _linearised(pairs).best(sorted({qubit for pair in pairs for qubit in pair.new.qubits}))


def absorb(
    profile: Profile,
    chip: Chip,
    pairs: Sequence[GatePair],
    drifted: Mapping[int, LineShift],
    run: Run,
) -> Recalibration:
    """The recalibration of NEW (``profile``) that OLD allows, and the distances it leaves.

    Gates whose rows and frequencies are the same in both releases belong among ``pairs``
    too: they hold a shared gain in place. A line of which no gate moved absorbs nothing.
    ``drifted`` is what the prior has already spent.
    """
    if not pairs:
        return Recalibration()
    linear = _linearised(pairs)
    before = {pair.new.id: distances(pair.old_blocks, pair.new_blocks) for pair in pairs}
    # a line of which nothing moved was not recalibrated, however well it would fit its partners
    moving = [pair for pair in pairs if any(before[pair.new.id])]
    lines = sorted({qubit for pair in moving for qubit in pair.new.qubits})
    refused: dict[int, str] = {}
    while lines:
        shifts = linear.best(lines)
        spent = {q: shift + drifted.get(q, LineShift()) for q, shift in shifts.items()}
        too_far = {q: s for q, s in spent.items() if not s.within(chip.drift_prior)}
        if too_far:
            refused |= {q: _why_too_far(s, chip.drift_prior) for q, s in too_far.items()}
            lines = [q for q in lines if q not in too_far]
            continue
        kept = {q: shift for q, shift in shifts.items() if not shift.is_negligible}
        moved = [pair for pair in pairs if not kept.keys().isdisjoint(pair.new.qubits)]
        after = before | _distances(profile, shifted(chip, kept), moved, run)
        worst = _made_worst(pairs, before, after)
        if worst is None:
            hidden = _hidden(moved, before)
            return Recalibration(absorbed=kept, refused=refused, distance=after, hidden=hidden)
        line = _likeliest(worst, shifts, chip.drift_prior)
        refused[line] = f"it would worsen {worst.new.id} instead"
        lines = [q for q in lines if q != line]
    return Recalibration(refused=refused, distance=before)


def _hidden(moved: Sequence[GatePair], before: Mapping[str, tuple[float, ...]]) -> Hidden | None:
    """The bound on a change of error if nothing had been absorbed, where it is most margins."""
    bounds = [
        (pair, coherent_interval(before[pair.new.id], pair.unknown_error)[1]) for pair in moved
    ]
    found = [Hidden(gate=p.new.id, error=b, margins=b / p.margin) for p, b in bounds if p.margin]
    return max(found, key=lambda one: one.margins, default=None)


def _distances(
    profile: Profile, chip: Chip, pairs: Sequence[GatePair], run: Run
) -> dict[str, tuple[float, ...]]:
    """Distances of the pairs with NEW simulated again on another chip."""
    problems = [gate_problem(pair.new, profile, chip) for pair in pairs]
    moved = run(blocks, problems, "recalibration, checked")
    return {
        pair.new.id: distances(pair.old_blocks, new) for pair, new in zip(pairs, moved, strict=True)
    }


def _made_worst(
    pairs: Sequence[GatePair],
    before: Mapping[str, tuple[float, ...]],
    after: Mapping[str, tuple[float, ...]],
) -> GatePair | None:
    """The gate whose bound absorbing worsens most, None if none by more than its share."""

    def growth(pair: GatePair) -> float:
        name = pair.new.id
        was, now = (coherent_interval(c[name], pair.unknown_error)[1] for c in (before, after))
        return (now - was) / pair.margin

    worst = max(pairs, key=growth)
    return worst if growth(worst) > _ALLOWED_SHARE else None


def _likeliest(pair: GatePair, shifts: Mapping[int, LineShift], prior: DriftPrior) -> int:
    """Of the gate's lines that still absorb, the one with the largest share of its prior."""

    def share(line: int) -> float:
        shift = shifts[line]
        parts = (
            (shift.gain, prior.gain),
            (shift.phase_rad, prior.phase_rad),
            (shift.frequency_hz, prior.frequency_hz),
        )
        return max(abs(value) / bound for value, bound in parts if bound)

    absorbing = [line for line in pair.new.qubits if line in shifts]
    return max(absorbing or list(shifts), key=share)


def _why_too_far(shift: LineShift, prior: DriftPrior) -> str:
    return (
        f"since the chip was fitted it would take {shift.text}, outside the drift prior of "
        f"{prior.gain:.2%}, {prior.phase_rad * 1e3:.0f} mrad, {prior.frequency_hz / 1e3:.0f} kHz"
    )
