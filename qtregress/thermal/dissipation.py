"""Microwave energy at the chip, and where the line's attenuators turn it into heat.

Everything here is a function of one physical line's Rabi envelope Omega(t), taken *after*
the line model (gain, slope, compression, ratio of a cross drive) and with all carriers of
the line summed (`qtregress.chip.lines.line_envelopes`): what arrives at the chip is what the
qubit sees, and fields add before anything is squared.

The energy is the one that arrives, many orders above what the qubit passes to its own
bath (`qtregress.thermal.accounting`); the two must never be added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.chip import Attenuator, FluxLine, Qubit, Readout
from qtregress.units import HBAR_J_S, angular, decibel_to_ratio

LINE_OHM = 50.0
"""Impedance of every line."""

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def chip_power_w(omega_rad_s: Complex, *, frequency_hz: float, kappa_ext_hz: float) -> Real:
    """Power in W that arrives at the chip, hbar omega_q |Omega|^2 / (4 kappa), shape (T,).

    Input-output relation of a one-port line, Omega = 2 sqrt(kappa) |a_in| (Gardiner and
    Collett, Phys. Rev. A 31, 3761 (1985); Blais et al., Rev. Mod. Phys. 93, 025005
    (2021)). For any carrier on the line of a qubit: the gain and kappa are those at the
    qubit's frequency, so that frequency enters and not the carrier's.

    Args:
        omega_rad_s: Rabi envelope of the whole line, shape (T,).
        frequency_hz: the frequency of the qubit on this line.
        kappa_ext_hz: the qubit's decay into this line, kappa / 2 pi.
    """
    scale = HBAR_J_S * angular(frequency_hz) / (4 * angular(kappa_ext_hz))
    return np.asarray(scale * (omega_rad_s.real**2 + omega_rad_s.imag**2), dtype=np.float64)


def chip_energy_j(
    omega_rad_s: Complex, dt_s: float, *, frequency_hz: float, kappa_ext_hz: float
) -> float:
    """Energy in J that arrives at the chip while the samples are held for ``dt_s`` each.

    The time integral of `chip_power_w`; for an envelope of area theta and length T it is
    hbar omega theta^2 F / (4 kappa T), with F = T int s^2 / (int s)^2.
    """
    power_w = chip_power_w(omega_rad_s, frequency_hz=frequency_hz, kappa_ext_hz=kappa_ext_hz)
    return float(power_w.sum() * dt_s)


def readout_power_w(samples: Complex, readout: Readout) -> Real:
    """Power in W that arrives at the chip over a readout line, shape (T,).

    A one-port resonator driven on resonance holds n = 4 kappa_ext P / (hbar omega kappa^2)
    photons (Gardiner and Collett, Phys. Rev. A 31, 3761 (1985)); its port takes all of kappa.
    What was calibrated is that ``photons`` sit in it at the amplitude ``photons_at``.

    Args:
        samples: relative to full scale, shape (T,).
        readout: with frequency, linewidth and ``photons_at``.

    Raises:
        ValueError: the readout lacks one of them.
    """
    if not is_calibrated(readout):
        raise ValueError("the readout must have frequency_hz, kappa_hz and photons_at")
    quantum_j = HBAR_J_S * angular(readout.frequency_hz or 0.0)
    full_w = quantum_j * angular(readout.kappa_hz or 0.0) * readout.photons / 4
    return np.asarray(full_w * np.abs(samples / (readout.photons_at or 1.0)) ** 2)


def is_calibrated(readout: Readout) -> bool:
    """Whether a readout pulse's power is known."""
    return None not in {readout.frequency_hz, readout.kappa_hz, readout.photons_at}


def flux_power_w(samples: Complex, flux: FluxLine) -> Real:
    """What a baseband pulse adds to the forward power in W at the chip, shape (T,).

    I^2 Z0 / 4 of bias and pulse together, less that of the bias alone (`bias_heat_w`):
    currents add before they are squared, so that a pulse against the bias takes heat away.
    The chip ends the line in a short, where the current is twice that of the forward wave
    (Krinner et al., EPJ Quantum Technology 6:2 (2019), section 5).
    """
    current_a = flux.bias_a + flux.ampere_per_amp * samples.real
    return np.asarray((current_a**2 - flux.bias_a**2) * LINE_OHM / 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackHeat:
    """What happens to the energy sent down a line; the same in J or W as what was asked.

    Attributes:
        downward: heat by stage of the wave on its way to the chip.
        reflected: heat by stage of the wave that the chip sends back.
        sent: what the electronics put in at room temperature.
        escaped: what returns to room temperature.
    """

    downward: Mapping[str, float]
    reflected: Mapping[str, float]
    sent: float
    escaped: float

    @property
    def stages(self) -> dict[str, float]:
        """Heat by stage, both ways together."""
        return {stage: self.downward[stage] + self.reflected[stage] for stage in self.downward}


def stack_heat(at_chip: float, attenuators: Sequence[Attenuator]) -> StackHeat:
    """Heat in every stage of a line at whose end ``at_chip`` (J or W) arrives.

    A pad of power ratio A passes 1/A and keeps the rest. The chip's port reflects all but a
    negligible part, which then passes the pads upwards. Linear in ``at_chip``.

    Args:
        at_chip: energy in J or mean power in W at the chip.
        attenuators: from warm to cold; none dissipates nothing.
    """
    downward = {pad.stage: 0.0 for pad in attenuators}
    reflected = dict(downward)
    wave = back = at_chip
    for pad in reversed(attenuators):
        ratio = decibel_to_ratio(pad.attenuation_db)
        downward[pad.stage] += wave * (ratio - 1)
        reflected[pad.stage] += back * (1 - 1 / ratio)
        wave, back = wave * ratio, back / ratio
    return StackHeat(downward=downward, reflected=reflected, sent=wave, escaped=back)


def line_heat(qubit: Qubit, line: str, at_chip: float) -> dict[str, float]:
    """Heat by stage of one of the qubit's lines (``d0``, ``m0``, ``f0``); J or W as ``at_chip``.

    A flux line's current also heats every resistive section, I^2 R.

    Raises:
        ValueError: the qubit has no such line.
    """
    match line[0]:
        case "d":
            return stack_heat(at_chip, qubit.drive.attenuators).stages
        case "m":
            return stack_heat(at_chip, qubit.readout.attenuators).stages
        case "f" if qubit.flux is not None:
            found = stack_heat(at_chip, qubit.flux.attenuators).stages
            for stage, ohm in qubit.flux.resistance_ohm.items():
                found[stage] = found.get(stage, 0.0) + at_chip * 4 * ohm / LINE_OHM
            return found
    raise ValueError(f"qubit {qubit.index} has no line {line}")


def bias_heat_w(qubit: Qubit) -> dict[str, float]:
    """Heat by stage of the qubit's flux bias all day; nothing without a flux line.

    It comes down the pads as pulses do, and heats every resistive section, I^2 R.
    """
    if qubit.flux is None:
        return {}
    return line_heat(qubit, f"f{qubit.index}", qubit.flux.bias_a**2 * LINE_OHM / 4)
