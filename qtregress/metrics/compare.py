"""From two measurements to paired differences with the interval of each.

Heat, durations, leakage are compared as they are. Gate errors are not: the model was
fitted to OLD and calls its coherent part perfect, so a change that moves the gate by c may
have made the true gate better or worse. With OLD's unknown coherent error e the coherent
error changes by something in [c - 2 sqrt(c e), c + 2 sqrt(c e)] (triangle inequality on the
error angles). Errors per Clifford take the sum of their gates' intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from qtregress.calibrate.recalibration import Recalibration
from qtregress.channels.coherence import coherence_limit
from qtregress.chip.chip import Chip
from qtregress.metrics.collect import incoherent_error
from qtregress.metrics.difference import Difference
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric
from qtregress.rb.clifford import MEAN_CX, MEAN_SX, pair_group
from qtregress.rb.gateset import ID_SX, SX_ID, SX_SX

_BOUNDED = frozenset({"gate.error", "gate.error_at_load", "rb.epc"})
_MEASURED_SHARE = 0.1
"""Of a measured error that is always taken to be coherent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorChange:
    """How one gate's error may have changed.

    Attributes:
        interval: bounds on new - old.
        scale: what relative margins are a share of.
        note: where the bounds come from.
    """

    interval: tuple[float, float]
    scale: float
    note: str


def gate_limit(chip: Chip, gate_id: str, duration_s: float) -> float:
    """The coherence limit of a gate on this chip."""
    qubits = (int(q) for q in gate_id.split(":")[1].split("-"))
    times = [(chip.qubit(q).t1_s, chip.qubit(q).t2_s) for q in qubits]
    return coherence_limit(duration_s, times)


def unknown_coherent_error(measured_error: float | None, limit: float) -> float:
    """OLD's own coherent error e, which no model fitted to OLD can show.

    What the hardware measured above the coherence limit, at least a tenth of it; half the
    limit where nothing was measured.
    """
    if measured_error is None:
        return limit / 2
    return max(measured_error - limit, _MEASURED_SHARE * measured_error)


def coherent_interval(c: float, e: float) -> tuple[float, float]:
    """Bounds on the change of coherent error at distance c from a gate of error e."""
    reach = 2 * sqrt(c * e)
    return c - reach, c + reach


def gate_scale(old: Measurement, gate_id: str, simulated: float) -> float:
    """The error that margins are a share of: measured where the chip knows it."""
    known = old.chip.measured_error(gate_id)
    return simulated if known is None else known


def error_changes(
    old: Measurement, new: Measurement, distance: Mapping[str, float]
) -> dict[str, ErrorChange]:
    """The change of error of every gate both measurements have, by gate id."""
    values = {}
    for gate_id, c in distance.items():
        before, after = old.channels[gate_id], new.channels[gate_id]
        limit = gate_limit(old.chip, gate_id, before.duration_s)
        e = unknown_coherent_error(old.chip.measured_error(gate_id), limit)
        low, high = coherent_interval(c, e)
        lossy, was = incoherent_error(after), incoherent_error(before)
        values[gate_id] = ErrorChange(
            interval=(lossy - was + low, lossy - was + high),
            scale=gate_scale(old, gate_id, limit),
            note=(
                f"incoherent part {lossy - was:+.2e}; moved by c = {c:.2e} "
                f"with OLD's own coherent error up to {e:.2e}"
            ),
        )
    return values


def _weighted(parts: list[tuple[float, ErrorChange]], note: str) -> ErrorChange:
    return ErrorChange(
        interval=(
            sum(n * part.interval[0] for n, part in parts),
            sum(n * part.interval[1] for n, part in parts),
        ),
        scale=sum(n * part.scale for n, part in parts),
        note=note,
    )


def _clifford_parts(measurement: Measurement, subject: tuple[int, ...]) -> list[tuple[float, str]]:
    """Mean number of each gate in a Clifford of one qubit or a pair."""
    if len(subject) == 1:
        return [(MEAN_SX, f"sx:{subject[0]}")]
    native = measurement.plan.pairs[subject[0], subject[1]]
    counts = pair_group(1 if native.qubits != subject else 0).mean_counts()
    both = counts[SX_SX]
    return [
        (MEAN_CX, native.id),
        (both + counts[SX_ID], f"sx:{subject[0]}"),
        (both + counts[ID_SX], f"sx:{subject[1]}"),
    ]


def clifford_changes(
    old: Measurement, new: Measurement, gates: Mapping[str, ErrorChange]
) -> dict[str, ErrorChange]:
    """The change of error per Clifford, where all gates of a Clifford were compared."""
    found = {}
    for subject in old.decays.keys() & new.decays.keys():
        wanted = _clifford_parts(old, subject)
        if wanted != _clifford_parts(new, subject) or any(g not in gates for _, g in wanted):
            continue
        counted = " + ".join(f"{count:.3g} {name}" for count, name in wanted)
        parts = [(count, gates[name]) for count, name in wanted]
        found["-".join(map(str, subject))] = _weighted(
            parts, f"sum over a Clifford's gates: {counted}"
        )
    return found


def _direct(old: Metric, new: Metric) -> Difference:
    """A deterministic metric: the difference is what it is."""
    problem = old.why or new.why
    if old.value is None or new.value is None:
        return _difference(old, new, None, problem=problem)
    change = new.value - old.value
    return _difference(old, new, (change, change))


def _difference(  # one argument a field of the answer
    old: Metric,
    new: Metric,
    interval: tuple[float, float] | None,
    *,
    scale: float | None = None,
    problem: str = "",
    note: str = "",
) -> Difference:
    return Difference(
        id=new.id,
        metric=new.metric,
        subject=new.subject,
        unit=new.unit,
        old=old.value,
        new=new.value,
        interval=interval,
        scale=abs(old.value or 0.0) if scale is None else scale,
        problem=problem,
        note=note,
    )


def _bounded(old: Metric, new: Metric, change: ErrorChange | None) -> Difference:
    if old.value is None or new.value is None:
        return _difference(old, new, None, problem=old.why or new.why)
    if change is None:
        return _difference(old, new, None, problem="its gates could not be compared")
    return _difference(old, new, change.interval, scale=change.scale, note=change.note)


def _absent(metric: Metric, which: str) -> Difference:
    old = metric if which == "new" else metric.model_copy(update={"value": None})
    new = metric if which == "old" else metric.model_copy(update={"value": None})
    return _difference(old, new, None, problem=f"the {which} profile does not have it")


def _recalibration(absorbed: Recalibration) -> list[Difference]:
    rows = []
    for line, shift in absorbed.absorbed.items():
        values = {
            "recalibration.gain": (shift.gain, "1"),
            "recalibration.phase_rad": (shift.phase_rad, "rad"),
            "recalibration.frequency_hz": (shift.frequency_hz, "Hz"),
        }
        for metric, (value, unit) in values.items():
            rows.append(_absorbed_row(metric, f"d{line}", unit, value))
    return rows


def _absorbed_row(metric: str, subject: str, unit: str, value: float) -> Difference:
    return Difference(
        id=f"{metric}/{subject}",
        metric=metric,
        subject=subject,
        unit=unit,
        old=0.0,
        new=value,
        interval=(value, value),
        scale=0.0,
        note="absorbed as a recalibration of the line; a shared error this size is invisible",
    )


Measured = tuple[Measurement, tuple[Metric, ...]]
"""A measurement and its metrics."""


def compare(old: Measured, new: Measured, absorbed: Recalibration) -> tuple[Difference, ...]:
    """Every metric of either measurement as a paired difference, sorted by id."""
    before = {metric.id: metric for metric in old[1]}
    after = {metric.id: metric for metric in new[1]}
    gates = error_changes(old[0], new[0], absorbed.distance)
    cliffords = clifford_changes(old[0], new[0], gates)
    bounds = {f"gate.error/{name}": change for name, change in gates.items()}
    bounds |= {f"gate.error_at_load/{name}": change for name, change in gates.items()}
    bounds |= {f"rb.epc/{name}": change for name, change in cliffords.items()}
    rows = _recalibration(absorbed)
    for metric_id in before.keys() | after.keys():
        was, now = before.get(metric_id), after.get(metric_id)
        if was is None and now is not None:
            rows.append(_absent(now, "old"))
        elif now is None and was is not None:
            rows.append(_absent(was, "new"))
        elif was is not None and now is not None:
            rows.append(_paired(was, now, bounds))
    return tuple(sorted(rows, key=lambda row: row.id))


def _paired(was: Metric, now: Metric, bounds: Mapping[str, ErrorChange]) -> Difference:
    if was.metric in _BOUNDED:
        return _bounded(was, now, bounds.get(was.id))
    return _direct(was, now)
