"""What each CI system keeps of a JUnit file, as its own source reads it.

Small models, written from the sources named at each function. What they have in common:
none knows "undecided", and none fails on a case that is skipped.

``python -m tests.report.test_ci_parsers`` writes the fixtures again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

Status = Literal["passed", "failed", "error", "skipped"]

_ATTACHMENT = re.compile(r"\[\[ATTACHMENT\|(.+?)\]\]")
_HALF_OF_A_PASSING_CASE = 500
"""Characters of output that Jenkins keeps at either end of a case that passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A case as a person finds it in the system.

    Attributes:
        name: under which it is found.
        status: as the system calls it, in our words.
        message: the headline that is shown, empty where the system drops it.
        text: what is shown below.
        file: where it points to.
        line: likewise, None where no line is known.
        attachments: files shown with the case.
    """

    name: str
    status: Status
    message: str = ""
    text: str = ""
    file: str = ""
    line: int | None = None
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A report in a CI system.

    Attributes:
        is_red: whether the system shows the report as failed.
        cases: that it keeps, by their names.
    """

    is_red: bool
    cases: dict[str, Seen]


def gitlab(xml: str) -> View:
    """GitLab's merge-request widget and tests tab.

    gitlabhq/gitlabhq, lib/gitlab/ci/parsers/test/junit.rb and lib/gitlab/ci/reports/
    {test_case,test_suite}.rb at 028d8ac: cases of one suite name, classname
    and name replace each other within a status; failure, error and skipped are asked for in
    this order. ActiveSupport's Hash.from_xml leaves the text of an element that has one, so
    that the attribute ``message`` is lost (microsoft/testfx#10269). Attachments are read of
    failures alone; a path is one of the job's artifacts.
    """
    kept: dict[tuple[Status, str], Seen] = {}
    for suite in ET.fromstring(xml).iter("testsuite"):  # noqa: S314  # our own output
        for case in suite.iter("testcase"):
            key = "_".join([suite.get("name", ""), case.get("classname", ""), case.get("name", "")])
            status, mark = _first_mark(case, ("failure", "error", "skipped"))
            out = case.findtext("system-out") or ""
            kept[status, key] = Seen(
                name=case.get("name", ""),
                status=status,
                text=(mark.text or mark.get("message") or "") if mark is not None else "",
                file=case.get("file", ""),
                attachments=tuple(_ATTACHMENT.findall(out)[:1]) if status == "failed" else (),
            )
    is_red = any(status in {"failed", "error"} for status, _ in kept)
    return View(is_red=is_red, cases={seen.name: seen for seen in kept.values()})


def jenkins(xml: str) -> View:
    """Jenkins' JUnit plugin.

    jenkinsci/junit-plugin, src/main/java/hudson/tasks/junit/{SuiteResult,CaseResult}.java at
    019ae4d and 002534a: an error comes before a failure, and both count as
    failed, which makes the build unstable; the message of a skipped case is its attribute.
    Output of a case that passes is cut to 500 characters at either end. Case properties are
    kept on request (keepProperties), file and line never.
    """
    cases = {}
    for case in ET.fromstring(xml).iter("testcase"):  # noqa: S314  # our own output
        status, mark = _first_mark(case, ("error", "failure", "skipped"))
        if status == "error":
            status = "failed"
        text = (mark.text or "") if mark is not None else ""
        out = case.findtext("system-out") or ""
        middle = len(out) - 2 * _HALF_OF_A_PASSING_CASE
        if status != "failed" and middle > 0:
            out = (
                f"{out[:_HALF_OF_A_PASSING_CASE]}\n...[truncated {middle} chars]...\n"
                f"{out[-_HALF_OF_A_PASSING_CASE:]}"
            )
        name = case.get("name", "")
        cases[f"{case.get('classname')}.{name}"] = Seen(
            name=name,
            status=status,
            message="" if mark is None else mark.get("message", ""),
            text=text or out,
        )
    is_red = any(seen.status == "failed" for seen in cases.values())
    return View(is_red=is_red, cases={seen.name: seen for seen in cases.values()})


def mikepenz(xml: str) -> View:
    """mikepenz/action-junit-report on GitHub.

    src/testParser.ts at 0289ec7: failure or error fails a case unless it is skipped too;
    with check_retries cases of one *name* replace each other, whatever their classname. The
    place is ``file`` and ``line`` of the case, and only if both are there. Otherwise it takes
    the last part of the classname for a file, and for the line the last text that looks like
    ``file:12``. The headline is the message's; without one, the first two lines of the text.
    """
    cases: dict[str, Seen] = {}
    for case in ET.fromstring(xml).iter("testcase"):  # noqa: S314  # our own output
        mark = case.find("failure")
        mark = case.find("error") if mark is None else mark
        is_skipped = case.find("skipped") is not None
        text = ((mark.text or "") if mark is not None else "").strip()
        headline = "\n".join(text.split("\n")[:2])
        message = mark.get("message", "") if mark is not None else ""
        file, line = _place_of_mikepenz(case, text)
        failed: Status = "failed" if mark is not None else "passed"
        name = case.get("name", "")
        cases[name] = Seen(
            name=name,
            status="skipped" if is_skipped else failed,
            message=message or headline or name,
            text=text,
            file=file,
            line=line,
        )
    return View(is_red=any(seen.status == "failed" for seen in cases.values()), cases=cases)


def _place_of_mikepenz(case: ET.Element, text: str) -> tuple[str, int]:
    file = case.get("file") or case.get("classname", "").split(".")[-1]
    line = case.get("line")
    if file and line:
        return file, int(line)
    guesses = re.findall(rf" [^ ]*{re.escape(file)}.*?:\d+", text)
    return file, int(guesses[-1].rpartition(":")[2]) if guesses else 1


def dorny(xml: str) -> View:
    """dorny/test-reporter on GitHub, reporter java-junit.

    src/parsers/java-junit/java-junit-parser.ts at 035c1f9: failure or error fails
    a case. It looks for the message among the element's fields, where xml2js does not put
    attributes, so that only the text is shown. A suite or case without a time takes NaN ms.
    A place comes only from lines ``at package.Class(File:12)`` that match tracked files.
    """
    cases = {}
    root = ET.fromstring(xml)  # noqa: S314  # our own output
    for element in (*root.iter("testsuite"), *root.iter("testcase")):
        float(element.attrib["time"])
    for case in root.iter("testcase"):
        status, mark = _first_mark(case, ("failure", "error", "skipped"))
        if status == "error":
            status = "failed"
        name = case.get("name", "")
        shown = mark is not None and status == "failed"
        cases[f"{case.get('classname')} {name}"] = Seen(
            name=name.strip(),
            status=status,
            text=(mark.text or "") if mark is not None and shown else "",
        )
    is_red = any(seen.status == "failed" for seen in cases.values())
    return View(is_red=is_red, cases={seen.name: seen for seen in cases.values()})


def enricomi(xml: str) -> View:
    """EnricoMi/publish-unit-test-result-action on GitHub.

    python/publish/junit.py at 04dd01d: of several marks the worst counts, errors before
    failures before success before skipped. The conclusion follows the *attributes* of the
    suites, not the cases; file and line of a case are kept, and file is part of its identity.
    """
    root = ET.fromstring(xml)  # noqa: S314  # our own output
    cases = {}
    for case in root.iter("testcase"):
        status, mark = _first_mark(case, ("error", "failure", "skipped"))
        line = case.get("line", "")
        key = (case.get("file"), case.get("classname"), case.get("name"))
        cases[key] = Seen(
            name=case.get("name", ""),
            status=status,
            message=mark.get("message", "") if mark is not None else "",
            text=(mark.text or "") if mark is not None else "",
            file=case.get("file", ""),
            line=int(line) if line.isdecimal() else None,
        )
    counts = [int(suite.get(name, "0")) for suite in root.iter("testsuite") for name in _BAD_COUNTS]
    return View(is_red=any(counts), cases={seen.name: seen for seen in cases.values()})


_BAD_COUNTS = ("failures", "errors")


def azure(xml: str) -> View:
    """Azure Pipelines' PublishTestResults.

    microsoft/azure-pipelines-agent, src/Agent.Worker/TestResults/Legacy/JunitResultReader.cs
    at 0ed9b43: failure, then error, fail a case; skipped is not executed, with its message. A
    case without a name is dropped. The console log, which is where newer agents look for
    ``[[ATTACHMENT|path]]`` beside the XML (test-results-reporter/parser#51), is read of cases
    that failed.
    """
    cases = {}
    for case in ET.fromstring(xml).iter("testcase"):  # noqa: S314  # our own output
        status, mark = _first_mark(case, ("failure", "error", "skipped"))
        if status == "error":
            status = "failed"
        name = case.get("name", "")
        if not name:
            continue
        out = case.findtext("system-out") or ""
        cases[f"{case.get('classname')}.{name}"] = Seen(
            name=name,
            status=status,
            message=mark.get("message", "") if mark is not None else "",
            text=(mark.text or "") if mark is not None and status == "failed" else "",
            attachments=tuple(_ATTACHMENT.findall(out)) if status == "failed" else (),
        )
    is_red = any(seen.status == "failed" for seen in cases.values())
    return View(is_red=is_red, cases={seen.name: seen for seen in cases.values()})


def _first_mark(case: ET.Element, order: tuple[str, ...]) -> tuple[Status, ET.Element | None]:
    """The first of these children that the case has, and what it means."""
    words: dict[str, Status] = {"failure": "failed", "error": "error", "skipped": "skipped"}
    for tag in order:
        mark = case.find(tag)
        if mark is not None:
            return words[tag], mark
    return "passed", None


PARSERS: dict[str, Callable[[str], View]] = {
    "gitlab": gitlab,
    "jenkins": jenkins,
    "mikepenz": mikepenz,
    "dorny": dorny,
    "enricomi": enricomi,
    "azure": azure,
}
