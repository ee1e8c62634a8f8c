"""Qibolab's envelopes: what their documents hold, and their samples.

Formulas of github.com/qiboteam/qibolab, version 0.2 ``src/qibolab/_core/pulses/envelope.py``
and version 0.1 ``src/qibolab/pulses.py`` (the kinds that end in ``_0_1``). A pulse of n samples
is the amplitude times the envelope's n complex samples; times count samples, and fractions
the pulse.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator
from scipy.signal import lfilter

from qtregress.files.ibm_source import Foreign, Number

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

MAX_SAMPLES = 100_000
"""Of one pulse."""
_MAX_COEFFICIENTS = 100
_MAX_HEADER = 1_000
_MAGIC = b"\x93NUMPY\x01\x00"
"""Of version 1.0, which numpy writes wherever it can."""
_START = len(_MAGIC) + 2
_HEADER = re.compile(
    rb"\{ *'descr': *'(<f[248]|<c8|<c16|<[iu][248]|\|[iu]1)', *"
    rb"'fortran_order': *(?:False|True), *'shape': *\(([0-9]{1,6}),\),? *\} *\n?"
)
"""Of one dimension, with the kinds of numbers that are the same on every machine."""
_PER_ITEM = 16
_SIGMA = Field(gt=0, le=1e6)

RelSigma = Annotated[Number, _SIGMA]


def _array(value: object) -> object:
    """The numbers of an array, which Qibolab writes as a ``.npy`` file in base64."""
    if not isinstance(value, str):
        return value
    if len(value) > 2 * _PER_ITEM * MAX_SAMPLES:
        msg = f"an array must have at most {MAX_SAMPLES} numbers"
        raise ValueError(msg)
    try:
        return _numbers(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError) as error:
        msg = "an array must be a list of numbers, or a .npy file of real ones in base64"
        raise ValueError(msg) from error


def _numbers(file: bytes) -> list[float]:
    """The numbers of a one-dimensional ``.npy`` file.

    Its header is matched and never evaluated, as numpy's own reader does, so that a malformed
    one is a sentence and pickled objects are refused unread.
    """
    end = _START + int.from_bytes(file[len(_MAGIC) : _START], "little")
    header = _HEADER.fullmatch(file[_START:end]) if end <= _START + _MAX_HEADER else None
    if not file.startswith(_MAGIC) or header is None:
        raise ValueError("header")
    count = int(header[2])
    if count > MAX_SAMPLES:
        raise ValueError("shape")
    found = np.frombuffer(file[end:], dtype=header[1].decode(), count=count)
    if np.any(found.imag):
        raise ValueError("complex")
    return [float(number) for number in found.real]


Array = Annotated[tuple[Number, ...], Field(max_length=MAX_SAMPLES), BeforeValidator(_array)]
Coefficients = Annotated[
    tuple[Number, ...],
    Field(min_length=1, max_length=_MAX_COEFFICIENTS),
    BeforeValidator(_array),
]


class Rectangular(Foreign):
    """Constant."""

    kind: Literal["rectangular"]


class Exponential(Foreign):
    """Two exponential decays, ``upsilon`` and ``tau`` as fractions."""

    kind: Literal["exponential"]
    tau: Annotated[Number, _SIGMA]
    upsilon: Annotated[Number, _SIGMA]
    g: Annotated[Number, Field(ge=0)] = 0.1


class Gaussian(Foreign):
    """Gaussian that the pulse's ends cut off."""

    kind: Literal["gaussian"]
    rel_sigma: RelSigma


class Drag(Foreign):
    """Cut Gaussian with ``beta`` times its derivative as quadrature."""

    kind: Literal["drag"]
    rel_sigma: RelSigma
    beta: Number


class GaussianSquare(Foreign):
    """Flat top: of ``width`` samples, or with flanks of ``risefall`` samples in later releases."""

    kind: Literal["gaussian_square"]
    rel_sigma: RelSigma | None = None
    width: Annotated[Number, Field(ge=0)] | None = None
    risefall: Annotated[int, Field(strict=True, ge=0, le=MAX_SAMPLES)] | None = None
    sigma: Annotated[Number, _SIGMA] | None = None

    @model_validator(mode="after")
    def _is_of_one_release(self) -> Self:
        old = self.rel_sigma is not None and self.width is not None
        new = self.risefall is not None and self.sigma is not None
        if old == new:
            msg = "gaussian_square must have rel_sigma and width, or risefall and sigma"
            raise ValueError(msg)
        return self


class GaussianSquareRelative(Foreign):
    """Flat top between flanks that are fractions."""

    kind: Literal["gaussian_square_relative"]
    rel_risefall: Annotated[Number, Field(ge=0, le=0.5)]
    rel_sigma: RelSigma


class Snz(Foreign):
    """Sudden net zero (arXiv:2008.07411); ``t_idling`` is a fraction."""

    kind: Literal["snz"]
    t_idling: Number
    b_amplitude: Number = 0.5


class ECap(Foreign):
    """Product of two hyperbolic tangents."""

    kind: Literal["ecap"]
    alpha: Number


class Custom(Foreign):
    """Sampled."""

    kind: Literal["custom"]
    i_: Array
    q_: Array


class Iir(Foreign):
    """Another envelope behind a recursive filter, rescaled to a peak of one."""

    kind: Literal["iir"]
    a: Coefficients
    b: Coefficients
    target: "Envelope"


class GaussianSquare01(Foreign):
    """Flat top of the fraction ``width``; ``rel_sigma`` is flanks over sigma."""

    kind: Literal["gaussian_square_0_1"]
    rel_sigma: RelSigma
    width: Annotated[Number, Field(ge=0, le=1)]


class Snz01(Foreign):
    """Sudden net zero; ``t_idling`` in samples, ``b_amplitude`` over the pulse's amplitude."""

    kind: Literal["snz_0_1"]
    t_idling: Number
    b_amplitude: Number


class ECap01(Foreign):
    """Product of two hyperbolic tangents, as 0.1 scaled them."""

    kind: Literal["ecap_0_1"]
    alpha: Number


Envelope: TypeAlias = Annotated[
    Rectangular
    | Exponential
    | Gaussian
    | Drag
    | GaussianSquare
    | GaussianSquareRelative
    | Snz
    | ECap
    | Custom
    | Iir
    | GaussianSquare01
    | Snz01
    | ECap01,
    Field(discriminator="kind"),
]
Iir.model_rebuild()


def waveform(envelope: Envelope, samples: int) -> Complex:
    """The envelope's complex samples, shape (samples,).

    Raises:
        ValueError: it has none for pulses of that length; a sentence.
    """
    with np.errstate(all="ignore"):
        found = np.asarray(_FORMULAS[type(envelope)](envelope, samples), dtype=np.complex128)
    if len(found) != samples or not np.all(np.isfinite(found)):
        msg = f"its envelope {envelope.kind} has no {samples} finite samples"
        raise ValueError(msg)
    return found


def _exponential(envelope: Exponential, n: int) -> Floats:
    x = np.arange(n) / n
    slow, fast = np.exp(-x / envelope.upsilon), np.exp(-x / envelope.tau)
    return np.asarray((slow + envelope.g * fast) / (1 + envelope.g))


def _drag(envelope: Drag, n: int) -> Complex:
    sigma = envelope.rel_sigma * n
    slope = -(np.arange(n) - (n - 1) / 2) / sigma**2
    return np.asarray((1 + 1j * envelope.beta * slope) * _window(n, sigma))


def _window(n: int, sigma: float) -> Floats:
    """``scipy.signal.windows.gaussian``: peak one at (n - 1) / 2, not lifted, shape (n,)."""
    return np.asarray(np.exp(-(((np.arange(n) - (n - 1) / 2) / sigma) ** 2) / 2))


def _custom(envelope: Custom, n: int) -> Complex:
    if not len(envelope.i_) == len(envelope.q_) == n:
        msg = (
            f"its custom envelope must have {n} samples, but has {len(envelope.i_)} "
            f"and {len(envelope.q_)}"
        )
        raise ValueError(msg)
    return np.array(envelope.i_) + 1j * np.array(envelope.q_)


def _filtered(envelope: Iir, n: int) -> Complex:
    if not envelope.a[0]:
        msg = "its filter must have a first coefficient a other than 0"
        raise ValueError(msg)
    target = waveform(envelope.target, n)
    return np.asarray(_through(envelope, target.real) + 1j * _through(envelope, target.imag))


def _through(envelope: Iir, target: Floats) -> Floats:
    a = np.array(envelope.a) / envelope.a[0]
    b = np.array(envelope.b)
    gain = b.sum() / a.sum()
    found = np.asarray(lfilter(b / gain if gain else b, a, target))
    peak = np.abs(found).max(initial=0.0)
    return np.asarray(found / peak if peak else found)


def _snz(envelope: Snz | Snz01, n: int) -> Floats:
    """Half the pulse up, its last sample ``b_amplitude``, idle, and the same mirrored down."""
    if isinstance(envelope, Snz):
        half = int(np.sum(np.arange(n) < (1 - envelope.t_idling) * n / 2)) + 1
    else:
        half = int(np.rint((n - envelope.t_idling) / 2))
    idle = n - 2 * half
    most = 1 if isinstance(envelope, Snz) else n
    if half < 1 or idle < 0 or not 0 <= envelope.t_idling <= most:
        msg = f"its snz envelope has no place in {n} samples with t_idling {envelope.t_idling:g}"
        raise ValueError(msg)
    up = np.concatenate([np.ones(half - 1), [envelope.b_amplitude]])
    return np.concatenate([up, np.zeros(idle), -up[::-1]])


def _ecap(envelope: ECap | ECap01, n: int) -> Floats:
    x = np.arange(n) / n
    # 0.2 multiplies alpha by samples where 0.1 did by the fraction
    rise = x if isinstance(envelope, ECap01) else np.arange(n)
    both = (1 + np.tanh(envelope.alpha * rise)) * (1 + np.tanh(envelope.alpha * (1 - x)))
    return np.asarray(both / (1 + np.tanh(envelope.alpha / 2)) ** 2)


def _flat_top(
    envelope: GaussianSquare | GaussianSquareRelative | GaussianSquare01, n: int
) -> Floats:
    if isinstance(envelope, GaussianSquareRelative):
        return _risen(n, int(envelope.rel_risefall * n), envelope.rel_sigma * n)
    if isinstance(envelope, GaussianSquare01):
        flank = int(n * (1 - envelope.width) // 2)
        up = _window(2 * flank, 2 * flank / envelope.rel_sigma)[:flank]
        return np.concatenate([up, np.ones(n - 2 * flank), up[::-1]])
    if envelope.risefall is not None and envelope.sigma is not None:
        return _risen(n, envelope.risefall, envelope.sigma)
    width, rel_sigma = envelope.width or 0.0, envelope.rel_sigma or 1.0
    times = np.arange(n)
    tails = (times < (n - width) / 2) | (times > (n + width) / 2)
    pulse = np.ones(n)
    pulse[tails] = _window(int(tails.sum()), rel_sigma * n)
    return pulse


def _risen(n: int, flank: int, sigma: float) -> Floats:
    """Flat top between Gaussian flanks of ``flank`` samples that start from zero.

    Without flanks it is a rectangle: the published formula subtracts the first sample, which
    would leave 0 / 0, but devices are read out with it.
    """
    if flank == 0:
        return np.ones(n)
    if flank > n // 2:
        msg = f"its flat top must have flanks of at most {n // 2} samples, but has {flank}"
        raise ValueError(msg)
    whole = _window(2 * flank + 1, sigma)
    pulse = np.concatenate([whole[:flank], np.ones(n - 2 * flank), whole[flank + 1 :]])
    pulse -= pulse[0]
    return np.asarray(pulse / pulse.max())


_FORMULAS: dict[type[Foreign], Callable[[Any, int], Complex | Floats]] = {
    Rectangular: lambda _, n: np.ones(n),
    Exponential: _exponential,
    Gaussian: lambda envelope, n: _window(n, envelope.rel_sigma * n),
    Drag: _drag,
    GaussianSquare: _flat_top,
    GaussianSquareRelative: _flat_top,
    GaussianSquare01: _flat_top,
    Snz: _snz,
    Snz01: _snz,
    ECap: _ecap,
    ECap01: _ecap,
    Custom: _custom,
    Iir: _filtered,
}
