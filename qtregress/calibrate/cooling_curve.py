"""A plate's cooling curve from telemetry, and the chip whose cryostat has it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qtregress.calibrate.least_squares import (
    LEAST_ROWS,
    MOST_UNCERTAIN,
    Fitted,
    Number,
    Problem,
    fit,
)
from qtregress.calibrate.telemetry import SETTLED_TIMES, Telemetry, settled
from qtregress.chip.chip import Chip, Cryostat, Stage
from qtregress.thermal.plates import cooling_coefficient

Floats = NDArray[np.float64]

_LEAST_SPAN = 1.5
"""Highest over lowest load, below which a curve is a point."""
_MACHINE_UNCERTAINTY = 0.2
"""Of a cooling curve that was not fitted: what machines of one type differ by."""
_CITATION = 300
"""Characters that a cryostat's citation may have."""


def fit_cooling(cryostat: Cryostat, stage: Stage, telemetry: Telemetry) -> list[Fitted]:
    """Coefficient a and unloaded temperature T0 of T^2 = T0^2 + P / a, over settled rows.

    The law is that of `Stage`. P contains what the plate's links bring from other plates whose
    temperature was measured.
    """
    kelvin = telemetry.column("temperature_k", stage.name)
    rows = settled(telemetry, stage) & np.isfinite(kelvin)
    names = (f"cooling_w_per_k2:{stage.name}", f"unloaded_k:{stage.name}")
    old = (cooling_coefficient(stage), stage.unloaded_k)
    load_w = _load_with_links_w(cryostat, stage, telemetry)[rows]
    why = _why_no_curve(stage, telemetry, load_w)
    if why:
        return [
            Fitted(name=name, old=value, reason=why) for name, value in zip(names, old, strict=True)
        ]
    return fit(
        Problem(
            numbers=_curve_numbers(names, old, load_w, kelvin[rows]),
            model=lambda values: _curve(values, load_w),
            observed=np.log(kelvin[rows]),
            along=load_w,
            time_s=telemetry.times(rows),
        )
    )


def _curve_numbers(
    names: Sequence[str], old: Sequence[float], load_w: Floats, kelvin: Floats
) -> tuple[Number, ...]:
    """The coefficient and T0 of a curve, starting from a straight line through T^2."""
    hottest_k, most_w = float(kelvin.max()), float(load_w.max())
    slope, intercept = np.polyfit(load_w / most_w, (kelvin / hottest_k) ** 2, 1)
    scales = (most_w / hottest_k**2, hottest_k)
    starts = (1 / max(float(slope), 1e-3), math.sqrt(max(float(intercept), 1e-3)))
    bounds = ((1e-3, 1e5), (1e-2, 1.0))
    # what rows tell is T0^2, whose relative uncertainty is twice that of T0
    most = (MOST_UNCERTAIN, MOST_UNCERTAIN / 2)
    return tuple(
        Number(
            name=names[k],
            old=old[k],
            start=scales[k] * starts[k],
            low=scales[k] * bounds[k][0],
            high=scales[k] * bounds[k][1],
            spread=_MACHINE_UNCERTAINTY,
            most=most[k],
        )
        for k in range(2)
    )


def _curve(values: Floats, load_w: Floats) -> Floats:
    """Logarithm of T at these loads; links may cool, but no plate to nothing."""
    squares = values[1] ** 2 + load_w / values[0]
    return np.asarray(0.5 * np.log(np.maximum(squares, 1e-6 * values[1] ** 2)))


def _load_with_links_w(cryostat: Cryostat, stage: Stage, telemetry: Telemetry) -> Floats:
    """The plate's load and what links bring it beyond its unloaded state, shape (n,)."""
    load_w = telemetry.column("load_w", stage.name).copy()
    own_k = telemetry.column("temperature_k", stage.name)
    unloaded_k = {one.name: one.unloaded_k for one in cryostat.stages}
    for link in cryostat.links:
        if stage.name not in link.stages:
            continue
        (other,) = set(link.stages) - {stage.name}
        apart_k = telemetry.column("temperature_k", other) - own_k
        apart_k -= unloaded_k[other] - unloaded_k[stage.name]
        load_w += link.w_per_k * np.nan_to_num(apart_k, nan=0.0)
    return load_w


def _why_no_curve(stage: Stage, telemetry: Telemetry, used_w: Floats) -> str:
    """Why a stage's rows cannot give its cooling curve, empty where they may."""
    if not telemetry.has("load_w", stage.name):
        return f"the telemetry has no load_w:{stage.name}"
    if len(used_w) < LEAST_ROWS:
        return (
            f"at least {LEAST_ROWS} settled rows are needed, but there are {len(used_w)} (the "
            f"load must stand still for {SETTLED_TIMES:g} time constants)"
        )
    low_w, high_w = float(used_w.min()), float(used_w.max())
    if high_w < _LEAST_SPAN * low_w or high_w <= 0:
        return (
            f"settled loads must span a factor of {_LEAST_SPAN:g}, "
            f"but lie between {low_w:.3g} and {high_w:.3g} W"
        )
    return ""


def with_cooling(chip: Chip, cryostat: Cryostat, found: Mapping[str, Fitted]) -> Chip:
    """The chip in its cryostat with the fitted curves; as it was where nothing was fitted."""
    stages = tuple(_cooled(stage, found) for stage in cryostat.stages)
    fitted = [new.name for new, old in zip(stages, cryostat.stages, strict=True) if new != old]
    if not fitted:
        return chip
    base = cryostat.name.removesuffix("-fitted")[:57]
    note = f"; cooling of {', '.join(fitted)} fitted to telemetry"
    citation = cryostat.citation.partition("; cooling of ")[0]
    cited = citation[: _CITATION - len(note)] + note
    update = {"name": f"{base}-fitted", "stages": stages, "citation": cited[:_CITATION]}
    return chip.model_copy(update={"cryostat": cryostat.model_copy(update=update)})


def _cooled(stage: Stage, found: Mapping[str, Fitted]) -> Stage:
    """The stage with its curve through the same rated temperature, where that is possible."""
    numbers = [found.get(f"{kind}:{stage.name}") for kind in ("cooling_w_per_k2", "unloaded_k")]
    if not any(row and row.status == "fitted" for row in numbers):
        return stage
    per_k2, unloaded_k = (
        old if row is None or row.status != "fitted" or row.value is None else row.value
        for row, old in zip(numbers, (cooling_coefficient(stage), stage.unloaded_k), strict=True)
    )
    # a plate that rests above its rated temperature is rated anew
    rated_k = max(stage.temperature_k, 1.5 * unloaded_k)
    return stage.model_copy(
        update={
            "temperature_k": rated_k,
            "unloaded_k": unloaded_k,
            "cooling_power_w": per_k2 * (rated_k**2 - unloaded_k**2),
        }
    )
