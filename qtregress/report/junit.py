"""The verdict as JUnit XML: one case a metric, and one that is the verdict itself.

A critical regression is a failure. A critical metric that is undecided is an error of
type ``qtregress.Hold``, because every CI system shows skipped as green. What is advisory
and not ok is skipped. The case ``verdict`` fails on a rollback and errs on a hold, so
that a hold which no single metric causes is seen as well.
"""

from collections import Counter
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


def junit_text(verdict: Verdict) -> str:
    """The report as XML, read back and counted.

    Raises:
        RuntimeError: the XML does not say what the verdict says.
    """
    prefix = f"qtregress.{verdict.evidence.device}"
    marked = [(mark_of(metric), _metric_case(metric, prefix)) for metric in verdict.metrics]
    marked.append((_VERDICT_MARKS[verdict.verdict], _verdict_case(verdict, prefix)))
    suite = TestSuite(prefix, [case for _, case in marked], timestamp=printable(verdict.created))
    text = str(to_xml_report_string([suite], encoding="utf-8"))
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
    area = metric.metric.partition(".")[0]
    case = TestCase(printable(metric.id), printable(f"{prefix}.{area}"), stdout=_figures(metric))
    _put_mark(case, mark_of(metric), message=metric.why or metric.outcome, output=_figures(metric))
    return case


def _verdict_case(verdict: Verdict, prefix: str) -> TestCase:
    lines = [release(verdict), *verdict.reasons]
    output = "\n".join(printable(line) for line in lines)
    case = TestCase("verdict", f"{prefix}.verdict", stdout=output)
    message = f"{HEADLINES[verdict.verdict]}: {verdict.reasons[0]}"
    _put_mark(case, _VERDICT_MARKS[verdict.verdict], message=message, output=output)
    return case


def _put_mark(case: TestCase, mark: Mark, *, message: str, output: str) -> None:
    """Mark the case; neither text may be empty, or junit-xml 1.9 drops the mark."""
    message = printable(message)
    if mark == "failure":
        case.add_failure_info(message, output, REGRESSION)
    elif mark == "error":
        case.add_error_info(message, output, HOLD)
    elif mark == "skipped":
        case.add_skipped_info(message, output)


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
    return "\n".join(printable(line) for line in lines)


def _check(text: str, expected: Counter[Mark]) -> None:
    """Read the XML back and count.

    Raises:
        RuntimeError: a case was lost, or carries another mark.
    """
    root = ET.fromstring(text.encode("utf-8"))  # noqa: S314  # our own output
    found = Counter(_mark_in(case) for case in root.iter("testcase"))
    suite = root.find("testsuite")
    head = {} if suite is None else suite.attrib
    names = {"tests": expected.total(), "failures": expected["failure"]}
    names |= {"errors": expected["error"], "skipped": expected["skipped"]}
    wrong = [name for name, number in names.items() if head.get(name) != str(number)]
    if found != expected or wrong:
        msg = f"the JUnit report must hold {dict(expected)}, but holds {dict(found)} ({wrong})"
        raise RuntimeError(msg)


def _mark_in(case: ET.Element) -> str:
    marks = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
    return "+".join(marks) or "passed"
