"""Fields of a camera's messages, the same for rclpy's classes and for doubles of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from orchestrator.core.ports import Intrinsics

    Depth = npt.NDArray[np.float32]

FLOAT32, FLOAT64 = 7, 8
JUNK = 0xAB  # what is between the rows


def image(
    depth: Depth, encoding: str = "32FC1", *, big: bool = False, pad: int = 0, nothing: float = 0
) -> dict[str, Any]:
    """Return an Image's fields; `nothing` is what stands where nothing was seen, `pad` the bytes after each row."""
    order = ">" if big else "<"
    if encoding == "32FC1":
        values = np.where(depth > 0, depth, nothing).astype(f"{order}f4")
    else:
        values = np.round(1000 * depth).astype(f"{order}u2")
    height, width = depth.shape
    rows = values.view(np.uint8).reshape(height, -1)
    padded = np.pad(rows, ((0, 0), (0, pad)), constant_values=JUNK)
    fields = {"height": height, "width": width, "encoding": encoding, "is_bigendian": int(big)}
    return {**fields, "step": padded.shape[1], "data": padded.tobytes()}


def cloud(
    depth: Depth, lens: Intrinsics, field: Callable[..., Any], *, big: bool = False, pad: int = 0, kind: int = FLOAT32
) -> dict[str, Any]:
    """Return the fields of an organised PointCloud2 with colour between z and the end; NaN where nothing was seen."""
    order, size = (">" if big else "<"), (4 if kind == FLOAT32 else 8)
    number = f"{order}f{size}"
    offsets = [4, 4 + size, 4 + 3 * size]  # x, y, z; something else before, and between y and z
    step = 4 + 5 * size
    height, width = depth.shape
    dtype = np.dtype({"names": ["x", "y", "z"], "formats": [number] * 3, "offsets": offsets, "itemsize": step})
    points = np.zeros((height, width), dtype)
    z = np.where(depth > 0, depth, np.nan).astype(np.float64)
    v, u = np.indices(depth.shape)
    points["x"], points["y"], points["z"] = (u - lens.cx) / lens.fx * z, (v - lens.cy) / lens.fy * z, z
    rows = np.ascontiguousarray(points).view(np.uint8).reshape(height, -1)
    padded = np.pad(rows, ((0, 0), (0, pad)), constant_values=JUNK)
    return {
        "height": height,
        "width": width,
        "fields": [
            field(name="rgb", offset=0, datatype=FLOAT32, count=1),
            *(field(name=axis, offset=at, datatype=kind, count=1) for axis, at in zip("xyz", offsets, strict=True)),
        ],
        "is_bigendian": big,
        "point_step": step,
        "row_step": padded.shape[1],
        "data": padded.tobytes(),
        "is_dense": False,
    }


def info(lens: Intrinsics, *, d: tuple[float, ...] = (0.0,) * 5) -> dict[str, Any]:
    """Return a CameraInfo's fields."""
    k = [lens.fx, 0.0, lens.cx, 0.0, lens.fy, lens.cy, 0.0, 0.0, 1.0]
    p = [lens.fx, 0.0, lens.cx, 0.0, 0.0, lens.fy, lens.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    shape = {"height": lens.height, "width": lens.width, "distortion_model": "plumb_bob"}
    return {**shape, "d": list(d), "k": k, "r": r, "p": p, "binning_x": 0, "binning_y": 0}
