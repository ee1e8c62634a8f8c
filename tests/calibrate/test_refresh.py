"""``chip update``: today's calibration behind yesterday's lines."""

from pathlib import Path

import pytest

from qtregress.calibrate.refresh import refreshed
from qtregress.chip.chip import Chip, MeasuredGateError, Qubit
from qtregress.cli.main import main
from qtregress.errors import InputError
from qtregress.files.documents import dump, load
from qtregress.files.ibm_backend import read_ibm_backend
from qtregress.pulses.profile import Profile
from tests import small


@pytest.fixture(scope="module")
def chip() -> Chip:
    """ibm_lima as fitted on 2021-03-14."""
    return small.lima().chip


@pytest.fixture(scope="module")
def next_day(root: Path) -> Chip:
    """What ibm_lima measured on the next day."""
    return read_ibm_backend(root / "tests" / "fixtures" / "ibm" / "lima_2021-03-15").chip


def with_qubit(chip: Chip, qubit: Qubit) -> Chip:
    """The chip with this qubit in place of the one of its index."""
    rows = tuple(qubit if row.index == qubit.index else row for row in chip.qubits)
    return chip.model_copy(update={"qubits": rows})


def test_the_state_moves_and_the_lines_stay(chip: Chip, next_day: Chip) -> None:
    """T1, T2, frequency and resonator are today's, all wiring and the fit as before."""
    found = refreshed(chip, next_day).chip

    for before, today, after in zip(chip.qubits, next_day.qubits, found.qubits, strict=True):
        assert (after.t1_s, after.t2_s) == (today.t1_s, today.t2_s)
        assert after.frequency_hz == today.frequency_hz
        assert after.readout.frequency_hz == today.readout.frequency_hz
        assert after.readout.attenuators == before.readout.attenuators
        assert after.drive == before.drive
    for name in ("couplings", "control_channels", "thermal_links", "cryostat", "fit"):
        assert getattr(found, name) == getattr(chip, name)
    assert found.calibrated == next_day.calibrated


def test_every_move_is_listed_and_nothing_else(chip: Chip, next_day: Chip) -> None:
    """Old and new value of each number that moved; the same source again moves none."""
    found = refreshed(chip, next_day)
    move = next(row for row in found.moves if (row.subject, row.field) == ("0", "t1_s"))

    assert (move.old, move.new) == (chip.qubit(0).t1_s, next_day.qubit(0).t1_s)
    assert refreshed(found.chip, next_day).moves == ()


def test_gate_errors_are_todays_with_their_dates(chip: Chip, next_day: Chip) -> None:
    """Those that the source does not give are kept."""
    extra = MeasuredGateError(gate="x:4", error=0.25, date="2021-01-01")
    rows = tuple(row for row in next_day.measured_errors if row.gate != "x:4")
    others = tuple(row for row in chip.measured_errors if row.gate != "x:4")
    found = refreshed(
        chip.model_copy(update={"measured_errors": (*others, extra)}),
        next_day.model_copy(update={"measured_errors": rows}),
    ).chip

    assert set(rows) <= set(found.measured_errors)
    assert extra in found.measured_errors


def test_what_the_source_only_assumes_moves_nothing(chip: Chip, next_day: Chip) -> None:
    """An assumed anharmonicity is no measurement; a measured one lifts the assumption."""
    field = "qubits[0].anharmonicity_hz"
    odd = next_day.qubit(0).model_copy(update={"anharmonicity_hz": -1e8})
    guess = with_qubit(next_day, odd).model_copy(update={"assumed": (field,)})
    found = refreshed(chip, guess)

    assert found.chip.qubit(0).anharmonicity_hz == chip.qubit(0).anharmonicity_hz
    assert "qubit 0: the source does not give anharmonicity_hz; it is kept" in found.kept
    assumed = chip.model_copy(update={"assumed": (*chip.assumed, field)})
    assert field not in refreshed(assumed, next_day).chip.assumed
    assert field in refreshed(assumed, guess).chip.assumed


def test_a_qubit_that_the_source_lacks_is_named(chip: Chip, next_day: Chip) -> None:
    """It keeps all its values."""
    fewer = next_day.model_copy(update={"qubits": next_day.qubits[1:]})
    found = refreshed(chip, fewer)

    assert found.chip.qubit(0) == chip.qubit(0)
    assert found.kept == ("qubit 0: the source does not know it; all of it is kept",)


def test_t2_stays_physical(chip: Chip, next_day: Chip) -> None:
    """A new T1 may be too short for a T2 that is kept."""
    short = next_day.qubit(0).model_copy(update={"t1_s": 1e-6})
    source = with_qubit(next_day, short).model_copy(update={"assumed": ("qubits[0].t2_s",)})
    found = refreshed(chip, source)

    assert found.chip.qubit(0).t2_s == 2e-6
    assert "qubit 0: T2 is clamped to 2 T1 = 2 us" in found.kept


def test_another_device_is_refused(chip: Chip, next_day: Chip) -> None:
    """Its numbers say nothing of this one."""
    other = next_day.model_copy(update={"device": "ibm_oslo"})

    with pytest.raises(InputError, match="must be of ibm_lima as the chip is, but is of ibm_oslo"):
        refreshed(chip, other)


def test_the_command_rewrites_the_chip(
    root: Path, chip: Chip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table of what moved, and the new chip."""
    path = tmp_path / "chip.yaml"
    path.write_text(dump(chip), encoding="utf-8")
    source = root / "tests" / "fixtures" / "ibm" / "lima_2021-03-15"

    assert main(["chip", "update", str(path), "--from", "ibm-backend", str(source)]) == 0
    printed = capsys.readouterr().out
    assert "frequency_hz" in printed
    assert "numbers moved" in printed
    assert load(path, Chip).value.calibrated == read_ibm_backend(source).chip.calibrated


def test_the_command_reads_qibolab(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """tuna5 of another day; what that day does not say is told on standard error."""
    chip = root / "pulse_profiles" / "tuna5" / "chip-2026-07-31.yaml"
    source = root / "tests" / "fixtures" / "qibolab" / "tuna5" / "2026-07-28_8c106253"
    target = tmp_path / "new.yaml"
    words = ["chip", "update", str(chip), "--from", "qibolab", str(source), "-o", str(target)]

    assert main([*words, "--quiet"]) == 0
    found = load(target, Chip).value
    assert found.qubit(1).frequency_hz == 5466927035.0
    assert found.qubit(1).drive == load(chip, Chip).value.qubit(1).drive
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "does not give anharmonicity_hz" in printed.err


def test_options_of_qibolab_alone(root: Path, tmp_path: Path) -> None:
    """A date for a source that has its own is a mistake."""
    words = ["chip", "update", str(tmp_path / "c.yaml"), "--from", "ibm-backend", str(root)]

    assert main([*words, "--date", "2026-01-01"]) == 2


def test_the_shipped_states_of_tuna5(root: Path) -> None:
    """One chip in three states: each fitted to its day's profile, its lines' shapes the first's."""
    folder = root / "pulse_profiles" / "tuna5"
    first = load(folder / "chip.yaml", Chip).value
    names = {"2026-07-28": "chip", "2026-07-31": "chip-2026-07-31", "2026-08-03": "chip-2026-08-03"}
    for date, name in names.items():
        chip = load(folder / f"{name}.yaml", Chip).value
        assert chip.calibrated == date
        assert chip.fit is not None
        assert chip.fit.profile == load(folder / f"{date}.yaml", Profile).digest
        for qubit in chip.qubits:
            assert qubit.drive.slope_dt == first.qubit(qubit.index).drive.slope_dt

    assert first.fit is not None
    assert {row.status for row in first.fit.gates} == {"fitted"}
