"""Faults of the machine: each changes what it should, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.chip.cryostat import resolve
from qtregress.errors import InputError
from qtregress.thermal.heat import gate_heats
from qtregress.thermal.load import Load, load
from qtregress.thermal.plates import plate_temperature_k
from qtregress.thermal.scenario import (
    Scenario,
    faulty_chip,
    faulty_workload,
    late_profile,
    unknown_because,
)
from qtregress.thermal.workload import DEFAULT_WORKLOAD
from tests import small

PAIR = small.small(*small.PAIR)


def scenario(**fault: object) -> Scenario:
    """A scenario of one fault."""
    return Scenario.model_validate(
        {"format": "qtregress/scenario@1", "name": "bad-day", "faults": [fault]}
    )


def loaded(fault: Scenario | None = None) -> Load:
    """The pair's load at the shipped workload, under the fault."""
    chip, workload = PAIR.chip, DEFAULT_WORKLOAD
    if fault is not None:
        chip, workload = faulty_chip(fault, chip), faulty_workload(fault, workload)
    return load(chip, list(gate_heats(PAIR.profile, chip).values()), workload)


def temperature_k(found: Load, stage: str) -> float:
    """Of that plate."""
    assert found.plates is not None, found.problem
    return found.plates.temperature_k[stage]


def test_a_weak_cryocooler_warms_its_stage() -> None:
    """A stage that rests 20 % warmer is warmer at load."""
    fault = scenario(kind="cryocooler_drift", stage="cp", unloaded_factor=1.2)

    assert temperature_k(loaded(fault), "cp") > 1.15 * temperature_k(loaded(), "cp")


def test_a_hot_spot_heats_its_own_line() -> None:
    """Ten per cent more gain on one line is about a fifth more power there, none elsewhere."""
    before, after = loaded(), loaded(scenario(kind="hot_spot", qubit=0, gain=0.1))

    assert after.lines["d0"].power_w == pytest.approx(
        1.21 * before.lines["d0"].power_w, rel=0.02, abs=0
    )
    assert after.lines["d1"].power_w == before.lines["d1"].power_w


def test_an_overcommitted_machine_is_busier() -> None:
    """Twice the busy fraction is twice the power of every line."""
    fault = scenario(kind="overcommitted_load", busy_fraction=0.66)

    assert loaded(fault).lines["d0"].power_w == pytest.approx(
        2 * loaded().lines["d0"].power_w, rel=1e-6, abs=0
    )


def test_more_lines_load_every_stage() -> None:
    """A hundred lines instead of two take fifty times the heat."""
    before, after = loaded(), loaded(scenario(kind="overcommitted_load", lines=100))

    assert after.active_w == pytest.approx(
        {k: 50 * v for k, v in before.active_w.items()}, rel=1e-6, abs=0
    )


def test_a_late_channel_makes_the_gate_longer() -> None:
    """The cross drive starts 16 dt late; the gate lasts as long as its last pulse needs."""
    fault = scenario(kind="timing_change", channel="u0", delay=16, gates="cx:*")
    before, after = PAIR.profile.by_id["cx:0-1"], late_profile(fault, PAIR.profile).by_id["cx:0-1"]
    starts = [
        [row.t0 for row in gate.pulses if row.channel == "u0" and hasattr(row, "amp")]
        for gate in (before, after)
    ]

    assert starts[1] == [t0 + 16 for t0 in starts[0]]
    assert after.duration >= before.duration


def test_a_timing_change_leaves_other_gates() -> None:
    """Only gates that match the pattern are late."""
    fault = scenario(kind="timing_change", channel="d0", delay=16, gates="x:*")
    late = late_profile(fault, PAIR.profile)

    assert late.by_id["sx:0"] == PAIR.profile.by_id["sx:0"]
    assert late.by_id["x:0"] != PAIR.profile.by_id["x:0"]


@pytest.mark.parametrize(
    ("sensor", "metric", "subject", "hidden"),
    [
        ({"stage": "cp"}, "thermal.temperature_k", "cp", True),
        ({"stage": "cp"}, "thermal.temperature_k", "mxc", False),
        ({"stage": "cp"}, "gate.error_at_load", "x:0", True),
        ({"stage": "cp"}, "gate.error", "x:0", False),
        ({"qubit": 1}, "gate.error", "cx:0-1", True),
        ({"qubit": 1}, "gate.error", "x:0", False),
        ({"qubit": 1}, "rb.epc", "0-1", True),
        ({"qubit": 1}, "gate.duration_s", "x:1", False),
        ({"qubit": 1}, "heat.line_energy_j", "x:1@d1", False),
        ({"qubit": 1}, "heat.bath_j", "x:1@1.photons", True),
        ({"qubit": 1}, "heat.bath_j", "cx:0-1@0.photons", True),
        ({"qubit": 1}, "thermo.work_j", "x:1", True),
        ({"qubit": 1}, "thermal.extra_photons", "1", True),
        ({"qubit": 1}, "thermal.extra_photons", "0", False),
        ({"stage": "mxc"}, "thermo.work_j", "x:1", True),
        ({"stage": "mxc"}, "heat.quantum_j", "x:1", True),
        ({"stage": "mxc"}, "heat.line_energy_j", "x:1@d1", False),
    ],
)
def test_a_missing_sensor_hides_what_rests_on_it(
    sensor: dict[str, object], metric: str, subject: str, *, hidden: bool
) -> None:
    """A stage's thermometer carries all at load; a qubit's T1 carries its gates; heat neither."""
    fault = scenario(kind="telemetry_gap", **sensor)

    assert bool(unknown_because(fault, metric, subject)) == hidden


def test_a_fault_somewhere_else_is_refused() -> None:
    """A stage that the cryostat lacks is a mistake in the scenario."""
    with pytest.raises(InputError, match="stage must be one of 50k, 4k, still, cp, mxc"):
        faulty_chip(scenario(kind="cryocooler_drift", stage="roof", unloaded_factor=1.1), PAIR.chip)


def test_a_gap_names_one_sensor() -> None:
    """Neither none nor two."""
    with pytest.raises(ValueError, match="must name a stage or a qubit"):
        scenario(kind="telemetry_gap")


@given(
    load_w=st.floats(0, 6e-4),
    factor=st.floats(0.1, 0.99),
    warmer=st.floats(1.0, 1.6),
)
def test_a_drift_never_makes_a_plate_colder(load_w: float, factor: float, warmer: float) -> None:
    """At any load, beyond the rated point too."""
    fault = scenario(
        kind="cryocooler_drift", stage="cp", cooling_power_factor=factor, unloaded_factor=warmer
    )
    before, after = (
        next(stage for stage in resolve(chip.cryostat).stages if stage.name == "cp")
        for chip in (PAIR.chip, faulty_chip(fault, PAIR.chip))
    )

    assert plate_temperature_k(after, load_w) >= plate_temperature_k(before, load_w) * (1 - 1e-12)


def test_a_drift_beyond_the_rated_point_is_refused() -> None:
    """A plate that rests warmer than it is rated has no cooling law."""
    with pytest.raises(InputError, match="unloaded_factor of stage cp must leave it below"):
        faulty_chip(scenario(kind="cryocooler_drift", stage="cp", unloaded_factor=2.0), PAIR.chip)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "cryocooler_drift", "stage": "cp"}, "must have a factor that is not 1"),
        ({"kind": "overcommitted_load"}, "must give busy_fraction or lines"),
        ({"kind": "hot_spot", "qubit": 0, "gain": 0.0}, "must have a gain that is not 0"),
    ],
)
def test_a_fault_that_changes_nothing_is_refused(fault: dict[str, object], message: str) -> None:
    """Nobody is to believe that a release was judged under it."""
    with pytest.raises(ValueError, match=message):
        scenario(**fault)


@pytest.mark.parametrize("where", [{"channel": "d99"}, {"channel": "d0", "gates": "zzz*"}])
def test_a_delay_of_nothing_is_refused(where: dict[str, object]) -> None:
    """A misspelt channel or pattern would judge the release as it is."""
    with pytest.raises(InputError, match="timing_change must delay a pulse"):
        late_profile(scenario(kind="timing_change", delay=16, **where), PAIR.profile)


HOT = {"kind": "hot_spot", "qubit": 0, "gain": 10.0}
COLD = {"kind": "cryocooler_drift", "stage": "cp", "unloaded_factor": 1.1}
LATE = {"kind": "timing_change", "channel": "d0", "delay": 16}


@pytest.mark.parametrize(
    ("fault", "elsewhere", "said"),
    [
        (HOT, {"qubit": 1}, "hot_spot of qubit 0"),
        (COLD, {"stage": "mxc"}, "cryocooler_drift of stage cp"),
        (LATE, {"channel": "d1"}, "timing_change of channel d0"),
        ({"kind": "telemetry_gap", "stage": "cp"}, {"stage": "mxc"}, "telemetry_gap of stage cp"),
        ({"kind": "telemetry_gap", "qubit": 0}, {"qubit": 1}, "telemetry_gap of qubit 0"),
        ({"kind": "overcommitted_load", "lines": 9}, None, "overcommitted_load"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_faults_of_one_place_do_not_add_up(
    fault: dict[str, object], elsewhere: dict[str, object] | None, said: str
) -> None:
    """Thirty-two gains of ten would be a factor of 1e33; two places are two faults."""
    head = {"format": "qtregress/scenario@1", "name": "bad-day"}
    with pytest.raises(ValueError, match=f"of a kind in one place, but two are: {said} "):
        Scenario.model_validate({**head, "faults": [fault, fault]})
    if elsewhere is not None:
        assert Scenario.model_validate({**head, "faults": [fault, {**fault, **elsewhere}]}).faults
