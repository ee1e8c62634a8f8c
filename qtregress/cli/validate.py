"""``qtregress validate``: are these files documents that the tool can use?"""

import click

from qtregress.errors import ExitCode, InputError


@click.command("validate", context_settings={"help_option_names": ["--help"]})
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def command(files: tuple[str, ...]) -> ExitCode:
    """Check each FILE (or REV:PATH) against its format; nothing is simulated.

    Exits 13 and names file, line, column and key of what is wrong.
    """
    problems = [problem for file in files if (problem := _problem(file))]
    if problems:
        raise InputError("\n".join(problems))
    return ExitCode.PROMOTE


def _problem(file: str) -> str:
    """What is wrong with the file; says so on standard output if nothing is."""
    from qtregress.files.documents import load_any

    try:
        loaded = load_any(file)
    except InputError as error:
        return str(error)
    click.echo(f"{loaded.path}: valid {loaded.kind} {loaded.digest}")
    return ""
