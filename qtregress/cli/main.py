"""The program: picks a command, runs it, and turns whatever happens into an exit status."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import TextIO

import click

from qtregress.cli.edge import complain, exit_style, styled
from qtregress.errors import ExitCode, QtregressError

COMMANDS: dict[str, tuple[str, str]] = {
    "check": (
        "qtregress.cli.check:command",
        "Compare two firmware profiles and promote, hold or roll back.",
    ),
    "simulate": (
        "qtregress.cli.simulate:command",
        "Measure one profile's metrics, without a judgement.",
    ),
    "skill": (
        "qtregress.cli.skill:command",
        "Put predicted errors beside measured ones.",
    ),
    "canary": (
        "qtregress.cli.canary:command",
        "Play circuits with the noise of two profiles, without a judgement.",
    ),
    "explain": (
        "qtregress.cli.explain:command",
        "Say why a saved verdict is what it is: pulses and fields.",
    ),
    "baseline": (
        "qtregress.cli.baseline:command",
        "Propose, accept and verify approved metrics.",
    ),
    "enforce": (
        "qtregress.cli.enforce:command",
        "Exit as a saved verdict says.",
    ),
    "import": (
        "qtregress.cli.import_:command",
        "Turn a foreign pulse table into a profile and a chip.",
    ),
    "chip": (
        "qtregress.cli.chip:command",
        "Calibrate a chip file.",
    ),
    "validate": (
        "qtregress.cli.validate:command",
        "Check files' formats; nothing is simulated.",
    ),
    "selftest": (
        "qtregress.cli.selftest:command",
        "Test this installation: engines, maps, processes.",
    ),
    "report": (
        "qtregress.cli.report:command",
        "Redo reports from a saved verdict.",
    ),
}
"""Name -> where the command is and its line of help; a module is imported when called."""


class LazyGroup(click.Group):
    """A group that imports a command only to run it, and lists them without imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names, in the order of ``COMMANDS``."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None where there is none of that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            msg = f"{module}:{attribute} must be a command, but is {command!r}"
            raise TypeError(msg)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands into the help."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qtregress", prog_name="qtregress")
def app() -> None:
    """Thermal regression tests for superconducting-qubit firmware.

    Exit status: 0 promote, 10 roll back, 11 hold, 12 baseline missing, stale or edited,
    13 bad input, 2 usage, 70 internal error, 130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_encode(stream)
    return styled(_status(given), exit_style(given, os.environ))


def _status(arguments: list[str]) -> ExitCode:
    try:
        result = app.main(
            args=arguments,
            prog_name="qtregress",
            standalone_mode=False,
            auto_envvar_prefix="QTREGRESS",
        )
        sys.stdout.flush()
        return _checked(result)
    except BaseException as error:  # noqa: BLE001  # the edge: nothing escapes it
        return _failure(error)


def _checked(result: object) -> ExitCode:
    """The command's result as a status; a command that returns none has a defect."""
    if isinstance(result, int) and result in set(ExitCode):
        return ExitCode(result)
    complain(f"internal error: the command returned {result!r}, which is no exit status")
    return ExitCode.INTERNAL


def _failure(error: BaseException) -> ExitCode:
    """Tell the user of ``error`` and return its status."""
    match error:
        case QtregressError():
            complain(str(error))
            return error.exit_code
        case click.ClickException():
            return _refused(error)
        case click.Abort() | KeyboardInterrupt() | EOFError():
            complain("interrupted")
            return ExitCode.INTERRUPTED
        case SystemExit():
            return _stopped(error.code)
        case OSError(errno=errno.EPIPE):
            return _closed_early()
        case _:
            return _crashed(error)


def _refused(error: click.ClickException) -> ExitCode:
    """The status of what click itself refuses: a usage, or a file it cannot open."""
    if not isinstance(error, click.UsageError):
        complain(error.format_message())
        return ExitCode.BAD_INPUT
    if error.ctx is None or type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return ExitCode.USAGE
    complain(error.format_message())
    click.echo(f"Try '{error.ctx.command_path} --help'.", err=True)
    return ExitCode.USAGE


def _stopped(code: object) -> ExitCode:
    """The status of a ``sys.exit`` below: click's own is 1, on a closed pipe.

    Zero is not believed: only a command that ran to its end may promote.
    """
    if isinstance(code, int) and code and code in set(ExitCode):
        return ExitCode(code)
    return _closed_early()


def _closed_early() -> ExitCode:
    """The status where whoever read standard output left before the end."""
    _silence(sys.stdout, 1)
    complain("standard output was closed before everything was written")
    return ExitCode.INTERNAL


def _crashed(error: BaseException) -> ExitCode:
    complain(f"internal error: {type(error).__name__}: {error}")
    if os.environ.get("QTREGRESS_DEBUG") == "1":
        traceback.print_exception(error)
    else:
        complain("this is a defect; QTREGRESS_DEBUG=1 shows where it happened")
    return ExitCode.INTERNAL


def _never_fail_to_encode(stream: object) -> None:
    """Let what the terminal's encoding lacks appear as an escape instead of a crash."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _silence(stream: TextIO, descriptor: int) -> None:
    """Send the rest to nowhere, so that the interpreter's last flush cannot fail."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
        stream.flush()
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    sys.exit(main())
