"""Triangle meshes of the parts, read once from the asset folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.sim.finish import MATTE, Finish, finish_of
from orchestrator.core.errors import BadInput, NotFound
from orchestrator.core.ports import Box, Mesh

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from orchestrator.core.geometry import Pose

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.int64]
    Bools = npt.NDArray[np.bool_]
    Prepared = tuple[Floats, Floats, Floats, Floats, Floats]

RAYS_AT_ONCE = 32  # keeps the arrays of rays times triangles in the cache
ASKEW = np.array((0.2311, 0.5237, 0.8199))  # a direction in which no part has edges


@dataclass(frozen=True, eq=False)
class Triangles:
    """A closed surface: `vertices` (n, 3) in metres, `faces` (m, 3) indices.

    `finishes` says how many faces in a row have which finish; without it all are matte.
    """

    vertices: Floats
    faces: Indices
    finishes: tuple[tuple[Finish, int], ...] = ()

    @property
    def painted(self) -> tuple[tuple[Finish, int], ...]:
        """The finishes of all faces, with how many in a row have each."""
        return self.finishes or ((MATTE, len(self.faces)),)

    @cached_property
    def bounds(self) -> Floats:
        """Lowest and highest corner, (2, 3) in metres."""
        return np.array([self.vertices.min(axis=0), self.vertices.max(axis=0)])

    @cached_property
    def hull(self) -> Floats:
        """Corners of the convex hull, (k, 3) in metres."""
        import trimesh

        shape: Any = trimesh.Trimesh(self.vertices, self.faces, process=False).convex_hull
        return np.asarray(shape.vertices, dtype=np.float64)

    @cached_property
    def shell(self) -> Triangles:
        """The convex hull as a surface."""
        import trimesh

        shape: Any = trimesh.Trimesh(self.vertices, self.faces, process=False).convex_hull
        return Triangles(np.asarray(shape.vertices, dtype=np.float64), np.asarray(shape.faces, dtype=np.int64))

    @cached_property
    def corners(self) -> Floats:
        """The triangles themselves, (m, 3, 3) in metres."""
        return np.asarray(self.vertices[self.faces], dtype=np.float64)


@dataclass(slots=True)
class MeshStore:
    """Meshes below a root folder, each read once, when first asked for. Paths may not lead out of it."""

    root: Path
    _meshes: dict[Box | Mesh, Triangles] = field(default_factory=dict)

    def expect(self, shape: Box | Mesh) -> None:
        """See that a shape's file is there, unread. Raises NotFound."""
        if isinstance(shape, Mesh) and shape not in self._meshes:
            self._file(shape.path)

    def get(self, shape: Box | Mesh) -> Triangles:
        """Return a shape's surface. Raises NotFound for a missing file, BadInput for one that is no mesh."""
        if shape not in self._meshes:
            self._meshes[shape] = _box(shape) if isinstance(shape, Box) else self._read(shape.path)
        return self._meshes[shape]

    def _file(self, path: str) -> Path:
        file = (self.root / path).resolve()
        if not file.is_relative_to(self.root.resolve()) or not file.is_file():
            raise NotFound(f"There is no mesh '{path}'.", remedy="Give a .glb file below the instructions folder.")
        return file

    def _read(self, path: str) -> Triangles:
        import trimesh

        file = self._file(path)
        try:
            solids: list[Any] = [
                thing for thing in trimesh.load_scene(file).dump() if isinstance(thing, trimesh.Trimesh)
            ]
            loaded: Any = trimesh.util.concatenate(solids)
        except Exception as error:
            raise BadInput(
                f"The mesh '{path}' can't be read: {error}.", remedy="Export it anew as binary glTF."
            ) from error
        finishes = tuple((finish_of(getattr(one.visual, "material", None)), len(one.faces)) for one in solids)
        return Triangles(
            np.asarray(loaded.vertices, dtype=np.float64), np.asarray(loaded.faces, dtype=np.int64), finishes
        )


def _box(box: Box) -> Triangles:
    import trimesh

    made: Any = trimesh.creation.box(extents=box.size_m)
    return Triangles(np.asarray(made.vertices, dtype=np.float64), np.asarray(made.faces, dtype=np.int64))


def moved(points: Floats, pose: Pose) -> Floats:
    """Return points (..., 3) of a frame in the coordinates that its pose is given in."""
    matrix = pose.matrix()
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3], dtype=np.float64)


def first_hits(origins: Floats, direction: Floats, triangles: Floats) -> Floats:
    """Return how far along `direction` each ray from `origins` (n, 3) first meets a triangle (m, 3, 3); inf for never.

    Hits behind the origin do not count. T. Moeller and B. Trumbore, "Fast, minimum storage ray/triangle
    intersection", 1997, for one common direction.
    """
    if not len(triangles) or not len(origins):
        return np.full(len(origins), np.inf)
    prepared = _prepared(direction, triangles)
    return np.concatenate(
        [
            _hits(origins[at : at + RAYS_AT_ONCE], direction, prepared).min(axis=1, initial=np.inf)
            for at in range(0, len(origins), RAYS_AT_ONCE)
        ]
    )


def enclosed(points: Floats, triangles: Floats) -> Bools:
    """Tell which points (n, 3) are inside closed solids of triangles (m, 3, 3); solids may overlap."""
    if not len(triangles) or not len(points):
        return np.zeros(len(points), dtype=np.bool_)
    prepared = _prepared(ASKEW, triangles)
    out = np.sign(prepared[4])  # whether a ray enters or leaves at a triangle
    return np.concatenate(
        [
            np.where(np.isfinite(_hits(points[at : at + RAYS_AT_ONCE], ASKEW, prepared)), out, 0.0).sum(axis=1) != 0.0
            for at in range(0, len(points), RAYS_AT_ONCE)
        ]
    )


def _prepared(direction: Floats, triangles: Floats) -> Prepared:
    corner = triangles[:, 0]
    edge_1, edge_2 = triangles[:, 1] - corner, triangles[:, 2] - corner
    across = np.cross(direction, edge_2)
    scale = np.einsum("ij,ij->i", edge_1, across)
    usable = np.abs(scale) > 1e-15
    return corner[usable], edge_1[usable], edge_2[usable], across[usable], 1.0 / scale[usable]


def _hits(origins: Floats, direction: Floats, prepared: Prepared) -> Floats:
    """Return how far each ray meets each triangle, (rays, triangles); inf for not."""
    corner, edge_1, edge_2, across, inverse = prepared
    offset = origins[:, None, :] - corner[None]
    u = np.einsum("nmj,mj->nm", offset, across) * inverse
    turned = np.cross(offset, edge_1[None])
    v = turned @ direction * inverse
    t = np.einsum("nmj,mj->nm", turned, edge_2) * inverse
    slack = 1e-9
    hit = (u >= -slack) & (v >= -slack) & (u + v <= 1 + slack) & (t >= 0)
    return np.asarray(np.where(hit, t, np.inf))
