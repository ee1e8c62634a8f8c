"""What a state's entropy says about heat and work: production, ergotropy, the cost of a reset."""

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from qtregress.units import BOLTZMANN_J_PER_K

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


def von_neumann_entropy(states: Complex) -> Floats:
    """-Tr[rho ln rho] in units of k_B.

    Args:
        states: density matrices, shape (..., n, n); eigenvalues that rounding made negative
            count as zero.

    Returns:
        One entropy a state, shape (...).
    """
    shares = np.maximum(np.linalg.eigvalsh(states), 0.0)
    logarithms = np.log(np.where(shares > 0, shares, 1.0))
    return cast("Floats", -(shares * logarithms).sum(axis=-1))


def ergotropy_j(states: Complex, energies_j: Floats) -> Floats:
    """Most work that a cyclic unitary can draw from each state, in J.

    Tr[H rho] minus the energy of the passive state, which has the largest population on the
    lowest level and so on: Allahverdyan, Balian, Nieuwenhuizen, EPL 67, 565 (2004).

    Args:
        states: density matrices in the eigenbasis of H, shape (..., n, n).
        energies_j: eigenvalues of H in any order, shape (n,).

    Returns:
        One work a state, shape (...).
    """
    held = np.real(np.diagonal(states, axis1=-2, axis2=-1)) @ energies_j
    # populations ascend, energies are to descend against them
    passive = np.linalg.eigvalsh(states) @ np.sort(energies_j)[::-1]
    return held - passive


def entropy_production(
    entropy_change: float, heat_j: Mapping[str, float], temperature_k: Mapping[str, float]
) -> float:
    """Entropy that a process produced, in units of k_B: dS + sum_k Q_k / (k_B T_k).

    Clausius' inequality says that it is not negative; for a Lindblad generator in detailed
    balance with each bath it is not (Spohn, J. Math. Phys. 19, 1227 (1978)). The integral form
    has no logarithm of a pure state in it.

    Args:
        entropy_change: of the system's state, in k_B.
        heat_j: heat that each bath takes up.
        temperature_k: of each bath, above zero.
    """
    given = sum(heat / (BOLTZMANN_J_PER_K * temperature_k[bath]) for bath, heat in heat_j.items())
    return entropy_change + given


def marginals(state: Complex, levels: tuple[int, ...]) -> tuple[Complex, ...]:
    """The state of each transmon of a patch of one or two, shape (l, l) each.

    Args:
        state: of the patch, shape (n, n), n the product of the levels.
        levels: of each transmon, in the patch's order.
    """
    if len(levels) == 1:
        return (state,)
    tensor = state.reshape(*levels, *levels)
    return np.trace(tensor, axis1=1, axis2=3), np.trace(tensor, axis1=0, axis2=2)


def landauer_j(state: Complex, levels: tuple[int, ...], temperature_k: tuple[float, ...]) -> float:
    """Least heat of resetting each transmon by itself, in J: sum of k_B T S.

    Landauer, IBM J. Res. Dev. 5, 183 (1961). A joint reset could make use of correlations; the
    bound is that of resets one by one, as they are played.

    Args:
        state: of the patch, shape (n, n).
        levels: of each transmon.
        temperature_k: of what takes up each transmon's entropy.
    """
    entropies = [float(von_neumann_entropy(one)) for one in marginals(state, levels)]
    return BOLTZMANN_J_PER_K * sum(
        at_k * entropy for at_k, entropy in zip(temperature_k, entropies, strict=True)
    )
