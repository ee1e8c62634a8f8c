"""``qtregress chip fit-drive``: lines calibrated on a profile, and a record of how well."""

import shutil
from pathlib import Path

import pytest

from qtregress.chip.chip import Chip
from qtregress.cli.main import main
from qtregress.files.documents import dump, load
from qtregress.identity import digest
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
OLD, CHIP = "device/old.yaml", "device/chip.yaml"
ONE = small.small(0)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """The status of fitting a bare chip of one qubit, and the folder it was done in."""
    folder = tmp_path_factory.mktemp("fit")
    small.write_device(folder, ONE)
    bare = ONE.chip.model_copy(update={"fit": None})
    (folder / CHIP).write_text(dump(bare), encoding="utf-8")
    options = ["--output", str(folder / "fitted.yaml"), "--jobs", "1", "--quiet"]
    status = main(["chip", "fit-drive", str(folder / CHIP), str(folder / OLD), *options])
    return status, folder


@pytest.fixture
def own(fitted: tuple[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder to stand in."""
    shutil.copytree(fitted[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def result(folder: Path) -> Chip:
    """The chip that was written."""
    return load(folder / "fitted.yaml", Chip).value


def test_fitting_succeeds(fitted: tuple[int, Path]) -> None:
    """It judges nothing, so it ends 0."""
    assert fitted[0] == 0


def test_every_gate_is_fitted(fitted: tuple[int, Path]) -> None:
    """The model reaches all gates of a real qubit."""
    fit = result(fitted[1]).fit
    assert fit is not None

    assert {row.gate: row.status for row in fit.gates} == dict.fromkeys(
        ("id:0", "sx:0", "x:0"), "fitted"
    )


def test_the_fit_names_its_profile(fitted: tuple[int, Path]) -> None:
    """Whoever checks later can see on which release the lines were calibrated."""
    fit = result(fitted[1]).fit
    assert fit is not None

    assert (fit.profile, fit.firmware) == (digest(ONE.profile), ONE.profile.firmware)


def test_residuals_are_small(fitted: tuple[int, Path]) -> None:
    """Six numbers describe two gates to a millionth."""
    fit = result(fitted[1]).fit
    assert fit is not None

    assert max(row.residual for row in fit.gates) < 1e-6


def test_with_an_output_the_chip_stays(fitted: tuple[int, Path]) -> None:
    """Only the new file is written."""
    assert load(fitted[1] / CHIP, Chip).value.fit is None


def test_without_an_output_the_chip_is_rewritten(own: Path) -> None:
    """In place."""
    main(["chip", "fit-drive", CHIP, OLD, "--jobs", "1", "--quiet"])

    assert load(CHIP, Chip).value == result(own)


@pytest.mark.usefixtures("own")
def test_residuals_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A table of gates, and where it was written."""
    main(["chip", "fit-drive", CHIP, OLD, "--jobs", "1", "-o", "shown.yaml"])

    assert "wrote shown.yaml: 3 gates, 0 unfitted" in capsys.readouterr().out


@pytest.mark.usefixtures("own")
def test_gates_out_of_reach_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Two amplitudes of one gate that no line explains leave it unfitted."""
    wrong = small.louder(ONE.profile, 0.2, "d0", gates="id:0")
    loud = wrong.by_id["x:0"].model_copy(update={"name": "id"})
    gates = [loud if gate.id == "id:0" else gate for gate in wrong.gates]
    Path(OLD).write_text(dump(small.checked(wrong, gates=tuple(gates))), encoding="utf-8")
    main(["chip", "fit-drive", CHIP, OLD, "--jobs", "1", "-o", "shown.yaml"])

    assert "undecided in every check: id:0" in capsys.readouterr().out


def test_another_device_is_refused(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines are calibrated on their own device's table."""
    other = small.checked(ONE.profile, device="ibm_manila")
    (own / "other.yaml").write_text(dump(other), encoding="utf-8")
    status = main(["chip", "fit-drive", CHIP, "other.yaml", "--quiet"])

    assert (status, capsys.readouterr().err) == (
        13,
        (
            "qtregress: other.yaml: device must be ibm_lima as in device/chip.yaml, "
            "but is ibm_manila\n"
        ),
    )
