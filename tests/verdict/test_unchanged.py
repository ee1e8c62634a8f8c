"""What a change of nothing does not settle."""

from qtregress.metrics.difference import Difference
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.verdict.decide import Said, decide
from qtregress.verdict.policy import Policy, Rule
from qtregress.verdict.unchanged import unsettled

SHIPPED = Policy(format="qtregress/policy@1")
ERROR = measured("gate.error", "x:0", "1", 1e-3)
HEAT = Difference(
    id="heat.line_energy_j/x:1@d1",
    metric="heat.line_energy_j",
    subject="x:1@d1",
    unit="J",
    old=1e-21,
    new=1e-21,
    interval=(0.0, 0.0),
    scale=1e-21,
)


def left(metric: Metric, spent: float = 0.0) -> tuple[Difference, ...]:
    """The rows of one recorded metric whose drift since the anchor is ``spent``."""
    return unsettled([metric], SHIPPED, scales={}, spent={metric.id: spent})


def test_a_value_that_stands_is_settled() -> None:
    """Nothing changed, and nothing was spent."""
    assert left(ERROR) == ()


def test_drift_within_the_budget_is_settled() -> None:
    """The whole check would call it ok."""
    assert left(ERROR, spent=5e-5) == ()


def test_drift_beyond_the_budget_is_not() -> None:
    """Accepted refreshes may have spent it all, and the next check must say so."""
    assert [row.interval for row in left(ERROR, spent=5e-4)] == [(0.0, 0.0)]


def test_a_metric_without_a_value_is_not() -> None:
    """Leaving it out would promote what nobody knows."""
    (row,) = left(undecided("gate.error", "x:0", "1", "the simulation failed"))

    assert (row.interval, row.problem) == (None, "the simulation failed")


def test_an_advisory_metric_decides_nothing() -> None:
    """So nobody needs it."""
    assert left(undecided("rb.p", "0", "1", "the decay is too fast")) == ()


def test_what_is_the_same_has_not_vanished() -> None:
    """The baseline has it and this run has not."""
    decision = decide(
        [HEAT], policy=SHIPPED, baseline=[ERROR], said=Said(same=frozenset({ERROR.id}))
    )

    assert (decision.verdict, [row.id for row in decision.metrics]) == ("promote", [HEAT.id])


def test_what_vanished_still_holds() -> None:
    """Only what is said to be the same is let go."""
    decision = decide(
        [HEAT], policy=SHIPPED, baseline=[ERROR], said=Said(same=frozenset({"gate.error/x:9"}))
    )

    assert decision.verdict == "hold"


def test_a_rule_about_what_is_the_same_is_not_idle() -> None:
    """It judges that gate whenever it changes."""
    rule = Rule(metrics=ERROR.id, margin_relative=0.1, critical=True, why="Mine.")
    policy = Policy(format="qtregress/policy@1", rules=(rule,))
    decision = decide(
        [HEAT], policy=policy, baseline=[ERROR], said=Said(same=frozenset({ERROR.id}))
    )

    assert decision.verdict == "promote"
