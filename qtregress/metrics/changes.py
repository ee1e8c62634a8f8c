"""What differs between two profiles, and which metrics would see it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from math import isclose, pi

from qtregress.chip.chip import Chip
from qtregress.metrics.difference import UnjudgedChange
from qtregress.pulses.profile import Gate, Profile
from qtregress.pulses.schedule import schedule

_SAME_PHASE_RAD = 1e-9
_SAME_NUMBER = 1e-12
_TOLD = 3
_ABSENT = "absent"


def _differs(was: object, now: object) -> bool:
    """Whether two fields differ by more than the last digits of a conversion."""
    if isinstance(was, float) and isinstance(now, float):
        return not isclose(was, now, rel_tol=_SAME_NUMBER, abs_tol=_SAME_NUMBER)
    if isinstance(was, tuple) and isinstance(now, tuple):
        return len(was) != len(now) or any(map(_differs, was, now))
    return was != now


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field of a table that differs between two releases.

    Attributes:
        gate: its id, empty where the field belongs to none.
        pulse: the row's channel and start, ``d0@160``, or the channel alone; empty where the
            field belongs to no row.
        field: ``amp``.
        old: what it was, short.
        new: what it is.
        place: where it stands in NEW's document; empty where NEW does not have it.
    """

    gate: str
    pulse: str
    field: str
    old: str
    new: str
    place: tuple[str | int, ...] = ()

    @property
    def where(self) -> str:
        """``d0 at 160 dt amp``: pulse and field in words."""
        channel, _, t0 = self.pulse.partition("@")
        return f"{channel} at {t0} dt {self.field}" if self.pulse else self.field


def differences(old: Gate, new: Gate) -> list[FieldChange]:
    """Every field that differs between two versions of a gate, placed in NEW's gate.

    Rows are compared one by one where their number is the same.
    """
    found = []
    if old.duration != new.duration:
        found.append(_of(new, "duration", f"{old.duration} dt", f"{new.duration} dt"))
    if old.virtual_z != new.virtual_z:
        was, now = ", ".join(old.virtual_z), ", ".join(new.virtual_z)
        found.append(replace(_of(new, "turns", was, now), place=("virtual_z",)))
    if len(old.pulses) != len(new.pulses):
        rows = _of(new, "rows", str(len(old.pulses)), str(len(new.pulses)))
        return [*found, replace(rows, place=("pulses",))]
    for number, (before, after) in enumerate(zip(old.pulses, new.pulses, strict=True)):
        was_row, now_row = before.model_dump(), after.model_dump()
        found += [
            FieldChange(
                gate=new.id,
                pulse=f"{before.channel}@{before.t0}",
                field=key,
                old=_cell(was_row.get(key)),
                new=_cell(now_row.get(key)),
                place=("pulses", number, key),
            )
            for key in dict.fromkeys((*was_row, *now_row))
            if _differs(was_row.get(key), now_row.get(key))
        ]
    return found


def _of(gate: Gate, field: str, old: str, new: str) -> FieldChange:
    """A change of the gate itself."""
    return FieldChange(gate=gate.id, pulse="", field=field, old=old, new=new, place=(field,))


def field_changes(old: Profile, new: Profile) -> list[FieldChange]:
    """Every field that differs between two tables, placed in NEW's document."""
    found = []
    for number, gate in enumerate(new.gates):
        before = old.by_id.get(gate.id)
        here = ("gates", number)
        if before is None:
            found.append(replace(_of(gate, "gate", _ABSENT, "present"), place=here))
        else:
            rows = differences(before, gate)
            found += [replace(row, place=(*here, *row.place)) for row in rows]
    gone = [gate for gate in old.gates if gate.id not in new.by_id]
    found += [replace(_of(gate, "gate", "present", _ABSENT), place=()) for gate in gone]
    return [*found, *_carrier_changes(old, new)]


def _carrier_changes(old: Profile, new: Profile) -> Iterator[FieldChange]:
    was, now = old.drive_frequency_hz, new.drive_frequency_hz
    for channel in sorted(was.keys() | now.keys()):
        before, after = was.get(channel), now.get(channel)
        if before != after:
            yield FieldChange(
                gate="",
                pulse=channel,
                field="drive_frequency_hz",
                old=_ABSENT if before is None else repr(before),
                new=_ABSENT if after is None else repr(after),
                place=() if after is None else ("drive_frequency_hz", channel),
            )


def _told(found: list[FieldChange], *, new: bool) -> str:
    """The old or new side of the first differences."""
    parts = [f"{row.where} {row.new if new else row.old}" for row in found[:_TOLD]]
    rest = len(found) - _TOLD
    return "; ".join(parts) + (f"; and {rest} more" if rest > 0 else "")


def _cell(value: object) -> str:
    """A field's value, short even where it is a list of samples."""
    return f"{len(value)} samples" if isinstance(value, tuple) else repr(value)


def _gate_changes(old: Profile, new: Profile, judged: Collection[str]) -> Iterator[UnjudgedChange]:
    for gate_id in sorted(old.by_id.keys() | new.by_id.keys()):
        before, after = old.by_id.get(gate_id), new.by_id.get(gate_id)
        if before == after:
            continue
        was, now = "absent", "absent"
        if before is not None and after is not None:
            found = differences(before, after)
            if not found:
                continue
            was, now = _told(found, new=False), _told(found, new=True)
        elif before is not None:
            was = f"{before.duration} dt long"
        elif after is not None:
            now = f"{after.duration} dt long"
        metric = f"gate.error/{gate_id}"
        yield UnjudgedChange(
            where=gate_id,
            old=was,
            new=now,
            covered_by=(metric,) if metric in judged else (),
        )


def _idle_changes(old: Profile, new: Profile) -> Iterator[UnjudgedChange]:
    """Another length of ``id``: circuits count on it, and no error gets worse by waiting less."""
    for gate_id, gate in new.by_id.items():
        before = old.by_id.get(gate_id)
        if gate.name == "id" and before is not None and before.duration != gate.duration:
            yield UnjudgedChange(
                where=f"{gate_id} duration",
                old=f"{before.duration} dt",
                new=f"{gate.duration} dt",
            )


def _frequency_changes(
    old: Profile, new: Profile, judged: Collection[str]
) -> Iterator[UnjudgedChange]:
    for channel in sorted(old.drive_frequency_hz.keys() | new.drive_frequency_hz.keys()):
        before = old.drive_frequency_hz.get(channel)
        after = new.drive_frequency_hz.get(channel)
        if before == after:
            continue
        driven = (g.id for g in new.gates if channel[0] == "d" and int(channel[1:]) in g.qubits)
        seen = tuple(f"gate.error/{g}" for g in driven if f"gate.error/{g}" in judged)
        yield UnjudgedChange(
            where=f"drive_frequency_hz.{channel}",
            old="absent" if before is None else repr(before),
            new="absent" if after is None else repr(after),
            covered_by=seen,
        )


def _grid_changes(old: Profile, new: Profile, judged: Collection[str]) -> Iterator[UnjudgedChange]:
    if old.dt_ns != new.dt_ns:
        yield UnjudgedChange(
            where="dt_ns", old=repr(old.dt_ns), new=repr(new.dt_ns), covered_by=tuple(judged)
        )


def outer_frames(gate: Gate, chip: Chip) -> dict[str, float]:
    """Phases that a gate leaves on frames its own simulation does not show, in radians.

    By channel: what a channel outside the gate's qubits is turned by, and how far a cross
    drive tuned to one of them ends from that qubit's own frame. The gate by itself plays as
    before either way; the next gate on those channels would not.
    """
    ends = schedule(gate).final_phase_rad
    follows = {
        channel: f"d{control.frequency_of}"
        for channel, control in chip.control_channels.items()
        if control.frequency_of in gate.qubits
    }
    own = {f"d{qubit}" for qubit in gate.qubits}
    frames = {}
    for channel in (ends.keys() | follows.keys()) - own:
        reference = ends.get(follows[channel], 0.0) if channel in follows else 0.0
        off = (ends.get(channel, 0.0) - reference + pi) % (2 * pi) - pi
        if not isclose(off, 0.0, abs_tol=_SAME_PHASE_RAD):
            frames[channel] = off
    return frames


def _frame_changes(old: Profile, new: Profile, chip: Chip) -> Iterator[UnjudgedChange]:
    for gate_id, gate in new.by_id.items():
        before = old.by_id.get(gate_id)
        if before is None or before == gate or gate.is_virtual:
            continue
        was, now = outer_frames(before, chip), outer_frames(gate, chip)
        for channel in sorted(was.keys() | now.keys()):
            first, second = was.get(channel, 0.0), now.get(channel, 0.0)
            if not isclose(first, second, abs_tol=_SAME_PHASE_RAD):
                yield UnjudgedChange(
                    where=f"{gate_id} frame of {channel}",
                    old=f"{first:.6g} rad",
                    new=f"{second:.6g} rad",
                )


def changes(
    old: Profile, new: Profile, chip: Chip, judged: Collection[str]
) -> tuple[UnjudgedChange, ...]:
    """Every difference between the profiles, with the metrics that judge it.

    Args:
        old: the release in the field.
        new: the candidate.
        chip: whose control channels say which frames belong together.
        judged: ids of metrics that were compared.
    """
    return (
        *_gate_changes(old, new, judged),
        *_idle_changes(old, new),
        *_frequency_changes(old, new, judged),
        *_grid_changes(old, new, judged),
        *_frame_changes(old, new, chip),
    )
