"""Residual photons and films from synthetic telemetry of a known chip."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.calibrate.least_squares import Fitted
from qtregress.calibrate.telemetry import Telemetry
from qtregress.calibrate.thermal import fit_thermal
from qtregress.chip.chip import Chip, Quasiparticles
from qtregress.chip.cryostat import cryostat_of
from qtregress.errors import InputError
from qtregress.thermal.activity import Activity
from qtregress.thermal.bodies import body_temperatures_k
from qtregress.thermal.dissipation import line_heat
from qtregress.thermal.films import film_state, line_photons, sections
from qtregress.thermal.noise import photon_dephasing
from qtregress.thermal.plates import unloaded_temperatures_k
from qtregress.units import angular
from tests.calibrate.synthetic import SEEDS, bare, hit, noise, number, sigmas

Floats = NDArray[np.float64]

RESIDUAL, VOLUME = 0.012, 2e-14
POWERS_W = np.linspace(0.0, 2e-10, 12)


def with_volume(chip: Chip, line: str, volume_m3: float) -> Chip:
    """The chip with another film on a line."""
    qubit = chip.qubit(int(line[1:]))
    side = "drive" if line[0] == "d" else "readout"
    own = getattr(qubit, side)
    film = own.film.model_copy(update={"volume_m3": volume_m3})
    changed = qubit.model_copy(update={side: own.model_copy(update={"film": film})})
    return chip.model_copy(update={"qubits": (changed,)})


def added_photons(chip: Chip, line: str, power_w: float) -> tuple[float, float]:
    """Photons that steady power adds to the line's end, and those without, by the solver."""
    qubit = chip.qubit(int(line[1:]))
    drive = line[0] == "d"
    pads = qubit.drive.attenuators if drive else qubit.readout.attenuators
    film = qubit.drive.film if drive else qubit.readout.film
    frequency_hz = qubit.frequency_hz if drive else qubit.readout.frequency_hz
    assert frequency_hz is not None
    cut = sections(pads, film)
    plates_k = unloaded_temperatures_k(cryostat_of(chip))
    found = []
    for power in (power_w, 0.0):
        heat_w = {(line, name): w for name, w in line_heat(qubit, line, power).items()}
        bodies_k = body_temperatures_k(chip, heat_w, plates_k)
        steady = Activity(
            power_w=np.array([power]), step_s=np.ones(1), playing=np.ones(1, dtype=np.bool_)
        )
        state = film_state(steady, cut, film, [bodies_k[line, one.stage] for one in cut])
        found.append(line_photons(state, frequency_hz).mean)
    return found[0] - found[1], found[1]


@cache
def true_photons(line: str) -> Floats:
    """Photons that the powers add on a line whose film has the true volume."""
    chip = with_volume(bare(), line, VOLUME)
    return np.array([added_photons(chip, line, power)[0] for power in POWERS_W.tolist()])


def qubit_photons(residual: float) -> Floats:
    """Photons of the qubit's bath at the powers on its drive line."""
    qubit = bare().qubit(0)
    share = angular(qubit.drive.kappa_ext_hz) * qubit.t1_s * (2 * residual + 1)
    return residual + share * true_photons("d0")


def population_rows(seed: int, *, scatter: float = 0.002, each: int = 40) -> Telemetry:
    """Populations at powers of the drive line, the plates unloaded."""
    photons = np.tile(qubit_photons(RESIDUAL), each)
    population = photons / (2 * photons + 1) + scatter * noise(seed, len(photons))
    columns = {"line_power_w:d0": np.tile(POWERS_W, each), "population:0": population}
    return Telemetry(time_s=None, columns=columns)


def off_by(row: Fitted, truth: float) -> float:
    """How many standard uncertainties a number is off."""
    assert row.value is not None
    assert row.uncertainty
    return abs(row.value - truth) / row.uncertainty


@pytest.mark.physics
def test_photons_and_film_are_found_from_populations() -> None:
    """Both numbers come back from what the film solver says of steady power."""
    truth = {"residual_photons:0": RESIDUAL, "film_volume_m3:d0": VOLUME}

    hit([sigmas(fit_thermal(bare(), population_rows(seed)), truth) for seed in SEEDS])


@pytest.mark.physics
def test_exact_populations_give_exact_numbers() -> None:
    """The fit's film is the load's film: without scatter nothing is left over."""
    fit = fit_thermal(bare(), population_rows(0, scatter=0.0, each=1))

    assert number(fit, "film_volume_m3:d0").value == pytest.approx(VOLUME, rel=1e-6)
    assert number(fit, "residual_photons:0").value == pytest.approx(RESIDUAL, rel=1e-6)


def test_the_chip_gets_photons_and_film() -> None:
    """With the film's relative uncertainty, which the chip has a field for."""
    fit = fit_thermal(bare(), population_rows(0))
    qubit = fit.chip.qubit(0)
    volume = number(fit, "film_volume_m3:d0")
    assert volume.value is not None
    assert volume.uncertainty is not None

    assert qubit.residual_photons == number(fit, "residual_photons:0").value
    assert qubit.drive.film.volume_m3 == volume.value
    assert qubit.drive.film.volume_uncertainty == pytest.approx(volume.uncertainty / volume.value)


@pytest.mark.physics
def test_the_film_is_found_from_t1() -> None:
    """1 / T1 = gamma (2 n + 1): decay speeds up with the line's photons."""
    chip = bare()
    each = 200
    photons = np.tile(qubit_photons(0.0), each)
    t1_s = chip.qubit(0).t1_s / (2 * photons + 1) * np.exp(0.01 * noise(2, len(photons)))
    rows = {"line_power_w:d0": np.tile(POWERS_W, each), "t1_s:0": t1_s}
    fit = fit_thermal(chip, Telemetry(time_s=None, columns=rows))

    (off,) = sigmas(fit, {"film_volume_m3:d0": VOLUME})
    assert abs(off) < 2


@pytest.mark.physics
def test_the_readout_film_is_found_from_t2() -> None:
    """Photons of the readout line dephase the qubit as Clerk and Utami say."""
    chip = bare()
    readout = chip.qubit(0).readout
    assert readout.kappa_hz is not None
    assert readout.chi_hz is not None
    heated = with_volume(chip, "m0", VOLUME)
    rates = []
    for power in POWERS_W.tolist():
        added, resting = added_photons(heated, "m0", power)
        loaded, calm = (
            photon_dephasing(n, kappa_hz=readout.kappa_hz, shift_hz=2 * readout.chi_hz)
            for n in (resting + added, resting)
        )
        rates.append(loaded - calm)
    t2_s = 1 / (1 / 60e-6 + np.tile(rates, 10))
    t2_s *= np.exp(0.02 * noise(4, len(t2_s)))
    rows = {"line_power_w:m0": np.tile(POWERS_W, 10), "t2_s:0": t2_s}
    fit = fit_thermal(chip, Telemetry(time_s=None, columns=rows))

    (off,) = sigmas(fit, {"film_volume_m3:m0": VOLUME})
    assert abs(off) < 2
    found = number(fit, "film_volume_m3:m0").value
    assert fit.chip.qubit(0).readout.film.volume_m3 == found


@pytest.mark.physics
def test_residual_photons_of_an_idle_qubit() -> None:
    """Up over up and down is n / (2 n + 1), read backwards."""
    population = RESIDUAL / (2 * RESIDUAL + 1) + 0.001 * noise(0, 100)
    rows = {"population:0": population, "busy_fraction": np.zeros(100)}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    (off,) = sigmas(fit, {"residual_photons:0": RESIDUAL})
    assert abs(off) < 2


@pytest.mark.physics
def test_quasiparticles_are_not_taken_for_photons() -> None:
    """What the second bath excites is subtracted."""
    qubit = bare().qubit(0)
    hot = qubit.model_copy(update={"quasiparticles": Quasiparticles(fraction=2e-8)})
    population = np.full(10, RESIDUAL / (2 * RESIDUAL + 1))
    rows = Telemetry(
        time_s=None, columns={"population:0": population, "busy_fraction": np.zeros(10)}
    )
    plain = number(fit_thermal(bare(), rows), "residual_photons:0").value
    chip = bare().model_copy(update={"qubits": (hot,)})
    less = number(fit_thermal(chip, rows), "residual_photons:0").value

    assert plain == pytest.approx(RESIDUAL, rel=1e-6)
    assert less is not None
    assert 0 < less < RESIDUAL


def test_populations_at_an_unknown_load_are_refused() -> None:
    """Photons are residual only if nothing plays."""
    rows = {"population:0": np.full(50, 0.01)}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    assert "nobody knows at which load" in number(fit, "residual_photons:0").reason
    assert fit.chip == bare()


def test_populations_of_a_busy_qubit_are_refused() -> None:
    """A qubit that never rests does not show its residual photons."""
    rows = {"population:0": np.full(50, 0.01), "busy_fraction": np.full(50, 0.4)}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    assert "busy_fraction of at most 0.01" in number(fit, "residual_photons:0").reason


def test_a_population_lost_in_noise_is_undetermined() -> None:
    """Consistent with none is not a number of photons."""
    rows = {"population:0": 0.01 * noise(0, 50), "busy_fraction": np.zeros(50)}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    assert number(fit, "residual_photons:0").status == "undetermined"


def test_constant_power_cannot_tell_the_film() -> None:
    """Nor the residual photons, when that power is high: they would hang on a guessed film."""
    photons = np.repeat(qubit_photons(RESIDUAL)[-1], 100)
    population = photons / (2 * photons + 1) + 1e-4 * noise(0, 100)
    rows = {"line_power_w:d0": np.full(100, POWERS_W[-1]), "population:0": population}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    residual = number(fit, "residual_photons:0")
    assert residual.status == "undetermined" or off_by(residual, RESIDUAL) < 2
    assert "must span a factor of 2" in number(fit, "film_volume_m3:d0").reason
    assert fit.chip.qubit(0).drive.film == bare().qubit(0).drive.film


def test_another_law_of_heating_is_a_poor_fit() -> None:
    """Populations linear in power are no film's: nothing is written."""
    power_w = np.tile(POWERS_W, 20)
    population = 0.01 + 0.02 * power_w / POWERS_W[-1] + 2e-4 * noise(0, 240)
    rows = {"line_power_w:d0": power_w, "population:0": population}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    assert {row.status for row in fit.numbers} == {"poor fit"}
    assert fit.chip == bare()


def test_a_silent_line_still_gives_residual_photons() -> None:
    """Zero power throughout: the film stays, the photons do not hang on it."""
    population = RESIDUAL / (2 * RESIDUAL + 1) + 0.001 * noise(0, 100)
    rows = {"line_power_w:d0": np.zeros(100), "population:0": population}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=rows))

    (off,) = sigmas(fit, {"residual_photons:0": RESIDUAL})
    assert abs(off) < 2
    assert number(fit, "film_volume_m3:d0").status == "undetermined"


def test_too_weak_power_leaves_the_film_open() -> None:
    """A film that nobody can see heating keeps its assumed volume."""
    rows = population_rows(0)
    weak = {**rows.columns, "line_power_w:d0": rows.columns["line_power_w:d0"] * 1e-6}
    weak["population:0"] = 0.012 + 0.002 * noise(0, rows.rows)
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=weak))

    assert number(fit, "film_volume_m3:d0").status == "undetermined"
    assert number(fit, "residual_photons:0").status == "fitted"


def test_a_line_without_a_qubit_to_see_it_is_undetermined() -> None:
    """Power alone heats, but shows nothing."""
    fit = fit_thermal(
        bare(), Telemetry(time_s=None, columns={"line_power_w:d0": np.tile(POWERS_W, 5)})
    )

    assert "neither population:0 nor t1_s:0" in number(fit, "film_volume_m3:d0").reason


def test_a_readout_that_is_not_known_is_undetermined() -> None:
    """Without chi photons of the resonator dephase nobody knows how much."""
    qubit = bare().qubit(0)
    blind = qubit.model_copy(update={"readout": qubit.readout.model_copy(update={"chi_hz": None})})
    rows = {"line_power_w:m0": np.tile(POWERS_W, 5), "t2_s:0": np.full(60, 5e-5)}
    chip = bare().model_copy(update={"qubits": (blind,)})
    fit = fit_thermal(chip, Telemetry(time_s=None, columns=rows))

    assert "kappa_hz and chi_hz" in number(fit, "film_volume_m3:m0").reason


def test_too_few_rows_are_refused() -> None:
    """Four rows are no measurement of two numbers."""
    short = {name: values[:4] for name, values in population_rows(0).columns.items()}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=short))

    assert all("at least 5 rows" in row.reason for row in fit.numbers)


@pytest.mark.parametrize(
    ("column", "kind"),
    [("temperature_k:mcx", "stage"), ("population:7", "qubit"), ("line_power_w:d7", "line")],
)
def test_columns_of_something_else_are_refused(column: str, kind: str) -> None:
    """A misspelt stage must not look like a stage without data."""
    with pytest.raises(InputError, match=f"must name a {kind} of the chip"):
        fit_thermal(bare(), Telemetry(time_s=None, columns={column: np.ones(5)}))


def test_an_impossible_line_is_refused() -> None:
    """A line cannot drain the qubit faster than the qubit decays."""
    qubit = bare().qubit(0)
    wide = qubit.model_copy(update={"drive": qubit.drive.model_copy(update={"kappa_ext_hz": 1e6})})
    with pytest.raises(InputError, match="kappa_ext_hz of qubit 0 must be at most"):
        fit_thermal(bare().model_copy(update={"qubits": (wide,)}), population_rows(0))
