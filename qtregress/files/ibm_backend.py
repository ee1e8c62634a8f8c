"""The importer of IBM backend dumps."""

from dataclasses import dataclass
from pathlib import Path

from qtregress.chip.chip import Chip
from qtregress.files.ibm_device import read_chip
from qtregress.files.ibm_source import read_ibm_dump
from qtregress.files.ibm_table import read_profile
from qtregress.pulses.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedBackend:
    """A foreign backend as this tool's documents, and sentences on the differences.

    ``date`` is the day of the calibration, YYYY-MM-DD.
    """

    profile: Profile
    chip: Chip
    date: str
    notes: tuple[str, ...]


def read_ibm_backend(folder: Path) -> ImportedBackend:
    """The profile and chip of the folder's ``defs``, ``conf`` and ``props`` files.

    Raises:
        InputError: the folder or a file in it cannot be used.
    """
    dump = read_ibm_dump(folder)
    profile, profile_notes = read_profile(dump)
    chip, chip_notes = read_chip(dump, profile)
    return ImportedBackend(
        profile=profile,
        chip=chip,
        date=dump.properties.last_update_date[: len("YYYY-MM-DD")],
        notes=profile_notes + chip_notes,
    )
