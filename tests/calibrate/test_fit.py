"""The whole of ``chip fit-drive``."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from qtregress.calibrate.fit import fit_drive
from qtregress.chip.chip import Chip, DriveLine
from qtregress.files.documents import read
from qtregress.identity import digest
from qtregress.pulses.profile import Profile
from qtregress.run import in_order


@pytest.fixture(scope="module")
def chip(root: Path) -> Chip:
    """Qubits 0 and 1 of lima, uncoupled, their lines off and never fitted."""
    whole = read(root / "pulse_profiles" / "ibm_lima" / "chip.yaml", Chip)
    qubits = tuple(
        qubit.model_copy(
            update={"drive": qubit.drive.model_copy(update={"slope_dt": 0.0, "phase_rad": 0.0})}
        )
        for qubit in whole.qubits[:2]
    )
    return whole.model_copy(
        update={"qubits": qubits, "couplings": (), "control_channels": {}, "fit": None}
    )


@pytest.fixture(scope="module")
def profile(root: Path) -> Profile:
    """The x, sx and id of qubits 0 and 1 of lima."""
    whole = read(root / "pulse_profiles" / "ibm_lima" / "2021-03-14.yaml", Profile)
    gates = tuple(
        gate
        for gate in whole.gates
        if gate.name in ("x", "sx", "id") and set(gate.qubits) <= {0, 1}
    )
    return whole.model_copy(update={"gates": gates})


@pytest.fixture(scope="module")
def fitted(chip: Chip, profile: Profile) -> Chip:
    """The chip fitted once."""
    return fit_drive(chip, profile, in_order)


def last_first(function: Callable[[Any], Any], tasks: Sequence[Any], what: str) -> list[Any]:
    """A run that does the last task first and answers in order."""
    del what
    return [function(task) for task in reversed(tasks)][::-1]


def test_fit_is_deterministic(chip: Chip, profile: Profile, fitted: Chip) -> None:
    """Fitting the same chip on the same profile twice gives the same chip, to the bit."""
    assert fit_drive(chip, profile, in_order) == fitted


def test_fit_does_not_depend_on_the_order_of_work(
    chip: Chip, profile: Profile, fitted: Chip
) -> None:
    """However the run orders the work, the fitted chip is the same."""
    assert fit_drive(chip, profile, last_first) == fitted


def test_fit_makes_the_tables_gates_right(fitted: Chip) -> None:
    """After the fit every x and sx is within 1e-5 of its meaning."""
    assert fitted.fit is not None
    missed = {row.gate: row.residual for row in fitted.fit.gates if not row.gate.startswith("id")}

    assert set(missed) == {"x:0", "x:1", "sx:0", "sx:1"}
    assert max(missed.values()) < 1e-5


def test_fit_lists_every_gate(profile: Profile, fitted: Chip) -> None:
    """The record has a row for every fittable gate, in the table's order."""
    assert fitted.fit is not None

    assert [row.gate for row in fitted.fit.gates] == [gate.id for gate in profile.gates]


def test_fit_records_its_profile(profile: Profile, fitted: Chip) -> None:
    """The record carries the firmware's name and the profile's digest."""
    assert fitted.fit is not None

    assert (fitted.fit.firmware, fitted.fit.profile) == (profile.firmware, digest(profile))


def test_fitting_a_fitted_chip_changes_nothing_that_matters(profile: Profile, fitted: Chip) -> None:
    """A second fit, from the first one's lines, finds the same gains to 1e-8."""
    again = fit_drive(fitted, profile, in_order)

    gains = [[q.drive.rabi_hz_per_amp for q in one.qubits] for one in (again, fitted)]
    assert gains[0] == pytest.approx(gains[1], rel=1e-8)


def test_gains_only_finds_a_line_that_moved(profile: Profile, fitted: Chip) -> None:
    """Three times as strong, turned and off by 40 kHz: found from the gates, shape untouched."""
    moved = with_lines(fitted, 3.0, 0.4, 4e4)
    again = fit_drive(moved, profile, in_order, gains_only=True)

    for was, now in zip(fitted.qubits, again.qubits, strict=True):
        line, found = was.drive, now.drive
        assert found.rabi_hz_per_amp == pytest.approx(line.rabi_hz_per_amp, rel=1e-4)
        assert found.phase_rad == pytest.approx(line.phase_rad, abs=1e-4)
        assert found.frequency_offset_hz == pytest.approx(line.frequency_offset_hz, abs=500)
        assert shape(found) == shape(line)


def test_gains_only_of_one_gate_keeps_the_offset(profile: Profile, fitted: Chip) -> None:
    """An offset and a wrong DRAG look alike to x alone."""
    x_alone = profile.model_copy(
        update={"gates": tuple(gate for gate in profile.gates if gate.name != "sx")}
    )
    again = fit_drive(with_lines(fitted, 0.7, 0.1, 0.0), x_alone, in_order, gains_only=True)

    for was, now in zip(fitted.qubits, again.qubits, strict=True):
        assert now.drive.frequency_offset_hz == was.drive.frequency_offset_hz
        assert now.drive.rabi_hz_per_amp == pytest.approx(was.drive.rabi_hz_per_amp, rel=1e-3)


def with_lines(chip: Chip, factor: float, turn_rad: float, offset_hz: float) -> Chip:
    """The chip with every line moved."""
    qubits = []
    for qubit in chip.qubits:
        line = qubit.drive
        update = {
            "rabi_hz_per_amp": line.rabi_hz_per_amp * factor,
            "phase_rad": line.phase_rad + turn_rad,
            "frequency_offset_hz": line.frequency_offset_hz + offset_hz,
        }
        qubits.append(qubit.model_copy(update={"drive": line.model_copy(update=update)}))
    return chip.model_copy(update={"qubits": tuple(qubits)})


def shape(line: DriveLine) -> tuple[float, ...]:
    """What never moves with a line."""
    return line.slope_dt, line.compression_am, line.compression_pm, line.compression_at
