"""Injected faults: each is found where it was put, and a judge that misses one is found out."""

from dataclasses import replace

import pytest

from qtregress.calibrate.part import part
from qtregress.faults import Must, Where, faults, places
from qtregress.trials import PartTask, Trial, is_right, part_trials, summaries
from qtregress.verdict.verdict import VerdictWord
from tests import small

LIMA = small.lima()
ONE = Where(gates=("id:0", "x:0", "sx:0"), broken=("x:0", "sx:0"))


@pytest.fixture(scope="module")
def trials() -> list[Trial]:
    """Every release of lima's qubit 0."""
    return tried(ONE)


def tried(where: Where, **update: object) -> list[Trial]:
    """The trials of a part of lima."""
    chip = LIMA.chip.model_copy(update=update)
    task = PartTask(profile=LIMA.profile, chip=chip, policy=small.SHIPPED, where=where)
    return part_trials(task)


def verdicts(trials: list[Trial], kind: str) -> list[tuple[str, ...]]:
    """What came of every release of that kind."""
    return [trial.got for trial in trials if trial.kind == kind]


def test_every_qubit_and_every_pair_gate_is_a_place() -> None:
    """Nothing that is simulated is left out, the pairs shortest first."""
    found = places(LIMA.profile, LIMA.chip)

    assert [one.broken for one in found[:5]] == [(f"sx:{q}", f"x:{q}") for q in range(5)]
    assert {one.broken[0] for one in found[5:]} == {
        gate.id for gate in LIMA.profile.gates if gate.name == "cx"
    }
    lengths = [LIMA.profile.by_id[one.broken[0]].duration for one in found[5:]]
    assert lengths == sorted(lengths)


def test_the_judge_is_right_on_every_release(trials: list[Trial]) -> None:
    """Nothing changed and recalibrations promote, faults do not."""
    assert all(trial.passed for trial in trials), [t for t in trials if not t.passed]
    assert verdicts(trials, "no change") == [("promote",)]
    assert verdicts(trials, "line recalibrated and back") == [("promote", "promote")] * 2
    assert verdicts(trials, "amplitude +5%") == [("rollback",)] * 2
    assert verdicts(trials, "half the length") == [("rollback",)] * 2
    assert verdicts(trials, "gate lost") == [("hold",)] * 2


def test_a_weaker_gate_is_stopped_though_it_is_cooler(trials: list[Trial]) -> None:
    """Its error speaks against it; where that is sure, nothing but a rollback is right."""
    weaker = [trial for trial in trials if trial.kind == "amplitude -5%"]

    assert {(trial.must, trial.got) for trial in weaker} == {("roll back", ("rollback",))}
    assert all(trial.margins is not None and trial.margins > 2 for trial in weaker)


def test_a_loose_attenuator_does_not_pass_where_metrics_at_load_decide(
    trials: list[Trial],
) -> None:
    """The pulses are the same, the pad under them is hot."""
    (hot,) = [trial for trial in trials if trial.kind == "attenuator off plate"]

    assert "promote" not in hot.got
    assert hot.is_blamed


def test_what_cannot_be_made_is_told() -> None:
    """A DRAG of almost nothing may be flipped without harm: not tested, and why."""
    (flipped,) = [
        t
        for t in tried(replace(ONE, gates=("x:3", "sx:3"), broken=("x:3", "sx:3")))
        if t.kind == "DRAG sign flipped"
    ]

    assert (flipped.got, flipped.passed) == ((), False)
    assert "at least 0.5 dt" in flipped.why


def test_a_chip_fitted_to_another_release_may_have_spent_its_prior() -> None:
    """Then no more is asked of a recalibration than that it does not roll back both ways."""
    assert LIMA.chip.fit is not None
    elsewhere = LIMA.chip.fit.model_copy(update={"profile": "sha256:" + "0" * 64})
    chip = LIMA.chip.model_copy(update={"fit": elsewhere})
    own = part(LIMA.profile, chip, ONE.gates)
    asked = {
        fault.must
        for fault in faults(own.profile, own.chip, ONE)
        if fault.kind == "line recalibrated and back"
    }

    assert asked == {"not both"}


@pytest.mark.parametrize(
    ("got", "must", "right"),
    [
        (("promote", "promote"), "promote", True),
        (("promote", "hold"), "promote", True),
        (("hold", "promote"), "promote", False),
        (("promote", "rollback"), "promote", False),
        (("hold",), "promote", False),
        (("rollback", "rollback"), "not both", False),
        (("rollback", "promote"), "not both", True),
        (("hold",), "roll back", False),
        (("hold",), "not promote", True),
        (("promote",), "not promote", False),
        (("rollback",), "hold", False),
    ],
)
def test_what_is_right(got: tuple[VerdictWord, ...], must: Must, *, right: bool) -> None:
    """A hold is no rollback, and one promotion too many is one too many."""
    assert is_right(got, must) is right


def test_what_old_itself_does_not_have_is_told() -> None:
    """Nothing can be promoted there, so no release is asked to be; faults are tried all the same.

    On a line twice as strong as it was fitted, no pulse is near its gate.
    """
    qubit = LIMA.chip.qubit(0)
    strong = qubit.drive.model_copy(update={"rabi_hz_per_amp": 2 * qubit.drive.rabi_hz_per_amp})
    found = tried(ONE, qubits=(qubit.model_copy(update={"drive": strong}), *LIMA.chip.qubits[1:]))
    (nothing,) = [trial for trial in found if trial.kind == "no change"]

    assert nothing.got == ()
    assert nothing.why.startswith("rb.epc/0 is undecided for OLD itself: ")
    assert all(got == ("rollback",) for got in verdicts(found, "half the length"))


def test_a_verdict_for_another_reason_is_wrong() -> None:
    """A rollback that rests on something else says nothing about the fault."""
    trial = Trial(kind="a", where="x:0", must="roll back", got=("rollback",), is_blamed=False)

    assert not trial.passed


def test_a_summary_shows_what_failed_before_what_came_near() -> None:
    """The place nearest to another verdict, and how often each came out."""
    near = Trial(kind="a", where="x:1", must="roll back", got=("rollback",), margins=1.5)
    far = replace(near, where="x:0", margins=20.0)
    wrong = replace(far, where="x:2", got=("hold",))
    (fine,), (failed,) = summaries([far, near]), summaries([far, near, wrong])

    assert (fine.passed, fine.nearest, fine.margins, fine.verdicts) == (
        True,
        "x:1",
        1.5,
        "2 rollback",
    )
    assert (failed.passed, failed.nearest, failed.verdicts) == (False, "x:2", "2 rollback, 1 hold")


@pytest.mark.slow
def test_a_pair_s_faults_are_found() -> None:
    """The cross drive 5 % off, its sign, its echo, and the gate lost."""
    where = places(LIMA.profile, LIMA.chip)[5]
    found = tried(where)

    assert all(trial.passed for trial in found), [t for t in found if not t.passed]
    assert verdicts(found, "cross drive +5%") == [("rollback",)]
    assert verdicts(found, "cross drive echo lost") == [("rollback",)]
    assert "promote" not in verdicts(found, "cross drive -5%")[0]
