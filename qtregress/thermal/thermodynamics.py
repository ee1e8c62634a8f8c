"""Energy and entropy of a gate, and of a Clifford made of gates, averaged over inputs.

Means over all pure computational states. Heat, work and energy are linear in the state: their
mean is that of the maximally mixed one. Entropy and ergotropy are not; they are averaged over
the products of the six Pauli eigenstates of each qubit, with which circuits of Cliffords start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.fast import Propagation
from qtregress.channels.memory import Arrays
from qtregress.channels.problem import LEVELS, GateProblem
from qtregress.chip.chip import Chip
from qtregress.chip.transmon import Patch
from qtregress.thermal.accounting import Reservoir, reservoirs
from qtregress.thermal.energetics import SPACING_S, EnergyOperators, energy_operators
from qtregress.thermal.entropy import (
    entropy_production,
    ergotropy_j,
    landauer_j,
    von_neumann_entropy,
)
from qtregress.thermal.load import Load
from qtregress.units import HBAR_J_S

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

FIRST_LAW_TOLERANCE = 1e-6
"""Of hbar omega; a gate whose energies miss each other by more has none that can be used."""
_FINER = (3, 7)
"""By how much the spacing is divided in turn where the first law does not close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermodynamics:
    """Mean energies and entropies of a gate or a Clifford.

    First law: ``energy_change_j = work_j - sum(heat_by_bath_j)``, open by
    ``first_law_residual_j`` at most.

    Attributes:
        heat_by_bath_j: heat that each bath takes up, by its name.
        work_j: work that the drive does on the qubits; many orders below the microwave energy.
        energy_change_j: change of the bare energy.
        first_law_residual_j: largest over computational inputs.
        entropy_production: in k_B, or None.
        ergotropy_before_j, ergotropy_j: work that could be drawn from the qubits before, after.
        landauer_before_j, landauer_j: least heat of resetting qubits about which nothing is
            known, before and after, each at its coldest bath; or None.
        why: why there are None, or an empty string.
        problem: why nothing of all this can be used, or an empty string.
    """

    heat_by_bath_j: Mapping[str, float]
    work_j: float
    energy_change_j: float
    first_law_residual_j: float
    entropy_production: float | None
    ergotropy_before_j: float
    ergotropy_j: float
    landauer_before_j: float | None
    landauer_j: float | None
    why: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateThermodynamics:
    """A gate's operators, for any input, and their means.

    Attributes:
        gate: id such as ``cx:0-1``.
        operators: heat by bath, work, energy change.
        mean: over inputs.
    """

    gate: str
    operators: EnergyOperators
    mean: Thermodynamics


def gate_thermodynamics(
    problem: GateProblem,
    propagation: Propagation,
    superoperator: Complex,
    baths: Sequence[Reservoir],
) -> GateThermodynamics:
    """Heat by bath, work, energy change, entropy and ergotropy of one gate.

    A bath at zero temperature makes the entropy production infinite and the least heat of a
    reset zero; both are then None and ``why`` says so.

    Args:
        problem: the gate.
        propagation: the gate without loss.
        superoperator: its map in all of these baths, row-stacked, shape (n**2, n**2).
        baths: every bath of the patch, as of ``accounting.reservoirs``.
    """
    patch, at = problem.patch, problem.patch.computational
    operators, residual_j = _closed(problem, propagation, superoperator, baths)
    heat_j = {name: _uniform(one, at) for name, one in operators.heat_j.items()}
    why = _zero_temperature(baths)
    inputs = _inputs(patch)
    outputs = _outputs(superoperator, patch, inputs)
    energies_j = HBAR_J_S * patch.energies_rad_s
    resets = (None, None) if why else _resets(superoperator, patch, baths)
    mean = Thermodynamics(
        heat_by_bath_j=heat_j,
        work_j=_uniform(operators.work_j, at),
        energy_change_j=_uniform(operators.energy_change_j, at),
        first_law_residual_j=residual_j,
        entropy_production=None if why else _produced(outputs, heat_j, baths),
        ergotropy_before_j=float(np.mean(energies_j[at])),
        ergotropy_j=float(np.mean(ergotropy_j(outputs, energies_j))),
        landauer_before_j=resets[0],
        landauer_j=resets[1],
        why=why,
        problem=_open(residual_j, _quantum_j(patch)),
    )
    return GateThermodynamics(gate=problem.gate, operators=operators, mean=mean)


@dataclass(frozen=True, slots=True)
class GateStudy:
    """Asks for a gate's thermodynamics in these baths, a `channels.simulate.Study`."""

    baths: tuple[Reservoir, ...]

    def __call__(
        self, problem: GateProblem, propagation: Propagation, superoperator: Complex
    ) -> Arrays:
        """The means as arrays: ``heat_j`` by bath, ``others`` with NaN for what is None."""
        mean = gate_thermodynamics(problem, propagation, superoperator, self.baths).mean
        others = [getattr(mean, name) for name in _OTHERS]
        return {
            "heat_j": np.array([mean.heat_by_bath_j[bath.name] for bath in self.baths]),
            "others": np.array([np.nan if value is None else value for value in others]),
            "quantum_j": np.array([_quantum_j(problem.patch)]),
        }

    def read(self, arrays: Arrays) -> Thermodynamics:
        """The means again."""
        values = [None if np.isnan(value) else float(value) for value in arrays["others"]]
        found: dict[str, Any] = dict(zip(_OTHERS, values, strict=True))
        names = [bath.name for bath in self.baths]
        return Thermodynamics(
            heat_by_bath_j=dict(zip(names, arrays["heat_j"].tolist(), strict=True)),
            why=_zero_temperature(self.baths),
            problem=_open(found["first_law_residual_j"], float(arrays["quantum_j"][0])),
            **found,
        )


def gate_study(chip: Chip, qubits: tuple[int, ...], load: Load) -> GateStudy:
    """The study of a gate on these qubits while gates play at a known load."""
    return GateStudy(reservoirs(chip, qubits, load.extra, LEVELS))


_OTHERS = (
    "work_j",
    "energy_change_j",
    "first_law_residual_j",
    "entropy_production",
    "ergotropy_before_j",
    "ergotropy_j",
    "landauer_before_j",
    "landauer_j",
)


def clifford_thermodynamics(
    counts: Mapping[str, float], gates: Mapping[str, Thermodynamics]
) -> Thermodynamics:
    """The same per Clifford: what the mean number of each gate changes, added up.

    Exact for heat, work and energy as far as the group's average makes every gate's input
    uniform; for ergotropy and entropies to first order in the losses, from a pure state or,
    for the reset, from one that is not known.

    Args:
        counts: mean number of each gate or layer in a Clifford, by id; at least one.
        gates: their means, by id; all on the same qubits.

    Raises:
        KeyError: a gate is missing.
    """
    parts = [(count, gates[name]) for name, count in counts.items()]
    first = parts[0][1]
    baths = dict.fromkeys(bath for _, one in parts for bath in one.heat_by_bath_j)
    return Thermodynamics(
        heat_by_bath_j={
            bath: sum(count * one.heat_by_bath_j.get(bath, 0.0) for count, one in parts)
            for bath in baths
        },
        work_j=sum(count * one.work_j for count, one in parts),
        energy_change_j=sum(count * one.energy_change_j for count, one in parts),
        first_law_residual_j=sum(count * one.first_law_residual_j for count, one in parts),
        entropy_production=_added(0.0, [(n, one.entropy_production) for n, one in parts]),
        ergotropy_before_j=first.ergotropy_before_j,
        ergotropy_j=first.ergotropy_before_j
        + sum(count * (one.ergotropy_j - one.ergotropy_before_j) for count, one in parts),
        landauer_before_j=first.landauer_before_j,
        landauer_j=_added(first.landauer_before_j, [(n, _reset_change(one)) for n, one in parts]),
        why=next((one.why for _, one in parts if one.why), ""),
        problem=next((one.problem for _, one in parts if one.problem), ""),
    )


def _reset_change(one: Thermodynamics) -> float | None:
    if one.landauer_j is None or one.landauer_before_j is None:
        return None
    return one.landauer_j - one.landauer_before_j


def _added(start: float | None, parts: Sequence[tuple[float, float | None]]) -> float | None:
    """``start`` and so many of each value, None where one is not known."""
    total = start
    for count, value in parts:
        total = None if total is None or value is None else total + count * value
    return total


def _uniform(operator: Complex, computational: NDArray[np.intp]) -> float:
    """Mean over all pure computational inputs: that of the maximally mixed one."""
    return float(np.mean(np.real(np.diagonal(operator))[computational]))


def _zero_temperature(baths: Sequence[Reservoir]) -> str:
    """Why entropies of the baths are not known, or an empty string."""
    cold = [bath for bath in baths if bath.temperature_k == 0]
    if not cold:
        return ""
    return (
        f"the {cold[0].bath} of qubit {cold[0].qubit} are at zero temperature, where any heat "
        "produces infinite entropy and a reset may cost nothing; give the chip its residual photons"
    )


def _quantum_j(patch: Patch) -> float:
    """The smallest hbar omega of the patch."""
    return HBAR_J_S * float(np.min(patch.energies_rad_s[patch.computational[1:]]))


def _closed(
    problem: GateProblem,
    propagation: Propagation,
    superoperator: Complex,
    baths: Sequence[Reservoir],
) -> tuple[EnergyOperators, float]:
    """Operators at the widest spacing that closes the first law, and what is left open in J."""
    at = problem.patch.computational
    allowed_j = FIRST_LAW_TOLERANCE * _quantum_j(problem.patch)

    def at_spacing(spacing_s: float) -> tuple[EnergyOperators, float]:
        found = energy_operators(problem, propagation, superoperator, baths, spacing_s=spacing_s)
        return found, float(np.linalg.norm(found.open_j[np.ix_(at, at)], 2))

    best = at_spacing(SPACING_S)
    for finer in _FINER:
        if best[1] <= allowed_j:
            break
        best = at_spacing(SPACING_S / finer)
    return best


def _open(residual_j: float, quantum_j: float) -> str:
    """Why the energies cannot be used, or an empty string."""
    if residual_j <= FIRST_LAW_TOLERANCE * quantum_j:
        return ""
    return (
        f"heat, work and energy change miss each other by {residual_j / quantum_j:.1g} hbar omega, "
        f"and at most {FIRST_LAW_TOLERANCE:g} is allowed"
    )


def _inputs(patch: Patch) -> Complex:
    """Products of the six Pauli eigenstates, one a row in the computational states, (m, d)."""
    root = np.sqrt(0.5)
    six = np.array([[1, 0], [0, 1], *([root, root * turn] for turn in (1, -1, 1j, -1j))])
    found = np.ones((1, 1), dtype=np.complex128)
    for _ in patch.levels:
        found = np.einsum("ab,cd->acbd", found, six).reshape(6 * len(found), -1)
    return found


def _outputs(superoperator: Complex, patch: Patch, inputs: Complex) -> Complex:
    """Density matrices that the map makes of the inputs, shape (m, n, n)."""
    n, at = patch.dimension, patch.computational
    columns = superoperator.reshape(n * n, n, n)[:, at][:, :, at].reshape(n * n, -1)
    pure = (inputs[:, :, None] * inputs[:, None, :].conj()).reshape(len(inputs), -1)
    found = (pure @ columns.T).reshape(-1, n, n)
    return (found + found.conj().swapaxes(1, 2)) / 2


def _produced(outputs: Complex, heat_j: Mapping[str, float], baths: Sequence[Reservoir]) -> float:
    """Mean entropy production; the inputs are pure, and their heats' mean is the uniform one."""
    entropy = float(np.mean(von_neumann_entropy(outputs)))
    return entropy_production(entropy, heat_j, {bath.name: bath.temperature_k for bath in baths})


def _resets(
    superoperator: Complex, patch: Patch, baths: Sequence[Reservoir]
) -> tuple[float, float]:
    """Least heat of a reset before and after the gate, nothing being known about the input."""
    n, at = patch.dimension, patch.computational
    before = np.zeros((n, n), dtype=np.complex128)
    before[at, at] = 1 / len(at)
    after = (superoperator @ before.reshape(-1)).reshape(n, n)
    temperatures_k = tuple(
        min(bath.temperature_k for bath in baths if bath.position == position)
        for position in range(len(patch.levels))
    )
    states = (before, (after + after.conj().T) / 2)
    found = [landauer_j(state, patch.levels, temperatures_k) for state in states]
    return found[0], found[1]
