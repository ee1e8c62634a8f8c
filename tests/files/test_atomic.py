"""Files written whole or not at all."""

import os
import socket
import stat
from pathlib import Path

import pytest

from qtregress.errors import InputError
from qtregress.files.atomic import check_target, write_bytes, write_text


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


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    """What reads from it would wait for ever; no file takes its place, not even by a link."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        with pytest.raises(InputError, match=f"{name}: must be a file, but is a pipe; write - for"):
            write_text(tmp_path / name, "text")

    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert (tmp_path / "link").is_symlink()


def test_a_socket_stays_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a socket, whoever serves it."""
    monkeypatch.chdir(tmp_path)  # addresses must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("served")
        with pytest.raises(InputError, match="must be a file, but is a socket"):
            write_text(Path("served"), "text")

    assert stat.S_ISSOCK(Path("served").stat().st_mode)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder is refused in a sentence."""
    with pytest.raises(InputError, match=r"must be a file, but is a folder$"):
        write_text(tmp_path, "text")


@pytest.mark.parametrize(
    "path", ["/dev/stdout", "/dev/null", "/dev/no-such-device", "/proc/self/fd/1", "/dev/fd/1"]
)
def test_the_system_s_own_files_are_no_targets(path: str) -> None:
    """Whatever standard output is at the moment: ``-`` is how it is said (nothing is written)."""
    with pytest.raises(InputError, match="write - for standard output"):
        check_target(Path(path))


def test_links_to_files_and_new_files_are_targets(tmp_path: Path) -> None:
    """What is no file yet may become one."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    for name in ("file", "link", "new", "/dev/shm/new"):  # noqa: S108  # nothing is written
        check_target(tmp_path / name)
