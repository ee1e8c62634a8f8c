"""How a gate's lossless propagator, and what it loses, answer to changes of the Hamiltonian.

Where the Hamiltonian H becomes H + theta G(t), the propagator U becomes U (1 - i theta K)
with K = Int U†(t) G(t) U(t) dt. Within a constant step that integral is exact, element by
element in the step's eigenbasis (Daleckii-Krein; Najfeld, Havel, Adv. Appl. Math. 16, 321
(1995)). Where two carriers overlap, G of a step is the derivative of the Magnus Hamiltonian
that propagates it.

A loss is an integral over the states V(t) = U(t) V0 that the computational inputs become.
With its gradient S(t) and C(t) = Int U†S dt from t to the end it changes by

    Re Tr [C(0)† dV0 - i Int C(t)† dK(t) V0]:

one way back through the gate serves all parameters (as in GRAPE, Khaneja et al., J. Magn.
Reson. 172, 296 (2005)). Its integral is taken by the trapezoidal rule at the boundaries of
runs, and what is given is that sum's derivative to rounding.

One pass answers for all parameters. They act through few operators, each with a complex
weight a parameter and sample, so that a further parameter costs a row of one product.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dynamics import CompiledPatch
from qtregress.channels.losses import Losses, LossRates, loss_rates
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import Course, Part, Steps, course
from qtregress.chip.transmon import Patch
from qtregress.units import angular

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

_NODES = (0.5 - np.sqrt(15) / 10, 0.5, 0.5 + np.sqrt(15) / 10)
"""Gauss nodes of a Magnus step."""
_SAME = 1e-9
"""A turned copy of a part answers alike where its weights differ by less (relative)."""
_LONGEST_RUN = 2
"""Steps that a run of equal samples may have, for losses see its ends alone: 0.4 ns are short
against every beat of neighbouring levels."""
_CHUNK = 64
"""Nodes at once: more need more memory than the caches hold."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """What the parameters change.

    Attributes:
        count: number of parameters p.
        envelopes: by transmon and carrier (positions in the patch), the derivatives of the
            envelope that drives it, shape (p, T).
        patches: by number of the parameter, the derivative of the patch.
    """

    count: int
    envelopes: dict[tuple[int, int], Complex]
    patches: dict[int, CompiledPatch]


# How a part of the gate answers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Runs:
    """A part as m short stretches in which neither its step nor any weight changes.

    Attributes:
        samples: sample of the part at which each begins, shape (m,).
        begin_s: time at which each begins, shape (m,).
        lengths_s: of each, shape (m,).
        vectors: eigenvectors of its step as columns, shape (m, n, n).
        reached: propagators since the part's start, where they begin and at the end,
            shape (m + 1, n, n).
        spread_s: integrals of exp(i (E_a - E_b) t) over it, shape (m, n, n).
    """

    samples: Indices
    begin_s: Floats
    lengths_s: Floats
    vectors: Complex
    reached: Complex
    spread_s: Complex


def _beginnings(steps: Steps, weights: Sequence[Complex], sample: Indices) -> Indices:
    """Steps at which a run begins: another step, another weight or long enough, shape (m,)."""
    is_new = np.diff(steps.order, prepend=-1) != 0
    for rows in weights:
        is_new |= np.any(np.diff(rows[:, sample], prepend=np.nan) != 0, axis=0)
    number = np.arange(len(is_new))
    since = number - np.maximum.accumulate(np.where(is_new, number, 0))
    return np.flatnonzero(since % _LONGEST_RUN == 0)


def _runs(steps: Steps, weights: Sequence[Complex], samples: int) -> _Runs:
    """The runs of a part of so many samples for weights of shape (p, samples) each."""
    sample = np.arange(len(steps.order)) * samples // len(steps.order)
    first = _beginnings(steps, weights, sample)
    lengths_s = np.diff(np.append(first, len(steps.order))) * steps.step_s
    vectors = steps.vectors[steps.order[first]]
    adjoint = vectors.conj().swapaxes(1, 2)
    half = steps.energies_rad_s[steps.order[first]] * lengths_s[:, None] / 2
    turns = np.exp(1j * half)
    sinc = np.sinc((half[:, :, None] - half[:, None, :]) / np.pi)
    reached = np.empty((len(first) + 1, *vectors.shape[1:]), dtype=complex)
    reached[0] = np.eye(vectors.shape[1])
    propagators = (vectors * turns.conj()[:, None, :] ** 2) @ adjoint
    for number, propagator in enumerate(propagators):
        np.matmul(propagator, reached[number], out=reached[number + 1])
    return _Runs(
        samples=sample[first],
        begin_s=np.asarray(steps.start_s + first * steps.step_s, dtype=np.float64),
        lengths_s=lengths_s,
        vectors=vectors,
        reached=reached,
        spread_s=lengths_s[:, None, None] * sinc * turns[:, :, None] * turns.conj()[:, None, :],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Picture:
    """Turns operators into the frame of one part of the gate."""

    problem: GateProblem
    part: Part
    runs: _Runs

    @property
    def nodes_s(self) -> tuple[Floats | None, ...]:
        """Times inside the runs, each (m,), or none where lowering operators stand still."""
        steps = self.part.steps
        if not steps.is_phased:
            return (None,)
        return tuple(self.runs.begin_s + node * steps.step_s for node in _NODES)

    def turned(self, lowering: Complex, carrier: int, time_s: Floats | None) -> Complex:
        """exp(i (carrier + F) t) lowering exp(-i F t), shape (m, n, n), or (1, n, n) if still."""
        if time_s is None:
            return lowering[None]
        frame = np.exp(1j * self.part.steps.frame_rad_s * time_s[:, None])
        beat = angular(self.problem.carrier_hz[carrier]) * time_s
        left = frame * np.exp(1j * (beat + self.part.start_phase_rad * carrier))[:, None]
        return cast("Complex", left[:, :, None] * lowering * frame.conj()[:, None, :])

    def half_of(self, patch: CompiledPatch, time_s: Floats | None) -> Complex:
        """diag(static) / 2 + sum f/2 lowering: with its adjoint the Hamiltonian, (m, n, n)."""
        position = self.problem.qubits.index
        still = np.diag(patch.static_rad_s / 2).astype(complex)
        total = np.tile(still, (len(self.runs.samples), 1, 1))
        for tone in self.problem.tones:
            held = tone.envelope_rad_s[self.part.segment.start + self.runs.samples]
            if np.any(held):
                lowering = patch.lowering[position(tone.qubit)]
                turned = self.turned(lowering, position(tone.carrier_of), time_s)
                total += held[:, None, None] / 2 * turned
        return total

    def added(self, compiled: CompiledPatch) -> Callable[[list[Complex]], Complex]:
        """From an operator at every node to what it adds to the runs' Hamiltonians."""
        if not self.part.steps.is_phased:
            return lambda operators: operators[0]
        static_rad_s = compiled.static_rad_s - self.part.steps.frame_rad_s
        whole = replace(compiled, static_rad_s=static_rad_s)
        halves = [self.half_of(whole, time_s) for time_s in self.nodes_s]
        hamiltonians = [half + half.conj().swapaxes(1, 2) for half in halves]
        return _magnus_six_derivative(hamiltonians, self.part.steps.step_s)


def _commutator(a: Complex, b: Complex) -> Complex:
    return a @ b - b @ a


def _by_powers(nodes: list[Complex]) -> tuple[Complex, Complex, Complex]:
    """Value, slope and bend in the middle of a step from its three Gauss nodes."""
    early, middle, late = nodes
    return middle, np.sqrt(15) / 3 * (late - early), 10 / 3 * (late - 2 * middle + early)


def _magnus_six_derivative(
    hamiltonians: list[Complex], step_s: float
) -> Callable[[list[Complex]], Complex]:
    """Derivative of the Magnus Hamiltonian of order six, (m, n, n), in any direction.

    Of Omega = f + b/12 + [y, z]/240 with y = -20 f - b + c1, z = s + c2, c1 = [f, s] and
    c2 = -[f, 2 b + c1]/60 for Omega' = -i h H at the nodes (Blanes et al. 2009, section 5.4).
    """
    f, s, b = _by_powers([-1j * step_s * h for h in hamiltonians])
    c1 = _commutator(f, s)
    x = 2 * b + c1
    y = -20 * f - b + c1
    z = s - _commutator(f, x) / 60

    def derivative(direction: list[Complex]) -> Complex:
        df, ds, db = _by_powers(direction)
        dc1 = _commutator(df, s) + _commutator(f, ds)
        dz = ds - (_commutator(df, x) + _commutator(f, 2 * db + dc1)) / 60
        dy = -20 * df - db + dc1
        return df + db / 12 + (_commutator(dy, z) + _commutator(y, dz)) / 240

    return derivative


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Force:
    """One operator X in a part's Hamiltonian, which becomes sum of weight X + its adjoint.

    Attributes:
        which: numbers of the parameters it answers to, shape (r,).
        weights: of theirs in each run, shape (r, m).
        moved_s: Int U†XU dt over each run, shape (m, n, n).
    """

    which: Indices
    weights: Complex
    moved_s: Complex

    @property
    def half(self) -> Complex:
        """What it adds to the generators but for the adjoint, shape (r, n, n)."""
        m, n, _ = self.moved_s.shape
        return (self.weights @ self.moved_s.reshape(m, n * n)).reshape(-1, n, n)


def _mover(runs: _Runs) -> Callable[[Complex], Complex]:
    """From operators (m, n, n) or (1, n, n) to Int U†XU dt over each run, shape (m, n, n)."""
    adjoint = runs.vectors.conj().swapaxes(1, 2)
    inside = adjoint @ runs.reached[:-1]
    back = inside.conj().swapaxes(1, 2)

    def moved_s(operators: Complex) -> Complex:
        seen = adjoint @ operators @ runs.vectors
        seen *= runs.spread_s
        moved: Complex = back @ seen @ inside
        return moved

    return moved_s


# How the gate answers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """A propagator U (n, n) and its generators K (p, n, n): dU = -i U K."""

    propagator: Complex
    generators: Complex

    def between(self, after_rad: Floats, before_rad: Floats) -> "Answer":
        """exp(i after) U exp(i before), angles of shape (n,)."""
        after, before = np.exp(1j * after_rad), np.exp(1j * before_rad)
        return Answer(
            propagator=after[:, None] * self.propagator * before,
            generators=before.conj()[:, None] * self.generators * before,
        )

    def then(self, later: "Answer") -> "Answer":
        """This first, then ``later``."""
        back = self.propagator.conj().T
        return Answer(
            propagator=later.propagator @ self.propagator,
            generators=self.generators + back @ later.generators @ self.propagator,
        )


Weights = dict[tuple[int, int], Complex]


def _weights(changes: Changes, problem: GateProblem, part: Part, there: slice) -> Weights:
    """Half the changes of envelopes ``there`` in the gate, turned back to where ``part`` stood.

    By transmon and carrier, shape (p, samples) each, without those that are zero.
    """
    first = slice(part.segment.start, part.segment.stop)
    turns = [np.vdot(t.envelope_rad_s[first], t.envelope_rad_s[there]) for t in problem.tones]
    back = np.exp(-1j * np.angle(sum(turns))) / 2
    found = {key: rows[:, there] * back for key, rows in changes.envelopes.items()}
    found = {key: rows for key, rows in found.items() if np.any(rows)}
    if {problem.qubits[carrier] for _, carrier in found} - set(part.segment.carriers):
        msg = "an envelope must not change where its carrier does not play"
        raise AssertionError(msg)
    return found


def _alike(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(
        bool(np.all(np.abs(other[key] - rows).max(axis=1) <= _SAME * np.abs(rows).max(axis=1)))
        for key, rows in one.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _PartAnswer:
    """How one part answers, in its own frame and unturned."""

    runs: _Runs
    forces: tuple[_Force, ...]
    answer: Answer


def _forces(
    picture: _Picture, compiled: CompiledPatch, changes: Changes, weights: Weights
) -> tuple[_Force, ...]:
    """All that acts on a part."""
    if not weights and not changes.patches:
        return ()
    runs = picture.runs
    added, moved_s = picture.added(compiled), _mover(runs)
    found = []
    for (qubit, carrier), rows in weights.items():
        lowering = compiled.lowering[qubit]
        turned = [picture.turned(lowering, carrier, time_s) for time_s in picture.nodes_s]
        which = np.flatnonzero(np.any(rows, axis=1))
        moved = moved_s(added(turned))
        found.append(_Force(which=which, weights=rows[which][:, runs.samples], moved_s=moved))
    whole = np.ones((1, len(runs.samples)), dtype=complex)
    for number, patch in changes.patches.items():
        halves = [picture.half_of(patch, time_s) for time_s in picture.nodes_s]
        moved = moved_s(added(halves))
        found.append(_Force(which=np.array([number]), weights=whole, moved_s=moved))
    return tuple(found)


def _part_answer(
    problem: GateProblem, compiled: CompiledPatch, changes: Changes, part: Part, weights: Weights
) -> _PartAnswer:
    runs = _runs(part.steps, list(weights.values()), part.segment.stop - part.segment.start)
    picture = _Picture(problem=problem, part=part, runs=runs)
    forces = _forces(picture, compiled, changes, weights)
    n = problem.patch.dimension
    half = np.zeros((changes.count, n, n), dtype=complex)
    for force in forces:
        half[force.which] += force.half
    answer = Answer(propagator=runs.reached[-1], generators=half + half.conj().swapaxes(1, 2))
    return _PartAnswer(runs=runs, forces=forces, answer=answer)


def _answered(
    problem: GateProblem, compiled: CompiledPatch, changes: Changes, found: Course
) -> Iterator[list[_PartAnswer]]:
    """What each leg of each start phase answers, in time order.

    An echo's second half answers as its first, turned: each part is asked once.
    """
    known: dict[int, tuple[Weights, _PartAnswer]] = {}
    for legs in found.legs:
        met, start = [], 0
        for leg in legs:
            part = found.parts[leg.part]
            stop = start + part.segment.stop - part.segment.start
            weights = _weights(changes, problem, part, slice(start, stop))
            if leg.part not in known or not _alike(known[leg.part][0], weights):
                answer = _part_answer(problem, compiled, changes, part, weights)
                known[leg.part] = (weights, answer)
            met.append(known[leg.part][1])
            start = stop
        yield met


def answers(
    problem: GateProblem, compiled: CompiledPatch, changes: Changes, phases_rad: tuple[float, ...]
) -> tuple[list[Answer], Losses]:
    """The whole gate's answer at each start phase, at least one, and its losses at the first."""
    n = problem.patch.dimension
    nothing = np.zeros((changes.count, n, n), dtype=complex)
    unmoved = Answer(propagator=np.eye(n, dtype=complex), generators=nothing)
    found = course(problem, compiled, phases_rad)
    totals: list[Answer] = []
    first: list[_Stretch] = []
    for legs, met in zip(found.legs, _answered(problem, compiled, changes, found), strict=True):
        total = unmoved
        for leg, part in zip(legs, met, strict=True):
            if not totals:
                first.append(_Stretch(part=part, before_rad=leg.before_rad, reached=total))
            total = total.then(part.answer.between(leg.after_rad, leg.before_rad))
        totals.append(total)
    return totals, _losses(problem.patch, first, changes.count)


# What the gate loses


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stretch:
    """A leg of the gate: its part, turned by ``before_rad`` (n,), after what was ``reached``."""

    part: _PartAnswer
    before_rad: Floats
    reached: Answer

    def inputs(self, at: Indices) -> tuple[Complex, Complex]:
        """States at its start for the inputs ``at``, (n, d), and their derivatives (p, n, d)."""
        turned = np.exp(1j * self.before_rad)[:, None] * self.reached.propagator
        return turned[:, at], -1j * turned @ self.reached.generators[:, :, at]


def _losses(patch: Patch, stretches: Sequence[_Stretch], parameters: int) -> Losses:
    """Of a whole gate; the frames that its legs stand in do not matter."""
    rates = loss_rates(patch)
    j = rates.processes
    values_s, derivatives_s = np.zeros(2 * j), np.zeros((parameters, 2 * j))
    for one in stretches:
        inputs, moves = one.inputs(patch.computational)
        lost_s, more_s = _lost(one.part, rates, inputs, moves)
        values_s += lost_s
        derivatives_s += more_s
    return Losses(
        values_s=values_s.reshape(2, j), derivatives_s=derivatives_s.reshape(parameters, 2, j)
    )


def _lost(
    part: _PartAnswer, rates: LossRates, inputs: Complex, moves: Complex
) -> tuple[Floats, Floats]:
    """What a part loses in s, (2j,), and by how much more a unit of each parameter, (p, 2j).

    The states ``inputs`` (n, d) at its start change by ``moves`` (p, n, d).
    """
    reached = part.runs.reached
    weights_s = np.convolve(part.runs.lengths_s, (0.5, 0.5))  # of the trapezoidal rule
    lost_s, more_s = np.zeros(2 * rates.processes), np.zeros((len(moves), 2 * rates.processes))
    ahead = np.zeros((inputs.size, 2 * rates.processes), dtype=complex)
    for start in reversed(range(0, len(weights_s), _CHUNK)):
        at = slice(start, start + _CHUNK)
        now = rates.at((reached[at] @ inputs).swapaxes(1, 2))
        lost_s += weights_s[at] @ now.lost
        if not len(moves):
            continue
        back = (weights_s[at, None, None] * reached[at].conj()).swapaxes(1, 2)
        pulled = (back[:, None] @ now.gradient()).reshape(-1, *ahead.shape)
        pulled[-1] += ahead
        for number in range(len(pulled) - 1, 0, -1):
            pulled[number - 1] += pulled[number]
        ahead = pulled[0]
        # ahead of a run is what comes from the node at its end on
        first = int(start == 0)
        runs = slice(start + first - 1, start + len(pulled) - 1)
        for force in part.forces:
            more_s[force.which] += _pushed(force, runs, inputs, pulled[first:])
    rows = moves.conj().swapaxes(1, 2).reshape(len(moves), len(ahead))
    return lost_s, more_s + (rows @ ahead).real


def _pushed(force: _Force, runs: slice, inputs: Complex, ahead: Complex) -> Floats:
    """Sum over runs of Re Tr -i C†K V0, C ``ahead`` of each (t, d n, 2j); shape (r, 2j)."""
    moved_s, weights = force.moved_s[runs], force.weights[:, runs]
    rows = np.empty((len(moved_s), 2, *inputs.T.shape), dtype=complex)
    rows[:, 0] = (moved_s @ inputs).conj().swapaxes(1, 2)
    rows[:, 1] = inputs.conj().T @ moved_s
    traces = rows.reshape(len(rows), 2, -1) @ ahead
    total: Complex = weights.conj() @ traces[:, 0] + weights @ traces[:, 1]
    return -total.imag
