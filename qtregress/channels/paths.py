"""A propagated segment as its dissipation needs it: nodes of a quadrature, rates apart.

Integrals of what the lossless propagator carries along are taken by the trapezoidal rule at
the boundaries of steps. Inside a gate its error cancels between neighbours but for the jumps
dH of sample and hold, of which each leaves h**2/12 times the integrand's derivative along
dH (Euler-Maclaurin): the same as evaluating the rule at exp(-i h dH / 12) U instead of U.
That makes it fourth order at one node a step. A flat top needs no nodes: two short blocks
of it and their repetition are enough.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dynamics import CompiledPatch
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import (
    Part,
    Steps,
    envelope_jumps,
    refined,
    step_propagators,
)

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

_SHORTEST_FLAT = 48
"""Steps; a shorter run of equal samples is cheaper as part of a ramp."""
_JUMP_SHARE = 0.045
"""Of rate h (h dH)**2 that a jump dH leaves in an element: the largest of random pulses."""
_GRID_SHARE = 4e-6
"""Of rate h that the rule's higher orders leave in an element, from strongly coupled pairs."""
JUMP_TOLERANCE = 4e-9
"""What all jumps of a gate may add at the rate ceiling."""
RATE_CEILING_PER_S = 1e6
"""Rate of leaving a state up to which nodes are dense enough: T1 = T2 = 17 us at 4 x 4 levels."""
_MOST_NODES_A_STEP = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ramp:
    """Steps that differ: propagators at quadrature nodes.

    Attributes:
        nodes: since the segment's start, turned against the jumps, shape (t, n, n).
        weights_s: quadrature weights, shape (t,).
    """

    nodes: Complex
    weights_s: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlatTop:
    """Equal steps in the eigenbasis of their Hamiltonian.

    Attributes:
        energies_rad_s: eigenvalues, shape (n,).
        vectors: eigenvectors as columns, shape (n, n).
        into: vectors† times the propagator to its start, shape (n, n).
        steps: how many.
        step_s: length of one.
    """

    energies_rad_s: Floats
    vectors: Complex
    into: Complex
    steps: int
    step_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """A segment's way through its propagators.

    Attributes:
        pieces: in time order; each integral over the segment is the sum over them.
        final: the lossless propagator over the segment, shape (n, n).
        duration_s: its length.
        ramps_s: the length of its ramps.
        jump_error: what the quadrature leaves in an element, per rate (1/s).
    """

    pieces: tuple[Ramp | FlatTop, ...]
    final: Complex
    duration_s: float
    ramps_s: float
    jump_error: float


def path(problem: GateProblem, compiled: CompiledPatch, part: Part) -> Path:
    """The path of one part of a gate."""
    jumps = envelope_jumps(problem, compiled, part)
    sizes = np.abs(jumps).sum(axis=2).max(axis=1)
    steps, fine = part.steps, _nodes_a_step(sizes, part.steps.step_s)
    if steps.is_phased and fine > 1:
        # inside a Magnus step the gate is not where its effective Hamiltonian is
        steps, fine = refined(problem, compiled, part, fine), 1
    step_s = steps.step_s / fine
    grid = np.zeros((len(steps.order) * fine + 1, *jumps.shape[1:]), dtype=complex)
    grid[:: fine * len(steps.order) // (len(jumps) - 1)] = jumps
    reached = _boundaries(steps, fine)
    pieces: list[Ramp | FlatTop] = []
    done = 0
    for start, stop in _flat_runs(steps.order, fine):
        pieces.append(_ramp(reached, grid, slice(done, start + 1), step_s))
        pieces.append(_flat_top(steps, reached[start], slice(start, stop), fine))
        done = stop
    pieces.append(_ramp(reached, grid, slice(done, len(reached)), step_s))
    still = np.exp(-1j * (compiled.static_rad_s - part.steps.frame_rad_s) * step_s / 6)
    _turn_ends(pieces, still)
    return Path(
        pieces=tuple(pieces),
        final=reached[-1],
        duration_s=part.steps.duration_s,
        ramps_s=sum(float(p.weights_s.sum()) for p in pieces if isinstance(p, Ramp)),
        jump_error=_jump_error(sizes, step_s),
    )


def _jump_error(sizes_rad_s: Floats, step_s: float) -> float:
    jumps = _JUMP_SHARE * float(np.sum((sizes_rad_s * step_s) ** 2))
    return step_s * (jumps + _GRID_SHARE)


def _nodes_a_step(sizes_rad_s: Floats, step_s: float) -> int:
    """How many nodes a step keep the jumps' error small up to the rate ceiling."""
    fine = 1
    while (
        RATE_CEILING_PER_S * _jump_error(sizes_rad_s, step_s / fine) > JUMP_TOLERANCE
        and fine < _MOST_NODES_A_STEP
    ):
        fine += 1
    return fine


def _boundaries(steps: Steps, fine: int) -> Complex:
    """Propagators at the boundaries of all steps cut into ``fine``, shape (t + 1, n, n)."""
    propagators = step_propagators(steps, fine)
    order = np.repeat(steps.order, fine)
    n = propagators.shape[-1]
    reached = np.empty((len(order) + 1, n, n), dtype=complex)
    reached[0] = np.eye(n)
    for number, which in enumerate(order.tolist()):
        np.matmul(propagators[which], reached[number], out=reached[number + 1])
    return reached


def _flat_runs(order: NDArray[np.intp], fine: int) -> list[tuple[int, int]]:
    """Long even runs of one step, in nodes, with a step of ramp on either side for the jump."""
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(order)) + 1, [len(order)]])
    starts, stops = bounds[:-1] + 1, np.minimum(bounds[1:], len(order) - 1)
    return [
        (start * fine, (stop - (stop - start) % 2) * fine)
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
        if (stop - start) * fine >= _SHORTEST_FLAT
    ]


def _ramp(reached: Complex, jumps: Complex, at: slice, step_s: float) -> Ramp:
    """Nodes of a ramp; the jumps at its two ends are all its own."""
    nodes = reached[at]
    weights = np.full(len(nodes), step_s)
    weights[0] = weights[-1] = step_s / 2
    reach = np.full(len(nodes), step_s / 12)
    reach[0] = reach[-1] = step_s / 6
    turn = -1j * reach[:, None, None] * jumps[at]
    once = turn @ nodes
    return Ramp(nodes=nodes + once + turn @ once / 2, weights_s=weights)


def _turn_ends(pieces: list[Ramp | FlatTop], still: Complex) -> None:
    """At a segment's ends the whole Hamiltonian jumps, not the drive alone, shape (n,).

    It leaves something where even resting jumps turn: levels that a coupling shifts.
    """
    for piece, end, turn in ((pieces[0], 0, still), (pieces[-1], -1, still.conj())):
        if isinstance(piece, Ramp):
            piece.nodes[end] = turn[:, None] * piece.nodes[end]


def _flat_top(steps: Steps, reached: Complex, at: slice, fine: int) -> FlatTop:
    which = steps.order[at.start // fine]
    vectors = steps.vectors[which]
    return FlatTop(
        energies_rad_s=steps.energies_rad_s[which],
        vectors=vectors,
        into=cast("Complex", vectors.conj().T @ reached),
        steps=at.stop - at.start,
        step_s=steps.step_s / fine,
    )
