"""Telemetry as a CSV table with a header: its columns as series."""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from qtregress.errors import InputError
from qtregress.files.problems import shown
from qtregress.files.telemetry_series import (
    EPOCH,
    LATEST_S,
    NUMBER,
    Bools,
    Floats,
    Notes,
    Series,
    is_known,
    number_of,
    wanted,
)
from qtregress.files.text import Text

MAX_COLUMNS = 1_000


def table(text: Text, notes: Notes) -> tuple[list[Series], bool]:
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
    value = [number_of(f"{where}: {name}", cell) if cell else math.nan for where, cell in cells]
    return name, np.array(value, dtype=np.float64), given


def _series(name: str, value: Floats, given: Bools, time_s: Floats | None) -> Series:
    """A column as a series of its filled cells; of rows without times all cells stay."""
    if time_s is None:
        return Series(name=name, time_s=np.arange(len(value), dtype=np.float64), value=value)
    return Series(name=name, time_s=time_s[given], value=value[given])


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


def _header(where: str, cells: Sequence[str], notes: Notes) -> list[str]:
    """Names of the columns, empty where a column is not read."""
    if len(cells) == 1 and ";" in cells[0]:
        msg = f"{where}: cells must be separated by commas, but seem to be by semicolons"
        raise InputError(msg)
    if len(cells) > MAX_COLUMNS:
        msg = f"{where}: must have at most {MAX_COLUMNS} columns, but has {len(cells)}"
        raise InputError(msg)
    names = []
    for cell in map(str.strip, cells):
        known = cell == "time" or is_known(where, cell)
        if not known:
            notes.add("", f"column {shown(cell)} is not read: its name is not known")
        names.append(cell if known else "")
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        msg = f"{where}: every column must appear once, but {twice[0]} appears more often"
        raise InputError(msg)
    if not set(names) - {"", "time"}:
        msg = f"{where}: the header must name {wanted()}, but names none of them"
        raise InputError(msg)
    return names


def _times(file: str, lines: Sequence[int], cells: Sequence[str], notes: Notes) -> Floats:
    """Unix seconds of the time column, which is written in one way throughout."""
    forms = set()
    seconds = []
    for line, cell in zip(lines, cells, strict=True):
        where = f"{file}:{line}: time"
        form, time_s = _time_s(where, cell)
        if not 0 <= time_s < LATEST_S:
            hint = " (milliseconds?)" if LATEST_S <= time_s < 1e3 * LATEST_S else ""
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
    if NUMBER.fullmatch(cell):
        return "unix", float(cell)
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError as error:
        msg = f"{where} must be ISO 8601 or unix seconds, but is {shown(cell)}"
        raise InputError(msg) from error
    form = "zone" if moment.tzinfo else "no zone"
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return form, (zoned - EPOCH) / timedelta(seconds=1)
