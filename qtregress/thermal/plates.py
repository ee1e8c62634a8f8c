"""How warm the plates of a cryostat get under a steady load, and their law of cooling.

Plate i stores C = Gamma T, cools a (T^2 - T0^2) and passes heat to its neighbours:

    Gamma_i T_i dT_i/dt = P_i - a_i (T_i^2 - T0_i^2) + sum_j G_ij ((T_j - T_i) - (T0_j - T0_i))

Links act beyond the unloaded state, since what they pass there is part of the measured T0.
Plates answer over seconds to minutes, so that P is the power averaged over gates.

Nothing here fails silently: a result has a status, "ok" or what went wrong, with advice. The
cooling law is known between a plate's two measured points; up to three times its budget it is
extrapolated and the advice says so, beyond that the status is "overload".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.chip import Cryostat, Stage
from qtregress.errors import InputError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

KNOWN_BUDGETS = 3.0
"""Loads up to so many times the budget are extrapolated, beyond that the law says nothing."""

_RESIDUAL = 1e-10
"""Largest residual of a steady state, in units of each stage's budget."""

_ROUGH_RESIDUAL = 1e-6
"""The same where links pass so much that a float cannot hold less."""

_LARGEST_W = 1e6

MOST_STEPS = 60
"""Steps after which Newton's method has failed."""

NOT_CONVERGED = (
    "not converged",
    (
        "The plates' temperatures were not found: check the cryostat's cooling powers, heat "
        "capacities and links, and the loads."
    ),
)


def cooling_coefficient(stage: Stage) -> float:
    """Coefficient a in W/K^2 of the cooling power a (T^2 - T0^2) through the stage's budget.

    A dilution refrigerator's balance, Pobell, Matter and Methods at Low Temperatures (2007),
    chapter 7; for the warmer plates an interpolation between two known points.
    """
    return stage.cooling_power_w / (stage.temperature_k**2 - stage.unloaded_k**2)


def plate_load_w(stage: Stage, temperature_k: float) -> float:
    """Load in W that holds the plate at that temperature, its neighbours apart."""
    return cooling_coefficient(stage) * (temperature_k**2 - stage.unloaded_k**2)


def plate_temperature_k(stage: Stage, load_w: float) -> float:
    """Temperature in K of the plate at a mean load; the inverse of `plate_load_w`.

    With a heat capacity proportional to T the mean of T^2 is exactly T0^2 + mean(P) / a,
    however the load comes and goes.
    """
    return math.sqrt(stage.unloaded_k**2 + load_w / cooling_coefficient(stage))


def relaxation_s(stage: Stage) -> float:
    """Time constant in s of T^2 at the plate, Gamma / (2 a); 0 without a heat capacity.

    (Gamma / 2) du/dt = P - a (u - T0^2) with u = T^2 and C = Gamma T.
    """
    return (stage.heat_capacity_j_per_k2 or 0.0) / (2 * cooling_coefficient(stage))


def utilization(stage: Stage, load_w: float) -> float:
    """Share of the stage's cooling power that the load takes."""
    return load_w / stage.cooling_power_w


def unloaded_temperatures_k(cryostat: Cryostat) -> dict[str, float]:
    """Temperatures in K by stage when nothing is played and no line is there."""
    return {stage.name: stage.unloaded_k for stage in cryostat.stages}


def passive_load_w(cryostat: Cryostat, lines: Mapping[str, int]) -> dict[str, float]:
    """Heat in W by stage that the cables conduct.

    Args:
        cryostat: with what one line of each kind conducts.
        lines: how many there are by kind: ``drive``, ``readout``, ``output``, ``flux``.

    Raises:
        InputError: a kind is unknown or a number negative.
    """
    kinds = tuple(type(cryostat.stages[0].passive_w).model_fields)
    for kind, count in lines.items():
        if kind not in kinds or count < 0:
            message = (
                f"Lines must be given as numbers of {', '.join(kinds)} lines, "
                f"but include {count} of {kind}."
            )
            raise InputError(message)
    return {
        stage.name: sum(
            count * float(getattr(stage.passive_w, kind)) for kind, count in lines.items()
        )
        for stage in cryostat.stages
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plates:
    """The plates under a steady load.

    Attributes:
        temperature_k: by stage; as the cooling law has it where the status is "overload" or
            "inverted", empty where it is "not converged".
        load_w: by stage.
        utilization: share of the budget that the load takes, by stage.
        residual_w: heat by stage that the solution leaves unbalanced; empty where there is none.
        status: "ok", or "overload", "inverted" (a colder plate would be warmer than the one
            above it) or "not converged".
        advice: what to do about it; where a plate is warmer than its rated point, that it is.
    """

    temperature_k: Mapping[str, float]
    load_w: Mapping[str, float]
    utilization: Mapping[str, float]
    residual_w: Mapping[str, float]
    status: str
    advice: str


def steady(cryostat: Cryostat, load_w: Mapping[str, float]) -> Plates:
    """The plates at a load that never changes.

    There is always one solution; the status says whether it can be believed.

    Args:
        cryostat: one that `qtregress.chip.cryostat.resolve` accepts.
        load_w: by stage; a stage that is not named has none.

    Raises:
        InputError: a load is negative, absurd or at no stage of the cryostat.
    """
    network = network_of(cryostat)
    power_w = powers_w(cryostat, load_w)
    with np.errstate(all="ignore"):
        rise_k = balance(network, power_w)
        residual_w = network.outflow_w(rise_k) - power_w
        settled = network.is_balanced(rise_k, residual_w)
        shares = power_w / network.budget_w
    temperature_k = network.base_k + rise_k
    status, advice = judge(cryostat, temperature_k) if settled else NOT_CONVERGED
    names = [stage.name for stage in cryostat.stages]
    return Plates(
        temperature_k=dict(zip(names, temperature_k.tolist(), strict=True)) if settled else {},
        load_w=dict(zip(names, power_w.tolist(), strict=True)),
        utilization=dict(zip(names, shares.tolist(), strict=True)),
        residual_w=dict(zip(names, residual_w.tolist(), strict=True)) if settled else {},
        status=status,
        advice=advice,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """Plates around a state in which the loads at hand are zero, n from warm to cold.

    Attributes:
        cooling: a in W/K^2, shape (n,).
        base_k: temperatures of that state, shape (n,).
        links: heat in W per K of rise that leaves each plate by its links, shape (n, n).
        budget_w: cooling powers, shape (n,).
    """

    cooling: Floats
    base_k: Floats
    links: Floats
    budget_w: Floats

    def outflow_w(self, rise_k: Floats) -> Floats:
        """Heat that leaves the plates at temperatures base + rise, shape (..., n)."""
        own_w = self.cooling * rise_k * (rise_k + 2 * self.base_k)
        return np.asarray(own_w + rise_k @ self.links)

    def slope(self, rise_k: Floats) -> Floats:
        """Derivative of `outflow_w` in W/K, shape (..., n, n)."""
        own = 2 * self.cooling * (rise_k + self.base_k)
        return np.asarray(self.links + own[..., None] * np.eye(len(self.cooling)))

    def is_balanced(self, rise_k: Floats, residual_w: Floats) -> bool:
        """Whether what is left of the loads, shape (n,), is nothing."""
        grain_w = 8 * np.finfo(np.float64).eps * (np.abs(self.links) @ np.abs(rise_k))
        limits_w = _RESIDUAL * self.budget_w, _ROUGH_RESIDUAL * self.budget_w
        return bool(np.all(np.abs(residual_w) <= np.clip(grain_w, *limits_w)))


def network_of(cryostat: Cryostat) -> Network:
    """The plates around their unloaded state."""
    stages = cryostat.stages
    names = [stage.name for stage in stages]
    links = np.zeros((len(stages), len(stages)))
    for link in cryostat.links:
        pair = [names.index(name) for name in link.stages]
        links[np.ix_(pair, pair)] += link.w_per_k * np.array([[1, -1], [-1, 1]])
    return Network(
        cooling=np.array([cooling_coefficient(stage) for stage in stages]),
        base_k=np.array([stage.unloaded_k for stage in stages]),
        links=links,
        budget_w=np.array([stage.cooling_power_w for stage in stages]),
    )


def balance(
    network: Network,
    power_w: Floats,
    *,
    held: Flags | None = None,
    rise_k: Floats | None = None,
) -> Floats:
    """Rises at which plates pass on what they receive, shape (..., n); NaN where none is found.

    The outflow is convex and its derivative an M-matrix, so Newton's method started above the
    solution falls towards it and cannot miss (Ortega and Rheinboldt, Iterative Solution of
    Nonlinear Equations in Several Variables (1970), theorem 13.3.4). All plates as warm as the
    warmest would be alone are above it, because then links pass nothing.

    Args:
        network: the plates.
        power_w: their loads, shape (..., n).
        held: plates that stay at ``rise_k``, shape (n,).
        rise_k: of the held plates, shape (..., n).
    """
    held = np.zeros(len(network.cooling), dtype=bool) if held is None else held
    fixed_k = np.zeros_like(power_w) if rise_k is None else np.where(held, rise_k, 0.0)
    lift = np.maximum(power_w, 0.0) / network.cooling
    alone_k = lift / (network.base_k + np.sqrt(network.base_k**2 + lift))
    above_k = np.where(held, np.maximum(fixed_k, 0.0), alone_k).max(axis=-1, keepdims=True)
    found_k = np.where(held, fixed_k, above_k)
    identity = np.eye(len(held))
    for _ in range(MOST_STEPS):
        excess_w = np.where(held, 0.0, network.outflow_w(found_k) - power_w)
        slope = np.where(held[:, None], identity, network.slope(found_k))
        try:
            step_k = np.linalg.solve(slope, excess_w[..., None])[..., 0]
        except np.linalg.LinAlgError:
            return np.full_like(found_k, np.nan)
        found_k = found_k - step_k
        if bool(np.all(np.abs(step_k) <= 1e-14 * np.abs(found_k))):
            break
    return found_k


def judge(cryostat: Cryostat, temperature_k: Floats) -> tuple[str, str]:
    """Status and advice, as of `Plates`, for temperatures in K of shape (..., n)."""
    rows = temperature_k.reshape(-1, len(cryostat.stages))
    peaks = dict(zip(cryostat.stages, rows.max(axis=0).tolist(), strict=True))
    for stage, peak_k in peaks.items():
        most_w = plate_load_w(stage, peak_k)
        if most_w > KNOWN_BUDGETS * stage.cooling_power_w:
            return "overload", (
                f"Stage {stage.name} would be at {peak_k:.4g} K and have to cool {most_w:.3g} W, "
                f"{most_w / stage.cooling_power_w:.3g} times its budget: drive fewer lines, "
                "less often or more weakly, or declare a larger cryostat."
            )
    for column, (warmer, colder) in enumerate(pairwise(cryostat.stages)):
        if bool(np.any(rows[:, column + 1] >= rows[:, column])):
            return "inverted", (
                f"Stage {colder.name} would be as warm as {warmer.name} above it, for which the "
                "cooling law does not hold: put less load there, or list stages from warm to cold."
            )
    hot = [
        f"{stage.name} ({peak_k:.4g} K, rated {stage.temperature_k:g} K)"
        for stage, peak_k in peaks.items()
        if peak_k > stage.temperature_k * (1 + 1e-9)
    ]
    return "ok", f"Extrapolated beyond the rated point: {', '.join(hot)}." if hot else ""


def powers_w(cryostat: Cryostat, load_w: Mapping[str, float]) -> Floats:
    """Loads in W of all stages, warm to cold, shape (n,); a stage that is not named has none.

    Raises:
        InputError: a load is negative, absurd or at no stage of the cryostat.
    """
    names = [stage.name for stage in cryostat.stages]
    for name, power_w in load_w.items():
        if name not in names:
            message = f"Loads must be at {', '.join(names)}, but one is at {name}."
            raise InputError(message)
        if not 0 <= power_w <= _LARGEST_W:
            message = (
                f"The load of stage {name} must be from 0 W to {_LARGEST_W:g} W, "
                f"but is {power_w:g} W."
            )
            raise InputError(message)
    return np.array([load_w.get(name, 0.0) for name in names], dtype=np.float64)
