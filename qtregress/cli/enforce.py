"""``qtregress enforce``: a saved verdict's exit status, once more."""

from pathlib import Path

import click

from qtregress.cli.edge import exit_style_option
from qtregress.errors import ExitCode
from qtregress.files.documents import load


@click.command("enforce")
@click.argument("verdict_json", type=click.Path(path_type=Path))
@exit_style_option
def command(verdict_json: Path) -> ExitCode:
    """Exit as VERDICT_JSON says, so that a verdict survives make, tee and artifacts.

    Nothing is computed again, but a verdict whose word, exit code and metrics contradict
    each other is refused with exit 13.
    """
    from qtregress.printable import printable
    from qtregress.report.text import HEADLINES, release
    from qtregress.verdict.verdict import Verdict

    verdict = load(verdict_json, Verdict).value
    click.echo(f"{HEADLINES[verdict.verdict]} {printable(release(verdict))}")
    for reason in verdict.reasons:
        click.echo(f"- {printable(reason)}")
    return ExitCode(verdict.exit_code)
