"""What a fit says of rows in any order, that go together, or that are nonsense."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtregress.calibrate.telemetry import Telemetry
from qtregress.calibrate.thermal import fit_thermal
from tests.calibrate.synthetic import bare, cooling_rows, noise, number, stage


def test_drifting_rows_count_less() -> None:
    """A population that wanders for hours tells less than as many independent rows."""
    wander = 0.003 * np.sin(np.linspace(0.0, 9.0, 400))
    rows = {
        "population:0": 0.012 + wander + 0.001 * noise(0, 400),
        "busy_fraction": np.zeros(400),
    }
    calm = number(fit_thermal(bare(), Telemetry(time_s=None, columns=rows)), "residual_photons:0")
    timed = Telemetry(time_s=np.arange(1e9, 1e9 + 400), columns=rows)
    seen = number(fit_thermal(bare(), timed), "residual_photons:0")

    assert seen.uncertainty is not None
    assert calm.uncertainty is not None
    assert seen.uncertainty > 2 * calm.uncertainty


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_is_no_matter(seed: int) -> None:
    """Permuted rows give the same numbers, uncertainties and words, to rounding."""
    rows = cooling_rows(0)
    order = np.random.default_rng(seed).permutation(rows.rows)
    mixed = Telemetry(time_s=None, columns={n: v[order] for n, v in rows.columns.items()})
    for one, other in zip(
        fit_thermal(bare(), rows).numbers, fit_thermal(bare(), mixed).numbers, strict=True
    ):
        assert (one.name, one.status) == (other.name, other.status)
        assert one.value == pytest.approx(other.value, rel=1e-6)
        assert one.uncertainty == pytest.approx(other.uncertainty, rel=1e-4)


@given(st.lists(st.tuples(st.floats(0, 1e3), st.floats(1e-4, 400.0)), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_no_rows_give_nonsense(rows: list[tuple[float, float]]) -> None:
    """Whatever a table says, the chip stays valid and fitted numbers are sure to a third."""
    load_w, kelvin = np.array(rows).T
    columns = {"load_w:mxc": load_w, "temperature_k:mxc": kelvin}
    fit = fit_thermal(bare(), Telemetry(time_s=None, columns=columns))

    for row in fit.numbers:
        assert (row.status == "fitted") == (not row.reason)
        if row.status == "fitted":
            assert row.value is not None
            assert row.uncertainty is not None
            assert 0 <= row.uncertainty <= row.value / 3
    assert stage(fit.chip).unloaded_k < stage(fit.chip).temperature_k
