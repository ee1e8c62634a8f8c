"""Text from files cannot command a terminal or a CI system's log."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.printable import printable

COMMANDS = re.compile(r"::|##\[|##vso\[")


@pytest.mark.parametrize(
    "text", ["::stop-commands::x", ":::", "##[add-mask]x", "##vso[task.setvariable]x"]
)
def test_no_log_obeys_it(text: str) -> None:
    """GitHub's and Azure's runners act on such lines, wherever a table wraps them."""
    assert COMMANDS.search(printable(text)) is None


@given(st.text(st.sampled_from(":#[vso a\x1b\n\u202e")))
def test_whatever_is_put_together_stays_harmless(text: str) -> None:
    """No mixture makes a command, an escape or a new line; what is visible stays in order."""
    shown = printable(text)

    assert COMMANDS.search(shown) is None
    assert all(char.isprintable() or char == "\u2060" for char in shown)


def test_plain_text_stays_what_it_is() -> None:
    """Ids, paths and revisions are not touched."""
    assert printable("HEAD:a/b.yaml gate.error/cx:0-1 d0@160 #1") == (
        "HEAD:a/b.yaml gate.error/cx:0-1 d0@160 #1"
    )
