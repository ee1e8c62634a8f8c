"""Metrics of one real measurement: complete, named, and undecided where they must be."""

import math
from dataclasses import replace

import numpy as np
import pytest

from qtregress.channels.channel import average_fidelity
from qtregress.channels.coherence import coherence_limit
from qtregress.channels.ideal import ideal_image
from qtregress.metrics.collect import (
    ERROR_TOLERANCE,
    collect,
    incoherent_error,
    under,
)
from qtregress.metrics.compare import gate_limit
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric
from qtregress.thermal.dissipation import stack_heat
from qtregress.thermal.heat import gate_heats
from qtregress.thermal.load import Load
from qtregress.thermal.scenario import Scenario
from qtregress.units import BOLTZMANN_J_PER_K, HBAR_J_S, angular
from tests import small

ERRORS = {
    "gate.error",
    "gate.error_at_load",
    "gate.incoherent_error",
    "gate.leakage",
    "gate.leakage_at_load",
    "layer.error",
}
THERMODYNAMICS = {
    "heat.quantum_j",
    "thermo.work_j",
    "thermo.energy_change_j",
    "thermo.entropy_production",
    "thermo.ergotropy_j",
    "thermo.landauer_j",
}


def measurement() -> Measurement:
    """One qubit of lima, measured."""
    return small.old(0)[0]


def undecided(metrics: tuple[Metric, ...], subject: str) -> dict[str, str]:
    """Why each undecided metric of the subject is."""
    return {m.metric: m.why for m in metrics if m.subject == subject and m.value is None}


def value(metric_id: str) -> float:
    """One metric of the qubit."""
    return small.value_of(small.old(0)[1], metric_id)


def test_ids_are_sorted_and_distinct() -> None:
    """A list that can be compared with another run's."""
    ids = [metric.id for metric in small.old(0)[1]]

    assert ids == sorted(set(ids))


def test_a_fitted_device_has_nothing_undecided() -> None:
    """Every metric of a shipped table has a value."""
    assert [metric.id for metric in small.old(0)[1] if metric.value is None] == []


@pytest.mark.parametrize("gate", ["id:0", "sx:0", "x:0"])
def test_every_gate_has_its_metrics(gate: str) -> None:
    """Length, errors, leakage, and the heat into the bath."""
    named = {metric.metric for metric in small.old(0)[1] if metric.subject == gate}

    assert named == ERRORS | THERMODYNAMICS | {
        *("gate.duration_s", "heat.chip_energy_j"),
    }


@pytest.mark.physics
@pytest.mark.parametrize("gate", ["id:0", "sx:0", "x:0"])
def test_a_fitted_gate_is_as_good_as_its_coherence(gate: str) -> None:
    """On the profile the lines were fitted to, the error is the coherence limit."""
    limit = gate_limit(measurement().chip, gate, value(f"gate.duration_s/{gate}"))

    assert value(f"gate.error/{gate}") == pytest.approx(limit, rel=0.01, abs=0)


def test_a_gate_lasts_its_samples() -> None:
    """160 samples of 2/9 ns."""
    assert value("gate.duration_s/x:0") == pytest.approx(160 * 2 / 9 * 1e-9, rel=1e-6, abs=0)


def test_what_the_pulses_do_wrong_is_no_incoherent_error() -> None:
    """A louder x errs coherently and loses as much as before."""
    loud = small.louder(small.small(0).profile, 0.05, "d0", gates="x:0")
    channel = small.measured(small.Case(chip=small.small(0).chip, profile=loud))[0].channels["x:0"]

    assert incoherent_error(channel) == pytest.approx(
        value("gate.incoherent_error/x:0"), rel=2e-3, abs=0
    )


def test_the_load_costs_fidelity() -> None:
    """A warmer bath can only make an idle qubit worse."""
    assert value("gate.error_at_load/id:0") > value("gate.error/id:0")


@pytest.mark.physics
def test_an_idle_qubit_relaxes_into_its_bath() -> None:
    """Half of the inputs are excited and give h f at the rate 1 / T1; work is done by nobody."""
    qubit = measurement().chip.qubit(0)
    seconds = value("gate.duration_s/id:0")
    expected = HBAR_J_S * angular(qubit.frequency_hz) * seconds / (2 * qubit.t1_s)

    assert value("heat.quantum_j/id:0") == pytest.approx(expected, rel=0.02, abs=0)
    assert abs(value("thermo.work_j/id:0")) < 1e-6 * value("heat.quantum_j/id:0")


@pytest.mark.physics
@pytest.mark.parametrize("subject", ["id:0", "sx:0", "x:0", "0"])
def test_the_first_law_closes(subject: str) -> None:
    """Energy changes by work less heat, for gates and for the Clifford, to 1e-6 h f."""
    quantum_j = HBAR_J_S * angular(measurement().chip.qubit(0).frequency_hz)
    heat_j, work_j, change_j = (
        value(f"{name}/{subject}")
        for name in ("heat.quantum_j", "thermo.work_j", "thermo.energy_change_j")
    )

    assert change_j == pytest.approx(work_j - heat_j, abs=1e-6 * quantum_j)


@pytest.mark.physics
@pytest.mark.parametrize("subject", ["id:0", "sx:0", "x:0", "0"])
def test_entropy_is_produced(subject: str) -> None:
    """No gate and no Clifford undoes what its bath did."""
    assert value(f"thermo.entropy_production/{subject}") > 0


@pytest.mark.physics
def test_a_gate_cannot_give_back_all_its_ergotropy() -> None:
    """Pure inputs hold h f / 2 in the mean; a lossy x leaves less."""
    quantum_j = HBAR_J_S * angular(measurement().chip.qubit(0).frequency_hz)

    assert 0.999 * quantum_j / 2 < value("thermo.ergotropy_j/x:0") < quantum_j / 2
    assert value("thermo.landauer_j/x:0") > BOLTZMANN_J_PER_K * 0.02 * math.log(2)


def test_the_chip_s_heat_is_the_sum_over_lines() -> None:
    """cx:0-1 heats two lines."""
    pair = small.small(*small.PAIR)
    heats = gate_heats(pair.profile, pair.chip)
    unknown = Load(problem="not asked")
    metrics = collect(replace(measurement(), chip=pair.chip, heats=heats, load=unknown))
    lines = [small.value_of(metrics, f"heat.line_energy_j/cx:0-1@d{q}") for q in small.PAIR]

    assert small.value_of(metrics, "heat.chip_energy_j/cx:0-1") == pytest.approx(
        sum(lines), rel=1e-6, abs=0
    )


def test_stages_get_what_their_pads_keep() -> None:
    """Heat of a stage is that of its line's pads."""
    pads = measurement().chip.qubit(0).drive.attenuators
    expected = stack_heat(value("heat.line_energy_j/x:0@d0"), pads).stages

    assert {
        stage: value(f"heat.stage_energy_j/x:0@{stage}") for stage in expected
    } == pytest.approx(expected, rel=1e-6, abs=0)


def test_a_map_that_may_be_wrong_is_undecided() -> None:
    """Above the tolerance the number exists and nobody is shown it."""
    doubtful = replace(
        measurement().channels["x:0"], error_estimate=np.nextafter(ERROR_TOLERANCE, 1)
    )
    channels = {**measurement().channels, "x:0": doubtful}
    metrics = collect(replace(measurement(), channels=channels))

    assert undecided(metrics, "x:0") == dict.fromkeys(
        ERRORS, "the simulation may be wrong by 1e-06 in an element"
    )


def test_a_refused_gate_is_undecided_with_its_reason() -> None:
    """Its errors are listed, none is left out."""
    plan = replace(measurement().plan, refused={"frob:0": "no ideal gate is known"})
    metrics = collect(replace(measurement(), plan=plan))

    assert undecided(metrics, "frob:0") == dict.fromkeys(ERRORS, "no ideal gate is known")


def test_a_decay_without_an_answer_is_undecided() -> None:
    """Benchmarking that decided nothing keeps its gap and its advice."""
    (subject, decay), *_ = measurement().decays.items()
    lost = replace(decay, epc=None, p=None, error_per_gate=None, advice="the poles are complex")
    metrics = collect(replace(measurement(), decays={subject: lost}))

    assert undecided(metrics, "0") == dict.fromkeys(
        ("rb.epc", "rb.p", "rb.error_per_gate"), "the poles are complex"
    )


def test_longer_gates_cost_their_neighbours() -> None:
    """A layer's error is its gate's and the coherence limits of all who wait."""
    chip, metrics = small.lima().chip, small.old(0)[1]
    seconds = value("gate.duration_s/x:0")
    waiting = sum(
        coherence_limit(seconds, [(chip.qubit(q).t1_s, chip.qubit(q).t2_s)]) for q in range(1, 5)
    )
    whole = collect(replace(measurement(), chip=chip, load=Load(problem="not asked")))

    assert small.value_of(metrics, "layer.error/x:0") == value("gate.error/x:0")
    assert small.value_of(whole, "layer.error/x:0") == pytest.approx(
        value("gate.error/x:0") + waiting, rel=1e-6, abs=0
    )


def test_a_clifford_brings_what_its_gates_bring() -> None:
    """One sx a Clifford: as much energy as one sx."""
    assert value("heat.clifford_energy_j/0") == value("heat.chip_energy_j/sx:0")


def test_what_is_known_at_load_is_worse() -> None:
    """T1 and T2 at load are shorter, and the error per Clifford is larger."""
    assert value("qubit.t1_at_load_s/0") < value("qubit.t1_s/0")
    assert value("qubit.t2_at_load_s/0") < value("qubit.t2_s/0")
    assert value("rb.epc_at_load/0") > value("rb.epc/0")


def test_a_missing_sensor_leaves_its_metrics_undecided() -> None:
    """Under a scenario without the qubit's telemetry nobody claims to know its errors."""
    gap = {"kind": "telemetry_gap", "qubit": 0}
    scenario = Scenario.model_validate(
        {"format": "qtregress/scenario@1", "name": "blind", "faults": [gap]}
    )
    metrics = under(scenario, small.old(0)[1])

    assert undecided(metrics, "x:0").keys() == ERRORS | THERMODYNAMICS


def test_an_unknown_load_is_undecided_on_every_stage() -> None:
    """Nothing about the fridge is guessed."""
    nothing = Load(problem="the mix names no gate")
    metrics = collect(replace(measurement(), load=nothing))
    stages = {metric.subject for metric in metrics if metric.metric == "thermal.utilization"}

    assert {undecided(metrics, stage)["thermal.mean_power_w"] for stage in stages} == {
        "the mix names no gate"
    }


def test_errors_are_those_of_the_map() -> None:
    """gate.error is 1 - F_avg of the cold map against the gate that the name means."""
    channel, ideal = measurement().channels["x:0"], ideal_image("x")
    assert ideal is not None
    fidelity = average_fidelity(channel.superoperator, channel.computational, ideal)

    assert value("gate.error/x:0") == 1 - fidelity
