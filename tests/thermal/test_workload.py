"""The workload document."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qtregress.rb.clifford import pair_group
from qtregress.thermal.workload import DEFAULT_WORKLOAD, Circuit, Workload, job_workload


def test_the_default_workload_is_a_third_busy() -> None:
    """Nothing declared means 33 % busy on the chip's own lines."""
    assert DEFAULT_WORKLOAD.busy_fraction == 0.33
    assert DEFAULT_WORKLOAD.lines is None


def test_the_default_mix_is_one_qubits_share_of_a_clifford() -> None:
    """The default mix counts what two-qubit Cliffords play, averaged over their two qubits."""
    counts = pair_group().mean_counts()
    sx = sum(count * name.split(",").count("sx") for name, count in counts.items()) / 2

    assert DEFAULT_WORKLOAD.gate_mix == pytest.approx(
        {"sx": sx, "cx": counts["cx"]}, rel=1e-6, abs=0
    )


def test_the_default_workload_survives_json() -> None:
    """The default workload read back from its own text is the same."""
    text = DEFAULT_WORKLOAD.model_dump_json()

    assert Workload.model_validate_json(text) == DEFAULT_WORKLOAD


@pytest.mark.parametrize(
    "wrong",
    [{"busy_fraction": 1.01}, {"gate_mix": {}}, {"gate_mix": {"sx": 0.0}}, {"lines": 0}],
    ids=str,
)
def test_impossible_workloads_are_refused(wrong: dict[str, object]) -> None:
    """More than always busy, an empty mix, a share of nothing and no lines are refused."""
    document = {"format": "qtregress/workload@1", **wrong}
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Workload.model_validate(document)


def test_defaults_are_not_shared() -> None:
    """Two workloads do not share the dictionary of the default mix."""
    one, other = (Workload(format="qtregress/workload@1") for _ in range(2))

    assert one.gate_mix is not other.gate_mix


CIRCUIT = Circuit(name="one", qasm="OPENQASM 2.0;", repetition_rate_hz=1e3)


def declared(**fields: object) -> Workload:
    """A workload with those keys."""
    return Workload.model_validate({"format": "qtregress/workload@1", **fields})


def job(name: str, start_s: float, duration_s: float, **fields: object) -> dict[str, object]:
    """A job that is half busy unless it says otherwise."""
    fields = fields or {"busy_fraction": 0.5}
    return {"name": name, "start_s": start_s, "duration_s": duration_s, **fields}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"circuits": [CIRCUIT], "busy_fraction": 0.5}, "busy_fraction must be left out where cir"),
        ({"circuits": [CIRCUIT], "gate_mix": {"x": 1.0}}, "gate_mix must be left out"),
        ({"timeline": [job("a", 0.0, 1.0)], "busy_fraction": 0.5}, "left out where jobs say"),
        ({"circuits": [CIRCUIT, CIRCUIT]}, "circuits must have distinct names, but two are calle"),
        ({"timeline": [job("a", 0.0, 1.0), job("a", 1.0, 1.0)]}, "two are called a"),
        ({"timeline": [job("a", 0.0, 2.0), job("b", 1.0, 2.0)]}, "but b starts at 1 s, before a"),
        ({"timeline": [job("b", 1.0, 2.0), job("a", 0.0, 2.0)]}, "but b starts at 1 s, before a"),
        ({"timeline": [job("a", 0.0, 1.0, circuit="x")]}, "job a must be one of none, but is x"),
        (
            {"timeline": [job("a", 0.0, 1.0)], "circuits": [CIRCUIT]},
            "every circuit must be played by a job of the timeline, but one is not",
        ),
        ({"timeline": [job("a", 0.0, 1.0, circuit="x", busy_fraction=0.1)]}, "but a has both"),
        ({"timeline": [job("a", 0.0, 1.0, gate_mix={"x": 1.0})]}, "but a has neither"),
        (
            {"timeline": [job("a", 0.0, 1.0, circuit="one", gate_mix={"x": 1.0})]},
            "gate_mix must go with busy_fraction, but a plays a circuit",
        ),
        ({"timeline": [job("a", 0.0, 0.0)]}, "duration_s"),
        ({"timeline": [job("a", 0.0, 1e-300)]}, "duration_s of job a must be at least 0.001"),
        ({"timeline": [job("a", 0.0, 1e308)]}, "duration_s"),
        ({"timeline": [job("a", 1.1e9, 1.0)]}, "start_s"),
        ({"timeline": [job("a", 0.0, 1.0)], "repeat_every_s": 1.1e9}, "repeat_every_s"),
        ({"gate_mix": {"sx": 1e308, "x": 1e308}}, "gate_mix.sx"),
        ({"gate_mix": {"sx": 1.0, "x": 1e-7}}, "gate_mix.x"),
        ({"timeline": [job("a", 0.0, 1.0, busy_fraction=0.1, gate_mix={"x": 1e7})]}, "gate_mix.x"),
        ({"circuits": [{**CIRCUIT.model_dump(), "repetition_rate_hz": 1e-300}]}, "repetition_rat"),
        ({"timeline": [job("a", -1.0, 2.0)]}, "start_s"),
        ({"repeat_every_s": 5.0}, "repeat_every_s must go with a timeline"),
        ({"timeline": [job("a", 3.0, 4.0)], "repeat_every_s": 5.0}, "must be at least 7, where"),
        ({"gates_in_a_row": 0}, "gates_in_a_row"),
        ({"circuits": [{**CIRCUIT.model_dump(), "qasm": "x" * 200_001}]}, "qasm"),
        ({"circuits": [{**CIRCUIT.model_dump(), "repetition_rate_hz": 0.0}]}, "repetition_rate_hz"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_workloads_that_say_two_things_or_none_are_refused(
    wrong: dict[str, object], sentence: str
) -> None:
    """Contradictions, overlaps and unknown names are refused in a sentence that names them."""
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        declared(**wrong)


def test_a_job_may_start_where_another_ends_but_for_rounding() -> None:
    """0.1 s + 0.2 s ends a little after 0.3 s and overlaps nothing."""
    found = declared(timeline=[job("b", 0.3, 1.0), job("a", 0.1, 0.2)])

    assert [one.name for one in found.jobs] == ["a", "b"]
    assert found.span_s == 1.3


def test_a_repeated_timeline_spans_its_period() -> None:
    """Rest after the last job belongs to a timeline that starts anew."""
    assert declared(timeline=[job("a", 0.0, 1.0)], repeat_every_s=9.0).span_s == 9.0


@given(
    st.lists(st.tuples(st.floats(0.0, 1e4), st.floats(1e-3, 1e4), st.booleans()), max_size=5),
    st.integers(1, 10_000),
)
def test_every_workload_survives_json(
    lengths: list[tuple[float, float, bool]], in_a_row: int
) -> None:
    """A workload read back from its own text is the same, defaults written out or not."""
    now_s, jobs = 0.0, []
    for number, (rest_s, duration_s, plays) in enumerate(lengths):
        what: dict[str, object] = {"circuit": "one"} if plays else {"busy_fraction": 0.1}
        jobs.append(job(f"j{number}", now_s + rest_s, duration_s, **what))
        now_s += rest_s + duration_s
    needed = any(plays for *_, plays in lengths) or not lengths
    found = declared(timeline=jobs, circuits=[CIRCUIT] if needed else [], gates_in_a_row=in_a_row)

    for text in (found.model_dump_json(), found.model_dump_json(exclude_defaults=True)):
        plain = json.loads(text) | {"format": "qtregress/workload@1"}
        assert Workload.model_validate_json(json.dumps(plain)) == found


def test_a_job_alone_is_a_workload_that_never_changes() -> None:
    """A job keeps the workload's lines and rows, and its mix where it has none of its own."""
    whole = declared(
        timeline=[
            job("own", 0.0, 1.0, busy_fraction=0.0, gate_mix={"x": 1.0}),
            job("shared", 1.0, 1.0, busy_fraction=0.7),
            job("circuit", 2.0, 1.0, circuit="one"),
        ],
        circuits=[CIRCUIT],
        gate_mix={"cx": 2.0},
        lines=50,
        gates_in_a_row=7,
    )
    own, shared, circuit = (job_workload(whole, one) for one in whole.jobs)

    assert (own.busy_fraction, own.gate_mix) == (0.0, {"x": 1.0})
    assert (shared.busy_fraction, shared.gate_mix) == (0.7, {"cx": 2.0})
    assert (circuit.circuits, circuit.timeline) == ((CIRCUIT,), ())
    assert {(one.lines, one.gates_in_a_row) for one in (own, shared, circuit)} == {(50, 7)}
    assert all(Workload.model_validate(one.model_dump()) == one for one in (own, shared, circuit))
