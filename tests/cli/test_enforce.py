"""``qtregress enforce``: commits, ages and waivers of a saved verdict."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qtregress.cli.main import main
from qtregress.files import git
from qtregress.report.json_text import document_text
from qtregress.verdict.decide import Circumstances, Said, decide, document
from qtregress.verdict.verdict import Verdict
from tests.verdict.made import difference, policy, waiver

NOW = datetime.now(UTC)
SHA = "9708f54a" * 5
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test stands in a folder of its own, whose commit is ``SHA``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(git, "head_commit", lambda: SHA)


def verdict(
    outcomes: Sequence[str] = ("ok",),
    *,
    commit: str | None = SHA,
    created: str | None = None,
    waived: bool = False,
) -> Verdict:
    """A verdict over gates with these outcomes, made now."""
    found = [difference(word, f"x:{i}") for i, word in enumerate(outcomes)]
    terms = policy(waivers=[waiver(expires="2025-02-01")] if waived else [])
    said = Said(today=datetime(2025, 1, 31, tzinfo=UTC).date())
    return document(
        decide(found, policy=terms, said=said),
        Circumstances(
            device="lima",
            old_firmware="1.0",
            new_firmware="1.1",
            inputs={},
            environment={},
            created=created or NOW.isoformat(timespec="seconds"),
            commit=commit,
        ),
    )


def enforced(saved: Verdict, *options: str) -> int:
    """The exit status that a saved verdict gives."""
    Path("v.json").write_text(document_text(saved), encoding="utf-8")
    return main(["enforce", "v.json", *options])


@pytest.mark.parametrize(("outcome", "status"), [("ok", 0), ("regressed", 10), ("undecided", 11)])
def test_a_verdict_speaks_once_more(outcome: str, status: int) -> None:
    """Its exit status survives make, tee and artifacts."""
    assert enforced(verdict([outcome])) == status


@pytest.mark.parametrize(
    "options",
    [["--require-commit"], [f"--require-commit={SHA}"], ["--require-commit", SHA[:7]]],
)
def test_a_verdict_about_this_commit_counts(options: list[str]) -> None:
    """HEAD, a whole name, or its first seven digits."""
    assert enforced(verdict(), *options) == 0


@pytest.mark.parametrize("commit", ["0" * 40, None])
def test_a_verdict_about_another_commit_holds(
    commit: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says nothing about this one, and it says so."""
    status = enforced(verdict(commit=commit), "--require-commit")

    assert (status, capsys.readouterr().out.splitlines()[0]) == (11, "HOLD lima: 1.0 -> 1.1")


def test_a_rollback_of_another_commit_holds() -> None:
    """Nor does it roll this one back."""
    assert enforced(verdict(["regressed"], commit=None), "--require-commit") == 11


def test_outside_a_repository_no_commit_is_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """HEAD is of nothing."""
    monkeypatch.setattr(git, "head_commit", lambda: None)

    assert enforced(verdict(), "--require-commit") == 11


@pytest.mark.parametrize("option", ["--require-commit=main", "--require-commit=123456"])
def test_what_names_no_commit_is_refused(option: str) -> None:
    """A branch moves, and six digits are too few."""
    assert enforced(verdict(), option) == 2


@pytest.mark.parametrize(("age", "status"), [(HOUR, 0), (25 * HOUR, 11), (-HOUR, 11)])
def test_a_verdict_gets_old(age: timedelta, status: int) -> None:
    """More than a day holds, and so does a verdict of tomorrow."""
    created = (NOW - age).isoformat(timespec="seconds")

    assert enforced(verdict(created=created), "--max-age", "24h") == status


def test_the_reason_of_an_old_verdict_is_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Then what the verdict itself was."""
    enforced(verdict(created=(NOW - 72 * HOUR).isoformat()), "--max-age", "2d")
    lines = capsys.readouterr().out.splitlines()

    assert " ago, and at most 48 h are allowed: check again." in lines[1]
    assert lines[2] == "- The verdict itself was promote:"


@pytest.mark.parametrize("created", ["today", "2025-01-31T12:00:00"])
def test_a_verdict_without_a_time_is_refused(created: str) -> None:
    """Where an age is asked for, nobody can tell."""
    statuses = [
        enforced(verdict(created=created)),
        enforced(verdict(created=created), "--max-age", "7d"),
    ]

    assert statuses == [0, 13]


@pytest.mark.parametrize("age", ["24", "0h", "1w"])
def test_what_is_no_age_is_refused(age: str) -> None:
    """Hours or days above zero."""
    assert enforced(verdict(), "--max-age", age) == 2


def test_a_promotion_whose_waiver_is_over_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever answered for it does so no longer."""
    saved = verdict(["ok", "regressed"], waived=True)

    assert (saved.verdict, enforced(saved)) == ("promote", 11)
    assert "by Ada expired on 2025-02-01." in capsys.readouterr().out


def test_a_hold_with_a_waiver_that_is_over_stays_a_hold() -> None:
    """Its own reasons are enough."""
    assert enforced(verdict(["lost", "regressed"], waived=True)) == 11
