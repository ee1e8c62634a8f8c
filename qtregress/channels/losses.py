"""What each jump process costs a gate, to first order in its rate and without any map.

In the picture of the lossless U(t) a process L of rate r adds r Int dt D[L~], L~ = U†LU, to
the map. Put into the average fidelity of ``channel.average_fidelity``, leakage counted as
error, the two sums over the d computational states give

    Sum_ij <i|D[L~](|i><j|)|j> = |Tr P L~|**2 - d Tr P L~†L~,
    Tr P D[L~](P) = ||P L~ P||**2 - Tr P L~†L~,

so that the error grows by r g with

    g = Int dt [(d + 1) Tr P L~†L~ - |Tr P L~|**2 - ||P L~ P||**2] / (d (d + 1)).

U enters through G(t) = U P U† alone: Tr P L~ = Tr G L, ||P L~ P||**2 = Tr G L G L†. The
error is counted against the unitary that the pulses play; where U itself leaks by L1, each g
is off by about L1 times the gate's duration.
"""

import math
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dissipators import Ladder
from qtregress.channels.fast import Bath, Propagation
from qtregress.channels.paths import FlatTop, Ramp

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

_CHUNK = 256
"""Nodes at once: more need more memory than the caches hold."""
_FLAT_NODE_S = 0.5e-9
"""Between nodes of a flat top: short against every beat of neighbouring levels."""


def losses_s(propagation: Propagation, processes: Sequence[Ladder]) -> tuple[Floats, Floats]:
    """What each process costs the gate a unit of its rate, in s: (down, up), shape (j,) each.

    At the first start phase. ``processes`` are those of ``ladders``, j of them; their rates
    do not matter. The sum of rate times loss is by how much the bath raises the gate's error,
    to first order.
    """
    down, up = np.zeros(len(processes)), np.zeros(len(processes))
    n, at = propagation.patch.dimension, propagation.patch.computational
    populations = np.zeros(n)
    kept = np.zeros(len(processes))
    for reached, weights_s in _nodes(propagation):
        occupied = reached @ reached.conj().swapaxes(1, 2)
        populations += weights_s @ np.einsum("tii->ti", occupied).real
        kept += [_kept(occupied, weights_s, one) for one in processes]
    d = len(at)
    for number, one in enumerate(processes):
        square = np.abs(one.lower) ** 2
        down[number] = (d + 1) * populations @ square.sum(axis=0) - kept[number]
        up[number] = (d + 1) * populations @ square.sum(axis=1) - kept[number]
    return down / (d * (d + 1)), up / (d * (d + 1))


def rates_per_s(bath: Bath) -> tuple[Floats, Floats]:
    """Rates of the processes of ``ladders`` in 1/s, in its order: (down, up), shape (j,) each."""
    down = [[*rates.down, 2 * rates.dephasing] for rates in bath]
    up = [[*rates.up, 0.0] for rates in bath]
    return np.concatenate(down), np.concatenate(up)


def _kept(occupied: Complex, weights_s: Floats, process: Ladder) -> float:
    """Integral of |Tr G L|**2 + Tr G L G L† over nodes G (t, n, n): alike for L and L†."""
    to, source = np.nonzero(process.lower)
    values = process.lower[to, source].real  # ladders are real
    trace = occupied[:, source, to] @ values
    # rows of G first, then columns: two small copies instead of one by both indices
    left = occupied[:, to][:, :, to]
    right = left if np.array_equal(to, source) else occupied[:, source][:, :, source]
    overlap = left.real * right.real + left.imag * right.imag
    pairs = np.outer(values, values).ravel()
    return float(weights_s @ (np.abs(trace) ** 2 + overlap.reshape(len(overlap), -1) @ pairs))


def _nodes(propagation: Propagation) -> Iterator[tuple[Complex, Floats]]:
    """Quadrature nodes of the gate at its first start phase, in time order.

    Computational inputs as they have become, shape (t, n, d), and weights in s, shape (t,).
    """
    at = propagation.patch.computational
    reached = np.eye(propagation.patch.dimension, dtype=complex)[:, at]
    for leg in propagation.legs[0]:
        found = propagation.paths[leg.part]
        inputs = np.exp(1j * leg.before_rad)[:, None] * reached
        for piece in found.pieces:
            yield from _piece_nodes(piece, inputs)
        reached = np.exp(1j * leg.after_rad)[:, None] * (found.final @ inputs)


def _piece_nodes(piece: Ramp | FlatTop, inputs: Complex) -> Iterator[tuple[Complex, Floats]]:
    if isinstance(piece, Ramp):
        for start in range(0, len(piece.nodes), _CHUNK):
            at = slice(start, start + _CHUNK)
            yield piece.nodes[at] @ inputs, piece.weights_s[at]
        return
    amplitudes = piece.into @ inputs
    length_s = piece.steps * piece.step_s
    count = math.ceil(length_s / _FLAT_NODE_S)
    weights_s = np.full(count + 1, length_s / count)
    weights_s[0] = weights_s[-1] = length_s / count / 2
    time_s = np.linspace(0.0, length_s, count + 1)
    for start in range(0, count + 1, _CHUNK):
        at = slice(start, start + _CHUNK)
        phases = np.exp(-1j * time_s[at, None] * piece.energies_rad_s)
        yield cast("Complex", piece.vectors @ (phases[:, :, None] * amplitudes)), weights_s[at]
