"""Every exact benchmark of one qubit or pair, together: a task for one process."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qtregress.rb.exact import ExactDecay
from qtregress.rb.gateset import Complex, Gates, PairGates
from qtregress.rb.interleaved import InterleavedDecay, interleaved_decay
from qtregress.rb.leakage_rb import LeakageDecay, leakage_decay
from qtregress.rb.pair_curve import ExactCurve, benchmark_curve
from qtregress.rb.simultaneous import SimultaneousDecays, simultaneous_decays
from qtregress.rb.unitarity import Coherence, clifford_coherence

_POINTS = 12
_LIVES = 3.0
"""Decay lengths 1/(1 - p) that a curve shows."""
_WITHOUT_DECAY = 100
"""Longest length of a curve that has none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchmarkTask:
    """What to benchmark.

    Attributes:
        qubits: one index, or a pair's, the lower one first.
        gates: simulated natives.
        standard: their exact decay.
        interleaved: by gate id, its map on the same levels and what it is meant to be.
    """

    qubits: tuple[int, ...]
    gates: Gates
    standard: ExactDecay
    interleaved: Mapping[str, tuple[Complex, Complex]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benchmarks:
    """What standard, interleaved, leakage, unitarity and simultaneous benchmarking would find.

    Attributes:
        qubits: of whom.
        standard: decay and error per Clifford.
        curve: the survival itself, with A and B.
        interleaved: by gate id.
        leakage: of the computational population.
        coherence: of the purity.
        simultaneous: both qubits of a pair by themselves; None of one qubit.
    """

    qubits: tuple[int, ...]
    standard: ExactDecay
    curve: ExactCurve
    interleaved: Mapping[str, InterleavedDecay]
    leakage: LeakageDecay
    coherence: Coherence
    simultaneous: SimultaneousDecays | None


def benchmarks(task: BenchmarkTask) -> Benchmarks:
    """All of them.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    gates, standard = task.gates, task.standard
    return Benchmarks(
        qubits=task.qubits,
        standard=standard,
        curve=benchmark_curve(gates, lengths_of(standard)),
        interleaved={
            name: interleaved_decay(gates, superoperator, ideal, standard)
            for name, (superoperator, ideal) in task.interleaved.items()
        },
        leakage=leakage_decay(gates, standard),
        coherence=clifford_coherence(gates),
        simultaneous=simultaneous_decays(gates) if isinstance(gates, PairGates) else None,
    )


def lengths_of(standard: ExactDecay) -> tuple[int, ...]:
    """Lengths from one Clifford to three decay lengths, evenly on a logarithmic scale."""
    longest = _WITHOUT_DECAY
    if standard.p is not None and standard.p < 1:
        longest = max(_POINTS, round(_LIVES / (1 - standard.p)))
    return tuple(np.unique(np.geomspace(1, longest, _POINTS).round().astype(int)).tolist())
