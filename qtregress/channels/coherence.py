"""The coherence limit: the error that T1 and T2 alone leave to a gate of given length."""

import math
from collections.abc import Sequence


def coherence_limit(duration_s: float, decay_times_s: Sequence[tuple[float, float]]) -> float:
    """Average gate error of idling qubits with (T1, T2) each.

    1 - F_avg with F_pro = Prod (1 + 2 exp(-t/T2) + exp(-t/T1)) / 4 and
    F_avg = (d F_pro + 1) / (d + 1): exact for any thermal population at given T1 and T2
    (one and two qubits as Qiskit's ``RBUtils.coherence_limit``; to first order Abad et al.,
    PRL 129, 150504 (2022), eq. 12).
    """
    d = 2 ** len(decay_times_s)
    process = math.prod(
        (1 + 2 * math.exp(-duration_s / t2) + math.exp(-duration_s / t1)) / 4
        for t1, t2 in decay_times_s
    )
    return float(d / (d + 1) * (1 - process))
