"""How good each gate is, in the field's words, for people."""

from collections.abc import Mapping

from rich.table import Table

from qtregress.channels.figures import GateFigures

_COLUMNS = ("gate", "average", "process", "diamond", "limit", "above it", "coherent", "mostly")


def figures_table(found: Mapping[str, GateFigures]) -> Table:
    """A row a gate: infidelities, what T1 and T2 leave, and the coherent part with its axis."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in {"gate", "mostly"} else "right")
    for gate, one in found.items():
        table.add_row(
            gate,
            f"{one.average_infidelity:.3g}",
            f"{one.process_infidelity:.3g}",
            f"{one.diamond_low:.3g} to {one.diamond_high:.3g}",
            f"{one.coherence_limit:.3g}",
            f"{one.above_limit:+.1e}",
            f"{one.coherent_infidelity:.1e}",
            f"{one.dominant} {one.dominant_rad * 1e3:+.2g} mrad",
        )
    return table
