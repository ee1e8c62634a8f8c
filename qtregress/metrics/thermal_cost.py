"""What a release costs the fridge and the qubits, in a sentence a person can repeat."""

from collections.abc import Mapping, Sequence

from qtregress.metrics.difference import Difference
from qtregress.units import engineering

_NOTHING = 1e-3
"""Relative change of a line's mean power that is not worth a sentence."""


def thermal_cost(rows: Sequence[Difference]) -> str:
    """The line whose mean power moved most, and what follows for its qubit at load.

    Empty where no line's power is known or none moved.
    """
    known = {row.id: row for row in rows}
    moved = [row for row in rows if row.metric == "thermal.line_power_w" and row.subject[0] == "d"]
    if not moved:
        return ""
    most = max(moved, key=_relative)
    if _relative(most) < _NOTHING:
        return ""
    line, qubit = most.subject, most.subject[1:]
    parts = [
        _part(known, f"thermal.line_power_w/{line}", "mean power"),
        _part(known, f"thermal.film_peak_k/{line}", "film peak"),
        _part(known, f"thermal.line_photons/{line}", "photons while gates play"),
        _part(known, f"qubit.t1_at_load_s/{qubit}", "T1"),
        _part(known, f"qubit.t2_at_load_s/{qubit}", "T2"),
        _part(known, f"rb.epc_at_load/{qubit}", "error per Clifford"),
    ]
    listed = "; ".join(part for part in parts if part)
    return f"At the declared workload line {line} changes most: {listed}."


def _relative(row: Difference) -> float:
    if row.old is None or row.new is None or row.old == 0:
        return 0.0
    return abs(row.new / row.old - 1)


def _part(known: Mapping[str, Difference], metric_id: str, name: str) -> str:
    row = known.get(metric_id)
    if row is None or row.old is None or row.new is None:
        return ""
    was, now = (_shown(value, row.unit) for value in (row.old, row.new))
    return f"{name} {was} -> {now}"


def _shown(value: float, unit: str) -> str:
    return f"{value:.4g}" if unit == "1" else engineering(value, unit, digits=4)
