"""A series of telemetry: what it may be, how it is named, what was found wrong with it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from qtregress.errors import InputError
from qtregress.files.problems import shown

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_SAMPLES = 3
"""Usable values of a series below which it is left out."""

RANGES = {
    "load_w": (0.0, 1e3),
    "temperature_k": (1e-4, 400.0),
    "t1_s": (1e-9, 10.0),
    "t2_s": (1e-9, 10.0),
    "population": (-0.1, 0.5),
    "busy_fraction": (0.0, 1.0),
    "line_power_w": (0.0, 1.0),
}
"""What each quantity can be; readout noise may push a small population below zero."""
LABELS = {
    "load_w": "stage",
    "temperature_k": "stage",
    "t1_s": "qubit",
    "t2_s": "qubit",
    "population": "qubit",
    "line_power_w": "line",
}
MEASURED = ("temperature_k", "t1_s", "t2_s", "population")
"""What has noise, so that it does not repeat itself; loads are set and do."""

_STEM = re.compile(r"(load|temperature|temp|t1|t2|population|busy|line_power)(_[a-z0-9]+)*")
_SUBJECT = {
    "stage": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}"),
    "qubit": re.compile(r"0|[1-9][0-9]{0,3}"),
    "line": re.compile(r"[dmf](0|[1-9][0-9]{0,3})"),
}
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_NO_NUMBER = frozenset({"nan", "+inf", "-inf", "inf", "null", "none"})
LATEST_S = 1e11
"""Unix seconds beyond which they are milliseconds."""
_NAMED = 4
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """One quantity of one subject; NaN where a value is no number. Shapes (n,)."""

    name: str
    time_s: Floats
    value: Floats

    def only(self, kept: Bools | NDArray[np.intp]) -> "Series":
        """The values at these places alone."""
        return Series(name=self.name, time_s=self.time_s[kept], value=self.value[kept])

    @property
    def quantity(self) -> str:
        """What is measured: the name without its subject."""
        return self.name.partition(":")[0]

    @property
    def interval_s(self) -> float:
        """Median time between values; zero with fewer than two."""
        return float(np.median(np.diff(self.time_s))) if len(self.time_s) > 1 else 0.0


class Notes:
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


def wanted() -> str:
    """All names that are read, for a sentence."""
    return ", ".join(f"{one}:{LABELS[one].upper()}" if one in LABELS else one for one in RANGES)


def is_known(where: str, name: str) -> bool:
    """Whether a column is of a quantity that is read; it must then be named properly.

    Raises:
        InputError: it is nearly one, but for its unit or its subject.
    """
    quantity, colon, subject = name.partition(":")
    if quantity not in RANGES:
        if colon and _STEM.fullmatch(quantity.lower()):
            msg = f"{where}: {shown(name)} must be one of {wanted()}, but is not"
            raise InputError(msg)
        return False
    kind = LABELS.get(quantity)
    if (kind is None) == bool(colon):
        want = quantity if kind is None else f"{quantity}:{kind.upper()}"
        msg = f"{where}: {shown(name)} must be named {want}"
        raise InputError(msg)
    if kind is not None and not _SUBJECT[kind].fullmatch(subject):
        msg = f"{where}: {shown(name)} must name a {kind}, but names {shown(subject)}"
        raise InputError(msg)
    return True


def number_of(where: str, text: str) -> float:
    """The number that a text says, NaN where it says NaN or infinity."""
    if NUMBER.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else math.nan
    if text.lower() in _NO_NUMBER:
        return math.nan
    msg = f"{where} must be a number, but is {shown(text)}"
    raise InputError(msg)


def count_of(number: int, what: str) -> str:
    """``1 value``, ``3 values``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def said(time_s: float) -> str:
    """Unix seconds as ISO 8601 in UTC."""
    return (EPOCH + timedelta(seconds=float(time_s))).isoformat(timespec="seconds")
