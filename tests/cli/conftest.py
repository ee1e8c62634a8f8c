"""The device that several commands are tried on."""

from pathlib import Path

import pytest

from tests import small


@pytest.fixture(scope="session")
def one_qubit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device of one qubit with its accepted baseline; copy it before you touch it."""
    return small.with_baseline(tmp_path_factory.mktemp("one_qubit"), small.small(0))
