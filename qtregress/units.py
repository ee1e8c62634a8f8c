"""Physical constants (SI, exact since 2019) and the only unit conversions.

Names carry units everywhere else, so that nothing else needs a factor of 1e9.
"""

import math

PLANCK_J_S = 6.62607015e-34
HBAR_J_S = PLANCK_J_S / (2 * math.pi)
BOLTZMANN_J_PER_K = 1.380649e-23

NANOSECOND_S = 1e-9

_PREFIXES = (
    (1e-21, "z"),
    (1e-18, "a"),
    (1e-15, "f"),
    (1e-12, "p"),
    (1e-9, "n"),
    (1e-6, "µ"),
    (1e-3, "m"),
    (1.0, ""),
    (1e3, "k"),
    (1e6, "M"),
    (1e9, "G"),
)


def angular(frequency_hz: float) -> float:
    """Angular frequency in rad/s of a frequency in Hz."""
    return 2 * math.pi * frequency_hz


def ns_to_s(time_ns: float) -> float:
    """Seconds of a time in nanoseconds."""
    return time_ns * NANOSECOND_S


def decibel_to_ratio(attenuation_db: float) -> float:
    """Linear power ratio A >= 1 of an attenuation in dB."""
    return float(10 ** (attenuation_db / 10))


def engineering(value: float, unit: str, digits: int = 3) -> str:
    """``value`` with an SI prefix, as people read it: ``4.09e-19 J`` is ``409 zJ``.

    Beyond the prefixes people know it stays a power of ten.
    """
    if value == 0:
        return f"0 {unit}"
    if abs(value) < _PREFIXES[0][0] * (1 - 1e-12):
        return f"{value:.{digits}g} {unit}"
    scale, prefix = _PREFIXES[0]
    for candidate, name in _PREFIXES:
        if abs(value) >= candidate * (1 - 1e-12):
            scale, prefix = candidate, name
    return f"{value / scale:.{digits}g} {prefix}{unit}"
