"""Calibrating cooling, residual photons and attenuator films on a lab's telemetry.

Rows are taken as settled: a plate's only count once its load has stood still for five of its
time constants, and a line's power is its mean, played evenly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.calibrate.cooling_curve import fit_cooling, with_cooling
from qtregress.calibrate.least_squares import (
    LEAST_ROWS,
    MOST_UNCERTAIN,
    Fitted,
    Number,
    Problem,
    fit,
)
from qtregress.calibrate.line_model import (
    IDLE,
    added_decay,
    added_dephasing,
    decay_of,
    line_end,
    line_of,
)
from qtregress.calibrate.telemetry import Telemetry
from qtregress.chip.chip import Chip, Cryostat, DriveLine, Film, Qubit, Readout
from qtregress.chip.cryostat import cryostat_of
from qtregress.errors import InputError
from qtregress.thermal.films import sections

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_LEAST_POWER_SPAN = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalFit:
    """The chip with everything that was fitted, and the record of every number asked for."""

    chip: Chip
    numbers: tuple[Fitted, ...]


def fit_thermal(chip: Chip, telemetry: Telemetry) -> ThermalFit:
    """Cooling curves, residual photons and film volumes of the chip from telemetry.

    What the columns are about is what is asked for: ``temperature_k`` a stage's cooling,
    ``population`` a qubit's residual photons, ``line_power_w`` the film volume of that line
    (``d0`` from population or else T1, ``m0`` from T2). Numbers that stay undetermined, or
    whose law does not describe the rows, keep their old value.

    Args:
        chip: what stands where nothing was measured.
        telemetry: rows on one clock.

    Raises:
        InputError: a column is about something that the chip lacks, or the chip's lines do
            not fit its cryostat.
    """
    cryostat = cryostat_of(chip)
    _check_subjects(chip, cryostat, telemetry)
    numbers: list[Fitted] = []
    for stage in cryostat.stages:
        if telemetry.has("temperature_k", stage.name):
            numbers += fit_cooling(cryostat, stage, telemetry)
    chip = with_cooling(chip, cryostat, {row.name: row for row in numbers})
    for qubit in chip.qubits:
        for row in _fit_qubit(chip, qubit, telemetry):
            numbers.append(row)
            chip = _with_number(chip, row)
    return ThermalFit(chip=Chip.model_validate(chip.model_dump()), numbers=tuple(numbers))


def _check_subjects(chip: Chip, cryostat: Cryostat, telemetry: Telemetry) -> None:
    """Every column must be about something there is: a misspelt stage is no missing one."""
    known = {
        "stage": [stage.name for stage in cryostat.stages],
        "qubit": [str(qubit.index) for qubit in chip.qubits],
        "line": [f"{kind}{qubit.index}" for qubit in chip.qubits for kind in "dm"]
        + [f"f{qubit.index}" for qubit in chip.qubits if qubit.flux is not None],
    }
    kinds = {"load_w": "stage", "temperature_k": "stage", "line_power_w": "line"}
    for name in telemetry.columns:
        quantity, _, subject = name.partition(":")
        if not subject:
            continue
        kind = kinds.get(quantity, "qubit")
        if subject not in known[kind]:
            message = f"{name} must name a {kind} of the chip, {', '.join(known[kind])}."
            raise InputError(message)


def _fit_qubit(chip: Chip, qubit: Qubit, telemetry: Telemetry) -> list[Fitted]:
    """What the telemetry asks about a qubit: its residual photons and its lines' films."""
    index = qubit.index
    drive, readout = f"d{index}", f"m{index}"
    found: list[Fitted] = []
    if telemetry.has("population", index) and telemetry.has("line_power_w", drive):
        found += _fit_populations(chip, qubit, telemetry)
    elif telemetry.has("population", index):
        found += _fit_idle(qubit, telemetry)
    elif telemetry.has("line_power_w", drive) and telemetry.has("t1_s", index):
        found += _fit_times(chip, qubit, drive, telemetry)
    elif telemetry.has("line_power_w", drive):
        why = f"the telemetry has neither population:{index} nor t1_s:{index}"
        found.append(_no_volume(qubit, drive, why))
    if telemetry.has("line_power_w", readout):
        found += _fit_readout(chip, qubit, telemetry)
    return found


def _no_volume(qubit: Qubit, line: str, why: str) -> Fitted:
    return Fitted(name=f"film_volume_m3:{line}", old=line_end(qubit, line)[2].volume_m3, reason=why)


def _no_photons(qubit: Qubit, why: str) -> Fitted:
    return Fitted(name=f"residual_photons:{qubit.index}", old=qubit.residual_photons, reason=why)


def _volume(film: Film, line: str) -> Number:
    return Number(
        name=f"film_volume_m3:{line}",
        old=film.volume_m3,
        start=film.volume_m3,
        low=film.volume_m3 * 1e-6,
        high=film.volume_m3 * 1e6,
        spread=film.volume_uncertainty,
    )


def _residual(qubit: Qubit, populations: Floats) -> Number:
    lowest = float(np.clip(np.quantile(populations, 0.1), 1e-5, 0.4))
    return Number(
        name=f"residual_photons:{qubit.index}",
        old=qubit.residual_photons,
        start=lowest / (1 - 2 * lowest),
        low=1e-8,
        high=100.0,
        spread=MOST_UNCERTAIN,
    )


def _why_no_film(qubit: Qubit, line: str, power_w: Floats) -> str:
    """Why rows at these powers of a line cannot tell its film, empty where they may."""
    low_w, high_w = float(power_w.min()), float(power_w.max())
    if high_w < _LEAST_POWER_SPAN * low_w or high_w == 0:
        return (
            f"line_power_w:{line} must span a factor of {_LEAST_POWER_SPAN:g}, "
            f"but lies between {low_w:.3g} and {high_w:.3g} W"
        )
    _, pads, film = line_end(qubit, line)
    return "" if sections(pads, film) else "the line has no attenuator"


def _too_few(rows: Bools, *names: str) -> str:
    """Why that few rows cannot give anything, empty where they may."""
    if rows.sum() >= LEAST_ROWS:
        return ""
    return (
        f"at least {LEAST_ROWS} rows with {' and '.join(names)} are needed, "
        f"but there are {rows.sum()}"
    )


def _fit_populations(chip: Chip, qubit: Qubit, telemetry: Telemetry) -> list[Fitted]:
    """Residual photons and the drive line's film from populations at the line's powers.

    One decay channel of several is driven: rates of independent baths add, Breuer & Petruccione
    (2002), section 3.4. Residual photons are those at no power and the plates' lowest load.
    """
    line = f"d{qubit.index}"
    population = telemetry.column("population", qubit.index)
    power_w = telemetry.column("line_power_w", line)
    rows = np.isfinite(population) & np.isfinite(power_w)
    why = _too_few(rows, f"population:{qubit.index}", f"line_power_w:{line}")
    if why:
        return [_no_photons(qubit, why), _no_volume(qubit, line, why)]
    model, decay = line_of(chip, line, telemetry, rows), decay_of(qubit)

    def populations(values: Floats) -> Floats:
        residual, volume_m3 = values.tolist()
        photons = decay.photons(residual, model.photons(volume_m3))
        return decay.population(residual, photons)

    why = _why_no_film(qubit, line, power_w[rows])
    problem = Problem(
        numbers=(_residual(qubit, population[rows]), _volume(model.film, line)),
        model=populations,
        observed=population[rows],
        along=power_w[rows],
        time_s=telemetry.times(rows),
    )
    return fit(problem, {1: why} if why else {})


def _fit_idle(qubit: Qubit, telemetry: Telemetry) -> list[Fitted]:
    """Residual photons from populations while the qubit is idle."""
    population = telemetry.column("population", qubit.index)
    busy = telemetry.columns.get("busy_fraction")
    if busy is None:
        why = (
            f"the telemetry has neither line_power_w:d{qubit.index} nor busy_fraction, "
            "so that nobody knows at which load the population was measured"
        )
        return [_no_photons(qubit, why)]
    rows = np.isfinite(population) & (np.nan_to_num(busy, nan=1.0) <= IDLE)
    why = _too_few(rows, f"population:{qubit.index}", f"busy_fraction of at most {IDLE:g}")
    if why:
        return [_no_photons(qubit, why)]
    decay = decay_of(qubit)
    unheated = np.zeros(int(rows.sum()))
    problem = Problem(
        numbers=(_residual(qubit, population[rows]),),
        model=lambda values: decay.population(float(values[0]), values[0] + unheated),
        observed=population[rows],
        along=busy[rows],
        time_s=telemetry.times(rows),
    )
    return fit(problem)


def _fit_times(chip: Chip, qubit: Qubit, line: str, telemetry: Telemetry) -> list[Fitted]:
    """A line's film from T1 at a drive line's powers, or T2 at a readout line's.

    What the time is without power is fitted along, since it drifts. T1 is that of `Decay`;
    1 / T2 grows by the dephasing of `photon_dephasing`, the resonator being at its line's
    photons.
    """
    column = f"t1_s:{qubit.index}" if line[0] == "d" else f"t2_s:{qubit.index}"
    times_s = telemetry.columns[column]
    power_w = telemetry.column("line_power_w", line)
    rows = np.isfinite(times_s) & np.isfinite(power_w)
    why = _too_few(rows, column, f"line_power_w:{line}")
    why = why or _why_no_film(qubit, line, power_w[rows])
    if why:
        return [_no_volume(qubit, line, why)]
    model = line_of(chip, line, telemetry, rows)
    added = (
        added_decay(qubit) if line[0] == "d" else added_dephasing(qubit, model.resting_photons())
    )
    typical_s = float(np.median(times_s[rows]))

    def logarithms(values: Floats) -> Floats:
        time_s, volume_m3 = values.tolist()
        return np.asarray(-np.log(1 / time_s + added(model.photons(volume_m3))))

    resting = Number(
        name=column,
        old=typical_s,
        start=typical_s,
        low=typical_s / 30,
        high=typical_s * 30,
        spread=1.0,
        wanted=False,
    )
    problem = Problem(
        numbers=(resting, _volume(model.film, line)),
        model=logarithms,
        observed=np.log(times_s[rows]),
        along=power_w[rows],
        time_s=telemetry.times(rows),
    )
    return fit(problem)


def _fit_readout(chip: Chip, qubit: Qubit, telemetry: Telemetry) -> list[Fitted]:
    """The readout line's film, where the resonator is known."""
    line = f"m{qubit.index}"
    readout = qubit.readout
    if not telemetry.has("t2_s", qubit.index):
        return [_no_volume(qubit, line, f"the telemetry has no t2_s:{qubit.index}")]
    if None in {readout.frequency_hz, readout.kappa_hz} or not readout.chi_hz:
        why = f"readout of qubit {qubit.index} must have frequency_hz, kappa_hz and chi_hz"
        return [_no_volume(qubit, line, why)]
    return _fit_times(chip, qubit, line, telemetry)


def _with_number(chip: Chip, number: Fitted) -> Chip:
    """The chip with one number of a qubit, where it is fitted."""
    if number.status != "fitted" or number.value is None or number.uncertainty is None:
        return chip
    kind, _, subject = number.name.partition(":")
    qubit = chip.qubit(int(subject.lstrip("dm")))
    if kind == "residual_photons":
        return _with_qubit(chip, qubit.model_copy(update={"residual_photons": number.value}))
    side = "drive" if subject[0] == "d" else "readout"
    line: DriveLine | Readout = getattr(qubit, side)
    film = {
        "volume_m3": number.value,
        "volume_uncertainty": min(1.0, number.uncertainty / number.value),
        # only the product with Sigma was determined: its uncertainty is all in the volume
        "sigma_uncertainty": 0.0,
    }
    heated = line.model_copy(update={"film": line.film.model_copy(update=film)})
    return _with_qubit(chip, qubit.model_copy(update={side: heated}))


def _with_qubit(chip: Chip, qubit: Qubit) -> Chip:
    qubits = tuple(qubit if one.index == qubit.index else one for one in chip.qubits)
    return chip.model_copy(update={"qubits": qubits})
