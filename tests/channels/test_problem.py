"""The question put to an engine, and why some gates are not put."""

from collections.abc import Callable

import numpy as np
import pytest

from qtregress.channels.problem import (
    bath_of,
    coupling_hz,
    gate_problem,
    patch_of,
    why_not_simulated,
)
from qtregress.chip.bath import Extra
from qtregress.chip.chip import Chip
from qtregress.pulses.layers import idle, layer
from qtregress.pulses.profile import Constant, Gate, Profile, ShiftPhase

Chips = Callable[..., Chip]
Profiles = Callable[..., Profile]


def plays(channel: str, *qubits: int) -> Gate:
    """A gate on these qubits with one constant pulse."""
    pulse = Constant(envelope="constant", channel=channel, t0=0, duration=8, amp=0.1)
    return Gate(name="x", qubits=qubits, duration=8, pulses=(pulse,))


def test_transmon_stands_at_its_offset_frequency(make_chip: Chips) -> None:
    """The patch's transmon is at its frequency plus its line's fitted offset."""
    patch = patch_of(make_chip(offset_hz=2e5), (0,))

    assert patch.energies_rad_s[1] == pytest.approx(2 * np.pi * 5.0002e9, rel=1e-14)


def test_patch_follows_the_gates_order(make_chip: Chips) -> None:
    """The first listed qubit is the left factor of the patch."""
    patch = patch_of(make_chip(qubits=2), (1, 0), 3)

    found = patch.energies_rad_s[[3, 1]] / (2 * np.pi)
    assert found == pytest.approx([5.1e9, 5.0e9], rel=1e-12)


def test_coupling_is_known_both_ways(make_chip: Chips) -> None:
    """The coupling of a pair does not depend on its order."""
    chip = make_chip(qubits=2, j_hz=2.5e6)

    assert (coupling_hz(chip, 0, 1), coupling_hz(chip, 1, 0)) == (2.5e6, 2.5e6)


def test_coupling_of_zero_is_a_coupling(make_chip: Chips) -> None:
    """A coupling of 0 Hz is known, a missing one is None."""
    chip = make_chip(qubits=2, j_hz=0.0)
    apart = chip.model_copy(update={"couplings": ()})

    assert (coupling_hz(chip, 0, 1), coupling_hz(apart, 0, 1)) == (0.0, None)


def test_uncoupled_pair_has_no_patch(make_chip: Chips) -> None:
    """A patch of two transmons that the chip does not couple is refused."""
    chip = make_chip(qubits=2).model_copy(update={"couplings": ()})

    with pytest.raises(KeyError, match=r"\(0, 1\)"):
        patch_of(chip, (0, 1))


def test_final_phases_become_the_gates_virtual_z(make_chip: Chips, make_profile: Profiles) -> None:
    """Phases that the drive channels gather are the gate's virtual Z, in the gate's order."""
    rows = (
        ShiftPhase(channel="d0", t0=0, shift_phase=0.25),
        ShiftPhase(channel="d1", t0=8, shift_phase=-0.5),
        ShiftPhase(channel="u0", t0=8, shift_phase=3.0),
    )
    gate = Gate(name="cx", qubits=(1, 0), duration=8, pulses=rows)

    problem = gate_problem(gate, make_profile(gate), make_chip(qubits=2))

    assert problem.virtual_z_rad == (-0.5, 0.25)


def test_carriers_follow_the_gates_order(make_chip: Chips, make_profile: Profiles) -> None:
    """The carriers are the qubits' drive frequencies, in the gate's order."""
    gate = layer([idle(1, 8), idle(0, 8)])

    problem = gate_problem(gate, make_profile(gate), make_chip(qubits=2))

    assert problem.carrier_hz == (5.1e9, 5.0e9)


def test_duration_is_the_samples_times_dt(make_chip: Chips, make_profile: Profiles) -> None:
    """A gate of 450 samples of 2/9 ns lasts 100 ns."""
    gate = idle(0, 450)

    problem = gate_problem(gate, make_profile(gate), make_chip())

    assert problem.duration_s == pytest.approx(100e-9, rel=1e-14)


def test_extra_photons_warm_their_qubit_only(make_chip: Chips) -> None:
    """Photons of the load excite the qubit they belong to and no other."""
    cold, warm = bath_of(make_chip(qubits=2), (0, 1), {1: Extra(photons=0.01)})

    assert [cold.up[0], warm.up[0]] == pytest.approx([0.0, 0.01 / 100e-6], rel=1e-9)


def refusal(gate: Gate, chip: Chip) -> str:
    """Why a gate is not simulated where the profile lists every drive frequency."""
    profile = Profile(
        format="qtregress/profile@1",
        device="toy",
        firmware="1",
        dt_ns=0.5,
        drive_frequency_hz={f"{kind}{number}": 5e9 for kind in "dm" for number in range(10)},
        gates=(gate,),
    )
    return why_not_simulated(gate, profile, chip)


@pytest.mark.parametrize("gate", [idle(0, 8), plays("d0", 0), plays("u0", 0, 1)])
def test_gates_of_one_and_two_qubits_are_simulated(
    gate: Gate, make_chip: Chips, make_profile: Profiles
) -> None:
    """Nothing speaks against a gate that plays on drive channels of its own qubits."""
    assert why_not_simulated(gate, make_profile(gate), make_chip(qubits=2)) == ""


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        (plays("d0", 0, 1, 2), "x:0-1-2 acts on 3 qubits; one and two are simulated"),
        (plays("d0", 7), "the chip knows no qubit 7"),
        (plays("u9", 0, 1), "the chip knows no control channel u9"),
        (plays("d1", 0), "x:0 plays on d1, which drives qubits outside the gate"),
        (plays("u0", 0), "x:0 plays on u0, which drives qubits outside the gate"),
        (plays("f0", 0), "x:0 plays on f0, and only drive channels are simulated"),
    ],
)
def test_other_gates_have_a_reason(
    gate: Gate, reason: str, make_chip: Chips, make_profile: Profiles
) -> None:
    """A gate that no engine can be asked about says why."""
    assert why_not_simulated(gate, make_profile(gate), make_chip(qubits=2)) == reason


def test_uncoupled_gate_has_a_reason(make_chip: Chips, make_profile: Profiles) -> None:
    """A gate on a pair that the chip does not couple says so."""
    gate = plays("d0", 0, 1)
    chip = make_chip(qubits=2).model_copy(update={"couplings": ()})

    found = why_not_simulated(gate, make_profile(gate), chip)

    assert found == "the chip has no coupling between qubits 0 and 1"


def test_pair_nearer_than_its_splitting_has_a_reason(
    make_chip: Chips, make_profile: Profiles
) -> None:
    """A gate on a pair nearer in frequency than 2 J says so."""
    gate = plays("d0", 0, 1)

    found = why_not_simulated(gate, make_profile(gate), make_chip(qubits=2, j_hz=60e6))

    assert found == "qubits 0 and 1 are closer in frequency than their splitting 2 J"


def test_gate_on_a_qubit_without_frequency_has_a_reason(
    make_chip: Chips, make_profile: Profiles
) -> None:
    """A gate on a qubit for which the profile lists no drive frequency says so."""
    gate = plays("d0", 0, 1)
    profile = make_profile(gate).model_copy(update={"drive_frequency_hz": {"d0": 5e9}})

    found = why_not_simulated(gate, profile, make_chip(qubits=2))

    assert found == "the profile lists no drive frequency of d1"
