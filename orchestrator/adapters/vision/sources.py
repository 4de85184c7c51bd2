"""What comes from files: depth pictures, cameras, clouds, models, poses. Every mistake is one error with a remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.vision.camera_file import CameraFile, camera_of, read_camera
from orchestrator.adapters.vision.cloud_file import read_cloud
from orchestrator.adapters.vision.data_file import existing
from orchestrator.adapters.vision.depth_file import read_depth
from orchestrator.adapters.vision.mesh_file import ReadMesh, read_mesh
from orchestrator.adapters.vision.pose_file import PoseFile, pose_of, read_pose

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "CameraFile",
    "PoseFile",
    "ReadMesh",
    "camera_of",
    "pose_of",
    "read_camera",
    "read_cloud",
    "read_depth",
    "read_model",
    "read_pose",
]


def read_model(path: Path, *, unit: str | None = None, distance_m: float | None = None) -> ReadMesh:
    """Return a model in metres; `Solid(model.vertices, model.faces)` is ready for ray casting.

    `unit` is the file's unit (m, cm, mm, inch), `distance_m` how far from the camera the part is seen: both tell a
    model in millimetres from one in metres.

    Raises:
        NotFound: there is no such file.
        VisionError: it can't be understood, has no faces (bad_mesh), or is in another unit (bad_unit).
    """
    return read_mesh(existing(path), unit=unit, distance_m=distance_m)
