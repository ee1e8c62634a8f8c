"""``qtregress check``: waivers, drift since the anchor and sampled metrics, end to end."""

import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qtregress.cli.main import main
from qtregress.files.documents import dump
from qtregress.pulses.profile import Profile
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
OLD = "device/old.yaml"
ONE = small.small(0)
LAX = [
    {"metrics": name, "margin_relative": 9.0, "drift_budget": 9.0, "critical": True, "why": "Ours."}
    for name in ("gate.error/*", "layer.error/*", "rb.epc/*", "gate.leakage/*")
]
WAIVER = {
    "metrics": "*",
    "ceiling": 1.0,
    "owner": "Ada",
    "reason": "Known.",
    "expires": "9999-12-31",
}
NAMED = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]


@pytest.fixture(autouse=True)
def own(one_qubit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in a copy of it, at a desk."""
    shutil.copytree(one_qubit, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def written(name: str, profile: Profile) -> str:
    """The path of a release that was written beside the others."""
    path = Path("device") / name
    path.write_text(dump(profile), encoding="utf-8")
    return str(path)


def policy(**fields: object) -> str:
    """The path of a policy with these fields."""
    text = json.dumps({"format": "qtregress/policy@1"} | fields)
    Path("policy.json").write_text(text, encoding="utf-8")
    return "policy.json"


def check(old: str, new: str, *options: str) -> int:
    """The status of a check on one process."""
    return main(["check", old, new, "--jobs", "1", "--quiet", *options])


def verdict() -> dict[str, Any]:
    """What ``--json v.json`` wrote."""
    found: dict[str, Any] = json.loads(Path("v.json").read_text(encoding="utf-8"))
    return found


def accepted(profile: str) -> None:
    """Propose a release and accept it, as an operator does."""
    propose = ["baseline", "propose", profile, "--reason", "A step.", "--jobs", "1"]
    assert main([*propose, "--policy", "policy.json"]) == 0
    assert main(["baseline", "accept", "ibm_lima", "--reason", "Seen."]) == 0


def test_sampled_benchmarking_is_part_of_the_verdict() -> None:
    """Its metrics stand beside the others, advisory."""
    check(OLD, OLD, "--json", "v.json", "--sampled", "s.json")
    (row,) = [row for row in verdict()["metrics"] if row["metric"] == "rb.sampled_epc"]

    assert (row["outcome"], row["critical"], row["delta"]) == ("ok", False, 0.0)


def test_a_waiver_needs_no_new_baseline() -> None:
    """Added at night it lets a known regression pass, and the verdict says so first."""
    terms = policy(waivers=[WAIVER])
    new = written("new.yaml", small.louder(ONE.profile, 0.05, "d0", gates="x:0"))

    assert [check(OLD, new), check(OLD, new, "--policy", terms, "--json", "v.json")] == [10, 0]
    assert "is waived until 9999-12-31 by Ada: Known." in verdict()["reasons"][1]


def git(*arguments: str) -> str:
    """What git prints."""
    done = subprocess.run(
        ["git", *NAMED, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_a_change_cannot_bring_its_own_waiver() -> None:
    """Where OLD comes from git its waivers do, too: neither a file nor a later commit counts."""
    terms = policy(waivers=[WAIVER])
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-mfirst")
    new = written("new.yaml", small.louder(ONE.profile, 0.05, "d0", gates="x:0"))
    old = f"HEAD:{OLD}"

    first = git("rev-parse", "HEAD")
    git("commit", "--quiet", "--allow-empty", "-mchange")
    statuses = [
        check(old, new, "--policy", f"HEAD:{terms}"),
        check(f"{first}:{OLD}", new, "--policy", f"HEAD:{terms}"),
        check(old, new, "--policy", terms, "--json", "v.json"),
    ]

    assert statuses == [0, 11, 11]
    assert any("name it as HEAD:PATH" in reason for reason in verdict()["reasons"])


def test_the_third_step_of_two_percent_rolls_back() -> None:
    """Each is 2 % more heat and passes 5 %; accepted ones spend the budget since the anchor."""
    terms = policy(rules=LAX)
    accepted(OLD)
    steps = [OLD]
    for number in (1, 2, 3):
        louder = small.louder(ONE.profile, 1.01**number - 1, "d0")
        steps.append(written(f"{number}.yaml", louder))
    statuses = []
    for old, new in pairwise(steps):
        statuses.append(check(old, new, "--policy", terms, "--json", "v.json"))
        if statuses[-1] == 0:
            accepted(new)
    regressed = [row for row in verdict()["metrics"] if row["outcome"] == "regressed"]
    critical = {row["metric"]: row["why"] for row in regressed if row["critical"]}

    assert statuses == [0, 0, 10]
    assert verdict()["evidence"]["anchor"] == ONE.profile.firmware
    assert set(critical) == {"heat.line_energy_j"}
    assert f"Since the anchor {ONE.profile.firmware} it" in critical["heat.line_energy_j"]
