"""What a policy says besides its rules: waivers, exclusions, skill and sampling.

None of it moves a margin. A waiver lets one known regression pass for a while, an exclusion
says which metrics nobody expects to have; both are shown in every report.
"""

import re
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from qtregress.document import Model, Positive, Real

Glob = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+:@/\[\]*?-]+$", max_length=120)]
"""A pattern on metric ids: ``*`` is any text, ``?`` any character, the rest is literal."""

MAX_TERMS: Final = 1000
"""Waivers, and exclusions, of one policy."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def matches(glob: str, metric_id: str) -> bool:
    """Whether the pattern speaks of the metric; brackets stand for themselves."""
    return fnmatchcase(metric_id, glob.replace("[", "[[]"))


def _real_day(text: str) -> str:
    """``text`` where it is a day of the calendar.

    Raises:
        ValueError: it is not written YYYY-MM-DD, or there is no such day.
    """
    if _DAY.fullmatch(text) is None:
        raise ValueError(f"a day must be written YYYY-MM-DD, but is {text!r}")
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"a day must be one of the calendar, but is {text}") from error
    return text


Day = Annotated[str, Field(max_length=10), AfterValidator(_real_day)]
"""A day in UTC, ``2025-01-31``."""


def _visible(text: str) -> str:
    """``text`` where somebody can read something of it.

    Raises:
        ValueError: nobody can.
    """
    if not any(char.isprintable() and not char.isspace() for char in text):
        raise ValueError(f"must have a visible character, but is {text!r}")
    return text


Owner = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_visible)]
Because = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_visible)]


class Waiver(Model):
    """A regression that somebody answers for, up to a value and until a day.

    It covers critical metrics whose id matches ``metrics`` and whose new value is no worse
    than ``ceiling`` (in the metric's unit). ``expires`` is its last day, in UTC. A value that
    could not be measured is never covered.
    """

    metrics: Glob
    ceiling: Real
    owner: Owner
    reason: Because
    expires: Day

    def matches(self, metric_id: str) -> bool:
        """Whether this waiver speaks of the metric."""
        return matches(self.metrics, metric_id)

    def is_over(self, today: date) -> bool:
        """Whether its last day has passed."""
        return date.fromisoformat(self.expires) < today


class Exclusion(Model):
    """Metrics that nobody expects to have, such as those of an uncalibrated qubit.

    They neither hold when undecided nor count as lost. What was measured in both releases and
    regressed still rolls back.
    """

    metrics: Glob
    reason: Because

    def matches(self, metric_id: str) -> bool:
        """Whether this exclusion speaks of the metric."""
        return matches(self.metrics, metric_id)


class SkillRule(Model):
    """How well the model must predict the errors that the chip file says were measured.

    With fewer than ``min_count`` errors to compare nothing is known, which holds only where
    the rule is ``required``. ``max_age_days`` is how old the oldest of them may be.
    """

    min_share_within_2: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.5
    max_age_days: Positive | None = None
    min_count: Annotated[int, Field(strict=True, ge=1)] = 1
    required: Annotated[bool, Field(strict=True)] = False


class Sampling(Model):
    """When sampled benchmarking is looked at, fixed before anything is played.

    After each of ``looks`` looks at most, ``sequences_per_look`` more random sequences of
    every length are played. ``alpha`` bounds the chance that a release which is no worse
    than its margins is called regressed in any metric at any look.
    """

    looks: Annotated[int, Field(strict=True, ge=1, le=20)] = 3
    alpha: Annotated[float, Field(strict=True, gt=0, le=0.5)] = 0.05
    sequences_per_look: Annotated[int, Field(strict=True, ge=4, le=1000)] = 10
