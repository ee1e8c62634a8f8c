"""The fridge at a declared workload: plates, films, photons, and what each qubit sees of them.

Measured T1, T2 and populations contain whatever the calibration saw. Waiting takes far longer
than playing in such a measurement, so its state is the cryostat with its cables and no pulses,
and only differences to that state are added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qtregress.chip.bath import NO_EXTRA, Extra, bath_coupling
from qtregress.chip.chip import Attenuator, Chip, Cryostat, Film, Qubit
from qtregress.chip.cryostat import cryostat_of
from qtregress.errors import InputError
from qtregress.thermal.activity import Activity, activity
from qtregress.thermal.bodies import body_temperatures_k
from qtregress.thermal.dissipation import bias_heat_w, line_heat
from qtregress.thermal.films import (
    FilmState,
    LinePhotons,
    film_bounds,
    film_state,
    line_photons,
    resting_films,
    sections,
)
from qtregress.thermal.noise import photon_dephasing
from qtregress.thermal.plates import Plates, passive_load_w, steady
from qtregress.thermal.use import (
    NO_COUNTS,
    CircuitCounts,
    GateHeat,
    QubitUse,
    copies,
    line_powers_w,
    unknown_heat,
    uses,
)
from qtregress.thermal.workload import Workload
from qtregress.units import angular

_QUBITS_A_FEEDLINE = 8
_ROUNDING = 1e-11


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineState:
    """A line at load.

    Attributes:
        power_w: mean power at the chip.
        films: its films over one period of the qubit's use.
        photons: at the frequency of what the line ends at, the qubit or its resonator.
        uncertainty: one standard deviation of those while gates play, by that of the films'
            volume and electron-phonon coupling.
        resting: the photons with cables and no pulses.
    """

    power_w: float
    films: FilmState
    photons: LinePhotons
    uncertainty: float
    resting: float

    @property
    def last_film_k(self) -> float | None:
        """Mean temperature of the film next to the chip; None where the line has no pad."""
        return float(self.films.mean_k[-1]) if self.films.sections else None

    @property
    def coldest_peak_k(self) -> float | None:
        """Highest temperature of a film of the coldest pad: the others stay near their plates."""
        cut = self.films.sections
        at = [number for number, one in enumerate(cut) if one.stage == cut[-1].stage]
        return float(self.films.peak_k[at].max()) if at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class QubitState:
    """What a qubit sees at load beyond its calibration.

    Attributes:
        playing: while gates play, when its films are hot: what gates suffer from.
        mean: over all the day: what an idle qubit, T1 and T2 see.
    """

    playing: Extra
    mean: Extra


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Load:
    """The fridge at the declared workload, or why it is not known.

    Attributes:
        active_w: mean heat of pulses and currents by stage.
        plates: temperatures with cables and pulses.
        lines: by line, ``d0``.
        qubits: by index.
        problem: why the others are empty, or an empty string.
    """

    active_w: Mapping[str, float] = field(default_factory=dict)
    plates: Plates | None = None
    lines: Mapping[str, LineState] = field(default_factory=dict)
    qubits: Mapping[int, QubitState] = field(default_factory=dict)
    problem: str = ""

    @property
    def extra(self) -> dict[int, Extra]:
        """What gates suffer from, by qubit."""
        return {index: state.playing for index, state in self.qubits.items()}


def load(
    chip: Chip,
    gates: Sequence[GateHeat],
    workload: Workload,
    counts: Mapping[str, CircuitCounts] = NO_COUNTS,
) -> Load:
    """Heat, temperatures and photons at a workload that is the same all day.

    Args:
        chip: with its cryostat.
        gates: heat of those gates where it is known.
        workload: no timeline; of one, `timeline.worst_hour`.
        counts: of its circuits by name.

    Raises:
        InputError: the chip's cryostat is unknown or its lines do not fit it.
    """
    cryostat = cryostat_of(chip)
    if unknown := unknown_heat(gates, counts):
        listed = ", ".join(unknown)
        return Load(problem=f"the workload plays gates whose heat is not known: {listed}")
    try:
        found = uses(gates, workload, counts)
        return _load(chip, cryostat, _Day(gates=gates, uses=found, workload=workload))
    except InputError as problem:
        return Load(problem=str(problem))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Day:
    """A workload as every line feels it."""

    gates: Sequence[GateHeat]
    uses: Sequence[QubitUse]
    workload: Workload

    def activity(self, line: str) -> Activity | None:
        """One period of the line, None where its qubit does nothing."""
        by_id = {gate.id: gate for gate in self.gates}
        for use in self.uses:
            if use.qubit == int(line[1:]):
                return activity(use, by_id, line, gates_in_a_row=self.workload.gates_in_a_row)
        return None


def _load(chip: Chip, cryostat: Cryostat, day: _Day) -> Load:
    power_w = line_powers_w(day.uses, day.gates)
    scale = copies(day.uses, day.workload)
    active_w = active_power_w(chip, cryostat, power_w, scale=scale)
    resting_w = resting_power_w(chip, cryostat, lines=day.workload.lines)
    resting = _settled(steady(cryostat, resting_w))
    total_w = {name: resting_w[name] + active_w[name] for name in resting_w}
    plates = _settled(steady(cryostat, total_w))
    pads_w = {
        (line, stage): heat_w
        for line, at_chip_w in power_w.items()
        for stage, heat_w in line_heat(chip.qubit(int(line[1:])), line, at_chip_w).items()
    }
    bodies_k = body_temperatures_k(chip, pads_w, plates.temperature_k)
    lines = {
        line: _line_state(chip, line, day, bodies_k, resting.temperature_k)
        for line in warm_lines(chip)
    }
    return Load(
        active_w=active_w,
        plates=plates,
        lines=lines,
        qubits={qubit.index: _qubit_state(qubit, lines) for qubit in chip.qubits},
    )


def _settled(plates: Plates) -> Plates:
    """The plates, if they have a steady state.

    Raises:
        InputError: they have none; its text is the reason.
    """
    if plates.status != "ok":
        raise InputError(plates.advice)
    return plates


def active_power_w(
    chip: Chip, cryostat: Cryostat, power_w: Mapping[str, float], *, scale: float = 1.0
) -> dict[str, float]:
    """Mean heat in W of pulses on every stage, for powers at the chip by line."""
    totals = {stage.name: 0.0 for stage in cryostat.stages}
    for line, at_chip_w in power_w.items():
        for stage, heat_w in line_heat(chip.qubit(int(line[1:])), line, at_chip_w).items():
            totals[stage] += scale * heat_w
    return totals


def resting_power_w(
    chip: Chip, cryostat: Cryostat, *, lines: int | None = None
) -> dict[str, float]:
    """Heat in W on every stage while nothing plays: cables and bias currents.

    Args:
        chip: whose qubits' lines hang there.
        cryostat: its stages.
        lines: how many qubits like the chip's own share the cryostat; its own if None.
    """
    qubits = lines or len(chip.qubits)
    scale = qubits / len(chip.qubits)
    feedlines = -(-qubits // _QUBITS_A_FEEDLINE)
    counts = {
        "drive": qubits,
        "readout": feedlines,
        "output": feedlines,
        "flux": round(scale * sum(qubit.flux is not None for qubit in chip.qubits)),
    }
    totals = passive_load_w(cryostat, counts)
    for qubit in chip.qubits:
        for stage, heat_w in bias_heat_w(qubit).items():
            totals[stage] += scale * heat_w
    return totals


def warm_lines(chip: Chip) -> list[str]:
    """Lines whose photons reach a qubit: its drive, and its resonator's where that is known."""
    drives = [f"d{qubit.index}" for qubit in chip.qubits]
    return drives + [
        f"m{qubit.index}" for qubit in chip.qubits if qubit.readout.frequency_hz is not None
    ]


def _ends(chip: Chip, line: str) -> tuple[float, Sequence[Attenuator], Film]:
    """Frequency at which the line's photons count, its pads, their films."""
    qubit = chip.qubit(int(line[1:]))
    if line[0] == "d":
        return qubit.frequency_hz, qubit.drive.attenuators, qubit.drive.film
    return qubit.readout.frequency_hz or 0.0, qubit.readout.attenuators, qubit.readout.film


def _line_state(
    chip: Chip,
    line: str,
    day: _Day,
    bodies_k: Mapping[tuple[str, str], float],
    resting_k: Mapping[str, float],
) -> LineState:
    frequency_hz, pads, film = _ends(chip, line)
    cut = sections(pads, film)
    below_k = [bodies_k[line, one.stage] for one in cut]
    at_rest = resting_films(cut, [resting_k[one.stage] for one in cut])
    played = day.activity(line)
    found = _solved(line, film_state(played, cut, film, below_k))
    spread = 0.0
    if played is not None and played.mean_power_w > 0:
        low, high = (
            line_photons(_solved(line, one), frequency_hz).playing
            for one in film_bounds(played, cut, film, below_k)
        )
        spread = (high - low) / 2
    return LineState(
        power_w=line_powers_w(day.uses, day.gates).get(line, 0.0),
        films=found,
        photons=line_photons(found, frequency_hz),
        uncertainty=spread,
        # the same sections as at load, so that nothing played adds nothing
        resting=line_photons(at_rest, frequency_hz).mean,
    )


def _solved(line: str, state: FilmState) -> FilmState:
    """The films, if they have a periodic state.

    Raises:
        InputError: they have none; its text is the reason.
    """
    if state.status != "ok":
        raise InputError(f"the films of line {line} have no steady state: {state.advice}")
    return state


def _qubit_state(qubit: Qubit, lines: Mapping[str, LineState]) -> QubitState:
    """Only the share of the decay that goes into the drive line sees that line's photons."""
    drive = lines[f"d{qubit.index}"]
    share = line_share(qubit)
    dephasing_per_s = _extra_dephasing_per_s(qubit, lines.get(f"m{qubit.index}"))
    playing, mean = (
        Extra(photons=share * _beyond(photons, drive.resting), dephasing_per_s=dephasing_per_s)
        for photons in (drive.photons.playing, drive.photons.mean)
    )
    return QubitState(playing=playing, mean=mean)


def _extra_dephasing_per_s(qubit: Qubit, line: LineState | None) -> float:
    """Dephasing by the resonator's photons above that of the calibration, in 1/s.

    Zero where linewidth or shift are not known: nothing is assumed of them here.
    """
    readout = qubit.readout
    if line is None or readout.kappa_hz is None or readout.chi_hz is None:
        return NO_EXTRA.dephasing_per_s
    loaded, resting = (
        photon_dephasing(photons, kappa_hz=readout.kappa_hz, shift_hz=2 * readout.chi_hz)
        for photons in (line.photons.mean, line.resting)
    )
    return _beyond(loaded, resting)


def _beyond(loaded: float, resting: float) -> float:
    """What the load adds; rounding is nothing, or a bath would have a temperature of it."""
    return loaded - resting if abs(loaded - resting) > _ROUNDING * resting else 0.0


def line_share(qubit: Qubit) -> float:
    """Share of the qubit's decay that goes into its drive line.

    Raises:
        InputError: the line alone would drain the qubit faster than its measured T1.
    """
    share = kappa_share(qubit)
    if share > 1:
        message = (
            f"kappa_ext_hz of qubit {qubit.index} must be at most "
            f"{qubit.drive.kappa_ext_hz / share:.6g}, which alone explains its T1, "
            f"but is {qubit.drive.kappa_ext_hz:.6g}."
        )
        raise InputError(message)
    return share


def kappa_share(qubit: Qubit) -> float:
    """Its line's coupling over its decay rate; above 1 they contradict each other."""
    return angular(qubit.drive.kappa_ext_hz) / bath_coupling(qubit)
