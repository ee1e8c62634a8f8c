"""Beyond two qubits, on what of a chip there is."""

from functools import cache

from qtregress.metrics.chains import WholeChip, chip_metrics, whole_chip
from qtregress.metrics.metric import Metric
from qtregress.report.benchmarks_table import chip_table
from tests import small


@cache
def pair() -> WholeChip:
    """Lima's qubits 0 and 1."""
    return whole_chip(small.old(*small.PAIR)[0], seed=1)


def by_id(found: WholeChip) -> dict[str, Metric]:
    """Its metrics."""
    return {metric.id: metric for metric in chip_metrics(found)}


def test_a_pair_is_the_shortest_chain() -> None:
    """Its error per layered gate is near the error of its cx."""
    eplg = by_id(pair())["layer.eplg/0-1"].value
    error = small.value_of(small.old(*small.PAIR)[1], "gate.error/cx:0-1")
    assert eplg is not None

    assert error < eplg < 1.5 * error


def test_a_mirrored_pair_errs_by_its_layers() -> None:
    """A layer of random gates has half a cx in the mean, at least."""
    error = by_id(pair())["rb.mirror_layer_error/all"].value
    assert error is not None

    assert 1e-3 < error < 1e-2


def test_one_qubit_has_no_chain_and_no_mirror() -> None:
    """And a reason why."""
    alone = by_id(whole_chip(small.old(0)[0], seed=1))

    assert [metric.value for metric in alone.values()] == [None]
    assert alone["rb.mirror_layer_error/all"].why


def test_the_table_has_a_row_a_chain_and_one_for_the_mirror() -> None:
    """With its status."""
    table = chip_table(pair())

    assert list(table.columns[1].cells) == ["0-1", "all"]
    assert list(table.columns[3].cells) == ["ok", "ok"]
