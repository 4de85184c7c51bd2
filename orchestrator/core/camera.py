"""A camera as the cell file describes it: where it sits, what it sees, and how wrong its calibration is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from orchestrator.core.parts import Triple, as_number, pose_from_mm, wrong
from orchestrator.core.ports import Intrinsics
from orchestrator.core.variant import Frozen

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose, Vector

MODELS = ("structured_light", "stereo", "perfect")  # kinds of camera: what they can tell, and how a simulated one errs
MOUNTS = ("cell", "flange")
PIXELS = (64, 4096)  # least and most of a picture's width or height
VIEW_DEG = (5.0, 150.0)
FOCAL = 0.1  # the largest error of a focal length, as a share of it
OFF_MM, OFF_DEG, OFF_PX = 100.0, 15.0, 200.0  # the largest errors of a pose and a principal point


def _size(value: Any) -> tuple[int, int]:
    low, high = PIXELS
    fits = isinstance(value, list | tuple) and len(value) == 2
    if not fits or any(type(n) is not int or not low <= n <= high for n in value):
        raise wrong("size_px is [width, height] in pixels.", f"Whole numbers from {low} to {high}: [1280, 720].")
    return (value[0], value[1])


def _view(value: Any) -> float:
    angle = as_number(value)
    if not VIEW_DEG[0] <= angle <= VIEW_DEG[1]:
        raise wrong(
            f"No lens sees {angle:g}° wide.", f"Write the horizontal angle, {VIEW_DEG[0]:g} to {VIEW_DEG[1]:g} degrees."
        )
    return angle


def _focal(value: Any) -> float:
    share = as_number(value)
    if abs(share) > FOCAL:
        raise wrong(f"A focal length off by {share:g} is no calibration.", f"It is a share, at most {FOCAL:g}: 0.002.")
    return share


def _centre(value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise wrong("centre_px is [right, down] in pixels.", "Write two numbers: [1.5, -0.8].")
    right, down = (as_number(v) for v in value)
    if max(abs(right), abs(down)) > OFF_PX:
        raise wrong("A principal point so far off is no calibration.", f"Stay within {OFF_PX:g} pixels.")
    return (right, down)


def _near(value: Vector, most: float, unit: str) -> Vector:
    if max(map(abs, value)) > most:
        raise wrong(f"Off by more than {most:g} {unit} is no calibration error.", "Mend the camera's `at` instead.")
    return value


def _off_mm(value: Vector) -> Vector:
    return _near(value, OFF_MM, "mm")


def _off_deg(value: Vector) -> Vector:
    return _near(value, OFF_DEG, "°")


Size = Annotated[tuple[int, int], BeforeValidator(_size)]
ViewDeg = Annotated[float, BeforeValidator(_view)]


def intrinsics_for(width: int = 1280, height: int = 720, wide_deg: float = 60.0) -> Intrinsics:
    """Return a pinhole camera with square pixels, this horizontal field of view, and its axis through the middle.

    Integer pixel coordinates are pixel centres, as in ROS and OpenCV.
    """
    f = width / 2 / math.tan(math.radians(wide_deg) / 2)
    return Intrinsics(width, height, f, f, (width - 1) / 2, (height - 1) / 2)


def aside(lens: Intrinsics, at: Pose, point: Vector) -> tuple[bool, float]:
    """Tell whether a point (m, world) is out of the picture of a camera at a pose, and how far off its axis, in rad."""
    x, y, z = at.inverse().apply(point)
    off = math.atan2(math.hypot(x, y), z)
    if z <= 0:
        return True, off
    u, v = lens.fx * x / z + lens.cx, lens.fy * y / z + lens.cy
    return not (0 <= u < lens.width and 0 <= v < lens.height), off


class CameraErrors(Frozen):
    """How far a simulated camera is from its calibration, which everybody else believes; as its author writes it.

    `xyz_mm` and `rpy_deg` say where it really sits in the frame where it is believed to sit. Its real focal lengths
    are longer by the share `focal`; its real principal point lies `centre_px` (right, down) beside the believed one.
    """

    xyz_mm: Annotated[Triple, AfterValidator(_off_mm)] = (0.0, 0.0, 0.0)
    rpy_deg: Annotated[Triple, AfterValidator(_off_deg)] = (0.0, 0.0, 0.0)
    focal: Annotated[float, BeforeValidator(_focal)] = 0.0
    centre_px: Annotated[tuple[float, float], BeforeValidator(_centre)] = (0.0, 0.0)

    @property
    def pose(self) -> Pose:
        """The true optical frame in the believed one, metres."""
        return pose_from_mm(self.xyz_mm, self.rpy_deg)


@dataclass(frozen=True, slots=True)
class Noise:
    """How a kind of camera errs in depth.

    `sigma_m` is one sigma at 1 m, over `grain_px` pixels a side alike; `flying_px` how many pixels float between the
    two sides of a high step for each pixel of its length.
    """

    sigma_m: float
    grain_px: int = 1
    flying_px: float = 0.0


NOISE = {"structured_light": Noise(0.00014, 1, 0.5), "stereo": Noise(0.0025, 7, 1.5), "perfect": Noise(0.0)}
