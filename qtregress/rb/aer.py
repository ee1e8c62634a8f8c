"""The only door to qiskit-aer: counts and probabilities of circuits of superoperators.

A transmon of up to 4 levels is two Aer qubits, so leakage levels are simulated exactly:
level k is the bit pattern k of its qubits. Padding levels are never reached.
"""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qtregress.rb.gateset import Complex

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction
    from qiskit_aer import AerSimulator

if TYPE_CHECKING:
    from qiskit.result import Result


def ground_counts(
    maps: Sequence[Complex],
    circuits: Sequence[Sequence[int]],
    *,
    levels: tuple[int, ...],
    shots: int,
    seeds: Sequence[int],
) -> NDArray[np.int64]:
    """How often every transmon of each circuit is found in its ground state, shape (circuits,).

    Args:
        maps: superoperators, each of shape (n**2, n**2), row-stacked density matrices.
        circuits: per circuit the maps it plays, by position, in time order.
        levels: levels of each transmon, the left tensor factor first.
        shots: repetitions of each circuit.
        seeds: of Aer's sampler, one per circuit.
    """
    width = sum(_bits(size) for size in levels)
    gates = [Instruction("superop", width, 0, [embed(one, levels)]) for one in maps]
    # Fusing dense maps costs their product, far more than applying them to one state.
    simulator = AerSimulator(method="density_matrix", fusion_enable=False, max_parallel_threads=1)
    ground = np.empty(len(circuits), dtype=np.int64)
    for k, (circuit, seed) in enumerate(zip(circuits, seeds, strict=True)):
        # Aer copies every map of a job, a megabyte each for a pair: one circuit at a time.
        counts = _counts(simulator, _circuit([gates[i] for i in circuit], width), shots, seed)
        ground[k] = counts.get("0" * width, 0)
    return ground


def outcomes(
    operations: Sequence[tuple[Complex, tuple[int, ...]]],
    *,
    qubits: int,
    measured: Sequence[int],
    shots: int | None,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """Exact probabilities of what is measured after a circuit on qubits, and counts if asked for.

    Args:
        operations: superoperators of row-stacked density matrices, each with its qubits, the
            left tensor factor first, in time order.
        qubits: how many there are; all start in their ground state.
        measured: qubits by bit; bit k of an outcome is ``measured[k]``.
        shots: repetitions that are drawn; None draws nothing.
        seed: of Aer's sampler.

    Returns:
        Probabilities and counts, both of shape (2**len(measured),).
    """
    circuit = QuantumCircuit(qubits, len(measured))
    for one, where in operations:
        gate = Instruction("superop", len(where), 0, [embed(one, (2,) * len(where))])
        # Qiskit counts qubits from the right tensor factor.
        circuit.append(gate, where[::-1], copy=False)
    circuit.save_probabilities(list(measured))
    circuit.measure(list(measured), range(len(measured)))
    simulator = AerSimulator(method="density_matrix", fusion_enable=False, max_parallel_threads=1)
    result = _result(simulator, circuit, shots or 1, seed)
    chances = np.asarray(result.data(0)["probabilities"], dtype=np.float64)
    if shots is None:
        return chances, None
    counts = np.zeros(len(chances), dtype=np.int64)
    for bits, number in result.get_counts(0).items():
        counts[int(bits, 2)] = number
    return chances, counts


def embed(superoperator: Complex, levels: tuple[int, ...]) -> Complex:
    """The same map on whole qubits, column-stacked as Qiskit wants it.

    Args:
        superoperator: shape (n**2, n**2), row-stacked density matrices.
        levels: levels of each transmon.
    """
    padded = [2 ** _bits(size) for size in levels]
    size = int(np.prod(padded))
    ladder = np.indices(levels).reshape(len(levels), -1)
    kept = np.asarray(np.ravel_multi_index(tuple(ladder), padded))
    units = (kept[:, None] * size + kept).reshape(-1)
    whole = np.eye(size**2, dtype=np.complex128)
    whole[np.ix_(units, units)] = superoperator
    axes = whole.reshape(size, size, size, size).transpose(1, 0, 3, 2)
    return np.ascontiguousarray(axes.reshape(size**2, size**2))


def _bits(levels: int) -> int:
    return (levels - 1).bit_length()


def _circuit(gates: Sequence[Instruction], width: int) -> QuantumCircuit:
    circuit = QuantumCircuit(width, width)
    for gate in gates:
        circuit.append(gate, range(width), copy=False)
    circuit.measure(range(width), range(width))
    return circuit


def _counts(
    simulator: AerSimulator, circuit: QuantumCircuit, shots: int, seed: int
) -> dict[str, int]:
    return dict(_result(simulator, circuit, shots, seed).get_counts(0))


def _result(simulator: AerSimulator, circuit: QuantumCircuit, shots: int, seed: int) -> "Result":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        result = simulator.run(circuit, shots=shots, seed_simulator=seed).result()
    if not result.success:
        raise RuntimeError(f"qiskit-aer must run every circuit, but says: {result.status}")
    return result
