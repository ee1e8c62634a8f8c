"""Canary circuits in tables and documents: costs, dashes, reasons."""

import json

import numpy as np
import pytest
from rich.console import Console

from qtregress.files.qasm import native_circuit
from qtregress.metrics.metric import Input
from qtregress.rb.canary import NativeCircuit, Outcome
from qtregress.report.canary import (
    CanaryDocument,
    Played,
    canary_circuit,
    canary_cost,
    canary_table,
    canary_text,
)
from qtregress.report.cost_card import cost_card
from qtregress.thermal.heat import gate_heats
from qtregress.thermal.timeline import timeline
from qtregress.thermal.workload import DEFAULT_WORKLOAD
from tests import small

PAIR = small.small(0, 1)
HEATS = gate_heats(PAIR.profile, PAIR.chip)
TEXT = (
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; '
    "x q[0]; x q[0]; cx q[0],q[1]; measure q -> c;"
)
IDEAL = Outcome(probabilities=np.array([1.0, 0, 0, 0]))
FAIR = Outcome(probabilities=np.array([0.9, 0.1, 0, 0]), counts=np.array([60, 40, 0, 0]))
UNKNOWN = Outcome(problem="it plays cx:0-1, which has no noise model: never fitted")


def native() -> NativeCircuit:
    """Two x, one cx, two measurements."""
    return native_circuit("c", TEXT, PAIR.profile)


def document(old: Outcome, new: Outcome, ideal: Outcome = IDEAL) -> CanaryDocument:
    """A document of one circuit with these outcomes."""
    played = [Played(circuit=native(), outcome=one, heats=HEATS) for one in (old, new)]
    return CanaryDocument(
        format="qtregress/canary@1",
        device="ibm_lima",
        inputs={"old": Input(path="old.yaml", digest="sha256:" + "0" * 64)},
        environment={},
        at_load=False,
        shots=100,
        seed=0,
        circuits=(canary_circuit(ideal, played[0], played[1], PAIR.chip),),
    )


def shown(found: CanaryDocument) -> str:
    """The table as a terminal of 140 columns has it."""
    console = Console(width=140, record=True, file=None, color_system=None)
    with console.capture() as capture:
        console.print(canary_table(found))
    return capture.get()


def test_a_repetition_costs_what_its_gates_cost() -> None:
    """Executions times the cost card's energies, at the chip and on every stage."""
    gates = list(HEATS.values())
    over_time = timeline(PAIR.chip, gates, DEFAULT_WORKLOAD)
    card = cost_card(PAIR.profile, PAIR.chip, gates, DEFAULT_WORKLOAD, over_time)
    cost = canary_cost(native(), HEATS, PAIR.chip)
    wanted: dict[str, float] = {}
    for gate, number in {"x:0": 2, "cx:0-1": 1, "measure:0": 1, "measure:1": 1}.items():
        for stage, energy_j in card.gates[gate].stage_energy_j.items():
            wanted[stage] = wanted.get(stage, 0.0) + number * energy_j

    assert cost.gates == {"cx:0-1": 1, "measure:0": 1, "measure:1": 1, "x:0": 2}
    assert cost.stage_energy_j == pytest.approx(wanted, rel=1e-9, abs=0.0)
    assert cost.unknown_heat == ()


def test_gates_of_unknown_heat_are_named() -> None:
    """A cost that leaves something out says so, in the document and in the table."""
    known = {name: heat for name, heat in HEATS.items() if not name.startswith("measure")}
    cost = canary_cost(native(), known, PAIR.chip)
    found = document(FAIR, FAIR)
    one = found.circuits[0]
    poorer = one.model_copy(update={"new": one.new.model_copy(update={"cost": cost})})

    assert cost.unknown_heat == ("measure:0", "measure:1")
    assert "No heat is known of measure:0, measure:1." in shown(
        found.model_copy(update={"circuits": (poorer,)})
    )


def test_the_document_reads_back() -> None:
    """Every number finite, outcomes under their bits."""
    found = document(FAIR, FAIR)
    text = canary_text(found)
    side = json.loads(text, parse_constant=pytest.fail)["circuits"][0]["old"]

    assert CanaryDocument.model_validate_json(text) == found
    assert side["probabilities"] == {"00": 0.9, "01": 0.1}
    assert side["counts"] == {"00": 60, "01": 40}
    assert side["success_probability"] == 0.9
    assert side["hellinger_fidelity"] == pytest.approx(0.9)


def test_what_is_not_known_is_a_dash_with_its_reason() -> None:
    """Of the release that cannot play the circuit, and of the comparison."""
    found = document(FAIR, UNKNOWN)
    one = found.circuits[0]

    assert (one.new.status, one.new.hellinger_fidelity, one.hellinger_old_new) == (
        "undecided",
        None,
        None,
    )
    assert "c, new: not known, because it plays cx:0-1, which has no noise model" in shown(found)


def test_without_ideal_outcomes_nothing_is_compared_with_them() -> None:
    """Both releases are undecided, whatever they gave."""
    one = document(FAIR, FAIR, ideal=UNKNOWN).circuits[0]

    assert one.ideal is None
    assert (one.old.status, one.new.status) == ("undecided", "undecided")


def test_the_table_shows_both_releases_and_what_it_is_not() -> None:
    """Exact and sampled success, and that nobody was judged."""
    text = shown(document(FAIR, FAIR))

    assert "0.900000" in text
    assert "0.6000±0.0490" in text
    assert "Nothing is judged here" in text
