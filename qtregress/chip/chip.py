"""The chip document: what the pulses meet between the table and the qubits.

Frequencies are dressed (as spectroscopy finds them) with every neighbour in its ground
state. ``kappa_ext_hz`` and every other linewidth is kappa / 2 pi.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

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
Hertz = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e9, le=1e9)]
HertzAbove0 = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e9)]
Kelvin = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1e-4, le=1e3)]
Watt = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e6)]
Conductance = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e6)]
Compression = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e3, le=1e3)]
Subject = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]+:[0-9]+(-[0-9]+)*$")]


class Attenuator(Model):
    """One pad of a line, anchored at a stage of the cryostat."""

    stage: Name
    attenuation_db: Annotated[NonNegative, Field(le=200)]


class Film(Model):
    """The resistive film of every pad of a line, and the body that it sits on.

    Pads are cut into sections of at most ``section_db`` that share the volume. Electrons at
    T_e pass ``sigma_w_m3_k5 * V (T_e^5 - T_body^5)`` to the body and store ``gamma_j_m3_k2 *
    V T_e`` a kelvin; the body passes ``body_w_per_k4 (T_body^4 - T_plate^4)`` to its plate and
    answers within ``body_s``. Uncertainties are relative.
    """

    volume_m3: Annotated[Positive, Field(ge=1e-24, le=1e-3)] = 6e-15
    volume_uncertainty: Fraction = 0.5
    section_db: Annotated[Positive, Field(ge=1)] = 10.0
    sigma_w_m3_k5: Annotated[Positive, Field(ge=1e3, le=1e15)] = 2.4e9
    sigma_uncertainty: Fraction = 0.25
    gamma_j_m3_k2: Annotated[Positive, Field(ge=1e-6, le=1e9)] = 100.0
    body_w_per_k4: Annotated[Positive, Field(ge=1e-12, le=1e6)] = 1e-3
    body_s: Annotated[Positive, Field(ge=1e-9, le=1e3)] = 3e-4


class DriveLine(Model):
    """From DAC amplitude to Rabi frequency of one qubit's drive line.

    A sample s becomes g (1 + (am + i pm)(|s| - |s_x|)) s + i slope ds/dt, times the
    Rabi frequency per amplitude, where s_x is the reference profile's x amplitude.
    """

    rabi_hz_per_amp: Annotated[Positive, Field(ge=1, le=1e12)]
    phase_rad: Real = 0.0
    slope_dt: Annotated[Real, Field(ge=-1e4, le=1e4)] = 0.0
    compression_am: Compression = 0.0
    compression_pm: Compression = 0.0
    compression_at: Fraction = 0.0
    frequency_offset_hz: Hertz = 0.0
    kappa_ext_hz: Annotated[Positive, Field(ge=1e-9, le=1e9)]
    attenuators: tuple[Attenuator, ...]
    film: Film = Film()
    rabi_uncertainty: Fraction = 0.005
    slope_uncertainty_dt: NonNegative = 0.05


class Readout(Model):
    """The readout resonator and its line.

    H = chi a†a sigma_z, so that one photon shifts the qubit by twice ``chi_hz``. A pulse whose
    amplitude is ``photons_at`` holds ``photons`` in the resonator.
    """

    frequency_hz: Frequency | None = None
    kappa_hz: Annotated[Positive, Field(ge=1, le=1e9)] | None = None
    chi_hz: Hertz | None = None
    photons: Annotated[Positive, Field(le=1e9)] = 5.0
    photons_at: Annotated[Positive, Field(ge=1e-9, le=1)] | None = None
    attenuators: tuple[Attenuator, ...] = ()
    film: Film = Film()


class FluxLine(Model):
    """The flux line: a bias current and pulses, both as current.

    ``ampere_per_amp`` turns DAC amplitude into current at the chip, ``bias_a`` flows all day;
    ``resistance_ohm`` is what each stage's section of cable and filter dissipates in.
    """

    ampere_per_amp: Annotated[Positive, Field(le=1e3)]
    bias_a: Annotated[Real, Field(ge=-1e3, le=1e3)] = 0.0
    resistance_ohm: dict[Name, Annotated[NonNegative, Field(le=1e9)]] = {}
    attenuators: tuple[Attenuator, ...] = ()


class Quasiparticles(Model):
    """A second bath: quasiparticles at their own temperature (gap and frequencies over h).

    ``fraction`` is their density over that of Cooper pairs; ``t1_s`` of the qubit contains them.
    """

    fraction: Fraction
    temperature_k: Annotated[Positive, Field(ge=1e-3, le=10)] = 0.1
    gap_hz: Frequency = 4.4e10


class FlatSpectrum(Model):
    """The bath couples to every transition alike, but for the matrix element."""

    kind: Literal["flat"] = "flat"


class OhmicSpectrum(Model):
    """The bath's spectral density grows with frequency."""

    kind: Literal["ohmic"]


class OneOverFSpectrum(Model):
    """The bath's spectral density falls as frequency to the minus ``exponent``."""

    kind: Literal["one_over_f"]
    exponent: Annotated[Positive, Field(le=10)] = 1.0


class TabulatedSpectrum(Model):
    """A measured spectral density, any unit, linear between its points."""

    kind: Literal["tabulated"]
    frequency_hz: Annotated[tuple[Frequency, ...], Field(min_length=2, max_length=10_000)]
    density: Annotated[tuple[Positive, ...], Field(min_length=2, max_length=10_000)]

    @model_validator(mode="after")
    def _is_a_table(self) -> Self:
        if len(self.frequency_hz) != len(self.density):
            msg = (
                f"density must have one number a frequency, {len(self.frequency_hz)}, "
                f"but has {len(self.density)}"
            )
            raise ValueError(msg)
        if any(b <= a for a, b in pairwise(self.frequency_hz)):
            msg = "frequency_hz must rise from one point to the next, but does not"
            raise ValueError(msg)
        return self


Spectrum = Annotated[
    FlatSpectrum | OhmicSpectrum | OneOverFSpectrum | TabulatedSpectrum,
    Field(discriminator="kind"),
]


class MeasuredGateError(Model):
    """A gate error that the hardware's own benchmarking reported."""

    gate: Subject
    error: Fraction
    date: Annotated[str, Field(max_length=40)] | None = None


class Qubit(Model):
    """One transmon with its bath and its lines.

    ``slow_noise_hz`` is the standard deviation of its frequency from one run to the next
    (1/f noise, quasi-static); T2 is that of an echo, which does not contain it.
    """

    index: Index
    frequency_hz: Frequency
    anharmonicity_hz: Anharmonicity
    t1_s: Time
    t2_s: Time
    t1_uncertainty: Fraction = 0.1
    t2_uncertainty: Fraction = 0.1
    residual_photons: Annotated[NonNegative, Field(le=1e3)] = 0.0
    spectrum: Spectrum = FlatSpectrum()
    quasiparticles: Quasiparticles | None = None
    slow_noise_hz: HertzAbove0 = 0.0
    drive: DriveLine
    readout: Readout = Readout()
    flux: FluxLine | None = None

    @model_validator(mode="after")
    def _t2_is_physical(self) -> Self:
        if self.t2_s > 2 * self.t1_s * (1 + 1e-12):
            msg = f"t2_s must be at most 2 * t1_s = {2 * self.t1_s:.6g}, but is {self.t2_s:.6g}"
            raise ValueError(msg)
        return self


class Coupling(Model):
    """Exchange coupling J (a†b + ab†) between two transmons."""

    qubits: tuple[Index, Index]
    j_hz: Hertz
    j_uncertainty_hz: HertzAbove0 = 0.0


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


class DriveCrosstalk(Model):
    """What of one drive line's tone reaches another transmon.

    The tone of ``d<from_qubit>``, at its own carrier, drives ``to_qubit`` with the complex Rabi
    envelope ``re + i im`` times the one that it drives ``from_qubit`` with, either being the
    factor of that transmon's own (a + a†). On resonance the neighbour would turn by
    ``abs(re + i im)`` times the angle: a ratio of fields, not of powers. A cross drive's direct
    share at its target is its own (``ControlChannel``).
    """

    from_qubit: Index
    to_qubit: Index
    re: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1, le=1)]
    im: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1, le=1)] = 0.0

    @property
    def ratio(self) -> complex:
        """Rabi envelope at ``to_qubit`` over that at ``from_qubit``."""
        return complex(self.re, self.im)

    @model_validator(mode="after")
    def _is_a_share(self) -> Self:
        if self.from_qubit == self.to_qubit:
            msg = f"to_qubit must be another qubit than from_qubit, but both are {self.to_qubit}"
            raise ValueError(msg)
        if not abs(self.ratio) <= 1:
            msg = f"abs(re + i im) must be at most 1, but is {abs(self.ratio):.6g}"
            raise ValueError(msg)
        return self


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


class PassiveLoad(Model):
    """What one line of each kind conducts to a stage, in W."""

    drive: Watt = 0.0
    readout: Watt = 0.0
    output: Watt = 0.0
    flux: Watt = 0.0


class Stage(Model):
    """A plate: cooling Q(T) = a (T^2 - T0^2) through (budget at temperature).

    ``heat_capacity_j_per_k2`` is C / T: copper's electrons and dilute helium are both linear.
    """

    name: Name
    temperature_k: Kelvin
    unloaded_k: Kelvin
    cooling_power_w: Annotated[Positive, Field(ge=1e-12, le=1e6)]
    heat_capacity_j_per_k2: Annotated[Positive, Field(ge=1e-12, le=1e9)] | None = None
    passive_w: PassiveLoad = PassiveLoad()


class StageLink(Model):
    """Two stages that pass heat to each other, ``w_per_k`` beyond what they do unloaded."""

    stages: tuple[Name, Name]
    w_per_k: Conductance


class Cryostat(Model):
    """Plates from warm to cold."""

    name: Name
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]
    links: tuple[StageLink, ...] = ()
    citation: Annotated[str, Field(max_length=300)]


class ThermalLink(Model):
    """Bodies of two qubits' drive lines that pass ``w_per_k4 (T_a^4 - T_b^4)`` to each other."""

    qubits: tuple[Index, Index]
    w_per_k4: Conductance


class Chip(Model):
    """A device: transmons, couplings, lines, the cryostat, and how they were fitted."""

    format: Literal["qtregress/chip@1"]
    device: Name
    calibrated: Annotated[str, Field(max_length=40)] | None = None
    source: Source | None = None
    qubits: Annotated[tuple[Qubit, ...], Field(min_length=1)]
    couplings: tuple[Coupling, ...] = ()
    control_channels: dict[Channel, ControlChannel] = {}
    drive_crosstalk: tuple[DriveCrosstalk, ...] = ()
    thermal_links: tuple[ThermalLink, ...] = ()
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
        used += [q for link in self.thermal_links for q in link.qubits]
        used += [q for row in self.drive_crosstalk for q in (row.from_qubit, row.to_qubit)]
        for control in self.control_channels.values():
            used += [control.qubit, control.frequency_of]
        for index in used:
            if index not in known:
                whose = "couplings, thermal links, control channels and drive crosstalk"
                msg = f"{whose} must name known qubits, but name {index}"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _crosstalk_is_given_once(self) -> Self:
        pairs = [(row.from_qubit, row.to_qubit) for row in self.drive_crosstalk]
        for pair in pairs:
            if pairs.count(pair) > 1:
                msg = f"drive_crosstalk must name a pair once, but repeats {pair[0]} to {pair[1]}"
                raise ValueError(msg)
        return self

    @model_serializer(mode="wrap")
    def _without_empty_crosstalk(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A chip without crosstalk is written as before there was any: its digest stays."""
        found: dict[str, Any] = whole(self)
        if not self.drive_crosstalk:
            found.pop("drive_crosstalk", None)
        return found

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
