"""``qtregress canary``: circuits played with the noise of two releases, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import cache_option, console, deliver, prepare
from qtregress.errors import ExitCode, InputError

if TYPE_CHECKING:
    from qtregress.chip.chip import Chip
    from qtregress.files.documents import Loaded
    from qtregress.metrics.measurement import Measurement
    from qtregress.pulses.profile import Profile
    from qtregress.rb.canary import NativeCircuit, Outcome
    from qtregress.report.canary import CanaryCircuit, CanaryDocument
    from qtregress.thermal.workload import Workload

_SUFFIX = ".qasm"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """Everything a run reads; circuits in the gates of each release."""

    old: "Loaded[Profile]"
    new: "Loaded[Profile]"
    chip: "Loaded[Chip]"
    workload: "Workload"
    circuits: "tuple[tuple[NativeCircuit, NativeCircuit], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How the user wants it done."""

    at_load: bool
    shots: int | None
    seed: int
    jobs: int | None
    cache: bool
    quiet: bool


@click.command("canary")
@click.argument("old")
@click.argument("new")
@click.option(
    "--circuits",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    metavar="PATH",
    help="An OpenQASM 2 or 3 file, or a folder of *.qasm; may be repeated.",
)
@click.option("--chip", type=click.Path(path_type=Path), help="Default: chip.yaml beside OLD.")
@click.option("--workload", type=click.Path(path_type=Path), help="The declared workload.")
@click.option("--at-load", is_flag=True, help="With the baths at the declared workload.")
@click.option("--shots", type=click.IntRange(1, 10_000_000), help="Also draw so many repetitions.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of shots.")
@click.option("--json", "json_", metavar="FILE", help="Write the results (- is standard output).")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: all cores.")
@cache_option
@click.option("--quiet", is_flag=True, help="No progress, no table.")
def command(  # noqa: PLR0913  # one argument an option
    *,
    old: str,
    new: str,
    circuits: tuple[Path, ...],
    chip: Path | None,
    workload: Path | None,
    at_load: bool,
    shots: int | None,
    seed: int,
    json_: str | None,
    jobs: int | None,
    cache: bool,
    quiet: bool,
) -> ExitCode:
    """Play circuits with the noise of OLD and of NEW. Judges nothing: the status is 0.

    OLD and NEW are profiles: files, or REV:PATH read from git. Every circuit must measure, at
    its end, and touch at most 7 qubits; its qubit k is the device's qubit k.
    """
    from qtregress.cli.inputs import baseline_of, beside
    from qtregress.report.canary import canary_table, canary_text

    near = chip or beside(old, "chip.yaml")
    files = _circuit_files(circuits)
    prepare([json_], [old, new, near, workload, *files], store=baseline_of(old, "").parent)
    given = _load(old, new, near, workload, files)
    asked = _Asked(at_load=at_load, shots=shots, seed=seed, jobs=jobs, cache=cache, quiet=quiet)
    document = _document(given, asked, _played(given, asked))
    if json_:
        deliver(json_, canary_text(document))
    if not quiet and json_ != "-":
        console().print(canary_table(document))
    return ExitCode.PROMOTE


def _circuit_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The files, folders replaced by their ``*.qasm`` in order of names.

    Raises:
        InputError: a folder has none or cannot be read, or two files have one name.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        try:
            found = sorted(one for one in path.iterdir() if one.suffix == _SUFFIX)
        except OSError as error:
            msg = f"{path}: cannot be read: {error.strerror}"
            raise InputError(msg) from error
        if not found:
            msg = f"{path}: must hold circuits (*{_SUFFIX}), but has none"
            raise InputError(msg)
        files += found
    names = [file.stem for file in files]
    if twice := [name for name in names if names.count(name) > 1]:
        msg = f"circuits must have distinct names, but two are called {twice[0]}"
        raise InputError(msg)
    return tuple(files)


def _load(
    old: str, new: str, chip: Path | str, workload: Path | None, files: Sequence[Path]
) -> _Inputs:
    """Read all inputs and refuse what does not belong together, before any simulation."""
    from qtregress.chip.chip import Chip
    from qtregress.cli.inputs import load_workload, same_device, same_grid
    from qtregress.files.documents import load
    from qtregress.files.qasm import native_circuit
    from qtregress.files.text import read_text
    from qtregress.pulses.profile import Profile
    from qtregress.rb.canary import check_circuit

    before, after = load(old, Profile), load(new, Profile)
    on = load(chip, Chip)
    same_device(before, on)
    same_device(after, on)
    same_grid(before, after)
    circuits = []
    for file in files:
        text = read_text(file).text
        first, second = (native_circuit(file.stem, text, one.value) for one in (before, after))
        check_circuit(first)
        check_circuit(second)
        circuits.append((first, second))
    return _Inputs(
        old=before,
        new=after,
        chip=on,
        workload=load_workload(workload),
        circuits=tuple(circuits),
    )


def _played(given: _Inputs, asked: _Asked) -> "tuple[CanaryCircuit, ...]":
    """Simulate both releases' gates, then play every circuit three times."""
    from qtregress.cli.inputs import side_of, store_of
    from qtregress.cli.workers import workers
    from qtregress.pipeline import Means, measure
    from qtregress.rb.canary import play
    from qtregress.report.canary import Played, canary_circuit

    chip = given.chip.value
    with workers(asked.jobs, quiet=asked.quiet) as run:
        means = Means(run=run, store=store_of(cache=asked.cache))
        sides = [side_of(one.value, chip, given.workload) for one in (given.old, given.new)]
        measured = measure(sides, means, benchmarking=False)
    found = []
    for pair in given.circuits:
        old, new = (
            Played(circuit=circuit, outcome=_outcome(circuit, one, asked), heats=one.heats)
            for circuit, one in zip(pair, measured, strict=True)
        )
        found.append(canary_circuit(play(pair[0], None), old, new, chip))
    return tuple(found)


def _outcome(circuit: "NativeCircuit", measurement: "Measurement", asked: _Asked) -> "Outcome":
    from qtregress.metrics.collect import ERROR_TOLERANCE
    from qtregress.rb.canary import Outcome, noise_of, play

    if asked.at_load and measurement.load.problem:
        return Outcome(problem=measurement.load.problem)
    noise = noise_of(
        measurement.plan,
        measurement.channels,
        measurement.profile,
        measurement.chip,
        extra=measurement.load.extra if asked.at_load else None,
        error_tolerance=ERROR_TOLERANCE,
    )
    return play(circuit, noise, shots=asked.shots, seed=asked.seed)


def _document(
    given: _Inputs, asked: _Asked, circuits: "tuple[CanaryCircuit, ...]"
) -> "CanaryDocument":
    from qtregress.cli.inputs import environment
    from qtregress.metrics.metric import Input
    from qtregress.report.canary import CanaryDocument

    inputs = {
        "old": Input(path=given.old.path, digest=given.old.digest),
        "new": Input(path=given.new.path, digest=given.new.digest),
        "chip": Input(path=given.chip.path, digest=given.chip.digest),
    }
    return CanaryDocument(
        format="qtregress/canary@1",
        device=given.old.value.device,
        inputs=inputs,
        environment=environment(),
        at_load=asked.at_load,
        shots=asked.shots,
        seed=asked.seed,
        circuits=circuits,
    )
