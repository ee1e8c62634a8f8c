"""What a release may do to the table of the one before: releases made on purpose.

Every edit gives a new release, checked as a file would be, and leaves all else as it is.
"""

import cmath
from collections.abc import Callable, Collection, Mapping

from pydantic import ValidationError

from qtregress.errors import InputError
from qtregress.pulses.profile import (
    Constant,
    CutDrag,
    Delay,
    Drag,
    Gate,
    GaussianSquare,
    Instruction,
    Profile,
    Samples,
    ShapedPulse,
    ShiftPhase,
)

FIRMWARE = "edited"
"""What every edited release calls itself."""

Edit = Callable[[Gate], Gate]


def with_gates(profile: Profile, gates: Collection[str], edit: Edit) -> Profile:
    """The release with these gates as ``edit`` gives them back.

    Raises:
        InputError: the edited table is none that hardware could play.
    """
    rows = tuple(edit(gate) if gate.id in gates else gate for gate in profile.gates)
    return checked(profile, gates=rows)


def checked(profile: Profile, **update: object) -> Profile:
    """The release with these fields, validated as a file would be.

    Raises:
        InputError: it is no table that hardware could play.
    """
    try:
        changed = profile.model_copy(update={"firmware": FIRMWARE, **update})
        return Profile.model_validate(changed.model_dump())
    except ValidationError as problem:
        first = problem.errors()[0]["msg"]
        msg = f"the edited table must be one that hardware can play, but is not: {first}"
        raise InputError(msg) from problem


def scaled(gate: Gate, factor: float, channels: Collection[str]) -> Gate:
    """The gate with its pulses on these channels ``factor`` times as high; may be negative."""
    rows = tuple(_scaled(row, factor) if row.channel in channels else row for row in gate.pulses)
    return gate.model_copy(update={"pulses": rows})


def _scaled(row: Instruction, factor: float) -> Instruction:
    match row:
        case ShapedPulse():
            return row.model_copy(update={"amp": row.amp * factor})
        case Samples():
            re, im = (tuple(value * factor for value in part) for part in (row.re, row.im))
            return row.model_copy(update={"re": re, "im": im})
        case _:
            return row


def turned(gate: Gate, phase_rad: float, channels: Collection[str]) -> Gate:
    """The gate with its pulses on these channels turned by a phase."""
    rows = tuple(_turned(row, phase_rad) if row.channel in channels else row for row in gate.pulses)
    return gate.model_copy(update={"pulses": rows})


def _turned(row: Instruction, phase_rad: float) -> Instruction:
    if isinstance(row, ShapedPulse):
        return row.model_copy(update={"angle": row.angle + phase_rad})
    if isinstance(row, Samples):
        turn = cmath.rect(1.0, phase_rad)
        values = [complex(a, b) * turn for a, b in zip(row.re, row.im, strict=True)]
        update = {"re": tuple(v.real for v in values), "im": tuple(v.imag for v in values)}
        return row.model_copy(update=update)
    return row


def flipped_drag(gate: Gate) -> Gate:
    """The gate with the derivative quadrature of every DRAG pulse on the wrong side."""
    return with_drag(gate, lambda beta: -beta)


def with_drag(gate: Gate, change: Callable[[float], float]) -> Gate:
    """The gate with every DRAG pulse's ``beta`` (in dt) as ``change`` gives it back."""
    rows = tuple(
        row.model_copy(update={"beta": change(row.beta)})
        if isinstance(row, Drag | CutDrag)
        else row
        for row in gate.pulses
    )
    return gate.model_copy(update={"pulses": rows})


def shortened(gate: Gate, share: float) -> Gate:
    """The gate in that share of its time, rounded down to whole dt, every pulse at its angle.

    Raises:
        InputError: the gate has a sampled waveform, or nothing is left of it.
    """
    duration = int(gate.duration * share)
    if not duration:
        raise InputError(f"{gate.id} must last at least 1 dt, but would last none")
    exact = duration / gate.duration
    rows = tuple(_shortened(row, exact, gate.id) for row in gate.pulses)
    return gate.model_copy(update={"duration": duration, "pulses": rows})


def _shortened(row: Instruction, share: float, gate_id: str) -> Instruction:
    if isinstance(row, Samples):
        raise InputError(f"{gate_id} must have pulses with a formula, but has a sampled one")
    start = int(row.t0 * share)
    if isinstance(row, ShiftPhase):
        return row.model_copy(update={"t0": start})
    if isinstance(row, Delay):
        return row.model_copy(update={"t0": start, "delay": max(1, int(row.delay * share))})
    duration = max(1, int(row.duration * share))
    exact = duration / row.duration
    update = {"t0": start, "duration": duration, "amp": row.amp / exact}
    if not isinstance(row, Constant):
        update["sigma"] = row.sigma * exact
    if isinstance(row, GaussianSquare):
        update["width"] = row.width * exact
    return row.model_copy(update=update)


def without(profile: Profile, gate_id: str) -> Profile:
    """The release without that gate.

    Raises:
        InputError: nothing would be left.
    """
    return checked(profile, gates=tuple(gate for gate in profile.gates if gate.id != gate_id))


def recalibrated(  # a line has three numbers
    profile: Profile,
    channels: Collection[str],
    *,
    gain: float = 0.0,
    phase_rad: float = 0.0,
    detuned: Mapping[str, float] | None = None,
) -> Profile:
    """The release with every pulse of one line louder and turned, and some carriers moved.

    Args:
        profile: the release before.
        channels: of the line: the qubit's own drive and the cross drives that share it.
        gain: relative.
        phase_rad: by which its pulses turn.
        detuned: by how many hertz a channel's drive frequency rises.

    Raises:
        InputError: it is no table that hardware could play.
    """
    gates = tuple(
        turned(scaled(gate, 1 + gain, channels), phase_rad, channels) for gate in profile.gates
    )
    by = detuned or {}
    carriers = {name: hz + by.get(name, 0.0) for name, hz in profile.drive_frequency_hz.items()}
    return checked(profile, gates=gates, drive_frequency_hz=carriers)
