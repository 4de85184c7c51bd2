"""Where a camera sits, from boards whose places are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.calibration.fit import board_in_camera, project, refine, rms, spread
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.adapters.calibration.detect import Detection
    from orchestrator.core.calibration import BoardSpec
    from orchestrator.core.geometry import Vector
    from orchestrator.core.ports import Intrinsics

    Floats = npt.NDArray[np.float64]

LEAST_PICTURES = 3
MOST_RMS_PX = 1.0
TOUCHED_OFF_MM = 1.0  # touched corners that are farther from a board's are no touches of this board


@dataclass(frozen=True, slots=True)
class Place:
    """A pose with its residual and one sigma of it; `each_px` is the residual of each picture."""

    pose: Pose
    rms_px: float
    each_px: tuple[float, ...]
    sigma_mm: float
    sigma_deg: float


def find_pose(views: Sequence[tuple[Detection, Pose]], lens: Intrinsics) -> Place:
    """Return the camera's pose in the frame that the boards' poses are given in.

    Each view is a picture of a board and where that board was; one board at one place, or several places.

    Raises:
        VisionError: fewer than three pictures, or corners that don't fit the boards' places.
    """
    if len(views) < LEAST_PICTURES:
        raise VisionError(
            f"{len(views)} pictures are too few for a camera's place: {LEAST_PICTURES} at least.",
            remedy="Take more; several places of the board tell more than several pictures of one.",
            code="too_few",
        )
    found, left = _fit(views, lens)
    each = tuple(rms(part) for part in left)
    total = rms(np.concatenate(left))
    if total > MOST_RMS_PX:
        raise VisionError(
            f"The corners lie {total:.2f} px beside the boards' places; at most {MOST_RMS_PX:g} is a calibration.",
            remedy="Look at the residual of each picture: was that board where its frame says? Is the lens calibrated?",
            code="residual",
        )
    without = [_fit([*views[:i], *views[i + 1 :]], lens)[0] for i in range(len(views))]
    sigma_mm, sigma_deg = spread(without, found)
    return Place(found, total, each, sigma_mm, sigma_deg)


def _fit(views: Sequence[tuple[Detection, Pose]], lens: Intrinsics) -> tuple[Pose, list[Floats]]:
    seen, at = max(views, key=lambda view: len(view[0].ids))
    guess = board_in_camera(seen, lens)[0] @ at.inverse()
    places = [pose.matrix() for _, pose in views]

    def residuals(poses: list[Floats]) -> Floats:
        parts = [
            (project(view.points, poses[0] @ place, lens) - view.pixels).ravel()
            for (view, _), place in zip(views, places, strict=True)
        ]
        return np.concatenate(parts)

    (world_in_camera,), left = refine([guess.matrix()], residuals)
    cuts = np.cumsum([2 * len(view.ids) for view, _ in views])[:-1]
    return Pose.from_matrix(world_in_camera).inverse(), np.split(left, cuts)


def touched(board: BoardSpec, lower_left: Vector, lower_right: Vector, upper_left: Vector) -> tuple[Pose, float]:
    """Return where a board is whose pattern was touched at three outer corners (m, world), and the rms in mm.

    Absolute orientation by singular values: K. S. Arun, T. S. Huang and S. D. Blostein, 1987.

    Raises:
        VisionError: the corners are not as far apart as the pattern's.
    """
    width, height = board.size_m
    own = np.array([[-width / 2, -height / 2, 0], [width / 2, -height / 2, 0], [-width / 2, height / 2, 0]])
    felt = np.array([lower_left, lower_right, upper_left], dtype=np.float64)
    a, b = own - own.mean(axis=0), felt - felt.mean(axis=0)
    u, _, vt = np.linalg.svd(a.T @ b)
    turn = vt.T @ np.diag([1, 1, np.sign(np.linalg.det(vt.T @ u.T))]) @ u.T
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, felt.mean(axis=0) - turn @ own.mean(axis=0)
    off_mm = 1000 * float(np.sqrt(np.mean(np.sum((a @ turn.T - b) ** 2, axis=1))))
    if off_mm > TOUCHED_OFF_MM:
        raise VisionError(
            f"The touched corners fit this board to {off_mm:.1f} mm only.",
            remedy="Touch the outer corners of the pattern: lower left, lower right, upper left, as printed.",
            code="touched",
        )
    return Pose.from_matrix(matrix), off_mm
