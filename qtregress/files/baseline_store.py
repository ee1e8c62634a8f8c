"""The folder of baselines: ``<device>.json`` is approved, ``<device>.proposed.json`` is not.

A file ``trusted_keys`` beside them demands that every approved one is signed.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qtregress.baseline.history import Terms, accepted, is_of, refusals, verify
from qtregress.baseline.record import Baseline
from qtregress.errors import BaselineError, InputError
from qtregress.files.atomic import write_text
from qtregress.files.documents import load
from qtregress.files.git import has_file, is_revision
from qtregress.files.signatures import PublicKey, read_keys, sign, signature_problem
from qtregress.files.text import MAX_BYTES
from qtregress.identity import canonical_value

PROPOSED = ".proposed.json"
_KEYS = "trusted_keys"
_AFTER_MERGE = (
    "; or let qtregress baseline rebuild DEVICE --from REV take the baseline of one side and "
    "measure again"
)


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
        BaselineError: it is missing, unreadable, edited by hand, has no metrics, or is not
            signed as the trusted keys beside it demand.
    """
    baseline = _read(path)
    _refuse(path, verify(baseline))
    keys = trusted_keys(path) if baseline.accepted else ()
    if keys:
        _refuse(path, (signature_problem(baseline, keys),))
    return baseline


def trusted_keys(path: Path) -> tuple[PublicKey, ...]:
    """The keys that may sign the baseline at ``path``, none where nobody demands it.

    They are read beside it, at the same revision if it has one.

    Raises:
        BaselineError: there is a file of keys that cannot be used.
    """
    spec = str(path)
    try:
        if is_revision(spec):
            revision, _, inside = spec.partition(":")
            here = "./" if inside.startswith("./") else ""
            beside = f"{revision}:{here}{PurePosixPath(inside).parent / _KEYS}"
            found = has_file(beside)
        else:
            beside = str(path.parent / _KEYS)
            found = os.path.lexists(beside)
        return read_keys(beside) if found else ()
    except InputError as error:
        raise BaselineError(str(error)) from error


def read_approved(folder: Path, device: str) -> Baseline | None:
    """The device's verified approved baseline, None where there is none yet.

    Raises:
        BaselineError: there is one that cannot be used.
    """
    path = approved_path(folder, device)
    return approved_at(path, device) if os.path.lexists(path) else None


def approved_at(path: Path, device: str) -> Baseline:
    """The device's verified approved baseline at ``path``.

    Raises:
        BaselineError: it cannot be used, was never accepted, or is another device's.
    """
    baseline = read_baseline(path)
    if not baseline.accepted:
        _refuse(path, ("the baseline was proposed but never accepted",))
    _refuse_another(path, baseline, device)
    return baseline


def read_proposal(folder: Path, device: str) -> Baseline:
    """The device's verified proposal.

    Raises:
        BaselineError: there is none, it cannot be used, or it is another device's.
    """
    path = proposed_path(folder, device)
    if not os.path.lexists(path):
        msg = f"{path}: there is no proposal; write one with qtregress baseline propose"
        raise BaselineError(msg)
    baseline = read_baseline(path)
    _refuse_another(path, baseline, device)
    return baseline


def standing_proposal(folder: Path, device: str) -> Baseline | None:
    """The device's proposal, None where there is none of any use: it is to be replaced."""
    try:
        return read_proposal(folder, device)
    except BaselineError:
        return None


def write_proposal(folder: Path, baseline: Baseline) -> Path:
    """Put the proposal beside the approved baseline and return where.

    Allowed in CI: the nightly job that proposes runs there, and no check reads proposals.

    Raises:
        BaselineError: the folder cannot be written.
    """
    path = proposed_path(folder, baseline.device)
    with _locked(folder):
        _sweep(path)
        _write(path, baseline)
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What an acceptance did.

    Attributes:
        path: where the approved baseline lies.
        baseline: the approved one.
        is_new: False where the proposal had been accepted before.
    """

    path: Path
    baseline: Baseline
    is_new: bool


def accept(
    proposal: Path,
    folder: Path,
    terms: Terms,
    *,
    environ: Mapping[str, str],
    key_file: Path | None = None,
) -> Accepted:
    """Make the verified proposal the folder's approved baseline.

    The proposal is removed once the approved file has been replaced in one step. One that an
    interrupted run accepted but did not remove is removed now.

    Raises:
        BaselineError: CI is set, the terms are wrong, the proposal is unusable, lies in the
            place of another device's or does not follow the approved baseline, a signature is
            demanded and not given, or another process holds the folder.
        InputError: the key cannot be used.
    """
    _refuse_in_ci(environ)
    with _locked(folder):
        baseline = _proposal_at(proposal, folder)
        path = approved_path(folder, baseline.device)
        _sweep(path)
        current = read_approved(folder, baseline.device)
        if current is not None and is_of(baseline, current):
            _remove(proposal)
            return Accepted(path=path, baseline=current, is_new=False)
        _refuse(proposal, refusals(baseline, current, terms))
        sealed = accepted(baseline, current, terms)
        _refuse(proposal, verify(sealed))
        signed = sealed if key_file is None else sign(sealed, key_file)
        keys = trusted_keys(path)
        if keys:
            _refuse(path, (signature_problem(signed, keys),))
        _write(path, signed)
        _remove(proposal)
    return Accepted(path=path, baseline=signed, is_new=True)


def _proposal_at(path: Path, folder: Path) -> Baseline:
    """The verified proposal; in the folder it must be of the device that its file is named for.

    Raises:
        BaselineError: it cannot be used.
    """
    is_in_store = os.path.realpath(path.parent) == os.path.realpath(folder)
    if is_in_store and path.name.endswith(PROPOSED) and os.path.lexists(path):
        return read_proposal(folder, path.name.removesuffix(PROPOSED))
    return read_baseline(path)


def restore(folder: Path, device: str, revision: str, *, environ: Mapping[str, str]) -> Baseline:
    """Put the approved baseline of a revision in the place of one that cannot be read.

    Raises:
        BaselineError: CI is set, the revision has no baseline of any use, the store lies
            above this folder, or its baseline can be read and is another one.
    """
    _refuse_in_ci(environ)
    path = approved_path(folder, device)
    relative = os.path.relpath(path)
    if relative.startswith(".."):
        msg = f"{path}: must lie below the current folder to be read at a revision, but does not"
        raise BaselineError(msg)
    kept = approved_at(Path(f"{revision}:./{PurePosixPath(relative)}"), device)
    with _locked(folder):
        current = _usable(folder, device)
        if current is not None and current.digest != kept.digest:
            msg = (
                f"{path}: can be read and is not the baseline of {revision}, so nothing is taken "
                "from there: rebuild without --from, or remove the file first"
            )
            raise BaselineError(msg)
        if current is None:
            _write(path, kept)
    return kept


def _usable(folder: Path, device: str) -> Baseline | None:
    try:
        return read_approved(folder, device)
    except BaselineError:
        return None


def _refuse_in_ci(environ: Mapping[str, str]) -> None:
    if environ.get("CI", "").strip().lower() not in {"", "0", "false"}:
        msg = "baselines are read-only in CI (the environment variable CI is set): accept by hand"
        raise BaselineError(msg)


def _refuse(path: Path, problems: tuple[str, ...]) -> None:
    """Raise what is wrong with the file, if anything is; empty sentences are nothing."""
    found = [problem for problem in problems if problem]
    if found:
        msg = f"{path}: {'; '.join(found)}"
        raise BaselineError(msg)


def _refuse_another(path: Path, baseline: Baseline, device: str) -> None:
    if baseline.device != device:
        _refuse(path, (f"the baseline must be of device {device}, but is of {baseline.device}",))


def _sweep(path: Path) -> None:
    """Remove what killed runs left half-written beside ``path``; we hold the folder alone."""
    for left in path.parent.glob(f".{path.name}.*"):
        _remove(left)


def _remove(file: Path) -> None:
    """Remove what is done with; a proposal that stays is known again by its content."""
    with contextlib.suppress(OSError):
        file.unlink()


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
        hint = _AFTER_MERGE if "merge conflict" in str(error) else ""
        msg = f"{error}{hint}"
        raise BaselineError(msg) from error


def _write(path: Path, baseline: Baseline) -> None:
    text = baseline_text(baseline)
    if len(text) > MAX_BYTES:
        msg = f"{path}: must be at most {MAX_BYTES} bytes long to be read, but would be {len(text)}"
        raise BaselineError(msg)
    try:
        write_text(path, text)
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
