"""Attenuator films: closed forms, the periodic state under gates, the photons they emit."""

import math
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from qtregress.chip.bath import bose_occupation
from qtregress.chip.chip import Attenuator, Film
from qtregress.errors import InputError
from qtregress.thermal import films
from qtregress.thermal.activity import Activity, activity, mixed
from qtregress.thermal.dissipation import stack_heat
from qtregress.thermal.film_curve import flow
from qtregress.thermal.films import (
    FilmState,
    Section,
    film_bounds,
    film_state,
    film_temperature_k,
    film_time_s,
    line_photons,
    resting_films,
    sections,
)
from qtregress.thermal.noise import cascade_photons
from qtregress.thermal.use import GateHeat, Play, QubitUse, mean_power_w

Floats = NDArray[np.float64]

FILM = Film()
PADS = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in ("4k", "cp", "mxc"))
CUT = sections(PADS, FILM)
BODIES_K = [4.0, 4.0, 0.1, 0.1, 0.03, 0.03]
HZ = 5e9

stacks = st.lists(
    st.builds(
        Attenuator, stage=st.sampled_from(("4k", "cp", "mxc")), attenuation_db=st.floats(0, 40)
    ),
    max_size=4,
)


def gate(name: str, duration_s: float, power_w: float, line: str = "d0") -> GateHeat:
    """A gate of qubit 0 that plays a smooth pulse of that peak power."""
    shape = np.sin(math.pi * (np.arange(32) + 0.5) / 32) ** 4
    play = Play(power_w=power_w * shape, step_s=duration_s / 32)
    return GateHeat(name=name, qubits=(0,), duration_s=duration_s, lines={line: play})


SX, CX, MEASURE = (
    gate("sx", 35.6e-9, 8e-11),
    gate("cx", 300e-9, 1e-9),
    gate("measure", 1e-6, 1e-16, "m0"),
)
GATES = {one.id: one for one in (SX, CX, MEASURE)}


def use(busy_fraction: float = 0.33, *, sx: float = 1.65, cx: float = 1.5) -> QubitUse:
    """A qubit that plays sx and cx."""
    return QubitUse(
        qubit=0, shares={"sx:0": sx, "cx:0": cx, "measure:0": 0.05}, busy_fraction=busy_fraction
    )


def state_of(busy_fraction: float = 0.33, gates_in_a_row: int = 20) -> FilmState:
    """Films of the drive line of that qubit."""
    played = activity(use(busy_fraction), GATES, "d0", gates_in_a_row=gates_in_a_row)
    return film_state(played, CUT, FILM, BODIES_K)


def constant(power_w: float) -> Activity:
    """The same power all the time."""
    return Activity(
        power_w=np.array([power_w]), step_s=np.array([1e-6]), playing=np.ones(1, dtype=np.bool_)
    )


def alone(ratio: float = 1e30) -> tuple[Section, ...]:
    """One section that takes all of the power; the chip sees its photons and no other."""
    return (Section(stage="mxc", ratio=ratio, volume_share=1.0, heat_share=1.0),)


def photons_of(power_w: float, cut: tuple[Section, ...], body_k: float = 0.02) -> float:
    """Photons at 5 GHz with constant power."""
    state = film_state(constant(power_w), cut, FILM, [body_k] * len(cut))
    return line_photons(state, HZ, source_k=body_k).mean


# Sections


@given(stacks, st.floats(0.5, 40.0))
@settings(deadline=None)
def test_sections_take_the_heat_of_their_pads(pads: list[Attenuator], section_db: float) -> None:
    """However finely the pads are cut, every stage gets the heat that the whole pads would."""
    cut = sections(pads, FILM.model_copy(update={"section_db": section_db}))
    expected = stack_heat(1.0, pads).stages
    found = dict.fromkeys(expected, 0.0)
    for section in cut:
        found[section.stage] += section.heat_share

    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(stacks)
def test_sections_make_up_their_pads(pads: list[Attenuator]) -> None:
    """Attenuations multiply to the line's, volumes add up to one film a pad."""
    cut = sections(pads, FILM)
    total_db = sum(pad.attenuation_db for pad in pads)

    assert 10 * sum(math.log10(one.ratio) for one in cut) == pytest.approx(total_db, abs=1e-9)
    assert sum(one.volume_share for one in cut) == pytest.approx(
        sum(pad.attenuation_db > 0 for pad in pads), rel=1e-6, abs=0
    )


def test_a_pad_is_cut_into_equal_sections_of_at_most_ten_decibel() -> None:
    """25 dB are three sections of 8.3 dB, 0 dB are none."""
    pads = [Attenuator(stage="cp", attenuation_db=25), Attenuator(stage="mxc", attenuation_db=0)]

    cut = sections(pads, FILM)

    assert [one.stage for one in cut] == ["cp"] * 3
    assert [10 * math.log10(one.ratio) for one in cut] == pytest.approx(
        [25 / 3] * 3, rel=1e-6, abs=0
    )


def test_the_first_ten_decibel_take_nine_tenths() -> None:
    """Of the heat in a 20 dB pad on the way down."""
    first, second = sections(PADS[-1:], FILM)

    assert first.heat_share / (first.heat_share + second.heat_share) == pytest.approx(
        0.9, rel=2e-3, abs=0
    )


# Closed forms


@pytest.mark.physics
@pytest.mark.parametrize(
    ("power_w", "expected_k"), [(80e-12, 0.089), (0.8e-9, 0.141), (7.9e-9, 0.223)]
)
def test_film_temperatures(power_w: float, expected_k: float) -> None:
    """A film of 6e-15 m^3 on 20 mK."""
    found = film_temperature_k(power_w, volume_m3=6e-15, film=FILM, body_k=0.02)

    assert found == pytest.approx(expected_k, abs=5e-4)


@pytest.mark.physics
@pytest.mark.parametrize(("temperature_k", "expected_s"), [(0.089, 1.2e-5), (0.051, 6.3e-5)])
def test_film_times(temperature_k: float, expected_s: float) -> None:
    """Hot films answer faster."""
    assert film_time_s(temperature_k, FILM) == pytest.approx(expected_s, rel=0.02, abs=0)


@given(st.floats(1e-13, 1e-6))
def test_constant_power_gives_the_closed_form(power_w: float) -> None:
    """Where nothing changes, the film is where its balance puts it."""
    state = film_state(constant(power_w), alone(), FILM, [0.02])
    expected = film_temperature_k(power_w, volume_m3=FILM.volume_m3, film=FILM, body_k=0.02)

    assert state.mean_k[0] == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.physics
def test_cutting_a_pad_cools_its_photons() -> None:
    """7.9 nW in a 20 dB pad: 0.52 photons as a whole, 0.31 as two sections."""
    whole, halves = (
        sections(PADS[-1:], FILM.model_copy(update={"section_db": db})) for db in (20.0, 10.0)
    )
    at_chip_w = 7.9e-9 / whole[0].heat_share

    assert photons_of(at_chip_w, whole) == pytest.approx(0.52, abs=0.01)
    assert photons_of(at_chip_w, halves) == pytest.approx(0.31, abs=0.01)


# Activity


@given(
    st.floats(1e-6, 1.0),
    st.floats(0.01, 100.0),
    st.floats(0.01, 100.0),
    st.sampled_from((1, 2, 7, 50, 300)),
    st.sampled_from(("d0", "m0")),
)
@settings(deadline=None, max_examples=50)
def test_mean_power_and_busy_fraction_are_exact(
    busy_fraction: float, sx: float, cx: float, gates_in_a_row: int, line: str
) -> None:
    """However shares round to whole gates, the period has the declared mean power."""
    declared = use(busy_fraction, sx=sx, cx=cx)
    played = activity(declared, GATES, line, gates_in_a_row=gates_in_a_row)
    busy_s = float(played.playing @ played.step_s)

    assert played.mean_power_w == pytest.approx(
        mean_power_w(declared, GATES, line), rel=1e-9, abs=0
    )
    assert busy_s / played.period_s == pytest.approx(busy_fraction, rel=1e-9, abs=0)


def test_powers_are_true_to_the_gate() -> None:
    """Rounding is made up for by time: no step is hotter than the gate's pulse."""
    assert activity(use(), GATES, "d0").power_w.max() == pytest.approx(1e-9, rel=0.01, abs=0)


def test_an_idle_line_rests() -> None:
    """At zero duty nothing is played."""
    played = activity(use(0.0), GATES, "d0")

    assert played.mean_power_w == 0
    assert not played.playing.any()


def test_a_busy_line_never_rests() -> None:
    """At full duty every moment belongs to a gate."""
    assert activity(use(1.0), GATES, "d0").playing.all()


def test_gates_of_other_lines_keep_the_qubit_busy() -> None:
    """During its measurement the drive line is silent and the qubit busy."""
    only = QubitUse(qubit=0, shares={"measure:0": 1.0}, busy_fraction=0.5)
    played = activity(only, GATES, "d0")

    assert played.power_w.max() == 0
    assert played.playing @ played.step_s == pytest.approx(played.period_s / 2, rel=1e-6, abs=0)


def test_a_play_shorter_than_its_gate_is_followed_by_silence() -> None:
    """Energy and duration are those of the gate."""
    late = GateHeat(name="x", qubits=(0,), duration_s=1e-6, lines={"d0": SX.lines["d0"]})
    only = QubitUse(qubit=0, shares={"x:0": 1.0}, busy_fraction=1.0)
    played = activity(only, {"x:0": late}, "d0")

    assert played.mean_power_w == pytest.approx(SX.energy_j("d0") / 1e-6, rel=1e-9, abs=0)


@pytest.mark.parametrize(("gates_in_a_row", "rows"), [(1, 64), (32, 2), (100, 1)])
def test_rows_of_gates_alternate_with_rests(gates_in_a_row: int, rows: int) -> None:
    """Rows follow one another until 64 gates are in the period."""
    only = QubitUse(qubit=0, shares={"sx:0": 1.0}, busy_fraction=0.1)
    played = activity(only, GATES, "d0", gates_in_a_row=gates_in_a_row)
    runs = [busy for busy, _ in groupby(played.playing)]

    assert runs == [True, False] * rows
    assert played.period_s == pytest.approx(
        rows * gates_in_a_row * SX.duration_s / 0.1, rel=1e-6, abs=0
    )


def test_gates_are_evenly_mixed() -> None:
    """Two of twelve gates come in the middle of either half."""
    assert "".join(mixed({"a": 10, "b": 2})) == "aaabaaaaabaa"


@pytest.mark.parametrize("gates_in_a_row", [0, 10_001])
def test_rows_out_of_range_are_refused(gates_in_a_row: int) -> None:
    """A row has at least a gate, and a period must fit memory."""
    with pytest.raises(InputError, match=rf"between 1 and 10000, but is {gates_in_a_row}\."):
        activity(use(), GATES, "d0", gates_in_a_row=gates_in_a_row)


def test_a_line_that_hardly_ever_plays_is_refused() -> None:
    """Its rests would be years."""
    with pytest.raises(InputError, match=r"busy_fraction must be 0 or at least 1e-09"):
        activity(use(1e-12), GATES, "d0")


# The periodic state


def integrated(
    played: Activity, cut: tuple[Section, ...], start_k: Floats, bodies_k: Floats
) -> Floats:
    """Temperatures at the ends of the steps by a fine integration, shape (t, k)."""
    conductance = FILM.sigma_w_m3_k5 * FILM.volume_m3 * np.array([one.volume_share for one in cut])
    capacity = FILM.gamma_j_m3_k2 * FILM.volume_m3 * np.array([one.volume_share for one in cut])
    heat = np.array([one.heat_share for one in cut])
    found = []
    for power_w, step_s in zip(played.power_w, played.step_s, strict=True):

        def slope(_: float, kelvin: Floats, power_w: float = power_w) -> Floats:
            flow_w = power_w * heat - conductance * (kelvin**5 - bodies_k**5)
            return np.asarray(flow_w / (capacity * kelvin))

        start_k = solve_ivp(slope, (0, step_s), start_k, method="LSODA", rtol=1e-8, atol=1e-10).y[
            :, -1
        ]
        found.append(start_k)
    return np.array(found)


@pytest.mark.physics
def test_films_follow_their_equation() -> None:
    """A fine integration over a period ends where it began and agrees at every step."""
    played = Activity(
        power_w=np.array([1e-9, 2e-9, 0.0, 8e-11, 0.0, 0.0, 0.0]),
        step_s=np.array([1e-7, 2e-7, 5e-8, 4e-8, 1e-7, 1e-6, 5e-6]),
        playing=np.array([True] * 4 + [False] * 3),
    )
    cut, bodies_k = CUT[2:], np.array(BODIES_K[2:])
    ends = film_state(played, cut, FILM, list(bodies_k)).temperature_k[1::2]

    assert integrated(played, cut, ends[-1], bodies_k) == pytest.approx(ends, rel=1e-5, abs=0)


@given(st.floats(0.02, 60.0), st.floats(1e-4, 20.0))
@settings(max_examples=20, deadline=None)
def test_every_film_follows_one_curve(start: float, film_times: float) -> None:
    """dx/ds = (1 - x^5) / (5 x), from far below and far above the state it goes to."""
    fine = solve_ivp(
        lambda _, x: (1 - x**5) / (5 * x),
        (0, film_times),
        [start],
        rtol=1e-9,
        atol=1e-12,
        method="LSODA",
    )
    found = flow(np.array([start**2]), np.array([film_times]))

    assert math.sqrt(found[0]) == pytest.approx(fine.y[0, -1], rel=2e-5, abs=0)


@given(st.floats(0.01, 100.0), st.integers(1, 60), st.floats(1e-3, 1.0))
@settings(max_examples=15, deadline=None)
def test_the_periodic_state_does_not_depend_on_the_start(
    factor: float, gates_in_a_row: int, busy_fraction: float
) -> None:
    """From a tenth of the temperature or ten times as much Newton's method ends at the same."""
    played = activity(use(busy_fraction), GATES, "d0", gates_in_a_row=gates_in_a_row)
    steady_k = films._steady_k(played.power_w, CUT, FILM, np.array(BODIES_K))
    times = played.step_s[:, None] / (FILM.gamma_j_m3_k2 / (5 * FILM.sigma_w_m3_k5 * steady_k**3))
    expected = film_state(played, CUT, FILM, BODIES_K).temperature_k[1::2]
    start = factor * np.array(BODIES_K) ** 2
    ends, _, _ = films._periodic(start, steady_k**2, times)

    assert np.abs(np.sqrt(ends) / expected - 1).max() < 1e-8


def test_the_same_period_twice_changes_nothing() -> None:
    """A period is a period however it is cut out."""
    once = activity(use(), GATES, "d0", gates_in_a_row=20)
    twice = Activity(
        power_w=np.tile(once.power_w, 2),
        step_s=np.tile(once.step_s, 2),
        playing=np.tile(once.playing, 2),
    )
    first, second = (film_state(one, CUT, FILM, BODIES_K) for one in (once, twice))

    assert second.mean_k == pytest.approx(first.mean_k, rel=1e-9, abs=0)
    assert line_photons(second, HZ).playing == pytest.approx(
        line_photons(first, HZ).playing, rel=1e-9, abs=0
    )


def test_a_slow_film_needs_no_more_iterations() -> None:
    """A film of 10 us under a period of 0.1 us sees its mean power, and is found at once."""
    played = Activity(
        power_w=np.array([160e-12, 0.0]),
        step_s=np.array([5e-8, 5e-8]),
        playing=np.array([True, False]),
    )
    state = film_state(played, alone(), FILM, [0.02])

    assert state.mean_k[0] == pytest.approx(
        film_temperature_k(80e-12, volume_m3=6e-15, film=FILM, body_k=0.02), rel=1e-4, abs=0
    )
    assert state.iterations <= 4


def test_steps_are_fine_enough() -> None:
    """Cutting every step into eight moves photons by less than a thousandth."""
    coarse = activity(use(0.03), GATES, "d0")
    fine = Activity(
        power_w=np.repeat(coarse.power_w, 8),
        step_s=np.repeat(coarse.step_s / 8, 8),
        playing=np.repeat(coarse.playing, 8),
    )
    found, expected = (
        line_photons(film_state(one, CUT, FILM, BODIES_K), HZ) for one in (coarse, fine)
    )

    assert (found.mean, found.playing) == pytest.approx(
        (expected.mean, expected.playing), rel=1e-3, abs=0
    )


@pytest.mark.parametrize("busy_fraction", [1e-3, 0.03, 1.0])
def test_films_pass_on_what_they_take(busy_fraction: float) -> None:
    """Over a period each section gives its body the mean power it dissipates."""
    played = activity(use(busy_fraction), GATES, "d0")
    state = film_state(played, CUT, FILM, BODIES_K)
    volumes_m3 = FILM.volume_m3 * np.array([one.volume_share for one in CUT])
    fifth = state.weights @ state.temperature_k**5 - np.array(BODIES_K) ** 5
    taken_w = played.mean_power_w * np.array([one.heat_share for one in CUT])

    assert FILM.sigma_w_m3_k5 * volumes_m3 * fifth == pytest.approx(taken_w, rel=1e-3, abs=0)


def test_the_solution_reports_how_it_converged() -> None:
    """A handful of iterations, the last of which changes nothing that matters."""
    state = state_of()

    assert (state.status, state.advice) == ("ok", "")
    assert state.iterations <= 10
    assert state.residual < 1e-7
    assert state.weights.sum() == pytest.approx(1.0, rel=1e-6, abs=0)
    assert (state.peak_k >= state.mean_k).all()


@pytest.mark.parametrize("volume_m3", [5e-324, 1e-300])
def test_an_impossible_film_has_no_state(volume_m3: float) -> None:
    """A temperature beyond all numbers is said to be unknown, and yields no photons."""
    state = film_state(
        constant(1e300), alone(), FILM.model_copy(update={"volume_m3": volume_m3}), [0.02]
    )

    assert state.status.startswith("no periodic state")
    assert "volume_m3" in state.advice
    assert not math.isnan(state.residual)
    with pytest.raises(ValueError, match=r"without solution: no periodic state"):
        line_photons(state, HZ)


@pytest.mark.parametrize("power_w", [0.0, 1e-9])
def test_a_body_at_absolute_zero_has_no_state(power_w: float) -> None:
    """Nothing that cold can be followed; it is said, and no exception."""
    played = Activity(
        power_w=np.array([power_w, 0.0]),
        step_s=np.array([1e-6, 1e-6]),
        playing=np.array([True, False]),
    )

    assert film_state(played, alone(), FILM, [1e-100]).status != "ok"


def test_a_search_that_ends_too_early_is_no_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Newton's method would need more iterations the state is unknown."""
    monkeypatch.setattr(films, "_ITERATIONS", 2)

    assert state_of().status == "no periodic state to 1e-07 after 2 iterations"


@pytest.mark.parametrize("body_k", [[], [0.0], [math.nan], [-1.0], [0.1, 0.1]])
def test_bodies_must_be_known(body_k: list[float]) -> None:
    """Every section has a body with a temperature above zero."""
    with pytest.raises(ValueError, match=r"bodies under 1 sections must be warm"):
        film_state(constant(1e-9), alone(), FILM, body_k)


# Photons


@pytest.mark.parametrize("played", [None, activity(use(0.0), GATES, "d0")])
def test_without_power_films_are_as_warm_as_their_bodies(played: Activity | None) -> None:
    """A silent line is the cascade of its bodies."""
    state = film_state(played, CUT, FILM, BODIES_K)
    photons = cascade_photons(HZ, PADS, temperatures_k={"4k": 4.0, "cp": 0.1, "mxc": 0.03})

    assert state.mean_k == pytest.approx(BODIES_K, rel=1e-12, abs=0)
    found = line_photons(state, HZ)
    assert [found.mean, found.playing, found.peak] == pytest.approx([photons] * 3, rel=1e-6, abs=0)


def test_a_line_without_pads_brings_the_source() -> None:
    """300 K or whatever drives it."""
    found = line_photons(film_state(constant(1e-9), (), FILM, []), HZ, source_k=4.0)

    assert found.mean == pytest.approx(bose_occupation(HZ, 4.0), rel=1e-6, abs=0)


@given(st.floats(1e-3, 1e3), st.floats(1.01, 10.0))
@settings(max_examples=20, deadline=None)
def test_photons_rise_with_power(scale: float, factor: float) -> None:
    """Mean, while gates play, and peak."""
    once = activity(use(0.1), GATES, "d0", gates_in_a_row=10)
    weak, strong = (
        line_photons(
            film_state(
                Activity(power_w=k * once.power_w, step_s=once.step_s, playing=once.playing),
                CUT,
                FILM,
                BODIES_K,
            ),
            HZ,
        )
        for k in (scale, scale * factor)
    )

    assert strong.mean > weak.mean
    assert strong.playing > weak.playing
    assert strong.peak > weak.peak


def test_gates_see_hotter_films_than_the_day_does() -> None:
    """Photons while playing are above the mean and below the peak."""
    found = line_photons(state_of(), HZ)

    assert found.mean < found.playing < found.peak


def cross_resonance(gates_in_a_row: int) -> tuple[float, float]:
    """A film's own photons at 3 % duty with 0.38 K while it plays: followed, by mean power."""
    power_w = FILM.sigma_w_m3_k5 * FILM.volume_m3 * (0.38**5 - 0.02**5)
    play = Play(power_w=np.full(32, power_w), step_s=300e-9 / 32)
    cr = GateHeat(name="cr", qubits=(0,), duration_s=300e-9, lines={"d0": play})
    played = activity(
        QubitUse(qubit=0, shares={"cr:0": 1.0}, busy_fraction=0.03),
        {"cr:0": cr},
        "d0",
        gates_in_a_row=gates_in_a_row,
    )
    found = line_photons(film_state(played, alone(), FILM, [0.02]), HZ)
    return found.mean, photons_of(played.mean_power_w, alone())


@pytest.mark.physics
def test_mean_power_overstates_photons_tenfold() -> None:
    """At 3 % duty in bursts far longer than the film's 0.15 us: 0.39 photons instead of 0.034."""
    followed, by_mean_power = cross_resonance(2000)

    assert by_mean_power == pytest.approx(0.388, abs=0.005)
    assert followed == pytest.approx(0.034, abs=0.001)


@pytest.mark.physics
def test_films_stay_warm_between_short_bursts() -> None:
    """Single gates of 0.3 us: the film cools ever more slowly, mean power is off by 1.4 only."""
    followed, by_mean_power = cross_resonance(1)

    assert by_mean_power / followed == pytest.approx(1.38, abs=0.03)


def test_bounds_enclose_the_film() -> None:
    """Their product off by one standard deviation: colder and hotter at every moment."""
    played = activity(use(), GATES, "d0", gates_in_a_row=20)
    colder, hotter = film_bounds(played, CUT, FILM, BODIES_K)
    found = state_of()

    assert (colder.temperature_k <= found.temperature_k + 1e-9).all()
    assert (hotter.temperature_k >= found.temperature_k - 1e-9).all()
    assert (colder.mean_k < found.mean_k).all()
    assert (found.mean_k < hotter.mean_k).all()


def test_bounds_of_a_steady_film_are_those_of_its_closed_form() -> None:
    """By the fifth root of 1 + hypot(0.5, 0.25), up and down, where the body is cold."""
    states = film_bounds(constant(1e-7), alone(), FILM, [0.02])

    assert [state.mean_k[0] for state in states] == pytest.approx(
        [
            film_temperature_k(1e-7, volume_m3=v, film=FILM, body_k=0.02)
            for v in (6e-15 * (1 + math.hypot(0.5, 0.25)), 6e-15 / (1 + math.hypot(0.5, 0.25)))
        ],
        rel=1e-6,
        abs=0,
    )


def test_films_of_a_resting_line_have_one_moment() -> None:
    """Nothing happens in its period."""
    assert resting_films(CUT, BODIES_K).temperature_k.tolist() == [BODIES_K]


@pytest.mark.parametrize("shares", [(1e308, 1e308), (1.0, 1e-300), (1.0, 0.0), (1.0, math.nan)])
def test_shares_that_are_lost_beside_others_are_refused(shares: tuple[float, float]) -> None:
    """A gate that gets no time at all is a sentence, and no division by zero."""
    use = QubitUse(qubit=0, shares=dict(zip(("sx", "cx"), shares, strict=True)), busy_fraction=0.5)
    with pytest.raises(InputError, match=r"shares? must be"):
        activity(use, {"sx": SX, "cx": CX}, "d0")
