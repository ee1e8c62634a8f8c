"""What a CI system relies on: exit status, files and streams of the real command.

One qubit of ibm_lima with its shipped fit, and a baseline that the command itself accepted.
"""

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qtregress.baseline.record import Baseline, seal
from qtregress.files.baseline_store import baseline_text
from qtregress.files.documents import dump, load
from qtregress.pulses.profile import Profile
from tests import small
from tests.baseline import made

ONE = small.small(0)
OLD = "device/old.yaml"
STATUSES = {"promote": 0, "rollback": 10, "hold": 11}

Spoil = Callable[[str], str]
"""From the text of a good document to that of a bad one."""


def written(folder: Path, profile: Profile) -> Path:
    """The profile as a file."""
    path = folder / "new.yaml"
    path.write_text(dump(profile), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the device and its accepted baseline; tests only read it."""
    return small.with_baseline(tmp_path_factory.mktemp("device"), ONE)


@pytest.fixture
def own(device: Path, tmp_path: Path) -> Path:
    """A copy of the device that a test may change."""
    for name in (OLD, "device/chip.yaml", "baselines/ibm_lima.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text((device / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


# Verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A check that reached a verdict, and what it left behind."""

    word: str
    done: small.Done
    verdict: Any
    folder: Path

    def cases(self) -> list[ET.Element]:
        """The test cases of the JUnit file."""
        return list(ET.parse(self.folder / "junit.xml").getroot().iter("testcase"))  # noqa: S314


def loud_x(profile: Profile) -> Profile:
    """X five percent too loud."""
    return small.louder(profile, 0.05, "d0", gates="x:0")


def loud_line(profile: Profile) -> Profile:
    """A line recalibrated by 0.3 %."""
    return small.louder(profile, 0.003, "d0")


def loud_readout(profile: Profile) -> Profile:
    """Readout one percent louder, which nothing judges."""
    return small.louder(profile, 0.01, "m0")


RELEASES: dict[str, small.Release] = {
    "promote": loud_line,
    "rollback": loud_x,
    "hold": loud_readout,
}


@pytest.fixture(scope="module", params=RELEASES)
def ran(
    request: pytest.FixtureRequest, device: Path, tmp_path_factory: pytest.TempPathFactory
) -> Ran:
    """One check a verdict, with every report as a file."""
    folder = tmp_path_factory.mktemp(request.param)
    new = written(folder, RELEASES[request.param](ONE.profile))
    reports = {"json": "verdict.json", "junit": "junit.xml", "markdown": "report.md"}
    options = [f"--{kind}={folder / name}" for kind, name in reports.items()]
    done = small.qtregress(device, "check", OLD, str(new), *options)
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    return Ran(word=request.param, done=done, verdict=verdict, folder=folder)


def test_the_exit_status_is_the_verdict(ran: Ran) -> None:
    """0 promote, 10 roll back, 11 hold."""
    assert ran.done.status == STATUSES[ran.word], ran.done.err


def test_the_verdict_file_says_the_same(ran: Ran) -> None:
    """Word and exit code agree with the status."""
    assert (ran.verdict["verdict"], ran.verdict["exit_code"]) == (ran.word, STATUSES[ran.word])


def test_the_verdict_has_a_reason(ran: Ran) -> None:
    """Its first sentence is the verdict."""
    heads = {"promote": "Promote: ", "rollback": "Roll back: ", "hold": "Hold: "}

    assert ran.verdict["reasons"][0].startswith(heads[ran.word])


def test_the_verdict_names_its_inputs(ran: Ran) -> None:
    """Whoever reads it later knows on what it was reached."""
    assert set(ran.verdict["inputs"]) == {"old", "new", "chip", "baseline", "policy", "workload"}


def test_a_verdict_is_not_an_error_message(ran: Ran) -> None:
    """Standard error stays empty."""
    assert ran.done.err == ""


def test_the_table_goes_to_standard_output(ran: Ran) -> None:
    """A person sees the verdict first."""
    words = {"promote": "PROMOTE", "rollback": "ROLL BACK", "hold": "HOLD"}

    assert ran.done.out.strip().startswith(words[ran.word])


def test_junit_has_one_case_a_metric_and_one_for_the_verdict(ran: Ran) -> None:
    """No metric is lost on the way into the report."""
    expected = {row["id"] for row in ran.verdict["metrics"]} | {"verdict"}

    assert Counter(case.get("name") for case in ran.cases()) == Counter(expected)


def test_junit_marks_the_verdict(ran: Ran) -> None:
    """A roll back is a failure and a hold an error, so that no CI system shows it green."""
    (case,) = [case for case in ran.cases() if case.get("name") == "verdict"]
    marks = {"promote": [], "rollback": ["failure"], "hold": ["error"]}
    found = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]

    assert found == marks[ran.word]


def test_junit_fails_what_regressed(ran: Ran) -> None:
    """Critical regressions are failures, and nothing else is."""
    expected = {
        row["id"]
        for row in ran.verdict["metrics"]
        if row["critical"] and row["outcome"] == "regressed"
    }
    found = {case.get("name") for case in ran.cases() if case.find("failure") is not None}

    assert found - {"verdict"} == expected


def test_enforce_repeats_the_status(ran: Ran) -> None:
    """A saved verdict ends the next step as it ended the check."""
    again = small.qtregress(ran.folder, "enforce", "verdict.json")

    assert again.status == STATUSES[ran.word]


def test_markdown_is_written(ran: Ran) -> None:
    """The step summary starts with the verdict."""
    assert (ran.folder / "report.md").read_text(encoding="utf-8").startswith("## ")


def test_the_same_release_promotes_quietly(device: Path) -> None:
    """OLD against itself: with --quiet the exit status speaks alone."""
    assert small.qtregress(device, "check", OLD, OLD, "--quiet") == small.Done(
        status=0, out="", err=""
    )


def test_json_on_standard_output_is_json_alone(device: Path) -> None:
    """It can be piped into a program."""
    done = small.qtregress(device, "check", OLD, OLD, "--json", "-")

    assert json.loads(done.out)["verdict"] == "promote"


def test_the_way_back_promotes(own: Path) -> None:
    """With a baseline accepted for the louder line, the quieter one is as good a release."""
    quiet = (own / OLD).read_text(encoding="utf-8")
    (own / OLD).write_text(dump(loud_line(ONE.profile)), encoding="utf-8")
    small.qtregress(own, "baseline", "propose", OLD, "--reason", "Louder.")
    small.qtregress(own, "baseline", "accept", "ibm_lima", "--reason", "Seen.")
    (own / "new.yaml").write_text(quiet, encoding="utf-8")

    assert small.qtregress(own, "check", OLD, "new.yaml", "--quiet").status == 0


# Releases that are no documents


def swap(old: str, new: str) -> Spoil:
    """The text with the first ``old`` replaced."""

    def spoil(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return spoil


DRAG = "t0: 0, duration: 160"
"""Of the first DRAG pulse, sx:0's on line 28."""

OVERLAP = f"""pulses:
      - {{channel: d0, t0: 9, duration: 100, envelope: constant, amp: 0.5}}
      - {{channel: d0, {DRAG}"""

BAD_PROFILES: dict[str, tuple[Spoil, str]] = {
    "not a number": (swap(DRAG, "t0: 0, duration: .nan"), ":28:30: "),
    "infinite": (swap("amp: 0.025", "amp: .inf"), "amp must be finite, but is inf"),
    "an unknown key": (swap("sigma: 40.0", "sigma: 40.0, sigmas: 1.0"), "is not a known key"),
    "a merge conflict": (swap("gates:", "<<<<<<< ours\ngates:"), ":11: has an unresolved merge"),
    "an alias bomb": (swap("gates:", "a: &a [1]\nb: [*a, *a]\ngates:"), "aliases are refused"),
    "a tag": (
        swap("device: ibm_lima", "device: !!python/object/apply:os.system [true]"),
        ":2:9: tags are refused",
    ),
    "a negative duration": (swap(DRAG, "t0: 0, duration: -160"), ":28:30: "),
    "a pulse past the end": (swap(DRAG, "t0: 1, duration: 160"), ":28:9: gates[3]: pulse 0 on d0"),
    "pulses at once": (
        swap(f"pulses:\n      - {{channel: d0, {DRAG}", OVERLAP),
        ":24:5: gates[3]: pulses on d0 must not overlap",
    ),
    "a channel without a frequency": (
        swap(f"d0, {DRAG}", f"d9, {DRAG}"),
        "uses channel d9, which drive_frequency_hz does not list",
    ),
    "a channel of no kind": (swap(f"d0, {DRAG}", f"z0, {DRAG}"), "channel must match"),
    "an amplitude above one": (swap("amp: 0.025", "amp: 1.025"), "must be at most 1"),
    "a gate twice": (
        lambda text: text + text[text.index("  - name: x") :],
        ":34:5: every gate must appear once, but x:0 appears twice",
    ),
    "a number in quotes": (swap("sigma: 40.0", 'sigma: "40.0"'), "numbers stand without quotes"),
    "another format": (swap("profile@1", "profile@2"), "format must be qtregress/profile@1"),
    "a chip": (lambda _: dump(ONE.chip), "format must be qtregress/profile@1"),
    "half of itself": (lambda text: text[: len(text) // 2], "must be YAML, but is not"),
    "nothing": (lambda _: "", "must hold a document, but is empty"),
    "a list": (lambda _: "- 1\n", "must be a mapping of keys"),
    "another device": (
        swap("device: ibm_lima", "device: ibm_manila"),
        ":2: device must be ibm_lima",
    ),
    "another grid": (swap("dt_ns: 0.2222222222222222", "dt_ns: 0.5"), ":4: dt_ns must be"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A check of a release that is no usable profile, with both reports asked for."""

    done: small.Done
    sentence: str
    files: list[str]


@pytest.fixture(scope="module", params=BAD_PROFILES)
def refused(
    request: pytest.FixtureRequest, device: Path, tmp_path_factory: pytest.TempPathFactory
) -> Refused:
    """What each bad release ends with."""
    spoil, sentence = BAD_PROFILES[request.param]
    folder = tmp_path_factory.mktemp("bad")
    text = spoil((device / OLD).read_text(encoding="utf-8"))
    (folder / "bad.yaml").write_text(text, encoding="utf-8")
    reports = ["--json", str(folder / "v.json"), "--junit", str(folder / "j.xml")]
    done = small.qtregress(device, "check", OLD, str(folder / "bad.yaml"), *reports)
    return Refused(done=done, sentence=sentence, files=[path.name for path in folder.iterdir()])


def test_a_bad_release_is_13(refused: Refused) -> None:
    """Whatever is wrong with NEW, it is bad input."""
    assert refused.done.status == 13, refused.done.err


def test_a_bad_release_is_told_with_its_place(refused: Refused) -> None:
    """One sentence with the file, the line where there is one, and what is wrong there."""
    assert "bad.yaml:" in refused.done.err
    assert refused.sentence in refused.done.err


def test_a_bad_release_leaves_no_report(refused: Refused) -> None:
    """No file is written that a later step could take for a verdict."""
    assert refused.files == ["bad.yaml"]


def test_a_bad_release_shows_no_traceback(refused: Refused) -> None:
    """Expected errors are sentences, not crashes."""
    assert "Traceback" not in refused.done.err


def test_a_qpy_file_is_refused(device: Path, tmp_path: Path) -> None:
    """Loading one can run code that somebody hid in it."""
    (tmp_path / "new.qpy").write_bytes(b"QISKIT\x0d\x01\x03\x00")
    done = small.qtregress(device, "check", OLD, str(tmp_path / "new.qpy"))

    assert (done.status, "is a QPY file, which is refused" in done.err) == (13, True)


def test_a_missing_release_is_13(device: Path) -> None:
    """A typo in a path is bad input."""
    done = small.qtregress(device, "check", OLD, "device/none.yaml")

    assert (done.status, done.err) == (13, "qtregress: device/none.yaml: does not exist\n")


def test_a_truncated_json_release_is_13(device: Path, tmp_path: Path) -> None:
    """JSON is read as well, and refused as well."""
    (tmp_path / "new.json").write_text('{"format": "qtregress/profile@1", ', encoding="utf-8")
    done = small.qtregress(device, "check", OLD, str(tmp_path / "new.json"))

    assert (done.status, "new.json:1:" in done.err) == (13, True), done.err


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda text: text.replace("t2_s: 0.0001", "t2_s: 0.1001"), "t2_s must be at most 2 * t1"),
        (swap("device: ibm_lima", "device: ibm_manila"), "device must be ibm_manila"),
    ],
)
def test_a_bad_chip_is_13(own: Path, spoil: Spoil, sentence: str) -> None:
    """A chip that cannot be, or that is another device's."""
    chip = own / "device" / "chip.yaml"
    chip.write_text(spoil(chip.read_text(encoding="utf-8")), encoding="utf-8")
    done = small.qtregress(own, "check", OLD, OLD)

    assert (done.status, sentence in done.err) == (13, True), done.err


# Baselines that are none


def test_a_missing_baseline_is_12(own: Path) -> None:
    """Nothing to compare with is never a pass."""
    (own / "baselines" / "ibm_lima.json").unlink()
    done = small.qtregress(own, "check", OLD, OLD, "--json", "v.json")

    assert (done.status, "there is no baseline" in done.err, (own / "v.json").exists()) == (
        *(12, True, False),
    )


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda text: text.replace('"value": 3.55', '"value": 9.55', 1), "was edited by hand"),
        (lambda text: text[:1000], "must be JSON"),
        (lambda _: "", "is empty"),
        (lambda _: "{}", "must say its format"),
        (lambda text: text.replace("baseline@1", "baseline@9", 1), "format must be"),
        (lambda text: text.replace("ibm_lima", "ibm_manila", 1), "was edited by hand"),
        (lambda text: f"<<<<<<< HEAD\n{text}", "unresolved merge conflict"),
    ],
)
def test_a_spoilt_baseline_is_12(own: Path, spoil: Spoil, sentence: str) -> None:
    """Edited, truncated or foreign: not a pass, and not bad input of the release."""
    path = own / "baselines" / "ibm_lima.json"
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    done = small.qtregress(own, "check", OLD, OLD)

    assert (done.status, sentence in done.err) == (12, True), done.err


def test_a_baseline_of_another_profile_is_12(own: Path) -> None:
    """OLD is not what was accepted."""
    (own / OLD).write_text(dump(loud_line(ONE.profile)), encoding="utf-8")
    done = small.qtregress(own, "check", OLD, OLD)

    assert (done.status, "was accepted with another OLD profile" in done.err) == (12, True)


def test_a_baseline_of_another_chip_is_12(own: Path) -> None:
    """The chip moved under the baseline."""
    chip = own / "device" / "chip.yaml"
    moved = ONE.chip.model_copy(update={"calibrated": "2021-03-15"})
    chip.write_text(dump(moved), encoding="utf-8")
    done = small.qtregress(own, "check", OLD, OLD)

    assert (done.status, "was accepted with another chip" in done.err) == (12, True)


@pytest.mark.parametrize(
    ("option", "text", "what"),
    [
        (
            "--workload",
            "format: qtregress/workload@1\nbusy_fraction: 0.5\n",
            "was accepted with another workload",
        ),
        (
            "--policy",
            (
                "format: qtregress/policy@1\nrules:\n"
                '  - {metrics: "gate.*", margin_relative: 9.0, critical: false, why: Lenient.}\n'
            ),
            "was accepted with another policy",
        ),
    ],
)
def test_a_baseline_of_other_rules_is_12(own: Path, option: str, text: str, what: str) -> None:
    """A change cannot bring the rules by which it is judged."""
    (own / "given.yaml").write_text(text, encoding="utf-8")
    done = small.qtregress(own, "check", OLD, OLD, option, "given.yaml")

    assert (done.status, what in done.err) == (12, True), done.err


def test_a_baseline_whose_history_is_gone_is_12(own: Path) -> None:
    """Sealed anew, but nobody can say who accepted it."""
    path = own / "baselines" / "ibm_lima.json"
    baseline = load(path, Baseline).value
    path.write_text(baseline_text(seal(baseline.model_copy(update={"history": ()}))))
    done = small.qtregress(own, "check", OLD, OLD)

    assert (done.status, "must have a history" in done.err) == (12, True), done.err


@pytest.mark.parametrize("spec", [OLD, f"HEAD:{OLD}"])
def test_an_unsigned_baseline_where_keys_are_trusted_is_12(own: Path, spec: str) -> None:
    """Beside the file, or at OLD's own revision: a change cannot take the demand away."""
    made_key = small.qtregress(own, "baseline", "keygen", "key")
    shutil.copy(own / "key.pub", own / "baselines" / "trusted_keys")
    git(own, "init", "--quiet")
    git(own, "add", ".")
    git(own, "commit", "--quiet", "--message=keys")
    if spec != OLD:
        (own / "baselines" / "trusted_keys").unlink()
    done = small.qtregress(own, "check", spec, OLD)

    assert (made_key.status, done.status) == (0, 12)
    assert "must be signed by one of the trusted keys" in done.err


def test_a_stale_baseline_is_12(own: Path) -> None:
    """OLD no longer reproduces what was accepted: the tool moved, not the firmware."""
    path = own / "baselines" / "ibm_lima.json"
    baseline = load(path, Baseline).value
    moved = tuple(
        metric.model_copy(update={"value": 1e-3}) if metric.id == "gate.error/x:0" else metric
        for metric in baseline.metrics
    )
    path.write_text(baseline_text(made.reaccepted(baseline, *moved)), encoding="utf-8")
    done = small.qtregress(own, "check", OLD, OLD)

    assert (done.status, "- gate.error/x:0 was 0.001 and is" in done.err) == (12, True), done.err


# Releases in git


def git(folder: Path, *arguments: str) -> None:
    """Runs git in a folder, as nobody in particular."""
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(own: Path) -> Path:
    """The device committed, and a work tree in which everything was changed since."""
    git(own, "init", "--quiet")
    git(own, "add", ".")
    git(own, "commit", "--quiet", "--message=release")
    (own / OLD).write_text(dump(loud_x(ONE.profile)), encoding="utf-8")
    for name in ("device/chip.yaml", "baselines/ibm_lima.json"):
        (own / name).write_text("changed by whoever asks to be merged", encoding="utf-8")
    return own


def test_old_is_read_from_git(repository: Path) -> None:
    """Profile, chip and baseline are those of the revision: a change cannot bring its own."""
    done = small.qtregress(repository, "check", f"HEAD:{OLD}", OLD, "--quiet")

    assert done.status == 10, done.err


def test_both_may_be_revisions(repository: Path) -> None:
    """Nothing of the work tree is read."""
    done = small.qtregress(repository, "check", f"HEAD:{OLD}", f"HEAD:{OLD}", "--quiet")

    assert done.status == 0, done.err


def test_an_unknown_revision_is_13(repository: Path) -> None:
    """A shallow clone says what it lacks."""
    done = small.qtregress(repository, "check", f"v1.0:{OLD}", OLD)

    assert (done.status, "fetch with full depth" in done.err) == (13, True)


def test_a_revision_without_a_baseline_is_12(repository: Path) -> None:
    """The work tree's baseline does not stand in."""
    git(repository, "rm", "--quiet", "--force", "baselines/ibm_lima.json")
    git(repository, "checkout", "HEAD", "--", "device")
    git(repository, "commit", "--quiet", "--all", "--message=no baseline")
    done = small.qtregress(repository, "check", f"HEAD:{OLD}", OLD)

    assert done.status == 12, done.err


# Determinism


def test_the_number_of_processes_does_not_matter(tmp_path: Path) -> None:
    """One process or two: the same metrics to the bit, on a coupled pair."""
    small.write_device(tmp_path, small.small(*small.PAIR))
    one, two = (
        small.qtregress(tmp_path, "simulate", OLD, "--quiet", "--json", "-", "--jobs", jobs).out
        for jobs in ("1", "2")
    )

    assert json.loads(one) == json.loads(two)
