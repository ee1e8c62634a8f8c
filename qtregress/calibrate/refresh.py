"""Today's calibration on a chip whose lines were fitted before.

A device's own calibration moves every day, its wiring does not: what a source measured
(frequency, anharmonicity, T1, T2, residual photons, resonator, gate errors) is taken over;
lines, attenuators, films, couplings, cross drives, the cryostat and the fit stay.
"""

from dataclasses import dataclass

from qtregress.chip.chip import Chip, MeasuredGateError, Qubit
from qtregress.errors import InputError

_STATE = ("frequency_hz", "anharmonicity_hz", "t1_s", "t2_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A number that moved: of which qubit or gate, which field, from what to what."""

    subject: str
    field: str
    old: float | None
    new: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """A chip in today's state.

    Attributes:
        chip: the chip.
        moves: what moved, in the chip's order.
        kept: sentences on what the source does not say.
    """

    chip: Chip
    moves: tuple[Move, ...]
    kept: tuple[str, ...]


def refreshed(chip: Chip, source: Chip) -> Refreshed:
    """The chip with the state that ``source`` measured, behind its own lines.

    What the source itself only assumed moves nothing.

    Raises:
        InputError: the source is of another device, or none of its qubits are the chip's.
    """
    both = _known_to_both(chip, source)
    today = {qubit.index: qubit for qubit in source.qubits}
    moves: list[Move] = []
    kept: list[str] = []
    qubits = []
    for qubit in chip.qubits:
        if qubit.index not in today:
            kept.append(f"qubit {qubit.index}: the source does not know it; all of it is kept")
            qubits.append(qubit)
            continue
        update = _measured(qubit, today[qubit.index], source.assumed, kept)
        moves.extend(_moves(qubit, update))
        qubits.append(_with(qubit, update))
    errors = _errors(chip, source, moves)
    told = {f"qubits[{index}].{name}" for index in both for name in _STATE}
    still = {row for row in chip.assumed if row not in told or row in source.assumed}
    updated = chip.model_copy(
        update={
            "qubits": tuple(qubits),
            "measured_errors": errors,
            "calibrated": source.calibrated,
            "source": source.source or chip.source,
            "assumed": tuple(row for row in chip.assumed if row in still),
        }
    )
    return Refreshed(chip=updated, moves=tuple(moves), kept=tuple(kept))


def _known_to_both(chip: Chip, source: Chip) -> list[int]:
    """The indices of the qubits that both know; refuses another device."""
    if source.device != chip.device:
        msg = f"the source must be of {chip.device} as the chip is, but is of {source.device}"
        raise InputError(msg)
    today = {qubit.index for qubit in source.qubits}
    both = [qubit.index for qubit in chip.qubits if qubit.index in today]
    if not both:
        msg = f"the source must know qubits of {chip.device}, but knows none of them"
        raise InputError(msg)
    return both


def _measured(
    qubit: Qubit, today: Qubit, assumed: tuple[str, ...], kept: list[str]
) -> dict[str, float]:
    """What the source measured of the qubit, by field."""
    found: dict[str, float] = {}
    for name in _STATE:
        if f"qubits[{qubit.index}].{name}" in assumed:
            kept.append(f"qubit {qubit.index}: the source does not give {name}; it is kept")
        else:
            found[name] = getattr(today, name)
    t1_s, t2_s = found.get("t1_s", qubit.t1_s), found.get("t2_s", qubit.t2_s)
    if t2_s > 2 * t1_s:
        kept.append(f"qubit {qubit.index}: T2 is clamped to 2 T1 = {2e6 * t1_s:.4g} us")
        found["t2_s"] = 2 * t1_s
    if today.residual_photons:
        found["residual_photons"] = today.residual_photons
    if today.readout.frequency_hz is not None:
        found["readout.frequency_hz"] = today.readout.frequency_hz
    return found


def _value(qubit: Qubit, name: str) -> float | None:
    if name == "readout.frequency_hz":
        return qubit.readout.frequency_hz
    return float(getattr(qubit, name))


def _moves(qubit: Qubit, update: dict[str, float]) -> list[Move]:
    subject = str(qubit.index)
    return [
        Move(subject=subject, field=name, old=_value(qubit, name), new=new)
        for name, new in update.items()
        if _value(qubit, name) != new
    ]


def _with(qubit: Qubit, update: dict[str, float]) -> Qubit:
    own = {name: value for name, value in update.items() if "." not in name}
    frequency_hz = update.get("readout.frequency_hz", qubit.readout.frequency_hz)
    readout = qubit.readout.model_copy(update={"frequency_hz": frequency_hz})
    return qubit.model_copy(update={**own, "readout": readout})


def _errors(chip: Chip, source: Chip, moves: list[Move]) -> tuple[MeasuredGateError, ...]:
    """The source's gate errors, and those of before that it does not give, with their dates."""
    known = {qubit.index for qubit in chip.qubits}
    before = {row.gate: row for row in chip.measured_errors}
    after = {
        row.gate: row
        for row in source.measured_errors
        if known.issuperset(map(int, row.gate.partition(":")[2].split("-")))
    }
    for gate, row in after.items():
        old = before[gate].error if gate in before else None
        if old != row.error:
            moves.append(Move(subject=gate, field="measured_error", old=old, new=row.error))
    return tuple({**before, **after}.values())
