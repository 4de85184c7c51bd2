"""The embedded depth camera: it sees the true world by ray casting, with the noise of a real one."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.sim.boards import Printed, printed
from orchestrator.adapters.sim.depth import MODELS, STRUCTURED_LIGHT, DepthNoise
from orchestrator.adapters.sim.grey import picture
from orchestrator.adapters.sim.meshes import Triangles, moved
from orchestrator.core.camera import CameraErrors, intrinsics_for
from orchestrator.core.errors import SetupError, VisionError
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Box, Clock, Intrinsics, Mesh, Shot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from orchestrator.adapters.robot_ros2 import RosRobot
    from orchestrator.adapters.robot_sim import SimRobot
    from orchestrator.adapters.sim.arm import ArmModel, LinkVisual
    from orchestrator.adapters.sim.finish import Finish
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.calibration import BoardSpec
    from orchestrator.core.cell import CellSpec

    Floats = npt.NDArray[np.float64]
    Image = npt.NDArray[np.float32]
    Ids = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class CameraSetup:
    """A camera: its optical frame (x right, y down, z into the scene), as everybody believes it, and how it errs.

    `pose` is in the world, or in the flange's frame where it is `on_flange`. `calibration_error` is where it really
    sits, in the frame where everybody believes that it does. Its real focal lengths are longer than `intrinsics` say
    by the share `focal_error`; its real principal point lies `centre_error_px` (right, down) beside theirs. `number`
    is its place among the cell's cameras, so that with one seed each errs in its own way.
    """

    name: str
    pose: Pose
    intrinsics: Intrinsics = field(default_factory=intrinsics_for)
    noise: DepthNoise = STRUCTURED_LIGHT
    calibration_error: Pose = IDENTITY
    focal_error: float = 0.0
    centre_error_px: tuple[float, float] = (0.0, 0.0)
    on_flange: bool = False
    number: int = 0

    @property
    def true_intrinsics(self) -> Intrinsics:
        """The lens that its pixels come through."""
        lens, longer = self.intrinsics, 1 + self.focal_error
        right, down = self.centre_error_px
        return replace(lens, fx=lens.fx * longer, fy=lens.fy * longer, cx=lens.cx + right, cy=lens.cy + down)


def setup_of(cell: CellSpec, name: str) -> CameraSetup:
    """Return a camera as the cell's file describes it."""
    camera, errors = cell.cameras[name], cell.adapters.camera_sim.get(name, CameraErrors())
    return CameraSetup(
        name,
        camera.at,
        camera.intrinsics,
        MODELS[camera.model],
        calibration_error=errors.pose,
        focal_error=errors.focal,
        centre_error_px=errors.centre_px,
        on_flange=not camera.fixed,
        number=list(cell.cameras).index(name),
    )


NEAR_M = 0.001
EDGES = np.array([(i, i | bit) for bit in (1, 2, 4) for i in range(8) if not i & bit])  # of a box, by its corners
Thing = tuple[Box | Mesh | str, Pose]  # a body's shape or a link's name, and its world pose


class SimCamera:
    """Sees bodies, the table (z = 0) and the arm. Same seed and same sequence of shots: the same bytes.

    `boards` are the marker boards by the ids of their bodies; with one in the cell a shot carries a grey picture.

    Raises SetupError for a camera on the flange of no robot.
    """

    def __init__(
        self,
        setup: CameraSetup,
        world: World,
        clock: Clock,
        *,
        robot: SimRobot | RosRobot | None,
        seed: int,
        boards: Mapping[str, BoardSpec] | None = None,
    ) -> None:
        if setup.on_flange and robot is None:
            raise SetupError(f"The camera {setup.name} sits on a flange, but there is no robot.", remedy="Fix it.")
        self.setup = setup
        self.blacked_out = False  # a fault: no picture comes
        self.in_grey = False  # a grey picture comes even where no board is in sight
        self._boards = {} if boards is None else boards  # whoever moves boards about keeps it up to date
        self._world = world
        self._clock = clock
        self._robot = robot
        self._seed = seed
        self._shots = 0
        self._drawn = frozenset(part.link for part in robot.arm.visual()) if robot is not None else frozenset()
        self._lock = Lock()  # one picture at a time: the scene is kept between shots
        self._seen: tuple[Thing, ...] | None = None
        self._scene: Any = None
        self._faces = _Faces(setup.noise)
        self._lens = setup.true_intrinsics
        self._rays = _rays(self._lens)
        self._lengths = np.linalg.norm(self._rays, axis=2)
        self._empty: tuple[Pose, Image, Image] | None = None  # the table alone, from where it was seen last

    async def shoot(self) -> Shot:
        """Take one picture of how things are now, from where the camera is now. Raises VisionError when there is none.

        The exposure is an instant: the arm's pose in the picture, the camera's own where it rides on the flange, and
        the stamp belong together, whatever moves while the picture is being computed.
        """
        if self.blacked_out:
            raise VisionError(
                f"The camera {self.setup.name} gives no picture.",
                remedy="Check its cable and power.",
                code="no_picture",
            )
        self._shots += 1
        stamp = self._clock.now()
        things: list[Thing] = [(self._world.body(i).shape, pose) for i, pose in sorted(self._world.visible().items())]
        pose = self.setup.pose
        if self._robot is not None:
            arm, links = self._robot.arm, self._robot.state.value.links
            things += [(name, at) for name, at in zip(arm.drawn, links, strict=True) if name in self._drawn]
            pose = links[len(arm.steps)] @ pose if self.setup.on_flange else pose
        random = np.random.default_rng((self._seed, self._shots, self.setup.number))
        true = pose @ self.setup.calibration_error
        seen = printed(self._world, self._boards)
        grey = np.random.default_rng((self._seed, self._shots, self.setup.number, 1)) if seen or self.in_grey else None
        run = asyncio.get_running_loop().run_in_executor
        depth, colour = await run(None, self._expose, tuple(things), true, random, seen, grey)
        return Shot(self.setup.name, depth, self.setup.intrinsics, pose, stamp, colour)

    def _expose(
        self,
        things: tuple[Thing, ...],
        true: Pose,
        random: np.random.Generator,
        seen: tuple[Printed, ...],
        grey: np.random.Generator | None,
    ) -> tuple[Image, npt.NDArray[np.uint8] | None]:
        with self._lock:
            depth, cosine = self._table(true)
            light = None
            regions = [(thing, r) for thing in things if (r := self._region(thing, true)) is not None]
            if regions:
                self._look([thing for thing, _ in regions])
                mask = np.zeros(depth.shape, dtype=bool)
                for _, region in regions:
                    mask[region] = True
                light = self._cast(true, mask, depth, cosine)
            colour = None if grey is None else picture(self._lens, true, depth, cosine, seen, grey)
            return self.setup.noise.spoil(depth, cosine, random, light=light), colour

    def _table(self, true: Pose) -> tuple[Image, Image]:
        """Return depth and viewing cosine of the empty table, for the caller to draw on."""
        if self._empty is None or self._empty[0] != true:
            upright = np.asarray(true.matrix()[2, :3], dtype=np.float32)
            fall = self._rays @ upright  # how much a ray of depth 1 falls
            with np.errstate(divide="ignore"):
                depth = np.where(fall < -1e-6, np.float32(-true.p[2]) / fall, np.float32(0))
            cosine = np.abs(fall) / self._lengths
            self._empty = true, np.asarray(depth, dtype=np.float32), np.asarray(cosine, dtype=np.float32)
        return self._empty[1].copy(), self._empty[2].copy()

    def _region(self, thing: Thing, true: Pose) -> tuple[slice, slice] | None:
        """Return the pixels that a thing can cover, None when it is out of the picture."""
        low, high = self._mesh(thing[0]).bounds
        corners = np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        seen = _in_front(moved(corners, true.inverse() @ thing[1]))
        lens = self._lens
        if not len(seen):
            return None
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
        self._faces.take(self._mesh(shape) for shape, _ in things)
        self._scene, self._seen = scene, tuple(things)

    def _cast(self, true: Pose, mask: npt.NDArray[np.bool_], depth: Image, cosine: Image) -> Image | None:
        """Cast rays through the masked pixels and keep what is nearer than the table.

        Returns the light that comes back from each pixel; None where that is enough and not too much all over.
        """
        at = np.flatnonzero(mask)
        turn = true.matrix()[:3, :3].T.astype(np.float32)
        rays = np.empty((len(at), 6), dtype=np.float32)
        rays[:, :3] = true.p
        rays[:, 3:] = self._rays.reshape(-1, 3).take(at, axis=0) @ turn
        hit = self._scene.cast_rays(rays)
        distance, normal = hit["t_hit"].numpy(), hit["primitive_normals"].numpy()
        behind = depth.ravel().take(at)
        nearer = np.flatnonzero((distance < behind) | ((behind <= 0) & np.isfinite(distance)))
        at, direction = at[nearer], rays[nearer, 3:]
        depth.ravel()[at] = distance[nearer]
        seen = np.abs(np.einsum("ij,ij->i", normal[nearer], direction))
        cosine.ravel()[at] = seen / self._lengths.ravel()[at]
        delicate = self._faces.delicate(hit["geometry_ids"].numpy()[nearer], hit["primitive_ids"].numpy()[nearer])
        if not delicate:
            return None
        light = np.ones_like(depth)
        halfway = np.asarray(true.apply((self.setup.noise.projector_m / 2, 0.0, 0.0)), dtype=np.float32)
        for finish, some in delicate:
            # The half vector points midway between lens and projector, as both are far.
            half = halfway - (rays[0, :3] + direction[some] * distance[nearer[some], None])
            upright = np.abs(np.einsum("ij,ij->i", normal[nearer[some]], half)) / np.linalg.norm(half, axis=1)
            light.ravel()[at[some]] = finish.light(upright)
        return light

    @cached_property
    def _links(self) -> dict[str, Triangles]:
        return _link_meshes(self._robot.arm) if self._robot is not None else {}

    def _mesh(self, shape: Box | Mesh | str) -> Triangles:
        return self._links[shape] if isinstance(shape, str) else self._world.meshes.get(shape)


def _in_front(corners: Floats) -> Floats:
    """Return the corners (8, 3) of a box, in a camera's frame, of what of it lies in front of the lens; maybe none.

    A camera on the flange stands amid the links: what reaches past it is cut off at `NEAR_M`.
    """
    ahead = corners[:, 2] >= NEAR_M
    if ahead.all():
        return corners
    one, other = corners[EDGES[:, 0]], corners[EDGES[:, 1]]
    crossing = ahead[EDGES[:, 0]] != ahead[EDGES[:, 1]]
    one, other = one[crossing], other[crossing]
    share = (NEAR_M - one[:, 2:]) / (other[:, 2:] - one[:, 2:])
    return np.concatenate([corners[ahead], one + share * (other - one)])


class _Faces:
    """Which faces of a scene are so dark or shiny that a camera may lose them."""

    def __init__(self, noise: DepthNoise) -> None:
        self._noise = noise
        self._number: dict[Finish, int] = {}  # 0 for those that are never lost
        self._first = np.zeros(0, dtype=np.int64)
        self._numbers = np.zeros(0, dtype=np.int64)

    def take(self, meshes: Iterable[Triangles]) -> None:
        """Take the meshes of a new scene, in its order."""
        runs = [mesh.painted for mesh in meshes]
        for finish in dict.fromkeys(finish for run in runs for finish, _ in run):
            if finish not in self._number:
                plain = finish.plain(self._noise.dark, self._noise.glare, self._noise.grazing)
                self._number[finish] = 0 if plain else len(self._number) + 1
        counts = [count for run in runs for _, count in run]
        self._numbers = np.repeat([self._number[finish] for run in runs for finish, _ in run], counts)
        faces = [sum(count for _, count in run) for run in runs]
        self._first = np.cumsum([0, *faces[:-1]])

    def delicate(self, meshes: Ids, faces: Ids) -> list[tuple[Finish, npt.NDArray[np.int64]]]:
        """Return each finish that may be lost, with the indices of the hits on it, given by mesh and face."""
        if not self._numbers.any():
            return []
        numbers = self._numbers[self._first[meshes] + faces]
        found = ((finish, np.flatnonzero(numbers == number)) for finish, number in self._number.items() if number)
        return [(finish, some) for finish, some in found if len(some)]


def _rays(lens: Intrinsics) -> Image:
    """Return the direction through each pixel, (height, width, 3) with z = 1."""
    u, v = np.meshgrid(np.arange(lens.width), np.arange(lens.height))
    rays = np.stack([(u - lens.cx) / lens.fx, (v - lens.cy) / lens.fy, np.ones_like(u, dtype=float)], axis=2)
    return np.asarray(rays, dtype=np.float32)


def _link_meshes(arm: ArmModel) -> dict[str, Triangles]:
    """Return the surface, in its own frame, of each link that something is drawn of."""
    import trimesh

    out = {}
    for link in arm.drawn:
        parts = [_primitive(part) for part in arm.visual() if part.link == link]
        if parts:
            made: Any = trimesh.util.concatenate(parts)
            out[link] = Triangles(np.asarray(made.vertices, dtype=np.float64), np.asarray(made.faces, dtype=np.int64))
    return out


def _primitive(part: LinkVisual) -> Any:
    import trimesh

    if part.shape == "cylinder":
        made: Any = trimesh.creation.cylinder(radius=part.size_m[0], height=part.size_m[1], sections=32)
    elif part.shape == "sphere":
        made = trimesh.creation.icosphere(subdivisions=2, radius=part.size_m[0])
    else:
        made = trimesh.creation.box(extents=part.size_m)
    return made.apply_transform(part.pose.matrix())
