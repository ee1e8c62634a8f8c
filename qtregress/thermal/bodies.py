"""Bodies of the attenuators: what the films sit on, and how lines warm their neighbours.

A body is far slower than a gate (`Film.body_s`) and far faster than a plate, so it sees mean
power. Everything it passes on goes with the fourth power of temperature, so that one linear
system a stage gives T^4 of all bodies there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.chip import Chip, Film, ThermalLink
from qtregress.errors import InputError

Floats = NDArray[np.float64]

_STRONGEST = 1e4
"""Link over body: beyond, differences of T^4 are lost in rounding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Response:
    """How heat in one line's pads warms the bodies of all lines at a stage.

    Attributes:
        stage: where.
        lines: ``d0``, ``m0``, ... in the order of the matrix.
        k4_per_w: d(T_a^4) / dP_b, shape (k, k); symmetric, nowhere negative.
    """

    stage: str
    lines: tuple[str, ...]
    k4_per_w: Floats


def body_lines(chip: Chip) -> dict[str, dict[str, Film]]:
    """By stage, the drive and readout lines that have a pad there, and their films.

    Pads of one line at one stage share a body; a pad of 0 dB has none.
    """
    found: dict[str, dict[str, Film]] = {}
    for qubit in chip.qubits:
        for line, side in ((f"d{qubit.index}", qubit.drive), (f"m{qubit.index}", qubit.readout)):
            for pad in side.attenuators:
                if pad.attenuation_db > 0:
                    found.setdefault(pad.stage, {})[line] = side.film
    return found


def body_response(chip: Chip, stage: str) -> Response:
    """The response of the bodies at a stage, the inverse of their conductance matrix.

    body_w_per_k4 (T_a^4 - T_plate^4) + sum_b w_ab (T_a^4 - T_b^4) = P_a, with w_ab of
    `Chip.thermal_links` between drive lines: phonons that cross a boundary carry T^4 (Swartz
    and Pohl, Rev. Mod. Phys. 61, 605 (1989)).

    Raises:
        InputError: a link is so strong beside the bodies that numbers cannot tell them apart.
    """
    films = body_lines(chip).get(stage, {})
    lines = tuple(films)
    conductance = np.diag([film.body_w_per_k4 for film in films.values()])
    for link in chip.thermal_links:
        a, b = (f"d{index}" for index in link.qubits)
        if {a, b} <= films.keys():
            _check(link, min(films[a].body_w_per_k4, films[b].body_w_per_k4))
            i, j = lines.index(a), lines.index(b)
            conductance[[i, j], [i, j]] += link.w_per_k4
            conductance[[i, j], [j, i]] -= link.w_per_k4
    inverse = np.linalg.inv(conductance) if lines else np.zeros((0, 0))
    return Response(stage=stage, lines=lines, k4_per_w=inverse)


def _check(link: ThermalLink, body_w_per_k4: float) -> None:
    if link.w_per_k4 > _STRONGEST * body_w_per_k4:
        raise InputError(
            f"w_per_k4 of the thermal link {link.qubits[0]}-{link.qubits[1]} must be at most "
            f"{_STRONGEST:g} body_w_per_k4 = {_STRONGEST * body_w_per_k4:g}, "
            f"but is {link.w_per_k4:g}."
        )


def body_temperatures_k(
    chip: Chip,
    pad_power_w: Mapping[tuple[str, str], float],
    plates_k: Mapping[str, float],
) -> dict[tuple[str, str], float]:
    """Temperature in K of every body by line and stage.

    Args:
        chip: lines, films and links.
        pad_power_w: mean power by line and stage; a body that is not named gets none. Heat of
            flux lines goes straight to the plate: no film of theirs is known.
        plates_k: by stage.

    Raises:
        InputError: a link is too strong, see `body_response`.
        ValueError: a drive or readout line has power where it has no pad.
    """
    found: dict[tuple[str, str], float] = {}
    for stage in body_lines(chip):
        response = body_response(chip, stage)
        powers_w = np.array([pad_power_w.get((line, stage), 0.0) for line in response.lines])
        fourth = plates_k[stage] ** 4 + response.k4_per_w @ powers_w
        found |= {
            (line, stage): float(value) ** 0.25
            for line, value in zip(response.lines, fourth, strict=True)
        }
    lost = [key for key, w in pad_power_w.items() if w and key[0][0] != "f" and key not in found]
    if lost:
        raise ValueError(f"no pad takes the power of {lost}")
    return found


def body_ripple_k(film: Film, *, power_w: float, plate_k: float, rest_s: float) -> float:
    """How far in K a body of that mean power cools while its line rests, at most.

    Its T^4 above the plate's falls as exp(-t / body_s); what a neighbour still gives is left
    out. Small beside the body's temperature where mean power is all that counts.

    Args:
        film: for the body under it.
        power_w: mean power of the pad.
        plate_k: temperature of its plate.
        rest_s: longest time without power.
    """
    rise = power_w / film.body_w_per_k4
    left = rise * math.exp(-rest_s / film.body_s)
    return float((plate_k**4 + rise) ** 0.25 - (plate_k**4 + left) ** 0.25)
