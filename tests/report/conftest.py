"""Verdicts to report on."""

from collections.abc import Callable, Sequence

import pytest

from qtregress.metrics.difference import Difference, UnjudgedChange
from qtregress.verdict.decide import Circumstances, decide, document
from qtregress.verdict.policy import Policy
from qtregress.verdict.verdict import Verdict

INTERVALS = {
    "ok": (0.0, 0.0),
    "improved": (-1e-2, -1e-2),
    "undecided": (-1e-2, 1e-2),
    "regressed": (1e-2, 1e-2),
}

Maker = Callable[..., Verdict]


def _verdict(
    critical: Sequence[str],
    *,
    advisory: Sequence[str] = (),
    changes: Sequence[UnjudgedChange] = (),
    problem: str = "",
    created: str = "2025-01-31T12:00:00+00:00",
) -> Verdict:
    words = [("gate.error", f"sx:{i}", word) for i, word in enumerate(critical)]
    words += [("heat.chip_energy_j", f"x:{i}", word) for i, word in enumerate(advisory)]
    differences = [
        Difference(
            id=f"{metric}/{subject}",
            metric=metric,
            subject=subject,
            unit="J" if metric.startswith("heat") else "",
            old=1e-3,
            new=1e-3 + sum(INTERVALS[word]) / 2,
            interval=None if problem and word == "undecided" else INTERVALS[word],
            scale=1e-3,
            problem=problem,
        )
        for metric, subject, word in words
    ]
    circumstances = Circumstances(
        device="lima",
        old_firmware="1.0",
        new_firmware="1.1",
        inputs={},
        environment={},
        created=created,
    )
    policy = Policy(format="qtregress/policy@1")
    return document(decide(differences, changes, policy=policy), circumstances)


@pytest.fixture(scope="session")
def make_verdict() -> Maker:
    """A function from outcomes (critical ones, then advisory ones) to a verdict."""
    return _verdict
