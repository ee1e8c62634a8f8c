"""The chip as a picture."""

import itertools
import math
import re
from collections.abc import Sequence
from random import Random
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qtregress.errors import InputError
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.report.chip_layout import chip_layout
from qtregress.report.heat_map import HeatMap, heat_map, heat_map_of
from qtregress.report.svg import (
    DIVERGING,
    VIRIDIS,
    blend,
    ink,
    luminance,
    nice_ticks,
    scale_of,
    tick_words,
)

SVG = "{http://www.w3.org/2000/svg}"
LIMA = [(0, 1), (1, 2), (1, 3), (3, 4)]
NAIROBI = [(0, 1), (1, 2), (1, 3), (3, 5), (4, 5), (5, 6)]
MANILA = [(0, 1), (1, 2), (2, 3), (3, 4)]
RING = [(index, (index + 1) % 12) for index in range(12)]
SQUARE = [(i, i + 1) for i in range(16) if i % 4 < 3] + [(i, i + 4) for i in range(12)]
STAR = [(0, index) for index in range(1, 7)]
TWO_HEXAGONS = [*RING, (3, 12), *((i, i + 1) for i in range(12, 20)), (20, 6)]

HOSTILE = st.text(
    st.characters() | st.sampled_from("\x00\x1b\x85\ud800\udfff￾￿<>&]\"'\n\u202e"),
    max_size=40,
)


def metrics_of(couplings: Sequence[tuple[int, int]], *, factor: float = 1.0) -> list[Metric]:
    """Everything the picture shows, of a chip whose values span decades."""
    qubits = sorted({index for pair in couplings for index in pair})
    found = []
    for q in qubits:
        heat = factor * 9.7e-19 * (1 + q % 3)
        found += [
            measured("heat.chip_energy_j", f"x:{q}", "J", heat),
            measured("heat.line_energy_j", f"x:{q}@d{q}", "J", heat),
            measured("thermal.line_power_w", f"d{q}", "W", factor * 1.37e-12 * 10**q),
            measured("thermal.film_k", f"d{q}", "K", 0.0213 + 0.0101 * q),
            measured("thermal.film_peak_k", f"d{q}", "K", 0.0311 + 0.0171 * q),
            measured("thermal.extra_photons", f"{q}", "1", factor * 1.48e-6 * (1 + q)),
        ]
    for pair in couplings:
        for control, target in (pair, pair[::-1]):
            gate, own = f"cx:{control}-{target}", factor * 3.58e-16 / (1 + control)
            found += [
                measured("heat.chip_energy_j", gate, "J", own + 2.28e-18),
                measured("heat.line_energy_j", f"{gate}@d{control}", "J", own),
                measured("heat.line_energy_j", f"{gate}@d{target}", "J", 2.28e-18),
            ]
    return found


def without(metrics: Sequence[Metric], *ids: str) -> list[Metric]:
    """The metrics but those."""
    assert set(ids) <= {metric.id for metric in metrics}
    return [metric for metric in metrics if metric.id not in ids]


def drawn(svg: str) -> ET.Element:
    """The picture, parsed."""
    return ET.fromstring(svg)  # noqa: S314  # our own output


def shapes(svg: str) -> dict[str, list[ET.Element]]:
    """Shapes by the first part of their tooltip, in the panels' order."""
    found: dict[str, list[ET.Element]] = {}
    for shape in drawn(svg).iter():
        title = shape.findtext(f"{SVG}title")
        if title and shape.tag in {f"{SVG}circle", f"{SVG}polygon"}:
            found.setdefault(title.partition(":")[0], []).append(shape)
    return found


def tooltips(svg: str, what: str) -> list[str]:
    """What the shapes named ``what`` say, panel by panel."""
    titles = [shape.findtext(f"{SVG}title") or "" for shape in shapes(svg)[what]]
    return [title.partition(": ")[2] for title in titles]


def texts(svg: str) -> list[str]:
    """Every visible text."""
    return [text.text or "" for text in drawn(svg).iter(f"{SVG}text")]


def boxes(svg: str) -> list[tuple[str, float, float, float, float]]:
    """Visible texts with left, top, right and bottom, by the width of common digits."""
    found = []
    for text in drawn(svg).iter(f"{SVG}text"):
        words, size = text.text or "", float(text.attrib["font-size"])
        width, x = 0.54 * size * len(words), float(text.attrib["x"])
        left = x - {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")] * width
        bottom = float(text.attrib["y"])
        found.append((words, left, bottom - 0.75 * size, left + width, bottom))
    return found


@pytest.mark.parametrize("couplings", [LIMA, NAIROBI, MANILA, SQUARE, RING[:3]])
@pytest.mark.parametrize("compared", [False, True])
def test_no_text_covers_another(couplings: list[tuple[int, int]], *, compared: bool) -> None:
    """Every number, name and tick can be read, and none leaves the page."""
    metrics = metrics_of(couplings, factor=3.21)
    old = metrics_of(couplings) if compared else None
    found = boxes(heat_map(heat_map_of(metrics, couplings, old=old)))
    for one, other in itertools.combinations(found, 2):
        apart = one[3] <= other[1] or other[3] <= one[1] or one[4] <= other[2] or other[4] <= one[2]
        assert apart, (one, other)
    assert all(box[1] >= 0 and box[3] <= 800 for box in found)


def test_numbers_stand_in_the_qubits() -> None:
    """Each qubit carries its energy, power, temperatures and photons as people read them."""
    picture = heat_map(heat_map_of(metrics_of(LIMA), LIMA))
    assert tooltips(picture, "qubit 3") == ["970 zJ", "1.37 nW", "51.6 mK", "82.4 mK", "5.92e-06"]
    assert set(tooltips(picture, "qubit 3")) <= set(texts(picture))


def test_each_direction_and_line_of_a_gate_has_its_own_colour() -> None:
    """A cx is drawn from control to target, the halves being the two lines it heats."""
    picture = heat_map(heat_map_of(metrics_of(LIMA), LIMA))
    assert tooltips(picture, "gate from 0 to 1, lines of 0") == ["358 aJ"]
    assert tooltips(picture, "gate from 0 to 1, lines of 1") == ["2.28 aJ"]
    assert tooltips(picture, "gate from 1 to 0, lines of 1") == ["179 aJ"]
    assert tooltips(picture, "gate from 1 to 0, lines of 0") == ["2.28 aJ"]
    halves = [name for name in shapes(picture) if name.startswith("gate")]
    assert len(halves) == 4 * len(LIMA)


@pytest.mark.parametrize("couplings", [LIMA, TWO_HEXAGONS])
def test_an_undecided_reading_is_hatched(couplings: list[tuple[int, int]]) -> None:
    """What could not be measured is hatched, says ? and why, and has no colour."""
    metrics = without(metrics_of(couplings), "thermal.film_k/d3")
    metrics.append(undecided("thermal.film_k", "d3", "K", "the film has no steady state"))
    picture = heat_map(heat_map_of(metrics, couplings))
    assert tooltips(picture, "qubit 3")[2] == "not known, the film has no steady state"
    assert shapes(picture)["qubit 3"][2].attrib["fill"] == "url(#heat-unknown)"
    assert texts(picture).count("?") == 1


def test_the_unknown_is_marked_however_small() -> None:
    """Where a chip is too large for numbers, ? still stands in the qubit and on the arrow."""
    chain = [(index, index + 1) for index in range(59)]
    lost = ("heat.line_energy_j/x:7@d7", "heat.chip_energy_j/x:7", "heat.line_energy_j/cx:8-9@d8")
    full = [metric for metric in metrics_of(chain) if metric.metric.startswith("heat")]
    before, after = (heat_map(heat_map_of(one, chain)) for one in (full, without(full, *lost)))
    assert texts(after).count("?") == texts(before).count("?") + 2
    assert tooltips(after, "qubit 7")[0] == "not known, not among the metrics"
    assert all(box[1] >= 0 and box[3] <= 800 for box in boxes(after))


def test_missing_metrics_are_never_drawn_as_zero() -> None:
    """A chip without any thermal metric is hatched all over, bars included."""
    bare = heat_map(heat_map_of([], LIMA))
    assert {shape.attrib["fill"] for found in shapes(bare).values() for shape in found} == {
        "url(#heat-unknown)"
    }
    assert texts(bare).count("?") == 5 * 5 + 4 * len(LIMA)
    assert texts(bare).count("nothing known") == 5
    assert not re.search(r">0 [JWK]<", bare)


def test_a_silent_line_is_zero_only_if_the_others_hold_all_energy() -> None:
    """A line that is not listed got nothing if the rest adds up, else nobody knows."""
    lost = "heat.line_energy_j/cx:0-1@d1"
    metrics = without(metrics_of(LIMA), lost, "heat.chip_energy_j/cx:0-1")
    what = "gate from 0 to 1, lines of 1"
    closed = [*metrics, measured("heat.chip_energy_j", "cx:0-1", "J", 3.58e-16)]
    open_ = [*metrics, measured("heat.chip_energy_j", "cx:0-1", "J", 3.6e-16)]
    assert tooltips(heat_map(heat_map_of(closed, LIMA)), what) == ["0 J"]
    unknown = ["not known, not among the metrics"]
    assert tooltips(heat_map(heat_map_of(open_, LIMA)), what) == unknown
    assert tooltips(heat_map(heat_map_of(metrics, LIMA)), what) == unknown


def test_flux_heats_the_qubit_it_tunes() -> None:
    """All lines of a qubit count together, and one that is undecided leaves the sum unknown."""
    lines = [
        measured("heat.line_energy_j", "cz:0-1@d0", "J", 1e-18),
        measured("heat.line_energy_j", "cz:0-1@f0", "J", 4e-18),
    ]
    unsure = [*lines, undecided("heat.line_energy_j", "cz:0-1@m0", "J", "no readout")]
    what = "gate from 0 to 1, lines of 0"
    assert tooltips(heat_map(heat_map_of(lines, [(0, 1)])), what) == ["5 aJ"]
    assert tooltips(heat_map(heat_map_of(unsure, [(0, 1)])), what) == ["not known, no readout"]


def corners(shape: ET.Element) -> list[complex]:
    """A polygon's corners, or a circle's centre, x + iy in px."""
    if shape.tag == f"{SVG}circle":
        return [complex(float(shape.attrib["cx"]), float(shape.attrib["cy"]))]
    pairs = (pair.split(",") for pair in shape.attrib["points"].split())
    return [complex(float(x), float(y)) for x, y in pairs]


@pytest.mark.parametrize("couplings", [LIMA, RING, TWO_HEXAGONS])
def test_arrows_stand_where_they_say(couplings: list[tuple[int, int]]) -> None:
    """A half touches its line's qubit, the tip its target, and traffic keeps to the right."""
    found = shapes(heat_map(heat_map_of(metrics_of(couplings), couplings)))
    for name, drawn_once in found.items():
        if not name.startswith("gate"):
            continue
        control, target, owner = map(int, re.findall(r"\d+", name))
        start, end = (corners(found[f"qubit {index}"][0])[0] for index in (control, target))
        half = corners(drawn_once[0])
        middle, other = sum(half) / len(half), control + target - owner
        places = {control: start, target: end}
        assert abs(middle - places[owner]) < abs(middle - places[other])
        assert (len(half) == 5) == (owner == target)
        side = (middle - start) / (end - start)
        assert side.imag > 0
        if owner == target:
            tip = min(half, key=lambda corner: abs(corner - end))
            radius = float(found[f"qubit {target}"][0].attrib["r"])
            assert radius < abs(tip - end) < radius + 3


def test_an_undecided_line_leaves_no_silent_ones() -> None:
    """An undecided line may hold the energy, whatever the others add up to."""
    lost = ("heat.line_energy_j/cx:0-1@d1", "heat.chip_energy_j/cx:0-1")
    metrics = without(metrics_of(LIMA), *lost)
    metrics.append(measured("heat.chip_energy_j", "cx:0-1", "J", 3.58e-16))
    metrics.append(undecided("heat.line_energy_j", "cx:0-1@m0", "J", "no"))
    picture = heat_map(heat_map_of(metrics, LIMA))
    assert "not known" in tooltips(picture, "gate from 0 to 1, lines of 1")[0]


def test_only_gates_that_exist_are_drawn() -> None:
    """A direction no metric names is no gate; a refused gate is one and is hatched."""
    metrics = [undecided("gate.error", "cz:1-0", "1", "refused")]
    picture = heat_map(heat_map_of(metrics, [(0, 1)]))
    gates = sorted(name for name in shapes(picture) if name.startswith("gate"))
    assert gates == ["gate from 1 to 0, lines of 0", "gate from 1 to 0, lines of 1"]
    assert any("cz along the couplings" in text for text in texts(picture))


def test_a_comparison_shows_new_over_old() -> None:
    """Unchanged is neutral, three times the heat is red, a third is blue."""
    hot, same = metrics_of(LIMA, factor=3.0), metrics_of(LIMA)
    picture = heat_map(heat_map_of(hot, LIMA, old=same))
    assert tooltips(picture, "qubit 0") == ["3x", "3x", "1x", "1x", "3x"]
    energy, _, film, *_ = (shape.attrib["fill"] for shape in shapes(picture)["qubit 0"])
    cooler = shapes(heat_map(heat_map_of(same, LIMA, old=hot)))["qubit 0"][0].attrib["fill"]
    assert film == DIVERGING[4]
    assert int(energy[1:3], 16) > int(energy[5:7], 16)
    assert int(cooler[1:3], 16) < int(cooler[5:7], 16)


@pytest.mark.parametrize(
    ("new", "old", "said"),
    [
        (0.0, 0.0, "1x"),
        (1e-6, 0.0, "∞x"),
        (0.0, 1e-6, "0x"),
        (1e-6, -1e-6, "not known, a ratio needs positive values, but old is -1e-06, new 1e-06"),
        (None, 1e-6, "not known, new: no load"),
        (None, None, "not known, new: no load; old: no load"),
    ],
)
def test_ratios_of_zeros_and_unknowns(new: float | None, old: float | None, said: str) -> None:
    """Heat out of nothing is infinitely more, and what has no ratio is unknown."""
    name = "thermal.extra_photons"
    values = [
        undecided(name, "0", "1", "no load") if value is None else measured(name, "0", "1", value)
        for value in (new, old)
    ]
    picture = heat_map(heat_map_of(values[:1], [], old=values[1:]))
    assert tooltips(picture, "qubit 0")[4] == said


def test_small_changes_stay_pale() -> None:
    """A per cent of change is no alarm: the scale never narrows below ten."""
    scale = scale_of([0.999, 1.01], "1", ratio=True)
    assert scale.high == pytest.approx(1.1)
    assert scale.position(1.01) - 0.5 < 0.06
    assert scale.position(1 / 1.01) == pytest.approx(1 - scale.position(1.01))


@given(HOSTILE, HOSTILE)
@settings(max_examples=50, deadline=None)
def test_no_text_becomes_markup(title: str, why: str) -> None:
    """Whatever a file calls things, the picture keeps its elements and stays XML."""
    safe = why.encode("utf-8", "replace").decode()
    plain = heat_map(heat_map_of([undecided("thermal.film_k", "d0", "K", "x")], [(0, 1)]))
    odd = heat_map(
        heat_map_of([undecided("thermal.film_k", "d0", "K", safe)], [(0, 1)], title=title)
    )
    assert [node.tag for node in drawn(odd).iter()] == [node.tag for node in drawn(plain).iter()]


def test_the_same_metrics_give_the_same_text() -> None:
    """Neither the order of metrics nor that of couplings shows."""
    metrics = metrics_of(TWO_HEXAGONS)
    swapped = [(b, a) for a, b in reversed(TWO_HEXAGONS)]
    first = heat_map(heat_map_of(metrics, TWO_HEXAGONS))
    assert heat_map(heat_map_of(metrics[::-1], swapped)) == first


def test_nothing_to_draw_is_an_error() -> None:
    """A picture of no qubit, or of a coupling of one with itself, is refused."""
    with pytest.raises(InputError, match="must have a qubit, but neither"):
        heat_map_of([], [])
    with pytest.raises(InputError, match="must join two qubits, but 1-1"):
        heat_map_of([], [(1, 1)])
    with pytest.raises(InputError, match="a qubit and a panel, but has 0 and 0"):
        heat_map(HeatMap(title="", places={}, couplings=(), panels=()))


@pytest.mark.parametrize("anchors", [VIRIDIS, DIVERGING])
def test_text_contrasts_with_every_colour(anchors: Sequence[str]) -> None:
    """Black or white reaches 4.5:1 (WCAG 2.1, AA) wherever the threshold changes over."""
    for step in range(1001):
        colour = blend(anchors, step / 1000)
        light = luminance(colour) + 0.05
        assert (light / 0.05 if ink(colour) == "onlight" else 1.05 / light) >= 4.5


def test_both_schemes_can_be_read() -> None:
    """Texts reach 4.5:1 against the background, in the light and in the dark."""
    style = next(drawn(heat_map(heat_map_of([], [(0, 1)]))).iter(f"{SVG}style")).text or ""
    for scheme in style.split("@media (prefers-color-scheme:dark)"):
        card, *inks = (
            luminance(re.findall(rf"{name}{{[^}}]*fill:(#\w+)", scheme)[0])
            for name in (r"\.card", "text", r"\.dim")
        )
        for text in inks:
            assert (max(card, text) + 0.05) / (min(card, text) + 0.05) >= 4.5


def test_the_scale_is_perceptually_uniform() -> None:
    """Equal steps of value are about equal steps of CIE lightness, always upwards."""
    lights = [116 * luminance(blend(VIRIDIS, n / 16)) ** (1 / 3) - 16 for n in range(17)]
    steps = [after - before for before, after in itertools.pairwise(lights)]
    assert min(steps) > 0.7 * sum(steps) / 16
    assert max(steps) < 1.3 * sum(steps) / 16


@given(
    values=st.lists(st.floats(-1e300, 1e300) | st.floats(0, 1e-18), min_size=1),
    ratio=st.booleans(),
)
@example(values=[5e-324, 1.0], ratio=False)
@example(values=[5e-324, 1e300], ratio=True)
def test_scales_keep_the_order_of_values(values: list[float], *, ratio: bool) -> None:
    """Of two values the larger never looks smaller; every value finds a colour."""
    values = sorted(abs(value) for value in values) if ratio else sorted(values)
    scale = scale_of(values, "K", ratio=ratio)
    places = [scale.position(value) for value in values]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    assert all(re.fullmatch("#[0-9a-f]{6}", scale.colour(value)) for value in values)


def test_values_over_decades_get_decades() -> None:
    """Pulses of 1 zJ and of 300 aJ are both seen; zero takes the first colour."""
    scale = scale_of([0.0, 1.3e-21, 3e-16], "J")
    assert scale.kind == "log"
    assert [scale.tick_words(tick) for tick in scale.ticks] == ["1 zJ", "100 zJ", "10 aJ", "1 fJ"]
    assert scale.colour(0.0) == VIRIDIS[0]


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_ticks_hold_the_values_and_differ(low: float, width: float) -> None:
    """No value lies outside the ticks, and no two ticks read the same."""
    ticks = nice_ticks(low, low + width)
    slack = 1e-6 * (ticks[-1] - ticks[0])
    assert ticks[0] - slack <= low
    assert low + width <= ticks[-1] + slack
    words = [tick_words(tick, ticks, "K") for tick in ticks]
    assert len(set(words)) == len(words) >= 2
    assert len(ticks) <= 12


def test_equal_values_are_no_contrast() -> None:
    """Differences of a thousandth stay within a tenth of the colours."""
    scale = scale_of([0.0200, 0.02002], "K")
    assert abs(scale.position(0.02002) - scale.position(0.02)) <= 0.1 + 1e-9


def crossings(places: dict[int, tuple[float, float]], couplings: list[tuple[int, int]]) -> int:
    """How many pairs of couplings without a common qubit cross."""

    def side(a: int, b: int, c: int) -> float:
        (ax, ay), (bx, by), (cx, cy) = places[a], places[b], places[c]
        return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)

    return sum(
        side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
        for (a, b), (c, d) in itertools.combinations(couplings, 2)
        if len({a, b, c, d}) == 4
    )


@pytest.mark.parametrize("couplings", [LIMA, NAIROBI, MANILA, RING, STAR, SQUARE, TWO_HEXAGONS])
def test_chips_lie_flat(couplings: list[tuple[int, int]]) -> None:
    """No coupling crosses another, couplings are about 1 long, qubits keep their distance."""
    places = chip_layout([], couplings)
    assert crossings(places, couplings) == 0
    lengths = [math.dist(places[a], places[b]) for a, b in couplings]
    assert min(lengths) > 0.8
    assert max(lengths) < 1.3
    assert min(math.dist(a, b) for a, b in itertools.combinations(places.values(), 2)) > 0.8


def test_the_longest_path_is_a_row() -> None:
    """Lima and nairobi stand as their makers draw them: a row with branches."""
    assert chip_layout([], LIMA) == {0: (0, 0), 1: (1, 0), 2: (1, 1), 3: (2, 0), 4: (3, 0)}
    row = [index for index, (_, y) in chip_layout([], NAIROBI).items() if y == 0]
    assert row == [0, 1, 3, 4, 5]


def test_lattices_follow_the_page() -> None:
    """Couplings of a square lattice run along the axes within some degrees, 0 top left."""
    places = chip_layout([], SQUARE)
    for a, b in SQUARE:
        dx, dy = (abs(p - q) for p, q in zip(places[a], places[b], strict=True))
        assert min(dx, dy) < 0.12 * max(dx, dy)
    assert math.dist(places[0], (0, 0)) < 0.2


@given(st.integers(1, 16), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_any_couplings_have_a_layout(count: int, random: Random) -> None:
    """Isolated qubits, rings, stars, separate parts: every qubit gets a place of its own."""
    pairs = list(itertools.combinations(range(count), 2))
    couplings = [pair for pair in pairs if random.random() < 1.5 / count]
    places = chip_layout(range(count), couplings)
    assert sorted(places) == list(range(count))
    assert min(x for x, _ in places.values()) == pytest.approx(0, abs=1e-9)
    assert min(y for _, y in places.values()) == pytest.approx(0, abs=1e-9)
    for one, other in itertools.combinations(places.values(), 2):
        assert math.dist(one, other) > 0.1
