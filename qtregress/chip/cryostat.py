"""Built-in cryostats, and the cryostat that a chip hangs in.

What the built-ins share, none of it measured on the machine whose name they bear:

Cables: what one line conducts is Krinner's for stainless steel drive lines, flux lines and,
at the two coldest plates, NbTi output lines (EPJ Quantum Technology 6:2 (2019), section 4).
Readout inputs are built like drive lines. What output lines conduct to the warmer plates is
assumed to be a drive line's, which is an upper bound. Amplifiers are not contained.

Heat capacities C / T, estimated. Copper's electrons are 0.011 J/K^2 a kg (Pobell, Matter and
Methods at Low Temperatures (2007), section 3.1.4): a cold plate of 10 kg. The mixing chamber
adds 0.3 mol of dilute helium at 106 J/(K^2 mol), the still half a mol of liquid. The two
warmest are 20 kg and 30 kg of copper, lattice included, at their working points.

Links, assumed: posts and tubes of stainless steel and glass fibre. Stages influence each other
in real machines more than such models say (Manifold et al., arXiv:2503.10775): give the
values of your own in an inline cryostat.
"""

from types import MappingProxyType

from qtregress.chip.chip import Attenuator, Chip, Cryostat, PassiveLoad, Qubit, Stage, StageLink
from qtregress.errors import InputError

_CABLES_50K = PassiveLoad(drive=45e-3, readout=45e-3, output=45e-3, flux=56e-3)
_CABLES_4K = PassiveLoad(drive=1e-3, readout=1e-3, output=1e-3, flux=1.2e-3)
_CABLES_STILL = PassiveLoad(drive=4e-6, readout=4e-6, output=4e-6, flux=2e-6)
_CABLES_CP = PassiveLoad(drive=0.4e-6, readout=0.4e-6, output=0.3e-6, flux=0.3e-6)
_CABLES_MXC = PassiveLoad(drive=13e-9, readout=13e-9, output=20e-9, flux=29e-9)

_LINKS = (
    StageLink(stages=("50k", "4k"), w_per_k=5e-3),
    StageLink(stages=("4k", "still"), w_per_k=1e-4),
    StageLink(stages=("still", "cp"), w_per_k=5e-6),
    StageLink(stages=("cp", "mxc"), w_per_k=1e-6),
)

KRINNER_2019_XLD = Cryostat(
    name="krinner-2019-xld",
    stages=(
        Stage(
            name="50k",
            temperature_k=45.0,
            unloaded_k=35.0,
            cooling_power_w=30.0,
            heat_capacity_j_per_k2=45.0,
            passive_w=_CABLES_50K,
        ),
        Stage(
            name="4k",
            temperature_k=4.2,
            unloaded_k=2.85,
            cooling_power_w=1.5,
            heat_capacity_j_per_k2=0.45,
            passive_w=_CABLES_4K,
        ),
        Stage(
            name="still",
            temperature_k=1.2,
            unloaded_k=0.882,
            cooling_power_w=40e-3,
            heat_capacity_j_per_k2=2.0,
            passive_w=_CABLES_STILL,
        ),
        Stage(
            name="cp",
            temperature_k=0.140,
            unloaded_k=0.082,
            cooling_power_w=200e-6,
            heat_capacity_j_per_k2=0.11,
            passive_w=_CABLES_CP,
        ),
        Stage(
            name="mxc",
            temperature_k=0.020,
            unloaded_k=0.006,
            cooling_power_w=19e-6,
            heat_capacity_j_per_k2=32.0,
            passive_w=_CABLES_MXC,
        ),
    ),
    links=_LINKS,
    citation=(
        "S. Krinner et al., Engineering cryogenic setups for 100-qubit scale superconducting "
        "circuit systems, EPJ Quantum Technology 6:2 (2019), arXiv:1806.07862, table 1 and "
        "section 4; heat capacities estimated, links assumed"
    ),
)

BLUEFORS_LD450 = Cryostat(
    name="bluefors-ld450",
    stages=(
        Stage(
            name="50k",
            temperature_k=46.0,
            unloaded_k=37.8,
            cooling_power_w=10.0,
            heat_capacity_j_per_k2=45.0,
            passive_w=_CABLES_50K,
        ),
        Stage(
            name="4k",
            temperature_k=3.94,
            unloaded_k=3.07,
            cooling_power_w=0.5,
            heat_capacity_j_per_k2=0.45,
            passive_w=_CABLES_4K,
        ),
        Stage(
            name="still",
            temperature_k=1.227,
            unloaded_k=0.88,
            cooling_power_w=30e-3,
            heat_capacity_j_per_k2=2.0,
            passive_w=_CABLES_STILL,
        ),
        Stage(
            name="cp",
            temperature_k=0.150,
            unloaded_k=0.080,
            cooling_power_w=300e-6,
            heat_capacity_j_per_k2=0.11,
            passive_w=_CABLES_CP,
        ),
        Stage(
            name="mxc",
            temperature_k=0.020,
            unloaded_k=0.0096,
            cooling_power_w=14e-6,
            heat_capacity_j_per_k2=32.0,
            passive_w=_CABLES_MXC,
        ),
    ),
    links=_LINKS,
    citation=(
        "Bluefors, LD450 specification: 14 uW at 20 mK, 450 uW at 100 mK; warmer plates as "
        "measured on an LD (CirQuS-UTS, CryowalaCore, github.com); cables as in "
        "arXiv:1806.07862; the still's 0.88 K and links assumed, heat capacities estimated"
    ),
)
"""Its unloaded 9.6 mK joins both specified points; 10 mK is what the maker guarantees."""

BLUEFORS_KIDE_CLASS = Cryostat(
    name="bluefors-kide-class",
    stages=(
        Stage(
            name="50k",
            temperature_k=45.0,
            unloaded_k=35.0,
            cooling_power_w=135.0,
            heat_capacity_j_per_k2=200.0,
            passive_w=_CABLES_50K,
        ),
        Stage(
            name="4k",
            temperature_k=4.2,
            unloaded_k=2.85,
            cooling_power_w=6.0,
            heat_capacity_j_per_k2=2.0,
            passive_w=_CABLES_4K,
        ),
        Stage(
            name="still",
            temperature_k=1.2,
            unloaded_k=0.882,
            cooling_power_w=90e-3,
            heat_capacity_j_per_k2=6.0,
            passive_w=_CABLES_STILL,
        ),
        Stage(
            name="cp",
            temperature_k=0.200,
            unloaded_k=0.100,
            cooling_power_w=3e-3,
            heat_capacity_j_per_k2=0.5,
            passive_w=_CABLES_CP,
        ),
        Stage(
            name="mxc",
            temperature_k=0.020,
            unloaded_k=0.008,
            cooling_power_w=90e-6,
            heat_capacity_j_per_k2=96.0,
            passive_w=_CABLES_MXC,
        ),
    ),
    links=tuple(link.model_copy(update={"w_per_k": 3 * link.w_per_k}) for link in _LINKS),
    citation=(
        "Three XLD1000sl units, each 1 mW at its cold plate and 30 uW at 20 mK: Raicu et al., "
        "arXiv:2502.01945 (2025), table 1; nine pulse tubes as Krinner's two, arXiv:1806.07862; "
        "all else assumed"
    ),
)
"""A machine for a thousand lines and more."""

BUILT_IN = MappingProxyType(
    {
        cryostat.name: cryostat
        for cryostat in (KRINNER_2019_XLD, BLUEFORS_LD450, BLUEFORS_KIDE_CLASS)
    }
)


def resolve(cryostat: str | Cryostat) -> Cryostat:
    """The built-in cryostat of that name; an inline one is returned as it is.

    Raises:
        InputError: no built-in has that name, or the inline one cannot cool.
    """
    if isinstance(cryostat, Cryostat):
        _check_cryostat(cryostat)
        return cryostat
    if cryostat not in BUILT_IN:
        message = f"The cryostat must be inline or one of {', '.join(BUILT_IN)}, but is {cryostat}."
        raise InputError(message)
    return BUILT_IN[cryostat]


def cryostat_of(chip: Chip) -> Cryostat:
    """The chip's cryostat, with every attenuator anchored at its stages from warm to cold.

    Raises:
        InputError: the cryostat is unknown, cannot cool, or a line does not fit it.
    """
    cryostat = resolve(chip.cryostat)
    names = [stage.name for stage in cryostat.stages]
    for qubit in chip.qubits:
        _check_lines(qubit, names)
    return cryostat


def _check_cryostat(cryostat: Cryostat) -> None:
    for stage in cryostat.stages:
        _check_stage(stage)
    names = [stage.name for stage in cryostat.stages]
    if len(set(names)) != len(names):
        message = f"Stages must have distinct names, but are {', '.join(names)}."
        raise InputError(message)
    for link in cryostat.links:
        if link.stages[0] == link.stages[1] or not set(link.stages) <= set(names):
            message = (
                f"Links must join two of the stages {', '.join(names)}, "
                f"but one joins {' and '.join(link.stages)}."
            )
            raise InputError(message)


def _check_stage(stage: Stage) -> None:
    if stage.unloaded_k >= stage.temperature_k:
        message = (
            f"unloaded_k of stage {stage.name} must be below the {stage.temperature_k:g} K at "
            f"which it has its cooling power, but is {stage.unloaded_k:g} K."
        )
        raise InputError(message)


def _check_lines(qubit: Qubit, names: list[str]) -> None:
    _check_pads(f"qubit {qubit.index}'s drive line", qubit.drive.attenuators, names)
    _check_pads(f"qubit {qubit.index}'s readout line", qubit.readout.attenuators, names)
    if qubit.flux is None:
        return
    _check_pads(f"qubit {qubit.index}'s flux line", qubit.flux.attenuators, names)
    for stage in qubit.flux.resistance_ohm:
        if stage not in names:
            message = (
                f"resistance_ohm of qubit {qubit.index}'s flux line must be at "
                f"{', '.join(names)}, but one is at {stage}."
            )
            raise InputError(message)


def _check_pads(line: str, pads: tuple[Attenuator, ...], names: list[str]) -> None:
    anchors = [pad.stage for pad in pads]
    for anchor in anchors:
        if anchor not in names:
            message = (
                f"Attenuators of {line} must be anchored at {', '.join(names)}, "
                f"but one is at {anchor}."
            )
            raise InputError(message)
    if anchors != sorted(anchors, key=names.index):
        message = (
            f"Attenuators of {line} must be listed from warm to cold, but are at "
            f"{', '.join(anchors)}."
        )
        raise InputError(message)
