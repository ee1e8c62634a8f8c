"""``qtregress chip fit-drive``: lines calibrated on a profile, and a record of how well."""

import shutil
from pathlib import Path

import pytest

from qtregress.chip.chip import Chip
from qtregress.chip.cryostat import cryostat_of
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


# fit-thermal

ALONE = ONE.chip.model_copy(update={"thermal_links": ()})


def thermal_table(*, load_w: list[float] | None = None) -> str:
    """Settled rows of a mixing chamber with 0.05 W/K^2 that rests at 10 mK."""
    loads = [2e-6 * k for k in range(10)] if load_w is None else load_w
    lines = ["load_w:mxc,temperature_k:mxc,pressure"]
    lines += [
        f"{w!r},{(1e-4 + w / 0.05) ** 0.5 * (1 + 0.001 * (-1) ** k)!r},1"
        for k, w in enumerate(loads)
    ]
    return "\n".join(lines)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a chip and telemetry to stand in."""
    (tmp_path / "chip.yaml").write_text(dump(ALONE), encoding="utf-8")
    (tmp_path / "fridge.csv").write_text(thermal_table(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fit_thermal(*options: str) -> int:
    """The command on that chip."""
    return main(["chip", "fit-thermal", "chip.yaml", "--telemetry", "fridge.csv", *options])


def resting_k(path: str) -> float:
    """Where the mixing chamber of a chip file rests."""
    (mxc,) = [one for one in cryostat_of(load(path, Chip).value).stages if one.name == "mxc"]
    return mxc.unloaded_k


@pytest.mark.usefixtures("lab")
def test_thermal_numbers_are_written() -> None:
    """The chip file is rewritten with what the telemetry says."""
    status = fit_thermal("--quiet")

    assert status == 0
    assert resting_k("chip.yaml") == pytest.approx(0.01, rel=0.01)


@pytest.mark.usefixtures("lab")
def test_with_an_output_the_chip_keeps_its_cryostat() -> None:
    """Only the new file is written."""
    fit_thermal("--quiet", "-o", "new.yaml")

    assert resting_k("new.yaml") == pytest.approx(0.01, rel=0.01)
    assert resting_k("chip.yaml") == 0.006


@pytest.mark.usefixtures("lab")
def test_the_report_comes_before_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """What was read, what is wrong with it, then the numbers."""
    fit_thermal()
    said = capsys.readouterr().out

    order = ("read fridge.csv: 10 rows", "'pressure' is not read", "unloaded_k:mxc", "wrote chip")
    places = [said.replace('"', "'").index(words) for words in order]
    assert places == sorted(places)


@pytest.mark.usefixtures("lab")
def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """When all is well."""
    fit_thermal("--quiet")

    assert capsys.readouterr() == ("", "")


def test_what_stays_open_is_said_aloud(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Some numbers fitted, some not: the file is written, and every open one is a complaint."""
    table = thermal_table().splitlines()
    rows = [f"{line},{0.1 if k else 'temperature_k:cp'}" for k, line in enumerate(table)]
    (lab / "fridge.csv").write_text("\n".join(rows), encoding="utf-8")
    status = fit_thermal("--quiet")
    said = capsys.readouterr().err

    assert status == 0
    assert "qtregress: kept as it was: unloaded_k:cp: undetermined: the telemetry has no" in said
    assert resting_k("chip.yaml") == pytest.approx(0.01, rel=0.01)


def test_nothing_fitted_writes_nothing(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A telemetry that determines nothing is no usable input."""
    (lab / "fridge.csv").write_text(thermal_table(load_w=[1e-5] * 10), encoding="utf-8")
    status = fit_thermal("-o", "new.yaml")

    assert (status, (lab / "new.yaml").exists()) == (13, False)
    assert "must determine at least one number" in capsys.readouterr().err


def test_unusable_telemetry_is_refused(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the file's name."""
    (lab / "fridge.csv").write_text("load_w:mxc\n1\n", encoding="utf-8")
    before = (lab / "chip.yaml").read_bytes()
    status = fit_thermal()

    assert (status, (lab / "chip.yaml").read_bytes()) == (13, before)
    assert capsys.readouterr().err.startswith("qtregress: fridge.csv: must hold at least 3 usable")


@pytest.mark.usefixtures("lab")
def test_telemetry_must_be_named() -> None:
    """There is no default to fit to by accident."""
    assert main(["chip", "fit-thermal", "chip.yaml"]) == 2


@pytest.mark.parametrize(
    "target", ["fridge.csv", "./fridge.csv", "link.csv", "baselines/ibm_lima.json"]
)
def test_what_is_needed_is_not_replaced(
    lab: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    """Neither the telemetry, by whatever name, nor an approved baseline: usage, nothing done."""
    (lab / "link.csv").symlink_to("fridge.csv")
    (lab / "baselines").mkdir()
    (lab / "baselines" / "ibm_lima.json").write_text("approved")
    before = (lab / target).read_bytes()

    assert fit_thermal("-o", target) == 2
    assert (lab / target).read_bytes() == before
    assert "a report must not" in capsys.readouterr().err


@pytest.mark.parametrize("target", [OLD, "baselines/ibm_lima.json"])
def test_fit_drive_replaces_neither_profile_nor_baseline(own: Path, target: str) -> None:
    """The table that lines are calibrated on must not become a chip file."""
    (own / "baselines").mkdir()
    (own / "baselines" / "ibm_lima.json").write_text("approved")
    before = (own / target).read_bytes()

    assert main(["chip", "fit-drive", CHIP, OLD, "--jobs", "1", "-o", target]) == 2
    assert (own / target).read_bytes() == before


def test_standard_output_gets_the_chip_alone(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``-o -`` prints a chip file that can be read, and makes no file of that name."""
    status = fit_thermal("-o", "-")
    (lab / "printed.yaml").write_text(capsys.readouterr().out, encoding="utf-8")

    assert (status, (lab / "-").exists()) == (0, False)
    assert resting_k("printed.yaml") == pytest.approx(0.01, rel=0.01)


def test_a_failed_fit_leaves_the_earlier_one(lab: Path) -> None:
    """A chip file of before is good until there is a new one."""
    (lab / "new.yaml").write_text("earlier")
    (lab / "fridge.csv").write_text(thermal_table(load_w=[1e-5] * 10), encoding="utf-8")

    assert (fit_thermal("-o", "new.yaml"), (lab / "new.yaml").read_text()) == (13, "earlier")


@pytest.mark.usefixtures("lab")
def test_a_chip_in_git_is_not_rewritten(capsys: pytest.CaptureFixture[str]) -> None:
    """A revision is no file: without an output there is nothing to write to."""
    assert main(["chip", "fit-thermal", "HEAD:chip.yaml", "--telemetry", "fridge.csv"]) == 2
    assert "say where with --output" in capsys.readouterr().err


def test_a_misspelt_stage_is_said_with_its_file(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both files are named: either may be the one that is wrong."""
    text = thermal_table().replace("load_w:mxc", "load_w:zzz")
    (lab / "fridge.csv").write_text(text, encoding="utf-8")

    assert fit_thermal("--quiet") == 13
    assert "qtregress: chip.yaml with fridge.csv: load_w:zzz must name a" in capsys.readouterr().err


def test_a_fit_beyond_a_chip_file_s_bounds_is_refused(
    lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chip file that could not be read again is not written."""
    from qtregress.calibrate import thermal

    def absurd(chip: Chip, *_: object) -> None:
        data = chip.model_dump()
        data["qubits"][0]["drive"]["kappa_ext_hz"] = 1e10
        Chip.model_validate(data)

    monkeypatch.setattr(thermal, "fit_thermal", absurd)
    before = (lab / "chip.yaml").read_bytes()

    assert (fit_thermal("--quiet"), (lab / "chip.yaml").read_bytes()) == (13, before)
    assert "the fit must be what a chip file may hold" in capsys.readouterr().err
