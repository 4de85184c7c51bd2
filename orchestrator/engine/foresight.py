"""How well a camera will be able to tell a part's pose from where it stands, reckoned ahead of any picture.

It follows what the camera's judge does (`adapters/vision/judge.py`, which the engine can't import): every pixel of the
part tells by its noise how far the surface in it may have moved, every pixel along an outline how far the outline may,
and from both follows the covariance of the pose; floors, grain and datum are counted as there. Only pictures are not
taken: noise is what the camera's model says. All lengths are metres, angles radians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.engine.zbuffer import NEAR_M, Window, draw, transformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from orchestrator.core.camera import Noise
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import CheckRequest, Expected, Intrinsics
    from orchestrator.engine.mesh import MeshFacts
    from orchestrator.engine.zbuffer import Floats

    Mask = npt.NDArray[np.bool_]
    Meshes = Callable[[str], MeshFacts]

# What the judge does by default; a test holds these numbers to its own.
GUARD = 1.65
SLACK_M = 0.0001
FLOOR_PIXELS, FLOOR_M, FLOOR_RAD = 0.05, 0.00003, 0.0003
INFLATE, INFLATE_GRAIN = 1.0, 0.3
EXTRINSIC_M, EXTRINSIC_RAD = 0.0003, 0.0009
MARGIN_M, BESIDE_M = 0.016, 0.1
LEAST_PIXELS, LEAST_VISIBLE, LEAST_SHOWN = 20, 0.3, 0.1
PRIOR_M, KNOWN_M = 0.005, 0.00015
BAND_PIXELS, INNER_PIXELS = 1200, 400
FINE_PIXELS, FINE_M, CLIP_M = 1.25, 0.0015, 0.0012
CUT_SIGMA, LEAST_DIFFERENT, LEAST_TELLING = 4.0, 12, 5.0

TELLING_SIGMA = 1.0  # of the noise in a pixel that tells two apart
GRAZING = 0.2  # a surface that is met at a lesser cosine loses pixels
MOST_PIXELS = 120  # of a window's side: what is larger is drawn coarser
OUTLINE_PIXELS = 1.0  # how far one pixel of an outline tells where the outline runs, one sigma
OUTLINE_SIGMA = 0.4
SAMPLE_PIXELS = 0.7  # from one sample along an edge to the next
BAND_WIDTH = 6  # pixels across an outline that the judge takes for its band
JUMP_SIGMA, JUMP_M = 4.0, 0.001
FLAT = 0.9999  # cosine between faces in one plane
EDGE_M = 0.008  # a higher step makes pixels that float between its two sides
NOISY = 1.2  # variance of the judge's estimate over that of independent noise: it counts what it found on top


@dataclass(frozen=True, slots=True)
class Eye:
    """A camera as its pictures are reckoned: where it stands, its lens, its noise."""

    pose: Pose
    lens: Intrinsics
    noise: Noise


@dataclass(frozen=True, slots=True)
class Sight:
    """What one camera can tell of one result.

    `sigma` is one standard deviation per axis (x, y, z, about x, y, z of the result; m and rad) as the judge will claim
    it; `off` what an error of the camera's calibration adds where no datum is asked for that takes it out; `told` which
    axes this view can tell at all. `visible` is the share of the part's surface facing the camera that is in view,
    `pixels` how many pixels that are, `blind` whether the judge will refuse for want of them. `distance_m` is from
    lens to part. `datum` are those that are seen with it, `hidden` those that are not while none is, and
    `known` whether this camera has measured each of them before. `telling` is how
    much a picture tells the part from each of its look-alikes, by id: the log likelihood ratio that is expected.
    """

    sigma: tuple[float, ...]
    off: tuple[float, ...]
    told: tuple[bool, ...]
    visible: float
    pixels: int
    blind: bool
    distance_m: float
    datum: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    known: bool = False
    telling: Mapping[str, float] = field(default_factory=dict)

    @property
    def alike(self) -> tuple[str, ...]:
        """The look-alikes that no picture from here tells from the part."""
        return tuple(name for name, ratio in self.telling.items() if ratio < LEAST_TELLING)


def foresee(request: CheckRequest, eye: Eye, meshes: Meshes, before: frozenset[str] = frozenset()) -> Sight | None:
    """Reckon what a camera will be able to say to a request; None where the part is behind it or too near.

    `before` are the datum parts that it will have measured itself by then.

    Raises:
        BadInput, OSError: a mesh can't be read.
    """
    part = request.part
    body = _body(meshes(part.mesh))
    window = _window(body, part.pose, eye, MARGIN_M)
    if window is None:
        return None
    behind = _behind(part, request, window, eye, meshes)
    view = _View(body, part.pose, window, eye, behind)
    fit, told = _claimed(body, part, view, eye)
    known, used = _by_datum(request, eye, meshes)
    turn = part.pose.matrix()[:3, :3]
    lever = _to_origin(np.asarray(eye.pose.p) - transformed(part.pose, body.centre))
    trust = np.diag([EXTRINSIC_M**2] * 3 + [EXTRINSIC_RAD**2] * 3)
    earlier = None
    if known is None and request.datum and before.issuperset(one.id for one in request.datum):
        earlier = _by_earlier(request, eye, meshes)
    base, off = np.zeros(6), np.zeros(6)
    if not request.datum:  # a calibration is best where its boards lay, at the parts
        off = _seen_from(trust, turn, body.centre)
    else:  # claimed with the rest; where nothing is known, the judge takes the error for one of the camera's own pose
        unknown = known if known is not None else earlier if earlier is not None else lever @ trust @ lever.T
        base = _seen_from(unknown, turn, body.centre)
    sigma = np.hypot(fit, base)
    whole = view.whole
    least = max(LEAST_PIXELS, LEAST_VISIBLE * view.free_pixels, LEAST_SHOWN * whole)
    return Sight(
        sigma=tuple(float(v) for v in sigma),
        off=tuple(float(v) for v in off),
        told=told,
        visible=view.seen_pixels / whole if whole else 0.0,
        pixels=round(view.seen_pixels),
        blind=whole < LEAST_PIXELS or view.seen_pixels < least,
        distance_m=math.dist(eye.pose.p, part.pose.p),
        datum=used,
        hidden=() if used else tuple(one.id for one in request.datum),
        known=earlier is not None,
        telling={other.id: _telling(view, other, request.part, eye, meshes) for other in request.look_alikes},
    )


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A mesh's triangles (n, 3, 3), edges (m, 2, 3), corners (8, 3), middle and half the diagonal of its box."""

    triangles: Floats
    edges: Floats
    corners: Floats
    centre: Floats
    radius: float


def _body(facts: MeshFacts) -> Body:
    return _bodies(facts.sha256, _Held(facts))


class _Held:
    """A mesh beside a key: equal to every other, so that a cache goes by the key alone."""

    def __init__(self, facts: MeshFacts) -> None:
        self.facts = facts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=64)
def _bodies(sha256: str, held: _Held) -> Body:
    del sha256
    facts = held.facts
    points, corner = np.unique(np.round(facts.triangles.reshape(-1, 3), 6), axis=0, return_inverse=True)
    faces = corner.reshape(-1, 3)
    a, b, c = (facts.triangles[:, k] for k in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-30)[:, None]
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    order = np.lexsort((sides[:, 1], sides[:, 0]))
    of = order % len(faces)
    pairs, first, count = np.unique(sides[order], axis=0, return_index=True, return_counts=True)
    between = np.einsum("ij,ij->i", normals[of[first]], normals[of[np.minimum(first + 1, len(of) - 1)]])
    flat = (count == 2) & (np.abs(between) > FLAT)  # between two faces in one plane no outline can run
    pairs = pairs[~flat & (pairs[:, 0] != pairs[:, 1])]
    low, high = np.asarray(facts.low_m), np.asarray(facts.high_m)
    radius = max(float(np.linalg.norm(high - low)) / 2, 0.004)
    corners = np.array([[(low, high)[(i >> k) & 1][k] for k in range(3)] for i in range(8)])
    return Body(facts.triangles, points[pairs], corners, (low + high) / 2, radius)


def _window(body: Body, pose: Pose, eye: Eye, margin_m: float) -> Window | None:
    seen = transformed(eye.pose.inverse() @ pose, body.corners)
    near = float(seen[:, 2].min())
    if near < NEAR_M:
        return None
    lens = eye.lens
    u = seen[:, 0] / seen[:, 2] * lens.fx + lens.cx
    v = seen[:, 1] / seen[:, 2] * lens.fy + lens.cy
    du, dv = margin_m / near * lens.fx, margin_m / near * lens.fy
    left, top = max(math.floor(u.min() - du), -lens.width), max(math.floor(v.min() - dv), -lens.height)
    right, bottom = min(math.ceil(u.max() + du) + 1, 2 * lens.width), min(math.ceil(v.max() + dv) + 1, 2 * lens.height)
    return _strided(lens, left, top, right, bottom)


def _strided(lens: Intrinsics, left: int, top: int, right: int, bottom: int) -> Window | None:
    if right <= left or bottom <= top:
        return None
    stride = max(1, math.ceil(max(right - left, bottom - top) / MOST_PIXELS))
    return Window(lens, left, top, math.ceil((right - left) / stride), math.ceil((bottom - top) / stride), stride)


def _meets(body: Body, pose: Pose, window: Window, eye: Eye) -> bool:
    """Tell whether a body may be seen in a window; one that is partly behind the lens may."""
    other = _window(body, pose, eye, 0.0)
    if other is None:
        return True
    wide, high = other.width * other.stride, other.height * other.stride
    return (
        other.left < window.left + window.width * window.stride
        and window.left < other.left + wide
        and other.top < window.top + window.height * window.stride
        and window.top < other.top + high
    )


def _behind(part: Expected, request: CheckRequest, window: Window, eye: Eye, meshes: Meshes) -> Floats:
    """Return the depth of everything but one part: what stands around it, and the table (z = 0)."""
    out = np.full((window.height, window.width), np.inf)
    fall = window.rays @ eye.pose.matrix()[2, :3]
    with np.errstate(divide="ignore"):
        table = np.where(fall < -1e-6, -eye.pose.p[2] / fall, np.inf)
    np.minimum(out, np.where(table > 0, table, np.inf), out=out)
    camera = eye.pose.inverse()
    for other in request.around:
        if other.id != part.id and _meets(_body(meshes(other.mesh)), other.pose, window, eye):
            depth, _ = draw(transformed(camera @ other.pose, _body(meshes(other.mesh)).triangles), window)
            np.minimum(out, depth, out=out)
    return out


class _View:
    """One part in one window: which pixels tell of it, and how."""

    def __init__(
        self, body: Body, pose: Pose, window: Window, eye: Eye, behind: Floats, closed: Mask | None = None
    ) -> None:
        self.body = body
        self.window = window
        self.into = eye.pose.inverse() @ pose
        self.behind = behind
        self.noise = eye.noise
        triangles = transformed(self.into, body.triangles)
        self.alone, self.face = draw(triangles, window)
        a, b, c = (triangles[:, k] for k in range(3))
        normals = np.cross(b - a, c - a)
        normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-30)[:, None]
        shown = np.isfinite(self.alone)
        rays = window.rays
        self.slope = np.where(shown, np.einsum("ijk,ijk->ij", normals[self.face], rays), -1.0)
        self.normal = normals[self.face]
        cosine = np.where(shown, np.abs(self.slope) / np.linalg.norm(rays, axis=2), 1.0)
        self.open = window.inside if closed is None else window.inside & ~closed
        self.share = np.clip(cosine / GRAZING, 0, 1) * self.open  # of such a pixel, that is measured
        depth = np.where(shown, self.alone, 1.0)
        self.sigma = np.hypot(eye.noise.sigma_m * depth**2 / np.maximum(cosine, 1 / 3), SLACK_M)
        self.free = shown & (self.alone < behind)
        front = np.minimum(self.alone, behind)
        middle = front[shown & np.isfinite(front)]
        self.depth_m = float(np.median(middle)) if len(middle) else 1.0
        self.pixel_m = self.depth_m / min(eye.lens.fx, eye.lens.fy)

    @property
    def whole(self) -> int:
        """How many of the camera's pixels the part alone would cover."""
        return int(np.isfinite(self.alone).sum()) * self.window.stride**2

    @property
    def free_pixels(self) -> float:
        """How many of them nothing known hides."""
        return float(self.free.sum()) * self.window.stride**2

    @property
    def seen_pixels(self) -> float:
        """How many of them are measured."""
        return float(self.share[self.free].sum()) * self.window.stride**2

    @property
    def reach_m(self) -> float:
        """How far the judge moves a part to see what changes."""
        return min(FINE_PIXELS, max(FINE_M / self.pixel_m, 0.75)) * self.pixel_m

    def surface(self) -> tuple[Floats, Floats, float]:
        """Return Jacobian (n, 6) and weight (n,) of the pixels on the part, and of how many pixels they stand for.

        The motion is (x, y, z, rotation vector) of the part's centre in the camera's axes.
        """
        normal, slope = self.normal[self.free], self.slope[self.free][:, None]
        steep = normal / np.where(np.abs(slope) < 1e-6, 1e-6, slope)
        arm = self.window.rays[self.free] * self.alone[self.free][:, None]
        arm -= transformed(self.into, self.body.centre)
        clip = max(CLIP_M, 6 * float(np.median(self.sigma[self.free]))) if self.free.any() else CLIP_M
        most = clip / self.reach_m
        turning = np.clip(np.cross(arm, steep), -most * self.body.radius, most * self.body.radius)
        jacobian = np.concatenate([np.clip(steep, -most, most), turning], axis=1)
        count = float(self.share[self.free].sum()) * self.window.stride**2
        weight = self.share[self.free] ** 4 / self.sigma[self.free] ** 2 * self.window.stride**2
        return jacobian, weight, count

    def outline(self) -> tuple[Floats, Floats, Mask]:
        """Return the Jacobian (n, 6) of pieces of outline in view, their length (n,), and which are high steps.

        Lengths are in the camera's pixels; the Jacobian is in pixels across the outline.
        """
        ends = transformed(self.into, self.body.edges)
        ends = ends[(ends[:, 0, 2] > NEAR_M) & (ends[:, 1, 2] > NEAR_M)]
        at = self.window.pixels(ends)
        along = at[:, 1] - at[:, 0]
        length = np.linalg.norm(along, axis=1)
        count = np.clip(np.ceil(length / SAMPLE_PIXELS), 1, 2000).astype(np.int64)
        which = np.repeat(np.arange(len(ends)), count)
        step = np.arange(int(count.sum())) - (np.cumsum(count) - count)[which]
        share = ((step + 0.5) / count[which])[:, None]
        points = ends[which, 0] * (1 - share) + ends[which, 1] * share
        pixel = at[which, 0] * (1 - share) + at[which, 1] * share
        normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(length, 1e-9)[:, None]
        piece = length[which] / count[which]
        one, other = (self._front(pixel + side * 1.2 * normal[which]) for side in (1, -1))
        jump = max(JUMP_M, JUMP_SIGMA * float(np.median(self.sigma)))
        slack = max(0.001, 2 * self.pixel_m * self.window.stride)
        nearer, farther = np.minimum(one, other), np.maximum(one, other)
        real = (farther - nearer > jump) & (np.abs(points[:, 2] - nearer) < slack) & (length[which] > 1e-6)
        cell = np.rint(pixel).astype(np.int64)
        column, row = cell[:, 0], cell[:, 1]
        inside = (column >= 0) & (column < self.window.width) & (row >= 0) & (row < self.window.height)
        keep = np.flatnonzero(real & inside)
        keep = keep[self.open[cell[keep, 1], cell[keep, 0]]]
        keep = keep[np.argsort(points[keep, 2], kind="stable")]
        flat = cell[keep, 1] * self.window.width + cell[keep, 0]
        _, first, of = np.unique(flat, return_index=True, return_inverse=True)
        lengths = np.minimum(np.bincount(of, piece[keep]), 1.2)
        keep = keep[first]
        if not len(keep):
            return np.zeros((0, 6)), np.zeros(0), np.zeros(0, dtype=bool)
        p, n = points[keep], normal[which][keep]
        lens = self.window.lens
        du = np.stack([np.full(len(p), lens.fx), np.zeros(len(p)), -p[:, 0] / p[:, 2] * lens.fx], axis=1) / p[:, 2:]
        dv = np.stack([np.zeros(len(p)), np.full(len(p), lens.fy), -p[:, 1] / p[:, 2] * lens.fy], axis=1) / p[:, 2:]
        shift = n[:, :1] * du + n[:, 1:] * dv  # pixels a metre
        arm = p - transformed(self.into, self.body.centre)
        high = (farther - nearer)[keep] > EDGE_M
        return np.concatenate([shift, np.cross(arm, shift)], axis=1), lengths * self.window.stride, high

    def _front(self, pixel: Floats) -> Floats:
        column = np.clip(np.rint(pixel[:, 0]).astype(np.int64), 0, self.window.width - 1)
        row = np.clip(np.rint(pixel[:, 1]).astype(np.int64), 0, self.window.height - 1)
        front = np.minimum(self.alone, self.behind)[row, column]
        return np.where(np.isfinite(front), front, 100.0)


def _fit(body: Body, part: Expected, view: _View, noise: Noise) -> tuple[Floats, tuple[bool, ...]]:
    """Return the covariance (6, 6) of a small motion of the centre in the part's own axes, and which axes are told."""
    jacobian, weight, count = view.surface()
    outline, length, high = view.outline()
    grain = _grain(noise)
    apart = max(1.0, count / grain)  # pixels that err independently
    inner = weight * min(1.0, INNER_PIXELS / max(count, 1.0), apart / max(count, 1.0))
    thin = min(1.0, BAND_PIXELS / max(BAND_WIDTH * float(length.sum()), 1.0))
    edge = length * thin / (OUTLINE_PIXELS**2)
    surface, silhouette = (jacobian.T * inner) @ jacobian, (outline.T * edge) @ outline
    turn = np.zeros((6, 6))
    turn[:3, :3] = turn[3:, 3:] = view.into.matrix()[:3, :3]
    surface, silhouette = turn.T @ surface @ turn, turn.T @ silhouette @ turn
    if part.symmetry_z == 0:
        for matrix in (surface, silhouette):
            matrix[5], matrix[:, 5] = 0.0, 0.0
    prior = np.array([PRIOR_M] * 3 + [PRIOR_M / body.radius] * 3)
    loose = np.diag(prior**-2.0)
    sigma_m = float(np.median(view.sigma))
    clip_m = max(CLIP_M, 6 * sigma_m)
    steep = 2 * clip_m > 2 * view.reach_m + 4 * sigma_m  # then the judge counts pixels of an outline as noisier
    clip_sigmas = 1 / OUTLINE_SIGMA if steep else clip_m / sigma_m
    flown = noise.flying_px * thin * float(length[high].sum())
    telling = min(INNER_PIXELS, count) + min(BAND_PIXELS, FINE_PIXELS * float(length.sum()))
    noisy = NOISY * (1 + flown / max(telling, 1.0) * (clip_sigmas) ** 2)
    information = surface / noisy + silhouette
    covariance = np.linalg.inv(information + loose)
    good = max(1.0, float(np.median(view.sigma)) / KNOWN_M) ** 2
    best = _deviations(np.asarray(np.linalg.inv((surface + silhouette) * good + loose)), body.centre)
    told = tuple(bool(known < limit / 4) for known, limit in zip(best, prior, strict=True))
    return np.asarray(covariance), told


def _telling(view: _View, other: Expected, part: Expected, eye: Eye, meshes: Meshes) -> float:
    """Return the log likelihood ratio by which a picture of the part is expected to speak against a look-alike.

    As the judge has it: half a squared distance in sigmas, of which a grain's pixels count as one; 0 where fewer than
    the least count differ.
    """
    depth, _ = draw(transformed(eye.pose.inverse() @ part.pose, _body(meshes(other.mesh)).triangles), view.window)
    mine, its = np.minimum(view.alone, view.behind), np.minimum(depth, view.behind)
    both = np.isfinite(mine) & np.isfinite(its)
    apart = np.abs(np.where(both, mine, 0.0) - np.where(both, its, 0.0))
    apart[np.isfinite(mine) != np.isfinite(its)] = np.inf  # beside one of them nothing is behind
    nearer = np.where(np.isfinite(np.minimum(mine, its)), np.minimum(mine, its), 1.0)
    gap = np.minimum((apart / np.hypot(eye.noise.sigma_m * nearer**2, SLACK_M)) ** 2, CUT_SIGMA**2)[view.open]
    pixels = view.window.stride**2
    if int((gap > TELLING_SIGMA**2).sum()) * pixels < LEAST_DIFFERENT:
        return 0.0
    return float(gap[gap > 1.0].sum()) * pixels / 2 / _grain(eye.noise) ** 2


def _claimed(body: Body, part: Expected, view: _View, eye: Eye) -> tuple[Floats, tuple[bool, ...]]:
    """Return one sigma (6,) per axis of a part's pose by its own pixels alone, and which axes are told."""
    covariance, told = _fit(body, part, view, eye.noise)
    fit = _deviations(covariance, body.centre) * (INFLATE + INFLATE_GRAIN * (_grain(eye.noise) - 1))
    ahead = np.abs((eye.pose.inverse() @ part.pose).matrix()[2, :3])
    blur_m = FLOOR_PIXELS * _grain(eye.noise) * view.pixel_m
    across = np.hypot(FLOOR_M, blur_m * np.sqrt(np.maximum(0.0, 1 - ahead**2)))
    about = np.hypot(FLOOR_RAD, blur_m / body.radius * ahead)
    return np.hypot(fit, np.concatenate([across, about])), told


def _by_earlier(request: CheckRequest, eye: Eye, meshes: Meshes) -> Floats | None:
    """Return what this camera left unknown (6, 6) when it looked at each datum, before the part hid it.

    It is in the world's axes, about the part's centre; None where it can't have measured one of them.
    """
    pivot = transformed(request.part.pose, _body(meshes(request.part.mesh)).centre)
    covariance = np.zeros((6, 6))
    for place, datum in enumerate(request.datum):
        body = _body(meshes(datum.mesh))
        window = _window(body, datum.pose, eye, MARGIN_M)
        if window is None:
            return None
        then = replace(request, around=request.datum[place + 1 :])
        view = _View(body, datum.pose, window, eye, _behind(datum, then, window, eye, meshes))
        if view.seen_pixels < max(LEAST_PIXELS, LEAST_SHOWN * view.whole):
            return None
        sigma, _ = _claimed(body, datum, view, eye)
        if datum.symmetry_z == 0:
            sigma[5] = 0.0
        from_it = np.linalg.inv(_about(datum.pose, np.zeros(3), pivot))
        covariance += from_it @ np.diag(sigma**2) @ from_it.T
    return covariance


def _by_datum(request: CheckRequest, eye: Eye, meshes: Meshes) -> tuple[Floats | None, tuple[str, ...]]:
    """Return what the datum parts leave unknown (6, 6) of a motion of the whole picture about the part's centre.

    It is in the world's axes; None where no datum tells anything.
    """
    information, used = np.zeros((6, 6)), []
    part = _body(meshes(request.part.mesh))
    pivot = transformed(request.part.pose, part.centre)
    near = _window(part, request.part.pose, eye, BESIDE_M)
    for datum in request.datum:
        body = _body(meshes(datum.mesh))
        around = _window(body, datum.pose, eye, MARGIN_M / 2)
        if around is None or near is None:
            continue
        window = _common(around, near)
        if window is None:
            continue
        hidden, _ = draw(transformed(eye.pose.inverse() @ request.part.pose, part.triangles), window)
        view = _View(
            body,
            datum.pose,
            window,
            eye,
            _behind(datum, request, window, eye, meshes),
            closed=_grown(np.isfinite(hidden), 2),
        )
        if view.seen_pixels < max(4 * LEAST_PIXELS, LEAST_SHOWN * view.whole):
            continue
        covariance, _ = _fit(body, datum, view, eye.noise)
        covariance *= (INFLATE + INFLATE_GRAIN * (_grain(eye.noise) - 1)) ** 2
        into = _about(datum.pose, body.centre, pivot)
        information += into.T @ np.linalg.inv(covariance) @ into
        used.append(datum.id)
        break  # what carries that in turn adds little
    if not used:
        return None, ()
    trust = np.diag([EXTRINSIC_M**-2] * 3 + [EXTRINSIC_RAD**-2] * 3)
    return np.asarray(np.linalg.inv(information + trust)), tuple(used)


def _grain(noise: Noise) -> float:
    """Return what the judge measures as a noise's grain in a picture with edges in it: half of what is above one."""
    return 1 + (noise.grain_px - 1) / 2


def _grown(mask: Mask, pixels: int) -> Mask:
    """Return a mask (height, width) widened by some pixels in each direction."""
    out = np.pad(mask, pixels)
    for axis in (0, 1):
        out = np.logical_or.reduce([np.roll(out, step, axis) for step in range(-pixels, pixels + 1)])
    return np.asarray(out[pixels:-pixels, pixels:-pixels])


def _common(one: Window, other: Window) -> Window | None:
    left, top = max(one.left, other.left), max(one.top, other.top)
    right = min(one.left + one.width * one.stride, other.left + other.width * other.stride)
    bottom = min(one.top + one.height * one.stride, other.top + other.height * other.stride)
    return _strided(one.lens, left, top, right, bottom)


def _to_origin(centre: Floats) -> Floats:
    """Return the matrix (6, 6) that turns a small motion of the centre into that of the origin: t + centre x turn."""
    x, y, z = (float(v) for v in centre)
    out = np.eye(6)
    out[:3, 3:] = ((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0))
    return out


def _about(body: Pose, centre: Floats, pivot: Floats) -> Floats:
    """Return the matrix (6, 6) from a motion in the world's axes about a pivot to that of a body's centre."""
    out = np.zeros((6, 6))
    out[:3, :3] = out[3:, 3:] = body.matrix()[:3, :3].T
    return np.asarray(out @ _to_origin(pivot - transformed(body, centre)))


def _deviations(covariance: Floats, centre: Floats) -> Floats:
    lever = _to_origin(centre)
    return np.asarray(np.sqrt(np.diag(lever @ covariance @ lever.T)))


def _seen_from(covariance: Floats, turn: Floats, centre: Floats) -> Floats:
    """Return what is unknown of a part's origin by what is unknown of its centre in the world's axes."""
    into = np.zeros((6, 6))
    into[:3, :3] = into[3:, 3:] = turn.T
    lever = _to_origin(centre) @ into
    return np.asarray(np.sqrt(np.diag(lever @ covariance @ lever.T)))
