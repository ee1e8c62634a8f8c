"""What the judge sees of one metric: both values and the interval of their difference."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The paired difference new - old of one metric.

    ``interval`` bounds the difference of the true values in the metric's unit and sign
    as measured (the judge turns it so that worse is positive); None when it could not be
    bounded, and ``problem`` is then the reason. ``scale`` is the magnitude that relative
    margins are a share of: the measured hardware error where the chip knows it, else the
    old value. ``note`` is a sentence on where the interval comes from.
    """

    id: str
    metric: str
    subject: str
    unit: str
    old: float | None
    new: float | None
    interval: tuple[float, float] | None
    scale: float
    problem: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnjudgedChange:
    """A field that differs between the two profiles and that no metric covers.

    ``covered_by`` are the ids of the metrics that would see it (empty: none does).
    """

    where: str
    old: str
    new: str
    covered_by: tuple[str, ...] = ()
