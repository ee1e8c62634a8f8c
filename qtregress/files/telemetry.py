"""Telemetry of a lab as rows on one clock, and a report of what is wrong with it.

Two forms are read: a CSV table with a header, and the answer of a Prometheus server to a range
query (https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries). Either is a
set of series, each with its own times: what cannot be used is left out and counted, series are
joined, and every fault found on the way is a sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qtregress.calibrate.telemetry import Telemetry
from qtregress.errors import InputError
from qtregress.files.documents import read_source
from qtregress.files.telemetry_clock import joined, on_one_clock, sorted_rows, without_early
from qtregress.files.telemetry_csv import table
from qtregress.files.telemetry_faults import usable
from qtregress.files.telemetry_prometheus import prometheus
from qtregress.files.telemetry_series import LEAST_SAMPLES, MEASURED, Notes, Series
from qtregress.files.text import read_text
from qtregress.printable import printable


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
    notes = Notes()
    is_json = str(path).lower().endswith(".json")
    if is_json:
        series, timed = prometheus(read_source(str(path)), notes), True
    else:
        series, timed = table(read_text(path), notes)
    # a cell that is missing in a row without time was never a value
    given = sum(len(one.value) if timed else int(np.isfinite(one.value).sum()) for one in series)
    kept = usable(series, notes, timed=timed)
    kept = on_one_clock(kept, notes) if is_json else kept
    telemetry = _on_rows(kept, notes, timed=timed)
    used = sum(int(np.isfinite(column).sum()) for column in telemetry.columns.values())
    if not any(name.partition(":")[0] in MEASURED for name in telemetry.columns):
        faults = "".join(f"\n{sentence}" for sentence in notes.sentences())
        msg = (
            f"{printable(str(path))}: must hold at least {LEAST_SAMPLES} usable values of one of "
            f"{', '.join(MEASURED)}, but does not{faults}"
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


def _on_rows(series: Sequence[Series], notes: Notes, *, timed: bool) -> Telemetry:
    """The series joined to rows."""
    if not series:
        return Telemetry(time_s=None, columns={})
    return without_early(joined(series), notes) if timed else sorted_rows(series)
