"""Samples of every envelope, by the rule the control electronics' vendors share.

Sample k is the envelope at the midpoint k + 1/2. Gaussians are lifted so that they vanish
one sample before the first and one after the last, and rescaled to a peak of one
(Qiskit 1.3 ``SymbolicPulse``; Motzoi, Gambetta, Rebentrost, Wilhelm, PRL 103, 110501
(2009) for the derivative quadrature). Cut Gaussians are neither lifted nor rescaled (Qibolab
0.2 ``pulses/envelope.py``).
"""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from qtregress.pulses.profile import (
    Constant,
    CutDrag,
    CutGaussian,
    Drag,
    Gaussian,
    GaussianSquare,
    Pulse,
    Samples,
    ShapedPulse,
)

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


def _midpoints(duration: int) -> Floats:
    return np.arange(duration, dtype=np.float64) + 0.5


def _lifted_gaussian(t: Floats, *, center: float, sigma: float, zero_at: float) -> Floats:
    """Gaussian of peak one at ``center`` that is zero at ``zero_at``, shape of ``t``."""
    floor = np.exp(-(((zero_at - center) / sigma) ** 2) / 2)
    raw = np.exp(-(((t - center) / sigma) ** 2) / 2)
    return cast("Floats", (raw - floor) / (1 - floor))


def _gaussian(pulse: Gaussian | Drag) -> Floats:
    t = _midpoints(pulse.duration)
    return _lifted_gaussian(t, center=pulse.duration / 2, sigma=pulse.sigma, zero_at=-1.0)


def _drag(pulse: Drag) -> Complex:
    lifted = _gaussian(pulse)
    t = _midpoints(pulse.duration)
    derivative = -(t - pulse.duration / 2) / pulse.sigma**2 * lifted
    return np.asarray(lifted + 1j * pulse.beta * derivative)


def _cut_gaussian(pulse: CutGaussian | CutDrag) -> Floats:
    off = (_midpoints(pulse.duration) - pulse.duration / 2) / pulse.sigma
    return np.asarray(np.exp(-(off**2) / 2))


def _cut_drag(pulse: CutDrag) -> Complex:
    cut = _cut_gaussian(pulse)
    off = _midpoints(pulse.duration) - pulse.duration / 2
    return np.asarray(cut * (1 - 1j * pulse.beta * off / pulse.sigma**2))


def _gaussian_square(pulse: GaussianSquare) -> Floats:
    t = _midpoints(pulse.duration)
    flank = (pulse.duration - pulse.width) / 2
    fall = flank + pulse.width
    up = _lifted_gaussian(t, center=flank, sigma=pulse.sigma, zero_at=-1.0)
    down = _lifted_gaussian(t, center=fall, sigma=pulse.sigma, zero_at=pulse.duration + 1.0)
    return np.asarray(np.where(t <= flank, up, np.where(t <= fall, 1.0, down)))


def _shape(pulse: ShapedPulse) -> NDArray[np.complex128 | np.float64]:
    match pulse:
        case Drag():
            return _drag(pulse)
        case Gaussian():
            return _gaussian(pulse)
        case CutDrag():
            return _cut_drag(pulse)
        case CutGaussian():
            return _cut_gaussian(pulse)
        case GaussianSquare():
            return _gaussian_square(pulse)
        case Constant():
            return np.ones(pulse.duration)
        case _:
            msg = f"no samples are known for {type(pulse).__name__}"
            raise AssertionError(msg)


def samples(pulse: Pulse) -> Complex:
    """Complex samples of one pulse relative to full scale, shape (duration,)."""
    if isinstance(pulse, Samples):
        return np.array(pulse.re) + 1j * np.array(pulse.im)
    return np.asarray(pulse.amp * np.exp(1j * pulse.angle) * _shape(pulse))
