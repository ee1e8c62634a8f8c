"""The fast engine: propagate once without loss, then add the bath by Magnus expansion.

Write S = (U kron U*) exp(Omega_1 + Omega_2) for each segment. In the interaction picture
of the lossless U(t) every jump process gives K_j = Int dt of its dissipator, which does not
depend on its rate; Omega_1 sums rate_j K_j and Omega_2 = 1/2 Sum_{k>l} [K_k, K_l] over
sub-blocks (Magnus, Commun. Pure Appl. Math. 7, 649 (1954); Blanes et al. 2009, section 2).
One matrix product over time, M_j = Int vec(L~) vec(L~)† dt, holds everything of a ladder
operator: both directions and the anticommutators are reshufflings of it.
"""

import itertools
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from qtregress.channels.dissipators import Ladder, ladders
from qtregress.channels.dynamics import CompiledPatch
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import (
    Steps,
    final_turn,
    into_own_frame,
    phase_turn,
    segment_steps,
    segments,
    step_propagators,
)
from qtregress.chip.bath import TransmonRates

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Bath = tuple[TransmonRates, ...]

_NODES = 2
"""Gauss-Legendre nodes inside a step."""
_LONGEST_SUB_BLOCK_S = 2.5e-9
_SHORTEST_SUB_BLOCK_S = 1e-9
_GENTLE_RATE_PER_S = 1 / 60e-6
"""Sub-blocks make Omega_2 by their commutators. Their error goes with the square of the
bath's rates and about with that of their length: so long up to this decoherence rate of a
pair, shorter above, and short for a single transmon, where they cost nothing."""
_BLOCK_S = 10e-9
"""Length over which one Magnus expansion runs."""
_STEP_ERROR = 1e-9
"""What the steps of overlapping carriers may add, by comparison with finer ones."""
_TAYLOR_ORDERS = 12
_TAYLOR_FLOOR = 1e-14


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FastMaps:
    """What one propagation yields.

    Attributes:
        maps: the gate's map for each bath, shape (n**2, n**2) each.
        dwell_s: mean time in each dressed state over uniform computational inputs, (n,).
        error_estimate: size of what the Magnus series leaves out.
    """

    maps: tuple[Complex, ...]
    dwell_s: Floats
    error_estimate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """The lossless propagator through a segment, at the quadrature nodes.

    Attributes:
        propagators: U at each node since the segment's start, shape (t, n, n).
        weights_s: quadrature weights, shape (t,).
        final: U over the whole segment, shape (n, n).
    """

    propagators: Complex
    weights_s: Floats
    final: Complex


def trajectory(part: Steps) -> Trajectory:
    """Propagators of a segment at Gauss-Legendre nodes inside every step."""
    n = part.vectors.shape[-1]
    step_unitary = step_propagators(part)
    begin = np.empty((len(part.order) + 1, n, n), dtype=complex)
    begin[0] = np.eye(n)
    for number, which in enumerate(part.order):
        np.matmul(step_unitary[which], begin[number], out=begin[number + 1])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    vectors = part.vectors[part.order]
    inside = vectors.conj().swapaxes(1, 2) @ begin[:-1]
    energies = part.energies_rad_s[part.order] * part.step_s
    phases = np.exp(-0.5j * energies[:, None, :] * (1 + nodes)[None, :, None])
    at_nodes = vectors[:, None] @ (phases[..., None] * inside[:, None])
    return Trajectory(
        propagators=at_nodes.reshape(-1, n, n),
        weights_s=np.tile(weights / 2 * part.step_s, len(part.order)),
        final=begin[-1],
    )


def _in_interaction_picture(ladder: Ladder, propagators: Complex) -> Complex:
    """U† L U at every node, shape (t, n, n), using that each row of L has one entry."""
    to, source = np.nonzero(ladder.lower)
    values = ladder.lower[to, source]
    left = propagators[:, to, :].conj().swapaxes(1, 2) * values
    return left @ propagators[:, source, :]


def second_moment(ladder: Ladder, propagators: Complex, weights_s: Floats) -> Complex:
    """M = Int vec(L~) vec(L~)† dt as a tensor M[i, j, k, l] = Int L~_ij L~*_kl dt."""
    n = propagators.shape[-1]
    rotated = _in_interaction_picture(ladder, propagators).reshape(-1, n * n)
    weighted = rotated * np.sqrt(weights_s)[:, None]
    return cast("Complex", (weighted.T @ weighted.conj()).reshape(n, n, n, n))


def as_real(superoperator: Complex) -> Floats:
    """A Hermiticity-preserving map as a real matrix on R = Re X + Im X, same shape.

    Hermitian X and real R determine each other, so that maps compose as before, at a
    quarter of the arithmetic: K_R = Re K + Im K P, P the transposition of X.
    """
    return superoperator.real + superoperator.imag[:, _transposition(superoperator)]


def as_complex(real: Floats) -> Complex:
    """The map whose ``as_real`` this is."""
    swap = _transposition(real)
    turned = real[np.ix_(swap, swap)]
    return cast("Complex", (real + turned) / 2 + 0.5j * (real - turned)[:, swap])


def _transposition(superoperator: Complex | Floats) -> NDArray[np.intp]:
    n = round(len(superoperator) ** 0.5)
    return np.arange(n * n).reshape(n, n).T.reshape(-1)


def generator(moments: list[Complex], processes: tuple[Ladder, ...]) -> Floats:
    """Sum of rate_j K_j over all processes and directions as a real map, (n**2, n**2)."""
    n = moments[0].shape[0]
    jump = np.zeros((n, n, n, n), dtype=complex)
    for moment, ladder in zip(moments, processes, strict=True):
        jump += ladder.down_per_s * moment
        if ladder.up_per_s:
            jump += ladder.up_per_s * moment.transpose(1, 0, 3, 2).conj()
    occupation = np.einsum("ilij->jl", jump)  # Sum of rate L†L
    eye = np.eye(n)
    anti = np.kron(occupation, eye) + np.kron(eye, occupation.T)
    return as_real(np.asarray(jump.transpose(0, 2, 1, 3).reshape(n * n, n * n) - anti / 2))


def _sub_block_s(baths: tuple[Bath, ...]) -> float:
    """How long sub-blocks may be for these baths."""
    if len(baths[0]) == 1:
        return _SHORTEST_SUB_BLOCK_S
    rate = max(rates.down[0] / 2 + rates.dephasing for bath in baths for rates in bath)
    gentle = _LONGEST_SUB_BLOCK_S * _GENTLE_RATE_PER_S / rate if rate else _LONGEST_SUB_BLOCK_S
    return min(max(gentle, _SHORTEST_SUB_BLOCK_S), _LONGEST_SUB_BLOCK_S)


def _blocks(part: Steps, sub_block_s: float) -> list[list[slice]]:
    """The segment's nodes in blocks of an even number of sub-blocks each."""
    pairs = max(1, round(part.duration_s / (2 * sub_block_s)))
    blocks = max(1, round(part.duration_s / _BLOCK_S))
    pairs = blocks * -(-pairs // blocks)
    bounds = np.linspace(0, len(part.order), 2 * pairs + 1).round().astype(int) * _NODES
    slices = [slice(a, b) for a, b in itertools.pairwise(bounds.tolist())]
    size = 2 * pairs // blocks
    return [slices[start : start + size] for start in range(0, len(slices), size)]


def _second_magnus(blocks: list[Floats]) -> Floats:
    """1/2 Sum_{k>l} [K_k, K_l], shape of one K."""
    total = np.zeros_like(blocks[0])
    earlier = np.zeros_like(blocks[0])
    for k in blocks:
        total += (k @ earlier - earlier @ k) / 2
        earlier = earlier + k
    return total


def magnus(blocks: list[Floats]) -> tuple[Floats, float]:
    """Omega_1 + Omega_2 of an even number of sub-blocks, and its error estimate.

    Sub-blocks of length h leave an error of order h**2 in Omega_2; halving their number
    and extrapolating removes it. The estimate adds what that correction leaves (h**4) to
    the third order, [Omega_1, Omega_2] / 6, seen through one vector of signs. Against
    Qiskit Dynamics it is one to a hundred times the true error.
    """
    first = np.sum(blocks, axis=0)
    fine = _second_magnus(blocks)
    coarse = _second_magnus([a + b for a, b in zip(blocks[::2], blocks[1::2], strict=True)])
    correction = (fine - coarse) / 3
    signs = np.where(np.arange(len(first)) % 3, 1.0, -1.0)
    third = (first @ (fine @ signs) - fine @ (first @ signs)) / 6
    estimate = float(np.max(np.abs(third)) + np.max(np.abs(correction)) / 2)
    return first + fine + correction, estimate


def _after_decay(omega: Floats, before: Floats) -> Floats:
    """exp(omega) applied to a map, by its Taylor series: omega is small in every block."""
    total, term = before, before
    for order in range(1, _TAYLOR_ORDERS):
        term = omega @ term / order
        total = total + term
        if np.max(np.abs(term)) < _TAYLOR_FLOOR:
            return total
    return cast("Floats", expm(omega) @ before)


def _dissipation(
    problem: GateProblem, part: Steps, path: Trajectory, baths: tuple[Bath, ...]
) -> tuple[list[Complex], float]:
    """exp(Omega) of the segment for each bath, shape (n**2, n**2), and the error estimate."""
    processes = [ladders(problem.patch, bath) for bath in baths]
    maps = [np.eye(problem.patch.dimension**2) for _ in baths]
    error = 0.0
    for block in _blocks(part, _sub_block_s(baths)):
        moments = [
            [
                second_moment(ladder, path.propagators[sub], path.weights_s[sub])
                for ladder in processes[0]
            ]
            for sub in block
        ]
        for number, found in enumerate(processes):
            omega, estimate = magnus([generator(moment, found) for moment in moments])
            maps[number] = _after_decay(omega, maps[number])
            error += estimate
    return [as_complex(one) for one in maps], error


def _dwell(path: Trajectory, before: Complex, reached: Complex) -> Floats:
    """Mean time in each state for computational inputs that ``reached`` (n, d), own frame."""
    states = path.propagators @ (before[:, None] * reached)
    times = np.einsum("t,tsi->s", path.weights_s, np.abs(states) ** 2)
    return cast("Floats", times / reached.shape[1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _SegmentMaps:
    """A segment in the gate's own frame: lossless turn (n, n) and map for each bath."""

    lossless: Complex
    maps: list[Complex]
    dwell_s: Floats
    error: float


def _segment_maps(
    problem: GateProblem, part: Steps, baths: tuple[Bath, ...], reached: Complex
) -> _SegmentMaps:
    """One segment; ``reached`` are the computational inputs at its start, (n, d)."""
    path = trajectory(part)
    after, before = into_own_frame(problem, part)
    lossless = after[:, None] * path.final * before[None, :]
    decays, error = _dissipation(problem, part, path, baths)
    final = after[:, None] * path.final
    twice = np.kron(final, final.conj())
    return _SegmentMaps(
        lossless=lossless,
        maps=[twice @ decay * _doubled(before)[None, :] for decay in decays],
        dwell_s=_dwell(path, before, reached),
        error=error,
    )


def _at_phase(
    problem: GateProblem, part: Steps, known: _SegmentMaps, phase_rad: float
) -> list[Complex]:
    """A single-carrier segment's maps at another start phase: a diagonal conjugation."""
    turn = _doubled(phase_turn(problem, part, phase_rad))
    return [turn.conj()[:, None] * one * turn[None, :] for one in known.maps]


def propagate(
    problem: GateProblem,
    compiled: CompiledPatch,
    baths: tuple[Bath, ...],
    phases_rad: tuple[float, ...] = (0.0,),
) -> FastMaps:
    """The gate's map for each bath, averaged over start phases; as ``GateChannel``."""
    n = problem.patch.dimension
    reached = np.eye(n, dtype=complex)[:, problem.patch.computational]
    totals = [[np.eye(n * n, dtype=complex) for _ in baths] for _ in phases_rad]
    dwell_s = np.zeros(n)
    error = 0.0
    for segment in segments(problem):
        part = segment_steps(problem, compiled, segment)
        known = _segment_maps(problem, part, baths, reached)
        for number, phase in enumerate(phases_rad):
            if part.is_phased and phase:
                again = segment_steps(problem, compiled, segment, start_phase_rad=phase)
                maps = _segment_maps(problem, again, baths, reached).maps
            else:
                maps = _at_phase(problem, part, known, phase)
            totals[number] = [a @ b for a, b in zip(maps, totals[number], strict=True)]
        reached = known.lossless @ reached
        dwell_s = dwell_s + known.dwell_s
        error += known.error + (_STEP_ERROR if part.is_phased else 0.0)
    return FastMaps(
        maps=_phase_average(problem, totals, phases_rad), dwell_s=dwell_s, error_estimate=error
    )


def _phase_average(
    problem: GateProblem, totals: list[list[Complex]], phases_rad: tuple[float, ...]
) -> tuple[Complex, ...]:
    """Mean over start phases of each bath's map, carriers and virtual Z taken back."""
    ended = []
    for phase, found in zip(phases_rad, totals, strict=True):
        after, before = (_doubled(diagonal) for diagonal in final_turn(problem, phase))
        ended.append([after[:, None] * total * before[None, :] for total in found])
    stacked: Complex = np.array(ended)
    return tuple(np.asarray(one, dtype=np.complex128) for one in stacked.mean(axis=0))


def _doubled(diagonal: Complex) -> Complex:
    return np.asarray(np.kron(diagonal, diagonal.conj()), dtype=np.complex128)
