"""Everything that simulating one profile on one chip yields, before it becomes metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from qtregress.channels.channel import GateChannel
from qtregress.channels.plan import Plan
from qtregress.chip.chip import Chip
from qtregress.pulses.profile import Profile
from qtregress.rb.exact import ExactDecay
from qtregress.thermal.load import Load
from qtregress.thermal.timeline import Timeline
from qtregress.thermal.use import GateHeat


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurement:
    """One profile measured.

    Attributes:
        profile: what was simulated.
        chip: on what.
        plan: which gates were simulated and why others were not.
        channels: by gate id, joint layers included.
        heats: by gate id; every pulsed gate whose channels the chip knows.
        load: the fridge at the declared workload.
        over_time: the fridge under a timeline of jobs; None where the load never changes.
        decays: exact benchmarking by qubit or pair.
        slow_errors: what slow frequency noise adds, by id of the gates of noisy qubits.
        measured_on: the state of the chip that its measured errors are of; None for ``chip``.
        decays_at_load: the same with the bath at the workload; empty where that is not known.
    """

    profile: Profile
    chip: Chip
    plan: Plan
    channels: Mapping[str, GateChannel]
    heats: Mapping[str, GateHeat]
    load: Load
    over_time: Timeline | None
    decays: Mapping[tuple[int, ...], ExactDecay]
    decays_at_load: Mapping[tuple[int, ...], ExactDecay]
    slow_errors: Mapping[str, float]
    measured_on: Chip | None = None
