"""What a part's GLB says by itself: its box, its named frames, its symmetry, a grasp for simple shapes.

The container is read here with numpy alone: importing a mesh library would cost more than all the files of a product.
Layout: glTF 2.0 specification, sections 3.6 (accessors) and 4 (GLB).
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.core.errors import BadInput
from orchestrator.core.geometry import IDENTITY, Pose, Vector
from orchestrator.core.variant import Grasp

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

FINGERS_M = 0.080  # widest part that a default grasp closes on: an 85 mm gripper, less what seeing and fingers need
BELOW_TOP_M = 0.012  # how far fingers reach down
_UNREADABLE = (  # what a lying header, tree or accessor leads to
    struct.error,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    MemoryError,
    OverflowError,
    RecursionError,
)
ROUND_FROM = 16  # facets from which an evenly spaced ring counts as a circle
SAME_M = 2e-5  # vertices closer than this are one: float32 and merging leave micrometres
_COMPONENT = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class MeshFacts:
    """One GLB, metres, z up. `triangles` has shape (n, 3, 3)."""

    sha256: str
    low_m: Vector
    high_m: Vector
    frames: dict[str, Pose] = field(default_factory=dict)
    symmetry_z: int | None = None
    triangles: Floats = field(default_factory=lambda: np.empty((0, 3, 3)), repr=False, compare=False)

    @property
    def size_m(self) -> Vector:
        """The box's edges in metres."""
        x, y, z = (b - a for a, b in zip(self.low_m, self.high_m, strict=True))
        return (x, y, z)

    def grasps(self) -> dict[str, Grasp]:
        """Return grasps from above across the box's middle, the narrow side first; none for wide parts."""
        x, y, z = self.size_m
        depth = self.low_m[2] + max(z - BELOW_TOP_M, z / 2)
        centre = ((self.low_m[0] + self.high_m[0]) / 2, (self.low_m[1] + self.high_m[1]) / 2, depth)
        sides = sorted([(x, math.pi / 2, "top_x"), (y, 0.0, "top_y")], key=lambda side: side[0])
        return {
            name: Grasp(pose=Pose.from_rpy(centre, (math.pi, 0.0, yaw)).rounded(), opening_m=round(width, 6))
            for width, yaw, name in sides
            if 0 < width <= FINGERS_M
        }

    def hits(self, origin: Vector, direction: Vector) -> float | None:
        """Return how far a ray (m) runs to the surface, or None where it leaves freely (Möller and Trumbore, 1997)."""
        a, b, c = (self.triangles[:, k] for k in range(3))
        d = np.asarray(direction)
        e1, e2 = b - a, c - a
        p = np.cross(d, e2)
        det = np.einsum("ij,ij->i", e1, p)
        with np.errstate(divide="ignore", invalid="ignore"):
            s = np.asarray(origin) - a
            u = np.einsum("ij,ij->i", s, p) / det
            q = np.cross(s, e1)
            v = q @ d / det
            t = np.einsum("ij,ij->i", e2, q) / det
            ok = (np.abs(det) > 1e-15) & (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 1e-5)
        return float(t[ok].min()) if ok.any() else None


class MeshShelf:
    """Meshes that were read, kept until their files change."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int, int], MeshFacts] = {}

    def read(self, path: Path) -> MeshFacts:
        """Return the facts of a GLB.

        Raises:
            BadInput: the file is no GLB that can be read.
            OSError: the file can't be opened.
        """
        stat = path.stat()
        key = (str(path), stat.st_mtime_ns, stat.st_size)
        if key not in self._kept:
            self._kept[key] = read_mesh(path.read_bytes(), path.name)
        return self._kept[key]


def read_mesh(raw: bytes, name: str) -> MeshFacts:
    """Read a GLB from its bytes; BadInput where it is none."""
    try:
        tree, blob = _chunks(raw)
        triangles, frames = _scene(tree, blob)
    except _UNREADABLE as error:
        why = error if isinstance(error, ValueError) else "it ends too early or lacks a key"
        remedy = "Export it anew: binary glTF 2.0, uncompressed."
        raise BadInput(f"'{name}' is not a GLB that can be read: {why}.", remedy=remedy) from error
    if not len(triangles):
        raise BadInput(f"'{name}' holds no triangles.", remedy="Export the solid with the frames.")
    points = triangles.reshape(-1, 3)
    if not np.isfinite(points).all():
        raise BadInput(f"'{name}' holds points that are not numbers.", remedy="Export it anew.")
    low, high = (tuple(round(float(v), 6) + 0.0 for v in corner) for corner in (points.min(0), points.max(0)))
    return MeshFacts(
        sha256=hashlib.sha256(raw).hexdigest(),
        low_m=(low[0], low[1], low[2]),
        high_m=(high[0], high[1], high[2]),
        frames=frames,
        symmetry_z=symmetry_about_z(points),
        triangles=triangles,
    )


def _chunks(raw: bytes) -> tuple[dict[str, Any], bytes]:
    magic, version, _ = struct.unpack_from("<4sII", raw)
    if magic != b"glTF" or version != 2:
        raise ValueError("no glTF 2.0 header")
    size, kind = struct.unpack_from("<I4s", raw, 12)
    if kind != b"JSON":
        raise ValueError("no JSON chunk")
    tree = json.loads(raw[20 : 20 + size])
    rest = raw[20 + size :]
    if required := set(tree.get("extensionsRequired", ())):
        raise ValueError(f"needs {', '.join(sorted(required))}")
    return tree, rest[8 : 8 + struct.unpack_from("<I", rest)[0]] if len(rest) >= 8 else b""


def _accessor(tree: dict[str, Any], blob: bytes, index: int) -> npt.NDArray[Any]:
    entry = tree["accessors"][index]
    view = tree["bufferViews"][entry["bufferView"]]
    dtype = np.dtype(_COMPONENT[entry["componentType"]])
    width, count = _WIDTH[entry["type"]], entry["count"]
    start = view.get("byteOffset", 0) + entry.get("byteOffset", 0)
    stride = view.get("byteStride", dtype.itemsize * width)
    shape, strides = (count, width), (stride, dtype.itemsize)
    return np.ndarray(shape, dtype, buffer=blob, offset=start, strides=strides).copy()


def _scene(tree: dict[str, Any], blob: bytes) -> tuple[Floats, dict[str, Pose]]:
    nodes = tree.get("nodes", [])
    children = {child for node in nodes for child in node.get("children", ())}
    triangles: list[Floats] = []
    frames: dict[str, Pose] = {}
    edge = [(index, np.eye(4)) for index in range(len(nodes)) if index not in children]
    for index, above in edge:  # grows while it runs: children follow their parents
        if len(edge) > len(nodes):
            raise ValueError("a node has two parents, or is its own ancestor")
        node = nodes[index]
        world = above @ _local(node)
        edge.extend((child, world) for child in node.get("children", ()))
        if "mesh" in node:
            solids = [p for p in tree["meshes"][node["mesh"]]["primitives"] if p.get("mode", 4) == 4]
            triangles.extend(_triangles(tree, blob, primitive, world) for primitive in solids)
        elif node.get("name"):
            frames[node["name"]] = Pose.from_matrix(world).rounded()
    empty: Floats = np.empty((0, 3, 3))
    return np.concatenate(triangles) if triangles else empty, frames


def _triangles(tree: dict[str, Any], blob: bytes, primitive: dict[str, Any], world: Floats) -> Floats:
    points = _accessor(tree, blob, primitive["attributes"]["POSITION"]).astype(np.float64)
    points = points @ world[:3, :3].T + world[:3, 3]
    order = _accessor(tree, blob, primitive["indices"])[:, 0] if "indices" in primitive else np.arange(len(points))
    corners: Floats = points[order.astype(np.int64)].reshape(-1, 3, 3)
    return corners


def _local(node: dict[str, Any]) -> Floats:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    x, y, z, w = (float(v) for v in node.get("rotation", (0, 0, 0, 1)))
    px, py, pz = (float(v) for v in node.get("translation", (0, 0, 0)))
    out = Pose((px, py, pz), (w, x, y, z)).matrix() if "rotation" in node else Pose((px, py, pz), IDENTITY.q).matrix()
    out[:3, :3] *= np.array(node.get("scale", (1, 1, 1)), dtype=np.float64)
    return out


def symmetry_about_z(points: Floats) -> int | None:
    """Return the order of rotational symmetry of points (n, 3) in metres about z: 0 = any angle, None = none.

    Vertices are sorted into rings of one height and radius. A ring of evenly spaced vertices, sixteen or more, is a
    circle and constrains nothing; the order of the others is the largest that turns each onto itself.
    """
    rings = _rings(points)
    if rings is None:
        return None
    angular = [angles for radius, angles in rings if not _circle(angles)]
    if not angular:
        return 0
    common = math.gcd(*(len(angles) for angles in angular))
    reach = max(radius for radius, _ in rings)
    for order in range(common, 1, -1):
        if common % order == 0 and all(_turns(angles, order, SAME_M * 5 / reach) for angles in angular):
            return order
    return None


def _rings(points: Floats) -> list[tuple[float, Floats]] | None:
    """Group points by height and radius; None where something is on no ring, so that nothing is symmetric."""
    unique = np.unique(np.round(points, 6), axis=0)
    radius = np.hypot(unique[:, 0], unique[:, 1])
    off_axis = unique[radius > SAME_M * 5]
    out: list[tuple[float, Floats]] = []
    for level in _clusters(off_axis[:, 2]):
        layer = off_axis[level]
        radii = np.hypot(layer[:, 0], layer[:, 1])
        for ring in _clusters(radii):
            r = float(radii[ring].mean())
            angles = np.sort(np.mod(np.arctan2(layer[ring, 1], layer[ring, 0]), math.tau))
            apart = np.diff(angles, append=angles[0] + math.tau) * r > SAME_M * 5
            kept = angles[apart]
            if len(kept) < 2:
                return None
            out.append((r, kept))
    return out or None


def _clusters(values: Floats) -> list[Ints]:
    order = np.argsort(values, kind="stable")
    breaks = np.flatnonzero(np.diff(values[order]) > SAME_M) + 1
    return [group for group in np.split(order, breaks) if len(group)]


def _circle(angles: Floats) -> bool:
    gaps = np.diff(angles, append=angles[0] + math.tau)
    return len(angles) >= ROUND_FROM and bool(gaps.max() - gaps.min() < 0.02 * gaps.mean())


def _turns(angles: Floats, order: int, tolerance: float) -> bool:
    """Tell whether sorted angles (rad) fall onto themselves after a turn of one `order`-th."""
    shifted = np.roll(angles, -(len(angles) // order))
    delta = np.mod(shifted - angles - math.tau / order + math.pi, math.tau) - math.pi
    return bool(np.abs(delta).max() < max(tolerance, 1e-4))
