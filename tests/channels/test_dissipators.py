"""Which jumps a bath makes, and how often."""

import numpy as np
import pytest

from qtregress.channels.dissipators import jumps, ladders
from qtregress.chip.bath import TransmonRates
from qtregress.chip.transmon import Patch, TransmonParameters, pair_patch, single_patch

WARM = TransmonRates(down=(10.0, 20.0), up=(1.0, 2.0), dephasing=5.0)
COLD = TransmonRates(down=(30.0, 60.0), up=(0.0, 0.0), dephasing=0.0)


def transmon(frequency_hz: float) -> TransmonParameters:
    """A transmon of three levels."""
    return TransmonParameters(frequency_hz=frequency_hz, anharmonicity_hz=-330e6, levels=3)


def pair() -> Patch:
    """Two coupled transmons."""
    return pair_patch(transmon(5.1e9), transmon(5.0e9), 3e6)


def test_each_transition_has_its_own_operator() -> None:
    """A transmon's ladder falls one transition at a time, each with its own rate."""
    found = ladders(single_patch(transmon(5e9)), (WARM,))[:-1]

    places = [(np.argwhere(row.lower).tolist(), row.down_per_s, row.up_per_s) for row in found]
    assert places == [([[0, 1]], 10.0, 1.0), ([[1, 2]], 20.0, 2.0)]


def test_dephasing_is_the_number_at_twice_the_rate() -> None:
    """Dephasing at G is the level index at rate 2 G, so that the 0-1 coherence decays at G."""
    row = ladders(single_patch(transmon(5e9)), (WARM,))[-1]

    assert np.array_equal(row.lower, np.diag([0, 1, 2]))
    assert (row.down_per_s, row.up_per_s) == (10.0, 0.0)


def test_a_transmon_of_a_pair_falls_whatever_the_other_does() -> None:
    """In a pair a transition moves one transmon's label and keeps the other's."""
    left, right = (ladders(pair(), (WARM, COLD))[at].lower for at in (0, 3))

    ladder = np.diag([1.0, 0.0], 1)
    assert np.array_equal(left, np.kron(ladder, np.eye(3)))
    assert np.array_equal(right, np.kron(np.eye(3), ladder))


def test_jumps_go_both_ways() -> None:
    """Every ladder process gives a jump down and its adjoint up."""
    down, up = jumps(single_patch(transmon(5e9)), (WARM,))[:2]

    assert (down.rate_per_s, up.rate_per_s) == (10.0, 1.0)
    assert np.array_equal(up.operator, down.operator.conj().T)


def test_jumps_that_never_happen_are_left_out() -> None:
    """A cold transmon without pure dephasing only falls."""
    found = jumps(single_patch(transmon(5e9)), (COLD,))

    assert [jump.rate_per_s for jump in found] == [30.0, 60.0]


def test_every_transmon_of_a_pair_brings_its_processes() -> None:
    """Two transmons of three levels have two transitions and a dephasing each."""
    found = ladders(pair(), (WARM, COLD))

    assert [row.down_per_s for row in found] == pytest.approx([10, 20, 10, 30, 60, 0])
