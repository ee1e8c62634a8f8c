"""JSON Schemas of the documents, generated from their models for editors and reviewers.

``python -m qtregress.files.schema --write`` regenerates the shipped ones, ``--check``
tells whether they are what the models say.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from qtregress.files.atomic import write_text
from qtregress.files.documents import KINDS, model_of

FOLDER = Path(__file__).parent.parent / "schemas"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_path(kind: str) -> Path:
    """Where the schema of a kind of document is shipped."""
    return FOLDER / f"{kind}.schema.json"


def schema_text(kind: str) -> str:
    """The schema of a kind of document, as its model says now."""
    schema = {"$schema": _DIALECT, **model_of(kind).model_json_schema()}
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


def drifted() -> tuple[str, ...]:
    """The kinds whose shipped schema is missing or differs from the model."""
    return tuple(kind for kind in KINDS if _shipped(kind) != schema_text(kind))


def main(arguments: Sequence[str]) -> int:
    """Write or check the shipped schemas; the exit status."""
    match list(arguments):
        case ["--write"]:
            for kind in drifted():
                write_text(schema_path(kind), schema_text(kind))
            return 0
        case ["--check"]:
            stale = drifted()
            if stale:
                sys.stderr.write(f"schemas differ from the models: {', '.join(stale)}\n")
            return 1 if stale else 0
        case _:
            sys.stderr.write("usage: python -m qtregress.files.schema (--write | --check)\n")
            return 2


def _shipped(kind: str) -> str:
    path = schema_path(kind)
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
