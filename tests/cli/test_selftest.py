"""``qtregress selftest``: it passes where the tool is right, and can fail."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels import agreement
from qtregress.channels.agreement import Agreement
from qtregress.channels.dynamics import compile_patch
from qtregress.channels.fast import Bath, Propagation, RatedMap, propagate
from qtregress.channels.problem import GateProblem
from qtregress.cli.main import main
from qtregress.cli.selftest import (
    AGREEMENT,
    CHECKS,
    Finding,
    Subject,
    _agreed,
    _believe,
    _subject,
    engines,
    worst,
)
from qtregress.errors import QtregressError
from qtregress.files.documents import dump
from qtregress.run import in_order
from qtregress.trials import PartTask, Trial, part_trials
from tests import small

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
Complex = NDArray[np.complex128]
OLD = "device/old.yaml"
CX = "cx:0-1"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test stands in an empty folder, with a store of answers of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("QTREGRESS_CACHE_DIR", str(tmp_path / "store"))
    return tmp_path


def right(task: PartTask) -> list[Trial]:
    """A part on which the judge is right, where seconds would be lost."""
    return [Trial(kind="no change", where=task.where.broken[0], must="promote", got=("promote",))]


def forgiving(task: PartTask) -> list[Trial]:
    """A judge that promotes what it should roll back, on one of the qubits."""
    found = right(task)[0]
    return [Trial(kind="amplitude +5%", where=found.where, must="roll back", got=("promote",))]


@pytest.fixture(autouse=True)
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge is right; those tests that ask for the real one put it back."""
    monkeypatch.setattr("qtregress.trials.part_trials", right)


@pytest.fixture
def one(tmp_path: Path) -> small.Case:
    """A device of one qubit beside the test."""
    small.write_device(tmp_path, small.small(0))
    return small.small(0)


@pytest.fixture
def pair(tmp_path: Path) -> small.Case:
    """A device of two qubits beside the test."""
    small.write_device(tmp_path, small.small(0, 1))
    return small.small(0, 1)


def selftest(*options: str) -> int:
    """The status of a self-test on one process."""
    return main(["selftest", OLD, "--jobs", "1", *options])


def quick_reference(
    problem: GateProblem, bath: Bath, *, start_phase_rad: float = 0.0, **_: object
) -> Complex:
    """The fast engine's map in the place of the reference's, where minutes would be lost."""
    compiled = compile_patch(problem.patch)
    return propagate(problem, compiled, (start_phase_rad,)).at(bath).superoperator


def distort(monkeypatch: pytest.MonkeyPatch, change: Callable[[RatedMap], RatedMap]) -> None:
    """Have the fast engine answer something else, in this process and in all it starts."""
    right = Propagation.at

    def wrong(self: Propagation, bath: Bath, **options: Any) -> RatedMap:
        return change(right(self, bath, **options))

    monkeypatch.setattr(Propagation, "at", wrong)


def rows(text: str) -> dict[str, list[str]]:
    """The first table's lines as check -> [outcome, gate, figure, limit]."""
    found = {}
    first, _, _ = text.partition("release or fault")
    for line in first.rstrip().splitlines()[1:]:
        word, *rest = line.split()
        if word in {"ok", "FAILED"}:
            *check, gate, figure, limit = rest
            found[" ".join(check)] = [word, gate, figure, limit]
    return found


@pytest.mark.usefixtures("one")
def test_a_sound_installation_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """Every check has a line with its figure and its limit, and the machine has one."""
    status = selftest()
    out = capsys.readouterr().out
    found = rows(out)

    assert status == 0
    assert {word for word, *_ in found.values()} == {"ok"}
    assert list(found) == [
        "engines agree: one qubit, 4 levels",
        "stated error holds: one qubit, 4 levels",
        "maps keep the trace",
        "maps are completely positive",
        "same bits in every process",
    ]
    assert 0 < float(found["engines agree: one qubit, 4 levels"][2]) < AGREEMENT
    assert "tested 3 gates of one qubit and 0 of 0 pair gates" in out
    for name in ("qtregress ", "numpy ", "qiskit-dynamics ", "(1 thread)", "1 processes", " s\n"):
        assert name in out


@pytest.mark.usefixtures("one")
def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is enough."""
    status = selftest("--quiet")

    assert (status, *capsys.readouterr()) == (0, "", "")


@pytest.mark.usefixtures("one")
def test_nothing_remembered_is_used(tmp_path: Path) -> None:
    """Answers of earlier runs are neither read nor written: the store is not even made."""
    selftest("--quiet")

    assert not (tmp_path / "store").exists()


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize(
    ("element", "failed"),
    [
        (1e-7, {"engines agree", "stated error holds"}),
        (5e-9, {"stated error holds"}),
        (np.nan, {"engines agree", "stated error holds"}),
    ],
)
def test_engines_that_disagree_fail(
    element: float,
    failed: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A single wrong element of the reference's map is 70, with a sentence and its figures."""
    right = agreement.__dict__["reference_superoperator"]

    def wrong(*args: object, **options: object) -> Complex:
        found: Complex = right(*args, **options)
        found[0, 1] += element
        return found

    monkeypatch.setattr(agreement, "reference_superoperator", wrong)
    status = selftest()
    out, err = capsys.readouterr()

    assert status == 70
    assert {
        name.split(":")[0] for name, (word, *_) in rows(out).items() if word == "FAILED"
    } == failed
    assert err.startswith(
        "qtregress: the self-test failed, so that no verdict given here should be believed: "
    )
    assert "stated error holds: one qubit, 4 levels: " in err


@pytest.mark.usefixtures("one")
def test_maps_that_lose_something_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A map times 1 - 1e-6 keeps no trace."""
    distort(monkeypatch, lambda found: replace(found, superoperator=0.999999 * found.superoperator))
    status = selftest()
    found = rows(capsys.readouterr().out)

    assert (status, found["maps keep the trace"][0]) == (70, "FAILED")
    assert found["maps are completely positive"][0] == "ok"
    assert found["same bits in every process"][0] == "ok"


@pytest.mark.usefixtures("one")
def test_maps_that_are_not_positive_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bit of the transposed map keeps the trace, but is no channel."""

    def less(found: RatedMap) -> RatedMap:
        n = round(len(found.superoperator) ** 0.5)
        swapped = found.superoperator.reshape(n, n, n * n).transpose(1, 0, 2).reshape(n * n, n * n)
        return replace(found, superoperator=(1 - 1e-6) * found.superoperator + 1e-6 * swapped)

    distort(monkeypatch, less)
    status = selftest()
    found = rows(capsys.readouterr().out)

    assert (status, found["maps are completely positive"][0]) == (70, "FAILED")
    assert found["maps keep the trace"][0] == "ok"


@pytest.mark.usefixtures("one")
def test_an_engine_that_cannot_state_its_error_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An infinite estimate would cover everything, so that it covers nothing."""
    distort(monkeypatch, lambda found: replace(found, error_estimate=float("inf")))
    status = selftest()
    found = rows(capsys.readouterr().out)

    assert status == 70
    assert found["stated error holds: one qubit, 4 levels"][0] == "FAILED"
    assert found["maps keep the trace"][0] == "FAILED"


@pytest.mark.usefixtures("one")
def test_answers_that_depend_on_the_process_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last bits are enough, be they far below every tolerance."""
    distort(
        monkeypatch,
        lambda found: replace(
            found, superoperator=found.superoperator + 1e-16 * (os.getpid() % 1000)
        ),
    )
    status = selftest()
    found = rows(capsys.readouterr().out)

    assert status == 70
    assert {name for name, (word, *_) in found.items() if word == "FAILED"} == {
        "same bits in every process"
    }


def test_of_pairs_the_shortest_is_compared(
    pair: small.Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At three levels by both engines, at all levels as a map and in both processes."""
    monkeypatch.setattr(agreement, "reference_superoperator", quick_reference)
    status = selftest()
    out = capsys.readouterr().out
    found = rows(out)

    assert status == 0
    assert found["engines agree: pair, 3 levels"] == ["ok", CX, "0.0e+00", f"{AGREEMENT:.1e}"]
    assert found["same bits in every process"][1] == CX
    assert "tested 6 gates of one qubit and 1 of 1 pair gates" in out
    assert pair.profile.by_id[CX].duration > 0


def test_a_pair_is_compared_where_its_start_phase_matters(
    pair: small.Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engines that differ in nothing but the second carrier's start phase are found out."""
    monkeypatch.setattr(
        agreement,
        "reference_superoperator",
        lambda problem, bath, **_: quick_reference(problem, bath, start_phase_rad=0.0),
    )
    subject = Subject(
        profile=pair.profile,
        chip=pair.chip,
        ones=(),
        pairs=(pair.profile.by_id[CX],),
        refused=(),
        full=False,
    )

    agree, _ = engines(subject, in_order)

    assert (agree.passed, agree.gate) == (False, CX)
    assert agree.figure > 1e-3


@pytest.mark.slow
@pytest.mark.physics
@pytest.mark.usefixtures("pair")
def test_engines_agree_on_a_pair(capsys: pytest.CaptureFixture[str]) -> None:
    """The real comparison of a cx, all its figures known and within their limits."""
    status = selftest()
    found = rows(capsys.readouterr().out)

    assert status == 0
    assert 0 < float(found["engines agree: pair, 3 levels"][2]) < 1e-8


@pytest.mark.slow
@pytest.mark.physics
@pytest.mark.usefixtures("pair")
def test_engines_agree_on_a_pair_at_all_levels(capsys: pytest.CaptureFixture[str]) -> None:
    """As --full compares it, after saying that this takes minutes."""
    status = selftest("--full")
    out, err = capsys.readouterr()

    assert (status, "takes minutes" in err) == (0, True)
    assert rows(out)["engines agree: pair, 4 levels"][0] == "ok"


def test_full_means_every_pair(tmp_path: Path) -> None:
    """Without --full the shortest pair gate alone; gates of one qubit are always all tested."""
    small.write_device(tmp_path, small.lima())
    some, every = (_subject(OLD, None, full=full) for full in (False, True))

    assert [gate.id for gate in some.tested_pairs] == ["cx:2-1"]
    assert len(every.tested_pairs) == 8
    assert len(some.ones) == len(every.ones) == 15


def test_what_is_not_simulated_is_named(
    tmp_path: Path, one: small.Case, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gate that the chip's model does not reach is not silently left out."""
    assert one.chip.fit is not None
    gates = [
        row.model_copy(update={"status": "unfitted"}) if row.gate == "x:0" else row
        for row in one.chip.fit.gates
    ]
    fit = one.chip.fit.model_copy(update={"gates": tuple(gates)})
    chip = one.chip.model_copy(update={"fit": fit})
    (tmp_path / "device" / "chip.yaml").write_text(dump(chip), encoding="utf-8")
    status = selftest()

    assert (status, "not tested, because not simulated: x:0\n" in capsys.readouterr().out) == (
        0,
        True,
    )


def test_nothing_to_test_is_no_pass(
    tmp_path: Path, one: small.Case, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a chip that was never fitted no gate is simulated: bad input, and why."""
    unfitted = one.chip.model_copy(update={"fit": None})
    (tmp_path / "device" / "chip.yaml").write_text(dump(unfitted), encoding="utf-8")
    status = selftest()

    assert (status, capsys.readouterr().err) == (
        13,
        (
            f"qtregress: {OLD}: no gate can be simulated, so that nothing can be tested: id:0: "
            "the chip's lines were never fitted (qtregress chip fit-drive)\n"
        ),
    )


def test_another_device_s_chip_is_refused(tmp_path: Path, one: small.Case) -> None:
    """Before anything is simulated."""
    other = one.chip.model_copy(update={"device": "ibm_manila"})
    (tmp_path / "other.yaml").write_text(dump(other), encoding="utf-8")

    assert selftest("--chip", "other.yaml") == 13


def test_no_finding_is_no_pass() -> None:
    """A self-test that checked nothing has failed."""
    with pytest.raises(QtregressError, match="nothing was checked"):
        _believe([], [Trial(kind="a", where="x:0", must="promote", got=("promote",))])


def test_no_verdict_is_no_pass() -> None:
    """Faults that could not be made are no proof that any would be found."""
    agrees = Finding(check="a", gate="x:0", figure=0.0, limit=1.0)
    with pytest.raises(QtregressError, match="no release was judged"):
        _believe([agrees], [Trial(kind="a", where="x:0", must="hold", why="no echo")])


@pytest.mark.usefixtures("one")
def test_a_gate_that_cannot_fail_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault that is promoted is 70, named with its place, what it must be and what it was."""
    monkeypatch.setattr("qtregress.trials.part_trials", forgiving)
    status = selftest()
    out, err = capsys.readouterr()

    assert status == 70
    assert "FAILED  amplitude +5%" in out
    assert "amplitude +5% of sx:0 must roll back, but the verdict is promote" in err


@pytest.mark.usefixtures("one")
def test_the_real_judge_stops_every_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a kind of release, with the place that came nearest to another verdict."""
    monkeypatch.setattr("qtregress.trials.part_trials", part_trials)
    status = selftest()
    lines = capsys.readouterr().out.partition("release or fault")[2].splitlines()

    assert status == 0
    for kind, must, did in (
        ("no change", "promote", "1 promote"),
        ("line recalibrated and back", "promote", "4 promote"),
        ("amplitude +5%", "roll back", "2 rollback"),
        ("DRAG sign flipped", "roll back", "1 rollback"),
        ("gate lost", "hold", "2 hold"),
    ):
        (line,) = [line for line in lines if kind in line]
        assert line.startswith(f"ok  {kind} ")
        assert f" {must} " in line
        assert f" {did} " in line


@pytest.mark.usefixtures("one")
def test_a_policy_that_lets_everything_pass_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user's own rules are tested: with a margin of half a gate no fault is found."""
    monkeypatch.setattr("qtregress.trials.part_trials", part_trials)
    wide = "margin_absolute: 0.5, margin_relative: 5.0, critical: true, why: Any."
    rules = [
        f"{{metrics: {name}/*, {wide}}}"
        for name in ("gate.error", "layer.error", "rb.epc", "heat.line_energy_j")
    ]
    text = f"format: qtregress/policy@1\nrules: [{', '.join(rules)}]\n"
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8")
    status = selftest("--policy", "policy.yaml")

    assert status == 70
    assert "amplitude +5% of sx:0 must roll back" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("figure", "limit", "passed"),
    [
        (0.0, 0.0, True),
        (1e-9, 1e-9, True),
        (1.1e-9, 1e-9, False),
        (float("nan"), 1.0, False),
        (0.0, float("nan"), False),
        (0.0, float("inf"), False),
    ],
)
def test_a_figure_passes_within_a_finite_limit(
    figure: float, limit: float, *, passed: bool
) -> None:
    """What is no number passes nothing, and no limit is infinite."""
    assert Finding(check="a", gate="x:0", figure=figure, limit=limit).passed is passed


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ([1e-9, 3e-9, 2e-9], 3e-9),
        ([1e-9, 5e-8, 2e-9], 5e-8),
        ([9e-9, float("nan"), 1e-9], float("nan")),
    ],
)
def test_the_worst_finding_is_shown(figures: list[float], expected: float) -> None:
    """The one that fails, or takes most of its limit; what is no number is worst."""
    (found,) = worst(
        [Finding(check="a", gate="x:0", figure=figure, limit=1e-8) for figure in figures]
    )

    assert found.figure == pytest.approx(expected, nan_ok=True)


def test_the_worst_of_nothing_is_nothing() -> None:
    """A device without pairs has no line about them."""
    assert worst([]) == []


def test_each_gate_is_held_against_its_own_estimate() -> None:
    """A small difference fails where the engine claims still less."""
    modest = Agreement(gate="x:0", difference=9e-9, stated_estimate=1e-8)
    proud = Agreement(gate="x:1", difference=3e-9, stated_estimate=1e-9)
    agree, stated = _agreed([modest, proud], "one qubit")

    assert (agree.passed, agree.gate) == (True, "x:0")
    assert (stated.passed, stated.gate) == (False, "x:1")


def test_checks_have_names() -> None:
    """Further ones are added there."""
    assert list(CHECKS) == ["engines", "maps", "processes"]
