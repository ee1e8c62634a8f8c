"""Small open systems with closed-form answers."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels.dissipators import Jump
from qtregress.chip.chip import DriveLine, Qubit

Complex = NDArray[np.complex128]
Generator = Callable[[Complex, Sequence[Jump]], Complex]


def lindbladian(hamiltonian_rad_s: Complex, jumps: Sequence[Jump]) -> Complex:
    """Generator on row-stacked density matrices in 1/s, shape (n**2, n**2)."""
    eye = np.eye(len(hamiltonian_rad_s))
    total = -1j * (np.kron(hamiltonian_rad_s, eye) - np.kron(eye, hamiltonian_rad_s.T))
    for jump in jumps:
        operator = jump.operator
        decay = operator.conj().T @ operator
        lost = (np.kron(decay, eye) + np.kron(eye, decay.T)) / 2
        total = total + jump.rate_per_s * (np.kron(operator, operator.conj()) - lost)
    return np.asarray(total)


@pytest.fixture(scope="session")
def generator() -> Generator:
    """The function that builds a Lindblad generator."""
    return lindbladian


@pytest.fixture(scope="session")
def steady() -> Callable[[Complex], Complex]:
    """The function that finds a generator's steady state, shape (n, n)."""

    def solve(generator: Complex) -> Complex:
        n = round(len(generator) ** 0.5)
        scale = np.abs(generator).max()
        rows = np.vstack([generator / scale, np.eye(n).ravel()[None]])
        target = np.append(np.zeros(n * n), 1.0)
        return np.asarray(np.linalg.lstsq(rows, target)[0].reshape(n, n))

    return solve


@pytest.fixture(scope="session")
def make_qubit() -> Callable[..., Qubit]:
    """The function that makes a 5 GHz transmon with T1 = 100 us."""

    def make(
        *, t2_s: float = 120e-6, photons: float = 0.0, anharmonicity_hz: float = -330e6
    ) -> Qubit:
        line = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=())
        return Qubit(
            index=0,
            frequency_hz=5e9,
            anharmonicity_hz=anharmonicity_hz,
            t1_s=100e-6,
            t2_s=t2_s,
            residual_photons=photons,
            drive=line,
        )

    return make
