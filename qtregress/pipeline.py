"""The spine: from profiles to metrics, from two measurements to a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qtregress.calibrate.ensemble import (
    NO_SPREAD,
    Played,
    Release,
    Spread,
    ensemble,
    responses,
)
from qtregress.calibrate.recalibration import (
    GatePair,
    Recalibration,
    absorb,
    distances,
    drift,
    shifted,
)
from qtregress.channels.channel import Complex, GateChannel
from qtregress.channels.ideal import ideal_image
from qtregress.channels.memory import NOTHING, Store, prepare_model
from qtregress.channels.plan import Plan, gate_task, plan
from qtregress.channels.problem import LEVELS, gate_problem
from qtregress.channels.simulate import (
    BlocksTask,
    Engine,
    GateTask,
    cost,
    remembered_blocks,
    simulate_gate,
    task_key,
)
from qtregress.chip.chip import Chip
from qtregress.identity import digest
from qtregress.metrics.changes import changes
from qtregress.metrics.compare import Measured, compare, gate_limit, gate_scale, old_coherent_error
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric
from qtregress.pulses.profile import Gate, Profile
from qtregress.rb.exact import exact_decay
from qtregress.rb.from_channels import gate_sets
from qtregress.run import Run
from qtregress.thermal.heat import Load, gate_heats, load
from qtregress.thermal.network import GateHeat
from qtregress.thermal.workload import Workload
from qtregress.verdict.decide import Decision, decide
from qtregress.verdict.policy import Policy, rule_for
from qtregress.verdict.rules import margin_of

_SHOWN_LINES = 3
_CALIBRATED = ("x", "sx")
"""Gates that the fit of a line meets, so that they show its drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How a measurement is made; none of it may change the answer beyond its tolerance.

    Attributes:
        run: how the work is spread.
        engine: which engine makes the channels.
        store: what remembers earlier answers.
    """

    run: Run
    engine: Engine = "fast"
    store: Store = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What is known of a profile before its channels."""

    profile: Profile
    plan: Plan
    heats: Mapping[str, GateHeat]
    load: Load


def measure(
    profiles: Sequence[Profile], chip: Chip, workload: Workload, means: Means
) -> tuple[Measurement, ...]:
    """Profiles on one chip: heat, load, channels, benchmarking. Equal gates are simulated once."""
    drafts = [_draft(profile, chip, workload) for profile in profiles]
    found = _channels(drafts, chip, means)
    sets = [gate_sets(draft.plan, one) for draft, one in zip(drafts, found, strict=True)]
    flat = [gates for one in sets for gates in one.values()]
    decays = iter(means.run(exact_decay, flat, "benchmarking"))
    return tuple(
        Measurement(
            profile=draft.profile,
            chip=chip,
            plan=draft.plan,
            channels=channels,
            heats=draft.heats,
            load=draft.load,
            decays={subject: next(decays) for subject in one},
        )
        for draft, channels, one in zip(drafts, found, sets, strict=True)
    )


def _draft(profile: Profile, chip: Chip, workload: Workload) -> _Draft:
    heats = gate_heats(profile, chip)
    return _Draft(
        profile=profile,
        plan=plan(profile, chip),
        heats=heats,
        load=load(chip, list(heats.values()), workload),
    )


def _channels(
    drafts: Sequence[_Draft], chip: Chip, means: Means
) -> tuple[dict[str, GateChannel], ...]:
    """Every draft's channels by gate id; the same gate of several is one task."""
    tasks: dict[str, GateTask] = {}
    wanted: list[dict[str, tuple[str, int]]] = []
    for draft in drafts:
        places = {}
        for gate in (*draft.plan.gates, *draft.plan.layers):
            loads = [draft.load.extra_photons] if gate in draft.plan.gates else []
            new = gate_task(
                gate, draft.profile, chip, loads=loads, engine=means.engine, store=means.store
            )
            key = task_key(new)
            known = tasks.get(key, replace(new, loads=()))
            tasks[key] = replace(known, loads=tuple(dict.fromkeys((*known.loads, *new.loads))))
            places[gate.id] = key, tasks[key].loads.index(new.loads[0]) if new.loads else 0
        wanted.append(places)
    for levels in dict.fromkeys(task.problem.patch.levels for task in tasks.values()):
        prepare_model(levels, means.store)
    # the longest first, so that no worker ends long after the others
    order = sorted(tasks, key=lambda key: -cost(tasks[key]))
    answers = means.run(simulate_gate, [tasks[key] for key in order], "channels")
    found = dict(zip(order, answers, strict=True))
    return tuple(
        {gate_id: found[key][number] for gate_id, (key, number) in places.items()}
        for places in wanted
    )


def judge(
    old: Measured, new: Measured, policy: Policy, baseline: Sequence[Metric], means: Means
) -> Decision:
    """The decision on NEW against OLD and the baseline, under the policy."""
    known = answers(old[0], new[0], means)
    absorbed = recalibration(old[0], new[0], policy, known, run=means.run)
    absorbed = with_more_levels(old[0], new[0], absorbed, means)
    rows = compare(old, new, absorbed, spread(old[0].chip, known, absorbed))
    found = changes(old[0].profile, new[0].profile, new[0].chip, {row.id for row in rows})
    remarks = (*_names(old[0].profile, new[0].profile), *notes(absorbed))
    return decide(rows, found, policy=policy, baseline=baseline, notes=remarks)


def _names(old: Profile, new: Profile) -> list[str]:
    if old.firmware != new.firmware or digest(old) == digest(new):
        return []
    return [f"Both releases call themselves {new.firmware}, but their tables differ."]


def notes(absorbed: Recalibration) -> tuple[str, ...]:
    """What was taken for a recalibration of the lines, and what was not, as sentences."""
    lines = [f"d{line} {shift.text}" for line, shift in absorbed.absorbed.items()]
    found = [
        f"Absorbed as recalibration of the lines (gain, phase, frequency): {'; '.join(lines)}."
    ]
    kept = found if lines else []
    refused = [f"d{line}: {why}" for line, why in absorbed.refused.items()]
    shown, rest = refused[:_SHOWN_LINES], len(refused) - _SHOWN_LINES
    shown += [f"and {rest} more lines"] if rest > 0 else []
    return (*kept, *([f"Not absorbed as recalibration: {'; '.join(shown)}."] if shown else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How the gates of both releases answer to what a chip may be; none where both are one."""

    old: Release
    new: Release


def answers(old: Measurement, new: Measurement, means: Means) -> Answers:
    """The answers, from one pass over every gate; NEW's same gates are OLD's."""
    before, after = (
        Played(profile=one.profile, chip=one.chip, gates=one.plan.gates, layers=one.plan.layers)
        for one in (old, new)
    )
    if before == after:
        return Answers(old={}, new={})
    was = responses(before, means.run, store=means.store)
    now = responses(after, means.run, known=(before, was), store=means.store)
    return Answers(old=was, new=now)


def recalibration(
    old: Measurement, new: Measurement, policy: Policy, known: Answers, *, run: Run
) -> Recalibration:
    """What of NEW is a recalibration of its lines, and each gate's distance from OLD."""
    both = [gate for gate in new.plan.gates if gate.id in old.channels]
    if not known.new:
        zero = {gate.id: (0.0,) * len(new.channels[gate.id].blocks) for gate in both}
        return Recalibration(distance=zero)
    pairs = [
        _gate_pair(old, gate, known.new, new.channels[gate.id].blocks, policy) for gate in both
    ]
    spent = drift(_meant_pairs(old, known.old, policy))
    return absorb(new.profile, new.chip, [pair for pair in pairs if pair.margin], spent, run)


def spread(chip: Chip, known: Answers, absorbed: Recalibration) -> Spread:
    """What the chip's uncertainties make of the changes; nothing where no gate changed."""
    if not known.new:
        return NO_SPREAD
    return ensemble(chip, known.old, known.new, absorbed=absorbed.absorbed)


def with_more_levels(
    old: Measurement, new: Measurement, absorbed: Recalibration, means: Means
) -> Recalibration:
    """The distances with what they are with one more level a transmon beside them.

    At the first start phase, for gates that moved at all; those that did not are the same at
    any number of levels.
    """
    moved = [gate_id for gate_id, c in absorbed.distance.items() if any(c)]
    chip = shifted(new.chip, absorbed.absorbed)
    tasks = [
        BlocksTask(
            problem=gate_problem(side.profile.by_id[gate_id], side.profile, on, levels=LEVELS + 1),
            phases=1,
            store=means.store,
        )
        for side, on in ((old, old.chip), (new, chip))
        for gate_id in moved
    ]
    levels = dict.fromkeys(task.problem.patch.levels for task in tasks)
    for one in levels:
        prepare_model(one, means.store)
    found = means.run(remembered_blocks, tasks, "one more level")
    before, after = found[: len(moved)], found[len(moved) :]
    extra = {gate_id: distances(a, b) for gate_id, a, b in zip(moved, before, after, strict=True)}
    return replace(
        absorbed,
        distance={name: (*c, *extra.get(name, ())) for name, c in absorbed.distance.items()},
    )


def _gate_pair(  # a gate in two releases, and what is asked of it
    old: Measurement,
    gate: Gate,
    release: Release,
    new_blocks: Complex,
    policy: Policy,
    *,
    old_blocks: Complex | None = None,
) -> GatePair:
    """A gate of ``release`` beside OLD's, or beside ``old_blocks``."""
    limit = gate_limit(old.chip, gate.id, old.channels[gate.id].duration_s)
    rule = rule_for(policy, f"gate.error/{gate.id}")
    found = release[gate.id].sensitivities
    if found is None:
        raise KeyError(gate.id)
    return GatePair(
        new=gate,
        new_blocks=new_blocks,
        old_blocks=old.channels[gate.id].blocks if old_blocks is None else old_blocks,
        margin=margin_of(rule, gate_scale(old.chip, gate.id, limit)) or 0.0,
        unknown_error=old_coherent_error(old, gate.id),
        sensitivities=found,
    )


def _meant_pairs(old: Measurement, release: Release, policy: Policy) -> list[GatePair]:
    """OLD's x and sx against their meaning; none where the chip was fitted to OLD itself."""
    if old.chip.fit is None or old.chip.fit.profile == digest(old.profile):
        return []
    pairs = []
    for gate in old.plan.gates:
        ideal = ideal_image(gate.name)
        if gate.name in _CALIBRATED and ideal is not None:
            played = old.channels[gate.id].blocks
            meant = ideal[None]
            pairs.append(_gate_pair(old, gate, release, played, policy, old_blocks=meant))
    return [pair for pair in pairs if pair.margin]
