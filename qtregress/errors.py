"""Expected errors: each is a sentence for the user and carries its exit status.

Everything here is caught once, at the edge (``qtregress.cli``). Anything else
that escapes is a defect of this tool and exits 70.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller; 1 is never used, crashes own it."""

    PROMOTE = 0
    USAGE = 2
    ROLLBACK = 10
    HOLD = 11
    BASELINE = 12
    BAD_INPUT = 13
    INTERNAL = 70
    INTERRUPTED = 130


class QtregressError(Exception):
    """Base of every expected error; the message is a sentence for the user."""

    exit_code = ExitCode.INTERNAL


class InputError(QtregressError):
    """A file, an option's value or a document cannot be used as given."""

    exit_code = ExitCode.BAD_INPUT


class BaselineError(QtregressError):
    """The baseline is missing, stale, tampered with or of another chip."""

    exit_code = ExitCode.BASELINE
