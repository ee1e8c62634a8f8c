"""What simulate says of the fridge: tables, cost card, pictures; and judging under faults."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from qtregress.cli.main import main
from qtregress.files.documents import dump, read
from qtregress.metrics.metric import Metric, MetricsDocument
from qtregress.report.cost_card import CostCard
from qtregress.verdict.verdict import Verdict
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
OLD = "device/old.yaml"
ONE = small.small(0)
DAY = """\
format: qtregress/workload@1
lines: 50
circuits:
  - name: flips
    repetition_rate_hz: 2000
    qasm: |
      OPENQASM 2.0;
      include "qelib1.inc";
      qreg q[1];
      x q[0]; h q[0];
timeline:
  - {name: flips, start_s: 0, duration_s: 600, circuit: flips}
  - {name: burst, start_s: 900, duration_s: 1800, busy_fraction: 0.8, gate_mix: {sx: 1.0}}
repeat_every_s: 3600
"""
HOT = """\
format: qtregress/scenario@1
name: hot-day
faults:
  - {kind: cryocooler_drift, stage: cp, cooling_power_factor: 0.7, unloaded_factor: 1.1}
  - {kind: overcommitted_load, lines: 100}
"""
BLIND = """\
format: qtregress/scenario@1
name: blind
faults:
  - {kind: telemetry_gap, qubit: 0}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device of one qubit, its baseline, a day, a louder and an equal release."""
    made = small.with_baseline(tmp_path_factory.mktemp("fridge"), ONE)
    for name, text in {"day": DAY, "hot": HOT, "blind": BLIND}.items():
        (made / f"{name}.yaml").write_text(text, encoding="utf-8")
    (made / "same.yaml").write_text(dump(ONE.profile), encoding="utf-8")
    return made


@pytest.fixture(autouse=True)
def in_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test stands there."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "120")


def run(*arguments: str) -> int:
    """The status of the command on one process."""
    return main([*arguments, "--jobs", "1"])


def test_a_day_is_told_in_temperatures(capsys: pytest.CaptureFixture[str]) -> None:
    """Mean, peak, ripple and utilization of every stage, jobs, recovery."""
    assert run("simulate", OLD, "--workload", "day.yaml") == 0
    out = capsys.readouterr().out

    for word in ("ripple", "at peak", "burst", "flips", "repeats for ever", "after job burst"):
        assert word in out


def test_a_day_leaves_reports() -> None:
    """A card that reads back, and two pictures that are XML."""
    options = ["--cost-card", "card.json", "--temperatures", "t.svg", "--heat-map", "h.svg"]
    assert run("simulate", OLD, "--workload", "day.yaml", "--quiet", *options) == 0
    card = read("card.json", CostCard)

    assert [job.name for job in card.jobs] == ["flips", "burst"]
    assert card.gates["x:0"].pulses_j.keys() == {"d0@0"}
    for picture in ("t.svg", "h.svg"):
        assert ET.parse(picture).getroot().tag.endswith("svg")  # noqa: S314 - our own tool's


def test_a_day_has_metrics() -> None:
    """Peaks, ripple and recovery stand among the others."""
    assert run("simulate", OLD, "--workload", "day.yaml", "--quiet", "--json", "m.json") == 0
    names = {row["metric"] for row in json.loads(Path("m.json").read_text())["metrics"]}

    assert {"thermal.peak_k", "thermal.ripple_k", "thermal.recovery_s"} <= names


def test_full_benchmarking_is_among_the_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    """Interleaved, leakage and unitarity; the tables show them."""
    assert run("simulate", OLD, "--rb", "full", "--json", "m.json") == 0
    names = {row["metric"] for row in json.loads(Path("m.json").read_text())["metrics"]}

    assert {"rb.interleaved_error", "rb.leakage", "rb.unitarity"} <= names
    assert "its bound" in capsys.readouterr().out


def test_figures_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Diamond bounds and the axis of the coherent error, in the table and among the metrics."""
    assert run("simulate", OLD, "--figures", "--json", "f.json") == 0
    names = {row["metric"] for row in json.loads(Path("f.json").read_text())["metrics"]}

    assert {"gate.diamond_high", "gate.coherent_error", "gate.seepage"} <= names
    assert "diamond" in capsys.readouterr().out


def test_a_scenario_changes_what_is_simulated() -> None:
    """A warmer plate under the hot day."""
    for name, options in (("usual", []), ("hot", ["--scenario", "hot.yaml"])):
        assert run("simulate", OLD, "--quiet", "--json", f"{name}.json", *options) == 0
    warm = [
        small.value_of(read_metrics(name), "thermal.temperature_k/cp") for name in ("usual", "hot")
    ]

    assert warm[1] > 1.05 * warm[0]


def read_metrics(name: str) -> tuple[Metric, ...]:
    """The metrics in that file."""
    return read(f"{name}.json", MetricsDocument).metrics


def test_the_same_release_promotes_on_a_hot_day() -> None:
    """The verdict names the scenario, and OLD is still held against its own baseline."""
    assert run("check", OLD, "same.yaml", "--scenario", "hot.yaml", "--json", "v.json") == 0
    verdict = read("v.json", Verdict)

    assert verdict.evidence.scenario == "hot-day"
    assert verdict.inputs["scenario"].path == "hot.yaml"


def test_without_a_sensor_nothing_promotes() -> None:
    """A qubit without T1 and T2 is not known to be well."""
    assert run("check", OLD, "same.yaml", "--scenario", "blind.yaml", "--quiet") == 11


def test_a_scan_over_couplings_is_in_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    """Five rows, a sentence, and the skill of the model."""
    assert run("check", OLD, "same.yaml", "--kappa-scan", "--json", "v.json") == 0
    evidence = read("v.json", Verdict).evidence

    assert [row.verdict for row in evidence.kappa_scan] == ["promote"] * 5
    assert evidence.skill
    assert "Over a decade of the assumed coupling" in capsys.readouterr().out


def test_a_check_draws_what_heats_more() -> None:
    """New over old."""
    assert run("check", OLD, "same.yaml", "--quiet", "--heat-map", "h.svg") == 0

    assert "new over old" in Path("h.svg").read_text(encoding="utf-8")


def test_a_workload_of_ones_own_needs_its_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    """12, and what to do."""
    assert run("check", OLD, "same.yaml", "--workload", "day.yaml", "--quiet") == 12

    assert "--workload" in capsys.readouterr().err


def test_a_warming_run_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Both fits, the trend over the run, and whether one error per Clifford describes it."""
    assert run("simulate", OLD, "--rb", "warming", "--shots", "256") == 0
    out = capsys.readouterr().out

    assert "over the run" in out
    assert out.splitlines()[-1].split()[0] == "0"


def test_equal_releases_sample_alike(capsys: pytest.CaptureFixture[str]) -> None:
    """The same sequences and shots: no difference at all, and every survival is written."""
    assert run("check", OLD, "same.yaml", "--sampled", "s.json") == 0
    (row,) = json.loads(Path("s.json").read_text())["rows"]

    assert (row["difference"], row["interval"]) == (0.0, [0.0, 0.0])
    assert row["old"]["survivals"] == row["new"]["survivals"]
    assert len(row["old"]["survivals"]) == len(row["lengths"])
    assert "95 % interval" in capsys.readouterr().out
