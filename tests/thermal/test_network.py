"""Mean powers, plate temperatures and photons at load."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.chip.chip import Attenuator, Chip, DriveLine, Qubit
from qtregress.chip.cryostat import KRINNER_2019_XLD, resolve
from qtregress.errors import InputError
from qtregress.thermal.network import (
    GateHeat,
    cooling_coefficient,
    extra_photons,
    line_power_w,
    loaded_temperatures_k,
    plate_load_w,
    plate_temperature_k,
    stage_power_w,
    unloaded_temperatures_k,
    utilization,
)
from qtregress.thermal.noise import cascade_photons
from qtregress.thermal.workload import Workload

MXC = KRINNER_2019_XLD.stages[-1]
PADS = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in ("4k", "cp", "mxc"))
X = GateHeat(name="x", qubits=(0,), duration_s=20e-9, line_energy_j={0: 4e-19})
CX = GateHeat(name="cx", qubits=(0, 1), duration_s=300e-9, line_energy_j={0: 9e-18, 1: 1e-19})
XC = GateHeat(name="cx", qubits=(1, 0), duration_s=500e-9, line_energy_j={1: 7e-18})


def chip(qubits: int = 1, *, kappa_ext_hz: float = 53.0) -> Chip:
    """A chip of 5 GHz transmons with T1 = 100 us behind 60 dB."""
    line = DriveLine(
        rabi_hz_per_amp=1e8, kappa_ext_hz=kappa_ext_hz, attenuators=PADS, film_volume_m3=6e-15
    )
    return Chip(
        format="qtregress/chip@1",
        device="few",
        qubits=tuple(
            Qubit(
                index=index,
                frequency_hz=5e9,
                anharmonicity_hz=-3e8,
                t1_s=1e-4,
                t2_s=1e-4,
                drive=line,
            )
            for index in range(qubits)
        ),
    )


def workload(lines: int | None = None, **gate_mix: float) -> Workload:
    """A workload that keeps half the time busy with the mix."""
    return Workload(
        format="qtregress/workload@1", busy_fraction=0.5, gate_mix=gate_mix, lines=lines
    )


def test_krinner_plate_at_14_mk() -> None:
    """The reference mixing chamber is at 14 mK under about 8.35 uW."""
    assert pytest.approx(8.35e-6, rel=0.1, abs=0) == plate_load_w(MXC, 14e-3)


def test_krinner_cooling_coefficient() -> None:
    """19 uW at 20 mK and 6 mK unloaded make 5.22e-2 W/K^2."""
    assert pytest.approx(5.22e-2, rel=1e-3, abs=0) == cooling_coefficient(MXC)


@pytest.mark.parametrize("stage", KRINNER_2019_XLD.stages, ids=lambda stage: stage.name)
def test_plates_pass_both_known_points(stage: object) -> None:
    """A plate is at its unloaded temperature without load and at its rated one at its budget."""
    plate = next(known for known in KRINNER_2019_XLD.stages if known == stage)

    assert plate_temperature_k(plate, 0.0) == pytest.approx(plate.unloaded_k, rel=1e-6, abs=0)
    assert plate_temperature_k(plate, plate.cooling_power_w) == pytest.approx(
        plate.temperature_k, rel=1e-6, abs=0
    )


@given(st.floats(0.0, 1e-3))
def test_plate_load_inverts_plate_temperature(load_w: float) -> None:
    """The load at the temperature that a load makes is that load."""
    back_w = plate_load_w(MXC, plate_temperature_k(MXC, load_w))

    assert pytest.approx(load_w, rel=1e-9, abs=1e-18) == back_w


def test_mean_square_temperature_is_that_of_the_mean_power() -> None:
    """A plate with C = Gamma T under a square wave has the T^2 of its mean power."""
    a, gamma = cooling_coefficient(MXC), 1.0
    tau_s, steps = gamma / (2 * a), 4000
    loads_w = [20e-6 if step < steps // 4 else 0.0 for step in range(steps)]
    dt_s = 3 * tau_s / steps
    squares, square = [], MXC.unloaded_k**2
    for load_w in loads_w * 20:
        slope = (load_w - plate_load_w(MXC, math.sqrt(square))) * 2 / gamma
        square += slope * dt_s
        squares.append(square)
    mean = sum(squares[-steps:]) / steps

    assert mean == pytest.approx(
        plate_temperature_k(MXC, sum(loads_w) / steps) ** 2, rel=1e-4, abs=0
    )


def test_utilization_is_the_share_of_the_budget() -> None:
    """Half the cooling power is a utilization of one half."""
    assert utilization(MXC, 9.5e-6) == 0.5


def test_a_line_busy_with_one_gate() -> None:
    """A line that plays one gate gets its energy per duration, times the busy fraction."""
    assert line_power_w(0, [X], workload(x=1.0)) == pytest.approx(
        0.5 * 4e-19 / 20e-9, rel=1e-6, abs=0
    )


def test_a_mix_weighs_energies_and_durations() -> None:
    """A mix has the shares' energies over the shares' durations."""
    power_w = line_power_w(0, [X, CX], workload(x=2.0, cx=1.0))

    assert power_w == pytest.approx(
        0.5 * (2 * 4e-19 + 9e-18) / (2 * 20e-9 + 300e-9), rel=1e-6, abs=0
    )


def test_gates_of_one_name_share_evenly() -> None:
    """Both directions of cx count half, also where one of them plays nothing."""
    power_w = line_power_w(0, [CX, XC], workload(cx=1.0))

    assert power_w == pytest.approx(0.5 * (9e-18 / 2) / 400e-9, rel=1e-6, abs=0)


def test_a_spectator_line_is_occupied_by_what_plays_on_it() -> None:
    """A gate that plays on a line outside its qubits occupies that line."""
    cancelled = GateHeat(name="x", qubits=(0,), duration_s=20e-9, line_energy_j={2: 1e-19})

    assert line_power_w(2, [cancelled], workload(x=1.0)) == pytest.approx(
        0.5 * 1e-19 / 20e-9, rel=1e-6, abs=0
    )


def test_a_mix_without_a_gate_of_the_line_is_refused() -> None:
    """A line that nothing of the mix occupies has no mean power, not a zero one."""
    with pytest.raises(InputError, match="must name a pulsed gate of qubit 0, but names sx, ecr"):
        line_power_w(0, [X], workload(sx=1.0, ecr=1.0))


def test_a_mix_of_virtual_gates_is_refused() -> None:
    """Gates that take no time keep no line busy."""
    virtual = GateHeat(name="rz", qubits=(0,), duration_s=0.0, line_energy_j={})
    with pytest.raises(InputError, match="must name a pulsed gate of qubit 0"):
        line_power_w(0, [virtual], workload(rz=1.0))


def test_stage_power_sums_the_lines() -> None:
    """The stages take what the pads of all driven lines dissipate."""
    at_chip_w = sum(line_power_w(line, [CX], workload(cx=1.0)) for line in (0, 1))
    powers_w = stage_power_w(chip(2), [CX], workload(cx=1.0))

    assert powers_w["4k"] == pytest.approx(at_chip_w * 1e4 * 99, rel=1e-6, abs=0)
    assert powers_w["still"] == 0.0


def test_undriven_lines_are_cold() -> None:
    """A qubit without any gate adds nothing."""
    assert stage_power_w(chip(3), [X], workload(x=1.0)) == stage_power_w(
        chip(1), [X], workload(x=1.0)
    )


def test_more_lines_scale_the_heat() -> None:
    """Fifty lines like the chip's two take twenty-five times the heat."""
    own, fifty = (stage_power_w(chip(2), [CX], workload(n, cx=1.0)) for n in (None, 50))

    assert fifty == pytest.approx(
        {stage: 25 * power_w for stage, power_w in own.items()}, rel=1e-6, abs=0
    )


def test_more_lines_are_like_the_driven_ones() -> None:
    """A qubit that nothing drives does not thin out the lines declared."""
    driven, spare = (stage_power_w(chip(n), [X], workload(50, x=1.0)) for n in (1, 2))

    assert spare == driven


def test_an_idle_chip_dissipates_nothing() -> None:
    """Without gates every stage of the cryostat is there and takes nothing."""
    assert stage_power_w(chip(), [], workload(x=1.0)) == dict.fromkeys(
        ("50k", "4k", "still", "cp", "mxc"), 0.0
    )


def test_the_calibration_state_adds_no_photons() -> None:
    """At the unloaded temperatures the qubits are as they were calibrated."""
    assert extra_photons(chip(), unloaded_temperatures_k(KRINNER_2019_XLD)) == {0: 0.0}


def test_extra_photons_are_the_lines_share() -> None:
    """Photons of the line count by the share of the decay that goes into it."""
    loads_w = {stage.name: stage.cooling_power_w for stage in KRINNER_2019_XLD.stages}
    plates_k = loaded_temperatures_k(resolve("krinner-2019-xld"), loads_w)
    cold_k = unloaded_temperatures_k(KRINNER_2019_XLD)
    hot, cold = (cascade_photons(5e9, PADS, temperatures_k=t) for t in (plates_k, cold_k))

    extra = extra_photons(chip(), plates_k)[0]

    assert extra == pytest.approx(2 * math.pi * 53.0 * 1e-4 * (hot - cold), rel=1e-6, abs=0)
    assert extra > 0


@given(st.floats(0.0, 1e-3), st.floats(0.0, 1e-3))
def test_more_load_never_means_fewer_photons(one_w: float, other_w: float) -> None:
    """Photons at the qubit grow with the load of the cold plate."""
    idle = dict.fromkeys(("50k", "4k", "still", "cp", "mxc"), 0.0)
    less, more = (
        extra_photons(chip(), loaded_temperatures_k(KRINNER_2019_XLD, {**idle, "cp": load_w}))[0]
        for load_w in sorted((one_w, other_w))
    )

    assert less <= more


def test_a_line_that_drains_faster_than_t1_is_refused() -> None:
    """A coupling that alone exceeds the measured decay contradicts T1."""
    with pytest.raises(InputError, match=r"kappa_ext_hz of qubit 0 must be at most 1591.55"):
        extra_photons(chip(kappa_ext_hz=2e3), unloaded_temperatures_k(KRINNER_2019_XLD))
