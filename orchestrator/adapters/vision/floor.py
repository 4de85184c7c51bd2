"""The floor that parts lie on, what is known to stand on it, and how high all that was measured rises above it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.vision.render import Region, View
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.vision.place import Crop
    from orchestrator.adapters.vision.render import Depth, Floats, Mask, Solids
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.locating import LocateRequest, Space

    Points = npt.NDArray[np.floating[Any]]

NEAR_M = 0.0015  # a point this near to a plane is on it, where the noise is less; thin parts must not tilt it
OFF_M = 0.003  # how far off a known floor may be for its points to be found at all
LEAST_REACH_M = 0.0004
NOISIER_M = (
    0.0008,
    0.0025,
)  # per z^2: what a camera may err by where no floor is found with the noise that it was said
TRIES = 160
SAMPLE = 4000
FITTED_PIXELS = 60_000  # that a floor is fitted to
LEAST_SHARE = 0.12  # of the points looked at that must lie on a floor
MOVED_M, TILTED_RAD = 0.006, math.radians(1.5)  # a known floor is put right by what is seen, by no more than this
BESIDE_M = 0.004  # how far outside of its space a pixel still counts
MOST_NOISE_M = 0.006  # per z^2: what errs more is not noise


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """One picture, seen from its floor. Pictures are (height, width) of `region`, metres.

    `floor` is a frame in the floor's plane, z up, in the world; `points` are what was measured in that frame
    (height, width, 3), `depth` is 0 where nothing was; `back` what is expected there without any part, inf where that
    is unknown; `usable` the pixels inside the space; `noise_m` of the camera, see `VisionSettings`.
    """

    crop: Crop
    region: Region
    floor: Pose
    points: Points
    depth: Depth
    back: Depth
    usable: Mask
    noise_m: float

    @property
    def view(self) -> View:
        """All its rays."""
        return View.over(self.region, self.crop.pose, self.crop.intrinsics)

    def sigma(self, depth: Depth, slack_m: float) -> Depth:
        """Return the noise expected at depths, one sigma in metres."""
        return np.asarray(np.hypot(self.noise_m * depth**2, slack_m), dtype=np.float32)


def ground_of(request: LocateRequest, crop: Crop, solids: Solids, settings: VisionSettings) -> Ground | None:
    """Find the floor in a picture, or put the known one right, and render what is known to be there.

    None when nothing was measured where the parts should be, or no floor is found there.

    Raises:
        VisionError: a mesh is missing or can't be read.
    """
    region = crop.region
    if region.width == 0 or region.height == 0:
        return None
    view = View.over(region, crop.pose, crop.intrinsics)
    shape = (region.height, region.width)
    depth = np.where(np.isfinite(crop.depth_m) & (crop.depth_m > 0), crop.depth_m, 0).astype(np.float32)
    known = np.full(shape, np.inf, dtype=np.float32)
    for thing in request.around:
        np.minimum(known, view.depth(solids.get(thing.mesh), thing.pose).reshape(shape), out=known)
    stride = max(1, round(math.sqrt(depth.size / FITTED_PIXELS)))
    some = (slice(None, None, stride), slice(None, None, stride))
    rays = view.grid(*some).astype(np.float64)
    few, few_known = depth[some].ravel(), known[some].ravel()
    camera = crop.pose.matrix()
    world = (rays * few[:, None]) @ camera[:3, :3].T + camera[:3, 3]
    inside = (few > 0) & _within(request.space, Pose(), world)
    if int(inside.sum()) < 50:
        return None
    middle = float(np.median(few[inside]))
    for noise_m in sorted({settings.noise_m, *(more for more in NOISIER_M if more > settings.noise_m)}):
        width = max(NEAR_M, 2.5 * noise_m * middle**2)
        free = world[inside & ~(np.abs(few - few_known) < 2 * width)]
        plane = _floor(request, free if len(free) > SAMPLE / 10 else world[inside], crop.pose, width)
        if plane is not None:
            break
    else:
        return None
    floor, spread = plane
    noise = float(np.clip(spread / middle**2, settings.noise_m, MOST_NOISE_M))
    back = np.minimum(known, _plane_depth(floor, crop.pose, view).reshape(shape))
    to_floor = (floor.inverse() @ crop.pose).matrix()
    points = np.empty((*shape, 3), dtype=np.float32)
    for axis in range(3):
        points[..., axis] = _along(view, to_floor[axis, :3]) * depth + np.float32(to_floor[axis, 3])
    usable = (depth > 0) & _within(request.space, floor, points.reshape(-1, 3)).reshape(shape)
    return Ground(crop, region, floor, points, depth, back, usable, noise)


def _along(view: View, axis: Floats) -> Depth:
    """Return how far each ray of a region's view (rows, columns) goes along an axis in the camera's frame."""
    across, down = view.axes
    x, y, z = axis.astype(np.float32)
    return np.asarray((across * x)[None, :] + (down * y + z)[:, None])


def _within(space: Space | None, frame: Pose, points: Points) -> Mask:
    """Tell which points (n, 3) of a frame in the world are inside a space, a little outside included."""
    if space is None:
        return np.ones(len(points), dtype=bool)
    inverse = (space.pose.inverse() @ frame).matrix().astype(points.dtype)
    inside = np.ones(len(points), dtype=bool)
    for axis, size_m in enumerate(space.size_m):
        inside &= np.abs(points @ inverse[axis, :3] + inverse[axis, 3]) <= size_m / 2 + BESIDE_M
    return inside


def _floor(request: LocateRequest, points: Floats, camera: Pose, width_m: float) -> tuple[Pose, float] | None:
    """Return the floor's frame and the points' spread about it (one sigma, m)."""
    if request.floor is not None:
        up, origin = np.array(request.floor.z_axis), np.array(request.floor.p)
    else:
        if len(points) < 100:
            return None
        found = _largest_plane(points, camera, width_m)
        if found is None:
            return None
        up, origin = found
    first_m = width_m if request.floor is None else max(width_m, OFF_M)
    fitted = _fitted(points, up, origin, first_m, width_m)
    if fitted is None:
        return None if request.floor is None else (request.floor, 0.0)
    better, middle, spread = fitted
    if request.floor is not None:
        moved = abs(float((middle - origin) @ up))
        if moved > MOVED_M or float(better @ up) < math.cos(TILTED_RAD):
            return request.floor, 0.0
        origin = np.array(request.floor.p)
        origin = origin - better * float((origin - middle) @ better)
        return _frame(better, origin, request.floor), spread
    return _frame(better, middle, camera), spread


def _largest_plane(points: Floats, camera: Pose, width_m: float) -> tuple[Floats, Floats] | None:
    """Return the normal towards the camera, and a point, of the plane that most points lie on.

    M. A. Fischler and R. C. Bolles, "Random sample consensus", Communications of the ACM 24, 1981; seeded.
    """
    random = np.random.default_rng(0)
    some = points[random.choice(len(points), size=min(SAMPLE, len(points)), replace=False)]
    best, plane = 0, None
    for _ in range(TRIES):
        a, b, c = some[random.choice(len(some), size=3, replace=False)]
        normal = np.cross(b - a, c - a)
        length = float(np.linalg.norm(normal))
        if length < 1e-7:
            continue
        normal = normal / length
        count = int((np.abs((some - a) @ normal) < width_m).sum())
        if count > best:
            best, plane = count, (normal, a)
    if plane is None or best < LEAST_SHARE * len(some):
        return None
    normal, point = plane
    return (normal if float((np.array(camera.p) - point) @ normal) > 0 else -normal), point


def _fitted(
    points: Floats, up: Floats, origin: Floats, first_m: float, width_m: float
) -> tuple[Floats, Floats, float] | None:
    """Return a plane near another by least squares (normal, a point, one sigma), its outliers left out."""
    spread = first_m
    for reach in (first_m, width_m, width_m, width_m):
        high = (points - origin) @ up
        chosen = points[np.abs(high) < min(reach, max(3 * spread, LEAST_REACH_M))]
        if len(chosen) < max(100, LEAST_SHARE * len(points) / 2):
            return None
        if len(chosen) > 20 * SAMPLE:
            chosen = chosen[:: len(chosen) // (20 * SAMPLE) + 1]
        origin = chosen.mean(axis=0)
        _, vectors = np.linalg.eigh(np.cov((chosen - origin).T))
        normal = vectors[:, 0]
        up = normal if float(normal @ up) > 0 else -normal
        spread = 1.4826 * float(np.median(np.abs((chosen - origin) @ up)))
    return up, origin, spread


def _frame(up: Floats, origin: Floats, near: Pose) -> Pose:
    """Return a frame with this z and origin whose x is as near as can be to that of another frame."""
    x = near.matrix()[:3, 0]
    x = x - up * float(x @ up)
    if float(np.linalg.norm(x)) < 0.1:
        x = np.cross(near.matrix()[:3, 1], up)
    x = x / np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([x, np.cross(up, x), up])
    matrix[:3, 3] = origin
    return Pose.from_matrix(matrix)


def _plane_depth(floor: Pose, camera: Pose, view: View) -> Depth:
    """Return the depth of the floor for each ray of a view; inf where a ray does not meet it."""
    seen = (camera.inverse() @ floor).matrix()
    normal, point = seen[:3, 2], seen[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.float32(point @ normal) / _along(view, normal)
    return np.where((depth > 0) & np.isfinite(depth), depth, np.float32(np.inf))
