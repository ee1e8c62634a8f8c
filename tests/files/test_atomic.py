"""Files written whole or not at all."""

import os
from pathlib import Path

import pytest

from qtregress.errors import InputError
from qtregress.files.atomic import write_bytes, write_text


def test_the_text_arrives_as_utf8(tmp_path: Path) -> None:
    """What is written is what was given, in UTF-8."""
    write_text(tmp_path / "a", "µs\n")

    assert "µs\n".encode() == (tmp_path / "a").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails before the end of writing changes nothing."""
    path = tmp_path / "a"
    write_text(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="a: cannot be written: No space left"):
        write_text(path, "new")

    assert {path: "old"} == {file: file.read_text() for file in tmp_path.iterdir()}


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    """Nothing is created where no folder is."""
    with pytest.raises(InputError, match="cannot be written: No such file"):
        write_bytes(tmp_path / "no" / "a", b"")


def test_a_new_file_is_as_readable_as_the_umask_allows(tmp_path: Path) -> None:
    """The temporary file's private mode is not kept."""
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "a", "")
    finally:
        os.umask(old)

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    """An executable or private file stays one."""
    (tmp_path / "a").touch(mode=0o600)
    write_text(tmp_path / "a", "new")

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
