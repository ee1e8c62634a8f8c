"""Telemetry from CSV and Prometheus, and the faults that it is reported to have."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.calibrate.telemetry import Telemetry
from qtregress.errors import InputError
from qtregress.files.telemetry import TelemetryReport, read_telemetry

Floats = NDArray[np.float64]
Labels = Mapping[str, str]

START_S = 1.7e9
KELVIN: Labels = {"__name__": "temperature_k", "stage": "mxc"}
LOAD: Labels = {"__name__": "load_w", "stage": "mxc"}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that examples of one test may share."""
    return tmp_path_factory.mktemp("telemetry")


def rows(count: int = 60, *, interval_s: float = 60.0) -> list[list[str]]:
    """A header and rows of a load and a noisy temperature."""
    noise = np.random.default_rng(0).normal(size=count)
    found = [["time", "load_w:mxc", "temperature_k:mxc"]]
    for k in range(count):
        time_s = START_S + k * interval_s
        found.append([f"{time_s:.1f}", "1e-05", f"{0.014 * (1 + 0.01 * noise[k]):.9f}"])
    return found


def read(folder: Path, table: Sequence[Sequence[str]] | str) -> tuple[Telemetry, TelemetryReport]:
    """The table after a trip through a CSV file."""
    path = folder / "telemetry.csv"
    text = table if isinstance(table, str) else "\n".join(",".join(row) for row in table)
    path.write_text(text, encoding="utf-8")
    return read_telemetry(path)


def refusal(folder: Path, table: Sequence[Sequence[str]] | str) -> str:
    """Why the table is refused, without the folder."""
    with pytest.raises(InputError, match=r".") as caught:
        read(folder, table)
    return str(caught.value).replace(f"{folder}/", "")


def remark(report: TelemetryReport, words: str) -> str:
    """The one remark with these words."""
    (found,) = [sentence for sentence in report.remarks if words in sentence]
    return found


def answer(*series: tuple[Labels, Sequence[tuple[float, str]]]) -> dict[str, Any]:
    """What a Prometheus server says to a range query."""
    result = [{"metric": dict(labels), "values": list(values)} for labels, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def samples(
    count: int = 60, *, late_s: float = 0.0, interval_s: float = 15.0
) -> list[tuple[float, str]]:
    """Noisy values on a regular clock."""
    noise = np.random.default_rng(1).normal(size=count)
    return [
        (START_S + late_s + k * interval_s, f"{0.014 * (1 + 0.01 * noise[k]):.9f}")
        for k in range(count)
    ]


def asked(folder: Path, said: object) -> tuple[Telemetry, TelemetryReport]:
    """The server's answer after a trip through a file."""
    path = folder / "telemetry.json"
    path.write_text(json.dumps(said), encoding="utf-8")
    return read_telemetry(path)


# CSV


def test_a_clean_table_has_no_remarks(folder: Path) -> None:
    """Nothing is wrong, nothing is left out."""
    telemetry, report = read(folder, rows())

    assert (telemetry.rows, report.used, report.left_out, report.remarks) == (60, 120, 0, ())


def test_values_come_through(folder: Path) -> None:
    """Numbers and times are those of the file."""
    telemetry, _ = read(folder, rows())
    assert telemetry.time_s is not None

    assert telemetry.time_s[3] == START_S + 180
    assert telemetry.columns["load_w:mxc"][3] == 1e-5


def test_all_quantities_are_read(folder: Path) -> None:
    """Stages, qubits and lines by their names."""
    names = ["temperature_k:4k", "load_w:4k", "t1_s:12", "t2_s:12", "population:12"]
    names += ["line_power_w:d0", "line_power_w:m3", "busy_fraction"]
    table = [names] + [["0.1", "0.1", "1e-4", "1e-4", "0.01", "1e-11", "0", "0.5"]] * 5
    telemetry, _ = read(folder, table)

    assert set(telemetry.columns) == set(names)


def test_iso_times_are_read(folder: Path) -> None:
    """With a zone they are moments."""
    table = rows(10)
    for k, row in enumerate(table[1:]):
        row[0] = f"2025-01-31T12:00:0{k}+01:00"
    telemetry, report = read(folder, table)
    assert telemetry.time_s is not None

    assert telemetry.time_s[0] == datetime(2025, 1, 31, 11, tzinfo=UTC).timestamp()
    assert report.remarks == ()


def test_times_without_a_zone_are_said(folder: Path) -> None:
    """They are taken as UTC, aloud."""
    table = rows(10)
    for k, row in enumerate(table[1:]):
        row[0] = f"2025-01-31 12:00:0{k}"

    assert "taken as UTC" in remark(read(folder, table)[1], "no zone")


def test_empty_cells_are_no_fault(folder: Path) -> None:
    """T1 is measured now and then, temperature all the time."""
    table = rows()
    for k, row in enumerate(table):
        row.append("t1_s:0" if k == 0 else "1e-4" if k % 10 == 1 else "")
    telemetry, report = read(folder, table)

    assert np.isfinite(telemetry.columns["t1_s:0"]).sum() == 6
    assert report.left_out == 0


def test_a_table_without_times_is_settled_rows(folder: Path) -> None:
    """Each row is a measurement of its own."""
    telemetry, report = read(folder, [row[1:] for row in rows()])

    assert (telemetry.time_s, telemetry.rows, report.left_out) == (None, 60, 0)


def test_unknown_columns_are_said(folder: Path) -> None:
    """A laboratory logs more than is needed."""
    table = [[*row, "pressure" if k == 0 else "1"] for k, row in enumerate(rows())]

    assert "'pressure' is not read" in remark(read(folder, table)[1], "column").replace('"', "'")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("temperature_k:mxc", "temperature_mk:mxc", "telemetry.csv:1: "),
        ("temperature_k:mxc", "temperature_k", "must be named temperature_k:STAGE"),
        ("temperature_k:mxc", "t1_s:mxc", "must name a qubit"),
        ("temperature_k:mxc", "line_power_w:x0", "must name a line"),
        ("temperature_k:mxc", "busy_fraction:0", "must be named busy_fraction"),
        ("temperature_k:mxc", "load_w:mxc", "appears more often"),
        ("1e-05", "1e-05 W", "telemetry.csv:2: load_w:mxc must be a number, but is"),
        ("1e-05", "0x1", "must be a number"),
        ("1e-05", "1_0", "must be a number"),
        ("1e-05", "1e-05,7", "telemetry.csv:2: must have 3 cells as the header has, but has 4"),
        ("1e-05", '"1e-05', "must be CSV, but is not"),
        ("1700000000.0", "yesterday", "time must be ISO 8601 or unix seconds"),
        ("1700000000.0", "1700000000000", "(milliseconds?)"),
        ("1700000000.0", "-5", "must be unix seconds or a date after 1970"),
        ("1700000000.0", "2025-01-31T12:00:00Z", "must be written like those before it"),
        ("1700000000.0", "", "time must be ISO 8601"),
    ],
)
def test_mistakes_are_refused(folder: Path, old: str, new: str, sentence: str) -> None:
    """With the line, the column, what it must be and what it is."""
    text = "\n".join(",".join(row) for row in rows())

    assert sentence in refusal(folder, text.replace(old, new, 1))


@pytest.mark.parametrize("text", [",,,\n", "a,b\n1,2\n", "time\n1\n", "time;load_w:mxc\n1;2\n"])
def test_files_of_something_else_are_refused(folder: Path, text: str) -> None:
    """A header that names nothing known is no telemetry."""
    assert "telemetry.csv:1: " in refusal(folder, text)


def test_too_little_is_refused(folder: Path) -> None:
    """Two values are no series; what was wrong is listed."""
    assert "at least 3 usable values" in refusal(folder, rows(2))


def test_loads_alone_are_refused(folder: Path) -> None:
    """Nothing measured depends on them."""
    assert "usable values of one of" in refusal(folder, [row[:2] for row in rows()])


def test_values_that_are_no_numbers_are_gaps(folder: Path) -> None:
    """NaN and infinities are left out and counted."""
    table = rows()
    table[5][2], table[6][2], table[7][2] = "NaN", "+Inf", "1e999"
    telemetry, report = read(folder, table)

    assert "3 values that are NaN or infinite" in remark(report, "NaN")
    assert report.left_out == 3
    assert np.isfinite(telemetry.columns["temperature_k:mxc"]).sum() == 57


def test_impossible_values_are_left_out(folder: Path) -> None:
    """A broken thermometer says 0 K or 1000 K."""
    table = rows()
    table[5][2], table[6][2] = "0", "1000"

    assert "2 values not between 0.0001 and 400" in remark(read(folder, table)[1], "not between")


def test_gaps_are_reported(folder: Path) -> None:
    """How many, how long, since when."""
    table = rows()
    for row in table[31:]:
        row[0] = f"{float(row[0]) + 7200:.1f}"
    found = remark(read(folder, table)[1], "gap")

    assert "1 gap, the longest of 7260 s from 2023-11-14T22:42:20+00:00" in found
    assert found.startswith("load_w:mxc, temperature_k:mxc: ")


def test_stale_stretches_are_left_out(folder: Path) -> None:
    """A stuck thermometer repeats itself bit for bit."""
    table = rows()
    for row in table[20:45]:
        row[2] = table[20][2]
    telemetry, report = read(folder, table)

    assert "1 stale stretch, the longest of 25 equal values" in remark(report, "stale")
    assert np.isfinite(telemetry.columns["temperature_k:mxc"]).sum() == 36


def test_coarse_thermometers_are_not_stale(folder: Path) -> None:
    """Few digits repeat themselves, too."""
    table = rows()
    for k, row in enumerate(table[1:]):
        row[2] = f"0.01{k // 12 % 3}"

    assert read(folder, table)[1].remarks == ()


def test_a_sensor_that_never_moves_is_stale(folder: Path) -> None:
    """While others do."""
    table = [[*row, "temperature_k:cp" if k == 0 else "0.1"] for k, row in enumerate(rows())]
    telemetry, report = read(folder, table)

    assert "60 equal values" in remark(report, "temperature_k:cp")
    assert "temperature_k:cp" not in telemetry.columns


def test_loads_may_stand_still(folder: Path) -> None:
    """They are set, not measured."""
    assert read(folder, rows())[1].remarks == ()


def test_unsorted_times_are_sorted(folder: Path) -> None:
    """With a remark; values are those of the sorted table."""
    table = rows()
    mixed = [table[0], *reversed(table[1:])]
    straight, _ = read(folder, table)
    telemetry, report = read(folder, mixed)

    assert "times go back 59 times" in remark(report, "sorted")
    assert len(report.remarks) == 1
    assert np.array_equal(
        telemetry.columns["temperature_k:mxc"], straight.columns["temperature_k:mxc"]
    )


def test_repeated_rows_count_once(folder: Path) -> None:
    """The same value at the same time is one value."""
    table = rows()
    telemetry, report = read(folder, [*table, table[-1]])

    assert "1 value repeated at the same time" in remark(report, "repeated")
    assert telemetry.rows == 60


def test_contradictions_are_left_out(folder: Path) -> None:
    """Two temperatures at one time: nobody knows which."""
    table = rows()
    telemetry, report = read(folder, [*table, [table[-1][0], "1e-05", "0.3"]])

    assert "2 values at times that have several" in remark(report, "different")
    assert np.isfinite(telemetry.columns["temperature_k:mxc"]).sum() == 59


def stepped(folder: Path, *, late_rows: int) -> tuple[Telemetry, TelemetryReport]:
    """A load in steps; the temperature's clock is behind by so many rows."""
    load_w = np.repeat([0.0, 1e-5, 2e-5, 5e-6, 0.0], 60)
    squares = np.empty(300)
    now = 6.4e-5
    for k, watt in enumerate(load_w.tolist()):
        end = 6.4e-5 + watt / 0.065
        now = end + (now - end) * np.exp(-0.2)
        squares[k] = now
    kelvin = np.sqrt(squares) * (1 + 0.003 * np.random.default_rng(2).normal(size=300))
    kelvin = np.roll(kelvin, -late_rows)
    table = [["time", "load_w:mxc", "temperature_k:mxc"]]
    table += [
        [f"{START_S + 60 * k}", f"{watt:.9g}", f"{value:.9g}"]
        for k, (watt, value) in enumerate(zip(load_w, kelvin, strict=True))
    ]
    return read(folder, table)


def test_a_temperature_ahead_of_its_load_is_left_out(folder: Path) -> None:
    """Heat comes before warmth: otherwise the clocks are skewed."""
    with pytest.raises(InputError, match="temperature_k:mxc: moves before load_w:mxc does"):
        stepped(folder, late_rows=5)


def test_a_temperature_behind_its_load_is_physics(folder: Path) -> None:
    """Plates answer late."""
    assert stepped(folder, late_rows=0)[1].remarks == ()


@given(order=st.permutations(range(1, 61)))
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("first", [0, 1])
def test_the_order_of_rows_is_no_matter(folder: Path, order: Sequence[int], first: int) -> None:
    """Permuted rows, with times and without, are the same telemetry bit for bit."""
    table = [row[first:] for row in rows()]
    straight, _ = read(folder, table)
    mixed, _ = read(folder, [table[0], *(table[k] for k in order)])

    for name, column in straight.columns.items():
        assert np.array_equal(mixed.columns[name], column)


@given(text=st.text(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ["telemetry.csv", "telemetry.json"])
def test_any_text_is_read_or_refused(folder: Path, name: str, text: str) -> None:
    """Whatever the file says, nothing else than a sentence comes of it."""
    header = "time,temperature_k:mxc\n" if name.endswith("csv") else ""
    path = folder / name
    path.write_text(header + text, encoding="utf-8", errors="ignore")
    with suppress(InputError):
        assert read_telemetry(path)[1].used > 0


_CELLS = st.one_of(
    st.sampled_from(["", "NaN", "-Inf", "0", "1e-5", "0.02", "-1", "1e400", "5e-324"]),
    st.floats(allow_nan=True).map(repr),
)


@given(cells=st.lists(st.tuples(st.floats(0, 1e10), _CELLS, _CELLS), max_size=40))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_used_is_sound(folder: Path, cells: list[tuple[float, str, str]]) -> None:
    """Times rise, values are in range, and every value is either used or left out."""
    table = [["time", "temperature_k:mxc", "population:0"]]
    table += [[repr(time_s), one, other] for time_s, one, other in cells]
    try:
        telemetry, report = read(folder, table)
    except InputError:
        return
    assert telemetry.time_s is not None
    assert (np.diff(telemetry.time_s) > 0).all()
    kelvin = telemetry.column("temperature_k", "mxc")
    assert not (kelvin < 1e-4).any()
    assert report.used + report.left_out == sum(bool(c) for row in cells for c in row[1:])


# Prometheus


def test_a_range_query_is_read(folder: Path) -> None:
    """Series of one grid are rows."""
    load = [(time_s, "1e-05") for time_s, _ in samples()]
    telemetry, report = asked(folder, answer((KELVIN, samples()), (LOAD, load)))

    assert (telemetry.rows, report.remarks) == (60, ())
    assert set(telemetry.columns) == {"temperature_k:mxc", "load_w:mxc"}


def test_other_labels_do_not_matter(folder: Path) -> None:
    """Prometheus adds instance and job."""
    labels = {**KELVIN, "instance": "fridge:9090", "job": "lab"}

    assert asked(folder, answer((labels, samples())))[1].series == ("temperature_k:mxc",)


def test_slow_series_join_the_fast_one(folder: Path) -> None:
    """T1 each ten minutes stands in the row of its time, whatever the seconds."""
    slow = [(START_S + 3 + 600 * k, f"{1e-4 + 1e-6 * k}") for k in range(10)]
    t1 = {"__name__": "t1_s", "qubit": "0"}
    telemetry, _ = asked(folder, answer((KELVIN, samples(400)), (t1, slow)))
    assert telemetry.time_s is not None
    times = telemetry.time_s[np.isfinite(telemetry.columns["t1_s:0"])]

    assert telemetry.rows == 400
    assert np.array_equal(times, START_S + 600 * np.arange(10))


def test_the_nearest_value_stands_in_a_row(folder: Path) -> None:
    """Of two that fall on one tick of the clock; the other is counted."""
    slow = [(START_S + k * 600 + late, f"{late}e-5") for k in range(5) for late in (1, 6)]
    t1 = {"__name__": "t1_s", "qubit": "0"}
    telemetry, report = asked(folder, answer((KELVIN, samples(400)), (t1, slow)))
    found = telemetry.columns["t1_s:0"]

    assert set(found[np.isfinite(found)]) == {1e-5}
    assert report.left_out == 5


def test_offset_clocks_are_said(folder: Path) -> None:
    """A third of an interval is joined, with a remark."""
    load = [(time_s + 5, "1e-05") for time_s, _ in samples()]
    telemetry, report = asked(folder, answer((KELVIN, samples()), (LOAD, load)))

    assert "stands +5 s off" in remark(report, "clock").replace("-5", "+5")
    assert telemetry.rows == 60


def test_skewed_clocks_are_left_out(folder: Path) -> None:
    """A series that starts and ends ten minutes later than the other has another clock."""
    load = [(time_s + 600, "1e-05") for time_s, _ in samples()]
    telemetry, report = asked(folder, answer((KELVIN, samples(70)), (LOAD, load[:60])))
    assert report.remarks == ()
    assert set(telemetry.columns) == {"temperature_k:mxc", "load_w:mxc"}
    cold = {"__name__": "temperature_k", "stage": "cp"}
    telemetry, report = asked(folder, answer((cold, samples()), (KELVIN, samples(late_s=600))))

    assert "clock skewed by +600 s against that of temperature_k:cp" in remark(report, "skewed")
    assert set(telemetry.columns) == {"temperature_k:cp"}


def test_unknown_metrics_are_said(folder: Path) -> None:
    """What a function such as rate() returns has no name."""
    said = answer((KELVIN, samples()), ({"stage": "mxc"}, samples()), ({"__name__": "up"}, []))
    report = asked(folder, said)[1]

    assert "without __name__" in remark(report, "series")
    assert "up" in remark(report, "metric")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"status": "error", "error": "timeout"}, "status must be 'success'"),
        ({"status": "success"}, "data must be given"),
        (
            {"status": "success", "data": {"resultType": "vector", "result": []}},
            "resultType must be 'matrix'",
        ),
        (answer((KELVIN, [(START_S, "warm")])), "temperature_k:mxc must be a number"),
        (answer((KELVIN, [(-1.0, "1")])), "must be at least 0"),
        (answer((KELVIN, samples()), (KELVIN, samples())), "two series are temperature_k:mxc"),
        (answer(({"__name__": "load_w"}, samples())), "must have the label stage"),
        (answer(({"__name__": "t1_s", "qubit": "q0"}, samples())), "must name a qubit"),
        (answer(), "usable values"),
        ([], "must be a mapping"),
    ],
)
def test_other_answers_are_refused(folder: Path, said: object, sentence: str) -> None:
    """An error, another query, other labels: a sentence each."""
    with pytest.raises(InputError, match=re.escape(sentence)):
        asked(folder, said)


def test_gaps_of_prometheus_are_counted(folder: Path) -> None:
    """NaN marks what was not scraped."""
    values = samples()
    values[10] = (values[10][0], "NaN")
    report = asked(folder, answer((KELVIN, values)))[1]

    assert "1 value that are NaN" in remark(report, "NaN")
    assert report.left_out == 1
