"""How a part can come to rest on a flat floor, and which of its poses look the same."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.render import ALIKE_M
from orchestrator.core.geometry import IDENTITY, Pose

if TYPE_CHECKING:
    from scipy.spatial import ConvexHull

    from orchestrator.adapters.vision.render import Floats, Solid

LIKELY = 0.02  # a resting pose that is taken less often than this is not looked for
MOST_RESTS = 8
SAME_SIDE_RAD = math.radians(6)  # two sides whose normals differ by less are one: a facet of something round
MARGIN = 0.02  # of the part's radius: how far inside its support the centre of mass must be
FOLDS = (2, 3, 4, 5, 6, 8, 12)
UP = np.array((0.0, 0.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Symmetry:
    """The turns about `centre` (m, part's frame) that leave a part's shape as it is.

    `turns` are rotation matrices (n, 3, 3), the identity first; `axis` is the unit axis about which any angle does,
    None where there is none.
    """

    centre: Floats
    turns: Floats
    axis: Floats | None = None

    def apart(self, one: Pose, other: Pose) -> tuple[float, float]:
        """Return how far two poses of the part differ: metres of its centre, rad of its turn, symmetry taken out."""
        a, b = one.matrix(), other.matrix()
        shift = float(np.linalg.norm((a - b)[:3, :3] @ self.centre + (a - b)[:3, 3]))
        turned = b[:3, :3] @ self.turns
        if self.axis is not None:
            cosines = (turned @ self.axis) @ (a[:3, :3] @ self.axis)
        else:
            cosines = (np.einsum("ij,nij->n", a[:3, :3], turned) - 1) / 2
        return shift, float(np.arccos(np.clip(cosines.max(), -1.0, 1.0)))

    def same_way(self, one: Floats, other: Floats) -> bool:
        """Tell whether two unit directions (3,) of the part's frame can't be told apart."""
        if self.axis is not None:
            others = self.turns @ other @ self.axis
            return bool(np.abs(others - one @ self.axis).min() < math.sin(SAME_SIDE_RAD))
        return bool((self.turns @ other @ one).max() > math.cos(SAME_SIDE_RAD))


@dataclass(frozen=True, slots=True)
class Rest:
    """One way to lie: `pose` is the part's in a frame on the floor, z up, at one yaw; `share` of throws end so.

    `height_m` is how high the part then stands; `period_rad` the yaw after which it looks the same (0: at any).
    """

    pose: Pose
    share: float
    height_m: float
    period_rad: float
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A solid with what its shape alone says; kept, as it takes a while to find."""

    solid: Solid
    symmetry: Symmetry
    rests: tuple[Rest, ...] = field(default=())


def shape_of(solid: Solid, symmetry_z: int | None) -> Shape:
    """Return a part's symmetry (that of its mesh and the declared one, see `Expected`) and its resting poses."""
    symmetry = _symmetry(solid, symmetry_z)
    return Shape(solid, symmetry, _rests(solid, symmetry))


# ---- symmetry --------------------------------------------------------------------------------------------------


def _symmetry(solid: Solid, declared: int | None) -> Symmetry:
    """Try turns about the mesh's axes, and turns over about axes square to z, on points of its surface."""
    points, centre = _surface(solid)
    if declared is not None:
        centre = np.array((0.0, 0.0, centre[2]))

    def fits(turn: Floats) -> bool:
        return float(solid.distance((points - centre) @ turn.T + centre).max()) < ALIKE_M

    axes = list(np.eye(3))
    found = [np.eye(3)]
    round_axis = UP if declared == 0 else None
    for axis in axes:
        if round_axis is None and all(fits(about(axis, angle)) for angle in (0.29, 1.01, 2.3)):
            round_axis = axis
    for axis in axes:
        if round_axis is None or abs(float(axis @ round_axis)) < 0.5:
            folds = FOLDS if round_axis is None else (2,)
            found += [about(axis, math.tau / n) for n in folds if fits(about(axis, math.tau / n))]
    if round_axis is None:
        tilted = [about(UP, math.radians(15 * k)) @ axes[0] for k in range(1, 12) if k != 6]
        found += [about(axis, math.pi) for axis in tilted if fits(about(axis, math.pi))]
        if declared:
            found.append(about(UP, math.tau / declared))
    return Symmetry(centre, _closed(found), round_axis)


def _surface(solid: Solid, count: int = 600) -> tuple[Floats, Floats]:
    """Return points spread over the surface (n, 3) and the surface's centre (3,)."""
    corners = solid.vertices[solid.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1) + 1e-15
    random = np.random.default_rng(0)
    chosen = random.choice(len(areas), size=count, p=areas / areas.sum())
    mix = random.dirichlet((1.0, 1.0, 1.0), size=count)
    points = np.einsum("nk,nki->ni", mix, corners[chosen])
    some = solid.vertices[np.linspace(0, len(solid.vertices) - 1, min(count, len(solid.vertices))).astype(int)]
    centre = (corners.mean(axis=1) * areas[:, None]).sum(axis=0) / areas.sum()
    return np.concatenate([points, some]), np.asarray(centre)


def _closed(generators: list[Floats]) -> Floats:
    """Return the group that some rotations generate, at most 120 elements."""
    group = [np.eye(3)]
    fresh = list(group)
    while fresh and len(group) < 120:
        made = [g @ f for g in generators for f in fresh]
        fresh = []
        for turn in made:
            if all(float(np.abs(turn - known).max()) > 1e-3 for known in group):
                group.append(turn)
                fresh.append(turn)
    return np.array(group)


# ---- rest ------------------------------------------------------------------------------------------------------


def _rests(solid: Solid, symmetry: Symmetry) -> tuple[Rest, ...]:
    """Return the sides of the convex hull that the centre of mass lies over, each with its share of throws.

    The share is the solid angle of the side seen from the centre of mass, as if the part fell without rolling on
    (D. Boothroyd and C. Ho, "Natural resting aspects of parts for automatic handling", J. Eng. Ind. 99, 1977).
    """
    from scipy.spatial import ConvexHull, QhullError

    points = np.unique(np.round(solid.vertices, 5), axis=0)
    try:
        hull = ConvexHull(points)
    except QhullError:  # flat: it lies on one of its faces
        return tuple(_rest(solid, symmetry, down, 0.5) for down in (-UP, UP))
    mass = _centre_of_mass(solid, hull)
    sides: list[tuple[Floats, float]] = []
    for normal, triangles in _sides(hull):
        if _over(points[np.unique(triangles)], normal, mass, MARGIN * solid.radius):
            angle = sum(_solid_angle(points[t] - mass) for t in triangles)
            _add(sides, symmetry, normal, angle)
    total = sum(share for _, share in sides) or 1.0
    likely = sorted(((share / total, way) for way, share in sides), key=lambda pair: -pair[0])
    kept = [pair for pair in likely if pair[0] >= LIKELY][:MOST_RESTS]
    return tuple(_rest(solid, symmetry, way, share) for share, way in kept)


def _add(sides: list[tuple[Floats, float]], symmetry: Symmetry, normal: Floats, angle: float) -> None:
    """Add a side, or its share to one that looks the same; of those the one nearest to an axis stays."""
    for i, (way, share) in enumerate(sides):
        if symmetry.same_way(way, normal) or float(way @ normal) > math.cos(SAME_SIDE_RAD):
            better = _squareness(normal) > _squareness(way)
            sides[i] = (normal if better else way, share + angle)
            return
    sides.append((normal, angle))


def _squareness(way: Floats) -> tuple[float, float]:
    return (round(float(np.abs(way).max()), 4), -round(float(way[2]), 4))


def _sides(hull: ConvexHull) -> list[tuple[Floats, Floats]]:
    """Return the hull's flat sides: outward normal (3,), triangles (n, 3)."""
    order = np.lexsort(np.round(hull.equations, 3).T)
    planes = np.empty((len(order), 4))
    members: list[list[Floats]] = []
    for i in order:
        plane, known = hull.equations[i], planes[: len(members)]
        same = (known[:, :3] @ plane[:3] > 0.99995) & (np.abs(known[:, 3] - plane[3]) < 5e-5)
        if same.any():
            members[int(same.argmax())].append(hull.simplices[i])
        else:
            planes[len(members)] = plane
            members.append([hull.simplices[i]])
    return [(plane[:3], np.array(some)) for plane, some in zip(planes, members, strict=False)]


def _over(corners: Floats, normal: Floats, mass: Floats, margin_m: float) -> bool:
    """Tell whether a centre of mass is above a flat side with corners (n, 3), and not nearly over its rim.

    Of a narrow side, a facet of something round, it may be a little beside: the part rolls to the next, which is alike.
    """
    from scipy.spatial import ConvexHull, QhullError

    basis = _upright(normal)[:2]
    flat, foot = corners @ basis.T, basis @ mass
    try:
        rim = ConvexHull(flat)
    except QhullError:
        return False
    inside = -(rim.equations[:, :2] @ foot + rim.equations[:, 2])
    axes = np.linalg.eigh(np.cov(flat.T))[1]
    width = float(np.ptp(flat @ axes, axis=0).min())
    return bool(inside.min() > (margin_m if width > 15 * margin_m else -1.5 * margin_m))


def _solid_angle(corners: Floats) -> float:
    """Return the solid angle of a triangle (3, 3) seen from the origin (Van Oosterom and Strackee, 1983)."""
    a, b, c = corners
    la, lb, lc = (float(np.linalg.norm(v)) for v in corners)
    below = la * lb * lc + float(a @ b) * lc + float(b @ c) * la + float(c @ a) * lb
    return abs(2 * math.atan2(float(a @ np.cross(b, c)), below))


def _centre_of_mass(solid: Solid, hull: ConvexHull) -> Floats:
    """Return the centre of the volume, or of the hull where the mesh encloses none."""
    corners = solid.vertices[solid.faces]
    volumes = np.einsum("ni,ni->n", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    total = float(volumes.sum())
    if 0.02 * hull.volume < total < 1.5 * hull.volume:
        centre = (corners.sum(axis=1) / 4 * volumes[:, None]).sum(axis=0) / total
        if bool((hull.equations[:, :3] @ centre + hull.equations[:, 3] < 0).all()):
            return np.asarray(centre)
    return np.asarray(hull.points[hull.vertices].mean(axis=0))


def _rest(solid: Solid, symmetry: Symmetry, down: Floats, share: float) -> Rest:
    turn = _upright(-down)
    heights = solid.vertices @ turn[2]
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[2, 3] = -float(heights.min())
    pose = Pose.from_matrix(matrix)
    return Rest(pose, share, float(np.ptp(heights)), _period(symmetry, down), _called(down))


def _upright(up: Floats) -> Floats:
    """Return a rotation (3, 3) that turns the unit direction `up` of the part to z; none where it is z already."""
    if up[2] > 1 - 1e-6:
        return np.eye(3)
    if up[2] < -1 + 1e-6:
        return np.diag((1.0, -1.0, -1.0))
    across = np.cross(up, UP)
    return about(across / np.linalg.norm(across), math.acos(float(np.clip(up[2], -1.0, 1.0))))


def _period(symmetry: Symmetry, down: Floats) -> float:
    """Return the least yaw (rad) after which a part that lies on this side looks the same; 0 where any does."""
    if symmetry.axis is not None and abs(float(symmetry.axis @ down)) > 0.999:
        return 0.0
    least = math.tau
    for turn in symmetry.turns:
        if float(turn @ down @ down) > 0.999:
            angle = math.acos(float(np.clip((np.trace(turn) - 1) / 2, -1.0, 1.0)))
            if angle > 0.01:
                least = min(least, angle)
    if symmetry.axis is not None and len(symmetry.turns) > 1:  # a bar lying flat, with equal ends
        least = min(least, math.pi)
    return least


def _called(down: Floats) -> str:
    """Return how a worker would call a resting pose, by the side that is down."""
    if down[2] < -0.98:
        return "upright"
    if down[2] > 0.98:
        return "upside down"
    axis = int(np.abs(down).argmax())
    if axis < 2 and abs(float(down[axis])) > 0.98:
        return f"on its {'-+'[int(down[axis] > 0)]}{'xyz'[axis]} side"
    return "on a slanted side"


def about(axis: Floats, angle: float) -> Floats:
    """Return the rotation matrix (3, 3) about a unit axis by an angle in rad (Rodrigues' formula)."""
    x, y, z = (float(v) for v in axis)
    cross = np.array(((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0)))
    return np.asarray(np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross)


def at_yaw(rest: Rest, yaw_rad: float) -> Pose:
    """Return a resting pose turned about the floor's z."""
    return Pose(IDENTITY.p, (math.cos(yaw_rad / 2), 0.0, 0.0, math.sin(yaw_rad / 2))) @ rest.pose
