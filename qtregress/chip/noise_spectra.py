"""How a bath's spectrum sets the rate at each of a transmon's transitions.

A rate is a matrix element times the bath's spectral density at the transition's own
frequency (Fermi's golden rule). Densities here are one-sided and without the thermal factor:
photons bring n + 1 downwards and n upwards on top, quasiparticles a Boltzmann factor, so that
detailed balance holds whatever the spectrum.
"""

import math
from bisect import bisect_right

from scipy.special import k0e

from qtregress.chip.chip import (
    FlatSpectrum,
    OhmicSpectrum,
    OneOverFSpectrum,
    Quasiparticles,
    Qubit,
    Spectrum,
    TabulatedSpectrum,
)
from qtregress.errors import InputError
from qtregress.units import BOLTZMANN_J_PER_K, PLANCK_J_S

Rates = tuple[float, ...]
_COLD = 1e8
"""Of hf / 2kT: above it the Bessel function is its limit to 1e-9, and infinity is no trouble."""


def spectral_shape(qubit: Qubit, frequencies_hz: Rates) -> Rates:
    """Density S(f) of the qubit's photon bath over that of the 0-1 transition.

    Flat 1, ohmic f / f_01, 1/f (f_01 / f)^exponent; a table is linear between its points and
    is not continued beyond them.

    Args:
        qubit: whose spectrum it is.
        frequencies_hz: positive; the first is that of the 0-1 transition.

    Raises:
        InputError: the table does not reach every frequency, or the densities are further
            apart than numbers reach.
    """
    if isinstance(qubit.spectrum, TabulatedSpectrum):
        _check_reach(qubit, qubit.spectrum, frequencies_hz)
    try:
        found = tuple(_relative(qubit.spectrum, f, frequencies_hz[0]) for f in frequencies_hz)
    except OverflowError:
        found = (math.inf,)
    if not all(math.isfinite(shape) for shape in found):
        message = (
            f"The spectrum of qubit {qubit.index} must relate its transitions by a number, "
            "but one couples infinitely more than that between 0 and 1."
        )
        raise InputError(message)
    return found


def _check_reach(qubit: Qubit, table: TabulatedSpectrum, frequencies_hz: Rates) -> None:
    low, high = table.frequency_hz[0], table.frequency_hz[-1]
    if min(frequencies_hz) < low or max(frequencies_hz) > high:
        message = (
            f"The spectrum of qubit {qubit.index} must be tabulated from "
            f"{min(frequencies_hz):.6g} to {max(frequencies_hz):.6g} Hz, where its transitions "
            f"are, but reaches from {low:.6g} to {high:.6g} Hz."
        )
        raise InputError(message)


def _relative(spectrum: Spectrum, frequency_hz: float, reference_hz: float) -> float:
    """S(f) / S(reference); exactly 1 for a flat spectrum and at the reference."""
    match spectrum:
        case FlatSpectrum():
            return 1.0
        case OhmicSpectrum():
            return frequency_hz / reference_hz
        case OneOverFSpectrum():
            return float((reference_hz / frequency_hz) ** spectrum.exponent)
        case TabulatedSpectrum():
            return _tabulated(spectrum, frequency_hz) / _tabulated(spectrum, reference_hz)


def _tabulated(table: TabulatedSpectrum, frequency_hz: float) -> float:
    """Density at a frequency inside the table, linear between its points."""
    above = min(bisect_right(table.frequency_hz, frequency_hz), len(table.frequency_hz) - 1)
    left, right = table.frequency_hz[above - 1], table.frequency_hz[above]
    share = (frequency_hz - left) / (right - left)
    return (1 - share) * table.density[above - 1] + share * table.density[above]


def quasiparticle_rates(qubit: Qubit, frequencies_hz: Rates) -> tuple[Rates, Rates]:
    """Rates in 1/s at which quasiparticles move each transition k-1 <-> k down and up.

    Catelani, Schoelkopf, Devoret, Glazman, Phys. Rev. B 84, 064517 (2011): a transmon's
    transition k -> k-1 has the matrix element of sin(phi/2) squared k E_C / (hbar omega_01),
    and the density (8 E_J / pi) x sqrt(2 Delta / (hbar omega)), together
    k (x / pi) sqrt(2 omega_01 Delta / hbar) sqrt(omega_01 / omega_k). This is the limit
    hf >> kT; in quasi-equilibrium at T it is times sqrt(2z / pi) e^z K_0(z), z = hf / 2kT, and
    upwards e^(-hf / kT) of it. To leading order in E_C / E_J, which is 4 to 8 % too little at
    E_J / E_C from 80 to 30.

    Args:
        qubit: without quasiparticles all rates are zero.
        frequencies_hz: of the transitions, as of ``transition_frequencies``.
    """
    found = qubit.quasiparticles
    if found is None:
        return (0.0,) * len(frequencies_hz), (0.0,) * len(frequencies_hz)
    base = frequencies_hz[0]
    down = tuple(k * _tunnelling(found, base, f) for k, f in enumerate(frequencies_hz, 1))
    up = tuple(
        rate * math.exp(-2 * _half_quantum(frequency, found.temperature_k))
        for rate, frequency in zip(down, frequencies_hz, strict=True)
    )
    return down, up


def _tunnelling(found: Quasiparticles, base_hz: float, frequency_hz: float) -> float:
    """Downward rate in 1/s of a transition with matrix element one.

    In frequencies (x / pi) sqrt(2 omega Delta / hbar) is 2 x sqrt(2 f gap).
    """
    cold = 2 * found.fraction * base_hz * math.sqrt(2 * found.gap_hz / frequency_hz)
    half = _half_quantum(frequency_hz, found.temperature_k)
    if half > _COLD:
        return cold
    return cold * math.sqrt(2 * half / math.pi) * float(k0e(half))


def _half_quantum(frequency_hz: float, temperature_k: float) -> float:
    """The ratio hf / 2kT; infinite where the product kT is no number above zero."""
    thermal_j = 2 * BOLTZMANN_J_PER_K * temperature_k
    return PLANCK_J_S * frequency_hz / thermal_j if thermal_j > 0 else math.inf
