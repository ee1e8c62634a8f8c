"""How long the commands take here and how much memory: `make bench`, never a gate.

Prints a line a command: wall time of the fastest of its runs, and the largest memory of its
whole process tree (proportional set size; Linux only).
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMA = "pulse_profiles/ibm_lima"
COMMANDS = (
    (5, ["--help"]),
    (5, ["validate", f"{LIMA}/2021-03-14.yaml"]),
    (1, ["simulate", f"{LIMA}/2021-03-14.yaml"]),
    (1, ["check", f"{LIMA}/2021-03-14.yaml", f"{LIMA}/2021-03-15.yaml"]),
)


def processes(parent: int) -> list[int]:
    """The process and all its descendants, from Linux' own tables."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except OSError:
        below = []
    return [parent, *(found for child in below for found in processes(child))]


def resident_mib(parent: int) -> float:
    """Proportional resident memory of the process tree in MiB; 0 where it cannot be read."""
    total = 0
    for process in processes(parent):
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
    return total / 1024


def run(arguments: list[str]) -> tuple[float, float]:
    """Wall time in seconds and largest memory of the process tree in MiB."""
    tool = Path(sys.executable).with_name("qtregress")
    started, largest = time.perf_counter(), 0.0
    with subprocess.Popen([str(tool), *arguments], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            largest = max(largest, resident_mib(process.pid))
            time.sleep(0.05)
    if process.returncode:
        sys.exit(f"{arguments[0]} must exit 0, but exited {process.returncode}")
    return time.perf_counter() - started, largest


if __name__ == "__main__":
    for repeats, command in COMMANDS:
        runs = [run(command) for _ in range(repeats)]
        seconds, memory = min(r[0] for r in runs), max(r[1] for r in runs)
        print(f"{seconds:7.2f} s  {memory:6.0f} MiB  qtregress {' '.join(command)}")
