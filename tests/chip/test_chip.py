"""The chip document: numbers that no device can have are refused where they are read."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from qtregress.chip.chip import Chip, DriveCrosstalk
from qtregress.chip.cryostat import BUILT_IN
from qtregress.identity import digest
from tests import small

LIMA = small.lima().chip
FLUX = {"ampere_per_amp": 1e-3, "resistance_ohm": {"mxc": 1.0}}
BATH = {"fraction": 1e-8}
DRIVE = ("qubits", 0, "drive")
READOUT = ("qubits", 0, "readout")
FILM = (*DRIVE, "film")
STAGE = ("cryostat", "stages", 0)

BOUNDS: list[tuple[tuple[str | int, ...], float | None, float | None]] = [
    ((*DRIVE, "attenuators", 0, "attenuation_db"), 0.0, 200.0),
    ((*READOUT, "attenuators", 0, "attenuation_db"), 0.0, 200.0),
    ((*FILM, "body_w_per_k4"), 1e-12, 1e6),
    ((*FILM, "volume_m3"), 1e-24, 1e-3),
    ((*FILM, "sigma_w_m3_k5"), 1e3, 1e15),
    ((*FILM, "gamma_j_m3_k2"), 1e-6, 1e9),
    ((*FILM, "body_s"), 1e-9, 1e3),
    ((*STAGE, "temperature_k"), 1e-4, 1e3),
    ((*STAGE, "unloaded_k"), 1e-4, 1e3),
    ((*STAGE, "cooling_power_w"), 1e-12, 1e6),
    ((*STAGE, "heat_capacity_j_per_k2"), 1e-12, 1e9),
    ((*STAGE, "passive_w", "drive"), 0.0, 1e6),
    ((*STAGE, "passive_w", "readout"), 0.0, 1e6),
    ((*STAGE, "passive_w", "output"), 0.0, 1e6),
    ((*STAGE, "passive_w", "flux"), 0.0, 1e6),
    (("cryostat", "links", 0, "w_per_k"), 0.0, 1e6),
    (("thermal_links", 0, "w_per_k4"), 0.0, 1e6),
    (("qubits", 0, "flux", "ampere_per_amp"), None, 1e3),
    (("qubits", 0, "flux", "bias_a"), -1e3, 1e3),
    (("qubits", 0, "flux", "resistance_ohm", "mxc"), 0.0, 1e9),
    ((*DRIVE, "kappa_ext_hz"), 1e-9, 1e9),
    ((*DRIVE, "rabi_hz_per_amp"), 1.0, 1e12),
    ((*DRIVE, "slope_dt"), -1e4, 1e4),
    ((*DRIVE, "compression_am"), -1e3, 1e3),
    ((*DRIVE, "compression_pm"), -1e3, 1e3),
    ((*DRIVE, "frequency_offset_hz"), -1e9, 1e9),
    ((*READOUT, "kappa_hz"), 1.0, 1e9),
    ((*READOUT, "chi_hz"), -1e9, 1e9),
    ((*READOUT, "photons"), None, 1e9),
    ((*READOUT, "photons_at"), 1e-9, 1.0),
    (("qubits", 0, "residual_photons"), 0.0, 1e3),
    (("qubits", 0, "slow_noise_hz"), 0.0, 1e9),
    (("qubits", 0, "quasiparticles", "temperature_k"), 1e-3, 10.0),
    (("qubits", 0, "quasiparticles", "fraction"), 0.0, 1.0),
    (("qubits", 0, "spectrum", "exponent"), None, 10.0),
    (("couplings", 0, "j_hz"), -1e9, 1e9),
    (("couplings", 0, "j_uncertainty_hz"), 0.0, 1e9),
]


def changed(path: Sequence[str | int], value: float) -> Chip:
    """Lima with everything that a chip may have, and one of its numbers another."""
    data = json.loads(LIMA.model_dump_json())
    data["cryostat"] = json.loads(BUILT_IN["krinner-2019-xld"].model_dump_json())
    data["qubits"][0] |= {
        "flux": dict(FLUX) | {"resistance_ohm": {"mxc": 1.0}},
        "quasiparticles": dict(BATH),
        "spectrum": {"kind": "one_over_f"},
    }
    *parents, last = path
    part: Any = data
    for key in parents:
        part = part[key]
    part[last] = value
    return Chip.model_validate_json(json.dumps(data))


@pytest.mark.parametrize(("path", "low", "high"), BOUNDS, ids=str)
def test_numbers_stay_within_what_a_device_can_have(
    path: tuple[str | int, ...], low: float | None, high: float | None
) -> None:
    """Both bounds are allowed, what lies beyond is refused with the number's own name."""
    for bound, away in ((low, -1), (high, 1)):
        if bound is None:
            continue
        changed(path, bound)
        beyond = bound + away * (1e-3 * abs(bound) or 1e-30)
        with pytest.raises(ValidationError, match=str(path[-1])):
            changed(path, beyond)


def leaking(*rows: dict[str, float]) -> Chip:
    """Lima read from a file with that drive crosstalk."""
    data = json.loads(LIMA.model_dump_json()) | {"drive_crosstalk": list(rows)}
    return Chip.model_validate_json(json.dumps(data))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"from_qubit": 1, "to_qubit": 1, "re": 0.1}, "must be another qubit than from_qubit"),
        ({"from_qubit": 0, "to_qubit": 1, "re": 0.8, "im": -0.8}, "at most 1, but is 1.13137"),
        ({"from_qubit": 0, "to_qubit": 1, "re": 1.1}, "less than or equal to 1"),
        ({"from_qubit": 0, "to_qubit": 9, "re": 0.1}, "known qubits, but name 9"),
        ({"from_qubit": 0, "to_qubit": 1}, "re"),
    ],
)
def test_crosstalk_that_no_chip_has_is_refused(row: dict[str, float], why: str) -> None:
    """A drive does not leak to its own qubit, to unknown ones, or more than all of itself."""
    with pytest.raises(ValidationError, match=why):
        leaking(row)


def test_crosstalk_of_a_pair_is_given_once_a_way() -> None:
    """Either drive may reach the other qubit; two shares of one drive contradict each other."""
    there, back = ({"from_qubit": a, "to_qubit": 1 - a, "re": 0.1} for a in (0, 1))

    assert len(leaking(there, back).drive_crosstalk) == 2
    with pytest.raises(ValidationError, match="must name a pair once, but repeats 0 to 1"):
        leaking(there, back, there)


def test_crosstalk_survives_the_file_and_a_chip_without_it_keeps_its_digest() -> None:
    """Baselines name a chip by its digest, which must not move where nothing was added."""
    chip = leaking({"from_qubit": 0, "to_qubit": 1, "re": 0.1, "im": -0.2})

    assert chip.drive_crosstalk == (DriveCrosstalk(from_qubit=0, to_qubit=1, re=0.1, im=-0.2),)
    assert Chip.model_validate_json(chip.model_dump_json()) == chip
    assert digest(chip) != digest(LIMA)
    assert "drive_crosstalk" not in LIMA.model_dump()
