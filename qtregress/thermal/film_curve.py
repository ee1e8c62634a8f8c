"""The one curve that every film follows while its power is constant.

With T_inf = (T_body^5 + P / (Sigma V))^(1/5), x = T / T_inf and time s in units of the film's own
time gamma / (5 Sigma T_inf^3), the balance gamma V T dT/dt = P - Sigma V (T^5 - T_body^5)
reads dx/ds = (1 - x^5) / (5 x). A function of x falls exactly as exp(-s); it is tabulated
once, so that no step is ever too long, however hot or cold the film.

The integral of 5 x dx / (1 - x^5) is -sum r^2 ln(x - r) over the fifth roots of unity r. What
falls as exp(-s) is therefore (1 - x) times a smooth function of x.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NEAR = 1e-3
"""Where a film is as good as at the temperature that its power leads to."""

_CELLS = 8192
_COLDEST = 1e-15
"""x^-3 that stands for zero."""


def _clock(x: Floats) -> Floats:
    """What falls as exp(-s) along dx/ds = (1 - x^5) / (5 x); positive below 1."""
    smooth = np.zeros_like(x)
    for root in np.exp(2j * np.pi * np.array([1, 2]) / 5):
        smooth -= 2 * (root**2 * (np.log(x - root) - np.log(1 - root))).real
    return np.asarray((1 - x) * np.exp(-smooth))


def _place(squares: Floats) -> Floats:
    """Where x^2 stands on the table: x^2 up to one, 2 - x^-3 beyond; the clock is smooth in it."""
    safe = np.maximum(squares, 1.0)
    return np.where(squares <= 1, squares, 2 - 1 / (safe * np.sqrt(safe)))


def _squares(place: Floats) -> Floats:
    """The inverse of `_place`."""
    return np.where(place <= 1, place, np.clip(2 - place, _COLDEST, 1.0) ** (-2 / 3))


_PLACES = np.linspace(0.0, 2.0, 2 * _CELLS + 1)

_FALLING = -_clock(np.sqrt(_squares(_PLACES)))
"""Minus the clock at these places; it rises, as interpolation wants."""

_SLOPES = np.append(np.diff(_FALLING), 0.0)


def flow(squares: Floats, film_times: Floats) -> Floats:
    """x^2 after so many film times; exact but for a table of 1e-8. Any equal shapes."""
    place = _place(squares) * _CELLS
    cell = place.astype(np.intp)
    clock = _FALLING[cell] + (place - cell) * _SLOPES[cell]
    return _squares(np.interp(clock * np.exp(-film_times), _FALLING, _PLACES))


def remaining(before: Floats, after: Floats, times: Floats) -> Floats:
    """How much of a change of x^2 before a step is left after it.

    The ratio of the speeds 1 - x^5, for a flow that depends on x alone; next to x = 1 both
    vanish, and exp(-s) is left.
    """
    first, last = (1 - squares**2 * np.sqrt(squares) for squares in (before, after))
    near = np.abs(first) < _NEAR
    return np.where(near, np.exp(-times), last / np.where(near, 1.0, first))
