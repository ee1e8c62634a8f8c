"""Bytes of any document as text, refused early where they cannot be one."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from qtregress.errors import InputError
from qtregress.printable import printable

MAX_BYTES = 8 * 1024 * 1024

_QPY_MAGIC = b"QISKIT"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONFLICT = re.compile(r"^(<{7}|>{7}|\|{7})( |$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A document's text and the name it is reported under."""

    name: str
    text: str

    @property
    def is_json(self) -> bool:
        """Whether the name says JSON; everything else is YAML."""
        return self.name.lower().endswith(".json")


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column, both counted from 1."""

    line: int
    column: int


def read_text(path: Path) -> Text:
    """The file's text.

    Raises:
        InputError: the file is missing, no regular text, too large, QPY or in conflict.
    """
    return as_text(str(path), read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """The file's bytes, at most ``MAX_BYTES`` of them.

    Raises:
        InputError: the file is missing, no regular file, unreadable or too large.
    """
    name = printable(str(path))
    try:
        # opening a FIFO or a terminal would wait for somebody to write
        if path.is_dir():
            msg = f"{name}: must be a file, but is a folder"
            raise InputError(msg)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            kind = os.fstat(handle).st_mode
            if not stat.S_ISREG(kind):
                msg = f"{name}: must be a file, but is a device, pipe or socket"
                raise InputError(msg)
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        msg = f"{name}: does not exist"
        raise InputError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}"
        raise InputError(msg) from error
    if len(data) > MAX_BYTES:
        msg = f"{name}: must be at most {MAX_BYTES} bytes long, but is longer"
        raise InputError(msg)
    return data


def as_text(name: str, data: bytes) -> Text:
    """``data`` decoded, known as ``name`` in messages.

    Raises:
        InputError: ``data`` is QPY, empty, no UTF-8 text or holds merge-conflict markers.
    """
    if data.startswith(_QPY_MAGIC) or name.lower().endswith(".qpy"):
        msg = (
            f"{name}: is a QPY file, which is refused because loading QPY can run code "
            "hidden in it (known for qiskit 1.3.0); export the schedule as a profile document"
        )
        raise InputError(msg)
    name = printable(name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        msg = (
            f"{name}:{line}: must be UTF-8 text, but byte {error.start} "
            f"(0x{data[error.start]:02x}) is not"
        )
        raise InputError(msg) from error
    if not text.strip():
        msg = f"{name}: must hold a document, but is empty"
        raise InputError(msg)
    _refuse_conflict(name, text)
    _refuse_control_characters(name, text)
    return Text(name=name, text=text)


def _refuse_conflict(name: str, text: str) -> None:
    marker = _CONFLICT.search(text)
    if marker:
        line = text.count("\n", 0, marker.start()) + 1
        msg = (
            f"{name}:{line}: has an unresolved merge conflict ({marker.group(1)}); "
            "resolve it and remove the markers"
        )
        raise InputError(msg)


def _refuse_control_characters(name: str, text: str) -> None:
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        msg = f"{name}:{line}: must be plain text, but has a control character {found.group()!r}"
        raise InputError(msg)
