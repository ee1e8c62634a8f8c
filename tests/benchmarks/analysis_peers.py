"""Our analysis of benchmarking counts beside Qiskit Experiments' and pyGSTi's: part of `make bench`.

All read the same simulated counts. Every peer is compared twice:

- *as delivered*: its own means and weights against ours. One data set weighted differently
  gives different numbers, which must agree within one joint standard deviation.
- *same fit*: our search with the peer's own means and weights against the peer's search. Then
  1 - p must agree to a part in a thousand.

Errors per Clifford are compared as reported: (d - 1)(1 - p)/d is ours and Qiskit's (Magesan et
al., PRL 106, 180504 (2011)), pyGSTi calls it AGI; its default EI is (d**2 - 1)(1 - p)/d**2,
(d + 1)/d times as much. The exit status is 1 where any of this does not hold. A peer that is not
installed is named and left out.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from qtregress.channels.dynamics import compile_patch
from qtregress.channels.fast import propagate
from qtregress.channels.problem import bath_of, gate_problem
from qtregress.chip.chip import Chip
from qtregress.files.documents import load
from qtregress.pulses.profile import Profile
from qtregress.rb.decay import best_decay, fit_decay
from qtregress.rb.exact import exact_decay
from qtregress.rb.gateset import OneQubitGates, sx_image, tensor
from qtregress.rb.sampled import drawn_survivals, estimate, sampled_decay, standard_errors
from qtregress.rb.sequences import SamplePlan

Floats = NDArray[np.float64]

LIMA = Path(__file__).resolve().parents[2] / "pulse_profiles" / "ibm_lima"
LIMA_LENGTHS = (1, 100, 200, 400, 700, 1000, 1500, 2000, 3000, 4000)
TOY_LENGTHS = (1, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300)
PAIR_LENGTHS = (1, 4, 8, 12, 20, 30, 45, 60, 80, 110)
SEQUENCES, SHOTS, SEED = 30, 1024, 1

OURS = "qtregress"
QISKIT = "qiskit-experiments"
PYGSTI = "pygsti"
AVERAGE, ENTANGLEMENT = "(d-1)(1-p)/d", "(d^2-1)(1-p)/d^2"
SAME_FIT = 1e-3
"""Largest relative difference of 1 - p between two searches of the same minimum."""
ROUNDING = 1e-9
"""Of the factor between conventions."""


# The counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """Counts that everybody reads.

    Attributes:
        name: what was simulated.
        qubits: indices on the chip, one or two.
        plan: lengths, sequences and shots.
        survivals: fraction of shots in the ground state, shape (lengths, sequences).
        exact_p: decay constant that infinitely many sequences and shots would show.
    """

    name: str
    qubits: tuple[int, ...]
    plan: SamplePlan
    survivals: Floats
    exact_p: float | None

    @property
    def dimension(self) -> int:
        """The dimension d."""
        return 1 << len(self.qubits)

    @property
    def average_error(self) -> float:
        """Average gate error per 1 - p."""
        return 1 - 1 / self.dimension

    def counts(self) -> list[tuple[int, dict[str, int]]]:
        """Length and counts of every sequence; whatever is not the ground state is all ones."""
        ground, other = "0" * len(self.qubits), "1" * len(self.qubits)
        hits = np.rint(self.survivals * self.plan.shots).astype(int).tolist()
        return [
            (m, {ground: hit, other: self.plan.shots - hit})
            for m, row in zip(self.plan.lengths, hits, strict=True)
            for hit in row
        ]


def plan_of(lengths: tuple[int, ...]) -> SamplePlan:
    """As many sequences and shots as usual."""
    return SamplePlan(lengths=lengths, sequences=SEQUENCES, shots=SHOTS, seed=SEED)


def lima_gates() -> OneQubitGates:
    """Qubit 0 of ibm_lima with 4 levels, T1 and T2 those of the chip."""
    chip = load(LIMA / "chip.yaml", Chip).value
    profile = load(LIMA / "2021-03-14.yaml", Profile).value
    gate, levels = profile.by_id["sx:0"], 4
    problem = gate_problem(gate, profile, chip, levels=levels)
    found = propagate(problem, compile_patch(problem.patch)).at(
        bath_of(chip, gate.qubits, {}, levels)
    )
    return OneQubitGates(
        levels=levels,
        sx=found.superoperator,
        sx_duration_s=gate.duration * profile.dt_ns * 1e-9,
    )


def toy_gates() -> OneQubitGates:
    """A qubit whose sx turns 3 % too far and then depolarises by 1 %."""
    values, vectors = np.linalg.eig(sx_image())
    further = vectors @ np.diag(values**1.03) @ np.linalg.inv(vectors)
    one = np.eye(2).reshape(-1)
    mixed = np.outer(one, one) / 2
    turn = tensor(further, further.conj())
    return OneQubitGates(levels=2, sx=0.99 * turn + 0.01 * mixed, sx_duration_s=35e-9)


def sampled_case(name: str, gates: OneQubitGates, lengths: tuple[int, ...]) -> Case:
    """Random sequences of simulated gates."""
    plan = plan_of(lengths)
    found = sampled_decay(gates, plan, qubits=(0,))
    return Case(
        name=name,
        qubits=(0,),
        plan=plan,
        survivals=np.array(found.survivals),
        exact_p=exact_decay(gates).p,
    )


def pair_case() -> Case:
    """A pair whose every Clifford depolarises to p = 0.97: all sequences survive alike."""
    plan, p = plan_of(PAIR_LENGTHS), 0.97
    chances = 0.25 + 0.75 * p ** (np.array(plan.lengths)[:, None] + np.ones(plan.sequences))
    survivals = drawn_survivals(chances, plan, qubits=(0, 1))
    return Case(name="toy pair", qubits=(0, 1), plan=plan, survivals=survivals, exact_p=p)


def cases() -> list[Case]:
    """A real qubit, a worse one and a pair."""
    return [
        sampled_case("lima qubit 0", lima_gates(), LIMA_LENGTHS),
        sampled_case("toy qubit", toy_gates(), TOY_LENGTHS),
        pair_case(),
    ]


# The readings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one analysis makes of the counts; NaN where it gives no number.

    Attributes:
        package: its name on the package index.
        fit: which of its fits.
        p: decay per Clifford.
        p_error: one standard deviation, as reported.
        epc: error per Clifford, as reported.
        convention: that its documentation gives for epc.
        same_fit_p: ours with the very same means, weights and B; None of our own readings.
    """

    package: str
    fit: str
    p: float
    p_error: float
    epc: float
    convention: str
    same_fit_p: float | None = None


def free_and_fixed(case: Case) -> tuple[Reading, Reading]:
    """Our readings, with B fitted and with B = 1/d."""
    free = estimate(case.survivals, case.plan, qubits=case.qubits)
    fixed = fit_decay(
        case.plan.lengths,
        case.survivals.mean(axis=1),
        sigma=standard_errors(case.survivals, case.plan.shots),
        offset=1 / case.dimension,
    )
    epcs = (free.epc, None if fixed.p is None else case.average_error * (1 - fixed.p))
    first, second = (
        Reading(
            package=OURS,
            fit=name,
            p=_number(fit.p),
            p_error=_number(fit.p_error),
            epc=_number(epc),
            convention=AVERAGE,
        )
        for name, fit, epc in zip(("B free", "B = 1/d"), (free.fit, fixed), epcs, strict=True)
    )
    return first, second


def same_fit(
    lengths: Sequence[int], means: Floats, sigma: Floats, *, offset: float | None = None
) -> float:
    """Our decay constant from somebody else's means and weights; NaN where there is none."""
    found = best_decay(lengths, means, sigma=sigma, offset=offset)
    return np.nan if found is None else found.p


def qiskit_reading(case: Case) -> list[Reading]:
    """Qiskit Experiments' StandardRB with its own analysis at its defaults."""
    library = import_module("qiskit_experiments.library")
    framework = import_module("qiskit_experiments.framework")
    experiment = library.StandardRB(
        physical_qubits=case.qubits, lengths=case.plan.lengths, num_samples=case.plan.sequences
    )
    data = framework.ExperimentData(experiment=experiment)
    data.add_data(
        [
            {"counts": counts, "shots": case.plan.shots, "metadata": {"xval": m}}
            for m, counts in case.counts()
        ]
    )
    # Errors per gate would need the counts of the circuits' gates.
    experiment.analysis.set_options(plot=False, gate_error_ratio=None)
    found = experiment.analysis.run(data).block_for_results()
    values = {row.name: row.value for row in found.analysis_results(dataframe=True).itertuples()}
    p, epc = values.get("alpha"), values.get("EPC")
    return [
        Reading(
            package=QISKIT,
            fit="StandardRB",
            p=_number(getattr(p, "nominal_value", None)),
            p_error=_number(getattr(p, "std_dev", None)),
            epc=_number(getattr(epc, "nominal_value", None)),
            convention=AVERAGE,
            same_fit_p=same_fit(*_qiskit_points(found)),
        )
    ]


def _qiskit_points(found: Any) -> tuple[list[int], Floats, Floats]:
    """Lengths, means and errors that the fit of Qiskit Experiments saw.

    Its means include half a count of either outcome, and it lets no weight exceed the 90th
    percentile (``CurveAnalysis._run_curve_fit`` in 0.14.2).
    """
    table = found.artifacts("curve_data").data.dataframe
    table = table[table.category == "formatted"]
    errors = table.yerr.to_numpy(dtype=float)
    weights = 1 / np.where(np.isclose(errors, 0), np.finfo(float).eps, errors)
    clipped = np.minimum(weights, np.percentile(weights, 90))
    return [int(m) for m in table.xval], table.yval.to_numpy(dtype=float), 1 / clipped


def pygsti_readings(case: Case) -> list[Reading]:
    """Both conventions and B = 1/d of pyGSTi's RandomizedBenchmarking, else at its defaults."""
    protocols = import_module("pygsti.protocols")
    data = _pygsti_data(case)
    means = case.survivals.mean(axis=1)
    even = np.full(len(means), 0.01)
    free = same_fit(case.plan.lengths, means, even)
    fixed = same_fit(case.plan.lengths, means, even, offset=1 / case.dimension)
    readings = []
    for rtype, key, twin in (
        ("AGI", "full", free),
        ("AGI", "A-fixed", fixed),
        ("EI", "full", free),
    ):
        # pyGSTi resamples with numpy's global generator.
        np.random.seed(SEED)  # noqa: NPY002, TID251  # as said above
        fit = protocols.RandomizedBenchmarking(rtype=rtype).run(data).fits[key]
        readings.append(
            Reading(
                package=PYGSTI,
                fit=f"{key}, {rtype}",
                p=_number(fit.estimates.get("p")),
                p_error=_number(fit.stds.get("p")),
                epc=_number(fit.estimates.get("r")),
                convention=AVERAGE if rtype == "AGI" else ENTANGLEMENT,
                same_fit_p=twin,
            )
        )
    return readings


def _pygsti_data(case: Case) -> Any:
    """The counts as pyGSTi wants them; its analysis only counts circuits, one label names each."""
    circuit_of = import_module("pygsti.circuits").Circuit
    label_of = import_module("pygsti.baseobjs").Label
    protocols = import_module("pygsti.protocols")
    ground = ("0" * len(case.qubits),)
    table = import_module("pygsti.data").DataSet(outcome_labels=[ground, ("1" * len(case.qubits),)])
    by_depth: dict[int, list[Any]] = {m: [] for m in case.plan.lengths}
    for number, (m, counts) in enumerate(case.counts()):
        label = label_of(f"Gsequence{number}", case.qubits)
        circuit = circuit_of([label], line_labels=case.qubits)
        by_depth[m].append((circuit, ground))
        table.add_count_dict(circuit, {(bits,): count for bits, count in counts.items()})
    design = protocols.CliffordRBDesign.from_existing_circuits(by_depth, qubit_labels=case.qubits)
    return protocols.ProtocolData(design, table)


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


# The judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A reading beside ours of the same model.

    Attributes:
        case: what was simulated.
        reading: the peer's, or one of ours.
        ours: ours with B free, or fixed where the peer's is.
        dimension: d.
    """

    case: str
    reading: Reading
    ours: Reading
    dimension: int

    @property
    def ratio(self) -> float:
        """Error per Clifford over ours, both as reported."""
        return self.reading.epc / self.ours.epc

    @property
    def sigmas(self) -> float:
        """Distance of p from ours in joint standard deviations."""
        joint = float(np.hypot(self.reading.p_error, self.ours.p_error))
        return abs(self.reading.p - self.ours.p) / joint

    @property
    def same_fit(self) -> float:
        """Relative difference of 1 - p from our search of the same minimum; NaN of our own."""
        twin = self.reading.same_fit_p
        return np.nan if twin is None else abs(self.reading.p - twin) / (1 - twin)

    @property
    def problems(self) -> list[str]:
        """What does not agree, as sentences; a number that is missing agrees with nothing."""
        found = []
        where = f"{self.case}, {self.reading.package} {self.reading.fit}"
        scale = 1 - 1 / self.dimension
        if self.reading.convention == ENTANGLEMENT:
            scale *= 1 + 1 / self.dimension
        wanted = scale * (1 - self.reading.p)
        if not abs(self.reading.epc - wanted) <= ROUNDING * wanted:
            found.append(f"{where}: its error is {self.reading.epc}, not {wanted} as documented.")
        if not self.sigmas <= 1:
            found.append(
                f"{where}: p must be within 1 sigma of ours, but is {self.sigmas:.2g} off."
            )
        if self.reading.same_fit_p is not None and not self.same_fit <= SAME_FIT:
            found.append(
                f"{where}: with the same means and weights 1 - p must agree to {SAME_FIT:g}, "
                f"but differs by {self.same_fit:.2g}."
            )
        return found

    def cells(self) -> list[str]:
        """The row of the table."""
        one = self.reading
        return [
            self.case,
            f"{one.package} {version(one.package)}",
            one.fit,
            f"{one.p:.7f} ± {one.p_error:.7f}",
            f"{one.epc:.4e}",
            one.convention,
            f"{self.ratio:.4f}",
            f"{self.sigmas:.2f}",
            "—" if one.same_fit_p is None else f"{self.same_fit:.1e}",
        ]


TITLES = [
    "case",
    "package",
    "fit",
    "p",
    "EPC",
    "convention",
    "EPC / ours",
    "joint sigmas",
    "1-p, same fit",
]

Read = Callable[[Case], list[Reading]]

PEERS: dict[str, tuple[str, Read]] = {
    QISKIT: ("qiskit_experiments.library", qiskit_reading),
    PYGSTI: ("pygsti.protocols", pygsti_readings),
}
"""By package, the module that must be there and what reads the counts with it."""


def installed_peers() -> list[Read]:
    """Those that can be imported; the others are named."""
    found = []
    for package, (module, read) in PEERS.items():
        try:
            version(package)
            import_module(module)
        except ImportError as error:
            print(f"Not compared with {package}: {error}.")
        else:
            found.append(read)
    return found


def compare(case: Case, peers: Sequence[Read]) -> list[Compared]:
    """All readings of one case, ours first."""
    free, fixed = free_and_fixed(case)
    beside = partial(Compared, case=case.name, dimension=case.dimension)
    rows = [beside(reading=free, ours=free), beside(reading=fixed, ours=fixed)]
    for read in peers:
        for reading in read(case):
            ours = fixed if reading.fit.startswith("A-fixed") else free
            rows.append(beside(reading=reading, ours=ours))
    return rows


def agreement(compared: int) -> str:
    """The last line where nothing disagrees."""
    if compared == 0:
        return "Nothing was compared: no peer is installed."
    return f"All agree; {compared} of {len(PEERS)} packages were compared."


def main() -> int:
    """Print the table; 1 where something does not agree."""
    warnings.simplefilter("ignore")  # peers warn of their own future
    peers = installed_peers()
    rows: list[Compared] = []
    with threadpool_limits(limits=1):
        for case in cases():
            exact = "unknown" if case.exact_p is None else f"{case.exact_p:.7f}"
            print(
                f"{case.name}: {SEQUENCES} sequences of each length, {SHOTS} shots, exact p {exact}"
            )
            rows += compare(case, peers)
    print()
    for cells in (TITLES, ["---"] * len(TITLES), *(row.cells() for row in rows)):
        print("| " + " | ".join(cells) + " |")
    problems = [problem for row in rows for problem in row.problems]
    print()
    for line in problems or [agreement(len(peers))]:
        print(line)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
