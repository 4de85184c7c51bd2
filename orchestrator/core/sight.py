"""What stands between a camera and a place: how much of the place solids hide."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.core.ports import Solid

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from orchestrator.core.geometry import Pose, Vector

    Floats = npt.NDArray[np.float64]

ACROSS = 5  # points along each edge of a box that stands for a part


def points_in(low: Vector, high: Vector, pose: Pose) -> Floats:
    """Return points (n, 3), m in the world, that fill a box with these corners in the frame at a pose."""
    axes = (np.linspace(a, b, ACROSS) for a, b in zip(low, high, strict=True))
    grid = np.array(tuple(itertools.product(*axes)))
    turn = pose.matrix()
    return np.asarray(grid @ turn[:3, :3].T + turn[:3, 3], dtype=np.float64)


def solid_of(low: Vector, high: Vector, pose: Pose) -> Solid:
    """Return the box with these corners (m) in the frame at a pose."""
    x, y, z = ((a + b) / 2 for a, b in zip(low, high, strict=True))
    return Solid("box", tuple(b - a for a, b in zip(low, high, strict=True)), pose.shifted(x, y, z))


def hidden(eye: Vector, points: Floats, solids: Iterable[Solid]) -> float:
    """Return the share (0 to 1) of points (n, 3), m, that a camera at `eye` can't see for solids, all in the world.

    Each straight way from the eye to a point is cut with each solid: where the ranges within its slabs (T. L. Kay,
    J. T. Kajiya, 1986) and its round side overlap.
    """
    blocked = np.zeros(len(points), dtype=bool)
    for solid in solids:
        blocked |= _crosses(eye, points, solid)
    return float(blocked.mean())


def _crosses(eye: Vector, points: Floats, solid: Solid) -> npt.NDArray[np.bool_]:
    """Tell for each way from the eye to a point whether it passes through a solid."""
    back = solid.pose.inverse()
    turn = back.matrix()
    start = np.asarray(back.apply(eye))
    way = points @ turn[:3, :3].T + turn[:3, 3] - start
    enter, leave = np.zeros(len(points)), np.ones(len(points))
    if solid.shape == "box":
        flat = [(axis, edge / 2) for axis, edge in enumerate(solid.size_m)]
    else:
        round_axes = slice(0, 3 if solid.shape == "sphere" else 2)
        enter, leave = _round(start[round_axes], way[:, round_axes], solid.size_m[0], enter, leave)
        flat = [(2, solid.size_m[1] / 2)] if solid.shape == "cylinder" else []
    for axis, half in flat:
        step = np.where(np.abs(way[:, axis]) < 1e-12, 1e-12, way[:, axis])
        one, other = (-half - start[axis]) / step, (half - start[axis]) / step
        enter, leave = np.maximum(enter, np.minimum(one, other)), np.minimum(leave, np.maximum(one, other))
    return np.asarray(enter <= leave)


def _round(start: Floats, way: Floats, radius_m: float, enter: Floats, leave: Floats) -> tuple[Floats, Floats]:
    """Narrow the ranges of ways to what lies within a radius of the origin, in two or three axes."""
    a = np.maximum(np.einsum("ij,ij->i", way, way), 1e-18)
    b = way @ start
    inside = b * b - a * (start @ start - radius_m**2)
    root = np.sqrt(np.maximum(inside, 0.0))
    far = np.where(inside >= 0, 0.0, np.inf)
    return np.maximum(enter, (-b - root) / a + far), np.minimum(leave, (-b + root) / a)
