"""The only door to OpenQASM: circuits in the gates of a profile, and counts of those."""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qtregress.errors import InputError
from qtregress.files.qasm_text import LONGEST_DELAY, PlainQasm, plain_qasm
from qtregress.printable import printable
from qtregress.pulses.profile import Profile
from qtregress.rb.canary import NativeCircuit, NativeStep
from qtregress.thermal.use import CircuitCounts
from qtregress.thermal.workload import MAX_QASM, Circuit, Workload
from qtregress.units import NANOSECOND_S

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target

MAX_WORKLOAD_GATES = 100_000
"""Of all circuits of a workload together, counted as `qtregress.files.qasm_text.MAX_GATES` is."""

_PLACE = re.compile(r"<input>:(\d+),\d+: (.*)", re.DOTALL)
_SEED = 1
_WITHOUT_PULSES = ("measure", "reset")
"""Allowed in circuits even where the profile has no pulses for them; they then take no time."""
_LONGEST_SHOWN = 300


def workload_counts(workload: Workload, profile: Profile) -> dict[str, CircuitCounts]:
    """What one repetition of every circuit of the workload plays, by the circuit's name.

    Raises:
        InputError: a circuit cannot be read, or not played with the profile's gates, or all of
            them together are too large.
    """
    plain: dict[str, PlainQasm] = {}
    for circuit in workload.circuits:
        with _named(circuit.name):
            plain[circuit.name] = _plain(circuit.qasm, profile)
        gates = sum(one.gates for one in plain.values())
        if gates > MAX_WORKLOAD_GATES:
            raise InputError(
                f"The workload's circuits must play at most {MAX_WORKLOAD_GATES} gates together, "
                f"uses of definitions included, but up to {circuit.name} they play {gates}."
            )
    return {name: _plain_counts(name, one, profile) for name, one in plain.items()}


def circuit_counts(circuit: Circuit, profile: Profile) -> CircuitCounts:
    """What one repetition of the circuit plays on the device of the profile.

    Qubit k of the circuit is qubit k of the device. Gates that the profile has are played as
    they stand; others are translated to its gates, and distant pairs are brought together by
    swaps, always in the same way. Virtual gates are free. ``measure`` and ``reset`` without
    pulses are counted but take no time.

    Raises:
        InputError: the text is no OpenQASM circuit, reads files, has classical control, is too
            large, or cannot be played with the profile's gates.
    """
    with _named(circuit.name):
        plain = _plain(circuit.qasm, profile)
    return _plain_counts(circuit.name, plain, profile)


def _plain_counts(name: str, plain: PlainQasm, profile: Profile) -> CircuitCounts:
    with _named(name):
        return _counted(_steps(_translated(plain, profile), profile), profile)


def native_circuit(name: str, qasm: str, profile: Profile) -> NativeCircuit:
    """The circuit step by step in the profile's own gates, translated as `circuit_counts` does.

    Args:
        name: what messages call it.
        qasm: OpenQASM 2 or 3 of at most `qtregress.thermal.workload.MAX_QASM` characters.
        profile: whose gates these are; qubit k of the circuit is qubit k of its device.

    Raises:
        InputError: as `circuit_counts`, or the text is too long.
    """
    with _named(name):
        steps = tuple(_steps(_translated(_plain(qasm, profile), profile), profile))
    return NativeCircuit(name=name, steps=steps)


@contextmanager
def _named(circuit: str) -> Iterator[None]:
    """Name the circuit in the sentence of what is wrong with it."""
    try:
        yield
    except InputError as problem:
        raise InputError(f"circuit {circuit}: {problem}") from problem


def _plain(qasm: str, profile: Profile) -> PlainQasm:
    """The circuit's text, made safe and bounded: nothing else may reach qiskit."""
    if len(qasm) > MAX_QASM:
        raise InputError(f"must have at most {MAX_QASM} characters, but has {len(qasm)}")
    return plain_qasm(qasm, qubits=_qubits(profile), dt_s=profile.dt_ns * NANOSECOND_S)


def _qubits(profile: Profile) -> int:
    """How many qubits the device has, as far as gates play on them."""
    return 1 + max(index for gate in profile.gates for index in gate.qubits)


def _translated(plain: PlainQasm, profile: Profile) -> "QuantumCircuit":
    """The circuit in the profile's gates, on the device's qubits."""
    with warnings.catch_warnings():
        # Deprecations inside qiskit 1.3.0, which is pinned.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        from qiskit.exceptions import QiskitError
        from qiskit.transpiler import generate_preset_pass_manager

        target = _target(profile)
        parsed = _parsed(plain.text)
        passes = generate_preset_pass_manager(
            optimization_level=0,  # merging gates would count others than were written
            target=target,
            initial_layout=list(range(parsed.num_qubits)),
            routing_method="sabre",
            seed_transpiler=_SEED,
        )
        try:
            return passes.run(parsed)
        except (QiskitError, ArithmeticError, TypeError, ValueError) as error:
            raise InputError(
                f"must be playable with the gates of {profile.firmware}, but is not: "
                f"{_shown(error)}"
            ) from error


def _parsed(text: str) -> "QuantumCircuit":
    """The circuit of text that `plain_qasm` made."""
    from dataclasses import replace

    from qiskit import qasm2
    from qiskit.exceptions import QiskitError

    known = [replace(one, builtin=True) for one in qasm2.LEGACY_CUSTOM_INSTRUCTIONS]
    try:
        return qasm2.loads(text, include_path=(), custom_instructions=known)
    except qasm2.QASM2Error as error:
        place = _PLACE.fullmatch(error.message)
        where, what = place.groups() if place else ("1", error.message)
        raise InputError(f"line {where}: must be OpenQASM, but {_shown(what)}") from error
    except (QiskitError, ArithmeticError, TypeError, ValueError) as error:  # such as delay(-(5))
        raise InputError(f"must be OpenQASM, but is not: {_shown(error)}") from error


def _shown(problem: object) -> str:
    """What it says, without the quotes that qiskit's errors put around their text."""
    text = printable(str(getattr(problem, "message", problem)))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _target(profile: Profile) -> "Target":
    """The profile's gates on its qubits, without durations."""
    from qiskit.circuit import Gate
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
    from qiskit.transpiler import Target

    standard = get_standard_gate_name_mapping()
    places: dict[tuple[str, int], list[tuple[int, ...]]] = {}
    for gate in profile.gates:
        places.setdefault((gate.name, len(gate.qubits)), []).append(gate.qubits)
    qubits = {index for gate in profile.gates for index in gate.qubits}
    target = Target(num_qubits=_qubits(profile))
    for (name, size), where in places.items():
        known = standard.get(name, Gate(name, size, []))
        if known.num_qubits == size and name not in (*_WITHOUT_PULSES, "delay"):
            target.add_instruction(known, dict.fromkeys(where))
    for name in (*_WITHOUT_PULSES, "delay"):
        target.add_instruction(standard[name], {(index,): None for index in sorted(qubits)})
    return target


@dataclass(slots=True)
class _Clock:
    """When each qubit is free again, and how many gates it has waited for."""

    free_s: dict[int, float] = field(default_factory=dict)
    depth: dict[int, int] = field(default_factory=dict)

    def play(self, qubits: Iterable[int], duration_s: float, gates: int) -> None:
        """Start on all these qubits as soon as the last of them is free."""
        together = list(qubits)
        end_s = max((self.free_s.get(q, 0.0) for q in together), default=0.0) + duration_s
        depth = max((self.depth.get(q, 0) for q in together), default=0) + gates
        for qubit in together:
            self.free_s[qubit], self.depth[qubit] = end_s, depth


def _steps(circuit: "QuantumCircuit", profile: Profile) -> Iterator[NativeStep]:
    """A translated circuit as plain values."""
    dt_s = profile.dt_ns * NANOSECOND_S
    table = profile.by_id
    places = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    bits = {bit: index for index, bit in enumerate(circuit.clbits)}
    for one in circuit.data:
        name, qubits = one.operation.name, tuple(places[qubit] for qubit in one.qubits)
        rests = name == "delay"
        if rests and not 0 <= one.operation.duration <= LONGEST_DELAY:
            raise InputError("must not rest for that long")  # as a definition's parameter says
        gate = table.get(f"{name}:{'-'.join(map(str, qubits))}")
        samples = float(one.operation.duration) if rests else gate.duration if gate else 0
        yield NativeStep(
            name=name,
            qubits=qubits,
            duration_s=samples * dt_s,
            angles=() if rests else tuple(float(angle) for angle in one.operation.params),
            bits=tuple(bits[bit] for bit in one.clbits),
        )


def _counted(steps: Iterable[NativeStep], profile: Profile) -> CircuitCounts:
    dt_s = profile.dt_ns * NANOSECOND_S
    table = profile.by_id
    clock = _Clock()
    counts: dict[str, int] = {}
    for step in steps:
        if step.name in {"barrier", "delay"}:
            clock.play(step.qubits, step.duration_s, 0)
        elif step.duration_s or step.id not in table:
            counts[step.id] = counts.get(step.id, 0) + 1
            clock.play(step.qubits, step.duration_s, 1)
    return CircuitCounts(
        gates=counts,
        duration_s={n: table[n].duration * dt_s if n in table else 0.0 for n in counts},
        length_s=max(clock.free_s.values(), default=0.0),
        depth=max(clock.depth.values(), default=0),
    )
