"""Benchmarking of a machine that warms while it runs, for people."""

from collections.abc import Mapping

from rich.table import Table

from qtregress.rb.drift import DriftReport, Exponential

_NONE = "—"
_COLUMNS = ("qubits", "EPC", "with B fixed", "with B free", "its B", "over the run", "status")


def drift_table(found: Mapping[tuple[int, ...], DriftReport]) -> Table:
    """A row a qubit or pair; an error per Clifford stands only where one describes the run."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in {"qubits", "status"} else "right")
    for qubits, one in found.items():
        trend = _NONE if one.trend is None else f"{one.trend.change:+.1e} ± {one.trend.error:.0e}"
        offset = _NONE if one.free is None else f"{one.free.offset:.4g}"
        table.add_row(
            "-".join(map(str, qubits)),
            _NONE if one.epc is None else f"{one.epc:.4g}",
            _epc(one.fixed),
            _epc(one.free),
            offset,
            trend,
            one.status,
        )
    return table


def _epc(fit: Exponential | None) -> str:
    return _NONE if fit is None else f"{fit.epc:.4g}"
