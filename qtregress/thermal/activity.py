"""What a line does: one period of its power, gates in rows with rests between."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qtregress.errors import InputError
from qtregress.thermal.film_curve import Floats
from qtregress.thermal.use import GateHeat, QubitUse

Bools = NDArray[np.bool_]

GATES_IN_A_ROW = 50
"""How many gates play back to back before the line rests, unless told otherwise."""

_MOST_IN_A_ROW = 10_000
_LEAST_BUSY = 1e-9

_LEAST_SHARE = 1e-30
_LEAST_GATES = 64
"""In a period, so that rare gates of a mix get a turn."""

_STEP_S = 5e-9
"""Of a gate's power: even at 0.9 K a film needs 10 ns."""

_FIRST_REST_S = 4e-9
_REST_GROWTH = 1.3

_IDLE_S = 1e-6
"""Period of a line that never plays; any would do."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activity:
    """One period of what a line does; it repeats.

    Attributes:
        power_w: at the chip in each step, shape (t,).
        step_s: length of each step, shape (t,).
        playing: whether the qubit is busy with a gate, shape (t,); its line may be silent.
    """

    power_w: Floats
    step_s: Floats
    playing: Bools

    @property
    def period_s(self) -> float:
        """Length of the period."""
        return float(self.step_s.sum())

    @property
    def mean_power_w(self) -> float:
        """Mean power at the chip."""
        return float(self.power_w @ self.step_s) / self.period_s


def activity(
    use: QubitUse,
    gates: Mapping[str, GateHeat],
    line: str,
    *,
    gates_in_a_row: int = GATES_IN_A_ROW,
) -> Activity:
    """A period of the qubit's gates by their shares, evenly mixed, in rows with rests between.

    Rows are repeated until at least 64 gates are in the period. Of each gate there is a whole
    number, at least one; what rounding that number takes from its share, or adds to it, is
    made up by the length of its steps. So powers are true to the gate, and mean power
    (`mean_power_w`) and busy fraction are exact. A gate rarer than one in the period is
    shortened.

    Args:
        use: of the qubit that the line belongs to.
        gates: by id.
        line: ``d0``, ``m0``.
        gates_in_a_row: how many gates play back to back before the line rests.

    Raises:
        InputError: ``gates_in_a_row`` or the busy fraction is out of range.
    """
    if 0 < use.busy_fraction < _LEAST_BUSY:
        raise InputError(
            f"busy_fraction must be 0 or at least {_LEAST_BUSY:g}, but is {use.busy_fraction:g}."
        )
    if not 1 <= gates_in_a_row <= _MOST_IN_A_ROW:
        raise InputError(
            f"gates_in_a_row must be between 1 and {_MOST_IN_A_ROW}, but is {gates_in_a_row}."
        )
    shares = {name: share for name, share in use.shares.items() if gates[name].duration_s > 0}
    if use.busy_fraction == 0 or not shares:
        silence = np.zeros(1)
        return Activity(power_w=silence, step_s=silence + _IDLE_S, playing=silence > 0)
    rows = math.ceil(_LEAST_GATES / gates_in_a_row)
    total = _total(shares)
    wanted = {name: share / total * rows * gates_in_a_row for name, share in shares.items()}
    counts = {name: max(1, round(number)) for name, number in wanted.items()}
    plays = {
        name: _steps(gates[name], line, stretch=wanted[name] / counts[name]) for name in counts
    }
    return _joined(mixed(counts), plays, rows, use.busy_fraction)


def _total(shares: Mapping[str, float]) -> float:
    """Their sum, if every share is a number beside it: a gate of no length would divide by zero.

    Raises:
        InputError: it is not.
    """
    total = sum(shares.values())
    if not math.isfinite(total):
        raise InputError(f"The gates' shares must be numbers with a sum, but that is {total:g}.")
    lost = [name for name, share in shares.items() if not share >= _LEAST_SHARE * total]
    if lost:
        raise InputError(
            f"Every gate's share must be at least {_LEAST_SHARE:g} of all, but that of "
            f"{lost[0]} is {shares[lost[0]] / total:g}."
        )
    return total


def mixed(counts: Mapping[str, int]) -> list[str]:
    """Every name as often as counted, each spread evenly over the whole."""
    turns = [
        ((k + 0.5) / count, place, name)
        for place, (name, count) in enumerate(counts.items())
        for k in range(count)
    ]
    return [name for _, _, name in sorted(turns)]


def _joined(
    order: list[str], plays: Mapping[str, tuple[Floats, Floats]], rows: int, busy_fraction: float
) -> Activity:
    """The gates in that order, cut into rows of which each is followed by its rest."""
    power_w, step_s, playing = [], [], []
    edges = [len(order) * row // rows for row in range(rows + 1)]
    for first, last in pairwise(edges):
        row = [plays[name] for name in order[first:last]]
        busy_s = sum(float(steps.sum()) for _, steps in row)
        rest_s = _growing(busy_s * (1 / busy_fraction - 1))
        power_w += [powers for powers, _ in row] + [np.zeros_like(rest_s)]
        step_s += [steps for _, steps in row] + [rest_s]
        playing += [np.ones(len(steps), dtype=np.bool_) for _, steps in row]
        playing.append(np.zeros(len(rest_s), dtype=np.bool_))
    return Activity(
        power_w=np.concatenate(power_w),
        step_s=np.concatenate(step_s),
        playing=np.concatenate(playing),
    )


def _steps(gate: GateHeat, line: str, *, stretch: float) -> tuple[Floats, Floats]:
    """Power and length of the steps of a gate on the line, some ns each."""
    play = gate.lines.get(line)
    if play is None or play.energy_j == 0:
        silent_s = _growing(gate.duration_s * stretch)
        return np.zeros_like(silent_s), silent_s
    lasts_s = len(play.power_w) * play.step_s
    count = min(len(play.power_w), math.ceil(lasts_s / _STEP_S))
    gathered_j = np.concatenate([[0.0], np.cumsum(play.power_w)]) * play.step_s
    edges = np.linspace(0.0, len(play.power_w), count + 1)
    energy_j = np.diff(np.interp(edges, np.arange(len(gathered_j)), gathered_j))
    rest_s = _growing(max(0.0, gate.duration_s - lasts_s) * stretch)
    return (
        np.concatenate([energy_j * count / lasts_s, np.zeros_like(rest_s)]),
        np.concatenate([np.full(count, lasts_s * stretch / count), rest_s]),
    )


def _growing(rest_s: float) -> Floats:
    """Steps that fill a rest, the first one short, each longer than the one before."""
    if rest_s <= 1e-12 * _FIRST_REST_S:  # what subtraction leaves of nothing
        return np.zeros(0)
    grown = 1 + rest_s * (_REST_GROWTH - 1) / _FIRST_REST_S
    steps = _REST_GROWTH ** np.arange(max(1, math.ceil(math.log(grown, _REST_GROWTH))))
    return np.asarray(steps * (rest_s / steps.sum()), dtype=np.float64)
