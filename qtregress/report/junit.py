"""The verdict as JUnit XML: one case a metric, and one that is the verdict itself.

A critical regression is a failure. A critical metric that is undecided is an error of
type ``qtregress.Hold``, because every CI system shows skipped as green. What is advisory
and not ok is skipped, and so is what somebody waived. The case ``verdict`` fails on a
rollback and errs on a hold, so that a hold which no single metric causes is seen as well.

Every mark says the same in its attribute ``message`` and in its text, for GitLab and
dorny/test-reporter keep the text alone. What junit-xml 1.9 cannot write (properties of a
case, a time of zero, a line) is added to what it wrote, and the result is read back.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal
from xml.etree import ElementTree as ET

from junit_xml import TestCase, TestSuite, to_xml_report_string

from qtregress.printable import printable
from qtregress.report.text import HEADLINES, release
from qtregress.verdict.rules import quantity
from qtregress.verdict.verdict import PASSING, JudgedMetric, Verdict, VerdictWord

Mark = Literal["passed", "failure", "error", "skipped"]

HOLD = "qtregress.Hold"
REGRESSION = "qtregress.Regression"

_VERDICT_MARKS: dict[VerdictWord, Mark] = {
    "promote": "passed",
    "rollback": "failure",
    "hold": "error",
}
_NO_LINES: Mapping[str, int] = MappingProxyType({})
_NO_TIME = "0"
"""Of cases and suites: a verdict takes none. Left out, dorny/test-reporter shows NaN."""
_FIRST_LINE = 1
"""Where a case of no gate points to: without a line, tools guess one from the text."""


def junit_text(
    verdict: Verdict,
    *,
    lines: Mapping[str, int] = _NO_LINES,
    attachments: Sequence[str] = (),
) -> str:
    """The report as XML, read back and counted.

    Args:
        verdict: what to report.
        lines: where NEW's file has a gate, by gate id, counted from 1; where the verdict
            knows which field of it changed, that field's line counts.
        attachments: files that belong to the verdict, relative to the folder of the job.

    Raises:
        RuntimeError: the XML does not say what the verdict says.
    """
    prefix = printable(f"qtregress.{verdict.evidence.device}")
    marked = [(mark_of(metric), _metric_case(metric, prefix)) for metric in verdict.metrics]
    marked.append(
        (_VERDICT_MARKS[verdict.verdict], _verdict_case(verdict, prefix, attachments)),
    )
    suite = TestSuite(prefix, [case for _, case in marked], timestamp=printable(verdict.created))
    plain = to_xml_report_string([suite], prettyprint=False, encoding="utf-8")
    text = _completed(plain, verdict, lines)
    _check(text, Counter(mark for mark, _ in marked))
    return text


def mark_of(metric: JudgedMetric) -> Mark:
    """How the metric's case is marked."""
    if metric.outcome in PASSING:
        return "passed"
    if not metric.critical or metric.outcome == "waived":
        return "skipped"
    return "failure" if metric.outcome == "regressed" else "error"


def _metric_case(metric: JudgedMetric, prefix: str) -> TestCase:
    mark = mark_of(metric)
    area = metric.metric.partition(".")[0]
    case = TestCase(
        _harmless(metric.id),
        printable(f"{prefix}.{area}"),
        # a mark says it at length, and big chips have thousands of cases
        stdout=_in_short(metric) if mark == "passed" else None,
    )
    _put_mark(case, mark, message=metric.why or metric.outcome, output=_figures(metric))
    return case


def _verdict_case(verdict: Verdict, prefix: str, attachments: Sequence[str]) -> TestCase:
    files = [f"[[ATTACHMENT|{_harmless(path)}]]" for path in attachments]
    told = [_harmless(line) for line in (release(verdict), *verdict.reasons)]
    case = TestCase("verdict", f"{prefix}.verdict", stdout="\n".join([*files, *told]))
    message = f"{HEADLINES[verdict.verdict]}: {verdict.reasons[0]}"
    mark = _VERDICT_MARKS[verdict.verdict]
    _put_mark(case, mark, message=message, output="\n".join(told))
    return case


def _put_mark(case: TestCase, mark: Mark, *, message: str, output: str) -> None:
    """Mark the case; neither text may be empty, or junit-xml 1.9 drops the mark."""
    message = _harmless(message).strip() or mark
    output = f"{message}\n{output}"
    if mark == "failure":
        case.add_failure_info(message, output, REGRESSION)
    elif mark == "error":
        case.add_error_info(message, output, HOLD)
    elif mark == "skipped":
        case.add_skipped_info(message, output)


def _harmless(text: str) -> str:
    """The text without what CI systems obey: a name in a policy must attach no file."""
    return re.sub(r"\[(?=\[)", "[ ", printable(text))


def _in_short(metric: JudgedMetric) -> str:
    """One line on a metric that passes."""
    old, new, margin = (
        quantity(value, metric.unit) for value in (metric.old, metric.new, metric.margin)
    )
    kind = "critical" if metric.critical else "advisory"
    return _harmless(f"{kind}, {metric.outcome}: {old} -> {new}, margin {margin}")


def _figures(metric: JudgedMetric) -> str:
    """Values, interval and margin, one a line, in SI and as people read them."""
    low, high = metric.interval or (None, None)
    rows = (
        ("old", metric.old),
        ("new", metric.new),
        ("baseline", metric.baseline),
        ("change at least", low),
        ("change at most", high),
        ("margin", metric.margin),
    )
    kind = "critical" if metric.critical else "advisory"
    lines = [f"{kind}, {metric.direction} is better, {metric.outcome}"]
    lines += [f"{name}: {quantity(value, metric.unit)} ({value!r})" for name, value in rows]
    return "\n".join(_harmless(line) for line in lines)


def _properties(metric: JudgedMetric) -> dict[str, str]:
    """What programs want to read of a metric, short; figures that are missing left out."""
    low, high = metric.interval or (None, None)
    figures = {
        "old": metric.old,
        "new": metric.new,
        "margin": metric.margin,
        "change_low": low,
        "change_high": high,
    }
    shown = {name: f"{value:.7g}" for name, value in figures.items() if value is not None}
    found = {"outcome": str(metric.outcome), "unit": metric.unit, **shown}
    if metric.waiver is not None:
        found |= {"waived_by": metric.waiver.owner, "waived_until": str(metric.waiver.expires)}
    return {name: _harmless(value) for name, value in found.items()}


def _completed(plain: str, verdict: Verdict, lines: Mapping[str, int]) -> str:
    """What junit-xml wrote with what it cannot write."""
    root = ET.fromstring(plain.encode("utf-8"))  # noqa: S314  # our own output
    new = verdict.inputs.get("new")
    file = "" if new is None else _in_the_tree(new.path)
    for element in (*root.iter("testsuites"), *root.iter("testsuite"), *root.iter("testcase")):
        element.set("time", _NO_TIME)
    places = _places(verdict, lines)
    metrics: list[JudgedMetric | None] = [*verdict.metrics, None]
    for case, metric in zip(root.iter("testcase"), metrics, strict=True):
        if metric is not None and metric.critical:
            _add_properties(case, _properties(metric))
        if file and _mark_in(case) in {"failure", "error"}:
            gate = "" if metric is None else metric.subject.partition("@")[0]
            case.set("file", _harmless(file))
            case.set("line", str(places.get(gate, _FIRST_LINE)))
    ET.indent(root, " ")
    return str(ET.tostring(root, encoding="unicode", xml_declaration=False)).join(
        ('<?xml version="1.0" encoding="utf-8"?>\n', "\n")
    )


def _places(verdict: Verdict, lines: Mapping[str, int]) -> dict[str, int]:
    """The line of each gate's first changed field, else of the gate."""
    changed = reversed(verdict.evidence.changes)
    return {**lines, **{change.gate: change.line for change in changed if change.line}}


def _add_properties(case: ET.Element, properties: Mapping[str, str]) -> None:
    parent = ET.Element("properties")
    for name, value in properties.items():
        ET.SubElement(parent, "property", {"name": name, "value": value})
    case.insert(0, parent)


def _in_the_tree(path: str) -> str:
    """The file that a person sees, also where it was read from a revision (``REV:PATH``)."""
    return path.partition(":")[2] or path


def _check(text: str, expected: Counter[Mark]) -> None:
    """Read the XML back and count.

    Raises:
        RuntimeError: a case was lost, would be lost as another one's duplicate, or carries
            another mark.
    """
    root = ET.fromstring(text.encode("utf-8"))  # noqa: S314  # our own output
    cases = list(root.iter("testcase"))
    found = Counter(_mark_in(case) for case in cases)
    suite = root.find("testsuite")
    head = {} if suite is None else suite.attrib
    names = {"tests": expected.total(), "failures": expected["failure"]}
    names |= {"errors": expected["error"], "skipped": expected["skipped"]}
    wrong = [name for name, number in names.items() if head.get(name) != str(number)]
    if found != expected or wrong:
        msg = f"the JUnit report must hold {dict(expected)}, but holds {dict(found)} ({wrong})"
        raise RuntimeError(msg)
    distinct = len({case.get("name") for case in cases})
    if distinct != len(cases):
        msg = (
            f"the JUnit report's cases must have distinct names, but {len(cases)} share {distinct}"
        )
        raise RuntimeError(msg)


def _mark_in(case: ET.Element) -> str:
    marks = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
    return "+".join(marks) or "passed"
