"""The grey picture of the embedded camera: shaded surfaces, boards as they are printed, blur and noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.calibration.board import dark
from orchestrator.adapters.sim.boards import MARGIN_M

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.sim.boards import Printed
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Intrinsics

    Image = npt.NDArray[np.float32]
    Floats = npt.NDArray[np.float64]

SURFACE, PAPER, INK = 110.0, 215.0, 25.0  # grey levels seen head-on
AMBIENT = 0.35  # share of the light that comes from everywhere
NOISE = 2.0  # grey levels, one sigma
FINE = 5  # samples a pixel's side, where an edge runs through it
ON_BOARD_M = 0.0015


def picture(
    lens: Intrinsics,
    true: Pose,
    depth: Image,
    cosine: Image,
    boards: tuple[Printed, ...],
    random: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """Return the grey picture (height, width) of true depth and viewing cosine (height, width)."""
    light = np.float32(AMBIENT) + np.float32(1 - AMBIENT) * cosine
    grey = np.where(depth > 0, np.float32(SURFACE), np.float32(0))
    for seen in boards:
        _draw(grey, lens, true, depth, seen)
    grey = _blurred(grey * light) + random.standard_normal(grey.shape, dtype=np.float32) * np.float32(NOISE)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _draw(grey: Image, lens: Intrinsics, true: Pose, depth: Image, seen: Printed) -> None:
    """Print a board onto the pixels in which it is what is seen."""
    at = (true.inverse() @ seen.pose).matrix()
    if at[:3, 2] @ at[:3, 3] >= 0:
        return  # its back
    half = np.array([side / 2 + MARGIN_M for side in seen.board.size_m])
    outline = np.array([(x * half[0], y * half[1], 0.0) for x in (-1, 1) for y in (-1, 1)]) @ at[:3, :3].T + at[:3, 3]
    if (outline[:, 2] <= 0.01).any():
        return
    u, v = lens.fx * outline[:, 0] / outline[:, 2] + lens.cx, lens.fy * outline[:, 1] / outline[:, 2] + lens.cy
    left, right = max(0, math.floor(u.min())), min(lens.width, math.ceil(u.max()) + 1)
    top, bottom = max(0, math.floor(v.min())), min(lens.height, math.ceil(v.max()) + 1)
    if left >= right or top >= bottom:
        return
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float64)
    middle, far = _on_plane(lens, at, columns, rows)
    mine = np.abs(depth[top:bottom, left:right] - far) < ON_BOARD_M
    mine &= (np.abs(middle) <= half).all(axis=2)
    edges_at = np.mgrid[top : bottom + 1, left : right + 1].astype(np.float64) - 0.5
    corner = dark(seen.board, _on_plane(lens, at, edges_at[1], edges_at[0])[0])
    ink = dark(seen.board, middle)
    same = (corner[:-1, :-1] == ink) & (corner[1:, :-1] == ink) & (corner[:-1, 1:] == ink) & (corner[1:, 1:] == ink)
    share = ink.astype(np.float64)
    mixed = np.nonzero(mine & ~same)
    steps = (np.arange(FINE) + 0.5) / FINE - 0.5
    finer = np.zeros(len(mixed[0]))
    for down in steps:
        for across in steps:
            points, _ = _on_plane(lens, at, columns[mixed] + across, rows[mixed] + down)
            finer += dark(seen.board, points)
    share[mixed] = finer / FINE**2
    region = grey[top:bottom, left:right]
    region[mine] = (PAPER + (INK - PAPER) * share[mine]).astype(np.float32)


def _on_plane(lens: Intrinsics, at: Floats, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Return where rays through pixels meet a board's plane: (..., 2) in its frame, and how far along the axis."""
    x, y = (u - lens.cx) / lens.fx, (v - lens.cy) / lens.fy
    normal, origin = at[:3, 2], at[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        far = (normal @ origin) / (normal[0] * x + normal[1] * y + normal[2])
    points = np.stack([x * far, y * far, far], axis=-1) - origin
    return np.asarray(points @ at[:3, :2]), np.asarray(far)


def _blurred(grey: Image) -> Image:
    """Return a picture through a lens: each pixel takes some of its neighbours' light (binomial, sigma 0.7 px)."""
    wide = np.pad(grey, 1, mode="edge")
    wide = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / np.float32(4)
    return np.asarray((wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / np.float32(4), dtype=np.float32)
