"""``qtregress baseline``: the life of a device's approved metrics, from proposal to log."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from qtregress.cli.edge import console, deliver, now, prepare
from qtregress.errors import BaselineError, ExitCode, QtregressError

if TYPE_CHECKING:
    from qtregress.baseline.record import Baseline
    from qtregress.cli.baseline_runs import Asked, Release
    from qtregress.files.signatures import PublicKey

Command = TypeVar("Command", bound=Callable[..., Any])

_SHOWN = 20
_MAX_REASON = 500

_store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=Path("baselines"),
    show_default=True,
    help="The folder of baselines.",
)
_policy_option = click.option("--policy", type=click.Path(path_type=Path), help="The policy file.")


def _stated(ctx: click.Context, parameter: click.Parameter, reason: str) -> str:
    """The reason of a proposal, refused here where it cannot be recorded."""
    del ctx, parameter
    if not reason.strip() or len(reason) > _MAX_REASON:
        msg = f"must have 1 to {_MAX_REASON} characters, but has {len(reason.strip())}"
        raise click.BadParameter(msg)
    return reason


def _measuring(command: Command) -> Command:
    """The options of commands that measure."""
    for option in (
        click.option("--jobs", type=click.IntRange(min=1), help="Processes to use."),
        click.option(
            "--sampled", is_flag=True, help="Record sampled benchmarking, too, by sequence."
        ),
        click.option("--reason", required=True, callback=_stated, help="Why it should change."),
        _policy_option,
        click.option("--workload", type=click.Path(path_type=Path), help="The declared workload."),
        click.option(
            "--chip",
            type=click.Path(path_type=Path),
            help="The chip file; chip.yaml beside PROFILE by default.",
        ),
    ):
        command = option(command)
    return command


@click.group("baseline")
def command() -> None:
    """Propose, review, accept and verify approved metrics."""


@command.command("propose")
@click.argument("profiles", nargs=-1, required=True, type=click.Path(path_type=Path))
@_measuring
@_store_option
def propose(  # noqa: PLR0913  # one argument an option
    *,
    profiles: tuple[Path, ...],
    chip: Path | None,
    workload: Path | None,
    policy: Path | None,
    reason: str,
    sampled: bool,
    jobs: int | None,
    store: Path,
) -> ExitCode:
    """Measure each PROFILE and write DEVICE.proposed.json; no check reads it until accepted.

    Where nothing moved, nothing is written. One device that fails does not keep the others
    from being proposed, but its exit status is the command's.
    """
    from qtregress.cli.baseline_runs import Asked, measured_release

    if chip is not None and len(profiles) > 1:
        msg = f"--chip is of one device, but {len(profiles)} profiles are named"
        raise click.UsageError(msg)
    asked = Asked(chip=chip, workload=workload, policy=policy, jobs=jobs, sampled=sampled)
    failed: list[QtregressError] = []
    for profile in profiles:
        try:
            release = measured_release(profile, asked, store=store)
            _write(release, asked, reason=reason, store=store)
        except QtregressError as error:
            failed.append(error)
    if failed:
        raise type(failed[0])("\n".join(map(str, failed))) from failed[0]
    return ExitCode.PROMOTE


@command.command("rebuild")
@click.argument("device")
@click.argument("profile", required=False, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "revision",
    metavar="REV",
    help="After a merge conflict: first put back the approved baseline of this revision.",
)
@_measuring
@_store_option
def rebuild(  # noqa: PLR0913  # one argument an option
    *,
    device: str,
    profile: Path | None,
    revision: str | None,
    chip: Path | None,
    workload: Path | None,
    policy: Path | None,
    reason: str,
    sampled: bool,
    jobs: int | None,
    store: Path,
) -> ExitCode:
    """Measure the approved release of DEVICE again and propose what it is now.

    For a chip, a workload, a policy or a tool that moved: none of it spends drift budget.
    A proposal is written even where nothing moved. Without PROFILE the release is looked for
    in pulse_profiles/DEVICE.
    """
    from qtregress.cli.baseline_runs import Asked, measured_release, recorded_profile
    from qtregress.files.baseline_store import approved_path, read_approved, restore

    if revision is not None:
        kept = restore(store, device, revision, environ=os.environ)
        click.echo(f"{approved_path(store, device)}: {_last_entry(kept)}, as at {revision}")
    approved = read_approved(store, device)
    if approved is None:
        msg = f"{approved_path(store, device)}: there is no baseline to rebuild; propose one"
        raise BaselineError(msg)
    path = recorded_profile(device, approved.profile_digest, profile)
    asked = Asked(chip=chip, workload=workload, policy=policy, jobs=jobs, sampled=sampled)
    _write(measured_release(path, asked), asked, reason=reason, store=store, always=True)
    return ExitCode.PROMOTE


@command.command("review")
@click.argument("device")
@_policy_option
@click.option("--markdown", metavar="FILE", help="Write Markdown (- is standard output).")
@_store_option
def review(*, device: str, policy: Path | None, markdown: str | None, store: Path) -> ExitCode:
    """Show what accepting DEVICE's proposal would change, worst first."""
    from qtregress.cli.baseline_runs import rules, rules_digest
    from qtregress.files.baseline_store import read_approved, read_proposal
    from qtregress.report.baseline_review import review as reviewed
    from qtregress.report.baseline_review import review_markdown, review_table

    prepare([markdown], [policy], store=store)
    proposal, approved = read_proposal(store, device), read_approved(store, device)
    given = rules(policy)
    if rules_digest(given) != proposal.policy_digest:
        msg = f"{device}: was proposed under another policy, so shares mean nothing: give --policy"
        raise BaselineError(msg)
    found = reviewed(approved, proposal, given)
    if markdown != "-":
        console().print(review_table(found))
    if markdown is not None:
        deliver(markdown, review_markdown(found))
    return ExitCode.PROMOTE


@command.command("accept")
@click.argument("device_or_file")
@click.option("--reason", required=True, help="Why the proposal is right; it is recorded.")
@click.option("--anchor", is_flag=True, help="Count drift anew from here; it shows in the log.")
@click.option("--by", help="Who accepts; what git calls the user by default.")
@click.option(
    "--sign-key", type=click.Path(path_type=Path), help="Sign with this Ed25519 private key."
)
@_store_option
def accept(  # one argument an option
    *,
    device_or_file: str,
    reason: str,
    anchor: bool,
    by: str | None,
    sign_key: Path | None,
    store: Path,
) -> ExitCode:
    """Make a verified proposal the device's approved baseline; refused in CI."""
    from qtregress.baseline.history import Terms
    from qtregress.files.baseline_store import accept as accept_file
    from qtregress.files.baseline_store import proposed_path
    from qtregress.files.git import user_name

    named = Path(device_or_file)
    is_file = named.suffix == ".json" or len(named.parts) > 1
    proposal = named if is_file else proposed_path(store, device_or_file)
    who = by if by is not None else user_name() or _login()
    terms = Terms(reason=reason, by=who, at=now(), anchor=anchor)
    done = accept_file(proposal, store, terms, environ=os.environ, key_file=sign_key)
    if not done.is_new:
        click.echo(f"{done.path}: was accepted already: {_last_entry(done.baseline)}")
        return ExitCode.PROMOTE
    click.echo(f"accepted {done.path}: {_last_entry(done.baseline)}")
    return ExitCode.PROMOTE


@command.command("verify")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--public-key",
    "key_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Demand a signature by one of the keys in this file.",
)
@_store_option
def verify(*, files: tuple[Path, ...], key_files: tuple[Path, ...], store: Path) -> ExitCode:
    """Check digest, history and signature of FILES, or of every baseline of the store."""
    from qtregress.files.baseline_store import PROPOSED, approved_at, read_baseline
    from qtregress.files.signatures import read_keys

    keys = tuple(key for file in key_files for key in read_keys(str(file)))
    found = files or tuple(
        path for path in sorted(store.glob("*.json")) if not path.name.endswith(PROPOSED)
    )
    if not found:
        msg = f"{store}: there is no baseline to verify"
        raise BaselineError(msg)
    for path in found:
        baseline = read_baseline(path) if files else approved_at(path, path.stem)
        signed = _signed(path, baseline, keys)
        entries = _last_entry(baseline) if baseline.accepted else "a proposal"
        what = f"{baseline.device} {baseline.firmware} {baseline.digest}"
        click.echo(f"{path}: {what}, {entries}, {signed}")
    return ExitCode.PROMOTE


@command.command("log")
@click.argument("device")
@_policy_option
@_store_option
def log(*, device: str, policy: Path | None, store: Path) -> ExitCode:
    """Show who accepted what for DEVICE, newest first, and the drift budget that is left."""
    from qtregress.cli.baseline_runs import rules, rules_digest
    from qtregress.files.baseline_store import approved_at, approved_path
    from qtregress.report.baseline_log import log_table

    baseline = approved_at(approved_path(store, device), device)
    given = rules(policy)
    is_same = rules_digest(given) == baseline.policy_digest
    console().print(log_table(baseline, given if is_same else None))
    return ExitCode.PROMOTE


@command.command("keygen")
@click.argument("file", type=click.Path(path_type=Path))
def keygen(*, file: Path) -> ExitCode:
    """Write a new Ed25519 private key to FILE and its public key to FILE.pub.

    A file trusted_keys in the store, one public key a line, demands that every approved
    baseline is signed by one of them.
    """
    from qtregress.files.signatures import generate

    public = generate(file)
    click.echo(f"wrote {file} (keep it secret) and {public}:")
    click.echo(public.read_text(encoding="ascii").strip())
    return ExitCode.PROMOTE


def _write(
    release: "Release", asked: "Asked", *, reason: str, store: Path, always: bool = False
) -> None:
    """Write the proposal and say what it changes; nothing where nothing moved.

    Raises:
        BaselineError: there is nothing to propose, or the store cannot be used.
    """
    from qtregress.baseline import ledger
    from qtregress.baseline.history import verify as problems_of
    from qtregress.cli.baseline_runs import rules
    from qtregress.files.baseline_store import read_approved, standing_proposal, write_proposal
    from qtregress.report.baseline_budget import worst_spent

    device = release.origin.device
    previous = read_approved(store, device)
    proposal = ledger.propose(
        release.origin, release.found, previous=previous, created=now(), reason=reason
    )
    proposal = ledger.with_worst_spent(proposal, worst_spent(proposal, rules(asked.policy)))
    problems = problems_of(proposal)
    if problems:
        msg = f"{device}: {'; '.join(problems)}"
        raise BaselineError(msg)
    if not always and previous is not None and ledger.repeats(proposal, previous):
        click.echo(f"{device}: nothing to propose, {previous.firmware} is approved as it is")
        return
    standing = standing_proposal(store, device)
    if standing is not None and ledger.is_proposed(proposal, standing):
        click.echo(f"{device}: nothing to propose, the proposal of {standing.created} stands")
        return
    click.echo(f"proposed {write_proposal(store, proposal)}")
    for line in _movements(proposal, previous):
        click.echo(line)


def _movements(proposal: "Baseline", previous: "Baseline | None") -> list[str]:
    """What the proposal changes, what it could not measure, and what forbids accepting it."""
    from qtregress.baseline.ledger import agreement
    from qtregress.baseline.spending import spending

    moved = [] if previous is None else agreement(previous, proposal.metrics)
    undecided = sum(metric.value is None for metric in proposal.metrics)
    lines = [f"{len(proposal.metrics)} metrics, {undecided} undecided, {len(moved)} moved"]
    lines += [f"- {item.sentence}" for item in moved[:_SHOWN]]
    if len(moved) > _SHOWN:
        lines.append(f"- and {len(moved) - _SHOWN} more")
    problem = spending(previous, proposal).problem
    return [*lines, f"It cannot be accepted as it is: {problem}"] if problem else lines


def _last_entry(baseline: "Baseline") -> str:
    """``number 3, accepted at ... by ..., an anchor``."""
    from qtregress.printable import printable

    last = baseline.history[-1]
    anchor = ", an anchor" if last.anchor else ""
    by = printable(last.accepted_by)
    return f"number {last.number}, accepted at {last.accepted_at} by {by}{anchor}"


def _signed(path: Path, baseline: "Baseline", keys: "tuple[PublicKey, ...]") -> str:
    """Whether the baseline is signed, as far as anybody can tell.

    Raises:
        BaselineError: keys are given and none of them vouches for it.
    """
    from qtregress.files.baseline_store import trusted_keys
    from qtregress.files.signatures import signature_problem

    if keys:
        problem = signature_problem(baseline, keys)
        if problem:
            msg = f"{path}: {problem}"
            raise BaselineError(msg)
        return "signed"
    if baseline.signature is None:
        return "not signed"
    # reading it checked the signature where keys lie beside it
    return "signed" if trusted_keys(path) else "signed, but no key was given to check that"


def _login() -> str:
    """The user's name in this system, empty where it has none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
