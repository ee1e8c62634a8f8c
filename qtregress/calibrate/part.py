"""A part of a device: some of its qubits with the gates on them, judged by itself.

Lines, measured errors and the record of the fit stay what they are, so that nothing has to be
fitted again. What the part lacks is everybody else: neighbours that wait, and heat they make.
"""

from collections.abc import Collection
from dataclasses import dataclass

from qtregress.chip.chip import Chip, DriveFit
from qtregress.identity import digest
from qtregress.pulses.profile import Gate, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A release and its chip, both cut to the same qubits."""

    profile: Profile
    chip: Chip


def part(profile: Profile, chip: Chip, gates: Collection[str]) -> Part:
    """What these gates need of both, virtual gates of their qubits included.

    A fit to ``profile`` counts as a fit to its part, so that the part has spent no drift.

    Args:
        profile: the whole release.
        chip: the whole chip.
        gates: ids of gates to keep; at least one.

    Raises:
        ValueError: none of the gates is in the profile.
    """
    qubits = {qubit for gate in gates for qubit in profile.by_id[gate].qubits}
    if not qubits:
        raise ValueError("gates must name at least one gate of the profile, but name none")
    own = _chip(chip, qubits)
    cut = _profile(profile, own, gates)
    if chip.fit is None:
        return Part(profile=cut, chip=own)
    fit = _fit(chip.fit, gates, profile, cut)
    return Part(profile=cut, chip=own.model_copy(update={"fit": fit}))


def _fit(fit: DriveFit, gates: Collection[str], whole: Profile, cut: Profile) -> DriveFit:
    rows = tuple(row for row in fit.gates if row.gate in gates)
    on = digest(cut) if fit.profile == digest(whole) else fit.profile
    return fit.model_copy(update={"gates": rows, "profile": on})


def _chip(chip: Chip, qubits: set[int]) -> Chip:
    """The chip with what lies between these qubits."""
    controls = {
        name: row
        for name, row in chip.control_channels.items()
        if {row.qubit, row.frequency_of} <= qubits
    }
    return chip.model_copy(
        update={
            "qubits": tuple(one for one in chip.qubits if one.index in qubits),
            "couplings": tuple(row for row in chip.couplings if qubits.issuperset(row.qubits)),
            "thermal_links": tuple(
                row for row in chip.thermal_links if qubits.issuperset(row.qubits)
            ),
            "drive_crosstalk": tuple(
                row for row in chip.drive_crosstalk if {row.from_qubit, row.to_qubit} <= qubits
            ),
            "control_channels": controls,
            "measured_errors": tuple(
                row for row in chip.measured_errors if qubits.issuperset(_qubits(row.gate))
            ),
        }
    )


def _qubits(gate_id: str) -> set[int]:
    return set(map(int, gate_id.partition(":")[2].split("-")))


def _profile(profile: Profile, chip: Chip, gates: Collection[str]) -> Profile:
    """The gates, without rows of channels that the chip's part lacks."""
    qubits = {qubit.index for qubit in chip.qubits}
    channels = {f"{kind}{qubit}" for kind in "dmf" for qubit in qubits} | set(chip.control_channels)
    kept = [
        gate
        for gate in profile.gates
        if gate.id in gates or (gate.is_virtual and qubits.issuperset(gate.qubits))
    ]
    frequencies = profile.drive_frequency_hz.items()
    return profile.model_copy(
        update={
            "drive_frequency_hz": {name: hz for name, hz in frequencies if name in channels},
            "gates": tuple(_trimmed(gate, channels) for gate in kept),
        }
    )


def _trimmed(gate: Gate, channels: Collection[str]) -> Gate:
    rows = tuple(row for row in gate.pulses if row.channel in channels)
    turned = tuple(name for name in gate.virtual_z if name in channels)
    return gate.model_copy(update={"pulses": rows, "virtual_z": turned})
