"""Releases and machines that are broken on purpose, and what each must come to.

A gate that cannot fail is a defect. Every qubit, and every pair with one of its gates, is
taken as a part of the device: releases of it that must pass, and faults that must not.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from qtregress.channels.plan import plan
from qtregress.chip.chip import Chip
from qtregress.errors import InputError
from qtregress.identity import digest
from qtregress.pulses.edits import (
    flipped_drag,
    recalibrated,
    scaled,
    shortened,
    turned,
    with_gates,
    without,
)
from qtregress.pulses.profile import Drag, Gate, Profile, Samples, ShapedPulse
from qtregress.pulses.schedule import schedule

Must = Literal["promote", "not both", "roll back", "not promote", "hold"]
"""What a release must come to; ``not both`` is of a change there and back,
which may not roll back both ways."""

STRONGER = 0.05
"""By how much an amplitude is wrong."""
SMALL_DRAG_DT = 0.5
"""A DRAG below this may be flipped without harm."""
LOOSE_CLAMP = 1e-6
"""Of the contact of a pad to its plate: what its cable alone conducts."""
_HEAT_MARGIN = 0.05
"""Of the shipped rules."""
_RECALIBRATION = (0.003, 5e-3, 10e3)
"""Gain, phase in rad and frequency in Hz, and what shares of the prior they may be at most."""
_SHARES = (0.6, 0.5, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A part of the device: a qubit, or a pair with one of its gates.

    Attributes:
        gates: ids of the simulated gates that it keeps.
        broken: ids of those that are broken in turn.
    """

    gates: tuple[str, ...]
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A release or a machine, and what its verdict must be.

    Attributes:
        kind: what was done.
        where: to which gate or line.
        must: what is right.
        make: gives NEW.
        blame: globs on ids of critical metrics. One of them must be what speaks against the
            release; none where it must pass.
        sure_by: gates that turn ``not promote`` into ``roll back`` where they are surely worse.
        is_swapped: whether the change is judged backwards, too.
        machine: what NEW is measured on, if not OLD's chip.
    """

    kind: str
    where: str
    must: Must
    make: Callable[[], Profile]
    blame: tuple[str, ...] = ()
    sure_by: tuple[str, ...] = ()
    is_swapped: bool = False
    machine: Chip | None = None


def places(profile: Profile, chip: Chip) -> tuple[Where, ...]:
    """Every qubit with simulated gates, then every simulated pair gate, shortest first."""
    gates = plan(profile, chip).gates
    ones: dict[int, list[str]] = {}
    played: dict[int, list[str]] = {}
    for gate in (gate for gate in gates if len(gate.qubits) == 1):
        ones.setdefault(gate.qubits[0], []).append(gate.id)
        if schedule(gate).waveforms:
            played.setdefault(gate.qubits[0], []).append(gate.id)
    pairs = sorted((gate for gate in gates if len(gate.qubits) > 1), key=_length)
    return (
        *(Where(gates=tuple(ones[q]), broken=tuple(played[q])) for q in sorted(played)),
        *(
            Where(
                gates=(*(one for q in gate.qubits for one in ones.get(q, ())), gate.id),
                broken=(gate.id,),
            )
            for gate in pairs
        ),
    )


def _length(gate: Gate) -> tuple[int, str]:
    return gate.duration, gate.id


def faults(profile: Profile, chip: Chip, where: Where) -> Iterator[Fault]:
    """Every release of a part, cut out already, that must pass or must not.

    Args:
        profile: the part's OLD.
        chip: the part's chip.
        where: what to break.
    """
    yield Fault(kind="no change", where=_name(where), must="promote", make=lambda: profile)
    is_pair = len(profile.by_id[where.broken[0]].qubits) > 1
    signs = (1,) if is_pair else (1, -1)
    for qubit in sorted(q.index for q in chip.qubits):
        yield from (_recalibration(profile, chip, qubit, sign) for sign in signs)
    for gate_id in where.broken:
        gate = profile.by_id[gate_id]
        yield from _cross_drive(profile, chip, gate) if is_pair else _one_qubit(profile, gate)
        yield _lost(profile, gate_id)
    if not is_pair:
        yield _flipped(profile, where)
        yield _loose(profile, chip)


def _name(where: Where) -> str:
    qubits = where.broken[0].partition(":")[2]
    return where.broken[0] if "-" in qubits else qubits


def line_channels(chip: Chip, qubit: int) -> tuple[str, ...]:
    """What plays on one qubit's drive line: its own drive, and cross drives."""
    crossing = (name for name, row in chip.control_channels.items() if row.qubit == qubit)
    return (f"d{qubit}", *crossing)


def _recalibration(profile: Profile, chip: Chip, qubit: int, sign: int) -> Fault:
    """Gain, phase and frequency of one line inside the prior, there and back.

    A chip that was fitted to another release may have spent its prior: then only this must
    hold, that nothing rolls back both ways.
    """
    prior = chip.drift_prior
    limits = (prior.gain, prior.phase_rad, prior.frequency_hz)
    by = (min(a, b * c) for a, b, c in zip(_RECALIBRATION, limits, _SHARES, strict=True))
    gain, phase_rad, hertz = (sign * value for value in by)
    is_own = chip.fit is not None and chip.fit.profile == digest(profile)
    return Fault(
        kind="line recalibrated and back",
        where=f"d{qubit}",
        must="promote" if is_own else "not both",
        make=partial(
            recalibrated,
            profile,
            line_channels(chip, qubit),
            gain=gain,
            phase_rad=phase_rad,
            detuned={f"d{qubit}": hertz},
        ),
        is_swapped=True,
    )


def _error(gate_id: str) -> str:
    return f"gate.error/{gate_id}"


def _heat(gate_id: str) -> str:
    return f"heat.line_energy_j/{gate_id}@*"


def _one_qubit(profile: Profile, gate: Gate) -> Iterator[Fault]:
    """A gate of one qubit too strong, too weak, and twice as fast."""
    own = (f"d{gate.qubits[0]}",)
    yield Fault(
        kind=f"amplitude +{STRONGER:.0%}",
        where=gate.id,
        must="roll back",
        make=lambda: with_gates(profile, [gate.id], lambda g: scaled(g, 1 + STRONGER, own)),
        blame=(_error(gate.id), _heat(gate.id)),
    )
    yield Fault(
        kind=f"amplitude -{STRONGER:.0%}",
        where=gate.id,
        must="not promote",
        make=lambda: with_gates(profile, [gate.id], lambda g: scaled(g, 1 - STRONGER, own)),
        blame=(_error(gate.id),),
        sure_by=(gate.id,),
    )
    yield Fault(
        kind="half the length",
        where=gate.id,
        must="roll back",
        make=lambda: with_gates(profile, [gate.id], lambda g: shortened(g, 0.5)),
        blame=(_heat(gate.id),),
    )


def _lost(profile: Profile, gate_id: str) -> Fault:
    return Fault(
        kind="gate lost",
        where=gate_id,
        must="hold",
        make=lambda: without(profile, gate_id),
        blame=(_error(gate_id),),
    )


def _flipped(profile: Profile, where: Where) -> Fault:
    """The qubit's DRAG on the wrong side, in all its gates at once: no one gate gives it away."""

    def make() -> Profile:
        rows = [row for one in where.broken for row in profile.by_id[one].pulses]
        sizes = [abs(row.beta) for row in rows if isinstance(row, Drag)]
        if max(sizes, default=0.0) < SMALL_DRAG_DT:
            msg = f"its DRAG must be at least {SMALL_DRAG_DT} dt to matter, but is less or none"
            raise InputError(msg)
        return with_gates(profile, where.broken, flipped_drag)

    return Fault(
        kind="DRAG sign flipped",
        where=_name(where),
        must="not promote",
        make=make,
        blame=tuple(map(_error, where.broken)),
        sure_by=where.broken,
    )


def _loose(profile: Profile, chip: Chip) -> Fault:
    """The line's pads lose their clamps, judged where metrics at load are critical.

    The gates play as before and the pads grow hot under them. No table of pulses does this;
    with the shipped rules the metrics that show it are advisory, because they rest on an
    assumed coupling.
    """
    (qubit,) = chip.qubits

    def make() -> Profile:
        if not qubit.drive.attenuators:
            raise InputError(f"d{qubit.index} must have an attenuator, but has none")
        return profile

    film = qubit.drive.film
    loose = film.model_copy(update={"body_w_per_k4": film.body_w_per_k4 * LOOSE_CLAMP})
    drive = qubit.drive.model_copy(update={"film": loose})
    hot = (qubit.model_copy(update={"drive": drive}),)
    return Fault(
        kind="attenuator off plate",
        where=f"d{qubit.index}",
        must="not promote",
        make=make,
        blame=("*_at_load*/*", "thermal.film_k/*"),
        machine=chip.model_copy(update={"qubits": hot}),
    )


def _cross_drive(profile: Profile, chip: Chip, gate: Gate) -> Iterator[Fault]:
    """Faults of the tones that a pair's gate plays at its other qubit's frequency."""
    tones = tuple(name for name in schedule(gate).waveforms if name in chip.control_channels)
    surely_hot = bool(tones) and _tone_share(gate, chip, tones) * (1 + STRONGER) ** 2 > (
        _tone_share(gate, chip, tones) + 1.2 * _HEAT_MARGIN
    )
    changes: tuple[tuple[str, Must, Callable[[Gate], Gate]], ...] = (
        (
            f"cross drive +{STRONGER:.0%}",
            "roll back" if surely_hot else "not promote",
            lambda g: scaled(g, 1 + STRONGER, tones),
        ),
        (f"cross drive -{STRONGER:.0%}", "not promote", lambda g: scaled(g, 1 - STRONGER, tones)),
        ("cross drive sign flipped", "not promote", lambda g: turned(g, math.pi, tones)),
        ("cross drive echo lost", "not promote", lambda g: _without_echo(g, tones)),
    )
    for kind, must, change in changes:
        yield Fault(
            kind=kind,
            where=gate.id,
            must=must,
            make=partial(_changed_tones, profile, gate, tones, change),
            blame=(_error(gate.id), _heat(gate.id)),
            sure_by=(gate.id,),
        )


def _changed_tones(
    profile: Profile, gate: Gate, tones: tuple[str, ...], change: Callable[[Gate], Gate]
) -> Profile:
    if not tones:
        raise InputError(f"{gate.id} must have a cross drive, but has none")
    return with_gates(profile, [gate.id], change)


def _tone_share(gate: Gate, chip: Chip, tones: tuple[str, ...]) -> float:
    """What of the energy on the tones' line the tones are, before any compression."""
    energies = {
        name: float(np.sum(np.abs(samples) ** 2))
        for name, samples in schedule(gate).waveforms.items()
    }
    energies |= {
        name: energies[name] * chip.control_channels[name].gain_ratio ** 2 for name in tones
    }
    line = line_channels(chip, chip.control_channels[tones[0]].qubit)
    return energies[tones[0]] / sum(energies.get(name, 0.0) for name in line)


def _without_echo(gate: Gate, tones: tuple[str, ...]) -> Gate:
    """The gate without the last tone of several."""
    played = [row for row in gate.pulses if row.channel in tones]
    played = [row for row in played if isinstance(row, ShapedPulse | Samples)]
    if len(played) < 2:  # noqa: PLR2004  an echo has two halves
        raise InputError(f"{gate.id} must have an echo to lose, but plays {len(played)} tone")
    last = max(played, key=lambda row: row.t0)
    rows = tuple(row for row in gate.pulses if row is not last)
    return gate.model_copy(update={"pulses": rows})
