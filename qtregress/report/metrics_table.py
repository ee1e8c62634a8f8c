"""One profile's metrics for people: gates, benchmarking, and the fridge."""

from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table

from qtregress.metrics.metric import Metric
from qtregress.rb.exact import ExactDecay
from qtregress.rb.sampled import SampledDecay
from qtregress.verdict.rules import quantity

_GATES = {
    "gate.error": "error",
    "gate.incoherent_error": "incoherent",
    "gate.leakage": "leakage",
    "heat.chip_energy_j": "at the chip",
    "heat.quantum_j": "into the bath",
    "gate.duration_s": "length",
}
_DECAYS = {"rb.epc": "error per Clifford", "rb.p": "p", "rb.gap": "gap"}
_STAGES = {
    "thermal.mean_power_w": "mean power",
    "thermal.utilization": "utilization",
    "thermal.temperature_k": "temperature",
}


def metrics_tables(metrics: Sequence[Metric]) -> Iterator[Table]:
    """A table a subject: gates, decays, stages; undecided values are a dash."""
    for title, columns in (("gate", _GATES), ("qubits", _DECAYS), ("stage", _STAGES)):
        yield _table(title, columns, metrics)


def _table(title: str, columns: Mapping[str, str], metrics: Sequence[Metric]) -> Table:
    cells = {metric.id: quantity(metric.value, metric.unit) for metric in metrics}
    subjects = sorted({m.subject for m in metrics if m.metric in columns}, key=_natural)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(title)
    for name in columns.values():
        table.add_column(name, justify="right")
    for subject in subjects:
        row = [cells.get(f"{metric}/{subject}", "") for metric in columns]
        table.add_row(subject, *row)
    return table


def _natural(subject: str) -> tuple[int, str]:
    return (subject.count("-"), subject)


def sampled_table(
    sampled: Mapping[tuple[int, ...], SampledDecay], exact: Mapping[tuple[int, ...], ExactDecay]
) -> Table:
    """Sampled errors per Clifford with their intervals, beside the exact ones."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("qubits", "exact", "sampled", "95 % interval", "status"):
        table.add_column(name)
    for subject, decay in sampled.items():
        low_high = "" if decay.interval is None else "{:.3g} to {:.3g}".format(*decay.interval)
        table.add_row(
            "-".join(map(str, subject)),
            quantity(exact[subject].epc, "1"),
            quantity(decay.epc, "1"),
            low_high,
            decay.status if decay.status == "ok" else decay.advice,
        )
    return table
