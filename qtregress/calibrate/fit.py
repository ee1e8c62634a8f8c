"""``chip fit-drive``: every line, then every pair, then what is left of each gate."""

from functools import partial

from qtregress.calibrate.drive import (
    fit_gain,
    fit_line,
    fit_pair,
    fittable,
    gate_fit,
    with_line,
    with_pair,
)
from qtregress.channels.problem import LEVELS
from qtregress.chip.chip import Chip, DriveFit
from qtregress.identity import digest
from qtregress.pulses.profile import Profile
from qtregress.run import Run


def fit_drive(chip: Chip, profile: Profile, run: Run, *, gains_only: bool = False) -> Chip:
    """The chip with its lines calibrated on ``profile`` and every gate's residual.

    Deterministic: the answer does not depend on how ``run`` spreads the work.

    Args:
        chip: whose lines are calibrated.
        profile: whose gates are what they mean.
        run: how the work is spread.
        gains_only: slope, compression and J stay as they are.
    """
    qubits = [qubit.index for qubit in chip.qubits]
    one_line = fit_gain if gains_only else fit_line
    lines = run(partial(one_line, chip, profile), qubits, "drive lines")
    for index, line in zip(qubits, lines, strict=True):
        chip = with_line(chip, index, line)
    pairs = [coupling.qubits for coupling in chip.couplings]
    one_pair = partial(fit_pair, chip, profile, is_j_free=not gains_only)
    for fit in run(one_pair, pairs, "coupled pairs"):
        chip = with_pair(chip, fit) if fit else chip
    gates = run(partial(gate_fit, chip, profile), fittable(chip, profile), "residuals")
    record = DriveFit(
        profile=digest(profile),
        firmware=profile.firmware,
        levels_one_qubit=LEVELS,
        levels_pair=LEVELS,
        gates=tuple(gates),
    )
    return chip.model_copy(update={"fit": record})
