"""The lens of a camera from pictures of a board that is moved about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from orchestrator.adapters.calibration.opencv import opencv
from orchestrator.core.errors import VisionError
from orchestrator.core.ports import Intrinsics

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from orchestrator.adapters.calibration.detect import Detection

Side = Literal["left", "right", "top", "bottom"]  # of the picture

LEAST_PICTURES = 8
GRID = (6, 4)  # columns and rows of the map of coverage
LEAST_COVERED = 0.6  # share of that map with corners in it
LEAST_TILT_DEG = 15.0
LEAST_TILTED = 3  # pictures so tilted: boards seen head-on can't tell focal length from distance
MOST_RMS_PX = 0.7
MOST_BEND_PX = 1.0


@dataclass(frozen=True, slots=True)
class Lens:
    """A lens as found: one sigma of its focal length as a share and of its principal point in pixels.

    `bend_px` is by how much straight lines would be bent at the picture's corner: a rectified picture has none.
    """

    intrinsics: Intrinsics
    rms_px: float
    each_px: tuple[float, ...]
    covered: float
    sigma_focal: float
    sigma_centre_px: float
    bend_px: float


def coverage(views: Sequence[Detection]) -> npt.NDArray[np.int64]:
    """Return how many corners lie in each cell of the picture, (rows, columns) of `GRID`."""
    columns, rows = GRID
    out = np.zeros((rows, columns), dtype=np.int64)
    for view in views:
        at = (view.pixels / np.array(view.size_px) * np.array(GRID)).astype(int)
        np.add.at(out, (np.clip(at[:, 1], 0, rows - 1), np.clip(at[:, 0], 0, columns - 1)), 1)
    return out


def covered(views: Sequence[Detection]) -> float:
    """Return the share of the picture in which corners were seen."""
    return float((coverage(views) > 0).mean())


def find_intrinsics(views: Sequence[Detection]) -> Lens:
    """Find focal lengths and principal point of a pinhole camera.

    Raises:
        VisionError: too few pictures, too little of the picture covered, too little tilt, or too large a residual.
    """
    if len(views) < LEAST_PICTURES:
        raise VisionError(
            f"{len(views)} pictures are too few for a lens: {LEAST_PICTURES} at least.",
            remedy="Take more, with the board at other places and tilted.",
            code="too_few",
        )
    share = covered(views)
    if share < LEAST_COVERED:
        raise VisionError(
            f"The board was seen in {share:.0%} of the picture only; {LEAST_COVERED:.0%} are needed.",
            remedy=f"Take more pictures with the board at the {emptiest(views)}.",
            code="coverage",
        )
    cv2 = opencv()
    points = [view.points.astype(np.float32) for view in views]
    pixels = [view.pixels.astype(np.float32)[:, None] for view in views]
    straight = cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K1 | cv2.CALIB_FIX_K2 | cv2.CALIB_FIX_K3
    size = views[0].size_px
    total, matrix, _, turns, _, sigma, _, each = cv2.calibrateCameraExtended(
        points, pixels, size, np.eye(3), np.zeros(5), flags=straight
    )
    tilts = [_tilt_deg(turn) for turn in turns]
    if sum(tilt >= LEAST_TILT_DEG for tilt in tilts) < LEAST_TILTED:
        raise VisionError(
            f"The board was nearly square to the camera throughout (at most {max(tilts):.0f}° tilted).",
            remedy=f"Take {LEAST_TILTED} pictures or more with it tilted by 20 to 40°, each time to another side.",
            code="tilt",
        )
    _, bent, curve, *_ = cv2.calibrateCamera(
        points, pixels, size, matrix.copy(), np.zeros(5),
        flags=cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K2 | cv2.CALIB_FIX_K3 | cv2.CALIB_USE_INTRINSIC_GUESS,
    )  # fmt: skip
    if total > MOST_RMS_PX:
        worst = int(np.argmax(each))
        raise VisionError(
            f"The corners lie {total:.2f} px beside their places; at most {MOST_RMS_PX} is a calibration.",
            remedy=f"Leave out picture {worst + 1} ({float(each[worst][0]):.2f} px); is the board flat, its "
            "size right, the picture sharp and rectified?",
            code="residual",
        )
    radius = np.hypot(size[0] / 2 / bent[0, 0], size[1] / 2 / bent[1, 1])
    bend = abs(float(curve.ravel()[0])) * radius**3 * float(bent[0, 0])
    if bend > MOST_BEND_PX:
        raise VisionError(
            f"The lens bends straight lines by {bend:.1f} px at the picture's corners.",
            remedy="Switch rectification on in the camera's driver: depth and grey picture must be free of distortion.",
            code="distortion",
        )
    fx, fy, cx, cy = (float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[0, 2]), float(matrix[1, 2]))
    errors = np.asarray(sigma).ravel()
    return Lens(
        intrinsics=Intrinsics(size[0], size[1], fx, fy, cx, cy),
        rms_px=float(total),
        each_px=tuple(float(value) for value in np.asarray(each).ravel()),
        covered=share,
        sigma_focal=float(max(errors[0] / fx, errors[1] / fy)),
        sigma_centre_px=float(max(errors[2], errors[3])),
        bend_px=float(bend),
    )


def _tilt_deg(turn: npt.NDArray[np.float64]) -> float:
    """Return by how much a board's normal is off the camera's axis."""
    from scipy.spatial.transform import Rotation

    normal = Rotation.from_rotvec(np.asarray(turn).ravel()).as_matrix()[:, 2]
    return float(np.degrees(np.arccos(min(1.0, abs(float(normal[2]))))))


def emptiest(views: Sequence[Detection]) -> Side:
    """Return the side of the picture in which least was seen."""
    map_ = coverage(views) > 0
    columns, rows = GRID
    sides: dict[Side, npt.NDArray[np.bool_]] = {
        "left": map_[:, : columns // 2],
        "right": map_[:, columns // 2 :],
        "top": map_[: rows // 2],
        "bottom": map_[rows // 2 :],
    }
    return min(sides, key=lambda side: float(sides[side].mean()))
