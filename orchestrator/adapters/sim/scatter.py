"""How parts truly come to lie when they are tipped out: each on a side that it can rest on, none on another.

It knows nothing of how vision looks for them; both work the sides out for themselves.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.core.errors import SetupError
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.sim.meshes import Triangles

    Floats = npt.NDArray[np.float64]

APART_M = 0.004  # between the outlines of two parts at least
TALL = 2.2  # a part whose centre of mass would be as many times as high as it can be topples, as a ring on its rim does
FLAT = 0.99999  # cosine between faces of one side
TRIES, STARTS = 200, 60  # places that are tried for a part, and how often all is tipped out anew
DIRECTIONS = 36  # along which two outlines may be apart


def rests(mesh: Triangles) -> list[tuple[Pose, float]]:
    """Return the poses in which a part can stand on a floor at z = 0, about its centre of mass, and how often it does.

    A side is a face of the convex hull with the centre of mass above it; its share is the solid angle under which the
    centre sees it.
    """
    from scipy.spatial import ConvexHull

    points = mesh.hull
    centre = _centre_of_mass(mesh)
    hull = ConvexHull(points)
    sides: list[tuple[Floats, list[int]]] = []
    for face, normal in enumerate(hull.equations[:, :3]):
        same = next((found for other, found in sides if float(other @ normal) > FLAT), None)
        if same is None:
            sides.append((normal, [face]))
        else:
            same.append(face)
    found = []
    for normal, faces in sides:
        turn = _down(normal)
        lying = (points - centre) @ turn.T
        corners = lying[np.unique(hull.simplices[faces])]
        if not _under(corners[:, :2]):
            continue
        share = sum(_solid_angle(points[simplex] - centre) for simplex in hull.simplices[faces])
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = turn, -turn @ centre
        matrix[2, 3] -= float(lying[:, 2].min())
        found.append((Pose.from_matrix(matrix), share))
    heights = [pose.apply(centre.tolist())[2] for pose, _ in found]
    stays = [item for item, height_m in zip(found, heights, strict=True) if height_m < TALL * min(heights)]
    whole = sum(share for _, share in stays)
    return sorted(((pose, share / whole) for pose, share in stays), key=lambda item: -item[1])


def scattered(
    mesh: Triangles, count: int, floor: Pose, size_m: tuple[float, float], random: np.random.Generator
) -> list[Pose]:
    """Return where `count` parts of a kind come to lie on a floor of `size_m` (x, y) around `floor`, in the world.

    Raises SetupError where so many don't fit side by side.
    """
    lying = rests(mesh)
    shares = np.array([share for _, share in lying])
    room = np.array(size_m) / 2
    for _ in range(STARTS):
        out: list[Pose] = []
        taken: list[Floats] = []
        for _ in range(count):
            rest = lying[int(random.choice(len(lying), p=shares / shares.sum()))][0]
            placed = _placed(mesh.hull, rest, room, taken, random)
            if placed is None:
                break
            taken.append(placed[0])
            out.append((floor @ placed[1]).rounded())
        if len(out) == count:
            return out
    raise SetupError(
        f"{count} parts don't fit side by side on {size_m[0] * 1000:.0f} x {size_m[1] * 1000:.0f} mm.",
        remedy="Let the bin hold fewer, or make size_mm larger.",
    )


def _placed(
    points: Floats, rest: Pose, room: Floats, taken: list[Floats], random: np.random.Generator
) -> tuple[Floats, Pose] | None:
    """Return a part's outline (n, 2) and pose in the floor's frame where it meets no other; None after a while."""
    for _ in range(TRIES):
        turned = Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, float(random.uniform(-math.pi, math.pi)))) @ rest
        matrix = turned.matrix()
        flat = (points @ matrix[:3, :3].T + matrix[:3, 3])[:, :2]
        least, most = -room - flat.min(axis=0), room - flat.max(axis=0)
        if (least > most).any():
            continue
        spot = random.uniform(least, most)
        outline = flat + spot
        if all(_apart(outline, other) for other in taken):
            return outline, Pose((float(spot[0]), float(spot[1]), 0.0)) @ turned
    return None


def _apart(one: Floats, other: Floats) -> bool:
    """Tell whether two convex outlines are apart, by separating directions."""
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    ways = np.stack([np.cos(angles), np.sin(angles)])
    a, b = one @ ways, other @ ways
    before = a.max(axis=0) + APART_M < b.min(axis=0)
    return bool((before | (b.max(axis=0) + APART_M < a.min(axis=0))).any())


def _under(corners: Floats) -> bool:
    """Tell whether the centre of mass, at the origin, is above a side with these corners (n, 2)."""
    from scipy.spatial import ConvexHull

    return bool((ConvexHull(corners).equations[:, 2] < 0).all())


def _down(normal: Floats) -> Floats:
    """Return the rotation (3, 3) that turns a unit normal straight down."""
    z = -normal
    x = np.cross((0.0, 1.0, 0.0) if abs(z[1]) < 0.9 else (1.0, 0.0, 0.0), z)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(z, x), z])


def _solid_angle(corners: Floats) -> float:
    """Return the solid angle of a triangle (3, 3) from the origin (A. van Oosterom, J. Strackee, 1983)."""
    a, b, c = corners
    la, lb, lc = (float(np.linalg.norm(corner)) for corner in corners)
    over = la * lb * lc + float(a @ b) * lc + float(a @ c) * lb + float(b @ c) * la
    return abs(2 * math.atan2(float(a @ np.cross(b, c)), over))


def _centre_of_mass(mesh: Triangles) -> Floats:
    """Return the centre of a closed surface's volume, (3,) in metres; of its corners where it holds none."""
    a, b, c = (mesh.corners[:, k] for k in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6
    whole = float(volume.sum())
    if abs(whole) < 1e-12:
        return np.asarray(mesh.hull.mean(axis=0))
    return np.asarray(((a + b + c) / 4 * volume[:, None]).sum(axis=0) / whole)
