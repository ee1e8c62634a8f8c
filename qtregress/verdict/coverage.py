"""Coverage: how much of what the baseline records was measured again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from qtregress.metrics.metric import Metric
from qtregress.verdict.exclusions import exclusion_for
from qtregress.verdict.terms import Exclusion
from qtregress.verdict.verdict import JudgedMetric

COVERAGE: Final = 0.99
"""Least share of the baseline's metrics that a promotion needs.

One advisory metric in a hundred may get lost, as a decay that is too fast to read does;
more is a part of the chip that nobody looked at.
"""

_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What became of the baseline's metrics, those apart that the policy excludes.

    Attributes:
        expected: how many there are.
        lost: ids of those that were not measured again.
    """

    expected: int
    lost: tuple[str, ...]

    @property
    def share(self) -> float:
        """Measured again, from 0 to 1; 1 where nothing was expected."""
        return 1 - len(self.lost) / self.expected if self.expected else 1.0

    @property
    def suffices(self) -> bool:
        """Whether the share is at least ``COVERAGE``."""
        return len(self.lost) <= (1 - COVERAGE) * self.expected

    @property
    def sentence(self) -> str:
        """What was lost; empty where nothing was."""
        if not self.lost:
            return ""
        rest = len(self.lost) - _NAMED
        names = ", ".join(self.lost[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
        # rounded down, so that what is not all never reads as all
        percent = math.floor(1000 * self.share) / 10
        least = "" if self.suffices else f", and at least {100 * COVERAGE:g} % must be"
        return (
            f"{percent:g} % of the baseline's {self.expected} metrics were measured again{least}; "
            f"lost: {names}."
        )


def coverage(
    baseline: Sequence[Metric],
    metrics: Sequence[JudgedMetric],
    exclusions: Sequence[Exclusion] = (),
) -> Coverage:
    """The coverage of the baseline.

    A metric is lost where this run does not have it, or where OLD has a value and NEW none.
    Where neither has one, as under a scenario that takes a sensor away, the release took
    nothing away.

    Args:
        baseline: what was approved.
        metrics: what this run has, without what vanished.
        exclusions: of the policy.
    """
    found = {metric.id: metric for metric in metrics}
    expected = [metric for metric in baseline if exclusion_for(exclusions, metric.id) is None]
    lost = [metric.id for metric in expected if _is_lost(found.get(metric.id))]
    return Coverage(expected=len(expected), lost=tuple(sorted(lost)))


def _is_lost(metric: JudgedMetric | None) -> bool:
    return metric is None or (metric.new is None and metric.old is not None)
