"""``qtregress baseline``: propose, accept, verify."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from qtregress.cli.main import main
from qtregress.files.baseline_store import read_approved
from qtregress.metrics.metric import Metric, measured, undecided

CHIP = f"sha256:{'2' * 64}"
ERROR = measured("gate.error", "x:0", "", 1e-3)
BROKEN = undecided("rb.epc", "1", "", "the decay is complex")


@dataclass(frozen=True)
class Named:
    """As much of a profile as a baseline needs."""

    device: str = "lima"
    firmware: str = "1.0"


@dataclass(frozen=True)
class Document:
    """A loaded document."""

    value: Named
    digest: str


@dataclass(frozen=True)
class Run:
    """A measured run."""

    metrics: tuple[Metric, ...]
    profile: Document = Document(Named(), f"sha256:{'1' * 64}")
    chip: Document = Document(Named(), CHIP)
    workload_digest: str = f"sha256:{'4' * 64}"

    @property
    def environment(self) -> dict[str, str]:
        """No versions."""
        return {}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a folder of its own and is no CI job."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)


def measure(monkeypatch: pytest.MonkeyPatch, *metrics: Metric) -> list[object]:
    """Let every run measure these metrics; the list receives what was asked for."""
    asked: list[object] = []

    def measured_metrics(*arguments: object) -> Run:
        asked.append(arguments)
        return Run(metrics)

    module = ModuleType("qtregress.cli.simulate")
    module.measured_metrics = measured_metrics  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "qtregress.cli.simulate", module)
    return asked


def propose(*options: str) -> int:
    """The status of proposing."""
    return main(["baseline", "propose", "p/1.0.yaml", "--reason", "First.", *options])


def accept(*options: str) -> int:
    """The status of accepting lima's proposal."""
    return main(["baseline", "accept", "lima", "--reason", "Seen.", *options])


def test_propose_then_accept_then_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """The life of a baseline."""
    measure(monkeypatch, ERROR)

    assert [propose(), accept(), main(["baseline", "verify"])] == [0, 0, 0]


def test_the_chip_lies_beside_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --chip it is chip.yaml of the profile's folder."""
    asked = measure(monkeypatch, ERROR)
    propose()

    assert asked == [(Path("p/1.0.yaml"), Path("p/chip.yaml"), None, None)]


def test_movement_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A proposal says what it changes."""
    measure(monkeypatch, ERROR)
    propose()
    accept()
    measure(monkeypatch, ERROR.model_copy(update={"value": 2e-3}), BROKEN)
    propose()

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "2 metrics, 1 undecided, 1 moved",
        "- gate.error/x:0 was 0.001 and is 0.002",
    ]


def test_nothing_measured_is_not_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that decided nothing cannot become a baseline."""
    measure(monkeypatch, BROKEN)

    assert propose() == 12


def test_a_broken_approved_baseline_is_not_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proposal against a baseline edited by hand is refused."""
    measure(monkeypatch, ERROR)
    propose()
    accept()
    path = Path("baselines/lima.json")
    path.write_text(path.read_text(encoding="utf-8").replace("0.001", "0.1"), encoding="utf-8")

    assert propose() == 12


def test_ci_proposes_but_does_not_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nightly job proposes, people accept."""
    measure(monkeypatch, ERROR)
    monkeypatch.setenv("CI", "true")

    assert [propose(), accept()] == [0, 12]
    assert read_approved(Path("baselines"), "lima") is None


def test_a_file_elsewhere_can_be_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A proposal that CI kept as an artifact is accepted into the store."""
    measure(monkeypatch, ERROR)
    propose("--store", "artifact")
    file = str(tmp_path / "artifact" / "lima.proposed.json")

    assert main(["baseline", "accept", file, "--reason", "Seen."]) == 0
    assert read_approved(Path("baselines"), "lima") is not None


def test_the_policy_is_part_of_the_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's policy changes the digest that is recorded."""
    rule = {"metrics": "gate.*", "margin_relative": 0.5, "critical": True, "why": "Ours."}
    document = {"format": "qtregress/policy@1", "rules": [rule]}
    Path("policy.json").write_text(json.dumps(document), encoding="utf-8")
    measure(monkeypatch, ERROR)
    propose("--store", "a")
    propose("--store", "b", "--policy", "policy.json")
    recorded = [
        json.loads(Path(f"{folder}/lima.proposed.json").read_text(encoding="utf-8"))
        for folder in "ab"
    ]

    assert recorded[0]["policy_digest"] != recorded[1]["policy_digest"]


def test_nothing_to_verify_is_a_baseline_error() -> None:
    """An empty store does not verify."""
    assert main(["baseline", "verify"]) == 12


def test_a_missing_proposal_is_a_baseline_error() -> None:
    """Accepting what was not proposed is 12."""
    assert accept() == 12


def test_a_reason_is_required() -> None:
    """Accepting without a reason is wrong usage."""
    assert main(["baseline", "accept", "lima"]) == 2
