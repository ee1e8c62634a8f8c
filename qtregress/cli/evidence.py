"""What a verdict keeps for ``explain``: changed fields with their lines, shares of heat."""

from typing import TYPE_CHECKING, TypedDict

from qtregress.metrics.attribution import heat_shares
from qtregress.metrics.changes import FieldChange, field_changes
from qtregress.verdict.rules import clipped
from qtregress.verdict.verdict import MAX_CELL, MAX_CHANGES, HeatRow, TableChange

if TYPE_CHECKING:
    from qtregress.files.documents import Loaded
    from qtregress.metrics.measurement import Measurement
    from qtregress.pulses.profile import Profile


class Explained(TypedDict):
    """The fields of ``Circumstances`` that explain a change."""

    changed: int
    changes: tuple[TableChange, ...]
    heat: tuple[HeatRow, ...]


def explained(old: "Measurement", new: "Measurement", document: "Loaded[Profile]") -> Explained:
    """What changed between the two tables, and what it does to the heat.

    Args:
        old: OLD as it was compared.
        new: NEW.
        document: NEW's file, for its lines.
    """
    found = field_changes(old.profile, new.profile)
    rows = heat_shares(old, new)
    return Explained(
        changed=len(found),
        changes=tuple(_row(change, document) for change in found[:MAX_CHANGES]),
        heat=tuple(
            HeatRow(metric=row.metric, pulse=row.pulse, change_j=row.change_j) for row in rows
        ),
    )


def _row(change: FieldChange, document: "Loaded[Profile]") -> TableChange:
    return TableChange(
        gate=change.gate,
        pulse=change.pulse,
        field=change.field,
        old=clipped(change.old, MAX_CELL),
        new=clipped(change.new, MAX_CELL),
        line=document.line_of(change.place) if change.place else None,
    )
