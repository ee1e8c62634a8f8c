"""What slow noise of the qubits' frequencies costs a gate: an average over runs.

1/f noise moves a qubit's frequency far more slowly than a gate takes. It is modelled as
quasi-static (Ithier et al., Phys. Rev. B 72, 134519 (2005)): within a gate each
qubit has one offset, drawn anew for every run from a normal distribution of mean zero.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.ideal import ideal_image
from qtregress.channels.sensitivity import (
    Parameter,
    Sensitivities,
    coherent_hessian,
    sensitivities,
)
from qtregress.chip.chip import Chip
from qtregress.pulses.profile import Gate, Profile

Complex = NDArray[np.complex128]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowTask:
    """One gate on a chip of which some qubit is slowly noisy."""

    gate: Gate
    profile: Profile
    chip: Chip


def is_noisy(gate: Gate, chip: Chip) -> bool:
    """Whether a qubit of the gate has slow noise."""
    return any(chip.qubit(index).slow_noise_hz > 0 for index in gate.qubits)


def gate_slow_error(task: SlowTask) -> float:
    """`slow_error` of the gate against what its name means.

    Raises:
        KeyError: nobody knows what its name means.
    """
    ideal = ideal_image(task.gate.name)
    if ideal is None:
        raise KeyError(task.gate.name)
    wanted = [Parameter(kind="frequency", subject=str(index)) for index in task.gate.qubits]
    found = sensitivities(task.gate, task.profile, task.chip, wanted)
    sigma_hz = {index: task.chip.qubit(index).slow_noise_hz for index in task.gate.qubits}
    return slow_error(found, ideal, sigma_hz)


def slow_error(found: Sensitivities, ideal: Complex, sigma_hz: Mapping[int, float]) -> float:
    """Mean of 1 - F_avg that slow frequency noise adds, averaged over start phases.

    1/2 Sum_q sigma_q^2 d2(1 - F)/df_q^2, with the second derivatives of ``coherent_hessian``.
    A first derivative, where the gate is not at its best, averages out of the mean: it
    makes runs differ, by sigma abs(d(1 - F)/df), and is no part of this. Left out are

    - fourth order: an idling qubit errs by (1 - exp(-2 s)) / 3 and not by 2 s / 3, where
      s = (pi sigma t)^2, so that this is too much by the fraction s;
    - the curvature of the error vector where that is not zero: the fraction left out is of the
      order of the coherent error's square root;
    - leakage that a frequency offset adds, and noise that moves within the gate.

    Args:
        found: the gate's derivatives, by the frequency of every qubit in ``sigma_hz``.
        ideal: the unitary that the gate is compared with, shape (d, d).
        sigma_hz: standard deviation of the frequency of each of the gate's qubits; offsets
            of two qubits are independent.

    Raises:
        KeyError: a qubit that is noisy is not among the derivatives.
    """
    of_frequency = {p.subject: i for i, p in enumerate(found.parameters) if p.kind == "frequency"}
    curvature = np.diag(coherent_hessian(found, ideal))
    total = 0.0
    for qubit, sigma in sigma_hz.items():
        if sigma > 0:
            total += sigma**2 * float(curvature[of_frequency[str(qubit)]]) / 2
    return total


def ramsey_time_s(t2_s: float, slow_noise_hz: float) -> float:
    """T2*: when a Ramsey fringe has fallen to 1/e, in s.

    The fringe falls as exp(-t/T2 - 2 (pi sigma t)^2), T2 that of an echo, which quasi-static
    noise leaves alone; T2* = 2 / (1/T2 + sqrt(1/T2^2 + 8 (pi sigma)^2)). Ithier et al., Phys.
    Rev. B 72, 134519 (2005). The other way round,
    sigma = sqrt((1 - T2*/T2) / 2) / (pi T2*).

    Args:
        t2_s: of an echo, positive.
        slow_noise_hz: standard deviation of the qubit's frequency from run to run.
    """
    rate = 1 / t2_s
    return 2 / (rate + math.hypot(rate, math.sqrt(8) * math.pi * slow_noise_hz))
