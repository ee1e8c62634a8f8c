"""Everything that exact benchmarking finds, as metrics of a real pair."""

from dataclasses import replace
from functools import cache

import pytest

from qtregress.metrics.benchmarks import benchmark_metrics, benchmark_tasks
from qtregress.metrics.layers import layer_metrics
from qtregress.metrics.metric import Metric
from qtregress.rb.benchmarks import Benchmarks, benchmarks, lengths_of
from qtregress.report.benchmarks_table import benchmark_tables
from tests import small


@cache
def found() -> tuple[Benchmarks, ...]:
    """Both qubits of lima's pair and the pair itself."""
    return tuple(map(benchmarks, benchmark_tasks(small.old(*small.PAIR)[0])))


@cache
def metrics() -> dict[str, Metric]:
    """By id."""
    return {metric.id: metric for metric in benchmark_metrics(found())}


def value(metric_id: str) -> float:
    """Of one metric."""
    number = metrics()[metric_id].value
    assert number is not None
    return number


def test_every_qubit_and_pair_is_benchmarked() -> None:
    """Two qubits and their pair."""
    assert [one.qubits for one in found()] == [(0,), (1,), small.PAIR]


def test_nothing_of_a_good_device_is_undecided() -> None:
    """Every benchmark has a value."""
    assert [metric.id for metric in metrics().values() if metric.value is None] == []


@pytest.mark.parametrize("gate", ["sx:0", "x:1", "cx:0-1"])
def test_interleaving_finds_the_gates_own_error(gate: str) -> None:
    """The estimate lies within its bound of the true error."""
    true = small.value_of(small.old(*small.PAIR)[1], f"gate.error/{gate}")

    assert abs(value(f"rb.interleaved_error/{gate}") - true) < value(f"rb.interleaved_bound/{gate}")
    assert value(f"rb.interleaved_error/{gate}") == pytest.approx(true, rel=0.05, abs=0)


@pytest.mark.parametrize("subject", ["0", "1", "0-1"])
def test_error_is_its_incoherent_and_its_coherent_part(subject: str) -> None:
    """Both parts add up to the true mean error of a Clifford."""
    parts = value(f"rb.incoherent_error/{subject}") + value(f"rb.coherent_error/{subject}")

    assert parts == pytest.approx(value(f"rb.true_error/{subject}"), rel=1e-9, abs=0)


def test_a_playing_neighbour_costs_more_than_an_idle_one() -> None:
    """Static ZZ and waiting: the error per Clifford is larger beside a neighbour that plays."""
    for subject in ("0@1", "1@0"):
        together = value(f"rb.simultaneous_epc/{subject}")
        alone = value(f"rb.isolated_epc/{subject}")
        assert value(f"rb.addressability/{subject}") == together - alone
        assert together > alone


def test_asymptotes_are_those_of_a_dimension() -> None:
    """One half and one quarter, but for what leaks."""
    assert value("rb.offset/0") == pytest.approx(0.5, abs=1e-3)
    assert value("rb.offset/0-1") == pytest.approx(0.25, abs=1e-3)


def test_a_gate_that_cannot_be_trusted_is_not_interleaved() -> None:
    """Its map would be put behind every Clifford."""
    measurement = small.old(0)[0]
    doubtful = replace(measurement.channels["x:0"], error_estimate=1.0)
    (task,) = benchmark_tasks(
        replace(measurement, channels={**measurement.channels, "x:0": doubtful})
    )

    assert set(task.interleaved) == {"id:0", "sx:0"}


def test_a_curve_reaches_three_decay_lengths() -> None:
    """And begins with one Clifford."""
    standard = small.old(0)[0].decays[0,]
    assert standard.p is not None
    lengths = lengths_of(standard)

    assert lengths[0] == 1
    assert lengths[-1] == pytest.approx(3 / (1 - standard.p), rel=0.01)


def test_a_curve_without_a_decay_is_short() -> None:
    """There is nothing to wait for."""
    assert lengths_of(replace(small.old(0)[0].decays[0,], p=None))[-1] == 100


def test_three_tables_tell_it() -> None:
    """Decays, interleaved gates, qubits beside neighbours; a row each."""
    decays, gates, beside = benchmark_tables(found())

    assert list(decays.columns[0].cells) == ["0", "1", "0-1"]
    assert "cx:0-1" in list(gates.columns[0].cells)
    assert list(beside.columns[1].cells) == ["1", "0"]


@cache
def layers() -> dict[str, Metric]:
    """Of the pair."""
    return {m.id: m for m in layer_metrics(small.old(*small.PAIR)[0], 1e-6)}


@pytest.mark.parametrize("layer", ["sx.sx:0-1", "sx.id:0-1", "id.sx:0-1", "sx:all"])
def test_a_layer_errs_more_than_its_gates(layer: str) -> None:
    """By the static ZZ between its qubits."""
    joint, alone, excess = (
        layers()[f"layer.{name}/{layer}"].value for name in ("joint_error", "gates_error", "excess")
    )
    assert joint is not None
    assert alone is not None

    assert excess == pytest.approx(joint - alone, rel=1e-9, abs=0)
    assert joint > alone > 0


def test_static_zz_of_the_shipped_pair() -> None:
    """A hundred kilohertz."""
    assert layers()["chip.static_zz_hz/0-1"].value == pytest.approx(104e3, rel=0.01)


def test_layers_of_maps_that_may_be_wrong_are_undecided() -> None:
    """Above the tolerance nobody is shown a number."""
    rough = list(layer_metrics(small.old(*small.PAIR)[0], 1e-12))

    assert {m.value for m in rough if m.metric.startswith("layer.")} == {None}
