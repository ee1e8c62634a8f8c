"""The identity of the code that computes, so that no answer of another code is believed."""

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from qtregress.channels.memory import Arrays, Store

_PACKAGE = Path(__file__).resolve().parent.parent
_COMPUTING = ("numpy", "scipy", "qiskit-dynamics")


def code_identity() -> str:
    """Hash of this package's own sources and the versions of what they compute with.

    64 hexadecimal digits. Nobody has to remember to count a version up: whatever changes in
    the code changes it.
    """
    found = hashlib.sha256(platform.python_version().encode())
    for name in _COMPUTING:
        found.update(f"\n{name} {version(name)}".encode())
    for path in sorted(_PACKAGE.rglob("*.py")):
        text = path.read_bytes()
        found.update(f"\n{path.relative_to(_PACKAGE).as_posix()} {len(text)}\n".encode())
        found.update(text)
    return found.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStore:
    """A store in which every code finds its own answers only.

    Attributes:
        store: where they are kept.
        code: whose they are, as ``code_identity`` gives it.
    """

    store: Store
    code: str

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """What this code put under ``key``."""
        return self.store.get(self._own(key))

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep the arrays for this code."""
        self.store.put(self._own(key), arrays)

    def _own(self, key: str) -> str:
        return hashlib.sha256(f"{self.code} {key}".encode()).hexdigest()
