"""Reports from a saved verdict, and what they attach to the JUnit file."""

from pathlib import Path

import pytest

from qtregress.cli.report import attachable, write_reports
from tests.report.test_ci_parsers import verdict_on


@pytest.mark.parametrize("target", ["verdict.json", "build/verdict.json", "./verdict.json"])
def test_a_file_below_the_job_s_folder_is_attachable(target: str) -> None:
    """CI systems know paths from there."""
    assert attachable([target]) == (target.removeprefix("./"),)


@pytest.mark.parametrize("target", ["-", "", None, "/tmp/verdict.json", "../verdict.json"])  # noqa: S108  # nothing is written
def test_nothing_else_is(target: str | None) -> None:
    """Neither a stream nor what lies elsewhere on the agent."""
    assert attachable([target]) == ()


def test_reports_written_beside_it_are_attached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict and its Markdown."""
    monkeypatch.chdir(tmp_path)
    verdict = verdict_on({"x:1": "regressed"}, {})
    write_reports(verdict, junit="j.xml", markdown="v.md", json_="v.json")
    text = Path("j.xml").read_text(encoding="utf-8")

    assert [f"[[ATTACHMENT|{name}]]" in text for name in ("v.json", "v.md")] == [True, True]


def test_the_same_verdict_gives_the_same_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in it depends on when it was written."""
    monkeypatch.chdir(tmp_path)
    verdict = verdict_on({"x:1": "regressed"}, {})
    for name in ("one.xml", "two.xml"):
        write_reports(verdict, junit=name, markdown=None, json_=None)

    assert Path("one.xml").read_bytes() == Path("two.xml").read_bytes()
