"""What a command was not told: where chip and baseline lie, and what runs."""

from pathlib import Path

import pytest

from qtregress.chip.chip import Chip
from qtregress.cli.inputs import baseline_of, beside, environment, load_workload, same_device
from qtregress.errors import InputError
from qtregress.files.documents import dump, load
from qtregress.pulses.profile import Profile
from qtregress.thermal.workload import DEFAULT_WORKLOAD
from tests import small


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_chip_lies_beside_the_profile() -> None:
    """In the same folder."""
    assert beside("pulse_profiles/lima/1.yaml", "chip.yaml") == "pulse_profiles/lima/chip.yaml"


def test_the_chip_of_a_revision_is_of_that_revision() -> None:
    """A change to the chip beside NEW does not judge NEW."""
    assert beside("v1:pulse_profiles/lima/1.yaml", "chip.yaml") == (
        "v1:pulse_profiles/lima/chip.yaml"
    )


def test_a_file_with_a_colon_is_written_with_its_folder() -> None:
    """./a:b.yaml is a file, a:b.yaml a revision."""
    assert beside("./a:b.yaml", "chip.yaml") == "chip.yaml"
    assert beside("a:./b.yaml", "chip.yaml") == "a:./chip.yaml"


def test_the_baseline_lies_in_the_nearest_folder_above(tmp_path: Path) -> None:
    """The first parent that has a folder of baselines."""
    (tmp_path / "baselines").mkdir()
    (tmp_path / "fleet" / "baselines").mkdir(parents=True)

    assert baseline_of("fleet/profiles/lima/1.yaml", "lima") == Path("fleet/baselines/lima.json")


def test_a_baseline_of_another_tree_is_found_there(tmp_path: Path) -> None:
    """From wherever the command runs."""
    (tmp_path / "repository" / "baselines").mkdir(parents=True)
    profile = tmp_path / "repository" / "profiles" / "1.yaml"

    assert baseline_of(str(profile), "lima") == Path("repository/baselines/lima.json")


def test_without_any_folder_the_baseline_is_expected_here() -> None:
    """The message then names where it could be."""
    assert baseline_of("1.yaml", "lima") == Path("baselines/lima.json")


def test_the_baseline_of_a_revision_is_of_that_revision(tmp_path: Path) -> None:
    """A change cannot bring its own baseline."""
    (tmp_path / "baselines").mkdir()

    assert baseline_of("main:profiles/1.yaml", "lima") == Path("main:baselines/lima.json")


def test_the_shipped_workload_is_the_default() -> None:
    """Nothing declared is the declared default."""
    assert load_workload(None) == DEFAULT_WORKLOAD


def test_a_declared_workload_is_read(tmp_path: Path) -> None:
    """The user's file counts."""
    busy = DEFAULT_WORKLOAD.model_copy(update={"busy_fraction": 0.9})
    (tmp_path / "w.yaml").write_text(dump(busy), encoding="utf-8")

    assert load_workload(tmp_path / "w.yaml") == busy


def test_another_device_is_refused_with_the_line(tmp_path: Path) -> None:
    """The sentence points at the profile's device."""
    case = small.small(0)
    small.write_device(tmp_path, case)
    other = small.checked(case.profile, device="ibm_manila")
    (tmp_path / "new.yaml").write_text(dump(other), encoding="utf-8")
    profile, chip = load("new.yaml", Profile), load("device/chip.yaml", Chip)

    with pytest.raises(InputError, match=r"new\.yaml:2: device must be ibm_lima as in device/chip"):
        same_device(profile, chip)


def test_the_environment_names_what_computes() -> None:
    """Versions of the interpreter, of this tool and of the numerical libraries."""
    assert set(environment()) == {
        *("python", "qtregress", "numpy", "scipy", "qiskit", "qiskit-dynamics"),
    }
