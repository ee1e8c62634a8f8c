"""Telemetry of a lab as rows on one clock, and which of them show a settled plate.

A plate's rows count once its load has stood still for five of its time constants.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.chip import Chip, Stage
from qtregress.chip.cryostat import cryostat_of
from qtregress.thermal.plates import relaxation_s

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SETTLED_TIMES = 5.0
"""Time constants after which less than a hundredth of a step is left."""

_UNKNOWN_TIME_S = 300.0
"""Taken where the cryostat gives no heat capacity: a mixing chamber's, the slowest plate."""
_SAME_LOAD = 0.02
"""Of the highest load: moves below it are no change of load."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Telemetry:
    """Measured rows on one clock.

    Attributes:
        time_s: unix time of each row, rising, shape (n,); None where each row is a settled
            measurement of its own.
        columns: by quantity and subject, ``temperature_k:mxc``, ``load_w:mxc`` (all that heats
            the plate, cables included where the cryostat counts them), ``t1_s:0``, ``t2_s:0``,
            ``population:0``, ``line_power_w:d0`` (mean at the chip), ``busy_fraction``; shape
            (n,), NaN where nothing was measured.
    """

    time_s: Floats | None
    columns: Mapping[str, Floats]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values()), ()))

    def column(self, quantity: str, subject: object) -> Floats:
        """A column, all NaN where there is none."""
        return self.columns.get(f"{quantity}:{subject}", np.full(self.rows, np.nan))

    def has(self, quantity: str, subject: object) -> bool:
        """Whether there is such a column."""
        return f"{quantity}:{subject}" in self.columns

    def times(self, rows: Bools) -> Floats | None:
        """Unix times of the rows that a mask of shape (n,) selects; None without a clock."""
        return None if self.time_s is None else self.time_s[rows]


def settled(telemetry: Telemetry, stage: Stage) -> Bools:
    """Rows whose plate has forgotten its last change of load, shape (n,).

    The load has stood still for five time constants, as far as the rows show: a change may
    have come any time after the last row with another load, and a gap longer than a time
    constant and three intervals forgets everything. All rows where they have no times.
    """
    load_w = telemetry.column("load_w", stage.name)
    measured = np.isfinite(load_w)
    if telemetry.time_s is None:
        return measured
    time_s = telemetry.time_s[measured]
    found = np.zeros(telemetry.rows, dtype=np.bool_)
    found[measured] = _still(time_s, load_w[measured], _answer_s(stage))
    return found


def _answer_s(stage: Stage) -> float:
    """The plate's time constant; a slow one where the cryostat gives no heat capacity."""
    return relaxation_s(stage) or _UNKNOWN_TIME_S


def _still(time_s: Floats, load_w: Floats, time_constant: float) -> Bools:
    """Whether the load has stood still long enough at each row."""
    if len(time_s) == 0:
        return np.zeros(0, dtype=np.bool_)
    tolerance = _SAME_LOAD * float(load_w.max())
    interval_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    longest_s = max(time_constant, 3 * interval_s)
    since_s, at_w, last_s = time_s[0], load_w[0], time_s[0]
    found = []
    for now_s, now_w in zip(time_s, load_w, strict=True):
        if abs(now_w - at_w) > tolerance or now_s - last_s > longest_s:
            since_s, at_w = now_s, now_w
        last_s = now_s
        found.append(now_s - since_s >= SETTLED_TIMES * time_constant)
    return np.array(found, dtype=np.bool_)


def sampling(chip: Chip, telemetry: Telemetry) -> tuple[str, ...]:
    """Sentences on what of the telemetry can be used to fit plates, stage by stage.

    Raises:
        InputError: the chip's lines do not fit its cryostat.
    """
    if telemetry.time_s is None:
        return ("rows have no time: each is taken as measured after everything settled",)
    found = []
    for stage in cryostat_of(chip).stages:
        if telemetry.has("load_w", stage.name) and telemetry.has("temperature_k", stage.name):
            found += _sampling_of(stage, telemetry)
    return tuple(found)


def _sampling_of(stage: Stage, telemetry: Telemetry) -> list[str]:
    rows = np.isfinite(telemetry.column("load_w", stage.name))
    rows &= np.isfinite(telemetry.column("temperature_k", stage.name))
    answer_s = _answer_s(stage)
    found = []
    if stage.heat_capacity_j_per_k2 is None:
        found.append(
            f"stage {stage.name}: the chip file gives no heat_capacity_j_per_k2; "
            f"{answer_s:g} s are taken as its time constant"
        )
    used = int((settled(telemetry, stage) & rows).sum())
    if used < rows.sum():
        found.append(
            f"stage {stage.name}: {used} of {rows.sum()} rows are settled and used, "
            f"those within {SETTLED_TIMES * answer_s:.3g} s of a change of load, of a gap or "
            "of the first row are not"
        )
    times_s = (telemetry.time_s if telemetry.time_s is not None else np.zeros(0))[rows]
    interval_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    if interval_s > answer_s and used < rows.sum():
        found.append(
            f"stage {stage.name}: sampled too sparsely to follow transients, every "
            f"{interval_s:.3g} s against a time constant of {answer_s:.3g} s; only loads that "
            "last many rows can be used (leave the time column out if every row is settled)"
        )
    return found
