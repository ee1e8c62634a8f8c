"""Series on one clock: skewed clocks are left out, the others joined to rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qtregress.calibrate.telemetry import Telemetry
from qtregress.files.telemetry_series import Floats, Notes, Series

_OFFSET = 0.1
"""Of an interval: clocks that stand closer together are one."""
_STEP = 0.1
"""Of a load's range: smaller moves are no step."""
_EARLY = 0.3
"""Of a temperature's step that comes before the load's."""
_LONG = 8
"""Rows of a stretch of equal load from which its steps are looked at."""


def on_one_clock(series: Sequence[Series], notes: Notes) -> list[Series]:
    """The series but for those whose clock is skewed against the one with most values.

    A series of the same interval that both starts and ends later, or earlier, by the same
    time beyond half an interval has a clock of its own. Smaller offsets are noted.
    """
    if not series:
        return []
    first = _finest(series)
    kept = []
    for one in series:
        ends = [one.time_s[end] - first.time_s[end] for end in (0, -1)]
        half = first.interval_s / 2
        alike = abs(ends[0] - ends[1]) < half and abs(one.interval_s - first.interval_s) < (
            _OFFSET * first.interval_s
        )
        if alike and min(map(abs, ends)) > half:
            notes.add(
                one.name,
                f"clock skewed by {ends[0]:+.6g} s against that of {first.name}: it starts and "
                f"ends so much apart; {len(one.value)} values left out",
            )
            continue
        offsets = one.time_s - first.time_s[_nearest(first.time_s, one.time_s)]
        near = np.abs(offsets) <= half
        offset = float(np.median(offsets[near])) if near.any() else 0.0
        if abs(offset) > _OFFSET * first.interval_s:
            notes.add(
                one.name,
                f"clock stands {offset:+.3g} s off that of {first.name}; values are joined with "
                "the nearest",
            )
        kept.append(one)
    return kept


def _finest(series: Sequence[Series]) -> Series:
    """The series with most values; the first by name of several."""
    return min(series, key=lambda one: (-len(one.value), one.name))


def _nearest(clock_s: Floats, time_s: Floats) -> NDArray[np.intp]:
    """Places on the rising clock that are nearest to the times."""
    after = np.clip(np.searchsorted(clock_s, time_s), 1, max(1, len(clock_s) - 1))
    before = after - 1
    after = np.minimum(after, len(clock_s) - 1)
    closer = time_s - clock_s[before] <= clock_s[after] - time_s
    return np.where(closer, before, after)


def joined(series: Sequence[Series]) -> Telemetry:
    """All series on the clock of the finest, within half its interval.

    Values that are further from it than that have rows of their own; of several that are
    nearest to one row the nearest stays.
    """
    half = _finest(series).interval_s / 2
    clock_s = np.zeros(0)
    for one in sorted(series, key=lambda one: (-len(one.value), one.name)):
        clock_s = np.union1d(clock_s, _apart(clock_s, one.time_s, half))
    columns = {}
    for one in sorted(series, key=lambda one: one.name):
        places = _nearest(clock_s, one.time_s)
        distance = np.abs(one.time_s - clock_s[places])
        column = np.full(len(clock_s), np.nan)
        order = np.argsort(-distance, kind="stable")
        column[places[order]] = one.value[order]
        columns[one.name] = column
    return Telemetry(time_s=clock_s, columns=columns)


def _apart(clock_s: Floats, time_s: Floats, half_s: float) -> Floats:
    """The times that no tick of the clock is near."""
    if len(clock_s) == 0:
        return time_s
    return time_s[np.abs(time_s - clock_s[_nearest(clock_s, time_s)]) > half_s]


def sorted_rows(series: Sequence[Series]) -> Telemetry:
    """Rows without times in an order of their own, so that theirs in the file is no matter."""
    names = sorted(one.name for one in series)
    values = {one.name: one.value for one in series}
    order = np.lexsort([values[name] for name in reversed(names)])
    some = np.isfinite([values[name][order] for name in names]).any(axis=0)
    return Telemetry(time_s=None, columns={name: values[name][order][some] for name in names})


def without_early(telemetry: Telemetry, notes: Notes) -> Telemetry:
    """The telemetry without temperatures that move before their load does."""
    kept = dict(telemetry.columns)
    for name in telemetry.columns:
        quantity, _, stage = name.partition(":")
        load = telemetry.columns.get(f"load_w:{stage}")
        if quantity != "temperature_k" or load is None:
            continue
        if _moves_early(load, telemetry.columns[name]):
            left_out = int(np.isfinite(kept.pop(name)).sum())
            notes.add(
                name,
                f"moves before load_w:{stage} does: their clocks are skewed by an interval or "
                f"more; {left_out} values left out",
            )
    some = np.isfinite(list(kept.values())).any(axis=0)
    time_s = telemetry.time_s[some] if telemetry.time_s is not None else None
    return Telemetry(time_s=time_s, columns={name: column[some] for name, column in kept.items()})


def _moves_early(load_w: Floats, kelvin: Floats) -> bool:
    """Whether most of a load's steps show in the temperature before they come.

    Before each step the last value is compared with those of the third quarter of the stretch
    before it, as a share of the whole step in temperature.
    """
    both = np.isfinite(load_w) & np.isfinite(kelvin)
    load_w, kelvin = load_w[both], kelvin[both]
    if len(load_w) == 0:
        return False
    steps = np.flatnonzero(np.abs(np.diff(load_w)) > _STEP * np.ptp(load_w)) + 1
    edges = [0, *steps.tolist(), len(load_w)]
    clear = early = 0
    for start, step, end in zip(edges, edges[1:], edges[2:], strict=False):
        long = min(step - start, end - step) >= _LONG
        if not long:
            continue
        middle, last = (start + step) // 2, start + 3 * (step - start) // 4
        before = np.log(kelvin[middle:last])
        after = np.log(kelvin[(step + end) // 2 : end])
        change = float(np.median(after) - np.median(before))
        if abs(change) > 10 * float(np.std(before)):
            clear += 1
            moved = float(np.log(kelvin[step - 1]) - np.median(before)) / change
            early += moved > _EARLY
    return clear > 1 and 2 * early > clear
