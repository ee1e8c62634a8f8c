"""Sampled benchmarking of two releases, look by look, until every metric is decided."""

import math
from dataclasses import dataclass, replace

from qtregress.metrics.difference import SAMPLED, Difference, SampledDifference
from qtregress.metrics.measurement import Measurement
from qtregress.rb.from_channels import gate_sets
from qtregress.rb.paired import PairedDecays, PairedTask, paired_task
from qtregress.rb.sampled import SampledTask
from qtregress.run import Run
from qtregress.verdict.policy import Policy
from qtregress.verdict.sampling import NOT_YET, look

Subject = tuple[int, ...]

SEED, SHOTS = 0, 1024
"""The same for both releases and at every look, which adds sequences to those before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What was played.

    Attributes:
        decays: of every qubit and pair that both releases can play, as last looked at.
        rows: differences for the judge, of every one that either can play.
        looks: how many there were.
    """

    decays: tuple[PairedDecays, ...] = ()
    rows: tuple[Difference, ...] = ()
    looks: int = 0


NOT_SAMPLED = Sampled()


def sampled(old: Measurement, new: Measurement, policy: Policy, run: Run) -> Sampled:
    """Both releases on the same sequences, ``sequences_per_look`` more at each look.

    They are compared as they are: no recalibration of the lines is absorbed.

    Args:
        old: the release in the field.
        new: the candidate.
        policy: its ``sampling`` says how many looks there are, and how long each is.
        run: plays the qubits and pairs.
    """
    before, after = (gate_sets(one.plan, one.channels) for one in (old, new))
    subjects = sorted(before.keys() | after.keys())
    pending = sorted(before.keys() & after.keys())
    found: dict[Subject, PairedDecays] = {}
    state = NOT_YET
    while not state.looks or (pending and state.looks < policy.sampling.looks):
        sequences = (state.looks + 1) * policy.sampling.sequences_per_look
        tasks = [
            PairedTask(
                old=SampledTask(
                    gates=before[subject],
                    qubits=subject,
                    exact_p=old.decays[subject].p,
                    seed=SEED,
                    shots=SHOTS,
                    sequences=sequences,
                ),
                new=after[subject],
            )
            for subject in pending
        ]
        played = run(paired_task, tasks, f"sampled benchmarking, {sequences} sequences")
        found |= dict(zip(pending, played, strict=True))
        state = look([_row(one, found.get(one), old) for one in subjects], policy, state)
        pending = [one for one in pending if metric_id(one) in state.pending]
    return Sampled(
        decays=tuple(found.values()), rows=tuple(state.differences.values()), looks=state.looks
    )


def metric_id(subject: Subject) -> str:
    """``rb.sampled_epc/0-1``."""
    return f"{SAMPLED}/{_name(subject)}"


def _name(subject: Subject) -> str:
    return "-".join(map(str, subject))


def _row(subject: Subject, played: PairedDecays | None, old: Measurement) -> SampledDifference:
    """What was played of a qubit or pair; its margin is a share of OLD's exact error."""
    exact = old.decays[subject].epc if subject in old.decays else None
    row = SampledDifference(
        subject=_name(subject),
        old=None,
        new=None,
        change=None,
        error=None,
        sequences=0,
        scale=math.nan if exact is None else exact,
        problem="one of the releases cannot play random sequences on it.",
    )
    if played is None:
        return row
    found = played.difference
    problem = "OLD has no exact error per Clifford, so there is no margin." if exact is None else ""
    return replace(
        row,
        old=played.old.epc,
        new=played.new.epc,
        change=found.change,
        error=found.error,
        sequences=len(played.old.survivals[0]),
        problem=problem if found.status == "ok" else found.advice,
    )
