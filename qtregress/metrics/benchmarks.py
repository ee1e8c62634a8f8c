"""Metrics of everything that exact benchmarking finds beside the error per Clifford."""

from collections.abc import Iterable, Iterator

from qtregress.channels.ideal import PAIR_NATIVES, ideal_image
from qtregress.metrics.collect import ERROR_TOLERANCE
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.rb.benchmarks import Benchmarks, BenchmarkTask
from qtregress.rb.from_channels import gate_sets, swapped
from qtregress.rb.gateset import Complex
from qtregress.rb.simultaneous import SimultaneousDecays

_INTERLEAVED = ("sx", "x", "id", *PAIR_NATIVES)


def benchmark_tasks(measurement: Measurement) -> list[BenchmarkTask]:
    """One task a qubit and pair of which every gate can be trusted."""
    tasks = []
    sets = gate_sets(measurement.plan, measurement.channels)
    for qubits, gates in sets.items():
        tasks.append(
            BenchmarkTask(
                qubits=qubits,
                gates=gates,
                standard=measurement.decays[qubits],
                interleaved=dict(_gates_on(measurement, qubits)),
            )
        )
    return tasks


def _gates_on(
    measurement: Measurement, qubits: tuple[int, ...]
) -> Iterator[tuple[str, tuple[Complex, Complex]]]:
    """The Clifford gates on exactly these qubits, in their order."""
    for gate in measurement.plan.gates:
        channel, ideal = measurement.channels[gate.id], ideal_image(gate.name)
        is_trusted = channel.error_estimate <= ERROR_TOLERANCE
        if set(gate.qubits) != set(qubits) or gate.name not in _INTERLEAVED or not is_trusted:
            continue
        if ideal is None:
            continue
        if gate.qubits == qubits:
            yield gate.id, (channel.superoperator, ideal)
        else:
            order = [0, 2, 1, 3]
            levels = (channel.levels[0], channel.levels[1])
            turned = swapped(channel.superoperator, levels)
            yield gate.id, (turned, ideal[order][:, order])


def benchmark_metrics(found: Iterable[Benchmarks]) -> tuple[Metric, ...]:
    """All of them, sorted by id."""
    metrics = [metric for one in found for metric in _of(one)]
    return tuple(sorted(metrics, key=lambda metric: metric.id))


def _of(found: Benchmarks) -> Iterator[Metric]:
    name = "-".join(map(str, found.qubits))
    curve, leak, purity = found.curve, found.leakage, found.coherence
    yield _metric("rb.amplitude", name, curve.amplitude, curve.advice)
    yield _metric("rb.offset", name, curve.plateau, curve.advice)
    yield _metric("rb.departure", name, curve.departure, curve.advice)
    yield measured("rb.true_error", name, "1", leak.true.error)
    yield _metric("rb.leakage", name, leak.leakage, leak.advice)
    yield _metric("rb.seepage", name, leak.seepage, leak.advice)
    yield _metric("rb.fidelity", name, leak.fidelity, leak.advice)
    yield _metric("rb.unitarity", name, purity.unitarity, purity.advice)
    yield _metric("rb.incoherent_error", name, purity.incoherent, purity.advice)
    yield _metric("rb.coherent_error", name, purity.coherent, purity.advice)
    for gate, decay in found.interleaved.items():
        yield _metric("rb.interleaved_error", gate, decay.error, decay.advice)
        yield _metric("rb.interleaved_bound", gate, decay.bound, decay.advice)
    if found.simultaneous is not None:
        yield from _simultaneous(found.qubits, found.simultaneous)


def _simultaneous(qubits: tuple[int, ...], found: SimultaneousDecays) -> Iterator[Metric]:
    """Of either qubit ``0@1`` while the other plays, and of what both have in common."""
    for own, other, decay in zip(qubits, reversed(qubits), found.qubits, strict=True):
        subject, advice = f"{own}@{other}", decay.simultaneous.advice
        yield _metric("rb.simultaneous_epc", subject, decay.simultaneous.epc, advice)
        yield _metric("rb.isolated_epc", subject, decay.isolated.epc, decay.isolated.advice)
        yield _metric("rb.addressability", subject, decay.addressability, advice)
    pair, both = "-".join(map(str, qubits)), found.correlated
    yield _metric("rb.correlation", pair, both.excess, both.advice)
    yield _metric("rb.simultaneous_pair_epc", pair, both.epc, both.advice)


def _metric(name: str, subject: str, value: float | None, why: str) -> Metric:
    if value is None:
        return undecided(name, subject, "1", why)
    return measured(name, subject, "1", value)
