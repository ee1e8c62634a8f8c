"""What is remembered of simulated gates, by content, in a store that the caller brings.

Three kinds of entry. The lossless answer and the paths know nothing of rates: their key
covers samples, patch, levels, frequencies and start phases. A rated map's key adds its rates
and tolerance. Remembered arrays are those that were computed, bit for bit; that the same code
computed them is for the store to see to.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qtregress.channels.dynamics import kept_terms, remember_terms
from qtregress.channels.fast import Bath, Lossless, Propagation, RatedMap
from qtregress.channels.paths import (
    JUMP_TOLERANCE,
    RATE_CEILING_PER_S,
    FlatTop,
    Path,
    Ramp,
)
from qtregress.channels.problem import GateProblem
from qtregress.channels.propagation import Leg
from qtregress.chip.transmon import Patch

Arrays = Mapping[str, NDArray[Any]]


class Store(Protocol):
    """Keeps arrays by key. It may forget anything at any time, but never change it."""

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays put under ``key`` (64 hexadecimal digits), None if there are none."""
        ...

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep the arrays under ``key``."""
        ...


@dataclass(frozen=True, slots=True)
class Nothing:
    """A store that remembers nothing."""

    def get(self, key: str) -> None:
        """Nothing."""
        del key

    def put(self, key: str, arrays: Arrays) -> None:
        """Forget it."""


NOTHING = Nothing()


def _digest(what: str, *parts: str | NDArray[Any]) -> str:
    """Hash of texts and arrays with their types and shapes, 64 hexadecimal digits."""
    found = hashlib.sha256(f"{what}\n".encode())
    for part in parts:
        if isinstance(part, str):
            found.update(f"{len(part)}:{part}".encode())
        else:
            found.update(f"{part.dtype.str}{part.shape}".encode())
            found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


def problem_key(problem: GateProblem, phases_rad: tuple[float, ...]) -> str:
    """Identity of a gate's lossless propagation; its name is no part of it."""
    patch = problem.patch
    ends = [
        (problem.qubits.index(t.qubit), problem.qubits.index(t.carrier_of)) for t in problem.tones
    ]
    ceiling = f"{RATE_CEILING_PER_S!r} {JUMP_TOLERANCE!r}"
    return _digest(
        "problem",
        f"{patch.levels} {problem.samples} {problem.dt_s!r} {problem.carrier_hz} {ends}",
        f"{problem.virtual_z_rad} {phases_rad} {ceiling}",
        patch.energies_rad_s,
        patch.numbers,
        patch.lowering,
        *(tone.envelope_rad_s for tone in problem.tones),
    )


def _map_key(problem: str, bath: Bath, tolerance: float) -> str:
    return _digest("map", problem, f"{bath!r} {tolerance!r}")


def context_key(what: str, problem: str, context: str) -> str:
    """Identity of what follows from a problem, by its key, and from more about its chip."""
    return _digest(what, problem, context)


def prepare_model(levels: tuple[int, ...], store: Store) -> None:
    """Have the rotating-wave model of these levels at hand, from the store if it knows it."""
    key = _digest("model", f"{levels}")
    known = store.get(key)
    if known is not None and "kept" in known:
        remember_terms(levels, known["kept"])
        return
    store.put(key, {"kept": kept_terms(levels)})


def recall_lossless(problem: str, store: Store) -> Lossless | None:
    """The lossless answer of a problem, by its key."""
    found = store.get(_digest("lossless", problem))
    if found is None:
        return None
    return Lossless(
        unitaries=found["unitaries"],
        step_error=float(found["step_error"][0]),
    )


def recall_map(problem: str, bath: Bath, tolerance: float, store: Store) -> RatedMap | None:
    """The map of a problem, by its key, in a bath."""
    found = store.get(_map_key(problem, bath, tolerance))
    if found is None:
        return None
    return RatedMap(
        superoperator=found["superoperator"], error_estimate=float(found["error_estimate"][0])
    )


def recall_blocks(problem: str, store: Store) -> NDArray[np.complex128] | None:
    """The lossless computational blocks of a problem, by its key."""
    found = store.get(_digest("blocks", problem))
    return None if found is None else found["blocks"]


def keep_blocks(problem: str, store: Store, blocks: NDArray[np.complex128]) -> None:
    """Remember lossless blocks."""
    store.put(_digest("blocks", problem), {"blocks": blocks})


def keep_map(problem: str, bath: Bath, tolerance: float, store: Store, rated: RatedMap) -> None:
    """Remember a map."""
    arrays = {
        "superoperator": rated.superoperator,
        "error_estimate": np.array([rated.error_estimate]),
    }
    store.put(_map_key(problem, bath, tolerance), arrays)


def recall_propagation(problem: str, patch: Patch, store: Store) -> Propagation | None:
    """Paths and legs of a problem, by its key."""
    lossless = recall_lossless(problem, store)
    found = store.get(_digest("paths", problem))
    if found is None or lossless is None:
        return None
    count = int(found["paths"][0])
    return Propagation(
        patch=patch,
        paths=tuple(_path(found, f"{number}.") for number in range(count)),
        legs=_legs(found),
        lossless=lossless,
    )


def keep_propagation(problem: str, store: Store, found: Propagation) -> None:
    """Remember a propagation: what needs no rates, and what any rates need."""
    lossless = found.lossless
    store.put(
        _digest("lossless", problem),
        {
            "unitaries": lossless.unitaries,
            "step_error": np.array([lossless.step_error]),
        },
    )
    arrays: dict[str, NDArray[Any]] = {"paths": np.array([len(found.paths)])}
    for number, path in enumerate(found.paths):
        arrays |= _path_arrays(path, f"{number}.")
    arrays["legs"] = np.array([[leg.part for leg in legs] for legs in found.legs])
    for name in ("after_rad", "before_rad"):
        arrays[name] = np.array([[getattr(leg, name) for leg in legs] for legs in found.legs])
    store.put(_digest("paths", problem), arrays)


def _legs(found: Arrays) -> tuple[tuple[Leg, ...], ...]:
    return tuple(
        tuple(
            Leg(part=int(part), after_rad=after, before_rad=before)
            for part, after, before in zip(*one, strict=True)
        )
        for one in zip(found["legs"], found["after_rad"], found["before_rad"], strict=True)
    )


def _path_arrays(path: Path, prefix: str) -> dict[str, NDArray[Any]]:
    """Arrays of a path; a flat top is told from a ramp by its ``flat`` (steps, step_s)."""
    arrays: dict[str, NDArray[Any]] = {
        f"{prefix}final": path.final,
        f"{prefix}sizes": np.array([path.duration_s, path.ramps_s, path.jump_error]),
        f"{prefix}pieces": np.array([len(path.pieces)]),
    }
    for number, piece in enumerate(path.pieces):
        at = f"{prefix}{number}."
        if isinstance(piece, Ramp):
            arrays |= {f"{at}nodes": piece.nodes, f"{at}weights_s": piece.weights_s}
        else:
            arrays |= {
                f"{at}flat": np.array([piece.steps, piece.step_s]),
                f"{at}energies_rad_s": piece.energies_rad_s,
                f"{at}vectors": piece.vectors,
                f"{at}into": piece.into,
            }
    return arrays


def _path(found: Arrays, prefix: str) -> Path:
    duration_s, ramps_s, jump_error = found[f"{prefix}sizes"].tolist()
    count = int(found[f"{prefix}pieces"][0])
    return Path(
        pieces=tuple(_piece(found, f"{prefix}{number}.") for number in range(count)),
        final=found[f"{prefix}final"],
        duration_s=duration_s,
        ramps_s=ramps_s,
        jump_error=jump_error,
    )


def _piece(found: Arrays, at: str) -> Ramp | FlatTop:
    if f"{at}flat" not in found:
        return Ramp(nodes=found[f"{at}nodes"], weights_s=found[f"{at}weights_s"])
    steps, step_s = found[f"{at}flat"].tolist()
    return FlatTop(
        energies_rad_s=found[f"{at}energies_rad_s"],
        vectors=found[f"{at}vectors"],
        into=found[f"{at}into"],
        steps=int(steps),
        step_s=step_s,
    )
