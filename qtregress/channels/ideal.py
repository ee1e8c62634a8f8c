"""What gates are meant to be, in the frame a pulse table plays in.

Pulses rotate by ``exp(+i phase)`` in the frame of their carrier, so that a table realises
``(Z kron Z) V* (Z kron Z)`` of its nominal V: an automorphism of the gate set that leaves x
and sx alone, turns RZ(t) into RZ(-t) and CX into CX times Z on the control; CZ stays CZ and
ECR, up to its sign, ECR.
"""

from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]

_X = np.array([[0, 1], [1, 0]], dtype=complex)
_Y = np.array([[0, -1j], [1j, 0]])
NOMINAL: dict[str, Complex] = {
    "id": np.eye(2, dtype=complex),
    "x": _X,
    "sx": np.array([[0.5 + 0.5j, 0.5 - 0.5j], [0.5 - 0.5j, 0.5 + 0.5j]]),
    "cx": np.kron(np.diag([1, 0]), np.eye(2)).astype(complex) + np.kron(np.diag([0, 1]), _X),
    "cz": np.diag([1, 1, 1, -1]).astype(complex),
    "ecr": (np.kron(_X, np.eye(2)) - np.kron(_Y, _X)) / np.sqrt(2),
}
"""Nominal unitaries, the first qubit being the left factor: cx is controlled by it, and of ecr,
(XI - YX)/sqrt(2), it is the one that is flipped between the echoes. Qiskit writes the last
qubit to the left and hence its ECRGate as (IX - XY)/sqrt(2)."""

PairNative = Literal["cx", "cz", "ecr"]
PAIR_NATIVES: Final[tuple[PairNative, ...]] = ("cx", "cz", "ecr")
"""Gates of which, with sx and virtual Z, all Cliffords of a pair can be made."""


def _product(names: str) -> Complex:
    total = np.eye(1, dtype=complex)
    for name in names.split("."):
        total = np.kron(total, NOMINAL[name])
    return total


def pair_native(name: str) -> PairNative:
    """The name of a gate that makes the Cliffords of a pair.

    Raises:
        ValueError: it is none of ``PAIR_NATIVES``.
    """
    for native in PAIR_NATIVES:
        if native == name:
            return native
    raise ValueError(f"a pair's native must be one of {', '.join(PAIR_NATIVES)}, but is {name}")


def table_image(nominal: Complex) -> Complex:
    """What a table plays for the unitary ``nominal``: (Z kron Z) V* (Z kron Z), same shape."""
    signs = np.array([(-1.0) ** int(state).bit_count() for state in range(len(nominal))])
    return np.asarray(signs[:, None] * nominal.conj() * signs[None, :])


@cache
def ideal_image(name: str) -> Complex | None:
    """The unitary that a table's gate ``name`` is meant to play, or None if unknown.

    ``sx.id`` names a layer of one-qubit gates side by side. Shape (2**k, 2**k).
    """
    if any(part not in NOMINAL for part in name.split(".")):
        return None
    return table_image(_product(name))
