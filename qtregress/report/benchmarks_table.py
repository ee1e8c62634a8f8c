"""Everything that exact benchmarking finds, for people."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from qtregress.metrics.chains import WholeChip
from qtregress.rb.benchmarks import Benchmarks

_NONE = "—"


def benchmark_tables(found: Sequence[Benchmarks]) -> Iterator[Table]:
    """Decays by qubit and pair, then gates interleaved, then qubits beside playing neighbours."""
    yield _decays(found)
    yield _interleaved(found)
    if any(one.simultaneous is not None for one in found):
        yield _simultaneous(found)


def _decays(found: Sequence[Benchmarks]) -> Table:
    table = _table(
        "qubits", "epc", "true", "A", "B", "L1", "L2", "unitarity", "incoherent", "coherent"
    )
    for one in found:
        curve, leak, purity = one.curve, one.leakage, one.coherence
        values = (one.standard.epc, leak.true.error, curve.amplitude, curve.plateau)
        more = (leak.leakage, leak.seepage, purity.unitarity, purity.incoherent, purity.coherent)
        table.add_row(_name(one), *map(_shown, (*values, *more)))
    return table


def _interleaved(found: Sequence[Benchmarks]) -> Table:
    table = _table("gate", "interleaved", "its bound", "true error", "status")
    for one in found:
        for gate, decay in one.interleaved.items():
            values = (decay.error, decay.bound, decay.true_error)
            table.add_row(gate, *map(_shown, values), decay.status)
    return table


def _simultaneous(found: Sequence[Benchmarks]) -> Table:
    table = _table("qubit", "beside", "isolated", "simultaneous", "addressability", "status")
    for one in found:
        if one.simultaneous is None:
            continue
        sides = zip(one.qubits, reversed(one.qubits), one.simultaneous.qubits, strict=True)
        for own, other, decay in sides:
            both = decay.simultaneous
            values = (decay.isolated.epc, both.epc, decay.addressability)
            table.add_row(str(own), str(other), *map(_shown, values), both.status)
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _name(one: Benchmarks) -> str:
    return "-".join(map(str, one.qubits))


def _shown(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4g}"


def chip_table(found: WholeChip) -> Table:
    """The best chain of each length, then the whole chip mirrored."""
    table = _table("beyond two qubits", "qubits", "EPLG or error per layer", "status")
    for one in found.chains:
        chain = "-".join(map(str, one.chain))
        table.add_row("layer fidelity", chain, _shown(one.eplg), one.why or "ok")
    if found.mirror is None:
        table.add_row("mirror circuits", "all", _NONE, found.why)
    else:
        error, status = found.mirror.layer_error, found.mirror.status
        table.add_row("mirror circuits", "all", _shown(error), status)
    return table
