"""The chip document: what the pulses meet between the table and the qubits.

Frequencies are dressed (as spectroscopy finds them) with every neighbour in its ground
state. ``kappa_ext_hz`` and every other linewidth is kappa / 2 pi.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qtregress.document import (
    Count,
    Digest,
    Index,
    Model,
    Name,
    NonNegative,
    Positive,
    Real,
    Source,
)
from qtregress.pulses.profile import Channel

Frequency = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1e8, le=1e11)]
Anharmonicity = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-2e9, le=2e9)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]
Time = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=10.0)]
Subject = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]+:[0-9]+(-[0-9]+)*$")]


class Attenuator(Model):
    """One pad of a line, anchored at a stage of the cryostat."""

    stage: Name
    attenuation_db: NonNegative


class DriveLine(Model):
    """From DAC amplitude to Rabi frequency of one qubit's drive line.

    A sample s becomes g (1 + (am + i pm)(|s| - |s_x|)) s + i slope ds/dt, times the
    Rabi frequency per amplitude, where s_x is the reference profile's x amplitude.
    """

    rabi_hz_per_amp: Positive
    phase_rad: Real = 0.0
    slope_dt: Real = 0.0
    compression_am: Real = 0.0
    compression_pm: Real = 0.0
    compression_at: Fraction = 0.0
    frequency_offset_hz: Real = 0.0
    kappa_ext_hz: Positive
    attenuators: tuple[Attenuator, ...]
    film_volume_m3: Positive
    rabi_uncertainty: Fraction = 0.005
    slope_uncertainty_dt: NonNegative = 0.05


class Readout(Model):
    """The readout resonator and its line."""

    frequency_hz: Frequency | None = None
    kappa_hz: Positive | None = None
    chi_hz: Real | None = None


class MeasuredGateError(Model):
    """A gate error that the hardware's own benchmarking reported."""

    gate: Subject
    error: Fraction
    date: Annotated[str, Field(max_length=40)] | None = None


class Qubit(Model):
    """One transmon with its bath and its lines."""

    index: Index
    frequency_hz: Frequency
    anharmonicity_hz: Anharmonicity
    t1_s: Time
    t2_s: Time
    t1_uncertainty: Fraction = 0.1
    t2_uncertainty: Fraction = 0.1
    residual_photons: NonNegative = 0.0
    drive: DriveLine
    readout: Readout = Readout()

    @model_validator(mode="after")
    def _t2_is_physical(self) -> Self:
        if self.t2_s > 2 * self.t1_s * (1 + 1e-12):
            msg = f"t2_s must be at most 2 * t1_s = {2 * self.t1_s:.6g}, but is {self.t2_s:.6g}"
            raise ValueError(msg)
        return self


class Coupling(Model):
    """Exchange coupling J (a†b + ab†) between two transmons."""

    qubits: tuple[Index, Index]
    j_hz: Real
    j_uncertainty_hz: NonNegative = 0.0


class ControlChannel(Model):
    """A cross drive: plays on ``qubit``'s line at ``frequency_of``'s drive frequency.

    ``gain_ratio`` is |u| over the drive line's own x-calibrated gain; the crosstalk is
    the complex fraction of the tone that reaches the target's drive operator directly.
    """

    qubit: Index
    frequency_of: Index
    gain_ratio: Positive = 1.0
    phase_rad: Real = 0.0
    crosstalk_re: Real = 0.0
    crosstalk_im: Real = 0.0


class DriftPrior(Model):
    """How far a line legitimately moves between calibrations (a hard bound)."""

    gain: Fraction = 0.005
    phase_rad: NonNegative = 0.010
    frequency_hz: NonNegative = 20e3


class GateFit(Model):
    """How far the fitted model is from the gate the table means, 1 - F_avg.

    ``status`` is ``fitted`` below the limit (1e-3 for one qubit, 1e-2 for two),
    ``unfitted`` above it: such a gate is undecided, never quietly used.
    """

    gate: Subject
    residual: Fraction
    status: Literal["fitted", "unfitted"]


class DriveFit(Model):
    """The record of ``chip fit-drive``: on what it was fitted and how well."""

    profile: Digest
    firmware: Name
    levels_one_qubit: Count
    levels_pair: Count
    gates: tuple[GateFit, ...]


class Stage(Model):
    """A plate: cooling Q(T) = a (T^2 - T0^2) through (budget at temperature)."""

    name: Name
    temperature_k: Positive
    unloaded_k: Positive
    cooling_power_w: Positive


class Cryostat(Model):
    """Plates from warm to cold."""

    name: Name
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    citation: Annotated[str, Field(max_length=300)]


class Chip(Model):
    """A device: transmons, couplings, lines, the cryostat, and how they were fitted."""

    format: Literal["qtregress/chip@1"]
    device: Name
    calibrated: Annotated[str, Field(max_length=40)] | None = None
    source: Source | None = None
    qubits: Annotated[tuple[Qubit, ...], Field(min_length=1)]
    couplings: tuple[Coupling, ...] = ()
    control_channels: dict[Channel, ControlChannel] = {}
    cryostat: Name | Cryostat = "krinner-2019-xld"
    drift_prior: DriftPrior = DriftPrior()
    measured_errors: tuple[MeasuredGateError, ...] = ()
    fit: DriveFit | None = None
    assumed: tuple[Annotated[str, Field(max_length=200)], ...] = ()

    @model_validator(mode="after")
    def _indices_exist(self) -> Self:
        known = [qubit.index for qubit in self.qubits]
        if len(set(known)) != len(known):
            msg = f"qubits must have distinct indices, but have {known}"
            raise ValueError(msg)
        used = [q for coupling in self.couplings for q in coupling.qubits]
        for control in self.control_channels.values():
            used += [control.qubit, control.frequency_of]
        for index in used:
            if index not in known:
                msg = f"couplings and control channels must name known qubits, but name {index}"
                raise ValueError(msg)
        return self

    def qubit(self, index: int) -> Qubit:
        """The qubit of that index.

        Raises:
            KeyError: there is none.
        """
        for qubit in self.qubits:
            if qubit.index == index:
                return qubit
        raise KeyError(index)

    def measured_error(self, gate_id: str) -> float | None:
        """The error the hardware reported for ``cx:0-1``, or None."""
        for row in self.measured_errors:
            if row.gate == gate_id:
                return row.error
        return None
