"""``qtregress chip``: calibrate a chip file."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.errors import ExitCode, InputError

if TYPE_CHECKING:
    from qtregress.chip.chip import Chip


@click.group("chip")
def command() -> None:
    """Calibrate a chip file."""


@command.command("fit-drive")
@click.argument("chip", type=click.Path(path_type=Path))
@click.argument("profile", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: rewrite CHIP.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes to use.")
@click.option("--quiet", is_flag=True, help="No progress, no table.")
def fit_drive(
    *, chip: Path, profile: Path, output: Path | None, jobs: int | None, quiet: bool
) -> ExitCode:
    """Calibrate CHIP's lines so that PROFILE's gates are what they mean.

    Writes gains, slopes, compression, offsets, couplings and cross drives, and the residual
    of every gate; a gate the model does not reach stays undecided in every later check.
    """
    from qtregress.calibrate.fit import fit_drive as fit
    from qtregress.chip.chip import Chip
    from qtregress.cli.workers import workers
    from qtregress.files.atomic import write_text
    from qtregress.files.documents import dump, load
    from qtregress.pulses.profile import Profile

    before = load(chip, Chip)
    reference = load(profile, Profile)
    if before.value.device != reference.value.device:
        msg = (
            f"{profile}: device must be {before.value.device} as in {chip}, "
            f"but is {reference.value.device}"
        )
        raise InputError(msg)
    with workers(jobs, quiet=quiet) as run:
        fitted = fit(before.value, reference.value, run)
    write_text(output or chip, dump(fitted))
    if not quiet:
        _report(fitted, output or chip)
    return ExitCode.PROMOTE


def _report(chip: "Chip", path: Path) -> None:
    from rich.table import Table

    from qtregress.cli.edge import console

    table = Table("gate", "residual 1-F", "status")
    gates = chip.fit.gates if chip.fit else ()
    for gate in sorted(gates, key=lambda gate: -gate.residual):
        table.add_row(gate.gate, f"{gate.residual:.1e}", gate.status)
    console().print(table)
    unfitted = [gate.gate for gate in gates if gate.status == "unfitted"]
    click.echo(f"wrote {path}: {len(gates)} gates, {len(unfitted)} unfitted")
    if unfitted:
        click.echo(f"undecided in every check: {', '.join(unfitted)}")
