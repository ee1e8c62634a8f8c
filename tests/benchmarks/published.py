"""Published figures beside ours: `make published`. Exit status 1 if one is off.

Every row puts a number that somebody printed next to the one this project calculates with the
functions that judge a release, and how far apart they may be. Numbers marked "by hand" follow
from a published level by a formula that needs no program; the others are the source's own.
"""

import math
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from qtregress.chip.chip import Attenuator, DriveLine, FluxLine, Qubit
from qtregress.chip.cryostat import BUILT_IN, KRINNER_2019_XLD
from qtregress.thermal.dissipation import bias_heat_w, chip_energy_j, chip_power_w, stack_heat
from qtregress.thermal.noise import cascade_photons, photon_dephasing
from qtregress.thermal.plates import (
    passive_load_w,
    plate_load_w,
    plate_temperature_k,
    relaxation_s,
    steady,
    unloaded_temperatures_k,
    utilization,
)
from qtregress.thermal.plates_over_time import Segment, periodic, transient
from qtregress.units import HBAR_J_S, angular

PADS = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in ("4k", "cp", "mxc"))
KRINNER = "Krinner 2019, arXiv:1806.07862"
LINES = {"drive": 50, "flux": 50, "readout": 16, "output": 8}
"""Krinner's 50 qubits: drive and flux lines, 8 inputs and 8 pumps, 8 outputs."""
PULSE_DBM, DUTY, BIAS_A = -71.0, 0.33, 1e-3
BUDGET_S = 5.0
"""A transient of 50 000 points may take so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A published figure and ours.

    Attributes:
        figure: what it is, with its unit.
        published: the source's number.
        ours: what this project calculates.
        within: by which share ours may be larger, or the source's larger than ours.
        source: who printed it, or by what formula it follows from published levels.
        differs: why the two are known to differ; such a row is shown and decides nothing.
    """

    figure: str
    published: float
    ours: float
    within: float
    source: str
    differs: str = ""

    @property
    def is_printed(self) -> bool:
        """Whether a source printed it, rather than that it follows by hand."""
        return self.source.startswith((KRINNER, "Bluefors", "Clerk"))

    @property
    def agrees(self) -> bool:
        """Whether both are as close as stated."""
        ratio = self.ours / self.published
        return max(ratio, 1 / ratio) <= 1 + self.within if ratio > 0 else False


def drive_heat_w() -> dict[str, float]:
    """Heat by stage of 50 drive lines at Krinner's level for one-qubit gates and duty."""
    at_chip_w = 50 * DUTY * 1e-3 * 10 ** (PULSE_DBM / 10)
    return stack_heat(at_chip_w, PADS).stages


def bias_heat_by_stage_w() -> dict[str, float]:
    """Heat by stage of 50 flux lines that carry 1 mA."""
    flux = FluxLine(ampere_per_amp=1e-3, bias_a=BIAS_A, resistance_ohm={"cp": 0.42, "mxc": 0.15})
    drive = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=PADS)
    qubit = Qubit(
        index=0,
        frequency_hz=5e9,
        anharmonicity_hz=-3e8,
        t1_s=1e-4,
        t2_s=1e-4,
        drive=drive,
        flux=flux,
    )
    return {stage: 50 * heat_w for stage, heat_w in bias_heat_w(qubit).items()}


def machine_load_w() -> dict[str, float]:
    """Heat by stage of all cables, drives and flux currents of Krinner's 50 qubits."""
    total_w = passive_load_w(KRINNER_2019_XLD, LINES)
    for part in (drive_heat_w(), bias_heat_by_stage_w()):
        for stage, heat_w in part.items():
            total_w[stage] += heat_w
    return total_w


def heat_rows() -> Iterator[Row]:
    """Loads and budgets of Krinner's machine."""
    heat_w = drive_heat_w()
    by_hand = f"by hand from -71 dBm, {KRINNER} sec. 2.2"
    stages = {stage.name: stage for stage in KRINNER_2019_XLD.stages}
    for stage, load_w, share in (
        ("4k", 1.3e-3, 9e-4),
        ("cp", 13e-6, 0.065),
        ("mxc", 0.13e-6, 7e-3),
    ):
        yield Row(
            figure=f"50 drive lines, 33 % duty: W at {stage}",
            published=load_w,
            ours=heat_w[stage],
            within=0.03,
            source=by_hand,
        )
        yield Row(
            figure=f"  share of the budget of {stage}",
            published=share,
            ours=utilization(stages[stage], heat_w[stage]),
            within=0.06,
            source=by_hand,
        )


def plate_rows() -> Iterator[Row]:
    """Temperatures and cooling powers of plates."""
    mxc = KRINNER_2019_XLD.stages[-1]
    ld = BUILT_IN["bluefors-ld450"].stages[-1]
    yield Row(
        figure="mixing chamber under 8.35 uW: K",
        published=14e-3,
        ours=plate_temperature_k(mxc, 8.35e-6),
        within=0.01,
        source=f"{KRINNER} sec. 6 (8.35 uW by hand)",
    )
    yield Row(
        figure="50 qubits, all cables, drives, 1 mA: mxc K",
        published=14e-3,
        ours=steady(KRINNER_2019_XLD, machine_load_w()).temperature_k["mxc"],
        within=0.2,
        source=f"{KRINNER} sec. 6; pumps not modelled",
    )
    yield Row(
        figure="LD450 at 100 mK, curve from 20 mK: W",
        published=450e-6,
        ours=plate_load_w(ld, 0.1),
        within=0.01,
        source="Bluefors LD450 specification",
    )
    copper = mxc.model_copy(update={"heat_capacity_j_per_k2": 5 * 0.0109})
    yield Row(
        figure="5 kg of copper at the mixing chamber: s",
        published=0.6,
        ours=relaxation_s(copper),
        within=0.2,
        source="by hand, heat capacity from Pobell 2007",
    )
    yield Row(
        figure="0.3 mol of dilute helium there: s",
        published=300.0,
        ours=relaxation_s(mxc),
        within=0.1,
        source="by hand, 106 J/(K^2 mol)",
    )
    yield _square_wave()


def _square_wave() -> Row:
    """Mean of T^2 of the mixing chamber alone under a square wave."""
    mxc = KRINNER_2019_XLD.stages[-1]
    alone = KRINNER_2019_XLD.model_copy(update={"links": ()})
    found = periodic(alone, [(200.0, {"mxc": 19e-6}), (400.0, {})], points=4000)
    square = np.trapezoid(found.temperature_k[:, -1] ** 2, found.time_s) / found.time_s[-1]
    return Row(
        figure="mean of T^2 under a square wave: K^2",
        published=plate_temperature_k(mxc, 19e-6 / 3) ** 2,
        ours=float(square),
        within=1e-4,
        source="exact for C = Gamma T",
    )


def photon_rows() -> Iterator[Row]:
    """Photons of cascades of attenuators, and the dephasing they cause."""
    nominal_k = {"4k": 4.0, "cp": 0.1, "mxc": 0.02}
    unloaded_k = unloaded_temperatures_k(KRINNER_2019_XLD)
    cases: tuple[tuple[str, Mapping[str, float], float, float, float, str], ...] = (
        ("300/4/0.1/0.02 K", nominal_k, 5e9, 3.85e-3, 2e-3, "by hand"),
        ("300/4/0.1/0.02 K", nominal_k, 6e9, 2.957e-3, 1e-3, "by hand"),
        ("300/4/0.1/0.02 K", nominal_k, 7e9, 2.38e-3, 2e-3, "by hand"),
        ("Krinner's plates", unloaded_k, 6e9, 2.28e-3, 3e-3, "by hand"),
        ("Krinner's plates", unloaded_k, 6e9, 1e-3, 0.5, f"{KRINNER} sec. 2"),
    )
    for name, plates_k, frequency_hz, published, within, source in cases:
        yield Row(
            figure=f"photons, 3 x 20 dB, {name}, {frequency_hz / 1e9:g} GHz",
            published=published,
            ours=cascade_photons(frequency_hz, PADS, temperatures_k=plates_k),
            within=within,
            source=source,
            differs="theirs includes the loss of cables" if source.startswith(KRINNER) else "",
        )
    yield Row(
        figure="dephasing, S = kappa, n = 0.01: 1/kappa",
        published=4.97525e-3,
        ours=photon_dephasing(0.01, kappa_hz=1e6, shift_hz=1e6) / angular(1e6),
        within=1e-5,
        source="Clerk and Utami, PRA 75, 042302 (2007)",
    )


def pulse_rows() -> Iterator[Row]:
    """Energy, power and photons of a square pi pulse of 20 ns at 5 GHz."""
    omega = np.full(20, math.pi / 20e-9, dtype=np.complex128)
    for decay_s, energy_j, level_dbm in (
        (1e-3, 4.087e-19, -76.9),
        (3e-3, 1.23e-18, -72.1),
        (1e-2, 4.1e-18, -66.9),
    ):
        kappa_hz = 1 / (2 * math.pi * decay_s)
        ours_j = chip_energy_j(omega, 1e-9, frequency_hz=5e9, kappa_ext_hz=kappa_hz)
        power_w = chip_power_w(omega, frequency_hz=5e9, kappa_ext_hz=kappa_hz)
        yield Row(
            figure=f"pi pulse, 1/kappa = {decay_s * 1e3:g} ms: J",
            published=energy_j,
            ours=ours_j,
            within=1e-3 if decay_s == 1e-3 else 5e-3,
            source="by hand, input-output relation",
        )
        yield Row(
            figure="  its power: W",
            published=1e-3 * 10 ** (level_dbm / 10),
            ours=float(power_w[0]),
            within=0.012,
            source=f"by hand, {level_dbm:g} dBm",
        )
    photons = chip_energy_j(omega, 1e-9, frequency_hz=5e9, kappa_ext_hz=1e3 / (2 * math.pi))
    yield Row(
        figure="  its photons, 1/kappa = 1 ms",
        published=1.23e5,
        ours=photons / (HBAR_J_S * angular(5e9)),
        within=5e-3,
        source="pi^2 / (4 kappa T)",
    )


def time_transient() -> tuple[float, int, str]:
    """Seconds, points and status of a day of 200 jobs on Krinner's five linked plates."""
    draws = np.random.default_rng(2019)
    passive_w = passive_load_w(KRINNER_2019_XLD, LINES)
    active_w = drive_heat_w() | {"50k": 0.0, "still": 0.0}
    segments: list[Segment] = [
        (
            float(span_s),
            {name: passive_w[name] + float(busy) * active_w[name] for name in passive_w},
        )
        for span_s, busy in zip(draws.uniform(5, 800, 200), draws.uniform(0, 3, 200), strict=True)
    ]
    start_k = steady(KRINNER_2019_XLD, passive_w).temperature_k
    began = time.perf_counter()
    found = transient(KRINNER_2019_XLD, segments, start_k=start_k, points=50_000)
    return time.perf_counter() - began, len(found.time_s), found.status


def _word(row: Row) -> str:
    if row.differs:
        return "differs"
    return "ok     " if row.agrees else "OFF    "


def main() -> int:
    """Prints the table; 1 if a figure is off or the transient too slow."""
    rows = [*heat_rows(), *plate_rows(), *photon_rows(), *pulse_rows()]
    print(f"{'figure':<48} {'published':>10} {'ours':>10} {'ratio':>8} {'within':>8}       source")
    for row in rows:
        print(
            f"{row.figure:<48} {row.published:>10.4g} {row.ours:>10.4g} "
            f"{row.ours / row.published:>8.5f} {row.within:>8.2g}  {_word(row)}  {row.source}"
        )
    machine = steady(KRINNER_2019_XLD, machine_load_w())
    print("\nKrinner's 50 qubits, cables, drives at 33 % duty and 1 mA in every flux line:")
    for name, kelvin in machine.temperature_k.items():
        print(
            f"  {name:<6} {machine.load_w[name]:>9.3g} W  {machine.utilization[name]:>7.2%} "
            f"of the budget  {kelvin:>8.4g} K"
        )
    seconds, points, status = time_transient()
    quick = status == "ok" and seconds < BUDGET_S
    print(
        f"\nA transient of {points} points, 200 jobs, five linked plates: {seconds:.2f} s "
        f"(may take {BUDGET_S:g} s), {status}."
    )
    judged = [row for row in rows if not row.differs]
    off = [row.figure.strip() for row in judged if not row.agrees]
    printed = sum(row.is_printed for row in judged)
    for row in rows:
        if row.differs:
            print(f"Differs, and is known to: {row.figure}: {row.differs}.")
    print(
        f"{len(judged) - len(off)} of {len(judged)} figures agree: {printed} that a source printed, "
        f"{len(judged) - printed} by hand from published levels."
        + "".join(f" OFF: {name}." for name in off)
    )
    return 0 if quick and not off else 1


if __name__ == "__main__":
    sys.exit(main())
