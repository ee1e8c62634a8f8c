"""The base of every document: frozen, closed, finite, with units in its keys."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """A frozen value that refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A finite number written as a number (``"5e9"`` in quotes is refused)."""

NonNegative = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0)]
Count = Annotated[int, Field(strict=True, ge=0)]
Index = Annotated[int, Field(strict=True, ge=0, le=9999)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""``sha256:`` and the hash of a value's canonical text."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}$")]
"""A name safe in paths, XML, a shell and a glob."""


class Source(Model):
    """Where numbers came from."""

    description: Annotated[str, Field(max_length=500)]
    url: Annotated[str, Field(max_length=500)] | None = None
    date: Annotated[str, Field(max_length=40)] | None = None
    licence: Annotated[str, Field(max_length=80)] | None = None
