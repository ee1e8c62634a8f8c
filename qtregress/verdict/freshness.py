"""Whether a saved verdict still speaks of this commit, this hour and these waivers."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from qtregress.verdict.verdict import JudgedMetric

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far the clocks of two machines may differ."""

_AGE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)([hd])")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


def parsed_age(text: str) -> timedelta | None:
    """``24h`` or ``7d`` as a duration; None where the text is none, or not above zero."""
    found = _AGE.fullmatch(text)
    if found is None or float(found[1]) == 0:
        return None
    number = float(found[1])
    return timedelta(hours=number) if found[2] == "h" else timedelta(days=number)


def parsed_time(text: str) -> datetime | None:
    """A moment with its offset from UTC, ``2025-01-31T12:00:00+00:00``; else None."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.utcoffset() is None else found


def is_commit(text: str) -> bool:
    """Whether the text can name a commit: 7 hexadecimal digits or more."""
    return _COMMIT.fullmatch(text) is not None


def age_problem(created: datetime, oldest: timedelta, now: datetime) -> str:
    """Why a verdict of that moment is too old, or too new, to be believed; empty if it is not."""
    age = now - created
    if age < -CLOCK_TOLERANCE:
        return (
            f"The verdict says it was made at {created.isoformat()}, but the clock says "
            f"{now.isoformat(timespec='seconds')}: one of the two clocks is wrong."
        )
    if age > oldest:
        return (
            f"The verdict was made at {created.isoformat()}, {_hours(age)} ago, and at most "
            f"{_hours(oldest)} are allowed: check again."
        )
    return ""


def commit_problem(judged: str | None, required: str | None) -> str:
    """Why a verdict says nothing about the required commit; empty where it does.

    Args:
        judged: the commit that the verdict names.
        required: the whole name of a commit or at least 7 digits of it; None where the
            folder stands on none.
    """
    if required is None:
        return "The commit to compare with is not known: this folder is in no git repository."
    if judged is None:
        return "The verdict names no commit, so it may be about any: check in a git repository."
    is_same = is_commit(judged) and judged.lower().startswith(required.lower())
    if is_same and is_commit(required):
        return ""
    return f"The verdict is about commit {judged}, not {required}, so it says nothing about that."


def waiver_problems(metrics: Iterable[JudgedMetric], today: date) -> tuple[str, ...]:
    """Sentences on waivers of a verdict that expired since."""
    return tuple(
        f"The waiver of {metric.id} by {metric.waiver.owner} expired on {metric.waiver.expires}."
        for metric in metrics
        if metric.waiver is not None and date.fromisoformat(metric.waiver.expires) < today
    )


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):.4g} h"
