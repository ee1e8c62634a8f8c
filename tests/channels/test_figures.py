"""Figures of merit of a gate, against closed forms and against edits of a real table."""

import dataclasses
import math
from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm, polar
from scipy.stats import unitary_group

from qtregress.channels.channel import GateChannel, average_fidelity
from qtregress.channels.figures import (
    GateFigures,
    diamond_bounds,
    gate_figures,
    pauli_angles,
    process_infidelity,
    unitarity,
)
from qtregress.channels.ideal import ideal_image
from qtregress.channels.unitary_error import error_vector, paulis
from qtregress.metrics.collect import incoherent_error
from qtregress.pulses.profile import Profile
from tests import small

Complex = NDArray[np.complex128]

T1_S, T2_S = 100e-6, 80e-6
LENGTH_S = 1e-6
X, Y, Z = paulis(1)
ONE_QUBIT = ("x", "sx", "id")
seeds = st.integers(0, 2**32 - 1)
COMPUTATIONAL = {(2,): [0, 1], (3,): [0, 1], (4,): [0, 1], (2, 2): [0, 1, 2, 3]}


def ideal_of(name: str) -> Complex:
    """What a table is meant to play for that name."""
    ideal = ideal_image(name)
    assert ideal is not None
    return ideal


def rotation(angles: Mapping[str, float]) -> Complex:
    """exp(-i/2 Sum angle_P P)."""
    qubits = len(next(iter(angles)))
    names = ["".join(name) for name in product("IXYZ", repeat=qubits)][1:]
    generator = sum(angle * paulis(qubits)[names.index(name)] for name, angle in angles.items())
    return np.asarray(expm(-0.5j * np.asarray(generator)))


def of_kraus(*operators: Complex) -> Complex:
    """The superoperator of these Kraus operators on row-stacked density matrices."""
    return np.asarray(sum(np.kron(one, one.conj()) for one in operators))


def channel_of(superoperator: Complex, *levels: int, own: Complex | None = None) -> GateChannel:
    """A gate's channel with that map; ``own`` is its lossless block, if not the identity."""
    at = COMPUTATIONAL[levels]
    return GateChannel(
        gate="test:0",
        qubits=tuple(range(len(levels))),
        levels=levels,
        computational=np.array(at, dtype=np.intp),
        blocks=(np.eye(len(at), dtype=complex) if own is None else own)[None],
        superoperator=superoperator,
        at_load=None,
        duration_s=LENGTH_S,
        error_estimate=0.0,
    )


def figures_of(
    superoperator: Complex, *levels: int, ideal: Complex, own: Complex | None = None
) -> GateFigures:
    """Figures of a gate with that map on qubits of T1 and T2."""
    channel = channel_of(superoperator, *levels, own=own)
    return gate_figures(channel, ideal, [(T1_S, T2_S)] * len(levels))


def of_unitary(played: Complex, ideal: Complex) -> GateFigures:
    """Figures of a lossless gate without leakage levels."""
    levels = (2,) * (len(ideal).bit_length() - 1)
    return figures_of(of_kraus(played), *levels, ideal=ideal, own=played)


def depolarised(ideal: Complex, lost: float) -> Complex:
    """The ideal gate, then the mixed state with that probability."""
    d = len(ideal)
    mixed = np.eye(d).reshape(-1)
    return np.asarray((1 - lost) * of_kraus(ideal) + lost * np.outer(mixed, mixed) / d)


def damping(lost: float) -> Complex:
    """Amplitude damping of one qubit by that probability."""
    stays = np.diag([1, math.sqrt(1 - lost)]).astype(complex)
    falls = np.array([[0, math.sqrt(lost)], [0, 0]], dtype=complex)
    return of_kraus(stays, falls)


def random_error(levels: tuple[int, ...], seed: int, size: float) -> Complex:
    """A random channel that close to doing nothing, on all levels."""
    n, rng = math.prod(levels), np.random.default_rng(seed)
    kraus = rng.normal(size=(3, n, n)) + 1j * rng.normal(size=(3, n, n))
    kraus *= size * np.array([1, 0.3, 0.1])[:, None, None]
    kraus[0] += np.eye(n)
    return of_kraus(*polar(kraus.reshape(3 * n, n))[0].reshape(3, n, n))


# Sizes of errors


@pytest.mark.physics
@pytest.mark.parametrize("name", ["x", "sx", "cx"])
@pytest.mark.parametrize("lost", [1e-4, 0.02, 0.4])
def test_depolarising(name: str, lost: float) -> None:
    """All sizes follow from the probability, worst case and entanglement infidelity agree."""
    ideal = ideal_of(name)
    d = len(ideal)
    levels = (2,) * (d.bit_length() - 1)
    found = figures_of(depolarised(ideal, lost), *levels, ideal=ideal, own=ideal)

    process = lost * (d**2 - 1) / d**2
    assert found.average_infidelity == pytest.approx(lost * (d - 1) / d, rel=1e-9)
    assert found.process_infidelity == pytest.approx(process, rel=1e-9)
    assert found.diamond_low == pytest.approx(process, rel=1e-9)
    assert found.diamond_high == pytest.approx(process, rel=1e-9)
    assert found.unitarity == pytest.approx((1 - lost) ** 2, rel=1e-12)
    assert found.coherent_infidelity == pytest.approx(0, abs=1e-14)
    assert (found.dominant, found.dominant_rad) == ("none", 0.0)
    assert found.leakage == pytest.approx(0, abs=1e-14)


@pytest.mark.physics
@pytest.mark.parametrize("lost", [1e-3, 0.1, 0.6])
def test_amplitude_damping(lost: float) -> None:
    """Relaxation: unitarity in closed form, the worst case by a scan of its inputs.

    Damping commutes with turns about Z, so that the worst input is diagonal.
    """
    found = figures_of(damping(lost), 2, ideal=ideal_of("id"))

    excited = np.linspace(0, 1, 4001)
    # Kept amplitudes of |00> and |11>: 1 - q and q; a pure state turned, and what fell.
    turned = math.sqrt(1 - lost) - 1
    corner, side = excited * ((1 - lost) - 1), np.sqrt(excited * (1 - excited)) * turned
    negative = np.abs(corner / 2 - np.hypot(corner / 2, side))
    exact = float(np.max(negative))
    assert found.diamond_low <= exact * (1 + 1e-6)
    assert found.diamond_high >= exact * (1 - 1e-6)
    assert found.diamond_high <= found.diamond_low * 1.011
    purity = ((1 - lost) ** 2 + 2 * (1 - lost)) / 3
    assert found.unitarity == pytest.approx(purity, rel=1e-12)


@pytest.mark.physics
def test_idling_is_at_its_coherence_limit() -> None:
    """A qubit that only relaxes and dephases has nothing above the limit."""
    fallen = 1 - math.exp(-LENGTH_S / T1_S)
    kept = math.exp(-LENGTH_S / T2_S + LENGTH_S / T1_S / 2)
    dephasing = of_kraus(
        np.sqrt((1 + kept) / 2) * np.eye(2, dtype=complex), np.sqrt((1 - kept) / 2) * Z
    )
    found = figures_of(dephasing @ damping(fallen), 2, ideal=ideal_of("id"))

    assert found.coherence_limit == pytest.approx(LENGTH_S * (1 / T1_S + 2 / T2_S) / 6, rel=0.01)
    assert found.above_limit == pytest.approx(0, abs=1e-14)


@given(levels=st.sampled_from([(2,), (3,), (2, 2)]), seed=seeds, size=st.floats(1e-4, 0.2))
def test_bounds_lie_within_those_of_infidelity_alone(
    levels: tuple[int, ...], seed: int, size: float
) -> None:
    """Wallman and Flammia's bounds hold: 1 - F_pro from below, d sqrt(1 - F_pro) from above."""
    found = random_error(levels, seed, size)
    at = np.array(COMPUTATIONAL[levels])
    ideal = np.eye(len(at), dtype=complex)
    process = process_infidelity(found, at, ideal)

    low, high = diamond_bounds(found, at, ideal)

    assert process <= low * (1 + 1e-9)
    assert low <= high <= len(at) * math.sqrt(process) * (1 + 1e-9)


@given(qubits=st.sampled_from([1, 2]), seed=seeds, share=st.floats(1e-3, 0.5))
def test_bounds_lie_within_those_of_unitarity(qubits: int, seed: int, share: float) -> None:
    """Of unital maps those of Kueng and others hold: c from below, d^2 c from above."""
    d, rng = 2**qubits, np.random.default_rng(seed)
    turns = [expm(1j * share * _hermitian(d, rng)) for _ in range(2)]
    found = of_kraus(math.sqrt(0.7) * turns[0], math.sqrt(0.3) * turns[1])
    at, ideal = np.arange(d), np.eye(d, dtype=complex)
    infidelity = 1 - average_fidelity(found, at, ideal)
    size = unitarity(found, at) + 2 * d * infidelity / (d - 1) - 1
    c = math.sqrt((1 - 1 / d**2) * size) / 2

    low, high = diamond_bounds(found, at, ideal)

    assert c <= low * (1 + 1e-9)
    assert high <= d**2 * c * (1 + 1e-9)


def _hermitian(d: int, rng: np.random.Generator) -> Complex:
    matrix = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    return np.asarray((matrix + matrix.conj().T) / d, dtype=np.complex128)


@given(levels=st.sampled_from([(2,), (3,), (2, 2)]), seed=seeds, size=st.floats(1e-4, 0.2))
def test_no_state_does_worse_than_the_upper_bound(
    levels: tuple[int, ...], seed: int, size: float
) -> None:
    """The trace distance that any entangled input shows stays below the upper bound."""
    found, rng = random_error(levels, seed, size), np.random.default_rng(seed)
    at, n = np.array(COMPUTATIONAL[levels]), math.prod(levels)
    d = len(at)
    _, high = diamond_bounds(found, at, np.eye(d, dtype=complex))

    amplitudes = np.zeros((n, d), dtype=complex)
    amplitudes[at] = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    amplitudes /= np.linalg.norm(amplitudes)
    before = np.einsum("ik,jl->ijkl", amplitudes, amplitudes.conj())
    after = np.einsum("abij,ijkl->abkl", found.reshape(n, n, n, n), before)
    change = (after - before).transpose(0, 2, 1, 3).reshape(n * d, n * d)

    assert np.sum(np.abs(np.linalg.eigvalsh(change))) / 2 <= high * (1 + 1e-9)


def test_a_perfect_gate_has_no_worst_case() -> None:
    """A gate that plays its ideal exactly has figures of zero, and unitarity 1."""
    ideal = ideal_of("cx")
    found = of_unitary(ideal, ideal)

    assert found.diamond_high == pytest.approx(0, abs=1e-12)
    assert found.average_infidelity == pytest.approx(0, abs=1e-14)
    assert found.unitarity == pytest.approx(1, abs=1e-14)
    assert found.dominant == "none"


# Coherent errors


@pytest.mark.physics
@given(
    name=st.sampled_from(["x", "sx"]), angle=st.floats(-0.5, 0.5).filter(lambda t: abs(t) > 1e-4)
)
def test_over_rotation(name: str, angle: float) -> None:
    """A pulse too strong by an angle shows that angle; the worst case is sin(angle / 2)."""
    ideal = ideal_of(name)
    found = of_unitary(rotation({"X": angle}) @ ideal, ideal)

    assert found.pauli_components == pytest.approx({"X": angle, "Y": 0, "Z": 0}, abs=1e-12)
    assert found.dominant == ("over-rotation" if angle > 0 else "under-rotation")
    assert found.dominant_rad == pytest.approx(angle, rel=1e-9)
    exact = math.sin(abs(angle) / 2)
    assert found.diamond_low <= exact * (1 + 1e-9)
    assert found.diamond_high >= exact * (1 - 1e-9)
    assert found.diamond_high == pytest.approx(exact, rel=0.011)
    assert found.average_infidelity == pytest.approx(2 / 3 * exact**2, rel=1e-6)
    assert found.coherent_infidelity == pytest.approx(found.average_infidelity, rel=1e-6)
    assert found.unitarity == pytest.approx(1, abs=1e-12)


@pytest.mark.physics
@pytest.mark.parametrize(("name", "turn"), [("x", math.pi), ("sx", math.pi / 2)])
def test_detuning_and_the_drives_phase_are_told_apart(name: str, turn: float) -> None:
    """In the middle of a pulse a detuning errs about Z and a wrong phase about Y."""
    ideal, size = ideal_of(name), 1e-3
    detuned = of_unitary(rotation({"X": turn, "Z": size}), ideal)
    turned = of_unitary(rotation({"X": turn * math.cos(size), "Y": turn * math.sin(size)}), ideal)

    during = 2 * math.sin(turn / 2)
    assert detuned.dominant == "detuning"
    assert detuned.dominant_rad == pytest.approx(size * during / turn, rel=1e-3)
    assert detuned.pauli_components["Z"] == pytest.approx(detuned.dominant_rad, rel=1e-9)
    assert turned.dominant == "axis error"
    assert turned.dominant_rad == pytest.approx(size * during, rel=1e-3)
    assert turned.pauli_components["Y"] == pytest.approx(turned.dominant_rad, rel=1e-9)


@pytest.mark.parametrize(("axis", "word"), [("Z", "phase"), ("X", "unwanted rotation")])
def test_errors_of_an_idle_gate(axis: str, word: str) -> None:
    """A gate that should do nothing has no axis of its own."""
    found = of_unitary(rotation({axis: 0.01}), ideal_of("id"))

    assert found.dominant == word
    assert found.dominant_rad == pytest.approx(0.01, rel=1e-9)


@pytest.mark.physics
@pytest.mark.parametrize(
    ("axis", "word"),
    [
        ("ZX", "conditional rotation ZX"),
        ("IX", "rotation IX"),
        ("ZI", "phase ZI"),
        ("IZ", "phase IZ"),
        ("ZZ", "conditional phase ZZ"),
        ("XY", "correlated error XY"),
    ],
)
@pytest.mark.parametrize("angle", [0.02, -0.3])
def test_axes_of_a_cx(axis: str, word: str, angle: float) -> None:
    """Each unwanted term of a cx is named with its angle; its worst case is the sine of half."""
    ideal = ideal_of("cx")
    found = of_unitary(ideal @ rotation({axis: angle}), ideal)

    assert found.dominant == word
    assert found.dominant_rad == pytest.approx(angle, rel=1e-9)
    others = [value for name, value in found.pauli_components.items() if name != axis]
    assert others == pytest.approx([0.0] * 14, abs=1e-12)
    exact = math.sin(abs(angle) / 2)
    assert found.diamond_low <= exact * (1 + 1e-9)
    assert found.diamond_high == pytest.approx(exact, rel=0.011)


@pytest.mark.parametrize("axis", ["ZX", "IX", "ZI"])
def test_errors_that_commute_with_a_cx_are_the_same_after_it(axis: str) -> None:
    """A wrong angle of the cross-resonance drive is no matter of convention."""
    ideal = ideal_of("cx")
    found = of_unitary(rotation({axis: 0.1}) @ ideal, ideal)

    assert found.pauli_components[axis] == pytest.approx(0.1, rel=1e-9)


@pytest.mark.physics
@pytest.mark.parametrize("second", [0.01, 0.1, -0.3])
def test_worst_case_of_two_phases(second: float) -> None:
    """Errors on both qubits add up in the worst input: sin((a + b) / 2)."""
    ideal = ideal_of("cx")
    found = of_unitary(ideal @ rotation({"ZI": 0.1, "IX": second}), ideal)

    exact = math.sin((0.1 + abs(second)) / 2)
    assert found.diamond_low <= exact * (1 + 1e-9)
    assert found.diamond_high >= exact * (1 - 1e-9)
    assert found.diamond_high <= found.diamond_low * 1.05


@given(name=st.sampled_from(["x", "sx", "id", "cx"]), seed=seeds, size=st.floats(1e-5, 1))
def test_every_error_is_given_back(name: str, seed: int, size: float) -> None:
    """The angles are the error's generator, however many axes it has."""
    ideal = ideal_of(name)
    qubits = len(ideal).bit_length() - 1
    names = ["".join(one) for one in product("IXYZ", repeat=qubits)][1:]
    drawn = np.random.default_rng(seed).normal(size=len(names))
    drawn *= size / np.linalg.norm(drawn)
    phase = np.exp(1j * seed)
    error = rotation(dict(zip(names, drawn, strict=True)))

    after = pauli_angles(phase * ideal @ error, ideal)

    if name in ("id", "cx"):
        assert list(after.values()) == pytest.approx(drawn.tolist(), abs=1e-11)
    assert np.linalg.norm(list(after.values())) == pytest.approx(size, abs=1e-11)


@pytest.mark.parametrize("name", ["id", "cx"])
def test_small_angles_are_those_of_the_error_vector(name: str) -> None:
    """To first order an angle is -2 times the component that recalibration uses."""
    ideal = ideal_of(name)
    played = ideal @ unitary_group_near(len(ideal), 1e-4)

    angles = np.array(list(pauli_angles(played, ideal).values()))

    assert angles == pytest.approx(-2 * error_vector(played, ideal), abs=1e-9)


def unitary_group_near(d: int, size: float) -> Complex:
    """A random unitary near the identity."""
    drawn = unitary_group.rvs(d, random_state=7)
    return np.asarray(expm(1j * size * (drawn + drawn.conj().T)))


# Leakage


@pytest.mark.physics
@pytest.mark.parametrize("levels", [3, 4])
@pytest.mark.parametrize("angle", [0.03, 0.4])
def test_coherent_leakage(levels: int, angle: float) -> None:
    """A turn between levels 1 and 2: L1 half of what moves, L2 all of it, the worst case its root.

    However many levels were simulated.
    """
    turn = np.eye(levels, dtype=complex)
    turn[1:3, 1:3] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    moved = math.sin(angle) ** 2
    found = figures_of(of_kraus(turn), levels, ideal=ideal_of("id"), own=turn[:2, :2])

    assert found.leakage == pytest.approx(moved / 2, rel=1e-9)
    assert found.seepage == pytest.approx(moved, rel=1e-9)
    assert found.diamond_low <= math.sin(angle) * (1 + 1e-9)
    assert found.diamond_high >= math.sin(angle) * (1 - 1e-9)
    assert found.diamond_high <= found.diamond_low * 1.02
    kept = (2 * (1 - found.process_infidelity) + 1 - found.leakage) / 3
    assert found.average_infidelity == pytest.approx(1 - kept, rel=1e-9)
    assert found.coherent_infidelity == pytest.approx(0, abs=1e-14)


@pytest.mark.physics
def test_leakage_that_relaxes_seeps_back() -> None:
    """Level 2 that falls with a probability returns with just that, and nothing leaks."""
    falls = np.zeros((3, 3), dtype=complex)
    falls[1, 2] = math.sqrt(0.2)
    stays = np.diag([1, 1, math.sqrt(0.8)]).astype(complex)
    found = figures_of(of_kraus(stays, falls), 3, ideal=ideal_of("id"))

    assert found.seepage == pytest.approx(0.2, rel=1e-12)
    assert found.leakage == pytest.approx(0, abs=1e-15)
    assert found.diamond_high == pytest.approx(0, abs=1e-12)


def test_two_levels_have_no_seepage() -> None:
    """Where no leakage level was simulated nothing is known of a return."""
    assert figures_of(damping(0.1), 2, ideal=ideal_of("id")).seepage is None


# Real tables


def figures_at(release: small.Release) -> dict[str, GateFigures]:
    """Figures of lima's qubit 0 after that release, by gate."""
    case = small.small(0)
    changed = small.Case(chip=case.chip, profile=release(case.profile))
    channels = small.measured(changed)[0].channels
    times_s = [(case.chip.qubit(0).t1_s, case.chip.qubit(0).t2_s)]
    return {
        name: gate_figures(channels[f"{name}:0"], ideal_of(name), times_s) for name in ONE_QUBIT
    }


def test_figures_of_the_shipped_table() -> None:
    """They agree with the metrics, and the shipped gates are at their coherence limit."""
    measurement, metrics = small.old(0)
    found = figures_at(lambda profile: profile)

    for name, one in found.items():
        channel = measurement.channels[f"{name}:0"]
        assert one.average_infidelity == small.value_of(metrics, f"gate.error/{name}:0")
        assert one.leakage == small.value_of(metrics, f"gate.leakage/{name}:0")
        assert abs(one.above_limit) < 0.01 * one.coherence_limit
        assert one.diamond_high <= one.diamond_low * 1.011
        parts = incoherent_error(channel) + one.coherent_infidelity
        assert one.average_infidelity == pytest.approx(parts, rel=1e-3)


def test_a_louder_pulse_is_an_over_rotation() -> None:
    """One per cent more amplitude of x turns one per cent of half a turn too far."""
    found = figures_at(lambda profile: small.louder(profile, 0.01, "d0", gates="x:0"))

    assert found["x"].dominant == "over-rotation"
    assert found["x"].dominant_rad == pytest.approx(0.01 * math.pi, rel=0.05)
    assert found["sx"].dominant == "none"


def test_a_turned_drive_is_an_axis_error() -> None:
    """A drive of the wrong phase turns about another axis: 2 sin(angle/2) times the phase."""
    found = figures_at(lambda profile: small.turned(profile, 0.01, "d0"))

    assert found["x"].dominant == found["sx"].dominant == "axis error"
    assert abs(found["x"].dominant_rad) == pytest.approx(0.02, rel=0.02)
    assert abs(found["sx"].dominant_rad) == pytest.approx(0.01 * math.sqrt(2), rel=0.02)


def test_a_wrong_frequency_is_a_detuning() -> None:
    """100 kHz away from the qubit: the phase of waiting, and a detuned pulse."""
    offset_hz = 1e5

    def release(profile: Profile) -> Profile:
        moved = {"d0": profile.drive_frequency_hz["d0"] + offset_hz}
        return small.checked(profile, drive_frequency_hz={**profile.drive_frequency_hz, **moved})

    found, before = figures_at(release), figures_at(lambda profile: profile)

    length_s = small.old(0)[0].channels["id:0"].duration_s
    change = found["id"].dominant_rad - before["id"].dominant_rad
    assert found["id"].dominant == "phase"
    assert abs(change) == pytest.approx(2 * math.pi * offset_hz * length_s, rel=1e-3)
    assert found["sx"].dominant == found["x"].dominant == "detuning"


# What is refused


def test_a_map_that_is_no_channel_has_no_figures() -> None:
    """A map that no process has is refused, not measured."""
    channel = channel_of(damping(0.1), 2)
    broken = dataclasses.replace(channel, error_estimate=math.inf)
    lost = dataclasses.replace(channel, superoperator=np.full((4, 4), np.nan, dtype=complex))

    for one in (broken, lost):
        with pytest.raises(ValueError, match="must be a channel"):
            gate_figures(one, ideal_of("id"), [(T1_S, T2_S)])


def test_arguments_of_another_number_of_qubits_are_refused() -> None:
    """The ideal gate and the decay times are of the gate's own qubits."""
    channel = channel_of(damping(0.1), 2)

    with pytest.raises(ValueError, match="must be of 1 qubits"):
        gate_figures(channel, ideal_of("cx"), [(T1_S, T2_S)])
    with pytest.raises(ValueError, match="must be of 1 qubits"):
        gate_figures(channel, ideal_of("x"), [(T1_S, T2_S)] * 2)
