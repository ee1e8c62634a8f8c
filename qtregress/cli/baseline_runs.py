"""What ``qtregress baseline`` measures: a release with all that a baseline records of it."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtregress.errors import BaselineError, InputError

if TYPE_CHECKING:
    from qtregress.baseline.ledger import Finding, Origin
    from qtregress.baseline.record import SampledRecord
    from qtregress.cli.simulate import MeasuredRun
    from qtregress.verdict.policy import Policy

_PROFILES = Path("pulse_profiles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How the user wants a release measured; what is None is found or shipped."""

    chip: Path | None
    workload: Path | None
    policy: Path | None
    jobs: int | None
    sampled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A measured release.

    Attributes:
        origin: what was measured.
        found: what was found.
    """

    origin: "Origin"
    found: "Finding"


def rules(path: Path | None) -> "Policy":
    """The user's policy, or the shipped one.

    Raises:
        InputError: the file cannot be read.
    """
    from qtregress.files.documents import load
    from qtregress.verdict.policy import Policy

    return load(path, Policy).value if path else Policy(format="qtregress/policy@1")


def rules_digest(policy: "Policy") -> str:
    """The digest of the rules in force, as baselines record it."""
    from qtregress.identity import digest
    from qtregress.verdict.policy import effective

    return digest(effective(policy))


def measured_release(profile: Path, asked: Asked, *, store: Path | None = None) -> Release:
    """The profile measured on its chip, never from remembered gates.

    Args:
        profile: of the release.
        asked: how it is measured.
        store: of the baseline that it would follow. If the profile of that release lies beside
            this one, recalibrations between the two spend no drift budget.

    Raises:
        InputError: an input cannot be read or does not fit the others.
        BaselineError: the approved baseline cannot be used.
    """
    from qtregress.baseline.ledger import Finding, Origin
    from qtregress.cli.simulate import measured_metrics

    policy = rules(asked.policy)
    chip = asked.chip or profile.parent / "chip.yaml"
    run = measured_metrics(profile, chip, asked.workload, asked.jobs)
    origin = Origin(
        device=run.profile.value.device,
        firmware=run.profile.value.firmware,
        profile_digest=run.profile.digest,
        chip_digest=run.chip.digest,
        policy_digest=rules_digest(policy),
        workload_digest=run.workload_digest,
    )
    before = _before(origin, profile.parent, store)
    return Release(
        origin=origin,
        found=Finding(
            metrics=run.metrics,
            environment=run.environment,
            scales=_scales(run, policy),
            changes={} if before is None else _changes(before, chip, run, asked),
            sampled=_sampled(run, policy, asked.jobs) if asked.sampled else (),
        ),
    )


def _before(origin: "Origin", folder: Path, store: Path | None) -> Path | None:
    """The approved release's profile, if what it moved will be counted.

    Raises:
        BaselineError: the approved baseline cannot be used.
    """
    from qtregress.baseline.ledger import is_next
    from qtregress.files.baseline_store import read_approved

    approved = None if store is None else read_approved(store, origin.device)
    if approved is None or not is_next(origin, approved):
        return None
    found = _holding(approved.profile_digest, folder)
    if found is None:
        click.echo(
            f"{folder}: no profile here is release {approved.firmware}, so a recalibration since "
            "then spends drift budget"
        )
    return found


def _changes(old: Path, chip: Path, run: "MeasuredRun", asked: Asked) -> dict[str, float]:
    """How far errors moved since OLD, recalibrations apart; empty where there were none."""
    from qtregress.cli.simulate import measured_metrics
    from qtregress.cli.workers import workers
    from qtregress.movement import movement
    from qtregress.pipeline import Means

    before = measured_metrics(old, chip, asked.workload, asked.jobs)
    was, now = ((one.measurement, one.metrics) for one in (before, run))
    with workers(asked.jobs, quiet=False) as spread:
        return movement(was, now, run.side, rules(asked.policy), Means(run=spread))


def recorded_profile(device: str, digest: str, named: Path | None) -> Path:
    """The file of the release whose digest the baseline records.

    Args:
        device: whose profiles are looked through where none is named.
        digest: the recorded one.
        named: by the user.

    Raises:
        BaselineError: no file holds that release, or the named one is another.
        InputError: the named one cannot be read.
    """
    from qtregress.files.documents import load
    from qtregress.pulses.profile import Profile

    if named is not None:
        if load(named, Profile).digest != digest:
            msg = f"{named}: is not the release that the baseline records; propose it instead"
            raise BaselineError(msg)
        return named
    folder = _PROFILES / device
    found = _holding(digest, folder)
    if found is None:
        msg = f"{folder}: no profile is the release that the baseline records; name its file"
        raise BaselineError(msg)
    return found


def _holding(digest: str, folder: Path) -> Path | None:
    """The profile with that digest in the folder, whatever its file is called."""
    from qtregress.files.documents import load
    from qtregress.pulses.profile import Profile

    for path in sorted(folder.glob("*.yaml")):
        try:
            if load(path, Profile).digest == digest:
                return path
        except InputError:
            continue  # a chip, or a profile of another version: not the one looked for
    return None


def _scales(run: "MeasuredRun", policy: "Policy") -> dict[str, float]:
    """What relative margins are a share of, where not the value: the release beside itself."""
    from qtregress.metrics.compare import compare
    from qtregress.pipeline import Answers, recalibration
    from qtregress.run import in_order

    unmoved = Answers(old={}, new={})
    still = recalibration(run.measurement, run.measurement, policy, unmoved, run=in_order)
    both = (run.measurement, run.metrics)
    return {
        row.id: row.scale
        for row in compare(both, both, still)
        if math.isfinite(row.scale) and row.scale > 0 and row.scale != abs(row.old or 0.0)
    }


def _sampled(run: "MeasuredRun", policy: "Policy", jobs: int | None) -> "tuple[SampledRecord, ...]":
    """Sampled benchmarking of every qubit and pair, sequence by sequence.

    All that ``check --sampled`` plays at its last look: what earlier looks play it begins with.
    """
    from qtregress.baseline.sampled import sampled_records
    from qtregress.cli.workers import workers
    from qtregress.looks import SEED, SHOTS
    from qtregress.rb.from_channels import gate_sets
    from qtregress.rb.sampled import SampledTask, sampled_task

    measurement, sampling = run.measurement, policy.sampling
    tasks = [
        SampledTask(
            gates=gates,
            qubits=qubits,
            exact_p=measurement.decays[qubits].p,
            seed=SEED,
            shots=SHOTS,
            sequences=sampling.looks * sampling.sequences_per_look,
        )
        for qubits, gates in gate_sets(measurement.plan, measurement.channels).items()
    ]
    with workers(jobs, quiet=False) as spread:
        return sampled_records(spread(sampled_task, tasks, "sampled benchmarking"))
