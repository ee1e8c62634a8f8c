"""What the judge sees of one metric: both values and the interval of their difference."""

from dataclasses import dataclass
from typing import Final

SAMPLED: Final = "rb.sampled_epc"
"""The metric of sampled benchmarking: error per Clifford of random sequences and shots."""


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
class SampledDifference:
    """What sampled benchmarking has shown of one qubit or pair so far.

    Both releases played the same sequences. ``change`` is NEW less OLD of the error per
    Clifford, ``error`` its standard deviation by resampling whole ``sequences`` (so many of
    each length); both are None where a decay has no value, and ``problem`` is then the reason.
    ``scale`` is the magnitude that relative margins are a share of; it must not depend on what
    was sampled.
    """

    subject: str
    old: float | None
    new: float | None
    change: float | None
    error: float | None
    sequences: int
    scale: float
    problem: str = ""

    @property
    def id(self) -> str:
        """The metric's id, ``rb.sampled_epc/0-1``."""
        return f"{SAMPLED}/{self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnjudgedChange:
    """A field that differs between the two profiles and that no metric covers.

    ``covered_by`` are the ids of the metrics that would see it (empty: none does).
    """

    where: str
    old: str
    new: str
    covered_by: tuple[str, ...] = ()
