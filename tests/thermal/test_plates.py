"""Plates under a steady load."""

import math
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qtregress.chip.chip import Cryostat, StageLink
from qtregress.chip.cryostat import KRINNER_2019_XLD
from qtregress.errors import InputError
from qtregress.thermal import plates
from qtregress.thermal.plates import (
    cooling_coefficient,
    passive_load_w,
    plate_load_w,
    plate_temperature_k,
    relaxation_s,
    steady,
    unloaded_temperatures_k,
    utilization,
)
from qtregress.thermal.plates_over_time import periodic, transient
from tests.thermal.machines import APART, BUDGETS_W, BUSY, MXC, NAMES, loads, lone

SHARES = st.lists(st.floats(0.0, 1.0), min_size=len(NAMES), max_size=len(NAMES))


def cooled_w(cryostat: Cryostat, temperature_k: Mapping[str, float]) -> dict[str, float]:
    """What each stage cools at its temperature."""
    return {stage.name: plate_load_w(stage, temperature_k[stage.name]) for stage in cryostat.stages}


@pytest.mark.physics
def test_krinner_plate_at_14_mk() -> None:
    """The reference mixing chamber is at 14 mK under about 8.35 uW."""
    assert plate_load_w(MXC, 14e-3) == pytest.approx(8.35e-6, rel=0.1, abs=0)


@pytest.mark.physics
def test_krinner_cooling_coefficient() -> None:
    """19 uW at 20 mK and 6 mK unloaded make 5.22e-2 W/K^2."""
    assert cooling_coefficient(MXC) == pytest.approx(5.22e-2, rel=1e-3, abs=0)


@pytest.mark.physics
def test_time_constants_of_copper_and_of_the_dilute_phase() -> None:
    """5 kg of copper at the mixing chamber answer in 0.6 s, 0.3 mol of dilute helium in 5 min."""
    copper = MXC.model_copy(update={"heat_capacity_j_per_k2": 5 * 0.0109})

    assert relaxation_s(copper) == pytest.approx(0.6, rel=0.2, abs=0)
    assert relaxation_s(MXC) == pytest.approx(300, rel=0.1, abs=0)


@pytest.mark.parametrize("name", NAMES)
def test_plates_pass_both_known_points(name: str) -> None:
    """A plate is at its unloaded temperature without load and at its rated one at its budget."""
    plate = KRINNER_2019_XLD.stages[NAMES.index(name)]

    assert plate_temperature_k(plate, 0.0) == pytest.approx(plate.unloaded_k, rel=1e-6, abs=0)
    assert plate_temperature_k(plate, plate.cooling_power_w) == pytest.approx(
        plate.temperature_k, rel=1e-6, abs=0
    )


@given(st.floats(0.0, 1e-3))
def test_plate_load_inverts_plate_temperature(load_w: float) -> None:
    """The load at the temperature that a load makes is that load."""
    back_w = plate_load_w(MXC, plate_temperature_k(MXC, load_w))

    assert back_w == pytest.approx(load_w, rel=1e-9, abs=1e-18)


def test_utilization_is_the_share_of_the_budget() -> None:
    """Half the cooling power is a utilization of one half."""
    assert utilization(MXC, 9.5e-6) == 0.5
    assert steady(KRINNER_2019_XLD, {"mxc": 9.5e-6}).utilization["mxc"] == 0.5


@pytest.mark.physics
def test_cables_of_the_fifty_qubit_machine() -> None:
    """Krinner's cables for 50 qubits conduct 2.5 uW to the mixing chamber and 134 mW to 4 K."""
    found = passive_load_w(KRINNER_2019_XLD, {"drive": 50, "flux": 50, "readout": 16, "output": 8})

    assert found["mxc"] == pytest.approx(
        50 * 13e-9 + 50 * 29e-9 + 16 * 13e-9 + 8 * 20e-9, rel=1e-6, abs=0
    )
    assert found["4k"] == pytest.approx(0.134, rel=1e-6, abs=0)


def test_unknown_lines_are_refused() -> None:
    """A kind of line that has no cable, or a negative number of lines, is a mistake."""
    with pytest.raises(InputError, match="drive, readout, output, flux lines, but include 1 of rf"):
        passive_load_w(KRINNER_2019_XLD, {"rf": 1})
    with pytest.raises(InputError, match="include -1 of drive"):
        passive_load_w(KRINNER_2019_XLD, {"drive": -1})


def test_nothing_to_do_leaves_the_plates_unloaded() -> None:
    """Without load every plate is exactly at its unloaded temperature, links or not."""
    found = steady(KRINNER_2019_XLD, {})

    assert found.temperature_k == unloaded_temperatures_k(KRINNER_2019_XLD)
    assert (found.status, found.advice) == ("ok", "")


@given(SHARES)
def test_plates_apart_follow_their_own_law(shares: list[float]) -> None:
    """Without links every plate is where its own load alone puts it."""
    found = steady(APART, loads(shares))

    for stage in APART.stages:
        alone_k = plate_temperature_k(stage, loads(shares)[stage.name])
        assert found.temperature_k[stage.name] == pytest.approx(alone_k, rel=1e-12, abs=0)


@given(shares=SHARES, log_links=st.lists(st.floats(-9, 2), min_size=4, max_size=4))
@example(shares=[0.0, 1.0, 0.0, 0.0, 0.0], log_links=[0.0, 0.0, 0.0, 2.0])
def test_every_plate_is_in_balance(shares: list[float], log_links: list[float]) -> None:
    """Cooling and links take up every plate's load, however strong the links."""
    links = tuple(
        StageLink(stages=pair, w_per_k=10**log)
        for pair, log in zip(pairwise(NAMES), log_links, strict=True)
    )
    linked = KRINNER_2019_XLD.model_copy(update={"links": links})
    load_w = loads(shares)
    found = steady(linked, load_w)
    rise_k = {s.name: found.temperature_k[s.name] - s.unloaded_k for s in linked.stages}
    for name, cooled in cooled_w(linked, found.temperature_k).items():
        passed = [
            link.w_per_k * (2 * rise_k[name] - sum(rise_k[one] for one in link.stages))
            for link in links
            if name in link.stages
        ]
        grain = 1e-9 * (BUDGETS_W[name] + sum(link.w_per_k for link in links))
        assert cooled + sum(passed) == pytest.approx(load_w[name], abs=grain)
        assert abs(found.residual_w[name]) <= 1e-6 * BUDGETS_W[name]


@given(SHARES)
def test_links_lose_no_heat(shares: list[float]) -> None:
    """All plates together cool what all of them receive; residuals are nothing."""
    load_w = loads(shares)
    found = steady(KRINNER_2019_XLD, load_w)

    total_w = sum(cooled_w(KRINNER_2019_XLD, found.temperature_k).values())
    assert total_w == pytest.approx(sum(load_w.values()), rel=1e-9, abs=1e-12)
    assert all(abs(w) <= 1e-10 * BUDGETS_W[name] for name, w in found.residual_w.items())


@given(SHARES, SHARES)
def test_more_load_warms_every_plate(one: list[float], other: list[float]) -> None:
    """A load added anywhere makes no plate colder."""
    less = steady(KRINNER_2019_XLD, loads([min(pair) for pair in zip(one, other, strict=True)]))
    more = steady(KRINNER_2019_XLD, loads([max(pair) for pair in zip(one, other, strict=True)]))

    for name in NAMES:
        assert more.temperature_k[name] >= less.temperature_k[name] * (1 - 1e-12)


def test_a_warm_cold_plate_warms_the_mixing_chamber() -> None:
    """Links carry a neighbour's rise: 28 mK at the cold plate make 28 nW at the mixing chamber."""
    found = steady(KRINNER_2019_XLD, {"cp": 80e-6})
    rise_k = found.temperature_k["cp"] - 0.082
    own_w = plate_load_w(MXC, found.temperature_k["mxc"])

    assert own_w == pytest.approx(1e-6 * rise_k, rel=0.02, abs=0)
    assert steady(APART, {"cp": 80e-6}).temperature_k["mxc"] == 0.006


def test_beyond_the_rated_point_says_so() -> None:
    """A plate above its rated temperature is named as extrapolated."""
    found = steady(KRINNER_2019_XLD, {"cp": 300e-6})

    assert found.status == "ok"
    assert found.advice.startswith("Extrapolated beyond the rated point: cp (0.16")
    assert found.advice.endswith("K, rated 0.14 K).")


def test_a_load_that_no_plate_holds_is_no_solution() -> None:
    """Four times the budget is an overload that names stage, temperature and way out."""
    found = steady(APART, {"cp": 800e-6})

    assert found.status == "overload"
    assert "Stage cp would be at 0.2" in found.advice
    assert "4 times its budget: drive fewer lines" in found.advice


def test_a_plate_warmer_than_the_one_above_is_no_solution() -> None:
    """A mixing chamber as warm as the cold plate has nothing that the law could describe."""
    strong = MXC.model_copy(update={"cooling_power_w": 0.019, "temperature_k": 0.632})
    machine = APART.model_copy(update={"stages": (*APART.stages[:-1], strong)})
    found = steady(machine, {"mxc": 400e-6})

    assert found.status == "inverted"
    assert "Stage mxc would be as warm as cp" in found.advice


@pytest.mark.parametrize(
    ("load_w", "message"),
    [
        ({"mxc": -1e-9}, "load of stage mxc must be from 0 W to 1e.06 W, but is -1e-09 W"),
        ({"mxc": math.nan}, "but is nan W"),
        ({"mxc": math.inf}, "but is inf W"),
        ({"chip": 1e-9}, "Loads must be at 50k, 4k, still, cp, mxc, but one is at chip"),
    ],
)
def test_impossible_loads_are_refused(load_w: dict[str, float], message: str) -> None:
    """A load that cannot be is a mistake, not a temperature."""
    with pytest.raises(InputError, match=message):
        steady(KRINNER_2019_XLD, load_w)


def test_a_solver_that_fails_leaves_no_temperatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was found there are no numbers to misread."""
    monkeypatch.setattr(plates, "MOST_STEPS", 1)
    found = steady(KRINNER_2019_XLD, BUSY)
    histories = [solve(KRINNER_2019_XLD, [(1.0, BUSY)]) for solve in (transient, periodic)]

    assert (found.status, found.temperature_k, found.residual_w) == ("not converged", {}, {})
    assert found.advice.startswith("The plates' temperatures were not found: check")
    assert {history.status for history in histories} == {"not converged"}
    assert {history.temperature_k.shape for history in histories} == {(0, 5)}


def test_an_absurd_cryostat_does_not_converge() -> None:
    """Numbers beyond what a float holds end in a status, not in an exception."""
    frail = MXC.model_copy(update={"cooling_power_w": 1e-307})

    assert steady(lone(frail), {"mxc": 1e6}).status == "not converged"
