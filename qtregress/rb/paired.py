"""OLD and NEW benchmarked with the same sequences and shots: a task for one process."""

from dataclasses import dataclass

from qtregress.rb.gateset import Gates
from qtregress.rb.sampled import (
    PairedDifference,
    SampledDecay,
    SampledTask,
    paired_difference,
    sampled_decay,
    sampled_task,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTask:
    """One qubit or pair in two releases.

    Attributes:
        old: sampled benchmarking of OLD, whose plan both play.
        new: NEW's natives.
    """

    old: SampledTask
    new: Gates


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDecays:
    """What both say, sequence by sequence.

    Attributes:
        qubits: one index, or a pair's.
        old, new: their decays, with the survival of every sequence.
        difference: NEW less OLD.
    """

    qubits: tuple[int, ...]
    old: SampledDecay
    new: SampledDecay
    difference: PairedDifference


def paired_task(task: PairedTask) -> PairedDecays:
    """Both releases on OLD's plan."""
    old = sampled_task(task.old)
    new = sampled_decay(task.new, task.old.plan, qubits=task.old.qubits)
    return PairedDecays(
        qubits=task.old.qubits, old=old, new=new, difference=paired_difference(old, new)
    )
