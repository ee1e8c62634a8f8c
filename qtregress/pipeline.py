"""The spine: from profiles to metrics, from two measurements to a decision."""

from collections.abc import Sequence

from qtregress.calibrate.recalibration import GatePair, Recalibration, absorb
from qtregress.channels.plan import gate_task, plan
from qtregress.channels.simulate import Engine, simulate_gate
from qtregress.chip.chip import Chip
from qtregress.metrics.changes import changes
from qtregress.metrics.collect import collect
from qtregress.metrics.compare import compare, gate_limit, gate_scale
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric
from qtregress.pulses.profile import Profile
from qtregress.rb.exact import exact_decay
from qtregress.rb.from_channels import gate_sets
from qtregress.run import Run
from qtregress.thermal.heat import gate_heats, load
from qtregress.thermal.workload import Workload
from qtregress.verdict.decide import Decision, decide
from qtregress.verdict.policy import Policy, rule_for
from qtregress.verdict.rules import margin_of


def measure(
    profile: Profile, chip: Chip, workload: Workload, *, run: Run, engine: Engine = "fast"
) -> Measurement:
    """One profile on one chip: heat, load, channels, benchmarking."""
    planned = plan(profile, chip)
    heats = gate_heats(profile, chip)
    fridge = load(chip, list(heats.values()), workload)
    gates = [*planned.gates, *planned.layers]
    tasks = [gate_task(gate, profile, chip, fridge.extra_photons, engine) for gate in gates]
    channels = {channel.gate: channel for channel in run(simulate_gate, tasks, "channels")}
    sets = gate_sets(planned, channels)
    decays = run(exact_decay, list(sets.values()), "benchmarking")
    return Measurement(
        profile=profile,
        chip=chip,
        plan=planned,
        channels=channels,
        heats=heats,
        load=fridge,
        decays=dict(zip(sets, decays, strict=True)),
    )


def judge(
    old: Measurement, new: Measurement, policy: Policy, baseline: Sequence[Metric], *, run: Run
) -> Decision:
    """The decision on NEW against OLD and the baseline, under the policy."""
    absorbed = recalibration(old, new, policy, run=run)
    rows = compare(old, new, (collect(old), collect(new)), absorbed)
    found = changes(old.profile, new.profile, new.chip, {row.id for row in rows})
    return decide(rows, found, policy=policy, baseline=baseline)


def recalibration(
    old: Measurement, new: Measurement, policy: Policy, *, run: Run
) -> Recalibration:
    """What of NEW is a recalibration of its lines, and each gate's distance from OLD."""
    pairs = []
    for gate in new.plan.gates:
        if gate.id in old.channels:
            before = old.channels[gate.id]
            limit = gate_limit(old.chip, gate.id, before.duration_s)
            rule = rule_for(policy, f"gate.error/{gate.id}")
            margin = margin_of(rule, gate_scale(old, gate.id, limit))
            if margin:
                pairs.append(GatePair(new=gate, old_blocks=before.blocks, margin=margin))
    return absorb(new.profile, new.chip, pairs, run)
