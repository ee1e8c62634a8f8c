"""Processes and progress: how the commands spread their work.

Workers are forked where the platform can (they inherit what is imported) and hold BLAS to one
thread each: the matrices are small, and threads that contend cost more than they bring.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

from qtregress.run import Answer, Run, Task

_ENDS = (signal.SIGINT, signal.SIGTERM)


def default_jobs() -> int:
    """As many processes as this process may use cores."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def _begin() -> None:
    """One BLAS thread a worker; a signal to the parent is the parent's to handle."""
    threadpool_limits(limits=1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)


@contextmanager
def _later() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the processes are forked.

    Python runs hooks around a fork and swallows what they raise: an interrupt that arrives
    in one of them would be lost, and the run would end as if nobody had stopped it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _stop(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends like Ctrl-C, so that no worker outlives a cancelled job."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def workers(jobs: int | None, *, quiet: bool) -> Iterator[Run]:
    """A ``Run`` on ``jobs`` processes, with a progress bar on a terminal's standard error.

    Answers come in the tasks' order whatever the number of processes is, and each task is
    computed by one process alone, so that the numbers do not depend on it either.
    """
    count = jobs or default_jobs()
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with (
        _stoppable(),
        threadpool_limits(limits=1),
        ProcessPoolExecutor(
            max_workers=count,
            mp_context=multiprocessing.get_context(method),
            initializer=_begin,
        ) as pool,
    ):

        def run(
            function: Callable[[Task], Answer], tasks: Sequence[Task], what: str
        ) -> list[Answer]:
            with _later():
                answers = pool.map(function, tasks)
            return list(_shown(answers, len(tasks), what, quiet=quiet))

        with _given_up():
            yield run


@contextmanager
def _given_up() -> Iterator[None]:
    """Who interrupts does not wait for tasks that take minutes: workers end at once."""
    try:
        yield
    except KeyboardInterrupt:
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise


def _shown(answers: Iterator[Answer], total: int, what: str, *, quiet: bool) -> Iterator[Answer]:
    """The answers as they come, counted on standard error where somebody is looking."""
    if quiet or not sys.stderr.isatty() or not total:
        yield from answers
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        answers, description=what, total=total, console=Console(stderr=True), transient=True
    )
