"""A plate's cooling curve from synthetic telemetry of a known machine."""

import numpy as np
import pytest

from qtregress.calibrate.telemetry import Telemetry
from qtregress.calibrate.thermal import fit_thermal
from qtregress.chip.cryostat import cryostat_of
from qtregress.thermal.plates import cooling_coefficient
from tests.calibrate.synthetic import (
    COOLING,
    SEEDS,
    UNLOADED,
    alone,
    bare,
    cooling_rows,
    hit,
    noise,
    number,
    sigmas,
    stage,
)


@pytest.mark.physics
def test_the_cooling_curve_is_found() -> None:
    """T^2 = T0^2 + P / a gives both numbers back within their uncertainties, seed by seed."""
    truth = {"cooling_w_per_k2:mxc": COOLING, "unloaded_k:mxc": UNLOADED}

    hit([sigmas(fit_thermal(bare(), cooling_rows(seed)), truth) for seed in SEEDS])


def test_exact_rows_give_exact_numbers() -> None:
    """Without scatter the law comes back to rounding."""
    fit = fit_thermal(bare(), cooling_rows(0, scatter=0.0))

    assert number(fit, "cooling_w_per_k2:mxc").value == pytest.approx(COOLING, rel=1e-6)
    assert number(fit, "unloaded_k:mxc").value == pytest.approx(UNLOADED, rel=1e-6)


def test_the_chip_gets_the_curve() -> None:
    """The stage cools as was measured, through the temperature it is rated at."""
    fit = fit_thermal(bare(), cooling_rows(0, scatter=0.0))
    found = stage(fit.chip)

    assert cooling_coefficient(found) == pytest.approx(COOLING, rel=1e-6)
    assert found.temperature_k == stage(bare()).temperature_k
    assert cryostat_of(fit.chip).name == "krinner-2019-xld-fitted"


def test_other_stages_stay() -> None:
    """Telemetry of the mixing chamber says nothing about the cold plate."""
    fit = fit_thermal(bare(), cooling_rows(0))

    assert stage(fit.chip, "cp") == stage(bare(), "cp")


def test_a_named_cryostat_becomes_an_inline_one() -> None:
    """Numbers of one's own cannot stay behind the name of a built-in."""
    chip = alone()
    assert chip.cryostat == "krinner-2019-xld"
    fit = fit_thermal(chip, cooling_rows(0))

    assert "cooling of mxc fitted to telemetry" in cryostat_of(fit.chip).citation


def test_fitting_twice_changes_nothing() -> None:
    """Names and citations do not grow, numbers are found again."""
    once = fit_thermal(bare(), cooling_rows(0)).chip
    again = fit_thermal(once, cooling_rows(0)).chip

    assert (cryostat_of(again).name, cryostat_of(again).citation) == (
        cryostat_of(once).name,
        cryostat_of(once).citation,
    )
    assert stage(again).unloaded_k == pytest.approx(stage(once).unloaded_k, rel=1e-6)


def test_a_plate_warmer_than_its_rating_is_rated_anew() -> None:
    """A machine that rests at 30 mK is no error, and its file stays valid."""
    load_w = np.repeat(np.linspace(0.0, 2e-4, 6), 5)
    kelvin = np.sqrt(30e-3**2 + load_w / COOLING)
    rows = {"load_w:mxc": load_w, "temperature_k:mxc": kelvin}
    found = stage(fit_thermal(bare(), Telemetry(time_s=None, columns=rows)).chip)

    assert found.unloaded_k == pytest.approx(30e-3, rel=1e-6)
    assert found.temperature_k > found.unloaded_k


def test_heat_through_links_is_no_cooling() -> None:
    """What a warm cold plate passes down is counted as load."""
    chip = alone()
    mxc, cp = stage(chip), stage(chip, "cp")
    (per_k,) = [one.w_per_k for one in cryostat_of(chip).links if set(one.stages) == {"cp", "mxc"}]
    load_w = np.repeat(np.linspace(0.0, 2e-5, 8), 5)
    cold_k = np.linspace(0.082, 0.4, 40)
    kelvin = np.full(40, mxc.unloaded_k)
    for _ in range(50):
        linked_w = per_k * ((cold_k - kelvin) - (cp.unloaded_k - mxc.unloaded_k))
        kelvin = np.sqrt(mxc.unloaded_k**2 + (load_w + linked_w) / COOLING)
    rows = {"load_w:mxc": load_w, "temperature_k:mxc": kelvin, "temperature_k:cp": cold_k}
    fit = fit_thermal(chip, Telemetry(time_s=None, columns=rows))

    assert number(fit, "cooling_w_per_k2:mxc").value == pytest.approx(COOLING, rel=1e-6)


def test_links_that_take_all_the_heat_leave_the_curve_open() -> None:
    """A neighbour far colder than at rest would make the load negative."""
    rows = {
        "load_w:mxc": np.linspace(1e-9, 2e-9, 20),
        "temperature_k:mxc": np.linspace(0.02, 0.03, 20),
        "temperature_k:cp": np.full(20, 0.01),
    }
    fit = fit_thermal(alone(), Telemetry(time_s=None, columns=rows))

    assert number(fit, "cooling_w_per_k2:mxc").status == "undetermined"
    assert fit.chip == alone()


def test_one_load_cannot_give_a_curve() -> None:
    """A point has no slope: both numbers stay, and it is said why."""
    load_w = np.full(40, 1e-5)
    kelvin = np.sqrt(UNLOADED**2 + load_w / COOLING) * np.exp(0.01 * noise(0, 40))
    rows = {"load_w:mxc": load_w, "temperature_k:mxc": kelvin}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    assert {row.status for row in fit.numbers} == {"undetermined"}
    assert "must span a factor of 1.5" in fit.numbers[0].reason
    assert fit.chip == bare()


@pytest.mark.parametrize("seed", SEEDS)
def test_loads_far_above_rest_leave_the_rest_open(seed: int) -> None:
    """At 100 mK nobody sees whether the plate would rest at 8 mK; the slope is still good."""
    load_w = np.repeat(np.linspace(5e-4, 2e-3, 8), 10)
    kelvin = np.sqrt(UNLOADED**2 + load_w / COOLING) * np.exp(0.02 * noise(seed, 80))
    rows = {"load_w:mxc": load_w, "temperature_k:mxc": kelvin}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    assert number(fit, "unloaded_k:mxc").status == "undetermined"
    assert stage(fit.chip).unloaded_k == stage(bare()).unloaded_k
    assert number(fit, "cooling_w_per_k2:mxc").value == pytest.approx(COOLING, rel=0.03)


def test_scatter_alone_gives_nothing() -> None:
    """Temperatures that do not follow the load determine no cooling."""
    rows = cooling_rows(0)
    kelvin = 0.02 * np.exp(0.5 * noise(5, rows.rows))
    wild = Telemetry(time_s=None, columns={**rows.columns, "temperature_k:mxc": kelvin})
    fit = fit_thermal(bare(), wild)

    assert number(fit, "cooling_w_per_k2:mxc").status == "undetermined"


def test_another_law_is_a_poor_fit() -> None:
    """A plate whose T, not T^2, is linear in the load is not written into the chip."""
    load_w = np.repeat(np.linspace(0.0, 2e-5, 8), 10)
    kelvin = (0.010 + 5e2 * load_w) * np.exp(0.005 * noise(0, 80))
    rows = {"load_w:mxc": load_w, "temperature_k:mxc": kelvin}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    assert {row.status for row in fit.numbers} == {"poor fit"}
    assert "not explained by the law" in fit.numbers[0].reason
    assert fit.chip == bare()
