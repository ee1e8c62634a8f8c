"""What randomized benchmarking plays: simulated natives and what they are meant to be.

A pulse table in the frame rotating at its drive frequencies realises
``(Z kron Z) V* (Z kron Z)`` of every nominal gate V: sx stays sx, x stays x, RZ(t) becomes
RZ(-t) and CX becomes CX times Z on the control. The map is an automorphism of the
Clifford group, so circuits are compiled with nominal gates and judged by these images.
"""

import cmath
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.ideal import NOMINAL, PairNative, table_image

Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

SX: Final = "sx"
SX_SX: Final = "sx,sx"
SX_ID: Final = "sx,id"
ID_SX: Final = "id,sx"
CX: Final[PairNative] = "cx"
CZ: Final[PairNative] = "cz"
ECR: Final[PairNative] = "ecr"

PHASES: Final[Complex] = np.array([1, -1j, -1, 1j])
"""exp(-i k pi/2) for k quarter turns, exact."""

TRACE_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OneQubitGates:
    """The pulse of one transmon; every virtual Z is exact and takes no time.

    Attributes:
        levels: simulated levels L; the qubit is levels 0 and 1.
        sx: superoperator of shape (L**2, L**2), row-stacked density matrices.
        sx_duration_s: length of sx.
    """

    levels: int
    sx: Complex
    sx_duration_s: float

    def __post_init__(self) -> None:
        """Refuse arrays that are no map of these levels."""
        _check(SX, self.sx, (self.levels,))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairGates:
    """The natives of two coupled transmons a and b, a being the left tensor factor.

    One-qubit pulses are simulated jointly with the coupling on, and every layer lasts as
    long as the longer sx. One two-qubit gate is played, in one direction; the others cost
    nothing more than local Cliffords.

    Attributes:
        levels: simulated levels of a and b; n is their product.
        sx_sx: both play sx, shape (n**2, n**2), row-stacked density matrices.
        sx_id: a plays sx while b waits.
        id_sx: b plays sx while a waits.
        native: which two-qubit gate is played.
        native_map: its superoperator, the axes in the order a, b.
        control: 0 where a is the first qubit of the native (of cx the control), 1 where b is.
        layer_duration_s: length of a one-qubit layer.
        native_duration_s: length of the two-qubit gate.
    """

    levels: tuple[int, int]
    sx_sx: Complex
    sx_id: Complex
    id_sx: Complex
    native: PairNative
    native_map: Complex
    control: Literal[0, 1]
    layer_duration_s: float
    native_duration_s: float

    def __post_init__(self) -> None:
        """Refuse arrays that are no map of these levels."""
        for name, superoperator in natives(self).items():
            _check(name, superoperator, self.levels)


Gates = OneQubitGates | PairGates


def natives(gates: Gates) -> dict[str, Complex]:
    """Superoperators by native name."""
    if isinstance(gates, OneQubitGates):
        return {SX: gates.sx}
    layers = {SX_SX: gates.sx_sx, SX_ID: gates.sx_id, ID_SX: gates.id_sx}
    return {**layers, gates.native: gates.native_map}


def durations_s(gates: Gates) -> dict[str, float]:
    """Lengths by native name."""
    if isinstance(gates, OneQubitGates):
        return {SX: gates.sx_duration_s}
    layers = dict.fromkeys((SX_SX, SX_ID, ID_SX), gates.layer_duration_s)
    return {**layers, gates.native: gates.native_duration_s}


def levels_of(gates: Gates) -> tuple[int, ...]:
    """Levels of each transmon."""
    return (gates.levels,) if isinstance(gates, OneQubitGates) else gates.levels


def sx_image() -> Complex:
    """What a table plays for sx: sx, shape (2, 2)."""
    return table_image(NOMINAL["sx"])


def rz_image(angle_rad: float) -> Complex:
    """What a table plays for RZ(angle): RZ(-angle) up to a phase, shape (2, 2)."""
    return np.diag(np.array([1, cmath.exp(-1j * angle_rad)]))


def native_image(native: PairNative, *, control: Literal[0, 1] = 0) -> Complex:
    """What a table plays for a pair's native: for cx CX times Z on the control, shape (4, 4).

    Args:
        native: the two-qubit gate.
        control: which tensor factor is its first qubit, 0 for the left one.
    """
    nominal = NOMINAL[native]
    if control == 1:
        exchange = [0, 2, 1, 3]
        nominal = nominal[np.ix_(exchange, exchange)]
    return table_image(nominal)


def ideal_images(
    *, transmons: Literal[1, 2], control: Literal[0, 1] = 0, native: PairNative = CX
) -> dict[str, Complex]:
    """Unitaries that the natives are meant to be, by native name.

    Args:
        transmons: one qubit or a pair.
        control: which of the pair is the native's first qubit.
        native: the pair's two-qubit gate.
    """
    sx, idle = sx_image(), np.eye(2, dtype=np.complex128)
    if transmons == 1:
        return {SX: sx}
    return {
        SX_SX: tensor(sx, sx),
        SX_ID: tensor(sx, idle),
        ID_SX: tensor(idle, sx),
        native: native_image(native, control=control),
    }


def tensor(left: Complex, right: Complex) -> Complex:
    """The Kronecker product of two arrays, the first one being the left factor."""
    return np.asarray(np.kron(left, right), dtype=np.complex128)


def virtual_z(levels: tuple[int, ...], turns: tuple[int, ...]) -> Complex:
    """Diagonal of the operator that RZ(turns * pi/2) becomes, shape (n,).

    Level k of a transmon picks up exp(-i k angle): a later pulse's phase shift is the same
    on every transition of the ladder.

    Args:
        levels: levels of each transmon.
        turns: nominal angle of each in quarter turns.
    """
    ladder = np.indices(levels).reshape(len(levels), -1)
    return np.asarray(PHASES[np.array(turns) @ ladder % 4])


def charges(levels: tuple[int, ...]) -> Integers:
    """K - k' of every matrix unit |k><k'|, per transmon, shape (transmons, n**2).

    A virtual Z of angle t multiplies the matrix unit by exp(-i t (k - k')).
    """
    ladder = np.indices(levels).reshape(len(levels), -1)
    return (ladder[:, :, None] - ladder[:, None, :]).reshape(len(levels), -1)


def _check(name: str, superoperator: Complex, levels: tuple[int, ...]) -> None:
    size = int(np.prod(levels))
    if min(levels) < 2:  # noqa: PLR2004 - a qubit has two levels
        raise ValueError(f"levels must be at least 2 each, but are {levels}")
    if superoperator.shape != (size**2, size**2):
        raise ValueError(
            f"superoperator `{name}` must have shape {(size**2, size**2)}, "
            f"but has {superoperator.shape}"
        )
    trace = np.eye(size).reshape(-1)
    error = float(np.max(np.abs(trace @ superoperator - trace)))
    if not error <= TRACE_TOLERANCE:
        raise ValueError(
            f"superoperator `{name}` must preserve the trace, but changes it by {error:.3g}"
        )
