"""``qtregress check`` in this process: what it refuses early, and what it prints."""

import json
import shutil
from pathlib import Path

import pytest

from qtregress.cli.main import main
from qtregress.files.baseline_store import baseline_text, read_baseline
from qtregress.files.documents import dump
from tests import small
from tests.baseline import made

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
OLD = "device/old.yaml"
ONE = small.small(0)


@pytest.fixture(autouse=True)
def own(one_qubit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in a copy of it."""
    shutil.copytree(one_qubit, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


def check(new: str = OLD, *options: str) -> int:
    """The status of checking ``new`` against the device's release, on one process."""
    return main(["check", OLD, new, "--jobs", "1", *options])


def test_a_promotion_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Banner and devices first."""
    check()

    assert capsys.readouterr().out.splitlines()[0].strip() == "PROMOTE  ibm_lima: 1.0.5 -> 1.0.5"


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status speaks."""
    status = check(OLD, "--quiet")

    assert (status, capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize("report", ["--json", "--junit", "--markdown"])
def test_a_report_on_standard_output_is_alone_there(
    report: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table makes room."""
    check(OLD, report, "-")

    assert "\nOutcome " not in capsys.readouterr().out


def test_two_reports_on_standard_output_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody could tell them apart."""
    status = check(OLD, "--json", "-", "--junit", "-")

    assert (status, capsys.readouterr().out) == (2, "")


def test_the_candidate_s_name_is_told(own: Path) -> None:
    """The verdict is about a release."""
    new = small.louder(ONE.profile, 0.05, "d0", gates="x:0")
    (own / "new.yaml").write_text(dump(new), encoding="utf-8")
    check("new.yaml", "--quiet", "--json", "v.json")
    evidence = json.loads((own / "v.json").read_text(encoding="utf-8"))["evidence"]

    assert (evidence["old_firmware"], evidence["new_firmware"]) == ("1.0.5", "next")


def test_a_policy_that_was_accepted_decides(own: Path) -> None:
    """Where operators accepted wide margins for errors, x +0.6 % is a release."""
    rules = [
        {"metrics": name, "margin_relative": 9.0, "critical": True, "why": "Ours."}
        for name in ("gate.error/*", "layer.error/*", "rb.epc/*")
    ]
    policy = {"format": "qtregress/policy@1", "rules": rules}
    (own / "policy.json").write_text(json.dumps(policy), encoding="utf-8")
    propose = ["baseline", "propose", OLD, "--policy", "policy.json", "--reason", "Ours."]
    assert main([*propose, "--jobs", "1"]) == 0
    proposal = "baselines/ibm_lima.proposed.json"
    unaccepted = Path(proposal).read_text(encoding="utf-8")
    (own / "proposed.json").write_text(unaccepted, encoding="utf-8")
    proposed = read_baseline(Path(proposal))
    sealed = baseline_text(made.reaccepted(proposed, *proposed.metrics))
    (own / "accepted.json").write_text(sealed, encoding="utf-8")
    new = small.louder(ONE.profile, 0.006, "d0", gates="x:0")
    (own / "new.yaml").write_text(dump(new), encoding="utf-8")

    statuses = [
        check("new.yaml", "--quiet", "--policy", "policy.json", "--baseline", "accepted.json"),
        check("new.yaml", "--quiet", "--policy", "policy.json", "--baseline", "proposed.json"),
        check("new.yaml", "--quiet"),
    ]

    assert statuses == [0, 12, 11]


def test_a_chip_elsewhere_can_be_named(own: Path) -> None:
    """The same chip in another place is the same chip."""
    shutil.move("device/chip.yaml", "elsewhere.yaml")

    assert check(OLD, "--quiet", "--chip", "elsewhere.yaml") == 0
    assert own.is_dir()


def test_without_a_chip_there_is_no_check(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence names where it was expected."""
    Path("device/chip.yaml").unlink()
    status = check()

    assert (status, capsys.readouterr().err) == (
        13,
        "qtregress: device/chip.yaml: does not exist\n",
    )


def test_a_proposal_is_no_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    """What nobody accepted is not read."""
    shutil.move("baselines/ibm_lima.json", "baselines/ibm_lima.proposed.json")
    status = check()

    assert (status, "baselines/ibm_lima.json: there is no baseline" in capsys.readouterr().err) == (
        *(12, True),
    )


def test_a_report_that_cannot_be_written_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict that nobody can read later is none: 13, not the verdict's status."""
    status = check(OLD, "--quiet", "--json", "no/such/folder/v.json")

    assert (status, "cannot be written" in capsys.readouterr().err) == (13, True)


@pytest.mark.slow
def test_the_reference_engine_agrees() -> None:
    """OLD measured by Qiskit Dynamics still reproduces the baseline of the fast engine."""
    assert check(OLD, "--quiet", "--engine", "reference") == 0


def test_a_report_never_replaces_an_input(own: Path) -> None:
    """A release named as the target of a report is refused and left alone."""
    new = own / "new.yaml"
    new.write_text(dump(ONE.profile), encoding="utf-8")

    assert check("new.yaml", "--json", "new.yaml") == 2
    assert new.read_text(encoding="utf-8") == dump(ONE.profile)


def test_an_earlier_report_does_not_outlive_a_failed_check(own: Path) -> None:
    """What an enforce would read later is gone before anything can fail."""
    (own / "v.json").write_text("{}", encoding="utf-8")

    assert check("missing.yaml", "--json", "v.json") == 13
    assert not (own / "v.json").exists()


def test_a_report_never_lies_among_the_baselines(own: Path) -> None:
    """The accepted baseline is no target of a report, named or found."""
    before = (own / "baselines" / "ibm_lima.json").read_bytes()

    assert check(OLD, "--json", "baselines/ibm_lima.json") == 2
    assert (own / "baselines" / "ibm_lima.json").read_bytes() == before
