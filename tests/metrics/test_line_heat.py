"""How far the change of a line's heat is known."""

import numpy as np
import pytest

from qtregress.metrics.line_heat import heat_intervals
from qtregress.pulses.envelopes import samples
from qtregress.pulses.profile import Gate, Gaussian, Profile
from tests import small

ONE = small.small(0)
ID = "heat.line_energy_j/x:0@d0"


def without_drag(sigma: float, amp: float = 0.1) -> Profile:
    """The release with a plain Gaussian x."""
    (row,) = [gate for gate in ONE.profile.gates if gate.id == "x:0"]
    pulse = Gaussian(
        envelope="gaussian", channel="d0", t0=0, duration=row.duration, amp=amp, sigma=sigma
    )
    gates = [
        Gate(name="x", qubits=(0,), duration=row.duration, pulses=(pulse,))
        if gate.id == "x:0"
        else gate
        for gate in ONE.profile.gates
    ]
    return small.checked(ONE.profile, gates=tuple(gates), firmware="next")


def interval(old: Profile, new: Profile, *, compression: float = 0.0) -> tuple[float, float]:
    """Bounds on the change of x's heat on a line whose slope is 0.2 +- 0.05 dt."""
    (qubit,) = ONE.chip.qubits
    drive = qubit.drive.model_copy(
        update={"slope_dt": 0.2, "compression_am": compression, "compression_pm": 0.0}
    )
    chip = ONE.chip.model_copy(update={"qubits": (qubit.model_copy(update={"drive": drive}),)})
    both = [small.measured(small.Case(chip=chip, profile=one))[0] for one in (old, new)]
    return heat_intervals(*both)[ID]


def energy(profile: Profile, slope_dt: float) -> float:
    """The sum of |s + i a s'|^2 = s^2 + a^2 s'^2 of a real pulse, in any unit."""
    (row,) = [gate for gate in profile.gates if gate.id == "x:0"]
    (pulse,) = row.pulses
    assert isinstance(pulse, Gaussian)
    s = samples(pulse).real
    rises = np.where(s != 0, np.gradient(np.pad(s, 1))[1:-1], 0.0)
    return float(np.sum(s**2 + slope_dt**2 * rises**2))


def test_slope_bounds_the_change_of_heat() -> None:
    """A narrower pulse rises faster, and what the line makes of that is known to 0.05 dt."""
    old, new = without_drag(40.0), without_drag(20.0)
    filed = small.value_of(small.measured(small.Case(chip=ONE.chip, profile=old))[1], ID)
    ratios = [energy(new, a) / energy(old, a) - 1 for a in (0.15, 0.2, 0.25)]

    low, high = interval(old, new)

    assert (high - low) / abs(low) == pytest.approx(
        (max(ratios) - min(ratios)) / abs(min(ratios)), rel=1e-3
    )
    assert low == pytest.approx(filed * min(ratios), rel=1e-2)


def test_a_louder_pulse_heats_exactly_so_much_more() -> None:
    """The same shape on the same line: every slope says the square of the amplitudes."""
    low, high = interval(without_drag(40.0), without_drag(40.0, amp=0.11))

    assert high == pytest.approx(low, rel=1e-12)


def test_what_did_not_move_is_not_listed() -> None:
    """A/A stays exact."""
    before = small.old(0)[0]

    assert heat_intervals(before, before) == {}
