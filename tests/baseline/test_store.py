"""The folder of baselines."""

import contextlib
import fcntl
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from qtregress.baseline.history import Terms
from qtregress.baseline.record import Baseline
from qtregress.errors import BaselineError, ExitCode
from qtregress.files import baseline_store
from qtregress.files.baseline_store import (
    accept,
    approved_at,
    approved_path,
    baseline_text,
    proposed_path,
    read_approved,
    read_baseline,
    read_proposal,
    restore,
    standing_proposal,
    write_proposal,
)
from tests.baseline import made

NOT_CI = {"CI": ""}


def proposal(value: float = 1e-3, *, previous: Baseline | None = None) -> Baseline:
    """A proposal with one metric, of the release after the previous one."""
    number = 0 if previous is None else len(previous.history)
    origin = made.release(number) if number else made.ORIGIN
    return made.proposal(made.with_value(made.ERROR, value), previous=previous, origin=origin)


def accepted_in(folder: Path, baseline: Baseline, *, day: int = 1) -> Path:
    """Where the baseline lies once proposed and accepted."""
    file = write_proposal(folder, baseline)
    return accept(file, folder, made.terms(day), environ=NOT_CI).path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def refused(folder: Path, problem: str, *, terms: Terms | None = None) -> None:
    """Accepting lima's proposal fails with this sentence and leaves every byte as it was."""
    before = contents(folder)
    with pytest.raises(BaselineError, match=problem) as caught:
        accept(proposed_path(folder, "lima"), folder, terms or made.terms(9), environ=NOT_CI)

    assert (caught.value.exit_code, contents(folder)) == (ExitCode.BASELINE, before)


def test_a_proposal_is_no_baseline(tmp_path: Path) -> None:
    """Until accepted, a proposal is not read."""
    write_proposal(tmp_path, proposal())

    assert read_approved(tmp_path, "lima") is None


def test_acceptance_moves_the_proposal(tmp_path: Path) -> None:
    """The proposal becomes the approved baseline and is gone."""
    path = accepted_in(tmp_path, proposal())

    assert path == approved_path(tmp_path, "lima")
    assert [item.name for item in tmp_path.iterdir()] == ["lima.json"]


def test_acceptance_keeps_the_reason(tmp_path: Path) -> None:
    """Both reasons are on record."""
    approved = read_baseline(accepted_in(tmp_path, proposal()))

    assert (approved.reason, approved.accepted) == ("First.", "Seen.")


def test_a_chain_grows(tmp_path: Path) -> None:
    """A proposal against the approved baseline can be accepted after it."""
    first = read_baseline(accepted_in(tmp_path, proposal()))
    second = read_baseline(accepted_in(tmp_path, proposal(2e-3, previous=first), day=2))

    assert second.previous == first.digest


def test_an_overtaken_proposal_is_refused(tmp_path: Path) -> None:
    """A proposal made before another one was accepted must be made again."""
    accepted_in(tmp_path, proposal())
    write_proposal(tmp_path, proposal(2e-3))

    refused(tmp_path, "propose again")


def test_a_clock_that_went_backwards_changes_nothing(tmp_path: Path) -> None:
    """The store is as it was, and the sentence says both times."""
    first = read_baseline(accepted_in(tmp_path, proposal(), day=5))
    write_proposal(tmp_path, proposal(2e-3, previous=first))

    refused(tmp_path, "the clock says 2025-02-04", terms=made.terms(4))


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_ci_accepts_nothing(tmp_path: Path, value: str) -> None:
    """Where CI is set, the approved baseline is read-only."""
    path = write_proposal(tmp_path, proposal())

    with pytest.raises(BaselineError, match="read-only in CI"):
        accept(path, tmp_path, made.terms(), environ={"CI": value})


def test_acceptance_needs_a_reason(tmp_path: Path) -> None:
    """Blanks are no reason."""
    write_proposal(tmp_path, proposal())

    refused(tmp_path, "the reason is empty", terms=made.terms(reason=" "))


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """While one process writes, another one is told so."""
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)

    try:
        with pytest.raises(BaselineError, match="another process"):
            write_proposal(tmp_path, proposal())
    finally:
        os.close(holder)


def test_a_missing_baseline_is_a_baseline_error(tmp_path: Path) -> None:
    """Missing is exit 12, not bad input."""
    with pytest.raises(BaselineError, match="there is no baseline") as caught:
        read_baseline(tmp_path / "lima.json")

    assert caught.value.exit_code == ExitCode.BASELINE


def spoiled(folder: Path, old: str, new: str) -> Path:
    """A stored baseline with one piece of its text replaced."""
    path = approved_path(folder, "lima")
    text = baseline_text(proposal())
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("0.001", "0.002", "edited by hand"),
        ('"reason": "First."', '"reason": "Second."', "edited by hand"),
        ("qtregress/baseline@1", "qtregress/baseline@9", "qtregress/baseline@1"),
        ("qtregress/baseline@1", "qtregress/chip@1", "qtregress/baseline@1"),
        ('"metrics"', '"metric"', "metric"),
        ('{\n "acc', '<<<<<<< ours\n{\n "acc', r"lima.json:1: .*conflict"),
        ("0.001", "NaN", "finite"),
        ('"lima"', '"lima", "device": "lima"', "twice"),
        ('{\n "acc', '=======\n{\n "acc', "must be JSON"),
        ('{\n "acc', '<<<<<<< ours\n{\n "acc', "baseline rebuild DEVICE --from REV"),
    ],
)
def test_a_spoiled_baseline_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """Edited, of another format, in conflict or not finite: a sentence each."""
    path = spoiled(tmp_path, old, new)

    with pytest.raises(BaselineError, match=problem):
        read_baseline(path)


def test_a_truncated_baseline_names_the_line(tmp_path: Path) -> None:
    """A file that ends early says where."""
    path = approved_path(tmp_path, "lima")
    path.write_text("\n".join(baseline_text(proposal()).split("\n")[:10]), encoding="utf-8")

    with pytest.raises(BaselineError, match=r"lima\.json:10:"):
        read_baseline(path)


def test_a_broken_link_is_not_no_baseline(tmp_path: Path) -> None:
    """A link to nowhere is an error, not a device's first baseline."""
    approved_path(tmp_path, "lima").symlink_to(tmp_path / "nowhere")

    with pytest.raises(BaselineError, match="does not exist"):
        read_approved(tmp_path, "lima")


def test_the_text_is_canonical() -> None:
    """Keys are sorted and the file ends in a newline."""
    lines = baseline_text(proposal()).splitlines()
    keys = [line.split('"')[1] for line in lines if line.startswith(' "')]

    assert keys == sorted(keys)
    assert baseline_text(proposal()).endswith("}\n")


def test_a_file_reads_back(tmp_path: Path) -> None:
    """What is written is what is read."""
    path = write_proposal(tmp_path, proposal())

    assert path == proposed_path(tmp_path, "lima")
    assert read_baseline(path) == proposal()


def test_a_file_for_a_folder_is_refused(tmp_path: Path) -> None:
    """A store that is no folder is a baseline error."""
    (tmp_path / "store").write_text("", encoding="utf-8")

    with pytest.raises(BaselineError, match="cannot be used as the folder"):
        write_proposal(tmp_path / "store", proposal())


def test_a_proposal_that_cannot_be_written_is_a_baseline_error(tmp_path: Path) -> None:
    """Where a folder stands in the way, the error is the store's."""
    proposed_path(tmp_path, "lima").mkdir()

    with pytest.raises(BaselineError, match="must be a file, but is a folder"):
        write_proposal(tmp_path, proposal())


def test_two_acceptances_at_once(tmp_path: Path) -> None:
    """One wins, the other is told; the store verifies."""
    write_proposal(tmp_path, proposal())
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    refused(tmp_path, "another process is writing")
    os.close(holder)
    accept(proposed_path(tmp_path, "lima"), tmp_path, made.terms(), environ=NOT_CI)

    refused(tmp_path, "there is no baseline")
    assert read_approved(tmp_path, "lima") is not None


def test_a_store_that_cannot_be_written_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only folder is a sentence, not a crash and not half an acceptance."""

    def read_only(*_: object, **__: object) -> tuple[int, str]:
        raise PermissionError(13, "Permission denied")

    write_proposal(tmp_path, proposal())
    monkeypatch.setattr(tempfile, "mkstemp", read_only)

    refused(tmp_path, "lima.json: cannot be written: Permission denied")


def test_a_leftover_proposal_is_removed(tmp_path: Path) -> None:
    """An acceptance that was killed before it removed the proposal is finished by the next."""
    made_now = proposal()
    path = accepted_in(tmp_path, made_now)
    before = path.read_bytes()
    file = write_proposal(tmp_path, made_now)
    done = accept(file, tmp_path, made.terms(3), environ=NOT_CI)

    assert (done.is_new, contents(tmp_path)) == (False, {"lima.json": before})


def test_a_proposal_in_the_place_of_a_baseline_is_refused(tmp_path: Path) -> None:
    """Copying the file is no acceptance."""
    approved_path(tmp_path, "lima").write_text(baseline_text(proposal()), encoding="utf-8")

    with pytest.raises(BaselineError, match="proposed but never accepted"):
        read_approved(tmp_path, "lima")


def test_another_devices_baseline_is_refused(tmp_path: Path) -> None:
    """Renaming the file does not make it this device's."""
    path = accepted_in(tmp_path, proposal()).rename(tmp_path / "manila.json")

    with pytest.raises(BaselineError, match="must be of device manila, but is of lima"):
        approved_at(path, "manila")


def test_another_devices_proposal_is_refused(tmp_path: Path) -> None:
    """Neither reviewed nor accepted as this device's, and nothing is created."""
    write_proposal(tmp_path, proposal()).rename(proposed_path(tmp_path, "manila"))
    before = contents(tmp_path)

    with pytest.raises(BaselineError, match="must be of device manila, but is of lima") as caught:
        read_proposal(tmp_path, "manila")
    with pytest.raises(BaselineError, match="must be of device manila, but is of lima"):
        accept(proposed_path(tmp_path, "manila"), tmp_path, made.terms(), environ=NOT_CI)

    assert (caught.value.exit_code, contents(tmp_path)) == (ExitCode.BASELINE, before)
    assert standing_proposal(tmp_path, "manila") is None


def test_a_link_to_the_store_is_the_store(tmp_path: Path) -> None:
    """Another spelling of the folder lets no other device's proposal in."""
    store = tmp_path / "store"
    write_proposal(store, proposal()).rename(proposed_path(store, "manila"))
    (tmp_path / "link").symlink_to(store)

    with pytest.raises(BaselineError, match="must be of device manila, but is of lima"):
        accept(tmp_path / "link" / "manila.proposed.json", store, made.terms(), environ=NOT_CI)


def test_a_proposal_elsewhere_may_have_any_name(tmp_path: Path) -> None:
    """Its content says whose it is."""
    file = write_proposal(tmp_path / "elsewhere", proposal())
    renamed = file.rename(file.parent / "night.proposed.json")

    assert accept(renamed, tmp_path, made.terms(), environ=NOT_CI).baseline.device == "lima"


def test_a_broken_chain_is_refused(tmp_path: Path) -> None:
    """A reworded acceptance, digest made to fit or not."""
    first = read_baseline(accepted_in(tmp_path, proposal()))
    path = accepted_in(tmp_path, proposal(2e-3, previous=first), day=2)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"accepted_by": "Ada"', '"accepted_by": "Eve"', 1))

    with pytest.raises(BaselineError, match="edited by hand"):
        read_baseline(path)


def test_a_device_named_like_a_proposal_has_no_baseline(tmp_path: Path) -> None:
    """Its file would be another device's proposal."""
    with pytest.raises(BaselineError, match="must not be named like a proposal"):
        read_approved(tmp_path, "lima.proposed")


def test_a_store_elsewhere_is_not_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A revision's paths start in the current folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    with pytest.raises(BaselineError, match="must lie below the current folder"):
        restore(tmp_path / "there", "lima", "HEAD", environ=NOT_CI)


def test_a_damaged_proposal_stands_for_nothing(tmp_path: Path) -> None:
    """The next proposal replaces it."""
    proposed_path(tmp_path, "lima").write_text("{", encoding="utf-8")

    assert standing_proposal(tmp_path, "lima") is None


def test_what_could_not_be_read_again_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file beyond the reader's limit would lock everybody out."""
    monkeypatch.setattr(baseline_store, "MAX_BYTES", 100)

    with pytest.raises(BaselineError, match="at most 100 bytes long to be read"):
        write_proposal(tmp_path, proposal())


_CALLS = ("open", "fchmod", "fsync", "replace", "rename", "unlink")
"""What an acceptance does to files."""


def killed_at(point: int, folder: Path, *, after: bool) -> bool:
    """Accept in a process that kills itself at its n-th call; whether it came to that."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            _deadly(point, after=after)
            accept(proposed_path(folder, "lima"), folder, made.terms(2), environ=NOT_CI)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _deadly(point: int, *, after: bool) -> None:
    """Let the n-th of the calls be the last, before or after it did its work."""
    left = iter(range(point, -1, -1))

    def wrapped(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            is_last = next(left) == 0
            if is_last and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = real(*arguments, **options)
            if is_last:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return call

    for name in _CALLS:
        setattr(os, name, wrapped(getattr(os, name)))


@pytest.mark.parametrize("after", [False, True])
def test_a_kill_at_any_point_leaves_the_old_or_the_new_baseline(
    tmp_path: Path, *, after: bool
) -> None:
    """Signal 9 before or after every call: the store verifies and the next accept works."""
    words = set()
    for point in range(100):
        folder = tmp_path / str(point)
        first = read_baseline(accepted_in(folder, proposal()))
        file = write_proposal(folder, proposal(2e-3, previous=first))
        was_killed = killed_at(point, folder, after=after)
        found = read_approved(folder, "lima")
        assert found is not None
        words.add((was_killed, len(found.history), file.exists()))
        if file.exists():
            done = accept(file, folder, made.terms(3), environ=NOT_CI)
            assert done.is_new == (len(found.history) == 1)
        last = read_baseline(approved_path(folder, "lima"))
        assert ([one.value for one in last.metrics], len(last.history)) == ([2e-3], 2)
        accepted_in(folder, proposal(3e-3, previous=last), day=4)
        assert [path.name for path in folder.iterdir()] == ["lima.json"]
        if not was_killed:
            break

    assert words >= {(True, 1, True), (True, 2, True), (False, 2, False)}
