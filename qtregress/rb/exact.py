"""The exact decay of randomized benchmarking: no sequences, no sampling.

Survival decays as p**m where p is the leading eigenvalue of the mean over the group of
``adj(g) kron S(g)``: adj the traceless part of the ideal g's transfer matrix, S(g) the
simulated superoperator of its pulses, leakage levels included (Wallman, Quantum 2, 47
(2018); Proctor et al., PRL 119, 130502 (2017)). p is the decay that an
experiment fits only where that eigenvalue is real and isolated; elsewhere there is no value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qtregress.rb.clifford import MEAN_NATIVES, MEAN_SX, one_qubit_group
from qtregress.rb.coordinates import Real, adjoint_action
from qtregress.rb.gateset import Complex, Gates, OneQubitGates
from qtregress.rb.halves import pair_mean
from qtregress.rb.words import play_word

IMAGINARY_TOLERANCE: Final = 1e-9
GROWTH_TOLERANCE: Final = 1e-7

DecayStatus = Literal["ok", "complex", "crowded", "growing"]

ADVICE: Final[dict[DecayStatus, str]] = {
    "ok": "The survival decays with this one constant.",
    "complex": (
        "The leading eigenvalue is not a positive number, so the survival oscillates: the pulses "
        "are far from their gates. Judge the average gate error instead."
    ),
    "crowded": (
        "A second mode decays less than twice as fast as the leading one, so no single "
        "exponential describes the survival. Judge the average gate error instead."
    ),
    "growing": (
        "The leading eigenvalue exceeds 1, so the channels are not completely positive. "
        "Check the simulation's error estimate."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactDecay:
    """The decay constant of randomized benchmarking and what follows from it.

    Attributes:
        p: decay per Clifford; None unless the status is ``ok``.
        epc: error per Clifford (d - 1)(1 - p)/d (Magesan et al., PRL 106, 180504 (2011));
            None with p.
        error_per_gate: 1 - (1 - epc)**(1/count), the whole of epc spread over 1.000 sx per
            one-qubit or 1.5 cx, cz or ecr per two-qubit Clifford; for a pair thus an upper
            estimate of that gate's error, because it contains the one-qubit layers. None
            with p.
        gap: 1 - abs(second eigenvalue / leading eigenvalue), between 0 and 1.
        status: ``ok``, or why there is no value.
        advice: what the status means, a sentence.
    """

    p: float | None
    epc: float | None
    error_per_gate: float | None
    gap: float
    status: DecayStatus
    advice: str


def exact_decay(gates: Gates) -> ExactDecay:
    """The decay constant that infinitely many random sequences would show.

    Args:
        gates: simulated natives of one qubit or of a pair.

    Raises:
        ValueError: a superoperator of a pair does not keep Hermitian matrices Hermitian.
    """
    if isinstance(gates, OneQubitGates):
        group = one_qubit_group()
        maps = np.array([play_word(gates, group.word(i)) for i in range(group.order)])
        return explicit_decay(group.unitaries, maps, gates_per_clifford=MEAN_SX)
    spectrum = scipy.linalg.eigvals(pair_mean(gates), check_finite=False)
    return judge_spectrum(spectrum, dimension=4, gates_per_clifford=MEAN_NATIVES)


def explicit_decay(
    unitaries: Complex, superoperators: Complex, *, gates_per_clifford: float
) -> ExactDecay:
    """The decay constant from every element's map, summed one by one.

    Args:
        unitaries: ideal elements, shape (order, d, d).
        superoperators: their simulated maps, shape (order, n**2, n**2).
        gates_per_clifford: over how many gates epc is spread.
    """
    mean = explicit_mean(unitaries, superoperators)
    dimension = int(unitaries.shape[-1])
    spectrum = scipy.linalg.eigvals(mean, check_finite=False)
    return judge_spectrum(spectrum, dimension=dimension, gates_per_clifford=gates_per_clifford)


def explicit_mean(unitaries: Complex, superoperators: Complex) -> Complex:
    """Mean of adj kron S, shape ((d**2 - 1) n**2, (d**2 - 1) n**2).

    Args:
        unitaries: ideal elements, shape (order, d, d).
        superoperators: their simulated maps, shape (order, n**2, n**2).
    """
    order, size = superoperators.shape[:2]
    adjoint = np.array([adjoint_action(unitary) for unitary in unitaries])
    rank = adjoint.shape[1]
    mixed = adjoint.reshape(order, -1).T @ superoperators.reshape(order, -1) / order
    blocks: Complex = mixed.reshape(rank, rank, size, size).transpose(0, 2, 1, 3)
    return blocks.reshape(rank * size, rank * size)


def judge_spectrum(spectrum: Complex, *, dimension: int, gates_per_clifford: float) -> ExactDecay:
    """The decay constant, where the spectrum has one that an experiment would see.

    The second mode must decay at least twice as fast as the leading one: where the leading
    one has lost 1 - x the second then has lost 1 - x**2, and a fit tells them apart.

    Args:
        spectrum: eigenvalues of the mean, in any order.
        dimension: 2 or 4, the ideal dimension d.
        gates_per_clifford: over how many gates epc is spread.
    """
    ranked = spectrum[np.argsort(-np.abs(spectrum), kind="stable")]
    leading, second = complex(ranked[0]), float(abs(ranked[1]))
    gap = 1 - second / abs(leading) if leading else 0.0
    status = _status(leading, second)
    if status != "ok":
        return ExactDecay(
            p=None, epc=None, error_per_gate=None, gap=gap, status=status, advice=ADVICE[status]
        )
    p = min(leading.real, 1.0)
    epc = (dimension - 1) * (1 - p) / dimension
    return ExactDecay(
        p=p,
        epc=epc,
        error_per_gate=1 - (1 - epc) ** (1 / gates_per_clifford),
        gap=gap,
        status=status,
        advice=ADVICE[status],
    )


def exact_curve(
    gates: OneQubitGates, lengths: Sequence[int], *, initial: Complex | None = None
) -> Real:
    """Mean ground-state survival over all sequences of each length, shape (lengths,).

    Every sequence of m Cliffords ends with its inverse, as simulated. The mean is the
    convolution of the group with itself, one group-indexed state per step.

    Args:
        gates: simulated natives of one qubit.
        lengths: numbers of Cliffords m, at least 0.
        initial: density matrix (L, L) before the first pulse; the ground state if None.
    """
    if min(lengths) < 0:
        raise ValueError(f"lengths must be at least 0, but are {tuple(lengths)}")
    group = one_qubit_group()
    maps = np.array([play_word(gates, group.word(i)) for i in range(group.order)])
    order, size = maps.shape[:2]
    before = _predecessors(group.unitaries)
    states = np.zeros((order, size), dtype=np.complex128)
    states[group.find(np.eye(2, dtype=np.complex128))] = _initial(gates.levels, initial)
    last = np.array([maps[group.inverse_of([h])][0] for h in range(order)])
    survivals = {}
    for m in range(max(lengths) + 1):
        survivals[m] = float(np.einsum("hk,hk->", last, states).real)
        states = np.einsum("gab,ghb->ha", maps, states[before], optimize=True) / order
    return np.array([survivals[m] for m in lengths])


def _status(leading: complex, second: float) -> DecayStatus:
    size = abs(leading)
    if size > 1 + GROWTH_TOLERANCE:
        return "growing"
    if leading.real <= 0 or abs(leading.imag) > IMAGINARY_TOLERANCE * size:
        return "complex"
    return "ok" if second <= size**2 else "crowded"


def _predecessors(unitaries: Complex) -> NDArray[np.int64]:
    """Position of g^-1 h, shape (g, h)."""
    find, count = one_qubit_group().find, range(len(unitaries))
    table = [[find(unitaries[g].conj().T @ unitaries[h]) for h in count] for g in count]
    return np.array(table, dtype=np.int64)


def _initial(levels: int, initial: Complex | None) -> Complex:
    if initial is not None:
        return np.asarray(initial, dtype=np.complex128).reshape(-1)
    ground = np.zeros(levels**2, dtype=np.complex128)
    ground[0] = 1
    return ground
