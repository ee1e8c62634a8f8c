"""The spine: from profiles to metrics, from two measurements to a decision."""

from collections.abc import Sequence

from qtregress.calibrate.recalibration import GatePair, Recalibration, absorb, drift
from qtregress.channels.channel import Complex, GateChannel
from qtregress.channels.ideal import ideal_image
from qtregress.channels.plan import gate_task, plan
from qtregress.channels.simulate import Engine, simulate_gate
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
from qtregress.thermal.workload import Workload
from qtregress.verdict.decide import Decision, decide
from qtregress.verdict.policy import Policy, rule_for
from qtregress.verdict.rules import margin_of

_SHOWN_LINES = 3
_CALIBRATED = ("x", "sx")
"""Gates that the fit of a line meets, so that they show its drift."""


def measure(  # two of them are how, not what
    profile: Profile,
    chip: Chip,
    workload: Workload,
    *,
    run: Run,
    engine: Engine = "fast",
    known: Measurement | None = None,
) -> Measurement:
    """One profile on one chip: heat, load, channels, benchmarking.

    Gates of which ``known`` holds the very same problem are not simulated again.
    """
    planned = plan(profile, chip)
    heats = gate_heats(profile, chip)
    fridge = load(chip, list(heats.values()), workload)
    gates = [*planned.gates, *planned.layers]
    channels = reusable(gates, known, profile, chip, fridge)
    tasks = [
        gate_task(gate, profile, chip, fridge.extra_photons, engine)
        for gate in gates
        if gate.id not in channels
    ]
    channels |= {channel.gate: channel for channel in run(simulate_gate, tasks, "channels")}
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


def reusable(
    gates: Sequence[Gate], known: Measurement | None, profile: Profile, chip: Chip, fridge: Load
) -> dict[str, GateChannel]:
    """Channels of ``known`` whose gate, frequencies, chip and load are the same here."""
    if known is None or known.chip != chip or known.load != fridge:
        return {}
    before = {gate.id: gate for gate in (*known.plan.gates, *known.plan.layers)}
    return {
        gate.id: known.channels[gate.id]
        for gate in gates
        if before.get(gate.id) == gate
        and _carriers(known.profile, gate) == _carriers(profile, gate)
    }


def _carriers(profile: Profile, gate: Gate) -> tuple[float, list[float]]:
    return profile.dt_ns, [profile.drive_frequency_hz[f"d{qubit}"] for qubit in gate.qubits]


def judge(
    old: Measured, new: Measured, policy: Policy, baseline: Sequence[Metric], *, run: Run
) -> Decision:
    """The decision on NEW against OLD and the baseline, under the policy."""
    absorbed = recalibration(old[0], new[0], policy, run=run)
    rows = compare(old, new, absorbed)
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


def recalibration(old: Measurement, new: Measurement, policy: Policy, *, run: Run) -> Recalibration:
    """What of NEW is a recalibration of its lines, and each gate's distance from OLD."""
    pairs = [
        _gate_pair(old, gate, old.channels[gate.id].blocks, policy)
        for gate in new.plan.gates
        if gate.id in old.channels
    ]
    spent = drift(old.profile, old.chip, _meant_pairs(old, policy), run)
    return absorb(new.profile, new.chip, [pair for pair in pairs if pair.margin], spent, run)


def _gate_pair(old: Measurement, gate: Gate, blocks: Complex, policy: Policy) -> GatePair:
    limit = gate_limit(old.chip, gate.id, old.channels[gate.id].duration_s)
    rule = rule_for(policy, f"gate.error/{gate.id}")
    return GatePair(
        new=gate,
        old_blocks=blocks,
        margin=margin_of(rule, gate_scale(old.chip, gate.id, limit)) or 0.0,
        unknown_error=old_coherent_error(old, gate.id),
    )


def _meant_pairs(old: Measurement, policy: Policy) -> list[GatePair]:
    """OLD's x and sx against their meaning; none where the chip was fitted to OLD itself."""
    if old.chip.fit is None or old.chip.fit.profile == digest(old.profile):
        return []
    pairs = []
    for gate in old.plan.gates:
        ideal = ideal_image(gate.name)
        if gate.name in _CALIBRATED and ideal is not None:
            pairs.append(_gate_pair(old, gate, ideal[None], policy))
    return [pair for pair in pairs if pair.margin]
