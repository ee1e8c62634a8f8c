"""Quantum heat: what the qubits' own baths take up while a gate plays.

It is of the order of hbar omega p_e T / T1, many orders below the microwave energy that
arrives at the chip, and must never be added to it.

The energy that counts is the static laboratory-frame Hamiltonian H0 (without the drive and
in no rotating frame): the dissipator is built from its transitions, and in the rotating
frame's steady state the current would vanish although the bath really absorbs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dissipators import Jump
from qtregress.chip.bath import NO_EXTRA, Bath, Extra, TransmonRates, bath_parts
from qtregress.chip.chip import Chip
from qtregress.chip.transmon import Patch
from qtregress.units import BOLTZMANN_J_PER_K, HBAR_J_S, PLANCK_J_S

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservoir:
    """One of the baths with which a transmon of a patch exchanges energy.

    Attributes:
        qubit: whose bath it is.
        position: of that transmon in the patch.
        bath: which of its baths.
        rates: what this bath alone does, pure dephasing (which carries no heat) included.
        temperature_k: at which its rates are in detailed balance; 0 where nothing goes up.
    """

    qubit: int
    position: int
    bath: Bath
    rates: TransmonRates
    temperature_k: float

    @property
    def name(self) -> str:
        """The key of everything told by bath, such as ``0.photons``."""
        return f"{self.qubit}.{self.bath}"


def reservoirs(
    chip: Chip, qubits: tuple[int, ...], extra: Mapping[int, Extra], levels: int
) -> tuple[Reservoir, ...]:
    """The baths of a patch, apart; together they are ``channels.problem.bath_of``.

    A bath that exchanges nothing is left out, such as quasiparticles of which a chip has none.

    Args:
        chip: the qubits as calibrated.
        qubits: of the patch, in its order.
        extra: what a load adds, by qubit.
        levels: of every transmon.

    Raises:
        InputError: as of ``chip.bath.bath_parts``.
        KeyError: the chip lacks a qubit.
    """
    found = []
    for position, index in enumerate(qubits):
        qubit = chip.qubit(index)
        for bath, rates in bath_parts(qubit, levels, extra.get(index, NO_EXTRA)).items():
            if any(rates.down) or rates.dephasing > 0:
                temperature_k = _balance_temperature_k(qubit.frequency_hz, rates)
                found.append(
                    Reservoir(
                        qubit=index,
                        position=position,
                        bath=bath,
                        rates=rates,
                        temperature_k=temperature_k,
                    )
                )
    return tuple(found)


def _balance_temperature_k(frequency_hz: float, rates: TransmonRates) -> float:
    """At which up / down = exp(-hf / kT) on the 0-1 transition; 0 where nothing goes up.

    Detailed balance, Breuer & Petruccione (2002), section 3.4.2.
    """
    if rates.up[0] <= 0:
        return 0.0
    # log1p: of a hot bath's rates, nearly equal, no digits are lost
    exponent = math.log1p((rates.down[0] - rates.up[0]) / rates.up[0])
    return PLANCK_J_S * frequency_hz / (BOLTZMANN_J_PER_K * exponent)


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
