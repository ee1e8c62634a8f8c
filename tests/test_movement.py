"""What releases spend of the drift budget: it adds up, and a line's drift is no part of it."""

from qtregress.baseline.record import Baseline
from qtregress.metrics.compare import Measured
from qtregress.movement import movement
from qtregress.pipeline import Means, Side, grounds, judge
from qtregress.pulses.profile import Profile
from qtregress.run import in_order
from qtregress.thermal.workload import DEFAULT_WORKLOAD
from qtregress.verdict.decide import Said
from tests import small
from tests.baseline import made

MEANS = Means(run=in_order, store=small.MEMORY)
X = "gate.error/x:3"
MARGIN = 0.1 * (small.small(3, 0).chip.measured_error("x:3") or 0.0)


def of(profile: Profile, *qubits: int) -> tuple[Side, Measured]:
    """The release on the cut chip, measured."""
    chip = small.small(*qubits).chip
    side = Side(profile=profile, chip=chip, workload=DEFAULT_WORKLOAD)
    return side, small.measured(small.Case(chip=chip, profile=profile))


def moved(old: Profile, new: Profile, *qubits: int) -> dict[str, float]:
    """What NEW moved the errors by."""
    side, after = of(new, *qubits)
    return movement(of(old, *qubits)[1], after, side, small.SHIPPED, MEANS)


def test_a_recalibration_moves_nothing() -> None:
    """All of a line 0.3 % louder: the error's value moves by a whole margin, the gate does not."""
    old = small.small(3).profile

    assert abs(moved(old, small.louder(old, 0.003, "d3"), 3)[X]) < 0.01 * MARGIN


def test_an_edit_moves_nothing_apart() -> None:
    """Nothing is absorbed, so the difference of the values says it."""
    old = small.small(3).profile

    assert moved(old, small.flipped_drag(old, "x:3", "sx:3"), 3) == {}


def test_a_recalibrated_neighbour_hides_no_creep() -> None:
    """An x that is too strong, further each time, beside a line that is recalibrated.

    The second step costs 3/4 of what both do: the movement is signed and first order where
    OLD is off already.
    """
    base = small.small(3, 0).profile
    once = small.louder(base, 0.004, "d3", gates="x:3")
    twice = small.louder(base, 0.008, "d3", gates="x:3")
    wobbled = small.louder(twice, 0.001, "d0")
    values = [small.value_of(of(one, 3, 0)[1][1], X) for one in (once, twice)]

    found = moved(once, wobbled, 3, 0)[X]

    assert found > 0.9 * (values[1] - values[0])


def next_baseline(approved: Baseline, old: Profile, new: Profile, day: int) -> Baseline:
    """The release accepted on the day as the command does it."""
    origin = made.changed(made.release(day))
    changes = moved(old, new, 3, 0)
    metrics = of(new, 3, 0)[1][1]
    return made.follow(approved, *metrics, origin=origin, changes=changes, day=day)


def test_a_salami_is_cut_short() -> None:
    """x:3 a little stronger in every release, d0 recalibrated to and fro: it stops in time."""
    first = small.small(3, 0).profile
    before = of(first, 3, 0)[1]
    approved = made.follow(None, *before[1], day=1)
    old, verdicts = first, []
    for number in range(1, 25):
        edit = small.louder(first, 1.001**number - 1, "d3", gates="x:3")
        new = small.louder(edit, 0.001 * (number % 2), "d0")
        said = Said(spent=approved.spent, anchor="first")
        was, now = of(old, 3, 0)[1], of(new, 3, 0)[1]
        on = grounds(was[0], now[0], small.SHIPPED, MEANS)
        verdicts.append(judge(was, now, on, small.SHIPPED, approved.metrics, said=said).verdict)
        if verdicts[-1] != "promote":
            break
        approved = next_baseline(approved, old, new, number + 1)
        old = new
    crept = small.value_of(of(old, 3, 0)[1][1], X) - small.value_of(before[1], X)

    assert verdicts[-1] != "promote"
    assert crept < 1.5 * MARGIN
