"""Cameras from files: our own JSON, BOP, Open3D, ROS CameraInfo, RealSense, a matrix alone.

Layouts: BOP `scene_camera.json` and `camera.json` (bop_toolkit, docs/bop_datasets_format.md), Open3D
`PinholeCameraIntrinsic` and `PinholeCameraParameters` (matrices by columns), ROS `sensor_msgs/CameraInfo` and the YAML
of `camera_calibration_parsers`, librealsense's `rs2_intrinsics`, and a text file with the 3 x 3 matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.vision.data_file import (
    entry_of,
    mapping,
    numbers,
    read_tree,
    read_words,
    rigid,
    rigid_4x4,
    split_entry,
)
from orchestrator.core.errors import BadInput
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Intrinsics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MATRICES = ("K", "k", "cam_K", "camera_matrix", "intrinsic_matrix")
SIZES = (("width", "height"), ("image_width", "image_height"))
LENSES = (("fx", "fy", "cx", "cy"), ("fx", "fy", "ppx", "ppy"))
BENDS = ("D", "d", "distortion_coefficients", "distortion_coeffs", "dist_coeffs", "coeffs")
POLYNOMIAL = ("plumb_bob", "rational_polynomial", "")  # distortion models that begin with k1, k2, p1, p2, k3
BENT_PX = 0.5  # distortion that moves no pixel further is none


@dataclass(frozen=True, slots=True)
class CameraFile:
    """What a camera file says. `depth_scale` is BOP's: a unit of the depth picture in mm; None where it says nothing.

    `pose` is the camera in the world, and the world's frame the camera's own where `posed` is false.
    """

    intrinsics: Intrinsics
    pose: Pose = IDENTITY
    posed: bool = False
    depth_scale: float | None = None
    notes: tuple[str, ...] = ()


def read_camera(name: str | Path, *, size: tuple[int, int] | None = None) -> tuple[Intrinsics, Pose]:
    """Return a camera's intrinsics and its pose in the world; see `camera_of`."""
    found = camera_of(name, size=size)
    return found.intrinsics, found.pose


def camera_of(
    name: str | Path, *, size: tuple[int, int] | None = None, image: int | None = None, rectified: bool = False
) -> CameraFile:
    """Read a camera file; of BOP's scene_camera.json `#12` behind the name says which image.

    `size` is the depth picture's (width, height), for files that don't tell; `image` the number in its name, for files
    with an entry an image; `rectified` says that it was rectified already, though the file has distortion.

    Raises:
        NotFound: there is no such file.
        BadInput: keys are missing or make no sense, sizes disagree, or the lens distorts.
    """
    path, key, _ = split_entry(str(name))
    entry, note = camera_entry(path, key, image)
    keys = dict(entry)
    outer = keys
    if isinstance(keys.get("intrinsic"), dict):  # Open3D's PinholeCameraParameters
        keys = {**keys, **mapping(keys["intrinsic"], "intrinsic")}
    width, height = _size(keys, size, path)
    fx, fy, cx, cy = _lens(keys, path, width, height, rectified=rectified)
    if not (fx > 0 and fy > 0 and 0.2 < fx / fy < 5):
        raise BadInput(f"'{path}': focal lengths {fx:g} and {fy:g} are none.", remedy="Both in pixels, above 0.")
    if not (-0.5 * width < cx < 1.5 * width and -0.5 * height < cy < 1.5 * height):
        raise BadInput(
            f"'{path}': the principal point ({cx:g}, {cy:g}) is far out of the picture of {width} x {height}.",
            remedy="cx and cy are in pixels, of a picture of this size.",
        )
    pose = _pose(outer, path)
    scale = outer.get("depth_scale")
    return CameraFile(
        intrinsics=Intrinsics(width, height, fx, fy, cx, cy),
        pose=pose or IDENTITY,
        posed=pose is not None,
        depth_scale=float(numbers(scale, 1, f"'{path}': depth_scale")[0]) if scale is not None else None,
        notes=(note,) if note else (),
    )


def camera_entry(path: Path, key: str | None, image: int | None) -> tuple[Mapping[str, Any], str]:
    """Return what a file says of one camera, by its keys, and a note as of `entry_of`.

    A matrix alone, 3 x 3 or 4 x 4, is its "K". Raises NotFound, BadInput.
    """
    if path.suffix.lower() == ".txt":
        return {"K": _square(read_words(path), path)}, ""
    entry, note = entry_of(read_tree(path), path, key, image)
    if isinstance(entry, list) and len(entry) in (3, 4, 9, 16):
        return {"K": _square(entry, path)}, note
    return mapping(entry, f"'{path}'"), note


def _square(rows: list[Any], path: Path) -> list[float]:
    """Return the nine numbers of a camera matrix, of a homogeneous one too."""
    flat = numbers(rows, (9, 16), f"'{path}'")
    return flat.tolist() if flat.size == 9 else flat.reshape(4, 4)[:3, :3].ravel().tolist()


def _size(keys: Mapping[str, Any], size: tuple[int, int] | None, path: Path) -> tuple[int, int]:
    for wide, high in SIZES:
        if wide in keys and high in keys:
            said = numbers([keys[wide], keys[high]], 2, f"'{path}': {wide} and {high}")
            width, height = int(said[0]), int(said[1])
            if width < 1 or height < 1 or width * height > 10**9:
                raise BadInput(f"'{path}': no picture is {width} x {height}.", remedy="Write its size in pixels.")
            if size is not None and size != (width, height):
                raise BadInput(
                    f"The depth picture is {size[0]} x {size[1]}, the camera of '{path}' {width} x {height}.",
                    remedy="Give the intrinsics of the depth picture; a scaled one has scaled fx, fy, cx, cy.",
                )
            return width, height
    if size is None:
        raise BadInput(f"'{path}' does not say how large the picture is.", remedy="Add width and height.")
    return size


def _lens(
    keys: Mapping[str, Any], path: Path, width: int, height: int, *, rectified: bool
) -> tuple[float, float, float, float]:
    distortion = next((keys[name] for name in BENDS if name in keys), None)
    if isinstance(distortion, dict):
        distortion = distortion.get("data")
    bends = distortion is not None and np.size(distortion) > 0 and bool(np.any(np.asarray(distortion, dtype=float)))
    if bends and rectified:
        matrix = next((keys[name] for name in ("P", "p", "projection_matrix") if name in keys), None)
        if matrix is None:
            raise BadInput(f"'{path}' has no projection matrix P.", remedy="A rectified picture is described by P.")
        p = numbers(matrix.get("data") if isinstance(matrix, dict) else matrix, 12, f"'{path}': P")
        return float(p[0]), float(p[5]), float(p[2]), float(p[6])
    lens = _straight(keys, path)
    if bends and (model := str(keys.get("distortion_model", "plumb_bob"))) not in POLYNOMIAL:
        raise BadInput(
            f"The lens of '{path}' distorts ({model}).",
            remedy="Rectify the depth picture; where it is rectified already, say --rectified.",
        )
    if bends:
        moved = _bend(lens, np.asarray(distortion, dtype=float).ravel(), width, height)
        if moved > BENT_PX:
            raise BadInput(
                f"The lens of '{path}' distorts by {moved:.1f} pixels.",
                remedy="Rectify the depth picture; where it is rectified already, say --rectified.",
            )
    return lens


def _straight(keys: Mapping[str, Any], path: Path) -> tuple[float, float, float, float]:
    for names in LENSES:
        if all(name in keys for name in names):
            fx, fy, cx, cy = (float(numbers(keys[name], 1, f"'{path}': {name}")[0]) for name in names)
            return fx, fy, cx, cy
    for name in MATRICES:
        if name in keys:
            value = keys[name]["data"] if isinstance(keys[name], dict) and "data" in keys[name] else keys[name]
            k = numbers(value, 9, f"'{path}': {name}").reshape(3, 3)
            if not np.allclose(k[2], (0, 0, 1)) and np.allclose(k[:, 2], (0, 0, 1)):
                k = k.T  # Open3D writes by columns, and only one way round ends in 0 0 1
            if not np.allclose(k[2], (0, 0, 1)) or abs(k[1, 0]) > 1e-6:
                raise BadInput(f"'{path}': {name} is no camera matrix.", remedy="fx 0 cx, 0 fy cy, 0 0 1.")
            if abs(k[0, 1]) > 1e-3 * abs(k[0, 0]):
                raise BadInput(f"'{path}': {name} has a skew of {k[0, 1]:g}.", remedy="Rectify the picture first.")
            return float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2])
    raise BadInput(
        f"'{path}' has no intrinsics.",
        remedy=f"Write fx, fy, cx, cy in pixels, or a 3 x 3 matrix as one of {', '.join(MATRICES)}.",
    )


def _bend(lens: tuple[float, float, float, float], d: np.ndarray[Any, Any], width: int, height: int) -> float:
    """Return how far plumb-bob distortion (k1, k2, p1, p2, k3; OpenCV's order) moves the worst pixel, in pixels."""
    fx, fy, cx, cy = lens
    k1, k2, p1, p2, k3 = (*d, 0.0, 0.0, 0.0, 0.0, 0.0)[:5]
    u, v = np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 9))
    x, y = (u - cx) / fx, (v - cy) / fy
    r2 = x * x + y * y
    radial = k1 * r2 + k2 * r2**2 + k3 * r2**3
    dx = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    dy = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return float(np.hypot(dx * fx, dy * fy).max())


def _pose(keys: Mapping[str, Any], path: Path) -> Pose | None:
    """Return the camera's pose in the world, None where the file has none."""
    if "cam_R_w2c" in keys or "cam_t_w2c" in keys:  # BOP: world to camera, millimetres
        turn = numbers(keys.get("cam_R_w2c"), 9, f"'{path}': cam_R_w2c")
        shift = numbers(keys.get("cam_t_w2c"), 3, f"'{path}': cam_t_w2c") / 1000
        return rigid(turn, shift, f"'{path}': cam_R_w2c").inverse()
    unit_m = _unit(keys, path)
    if "camera_to_world" in keys:
        return rigid_4x4(keys["camera_to_world"], f"'{path}': camera_to_world", unit_m=unit_m)
    if "world_to_camera" in keys:
        return rigid_4x4(keys["world_to_camera"], f"'{path}': world_to_camera", unit_m=unit_m).inverse()
    if "extrinsic" in keys:  # Open3D: world to camera, by columns, metres
        flat = np.ndim(keys["extrinsic"]) == 1
        return rigid_4x4(keys["extrinsic"], f"'{path}': extrinsic", by_columns=flat, unit_m=unit_m).inverse()
    return None


def _unit(keys: Mapping[str, Any], path: Path) -> float:
    unit = keys.get("unit", "m")
    known = {"m": 1.0, "mm": 0.001, "cm": 0.01}
    if unit not in known:
        raise BadInput(f"'{path}': '{unit}' is no unit of the camera's position.", remedy="Write m, cm or mm.")
    return known[unit]
