"""Quantum heat: what a qubit's own bath takes up while a gate plays.

It is of the order of hbar omega p_e T / T1, many orders below the microwave energy that
arrives at the chip, and must never be added to it.

The energy that counts is the static laboratory-frame Hamiltonian H0 (without the drive and
in no rotating frame): the dissipator is built from its transitions, and in the rotating
frame's steady state the current would vanish although the bath really absorbs.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dissipators import Jump
from qtregress.chip.transmon import Patch
from qtregress.units import HBAR_J_S

Complex = NDArray[np.complex128]


def static_hamiltonian_j(patch: Patch) -> Complex:
    """Undriven laboratory-frame Hamiltonian H0 in J, dressed basis, shape (n, n)."""
    return np.diag(HBAR_J_S * patch.energies_rad_s).astype(np.complex128)


def adjoint_dissipator(operator: Complex, jumps: Sequence[Jump]) -> Complex:
    """Heisenberg-picture rate of change of an operator under dissipation, shape (n, n).

    D†(X) = sum_j rate_j (L†XL - (L†L X + X L†L) / 2), Breuer & Petruccione (2002), section
    3.2.3. With X = H0 its mean is the heat current from the bath into the system, Tr[H0 D(rho)]
    (Alicki, J. Phys. A 12, L103 (1979); Spohn, J. Math. Phys. 19, 1227 (1978)).

    Args:
        operator: X, shape (n, n); H0 in J for heat in J/s.
        jumps: the processes with their rates.
    """
    total = np.zeros(operator.shape, dtype=np.complex128)
    for jump in jumps:
        adjoint = jump.operator.conj().T
        decay = adjoint @ jump.operator
        gained = adjoint @ operator @ jump.operator
        total += jump.rate_per_s * (gained - (decay @ operator + operator @ decay) / 2)
    return total


def heat_to_bath_j(integral_j: Complex, computational: Sequence[int] | NDArray[np.intp]) -> float:
    """Heat in J that the bath takes up, averaged over the computational states.

    -Tr[Q P] / d, with Q = int U†(t) D†(H0) U(t) dt the heat that the *system* takes up to
    first order in the rates, and P / d the maximally mixed computational state, which is the
    mean over all pure ones. Negative where the bath warms the qubit.

    Args:
        integral_j: Q in J, shape (n, n).
        computational: basis indices of the d computational states.
    """
    return -float(np.mean(np.real(np.diagonal(integral_j))[np.asarray(computational)]))
