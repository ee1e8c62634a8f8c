"""Files written whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

from qtregress.errors import InputError


def write_text(path: Path, text: str) -> None:
    """Put ``text`` at ``path`` as UTF-8, in one step that cannot be seen half done."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` in one step that cannot be seen half done.

    Raises:
        InputError: the folder does not exist or cannot be written.
    """
    try:
        _replace(path, data)
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror or error}"
        raise InputError(msg) from error


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _mode(path))
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _mode(path: Path) -> int:
    """The mode of the file to be replaced, else what the umask leaves of 0666."""
    with contextlib.suppress(OSError):
        return path.stat().st_mode & 0o777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
