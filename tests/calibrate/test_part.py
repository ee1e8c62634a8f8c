"""A part of a device plays what the whole plays, and judges as it would."""

import pytest

from qtregress.calibrate.part import part
from qtregress.channels.plan import plan
from qtregress.identity import digest
from tests import small

LIMA = small.lima()


def test_a_part_plays_what_the_whole_plays() -> None:
    """Its gates are the same rows, but for frames of channels that it lacks."""
    one = part(LIMA.profile, LIMA.chip, ["x:2", "sx:2"])

    assert set(one.profile.by_id) == {"x:2", "sx:2", "rz:2"}
    assert one.profile.by_id["x:2"].pulses == LIMA.profile.by_id["x:2"].pulses
    assert one.chip.qubits == (LIMA.chip.qubit(2),)


def test_all_gates_of_a_part_are_simulated() -> None:
    """A pair keeps its coupling, its cross drives and what was fitted of its gates."""
    gates = ["x:0", "sx:0", "x:1", "sx:1", "cx:0-1"]
    pair = part(LIMA.profile, LIMA.chip, gates)
    planned = plan(pair.profile, pair.chip)

    assert sorted(gate.id for gate in planned.gates) == sorted(gates)
    assert not planned.refused
    assert set(pair.chip.control_channels) == {"u0", "u1"}
    assert pair.chip.measured_error("cx:0-1") == LIMA.chip.measured_error("cx:0-1")


def test_a_fit_to_the_whole_is_a_fit_to_the_part() -> None:
    """So that the part's lines have spent no drift; a fit to another release stays one."""
    own = part(LIMA.profile, LIMA.chip, ["x:0"])
    other = part(LIMA.profile.model_copy(update={"firmware": "other"}), LIMA.chip, ["x:0"])

    assert own.chip.fit is not None
    assert other.chip.fit is not None
    assert LIMA.chip.fit is not None
    assert own.chip.fit.profile == digest(own.profile)
    assert other.chip.fit.profile == LIMA.chip.fit.profile
    assert [row.gate for row in own.chip.fit.gates] == ["x:0"]


def test_a_part_of_nothing_is_refused() -> None:
    """There must be something to judge."""
    with pytest.raises(ValueError, match="at least one gate"):
        part(LIMA.profile, LIMA.chip, [])
