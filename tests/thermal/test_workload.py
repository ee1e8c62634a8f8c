"""The workload document."""

import pytest
from pydantic import ValidationError

from qtregress.rb.clifford import pair_group
from qtregress.thermal.workload import DEFAULT_WORKLOAD, Workload


def test_the_default_workload_is_a_third_busy() -> None:
    """Nothing declared means 33 % busy on the chip's own lines."""
    assert DEFAULT_WORKLOAD.busy_fraction == 0.33
    assert DEFAULT_WORKLOAD.lines is None


def test_the_default_mix_is_one_qubits_share_of_a_clifford() -> None:
    """The default mix counts what two-qubit Cliffords play, averaged over their two qubits."""
    counts = pair_group().mean_counts()
    sx = sum(count * name.split(",").count("sx") for name, count in counts.items()) / 2

    assert DEFAULT_WORKLOAD.gate_mix == pytest.approx({"sx": sx, "cx": counts["cx"]})


def test_the_default_workload_survives_json() -> None:
    """The default workload read back from its own text is the same."""
    text = DEFAULT_WORKLOAD.model_dump_json()

    assert Workload.model_validate_json(text) == DEFAULT_WORKLOAD


@pytest.mark.parametrize(
    "wrong",
    [{"busy_fraction": 1.01}, {"gate_mix": {}}, {"gate_mix": {"sx": 0.0}}, {"lines": 0}],
    ids=str,
)
def test_impossible_workloads_are_refused(wrong: dict[str, object]) -> None:
    """More than always busy, an empty mix, a share of nothing and no lines are refused."""
    document = {"format": "qtregress/workload@1", **wrong}
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Workload.model_validate(document)


def test_defaults_are_not_shared() -> None:
    """Two workloads do not share the dictionary of the default mix."""
    one, other = (Workload(format="qtregress/workload@1") for _ in range(2))

    assert one.gate_mix is not other.gate_mix
