"""The reference cryostat, its parts, and loads for it."""

from collections.abc import Sequence

from qtregress.chip.chip import Cryostat, Stage
from qtregress.chip.cryostat import KRINNER_2019_XLD

MXC = KRINNER_2019_XLD.stages[-1]
NAMES = tuple(stage.name for stage in KRINNER_2019_XLD.stages)
APART = KRINNER_2019_XLD.model_copy(update={"links": ()})
BUDGETS_W = {stage.name: stage.cooling_power_w for stage in KRINNER_2019_XLD.stages}
BUSY = {"50k": 6.0, "4k": 0.3, "cp": 60e-6, "mxc": 6e-6}
CALM = {"50k": 6.0, "4k": 0.1, "mxc": 2e-6}


def loads(shares: Sequence[float]) -> dict[str, float]:
    """Loads in W that are these shares of the budgets."""
    return {name: share * BUDGETS_W[name] for name, share in zip(NAMES, shares, strict=True)}


def lone(stage: Stage = MXC) -> Cryostat:
    """A cryostat of one plate."""
    return Cryostat(name="lone", stages=(stage,), citation="none")
