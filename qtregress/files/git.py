"""Documents as they were at a revision, ``REV:PATH``, read from git."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from qtregress.errors import InputError
from qtregress.files.text import MAX_BYTES
from qtregress.printable import printable

_TIMEOUT_S = 60


def read_revision(spec: str) -> bytes:
    """The bytes of ``REV:PATH``; PATH is relative to the repository's root, or ``./...``.

    Raises:
        InputError: git, the revision or the path is missing, or the file is too large.
    """
    revision, _, path = spec.partition(":")
    _refuse_unsafe(spec, revision, path)
    commit = _commit(spec, revision)
    size = _git(spec, "cat-file", "-s", f"{commit}:{path}")
    if size is None:
        msg = f"{spec}: revision {revision} has no file {path} (paths start at the root, or ./)"
        raise InputError(msg)
    if int(size) > MAX_BYTES:
        msg = f"{spec}: must be at most {MAX_BYTES} bytes long, but has {int(size)}"
        raise InputError(msg)
    data = _git(spec, "cat-file", "blob", f"{commit}:{path}")
    if data is None:
        msg = f"{spec}: must be a file, but is a folder at {revision}"
        raise InputError(msg)
    return data


def head_commit() -> str | None:
    """The commit that this folder's work tree stands on, None outside a repository."""
    try:
        name = _git("HEAD", "rev-parse", "--verify", "--quiet", "HEAD")
    except InputError:
        return None
    return None if name is None else name.decode("ascii").strip()


def commit_of(new: str, others: Sequence[str] = ()) -> str | None:
    """The commit that holds what was judged, None if none does.

    NEW's own where it is read from git; else the one of this work tree, if that holds the very
    bytes of NEW. Plain files beside it must be in that commit, too; ``REV:PATH`` cannot change.
    """
    plain = [path for path in (new, *others) if not is_revision(path)]
    head = head_commit()
    if not all(_is_committed(Path(path)) for path in plain):
        return None
    if not is_revision(new):
        return head
    commit = _commit(new, new.partition(":")[0])
    return commit if not plain or commit == head else None


def is_known_to(spec: str, other: str) -> bool:
    """Whether the commit of ``spec`` is that of ``other`` or one before it.

    Raises:
        InputError: git or one of the revisions is missing: then nobody can tell.
    """
    before, after = (_commit(one, one.partition(":")[0]) for one in (spec, other))
    return _git(spec, "merge-base", "--is-ancestor", before, after) is not None


def _is_committed(path: Path) -> bool:
    """Whether the work tree's commit holds the file as it is."""
    try:
        top = _git("HEAD", "rev-parse", "--show-toplevel")
        if top is None:
            return False
        root = Path(os.fsdecode(top.rstrip(b"\n"))).resolve()
        place = path.resolve().relative_to(root).as_posix()
        return _git("HEAD", "cat-file", "blob", f"HEAD:{place}") == path.read_bytes()
    except (InputError, OSError, ValueError):
        return False


def has_file(spec: str) -> bool:
    """Whether ``REV:PATH`` is there.

    Raises:
        InputError: git, the revision or its tree is missing: then nobody can tell.
    """
    revision, _, path = spec.partition(":")
    _refuse_unsafe(spec, revision, path)
    # names alone: a file whose content is missing here is there all the same
    names = _git(
        spec,
        *("ls-tree", "--name-only", *([] if path.startswith("./") else ["--full-tree"])),
        *(_commit(spec, revision), "--", path),
    )
    if names is None:
        msg = f"{spec}: git cannot list what revision {revision} holds"
        raise InputError(msg)
    return bool(names.strip())


def user_name() -> str:
    """What git calls the user, empty where it does not know or is missing."""
    try:
        name = _git("user.name", "config", "--get", "user.name")
    except InputError:
        return ""
    return "" if name is None else name.decode("utf-8", "replace").strip()


def is_revision(spec: str) -> bool:
    """Whether ``spec`` reads as ``REV:PATH``; a file with a colon is written ``./a:b``.

    Git always wins: a change could otherwise bring a folder named ``origin/main:...`` and
    be compared with itself.
    """
    return ":" in spec and not spec.startswith(("/", "./", "../"))


def _refuse_unsafe(spec: str, revision: str, path: str) -> None:
    spec = printable(spec)
    if not revision or revision.startswith("-") or not revision.isprintable():
        msg = f"{spec}: the revision before the colon must be a commit's name, but is {revision!r}"
        raise InputError(msg)
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or not path.isprintable():
        msg = f"{spec}: the path after the colon must stay inside the repository, but is {path!r}"
        raise InputError(msg)


def _commit(spec: str, revision: str) -> str:
    """The full name of the commit."""
    name = _git(spec, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if name is not None:
        return name.decode("ascii").strip()
    if _git(spec, "rev-parse", "--git-dir") is None:
        msg = f"{spec}: does not exist as a file, and this folder is in no git repository"
        raise InputError(msg)
    msg = (
        f"{spec}: does not exist as a file, and git knows no revision {revision!r} here; "
        "a shallow clone lacks older ones (fetch with full depth)"
    )
    raise InputError(msg)


def _git(spec: str, *arguments: str) -> bytes | None:
    """What git prints, or None if it refuses."""
    environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            capture_output=True,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
        )
    except FileNotFoundError as error:
        msg = f"{spec}: does not exist as a file, and git, which reads revisions, is missing"
        raise InputError(msg) from error
    except subprocess.TimeoutExpired as error:
        msg = f"{spec}: git did not answer within {_TIMEOUT_S} s"
        raise InputError(msg) from error
    return done.stdout if done.returncode == 0 else None
