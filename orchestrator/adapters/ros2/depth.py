"""Depth in metres from a sensor_msgs/Image or an organised sensor_msgs/PointCloud2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.core.ports import Intrinsics

    Image = npt.NDArray[np.float32]
    Numbers = npt.NDArray[Any]

ENCODINGS = {"16UC1": ("u2", 0.001), "32FC1": ("f4", 1.0)}  # REP 118: format, metres per unit
FORMATS = {7: "f4", 8: "f8"}  # sensor_msgs/PointField: FLOAT32, FLOAT64
OFF_PX = 0.5  # farther from its own pixel, half of the points are not those of this lens


def depth_of_image(message: Any) -> Image:
    """Return (height, width) metres of a depth Image; 0 where nothing was seen: 0, NaN, infinite or negative.

    Raises VisionError (code bad_picture) for another encoding, and for data that are too short for its size.
    """
    if message.encoding not in ENCODINGS:
        raise _refused(
            f"A picture encoded as {message.encoding or 'nothing'} is no depth.",
            "Name the camera's depth topic: its encoding is 16UC1 (mm) or 32FC1 (m).",
        )
    kind, metres = ENCODINGS[message.encoding]
    dtype = np.dtype(f"{'>' if message.is_bigendian else '<'}{kind}")
    height, width, step = int(message.height), int(message.width), int(message.step)
    return _metres(_rows(message.data, dtype, height, width, step, dtype.itemsize), metres)


def depth_of_cloud(message: Any, lens: Intrinsics) -> Image:
    """Return (height, width) metres of an organised PointCloud2 that was taken through a lens, 0 as in an Image.

    Raises VisionError (code bad_picture) for a cloud without rows, without x, y, z as floats, or whose points don't lie
    on the rays of the lens.
    """
    fields = {field.name: field for field in message.fields}
    height, width = int(message.height), int(message.width)
    if height < 2 or width < 2:
        raise _refused("Its cloud is no picture: the points are not in rows.", "Have the driver keep clouds organised.")
    if any(axis not in fields or fields[axis].datatype not in FORMATS or fields[axis].count > 1 for axis in "xyz"):
        raise _refused(
            f"Its cloud has no x, y and z as floats; it has {', '.join(fields) or 'nothing'}.",
            "Name the camera's topic of points.",
        )
    order = ">" if message.is_bigendian else "<"
    formats = [np.dtype(f"{order}{FORMATS[fields[axis].datatype]}") for axis in "xyz"]
    offsets = [int(fields[axis].offset) for axis in "xyz"]
    step = int(message.point_step)
    if any(at + kind.itemsize > step for at, kind in zip(offsets, formats, strict=True)):
        raise _refused("Its cloud's fields reach past its points.", "See the camera's driver.")
    dtype = np.dtype({"names": ["x", "y", "z"], "formats": formats, "offsets": offsets, "itemsize": step})
    points = _rows(message.data, dtype, height, width, int(message.row_step), step)
    depth = _metres(points["z"], 1.0)
    if (depth.shape[1], depth.shape[0]) == (lens.width, lens.height):  # else its camera says what is wrong
        _on_rays(points, depth, lens)
    return depth


def _on_rays(points: Numbers, depth: Image, lens: Intrinsics) -> None:
    """Raise VisionError for points that the lens would not see where they stand in the picture."""
    v, u = np.nonzero(depth)
    if not len(u):
        return
    z = depth[v, u].astype(np.float64)
    right = lens.fx * points["x"][v, u] / z + lens.cx - u
    down = lens.fy * points["y"][v, u] / z + lens.cy - v
    off = float(np.median(np.nan_to_num(np.hypot(right, down), nan=np.inf)))
    if off > OFF_PX:
        raise _refused(
            f"Its points don't lie on the rays of its lens: half of them are {off:.1f} pixels off or more.",
            "Publish the cloud in the camera's optical frame (z along the view), or name the depth picture's topic.",
        )


def _rows(data: Any, dtype: np.dtype[Any], height: int, width: int, step: int, item: int) -> Numbers:
    """Return (height, width) of what lies in `data` in rows `step` bytes apart, without copying."""
    raw = np.frombuffer(data, dtype=np.uint8)
    if width < 1 or height < 1 or step < width * item or len(raw) < step * (height - 1) + width * item:
        raise _refused(
            f"Its picture is broken: {len(raw)} bytes for {width} x {height} pixels in rows of {step} bytes.",
            "See the camera's driver.",
        )
    return np.ndarray((height, width), dtype, buffer=raw, strides=(step, item))


def _metres(values: Numbers, metres: float) -> Image:
    out = values.astype(np.float32)
    if metres != 1.0:
        out *= np.float32(metres)
    out[~(np.isfinite(out) & (out > 0))] = 0
    return out


def _refused(message: str, remedy: str) -> VisionError:
    return VisionError(message, remedy=remedy, code="bad_picture")
