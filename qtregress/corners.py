"""Chip or firmware: both releases on the old and on the new state of a chip.

OLD, its carriers moved with the qubits, on the new state behind the old lines plays at the
chip what a perfectly recalibrated OLD would play behind the new ones. NEW on the new chip
against that is the edit of the pulses, and the verdict is about nothing else. The other two
corners say what NEW would look like on the old chip, and how much of it the lines declare.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qtregress.calibrate.states import behind_old_lines, judged_on, refuse_unlike, retuned
from qtregress.chip.chip import Chip
from qtregress.identity import digest
from qtregress.metrics.collect import collect
from qtregress.metrics.compare import Measured, old_scale
from qtregress.metrics.metric import Metric
from qtregress.pipeline import Means, Side, measure
from qtregress.verdict.policy import Policy, rule_for
from qtregress.verdict.rules import margin_of
from qtregress.verdict.verdict import Split

_TOLD = 5
_ERRORS = ("error", "incoherent_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The corners that are measured; of the last two nobody needs the decays.

    Attributes:
        approved: OLD on the old chip, as its baseline knows it.
        old: OLD retuned, on the new state behind the old lines.
        new: NEW on the new chip.
        unmoved: NEW on the new state behind the old lines.
        pinned: NEW on the old chip.
    """

    approved: Side
    old: Side
    new: Side
    unmoved: Side
    pinned: Side


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurements:
    """What the corners gave.

    Attributes:
        approved: OLD on the old chip.
        old: OLD as NEW is compared with it.
        new: NEW on the new chip.
        splits: the parts of every metric's change by id.
    """

    approved: Measured
    old: Measured
    new: Measured
    splits: Mapping[str, Split]


def sides(approved: Side, pinned: Side, new_chip: Chip) -> Sides:
    """The corners of OLD (``approved``) and NEW (``pinned``), both given on the old chip.

    Raises:
        InputError: the new chip is no other state of the old one.
    """
    old_chip = approved.chip
    refuse_unlike(old_chip, new_chip)
    table = retuned(approved.profile, old_chip, new_chip)
    after = judged_on(new_chip, old_chip)
    between = behind_old_lines(new_chip, old_chip)
    if old_chip.fit is not None and old_chip.fit.profile == digest(approved.profile):
        # Retuned, OLD is still what the lines were fitted on: it has spent no drift.
        fit = {"fit": old_chip.fit.model_copy(update={"profile": digest(table)})}
        after, between = (chip.model_copy(update=fit) for chip in (after, between))
    return Sides(
        approved=approved,
        old=_in_state(replace(approved, profile=table), between, old_chip),
        new=_in_state(pinned, after, old_chip),
        unmoved=_in_state(replace(pinned, benchmarked=False), between, old_chip),
        pinned=replace(pinned, benchmarked=False),
    )


def _in_state(side: Side, chip: Chip, old_chip: Chip) -> Side:
    """The side on this chip, whose measured errors are the old one's."""
    return replace(side, chip=chip, measured_on=None if chip == old_chip else old_chip)


def measure_corners(corners: Sides, means: Means) -> Measurements:
    """All corners in one run, so that equal gates are simulated once; equal corners, too."""
    whole = (corners.approved, corners.old, corners.new)
    wanted = [*whole, *(_known(side, whole) for side in (corners.unmoved, corners.pinned))]
    distinct = [side for number, side in enumerate(wanted) if side not in wanted[:number]]
    found = [(one, collect(one)) for one in measure(distinct, means)]
    a, b, c, d, p = (found[distinct.index(side)] for side in wanted)
    return Measurements(
        approved=a, old=b, new=c, splits=splits([one[1] for one in (a, b, c, d, p)])
    )


def _known(side: Side, others: Sequence[Side]) -> Side:
    """The same side with its decays, if it is measured anyway."""
    with_decays = replace(side, benchmarked=True)
    return with_decays if with_decays in others else side


def splits(corners: Sequence[Sequence[Metric]]) -> dict[str, Split]:
    """Every metric's change in three parts by id.

    The drift is what the change on the old chip has left over, so that the three add up to it.

    Args:
        corners: the metrics of the approved, the old, the new, the unmoved and the pinned.
    """
    a, b, c, d, p = ({metric.id: metric.value for metric in one} for one in corners)
    found = {}
    for name in dict.fromkeys((*b, *c)):
        pulse_edit = _less(c.get(name), b.get(name))
        line_gain = _less(d.get(name), c.get(name))
        pinned = _less(p.get(name), a.get(name))
        drift = _less(_less(pinned, pulse_edit), line_gain)
        found[name] = Split(chip_drift=drift, line_gain=line_gain, pulse_edit=pulse_edit)
    return found


def unretuned(found: Measurements, policy: Policy) -> tuple[str, ...]:
    """Why nothing is known of NEW: gates of OLD that moved carriers do not keep right.

    NEW is compared with OLD as retuned. Where J, anharmonicities or detunings moved that is no
    calibrated release any more, and being like it is no merit.

    Args:
        found: the corners.
        policy: whose margins of ``gate.error`` say what is still right.
    """
    before, after = (_coherent_errors(one) for one in (found.approved, found.old))
    worse = []
    for gate_id in before.keys() & after.keys():
        rule = rule_for(policy, f"gate.error/{gate_id}")
        margin = margin_of(rule, old_scale(found.old[0], gate_id)) or 0.0
        was, now = before[gate_id], after[gate_id]
        if now - was > margin:
            text = f"{gate_id} from {was:.2g} to {now:.2g} (margin {margin:.2g})"
            worse.append((was - now, text))
    if not worse:
        return ()
    told = [text for _, text in sorted(worse)]
    rest = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    sentence = (
        "OLD, retuned, does not work on the new chip, so there is nothing to compare NEW with: "
        f"coherent errors would grow, {'; '.join([*told[:_TOLD], *rest])}. Judge NEW on the new "
        "chip alone: qtregress baseline propose OLD --chip NEWCHIP, accept --anchor, check there."
    )
    return (sentence,)


def _coherent_errors(measured: Measured) -> dict[str, float]:
    """What of every gate's error is not loss, leakage or spread, by gate id."""
    values = {metric.id: metric.value for metric in measured[1]}
    found = {}
    for gate_id in measured[0].channels:
        whole, lossy = (values.get(f"gate.{name}/{gate_id}") for name in _ERRORS)
        if whole is not None and lossy is not None:
            found[gate_id] = whole - lossy
    return found


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other
