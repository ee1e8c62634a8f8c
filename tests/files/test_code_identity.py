"""Which code an answer is of."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from qtregress.files import code_identity as identity
from qtregress.files.array_store import ArrayStore
from qtregress.files.code_identity import OwnStore, code_identity

KEY = "ab" * 32


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package's sources, taken for the package."""
    copy = tmp_path / "qtregress"
    shutil.copytree(identity._PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(identity, "_PACKAGE", copy)
    return copy


def test_the_same_code_has_the_same_identity(package: Path) -> None:
    """Wherever it is installed, and whatever Python leaves beside it."""
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_bytes(b"1")
    copied = code_identity()

    assert len(copied) == 64
    assert copied == code_identity()


@pytest.mark.parametrize("name", ["channels/decay.py", "units.py", "chip/bath.py"])
def test_another_line_is_another_code(package: Path, name: str) -> None:
    """One more comment anywhere in the sources changes the identity."""
    before = code_identity()
    with (package / name).open("a") as file:
        file.write("# another line\n")

    assert code_identity() != before


def test_another_library_is_another_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another numpy may round otherwise."""
    before = code_identity()
    monkeypatch.setattr(identity, "version", lambda name: f"0 {name}")

    assert code_identity() != before


def test_a_code_finds_its_own_answers_only(tmp_path: Path) -> None:
    """What one code remembers another does not know."""
    shared = ArrayStore(folder=tmp_path / "cache", limit_bytes=2**20)
    one, other = OwnStore(store=shared, code="1"), OwnStore(store=shared, code="2")
    one.put(KEY, {"a": np.ones(3)})

    assert one.get(KEY) is not None
    assert other.get(KEY) is None
