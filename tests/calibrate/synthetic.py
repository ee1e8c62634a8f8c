"""Synthetic telemetry of a known chip, and how far off the numbers found from it are."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from qtregress.calibrate.least_squares import Fitted
from qtregress.calibrate.telemetry import Telemetry
from qtregress.calibrate.thermal import ThermalFit
from qtregress.chip.chip import Chip, Stage
from qtregress.chip.cryostat import cryostat_of
from tests import small

Floats = NDArray[np.float64]

COOLING, UNLOADED = 6.5e-2, 8e-3
"""Of the mixing chamber that the synthetic telemetry is of; the chip has other numbers."""
SEEDS = range(15)


@cache
def alone() -> Chip:
    """One qubit without neighbours."""
    return small.small(0).chip.model_copy(update={"thermal_links": ()})


@cache
def bare() -> Chip:
    """The same in a cryostat without links, so that the law of one plate is the truth."""
    cryostat = cryostat_of(alone()).model_copy(update={"links": ()})
    return alone().model_copy(update={"cryostat": cryostat})


def stage(chip: Chip, name: str = "mxc") -> Stage:
    """A stage of the chip's cryostat."""
    return next(one for one in cryostat_of(chip).stages if one.name == name)


def noise(seed: int, size: int) -> Floats:
    """Standard normals."""
    return np.random.default_rng(seed).normal(size=size)


def cooling_rows(seed: int, *, scatter: float = 0.01, steps: int = 8, each: int = 10) -> Telemetry:
    """Settled rows of the mixing chamber at loads from nothing to its budget."""
    load_w = np.repeat(np.linspace(0.0, 2e-5, steps), each)
    kelvin = np.sqrt(UNLOADED**2 + load_w / COOLING) * np.exp(scatter * noise(seed, len(load_w)))
    return Telemetry(time_s=None, columns={"load_w:mxc": load_w, "temperature_k:mxc": kelvin})


def number(fit: ThermalFit, name: str) -> Fitted:
    """The row of that name."""
    (row,) = [row for row in fit.numbers if row.name == name]
    return row


def sigmas(fit: ThermalFit, truth: Mapping[str, float]) -> list[float]:
    """How many standard uncertainties each number is off."""
    found = []
    for name, value in truth.items():
        row = number(fit, name)
        assert row.status == "fitted", row
        assert row.value is not None
        assert row.uncertainty
        found.append((row.value - value) / row.uncertainty)
    return found


def hit(off: list[list[float]]) -> None:
    """Uncertainties are honest: few truths lie beyond two of them, and they are no wider."""
    distances = np.abs(off)
    assert (distances > 2).mean() <= 0.15
    assert distances.max() < 3.5
    assert 0.6 < np.sqrt((distances**2).mean()) < 1.4
