"""``qtregress chip``: calibrate a chip file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import deliver, prepare
from qtregress.errors import ExitCode, InputError

if TYPE_CHECKING:
    from qtregress.calibrate.least_squares import Fitted
    from qtregress.calibrate.refresh import Move
    from qtregress.chip.chip import Chip
    from qtregress.files.telemetry import TelemetryReport


_output_option = click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Default: rewrite CHIP (- is standard output, then without a report).",
)


@click.group("chip")
def command() -> None:
    """Calibrate a chip file."""


def _target(output: str | None, chip: Path, other: Path) -> str:
    """Where the fitted chip goes: to CHIP, or where it replaces nothing that is needed.

    Raises:
        click.UsageError: it would replace ``other`` or a baseline, or CHIP is no file but a
            revision, and nothing says where to write.
        InputError: it cannot be written there.
    """
    from qtregress.cli.inputs import baseline_of
    from qtregress.files.git import is_revision

    if not output and is_revision(str(chip)):
        msg = f"{chip} cannot be rewritten, since it is read from git; say where with --output"
        raise click.UsageError(msg)
    target = output or str(chip)
    # An earlier fit is good until there is a new one: unlike a report, it stays.
    prepare([target], [other], store=baseline_of(str(chip), "").parent, forget=False)
    return target


@command.command("fit-drive")
@click.argument("chip", type=click.Path(path_type=Path))
@click.argument("profile", type=click.Path(path_type=Path))
@click.option(
    "--gains-only",
    is_flag=True,
    help="Keep slope, compression and J: what check --new-chip asks for.",
)
@_output_option
@click.option("--jobs", type=click.IntRange(min=1), help="Processes to use.")
@click.option("--quiet", is_flag=True, help="No progress, no table.")
def fit_drive(
    *,
    chip: Path,
    profile: Path,
    gains_only: bool,
    output: str | None,
    jobs: int | None,
    quiet: bool,
) -> ExitCode:
    """Calibrate CHIP's lines so that PROFILE's gates are what they mean.

    Writes gains, slopes, compression, offsets, couplings and cross drives, and the residual
    of every gate; a gate the model does not reach stays undecided in every later check.
    With --gains-only it writes gains, phases and offsets of lines and cross drives alone: the
    chip that moved since its lines were fitted. A changed DRAG then stays to be seen.
    """
    from qtregress.calibrate.fit import fit_drive as fit
    from qtregress.chip.chip import Chip
    from qtregress.cli.workers import workers
    from qtregress.files.documents import dump, load
    from qtregress.pulses.profile import Profile

    target = _target(output, chip, profile)
    before = load(chip, Chip)
    reference = load(profile, Profile)
    if before.value.device != reference.value.device:
        msg = (
            f"{profile}: device must be {before.value.device} as in {chip}, "
            f"but is {reference.value.device}"
        )
        raise InputError(msg)
    with workers(jobs, quiet=quiet) as run:
        fitted = fit(before.value, reference.value, run, gains_only=gains_only)
    with _naming(chip, profile):
        fitted = Chip.model_validate(fitted.model_dump())
    deliver(target, dump(fitted))
    if not quiet and target != "-":
        _report(fitted, target)
    return ExitCode.PROMOTE


def _report(chip: "Chip", path: str) -> None:
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


@command.command("fit-thermal")
@click.argument("chip", type=click.Path(path_type=Path))
@click.option(
    "--telemetry",
    type=click.Path(path_type=Path),
    required=True,
    help="CSV, or a Prometheus range query's answer (.json).",
)
@_output_option
@click.option("--quiet", is_flag=True, help="No report, no table.")
def fit_thermal(*, chip: Path, telemetry: Path, output: str | None, quiet: bool) -> ExitCode:
    """Fit CHIP's cooling curves, residual photons and attenuator films to a lab's TELEMETRY.

    What is wrong with the telemetry is reported first. A number that the data cannot tell, or
    whose law they do not follow, keeps its old value and is named on standard error; the file
    is written and the exit status 0 as long as any number is fitted. Otherwise nothing is
    written and the exit status is 13.
    """
    from qtregress.calibrate.telemetry import sampling
    from qtregress.calibrate.thermal import fit_thermal as fit
    from qtregress.chip.chip import Chip
    from qtregress.cli.edge import complain
    from qtregress.files.documents import dump, read
    from qtregress.files.telemetry import read_telemetry

    target = _target(output, chip, telemetry)
    is_shown = not quiet and target != "-"
    before = read(chip, Chip)
    rows, report = read_telemetry(telemetry)
    with _naming(chip):
        sampled = sampling(before, rows)
    if is_shown:
        _say_read(telemetry, report, sampled)
    with _naming(chip, telemetry):
        found = fit(before, rows)
    left = [f"{row.name}: {row.status}: {row.reason}" for row in found.numbers if row.reason]
    if not any(row.status == "fitted" for row in found.numbers):
        msg = f"{telemetry}: must determine at least one number, but does not; nothing is written"
        raise InputError("\n".join([msg, *left]))
    deliver(target, dump(found.chip))
    for sentence in left:
        complain(f"kept as it was: {sentence}")
    if is_shown:
        _show_numbers(found.numbers)
        click.echo(
            f"wrote {target}: {len(found.numbers) - len(left)} numbers fitted, {len(left)} kept"
        )
    return ExitCode.PROMOTE


@contextmanager
def _naming(*paths: Path) -> Iterator[None]:
    """Name the files in the sentence of what goes wrong with them.

    Raises:
        InputError: there is one, or what was fitted is nothing that a chip file may hold.
    """
    from pydantic import ValidationError

    names = " with ".join(map(str, paths))
    try:
        yield
    except InputError as error:
        msg = f"{names}: {error}"
        raise InputError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        msg = f"{names}: the fit must be what a chip file may hold, but {where}: {first['msg']}"
        raise InputError(msg) from error


def _say_read(path: Path, report: "TelemetryReport", sampled: tuple[str, ...]) -> None:
    """What was read, and a line for everything that is wrong with it."""
    from qtregress.printable import printable

    click.echo(
        f"read {printable(str(path))}: {report.rows} rows of {len(report.series)} series, "
        f"{report.used} values used, {report.left_out} left out"
    )
    for sentence in (*report.remarks, *sampled):
        click.echo(f"  {printable(sentence)}")


def _show_numbers(numbers: "tuple[Fitted, ...]") -> None:
    from rich.table import Column, Table

    from qtregress.cli.edge import console

    table = Table(Column("number", no_wrap=True), "old", "found", "rows", "scatter", "status")
    for row in numbers:
        fit = row.goodness
        found = "-"
        if row.value is not None and row.uncertainty is not None:
            found = f"{row.value:.4g} ± {row.uncertainty:.2g}"
        rows, scatter = ("-", "-") if fit is None else (str(fit.rows), f"{fit.scatter:.2g}")
        table.add_row(row.name, f"{row.old:.4g}", found, rows, scatter, row.status)
    console().print(table)


@command.command("update")
@click.argument("chip", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "kind",
    type=click.Choice(["ibm-backend", "qibolab"]),
    required=True,
    help="Whose files SOURCE holds.",
)
@click.argument("source", type=click.Path(path_type=Path))
@_output_option
@click.option("--date", help="Of a qibolab calibration, as in import qibolab.")
@click.option("--device", help="Name of a qibolab device, as in import qibolab.")
@click.option("--quiet", is_flag=True, help="No table.")
def update(  # noqa: PLR0913  # one option each
    *,
    chip: Path,
    kind: str,
    source: Path,
    output: str | None,
    date: str | None,
    device: str | None,
    quiet: bool,
) -> ExitCode:
    """Bring CHIP to the state that the folder SOURCE measured; lines, fridge and fit stay.

    Taken over are T1, T2, frequencies, anharmonicities, residual photons, the resonators'
    frequencies and measured gate errors, as far as SOURCE measured them.
    """
    from qtregress.calibrate.refresh import refreshed
    from qtregress.chip.chip import Chip
    from qtregress.cli.edge import complain
    from qtregress.files.documents import dump, load
    from qtregress.files.ibm_backend import read_ibm_backend
    from qtregress.files.qibolab import read_qibolab

    if kind != "qibolab" and (date or device):
        msg = "--date and --device are of --from qibolab alone"
        raise click.UsageError(msg)
    target = _target(output, chip, source)
    before = load(chip, Chip).value
    if kind == "qibolab":
        backend = read_qibolab(source, date=date, device=device)
    else:
        backend = read_ibm_backend(source)
    with _naming(chip, source):
        found = refreshed(before, backend.chip)
        updated = Chip.model_validate(found.chip.model_dump())
    deliver(target, dump(updated))
    for sentence in (*backend.notes, *found.kept):
        complain(sentence)
    if not quiet and target != "-":
        _show_moves(found.moves)
        click.echo(f"wrote {target}: {len(found.moves)} numbers moved")
    return ExitCode.PROMOTE


def _show_moves(moves: "tuple[Move, ...]") -> None:
    from rich.table import Table

    from qtregress.cli.edge import console

    table = Table("qubit or gate", "field", "old", "new")
    for move in moves:
        old = "-" if move.old is None else f"{move.old:.10g}"
        table.add_row(move.subject, move.field, old, f"{move.new:.10g}")
    console().print(table)
