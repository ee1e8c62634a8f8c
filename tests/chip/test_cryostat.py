"""Built-in cryostats and how lines fit them."""

from typing import Any

import pytest

from qtregress.chip.chip import (
    Attenuator,
    Chip,
    Cryostat,
    DriveLine,
    FluxLine,
    Qubit,
    Readout,
    Stage,
    StageLink,
)
from qtregress.chip.cryostat import BUILT_IN, KRINNER_2019_XLD, cryostat_of, resolve
from qtregress.errors import InputError


def chip(
    *stages: str, cryostat: str | Cryostat = "krinner-2019-xld", **lines: FluxLine | Readout
) -> Chip:
    """A one-qubit chip with a 20 dB pad at each of ``stages``."""
    pads = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in stages)
    line = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=pads)
    options: dict[str, Any] = {"drive": line, **lines}
    qubit = Qubit(index=3, frequency_hz=5e9, anharmonicity_hz=-3e8, t1_s=1e-4, t2_s=1e-4, **options)
    return Chip(format="qtregress/chip@1", device="one", qubits=(qubit,), cryostat=cryostat)


def plate(*, temperature_k: float) -> Cryostat:
    """A cryostat of a single plate that idles at 10 mK."""
    stage = Stage(name="mxc", temperature_k=temperature_k, unloaded_k=0.01, cooling_power_w=1e-5)
    return Cryostat(name="mine", stages=(stage,), citation="none")


def test_the_default_cryostat_is_built_in() -> None:
    """The chip document's default cryostat resolves."""
    assert cryostat_of(chip("4k", "cp", "mxc")) is KRINNER_2019_XLD


def test_an_inline_cryostat_is_itself() -> None:
    """A cryostat given inline is used as it is."""
    inline = plate(temperature_k=0.02)

    assert resolve(inline) is inline


def test_an_unknown_cryostat_lists_the_known_ones() -> None:
    """A wrong name is answered with the right ones."""
    with pytest.raises(
        InputError, match=r"inline or one of krinner-2019-xld, bluefors-.* but is fridge"
    ):
        resolve("fridge")


@pytest.mark.parametrize("cryostat", BUILT_IN.values(), ids=lambda cryostat: cryostat.name)
def test_built_in_plates_get_colder(cryostat: Cryostat) -> None:
    """The plates are listed from warm to cold, loaded and unloaded."""
    loaded = [stage.temperature_k for stage in cryostat.stages]
    unloaded = [stage.unloaded_k for stage in cryostat.stages]

    assert loaded == sorted(loaded, reverse=True)
    assert unloaded == sorted(unloaded, reverse=True)
    assert all(low < high for low, high in zip(unloaded, loaded, strict=True))


@pytest.mark.parametrize("cryostat", BUILT_IN.values(), ids=lambda cryostat: cryostat.name)
def test_built_ins_pass_the_checks_of_inline_ones(cryostat: Cryostat) -> None:
    """A built-in could be given inline, and says where its numbers are from and what is assumed."""
    assert resolve(cryostat) is cryostat
    assert resolve(cryostat.name) is cryostat
    assert "arXiv:1806.07862" in cryostat.citation
    assert "assumed" in cryostat.citation


@pytest.mark.parametrize("cryostat", BUILT_IN.values(), ids=lambda cryostat: cryostat.name)
def test_built_ins_store_heat_and_have_cables(cryostat: Cryostat) -> None:
    """Every built-in plate has a heat capacity and takes something of every kind of line."""
    for stage in cryostat.stages:
        assert stage.heat_capacity_j_per_k2 is not None
        assert min(stage.passive_w.model_dump().values()) > 0


@pytest.mark.physics
def test_krinners_machine_is_the_published_one() -> None:
    """Cooling powers, rated and unloaded temperatures are those of Krinner's table 1."""
    rows = {
        stage.name: (stage.cooling_power_w, stage.temperature_k, stage.unloaded_k)
        for stage in KRINNER_2019_XLD.stages
    }

    assert rows == {
        "50k": (30.0, 45.0, 35.0),
        "4k": (1.5, 4.2, 2.85),
        "still": (0.04, 1.2, 0.882),
        "cp": (200e-6, 0.14, 0.082),
        "mxc": (19e-6, 0.02, 0.006),
    }


@pytest.mark.physics
def test_the_ld450_has_both_specified_cooling_powers() -> None:
    """One curve through 14 uW at 20 mK also has 450 uW at 100 mK, from below 10 mK."""
    plate = BUILT_IN["bluefors-ld450"].stages[-1]
    a = plate.cooling_power_w / (plate.temperature_k**2 - plate.unloaded_k**2)

    assert (plate.cooling_power_w, plate.temperature_k) == (14e-6, 0.02)
    assert a * (0.1**2 - plate.unloaded_k**2) == pytest.approx(450e-6, rel=5e-3, abs=0)
    assert plate.unloaded_k <= 0.010


def test_the_large_machine_holds_a_thousand_lines() -> None:
    """Cables of a thousand drive and 125 readout and output lines fit every stage's budget."""
    for stage in BUILT_IN["bluefors-kide-class"].stages:
        cables = stage.passive_w
        load_w = 1000 * cables.drive + 125 * (cables.readout + cables.output)
        assert load_w < 0.6 * stage.cooling_power_w


@pytest.mark.parametrize("pair", [("mxc", "mxc"), ("mxc", "chip")])
def test_a_link_joins_two_stages(pair: tuple[str, str]) -> None:
    """A link from a stage to itself or to nowhere is refused."""
    link = StageLink(stages=pair, w_per_k=1e-6)
    with pytest.raises(InputError, match=f"Links must join two .* one joins {' and '.join(pair)}"):
        resolve(KRINNER_2019_XLD.model_copy(update={"links": (link,)}))


def test_two_stages_of_one_name_are_refused() -> None:
    """Loads and temperatures are told by the stage's name."""
    stages = (KRINNER_2019_XLD.stages[0], KRINNER_2019_XLD.stages[0])
    with pytest.raises(InputError, match="distinct names, but are 50k, 50k"):
        resolve(KRINNER_2019_XLD.model_copy(update={"stages": stages, "links": ()}))


def test_readout_and_flux_lines_hang_at_stages_too() -> None:
    """Pads and resistances of every line are at plates that exist."""
    cold = (Attenuator(stage="cold", attenuation_db=20.0),)
    with pytest.raises(
        InputError, match=r"qubit 3's readout line must be anchored at .* is at cold"
    ):
        cryostat_of(chip(readout=Readout(attenuators=cold)))
    with pytest.raises(InputError, match=r"qubit 3's flux line must be anchored at .* is at cold"):
        cryostat_of(chip(flux=FluxLine(ampere_per_amp=1e-3, attenuators=cold)))
    with pytest.raises(InputError, match=r"resistance_ohm of qubit 3's flux line .* is at cold"):
        cryostat_of(chip(flux=FluxLine(ampere_per_amp=1e-3, resistance_ohm={"cold": 1.0})))


def test_a_pad_at_no_stage_is_refused() -> None:
    """An attenuator hangs at a plate that exists."""
    with pytest.raises(InputError, match="anchored at 50k, 4k, still, cp, mxc, but one is at cold"):
        cryostat_of(chip("4k", "cold"))


def test_pads_out_of_order_are_refused() -> None:
    """Attenuators are listed in the order in which the signal meets them."""
    with pytest.raises(InputError, match="from warm to cold, but are at mxc, 4k"):
        cryostat_of(chip("mxc", "4k"))


def test_a_plate_that_cannot_cool_is_refused() -> None:
    """A plate idles below the temperature at which its budget holds."""
    with pytest.raises(InputError, match=r"unloaded_k of stage mxc must be below the 0.01 K"):
        cryostat_of(chip("mxc", cryostat=plate(temperature_k=0.01)))
