"""Meshes from files of any maker: whatever a ray can meet is kept, what would lead astray is refused by name.

Ray casting needs neither closed surfaces nor outward normals, so holes, flipped and doubled faces do no harm.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.vision.ply_file import read_polygons
from orchestrator.core.errors import VisionError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Faces = npt.NDArray[np.int64]

KINDS = (".glb", ".gltf", ".ply", ".obj", ".stl", ".off")
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
MOST_BYTES = 1_000_000_000
MOST_FACES = 20_000_000  # more are refused before they are worked on
CAST_FACES = 2_000_000  # up to here as they are, 0.2 GB; more are thinned out
CELL_M, COARSEST_M = 0.00005, 0.0004  # of the grid on which corners are merged to thin a mesh out
LARGEST_M, SMALLEST_M = 5.0, 0.0005  # longest edge of the box of anything that is assembled by hand or cobot


@dataclass(frozen=True, slots=True, eq=False)
class ReadMesh:
    """A mesh in metres: `vertices` (n, 3), `faces` (m, 3) indices into them. `notes` say what was done to it."""

    vertices: Floats
    faces: Faces
    notes: tuple[str, ...] = field(default=())

    @property
    def size_m(self) -> Floats:
        """The edges of its box, (3,)."""
        return np.asarray(np.ptp(self.vertices, axis=0))

    def shown(self) -> str:
        """Say its size, for people."""
        return _box(self.size_m * 1000, "mm")


def read_mesh(path: Path, *, unit: str | None = None, name: str = "", distance_m: float | None = None) -> ReadMesh:
    """Read a mesh and bring it to metres; every node of a file with its transform, without textures.

    `unit` is the file's unit, one of `UNITS`; without it metres. `name` is what errors call it, `distance_m` how far
    from the camera it is seen, where that is known.

    Raises:
        VisionError: it can't be read or understood (bad_mesh), has no faces or too many (bad_mesh), or its size tells
            that its unit is another (bad_unit).
    """
    name = name or path.name
    if unit is not None and unit not in UNITS:
        raise VisionError(f"There is no unit '{unit}'.", remedy=f"Choose one of {', '.join(UNITS)}.", code="bad_unit")
    vertices, faces = _loaded(path, name)
    vertices, faces, notes = _cleaned(vertices, faces, name)
    size = np.ptp(vertices, axis=0)
    _right_unit(size, unit, name, distance_m)
    vertices = vertices * UNITS[unit or "m"]
    if len(faces) > CAST_FACES:
        vertices, faces, note = _thinned(vertices, faces, name)
        notes.append(note)
    return ReadMesh(vertices, faces, tuple(notes))


def _bad(message: str, remedy: str = "Export it again as GLB, in metres, z up, with faces.") -> VisionError:
    return VisionError(message, remedy=remedy, code="bad_mesh")


def _loaded(path: Path, name: str) -> tuple[Floats, Faces]:
    import trimesh

    kind = path.suffix.lower()
    if kind not in KINDS:
        raise _bad(f"The mesh {name} is of no kind that is read.", f"Export it as one of {', '.join(KINDS)}.")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _bad(f"The mesh {name} is larger than {MOST_BYTES // 10**9} GB.", "Simplify it.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scene = trimesh.load_scene(path, process=False, skip_materials=True)
            bodies = [body for body in scene.dump() if isinstance(body, trimesh.Trimesh) and len(body.faces)]
    except VisionError:
        raise
    except Exception as error:  # a loader of many formats raises anything
        polygons = _polygons(path) if kind == ".ply" else None
        if polygons is not None:
            return polygons
        raise _bad(f"The mesh {name} can't be understood: {str(error) or type(error).__name__}.") from error
    if not bodies:
        what = "points" if any(len(getattr(body, "vertices", ())) for body in scene.geometry.values()) else "nothing"
        raise _bad(f"The mesh {name} has no faces, points only." if what == "points" else f"The mesh {name} is empty.")
    counts = np.cumsum([0] + [len(body.vertices) for body in bodies])
    vertices = np.concatenate([np.asarray(body.vertices, dtype=np.float64) for body in bodies])
    faces = np.concatenate([np.asarray(body.faces, np.int64) + at for body, at in zip(bodies, counts, strict=False)])
    return vertices, faces


def _polygons(path: Path) -> tuple[Floats, Faces] | None:
    """Return the faces of a PLY that trimesh can't read as its polygons differ in size; None where it is no such."""
    try:
        vertices, faces = read_polygons(path, MOST_FACES)
    except (ValueError, LookupError):  # a file that lies: what trimesh said of it is told
        return None
    return (vertices, faces) if len(faces) else None


def _cleaned(vertices: Floats, faces: Faces, name: str) -> tuple[Floats, Faces, list[str]]:
    """Drop what no ray can meet: corners of no face, faces without an area, faces given twice."""
    if len(faces) > MOST_FACES:
        raise _bad(f"The mesh {name} has {len(faces):,} faces.", f"Simplify it to {CAST_FACES:,} or fewer.")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise _bad(f"The mesh {name} has faces whose corners don't exist.")
    if not np.isfinite(vertices[faces].reshape(-1)).all():
        raise _bad(f"The mesh {name} holds points that are not numbers.")
    notes = []
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    flat = ~np.any(np.cross(b - a, c - a), axis=1)
    if flat.all():
        raise _bad(f"The mesh {name} has no face with an area.")
    if flat.any():
        faces = faces[~flat]
        notes.append(f"{int(flat.sum()):,} faces without area left out")
    first = np.zeros(0, np.int64)
    if len(faces) <= CAST_FACES:  # more are thinned out, which takes much longer with this
        first = np.unique(np.sort(faces, axis=1), axis=0, return_index=True)[1]
    if 0 < len(first) < len(faces):
        notes.append(f"{len(faces) - len(first):,} faces given twice left out")
        faces = faces[np.sort(first)]
    used, faces = np.unique(faces, return_inverse=True)
    return vertices[used], np.asarray(faces.reshape(-1, 3), dtype=np.int64), notes


def _right_unit(size: Floats, unit: str | None, name: str, distance_m: float | None) -> None:
    """Refuse a mesh that, taken in this unit, is no size of a part, or larger than what can be seen from there."""
    longest = float(size.max())
    told = unit or "m"
    longest_m = longest * UNITS[told]
    limit_m = LARGEST_M if distance_m is None else min(LARGEST_M, 4 * distance_m)
    if SMALLEST_M <= longest_m <= limit_m:
        return
    fits = [other for other, scale in UNITS.items() if 0.005 <= longest * scale <= min(limit_m, 2.0)]
    likely = "mm" if "mm" in fits and longest_m > limit_m else fits[0] if fits else None
    box, seen = _box(size, ""), f", seen from {distance_m:.2f} m" if distance_m is not None else ""
    units = {"m": "metres", "cm": "centimetres", "mm": "millimetres", "inch": "inches"}
    raise VisionError(
        f"The mesh {name} measures {box} in its own units: in {units[told]} that is {longest_m:.4g} m{seen}.",
        remedy=(
            f"It looks like {units[likely]}: say --unit {likely}, or export it in metres."
            if likely
            else f"Say --unit with one of {', '.join(UNITS)}, or export it in metres."
        ),
        code="bad_unit",
    )


def _box(size: Floats, unit: str) -> str:
    return f"{' x '.join(f'{v:.4g}' for v in size)} {unit}".strip()


def _thinned(vertices: Floats, faces: Faces, name: str) -> tuple[Floats, Faces, str]:
    """Merge corners on a grid, as fine as it may be, until rays can be cast at the faces that are left.

    No corner moves further than the cell's diagonal; see Rossignac and Borrel, Multi-resolution 3D approximations for
    rendering complex scenes (1993).
    """
    before, cell_m = len(faces), CELL_M
    low = vertices.min(axis=0)
    while cell_m <= COARSEST_M:
        keys = np.floor((vertices - low) / cell_m).astype(np.int64)
        span = keys.max(axis=0) + 1
        cells, group = np.unique((keys[:, 0] * span[1] + keys[:, 1]) * span[2] + keys[:, 2], return_inverse=True)
        merged = group.reshape(-1)[faces]
        kept = (merged[:, 0] != merged[:, 1]) & (merged[:, 1] != merged[:, 2]) & (merged[:, 0] != merged[:, 2])
        if int(kept.sum()) <= CAST_FACES:
            count = np.bincount(group.reshape(-1), minlength=len(cells))
            means: Any = np.empty((len(cells), 3))
            for axis in range(3):
                means[:, axis] = np.bincount(group.reshape(-1), vertices[:, axis], len(cells)) / count
            moved_mm = float(np.abs(means[group.reshape(-1)] - vertices).max()) * 1000
            left = f"{before:,} faces thinned out to {int(kept.sum()):,}"
            note = f"{left}, which moved no corner by more than {moved_mm:.2f} mm along an axis"
            return means, merged[kept], note
        cell_m *= 2
    raise _bad(f"The mesh {name} has {before:,} faces.", f"Simplify it to {CAST_FACES:,} or fewer.")
