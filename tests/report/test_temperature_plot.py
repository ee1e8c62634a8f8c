"""Temperatures over time as a picture."""

import itertools
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.errors import InputError
from qtregress.report.temperature_plot import Job, temperature_plot

SVG = "{http://www.w3.org/2000/svg}"
TIME_S = np.linspace(0.0, 8 * 3600.0, 481)
KELVINS = np.stack(
    [
        np.full_like(TIME_S, 35.0),
        0.09 + 0.02 * np.exp(-(((TIME_S - 7200) / 1800) ** 2)),
        0.010 + 0.004 * np.exp(-(((TIME_S - 14400) / 600) ** 2)),
    ],
    axis=1,
)
NAMES = ["50k", "cp", "mxc"]
JOBS: list[Job] = [("vqe", 600, 6000), ("user b", 3000, 9000), ("rb", 6000, 9000)]


def drawn(svg: str) -> ET.Element:
    """The picture, parsed."""
    return ET.fromstring(svg)  # noqa: S314  # our own output


def texts(svg: str) -> list[str]:
    """Every visible text."""
    return [text.text or "" for text in drawn(svg).iter(f"{SVG}text")]


def curves(svg: str) -> list[NDArray[np.float64]]:
    """Points (n, 2) of each stage's curve, in px."""
    paths = (path.attrib["d"] for path in drawn(svg).iter(f"{SVG}path"))
    return [np.array([pair.split() for pair in path[1:].split("L")], dtype=float) for path in paths]


def of_class(svg: str, name: str) -> list[ET.Element]:
    """Shapes of one class."""
    return [shape for shape in drawn(svg).iter() if shape.get("class") == name]


def test_every_stage_has_a_panel_with_its_peak() -> None:
    """The peak is named with its time and marked where the curve is highest."""
    picture = temperature_plot(TIME_S, KELVINS, NAMES, jobs=JOBS)
    assert set(NAMES) <= set(texts(picture))
    assert "peak 110 mK at 2.00 h" in texts(picture)
    assert "peak 14 mK at 4.00 h" in texts(picture)
    marks = of_class(picture, "peak")
    assert len(marks) == len(curves(picture)) == 3
    for mark, curve in zip(marks, curves(picture), strict=True):
        assert float(mark.attrib["cy"]) == pytest.approx(curve[:, 1].min(), abs=0.11)


def test_a_steady_stage_is_a_straight_line() -> None:
    """Rounding noise does not fill a panel."""
    noisy = np.array([[2.85], [2.85 * (1 + 1e-9)], [2.85]])
    curve = curves(temperature_plot([0, 1, 2], noisy, ["4k"]))[0]
    assert np.ptp(curve[:, 1]) == 0


def test_a_peak_of_one_sample_survives() -> None:
    """However many samples a pixel holds, its extremes are drawn, and the text stays short."""
    kelvins = np.full((50_001, 1), 0.01)
    kelvins[31_234] = 0.1
    picture = temperature_plot(np.arange(50_001.0), kelvins, ["mxc"])
    curve = curves(picture)[0]
    mark = of_class(picture, "peak")[0]
    assert float(mark.attrib["cy"]) == pytest.approx(curve[:, 1].min(), abs=0.11)
    assert np.ptp(curve[:, 1]) > 50
    assert len(curve) <= 4 * 800


def test_jobs_that_overlap_stand_in_rows() -> None:
    """Every job has a bar below and a band behind; no bar hides another."""
    picture = temperature_plot(TIME_S, KELVINS, NAMES, jobs=JOBS)
    bars = [
        {key: float(bar.attrib[key]) for key in ("x", "y", "width")}
        for bar in of_class(picture, "job")
    ]
    assert len(bars) == len(of_class(picture, "band")) == 3
    assert len({bar["y"] for bar in bars}) == 2
    for one, other in itertools.combinations(bars, 2):
        apart = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        assert one["y"] != other["y"] or apart
    titles = [bar.findtext(f"{SVG}title") for bar in of_class(picture, "job")]
    assert "user b: 0.83 h to 2.50 h" in titles


def test_a_job_outside_the_time_stays_on_the_page() -> None:
    """Bars end at the plot's edge."""
    picture = temperature_plot(TIME_S, KELVINS, NAMES, jobs=[("long", -1e6, 1e6)])
    bar = of_class(picture, "job")[0]
    assert float(bar.attrib["x"]) >= 0
    assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= 800


@pytest.mark.parametrize(
    ("span_s", "last"),
    [(28_800.0, "8 h"), (600.0, "10 min"), (60.0, "60 s"), (2e-5, "20 µs")],
)
def test_time_is_told_as_people_do(span_s: float, last: str) -> None:
    """Hours, minutes, seconds or microseconds, as long as the picture is."""
    picture = temperature_plot([0, span_s], [[0.01], [0.02]], ["mxc"])
    assert last in texts(picture)


@pytest.mark.parametrize("jobs", [[], JOBS])
def test_no_text_covers_another(jobs: list[Job]) -> None:
    """Every tick and name can be read, and none leaves the page."""
    found = []
    for text in drawn(temperature_plot(TIME_S, KELVINS, NAMES, jobs=jobs)).iter(f"{SVG}text"):
        size, x, y = (float(text.attrib[key]) for key in ("font-size", "x", "y"))
        width = 0.54 * size * len(text.text or "")
        left = x - {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")] * width
        found.append((left, y - 0.75 * size, left + width, y, text.text))
    for one, other in itertools.combinations(found, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    assert all(box[0] >= 0 and box[2] <= 800 for box in found)


@given(
    st.text(max_size=40),
    st.text(st.characters() | st.sampled_from("\x00\x1b<>&\"'\n\ud800"), max_size=40),
)
@settings(max_examples=50, deadline=None)
def test_no_text_becomes_markup(title: str, name: str) -> None:
    """Whatever stages and jobs are called, the picture keeps its elements and stays XML."""
    kelvins = [[0.01], [0.02]]
    odd = temperature_plot([0, 1], kelvins, [name], jobs=[(name, 0, 1)], title=title)
    plain = temperature_plot([0, 1], kelvins, ["mxc"], jobs=[("rb", 0, 1)])
    assert [node.tag for node in drawn(odd).iter()] == [node.tag for node in drawn(plain).iter()]


@pytest.mark.parametrize(
    ("time_s", "temperature_k", "names", "sentence"),
    [
        ([0.0], [[1.0]], ["a"], "time_s must be two or more finite moments"),
        ([0.0, float("nan")], [[1.0], [1.0]], ["a"], "time_s must be two or more finite"),
        ([0.0, 0.0], [[1.0], [1.0]], ["a"], "time_s must increase"),
        ([0.0, 1.0], [[1.0], [1.0]], ["a", "b"], r"must have shape (2, 2) with a stage"),
        ([0.0, 1.0], [[], []], [], r"must have shape (2, 0) with a stage"),
        ([0.0, 1.0], [[1.0], [float("nan")]], ["a"], "a must be finite and above 0 K, but one is"),
        ([0.0, 1.0], [[1.0], [0.0]], ["a"], "a must be finite and above 0 K, but one is 0.0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    time_s: list[float], temperature_k: list[list[float]], names: list[str], sentence: str
) -> None:
    """Gaps and zeros are no temperatures; a picture of them would look like one."""
    with pytest.raises(InputError, match=re.escape(sentence)):
        temperature_plot(time_s, temperature_k, names)


def test_a_job_must_stop_after_it_starts() -> None:
    """A bar of negative length would be invisible."""
    with pytest.raises(InputError, match="job rb must stop after it starts"):
        temperature_plot(TIME_S, KELVINS, NAMES, jobs=[("rb", 2.0, 1.0)])
