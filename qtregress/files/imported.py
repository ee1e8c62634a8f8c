"""Where imported profiles and chips are put."""

from pathlib import Path

from qtregress.chip.chip import Chip
from qtregress.errors import InputError
from qtregress.files.atomic import write_text
from qtregress.files.documents import dump, load
from qtregress.files.ibm_backend import ImportedBackend
from qtregress.identity import digest
from qtregress.pulses.profile import Profile


def write_backend(backend: ImportedBackend, folder: Path, *, force: bool) -> tuple[str, ...]:
    """Write the profile, and the chip if the folder has none; a sentence for each.

    Nothing is written unless all of it can be.

    Raises:
        InputError: a file is in the way that says something else and ``force`` is off.
    """
    profile_path = folder / f"{backend.date}.yaml"
    chip_path = folder / "chip.yaml"
    keep_profile = not force and _is_same_profile(profile_path, backend.profile)
    keep_chip = not force and _is_of_device(chip_path, backend.chip.device)
    _make(folder)
    return (
        _put(profile_path, backend.profile, keep=keep_profile),
        _put(chip_path, backend.chip, keep=keep_chip),
    )


def _is_same_profile(path: Path, profile: Profile) -> bool:
    """Whether the file already holds this profile."""
    if not path.exists():
        return False
    if load(path, Profile).digest == digest(profile):
        return True
    msg = f"{path}: holds another profile of that date; use --force to replace it"
    raise InputError(msg)


def _is_of_device(path: Path, device: str) -> bool:
    """Whether the file already holds a chip of this device."""
    if not path.exists():
        return False
    found = load(path, Chip).value.device
    if found == device:
        return True
    msg = f"{path}: must be a chip of {device}, but is of {found}; use --force to replace it"
    raise InputError(msg)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"{folder}: cannot be made a folder: {error.strerror or error}"
        raise InputError(msg) from error


def _put(path: Path, document: Profile | Chip, *, keep: bool) -> str:
    if keep:
        fit = (
            " (it may hold the lines' fit; --force replaces it)" if path.name == "chip.yaml" else ""
        )
        return f"kept {path}{fit}"
    write_text(path, dump(document))
    return f"wrote {path}"
