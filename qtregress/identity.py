"""Identity by content: value -> canonical text -> bytes -> digest, each rung public.

Equal values have one text: keys are sorted, floats are the shortest that read back,
minus zero is zero, absent options are left out and defaults are written out.
"""

import hashlib
import json

from pydantic import BaseModel

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def canonical_value(model: BaseModel) -> Plain:
    """The document as plain values, without options that are None."""
    return _without_minus_zero(model.model_dump(mode="json", exclude_none=True))


def canonical_text(model: BaseModel) -> str:
    """The one text of the document's value (ASCII JSON without spaces)."""
    return json.dumps(
        canonical_value(model), sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def canonical_bytes(model: BaseModel) -> bytes:
    """What the digest covers."""
    return canonical_text(model).encode("ascii")


def digest(model: BaseModel) -> str:
    """``sha256:`` and the hash of the document's canonical bytes."""
    return f"sha256:{hashlib.sha256(canonical_bytes(model)).hexdigest()}"


def _without_minus_zero(value: Plain) -> Plain:
    """``value`` with 0.0 for -0.0, which compares equal and must hash equal."""
    match value:
        case dict():
            return {key: _without_minus_zero(inner) for key, inner in value.items()}
        case list():
            return [_without_minus_zero(inner) for inner in value]
        case float():
            return value + 0.0
        case _:
            return value
