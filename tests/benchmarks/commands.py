"""How long the commands take here and how much memory: `make bench`, never a gate.

Prints a line a command: wall time of the fastest of its runs, and the largest memory of its
whole process tree (proportional set size; Linux only).
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from qtregress.files.documents import dump, load
from qtregress.pulses.profile import Drag, Profile

ROOT = Path(__file__).resolve().parents[2]
LIMA = "pulse_profiles/ibm_lima"
CHECK = ["check", f"{LIMA}/2021-03-14.yaml", f"{LIMA}/2021-03-15.yaml"]
COMMANDS = (
    (5, ["--help"]),
    (5, ["validate", f"{LIMA}/2021-03-14.yaml"]),
    (1, ["simulate", f"{LIMA}/2021-03-14.yaml", "--no-cache"]),
    (2, [*CHECK, "--no-cache"]),
)
LOUDER = 1.001
"""By how much one gate of NEW is changed once everything else is remembered."""


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


def run(arguments: list[str], environ: dict[str, str] | None = None) -> tuple[float, float]:
    """Wall time in seconds and largest memory of the process tree in MiB."""
    tool = Path(sys.executable).with_name("qtregress")
    started, largest = time.perf_counter(), 0.0
    with subprocess.Popen(
        [str(tool), *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env=os.environ | (environ or {}),
    ) as process:
        while process.poll() is None:
            largest = max(largest, resident_mib(process.pid))
            time.sleep(0.05)
    if process.returncode not in (0, 10, 11):
        sys.exit(f"{arguments[0]} must come to a verdict, but exited {process.returncode}")
    return time.perf_counter() - started, largest


def one_gate_changed(folder: Path) -> Path:
    """NEW with the x of qubit 0 a little louder."""
    profile = load(ROOT / LIMA / "2021-03-15.yaml", Profile).value
    x = profile.by_id["x:0"]
    (pulse,) = x.pulses
    if not isinstance(pulse, Drag):
        sys.exit(f"x:0 must play one DRAG pulse, but plays {pulse.model_dump()}")
    louder = x.model_copy(
        update={"pulses": (pulse.model_copy(update={"amp": pulse.amp * LOUDER}),)}
    )
    gates = tuple(louder if gate.id == "x:0" else gate for gate in profile.gates)
    path = folder / "changed.yaml"
    path.write_text(dump(profile.model_copy(update={"gates": gates, "firmware": "changed"})))
    return path


def remembered() -> None:
    """The check again with every gate remembered, and with one gate changed since."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        environ = {"QTREGRESS_CACHE_DIR": str(folder / "cache")}
        report("check, nothing remembered yet", [run(CHECK, environ)])
        report("check, all remembered", [run(CHECK, environ) for _ in range(3)])
        changed = [*CHECK[:2], str(one_gate_changed(folder))]
        report("check, one gate changed since", [run(changed, environ)])


def report(what: str, runs: list[tuple[float, float]]) -> None:
    """One line: the fastest run, the largest memory."""
    seconds, memory = min(r[0] for r in runs), max(r[1] for r in runs)
    print(f"{seconds:7.2f} s  {memory:6.0f} MiB  {what}", flush=True)


if __name__ == "__main__":
    for repeats, command in COMMANDS:
        report(f"qtregress {' '.join(command)}", [run(command) for _ in range(repeats)])
    remembered()
