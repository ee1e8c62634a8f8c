"""How often each qubit plays which gate, for mixes and circuits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.errors import InputError
from qtregress.thermal.use import (
    CircuitCounts,
    GateHeat,
    Play,
    QubitUse,
    copies,
    line_powers_w,
    mean_power_w,
    unknown_heat,
    uses,
)
from qtregress.thermal.workload import Circuit, Job, Workload


def gate(name: str, qubits: tuple[int, ...], duration_s: float, **energy_j: float) -> GateHeat:
    """A gate that sends so much energy down each line, at constant power."""
    lines = {
        line: Play(power_w=np.full(2, energy / duration_s), step_s=duration_s / 2)
        for line, energy in energy_j.items()
    }
    return GateHeat(name=name, qubits=qubits, duration_s=duration_s, lines=lines)


SX = [gate("sx", (q,), 20e-9, **{f"d{q}": 4e-19}) for q in range(3)]
CX = gate("cx", (0, 1), 300e-9, d0=9e-18, d1=1e-19)
XC = gate("cx", (1, 0), 500e-9, d1=7e-18)
GATES = [*SX, CX, XC]
BY_ID = {one.id: one for one in GATES}


def played(rate_hz: float, name: str = "c", **more: object) -> Workload:
    """A workload that repeats one circuit."""
    circuit = Circuit(name=name, qasm="OPENQASM 2.0;", repetition_rate_hz=rate_hz)
    return Workload.model_validate(
        {"format": "qtregress/workload@1", "circuits": [circuit], **more}
    )


def counted(length_s: float | None = None, **gates: int) -> CircuitCounts:
    """Counts by gate, ``cx_0_1`` for ``cx:0-1``; as long as everything in a row."""
    named = {
        f"{k.partition('_')[0]}:{k.partition('_')[2].replace('_', '-')}": n
        for k, n in gates.items()
    }
    duration_s = {name: BY_ID[name].duration_s if name in BY_ID else 1e-6 for name in named}
    total_s = sum(number * duration_s[name] for name, number in named.items())
    return CircuitCounts(
        gates=named,
        duration_s=duration_s,
        length_s=total_s if length_s is None else length_s,
        depth=sum(named.values()),
    )


@given(st.integers(0, 50), st.integers(0, 20), st.integers(0, 20), st.floats(1.0, 1e4))
def test_a_circuit_heats_by_its_repetitions(sx: int, cx: int, xc: int, rate_hz: float) -> None:
    """The mean power on a line is the rate times the energy of all gates of one repetition."""
    counts = {"c": counted(sx_0=sx, cx_0_1=cx, cx_1_0=xc)}
    power_w = line_powers_w(uses(GATES, played(rate_hz), counts), GATES)

    assert power_w["d0"] == pytest.approx(rate_hz * (sx * 4e-19 + cx * 9e-18), rel=1e-9, abs=0)
    assert power_w["d1"] == pytest.approx(rate_hz * (cx * 1e-19 + xc * 7e-18), rel=1e-9, abs=0)


def test_a_circuit_keeps_its_qubits_busy_one_gate_after_the_other() -> None:
    """The busy fraction is the rate times the time of a qubit's gates, waiting apart."""
    counts = {"c": counted(sx_0=3, sx_2=1, cx_0_1=2)}
    zero, one, two = uses(GATES, played(1e5), counts)

    assert zero.busy_fraction == pytest.approx(1e5 * (3 * 20e-9 + 2 * 300e-9), rel=1e-6, abs=0)
    assert one.busy_fraction == pytest.approx(1e5 * 2 * 300e-9, rel=1e-6, abs=0)
    assert two.busy_fraction == pytest.approx(1e5 * 20e-9, rel=1e-6, abs=0)


def test_circuit_and_mix_of_the_same_gates_heat_alike() -> None:
    """Five sx and two cx a qubit at 33 % are the same, as a mix or as a circuit's counts."""
    busy_s = 5 * 20e-9 + 2 * 300e-9
    counts = {"c": counted(sx_0=5, sx_1=5, cx_0_1=2)}
    mix = Workload(
        format="qtregress/workload@1", busy_fraction=0.33, gate_mix={"sx": 5.0, "cx": 2.0}
    )
    some = [*SX[:2], CX]
    by_mix = line_powers_w(uses(some, mix), some)
    by_circuit = line_powers_w(uses(some, played(0.33 / busy_s), counts), some)

    assert by_circuit == pytest.approx(by_mix, rel=1e-9, abs=0)


def test_circuits_side_by_side_add_up() -> None:
    """Two circuits heat as much together as each alone."""
    names = ("a", "b")
    counts = {"a": counted(sx_0=3), "b": counted(sx_0=1, cx_0_1=1)}
    both = Workload(
        format="qtregress/workload@1",
        circuits=tuple(
            Circuit(name=name, qasm="OPENQASM 2.0;", repetition_rate_hz=1e5) for name in names
        ),
    )
    alone = [line_powers_w(uses(GATES, played(1e5, name), counts), GATES)["d0"] for name in names]

    assert line_powers_w(uses(GATES, both, counts), GATES)["d0"] == pytest.approx(
        sum(alone), rel=1e-6, abs=0
    )


def test_a_rate_that_does_not_fit_is_refused_and_the_named_one_fits() -> None:
    """A repetition cannot start before the one before it has ended."""
    counts = {"c": counted(length_s=4e-6, sx_0=1)}
    with pytest.raises(InputError, match="must be at most 250000, since one repetition takes"):
        uses(GATES, played(250_001.0), counts)

    assert uses(GATES, played(250_000.0), counts)[0].busy_fraction == pytest.approx(
        0.005, rel=1e-6, abs=0
    )


def test_gates_without_known_heat_take_their_time_too() -> None:
    """A measurement whose heat is not known still keeps a qubit from playing something else."""
    counts = {"c": counted(length_s=0.5e-6, measure_0=1)}

    assert unknown_heat(GATES, counts) == ("measure:0",)
    with pytest.raises(InputError, match=r"rates 1\.5 times lower would fit"):
        uses(GATES, played(1.5e6), counts)


def test_a_line_that_a_neighbour_heats_is_busy_as_well() -> None:
    """Gates that play on another qubit's line take that line's time."""
    loud = gate("cz", (0, 1), 300e-9, d0=1e-18, d2=1e-18)
    counts = {
        "c": CircuitCounts(
            gates={"sx:2": 2, loud.id: 3},
            duration_s={"sx:2": 20e-9, loud.id: 300e-9},
            length_s=900e-9,
            depth=4,
        )
    }

    with pytest.raises(InputError, match="keep qubit 2 busy"):
        uses([*GATES, loud], played(1e6 / 0.92), counts)


def test_qubits_that_a_circuit_leaves_alone_still_have_lines() -> None:
    """Fifty lines like the chip's three are the same number of chips whatever the circuit."""
    workload = played(1e5, lines=60)
    found = uses(GATES, workload, {"c": counted(sx_0=3)})

    assert found[2] == QubitUse(qubit=2, shares={}, busy_fraction=0.0)
    assert mean_power_w(found[2], BY_ID, "d2") == 0.0
    assert copies(found, workload) == 20.0


def test_without_a_number_of_lines_there_is_one_chip() -> None:
    """Only what is declared multiplies the chip."""
    workload = played(1e5)

    assert copies(uses(GATES, workload, {"c": counted(sx_0=1)}), workload) == 1.0


def test_a_timeline_has_no_use_of_its_own() -> None:
    """The mean over jobs would hide the worst one, so it is refused."""
    jobs = (Job(name="a", start_s=0.0, duration_s=1.0, busy_fraction=0.1),)
    with pytest.raises(InputError, match="only each of its jobs has"):
        uses(GATES, Workload(format="qtregress/workload@1", timeline=jobs))


def test_a_machine_without_cx_plays_its_own_pair_gate() -> None:
    """The usual mix counts one and a half cx; a machine of ecr plays as many of those."""
    echoes = [gate("ecr", one.qubits, one.duration_s, d0=9e-18, d1=1e-19) for one in (CX, XC)]
    usual = Workload(format="qtregress/workload@1")
    shares = uses([*SX, *echoes], usual)[0].shares

    assert shares == pytest.approx({"sx:0": 1.65, "ecr:0-1": 0.75, "ecr:1-0": 0.75})


# What the mix means for one line


def mixed(**gate_mix: float) -> Workload:
    """A workload that keeps half the time busy with the mix."""
    return Workload(format="qtregress/workload@1", busy_fraction=0.5, gate_mix=gate_mix)


def power_w(gates: list[GateHeat], workload: Workload, line: str) -> float:
    """Mean power on one line."""
    return line_powers_w(uses(gates, workload), gates)[line]


def test_a_line_busy_with_one_gate() -> None:
    """It gets the gate's energy per duration, times the busy fraction."""
    assert power_w(SX, mixed(sx=1.0), "d0") == pytest.approx(0.5 * 4e-19 / 20e-9, rel=1e-12, abs=0)


def test_a_mix_weighs_energies_and_durations() -> None:
    """It has the shares' energies over the shares' durations."""
    expected_w = 0.5 * (2 * 4e-19 + 9e-18) / (2 * 20e-9 + 300e-9)

    assert power_w([*SX, CX], mixed(sx=2.0, cx=1.0), "d0") == pytest.approx(
        expected_w, rel=1e-12, abs=0
    )


def test_gates_of_one_name_share_evenly() -> None:
    """Both directions of cx count half, also where one of them plays nothing."""
    expected_w = 0.5 * (9e-18 / 2) / 400e-9

    assert power_w([CX, XC], mixed(cx=1.0), "d0") == pytest.approx(expected_w, rel=1e-12, abs=0)


def test_a_mix_without_a_gate_of_the_line_is_refused() -> None:
    """A line that nothing of the mix occupies has no mean power, not a zero one."""
    with pytest.raises(InputError, match="must name a pulsed gate of qubit 0, but names swap"):
        uses(SX, mixed(swap=1.0))
