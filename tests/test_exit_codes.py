"""The exit statuses that no verdict has, from the real command: 2, 70 and 130.

0, 10, 11, 12 and 13 are in test_contract.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import small

PAIR = small.small(*small.PAIR)
OLD = "device/old.yaml"
STARTED_S = 60.0
"""Within which the command has begun to write."""


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a device of two qubits."""
    folder = tmp_path_factory.mktemp("device")
    small.write_device(folder, PAIR)
    return folder


def test_a_misspelt_option_is_2(device: Path) -> None:
    """Nothing was judged, and the sentence names the option."""
    done = small.qtregress(device, "check", OLD, OLD, "--polcy", "strict.yaml")

    assert (done.status, "--polcy" in done.err) == (2, True)


def test_a_reader_that_leaves_is_70(device: Path) -> None:
    """``qtregress ... | head`` must not pass for a run that ended well."""
    read, write = os.pipe()
    os.close(read)
    try:
        command = [sys.executable, "-m", "qtregress", "validate", OLD]
        done = subprocess.run(
            command, cwd=device, stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(write)

    assert (done.returncode, "standard output was closed" in done.stderr) == (70, True)


def has_workers(running: subprocess.Popen[bytes]) -> bool:
    """Whether the command has begun to simulate in processes of its own."""
    found = subprocess.run(
        ["pgrep", "-P", str(running.pid)],  # wherever it lies
        capture_output=True,
        check=False,
    )
    return bool(found.stdout.strip())


@pytest.mark.skipif(shutil.which("pgrep") is None, reason="pgrep says when the work has begun")
def test_an_interrupt_is_130(device: Path) -> None:
    """Ctrl-C stops a bisection, and a script knows that nobody decided anything."""
    command = [sys.executable, "-m", "qtregress", "simulate", OLD, "--no-cache", "--jobs", "2"]
    running = subprocess.Popen(command, cwd=device, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    end = time.monotonic() + STARTED_S
    while not has_workers(running) and time.monotonic() < end:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=STARTED_S)

    assert (running.returncode, b"interrupted" in err) == (130, True), err
