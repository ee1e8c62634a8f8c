"""Predicted against reported gate errors on every good bundled device: `make validation`.

Imports each dump, fits the lines on it, simulates, and writes docs/validation.md: how well
the full simulation predicts the errors that the hardware reported of sx and cx, beside the
bare coherence limit, and every gate's fit residual. Dumps report no error per Clifford; what
their gate errors add up to in a Clifford of two qubits stands beside the exact decay.
"""

import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from qtregress.calibrate.fit import fit_drive
from qtregress.chip.chip import Chip
from qtregress.cli.workers import workers
from qtregress.files.ibm_backend import read_ibm_backend
from qtregress.metrics.cliffords import clifford_gates, played_in
from qtregress.metrics.collect import collect
from qtregress.metrics.compare import gate_limit
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric
from qtregress.metrics.skill import agreement
from qtregress.pipeline import Means, Side, measure
from qtregress.pulses.profile import Profile
from qtregress.run import Run
from qtregress.thermal.workload import DEFAULT_WORKLOAD

ROOT = Path(__file__).resolve().parents[2]
DUMPS = (
    "lima_2021-03-14",
    "lima_2021-03-15",
    "nairobi_2021-12-09",
    "nairobi_2024-05-27",
    "manila_2021-07-26",
    "manila_2024-05-27",
)
JUDGED = ("sx", "cx")
CLIFFORD = "Clifford"
OF_TWO = 6 / 5
"""What an error of one qubit counts in the average over the states of two, to first order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One gate, or the mean Clifford of a pair.

    Attributes:
        gate: ``cx:0-1`` or ``Clifford:0-1``.
        reported: its error, of a Clifford what the reported errors of its gates add up to.
        predicted: 1 - F_avg, of a Clifford the error of the exact decay; None if undecided.
        why: why it is undecided.
        limit: the error by T1 and T2 alone.
        fit: residual and status of its fit, two table cells.
    """

    gate: str
    reported: float
    predicted: float | None
    why: str
    limit: float
    fit: str = "— | —"


def rows_of(profile: Profile, chip: Chip, run: Run) -> list[Row]:
    """A row for everything with a reported error, on the chip fitted to this profile."""
    fitted = fit_drive(chip, profile, run)
    side = Side(profile=profile, chip=fitted, workload=DEFAULT_WORKLOAD)
    (measurement,) = measure([side], Means(run=run))
    metrics = {metric.id: metric for metric in collect(measurement)}
    return gate_rows(measurement, metrics) + clifford_rows(measurement, metrics)


def gate_rows(measurement: Measurement, metrics: dict[str, Metric]) -> list[Row]:
    """A row for every sx and cx with a reported error."""
    profile, chip = measurement.profile, measurement.chip
    fits = {} if chip.fit is None else {fit.gate: fit for fit in chip.fit.gates}
    rows = []
    for gate in profile.gates:
        reported = chip.measured_error(gate.id)
        if gate.name in JUDGED and reported is not None:
            found, fit = metrics[f"gate.error/{gate.id}"], fits[gate.id]
            rows.append(
                Row(
                    gate=gate.id,
                    reported=reported,
                    predicted=found.value,
                    why=found.why,
                    limit=gate_limit(chip, gate.id, gate.duration * profile.dt_ns * 1e-9),
                    fit=f"{fit.residual:.1e} | {fit.status}",
                )
            )
    return rows


def clifford_rows(measurement: Measurement, metrics: dict[str, Metric]) -> list[Row]:
    """A row for every benchmarked pair all of whose gates have a reported error."""
    chip, rows = measurement.chip, []
    for pair in sorted(measurement.plan.pairs):
        gates, _ = clifford_gates(measurement, pair)
        errors = {name: chip.measured_error(name) for name in gates}
        known = {name: error for name, error in errors.items() if error is not None}
        if len(known) < len(gates):
            continue
        subject = "-".join(map(str, pair))
        found = metrics[f"rb.epc/{subject}"]
        weights = {name: OF_TWO if name.startswith("sx:") else 1.0 for name in gates}
        played = played_in(measurement, pair).items()
        rows.append(
            Row(
                gate=f"{CLIFFORD}:{subject}",
                reported=sum(n * weights[name] * known[name] for name, n in gates.items()),
                predicted=found.value,
                why=found.why,
                limit=sum(
                    n * gate_limit(chip, name, measurement.channels[name].duration_s)
                    for name, n in played
                ),
            )
        )
    return rows


def summary(ratios: list[float]) -> str:
    """Median ratio and the share within the factor, as two table cells."""
    share, bias = agreement(ratios)
    return "— | —" if share is None or bias is None else f"{bias:.2f} | {share:.0%}"


def lines_of(name: str, rows: list[Row]) -> list[str]:
    """Table lines of one dump: simulation and coherence limit, for each kind of gate."""
    lines = []
    for kind in (*JUDGED, CLIFFORD):
        chosen = [row for row in rows if row.gate.startswith(f"{kind}:")]
        known = [row for row in chosen if row.predicted is not None]
        full = summary([row.predicted / row.reported for row in known if row.predicted])
        bare = summary([row.limit / row.reported for row in chosen])
        lines.append(f"| {name} | {kind} | {len(known)}/{len(chosen)} | {full} | {bare} |")
    return lines


HEAD = """# Validation

Generated by `make validation` from the dumps in `tests/fixtures/ibm`. Every chip is fitted on its own
dump. *Reported* is the error that the hardware's own randomized benchmarking gave on that day: a
comparison, not an oracle, because the model is told T1 and T2 of the same day and nothing of the errors.

Dumps report no error per Clifford. *Clifford* compares the exact decay of a pair's simulated gates with what the
reported errors of its gates add up to: 1.5 cx, and 6/5 of each sx by its mean count.

Ratio is predicted over reported; the share counts gates predicted within a factor of 2.

| dump | gate | decided | simulation: median ratio | within 2x | coherence limit: median ratio | within 2x |
|---|---|---|---|---|---|---|
"""
EVERY_GATE = """
## Every gate

The residual is 1 - F_avg of the lossless fitted gate against the gate it means. It is model
error, so a line of the table, not a defect of the hardware.

| dump | gate | reported | predicted | coherence limit | fit residual | status |
|---|---|---|---|---|---|---|
"""
UNDECIDED = """
## Undecided

"""


def line_of(name: str, row: Row) -> str:
    """The table line of one gate."""
    predicted = "undecided" if row.predicted is None else f"{row.predicted:.2e}"
    cells = [name, row.gate, f"{row.reported:.2e}", predicted, f"{row.limit:.2e}", row.fit]
    return f"| {' | '.join(cells)} |\n"


def document(found: dict[str, list[Row]]) -> str:
    """The whole page."""
    everything = [(name, row) for name, rows in found.items() for row in rows]
    body = [line for name, rows in found.items() for line in lines_of(name, rows)]
    body += lines_of("**all**", [row for _, row in everything])
    page = HEAD + "\n".join(body) + "\n" + EVERY_GATE
    page += "".join(line_of(name, row) for name, row in everything)
    undecided = [(name, row) for name, row in everything if row.predicted is None]
    if undecided:
        page += UNDECIDED + "".join(f"- {name} {row.gate}: {row.why}\n" for name, row in undecided)
    return page


def main() -> int:
    """Write docs/validation.md."""
    found: dict[str, list[Row]] = {}
    with workers(None, quiet=True) as run:
        for name in DUMPS:
            started = time.perf_counter()
            backend = read_ibm_backend(ROOT / "tests" / "fixtures" / "ibm" / name)
            found[name] = rows_of(backend.profile, backend.chip, run)
            print(f"{name}: {time.perf_counter() - started:.0f} s on {platform.machine()}")
    (ROOT / "docs" / "validation.md").write_text(document(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
