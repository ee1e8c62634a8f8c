"""Shipped devices, toy chips with closed-form answers, and the engines side by side."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels.fast import RatedMap
from qtregress.channels.problem import bath_of, gate_problem
from qtregress.chip.chip import Chip, ControlChannel, Coupling, DriveLine, Qubit
from qtregress.files.documents import read
from qtregress.pulses.profile import Gate, Profile
from tests.channels.cases import Case, Cases, Device, Devices

Complex = NDArray[np.complex128]

RELEASES = {"lima": "2021-03-14", "nairobi": "2024-05-27", "manila": "2024-05-27"}
DT_NS = 2 / 9
FREQUENCIES_HZ = (5.0e9, 5.1e9)


@pytest.fixture(scope="session")
def device(root: Path) -> Devices:
    """A shipped device by its short name."""

    @cache
    def load(name: str) -> Device:
        folder = root / "pulse_profiles" / f"ibm_{name}"
        return Device(
            chip=read(folder / "chip.yaml", Chip),
            profile=read(folder / f"{RELEASES[name]}.yaml", Profile),
        )

    return load


@pytest.fixture(scope="session")
def answers(device: Devices) -> Callable[..., tuple[RatedMap, Complex]]:
    """Both engines' answers for one gate at start phase zero, each made once.

    One carrier is exact at any number of steps a sample; two need the reference's own two at
    least.
    """

    @cache
    def ask(
        name: str,
        gate_id: str,
        levels: int = 4,
        t2_s: float | None = None,
        steps_per_sample: int | None = None,
    ) -> tuple[RatedMap, Complex]:
        case = device(name).gate(gate_id, levels=levels, t2_s=t2_s)
        steps = steps_per_sample or len(case.problem.qubits)
        return case.fast(), case.reference(steps_per_sample=steps)

    return ask


@pytest.fixture
def state(record_property: Callable[[str, object], None]) -> Callable[[str, float], None]:
    """Puts a figure on record: in the test's output and in the JUnit report."""

    def write(what: str, value: float) -> None:
        record_property(what, f"{value:.3g}")
        sys.stdout.write(f"{what}: {value:.3g}\n")

    return write


def toy_chip(  # noqa: PLR0913  a keyword for each thing a test varies
    *,
    qubits: int = 1,
    t1_s: float = 100e-6,
    t2_s: float = 120e-6,
    photons: float = 0.0,
    offset_hz: float = 0.0,
    rabi_hz: float = 1e6,
    anharmonicity_hz: float = -330e6,
    j_hz: float = 3e6,
    control: ControlChannel | None = None,
) -> Chip:
    """Transmons at 5.0 and 5.1 GHz with ideal lines, coupled if there are two."""
    line = DriveLine(
        rabi_hz_per_amp=rabi_hz,
        frequency_offset_hz=offset_hz,
        kappa_ext_hz=53.0,
        attenuators=(),
    )
    made = [
        Qubit(
            index=index,
            frequency_hz=FREQUENCIES_HZ[index],
            anharmonicity_hz=anharmonicity_hz,
            t1_s=t1_s,
            t2_s=t2_s,
            residual_photons=photons,
            drive=line,
        )
        for index in range(qubits)
    ]
    return Chip(
        format="qtregress/chip@1",
        device="toy",
        qubits=tuple(made),
        couplings=(Coupling(qubits=(0, 1), j_hz=j_hz),) if qubits > 1 else (),
        control_channels={"u0": control or ControlChannel(qubit=0, frequency_of=1)}
        if qubits > 1
        else {},
    )


def toy_profile(*gates: Gate) -> Profile:
    """A release of these gates, played on resonance."""
    return Profile(
        format="qtregress/profile@1",
        device="toy",
        firmware="1",
        dt_ns=DT_NS,
        drive_frequency_hz={"d0": FREQUENCIES_HZ[0], "d1": FREQUENCIES_HZ[1]},
        gates=gates,
    )


@pytest.fixture(scope="session")
def make_chip() -> Callable[..., Chip]:
    """The function that makes a toy chip."""
    return toy_chip


@pytest.fixture(scope="session")
def make_profile() -> Callable[..., Profile]:
    """The function that makes a toy release."""
    return toy_profile


@pytest.fixture(scope="session")
def make_case() -> Cases:
    """The function that puts one gate to a toy chip, see ``toy_chip`` for what may vary."""

    def make(gate: Gate, *, levels: int = 2, **chip: Any) -> Case:
        made = toy_chip(qubits=len(gate.qubits), **chip)
        return Case(
            problem=gate_problem(gate, toy_profile(gate), made, levels=levels),
            bath=bath_of(made, gate.qubits, {}, levels),
        )

    return make
