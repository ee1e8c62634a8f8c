"""What six CI systems show of a verdict, by models of their parsers.

In each of them a rollback and a hold are red, and what is advisory or waived is not.
"""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from qtregress.metrics.difference import Difference
from qtregress.metrics.metric import Input
from qtregress.report.junit import junit_text
from qtregress.verdict.decide import Circumstances, Said, decide, document
from qtregress.verdict.policy import Policy
from qtregress.verdict.terms import Waiver
from qtregress.verdict.verdict import TableChange, Verdict
from tests.report.ci_parsers import PARSERS, View

FIXTURES = Path(__file__).parent.parent / "fixtures" / "junit"
INTERVALS = {"ok": (0.0, 0.0), "undecided": (-1e-2, 1e-2), "regressed": (1e-2, 1e-2)}
EVERY = {"x:0": "ok", "x:1": "regressed", "x:2": "undecided", "x:3": "regressed"}
WAIVED = "gate.error/x:3"
NEW = "pulse_profiles/lima/new.yaml"
LINES = {"x:1": 40, "x:2": 50}
ATTACHED = ("build/verdict.json",)
systems = pytest.mark.parametrize("system", sorted(PARSERS))


def difference(metric: str, subject: str, word: str) -> Difference:
    """A metric that a rule judges to be ``word``."""
    return Difference(
        id=f"{metric}/{subject}",
        metric=metric,
        subject=subject,
        unit="1",
        old=1e-3,
        new=1e-3 + sum(INTERVALS[word]) / 2,
        interval=INTERVALS[word],
        scale=1e-3,
        note="<it> & [[ATTACHMENT|/etc/passwd]] moved.",
    )


def verdict_on(critical: dict[str, str], advisory: dict[str, str]) -> Verdict:
    """The verdict on gate errors and, advisory, on energies of the chip."""
    rows = [difference("gate.error", *item) for item in critical.items()]
    rows += [difference("rb.p", *item) for item in advisory.items()]
    waiver = Waiver(metrics=WAIVED, ceiling=1.0, owner="ops", reason="Known.", expires="2025-03-01")
    policy = Policy(format="qtregress/policy@1", waivers=(waiver,))
    decision = decide(rows, policy=policy, said=Said(today=date(2025, 2, 1)))
    return document(
        decision,
        Circumstances(
            device="lima",
            old_firmware="1.0",
            new_firmware="1.1",
            inputs={"new": Input(path=f"HEAD:{NEW}", digest=f"sha256:{'0' * 64}")},
            environment={},
            created="2025-02-01T12:00:00+00:00",
        ),
    )


def report(critical: dict[str, str], advisory: dict[str, str] | None = None) -> str:
    """Its JUnit report with lines and attachments."""
    verdict = verdict_on(critical, advisory or {})
    return junit_text(verdict, lines=LINES, attachments=ATTACHED)


def every_outcome(system: str) -> View:
    """The system's view of a verdict in which every outcome appears."""
    return PARSERS[system](report(EVERY, {"0": "ok", "1": "undecided"}))


def as_json(view: View) -> dict[str, Any]:
    """A view as its fixture has it."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(view)))
    return found


@systems
def test_the_system_s_view_is_as_recorded(system: str) -> None:
    """The fixtures are for people to read: this is what they will see."""
    recorded = json.loads((FIXTURES / f"{system}.json").read_text(encoding="utf-8"))

    assert as_json(every_outcome(system)) == recorded


@systems
def test_a_rollback_is_red(system: str) -> None:
    """And its metric is no pass."""
    view = PARSERS[system](report({"x:1": "regressed"}))

    assert (view.is_red, view.cases["gate.error/x:1"].status) == (True, "failed")


@systems
def test_a_hold_is_red(system: str) -> None:
    """No system knows undecided, so that it must not be skipped."""
    view = PARSERS[system](report({"x:0": "ok", "x:2": "undecided"}))
    status = view.cases["gate.error/x:2"].status

    assert (view.is_red, status in {"failed", "error"}) == (True, True)


@systems
def test_a_promotion_is_not_red(system: str) -> None:
    """Advisory metrics that are not ok, and waived ones, make nothing red."""
    view = PARSERS[system](report({"x:0": "ok", "x:3": "regressed"}, {"1": "undecided"}))

    assert not view.is_red


@systems
@pytest.mark.parametrize("case", [WAIVED, "rb.p/1"])
def test_what_is_waived_or_advisory_is_skipped(system: str, case: str) -> None:
    """Seen, but no failure."""
    assert every_outcome(system).cases[case].status == "skipped"


@systems
def test_no_case_is_lost(system: str) -> None:
    """None is another one's duplicate."""
    expected = {f"gate.error/{name}" for name in EVERY} | {"rb.p/0", "rb.p/1", "verdict"}

    assert set(every_outcome(system).cases) == expected


@systems
def test_the_verdict_is_a_case_that_says_the_word(system: str) -> None:
    """Whatever else is cut, this one is read."""
    seen = every_outcome(system).cases["verdict"]

    assert (seen.status, "ROLL BACK" in f"{seen.message} {seen.text}") == ("failed", True)


@systems
@pytest.mark.parametrize("case", ["gate.error/x:1", "gate.error/x:2"])
def test_the_reason_survives(system: str, case: str) -> None:
    """GitLab and dorny drop the attribute, the others show it first; markup stays text."""
    seen = every_outcome(system).cases[case]

    assert "<it> & " in f"{seen.message} {seen.text}"


@systems
def test_the_margin_survives(system: str) -> None:
    """Whoever reads the red case sees the figures."""
    assert "margin: " in every_outcome(system).cases["gate.error/x:1"].text


@systems
def test_nobody_s_text_attaches_a_file(system: str) -> None:
    """A pull request's names must not make an agent upload its secrets."""
    found = [path for seen in every_outcome(system).cases.values() for path in seen.attachments]

    assert "/etc/passwd" not in found


@pytest.mark.parametrize("system", ["gitlab", "azure"])
def test_the_verdict_s_file_is_attached(system: str) -> None:
    """Where the report failed; GitLab reads no attachments of errors, so a hold has none there."""
    assert every_outcome(system).cases["verdict"].attachments == ATTACHED


@pytest.mark.parametrize("system", ["mikepenz", "enricomi"])
@pytest.mark.parametrize(
    ("case", "line"), [("gate.error/x:1", 40), ("gate.error/x:2", 50), ("verdict", 1)]
)
def test_annotations_point_at_the_gate_s_row(system: str, case: str, line: int) -> None:
    """In NEW's file as the pull request has it, also where it was read from a revision."""
    seen = every_outcome(system).cases[case]

    assert (seen.file, seen.line) == (NEW, line)


def test_annotations_point_at_the_field_that_changed() -> None:
    """Where the verdict says which, also in a report redone from a saved verdict."""
    verdict = verdict_on({"x:1": "regressed"}, {})
    rows = [
        TableChange(gate="x:1", pulse="d1@0", field=field, old="1", new="2", line=line)
        for field, line in (("amp", 43), ("beta", 45))
    ]
    evidence = verdict.evidence.model_copy(update={"changes": tuple(rows)})
    text = junit_text(verdict.model_copy(update={"evidence": evidence}))

    assert PARSERS["mikepenz"](text).cases["gate.error/x:1"].line == 43


def _write() -> None:
    """Write every fixture again."""
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for system in PARSERS:
        text = json.dumps(as_json(every_outcome(system)), indent=1, ensure_ascii=False)
        (FIXTURES / f"{system}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
