"""Which gates of a real five-qubit table a release can have changed."""

from qtregress.channels.changed import narrowed, scope_of
from qtregress.channels.plan import Plan, plan
from qtregress.pulses.profile import Profile, ShiftPhase
from tests import small

LIMA = small.lima()
WHOLE = plan(LIMA.profile, LIMA.chip)


def planned(new: Profile) -> Plan:
    """What is simulated of a release beside the one in the field."""
    scope = scope_of((LIMA.profile, LIMA.chip), (new, LIMA.chip))
    return narrowed(plan(new, LIMA.chip), scope)


def gates(found: Plan) -> set[str]:
    """Ids of its gates."""
    return {gate.id for gate in found.gates}


def louder(qubit: int) -> Profile:
    """The release with a louder x on that qubit."""
    return small.louder(LIMA.profile, 0.01, f"d{qubit}", gates=f"x:{qubit}")


def detuned(qubit: int) -> Profile:
    """The release with another carrier of that qubit."""
    carriers = dict(LIMA.profile.drive_frequency_hz)
    carriers[f"d{qubit}"] += 3e3
    return small.checked(LIMA.profile, drive_frequency_hz=carriers)


def test_every_gate_on_a_changed_gate_s_qubits_is_simulated() -> None:
    """Those that did not change hold the line's gain in place; x:3 and sx:3 hold d3's."""
    assert gates(planned(louder(4))) == {
        *("id:4", "x:4", "sx:4", "cx:3-4", "cx:4-3", "x:3", "sx:3"),
    }


def test_every_pair_with_a_changed_qubit_is_benchmarked() -> None:
    """It plays the gate that changed, or one of the same line."""
    found = planned(louder(1))

    assert set(found.pairs) == {(0, 1), (1, 2), (1, 3)}
    assert {gate.qubits for gate in found.layers} == set(found.pairs)


def test_another_carrier_changes_every_gate_on_the_qubit() -> None:
    """And with its cx gates the partner's line, and so the gates of that."""
    left_out = gates(WHOLE) - gates(planned(detuned(4)))

    assert left_out == {
        *("id:0", "sx:0", "x:0", "cx:0-1", "cx:1-0", "id:1"),
        *("id:2", "sx:2", "x:2", "cx:1-2", "cx:2-1"),
    }


def test_a_gate_that_is_gone_has_changed() -> None:
    """What it leaves alone on its line is simulated in both releases."""
    assert {"sx:4", "cx:3-4"} <= gates(planned(small.without(LIMA.profile, "x:4")))


def test_a_row_that_plays_the_same_is_simulated_all_the_same() -> None:
    """A change that is listed must be judged."""
    nothing = ShiftPhase(channel="d4", t0=0, shift_phase=0.0)
    gates_ = [
        gate.model_copy(update={"pulses": (nothing, *gate.pulses)}) if gate.id == "x:4" else gate
        for gate in LIMA.profile.gates
    ]

    assert "x:4" in gates(planned(small.checked(LIMA.profile, gates=tuple(gates_))))


def test_without_a_change_nothing_is_simulated() -> None:
    """Readout and virtual Z are no gates of the model."""
    found = planned(small.louder(LIMA.profile, 0.01, "m0"))

    assert (found.gates, found.layers, found.pairs) == ((), (), {})


def test_what_is_left_out_has_every_subject() -> None:
    """Gates, layers, benchmarked qubits and pairs, and the layer of all."""
    left_out = planned(louder(4)).left_out

    assert {"x:0", "sx.id:0-1", "0", "0-1", "sx:all"} <= left_out
    assert left_out.isdisjoint({"x:4", "4", "3", "3-4", "sx:3"})


def test_on_another_chip_everything_is_simulated() -> None:
    """No gate is the same there."""
    other = LIMA.chip.model_copy(update={"qubits": LIMA.chip.qubits[::-1]})
    scope = scope_of((LIMA.profile, LIMA.chip), (LIMA.profile, other))

    assert narrowed(WHOLE, scope) == WHOLE
