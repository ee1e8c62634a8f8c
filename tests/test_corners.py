"""Chip or firmware: what the chip and its lines did is not held against the pulses."""

import cmath
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from qtregress.chip.chip import Chip
from qtregress.chip.lines import response
from qtregress.corners import Measurements, measure_corners, sides, unretuned
from qtregress.metrics.compare import Measured
from qtregress.pipeline import Means, Side, grounds, judge, measure
from qtregress.pulses.profile import Profile
from qtregress.pulses.schedule import schedule
from qtregress.run import in_order
from qtregress.thermal.workload import DEFAULT_WORKLOAD
from qtregress.verdict.decide import Decision, Said
from qtregress.verdict.verdict import Split
from tests import small

MEANS = Means(run=in_order, store=small.MEMORY)
ONE, PAIR = small.small(0), small.small(*small.PAIR)


def aged(chip: Chip, **times: float) -> Chip:
    """The chip with T1 and T2 of every qubit times these factors."""

    def one(qubit: Any) -> Any:
        update = {name: getattr(qubit, name) * factor for name, factor in times.items()}
        return qubit.model_copy(update=update)

    return chip.model_copy(update={"qubits": tuple(map(one, chip.qubits))})


def moved(chip: Chip, index: int, hertz: float) -> Chip:
    """The chip with one qubit's frequency moved."""
    qubits = tuple(
        qubit.model_copy(update={"frequency_hz": qubit.frequency_hz + hertz})
        if qubit.index == index
        else qubit
        for qubit in chip.qubits
    )
    return chip.model_copy(update={"qubits": qubits})


def amplified(chip: Chip, index: int, factor: float, **update: float) -> Chip:
    """The chip with one line's gain times ``factor``, and what else ``update`` says."""
    qubits = []
    for qubit in chip.qubits:
        gain = qubit.drive.rabi_hz_per_amp * factor
        new = {"rabi_hz_per_amp": gain, **update}
        drive = qubit.drive.model_copy(update=new) if qubit.index == index else qubit.drive
        qubits.append(qubit.model_copy(update={"drive": drive}))
    return chip.model_copy(update={"qubits": tuple(qubits)})


def tuned(profile: Profile, hertz: float, *channels: str) -> Profile:
    """The profile with these carriers moved."""
    carriers = {
        name: value + hertz * (name in channels)
        for name, value in profile.drive_frequency_hz.items()
    }
    return small.checked(profile, drive_frequency_hz=carriers, firmware="next")


def corners(case: small.Case, new: Profile, new_chip: Chip) -> Measurements:
    """All corners of a release and a new state of the case's chip."""
    old = Side(profile=case.profile, chip=case.chip, workload=DEFAULT_WORKLOAD)
    return measure_corners(sides(old, replace(old, profile=new), new_chip), MEANS)


def decision(found: Measurements) -> Decision:
    """What ``check --new-chip`` makes of them."""
    on = grounds(found.old[0], found.new[0], small.SHIPPED, MEANS)
    said = Said(splits=found.splits, holds=unretuned(found, small.SHIPPED))
    return judge(found.old, found.new, on, small.SHIPPED, found.approved[1], said=said)


def values(measured: Measured) -> dict[str, float]:
    """The values of a measurement by id."""
    return {metric.id: metric.value for metric in measured[1] if metric.value is not None}


@cache
def everything() -> tuple[Measurements, Profile, Chip]:
    """A pair whose chip, lines and pulses all moved."""
    chip = moved(amplified(aged(PAIR.chip, t1_s=0.9, t2_s=0.8), 0, 1.1), 1, 2e6)
    new = small.louder(tuned(PAIR.profile, 2e6, "d1"), 0.01, "d1", gates="sx:1")
    return corners(PAIR, new, chip), new, chip


def test_every_change_splits_additively() -> None:
    """Drift, gain and edit of every metric add up to what NEW changes on the old chip."""
    found, new, _ = everything()
    pinned = values(small.measured(small.Case(chip=PAIR.chip, profile=new)))
    was = values(found.approved)
    whole = {name: one for name, one in found.splits.items() if None not in parts(one)}

    assert {name.partition(".")[0] for name in whole} >= {"gate", "heat", "layer", "qubit"}
    for name, one in whole.items():
        change = pinned[name] - was[name]
        size = max(abs(part or 0.0) for part in parts(one))
        assert sum(part or 0.0 for part in parts(one)) == pytest.approx(change, abs=1e-12 * size)


def parts(one: Split) -> tuple[float | None, ...]:
    """The columns of a split."""
    return one.chip_drift, one.line_gain, one.pulse_edit


@pytest.mark.parametrize("metric", ["gate.error/x:0", "heat.chip_energy_j/cx:0-1"])
def test_heat_and_errors_have_every_column(metric: str) -> None:
    """Only what needs benchmarking of a corner nobody judges may lack one."""
    assert None not in parts(everything()[0].splits[metric])


def test_the_edit_is_what_is_judged() -> None:
    """NEW less OLD of the verdict is the column pulse_edit, also where two columns lack."""
    found = everything()[0]
    judged = {row.id: row for row in decision(found).metrics}

    assert judged["rb.epc/0"].split == found.splits["rb.epc/0"]
    for name, one in found.splits.items():
        assert judged[name].delta == pytest.approx(one.pulse_edit, rel=1e-9, abs=1e-30)


def test_a_chip_that_only_aged_changes_nothing() -> None:
    """T1 and T2 of another day: the edit is zero to the bit, and the release promotes."""
    found = corners(ONE, ONE.profile, aged(ONE.chip, t1_s=0.7, t2_s=0.6))

    assert {one.pulse_edit for one in found.splits.values()} <= {0.0, None}
    assert found.splits["gate.error/x:0"].line_gain == 0
    assert decision(found).verdict == "promote"


def test_a_qubit_that_moved_with_its_carrier_promotes() -> None:
    """3 MHz read as 1e-2 of error on the old chip, and as nothing on the new one."""
    new = tuned(ONE.profile, 3e6, "d0")
    found = corners(ONE, new, moved(ONE.chip, 0, 3e6))
    split = found.splits["gate.error/x:0"]

    assert decision(found).verdict == "promote"
    assert abs(split.pulse_edit or 0.0) < 1e-6
    assert (split.chip_drift or 0.0) > 3e-3
    assert small.judged(new, 0).verdict == "rollback"


def test_a_qubit_that_moved_without_its_carrier_rolls_back() -> None:
    """A carrier left behind is the firmware's."""
    new = small.checked(ONE.profile, firmware="next")
    found = corners(ONE, new, moved(ONE.chip, 0, 3e6))

    assert decision(found).verdict == "rollback"


def area(chip: Chip, profile: Profile, gate: str) -> complex:
    """By how much, and about which axis, qubit 0 is turned."""
    samples = schedule(profile.by_id[gate]).waveforms["d0"]
    return complex(np.sum(response(chip.qubits[0].drive, samples)))


def calibrated(profile: Profile, was: Chip, now: Chip) -> Profile:
    """The profile with x and sx of qubit 0 turning as far behind another line.

    As a laboratory does it: compression at another amplitude is calibrated away, too.
    """
    new = profile
    for _ in range(6):
        off = {
            gate: area(was, profile, gate) / area(now, new, gate)
            for gate in (f"{name}:0" for name in ("x", "sx"))
        }

        def edit(gate: str, row: Any, off: dict[str, complex] = off) -> Any:
            if gate not in off:
                return row
            amp, angle = row.amp * abs(off[gate]), row.angle + cmath.phase(off[gate])
            return row.model_copy(update={"amp": amp, "angle": angle})

        new = small.edited(new, edit)
    return new


LOUD_LINE = amplified(ONE.chip, 0, 1.25)


@cache
def quiet() -> Profile:
    """A release for a line that became 1.25 times as strong."""
    return calibrated(ONE.profile, ONE.chip, LOUD_LINE)


def test_a_declared_gain_promotes() -> None:
    """Pulses that much weaker behind it are the same gates and heat."""
    found = corners(ONE, quiet(), LOUD_LINE)
    heat = found.splits["heat.chip_energy_j/x:0"]

    assert decision(found).verdict == "promote"
    assert heat.chip_drift == pytest.approx(0, abs=1e-25)
    assert abs(heat.pulse_edit or 1.0) < 1e-2 * abs(heat.line_gain or 0.0)


def test_a_gain_nobody_declared_rolls_back() -> None:
    """The same pulses behind the old line turn too little."""
    assert decision(corners(ONE, quiet(), ONE.chip)).verdict == "rollback"


def test_hotter_pulses_are_no_drift() -> None:
    """Half the length is twice the energy on any chip."""
    new = small.half_length(ONE.profile, "x:0")
    found = corners(ONE, new, aged(ONE.chip, t1_s=0.8, t2_s=0.8))
    decided = decision(found)

    assert decided.verdict == "rollback"
    assert "heat.line_energy_j/x:0@d0" in small.regressed(decided)
    assert found.splits["heat.line_energy_j/x:0@d0"].chip_drift == pytest.approx(0, abs=1e-25)


def test_equal_corners_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither chip nor table moved there is one measurement."""
    counted: list[int] = []

    def spy(many: Any, means: Means) -> Any:
        counted.append(len(many))
        return measure(many, means)

    monkeypatch.setattr("qtregress.corners.measure", spy)
    corners(ONE, ONE.profile, ONE.chip)

    assert counted == [1]


# What a new state of the chip must not hide


def test_a_coupling_that_moved_leaves_nothing_to_compare_with() -> None:
    """J of nine tenths: OLD's cx is wrong there, and being like it is no merit."""
    coupling = PAIR.chip.couplings[0]
    weaker = coupling.model_copy(update={"j_hz": 0.9 * coupling.j_hz})
    found = corners(PAIR, PAIR.profile, PAIR.chip.model_copy(update={"couplings": (weaker,)}))
    (sentence,) = unretuned(found, small.SHIPPED)

    assert found.splits["gate.error/cx:0-1"].pulse_edit == 0
    assert decision(found).verdict == "hold"
    assert "coherent errors would grow, cx:0-1 from" in sentence


def test_an_anharmonicity_that_moved_leaves_nothing_to_compare_with() -> None:
    """A hundred MHz: DRAG of the other chip does not fit, and NEW = OLD is no promotion."""
    qubit = ONE.chip.qubits[0]
    other = qubit.model_copy(update={"anharmonicity_hz": qubit.anharmonicity_hz + 100e6})
    found = corners(ONE, ONE.profile, ONE.chip.model_copy(update={"qubits": (other,)}))

    assert "x:0 from" in "".join(unretuned(found, small.SHIPPED))
    assert decision(found).verdict == "hold"


def test_loss_alone_leaves_old_to_compare_with() -> None:
    """A tenth of T1 and T2 is error, but none that pulses could mend."""
    found = corners(ONE, ONE.profile, aged(ONE.chip, t1_s=0.1, t2_s=0.1))

    assert unretuned(found, small.SHIPPED) == ()


@pytest.mark.parametrize("times", [0.7, 0.1])
def test_shorter_times_do_not_make_old_better_known(times: float) -> None:
    """An x 0.12 % louder holds on the same chip, so it holds on one that aged."""
    new = small.louder(ONE.profile, 0.0012, "d0", gates="x:0")
    rows = []
    for factor in (1.0, times):
        decided = decision(corners(ONE, new, aged(ONE.chip, t1_s=factor, t2_s=factor)))
        assert decided.verdict == "hold"
        rows.append(small.row_of(decided, "gate.error/x:0"))
    same, worse = (row.interval for row in rows)

    assert same is not None
    assert worse is not None
    assert worse[1] >= 0.99 * same[1]


@pytest.mark.parametrize("metric", ["gate.error/x:0", "layer.error/x:0", "rb.epc/0"])
def test_shorter_times_do_not_widen_margins(metric: str) -> None:
    """Also where nobody measured an error, and margins are a share of coherence limits."""
    case = small.Case(chip=ONE.chip.model_copy(update={"measured_errors": ()}), profile=ONE.profile)
    same, worse = (
        small.row_of(
            decision(corners(case, ONE.profile, aged(case.chip, t1_s=factor, t2_s=factor))), metric
        ).margin
        for factor in (1.0, 0.5)
    )

    assert same is not None
    assert worse == pytest.approx(same, rel=1e-9)
