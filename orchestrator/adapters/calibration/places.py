"""Where to bring the board, or the arm, so that pictures tell enough: worked out from what is believed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.calibration.fit import project
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.calibration import BoardSpec
    from orchestrator.core.ports import Intrinsics

FACING = Pose.from_rpy((0, 0, 0), (math.pi, 0, 0))  # a board that looks at a camera, its x to the picture's right
LOOKS = 12  # poses of a camera on the arm that are offered
LEANS_DEG = (12, 24, 32)  # how far its view leans from straight above, in turn
FILLS = 0.55  # of the picture's width or height that the board fills
TILTS_DEG = ((30, 0), (-30, 0), (0, 30), (0, -30), (25, 25), (-25, 25), (25, -25), (-25, -25), (0, 0), (38, 0), (0, 38))
SPOTS = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)] + [(0.5, 0.5), (-0.5, -0.5)]
NAMES = {-1: ("left", "upper"), 0: ("middle", "middle"), 1: ("right", "lower")}


def distance_m(board: BoardSpec, lens: Intrinsics, fills: float = FILLS) -> float:
    """Return how far away a board fills such a share of the picture."""
    width, height = board.size_m
    return max(width * lens.fx / lens.width, height * lens.fy / lens.height) / fills


def for_lens(board: BoardSpec, lens: Intrinsics) -> list[tuple[str, Pose]]:
    """Return poses of the board in the camera's frame, with words for the person who holds it there."""
    out = []
    for number, ((x, y), (about_x, about_y)) in enumerate(zip(SPOTS, TILTS_DEG, strict=True)):
        far = distance_m(board, lens) * (1 + 0.1 * (number % 3))
        across, down = (0.27 * x * lens.width / lens.fx * far, 0.27 * y * lens.height / lens.fy * far)
        turned = Pose.from_rpy((across, down, far), (math.radians(about_x), math.radians(about_y), 0.12 * number))
        side, level = NAMES[round(x)][0], NAMES[round(y)][1]
        tilt = max(abs(about_x), abs(about_y))
        words = f"{level} {side} of the picture, {far * 1000:.0f} mm away, {f'tilted by {tilt}°' if tilt else 'square'}"
        out.append((words, turned @ FACING))
    return out


def frames_in_view(board: BoardSpec, camera: Pose, lens: Intrinsics, frames: Mapping[str, Pose]) -> list[str]:
    """Return the frames of the cell at which all of the board lies in the picture, face to the camera."""
    out = []
    half = np.array([side / 2 + 0.01 for side in board.size_m])
    outline = np.array([(x * half[0], y * half[1], 0.0) for x in (-1, 1) for y in (-1, 1)])
    for name, frame in frames.items():
        at = (camera.inverse() @ frame).matrix()
        seen = outline @ at[:3, :3].T + at[:3, 3]
        if (seen[:, 2] <= 0.05).any() or at[:3, 2] @ at[:3, 3] / float(np.linalg.norm(at[:3, 3])) > -0.35:
            continue
        pixels = project(outline, at, lens)
        if ((pixels > 10) & (pixels < [lens.width - 10, lens.height - 10])).all():
            out.append(name)
    return out


def looks_at(board: BoardSpec, place: Pose, lens: Intrinsics) -> list[Pose]:
    """Return poses of a camera (world) that look at a board at a place from above, leaning and turned all about."""
    far = distance_m(board, lens, 0.6)
    out = []
    for number in range(LOOKS):
        around, lean = math.tau * 5 * number / LOOKS, math.radians(LEANS_DEG[number % len(LEANS_DEG)])
        leant = Pose.from_rpy((0, 0, 0), (lean * math.cos(around), lean * math.sin(around), 0.25 * (number % 5 - 2)))
        out.append(place @ leant @ Pose((0.0, 0.0, far * (1 + 0.05 * (number % 4)))) @ FACING)
    return out
