"""Temperatures to photons: line cascades, a qubit's mean bath, dephasing by photons."""

import cmath
from collections.abc import Mapping, Sequence

from qtregress.chip.bath import bose_occupation
from qtregress.chip.chip import Attenuator
from qtregress.units import angular, decibel_to_ratio

ROOM_K = 300.0


def cascade_photons(
    frequency_hz: float,
    attenuators: Sequence[Attenuator],
    *,
    temperatures_k: Mapping[str, float],
    source_k: float = ROOM_K,
) -> float:
    """Photons per mode at the cold end of a matched line.

    Each pad is a thermal beam splitter, n_i = n_{i-1} / A_i + (1 - 1 / A_i) n_B(T_i):
    Krinner et al., EPJ Quantum Technology 6:2 (2019), section 2.

    The pads' films are taken to be as cold as their plates. Driven films are hotter, so
    that the photons at load are a lower bound.

    Args:
        frequency_hz: where the photons are counted.
        attenuators: from warm to cold.
        temperatures_k: by stage.
        source_k: noise temperature of what drives the line.
    """
    photons = bose_occupation(frequency_hz, source_k)
    for pad in attenuators:
        passed = 1 / decibel_to_ratio(pad.attenuation_db)
        own = bose_occupation(frequency_hz, temperatures_k[pad.stage])
        photons = passed * photons + (1 - passed) * own
    return photons


def effective_photons(photons_by_rate: Sequence[tuple[float, float]]) -> float:
    """Photons of the one bath that heats like all, sum(gamma n) / sum(gamma).

    Rates of independent baths add, so the weights are the decay rates: a line at 0.5
    photons that takes a thirtieth of the decay counts for a sixtieth of a photon.

    Args:
        photons_by_rate: a pair (decay rate in any common unit, photons) for every bath.
    """
    total = sum(rate for rate, _ in photons_by_rate)
    return sum(rate * photons for rate, photons in photons_by_rate) / total


def photon_dephasing(photons: float, *, kappa_hz: float, shift_hz: float) -> float:
    """Dephasing rate in 1/s by thermal photons in a dispersively coupled resonator.

    (kappa / 2) Re[sqrt((1 + i S / kappa)^2 + 4 i S n / kappa) - 1], Clerk and Utami,
    Phys. Rev. A 75, 042302 (2007). S is the *full* shift of the qubit by one photon,
    S = 2 chi for H = chi a†a sigma_z.

    Args:
        photons: thermal photons of the resonator.
        kappa_hz: the resonator's linewidth kappa / 2 pi.
        shift_hz: the full shift by one photon S / 2 pi, that is twice ``chi_hz``.
    """
    ratio = shift_hz / kappa_hz
    base = complex(1, ratio)
    added = complex(0, 4 * ratio * photons)
    # sqrt(base^2 + added) - base, without cancellation; Re(base) is the formula's 1.
    root = added / (cmath.sqrt(base * base + added) + base)
    return angular(kappa_hz) / 2 * root.real
