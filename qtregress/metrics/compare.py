"""From two measurements to paired differences with the interval of each.

Heat, durations, leakage are compared as they are. Gate errors are not: the model was
fitted to OLD and calls its coherent part perfect, so a change that moves the gate by c may
have made the true gate better or worse. With OLD's unknown coherent error e the coherent
error changes by something in [c - 2 sqrt(c e), c + 2 sqrt(c e)] (triangle inequality on the
error angles). It is widened by what chips drawn from the chip file's uncertainties make of
it. Errors per Clifford take the sum of their gates' intervals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qtregress.calibrate.ensemble import NO_SPREAD, Spread, reach, widened
from qtregress.calibrate.recalibration import Recalibration, coherent_interval
from qtregress.channels.coherence import coherence_limit
from qtregress.channels.ideal import ideal_image
from qtregress.channels.unitary_error import infidelity
from qtregress.chip.chip import Chip
from qtregress.metrics.cliffords import clifford_gates
from qtregress.metrics.collect import idle_error, incoherent_error
from qtregress.metrics.difference import Difference
from qtregress.metrics.line_heat import heat_intervals
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric
from qtregress.rb.exact import ExactDecay

BOUNDED = frozenset({"gate.error", "gate.error_at_load", "layer.error", "rb.epc", "rb.epc_at_load"})
_LARGEST_SCALE = 20.0
_ON_A_PAIR = 6 / 5
"""1 - F_avg = d/(d + 1) (1 - F_pro): what one qubit's error (2/3) counts on a pair (4/5)."""
_NO_LOSS = 1e-12
"""Below this a change of loss is rounding."""
_MEASURED_SHARE = 0.1
"""Of a measured error that is always taken to be coherent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorChange:
    """How an error may have changed.

    Attributes:
        coherent: bounds on the change of its coherent part.
        incoherent: change of all else, which is known.
        scale: what relative margins are a share of.
        note: where the bounds come from.
    """

    coherent: tuple[float, float]
    incoherent: float
    scale: float
    note: str

    @property
    def interval(self) -> tuple[float, float]:
        """Bounds on new - old."""
        return self.incoherent + self.coherent[0], self.incoherent + self.coherent[1]


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


def gate_scale(chip: Chip, gate_id: str, limit: float) -> float:
    """The error that margins are a share of: measured where the chip knows it.

    Capped at twenty coherence limits: a placeholder for a gate that was never calibrated
    must not become its margin.
    """
    known = chip.measured_error(gate_id)
    return limit if known is None else min(known, _LARGEST_SCALE * limit)


def old_coherent_error(old: Measurement, gate_id: str) -> float:
    """The coherent error e that OLD may have.

    What hardware and coherence limit leave unknown, both of the state that the hardware was
    measured in, and at least what the model itself shows of OLD beyond its own misfit (an OLD
    that is not the profile the chip was fitted to).
    """
    channel = old.channels[gate_id]
    limit = gate_limit(old.measured_on or old.chip, gate_id, channel.duration_s)
    unknown = unknown_coherent_error(old.chip.measured_error(gate_id), limit)
    ideal = ideal_image(gate_id.split(":", maxsplit=1)[0])
    if ideal is None or old.chip.fit is None:
        return unknown
    misfit = {fit.gate: fit.residual for fit in old.chip.fit.gates}.get(gate_id, 0.0)
    shown = sum(infidelity(block, ideal) for block in channel.blocks) / len(channel.blocks)
    return max(unknown, shown - misfit)


def old_scale(old: Measurement, gate_id: str) -> float:
    """The error that the gate's margin is a share of, by the smaller limit of OLD's states.

    A state of shorter T1 must not widen the margin of the pulses.
    """
    duration_s = old.channels[gate_id].duration_s
    limit = min(gate_limit(chip, gate_id, duration_s) for chip in _states(old))
    return gate_scale(old.chip, gate_id, limit)


def _states(old: Measurement) -> tuple[Chip, ...]:
    """The chip as it is, and as its errors were measured where that is another state."""
    return (old.chip,) if old.measured_on is None else (old.chip, old.measured_on)


def error_changes(
    old: Measurement,
    new: Measurement,
    distance: Mapping[str, Sequence[float]],
    spread: Spread,
    *,
    loaded: bool,
) -> dict[str, ErrorChange]:
    """The change of error of every gate both measurements have, by gate id.

    ``loaded`` asks for the errors at the declared workload.
    """
    values = {}
    for gate_id, c in distance.items():
        before, after = old.channels[gate_id], new.channels[gate_id]
        e = old_coherent_error(old, gate_id)
        low, high = _coherent(gate_id, c, e, spread)
        lossy = incoherent_error(after, loaded=loaded) - incoherent_error(before, loaded=loaded)
        values[gate_id] = ErrorChange(
            coherent=(low, high),
            incoherent=lossy,
            scale=old_scale(old, gate_id),
            note=(
                f"{_loss_words(lossy)}; the pulses moved by c = {max(c):.2e}, and "
                f"OLD's own coherent error is up to {e:.2e}."
            ),
        )
    return values


def _loss_words(change: float) -> str:
    """What loss did to an error, rounding apart."""
    if abs(change) < _NO_LOSS:
        return "Loss did not change it"
    return f"Loss changed it by {change:+.2e}"


def _coherent(
    gate_id: str, distance: Sequence[float], unknown_error: float, spread: Spread
) -> tuple[float, float]:
    """Bounds on the coherent change, with what the chip's uncertainties add to them."""
    if gate_id not in spread.distance:
        return coherent_interval(distance, unknown_error)
    return widened(distance, unknown_error, spread.distance[gate_id], spread.loss[gate_id])


def layer_changes(
    old: Measurement, new: Measurement, gates: Mapping[str, ErrorChange]
) -> dict[str, ErrorChange]:
    """The change of error of a layer with each gate: the gate's, and everybody else's waiting."""
    found = {}
    for gate_id, change in gates.items():
        before, after = (
            idle_error(one.chip, one.channels[gate_id].qubits, one.channels[gate_id].duration_s)
            for one in (old, new)
        )
        gate = old.channels[gate_id]
        waiting = min(idle_error(chip, gate.qubits, gate.duration_s) for chip in _states(old))
        found[gate_id] = replace(
            change,
            incoherent=change.incoherent + after - before,
            scale=change.scale + waiting,
            note=f"The gate's own change, and {after - before:+.2e} of waiting neighbours.",
        )
    return found


def _clifford_change(
    measurements: tuple[Measurement, Measurement],
    subject: tuple[int, ...],
    gates: Mapping[str, ErrorChange],
    spread: Spread,
    *,
    loaded: bool,
) -> ErrorChange | None:
    """The change of error per Clifford of one qubit or pair; None where it is not known.

    Coherent parts are the gates', first-order sums; a one-qubit error counts 6/5 on a pair.
    The incoherent part of a pair is that of its joint layers, in which the other qubit waits.
    The exact change is always contained.
    """
    old, new = measurements
    counts, layers = clifford_gates(old, subject)
    is_same = (counts, layers) == clifford_gates(new, subject)
    exact = [_decays(one, loaded=loaded)[subject].epc for one in measurements]
    if not is_same or exact[0] is None or exact[1] is None or not counts.keys() <= gates.keys():
        return None
    weights = {
        name: n * (_ON_A_PAIR if layers and name.startswith("sx:") else 1.0)
        for name, n in counts.items()
    }
    lossy = sum(
        n
        * (
            incoherent_error(new.channels[name], loaded=loaded)
            - incoherent_error(old.channels[name], loaded=loaded)
        )
        for name, n in layers.items()
    )
    lossy += sum(
        n * gates[name].incoherent
        for name, n in counts.items()
        if not layers or not name.startswith("sx:")
    )
    low, high = (
        lossy
        + sum(n * gates[name].coherent[end] for name, n in weights.items())
        + sum(
            n * reach(spread.loss[name])[end] for name, n in layers.items() if name in spread.loss
        )
        for end in (0, 1)
    )
    change = exact[1] - exact[0]
    counted = " + ".join(f"{n:.3g} {name}" for name, n in counts.items())
    return ErrorChange(
        coherent=(min(low, change) - lossy, max(high, change) - lossy),
        incoherent=lossy,
        scale=sum(n * gates[name].scale for name, n in weights.items()),
        note=f"The sum over a Clifford's gates: {counted}.",
    )


def _decays(measurement: Measurement, *, loaded: bool) -> Mapping[tuple[int, ...], ExactDecay]:
    return measurement.decays_at_load if loaded else measurement.decays


def clifford_changes(
    old: Measurement,
    new: Measurement,
    gates: Mapping[str, ErrorChange],
    spread: Spread,
    *,
    loaded: bool = False,
) -> dict[str, ErrorChange]:
    """The change of error per Clifford, where all gates of a Clifford were compared."""
    found = {}
    both = _decays(old, loaded=loaded).keys() & _decays(new, loaded=loaded).keys()
    for subject in both:
        change = _clifford_change((old, new), subject, gates, spread, loaded=loaded)
        if change is not None:
            found["-".join(map(str, subject))] = change
    return found


def _direct(old: Metric, new: Metric, interval: tuple[float, float] | None = None) -> Difference:
    """A deterministic metric: the difference is what it is, unless its bounds are known."""
    problem = old.why or new.why
    if old.value is None or new.value is None:
        return _difference(old, new, None, problem=problem)
    change = new.value - old.value
    return _difference(old, new, interval or (change, change))


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
        note="Absorbed as a recalibration of the line; a shared error this size is invisible.",
    )


Measured = tuple[Measurement, tuple[Metric, ...]]
"""A measurement and its metrics."""


def compare(
    old: Measured, new: Measured, absorbed: Recalibration, spread: Spread = NO_SPREAD
) -> tuple[Difference, ...]:
    """Every metric of either measurement as a paired difference, sorted by id."""
    before = {metric.id: metric for metric in old[1]}
    after = {metric.id: metric for metric in new[1]}
    bounds = _bounds(old[0], new[0], absorbed, spread)
    heat = heat_intervals(old[0], new[0])
    rows = _recalibration(absorbed)
    for metric_id in before.keys() | after.keys():
        was, now = before.get(metric_id), after.get(metric_id)
        if was is None and now is not None:
            rows.append(_absent(now, "old"))
        elif now is None and was is not None:
            rows.append(_absent(was, "new"))
        elif was is not None and now is not None:
            rows.append(_paired(was, now, bounds, heat.get(metric_id)))
    return tuple(sorted(rows, key=lambda row: row.id))


def _bounds(
    old: Measurement, new: Measurement, absorbed: Recalibration, spread: Spread
) -> dict[str, ErrorChange]:
    """How every error that is not compared as it is may have changed, by metric id."""
    found: dict[str, ErrorChange] = {}
    gates = error_changes(old, new, absorbed.distance, spread, loaded=False)
    errors = {
        "gate.error": gates,
        "layer.error": layer_changes(old, new, gates),
        "rb.epc": clifford_changes(old, new, gates, spread),
    }
    if not old.load.problem and not new.load.problem:
        warm = error_changes(old, new, absorbed.distance, spread, loaded=True)
        errors["gate.error_at_load"] = warm
        errors["rb.epc_at_load"] = clifford_changes(old, new, warm, spread, loaded=True)
    for metric, changes in errors.items():
        found |= {f"{metric}/{name}": change for name, change in changes.items()}
    return found


def _paired(
    was: Metric,
    now: Metric,
    bounds: Mapping[str, ErrorChange],
    heat: tuple[float, float] | None,
) -> Difference:
    if was.metric in BOUNDED:
        return _bounded(was, now, bounds.get(was.id))
    return _direct(was, now, heat)
