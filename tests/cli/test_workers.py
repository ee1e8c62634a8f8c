"""Processes: order, identity of the answers, one thread each, failures that arrive."""

import math
import operator
import os
import signal
import threading
import time
from functools import partial

import pytest
from threadpoolctl import threadpool_info

from qtregress.cli.workers import default_jobs, workers
from qtregress.run import in_order
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
NUMBERS = list(range(30))


def test_there_is_at_least_one_process() -> None:
    """A machine has a core."""
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_answers_come_in_the_tasks_order(jobs: int) -> None:
    """Whoever finishes first waits for its turn."""
    with workers(jobs, quiet=True) as run:
        assert run(math.sqrt, NUMBERS, "roots") == [math.sqrt(number) for number in NUMBERS]


def test_the_simplest_run_says_the_same() -> None:
    """In this process, one after the other."""
    assert in_order(math.sqrt, NUMBERS, "roots") == [math.sqrt(number) for number in NUMBERS]


def test_no_task_is_no_answer() -> None:
    """Nothing to do is done at once."""
    with workers(1, quiet=False) as run:
        assert run(math.sqrt, [], "roots") == []


def test_the_work_is_done_elsewhere() -> None:
    """Another process computes."""
    with workers(1, quiet=True) as run:
        assert run(_process, [0], "processes") != [os.getpid()]


def _process(_: int) -> int:
    return os.getpid()


def _threads(_: int) -> set[int]:
    return {int(pool["num_threads"]) for pool in threadpool_info()}


def test_each_process_has_one_thread_for_its_matrices() -> None:
    """Threads that contend cost more than they bring."""
    with workers(2, quiet=True) as run:
        assert set().union(*run(_threads, [0, 1], "threads")) <= {1}


def test_a_failure_arrives() -> None:
    """What a task raises is raised here."""
    with workers(1, quiet=True) as run, pytest.raises(ZeroDivisionError, match="division"):
        run(partial(operator.truediv, 1), [0], "quotients")


@pytest.mark.skipif(not hasattr(os, "register_at_fork"), reason="nothing forks here")
def test_an_interrupt_while_forking_is_not_lost() -> None:
    """Python swallows what its hooks around a fork raise, and Ctrl-C may arrive in one."""
    armed = [signal.SIGINT]

    def press() -> None:
        while armed:
            signal.raise_signal(armed.pop())

    os.register_at_fork(before=press)

    with pytest.raises(KeyboardInterrupt, match=r"^$"), workers(2, quiet=True) as run:
        run(math.sqrt, NUMBERS, "roots")

    assert not armed


def test_an_interrupt_does_not_wait_for_long_tasks() -> None:
    """A cancelled job ends now, whatever its workers are at."""
    begun = time.monotonic()
    pressing = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    pressing.start()

    with pytest.raises(KeyboardInterrupt, match=r"^$"), workers(2, quiet=True) as run:
        run(time.sleep, [60.0, 60.0], "naps")

    assert time.monotonic() - begun < 20


def test_channels_do_not_depend_on_the_process() -> None:
    """One qubit measured here, in one process and in two: the same metrics to the bit."""
    here = small.old(0)[1]
    found = []
    for jobs in (1, 2):
        with workers(jobs, quiet=True) as run:
            found.append(small.measured(small.small(0), run=run)[1])

    assert found == [here, here]
