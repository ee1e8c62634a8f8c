"""Telemetry of a lab as rows on one clock, and a report of what is wrong with it.

Two forms are read: a CSV table with a header, and the answer of a Prometheus server to a range
query (https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries). Either is a
set of series, each with its own times: what cannot be used is left out and counted, series are
joined, and every fault found on the way is a sentence.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from qtregress.calibrate.telemetry import Telemetry
from qtregress.errors import InputError
from qtregress.files.documents import Source, read_source, validated
from qtregress.files.problems import shown
from qtregress.files.text import Text, read_text
from qtregress.printable import printable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_COLUMNS = 1_000
LEAST_SAMPLES = 3
"""Usable values of a series below which it is left out."""

_RANGES = {
    "load_w": (0.0, 1e3),
    "temperature_k": (1e-4, 400.0),
    "t1_s": (1e-9, 10.0),
    "t2_s": (1e-9, 10.0),
    "population": (-0.1, 0.5),
    "busy_fraction": (0.0, 1.0),
    "line_power_w": (0.0, 1.0),
}
"""What each quantity can be; readout noise may push a small population below zero."""
_LABELS = {
    "load_w": "stage",
    "temperature_k": "stage",
    "t1_s": "qubit",
    "t2_s": "qubit",
    "population": "qubit",
    "line_power_w": "line",
}
_MEASURED = ("temperature_k", "t1_s", "t2_s", "population")
"""What has noise, so that it does not repeat itself; loads are set and do."""

_STEM = re.compile(r"(load|temperature|temp|t1|t2|population|busy|line_power)(_[a-z0-9]+)*")
_SUBJECT = {
    "stage": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}"),
    "qubit": re.compile(r"0|[1-9][0-9]{0,3}"),
    "line": re.compile(r"[dmf](0|[1-9][0-9]{0,3})"),
}
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_NO_NUMBER = frozenset({"nan", "+inf", "-inf", "inf", "null", "none"})
_LATEST_S = 1e11
"""Unix seconds beyond which they are milliseconds."""

_GAP = 3.0
"""Median intervals without a value that are a gap."""
_STALE_ROWS = 10
_STALE_RUNS = 10.0
_OFFSET = 0.1
"""Of an interval: clocks that stand closer together are one."""
_STEP = 0.1
"""Of a load's range: smaller moves are no step."""
_EARLY = 0.3
"""Of a temperature's step that comes before the load's."""
_LONG = 8
"""Rows of a stretch of equal load from which its steps are looked at."""
_NAMED = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryReport:
    """What was read and what is wrong with it.

    Attributes:
        rows: after joining.
        series: names of what is used.
        used: values that are used.
        left_out: values that are not.
        remarks: a sentence for every fault.
    """

    rows: int
    series: tuple[str, ...]
    used: int
    left_out: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Series:
    """One quantity of one subject; NaN where a value is no number. Shapes (n,)."""

    name: str
    time_s: Floats
    value: Floats

    def only(self, kept: Bools | NDArray[np.intp]) -> "_Series":
        return _Series(name=self.name, time_s=self.time_s[kept], value=self.value[kept])

    @property
    def quantity(self) -> str:
        return self.name.partition(":")[0]

    @property
    def interval_s(self) -> float:
        """Median time between values; zero with fewer than two."""
        return float(np.median(np.diff(self.time_s))) if len(self.time_s) > 1 else 0.0


class _Notes:
    """Sentences, with the series that each is true of, in order of first occurrence."""

    def __init__(self) -> None:
        self.series: dict[str, list[str]] = {}

    def add(self, name: str, sentence: str) -> None:
        """Note it of a series, or of the whole file where the name is empty."""
        self.series.setdefault(sentence, []).append(name)

    def sentences(self) -> tuple[str, ...]:
        """One sentence each, naming a few of its series."""
        return tuple(
            f"{_listed(names)}: {sentence}" if any(names) else sentence
            for sentence, names in self.series.items()
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def read_telemetry(path: Path) -> tuple[Telemetry, TelemetryReport]:
    """The telemetry in a file, JSON where its name ends in ``.json``, else CSV.

    A CSV table has a header of ``time`` (ISO 8601, or unix seconds) and columns
    ``load_w:STAGE`` (all that heats the plate), ``temperature_k:STAGE``, ``t1_s:QUBIT``,
    ``t2_s:QUBIT``, ``population:QUBIT``, ``line_power_w:LINE`` (mean power at the chip over
    ``d0``, ``m0``), ``busy_fraction``; a cell may be empty. Without ``time`` each row is a
    settled measurement of its own. In a Prometheus answer the same names are metrics, with the
    labels ``stage``, ``qubit`` and ``line``.

    Raises:
        InputError: it cannot be read, has values that are no numbers, or leaves too little.
    """
    notes = _Notes()
    is_json = str(path).lower().endswith(".json")
    if is_json:
        series, timed = _prometheus(read_source(str(path)), notes), True
    else:
        series, timed = _table(read_text(path), notes)
    # a cell that is missing in a row without time was never a value
    given = sum(len(one.value) if timed else int(np.isfinite(one.value).sum()) for one in series)
    kept = _usable(series, notes, timed=timed)
    kept = _on_one_clock(kept, notes) if is_json else kept
    telemetry = _on_rows(kept, notes, timed=timed)
    used = sum(int(np.isfinite(column).sum()) for column in telemetry.columns.values())
    if not any(name.partition(":")[0] in _MEASURED for name in telemetry.columns):
        faults = "".join(f"\n{sentence}" for sentence in notes.sentences())
        msg = (
            f"{printable(str(path))}: must hold at least {LEAST_SAMPLES} usable values of one of "
            f"{', '.join(_MEASURED)}, but does not{faults}"
        )
        raise InputError(msg)
    report = TelemetryReport(
        rows=telemetry.rows,
        series=tuple(telemetry.columns),
        used=used,
        left_out=given - used,
        remarks=notes.sentences(),
    )
    return telemetry, report


def _on_rows(series: Sequence[_Series], notes: _Notes, *, timed: bool) -> Telemetry:
    """The series joined to rows."""
    if not series:
        return Telemetry(time_s=None, columns={})
    return _without_early(_joined(series), notes) if timed else _sorted_rows(series)


# CSV


def _table(text: Text, notes: _Notes) -> tuple[list[_Series], bool]:
    """The table's columns as series, and whether its rows have times."""
    rows = _rows(text)
    line, header = next(rows, (1, []))
    names = _header(f"{text.name}:{line}", header, notes)
    cells: dict[str, list[str]] = {name: [] for name in names if name}
    lines = []
    for line, row in rows:
        if len(row) != len(names):
            msg = (
                f"{text.name}:{line}: must have {len(names)} cells as the header has, "
                f"but has {len(row)}"
            )
            raise InputError(msg)
        lines.append(line)
        for name, cell in zip(names, row, strict=True):
            if name:
                cells[name].append(cell.strip())
    times = cells.pop("time", None)
    time_s = None if times is None else _times(text.name, lines, times, notes)
    found = [
        _column(name, [(f"{text.name}:{line}", c) for line, c in zip(lines, column, strict=True)])
        for name, column in cells.items()
    ]
    return [_series(*one, time_s) for one in found], time_s is not None


def _column(name: str, cells: Sequence[tuple[str, str]]) -> tuple[str, Floats, Bools]:
    """A column's numbers, NaN where a cell has none, and where a cell is not empty."""
    given = np.array([bool(cell) for _, cell in cells], dtype=np.bool_)
    value = [_number(f"{where}: {name}", cell) if cell else math.nan for where, cell in cells]
    return name, np.array(value, dtype=np.float64), given


def _series(name: str, value: Floats, given: Bools, time_s: Floats | None) -> _Series:
    """A column as a series of its filled cells; of rows without times all cells stay."""
    if time_s is None:
        return _Series(name=name, time_s=np.arange(len(value), dtype=np.float64), value=value)
    return _Series(name=name, time_s=time_s[given], value=value[given])


def _rows(text: Text) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the line that each ends on."""
    reader = csv.reader(io.StringIO(text.text, newline=""), strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        msg = f"{text.name}:{reader.line_num}: must be CSV, but is not: {error}"
        raise InputError(msg) from error


def _header(where: str, cells: Sequence[str], notes: _Notes) -> list[str]:
    """Names of the columns, empty where a column is not read."""
    if len(cells) == 1 and ";" in cells[0]:
        msg = f"{where}: cells must be separated by commas, but seem to be by semicolons"
        raise InputError(msg)
    if len(cells) > MAX_COLUMNS:
        msg = f"{where}: must have at most {MAX_COLUMNS} columns, but has {len(cells)}"
        raise InputError(msg)
    names = []
    for cell in map(str.strip, cells):
        known = cell == "time" or _is_known(where, cell)
        if not known:
            notes.add("", f"column {shown(cell)} is not read: its name is not known")
        names.append(cell if known else "")
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        msg = f"{where}: every column must appear once, but {twice[0]} appears more often"
        raise InputError(msg)
    if not set(names) - {"", "time"}:
        msg = f"{where}: the header must name {_wanted()}, but names none of them"
        raise InputError(msg)
    return names


def _wanted() -> str:
    return ", ".join(f"{one}:{_LABELS[one].upper()}" if one in _LABELS else one for one in _RANGES)


def _is_known(where: str, name: str) -> bool:
    """Whether a column is of a quantity that is read; it must then be named properly.

    Raises:
        InputError: it is nearly one, but for its unit or its subject.
    """
    quantity, colon, subject = name.partition(":")
    if quantity not in _RANGES:
        if colon and _STEM.fullmatch(quantity.lower()):
            msg = f"{where}: {shown(name)} must be one of {_wanted()}, but is not"
            raise InputError(msg)
        return False
    kind = _LABELS.get(quantity)
    if (kind is None) == bool(colon):
        want = quantity if kind is None else f"{quantity}:{kind.upper()}"
        msg = f"{where}: {shown(name)} must be named {want}"
        raise InputError(msg)
    if kind is not None and not _SUBJECT[kind].fullmatch(subject):
        msg = f"{where}: {shown(name)} must name a {kind}, but names {shown(subject)}"
        raise InputError(msg)
    return True


def _number(where: str, text: str) -> float:
    """The number that a text says, NaN where it says NaN or infinity."""
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else math.nan
    if text.lower() in _NO_NUMBER:
        return math.nan
    msg = f"{where} must be a number, but is {shown(text)}"
    raise InputError(msg)


def _times(file: str, lines: Sequence[int], cells: Sequence[str], notes: _Notes) -> Floats:
    """Unix seconds of the time column, which is written in one way throughout."""
    forms = set()
    seconds = []
    for line, cell in zip(lines, cells, strict=True):
        where = f"{file}:{line}: time"
        form, time_s = _time_s(where, cell)
        if not 0 <= time_s < _LATEST_S:
            hint = " (milliseconds?)" if _LATEST_S <= time_s < 1e3 * _LATEST_S else ""
            msg = f"{where} must be unix seconds or a date after 1970, but is {shown(cell)}{hint}"
            raise InputError(msg)
        forms.add(form)
        seconds.append(time_s)
        if len(forms) > 1:
            msg = f"{where} must be written like those before it, but is {shown(cell)}"
            raise InputError(msg)
    if forms == {"no zone"}:
        notes.add("", "times have no zone and are taken as UTC")
    return np.array(seconds, dtype=np.float64)


def _time_s(where: str, cell: str) -> tuple[str, float]:
    """How a time is written, and its unix seconds."""
    if _NUMBER.fullmatch(cell):
        return "unix", float(cell)
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError as error:
        msg = f"{where} must be ISO 8601 or unix seconds, but is {shown(cell)}"
        raise InputError(msg) from error
    form = "zone" if moment.tzinfo else "no zone"
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return form, (zoned - _EPOCH) / timedelta(seconds=1)


# Prometheus


class _Foreign(BaseModel):
    """A frozen part of somebody else's document."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


_Label = Annotated[str, Field(max_length=1000)]
_Seconds = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, lt=_LATEST_S)]


class _Result(_Foreign):
    """One series: its labels and its samples."""

    metric: dict[_Label, _Label]
    values: tuple[tuple[_Seconds, Annotated[str, Field(max_length=100)]], ...]


class _Data(_Foreign):
    """What a range query answers with: a matrix."""

    resultType: Literal["matrix"]  # noqa: N815  # Prometheus' spelling
    result: tuple[_Result, ...]


class _Answer(_Foreign):
    """The answer of a server that found no fault in the query."""

    status: Literal["success"]
    data: _Data


def _prometheus(source: Source, notes: _Notes) -> list[_Series]:
    """The answer's series of known metrics.

    Raises:
        InputError: it is no successful range query, or two series are of the same subject.
    """
    found: dict[str, _Series] = {}
    for place, row in enumerate(validated(source, _Answer).data.result):
        try:
            one = _series_of(row, found, notes)
        except InputError as error:
            # where that is costs a second reading of the text, so only now
            msg = f"{source.locate(('data', 'result', place))}: {error}"
            raise InputError(msg) from error
        if one is not None:
            found[one.name] = one
    return list(found.values())


def _series_of(row: _Result, known: Mapping[str, _Series], notes: _Notes) -> _Series | None:
    """One result as a series, None if its metric is not known."""
    quantity = row.metric.get("__name__", "")
    if quantity not in _RANGES:
        what = f"metric {shown(quantity)}" if quantity else "a series without __name__"
        notes.add("", f"{what} is not read: its name is not known")
        return None
    label = _LABELS.get(quantity)
    if label is not None and label not in row.metric:
        raise InputError(f"a series of {quantity} must have the label {label}, but has none")
    name = quantity if label is None else f"{quantity}:{row.metric[label]}"
    _is_known("this series", name)
    if name in known:
        raise InputError(f"two series are {name}: narrow the query down to one")
    return _Series(
        name=name,
        time_s=np.array([time_s for time_s, _ in row.values], dtype=np.float64),
        value=np.array([_number(name, text) for _, text in row.values], dtype=np.float64),
    )


# What can be used


def _usable(series: Iterable[_Series], notes: _Notes, *, timed: bool) -> list[_Series]:
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


def _ordered(one: _Series, notes: _Notes) -> _Series:
    """Rising times, one value each."""
    back = int((np.diff(one.time_s) < 0).sum())
    if back:
        notes.add(one.name, f"times go back {_count(back, 'time')}; values are sorted by time")
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
            f"{_count(int(repeated.sum()), 'value')} repeated at the same time; left out",
        )
    if doubtful.any():
        notes.add(
            one.name,
            f"{_count(int(doubtful.sum()), 'value')} at times that have several, different "
            "ones; left out",
        )
    return one.only(~repeated & ~doubtful)


def _in_range(one: _Series, notes: _Notes, *, timed: bool) -> _Series:
    """Values that are numbers and can be what they are said to be.

    Of rows without times the cells become NaN, so that the others of the row stay.
    """
    low, high = _RANGES[one.quantity]
    number = np.isfinite(one.value)
    within = number & (one.value >= low) & (one.value <= high)
    if timed and not number.all():
        notes.add(
            one.name, f"{_count(int((~number).sum()), 'value')} that are NaN or infinite; left out"
        )
    if (number & ~within).any():
        notes.add(
            one.name,
            f"{_count(int((number & ~within).sum()), 'value')} not between {low:g} and {high:g}; "
            "left out",
        )
    if timed:
        return one.only(within)
    return _Series(name=one.name, time_s=one.time_s, value=np.where(within, one.value, np.nan))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _without_stale(one: _Series, others: Sequence[_Series], notes: _Notes) -> _Series:
    """The series without values that a stuck sensor repeats bit for bit.

    A run is stale if it is far longer than the series' other runs are: thermometers of few
    digits repeat themselves, too. A series that never moves is stale if others do.
    """
    if one.quantity not in _MEASURED or len(one.value) <= _STALE_ROWS:
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
        times = f"{_count(len(stale), 'stale stretch')}".replace("stretchs", "stretches")
        notes.add(
            one.name,
            f"{times}, the longest of {length} equal values from {_said(one.time_s[start])}; "
            f"{(~fresh).sum()} values left out",
        )
    return one.only(fresh)


def _said(time_s: float) -> str:
    return (_EPOCH + timedelta(seconds=float(time_s))).isoformat(timespec="seconds")


def _note_gaps(one: _Series, notes: _Notes) -> None:
    """Note times of more than three median intervals without a value."""
    if len(one.time_s) <= LEAST_SAMPLES:
        return
    between_s = np.diff(one.time_s)
    gaps = between_s > _GAP * one.interval_s
    if gaps.any():
        place = int(np.argmax(between_s))
        notes.add(
            one.name,
            f"{_count(int(gaps.sum()), 'gap')}, the longest of {between_s[place]:.6g} s from "
            f"{_said(one.time_s[place])} (a value every {one.interval_s:.3g} s otherwise)",
        )


# Clocks


def _on_one_clock(series: Sequence[_Series], notes: _Notes) -> list[_Series]:
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


def _finest(series: Sequence[_Series]) -> _Series:
    """The series with most values; the first by name of several."""
    return min(series, key=lambda one: (-len(one.value), one.name))


def _nearest(clock_s: Floats, time_s: Floats) -> NDArray[np.intp]:
    """Places on the rising clock that are nearest to the times."""
    after = np.clip(np.searchsorted(clock_s, time_s), 1, max(1, len(clock_s) - 1))
    before = after - 1
    after = np.minimum(after, len(clock_s) - 1)
    closer = time_s - clock_s[before] <= clock_s[after] - time_s
    return np.where(closer, before, after)


def _joined(series: Sequence[_Series]) -> Telemetry:
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


def _sorted_rows(series: Sequence[_Series]) -> Telemetry:
    """Rows without times in an order of their own, so that theirs in the file is no matter."""
    names = sorted(one.name for one in series)
    values = {one.name: one.value for one in series}
    order = np.lexsort([values[name] for name in reversed(names)])
    some = np.isfinite([values[name][order] for name in names]).any(axis=0)
    return Telemetry(time_s=None, columns={name: values[name][order][some] for name in names})


def _without_early(telemetry: Telemetry, notes: _Notes) -> Telemetry:
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
