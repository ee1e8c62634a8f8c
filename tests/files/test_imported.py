"""Where imported profiles and chips are put, and ``qtregress import``."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from qtregress.cli.import_ import command
from qtregress.errors import InputError
from qtregress.files.documents import dump, load
from qtregress.files.ibm_backend import ImportedBackend, read_ibm_backend
from qtregress.files.imported import write_backend
from qtregress.identity import digest
from qtregress.pulses.profile import Profile


def test_a_profile_and_a_chip_are_written(lima: ImportedBackend, tmp_path: Path) -> None:
    """The profile is named after its calibration's day, beside the chip."""
    folder = tmp_path / "new" / "ibm_lima"
    lines = write_backend(lima, folder, force=False)

    assert [f"wrote {folder / '2021-03-14.yaml'}", f"wrote {folder / 'chip.yaml'}"] == [*lines]
    assert digest(lima.profile) == load(folder / "2021-03-14.yaml", Profile).digest


def test_importing_twice_changes_nothing(lima: ImportedBackend, tmp_path: Path) -> None:
    """The same dump again keeps both files."""
    write_backend(lima, tmp_path, force=False)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    lines = write_backend(lima, tmp_path, force=False)

    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert all(line.startswith("kept") for line in lines)


def test_a_second_day_keeps_the_chip(ibm: Path, lima: ImportedBackend, tmp_path: Path) -> None:
    """The chip holds the fit to the first profile, so only a profile is added."""
    write_backend(lima, tmp_path, force=False)
    next_day = read_ibm_backend(ibm / "lima_2021-03-15")
    lines = write_backend(next_day, tmp_path, force=False)

    assert "it may hold the lines' fit" in lines[1]
    assert dump(lima.chip) == (tmp_path / "chip.yaml").read_text(encoding="utf-8")
    assert (tmp_path / "2021-03-15.yaml").exists()


def test_force_replaces_the_chip(ibm: Path, lima: ImportedBackend, tmp_path: Path) -> None:
    """With force, the newer chip is written."""
    write_backend(lima, tmp_path, force=False)
    next_day = read_ibm_backend(ibm / "lima_2021-03-15")
    write_backend(next_day, tmp_path, force=True)

    assert dump(next_day.chip) == (tmp_path / "chip.yaml").read_text(encoding="utf-8")


def test_another_devices_chip_is_never_replaced_silently(
    ibm: Path, lima: ImportedBackend, tmp_path: Path
) -> None:
    """A folder of another device is refused before anything is written."""
    write_backend(lima, tmp_path, force=False)
    other = read_ibm_backend(ibm / "manila_2024-05-27")

    with pytest.raises(InputError, match=r"must be a chip of ibm_manila, but is of ibm_lima"):
        write_backend(other, tmp_path, force=False)

    assert not (tmp_path / "2024-05-27.yaml").exists()


def test_a_changed_profile_is_never_replaced_silently(
    lima: ImportedBackend, tmp_path: Path
) -> None:
    """A profile of that date with other content stays."""
    edited = dump(lima.profile).replace("sigma: 40.0", "sigma: 41.0")
    (tmp_path / "2021-03-14.yaml").write_text(edited, encoding="utf-8")

    with pytest.raises(InputError, match="holds another profile of that date; use --force"):
        write_backend(lima, tmp_path, force=False)

    assert [tmp_path / "2021-03-14.yaml"] == list(tmp_path.iterdir())


def test_a_file_in_the_folders_place_is_a_sentence(lima: ImportedBackend, tmp_path: Path) -> None:
    """The destination must be or become a folder."""
    (tmp_path / "a").touch()

    with pytest.raises(InputError, match="cannot be made a folder"):
        write_backend(lima, tmp_path / "a", force=False)


def test_the_command_says_what_it_wrote_and_skipped(ibm: Path, tmp_path: Path) -> None:
    """One line per file, then the importer's notes."""
    source, destination = str(ibm / "lima_2021-03-14"), str(tmp_path)
    result = CliRunner().invoke(command, ["ibm-backend", source, "-o", destination])

    assert result.output.splitlines()[0] == f"wrote {tmp_path / '2021-03-14.yaml'}"
    assert "measure of several qubits at once is skipped (1x)" in result.output


def test_a_broken_dump_writes_nothing(ibm: Path, tmp_path: Path) -> None:
    """Bad input leaves no folder behind."""
    destination = tmp_path / "new"
    source = str(ibm / "lima_2021-03-14" / "defs_lima.json")
    result = CliRunner().invoke(command, ["ibm-backend", source, "-o", str(destination)])

    assert isinstance(result.exception, InputError)
    assert not destination.exists()
