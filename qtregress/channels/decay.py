"""What a bath does along a path: the lossy map in the interaction picture, as Y = map - 1.

In the picture of the lossless U(t) every process L contributes Int dt of the dissipator of
L~ = U†LU. Over a short half block that integral is K, rates included. Two halves A, B make
a block: exp(A + B) with the commutator [B, A] at 2/3 instead of 1/2, which is Richardson's
extrapolation of the second Magnus order in the block's length (Magnus, Commun. Pure Appl.
Math. 7, 649 (1954); Blanes et al., Phys. Rep. 470, 151 (2009), section 2). Blocks then
follow each other exactly: Y = Y_later + Y_earlier + Y_later Y_earlier.

All maps are in their real form. Y is small, so that single precision holds it to 1e-10
where rates are gentle; elsewhere double precision is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dissipators import Ladder
from qtregress.channels.paths import FlatTop, Path, Ramp
from qtregress.channels.real_maps import conjugation, turned

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Array = NDArray[Any]

_FIRST_STEPS_FEW = 3
"""The same for one transmon, whose short blocks cost next to nothing."""
_FIRST_STEPS = 12
"""Steps of a half block at first: 2.7 ns at IBM's sample time."""
_LEAST_STEPS = 1
_FLAT_STEPS = 1
"""Steps of a half block of a flat top, where twice as many blocks cost one more doubling."""
_BITS_A_HALVING = 2
"""By how much the error is expected to shrink, while blocks are longer than a beat."""
_SLOW_S = 1.9e-9
"""Half blocks this long gain nothing by halving; half as long ones already a factor of 4."""
_EXTRAPOLATED = 2 / 3
"""Of the commutator, for halves whose integrals are exact."""
_OF_MIDPOINTS, _OF_ENDPOINTS = -1 / 12, 1 / 6
"""What is added to it, over the squared nodes of a half, for what the rule makes of them."""
_LARGE = 9
"""States from which on single precision is faster."""
_ROUNDING_SHARE = 0.5
"""Of a gate's tolerance that one path's rounding may take; paths add in quadrature."""
_CHUNK = 2048
"""Half blocks times n**2 at once: more need more memory than the caches hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay:
    """The lossy part of a segment's map in the interaction picture at its start.

    Attributes:
        change: Y in real form, shape (n**2, n**2); the map is U(1 + Y).
        error_estimate: what Y leaves out, in an element.
        rounding: what single precision may add at random, in an element.
        steps: of the half blocks that were short enough.
    """

    change: Floats
    error_estimate: float
    rounding: float
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bath:
    """The patch's processes as arrays for ``dtype``; j of them, n states."""

    processes: tuple[Ladder, ...]
    down: Floats
    up: Floats
    leaving: Floats
    dtype: type[np.floating]

    @property
    def complex_type(self) -> type[np.complexfloating]:
        return np.complex64 if self.dtype is np.float32 else np.complex128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Halves:
    """Nodes in half blocks of equal number: operators, weights, and Int U† out U dt.

    Attributes:
        operators: L~ of each process at each node, shape (halves * k, j, n, n).
        weights_s: shape (halves * k,).
        leaving: Int of U† diag(rate of leaving) U, shape (halves, n, n).
    """

    operators: Array
    weights_s: Floats
    leaving: Complex


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Change:
    """Y of one block or of several, and what is known of its error in an element.

    Attributes:
        change: Y, shape (n**2, n**2) or (blocks, n**2, n**2).
        error: what the second and third order leave out of all of it.
    """

    change: Floats
    error: float


def first_steps(states: int) -> int:
    """Steps of half blocks to begin with, for so many states."""
    return _FIRST_STEPS if states >= _LARGE else _FIRST_STEPS_FEW


def strongest_rate(processes: Sequence[Ladder]) -> float:
    """Largest rate in 1/s at which one of the patch's states is left or loses its phase."""
    return float(np.max(_leaving(processes), initial=0.0))


def _leaving(processes: Sequence[Ladder]) -> Floats:
    """Rate at which each state is left by all processes, shape (n,)."""
    total = np.zeros(len(processes[0].lower))
    for process in processes:
        square = np.abs(process.lower) ** 2
        total += process.down_per_s * square.sum(axis=0) + process.up_per_s * square.sum(axis=1)
    return total


def decay(
    found: Path,
    processes: tuple[Ladder, ...],
    *,
    tolerance: float,
    share: float = 1.0,
    steps: int,
) -> Decay:
    """The lossy part along ``found``, in blocks as short as ``tolerance`` asks for.

    ``share`` of the tolerance is this path's; rounding, which is random, is held against all
    of it. Half blocks have ``steps`` steps at first. Where even the shortest ones do not reach
    the tolerance, the error estimate says so.
    """
    rate = strongest_rate(processes)
    rounding = float(np.finfo(np.float32).eps) * rate * found.ramps_s
    is_single = len(found.final) >= _LARGE and rounding <= _ROUNDING_SHARE * tolerance
    bath = _Bath(
        processes=processes,
        down=np.array([process.down_per_s for process in processes]),
        up=np.array([process.up_per_s for process in processes]),
        leaving=_leaving(processes),
        dtype=np.float32 if is_single else np.float64,
    )
    along = _along(found, bath, steps)
    while along.error > share * tolerance and steps > _LEAST_STEPS:
        halvings = max(1, round(np.log2(along.error / (share * tolerance)) / _BITS_A_HALVING))
        steps = max(_LEAST_STEPS, steps >> halvings)
        along = _along(found, bath, steps)
    return Decay(
        change=along.change,
        error_estimate=along.error + found.jump_error * rate,
        rounding=rounding if is_single else 0.0,
        steps=steps,
    )


def _along(found: Path, bath: _Bath, steps: int) -> _Change:
    """The whole path in half blocks of ``steps`` steps."""
    parts = [
        _along_ramp(piece, bath, steps)
        if isinstance(piece, Ramp)
        else _along_flat_top(piece, replace(bath, dtype=np.float64))
        for piece in found.pieces
    ]
    return _joined(parts, bath)


def _joined(parts: list[_Change], bath: _Bath) -> _Change:
    """Parts that follow each other."""
    changes = np.array([part.change for part in parts])
    return _Change(change=_in_turn(changes, bath.dtype), error=sum(part.error for part in parts))


def _along_ramp(piece: Ramp, bath: _Bath, steps: int) -> _Change:
    size = max(2, _CHUNK // piece.nodes.shape[-1] ** 2) * steps
    parts = []
    for start in range(0, len(piece.weights_s), size):
        at = slice(start, start + size)
        halves = _ramp_halves(piece.nodes[at], piece.weights_s[at], bath, steps)
        half_s = steps * float(np.max(halves.weights_s))
        nodes = len(halves.weights_s) // len(halves.leaving)
        pull = _EXTRAPOLATED + _OF_MIDPOINTS / nodes**2
        blocks = _blocks(_generators(halves, bath), half_s, pull)
        parts.append(replace(blocks, change=_in_turn(blocks.change, bath.dtype)))
    return _joined(parts, bath)


def _ramp_halves(nodes: Complex, weights_s: Floats, bath: _Bath, steps: int) -> _Halves:
    """Nodes in an even number of equal half blocks, filled up with weightless ones."""
    count = -(-len(nodes) // steps)
    count += count % 2
    size = -(-len(nodes) // count)
    n = nodes.shape[-1]
    filled = np.concatenate([nodes, np.zeros((count * size - len(nodes), n, n))])
    weights = np.concatenate([weights_s, np.zeros(len(filled) - len(nodes))])
    per_half = filled.reshape(count, size * n, n)
    rates = (weights[:, None] * bath.leaving).reshape(count, size * n)
    leaving = per_half.conj().swapaxes(1, 2) @ (rates[:, :, None] * per_half)
    return _Halves(
        operators=_carried(filled.astype(bath.complex_type), bath),
        weights_s=weights,
        leaving=cast("Complex", leaving),
    )


def _carried(nodes: Array, bath: _Bath) -> Array:
    """U†LU at every node for every process, using that each row of L has one entry."""
    found = np.empty((len(nodes), len(bath.processes), *nodes.shape[1:]), dtype=nodes.dtype)
    for number, process in enumerate(bath.processes):
        to, source = np.nonzero(process.lower)
        values = process.lower[to, source].astype(nodes.dtype)
        left = nodes[:, to, :].conj().swapaxes(1, 2) * values
        np.matmul(left, nodes[:, source, :], out=found[:, number])
    return found


def _along_flat_top(piece: FlatTop, bath: _Bath) -> _Change:
    """Repetitions of one block, by doubling it, and a shorter one that fills the rest."""
    block, error = _flat_block(piece, bath, _FLAT_STEPS)
    repeats, rest = divmod(piece.steps, 2 * _FLAT_STEPS)
    error *= repeats
    length_s, done_s = 2 * _FLAT_STEPS * piece.step_s, 0.0
    total = np.zeros_like(block)
    while repeats:
        if repeats % 2:
            total = _in_turn(np.array([total, _later(block, piece, done_s)]), bath.dtype)
            done_s += length_s
        repeats //= 2
        if repeats:
            block = _in_turn(np.array([block, _later(block, piece, length_s)]), bath.dtype)
            length_s *= 2
    if rest:
        last, more = _flat_block(piece, bath, rest // 2)
        total = _in_turn(np.array([total, _later(last, piece, done_s)]), bath.dtype)
        error += more
    turn = conjugation(piece.into, np.float64)
    return _Change(change=turn.T @ (total @ turn), error=error)


def _flat_block(piece: FlatTop, bath: _Bath, half: int) -> tuple[Floats, float]:
    """Y over two halves of ``half`` steps each in the eigenbasis, and its error.

    The block that follows, the same a little later, is there for the estimate alone.
    """
    halves = _generators(_flat_halves(piece, bath, half), bath)
    length_s = 2 * half * piece.step_s
    following = np.array([_later(one, piece, length_s) for one in halves])
    pull = _EXTRAPOLATED + _OF_ENDPOINTS / half**2
    found = _blocks(np.concatenate([halves, following]), half * piece.step_s, pull)
    return found.change[0], found.error / 2


def _flat_halves(piece: FlatTop, bath: _Bath, half: int) -> _Halves:
    """Two halves of ``half`` steps each in the eigenbasis, by the trapezoidal rule."""
    at = np.concatenate([np.arange(half + 1), half + np.arange(half + 1)])
    weights = np.full(half + 1, piece.step_s)
    weights[0] = weights[-1] = piece.step_s / 2
    weights = np.tile(weights, 2)
    phases = np.exp(1j * (at * piece.step_s)[:, None] * piece.energies_rad_s)
    at_start = np.array(
        [piece.vectors.conj().T @ one.lower @ piece.vectors for one in bath.processes]
    )
    carried = phases[:, None, :, None] * at_start * phases.conj()[:, None, None, :]
    leaving = piece.vectors.conj().T @ (bath.leaving[:, None] * piece.vectors)
    turning = phases[:, :, None] * phases.conj()[:, None, :] * weights[:, None, None]
    return _Halves(
        operators=carried.astype(bath.complex_type),
        weights_s=weights,
        leaving=leaving * turning.reshape(2, half + 1, *leaving.shape).sum(axis=1),
    )


def _later(change: Array, piece: FlatTop, time_s: float) -> Array:
    """The same change ``time_s`` later, in the eigenbasis of the flat top."""
    angles = piece.energies_rad_s * time_s
    rows = turned(angles, change)
    return turned(angles, rows.T).T


def _generators(halves: _Halves, bath: _Bath) -> Array:
    """K of each half block in real form, shape (halves, n**2, n**2).

    M = Int vec(L~) vec(L~)† dt, one product over time for all processes, holds the jumps of
    a direction; those of the other are a reordering of their own M.
    """
    count, size = len(halves.leaving), halves.operators.shape[-1] ** 2
    rows = halves.operators.reshape(count, -1, size)
    rates = [bath.down, bath.up] if np.any(bath.up) else [bath.down]
    moments = []
    for rate in rates:
        weights = halves.weights_s.reshape(count, -1, 1) * rate
        weighted = rows * weights.reshape(count, -1, 1).astype(bath.dtype)
        moments.append(weighted.swapaxes(1, 2) @ rows.conj())
    return _with_leaving(_reordered(moments), halves.leaving)


def _reordered(moments: list[Array]) -> Array:
    """From M (count, n**2, n**2) of the jumps down, and up, to their sum as a real map."""
    count, size = moments[0].shape[:2]
    n = round(size**0.5)
    down = moments[0].reshape(count, n, n, n, n)
    # the map at (ik, jl): Re M at (ij, kl) and Im M at (il, kj); up, M* at (ji, lk), alike
    total = down.real.transpose(0, 1, 3, 2, 4) + down.imag.transpose(0, 1, 3, 4, 2)
    for up in (one.reshape(count, n, n, n, n) for one in moments[1:]):
        total += up.real.transpose(0, 2, 4, 1, 3)
        total -= up.imag.transpose(0, 2, 4, 3, 1)
    return cast("Array", total.reshape(count, size, size))


def _with_leaving(jumps: Array, leaving: Complex) -> Array:
    """Takes half the anticommutator with ``leaving`` off every map, in place."""
    n = leaving.shape[-1]
    form = jumps.reshape(len(jumps), n, n, n, n)
    re = (leaving.real / 2).astype(jumps.dtype)
    im = (leaving.imag / 2).astype(jumps.dtype)
    for k in range(n):
        form[:, :, k, :, k] -= re
        form[:, k, :, k, :] -= re.swapaxes(1, 2)
        form[:, :, k, k, :] -= im
        form[:, k, :, :, k] -= im.swapaxes(1, 2)
    return jumps


def _blocks(halves: Array, half_s: float, pull: float) -> _Change:
    """Y of each pair of half blocks of that length, and what second order leaves out of all."""
    early, late = halves[0::2], halves[1::2]
    both = early + late
    pulled = np.asarray(late * pull, dtype=both.dtype)
    factor = both @ both
    factor *= 1 / 6
    factor += both / 2
    factor -= pulled
    products = both @ factor
    products += pulled @ both
    change = early.astype(np.float64)
    change += late
    change += products
    return _Change(change=change, error=_left_out(early, late, half_s))


def _left_out(early: Array, late: Array, half_s: float) -> float:
    """What second and third order leave out of all blocks, seen through a vector of signs.

    Extrapolation adds c = [B, A] / 6 to a block. The same over blocks of twice the length
    gives C, and what two such answers differ by, 4 c - C, is by how much the longer blocks
    are wrong; these ones by a fifteenth of it once they are short against every beat, by
    more than that while they are long. The largest sum on the way is taken: early and late
    blocks may cancel here and not in the map. A block without a neighbour is taken to be wrong
    by half of c. The third order is [A + B, [B, A]] / 6; the exponential itself is cut off
    before (A + B)**4 / 24.
    """
    both = early + late
    signs = np.where(np.arange(both.shape[-1]) % 3, 1.0, -1.0).astype(both.dtype)[:, None]
    fine = late @ (early @ signs) - early @ (late @ signs)
    paired = len(both) // 2 * 2
    one, two = both[0:paired:2], both[1:paired:2]
    coarse = two @ (one @ signs) - one @ (two @ signs)
    gain = min((_SLOW_S / half_s) ** 2, 15.0)
    apart = 4 * (fine[0:paired:2] + fine[1:paired:2]) - coarse
    second = np.cumsum(apart, axis=0) / (6 * gain)
    alone = fine[paired:].sum(axis=0) / 12
    third = (both @ fine).sum(axis=0) / 6
    fourth = (both @ (both @ (both @ (both @ signs)))).sum(axis=0) / 24
    return float(sum(np.abs(part).max(initial=0.0) for part in (second, alone, third, fourth)))


def _in_turn(changes: Floats, dtype: type[np.floating]) -> Floats:
    """Y of blocks that follow each other, the first one first, by pairwise reduction.

    Products of two small changes need no more than ``dtype``; their sums keep all digits.
    """
    while len(changes) > 1:
        odd = changes[-1:] if len(changes) % 2 else changes[:0]
        paired = changes[: len(changes) - len(odd)]
        early, late = paired[::2], paired[1::2]
        joined = early + late
        joined += late.astype(dtype) @ early.astype(dtype)
        changes = np.concatenate([joined, odd])
    return cast("Floats", changes[0])
