"""The CI examples do what their README says: their own shell lines are run here.

First with a stand-in for ``qtregress`` that reaches the verdict in $STATUS and ends with
$SHOWN, by default the same, so that every exit status is met; then
with the real command on two-qubit cuts of real devices.
"""

import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from qtregress.errors import ExitCode

EXAMPLES = Path(__file__).resolve().parent.parent / "ci-examples"
PROFILES = EXAMPLES.parent / "pulse_profiles"
SYSTEMS = ("github", "gitlab", "jenkins")
STATUSES = sorted({int(code) for code in ExitCode} | {1, 137})
VERDICTS = {0: "promote", 10: "rollback", 11: "hold"}

STAND_IN = """#!/bin/bash
case "$1" in
  check)
    case "$STATUS" in
      0 | 10 | 11) echo "$STATUS" > build/verdict.json ;;
    esac
    echo "a report"
    exit "${SHOWN:-$STATUS}" ;;
  enforce) [[ -f "$2" ]] || exit 13; exit "$(cat "$2")" ;;
  *) exit 2 ;;
esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One shell step: its script, and whether it runs after a failure, too."""

    script: str
    always: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A clone that steps run in, and what they see of the CI system."""

    folder: Path
    env: dict[str, str]

    @property
    def decision(self) -> str:
        """What the GitHub gate handed to the jobs after it."""
        path = Path(self.env["GITHUB_OUTPUT"])
        return path.read_text().strip() if path.exists() else ""


def github_document() -> dict[str, Any]:
    """The GitHub example."""
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    return document


def github_jobs() -> dict[str, Any]:
    """The jobs of the GitHub example."""
    jobs: dict[str, Any] = github_document()["jobs"]
    return jobs


def github_shell() -> tuple[str, ...]:
    """How GitHub starts bash: only where the shell is named does it set pipefail."""
    named = github_document().get("defaults", {}).get("run", {}).get("shell") == "bash"
    return ("--noprofile", "--norc", "-eo", "pipefail") if named else ("-e",)


def gitlab_document() -> dict[str, Any]:
    """The GitLab example."""
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())
    return document


def jenkins_scripts() -> dict[str, str]:
    """Shell scripts of the Jenkins example by stage, as Groovy hands them to the shell."""
    text = (EXAMPLES / "Jenkinsfile").read_text()
    found = re.findall(r"stage\('([^']+)'\)|sh '''(.*?)'''", text, re.DOTALL)
    scripts: dict[str, str] = {}
    stage = ""
    for name, script in found:
        stage = name or stage
        if script:
            scripts[stage] = script.replace("\\\n", "")
    return scripts


def github_steps(job: str) -> list[Step]:
    """The shell steps of a GitHub job, without the installation."""
    return [
        Step(
            script=step["run"],
            always=step.get("if") == "${{ !cancelled() }}",
            options=github_shell(),
        )
        for step in github_jobs()[job]["steps"]
        if "run" in step and step["name"] != "Install"
    ]


def gitlab_steps(job: str) -> list[Step]:
    """The script of a GitLab job, run as GitLab does."""
    lines = gitlab_document()[job]["script"]
    return [Step(script="\n".join(lines), options=("-eo", "pipefail"))]


def steps(system: str, job: str) -> list[Step]:
    """The shell steps of the job that has this part: ``check`` or ``canary``."""
    match system:
        case "github":
            return github_steps(job)
        case "gitlab":
            return gitlab_steps({"check": "thermal regression", "canary": "canary check"}[job])
        case _:
            stage = {"check": "Check", "canary": "Canary check"}[job]
            return [Step(script=jenkins_scripts()[stage])]


def run(todo: list[Step], workspace: Workspace) -> int:
    """Exit status of a job: that of its first step that failed, else 0."""
    status = 0
    for step in todo:
        if status and not step.always:
            continue
        done = subprocess.run(
            ["/bin/bash", *step.options, "-c", step.script],
            cwd=workspace.folder,
            env=workspace.env,
            check=False,
            timeout=600,
        )
        status = status or done.returncode
    return status


def git(folder: Path, *arguments: str) -> None:
    """Runs git in a folder, as nobody in particular."""
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    tool = shutil.which("git")
    assert tool is not None
    env = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([tool, *who, *arguments], cwd=folder, env=env, check=True, capture_output=True)


def clone(origin: Path, branch: str, folder: Path, **env: str) -> Workspace:
    """A fresh clone on a branch, in an environment like a CI job's."""
    git(origin.parent, "clone", "--quiet", "--branch", branch, str(origin), str(folder))
    seen = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    own = {
        "GITHUB_OUTPUT": str(folder.parent / f"{folder.name}-output"),
        "GITHUB_STEP_SUMMARY": str(folder.parent / f"{folder.name}-summary"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return Workspace(folder=folder, env=seen | own | env)


# The files themselves


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_example_is_yaml(name: str) -> None:
    """The example parses and holds jobs."""
    assert isinstance(yaml.safe_load((EXAMPLES / name).read_text()), dict)


def test_jenkinsfile_has_its_shell_stages() -> None:
    """The stages that run a script are found, so the tests below see all of them."""
    expected = ["Install", "Check", "Canary check", "Nightly proposal"]
    assert list(jenkins_scripts()) == expected


def test_readme_lists_every_example() -> None:
    """No file of the folder goes unexplained."""
    text = (EXAMPLES / "README.md").read_text()
    names = [path.name for path in EXAMPLES.iterdir() if path.is_file()]
    assert [name for name in names if name != "README.md" and f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"])
@pytest.mark.parametrize("trick", ["|| true", "|| :", "continue-on-error", "set +e", "exit 0"])
def test_example_uses_no_trick_that_hides_a_failure(name: str, trick: str) -> None:
    """What turns red green appears nowhere."""
    assert trick not in (EXAMPLES / name).read_text()


def test_github_example_can_only_read() -> None:
    """The workflow asks for no right beyond reading the repository."""
    assert github_document()["permissions"] == {"contents": "read"}


def test_github_steps_interpolate_no_expression() -> None:
    """A branch's or file's name never becomes shell text."""
    scripts = [step.script for job in github_jobs() for step in github_steps(job)]
    assert [script for script in scripts if "${{" in script] == []


def test_gitlab_lets_only_a_hold_warn() -> None:
    """No automatic GitLab job may fail quietly, except the gate with status 11."""
    allowed = {
        name: job["allow_failure"]
        for name, job in gitlab_document().items()
        if isinstance(job, dict) and "allow_failure" in job
    }
    assert allowed == {"canary gate": {"exit_codes": [int(ExitCode.HOLD)]}}


def test_gitlab_reports_junit() -> None:
    """The merge request shows the metrics as tests, also when the job failed."""
    artifacts = gitlab_document()["thermal regression"]["artifacts"]
    assert (artifacts["when"], artifacts["reports"]["junit"]) == ("always", "build/qtregress.xml")


# Every exit status, with a stand-in


@pytest.fixture(scope="module")
def empty_origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a main branch, the tag ``deployed`` and nothing to measure."""
    folder = tmp_path_factory.mktemp("empty") / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=nothing")
    git(folder, "tag", "deployed")
    return folder


@pytest.fixture
def stand_in(empty_origin: Path, tmp_path: Path) -> Workspace:
    """A clone in which ``qtregress`` ends with the status in $STATUS."""
    tool = tmp_path / "bin" / "qtregress"
    tool.parent.mkdir()
    tool.write_text(STAND_IN)
    tool.chmod(0o755)
    workspace = clone(empty_origin, "main", tmp_path / "clone", PROFILE="p.yaml")
    workspace.env["PATH"] = f"{tool.parent}{os.pathsep}{workspace.env['PATH']}"
    return workspace


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_pull_request_job_ends_with_the_status(
    stand_in: Workspace, system: str, status: int
) -> None:
    """The job of a pull request is green for promote alone, and keeps the status."""
    stand_in.env["STATUS"] = str(status)
    assert run(steps(system, "check"), stand_in) == status


@pytest.mark.parametrize("system", SYSTEMS)
def test_pull_request_gate_does_not_need_the_check_to_fail(
    stand_in: Workspace, system: str
) -> None:
    """Where the check's status got lost, the saved verdict turns the job red."""
    stand_in.env.update(STATUS="10", SHOWN="0")
    assert run(steps(system, "check"), stand_in) == ExitCode.ROLLBACK


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("system", ["gitlab", "jenkins"])
def test_canary_check_passes_verdicts_on_and_nothing_else(
    stand_in: Workspace, system: str, status: int
) -> None:
    """Promote, roll back and hold reach the gate; whatever is no verdict stays red."""
    stand_in.env["STATUS"] = str(status)
    expected = 0 if status in VERDICTS else status
    assert run(steps(system, "canary"), stand_in) == expected


@pytest.mark.parametrize("status", STATUSES)
def test_github_canary_decides(stand_in: Workspace, status: int) -> None:
    """The jobs after the gate hear the verdict's name, and nothing when there is none."""
    stand_in.env["STATUS"] = str(status)
    run(steps("github", "canary"), stand_in)
    expected = f"decision={VERDICTS[status]}" if status in VERDICTS else ""
    assert stand_in.decision == expected


@pytest.mark.parametrize("status", [status for status in STATUSES if status not in VERDICTS])
def test_github_canary_without_a_verdict_is_red(stand_in: Workspace, status: int) -> None:
    """A check that reached no verdict ends the canary with its own status."""
    stand_in.env["STATUS"] = str(status)
    assert run(steps("github", "canary"), stand_in) == status


@pytest.mark.parametrize("decision", sorted(VERDICTS.values()))
def test_github_has_one_job_a_decision(decision: str) -> None:
    """Promote, hold and roll back each have the job that acts on it."""
    conditions = [
        name
        for name, job in github_jobs().items()
        if job["if"] == f"needs.canary.outputs.decision == '{decision}'"
    ]
    assert conditions == [decision]


def test_github_rollback_is_red(stand_in: Workspace) -> None:
    """A roll back turns the run red."""
    assert run(github_steps("rollback"), stand_in) == ExitCode.ROLLBACK


@pytest.mark.parametrize("status", sorted(VERDICTS))
@pytest.mark.parametrize(
    ("job", "green"), [("canary gate", {0}), ("promote", {0}), ("promote after review", {0, 11})]
)
def test_gitlab_deploys_only_what_it_may(
    stand_in: Workspace, job: str, green: set[int], status: int
) -> None:
    """Only a promotion deploys by itself, a person may deploy a hold, nobody a roll back."""
    stand_in.env["STATUS"] = str(status)
    run(steps("gitlab", "canary"), stand_in)
    assert run(gitlab_steps(job), stand_in) == (0 if status in green else status)


@pytest.mark.parametrize("job", ["canary gate", "promote", "promote after review"])
def test_gitlab_job_without_a_verdict_is_red(stand_in: Workspace, job: str) -> None:
    """A gate that finds no verdict file is a bad input, never a pass."""
    assert run(gitlab_steps(job), stand_in) == ExitCode.BAD_INPUT


# The real command, on one qubit of real devices


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release of a device in the throw-away repository."""

    device: str
    firmware: str


MAIN = (
    Release(device="ibm_lima", firmware="2021-03-14"),
    Release(device="ibm_nairobi", firmware="2024-05-27"),
)
BRANCHES = {
    "benign": Release(device="ibm_lima", firmware="2021-03-15"),
    "broken": Release(device="ibm_nairobi", firmware="2024-04-10"),
}
QUBITS = {0}


def load(path: Path) -> dict[str, Any]:
    """A YAML document of this repository."""
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def cut_chip(chip: dict[str, Any]) -> dict[str, Any]:
    """The chip reduced to those qubits, its fit kept."""

    def stays(*qubits: int) -> bool:
        return QUBITS.issuperset(qubits)

    chip["qubits"] = [row for row in chip["qubits"] if stays(row["index"])]
    chip["couplings"] = [row for row in chip["couplings"] if stays(*row["qubits"])]
    chip["thermal_links"] = [row for row in chip["thermal_links"] if stays(*row["qubits"])]
    chip["control_channels"] = {
        name: row
        for name, row in chip["control_channels"].items()
        if stays(row["qubit"], row["frequency_of"])
    }
    chip["measured_errors"] = [
        row
        for row in chip.get("measured_errors", [])
        if stays(*map(int, row["gate"].partition(":")[2].split("-")))
    ]
    chip["fit"]["gates"] = [
        row
        for row in chip["fit"]["gates"]
        if stays(*map(int, row["gate"].partition(":")[2].split("-")))
    ]
    return chip


def cut_profile(profile: dict[str, Any], chip: dict[str, Any]) -> dict[str, Any]:
    """The profile reduced to the gates that play on the chip's channels alone."""
    channels = set(chip["control_channels"])
    channels |= {f"{kind}{qubit}" for kind in "dmf" for qubit in QUBITS}
    profile["gates"] = [
        gate
        for gate in profile["gates"]
        if QUBITS.issuperset(gate["qubits"])
        and channels.issuperset(pulse["channel"] for pulse in gate.get("pulses", []))
    ]
    for gate in profile["gates"]:
        if "virtual_z" in gate:
            gate["virtual_z"] = [name for name in gate["virtual_z"] if name in channels]
    profile["drive_frequency_hz"] = {
        name: value for name, value in profile["drive_frequency_hz"].items() if name in channels
    }
    return profile


def write_release(origin: Path, release: Release) -> None:
    """Puts the release's reduced profile where the examples look for it."""
    folder = origin / "pulse_profiles" / release.device
    folder.mkdir(parents=True, exist_ok=True)
    source = PROFILES / release.device
    chip = cut_chip(load(source / "chip.yaml"))
    if not (folder / "chip.yaml").exists():
        (folder / "chip.yaml").write_text(yaml.safe_dump(chip, sort_keys=False))
    profile = cut_profile(load(source / f"{release.firmware}.yaml"), chip)
    (folder / "current.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))


def qtregress(folder: Path, *arguments: str) -> None:
    """Runs the installed command as a person at a desk (no CI set); it must succeed."""
    tool = Path(sys.executable).with_name("qtregress")
    done = subprocess.run(
        [str(tool), *arguments],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "CI"},
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def accept_baseline(origin: Path, device: str) -> None:
    """Accepts the current profile as the baseline."""
    profile = f"pulse_profiles/{device}/current.yaml"
    qtregress(origin, "baseline", "propose", profile, "--reason", "first release")
    qtregress(origin, "baseline", "accept", device, "--reason", "first release")


@pytest.fixture(scope="module")
def device_origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two devices on main, and one branch a change."""
    origin = tmp_path_factory.mktemp("devices") / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    for release in MAIN:
        write_release(origin, release)
        accept_baseline(origin, release.device)
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "--message=releases that run")
    git(origin, "tag", "deployed")
    for branch, release in BRANCHES.items():
        git(origin, "checkout", "--quiet", "-b", branch, "main")
        write_release(origin, release)
        git(origin, "commit", "--quiet", "--all", f"--message={branch}")
    git(origin, "checkout", "--quiet", "main")
    return origin


@pytest.fixture
def candidate(
    device_origin: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Workspace]:
    """A clone on the branch named by the test's parameter, with the real command."""
    branch: str = request.param
    profile = f"pulse_profiles/{BRANCHES[branch].device}/current.yaml"
    workspace = clone(device_origin, branch, tmp_path / "clone", PROFILE=profile)
    tools = Path(sys.executable).parent
    workspace.env["PATH"] = f"{tools}{os.pathsep}{workspace.env['PATH']}"
    yield workspace
    shutil.rmtree(workspace.folder)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [("benign", ExitCode.PROMOTE), ("broken", ExitCode.ROLLBACK)],
    indirect=["candidate"],
)
@pytest.mark.parametrize("system", SYSTEMS)
def test_pull_request_job_judges_a_real_change(
    candidate: Workspace, system: str, expected: ExitCode
) -> None:
    """Overnight recalibration passes the job as it stands; a broken calibration fails it."""
    assert run(steps(system, "check"), candidate) == expected


# The demonstration


@pytest.fixture(scope="module")
def demo() -> dict[str, Any]:
    """The names that the demonstration's script defines."""
    return runpy.run_path(str(EXAMPLES / "demo.py"))


def written(demo: dict[str, Any], root: Path, *, verdict: str, junit: str) -> tuple[Any, Path]:
    """The roll-back case, with files that say this."""
    case = demo["CASES"][1]
    for extension, text in (("json", verdict), ("xml", junit)):
        path = root / case.output(extension)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return case, root


ROLLBACK_JSON = '{"verdict": "rollback", "exit_code": 10}'
FAILING_XML = "<testsuites><testcase><failure/></testcase></testsuites>"


def test_demo_accepts_a_rollback_that_all_three_state(demo: dict[str, Any], tmp_path: Path) -> None:
    """Exit status 10, a roll-back verdict and a failed test case are what must be."""
    case, root = written(demo, tmp_path, verdict=ROLLBACK_JSON, junit=FAILING_XML)
    assert "1 failures" in demo["verify"](case, 10, root)


@pytest.mark.parametrize("status", [0, 1, 11, 70])
def test_demo_refuses_another_exit_status(
    demo: dict[str, Any], tmp_path: Path, status: int
) -> None:
    """The demonstration fails when the broken release ends with anything but 10."""
    case, root = written(demo, tmp_path, verdict=ROLLBACK_JSON, junit=FAILING_XML)
    with pytest.raises(demo["DemoError"], match=f"must exit 10 .* but exited {status}"):
        demo["verify"](case, status, root)


@pytest.mark.parametrize(
    ("verdict", "junit", "match"),
    [
        ('{"verdict": "promote", "exit_code": 0}', FAILING_XML, "must say rollback"),
        ("{}", FAILING_XML, "must be a verdict file"),
        ("not json", FAILING_XML, "must be a verdict file"),
        (ROLLBACK_JSON, "<testsuites/>", "must hold test cases"),
        (ROLLBACK_JSON, "<testsuites><testcase/></testsuites>", "with a failure among them"),
        (ROLLBACK_JSON, "<testsuites>", "must be a JUnit file"),
    ],
)
def test_demo_refuses_files_that_say_otherwise(
    demo: dict[str, Any], tmp_path: Path, verdict: str, junit: str, match: str
) -> None:
    """A file that is missing its point fails the demonstration, with a sentence."""
    case, root = written(demo, tmp_path, verdict=verdict, junit=junit)
    with pytest.raises(demo["DemoError"], match=match):
        demo["verify"](case, 10, root)


def test_demo_refuses_a_missing_file(demo: dict[str, Any], tmp_path: Path) -> None:
    """A tool that wrote nothing shows nothing."""
    with pytest.raises(demo["DemoError"], match="must be a verdict file"):
        demo["verify"](demo["CASES"][1], 10, tmp_path)
