"""``qtregress baseline``: propose, accept and verify a device's approved metrics."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.cli.edge import now
from qtregress.errors import BaselineError, ExitCode

if TYPE_CHECKING:
    from qtregress.baseline.ledger import Origin
    from qtregress.baseline.record import Baseline
    from qtregress.cli.simulate import MeasuredRun

_SHOWN = 20

_store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    default=Path("baselines"),
    show_default=True,
    help="The folder of baselines.",
)


@click.group("baseline")
def command() -> None:
    """Propose, accept and verify approved metrics."""


@command.command("propose")
@click.argument("profile", type=click.Path(path_type=Path))
@click.option(
    "--chip",
    type=click.Path(path_type=Path),
    help="The chip file; chip.yaml beside PROFILE by default.",
)
@click.option("--workload", type=click.Path(path_type=Path), help="The declared workload.")
@click.option("--policy", type=click.Path(path_type=Path), help="The policy file.")
@click.option("--reason", required=True, help="Why the baseline should change.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes to use.")
@_store_option
def propose(  # noqa: PLR0913  # one argument an option
    *,
    profile: Path,
    chip: Path | None,
    workload: Path | None,
    policy: Path | None,
    reason: str,
    jobs: int | None,
    store: Path,
) -> ExitCode:
    """Measure PROFILE and write DEVICE.proposed.json; no check reads it until accepted."""
    from qtregress.cli.simulate import measured_metrics

    policy_digest = digest_of_policy(policy)
    run = measured_metrics(profile, chip or profile.parent / "chip.yaml", workload, jobs)
    _write(run, origin_of(run, policy_digest), reason=reason, store=store)
    return ExitCode.PROMOTE


@command.command("accept")
@click.argument("device_or_file")
@click.option("--reason", required=True, help="Why the proposal is right; it is recorded.")
@_store_option
def accept(*, device_or_file: str, reason: str, store: Path) -> ExitCode:
    """Make a verified proposal the device's approved baseline; refused in CI."""
    from qtregress.files.baseline_store import accept as accept_file
    from qtregress.files.baseline_store import proposed_path

    named = Path(device_or_file)
    is_file = named.suffix == ".json" or len(named.parts) > 1
    proposal = named if is_file else proposed_path(store, device_or_file)
    path = accept_file(proposal, store, reason=reason, environ=os.environ)
    click.echo(f"accepted {path}")
    return ExitCode.PROMOTE


@command.command("verify")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@_store_option
def verify(*, files: tuple[Path, ...], store: Path) -> ExitCode:
    """Check the digests of FILES, or of every approved baseline of the store."""
    from qtregress.files.baseline_store import PROPOSED, read_baseline

    found = files or tuple(
        path for path in sorted(store.glob("*.json")) if not path.name.endswith(PROPOSED)
    )
    if not found:
        msg = f"{store}: there is no baseline to verify"
        raise BaselineError(msg)
    for path in found:
        baseline = read_baseline(path)
        click.echo(f"{path}: {baseline.device} {baseline.firmware} {baseline.digest}")
    return ExitCode.PROMOTE


def digest_of_policy(path: Path | None) -> str:
    """The digest of the rules in force: the file's, then the shipped ones.

    Raises:
        InputError: the file cannot be read.
    """
    from qtregress.files.documents import load
    from qtregress.identity import digest
    from qtregress.verdict.policy import Policy, effective

    policy = load(path, Policy).value if path else Policy(format="qtregress/policy@1")
    return digest(effective(policy))


def origin_of(run: "MeasuredRun", policy_digest: str) -> "Origin":
    """What the run's metrics were measured on, for comparison with a baseline's."""
    from qtregress.baseline.ledger import Origin

    return Origin(
        device=run.profile.value.device,
        firmware=run.profile.value.firmware,
        profile_digest=run.profile.digest,
        chip_digest=run.chip.digest,
        policy_digest=policy_digest,
        workload_digest=run.workload_digest,
    )


def _write(run: "MeasuredRun", origin: "Origin", *, reason: str, store: Path) -> None:
    """Write the proposal and say what it changes.

    Raises:
        BaselineError: there is nothing to propose, or the store cannot be used.
    """
    from qtregress.baseline.ledger import propose as propose_baseline
    from qtregress.baseline.ledger import verify as problems_of
    from qtregress.files.baseline_store import read_approved, write_proposal

    previous = read_approved(store, origin.device)
    proposal = propose_baseline(
        origin,
        run.metrics,
        previous=previous,
        environment=run.environment,
        created=now(),
        reason=reason,
    )
    problems = problems_of(proposal)
    if problems:
        msg = f"{origin.device}: {'; '.join(problems)}"
        raise BaselineError(msg)
    click.echo(f"proposed {write_proposal(store, proposal)}")
    for line in _movements(proposal, previous):
        click.echo(line)


def _movements(proposal: "Baseline", previous: "Baseline | None") -> list[str]:
    """What the proposal changes, and what it could not measure."""
    from qtregress.baseline.ledger import agreement

    moved = [] if previous is None else agreement(previous, proposal.metrics)
    undecided = sum(metric.value is None for metric in proposal.metrics)
    lines = [f"{len(proposal.metrics)} metrics, {undecided} undecided, {len(moved)} moved"]
    lines += [f"- {item.sentence}" for item in moved[:_SHOWN]]
    if len(moved) > _SHOWN:
        lines.append(f"- and {len(moved) - _SHOWN} more")
    return lines
