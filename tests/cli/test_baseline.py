"""``qtregress baseline``: propose, review, accept, verify, rebuild, log, keygen."""

import json
import subprocess
from pathlib import Path

import pytest

from qtregress.baseline.ledger import Finding, Origin
from qtregress.baseline.record import Baseline
from qtregress.cli import baseline_runs
from qtregress.cli.baseline_runs import Asked, Release
from qtregress.cli.main import main
from qtregress.files.baseline_store import read_approved
from qtregress.metrics.metric import Metric, measured
from tests.baseline import made
from tests.baseline.made import BROKEN, ERROR

RELEASE = made.changed(
    policy_digest=baseline_runs.rules_digest(baseline_runs.rules(None)),
)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a folder of its own and is no CI job."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)


def measure(
    monkeypatch: pytest.MonkeyPatch, *metrics: Metric, origin: Origin = RELEASE
) -> list[tuple[Path, Asked]]:
    """Let every run measure these metrics; the list receives what was asked for."""
    asked: list[tuple[Path, Asked]] = []

    def measured_release(profile: Path, how: Asked, *, store: Path | None = None) -> Release:
        del store
        asked.append((profile, how))
        mine = made.changed(origin, device=profile.parent.name) if profile.parent.name else origin
        digest = baseline_runs.rules_digest(baseline_runs.rules(how.policy))
        return Release(
            origin=made.changed(mine, policy_digest=digest), found=Finding(metrics=metrics)
        )

    monkeypatch.setattr(baseline_runs, "measured_release", measured_release)
    return asked


def propose(*options: str, reason: str = "First.") -> int:
    """The status of proposing."""
    return main(["baseline", "propose", "lima/1.0.yaml", "--reason", reason, *options])


def accept(*options: str) -> int:
    """The status of accepting lima's proposal."""
    return main(["baseline", "accept", "lima", "--reason", "Seen.", *options])


def test_propose_then_accept_then_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """The life of a baseline."""
    measure(monkeypatch, ERROR)

    assert [propose(), accept(), main(["baseline", "verify"])] == [0, 0, 0]


def approved() -> Baseline:
    """What is approved for lima now."""
    found = read_approved(Path("baselines"), "lima")
    assert found is not None
    return found


def worse(value: float, number: int = 1) -> tuple[Metric, Origin]:
    """The next release and its error."""
    digest = RELEASE.policy_digest
    return made.with_value(ERROR, value), made.changed(made.release(number), policy_digest=digest)


def accepted_chain(monkeypatch: pytest.MonkeyPatch, *values: float) -> None:
    """Releases with these errors, proposed and accepted one by one."""
    for number, value in enumerate(values):
        metric, origin = worse(value, number) if number else (ERROR, RELEASE)
        measure(monkeypatch, made.with_value(metric, value), origin=origin)
        assert [propose(), accept()] == [0, 0]


def test_movement_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A proposal says what it changes."""
    measure(monkeypatch, ERROR)
    propose()
    accept()
    measure(monkeypatch, made.with_value(ERROR, 2e-3), BROKEN)
    propose()

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "2 metrics, 1 undecided, 1 moved",
        "- gate.error/x:0 was 0.001 and is 0.002",
    ]


def test_nothing_measured_is_not_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that decided nothing cannot become a baseline."""
    measure(monkeypatch, BROKEN)

    assert propose() == 12


def test_nothing_moved_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The nightly job of a quiet day leaves no trace: neither a proposal nor another byte."""
    accepted_chain(monkeypatch, 1e-3)
    measure(monkeypatch, made.with_value(ERROR, 1e-3 * (1 + 1e-8)))

    assert propose() == 0
    assert "nothing to propose, 1.0 is approved as it is" in capsys.readouterr().out
    assert [path.name for path in Path("baselines").iterdir()] == ["lima.json"]


def test_a_standing_proposal_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Proposing the same again writes the same bytes."""
    measure(monkeypatch, ERROR)
    propose()
    before = Path("baselines/lima.proposed.json").read_bytes()
    monkeypatch.setattr("qtregress.cli.baseline.now", lambda: "2099-01-01T00:00:00+00:00")
    propose()

    assert "stands" in capsys.readouterr().out
    assert Path("baselines/lima.proposed.json").read_bytes() == before


def test_a_nightly_job_proposes_all_devices(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that fails keeps none of the others back, and the status tells of it."""
    measure(monkeypatch, ERROR)
    propose()
    accept()
    Path("baselines/lima.json").write_text("{", encoding="utf-8")
    words = ["baseline", "propose", "lima/1.yaml", "manila/1.yaml", "--reason", "Nightly."]

    assert main(words) == 12
    assert "lima.json:1:2: must be JSON" in capsys.readouterr().err
    assert Path("baselines/manila.proposed.json").exists()


def test_one_chip_is_not_of_two_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """--chip with several profiles is wrong usage."""
    measure(monkeypatch, ERROR)

    assert propose("manila/1.yaml", "--chip", "c.yaml") == 2


def test_a_release_spends_budget(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each accepted refresh spends visible budget."""
    accepted_chain(monkeypatch, 1e-3, 1.02e-3, 1.04e-3)
    capsys.readouterr()

    assert main(["baseline", "log", "lima"]) == 0
    shown = capsys.readouterr().out
    assert approved().spent == {ERROR.id: 4e-5}
    assert "[38.5 % of gate.error/x:0 spent]" in shown
    assert "61.5 % left" in shown


def test_firmware_and_chip_at_once_need_an_anchor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused in words at once, accepted as a new anchor, and visible in the log."""
    accepted_chain(monkeypatch, 1e-3)
    metric, origin = worse(2e-3)
    measure(monkeypatch, metric, origin=made.changed(origin, chip_digest="9"))

    assert propose() == 0
    assert "It cannot be accepted as it is: the firmware" in capsys.readouterr().out
    assert [accept(), accept("--anchor")] == [12, 0]
    assert [entry.anchor for entry in approved().history] == [True, True]
    assert approved().spent == {}


def test_a_review_shows_shares_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What accepting would mean, at the terminal and as Markdown."""
    accepted_chain(monkeypatch, 1e-3)
    metric, origin = worse(1.05e-3)
    measure(monkeypatch, metric, origin=origin)
    propose()
    before = {path: path.read_bytes() for path in Path("baselines").iterdir()}
    capsys.readouterr()

    assert main(["baseline", "review", "lima", "--markdown", "r.md"]) == 0
    shown = capsys.readouterr().out.split()
    assert shown[shown.index("gate.error/x:0", shown.index("budget")) :][4:8] == [
        *("50", "%", "47.6", "%"),
    ]
    assert "| 50 % | 47.6 % |" in Path("r.md").read_text(encoding="utf-8")
    assert {path: path.read_bytes() for path in Path("baselines").iterdir()} == before


def test_a_review_under_other_rules_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares of another policy's margins would be lies; no proposal is no review."""
    rule = {"metrics": "gate.*", "margin_relative": 0.5, "critical": True, "why": "Ours."}
    document = {"format": "qtregress/policy@1", "rules": [rule]}
    Path("policy.json").write_text(json.dumps(document), encoding="utf-8")
    measure(monkeypatch, ERROR)
    words = ["baseline", "review", "lima"]

    assert main(words) == 12
    propose()
    assert [main(words), main([*words, "--policy", "policy.json"])] == [0, 12]


def test_who_accepts_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, or by what git calls the user."""
    git("init", "--quiet")
    git("config", "user.name", "Grace Hopper")
    measure(monkeypatch, ERROR)
    propose()
    accept()
    measure(monkeypatch, made.with_value(ERROR, 2e-3))
    propose()
    accept("--by", "Ada")

    assert [entry.accepted_by for entry in approved().history] == ["Grace Hopper", "Ada"]


def test_who_accepts_must_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without a user must be told a name; a user has one without git."""

    def nobody() -> str:
        raise KeyError("uid not found")

    measure(monkeypatch, ERROR)
    propose()
    monkeypatch.setattr("qtregress.files.git.user_name", lambda: "")
    monkeypatch.setattr("getpass.getuser", nobody)
    assert accept() == 12
    monkeypatch.setattr("getpass.getuser", lambda: "grace")

    assert (accept(), approved().history[0].accepted_by) == (0, "grace")


def test_accepting_again_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A proposal that a killed run left behind is no error and no second acceptance."""
    measure(monkeypatch, ERROR)
    propose()
    left = Path("baselines/lima.proposed.json").read_bytes()
    accept()
    Path("baselines/lima.proposed.json").write_bytes(left)

    assert accept() == 0
    assert "was accepted already: number 1," in capsys.readouterr().out


def test_many_movements_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A proposal that moves everything names twenty and counts the rest."""
    metrics = [measured("gate.error", f"x:{i}", "", 1e-3) for i in range(23)]
    measure(monkeypatch, *metrics)
    propose()
    accept()
    measure(monkeypatch, *(made.with_value(one, 2e-3) for one in metrics))
    propose()

    assert capsys.readouterr().out.splitlines()[-1] == "- and 3 more"


def test_a_signed_life(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A pair of keys, a store that demands them, and a baseline that has none."""
    assert [main(["baseline", "keygen", "key"]), main(["baseline", "keygen", "key"])] == [0, 13]
    measure(monkeypatch, ERROR)
    propose()
    verify = ["baseline", "verify", "--public-key", "key.pub"]
    Path("baselines/trusted_keys").write_bytes(Path("key.pub").read_bytes())

    assert [accept(), accept("--sign-key", "key"), main(verify)] == [12, 0, 0]
    assert ", signed\n" in capsys.readouterr().out


def test_unsigned_where_a_key_is_demanded_is_12(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the command line, too."""
    main(["baseline", "keygen", "key"])
    measure(monkeypatch, ERROR)
    propose()
    accept()

    assert main(["baseline", "verify", "--public-key", "key.pub"]) == 12


def git(*arguments: str) -> None:
    """Runs git here, as nobody in particular."""
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def rebuild(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    """The status of rebuilding; which file holds the release is known."""
    path = Path("lima/1.0.yaml")
    monkeypatch.setattr(baseline_runs, "recorded_profile", lambda *_: path)
    return main(["baseline", "rebuild", "lima", "--reason", "Chip moved.", *options])


def test_a_rebuild_spends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chip was measured anew: the same release has other figures and no less budget."""
    accepted_chain(monkeypatch, 1e-3, 1.05e-3)
    metric, origin = worse(7e-3)
    measure(monkeypatch, metric, origin=made.changed(origin, chip_digest="9"))
    spent = approved().spent

    assert [rebuild(monkeypatch), accept(), main(["baseline", "verify"])] == [0, 0, 0]
    assert (approved().spent, approved().metrics[0].value) == (spent, 7e-3)


def test_a_rebuild_after_a_merge_keeps_one_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The conflict is refused by all; from a revision the chain goes on, and verifies."""
    git("init", "--quiet")
    accepted_chain(monkeypatch, 1e-3, 1.05e-3)
    git("add", ".")
    git("commit", "--quiet", "--message=ours")
    path = Path("baselines/lima.json")
    ours = path.read_bytes()
    conflict = b"<<<<<<< HEAD\n" + ours + b"=======\n" + ours + b">>>>>>> theirs\n"
    path.write_bytes(conflict)
    metric, origin = worse(1.06e-3)
    measure(monkeypatch, metric, origin=origin)

    assert [propose(), rebuild(monkeypatch)] == [12, 12]
    assert "baseline rebuild DEVICE --from REV" in capsys.readouterr().err
    assert path.read_bytes() == conflict
    assert rebuild(monkeypatch, "--from", "HEAD") == 0
    assert path.read_bytes() == ours
    assert [accept(), len(approved().history)] == [0, 3]


def test_a_readable_baseline_is_not_taken_from_a_revision(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--from does not turn the history back."""
    git("init", "--quiet")
    accepted_chain(monkeypatch, 1e-3)
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    measure(monkeypatch, made.with_value(ERROR, 2e-3))
    propose()
    accept()
    before = Path("baselines/lima.json").read_bytes()

    assert rebuild(monkeypatch, "--from", "HEAD") == 12
    assert "nothing is taken from there" in capsys.readouterr().err
    assert Path("baselines/lima.json").read_bytes() == before


def test_nothing_to_rebuild_is_12(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device without a baseline is proposed, not rebuilt."""
    assert rebuild(monkeypatch) == 12


def test_ci_takes_nothing_from_a_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the approved baseline is read-only."""
    monkeypatch.setenv("CI", "true")

    assert rebuild(monkeypatch, "--from", "HEAD") == 12


@pytest.mark.parametrize("reason", ["", " ", "x" * 501])
def test_a_reason_that_cannot_be_recorded_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """Before anything is measured."""
    asked = measure(monkeypatch, ERROR)

    assert (propose(reason=reason), asked) == (2, [])


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


@pytest.mark.parametrize("what", ["log", "review", "rebuild", "accept"])
def test_a_device_without_any_is_a_baseline_error(what: str) -> None:
    """Every command says that there is nothing, and 12."""
    reason = ["--reason", "Why."] if what in {"rebuild", "accept"} else []

    assert main(["baseline", what, "lima", *reason]) == 12


def test_nothing_to_verify_is_a_baseline_error() -> None:
    """An empty store does not verify."""
    assert main(["baseline", "verify"]) == 12


def test_a_missing_proposal_is_a_baseline_error() -> None:
    """Accepting what was not proposed is 12."""
    assert accept() == 12


def test_a_reason_is_required() -> None:
    """Accepting without a reason is wrong usage."""
    assert main(["baseline", "accept", "lima"]) == 2
