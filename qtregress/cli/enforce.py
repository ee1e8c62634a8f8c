"""``qtregress enforce``: a saved verdict's exit status, once more."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import exit_style_option
from qtregress.errors import ExitCode, InputError
from qtregress.files.documents import load

if TYPE_CHECKING:
    from qtregress.verdict.verdict import Verdict

_HEAD = "HEAD"
_FEWEST_DIGITS = 7


@click.command("enforce")
@click.argument("verdict_json", type=click.Path(path_type=Path))
@click.option(
    "--require-commit",
    "commit",
    metavar="[SHA]",
    is_flag=False,
    flag_value=_HEAD,
    help="Hold unless the verdict is about this commit (7 digits or more; default: HEAD).",
)
@click.option("--max-age", "age", metavar="24h|7d", help="Hold if the verdict is older.")
@exit_style_option
def command(*, verdict_json: Path, commit: str | None, age: str | None) -> ExitCode:
    """Exit as VERDICT_JSON says, so that a verdict survives make, tee and artifacts.

    Nothing is computed again, but a verdict whose word, exit code and metrics contradict
    each other is refused with exit 13. A verdict about another commit, an old one, or a
    promotion whose waiver expired since holds (11). Write --require-commit after VERDICT_JSON
    or as --require-commit=SHA.
    """
    from qtregress.printable import printable
    from qtregress.report.text import HEADLINES, release
    from qtregress.verdict.freshness import waiver_problems
    from qtregress.verdict.verdict import Verdict

    _check_options(commit, age)
    verdict = load(verdict_json, Verdict).value
    now = datetime.now(UTC)
    silent = [*_other_commit(verdict, commit), *_wrong_age(verdict, verdict_json, age, now)]
    # a waiver that is over takes a promotion away; what rolled back stays rolled back
    expired = waiver_problems(verdict.metrics, now.date()) if verdict.verdict == "promote" else ()
    problems = [*silent, *expired]
    word = "hold" if problems else verdict.verdict
    click.echo(f"{HEADLINES[word]} {printable(release(verdict))}")
    if problems:
        problems.append(f"The verdict itself was {verdict.verdict}:")
    for reason in (*problems, *verdict.reasons):
        click.echo(f"- {printable(reason)}")
    return ExitCode.HOLD if problems else ExitCode(verdict.exit_code)


def _check_options(commit: str | None, age: str | None) -> None:
    """Refuse what cannot be asked, before anything is read.

    Raises:
        click.UsageError: an option's value is none.
    """
    from qtregress.verdict.freshness import is_commit, parsed_age

    if commit is not None and commit != _HEAD and not is_commit(commit):
        msg = (
            f"--require-commit must be at least {_FEWEST_DIGITS} hexadecimal digits of a commit, "
            f"but is {commit!r}"
        )
        raise click.UsageError(msg)
    if age is not None and parsed_age(age) is None:
        msg = f"--max-age must be hours or days above 0, such as 24h or 7d, but is {age!r}"
        raise click.UsageError(msg)


def _other_commit(verdict: "Verdict", commit: str | None) -> list[str]:
    """Why the verdict says nothing about the required commit; empty where it does."""
    from qtregress.files.git import head_commit
    from qtregress.verdict.freshness import commit_problem

    if commit is None:
        return []
    problem = commit_problem(verdict.commit, head_commit() if commit == _HEAD else commit)
    return [problem] if problem else []


def _wrong_age(verdict: "Verdict", path: Path, age: str | None, now: datetime) -> list[str]:
    """Why the verdict is too old or too new; empty where it is neither.

    Raises:
        InputError: nothing says when it was made.
    """
    from qtregress.verdict.freshness import age_problem, parsed_age, parsed_time

    oldest = None if age is None else parsed_age(age)
    if oldest is None:
        return []
    created = parsed_time(verdict.created)
    if created is None:
        msg = (
            f"{path}: created must be a time with its offset, such as "
            f"2025-01-31T12:00:00+00:00, but is {verdict.created!r}"
        )
        raise InputError(msg)
    problem = age_problem(created, oldest, now)
    return [problem] if problem else []
