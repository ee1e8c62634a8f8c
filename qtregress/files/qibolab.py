"""The importer of Qibolab platforms."""

import datetime as dt
import re
from pathlib import Path

from qtregress.errors import InputError
from qtregress.files.ibm_backend import ImportedBackend
from qtregress.files.problems import shown
from qtregress.files.qibolab_device import read_chip
from qtregress.files.qibolab_source import read_platform
from qtregress.files.qibolab_table import read_profile
from qtregress.printable import printable

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[_.-]([A-Za-z0-9][A-Za-z0-9_.+-]{0,39}))?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")


def read_qibolab(folder: Path, *, date: str | None, device: str | None) -> ImportedBackend:
    """The profile and chip of the folder's ``parameters.json`` and ``calibration.json``.

    The files name neither the device nor the day. A folder ``tuna5/2026-08-03_55a2015e`` says
    both, and the firmware's name behind the day; else the folder is the device's, and the
    day is the firmware's name.

    Args:
        folder: with both files.
        date: of the calibration, YYYY-MM-DD; None for the one that the folder's name has.
        device: its name; None for the folder's.

    Raises:
        InputError: the folder or a file in it cannot be used, or nothing says the date.
    """
    whole = folder.absolute()
    dated = _DATED.fullmatch(whole.name)
    day = _day(date or (dated[1] if dated else None), folder)
    name = device or (whole.parent.name if dated else whole.name)
    if not _NAME.fullmatch(name):
        msg = f"{folder}: must be named as the device is, or use --device; {shown(printable(name))}"
        raise InputError(f"{msg} is no name")
    platform = read_platform(folder)
    profile, profile_notes = read_profile(
        platform, device=name, date=day, firmware=(dated[2] if dated else None) or day
    )
    chip, chip_notes = read_chip(platform, profile, day)
    return ImportedBackend(
        profile=profile,
        chip=chip,
        date=day,
        notes=(*platform.notes, *profile_notes, *chip_notes),
    )


def _day(text: str | None, folder: Path) -> str:
    if text is None:
        msg = f"{folder}: must be named after its day, as 2026-08-03_x is, or use --date YYYY-MM-DD"
        raise InputError(msg)
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        msg = f"the date must be a day such as 2026-08-03, but is {shown(printable(text))}"
        raise InputError(msg) from error
