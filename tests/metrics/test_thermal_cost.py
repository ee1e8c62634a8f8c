"""The sentence on what a release costs the fridge."""

from qtregress.metrics.difference import Difference
from qtregress.metrics.thermal_cost import thermal_cost


def row(metric: str, subject: str, unit: str, old: float | None, new: float | None) -> Difference:
    """A difference of one metric."""
    return Difference(
        id=f"{metric}/{subject}",
        metric=metric,
        subject=subject,
        unit=unit,
        old=old,
        new=new,
        interval=None,
        scale=0.0,
    )


def test_the_line_that_moved_most_is_told() -> None:
    """With everything that is known of it and its qubit."""
    rows = [
        row("thermal.line_power_w", "d0", "W", 1e-10, 1.05e-10),
        row("thermal.line_power_w", "d1", "W", 1e-10, 2e-10),
        row("thermal.film_peak_k", "d1", "K", 0.1, 0.12),
        row("qubit.t2_at_load_s", "1", "s", 1e-4, 9e-5),
    ]

    assert thermal_cost(rows) == (
        "At the declared workload line d1 changes most: mean power 100 pW -> 200 pW; "
        "film peak 100 mK -> 120 mK; T2 100 µs -> 90 µs."
    )


def test_nothing_moved_nothing_said() -> None:
    """A tenth of a per mille is no news."""
    assert thermal_cost([row("thermal.line_power_w", "d0", "W", 1e-10, 1.0001e-10)]) == ""


def test_an_unknown_power_is_not_told() -> None:
    """What is undecided is told elsewhere."""
    assert thermal_cost([row("thermal.line_power_w", "d0", "W", None, 1e-10)]) == ""
