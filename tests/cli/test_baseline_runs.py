"""What ``qtregress baseline`` measures: one qubit of ibm_lima, simulated once."""

from pathlib import Path

import pytest

from qtregress.baseline.ledger import propose
from qtregress.baseline.record import Baseline
from qtregress.baseline.sampled import recorded_decay
from qtregress.cli.baseline_runs import (
    Asked,
    Release,
    measured_release,
    recorded_profile,
    rules,
    rules_digest,
)
from qtregress.errors import BaselineError
from qtregress.files.baseline_store import read_baseline
from qtregress.files.documents import dump
from qtregress.identity import digest
from qtregress.pulses.profile import Profile
from tests import small

ONE = small.small(0)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The qubit measured, with sampled benchmarking."""
    folder = tmp_path_factory.mktemp("device")
    small.write_device(folder, ONE)
    asked = Asked(chip=None, workload=None, policy=None, jobs=1, sampled=True)
    return measured_release(folder / "device" / "old.yaml", asked)


def test_the_origin_is_what_was_measured(release: Release) -> None:
    """Digests of the profile, of the chip beside it and of the shipped rules."""
    assert (release.origin.profile_digest, release.origin.chip_digest) == (
        digest(ONE.profile),
        digest(ONE.chip),
    )
    assert release.origin.policy_digest == rules_digest(rules(None))


def test_margins_of_errors_are_shares_of_what_hardware_measured(release: Release) -> None:
    """Not of the modelled value; heat is a share of itself and has no scale of its own."""
    measured = ONE.chip.measured_error("x:0")

    assert release.found.scales["gate.error/x:0"] == measured
    assert "heat.line_energy_j/x:0@d0" not in release.found.scales


def test_recorded_sequences_are_those_of_a_check(release: Release) -> None:
    """Seed, shots and number of its last look."""
    sampling = rules(None).sampling
    (record,) = release.found.sampled
    plan = recorded_decay(record).plan

    assert plan is not None
    assert (plan.seed, plan.shots, plan.sequences) == (
        *(0, 1024, sampling.looks * sampling.sequences_per_look),
    )


def profiles(folder: Path) -> Path:
    """``pulse_profiles/ibm_lima`` with a chip and two releases."""
    made = folder / "pulse_profiles" / "ibm_lima"
    made.mkdir(parents=True)
    (made / "chip.yaml").write_text(dump(ONE.chip), encoding="utf-8")
    (made / "a.yaml").write_text(dump(small.louder(ONE.profile, 0.1, "d0")), encoding="utf-8")
    (made / "b.yaml").write_text(dump(ONE.profile), encoding="utf-8")
    return made


def test_the_recorded_release_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it holds, whatever its file is called; a named file must hold it, too."""
    folder = profiles(tmp_path)
    monkeypatch.chdir(tmp_path)
    here = folder.relative_to(tmp_path)

    assert recorded_profile("ibm_lima", digest(ONE.profile), None) == here / "b.yaml"
    assert recorded_profile("ibm_lima", digest(ONE.profile), folder / "b.yaml").name == "b.yaml"
    with pytest.raises(BaselineError, match="is not the release that the baseline records"):
        recorded_profile("ibm_lima", digest(ONE.profile), folder / "a.yaml")
    with pytest.raises(BaselineError, match="no profile is the release"):
        recorded_profile("ibm_lima", f"sha256:{'0' * 64}", None)


def follows(folder: Path, new: Profile) -> tuple[Release, Baseline]:
    """A release measured beside the approved one, and what accepting it would leave."""
    (folder / "baselines").mkdir()
    small.with_baseline(folder, ONE)
    approved = read_baseline(folder / "baselines" / f"{ONE.profile.device}.json")
    path = folder / "device" / "new.yaml"
    path.write_text(dump(new), encoding="utf-8")
    asked = Asked(chip=None, workload=None, policy=None, jobs=1, sampled=False)
    release = measured_release(path, asked, store=folder / "baselines")
    return release, propose(
        release.origin, release.found, previous=approved, created="", reason="Next."
    )


def test_a_recalibration_spends_no_budget(tmp_path: Path) -> None:
    """A line 0.3 % louder, as its prior allows: the error's value moves, its drift does not."""
    release, after = follows(tmp_path, small.louder(ONE.profile, 0.003, "d0"))
    margin = 0.1 * (ONE.chip.measured_error("x:0") or 0.0)

    assert abs(release.found.changes["gate.error/x:0"]) < 0.01 * margin
    assert abs(after.spent.get("gate.error/x:0", 0.0)) < 0.01 * margin
    assert after.spent["heat.line_energy_j/x:0@d0"] > 0


def test_an_edit_spends_what_it_moved(tmp_path: Path) -> None:
    """DRAG's sign is no recalibration: nothing is taken out."""
    release, after = follows(tmp_path, small.flipped_drag(ONE.profile, "x:0", "sx:0"))

    assert release.found.changes == {}
    assert after.spent["gate.error/x:0"] > 1e-5
