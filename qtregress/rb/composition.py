"""Survivals of random sequences by composing simulated maps, without shots."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.real_maps import transposition
from qtregress.rb.clifford import Step
from qtregress.rb.coordinates import real_form
from qtregress.rb.gateset import Complex, Gates, Integers, charges, levels_of, natives
from qtregress.rb.sequences import Circuit, quarter_places
from qtregress.rb.words import virtual_z_map

Real = NDArray[np.float64]


def composed_survivals(
    gates: Gates, circuits: Sequence[Circuit], *, initial: Complex | None = None
) -> Real:
    """Ground-state probability after each circuit, without shots, shape (circuits,).

    Args:
        gates: simulated natives.
        circuits: natives with the virtual Z before each.
        initial: density matrix (n, n) before the first pulse; the ground state if None.

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    weights = [np.ones((len(circuit), 1)) for circuit in circuits]
    return blended_survivals([gates], circuits, weights, initial=initial)


def blended_survivals(
    gate_sets: Sequence[Gates],
    circuits: Sequence[Circuit],
    weights: Sequence[Real],
    *,
    initial: Complex | None = None,
) -> Real:
    """Ground-state probability after circuits whose natives change as they play.

    Every native is the weighted mean of that native's maps, which is a channel where all of
    them are. All circuits advance together, one native a step, in real form.

    Args:
        gate_sets: simulated natives, all of the same qubits and levels.
        circuits: natives with the virtual Z before each.
        weights: per circuit those of the gate sets at each of its steps, shape
            (steps, gate sets), each row positive with sum 1.
        initial: density matrix (n, n) before the first pulse; the ground state if None.

    Returns:
        Probabilities without shots, shape (circuits,).

    Raises:
        ValueError: a superoperator does not keep Hermitian matrices Hermitian.
    """
    order = sorted(range(len(circuits)), key=lambda k: -len(circuits[k]))
    played = _lay_out([circuits[k] for k in order], natives(gate_sets[0]))
    shares = np.zeros((*played.natives.shape, len(gate_sets)))
    for column, k in enumerate(order):
        shares[: len(circuits[k]), column] = weights[k]
    survivals = np.empty(len(circuits))
    survivals[order] = _play(gate_sets, played, shares, initial)
    return survivals


def step_maps(gates: Gates, steps: Iterable[Step]) -> dict[Step, Complex]:
    """Superoperator of every different step, its virtual Z included.

    Args:
        gates: simulated natives.
        steps: what is played, repetitions allowed.
    """
    maps, levels = natives(gates), levels_of(gates)
    different = dict.fromkeys(steps)
    return {step: maps[step.native] * virtual_z_map(levels, step.turns) for step in different}


# Composition


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Played:
    """Circuits side by side, the longest first.

    Attributes:
        names: natives.
        natives: position in ``names`` of each step, shape (steps, circuits).
        turns: virtual Z before each step in base 4, shape (steps, circuits).
        live: circuits that still play at each step, shape (steps,).
    """

    names: tuple[str, ...]
    natives: NDArray[np.int8]
    turns: NDArray[np.int8]
    live: Integers


def _lay_out(circuits: Sequence[Circuit], maps: Iterable[str]) -> _Played:
    """Circuits as arrays; they must come with the longest first."""
    names = tuple(maps)
    lengths = np.array([len(circuit) for circuit in circuits])
    shape = (int(lengths.max(initial=0)), len(circuits))
    plays, turns = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.int8)
    found = {step: k for k, step in enumerate({s: None for row in circuits for s in row})}
    native = np.array([names.index(step.native) for step in found], dtype=np.int8)
    turn = np.array(
        [np.array(step.turns) % 4 @ quarter_places(len(step.turns)) for step in found],
        dtype=np.int8,
    )
    for column, circuit in enumerate(circuits):
        codes = np.fromiter(map(found.__getitem__, circuit), dtype=np.intp, count=len(circuit))
        plays[: len(circuit), column] = native[codes]
        turns[: len(circuit), column] = turn[codes]
    live = np.count_nonzero(lengths[None, :] > np.arange(shape[0])[:, None], axis=1)
    return _Played(names=names, natives=plays, turns=turns, live=live)


def _play(
    gate_sets: Sequence[Gates], played: _Played, shares: Real, initial: Complex | None
) -> Real:
    """Ground-state probabilities in the order of ``played``, shape (circuits,)."""
    levels = levels_of(gate_sets[0])
    # Transposed once, so that rows are states: real maps act on rows from the right.
    maps = [
        [real_form(name, natives(gates)[name]).T for gates in gate_sets] for name in played.names
    ]
    cosine, sine = _quarter_turns(levels)
    mirrored = transposition(int(np.prod(levels)))
    states = np.repeat(_start(levels, initial), played.natives.shape[1], axis=0)
    for plays, turns, share, live in zip(
        played.natives, played.turns, shares, played.live, strict=True
    ):
        now, turn = states[:live], turns[:live]
        turned = cosine[turn] * now + sine[turn] * now[:, mirrored]
        for native, one in enumerate(maps):
            rows = np.flatnonzero(plays[:live] == native)
            if len(rows):
                states[rows] = _blend(turned[rows], one, share[rows])
    return np.array(states[:, 0])


def _blend(states: Real, maps: Sequence[Real], shares: Real) -> Real:
    """The weighted mean of what several maps make of states, shape (states, n**2)."""
    total: Real = shares[:, :1] * (states @ maps[0])
    for k, one in enumerate(maps[1:], start=1):
        total += shares[:, k : k + 1] * (states @ one)
    return total


def _quarter_turns(levels: tuple[int, ...]) -> tuple[Real, Real]:
    """Cosine and sine by which all virtual Z turn real coordinates, shapes (turns, n**2).

    A turn multiplies |k><k'| by exp(-i t (k - k')); of R = Re X + Im X it makes
    cos R + sin (its mirror image), as `channels/real_maps.py` does.
    """
    every = np.array(list(np.ndindex((4,) * len(levels))))
    quarters = -(every @ charges(levels)) % 4
    return np.array([1.0, 0, -1, 0])[quarters], np.array([0, 1.0, 0, -1])[quarters]


def _start(levels: tuple[int, ...], initial: Complex | None) -> Real:
    size = int(np.prod(levels))
    state = np.eye(1, size**2)
    if initial is not None:
        state[0] = (initial.real + initial.imag).reshape(-1)
    return state
