"""The chip as a picture: what every qubit and every gate heats, as standalone SVG.

Nothing is read from files and nothing is drawn by a library: the same value gives the same
text. Colours follow the reader's light or dark scheme, numbers stand in the picture where
they fit, and every shape carries the whole sentence as a tooltip.

What was not measured is hatched and carries a ``?``; it is never drawn as a zero.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from qtregress.channels.ideal import PAIR_NATIVES
from qtregress.errors import InputError
from qtregress.metrics.metric import Metric
from qtregress.report.chip_layout import Coupling, Point, chip_layout
from qtregress.report.svg import (
    DIVERGING,
    MARGIN,
    VIRIDIS,
    WIDTH,
    Scale,
    element,
    ink,
    label,
    number,
    page,
    scale_of,
    svg_text,
    text_width,
    tooltip,
)
from qtregress.verdict.rules import clipped

Lane = tuple[int, int, int]
"""Control, target, and which of the two the heated lines belong to."""
_CLOSED = 1e-9
"""Relative difference up to which the known lines hold all of a gate's energy."""
_PAIR_GATES = PAIR_NATIVES
_LINES = "dfm"
"""First letters of drive, flux and readout lines."""
_QUBIT = re.compile(r"(?:\w+:|d)?(\d+)")
_MISSING = "not among the metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number of the picture, or why there is none.

    Attributes:
        value: in the panel's unit; infinite only in a ratio whose denominator is zero.
        why: what kept it from being known.
    """

    value: float | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One drawing of the chip; what is not in the maps is drawn as unknown.

    Attributes:
        title: what the colours show.
        note: how to read it.
        unit: SI unit, ``1`` for pure numbers.
        qubits: reading by qubit.
        lanes: reading by control, target and the qubit whose lines they are; empty where the
            panel shows nothing about couplings.
    """

    title: str
    unit: str
    qubits: Mapping[int, Reading]
    lanes: Mapping[Lane, Reading]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """What ``heat_map`` draws.

    Attributes:
        title: headline.
        places: x (to the right) and y (downwards) by qubit, a coupling being about 1 long.
        couplings: pairs of qubits, lower index first.
        panels: in reading order.
        ratio: whether the readings are new over old, with 1 as the neutral middle.
    """

    title: str
    places: Mapping[int, Point]
    couplings: tuple[Coupling, ...]
    panels: tuple[Panel, ...]
    ratio: bool = False


_PANELS = (
    ("thermal.line_power_w", "d", "Mean power on the drive line", "W"),
    ("thermal.film_k", "d", "Film at the chip's end, mean", "K"),
    ("thermal.film_peak_k", "d", "Film of the coldest pad, peak", "K"),
    ("thermal.extra_photons", "", "Extra photons", "1"),
)


def heat_map_of(
    metrics: Iterable[Metric],
    couplings: Iterable[Coupling],
    *,
    old: Iterable[Metric] | None = None,
    title: str = "Heat map",
) -> HeatMap:
    """The picture of one profile's metrics, or of how they compare with ``old`` ones.

    A metric that is undecided or not there becomes an unknown reading. A line that a gate's
    metrics do not name is silent, a true zero, only if the named ones add up to the gate's
    whole energy at the chip.

    Args:
        metrics: of the profile.
        couplings: pairs of qubits that a gate connects.
        old: if given, every reading is new over old.
        title: headline.

    Raises:
        InputError: nothing names a qubit, or a coupling joins a qubit to itself.
    """
    new = {metric.id: metric for metric in metrics}
    before = None if old is None else {metric.id: metric for metric in old}
    known = {**(before or {}), **new}
    pairs = sorted({(min(pair), max(pair)) for pair in couplings})
    qubits = sorted({*_qubits_of(known.values()), *(index for pair in pairs for index in pair)})
    if not qubits:
        msg = "a heat map must have a qubit, but neither metrics nor couplings name one"
        raise InputError(msg)
    gates = _gates_of(known.values(), pairs)
    panels = _panels(new, qubits, gates)
    if before is not None:
        earlier = _panels(before, qubits, gates)
        panels = [_compared(*both) for both in zip(panels, earlier, strict=True)]
    return HeatMap(
        title=title,
        places=chip_layout(qubits, pairs),
        couplings=tuple(pairs),
        panels=tuple(panels),
        ratio=old is not None,
    )


def _qubits_of(metrics: Iterable[Metric]) -> Iterator[int]:
    """Indices that the drawn one-qubit metrics name."""
    drawn = {"heat.chip_energy_j", *(name for name, *_ in _PANELS)}
    for metric in metrics:
        found = _QUBIT.fullmatch(metric.subject) if metric.metric in drawn else None
        if found:
            yield int(found[1])


def _gates_of(metrics: Iterable[Metric], pairs: Sequence[Coupling]) -> dict[Coupling, str]:
    """The gate by control and target, of all that any metric names; both ways if none is."""
    named = {metric.subject.partition("@")[0] for metric in metrics}
    gates = {}
    for low, high in pairs:
        both = ((low, high), (high, low))
        found = {
            way: next((g for g in _PAIR_GATES if f"{g}:{way[0]}-{way[1]}" in named), "")
            for way in both
        }
        there = {way: gate for way, gate in found.items() if gate}
        gates.update(there or dict.fromkeys(both, _PAIR_GATES[0]))
    return gates


def _panels(
    metrics: Mapping[str, Metric], qubits: Sequence[int], gates: Mapping[Coupling, str]
) -> list[Panel]:
    names = " and ".join(sorted(set(gates.values())))
    along = f", {names} along the couplings" if names else ""
    note = "Arrows point from control to target; each half shows the lines of the qubit it touches."
    energies = Panel(
        title=f"Energy at the chip: x in the qubits{along}",
        note=note if names else "",
        unit="J",
        qubits={q: _line_energy(metrics, f"x:{q}", q) for q in qubits},
        lanes={
            (*pair, q): _line_energy(metrics, f"{gate}:{pair[0]}-{pair[1]}", q)
            for pair, gate in gates.items()
            for q in pair
        },
    )
    states = [
        Panel(
            title=text,
            unit=unit,
            qubits={q: _reading(metrics, f"{name}/{prefix}{q}") for q in qubits},
            lanes={},
        )
        for name, prefix, text, unit in _PANELS
    ]
    return [energies, *states]


def _reading(metrics: Mapping[str, Metric], name: str) -> Reading:
    if name not in metrics:
        return Reading(value=None, why=_MISSING)
    return Reading(value=metrics[name].value, why=metrics[name].why)


def _line_energy(metrics: Mapping[str, Metric], gate: str, qubit: int) -> Reading:
    """Energy in J of one execution over all lines of one qubit."""
    prefix = f"heat.line_energy_j/{gate}@"
    names = (f"{prefix}{kind}{qubit}" for kind in _LINES)
    own = [_reading(metrics, name) for name in names if name in metrics]
    if unknown := [one for one in own if one.value is None]:
        return unknown[0]
    if own:
        return Reading(value=sum(one.value for one in own if one.value is not None))
    whole = _reading(metrics, f"heat.chip_energy_j/{gate}")
    if whole.value is None:
        return whole
    parts = [metric.value for name, metric in metrics.items() if name.startswith(prefix)]
    known = [part for part in parts if part is not None]
    if len(known) == len(parts) and math.isclose(sum(known), whole.value, rel_tol=_CLOSED):
        return Reading(value=0.0)
    return Reading(value=None, why=_MISSING)


def _compared(new: Panel, old: Panel) -> Panel:
    """The panel of new over old."""
    return Panel(
        title=new.title,
        note=new.note,
        unit=new.unit,
        qubits={key: _ratio(one, old.qubits[key]) for key, one in new.qubits.items()},
        lanes={key: _ratio(one, old.lanes[key]) for key, one in new.lanes.items()},
    )


def _ratio(new: Reading, old: Reading) -> Reading:
    """New over old; 0/0 did not change, and only what is never negative has a ratio."""
    if new.value is None or old.value is None:
        missing = [("new", new), ("old", old)]
        why = "; ".join(f"{word}: {one.why}" for word, one in missing if one.value is None)
        return Reading(value=None, why=why)
    if min(new.value, old.value) < 0:
        why = f"a ratio needs positive values, but old is {old.value:.3g}, new {new.value:.3g}"
        return Reading(value=None, why=why)
    if old.value == 0:
        return Reading(value=math.inf if new.value > 0 else 1.0)
    return Reading(value=new.value / old.value)


_FOOT, _TOP = 52.0, 56.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Where a panel's chip stands on the page, in px."""

    left: float
    top: float
    width: float
    spacing: float
    radius: float
    points: Mapping[int, Point]
    height: float


def heat_map(values: HeatMap) -> str:
    """The picture as standalone SVG, 800 px wide.

    Energies of gates take the whole width; what only qubits have stands two in a row while
    its numbers can be read. Numbers that do not fit are tooltips only.

    Args:
        values: what to draw; nothing in it is trusted to be markup.

    Raises:
        InputError: there is no qubit or no panel.
    """
    if not values.places or not values.panels:
        msg = (
            "a heat map must have a qubit and a panel, but has "
            f"{len(values.places)} and {len(values.panels)}"
        )
        raise InputError(msg)
    frames = _frames(values)
    height = max(frame.top + frame.height for frame in frames) + 30
    kind = "new over old" if values.ratio else "by qubit and gate"
    root = page(height, values.title, f"Heat map of a chip, {kind}.")
    _definitions(root, DIVERGING if values.ratio else VIRIDIS)
    for panel, frame in zip(values.panels, frames, strict=True):
        _draw_panel(root, values, panel, frame)
    words = "Hatched with ?: not known."
    if values.ratio:
        words = "New over old: blue is less, red is more. Hatched with ?: not known."
    label(root, (MARGIN, height - 12), words, font_size=11, class_="dim")
    return svg_text(root)


def _frames(values: HeatMap) -> list[_Frame]:
    """A place for every panel, from the top."""
    frames: list[_Frame] = []
    whole, half = WIDTH - 2 * MARGIN, (WIDTH - 3 * MARGIN) / 2
    readable = _spacing(values, half, wide=False) >= 50  # noqa: PLR2004  # px: holds a number
    left, top, bottom = MARGIN, _TOP, _TOP
    for panel in values.panels:
        alone = bool(panel.lanes) or not readable
        width = whole if alone else half
        if left + width > WIDTH - MARGIN + 1:
            left, top = MARGIN, bottom
        frame = _frame(values, panel, (left, top), width)
        frames.append(frame)
        left, bottom = left + width + MARGIN, max(bottom, top + frame.height)
    return frames


def _extent(values: HeatMap) -> Point:
    xs, ys = zip(*values.places.values(), strict=True)
    return max(xs), max(ys)


def _spacing(values: HeatMap, width: float, *, wide: bool) -> float:
    """Length of a coupling in px."""
    across = (width - 2 * (34 if wide else 30)) / max(_extent(values)[0], 0.5)
    return min(150.0 if wide else 86.0, across)


def _frame(values: HeatMap, panel: Panel, corner: Point, width: float) -> _Frame:
    wide, head = bool(panel.lanes), 44.0 if panel.note else 28.0
    spacing = _spacing(values, width, wide=wide)
    radius = min(30.0, spacing * (0.2 if wide else 0.36))
    across, down = _extent(values)
    left = corner[0] + (width - across * spacing) / 2
    top = corner[1] + head + radius + 4
    return _Frame(
        left=corner[0],
        top=corner[1],
        width=width,
        spacing=spacing,
        radius=radius,
        points={q: (left + x * spacing, top + y * spacing) for q, (x, y) in values.places.items()},
        height=head + 2 * (radius + 8) + down * spacing + _FOOT + 12,
    )


def _definitions(root: ET.Element, anchors: Sequence[str]) -> None:
    """The colour bar's gradient and the hatching of what is not known."""
    defs = element(root, "defs")
    gradient = element(defs, "linearGradient", id="heat-scale")
    for position, colour in enumerate(anchors):
        share = f"{100 * position / (len(anchors) - 1):g}%"
        element(gradient, "stop", offset=share, stop_color=colour)
    hatch = element(defs, "pattern", id="heat-unknown", width=6, height=6)
    hatch.set("patternUnits", "userSpaceOnUse")
    element(hatch, "rect", class_="gap", width=6, height=6)
    element(hatch, "path", class_="hatch", d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5", stroke_width=1.2)


def _draw_panel(root: ET.Element, values: HeatMap, panel: Panel, frame: _Frame) -> None:
    readings = [*panel.qubits.values(), *panel.lanes.values()]
    known = [one.value for one in readings if one.value is not None]
    scale = scale_of(known, panel.unit, ratio=values.ratio)
    group = element(root, "g")
    title = f"{panel.title}, new over old" if values.ratio else panel.title
    at = (frame.left, frame.top + 16)
    label(group, at, clipped(title, 100), font_size=13, font_weight="bold")
    if panel.note:
        label(group, (at[0], at[1] + 16), panel.note, font_size=11, class_="dim")
    for low, high in values.couplings:
        (x1, y1), (x2, y2) = frame.points[low], frame.points[high]
        if not panel.lanes:
            element(group, "line", x1=x1, y1=y1, x2=x2, y2=y2, class_="line", stroke_width=1.5)
    numbers = _lanes_have_room(panel, frame, scale)
    for lane, reading in panel.lanes.items():
        _draw_lane(group, lane, reading, frame=frame, scale=scale, numbers=numbers)
    for index in frame.points:
        reading = panel.qubits.get(index, Reading(value=None, why=_MISSING))
        _draw_qubit(group, index, reading, frame=frame, scale=scale)
    _draw_scale(group, scale, frame)


def _paint(shape: ET.Element, reading: Reading, scale: Scale, what: str) -> str:
    """Colour or hatch a shape and name it; gives the class of text upon it."""
    if reading.value is None:
        shape.set("fill", "url(#heat-unknown)")
        tooltip(shape, f"{what}: not known, {reading.why or 'no reason given'}")
        return "halo"
    colour = scale.colour(reading.value)
    shape.set("fill", colour)
    tooltip(shape, f"{what}: {scale.words(reading.value)}")
    return ink(colour)


def _words(reading: Reading, scale: Scale) -> str:
    return "?" if reading.value is None else scale.words(reading.value)


def _draw_qubit(
    group: ET.Element, index: int, reading: Reading, *, frame: _Frame, scale: Scale
) -> None:
    (x, y), radius = frame.points[index], frame.radius
    shape = element(group, "circle", cx=x, cy=y, r=radius, class_="edge", stroke_width=1)
    ink = _paint(shape, reading, scale, f"qubit {index}")
    style: dict[str, str | float] = {"class_": ink, "text_anchor": "middle"}
    words, name = _words(reading, scale), f"q{index}"
    room = 1.9 * math.sqrt(radius**2 - min(radius, 13) ** 2)
    size = min(11.0, room / text_width(words, 1.0)) if len(words) > 1 else 11.0
    if radius >= 18 and size >= 8:  # noqa: PLR2004  # px: two lines that can be read
        label(group, (x, y - 4), name, font_size=11, font_weight="bold", **style)
        label(group, (x, y + 11), words, font_size=size, **style)
    elif reading.value is None or text_width(name, 8) <= 2 * radius:
        one = "?" if reading.value is None else name
        label(group, (x, y + 3), one, font_size=min(9.0, 1.6 * radius), **style)


def _half_length(frame: _Frame) -> float:
    return (frame.spacing - 2 * frame.radius) / 2


def _lanes_have_room(panel: Panel, frame: _Frame, scale: Scale) -> bool:
    """Whether the widest number fits beside its half of a coupling."""
    widths = [text_width(_words(one, scale), 9.5) for one in panel.lanes.values()]
    return max(widths, default=0.0) <= _half_length(frame) + 2


def _draw_lane(
    group: ET.Element,
    lane: Lane,
    reading: Reading,
    *,
    frame: _Frame,
    scale: Scale,
    numbers: bool,
) -> None:
    """One half of an arrow from control to target, on the right-hand side of the way."""
    control, target, owner = lane
    start, end = (complex(*frame.points[index]) for index in (control, target))
    along = (end - start) / abs(end - start)
    aside = along * 1j
    thick = min(5.5, 0.045 * frame.spacing)
    axis = (start + end) / 2 + aside * (thick + 1.5)
    length = abs(end - start) / 2 - frame.radius - 1
    corners = [axis - along * 0.7 - aside * thick, axis - along * 0.7 + aside * thick]
    corners += [axis - along * length + aside * thick, axis - along * length - aside * thick]
    if owner == target:
        tip = axis + along * length
        neck = tip - along * 1.4 * thick
        corners = [axis + along * 0.7 - aside * thick, neck - aside * thick, tip]
        corners += [neck + aside * thick, axis + along * 0.7 + aside * thick]
    points = " ".join(f"{number(z.real)},{number(z.imag)}" for z in corners)
    shape = element(group, "polygon", points=points, class_="edge", stroke_width=0.6)
    what = f"gate from {control} to {target}, lines of {owner}"
    _paint(shape, reading, scale, what)
    centre = axis + along * (length / 2 if owner == target else -length / 2)
    if numbers:
        _beside(group, centre + aside * (thick + 5), aside, _words(reading, scale))
    elif reading.value is None:
        at = (centre.real, centre.imag + thick)
        mark: dict[str, str | float] = {"class_": "halo", "style": "stroke-width:1"}
        label(group, at, "?", font_size=max(2 * thick, 5), text_anchor="middle", **mark)


def _beside(group: ET.Element, at: complex, aside: complex, words: str) -> None:
    """A number next to a lane: centred above or below, or to its left or right."""
    anchor = "middle"
    if abs(aside.real) > 0.5:  # noqa: PLR2004  # steeper than 60 degrees to the row
        anchor = "start" if aside.real > 0 else "end"
    place = (at.real, at.imag + 3.4 + 3.2 * aside.imag)
    label(group, place, words, font_size=9.5, text_anchor=anchor)


def _draw_scale(group: ET.Element, scale: Scale, frame: _Frame) -> None:
    """The colour bar with its ticks, centred at the panel's foot."""
    width = min(320.0, frame.width - 60)
    left, top = frame.left + (frame.width - width) / 2, frame.top + frame.height - _FOOT
    bar = {"x": left, "y": top, "width": width, "height": 10.0}
    if scale.kind == "none":
        element(group, "rect", fill="url(#heat-unknown)", class_="edge", stroke_width=0.6, **bar)
        words = "nothing known"
        at = (left + width / 2, top + 24)
        label(group, at, words, font_size=10.5, text_anchor="middle", class_="dim")
        return
    element(group, "rect", fill="url(#heat-scale)", class_="edge", stroke_width=0.6, **bar)
    for value in scale.ticks:
        x = left + width * scale.position(value)
        element(group, "line", x1=x, x2=x, y1=top + 10, y2=top + 14, class_="line")
        words = scale.tick_words(value)
        label(group, (x, top + 25), words, font_size=10.5, text_anchor="middle", class_="dim")
