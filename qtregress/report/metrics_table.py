"""One profile's metrics for people: gates, benchmarking, and the fridge."""

from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table

from qtregress.metrics.metric import Metric
from qtregress.rb.exact import ExactDecay
from qtregress.rb.sampled import SampledDecay
from qtregress.verdict.rules import quantity

_GATES = {
    "gate.error": "error",
    "gate.error_at_load": "at load",
    "layer.error": "its layer",
    "gate.leakage": "leakage",
    "heat.chip_energy_j": "at the chip",
    "gate.duration_s": "length",
}
_DECAYS = {
    "rb.epc": "error per Clifford",
    "rb.epc_at_load": "at load",
    "rb.p": "p",
    "rb.gap": "gap",
}
_QUBITS = {
    "qubit.t1_s": "T1",
    "qubit.t1_at_load_s": "at load",
    "qubit.t2_s": "T2",
    "qubit.t2_at_load_s": "at load",
    "thermal.extra_photons": "extra photons",
}
_LINES = {
    "thermal.line_power_w": "mean power",
    "thermal.film_k": "last film",
    "thermal.film_peak_k": "film peak",
    "thermal.line_photons": "photons",
}
_STAGES = {
    "thermal.active_power_w": "pulses",
    "thermal.mean_power_w": "with cables",
    "thermal.utilization": "utilization",
    "thermal.temperature_k": "temperature",
}
_TABLES = (
    ("gate", _GATES),
    ("qubits", _DECAYS),
    ("qubit", _QUBITS),
    ("line", _LINES),
    ("stage", _STAGES),
)


def metrics_tables(metrics: Sequence[Metric]) -> Iterator[Table]:
    """A table a kind of subject; undecided values are a dash."""
    for title, columns in _TABLES:
        yield _table(title, columns, metrics)


def _table(title: str, columns: Mapping[str, str], metrics: Sequence[Metric]) -> Table:
    cells = {metric.id: quantity(metric.value, metric.unit) for metric in metrics}
    subjects = sorted({m.subject for m in metrics if m.metric in columns}, key=_natural)
    if title == "stage":
        # from warm to cold
        warmth = {m.subject: m.value or 0.0 for m in metrics if m.metric == "thermal.temperature_k"}
        subjects.sort(key=lambda stage: -warmth.get(stage, 0.0))
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
