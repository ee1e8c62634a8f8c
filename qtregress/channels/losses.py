"""What each jump process costs a gate, to first order in its rate and without any map.

In the picture of the lossless U(t) a process L of rate r adds r Int dt D[L~], L~ = U†LU, to
the map. Put into the average fidelity of ``channel.average_fidelity``, leakage counted as
error, the two sums over the d computational states give

    Sum_ij <i|D[L~](|i><j|)|j> = |Tr P L~|**2 - d Tr P L~†L~,
    Tr P D[L~](P) = ||P L~ P||**2 - Tr P L~†L~,

so that the error grows by r g with

    g = Int dt [(d + 1) Tr P L~†L~ - |Tr P L~|**2 - ||P L~ P||**2] / (d (d + 1)).

Of the d states V(t) = U(t) P this takes only Tr V†L†LV and W = V†LV:
|Tr P L~|**2 = |Tr W|**2, ||P L~ P||**2 = Sum |W_ij|**2. A diagonal frame turns L by a phase
and changes nothing. The error is counted against the unitary that the pulses play; where U
itself leaks by L1, each g is off by about L1 times the gate's duration.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dissipators import ladders
from qtregress.channels.fast import Bath
from qtregress.chip.bath import TransmonRates
from qtregress.chip.transmon import Patch

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Losses:
    """What each process costs a gate a unit of its rate, at the first start phase.

    Processes are those of ``ladders``, j of them, first down and then up. The sum of rate
    times loss is by how much a bath raises the gate's error, to first order.

    Attributes:
        values_s: the losses, shape (2, j).
        derivatives_s: of the losses, per unit of each parameter, shape (p, 2, j).
    """

    values_s: Floats
    derivatives_s: Floats


def rates_per_s(bath: Bath) -> Floats:
    """Rates of the processes of ``ladders`` in 1/s, in its order: down, then up, (2, j)."""
    down = [[*rates.down, 2 * rates.dephasing] for rates in bath]
    up = [[*rates.up, 0.0] for rates in bath]
    return np.array([np.concatenate(down), np.concatenate(up)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Jumps:
    """j operators that take every state to one state at most: L[m, source] = value.

    Attributes:
        source: for state m and each operator, shape (n, j).
        value: likewise; zero where nothing comes to m.
    """

    source: Indices
    value: Floats

    def on(self, states: Complex) -> Complex:
        """L of every operator on states (t, d, n), shape (t, d, n, j)."""
        found: Complex = np.take(states, self.source, axis=2)
        found *= self.value
        return found

    def on_each(self, states: Complex) -> Complex:
        """L of every operator on states of its own, (t, d, n, j), likewise."""
        t, d, n, j = states.shape
        at = self.source * j + np.arange(j)
        found: Complex = np.take(states.reshape(t, d, n * j), at, axis=2)
        found *= self.value
        return found


def _jumps(operators: Floats) -> _Jumps:
    """From operators of shape (j, n, n)."""
    source = np.abs(operators).argmax(axis=2)
    value = np.take_along_axis(operators, source[:, :, None], axis=2)[:, :, 0]
    return _Jumps(source=source.T, value=value.T)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossRates:
    """What a patch loses a second, down and then up, as a function of the states.

    Attributes:
        lower, upper: the j processes' operators and their adjoints.
        squares: diagonals of L†L, shape (n, 2j).
    """

    lower: _Jumps
    upper: _Jumps
    squares: Floats

    @property
    def processes(self) -> int:
        """Number of processes j."""
        return len(self.squares.T) // 2

    def at(self, states: Complex) -> "_LossRate":
        """In states (t, d, n), which are the columns of V."""
        # W of every process, its columns first
        overlap: Complex = states.conj()[:, None] @ self.lower.on(states)
        return _LossRate(rates=self, states=states, overlap=overlap)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _LossRate:
    """The integrand of every loss in states (t, d, n), with W as ``overlap`` (t, d, d, j)."""

    rates: LossRates
    states: Complex
    overlap: Complex

    @property
    def trace(self) -> Complex:
        """Tr W, shape (t, j)."""
        found: Complex = np.einsum("tiij->tj", self.overlap)
        return found

    @property
    def lost(self) -> Floats:
        """Its value, shape (t, 2j)."""
        d = self.states.shape[1]
        kept = np.abs(self.trace) ** 2 + (np.abs(self.overlap) ** 2).sum(axis=(1, 2))
        populations = (np.abs(self.states) ** 2).sum(axis=1)
        left: Floats = populations @ self.rates.squares
        return np.asarray(left / d - np.tile(kept, 2) / (d * (d + 1)))

    def gradient(self) -> Complex:
        """Its gradient S, shape (t, d, n, 2j): dV changes it by Re Sum S* dV.

        Of |Tr W|**2 + Sum |W|**2 that is twice L V A† + L† V A with A = W + Tr W.
        """
        t, d, n = self.states.shape
        scale = 2 / (d * (d + 1))
        factor = scale * (self.overlap + np.eye(d)[:, :, None] * self.trace[:, None, None, :])
        rows = self.states.swapaxes(1, 2)[:, None]
        kept = self.rates.lower.on_each(rows @ factor.conj().swapaxes(1, 2))
        kept += self.rates.upper.on_each(rows @ factor)
        # in place: these arrays are large, and fresh memory is slower than the arithmetic
        found: Complex = self.states[..., None] * (scale * (d + 1) * self.rates.squares + 0j)
        halves = found.reshape(t, d, n, 2, -1)
        halves -= kept[..., None, :]
        return found


def loss_rates(patch: Patch) -> LossRates:
    """What the processes of ``ladders`` cost while a gate is played on ``patch``."""
    still = [
        TransmonRates(down=(0.0,) * (levels - 1), up=(0.0,) * (levels - 1), dephasing=0.0)
        for levels in patch.levels
    ]
    lower = np.array([one.lower.real for one in ladders(patch, tuple(still))])
    squares = np.concatenate([(lower**2).sum(axis=1), (lower**2).sum(axis=2)]).T
    upper = lower.swapaxes(1, 2)
    return LossRates(lower=_jumps(lower), upper=_jumps(upper), squares=squares)
