"""Documents as YAML that people read: one pulse a line, block style above it."""

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

_LINE = 88
_LEADING_KEYS = ("channel", "t0", "duration", "envelope")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+@-]*( [A-Za-z0-9_./+@-]+)*")
_SPECIAL = re.compile(r'["\\]|[^ -~\u00a1-\u2027\u2030-\ud7ff]')
_LAST_OF_PLANE = 0xFFFF
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def dump(document: BaseModel) -> str:
    """The document as YAML, without the values that are defaults anyway."""
    value = document.model_dump(mode="json", exclude_defaults=True)
    return "".join(f"{line}\n" for line in _mapping_lines(value, 0))


def _mapping_lines(mapping: dict[str, Any], indent: int) -> Iterator[str]:
    for key, value in mapping.items():
        head = f"{' ' * indent}{_string(key)}:"
        if _goes_in_line(value, indent):
            yield f"{head} {_flow(value)}"
        elif isinstance(value, dict):
            yield head
            yield from _mapping_lines(value, indent + 2)
        else:
            yield head
            yield from _sequence_lines(value, indent + 2)


def _sequence_lines(sequence: list[Any], indent: int) -> Iterator[str]:
    for item in sequence:
        if not isinstance(item, dict) or _is_shallow(item):
            yield f"{' ' * indent}- {_flow(item)}"
            continue
        first, *rest = _mapping_lines(item, indent + 2)
        yield f"{' ' * indent}- {first.lstrip()}"
        yield from rest


def _goes_in_line(value: Any, indent: int) -> bool:
    """Whether ``value`` stands behind its key: scalars, numbers' lists, small mappings."""
    if not isinstance(value, dict | list) or not value:
        return True
    if isinstance(value, list):
        return not any(isinstance(item, dict) or len(str(item)) > _LINE for item in value)
    return indent > 0 and _is_shallow(value) and len(_flow(value)) <= _LINE


def _is_shallow(mapping: dict[str, Any]) -> bool:
    """Whether the mapping holds no mapping, directly or in a list."""
    return not any(
        isinstance(value, dict)
        or (isinstance(value, list) and any(isinstance(item, dict) for item in value))
        for value in mapping.values()
    )


def _flow(value: Any) -> str:
    match value:
        case dict():
            pairs = (f"{_string(key)}: {_flow(value[key])}" for key in _ordered(value))
            return f"{{{', '.join(pairs)}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str():
            return _string(value)
        case float():
            return _float(value)
        case _:
            return json.dumps(value)


def _ordered(mapping: dict[str, Any]) -> list[str]:
    """The keys, of a pulse with its channel, time and envelope first."""
    if "channel" not in mapping:
        return list(mapping)
    leading = [key for key in _LEADING_KEYS if key in mapping]
    return leading + [key for key in mapping if key not in _LEADING_KEYS]


def _string(text: str) -> str:
    """``text`` bare where every YAML version reads a string, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    escaped = _SPECIAL.sub(_escape, text)
    return f'"{escaped}"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    return f"\\U{code:08x}" if code > _LAST_OF_PLANE else f"\\u{code:04x}"


def _float(value: float) -> str:
    """The shortest text that reads back, as YAML 1.1 readers understand it too."""
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else text
