"""The folder of baselines: ``<device>.json`` is approved, ``<device>.proposed.json`` is not."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from qtregress.baseline.ledger import accepted, follows, verify
from qtregress.baseline.record import Baseline
from qtregress.errors import BaselineError, InputError
from qtregress.files.atomic import write_text
from qtregress.files.documents import load
from qtregress.files.git import is_revision
from qtregress.identity import canonical_value

PROPOSED = ".proposed.json"


def approved_path(folder: Path, device: str) -> Path:
    """Where the device's approved baseline lies.

    Raises:
        BaselineError: the device's name would make it another device's proposal.
    """
    if device.endswith(".proposed"):
        msg = f"a device that has baselines must not be named like a proposal, but is {device}"
        raise BaselineError(msg)
    return folder / f"{device}.json"


def proposed_path(folder: Path, device: str) -> Path:
    """Where the device's proposal lies."""
    return folder / f"{device}{PROPOSED}"


def read_baseline(path: Path) -> Baseline:
    """The verified baseline at ``path``, a file or ``REV:PATH`` in git.

    Raises:
        BaselineError: it is missing, unreadable, edited by hand or has no metrics.
    """
    baseline = _read(path)
    problems = verify(baseline)
    if problems:
        msg = f"{path}: {'; '.join(problems)}"
        raise BaselineError(msg)
    return baseline


def read_approved(folder: Path, device: str) -> Baseline | None:
    """The device's verified approved baseline, None where there is none yet.

    Raises:
        BaselineError: there is one that cannot be used.
    """
    path = approved_path(folder, device)
    return read_baseline(path) if os.path.lexists(path) else None


def write_proposal(folder: Path, baseline: Baseline) -> Path:
    """Put the proposal beside the approved baseline and return where.

    Allowed in CI: the nightly job that proposes runs there, and no check reads proposals.

    Raises:
        BaselineError: the folder cannot be written.
    """
    path = proposed_path(folder, baseline.device)
    with _locked(folder):
        _write(path, baseline)
    return path


def accept(proposal: Path, folder: Path, *, reason: str, environ: Mapping[str, str]) -> Path:
    """Make the verified proposal the folder's approved baseline and return where it lies.

    The proposal is removed once the approved file has been replaced in one step.

    Raises:
        BaselineError: CI is set, the reason is empty, the proposal is unusable or does
            not follow the approved baseline, or another process holds the folder.
    """
    if environ.get("CI", "").strip().lower() not in {"", "0", "false"}:
        msg = "baselines are read-only in CI (the environment variable CI is set): accept by hand"
        raise BaselineError(msg)
    if not reason.strip():
        msg = "a baseline must be accepted with a reason, but the reason is empty"
        raise BaselineError(msg)
    with _locked(folder):
        baseline = read_baseline(proposal)
        problems = follows(baseline, read_approved(folder, baseline.device))
        if problems:
            msg = f"{proposal}: {'; '.join(problems)}"
            raise BaselineError(msg)
        path = approved_path(folder, baseline.device)
        _write(path, accepted(baseline, reason))
        proposal.unlink()
    return path


def baseline_text(baseline: Baseline) -> str:
    """The canonical file: sorted keys, one value a line, ASCII, a newline at the end."""
    value = canonical_value(baseline)
    return json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n"


def _read(path: Path) -> Baseline:
    if not is_revision(str(path)) and not os.path.lexists(path):
        msg = f"{path}: there is no baseline; propose one and accept it"
        raise BaselineError(msg)
    try:
        return load(path, Baseline).value
    except InputError as error:
        raise BaselineError(str(error)) from error


def _write(path: Path, baseline: Baseline) -> None:
    try:
        write_text(path, baseline_text(baseline))
    except InputError as error:
        raise BaselineError(str(error)) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder alone; the lock is on the folder itself and ends with the process.

    Raises:
        BaselineError: the folder does not exist or another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        msg = f"{folder}: cannot be used as the folder of baselines: {error.strerror}"
        raise BaselineError(msg) from error
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        msg = f"{folder}: another process is writing baselines; try again when it is done"
        raise BaselineError(msg) from error
