"""Losses from a propagation's own quadrature nodes, with dense operators."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dissipators import ladders
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.fast import propagate
from qtregress.channels.paths import FlatTop, Ramp
from qtregress.channels.problem import GateProblem
from qtregress.chip.bath import TransmonRates

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Bath = tuple[TransmonRates, ...]

_FLAT_NODES = 301
"""Of a flat top: 0.2 ns on those of lima."""


def silence(problem: GateProblem) -> Bath:
    """A bath without any process."""
    steps = problem.patch.levels[0] - 1
    still = TransmonRates(down=(0.0,) * steps, up=(0.0,) * steps, dephasing=0.0)
    return (still,) * len(problem.qubits)


def integrated_losses_s(problem: GateProblem) -> Floats:
    """Int dt [(d + 1) Tr V†L†LV - |Tr V†LV|**2 - ||V†LV||**2] / (d (d + 1)), V = U P.

    For the processes of ``ladders`` down and then up, shape (2, j), at nodes of fourth order.
    """
    lower = np.array([one.lower for one in ladders(problem.patch, silence(problem))])
    d = len(problem.patch.computational)
    total = np.zeros((2, len(lower)))
    for states, weights_s in _nodes(problem):
        for way, operators in enumerate((lower, lower.conj().swapaxes(1, 2))):
            moved = operators @ states[:, None]
            overlap = states.conj().swapaxes(1, 2)[:, None] @ moved
            lost = (d + 1) * np.sum(np.abs(moved) ** 2, axis=(2, 3))
            lost -= np.abs(np.trace(overlap, axis1=2, axis2=3)) ** 2
            lost -= np.sum(np.abs(overlap) ** 2, axis=(2, 3))
            total[way] += weights_s @ lost
    return total / (d * (d + 1))


def _nodes(problem: GateProblem) -> Iterator[tuple[Complex, Floats]]:
    """States that computational inputs become, (t, n, d), and weights in s, shape (t,)."""
    found = propagate(problem, compile_patch(problem.patch))
    reached = np.eye(problem.patch.dimension, dtype=complex)[:, problem.patch.computational]
    for leg in found.legs[0]:
        path = found.paths[leg.part]
        inputs = np.exp(1j * leg.before_rad)[:, None] * reached
        for piece in path.pieces:
            yield _piece(piece, inputs)
        reached = np.exp(1j * leg.after_rad)[:, None] * (path.final @ inputs)


def _piece(piece: Ramp | FlatTop, inputs: Complex) -> tuple[Complex, Floats]:
    if isinstance(piece, Ramp):
        return piece.nodes @ inputs, piece.weights_s
    times_s = np.linspace(0, piece.steps * piece.step_s, _FLAT_NODES)
    weights_s = np.full(_FLAT_NODES, times_s[1])
    weights_s[0] = weights_s[-1] = times_s[1] / 2
    turned = np.exp(-1j * piece.energies_rad_s * times_s[:, None])
    return piece.vectors @ (turned[:, :, None] * (piece.into @ inputs)), weights_s
