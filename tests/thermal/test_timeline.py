"""Jobs over time: temperatures, budgets, the worst hour, and recovery."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtregress.chip.chip import Attenuator, Chip, Cryostat, DriveLine, PassiveLoad, Qubit, Stage
from qtregress.errors import InputError
from qtregress.thermal.dissipation import stack_heat
from qtregress.thermal.noise import cascade_photons
from qtregress.thermal.plates import plate_temperature_k, relaxation_s, steady
from qtregress.thermal.timeline import (
    RECOVERED,
    hottest,
    job_loads,
    repetition_loads,
    timeline,
    worst_hour,
)
from qtregress.thermal.use import CircuitCounts, GateHeat, Play
from qtregress.thermal.workload import Circuit, Job, Workload

PADS = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in ("cp", "mxc"))
GATE_S, GATE_J = 20e-9, 2e-16
X = GateHeat(
    name="x",
    qubits=(0,),
    duration_s=GATE_S,
    lines={"d0": Play(power_w=np.full(4, GATE_J / GATE_S), step_s=GATE_S / 4)},
)
POWER_W = GATE_J / GATE_S
CP = Stage(
    name="cp",
    temperature_k=0.14,
    unloaded_k=0.08,
    cooling_power_w=2e-4,
    heat_capacity_j_per_k2=0.2,
)
MXC = Stage(
    name="mxc",
    temperature_k=0.02,
    unloaded_k=0.006,
    cooling_power_w=2e-5,
    heat_capacity_j_per_k2=5.0,
)


def chip(cp: Stage = CP, mxc: Stage = MXC) -> Chip:
    """One 5 GHz transmon behind 40 dB in a cryostat of two stages."""
    line = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=PADS)
    qubit = Qubit(
        index=0, frequency_hz=5e9, anharmonicity_hz=-3e8, t1_s=1e-4, t2_s=1e-4, drive=line
    )
    cryostat = Cryostat(name="two", stages=(cp, mxc), citation="a test")
    return Chip(format="qtregress/chip@1", device="one", qubits=(qubit,), cryostat=cryostat)


def jobs(*jobs: tuple[str, float, float, float], repeat_every_s: float | None = None) -> Workload:
    """A timeline of (name, start, length, busy fraction)."""
    return Workload(
        format="qtregress/workload@1",
        gate_mix={"x": 1.0},
        timeline=tuple(
            Job(name=name, start_s=start_s, duration_s=duration_s, busy_fraction=busy)
            for name, start_s, duration_s, busy in jobs
        ),
        repeat_every_s=repeat_every_s,
    )


def heat_w(busy: float) -> dict[str, float]:
    """Heat by stage at a busy fraction."""
    return stack_heat(busy * POWER_W, PADS).stages


@settings(max_examples=10, deadline=None)
@given(st.floats(0.05, 0.9), st.floats(10.0, 3000.0), st.floats(0.2, 0.8))
def test_a_repeated_job_swings_between_the_closed_forms(
    busy: float, period_s: float, duty: float
) -> None:
    """A square wave on a plate with C = Gamma T has known extremes, and the mean T^2 of <P>."""
    found = timeline(chip(), [X], jobs(("on", 0.0, duty * period_s, busy), repeat_every_s=period_s))
    tau_s = relaxation_s(MXC)
    x, y = math.exp(-duty * period_s / tau_s), math.exp(-(1 - duty) * period_s / tau_s)
    u0 = MXC.unloaded_k**2
    u1 = plate_temperature_k(MXC, heat_w(busy)["mxc"]) ** 2
    highest = (u1 * (1 - x) + u0 * (1 - y) * x) / (1 - x * y)
    lowest = u0 + (highest - u0) * y
    mxc = found.history.temperature_k[:, 1]
    mean = np.trapezoid(mxc**2, found.history.time_s) / period_s

    assert found.kind == "repeated"
    assert found.history.peak_k()["mxc"] ** 2 == pytest.approx(highest, rel=1e-6, abs=0)
    assert mxc.min() ** 2 == pytest.approx(lowest, rel=1e-6, abs=0)
    assert mean == pytest.approx(u0 + duty * (u1 - u0), rel=1e-4, abs=0)


def test_a_job_alone_starts_from_rest() -> None:
    """Without repetition the plates start where nothing plays, and the first job warms them."""
    found = timeline(chip(), [X], jobs(("late", 50.0, 1000.0, 0.5)))
    past = found.history

    assert found.kind == "once"
    assert past.temperature_k[0] == pytest.approx([CP.unloaded_k, MXC.unloaded_k], rel=1e-9, abs=0)
    assert past.temperature_k[past.time_s <= 50.0] == pytest.approx(
        np.broadcast_to([CP.unloaded_k, MXC.unloaded_k], (int((past.time_s <= 50.0).sum()), 2)),
        rel=1e-6,
        abs=0,
    )
    assert past.peak_k()["mxc"] == pytest.approx(
        plate_temperature_k(MXC, heat_w(0.5)["mxc"]), rel=1e-6, abs=0
    )


def test_what_never_changes_stands_still_at_its_steady_state() -> None:
    """A gate mix without a timeline has the steady temperatures, without any swing."""
    mix = Workload(format="qtregress/workload@1", busy_fraction=0.4, gate_mix={"x": 1.0})
    found = timeline(chip(), [X], mix)
    still = steady(chip().cryostat, heat_w(0.4))  # type: ignore[arg-type]  # it is inline

    assert found.kind == "steady"
    assert found.history.mean_k() == pytest.approx(still.temperature_k, rel=1e-9, abs=0)
    assert max(found.history.swing_k().values()) < 1e-12
    assert found.mean_utilization == pytest.approx(still.utilization, rel=1e-6, abs=0)
    assert found.peak_utilization == pytest.approx(still.utilization, rel=1e-6, abs=0)


def test_budgets_are_used_on_average_and_at_the_peak() -> None:
    """A quarter of the time at 80 % and a quarter at 40 % is 30 % on average."""
    found = timeline(
        chip(), [X], jobs(("a", 0.0, 10.0, 0.8), ("b", 20.0, 10.0, 0.4), repeat_every_s=40.0)
    )
    whole = {stage: heat_w(1.0)[stage] / found.budget_w[stage] for stage in ("cp", "mxc")}

    assert found.mean_utilization == pytest.approx(
        {k: 0.3 * v for k, v in whole.items()}, rel=1e-6, abs=0
    )
    assert found.peak_utilization == pytest.approx(
        {k: 0.8 * v for k, v in whole.items()}, rel=1e-6, abs=0
    )


def test_cables_warm_the_plates_before_and_under_every_job() -> None:
    """Heat of cables is there at rest, and counts towards the budget of every stage."""
    cables = CP.model_copy(update={"passive_w": PassiveLoad(drive=4e-5)})
    found = timeline(chip(cables), [X], jobs(("a", 10.0, 10.0, 0.8)))

    assert found.resting_w == {"cp": 4e-5, "mxc": 0.0}
    assert found.history.temperature_k[0, 0] == pytest.approx(
        plate_temperature_k(CP, 4e-5), rel=1e-6, abs=0
    )
    assert found.peak_utilization["cp"] == pytest.approx(
        (4e-5 + heat_w(0.8)["cp"]) / 2e-4, rel=1e-6, abs=0
    )


def test_more_lines_are_more_heat() -> None:
    """Fifty lines like the chip's one put fifty times its heat on the stages."""
    one = jobs(("a", 0.0, 10.0, 0.1))
    (load,) = job_loads(chip(), [X], one.model_copy(update={"lines": 50}))

    assert load.active_w == pytest.approx(
        {k: 50 * v for k, v in heat_w(0.1).items()}, rel=1e-6, abs=0
    )
    assert timeline(chip(), [X], one.model_copy(update={"lines": 50})).copies == 50


def test_recovery_of_the_square_of_temperature_is_exponential() -> None:
    """An error that follows T^2 of a plate is down to a tenth after ln(10) time constants."""
    found = timeline(
        chip(),
        [X],
        jobs(("burst", 0.0, 3000.0, 0.9), ("calm", 3000.0, 60.0, 0.1)),
        extra_error=lambda plates_k: 1e-3 + plates_k["mxc"] ** 2,
    )

    assert found.recovery.job == "burst"
    assert found.recovery.error_s == pytest.approx(
        relaxation_s(MXC) * math.log(10), rel=1e-3, abs=0
    )


def test_recovery_of_photons_is_where_a_tenth_is_left() -> None:
    """At the time of recovery the drive line has a tenth of the extra photons of the burst."""
    found = timeline(chip(), [X], jobs(("burst", 0.0, 3000.0, 0.9)))
    after_s = found.recovery.photons_s
    assert after_s is not None
    cold = {"cp": CP.unloaded_k, "mxc": MXC.unloaded_k}

    def extra(elapsed_s: float) -> float:
        plates_k = {
            stage.name: math.sqrt(
                stage.unloaded_k**2
                + (plate_temperature_k(stage, heat_w(0.9)[stage.name]) ** 2 - stage.unloaded_k**2)
                * math.exp(-elapsed_s / relaxation_s(stage))
            )
            for stage in (CP, MXC)
        }
        warm, rest = (cascade_photons(5e9, PADS, temperatures_k=one) for one in (plates_k, cold))
        return warm - rest

    assert extra(after_s) / extra(0.0) == pytest.approx(RECOVERED, rel=5e-3, abs=0)


def test_an_error_that_temperature_does_not_move_has_nothing_to_recover_from() -> None:
    """Where the burst costs nothing, the machine is well at once."""
    found = timeline(chip(), [X], jobs(("burst", 0.0, 10.0, 0.9)), extra_error=lambda _: 1e-3)

    assert found.recovery.error_s == 0.0


def test_an_error_that_stays_is_not_recovered() -> None:
    """What does not come back within twenty time constants is unknown, with the reason."""
    found = timeline(
        chip(),
        [X],
        jobs(("burst", 0.0, 3000.0, 0.9)),
        extra_error=lambda plates_k: float(plates_k["mxc"] > MXC.unloaded_k),
    )

    assert found.recovery.error_s is None
    assert "It has not recovered" in found.recovery.why
    assert found.recovery.photons_s is not None


def test_plates_without_heat_capacity_have_no_recovery() -> None:
    """Where no stage says how slow it is, no time is made up."""
    quick = [stage.model_copy(update={"heat_capacity_j_per_k2": None}) for stage in (CP, MXC)]
    found = timeline(chip(*quick), [X], jobs(("burst", 0.0, 10.0, 0.9)))

    assert found.recovery.photons_s is None
    assert "No stage has a heat capacity" in found.recovery.why


def test_an_overloaded_fridge_says_so_and_recovers_in_no_time_at_all() -> None:
    """Beyond what the cooling law knows there is a status with advice, and no recovery time."""
    loud = jobs(("burst", 0.0, 3000.0, 0.9)).model_copy(update={"lines": 1000})
    found = timeline(chip(), [X], loud)

    assert found.status == "overload"
    assert "drive fewer lines" in found.advice
    assert (found.recovery.photons_s, found.recovery.error_s) == (None, None)
    assert found.recovery.why == found.advice


def test_the_worst_hour_is_the_job_that_heats_the_coldest_stage_most() -> None:
    """At load, the machine is as warm as in its hottest job, however short that is."""
    day = jobs(("long", 0.0, 1e4, 0.3), ("short", 1e4, 5.0, 0.6), ("idle", 2e4, 1e4, 0.0))
    worst = worst_hour(chip(), [X], day)

    assert hottest(job_loads(chip(), [X], day)).name == "short"
    assert (worst.busy_fraction, worst.timeline) == (0.6, ())


def test_without_a_timeline_every_hour_is_the_worst() -> None:
    """A steady workload is measured as it is declared."""
    mix = Workload(format="qtregress/workload@1", busy_fraction=0.4, gate_mix={"x": 1.0})

    assert worst_hour(chip(), [X], mix) is mix


def test_a_job_may_play_a_circuit() -> None:
    """A circuit's job heats by its rate, and one repetition by the energy of its gates."""
    day = Workload(
        format="qtregress/workload@1",
        circuits=(Circuit(name="c", qasm="OPENQASM 2.0;", repetition_rate_hz=1e6),),
        timeline=(Job(name="run", start_s=5.0, duration_s=10.0, circuit="c"),),
    )
    counts = {
        "c": CircuitCounts(gates={"x:0": 3}, duration_s={"x:0": GATE_S}, length_s=1e-7, depth=3)
    }
    (load,) = job_loads(chip(), [X], day, counts)
    (once,) = repetition_loads(chip(), [X], day, counts)

    assert load.active_w == pytest.approx(stack_heat(3e6 * GATE_J, PADS).stages, rel=1e-6, abs=0)
    assert once.active_w["mxc"] * once.duration_s == pytest.approx(
        stack_heat(3 * GATE_J, PADS).stages["mxc"], rel=1e-6, abs=0
    )


def test_a_workload_that_does_not_fit_is_refused() -> None:
    """A mix of unknown gates is an input error, not a machine without heat."""
    mix = Workload(format="qtregress/workload@1", gate_mix={"y": 1.0})
    with pytest.raises(InputError, match="must name a pulsed gate"):
        timeline(chip(), [X], mix)
