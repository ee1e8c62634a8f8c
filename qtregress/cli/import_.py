"""``qtregress import``: foreign pulse tables as profiles and chips."""

from pathlib import Path

import click

from qtregress.errors import ExitCode


@click.group("import")
def command() -> None:
    """Turn a foreign pulse table into a profile and a chip."""


@command.command("ibm-backend")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "destination", metavar="DEST", required=True, type=click.Path(path_type=Path)
)
@click.option("--force", is_flag=True, help="Replace files that differ, even a fitted chip.yaml.")
def ibm_backend(*, source: Path, destination: Path, force: bool) -> ExitCode:
    """Read DIR's defs_*.json, conf_*.json and props_*.json; write into the folder DEST.

    The profile is written as DEST/<calibration date>.yaml. DEST/chip.yaml is written if
    there is none: an existing one of the same device is kept, because it may hold a fit.
    """
    from qtregress.files.ibm_backend import read_ibm_backend
    from qtregress.files.imported import write_backend

    backend = read_ibm_backend(source)
    for line in (*write_backend(backend, destination, force=force), *backend.notes):
        click.echo(line)
    return ExitCode.PROMOTE


@command.command("qibolab")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "destination", metavar="DEST", required=True, type=click.Path(path_type=Path)
)
@click.option("--date", help="The calibration's day, YYYY-MM-DD; default: that in DIR's name.")
@click.option("--device", help="The device's name; default: that of its folder.")
@click.option("--force", is_flag=True, help="Replace files that differ, even a fitted chip.yaml.")
def qibolab(
    *, source: Path, destination: Path, date: str | None, device: str | None, force: bool
) -> ExitCode:
    """Read DIR's parameters.json and calibration.json of Qibolab 0.1 or 0.2.

    The files name neither device nor day: DIR's name may, as tuna5/2026-08-03_55a2015e does.
    What is written where is as of ibm-backend.
    """
    from qtregress.files.imported import write_backend
    from qtregress.files.qibolab import read_qibolab

    backend = read_qibolab(source, date=date, device=device)
    for line in (*write_backend(backend, destination, force=force), *backend.notes):
        click.echo(line)
    return ExitCode.PROMOTE
