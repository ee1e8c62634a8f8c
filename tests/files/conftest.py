"""What the tests of files share: real documents, and small edits of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qtregress.files.documents import dump
from qtregress.files.ibm_backend import ImportedBackend, read_ibm_backend

Edited = Callable[[str, str, str], Path]


@pytest.fixture(scope="session")
def ibm(root: Path) -> Path:
    """The folder of IBM backend dumps."""
    return root / "tests" / "fixtures" / "ibm"


@pytest.fixture(scope="session")
def lima(ibm: Path) -> ImportedBackend:
    """ibm_lima on 2021-03-14."""
    return read_ibm_backend(ibm / "lima_2021-03-14")


@pytest.fixture
def edited(lima: ImportedBackend, tmp_path: Path) -> Edited:
    """Writes the profile or chip of lima with its first ``old`` replaced by ``new``."""

    def write(kind: str, old: str, new: str) -> Path:
        text = dump(lima.profile if kind == "profile" else lima.chip)
        assert old in text
        path = tmp_path / f"{kind}.yaml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return write
