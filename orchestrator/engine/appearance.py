"""A part as a camera that stands somewhere would see it: drawn by its mesh, with what stands behind it.

It is what `foresight` reckons from. All lengths are metres, angles radians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.engine.zbuffer import NEAR_M, Window, draw, transformed

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from orchestrator.core.camera import Noise
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import CheckRequest, Expected, Intrinsics
    from orchestrator.engine.mesh import MeshFacts
    from orchestrator.engine.zbuffer import Floats

    Mask = npt.NDArray[np.bool_]
    Meshes = Callable[[str], MeshFacts]

# What the judge does by default; a test holds these numbers to its own.
SLACK_M = 0.0001
FINE_PIXELS, FINE_M, CLIP_M = 1.25, 0.0015, 0.0012

GRAZING = 0.2  # a surface that is met at a lesser cosine loses pixels
MOST_PIXELS = 120  # of a window's side: what is larger is drawn coarser
SAMPLE_PIXELS = 0.7  # from one sample along an edge to the next
JUMP_SIGMA, JUMP_M = 4.0, 0.001
FLAT = 0.9999  # cosine between faces in one plane
EDGE_M = 0.008  # a higher step makes pixels that float between its two sides


@dataclass(frozen=True, slots=True)
class Eye:
    """A camera as its pictures are reckoned: where it stands, its lens, its noise."""

    pose: Pose
    lens: Intrinsics
    noise: Noise


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A mesh's triangles (n, 3, 3), edges (m, 2, 3), corners (8, 3), middle and half the diagonal of its box."""

    triangles: Floats
    edges: Floats
    corners: Floats
    centre: Floats
    radius: float


def body_of(facts: MeshFacts) -> Body:
    """Return a mesh as it is drawn; the last ones are kept."""
    return _bodies(facts.sha256, _Held(facts))


class _Held:
    """A mesh beside a key: equal to every other, so that a cache goes by the key alone."""

    def __init__(self, facts: MeshFacts) -> None:
        self.facts = facts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=64)
def _bodies(sha256: str, held: _Held) -> Body:
    del sha256
    facts = held.facts
    points, corner = np.unique(np.round(facts.triangles.reshape(-1, 3), 6), axis=0, return_inverse=True)
    faces = corner.reshape(-1, 3)
    a, b, c = (facts.triangles[:, k] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-30)[:, None]
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    order = np.lexsort((sides[:, 1], sides[:, 0]))
    of = order % len(faces)
    pairs, first, count = np.unique(sides[order], axis=0, return_index=True, return_counts=True)
    between = np.einsum("ij,ij->i", normals[of[first]], normals[of[np.minimum(first + 1, len(of) - 1)]])
    flat = (count == 2) & (np.abs(between) > FLAT)  # between two faces in one plane no outline can run
    pairs = pairs[~flat & (pairs[:, 0] != pairs[:, 1])]
    low, high = np.asarray(facts.low_m), np.asarray(facts.high_m)
    radius = max(float(np.linalg.norm(high - low)) / 2, 0.004)
    corners = np.array([[(low, high)[(i >> k) & 1][k] for k in range(3)] for i in range(8)])
    return Body(facts.triangles, points[pairs], corners, (low + high) / 2, radius)


def window_of(body: Body, pose: Pose, eye: Eye, margin_m: float) -> Window | None:
    """Return the pixels around a body by a margin (m); None where it is behind the lens or too near."""
    seen = transformed(eye.pose.inverse() @ pose, body.corners)
    near = float(seen[:, 2].min())
    if near < NEAR_M:
        return None
    lens = eye.lens
    u = seen[:, 0] / seen[:, 2] * lens.fx + lens.cx
    v = seen[:, 1] / seen[:, 2] * lens.fy + lens.cy
    du, dv = margin_m / near * lens.fx, margin_m / near * lens.fy
    left, top = max(math.floor(u.min() - du), -lens.width), max(math.floor(v.min() - dv), -lens.height)
    right, bottom = min(math.ceil(u.max() + du) + 1, 2 * lens.width), min(math.ceil(v.max() + dv) + 1, 2 * lens.height)
    return strided(lens, left, top, right, bottom)


def strided(lens: Intrinsics, left: int, top: int, right: int, bottom: int) -> Window | None:
    """Return a rectangle of a picture, coarser where it is large; None where it is empty."""
    if right <= left or bottom <= top:
        return None
    stride = max(1, math.ceil(max(right - left, bottom - top) / MOST_PIXELS))
    return Window(lens, left, top, math.ceil((right - left) / stride), math.ceil((bottom - top) / stride), stride)


def _meets(body: Body, pose: Pose, window: Window, eye: Eye) -> bool:
    """Tell whether a body may be seen in a window; one that is partly behind the lens may."""
    other = window_of(body, pose, eye, 0.0)
    if other is None:
        return True
    wide, high = other.width * other.stride, other.height * other.stride
    return (
        other.left < window.left + window.width * window.stride
        and window.left < other.left + wide
        and other.top < window.top + window.height * window.stride
        and window.top < other.top + high
    )


def depth_behind(part: Expected, request: CheckRequest, window: Window, eye: Eye, meshes: Meshes) -> Floats:
    """Return the depth of everything but one part: what stands around it, and the table (z = 0)."""
    out = np.full((window.height, window.width), np.inf)
    fall = window.rays @ eye.pose.matrix()[2, :3]
    with np.errstate(divide="ignore"):
        table = np.where(fall < -1e-6, -eye.pose.p[2] / fall, np.inf)
    np.minimum(out, np.where(table > 0, table, np.inf), out=out)
    camera = eye.pose.inverse()
    for other in request.around:
        if other.id != part.id and _meets(body_of(meshes(other.mesh)), other.pose, window, eye):
            depth, _ = draw(transformed(camera @ other.pose, body_of(meshes(other.mesh)).triangles), window)
            np.minimum(out, depth, out=out)
    return out


class View:
    """One part in one window: which pixels tell of it, and how."""

    def __init__(
        self, body: Body, pose: Pose, window: Window, eye: Eye, behind: Floats, closed: Mask | None = None
    ) -> None:
        self.body = body
        self.window = window
        self.into = eye.pose.inverse() @ pose
        self.behind = behind
        self.noise = eye.noise
        triangles = transformed(self.into, body.triangles)
        self.alone, self.face = draw(triangles, window)
        a, b, c = (triangles[:, k] for k in range(3))
        normals = np.cross(b - a, c - a)
        normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-30)[:, None]
        shown = np.isfinite(self.alone)
        rays = window.rays
        self.slope = np.where(shown, np.einsum("ijk,ijk->ij", normals[self.face], rays), -1.0)
        self.normal = normals[self.face]
        cosine = np.where(shown, np.abs(self.slope) / np.linalg.norm(rays, axis=2), 1.0)
        self.open = window.inside if closed is None else window.inside & ~closed
        self.share = np.clip(cosine / GRAZING, 0, 1) * self.open  # of such a pixel, that is measured
        depth = np.where(shown, self.alone, 1.0)
        self.sigma = np.hypot(eye.noise.sigma_m * depth**2 / np.maximum(cosine, 1 / 3), SLACK_M)
        self.free = shown & (self.alone < behind)
        front = np.minimum(self.alone, behind)
        middle = front[shown & np.isfinite(front)]
        self.depth_m = float(np.median(middle)) if len(middle) else 1.0
        self.pixel_m = self.depth_m / min(eye.lens.fx, eye.lens.fy)

    @property
    def whole(self) -> int:
        """How many of the camera's pixels the part alone would cover."""
        return int(np.isfinite(self.alone).sum()) * self.window.stride**2

    @property
    def free_pixels(self) -> float:
        """How many of them nothing known hides."""
        return float(self.free.sum()) * self.window.stride**2

    @property
    def seen_pixels(self) -> float:
        """How many of them are measured."""
        return float(self.share[self.free].sum()) * self.window.stride**2

    @property
    def reach_m(self) -> float:
        """How far the judge moves a part to see what changes."""
        return min(FINE_PIXELS, max(FINE_M / self.pixel_m, 0.75)) * self.pixel_m

    def surface(self) -> tuple[Floats, Floats, float]:
        """Return Jacobian (n, 6) and weight (n,) of the pixels on the part, and of how many pixels they stand for.

        The motion is (x, y, z, rotation vector) of the part's centre in the camera's axes.
        """
        normal, slope = self.normal[self.free], self.slope[self.free][:, None]
        steep = normal / np.where(np.abs(slope) < 1e-6, 1e-6, slope)
        arm = self.window.rays[self.free] * self.alone[self.free][:, None]
        arm -= transformed(self.into, self.body.centre)
        clip = max(CLIP_M, 6 * float(np.median(self.sigma[self.free]))) if self.free.any() else CLIP_M
        most = clip / self.reach_m
        turning = np.clip(np.cross(arm, steep), -most * self.body.radius, most * self.body.radius)
        jacobian = np.concatenate([np.clip(steep, -most, most), turning], axis=1)
        count = float(self.share[self.free].sum()) * self.window.stride**2
        weight = self.share[self.free] ** 4 / self.sigma[self.free] ** 2 * self.window.stride**2
        return jacobian, weight, count

    def outline(self) -> tuple[Floats, Floats, Mask]:
        """Return the Jacobian (n, 6) of pieces of outline in view, their length (n,), and which are high steps.

        Lengths are in the camera's pixels; the Jacobian is in pixels across the outline.
        """
        ends = transformed(self.into, self.body.edges)
        ends = ends[(ends[:, 0, 2] > NEAR_M) & (ends[:, 1, 2] > NEAR_M)]
        at = self.window.pixels(ends)
        along = at[:, 1] - at[:, 0]
        length = np.linalg.norm(along, axis=1)
        count = np.clip(np.ceil(length / SAMPLE_PIXELS), 1, 2000).astype(np.int64)
        which = np.repeat(np.arange(len(ends)), count)
        step = np.arange(int(count.sum())) - (np.cumsum(count) - count)[which]
        share = ((step + 0.5) / count[which])[:, None]
        points = ends[which, 0] * (1 - share) + ends[which, 1] * share
        pixel = at[which, 0] * (1 - share) + at[which, 1] * share
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(length, 1e-9)[:, None]
        piece = length[which] / count[which]
        one, other = (self._front(pixel + side * 1.2 * normal[which]) for side in (1, -1))
        jump = max(JUMP_M, JUMP_SIGMA * float(np.median(self.sigma)))
        slack = max(0.001, 2 * self.pixel_m * self.window.stride)
        nearer, farther = np.minimum(one, other), np.maximum(one, other)
        real = (farther - nearer > jump) & (np.abs(points[:, 2] - nearer) < slack) & (length[which] > 1e-6)
        cell = np.rint(pixel).astype(np.int64)
        column, row = cell[:, 0], cell[:, 1]
        inside = (column >= 0) & (column < self.window.width) & (row >= 0) & (row < self.window.height)
        keep = np.flatnonzero(real & inside)
        keep = keep[self.open[cell[keep, 1], cell[keep, 0]]]
        keep = keep[np.argsort(points[keep, 2], kind="stable")]
        flat = cell[keep, 1] * self.window.width + cell[keep, 0]
        _, first, of = np.unique(flat, return_index=True, return_inverse=True)
        lengths = np.minimum(np.bincount(of, piece[keep]), 1.2)
        keep = keep[first]
        if not len(keep):
            return np.zeros((0, 6)), np.zeros(0), np.zeros(0, dtype=bool)
        p, n = points[keep], normal[which][keep]
        lens = self.window.lens
        du = np.stack([np.full(len(p), lens.fx), np.zeros(len(p)), -p[:, 0] / p[:, 2] * lens.fx], axis=1) / p[:, 2:]
        dv = np.stack([np.zeros(len(p)), np.full(len(p), lens.fy), -p[:, 1] / p[:, 2] * lens.fy], axis=1) / p[:, 2:]
        shift = n[:, :1] * du + n[:, 1:] * dv  # pixels a metre
        arm = p - transformed(self.into, self.body.centre)
        high = (farther - nearer)[keep] > EDGE_M
        return np.concatenate([shift, np.cross(arm, shift)], axis=1), lengths * self.window.stride, high

    def _front(self, pixel: Floats) -> Floats:
        column = np.clip(np.rint(pixel[:, 0]).astype(np.int64), 0, self.window.width - 1)
        row = np.clip(np.rint(pixel[:, 1]).astype(np.int64), 0, self.window.height - 1)
        front = np.minimum(self.alone, self.behind)[row, column]
        return np.where(np.isfinite(front), front, 100.0)
