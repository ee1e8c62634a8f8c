"""Two states of one chip: what belongs to the chip, what to its lines, and what stays.

A chip is its state (frequencies, anharmonicities, T1, T2, couplings, residual photons,
readout, fridge) behind its lines (gain, phase and frequency offset of every drive line; gain,
phase and direct share of every cross drive). Slope and compression are a line's shape: a
change of them between two chip files could hide a changed DRAG and is refused.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from qtregress.chip.chip import Chip, ControlChannel, DriveLine
from qtregress.chip.lines import response
from qtregress.errors import InputError
from qtregress.pulses.profile import Profile
from qtregress.pulses.schedule import schedule

_LINE_MOVES = ("rabi_hz_per_amp", "phase_rad", "frequency_offset_hz")
_LINE_SHAPE = ("slope_dt", "compression_am", "compression_pm", "compression_at")
_LINE_DOUBT = ("rabi_uncertainty", "slope_uncertainty_dt")
_CROSS_MOVES = ("gain_ratio", "phase_rad", "crosstalk_re", "crosstalk_im")
_SAME_SHAPE = 1e-9
_TOLD = 3
_CALIBRATED = ("x", "sx")
"""Gates that a line's gain is calibrated on."""
_IN_COMMON = 0.2
"""Of how far gates are off: those of one line differ by no more where its gain is the cause."""

Row = TypeVar("Row", DriveLine, ControlChannel)


def refuse_unlike(old: Chip, new: Chip) -> None:
    """Refuse chips that are not two states of one device.

    Raises:
        InputError: device, qubits, couplings or control channels differ, or a line's slope or
            compression does.
    """
    if old.device != new.device:
        msg = f"device must be {old.device} as in the old chip, but is {new.device}"
        raise InputError(msg)
    for what, was, now in (
        ("qubits", _indices(old), _indices(new)),
        ("couplings", _pairs(old), _pairs(new)),
        ("control_channels", _routes(old), _routes(new)),
    ):
        if was != now:
            msg = f"{what} must be those of the old chip, but differ: {_odd(was, now)}"
            raise InputError(msg)
    for index in _indices(old):
        for name in _LINE_SHAPE:
            was, now = (getattr(chip.qubit(int(index)).drive, name) for chip in (old, new))
            if abs(now - was) > _SAME_SHAPE:
                msg = (
                    f"{name} of d{index} must be {was:.6g} as in the old chip, but is {now:.6g}: "
                    "a slope or compression fitted again on NEW would hide its DRAG; "
                    "use: qtregress chip fit-drive NEWCHIP NEW --gains-only"
                )
                raise InputError(msg)


def _indices(chip: Chip) -> set[str]:
    return {str(qubit.index) for qubit in chip.qubits}


def _pairs(chip: Chip) -> set[str]:
    return {"-".join(map(str, sorted(row.qubits))) for row in chip.couplings}


def _routes(chip: Chip) -> set[str]:
    """What each cross drive plays on, and at whose frequency."""
    return {
        f"{name} on {row.qubit} at {row.frequency_of}"
        for name, row in chip.control_channels.items()
    }


def _odd(was: set[str], now: set[str]) -> str:
    """The first that only one of them has."""
    return ", ".join(sorted(was ^ now)[:_TOLD])


def retuned(profile: Profile, from_chip: Chip, to_chip: Chip) -> Profile:
    """The profile with its carriers moved as far as its qubits did, detunings as before.

    Drive channels follow their qubit, cross drives the qubit whose frequency they play,
    readout channels the resonator where both chips know it; flux channels stay. The very same
    profile where nothing moved.
    """
    carriers = {
        channel: hertz + _moved_hz(channel, from_chip, to_chip)
        for channel, hertz in profile.drive_frequency_hz.items()
    }
    if carriers == profile.drive_frequency_hz:
        return profile
    return profile.model_copy(update={"drive_frequency_hz": carriers})


def _moved_hz(channel: str, from_chip: Chip, to_chip: Chip) -> float:
    kind, number = channel[0], int(channel[1:])
    control = from_chip.control_channels.get(channel)
    index = control.frequency_of if control else number
    known = {qubit.index for qubit in from_chip.qubits}
    if kind == "f" or (kind == "u" and not control) or index not in known:
        return 0.0
    before, after = from_chip.qubit(index), to_chip.qubit(index)
    if kind == "m":
        was, now = before.readout.frequency_hz, after.readout.frequency_hz
        return 0.0 if was is None or now is None else now - was
    return after.frequency_hz - before.frequency_hz


def judged_on(new: Chip, old: Chip) -> Chip:
    """The new chip as NEW is judged on it.

    Measured errors, fit, drift prior and the lines' uncertainties are the old chip's: what the
    new file says of NEW's own errors, or how far it lets lines drift, must not set the margins
    and the unknown error of OLD. So is the lines' shape, equal within rounding.
    """
    kept = (*_LINE_SHAPE, *_LINE_DOUBT)
    return _with_lines(new, old, kept, ()).model_copy(
        update={
            "measured_errors": old.measured_errors,
            "drift_prior": old.drift_prior,
            "fit": old.fit,
        }
    )


def behind_old_lines(new: Chip, old: Chip) -> Chip:
    """The new chip's state behind the old chip's lines; what judges is the old chip's."""
    return _with_lines(judged_on(new, old), old, _LINE_MOVES, _CROSS_MOVES)


def _with_lines(chip: Chip, source: Chip, line: Sequence[str], cross: Sequence[str]) -> Chip:
    """The chip with these fields of every drive line and cross drive as in ``source``."""
    qubits = tuple(
        qubit.model_copy(
            update={"drive": _taken(qubit.drive, source.qubit(qubit.index).drive, line)}
        )
        for qubit in chip.qubits
    )
    controls = {
        name: _taken(row, source.control_channels[name], cross)
        for name, row in chip.control_channels.items()
    }
    return chip.model_copy(update={"qubits": qubits, "control_channels": controls})


def _taken(row: Row, source: Row, fields: Sequence[str]) -> Row:
    return row.model_copy(update={name: getattr(source, name) for name in fields})


def moved_offsets(old: Chip, new: Chip) -> tuple[str, ...]:
    """Why offsets of lines may not explain NEW: those beyond the drift prior, as a sentence.

    Detuned by some tens of kHz, a gate with another DRAG is nearly the gate it was.
    """
    prior_hz = old.drift_prior.frequency_hz
    found = []
    for qubit in old.qubits:
        after = new.qubit(qubit.index).drive
        shift_hz = after.frequency_offset_hz - qubit.drive.frequency_offset_hz
        if abs(shift_hz) > prior_hz:
            found.append((-abs(shift_hz), f"d{qubit.index} by {shift_hz / 1e3:+.4g} kHz"))
    if not found:
        return ()
    sentence = (
        "Carrier offsets of lines moved between the chips by more than the drift prior of "
        f"{prior_hz / 1e3:.4g} kHz: {_first([text for _, text in sorted(found)])}. A changed DRAG "
        "looks the same: keep the old offsets in the new chip file, and declare the qubits' "
        "frequencies as measured."
    )
    return (sentence,)


# What the new chip file says


def declared(old: Chip, new: Chip) -> tuple[str, str]:
    """What the new chip file says of the chip's state and of its lines, as sentences."""
    return _state_note(old, new), _line_note(old, new)


def _state_note(old: Chip, new: Chip) -> str:
    both = [(qubit, new.qubit(qubit.index)) for qubit in old.qubits]
    was, now = max(both, key=lambda pair: abs(pair[1].frequency_hz - pair[0].frequency_hz))
    ratios = [after.t1_s / before.t1_s for before, after in both]
    return (
        "The verdict is about the pulses alone: OLD is retuned to the new chip, where "
        f"frequencies moved by up to {(now.frequency_hz - was.frequency_hz) / 1e3:+.0f} kHz "
        f"(qubit {was.index}) and T1 is {min(ratios):.2f} to {max(ratios):.2f} of what it was."
    )


def _line_note(old: Chip, new: Chip) -> str:
    moves = [*_line_moves(old, new), *_cross_moves(old, new)]
    if not moves:
        return "The new chip file declares that no line moved."
    told = [text for _, text in sorted(moves, reverse=True)]
    return (
        "The new chip file declares that lines moved, and that is not held against NEW: "
        f"{_first(told)}."
    )


def _line_moves(old: Chip, new: Chip) -> list[tuple[float, str]]:
    """By how much each drive line moved: its gain's change, and all of it in words."""
    found = []
    for qubit in old.qubits:
        before, after = qubit.drive, new.qubit(qubit.index).drive
        if all(getattr(before, name) == getattr(after, name) for name in _LINE_MOVES):
            continue
        factor = after.rabi_hz_per_amp / before.rabi_hz_per_amp
        turn_mrad = 1e3 * (after.phase_rad - before.phase_rad)
        offset_khz = 1e-3 * (after.frequency_offset_hz - before.frequency_offset_hz)
        text = f"d{qubit.index} x{factor:.4g}, {turn_mrad:+.1f} mrad, {offset_khz:+.1f} kHz"
        found.append((abs(factor - 1), text))
    return found


def _cross_moves(old: Chip, new: Chip) -> list[tuple[float, str]]:
    found = []
    for name, before in old.control_channels.items():
        after = new.control_channels[name]
        if any(getattr(before, field) != getattr(after, field) for field in _CROSS_MOVES):
            factor = after.gain_ratio / before.gain_ratio
            found.append((abs(factor - 1), f"cross drive {name} x{factor:.4g}"))
    return found


def common_factors(old: Profile, old_chip: Chip, new: Profile, new_chip: Chip) -> tuple[str, ...]:
    """Lines whose x and sx turn their qubit by one common factor further than OLD's did.

    An edit of pulses keeps the angle of a gate, or changes it in one gate; a line whose gain
    moved changes all. Factors inside the drift prior are left out: they are absorbed.

    Args:
        old: the release in the field.
        old_chip: behind whose lines it plays.
        new: the candidate.
        new_chip: behind whose lines that plays.
    """
    found = []
    for qubit in old_chip.qubits:
        pairs = [
            (_area(old, old_chip, name, qubit.index), _area(new, new_chip, name, qubit.index))
            for name in _CALIBRATED
        ]
        factors = [now / was for was, now in pairs if was and now]
        if len(factors) < len(_CALIBRATED):
            continue
        off = sum(factors) / len(factors) - 1
        is_common = max(factors) - min(factors) <= _IN_COMMON * abs(off)
        if is_common and abs(off) > old_chip.drift_prior.gain:
            found.append((abs(off), f"d{qubit.index} by x{1 + off:.3g}"))
    if not found:
        return ()
    told = [text for _, text in sorted(found, reverse=True)]
    sentence = (
        "Every gate of a line turns too far or not far enough by one common factor, which is "
        f"what a change of the line's gain looks like: {_first(told)}. If the line moved, "
        "calibrate it: qtregress chip fit-drive NEWCHIP NEW --gains-only."
    )
    return (sentence,)


def _area(profile: Profile, chip: Chip, name: str, index: int) -> float | None:
    """By how much a one-qubit gate turns its qubit, in rad/s dt; None where it has none."""
    gate = profile.by_id.get(f"{name}:{index}")
    samples = schedule(gate).waveforms.get(f"d{index}") if gate else None
    if samples is None:
        return None
    return float(abs(np.sum(response(chip.qubit(index).drive, samples))))


def _first(told: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    rest = len(told) - _TOLD
    return "; ".join([*told[:_TOLD], *([f"and {rest} more"] if rest > 0 else [])])
