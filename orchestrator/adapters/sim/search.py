"""A way through joint space around obstacles: seeded RRT-Connect with shortcuts."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.core.ports import Joints

    Floats = npt.NDArray[np.float64]

STEP_M = 0.008  # how far any point of the arm may travel between two checks
COARSE_M = 0.02  # the same while searching: what is found is checked finely afterwards
EXTEND_M = 0.35
ITERATIONS = 3000
SHORTCUTS = 12


def travel(a: Sequence[float], b: Sequence[float], reach_m: Sequence[float]) -> float:
    """Return how far (m) at most any point of the arm travels between two joint positions.

    `reach_m` is how far from each joint's axis the arm and a held part reach.
    """
    return sum(reach * abs(y - x) for reach, x, y in zip(reach_m, a, b, strict=True))


def between(a: Joints, b: Joints, reach_m: Sequence[float], step_m: float = STEP_M) -> list[Joints]:
    """Return the joints from `a` (left out) to `b` such that no point of the arm jumps by more than `step_m`."""
    count = max(1, math.ceil(travel(a, b, reach_m) / step_m))
    line = np.asarray(a) + np.linspace(0.0, 1.0, count + 1)[1:, None] * np.subtract(b, a)
    return [tuple(row) for row in line.tolist()]


def middle_first(count: int) -> Iterator[int]:
    """Yield the indices below `count`, ever finer from the middle: what is in the way is found sooner."""
    stride = 1 << count.bit_length()
    while stride > 1:
        stride //= 2
        yield from range(stride - 1, count, 2 * stride)


class Search:
    """Looks for a way of an arm between two free joint positions; `free` tells whether one is clear of everything."""

    def __init__(self, free: Callable[[Joints], bool], arm: ArmModel, seed: int, iterations: int = ITERATIONS) -> None:
        self._free = free
        self._step_m = COARSE_M
        self._reach_m = arm.reach_m
        self._lower = np.asarray(arm.lower_rad)
        self._upper = np.asarray(arm.upper_rad)
        self._random = np.random.default_rng(seed)
        self._iterations = iterations

    def clear(self, a: Joints, b: Joints) -> bool:
        """Tell whether the straight way from a free `a` to `b` is free; the middle is looked at first."""
        steps = between(a, b, self._reach_m, self._step_m)
        return all(self._free(steps[index]) for index in middle_first(len(steps)))

    def find(self, start: Joints, goal: Joints) -> list[Joints] | None:
        """Return corners from `start` to `goal`, free at fine steps, or None when the search gives up."""
        for step_m in (COARSE_M, STEP_M):
            self._step_m = step_m
            way = self._connect(start, goal)
            self._step_m = STEP_M
            if way is None or all(self.clear(a, b) for a, b in itertools.pairwise(way)):
                return way
        return None

    def _connect(self, start: Joints, goal: Joints) -> list[Joints] | None:
        """Grow a tree from either end until they meet.

        J. J. Kuffner and S. M. LaValle, "RRT-Connect: an efficient approach to single-query path planning", 2000.
        """
        trees = [_Tree(start, self._reach_m), _Tree(goal, self._reach_m)]
        # Most ways around an obstacle stay near the ends, so the samples do too, then ever farther out.
        low, high = np.minimum(start, goal), np.maximum(start, goal)
        for iteration in range(self._iterations):
            margin = 0.5 + 2.5 * iteration / self._iterations
            sample = self._random.uniform(np.maximum(low - margin, self._lower), np.minimum(high + margin, self._upper))
            near, far = trees[iteration % 2], trees[1 - iteration % 2]
            reached = self._extend(near, tuple(sample.tolist()))
            if reached is None:
                continue
            target = near.points[reached]
            while (met := self._extend(far, target)) is not None:
                if travel(far.points[met], target, self._reach_m) < 1e-9:
                    ways = (near.way(reached), far.way(met))
                    first, second = ways if near is trees[0] else (ways[1], ways[0])
                    return self._shorten([*first, *reversed(second[:-1])])
        return None

    def _extend(self, tree: _Tree, target: Joints) -> int | None:
        index = tree.nearest(target)
        origin = tree.points[index]
        gap = travel(origin, target, self._reach_m)
        if gap < 1e-9:
            return index
        share = min(1.0, EXTEND_M / gap)
        point = target if share == 1.0 else tuple(x + share * (y - x) for x, y in zip(origin, target, strict=True))
        return tree.add(point, index) if self.clear(origin, point) else None

    def _shorten(self, way: list[Joints]) -> list[Joints]:
        for _ in range(SHORTCUTS):
            if len(way) < 3:
                break
            i, j = sorted(self._random.integers(0, len(way) - 1, size=2).tolist())
            if i == j:
                continue
            cut_i, cut_j = self._random.uniform(0, 1, size=2).tolist()
            a = tuple(x + cut_i * (y - x) for x, y in zip(way[i], way[i + 1], strict=True))
            b = tuple(x + cut_j * (y - x) for x, y in zip(way[j], way[j + 1], strict=True))
            if self.clear(a, b):
                way = [*way[: i + 1], a, b, *way[j + 1 :]]
        index = 0
        while index < len(way) - 2:
            if self.clear(way[index], way[index + 2]):
                del way[index + 1]
            else:
                index += 1
        return way


class _Tree:
    def __init__(self, root: Joints, reach_m: Sequence[float]) -> None:
        self._reach_m = np.asarray(reach_m)
        self.points = [root]
        self.parents = [-1]
        self._array = np.empty((64, len(root)))
        self._array[0] = root

    def nearest(self, target: Joints) -> int:
        count = len(self.points)
        return int((np.abs(self._array[:count] - target) @ self._reach_m).argmin())

    def add(self, point: Joints, parent: int) -> int:
        if len(self.points) == len(self._array):
            self._array = np.vstack([self._array, np.empty_like(self._array)])
        self._array[len(self.points)] = point
        self.points.append(point)
        self.parents.append(parent)
        return len(self.points) - 1

    def way(self, index: int) -> list[Joints]:
        out = []
        while index >= 0:
            out.append(self.points[index])
            index = self.parents[index]
        return out[::-1]
