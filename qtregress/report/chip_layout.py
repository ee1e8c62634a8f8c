"""Where the qubits of a chip stand in a picture: from couplings to places."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qtregress.errors import InputError

Coupling = tuple[int, int]
Point = tuple[float, float]


def chip_layout(qubits: Iterable[int], couplings: Iterable[Coupling]) -> dict[int, Point]:
    """A place for every qubit, computed from the couplings alone.

    Trees stand on a square grid, their longest path as a row. What has a ring keeps its
    graph distances as well as a plane allows (stress majorisation: Gansner, Koren, North,
    "Graph drawing by stress majorization", GD 2004), turned so that couplings follow the
    axes. Parts that no coupling joins stand side by side.

    Returns:
        x to the right and y downwards by qubit, from 0; a coupling is about 1 long.

    Raises:
        InputError: a coupling joins a qubit to itself.
    """
    near: dict[int, set[int]] = {index: set() for index in sorted(qubits)}
    for one, other in couplings:
        if one == other:
            msg = f"a coupling must join two qubits, but {one}-{other} joins one to itself"
            raise InputError(msg)
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    parts, left = [], sorted(near)
    while left:
        part = sorted(_distances(near, left[0]))
        parts.append(_tree(near, part) or _stress(near, part))
        left = [index for index in left if index not in part]
    return _side_by_side(parts)


def _distances(near: Mapping[int, set[int]], start: int) -> dict[int, int]:
    """Couplings from ``start`` to every qubit that it reaches, nearest first."""
    found, front = {start: 0}, [start]
    for index in front:
        for other in sorted(near[index] - found.keys()):
            found[other] = found[index] + 1
            front.append(other)
    return found


def _tree(near: Mapping[int, set[int]], part: Sequence[int]) -> dict[int, Point] | None:
    """Grid places of a tree, or None if it is none or runs out of free neighbours."""
    if sum(len(near[index]) for index in part) != 2 * (len(part) - 1):
        return None
    path = _longest_path(near, part[0])
    cells = {index: (column, 0) for column, index in enumerate(path)}
    steps = dict.fromkeys(path, (0, 1))
    queue = list(path)
    for index in queue:
        column, row = cells[index]
        for other in sorted(near[index] - cells.keys()):
            ways = (steps[index], (0, 1), (0, -1), (1, 0), (-1, 0))
            free = (way for way in ways if (column + way[0], row + way[1]) not in cells.values())
            way = next(free, None)
            if way is None:
                return None
            cells[other], steps[other] = (column + way[0], row + way[1]), way
            queue.append(other)
    return {index: (float(x), float(y)) for index, (x, y) in cells.items()}


def _longest_path(near: Mapping[int, set[int]], start: int) -> list[int]:
    """A longest path of a tree, its lower end first."""
    end = _farthest(_distances(near, start))
    away = _distances(near, end)
    path = [_farthest(away)]
    while path[-1] != end:
        path.append(min(near[path[-1]], key=lambda index: away[index]))
    return path if path[0] < path[-1] else path[::-1]


def _farthest(distances: Mapping[int, int]) -> int:
    return min(distances, key=lambda index: (-distances[index], index))


def _stress(near: Mapping[int, set[int]], part: Sequence[int]) -> dict[int, Point]:
    """Places whose distances are close to those in the graph."""
    rows = [_distances(near, index) for index in part]
    wanted = np.array([[row[index] for index in part] for row in rows], dtype=float)
    points = _majorised(_classical(wanted), wanted)
    order = {index: position for position, index in enumerate(part)}
    joined = [(order[a], order[b]) for a in part for b in sorted(near[a]) if a < b]
    turned = _upright(points[:, 0] + 1j * points[:, 1], np.array(joined))
    return {index: (float(z.real), float(z.imag)) for index, z in zip(part, turned, strict=True)}


def _classical(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Classical multidimensional scaling, shape (n, 2): where the iteration starts."""
    centre = np.eye(len(wanted)) - 1 / len(wanted)
    values, vectors = np.linalg.eigh(-centre @ wanted**2 @ centre / 2)
    return np.asarray(vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 1e-9)))


def _majorised(
    points: NDArray[np.float64], wanted: NDArray[np.float64], *, rounds: int = 300
) -> NDArray[np.float64]:
    """Least squares of distances weighted by 1/wanted**2, shape (n, 2); never gets worse."""
    weights = 1 / np.where(wanted > 0, wanted, np.inf) ** 2
    inverse = np.linalg.pinv(np.diag(weights.sum(1)) - weights)
    for _ in range(rounds):
        apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
        pull = -weights * wanted / np.where(apart > 0, apart, np.inf)
        pull -= np.diag(pull.sum(1))
        moved = inverse @ (pull @ points)
        step = float(np.abs(moved - points).max())
        points = moved
        if step < 1e-4:  # noqa: PLR2004  # of a coupling: a hundredth of a pixel
            break
    return points


def _upright(places: NDArray[np.complex128], joined: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Turned until couplings follow the axes, wide rather than high, the first top left.

    Where couplings have no four directions in common, the longest extent lies flat; a ring,
    which has none, lies on its first coupling.
    """
    steps = places[joined[:, 1]] - places[joined[:, 0]]
    crossed = np.mean((steps / np.abs(steps)) ** 4)
    stretched = np.sum(places**2) / np.sum(np.abs(places) ** 2)
    angle = np.angle(steps[0])
    if abs(crossed) > 0.3:  # noqa: PLR2004  # far from the 0 of a honeycomb
        angle = np.angle(crossed) / 4
    elif abs(stretched) > 0.1:  # noqa: PLR2004  # far from the 0 of a ring
        angle = np.angle(stretched) / 2
    turned = places * np.exp(-1j * angle)
    if np.ptp(turned.imag) > np.ptp(turned.real) + 1e-6:
        turned = turned * 1j
    turned = turned - turned.mean()
    first = turned[0]
    across = turned.real * (-1 if first.real > 1e-6 else 1)  # noqa: PLR2004  # rounding
    down = turned.imag * (-1 if first.imag > 1e-6 else 1)  # noqa: PLR2004
    return np.asarray(across + 1j * down)


def _side_by_side(parts: Sequence[Mapping[int, Point]], gap: float = 1.0) -> dict[int, Point]:
    """Parts on shelves from the top left, about as wide as a square of all qubits."""
    boxes = [[max(c) - min(c) for c in zip(*part.values(), strict=True)] for part in parts]
    widest = max(math.sqrt(sum(map(len, parts))), *(box[0] for box in boxes))
    places: dict[int, Point] = {}
    x, y, depth = 0.0, 0.0, 0.0
    for part, (width, height) in zip(parts, boxes, strict=True):
        if x > 0 and x + width > widest:
            x, y, depth = 0.0, y + depth + gap, 0.0
        left, top = (min(c) for c in zip(*part.values(), strict=True))
        places |= {q: (px - left + x, py - top + y) for q, (px, py) in part.items()}
        x, depth = x + width + gap, max(depth, height)
    return dict(sorted(places.items()))
