"""A transmon's baths: photon numbers and the rates of its ladder, in detailed balance.

Each transition has its own Bohr frequency and its own photon number, so that the
undriven steady state is the Gibbs state; one photon number for the whole ladder would
put the third level a fifth too low and let the entropy production go negative.
"""

import math
from dataclasses import dataclass
from typing import Literal

from qtregress.chip.chip import Qubit
from qtregress.chip.noise_spectra import quasiparticle_rates, spectral_shape
from qtregress.errors import InputError
from qtregress.units import BOLTZMANN_J_PER_K, PLANCK_J_S

Bath = Literal["photons", "quasiparticles"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What a load adds to a transmon's bath above what it was calibrated with.

    Attributes:
        photons: at the 0-1 frequency; negative for a bath colder than the calibration's.
        dephasing_per_s: pure dephasing of the 0-1 coherence in 1/s, as by photons in the
            readout resonator; negative where there are fewer of them.
    """

    photons: float = 0.0
    dephasing_per_s: float = 0.0


NO_EXTRA = Extra()
"""The load of the calibration itself."""


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
    """Decay rate gamma in 1/s that the qubit would have into an empty bath of photons.

    The measured T1 already contains the residual photons and the quasiparticles:
    1 / T1 = gamma (2 n0 + 1) + Gamma_qp (1 + exp(-hf / k T_qp)), Breuer & Petruccione (2002),
    section 3.4, for each of two independent baths.

    Raises:
        InputError: the quasiparticles alone let the qubit decay faster than T1 says.
    """
    (down,), (up,) = quasiparticle_rates(qubit, (qubit.frequency_hz,))
    both_ways = 2 * qubit.residual_photons + 1
    gamma = 1 / (qubit.t1_s * both_ways) - (down + up) / both_ways
    if not gamma > 0:
        message = (
            f"t1_s of qubit {qubit.index} must be below the {1 / (down + up):.6g} s that its "
            f"quasiparticles alone leave it, but is {qubit.t1_s:.6g} s."
        )
        raise InputError(message)
    return gamma


def pure_dephasing(qubit: Qubit) -> float:
    """Pure dephasing rate 1/T2 - 1/(2 T1) in 1/s; zero where rounding makes it negative."""
    return max(0.0, 1 / qubit.t2_s - 1 / (2 * qubit.t1_s))


def bath_parts(qubit: Qubit, levels: int, extra: Extra = NO_EXTRA) -> dict[Bath, TransmonRates]:
    """The rates of `transmon_rates` by the bath that they exchange energy with.

    Each obeys detailed balance at its own temperature: photons at the one at which the 0-1
    transition sees ``residual_photons + extra.photons``, quasiparticles at their own. Pure
    dephasing exchanges no energy and is counted with the photons.

    Args and raises: as of `transmon_rates`.
    """
    frequencies = transition_frequencies(qubit, levels)
    photons = qubit.residual_photons + extra.photons
    temperature_k = bath_temperature(qubit.frequency_hz, photons)
    gamma = bath_coupling(qubit)
    shape = spectral_shape(qubit, frequencies)
    rungs = [
        (k * gamma * relative, bose_occupation(frequency, temperature_k))
        for k, (frequency, relative) in enumerate(zip(frequencies, shape, strict=True), 1)
    ]
    qp_down, qp_up = quasiparticle_rates(qubit, frequencies)
    return {
        "photons": TransmonRates(
            down=tuple(rate * (n + 1) for rate, n in rungs),
            up=tuple(rate * n for rate, n in rungs),
            dephasing=max(0.0, pure_dephasing(qubit) + extra.dephasing_per_s),
        ),
        "quasiparticles": TransmonRates(down=qp_down, up=qp_up, dephasing=0.0),
    }


def transmon_rates(qubit: Qubit, levels: int, extra: Extra = NO_EXTRA) -> TransmonRates:
    """Rates of the ladder's jump processes, those of both of its baths together.

    Photons move transition k down at k gamma S_k (n_k + 1) and up at k gamma S_k n_k: n_k is
    the Bose occupation at the transition's own frequency and at the one temperature at which
    the 0-1 transition sees ``residual_photons + extra.photons`` (never below none), S_k the
    bath's density there over that at the 0-1 transition. Quasiparticles add
    `quasiparticle_rates`. T1 and T2 were measured at the calibration's load, so that gamma
    and what dephased then do not move with ``extra``. Without photons and quasiparticles all
    that is left is decay.

    Args:
        qubit: T1, T2, residual photons and baths as calibrated.
        levels: levels of the ladder, at least 2.
        extra: photons at the 0-1 frequency and dephasing above those at the calibration.

    Raises:
        InputError: the ladder turns over, its spectrum does not reach a transition, or
            quasiparticles explain more than T1.
    """
    photons, quasiparticles = bath_parts(qubit, levels, extra).values()
    return TransmonRates(
        down=tuple(a + b for a, b in zip(photons.down, quasiparticles.down, strict=True)),
        up=tuple(a + b for a, b in zip(photons.up, quasiparticles.up, strict=True)),
        dephasing=photons.dephasing,
    )
