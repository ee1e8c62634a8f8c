"""Which recorded metrics speak of gates that were not simulated."""

import pytest

from qtregress.channels.changed import Scope, narrowed
from qtregress.channels.plan import plan
from qtregress.metrics.left_out import can_differ, left_out
from qtregress.metrics.metric import measured
from tests import small

CASE = small.small(0, 4)
SCOPE = Scope(lines=frozenset({4}), gates=frozenset({"id:4", "sx:4", "x:4"}))
ONLY_4 = narrowed(plan(CASE.profile, CASE.chip), SCOPE)


def is_left_out(metric: str, subject: str) -> bool:
    """Whether a recorded metric is, where nothing on qubit 0 was simulated."""
    return bool(left_out([measured(metric, subject, "1", 1.0)], ONLY_4))


@pytest.mark.parametrize(
    ("metric", "subject"),
    [
        ("gate.error", "x:0"),
        ("layer.error", "x:0"),
        ("rb.epc", "0"),
        ("heat.clifford_energy_j", "0"),
        ("heat.bath_j", "x:0@photons"),
        ("thermo.work_j", "0"),
        ("layer.joint_error", "sx:all"),
    ],
)
def test_what_only_a_simulated_gate_has_is_left_out(metric: str, subject: str) -> None:
    """Such a metric is no loss."""
    assert is_left_out(metric, subject)


@pytest.mark.parametrize(
    ("metric", "subject"),
    [("gate.error", "x:4"), ("gate.error", "x:1"), ("rb.epc", "4")],
)
def test_what_was_to_be_simulated_is_not_left_out(metric: str, subject: str) -> None:
    """Where it is missing, it was lost."""
    assert not is_left_out(metric, subject)


def test_heat_is_never_left_out() -> None:
    """It is known of every gate without simulating one."""
    assert not is_left_out("heat.line_energy_j", "x:0@d0")


@pytest.mark.parametrize(
    ("metric", "subject", "expected"),
    [
        ("gate.error", "x:0", False),
        ("rb.epc", "0", False),
        ("gate.error_at_load", "x:0", True),
        ("heat.quantum_j", "x:0", True),
        ("layer.joint_error", "sx:all", True),
    ],
)
def test_what_others_change_is_known(metric: str, subject: str, *, expected: bool) -> None:
    """The load is everybody's, and so is the layer of all qubits."""
    assert can_differ(measured(metric, subject, "1", 1.0)) is expected


def test_everything_a_whole_run_has_is_measured_or_left_out() -> None:
    """No metric falls between the two, whatever is added to the list later."""
    whole, narrow = small.old(0, 4)[1], small.measured(CASE, scope=SCOPE)[1]
    found = {metric.id for metric in narrow} | {one.id for one in left_out(whole, ONLY_4)}

    assert {metric.id for metric in whole} - found == set()


def test_what_is_measured_is_as_in_a_whole_run() -> None:
    """To the last digit: nothing depends on gates that were left out."""
    whole = {metric.id: metric for metric in small.old(0, 4)[1]}
    narrow = small.measured(CASE, scope=SCOPE)[1]

    assert [one.id for one in narrow if one != whole[one.id]] == []
