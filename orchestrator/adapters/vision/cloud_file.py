"""Point clouds from files, as depth pictures: PLY, and PCD of any encoding.

PCD after the Point Cloud Library's file format 0.7; binary_compressed is LZF (Marc Lehmann's liblzf).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.vision.data_file import existing
from orchestrator.adapters.vision.depth_file import FARTHEST_M, NEAREST_M
from orchestrator.adapters.vision.mesh_file import UNITS
from orchestrator.core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from orchestrator.core.ports import Intrinsics

    Depth = npt.NDArray[np.float32]
    Floats = npt.NDArray[np.float64]

MOST_POINTS = 20_000_000
STRAY_PX = 0.6  # how far an organised cloud's points may lie from their own pixels


def read_cloud(path: Path, intrinsics: Intrinsics, *, unit: str | None = None) -> Depth:
    """Return a cloud, in the camera's frame (z along the optical axis), as its depth picture, (height, width) metres.

    An organised PCD keeps its grid; other points are projected to the nearest pixel, the nearest point winning. `unit`
    is the file's, metres where it is not told.

    Raises:
        NotFound: there is no such file.
        BadInput: it can't be read, fits neither the camera nor the unit, or lies behind the camera.
    """
    existing(path)
    if unit is not None and unit not in UNITS:
        raise BadInput(f"There is no unit '{unit}'.", remedy=f"Choose one of {', '.join(UNITS)}.")
    kind = path.suffix.lower()
    if kind not in {".ply", ".pcd"}:
        raise BadInput(f"'{path}' is no cloud that is read.", remedy="PLY or PCD.")
    try:
        points, grid = _pcd(path.read_bytes()) if kind == ".pcd" else (_ply(path), None)
    except BadInput:
        raise
    except Exception as error:  # headers that lie
        raise BadInput(f"'{path}' can't be read: {error}.", remedy="Save it anew.") from error
    points = points * UNITS[unit or "m"]
    ahead = np.isfinite(points).all(axis=1) & (points[:, 2] > 0)
    if not ahead.any():
        raise BadInput(
            f"No point of '{path}' is in front of the camera.",
            remedy="Give the cloud in the camera's optical frame: x right, y down, z into the scene.",
        )
    middle = float(np.median(points[ahead, 2]))
    if not NEAREST_M <= middle <= FARTHEST_M:
        raise BadInput(
            f"The middle depth of '{path}' is {middle:.4g} m in this unit, which no camera measures.",
            remedy="Say --depth-scale, the millimetres of one unit: 1000 for metres, 1 for millimetres.",
        )
    if grid is not None and grid[1] > 1:
        return _organised(points, ahead, grid, intrinsics, path)
    return _projected(points[ahead], intrinsics, path)


def _organised(
    points: Floats, ahead: npt.NDArray[np.bool_], grid: tuple[int, int], lens: Intrinsics, path: Path
) -> Depth:
    width, height = grid
    if grid != (lens.width, lens.height):
        raise BadInput(
            f"The cloud of '{path}' is {width} x {height}, the camera {lens.width} x {lens.height}.",
            remedy="Give the intrinsics of the camera that took it.",
        )
    index = np.flatnonzero(ahead)
    x, y, z = points[index].T
    off = np.hypot(x / z * lens.fx + lens.cx - index % width, y / z * lens.fy + lens.cy - index // width)
    if float(np.median(off)) > STRAY_PX:
        raise BadInput(
            f"The points of '{path}' lie {float(np.median(off)):.1f} pixels beside their own in this camera.",
            remedy="Give the intrinsics of the camera that took it, and the cloud in its optical frame.",
        )
    return np.where(ahead, points[:, 2], 0.0).reshape(height, width).astype(np.float32)


def _projected(points: Floats, lens: Intrinsics, path: Path) -> Depth:
    x, y, z = points.T
    u = np.rint(x / z * lens.fx + lens.cx)
    v = np.rint(y / z * lens.fy + lens.cy)
    inside = (u >= 0) & (u < lens.width) & (v >= 0) & (v < lens.height)
    if int(inside.sum()) * 2 < len(points):
        raise BadInput(
            f"Only {inside.mean():.0%} of the points of '{path}' are in this camera's picture.",
            remedy="Give the cloud in the camera's optical frame, and the intrinsics of that camera.",
        )
    depth = np.full(lens.width * lens.height, np.inf)
    np.minimum.at(depth, (v[inside] * lens.width + u[inside]).astype(np.int64), z[inside])
    depth[np.isinf(depth)] = 0.0
    return depth.reshape(lens.height, lens.width).astype(np.float32)


def _ply(path: Path) -> Floats:
    import trimesh

    loaded: Any = trimesh.load(path, process=False, skip_materials=True)
    points = np.asarray(getattr(loaded, "vertices", np.empty((0, 3))), dtype=np.float64)
    if len(points) == 0:
        raise BadInput(f"'{path}' holds no points.", remedy="Save the cloud anew.")
    return points


def _pcd(raw: bytes) -> tuple[Floats, tuple[int, int]]:
    """Return the points (n, 3) of a PCD and its (width, height)."""
    start = raw.find(b"\nDATA ")
    if start < 0:
        raise BadInput("The PCD has no DATA line.", remedy="Save it anew.")
    end = raw.index(b"\n", start + 1)
    lines = raw[:end].decode("ascii", "replace").splitlines()
    header = {words[0]: words[1:] for line in lines if (words := line.split()) and not line.startswith("#")}
    names, sizes, types = header["FIELDS"], [int(v) for v in header["SIZE"]], header["TYPE"]
    counts = [int(v) for v in header.get("COUNT", ["1"] * len(names))]
    width, height = int(header["WIDTH"][0]), int(header["HEIGHT"][0])
    if not 0 < width * height <= MOST_POINTS:
        raise BadInput(f"The PCD has {width} x {height} points.", remedy=f"Between 1 and {MOST_POINTS:,} are read.")
    if not {"x", "y", "z"} <= set(names):
        raise BadInput(f"The PCD has the fields {', '.join(names)}.", remedy="It needs x, y and z.")
    codes = {"F": "f", "I": "i", "U": "u"}
    unique = [f"{name}{index}" if name == "_" else name for index, name in enumerate(names)]
    columns = list(zip(unique, types, sizes, counts, strict=True))
    body, form = raw[end + 1 :], header["DATA"][0]
    if form == "ascii":
        first = [sum(counts[: names.index(axis)]) for axis in "xyz"]
        table = np.array(body.split(), dtype=np.float64).reshape(width * height, sum(counts))
        return table[:, first], (width, height)
    if form == "binary":
        dtype = np.dtype([(n, f"<{codes[t]}{s}", (c,)) for n, t, s, c in columns])
        rows = np.frombuffer(body, dtype, width * height)
        return np.stack([rows[axis][:, 0] for axis in "xyz"], axis=1).astype(np.float64), (width, height)
    if form == "binary_compressed":
        packed, size = struct.unpack_from("<II", body)
        if size > MOST_POINTS * 64:
            raise BadInput(f"The PCD unpacks to {size:,} bytes.", remedy="Save it as binary.")
        plain, at, found = _lzf(body[8 : 8 + packed], size), 0, {}
        for n, t, s, c in columns:  # by columns, one field after the other
            found[n] = np.frombuffer(plain, f"<{codes[t]}{s}", width * height * c, at)[::c]
            at += s * c * width * height
        return np.stack([found[axis] for axis in "xyz"], axis=1).astype(np.float64), (width, height)
    raise BadInput(f"The PCD is {form}.", remedy="Save it as ascii, binary or binary_compressed.")


def _lzf(packed: bytes, size: int) -> bytes:
    """Unpack LZF: runs of literals, and references to what was unpacked before."""
    out, at = bytearray(), 0
    while at < len(packed):
        control = packed[at]
        at += 1
        if control < 32:
            out += packed[at : at + control + 1]
            at += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += packed[at]
            at += 1
        back = len(out) - ((control & 31) << 8) - packed[at] - 1
        at += 1
        if back < 0 or len(out) > size:
            raise ValueError("its compressed data is damaged")
        for _ in range(length + 2):
            out.append(out[back])
            back += 1
    if len(out) != size:
        raise ValueError("its compressed data is cut off")
    return bytes(out)
