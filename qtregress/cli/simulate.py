"""``qtregress simulate``: one profile's metrics, and how they are measured for a baseline."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import cache_option, console, deliver, one_standard_output, prepare
from qtregress.errors import ExitCode

if TYPE_CHECKING:
    from qtregress.chip.chip import Chip
    from qtregress.files.documents import Loaded
    from qtregress.metrics.measurement import Measurement
    from qtregress.metrics.metric import Metric
    from qtregress.pipeline import Side
    from qtregress.pulses.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """A profile measured on its chip, with everything a baseline records of it."""

    profile: "Loaded[Profile]"
    chip: "Loaded[Chip]"
    workload_digest: str
    measurement: "Measurement"
    metrics: "tuple[Metric, ...]"
    environment: dict[str, str]
    side: "Side"


def measured_metrics(  # noqa: PLR0913  # one argument an option
    profile: Path | str,
    chip: Path | str | None,
    workload: Path | None,
    jobs: int | None,
    *,
    scenario: Path | None = None,
    engine: str = "fast",
    cache: bool = False,
    quiet: bool = False,
) -> MeasuredRun:
    """The profile's metrics on its chip at the workload, under the scenario if there is one."""
    from qtregress.chip.chip import Chip
    from qtregress.cli.inputs import (
        beside,
        environment,
        faulty,
        load_workload,
        same_device,
        side_of,
        store_of,
    )
    from qtregress.cli.workers import workers
    from qtregress.files.documents import load
    from qtregress.identity import digest
    from qtregress.metrics.collect import collect, under
    from qtregress.pipeline import Means, measure
    from qtregress.pulses.profile import Profile
    from qtregress.thermal.scenario import Scenario

    loaded = load(profile, Profile)
    on = load(chip or beside(str(profile), "chip.yaml"), Chip)
    same_device(loaded, on)
    declared = load_workload(workload)
    faults = load(scenario, Scenario).value if scenario else None
    side = faulty(side_of(loaded.value, on.value, declared), faults, is_new=True)
    with workers(jobs, quiet=quiet) as run:
        means = Means(
            run=run,
            engine="reference" if engine == "reference" else "fast",
            store=store_of(cache=cache),
        )
        (found,) = measure([side], means)
    metrics = collect(found)
    return MeasuredRun(
        profile=loaded,
        chip=on,
        workload_digest=digest(declared),
        measurement=found,
        metrics=under(faults, metrics) if faults else metrics,
        environment=environment(),
        side=side,
    )


@click.command("simulate")
@click.argument("profile")
@click.option("--chip", type=click.Path(path_type=Path), help="Default: chip.yaml beside PROFILE.")
@click.option("--workload", type=click.Path(path_type=Path), help="The declared workload.")
@click.option("--json", "json_", metavar="FILE", help="Write the metrics (- is standard output).")
@click.option("--scenario", type=click.Path(path_type=Path), help="Measure under these faults.")
@click.option("--cost-card", metavar="FILE", help="Write what gates and jobs cost the fridge.")
@click.option("--heat-map", metavar="FILE.svg", help="Draw the chip: energies, films, photons.")
@click.option("--temperatures", metavar="FILE.svg", help="Draw the fridge's plates over time.")
@click.option("--superoperators", metavar="FILE.npz", help="Write every gate's map, all levels.")
@click.option(
    "--rb",
    type=click.Choice(["exact", "full", "sampled", "warming"]),
    default="exact",
    show_default=True,
    help="full: also interleaved, leakage, unitarity, simultaneous; sampled: with shots; "
    "warming: sampled while the machine warms from cold to its load.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of sampled benchmarking.")
@click.option("--shots", type=click.IntRange(min=1), default=1024, show_default=True)
@click.option("--figures", is_flag=True, help="Also: diamond norm, coherence limit, error axes.")
@click.option("--convergence", is_flag=True, help="Also: what levels, steps and phases change.")
@click.option("--engine", type=click.Choice(["fast", "reference"]), default="fast")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: all cores.")
@cache_option
@click.option("--quiet", is_flag=True, help="No progress, no table.")
def command(  # noqa: PLR0913  # one argument an option
    *,
    profile: str,
    chip: Path | None,
    workload: Path | None,
    json_: str | None,
    scenario: Path | None,
    cost_card: str | None,
    heat_map: str | None,
    temperatures: str | None,
    superoperators: str | None,
    rb: str,
    seed: int,
    shots: int,
    figures: bool,
    convergence: bool,
    engine: str,
    jobs: int | None,
    cache: bool,
    quiet: bool,
) -> ExitCode:
    """Measure PROFILE (a file or REV:PATH): heat, errors, benchmarking. Judges nothing.

    The reference engine is Qiskit Dynamics alone: minutes a gate, for comparison.
    """
    from qtregress.cli.inputs import baseline_of, beside

    written = [json_, cost_card, heat_map, temperatures]
    shown_beside = rb in _SAMPLING or convergence
    one_standard_output([*written, "-" if shown_beside else None])
    near = chip or beside(profile, "chip.yaml")
    store = baseline_of(profile, "").parent
    prepare([*written, superoperators], [profile, near, workload, scenario], store=store)
    run = measured_metrics(
        profile,
        chip,
        workload,
        jobs,
        scenario=scenario,
        engine=engine,
        cache=cache,
        quiet=quiet,
    )
    is_shown = not quiet and "-" not in written
    if rb == "full":
        run = _benchmarked(run, seed=seed, jobs=jobs, quiet=quiet, shown=is_shown)
    if figures:
        run = _figured(run, shown=is_shown)
    if superoperators:
        _write_superoperators(run.measurement, Path(superoperators))
    if json_:
        deliver(json_, _json_text(run))
    if is_shown:
        _print_tables(run)
    from qtregress.cli.load_reports import write_heat_map, write_load

    write_load(
        run.side,
        run.measurement,
        cost_card=cost_card,
        temperatures=temperatures,
        table=is_shown and workload is not None,
    )
    if heat_map:
        write_heat_map(heat_map, run.side, run.metrics, None)
    if convergence:
        _print_convergence(run, jobs=jobs, cache=cache, quiet=quiet)
    if rb in _SAMPLING:
        _SAMPLING[rb](run, seed=seed, shots=shots, jobs=jobs, quiet=quiet)
    return ExitCode.PROMOTE


def _print_tables(run: MeasuredRun) -> None:
    from qtregress.report.metrics_table import metrics_tables

    for table in metrics_tables(run.metrics):
        console().print(table)


def _json_text(run: MeasuredRun) -> str:
    from qtregress.metrics.metric import Input, MetricsDocument
    from qtregress.report.json_text import document_text

    document = MetricsDocument(
        format="qtregress/metrics@1",
        inputs={
            "profile": Input(path=run.profile.path, digest=run.profile.digest),
            "chip": Input(path=run.chip.path, digest=run.chip.digest),
        },
        environment=run.environment,
        metrics=run.metrics,
    )
    return document_text(document)


def _write_superoperators(measurement: "Measurement", path: Path) -> None:
    """Every gate's map cold and at load, row-stacked, first listed qubit left."""
    from io import BytesIO

    import numpy as np

    from qtregress.files.atomic import write_bytes

    arrays = {}
    for gate in measurement.plan.gates:
        channel = measurement.channels[gate.id]
        arrays[f"{gate.id}@cold"] = channel.superoperator
        if channel.at_load is not None:
            arrays[f"{gate.id}@load"] = channel.at_load
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_bytes(path, buffer.getvalue())


def _figured(run: MeasuredRun, *, shown: bool) -> MeasuredRun:
    """The run with the figures of every gate whose map can be trusted, whose table is shown."""
    from qtregress.metrics.figures import figures_metrics, trusted_figures
    from qtregress.report.figures_table import figures_table

    found = trusted_figures(run.measurement)
    if shown:
        console().print(figures_table(found))
    metrics = sorted([*run.metrics, *figures_metrics(found)], key=lambda metric: metric.id)
    return replace(run, metrics=tuple(metrics))


def _print_convergence(run: MeasuredRun, *, jobs: int | None, cache: bool, quiet: bool) -> None:
    """Always of the fast engine, whichever one measured: only it chooses steps."""
    from qtregress.channels.convergence import convergence_task, convergence_tasks
    from qtregress.cli.inputs import store_of
    from qtregress.cli.workers import workers
    from qtregress.report.convergence_table import convergence_table

    measurement = run.measurement
    tasks = convergence_tasks(
        measurement.plan.gates, measurement.profile, measurement.chip, store_of(cache=cache)
    )
    with workers(jobs, quiet=quiet) as spread:
        found = spread(convergence_task, tasks, "convergence")
    console().print(convergence_table(found, run.metrics))


def _benchmarked(
    run: MeasuredRun, *, seed: int, jobs: int | None, quiet: bool, shown: bool
) -> MeasuredRun:
    """The run with the metrics of every exact benchmark, whose tables are shown."""
    from qtregress.cli.workers import workers
    from qtregress.metrics.benchmarks import benchmark_metrics, benchmark_tasks
    from qtregress.metrics.chains import chip_metrics, whole_chip
    from qtregress.rb.benchmarks import benchmarks
    from qtregress.report.benchmarks_table import benchmark_tables, chip_table

    with workers(jobs, quiet=quiet) as spread:
        found = spread(benchmarks, benchmark_tasks(run.measurement), "benchmarking")
    beyond = whole_chip(run.measurement, seed=seed)
    if shown:
        for table in (*benchmark_tables(found), chip_table(beyond)):
            console().print(table)
    new = (*benchmark_metrics(found), *chip_metrics(beyond))
    metrics = sorted([*run.metrics, *new], key=lambda metric: metric.id)
    return replace(run, metrics=tuple(metrics))


def _print_sampled(
    run: MeasuredRun, *, seed: int, shots: int, jobs: int | None, quiet: bool
) -> None:
    from qtregress.cli.workers import workers
    from qtregress.rb.from_channels import gate_sets
    from qtregress.rb.sampled import SampledTask, sampled_task
    from qtregress.report.metrics_table import sampled_table

    sets = gate_sets(run.measurement.plan, run.measurement.channels)
    decays = run.measurement.decays
    tasks = [
        SampledTask(gates=gates, qubits=qubits, exact_p=decays[qubits].p, seed=seed, shots=shots)
        for qubits, gates in sets.items()
    ]
    with workers(jobs, quiet=quiet) as spread:
        found = spread(sampled_task, tasks, "sampled benchmarking")
    rows = {task.qubits: decay for task, decay in zip(tasks, found, strict=True)}
    console().print(sampled_table(rows, decays))


def _print_warming(
    run: MeasuredRun, *, seed: int, shots: int, jobs: int | None, quiet: bool
) -> None:
    """Sampled benchmarking from cold to load.

    Raises:
        InputError: nothing is known of the machine at its load.
    """
    from qtregress.cli.workers import workers
    from qtregress.errors import InputError
    from qtregress.rb.drift import WarmingTask, warming_task
    from qtregress.rb.from_channels import gate_sets, warmed
    from qtregress.rb.sampled import SampledTask
    from qtregress.report.drift_table import drift_table

    measurement = run.measurement
    if measurement.load.problem:
        raise InputError(f"There is no load to warm to: {measurement.load.problem}")
    cold = gate_sets(measurement.plan, measurement.channels)
    hot = gate_sets(measurement.plan, warmed(measurement.channels))
    tasks = [
        WarmingTask(
            cold=SampledTask(
                gates=gates,
                qubits=qubits,
                exact_p=measurement.decays[qubits].p,
                seed=seed,
                shots=shots,
            ),
            hot=hot[qubits],
        )
        for qubits, gates in cold.items()
    ]
    with workers(jobs, quiet=quiet) as spread:
        found = spread(warming_task, tasks, "warming")
    console().print(drift_table(dict(zip(cold, found, strict=True))))


_SAMPLING = {"sampled": _print_sampled, "warming": _print_warming}
"""What ``--rb`` prints besides metrics, by its name."""
