"""A camera's lens from its sensor_msgs/CameraInfo."""

from __future__ import annotations

import math
from typing import Any

from orchestrator.core.errors import VisionError
from orchestrator.core.ports import Intrinsics

ALIKE = 1e-6  # entries of a matrix that differ by less are the same


def lens_of(info: Any, *, rectified: bool = False) -> Intrinsics:
    """Return the pinhole that a CameraInfo describes: K, or of `rectified` pictures P.

    Raises VisionError (code no_lens) for a lens that was not calibrated, distorts though nobody has `rectified` its
    pictures, or belongs to a part of the sensor or the second camera of a pair.
    """
    k, p = [float(v) for v in info.k], [float(v) for v in info.p]
    if info.binning_x > 1 or info.binning_y > 1 or _cut(info):
        raise _refused(
            "The lens is told for the whole sensor, the pictures are of a part of it, or binned.",
            "Have the driver publish whole pictures.",
        )
    if not rectified and any(abs(float(d)) > ALIKE for d in info.d):
        raise _refused(
            f"The lens distorts ({info.distortion_model or 'nobody says how'}); pictures are taken as a pinhole's.",
            "Rectify the pictures (image_proc) and write rectified: true; or, where they are, say so.",
        )
    if rectified and (abs(p[3]) > ALIKE or abs(p[7]) > ALIKE or not _straight([float(v) for v in info.r])):
        raise _refused(
            "The lens is that of one camera of a stereo pair, turned or shifted from its own frame.",
            "Take the depth picture with the lens that it was made for.",
        )
    fx, fy, cx, cy = (p[0], p[5], p[2], p[6]) if rectified else (k[0], k[4], k[2], k[5])
    width, height = int(info.width), int(info.height)
    sane = all(map(math.isfinite, (fx, fy, cx, cy))) and fx > 0 and fy > 0
    if not sane or not (0 < cx < width and 0 < cy < height):
        raise _refused(
            f"The lens is not calibrated: {width} x {height} pixels, focal lengths {fx:g} and {fy:g}, middle {cx:g}, "
            f"{cy:g}.",
            "Calibrate the camera, and give its driver the result.",
        )
    return Intrinsics(width, height, fx, fy, cx, cy)


def _cut(info: Any) -> bool:
    """Tell whether a region of interest leaves part of the picture out; all zero says that it does not."""
    roi = info.roi
    whole = (0, 0, info.width, info.height)
    return (roi.x_offset, roi.y_offset, roi.width, roi.height) not in {(0, 0, 0, 0), whole}


def _straight(turn: list[float]) -> bool:
    """Tell whether a rectification turns nothing; all zero is how drivers leave it out."""
    unit = (1, 0, 0, 0, 1, 0, 0, 0, 1)
    return not any(turn) or all(abs(a - b) < ALIKE for a, b in zip(turn, unit, strict=True))


def _refused(message: str, remedy: str) -> VisionError:
    return VisionError(message, remedy=remedy, code="no_lens")
