"""Gates on toy chips in warm baths, and their energies from the whole Liouvillian."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from qtregress.channels.dissipators import Jump, jumps
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.fast import Propagation, propagate
from qtregress.channels.problem import GateProblem, bath_of, gate_problem
from qtregress.channels.simulate import start_phases_rad
from qtregress.chip.chip import Chip, ControlChannel, Coupling, DriveLine, Quasiparticles, Qubit
from qtregress.pulses.profile import Constant, Gate, Profile
from qtregress.thermal.accounting import Reservoir, adjoint_dissipator, reservoirs
from qtregress.thermal.thermodynamics import GateThermodynamics, gate_thermodynamics
from qtregress.units import HBAR_J_S, angular
from tests.channels.solutions import liouvillian

Complex = NDArray[np.complex128]

FREQUENCIES_HZ = (5.0e9, 5.1e9)
DT_NS = 2 / 9
QUANTUM_J = HBAR_J_S * angular(5e9)
T1_S = 5e-6
"""Twenty times worse than IBM's, so that what is left out would show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A gate, its baths, and what the engine makes of it."""

    problem: GateProblem
    propagation: Propagation
    map: Complex
    baths: tuple[Reservoir, ...]

    @property
    def found(self) -> GateThermodynamics:
        """The tool's answer."""
        return gate_thermodynamics(self.problem, self.propagation, self.map, self.baths)


def pulse(channel: str, *, amp: float = 1.0, samples: int = 160) -> Constant:
    """A square pulse."""
    return Constant(envelope="constant", channel=channel, t0=0, duration=samples, amp=amp, angle=0)


def gate(*qubits: int, amp: float = 1.0, samples: int = 160) -> Gate:
    """A square pulse on one qubit, or one on the first at the second's frequency."""
    pulses = (pulse("u0" if len(qubits) > 1 else "d0", amp=amp, samples=samples),)
    return Gate(name="x", qubits=qubits, duration=samples, pulses=pulses)


def play(
    chip: Chip, profile: Profile, gate_id: str, *, levels: int = 4, phases: int | None = None
) -> Played:
    """A gate of a profile put to the fast engine, at so many start phases or all."""
    problem = gate_problem(profile.by_id[gate_id], profile, chip, levels=levels)
    phases_rad = start_phases_rad(problem)[:phases]
    propagation = propagate(problem, compile_patch(problem.patch), phases_rad)
    return Played(
        problem=problem,
        propagation=propagation,
        map=propagation.at(bath_of(chip, problem.qubits, {}, levels)).superoperator,
        baths=reservoirs(chip, problem.qubits, {}, levels),
    )


def toy(
    *qubits: int,
    amp: float = 1.0,
    samples: int = 160,
    levels: int = 4,
    photons: float = 0.05,
    t1_s: float = T1_S,
    quasiparticles: Quasiparticles | None = None,
) -> Played:
    """A square pulse on a toy chip at start phase zero, at 14 MHz half a turn in 160 samples."""
    profile = Profile(
        format="qtregress/profile@1",
        device="toy",
        firmware="1",
        dt_ns=DT_NS,
        drive_frequency_hz={"d0": FREQUENCIES_HZ[0], "d1": FREQUENCIES_HZ[1]},
        gates=(gate(*qubits, amp=amp, samples=samples),),
    )
    made = [
        Qubit(
            index=index,
            frequency_hz=FREQUENCIES_HZ[index],
            anharmonicity_hz=-330e6,
            t1_s=t1_s,
            t2_s=1.2 * t1_s,
            residual_photons=photons,
            quasiparticles=quasiparticles,
            drive=DriveLine(rabi_hz_per_amp=14e6, kappa_ext_hz=53.0, attenuators=()),
        )
        for index in qubits
    ]
    chip = Chip(
        format="qtregress/chip@1",
        device="toy",
        qubits=tuple(made),
        couplings=(Coupling(qubits=(0, 1), j_hz=3e6),) if len(qubits) > 1 else (),
        control_channels={"u0": ControlChannel(qubit=0, frequency_of=1)} if len(qubits) > 1 else {},
    )
    return play(chip, profile, profile.gates[0].id, levels=levels, phases=1)


def exact_operators(played: Played) -> tuple[Complex, Complex]:
    """Work of the drive and heat to all baths in J, from the whole Liouvillian, (n, n) each.

    In the frame of the only carrier nothing moves within a sample. The time integrals of
    -(i/hbar) Tr[[H0, V] rho] and of -Tr[H0 D(rho)] are two more variables of the same linear
    equation, which matrix exponentials solve.
    """
    problem = played.problem
    n = problem.patch.dimension
    (tone,) = problem.tones
    carrier = problem.carrier_hz[problem.qubits.index(tone.carrier_of)]
    compiled = compile_patch(problem.patch)
    free = np.diag(compiled.static_rad_s - angular(carrier) * problem.patch.numbers.sum(axis=0))
    still = np.diag(problem.patch.energies_rad_s).astype(complex)
    processes = processes_of(played)
    current = -adjoint_dissipator(still, processes)
    total = np.eye(n * n + 2, dtype=complex)
    known: dict[complex, Complex] = {}
    for sample in tone.envelope_rad_s.tolist():
        if sample not in known:
            half = sample / 2 * compiled.lowering[problem.qubits.index(tone.qubit)]
            drive = half + half.conj().T
            power = -1j * (still @ drive - drive @ still)
            both = np.zeros((n * n + 2, n * n + 2), dtype=complex)
            both[:-2, :-2] = liouvillian(free + drive, processes)
            # Tr[A rho] is vec(A^T) . vec(rho)
            both[-2, :-2], both[-1, :-2] = power.T.ravel(), current.T.ravel()
            known[sample] = expm(both * problem.dt_s)
        total = known[sample] @ total
    work, heat = (total[row, :-2].reshape(n, n).T for row in (-2, -1))
    return np.asarray(HBAR_J_S * work), np.asarray(HBAR_J_S * heat)


def processes_of(played: Played) -> tuple[Jump, ...]:
    """All jumps of all baths, each by itself."""
    nothing = (0.0,) * (played.problem.patch.levels[0] - 1)
    found: list[Jump] = []
    for bath in played.baths:
        rates = [type(bath.rates)(down=nothing, up=nothing, dephasing=0.0)] * len(
            played.problem.qubits
        )
        rates[bath.position] = bath.rates
        found.extend(jumps(played.problem.patch, tuple(rates)))
    return tuple(found)
