"""Transmons with closed-form errors, for every test of randomized benchmarking."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
from scipy.linalg import expm

from qtregress.channels.ideal import PairNative
from qtregress.rb.gateset import (
    CX,
    ID_SX,
    SX_ID,
    SX_SX,
    Complex,
    OneQubitGates,
    PairGates,
    ideal_images,
    tensor,
)

SX_S = 35e-9
LAYER_S = 35e-9
CX_S = 300e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Bath:
    """Relaxation, pure dephasing and thermal photons of a transmon."""

    t1_s: float = 60e-6
    dephasing_s: float = 80e-6
    photons: float = 0.0


def lowering(levels: int) -> Complex:
    """The ladder's lowering operator."""
    return np.diag(np.sqrt(np.arange(1, levels)), 1).astype(np.complex128)


def jumps(levels: int, bath: Bath) -> list[Complex]:
    """Jump operators of a ladder in a bath."""
    a = lowering(levels)
    return [
        np.sqrt((bath.photons + 1) / bath.t1_s / (2 * bath.photons + 1)) * a,
        np.sqrt(bath.photons / bath.t1_s / (2 * bath.photons + 1)) * a.conj().T,
        np.sqrt(2 / bath.dephasing_s) * (a.conj().T @ a),
    ]


def generator(hamiltonian: Complex, operators: list[Complex]) -> Complex:
    """The Lindblad generator of row-stacked density matrices."""
    one = np.eye(len(hamiltonian))
    total = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    for jump in operators:
        decay = jump.conj().T @ jump / 2
        total += np.kron(jump, jump.conj()) - np.kron(decay, one) - np.kron(one, decay.T)
    return total


def square_sx(
    levels: int, bath: Bath, *, detuning_hz: float = 0.0, rotation: float = 1.0
) -> Complex:
    """A square sx pulse of a transmon of -300 MHz anharmonicity, its bath on."""
    a, k = lowering(levels), np.arange(levels)
    hamiltonian = np.diag(2 * np.pi * (detuning_hz * k - 150e6 * k * (k - 1))).astype(np.complex128)
    hamiltonian += rotation * np.pi / 4 / SX_S * (a + a.conj().T)
    return np.asarray(expm(generator(hamiltonian, jumps(levels, bath)) * SX_S))


def unitary_map(unitary: Complex) -> Complex:
    """The superoperator of a unitary, row-stacked density matrices."""
    return tensor(unitary, unitary.conj())


def on_levels(unitary: Complex, levels: tuple[int, ...]) -> Complex:
    """A unitary on levels 0 and 1 that leaves the other levels alone."""
    inside = np.indices((2,) * len(levels)).reshape(len(levels), -1)
    kept = np.asarray(np.ravel_multi_index(tuple(inside), levels))
    whole = np.eye(int(np.prod(levels)), dtype=np.complex128)
    whole[np.ix_(kept, kept)] = unitary
    return whole


def random_channel(dimension: int, strength: float, rng: np.random.Generator) -> Complex:
    """A random completely positive trace-preserving map near the identity."""
    h = rng.normal(size=(2 * dimension,) * 2) + 1j * rng.normal(size=(2 * dimension,) * 2)
    isometry = expm(1j * strength * (h + h.conj().T))[:, ::2].reshape(dimension, 2, dimension)
    kraus = isometry.transpose(1, 0, 2)
    return unitary_map(kraus[0]) + unitary_map(kraus[1])


def pair_of(
    maps: dict[str, Complex],
    levels: tuple[int, int],
    control: Literal[0, 1],
    native: PairNative = CX,
) -> PairGates:
    """Gates of a pair from maps by native name."""
    return PairGates(
        levels=levels,
        sx_sx=maps[SX_SX],
        sx_id=maps[SX_ID],
        id_sx=maps[ID_SX],
        native=native,
        native_map=maps[native],
        control=control,
        layer_duration_s=LAYER_S,
        native_duration_s=CX_S,
    )


@pytest.fixture(scope="session")
def noisy_qubit() -> Callable[..., OneQubitGates]:
    """Makes a transmon with a square sx pulse."""

    def make(
        levels: int = 2,
        *,
        detuning_hz: float = 0.0,
        rotation: float = 1.0,
        bath: Bath | None = None,
    ) -> OneQubitGates:
        sx = square_sx(levels, bath or Bath(), detuning_hz=detuning_hz, rotation=rotation)
        return OneQubitGates(levels=levels, sx=sx, sx_duration_s=SX_S)

    return make


@pytest.fixture(scope="session")
def noisy_pair() -> Callable[..., PairGates]:
    """Makes a pair whose natives are ideal, followed by the bath for their duration."""

    def make(
        levels: tuple[int, int] = (2, 2),
        control: Literal[0, 1] = 0,
        bath: Bath | None = None,
        native: PairNative = CX,
    ) -> PairGates:
        left, right = (jumps(size, bath or Bath()) for size in levels)
        operators: list[Complex] = [tensor(j, np.eye(levels[1], dtype=complex)) for j in left]
        operators += [tensor(np.eye(levels[0], dtype=complex), j) for j in right]
        size = levels[0] * levels[1]
        rate = generator(np.zeros((size, size), dtype=np.complex128), operators)
        maps = {
            name: expm(rate * (CX_S if name == native else LAYER_S))
            @ unitary_map(on_levels(image, levels))
            for name, image in ideal_images(transmons=2, control=control, native=native).items()
        }
        return pair_of(maps, levels, control, native)

    return make


@pytest.fixture(scope="session")
def random_pair() -> Callable[..., PairGates]:
    """Makes a pair whose natives err by different random channels."""

    def make(
        levels: tuple[int, int] = (2, 2),
        control: Literal[0, 1] = 0,
        strength: float = 0.03,
        native: PairNative = CX,
    ) -> PairGates:
        rng = np.random.default_rng(7)
        maps = {
            name: random_channel(levels[0] * levels[1], strength, rng)
            @ unitary_map(on_levels(image, levels))
            for name, image in ideal_images(transmons=2, control=control, native=native).items()
        }
        return pair_of(maps, levels, control, native)

    return make
