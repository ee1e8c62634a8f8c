"""What the tool is for: a release that runs hotter, told from pulse to qubit and back."""

from dataclasses import replace

import pytest

from qtregress.files.qasm import workload_counts
from qtregress.kappa import FACTORS, holds, kappa_scan, told
from qtregress.metrics.collect import collect
from qtregress.metrics.compare import Measured
from qtregress.pipeline import Means, Side, grounds
from qtregress.run import in_order
from qtregress.thermal.load import Load
from qtregress.thermal.workload import DEFAULT_WORKLOAD, Circuit, Workload
from qtregress.verdict.decide import Decision
from qtregress.verdict.verdict import KappaRow
from tests import small

ONE = small.small(0)
SHORT = small.half_length(ONE.profile, "x:0")
BUSY_WITH_X = Workload(
    format="qtregress/workload@1", busy_fraction=0.5, gate_mix={"x": 1.0, "sx": 1.0}
)


def at_work(case: small.Case) -> Measured:
    """The case on a machine that plays x all day."""
    return small.measured(case, workload=BUSY_WITH_X)


@pytest.fixture(scope="module")
def sides() -> tuple[Measured, Measured]:
    """Lima's qubit 0 before and after its x was halved at the same angle."""
    return at_work(ONE), at_work(small.Case(chip=ONE.chip, profile=SHORT))


@pytest.fixture(scope="module")
def hotter(sides: tuple[Measured, Measured]) -> Decision:
    """The decision on the halved x."""
    return small.compared(sides[0], sides[1], sides[0][1])


def ratio(decision: Decision, metric_id: str) -> float:
    """New over old."""
    row = small.row_of(decision, metric_id)
    assert row.old is not None
    assert row.new is not None
    return row.new / row.old


def test_half_the_time_is_twice_the_energy(hotter: Decision) -> None:
    """Energy goes as one over the time; compression takes a twentieth of it back."""
    assert ratio(hotter, "heat.line_energy_j/x:0@d0") == pytest.approx(2, rel=0.06)


def test_half_the_time_is_four_times_the_peak(hotter: Decision) -> None:
    """Power goes as one over the time squared."""
    assert ratio(hotter, "heat.line_peak_w/x:0@d0") == pytest.approx(4, rel=0.07)


def test_the_release_rolls_back_for_its_heat(hotter: Decision) -> None:
    """The ratio of energies on one line is critical."""
    assert hotter.verdict == "rollback"
    assert "heat.line_energy_j/x:0@d0" in small.regressed(hotter)


@pytest.mark.parametrize(
    "metric_id",
    [
        "thermal.line_power_w/d0",
        "thermal.film_k/d0",
        "thermal.film_peak_k/d0",
        "thermal.line_photons/d0",
        "thermal.extra_photons/0",
        "thermal.active_power_w/mxc",
        "thermal.temperature_k/cp",
    ],
)
def test_a_hotter_release_warms_everything_downstream(hotter: Decision, metric_id: str) -> None:
    """From the line's power over films and plates to photons."""
    assert ratio(hotter, metric_id) > 1


@pytest.mark.parametrize("metric_id", ["qubit.t1_at_load_s/0", "qubit.t2_at_load_s/0"])
def test_a_hotter_release_shortens_the_qubits_life(hotter: Decision, metric_id: str) -> None:
    """Photons at the qubit cost T1 and T2."""
    assert ratio(hotter, metric_id) < 1


def test_a_hotter_release_costs_fidelity_where_nothing_else_changed(hotter: Decision) -> None:
    """Sx was not touched; its error at load grows, its error as calibrated does not."""
    assert ratio(hotter, "gate.error/sx:0") == 1
    assert ratio(hotter, "gate.error_at_load/sx:0") > 1
    assert ratio(hotter, "rb.epc/0") == 1
    assert ratio(hotter, "rb.epc_at_load/0") > 1


def test_the_check_says_what_the_heat_does(hotter: Decision) -> None:
    """One sentence from mean power to error per Clifford."""
    (said,) = [text for text in hotter.reasons if text.startswith("At the declared workload")]

    assert "line d0 changes most: mean power " in said
    for word in ("film peak ", "photons while gates play ", "T1 ", "T2 ", "error per Clifford "):
        assert word in said


def scanned(new: small.Case) -> tuple[KappaRow, ...]:
    """The scan over couplings of a release of the one qubit."""
    means = Means(run=in_order, store=small.MEMORY)
    before, after = (
        Side(profile=case.profile, chip=ONE.chip, workload=DEFAULT_WORKLOAD) for case in (ONE, new)
    )
    on = grounds(small.old(0)[0], small.measured(new)[0], small.SHIPPED, means)
    return kappa_scan(before, after, on, small.SHIPPED, means)


def test_the_same_release_promotes_over_a_decade_of_coupling() -> None:
    """Where nothing changed no coupling makes a difference."""
    rows = scanned(ONE)

    assert [(row.factor, row.verdict) for row in rows] == [(f, "promote") for f in FACTORS]
    assert holds(rows) == ()


def test_a_stronger_coupling_needs_less_power() -> None:
    """Films are cooler where the coupling is larger: the scan shows it."""
    peaks = [row.film_peak_k for row in scanned(ONE)]

    assert peaks == sorted(peaks, key=lambda peak: -(peak or 0.0))


def test_a_verdict_that_hangs_on_the_coupling_holds() -> None:
    """If the answer changes within the decade, somebody must measure the coupling."""
    first, *rest = scanned(ONE)
    changed = (first.model_copy(update={"verdict": "rollback"}), *rest)

    assert len(holds(changed)) == 1
    assert "Measure kappa_ext" in holds(changed)[0]


@pytest.mark.parametrize("word", ["hold", "rollback"])
def test_a_scan_that_never_promotes_holds(word: str) -> None:
    """Agreement on a bad or unknown answer is no permission."""
    rows = tuple(row.model_copy(update={"verdict": word}) for row in scanned(ONE))

    assert len(holds(rows)) == 1


def test_a_scan_is_told() -> None:
    """One sees that it ran, and what it found."""
    (said,) = told(scanned(ONE))

    assert said == (
        "Over a decade of the assumed coupling the metrics at load would say: promote at 0.316, "
        "promote at 0.562, promote at 1, promote at 1.78, promote at 3.16 times the chip's "
        "kappa_ext."
    )
    assert told(()) == ()


def test_a_release_that_no_longer_fits_its_workload_holds() -> None:
    """What was known of the field at load and is not of the candidate is missed."""
    old = small.old(0)
    lost = replace(old[0], load=Load(problem="qubit 0 would be busy 1.1 times all the time"))
    decision = small.compared(old, (lost, collect(lost)), old[1])

    assert decision.verdict == "hold"
    assert decision.reasons[1] == (
        "Nothing is known of NEW at the declared workload: qubit 0 would be busy 1.1 times all "
        "the time."
    )


def test_a_load_that_nobody_knows_is_told() -> None:
    """Where OLD's load was not known either, the reader learns that nothing at load was judged."""
    old = small.old(0)
    lost = replace(old[0], load=Load(problem="the fridge is too small"))
    decision = small.compared((lost, collect(lost)), (lost, collect(lost)), collect(lost))

    assert decision.verdict == "promote"
    assert "Nothing is known of NEW at the declared workload: the fridge is too small." in (
        decision.reasons
    )


def test_circuits_are_scanned_too() -> None:
    """The scan knows what each circuit of the workload plays."""
    circuit = Circuit(
        name="flips", qasm="OPENQASM 2.0; qreg q[1]; U(pi,0,pi) q[0];", repetition_rate_hz=1e5
    )
    workload = Workload(format="qtregress/workload@1", circuits=(circuit,))
    counts = workload_counts(workload, ONE.profile)
    side = Side(profile=ONE.profile, chip=ONE.chip, workload=workload, counts=counts)
    means = Means(run=in_order, store=small.MEMORY)
    on = grounds(small.old(0)[0], small.old(0)[0], small.SHIPPED, means)

    assert {row.verdict for row in kappa_scan(side, side, on, small.SHIPPED, means)} == {"promote"}
