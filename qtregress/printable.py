"""Text from files, made harmless for every place where people or programs read it."""

import re

_COMMANDS = re.compile(r"(?<=:)(?=:)|(?<=##)(?=\[|vso\[)")
"""Inside of what GitHub's and Azure's runners obey at the start of a line: ``::``, ``##[``."""
_WORD_JOINER = "\u2060"


def printable(text: str) -> str:
    """``text`` with everything that is no visible character or space as an escape.

    Control characters, terminal escapes, direction overrides, surrogates and characters
    that XML forbids cannot reach a report; what a CI system's log obeys is broken by a
    character without width, because any wrapped line may begin with it.
    """
    visible = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
    return _COMMANDS.sub(_WORD_JOINER, visible)
