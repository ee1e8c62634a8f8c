"""The folder of baselines."""

import fcntl
import os
from pathlib import Path

import pytest

from qtregress.baseline.ledger import Origin, propose
from qtregress.baseline.record import Baseline
from qtregress.errors import BaselineError, ExitCode
from qtregress.files.baseline_store import (
    accept,
    approved_path,
    baseline_text,
    proposed_path,
    read_approved,
    read_baseline,
    write_proposal,
)
from qtregress.metrics.metric import measured

ORIGIN = Origin(
    device="lima",
    firmware="1.0",
    profile_digest=f"sha256:{'1' * 64}",
    chip_digest=f"sha256:{'2' * 64}",
    policy_digest=f"sha256:{'3' * 64}",
    workload_digest=f"sha256:{'4' * 64}",
)
NOT_CI = {"CI": ""}


def proposal(value: float = 1e-3, *, previous: Baseline | None = None) -> Baseline:
    """A proposal with one metric."""
    return propose(
        ORIGIN,
        [measured("gate.error", "x:0", "", value)],
        previous=previous,
        environment={"python": "3.11"},
        created="2025-01-31T12:00:00+00:00",
        reason="First.",
    )


def accepted_in(folder: Path, baseline: Baseline) -> Path:
    """Where the baseline lies once proposed and accepted."""
    return accept(write_proposal(folder, baseline), folder, reason="Seen.", environ=NOT_CI)


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
    second = read_baseline(accepted_in(tmp_path, proposal(2e-3, previous=first)))

    assert second.previous == first.digest


def test_an_overtaken_proposal_is_refused(tmp_path: Path) -> None:
    """A proposal made before another one was accepted must be made again."""
    accepted_in(tmp_path, proposal())
    late = write_proposal(tmp_path, proposal(2e-3))

    with pytest.raises(BaselineError, match="propose again"):
        accept(late, tmp_path, reason="Seen.", environ=NOT_CI)


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_ci_accepts_nothing(tmp_path: Path, value: str) -> None:
    """Where CI is set, the approved baseline is read-only."""
    path = write_proposal(tmp_path, proposal())

    with pytest.raises(BaselineError, match="read-only in CI"):
        accept(path, tmp_path, reason="Seen.", environ={"CI": value})


def test_acceptance_needs_a_reason(tmp_path: Path) -> None:
    """Blanks are no reason."""
    path = write_proposal(tmp_path, proposal())

    with pytest.raises(BaselineError, match="the reason is empty"):
        accept(path, tmp_path, reason=" ", environ=NOT_CI)


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
