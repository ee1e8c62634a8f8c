"""Which gates of a real two-qubit table are simulated, and what is said of the others."""

import pytest

from qtregress.channels.plan import Plan, gate_task, plan
from qtregress.channels.problem import bath_of
from qtregress.channels.simulate import LoadTask
from qtregress.chip.bath import Extra
from qtregress.chip.chip import Chip, GateFit
from qtregress.errors import InputError
from qtregress.pulses.profile import Gate, Profile
from tests import small

PAIR = small.small(*small.PAIR)


def fitted_as(chip: Chip, *rows: GateFit) -> Chip:
    """The chip with this record of its fit."""
    assert chip.fit is not None
    return chip.model_copy(update={"fit": chip.fit.model_copy(update={"gates": rows})})


def both_directions() -> Plan:
    """The plan of the pair with cx:0-1 and cx:1-0."""
    whole = small.lima()
    gates = [gate for gate in whole.profile.gates if {0, 1}.issuperset(gate.qubits)]
    return plan(small.checked(whole.profile, gates=tuple(gates)), whole.chip)


def with_gate(gate: Gate) -> Profile:
    """The pair's profile with one more gate."""
    profile = PAIR.profile
    frequencies = {f"d{qubit}": 5e9 for qubit in gate.qubits} | profile.drive_frequency_hz
    return small.checked(profile, gates=(*profile.gates, gate), drive_frequency_hz=frequencies)


def test_pulsed_gates_are_simulated() -> None:
    """Everything that plays on drive lines is; readout and virtual Z are not asked for."""
    planned = plan(PAIR.profile, PAIR.chip)

    assert [gate.id for gate in planned.gates] == [
        *("id:0", "id:1", "sx:0", "sx:1", "x:0", "x:1", "cx:0-1"),
    ]


def test_nothing_of_a_fitted_table_is_refused() -> None:
    """Neither are readout and virtual Z refused: they are no gates of the model."""
    assert plan(PAIR.profile, PAIR.chip).refused == {}


def test_a_pair_needs_three_layers() -> None:
    """Benchmarking plays sx on both, on the first and on the second qubit."""
    layers = [gate.id for gate in plan(PAIR.profile, PAIR.chip).layers]

    assert layers == ["sx.sx:0-1", "sx.id:0-1", "id.sx:0-1"]


def test_one_qubit_needs_no_layers() -> None:
    """Without a coupled partner there is no pair."""
    case = small.small(0)

    assert (plan(case.profile, case.chip).layers, plan(case.profile, case.chip).pairs) == ((), {})


@pytest.mark.parametrize("gate", ["sx:0", "sx:1"])
def test_layers_last_as_long_as_the_longer_gate(gate: str) -> None:
    """The shorter sx waits."""
    profile = small.half_length(PAIR.profile, gate)

    assert {row.duration for row in plan(profile, PAIR.chip).layers} == {160}


def test_the_shorter_direction_is_benchmarked() -> None:
    """cx:0-1 takes 1376 samples, cx:1-0 takes 1536."""
    assert both_directions().pairs[0, 1].id == "cx:0-1"


def test_of_equal_directions_the_lower_control_is_benchmarked() -> None:
    """The choice never depends on the table's order."""
    cx = PAIR.profile.by_id["cx:0-1"]
    whole = small.lima()
    reverse = cx.model_copy(update={"qubits": (1, 0)})
    kept = [gate for gate in PAIR.profile.gates if gate.name != "cx"]
    for gates in ([*kept, cx, reverse], [*kept, reverse, cx]):
        profile = small.checked(PAIR.profile, gates=tuple(gates))
        assert plan(profile, whole.chip).pairs[0, 1].id == "cx:0-1"


def with_natives(**duration: int) -> Plan:
    """The plan of a pair that has these gates from 1 to 0 beside cx:0-1, all of them fitted."""
    old = PAIR.chip.fit
    assert old is not None
    others = [Gate(name=name, qubits=(1, 0), duration=length) for name, length in duration.items()]
    fits = [old.gates[0].model_copy(update={"gate": gate.id}) for gate in others]
    profile = small.checked(PAIR.profile, gates=(*others, *PAIR.profile.gates))
    return plan(profile, fitted_as(PAIR.chip, *old.gates, *fits))


@pytest.mark.parametrize(
    ("durations", "native"),
    [
        ({"ecr": 1360}, "ecr:1-0"),
        ({"cz": 1360, "ecr": 1376}, "cz:1-0"),
        ({"cz": 1376}, "cx:0-1"),
        ({"ecr": 1360, "cz": 1360}, "cz:1-0"),
        ({"swap": 1360}, "cx:0-1"),
    ],
)
def test_the_shortest_native_is_benchmarked(durations: dict[str, int], native: str) -> None:
    """Of cx, cz and ecr the shortest makes the Cliffords, then the one of the lower qubit."""
    assert with_natives(**durations).pairs[0, 1].id == native


def test_a_pair_without_sx_is_not_benchmarked() -> None:
    """Its Cliffords could not be played."""
    assert plan(small.without(PAIR.profile, "sx:1"), PAIR.chip).pairs == {}


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        (Gate(name="frob", qubits=(0,), duration=160), "no ideal gate is known for the name frob"),
        (Gate(name="x", qubits=(7,), duration=160), "the chip knows no qubit 7"),
        (
            Gate(name="ecr", qubits=(0,), duration=160),
            "no ideal gate on 1 qubits is known for the name ecr",
        ),
        (
            Gate(name="x", qubits=(0, 1), duration=160),
            "no ideal gate on 2 qubits is known for the name x",
        ),
        (
            Gate(name="cx", qubits=(1, 0), duration=160),
            "the chip was fitted on a profile without this gate",
        ),
        (
            Gate(name="cx", qubits=(0, 1, 2), duration=160),
            "cx:0-1-2 acts on 3 qubits; one and two are simulated",
        ),
    ],
)
def test_a_refused_gate_has_a_reason(gate: Gate, reason: str) -> None:
    """What cannot be simulated is named with why."""
    assert plan(with_gate(gate), PAIR.chip).refused == {gate.id: reason}


def test_a_gate_that_plays_elsewhere_is_refused() -> None:
    """An x of one qubit that drives the other as well is not the fitted problem."""
    own, others = PAIR.profile.by_id["x:0"], PAIR.profile.by_id["x:1"]
    gates = [gate for gate in PAIR.profile.gates if gate.id != "x:0"]
    loud = own.model_copy(update={"pulses": (*own.pulses, *others.pulses)})
    profile = small.checked(PAIR.profile, gates=(*gates, loud))

    assert plan(profile, PAIR.chip).refused == {
        "x:0": "x:0 plays on d1, which drives qubits outside the gate"
    }


def test_a_gate_that_also_plays_readout_is_refused() -> None:
    """Readout pulses inside a gate are no readout."""
    own = PAIR.profile.by_id["x:0"]
    tone = own.pulses[0].model_copy(update={"channel": "m0"})
    gates = [gate for gate in PAIR.profile.gates if gate.id != "x:0"]
    loud = own.model_copy(update={"pulses": (*own.pulses, tone)})
    profile = small.checked(PAIR.profile, gates=(*gates, loud))

    assert plan(profile, PAIR.chip).refused == {
        "x:0": "x:0 plays on m0, and only drive channels are simulated"
    }


def test_without_a_coupling_the_pair_is_refused() -> None:
    """A cross-resonance gate needs J."""
    chip = PAIR.chip.model_copy(update={"couplings": ()})

    assert plan(PAIR.profile, chip).refused == {
        "cx:0-1": "the chip has no coupling between qubits 0 and 1"
    }


def test_without_its_control_channel_the_gate_is_refused() -> None:
    """Where u0 leads nobody says."""
    chip = PAIR.chip.model_copy(update={"control_channels": {}})

    assert plan(PAIR.profile, chip).refused == {"cx:0-1": "the chip knows no control channel u0"}


def test_on_an_unfitted_chip_nothing_is_simulated() -> None:
    """Lines that were never calibrated do not judge anybody."""
    planned = plan(PAIR.profile, PAIR.chip.model_copy(update={"fit": None}))

    assert (planned.gates, set(planned.refused.values())) == (
        (),
        {"the chip's lines were never fitted (qtregress chip fit-drive)"},
    )


def test_an_unfitted_gate_is_refused_with_its_residual() -> None:
    """A gate that the model does not reach is undecided, never quietly used."""
    case = small.small(0)
    row = GateFit(gate="x:0", residual=2e-3, status="unfitted")
    chip = fitted_as(case.chip, row)

    assert plan(case.profile, chip).refused["x:0"] == (
        "the chip's model does not reach this gate (residual 0.002)"
    )


def load_of(gate: Gate, case: small.Case, **photons: float) -> LoadTask:
    """A load that adds these photons to the qubits ``q0``, ``q1``."""
    extra = {int(name[1:]): Extra(photons=value) for name, value in photons.items()}
    return LoadTask(bath=bath_of(case.chip, gate.qubits, extra))


def test_the_load_warms_only_the_loaded_bath() -> None:
    """One task carries the bath as calibrated and one a load, whose photons are added."""
    case = small.small(0)
    gate = case.profile.by_id["x:0"]
    loads = [load_of(gate, case, q0=0.5), load_of(gate, case), load_of(gate, case, q0=0.1)]

    task = gate_task(gate, case.profile, case.chip, loads=loads, engine="fast")

    hot, calm, warm = (load.bath for load in task.loads)
    assert task.cold == calm
    assert task.cold[0].up[0] < warm[0].up[0] < hot[0].up[0]
    assert task.cold[0].dephasing == hot[0].dephasing


def test_without_a_load_a_task_has_one_bath() -> None:
    """Nobody asks for a map at load, and none is made."""
    case = small.small(0)
    gate = case.profile.by_id["x:0"]

    task = gate_task(gate, case.profile, case.chip, loads=[], engine="fast")

    assert task.loads == ()


def test_photons_of_other_qubits_warm_no_gate() -> None:
    """A load heats the qubits of the gate alone."""
    gate = PAIR.profile.by_id["x:0"]

    loads = [load_of(gate, PAIR, q1=0.5)]
    task = gate_task(gate, PAIR.profile, PAIR.chip, loads=loads, engine="fast")

    assert [load.bath for load in task.loads] == [task.cold]


def test_a_gate_of_endless_length_is_not_simulated() -> None:
    """A kilobyte of YAML must not ask for gigabytes."""
    case = small.small(0)
    gates = [
        gate.model_copy(update={"duration": 10**6}) if gate.id == "x:0" else gate
        for gate in case.profile.gates
    ]
    refused = plan(case.profile.model_copy(update={"gates": tuple(gates)}), case.chip).refused

    assert refused["x:0"] == "x:0 lasts 1000000 dt; at most 100000 are simulated"


def test_more_gates_than_a_verdict_holds_are_refused() -> None:
    """Before anything is simulated, in a sentence."""
    case = small.small(0)
    x = case.profile.by_id["x:0"]
    many = tuple(x.model_copy(update={"name": f"x{number}"}) for number in range(700))

    with pytest.raises(InputError, match="at most 600 pulsed gates, but has 700"):
        plan(case.profile.model_copy(update={"gates": many}), case.chip)
