"""``check --only-changed`` decides as the whole check does, and says what it left out.

On two qubits of ibm_lima that are not coupled, so that a check takes a moment.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qtregress.channels.changed import scope_of
from qtregress.cli.main import main
from qtregress.cli.only_changed import narrowed_sides
from qtregress.errors import InputError
from qtregress.files import baseline_store
from qtregress.files.baseline_store import read_baseline
from qtregress.files.documents import dump
from qtregress.metrics.metric import measured
from qtregress.pipeline import Side
from qtregress.pulses.profile import Profile, ShiftPhase
from qtregress.thermal.workload import DEFAULT_WORKLOAD
from qtregress.verdict.policy import Policy, Rule
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
TWO = small.small(0, 4)
VERDICTS = (0, 10, 11)
Edit = Callable[[Profile], Profile]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The device with its accepted baseline."""
    return small.with_baseline(tmp_path_factory.mktemp("device"), TWO)


@pytest.fixture(autouse=True)
def own(device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in a copy of it."""
    shutil.copytree(device, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(new: Profile, *options: str) -> int:
    """The status of checking a release."""
    Path("new.yaml").write_text(dump(new), encoding="utf-8")
    given_ = ("device/old.yaml", "new.yaml", "--chip", "device/chip.yaml")
    return main(["check", *given_, "--jobs", "1", "--quiet", *options])


def evidence(new: Profile) -> dict[str, Any]:
    """The verdict on a release, with --only-changed."""
    check(new, "--only-changed", "--json", "verdict.json")
    found: dict[str, Any] = json.loads(Path("verdict.json").read_text(encoding="utf-8"))
    return found


def with_row(profile: Profile, gate_id: str, **fields: object) -> Profile:
    """The profile with other fields of one gate."""
    gates = tuple(g.model_copy(update=fields) if g.id == gate_id else g for g in profile.gates)
    return small.checked(profile, gates=gates, firmware="next")


def louder(share: float, gate: str) -> Edit:
    """One gate louder, or every gate of its line where it is all."""
    return lambda p: small.louder(p, share, "d4", gates=gate)


def tuned(shift_hz: float) -> Edit:
    """Another carrier of qubit 4."""

    def edit(profile: Profile) -> Profile:
        carriers = profile.drive_frequency_hz
        return small.checked(
            profile, drive_frequency_hz=carriers | {"d4": carriers["d4"] + shift_hz}
        )

    return edit


def longer_id(profile: Profile) -> Profile:
    """Twice the time to wait."""
    return with_row(profile, "id:4", duration=2 * profile.by_id["id:4"].duration)


def other_frame(profile: Profile) -> Profile:
    """A gate that turns another qubit's frame."""
    turn = ShiftPhase(channel="d0", t0=0, shift_phase=0.1)
    return with_row(profile, "x:4", pulses=(turn, *profile.by_id["x:4"].pulses))


def fewer_turns(profile: Profile) -> Profile:
    """A virtual Z that turns nothing any more but its own channel's measurement."""
    return with_row(profile, "rz:4", virtual_z=("m4",))


def readout(profile: Profile) -> Profile:
    """Another readout amplitude."""
    return small.louder(profile, 0.01, "m4")


EDITS: dict[str, Edit] = {
    "nothing": lambda p: small.checked(p, firmware="next"),
    "a little louder": louder(2e-4, "x:4"),
    "louder": louder(0.003, "x:4"),
    "much louder": louder(0.05, "x:4"),
    "the line louder": louder(0.003, ""),
    "the line much louder": louder(0.02, ""),
    "hotter and longer": lambda p: small.half_length(p, "sx:4"),
    "drag": lambda p: small.flipped_drag(p, "x:4", "sx:4"),
    "retuned": tuned(3e3),
    "detuned": tuned(4e5),
    "longer id": longer_id,
    "other frame": other_frame,
    "fewer turns": fewer_turns,
    "readout": readout,
    "x is gone": lambda p: small.without(p, "x:4"),
    "sx is gone": lambda p: small.without(p, "sx:4"),
}


CHAIN_EDITS: dict[str, Edit] = {
    "louder": lambda p: small.louder(p, 0.003, "d0", gates="x:0"),
    "much louder": lambda p: small.louder(p, 0.05, "d0", gates="x:0"),
    "the line louder": lambda p: small.louder(p, 0.003, "d0", "u0"),
}


@settings(
    max_examples=2,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(names=st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=2, unique=True))
@example(names=["nothing"])
@example(names=["louder"])
@example(names=["much louder"])
@example(names=["the line louder"])
@example(names=["x is gone"])
@example(names=["detuned"])
def test_the_verdict_is_that_of_the_whole_check(names: list[str]) -> None:
    """Whatever a release changes, leaving out what is the same decides the same."""
    new = TWO.profile
    for name in names:
        new = EDITS[name](new)

    status = check(new)

    assert (check(new, "--only-changed"), status in VERDICTS) == (status, True)


def test_what_was_not_simulated_is_listed() -> None:
    """The gates of the qubit that did not change."""
    found = evidence(louder(0.05, "x:4")(TWO.profile))

    assert found["evidence"]["not_simulated"] == ["id:0", "sx:0", "x:0"]


def test_what_was_not_simulated_is_said() -> None:
    """Nobody takes the verdict for one about every gate at the new load."""
    reasons = " ".join(evidence(louder(0.05, "x:4")(TWO.profile))["reasons"])

    assert "3 gates are the same in both releases and were not simulated" in reasons


def test_nothing_that_was_left_out_vanished() -> None:
    """The baseline's metrics of gates that did not change are no losses."""
    found = evidence(louder(2e-4, "x:4")(TWO.profile))

    assert not [row["id"] for row in found["metrics"] if "vanished" in row["why"]]


def test_the_heat_of_every_gate_is_judged() -> None:
    """It is cheap, and one release's load is another one's temperature."""
    found = evidence(TWO.profile)
    heated = {r["subject"] for r in found["metrics"] if r["metric"] == "heat.line_energy_j"}

    assert {"x:0@d0", "x:4@d4"} <= heated


@pytest.mark.parametrize("options", [(), ("--only-changed",)], ids=str)
def test_a_budget_that_is_used_up_rolls_back(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drift that was accepted counts whether or not the gate was simulated again."""
    known = read_baseline(Path("baselines/ibm_lima.json"))
    used = known.model_copy(update={"spent": {"gate.error/x:0": 1e-2}})
    monkeypatch.setattr(baseline_store, "read_baseline", lambda _: used)

    assert check(TWO.profile, *options) == 10


def test_a_baseline_that_old_does_not_reproduce_is_found(own: Path) -> None:
    """What was simulated must still be what was recorded."""
    path = own / "baselines" / "ibm_lima.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"gate.error/x:4"', '"gate.error/x:9"'), encoding="utf-8")

    assert check(louder(0.05, "x:4")(TWO.profile), "--only-changed") == 12


def test_a_red_case_points_at_the_row_that_changed(own: Path) -> None:
    """In the file that was checked, so that a reviewer lands on the amplitude."""
    check(louder(0.05, "x:4")(TWO.profile), "--only-changed", "--junit", "j.xml")
    root = ET.parse(own / "j.xml").getroot()  # noqa: S314  # our own output
    (case,) = [one for one in root.iter("testcase") if one.get("name") == "gate.error/x:4"]
    row = (own / "new.yaml").read_text(encoding="utf-8").splitlines()[int(case.attrib["line"]) - 1]

    assert (case.get("file"), "amp" in row) == ("new.yaml", True)


@pytest.mark.parametrize(
    "other", [["--kappa-scan"], ["--sampled", "s.txt"], ["--scenario", "s.yaml"]], ids=str
)
def test_what_asks_for_every_gate_is_refused(
    other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A scan over couplings looks at metrics at load, which are left out."""
    status = check(TWO.profile, "--only-changed", *other)

    assert (status, "--only-changed cannot be combined with" in capsys.readouterr().err) == (
        *(2, True),
    )


def test_a_policy_that_judges_metrics_at_load_is_refused() -> None:
    """Other gates' heat changes them, so that they cannot be left out."""
    metric = measured("gate.error_at_load", "x:0", "1", 1e-3)
    rule = Rule(metrics="gate.error_at_load/*", margin_relative=0.1, critical=True, why="Mine.")
    policy = Policy(format="qtregress/policy@1", rules=(rule,))
    side = Side(profile=TWO.profile, chip=TWO.chip, workload=DEFAULT_WORKLOAD)
    known = read_baseline(Path("baselines/ibm_lima.json")).model_copy(update={"metrics": (metric,)})

    with pytest.raises(InputError, match=r"would leave out gate\.error_at_load/x:0"):
        narrowed_sides(side, side, known, policy)


@pytest.mark.slow
@pytest.mark.parametrize("edit", ["louder", "much louder", "the line louder"])
def test_on_a_chain_every_figure_is_that_of_the_whole_check(edit: str) -> None:
    """Coupled qubits share lines and pairs: what is judged at all is judged the same."""
    case = small.small(0, 1, 2)
    old = small.old(0, 1, 2)
    new = CHAIN_EDITS[edit](case.profile)
    scope = scope_of((case.profile, case.chip), (new, case.chip))
    whole = small.compared(old, small.measured(small.Case(chip=case.chip, profile=new)), old[1])
    parts = [
        small.measured(small.Case(chip=case.chip, profile=one), scope=scope)
        for one in (case.profile, new)
    ]
    known = {row.id: row for row in whole.metrics}
    found = small.compared(parts[0], parts[1], ())

    assert found.verdict == whole.verdict
    for row in found.metrics:
        assert row.outcome == known[row.id].outcome
        assert row.interval == pytest.approx(known[row.id].interval, rel=1e-9)
