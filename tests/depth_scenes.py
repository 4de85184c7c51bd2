"""Parts of our own and depth images of them, for tests of vision: truth is ray-cast apart from the code under test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import open3d
import trimesh

from orchestrator.core.geometry import Pose
from orchestrator.core.ports import CheckRequest, Expected, Intrinsics, Shot

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy.typing as npt

FOCAL = 640 / math.tan(math.radians(30))
WIDE = Intrinsics(1280, 720, FOCAL, FOCAL, 639.5, 359.5)
ABOVE = Pose.from_rpy((0.45, 0.0, 1.1), (math.pi, 0.0, 0.0))
PLACE = Pose.from_rpy((0.47, 0.03, 0.05), (0.0, 0.0, 0.3))


def write_parts(folder: Path) -> None:
    """Write GLBs: plate with four holes, pot with a bore, rings, screw, L-bracket, label, big table."""
    box, tube, rod = trimesh.creation.box, trimesh.creation.annulus, trimesh.creation.cylinder
    parts = {
        "table": _at(box((0.6, 0.5, 0.02)), z=-0.01),
        "pot": trimesh.util.concatenate(
            [_at(tube(0.0236, 0.035, 0.05), z=0.025), _at(tube(0.018, 0.0236, 0.03), z=0.015)]
        ),
        "ring_47": _at(tube(0.010, 0.0235, 0.014), z=0.007),
        "ring_42": _at(tube(0.010, 0.0210, 0.014), z=0.007),
        "stepped": trimesh.util.concatenate(
            [_at(tube(0.010, 0.0235, 0.008), z=0.004), _at(tube(0.010, 0.016, 0.006), z=0.011)]
        ),
        "plate": _at(box((0.09, 0.06, 0.006)), z=0.003),
        "screw": trimesh.util.concatenate(
            [_at(rod(0.0045, 0.005, sections=32), z=0.0025), _at(rod(0.0025, 0.012, sections=24), z=-0.006)]
        ),
        "bracket": trimesh.util.concatenate(
            [_at(box((0.06, 0.03, 0.004)), z=0.002), _at(box((0.004, 0.03, 0.03)), x=-0.028, z=0.019)]
        ),
        "label": _at(box((0.056, 0.022, 0.001)), z=0.0005),
        "foil": _at(box((0.056, 0.022, 0.0002)), z=0.0001),
        "arm": _at(box((0.3, 0.12, 0.08))),
    }
    for name, mesh in parts.items():
        mesh.export(folder / f"{name}.glb")


def _at(mesh: trimesh.Trimesh, x: float = 0.0, z: float = 0.0) -> trimesh.Trimesh:
    mesh.apply_translation((x, 0.0, z))
    return mesh


def expected(name: str, pose: Pose, symmetry_z: int | None = None, *, part: str = "") -> Expected:
    """Return a part `name` at a pose, its mesh being <part or name>.glb."""
    return Expected(id=name, mesh=f"{part or name}.glb", pose=pose, symmetry_z=symmetry_z)


def request(
    part: Expected,
    around: Iterable[Expected] = (),
    *,
    within_mm: float = 1.0,
    within_deg: float = 3.0,
    look_alikes: Iterable[Expected] = (),
) -> CheckRequest:
    """Return a check with one tolerance for all axes."""
    return CheckRequest(
        effect="e1",
        part=part,
        around=tuple(around),
        within_m=(within_mm / 1000,) * 3,
        within_rad=(math.radians(within_deg),) * 3,
        look_alikes=tuple(look_alikes),
    )


def cast(
    bodies: Iterable[tuple[trimesh.Trimesh, Pose]], camera: Pose, intrinsics: Intrinsics
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return (height, width) pictures of bodies at poses: depth (m, inf for nothing), and how straight it is seen."""
    scene = open3d.t.geometry.RaycastingScene(nthreads=1)
    for mesh, pose in bodies:
        vertices = trimesh.transformations.transform_points(mesh.vertices, (camera.inverse() @ pose).matrix())
        scene.add_triangles(
            open3d.core.Tensor(vertices.astype(np.float32)), open3d.core.Tensor(mesh.faces.astype(np.uint32))
        )
    rays = np.zeros((intrinsics.height, intrinsics.width, 6), dtype=np.float32)
    rays[..., 3] = (np.arange(intrinsics.width) - intrinsics.cx) / intrinsics.fx
    rays[..., 4] = ((np.arange(intrinsics.height) - intrinsics.cy) / intrinsics.fy)[:, None]
    rays[..., 5] = 1.0
    hit = scene.cast_rays(open3d.core.Tensor(rays), nthreads=1)
    cosine = np.abs((hit["primitive_normals"].numpy() * rays[..., 3:]).sum(axis=-1))
    return hit["t_hit"].numpy(), cosine / np.linalg.norm(rays[..., 3:], axis=-1)


class Photographer:
    """Takes noisy depth images of meshes below a folder, as structured light would give them, from a seed."""

    def __init__(self, root: Path, seed: int = 0) -> None:
        self.root = root
        self.random = np.random.default_rng(seed)
        self._meshes: dict[str, trimesh.Trimesh] = {}

    def shoot(
        self,
        truth: Iterable[Expected],
        *,
        camera: Pose = ABOVE,
        intrinsics: Intrinsics = WIDE,
        sigma_m: float = 0.00014,
        stamp: float = 100.0,
    ) -> Shot:
        """Return a depth image of the parts where they truly are; noise grows with the square of the depth."""
        seen, _ = cast([(self._mesh(thing.mesh), thing.pose) for thing in truth], camera, intrinsics)
        depth = seen.astype(np.float64)
        depth[~np.isfinite(depth)] = 0.0
        edge = np.zeros(depth.shape, dtype=bool)
        edge[1:] |= np.abs(np.diff(depth, axis=0)) > 0.001
        edge[:, 1:] |= np.abs(np.diff(depth, axis=1)) > 0.001
        noisy = depth + self.random.standard_normal(depth.shape) * sigma_m * depth**2
        noisy = np.round(noisy, 4)
        lost = self.random.random(depth.shape) < np.where(edge, 0.3, 0.005)
        noisy[lost | (depth == 0)] = 0.0
        return Shot("top", noisy.astype(np.float32), intrinsics, camera, stamp)

    def _mesh(self, path: str) -> trimesh.Trimesh:
        if path not in self._meshes:
            self._meshes[path] = trimesh.load_scene(self.root / path).to_mesh()
        return self._meshes[path]


def moved(
    thing: Expected, x_mm: float = 0, y_mm: float = 0, z_mm: float = 0, rpy_deg: tuple[float, float, float] = (0, 0, 0)
) -> Expected:
    """Return a part displaced along and turned about its own axes."""
    turn = Pose.from_rpy((x_mm / 1000, y_mm / 1000, z_mm / 1000), [math.radians(v) for v in rpy_deg])
    return Expected(thing.id, thing.mesh, thing.pose @ turn, thing.symmetry_z)
