"""What is read of an IBM backend dump: defaults, configuration and properties.

Three JSON files a backend, as Qiskit's fake providers ship them. Unknown keys are
ignored, because the dumps hold much that this tool does not need.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from qtregress.errors import InputError
from qtregress.files.documents import Source, read_source, validated

Number = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e15, le=1e15)]
Whole = Annotated[int, Field(strict=True, ge=0, le=10_000_000)]
QubitIndex = Annotated[int, Field(strict=True, ge=0, le=9999)]
Word = Annotated[str, Field(max_length=200)]


class Foreign(BaseModel):
    """A frozen part of somebody else's document."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Parameters(Foreign):
    """The parameters of a parametric pulse; which are needed depends on its shape."""

    amp: tuple[Number, Number]
    duration: Whole
    sigma: Number | None = None
    beta: Number | None = None
    width: Number | None = None


class Instruction(Foreign):
    """One instruction of a command: a pulse, a frame change, a delay or an acquisition."""

    name: Word
    t0: Whole
    ch: Word | None = None
    phase: Number | Word | None = None
    duration: Whole | None = None
    pulse_shape: Word | None = None
    parameters: Parameters | None = None


class Command(Foreign):
    """A gate's instructions."""

    name: Word
    qubits: Annotated[tuple[QubitIndex, ...], Field(min_length=1)]
    sequence: tuple[Instruction, ...]


class LibraryPulse(Foreign):
    """A sampled waveform that commands play by its name."""

    name: Word
    samples: tuple[tuple[Number, Number], ...]


class Defaults(Foreign):
    """``defs_*.json``: the pulses and the frequencies they are played at, in GHz."""

    qubit_freq_est: tuple[Number, ...]
    meas_freq_est: tuple[Number, ...]
    pulse_library: tuple[LibraryPulse, ...] = ()
    cmd_def: tuple[Command, ...]


class LocalOscillator(Foreign):
    """One term of a control channel's carrier: ``scale`` times that qubit's frequency."""

    q: QubitIndex
    scale: tuple[Number, Number]


class Hamiltonian(Foreign):
    """The terms that name couplings and control channels; angular, in rad/ns."""

    h_str: tuple[Word, ...] = ()
    vars: dict[str, Number] = {}


class Configuration(Foreign):
    """``conf_*.json``: the device."""

    backend_name: Word
    backend_version: Word
    dt: Annotated[float, Field(strict=True, gt=0)]
    u_channel_lo: tuple[tuple[LocalOscillator, ...], ...] = ()
    hamiltonian: Hamiltonian = Hamiltonian()


class Measured(Foreign):
    """A measured number with its unit and date."""

    name: Word
    value: Number
    unit: Word = ""
    date: Word | None = None


class GateProperties(Foreign):
    """What was measured about one gate."""

    gate: Word
    qubits: tuple[QubitIndex, ...]
    parameters: tuple[Measured, ...] = ()


class Properties(Foreign):
    """``props_*.json``: what was measured, and when."""

    last_update_date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}", max_length=40)]
    qubits: Annotated[tuple[tuple[Measured, ...], ...], Field(min_length=1)]
    gates: tuple[GateProperties, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IbmDump:
    """The three files of one backend, read."""

    defaults: Defaults
    defaults_source: Source
    configuration: Configuration
    properties: Properties


def read_ibm_dump(folder: Path) -> IbmDump:
    """The folder's ``defs*.json``, ``conf*.json`` and ``props*.json``.

    Raises:
        InputError: one is missing, there are several, or one cannot be used.
    """
    defaults_source = read_source(str(_only(folder, "defs")))
    return IbmDump(
        defaults=validated(defaults_source, Defaults),
        defaults_source=defaults_source,
        configuration=validated(read_source(str(_only(folder, "conf"))), Configuration),
        properties=validated(read_source(str(_only(folder, "props"))), Properties),
    )


def _only(folder: Path, stem: str) -> Path:
    """The folder's one file of that kind."""
    if not folder.is_dir():
        msg = f"{folder}: must be a folder with defs_*.json, conf_*.json and props_*.json"
        raise InputError(msg)
    found = sorted({*folder.glob(f"{stem}.json"), *folder.glob(f"{stem}_*.json")})
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        msg = f"{folder}: must hold exactly one {stem}_*.json, but holds {names}"
        raise InputError(msg)
    return found[0]
