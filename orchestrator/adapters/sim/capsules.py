"""Capsules: rounded tubes about the arm, what it holds and people, and how far apart two sets of them are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.adapters.sim.arm import ArmModel
    from orchestrator.core.geometry import Pose, Quaternion, Vector

    Floats = npt.NDArray[np.float64]

TINY = 1e-12
SMALL_M = 0.02  # half edges below this need no closer cover


@dataclass(frozen=True, slots=True, eq=False)
class Capsules:
    """All points within `radius_m` (n,) of the segments from `a` to `b` (n, 3), in metres; one name each."""

    names: tuple[str, ...]
    a: Floats
    b: Floats
    radius_m: Floats

    def without(self, names: frozenset[str]) -> Capsules:
        """Return those that are not named."""
        keep = [index for index, name in enumerate(self.names) if name not in names]
        return Capsules(tuple(self.names[i] for i in keep), self.a[keep], self.b[keep], self.radius_m[keep])


@dataclass(frozen=True, slots=True)
class Separation:
    """The gap between two sets of capsules (m, negative where they overlap), and where it is.

    The points are the nearest on either surface; where two overlap they lie inside each other.
    """

    distance_m: float
    one: str
    other: str
    on_one: Vector
    on_other: Vector


def nearest(one: Capsules, other: Capsules) -> Separation:
    """Return the smallest gap between two sets, all pairs at once.

    Segment to segment as in C. Ericson, "Real-Time Collision Detection", 2005, 5.1.9, carried over to arrays.
    """
    n, m = len(one.names), len(other.names)
    ends = np.concatenate((one.a, other.a, one.b, other.b))
    ends[n + m :] -= ends[: n + m]
    products = ends @ ends.T  # of every starting point and direction with every other
    squares = products.diagonal()
    along = products.diagonal(n + m)  # of each starting point with its own direction
    first, second, tilt_1, tilt_2 = slice(0, n), slice(n, n + m), slice(n + m, 2 * n + m), slice(2 * n + m, None)
    # In the book's letters: a, e the squared lengths, b = d1 d2, and c, f the products of a1 - a2 with d1 and d2.
    a, e, b = squares[tilt_1, None], squares[tilt_2], products[tilt_1, tilt_2]
    c = along[first, None] - products[tilt_1, second]
    f = products[first, tilt_2] - along[second]
    safe_a, safe_e = np.maximum(a, TINY), np.maximum(e, TINY)
    s = ((b * f - c * e) / np.maximum(a * e - b * b, TINY)).clip(0.0, 1.0)
    t = ((b * s + f) / safe_e).clip(0.0, 1.0)
    s = ((b * t - c) / safe_a).clip(0.0, 1.0)
    gaps = squares[first, None] + squares[second] - 2.0 * products[first, second]
    gaps += s * (s * a + 2.0 * (c - t * b)) + t * (t * e - 2.0 * f)
    gaps = np.sqrt(np.maximum(gaps, 0.0)) - one.radius_m[:, None] - other.radius_m
    i, j = divmod(int(gaps.argmin()), m)
    # Squares summed from products lose half the digits, so the nearest pair is worked out once more.
    p1, p2 = _on(one.a[i], one.b[i], float(s[i, j])), _on(other.a[j], other.b[j], float(t[i, j]))
    x, y, z = p2[0] - p1[0], p2[1] - p1[1], p2[2] - p1[2]
    axes = math.sqrt(x * x + y * y + z * z)
    r1, r2 = float(one.radius_m[i]), float(other.radius_m[j])
    out, back = r1 / max(axes, TINY), -r2 / max(axes, TINY)
    return Separation(
        axes - r1 - r2,
        one.names[i],
        other.names[j],
        (p1[0] + out * x, p1[1] + out * y, p1[2] + out * z),
        (p2[0] + back * x, p2[1] + back * y, p2[2] + back * z),
    )


def _on(start: Floats, end: Floats, share: float) -> Vector:
    (ax, ay, az), (bx, by, bz) = start.tolist(), end.tolist()
    return (ax + share * (bx - ax), ay + share * (by - ay), az + share * (bz - az))


class ArmCapsules:
    """Capsules that cover every link of an arm that moves, and whatever its gripper holds."""

    def __init__(self, arm: ArmModel) -> None:
        rows: list[tuple[int, str, Vector, Vector, float]] = []
        order = {link: index for index, link in enumerate(arm.drawn)}
        self._flange = order["palm"]  # the palm's frame is the flange's
        for part in arm.visual():
            if part.link == arm.links[0]:
                continue
            if part.shape == "sphere" and _covered(part.link, part.pose.p, part.size_m[0], rows):
                continue
            rows += [(order[part.link], part.link, *tube) for tube in _tubes(part.shape, part.size_m, part.pose)]
        self._rows = rows
        self._held: tuple[object, ...] = ()
        self._pack(rows)

    def hold(self, boxes: Sequence[tuple[str, Floats, Pose]]) -> None:
        """Cover held bodies from now on: for each its name, its own bounds (2, 3) in m and its pose at the flange."""
        if (key := tuple((name, pose) for name, _, pose in boxes)) == self._held:
            return
        self._held = key
        rows = list(self._rows)
        for name, (low, high), pose in boxes:
            middle, size = (low + high) / 2, high - low
            x, y, z = (float(v) for v in middle)
            at = pose.shifted(x, y, z)
            edges = (float(size[0]), float(size[1]), float(size[2]))
            rows += [(self._flange, name, *tube) for tube in _tubes("box", edges, at)]
        self._pack(rows)

    def at(self, links: Sequence[Pose]) -> Capsules:
        """Return the capsules in the world, with the arm's links at these poses."""
        turns = np.array([_rows(pose.q) for pose in links]).reshape(-1, 3, 3)[self._link]
        origins = np.array([pose.p for pose in links])[self._link]
        ends = np.matmul(turns, self._ends)[:, :, 0] + origins
        count = len(self._names)
        return Capsules(self._names, ends[:count], ends[count:], self._radius_m)

    def _pack(self, rows: Sequence[tuple[int, str, Vector, Vector, float]]) -> None:
        self._link = np.array([row[0] for row in rows] * 2)
        self._names = tuple(row[1] for row in rows)
        self._ends = np.array([row[2] for row in rows] + [row[3] for row in rows])[:, :, None]
        self._radius_m = np.array([row[4] for row in rows])


def _rows(q: Quaternion) -> tuple[float, ...]:
    """Return the nine entries of a unit quaternion's rotation matrix, row by row; at every look this counts."""
    w, x, y, z = q
    return (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip


def _tubes(shape: str, size_m: Sequence[float], pose: Pose) -> list[tuple[Vector, Vector, float]]:
    """Return capsules (a, b, radius) that cover a primitive: one along a cylinder, several along a wide box."""
    if shape == "sphere":
        return [(pose.p, pose.p, size_m[0])]
    if shape == "cylinder":
        return [(pose.shifted(z=-size_m[1] / 2).p, pose.shifted(z=size_m[1] / 2).p, size_m[0])]
    half = [edge / 2 for edge in size_m]
    long, wide, flat = sorted(range(3), key=lambda axis: -half[axis])
    # A box twice as wide as flat is better covered by tubes side by side than by one that bulges on both sides.
    count = 1 if half[wide] < SMALL_M else max(1, min(3, round(half[wide] / max(half[flat], 1e-3))))
    strip = half[wide] / count
    radius = float(np.hypot(strip, half[flat]))
    out = []
    for k in range(count):
        ends = []
        for sign in (-1.0, 1.0):
            local = [0.0, 0.0, 0.0]
            local[long] = sign * half[long]
            local[wide] = (2 * k + 1 - count) * strip
            ends.append(pose.shifted(*local).p)
        out.append((ends[0], ends[1], radius))
    return out


def _covered(link: str, p: Vector, radius_m: float, rows: Sequence[tuple[int, str, Vector, Vector, float]]) -> bool:
    """Tell whether a link's sphere lies inside one of the link's tubes."""
    for _, name, a, b, radius in rows:
        if name == link:
            start, end = np.array(a), np.array(b)
            along = end - start
            share = float(np.clip((np.array(p) - start) @ along / max(float(along @ along), TINY), 0.0, 1.0))
            if float(np.linalg.norm(start + share * along - p)) + radius_m <= radius + 1e-9:
                return True
    return False
