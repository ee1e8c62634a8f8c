"""Jump processes of a patch: one per dressed ladder transition and direction.

Level-resolved, so that the undriven fixed point is the Gibbs state of the static
Hamiltonian (Alicki, J. Phys. A 12, L103 (1979); for coupled systems Levy, Kosloff, EPL 107,
20004 (2014)). Valid while the dressed splittings are large against the rates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.bath import TransmonRates
from qtregress.chip.transmon import Patch

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A Lindblad process with operator (n, n), its own rate, and that of its reverse."""

    operator: Complex
    rate_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A process whose two directions share one operator: ``lower`` and its adjoint.

    A dephasing process is its own adjoint and has no upward rate.
    """

    lower: Complex
    down_per_s: float
    up_per_s: float


def _transition(patch: Patch, position: int, k: int) -> Complex:
    """Sum over the other transmon of |k-1, m><k, m|, dressed basis, shape (n, n)."""
    n = patch.dimension
    operator = np.zeros((n, n), dtype=complex)
    stride = int(np.prod(patch.levels[position + 1 :]))
    for state in np.flatnonzero(patch.numbers[position] == k):
        operator[state - stride, state] = 1.0
    return operator


def ladders(patch: Patch, bath: tuple[TransmonRates, ...]) -> tuple[Ladder, ...]:
    """All processes of the patch: ladder transitions of each transmon, then dephasing."""
    found: list[Ladder] = []
    for position, rates in enumerate(bath):
        found.extend(
            Ladder(
                lower=_transition(patch, position, k),
                down_per_s=rates.down[k - 1],
                up_per_s=rates.up[k - 1],
            )
            for k in range(1, patch.levels[position])
        )
        number = np.diag(patch.numbers[position]).astype(complex)
        # sqrt(2 Gamma_phi) a†a dephases the 0-1 coherence at Gamma_phi
        found.append(Ladder(lower=number, down_per_s=2 * rates.dephasing, up_per_s=0.0))
    return tuple(found)


def jumps(patch: Patch, bath: tuple[TransmonRates, ...]) -> tuple[Jump, ...]:
    """The processes with a non-zero rate, each direction by itself."""
    found: list[Jump] = []
    for ladder in ladders(patch, bath):
        found.append(Jump(operator=ladder.lower, rate_per_s=ladder.down_per_s))
        found.append(Jump(operator=ladder.lower.conj().T, rate_per_s=ladder.up_per_s))
    return tuple(jump for jump in found if jump.rate_per_s > 0)
