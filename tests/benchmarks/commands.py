"""How long the commands take here: a script for `make bench`, never a gate.

Prints one line a command: wall time of the fastest of its runs.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMA = "pulse_profiles/ibm_lima"
COMMANDS = (
    (5, ["--help"]),
    (1, ["simulate", f"{LIMA}/2021-03-14.yaml"]),
    (1, ["check", f"{LIMA}/2021-03-14.yaml", f"{LIMA}/2021-03-15.yaml"]),
)


def seconds(arguments: list[str]) -> float:
    """Wall time of one run of the installed command in seconds."""
    tool = Path(sys.executable).with_name("qtregress")
    started = time.perf_counter()
    subprocess.run([str(tool), *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    for repeats, command in COMMANDS:
        fastest = min(seconds(command) for _ in range(repeats))
        print(f"{fastest:8.2f} s  qtregress {' '.join(command)}")
