"""Every difference of two real profiles is listed, with the metrics that judge it or none."""

from typing import Any

import pytest

from qtregress.metrics.changes import changes, outer_frames
from qtregress.metrics.difference import UnjudgedChange
from qtregress.pulses.profile import Gate, Profile, ShiftPhase
from tests import small

ONE, PAIR = small.small(0), small.small(*small.PAIR)


def found(new: Profile, *judged: str) -> tuple[UnjudgedChange, ...]:
    """What changed from the pair's profile to ``new``."""
    return changes(PAIR.profile, new, PAIR.chip, judged)


def cx_with(**shifts: float) -> Gate:
    """cx:0-1 with these phase shifts of channels instead of its own."""
    cx = PAIR.profile.by_id["cx:0-1"]
    rows: tuple[Any, ...] = tuple(row for row in cx.pulses if not isinstance(row, ShiftPhase))
    turns = [ShiftPhase(channel=name, t0=0, shift_phase=turn) for name, turn in shifts.items()]
    return cx.model_copy(update={"pulses": (*turns, *rows)})


def test_the_same_table_has_no_changes() -> None:
    """A release that only has another name changes nothing."""
    assert found(small.checked(PAIR.profile, firmware="next")) == ()


def test_a_changed_gate_is_covered_by_its_error() -> None:
    """Where the gate's error was compared, that metric judges the change."""
    loud = small.louder(PAIR.profile, 0.01, "d1", gates="x:1")

    assert [(c.where, c.covered_by) for c in found(loud, "gate.error/x:1", "gate.error/x:0")] == [
        ("x:1", ("gate.error/x:1",))
    ]


def test_a_changed_gate_that_nothing_judges_is_covered_by_nothing() -> None:
    """Heat alone does not see what a gate does."""
    loud = small.louder(PAIR.profile, 0.01, "d1", gates="x:1")

    assert [c.covered_by for c in found(loud, "heat.line_energy_j/x:1@d1")] == [()]


def test_a_readout_change_is_covered_by_nothing() -> None:
    """No metric speaks of readout."""
    loud = small.louder(PAIR.profile, 0.01, "m0")

    assert [(c.where, c.covered_by) for c in found(loud, "gate.error/x:0")] == [("measure:0", ())]


def test_a_gate_that_is_gone_is_a_change() -> None:
    """It is absent from NEW."""
    (change,) = found(small.without(PAIR.profile, "x:0"))

    assert (change.where, change.new) == ("x:0", "absent")


def test_a_gate_that_is_new_is_a_change() -> None:
    """It is absent from OLD."""
    (change,) = changes(small.without(PAIR.profile, "x:0"), PAIR.profile, PAIR.chip, ())

    assert (change.where, change.old) == ("x:0", "absent")


def test_a_virtual_z_that_turns_fewer_channels_is_a_change() -> None:
    """A frame left behind shows in no metric."""
    gates = [
        gate.model_copy(update={"virtual_z": ("d0",)}) if gate.id == "rz:0" else gate
        for gate in PAIR.profile.gates
    ]
    (change,) = found(small.checked(PAIR.profile, gates=tuple(gates)))

    assert (change.where, change.old, change.new, change.covered_by) == (
        *("rz:0", "turns d0, u1", "turns d0", ()),
    )


def test_a_drive_frequency_is_judged_by_the_gates_it_drives() -> None:
    """One- and two-qubit gates of the qubit see it."""
    moved = PAIR.profile.drive_frequency_hz | {"d1": 5.1e9}
    judged = [f"gate.error/{name}" for name in ("x:0", "x:1", "cx:0-1")]
    (change,) = found(small.checked(PAIR.profile, drive_frequency_hz=moved), *judged)

    assert (change.where, change.new, set(change.covered_by)) == (
        *("drive_frequency_hz.d1", "5100000000.0"),
        {"gate.error/x:1", "gate.error/cx:0-1"},
    )


def test_a_readout_frequency_is_judged_by_nothing() -> None:
    """m0 is no drive of qubit 0."""
    moved = PAIR.profile.drive_frequency_hz | {"m0": 7.4e9}
    (change,) = found(small.checked(PAIR.profile, drive_frequency_hz=moved), "gate.error/x:0")

    assert (change.where, change.covered_by) == ("drive_frequency_hz.m0", ())


def test_another_grid_is_one_change() -> None:
    """Dt moves every pulse at once."""
    (change,) = found(small.checked(PAIR.profile, dt_ns=0.25), "gate.error/x:0")

    assert (change.where, change.new, change.covered_by) == (
        *("dt_ns", "0.25", ("gate.error/x:0",)),
    )


@pytest.mark.parametrize("gate", ["cx:0-1", "x:0", "rz:0"])
def test_shipped_gates_have_no_outer_frames(gate: str) -> None:
    """Real tables turn a qubit's frame on every channel at its frequency."""
    assert outer_frames(PAIR.profile.by_id[gate], PAIR.chip) == {}


def test_a_whole_turn_is_no_fault() -> None:
    """Frames that differ by two pi are the same."""
    assert outer_frames(cx_with(d0=1.0, u1=1.0 + 4 * 3.141592653589793), PAIR.chip) == {}


def test_a_frame_left_behind_is_a_fault_of_its_size() -> None:
    """u1 plays at qubit 0's frequency, so it must turn with d0."""
    assert outer_frames(cx_with(d0=0.5), PAIR.chip) == {"u1": pytest.approx(-0.5, rel=1e-6, abs=0)}


def test_a_frame_turned_alone_is_a_fault() -> None:
    """Neither may the cross drive turn without its qubit."""
    assert outer_frames(cx_with(d0=0.5, u0=0.25, u1=0.5), PAIR.chip) == {
        "u0": pytest.approx(0.25, rel=1e-6, abs=0)
    }


def test_a_new_frame_fault_is_listed_beside_the_gate() -> None:
    """The gate's own error cannot show it, so nothing covers it."""
    gates = tuple(g if g.id != "cx:0-1" else cx_with(d0=0.5) for g in PAIR.profile.gates)
    listed = found(small.checked(PAIR.profile, gates=gates), "gate.error/cx:0-1")

    assert [(c.where, c.covered_by) for c in listed] == [
        ("cx:0-1", ("gate.error/cx:0-1",)),
        ("cx:0-1 frame of u1", ()),
    ]


def test_an_old_frame_fault_is_not_listed_again() -> None:
    """What the release in the field does already is no change."""
    gates = tuple(g if g.id != "cx:0-1" else cx_with(d0=0.5) for g in PAIR.profile.gates)
    faulty = small.checked(PAIR.profile, gates=gates)
    louder = small.louder(faulty, 0.01, "u0")

    assert [c.where for c in changes(faulty, louder, PAIR.chip, ())] == ["cx:0-1"]


def test_a_turned_spectator_is_a_change() -> None:
    """A gate that also turns the frame of a qubit it does not act on is listed, unjudged."""
    x = PAIR.profile.by_id["x:0"]
    turn = ShiftPhase(channel="d1", t0=0, shift_phase=0.5)
    turned = x.model_copy(update={"pulses": (turn, *x.pulses)})
    gates = tuple(turned if gate.id == "x:0" else gate for gate in PAIR.profile.gates)
    new = small.checked(PAIR.profile, gates=gates)
    rows = found(new, "gate.error/x:0")

    assert [change.where for change in rows if not change.covered_by] == ["x:0 frame of d1"]


def test_a_shorter_wait_is_a_change() -> None:
    """Waiting less is no improvement that may pass: circuits count on the length of id."""
    idle = PAIR.profile.by_id["id:0"].model_copy(update={"duration": 80, "pulses": ()})
    gates = tuple(idle if gate.id == "id:0" else gate for gate in PAIR.profile.gates)
    new = small.checked(PAIR.profile, gates=gates)
    rows = found(new, "gate.error/id:0")

    assert [change.where for change in rows if not change.covered_by] == ["id:0 duration"]
