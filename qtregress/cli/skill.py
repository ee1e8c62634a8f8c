"""``qtregress skill``: predicted errors beside measured ones."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import cache_option, console
from qtregress.errors import ExitCode, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtregress.chip.chip import Chip
    from qtregress.files.documents import Loaded
    from qtregress.files.measured import MeasuredResults
    from qtregress.metrics.skill import MeasuredValue


@click.command("skill")
@click.argument("chip", type=click.Path(path_type=Path))
@click.argument("profile")
@click.option(
    "--measured",
    multiple=True,
    metavar="FILE",
    help="Measured errors; may be given again. Default: those that CHIP carries.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: all cores.")
@cache_option
@click.option("--quiet", is_flag=True, help="No progress.")
def command(
    *,
    chip: Path,
    profile: str,
    measured: tuple[str, ...],
    jobs: int | None,
    cache: bool,
    quiet: bool,
) -> ExitCode:
    """Put PROFILE's predicted errors on CHIP beside what the hardware measured.

    FILE is a qtregress/measured@1 document, an IBM backend's properties, analysis results
    of Qiskit Experiments, or Qibocal's calibration.json. Judges nothing.
    """
    from qtregress.chip.chip import Chip
    from qtregress.files.documents import load
    from qtregress.files.measured import read_measured

    # everything is read before anything is simulated
    on = load(chip, Chip)
    found = [read_measured(path) for path in measured]
    values = _values(on, found)
    remarks = [f"{result.path}: {remark}" for result in found for remark in result.remarks]
    _print(chip, profile, values, remarks, jobs=jobs, cache=cache, quiet=quiet)
    return ExitCode.PROMOTE


def _values(
    chip: "Loaded[Chip]", found: "Sequence[MeasuredResults]"
) -> "tuple[MeasuredValue, ...]":
    """All values of the files, or those of the chip; each says where it is from.

    Raises:
        InputError: a file is of another device, or nothing was measured at all.
    """
    from dataclasses import replace

    from qtregress.metrics.skill import errors_of_chip

    if not found and not chip.value.measured_errors:
        msg = f"{chip.path}: carries no measured_errors; give --measured FILE"
        raise InputError(msg)
    device = chip.value.device
    for result in found:
        if result.device not in {None, device}:
            msg = (
                f"{result.path}: device must be {device} as in {chip.path}, but is {result.device}"
            )
            raise InputError(msg)
    named = [
        replace(value, source=value.source or Path(result.path).name)
        for result in found
        for value in result.values
    ]
    return tuple(named) or errors_of_chip(chip.value)


def _print(  # noqa: PLR0913  # what simulating needs, and what is shown
    chip: Path,
    profile: str,
    values: "Sequence[MeasuredValue]",
    remarks: "Sequence[str]",
    *,
    jobs: int | None,
    cache: bool,
    quiet: bool,
) -> None:
    """Measure the profile and print the table.

    Raises:
        InputError: no measured error could be compared with a predicted one.
    """
    from qtregress.cli.simulate import measured_metrics
    from qtregress.metrics.skill import coherence_limits, compared, independent, skill
    from qtregress.report.skill_table import skill_table

    run = measured_metrics(profile, chip, None, jobs, cache=cache, quiet=quiet)
    rows = independent(compared(values, run.metrics, coherence_limits(run.measurement)))
    summary = skill(rows)
    console().print(skill_table(rows, summary, remarks))
    if not summary.count:
        msg = f"{run.profile.path}: none of the measured errors could be compared"
        raise InputError(msg)
