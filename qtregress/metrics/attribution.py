"""Which pulse a change of heat comes from: shares that add up to it.

Tones of one line are summed before squaring, so that two pulses changed at once have no
change of their own each. A pulse's share is its Shapley value: its mean effect over all orders
in which OLD's pulses could be replaced by NEW's. Above six changed pulses it is the effect in
the order of time. NEW's pulses count as they arrive: where a line's gain moved, a pulse that
made up for it has changed nothing.
"""

from cmath import exp, phase
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import factorial

from qtregress.chip.chip import Chip
from qtregress.metrics.measurement import Measurement
from qtregress.pulses.profile import Delay, Gate, Pulse, ShapedPulse, ShiftPhase, end_of
from qtregress.thermal.heat import gate_heat

MAX_SHARES = 500
_EXACT = 6
"""Pulses up to which all orders are averaged: 64 subsets."""
_ROUNDING = 1e-9
"""Of the largest share, below which the rest is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatShare:
    """What one changed pulse adds to a line's energy in one execution of a gate.

    Attributes:
        metric: id of the metric whose change is shared out.
        pulse: channel and start, ``d0@160``, ``d0`` for all of a channel's rows; empty for what
            no pulse of the gate explains: carriers, compression, the chip.
        change_j: NEW less OLD.
    """

    metric: str
    pulse: str
    change_j: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    """A part of a gate that was changed: rows that are OLD's or NEW's together."""

    name: str
    old: tuple[int, ...]
    new: tuple[int, ...]


def heat_shares(old: Measurement, new: Measurement) -> list[HeatShare]:
    """Shares of every changed ``heat.line_energy_j``, largest changes first.

    At most ``MAX_SHARES``; a metric is either shared out whole or not at all.
    """
    found: list[list[HeatShare]] = []
    for gate_id, heat in new.heats.items():
        before = old.heats.get(gate_id)
        if before is None:
            continue
        lines = dict.fromkeys((*before.lines, *heat.lines))
        changes = {line: heat.energy_j(line) - before.energy_j(line) for line in lines}
        if any(changes.values()):
            arriving = _arriving(new.profile.by_id[gate_id], old.chip, new.chip)
            found += _gate_shares(old, arriving, changes)
    found.sort(key=lambda rows: -abs(sum(row.change_j for row in rows)))
    kept: list[HeatShare] = []
    for rows in found:
        if len(kept) + len(rows) <= MAX_SHARES:
            kept += rows
    return kept


def _gate_shares(
    old: Measurement, gate: Gate, changes: Mapping[str, float]
) -> list[list[HeatShare]]:
    """The shares of each line's change, with what the pulses leave unexplained."""
    before = old.profile.by_id[gate.id]
    edits = _edits(before, gate)
    lines = list(changes)
    effects = _Mixed(side=old, old=before, new=gate, edits=edits).effects(lines)
    found = []
    for line, change in changes.items():
        parts = [effects[number][line] for number in range(len(edits))]
        rest = change - sum(parts)
        metric = f"heat.line_energy_j/{gate.id}@{line}"
        rows = [
            HeatShare(metric=metric, pulse=edit.name, change_j=part)
            for edit, part in zip(edits, parts, strict=True)
            if part
        ]
        if abs(rest) > _ROUNDING * max([abs(change), *map(abs, parts)]):
            rows.append(HeatShare(metric=metric, pulse="", change_j=rest))
        if rows:
            found.append(rows)
    return found


def _arriving(gate: Gate, old: Chip, new: Chip) -> Gate:
    """The gate's rows as loud on OLD's lines as on NEW's; compression and samples apart."""
    rows: list[Pulse | ShiftPhase | Delay] = []
    for row in gate.pulses:
        gain = _gain(row.channel, new) / _gain(row.channel, old)
        if gain != 1 and isinstance(row, ShapedPulse):
            amp, angle = row.amp * abs(gain), row.angle + phase(gain)
            rows.append(row.model_copy(update={"amp": amp, "angle": angle}))
        else:
            rows.append(row)
    return gate.model_copy(update={"pulses": tuple(rows)})


def _gain(channel: str, chip: Chip) -> complex:
    """Rabi rate per amplitude of a drive or cross drive; one where nothing calibrates it."""
    if channel[0] == "u" and channel in chip.control_channels:
        control = chip.control_channels[channel]
        own = control.gain_ratio * exp(1j * control.phase_rad)
        return own * _gain(f"d{control.qubit}", chip)
    known = {f"d{qubit.index}": qubit.drive for qubit in chip.qubits}
    if channel not in known:
        return 1.0
    line = known[channel]
    return line.rabi_hz_per_amp * exp(1j * line.phase_rad)


def _edits(old: Gate, new: Gate) -> list[_Edit]:
    """What changed, in the order of time: row by row, or channel by channel."""
    if len(old.pulses) == len(new.pulses):
        rows = enumerate(zip(old.pulses, new.pulses, strict=True))
        found = [
            (after.t0, _Edit(name=f"{after.channel}@{after.t0}", old=(n,), new=(n,)))
            for n, (before, after) in rows
            if before != after
        ]
        return [edit for _, edit in sorted(found, key=lambda one: one[0])]
    channels = sorted({row.channel for row in (*old.pulses, *new.pulses)})
    edits = [
        _Edit(name=channel, old=_rows_on(old, channel), new=_rows_on(new, channel))
        for channel in channels
    ]
    return [edit for edit in edits if _picked(old, edit.old) != _picked(new, edit.new)]


def _rows_on(gate: Gate, channel: str) -> tuple[int, ...]:
    return tuple(n for n, row in enumerate(gate.pulses) if row.channel == channel)


def _picked(gate: Gate, rows: Sequence[int]) -> list[object]:
    return [gate.pulses[n] for n in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mixed:
    """A gate of which some parts are OLD's and some NEW's, on OLD's chip and carriers."""

    side: Measurement
    old: Gate
    new: Gate
    edits: list[_Edit]

    def effects(self, lines: Sequence[str]) -> list[dict[str, float]]:
        """What each edit adds to each line's energy in J."""
        count = len(self.edits)
        if count > _EXACT:
            steps = [self.energies(range(n)) for n in range(count + 1)]
            return [
                {line: after.get(line, 0.0) - before.get(line, 0.0) for line in lines}
                for before, after in pairwise(steps)
            ]
        every = {
            subset: self.energies(subset)
            for size in range(count + 1)
            for subset in combinations(range(count), size)
        }
        return [_mean_effect(number, count, every, lines) for number in range(count)]

    def energies(self, taken: Sequence[int]) -> dict[str, float]:
        """Energy in J by line with these edits made."""
        left = {row for edit in self.edits for row in edit.old}
        rows = [row for n, row in enumerate(self.old.pulses) if n not in left]
        for number, edit in enumerate(self.edits):
            gate, picked = (self.new, edit.new) if number in taken else (self.old, edit.old)
            rows += [gate.pulses[n] for n in picked]
        ends = (self.old.duration, self.new.duration, *map(end_of, rows))
        mixed = self.new.model_copy(update={"pulses": tuple(rows), "duration": max(ends)})
        heat = gate_heat(mixed, self.side.profile, self.side.chip)
        return {line: heat.energy_j(line) for line in heat.lines}


def _mean_effect(
    number: int,
    count: int,
    every: Mapping[tuple[int, ...], Mapping[str, float]],
    lines: Sequence[str],
) -> dict[str, float]:
    """The Shapley value of one edit on each line."""
    found = dict.fromkeys(lines, 0.0)
    for subset, before in every.items():
        if number in subset:
            continue
        after = every[tuple(sorted((*subset, number)))]
        weight = factorial(len(subset)) * factorial(count - len(subset) - 1) / factorial(count)
        for line in lines:
            found[line] += weight * (after.get(line, 0.0) - before.get(line, 0.0))
    return found
