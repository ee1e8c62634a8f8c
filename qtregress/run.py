"""How work is spread: the one signature that pure stages ask their caller for."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Answer = TypeVar("Answer")


class Run(Protocol):
    """Applies a function to every task and returns the answers in the tasks' order.

    The caller decides on processes and progress; the answers must not depend on it.
    """

    def __call__(
        self, function: Callable[[Task], Answer], tasks: Sequence[Task], what: str
    ) -> list[Answer]:
        """Answers in order; ``what`` names the work for people."""
        ...


def in_order(function: Callable[[Task], Answer], tasks: Sequence[Task], what: str) -> list[Answer]:
    """The simplest ``Run``: one after the other, in this process."""
    del what
    return [function(task) for task in tasks]
