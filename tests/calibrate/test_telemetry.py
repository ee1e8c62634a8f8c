"""Which rows show a settled plate, and what is said of the others."""

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.calibrate.telemetry import Telemetry, sampling, settled
from qtregress.calibrate.thermal import fit_thermal
from qtregress.chip.chip import Chip
from qtregress.chip.cryostat import cryostat_of
from qtregress.thermal.plates import relaxation_s
from tests.calibrate.synthetic import (
    COOLING,
    UNLOADED,
    bare,
    cooling_rows,
    noise,
    number,
    stage,
)

Floats = NDArray[np.float64]


def with_heat_capacity(joule_per_k2: float | None) -> Chip:
    """The bare chip with another mixing chamber."""
    cryostat = cryostat_of(bare())
    stages = tuple(
        one.model_copy(update={"heat_capacity_j_per_k2": joule_per_k2})
        if one.name == "mxc"
        else one
        for one in cryostat.stages
    )
    return bare().model_copy(update={"cryostat": cryostat.model_copy(update={"stages": stages})})


def relaxing(minutes: float, chip: Chip, *, interval_s: float = 60.0) -> Telemetry:
    """The mixing chamber under loads that change every so many minutes, relaxing in between."""
    tau_s = relaxation_s(stage(chip))
    each = round(minutes * 60 / interval_s)
    load_w = np.repeat([0.0, 4e-6, 1e-5, 2e-5, 1.5e-5, 6e-6, 0.0, 1e-5], each)
    squares = np.empty(len(load_w))
    now = UNLOADED**2
    for k, watt in enumerate(load_w.tolist()):
        end = UNLOADED**2 + watt / COOLING
        now = end + (now - end) * np.exp(-interval_s / tau_s)
        squares[k] = now
    kelvin = np.sqrt(squares) * np.exp(0.003 * noise(3, len(load_w)))
    return Telemetry(
        time_s=np.arange(len(load_w), dtype=np.float64) * interval_s + 1.7e9,
        columns={"load_w:mxc": load_w, "temperature_k:mxc": kelvin},
    )


def test_only_settled_rows_count() -> None:
    """With hours at each load the curve is right although every step has a transient."""
    telemetry = relaxing(120, bare())
    fit = fit_thermal(bare(), telemetry)
    cooling = number(fit, "cooling_w_per_k2:mxc")

    assert cooling.value == pytest.approx(COOLING, rel=0.01)
    assert cooling.goodness is not None
    assert cooling.goodness.rows < telemetry.rows


def test_rows_wait_five_time_constants() -> None:
    """Exactly those within five time constants of a change of load are left out."""
    telemetry = relaxing(120, bare())
    wait_s = 5 * relaxation_s(stage(bare()))
    since_s = np.tile(60.0 * np.arange(120), 8)

    assert np.array_equal(settled(telemetry, stage(bare())), since_s >= wait_s)


def test_transients_alone_are_refused() -> None:
    """Loads that never stand still show no steady state."""
    fit = fit_thermal(bare(), relaxing(5, bare()))

    assert {row.status for row in fit.numbers} == {"undetermined"}
    assert "settled rows are needed" in fit.numbers[0].reason


def test_a_gap_starts_the_wait_anew() -> None:
    """Nobody saw what the load did in between."""
    telemetry = relaxing(120, bare())
    assert telemetry.time_s is not None
    late: Floats = telemetry.time_s + np.where(np.arange(telemetry.rows) >= 80, 36_000.0, 0.0)
    gapped = Telemetry(time_s=late, columns=telemetry.columns)

    assert settled(telemetry, stage(bare()))[81]
    assert not settled(gapped, stage(bare()))[81]


def test_sparse_sampling_is_said() -> None:
    """Rows an hour apart cannot follow minutes."""
    telemetry = relaxing(120, bare(), interval_s=3600.0)

    assert any("sampled too sparsely" in sentence for sentence in sampling(bare(), telemetry))


def test_unused_rows_are_said() -> None:
    """How many rows are settled is part of the report."""
    telemetry = relaxing(120, bare())
    used = settled(telemetry, stage(bare())).sum()

    assert any(f"{used} of {telemetry.rows} rows" in s for s in sampling(bare(), telemetry))


def test_an_assumed_time_constant_is_said() -> None:
    """A cryostat without heat capacity gets that of a slow plate, aloud."""
    chip = with_heat_capacity(None)

    found = sampling(chip, relaxing(120, bare()))
    assert any("gives no heat_capacity_j_per_k2" in sentence for sentence in found)


def test_rows_without_times_are_settled() -> None:
    """A table of steady states needs no clock."""
    telemetry = cooling_rows(0)

    assert settled(telemetry, stage(bare())).all()
    assert "each is taken as measured after everything settled" in sampling(bare(), telemetry)[0]
