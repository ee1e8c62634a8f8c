"""Text from files, made harmless for every place where people or programs read it."""


def printable(text: str) -> str:
    """``text`` with everything that is no visible character or space as an escape.

    Control characters, terminal escapes, direction overrides, surrogates and characters
    that XML forbids cannot reach a report.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
