"""Why a metric is what it is: interval, parts, and the fields of the table behind it."""

import math
import shlex
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from qtregress.errors import InputError
from qtregress.metrics.difference import SAMPLED
from qtregress.printable import printable
from qtregress.report.text import HEADLINES, change, parts, passed, release, trouble
from qtregress.verdict.rules import quantity
from qtregress.verdict.verdict import HeatRow, InputName, JudgedMetric, TableChange, Verdict

_WORST = 3
_ASKED = 20
_ROWS = 12
"""Of changed fields, or of pulses, for one metric."""
_OPTIONS: tuple[tuple[InputName, str], ...] = (
    ("chip", "--chip"),
    ("new_chip", "--new-chip"),
    ("baseline", "--baseline"),
    ("policy", "--policy"),
    ("workload", "--workload"),
    ("scenario", "--scenario"),
)
_SHIPPED = "(shipped)"


def chosen(verdict: Verdict, wanted: str | None) -> list[JudgedMetric]:
    """The metrics of an id or glob; of nothing, the worst few, else those nearest a margin.

    Raises:
        InputError: no metric is so called.
    """
    if wanted is None:
        return (trouble(verdict) or passed(verdict, critical=True))[:_WORST]
    found = [metric for metric in verdict.metrics if metric.id == wanted]
    found = found or [metric for metric in verdict.metrics if fnmatchcase(metric.id, wanted)]
    if not found:
        near = get_close_matches(wanted, [metric.id for metric in verdict.metrics])
        like = f"; like it: {printable(', '.join(near))}" if near else ""
        msg = f"METRIC must match an id of the verdict, but is {printable(wanted)}{like}"
        raise InputError(msg)
    return found


def explanation(verdict: Verdict, metrics: Sequence[JudgedMetric]) -> Iterator[str]:
    """The explanation of these metrics, line by line, harmless on a terminal."""
    yield f"{HEADLINES[verdict.verdict]} {printable(release(verdict))}"
    for metric in metrics[:_ASKED]:
        yield ""
        yield from map(printable, _metric_lines(verdict, metric))
    rest = len(metrics) - _ASKED
    if rest > 0:
        yield f"and {rest} more: name fewer"
    yield ""
    yield f"Reproduce: {printable(_command(verdict))}"
    if verdict.commit:
        yield f"at commit {printable(verdict.commit)}"


def _metric_lines(verdict: Verdict, metric: JudgedMetric) -> Iterator[str]:
    standing = "critical" if metric.critical else "advisory"
    yield f"{metric.id}: {metric.outcome} ({standing})"
    yield f"  {metric.why}"
    if metric.old is not None or metric.new is not None:
        yield f"  value: {_value(metric, metric.old)} -> {_value(metric, metric.new)}{_by(metric)}"
    if metric.interval is not None:
        low, high = (_value(metric, end) for end in metric.interval)
        same = metric.interval[0] == metric.interval[1]
        known = f"exactly {low}" if same else f"between {low} and {high}"
        yield f"  change: {known}; margin {_value(metric, metric.margin)}"
    yield from _more_sequences(metric)
    yield from _drift(verdict, metric)
    yield from _split(metric)
    if metric.waiver is not None:
        waiver = metric.waiver
        yield f"  waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
    yield from _heat(verdict, metric)
    yield from _changes(verdict, metric)


def _value(metric: JudgedMetric, value: float | None) -> str:
    return quantity(value, metric.unit)


def _by(metric: JudgedMetric) -> str:
    return "" if metric.delta is None else f" ({change(metric)})"


def _more_sequences(metric: JudgedMetric) -> Iterator[str]:
    """How many more random sequences would decide: the interval narrows as their square root."""
    if metric.metric != SAMPLED or metric.outcome != "undecided":
        return
    if metric.worse is None or metric.margin is None:
        return
    low, high = metric.worse
    # halves first: no interval is too wide for that
    half, off = high / 2 - low / 2, abs(metric.margin - (low / 2 + high / 2))
    if not off or not half > 0:
        yield "  no number of sequences would decide: the change is the margin itself"
        return
    ratio = half / off
    factor = ratio * ratio
    if not math.isfinite(off) or not math.isfinite(factor):
        yield "  no number of sequences would decide: the change is not known at all"
        return
    yield f"  about {max(factor, 1):.2g} times as many sequences would decide, if the change stays"


def _drift(verdict: Verdict, metric: JudgedMetric) -> Iterator[str]:
    if metric.drift is None:
        return
    low, high = (_value(metric, end) for end in metric.drift)
    since = verdict.evidence.anchor or "the anchor"
    budget = _value(metric, metric.budget)
    yield f"  drift since {since}: between {low} and {high}; budget {budget}"


def _split(metric: JudgedMetric) -> Iterator[str]:
    """What the change on the old chip is made of; only the edit of the pulses is judged."""
    if metric.split is None:
        return
    drift, gain, edit = parts(metric)
    yield (
        f"  what NEW changes on the old chip is made of: pulse edit {edit} (judged), "
        f"line gain {gain}, chip drift {drift}"
    )


def _gates(metric: JudgedMetric) -> str:
    """The gate that the metric speaks of; empty where it speaks of none."""
    subject = metric.subject.partition("@")[0]
    return subject if ":" in subject else ""


def _qubits(metric: JudgedMetric) -> frozenset[str]:
    """The qubits it speaks of, as they are written; none where it speaks of the machine."""
    last = metric.subject.partition("@")[0].rpartition(":")[2]
    parts = last.split("-")
    return frozenset(parts) if all(part.isdigit() for part in parts) else frozenset()


def _heat(verdict: Verdict, metric: JudgedMetric) -> Iterator[str]:
    """What each changed pulse adds to the heat; of the gate's lines where the metric is theirs."""
    gate = _gates(metric)
    if metric.metric.partition(".")[0] != "heat" or not gate:
        return
    own = [row for row in verdict.evidence.heat if row.metric == metric.id]
    line = metric.id.startswith("heat.line_energy_j/")
    prefix = f"heat.line_energy_j/{gate}@"
    rows = own if line else [r for r in verdict.evidence.heat if r.metric.startswith(prefix)]
    if not rows:
        return
    adds = "; the parts add up to the change" if line else ", which is where this comes from"
    yield f"  heat at the chip, pulse by pulse{adds}:"
    rows = sorted(rows, key=lambda row: -abs(row.change_j))
    for row in rows[:_ROWS]:
        yield f"    {_pulse_name(row, metric)}: {_signed(row.change_j)}"
    if len(rows) > _ROWS:
        rest = sum(row.change_j for row in rows[_ROWS:])
        yield f"    {len(rows) - _ROWS} more: {_signed(rest)}"


def _pulse_name(row: HeatRow, metric: JudgedMetric) -> str:
    name = row.pulse or "no pulse, but carriers, compression or the chip"
    line = row.metric.rpartition("@")[2]
    return name if row.metric == metric.id else f"{name} on line {line}"


def _signed(joule: float) -> str:
    return f"{'+' if joule > 0 else ''}{quantity(joule, 'J')}"


def _changes(verdict: Verdict, metric: JudgedMetric) -> Iterator[str]:
    """The changed fields that the metric can see."""
    evidence = verdict.evidence
    if not evidence.changed:
        yield "  no field of the table changed"
        return
    rows = [row for row in evidence.changes if _is_seen(row, metric)]
    cut = len(evidence.changes) < evidence.changed
    if not rows:
        more = " among those recorded" if cut else ""
        yield f"  no changed field of the table belongs to it{more}"
        return
    yield "  changed in the table:"
    path = verdict.inputs["new"].path if "new" in verdict.inputs else "NEW"
    yield from (f"    {_change_line(row, path)}" for row in rows[:_ROWS])
    if len(rows) > _ROWS:
        yield f"    {len(rows) - _ROWS} more"


def _is_seen(row: TableChange, metric: JudgedMetric) -> bool:
    """Whether the metric's gate, or a gate of its qubits, has this field."""
    gate, qubits = _gates(metric), _qubits(metric)
    if row.gate and gate:
        return row.gate == gate
    if row.gate:
        return not qubits or set(row.gate.rpartition(":")[2].split("-")) <= qubits
    # a cross drive's number is not its qubit's
    is_cross = row.pulse.startswith("u")
    return not qubits or (len(qubits) > 1 if is_cross else row.pulse[1:] in qubits)


def _change_line(row: TableChange, path: str) -> str:
    place = f"{path}:{row.line}: " if row.line else ""
    what = " ".join(part for part in (row.gate, row.pulse, row.field) if part)
    return f"{place}{what} {row.old} -> {row.new}"


def _command(verdict: Verdict) -> str:
    """The command that gives this verdict again."""
    paths = {name: one.path for name, one in verdict.inputs.items()}
    words = ["qtregress", "check", paths.get("old", "OLD"), paths.get("new", "NEW")]
    for name, option in _OPTIONS:
        path = paths.get(name, _SHIPPED)
        if path != _SHIPPED:
            words += [option, path]
    return shlex.join(words)
