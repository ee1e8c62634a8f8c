"""How fast the fast engine is beside its peers, at equal stated error: part of `make bench`.

Puts three gates of ibm_lima to this project, Qiskit Dynamics, QuTiP and dynamiqs, compares
every answer with the reference engine, and times each peer in turn with ours: one process,
one core, medians. Then measures how our time scales. Writes docs/performance.md and
docs/performance.svg. Never a gate of CI: the exit status is 0 unless the script itself fails.

The peers come with `pip install 'qtregress[bench]'`. One that is missing is named and left out.
"""

import argparse
import itertools
import math
import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from qtregress.channels.dissipators import jumps
from qtregress.channels.dynamics import compile_patch, reference_superoperator
from qtregress.channels.fast import propagate
from qtregress.channels.problem import GateProblem, bath_of, gate_problem
from qtregress.chip.bath import TransmonRates
from qtregress.chip.chip import Chip
from qtregress.files.documents import load
from qtregress.pulses.profile import Gate, GaussianSquare, Profile
from qtregress.units import angular

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Bath = tuple[TransmonRates, ...]
Run = Callable[[], Any]

ROOT = Path(__file__).resolve().parents[2]
LIMA = ROOT / "pulse_profiles" / "ibm_lima"
RELEASE = "2021-03-14"
OURS = "qtregress"
X, PAIR_3, PAIR_4 = "x", "CR 3x3", "CR 4x4"
STATED_ERROR = 1e-8
FILLED_S = 0.05
"""A quick call is repeated until so much time has passed: one reading of the clock."""
RAD_S = 1e9
"""QuTiP and dynamiqs count in ns and rad/ns; their tolerances are absolute."""
HAIR = 1 + 1e-6
"""A longest step this much longer, or rounding adds a step that meets no sample's edge."""


# The gates


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A chip and the release played on it."""

    chip: Chip
    profile: Profile

    def case(self, gate: Gate, levels: int) -> "Case":
        """The gate with its qubits' own T1 and T2."""
        return Case(
            problem=gate_problem(gate, self.profile, self.chip, levels=levels),
            bath=bath_of(self.chip, gate.qubits, {}, levels),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A gate and its bath."""

    problem: GateProblem
    bath: Bath

    def first(self, part: int) -> "Case":
        """The first 1/part of its samples, as a gate."""
        samples = self.problem.samples // part
        cut = [
            replace(tone, envelope_rad_s=tone.envelope_rad_s[:samples])
            for tone in self.problem.tones
        ]
        return replace(self, problem=replace(self.problem, samples=samples, tones=tuple(cut)))

    def reference(self, steps_per_sample: int = 1) -> Complex:
        """The reference engine's answer."""
        return reference_superoperator(self.problem, self.bath, steps_per_sample=steps_per_sample)


def lima() -> Device:
    """The device all gates are from."""
    return Device(
        chip=load(LIMA / "chip.yaml", Chip).value,
        profile=load(LIMA / f"{RELEASE}.yaml", Profile).value,
    )


def cross_resonance(device: Device, samples: int, *, flat: bool = True, scale: float = 1.0) -> Gate:
    """The u0 pulse of cx:0-1, lengthened; without a flat top it is a DRAG pulse.

    DRAG has no two samples alike, so that nothing can be used twice.
    """
    rows = device.profile.by_id["cx:0-1"].pulses
    real = next(row for row in rows if isinstance(row, GaussianSquare) and row.channel == "u0")
    pulse: dict[str, Any] = {
        **real.model_dump(),
        "t0": 0,
        "duration": samples,
        "amp": scale * real.amp,
    }
    if flat:
        pulse["width"] = samples - (real.duration - real.width)
    else:
        del pulse["width"]
        pulse |= {"envelope": "drag", "sigma": samples / 4, "beta": 1.0}
    return Gate.model_validate(
        {"name": "cr", "qubits": [0, 1], "duration": samples, "pulses": [pulse]}
    )


def cases(device: Device, *, quick: bool) -> dict[str, Case]:
    """The gates that are compared."""
    x = device.profile.by_id["x:0"]
    long = cross_resonance(device, 1200)
    found = {X: device.case(x, 4), PAIR_3: device.case(long, 3)}
    return found if quick else found | {PAIR_4: device.case(long, 4)}


# Our engine: the only calls to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What is asked of our engine, each timed by itself.

    Attributes:
        chip: makes the arrays of the chip's model; not part of a gate's time.
        whole: the gate's superoperator from its samples, and the error the engine states.
        propagated: from the samples to a function that gives the same at given rates.
    """

    chip: Run
    whole: Callable[[], tuple[Complex, float]]
    propagated: Callable[[], Run]


def ours(problem: GateProblem, bath: Bath) -> Ours:
    """Our fast engine on one gate."""
    compiled = compile_patch(problem.patch)

    def whole() -> tuple[Complex, float]:
        found = propagate(problem, compiled).at(bath)
        return found.superoperator, found.error_estimate

    return Ours(
        chip=lambda: compile_patch(problem.patch),
        whole=whole,
        propagated=lambda: partial(propagate(problem, compiled).at, bath),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Flops:
    """Real multiplications and additions, by the precision they are done in."""

    single: float
    double: float

    def seconds(self, rates: Mapping[str, float]) -> float:
        """What they cost at the speed of this machine's matrix products."""
        return self.single / rates["sgemm"] + self.double / rates["dgemm"]


def flops(samples: int, levels: Sequence[int], flat_tops: int = 0) -> Flops:
    """What our algorithm must do, to leading orders, where rates allow single precision.

    For every sample outside of flat tops, with n states and p processes: ``eigh`` (36 n^3),
    the step's propagator, the running product, its turn against jumps twice and the rate of
    leaving (8 n^3 each), all processes in the interaction picture, two Gram products of 2 p
    rows each (4 p n^4 each), and 1/24 of a block's four products of maps (2 n^6 each). A flat
    top: two blocks of 26 nodes each and about ten products of maps. Once: its turn into place
    (two products), the lossless part (one), and the Cholesky test of positivity (4/3 n^6).
    """
    n, processes = math.prod(levels), sum(levels)
    entries = sum(n * (2 - 1 / count) for count in levels)
    gram = 8 * processes * n**4
    single = samples * (8 * entries * n**2 + gram + 8 * n**6 / 24)
    single += flat_tops * (2 * (26 * gram + 8 * n**6) + 10 * 2 * n**6)
    double = samples * (36 + 5 * 8) * n**3 + (2 + 4 / 3 + 4 * flat_tops) * n**6
    return Flops(single=single, double=double)


# What peers are told


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A gate in the frame of its only carrier, where every sample is constant.

    Attributes:
        case: the gate.
        carrier_hz: of all its tones.
        static_rad_s: diagonal of the undriven Hamiltonian, shape (n,).
        lowering: for each tone, shape (tones, n, n).
        envelopes_rad_s: with H = static + sum (envelope / 2 lowering + h.c.), (tones, T).
        jumps: jump operators with the root of their rate, shape (j, n, n).
    """

    case: Case
    carrier_hz: float
    static_rad_s: Floats
    lowering: Complex
    envelopes_rad_s: Complex
    jumps: Complex

    @property
    def edges(self) -> NDArray[np.intp]:
        """Samples at which the drive changes, with the first and the end."""
        held = self.envelopes_rad_s
        changes = np.flatnonzero(np.any(held[:, 1:] != held[:, :-1], axis=0)) + 1
        return np.concatenate([[0], changes, [held.shape[1]]])

    def times_ns(self, samples: NDArray[np.intp]) -> Floats:
        """When these samples begin."""
        return np.asarray(samples * (self.case.problem.dt_s * RAD_S), dtype=np.float64)

    def superoperator(self, columns: Complex) -> Complex:
        """From column-stacked in the carrier's frame to the convention of ``GateChannel``."""
        problem = self.case.problem
        n, numbers = problem.patch.dimension, problem.patch.numbers
        rows = columns.reshape(n, n, n, n).transpose(1, 0, 3, 2).reshape(n**2, n**2)
        apart = 2 * np.pi * (np.array(problem.carrier_hz) - self.carrier_hz)
        gathered = apart * problem.duration_s + np.array(problem.virtual_z_rad)
        turn = np.exp(1j * gathered @ numbers)
        return cast("Complex", np.kron(turn, turn.conj())[:, None] * rows)


def model_of(case: Case) -> Model:
    """The gate as its peers are told it; all its tones must have one carrier."""
    problem = case.problem
    (carrier,) = {problem.qubits.index(tone.carrier_of) for tone in problem.tones}
    carrier_hz = problem.carrier_hz[carrier]
    compiled = compile_patch(problem.patch)
    frame: Floats = angular(carrier_hz) * problem.patch.numbers.sum(axis=0)
    driven = [problem.qubits.index(tone.qubit) for tone in problem.tones]
    return Model(
        case=case,
        carrier_hz=carrier_hz,
        static_rad_s=compiled.static_rad_s - frame,
        lowering=compiled.lowering[driven],
        envelopes_rad_s=np.array([tone.envelope_rad_s for tone in problem.tones]),
        jumps=np.array(
            [np.sqrt(jump.rate_per_s) * jump.operator for jump in jumps(problem.patch, case.bath)]
        ),
    )


# Qiskit Dynamics


def _qiskit_solver(model: Model) -> Any:
    problem = model.case.problem
    lowering = [problem.patch.lowering[problem.qubits.index(t.qubit)] for t in problem.tones]
    return import_module("qiskit_dynamics").Solver(
        static_hamiltonian=np.diag(problem.patch.energies_rad_s).astype(complex),
        hamiltonian_operators=np.array([a + a.conj().T for a in lowering]),
        static_dissipators=model.jumps,
        rotating_frame=angular(model.carrier_hz) * problem.patch.numbers.sum(axis=0),
        vectorized=True,
        rwa_cutoff_freq=1.5 * model.carrier_hz,
        rwa_carrier_freqs=[model.carrier_hz for _ in problem.tones],
    )


def _stretches(model: Model, *, flat: bool) -> list[tuple[int, int, int]]:
    """Start, stop and step in samples of every solve; a flat top may be one step."""
    if not flat:
        return [(0, model.case.problem.samples, 1)]
    long = [(int(a), int(b)) for a, b in itertools.pairwise(model.edges)]
    cuts = [(a, b) for a, b in long if b - a > 1]
    bounds = sorted({0, model.case.problem.samples, *(edge for cut in cuts for edge in cut)})
    return [(a, b, b - a if (a, b) in cuts else 1) for a, b in itertools.pairwise(bounds)]


def qiskit(model: Model, *, flat: bool = False, **options: Any) -> Run:
    """``Solver.solve`` on the vectorised Lindblad equation in the rotating frame."""
    signals = import_module("qiskit_dynamics.signals")
    solver, problem = _qiskit_solver(model), model.case.problem
    steps = _stretches(model, flat=flat)

    def run() -> Complex:
        drives = [
            signals.DiscreteSignal(dt=problem.dt_s, samples=envelope, carrier_freq=model.carrier_hz)
            for envelope in model.envelopes_rad_s
        ]
        reached = np.eye(problem.patch.dimension**2, dtype=complex)
        for start, stop, step in steps:
            result = solver.solve(
                t_span=[start * problem.dt_s, stop * problem.dt_s],
                y0=reached,
                signals=drives,
                max_dt=step * problem.dt_s * HAIR,
                **options,
            )
            reached = np.asarray(result.y[-1])
        return model.superoperator(reached)

    return run


# QuTiP


def qutip(model: Model, *, is_stepped: bool = False, **options: Any) -> Run:
    """``propagator`` with array coefficients of order 0, by steps or by an ODE method."""
    peer = import_module("qutip")
    static = peer.Qobj(np.diag(model.static_rad_s / RAD_S).astype(complex))
    lowering = [peer.Qobj(one) for one in model.lowering]
    bath = [peer.Qobj(one / np.sqrt(RAD_S)) for one in model.jumps]
    grid = model.times_ns(np.arange(model.case.problem.samples + 1))
    changes = list(model.times_ns(model.edges)) if is_stepped else None

    def run() -> Complex:
        terms: list[Any] = [static]
        for operator, envelope in zip(lowering, model.envelopes_rad_s, strict=True):
            held = np.append(envelope, 0) / (2 * RAD_S)
            for one, values in ((operator, held), (operator.dag(), held.conj())):
                terms.append([one, peer.coefficient(values, tlist=grid, order=0)])
        found = peer.propagator(
            peer.QobjEvo(terms),
            [0.0, grid[-1]],
            bath,
            options=options,
            piecewise_t=changes,
        )
        return model.superoperator(found[-1].full())

    return run


# dynamiqs


def _double_precision_jax() -> Any:
    """Dynamiqs on one CPU thread; must come before anything else starts JAX."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    peer = import_module("dynamiqs")
    peer.set_device("cpu")
    peer.set_precision("double")
    peer.set_progress_meter(False)
    return peer


def dynamiqs(
    model: Model,
    *,
    longest: int | None = None,
    method: str = "Expm",
    **options: Any,
) -> Run:
    """``mepropagator`` of a piecewise constant Hamiltonian, compiled at its first run.

    Args:
        model: the gate.
        longest: samples of the longest step; without, a flat top is one.
        method: of dynamiqs.
        options: of the method.
    """
    peer = _double_precision_jax()
    static = peer.asqarray(np.diag(model.static_rad_s / RAD_S).astype(complex))
    bath = [peer.asqarray(one / np.sqrt(RAD_S)) for one in model.jumps]
    edges = model.edges
    if longest:
        extra = [np.arange(a, b, longest) for a, b in itertools.pairwise(edges)]
        edges = np.unique(np.concatenate([*extra, edges]))
    chosen = getattr(peer.method, method)(**options)
    times = model.times_ns(edges)

    def run() -> Complex:
        total = static
        for operator, envelope in zip(model.lowering, model.envelopes_rad_s, strict=True):
            held = envelope[edges[:-1]] / (2 * RAD_S)
            total = total + peer.pwc(times, held, operator)
            total = total + peer.pwc(times, held.conj(), operator.conj().T)
        found = peer.mepropagator(
            total, bath, times[[0, -1]], method=chosen, save_propagators=False
        )
        return model.superoperator(np.asarray(found.final_propagator.to_jax()))

    return run


# The settings, and one row each


PACKAGES = {"Qiskit Dynamics": "qiskit-dynamics", "QuTiP": "qutip", "dynamiqs": "dynamiqs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A peer's way to do it.

    Attributes:
        peer: its name, one of ``PACKAGES``.
        text: what is set, for the table.
        prepare: from the model to what is timed.
        parts: the gates it is put to, each with the part of its samples (1/part).
    """

    peer: str
    text: str
    prepare: Callable[[Model], Run]
    parts: Mapping[str, int]

    @property
    def version(self) -> str:
        """Of the peer's package, empty if it is not installed."""
        try:
            return version(PACKAGES[self.peer])
        except PackageNotFoundError:
            return ""


Prepare = Callable[[Model], Run]


def _ode(prepare: Callable[..., Run], method: str, tolerance: float, **more: int) -> Prepare:
    return partial(prepare, method=method, atol=tolerance, rtol=tolerance, **more)


_EXPM: Callable[..., Run] = partial(qiskit, method="scipy_expm", magnus_order=1)
_TRIED: tuple[tuple[str, str, Prepare, dict[str, int]], ...] = (
    ("Qiskit Dynamics", "scipy_expm, dt", _EXPM, {X: 1, PAIR_3: 1, PAIR_4: 20}),
    (
        "Qiskit Dynamics",
        "scipy_expm, dt; flat top 1 step",
        partial(_EXPM, flat=True),
        {PAIR_3: 1, PAIR_4: 1},
    ),
    ("Qiskit Dynamics", "DOP853, 2e-11", _ode(qiskit, "DOP853", 2e-11), {X: 1, PAIR_3: 100}),
    ("QuTiP", "piecewise_t", partial(qutip, is_stepped=True), {X: 1, PAIR_3: 1, PAIR_4: 1}),
    ("QuTiP", "adams, 1e-13", _ode(qutip, "adams", 1e-13, nsteps=10**7), {X: 1, PAIR_3: 20}),
    ("QuTiP", "vern9, 3e-11", _ode(qutip, "vern9", 3e-11, nsteps=10**7), {X: 1, PAIR_3: 100}),
    ("dynamiqs", "Expm", dynamiqs, {X: 1, PAIR_3: 1}),
    ("dynamiqs", "Expm, 64 dt", partial(dynamiqs, longest=64), {PAIR_3: 1, PAIR_4: 1}),
    ("dynamiqs", "Dopri8, 1e-10", _ode(dynamiqs, "Dopri8", 1e-10), {X: 1}),
)
"""Peer, setting, what prepares it, and the gates; ODE methods are hopeless on 4x4."""
SETTINGS = tuple(
    Setting(peer=peer, text=text, prepare=prepare, parts=parts)
    for peer, text, prepare, parts in _TRIED
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one engine did with one gate; ``note`` says why there are no figures.

    Attributes:
        error: largest element by which it differs from the reference.
        seconds: median time of a whole gate.
        ratio: to our time in the same rounds.
    """

    gate: str
    engine: str
    version: str
    setting: str
    error: float = math.nan
    seconds: float = math.nan
    ratio: float = math.nan
    note: str = ""

    @property
    def is_good_enough(self) -> bool:
        """Whether it reached the stated error."""
        return self.error <= STATED_ERROR


def clocked(run: Run) -> float:
    """Seconds a call, mean over as many as fill a reading of the clock."""
    calls, started = 0, time.perf_counter()
    while True:
        run()
        calls += 1
        passed = time.perf_counter() - started
        if passed >= FILLED_S:
            return passed / calls


def rounds_of(seconds: float, *, quick: bool) -> int:
    """How many rounds a run of that length gets."""
    if quick:
        return 1
    return 7 if seconds < 0.5 else 3 if seconds < 5 else 2


def _plain(problem: Exception) -> str:
    """The start of a peer's complaint, fit for a cell of a table."""
    return " ".join(str(problem).split()).replace("|", "/")[:80]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One gate with its reference, and our times on it gathered so far.

    Attributes:
        name: of the gate.
        case: the gate.
        references: the reference's answer by part of the samples.
        ours: our engine on the gate.
        our_seconds: all our readings.
    """

    name: str
    case: Case
    references: dict[int, Complex]
    ours: Ours
    our_seconds: list[float] = field(default_factory=list)

    def error(self, found: Complex, part: int) -> float:
        """Largest element by which an answer differs from the reference."""
        if part not in self.references:
            self.references[part] = self.case.first(part).reference()
        return float(np.abs(found - self.references[part]).max())

    def row(self, setting: Setting, *, quick: bool) -> Row:
        """A peer's row; a peer that is missing or fails is a row that says so."""
        part = setting.parts[self.name]
        blank = Row(
            gate=self.name, engine=setting.peer, version=setting.version, setting=setting.text
        )
        if not blank.version:
            return replace(blank, note="not installed")
        try:
            run = setting.prepare(model_of(self.case.first(part)))
            error = self.error(run(), part)
        except Exception as problem:  # noqa: BLE001  whatever a peer raises is its result
            return replace(blank, note=f"failed: {type(problem).__name__}: {_plain(problem)}")
        mine, theirs = [clocked(self.ours.whole)], [clocked(run)]
        while len(theirs) < rounds_of(theirs[0], quick=quick):
            mine.append(clocked(self.ours.whole))
            theirs.append(clocked(run))
        self.our_seconds.extend(mine)
        seconds = part * statistics.median(theirs)
        return replace(
            blank,
            error=error,
            seconds=seconds,
            ratio=seconds / statistics.median(mine),
            note="" if part == 1 else f"timed on 1/{part} of the samples",
        )

    def our_row(self, *, quick: bool) -> Row:
        """Our own row, over all readings and a few more, in case there was no peer."""
        self.our_seconds.extend(clocked(self.ours.whole) for _ in range(1 if quick else 7))
        found, stated = self.ours.whole()
        return Row(
            gate=self.name,
            engine=OURS,
            version=version(OURS),
            setting="fast",
            error=self.error(found, 1),
            seconds=statistics.median(self.our_seconds),
            ratio=1.0,
            note=f"states {stated:.0e} itself",
        )


# Scaling of our engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Our time against one size.

    Attributes:
        label: what varies.
        sizes: along the axis.
        seconds: measured.
        limits_s: what the arithmetic alone would take.
    """

    label: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    limits_s: tuple[float, ...]


Rates = Mapping[str, float]


def blas_rates() -> dict[str, float]:
    """Floating-point operations a second of products of 256 x 256 matrices, best of 20."""
    found = {}
    for name, dtype in (("sgemm", np.float32), ("dgemm", np.float64)):
        matrix = np.random.default_rng(0).normal(size=(256, 256)).astype(dtype)
        fastest = min(_once(matrix) for _ in range(20))
        found[name] = 2 * 256**3 / fastest
    return found


def _once(matrix: NDArray[Any]) -> float:
    started = time.perf_counter()
    np.matmul(matrix, matrix)
    return time.perf_counter() - started


def _time(case: Case, *, quick: bool) -> float:
    run = ours(case.problem, case.bath).whole
    return statistics.median(clocked(run) for _ in range(1 if quick else 3))


_FLANKS = 256
"""Samples of the pulse that are not its flat top."""


def against_samples(device: Device, rates: Rates, *, quick: bool) -> list[Curve]:
    """A pair at 3x3 levels: every sample different, and a flat top that grows."""
    lengths = (300, 400) if quick else (100, 200, 400, 800, 1600, 4000)
    curves = []
    for flat in (False, True):
        sizes = tuple(size for size in lengths if not flat or size > _FLANKS + 96)
        found = [device.case(cross_resonance(device, size, flat=flat), 3) for size in sizes]
        costs = [flops(_FLANKS if flat else size, (3, 3), int(flat)) for size in sizes]
        curves.append(
            Curve(
                label="flat top" if flat else "no two samples alike",
                sizes=sizes,
                seconds=tuple(_time(case, quick=quick) for case in found),
                limits_s=tuple(cost.seconds(rates) for cost in costs),
            )
        )
    return curves


def against_levels(device: Device, rates: Rates, *, quick: bool) -> list[Curve]:
    """One transmon's x, and a pair's pulse of 1200 samples, by levels a transmon."""
    pulses = {
        "x, one transmon": (device.profile.by_id["x:0"], 160, 0),
        "CR, a pair": (cross_resonance(device, 1200), _FLANKS, 1),
    }
    curves = []
    for label, (gate, samples, flat_tops) in pulses.items():
        sizes = (2, 3) if quick else (2, 3, 4, 5)
        costs = [flops(samples, (size,) * len(gate.qubits), flat_tops) for size in sizes]
        curves.append(
            Curve(
                label=label,
                sizes=sizes,
                seconds=tuple(_time(device.case(gate, size), quick=quick) for size in sizes),
                limits_s=tuple(cost.seconds(rates) for cost in costs),
            )
        )
    return curves


def against_gates(device: Device, rates: Rates, *, quick: bool) -> list[Curve]:
    """As many different gates one after the other; chip models included."""
    most = 2 if quick else 32
    gates = [cross_resonance(device, 1200, scale=1 - 0.01 * k) for k in range(most)]
    found = [device.case(gate, 3) for gate in gates]

    def each(count: int) -> None:
        for case in found[:count]:
            ours(case.problem, case.bath).whole()

    sizes = tuple(2**k for k in range(most.bit_length()))
    cost = flops(_FLANKS, (3, 3), 1).seconds(rates)
    return [
        Curve(
            label="CR 3x3, 1200 samples each",
            sizes=sizes,
            seconds=tuple(clocked(partial(each, size)) for size in sizes),
            limits_s=tuple(cost * size for size in sizes),
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One graph: what is along its axis, and its curves."""

    axis: str
    curves: list[Curve]


def picture(panels: Sequence[Panel], target: Path) -> str:
    """Draws the panels side by side; says why not where Matplotlib is missing."""
    try:
        matplotlib, pyplot = import_module("matplotlib"), import_module("matplotlib.pyplot")
    except ImportError:
        return "no picture: matplotlib is not installed"
    matplotlib.use("svg")
    matplotlib.rcParams.update(
        {"svg.fonttype": "none", "svg.hashsalt": "qtregress", "font.size": 9}
    )
    figure, axes = pyplot.subplots(1, len(panels), figsize=(10.5, 3.4), layout="constrained")
    for axis, panel in zip(axes, panels, strict=True):
        _draw(axis, panel)
    axes[0].set_ylabel("time (s), one core")
    figure.savefig(target, metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    return f"wrote {target}"


def _draw(axis: Any, panel: Panel) -> None:
    for number, curve in enumerate(panel.curves):
        colour = f"C{number}"
        axis.loglog(curve.sizes, curve.seconds, "o-", ms=4, color=colour, label=curve.label)
        axis.loglog(curve.sizes, curve.limits_s, "--", lw=1, color=colour)
    axis.plot([], [], "--", lw=1, color="grey", label="arithmetic limit")
    ticks = sorted({size for curve in panel.curves for size in curve.sizes})
    axis.set_xticks(ticks, [str(tick) for tick in ticks], rotation=45 if len(ticks) > 6 else 0)
    axis.minorticks_off()
    axis.set_xlabel(panel.axis)
    axis.grid(visible=True, alpha=0.3)
    axis.legend(frameon=False, fontsize=8)


# The goals


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What was promised and what was measured.

    Attributes:
        text: what it is about.
        wanted: at least so much of a ratio, at most so much of a time.
        found: what was measured, NaN where there is nothing to judge.
        unit: of both.
        is_ratio: whether more is better.
        why_not: why there is nothing to judge.
    """

    text: str
    wanted: float
    found: float
    unit: str
    is_ratio: bool
    why_not: str

    @property
    def verdict(self) -> str:
        """Met, or by what factor it was missed."""
        if not self.found > 0:
            return self.why_not
        share = self.found / self.wanted if self.is_ratio else self.wanted / self.found
        return "met" if share >= 1 else f"missed by a factor of {1 / share:.2g}"

    @property
    def shown(self) -> str:
        """The measured figure with its unit."""
        return f"{self.found:.3g}{self.unit}" if self.found > 0 else "—"


def fastest(rows: Iterable[Row], gate: str, engine: str) -> Row | None:
    """An engine's fastest setting that reached the stated error on a gate."""
    chosen = [
        row for row in rows if (row.gate, row.engine) == (gate, engine) and row.is_good_enough
    ]
    return min(chosen, key=lambda row: row.seconds, default=None)


def _why_not(rows: Iterable[Row], gate: str, engines: Iterable[str]) -> str:
    """Which of these engines did not reach the stated error on a gate."""
    tried = {row.engine for row in rows if row.gate == gate and row.seconds > 0}
    short = [engine for engine in engines if engine in tried and not fastest(rows, gate, engine)]
    if not short:
        return "not measured"
    word = "missed" if short[0] == OURS else "not judged"
    return f"{word}: {short[0]} does not reach {STATED_ERROR:.0e}"


def _ratio_goal(rows: Sequence[Row], gate: str, engine: str, wanted: float) -> Goal:
    """How many times slower the peer's best is, if we reach the stated error ourselves."""
    best, mine = fastest(rows, gate, engine), fastest(rows, gate, OURS)
    return Goal(
        text=f"{gate}: faster than {engine}",
        wanted=wanted,
        found=best.ratio if best and mine else math.nan,
        unit="x",
        is_ratio=True,
        why_not=_why_not(rows, gate, (OURS, engine)),
    )


def _time_goal(rows: Sequence[Row], gate: str, wanted_ms: float, again_s: float = 0.0) -> Goal:
    """Our time of a whole gate or, where given, of other rates, if we reach the stated error."""
    mine = fastest(rows, gate, OURS)
    return Goal(
        text=f"{gate}: other rates, `at(rates)`" if again_s else f"{gate}: time",
        wanted=wanted_ms,
        found=1e3 * (again_s or mine.seconds) if mine else math.nan,
        unit=" ms",
        is_ratio=False,
        why_not=_why_not(rows, gate, (OURS,)),
    )


def goals(rows: Sequence[Row], again_s: Mapping[str, float]) -> list[Goal]:
    """The design's goals, each against the peer's fastest setting that is good enough."""
    wanted = {X: 20.0, PAIR_3: 30.0, PAIR_4: 100.0}
    times_ms = {X: 2.0, PAIR_3: 50.0, PAIR_4: 400.0}
    return [
        *(_ratio_goal(rows, gate, "Qiskit Dynamics", times) for gate, times in wanted.items()),
        *(_ratio_goal(rows, gate, "QuTiP", 100.0) for gate in wanted),
        *(_time_goal(rows, gate, limit) for gate, limit in times_ms.items()),
        _time_goal(rows, PAIR_3, 2.0, again_s[PAIR_3]),
    ]


# The page


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was measured.

    Attributes:
        rows: one an engine, setting and gate.
        checks: what halving the reference's step changed, by gate, as sentences.
        chip_s: time of the chip's model, by gate.
        again_s: time of ``at(rates)``, by gate.
        rates: of the BLAS.
        panels: of the picture.
        is_quick: whether it was only tried.
    """

    rows: list[Row]
    checks: list[str]
    chip_s: dict[str, float]
    again_s: dict[str, float]
    rates: dict[str, float]
    panels: list[Panel]
    is_quick: bool


def _seconds(value: float) -> str:
    if not value > 0:
        return "—"
    return f"{value:.3g} s" if value >= 0.1 else f"{1e3 * value:.3g} ms"


def table(rows: Sequence[Row]) -> list[str]:
    """The comparison as a Markdown table."""
    lines = [
        "| gate | engine | version | setting | error | median | ratio to ours | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        measured = row.seconds > 0
        note = row.note
        if measured and not row.is_good_enough:
            note = "; ".join(part for part in (note, "misses 1e-8") if part)
        cells = [
            row.gate,
            row.engine,
            row.version or "—",
            row.setting,
            f"{row.error:.1e}" if measured else "—",
            _seconds(row.seconds),
            f"{row.ratio:.3g}" if measured else "—",
            note,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def goal_table(found: Sequence[Goal]) -> list[str]:
    """The goals as a Markdown table."""
    lines = ["| goal | wanted | measured | |", "|---|---|---|---|"]
    for goal in found:
        sign = "at least" if goal.is_ratio else "at most"
        wanted = f"{sign} {goal.wanted:g}{goal.unit}"
        lines.append(f"| {goal.text} | {wanted} | {goal.shown} | {goal.verdict} |")
    return lines


HEAD = """# Performance

Generated by `make bench`, which installs the peers (`pip install 'qtregress[bench]'`) and takes about
ten minutes; `python tests/benchmarks/peers.py --quick` tries it in one. It is a measurement,
never a gate: other machines give other times, and the ratios move with the BLAS.
"""

METHOD = """## How it is measured

- *Gates*: `x` is x:0 of ibm_lima's release of 2021-03-14 (160 samples, one transmon of 4 levels).
  `CR` is the u0 pulse of its cx:0-1, lengthened to 1200 samples (944 of them flat), on the pair 0-1
  with 3 or 4 levels each. T1 and T2 are the chip's. All tones have one carrier, so that in its
  frame every sample is constant: this suits the peers' exponentials. Where two carriers overlap, as
  in the first part of a real CX, nothing is; that is not measured here.
- *Answer*: the superoperator on all simulated levels, as a dense matrix.
- *Error*: largest element of the difference from the reference engine (Qiskit Dynamics, `scipy_expm`,
  magnus_order=3, one step a sample: exact here). A setting counts where it is at most 1e-8.
- *Time*: from the pulse's samples to the answer. What depends on the chip alone is made before:
  our arrays, the `Solver` of Qiskit Dynamics, QuTiP's and dynamiqs' operators, and what JAX compiles.
- *Settings*: `scipy_expm, dt` is `Solver.solve` with magnus_order=1 and max_dt=dt, exact here; with
  `flat top 1 step` it is called three times, with the flat top as max_dt in the second. `piecewise_t`
  lists to QuTiP's `propagator` where the drive changes; `Expm` tells dynamiqs' `mepropagator` the same,
  with steps of 64 dt at most where it says so. A number behind an ODE method is its rtol and atol.
- *Rounds*: ours, the peer, ours, the peer and so on, in one process on one core with one BLAS
  thread; medians of 7 rounds (3 above 0.5 s, 2 above 5 s). The ratio is to our median in the same rounds.
- *A part of the samples*: where a whole gate would take minutes, the first part of it is timed and
  scaled; the error then is that of this part, and smaller than the whole gate's.
- *Not in the table*: `jax_expm` of Qiskit Dynamics 0.6.0 fails on this JAX, its rotating-wave
  approximation takes no sparse arrays, and ODE methods, slower on 3x3 already, are not put to 4x4.
- *Steps of dynamiqs*: JAX's `expm` rounds its number of squarings down, which loses digits at some
  lengths: a whole flat top in one step can miss 1e-8. Steps of 64 dt do not here.
"""


def _facts(report: Report) -> list[str]:
    rates = ", ".join(f"{name} {value / 1e9:.3g}" for name, value in report.rates.items())
    installed = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    own = [row for row in report.rows if row.engine == OURS]
    return [
        f"Python {platform.python_version()}, {installed}, {platform.system()} {platform.machine()}.",
        f"One core: {rates} Gflop/s on matrices of 256 x 256.",
        "",
        *report.checks,
        "",
        "| gate | our model of the chip (once) | whole gate | other rates, `at(rates)` |",
        "|---|---|---|---|",
        *(
            f"| {row.gate} | {_seconds(report.chip_s[row.gate])} | {_seconds(row.seconds)} "
            f"| {_seconds(report.again_s[row.gate])} |"
            for row in own
        ),
    ]


def _share(panel: Panel) -> str:
    curves = [
        f"{curve.label} at {curve.sizes[-1]}: {_seconds(curve.seconds[-1])}, "
        f"{curve.seconds[-1] / curve.limits_s[-1]:.1f} times its limit"
        for curve in panel.curves
    ]
    return f"- against {panel.axis}: " + "; ".join(curves)


def document(report: Report) -> str:
    """The whole page."""
    parts = [
        HEAD,
        *(["**A quick run**: one round, fewer gates and sizes.", ""] if report.is_quick else []),
        "## At equal error",
        "",
        *table(report.rows),
        "",
        "## Goals",
        "",
        "Against the fastest setting of the peer that reaches 1e-8.",
        "",
        *goal_table(goals(report.rows, report.again_s)),
        "",
        METHOD,
        *_facts(report),
        "",
        "## How our time scales",
        "",
        "![Time against samples, levels and gates](performance.svg)",
        "",
        "Dashed: the arithmetic limit, the algorithm's floating-point operations at the speed of",
        "matrix products of 256 x 256. Small matrices do not reach that speed, and the limit takes single",
        "precision for the bath throughout; long gates take double.",
        "",
        *(_share(panel) for panel in report.panels),
    ]
    return "\n".join(parts) + "\n"


# The run


def check_reference(name: str, case: Case) -> str:
    """What halving the reference's step changes; for 4x4 on a twentieth of the samples."""
    part = 20 if name == PAIR_4 else 1
    seen = case.first(part)
    change = float(np.abs(seen.reference(1) - seen.reference(2)).max())
    where = "" if part == 1 else f" on 1/{part} of its samples"
    return f"- {name}: halving the reference's step changes it by {change:.0e}{where}."


def compare(device: Device, *, quick: bool) -> Report:
    """Everything but the scaling."""
    report = Report(
        rows=[], checks=[], chip_s={}, again_s={}, rates=blas_rates(), panels=[], is_quick=quick
    )
    for name, case in cases(device, quick=quick).items():
        report.checks.append(check_reference(name, case))
        mine = ours(case.problem, case.bath)
        bench = Bench(name=name, case=case, references={}, ours=mine)
        found = []
        for setting in SETTINGS:
            if name in setting.parts and (setting.parts[name] <= 1 or not quick):
                found.append(bench.row(setting, quick=quick))
                print(table(found)[-1], flush=True)
        first = bench.our_row(quick=quick)
        print(table([first])[-1], flush=True)
        report.rows.extend([first, *found])
        report.chip_s[name], again = clocked(mine.chip), mine.propagated()
        report.again_s[name] = statistics.median(clocked(again) for _ in range(5))
    return report


def scale(device: Device, rates: Rates, *, quick: bool) -> list[Panel]:
    """The picture's panels."""
    return [
        Panel(axis="samples (pair, 3x3)", curves=against_samples(device, rates, quick=quick)),
        Panel(axis="levels a transmon", curves=against_levels(device, rates, quick=quick)),
        Panel(axis="number of gates", curves=against_gates(device, rates, quick=quick)),
    ]


def on_one_core() -> None:
    """Keeps this process and all threads it will start on one core, where the system can."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main() -> int:
    """Measure, print, and write the page and its picture."""
    parser = argparse.ArgumentParser(description="Compare the fast engine with its peers.")
    parser.add_argument("--quick", action="store_true", help="two gates, one round, no files")
    parser.add_argument("--output", type=Path, help="folder of the page; docs unless --quick")
    options = parser.parse_args()
    output = options.output or (None if options.quick else ROOT / "docs")
    warnings.simplefilter("ignore")  # peers warn of their own future
    on_one_core()
    with threadpool_limits(limits=1):
        device = lima()
        report = compare(device, quick=options.quick)
        panels = scale(device, report.rates, quick=options.quick)
        report = replace(report, panels=panels)
    for line in [*goal_table(goals(report.rows, report.again_s)), *map(_share, panels)]:
        print(line)
    if output:
        (output / "performance.md").write_text(document(report), encoding="utf-8")
        print(picture(panels, output / "performance.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
