"""``qtregress report``: any report again, from a saved verdict."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import console, deliver, one_standard_output
from qtregress.errors import ExitCode
from qtregress.files.documents import load

if TYPE_CHECKING:
    from qtregress.verdict.verdict import Verdict

_NO_LINES: Mapping[str, int] = MappingProxyType({})


@click.command("report")
@click.argument("verdict_json", type=click.Path(path_type=Path))
@click.option("--junit", metavar="FILE", help="Write JUnit XML (- is standard output).")
@click.option("--markdown", metavar="FILE", help="Write Markdown.")
@click.option("--json", "json_", metavar="FILE", help="Write the verdict itself.")
@click.option("--table", is_flag=True, help="Show the table; the default if nothing else is.")
def command(
    *, verdict_json: Path, junit: str | None, markdown: str | None, json_: str | None, table: bool
) -> ExitCode:
    """Redo reports from VERDICT_JSON; exits 0 whatever the verdict (see enforce)."""
    from qtregress.verdict.verdict import Verdict

    one_standard_output([junit, markdown, json_, "-" if table else None])
    verdict = load(verdict_json, Verdict).value
    write_reports(verdict, junit=junit, markdown=markdown, json_=json_)
    if table or not (junit or markdown or json_):
        from qtregress.report.table import verdict_table

        console().print(verdict_table(verdict))
    return ExitCode.PROMOTE


def write_reports(
    verdict: "Verdict",
    *,
    junit: str | None,
    markdown: str | None,
    json_: str | None,
    lines: Mapping[str, int] = _NO_LINES,
) -> None:
    """Write each report that has a target; ``-`` is standard output.

    Args:
        verdict: what to report.
        junit: target of the JUnit XML, None for none.
        markdown: target of the Markdown.
        json_: target of the verdict itself.
        lines: where NEW's file has a gate, by gate id, counted from 1.

    Raises:
        InputError: a file cannot be written.
    """
    if json_:
        from qtregress.report.json_text import document_text

        deliver(json_, document_text(verdict))
    if markdown:
        from qtregress.report.markdown import markdown_text

        deliver(markdown, markdown_text(verdict))
    if junit:
        from qtregress.report.junit import junit_text

        attached = attachable([json_, markdown])
        deliver(junit, junit_text(verdict, lines=lines, attachments=attached))


def attachable(targets: Sequence[str | None]) -> tuple[str, ...]:
    """The targets that a CI system can attach: files below the folder the job runs in."""
    paths = [PurePath(target) for target in targets if target not in {None, "-", ""}]
    return tuple(
        path.as_posix() for path in paths if not path.is_absolute() and ".." not in path.parts
    )
