"""A shot from files, and how noisy it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.vision.camera_file import CameraFile, camera_entry, camera_of
from orchestrator.adapters.vision.cloud_file import read_cloud
from orchestrator.adapters.vision.depth_file import read_depth
from orchestrator.adapters.vision.mesh_file import UNITS
from orchestrator.core.errors import BadInput
from orchestrator.core.ports import Shot

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.core.geometry import Pose

CLOUDS = (".ply", ".pcd")
STRIDES = (1, 2, 4)  # pixels between those compared for noise, as that of neighbours is alike
EDGE = 0.05  # m at 1 m; a bend that is larger is an outline
QUIETEST, NOISIEST = 0.00005, 0.005  # m at 1 m


@dataclass(frozen=True, slots=True, eq=False)
class ShotFile:
    """A shot from files. `posed` tells whether the camera's pose in the world is known, `image` the picture's number.

    `notes` say what was taken where the caller left it open.
    """

    shot: Shot
    posed: bool
    image: int | None
    notes: tuple[str, ...] = ()


def read_shot(depth: Path, camera: str, *, depth_scale: float | None = None, rectified: bool = False) -> ShotFile:
    """Read a depth picture or a cloud with its camera's file; options as in `read_depth` and `camera_of`.

    Raises:
        NotFound: a file is not there.
        BadInput: a file can't be understood, or the two don't belong together.
    """
    image = int(depth.stem) if depth.stem.isdigit() else None
    if depth.suffix.lower() in CLOUDS:
        found = camera_of(camera, image=image, rectified=rectified)
        picture = read_cloud(depth, found.intrinsics, unit=_unit(depth_scale))
        notes = list(found.notes)
    else:
        found, picture, notes = _picture(depth, camera, depth_scale, image, rectified=rectified)
    shot = Shot(Path(camera).name, picture, found.intrinsics, found.pose, stamp=0.0)
    return ShotFile(shot, found.posed, image, tuple(notes))


def _picture(
    depth: Path, camera: str, scale: float | None, image: int | None, *, rectified: bool
) -> tuple[CameraFile, npt.NDArray[np.float32], list[str]]:
    notes = []
    said = read_depth_scale(camera, image)
    if scale is None and said is not None:
        scale = said
        notes.append(f"depth scale {said:g} mm, of the camera's file")
    picture = read_depth(depth, scale=scale)
    height, width = picture.shape
    found = camera_of(camera, size=(width, height), image=image, rectified=rectified)
    return found, picture, [*found.notes, *notes]


def read_depth_scale(camera: str, image: int | None = None) -> float | None:
    """Return the depth scale (mm a unit) that a camera's file names, None where it names none."""
    from orchestrator.adapters.vision.data_file import numbers, split_entry

    path, key, _ = split_entry(camera)
    entry, _ = camera_entry(path, key, image)
    scale = entry.get("depth_scale")
    return None if scale is None else float(numbers(scale, 1, f"'{path}': depth_scale")[0])


def _unit(depth_scale: float | None) -> str | None:
    if depth_scale is None:
        return None
    for name, unit_m in UNITS.items():
        if abs(depth_scale - unit_m * 1000) < 1e-9:
            return name
    raise BadInput(
        f"A cloud has no depth scale of {depth_scale:g} mm.",
        remedy="1000 for metres, 1 for millimetres, 25.4 for inches.",
    )


def ahead_m(pose: Pose, camera: Pose) -> float:
    """Return how far in front of a camera a pose lies, m; negative behind it."""
    return (camera.inverse() @ pose).p[2]


def noise_of(depth_m: npt.NDArray[Any]) -> float:
    """Estimate a picture's depth noise, m at a distance of 1 m (one sigma; it grows with the square of the distance).

    Second differences of pixels some way apart vanish on planes; two thirds of them are below what noise alone gives
    on a picture whose pixels mostly lie on smooth surfaces.
    """
    found = 0.0
    depth = np.asarray(depth_m, dtype=np.float64)
    for step in STRIDES:
        for picture in (depth, depth.T):
            a, b, c = picture[: -2 * step], picture[step:-step], picture[2 * step :]
            seen = (a > 0) & (b > 0) & (c > 0)
            if int(seen.sum()) >= 100:
                bend = np.abs(a - 2 * b + c)[seen] / b[seen] ** 2
                found = max(
                    found, float(np.percentile(bend[bend < 0.05], 68) / np.sqrt(6)) if (bend < 0.05).any() else 0
                )
    return min(max(found, QUIETEST), NOISIEST)
