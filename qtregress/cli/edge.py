"""What every command shares where the program meets its caller: streams, exits, clock."""

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from qtregress.errors import ExitCode, InputError

if TYPE_CHECKING:
    from rich.console import Console

Command = TypeVar("Command", bound=Callable[..., Any])

STYLES = ("detailed", "simple", "bisect")
_OPTION = "--exit-style"
_CI_WIDTH = 120
_SKIP = 125
_STORE = "baselines"


def cache_option(command: Command) -> Command:
    """The option ``--cache/--no-cache``."""
    return click.option(
        "--cache/--no-cache",
        default=True,
        show_default=True,
        help="Remember simulated gates between runs (QTREGRESS_CACHE_DIR says where).",
    )(command)


def exit_style_option(command: Command) -> Command:
    """The option ``--exit-style``; ``main`` itself acts on it, see ``exit_style``."""
    return click.option(
        _OPTION,
        type=click.Choice(STYLES),
        default="detailed",
        show_default=True,
        expose_value=False,
        help="detailed: the documented codes; simple: 0 or 1; bisect: 0, 1 or 125 (skip).",
    )(command)


def exit_style(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The exit style that the command line or the environment asks for.

    It is read from the bare arguments because it also holds where parsing them fails: a
    misspelt option must not look like a bad commit to ``git bisect run``.
    """
    words = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    command = next((word for word in words if not word.startswith("-")), "")
    style = environ.get(f"QTREGRESS_{command.upper()}_EXIT_STYLE", "detailed")
    for word, following in pairwise([*words, ""]):
        if word == _OPTION:
            style = following
        elif word.startswith(f"{_OPTION}="):
            style = word.partition("=")[2]
    return style


def styled(code: ExitCode, style: str) -> int:
    """The process's exit status for ``code``.

    ``simple`` is 0 for a promotion and 1 for all else. ``bisect`` is for
    ``git bisect run``: 0 good, 1 bad (a rollback), 125 untestable (a hold and every
    error). An interrupt stays 130 in every style, so that it stops a bisection.
    """
    if code in {ExitCode.PROMOTE, ExitCode.INTERRUPTED} or style not in {"simple", "bisect"}:
        return int(code)
    return 1 if style == "simple" or code == ExitCode.ROLLBACK else _SKIP


def console(environ: Mapping[str, str] | None = None, *, file: IO[str] | None = None) -> "Console":
    """A console that interprets no markup and honours NO_COLOR, FORCE_COLOR and CI.

    Where no terminal and no COLUMNS say how wide to be, CI logs get 120 columns.
    """
    from rich.console import Console

    environment = os.environ if environ is None else environ
    made = Console(file=file, markup=False, emoji=False, highlight=False, _environ=environment)
    on_terminal = (file or sys.stdout).isatty()
    if environment.get("CI") and not on_terminal and "COLUMNS" not in environment:
        made.width = _CI_WIDTH
    return made


def complain(sentence: str) -> None:
    """Say ``sentence`` on standard error, harmless even if a file or path supplied it."""
    from qtregress.printable import printable

    lines = [printable(line) for line in sentence.splitlines()]
    click.echo("\n".join([f"qtregress: {lines[0] if lines else ''}", *lines[1:]]), err=True)


def deliver(target: str, text: str) -> None:
    """Write ``text`` to the file ``target``, or to standard output where that is ``-``.

    Raises:
        InputError: the file cannot be written.
    """
    if target == "-":
        sys.stdout.write(text)
        return
    from qtregress.files.atomic import write_text

    write_text(Path(target), text)


def prepare(
    targets: Sequence[str | None],
    inputs: Sequence[str | Path | None],
    *,
    store: Path,
    forget: bool = True,
) -> None:
    """Make sure, before anything is computed, that reports can be written where they should.

    Earlier reports are removed, even where another one is refused: what a failed run leaves
    must not look like its answer. Only
    a document that is written anew, such as a chip file, stays (``forget`` is off).

    Raises:
        click.UsageError: a report would replace an input or another report, or lie in the
            ``store`` of baselines or any other folder of that name.
        InputError: a folder is missing, a target is no file, or an earlier report cannot be
            removed.
    """
    files = _distinct_files(targets)
    given = {os.path.realpath(path) for path in inputs if path is not None}
    refused: list[click.UsageError | InputError] = []
    for file in files:
        try:
            _check_report(file, given, store)
            if forget:
                _forget(file)
        except (click.UsageError, InputError) as error:
            refused.append(error)
    if refused:
        raise refused[0]


def _check_report(file: Path, given: Collection[str], store: Path) -> None:
    from qtregress.files.atomic import check_target

    if os.path.realpath(file) in given:
        msg = f"a report must not replace an input, but {file} is one"
        raise click.UsageError(msg)
    folder = os.path.realpath(file.parent)
    # The store of a profile at a revision, REV:baselines, is no folder to compare with.
    if folder == os.path.realpath(store) or Path(folder).name == _STORE:
        msg = f"a report must not lie among the baselines, but {file} would"
        raise click.UsageError(msg)
    if not os.path.isdir(file.parent):  # noqa: PTH112  # never raises
        msg = f"{file}: cannot be written: there is no folder {file.parent}"
        raise InputError(msg)
    check_target(file)


def _distinct_files(targets: Sequence[str | None]) -> list[Path]:
    """The targets that are files.

    Raises:
        click.UsageError: two of them are one file.
    """
    files = [Path(target) for target in targets if target not in {None, "-", ""}]
    places = [os.path.realpath(file) for file in files]
    for file, place in zip(files, places, strict=True):
        if places.count(place) > 1:
            msg = f"every report must have a file of its own, but two are to go to {file}"
            raise click.UsageError(msg)
    return files


def _forget(file: Path) -> None:
    if not os.path.isfile(file):  # noqa: PTH113  # never raises
        return
    try:
        file.unlink()
    except OSError as error:
        msg = f"{file}: an earlier report cannot be removed: {error.strerror}"
        raise InputError(msg) from error


def one_standard_output(targets: Sequence[str | None]) -> None:
    """Refuse two reports on one stream or in one file.

    Raises:
        click.UsageError: more than one target is ``-``, or two are the same file.
    """
    _distinct_files(targets)
    if list(targets).count("-") > 1:
        msg = "at most one report may go to standard output (-)"
        raise click.UsageError(msg)


def now() -> str:
    """The time in UTC to the second, ``2025-01-31T12:00:00+00:00``."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()
