"""What the verdict would be over a decade of the lines' assumed coupling.

Critical metrics do not know the coupling: ratios on one line cancel it. What gates lose at load
does, and is advisory for that reason. The scan judges those metrics as if they decided: where
the answer changes within the decade, it hangs on a number that nobody measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qtregress.chip.chip import Chip
from qtregress.metrics.collect import collect
from qtregress.metrics.compare import compare
from qtregress.metrics.measurement import Measurement
from qtregress.pipeline import Grounds, Means, Side, measure
from qtregress.verdict.policy import Policy, rule_for
from qtregress.verdict.rules import judge_metric
from qtregress.verdict.verdict import JudgedMetric, KappaRow, VerdictWord

FACTORS = (0.316, 0.562, 1.0, 1.78, 3.16)
"""Of the chip's ``kappa_ext_hz``: a decade around it."""
RESTING_ON_KAPPA = (
    "gate.error_at_load",
    "gate.leakage_at_load",
    "qubit.t1_at_load_s",
    "qubit.t2_at_load_s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scaled:
    """Both sides at one coupling."""

    factor: float
    old: Measurement
    new: Measurement


def kappa_scan(
    old: Side, new: Side, on: Grounds, policy: Policy, means: Means
) -> tuple[KappaRow, ...]:
    """A row a coupling: what the metrics at load would decide. Benchmarking is left out."""
    sides = [
        replace(side, chip=scaled(side.chip, factor)) for factor in FACTORS for side in (old, new)
    ]
    found = measure(sides, means, benchmarking=False)
    pairs = zip(FACTORS, found[0::2], found[1::2], strict=True)
    return tuple(_row(_Scaled(factor=f, old=a, new=b), on, policy) for f, a, b in pairs)


def scaled(chip: Chip, factor: float) -> Chip:
    """The chip with every drive line coupled ``factor`` times as strongly."""
    qubits = []
    for qubit in chip.qubits:
        more = {"kappa_ext_hz": qubit.drive.kappa_ext_hz * factor}
        qubits.append(qubit.model_copy(update={"drive": qubit.drive.model_copy(update=more)}))
    return chip.model_copy(update={"qubits": tuple(qubits)})


def _row(at: _Scaled, on: Grounds, policy: Policy) -> KappaRow:
    differences = compare(
        (at.old, collect(at.old)), (at.new, collect(at.new)), on.absorbed, on.spread
    )
    judged = [
        judge_metric(one, rule_for(policy, one.id).model_copy(update={"critical": True}))
        for one in differences
        if one.metric in RESTING_ON_KAPPA
    ]
    worst = max(judged, key=_badness)
    return KappaRow(
        factor=at.factor,
        verdict=_word(judged),
        film_peak_k=_hottest_k(at.new),
        worst=worst.id,
        why=worst.why,
    )


def _badness(metric: JudgedMetric) -> tuple[int, float]:
    rank = {"regressed": 2, "undecided": 1}.get(metric.outcome, 0)
    if metric.worse is None or not metric.margin:
        return rank, 0.0
    return rank, metric.worse[1] / metric.margin


def _word(judged: Sequence[JudgedMetric]) -> VerdictWord:
    outcomes = {metric.outcome for metric in judged}
    if "regressed" in outcomes:
        return "rollback"
    return "hold" if "undecided" in outcomes else "promote"


def _hottest_k(measurement: Measurement) -> float | None:
    peaks = [state.coldest_peak_k for state in measurement.load.lines.values()]
    return max((peak for peak in peaks if peak is not None), default=None)


def holds(scan: Sequence[KappaRow]) -> tuple[str, ...]:
    """Why the scan forbids a promotion: somewhere in the decade the metrics at load would not."""
    against = next((row for row in scan if row.verdict != "promote"), None)
    if against is None:
        return ()
    return (f"{told(scan)[0]} Measure kappa_ext. At {against.factor:g} times: {against.why}",)


def told(scan: Sequence[KappaRow]) -> tuple[str, ...]:
    """What the scan found, in a sentence; nothing where nobody asked for it."""
    if not scan:
        return ()
    listed = ", ".join(f"{row.verdict} at {row.factor:g}" for row in scan)
    text = (
        f"Over a decade of the assumed coupling the metrics at load would say: {listed} times "
        "the chip's kappa_ext."
    )
    return (text,)
