"""Heat, work and energy change of a gate as operators: any input state costs one trace.

Alicki, J. Phys. A 12, L103 (1979): dU = dW + dQ with U = Tr[H0 rho], the heat current of bath
k Tr[H0 D_k(rho)] and the drive's power -(i/hbar) Tr[[H0, V(t)] rho]. H0 is the static
laboratory-frame Hamiltonian; it commutes with every frame the engine uses.

In the Heisenberg picture, from the gate's end (T) backwards, the operators of what is still to
come obey, with D† of all baths together,

    -dQ_k/ds = i/hbar [H, Q_k] + D†(Q_k) + D_k†(H0),    -dE/ds = i/hbar [H, E] + D†(E - H0),

where E - H0 is the work still to come. Its source i/hbar [V, H0], the drive's power, is in
[H, E] already, so that pulses enter through their lossless propagators alone. The energy
change is taken from the engine's map, which knows nothing of this sweep: dU = W + sum_k Q_k
is a check of both and no identity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from qtregress.channels.dissipators import Ladder, ladders
from qtregress.channels.fast import Propagation
from qtregress.channels.paths import FlatTop, Path, Ramp
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import Leg
from qtregress.chip.bath import TransmonRates
from qtregress.chip.transmon import Patch
from qtregress.thermal.accounting import Reservoir
from qtregress.units import HBAR_J_S

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

SPACING_S = 1.6e-9
"""Between moments at which the baths act; it leaves up to 5e-8 hbar omega of the first law."""
_LEAST_MOMENTS = 8
"""Of a gate that is shorter than so many spacings, as far as it has samples."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnergyOperators:
    """Hermitian operators whose mean in an input state is that state's share, in J.

    Attributes:
        heat_j: heat that each bath takes up, by its name, shape (n, n) each; negative where
            it warms the transmons.
        work_j: work that the drive does on them, shape (n, n).
        energy_change_j: change of their bare energy H0, shape (n, n).
    """

    heat_j: Mapping[str, Complex]
    work_j: Complex
    energy_change_j: Complex

    @property
    def open_j(self) -> Complex:
        """What the first law misses: dU - W + sum of heats, shape (n, n)."""
        return self.energy_change_j - self.work_j + sum(self.heat_j.values())


def energy_operators(
    problem: GateProblem,
    propagation: Propagation,
    superoperator: Complex,
    baths: Sequence[Reservoir],
    *,
    spacing_s: float = SPACING_S,
) -> EnergyOperators:
    """Heat by bath, work and energy change of one gate, averaged over its start phases.

    To all orders in the rates; what is left is the error of the moments' spacing, which falls
    with its square: 1e-10 to 5e-8 hbar omega on the bundled devices.

    Args:
        problem: the gate.
        propagation: the gate without loss.
        superoperator: its map in all of these baths, row-stacked, shape (n**2, n**2).
        baths: every bath of the patch; their names are the keys of the heats.
        spacing_s: between moments at which the baths act.
    """
    found = _swept(propagation, baths, _moments_s(problem, spacing_s))
    return EnergyOperators(
        heat_j={bath.name: -HBAR_J_S * one for bath, one in zip(baths, found[1:], strict=True)},
        work_j=HBAR_J_S * found[0],
        energy_change_j=_energy_change_j(problem.patch, superoperator),
    )


def _energy_change_j(patch: Patch, superoperator: Complex) -> Complex:
    """The map's adjoint on H0, less H0: Tr[H0 S(rho)] = vec(H0)ᵀ S vec(rho), shape (n, n)."""
    still = np.diag(HBAR_J_S * patch.energies_rad_s)
    moved = (superoperator.T @ still.reshape(-1)).reshape(still.shape).T
    return moved - still


def _swept(propagation: Propagation, baths: Sequence[Reservoir], times_s: Floats) -> Complex:
    """Work, then what each bath gives, over hbar, mean over start phases, (1 + k, n, n)."""
    patch = propagation.patch
    still = np.diag(patch.energies_rad_s).astype(np.complex128)
    dissipator = adjoint_generator(patch.dimension, _processes(patch, baths))
    sources = _sources(patch, baths)
    nodes = np.array([_nodes(propagation.paths, legs, times_s) for legs in propagation.legs])
    turns = nodes[:, 1:] @ _adjoints(nodes[:, :-1])
    weights_s = np.diff(times_s, prepend=times_s[0]) / 2 + np.diff(times_s, append=times_s[-1]) / 2
    values = np.zeros((len(nodes), 1 + len(baths), *still.shape), dtype=np.complex128)
    values[:, 0] = still
    for at in range(len(times_s) - 1, -1, -1):
        values = _acted(values, dissipator, sources, float(weights_s[at]))
        turn = turns[:, at - 1] if at else nodes[:, 0]
        values = _adjoints(turn)[:, None] @ values @ turn[:, None]
    mean = np.mean(values, axis=0)
    mean[0] -= still
    return cast("Complex", mean)


def _adjoints(matrices: Complex) -> Complex:
    return matrices.conj().swapaxes(-1, -2)


def _acted(values: Complex, dissipator: Any, sources: Complex, length_s: float) -> Complex:  # noqa: ANN401  scipy has no stubs
    """What the baths alone make of the operators in that time, to second order in it."""
    phases, kinds = values.shape[:2]
    columns = values.reshape(phases * kinds, -1).T
    once = dissipator @ columns + np.tile(sources, phases)
    moved = columns + length_s * once + length_s**2 / 2 * (dissipator @ once)
    return cast("Complex", moved.T.reshape(values.shape))


def _moments_s(problem: GateProblem, spacing_s: float) -> Floats:
    """Times at which the baths act: every so many samples, both ends included."""
    longest = int(spacing_s / problem.dt_s)
    stride = max(1, min(longest, problem.samples // _LEAST_MOMENTS))
    return problem.dt_s * np.append(np.arange(0, problem.samples, stride), problem.samples)


def _nodes(paths: Sequence[Path], legs: Sequence[Leg], times_s: Floats) -> Complex:
    """Lossless propagators from the gate's start to each time, shape (t, n, n).

    Each is in the frame of its leg: H0 and the baths do not see the difference.
    """
    n = len(legs[0].after_rad)
    reached = np.eye(n, dtype=np.complex128)
    found = np.empty((len(times_s), n, n), dtype=np.complex128)
    start_s, done = 0.0, 0
    for leg in legs:
        path = paths[leg.part]
        inside = np.exp(1j * leg.before_rad)[:, None] * reached
        stop = _before(times_s, start_s + path.duration_s)
        along = _along(path, times_s[done:stop] - start_s)
        found[done:stop] = (along.reshape(-1, n) @ inside).reshape(-1, n, n)
        reached = np.exp(1j * leg.after_rad)[:, None] * (path.final @ inside)
        start_s, done = start_s + path.duration_s, stop
    found[done:] = reached
    return found


def _before(times_s: Floats, end_s: float) -> int:
    """How many times are before an end, which rounding may have moved."""
    return int(np.searchsorted(times_s, end_s * (1 - 1e-9)))


def _along(path: Path, times_s: Floats) -> Complex:
    """A path's propagators from its own start to each time, shape (t, n, n)."""
    n = len(path.final)
    found = np.empty((len(times_s), n, n), dtype=np.complex128)
    start_s, done = 0.0, 0
    for piece in path.pieces:
        length_s = _length_s(piece)
        is_last = piece is path.pieces[-1]
        stop = len(times_s) if is_last else _before(times_s, start_s + length_s)
        inside_s = times_s[done:stop] - start_s
        if isinstance(piece, Ramp):
            spacings = len(piece.nodes) - 1
            at = np.clip(np.rint(inside_s / length_s * spacings), 0, spacings)
            found[done:stop] = piece.nodes[at.astype(np.intp)]
        else:
            phases = np.exp(-1j * inside_s[:, None, None] * piece.energies_rad_s)
            found[done:stop] = (piece.vectors * phases) @ piece.into
        start_s, done = start_s + length_s, stop
    return found


def _length_s(piece: Ramp | FlatTop) -> float:
    if isinstance(piece, Ramp):
        return float(piece.weights_s.sum())
    return piece.steps * piece.step_s


def _processes(patch: Patch, baths: Sequence[Reservoir]) -> tuple[Ladder, ...]:
    """The processes of these baths: for each, the other transmon's rates are all zero."""
    found: list[Ladder] = []
    for bath in baths:
        rates = [
            bath.rates if position == bath.position else _nothing(levels)
            for position, levels in enumerate(patch.levels)
        ]
        found.extend(ladders(patch, tuple(rates)))
    return tuple(found)


def _nothing(levels: int) -> TransmonRates:
    return TransmonRates(down=(0.0,) * (levels - 1), up=(0.0,) * (levels - 1), dephasing=0.0)


def _sources(patch: Patch, baths: Sequence[Reservoir]) -> Complex:
    """What drives the operators over hbar: -D†(H0), then each D_k†(H0), (n**2, 1 + k)."""
    still = np.diag(patch.energies_rad_s).reshape(-1)
    currents = [
        adjoint_generator(patch.dimension, _processes(patch, (bath,))) @ still for bath in baths
    ]
    return np.array([-sum(currents, 0 * still), *currents], dtype=np.complex128).T


def adjoint_generator(n: int, processes: Sequence[Ladder]) -> Any:  # noqa: ANN401  scipy has no stubs
    """D† on row-stacked operators, a sparse real matrix of shape (n**2, n**2) in 1/s.

    What ``accounting.adjoint_dissipator`` does to one operator, for many at once. It uses that
    a ladder's operator has one entry at most in every row and column.

    Args:
        n: states of the patch.
        processes: with their rates; none gives zero.
    """
    leaving = np.zeros(n)
    rows, columns, entries = [np.arange(n * n)], [np.arange(n * n)], [np.zeros(n * n)]
    for process in processes:
        lower, upper = np.nonzero(process.lower)
        values = process.lower[lower, upper].real
        for rate, to, source in (
            (process.down_per_s, lower, upper),
            (process.up_per_s, upper, lower),
        ):
            # (L†XL) at (source, source') is X at (to, to')
            rows.append(np.add.outer(n * source, source).reshape(-1))
            columns.append(np.add.outer(n * to, to).reshape(-1))
            entries.append(rate * np.outer(values, values).reshape(-1))
            leaving[source] += rate * values**2
    entries[0] -= np.add.outer(leaving, leaving).reshape(-1) / 2
    where = (np.concatenate(rows), np.concatenate(columns))
    return csr_array((np.concatenate(entries), where), shape=(n * n, n * n))
