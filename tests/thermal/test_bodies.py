"""Bodies under the films: their balance, and how a hot line warms its neighbours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtregress.chip.chip import (
    Attenuator,
    Chip,
    DriveLine,
    Film,
    FluxLine,
    Qubit,
    Readout,
    ThermalLink,
)
from qtregress.errors import InputError
from qtregress.thermal.bodies import (
    body_lines,
    body_response,
    body_ripple_k,
    body_temperatures_k,
)

PADS = tuple(Attenuator(stage=stage, attenuation_db=20.0) for stage in ("4k", "cp", "mxc"))
PLATES_K = {"4k": 3.0, "cp": 0.1, "mxc": 0.02}
W_PER_K4 = Film().body_w_per_k4

powers = st.dictionaries(
    st.tuples(
        st.sampled_from(("d0", "d1", "d2", "m0", "m1", "m2")), st.sampled_from(tuple(PLATES_K))
    ),
    st.floats(0.0, 1e-6),
)


def qubit(index: int, *, film: Film = Film()) -> Qubit:  # noqa: B008
    """A transmon with 60 dB on both lines, and a flux line."""
    return Qubit(
        index=index,
        frequency_hz=5e9,
        anharmonicity_hz=-330e6,
        t1_s=1e-4,
        t2_s=1e-4,
        drive=DriveLine(rabi_hz_per_amp=1e8, kappa_ext_hz=53.0, attenuators=PADS, film=film),
        readout=Readout(attenuators=PADS),
        flux=FluxLine(ampere_per_amp=1e-3, attenuators=PADS[:1]),
    )


def chain(w_per_k4: float = 1e-4, *qubits: Qubit) -> Chip:
    """Three qubits in a row whose drive lines touch their neighbours'."""
    return Chip(
        format="qtregress/chip@1",
        device="chain",
        qubits=qubits or (qubit(0), qubit(1), qubit(2)),
        thermal_links=(
            ThermalLink(qubits=(0, 1), w_per_k4=w_per_k4),
            ThermalLink(qubits=(1, 2), w_per_k4=w_per_k4),
        ),
    )


@pytest.mark.physics
@given(st.floats(0.0, 1e-6), st.floats(0.005, 4.0))
def test_a_body_alone(power_w: float, plate_k: float) -> None:
    """T_body^4 is above T_plate^4 by P over the conductance."""
    found = body_temperatures_k(chain(0.0), {("d1", "mxc"): power_w}, PLATES_K | {"mxc": plate_k})

    assert found["d1", "mxc"] ** 4 == pytest.approx(
        plate_k**4 + power_w / W_PER_K4, rel=1e-12, abs=0
    )


def test_bodies_at_rest_are_as_warm_as_their_plates() -> None:
    """Every pad of every drive and readout line has one."""
    found = body_temperatures_k(chain(), {}, PLATES_K)

    assert set(found) == {
        (f"{kind}{index}", stage) for kind in "dm" for index in range(3) for stage in PLATES_K
    }
    assert all(
        value == pytest.approx(PLATES_K[stage], rel=1e-6, abs=0)
        for (_, stage), value in found.items()
    )


@pytest.mark.physics
@given(powers, st.floats(0.0, 1.0))
def test_plates_get_what_pads_dissipate(pads_w: dict[tuple[str, str], float], link: float) -> None:
    """Links move heat from body to body and make none."""
    film = Film(body_w_per_k4=4e-3)
    found = body_temperatures_k(
        chain(link, qubit(0), qubit(1, film=film), qubit(2)), pads_w, dict.fromkeys(PLATES_K, 1e-3)
    )
    for stage in PLATES_K:
        passed_w = sum(
            (4e-3 if line == "d1" else W_PER_K4) * (kelvin**4 - 1e-12)
            for (line, at), kelvin in found.items()
            if at == stage
        )
        sent_w = sum(power_w for (_, at), power_w in pads_w.items() if at == stage)
        assert passed_w == pytest.approx(sent_w, rel=1e-12, abs=1e-24)


@pytest.mark.physics
def test_a_hot_line_shows_at_its_neighbour() -> None:
    """Two bodies: the neighbour's T^4 rises by the link's share w / (G + 2 w) of P / G."""
    chip = Chip(
        format="qtregress/chip@1",
        device="pair",
        qubits=(qubit(0), qubit(1)),
        thermal_links=(ThermalLink(qubits=(1, 0), w_per_k4=1e-4),),
    )
    found = body_temperatures_k(chip, {("d0", "mxc"): 8e-9}, PLATES_K)

    assert found["d1", "mxc"] ** 4 == pytest.approx(
        PLATES_K["mxc"] ** 4 + 8e-9 / W_PER_K4 * 1e-4 / (W_PER_K4 + 2e-4), rel=1e-12, abs=0
    )
    assert found["m1", "mxc"] == pytest.approx(PLATES_K["mxc"], rel=1e-6, abs=0)
    assert found["d1", "cp"] == pytest.approx(PLATES_K["cp"], rel=1e-6, abs=0)


def test_warmth_fades_with_distance() -> None:
    """The next neighbour gets less than the neighbour."""
    found = body_temperatures_k(chain(), {("d0", "mxc"): 8e-9}, PLATES_K)

    assert found["d0", "mxc"] > found["d1", "mxc"] > found["d2", "mxc"] > PLATES_K["mxc"]


@given(st.floats(0.0, 10.0))
def test_the_response_is_symmetric_and_never_cools(link: float) -> None:
    """As much warmth from a to b as from b to a; a column's heat ends at the plate."""
    response = body_response(chain(link), "mxc")

    assert response.lines == ("d0", "m0", "d1", "m1", "d2", "m2")
    assert response.k4_per_w == pytest.approx(response.k4_per_w.T, rel=1e-9, abs=1e-12)
    assert (response.k4_per_w >= 0).all()
    assert W_PER_K4 * response.k4_per_w.sum(axis=0) == pytest.approx(1.0, rel=1e-10, abs=0)


def test_the_response_is_what_temperatures_follow() -> None:
    """The heat map's matrix and the temperatures are one model."""
    response = body_response(chain(), "cp")
    found = body_temperatures_k(chain(), {("d1", "cp"): 1e-6}, PLATES_K)
    fourth = [found[line, "cp"] ** 4 for line in response.lines]
    column = response.k4_per_w[:, response.lines.index("d1")]

    assert fourth == pytest.approx(np.asarray(PLATES_K["cp"] ** 4 + 1e-6 * column), rel=1e-6, abs=0)


def test_a_stage_without_pads_has_no_bodies() -> None:
    """Nothing responds there."""
    assert body_response(chain(), "still").k4_per_w.shape == (0, 0)


def test_a_pad_of_no_attenuation_has_no_body() -> None:
    """It dissipates nothing, and its neighbours have nobody there to warm."""
    empty = (Attenuator(stage="cp", attenuation_db=0.0),)
    one = qubit(1)
    bare = one.model_copy(update={"drive": one.drive.model_copy(update={"attenuators": empty})})
    chip = chain(1e-4, qubit(0), bare, qubit(2))
    found = body_temperatures_k(chip, {("d1", "cp"): 0.0, ("d0", "cp"): 1e-6}, PLATES_K)

    assert set(body_lines(chip)["cp"]) == {"d0", "m0", "m1", "d2", "m2"}
    assert ("d1", "cp") not in found
    assert found["d0", "cp"] ** 4 == pytest.approx(
        PLATES_K["cp"] ** 4 + 1e-6 / W_PER_K4, rel=1e-6, abs=0
    )


def test_heat_without_a_pad_is_refused() -> None:
    """Nothing is lost silently."""
    with pytest.raises(ValueError, match=r"no pad takes the power of \[\('d0', 'still'\)\]"):
        body_temperatures_k(chain(), {("d0", "still"): 1e-9}, PLATES_K)


def test_flux_lines_heat_their_plates_only() -> None:
    """The chip file says nothing of their films."""
    found = body_temperatures_k(chain(), {("f0", "4k"): 1e-3}, PLATES_K)

    assert ("f0", "4k") not in found
    assert found["d0", "4k"] == pytest.approx(3.0, rel=1e-6, abs=0)


def test_a_link_beyond_reason_is_refused() -> None:
    """Ten thousand times the body's own conductance cannot be told from a short."""
    with pytest.raises(
        InputError,
        match=r"thermal link 0-1 must be at most 10000 body_w_per_k4 = 10, but is 100\.",
    ):
        body_temperatures_k(chain(100.0), {}, PLATES_K)


@pytest.mark.physics
def test_bodies_hardly_move_between_gates() -> None:
    """8 nW on 20 mK: 2 us of rest cool the body of 53 mK by a tenth of a millikelvin."""
    found = body_ripple_k(Film(), power_w=8e-9, plate_k=0.02, rest_s=2e-6)

    assert found == pytest.approx(8.7e-5, rel=0.02, abs=0)


def test_a_long_rest_cools_a_body_to_its_plate() -> None:
    """After many of its time constants nothing is left above the plate."""
    found = body_ripple_k(Film(), power_w=8e-9, plate_k=0.02, rest_s=1.0)

    assert found == pytest.approx((0.02**4 + 8e-6) ** 0.25 - 0.02, rel=1e-9, abs=0)
