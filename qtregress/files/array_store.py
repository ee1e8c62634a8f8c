"""Arrays on disk by what determines them: a cache that can be lost, but not lied to.

An entry is one file, ``<folder>/<two digits>/<key>.arrays``:

    24 bytes  format
    32 bytes  sha256 of everything that follows
     8 bytes  length of the header, little endian
    header    JSON: the key, and name, type, shape and order of each array; spaces to 64 bytes
    arrays    raw, little endian, each filled up to 64 bytes

The bytes are not compressed, so that a file is never much smaller than what it becomes, and
nothing in it is code. The digest finds accidents; only the folder's owner and mode keep people
out: whoever can write there can make a gate look like another one.
"""

import contextlib
import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from qtregress.document import Count, Model
from qtregress.errors import InputError
from qtregress.files.atomic import write_bytes
from qtregress.printable import printable

Arrays = Mapping[str, NDArray[Any]]
_DType = Literal["<f4", "<f8", "<c8", "<c16", "<i8"]

MAX_ENTRY_BYTES = 256 * 2**20
"""Size of one file beyond which it is neither written nor read."""

_MEBIBYTE = 2**20
_DEFAULT_LIMIT_MB = 2048
_FORMAT = b"qtregress/arrays@1\n".ljust(24)
_DIGEST = slice(24, 56)
_PREFIX = 64
_ALIGNMENT = 64
_BLOCK = 4096
_ABANDONED_NS = 3600 * 10**9
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_KEY = re.compile(r"[0-9a-f]{64}")
_SHELF = re.compile(r"[0-9a-f]{2}")
_ENTRY = re.compile(r"[0-9a-f]{64}\.arrays")
_TEMPORARY = re.compile(r"\.[0-9a-f]{64}\.arrays\..+")


class _Array(Model):
    name: str
    dtype: _DType
    shape: tuple[Count, ...]
    order: Literal["C", "F"]


class _Header(Model):
    key: str
    arrays: tuple[_Array, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    used_ns: int
    room_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayStore:
    """A folder of arrays, each entry under the sha256 of all that determines it.

    Any number of processes may read, write and evict at once. Whatever is wrong with the disk is
    a miss, never an exception. The store is off where somebody else could write: where the
    folder is a symbolic link, has another owner, or is open to its group or to everybody.

    Attributes:
        folder: made with mode 0700 by the first ``put``.
        limit_bytes: room of all entries together, each in whole blocks of 4096 bytes; passed
            rarely and by a few per cent, until the next sweep. 0 turns the store off.
    """

    folder: Path
    limit_bytes: int

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays put under ``key``, writable, or None.

        An entry that is damaged, of another key or of another format is removed. One that is
        fine counts as just used.

        Raises:
            ValueError: the key is not 64 lower-case hexadecimal digits.
        """
        path = self._path(key)
        if self.limit_bytes <= 0 or not (_trusted(self.folder) and _trusted(path.parent)):
            return None
        try:
            data = _read(path)
        except FileNotFoundError:
            return None
        except OSError:  # a link, or no permission: in the way of the next put
            data = bytearray()
        arrays = _decoded(data, key)
        if arrays is None:
            _remove(path)
        return arrays

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep ``arrays`` under ``key``, where there is a disk that lets us.

        Values come back bit for bit, C- and Fortran-contiguous arrays in their own order, others
        in C order. Entries too large for the store are not kept.

        Raises:
            ValueError: the key is not 64 lower-case hexadecimal digits.
            TypeError: an array is not of float32, float64, complex64, complex128 or int64.
        """
        path = self._path(key)
        data = _encoded(key, arrays)
        room = _room(len(data))
        if len(data) > MAX_ENTRY_BYTES or room > self._kept_bytes:
            return
        with contextlib.suppress(OSError, InputError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _trusted(self.folder):
                return
            path.parent.mkdir(mode=0o700, exist_ok=True)
            if not _trusted(path.parent):
                return
            write_bytes(path, data)
            if self._sweep_is_due(key, room):
                self._sweep()

    @property
    def _kept_bytes(self) -> int:
        """What a sweep leaves; the rest is room for what comes before the next one."""
        return self.limit_bytes - self.limit_bytes // 16

    def _path(self, key: str) -> Path:
        if _KEY.fullmatch(key) is None:
            msg = f"key must be 64 lower-case hexadecimal digits, but is {printable(key)!r}"
            raise ValueError(msg)
        return self.folder / key[:2] / f"{key}.arrays"

    def _sweep_is_due(self, key: str, room_bytes: int) -> bool:
        """Whether the put of this key sweeps: once in about 1/64 of the limit, in bytes.

        Sweeping looks at every file, so that each put would cost more the fuller the store is.
        The chance is taken from the key, which is a hash: no state, no random generator.
        """
        return int(key[-8:], 16) * self.limit_bytes < 64 * room_bytes << 32

    def _sweep(self) -> None:
        """Remove what was used longest ago until the rest fits, and what killed puts left."""
        files = list(_files(self.folder))
        # The files' own clock: the disk may be another machine's.
        abandoned = max((file.used_ns for file in files), default=0) - _ABANDONED_NS
        entries = []
        for file in files:
            if _ENTRY.fullmatch(file.path.name):
                entries.append(file)
            elif file.used_ns < abandoned:
                _remove(file.path)
        excess = sum(file.room_bytes for file in entries) - self._kept_bytes
        for file in sorted(entries, key=lambda file: file.used_ns):
            if excess <= 0:
                break
            _remove(file.path)
            excess -= file.room_bytes


def default_store() -> ArrayStore:
    """The user's store, as the environment places and limits it.

    ``QTREGRESS_CACHE_DIR``, else ``qtregress`` in ``XDG_CACHE_HOME``, else in the platform's
    folder of caches. ``QTREGRESS_CACHE_LIMIT_MB`` counts 2**20 bytes each; 0 turns the store
    off, and it is off where there is no home to put it.

    Raises:
        InputError: ``QTREGRESS_CACHE_LIMIT_MB`` is no whole number.
    """
    limit_bytes = _limit_mb() * _MEBIBYTE
    try:
        return ArrayStore(folder=_default_folder(), limit_bytes=limit_bytes)
    except RuntimeError:  # what pathlib raises for an unknown home
        return ArrayStore(folder=Path(), limit_bytes=0)


def _limit_mb() -> int:
    text = os.environ.get("QTREGRESS_CACHE_LIMIT_MB") or str(_DEFAULT_LIMIT_MB)
    if re.fullmatch(r"[0-9]{1,9}", text) is None:
        msg = (
            "QTREGRESS_CACHE_LIMIT_MB must be a whole number of megabytes, 0 for no cache, "
            f"but is {printable(text)}"
        )
        raise InputError(msg)
    return int(text)


def _default_folder() -> Path:
    """Where the user's store lies.

    Raises:
        RuntimeError: the home folder is unknown.
    """
    chosen = os.environ.get("QTREGRESS_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    # A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification 0.8).
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not caches.is_absolute():
        caches = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    if not caches.is_absolute():
        raise RuntimeError
    return caches / "qtregress"


def _trusted(folder: Path) -> bool:
    """Whether it is a real folder of this user's where nobody else can write, but we can."""
    try:
        info = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(info.st_mode)
        and info.st_uid == os.geteuid()
        and not info.st_mode & _OTHERS_WRITE
        and os.access(folder, os.W_OK | os.X_OK)
    )


def _read(path: Path) -> bytearray:
    """The bytes of our own regular file, which counts as used now; of any other none.

    Raises:
        OSError: it is not there, is a symbolic link, or cannot be read.
    """
    # A link could lead anywhere, and opening a pipe would wait for its writer.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb", buffering=0) as file:
        info = os.fstat(handle)
        own = stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid()
        if not own or info.st_size > MAX_ENTRY_BYTES:
            return bytearray()
        with contextlib.suppress(OSError):
            os.utime(handle)
        data = bytearray(info.st_size)
        return data if file.readinto(data) == len(data) else bytearray()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _files(folder: Path) -> Iterator[_File]:
    """Entries and temporary files of the store, nothing else that lies there."""
    for shelf in _listed(folder):
        if _SHELF.fullmatch(shelf.name) and shelf.is_dir(follow_symlinks=False):
            for item in _listed(Path(shelf.path)):
                if _ENTRY.fullmatch(item.name) or _TEMPORARY.fullmatch(item.name):
                    with contextlib.suppress(OSError):  # gone since it was listed
                        info = item.stat(follow_symlinks=False)
                        yield _File(
                            path=Path(item.path),
                            used_ns=info.st_mtime_ns,
                            room_bytes=_room(info.st_size),
                        )


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    with contextlib.suppress(OSError), os.scandir(folder) as items:
        return list(items)
    return []


def _room(size_bytes: int) -> int:
    """What a file takes on disk, at least one block: many tiny entries fill it as well."""
    return max(1, -(-size_bytes // _BLOCK)) * _BLOCK


def _encoded(key: str, arrays: Arrays) -> bytes:
    plain = {name: _plain(name, array) for name, array in arrays.items()}
    header = _Header(
        key=key, arrays=tuple(_described(name, array) for name, array in plain.items())
    )
    text = _filled(header.model_dump_json().encode("utf-8"), b" ")
    raw = (
        _filled(array.tobytes(described.order), b"\0")
        for array, described in zip(plain.values(), header.arrays, strict=True)
    )
    rest = b"".join(chain((len(text).to_bytes(8, "little"), text), raw))
    return _FORMAT + hashlib.sha256(rest).digest() + rest


def _plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array in little endian.

    Raises:
        TypeError: its type is none that the store keeps.
    """
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if little.dtype.str not in get_args(_DType):
        allowed = ", ".join(get_args(_DType))
        msg = f"array {name} must be one of {allowed}, but is {array.dtype.str}"
        raise TypeError(msg)
    return little


def _described(name: str, array: NDArray[Any]) -> _Array:
    return _Array.model_validate(
        {
            "name": name,
            "dtype": array.dtype.str,
            "shape": array.shape,
            # The order decides how products are summed, and so the last digit of what follows.
            "order": "F" if array.flags.fnc else "C",
        }
    )


def _filled(part: bytes, byte: bytes) -> bytes:
    return part + byte * (-len(part) % _ALIGNMENT)


def _decoded(data: bytearray, key: str) -> dict[str, NDArray[Any]] | None:
    """The arrays of an entry of ``key``, on the memory of ``data``; None if it is none."""
    view = memoryview(data)
    if view[: len(_FORMAT)] != _FORMAT:
        return None
    if view[_DIGEST] != hashlib.sha256(view[_DIGEST.stop :]).digest():
        return None
    end = _PREFIX + int.from_bytes(view[_DIGEST.stop : _PREFIX], "little")
    try:
        header = _Header.model_validate_json(bytes(view[_PREFIX:end]))
    except ValidationError:
        return None
    return _placed(data, header, end) if header.key == key else None


def _placed(data: bytearray, header: _Header, start: int) -> dict[str, NDArray[Any]] | None:
    """The header's arrays from ``start`` on, None unless they fill ``data`` exactly."""
    arrays: dict[str, NDArray[Any]] = {}
    offset = start
    for array in header.arrays:
        dtype = np.dtype(array.dtype)
        size = prod(array.shape) * dtype.itemsize
        try:
            arrays[array.name] = np.ndarray(
                array.shape, dtype, buffer=data, offset=offset, order=array.order
            )
        except (OverflowError, TypeError, ValueError):  # beyond the end, or no possible shape
            return None
        offset += size + -size % _ALIGNMENT
    complete = offset == len(data) and len(arrays) == len(header.arrays)
    return arrays if complete else None
