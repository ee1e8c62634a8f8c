"""A transmon's bath: photon numbers and the rates of its ladder, in detailed balance.

Each transition has its own Bohr frequency and its own photon number, so that the
undriven steady state is the Gibbs state; one photon number for the whole ladder would
put the third level a fifth too low and let the entropy production go negative.
"""

import math
from dataclasses import dataclass

from qtregress.chip.chip import Qubit
from qtregress.errors import InputError
from qtregress.units import BOLTZMANN_J_PER_K, PLANCK_J_S


@dataclass(frozen=True, slots=True, kw_only=True)
class TransmonRates:
    """The rates of one transmon's jump processes, in 1/s.

    Attributes:
        down: ``down[k - 1]`` is the rate k -> k-1, for k = 1 to levels - 1; its jump
            operator is sqrt(rate) |k-1><k|.
        up: ``up[k - 1]`` is the rate k-1 -> k, with sqrt(rate) |k><k-1|.
        dephasing: pure dephasing of the 0-1 coherence, Gamma_phi; its jump operator is
            sqrt(2 Gamma_phi) times the level index (a†a).
    """

    down: tuple[float, ...]
    up: tuple[float, ...]
    dephasing: float


def bose_occupation(frequency_hz: float, temperature_k: float) -> float:
    """Mean photon number 1 / (exp(hf / kT) - 1); zero at zero temperature.

    Planck's law, as in Krinner et al., EPJ Quantum Technol. 6:2 (2019).

    Args:
        frequency_hz: must be positive.
        temperature_k: must not be negative.
    """
    if temperature_k == 0:
        return 0.0
    exponent = PLANCK_J_S * frequency_hz / (BOLTZMANN_J_PER_K * temperature_k)
    # exp(-x) underflows to zero where exp(x) would overflow.
    return math.exp(-exponent) / -math.expm1(-exponent)


def bath_temperature(frequency_hz: float, photons: float) -> float:
    """Temperature in K at which a mode holds ``photons``; the inverse of `bose_occupation`."""
    if photons <= 0:
        return 0.0
    return PLANCK_J_S * frequency_hz / (BOLTZMANN_J_PER_K * math.log1p(1 / photons))


def transition_frequencies(qubit: Qubit, levels: int) -> tuple[float, ...]:
    """Frequencies in Hz of the transitions k-1 <-> k of a Duffing ladder, k = 1 to levels - 1.

    Koch et al., Phys. Rev. A 76, 042319 (2007): each step up costs the
    anharmonicity more than the last.

    Raises:
        InputError: the ladder turns over below the requested level.
    """
    frequencies = tuple(
        qubit.frequency_hz + rung * qubit.anharmonicity_hz for rung in range(levels - 1)
    )
    if min(frequencies, default=1.0) <= 0:
        message = (
            f"Every transition of qubit {qubit.index} below level {levels} must have a positive "
            f"frequency, but the lowest is {min(frequencies):.6g} Hz."
        )
        raise InputError(message)
    return frequencies


def bath_coupling(qubit: Qubit) -> float:
    """Decay rate gamma in 1/s that the qubit would have into an empty bath.

    The measured T1 already contains the residual photons:
    1 / T1 = gamma (2 n0 + 1), Breuer & Petruccione (2002), section 3.4.
    """
    return 1 / (qubit.t1_s * (2 * qubit.residual_photons + 1))


def pure_dephasing(qubit: Qubit) -> float:
    """Pure dephasing rate 1/T2 - 1/(2 T1) in 1/s; zero where rounding makes it negative."""
    return max(0.0, 1 / qubit.t2_s - 1 / (2 * qubit.t1_s))


def transmon_rates(qubit: Qubit, levels: int, extra_photons: float = 0.0) -> TransmonRates:
    """Rates of the ladder's jump processes at the bath temperature that its photons mean.

    Down k gamma (n_k + 1) and up k gamma n_k, with n_k the Bose occupation at the
    transition's own frequency and at the one temperature at which the 0-1 transition sees
    ``residual_photons + extra_photons`` (never below none). T1 and T2 were measured at the
    calibration's load, so that gamma and the pure dephasing do not move with
    ``extra_photons``. Without photons all that is left is decay.

    Args:
        qubit: T1, T2 and residual photons as calibrated.
        levels: levels of the ladder, at least 2.
        extra_photons: photons at the 0-1 frequency above those at the calibration.
    """
    frequencies = transition_frequencies(qubit, levels)
    photons = qubit.residual_photons + extra_photons
    temperature_k = bath_temperature(qubit.frequency_hz, photons)
    occupations = [bose_occupation(frequency, temperature_k) for frequency in frequencies]
    gamma = bath_coupling(qubit)
    return TransmonRates(
        down=tuple(k * gamma * (n + 1) for k, n in enumerate(occupations, 1)),
        up=tuple(k * gamma * n for k, n in enumerate(occupations, 1)),
        dephasing=pure_dephasing(qubit),
    )
