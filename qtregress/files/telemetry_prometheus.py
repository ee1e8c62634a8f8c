"""Telemetry as a Prometheus server answers a range query: its results as series.

https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from qtregress.errors import InputError
from qtregress.files.documents import Source, validated
from qtregress.files.problems import shown
from qtregress.files.telemetry_series import (
    LABELS,
    LATEST_S,
    RANGES,
    Notes,
    Series,
    is_known,
    number_of,
)


class _Foreign(BaseModel):
    """A frozen part of somebody else's document."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


_Label = Annotated[str, Field(max_length=1000)]
_Seconds = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, lt=LATEST_S)]


class _Result(_Foreign):
    """One series: its labels and its samples."""

    metric: dict[_Label, _Label]
    values: tuple[tuple[_Seconds, Annotated[str, Field(max_length=100)]], ...]


class _Data(_Foreign):
    """What a range query answers with: a matrix."""

    resultType: Literal["matrix"]  # noqa: N815  # Prometheus' spelling
    result: tuple[_Result, ...]


class _Answer(_Foreign):
    """The answer of a server that found no fault in the query."""

    status: Literal["success"]
    data: _Data


def prometheus(source: Source, notes: Notes) -> list[Series]:
    """The answer's series of known metrics.

    Raises:
        InputError: it is no successful range query, or two series are of the same subject.
    """
    found: dict[str, Series] = {}
    for place, row in enumerate(validated(source, _Answer).data.result):
        try:
            one = _series_of(row, found, notes)
        except InputError as error:
            # where that is costs a second reading of the text, so only now
            msg = f"{source.locate(('data', 'result', place))}: {error}"
            raise InputError(msg) from error
        if one is not None:
            found[one.name] = one
    return list(found.values())


def _series_of(row: _Result, known: Mapping[str, Series], notes: Notes) -> Series | None:
    """One result as a series, None if its metric is not known."""
    quantity = row.metric.get("__name__", "")
    if quantity not in RANGES:
        what = f"metric {shown(quantity)}" if quantity else "a series without __name__"
        notes.add("", f"{what} is not read: its name is not known")
        return None
    label = LABELS.get(quantity)
    if label is not None and label not in row.metric:
        raise InputError(f"a series of {quantity} must have the label {label}, but has none")
    name = quantity if label is None else f"{quantity}:{row.metric[label]}"
    is_known("this series", name)
    if name in known:
        raise InputError(f"two series are {name}: narrow the query down to one")
    return Series(
        name=name,
        time_s=np.array([time_s for time_s, _ in row.values], dtype=np.float64),
        value=np.array([number_of(name, text) for _, text in row.values], dtype=np.float64),
    )
