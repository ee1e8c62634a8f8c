"""Shipped devices and gates put to both engines: the types that the tests' fixtures hand out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dynamics import compile_patch, reference_superoperator
from qtregress.channels.fast import Bath, Propagation, RatedMap, propagate
from qtregress.channels.problem import GateProblem, bath_of, gate_problem
from qtregress.chip.chip import Chip
from qtregress.pulses.profile import Profile
from tests.channels.solutions import finer, held

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A chip with its lines fitted, and the release they were fitted on."""

    chip: Chip
    profile: Profile

    def gate(self, gate_id: str, *, levels: int = 4, t2_s: float | None = None) -> "Case":
        """One of the release's gates; ``t2_s`` replaces the qubits' own."""
        gate = self.profile.by_id[gate_id]
        qubits = [qubit.model_copy(update={"t2_s": t2_s}) for qubit in self.chip.qubits]
        chip = self.chip.model_copy(update={"qubits": qubits}) if t2_s else self.chip
        return Case(
            problem=gate_problem(gate, self.profile, chip, levels=levels),
            bath=bath_of(chip, gate.qubits, {}, levels),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A gate and its bath, put to both engines."""

    problem: GateProblem
    bath: Bath

    def propagation(self, *phases_rad: float) -> Propagation:
        """The gate propagated without loss at these start phases."""
        return propagate(self.problem, compile_patch(self.problem.patch), phases_rad or (0.0,))

    def fast(self, *phases_rad: float) -> RatedMap:
        """The fast engine's answer, averaged over these start phases."""
        return self.propagation(*phases_rad).at(self.bath)

    def finer(self, *phases_rad: float) -> Complex:
        """The fast engine's map with steps, nodes and blocks far finer than it takes itself."""
        return finer(self.problem, self.bath, phases_rad or (0.0,))

    def held(self) -> Complex:
        """The exact map of a gate of one carrier."""
        return held(self.problem, self.bath)

    def reference(self, phase_rad: float = 0.0, *, steps_per_sample: int = 2) -> Complex:
        """Qiskit Dynamics' answer at one start phase."""
        return reference_superoperator(
            self.problem,
            self.bath,
            start_phase_rad=phase_rad,
            steps_per_sample=steps_per_sample,
        )

    @property
    def map(self) -> Complex:
        """The fast engine's map at start phase zero."""
        return self.fast().superoperator


Devices = Callable[[str], Device]
"""A shipped device by its short name."""
Cases = Callable[..., Case]
"""A gate on a toy chip; see the fixture ``make_case``."""
