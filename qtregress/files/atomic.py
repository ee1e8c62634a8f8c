"""Files written whole or not at all."""

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from qtregress.errors import InputError

_OF_THE_SYSTEM = ("/proc/", "/sys/")
"""Nothing below is a file that anybody keeps; below /dev there is /dev/shm."""


def write_text(path: Path, text: str) -> None:
    """Put ``text`` at ``path`` as UTF-8, in one step that cannot be seen half done.

    Raises:
        InputError: as `write_bytes`.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` in one step that cannot be seen half done.

    Raises:
        InputError: the folder does not exist or cannot be written, or `check_target` refuses.
    """
    check_target(path)
    try:
        _replace(path, data)
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror or error}"
        raise InputError(msg) from error


def check_target(path: Path) -> None:
    """Refuse what must not be replaced by a file: the new file takes the place of the old one.

    A pipe would be gone and its reader wait for ever; a device would be gone for everybody.

    Raises:
        InputError: something else than a file is there, or the folder is the system's own.
    """
    folder = f"{os.path.realpath(path.parent)}/"
    if folder == "/dev/" or folder.startswith(_OF_THE_SYSTEM):
        msg = f"{path}: must be a file, but is the system's own; write - for standard output"
        raise InputError(msg)
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # follows links: what would be written to
    except OSError:
        return  # nothing there, or writing says why not
    if not stat.S_ISREG(mode):
        msg = f"{path}: must be a file, but is {_kind(mode)}"
        raise InputError(msg)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    what = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    return f"{what}; write - for standard output"


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
