"""Chip or firmware, on real releases: `make explanations` (three minutes, two cores).

Each case accepts a baseline of OLD in a temporary folder, checks NEW with the chip as NEW was
calibrated on it, and prints what `qtregress explain` says. How the chip files came to be:

- armonk: the first release has no sx, so the shape of its line is that of the second one's fit;
  `chip update` brought that chip back to 2020, `chip fit-drive --gains-only` its line.
- manila: `import ibm-backend` and `chip fit-drive` in 2021, then `chip update` to 2024 and
  `chip fit-drive --gains-only`: the slopes of 2021 make every gate of 2024 right within 5e-5
  (one qubit) and 4e-4 (two).
- tuna5: dated releases, `chip update` and `chip fit-drive --gains-only` at every date.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERDICTS = (0, 10, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A real pair of releases, each with the chip as it was then."""

    device: str
    old: str
    new: str
    chip: str
    new_chip: str
    metrics: tuple[str, ...]


CASES = (
    Case(
        device="ibm_armonk",
        old="2020-12-12.yaml",
        new="2021-03-15.yaml",
        chip="chip.yaml",
        new_chip="chip-2021-03-15.yaml",
        metrics=("heat.line_energy_j/x:0@d0", "gate.error/x:0"),
    ),
    Case(
        device="tuna5",
        old="2026-07-28.yaml",
        new="2026-07-31.yaml",
        chip="chip.yaml",
        new_chip="chip-2026-07-31.yaml",
        metrics=("gate.error/x:*", "heat.line_energy_j/x:*"),
    ),
    Case(
        device="ibm_manila",
        old="2021-07-26.yaml",
        new="2024-05-27.yaml",
        chip="chip-2021-07-26.yaml",
        new_chip="chip-2024-05-27.yaml",
        metrics=("heat.line_energy_j/x:1@d1", "heat.line_energy_j/cx:1-2@d2"),
    ),
)


def run(folder: Path, *arguments: str) -> int:
    """Print the command, run it there as a person at a desk does (no CI set)."""
    print(f"$ qtregress {shlex.join(arguments)}", flush=True)
    kept = {key: value for key, value in os.environ.items() if key != "CI"}
    done = subprocess.run(
        [sys.executable, "-m", "qtregress", *arguments],
        cwd=folder,
        env=kept | {"OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    return done.returncode


def explain(case: Case, folder: Path) -> bool:
    """Check the case in the folder and explain it; whether every command did its work."""
    where = Path("pulse_profiles") / case.device
    shutil.copytree(ROOT / where, folder / where)
    (folder / "baselines").mkdir()
    old, new, chip, new_chip = (
        str(where / name) for name in (case.old, case.new, case.chip, case.new_chip)
    )
    prepared = [
        run(folder, "baseline", "propose", old, "--chip", chip, "--reason", "As it was then."),
        run(folder, "baseline", "accept", case.device, "--reason", "As it was then."),
    ]
    options = ("--chip", chip, "--new-chip", new_chip, "--json", "verdict.json", "--quiet")
    status = run(folder, "check", old, new, *options)
    told = [run(folder, "explain", "verdict.json", metric) for metric in case.metrics]
    return not any((*prepared, *told)) and status in VERDICTS


def main() -> int:
    """All cases, or those of the devices that are named."""
    wanted = set(sys.argv[1:])
    failed = []
    for case in CASES:
        if wanted and case.device not in wanted:
            continue
        print(f"\n== {case.device}: {case.old} -> {case.new}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            if not explain(case, Path(folder)):
                failed.append(case.device)
    print(f"failed: {', '.join(failed)}" if failed else "all explained")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
