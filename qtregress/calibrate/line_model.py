"""What telemetry's powers do to a qubit: photons at a line's end, and the rates these change.

The forward model of the fits: a line's power is its mean, played evenly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.calibrate.telemetry import Telemetry
from qtregress.chip.bath import bath_coupling, bose_occupation
from qtregress.chip.chip import Attenuator, Chip, Film, Qubit
from qtregress.chip.cryostat import cryostat_of
from qtregress.chip.noise_spectra import quasiparticle_rates
from qtregress.errors import InputError
from qtregress.thermal.bodies import body_response
from qtregress.thermal.dissipation import line_heat
from qtregress.thermal.films import Section, film_temperature_k, sections
from qtregress.thermal.noise import ROOM_K, photon_dephasing
from qtregress.thermal.plates import cooling_coefficient
from qtregress.units import angular

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

IDLE = 0.01
"""Busy fraction, or share of a line's span of power, up to which nothing is said to play."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """A line with its power and bodies in every row.

    Attributes:
        frequency_hz: at which its photons count.
        film: of its attenuators.
        sections: of the line, warm to cold.
        power_w: at the chip, shape (n,).
        bodies_k: temperature under each section, shape (n, k).
        resting_k: the bodies at the lowest power, were it none; shape (1, k).
    """

    frequency_hz: float
    film: Film
    sections: tuple[Section, ...]
    power_w: Floats
    bodies_k: Floats
    resting_k: Floats

    def photons(self, volume_m3: float) -> Floats:
        """Photons at the line's end above those without power, shape (n,)."""
        resting = self._photons(np.zeros(1), self.resting_k, volume_m3)
        return self._photons(self.power_w, self.bodies_k, volume_m3) - resting

    def resting_photons(self) -> float:
        """Photons at the line's end without power."""
        return float(self._photons(np.zeros(1), self.resting_k, self.film.volume_m3)[0])

    def _photons(self, power_w: Floats, bodies_k: Floats, volume_m3: float) -> Floats:
        """The cascade n_i = n_{i-1} / A_i + (1 - 1 / A_i) n_B(T_i), see `cascade_photons`."""
        found = np.full(len(power_w), bose_occupation(self.frequency_hz, ROOM_K))
        for section, body_k in zip(self.sections, bodies_k.T, strict=True):
            heats_w = power_w * section.heat_share
            volume = volume_m3 * section.volume_share
            kelvin = (
                film_temperature_k(heat_w, volume_m3=volume, film=self.film, body_k=own_k)
                for heat_w, own_k in zip(heats_w.tolist(), body_k.tolist(), strict=True)
            )
            own = np.array([bose_occupation(self.frequency_hz, t) for t in kelvin])
            found = found / section.ratio + (1 - 1 / section.ratio) * own
        return np.asarray(found)


def line_of(chip: Chip, name: str, telemetry: Telemetry, rows: Bools) -> Line:
    """The line in these rows, its bodies warmed by every line whose power is known.

    Args:
        chip: what stands where nothing was measured.
        name: ``d0`` or ``m0``.
        telemetry: with the line's power.
        rows: mask of shape (n,).
    """
    frequency_hz, pads, film = line_end(chip.qubit(int(name[1:])), name)
    cut = sections(pads, film)
    plates_k = {stage: kelvin[rows] for stage, kelvin in _plates_k(chip, telemetry).items()}
    powers_w = {
        column.partition(":")[2]: np.nan_to_num(values[rows])
        for column, values in telemetry.columns.items()
        if column.startswith("line_power_w:")
    }
    own_w = powers_w[name]
    calm = own_w <= own_w.min() + IDLE * np.ptp(own_w)
    calm_k = {stage: np.median(kelvin[calm], keepdims=True) for stage, kelvin in plates_k.items()}
    return Line(
        frequency_hz=frequency_hz,
        film=film,
        sections=cut,
        power_w=own_w,
        bodies_k=_bodies_k(chip, name, cut, powers_w, plates_k),
        resting_k=_bodies_k(chip, name, cut, {}, calm_k),
    )


def line_end(qubit: Qubit, line: str) -> tuple[float, Sequence[Attenuator], Film]:
    """Frequency in Hz at which the line's photons count, its pads, their films."""
    if line[0] == "d":
        return qubit.frequency_hz, qubit.drive.attenuators, qubit.drive.film
    return qubit.readout.frequency_hz or 0.0, qubit.readout.attenuators, qubit.readout.film


def _plates_k(chip: Chip, telemetry: Telemetry) -> dict[str, Floats]:
    """Plate temperatures of every row: as measured, else by load and cooling, else unloaded."""
    found = {}
    for stage in cryostat_of(chip).stages:
        load_w = np.nan_to_num(telemetry.column("load_w", stage.name), nan=0.0)
        model_k = np.sqrt(stage.unloaded_k**2 + load_w / cooling_coefficient(stage))
        kelvin = telemetry.column("temperature_k", stage.name)
        found[stage.name] = np.where(np.isfinite(kelvin), kelvin, model_k)
    return found


def _bodies_k(
    chip: Chip,
    line: str,
    cut: Sequence[Section],
    powers_w: Mapping[str, Floats],
    plates_k: Mapping[str, Floats],
) -> Floats:
    """Temperature of the body under each section of the line in every row, shape (n, k).

    As `body_temperatures_k`, for many powers at once.
    """
    count = len(next(iter(plates_k.values())))
    found = np.zeros((count, len(cut)))
    for stage in {section.stage for section in cut}:
        response = body_response(chip, stage)
        row = response.k4_per_w[response.lines.index(line)]
        fourth = plates_k[stage] ** 4
        for name, k4_per_w in zip(response.lines, row, strict=True):
            heat = line_heat(chip.qubit(int(name[1:])), name, 1.0)[stage]
            fourth = fourth + k4_per_w * heat * powers_w.get(name, np.zeros(count))
        for k, section in enumerate(cut):
            if section.stage == stage:
                found[:, k] = fourth**0.25
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay:
    """A qubit's decay into empty space and by quasiparticles, in 1/s; see `bath_coupling`.

    Attributes:
        both_ways: gamma (2 n0 + 1), which the measured T1 fixes whatever n0 is.
        line: kappa_ext, the drive line's part of gamma.
        quasi_down: by quasiparticles, out of the excited state.
        quasi_up: by quasiparticles, into it.
    """

    both_ways: float
    line: float
    quasi_down: float
    quasi_up: float

    def photons(self, residual: float, line_photons: Floats) -> Floats:
        """n0 + (kappa_ext / gamma) (n_line(P) - n_line(0))."""
        return residual + self.line * (2 * residual + 1) / self.both_ways * line_photons

    def rate(self, residual: float, photons: Floats) -> Floats:
        """1 / T1 = gamma (2 n + 1) + Gamma_qp."""
        gamma = self.both_ways / (2 * residual + 1)
        return gamma * (2 * photons + 1) + self.quasi_down + self.quasi_up

    def population(self, residual: float, photons: Floats) -> Floats:
        """Up over up and down; n / (2 n + 1) without quasiparticles."""
        gamma = self.both_ways / (2 * residual + 1)
        return np.asarray((gamma * photons + self.quasi_up) / self.rate(residual, photons))


def decay_of(qubit: Qubit) -> Decay:
    """The qubit's decay.

    Raises:
        InputError: the quasiparticles or the line alone explain more than T1.
    """
    (down,), (up,) = quasiparticle_rates(qubit, (qubit.frequency_hz,))
    gamma = bath_coupling(qubit)
    line = angular(qubit.drive.kappa_ext_hz)
    if line > gamma:
        raise InputError(
            f"kappa_ext_hz of qubit {qubit.index} must be at most "
            f"{qubit.drive.kappa_ext_hz * gamma / line:.6g}, which alone explains its T1, "
            f"but is {qubit.drive.kappa_ext_hz:.6g}."
        )
    both_ways = gamma * (2 * qubit.residual_photons + 1)
    return Decay(both_ways=both_ways, line=line, quasi_down=down, quasi_up=up)


def added_decay(qubit: Qubit) -> Callable[[Floats], Floats]:
    """The function that says what photons of the drive line add to 1 / T1, in 1/s.

    Raises:
        InputError: as of `decay_of`.
    """
    decay, residual = decay_of(qubit), qubit.residual_photons
    resting = float(decay.rate(residual, np.array(residual)))
    return lambda photons: decay.rate(residual, decay.photons(residual, photons)) - resting


def added_dephasing(qubit: Qubit, resting: float) -> Callable[[Floats], Floats]:
    """The function that says what photons of the readout line add to 1 / T2, in 1/s.

    Args:
        qubit: one whose readout is known.
        resting: photons at the line's end without power.
    """
    kappa_hz, shift_hz = qubit.readout.kappa_hz or 0.0, 2 * (qubit.readout.chi_hz or 0.0)

    def rate(photons: float) -> float:
        return photon_dephasing(photons, kappa_hz=kappa_hz, shift_hz=shift_hz)

    return lambda photons: np.array([rate(resting + n) - rate(resting) for n in photons.tolist()])
