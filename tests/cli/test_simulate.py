"""``qtregress simulate``: one profile's numbers, for people and for programs."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from qtregress.cli.main import main
from qtregress.cli.simulate import measured_metrics
from qtregress.files.documents import dump
from qtregress.metrics.metric import MetricsDocument
from qtregress.rb.decay import DecayFit
from qtregress.rb.sampled import SampledDecay
from qtregress.report.metrics_table import metrics_tables, sampled_table
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
OLD = "device/old.yaml"
ONE = small.small(0)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands beside a device of one qubit."""
    small.write_device(tmp_path, ONE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def simulate(*options: str) -> int:
    """The status of simulating the device on one process."""
    return main(["simulate", OLD, "--jobs", "1", *options])


@pytest.fixture
def document(tmp_path: Path) -> str:
    """The text of the metrics document."""
    simulate("--quiet", "--json", "metrics.json")
    return (tmp_path / "metrics.json").read_text(encoding="utf-8")


def test_the_document_is_valid(document: str) -> None:
    """It reads back as qtregress/metrics@1 and holds what was measured."""
    assert MetricsDocument.model_validate_json(document).metrics == small.old(0)[1]


def test_the_document_has_no_nan(document: str) -> None:
    """What is not known is null, with a reason."""
    assert json.loads(document, parse_constant=pytest.fail)


def test_the_document_names_its_inputs(document: str) -> None:
    """Paths and digests of profile and chip."""
    assert {name: given["path"] for name, given in json.loads(document)["inputs"].items()} == {
        "profile": OLD,
        "chip": "device/chip.yaml",
    }


@pytest.mark.parametrize(
    "quiet",
    [
        [],
        ["--quiet"],
    ],
)
def test_standard_output_is_json_alone(
    quiet: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With --json - a program can read it, whether or not --quiet is given."""
    simulate("--json", "-", *quiet)

    assert json.loads(capsys.readouterr().out)["format"] == "qtregress/metrics@1"


def test_sampled_benchmarking_does_not_disturb_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A second report on the same stream is refused before anything is simulated."""
    status = simulate("--json", "-", "--quiet", "--rb", "sampled", "--shots", "1")

    assert (status, capsys.readouterr().out) == (2, "")


@pytest.fixture
def maps(tmp_path: Path) -> dict[str, np.ndarray]:
    """The superoperators as anybody reads them, without pickles."""
    simulate("--quiet", "--superoperators", "maps.npz")
    with np.load(BytesIO((tmp_path / "maps.npz").read_bytes()), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def test_superoperators_are_named_by_gate_and_bath(maps: dict[str, np.ndarray]) -> None:
    """Every simulated gate, cold and at load."""
    gates = ("id:0", "sx:0", "x:0")

    assert set(maps) == {f"{gate}@{bath}" for gate in gates for bath in ("cold", "load")}


def test_superoperators_keep_the_trace(maps: dict[str, np.ndarray]) -> None:
    """Nothing is lost among all levels: vec(1)† S = vec(1)†."""
    for name, superoperator in maps.items():
        n = round(len(superoperator) ** 0.5)
        trace = np.eye(n).reshape(-1)
        assert np.allclose(trace @ superoperator, trace, atol=1e-12), name


def test_superoperators_are_those_that_were_measured(maps: dict[str, np.ndarray]) -> None:
    """To the bit."""
    channel = small.old(0)[0].channels["x:0"]

    assert np.array_equal(maps["x:0@cold"], channel.superoperator)
    assert channel.at_load is not None
    assert np.array_equal(maps["x:0@load"], channel.at_load)


def test_the_table_shows_gates_qubits_and_stages(capsys: pytest.CaptureFixture[str]) -> None:
    """A table a kind of subject, a row a subject."""
    simulate()
    first = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()}

    assert first == {
        *("gate", "id:0", "sx:0", "x:0", "measure:0"),
        *("qubits", "qubit", "0"),
        *("line", "d0", "m0"),
        *("stage", "50k", "4k", "still", "cp", "mxc"),
    }


def test_tables_of_a_pair_list_single_qubits_first() -> None:
    """One qubit before two, then by name."""
    metrics = [
        metric.model_copy(update={"id": f"rb.epc/{subject}", "subject": subject})
        for metric in small.old(0)[1]
        if metric.metric == "rb.epc"
        for subject in ("0-1", "1", "0")
    ]
    _, qubits, *_ = metrics_tables(metrics)

    assert list(qubits.columns[0].cells) == ["0", "1", "0-1"]


def test_sampled_benchmarking_is_shown_beside_the_exact_answer() -> None:
    """With its interval where it has one, else with the reason why not."""
    (subject, exact), *_ = small.old(0)[0].decays.items()
    fit = DecayFit(status="ok", advice="")
    good = SampledDecay(
        lengths=(1,),
        survivals=((1.0,),),
        fit=fit,
        epc=2e-4,
        interval=(1e-4, 3e-4),
        status="ok",
        advice="",
    )
    bad = replace(good, epc=None, interval=None, status="constant", advice="take more sequences")
    columns = sampled_table({subject: good}, {subject: exact}).columns
    others = sampled_table({subject: bad}, {subject: exact}).columns

    assert [next(iter(column.cells)) for column in (*columns[2:], *others[3:])] == [
        *("0.0002", "0.0001 to 0.0003", "ok", "", "take more sequences"),
    ]


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is enough."""
    status = simulate("--quiet")

    assert (status, capsys.readouterr().out) == (0, "")


def test_convergence_is_a_table_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """After the metrics, a row a simulated gate; asked for, it is shown even when quiet."""
    simulate("--convergence")
    both = capsys.readouterr().out
    status = simulate("--convergence", "--quiet")
    alone = capsys.readouterr().out

    assert status == 0
    assert both.endswith(alone)
    assert len(both) > len(alone)
    assert [line.split()[0] for line in alone.splitlines()[2:5]] == ["id:0", "sx:0", "x:0"]


def test_convergence_does_not_disturb_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Two reports on one stream are refused before anything is simulated."""
    status = simulate("--json", "-", "--quiet", "--convergence")

    assert (status, capsys.readouterr().out) == (2, "")


def test_another_device_s_chip_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is simulated."""
    other = ONE.chip.model_copy(update={"device": "ibm_manila"})
    (tmp_path / "other.yaml").write_text(dump(other), encoding="utf-8")
    status = simulate("--chip", "other.yaml")

    assert (status, capsys.readouterr().err) == (
        13,
        (
            "qtregress: device/old.yaml:2: device must be ibm_manila as in other.yaml, "
            "but is ibm_lima\n"
        ),
    )


def test_an_undecided_gate_is_no_error(tmp_path: Path) -> None:
    """A gate without a model is listed as undecided, and simulate has done its work."""
    unfitted = ONE.chip.model_copy(update={"fit": None})
    (tmp_path / "device" / "chip.yaml").write_text(dump(unfitted), encoding="utf-8")
    run = measured_metrics(OLD, None, None, 1, quiet=True)

    assert {m.value for m in run.metrics if m.metric == "gate.error"} == {None}


def test_a_run_knows_its_inputs() -> None:
    """Digests of what was measured, as a baseline records them."""
    run = measured_metrics(OLD, "device/chip.yaml", None, 1, quiet=True)

    assert (run.profile.value, run.chip.value) == (ONE.profile, ONE.chip)


def test_a_cryostat_that_nobody_knows_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A chip in no known fridge is bad input, not a fridge without load."""
    lost = ONE.chip.model_copy(update={"cryostat": "bucket"})
    (tmp_path / "device" / "chip.yaml").write_text(dump(lost), encoding="utf-8")
    status = simulate("--quiet")

    assert (status, "but is bucket" in capsys.readouterr().err) == (13, True)
