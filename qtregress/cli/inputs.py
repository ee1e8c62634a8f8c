"""What a command was not told: where the chip, the baseline and the versions are found."""

import os
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from qtregress.errors import InputError
from qtregress.files.git import is_revision

if TYPE_CHECKING:
    from qtregress.channels.memory import Store
    from qtregress.chip.chip import Chip
    from qtregress.files.documents import Loaded
    from qtregress.pipeline import Side
    from qtregress.pulses.profile import Profile
    from qtregress.thermal.scenario import Scenario
    from qtregress.thermal.workload import Workload

_REPORTED = ("qtregress", "numpy", "scipy", "qiskit", "qiskit-dynamics")


def environment() -> dict[str, str]:
    """Versions of what computes the numbers."""
    return {"python": platform.python_version(), **{name: version(name) for name in _REPORTED}}


def beside(profile: str, name: str) -> str:
    """The file ``name`` in the profile's folder, at the profile's revision if it has one."""
    if is_revision(profile):
        revision, _, path = profile.partition(":")
        here = "./" if path.startswith("./") else ""
        return f"{revision}:{here}{PurePosixPath(path).parent / name}"
    return str(Path(profile).parent / name)


def baseline_of(profile: str, device: str) -> Path:
    """``baselines/<device>.json`` below the repository that holds the profile.

    The nearest folder above the profile that has ``baselines``; at the profile's own
    revision if it has one, so that a change cannot bring its own baseline.
    """
    if is_revision(profile):
        return Path(f"{profile.partition(':')[0]}:baselines/{device}.json")
    folder = Path(os.path.abspath(profile)).parent  # noqa: PTH100  # keeps links as given
    for parent in (folder, *folder.parents):
        if (parent / "baselines").is_dir():
            return _near(parent / "baselines" / f"{device}.json")
    return Path("baselines") / f"{device}.json"


def _near(path: Path) -> Path:
    """The path relative to here where that is shorter, for messages and reports."""
    relative = os.path.relpath(path)
    return Path(relative) if not relative.startswith("..") else path


def store_of(*, cache: bool) -> "Store":
    """Where simulated gates are remembered, or nowhere."""
    from qtregress.channels.memory import NOTHING
    from qtregress.files.array_store import default_store
    from qtregress.files.code_identity import OwnStore, code_identity

    return OwnStore(store=default_store(), code=code_identity()) if cache else NOTHING


def load_workload(path: Path | None) -> "Workload":
    """The declared workload, or the shipped one."""
    from qtregress.files.documents import load
    from qtregress.thermal.workload import DEFAULT_WORKLOAD, Workload

    return load(path, Workload).value if path else DEFAULT_WORKLOAD


def side_of(profile: "Profile", chip: "Chip", workload: "Workload") -> "Side":
    """One side of a comparison, the workload's circuits read in the profile's gates.

    Raises:
        InputError: a circuit cannot be read, or not played with the profile's gates.
    """
    from qtregress.pipeline import Side
    from qtregress.thermal.use import NO_COUNTS

    counts = NO_COUNTS
    if workload.circuits:
        from qtregress.files.qasm import workload_counts

        counts = workload_counts(workload, profile)
    return Side(profile=profile, chip=chip, workload=workload, counts=counts)


def faulty(side: "Side", scenario: "Scenario | None", *, is_new: bool) -> "Side":
    """The side under the scenario; only a new release has its timing changes.

    Raises:
        InputError: a fault does not fit the chip or the workload.
    """
    from qtregress.thermal.scenario import faulty_chip, faulty_workload, late_profile

    if scenario is None:
        return side
    return replace(
        side,
        profile=late_profile(scenario, side.profile) if is_new else side.profile,
        chip=faulty_chip(scenario, side.chip),
        workload=faulty_workload(scenario, side.workload),
    )


def same_device(profile: "Loaded[Profile]", chip: "Loaded[Chip]") -> None:
    """Refuse a profile of another device.

    Raises:
        InputError: the devices differ.
    """
    if profile.value.device != chip.value.device:
        line = profile.line_of(("device",))
        msg = (
            f"{profile.path}:{line}: device must be {chip.value.device} as in {chip.path}, "
            f"but is {profile.value.device}"
        )
        raise InputError(msg)


def same_grid(old: "Loaded[Profile]", new: "Loaded[Profile]") -> None:
    """Refuse a release on another time grid.

    Raises:
        InputError: the grids differ.
    """
    if old.value.dt_ns != new.value.dt_ns:
        msg = (
            f"{new.path}:{new.line_of(('dt_ns',))}: dt_ns must be {old.value.dt_ns} as in "
            f"{old.path}, but is {new.value.dt_ns}: the chip's lines were fitted on that grid"
        )
        raise InputError(msg)
