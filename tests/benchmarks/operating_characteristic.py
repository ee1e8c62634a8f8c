"""How often the judge is wrong: `make operating-characteristic`, never a gate.

Simulated releases of small parts of ibm_lima go through the real judge, which knows the chip
file alone. What is true of a release is played on another chip: T1, T2, slope, gain and
detuning drawn from what the file says of its own uncertainty, with a coherent error of OLD that
no file shows. Writes a table between the markers in docs/gating.md.
"""

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares

from qtregress.calibrate.part import Part, part
from qtregress.channels.ideal import ideal_image
from qtregress.channels.plan import gate_task, plan
from qtregress.channels.problem import gate_problem
from qtregress.channels.simulate import blocks, simulate_gate
from qtregress.channels.unitary_error import error_vector, infidelity, polar_unitary
from qtregress.chip.chip import Chip, Qubit
from qtregress.cli.workers import workers
from qtregress.corners import measure_corners, sides
from qtregress.errors import InputError
from qtregress.faults import line_channels, places
from qtregress.files.documents import load
from qtregress.metrics.collect import collect, incoherent_error
from qtregress.metrics.compare import gate_limit, gate_scale, unknown_coherent_error
from qtregress.pipeline import Means, Side, grounds, judge, measure
from qtregress.pulses.edits import (
    flipped_drag,
    recalibrated,
    scaled,
    shortened,
    turned,
    with_drag,
    with_gates,
    without,
)
from qtregress.pulses.profile import Drag, Gate, Instruction, Profile
from qtregress.pulses.schedule import schedule
from qtregress.run import in_order
from qtregress.thermal.heat import gate_heats
from qtregress.thermal.workload import DEFAULT_WORKLOAD
from qtregress.trials import Kept
from qtregress.verdict.decide import NOTHING_SAID, Decision
from qtregress.verdict.policy import Policy, rule_for
from qtregress.verdict.rules import margin_of
from qtregress.verdict.verdict import VerdictWord

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[2]
LIMA = ROOT / "pulse_profiles" / "ibm_lima"
PAGE = ROOT / "docs" / "gating.md"
BEGIN, END = "<!-- operating characteristic -->", "<!-- /operating characteristic -->"
SHIPPED = Policy(format="qtregress/policy@1")
PAIR = "cx:2-1"
"""The shortest pair gate."""
MOST_KEPT = 3000
"""Arrays that a process remembers before it forgets them all."""
EXACT = 0.005
"""A true change this near to its margin is neither above nor below it."""
MOST_STEPS = 300
WIDE = 0.3
"""By how much files differ from one release to the next (standard deviation of logarithms)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a release is judged on, and what is true.

    Attributes:
        old: the release in the field.
        file: the chip as its file says.
        true: the chip as it is.
        new_file, new_true: the same for NEW, where the chip moved in between.
        declared: whether the judge is told of the new state.
    """

    old: Profile
    file: Chip
    true: Chip
    new_file: Chip
    new_true: Chip
    declared: bool = False

    @property
    def dt_s(self) -> float:
        """The grid of the tables."""
        return self.old.dt_ns * 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """NEW, and the scene in which it is judged."""

    scene: Scene
    new: Profile
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One release to make and to judge."""

    kind: str
    seed: int
    number: int
    is_pair: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the judge said of one release, and what is true.

    Attributes:
        kind: of release.
        is_pair: whether it is of a pair.
        way: how it was changed, and what of.
        truth: the largest true change in margins; infinite for a lost gate.
        verdict: the judge's.
        other_kappa: the judge's at another coupling of the lines, where that was asked for.
        why: what it said.
    """

    kind: str
    is_pair: bool
    way: str
    truth: float
    verdict: VerdictWord
    other_kappa: VerdictWord | None
    why: str

    @property
    def is_false_green(self) -> bool:
        """Whether something worse than its margin was promoted."""
        return self.truth > 1 + EXACT and self.verdict == "promote"

    @property
    def is_false_red(self) -> bool:
        """Whether something within its margins was rolled back."""
        return self.truth < 1 - EXACT and self.verdict == "rollback"


# What is true


def frame(phases_rad: Sequence[float]) -> Complex:
    """Diagonal of the product of Z rotations by these phases."""
    total = np.ones(1, dtype=complex)
    for phase in phases_rad:
        total = np.kron(total, np.array([1.0, np.exp(1j * phase)]))
    return total


def coherent_errors(profile: Profile, chip: Chip) -> dict[str, float]:
    """Coherent error of every x, sx and cx, in the frame in which all of them are best.

    A common phase of all pulses of a line turns nothing that anybody could see.
    """
    played = {
        gate.id: (gate.qubits, blocks(gate_problem(gate, profile, chip)))
        for gate in plan(profile, chip).gates
        if gate.name != "id"
    }
    order = {qubit.index: number for number, qubit in enumerate(chip.qubits)}

    def errors(phases: Floats) -> dict[str, float]:
        found = {}
        for name, (qubits, own) in played.items():
            turn = frame([float(phases[order[q]]) for q in qubits])
            ideal = ideal_image(name.partition(":")[0])
            assert ideal is not None
            seen = own * turn[None, :] / turn[:, None]
            found[name] = float(np.mean([infidelity(block, ideal) for block in seen]))
        return found

    return errors(lowest(lambda phases: sum(errors(phases).values()), len(order)))


def lowest(value: Callable[[Floats], float], count: int) -> Floats:
    """Where a function that is about a parabola in a few small phases is lowest."""
    at, step, units = np.zeros(count), 1e-3, np.eye(count)
    for _ in range(2):
        here = value(at)
        up, down = ([value(at + sign * step * one) for one in units] for sign in (1, -1))
        gradient = (np.array(up) - np.array(down)) / 2
        curve = np.empty((count, count))
        for i, j in np.ndindex(count, count):
            both = value(at + step * (units[i] + units[j])) if i != j else 0.0
            curve[i, j] = both - up[i] - up[j] + here if i != j else up[i] + down[i] - 2 * here
        at = at - step * np.linalg.solve(curve, gradient)
    return at


def lost(gate: Gate, profile: Profile, chip: Chip) -> float:
    """Incoherent error of one gate without a load."""
    (channel,) = simulate_gate(gate_task(gate, profile, chip, loads=(), engine="fast"))
    return incoherent_error(channel)


def unknown(chip: Chip, gate: Gate, dt_s: float) -> float:
    """The coherent error that the judge grants OLD."""
    limit = gate_limit(chip, gate.id, gate.duration * dt_s)
    return unknown_coherent_error(chip.measured_error(gate.id), limit)


def margin(chip: Chip, gate: Gate, dt_s: float) -> float:
    """By how much the gate's error may grow."""
    limit = gate_limit(chip, gate.id, gate.duration * dt_s)
    found = margin_of(rule_for(SHIPPED, f"gate.error/{gate.id}"), gate_scale(chip, gate.id, limit))
    assert found is not None
    return found


def true_change(release: Release) -> float:
    """The largest true change of error, heat or duration, in margins."""
    scene, new = release.scene, release.new
    if scene.old.by_id.keys() != new.by_id.keys():
        return math.inf
    before = coherent_errors(scene.old, scene.true)
    after = coherent_errors(new, scene.new_true)
    worst = -math.inf
    for name in before:
        was, now = scene.old.by_id[name], new.by_id[name]
        change = after[name] - before[name]
        if was != now or scene.true != scene.new_true:
            # both on the same bath: a chip that decays faster is no fault of its pulses
            change += lost(now, new, scene.true) - lost(was, scene.old, scene.true)
        worst = max(worst, change / margin(scene.file, was, scene.dt_s))
        worst = max(worst, (now.duration / was.duration - 1) / 0.10)
    return max(worst, hottest(release))


def hottest(release: Release) -> float:
    """The largest true change of a line's energy in margins."""
    scene = release.scene
    before = gate_heats(scene.old, scene.true)
    after = gate_heats(release.new, scene.new_true)
    ratios = [
        after[name].energy_j(line) / gate.energy_j(line) - 1
        for name, gate in before.items()
        for line in gate.lines
        if gate.energy_j(line) > 0
    ]
    return max(ratios) / 0.05


# What is drawn


def file_of(chip: Chip, rng: np.random.Generator) -> Chip:
    """A chip file like lima's: other T1, T2, measured errors, coupling."""
    qubits = []
    for qubit in chip.qubits:
        t1_s = qubit.t1_s * math.exp(WIDE * rng.normal())
        t2_s = min(qubit.t2_s * math.exp(WIDE * rng.normal()), 2 * t1_s)
        kappa = qubit.drive.kappa_ext_hz * 10 ** rng.uniform(-0.5, 0.5)
        drive = qubit.drive.model_copy(update={"kappa_ext_hz": kappa})
        qubits.append(qubit.model_copy(update={"t1_s": t1_s, "t2_s": t2_s, "drive": drive}))
    measured = tuple(
        row.model_copy(update={"error": min(0.5, row.error * math.exp(WIDE * rng.normal()))})
        for row in chip.measured_errors
    )
    return chip.model_copy(update={"qubits": tuple(qubits), "measured_errors": measured})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """How the true chip differs from its file, by qubit and cross drive, in standard units."""

    lines: dict[int, Floats]
    crosses: dict[str, Floats]


def deviation(chip: Chip, rng: np.random.Generator) -> Deviation:
    """Directions; how far the chip lies in them is found from OLD's error."""
    return Deviation(
        lines={qubit.index: rng.normal(size=5) for qubit in chip.qubits},
        crosses={name: rng.normal(size=2) for name in chip.control_channels},
    )


def moved(chip: Chip, by: Deviation, size: float) -> Chip:
    """The chip as it is: its lines ``size`` times off, its lifetimes within uncertainty."""
    qubits = []
    for qubit in chip.qubits:
        gain, frequency, slope, t1, t2 = by.lines[qubit.index].tolist()
        drive = qubit.drive.model_copy(
            update={
                "rabi_hz_per_amp": qubit.drive.rabi_hz_per_amp
                * (1 + size * gain * qubit.drive.rabi_uncertainty),
                "frequency_offset_hz": qubit.drive.frequency_offset_hz + size * frequency * 30e3,
                "slope_dt": qubit.drive.slope_dt + size * slope * qubit.drive.slope_uncertainty_dt,
            }
        )
        t1_s = qubit.t1_s * math.exp(qubit.t1_uncertainty * t1)
        t2_s = min(qubit.t2_s * math.exp(qubit.t2_uncertainty * t2), 2 * t1_s)
        qubits.append(qubit.model_copy(update={"drive": drive, "t1_s": t1_s, "t2_s": t2_s}))
    controls = {
        name: row.model_copy(
            update={
                "gain_ratio": row.gain_ratio * (1 + 0.01 * size * by.crosses[name][0]),
                "phase_rad": row.phase_rad + 0.01 * size * by.crosses[name][1],
            }
        )
        for name, row in chip.control_channels.items()
    }
    return chip.model_copy(update={"qubits": tuple(qubits), "control_channels": controls})


def true_chip(profile: Profile, file: Chip, rng: np.random.Generator) -> Chip:
    """A chip on which OLD has a coherent error up to what the judge grants it.

    The worst of its gates has a share of that, drawn evenly from 0 to 1; the chip file's own
    misfit is part of it.
    """
    by, share = deviation(file, rng), rng.uniform()
    granted = {
        gate.id: unknown(file, gate, profile.dt_ns * 1e-9) for gate in plan(profile, file).gates
    }
    size = 0.3
    for _ in range(4):
        found = coherent_errors(profile, moved(file, by, size))
        worst = max(found[name] / granted[name] for name in found)
        size *= min(3.0, max(0.2, math.sqrt(share / worst)))
    return moved(file, by, size)


# Releases


def scene_of(task: Task, rng: np.random.Generator) -> Scene:
    """A part of the device with a file and a truth."""
    device = cut(int(rng.integers(len(parts(is_pair=task.is_pair)))), is_pair=task.is_pair)
    file = file_of(device.chip, rng)
    true = true_chip(device.profile, file, rng)
    return Scene(old=device.profile, file=file, true=true, new_file=file, new_true=true)


@cache
def whole() -> Part:
    """All of lima."""
    return Part(
        profile=load(LIMA / "2021-03-14.yaml", Profile).value,
        chip=load(LIMA / "chip.yaml", Chip).value,
    )


@cache
def parts(*, is_pair: bool) -> tuple[tuple[str, ...], ...]:
    """The gates of every part that releases are drawn for."""
    found = places(whole().profile, whole().chip)
    if is_pair:
        return tuple(one.gates for one in found if one.broken == (PAIR,))
    return tuple(one.gates for one in found if "-" not in one.broken[0])


@cache
def cut(number: int, *, is_pair: bool) -> Part:
    """One of the parts."""
    return part(whole().profile, whole().chip, parts(is_pair=is_pair)[number])


def no_change(task: Task, rng: np.random.Generator) -> Release:
    """The same table, its amplitudes rounded to another last digit."""
    scene = scene_of(task, rng)
    factor = 1 + 1e-7 * rng.uniform(-1, 1)
    names = [gate.id for gate in scene.old.gates]
    new = with_gates(scene.old, names, lambda g: scaled(g, factor, every_channel(scene.file)))
    return Release(scene=scene, new=new, way="")


def every_channel(chip: Chip) -> tuple[str, ...]:
    """All drives and cross drives."""
    return tuple(name for qubit in chip.qubits for name in line_channels(chip, qubit.index))


def recalibration(task: Task, rng: np.random.Generator, *, needed: bool) -> Release:
    """One line's gain, phase and frequency moved inside the prior, with the chip or without."""
    scene = scene_of(task, rng)
    prior = scene.file.drift_prior
    line = int(rng.choice([qubit.index for qubit in scene.file.qubits]))
    gain, phase, hertz = rng.uniform(-0.8, 0.8, size=3) * (
        prior.gain,
        prior.phase_rad,
        prior.frequency_hz,
    )
    new = recalibrated(
        scene.old,
        line_channels(scene.file, line),
        gain=float(gain),
        phase_rad=float(phase),
        detuned={f"d{line}": float(hertz)},
    )
    if needed:
        true = _line(scene.true, line, gain=1 / (1 + gain), phase_rad=-phase, hertz=hertz)
        scene = replace(scene, new_true=true)
    return Release(scene=scene, new=new, way=f"d{line}")


def _line(chip: Chip, index: int, *, gain: float, phase_rad: float, hertz: float) -> Chip:
    """The chip with one line weaker, turned, and its qubit at another frequency."""

    def changed(qubit: Qubit) -> Qubit:
        if qubit.index != index:
            return qubit
        drive = qubit.drive.model_copy(
            update={
                "rabi_hz_per_amp": qubit.drive.rabi_hz_per_amp * gain,
                "phase_rad": qubit.drive.phase_rad + phase_rad,
            }
        )
        return qubit.model_copy(update={"drive": drive, "frequency_hz": qubit.frequency_hz + hertz})

    return chip.model_copy(update={"qubits": tuple(map(changed, chip.qubits))})


def drifted(task: Task, rng: np.random.Generator) -> Release:
    """Frequency, T1, T2 and gain of a qubit moved beyond any prior; all of it declared."""
    scene = scene_of(task, rng)
    line = int(rng.choice([qubit.index for qubit in scene.file.qubits]))
    hertz, gain = float(rng.uniform(-2e6, 2e6)), float(rng.uniform(-0.02, 0.02))
    t1, t2 = (float(value) for value in np.exp(0.2 * rng.normal(size=2)))

    def state(chip: Chip) -> Chip:
        chip = _line(chip, line, gain=1 / (1 + gain), phase_rad=0.0, hertz=hertz)
        qubits = []
        for qubit in chip.qubits:
            t1_s = qubit.t1_s * t1
            update = {"t1_s": t1_s, "t2_s": min(qubit.t2_s * t2, 2 * t1_s)}
            qubits.append(qubit.model_copy(update=update) if qubit.index == line else qubit)
        return chip.model_copy(update={"qubits": tuple(qubits)})

    new = recalibrated(
        scene.old, line_channels(scene.file, line), gain=gain, detuned={f"d{line}": hertz}
    )
    scene = replace(scene, new_file=state(scene.file), new_true=state(scene.true), declared=True)
    return Release(scene=scene, new=new, way=f"d{line}")


Size = Callable[[float], Profile]
"""From a size to the release that is changed by so much."""


def ways(old: Profile, gate: Gate, chip: Chip) -> dict[str, tuple[float, Size]]:
    """How a gate may be changed coherently: a small size, and the release of any size."""
    tones = tuple(name for name in schedule(gate).waveforms if name in chip.control_channels)
    if len(gate.qubits) > 1:
        edits: dict[str, tuple[float, Callable[[Gate, float], Gate]]] = {
            "cross drive": (0.02, lambda g, s: scaled(g, 1 + s, tones)),
            "cross drive's phase": (0.03, lambda g, s: turned(g, s, tones)),
        }
    else:
        own = every_channel(chip)
        edits = {
            "amplitude": (0.004, lambda g, s: scaled(g, 1 + s, own)),
            "phase": (0.01, lambda g, s: turned(g, s, own)),
        }
        if any(isinstance(row, Drag) for row in gate.pulses):
            edits["DRAG"] = (0.3, lambda g, s: with_drag(g, lambda beta: beta + s))
    return {
        name: (step, partial(_sized, old, gate.id, edit)) for name, (step, edit) in edits.items()
    }


def _sized(old: Profile, gate_id: str, edit: Callable[[Gate, float], Gate], size: float) -> Profile:
    return with_gates(old, [gate_id], lambda gate: edit(gate, size))


def coherent(task: Task, rng: np.random.Generator, *, margins: float) -> Release:
    """One gate changed so that its true coherent error grows by so many margins."""
    scene = scene_of(task, rng)
    pulsed = [gate for gate in plan(scene.old, scene.file).gates if gate.name != "id"]
    if task.is_pair:
        pulsed = [gate for gate in pulsed if len(gate.qubits) > 1]
    gate = pulsed[int(rng.integers(len(pulsed)))]
    found = ways(scene.old, gate, scene.file)
    way = sorted(found)[int(rng.integers(len(found)))]
    step, make = found[way]
    step *= float(rng.choice([-1.0, 1.0]))
    before = coherent_errors(scene.old, scene.true)

    def grown(size: float) -> float:
        after = coherent_errors(make(size), scene.true)
        return max(
            (after[name] - before[name]) / margin(scene.file, scene.old.by_id[name], scene.dt_s)
            for name in before
        )

    size = solved(grown, step, margins)
    return Release(scene=scene, new=make(size), way=f"{way} of {gate.name}")


def solved(grown: Callable[[float], float], step: float, target: float) -> float:
    """Where a function that is zero at zero and grows in the end first reaches ``target``.

    Raises:
        InputError: it does not within a few hundred steps.
    """
    low, high = 0.0, step
    while grown(high) < target:
        low, high = high, 1.6 * high
        if abs(high) > MOST_STEPS * abs(step):
            raise InputError("the change must reach its target, but never does")
    found, done = brentq(lambda x: grown(x) - target, low, high, rtol=1e-4, full_output=True)
    assert done.converged
    return float(found)


def heat(task: Task, rng: np.random.Generator, *, margins: float) -> Release:
    """One gate's pulses narrower, calibrated again on the true chip: true energy grows."""
    scene = scene_of(task, rng)
    pulsed = [gate for gate in scene.old.gates if gate.name in {"x", "sx"}]
    gate = pulsed[int(rng.integers(len(pulsed)))]
    share, new = 0.04 * margins, scene.old
    for _ in range(8):
        new = calibrated(scene, gate, _narrower(scene.old, gate, share))
        found = hottest(Release(scene=scene, new=new, way=""))
        if abs(found - margins) < 1e-4 * margins:
            break
        share *= margins / found  # energy is about linear in it
    return Release(scene=scene, new=new, way=f"width of {gate.name}")


def calibrated(scene: Scene, gate: Gate, new: Profile) -> Profile:
    """The release with a gate's amplitude and DRAG as near to OLD's gate as the truth lets."""
    wanted = polar_unitary(blocks(gate_problem(gate, scene.old, scene.true))[0])
    own = every_channel(scene.file)

    def made(values: Floats) -> Profile:
        def edit(one: Gate) -> Gate:
            return with_drag(
                scaled(one, 1 + 0.01 * float(values[0]), own), lambda beta: beta + float(values[1])
            )

        return with_gates(new, [gate.id], edit)

    def miss(values: Floats) -> Floats:
        table = made(values)
        played = blocks(gate_problem(table.by_id[gate.id], table, scene.true))[0]
        return 1e3 * error_vector(polar_unitary(played), wanted)

    found = least_squares(miss, np.zeros(2), xtol=1e-6, max_nfev=6)
    return made(found.x)


def _narrower(old: Profile, gate: Gate, share: float) -> Profile:
    """The gate with every sigma smaller by ``share`` and amplitudes at the same area."""

    def edit(one: Gate) -> Gate:
        return one.model_copy(update={"pulses": tuple(_thinner(row, share) for row in one.pulses)})

    return with_gates(old, [gate.id], edit)


def _thinner(row: Instruction, share: float) -> Instruction:
    if not isinstance(row, Drag):
        return row
    thin = row.model_copy(update={"sigma": row.sigma * (1 - share)})
    return thin.model_copy(update={"amp": row.amp * area(row) / area(thin)})


def area(row: Drag) -> float:
    """Of the lifted Gaussian, in dt."""
    x = np.arange(row.duration) + 0.5 - row.duration / 2
    edge = math.exp(-((row.duration / 2 + 1) ** 2) / (2 * row.sigma**2))
    return float(np.sum((np.exp(-(x**2) / (2 * row.sigma**2)) - edge) / (1 - edge)))


def fault(task: Task, rng: np.random.Generator, *, way: str) -> Release:
    """A gate that is broken."""
    scene = scene_of(task, rng)
    old, own = scene.old, every_channel(scene.file)
    names = [gate.id for gate in old.gates if gate.name in {"x", "sx"}]
    one = [str(rng.choice(names))]
    made: dict[str, Callable[[], Profile]] = {
        "amplitude +5 %": lambda: with_gates(old, one, lambda g: scaled(g, 1.05, own)),
        "amplitude -5 %": lambda: with_gates(old, one, lambda g: scaled(g, 0.95, own)),
        "half the length": lambda: with_gates(old, one, lambda g: shortened(g, 0.5)),
        "DRAG flipped": lambda: with_gates(old, names, flipped_drag),
        "gate lost": lambda: without(old, one[0]),
    }
    return Release(scene=scene, new=made[way](), way=way)


Make = Callable[[Task, np.random.Generator], Release]
INVISIBLE = "recalibration that nothing needed"
"""A common error inside the prior: what a model fitted to OLD cannot tell from a calibration."""
FAULTS = ("amplitude +5 %", "amplitude -5 %", "half the length", "DRAG flipped", "gate lost")
KINDS: dict[str, tuple[int, Make]] = {
    "no change": (8, no_change),
    "recalibration that the line needed": (12, partial(recalibration, needed=True)),
    "chip drift, declared": (5, drifted),
    "coherent error +0.5 margins": (12, partial(coherent, margins=0.5)),
    "coherent error +1 margin": (12, partial(coherent, margins=1.0)),
    "coherent error +2 margins": (20, partial(coherent, margins=2.0)),
    "heat +0.5 margins": (5, partial(heat, margins=0.5)),
    "heat +1 margin": (5, partial(heat, margins=1.0)),
    "heat +2 margins": (5, partial(heat, margins=2.0)),
    INVISIBLE: (6, partial(recalibration, needed=False)),
    **{way: (2, partial(fault, way=way)) for way in FAULTS},
}
"""Every kind of release with its share of a hundred, in the order of the table."""
OF_PAIRS = (
    "no change",
    "recalibration that the line needed",
    "coherent error +0.5 margins",
    "coherent error +1 margin",
    "coherent error +2 margins",
)


# The judge


def judged(scene: Scene, new: Profile) -> Decision:
    """The judge's decision, with the files alone."""
    means = Means(run=in_order, store=memory())
    before = Side(profile=scene.old, chip=scene.file, workload=DEFAULT_WORKLOAD)
    after = replace(before, profile=new)
    said = NOTHING_SAID
    if scene.declared:
        found = measure_corners(sides(before, after, scene.new_file), means)
        old, now, approved = found.old, found.new, found.approved[1]
        said = replace(said, splits=found.splits)
    else:
        first, second = measure([before, after], means)
        old, now = (first, collect(first)), (second, collect(second))
        approved = old[1]
    on = grounds(old[0], now[0], SHIPPED, means)
    return judge(old, now, on, SHIPPED, approved, said=said)


@cache
def _memory() -> Kept:
    return Kept()


def memory() -> Kept:
    """This process's store, emptied when it has grown large."""
    found = _memory()
    if len(found.kept) > MOST_KEPT:
        found.kept.clear()
    return found


def coupled(scene: Scene, factor: float) -> Scene:
    """The scene with every line coupled otherwise in its files."""

    def chip(one: Chip) -> Chip:
        qubits = tuple(
            qubit.model_copy(
                update={
                    "drive": qubit.drive.model_copy(
                        update={"kappa_ext_hz": qubit.drive.kappa_ext_hz * factor}
                    )
                }
            )
            for qubit in one.qubits
        )
        return one.model_copy(update={"qubits": qubits})

    return replace(scene, file=chip(scene.file), new_file=chip(scene.new_file))


def outcome(task: Task) -> Outcome | None:
    """One release made, judged, and played on the true chip; None where it cannot be made."""
    rng = np.random.default_rng([task.seed, task.number])
    try:
        release = KINDS[task.kind][1](task, rng)
    except InputError:
        return None
    found = judged(release.scene, release.new)
    other = None
    if task.number % 20 == 0:
        other = judged(coupled(release.scene, 10 ** rng.choice([-0.5, 0.5])), release.new).verdict
    return Outcome(
        kind=task.kind,
        is_pair=task.is_pair,
        way=release.way,
        truth=true_change(release),
        verdict=found.verdict,
        other_kappa=other,
        why=" ".join(found.reasons[:3]),
    )


# The page


def wilson(hits: int, tried: int) -> tuple[float, float]:
    """Limits of a share at 95 % (Wilson, J. Am. Stat. Assoc. 22, 209 (1927))."""
    if not tried:
        return 0.0, 1.0
    z, share = 1.96, hits / tried
    middle = share + z**2 / (2 * tried)
    reach = z * math.sqrt(share * (1 - share) / tried + z**2 / (4 * tried**2))
    low, high = ((middle + sign * reach) / (1 + z**2 / tried) for sign in (-1, 1))
    return (0.0 if hits == 0 else low), (1.0 if hits == tried else high)


def told(hits: int, tried: int) -> str:
    """``3/200, 1.5 % (0.5 to 4.3)``."""
    if not tried:
        return "—"
    low, high = wilson(hits, tried)
    share, least, most = (f"{round(100 * x, 2):g}" for x in (hits / tried, low, high))
    return f"{hits}/{tried}, {share} % ({least} to {most})"


def row_of(kind: str, found: Sequence[Outcome]) -> str:
    """The table line of one kind of release."""
    words = Counter(one.verdict for one in found)
    counts = [str(words[word]) for word in ("promote", "hold", "rollback")]
    worse = [one for one in found if one.truth > 1 + EXACT]
    fine = [one for one in found if one.truth < 1 - EXACT]
    green = told(sum(one.is_false_green for one in worse), len(worse))
    red = told(sum(one.is_false_red for one in fine), len(fine))
    return f"| {kind} | {len(found)} | {' | '.join(counts)} | {green} | {red} |"


HEAD = """| release | number | promote | hold | roll back | false green | false red |
|---|---|---|---|---|---|---|
"""


def table(outcomes: Sequence[Outcome]) -> str:
    """One line a kind, and one for all but what is invisible by design."""
    kinds = [kind for kind in KINDS if any(one.kind == kind for one in outcomes)]
    rows = [row_of(kind, [one for one in outcomes if one.kind == kind]) for kind in kinds]
    seen = [one for one in outcomes if one.kind != INVISIBLE]
    return HEAD + "\n".join([*rows, row_of(f"all but {INVISIBLE}", seen)]) + "\n"


def goals(outcomes: Sequence[Outcome]) -> list[str]:
    """What was aimed at, and what came of it."""

    def of(*kinds: str) -> list[Outcome]:
        return [one for one in outcomes if one.kind in kinds]

    harmless = of("no change", "recalibration that the line needed")
    asked = [
        ("no change and needed recalibrations promote, at least 99 %", harmless, 0.99, True),
        (
            "coherent error at exactly the margin promotes, at most 5 %",
            of("coherent error +1 margin"),
            0.05,
            False,
        ),
        ("heat at exactly the margin promotes, at most 5 %", of("heat +1 margin"), 0.05, False),
        (
            "error or heat at twice the margin promotes, at most 0.1 %",
            of("coherent error +2 margins", "heat +2 margins"),
            0.001,
            False,
        ),
    ]
    lines = []
    for text, found, limit, at_least in asked:
        promoted = sum(one.verdict == "promote" for one in found)
        word = judged_goal(promoted, len(found), limit, at_least=at_least)
        lines.append(f"- {text}: {told(promoted, len(found))}, {word}")
    scanned = [one for one in outcomes if one.other_kappa is not None]
    changed = sum(one.other_kappa != one.verdict for one in scanned)
    lines.append(
        f"- the verdict changes with the coupling by half a decade: {told(changed, len(scanned))}"
    )
    return lines


INTRODUCTION = """Generated by `make operating-characteristic`. The judge sees the chip file alone. What is true of a release is
played on another chip: lines and lifetimes off by the file's own uncertainties, so that OLD has a coherent error of up to what the
judge grants it. *False green*: an error, a line's energy or a duration truly grew by more than its margin, and the verdict was
promote. *False red*: none did, and the verdict was roll back. A hold is neither, and neither is a true change within 0.5 % of
its margin. In brackets, in per cent: what that number of releases can tell (Wilson, 95 %).

"""


def judged_goal(hits: int, tried: int, limit: float, *, at_least: bool) -> str:
    """Whether a share is where it should be, and whether that many releases can tell."""
    share = hits / tried if tried else math.nan
    low, high = wilson(hits, tried)
    is_met, is_shown = (
        (share >= limit, low >= limit) if at_least else (share <= limit, high <= limit)
    )
    if is_shown:
        return "met"
    return "not missed, but too few releases to show it" if is_met else "**missed**"


def section(outcomes: Sequence[Outcome], seed: int) -> str:
    """What stands between the markers."""
    ones = [one for one in outcomes if not one.is_pair]
    pairs = [one for one in outcomes if one.is_pair]
    text = f"{INTRODUCTION}{len(ones)} releases of one qubit of ibm_lima, seed {seed}:\n\n{table(ones)}"
    text += "\n" + "\n".join([*goals(ones), *unseen(ones)]) + "\n"
    if pairs:
        text += f"\n{len(pairs)} releases of a pair with its {PAIR}:\n\n{table(pairs)}"
    return text


def unseen(outcomes: Sequence[Outcome]) -> list[str]:
    """The worst that a common miscalibration inside the prior hid."""
    hidden = [one.truth for one in outcomes if one.kind == INVISIBLE and one.verdict == "promote"]
    if not hidden:
        return []
    worse = sum(truth > 1 + EXACT for truth in hidden)
    text = (
        "- a common change inside the drift prior that nothing needed is invisible by design: "
        f"{worse} of {len(hidden)} promoted ones truly cost more than a margin, the worst {max(hidden):.1f} margins"
    )
    return [text]


def tasks(releases: int, pairs: int, seed: int) -> Iterator[Task]:
    """Kinds in proportion to their shares; every release has a seed of its own."""
    shares = [kind for kind, (share, _) in KINDS.items() for _ in range(share)]
    # a prime step spreads the kinds, so that few releases hold all of them
    for number in range(releases):
        yield Task(kind=shares[number * 37 % len(shares)], seed=seed, number=number, is_pair=False)
    for number in range(pairs):
        kind = OF_PAIRS[number % len(OF_PAIRS)]
        yield Task(kind=kind, seed=seed, number=releases + number, is_pair=True)


def written(page: str, text: str) -> str:
    """The page with the text between the markers.

    Raises:
        ValueError: a marker is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} must have the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}{END}{after}"


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=2400, help="of one qubit")
    parser.add_argument("--pairs", type=int, default=60, help="of a pair: some seconds each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--quick", action="store_true", help="22 releases of one qubit, printed")
    parser.add_argument("--print", action="store_true", help="write nothing")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table into docs/gating.md, and print what was misjudged."""
    asked = options(arguments)
    numbers = (22, 0) if asked.quick else (asked.releases, asked.pairs)
    begun = time.perf_counter()
    is_printed = asked.quick or asked.print
    with workers(asked.jobs, quiet=is_printed) as run:
        found = run(outcome, list(tasks(numbers[0], numbers[1], asked.seed)), "releases")
    outcomes = [one for one in found if one is not None]
    text = section(outcomes, asked.seed)
    print(text)
    for number, one in enumerate(found):
        if one is None:
            print(f"{number}: not made")
        elif one.is_false_green or one.is_false_red:
            word = "false green" if one.is_false_green else "false red"
            print(
                f"{number}: {word}: {one.kind}, {one.way}, true {one.truth:.3f} margins: {one.why}"
            )
    if not is_printed:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    print(f"{time.perf_counter() - begun:.0f} s")
    return 0 if outcomes else 1


if __name__ == "__main__":
    sys.exit(main())
