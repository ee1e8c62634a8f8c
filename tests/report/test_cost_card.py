"""What a scheduler reads: the price of gates and jobs."""

import json

import pytest
from pydantic import ValidationError

from qtregress.report.cost_card import CostCard, cost_card, cost_card_text
from qtregress.thermal.dissipation import line_heat
from qtregress.thermal.heat import gate_heats
from qtregress.thermal.timeline import timeline
from qtregress.thermal.use import CircuitCounts
from qtregress.thermal.workload import Circuit, Job, Workload
from qtregress.units import PLANCK_J_S
from tests import small

PAIR = small.small(*small.PAIR)
GATES = list(gate_heats(PAIR.profile, PAIR.chip).values())
BY_ID = {gate.id: gate for gate in GATES}
GHZ = CircuitCounts(
    gates={"sx:0": 2, "cx:0-1": 1},
    duration_s={name: BY_ID[name].duration_s for name in ("sx:0", "cx:0-1")},
    length_s=4e-7,
    depth=3,
)
COUNTS = {"ghz": GHZ}
CIRCUIT = Circuit(name="ghz", qasm="OPENQASM 2.0;", repetition_rate_hz=1e5)
DAY = Workload(
    format="qtregress/workload@1",
    circuits=(CIRCUIT,),
    timeline=(
        Job(name="run", start_s=60.0, duration_s=600.0, circuit="ghz"),
        Job(name="rb", start_s=900.0, duration_s=300.0, busy_fraction=0.5),
    ),
    lines=50,
)


def card(workload: Workload, counts: dict[str, CircuitCounts]) -> CostCard:
    """The card of two qubits of ibm_lima."""
    found = timeline(PAIR.chip, GATES, workload, counts)
    return cost_card(PAIR.profile, PAIR.chip, GATES, workload, found, counts)


def test_a_gate_costs_what_arrives_and_what_its_line_makes_heat_of() -> None:
    """Energies of a card are those of the lines, and photons are energy over h f."""
    cost = card(DAY, COUNTS).gates["sx:0"]
    energy_j = BY_ID["sx:0"].energy_j("d0")
    qubit = PAIR.chip.qubit(0)

    assert cost.duration_s == BY_ID["sx:0"].duration_s
    assert cost.chip_energy_j == {"d0": pytest.approx(energy_j)}
    assert cost.chip_photons == pytest.approx(energy_j / (PLANCK_J_S * qubit.frequency_hz))
    assert cost.stage_energy_j == pytest.approx(line_heat(qubit, "d0", energy_j))


def test_jobs_add_up_from_gates() -> None:
    """A scheduler that adds gate costs by their counts gets the job's energy."""
    found = card(DAY, COUNTS)
    job = found.jobs[0]
    for stage in ("4k", "cp", "mxc"):
        once_j = sum(
            number * found.gates[name].stage_energy_j[stage] for name, number in GHZ.gates.items()
        )
        energy_j = found.copies * once_j * CIRCUIT.repetition_rate_hz * job.duration_s
        assert job.energy_j[stage] == pytest.approx(energy_j, rel=1e-9)
        assert job.mean_power_w[stage] == pytest.approx(energy_j / 600, rel=1e-9)
        assert job.budget_share[stage] == pytest.approx(
            energy_j / 600 / found.budget_w[stage], rel=1e-9
        )
    assert [(one.name, one.start_s) for one in found.jobs] == [("run", 60.0), ("rb", 900.0)]


def test_a_circuit_without_a_timeline_costs_one_repetition() -> None:
    """Steady circuits are priced by the repetition, which has no start of its own."""
    steady = Workload(format="qtregress/workload@1", circuits=(CIRCUIT,), lines=50)
    (job,) = card(steady, COUNTS).jobs
    whole = card(DAY, COUNTS).jobs[0]

    assert (job.name, job.start_s, job.duration_s) == ("ghz", None, 1e-5)
    assert job.energy_j["mxc"] == pytest.approx(whole.energy_j["mxc"] / (600 * 1e5), rel=1e-9)
    assert job.mean_power_w == pytest.approx(whole.mean_power_w)


def test_a_gate_mix_is_priced_by_the_hour() -> None:
    """What never changes is one job."""
    (job,) = card(Workload(format="qtregress/workload@1"), {}).jobs

    assert (job.name, job.start_s, job.duration_s) == ("all-day", None, 3600.0)


def test_gates_without_known_heat_are_named() -> None:
    """A price that lacks something says what."""
    counts = {
        "ghz": CircuitCounts(
            gates={"sx:0": 1, "reset:0": 1},
            duration_s={"sx:0": BY_ID["sx:0"].duration_s, "reset:0": 0.0},
            length_s=4e-8,
            depth=2,
        )
    }

    assert card(DAY, counts).unknown_heat == ("reset:0",)


def test_an_overloaded_cryostat_is_on_the_card() -> None:
    """A scheduler sees that the plates cannot carry this workload."""
    found = card(DAY.model_copy(update={"lines": 100_000}), COUNTS)

    assert found.status == "overload"
    assert "drive fewer lines" in found.advice


def test_the_card_survives_json() -> None:
    """The text is a document that reads back as the same card, closed to unknown keys."""
    found = card(DAY, COUNTS)
    text = cost_card_text(found)

    assert CostCard.model_validate_json(text) == found
    assert list(json.loads(text)["gates"]) == sorted(found.gates)
    assert text.isascii()
    with pytest.raises(ValidationError, match="extra"):
        CostCard.model_validate(found.model_dump() | {"price": 1.0})
