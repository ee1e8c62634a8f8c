"""The workload document: what the machine does all day, hence how warm it is."""

from typing import Annotated, Literal

from pydantic import Field

from qtregress.document import Model, Name, Positive, Source


class Workload(Model):
    """How busy the lines are and with what.

    Every driven line executes gates during ``busy_fraction`` of the time. ``gate_mix`` is
    what one qubit takes part in: relative numbers of executions by gate name, spread
    evenly over the gates of that name (``cx`` over every ``cx`` that involves the qubit).

    ``lines`` is how many lines like the chip's own are driven at once in this cryostat;
    without it, the chip's own.
    """

    format: Literal["qtregress/workload@1"]
    busy_fraction: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)] = 0.33
    gate_mix: dict[Name, Positive] = Field(default={"sx": 1.65, "cx": 1.5}, min_length=1)
    lines: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    source: Source | None = None


DEFAULT_WORKLOAD = Workload(
    format="qtregress/workload@1",
    source=Source(
        description=(
            "Two-qubit Cliffords as one qubit sees them, compiled to sx, virtual Z and cx in one "
            "direction: 1.5 cx and 1.65 sx (2.0 on controls, 1.3 on targets); 33 % duty as in "
            "Krinner et al., EPJ Quantum Technology 6:2 (2019)"
        )
    ),
)
"""33 % busy with two-qubit Cliffords, on as many lines as the chip has qubits."""
