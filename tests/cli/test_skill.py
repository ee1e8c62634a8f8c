"""``qtregress skill``: the command."""

import json
from pathlib import Path

import pytest

from qtregress.cli.main import main
from qtregress.files.documents import dump
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
ONE = small.small(0)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands beside a device of one qubit."""
    small.write_device(tmp_path, ONE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def skill(*options: str) -> int:
    """The status of the command on one process."""
    return main(["skill", "device/chip.yaml", "device/old.yaml", "--jobs", "1", *options])


def written(subject: str, device: str = "ibm_lima") -> str:
    """A file with one measured error of 1e-3; its name."""
    row = {"kind": "gate_error", "gate": subject, "value": 1e-3, "date": "2026-01-02"}
    data = {"format": "qtregress/measured@1", "device": device, "rows": [row]}
    Path("measured.json").write_text(json.dumps(data), encoding="utf-8")
    return "measured.json"


def test_the_chip_alone_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    """It carries what IBM reported on the day of its calibration."""
    status = skill()
    out = capsys.readouterr().out

    assert status == 0
    assert "100% of 1 measured error (oldest of 2021-03-14)" in out


def test_a_file_of_measurements(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what the file says is compared: sx:0 is predicted at 1.5e-4."""
    status = skill("--measured", written("sx:0"))
    out = capsys.readouterr().out

    assert status == 0
    assert "0% of 1 measured error (oldest of 2026-01-02), median ratio 0.15" in out
    assert "Measured: measured.json" in out


def test_ibm_properties_can_be_given(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the small device lacks is said, what it has is compared."""
    props = root / "tests/fixtures/ibm/lima_2021-03-15/props_lima.json"

    assert skill("--measured", str(props)) == 0
    assert "gate.error/sx:4: not compared: the profile does not predict" in capsys.readouterr().out


def test_another_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is simulated."""
    status = skill("--measured", written("sx:0", "ibm_manila"))

    assert status == 13
    assert "device must be ibm_lima as in device/chip.yaml, but is ibm_manila" in (
        capsys.readouterr().err
    )


def test_nothing_in_common_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """A table without a ratio does not end 0."""
    status = skill("--measured", written("sx:7"))

    assert status == 13
    assert "none of the measured errors could be compared" in capsys.readouterr().err


def test_a_chip_without_measurements_needs_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence says how to give one."""
    bare = ONE.chip.model_copy(update={"measured_errors": ()})
    Path("device/chip.yaml").write_text(dump(bare), encoding="utf-8")

    assert skill() == 13
    assert "carries no measured_errors; give --measured FILE" in capsys.readouterr().err
