"""What a pinhole camera should see of known meshes: depth by ray casting, in a region of the image only."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from orchestrator.adapters.vision.mesh_file import read_mesh
from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Intrinsics

    Floats = npt.NDArray[np.float64]
    Depth = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]

BESIDE_M = 0.1  # how far beside a part its datum is looked at
ALIKE_M = 0.0003  # two surfaces that differ by less are one shape
ALIKE_POINTS = 40_000  # at most so many, to two, are compared


class Solid:
    """A part's mesh, ready for ray casting in its own frame.

    `low` and `high` are the corners of its bounding box in metres.
    """

    def __init__(self, vertices: Floats, faces: npt.NDArray[np.int64], *, threads: int = 1) -> None:
        import open3d

        self._tensor = cast("Any", open3d.core.Tensor)  # its stubs know no arrays
        self._threads = threads
        self._vertices = vertices
        self._faces = faces
        self._scene: Any = open3d.t.geometry.RaycastingScene(nthreads=threads)
        self._scene.add_triangles(
            self._tensor(np.ascontiguousarray(vertices, dtype=np.float32)),
            self._tensor(np.ascontiguousarray(faces, dtype=np.uint32)),
        )
        self.low = vertices.min(axis=0)
        self.high = vertices.max(axis=0)

    @property
    def triangles(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Its vertices (n, 3) in metres and its faces (m, 3) as indices of them."""
        return self._vertices, self._faces

    @property
    def centre(self) -> Floats:
        """The middle of the bounding box, metres."""
        return np.asarray((self.low + self.high) / 2)

    @property
    def radius(self) -> float:
        """Half the diagonal of the bounding box, metres."""
        return float(np.linalg.norm(self.high - self.low) / 2)

    @cached_property
    def corners(self) -> Floats:
        """The eight corners of the bounding box, (8, 3) metres."""
        box = np.array([self.low, self.high])
        return np.array([(box[i, 0], box[j, 1], box[k, 2]) for i in (0, 1) for j in (0, 1) for k in (0, 1)])

    @property
    def vertices(self) -> Floats:
        """The mesh's vertices, (n, 3) metres; not to be written to."""
        return self._vertices

    @property
    def faces(self) -> npt.NDArray[np.int64]:
        """The mesh's triangles, (n, 3) indices of vertices; not to be written to."""
        return self._faces

    def distance(self, points: Floats) -> Depth:
        """Return how far points (n, 3) of the part's frame are from its surface, (n,) metres, inside as outside."""
        asked = self._tensor(np.ascontiguousarray(points, dtype=np.float32))
        return np.asarray(self._scene.compute_distance(asked, nthreads=self._threads).numpy(), dtype=np.float32)

    def cast(self, origin: Floats, directions: Floats) -> Depth:
        """Return the distance to the first surface in units of each direction's length, inf where there is none.

        `origin` is (3,) and `directions` (n, 3), both in the part's frame.
        """
        rays = np.empty((len(directions), 6), dtype=np.float32)
        rays[:, :3] = origin
        rays[:, 3:] = directions
        return self.cast_rays(rays)

    def cast_rays(self, rays: Depth) -> Depth:
        """Return the same for rays (n, 6) of an origin and a direction each."""
        hit = self._scene.cast_rays(self._tensor(rays), nthreads=self._threads)["t_hit"]
        return np.asarray(hit.numpy(), dtype=np.float32)

    @cached_property
    def same_flipped(self) -> bool:
        """Whether the mesh, turned over about its x or its y axis, is the same shape: then it has no wrong side."""
        return self._matches(np.diag((1.0, -1.0, -1.0))) or self._matches(np.diag((-1.0, 1.0, -1.0)))

    @cached_property
    def round(self) -> bool:
        """Whether the mesh is the same shape at any angle about its z axis (tried at two)."""
        return all(
            self._matches(np.array(((c, -s, 0.0), (s, c, 0.0), (0.0, 0.0, 1.0))))
            for c, s in ((math.cos(angle), math.sin(angle)) for angle in (0.29, 1.01))
        )

    @cached_property
    def free_axes(self) -> tuple[bool, bool, bool]:
        """Whether the mesh is the same shape at any angle about the lines through its middle along x, y and z.

        About z it is the z axis itself, as a part's declared symmetry has it.
        """
        c, s = math.cos(0.29), math.sin(0.29)
        about_x = np.array(((1.0, 0.0, 0.0), (0.0, c, -s), (0.0, s, c)))
        about_y = np.array(((c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c)))
        return (
            all(self._matches(turn, self.centre) for turn in (about_x, about_x @ about_x @ about_x)),
            all(self._matches(turn, self.centre) for turn in (about_y, about_y @ about_y @ about_y)),
            self.round,
        )

    def _matches(self, turn: Floats, middle: Floats | None = None) -> bool:
        """Tell whether the mesh, turned about a point, lies on itself; by default that on its z axis at half height."""
        if middle is None:
            middle = np.array([0.0, 0.0, self.centre[2]])
        points = np.concatenate([self._vertices, self._vertices[self._faces].mean(axis=1)]) - middle
        points = points[:: 1 + len(points) // ALIKE_POINTS]
        turned = (points @ turn.T + middle).astype(np.float32)
        distance = self._scene.compute_distance(self._tensor(turned), nthreads=self._threads).numpy()
        return bool(distance.max() < ALIKE_M)


class Solids:
    """Meshes below one folder, each loaded once per path and time of change."""

    def __init__(self, root: Path, *, threads: int = 1) -> None:
        self._root = root
        self._threads = threads
        self._loaded: dict[str, tuple[int, Solid]] = {}

    def get(self, mesh: str) -> Solid:
        """Return the mesh at a path below the root.

        Raises:
            VisionError: there is no such file, or nothing in it that a camera could see.
        """
        path = self._root / mesh
        try:
            changed = path.stat().st_mtime_ns
        except OSError as error:
            raise VisionError(
                f"The mesh {mesh} can't be read.", remedy="Check the part's `mesh`.", code="no_mesh"
            ) from error
        held = self._loaded.get(mesh)
        if held is None or held[0] != changed:
            held = self._loaded[mesh] = (changed, self._load(path, mesh))
        return held[1]

    def _load(self, path: Path, mesh: str) -> Solid:
        read = read_mesh(path, name=mesh)
        return Solid(read.vertices, read.faces, threads=self._threads)


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the image in pixels; it may reach beyond the picture's edge."""

    left: int
    top: int
    width: int
    height: int

    def meets(self, other: Region) -> bool:
        """Tell whether the two share a pixel."""
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )

    def inside(self, intrinsics: Intrinsics) -> Region:
        """Return the part of it that is in the picture (width or height 0 when none is)."""
        return self.common(Region(0, 0, intrinsics.width, intrinsics.height))

    def common(self, other: Region) -> Region:
        """Return what two regions share (width or height 0 when they share nothing)."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right = min(self.left + self.width, other.left + other.width)
        bottom = min(self.top + self.height, other.top + other.height)
        return Region(left, top, max(right - left, 0), max(bottom - top, 0))

    def joined(self, other: Region) -> Region:
        """Return the smallest region that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        right = max(self.left + self.width, other.left + other.width)
        bottom = max(self.top + self.height, other.top + other.height)
        return Region(left, top, right - left, bottom - top)

    def coarser(self, intrinsics: Intrinsics, stride: int) -> tuple[Region, Intrinsics]:
        """Return the region and the intrinsics of a picture of every so many of its rows and columns, from its first.

        The first pixel of the coarse region is the first of this one.
        """
        left, top = self.left // stride, self.top // stride
        return (
            Region(left, top, math.ceil(self.width / stride), math.ceil(self.height / stride)),
            dataclasses.replace(
                intrinsics,
                width=math.ceil(intrinsics.width / stride),
                height=math.ceil(intrinsics.height / stride),
                fx=intrinsics.fx / stride,
                fy=intrinsics.fy / stride,
                cx=(intrinsics.cx - self.left) / stride + left,
                cy=(intrinsics.cy - self.top) / stride + top,
            ),
        )

    def within(self, other: Region) -> tuple[slice, slice]:
        """Return its rows and columns in a picture of another region that holds it."""
        top, left = self.top - other.top, self.left - other.left
        return slice(top, top + self.height), slice(left, left + self.width)


def region_of(corners: Floats, pose: Pose, camera: Pose, intrinsics: Intrinsics, margin_m: float) -> Region | None:
    """Return the rectangle that a box, given by its corners (n, 3) in its own frame, can cover in the image.

    It is widened by `margin_m` at the nearest corner's depth, and clipped one picture's width beyond each edge.
    `None` when some of the box is behind the camera or nearer than 50 mm.
    """
    seen = _transform(camera.inverse() @ pose, corners)
    near = float(seen[:, 2].min())
    if near < 0.05:
        return None
    u = seen[:, 0] / seen[:, 2] * intrinsics.fx + intrinsics.cx
    v = seen[:, 1] / seen[:, 2] * intrinsics.fy + intrinsics.cy
    du, dv = margin_m / near * intrinsics.fx, margin_m / near * intrinsics.fy
    left = max(int(np.floor(u.min() - du)), -intrinsics.width)
    right = min(int(np.ceil(u.max() + du)) + 1, 2 * intrinsics.width)
    top = max(int(np.floor(v.min() - dv)), -intrinsics.height)
    bottom = min(int(np.ceil(v.max() + dv)) + 1, 2 * intrinsics.height)
    return Region(left, top, max(right - left, 0), max(bottom - top, 0))


class View:
    """The rays of some pixels of a camera. Integer pixel coordinates are pixel centres, as in ROS and OpenCV."""

    def __init__(
        self, camera: Pose, rays: Depth | None = None, *, whole: tuple[Region, Intrinsics] | None = None
    ) -> None:
        assert (rays is None) is (whole is not None)
        self.camera = camera
        self._some = rays
        self._whole = whole

    @classmethod
    def over(cls, region: Region, camera: Pose, intrinsics: Intrinsics) -> View:
        """Return a view of every pixel of a region, row by row."""
        return cls(camera, whole=(region, intrinsics))

    def coarser(self, stride: int) -> View:
        """Return a view of every so many rows and columns of a region's view, from its first."""
        assert self._whole is not None
        return View(self.camera, whole=self._whole[0].coarser(self._whole[1], stride))

    @property
    def rays(self) -> Depth:
        """Their directions (n, 3) in the camera's frame, z = 1, so that distances are depths."""
        return self.grid() if self._some is None else self._some

    @cached_property
    def axes(self) -> tuple[Depth, Depth]:
        """Of a view of a region: x of the directions in each of its columns, and y in each of its rows."""
        assert self._whole is not None
        region, intrinsics = self._whole
        across = (np.arange(region.left, region.left + region.width) - intrinsics.cx) / intrinsics.fx
        down = (np.arange(region.top, region.top + region.height) - intrinsics.cy) / intrinsics.fy
        return across.astype(np.float32), down.astype(np.float32)

    def grid(self, rows: slice = slice(None), columns: slice = slice(None)) -> Depth:
        """Return the directions (n, 3) of some rows and columns of a view of a region."""
        across, down = self.axes[0][columns], self.axes[1][rows]
        out = np.ones((len(down), len(across), 3), dtype=np.float32)
        out[..., 0] = across
        out[..., 1] = down[:, None]
        return out.reshape(-1, 3)

    def only(self, pixels: npt.NDArray[Any]) -> View:
        """Return a view of the pixels with these indices, or under this mask."""
        if self._some is not None:
            return View(self.camera, self._some[pixels])
        at = np.flatnonzero(pixels) if pixels.dtype == bool else pixels
        across, down = self.axes
        rows, columns = np.divmod(at, len(across))
        rays = np.ones((len(at), 3), dtype=np.float32)
        rays[:, 0], rays[:, 1] = across[columns], down[rows]
        return View(self.camera, rays)

    def depth(self, solid: Solid, pose: Pose) -> Depth:
        """Return the depth (m) of a part at a pose in the world, for each pixel; inf where it isn't."""
        block = self._block(solid, pose)
        if block is None or self._whole is None:
            return np.asarray(self.depths(solid, (pose,))[0])
        region = self._whole[0]
        out = np.full((region.height, region.width), np.inf, dtype=np.float32)
        inner = out[block]
        if inner.size:
            inner[:] = self._cast(solid, (pose,), self.grid(*block)).reshape(inner.shape)
        return out.ravel()

    def depths(self, solid: Solid, poses: Sequence[Pose] | Floats) -> Depth:
        """Return the depths (m) of a part at several poses or pose matrices, (poses, pixels), in one cast."""
        return self._cast(solid, poses, self.rays)

    def _cast(self, solid: Solid, poses: Sequence[Pose] | Floats, rays: Depth) -> Depth:
        parts = poses if isinstance(poses, np.ndarray) else np.stack([pose.matrix() for pose in poses])
        camera = self.camera.matrix()
        turns = parts[:, :3, :3].transpose(0, 2, 1)
        own = np.zeros((len(parts), 3, 6), dtype=np.float32)  # as z is 1, one product gives origins and directions
        own[:, 2, :3] = (turns @ (camera[:3, 3] - parts[:, :3, 3])[..., None])[..., 0]
        own[:, :, 3:] = (turns @ camera[:3, :3]).transpose(0, 2, 1)
        return solid.cast_rays((rays @ own).reshape(-1, 6)).reshape(len(parts), len(rays))

    def _block(self, solid: Solid, pose: Pose) -> tuple[slice, slice] | None:
        """Return the rows and columns that the part can cover, to cast no ray beside them; None where unknown."""
        if self._whole is None:
            return None
        region, intrinsics = self._whole
        box = region_of(solid.corners, pose, self.camera, intrinsics, 0.0)
        if box is None:
            return None
        top, left = max(box.top - region.top, 0), max(box.left - region.left, 0)
        bottom, right = box.top + box.height - region.top, box.left + box.width - region.left
        return slice(top, max(bottom, top)), slice(left, max(right, left))


def _transform(pose: Pose, points: Floats) -> Floats:
    matrix = pose.matrix()
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3])
