"""Fitting lines: what a table's gates are made to mean."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtregress.calibrate.drive import (
    ONE_QUBIT_LIMIT,
    PAIR_LIMIT,
    PairFit,
    fit_line,
    fit_pair,
    fittable,
    gate_fit,
    pair_gates,
    with_line,
    with_pair,
)
from qtregress.chip.chip import Chip, Coupling, DriveLine
from qtregress.files.documents import read
from qtregress.identity import digest
from qtregress.pulses.profile import Gate, Profile, ShapedPulse

RELEASES = {"lima": "2021-03-14", "nairobi": "2024-05-27", "manila": "2024-05-27"}
FITTED = (
    "phase_rad",
    "slope_dt",
    "compression_am",
    "compression_pm",
)


@cache
def chip_of(root: Path, name: str) -> Chip:
    """A shipped chip with its lines fitted."""
    return read(root / "pulse_profiles" / f"ibm_{name}" / "chip.yaml", Chip)


@cache
def profile_of(root: Path, name: str) -> Profile:
    """The release on which that chip's lines were fitted."""
    return read(root / "pulse_profiles" / f"ibm_{name}" / f"{RELEASES[name]}.yaml", Profile)


@pytest.fixture
def chip(root: Path) -> Chip:
    """Lima with its lines fitted."""
    return chip_of(root, "lima")


@pytest.fixture
def profile(root: Path) -> Profile:
    """The release on which lima was fitted."""
    return profile_of(root, "lima")


def moved(chip: Chip, index: int, changes: dict[str, float]) -> Chip:
    """The chip with some numbers of one line replaced."""
    return with_line(chip, index, chip.qubit(index).drive.model_copy(update=changes))


def halved(profile: Profile, gate_id: str) -> Profile:
    """The release with one gate played at half its amplitude."""
    return profile.model_copy(
        update={
            "gates": tuple(_halved(gate) if gate.id == gate_id else gate for gate in profile.gates)
        }
    )


def _halved(gate: Gate) -> Gate:
    rows = tuple(
        row.model_copy(update={"amp": row.amp / 2}) if isinstance(row, ShapedPulse) else row
        for row in gate.pulses
    )
    return gate.model_copy(update={"pulses": rows})


def assert_same_line(found: DriveLine, expected: DriveLine) -> None:
    """Both lines have the same gain to 1e-6 and the same shape."""
    assert found.rabi_hz_per_amp == pytest.approx(expected.rabi_hz_per_amp, rel=1e-6)
    assert found.frequency_offset_hz == pytest.approx(expected.frequency_offset_hz, abs=10.0)
    for name in FITTED:
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-5)


@pytest.mark.parametrize("qubit", range(5))
def test_line_with_a_wrong_gain_is_found_again(qubit: int, chip: Chip, profile: Profile) -> None:
    """A line whose gain is 0.3 % off is fitted back to where its table's gates are right."""
    line = chip.qubit(qubit).drive
    off = moved(chip, qubit, {"rabi_hz_per_amp": 1.003 * line.rabi_hz_per_amp})

    assert_same_line(fit_line(off, profile, qubit), line)


@pytest.mark.parametrize(
    "changes",
    [
        {"slope_dt": 0.0},
        {"frequency_offset_hz": 5e4},
        {"compression_am": 0.0, "compression_pm": 0.0},
        {"phase_rad": 0.2},
    ],
)
def test_fit_does_not_depend_on_the_line_it_starts_from(
    changes: dict[str, float], chip: Chip, profile: Profile
) -> None:
    """Whatever a line's fitted numbers were, fitting it again gives the same line."""
    assert_same_line(fit_line(moved(chip, 0, changes), profile, 0), chip.qubit(0).drive)


def test_table_of_another_gain_fits_another_gain(chip: Chip, profile: Profile) -> None:
    """A table played 0.3 % louder belongs to a line of 0.3 % less gain."""
    louder = profile.model_copy(update={"gates": tuple(_louder(gate) for gate in profile.gates)})
    # the line bends at its own peak: louder samples meet a bend that lies higher
    peak = 1.003 * chip.qubit(0).drive.compression_at

    found = fit_line(moved(chip, 0, {"compression_at": peak}), louder, 0)

    expected = chip.qubit(0).drive.rabi_hz_per_amp / 1.003
    assert found.rabi_hz_per_amp == pytest.approx(expected, rel=1e-6)


def _louder(gate: Gate) -> Gate:
    rows: list[Any] = [
        row.model_copy(update={"amp": 1.003 * row.amp})
        if isinstance(row, ShapedPulse) and row.channel[0] == "d"
        else row
        for row in gate.pulses
    ]
    return gate.model_copy(update={"pulses": tuple(rows)})


def test_fit_leaves_what_it_cannot_see(chip: Chip, profile: Profile) -> None:
    """Attenuators, kappa and the film are no business of the fit."""
    found = fit_line(chip, profile, 0)

    kept = {"kappa_ext_hz", "attenuators", "film", "compression_at"}
    assert found.model_dump(include=kept) == chip.qubit(0).drive.model_dump(include=kept)


@pytest.mark.parametrize("missing", ["x:0", "sx:0"])
def test_line_without_both_gates_is_left_alone(missing: str, chip: Chip, profile: Profile) -> None:
    """Where a qubit's x or sx is missing its line stays as it is."""
    gates = tuple(gate for gate in profile.gates if gate.id != missing)

    found = fit_line(chip, profile.model_copy(update={"gates": gates}), 0)

    assert found == chip.qubit(0).drive


def test_only_the_lines_own_qubit_changes(chip: Chip) -> None:
    """Replacing one qubit's line leaves the others' alone."""
    changed = moved(chip, 2, {"rabi_hz_per_amp": 1e8})

    differing = [q.index for q in chip.qubits if changed.qubit(q.index) != q]
    assert differing == [2]


@pytest.mark.parametrize("name", sorted(RELEASES))
def test_shipped_residuals_are_those_of_the_shipped_model(name: str, root: Path) -> None:
    """Every one-qubit residual in a shipped chip is what its model now gives, to 1e-9."""
    chip, profile = chip_of(root, name), profile_of(root, name)
    assert chip.fit is not None
    recorded = {
        row.gate: row.residual for row in chip.fit.gates if row.gate.startswith(("x:", "sx:"))
    }

    found = {gate: gate_fit(chip, profile, profile.by_id[gate]).residual for gate in recorded}

    assert found == pytest.approx(recorded, rel=0, abs=1e-9)


@pytest.mark.parametrize("name", sorted(RELEASES))
def test_shipped_fit_names_its_release(name: str, root: Path) -> None:
    """A shipped chip's fit carries the digest of the release beside it."""
    fit = chip_of(root, name).fit

    assert fit is not None
    assert fit.profile == digest(profile_of(root, name))


@pytest.mark.parametrize("name", ["x", "sx"])
def test_real_gate_is_fitted(name: str, chip: Chip, profile: Profile) -> None:
    """A gate that the fitted line makes right is fitted."""
    assert gate_fit(chip, profile, profile.by_id[f"{name}:0"]).status == "fitted"


@pytest.mark.parametrize("gate", ["x:0", "cx:0-1"])
def test_impossible_gate_is_unfitted(gate: str, chip: Chip, profile: Profile) -> None:
    """A gate at half its amplitude is not what its name says: unfitted."""
    broken = halved(profile, gate)

    found = gate_fit(chip, broken, broken.by_id[gate])

    assert found.status == "unfitted"
    assert found.residual > max(ONE_QUBIT_LIMIT, PAIR_LIMIT)


def test_no_fit_makes_an_impossible_gate_right(chip: Chip, profile: Profile) -> None:
    """Refitting the line to an x at half amplitude leaves x or sx unfitted."""
    broken = halved(profile, "x:0")
    refitted = with_line(chip, 0, fit_line(chip, broken, 0))

    found = [gate_fit(refitted, broken, broken.by_id[gate]).status for gate in ("x:0", "sx:0")]

    assert "unfitted" in found


def test_known_gates_on_known_lines_are_fittable(chip: Chip, profile: Profile) -> None:
    """Gates with a meaning are fitted; virtual Z and readout are not."""
    names = {gate.name for gate in fittable(chip, profile)}

    assert names == {"id", "x", "sx", "cx"}


def test_pair_gates_are_of_both_directions(chip: Chip, profile: Profile) -> None:
    """A pair is fitted on its gates of both directions."""
    found = [gate.id for gate in pair_gates(profile, chip, (1, 0))]

    assert sorted(found) == ["cx:0-1", "cx:1-0"]


def test_pair_replaces_its_own_coupling_only(chip: Chip) -> None:
    """A pair's fit replaces that pair's coupling, named in either order, and no other."""
    fit = PairFit(coupling=Coupling(qubits=(1, 0), j_hz=1e6), controls={})

    found = [coupling.j_hz for coupling in with_pair(chip, fit).couplings]

    assert found == [1e6, *(coupling.j_hz for coupling in chip.couplings[1:])]


def test_uncoupled_pair_is_not_fitted(chip: Chip, profile: Profile) -> None:
    """A pair whose coupling is zero has nothing to fit."""
    couplings = tuple(c.model_copy(update={"j_hz": 0.0}) for c in chip.couplings)

    assert fit_pair(chip.model_copy(update={"couplings": couplings}), profile, (0, 1)) is None


def test_pair_without_gates_is_not_fitted(chip: Chip, profile: Profile) -> None:
    """A pair that no gate plays on has nothing to fit."""
    gates = tuple(gate for gate in profile.gates if gate.name != "cx")

    assert fit_pair(chip, profile.model_copy(update={"gates": gates}), (0, 1)) is None


@pytest.mark.slow
def test_pair_is_found_again(chip: Chip, profile: Profile) -> None:
    """A pair with J 20 % off and a cross drive turned round is fitted as well as shipped."""
    control = chip.control_channels["u0"].model_copy(update={"phase_rad": 0.0})
    off = with_pair(
        chip,
        PairFit(
            coupling=chip.couplings[0].model_copy(update={"j_hz": 1.2 * chip.couplings[0].j_hz}),
            controls={"u0": control},
        ),
    )
    cx = profile.by_id["cx:0-1"]

    fit = fit_pair(off, profile, (0, 1))

    assert fit is not None
    shipped = gate_fit(chip, profile, cx).residual
    assert gate_fit(with_pair(off, fit), profile, cx).residual <= 1.1 * shipped
    assert np.isclose(fit.coupling.j_hz, chip.couplings[0].j_hz, rtol=0.02)


@pytest.mark.slow
def test_a_cross_drive_is_found_again_with_j_held(chip: Chip, profile: Profile) -> None:
    """Gains only: a cross drive turned round is fitted as well as shipped, and J stays."""
    control = chip.control_channels["u0"].model_copy(update={"phase_rad": 0.0, "gain_ratio": 1.2})
    off = with_pair(chip, PairFit(coupling=chip.couplings[0], controls={"u0": control}))
    cx = profile.by_id["cx:0-1"]

    fit = fit_pair(off, profile, (0, 1), is_j_free=False)

    assert fit is not None
    shipped = gate_fit(chip, profile, cx).residual
    assert gate_fit(with_pair(off, fit), profile, cx).residual <= 1.1 * shipped
    assert fit.coupling == chip.couplings[0]
