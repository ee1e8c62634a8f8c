"""The only door to qiskit-aer: ground-state counts of circuits of superoperators.

A transmon of up to 4 levels is two Aer qubits, so leakage levels are simulated exactly:
level k is the bit pattern k of its qubits. Padding levels are never reached.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qtregress.rb.gateset import Complex

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from qiskit import QuantumCircuit
    from qiskit.circuit import Instruction
    from qiskit_aer import AerSimulator


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        result = simulator.run(circuit, shots=shots, seed_simulator=seed).result()
    if not result.success:
        raise RuntimeError(f"qiskit-aer must run every circuit, but says: {result.status}")
    return dict(result.get_counts(0))
