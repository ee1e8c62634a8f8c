"""What every SVG picture is made of: elements, text, number axes and colours."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from qtregress.printable import printable
from qtregress.units import engineering
from qtregress.verdict.rules import clipped, quantity

Point = tuple[float, float]

WIDTH = 800
"""Of every picture, in px."""

VIRIDIS = (
    "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c",
    "#28ae80", "#5ec962", "#addc30", "#fde725",
)  # fmt: skip
"""Perceptually uniform, dark is little (matplotlib's viridis, CC0, every eighth)."""

DIVERGING = (
    "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7",
    "#fddbc7", "#f4a582", "#d6604d", "#b2182b",
)  # fmt: skip
"""Blue is less than before, red is more (ColorBrewer RdBu, 9 classes, Apache-2.0)."""

_LOG_FROM = 20.0
"""Largest over smallest value from which a scale counts decades."""
_SMALLEST = 1e-300
_LEAST_SPREAD = 0.01
"""Of a linear scale: smaller differences are not blown up to full contrast."""
_FARTHEST_RATIO = 1e12
_RATIO_LIMITS = (1.1, 1.2, 1.5, 2.0, 5.0, 10.0)
MARGIN = 24.0
"""Around every picture, in px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to colours.

    Attributes:
        kind: how values are spread; ``none`` if nothing is known.
        low: value of the first colour.
        high: value of the last colour.
        ticks: values named at the colour bar.
        unit: of the values.
    """

    kind: Literal["none", "linear", "log", "ratio"]
    low: float
    high: float
    ticks: tuple[float, ...]
    unit: str

    def position(self, value: float) -> float:
        """Where the value stands between the first colour, 0, and the last, 1."""
        if value <= self.low or self.kind == "none":
            return 0.0
        if value >= self.high:
            return 1.0
        if self.kind == "linear":
            return (value - self.low) / (self.high - self.low)
        first, last = math.log(self.low), math.log(self.high)
        return (math.log(value) - first) / (last - first)

    def colour(self, value: float) -> str:
        """``#rrggbb`` of a value."""
        return blend(DIVERGING if self.kind == "ratio" else VIRIDIS, self.position(value))

    def words(self, value: float) -> str:
        """The value as people read it."""
        return ratio_words(value) if self.kind == "ratio" else quantity(value, self.unit)

    def tick_words(self, value: float) -> str:
        """A tick's value, with the digits that keep it apart from its neighbours."""
        if self.kind != "linear":
            return self.words(value)
        return tick_words(value, self.ticks, self.unit)


def scale_of(values: Iterable[float], unit: str, *, ratio: bool = False) -> Scale:
    """The scale that shows all of ``values``.

    Ratios get a symmetric one around 1 that never narrows below +-10 %. Values over more
    than a factor of 20, none negative, get decades; zeros then take the first colour.
    """
    known = [value for value in values if math.isfinite(value)]
    if ratio:
        return _ratio_scale(known)
    if not known:
        return Scale(kind="none", low=0.0, high=1.0, ticks=(), unit=unit)
    positive = [value for value in known if value > _SMALLEST]
    if positive and min(known) >= 0 and max(positive) > _LOG_FROM * min(positive):
        first, last = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
        last = min(last, 308)
        decades = range(first, last + 1, 1 + (last - first) // 6)
        ticks = tuple(float(f"1e{n}") for n in decades)
        ends = float(f"1e{first}"), float(f"1e{last}")
        return Scale(kind="log", low=ends[0], high=ends[1], ticks=ticks, unit=unit)
    ticks = nice_ticks(min(known), max(known))
    return Scale(kind="linear", low=ticks[0], high=ticks[-1], ticks=ticks, unit=unit)


def _ratio_scale(known: Iterable[float]) -> Scale:
    farthest = max([1.0, *(max(value, 1 / value) for value in known if value > 0)])
    farthest = min(farthest, _FARTHEST_RATIO)
    limit = next((one for one in _RATIO_LIMITS if farthest <= one), 0.0)
    if not limit:
        power = 10.0 ** math.floor(math.log10(farthest))
        limit = next(one * power for one in (1, 2, 5, 10) if farthest <= one * power)
    return Scale(kind="ratio", low=1 / limit, high=limit, ticks=(1 / limit, 1, limit), unit="1")


def nice_ticks(low: float, high: float, *, count: int = 4) -> tuple[float, ...]:
    """Multiples of 1, 2 or 5 times a power of ten that hold ``low`` and ``high``.

    At least two, about ``count`` apart; a spread below 1 % is widened to that, so that
    rounding noise does not fill the picture.
    """
    spread = max(high - low, _LEAST_SPREAD * max(abs(low), abs(high)))
    if spread < _SMALLEST:
        spread = 1.0
    rough = spread / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 5, 10) if rough <= one * power * (1 + 1e-9))
    middle = (low + high) / 2
    first = math.floor(min(low, middle - spread / 2) / step + 1e-9)
    last = math.ceil(max(high, middle + spread / 2) / step - 1e-9)
    if low >= 0:
        first = max(first, 0)
    return tuple(n * step for n in range(first, max(last, first + 1) + 1))


def tick_words(value: float, ticks: Sequence[float], unit: str) -> str:
    """A tick's value with as many digits as the step between ``ticks`` needs."""
    step = ticks[1] - ticks[0]
    size = max(abs(value), step)
    digits = max(3, math.floor(math.log10(size) + 1e-9) - math.floor(math.log10(step) + 1e-9) + 1)
    return f"{value:.{digits}g}" if unit == "1" else engineering(value, unit, digits)


def ratio_words(value: float) -> str:
    """A ratio as people read it: ``1.02x``, ``170x``."""
    if math.isinf(value):
        return "∞x"
    return f"{value:.0f}x" if value >= 100 else f"{value:.3g}x"  # noqa: PLR2004  # no 1e+02


def blend(anchors: Sequence[str], position: float) -> str:
    """The colour at ``position`` of 0 to 1 between equally spaced ``#rrggbb`` anchors."""
    place = min(max(position, 0.0), 1.0) * (len(anchors) - 1)
    index = min(int(place), len(anchors) - 2)
    pairs = zip(channels(anchors[index]), channels(anchors[index + 1]), strict=True)
    mixed = [round(a + (b - a) * (place - index)) for a, b in pairs]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#rrggbb``, each 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Relative luminance of sRGB, 0 to 1 (WCAG 2.1)."""
    shares = [channel / 255 for channel in channels(colour)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]  # noqa: PLR2004
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ink(colour: str) -> Literal["onlight", "ondark"]:
    """The class of text upon a colour: black where that has more contrast, else white."""
    # Black and white have the same contrast to a colour of this luminance.
    return "onlight" if luminance(colour) > 0.179 else "ondark"  # noqa: PLR2004


_STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;fill:#1f2328}
.dim{fill:#59636e}.card{fill:#ffffff}.line{stroke:#59636e;fill:none}.faint{stroke:#d1d9e0}
.edge{stroke:#1f2328}.gap{fill:#eff2f5}.hatch{stroke:#818b98}.band{fill:#0969da;opacity:.10}
.job{fill:#0969da}.curve{stroke:#0969da;fill:none}.peak{fill:#cf222e}
.halo{stroke:#ffffff;stroke-width:3;paint-order:stroke}.onlight{fill:#000000}.ondark{fill:#ffffff}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.dim{fill:#9198a1}.card{fill:#0d1117}.line{stroke:#9198a1}.faint{stroke:#3d444d}
.edge{stroke:#e6edf3}.gap{fill:#21262d}.hatch{stroke:#818b98}.band{fill:#4493f8;opacity:.16}
.job{fill:#1f6feb}.curve{stroke:#4493f8}.peak{fill:#ff7b72}
.halo{stroke:#0d1117}.onlight{fill:#000000}.ondark{fill:#ffffff}}
"""


def element(parent: ET.Element, tag: str, /, **attributes: str | float) -> ET.Element:
    """A new child; numbers are rounded to 0.1 px, ``stroke_width`` becomes ``stroke-width``."""
    texts = {
        name.rstrip("_").replace("_", "-"): value if isinstance(value, str) else number(value)
        for name, value in attributes.items()
    }
    return ET.SubElement(parent, tag, texts)


def number(value: float) -> str:
    """A length in px, to 0.1 and without a negative zero."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def label(parent: ET.Element, at: Point, text: str, **attributes: str | float) -> ET.Element:
    """Text with its baseline at a point; harmless whatever it holds."""
    made = element(parent, "text", x=at[0], y=at[1], **attributes)
    made.text = printable(text)
    return made


def tooltip(parent: ET.Element, text: str) -> None:
    """What a browser shows of a shape under the pointer."""
    element(parent, "title").text = printable(text)


def text_width(text: str, size: float) -> float:
    """About how wide a text is, in px; digits of common fonts are 0.56 of their size."""
    return 0.57 * size * len(text)


def page(height: float, title: str, description: str) -> ET.Element:
    """An empty picture with its style, background and headline."""
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {number(height)}",
            "width": str(WIDTH),
            "height": number(height),
            "role": "img",
        },
    )
    tooltip(root, title)
    element(root, "desc").text = printable(description)
    element(root, "style").text = _STYLE
    element(root, "rect", class_="card", width=WIDTH, height=height, rx=6)
    shown = clipped(printable(title), 80)
    label(root, (MARGIN, 32), shown, font_size=17, font_weight="bold")
    return root


def svg_text(root: ET.Element) -> str:
    """The picture as text."""
    return ET.tostring(root, encoding="unicode") + "\n"
