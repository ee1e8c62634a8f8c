"""What the real judge says of releases that must pass and of faults that must not.

Each part of the device is measured and judged by itself, with its neighbours left out. The
user's rules judge it, without those that speak of nothing in the part; without waivers,
exclusions and the rule on skill, which would hide a fault or hold what must pass.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from numpy.typing import NDArray

from qtregress.calibrate.part import part
from qtregress.calibrate.recalibration import coherent_interval
from qtregress.channels.memory import Arrays
from qtregress.chip.chip import Chip
from qtregress.errors import InputError
from qtregress.faults import Fault, Must, Where, faults
from qtregress.metrics.collect import collect
from qtregress.metrics.compare import Measured, gate_limit, gate_scale, old_coherent_error
from qtregress.pipeline import Grounds, Means, Side, grounds, judge, measure
from qtregress.pulses.profile import Profile
from qtregress.run import in_order
from qtregress.thermal.workload import DEFAULT_WORKLOAD
from qtregress.verdict.decide import Decision
from qtregress.verdict.policy import Policy, Rule, idle_rules, rule_for
from qtregress.verdict.rules import margin_of
from qtregress.verdict.verdict import JudgedMetric, VerdictWord

SURE_MARGINS = 2.0
"""By how many margins a gate must surely be worse before nothing but a rollback is right: one
is the rule's, the other is left to the chip's uncertainties."""
_AT_LOAD = tuple(
    Rule(
        metrics=f"{metric}/*",
        margin_relative=0.10,
        margin_absolute=absolute,
        direction="higher" if metric.startswith("qubit.") else "lower",
        critical=True,
        why="Where people ask for it, a machine that runs hotter must not pass.",
    )
    for metric, absolute in (
        ("gate.error_at_load", 1e-5),
        ("rb.epc_at_load", 1e-5),
        ("qubit.t1_at_load_s", 0.0),
        ("qubit.t2_at_load_s", 0.0),
        ("thermal.film_k", 0.0),
    )
)
"""With the shipped rules these are advisory: they rest on an assumed coupling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTask:
    """All trials of one part of the device."""

    profile: Profile
    chip: Chip
    policy: Policy
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One release and what the judge said of it.

    Attributes:
        kind: what was done.
        where: to which gate, line or qubit.
        must: what is right.
        got: one verdict, or two where OLD and NEW were swapped; none where it was not tried.
        is_blamed: whether what was broken is what speaks against the release.
        margins: how many margins the worst critical metric surely moved; of what must pass,
            how many it may have. None where no metric says so.
        why: what the judge said first, or why it was not tried.
    """

    kind: str
    where: str
    must: Must
    got: tuple[VerdictWord, ...] = ()
    is_blamed: bool = True
    margins: float | None = None
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether the verdict is right, and for the right reason."""
        return bool(self.got) and self.is_blamed and is_right(self.got, self.must)


def is_right(got: Sequence[VerdictWord], must: Must) -> bool:
    """Whether these verdicts are what they must be.

    Of a harmless change the way back need not promote, but may not roll back: its OLD is not
    the release that the chip was fitted to.
    """
    match must:
        case "promote":
            return got[0] == "promote" and "rollback" not in got
        case "not both":
            return any(word != "rollback" for word in got)
        case "roll back":
            return all(word == "rollback" for word in got)
        case "not promote":
            return all(word != "promote" for word in got)
        case "hold":
            return all(word == "hold" for word in got)


class Kept:
    """A store for the releases of one part; nothing outlives it."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, NDArray[Any]]] = {}

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """What was put, if anything was."""
        return self.kept.get(key)

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep it."""
        # paths are large, and measured together nobody asks for them again
        if "paths" not in arrays:
            self.kept[key] = dict(arrays)


def part_trials(task: PartTask) -> list[Trial]:
    """The trials of one part, in the order of its faults; those that cannot be made, too."""
    own = part(task.profile, task.chip, task.where.gates)
    means = Means(run=in_order, store=Kept())
    old = Side(profile=own.profile, chip=own.chip, workload=DEFAULT_WORKLOAD)
    ready: list[tuple[Fault, Side]] = []
    trials: list[Trial] = []
    for fault in faults(own.profile, own.chip, task.where):
        try:
            made = fault.make()
        except InputError as problem:
            trials.append(_untried(fault, str(problem)))
            continue
        on = fault.machine or own.chip
        ready.append((fault, Side(profile=made, chip=on, workload=DEFAULT_WORKLOAD)))
    first, *others = measure([old, *(side for _, side in ready)], means)
    before = (first, collect(first))
    policy = _own(task.policy, before)
    unknown = _unknown(before, policy)
    for (fault, _), found in zip(ready, others, strict=True):
        if unknown and fault.must in {"promote", "not both"}:
            trials.append(_untried(fault, unknown))
            continue
        trials.append(_tried(fault, before, (found, collect(found)), policy, means))
    return trials


def _untried(fault: Fault, why: str) -> Trial:
    return Trial(kind=fault.kind, where=fault.where, must=fault.must, why=why)


def _unknown(measured: Measured, policy: Policy) -> str:
    """Why nothing of this part can be promoted, or an empty string.

    A critical metric that OLD itself does not have holds every release.
    """
    for metric in measured[1]:
        if metric.value is None and rule_for(policy, metric.id).critical:
            return f"{metric.id} is undecided for OLD itself: {metric.why}"
    return ""


def _own(policy: Policy, measured: Measured) -> Policy:
    """The user's rules that speak of something in the part."""
    idle = idle_rules(policy, [metric.id for metric in measured[1]])
    rules = tuple(rule for rule in policy.rules if rule not in idle)
    return Policy(format=policy.format, rules=rules, sampling=policy.sampling)


def _tried(fault: Fault, old: Measured, new: Measured, policy: Policy, means: Means) -> Trial:
    """The judge's word on one release, and back again where that is asked for."""
    if fault.machine is not None:
        at_load = [rule for rule in _AT_LOAD if any(map(rule.matches, _ids(new)))]
        policy = policy.model_copy(update={"rules": (*at_load, *policy.rules)})
    on = grounds(old[0], new[0], policy, means)
    decisions = [judge(old, new, on, policy, old[1])]
    if fault.is_swapped:
        back = grounds(new[0], old[0], policy, means)
        decisions.append(judge(new, old, back, policy, new[1]))
    got = tuple(one.verdict for one in decisions)
    must = _must(fault, old, on, policy)
    rows = [row for one in decisions for row in one.metrics if row.critical]
    return Trial(
        kind=fault.kind,
        where=fault.where,
        must=must,
        got=got,
        is_blamed=not fault.blame or any(_speaks(row, fault, got[0]) for row in rows),
        margins=max((_margins(row, surely=bool(fault.blame)) for row in rows), default=None),
        why=" ".join(_reasons(decisions)),
    )


def _ids(measured: Measured) -> list[str]:
    return [metric.id for metric in measured[1]]


def _must(fault: Fault, old: Measured, on: Grounds, policy: Policy) -> Must:
    """What is right, now that it is known how far the gates moved."""
    if fault.must == "not promote" and any(_is_sure(one, old, on, policy) for one in fault.sure_by):
        return "roll back"
    return fault.must


def _is_sure(gate_id: str, old: Measured, on: Grounds, policy: Policy) -> bool:
    """Whether a gate is worse whatever OLD's own coherent error is: c - 2 sqrt(c e) > 2 M."""
    if gate_id not in on.absorbed.distance:
        return False
    limit = gate_limit(old[0].chip, gate_id, old[0].channels[gate_id].duration_s)
    scale = gate_scale(old[0].chip, gate_id, limit)
    margin = margin_of(rule_for(policy, f"gate.error/{gate_id}"), scale)
    unknown = old_coherent_error(old[0], gate_id)
    low, _ = coherent_interval(on.absorbed.distance[gate_id], unknown)
    return margin is not None and low > SURE_MARGINS * margin


def _speaks(row: JudgedMetric, fault: Fault, got: VerdictWord) -> bool:
    """Whether a metric of what was broken is what the verdict rests on."""
    wanted = "regressed" if got == "rollback" else "undecided"
    return row.outcome == wanted and any(fnmatchcase(row.id, glob) for glob in fault.blame)


def _margins(row: JudgedMetric, *, surely: bool) -> float:
    """How many margins a metric moved at least, or at most."""
    if row.worse is None or not row.margin:
        return float("-inf")
    return row.worse[0 if surely else 1] / row.margin


def _reasons(decisions: Sequence[Decision]) -> list[str]:
    """What each decision says first, and the first thing that decided."""
    return [" ".join(one.reasons[:3]) for one in decisions]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All trials of one kind that ask for the same.

    Attributes:
        kind: what was done.
        must: what is right.
        verdicts: how often each came out, in words.
        nearest: where it came nearest to the wrong side, or failed.
        margins: of that place; None where no margin says how near.
        passed: whether all are right.
    """

    kind: str
    must: Must
    verdicts: str
    nearest: str
    margins: float | None
    passed: bool


def summaries(trials: Sequence[Trial]) -> list[Summary]:
    """The trials that were made, one line a kind and what it must come to."""
    groups: dict[tuple[str, Must], list[Trial]] = {}
    for trial in trials:
        if trial.got:
            groups.setdefault((trial.kind, trial.must), []).append(trial)
    return [_summary(group) for group in groups.values()]


def _summary(group: Sequence[Trial]) -> Summary:
    counts = Counter(word for trial in group for word in trial.got)
    nearest = min(group, key=_nearness)
    judged_by_margin = nearest.must in {"promote", "roll back"}
    return Summary(
        kind=nearest.kind,
        must=nearest.must,
        verdicts=", ".join(f"{number} {word}" for word, number in counts.items()),
        nearest=nearest.where,
        margins=nearest.margins if judged_by_margin else None,
        passed=all(trial.passed for trial in group),
    )


def _nearness(trial: Trial) -> tuple[bool, float]:
    """Sort key: what failed, then what came nearest to another verdict."""
    margins = 0.0 if trial.margins is None else trial.margins
    return trial.passed, -margins if trial.must == "promote" else margins
