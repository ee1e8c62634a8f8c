"""A gate's channel: baths, start phases, what the engines share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qtregress.channels.channel import GateChannel, average_fidelity
from qtregress.channels.fast import Propagation
from qtregress.channels.memory import NOTHING, Store
from qtregress.channels.problem import GateProblem, bath_of
from qtregress.channels.simulate import (
    START_PHASES_RAD,
    Engine,
    GateTask,
    LoadTask,
    blocks,
    simulate_gate,
    start_phases_rad,
)
from qtregress.channels.unitary_error import infidelity
from qtregress.chip.bath import TransmonRates
from tests import small
from tests.channels.cases import Case, Devices
from tests.channels.solutions import held

Complex = NDArray[np.complex128]
State = Callable[[str, float], None]


def task(case: Case, *photons: float, engine: Engine = "fast") -> GateTask:
    """A case's gate, with a load for each of these numbers of extra photons."""
    loads = tuple(
        LoadTask(
            bath=tuple(
                replace(rates, up=tuple(up + extra * down for up, down in pairs(rates)))
                for rates in case.bath
            )
        )
        for extra in photons
    )
    return GateTask(problem=case.problem, cold=case.bath, loads=loads, engine=engine)


def pairs(rates: TransmonRates) -> list[tuple[float, float]]:
    """Rates up and down of each transition."""
    return list(zip(rates.up, rates.down, strict=True))


def at_load(channel: GateChannel) -> Complex:
    """The channel's map at load."""
    assert channel.at_load is not None
    return channel.at_load


def test_one_qubit_has_one_start_phase(device: Devices) -> None:
    """A gate of one qubit is simulated at one start phase."""
    assert start_phases_rad(device("lima").gate("x:0").problem) == (0.0,)


def test_a_pair_is_averaged_over_four_start_phases(device: Devices) -> None:
    """A gate of two qubits is simulated at four start phases, a quarter turn apart."""
    problem = device("lima").gate("cx:0-1", levels=3).problem

    assert start_phases_rad(problem) == START_PHASES_RAD == (0, np.pi / 2, np.pi, 3 * np.pi / 2)


@pytest.mark.parametrize("gate", ["cx:0-1", "cx:1-3"])
def test_four_start_phases_are_enough(gate: str, device: Devices, state: State) -> None:
    """On computational states four start phases give the map of nine, to 5e-8."""
    case = device("lima").gate(gate, levels=3)
    at, n = case.problem.patch.computational, case.problem.patch.dimension
    # coherences between leakage levels turn faster: there four phases miss by up to 1e-2
    kept = (at[:, None] * n + at[None, :]).ravel()
    nine = case.fast(*(2 * np.pi * np.arange(9) / 9)).superoperator

    found = (case.fast(*START_PHASES_RAD).superoperator - nine)[np.ix_(kept, kept)]

    state(f"lima {gate}: four start phases against nine", float(np.abs(found).max()))
    assert np.abs(found).max() < 5e-8


def test_blocks_differ_between_start_phases(device: Devices) -> None:
    """A CX's infidelity depends on the start phase by more than 1e-4: phases are kept apart."""
    found = blocks(device("lima").gate("cx:0-1", levels=3).problem)

    spread = [infidelity(block, found[0]) for block in found[1:]]
    assert max(spread) > 1e-4


def test_first_blocks_can_be_asked_for_alone(device: Devices) -> None:
    """The first start phase alone gives the first block."""
    problem = device("lima").gate("cx:0-1", levels=3).problem

    (first,) = blocks(problem, phases=1)

    assert np.array_equal(first, blocks(problem)[0])


def test_a_gate_that_nobody_loads_has_no_map_at_load(device: Devices) -> None:
    """Without a load there is one channel, and it has no map at load."""
    (found,) = simulate_gate(task(device("lima").gate("x:0")))

    assert found.at_load is None


def test_an_idle_load_changes_nothing(device: Devices) -> None:
    """At a load without photons the map is the cold one, to the bit."""
    (found,) = simulate_gate(task(device("lima").gate("x:0"), 0.0))

    assert np.array_equal(at_load(found), found.superoperator)


def test_load_changes_the_loaded_map_only(device: Devices) -> None:
    """Photons of the load leave the cold map alone and make the loaded one worse."""
    case = device("lima").gate("x:0")
    (idle,), (loaded,) = (simulate_gate(task(case, *n)) for n in ((), (0.05,)))
    x = np.array([[0, 1], [1, 0]], dtype=complex)

    errors = [
        1 - average_fidelity(one, loaded.computational, x)
        for one in (loaded.superoperator, at_load(loaded))
    ]

    assert np.array_equal(loaded.superoperator, idle.superoperator)
    assert errors[1] > errors[0]


def test_each_load_has_its_channel(device: Devices) -> None:
    """Loads come in the order asked for, each as if it were asked for alone."""
    case = device("lima").gate("x:0")

    found = simulate_gate(task(case, 0.2, 0.0, 0.05))

    alone = [simulate_gate(task(case, photons))[0] for photons in (0.2, 0.0, 0.05)]
    assert [np.array_equal(at_load(a), at_load(b)) for a, b in zip(found, alone, strict=True)] == [
        *(True, True, True),
    ]
    assert {one.superoperator.tobytes() for one in found} == {found[0].superoperator.tobytes()}
    assert [one.error_estimate for one in found] == [one.error_estimate for one in alone]


def test_a_loaded_channel_is_as_wrong_as_its_worse_map(device: Devices) -> None:
    """A channel's estimate is that of its worse map, never the cold one's alone."""
    case = device("lima").gate("x:0")
    (cold,), (hot,) = (simulate_gate(task(case, *n)) for n in ((), (5.0,)))

    assert hot.error_estimate > cold.error_estimate
    assert np.abs(at_load(hot) - loaded_exactly(case, 5.0)).max() <= hot.error_estimate


def loaded_exactly(case: Case, photons: float) -> Complex:
    """The exact map of a gate of one carrier at load."""
    bath = task(case, photons).loads[0].bath
    return held(case.problem, bath)


@pytest.mark.physics
def test_reference_loads_too(device: Devices) -> None:
    """By either engine the loaded map of an x is alike to 1e-8."""
    case = device("lima").gate("x:0")

    (quick,) = simulate_gate(task(case, 0.05))
    (reference,) = simulate_gate(task(case, 0.05, engine="reference"))

    assert np.abs(at_load(quick) - at_load(reference)).max() < 1e-8


def test_reference_owns_no_error(device: Devices) -> None:
    """The reference's answer carries no estimate of its own error."""
    (found,) = simulate_gate(task(device("lima").gate("x:0"), engine="reference"))

    assert found.error_estimate == 0


def test_channel_knows_its_gate(device: Devices) -> None:
    """A channel carries its gate's id, qubits, levels and computational states."""
    (found,) = simulate_gate(task(device("lima").gate("cx:1-0", levels=3)))

    assert (found.gate, found.qubits, found.levels) == ("cx:1-0", (1, 0), (3, 3))
    assert found.computational.tolist() == [0, 1, 3, 4]


def test_channel_keeps_the_lossless_answer(device: Devices) -> None:
    """A channel's blocks are those asked for alone, its duration the problem's."""
    case = device("lima").gate("cx:0-1", levels=3)

    (found,) = simulate_gate(task(case))

    assert np.array_equal(found.blocks, blocks(case.problem))
    assert found.duration_s == case.problem.duration_s


def test_reference_needs_no_bath(device: Devices) -> None:
    """A gate in a bath that does nothing has a reference answer."""
    case = device("lima").gate("x:0")
    (rates,) = bath_of(device("lima").chip, (0,), {})
    still = type(rates)(down=(0.0,) * 3, up=(0.0,) * 3, dephasing=0.0)

    assert type(case)(problem=case.problem, bath=(still,)).reference().shape == (16, 16)


# What a later stage learns on the way


@dataclass(frozen=True, slots=True)
class Norms:
    """A study that counts nothing but the size of what it is given."""

    factor: float

    def __call__(
        self, problem: GateProblem, propagation: Propagation, superoperator: Complex
    ) -> Mapping[str, NDArray[Any]]:
        """Norms of the map and of the first propagator."""
        del problem
        sizes = [np.linalg.norm(one) for one in (superoperator, propagation.lossless.unitaries[0])]
        return {"norms": self.factor * np.array(sizes)}


def studied(case: Case, store: Store, factor: float = 1.0) -> Mapping[str, NDArray[Any]]:
    """What the study finds at the case's own bath."""
    load = LoadTask(bath=case.bath, study=Norms(factor))
    (found,) = simulate_gate(
        GateTask(problem=case.problem, cold=case.bath, loads=(load,), engine="fast", store=store)
    )
    assert found.study is not None
    return found.study


def test_a_study_sees_the_map_at_load(device: Devices) -> None:
    """It gets the propagation and the map in the load's bath."""
    case = device("lima").gate("x:0")
    (found,) = simulate_gate(task(case, 0.0))

    assert studied(case, NOTHING)["norms"][0] == pytest.approx(np.linalg.norm(at_load(found)))


def test_another_study_is_not_mistaken_for_the_first(device: Devices) -> None:
    """What is remembered belongs to one study of one gate."""
    case, store = device("lima").gate("x:0"), small.Remembering()
    first, other = studied(case, store), studied(case, store, factor=2.0)

    assert np.array_equal(studied(case, store)["norms"], first["norms"])
    assert other["norms"] == pytest.approx(2 * first["norms"])


def test_a_load_that_nobody_studies_has_no_study(device: Devices) -> None:
    """Nothing is computed that nobody asks for."""
    (found,) = simulate_gate(task(device("lima").gate("x:0"), 0.1))

    assert found.study is None
