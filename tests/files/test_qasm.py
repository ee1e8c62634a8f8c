"""Circuits in OpenQASM, counted in the gates of a real profile."""

import re
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtregress.errors import InputError
from qtregress.files.qasm import MAX_WORKLOAD_GATES, circuit_counts, workload_counts
from qtregress.files.qasm_text import MAX_GATES, plain_qasm
from qtregress.pulses.profile import Profile
from qtregress.thermal.use import CircuitCounts
from qtregress.thermal.workload import Circuit, Workload
from tests import small

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from qiskit import QuantumCircuit, qasm2, qasm3

LIMA = small.lima().profile
TWO = 'OPENQASM 2.0; include "qelib1.inc"; '
THREE = 'OPENQASM 3.0; include "stdgates.inc"; '


def counts(text: str, profile: Profile = LIMA) -> CircuitCounts:
    """The circuit's counts on ibm_lima."""
    return circuit_counts(Circuit(name="c", qasm=text, repetition_rate_hz=1.0), profile)


def refusal(text: str, profile: Profile = LIMA) -> str:
    """Why the circuit is refused."""
    with pytest.raises(InputError, match=r"^circuit c: ") as caught:
        counts(text, profile)
    return str(caught.value)


def samples(gate: str) -> int:
    """Length of a gate of ibm_lima."""
    return LIMA.by_id[gate].duration


@pytest.mark.parametrize(
    ("body", "gates"),
    [
        ("x q[0]; sx q[0]; rz(0.1) q[0]; cx q[0],q[1];", {"x:0": 1, "sx:0": 1, "cx:0-1": 1}),
        ("h q[0];", {"sx:0": 1}),
        ("x q[0]; x q[0]; id q[0];", {"x:0": 2, "id:0": 1}),
        ("x q;", {f"x:{q}": 1 for q in range(5)}),
        ("swap q[0],q[1];", {"cx:0-1": 2, "cx:1-0": 1}),
        ("measure q[3] -> c[0];", {"measure:3": 1}),
        ("barrier q; z q[0]; t q[1];", {}),
        ("gate twice a { x a; x a; } twice q[2];", {"x:2": 2}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_circuits_are_counted_in_the_profiles_gates(body: str, gates: dict[str, int]) -> None:
    """Native gates stay as written, others are translated, phases are free."""
    assert counts(f"{TWO} qreg q[5]; creg c[5]; {body}").gates == gates


def test_both_dialects_count_alike() -> None:
    """What Qiskit writes of a circuit in OpenQASM 2 and in 3 has the same gates and length."""
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.rzz(0.3, 0, 1)
    circuit.ecr(1, 2)
    circuit.ccx(0, 1, 2)
    circuit.barrier()
    circuit.delay(100, 0)
    circuit.reset(1)
    circuit.measure(range(3), range(3))
    two, three = counts(qasm2.dumps(circuit)), counts(qasm3.dumps(circuit))

    assert two.gates == three.gates
    assert (two.length_s, two.depth) == (three.length_s, three.depth)
    assert two.gates["measure:0"] == 1


@pytest.mark.parametrize(
    ("three", "two"),
    [
        ("qubit[2] q; bit[2] c; c = measure q;", "qreg q[2]; creg c[2]; measure q -> c;"),
        ("qubit q; bit c; x q; c = measure q;", "qreg q[1]; creg c[1]; x q; measure q -> c;"),
        ("qubit[2] q; bit c = measure q[1];", "qreg q[2]; creg c[1]; measure q[1] -> c[0];"),
        (
            "qubit[2] q; measure q; measure q[0];",
            "qreg q[2]; creg c[2]; measure q->c; measure q[0]->c[0];",
        ),
        ("qubit[2] Q; qubit _r; x Q; x _r;", "qreg q[3]; x q;"),
        ("qubit[2] ψ; rx(π) ψ; phase(τ/4) ψ[0];", "qreg q[2]; rx(pi) q; p(pi/2) q[0];"),
        ("qubit[2] q; cphase(2**-1) q[0], q[1];", "qreg q[2]; cp(0.5) q[0],q[1];"),
        (
            "qubit[2] q; gphase(1.0); reset q; barrier; /* x q; */ x q; // x q",
            "qreg q[2]; reset q; x q;",
        ),
        ("gate g(_t) _a { rx(_t) _a; } qubit q; g(1.0) q;", "qreg q[1]; rx(1.0) q[0];"),
    ],
    ids=lambda text: text[:40],
)
def test_openqasm_3_means_what_it_says_in_2(three: str, two: str) -> None:
    """Registers, single bits, other scripts, powers and comments count as in OpenQASM 2."""
    found = counts(THREE + three).gates

    assert found == counts(TWO + two).gates
    assert found


def test_a_repetition_lasts_as_long_as_its_longest_chain() -> None:
    """Gates start as soon as their qubits are free; a barrier makes everybody wait."""
    dt_s = LIMA.dt_ns * 1e-9
    free = counts(TWO + "qreg q[3]; x q[0]; x q[0]; cx q[1],q[2]; x q[0];")
    held = counts(TWO + "qreg q[3]; x q[0]; x q[0]; barrier q; cx q[1],q[2]; x q[0];")

    assert free.length_s == pytest.approx(dt_s * samples("cx:1-2"))
    assert held.length_s == pytest.approx(dt_s * (2 * samples("x:0") + samples("cx:1-2")))
    assert (free.depth, held.depth) == (3, 3)


@pytest.mark.parametrize("unit", ["1000dt", "222.2222222222222ns", "0.2222222222222222us"])
def test_delays_take_time_and_no_heat(unit: str) -> None:
    """A thousand samples of rest are that long in any unit, and are no gate."""
    found = counts(f"{THREE} qubit[2] q; delay[{unit}] q[0]; x q[0];")

    assert found.gates == {"x:0": 1}
    assert found.length_s == pytest.approx((1000 + samples("x:0")) * LIMA.dt_ns * 1e-9)


def test_distant_pairs_are_brought_together_always_in_the_same_way() -> None:
    """Two runs route a circuit over the same swaps, on pairs that the profile has."""
    text = TWO + "qreg q[5]; " + "cx q[0],q[4]; cx q[2],q[3]; " * 5
    found = counts(text)

    assert found.gates == counts(text).gates
    assert set(found.gates) <= set(LIMA.by_id)
    assert sum(found.gates.values()) > 10


def test_without_pulses_measuring_is_counted_but_takes_no_time() -> None:
    """A profile without measure keeps the count, so that its missing heat can be reported."""
    gates = tuple(gate for gate in LIMA.gates if gate.name != "measure")
    found = counts(
        TWO + "qreg q[1]; creg c[1]; x q[0]; measure q -> c;",
        LIMA.model_copy(update={"gates": gates}),
    )

    assert found.gates == {"x:0": 1, "measure:0": 1}
    assert found.duration_s["measure:0"] == 0
    assert found.length_s == pytest.approx(samples("x:0") * LIMA.dt_ns * 1e-9)


def test_gates_of_the_profiles_own_are_played_as_they_are() -> None:
    """A definition is not spelt out where the profile has a gate of that name."""
    own = LIMA.by_id["x:0"].model_copy(update={"name": "x90"})
    profile = LIMA.model_copy(update={"gates": (*LIMA.gates, own)})

    text = TWO + "gate x90 a { sx a; } qreg q[1]; x90 q[0]; sx q[0];"
    assert counts(text, profile).gates == {"x90:0": 1, "sx:0": 1}


def test_every_circuit_of_a_workload_is_counted_under_its_name() -> None:
    """The answer is what `uses` asks for."""
    circuits = [
        Circuit(name=name, qasm=f"{TWO} qreg q[1]; {name} q[0];", repetition_rate_hz=1.0)
        for name in ("x", "sx")
    ]
    workload = Workload(format="qtregress/workload@1", circuits=tuple(circuits))

    assert {k: v.gates for k, v in workload_counts(workload, LIMA).items()} == {
        "x": {"x:0": 1},
        "sx": {"sx:0": 1},
    }


@pytest.mark.parametrize("dialect", ["2.0", "3.0"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("how", ["{}", "../{}", "./{}", "//{}"])
def test_no_circuit_reads_a_file(tmp_path: Path, dialect: str, quote: str, how: str) -> None:
    """Whatever a circuit includes, nothing of that file reaches the message."""
    secret = tmp_path / "secret.inc"
    secret.write_text("gate token123 a { }")
    path = how.format(secret)
    why = refusal(f"OPENQASM {dialect}; include {quote}{path}{quote}; qreg q[1]; token123 q[0];")

    assert "must include no file but" in why
    assert "token123" not in why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" ", "must start with OPENQASM"),
        ("qreg q[1];", "line 1: the circuit must start with OPENQASM 2.0; or OPENQASM 3.0;"),
        ("OPENQASM 4.0; qubit q;", "must start with OPENQASM"),
        (TWO + "qreg q[1];\nx q[0]", "line 2: the last statement must end in a semicolon"),
        (TWO + "qreg q[6];", "at most 5 qubits, but declares 6"),
        (TWO + "qreg q[999999999];", "at most 5 qubits"),
        (TWO + "qreg q[99999999999999];", "must consist of"),
        (TWO + "qreg q[5]; creg c[10001];", "at most 10000 classical bits"),
        (TWO + "qreg q[2];\n x q[7];", "line 2: must be OpenQASM, but index 7 is out-of-range"),
        (TWO + "qreg q[2]; nothing q[0];", "'nothing' is not defined"),
        (TWO + "qreg q[1]; creg c[1]; if(c==1) x q[0];", "without classical control, but has: if"),
        (TWO + "opaque mine a; qreg q[1]; mine q[0];", "but has: opaque mine a"),
        (TWO + "qreg q[1]; gate a x { gate b y { } }", "but has: gate b y"),
        (TWO + "qreg q[1]; }", "must consist of"),
        (TWO + "qreg q[1]; rx(9^9^9^9) q[0];", "must be playable with the gates of"),
        (TWO + "qreg q[1]; rx(1/0) q[0];", "line 1: must be OpenQASM, but"),
        (TWO + f"qreg q[1]; rx({'(' * 300}1{')' * 300}) q[0];", "signs of arithmetic"),
        (TWO + f"qreg q[1]; rx({'-' * 100_000}1) q[0];", "signs of arithmetic"),
        (TWO + "qreg q[1]; x q[0]; \x07", "but has the character \\x07"),
        (TWO + "qreg q[5]; " + "x q; " * (MAX_GATES // 5 + 1), f"at most {MAX_GATES} gates"),
        (
            THREE + "qubit q;\nbit c = measure q;\nif (c) { x q; }",
            "line 3: the circuit must consist",
        ),
        (THREE + "qubit[2] q; ctrl @ x q[0], q[1];", "but has: ctrl @ x"),
        (THREE + "qubit q; for int i in [0:3] { x q; }", "but has: for int i"),
        (THREE + "qubit[2] q; x q[0:1];", "but has: x q [ 0 : 1 ]"),
        (THREE + "input float a; qubit q; rx(a) q;", "but has: input float a"),
        (THREE + "qubit q = measure q;", "but has: qubit q"),
        (THREE + "qubit q; delay[1e300s] q;", "must not rest for that long"),
        (THREE + "qubit q; delay[1e999s] q;", "must not rest for that long"),
        (THREE + "qubit q; delay[1.2.3s] q;", "but has: delay"),
        (TWO + "qreg q[1];\ndelay(-5) q[0];", "line 2: the circuit must not rest for less than no"),
        (THREE + "qubit q; delay(-5) q;", "must not rest for less than no time, but for -5"),
        (TWO + "qreg q[1]; delay(3-5) q[0];", "must be OpenQASM, but is not: Duration for Delay"),
        (TWO + "qreg q[1]; delay(1e300) q[0];", "must not rest for that long"),
        (TWO + "qreg q[1]; delay(1e400) q[0];", "must not rest for that long"),
        (TWO + "qreg q[1]; delay(2^60) q[0];", "must not rest for that long"),
        (TWO + "gate g(t) a { delay(t) a; } qreg q[1]; g(1e300) q[0];", "must not rest for that"),
        (TWO + "gate g(t) a { delay(t) a; } qreg q[1]; g(-5) q[0];", "must be playable"),
        (TWO + "qreg q[1]; delay(sqrt(-1)) q[0];", "cannot take sqrt of negative"),
    ],
    ids=lambda text: text[-40:],
)
def test_what_is_no_plain_circuit_is_refused(text: str, why: str) -> None:
    """Each refusal names the circuit, the line where there is one, and what is wrong."""
    assert why in refusal(text)


def test_definitions_that_grow_without_bounds_are_refused() -> None:
    """Thirty doublings of an x are a billion gates; a hundred levels would exhaust the stack."""
    doubled = "".join(f"gate g{n + 1} a {{ g{n} a; g{n} a; }} " for n in range(29))
    nested = "".join(f"gate g{n + 1} a {{ g{n} a; }} " for n in range(100))
    base = TWO + "qreg q[1]; gate g0 a { x a; } "

    assert f"at most {MAX_GATES} gates" in refusal(f"{base}{doubled}g29 q[0];")
    assert "must nest at most" in refusal(f"{base}{nested}g100 q[0];")


@pytest.mark.parametrize("inner", ["x a;", "barrier a;", ""])
def test_uses_of_definitions_count(inner: str) -> None:
    """Spelling out sixteen doublings takes far longer than their gates, even of nothing at all."""
    doubled = "".join(f"gate g{n + 1} a {{ g{n} a; g{n} a; }} " for n in range(16))
    base = f"{TWO} qreg q[1]; gate g0 a {{ {inner} }} {doubled}"

    assert f"at most {MAX_GATES} gates, uses of definitions included" in refusal(f"{base}g16 q[0];")
    assert plain_qasm(f"{base}g3 q[0];", qubits=1, dt_s=1e-9).gates == 15 + 8 * bool(inner)


def test_all_circuits_of_a_workload_together_are_bounded() -> None:
    """A hundred circuits, each within its bound, are refused before any of them is translated."""
    text = f"{TWO} qreg q[5]; " + "x q; " * (MAX_GATES // 5)
    circuits = [Circuit(name=f"c{k}", qasm=text, repetition_rate_hz=1.0) for k in range(100)]
    workload = Workload(format="qtregress/workload@1", circuits=tuple(circuits))
    with pytest.raises(InputError, match=f"at most {MAX_WORKLOAD_GATES} gates together") as caught:
        workload_counts(workload, LIMA)

    assert "up to c5 they play 120000" in str(caught.value)


def test_a_gate_that_the_profile_cannot_make_is_refused() -> None:
    """Without a pair of qubits that interact there is no cx."""
    gates = tuple(gate for gate in LIMA.gates if len(gate.qubits) == 1)
    why = refusal(TWO + "qreg q[2]; cx q[0],q[1];", LIMA.model_copy(update={"gates": gates}))

    assert "must be playable with the gates of" in why


WORDS = """
OPENQASM 2.0 3.0 include stdgates.inc qreg creg qubit bit gate measure reset barrier delay x cx rz
u3 U q c a q[0] q[1] q[9] [ ] ( ) { } , ; -> = == @ pi 0.5 1e400 - if opaque // /* ψ 100ns
"qelib1.inc" "/etc/hostname"
"""
PIECES = [*WORDS.split(), "\n"]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([TWO + "qreg q[2]; creg c[2]; ", THREE + "qubit[2] q; bit[2] c; ", ""]),
    st.lists(st.sampled_from(PIECES), max_size=25),
)
def test_any_text_is_counted_or_refused(head: str, pieces: list[str]) -> None:
    """No text crashes the reader."""
    text = (head + " ".join(pieces)) or " "
    try:
        found = counts(text)
    except InputError as problem:
        assert str(problem).startswith("circuit c: ")  # noqa: PT017  # either outcome is fine
    else:
        assert set(found.gates) <= {*LIMA.by_id, *(f"reset:{q}" for q in range(5))}


@settings(max_examples=200)
@given(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=25))
def test_what_is_passed_on_names_no_file(noise: str, pieces: list[str]) -> None:
    """The rewritten text has no quoted name but that of the built-in header."""
    for head in (TWO, THREE):
        try:
            plain = plain_qasm(f"{head}{' '.join(pieces)} {noise}", qubits=5, dt_s=1e-9)
        except InputError:
            continue
        left = plain.text.replace('include "qelib1.inc";', "")
        assert not re.search(r"include|[\"']", left)
