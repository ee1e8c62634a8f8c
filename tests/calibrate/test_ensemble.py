"""Chips drawn from a chip's uncertainties: what cancels, what stays, and by how much."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import least_squares

from qtregress.calibrate import ensemble as draws_of
from qtregress.calibrate.drive import with_line
from qtregress.calibrate.ensemble import (
    DRAWS,
    Played,
    Response,
    Spread,
    ensemble,
    reach,
    responses,
    widened,
)
from qtregress.calibrate.recalibration import LineShift, coherent_interval, shifted
from qtregress.channels.fast import Bath
from qtregress.channels.losses import Losses, rates_per_s
from qtregress.channels.plan import plan
from qtregress.channels.problem import gate_problem
from qtregress.channels.sensitivity import Kind, Parameter
from qtregress.channels.simulate import blocks
from qtregress.channels.unitary_error import coherent_distance, error_vector, polar_unitary
from qtregress.chip.bath import transmon_rates
from qtregress.chip.chip import Chip
from qtregress.files.documents import read
from qtregress.pulses.profile import Profile
from qtregress.run import in_order
from tests import small
from tests.channels.loss_integrals import integrated_losses_s

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Figure = Callable[[str, object], None]

SURE = {
    "qubits": {"t1_uncertainty": 0.0, "t2_uncertainty": 0.0},
    "drive": {"rabi_uncertainty": 0.0, "slope_uncertainty_dt": 0.0},
    "couplings": {"j_uncertainty_hz": 0.0},
}
"""Nothing is uncertain but frequency and photons."""


def unsure(chip: Chip, **more: dict[str, float]) -> Chip:
    """The chip with these fields of all its qubits, drives or couplings instead."""
    document = chip.model_dump()
    for qubit in document["qubits"]:
        qubit.update(more.get("qubits", {}))
        qubit["drive"].update(more.get("drive", {}))
    for coupling in document["couplings"]:
        coupling.update(more.get("couplings", {}))
    return Chip.model_validate(document)


def sure(chip: Chip, **more: dict[str, float]) -> Chip:
    """The chip with nothing uncertain but these fields, frequency and photons."""
    return unsure(unsure(chip, **SURE), **more)


def played(profile: Profile, chip: Chip) -> Played:
    """All that is simulated of a release."""
    found = plan(profile, chip)
    return Played(profile=profile, chip=chip, gates=found.gates, layers=found.layers)


def spread(
    new: Profile,
    old: Profile,
    chip: Chip,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    absorbed: LineShift | None = None,
) -> Spread:
    """Both releases over draws of the chip; ``absorbed`` shifts the line of qubit 0."""
    before, after = (responses(played(profile, chip), in_order) for profile in (old, new))
    shifts = {0: absorbed} if absorbed else {}
    return ensemble(chip, before, after, absorbed=shifts, draws=draws, seed=seed)


@cache
def day() -> Spread:
    """What a day changed on lima's qubits 0 and 1, nothing absorbed."""
    case = small.small(*small.PAIR)
    return spread(next_day(), case.profile, case.chip)


@cache
def next_day() -> Profile:
    """Lima's table of the day after, cut to the pair."""
    return small.cut_profile(
        read(small.LIMA / "2021-03-15.yaml", Profile), small.small(*small.PAIR).chip
    )


def unitary(gate: str, profile: Profile, chip: Chip) -> Complex:
    """What a gate plays at its first start phase, simulated anew."""
    problem = gate_problem(profile.by_id[gate], profile, chip)
    return polar_unitary(blocks(problem, phases=1)[0])


def doubled_beta(profile: Profile) -> Profile:
    """X and sx of qubit 0 with twice the derivative quadrature."""

    def edit(gate: str, row: Any) -> Any:
        if gate not in {"x:0", "sx:0"} or not hasattr(row, "beta"):
            return row
        return row.model_copy(update={"beta": 2 * row.beta})

    return small.edited(profile, edit)


def relative_width(values: Floats) -> float:
    """From the smallest to the largest, over the first."""
    return float(np.ptp(values) / values[0])


# What both releases share


def test_a_release_against_itself_is_zero_on_every_chip() -> None:
    """Distance and loss are exactly zero in every draw, though both sides were simulated."""
    case = small.small(*small.PAIR)
    found = spread(case.profile, case.profile, case.chip)

    assert set(found.distance) == {gate.id for gate in played(case.profile, case.chip).gates}
    assert not np.any(list(found.distance.values()))
    assert not np.any(list(found.loss.values()))


def test_an_edit_leaves_every_other_gate_exactly_zero() -> None:
    """Louder x alone: sx and the layers stay at zero, x does not."""
    case = small.small(*small.PAIR)
    new = small.louder(case.profile, 0.002, "d0", gates="x:0")
    found = spread(new, case.profile, case.chip)
    moved = {name for name, row in found.distance.items() if np.any(row)}
    lost = {name for name, row in found.loss.items() if np.any(row)}

    assert (moved, lost) == ({"x:0"}, {"x:0"})


def test_a_doubled_beta_is_as_far_on_every_chip() -> None:
    """The slope is unknown to 0.05 dt, but it adds to old and new beta alike: c stays."""
    case = small.small(0)
    chip = unsure(case.chip, drive={"slope_uncertainty_dt": 0.05})
    found = spread(doubled_beta(case.profile), case.profile, chip)

    assert found.distance["x:0"][0] > 5e-5
    assert relative_width(found.distance["x:0"]) < 1e-3


def test_a_shorter_pulse_is_as_far_as_the_slope_lets_it() -> None:
    """Half as long, x meets twice the slope: its distance is uncertain with the slope."""
    case = small.small(0)
    new = small.half_length(case.profile, "x:0", beta=2)
    narrow, wide = (
        spread(new, case.profile, unsure(case.chip, drive={"slope_uncertainty_dt": dt}))
        for dt in (0.01, 0.05)
    )

    assert relative_width(wide.distance["x:0"]) > 0.05
    assert relative_width(wide.distance["x:0"]) == pytest.approx(
        5 * relative_width(narrow.distance["x:0"]), rel=0.1
    )


def test_gains_and_frequencies_are_calibrated_away() -> None:
    """However uncertain, they move no distance: every chip is calibrated on OLD."""
    case = small.small(*small.PAIR)
    chip = sure(case.chip, drive={"rabi_uncertainty": 0.05})
    found = spread(small.louder(case.profile, 0.05, "u0", "d0"), case.profile, chip)

    assert min(found.distance[name][0] for name in ("x:0", "cx:0-1")) > 1e-3
    for name in ("x:0", "sx:0", "cx:0-1"):
        assert relative_width(found.distance[name]) < 1e-9


def test_without_x_and_sx_a_line_keeps_what_was_drawn() -> None:
    """Where OLD has no gate to calibrate on, an uncertain gain is an uncertain distance."""
    case = small.small(0)
    chip = sure(case.chip, drive={"rabi_uncertainty": 0.05})
    old, new = (
        responses(played(profile, chip), in_order)
        for profile in (case.profile, small.louder(case.profile, 0.05, "d0"))
    )
    alone = [{"x:0 too": one["x:0"]} for one in (old, new)]

    assert relative_width(ensemble(chip, alone[0], alone[1]).distance["x:0 too"]) > 0.01


# Against chips simulated one by one


def drawn_chip(chip: Chip, old: Profile, number: int) -> Chip:
    """One draw as a chip, its lines and its cross drive calibrated on OLD by simulation."""
    moves = draws_of._drawn(chip, DRAWS, 0)[0]

    def move(kind: Kind, subject: str) -> float:
        return float(moves[Parameter(kind=kind, subject=subject)][number])

    wanted = {gate: unitary(gate, old, chip) for gate in ("x:0", "sx:0", "x:1", "sx:1", "cx:0-1")}
    found = unsure(chip, couplings={"j_hz": chip.couplings[0].j_hz + move("j", "0-1")})
    for qubit in small.PAIR:
        off = (move("gain", str(qubit)), 0.0, move("frequency", str(qubit)) / 1e6)
        line = found.qubit(qubit).drive
        sloped = line.model_copy(update={"slope_dt": line.slope_dt + move("slope", str(qubit))})
        found = line_moved(with_line(found, qubit, sloped), qubit, off)
        gates = (f"x:{qubit}", f"sx:{qubit}")
        found = calibrated(found, old, {g: wanted[g] for g in gates}, (line_moved, qubit, 3))
    return calibrated(found, old, {"cx:0-1": wanted["cx:0-1"]}, (cross_moved, "u0", 4))


def calibrated(
    chip: Chip, old: Profile, wanted: dict[str, Complex], by: tuple[Any, Any, int]
) -> Chip:
    """The chip with what ``by`` moves such that OLD's gates come nearest to ``wanted``."""
    change, subject, count = by

    def misses(values: Floats) -> Floats:
        trial = change(chip, subject, values.tolist())
        return np.concatenate(
            [error_vector(unitary(gate, old, trial), target) for gate, target in wanted.items()]
        )

    found = least_squares(misses, np.zeros(count), ftol=1e-6, xtol=1e-6, max_nfev=6)
    moved: Chip = change(chip, subject, found.x.tolist())
    return moved


def line_moved(chip: Chip, qubit: int, by: Sequence[float]) -> Chip:
    """One line's gain, phase and frequency (MHz) changed."""
    line = chip.qubit(qubit).drive
    update = {
        "rabi_hz_per_amp": line.rabi_hz_per_amp * (1 + by[0]),
        "phase_rad": line.phase_rad + by[1],
        "frequency_offset_hz": line.frequency_offset_hz + by[2] * 1e6,
    }
    return with_line(chip, qubit, line.model_copy(update=update))


def cross_moved(chip: Chip, channel: str, by: Sequence[float]) -> Chip:
    """One cross drive's gain, phase and direct share changed."""
    row = chip.control_channels[channel]
    update = {
        "gain_ratio": row.gain_ratio * (1 + by[0]),
        "phase_rad": row.phase_rad + by[1],
        "crosstalk_re": row.crosstalk_re + by[2],
        "crosstalk_im": row.crosstalk_im + by[3],
    }
    moved = {**chip.control_channels, channel: row.model_copy(update=update)}
    return chip.model_copy(update={"control_channels": moved})


@pytest.mark.physics
@pytest.mark.parametrize("number", [5, 17])
def test_a_draw_is_that_chip_simulated(number: int, record_property: Figure) -> None:
    """What a shorter x and a louder cross drive do is what simulating the drawn chip says."""
    case = small.small(*small.PAIR)
    chip = unsure(case.chip, couplings={"j_uncertainty_hz": 5e4})
    new = small.louder(small.half_length(case.profile, "x:0", beta=2), 0.05, "u0")
    found = spread(new, case.profile, chip)
    drawn = drawn_chip(chip, case.profile, number)

    for gate in ("x:0", "cx:0-1"):
        values = found.distance[gate]
        exact = coherent_distance(unitary(gate, new, drawn), unitary(gate, case.profile, drawn))
        record_property(f"{gate}, draw {number}: off", f"{values[number] / exact - 1:.1e}")
        assert values[number] == pytest.approx(exact, rel=0.02)
        # and the draw is told from the chip as filed
        assert abs(values[number] - exact) < 0.5 * abs(values[0] - exact)


# The chip as filed


@pytest.mark.parametrize("gate", ["x:0", "sx:1", "cx:0-1"])
def test_the_first_draw_is_the_chip_as_filed(gate: str) -> None:
    """Its distance is the one of the simulated gates."""
    case = small.small(*small.PAIR)
    exact = coherent_distance(
        unitary(gate, next_day(), case.chip), unitary(gate, case.profile, case.chip)
    )

    assert day().distance[gate][0] == pytest.approx(exact, rel=1e-6, abs=1e-14)


def test_a_day_is_hardly_more_uncertain_than_simulated() -> None:
    """What lima's release of the next day changed is known to 5 % on any such chip."""
    assert max(relative_width(row) for row in day().distance.values()) < 0.05


def test_layers_have_losses_and_no_distance() -> None:
    """Benchmarking's joint layers lose, but nobody compares what they play."""
    layers = {"sx.sx:0-1", "sx.id:0-1", "id.sx:0-1"}

    assert layers <= day().loss.keys()
    assert layers.isdisjoint(day().distance)


# Draws


def test_draws_do_not_depend_on_how_they_were_made() -> None:
    """Neither the order of gates nor of the work changes a digit; another seed does."""
    case = small.small(0)
    new = small.half_length(case.profile, "x:0", beta=2)

    def backwards(function: Any, tasks: Any, what: str) -> Any:
        del what
        return [function(task) for task in reversed(tasks)][::-1]

    sides = [played(profile, case.chip) for profile in (case.profile, new)]
    old, after = (responses(side, in_order) for side in sides)
    other = [dict(reversed(responses(side, backwards).items())) for side in sides]
    first, second = ensemble(case.chip, old, after), ensemble(case.chip, other[0], other[1])
    third = ensemble(case.chip, old, after, seed=1)

    assert first.distance.keys() == second.distance.keys()
    for name, row in first.distance.items():
        assert np.array_equal(row, second.distance[name])
        assert np.array_equal(first.loss[name], second.loss[name])
    assert not np.array_equal(first.distance["x:0"], third.distance["x:0"])


def test_gates_of_both_releases_are_asked_once() -> None:
    """What is the same on the same chip is taken from the other release; nothing else is."""
    case = small.small(*small.PAIR)
    new = small.edited(
        case.profile, lambda gate, row: small.scaled(row, 1.002) if gate == "sx:0" else row
    )
    asked: list[str] = []

    def noted(function: Any, tasks: Any, what: str) -> Any:
        asked.extend(gate.id for gate in tasks)
        return in_order(function, tasks, what)

    before = played(case.profile, case.chip)
    old = responses(before, in_order)
    found = responses(played(new, case.chip), noted, known=(before, old))

    assert sorted(asked) == ["sx.id:0-1", "sx.sx:0-1", "sx:0"]
    assert found["x:0"] is old["x:0"]
    assert found["sx:0"] is not old["sx:0"]


def test_a_line_that_moved_asks_its_own_gates_again() -> None:
    """What was absorbed on line 1 leaves the gates of qubit 0 as they were asked before."""
    case = small.small(*small.PAIR)
    before = played(case.profile, case.chip)
    old = responses(before, in_order)
    moved = shifted(case.chip, {1: LineShift(gain=1e-3)})
    found = responses(played(case.profile, moved), in_order, known=(before, old))

    assert {name for name in old if found[name] is old[name]} == {"id:0", "x:0", "sx:0"}


def test_another_cross_drive_asks_its_gates_again() -> None:
    """Only the cx hears of another cross drive or another coupling."""
    case = small.small(*small.PAIR)
    before = played(case.profile, case.chip)
    old = responses(before, in_order)
    crossed = cross_moved(case.chip, "u0", (1e-3, 0.0, 0.0, 0.0))
    found = responses(played(case.profile, crossed), in_order, known=(before, old))

    assert found["x:0"] is old["x:0"]
    assert found["cx:0-1"] is not old["cx:0-1"]


def test_another_carrier_is_another_gate() -> None:
    """The same row at another frequency is asked again."""
    case = small.small(0)
    frequencies = {name: hz + 1e4 for name, hz in case.profile.drive_frequency_hz.items()}
    before = played(case.profile, case.chip)
    old = responses(before, in_order)
    new = small.checked(case.profile, drive_frequency_hz=frequencies)
    found = responses(played(new, case.chip), in_order, known=(before, old))

    assert not np.array_equal(blocks_of(found["x:0"]), blocks_of(old["x:0"]))


def blocks_of(response: Response) -> Complex:
    """The lossless block that a response starts from."""
    assert response.sensitivities is not None
    return response.sensitivities.blocks


def test_what_is_drawn_are_the_chip_s_uncertainties() -> None:
    """Gain, slope and J as the chip says; half the frequency prior, which is two sigma."""
    case = small.small(*small.PAIR)
    chip = unsure(
        case.chip,
        drive={"rabi_uncertainty": 0.004, "slope_uncertainty_dt": 0.06},
        couplings={"j_uncertainty_hz": 3e4},
    )
    of_a_line = {"gain": 0.004, "slope": 0.06, "frequency": 10e3}
    moves = draws_of._drawn(chip, 4001, 0)[0]
    found = {(one.kind, one.subject): row.std() / 0.8796 for one, row in moves.items()}

    assert found == pytest.approx(
        {(kind, str(q)): width for q in small.PAIR for kind, width in of_a_line.items()}
        | {("j", "0-1"): 3e4},
        rel=2e-3,
    )


def test_a_drawn_gate_is_unitary() -> None:
    """Far out, derivatives alone would leave the unitaries; the nearest one is taken."""
    case = small.small(0)
    chip = unsure(case.chip, drive={"slope_uncertainty_dt": 1.0})
    (gate,) = [gate for gate in case.profile.gates if gate.id == "x:0"]
    found = responses(Played(profile=case.profile, chip=chip, gates=(gate,)), in_order)["x:0"]
    assert found.sensitivities is not None
    drawn = draws_of._unitaries(found.sensitivities, draws_of._drawn(chip, DRAWS, 0)[0])

    assert drawn @ drawn.conj().swapaxes(1, 2) == pytest.approx(
        np.broadcast_to(np.eye(2), drawn.shape), abs=1e-12
    )


@given(st.integers(1, 12), st.integers(2, 200), st.integers(0, 2**32))
def test_normals_are_even_and_within_two_sigma(columns: int, draws: int, seed: int) -> None:
    """The first chip is the one as filed; every column holds the same values, in any order."""
    found = draws_of._normals(columns, draws, seed)

    assert found.shape == (draws, columns)
    assert not np.any(found[0])
    assert np.abs(found).max() < 2
    assert np.sort(found, axis=0) == pytest.approx(
        np.sort(found[:, :1], axis=0).repeat(columns, axis=1), abs=1e-12
    )
    assert found.mean(axis=0) == pytest.approx(0.0, abs=1e-12)


def test_normals_are_truncated_normals() -> None:
    """Their deviation is that of a normal cut at two sigma, 0.88; columns know no other."""
    found = draws_of._normals(6, 4001, 0)

    assert found.std(axis=0) == pytest.approx(0.8796, abs=1e-3)
    assert np.abs(np.corrcoef(found.T) - np.eye(6)).max() < 0.06


@pytest.mark.parametrize("draws", [1, 0, -3])
def test_one_chip_is_no_ensemble(draws: int) -> None:
    """Fewer than two draws are refused."""
    with pytest.raises(ValueError, match=f"draws must be at least 2, but is {draws}"):
        ensemble(small.small(0).chip, {}, {}, draws=draws)


def test_releases_without_a_common_gate_have_nothing_to_compare() -> None:
    """No gate, no row."""
    found = ensemble(small.small(0).chip, {}, {})

    assert (found.distance, found.loss) == ({}, {})


# Losses


@given(st.floats(0, 1), st.floats(0, 1), st.tuples(*[st.floats(-2, 2)] * 3))
def test_a_drawn_bath_is_physical(
    t1_uncertainty: float, t2_uncertainty: float, normals: tuple[float, float, float]
) -> None:
    """However uncertain, T1 and T2 stay positive and T2 at most 2 T1."""
    qubit = (
        small.small(0)
        .chip.qubits[0]
        .model_copy(update={"t1_uncertainty": t1_uncertainty, "t2_uncertainty": t2_uncertainty})
    )
    found = draws_of._bath_drawn(qubit, np.array(normals))

    assert found.t1_s > 0
    assert 0 < found.t2_s <= 2 * found.t1_s
    assert found.residual_photons == 0.0


@pytest.mark.parametrize("qubits", [(0, 1), (1, 0)])
def test_each_loss_meets_its_own_qubit_s_rate(qubits: tuple[int, int]) -> None:
    """A second lost by the decay of the gate's first qubit costs that qubit's 1/T1."""
    chip = small.small(*small.PAIR).chip
    first = np.eye(16)[0].reshape(2, 8)
    old, new = (
        {"cx": Response(qubits=qubits, sensitivities=None, losses=still(values_s))}
        for values_s in (0 * first, first)
    )

    assert ensemble(chip, old, new).loss["cx"][0] == pytest.approx(1 / chip.qubit(qubits[0]).t1_s)


def still(values_s: Floats) -> Losses:
    """Losses that follow no parameter."""
    return Losses(values_s=values_s, derivatives_s=np.zeros((0, *values_s.shape)))


@pytest.mark.physics
@pytest.mark.parametrize("number", [16, 46])
def test_a_drawn_loss_is_that_of_the_chip_simulated(number: int, record_property: Figure) -> None:
    """What a louder cross drive loses more is what it loses on the drawn chip, slopes and J."""
    case = small.small(*small.PAIR)
    chip = unsure(
        case.chip,
        drive={"slope_uncertainty_dt": 0.2},
        couplings={"j_uncertainty_hz": 1e5},
    )
    new = small.louder(case.profile, 0.05, "u0")
    found = spread(new, case.profile, chip).loss["cx:0-1"]
    moves, normals = draws_of._drawn(chip, DRAWS, 0)
    moves = draws_of._calibrated(chip, responses(played(case.profile, chip), in_order), moves)
    bath = tuple(
        transmon_rates(draws_of._bath_drawn(chip.qubit(q), normals[q][number]), 4)
        for q in small.PAIR
    )
    drawn = all_moved(chip, {one: float(row[number]) for one, row in moves.items()})

    exact, without_moves = (
        lost_more("cx:0-1", new, case.profile, on, bath) for on in (drawn, chip)
    )

    record_property(f"draw {number}: off", f"{found[number] / exact - 1:.1e}")
    record_property(f"draw {number}: off without moves", f"{without_moves / exact - 1:.1e}")
    assert abs(found[number] - exact) < 0.2 * abs(without_moves - exact)


def all_moved(chip: Chip, moves: dict[Parameter, float]) -> Chip:
    """The chip with its lines, cross drives and couplings off by as much."""

    def move(kind: Kind, subject: str) -> float:
        return moves.get(Parameter(kind=kind, subject=subject), 0.0)

    for qubit in chip.qubits:
        q = str(qubit.index)
        sloped = qubit.drive.model_copy(
            update={"slope_dt": qubit.drive.slope_dt + move("slope", q)}
        )
        by = (move("gain", q), move("phase", q), move("frequency", q) / 1e6)
        chip = line_moved(with_line(chip, qubit.index, sloped), qubit.index, by)
    crossing: tuple[Kind, ...] = ("cross_gain", "cross_phase", "crosstalk_re", "crosstalk_im")
    chip = cross_moved(chip, "u0", [move(kind, "u0") for kind in crossing])
    return unsure(chip, couplings={"j_hz": chip.couplings[0].j_hz + move("j", "0-1")})


def lost_more(gate: str, new: Profile, old: Profile, chip: Chip, bath: Bath) -> float:
    """By how much the gate loses more in NEW, both integrated anew on that chip."""
    after, before = (
        integrated_losses_s(gate_problem(profile.by_id[gate], profile, chip))
        for profile in (new, old)
    )
    return float(np.sum(rates_per_s(bath) * (after - before)))


def test_a_shifted_line_loses_otherwise() -> None:
    """A gain absorbed on NEW's line changes what the same x loses, as simulated there."""
    case, shift = small.small(0), LineShift(gain=0.003)
    on_new = shifted(case.chip, {0: shift})
    problems = (
        gate_problem(case.profile.by_id["x:0"], case.profile, chip) for chip in (on_new, case.chip)
    )
    after, before = (integrated_losses_s(problem) for problem in problems)
    rates = rates_per_s((transmon_rates(case.chip.qubits[0], 4),))
    found = spread(case.profile, case.profile, case.chip, absorbed=shift).loss

    assert found["x:0"][0] == pytest.approx(np.sum(rates * (after - before)), rel=0.01)
    assert not np.any(found["id:0"])


@pytest.mark.physics
def test_waiting_longer_costs_what_the_drawn_bath_takes() -> None:
    """Twice the idle time loses t/3 (1/T1 + Gamma_phi) more, at each draw's own T1 and T2."""
    case = small.small(0)
    rest = case.profile.by_id["id:0"]
    longer = rest.model_copy(update={"duration": 2 * rest.duration})
    new = small.checked(
        case.profile,
        gates=tuple(longer if gate.id == "id:0" else gate for gate in case.profile.gates),
    )
    normals = draws_of._drawn(case.chip, DRAWS, 0)[1][0]
    baths = [draws_of._bath_drawn(case.chip.qubits[0], row) for row in normals]
    rates = np.array([1 / one.t1_s + 1 / one.t2_s - 1 / (2 * one.t1_s) for one in baths])
    time_s = rest.duration * case.profile.dt_ns * 1e-9
    found = spread(new, case.profile, case.chip).loss["id:0"]

    assert found == pytest.approx(rates * time_s / 3, rel=1e-6)
    assert relative_width(found) > 0.3


def test_photons_are_known_to_a_half() -> None:
    """With all else sure, what photons add to a longer wait varies by more than a factor."""
    case = small.small(0)
    rest = case.profile.by_id["id:0"]
    longer = rest.model_copy(update={"duration": 2 * rest.duration})
    new = small.checked(
        case.profile,
        gates=tuple(longer if gate.id == "id:0" else gate for gate in case.profile.gates),
    )
    warm, cold = (
        spread(new, case.profile, sure(case.chip, qubits={"residual_photons": photons}))
        for photons in (0.05, 0.0)
    )
    added = warm.loss["id:0"] - cold.loss["id:0"]

    assert np.ptp(cold.loss["id:0"]) < 1e-12 * cold.loss["id:0"][0]
    assert np.quantile(added, 0.95) / added[0] == pytest.approx(np.exp(0.5 * 1.5), rel=0.2)


# Wider intervals

errors = st.floats(0.0, 1e-2)
rows = st.lists(errors, min_size=3, max_size=40).map(np.array)


@given(st.lists(errors, min_size=1, max_size=4), errors, rows, st.integers(0))
def test_an_interval_is_never_narrower_for_the_draws(
    distance: list[float], unknown: float, moved: Floats, seed: int
) -> None:
    """Whatever the draws say, the interval of the chip as filed is inside."""
    lost = np.random.default_rng(seed).normal(scale=1e-4, size=len(moved))
    low, high = coherent_interval(distance, unknown)
    least, most = widened(distance, unknown, moved, lost)

    assert least <= low
    assert most >= high


@given(errors, rows)
def test_nine_tenths_of_chips_have_their_ends_inside(unknown: float, moved: Floats) -> None:
    """At most a twentieth of draws, and one, reach further on either side."""
    least, most = widened([float(moved[0])], unknown, moved, np.zeros(len(moved)))
    ends = np.array([coherent_interval([c], unknown) for c in moved.tolist()])
    allowed = 0.05 * len(moved) + 1

    assert np.sum(ends[:, 0] < least - 1e-12) <= allowed
    assert np.sum(ends[:, 1] > most + 1e-12) <= allowed


@given(errors, rows)
def test_no_chip_makes_old_better_than_perfect(unknown: float, moved: Floats) -> None:
    """The coherent error cannot fall by more than OLD has."""
    assert widened([float(moved[0])], unknown, moved, np.zeros(len(moved)))[0] >= -unknown - 1e-15


def test_where_nothing_moves_nothing_widens() -> None:
    """A gate that is the same in both keeps the interval of width zero."""
    still = np.zeros(DRAWS)

    assert widened((0.0, 0.0), 0.3, still, still) == (0.0, 0.0)


def test_a_loss_that_is_uncertain_widens_by_what_it_is_off() -> None:
    """Without a distance the ends are the 5th and 95th percentile of the loss, less its own."""
    lost = 1e-3 + np.concatenate([[0.0], np.linspace(-1e-4, 1e-4, 100)])
    expected = (-0.9e-4, 0.9e-4)

    assert widened((0.0,), 0.3, np.zeros(101), lost) == pytest.approx(expected, rel=0.01)
    assert reach(lost) == pytest.approx(expected, rel=0.01)


def test_a_loss_that_can_only_grow_still_reaches_zero() -> None:
    """The chip as filed is always inside."""
    assert reach(np.concatenate([[0.0], np.full(30, 1e-4)]))[0] == 0.0


@pytest.mark.parametrize("which", ["moved", "lost"])
def test_a_draw_that_is_no_number_is_not_dropped(which: str) -> None:
    """One chip whose answer is NaN leaves no bounds that anybody could pass."""
    rows = {name: np.full(DRAWS, 1e-4) for name in ("moved", "lost")}
    rows[which][7] = np.nan

    assert np.isnan(widened((1e-4, 2e-4), 1e-5, rows["moved"], rows["lost"])).all()
    assert np.isnan(reach(rows[which])).all()


def test_other_start_phases_move_as_the_first() -> None:
    """Draws that double the first phase's distance take the others along by as much."""
    moved = np.array([1e-4, *[2e-4] * 50])
    most = widened((1e-4, 5e-4), 0.0, moved, np.zeros(51))[1]

    assert most == pytest.approx(6e-4)


# What was absorbed


def test_what_was_absorbed_is_on_new_s_line_in_every_draw() -> None:
    """Shifted by a recalibration, the chip as filed gives the distance of NEW played there."""
    case, shift = small.small(0), LineShift(gain=0.003, phase_rad=0.004, frequency_hz=1e4)
    new = small.louder(case.profile, 0.02, "d0", gates="x:0")
    problems = (
        gate_problem(new.by_id["x:0"], new, shifted(case.chip, {0: shift})),
        gate_problem(case.profile.by_id["x:0"], case.profile, case.chip),
    )
    expected = coherent_distance(*(polar_unitary(blocks(one)[0]) for one in problems))

    found = spread(new, case.profile, case.chip, absorbed=shift).distance["x:0"]

    assert found[0] == pytest.approx(expected, rel=0.01)


def test_the_same_gate_on_a_shifted_line_has_moved() -> None:
    """An absorbed shift moves every gate of its line, whether its row changed or not."""
    case = small.small(0)
    found = spread(case.profile, case.profile, case.chip, absorbed=LineShift(gain=0.003))

    assert min(found.distance["x:0"]) > 0
