"""Beyond two qubits: layer fidelities of chains and mirror benchmarking of the whole chip."""

from collections.abc import Sequence
from dataclasses import dataclass

from qtregress.metrics.collect import ERROR_TOLERANCE
from qtregress.metrics.measurement import Measurement
from qtregress.metrics.metric import Metric, measured, undecided
from qtregress.rb.canary import noise_of
from qtregress.rb.layer_fidelity import LayerFidelity, best_layer_fidelities
from qtregress.rb.mirror import (
    LARGEST,
    MirrorDecay,
    mirror_decay,
    mirror_gates,
    mirror_plan,
    why_not_mirrored,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeChip:
    """What benchmarking beyond two qubits would find.

    Attributes:
        chains: the best chain of each length.
        mirror: random circuits and their inverse on all qubits; None with ``why``.
        why: why the chip is not mirrored, or an empty string.
    """

    chains: tuple[LayerFidelity, ...]
    mirror: MirrorDecay | None
    why: str


def whole_chip(measurement: Measurement, *, seed: int) -> WholeChip:
    """Layer fidelities without sampling; mirror circuits by Aer where the chip fits there."""
    plan, channels, chip = measurement.plan, measurement.channels, measurement.chip
    noise = noise_of(plan, channels, measurement.profile, chip, error_tolerance=ERROR_TOLERANCE)
    chains = best_layer_fidelities(plan, channels, noise)
    qubits = tuple(qubit.index for qubit in chip.qubits)
    if why := why_not_mirrored(qubits, plan, noise):
        return WholeChip(chains=chains, mirror=None, why=why)
    gates = mirror_gates(qubits, plan, channels, noise)
    mirror = mirror_decay(
        gates,
        mirror_plan(gates, seed=seed),
        engine="aer" if len(qubits) <= LARGEST else "composition",
    )
    return WholeChip(chains=chains, mirror=mirror, why="")


def chip_metrics(found: WholeChip) -> Sequence[Metric]:
    """Error per layered gate of each length's best chain, and the mirrored layer's error.

    Of one release by itself: a candidate's own best chain may walk around a gate that broke.
    """
    metrics = []
    for one in found.chains:
        subject = "-".join(map(str, one.chain))
        if one.eplg is None:
            why = one.why or "a gate of it was left out"
            metrics.append(undecided("layer.eplg", subject, "1", why))
        else:
            metrics.append(measured("layer.eplg", subject, "1", one.eplg))
    error = found.mirror.layer_error if found.mirror is not None else None
    if error is None:
        why = found.mirror.advice if found.mirror is not None else found.why
        metrics.append(undecided("rb.mirror_layer_error", "all", "1", why))
    else:
        metrics.append(measured("rb.mirror_layer_error", "all", "1", error))
    return metrics
