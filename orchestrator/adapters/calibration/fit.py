"""Poses from seen corners: a first guess, then least squares over every corner of every picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.calibration.opencv import opencv
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from orchestrator.adapters.calibration.detect import Detection
    from orchestrator.core.ports import Intrinsics

    Floats = npt.NDArray[np.float64]


def project(points: Floats, camera_from: Floats, lens: Intrinsics) -> Floats:
    """Return the pixels (n, 2) of points (n, 3) of a frame that sits at `camera_from` (4, 4) in the camera's."""
    seen = points @ camera_from[:3, :3].T + camera_from[:3, 3]
    return np.stack([lens.fx * seen[:, 0] / seen[:, 2] + lens.cx, lens.fy * seen[:, 1] / seen[:, 2] + lens.cy], axis=1)


def board_in_camera(seen: Detection, lens: Intrinsics) -> tuple[Pose, float]:
    """Return where a board sits in the camera's frame, and the rms of its corners in pixels. Raises VisionError.

    A flat board seen nearly head-on has two poses that look alike; the one that fits better counts.
    """
    from scipy.spatial.transform import Rotation

    cv2 = opencv()
    matrix = np.array([[lens.fx, 0, lens.cx], [0, lens.fy, lens.cy], [0, 0, 1.0]])
    count, turns, shifts, _ = cv2.solvePnPGeneric(seen.points, seen.pixels, matrix, None, flags=cv2.SOLVEPNP_IPPE)
    if not count:
        raise VisionError("The board's place can't be told.", remedy="Bring more of it into view.", code="no_pose")
    fits = []
    for turn, shift in zip(turns, shifts, strict=True):
        guess = np.eye(4)
        guess[:3, :3], guess[:3, 3] = Rotation.from_rotvec(turn.ravel()).as_matrix(), shift.ravel()
        fits.append(refine([guess], lambda m: (project(seen.points, m[0], lens) - seen.pixels).ravel()))
    (best,), residual = min(fits, key=lambda fit: float(np.sum(fit[1] ** 2)))
    return Pose.from_matrix(best), rms(residual)


def refine(guesses: Sequence[Floats], residuals: Callable[[list[Floats]], Floats]) -> tuple[list[Floats], Floats]:
    """Return the poses (4, 4) that make residuals least, begun at guesses, and the residuals left."""
    from scipy.optimize import least_squares

    def moved(step: Floats) -> list[Floats]:
        return [guess @ small(step[6 * i : 6 * i + 6]) for i, guess in enumerate(guesses)]

    found = least_squares(lambda step: residuals(moved(step)), np.zeros(6 * len(guesses)), x_scale="jac", method="trf")
    return moved(found.x), np.asarray(found.fun)


def small(step: Floats) -> Floats:
    """Return the pose (4, 4) of a rotation vector (rad) and a shift (m)."""
    from scipy.spatial.transform import Rotation

    out = np.eye(4)
    out[:3, :3], out[:3, 3] = Rotation.from_rotvec(step[:3]).as_matrix(), step[3:]
    return out


def rms(residual: Floats) -> float:
    """Return the root mean square length of residuals given as x, y in turn."""
    return float(np.sqrt(np.mean(np.sum(residual.reshape(-1, 2) ** 2, axis=1))))


def apart(one: Pose, other: Pose) -> tuple[float, float]:
    """Return how far two poses are from each other, mm and degrees."""
    w, x, y, z = (one.inverse() @ other).q
    shift = float(np.linalg.norm(np.subtract(one.p, other.p)))
    return shift * 1000, float(np.degrees(2 * np.arctan2(np.sqrt(x * x + y * y + z * z), abs(w))))


def spread(poses: Sequence[Pose], middle: Pose) -> tuple[float, float]:
    """Return one sigma (mm, degrees) of a pose from the poses found with each picture left out in turn.

    The jackknife: B. Efron, "The jackknife, the bootstrap and other resampling plans", 1982.
    """
    n = len(poses)
    off = np.array([apart(middle, pose) for pose in poses])
    sigma = np.sqrt((n - 1) / n * np.sum(off**2, axis=0))
    return float(sigma[0]), float(sigma[1])
