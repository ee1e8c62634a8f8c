"""What ``check`` reads: loaded, found to belong together, and refused where it does not."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtregress.errors import BaselineError, InputError

if TYPE_CHECKING:
    from qtregress.baseline.record import Baseline
    from qtregress.chip.chip import Chip
    from qtregress.files.documents import Loaded
    from qtregress.pulses.profile import Profile
    from qtregress.thermal.scenario import Scenario
    from qtregress.thermal.workload import Workload
    from qtregress.verdict.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInputs:
    """Everything a check reads, loaded and found to belong together."""

    old: "Loaded[Profile]"
    new: "Loaded[Profile]"
    chip: "Loaded[Chip]"
    new_chip: "Loaded[Chip] | None"
    workload: "Workload"
    policy: "Policy"
    baseline: "Baseline"
    baseline_path: Path
    policy_path: Path | None
    workload_path: Path | None
    scenario: "Loaded[Scenario] | None"

    @property
    def others(self) -> tuple[str, ...]:
        """Where the inputs besides NEW that a change could bring were read."""
        chip = self.new_chip.path if self.new_chip else None
        scenario = self.scenario.path if self.scenario else None
        paths = (chip, self.policy_path, self.workload_path, scenario)
        return tuple(str(path) for path in paths if path is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPaths:
    """What the user named; what is None is found by the device's name or shipped."""

    old: str
    new: str
    chip: Path | None
    new_chip: Path | None
    baseline: Path | None
    policy: Path | None
    workload: Path | None
    scenario: Path | None


def load_check(paths: CheckPaths) -> CheckInputs:
    """Read all inputs and refuse what does not belong together, before any simulation."""
    from qtregress.chip.chip import Chip
    from qtregress.cli.inputs import baseline_of, beside, load_workload, same_device, same_grid
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
    moved = _other_state(on, paths.new_chip)
    same_grid(before, after)
    path = paths.baseline or baseline_of(old, before.value.device)
    given = CheckInputs(
        old=before,
        new=after,
        chip=on,
        new_chip=moved,
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


def gate_lines(profile: "Loaded[Profile]") -> dict[str, int]:
    """Where the profile's file has a gate, by gate id, for those that it is known of."""
    places = {
        gate.id: profile.line_of(("gates", number))
        for number, gate in enumerate(profile.value.gates)
    }
    return {gate_id: line for gate_id, line in places.items() if line is not None}


def _other_state(chip: "Loaded[Chip]", path: Path | None) -> "Loaded[Chip] | None":
    """The new state of the chip, if one is named.

    Raises:
        InputError: it cannot be read, or is no other state of the same chip.
    """
    from qtregress.calibrate.states import refuse_unlike
    from qtregress.chip.chip import Chip
    from qtregress.files.documents import load

    if path is None:
        return None
    found = load(path, Chip)
    try:
        refuse_unlike(chip.value, found.value)
    except InputError as error:
        msg = f"{path}: {error}"
        raise InputError(msg) from error
    return found


def _same_origin(given: CheckInputs) -> None:
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


def own_terms(given: CheckInputs) -> tuple[str, ...]:
    """Why a change may not bring its own waivers; nothing where nobody else's are at hand.

    The baseline's digest protects the policy's rules, not its waivers, exclusions and skill. Where
    OLD comes from git, somebody else approved it, and what lies in the folder is the change's.
    """
    from qtregress.verdict.policy import effective

    policy, path = given.policy, str(given.policy_path or "")
    bare = policy.model_copy(update={"rules": effective(policy).rules})
    if bare == effective(policy) or _is_somebody_elses(path, given.old.path):
        return ()
    revision = given.old.path.partition(":")[0]
    sentence = (
        f"Waivers, exclusions and skill must come from where OLD does, but {path} may have been "
        f"brought by the change: name it as {revision}:PATH."
    )
    return (sentence,)


def _is_somebody_elses(path: str, old: str) -> bool:
    """Whether a change cannot have brought the file: it was there when OLD was.

    Where OLD is a plain file nobody else is at hand, and whoever runs the check answers for all.
    """
    from qtregress.files.git import is_known_to, is_revision

    if not is_revision(old):
        return True
    return is_revision(path) and is_known_to(path, old)


def own_files(given: CheckInputs) -> tuple[str, ...]:
    """Why a change may not bring its own baseline or faults, as ``own_terms``."""
    named = {"baseline": str(given.baseline_path)}
    if given.scenario is not None:
        named["scenario"] = given.scenario.path
    revision = given.old.path.partition(":")[0]
    return tuple(
        f"The {what} must come from where OLD does, but {path} may have been brought by the "
        f"change: name it as {revision}:PATH."
        for what, path in named.items()
        if not _is_somebody_elses(path, given.old.path)
    )


def own_chip(given: CheckInputs) -> tuple[str, ...]:
    """Why a change may not declare what its lines did; nothing where nobody else is at hand.

    What the new chip file says of gains, T1 and frequencies is not held against NEW.
    """
    chip = given.new_chip
    if chip is None or _is_somebody_elses(chip.path, given.old.path):
        return ()
    revision = given.old.path.partition(":")[0]
    sentence = (
        f"The new chip must come from where OLD does, but {chip.path} may have been brought by the "
        f"change, and what it declares is not held against NEW: name it as {revision}:PATH."
    )
    return (sentence,)


def own_offsets(given: CheckInputs) -> tuple[str, ...]:
    """Why offsets that the new chip file declares forbid a promotion, whoever wrote it."""
    from qtregress.calibrate.states import moved_offsets

    chip = given.new_chip
    return moved_offsets(given.chip.value, chip.value) if chip else ()
