"""Shares of a gate's heat by pulse: they add up to its change, whatever changed."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtregress.metrics.attribution import HeatShare, heat_shares
from qtregress.metrics.measurement import Measurement
from qtregress.pulses.profile import Profile, ShapedPulse
from qtregress.thermal.heat import gate_heats
from tests import small

PAIR = small.small(*small.PAIR)
CX = "cx:0-1"


def side(profile: Profile, **factors: float) -> Measurement:
    """The pair's measurement with the heat of another table behind lines times ``factors``."""
    qubits = []
    for qubit in PAIR.chip.qubits:
        new = {name: getattr(qubit.drive, name) * factor for name, factor in factors.items()}
        qubits.append(qubit.model_copy(update={"drive": qubit.drive.model_copy(update=new)}))
    chip = PAIR.chip.model_copy(update={"qubits": tuple(qubits)})
    heats = gate_heats(profile, chip)
    return replace(small.old(0)[0], profile=profile, chip=chip, heats=heats)


def edited(factors: list[float]) -> Profile:
    """The rows of the cx louder by these factors, one after the other."""
    number = iter(factors)

    def edit(gate: str, row: Any) -> Any:
        if gate != CX or not isinstance(row, ShapedPulse):
            return row
        return small.scaled(row, next(number, 1.0))

    return small.edited(PAIR.profile, edit)


def by_metric(shares: list[HeatShare]) -> dict[str, list[HeatShare]]:
    """The shares of each metric."""
    found = defaultdict(list)
    for share in shares:
        found[share.metric].append(share)
    return found


def adds_up(old: Measurement, new: Measurement) -> None:
    """Every metric that changed has shares, and they are its change."""
    shares = by_metric(heat_shares(old, new))
    for gate, heat in new.heats.items():
        for line in heat.lines:
            change = heat.energy_j(line) - old.heats[gate].energy_j(line)
            rows = shares.get(f"heat.line_energy_j/{gate}@{line}", [])
            size = max([abs(change), *(abs(row.change_j) for row in rows)])
            assert sum(row.change_j for row in rows) == pytest.approx(change, abs=1e-8 * size)
            assert bool(rows) == bool(change)


@given(st.lists(st.sampled_from([0.0, 0.5, 0.9, 1.0]), min_size=1, max_size=9))
@settings(max_examples=25, deadline=None)
def test_shares_add_up_to_the_change(factors: list[float]) -> None:
    """Up to six pulses in all orders, more in the order of time."""
    old, new = side(PAIR.profile), side(edited(factors))

    adds_up(old, new)
    assert all(share.pulse for share in heat_shares(old, new))


def test_one_pulse_has_all_of_it() -> None:
    """Where one pulse changed nothing is left for another."""
    shares = heat_shares(side(PAIR.profile), side(small.louder(PAIR.profile, 0.1, "d0", gates=CX)))
    (first, *_) = shares

    assert {share.pulse.partition("@")[0] for share in shares} == {"d0"}
    assert first.metric == f"heat.line_energy_j/{CX}@d0"


def test_pulses_that_are_gone_cool() -> None:
    """A cancelled tone takes its energy with it, though the rows cannot be paired."""
    gone = small.edited(
        PAIR.profile,
        lambda gate, row: None if gate == CX and row.channel == "u0" else row,
    )
    shares = heat_shares(side(PAIR.profile), side(gone))

    adds_up(side(PAIR.profile), side(gone))
    assert [share.pulse for share in shares if share.change_j < 0] == ["u0"]


def test_what_no_pulse_explains_is_nobody_s() -> None:
    """A coupling 10 % weaker takes 10 % more power, and no pulse is blamed."""
    old, new = side(PAIR.profile), side(PAIR.profile, kappa_ext_hz=1 / 1.1)

    adds_up(old, new)
    assert {share.pulse for share in heat_shares(old, new)} == {""}


def test_a_pulse_left_as_it_was_heats_behind_a_stronger_line() -> None:
    """The pulses count as they arrive: x on a line 10 % stronger is 21 % hotter."""
    old, new = side(PAIR.profile), side(PAIR.profile, rabi_hz_per_amp=1.1)
    shares = by_metric(heat_shares(old, new))["heat.line_energy_j/x:0@d0"]
    whole = {share.pulse: share.change_j for share in shares}

    adds_up(old, new)
    assert whole["d0@0"] == pytest.approx(0.21 * old.heats["x:0"].energy_j("d0"), rel=0.02)


def test_a_pulse_that_makes_up_for_its_line_has_changed_nothing() -> None:
    """Weaker on a stronger line: what little is left is compression's."""
    old = side(PAIR.profile)
    new = side(small.louder(PAIR.profile, 1 / 1.1 - 1, "d0", "d1"), rabi_hz_per_amp=1.1)
    shares = by_metric(heat_shares(old, new))["heat.line_energy_j/x:0@d0"]

    assert all(abs(s.change_j) < 0.01 * old.heats["x:0"].energy_j("d0") for s in shares)


def test_equal_tables_have_no_shares() -> None:
    """Nothing changed, nothing is shared out."""
    assert heat_shares(side(PAIR.profile), side(PAIR.profile)) == []
