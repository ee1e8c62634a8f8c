"""``qtregress check``: the main job, two profiles in, a verdict out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import (
    cache_option,
    console,
    deliver,
    exit_style_option,
    now,
    one_standard_output,
    prepare,
)
from qtregress.errors import BaselineError, ExitCode, InputError

if TYPE_CHECKING:
    from qtregress.baseline.record import Baseline
    from qtregress.channels.memory import Store
    from qtregress.channels.simulate import Engine
    from qtregress.chip.chip import Chip
    from qtregress.files.documents import Loaded
    from qtregress.metrics.measurement import Measurement
    from qtregress.metrics.metric import Metric
    from qtregress.pipeline import Side
    from qtregress.pulses.profile import Profile
    from qtregress.thermal.scenario import Scenario
    from qtregress.thermal.workload import Workload
    from qtregress.verdict.decide import Decision
    from qtregress.verdict.policy import Policy
    from qtregress.verdict.verdict import InputName, KappaRow, Verdict

_SHOWN = 5
_SEED, _SHOTS = 0, 1024
"""Of sampled benchmarking, the same for both releases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """Everything a check reads, loaded and found to belong together."""

    old: "Loaded[Profile]"
    new: "Loaded[Profile]"
    chip: "Loaded[Chip]"
    workload: "Workload"
    policy: "Policy"
    baseline: "Baseline"
    baseline_path: Path
    policy_path: Path | None
    workload_path: Path | None
    scenario: "Loaded[Scenario] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paths:
    """What the user named; what is None is found by the device's name or shipped."""

    old: str
    new: str
    chip: Path | None
    baseline: Path | None
    policy: Path | None
    workload: Path | None
    scenario: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How the user wants it done."""

    engine: str
    jobs: int | None
    kappa_scan: bool
    quiet: bool


@click.command("check")
@click.argument("old")
@click.argument("new")
@click.option("--chip", type=click.Path(path_type=Path), help="Default: chip.yaml beside OLD.")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="Default: baselines/<device>.json below the repository of OLD.",
)
@click.option("--policy", type=click.Path(path_type=Path), help="Rules before the shipped ones.")
@click.option("--workload", type=click.Path(path_type=Path), help="The declared workload.")
@click.option("--scenario", type=click.Path(path_type=Path), help="Judge under these faults.")
@click.option("--kappa-scan", is_flag=True, help="Also: the verdict over a decade of kappa_ext.")
@click.option("--sampled", metavar="FILE", help="Also: benchmark both with the same sequences.")
@click.option("--junit", metavar="FILE", help="Write JUnit XML (- is standard output).")
@click.option("--json", "json_", metavar="FILE", help="Write the verdict.")
@click.option("--markdown", metavar="FILE", help="Write Markdown.")
@click.option(
    "--heat-map", metavar="FILE.svg", help="Draw the chip: what heats more, new over old."
)
@click.option("--engine", type=click.Choice(["fast", "reference"]), default="fast")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: all cores.")
@cache_option
@click.option("--quiet", is_flag=True, help="No progress, no table; the exit status speaks.")
@exit_style_option
def command(  # noqa: PLR0913  # one argument an option
    *,
    old: str,
    new: str,
    chip: Path | None,
    baseline: Path | None,
    policy: Path | None,
    workload: Path | None,
    scenario: Path | None,
    kappa_scan: bool,
    sampled: str | None,
    junit: str | None,
    json_: str | None,
    markdown: str | None,
    heat_map: str | None,
    engine: str,
    jobs: int | None,
    cache: bool,
    quiet: bool,
) -> ExitCode:
    """Judge the release NEW against OLD: promote (0), roll back (10) or hold (11).

    OLD and NEW are profiles: files, or REV:PATH read from git. Both are simulated on OLD's
    chip; OLD must still reproduce its accepted baseline (12 if not).
    """
    from qtregress.cli.inputs import baseline_of, beside, store_of
    from qtregress.cli.report import write_reports

    written = [junit, json_, markdown, heat_map, sampled]
    one_standard_output(written)
    near = chip or beside(old, "chip.yaml")
    inputs = [old, new, near, baseline, policy, workload, scenario]
    prepare(written, inputs, store=baseline_of(old, "").parent)
    given = _load(
        _Paths(
            old=old,
            new=new,
            chip=chip,
            baseline=baseline,
            policy=policy,
            workload=workload,
            scenario=scenario,
        )
    )
    asked = _Asked(engine=engine, jobs=jobs, kappa_scan=kappa_scan, quiet=quiet)
    found = _decide(given, asked, store_of(cache=cache))
    verdict = _document(found, given)
    write_reports(verdict, junit=junit, markdown=markdown, json_=json_)
    if heat_map:
        from qtregress.cli.load_reports import write_heat_map

        write_heat_map(heat_map, found.after, found.new, found.old)
    is_shown = not quiet and "-" not in written
    if sampled:
        _write_sampled(found.measured, sampled, asked, shown=is_shown)
    if is_shown:
        from qtregress.report.table import verdict_table

        console().print(verdict_table(verdict))
    return ExitCode(verdict.exit_code)


def _load(paths: _Paths) -> _Inputs:
    """Read all inputs and refuse what does not belong together, before any simulation."""
    from qtregress.chip.chip import Chip
    from qtregress.cli.inputs import baseline_of, beside, load_workload, same_device
    from qtregress.files.baseline_store import read_baseline
    from qtregress.files.documents import load
    from qtregress.pulses.profile import Profile
    from qtregress.thermal.scenario import Scenario
    from qtregress.verdict.policy import Policy

    old, policy = paths.old, paths.policy
    before, after = load(old, Profile), load(paths.new, Profile)
    on = load(paths.chip or beside(old, "chip.yaml"), Chip)
    same_device(before, on)
    same_device(after, on)
    _same_grid(before, after)
    path = paths.baseline or baseline_of(old, before.value.device)
    given = _Inputs(
        old=before,
        new=after,
        chip=on,
        workload=load_workload(paths.workload),
        policy=load(policy, Policy).value if policy else Policy(format="qtregress/policy@1"),
        baseline=read_baseline(path),
        baseline_path=path,
        policy_path=policy,
        workload_path=paths.workload,
        scenario=load(paths.scenario, Scenario) if paths.scenario else None,
    )
    _same_origin(given)
    return given


def _same_grid(old: "Loaded[Profile]", new: "Loaded[Profile]") -> None:
    if old.value.dt_ns != new.value.dt_ns:
        msg = (
            f"{new.path}:{new.line_of(('dt_ns',))}: dt_ns must be {old.value.dt_ns} as in "
            f"{old.path}, but is {new.value.dt_ns}: the chip's lines were fitted on that grid"
        )
        raise InputError(msg)


def _same_origin(given: _Inputs) -> None:
    """Refuse a baseline of other inputs than these.

    Raises:
        BaselineError: it was accepted for another profile, chip, policy or workload.
    """
    from qtregress.baseline.ledger import Origin, mismatches
    from qtregress.identity import digest
    from qtregress.verdict.policy import effective

    origin = Origin(
        device=given.old.value.device,
        firmware=given.old.value.firmware,
        profile_digest=given.old.digest,
        chip_digest=given.chip.digest,
        policy_digest=digest(effective(given.policy)),
        workload_digest=digest(given.workload),
    )
    if not given.baseline.accepted:
        msg = f"{given.baseline_path}: the baseline was proposed but never accepted"
        raise BaselineError(msg)
    if problems := mismatches(given.baseline, origin):
        msg = f"{given.baseline_path}: {'; '.join(problems)}"
        raise BaselineError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The decision, and what reports need besides it."""

    decision: "Decision"
    scan: "tuple[KappaRow, ...]"
    skill: str
    after: "Side"
    measured: "tuple[Measurement, Measurement]"
    old: "tuple[Metric, ...]"
    new: "tuple[Metric, ...]"


def _decide(given: _Inputs, asked: _Asked, store: "Store") -> _Found:
    """Simulate both releases and judge; the scan over couplings is empty unless asked for.

    Raises:
        BaselineError: OLD does not reproduce its baseline.
    """
    from qtregress.cli.workers import workers
    from qtregress.kappa import holds, kappa_scan, told
    from qtregress.metrics.collect import collect, under
    from qtregress.metrics.skill import skill_on_chip, skill_sentence
    from qtregress.pipeline import Means, Said, grounds, judge, measure

    chosen: Engine = "reference" if asked.engine == "reference" else "fast"
    with workers(asked.jobs, quiet=asked.quiet) as run:
        means = Means(run=run, engine=chosen, store=store)
        approved, before, after = _sides(given)
        faulty = [before] if given.scenario is not None else []
        first, *between, new = measure([approved, *faulty, after], means)
        approved_metrics = collect(first)
        _still_reproduced(given, approved_metrics)
        old = between[0] if between else first
        on = grounds(old, new, given.policy, means)
        scan = kappa_scan(before, after, on, given.policy, means) if asked.kappa_scan else ()
        metrics = [approved_metrics if old is first else collect(old), collect(new)]
        if given.scenario is not None:
            metrics = [under(given.scenario.value, one) for one in metrics]
        skill = skill_sentence(skill_on_chip(first, approved_metrics))
        decision = judge(
            (old, metrics[0]),
            (new, metrics[1]),
            on,
            given.policy,
            given.baseline.metrics,
            said=Said(holds=holds(scan), notes=(*told(scan), skill)),
        )
    return _Found(
        decision=decision,
        scan=scan,
        skill=skill,
        after=after,
        measured=(old, new),
        old=metrics[0],
        new=metrics[1],
    )


def _write_sampled(
    measured: "tuple[Measurement, Measurement]", target: str, asked: _Asked, *, shown: bool
) -> None:
    """Random sequences and shots of both releases, the same for both; decides nothing."""
    from qtregress.cli.workers import workers
    from qtregress.rb.from_channels import gate_sets
    from qtregress.rb.paired import PairedTask, paired_task
    from qtregress.rb.sampled import SampledTask
    from qtregress.report.paired import paired_table, paired_text

    old, new = (gate_sets(one.plan, one.channels) for one in measured)
    tasks = [
        PairedTask(
            old=SampledTask(
                gates=gates,
                qubits=qubits,
                exact_p=measured[0].decays[qubits].p,
                seed=_SEED,
                shots=_SHOTS,
            ),
            new=new[qubits],
        )
        for qubits, gates in old.items()
        if qubits in new
    ]
    with workers(asked.jobs, quiet=asked.quiet) as run:
        found = run(paired_task, tasks, "sampled benchmarking")
    deliver(target, paired_text(found))
    if shown:
        console().print(paired_table(found))


def _sides(given: _Inputs) -> "tuple[Side, Side, Side]":
    """OLD as its baseline knows it, and both releases under the scenario, if there is one."""
    from qtregress.cli.inputs import faulty, side_of

    chip, workload = given.chip.value, given.workload
    approved = side_of(given.old.value, chip, workload)
    after = side_of(given.new.value, chip, workload)
    fault = given.scenario.value if given.scenario else None
    before = faulty(approved, fault, is_new=False)
    return approved, before, faulty(after, fault, is_new=True)


def _still_reproduced(given: _Inputs, old: "tuple[Metric, ...]") -> None:
    from qtregress.baseline.ledger import agreement

    moved = agreement(given.baseline, old)
    if moved:
        lines = [f"- {one.sentence}" for one in moved[:_SHOWN]]
        rest = len(moved) - _SHOWN
        lines += [f"- and {rest} more"] if rest > 0 else []
        msg = (
            f"{given.baseline_path}: OLD no longer reproduces its baseline, so the model or "
            "the tool moved, not the firmware: review and accept a new one\n" + "\n".join(lines)
        )
        raise BaselineError(msg)


def _document(found: _Found, given: _Inputs) -> "Verdict":
    from qtregress.cli.inputs import environment
    from qtregress.files.git import head_commit
    from qtregress.identity import digest
    from qtregress.metrics.metric import Input
    from qtregress.verdict.decide import Circumstances, document
    from qtregress.verdict.policy import effective

    shipped = "(shipped)"
    inputs: dict[InputName, Input] = {
        "old": Input(path=given.old.path, digest=given.old.digest),
        "new": Input(path=given.new.path, digest=given.new.digest),
        "chip": Input(path=given.chip.path, digest=given.chip.digest),
        "baseline": Input(path=str(given.baseline_path), digest=given.baseline.digest),
        "policy": Input(
            path=str(given.policy_path or shipped), digest=digest(effective(given.policy))
        ),
        "workload": Input(path=str(given.workload_path or shipped), digest=digest(given.workload)),
    }
    if given.scenario is not None:
        inputs["scenario"] = Input(path=given.scenario.path, digest=given.scenario.digest)
    return document(
        found.decision,
        Circumstances(
            device=given.old.value.device,
            old_firmware=given.old.value.firmware,
            new_firmware=given.new.value.firmware,
            inputs=inputs,
            environment=environment(),
            created=now(),
            commit=head_commit(),
            scenario=given.scenario.value.name if given.scenario else None,
            kappa_scan=found.scan,
            skill=found.skill,
        ),
    )
