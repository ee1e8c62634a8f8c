"""Differences and policies that the tests of the judge share."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from qtregress.metrics.difference import Difference, UnjudgedChange
from qtregress.verdict.decide import Circumstances
from qtregress.verdict.policy import Policy

TODAY: Final = date(2025, 1, 31)
CIRCUMSTANCES: Final = Circumstances(
    device="lima",
    old_firmware="1.0",
    new_firmware="1.1",
    inputs={},
    environment={},
    created="2025-01-31T12:00:00+00:00",
)
INTERVALS: Final[Mapping[str, tuple[float, float]]] = {
    "ok": (0.0, 0.0),
    "improved": (-1e-2, -1e-2),
    "undecided": (-1e-2, 1e-2),
    "regressed": (1e-2, 1e-2),
}
CRITICAL: Final = "gate.error"
ADVISORY: Final = "rb.error_per_gate"
CHANGE: Final = UnjudgedChange(where="m0 amp", old="0.1", new="0.2")


def difference(outcome: str, subject: str = "x:0", *, metric: str = CRITICAL) -> Difference:
    """A difference that the shipped policy judges as ``outcome``; ``lost`` has no new value."""
    low, high = INTERVALS.get(outcome, (0.0, 0.0))
    is_lost = outcome == "lost"
    return Difference(
        id=f"{metric}/{subject}",
        metric=metric,
        subject=subject,
        unit="",
        old=1e-3,
        new=None if is_lost else 1e-3 + (low + high) / 2,
        interval=None if is_lost else (low, high),
        scale=1e-3,
    )


def policy(**fields: object) -> Policy:
    """A user's policy with these fields."""
    return Policy.model_validate({"format": "qtregress/policy@1"} | fields)


def waiver(**fields: object) -> dict[str, object]:
    """A waiver of the errors of all gates up to 0.1, until the day after ``TODAY``."""
    return {
        "metrics": "gate.error/*",
        "ceiling": 0.1,
        "owner": "Ada",
        "reason": "The cooler is being repaired.",
        "expires": "2025-02-01",
    } | fields
