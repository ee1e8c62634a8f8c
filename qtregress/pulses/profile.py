"""The profile document: a firmware's table gate -> pulses.

Times (``t0``, ``duration``, ``width``, ``sigma``, ``beta``, ``delay``) are in units of
``dt_ns``, amplitudes relative to the DAC's full scale, angles in radians.
"""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from qtregress.document import Count, Index, Model, Name, Source

MAX_DURATION = 1_000_000
MAX_GATES = 4096
MAX_ROWS = 10_000

Channel = Annotated[str, Field(pattern=r"^[dumf](0|[1-9][0-9]{0,3})$")]
Angle = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e6, le=1e6)]
Width = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1e-3, le=MAX_DURATION)]
Quadrature = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e4, le=1e4)]
Duration = Annotated[int, Field(strict=True, gt=0, le=MAX_DURATION)]
Amplitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1, le=1)]


class Play(Model):
    """What every played pulse has: where, when and for how long."""

    channel: Channel
    t0: Count
    duration: Duration


class ShapedPulse(Play):
    """A parametric pulse with a complex amplitude ``amp * exp(i angle)``."""

    amp: Amplitude
    angle: Angle = 0.0


class Drag(ShapedPulse):
    """Lifted Gaussian with a derivative quadrature (Motzoi et al. 2009)."""

    envelope: Literal["drag"]
    sigma: Width
    beta: Quadrature


class Gaussian(ShapedPulse):
    """Lifted Gaussian: zero one sample before its first and after its last."""

    envelope: Literal["gaussian"]
    sigma: Width


class CutGaussian(ShapedPulse):
    """Gaussian that the pulse's ends cut off, not lifted (Qibolab's ``gaussian``)."""

    envelope: Literal["cut_gaussian"]
    sigma: Width


class CutDrag(ShapedPulse):
    """Cut Gaussian with a derivative quadrature (Qibolab's ``drag``)."""

    envelope: Literal["cut_drag"]
    sigma: Width
    beta: Quadrature


class GaussianSquare(ShapedPulse):
    """Flat top of ``width`` samples between two lifted Gaussian flanks."""

    envelope: Literal["gaussian_square"]
    sigma: Width
    width: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)]

    @model_validator(mode="after")
    def _width_fits(self) -> Self:
        if self.width > self.duration:
            msg = f"width must be at most the duration {self.duration}, but is {self.width}"
            raise ValueError(msg)
        return self


class Constant(ShapedPulse):
    """Constant amplitude."""

    envelope: Literal["constant"]


class Samples(Play):
    """Sampled waveform, one complex number a dt."""

    envelope: Literal["samples"]
    re: Annotated[tuple[Amplitude, ...], Field(max_length=MAX_DURATION, fail_fast=True)]
    im: Annotated[tuple[Amplitude, ...], Field(max_length=MAX_DURATION, fail_fast=True)]

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        if not len(self.re) == len(self.im) == self.duration:
            msg = (
                f"re and im must have duration = {self.duration} numbers each, "
                f"but have {len(self.re)} and {len(self.im)}"
            )
            raise ValueError(msg)
        return self


class ShiftPhase(Model):
    """Frame change: later samples of the channel turn by ``shift_phase`` radians.

    At equal ``t0`` the phase comes before the pulse.
    """

    channel: Channel
    t0: Count
    shift_phase: Angle


class Delay(Model):
    """Nothing is played for ``delay`` samples."""

    channel: Channel
    t0: Count
    delay: Duration


def _kind(value: object) -> str | None:
    """The union's tag: the envelope's name, or what the other two are known by."""
    for key in ("shift_phase", "delay"):
        if (isinstance(value, dict) and key in value) or hasattr(value, key):
            return key
    if isinstance(value, dict):
        tag = value.get("envelope")
        return tag if isinstance(tag, str) else None
    return getattr(value, "envelope", None)


Instruction = Annotated[
    Annotated[Drag, Tag("drag")]
    | Annotated[Gaussian, Tag("gaussian")]
    | Annotated[CutGaussian, Tag("cut_gaussian")]
    | Annotated[CutDrag, Tag("cut_drag")]
    | Annotated[GaussianSquare, Tag("gaussian_square")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[Samples, Tag("samples")]
    | Annotated[ShiftPhase, Tag("shift_phase")]
    | Annotated[Delay, Tag("delay")],
    Discriminator(_kind),
]
Pulse = Drag | Gaussian | CutGaussian | CutDrag | GaussianSquare | Constant | Samples


def end_of(instruction: "Pulse | ShiftPhase | Delay") -> int:
    """First sample after the instruction."""
    match instruction:
        case ShiftPhase():
            return instruction.t0
        case Delay():
            return instruction.t0 + instruction.delay
        case _:
            return instruction.t0 + instruction.duration


class Gate(Model):
    """One row of the table: a gate on these qubits, in this order, is these pulses.

    A virtual Z gate plays nothing: it lists in ``virtual_z`` the channels whose later
    pulses turn by minus its angle.
    """

    name: Name
    qubits: Annotated[tuple[Index, ...], Field(min_length=1, max_length=8)]
    duration: Annotated[int, Field(strict=True, ge=0, le=MAX_DURATION)]
    pulses: Annotated[tuple[Instruction, ...], Field(max_length=MAX_ROWS)] = ()
    virtual_z: Annotated[tuple[Channel, ...], Field(max_length=MAX_ROWS)] = ()

    @property
    def id(self) -> str:
        """``cx:0-1``: the subject under which every metric of this gate is known."""
        return f"{self.name}:{'-'.join(map(str, self.qubits))}"

    @property
    def is_virtual(self) -> bool:
        """Whether the gate plays nothing and takes no time."""
        return self.duration == 0 and bool(self.virtual_z)

    @model_validator(mode="after")
    def _pulses_end_in_time(self) -> Self:
        if len(set(self.qubits)) != len(self.qubits):
            msg = f"qubits must differ, but are {list(self.qubits)}"
            raise ValueError(msg)
        for number, pulse in enumerate(self.pulses):
            if end_of(pulse) > self.duration:
                msg = (
                    f"pulse {number} on {pulse.channel} must end by the gate's duration "
                    f"{self.duration}, but ends at {end_of(pulse)}"
                )
                raise ValueError(msg)
        if self.virtual_z and (self.pulses or self.duration):
            msg = "a virtual Z gate must have duration 0 and no pulses"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _pulses_do_not_overlap(self) -> Self:
        """One sequencer plays one pulse at a time; a sum could exceed full scale unseen."""
        ends: dict[str, int] = {}
        timed = (row for row in self.pulses if not isinstance(row, ShiftPhase))
        for row in sorted(timed, key=lambda row: row.t0):
            if row.t0 < ends.get(row.channel, 0):
                msg = (
                    f"pulses on {row.channel} must not overlap, but one starts at {row.t0} "
                    f"before another ends at {ends[row.channel]}"
                )
                raise ValueError(msg)
            ends[row.channel] = end_of(row)
        return self


class Profile(Model):
    """A firmware release: every gate's pulses, and the frequencies they are played at."""

    format: Literal["qtregress/profile@1"]
    device: Name
    firmware: Name
    dt_ns: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1e-3, le=100.0)]
    source: Source | None = None
    drive_frequency_hz: dict[
        Channel, Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1e6, le=1e11)]
    ]
    gates: Annotated[tuple[Gate, ...], Field(min_length=1, max_length=MAX_GATES)]

    @model_validator(mode="after")
    def _gates_are_distinct_and_driven(self) -> Self:
        seen: set[str] = set()
        for gate in self.gates:
            if gate.id in seen:
                msg = f"every gate must appear once, but {gate.id} appears twice"
                raise ValueError(msg)
            seen.add(gate.id)
            for pulse in gate.pulses:
                lacks = pulse.channel not in self.drive_frequency_hz
                if pulse.channel[0] in "dm" and lacks:
                    msg = (
                        f"gate {gate.id} uses channel {pulse.channel}, "
                        "which drive_frequency_hz does not list"
                    )
                    raise ValueError(msg)
        return self

    @property
    def by_id(self) -> dict[str, Gate]:
        """The gates under their ids, in the table's order."""
        return {gate.id: gate for gate in self.gates}
