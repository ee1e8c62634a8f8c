"""Qibolab's envelopes against their published formulas."""

import base64
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy.signal import lfilter
from scipy.signal.windows import gaussian

from qtregress.files.qibolab_envelopes import MAX_SAMPLES, Envelope, waveform

ENVELOPES: TypeAdapter[Envelope] = TypeAdapter(Envelope)
N = 40


def shape(n: int = N, /, **envelope: object) -> NDArray[np.complex128]:
    """Samples of the envelope that a file writes so."""
    return waveform(ENVELOPES.validate_python(envelope), n)


def npy(numbers: object, *, pickled: bool = False) -> str:
    """Numbers as Qibolab writes them: a ``.npy`` file in base64."""
    file = io.BytesIO()
    np.save(file, np.asarray(numbers), allow_pickle=pickled)
    return base64.b64encode(file.getvalue()).decode()


def test_a_gaussian_is_scipys_window() -> None:
    """``rel_sigma`` is a fraction of the pulse; nothing is lifted."""
    assert shape(kind="gaussian", rel_sigma=0.2) == pytest.approx(gaussian(N, 0.2 * N), abs=1e-15)


def test_drag_adds_beta_times_the_slope() -> None:
    """The quadrature is beta times the derivative by samples."""
    window = gaussian(N, 8.0)
    slope = -(np.arange(N) - (N - 1) / 2) / 8.0**2 * window

    assert shape(kind="drag", rel_sigma=0.2, beta=-1.9) == pytest.approx(window - 1.9j * slope)


def test_a_flat_top_of_a_width() -> None:
    """The tails of 0.2 are one window, cut in the middle."""
    found = shape(20, kind="gaussian_square", rel_sigma=0.2, width=10)
    window = gaussian(9, 4.0)

    assert found.real == pytest.approx(np.concatenate([window[:5], np.ones(11), window[5:]]))


def test_a_flat_top_of_flanks_starts_at_zero() -> None:
    """Later releases lift the flanks and scale the top to one."""
    found = shape(20, kind="gaussian_square", risefall=4, sigma=2.0).real
    window = gaussian(9, 2.0)

    assert found[:5] == pytest.approx((window[:5] - window[0]) / (1 - window[0]))
    assert found == pytest.approx(found[::-1])


def test_a_flat_top_without_flanks_is_constant() -> None:
    """Devices are read out with it, although the formula leaves 0 / 0."""
    assert shape(kind="gaussian_square", risefall=0, sigma=0.2) == pytest.approx(np.ones(N))


def test_net_zero_pulses_sum_to_zero() -> None:
    """Half up, an intermediate sample, idle, and the mirror image."""
    found = shape(20, kind="snz", t_idling=0.2, b_amplitude=0.3).real

    assert [*found[:8]] == [1.0] * 8
    assert [*found[8:12]] == [0.3, 0.0, 0.0, -0.3]
    assert found.sum() == pytest.approx(0)


def test_a_filter_is_rescaled_to_a_peak_of_one() -> None:
    """``iir`` filters its target and divides by the largest sample."""
    target = {"kind": "gaussian", "rel_sigma": 0.2}
    found = shape(kind="iir", a=[1.0, -0.9], b=[0.5, -0.4], target=target)
    plain = lfilter([0.5, -0.4], [1.0, -0.9], gaussian(N, 8.0))

    assert found.real == pytest.approx(plain / np.abs(plain).max())


def test_exponentials_and_ecap() -> None:
    """Two decays by fractions; ``ecap`` of 0.1 is symmetric, as its formula says."""
    x = np.arange(N) / N
    decays = shape(kind="exponential", tau=0.5, upsilon=2.0, g=0.1).real
    cap = shape(kind="ecap_0_1", alpha=3.0).real

    assert decays == pytest.approx((np.exp(-x / 2) + 0.1 * np.exp(-x / 0.5)) / 1.1)
    assert cap[1:] == pytest.approx(cap[1:][::-1])
    assert shape(kind="ecap", alpha=3.0).real[0] == pytest.approx(cap[0])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_custom_samples_are_read_from_npy(numbers: list[float]) -> None:
    """The embedded files give back every number, complex ones without imaginary part too."""
    found = shape(len(numbers), kind="custom", i_=npy(np.array(numbers, complex)), q_=numbers)

    assert np.array_equal(found, np.array(numbers) * (1 + 1j))


@pytest.mark.parametrize(
    "text",
    [
        "no base64!",
        base64.b64encode(b"\x80\x04K\x00.").decode(),
        npy([object()], pickled=True),
        npy([[1.0, 2.0]]),
        npy([1j]),
        npy(np.zeros(3))[:-16],
        npy(["text"]),
    ],
)
def test_other_arrays_are_refused(text: str) -> None:
    """Above all pickled objects, which could run code."""
    with pytest.raises(ValidationError, match=r"must be a list of numbers, or a \.npy file"):
        ENVELOPES.validate_python({"kind": "custom", "i_": text, "q_": [0.0]})


def headed(header: str, data: bytes = bytes(64)) -> str:
    """A ``.npy`` file with this header, in base64."""
    text = header.encode("latin1")
    magic = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little")
    return base64.b64encode(magic + text + data).decode()


def described(kind: str) -> str:
    """A header of eight numbers of a kind."""
    return f"{{'descr': {kind}, 'fortran_order': False, 'shape': (8,), }}"


@pytest.mark.parametrize("kind", ["<f2", "<f4", "<f8", "<c8", "<c16", "<i4", "<u8", "|i1", "|u1"])
def test_every_kind_of_number_is_read(kind: str) -> None:
    """Bytes have no order, all others are little-endian."""
    numbers = np.array([0, 1, 1, 0], dtype=kind)

    assert [*shape(4, kind="custom", i_=npy(numbers), q_=npy(numbers)).real] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    "header",
    [
        "{'descr':'<f8','fortran_order':False,'shape':(8,",
        "{'descr':'<f8",
        "{[]:1}",
        "{1:2,'a':3}",
        "  \n   1\n  2",
        "'''",
        "",
        described("()"),
        described("((((),),),)"),
        described("'f8,,f8'"),
        described("'O'"),
        described("'>f8'"),
        described("'<f8'").replace("8,)", "True,)"),
        described("'<f8'").replace("8,)", "-8,)"),
        described("'<f8'").replace("8,)", "100001,)"),
        described("'<f8'") + " " * 1000,
    ],
)
def test_a_malformed_header_is_refused(header: str) -> None:
    """It is a sentence that names the field, whatever Python would make of the header."""
    with pytest.raises(ValidationError, match="must be a list of numbers") as caught:
        ENVELOPES.validate_python({"kind": "custom", "i_": headed(header), "q_": [0.0]})

    assert [error["loc"] for error in caught.value.errors()] == [("custom", "i_")]


@given(st.text("{}[]()':,<>|fiuc0123489descrshapefortran_orderFalseTrue \n\\", max_size=60))
def test_no_header_ends_the_run(header: str) -> None:
    """Any text is numbers or a sentence."""
    for text in (header, described(header)):
        with pytest.raises(ValidationError, match="must be a list of numbers"):
            ENVELOPES.validate_python({"kind": "custom", "i_": headed(text), "q_": [0.0]})


@given(st.binary(max_size=40))
def test_no_file_ends_the_run(data: bytes) -> None:
    """Nor do any bytes, with the start of such a file or without."""
    for file in (data, b"\x93NUMPY" + data):
        text = base64.b64encode(file).decode()
        with pytest.raises(ValidationError, match="must be a list of numbers"):
            ENVELOPES.validate_python({"kind": "custom", "i_": text, "q_": [0.0]})


def test_an_array_may_not_claim_to_be_huge() -> None:
    """A header alone allocates nothing."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
    np.lib.format.write_array_header_1_0(file, header)
    text = base64.b64encode(file.getvalue()).decode()

    with pytest.raises(ValidationError, match="must be a list of numbers"):
        ENVELOPES.validate_python({"kind": "custom", "i_": text, "q_": text})
    assert MAX_SAMPLES < 10**13


@pytest.mark.parametrize(
    ("envelope", "sentence"),
    [
        ({"kind": "custom", "i_": [1.0], "q_": [0.0]}, "must have 40 samples, but has 1"),
        ({"kind": "snz", "t_idling": 4}, "no place in 40 samples with t_idling 4"),
        ({"kind": "gaussian_square", "risefall": 30, "sigma": 1.0}, "flanks of at most 20"),
        (
            {"kind": "iir", "a": [0.0], "b": [1.0], "target": {"kind": "rectangular"}},
            "coefficient a other than 0",
        ),
        (
            {"kind": "iir", "a": [1, -1e12], "b": [1.0], "target": {"kind": "rectangular"}},
            "no 40 finite samples",
        ),
    ],
)
def test_what_has_no_samples_says_why(envelope: dict[str, object], sentence: str) -> None:
    """The caller leaves such a gate out, with the reason."""
    with pytest.raises(ValueError, match=sentence):
        shape(**envelope)


@given(data=st.data())
def test_shapes_stay_within_full_scale(data: st.DataObject) -> None:
    """No plain envelope exceeds its amplitude."""
    envelope = data.draw(
        st.one_of(
            st.fixed_dictionaries({"kind": st.just("gaussian"), "rel_sigma": st.floats(0.05, 2)}),
            st.fixed_dictionaries(
                {"kind": st.just("snz"), "t_idling": st.floats(0.1, 0.8)},
            ),
            st.fixed_dictionaries(
                {
                    "kind": st.just("gaussian_square_relative"),
                    "rel_risefall": st.floats(0, 0.5),
                    "rel_sigma": st.floats(0.05, 2),
                }
            ),
        )
    )
    found = shape(**envelope)

    assert len(found) == N
    assert math.isfinite(np.abs(found).max())
    assert np.abs(found).max() <= 1 + 1e-12
