"""The fast engine: propagate once without loss, then add any bath to it.

A gate is cut into parts that are propagated once (``propagation``), each a path with
quadrature nodes (``paths``). For given rates every path's lossy change follows in the
interaction picture (``decay``), and the parts' maps are put together for every start phase.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.channel import choi
from qtregress.channels.decay import Decay, decay, first_steps
from qtregress.channels.dissipators import Ladder, ladders
from qtregress.channels.dynamics import CompiledPatch
from qtregress.channels.paths import Path, path
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import Leg, Part, course, course_unitaries
from qtregress.channels.real_maps import as_complex, conjugation, turned
from qtregress.chip.bath import TransmonRates
from qtregress.chip.transmon import Patch

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Bath = tuple[TransmonRates, ...]

TOLERANCE = 1e-8
"""How far an element of a map may be wrong before blocks are made shorter."""
_LEAST_LEFT = 0.1
"""Of the tolerance that is always left to the paths still to come."""
_STEP_ERROR = 1e-9
"""What the steps of overlapping carriers may add, by comparison with finer ones."""
_USUAL_SAMPLES = 160
_USUAL_RAD_S = 2 * math.pi * 30e6
"""Up to which length and Rabi frequency that holds; at 50 MHz it was eight times as much."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatedMap:
    """A gate's map at given rates.

    Attributes:
        superoperator: as ``GateChannel``, averaged over start phases, shape (n**2, n**2).
        error_estimate: largest element by which it may be wrong; infinite where the map is
            not completely positive to that accuracy.
    """

    superoperator: Complex
    error_estimate: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lossless:
    """What a gate does without a bath.

    Attributes:
        unitaries: propagators in the gate's own frame, one a start phase, (s, n, n).
        step_error: what the lossless steps may be wrong by, in an element.
    """

    unitaries: Complex
    step_error: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Propagation:
    """A gate propagated without loss, with all that any bath needs.

    Attributes:
        patch: the transmons.
        paths: the parts of the gate.
        legs: how they follow each other, for every start phase.
        lossless: what the gate does without a bath.
    """

    patch: Patch
    paths: tuple[Path, ...]
    legs: tuple[tuple[Leg, ...], ...]
    lossless: Lossless

    def at(self, bath: Bath, *, tolerance: float = TOLERANCE) -> RatedMap:
        """The gate's map in ``bath``; nothing is propagated again.

        Blocks are as short as the tolerance asks for; where they cannot be, the error
        estimate is above it.
        """
        decays = self._decays(ladders(self.patch, bath), tolerance)
        maps = []
        for one, lossy in zip(self.paths, decays, strict=True):
            lossless = conjugation(one.final, np.float64)
            maps.append(lossless + lossless @ lossy.change)
        totals = [_joined(legs, maps) for legs in self.legs]
        error = max(_error(legs, decays) for legs in self.legs) + self.lossless.step_error
        superoperator = as_complex(_trace_preserving(np.mean(totals, axis=0)))
        if not is_completely_positive(superoperator, max(error, tolerance)):
            error = float("inf")
        return RatedMap(superoperator=superoperator, error_estimate=error)

    def _decays(self, processes: tuple[Ladder, ...], tolerance: float) -> list[Decay]:
        """Every path's lossy part; the longest first, what they leave of the tolerance last."""
        found: dict[int, Decay] = {}
        steps: dict[float, int] = {}
        for number in sorted(range(len(self.paths)), key=lambda n: -self.paths[n].ramps_s):
            one = self.paths[number]
            # parts of equal length are start phases of one: blocks that suit one suit all
            found[number] = decay(
                one,
                processes,
                tolerance=tolerance,
                share=self._share(number, found, tolerance),
                steps=steps.get(one.duration_s, first_steps(self.patch.dimension)),
            )
            steps[one.duration_s] = found[number].steps
        return [found[number] for number in range(len(self.paths))]

    def _share(self, number: int, known: dict[int, Decay], tolerance: float) -> float:
        """By length, of what the known paths leave of the tolerance in the worst start phase."""
        shares = []
        for legs in self.legs:
            parts = [leg.part for leg in legs]
            if number in parts:
                left_s = sum(self.paths[part].ramps_s for part in parts if part not in known)
                spent = sum(known[part].error_estimate for part in parts if part in known)
                left = max(1 - spent / tolerance, _LEAST_LEFT)
                shares.append(left * self.paths[number].ramps_s / left_s)
        return min(shares)


def _trace_preserving(real: Floats) -> Floats:
    """The map without the trace that rounding made or lost, put on all populations alike."""
    n = math.isqrt(len(real))
    trace = np.eye(n).reshape(-1)
    return real - np.outer(trace / n, trace @ real - trace)


def _error(legs: tuple[Leg, ...], decays: list[Decay]) -> float:
    """Of one start phase: truncation adds up, rounding adds in quadrature."""
    found = [decays[leg.part] for leg in legs]
    truncation = sum(one.error_estimate for one in found)
    return truncation + float(np.sqrt(sum(one.rounding**2 for one in found)))


def _joined(legs: tuple[Leg, ...], maps: list[Floats]) -> Floats:
    """One start phase's map in real form: the legs in time order."""
    total = np.eye(len(maps[0]))
    for leg in legs:
        total = turned(leg.after_rad, maps[leg.part] @ turned(leg.before_rad, total))
    return total


def is_completely_positive(superoperator: Complex, tolerance: float) -> bool:
    """Whether no eigenvalue of the Choi matrix (trace n) is below ``-n**2 * tolerance``.

    An element's error of ``tolerance`` may move an eigenvalue that far.
    """
    size, matrix = len(superoperator), choi(superoperator)
    try:
        np.linalg.cholesky((matrix + matrix.conj().T) / 2 + size * tolerance * np.eye(size))
    except np.linalg.LinAlgError:
        return False
    return True


def propagate(
    problem: GateProblem, compiled: CompiledPatch, phases_rad: tuple[float, ...] = (0.0,)
) -> Propagation:
    """The gate propagated once for each start phase of its carriers."""
    found = course(problem, compiled, phases_rad)
    paths = tuple(path(problem, compiled, part) for part in found.parts)
    return Propagation(
        patch=problem.patch,
        paths=paths,
        legs=found.legs,
        lossless=Lossless(
            unitaries=course_unitaries(found),
            step_error=sum(_step_error(problem, found.parts[leg.part]) for leg in found.legs[0]),
        ),
    )


def _step_error(problem: GateProblem, part: Part) -> float:
    """What a part's steps and their nodes may be wrong by where carriers overlap."""
    if not part.steps.is_phased:
        return 0.0
    at = slice(part.segment.start, part.segment.stop)
    peak = max(float(np.abs(tone.envelope_rad_s[at]).max()) for tone in problem.tones)
    length = max(1.0, (at.stop - at.start) / _USUAL_SAMPLES)
    return _STEP_ERROR * length * max(1.0, (peak / _USUAL_RAD_S) ** 4)
