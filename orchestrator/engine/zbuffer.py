"""What a pinhole camera has in front of it, pixel by pixel: triangles drawn into a depth buffer, with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Intrinsics

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

NEAR_M = 0.05  # what comes nearer to the lens is not drawn
EDGE_ON = 1e-9  # a face that is seen along itself covers nothing


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a camera's picture, in pixels of `stride` by `stride` of its own."""

    lens: Intrinsics
    left: int
    top: int
    width: int
    height: int
    stride: int = 1

    @property
    def rays(self) -> Floats:
        """The direction through each pixel, (height, width, 3) in the camera's frame, z = 1."""
        out = np.ones((self.height, self.width, 3))
        u = (self.left + (np.arange(self.width) + 0.5) * self.stride - 0.5 - self.lens.cx) / self.lens.fx
        v = (self.top + (np.arange(self.height) + 0.5) * self.stride - 0.5 - self.lens.cy) / self.lens.fy
        out[..., 0], out[..., 1] = u[None, :], v[:, None]
        return out

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Which of its pixels lie in the picture, (height, width)."""
        u = self.left + np.arange(self.width) * self.stride
        v = self.top + np.arange(self.height) * self.stride
        across, down = (u >= 0) & (u < self.lens.width), (v >= 0) & (v < self.lens.height)
        return np.asarray(down[:, None] & across[None, :])

    def pixels(self, points: Floats) -> Floats:
        """Return where points (..., 3) of the camera's frame (m) appear, (..., 2): column and row of this window."""
        depth = points[..., 2]
        u = points[..., 0] / depth * self.lens.fx + self.lens.cx - self.left
        v = points[..., 1] / depth * self.lens.fy + self.lens.cy - self.top
        return np.stack([(u + 0.5) / self.stride - 0.5, (v + 0.5) / self.stride - 0.5], axis=-1)


def transformed(pose: Pose, points: Floats) -> Floats:
    """Return points (..., 3) of a pose's frame in its parent."""
    matrix = pose.matrix()
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])


def draw(triangles: Floats, window: Window) -> tuple[Floats, Ints]:
    """Return the depth (m, inf where nothing is) and the triangle's index (-1) of each pixel, (height, width).

    `triangles` (n, 3, 3) are in the camera's frame, metres. Each line of pixels that a triangle meets is cut between
    its sides, all triangles at once; the nearest counts.
    """
    depth = np.full(window.height * window.width, np.inf)
    index = np.full(len(depth), -1, dtype=np.int64)
    shape = (window.height, window.width)
    ahead = np.flatnonzero(_least(triangles[:, :, 2]) > NEAR_M)
    corners = window.pixels(triangles[ahead])
    low, high = _least(corners[..., 1]), -_least(-corners[..., 1])
    first = np.clip(np.ceil(low), 0, window.height).astype(np.int64)
    last = np.clip(np.floor(high), -1, window.height - 1).astype(np.int64)
    which, row = _runs(first, last)
    left, right = _between(corners[which], row)
    begin = np.clip(np.ceil(left), 0, window.width).astype(np.int64)
    end = np.clip(np.floor(right), -1, window.width - 1).astype(np.int64)
    run, column = _runs(begin, end)
    which, row = which[run], row[run]
    a, b, c = (triangles[ahead][:, k] for k in range(3))
    normal = np.cross(b - a, c - a)
    offset = np.einsum("ij,ij->i", normal, a)
    slope = np.einsum("ij,ij->i", normal[which], window.rays[row, column])
    seen = np.abs(slope) > EDGE_ON * np.linalg.norm(normal[which], axis=1)
    at, which = (row * window.width + column)[seen], which[seen]
    found = offset[which] / slope[seen]
    order = np.argsort(-found, kind="stable")  # of what is written twice, the nearest stays
    depth[at[order]] = found[order]
    index[at[order]] = ahead[which[order]]
    return depth.reshape(shape), index.reshape(shape)


def _least(values: Floats) -> Floats:
    """Return the least of each row (n, 3)."""
    return np.asarray(np.minimum(np.minimum(values[:, 0], values[:, 1]), values[:, 2]))


def _runs(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return each whole number of some spans, ends included, and the index of the span that it is of."""
    counts = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return which, np.arange(int(counts.sum())) - starts[which] + first[which]


def _between(corners: Floats, row: Ints) -> tuple[Floats, Floats]:
    """Return where a line of pixels enters and leaves triangles (n, 3, 2)."""
    left, right = np.full(len(row), np.inf), np.full(len(row), -np.inf)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        a, b = corners[:, one], corners[:, other]
        rise = b[:, 1] - a[:, 1]
        share = (row - a[:, 1]) / np.where(rise == 0, 1.0, rise)
        meets = (rise != 0) & (share >= 0) & (share <= 1)
        x = a[:, 0] + share * (b[:, 0] - a[:, 0])
        left, right = np.where(meets, np.minimum(left, x), left), np.where(meets, np.maximum(right, x), right)
    return left, right
