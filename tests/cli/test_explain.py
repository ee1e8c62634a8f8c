"""``check --new-chip`` and ``explain``: chip or firmware, and which pulse it was."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from qtregress.chip.chip import Chip
from qtregress.cli.main import main
from qtregress.files.documents import dump, read
from qtregress.verdict.verdict import Verdict
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
OLD = "device/old.yaml"
ONE = small.small(0)


@pytest.fixture(autouse=True)
def own(one_qubit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in a copy of it, with a release whose x is 5 % louder."""
    shutil.copytree(one_qubit, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    loud = small.louder(ONE.profile, 0.05, "d0", gates="x:0")
    Path("new.yaml").write_text(dump(loud), encoding="utf-8")
    return tmp_path


def check(new: str, *options: str) -> int:
    """The status of checking ``new`` against the device's release, on one process."""
    arguments = ["check", OLD, new, "--jobs", "1", "--quiet", "--json", "v.json", *options]
    return main(arguments)


def write_chip(name: str, **update: Any) -> None:
    """The device's chip with these fields of its only qubit."""
    qubit = ONE.chip.qubits[0].model_copy(update=update)
    chip = ONE.chip.model_copy(update={"qubits": (qubit,)})
    Path(name).write_text(dump(chip), encoding="utf-8")


def test_an_aged_chip_is_neither_stale_nor_a_regression() -> None:
    """T1 and T2 of another day: exit 0, no part of any change is the pulses'."""
    qubit = ONE.chip.qubits[0]
    write_chip("aged.yaml", t1_s=qubit.t1_s * 0.5, t2_s=qubit.t2_s * 0.5)
    status = check(OLD, "--new-chip", "aged.yaml")
    verdict = json.loads(Path("v.json").read_text(encoding="utf-8"))
    edits = {(row["split"] or {}).get("pulse_edit") for row in verdict["metrics"]}

    assert (status, edits <= {0.0, None}) == (0, True)
    assert verdict["inputs"]["new_chip"]["path"] == "aged.yaml"


def test_a_change_does_not_bring_its_own_chip(own: Path) -> None:
    """Where OLD is approved in git a new chip beside it holds, and one from git promotes."""
    qubit = ONE.chip.qubits[0]
    write_chip("aged.yaml", t1_s=qubit.t1_s * 0.9, t2_s=qubit.t2_s * 0.9)
    for words in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "-m", "Approved."],
    ):
        subprocess.run(["git", *words], cwd=own, check=True)
    statuses = [
        main(["check", f"HEAD:{OLD}", OLD, "--jobs", "1", "--quiet", "--new-chip", chip])
        for chip in ("aged.yaml", "HEAD:aged.yaml")
    ]

    assert statuses == [11, 0]


def test_the_chip_alone_would_have_to_be_accepted_anew() -> None:
    """Without --new-chip another chip is another baseline: 12, as ever."""
    write_chip("aged.yaml", t1_s=ONE.chip.qubits[0].t1_s * 0.9)

    assert check(OLD, "--chip", "aged.yaml") == 12


def test_a_slope_fitted_again_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """It would hide a changed DRAG: 13, and the sentence says what to do instead."""
    drive = ONE.chip.qubits[0].drive
    write_chip("other.yaml", drive=drive.model_copy(update={"slope_dt": drive.slope_dt + 0.1}))
    status = check(OLD, "--new-chip", "other.yaml")

    assert (status, "--gains-only" in capsys.readouterr().err) == (13, True)


@pytest.mark.parametrize("option", [("--kappa-scan",), ("--scenario", "s.yaml")])
def test_what_needs_one_chip_is_refused_with_two(
    option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A usage error that names both."""
    status = check(OLD, "--new-chip", "device/chip.yaml", *option)

    assert (status, f"combined with {option[0]}" in capsys.readouterr().err) == (2, True)


def test_gains_only_declares_a_line_that_moved() -> None:
    """Fitted on a release for another line, only gain, phase and offset of the chip differ."""
    quiet = small.louder(ONE.profile, -0.2, "d0")
    Path("quiet.yaml").write_text(dump(quiet), encoding="utf-8")
    arguments = ["chip", "fit-drive", "device/chip.yaml", "quiet.yaml", "--gains-only"]
    status = main([*arguments, "-o", "moved.yaml", "--jobs", "1", "--quiet"])
    was, now = (read(name, Chip).qubits[0] for name in ("device/chip.yaml", "moved.yaml"))
    moved = {name for name, value in dict(was.drive).items() if value != getattr(now.drive, name)}

    assert (status, moved) == (0, {"rabi_hz_per_amp", "phase_rad", "frequency_offset_hz"})
    assert now.drive.rabi_hz_per_amp == pytest.approx(was.drive.rabi_hz_per_amp / 0.8, rel=0.01)
    assert check("quiet.yaml", "--new-chip", "moved.yaml") != 10
    assert check("quiet.yaml") == 10


def explained(*arguments: str) -> list[str]:
    """The lines of ``explain`` on the last verdict."""
    return main_lines("explain", "v.json", *arguments)


def main_lines(*arguments: str) -> list[str]:
    """What the command prints."""
    done = small.qtregress(Path.cwd(), *arguments)
    assert done.status == 0, done.err
    return [line.strip() for line in done.out.splitlines()]


def test_the_pulse_and_its_field_are_named() -> None:
    """File, line, channel, field, old and new; the line is where the file has it."""
    check("new.yaml")
    (line,) = [one for one in explained("gate.error/x:0") if one.startswith("new.yaml:")]
    found = re.fullmatch(r"new\.yaml:(\d+): x:0 d0@0 amp ([0-9.]+) -> ([0-9.]+)", line)

    assert found is not None
    text = Path("new.yaml").read_text(encoding="utf-8").splitlines()[int(found[1]) - 1]
    assert found[3] in text
    assert float(found[3]) == pytest.approx(1.05 * float(found[2]))


def test_heat_is_attributed_to_the_pulse() -> None:
    """One pulse changed, so all of the line's change is its."""
    check("new.yaml")
    lines = explained("heat.line_energy_j/x:0@d0")

    assert [line for line in lines if line.startswith("d0@0: +")]
    assert not [line for line in lines if line.startswith("no pulse")]


def test_the_worst_comes_without_asking() -> None:
    """Headline first, then what regressed."""
    check("new.yaml")
    lines = explained()

    assert lines[0] == "ROLL BACK ibm_lima: 1.0.5 -> next"
    assert lines[2].endswith("regressed (critical)")


def test_the_reproducing_command_gives_the_verdict_again() -> None:
    """It names every file, and its verdict is the same."""
    check("new.yaml")
    before = read("v.json", Verdict)
    (line,) = [one for one in explained() if one.startswith("Reproduce: ")]
    words = line.removeprefix("Reproduce: qtregress ").split()

    assert main([*words, "--jobs", "1", "--quiet", "--json", "v.json"]) == 10
    assert read("v.json", Verdict).metrics == before.metrics


def test_the_parts_are_told_where_the_chip_moved() -> None:
    """Pulse edit, line gain and chip drift, and which of them is judged."""
    write_chip("aged.yaml", t1_s=ONE.chip.qubits[0].t1_s * 0.9)
    check("new.yaml", "--new-chip", "aged.yaml")
    lines = explained("gate.error/x:0")

    assert [line for line in lines if "pulse edit" in line and "chip drift" in line]


def test_an_unknown_metric_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With what there is instead."""
    check("new.yaml")
    status = main(["explain", "v.json", "gate.eror/x:0"])

    assert (status, "like it: gate.error/x:0" in capsys.readouterr().err) == (13, True)
