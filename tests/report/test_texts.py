"""The table, Markdown and JSON."""

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from qtregress.metrics.difference import UnjudgedChange
from qtregress.printable import printable
from qtregress.report.json_text import document_text
from qtregress.report.markdown import LIMIT, escaped, markdown_text
from qtregress.report.table import verdict_table
from qtregress.report.text import change
from qtregress.verdict.verdict import Verdict

Maker = Callable[..., Verdict]


def shown(verdict: Verdict, width: int = 80) -> str:
    """The table as plain text."""
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(verdict_table(verdict))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("outcome", "banner"),
    [("ok", "PROMOTE"), ("undecided", "HOLD"), ("regressed", "ROLL BACK")],
)
def test_the_table_opens_with_the_verdict(make_verdict: Maker, outcome: str, banner: str) -> None:
    """The first line is the verdict and what it is about."""
    assert shown(make_verdict([outcome])).startswith(f" {banner}  lima: 1.0 -> 1.1")


def test_the_table_fits_80_columns(make_verdict: Maker) -> None:
    """No line is longer than a narrow terminal."""
    text = shown(make_verdict(["regressed", "ok"], advisory=["undecided"]))

    assert max(map(len, text.splitlines())) <= 80


def test_the_table_keeps_whole_ids_at_80_columns(make_verdict: Maker) -> None:
    """An ordinary id stands on one line."""
    assert "heat.chip_energy_j/x:0" in shown(make_verdict(["ok"], advisory=["regressed"]))


def test_the_worst_row_is_first(make_verdict: Maker) -> None:
    """Regressions stand above what is undecided; what is ok is then only counted."""
    rows = shown(make_verdict(["ok", "undecided", "regressed"])).split("Outcome")[1]

    assert rows.index("sx:2") < rows.index("sx:1")
    assert "sx:0" not in rows


def test_what_is_ok_is_counted(make_verdict: Maker) -> None:
    """Five rows that are ok are shown, the rest is a number."""
    assert "… and 87 critical metrics ok" in shown(make_verdict(["ok"] * 92))


def test_what_is_not_ok_is_counted(make_verdict: Maker) -> None:
    """Twenty rows of trouble are shown, the rest is a number."""
    assert "… and 1 metric more that are not ok" in shown(make_verdict(["regressed"] * 21))


def test_markup_is_shown_as_it_is(make_verdict: Maker) -> None:
    """Rich markup in a sentence is text."""
    text = shown(make_verdict(["undecided"], problem="[bold]x[/bold] [/]"), width=300)

    assert "[bold]x[/bold] [/]" in text


def test_terminal_escapes_are_shown_as_text(make_verdict: Maker) -> None:
    """A sentence cannot move the cursor."""
    text = shown(make_verdict(["undecided"], problem="a\x1b[2Jb"), width=300)

    assert "a\\x1b[2Jb" in text


@given(st.text())
def test_printable_text_is_printable(text: str) -> None:
    """Nothing invisible survives, and visible text is untouched."""
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)


def test_a_change_is_a_share(make_verdict: Maker) -> None:
    """Small changes are percentages of the old value."""
    metric = make_verdict(["ok"]).metrics[0].model_copy(update={"relative": 0.123})

    assert change(metric) == "+12 %"


@pytest.mark.parametrize(("relative", "text"), [(30.0, "31x"), (1e6, "+0.0003")])
def test_a_large_share_is_a_multiple(make_verdict: Maker, relative: float, text: str) -> None:
    """What more than doubled is a multiple; from next to nothing it is shown in its unit."""
    update = {"relative": relative, "delta": 3e-4}
    metric = make_verdict(["ok"]).metrics[0].model_copy(update=update)

    assert change(metric) == text


def test_markdown_opens_with_the_verdict(make_verdict: Maker) -> None:
    """The heading is the verdict."""
    assert markdown_text(make_verdict(["ok"])).startswith("## PROMOTE: lima: 1.0 -&gt; 1.1\n")


def test_markdown_puts_trouble_first(make_verdict: Maker) -> None:
    """What is not ok stands in the first table."""
    text = markdown_text(make_verdict(["ok", "regressed"]))

    assert text.index("### Not ok (1)") < text.index("### Critical and ok (1)")


def test_markdown_is_cut_and_says_so(make_verdict: Maker) -> None:
    """A summary that is too long keeps its head and counts what was cut."""
    text = markdown_text(make_verdict(["ok"] * 3000))

    assert len(text) <= LIMIT
    assert text.startswith("## PROMOTE")
    assert text.endswith("were cut to stay within 60000 characters; verdict.json has all.\n")


def test_markdown_keeps_a_line_in_one(make_verdict: Maker) -> None:
    """A newline in a sentence opens no heading."""
    change_ = UnjudgedChange(where="m0", old="a\n# b", new="c")

    assert "\n# b" not in markdown_text(make_verdict(["ok"], changes=[change_]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("a|b", "a\\|b"),
        ("[a](b)", "\\[a\\](b)"),
        ("`x` *y* _z_", "\\`x\\` \\*y\\* \\_z\\_"),
        ("@octocat", "@\u2060octocat"),
        ("see #12", "see #\u206012"),
        ("cx:0-1@mxc", "cx:0-1@mxc"),
        ("https://evil", "https&#58;//evil"),
        ("www.evil", "www&#46;evil"),
        ("a &amp; b", "a &amp;amp; b"),
    ],
)
def test_markdown_is_escaped(text: str, expected: str) -> None:
    """Markup, HTML, mentions, references and links are text."""
    assert escaped(text) == expected


def test_json_reads_back(make_verdict: Maker) -> None:
    """The file holds the verdict."""
    verdict = make_verdict(["ok", "undecided"], problem="é")

    assert Verdict.model_validate(json.loads(document_text(verdict))) == verdict


def test_json_opens_with_the_verdict(make_verdict: Maker) -> None:
    """A reader sees format and verdict first."""
    keys = list(json.loads(document_text(make_verdict(["ok"]))))

    assert keys[:4] == ["format", "verdict", "exit_code", "reasons"]


def test_a_missing_value_is_a_dash(make_verdict: Maker) -> None:
    """What was not measured has no change."""
    metric = make_verdict(["ok"]).metrics[0].model_copy(update={"relative": None, "delta": None})

    assert change(metric) == "—"


def test_a_verdict_without_metrics_has_no_table(make_verdict: Maker) -> None:
    """Nothing measured shows the reasons alone."""
    assert "Outcome" not in shown(make_verdict([]))


def test_advisory_metrics_that_are_ok_are_counted(make_verdict: Maker) -> None:
    """Advisory rows that are ok are only a number."""
    assert "… and 1 advisory metric ok" in shown(make_verdict(["ok"], advisory=["ok"]))
