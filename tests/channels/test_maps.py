"""Every map is physical, whatever the firmware plays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.channels.fast import as_complex, as_real, magnus
from qtregress.channels.simulate import START_PHASES_RAD
from qtregress.chip.chip import ControlChannel
from qtregress.pulses.profile import Gate, Samples

Complex = NDArray[np.complex128]
Cases = Callable[..., Any]

RABI_HZ = 2e8
CONTROL = ControlChannel(qubit=0, frequency_of=1, gain_ratio=0.9, phase_rad=1.0, crosstalk_re=0.02)
amplitudes = st.floats(-0.7, 0.7)
waveforms = st.lists(st.tuples(amplitudes, amplitudes), min_size=1, max_size=60)
seeds = st.integers(0, 2**32 - 1)


def sampled(channel: str, waveform: list[tuple[float, float]]) -> Samples:
    """A sampled pulse from the gate's start."""
    re, im = zip(*waveform, strict=True)
    return Samples(envelope="samples", channel=channel, t0=0, duration=len(waveform), re=re, im=im)


def gate(*pulses: Samples, qubits: tuple[int, ...] = (0,)) -> Gate:
    """A gate as long as its longest pulse, and a sample more."""
    longest = max(pulse.duration for pulse in pulses)
    return Gate(name="x", qubits=qubits, duration=longest + 1, pulses=pulses)


def trace_kept(found: Complex) -> float:
    """Largest deviation of the traced map from the trace."""
    n = round(len(found) ** 0.5)
    trace = np.eye(n).ravel()
    return float(np.abs(trace @ found - trace).max())


def lowest_choi(found: Complex) -> float:
    """Lowest eigenvalue of the map's Choi matrix, negative where it is not completely positive."""
    n = round(len(found) ** 0.5)
    choi = found.reshape(n, n, n, n).transpose(0, 2, 1, 3).reshape(n * n, n * n)
    return float(np.linalg.eigvalsh((choi + choi.conj().T) / 2).min())


def random_map(seed: int, n: int = 3) -> Complex:
    """A random map that preserves Hermiticity: a difference of completely positive ones."""
    rng = np.random.default_rng(seed)
    kraus = rng.normal(size=(4, n, n)) + 1j * rng.normal(size=(4, n, n))
    signs = rng.choice([-1, 1], size=4)
    terms = [sign * np.kron(k, k.conj()) for sign, k in zip(signs, kraus, strict=True)]
    return np.asarray(sum(terms))


def random_hermitian(seed: int, n: int = 3) -> Complex:
    """A random Hermitian matrix."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n))
    return np.asarray(root + root.conj().T)


@given(waveform=waveforms, photons=st.floats(0, 0.2))
def test_any_pulse_keeps_the_trace(
    waveform: list[tuple[float, float]], photons: float, make_case: Cases
) -> None:
    """Whatever a transmon is driven with, its map keeps the trace to 1e-10."""
    case = make_case(gate(sampled("d0", waveform)), levels=4, rabi_hz=RABI_HZ, photons=photons)

    assert trace_kept(case.map) < 1e-10


@given(waveform=waveforms, t1_s=st.floats(1e-6, 1e-4), photons=st.floats(0, 0.2))
def test_any_pulse_is_completely_positive(
    waveform: list[tuple[float, float]], t1_s: float, photons: float, make_case: Cases
) -> None:
    """Whatever a transmon is driven with, no Choi eigenvalue is below -1e-8."""
    case = make_case(
        gate(sampled("d0", waveform)),
        levels=3,
        rabi_hz=RABI_HZ,
        photons=photons,
        t1_s=t1_s,
        t2_s=t1_s,
    )

    assert lowest_choi(case.map) >= -1e-8


@settings(max_examples=10)
@given(left=waveforms, right=waveforms, cross=waveforms)
def test_any_pulses_of_a_pair_give_a_physical_map(
    left: list[tuple[float, float]],
    right: list[tuple[float, float]],
    cross: list[tuple[float, float]],
    make_case: Cases,
) -> None:
    """Whatever a pair is driven with, its map averaged over start phases is a channel."""
    played = [sampled("d0", left), sampled("d1", right), sampled("u0", cross)]
    case = make_case(gate(*played, qubits=(0, 1)), levels=3, rabi_hz=RABI_HZ, control=CONTROL)

    (found,) = case.fast(*START_PHASES_RAD).maps

    assert trace_kept(found) < 1e-10
    assert lowest_choi(found) >= -1e-8


@given(seeds)
def test_real_form_reads_back(seed: int) -> None:
    """A Hermiticity-preserving map comes back from its real form."""
    one = random_map(seed)

    assert np.abs(as_complex(as_real(one)) - one).max() < 1e-12


@given(seeds, seeds)
def test_real_form_composes(first: int, second: int) -> None:
    """The real form of a composed map is the product of the real forms."""
    one, two = random_map(first), random_map(second)

    assert np.abs(as_real(one @ two) - as_real(one) @ as_real(two)).max() < 1e-10


@given(seeds, seeds)
def test_real_form_acts_on_real_plus_imaginary_part(seed: int, state: int) -> None:
    """The real form takes Re X + Im X to that of the map's answer, X Hermitian."""
    one, x = random_map(seed), random_hermitian(state).ravel()
    after = one @ x

    assert np.abs(as_real(one) @ (x.real + x.imag) - (after.real + after.imag)).max() < 1e-10


def test_magnus_of_commuting_blocks_is_their_sum() -> None:
    """Where nothing turns, the Magnus expansion is the sum of its blocks and errs by nothing."""
    rate = as_real(random_map(1))

    omega, estimate = magnus([rate, 2 * rate, rate / 2, rate])

    assert omega == pytest.approx(4.5 * rate, rel=1e-12)
    assert estimate < 1e-10
