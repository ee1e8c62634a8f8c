"""Measured errors, from four formats."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.errors import InputError
from qtregress.files.documents import dump, load_any
from qtregress.files.measured import (
    MeasuredDocument,
    MeasuredResults,
    SurvivalRow,
    read_measured,
    survival_error,
)
from qtregress.metrics.skill import MeasuredValue

LENGTHS = (1, 10, 30, 60, 100, 200, 400, 800)
DATE = "2026-08-13"
QIBOCAL = "qibolab/qw5q_platinum_2026-08-13_calibration.json"


def own(*rows: dict[str, Any]) -> dict[str, Any]:
    """A document of this tool's own format."""
    return {"format": "qtregress/measured@1", "device": "lab", "rows": list(rows)}


def gate_row(**changes: object) -> dict[str, Any]:
    """A gate's error."""
    row = {"kind": "gate_error", "gate": "cx:0-1", "value": 0.008, "date": DATE}
    return {**row, **changes}


def survival_row(**changes: object) -> dict[str, Any]:
    """Survivals of qubit 0 with p = 0.99."""
    row = {"kind": "survival", "qubits": [0], "lengths": list(LENGTHS), "date": DATE}
    return {**row, "counts": counts(0.99), "shots": 100_000, **changes}


def counts(p: float, *, shots: int = 100_000) -> list[int]:
    """Shots that came back of 1/2 + p**m/2, without noise."""
    return [round(shots * (1 + p**m) / 2) for m in LENGTHS]


def written(folder: Path, data: object) -> Path:
    """The data as a JSON file."""
    path = folder / "measured.json"
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    return path


def values(folder: Path, data: object) -> tuple[MeasuredValue, ...]:
    """What is read of it."""
    return read_measured(str(written(folder, data))).values


def complaint(folder: Path, data: object) -> str:
    """Why it is refused."""
    with pytest.raises(InputError, match=r"measured\.json") as caught:
        read_measured(str(written(folder, data)))
    return str(caught.value).replace(str(folder), "")


# This tool's own document


def test_a_gate_error_is_read(tmp_path: Path) -> None:
    """Value, uncertainty, date and source travel along."""
    (found,) = values(tmp_path, own(gate_row(uncertainty=2e-4, source="notebook 7")))

    assert found == MeasuredValue(
        metric="gate.error",
        subject="cx:0-1",
        value=0.008,
        uncertainty=2e-4,
        date=DATE,
        source="notebook 7",
    )


@pytest.mark.physics
@pytest.mark.parametrize(("qubits", "factor"), [([3], 2 / 3), ([1, 0], 4 / 5)])
def test_entanglement_infidelity_is_converted(
    tmp_path: Path, qubits: list[int], factor: float
) -> None:
    """In pyGSTi r = (d^2 - 1)/d^2 (1 - p) is (d + 1)/d times the average error."""
    row = {"kind": "rb_epc", "qubits": qubits, "value": 0.01, "uncertainty": 0.001}
    (found,) = values(tmp_path, own({**row, "convention": "entanglement", "date": DATE}))

    assert found.value == pytest.approx(0.01 * factor)
    assert found.uncertainty == pytest.approx(0.001 * factor)
    assert found.subject == "-".join(map(str, sorted(qubits)))


@pytest.mark.physics
@pytest.mark.parametrize("p", [0.9, 0.99, 0.998])
def test_counts_give_the_error_per_clifford(tmp_path: Path, p: float) -> None:
    """It is (1 - p)/2 on one qubit."""
    (found,) = values(tmp_path, own(survival_row(counts=counts(p))))

    assert found.metric == "rb.epc"
    assert found.value == pytest.approx((1 - p) / 2, rel=2e-3)
    assert found.value is not None
    assert found.uncertainty is not None
    assert 0 < found.uncertainty < found.value / 10


@pytest.mark.physics
def test_survivals_of_a_pair_use_its_dimension(tmp_path: Path) -> None:
    """It is 3 (1 - p)/4 on two qubits."""
    survivals = [0.25 + 0.7 * 0.95**m for m in LENGTHS]
    row = survival_row(
        qubits=[0, 1], counts=None, shots=None, survivals=survivals, survival_errors=[1e-4] * 8
    )
    (found,) = values(tmp_path, own(row))

    assert found.value == pytest.approx(0.75 * 0.05, rel=1e-4)


def test_survivals_without_a_decay_are_no_error(tmp_path: Path) -> None:
    """A flat line is never an error of zero; the fit's status says so."""
    (found,) = values(tmp_path, own(survival_row(counts=[50_000] * len(LENGTHS))))

    assert found.value is None
    assert found.why.startswith("its decay is constant: The survivals do not change")


@given(st.integers(0, 2**32 - 1))
def test_binomial_counts_are_believed_within_their_error(seed: int) -> None:
    """The stated uncertainty covers the truth (five standard deviations)."""
    shares = (1 + 0.98 ** np.array(LENGTHS)) / 2
    drawn = np.random.default_rng(seed).binomial(2000, shares).tolist()
    row = SurvivalRow.model_validate(survival_row(counts=drawn, shots=2000))
    found = survival_error(row)

    if found.value is not None and found.uncertainty is not None:
        assert abs(found.value - 0.01) < 5 * found.uncertainty
    else:
        assert found.why


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lengths": [1, 2, 3]}, "lengths must be at least 4 different ones, but are 3"),
        ({"survivals": [0.5] * 8}, "either survivals or counts must be given"),
        ({"shots": None}, "shots must be given, or survival_errors beside survivals"),
        ({"counts": [1] * 7}, "counts must have 8 entries, but has 7"),
        ({"shots": 10}, "counts must be at most 10 shots, but one is"),
        ({"date": None}, "rows[0].date must be text, but is null"),
        ({"date": "soon"}, "rows[0].date must match"),
        ({"shot": 1}, "rows[0].shot is not a known key; did you mean shots?"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    """File, line and column, and what is wrong."""
    found = complaint(tmp_path, own(survival_row(**changes)))

    assert words in found
    assert "/measured.json:" in found


def test_the_document_is_a_kind_of_its_own(tmp_path: Path) -> None:
    """``validate`` knows it, in YAML too."""
    document = MeasuredDocument.model_validate_json(json.dumps(own(gate_row(), survival_row())))
    path = tmp_path / "measured.yaml"
    path.write_text(dump(document), encoding="utf-8")

    assert load_any(path).kind == "measured"
    assert read_measured(str(path)).device == "lab"


# IBM


@pytest.fixture
def lima(root: Path) -> MeasuredResults:
    """A real dump's properties."""
    return read_measured(
        str(root / "tests/fixtures/ibm/lima_2021-03-14/props_lima.json"),
    )


def test_ibm_properties_are_recognised(lima: MeasuredResults) -> None:
    """The device has the name that the importer gives it; rz and id have no pulse."""
    assert lima.device == "ibm_lima"
    assert {value.subject.partition(":")[0] for value in lima.values} == {"sx", "x", "cx"}


def test_ibm_errors_keep_their_own_dates(lima: MeasuredResults) -> None:
    """A gate may be older than the file."""
    (found,) = [value for value in lima.values if value.subject == "sx:0"]

    assert (found.value, found.date) == (0.00019689650905678295, "2021-03-14T00:24:33-05:00")


def test_a_placeholder_is_no_error(tmp_path: Path) -> None:
    """IBM writes 1.0 for a gate that nobody calibrated."""
    parameter = {"name": "gate_error", "value": 1.0, "unit": "", "date": DATE}
    gates = [{"gate": "cx", "qubits": [0, 1], "parameters": [parameter]}]
    (found,) = values(tmp_path, {"last_update_date": DATE, "qubits": [[]], "gates": gates})

    assert found.value is None
    assert "placeholder" in found.why


# Qiskit Experiments


def result(name: str, value: object, *qubits: str, **more: object) -> dict[str, Any]:
    """One analysis result."""
    return {"name": name, "value": value, "device_components": list(qubits), **more}


def encoded(value: float, error: float) -> dict[str, Any]:
    """An uncertain number as the library's encoder writes it."""
    settings = {"value": value, "std_dev": error, "tag": None}
    return {"__type__": "object", "__value__": {"class": {}, "settings": settings}}


@pytest.mark.parametrize(
    "value",
    [
        encoded(1.2e-3, 1e-4),
        {"value": 1.2e-3, "stderr": 1e-4, "unit": None},
        "0.0012+/-0.0001",
        "(1.2+/-0.1)e-03",
        "(1.2\u00b10.1)e-3",
    ],
)
def test_every_form_of_an_uncertain_number(tmp_path: Path, value: object) -> None:
    """Encoder, old FitVal and printed text say the same."""
    (found,) = values(tmp_path, [result("EPC", value, "Q3", run_time="2025-02-01 10:00:00")])

    assert (found.metric, found.subject, found.date) == ("rb.epc", "3", "2025-02-01 10:00:00")
    assert found.value == pytest.approx(1.2e-3)
    assert found.uncertainty == pytest.approx(1e-4)


def test_errors_per_gate_are_gate_errors(tmp_path: Path) -> None:
    """EPG_cx of Q1 and Q0 is that of cx:1-0; alpha is only what EPC was made of."""
    rows = [
        result("alpha", 0.99, "Q1", "Q0"),
        result("EPC", 7.5e-3, "Q1", "Q0"),
        result("EPG_cx", 5e-3, "Q1", "Q0"),
        result("EPG_rz", 0.0, "Q1"),
    ]
    found = read_measured(str(written(tmp_path, {"analysis_results": rows})))

    assert [(v.metric, v.subject, v.value) for v in found.values] == [
        ("rb.epc", "0-1", 7.5e-3),
        ("gate.error", "cx:1-0", 5e-3),
    ]
    assert found.remarks == (
        "2 results are no EPC or EPG of standard benchmarking, or of no pulse",
    )


def test_the_result_table_of_the_encoder(tmp_path: Path) -> None:
    """Rows by id inside an object's settings, with qubits as objects."""
    qubit = {"__type__": "object", "__value__": {"settings": {"index": 2}}}
    row = {"name": "EPG_sx", "components": [qubit], "value": encoded(3e-4, 1e-5)}
    table = {"class": "AnalysisResultTable", "data": {"7a1b": row}}
    (found,) = values(tmp_path, {"__type__": "object", "__value__": {"settings": table}})

    assert (found.subject, found.value, found.uncertainty) == ("sx:2", 3e-4, 1e-5)


def test_a_database_record_has_a_variance(tmp_path: Path) -> None:
    """Its standard deviation is the root."""
    row = {"result_type": "EPC", "device_components": ["Q0"]}
    data = {"value": 1e-3, "variance": 4e-10}
    (found,) = values(tmp_path, [{**row, "result_data": data}])

    assert found.uncertainty == pytest.approx(2e-5)


def test_a_bad_fit_has_no_value(tmp_path: Path) -> None:
    """What its own analysis calls bad is not believed."""
    (found,) = values(tmp_path, [result("EPC", 1e-3, "Q0", quality="bad")])

    assert (found.value, found.why) == (None, "its own analysis calls it bad")


@pytest.mark.parametrize(
    "sign", [{"experiment": "InterleavedRB"}, {"extra": {"EPC_systematic_err": 1e-4}}]
)
def test_an_interleaved_epc_is_not_that_of_a_clifford(tmp_path: Path, sign: dict[str, Any]) -> None:
    """The same name means the error of a gate there, and no result says which."""
    row = result("EPC", 1e-3, "Q0", **sign)

    assert "holds none" in complaint(tmp_path, [row])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (result("EPC", 1e-3, "R0"), "device_components must be qubits"),
        (result("EPC", "good", "Q0"), "value must be a number"),
        (result("EPC", None, "Q0"), "value must be a number"),
        ({"name": "EPC", "value": 1e-3}, "device_components must be qubits"),
    ],
)
def test_a_result_that_cannot_be_used_has_a_place(
    tmp_path: Path, row: dict[str, Any], words: str
) -> None:
    """File, line and column."""
    found = complaint(tmp_path, [result("alpha", 0.99, "Q0"), row])

    assert words in found
    assert int(found.split(":")[1]) > 5


def test_a_number_too_long_for_a_float_is_refused(tmp_path: Path) -> None:
    """It is JSON all the same, and must not end the program."""
    assert "value must be a number" in complaint(tmp_path, [result("EPC", 10**400, "Q0")])


# Qibolab


def test_qibocal_fidelities_are_of_cliffords(root: Path) -> None:
    """A real calibration: 1 - rb_fidelity with its error; zero and null are not measured."""
    found = read_measured(str(root / "tests/fixtures" / QIBOCAL))

    assert [value.subject for value in found.values] == ["0", "1", "2", "3"]
    assert found.values[0].value == pytest.approx(1 - 0.9977626330151397)
    assert found.values[0].uncertainty == pytest.approx(0.0001812299231937604)
    assert {value.date for value in found.values} == {None}
    assert found.remarks[2] == "5 fidelities are 0 or null, which stands for not measured"


def test_an_interleaved_fidelity_is_the_gates(tmp_path: Path) -> None:
    """cz_fidelity is a ratio of fidelities, 1 minus it the error of the cz."""
    pair = {"rb_fidelity": [0.97, 0.001], "cz_fidelity": [0.99, None], "coupling": None}
    found = values(tmp_path, {"single_qubits": {}, "two_qubits": {"1-0": pair}})

    assert [(v.metric, v.subject) for v in found] == [("rb.epc", "0-1"), ("gate.error", "cz:1-0")]
    assert [v.value for v in found] == pytest.approx([0.03, 0.01])


def test_the_older_characterization_is_read(tmp_path: Path) -> None:
    """Qibolab 0.1 kept bare numbers inside its parameters."""
    data = {"single_qubit": {"0": {"gate_fidelity": 0.998}, "1": {"gate_fidelity": 0.0}}}
    (found,) = values(tmp_path, {"native_gates": {}, "characterization": data})

    assert found.value == pytest.approx(0.002)


@pytest.mark.parametrize(
    ("fidelity", "words"),
    [(1.2, "0: rb_fidelity must be from 0 to 1, but is 1.2"), ("x", "but is 'x'")],
)
def test_an_impossible_fidelity_is_refused(tmp_path: Path, fidelity: object, words: str) -> None:
    """It is a defect of the file, no error below zero."""
    assert words in complaint(tmp_path, {"single_qubits": {"0": {"rb_fidelity": [fidelity, 0]}}})


# Any


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        5,
        {"native_gates": {}, "configs": {}, "settings": {}},
        [{"x": 1}],
        {"single_qubits": []},
    ],
)
def test_an_unknown_file_is_refused(tmp_path: Path, data: object) -> None:
    """The sentence says what would do."""
    assert "must be qtregress/measured@1, an IBM backend's" in complaint(tmp_path, data)


def test_another_document_is_refused(tmp_path: Path) -> None:
    """By its format."""
    words = "format must be qtregress/measured@1, but is 'qtregress/chip@1'"

    assert words in complaint(tmp_path, {"format": "qtregress/chip@1"})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("Q01-", max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ("name", "value", "device_components", "single_qubits", "two_qubits", "rb_fidelity",
             "0", "0-1", "result_data", "variance", "__value__", "settings", "data", "EPC")
        ),
        inner | st.just("EPC"),
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_anything_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: object
) -> None:
    """No JSON text ends in anything but values or a sentence, and no value is out of range."""
    path = written(tmp_path_factory.mktemp("any"), data)
    try:
        found = read_measured(str(path)).values
    except InputError:
        return
    assert all(one.value is None or 0 < one.value < 0.5 for one in found)
