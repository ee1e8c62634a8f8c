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
    today,
)
from qtregress.errors import BaselineError, ExitCode

if TYPE_CHECKING:
    from qtregress.channels.memory import Store
    from qtregress.channels.simulate import Engine
    from qtregress.cli.check_inputs import CheckInputs
    from qtregress.corners import Measurements
    from qtregress.looks import Sampled
    from qtregress.metrics.measurement import Measurement
    from qtregress.metrics.metric import Metric
    from qtregress.pipeline import Means, Side
    from qtregress.verdict.decide import Decision
    from qtregress.verdict.verdict import InputName, KappaRow, Verdict

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How the user wants it done."""

    engine: str
    jobs: int | None
    kappa_scan: bool
    only_changed: bool
    sampled: bool
    quiet: bool


@click.command("check")
@click.argument("old")
@click.argument("new")
@click.option("--chip", type=click.Path(path_type=Path), help="Default: chip.yaml beside OLD.")
@click.option(
    "--new-chip",
    type=click.Path(path_type=Path),
    help="The chip as NEW was calibrated on it: judge the pulses' edit alone.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="Default: baselines/<device>.json below the repository of OLD.",
)
@click.option("--policy", type=click.Path(path_type=Path), help="Rules before the shipped ones.")
@click.option("--workload", type=click.Path(path_type=Path), help="The declared workload.")
@click.option("--scenario", type=click.Path(path_type=Path), help="Judge under these faults.")
@click.option("--kappa-scan", is_flag=True, help="Also: the verdict over a decade of kappa_ext.")
@click.option("--only-changed", is_flag=True, help="Simulate only gates that NEW can have changed.")
@click.option("--sampled", metavar="FILE", help="Also: the same random sequences, look by look.")
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
    new_chip: Path | None,
    baseline: Path | None,
    policy: Path | None,
    workload: Path | None,
    scenario: Path | None,
    kappa_scan: bool,
    only_changed: bool,
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
    chip; OLD must still reproduce its accepted baseline (12 if not). With --new-chip, OLD
    is retuned to that chip's state, and what the chip and its lines did is not held against
    NEW.
    """
    from qtregress.cli.check_inputs import CheckPaths, gate_lines, load_check
    from qtregress.cli.inputs import baseline_of, beside, store_of
    from qtregress.cli.only_changed import refuse_asking_for_all
    from qtregress.cli.report import write_reports

    _refuse_together(new_chip, scenario, kappa_scan=kappa_scan)
    if only_changed:
        refuse_asking_for_all(new_chip, scenario, sampled, kappa_scan=kappa_scan)
    written = [junit, json_, markdown, heat_map, sampled]
    one_standard_output(written)
    near = chip or beside(old, "chip.yaml")
    inputs = [old, new, near, new_chip, baseline, policy, workload, scenario]
    prepare(written, inputs, store=baseline_of(old, "").parent)
    given = load_check(
        CheckPaths(
            old=old,
            new=new,
            chip=chip,
            new_chip=new_chip,
            baseline=baseline,
            policy=policy,
            workload=workload,
            scenario=scenario,
        )
    )
    asked = _Asked(
        engine=engine,
        jobs=jobs,
        kappa_scan=kappa_scan,
        only_changed=only_changed,
        sampled=sampled is not None,
        quiet=quiet,
    )
    found = _decide(given, asked, store_of(cache=cache))
    verdict = _document(found, given)
    lines = gate_lines(given.new) if junit else {}
    write_reports(verdict, junit=junit, markdown=markdown, json_=json_, lines=lines)
    if heat_map:
        from qtregress.cli.load_reports import write_heat_map

        write_heat_map(heat_map, found.after, found.new, found.old)
    is_shown = not quiet and "-" not in written
    if sampled:
        _write_sampled(found.played, sampled, shown=is_shown)
    if is_shown:
        from qtregress.report.table import verdict_table

        console().print(verdict_table(verdict))
    return ExitCode(verdict.exit_code)


def _refuse_together(new_chip: Path | None, scenario: Path | None, *, kappa_scan: bool) -> None:
    """Refuse what nobody has defined for two states of a chip.

    Raises:
        click.UsageError: a scenario or the scan over couplings, with a new chip.
    """
    other = "--scenario" if scenario else "--kappa-scan" if kappa_scan else ""
    if new_chip and other:
        msg = f"--new-chip cannot be combined with {other}: give one of them"
        raise click.UsageError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The decision, and what reports need besides it."""

    decision: "Decision"
    scan: "tuple[KappaRow, ...]"
    skill: str
    not_simulated: tuple[str, ...]
    after: "Side"
    measured: "tuple[Measurement, Measurement]"
    played: "Sampled"
    old: "tuple[Metric, ...]"
    new: "tuple[Metric, ...]"


def _decide(given: "CheckInputs", asked: _Asked, store: "Store") -> _Found:
    """Simulate both releases and judge; the scan over couplings is empty unless asked for.

    Raises:
        BaselineError: OLD does not reproduce its baseline.
    """
    from qtregress.cli.check_inputs import own_files, own_terms
    from qtregress.cli.only_changed import unchanged
    from qtregress.cli.workers import workers
    from qtregress.kappa import holds, kappa_scan, told
    from qtregress.looks import NOT_SAMPLED, sampled
    from qtregress.metrics.skill import skill_on_chip, skill_sentence
    from qtregress.pipeline import Means, grounds, judge
    from qtregress.verdict.decide import Said
    from qtregress.verdict.skill_rule import skill_holds

    chosen: Engine = "reference" if asked.engine == "reference" else "fast"
    with workers(asked.jobs, quiet=asked.quiet) as run:
        means = Means(run=run, engine=chosen, store=store)
        sides = _sides(given, only_changed=asked.only_changed)
        found = _measured(given, sides, means)
        left = unchanged(found.approved[0], given.baseline, given.policy)
        on = grounds(found.old[0], found.new[0], given.policy, means)
        scan = kappa_scan(*sides[1:], on, given.policy, means) if asked.kappa_scan else ()
        both = (found.old[0], found.new[0])
        played = sampled(*both, given.policy, run) if asked.sampled else NOT_SAMPLED
        known = skill_on_chip(found.approved[0], (*found.approved[1], *left.recorded))
        skill = skill_sentence(known)
        decision = judge(
            found.old,
            found.new,
            on,
            given.policy,
            given.baseline.metrics,
            said=Said(
                holds=(
                    *own_terms(given),
                    *own_files(given),
                    *_chip_holds(given, found),
                    *holds(scan),
                    *skill_holds(known, given.policy.skill, today()),
                ),
                notes=(*_under(given), *left.notes, *_moved_notes(given), *told(scan), skill),
                rows=(*left.rows, *played.rows),
                same=left.same,
                splits=found.splits,
                spent=given.baseline.spent,
                anchor=given.baseline.anchor.firmware if given.baseline.anchor else "",
                today=today(),
            ),
        )
    return _Found(
        decision=decision,
        scan=scan,
        skill=skill,
        not_simulated=left.gates,
        after=sides[2],
        measured=both,
        played=played,
        old=found.old[1],
        new=found.new[1],
    )


def _measured(
    given: "CheckInputs", sides: "tuple[Side, Side, Side]", means: "Means"
) -> "Measurements":
    """Everything that is compared, all of it simulated in one run.

    Raises:
        BaselineError: OLD does not reproduce its baseline.
    """
    from qtregress.cli.only_changed import recorded
    from qtregress.corners import Measurements, measure_corners
    from qtregress.corners import sides as corners_of
    from qtregress.metrics.collect import collect, under
    from qtregress.pipeline import measure

    approved, before, after = sides
    if given.new_chip is not None:
        corners = measure_corners(corners_of(approved, after, given.new_chip.value), means)
        _still_reproduced(given, corners.approved[1])
        return corners
    faulty = [before] if given.scenario is not None else []
    first, *between, new = measure([approved, *faulty, after], means)
    known = collect(first)
    _still_reproduced(given, known, recorded(given.baseline, first.plan))
    old = between[0] if between else first
    metrics = [known if old is first else collect(old), collect(new)]
    if given.scenario is not None:
        metrics = [under(given.scenario.value, one) for one in metrics]
    return Measurements(
        approved=(first, known), old=(old, metrics[0]), new=(new, metrics[1]), splits={}
    )


def _chip_holds(given: "CheckInputs", found: "Measurements") -> tuple[str, ...]:
    """What forbids a promotion because of the new chip; nothing where there is none."""
    from qtregress.cli.check_inputs import own_chip, own_offsets
    from qtregress.corners import unretuned

    if given.new_chip is None:
        return ()
    return (*own_chip(given), *own_offsets(given), *unretuned(found, given.policy))


def _under(given: "CheckInputs") -> tuple[str, ...]:
    """Which faults the verdict is about; nothing on a good day."""
    if given.scenario is None:
        return ()
    scenario = given.scenario.value
    kinds = ", ".join(dict.fromkeys(fault.kind for fault in scenario.faults))
    return (f"Judged under the faults of scenario {scenario.name}: {kinds}.",)


def _moved_notes(given: "CheckInputs") -> tuple[str, ...]:
    """What the new chip file says has moved, and lines that moved without being declared."""
    from qtregress.calibrate.states import common_factors, declared

    new_chip = given.new_chip.value if given.new_chip else given.chip.value
    states = declared(given.chip.value, new_chip) if given.new_chip else ()
    return (
        *states,
        *common_factors(given.old.value, given.chip.value, given.new.value, new_chip),
    )


def _write_sampled(played: "Sampled", target: str, *, shown: bool) -> None:
    """Random sequences and shots of both releases, the same for both."""
    from qtregress.report.paired import paired_table, paired_text

    deliver(target, paired_text(played.decays))
    if shown:
        console().print(paired_table(played.decays))


def _sides(given: "CheckInputs", *, only_changed: bool) -> "tuple[Side, Side, Side]":
    """OLD as its baseline knows it, and both releases under the scenario, if there is one."""
    from qtregress.cli.inputs import faulty, side_of
    from qtregress.cli.only_changed import narrowed_sides

    chip, workload = given.chip.value, given.workload
    approved = side_of(given.old.value, chip, workload)
    after = side_of(given.new.value, chip, workload)
    if only_changed:
        approved, after = narrowed_sides(approved, after, given.baseline, given.policy)
    fault = given.scenario.value if given.scenario else None
    before = faulty(approved, fault, is_new=False)
    return approved, before, faulty(after, fault, is_new=True)


def _still_reproduced(
    given: "CheckInputs", old: "tuple[Metric, ...]", left_out: "tuple[Metric, ...]" = ()
) -> None:
    """Compare OLD with its baseline, but for what was left out on purpose.

    Raises:
        BaselineError: they disagree.
    """
    from qtregress.baseline.ledger import agreement
    from qtregress.cli.only_changed import without

    moved = agreement(without(given.baseline, left_out), old)
    if moved:
        lines = [f"- {one.sentence}" for one in moved[:_SHOWN]]
        rest = len(moved) - _SHOWN
        lines += [f"- and {rest} more"] if rest > 0 else []
        msg = (
            f"{given.baseline_path}: OLD no longer reproduces its baseline, so the model or "
            "the tool moved, not the firmware: review and accept a new one\n" + "\n".join(lines)
        )
        raise BaselineError(msg)


def _document(found: _Found, given: "CheckInputs") -> "Verdict":
    from qtregress.cli.evidence import explained
    from qtregress.cli.inputs import environment
    from qtregress.files.git import commit_of
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
    if given.new_chip is not None:
        inputs["new_chip"] = Input(path=given.new_chip.path, digest=given.new_chip.digest)
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
            commit=commit_of(given.new.path, given.others),
            scenario=given.scenario.value.name if given.scenario else None,
            kappa_scan=found.scan,
            skill=found.skill,
            **explained(*found.measured, given.new),
            not_simulated=found.not_simulated,
        ),
    )
