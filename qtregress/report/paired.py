"""Sampled benchmarking of two releases on the same sequences, for people and for programs."""

import json
from collections.abc import Sequence

from rich.table import Table

from qtregress.rb.paired import PairedDecays

_NONE = "—"


def paired_table(found: Sequence[PairedDecays]) -> Table:
    """A row a qubit or pair: both errors per Clifford and the interval of their difference."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("qubits", "old", "new", "difference", "95 % interval", "status"):
        table.add_column(name)
    for one in found:
        interval = one.difference.interval
        table.add_row(
            "-".join(map(str, one.qubits)),
            _shown(one.old.epc),
            _shown(one.new.epc),
            _shown(one.difference.change),
            _NONE if interval is None else f"{interval[0]:.3g} to {interval[1]:.3g}",
            one.difference.status,
        )
    return table


def paired_text(found: Sequence[PairedDecays]) -> str:
    """JSON with the survival of every sequence of both, rows by length."""
    rows = [
        {
            "qubits": list(one.qubits),
            "lengths": list(one.old.lengths),
            "old": {"epc": one.old.epc, "status": one.old.status, "survivals": one.old.survivals},
            "new": {"epc": one.new.epc, "status": one.new.status, "survivals": one.new.survivals},
            "difference": one.difference.change,
            "interval": one.difference.interval,
        }
        for one in found
    ]
    return json.dumps({"format": "qtregress/sampled@1", "rows": rows}, allow_nan=False) + "\n"


def _shown(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4g}"
