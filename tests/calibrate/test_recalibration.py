"""What counts as a recalibration: found where it is one, and refused where it is not."""

from math import asin, isclose, sin, sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from qtregress.calibrate.recalibration import (
    GatePair,
    LineShift,
    Recalibration,
    absorb,
    coherent_interval,
    drift,
    shifted,
)
from qtregress.channels.ideal import ideal_image
from qtregress.channels.problem import gate_problem
from qtregress.channels.sensitivity import sensitivities
from qtregress.channels.simulate import blocks
from qtregress.channels.unitary_error import coherent_distance
from qtregress.chip.chip import Chip, DriftPrior
from qtregress.pulses.profile import Profile
from qtregress.run import in_order
from tests import small

MARGIN, UNKNOWN = 2e-5, 2e-5
"""Like those of lima's one-qubit gates: a tenth of the error, and what of it is coherent."""

shares = st.floats(0.0, 1.0)
PRIOR = DriftPrior()
SHIFTS = {
    "gain": LineShift(gain=0.003),
    "less gain": LineShift(gain=-0.0045),
    "phase": LineShift(phase_rad=0.008),
    "frequency": LineShift(frequency_hz=-15e3),
    "all three": LineShift(gain=0.002, phase_rad=-0.004, frequency_hz=8e3),
}


def pairs_of(
    new: Profile,
    old: Profile,
    chip: Chip,
    *,
    drifted: Chip | None = None,
    only: tuple[str, ...] = (),
    margin: float = MARGIN,
) -> list[GatePair]:
    """NEW's driven gates on ``chip`` beside what OLD's do there, or on a drifted one."""
    return [
        GatePair(
            new=gate,
            new_blocks=blocks(gate_problem(gate, new, chip)),
            old_blocks=blocks(gate_problem(old.by_id[gate.id], old, drifted or chip)),
            margin=margin,
            unknown_error=UNKNOWN,
            sensitivities=sensitivities(gate, new, chip, phases=1),
        )
        for gate in new.gates
        if gate.name in {"id", "sx", "x", "cx"} and (not only or gate.id in only)
    ]


def absorbed(shift: LineShift, qubit: int = 0) -> Recalibration:
    """What is found where OLD ran on a line that had drifted by ``shift``."""
    case = small.small(qubit)
    drifted = shifted(case.chip, {qubit: shift})
    pairs = pairs_of(case.profile, case.profile, case.chip, drifted=drifted)
    return absorb(case.profile, case.chip, pairs, {}, in_order)


def found_in(new: Profile, *qubits: int) -> Recalibration:
    """What is found in a release for the cut device."""
    case = small.small(*qubits)
    return absorb(new, case.chip, pairs_of(new, case.profile, case.chip), {}, in_order)


def numbers(shift: LineShift) -> tuple[float, float, float]:
    """Gain, phase and frequency in units of the prior."""
    return (
        shift.gain / PRIOR.gain,
        shift.phase_rad / PRIOR.phase_rad,
        shift.frequency_hz / PRIOR.frequency_hz,
    )


def turned(by: float, d: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    """A unitary that far from doing nothing, about a random axis."""
    matrix = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    return np.asarray(expm(1j * by * (matrix + matrix.conj().T)))


# The bound on a coherent change


def test_no_distance_is_no_change() -> None:
    """Where nothing moved the change is exactly zero, whatever OLD's error."""
    assert coherent_interval((0.0,), 0.3) == (0.0, 0.0)


@given(shares, shares)
def test_the_interval_holds_the_exact_bound(c: float, e: float) -> None:
    """It contains sin^2(theta_e ± theta_c) - sin^2(theta_e), the extremes of two rotations."""
    moved, own = asin(sqrt(c)), asin(sqrt(e))
    low, high = coherent_interval((c,), e)

    assert low <= sin(own - moved) ** 2 - e + 1e-12
    assert high >= sin(own + moved) ** 2 - e - 1e-12


@pytest.mark.physics
@pytest.mark.parametrize("d", [2, 4])
@given(st.integers(0), st.floats(0.0, 0.2), st.floats(0.0, 0.2))
def test_the_interval_holds_for_unitaries(d: int, seed: int, own: float, moved: float) -> None:
    """Whatever OLD's error and the change are, the new error lies within the bounds."""
    rng = np.random.default_rng(seed)
    ideal = turned(1.0, d, rng)
    old = turned(own, d, rng) @ ideal
    new = turned(moved, d, rng) @ old
    e, c = coherent_distance(old, ideal), coherent_distance(new, old)
    low, high = coherent_interval((c,), e)

    assert low - 1e-9 <= coherent_distance(new, ideal) - e <= high + 1e-9


@given(shares, shares, st.floats(1e-6, 1.0))
def test_a_sure_regression_needs_a_distance_beyond_the_margin(
    c: float, e: float, margin: float
) -> None:
    """The lower bound exceeds the margin exactly where e < (c - M)^2 / 4c."""
    threshold = (c - margin) ** 2 / (4 * c) if c > margin else -1.0
    assume(not isclose(e, threshold, rel_tol=1e-6, abs_tol=1e-9))

    assert (coherent_interval((c,), e)[0] > margin) == (e < threshold)


@given(st.lists(shares, min_size=1, max_size=4), shares)
def test_the_interval_holds_every_start_phase(distances: list[float], e: float) -> None:
    """Over several phases it is the smallest that contains each one's."""
    each = [coherent_interval((c,), e) for c in distances]

    assert coherent_interval(distances, e) == (
        min(low for low, _ in each),
        max(high for _, high in each),
    )


# Shifts themselves


def test_a_shift_moves_its_line_alone() -> None:
    """Gain multiplies; phase and frequency add; other lines stay."""
    chip = small.small(*small.PAIR).chip
    moved = shifted(chip, {0: LineShift(gain=0.01, phase_rad=0.5, frequency_hz=100.0)})
    before, after = chip.qubit(0).drive, moved.qubit(0).drive

    assert (after.rabi_hz_per_amp, after.phase_rad, after.frequency_offset_hz) == (
        before.rabi_hz_per_amp * 1.01,
        before.phase_rad + 0.5,
        before.frequency_offset_hz + 100.0,
    )
    assert moved.qubit(1) == chip.qubit(1)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("field", ["gain", "phase_rad", "frequency_hz"])
def test_the_prior_is_a_hard_bound(field: str, sign: int) -> None:
    """At the bound a shift is inside, above it outside, in either direction."""
    bound = getattr(PRIOR, field)
    at, beyond = ({field: sign * bound * share} for share in (1.0, 1.0001))

    assert (LineShift(**at).within(PRIOR), LineShift(**beyond).within(PRIOR)) == (True, False)


def test_a_shift_reads_in_lab_units() -> None:
    """Percent, milliradians and kilohertz."""
    shift = LineShift(gain=-0.003, phase_rad=0.0015, frequency_hz=2500.0)

    assert shift.text == "-0.30%, +1.5 mrad, +2.5 kHz"


# Finding them


@pytest.mark.parametrize("name", SHIFTS)
def test_a_shift_inside_the_prior_is_found(name: str) -> None:
    """Gain, phase and frequency come back to a thousandth of the prior."""
    result = absorbed(SHIFTS[name])

    assert numbers(result.absorbed[0]) == pytest.approx(numbers(SHIFTS[name]), abs=1e-3)


@pytest.mark.parametrize("name", SHIFTS)
def test_an_absorbed_shift_leaves_no_distance(name: str) -> None:
    """Afterwards every gate is where OLD had it, c below 1e-9."""
    assert max(max(c) for c in absorbed(SHIFTS[name]).distance.values()) < 1e-9


@pytest.mark.parametrize(
    "shift",
    [LineShift(gain=0.01), LineShift(phase_rad=0.02), LineShift(frequency_hz=40e3)],
    ids=lambda shift: shift.text,
)
def test_outside_the_prior_nothing_is_absorbed(shift: LineShift) -> None:
    """Twice the bound is kept out whole, not cut down to the bound."""
    result = absorbed(shift)

    assert (result.absorbed, "outside the drift prior" in result.refused[0]) == ({}, True)


def test_what_is_refused_stays_a_distance() -> None:
    """A gain of 1 % on x is c = (pi / 100)^2 / 6."""
    assert absorbed(LineShift(gain=0.01)).distance["x:0"] == pytest.approx(
        ((np.pi / 100) ** 2 / 6,), rel=0.05
    )


def test_a_chip_s_own_prior_counts() -> None:
    """A wider prior in the chip file absorbs what the shipped one refuses."""
    case = small.small(0)
    drifted = shifted(case.chip, {0: LineShift(gain=0.01)})
    patient = case.chip.model_copy(update={"drift_prior": DriftPrior(gain=0.02)})
    pairs = pairs_of(case.profile, case.profile, case.chip, drifted=drifted)

    assert absorb(case.profile, patient, pairs, {}, in_order).absorbed[0].gain == pytest.approx(
        0.01, rel=1e-3
    )


def test_what_absorbing_may_hide_is_said() -> None:
    """0.3 % too far a half turn is c = (0.003 pi)^2 / 6, and c + 2 sqrt(c e) if unneeded."""
    hidden = absorbed(SHIFTS["gain"]).hidden
    c = (0.003 * np.pi) ** 2 / 6

    assert hidden is not None
    assert hidden.gate == "x:0"
    assert hidden.error == pytest.approx(c + 2 * sqrt(c * UNKNOWN), rel=0.05)
    assert hidden.margins == pytest.approx(hidden.error / MARGIN)


def test_without_gates_there_is_nothing_to_absorb() -> None:
    """No pair, no shift, no distance."""
    case = small.small(0)

    assert absorb(case.profile, case.chip, [], {}, in_order) == Recalibration()


# Refusing what is none


@pytest.mark.parametrize("qubit", range(5))
def test_one_gate_alone_is_no_recalibration(qubit: int) -> None:
    """X +0.6 % without sx would vanish in a joint fit that takes sx further from OLD."""
    case = small.small(qubit)
    new = small.louder(case.profile, 0.006, f"d{qubit}", gates=f"x:{qubit}")
    result = found_in(new, qubit)

    assert (result.absorbed, result.refused) == (
        {},
        {qubit: f"it would worsen sx:{qubit} instead"},
    )


def test_without_that_rule_it_would_be_absorbed() -> None:
    """With sx left out of the pairs, nobody holds the gain in place."""
    case = small.small(3)
    new = small.louder(case.profile, 0.003, "d3", gates="x:3")
    pairs = pairs_of(new, case.profile, case.chip, only=("x:3",))
    result = absorb(new, case.chip, pairs, {}, in_order)

    assert result.absorbed[3].gain == pytest.approx(-0.003, rel=0.05)


def test_a_gate_with_room_in_its_margin_does_not_object() -> None:
    """What counts is a tenth of the margin: with a hundred times the margin it is kept."""
    case = small.small(3)
    new = small.louder(case.profile, 0.006, "d3", gates="x:3")
    pairs = pairs_of(new, case.profile, case.chip, margin=100 * MARGIN)

    assert set(absorb(new, case.chip, pairs, {}, in_order).absorbed) == {3}


@pytest.mark.parametrize("qubit", range(5))
def test_a_wrong_drag_sign_is_no_recalibration(qubit: int) -> None:
    """The frequency that would hide it lies outside the prior."""
    new = small.flipped_drag(small.small(qubit).profile, f"x:{qubit}", f"sx:{qubit}")

    assert found_in(new, qubit).absorbed == {}


# Two coupled lines


def test_a_line_s_cross_drive_moves_with_it() -> None:
    """Line 0 +0.3 %, its cross drive included: that line alone takes it back."""
    new = small.louder(small.small(*small.PAIR).profile, 0.003, "d0", "u0")
    shifts = found_in(new, *small.PAIR).absorbed

    assert shifts.keys() == {0}
    assert shifts[0].gain == pytest.approx(-0.003, rel=0.03)


def test_a_cross_drive_alone_is_no_gain_of_its_line() -> None:
    """u0 +5 % without d0 leaves the gain of line 0 where the one-qubit gates hold it."""
    new = small.louder(small.small(*small.PAIR).profile, 0.05, "u0")
    result = found_in(new, *small.PAIR)

    assert max(result.distance["cx:0-1"]) > 1e-3


def test_one_line_s_refusal_leaves_the_other_line_its_shift() -> None:
    """A bad x on qubit 1 does not keep line 0 from being recalibrated."""
    one, other = small.small(0), small.small(1)
    profile = small.checked(
        one.profile,
        gates=(*one.profile.gates, *other.profile.gates),
        drive_frequency_hz=one.profile.drive_frequency_hz | other.profile.drive_frequency_hz,
    )
    new = small.louder(small.louder(profile, 0.003, "d0"), 0.05, "d1", gates="x:1")
    chip = small.small(*small.PAIR).chip
    result = absorb(new, chip, pairs_of(new, profile, chip), {}, in_order)

    assert (set(result.absorbed), set(result.refused)) == ({0}, {1})


def test_a_line_of_which_nothing_moved_is_not_recalibrated() -> None:
    """x:0 is louder: line 1 would fit cx a little better, but no gate of it changed."""
    case = small.small(*small.PAIR)
    louder = small.louder(case.profile, 0.003, "d0", gates="x:0")
    pairs = pairs_of(louder, case.profile, case.chip, margin=100 * MARGIN)
    result = absorb(louder, case.chip, pairs, {}, in_order)

    assert (set(result.absorbed), result.refused) == ({0}, {})


# What the prior has already spent


def meant(old: Profile, chip: Chip) -> list[GatePair]:
    """OLD's x and sx beside the gates they mean."""
    pairs = []
    for gate in old.gates:
        ideal = ideal_image(gate.name)
        if gate.name in {"x", "sx"} and ideal is not None:
            pairs.append(
                GatePair(
                    new=gate,
                    new_blocks=blocks(gate_problem(gate, old, chip)),
                    old_blocks=ideal[None],
                    margin=MARGIN,
                    unknown_error=UNKNOWN,
                    sensitivities=sensitivities(gate, old, chip, phases=1),
                )
            )
    return pairs


def test_a_louder_old_has_drifted_by_its_gain() -> None:
    """What would bring OLD back to what its gates mean is the drift since the fit."""
    case = small.small(0)
    old = small.louder(case.profile, 0.003, "d0")

    assert drift(meant(old, case.chip))[0].gain == pytest.approx(-0.003, rel=0.05)


def test_a_fitted_old_has_hardly_drifted() -> None:
    """On the profile the chip was fitted to, the misfit is a hundredth of the prior."""
    case = small.small(0)
    shift = drift(meant(case.profile, case.chip))[0]

    assert numbers(shift) == pytest.approx((0.0, 0.0, 0.0), abs=0.02)


def test_without_gates_nothing_has_drifted() -> None:
    """No pair, no drift."""
    assert drift([]) == {}


def test_steps_inside_the_prior_add_up() -> None:
    """0.3 % after 0.3 % is 0.6 %: the second step is refused."""
    case = small.small(0)
    drifted = shifted(case.chip, {0: LineShift(gain=0.003)})
    pairs = pairs_of(case.profile, case.profile, case.chip, drifted=drifted)
    result = absorb(case.profile, case.chip, pairs, {0: LineShift(gain=0.003)}, in_order)

    assert (result.absorbed, "it would take +0.60%" in result.refused[0]) == ({}, True)


def test_a_step_back_is_welcome() -> None:
    """What returns the line towards the fit is inside the prior however far OLD had gone."""
    case = small.small(0)
    drifted = shifted(case.chip, {0: LineShift(gain=0.003)})
    pairs = pairs_of(case.profile, case.profile, case.chip, drifted=drifted)
    result = absorb(case.profile, case.chip, pairs, {0: LineShift(gain=-0.006)}, in_order)

    assert set(result.absorbed) == {0}


def test_rounding_is_not_absorbed() -> None:
    """OLD against itself absorbs nothing and is at distance zero."""
    case = small.small(0)
    result = found_in(case.profile, 0)

    assert (result.absorbed, result.refused) == ({}, {})
