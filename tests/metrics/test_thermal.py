"""T1 and T2 at load, and a load that is not known."""

import pytest

from qtregress.chip.bath import (
    NO_EXTRA,
    Extra,
    bath_coupling,
    bath_temperature,
    bose_occupation,
)
from qtregress.metrics.thermal import decay_times_s, load_metrics
from qtregress.thermal.load import Load
from tests import small

CHIP = small.small(0).chip
QUBIT = CHIP.qubit(0)
STAGES = ["50k", "4k", "still", "cp", "mxc"]


def test_nothing_extra_leaves_the_measured_times() -> None:
    """Cold is what was measured."""
    assert decay_times_s(QUBIT, NO_EXTRA) == pytest.approx(
        (QUBIT.t1_s, QUBIT.t2_s), rel=1e-12, abs=0
    )


@pytest.mark.physics
def test_photons_shorten_t1_as_two_n_plus_one() -> None:
    """1/T1 = gamma (2 n + 1)."""
    t1_s, _ = decay_times_s(QUBIT, Extra(photons=0.05))

    assert QUBIT.t1_s / t1_s == pytest.approx(1.1, rel=1e-9, abs=0)


@pytest.mark.physics
def test_photons_shorten_t2_by_all_that_leaves() -> None:
    """0 -> 1 and 1 -> 0 cost gamma n together, 1 -> 2 gamma n of its own lower frequency."""
    _, t2_s = decay_times_s(QUBIT, Extra(photons=0.001))
    upper_hz = QUBIT.frequency_hz + QUBIT.anharmonicity_hz
    upper = bose_occupation(upper_hz, bath_temperature(QUBIT.frequency_hz, 0.001))
    expected_per_s = bath_coupling(QUBIT) * (0.001 + upper)

    assert 1 / t2_s - 1 / QUBIT.t2_s == pytest.approx(expected_per_s, rel=1e-6, abs=0)


def test_extra_dephasing_adds_to_one_over_t2() -> None:
    """And leaves T1."""
    t1_s, t2_s = decay_times_s(QUBIT, Extra(dephasing_per_s=1000.0))

    assert t1_s == pytest.approx(QUBIT.t1_s, rel=1e-12, abs=0)
    assert 1 / t2_s - 1 / QUBIT.t2_s == pytest.approx(1000.0, rel=1e-6, abs=0)


def test_an_unknown_load_loses_no_metric() -> None:
    """Whatever is measured at a known load is undecided, with the reason, at an unknown one."""
    known = {metric.id for metric in load_metrics(small.old(0)[0].load, CHIP, STAGES)}
    unknown = {m.id: m for m in load_metrics(Load(problem="too hot"), CHIP, STAGES)}

    assert unknown.keys() == known
    assert {m.why for m in unknown.values() if m.value is None} == {"too hot"}
    assert [m.id for m in unknown.values() if m.value is not None] == [
        "qubit.t1_s/0",
        "qubit.t2_s/0",
    ]


def test_film_photons_carry_their_uncertainty() -> None:
    """The volume of a film is known to a half: so are its photons, about."""
    metrics = {m.id: m for m in load_metrics(small.old(0)[0].load, CHIP, STAGES)}
    photons = metrics["thermal.line_photons/d0"]
    assert photons.value is not None
    assert photons.uncertainty is not None

    assert 0.05 < photons.uncertainty / photons.value < 0.5
