"""Attenuator films: how hot their electrons get while gates play, and the photons they emit.

Electrons of a driven film are warmer than the body under it, and a hot film answers within a
tenth of a microsecond: photons follow the gates, not the mean power. One period of a line's
power is solved for its periodic state, all sections and all steps at once, each step by the
curve of `qtregress.thermal.film_curve`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qtregress.chip.bath import bose_occupation
from qtregress.chip.chip import Attenuator, Film
from qtregress.thermal.activity import Activity, Bools
from qtregress.thermal.film_curve import Floats, flow, remaining
from qtregress.thermal.noise import ROOM_K
from qtregress.units import BOLTZMANN_J_PER_K, PLANCK_J_S, decibel_to_ratio

_ITERATIONS = 50
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
        after = flow(before, times)
        changes = _around(remaining(before, after, times), steady * after - ends)
        ends = ends + changes
        change = float(np.max(np.abs(changes) / (2 * ends), initial=0.0))
    return ends, change, _ITERATIONS


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
    thirds = steady * flow(np.roll(ends, 1, axis=0) / steady, times / 3)
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
