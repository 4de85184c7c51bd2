"""The board's corners in a picture, with their ids, to a fraction of a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.calibration.board import charuco, corners
from orchestrator.adapters.calibration.opencv import opencv
from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.core.calibration import BoardSpec

    Floats = npt.NDArray[np.float64]

LEAST_CORNERS = 8
SHARPEN = 0.16  # of a marker's side: the window, each way, in which a corner's edges are looked at


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A board in one picture: `pixels` (n, 2) right and down, `ids` (n,), `points` (n, 3) in the board's frame, m."""

    ids: npt.NDArray[np.int64]
    pixels: Floats
    points: Floats
    size_px: tuple[int, int]  # width, height of the picture


def detect(board: BoardSpec, picture: npt.NDArray[np.uint8]) -> Detection:
    """Find a board in a grey (height, width) or RGB (height, width, 3) picture.

    Raises:
        VisionError: too little of it is seen (no_board).
    """
    cv2 = opencv()
    grey = np.ascontiguousarray(picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    pixels, ids, markers, _ = cv2.aruco.CharucoDetector(charuco(board)).detectBoard(grey)
    found = 0 if ids is None else len(ids)
    if found < LEAST_CORNERS:
        seen = f"{found} of its {board.corners} corners" if found else f"{len(markers)} markers and no corner"
        raise VisionError(
            f"The board is not clearly in the picture: {seen} are seen.",
            remedy="Bring all of it into view, flat, still, sharp, evenly lit; see that the board's numbers are right.",
            code="no_board",
        )
    reach = max(2, min(8, round(_marker_px(markers) * SHARPEN)))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 60, 0.001)
    pixels = cv2.cornerSubPix(grey, np.ascontiguousarray(pixels, dtype=np.float32), (reach, reach), (-1, -1), stop)
    order = np.asarray(ids, dtype=np.int64).ravel()
    height, width = grey.shape
    seen_at = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
    return Detection(order, seen_at, corners(board)[order], (width, height))


def _marker_px(markers: Sequence[npt.NDArray[np.float32]]) -> float:
    """Return how long the shortest sides of the markers are in the picture, by the median, in pixels."""
    rings = [np.vstack([marker.reshape(4, 2), marker.reshape(4, 2)[:1]]) for marker in markers]
    sides = [np.linalg.norm(np.diff(ring, axis=0), axis=1).min() for ring in rings]
    return float(np.median(sides))
