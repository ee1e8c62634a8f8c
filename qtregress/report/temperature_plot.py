"""Temperatures over time as a picture: one panel a stage, the jobs below, as standalone SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from qtregress.errors import InputError
from qtregress.report.svg import (
    WIDTH,
    element,
    label,
    nice_ticks,
    number,
    page,
    svg_text,
    text_width,
    tick_words,
    tooltip,
)
from qtregress.units import engineering
from qtregress.verdict.rules import clipped

Floats = NDArray[np.float64]
Job = tuple[str, float, float]
"""Name, start and stop in s."""

_LEFT, _RIGHT, _TOP = 84.0, 24.0, 56.0
_PLOT = WIDTH - _LEFT - _RIGHT
_PANEL, _GAP, _ROW = 96.0, 34.0, 20.0
_HOURS, _MINUTES = (3600.0, "h"), (60.0, "min")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """Time, from the left edge of the plots to the right."""

    first_s: float
    last_s: float

    def x(self, time_s: float) -> float:
        """Place of a moment in px; what is outside stands at the edge."""
        share = (time_s - self.first_s) / (self.last_s - self.first_s)
        return _LEFT + _PLOT * min(max(share, 0.0), 1.0)


def temperature_plot(
    time_s: Sequence[float] | Floats,
    temperature_k: Sequence[Sequence[float]] | Floats,
    names: Sequence[str],
    *,
    jobs: Sequence[Job] = (),
    title: str = "Temperatures",
) -> str:
    """The picture as standalone SVG, 800 px wide.

    Every stage has an axis of its own that never spans less than 1 % of its temperature, so
    that a steady stage is a straight line. Peaks survive however many samples there are: of
    each pixel column the first, lowest, highest and last are drawn.

    Args:
        time_s: shape (t,), in s, increasing.
        temperature_k: shape (t, stages), in K.
        names: of the stages, in the order of the columns and of the panels.
        jobs: name, start and stop in s; bars below and bands behind the curves.
        title: headline.

    Raises:
        InputError: shapes do not fit together, time does not increase, a temperature is not
            finite and above zero, or a job stops before it starts.
    """
    times, kelvins = np.asarray(time_s, dtype=float), np.asarray(temperature_k, dtype=float)
    _check(times, kelvins, names, jobs)
    axis = _Axis(first_s=float(times[0]), last_s=float(times[-1]))
    rows = _rows(jobs)
    foot = _TOP + len(names) * (_PANEL + _GAP)
    root = page(foot + len(rows) * _ROW + 46, title, "Temperature of each stage over time.")
    for _, start_s, stop_s in jobs:
        _draw_band(root, axis.x(start_s), axis.x(stop_s), foot)
    for index, name in enumerate(names):
        top = _TOP + index * (_PANEL + _GAP) + 22
        _draw_stage(root, axis, times, kelvins[:, index], name=name, top=top)
    _draw_jobs(root, axis, rows, foot)
    _draw_time(root, axis, foot + len(rows) * _ROW)
    return svg_text(root)


def _check(times: Floats, kelvins: Floats, names: Sequence[str], jobs: Sequence[Job]) -> None:
    if times.ndim != 1 or len(times) < 2 or not np.isfinite(times).all():  # noqa: PLR2004
        msg = f"time_s must be two or more finite moments, but has shape {times.shape}"
        raise InputError(msg)
    if not (np.diff(times) > 0).all():
        msg = "time_s must increase from each moment to the next, but does not"
        raise InputError(msg)
    wanted = (len(times), len(names))
    if kelvins.shape != wanted or not names:
        msg = f"temperature_k must have shape {wanted} with a stage, but has {kelvins.shape}"
        raise InputError(msg)
    for column, name in zip(kelvins.T, names, strict=True):
        wrong = column[~(np.isfinite(column) & (column > 0))]
        if len(wrong):
            msg = f"temperatures of {name} must be finite and above 0 K, but one is {wrong[0]}"
            raise InputError(msg)
    for name, start_s, stop_s in jobs:
        if not start_s <= stop_s:
            msg = f"job {name} must stop after it starts, but runs from {start_s} s to {stop_s} s"
            raise InputError(msg)


def _rows(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs in as few rows as hold them without overlap, earliest first."""
    rows: list[list[Job]] = []
    for job in sorted(jobs, key=lambda job: (job[1], job[2], job[0])):
        free = next((row for row in rows if row[-1][2] <= job[1]), None)
        if free is None:
            rows.append([job])
        else:
            free.append(job)
    return rows


def _draw_band(root: ET.Element, left: float, right: float, foot: float) -> None:
    """A job behind all curves, however short."""
    size = {"x": left, "y": _TOP, "width": max(right - left, 1.0), "height": foot - _TOP - 12}
    element(root, "rect", class_="band", **size)


def _draw_stage(
    root: ET.Element, axis: _Axis, times: Floats, column: Floats, *, name: str, top: float
) -> None:
    """One stage: axis, curve, and its peak."""
    peak = int(np.argmax(column))
    ticks = nice_ticks(float(column.min()), float(column[peak]), count=3)
    group = element(root, "g")
    heights = top + _PANEL - 12 - (_PANEL - 12) * (column - ticks[0]) / (ticks[-1] - ticks[0])
    for value in ticks:
        y = top + (_PANEL - 12) * (1 - (value - ticks[0]) / (ticks[-1] - ticks[0]))
        element(group, "line", x1=_LEFT, x2=_LEFT + _PLOT, y1=y, y2=y, class_="line faint")
        words, at = tick_words(value, ticks, "K"), (_LEFT - 8, y + 3.5)
        label(group, at, words, font_size=10.5, text_anchor="end", class_="dim")
    path = "L".join(f"{number(x)} {number(y)}" for x, y in _drawn(axis, times, heights))
    element(group, "path", class_="curve", d=f"M{path}", stroke_width=1.6, stroke_linejoin="round")
    moment = _clock(float(times[peak]), axis)
    words = f"peak {engineering(float(column[peak]), 'K', 4)} at {moment}"
    mark = element(
        group,
        "circle",
        cx=axis.x(float(times[peak])),
        cy=float(heights[peak]),
        r=3.5,
        class_="peak",
    )
    tooltip(mark, f"{name}: {words}")
    shown = clipped(name, 60)
    label(group, (_LEFT, top - 8), shown, font_size=12.5, font_weight="bold", class_="halo")
    place = (_LEFT + _PLOT, top - 8)
    label(group, place, words, font_size=11, text_anchor="end", class_="halo")


def _drawn(axis: _Axis, times: Floats, heights: Floats) -> list[tuple[float, float]]:
    """Points of the curve in px: of each column the first, lowest, highest and last sample."""
    columns = np.array([round(axis.x(float(time_s))) for time_s in times])
    edges = np.flatnonzero(np.diff(columns)) + 1
    kept: list[int] = []
    for part in np.split(np.arange(len(times)), edges):
        inside = heights[part]
        kept += sorted({part[0], part[inside.argmin()], part[inside.argmax()], part[-1]})
    return [(axis.x(float(times[at])), float(heights[at])) for at in kept]


def _draw_jobs(root: ET.Element, axis: _Axis, rows: Sequence[Sequence[Job]], foot: float) -> None:
    """A bar a job, its name inside if it fits."""
    for depth, row in enumerate(rows):
        for name, start_s, stop_s in row:
            left, right = axis.x(start_s), axis.x(stop_s)
            top, width = foot + depth * _ROW, max(right - left - 1, 1.5)
            shape = {"x": left, "y": top, "width": width, "height": _ROW - 4, "rx": 2.0}
            bar = element(root, "rect", class_="job", **shape)
            tooltip(bar, f"{name}: {_clock(start_s, axis)} to {_clock(stop_s, axis)}")
            room = int((width - 8) / text_width("m", 10.5))
            if room >= min(len(name), 4):
                at, words = (left + 5, top + 11.8), clipped(name, room)
                label(root, at, words, font_size=10.5, class_="ondark")


def _draw_time(root: ET.Element, axis: _Axis, top: float) -> None:
    """The time axis with its ticks."""
    scale, unit = _unit(axis)
    ticks = nice_ticks(axis.first_s / scale, axis.last_s / scale, count=6)
    inside = [
        one for one in ticks if axis.first_s <= one * scale * (1 + 1e-9) <= axis.last_s * (1 + 2e-9)
    ]
    element(root, "line", x1=_LEFT, x2=_LEFT + _PLOT, y1=top, y2=top, class_="line")
    for value in inside:
        x = axis.x(value * scale)
        element(root, "line", x1=x, x2=x, y1=top, y2=top + 5, class_="line")
        words = f"{value:.6g} {unit}" if scale > 1 else tick_words(value, ticks, "s")
        label(root, (x, top + 18), words, font_size=10.5, text_anchor="middle", class_="dim")


def _unit(axis: _Axis) -> tuple[float, str]:
    """Seconds in the unit that people read such a span in."""
    span_s = axis.last_s - axis.first_s
    for scale, unit in (_HOURS, _MINUTES):
        if span_s >= 3 * scale:
            return scale, unit
    return 1.0, "s"


def _clock(time_s: float, axis: _Axis) -> str:
    """A moment to a thousandth of the axis, in its unit."""
    scale, unit = _unit(axis)
    span = (axis.last_s - axis.first_s) / scale
    if scale == 1.0:
        size = max(abs(time_s), span)
        return engineering(time_s, unit, max(3, math.ceil(math.log10(size / span)) + 3))
    return f"{time_s / scale:.{max(0, 2 - math.floor(math.log10(span)))}f} {unit}"
