"""``qtregress selftest``: whether this installation computes what it should, here and now."""

import math
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import console
from qtregress.errors import ExitCode, InputError, QtregressError

if TYPE_CHECKING:
    from rich.table import Table

    from qtregress.channels.agreement import Agreement, AgreementTask
    from qtregress.channels.channel import GateChannel
    from qtregress.chip.chip import Chip
    from qtregress.pulses.profile import Gate, Profile
    from qtregress.run import Run
    from qtregress.trials import Trial
    from qtregress.verdict.policy import Policy

AGREEMENT = 1e-8
"""Largest element by which the engines may differ: what the fast one aims at."""
REFERENCE_ERROR = 1e-9
"""What the reference engine's own steps may leave in an element."""
ROUNDING = 1e-12
"""Of double precision in an element, after some thousand products."""
POSITIVITY = 1e-8
"""How far below zero an eigenvalue of a Choi matrix of trace d may lie."""
PAIR_LEVELS = 3
"""Of a pair by the reference engine: ten seconds instead of two minutes."""
START_PHASE_RAD = math.pi / 2
"""Of a pair's second carrier: one that turns something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is tested: gates that verdicts would rest on, shortest first.

    Attributes:
        profile, chip: the user's own.
        ones: simulated gates of one qubit.
        pairs: simulated gates of two qubits.
        refused: ids of gates that are not simulated.
        full: whether every pair gate is tested, not the shortest alone.
    """

    profile: "Profile"
    chip: "Chip"
    ones: "tuple[Gate, ...]"
    pairs: "tuple[Gate, ...]"
    refused: tuple[str, ...]
    full: bool

    @property
    def tested_pairs(self) -> "tuple[Gate, ...]":
        """The pair gates to test."""
        return self.pairs if self.full else self.pairs[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the self-test: a figure that must not be above its limit."""

    check: str
    gate: str
    figure: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the figure is known and within a finite limit."""
        return math.isfinite(self.limit) and self.figure <= self.limit

    @property
    def share(self) -> float:
        """How much of its limit the figure takes; 0 of a limit of zero."""
        return self.figure / self.limit if self.limit > 0 else 0.0

    @property
    def sentence(self) -> str:
        """What is wrong."""
        if not math.isfinite(self.limit):
            return f"{self.check}: {self.gate} must have a finite limit, but has {self.limit}"
        return (
            f"{self.check}: {self.gate} must have at most {self.limit:.1e}, "
            f"but has {self.figure:.1e}"
        )


Check = Callable[[Subject, "Run"], list[Finding]]


@click.command("selftest")
@click.argument("profile")
@click.option("--chip", type=click.Path(path_type=Path), help="Default: chip.yaml beside PROFILE.")
@click.option("--policy", type=click.Path(path_type=Path), help="Rules that judge the faults.")
@click.option("--full", is_flag=True, help="Every pair gate, one at all levels: some minutes.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: all cores.")
@click.option("--quiet", is_flag=True, help="No progress, no table; the exit status speaks.")
def command(  # one argument an option
    *,
    profile: str,
    chip: Path | None,
    policy: Path | None,
    full: bool,
    jobs: int | None,
    quiet: bool,
) -> ExitCode:
    """Test this installation on PROFILE (a file or REV:PATH): 0 if all is right, else 70.

    Both engines must agree on its gates, simulated maps must be physical, answers must not
    depend on the process, and the judge must pass what is harmless and stop injected faults
    on every qubit. Nothing that was remembered from earlier runs is used.
    """
    from qtregress.cli.workers import default_jobs, workers

    begun = time.perf_counter()
    subject = _subject(profile, chip, full=full)
    rules = _rules(policy)
    if full and not quiet:
        click.echo(f"comparing {len(subject.pairs)} pair gates: this takes minutes", err=True)
    with workers(jobs, quiet=quiet) as run:
        findings = [found for check in CHECKS.values() for found in check(subject, run)]
        trials = _trials(subject, rules, run)
        (threads,) = run(blas, [0], "BLAS")
    if not quiet:
        console().print(_table(findings))
        console().print(_trial_table(trials))
        for line in (*_remarks(subject), *_untried(trials)):
            click.echo(line)
        seconds = time.perf_counter() - begun
        click.echo(f"{_machine(jobs or default_jobs(), threads)}; {seconds:.0f} s")
    _believe(findings, trials)
    return ExitCode.PROMOTE


def _rules(policy: Path | None) -> "Policy":
    from qtregress.files.documents import load
    from qtregress.verdict.policy import Policy

    return load(policy, Policy).value if policy else Policy(format="qtregress/policy@1")


def _trials(subject: Subject, policy: "Policy", run: "Run") -> "list[Trial]":
    """The judge on releases that must pass and on faults, every qubit and the tested pairs."""
    from qtregress.faults import places
    from qtregress.trials import PartTask, part_trials

    pairs = {gate.id for gate in subject.pairs}
    tested = {gate.id for gate in subject.tested_pairs}
    wanted = [
        where
        for where in places(subject.profile, subject.chip)
        if tested.issuperset(pairs.intersection(where.broken))
    ]
    tasks = [
        PartTask(profile=subject.profile, chip=subject.chip, policy=policy, where=where)
        # pairs take longest: no process should begin one at the end
        for where in sorted(wanted, key=lambda where: pairs.isdisjoint(where.broken))
    ]
    return [trial for found in run(part_trials, tasks, "injected faults") for trial in found]


def _subject(profile: str, chip: Path | None, *, full: bool) -> Subject:
    """Read the inputs and choose the gates.

    Raises:
        InputError: a file is bad, or there is no gate to test.
    """
    from qtregress.channels.plan import plan
    from qtregress.chip.chip import Chip
    from qtregress.cli.inputs import beside, same_device
    from qtregress.files.documents import load
    from qtregress.pulses.profile import Profile

    loaded = load(profile, Profile)
    on = load(chip or beside(profile, "chip.yaml"), Chip)
    same_device(loaded, on)
    planned = plan(loaded.value, on.value)
    gates = sorted(planned.gates, key=lambda gate: (gate.duration, gate.id))
    if not gates:
        gate, why = next(iter(planned.refused.items()), ("profile", "it has no pulsed gate"))
        msg = f"{profile}: no gate can be simulated, so that nothing can be tested: {gate}: {why}"
        raise InputError(msg)
    return Subject(
        profile=loaded.value,
        chip=on.value,
        ones=tuple(gate for gate in gates if len(gate.qubits) == 1),
        pairs=tuple(gate for gate in gates if len(gate.qubits) > 1),
        refused=tuple(planned.refused),
        full=full,
    )


def engines(subject: Subject, run: "Run") -> list[Finding]:
    """Both engines give the same maps, and the fast one knows how far it may be off."""
    from qtregress.channels.agreement import agreement_task
    from qtregress.channels.problem import LEVELS

    groups: list[tuple[str, Sequence[Gate], int]] = [
        # the longest first, so that no process waits for it at the end
        ("pair", subject.pairs[:1] if subject.full else (), LEVELS),
        ("pair", subject.tested_pairs, PAIR_LEVELS),
        ("one qubit", subject.ones, LEVELS),
    ]
    tasks = [_agreement(subject, gate, levels) for _, gates, levels in groups for gate in gates]
    answers = iter(run(agreement_task, tasks, "engines"))
    findings = []
    for kind, gates, levels in groups:
        found = [next(answers) for _ in gates]
        findings += _agreed(found, f"{kind}, {levels} levels")
    return findings


def _agreed(found: "Sequence[Agreement]", group: str) -> list[Finding]:
    agree = [
        Finding(
            check=f"engines agree: {group}",
            gate=one.gate,
            figure=one.difference,
            limit=AGREEMENT,
        )
        for one in found
    ]
    stated = [
        Finding(
            check=f"stated error holds: {group}",
            gate=one.gate,
            figure=one.difference,
            limit=one.stated_estimate + REFERENCE_ERROR,
        )
        for one in found
    ]
    return [*worst(agree), *worst(stated)]


def _agreement(subject: Subject, gate: "Gate", levels: int) -> "AgreementTask":
    from qtregress.channels.agreement import AgreementTask
    from qtregress.channels.problem import bath_of, gate_problem

    return AgreementTask(
        problem=gate_problem(gate, subject.profile, subject.chip, levels=levels),
        bath=bath_of(subject.chip, gate.qubits, {}, levels),
        start_phase_rad=START_PHASE_RAD if len(gate.qubits) > 1 else 0.0,
    )


def maps(subject: Subject, run: "Run") -> list[Finding]:
    """The maps that metrics are made of keep the trace and are completely positive."""
    from qtregress.channels.agreement import positivity_defect, trace_defect

    gates = [*subject.tested_pairs, *subject.ones]
    channels = _channels(subject, gates, run, "maps")
    traces = [
        Finding(
            check="maps keep the trace",
            gate=one.gate,
            figure=trace_defect(one.superoperator),
            # a trace sums as many elements as there are levels
            limit=math.prod(one.levels) * (one.error_estimate + ROUNDING),
        )
        for one in channels
    ]
    positive = [
        Finding(
            check="maps are completely positive",
            gate=one.gate,
            figure=positivity_defect(one.superoperator),
            limit=POSITIVITY,
        )
        for one in channels
    ]
    return [*worst(traces), *worst(positive)]


def processes(subject: Subject, run: "Run") -> list[Finding]:
    """A gate simulated in this process and twice in workers is the same to the last bit."""
    from qtregress.channels.agreement import channel_difference
    from qtregress.run import in_order

    gate = (*subject.pairs, *subject.ones)[0]
    (here,) = _channels(subject, [gate], in_order, "here")
    elsewhere = _channels(subject, [gate, gate], run, "processes")
    return worst(
        [
            Finding(
                check="same bits in every process",
                gate=gate.id,
                figure=channel_difference(here, there),
                limit=0.0,
            )
            for there in elsewhere
        ]
    )


CHECKS: dict[str, Check] = {"engines": engines, "maps": maps, "processes": processes}
"""Every check by its name, in the order of the table."""


def _channels(
    subject: Subject, gates: "Sequence[Gate]", run: "Run", what: str
) -> "list[GateChannel]":
    """The gates' channels without a load, computed afresh."""
    from qtregress.channels.plan import gate_task
    from qtregress.channels.simulate import simulate_gate

    tasks = [
        gate_task(gate, subject.profile, subject.chip, loads=(), engine="fast") for gate in gates
    ]
    return [channel for (channel,) in run(simulate_gate, tasks, what)]


def worst(findings: Sequence[Finding]) -> list[Finding]:
    """The finding that fails, or comes nearest to it; none of none."""
    if not findings:
        return []
    return [min(findings, key=lambda one: (one.passed, -one.share))]


def _believe(findings: Sequence[Finding], trials: "Sequence[Trial]") -> None:
    """Nothing to say where all passed.

    Raises:
        QtregressError: a check or a trial failed, or there was none of them.
    """
    failed = [finding.sentence for finding in findings if not finding.passed]
    failed += [_accusation(trial) for trial in trials if trial.got and not trial.passed]
    if not any(trial.got for trial in trials):
        failed.append("no release was judged")
    if failed or not findings:
        what = "; ".join(failed) or "nothing was checked"
        msg = f"the self-test failed, so that no verdict given here should be believed: {what}"
        raise QtregressError(msg)


def _table(findings: Sequence[Finding]) -> "Table":
    from rich.table import Table

    from qtregress.printable import printable

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("", "check", "worst gate"):
        table.add_column(name, no_wrap=True)
    for name in ("figure", "limit"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in findings:
        word = "ok" if one.passed else "FAILED"
        figures = (f"{one.figure:.1e}", f"{one.limit:.1e}")
        style = "" if one.passed else "bold red"
        table.add_row(word, one.check, printable(one.gate), *figures, style=style)
    return table


def _accusation(trial: "Trial") -> str:
    """What is wrong with a verdict."""
    from qtregress.trials import is_right

    what = f"{trial.kind} of {trial.where}"
    got = " and ".join(trial.got)
    must = "not roll back both ways" if trial.must == "not both" else trial.must
    if not is_right(trial.got, trial.must):
        return f"{what} must {must}, but the verdict is {got}: {trial.why}"
    return f"{what} must be what the verdict ({got}) rests on, but is not: {trial.why}"


def _trial_table(trials: "Sequence[Trial]") -> "Table":
    """One line a kind of release, with the place where it came nearest to being misjudged."""
    from rich.table import Table

    from qtregress.printable import printable
    from qtregress.trials import summaries

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("", "release or fault", "must", "did", "nearest"):
        table.add_column(name, no_wrap=True)
    table.add_column("margins", justify="right", no_wrap=True)
    for one in summaries(trials):
        word = "ok" if one.passed else "FAILED"
        style = "" if one.passed else "bold red"
        margins = "—" if one.margins is None else f"{one.margins:.4g}"
        cells = (one.kind, one.must, one.verdicts, printable(one.nearest), margins)
        table.add_row(word, *cells, style=style)
    return table


def _untried(trials: "Sequence[Trial]") -> list[str]:
    """Faults that could not be made, each with its reason."""
    from qtregress.printable import printable

    return [
        printable(f"not tested: {trial.kind} of {trial.where}: {trial.why}")
        for trial in trials
        if not trial.got
    ]


def _remarks(subject: Subject) -> list[str]:
    """What was tested, and what was not."""
    from qtregress.printable import printable

    pairs = f"{len(subject.tested_pairs)} of {len(subject.pairs)} pair gates"
    lines = [f"tested {len(subject.ones)} gates of one qubit and {pairs}"]
    if subject.refused:
        lines.append(f"not tested, because not simulated: {printable(', '.join(subject.refused))}")
    return lines


def blas(_: int) -> str:
    """The process's linear algebra and its threads."""
    from threadpoolctl import threadpool_info

    found = {
        f"{one['internal_api']} {one['version']} ({one['num_threads']} thread)"
        for one in threadpool_info()
        if one["user_api"] == "blas"
    }
    return ", ".join(sorted(found)) or "unknown BLAS"


def _machine(jobs: int, threads: str) -> str:
    """What computed, in one line."""
    from qtregress.cli.inputs import environment

    versions = ", ".join(f"{name} {version}" for name, version in environment().items())
    return (
        f"{versions}; {threads}; {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {jobs} processes"
    )
