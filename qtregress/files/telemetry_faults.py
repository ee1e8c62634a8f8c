"""What of a series can be used: no wrong numbers, no doubled times, no stuck sensor."""

from collections.abc import Iterable, Sequence

import numpy as np

from qtregress.files.telemetry_series import (
    LEAST_SAMPLES,
    MEASURED,
    RANGES,
    Notes,
    Series,
    count_of,
    said,
)

_GAP = 3.0
"""Median intervals without a value that are a gap."""
_STALE_ROWS = 10
_STALE_RUNS = 10.0


def usable(series: Iterable[Series], notes: Notes, *, timed: bool) -> list[Series]:
    """The series with what can be used of each; faults are noted."""
    found = []
    for one in series:
        kept = _in_range(one, notes, timed=timed)
        kept = _ordered(kept, notes) if timed else kept
        count = int(np.isfinite(kept.value).sum())
        if 0 < count < LEAST_SAMPLES:
            notes.add(one.name, f"has fewer than {LEAST_SAMPLES} usable values and is not used")
        if count >= LEAST_SAMPLES:
            found.append(kept)
    if not timed:
        return found
    fresh = [_without_stale(one, found, notes) for one in found]
    fresh = [one for one in fresh if len(one.value) >= LEAST_SAMPLES]
    for one in fresh:
        _note_gaps(one, notes)
    return fresh


def _ordered(one: Series, notes: Notes) -> Series:
    """Rising times, one value each."""
    back = int((np.diff(one.time_s) < 0).sum())
    if back:
        notes.add(one.name, f"times go back {count_of(back, 'time')}; values are sorted by time")
    order = np.lexsort((one.value, one.time_s))
    one = one.only(order)
    again = np.diff(one.time_s) == 0
    if not again.any():
        return one
    same = again & (np.diff(one.value) == 0)
    doubtful = np.isin(one.time_s, one.time_s[1:][again & ~same])
    repeated = np.append(False, same) & ~doubtful
    if repeated.any():
        notes.add(
            one.name,
            f"{count_of(int(repeated.sum()), 'value')} repeated at the same time; left out",
        )
    if doubtful.any():
        notes.add(
            one.name,
            f"{count_of(int(doubtful.sum()), 'value')} at times that have several, different "
            "ones; left out",
        )
    return one.only(~repeated & ~doubtful)


def _in_range(one: Series, notes: Notes, *, timed: bool) -> Series:
    """Values that are numbers and can be what they are said to be.

    Of rows without times the cells become NaN, so that the others of the row stay.
    """
    low, high = RANGES[one.quantity]
    number = np.isfinite(one.value)
    within = number & (one.value >= low) & (one.value <= high)
    if timed and not number.all():
        notes.add(
            one.name,
            f"{count_of(int((~number).sum()), 'value')} that are NaN or infinite; left out",
        )
    if (number & ~within).any():
        notes.add(
            one.name,
            f"{count_of(int((number & ~within).sum()), 'value')} not between {low:g} and {high:g}; "
            "left out",
        )
    if timed:
        return one.only(within)
    return Series(name=one.name, time_s=one.time_s, value=np.where(within, one.value, np.nan))


def _without_stale(one: Series, others: Sequence[Series], notes: Notes) -> Series:
    """The series without values that a stuck sensor repeats bit for bit.

    A run is stale if it is far longer than the series' other runs are: thermometers of few
    digits repeat themselves, too. A series that never moves is stale if others do.
    """
    if one.quantity not in MEASURED or len(one.value) <= _STALE_ROWS:
        return one
    starts = np.flatnonzero(np.append(True, np.diff(one.value) != 0))
    lengths = np.diff(np.append(starts, len(one.value)))
    if len(starts) == 1:
        if all(np.ptp(other.value) == 0 for other in others):
            return one
        longest = _STALE_ROWS
    else:
        longest = max(_STALE_ROWS, int(_STALE_RUNS * np.median(lengths)))
    fresh = np.ones(len(one.value), dtype=np.bool_)
    stale = [(a, n) for a, n in zip(starts, lengths, strict=True) if n > longest]
    for start, length in stale:
        fresh[start + 1 : start + length] = False
    if stale:
        start, length = max(stale, key=lambda run: run[1])
        times = f"{count_of(len(stale), 'stale stretch')}".replace("stretchs", "stretches")
        notes.add(
            one.name,
            f"{times}, the longest of {length} equal values from {said(one.time_s[start])}; "
            f"{(~fresh).sum()} values left out",
        )
    return one.only(fresh)


def _note_gaps(one: Series, notes: Notes) -> None:
    """Note times of more than three median intervals without a value."""
    if len(one.time_s) <= LEAST_SAMPLES:
        return
    between_s = np.diff(one.time_s)
    gaps = between_s > _GAP * one.interval_s
    if gaps.any():
        place = int(np.argmax(between_s))
        notes.add(
            one.name,
            f"{count_of(int(gaps.sum()), 'gap')}, the longest of {between_s[place]:.6g} s from "
            f"{said(one.time_s[place])} (a value every {one.interval_s:.3g} s otherwise)",
        )
