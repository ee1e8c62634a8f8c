"""The README's pictures from the demonstration's own verdicts: `make demo picture`."""

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from qtregress.files.documents import read
from qtregress.report.table import verdict_table
from qtregress.verdict.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 100


def picture(name: str) -> str:
    """What `qtregress check` showed, as an SVG without anything from the network."""
    verdict = read(ROOT / "build" / f"{name}.json", Verdict)
    console = Console(record=True, width=WIDTH, markup=False, highlight=False, file=io.StringIO())
    console.print(verdict_table(verdict))
    svg = console.export_svg(title=f"qtregress check ({name})")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def main() -> int:
    """Write docs/check-<device>.svg and heat-<device>.svg for both cases of the demonstration."""
    for name in ("lima", "nairobi"):
        target = ROOT / "docs" / f"check-{name}.svg"
        target.write_text(picture(name), encoding="utf-8")
        print(f"wrote {target.relative_to(ROOT)}")
        heat = ROOT / "docs" / f"heat-{name}.svg"
        heat.write_text((ROOT / "build" / f"{name}.svg").read_text(encoding="utf-8"))
        print(f"wrote {heat.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
