"""Canary circuits: frames, waiting, outcomes on Aer, and what is refused."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from qtregress.channels.channel import choi
from qtregress.channels.ideal import NOMINAL, ideal_image, table_image
from qtregress.errors import InputError
from qtregress.files.qasm import native_circuit
from qtregress.metrics.collect import ERROR_TOLERANCE
from qtregress.metrics.measurement import Measurement
from qtregress.rb.aer import outcomes
from qtregress.rb.canary import (
    MAX_QUBITS,
    MAX_STEPS,
    Idle,
    NativeCircuit,
    NativeStep,
    Noise,
    Operation,
    check_circuit,
    gate_counts,
    hellinger_fidelity,
    idle_map,
    length_s,
    noise_of,
    nominal_map,
    play,
    scheduled,
    success_probability,
    unitary_of,
    why_not_played,
)
from tests import small
from tests.rb.conftest import Bath, generator, jumps, on_levels, random_channel, unitary_map

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from qiskit import QuantumCircuit, qasm2
    from qiskit.circuit.library import RZGate
    from qiskit.quantum_info import Statevector
    from qiskit.quantum_info import hellinger_fidelity as qiskit_fidelity

LIMA = small.lima().profile
CANARIES = small.ROOT / "ci-examples" / "canary"
US = 1e-6
QUIET = Idle(down=0.0, up=0.0, dephasing=0.0, detuning_hz=0.0)
HEAD = 'OPENQASM 2.0; include "qelib1.inc"; '


def step(name: str, *qubits: int, duration_s: float = 0.0, bit: int = 0) -> NativeStep:
    """A step; of a measurement, its bit."""
    bits = (bit,) if name == "measure" else ()
    return NativeStep(name=name, qubits=qubits, duration_s=duration_s, bits=bits)


def circuit(*steps: NativeStep) -> NativeCircuit:
    """A circuit of these steps."""
    return NativeCircuit(name="c", steps=steps)


def ideal_noise(*qubits: int, idle: Idle = QUIET) -> Noise:
    """Perfect x and sx that take time, and qubits that wait like this."""
    maps = {f"{name}:{q}": unitary_map(NOMINAL[name]) for name in ("x", "sx") for q in qubits}
    return Noise(maps=maps, idles=dict.fromkeys(qubits, idle))


def chances(of: NativeCircuit, noise: Noise | None) -> np.ndarray:
    """Probabilities that must be known."""
    found = play(of, noise)
    assert found.problem == ""
    assert found.probabilities is not None
    return found.probabilities


def noise_from(measurement: Measurement, *, at_load: bool = False) -> Noise:
    """The noise of a measured profile."""
    return noise_of(
        measurement.plan,
        measurement.channels,
        measurement.profile,
        measurement.chip,
        extra=measurement.load.extra if at_load else None,
        error_tolerance=ERROR_TOLERANCE,
    )


# Frames and leakage


@pytest.mark.parametrize("name", ["x", "sx", "cx", "cz", "ecr"])
def test_a_perfect_table_is_a_perfect_circuit(name: str) -> None:
    """The map of a table's image, leakage levels around it, comes back as the nominal gate."""
    image = ideal_image(name)
    assert image is not None
    levels = (3,) * (len(image).bit_length() - 1)
    whole = unitary_map(on_levels(image, levels))
    at = np.array([0, 1] if levels == (3,) else [0, 1, 3, 4])

    np.testing.assert_allclose(nominal_map(whole, at), unitary_map(NOMINAL[name]), atol=1e-12)


def test_coherent_errors_turn_back_with_their_frame() -> None:
    """An over-rotation about Z that a table plays as RZ(-t) is RZ(t) beside nominal gates."""
    error = np.diag([1, np.exp(0.3j)])

    found = nominal_map(unitary_map(table_image(error)), np.array([0, 1]))

    np.testing.assert_allclose(found, unitary_map(error), atol=1e-12)


def test_what_leaks_returns_as_the_mixed_state() -> None:
    """If |1> leaves altogether, both outcomes are as likely afterwards."""
    swap = np.eye(3, dtype=complex)[[0, 2, 1]]
    found = nominal_map(unitary_map(swap), np.array([0, 1]))

    np.testing.assert_allclose(found @ [0, 0, 0, 1], [0.5, 0, 0, 0.5], atol=1e-12)
    np.testing.assert_allclose(found @ [1, 0, 0, 0], [1, 0, 0, 0], atol=1e-12)


@pytest.mark.parametrize("levels", [(3,), (3, 3)])
def test_maps_on_qubits_are_channels(levels: tuple[int, ...]) -> None:
    """Whatever leaks, what is left is completely positive and keeps the trace."""
    at = np.array([0, 1] if levels == (3,) else [0, 1, 3, 4])
    whole = random_channel(math.prod(levels), 0.3, np.random.default_rng(5))
    found = nominal_map(whole, at)
    trace = np.eye(len(at)).reshape(-1)

    np.testing.assert_allclose(trace @ found, trace, atol=1e-12)
    assert np.linalg.eigvalsh(choi(found)).min() > -1e-12


# Waiting


def test_waiting_is_the_lindblad_equation() -> None:
    """Relaxation, heating and dephasing as a matrix exponential has them."""
    bath = Bath(t1_s=60 * US, dephasing_s=80 * US, photons=0.2)
    gamma = 1 / bath.t1_s / (2 * bath.photons + 1)
    idle = Idle(
        down=gamma * (bath.photons + 1),
        up=gamma * bath.photons,
        dephasing=1 / bath.dephasing_s,
        detuning_hz=0.0,
    )
    wanted = expm(generator(np.zeros((2, 2), dtype=complex), jumps(2, bath)) * 30 * US)

    np.testing.assert_allclose(idle_map(idle, 30 * US), wanted, atol=1e-12)


def test_waiting_is_what_an_empty_gate_does() -> None:
    """A simulated id is a wait, also where its carrier misses the qubit by 1 MHz."""
    case = small.small(0)
    carrier_hz = case.profile.drive_frequency_hz["d0"]
    profile = small.checked(
        case.profile,
        drive_frequency_hz=case.profile.drive_frequency_hz | {"d0": carrier_hz + 1e6},
    )
    measurement, _ = small.measured(small.Case(chip=case.chip, profile=profile))
    noise = noise_from(measurement)
    duration_s = measurement.channels["id:0"].duration_s

    assert noise.idles[0].detuning_hz == pytest.approx(-1e6, abs=1e4)
    np.testing.assert_allclose(noise.maps["id:0"], idle_map(noise.idles[0], duration_s), atol=1e-9)


def test_excited_qubits_relax_while_they_wait() -> None:
    """After x and a delay t the success probability is exp(-t/T1)."""
    idle = replace(QUIET, down=1 / (50 * US))
    played = circuit(
        step("x", 0, duration_s=0.03 * US),
        step("delay", 0, duration_s=20 * US),
        step("measure", 0),
    )

    assert chances(played, ideal_noise(0, idle=idle))[1] == pytest.approx(math.exp(-0.4))


def test_superpositions_dephase_and_precess_while_they_wait() -> None:
    """Ramsey: two sx with t between end in 1 with (1 + exp(-t/T2) cos(2 pi f t)) / 2."""
    idle = replace(QUIET, dephasing=1 / (40 * US), detuning_hz=30e3)
    played = circuit(
        step("sx", 0, duration_s=0.03 * US),
        step("delay", 0, duration_s=10 * US),
        step("sx", 0, duration_s=0.03 * US),
        step("measure", 0),
    )
    wanted = (1 + math.exp(-0.25) * math.cos(2 * math.pi * 0.3)) / 2

    assert chances(played, ideal_noise(0, idle=idle))[1] == pytest.approx(wanted)


def test_gates_start_when_their_qubits_are_free() -> None:
    """The qubit whose partner is busy waits; so does everybody before a barrier."""
    played = circuit(
        step("sx", 0, duration_s=3.0),
        step("x", 1, duration_s=1.0),
        step("cx", 0, 1, duration_s=5.0),
        step("rz", 2),
        step("barrier", 0, 1, 2),
        step("measure", 2, duration_s=2.0),
    )
    found = [(one.id, start_s, waited) for one, start_s, waited in scheduled(played)]

    assert found == [
        ("sx:0", 0.0, {0: 0.0}),
        ("x:1", 0.0, {1: 0.0}),
        ("cx:0-1", 3.0, {0: 0.0, 1: 2.0}),
        ("rz:2", 0.0, {2: 0.0}),
        ("measure:2", 8.0, {2: 8.0}),
    ]
    assert length_s(played) == 10.0
    assert gate_counts(played) == {"cx:0-1": 1, "measure:2": 1, "sx:0": 1, "x:1": 1}


# Outcomes


def evolved(operations: list[Operation], qubits: int) -> np.ndarray:
    """Outcomes by plain tensor products, qubit 0 being bit 0."""
    rho = np.zeros((2,) * (2 * qubits), dtype=complex)
    rho[(0,) * (2 * qubits)] = 1
    for superoperator, where in operations:
        k = len(where)
        axes = [*where, *(qubit + qubits for qubit in where)]
        tensor = superoperator.reshape((2,) * (4 * k))
        rho = np.tensordot(tensor, rho, axes=(range(2 * k, 4 * k), axes))
        rho = np.moveaxis(rho, range(2 * k), axes)
    size = 2**qubits
    diagonal = np.diag(rho.reshape(size, size)).real.reshape((2,) * qubits)
    return np.asarray(diagonal.transpose(range(qubits - 1, -1, -1)).reshape(-1))


@pytest.mark.parametrize("seed", range(3))
def test_aer_composes_maps_on_the_qubits_they_name(seed: int) -> None:
    """Random channels on one and two of three qubits, against plain tensor algebra."""
    rng = np.random.default_rng(seed)
    wheres = [(0,), (0, 2), (1,), (2, 1), (1, 0), (2,)]
    played = [(random_channel(2 ** len(one), 0.7, rng), one) for one in wheres]
    found, counts = outcomes(played, qubits=3, measured=[0, 1, 2], shots=None, seed=0)

    assert counts is None
    np.testing.assert_allclose(found, evolved(played, 3), atol=1e-12)


ONE = st.tuples(st.sampled_from(["h", "x", "sx", "t", "sdg", "id"]), st.integers(0, 2))
TWO = st.tuples(
    st.sampled_from(["cx", "cz", "swap"]), st.permutations([0, 1, 2]).map(lambda p: tuple(p[:2]))
)


@settings(max_examples=25, deadline=None)
@given(st.lists(ONE | TWO, max_size=8), st.permutations([0, 1, 2]), st.floats(-7, 7))
def test_ideal_outcomes_are_those_of_the_circuit_as_written(
    gates: list[tuple[str, int | tuple[int, ...]]], bits: list[int], angle: float
) -> None:
    """Translation, routing, order of bits and virtual gates change nothing."""
    written = QuantumCircuit(3, 3)
    for name, where in gates:
        getattr(written, name)(*(where if isinstance(where, tuple) else (where,)))
    written.ry(angle, 1)
    wanted = Statevector(written).probabilities(np.argsort(bits).tolist())
    written.measure(range(3), bits)
    found = native_circuit("c", qasm2.dumps(written), LIMA)
    check_circuit(found)

    np.testing.assert_allclose(chances(found, None), wanted, atol=1e-9)


def test_outcomes_are_ordered_by_their_bits() -> None:
    """Not by when, or on which qubit, they are measured; unread bits are left out."""
    played = circuit(
        step("x", 1), step("measure", 1, bit=7), step("measure", 3, bit=5), step("measure", 0)
    )

    assert np.flatnonzero(chances(played, None)).tolist() == [0b100]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("ghz", {0b000: 0.5, 0b111: 0.5}), ("mirror", {0b000: 1.0}), ("qft", {0b011: 1.0})],
)
def test_shipped_canaries_end_where_they_should(name: str, wanted: dict[int, float]) -> None:
    """GHZ in two outcomes, mirror and Fourier transform in one."""
    text = (CANARIES / f"{name}.qasm").read_text(encoding="utf-8")
    found = native_circuit(name, text, LIMA)
    check_circuit(found)
    ideal = chances(found, None)

    assert {k: pytest.approx(p) for k, p in enumerate(ideal) if p > 1e-9} == wanted
    assert success_probability(ideal, ideal) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "angle"), [("rz", 0.7), ("z", math.pi), ("s", math.pi / 2), ("tdg", -math.pi / 4)]
)
def test_virtual_gates_turn_as_they_are_named(name: str, angle: float) -> None:
    """Up to a phase, as Qiskit's RZ."""
    angles = (angle,) if name == "rz" else ()
    found = unitary_of(NativeStep(name=name, qubits=(0,), angles=angles))
    wanted = RZGate(angle).to_matrix()

    assert found is not None
    np.testing.assert_allclose(found, wanted / wanted[0, 0], atol=1e-12)


def test_counts_are_drawn_from_the_probabilities() -> None:
    """All repetitions are counted, within five standard deviations, the same for one seed."""
    played = circuit(step("sx", 0, duration_s=1e-8), step("measure", 0))
    first, again = (play(played, ideal_noise(0), shots=4000, seed=3) for _ in range(2))

    assert first.counts is not None
    assert again.counts is not None
    assert first.counts.sum() == 4000
    assert abs(first.counts[1] - 2000) < 5 * math.sqrt(1000)
    np.testing.assert_array_equal(first.counts, again.counts)


# A real pair


BELL = HEAD + "qreg q[2]; creg c[2]; h q[0]; cx q[0],q[1]; barrier q; measure q -> c;"


def bell(measurement: Measurement, *, at_load: bool = False) -> float:
    """The success probability of a Bell state on the measured pair."""
    played = native_circuit("bell", BELL, measurement.profile)
    ideal = chances(played, None)
    found = success_probability(chances(played, noise_from(measurement, at_load=at_load)), ideal)
    assert found is not None
    return found


def test_a_bell_state_is_as_good_as_its_gates() -> None:
    """What is lost of 00 and 11 is a part of what the gates and their waits lose."""
    measurement, metrics = small.old(0, 1)
    errors = sum(small.value_of(metrics, f"gate.error/{gate}") for gate in ("cx:0-1", "sx:0"))

    assert 0 < 1 - bell(measurement) < 1.5 * errors


def test_hot_baths_spoil_a_bell_state() -> None:
    """At the declared workload less of it is left."""
    measurement, _ = small.old(0, 1)

    assert bell(measurement, at_load=True) < bell(measurement)


# What is not known or refused


def test_a_gate_without_a_noise_model_leaves_no_number() -> None:
    """It is named, with the reason why it was not simulated."""
    noise = replace(ideal_noise(0), maps={}, refused={"x:0": "the chip was never fitted"})
    found = play(circuit(step("x", 0, duration_s=1e-8), step("measure", 0)), noise)

    assert found.probabilities is None
    assert found.problem == ("it plays x:0, which has no noise model: the chip was never fitted")


def test_a_gate_without_a_meaning_leaves_no_number() -> None:
    """Not even the ideal outcomes are known of a gate that nobody knows."""
    found = play(circuit(step("mine", 0, duration_s=1e-8), step("measure", 0)), None)

    assert found.probabilities is None
    assert "no ideal gate is known for the name mine" in found.problem


def test_a_qubit_that_the_chip_lacks_leaves_no_number() -> None:
    """Nobody knows how it would wait."""
    played = circuit(step("z", 1), step("measure", 1))

    assert why_not_played(played, ideal_noise(0)) == "the chip knows no qubit 1"


def test_maps_that_lose_population_leave_no_number() -> None:
    """Probabilities that do not add up are none."""
    noise = replace(ideal_noise(0), maps={"x:0": 0.9 * unitary_map(NOMINAL["x"])})
    found = play(circuit(step("x", 0, duration_s=1e-8), step("measure", 0)), noise)

    assert found.probabilities is None
    assert "do not add up" in found.problem


def test_simulations_that_are_not_trusted_make_no_noise_model() -> None:
    """A channel that may be wrong, or has no map at load, is refused with a reason."""
    measurement, _ = small.old(0)
    channels = dict(measurement.channels)
    channels["x:0"] = replace(channels["x:0"], error_estimate=math.inf)
    channels["sx:0"] = replace(channels["sx:0"], at_load=None)
    noise = noise_from(replace(measurement, channels=channels), at_load=True)

    assert set(noise.maps) == {"id:0"}
    assert noise.refused == {
        "x:0": "its simulation is not to be trusted",
        "sx:0": "it was not simulated at load",
    }


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([step("x", 0)], "must measure at least one qubit, but measures none"),
        ([step("measure", 0), step("x", 0)], "do nothing after measuring, but qubit 0 does x"),
        ([step("measure", 0), step("measure", 1)], "every classical bit once"),
        ([step("x", 0), step("reset", 0), step("measure", 0)], "must not reset a qubit"),
        ([step("x", q) for q in range(MAX_QUBITS + 1)], "at most 7 qubits of the device"),
        ([step("x", 0)] * (MAX_STEPS + 1), "at most 10000 native gates"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_no_canary_is_refused(steps: list[NativeStep], why: str) -> None:
    """With the circuit's name and what is wrong."""
    ends = [step("measure", 99)] if len(steps) > 3 else []
    with pytest.raises(InputError, match=f"^circuit c: .*{why}"):
        check_circuit(circuit(*steps, *ends))


def test_a_reset_at_the_start_changes_nothing() -> None:
    """OpenQASM 3 circuits often begin with one."""
    played = circuit(step("reset", 0), step("x", 0), step("measure", 0))
    check_circuit(played)

    np.testing.assert_allclose(chances(played, None), [0, 1])


# Figures of merit


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4), st.permutations(range(4)))
def test_the_fidelity_is_that_of_qiskit(numbers: list[int], order: list[int]) -> None:
    """For any two distributions of counts."""
    one = np.array([number + 1 for number in numbers])
    other = one[order]
    wanted = qiskit_fidelity(dict(enumerate(one.tolist())), dict(enumerate(other.tolist())))

    assert hellinger_fidelity(one / one.sum(), other / other.sum()) == pytest.approx(wanted)


def test_fidelities_of_equal_and_of_disjoint_outcomes() -> None:
    """One and zero."""
    assert hellinger_fidelity([0.3, 0.7], [0.3, 0.7]) == pytest.approx(1)
    assert hellinger_fidelity([1.0, 0.0], [0.0, 1.0]) == 0


def test_success_is_the_weight_of_what_should_come() -> None:
    """Of a GHZ state both ends count; where anything may come there is no success."""
    found = np.array([0.4, 0.1, 0.2, 0.3])

    assert success_probability(found, np.array([0.5, 0, 0, 0.5])) == pytest.approx(0.7)
    assert success_probability(found, np.full(4, 0.25)) is None
