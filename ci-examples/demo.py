"""The demonstration: a good release promotes, a broken one rolls back.

Runs the installed ``qtregress`` as a CI step would, on pulse tables that real devices
ran, and ends 0 only when exit status, verdict file and JUnit file all say what they
must. Standard library only.
"""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One comparison and the verdict that it must reach."""

    title: str
    device: str
    old: str
    new: str
    verdict: str
    exit_code: int

    def output(self, extension: str) -> Path:
        """Where this case's ``json``, ``xml`` or ``svg`` goes, below the repository's root."""
        return Path("build") / f"{self.device.removeprefix('ibm_')}.{extension}"

    @property
    def command(self) -> list[str]:
        """The arguments of ``qtregress``, paths relative to the repository's root."""
        folder = Path("pulse_profiles") / self.device
        arguments = ["check", str(folder / f"{self.old}.yaml"), str(folder / f"{self.new}.yaml")]
        arguments += ["--junit", str(self.output("xml")), "--json", str(self.output("json"))]
        arguments += ["--heat-map", str(self.output("svg"))]
        return arguments


CASES = (
    Case(
        title="ibm_lima recalibrated overnight: a release that must promote",
        device="ibm_lima",
        old="2021-03-14",
        new="2021-03-15",
        verdict="promote",
        exit_code=0,
    ),
    Case(
        title="ibm_nairobi with a calibration that went wrong: a release that must roll back",
        device="ibm_nairobi",
        old="2024-05-27",
        new="2024-04-10",
        verdict="rollback",
        exit_code=10,
    ),
)


class DemoError(Exception):
    """The demonstration did not show what it must; the message is a sentence."""


def count_tests(path: Path) -> dict[str, int]:
    """How many test cases, failures and errors a JUnit file holds, counted one by one.

    Raises:
        DemoError: the file is missing or is not XML.
    """
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - our own tool wrote it just now
    except (OSError, ET.ParseError) as error:
        msg = f"{path} must be a JUnit file, but cannot be read: {error}."
        raise DemoError(msg) from error
    return {tag: sum(1 for _ in root.iter(tag)) for tag in ("testcase", "failure", "error")}


def read_verdict(path: Path) -> tuple[object, object]:
    """Verdict and exit code that a verdict file states.

    Raises:
        DemoError: the file is missing or is no verdict.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return document["verdict"], document["exit_code"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{path} must be a verdict file, but cannot be used: {error!r}."
        raise DemoError(msg) from error


def verify(case: Case, status: int, root: Path = ROOT) -> str:
    """One line of praise, when exit status, verdict and JUnit agree with the case.

    Raises:
        DemoError: one of them does not.
    """
    if status != case.exit_code:
        msg = f"qtregress must exit {case.exit_code} for {case.device}, but exited {status}."
        raise DemoError(msg)
    stated = read_verdict(root / case.output("json"))
    if stated != (case.verdict, case.exit_code):
        expected = f"{case.verdict} ({case.exit_code})"
        msg = f"{case.output('json')} must say {expected}, but says {stated[0]} ({stated[1]})."
        raise DemoError(msg)
    tests = count_tests(root / case.output("xml"))
    failed = tests["failure"] > 0
    should_fail = case.verdict == "rollback"
    if not tests["testcase"] or failed != should_fail or (tests["error"] and not should_fail):
        msg = (
            f"{case.output('xml')} must hold test cases with "
            f"{'a failure' if should_fail else 'no failure or error'} among them, "
            f"but counts {tests}."
        )
        raise DemoError(msg)
    return (
        f"{case.device}: {case.verdict}, exit status {status}, as it must be; "
        f"JUnit counts {tests['testcase']} cases, {tests['failure']} failures."
    )


def run(case: Case) -> int:
    """Exit status of ``qtregress check`` on the case, its output shown as it comes.

    Raises:
        DemoError: the tool is not installed or did not end in time.
    """
    for extension in ("json", "xml"):
        (ROOT / case.output(extension)).unlink(missing_ok=True)
    print(f"\n## {case.title}\n$ qtregress {' '.join(case.command)}", flush=True)
    tool = Path(sys.executable).with_name("qtregress")
    try:
        return subprocess.run(
            [str(tool), *case.command], cwd=ROOT, check=False, timeout=TIMEOUT_S
        ).returncode
    except OSError as error:
        msg = f"qtregress must be installed beside {sys.executable}, but cannot be run: {error}."
        raise DemoError(msg) from error
    except subprocess.TimeoutExpired as error:
        msg = f"qtregress must end within {TIMEOUT_S:.0f} s for {case.device}, but did not."
        raise DemoError(msg) from error


def main() -> int:
    """Exit status: 0 when every case ended as it must, 1 otherwise."""
    (ROOT / "build").mkdir(exist_ok=True)
    lines: list[str] = []
    problems: list[str] = []
    for case in CASES:
        try:
            lines.append(verify(case, run(case)))
        except DemoError as error:
            problems.append(str(error))
    print("\n## Outcome")
    for line in lines:
        print(line)
    for problem in problems:
        print(f"demo: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
