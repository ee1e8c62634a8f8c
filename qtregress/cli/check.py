"""``qtregress check``: the main job, two profiles in, a verdict out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import (
    cache_option,
    console,
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
    from qtregress.pulses.profile import Profile
    from qtregress.thermal.workload import Workload
    from qtregress.verdict.decide import Decision
    from qtregress.verdict.policy import Policy
    from qtregress.verdict.verdict import InputName, Verdict

_SHOWN = 5


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
@click.option("--junit", metavar="FILE", help="Write JUnit XML (- is standard output).")
@click.option("--json", "json_", metavar="FILE", help="Write the verdict.")
@click.option("--markdown", metavar="FILE", help="Write Markdown.")
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
    junit: str | None,
    json_: str | None,
    markdown: str | None,
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

    one_standard_output([junit, json_, markdown])
    near = chip or beside(old, "chip.yaml")
    inputs = [old, new, near, baseline, policy, workload]
    prepare([junit, json_, markdown], inputs, store=baseline_of(old, "").parent)
    given = _load(old, new, chip=chip, baseline=baseline, policy=policy, workload=workload)
    decision = _decide(given, engine=engine, jobs=jobs, store=store_of(cache=cache), quiet=quiet)
    verdict = _document(decision, given)
    write_reports(verdict, junit=junit, markdown=markdown, json_=json_)
    if not quiet and "-" not in (junit, json_, markdown):
        from qtregress.report.table import verdict_table

        console().print(verdict_table(verdict))
    return ExitCode(verdict.exit_code)


def _load(  # one argument an option
    old: str,
    new: str,
    *,
    chip: Path | None,
    baseline: Path | None,
    policy: Path | None,
    workload: Path | None,
) -> _Inputs:
    """Read all inputs and refuse what does not belong together, before any simulation."""
    from qtregress.chip.chip import Chip
    from qtregress.cli.inputs import baseline_of, beside, load_workload, same_device
    from qtregress.files.baseline_store import read_baseline
    from qtregress.files.documents import load
    from qtregress.pulses.profile import Profile
    from qtregress.verdict.policy import Policy

    before, after = load(old, Profile), load(new, Profile)
    on = load(chip or beside(old, "chip.yaml"), Chip)
    same_device(before, on)
    same_device(after, on)
    _same_grid(before, after)
    path = baseline or baseline_of(old, before.value.device)
    given = _Inputs(
        old=before,
        new=after,
        chip=on,
        workload=load_workload(workload),
        policy=load(policy, Policy).value if policy else Policy(format="qtregress/policy@1"),
        baseline=read_baseline(path),
        baseline_path=path,
        policy_path=policy,
        workload_path=workload,
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


def _decide(
    given: _Inputs, *, engine: str, jobs: int | None, store: "Store", quiet: bool
) -> "Decision":
    """Simulate both releases and judge.

    Raises:
        BaselineError: OLD does not reproduce its baseline.
    """
    from qtregress.cli.workers import workers
    from qtregress.metrics.collect import collect
    from qtregress.pipeline import Means, judge, measure

    chosen: Engine = "reference" if engine == "reference" else "fast"
    with workers(jobs, quiet=quiet) as run:
        means = Means(run=run, engine=chosen, store=store)
        profiles = [given.old.value, given.new.value]
        old, new = measure(profiles, given.chip.value, given.workload, means)
        _still_reproduced(given, old)
        return judge(
            (old, collect(old)),
            (new, collect(new)),
            given.policy,
            given.baseline.metrics,
            means,
        )


def _still_reproduced(given: _Inputs, old: "Measurement") -> None:
    from qtregress.baseline.ledger import agreement
    from qtregress.metrics.collect import collect

    moved = agreement(given.baseline, collect(old))
    if moved:
        lines = [f"- {one.sentence}" for one in moved[:_SHOWN]]
        rest = len(moved) - _SHOWN
        lines += [f"- and {rest} more"] if rest > 0 else []
        msg = (
            f"{given.baseline_path}: OLD no longer reproduces its baseline, so the model or "
            "the tool moved, not the firmware: review and accept a new one\n" + "\n".join(lines)
        )
        raise BaselineError(msg)


def _document(decision: "Decision", given: _Inputs) -> "Verdict":
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
    return document(
        decision,
        Circumstances(
            device=given.old.value.device,
            old_firmware=given.old.value.firmware,
            new_firmware=given.new.value.firmware,
            inputs=inputs,
            environment=environment(),
            created=now(),
            commit=head_commit(),
        ),
    )
