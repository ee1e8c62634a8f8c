"""Attenuator films: how hot their electrons get while gates play, and the photons they emit.

Electrons of a driven film are warmer than the body under it, and a hot film answers within a
tenth of a microsecond: photons follow the gates, not the mean power. One period of a line's
power is solved for its periodic state, all sections and all steps at once.

Within a step of constant power every film follows one universal curve. With
T_inf = (T_body^5 + P / (Sigma V))^(1/5), x = T / T_inf and time s in units of the film's own
time gamma / (5 Sigma T_inf^3), the balance gamma V T dT/dt = P - Sigma V (T^5 - T_body^5)
reads dx/ds = (1 - x^5) / (5 x). A function of x falls exactly as exp(-s); it is tabulated
once, so that no step is ever too long, however hot or cold the film.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qtregress.chip.bath import bose_occupation
from qtregress.chip.chip import Attenuator, Film
from qtregress.errors import InputError
from qtregress.thermal.noise import ROOM_K
from qtregress.thermal.use import GateHeat, QubitUse
from qtregress.units import BOLTZMANN_J_PER_K, PLANCK_J_S, decibel_to_ratio

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GATES_IN_A_ROW = 50
"""How many gates play back to back before the line rests, unless told otherwise."""

_MOST_IN_A_ROW = 10_000
_LEAST_BUSY = 1e-9
_LEAST_SHARE = 1e-30
_LEAST_GATES = 64
"""In a period, so that rare gates of a mix get a turn."""
_STEP_S = 5e-9
"""Of a gate's power: even at 0.9 K a film needs 10 ns."""
_FIRST_REST_S = 4e-9
_REST_GROWTH = 1.3
_IDLE_S = 1e-6
"""Period of a line that never plays; any would do."""

_ITERATIONS = 50
_NEAR = 1e-3
"""Where a film is as good as at the temperature that its power leads to."""
_TOLERANCE = 1e-7
"""On the last relative change of a temperature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One of the equal parts that a pad is cut into.

    Attributes:
        stage: where the pad is anchored.
        ratio: the section's power attenuation A > 1.
        volume_share: of the pad's film.
        heat_share: what the section dissipates over the power that arrives at the chip, on
            the way down and back.
    """

    stage: str
    ratio: float
    volume_share: float
    heat_share: float


def sections(attenuators: Sequence[Attenuator], film: Film) -> tuple[Section, ...]:
    """Sections of a line, each of at most ``film.section_db``, from warm to cold.

    The first 10 dB of a 20 dB pad take nine tenths of its heat, so that the part nearest to
    the chip stays cooler. A wave of ratio A passes 1 / A and leaves the rest, downwards and,
    reflected by the chip's port, upwards, as in `stack_heat`. A pad of 0 dB has no section.

    Args:
        attenuators: from warm to cold.
        film: of the line's pads.
    """
    found = []
    wave = back = 1.0
    for pad in reversed(attenuators):
        if pad.attenuation_db == 0:
            continue
        count = max(1, math.ceil(pad.attenuation_db / film.section_db - 1e-9))
        ratio = decibel_to_ratio(pad.attenuation_db / count)
        for _ in range(count):
            heat = wave * (ratio - 1) + back * (1 - 1 / ratio)
            found.append(
                Section(stage=pad.stage, ratio=ratio, volume_share=1 / count, heat_share=heat)
            )
            wave, back = wave * ratio, back / ratio
    return tuple(reversed(found))


def film_temperature_k(power_w: float, *, volume_m3: float, film: Film, body_k: float) -> float:
    """Temperature in K of a film's electrons at constant power, (T_b^5 + P / (Sigma V))^(1/5).

    Electrons and phonons of a metal film: Wellstood, Urbina and Clarke, Phys. Rev. B 49, 5942
    (1994), Sigma = (2.4 +- 0.6)e9 W m^-3 K^-5 for AuCu.

    Args:
        power_w: dissipated in the film.
        volume_m3: of the film, or of its section.
        film: for Sigma.
        body_k: temperature of the phonons under it.
    """
    return float((body_k**5 + power_w / (film.sigma_w_m3_k5 * volume_m3)) ** 0.2)


def film_time_s(temperature_k: float, film: Film) -> float:
    """Time constant in s of a film's electrons near that temperature, gamma / (5 Sigma T^3).

    Heat capacity gamma V T over conductance 5 Sigma V T^4, by the law of `film_temperature_k`.
    """
    return film.gamma_j_m3_k2 / (5 * film.sigma_w_m3_k5 * temperature_k**3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activity:
    """One period of what a line does; it repeats.

    Attributes:
        power_w: at the chip in each step, shape (t,).
        step_s: length of each step, shape (t,).
        playing: whether the qubit is busy with a gate, shape (t,); its line may be silent.
    """

    power_w: Floats
    step_s: Floats
    playing: Bools

    @property
    def period_s(self) -> float:
        """Length of the period."""
        return float(self.step_s.sum())

    @property
    def mean_power_w(self) -> float:
        """Mean power at the chip."""
        return float(self.power_w @ self.step_s) / self.period_s


def activity(
    use: QubitUse,
    gates: Mapping[str, GateHeat],
    line: str,
    *,
    gates_in_a_row: int = GATES_IN_A_ROW,
) -> Activity:
    """A period of the qubit's gates by their shares, evenly mixed, in rows with rests between.

    Rows are repeated until at least 64 gates are in the period. Of each gate there is a whole
    number, at least one; what rounding that number takes from its share, or adds to it, is
    made up by the length of its steps. So powers are true to the gate, and mean power
    (`mean_power_w`) and busy fraction are exact. A gate rarer than one in the period is
    shortened.

    Args:
        use: of the qubit that the line belongs to.
        gates: by id.
        line: ``d0``, ``m0``.
        gates_in_a_row: how many gates play back to back before the line rests.

    Raises:
        InputError: ``gates_in_a_row`` or the busy fraction is out of range.
    """
    if 0 < use.busy_fraction < _LEAST_BUSY:
        raise InputError(
            f"busy_fraction must be 0 or at least {_LEAST_BUSY:g}, but is {use.busy_fraction:g}."
        )
    if not 1 <= gates_in_a_row <= _MOST_IN_A_ROW:
        raise InputError(
            f"gates_in_a_row must be between 1 and {_MOST_IN_A_ROW}, but is {gates_in_a_row}."
        )
    shares = {name: share for name, share in use.shares.items() if gates[name].duration_s > 0}
    if use.busy_fraction == 0 or not shares:
        silence = np.zeros(1)
        return Activity(power_w=silence, step_s=silence + _IDLE_S, playing=silence > 0)
    rows = math.ceil(_LEAST_GATES / gates_in_a_row)
    total = _total(shares)
    wanted = {name: share / total * rows * gates_in_a_row for name, share in shares.items()}
    counts = {name: max(1, round(number)) for name, number in wanted.items()}
    plays = {
        name: _steps(gates[name], line, stretch=wanted[name] / counts[name]) for name in counts
    }
    return _joined(_mixed(counts), plays, rows, use.busy_fraction)


def _total(shares: Mapping[str, float]) -> float:
    """Their sum, if every share is a number beside it: a gate of no length would divide by zero.

    Raises:
        InputError: it is not.
    """
    total = sum(shares.values())
    if not math.isfinite(total):
        raise InputError(f"The gates' shares must be numbers with a sum, but that is {total:g}.")
    lost = [name for name, share in shares.items() if not share >= _LEAST_SHARE * total]
    if lost:
        raise InputError(
            f"Every gate's share must be at least {_LEAST_SHARE:g} of all, but that of "
            f"{lost[0]} is {shares[lost[0]] / total:g}."
        )
    return total


def _mixed(counts: Mapping[str, int]) -> list[str]:
    """Every name as often as counted, each spread evenly over the whole."""
    turns = [
        ((k + 0.5) / count, place, name)
        for place, (name, count) in enumerate(counts.items())
        for k in range(count)
    ]
    return [name for _, _, name in sorted(turns)]


def _joined(
    order: list[str], plays: Mapping[str, tuple[Floats, Floats]], rows: int, busy_fraction: float
) -> Activity:
    """The gates in that order, cut into rows of which each is followed by its rest."""
    power_w, step_s, playing = [], [], []
    edges = [len(order) * row // rows for row in range(rows + 1)]
    for first, last in pairwise(edges):
        row = [plays[name] for name in order[first:last]]
        busy_s = sum(float(steps.sum()) for _, steps in row)
        rest_s = _growing(busy_s * (1 / busy_fraction - 1))
        power_w += [powers for powers, _ in row] + [np.zeros_like(rest_s)]
        step_s += [steps for _, steps in row] + [rest_s]
        playing += [np.ones(len(steps), dtype=np.bool_) for _, steps in row]
        playing.append(np.zeros(len(rest_s), dtype=np.bool_))
    return Activity(
        power_w=np.concatenate(power_w),
        step_s=np.concatenate(step_s),
        playing=np.concatenate(playing),
    )


def _steps(gate: GateHeat, line: str, *, stretch: float) -> tuple[Floats, Floats]:
    """Power and length of the steps of a gate on the line, some ns each."""
    play = gate.lines.get(line)
    if play is None or play.energy_j == 0:
        silent_s = _growing(gate.duration_s * stretch)
        return np.zeros_like(silent_s), silent_s
    lasts_s = len(play.power_w) * play.step_s
    count = min(len(play.power_w), math.ceil(lasts_s / _STEP_S))
    gathered_j = np.concatenate([[0.0], np.cumsum(play.power_w)]) * play.step_s
    edges = np.linspace(0.0, len(play.power_w), count + 1)
    energy_j = np.diff(np.interp(edges, np.arange(len(gathered_j)), gathered_j))
    rest_s = _growing(max(0.0, gate.duration_s - lasts_s) * stretch)
    return (
        np.concatenate([energy_j * count / lasts_s, np.zeros_like(rest_s)]),
        np.concatenate([np.full(count, lasts_s * stretch / count), rest_s]),
    )


def _growing(rest_s: float) -> Floats:
    """Steps that fill a rest, the first one short, each longer than the one before."""
    if rest_s <= 1e-12 * _FIRST_REST_S:  # what subtraction leaves of nothing
        return np.zeros(0)
    grown = 1 + rest_s * (_REST_GROWTH - 1) / _FIRST_REST_S
    steps = _REST_GROWTH ** np.arange(max(1, math.ceil(math.log(grown, _REST_GROWTH))))
    return np.asarray(steps * (rest_s / steps.sum()), dtype=np.float64)


# One universal curve: the integral of 5 x dx / (1 - x^5) is -sum r^2 ln(x - r) over the fifth
# roots of unity r. What falls as exp(-s) is therefore (1 - x) times a smooth function of x.

_CELLS = 8192
_COLDEST = 1e-15
"""x^-3 that stands for zero."""


def _clock(x: Floats) -> Floats:
    """What falls as exp(-s) along dx/ds = (1 - x^5) / (5 x); positive below 1."""
    smooth = np.zeros_like(x)
    for root in np.exp(2j * np.pi * np.array([1, 2]) / 5):
        smooth -= 2 * (root**2 * (np.log(x - root) - np.log(1 - root))).real
    return np.asarray((1 - x) * np.exp(-smooth))


def _place(squares: Floats) -> Floats:
    """Where x^2 stands on the table: x^2 up to one, 2 - x^-3 beyond; the clock is smooth in it."""
    safe = np.maximum(squares, 1.0)
    return np.where(squares <= 1, squares, 2 - 1 / (safe * np.sqrt(safe)))


def _squares(place: Floats) -> Floats:
    """The inverse of `_place`."""
    return np.where(place <= 1, place, np.clip(2 - place, _COLDEST, 1.0) ** (-2 / 3))


_PLACES = np.linspace(0.0, 2.0, 2 * _CELLS + 1)
_FALLING = -_clock(np.sqrt(_squares(_PLACES)))
"""Minus the clock at these places; it rises, as interpolation wants."""
_SLOPES = np.append(np.diff(_FALLING), 0.0)


def _flow(squares: Floats, film_times: Floats) -> Floats:
    """x^2 after so many film times; exact but for a table of 1e-8. Any equal shapes."""
    place = _place(squares) * _CELLS
    cell = place.astype(np.intp)
    clock = _FALLING[cell] + (place - cell) * _SLOPES[cell]
    return _squares(np.interp(clock * np.exp(-film_times), _FALLING, _PLACES))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilmState:
    """Electron temperatures of a line's sections over one period.

    Where the status is not ``ok`` the temperatures are the bodies' and no solution.

    A step has two moments, a third into it and at its end, whose weights are those of Radau's
    rule: sums over ``weights`` are means over the period, to third order in the step.

    Attributes:
        sections: the k sections, from warm to cold.
        temperature_k: shape (n, k).
        weights: shares of the period, shape (n,), sum 1.
        playing: whether the qubit is busy with a gate, shape (n,).
        residual: largest relative change of a temperature by the last iteration; the error
            left is far smaller.
        iterations: how many were needed.
        status: ``ok``, or what went wrong.
        advice: what to do about it; empty where nothing went wrong.
    """

    sections: tuple[Section, ...]
    temperature_k: Floats
    weights: Floats
    playing: Bools
    residual: float
    iterations: int
    status: str = "ok"
    advice: str = ""

    @property
    def mean_k(self) -> Floats:
        """Mean temperature of each section, shape (k,)."""
        return np.asarray(self.weights @ self.temperature_k)

    @property
    def peak_k(self) -> Floats:
        """Highest temperature of each section, shape (k,)."""
        return np.asarray(self.temperature_k.max(axis=0))


def resting_films(sections: Sequence[Section], body_k: Sequence[float]) -> FilmState:
    """Films of a line that gets no power: as warm as their bodies.

    Args:
        sections: from warm to cold.
        body_k: temperature of the body under each section.

    Raises:
        ValueError: a body's temperature is no positive number.
    """
    return FilmState(
        sections=tuple(sections),
        temperature_k=_bodies_k(sections, body_k)[None],
        weights=np.ones(1),
        playing=np.zeros(1, dtype=np.bool_),
        residual=0.0,
        iterations=0,
    )


def film_state(
    activity: Activity | None, sections: Sequence[Section], film: Film, body_k: Sequence[float]
) -> FilmState:
    """The periodic state of gamma V T dT/dt = P(t) - Sigma V (T^5 - T_body^5), every section.

    The law is that of `film_temperature_k`. Newton's method on the whole period, from the
    state at mean power. The end of a step is a rising concave function of its start, so that
    the method converges from anywhere (monotone Newton theorem, Ortega and Rheinboldt,
    Iterative Solution of Nonlinear Equations in Several Variables (1970), 13.3). Bodies are
    taken to be at rest: they answer in ``film.body_s``, far longer than a period.

    Args:
        activity: one period of power at the chip; None for a line that nothing plays on.
        sections: from warm to cold, k of them.
        film: of the line's pads.
        body_k: temperature of the body under each section, k of them.

    Raises:
        ValueError: a body's temperature is no positive number.
    """
    if activity is None:
        return resting_films(sections, body_k)
    bodies_k = _bodies_k(sections, body_k)
    with np.errstate(all="ignore"):  # whatever fails is no finite number, and found below
        steady_k = _steady_k(activity.power_w, sections, film, bodies_k)
        mean_k = _steady_k(np.array([activity.mean_power_w]), sections, film, bodies_k)
        per_s = 5 * film.sigma_w_m3_k5 * steady_k**3 / film.gamma_j_m3_k2  # 1 / film_time_s
        times = activity.step_s[:, None] * per_s
        ends, residual, iterations = _periodic(mean_k**2, steady_k**2, times)
        if not residual <= _TOLERANCE:
            return _unsolved(sections, bodies_k, residual, iterations)
        temperature_k = np.sqrt(_moments(ends, steady_k**2, times))
    return FilmState(
        sections=tuple(sections),
        temperature_k=temperature_k,
        weights=np.outer(activity.step_s / activity.period_s, [0.75, 0.25]).ravel(),
        playing=np.repeat(activity.playing, 2),
        residual=residual,
        iterations=iterations,
    )


def _unsolved(
    sections: Sequence[Section], bodies_k: Floats, residual: float, iterations: int
) -> FilmState:
    return replace(
        resting_films(sections, list(bodies_k)),
        residual=residual,
        iterations=iterations,
        status=f"no periodic state to {_TOLERANCE:g} after {iterations} iterations",
        advice=(
            "Check volume_m3, sigma_w_m3_k5 and gamma_j_m3_k2 of the line's film, "
            "and its pulses' power."
        ),
    )


def _bodies_k(sections: Sequence[Section], body_k: Sequence[float]) -> Floats:
    """Temperature of the body under each section, shape (k,)."""
    found = np.array(body_k, dtype=np.float64)
    if found.shape != (len(sections),) or not (np.isfinite(found) & (found > 0)).all():
        raise ValueError(f"bodies under {len(sections)} sections must be warm: {found}")
    return found


def _steady_k(power_w: Floats, sections: Sequence[Section], film: Film, bodies_k: Floats) -> Floats:
    """`film_temperature_k` of every section at every power, shape (t, k)."""
    heat = np.array([section.heat_share for section in sections])
    volumes_m3 = film.volume_m3 * np.array([section.volume_share for section in sections])
    rises = np.outer(power_w, heat) / (film.sigma_w_m3_k5 * volumes_m3)
    return np.asarray((bodies_k**5 + rises) ** 0.2)


def _periodic(start: Floats, steady: Floats, times: Floats) -> tuple[Floats, float, int]:
    """T^2 at the ends of the steps, the last relative change of T, and the number of changes.

    Newton's method converges quadratically: what is left is far below its last change.

    Args:
        start: a guess of T^2 that broadcasts to (t, k).
        steady: T^2 that each step's power leads to, shape (t, k).
        times: length of each step in film times, shape (t, k).
    """
    ends = np.broadcast_to(start, steady.shape)
    change = math.inf
    for iteration in range(_ITERATIONS):
        if not ((ends > 0) & (ends < math.inf)).all():
            return ends, math.inf, iteration
        if change <= _TOLERANCE:
            return ends, change, iteration
        before = np.roll(ends, 1, axis=0) / steady
        after = _flow(before, times)
        changes = _around(_gains(before, after, times), steady * after - ends)
        ends = ends + changes
        change = float(np.max(np.abs(changes) / (2 * ends), initial=0.0))
    return ends, change, _ITERATIONS


def _gains(before: Floats, after: Floats, times: Floats) -> Floats:
    """How much of a change of x^2 before a step is left after it.

    The ratio of the speeds 1 - x^5, for a flow that depends on x alone; next to x = 1 both
    vanish, and exp(-s) is left.
    """
    first, last = (1 - squares**2 * np.sqrt(squares) for squares in (before, after))
    near = np.abs(first) < _NEAR
    return np.where(near, np.exp(-times), last / np.where(near, 1.0, first))


def _around(gains: Floats, sources: Floats) -> Floats:
    """The periodic solution of c_j = gain_j c_(j-1) + source_j, shape (t, k).

    Prefix sums by doubling (Hillis and Steele, Commun. ACM 29, 1170 (1986)): step j first
    counts from the one before it, then from two before, four before, and so on.
    """
    product, total = gains.copy(), sources.copy()
    reach = 1
    while reach < len(product):
        total[reach:] = total[reach:] + product[reach:] * total[:-reach]
        product[reach:] = product[reach:] * product[:-reach]
        reach *= 2
    return np.asarray(total + product * (total[-1] / (1 - product[-1])))


def _moments(ends: Floats, steady: Floats, times: Floats) -> Floats:
    """T^2 a third into every step and at its end, shape (2 t, k)."""
    thirds = steady * _flow(np.roll(ends, 1, axis=0) / steady, times / 3)
    return np.stack([thirds, ends], axis=1).reshape(2 * len(ends), ends.shape[1])


def film_bounds(
    activity: Activity, sections: Sequence[Section], film: Film, body_k: Sequence[float]
) -> tuple[FilmState, FilmState]:
    """`film_state` with Sigma V off by one standard deviation either way: colder, hotter.

    The uncertainties of volume and Sigma add in quadrature; the product is divided and
    multiplied by one plus that. Photons of the two states (`line_photons`) enclose those of
    the film itself.
    """
    factor = 1 + math.hypot(film.volume_uncertainty, film.sigma_uncertainty)
    colder, hotter = (
        film.model_copy(update={"volume_m3": film.volume_m3 * factor**sign}) for sign in (1, -1)
    )
    return (
        film_state(activity, sections, colder, body_k),
        film_state(activity, sections, hotter, body_k),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePhotons:
    """Photons per mode at the cold end of a line.

    Attributes:
        mean: over the period.
        playing: over the time that the qubit is busy with gates; the mean where it never is.
        peak: highest of the period.
    """

    mean: float
    playing: float
    peak: float


def line_photons(state: FilmState, frequency_hz: float, *, source_k: float = ROOM_K) -> LinePhotons:
    """Photons that the line brings to the chip at a frequency.

    Each section is a thermal beam splitter, n_i = n_(i-1) / A_i + (1 - 1 / A_i) n_B(T_i(t)),
    at every moment; then averaged. Krinner et al., EPJ Quantum Technology 6:2 (2019),
    section 2.

    Args:
        state: of the line's films.
        frequency_hz: where the photons are counted.
        source_k: noise temperature of what drives the line.

    Raises:
        ValueError: the state is not ``ok``; there is no number to give then.
    """
    if state.status != "ok":
        raise ValueError(f"photons of a state without solution: {state.status}")
    photons = np.full(len(state.weights), bose_occupation(frequency_hz, source_k))
    for section, temperature_k in zip(state.sections, state.temperature_k.T, strict=True):
        own = _bose_occupations(frequency_hz, temperature_k)
        photons = photons / section.ratio + (1 - 1 / section.ratio) * own
    mean = float(state.weights @ photons)
    busy = float(state.weights @ state.playing)
    played = float((state.weights * state.playing) @ photons) / busy if busy > 0 else mean
    return LinePhotons(mean=mean, playing=played, peak=float(photons.max()))


def _bose_occupations(frequency_hz: float, temperature_k: Floats) -> Floats:
    """`bose_occupation` at many temperatures, none of them zero."""
    exponent = PLANCK_J_S * frequency_hz / (BOLTZMANN_J_PER_K * temperature_k)
    return np.asarray(np.exp(-exponent) / -np.expm1(-exponent))
