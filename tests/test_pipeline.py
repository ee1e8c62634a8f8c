"""The judgement of real releases, from pulses to the decision, in this process.

Lima's table of 2021-03-14 with one thing changed at a time, on its shipped chip.
"""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from qtregress.calibrate.ensemble import NO_SPREAD
from qtregress.channels.memory import NOTHING
from qtregress.metrics.compare import compare
from qtregress.pipeline import Means, answers, recalibration, spread, with_more_levels
from qtregress.pulses.profile import Drag, Gate, Profile, ShiftPhase
from qtregress.run import in_order
from qtregress.verdict.decide import Decision
from tests import small

PAIR = small.PAIR
IN_ORDER = Means(run=in_order, store=small.MEMORY)
QUBITS = range(5)
STRONG_DRAG = (0, 1, 2, 4)
"""Qubits whose |beta| is at least half a sample."""


def with_gate(profile: Profile, gate: Gate) -> Profile:
    """The profile with this gate in the place of the one of its id, or at the end."""
    kept = [gate if row.id == gate.id else row for row in profile.gates]
    gates = kept if gate.id in profile.by_id else [*kept, gate]
    frequencies = {row.channel: 5e9 for row in gate.pulses if row.channel[0] == "d"}
    return small.checked(
        profile,
        gates=tuple(gates),
        drive_frequency_hz=frequencies | profile.drive_frequency_hz,
        firmware="next",
    )


def unjudged(decision: Decision) -> list[str]:
    """Where the changes are that nothing judges."""
    return [change.where for change in decision.unjudged]


def shown(decision: Decision, metric: str) -> set[str]:
    """Subjects of the rows of one metric."""
    return {row.subject for row in decision.metrics if row.metric == metric}


# Nothing changed


@pytest.mark.parametrize("qubits", [(0,), PAIR], ids=str)
def test_the_same_release_promotes(qubits: tuple[int, ...]) -> None:
    """OLD against itself."""
    decision = small.judged(small.small(*qubits).profile, *qubits)

    assert decision.verdict == "promote"


def test_the_same_release_is_ok_in_every_critical_metric() -> None:
    """Nothing is left undecided on the way to a promotion."""
    decision = small.judged(small.small(*PAIR).profile, *PAIR)

    assert {row.outcome for row in decision.metrics if row.critical} == {"ok"}


@pytest.mark.parametrize(
    "qubits",
    [
        (0,),
        PAIR,
    ],
    ids=str,
)
def test_the_same_release_changes_by_exactly_nothing(qubits: tuple[int, ...]) -> None:
    """Every interval is (0, 0), not merely small."""
    decision = small.judged(small.small(*qubits).profile, *qubits)

    assert {row.interval for row in decision.metrics} == {(0.0, 0.0)}


def test_the_same_release_was_not_recalibrated() -> None:
    """No recalibration is reported where nothing moved."""
    decision = small.judged(small.small(0).profile, 0)

    assert decision.reasons == ("Promote: all 16 critical metrics are ok.",)


def test_a_release_that_changes_only_its_name_promotes() -> None:
    """The firmware's name is no pulse."""
    renamed = small.checked(small.small(0).profile, firmware="next")

    assert small.judged(renamed, 0).verdict == "promote"


# A gate too loud


@pytest.mark.parametrize("qubit", QUBITS)
@pytest.mark.parametrize("name", ["x", "sx"])
@pytest.mark.parametrize("share", [0.05, -0.05])
def test_a_gate_off_by_five_percent_rolls_back(name: str, qubit: int, share: float) -> None:
    """Amplitude +-5 % on one gate of any qubit."""
    profile = small.small(qubit).profile
    decision = small.judged(
        small.louder(profile, share, f"d{qubit}", gates=f"{name}:{qubit}"), qubit
    )

    assert decision.verdict == "rollback"


@pytest.mark.parametrize("qubit", QUBITS)
def test_a_loud_gate_is_named(qubit: int) -> None:
    """Its error and its heat regressed, and no other gate's."""
    profile = small.small(qubit).profile
    decision = small.judged(small.louder(profile, 0.05, f"d{qubit}", gates=f"x:{qubit}"), qubit)

    assert small.regressed(decision) == {
        f"gate.error/x:{qubit}",
        f"layer.error/x:{qubit}",
        f"heat.line_energy_j/x:{qubit}@d{qubit}",
    }


def test_a_loud_gate_of_a_pair_is_named() -> None:
    """+5 % on x of qubit 1, with qubit 0 and the cx beside it."""
    profile = small.small(*PAIR).profile
    decision = small.judged(small.louder(profile, 0.05, "d1", gates="x:1"), *PAIR)

    assert (decision.verdict, small.regressed(decision)) == (
        "rollback",
        {"gate.error/x:1", "layer.error/x:1", "heat.line_energy_j/x:1@d1"},
    )


@pytest.fixture(scope="module")
def loud_cross_drive() -> Decision:
    """The decision on a cross drive that is 5 % too loud."""
    return small.judged(small.louder(small.small(*PAIR).profile, 0.05, "u0"), *PAIR)


def test_a_loud_cross_drive_rolls_back(loud_cross_drive: Decision) -> None:
    """+5 % on u0 heats line 0 during cx:0-1, and that gate is named."""
    assert (loud_cross_drive.verdict, small.regressed(loud_cross_drive)) == (
        "rollback",
        {"heat.line_energy_j/cx:0-1@d0"},
    )


def test_an_error_per_clifford_changes_with_its_gates(loud_cross_drive: Decision) -> None:
    """One and a half cx a Clifford: its bounds are one and a half those of the cx."""
    cx = small.row_of(loud_cross_drive, "gate.error/cx:0-1").interval
    clifford = small.row_of(loud_cross_drive, "rb.epc/0-1").interval
    assert cx is not None

    assert clifford == pytest.approx((1.5 * cx[0], 1.5 * cx[1]), rel=0.01)


# A wrong DRAG sign


@pytest.fixture(scope="module", params=STRONG_DRAG)
def flipped(request: pytest.FixtureRequest) -> tuple[int, Decision]:
    """A qubit and the decision on x and sx with beta of the wrong sign."""
    qubit: int = request.param
    profile = small.small(qubit).profile
    return qubit, small.judged(small.flipped_drag(profile, f"x:{qubit}", f"sx:{qubit}"), qubit)


def test_a_wrong_drag_sign_rolls_back(flipped: tuple[int, Decision]) -> None:
    """Wherever |beta| is at least half a sample."""
    assert flipped[1].verdict == "rollback"


def test_a_wrong_drag_sign_names_the_gate(flipped: tuple[int, Decision]) -> None:
    """x, the louder of the two, is the one that surely got worse."""
    qubit, decision = flipped

    assert f"gate.error/x:{qubit}" in small.regressed(decision)


def test_a_weak_wrong_drag_sign_does_not_promote() -> None:
    """With |beta| of a quarter sample it is too small to be sure, and holds."""
    profile = small.small(3).profile
    decision = small.judged(small.flipped_drag(profile, "x:3", "sx:3"), 3)

    assert decision.verdict == "hold"


# Half the length


@pytest.mark.parametrize("beta", [1.0, 0.5, 2.0])
@pytest.mark.parametrize("qubit", QUBITS)
def test_half_the_length_at_the_same_angle_is_too_hot(qubit: int, beta: float) -> None:
    """Whatever beta was chosen, the line's heat regressed."""
    profile = small.small(qubit).profile
    decision = small.judged(small.half_length(profile, f"x:{qubit}", beta=beta), qubit)

    assert f"heat.line_energy_j/x:{qubit}@d{qubit}" in small.regressed(decision)


def test_a_longer_wait_is_too_long() -> None:
    """Twice the time with the same pulse idles half of it away."""
    x = small.small(0).profile.by_id["x:0"]
    slow = with_gate(small.small(0).profile, x.model_copy(update={"duration": 320}))

    assert small.regressed(small.judged(slow, 0)) == {
        *("gate.duration_s/x:0", "gate.error/x:0", "layer.error/x:0"),
    }


# Recalibration


@pytest.mark.parametrize("share", [0.003, -0.003])
@pytest.mark.parametrize("qubit", QUBITS)
def test_a_louder_line_promotes(qubit: int, share: float) -> None:
    """All pulses of a line +-0.3 %."""
    profile = small.small(qubit).profile

    assert small.judged(small.louder(profile, share, f"d{qubit}"), qubit).verdict == "promote"


@pytest.fixture(scope="module")
def louder_line() -> tuple[Profile, Decision]:
    """All pulses on line 0 +0.3 %, the cross drive's too, and the decision."""
    new = small.louder(small.small(*PAIR).profile, 0.003, "d0", "u0")
    return new, small.judged(new, *PAIR)


def test_a_louder_line_of_a_pair_promotes(louder_line: tuple[Profile, Decision]) -> None:
    """The cross drive follows its line."""
    assert louder_line[1].verdict == "promote"


def test_what_was_absorbed_is_a_metric(louder_line: tuple[Profile, Decision]) -> None:
    """The gain that brings the line back is shown."""
    row = small.row_of(louder_line[1], "recalibration.gain/d0")

    assert row.new == pytest.approx(-0.003, rel=0.03)
    assert not row.critical


def test_what_was_absorbed_is_a_reason(louder_line: tuple[Profile, Decision]) -> None:
    """The report says what it does not judge, and what that may cost at most."""
    *_, absorbed, hidden = louder_line[1].reasons

    assert "Absorbed as recalibration of the lines" in absorbed
    assert "d0 -0.29%" in absorbed
    assert "if it did not" in hidden
    assert "x:0 most, by up to" in hidden


def test_the_way_back_promotes_too(louder_line: tuple[Profile, Decision]) -> None:
    """With OLD and NEW swapped nothing rolls back either."""
    case = small.small(*PAIR)
    loud = small.measured(small.Case(chip=case.chip, profile=louder_line[0]))
    back = small.compared(loud, small.old(*PAIR), loud[1])

    assert back.verdict == "promote"


@pytest.mark.parametrize(
    "change",
    [
        lambda profile: small.louder(profile, 0.0045, "d0"),
        lambda profile: small.louder(profile, -0.0045, "d0"),
        lambda profile: small.turned(profile, 0.009, "d0"),
        lambda profile: small.checked(
            profile,
            drive_frequency_hz={
                name: hz + 15e3 * (name == "d0") for name, hz in profile.drive_frequency_hz.items()
            },
        ),
    ],
    ids=["louder", "quieter", "turned", "retuned"],
)
def test_inside_the_prior_both_ways_promote(change: small.Release) -> None:
    """Near the prior's bounds a recalibration promotes forth and back."""
    case, old = small.small(0), small.old(0)
    new = small.measured(small.Case(chip=case.chip, profile=change(case.profile)))
    forth = small.compared(old, new, old[1])
    back = small.compared(new, old, new[1])

    assert (forth.verdict, back.verdict) == ("promote", "promote")


@pytest.mark.parametrize("qubit", QUBITS)
def test_a_line_beyond_the_prior_does_not_promote(qubit: int) -> None:
    """+1 % is no drift."""
    profile = small.small(qubit).profile

    assert small.judged(small.louder(profile, 0.01, f"d{qubit}"), qubit).verdict != "promote"


@pytest.mark.parametrize("qubit", QUBITS)
def test_one_gate_alone_is_not_absorbed(qubit: int) -> None:
    """X +0.6 % by itself is no recalibration: nothing is absorbed and nothing promotes."""
    profile = small.small(qubit).profile
    decision = small.judged(small.louder(profile, 0.006, f"d{qubit}", gates=f"x:{qubit}"), qubit)

    assert (decision.verdict, shown(decision, "recalibration.gain")) == ("hold", set())


def test_what_was_refused_is_a_reason() -> None:
    """The report says which gate objected."""
    profile = small.small(3).profile
    decision = small.judged(small.louder(profile, 0.006, "d3", gates="x:3"), 3)

    assert decision.reasons[-1] == (
        "Not absorbed as recalibration: d3: it would worsen sx:3 instead."
    )


def test_gates_without_a_counterpart_are_not_recalibrated() -> None:
    """A gate that OLD lacks has no distance."""
    loud = small.old(0)[0]
    quiet = small.measured(
        small.Case(chip=small.small(0).chip, profile=small.without(small.small(0).profile, "x:0"))
    )[0]

    known = answers(quiet, loud, IN_ORDER)
    found = recalibration(quiet, loud, small.SHIPPED, known, run=in_order)

    assert set(found.distance) == {"id:0", "sx:0"}


# What nothing judges


def louder_readout(profile: Profile) -> Profile:
    """The readout pulse of qubit 0 louder."""
    return small.louder(profile, 0.01, "m0")


def retuned_readout(profile: Profile) -> Profile:
    """Readout at another frequency."""
    frequencies = profile.drive_frequency_hz
    return small.checked(profile, drive_frequency_hz=frequencies | {"m0": frequencies["m0"] + 1e5})


def half_a_virtual_z(profile: Profile) -> Profile:
    """A virtual Z that turns nothing twice and its channel once too often."""
    rz = profile.by_id["rz:0"]
    return with_gate(profile, rz.model_copy(update={"virtual_z": ("d0", "d0")}))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (louder_readout, "measure:0"),
        (retuned_readout, "drive_frequency_hz.m0"),
        (half_a_virtual_z, "rz:0"),
    ],
)
def test_what_no_metric_sees_holds(change: small.Release, where: str) -> None:
    """A change that nothing judges is listed and is never promoted."""
    decision = small.judged(change(small.small(0).profile), 0)

    assert (decision.verdict, unjudged(decision)) == ("hold", [where])


def test_a_lost_frame_of_a_cross_drive_holds() -> None:
    """cx:0-1 that no longer turns u1 is itself as good as before; the next cx is not."""

    def edit(gate: str, row: object) -> object:
        lost = isinstance(row, ShiftPhase) and row.channel == "u1"
        return None if gate == "cx:0-1" and lost else row

    decision = small.judged(small.edited(small.small(*PAIR).profile, edit), *PAIR)

    assert (decision.verdict, unjudged(decision)) == ("hold", ["cx:0-1 frame of u1"])


# Other tables


@pytest.mark.parametrize("gate", ["x:0", "sx:0", "id:0", "rz:0", "measure:0"])
def test_a_gate_that_is_gone_holds(gate: str) -> None:
    """Whatever it was, it is missed."""
    decision = small.judged(small.without(small.small(0).profile, gate), 0)

    assert (decision.verdict, gate in " ".join(decision.reasons)) == ("hold", True)


@pytest.mark.parametrize("name", ["frob", "ecr", "x2"])
def test_a_gate_of_an_unknown_name_holds(name: str) -> None:
    """What a gate should be nobody can tell from its name."""
    x = small.small(0).profile.by_id["x:0"]
    new = with_gate(small.small(0).profile, x.model_copy(update={"name": name}))

    assert (small.judged(new, 0).verdict, f"{name}:0" in unjudged(small.judged(new, 0))) == (
        *("hold", True),
    )


def test_a_renamed_gate_holds() -> None:
    """The old name is missed and the new one unknown."""
    x = small.small(0).profile.by_id["x:0"]
    renamed = with_gate(
        small.without(small.small(0).profile, "x:0"), x.model_copy(update={"name": "flip"})
    )

    assert set(unjudged(small.judged(renamed, 0))) == {"x:0", "flip:0"}


def test_a_gate_on_a_qubit_that_the_chip_lacks_holds() -> None:
    """No model, no promotion."""
    pulse = Drag(channel="d7", t0=0, duration=160, envelope="drag", amp=0.1, sigma=40.0, beta=0.0)
    stray = Gate(name="x", qubits=(7,), duration=160, pulses=(pulse,))
    decision = small.judged(with_gate(small.small(0).profile, stray), 0)

    assert (decision.verdict, unjudged(decision)) == ("hold", ["x:7", "drive_frequency_hz.d7"])


def test_a_pulsed_gate_made_virtual_holds() -> None:
    """A frame change is no x, however cheap."""
    lazy = Gate(name="x", qubits=(0,), duration=0, virtual_z=("d0",))

    assert small.judged(with_gate(small.small(0).profile, lazy), 0).verdict == "hold"


def test_a_gate_that_plays_nothing_rolls_back() -> None:
    """It is cool and short and wrong."""
    still = Gate(name="x", qubits=(0,), duration=160)
    decision = small.judged(with_gate(small.small(0).profile, still), 0)

    assert small.regressed(decision) == {"gate.error/x:0", "layer.error/x:0"}


def test_a_cx_without_its_cross_drive_rolls_back() -> None:
    """One carrier is left of two, and the gate does not entangle."""

    def edit(gate: str, row: Any) -> Any:
        return None if gate == "cx:0-1" and row.channel != "d0" else row

    decision = small.judged(small.edited(small.small(*PAIR).profile, edit), *PAIR)

    assert "gate.error/cx:0-1" in small.regressed(decision)


def with_x(**update: object) -> small.Release:
    """A release whose x of qubit 0 has a pulse like that."""

    def change(profile: Profile) -> Profile:
        return small.edited(
            profile,
            lambda gate, row: row.model_copy(update=update) if gate == "x:0" else row,
        )

    return change


def turned_too_far(profile: Profile) -> Profile:
    """Two frame changes whose sum is no number any more."""
    x = profile.by_id["x:0"]
    turn = ShiftPhase(channel="d0", t0=0, shift_phase=1e308)
    return with_gate(profile, x.model_copy(update={"pulses": (turn, turn, *x.pulses)}))


def long_name(profile: Profile) -> Profile:
    """A gate with the longest name, on as many qubits as a gate may have."""
    gate = Gate(name="a" * 64, qubits=tuple(range(1000, 1008)), duration=160)
    return with_gate(profile, gate)


def without_carrier(profile: Profile) -> Profile:
    """Only a wait, on a qubit whose drive frequency is not listed."""
    wait = Gate(name="id", qubits=(0,), duration=160)
    return small.checked(profile, gates=(wait,), drive_frequency_hz={}, firmware="next")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "change",
    [
        with_x(amp=1.0),
        with_x(beta=1e6),
        with_x(sigma=1e-9),
        with_x(sigma=1e9),
        with_x(beta=1e308),
        with_x(sigma=1e-300),
        with_x(sigma=1e300),
        turned_too_far,
        long_name,
        without_carrier,
    ],
)
def test_an_extreme_release_is_refused_or_judged(change: small.Release) -> None:
    """Whatever a table may say, it is bad input or a verdict, and no promotion or crash."""
    try:
        new = change(small.small(0).profile)
    except ValidationError:
        return

    assert small.judged(new, 0).verdict != "promote"


def test_a_lost_metric_of_the_baseline_holds() -> None:
    """What the accepted baseline had and nobody measures any more is not forgotten."""
    old = small.old(0)
    ghost = old[1][0].model_copy(update={"id": "gate.error/y:0", "subject": "y:0"})
    decision = small.compared(old, old, (*old[1], ghost))

    assert (decision.verdict, small.row_of(decision, "gate.error/y:0").outcome) == (
        *("hold", "undecided"),
    )


# Reuse


class Counting(small.Remembering):
    """A store that counts what it was asked for in vain."""

    def __init__(self) -> None:
        super().__init__()
        self.missed = 0

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """What was put; a miss is counted."""
        found = super().get(key)
        self.missed += found is None
        return found

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep everything."""
        self.kept[key] = dict(arrays)


def misses(store: Counting, case: small.Case) -> int:
    """How often the store fails while the case is measured."""
    store.missed = 0
    small.measured(case, store=store)
    return store.missed


def test_a_remembered_release_is_not_simulated_again() -> None:
    """The second time nothing is missing from the store."""
    case, store = small.small(0), Counting()

    assert misses(store, case) > 0
    assert misses(store, case) == 0


def test_only_what_changed_is_simulated_again() -> None:
    """One gate of three changed: a third of the misses, the model's one apart."""
    case, store = small.small(0), Counting()
    first = misses(store, case)
    loud = small.louder(case.profile, 0.0, "d0", gates="x:0")
    beyond = small.louder(loud, 1e-9, "d0", gates="x:0")

    assert misses(store, small.Case(chip=case.chip, profile=beyond)) == (first - 1) / 3


def test_a_renamed_gate_is_not_simulated_again() -> None:
    """Identity is by content: a copy of sx under another name asks for nothing new."""
    case, store = small.small(0), Counting()
    misses(store, case)
    twin = case.profile.by_id["sx:0"].model_copy(update={"name": "x"})

    assert misses(store, small.Case(chip=case.chip, profile=with_gate(case.profile, twin))) == 0


def test_rates_are_no_part_of_what_is_propagated() -> None:
    """Another T1 and T2 ask of each gate for two new maps and what is learnt at load, no more."""
    case, store = small.small(0), Counting()
    misses(store, case)
    (qubit,) = case.chip.qubits
    older = qubit.model_copy(update={"t1_s": qubit.t1_s / 2, "t2_s": qubit.t2_s / 2})
    chip = case.chip.model_copy(update={"qubits": (older,)})

    assert misses(store, small.Case(chip=chip, profile=case.profile)) == 9


def test_remembering_does_not_change_the_numbers() -> None:
    """From the store or not, the metrics are the same to the bit."""
    case, store = small.small(0), Counting()
    first = small.measured(case, store=store)

    assert (
        small.measured(case, store=store)[1] == first[1] == small.measured(case, store=NOTHING)[1]
    )


@pytest.mark.parametrize("field", ["t1_s", "frequency_hz", "anharmonicity_hz", "residual_photons"])
def test_another_qubit_is_not_taken_for_a_remembered_one(field: str) -> None:
    """Whatever of the chip moves a gate's map asks for it anew."""
    case, store = small.small(0), Counting()
    misses(store, case)
    (qubit,) = case.chip.qubits
    value = getattr(qubit, field)
    moved = qubit.model_copy(update={field: value * 1.001 if value else 0.01})
    chip = case.chip.model_copy(update={"qubits": (moved,)})

    assert misses(store, small.Case(chip=chip, profile=case.profile)) > 0


# What the chip does not know


def test_what_the_chip_does_not_know_widens_the_interval_of_a_changed_gate() -> None:
    """With slopes and T1 uncertain an x at half its length has a wider interval, sx none."""
    case = small.small(0)
    new = small.Case(chip=case.chip, profile=small.half_length(case.profile, "x:0"))
    old, after = small.old(0), small.measured(new)
    known = answers(old[0], after[0], IN_ORDER)
    absorbed = recalibration(old[0], after[0], small.SHIPPED, known, run=in_order)
    found = spread(case.chip, known, absorbed)

    wide, plain = (
        {row.id: row.interval for row in compare(old, after, absorbed, one)}
        for one in (found, NO_SPREAD)
    )

    assert width(wide["gate.error/x:0"]) > 1.01 * width(plain["gate.error/x:0"])
    assert wide["gate.error/sx:0"] == plain["gate.error/sx:0"] == (0.0, 0.0)


def width(interval: tuple[float, float] | None) -> float:
    """Length of an interval."""
    assert interval is not None
    return interval[1] - interval[0]


def test_one_more_level_stands_beside_the_distances() -> None:
    """A gate that moved has its distance at five levels beside that at four, others do not."""
    case = small.small(0)
    new = small.Case(chip=case.chip, profile=small.half_length(case.profile, "x:0"))
    old, after = small.old(0)[0], small.measured(new)[0]
    known = answers(old, after, IN_ORDER)
    absorbed = recalibration(old, after, small.SHIPPED, known, run=in_order)
    found = with_more_levels(old, after, absorbed, IN_ORDER).distance

    assert (len(found["x:0"]), len(found["sx:0"])) == (2, 1)
    assert found["x:0"][1] == pytest.approx(found["x:0"][0], rel=0.05)
    assert found["x:0"][1] != found["x:0"][0]


# Slow noise


def test_slow_noise_is_a_metric_of_noisy_qubits_alone() -> None:
    """A qubit whose frequency wanders by 20 kHz loses 2/3 (pi sigma t)^2 a wait; others nothing."""
    quiet = small.small(0)
    noisy = (quiet.chip.qubit(0).model_copy(update={"slow_noise_hz": 20e3}),)
    case = small.Case(chip=quiet.chip.model_copy(update={"qubits": noisy}), profile=quiet.profile)
    found = {metric.id: metric.value for metric in small.measured(case)[1]}
    seconds = found["gate.duration_s/id:0"]
    assert seconds is not None

    assert found["gate.slow_noise_error/id:0"] == pytest.approx(
        2 / 3 * (math.pi * 20e3 * seconds) ** 2, rel=1e-3
    )
    assert not [metric for metric in small.old(0)[1] if metric.metric == "gate.slow_noise_error"]
