"""Engines side by side, and maps that are no channels."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtregress.channels import agreement
from qtregress.channels.agreement import (
    Agreement,
    AgreementTask,
    agreement_task,
    channel_difference,
    positivity_defect,
    trace_defect,
)
from qtregress.channels.dynamics import reference_superoperator
from qtregress.channels.fast import Bath
from qtregress.channels.plan import gate_task
from qtregress.channels.problem import GateProblem, bath_of, gate_problem
from qtregress.channels.simulate import simulate_gate
from tests import small

Complex = NDArray[np.complex128]
ONE = small.small(0)
X = ONE.profile.by_id["x:0"]


def of_x() -> AgreementTask:
    """The x of one qubit."""
    return AgreementTask(
        problem=gate_problem(X, ONE.profile, ONE.chip),
        bath=bath_of(ONE.chip, X.qubits, {}),
        start_phase_rad=0.0,
    )


def channel(seed: int, n: int, operators: int) -> Complex:
    """A random completely positive map that keeps the trace, row-stacked."""
    rng = np.random.default_rng(seed)
    tall = rng.normal(size=(operators * n, n)) + 1j * rng.normal(size=(operators * n, n))
    kraus = np.linalg.qr(tall)[0].reshape(operators, n, n)
    return np.asarray(sum(np.kron(one, one.conj()) for one in kraus))


@pytest.mark.physics
def test_engines_agree_on_an_x() -> None:
    """The difference is neither zero nor above what the fast engine states."""
    found = agreement_task(of_x())

    assert found.gate == "x:0"
    assert 0 < found.difference <= found.stated_estimate < 1e-8


@pytest.mark.parametrize(("error", "difference"), [(1e-3, 1e-3), (np.nan, np.inf)])
def test_one_wrong_element_is_seen(
    error: float, difference: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The difference is that of the worst element; no number differs without bound."""

    def wrong(
        problem: GateProblem, bath: Bath, *, start_phase_rad: float, steps_per_sample: int
    ) -> Complex:
        found = reference_superoperator(
            problem, bath, start_phase_rad=start_phase_rad, steps_per_sample=steps_per_sample
        )
        found[3, 5] += error
        return found

    monkeypatch.setattr(agreement, "reference_superoperator", wrong)
    found: Agreement = agreement_task(of_x())

    assert found.difference == pytest.approx(difference, rel=1e-5)


@given(seed=st.integers(0, 99), n=st.integers(2, 4), operators=st.integers(1, 5))
def test_channels_have_no_defect(seed: int, n: int, operators: int) -> None:
    """Any sum of Kraus operators that keeps the trace passes, to rounding."""
    found = channel(seed, n, operators)

    assert trace_defect(found) < 1e-13
    assert positivity_defect(found) < 1e-13


@given(seed=st.integers(0, 99), n=st.integers(2, 4), lost=st.floats(1e-9, 0.5))
def test_a_map_that_loses_something_is_seen(seed: int, n: int, lost: float) -> None:
    """A map times 1 - e changes the trace by e, and stays completely positive."""
    found = (1 - lost) * channel(seed, n, 3)

    assert trace_defect(found) == pytest.approx(lost, rel=1e-4)
    assert positivity_defect(found) < 1e-13


@pytest.mark.parametrize("n", [2, 3, 4])
def test_transposition_is_not_completely_positive(n: int) -> None:
    """The textbook map that is positive but no channel: its Choi matrix has an eigenvalue -1."""
    same = np.eye(n * n, dtype=np.complex128).reshape(n, n, n, n)
    swapped = same.transpose(1, 0, 2, 3).reshape(n * n, n * n)

    assert trace_defect(swapped) == 0
    assert positivity_defect(swapped) == pytest.approx(1)


def test_a_map_that_breaks_hermiticity_is_not_positive() -> None:
    """Even where every eigenvalue of the Hermitian part is positive."""
    identity = np.eye(2, dtype=np.complex128).ravel()
    depolarising = np.outer(identity, identity) / 2
    depolarising[1, 0] += 1e-3

    assert positivity_defect(depolarising) == pytest.approx(5e-4)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_no_channel(value: float) -> None:
    """Neither defect of such a map is within any limit."""
    broken = np.eye(4, dtype=np.complex128)
    broken[1, 2] = value

    assert (positivity_defect(broken), trace_defect(broken)) == (np.inf, np.inf)


def test_two_simulations_of_one_gate_differ_by_their_worst_element() -> None:
    """Maps, blocks and estimates count; the same channel differs by nothing."""
    task = gate_task(X, ONE.profile, ONE.chip, loads=(), engine="fast")
    (found,) = simulate_gate(task)
    others = [
        replace(found, superoperator=found.superoperator + 1e-3),
        replace(found, blocks=found.blocks - 1e-3j),
        replace(found, error_estimate=found.error_estimate + 1e-3),
    ]

    assert channel_difference(found, found) == 0
    assert [channel_difference(found, one) for one in others] == pytest.approx([1e-3] * 3)
    assert channel_difference(found, replace(found, blocks=found.blocks * np.nan)) == np.inf
