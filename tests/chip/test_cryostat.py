"""Built-in cryostats and how lines fit them."""

import pytest

from qtregress.chip.chip import Attenuator, Chip, Cryostat, DriveLine, Qubit, Stage
from qtregress.chip.cryostat import KRINNER_2019_XLD, cryostat_of, resolve
from qtregress.errors import InputError


def chip(*stages: str, cryostat: str | Cryostat = "krinner-2019-xld") -> Chip:
    """A one-qubit chip with a 20 dB pad at each of ``stages``."""
    pads = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in stages)
    line = DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=pads, film_volume_m3=6e-15)
    qubit = Qubit(
        index=3, frequency_hz=5e9, anharmonicity_hz=-3e8, t1_s=1e-4, t2_s=1e-4, drive=line
    )
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
    with pytest.raises(InputError, match="inline or one of krinner-2019-xld, but is fridge"):
        resolve("fridge")


def test_built_in_plates_get_colder() -> None:
    """The plates are listed from warm to cold, loaded and unloaded."""
    loaded = [stage.temperature_k for stage in KRINNER_2019_XLD.stages]
    unloaded = [stage.unloaded_k for stage in KRINNER_2019_XLD.stages]

    assert loaded == sorted(loaded, reverse=True)
    assert unloaded == sorted(unloaded, reverse=True)


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
