"""``qtregress canary``: two releases' noise on circuits, side by side."""

import json
from pathlib import Path
from typing import Any

import pytest

from qtregress.cli.main import main
from qtregress.files.documents import dump
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
OLD = "device/old.yaml"
ONE = small.small(0)
FLIP = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; x q; c = measure q;'


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands beside a device of one qubit, a louder release and a circuit."""
    small.write_device(tmp_path, ONE)
    louder = small.louder(ONE.profile, 0.05, "d0", gates="x:0")
    (tmp_path / "new.yaml").write_text(dump(louder), encoding="utf-8")
    (tmp_path / "circuits").mkdir()
    (tmp_path / "circuits" / "flip.qasm").write_text(FLIP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    return tmp_path


def canary(*options: str, new: str = "new.yaml", circuits: str = "circuits") -> int:
    """The status of playing the circuits on one process."""
    return main(
        [
            *("canary", OLD, new, "--chip", "device/chip.yaml"),
            *("--circuits", circuits, "--jobs", "1", *options),
        ]
    )


def flip(folder: Path, *options: str, new: str = "new.yaml") -> Any:
    """What the document says of the circuit."""
    assert canary("--quiet", "--json", "canary.json", *options, new=new) == 0
    document = json.loads((folder / "canary.json").read_text(encoding="utf-8"))
    assert document["format"] == "qtregress/canary@1"
    (circuit,) = document["circuits"]
    return circuit


def test_a_worse_release_plays_worse_and_costs_more(tmp_path: Path) -> None:
    """An x five percent too loud misses by sin(0.05 pi/2)^2 and costs 1.05^2 as much.

    The line's fitted compression takes a part of it.
    """
    circuit = flip(tmp_path, "--shots", "500", "--seed", "1")
    old, new = circuit["old"], circuit["new"]
    missed = old["success_probability"] - new["success_probability"]
    energies = [side["cost"]["chip_energy_j"]["d0"] for side in (old, new)]

    assert circuit["ideal"] == {"1": 1.0}
    assert missed == pytest.approx(0.00616, rel=0.1)
    assert new["hellinger_fidelity"] == pytest.approx(new["success_probability"])
    assert circuit["hellinger_old_new"] < 1
    assert energies[1] / energies[0] == pytest.approx(1.05**2, rel=5e-3)
    assert sum(new["counts"].values()) == 500


def test_the_same_release_plays_alike(tmp_path: Path) -> None:
    """To the bit, also at load."""
    circuit = flip(tmp_path, "--at-load", new=OLD)

    assert circuit["old"] == circuit["new"]
    assert circuit["hellinger_old_new"] == pytest.approx(1)


def test_baths_at_load_are_not_those_of_the_calibration(tmp_path: Path) -> None:
    """An excited qubit knows the difference."""
    cold, warm = (flip(tmp_path, *options)["old"] for options in ([], ["--at-load"]))

    assert warm["success_probability"] < cold["success_probability"]


def test_a_gate_that_is_not_simulated_is_no_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The circuit's numbers are missing and the table says why."""
    chip = ONE.chip.model_copy(update={"fit": None})
    (tmp_path / "device" / "chip.yaml").write_text(dump(chip), encoding="utf-8")
    circuit = flip(tmp_path)

    assert circuit["old"]["status"] == "undecided"
    assert circuit["old"]["success_probability"] is None
    assert canary("--quiet") == 0
    assert canary() == 0
    assert "flip, old: not known, because it plays x:0" in capsys.readouterr().out


def test_the_table_has_both_releases(capsys: pytest.CaptureFixture[str]) -> None:
    """Two rows a circuit."""
    assert canary() == 0

    out = capsys.readouterr().out
    assert "flip" in out
    assert "Nothing is judged here" in out


def test_standard_output_is_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json - a program can read it."""
    assert canary("--json", "-") == 0

    assert json.loads(capsys.readouterr().out)["device"] == "ibm_lima"


@pytest.mark.parametrize(
    ("files", "circuits", "why"),
    [
        ({}, "nowhere.qasm", "nowhere.qasm: does not exist"),
        ({"empty/notes.txt": "x"}, "empty", "empty: must hold circuits (*.qasm), but has none"),
        ({"a.qasm": "hello;"}, "a.qasm", "circuit a: line 1: the circuit must start with OPENQASM"),
        (
            {"a.qasm": FLIP.replace("c = measure q;", "")},
            "a.qasm",
            "circuit a: must measure at least one qubit, but measures none.",
        ),
        ({"a.qasm": FLIP.replace("qubit q", "qubit[2] q")}, "a.qasm", "at most 1 qubits"),
        ({"a.qasm": "OPENQASM 2.0;" + " " * 200_001}, "a.qasm", "at most 200000 characters"),
    ],
    ids=["missing", "empty folder", "no circuit", "no measurement", "too wide", "too long"],
)
def test_circuits_that_cannot_be_played_are_bad_input(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    circuits: str,
    why: str,
) -> None:
    """A sentence and 13, before anything is simulated."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert canary(circuits=circuits) == 13
    assert why in capsys.readouterr().err


def test_two_circuits_of_one_name_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their results could not be told apart."""
    (tmp_path / "flip.qasm").write_text(FLIP, encoding="utf-8")

    assert canary("--circuits", "flip.qasm") == 13
    assert "two are called flip" in capsys.readouterr().err


def test_releases_of_another_grid_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The chip's lines were fitted on OLD's."""
    (tmp_path / "new.yaml").write_text(
        dump(small.checked(ONE.profile, dt_ns=1.0)), encoding="utf-8"
    )

    assert canary() == 13
    assert "dt_ns must be" in capsys.readouterr().err


def test_a_report_must_not_replace_a_circuit(capsys: pytest.CaptureFixture[str]) -> None:
    """It would be gone before it was read."""
    assert canary("--json", "circuits/flip.qasm") == 2
    assert "must not replace an input" in capsys.readouterr().err
