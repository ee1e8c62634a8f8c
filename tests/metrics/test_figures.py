"""Figures of gates by themselves, as metrics."""

from dataclasses import replace

import pytest

from qtregress.metrics.figures import figures_metrics, trusted_figures
from tests import small


def test_figures_agree_with_the_metrics_that_decide() -> None:
    """The process infidelity is the average one at d = 2, leakage taken into account."""
    measured = small.old(0)
    figures = figures_metrics(trusted_figures(measured[0]))
    average = small.value_of(measured[1], "gate.error/x:0")
    lost = small.value_of(measured[1], "gate.leakage/x:0")

    assert small.value_of(figures, "gate.process_infidelity/x:0") == pytest.approx(
        (3 * average - lost) / 2, rel=1e-6, abs=0
    )


def test_a_map_that_may_be_wrong_has_no_figures() -> None:
    """Nobody is shown numbers of it."""
    measurement = small.old(0)[0]
    doubtful = replace(measurement.channels["x:0"], error_estimate=1.0)
    channels = {**measurement.channels, "x:0": doubtful}

    assert set(trusted_figures(replace(measurement, channels=channels))) == {"id:0", "sx:0"}
