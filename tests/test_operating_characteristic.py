"""The benchmark of the judge's errors runs, counts right, and writes between its markers."""

import numpy as np
import pytest

from qtregress.pulses.profile import Drag, Gate
from qtregress.pulses.schedule import schedule
from qtregress.verdict.verdict import VerdictWord
from tests.benchmarks.operating_characteristic import (
    BEGIN,
    END,
    KINDS,
    PAGE,
    Outcome,
    Task,
    area,
    coherent_errors,
    main,
    outcome,
    scene_of,
    section,
    solved,
    tasks,
    unknown,
    wilson,
    written,
)


def task(kind: str, number: int) -> Task:
    """One release of one qubit."""
    return Task(kind=kind, seed=7, number=number, is_pair=False)


def made(kind: str, number: int = 1) -> Outcome:
    """Its outcome."""
    found = outcome(task(kind, number))
    assert found is not None
    return found


def test_nothing_changed_is_promoted() -> None:
    """And truly nothing changed."""
    found = made("no change")

    assert found.verdict == "promote"
    assert found.truth == pytest.approx(0.0, abs=1e-3)


def test_a_release_is_the_same_again() -> None:
    """Its number and the seed say everything."""
    assert made("coherent error +2 margins") == made("coherent error +2 margins")


def test_a_release_is_as_wrong_as_was_asked() -> None:
    """Two margins of true error, found on a chip that the judge does not see."""
    found = made("coherent error +2 margins", 2)

    assert found.truth == pytest.approx(2.0, abs=0.01)
    assert found.verdict != "promote"


def test_a_needed_recalibration_is_truly_none() -> None:
    """Line and table moved together: the gates are what they were."""
    found = made("recalibration that the line needed")

    assert found.verdict == "promote"
    assert abs(found.truth) < 0.2


def test_old_is_no_worse_than_the_judge_grants() -> None:
    """The premise of every interval holds in every scene."""
    for number in range(4):
        one = task("no change", number)
        scene = scene_of(one, np.random.default_rng([one.seed, number]))
        errors = coherent_errors(scene.old, scene.true)
        granted = {n: unknown(scene.file, scene.old.by_id[n], scene.dt_s) for n in errors}

        assert all(errors[n] <= 1.1 * granted[n] for n in errors)


def test_few_releases_hold_every_kind() -> None:
    """Kinds come in proportion, spread over the numbers."""
    found = [one.kind for one in tasks(100, 0, 1)]

    assert {kind: found.count(kind) for kind in KINDS} == {k: n for k, (n, _) in KINDS.items()}


def one(kind: str, truth: float, verdict: VerdictWord) -> Outcome:
    """An outcome without a release."""
    return Outcome(
        kind=kind, is_pair=False, way="", truth=truth, verdict=verdict, other_kappa=None, why=""
    )


def test_promoted_and_worse_is_a_false_green() -> None:
    """Counted among what is truly worse, and rollbacks among what is not."""
    text = section(
        [
            one("coherent error +2 margins", 2.0, "promote"),
            one("coherent error +2 margins", 2.0, "hold"),
            one("coherent error +0.5 margins", 0.5, "rollback"),
        ],
        1,
    )

    assert "| coherent error +2 margins | 2 | 1 | 1 | 0 | 1/2, 50 % (9.45 to 90.55) | — |" in text
    assert "| coherent error +0.5 margins | 1 | 0 | 0 | 1 | — | 1/1, 100 %" in text
    assert "at most 0.1 %: 1/2, 50 % (9.45 to 90.55), **missed**" in text


def test_nothing_seen_is_not_nothing() -> None:
    """No false green in a hundred leaves up to four in a hundred."""
    low, high = wilson(0, 100)

    assert low == 0.0
    assert high == pytest.approx(0.037, abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_page_keeps_what_others_wrote() -> None:
    """Only what stands between the markers changes."""
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert written(page, "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(ValueError, match="must have the markers"):
        written("nothing", "new")


def test_a_size_is_found_where_a_change_first_is_a_loss() -> None:
    """Many a change first makes the true gate better."""
    assert solved(lambda x: x * x - x, 0.1, 2.0) == pytest.approx(2.0, rel=1e-3)


def test_the_area_of_a_lifted_gaussian_is_that_of_its_samples() -> None:
    """What keeps the angle when the pulse gets narrower."""
    row = Drag(channel="d0", t0=0, duration=160, envelope="drag", amp=0.1, sigma=40.0, beta=0.0)
    gate = Gate(name="x", qubits=(0,), duration=160, pulses=(row,))

    assert 0.1 * area(row) == pytest.approx(schedule(gate).waveforms["d0"].real.sum())


def test_the_script_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """A few releases of all kinds, printed and written nowhere."""
    before = PAGE.read_bytes()

    assert main(["--releases", "4", "--pairs", "0", "--jobs", "1", "--print"]) == 0
    assert "4 releases of one qubit of ibm_lima, seed 1" in capsys.readouterr().out
    assert PAGE.read_bytes() == before
