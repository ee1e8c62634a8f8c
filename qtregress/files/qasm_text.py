"""OpenQASM text made safe and plain: one dialect, no files, bounded sizes.

The parser behind this reads any file that an ``include`` names, allocates registers of any
size and overflows its stack on deep nesting. So every statement is looked at here first, and
what is passed on is written anew: OpenQASM 2, where line numbers are those of the original.

Of OpenQASM 3, circuits are understood: registers, gates and their definitions, measurement,
reset, barrier and delay. Everything classical is refused.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from qtregress.errors import InputError
from qtregress.printable import printable

MAX_GATES = 20_000
"""With all definitions and registers spelt out; a gate of n > 2 qubits counts 4^(n-2).

Every use of a definition counts as one more: spelling it out takes longer than a gate.
"""
MAX_BITS = 10_000
MAX_SIGNS = 400
"""Of arithmetic, brackets included, in one statement."""
LONGEST_DELAY = 2**53
"""In units of dt."""
MAX_NESTING = 32
"""Definitions that use definitions."""

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r\n]+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"[^"\n]*"|'[^'\n]*')
    |(?P<number>(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>->|==|\*\*|[-+*/^()\[\]{},;=@:<>!&|%~\#])""",
    re.VERBOSE | re.DOTALL,
)
_OPERAND = r"\w+(?: \[ [0-9]{1,9} \])?"
_CALL = re.compile(rf"(\w+)(?: \( .* \)| \( \))? ({_OPERAND}(?: , {_OPERAND})*)")
_MEASURE = re.compile(rf"measure ({_OPERAND})(?: -> ({_OPERAND}))?")
_ASSIGNED = re.compile(rf"({_OPERAND}) = measure ({_OPERAND})")
_OPAQUE_DELAY = re.compile(r"opaque delay \( \w+ \) \w+")
_REGISTER = re.compile(r"([qc])reg (\w+) \[ ([0-9]{1,9}) \]")
_TYPED = re.compile(rf"(qubit|bit)(?: \[ ([0-9]{{1,9}}) \])? (\w+)(?: = measure ({_OPERAND}))?")
_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_DELAY = re.compile(
    rf"delay \[ ({_NUMBER}) (dt|ns|us|µs|μs|ms|s) \] ({_OPERAND}(?: , {_OPERAND})*)"
)
_SIGNED = re.compile(rf"delay \( ((?:[-+] )*)({_NUMBER}) \)")
_PLAIN_NAME = re.compile(r"[a-z][A-Za-z0-9_]*|U|CX")

_UNITS_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_TRANSLATED = {
    "phase": "p",
    "cphase": "cp",
    "log": "ln",
    "π": "pi",
    "tau": "(2*pi)",
    "τ": "(2*pi)",
    "euler": "2.718281828459045",
    "ℇ": "2.718281828459045",
    "**": "^",
}
_INCLUDES = {"2": "qelib1.inc", "3": "stdgates.inc"}
_HEADER = re.compile(r"OPENQASM (?:(2)\.0|(3)(?:\.[0-9])?)")
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class _Statement:
    """Words up to ``end``, which is ``;``, ``{`` or ``}``; ``text`` has a space between them."""

    words: tuple[str, ...]
    end: str
    line: int

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def first(self) -> str:
        return self.words[0] if self.words else ""


@dataclass(slots=True)
class _Scope:
    """What the statements so far have declared.

    Attributes:
        dialect: ``2`` or ``3``.
        dt_s: the unit of delays.
        qubits: sizes of quantum registers by name.
        bits: sizes of classical registers by name.
        single: names of qubits and bits that are no registers.
        weights: how many gates a defined gate counts for, and how deep its definition nests.
        defining: the gate whose body is being read, or an empty string.
        gates: played so far.
    """

    dialect: str
    dt_s: float
    qubits: dict[str, int] = field(default_factory=dict)
    bits: dict[str, int] = field(default_factory=dict)
    single: set[str] = field(default_factory=set)
    weights: dict[str, tuple[int, int]] = field(default_factory=dict)
    defining: str = ""
    gates: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainQasm:
    """A circuit that is safe to read.

    Attributes:
        text: OpenQASM 2 that names no file but the built-in ``qelib1.inc``.
        gates: how many it plays, counted as `MAX_GATES` is.
    """

    text: str
    gates: int


def plain_qasm(text: str, *, qubits: int, dt_s: float) -> PlainQasm:
    """The circuit as plain OpenQASM 2.

    Args:
        text: OpenQASM 2 or 3.
        qubits: how many it may declare.
        dt_s: the unit in which the answer states delays.

    Raises:
        InputError: it is no circuit in OpenQASM, needs files or classical control, or is too
            large; the sentence starts with the line.
    """
    statements = list(_statements(text))
    scope = _Scope(dialect=_dialect(statements), dt_s=dt_s)
    lines: dict[int, list[str]] = {}
    for statement in statements[1:]:
        _check_signs(statement)
        lines.setdefault(statement.line, []).append(_rewritten(statement, scope))
        _check_size(statement, scope, qubits)
    body = (" ".join(lines.get(number, [])) for number in range(1, max(lines, default=0) + 1))
    return PlainQasm(text="OPENQASM 2.0; " + "\n".join(body) + "\n", gates=scope.gates)


def _statements(text: str) -> Iterator[_Statement]:
    words: list[str] = []
    starts = 1
    for word, line in _words(text):
        starts = starts if words else line
        if word in {";", "{", "}"}:
            yield _Statement(words=tuple(words), end=word, line=starts)
            words = []
        else:
            words.append(word)
    if words:
        raise InputError(f"line {starts}: the last statement must end in a semicolon.")


def _words(text: str) -> Iterator[tuple[str, int]]:
    """Every word, number, string or sign, and its line."""
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            shown = printable(text[position])
            raise InputError(f"line {line}: must be OpenQASM, but has the character {shown} in it.")
        if match.lastgroup != "skip":
            yield match.group(), line
        line += match.group().count("\n")
        position = match.end()


def _dialect(statements: Sequence[_Statement]) -> str:
    first = statements[0] if statements else _Statement(words=(), end="", line=1)
    match = _HEADER.fullmatch(first.text)
    if match is None or first.end != ";":
        raise _wrong(first, "must start with OPENQASM 2.0; or OPENQASM 3.0; but does not")
    return match.group(1) or match.group(2)


def _check_signs(statement: _Statement) -> None:
    signs = sum(word in {"(", ")", "-", "+", "*", "/", "^", "**"} for word in statement.words)
    if signs > MAX_SIGNS:
        what = f"must have at most {MAX_SIGNS} signs of arithmetic in a statement, but has {signs}"
        raise _wrong(statement, what)


def _check_size(statement: _Statement, scope: _Scope, qubits: int) -> None:
    declared = sum(scope.qubits.values())
    if declared > qubits:
        raise _wrong(statement, f"must have at most {qubits} qubits, but declares {declared}")
    if sum(scope.bits.values()) > MAX_BITS:
        raise _wrong(statement, f"must have at most {MAX_BITS} classical bits, but has more")
    if scope.gates > MAX_GATES:
        what = f"must play at most {MAX_GATES} gates, uses of definitions included, but plays more"
        raise _wrong(statement, what)


def _wrong(statement: _Statement, what: str) -> InputError:
    return InputError(f"line {statement.line}: the circuit {what}.")


def _unsupported(statement: _Statement) -> InputError:
    text = printable(statement.text) or statement.end
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return _wrong(
        statement,
        "must consist of registers, gates, measure, reset, barrier and delay, "
        f"without classical control, but has: {shown}",
    )


def _rewritten(statement: _Statement, scope: _Scope) -> str:
    """The statement in OpenQASM 2; what it declares or plays is added to the scope."""
    if statement.first == "include":
        return _include(statement, scope)
    match statement.end:
        case "{":
            return _definition(statement, scope)
        case "}":
            return _end_of_definition(statement, scope)
        case _:
            return _simple(statement, scope)


def _simple(statement: _Statement, scope: _Scope) -> str:
    """A statement that ends in a semicolon."""
    if statement.first == "gphase" and scope.dialect == "3":
        return ""
    if scope.defining:
        return _in_definition(statement, scope)
    if match := _REGISTER.fullmatch(statement.text):
        sizes = scope.qubits if match.group(1) == "q" else scope.bits
        return _declared(match.group(2), match.group(3), sizes, scope)
    if scope.dialect == "3":
        return _of_dialect_3(statement, scope)
    # Qiskit writes this before it uses delay; its reader knows delay, and confuses definitions
    # that follow anything opaque.
    known = _OPAQUE_DELAY.fullmatch(statement.text)
    return "" if known else _played(statement, scope)


def _include(statement: _Statement, scope: _Scope) -> str:
    allowed = _INCLUDES[scope.dialect]
    names_it = statement.words[1:] in {(f'"{allowed}"',), (f"'{allowed}'",)}
    if not names_it or statement.end != ";" or scope.defining:
        raise _wrong(statement, f'must include no file but "{allowed}"')
    return 'include "qelib1.inc";'


def _definition(statement: _Statement, scope: _Scope) -> str:
    """The head of ``gate name(parameters) qubits {``."""
    match = _CALL.fullmatch(" ".join(statement.words[1:]))
    if statement.first != "gate" or match is None or scope.defining:
        raise _unsupported(statement)
    scope.defining = match.group(1)
    scope.weights[scope.defining] = (1, 1)
    return f"gate {_translated(statement.words[1:], scope)} {{"


def _end_of_definition(statement: _Statement, scope: _Scope) -> str:
    if statement.words or not scope.defining:
        raise _unsupported(statement)
    scope.defining = ""
    return "}"


def _in_definition(statement: _Statement, scope: _Scope) -> str:
    """A gate or barrier in the body of a definition, whose weight it adds to."""
    match = _CALL.fullmatch(statement.text)
    if match is None:
        raise _unsupported(statement)
    gates, nesting = _weight(match.group(1), match.group(2), scope)
    own, deepest = scope.weights[scope.defining]
    scope.weights[scope.defining] = (min(own + gates, MAX_GATES + 1), max(deepest, nesting + 1))
    if nesting >= MAX_NESTING:
        raise _wrong(statement, f"must nest at most {MAX_NESTING} definitions, but nests more")
    return f"{_translated(statement.words, scope)};"


def _weight(name: str, operands: str, scope: _Scope) -> tuple[int, int]:
    """How many gates a call counts for, and how deep its definition nests."""
    if name in scope.weights:
        return scope.weights[name]
    count = operands.count(",") + 1
    return (count if name == "barrier" else 4 ** min(10, max(0, count - 2))), 0


def _of_dialect_3(statement: _Statement, scope: _Scope) -> str:
    text = statement.text
    if match := _TYPED.fullmatch(text):
        return _typed(statement, scope, match)
    if match := _ASSIGNED.fullmatch(text):
        return _played(_measure(statement, match.group(2), match.group(1)), scope)
    if match := _DELAY.fullmatch(text):
        return _delay(statement, scope, match)
    if text == "barrier":
        every = " , ".join(scope.qubits)
        whole = _Statement(words=("barrier", *every.split()), end=";", line=statement.line)
        return _played(whole, scope) if every else ""
    match = _MEASURE.fullmatch(text)
    if match and match.group(2) is None:
        return _unread(statement, match.group(1), scope)
    return _played(statement, scope)


def _typed(statement: _Statement, scope: _Scope, match: re.Match[str]) -> str:
    """``qubit[2] q`` and ``bit[2] c``, which may be measured into at once."""
    kind, size, name, measured = match.groups()
    if size is None:
        scope.single.add(name)
    sizes = scope.qubits if kind == "qubit" else scope.bits
    declared = _declared(name, size or "1", sizes, scope)
    if measured is None:
        return declared
    if kind == "qubit":
        raise _unsupported(statement)
    return f"{declared} {_played(_measure(statement, measured, name), scope)}"


def _declared(name: str, size: str, sizes: dict[str, int], scope: _Scope) -> str:
    sizes[name] = int(size)
    kind = "qreg" if sizes is scope.qubits else "creg"
    return f"{kind} {_name(name) if scope.dialect == '3' else name}[{size}];"


def _measure(statement: _Statement, qubit: str, bit: str) -> _Statement:
    words = ("measure", *qubit.split(), "->", *bit.split())
    return _Statement(words=words, end=";", line=statement.line)


def _unread(statement: _Statement, qubit: str, scope: _Scope) -> str:
    """A measurement whose outcome goes nowhere: into a register that is as large."""
    size = 1 if qubit in scope.single else scope.qubits.get(qubit, 1)
    name, declared = f"unread{size}", ""
    if name not in scope.bits:
        declared = _declared(name, str(size), scope.bits, scope)
    bit = name if qubit in scope.qubits and qubit not in scope.single else f"{name} [ 0 ]"
    return f"{declared} {_played(_measure(statement, qubit, bit), scope)}"


def _delay(statement: _Statement, scope: _Scope, match: re.Match[str]) -> str:
    time, unit, operands = match.groups()
    units = float(time) * (1.0 if unit == "dt" else _UNITS_S[unit] / scope.dt_s)
    if not math.isfinite(units) or units > LONGEST_DELAY:
        raise _wrong(statement, "must not rest for that long")
    head = ("delay", "(", str(round(units)), ")")
    each = (
        _Statement(words=(*head, *operand.split()), end=";", line=statement.line)
        for operand in operands.split(" , ")
    )
    return " ".join(_played(one, scope) for one in each)


def _played(statement: _Statement, scope: _Scope) -> str:
    """A gate, measure, reset, barrier or delay: as often as its registers are large."""
    measure, call = _MEASURE.fullmatch(statement.text), _CALL.fullmatch(statement.text)
    if measure is None and (call is None or statement.first in {"if", "gate", "opaque"}):
        raise _unsupported(statement)
    _check_delay(statement)
    times = max((scope.qubits.get(word, 1) for word in _whole(statement)), default=1)
    gates = 1 if measure or call is None else _weight(call.group(1), call.group(2), scope)[0]
    scope.gates += times * max(1, gates)
    return f"{_translated(statement.words, scope)};"


def _check_delay(statement: _Statement) -> None:
    """Refuse to rest for less than no time, or for ever, where the time is a plain number."""
    match = _SIGNED.match(statement.text)
    if match is None:
        return
    signs, number = match.groups()
    units = float(number)
    if units and signs.count("-") % 2:
        raise _wrong(statement, f"must not rest for less than no time, but for -{number}")
    if units > LONGEST_DELAY:
        raise _wrong(statement, "must not rest for that long")


def _whole(statement: _Statement) -> Iterator[str]:
    """The words that no index follows: whole registers among them."""
    for word, following in zip(statement.words, (*statement.words[1:], ""), strict=True):
        if following != "[":
            yield word


def _translated(words: Sequence[str], scope: _Scope) -> str:
    """The words as OpenQASM 2 has them."""
    if scope.dialect != "3":
        return " ".join(words)
    found = [_name(word) for word in words]
    if not scope.defining:
        found = [
            f"{name}[0]" if word in scope.single else name
            for word, name in zip(words, found, strict=True)
        ]
    return " ".join(found)


def _name(word: str) -> str:
    """OpenQASM 3 allows capitals, underscores and other scripts at the start of a name."""
    if word in _TRANSLATED:
        return _TRANSLATED[word]
    if not word.isidentifier() or _PLAIN_NAME.fullmatch(word):
        return word
    return "v_" + "".join(c if c.isascii() else f"u{ord(c):x}" for c in word)
