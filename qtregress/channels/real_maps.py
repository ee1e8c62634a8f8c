"""Hermiticity-preserving maps as real matrices: a quarter of the arithmetic.

A Hermitian X and the real R = Re X + Im X determine each other, so that a map of density
matrices is a real matrix on R of the same shape (n**2, n**2), and maps compose as before.
Conjugation by a unitary is orthogonal in this form.
"""

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]


def transposition(n: int) -> NDArray[np.intp]:
    """Where the element (j, i) stands for each (i, j) of a row-stacked matrix, shape (n**2,)."""
    return np.arange(n * n).reshape(n, n).T.reshape(-1)


def as_real(superoperator: Complex) -> Floats:
    """A map's real form: K_R = Re K + Im K P, P the transposition of X; same shape."""
    swap = transposition(_side(superoperator))
    return superoperator.real + superoperator.imag[:, swap]


def as_complex(real: Floats) -> Complex:
    """The map whose ``as_real`` this is."""
    swap = transposition(_side(real))
    turned = real[np.ix_(swap, swap)]
    return cast("Complex", (real + turned) / 2 + 0.5j * (real - turned)[:, swap])


def conjugation(unitary: Complex, dtype: type[np.floating]) -> Floats:
    """Real form of X -> U X U†, an orthogonal matrix (n**2, n**2) of ``dtype``."""
    a, b = unitary.real.astype(dtype), unitary.imag.astype(dtype)
    n = len(unitary)
    # indices (i, k; j, l): Re(U_ij U*_kl) + Im(U_il U*_kj)
    form = a[:, None, :, None] * a[None, :, None, :]
    form += b[:, None, :, None] * b[None, :, None, :]
    form += b[:, None, None, :] * a[None, :, :, None]
    form -= a[:, None, None, :] * b[None, :, :, None]
    return form.reshape(n * n, n * n)


def turned(angles_rad: Floats, real: Floats) -> Floats:
    """Real form of X -> D X D†, D = exp(i angles), after the map ``real``.

    Args:
        angles_rad: of the diagonal D, shape (n,).
        real: a map in real form, or any matrix of n**2 rows.
    """
    difference = (angles_rad[:, None] - angles_rad[None, :]).reshape(-1, 1)
    swap = transposition(len(angles_rad))
    cosine, sine = np.cos(difference), np.sin(difference)
    return cosine * real + sine * real[swap]


def _side(superoperator: Complex | Floats) -> int:
    return math.isqrt(len(superoperator))
