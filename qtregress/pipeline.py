"""The spine: from profiles to metrics, from two measurements to a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

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
from qtregress.channels.changed import Scope, narrowed
from qtregress.channels.channel import Complex, GateChannel
from qtregress.channels.ideal import ideal_image
from qtregress.channels.memory import NOTHING, Store, prepare_model
from qtregress.channels.plan import Plan, gate_task, plan
from qtregress.channels.problem import LEVELS, bath_of, gate_problem
from qtregress.channels.simulate import (
    BlocksTask,
    Engine,
    GateTask,
    LoadTask,
    cost,
    remembered_blocks,
    simulate_gate,
    task_key,
)
from qtregress.channels.slow_noise import SlowTask, gate_slow_error, is_noisy
from qtregress.chip.chip import Chip
from qtregress.identity import digest
from qtregress.metrics.changes import changes
from qtregress.metrics.compare import Measured, compare, old_coherent_error, old_scale
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric
from qtregress.metrics.thermal import error_of_temperatures
from qtregress.metrics.thermal_cost import thermal_cost
from qtregress.pulses.profile import Gate, Profile
from qtregress.rb.exact import ExactDecay, exact_decay
from qtregress.rb.from_channels import gate_sets, warmed
from qtregress.run import Run
from qtregress.thermal.heat import gate_heats
from qtregress.thermal.load import Load, load
from qtregress.thermal.thermodynamics import gate_study
from qtregress.thermal.timeline import Timeline, timeline, worst_hour
from qtregress.thermal.use import NO_COUNTS, CircuitCounts, GateHeat
from qtregress.thermal.workload import Workload
from qtregress.verdict.decide import NOTHING_SAID, Decision, Said, decide
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
class Side:
    """One side of a comparison: a release, what it plays on, and all day long.

    Attributes:
        profile: the release's table.
        chip: the chip and its cryostat.
        workload: what the machine does.
        counts: of the workload's circuits by name.
        benchmarked: whether its decays, and the layers that they are made of, are asked for.
        scope: what is simulated of its gates; None for all.
        measured_on: the state of the chip that its measured errors are of; None for ``chip``.
    """

    profile: Profile
    chip: Chip
    workload: Workload
    counts: Mapping[str, CircuitCounts] = field(default_factory=lambda: NO_COUNTS)
    benchmarked: bool = True
    scope: Scope | None = None
    measured_on: Chip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What is known of a side before its channels."""

    side: Side
    plan: Plan
    heats: Mapping[str, GateHeat]
    load: Load
    over_time: Timeline | None


def measure(
    sides: Sequence[Side], means: Means, *, benchmarking: bool = True
) -> tuple[Measurement, ...]:
    """Heat, load, channels and benchmarking of every side. Equal gates are simulated once.

    Without ``benchmarking`` there are no decays.
    """
    drafts = [_draft(side) for side in sides]
    slow = _slow_errors(drafts, means)
    found = _channels(drafts, means)
    if not benchmarking:
        nothing: list[dict[tuple[int, ...], ExactDecay]] = [{} for _ in drafts]
        return _measurements(drafts, slow, found, nothing, nothing)
    decays = _decays(drafts, found, means)
    loaded = [
        {} if draft.load.problem else warmed(one) for draft, one in zip(drafts, found, strict=True)
    ]
    return _measurements(drafts, slow, found, decays, _decays(drafts, loaded, means))


def _slow_errors(drafts: Sequence[_Draft], means: Means) -> list[dict[str, float]]:
    """What slow frequency noise adds to each gate's error, by gate id, of every draft."""
    tasks = [
        [
            SlowTask(gate=gate, profile=draft.side.profile, chip=draft.side.chip)
            for gate in draft.plan.gates
            if is_noisy(gate, draft.side.chip)
        ]
        for draft in drafts
    ]
    flat = [task for one in tasks for task in one]
    found = iter(means.run(gate_slow_error, flat, "slow noise"))
    return [{task.gate.id: next(found) for task in one} for one in tasks]


def _measurements(
    drafts: Sequence[_Draft],
    slow: Sequence[Mapping[str, float]],
    channels: Sequence[Mapping[str, GateChannel]],
    decays: Sequence[Mapping[tuple[int, ...], ExactDecay]],
    decays_at_load: Sequence[Mapping[tuple[int, ...], ExactDecay]],
) -> tuple[Measurement, ...]:
    return tuple(
        Measurement(
            profile=draft.side.profile,
            chip=draft.side.chip,
            plan=draft.plan,
            channels=found,
            heats=draft.heats,
            load=draft.load,
            over_time=draft.over_time,
            decays=cold,
            decays_at_load=warm,
            slow_errors=noise,
            measured_on=draft.side.measured_on,
        )
        for draft, noise, found, cold, warm in zip(
            drafts, slow, channels, decays, decays_at_load, strict=True
        )
    )


def _draft(side: Side) -> _Draft:
    heats = gate_heats(side.profile, side.chip)
    gates = list(heats.values())
    declared = worst_hour(side.chip, gates, side.workload, side.counts)
    counts = {circuit.name: side.counts[circuit.name] for circuit in declared.circuits}
    whole = plan(side.profile, side.chip)
    whole = whole if side.benchmarked else replace(whole, layers=())
    return _Draft(
        side=side,
        plan=whole if side.scope is None else narrowed(whole, side.scope),
        heats=heats,
        load=load(side.chip, gates, declared, counts),
        over_time=_over_time(side, gates) if side.workload.timeline else None,
    )


def _over_time(side: Side, gates: Sequence[GateHeat]) -> Timeline:
    lost = error_of_temperatures(side.chip)
    return timeline(side.chip, gates, side.workload, side.counts, extra_error=lost)


def _decays(
    drafts: Sequence[_Draft], channels: Sequence[Mapping[str, GateChannel]], means: Means
) -> list[dict[tuple[int, ...], ExactDecay]]:
    """Exact benchmarking of every draft whose channels are all there, by qubit or pair."""
    sets = [
        gate_sets(draft.plan, one) if one and draft.side.benchmarked else {}
        for draft, one in zip(drafts, channels, strict=True)
    ]
    flat = [gates for one in sets for gates in one.values()]
    found = iter(means.run(exact_decay, flat, "benchmarking"))
    return [{subject: next(found) for subject in one} for one in sets]


def _channels(drafts: Sequence[_Draft], means: Means) -> tuple[dict[str, GateChannel], ...]:
    """Every draft's channels by gate id; the same gate of several is one task."""
    tasks: dict[str, GateTask] = {}
    wanted: list[dict[str, tuple[str, int]]] = []
    for draft in drafts:
        places = {}
        side = draft.side
        for gate in (*draft.plan.gates, *draft.plan.layers):
            new = gate_task(
                gate,
                side.profile,
                side.chip,
                loads=_loads(draft, gate),
                engine=means.engine,
                store=means.store,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What old and new are compared on.

    Attributes:
        absorbed: what of NEW is its lines' recalibration, and each gate's distance from OLD.
        spread: what the chip's uncertainties make of that.
    """

    absorbed: Recalibration
    spread: Spread


def grounds(old: Measurement, new: Measurement, policy: Policy, means: Means) -> Grounds:
    """How far the gates moved, and how well that is known."""
    known = answers(old, new, means)
    absorbed = recalibration(old, new, policy, known, run=means.run)
    absorbed = with_more_levels(old, new, absorbed, means)
    return Grounds(absorbed=absorbed, spread=spread(old.chip, known, absorbed))


def _loads(draft: _Draft, gate: Gate) -> list[LoadTask]:
    """The declared load, if it is known, and the thermodynamics of the gate in it."""
    if draft.load.problem:
        return []
    chip = draft.side.chip
    bath = bath_of(chip, gate.qubits, draft.load.extra)
    return [LoadTask(bath=bath, study=gate_study(chip, gate.qubits, draft.load))]


def judge(
    old: Measured,
    new: Measured,
    on: Grounds,
    policy: Policy,
    baseline: Sequence[Metric],
    *,
    said: Said = NOTHING_SAID,
) -> Decision:
    """The decision on NEW against OLD and the baseline, under the policy.

    Args:
        old: the release in the field.
        new: the candidate.
        on: what they are compared on.
        policy: the user's rules.
        baseline: what was approved.
        said: what earlier stages have to say.
    """
    rows = compare(old, new, on.absorbed, on.spread)
    found = changes(old[0].profile, new[0].profile, new[0].chip, {row.id for row in rows})
    cost = thermal_cost(rows)
    doubt, remark = _unknown_load(old[0].load, new[0].load)
    remarks = (
        *([cost] if cost else []),
        *remark,
        *said.notes,
        *_names(old[0].profile, new[0].profile),
        *absorbed_notes(on.absorbed),
    )
    told = replace(said, holds=(*doubt, *said.holds), notes=remarks)
    return decide(rows, found, policy=policy, baseline=baseline, said=told)


def _unknown_load(old: Load, new: Load) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What forbids a promotion, and what is only said, where metrics at load are unknown.

    A release that takes away what was known of the field is no better for it.
    """
    if not new.problem:
        return (), ()
    text = f"Nothing is known of NEW at the declared workload: {new.problem.rstrip('.')}."
    return ((text,), ()) if not old.problem else ((), (text,))


def _names(old: Profile, new: Profile) -> list[str]:
    if old.firmware != new.firmware or digest(old) == digest(new):
        return []
    return [f"Both releases call themselves {new.firmware}, but their tables differ."]


def absorbed_notes(absorbed: Recalibration) -> tuple[str, ...]:
    """What was taken for a recalibration of the lines, and what was not, as sentences."""
    lines = [f"d{line} {shift.text}" for line, shift in absorbed.absorbed.items()]
    found = [
        f"Absorbed as recalibration of the lines (what these drifted by): {'; '.join(lines)}.",
        *_hidden_note(absorbed),
    ]
    kept = found if lines else []
    refused = [f"d{line}: {why}" for line, why in absorbed.refused.items()]
    shown, rest = refused[:_SHOWN_LINES], len(refused) - _SHOWN_LINES
    shown += [f"and {rest} more lines"] if rest > 0 else []
    return (*kept, *([f"Not absorbed as recalibration: {'; '.join(shown)}."] if shown else []))


def _hidden_note(absorbed: Recalibration) -> tuple[str, ...]:
    hidden = absorbed.hidden
    if hidden is None:
        return ()
    sentence = (
        "Nobody here can tell whether OLD needed that: if it did not, gates are worse and this "
        f"verdict does not show it, {hidden.gate} most, by up to {hidden.error:.2g} "
        f"({hidden.margins:.2g} margins)."
    )
    return (sentence,)


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
    rule = rule_for(policy, f"gate.error/{gate.id}")
    found = release[gate.id].sensitivities
    if found is None:
        raise KeyError(gate.id)
    return GatePair(
        new=gate,
        new_blocks=new_blocks,
        old_blocks=old.channels[gate.id].blocks if old_blocks is None else old_blocks,
        margin=margin_of(rule, old_scale(old, gate.id)) or 0.0,
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
