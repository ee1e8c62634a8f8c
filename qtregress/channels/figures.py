"""Figures of merit of one gate, each under the name and the convention of the field.

All are of the map on all simulated levels against the unitary that the pulse table is meant
to play (``ideal_image``); angles and signs are those of that frame.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, schur

from qtregress.channels.channel import GateChannel, average_fidelity, leakage
from qtregress.channels.coherence import coherence_limit
from qtregress.channels.unitary_error import coherent_distance, paulis, polar_unitary

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

BRACKET: Final = 0.01
"""The two bounds of the diamond distance are close enough when they differ by this share."""
ROUNDS: Final = 12
"""Searches for a worse input state before the bracket is left as it is."""
RESOLUTION_RAD: Final = 1e-7
"""A coherent error smaller than this has no axis worth a word."""

_FLOOR = 1e-6
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFigures:
    """How good a gate is.

    Attributes:
        average_infidelity: r = 1 - F_avg, leakage counted as error (``average_fidelity``).
        process_infidelity: entanglement infidelity 1 - <<V|J|V>> / d**2 = r (d + 1) / d - L1 / d.
        diamond_low: at least this is half the diamond norm of map minus ideal, the worst case
            over inputs and references. The map ends on all simulated levels: an amplitude
            that leaks coherently counts as amplitude, so that this may be near sqrt(L1).
        diamond_high: at most this is the same.
        unitarity: u of the computational block, 1 for a unitary; leakage lowers it.
        coherent_infidelity: 1 - F_avg of the unitary nearest to the lossless block (averaged
            over start phases). The spread over start phases is no part of it.
        pauli_components: rotation angles in rad of that unitary's error, see
            ``pauli_angles``; keys such as ``X`` or ``ZX``, first letter = first listed qubit.
        dominant: the largest part of the coherent error in words, see ``dominant_error``.
        dominant_rad: its rotation angle in rad, with its sign.
        leakage: L1, mean population lost from a computational state.
        seepage: L2, see ``seepage``; None where no leakage level was simulated.
        coherence_limit: average infidelity that T1 and T2 alone leave.
        above_limit: average_infidelity - coherence_limit. Slightly negative where a pulse
            keeps the qubit from states that decay.
    """

    average_infidelity: float
    process_infidelity: float
    diamond_low: float
    diamond_high: float
    unitarity: float
    coherent_infidelity: float
    pauli_components: Mapping[str, float]
    dominant: str
    dominant_rad: float
    leakage: float
    seepage: float | None
    coherence_limit: float
    above_limit: float


def gate_figures(
    channel: GateChannel, ideal: Complex, decay_times_s: Sequence[tuple[float, float]]
) -> GateFigures:
    """All figures of the channel's cold map; of its map at load, hand that in as the cold one.

    Args:
        channel: whose error estimate the caller has found small enough.
        ideal: what the table is meant to play, shape (d, d).
        decay_times_s: T1 and T2 of each of the gate's qubits, in its order.

    Raises:
        ValueError: the map is no channel, or the arguments are of another number of qubits.
    """
    _check(channel, ideal, decay_times_s)
    at, superoperator = channel.computational, channel.superoperator
    infidelity = 1 - average_fidelity(superoperator, at, ideal)
    limit = coherence_limit(channel.duration_s, decay_times_s)
    low, high = diamond_bounds(superoperator, at, ideal)
    own = polar_unitary(np.mean(channel.blocks, axis=0))
    angles = pauli_angles(own, ideal)
    word, angle_rad = dominant_error(angles, ideal)
    return GateFigures(
        average_infidelity=infidelity,
        process_infidelity=process_infidelity(superoperator, at, ideal),
        diamond_low=low,
        diamond_high=high,
        unitarity=unitarity(superoperator, at),
        coherent_infidelity=coherent_distance(own, ideal),
        pauli_components=angles,
        dominant=word,
        dominant_rad=angle_rad,
        leakage=leakage(superoperator, at),
        seepage=seepage(superoperator, at, channel.levels),
        coherence_limit=limit,
        above_limit=infidelity - limit,
    )


def process_infidelity(
    superoperator: Complex, computational: NDArray[np.intp], ideal: Complex
) -> float:
    """Entanglement infidelity 1 - F_pro, F_pro = <<V|J|V>> / d**2.

    J is the Choi matrix of trace d on computational inputs. Nielsen, Phys. Lett. A 303, 249
    (2002); with leakage F_avg = (d F_pro + 1 - L1) / (d + 1) (Wood, Gambetta, PRA 97,
    032306 (2018), eq. 8).
    """
    wanted = _embedded(ideal, computational, len(superoperator))
    overlap = np.vdot(wanted, _choi(superoperator, computational) @ wanted).real
    return float(1 - overlap / len(ideal) ** 2)


def unitarity(superoperator: Complex, computational: NDArray[np.intp]) -> float:
    """How much purity survives: u = Tr[E†E] / (d**2 - 1), E the map between traceless parts.

    Of the computational block; 1 for a unitary. Wallman, Granade, Harper, Flammia, NJP 17,
    113020 (2015). Without leakage r >= (d - 1) / d (1 - sqrt(u)): what no better calibration
    can undo.
    """
    d, n = len(computational), math.isqrt(len(superoperator))
    inside = np.ix_(computational, computational, computational, computational)
    block = superoperator.reshape(n, n, n, n)[inside].reshape(d**2, d**2)
    identity = np.eye(d).reshape(-1) / math.sqrt(d)
    block = block - np.outer(identity, identity @ block)
    block = block - np.outer(block @ identity, identity)
    return float(np.vdot(block, block).real / (d**2 - 1))


def seepage(
    superoperator: Complex, computational: NDArray[np.intp], levels: tuple[int, ...]
) -> float | None:
    """L2: mean population that returns from a leaked state, None where none was simulated.

    Tr[P Phi(Q)] / Tr[Q] (Wood, Gambetta, PRA 97, 032306 (2018)), Q on the states
    with at least one transmon in level 2 and none above: those to which a gate leaks first,
    so that the number does not depend on how many levels were simulated.

    Args:
        superoperator: the map, shape (n**2, n**2).
        computational: positions of the d computational states among the n.
        levels: levels of each transmon.
    """
    highest = np.max(np.indices(levels).reshape(len(levels), -1), axis=0)
    leaked = np.flatnonzero(highest == 2)  # noqa: PLR2004 - the first leakage level
    if not leaked.size:
        return None
    n = math.isqrt(len(superoperator))
    populations = np.einsum("aaii->ai", superoperator.reshape(n, n, n, n)).real
    returned = float(np.sum(populations[np.ix_(computational, leaked)]) / leaked.size)
    return 0.0 if -_ROUNDING < returned < 0 else returned


# Worst case


def diamond_bounds(
    superoperator: Complex, computational: NDArray[np.intp], ideal: Complex
) -> tuple[float, float]:
    """Two rigorous bounds of the diamond distance, half the norm of map minus ideal.

    With D = J - |V>><<V| the difference of the Choi matrices, from computational inputs to
    all simulated levels, and any input state s, B = sqrt(s): Tr[(B D B)_+] is a lower
    bound, the largest eigenvalue of Tr_out[B^-1 (B D B)_+ B^-1] an upper one (the two sides
    of Watrous' semidefinite programme, Theory of Computing 5, 217 (2009)). D has one
    negative eigenvalue, so that its lowest eigenvector w is enough, and what w leaves on
    the input is the next, worse state.

    The first step, s = 1/d, already lies within the published bounds, which know no more of
    the map than an experiment does: (d + 1) r / d and sqrt(d (d + 1) r) (Wallman,
    Flammia, NJP 16, 103032 (2014)) and, for unital maps, c and d**2 c with
    c = sqrt((1 - 1/d**2) (u + 2 d r / (d - 1) - 1)) / 2 (Kueng, Long, Doherty, Flammia, PRL
    117, 170502 (2016)).

    Returns:
        Lower and upper bound, 1 % apart, or more after ``ROUNDS`` searches.
    """
    d, n = len(ideal), math.isqrt(len(superoperator))
    wanted = _embedded(ideal, computational, len(superoperator))
    difference = _choi(superoperator, computational) - np.outer(wanted, wanted.conj())
    state = np.eye(d, dtype=np.complex128) / d
    low, high = 0.0, math.inf
    for _ in range(ROUNDS):
        root, inverse = _roots(state)
        weight = np.kron(np.eye(n), root)
        value, vector = eigh(weight @ difference @ weight, subset_by_index=(0, 0))
        negative = -float(value[0])
        worst = vector[:, 0].reshape(n, d)
        spread = worst @ inverse.T
        low = max(low, negative)
        high = min(high, negative * float(np.linalg.norm(spread, ord=2)) ** 2)
        if high - low <= BRACKET * high:
            break
        state = worst.T @ worst.conj()
    return low, max(low, high)


def _roots(state: Complex) -> tuple[Complex, Complex]:
    """Square root of a state, kept from being singular, and the root's inverse."""
    d = len(state)
    values, vectors = np.linalg.eigh(state)
    values = (np.maximum(values, 0) + _FLOOR) / (np.sum(np.maximum(values, 0)) + d * _FLOOR)
    root = (vectors * np.sqrt(values)) @ vectors.conj().T
    return root, (vectors / np.sqrt(values)) @ vectors.conj().T


def _choi(superoperator: Complex, computational: NDArray[np.intp]) -> Complex:
    """J[ai, bj] = <a| Phi(|i><j|) |b>, i and j computational, shape (n d, n d)."""
    d, n = len(computational), math.isqrt(len(superoperator))
    everywhere = np.arange(n)
    inputs = np.ix_(everywhere, everywhere, computational, computational)
    tensor = superoperator.reshape(n, n, n, n)[inputs]
    return tensor.transpose(0, 2, 1, 3).reshape(n * d, n * d)


def _embedded(ideal: Complex, computational: NDArray[np.intp], size: int) -> Complex:
    """|V>> on all levels, shape (n d,)."""
    wanted = np.zeros((math.isqrt(size), len(ideal)), dtype=np.complex128)
    wanted[computational] = ideal
    return wanted.reshape(-1)


# Coherent error


def pauli_angles(unitary: Complex, ideal: Complex) -> dict[str, float]:
    """Rotation angles of the error E = exp(-i/2 Sum_P angle_P P), in rad.

    For one qubit the error stands in the middle of the gate, U = sqrt(V) E sqrt(V): there
    a detuned pulse errs about Z, a wrong amplitude about the gate's own axis and a drive of
    the wrong phase about the axis perpendicular to both, whatever the gate's angle. For more
    qubits it stands before the gate, U = V E; what commutes with V (of a cx ZX, IX and ZI)
    is the same there. The logarithm is the principal one after the global phase that makes
    Tr E positive: for small errors -2 times ``error_vector``, as far as that is turned to
    the middle of the gate.

    Args:
        unitary: what is played, shape (d, d).
        ideal: V, shape (d, d).
    """
    qubits = len(ideal).bit_length() - 1
    half = _half(ideal) if qubits == 1 else np.eye(len(ideal), dtype=np.complex128)
    error = half @ ideal.conj().T @ unitary @ half.conj().T
    trace = np.trace(error)
    if trace != 0:
        error = error * (np.conj(trace) / np.abs(trace))
    triangle, vectors = schur(error, output="complex")
    generator = (vectors * np.angle(np.diag(triangle))) @ vectors.conj().T
    angles = np.einsum("kij,ji->k", paulis(qubits), generator).real * (-2 / len(ideal))
    names = map("".join, product("IXYZ", repeat=qubits))
    return dict(zip(list(names)[1:], angles.tolist(), strict=True))


def dominant_error(angles: Mapping[str, float], ideal: Complex) -> tuple[str, float]:
    """The largest part of a coherent error in words, and its angle in rad.

    A rotation's error is split along the gate's own axis (over-rotation and
    under-rotation), along Z made perpendicular to it (detuning) and along the third direction
    (axis error: the drive's phase); that of an idle gate into phase (Z) and unwanted
    rotation. Of a half turn the sense is that of the positive axis. Errors of pairs go by
    their Pauli name.

    Args:
        angles: from ``pauli_angles``.
        ideal: V, shape (d, d).

    Returns:
        The words, ``none`` where the error is below ``RESOLUTION_RAD``.
    """
    parts = _rotation_parts(angles, ideal) if len(angles) == 3 else _pair_parts(angles)  # noqa: PLR2004 - X, Y, Z
    word, angle_rad = max(parts.items(), key=lambda part: abs(part[1]))
    if abs(angle_rad) < RESOLUTION_RAD:
        return "none", 0.0
    return word, angle_rad


def _rotation_parts(angles: Mapping[str, float], ideal: Complex) -> dict[str, float]:
    error = np.array([angles["X"], angles["Y"], angles["Z"]])
    own = _own_axis(ideal)
    if math.hypot(own[0], own[1]) < _ROUNDING:
        unwanted = math.hypot(angles["X"], angles["Y"])
        return {"phase": angles["Z"], "unwanted rotation": unwanted}
    along_z = np.array([0.0, 0.0, 1.0]) - own[2] * own
    along_z /= np.linalg.norm(along_z)
    turned = float(error @ own)
    return {
        "over-rotation" if turned > 0 else "under-rotation": turned,
        "detuning": float(error @ along_z),
        "axis error": float(error @ np.cross(along_z, own)),
    }


def _pair_parts(angles: Mapping[str, float]) -> dict[str, float]:
    return {f"{_kind(name)} {name}": angle for name, angle in angles.items()}


def _kind(name: str) -> str:
    letters = set(name) - {"I"}
    if len(name) - name.count("I") == 1:
        return "phase" if letters == {"Z"} else "rotation"
    if "Z" not in letters:
        return "correlated error"
    return "conditional phase" if letters == {"Z"} else "conditional rotation"


def _rotation_vector(ideal: Complex) -> Floats:
    """cos(angle/2) and sin(angle/2) times the axis of a one-qubit unitary, angle 0 to pi."""
    special = ideal / np.sqrt(np.linalg.det(ideal))
    cosine = float(np.trace(special).real) / 2
    sines = -np.einsum("kij,ji->k", paulis(1), special).imag / 2
    leading = sines[np.argmax(np.abs(sines))] if abs(cosine) < _ROUNDING else cosine
    sense = np.sign(leading)
    return np.asarray(sense * np.array([cosine, *sines]))


def _own_axis(ideal: Complex) -> Floats:
    """Axis of a one-qubit rotation, shape (3,); zero for the identity."""
    sines = _rotation_vector(ideal)[1:]
    length = float(np.linalg.norm(sines))
    return sines / length if length > _ROUNDING else np.zeros(3)


def _half(ideal: Complex) -> Complex:
    """Half of a one-qubit rotation about its own axis, shape (2, 2)."""
    cosine = _rotation_vector(ideal)[0]
    angle = math.acos(min(1.0, cosine)) / 2
    turn = np.einsum("k,kij->ij", _own_axis(ideal), paulis(1))
    return np.asarray(math.cos(angle) * np.eye(2) - 1j * math.sin(angle) * turn)


def _check(
    channel: GateChannel, ideal: Complex, decay_times_s: Sequence[tuple[float, float]]
) -> None:
    d = len(channel.computational)
    if ideal.shape != (d, d) or 2 ** len(decay_times_s) != d:
        raise ValueError(
            f"ideal and decay times must be of {len(channel.qubits)} qubits, "
            f"but are of shape {ideal.shape} and {len(decay_times_s)}"
        )
    if not (math.isfinite(channel.error_estimate) and np.all(np.isfinite(channel.superoperator))):
        raise ValueError(f"the map of {channel.gate} must be a channel, but is none")
