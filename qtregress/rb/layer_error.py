"""The error of layers of one-qubit gates, beside what their gates err by themselves.

What a layer errs more than its gates is the coupling: static ZZ, exchange, and a drive that
shakes the neighbour, through the coupling or directly (the chip's ``drive_crosstalk``).

Average errors of several qubits do not simply add, for they depend on the dimension. What
does combine is the share of the process that is right, a product over parts that do not know
of each other, and the population that stays: F_avg = (d F_pro + 1 - L)/(d + 1) (Nielsen,
Phys. Lett. A 303, 249 (2002); with leakage Wood, Gambetta, PRA 97, 032306 (2018)).
"""

import cmath
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qtregress.channels.channel import Complex, GateChannel, average_fidelity, leakage
from qtregress.channels.dissipators import jumps
from qtregress.channels.ideal import ideal_image
from qtregress.channels.problem import bath_of, patch_of
from qtregress.chip.bath import Extra
from qtregress.chip.chip import Chip
from qtregress.chip.transmon import Patch
from qtregress.errors import InputError
from qtregress.units import angular

WEAK: Final = 0.9
"""Parts of a chip's layer must be right by this share of their process to be put together."""
SX: Final = "sx"
IDLE: Final = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerError:
    """The error of gates played at once.

    Attributes:
        layer: id of the joint layer, such as ``sx.id:0-1``, or ``sx:0,2`` for a layer of the
            chip in which these qubits play and all others wait.
        error: 1 - F_avg on all its qubits, leakage counted as error, d = 2**qubits; None
            where something of it was not simulated; so are the next two.
        sum_of_gates: the same if its gates did not know of each other, waiting included. For
            a pair 6/5, for the whole chip 3/2 of the sum of their own 1 - F_avg (d = 2),
            to first order.
        excess: error less sum_of_gates.
        error_estimate: largest element by which a map in it may be wrong; who reads the
            values decides whether that is too much.
        why: why there is no value, a sentence; empty where there is one.
    """

    layer: str
    error: float | None
    sum_of_gates: float | None
    excess: float | None
    error_estimate: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How much of some qubits' process is right.

    Attributes:
        process: F_pro, the overlap with the ideal process.
        kept: 1 - L, population that stays on the computational states.
    """

    process: float
    kept: float

    def times(self, other: "Quality") -> "Quality":
        """Both, where neither knows of the other."""
        return Quality(process=self.process * other.process, kept=self.kept * other.kept)

    def over(self, other: "Quality") -> "Quality":
        """What is left when ``other`` is taken out of it."""
        return Quality(process=self.process / other.process, kept=self.kept / other.kept)

    def error(self, qubits: int) -> float:
        """1 - F_avg on so many qubits."""
        share = 0.5**qubits
        return (1 - self.process + share * (1 - self.kept)) / (1 + share)


PERFECT: Final = Quality(process=1.0, kept=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What is simulated and on what, gates and waiting in the same bath.

    Attributes:
        chip: qubits and couplings.
        channels: by id: ``sx`` of each qubit, and joint layers of coupled pairs such as
            ``sx.id:0-1``, the lower index first. For errors at load, those with the map at
            load in place of the cold one.
        drive_hz: carrier of each qubit's gates, by index.
        extra: what the load adds to each qubit's bath, by index; empty if cold.
    """

    chip: Chip
    channels: Mapping[str, GateChannel]
    drive_hz: Mapping[int, float]
    extra: Mapping[int, Extra]


def layer_errors(board: Board, layers: Iterable[str]) -> tuple[LayerError, ...]:
    """Errors of simulated joint layers of pairs, beside those of their gates alone.

    Args:
        board: with the layers' channels and those of their gates.
        layers: ids such as ``sx.id:0-1``.

    Raises:
        KeyError: a layer or one of its gates was not simulated.
    """
    return tuple(_pair_layer(board, board.channels[name]) for name in layers)


def chip_layer_error(board: Board, playing: Collection[int]) -> LayerError:
    """The error of a layer of the whole chip: sx on some qubits, all others wait.

    To first order in the couplings: each coupled pair multiplies the gates' own quality by
    what its simulated layer is worse than its gates. That misses what couplings do together:
    phases of several neighbours on one qubit interfere (a chain of three with equal ZZ errs
    8/6 of the sum). Two waiting neighbours have the static ZZ alone, without losses. Crosstalk
    to a qubit that the chip does not couple to the playing one is in no simulated layer:
    where it is given, there is no value.

    Args:
        board: with sx of each playing qubit and the layers of every coupling it has.
        playing: indices of the qubits that play; the others of the chip wait.

    Raises:
        ValueError: nobody plays, so that the layer has no length.
    """
    if not playing:
        raise ValueError("playing must name at least one qubit, but is empty")
    name = f"{SX}:{','.join(map(str, sorted(playing)))}"
    try:
        return _chip_layer(board, frozenset(playing), name)
    except _UnknownPartError as unknown:
        return LayerError(layer=name, error=None, sum_of_gates=None, excess=None, why=str(unknown))


def static_zz_hz(patch: Patch) -> float:
    """Static ZZ of a pair in Hz, (E11 - E10 - E01 + E00)/2 pi of its dressed energies.

    By how much either qubit's frequency moves when the other is excited (DiCarlo et al.,
    Nature 460, 240 (2009)).

    Args:
        patch: two transmons.
    """
    energies = patch.energies_rad_s.reshape(patch.levels)
    shift = energies[1, 1] - energies[1, 0] - energies[0, 1] + energies[0, 0]
    return float(shift) / (2 * math.pi)


def idle_map(board: Board, qubit: int, duration_s: float) -> Complex:
    """What waiting does to a qubit alone, shape (L**2, L**2), row-stacked, carrier's frame.

    Args:
        board: chip, carriers and bath.
        qubit: its index.
        duration_s: how long it waits.
    """
    patch = patch_of(board.chip, (qubit,))
    one = np.eye(patch.dimension)
    turning = patch.energies_rad_s - angular(board.drive_hz[qubit]) * patch.numbers[0]
    rate = np.diag(-1j * np.subtract.outer(turning, turning).reshape(-1))
    for jump in jumps(patch, bath_of(board.chip, (qubit,), board.extra)):
        op = jump.operator
        lost = op.conj().T @ op / 2
        gain = np.kron(op, op.conj()) - np.kron(lost, one) - np.kron(one, lost.T)
        rate = rate + jump.rate_per_s * gain
    return np.asarray(scipy.linalg.expm(rate * duration_s))


class _UnknownPartError(Exception):
    """A part of a layer was not simulated or errs too much; says which, a sentence."""


def _pair_layer(board: Board, channel: GateChannel) -> LayerError:
    names = channel.gate.split(":")[0].split(".")
    own = PERFECT
    estimates = [channel.error_estimate]
    for name, qubit in zip(names, channel.qubits, strict=True):
        own = own.times(_own(board, name, qubit, channel.duration_s))
        if name != IDLE:
            estimates.append(board.channels[f"{name}:{qubit}"].error_estimate)
    return _compared(channel.gate, _quality(channel), own, len(names), max(estimates))


def _chip_layer(board: Board, playing: frozenset[int], name: str) -> LayerError:
    qubits = [qubit.index for qubit in board.chip.qubits]
    for qubit in sorted(playing):
        if f"{SX}:{qubit}" not in board.channels:
            raise _UnknownPartError(f"sx of qubit {qubit} was not simulated")
    if unheard := [qubit for qubit in qubits if qubit not in board.drive_hz]:
        raise _UnknownPartError(f"the profile lists no drive frequency of d{unheard[0]}")
    _refuse_far_crosstalk(board.chip, playing)
    used = [board.channels[f"{SX}:{qubit}"] for qubit in sorted(playing)]
    length_s = max(channel.duration_s for channel in used)
    own = PERFECT
    for qubit in qubits:
        plays = SX if qubit in playing else IDLE
        own = own.times(_weak(_own(board, plays, qubit, length_s), f"qubit {qubit}"))
    whole = own
    for coupling in board.chip.couplings:
        left, right = sorted(coupling.qubits)
        together, channels = _together(board, (left, right), playing, length_s)
        whole = whole.times(_weak(together, f"the pair {left}-{right}"))
        used.extend(channels)
    worst = max(channel.error_estimate for channel in used)
    return _compared(name, whole, own, len(qubits), worst)


def _refuse_far_crosstalk(chip: Chip, playing: frozenset[int]) -> None:
    coupled = {frozenset(row.qubits) for row in chip.couplings}
    for row in chip.drive_crosstalk:
        ends = frozenset((row.from_qubit, row.to_qubit))
        if row.from_qubit in playing and row.ratio and ends not in coupled:
            raise _UnknownPartError(
                f"what the drive of qubit {row.from_qubit} does to qubit {row.to_qubit} was not "
                "simulated: the chip does not couple them"
            )


def _together(
    board: Board, pair: tuple[int, int], playing: frozenset[int], length_s: float
) -> tuple[Quality, tuple[GateChannel, ...]]:
    """What a pair's coupling changes of its two qubits' own quality, and by which channel."""
    names = [SX if qubit in playing else IDLE for qubit in pair]
    if names == [IDLE, IDLE]:
        return _waiting_together(board, pair, length_s), ()
    layer = f"{'.'.join(names)}:{pair[0]}-{pair[1]}"
    channel = board.channels.get(layer)
    if channel is None:
        raise _UnknownPartError(f"the layer {layer} was not simulated")
    quality = _quality(channel)
    for name, qubit in zip(names, pair, strict=True):
        own = _own(board, name, qubit, channel.duration_s)
        quality = quality.over(_weak(own, f"qubit {qubit}"))
    return quality.times(_waiting_together(board, pair, length_s - channel.duration_s)), (channel,)


def _waiting_together(board: Board, pair: tuple[int, int], length_s: float) -> Quality:
    """What static ZZ alone does to two waiting qubits, beside their own detuning."""
    try:
        zz_hz = static_zz_hz(patch_of(board.chip, pair))
    except InputError as error:
        raise _UnknownPartError(str(error)) from error
    detuned = [
        patch_of(board.chip, (qubit,)).energies_rad_s[1] - angular(board.drive_hz[qubit])
        for qubit in pair
    ]
    left, right = (cmath.exp(-1j * rate * length_s) for rate in detuned)
    both = 1 + left + right + left * right * cmath.exp(-1j * angular(zz_hz) * length_s)
    return Quality(process=abs(both / ((1 + left) * (1 + right))) ** 2, kept=1.0)


def _own(board: Board, name: str, qubit: int, length_s: float) -> Quality:
    """Quality of a qubit's own gate, and of waiting until the layer ends."""
    channel = None if name == IDLE else board.channels[f"{name}:{qubit}"]
    waits_s = length_s - (channel.duration_s if channel else 0.0)
    waiting = _compare(idle_map(board, qubit, waits_s), np.arange(2), IDLE)
    return waiting if channel is None else waiting.times(_quality(channel))


def _quality(channel: GateChannel) -> Quality:
    name = channel.gate.split(":")[0]
    return _compare(channel.superoperator, channel.computational, name)


def _compare(superoperator: Complex, computational: NDArray[np.intp], name: str) -> Quality:
    ideal = ideal_image(name)
    if ideal is None:
        raise KeyError(name)
    d = len(ideal)
    kept = 1 - leakage(superoperator, computational)
    right = average_fidelity(superoperator, computational, ideal)
    return Quality(process=((d + 1) * right - kept) / d, kept=kept)


def _weak(quality: Quality, whose: str) -> Quality:
    if not quality.process >= WEAK:
        raise _UnknownPartError(f"{whose} errs too much for errors to be put together")
    return quality


def _compared(
    layer: str, whole: Quality, own: Quality, qubits: int, error_estimate: float
) -> LayerError:
    error, alone = whole.error(qubits), own.error(qubits)
    return LayerError(
        layer=layer,
        error=error,
        sum_of_gates=alone,
        excess=error - alone,
        error_estimate=error_estimate,
    )
