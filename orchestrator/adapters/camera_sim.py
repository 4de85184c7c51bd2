"""The embedded depth camera: it sees the true world by ray casting, with the noise of a real one."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import trimesh

from orchestrator.adapters.sim.depth import STRUCTURED_LIGHT, DepthNoise
from orchestrator.adapters.sim.meshes import Triangles, moved
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box, Clock, Intrinsics, Mesh, Shot

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.robot_sim import SimRobot
    from orchestrator.adapters.sim.arm import ArmModel, LinkVisual
    from orchestrator.adapters.sim.world import World

    Floats = npt.NDArray[np.float64]
    Image = npt.NDArray[np.float32]


def intrinsics_for(width: int = 1280, height: int = 720, wide_deg: float = 60.0) -> Intrinsics:
    """Return a pinhole camera with square pixels and this horizontal field of view."""
    f = width / 2 / math.tan(math.radians(wide_deg) / 2)
    return Intrinsics(width, height, f, f, (width - 1) / 2, (height - 1) / 2)


@dataclass(frozen=True, slots=True)
class CameraSetup:
    """A camera: its optical frame in the world (x right, y down, z into the scene) and how it errs.

    `calibration_error` is where it really sits, in the frame where everybody believes that it does.
    """

    name: str
    pose: Pose
    intrinsics: Intrinsics = field(default_factory=intrinsics_for)
    noise: DepthNoise = STRUCTURED_LIGHT
    calibration_error: Pose = IDENTITY


Thing = tuple[Box | Mesh | str, Pose]  # a body's shape or a link's name, and its world pose


class SimCamera:
    """Sees bodies, the table (z = 0) and the arm. Same seed and same sequence of shots: the same bytes."""

    def __init__(self, setup: CameraSetup, world: World, clock: Clock, *, robot: SimRobot | None, seed: int) -> None:
        self.setup = setup
        self.blacked_out = False  # a fault: no picture comes
        self._world = world
        self._clock = clock
        self._robot = robot
        self._seed = seed
        self._shots = 0
        self._links = _link_meshes(robot.arm) if robot else {}
        self._lock = Lock()  # one picture at a time: the scene is kept between shots
        self._seen: tuple[Thing, ...] | None = None
        self._scene: Any = None
        self._true = setup.pose @ setup.calibration_error
        self._rays = _rays(setup.intrinsics)
        self._lengths = np.linalg.norm(self._rays, axis=2)
        self._empty = self._table()

    async def shoot(self) -> Shot:
        """Take one picture of how things are now. Raises VisionError when there is none."""
        if self.blacked_out:
            raise VisionError(
                f"The camera {self.setup.name} gives no picture.",
                remedy="Check its cable and power.",
                code="no_picture",
            )
        self._shots += 1
        stamp = self._clock.now()
        things: list[Thing] = [(self._world.body(i).shape, pose) for i, pose in sorted(self._world.visible().items())]
        if self._robot is not None:
            links = zip(self._robot.arm.drawn, self._robot.state.value.links, strict=True)
            things += [(name, pose) for name, pose in links if name in self._links]
        random = np.random.default_rng((self._seed, self._shots))
        depth = await asyncio.get_running_loop().run_in_executor(None, self._expose, tuple(things), random)
        return Shot(self.setup.name, depth, self.setup.intrinsics, self.setup.pose, stamp)

    def _expose(self, things: tuple[Thing, ...], random: np.random.Generator) -> Image:
        with self._lock:
            depth, cosine = (image.copy() for image in self._empty)
            regions = [(thing, r) for thing in things if (r := self._region(thing)) is not None]
            if regions:
                self._look([thing for thing, _ in regions])
                mask = np.zeros(depth.shape, dtype=bool)
                for _, region in regions:
                    mask[region] = True
                self._cast(mask, depth, cosine)
            return self.setup.noise.spoil(depth, cosine, random)

    def _table(self) -> tuple[Image, Image]:
        """Return depth and viewing cosine of the empty table."""
        upright = np.asarray(self._true.matrix()[2, :3], dtype=np.float32)
        fall = self._rays @ upright  # how much a ray of depth 1 falls
        with np.errstate(divide="ignore"):
            depth = np.where(fall < -1e-6, np.float32(-self._true.p[2]) / fall, np.float32(0))
        cosine = np.abs(fall) / self._lengths
        return np.asarray(depth, dtype=np.float32), np.asarray(cosine, dtype=np.float32)

    def _region(self, thing: Thing) -> tuple[slice, slice] | None:
        """Return the pixels that a thing can cover, None when it is out of the picture."""
        low, high = self._mesh(thing[0]).bounds
        corners = np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        seen = moved(corners, self._true.inverse() @ thing[1])
        lens = self.setup.intrinsics
        if seen[:, 2].max() <= 0:
            return None
        if seen[:, 2].min() <= 0.01:
            return slice(None), slice(None)
        u = lens.fx * seen[:, 0] / seen[:, 2] + lens.cx
        v = lens.fy * seen[:, 1] / seen[:, 2] + lens.cy
        left, right = max(0, math.floor(u.min()) - 1), min(lens.width, math.ceil(u.max()) + 2)
        top, bottom = max(0, math.floor(v.min()) - 1), min(lens.height, math.ceil(v.max()) + 2)
        return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None

    def _look(self, things: list[Thing]) -> None:
        """Build the scene that rays are cast into, unless it is the last one still."""
        if self._seen == tuple(things):
            return
        import open3d as o3d

        scene: Any = o3d.t.geometry.RaycastingScene()
        for shape, pose in things:
            mesh = self._mesh(shape)
            scene.add_triangles(moved(mesh.vertices, pose).astype(np.float32), mesh.faces.astype(np.uint32))
        self._scene, self._seen = scene, tuple(things)

    def _cast(self, mask: npt.NDArray[np.bool_], depth: Image, cosine: Image) -> None:
        """Cast rays through the masked pixels and keep what is nearer than the table."""
        at = np.flatnonzero(mask)
        turn = self._true.matrix()[:3, :3].T.astype(np.float32)
        rays = np.empty((len(at), 6), dtype=np.float32)
        rays[:, :3] = self._true.p
        rays[:, 3:] = self._rays.reshape(-1, 3).take(at, axis=0) @ turn
        hit = self._scene.cast_rays(rays)
        distance, normal = hit["t_hit"].numpy(), hit["primitive_normals"].numpy()
        behind = depth.ravel().take(at)
        nearer = np.flatnonzero((distance < behind) | ((behind <= 0) & np.isfinite(distance)))
        at, direction = at[nearer], rays[nearer, 3:]
        depth.ravel()[at] = distance[nearer]
        seen = np.abs(np.einsum("ij,ij->i", normal[nearer], direction))
        cosine.ravel()[at] = seen / self._lengths.ravel()[at]

    def _mesh(self, shape: Box | Mesh | str) -> Triangles:
        return self._links[shape] if isinstance(shape, str) else self._world.meshes.get(shape)


def _rays(lens: Intrinsics) -> Image:
    """Return the direction through each pixel, (height, width, 3) with z = 1."""
    u, v = np.meshgrid(np.arange(lens.width), np.arange(lens.height))
    rays = np.stack([(u - lens.cx) / lens.fx, (v - lens.cy) / lens.fy, np.ones_like(u, dtype=float)], axis=2)
    return np.asarray(rays, dtype=np.float32)


def _link_meshes(arm: ArmModel) -> dict[str, Triangles]:
    """Return the surface, in its own frame, of each link that something is drawn of."""
    out = {}
    for link in arm.drawn:
        parts = [_primitive(part) for part in arm.visual() if part.link == link]
        if parts:
            made: Any = trimesh.util.concatenate(parts)
            out[link] = Triangles(np.asarray(made.vertices, dtype=np.float64), np.asarray(made.faces, dtype=np.int64))
    return out


def _primitive(part: LinkVisual) -> Any:
    if part.shape == "cylinder":
        made: Any = trimesh.creation.cylinder(radius=part.size_m[0], height=part.size_m[1], sections=32)
    elif part.shape == "sphere":
        made = trimesh.creation.icosphere(subdivisions=2, radius=part.size_m[0])
    else:
        made = trimesh.creation.box(extents=part.size_m)
    return made.apply_transform(part.pose.matrix())
