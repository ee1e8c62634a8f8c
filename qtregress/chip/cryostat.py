"""Built-in cryostats, and the cryostat that a chip hangs in."""

from types import MappingProxyType

from qtregress.chip.chip import Chip, Cryostat, Qubit, Stage
from qtregress.errors import InputError

KRINNER_2019_XLD = Cryostat(
    name="krinner-2019-xld",
    stages=(
        Stage(name="50k", temperature_k=45.0, unloaded_k=35.0, cooling_power_w=30.0),
        Stage(name="4k", temperature_k=4.2, unloaded_k=2.85, cooling_power_w=1.5),
        Stage(name="still", temperature_k=1.2, unloaded_k=0.882, cooling_power_w=40e-3),
        Stage(name="cp", temperature_k=0.140, unloaded_k=0.082, cooling_power_w=200e-6),
        Stage(name="mxc", temperature_k=0.020, unloaded_k=0.006, cooling_power_w=19e-6),
    ),
    citation=(
        "S. Krinner et al., Engineering cryogenic setups for 100-qubit scale superconducting "
        "circuit systems, EPJ Quantum Technology 6:2 (2019), arXiv:1806.07862, section 2"
    ),
)

BUILT_IN = MappingProxyType({cryostat.name: cryostat for cryostat in (KRINNER_2019_XLD,)})


def resolve(cryostat: str | Cryostat) -> Cryostat:
    """The built-in cryostat of that name; an inline one is returned as it is.

    Raises:
        InputError: no built-in has that name.
    """
    if isinstance(cryostat, Cryostat):
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
    for stage in cryostat.stages:
        _check_stage(stage)
    names = [stage.name for stage in cryostat.stages]
    for qubit in chip.qubits:
        _check_line(qubit, names)
    return cryostat


def _check_stage(stage: Stage) -> None:
    if stage.unloaded_k >= stage.temperature_k:
        message = (
            f"unloaded_k of stage {stage.name} must be below the {stage.temperature_k:g} K at "
            f"which it has its cooling power, but is {stage.unloaded_k:g} K."
        )
        raise InputError(message)


def _check_line(qubit: Qubit, names: list[str]) -> None:
    anchors = [pad.stage for pad in qubit.drive.attenuators]
    for anchor in anchors:
        if anchor not in names:
            message = (
                f"Attenuators of qubit {qubit.index}'s drive line must be anchored at "
                f"{', '.join(names)}, but one is at {anchor}."
            )
            raise InputError(message)
    if anchors != sorted(anchors, key=names.index):
        message = (
            f"Attenuators of qubit {qubit.index}'s drive line must be listed from warm to cold, "
            f"but are at {', '.join(anchors)}."
        )
        raise InputError(message)
