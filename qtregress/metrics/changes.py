"""What differs between two profiles, and which metrics would see it."""

from collections.abc import Collection, Iterator
from math import isclose, pi

from qtregress.chip.chip import Chip
from qtregress.metrics.difference import UnjudgedChange
from qtregress.pulses.profile import Gate, Profile
from qtregress.pulses.schedule import schedule

_SAME_PHASE_RAD = 1e-9
_SAME_NUMBER = 1e-12
_TOLD = 3


def _differs(was: object, now: object) -> bool:
    """Whether two fields differ by more than the last digits of a conversion."""
    if isinstance(was, float) and isinstance(now, float):
        return not isclose(was, now, rel_tol=_SAME_NUMBER, abs_tol=_SAME_NUMBER)
    if isinstance(was, tuple) and isinstance(now, tuple):
        return len(was) != len(now) or any(map(_differs, was, now))
    return was != now


def _differences(old: Gate, new: Gate) -> list[tuple[str, str, str]]:
    """Every field that differs between two versions of a gate: where, old, new."""
    found = []
    if old.duration != new.duration:
        found.append(("duration", f"{old.duration} dt", f"{new.duration} dt"))
    if old.virtual_z != new.virtual_z:
        found.append(("turns", ", ".join(old.virtual_z), ", ".join(new.virtual_z)))
    if len(old.pulses) != len(new.pulses):
        found.append(("rows", str(len(old.pulses)), str(len(new.pulses))))
        return found
    for before, after in zip(old.pulses, new.pulses, strict=True):
        was, now = before.model_dump(), after.model_dump()
        found += [
            (f"{before.channel} at {before.t0} dt {key}", _cell(was.get(key)), _cell(now.get(key)))
            for key in dict.fromkeys((*was, *now))
            if _differs(was.get(key), now.get(key))
        ]
    return found


def _told(found: list[tuple[str, str, str]], which: int) -> str:
    """The old (1) or new (2) side of the first differences."""
    parts = [f"{row[0]} {row[which]}" for row in found[:_TOLD]]
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
            found = _differences(before, after)
            if not found:
                continue
            was, now = _told(found, 1), _told(found, 2)
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
