"""The verdict as JUnit XML."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qtregress.metrics.difference import UnjudgedChange
from qtregress.report import junit
from qtregress.report.junit import junit_text
from qtregress.verdict.verdict import JudgedMetric, Verdict

Maker = Callable[..., Verdict]
CHANGE = UnjudgedChange(where="m0 amp", old="0.1", new="0.2")
HOSTILE = st.text(
    st.characters() | st.sampled_from("\x00\x1b\x85\ud800\udfff\ufffe\uffff<>&]\"'\n\u202e"),
    max_size=40,
)


def cases(text: str) -> dict[str, ET.Element]:
    """The report's cases under their names."""
    root = ET.fromstring(text.encode("utf-8"))  # noqa: S314  # our own output
    return {case.attrib["name"]: case for case in root.iter("testcase")}


def marks(text: str) -> dict[str, str]:
    """What each case is marked as."""
    found = {}
    for name, case in cases(text).items():
        tags = [child.tag for child in case if child.tag not in {"system-out", "properties"}]
        found[name] = "+".join(tags) or "passed"
    return found


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [("ok", "passed"), ("improved", "passed"), ("regressed", "failure"), ("undecided", "error")],
)
def test_critical_outcomes(make_verdict: Maker, outcome: str, mark: str) -> None:
    """A critical regression fails and a critical hold errs."""
    assert marks(junit_text(make_verdict([outcome])))["gate.error/sx:0"] == mark


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [("ok", "passed"), ("improved", "passed"), ("regressed", "skipped"), ("undecided", "skipped")],
)
def test_advisory_outcomes(make_verdict: Maker, outcome: str, mark: str) -> None:
    """What is advisory and not ok is skipped."""
    text = junit_text(make_verdict(["ok"], advisory=[outcome]))

    assert marks(text)["heat.chip_energy_j/x:0"] == mark


@pytest.mark.parametrize(
    ("outcomes", "mark"), [(["ok"], "passed"), (["regressed"], "failure"), (["undecided"], "error")]
)
def test_the_verdict_is_a_case(make_verdict: Maker, outcomes: list[str], mark: str) -> None:
    """One case is the verdict itself."""
    assert marks(junit_text(make_verdict(outcomes)))["verdict"] == mark


def test_a_hold_without_a_metric_is_seen(make_verdict: Maker) -> None:
    """An unjudged change holds although every metric is ok."""
    found = marks(junit_text(make_verdict(["ok"], changes=[CHANGE])))

    assert found == {"gate.error/sx:0": "passed", "verdict": "error"}


def test_a_hold_has_its_type(make_verdict: Maker) -> None:
    """Tools tell a hold from a crash by its type."""
    error = cases(junit_text(make_verdict(["undecided"])))["verdict"].find("error")

    assert error is not None
    assert error.attrib["type"] == "qtregress.Hold"


def test_the_classname_is_device_and_area(make_verdict: Maker) -> None:
    """GitLab groups by classname."""
    found = cases(junit_text(make_verdict(["ok"], advisory=["ok"])))

    assert [case.attrib["classname"] for case in found.values()] == [
        "qtregress.lima.gate",
        "qtregress.lima.heat",
        "qtregress.lima.verdict",
    ]


def test_the_suite_counts(make_verdict: Maker) -> None:
    """The head of the report says how many there are of each."""
    text = junit_text(make_verdict(["ok", "regressed", "undecided"], advisory=["undecided"]))
    suite = ET.fromstring(text.encode("utf-8")).find("testsuite")  # noqa: S314  # our own

    assert suite is not None
    keys = ("tests", "failures", "errors", "skipped")
    assert [suite.attrib[key] for key in keys] == ["5", "2", "1", "1"]


def test_an_empty_reason_does_not_pass(make_verdict: Maker) -> None:
    """A regressed metric without a sentence still fails."""
    verdict = make_verdict(["regressed"])
    silent = verdict.metrics[0].model_copy(update={"why": ""})
    verdict = verdict.model_copy(update={"metrics": (silent,)})

    assert marks(junit_text(verdict))["gate.error/sx:0"] == "failure"


def test_a_lost_mark_is_an_internal_error(
    make_verdict: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that does not say what the verdict says is never written."""
    monkeypatch.setattr(junit, "_put_mark", lambda *_args, **_kwargs: None)

    with pytest.raises(RuntimeError, match="must hold"):
        junit_text(make_verdict(["regressed"]))


def test_cases_that_a_system_would_merge_are_an_internal_error(make_verdict: Maker) -> None:
    """GitLab drops a case of the same class and name."""
    verdict = make_verdict(["ok"])
    twice = verdict.model_copy(update={"metrics": verdict.metrics * 2})

    with pytest.raises(RuntimeError, match="distinct names"):
        junit_text(twice)


def properties(case: ET.Element) -> dict[str, str]:
    """The properties of a case."""
    return {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}


def test_critical_metrics_have_properties(make_verdict: Maker) -> None:
    """For programs; Jenkins keeps them on request."""
    case = cases(junit_text(make_verdict(["regressed"])))["gate.error/sx:0"]

    assert properties(case) == {
        "outcome": "regressed",
        "unit": "",
        "old": "0.001",
        "new": "0.011",
        "margin": "0.0001",
        "change_low": "0.01",
        "change_high": "0.01",
    }


def test_advisory_metrics_have_no_properties(make_verdict: Maker) -> None:
    """Files of big devices would be half as large again."""
    case = cases(junit_text(make_verdict(["ok"], advisory=["ok"])))["heat.chip_energy_j/x:0"]

    assert properties(case) == {}


def test_every_time_is_zero_and_said(make_verdict: Maker) -> None:
    """A time that is missing is not a number on GitHub."""
    root = ET.fromstring(junit_text(make_verdict(["ok", "regressed"])))  # noqa: S314  # our own

    assert {element.get("time") for element in root.iter("testcase")} == {"0"}
    assert {element.get("time") for element in (root, *root.iter("testsuite"))} == {"0"}


def test_a_case_that_is_ok_points_nowhere(make_verdict: Maker) -> None:
    """Its identity must not change with the file's name."""
    case = cases(junit_text(make_verdict(["ok"]), lines={"sx:0": 7}))["gate.error/sx:0"]

    assert (case.get("file"), case.get("line")) == (None, None)


def test_attachments_stand_first_in_the_verdict_s_output(make_verdict: Maker) -> None:
    """One a line, as GitLab and Azure read them."""
    text = junit_text(make_verdict(["regressed"]), attachments=["out/v.json", "out/v.md"])
    out = cases(text)["verdict"].findtext("system-out") or ""

    assert out.splitlines()[:2] == ["[[ATTACHMENT|out/v.json]]", "[[ATTACHMENT|out/v.md]]"]


def test_no_text_attaches_a_file(make_verdict: Maker) -> None:
    """However many brackets a policy's author writes."""
    text = junit_text(make_verdict(["undecided"], problem="[[[ATTACHMENT|/etc/passwd]]"))

    assert "[[" not in text


@given(text=HOSTILE)
def test_any_sentence_yields_xml_that_parses(make_verdict: Maker, text: str) -> None:
    """Control characters, surrogates and markup do no harm."""
    verdict = make_verdict(["undecided"], problem=text)

    assert marks(junit_text(verdict))["gate.error/sx:0"] == "error"


@given(name=HOSTILE, unit=HOSTILE, why=HOSTILE)
@example(name="\ud800", unit="", why="")
@example(name="", unit="\ud800\x00", why="")
@example(name="", unit="", why="\ud800\ufffe\x1b")
def test_any_name_yields_xml_that_parses(
    make_verdict: Maker, name: str, unit: str, why: str
) -> None:
    """Even names that the models would refuse yield XML that counts right."""
    verdict = make_verdict(["regressed"])
    fields: dict[str, Any] = verdict.metrics[0].model_dump()
    fields |= {"id": name, "metric": name, "unit": unit, "why": why}
    verdict = verdict.model_copy(update={"metrics": (JudgedMetric.model_construct(**fields),)})

    assert "failure" in marks(junit_text(verdict)).values()
