"""Where a part is: Gauss-Newton on the difference between measured and rendered depth.

The part is rendered at poses a little to each side of the present one; the differences are the Jacobian. So the
outline counts as much as the surface: seen from above, a flat part shows nothing but its outline to tell x, y and yaw,
and a point-to-plane fit of its surface slides freely. Residuals are clipped, and a pixel that is clipped on both sides
has no influence, which makes the fit robust.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator.adapters.vision.outline import grown, outline
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.vision.render import Depth, Floats, Mask, Solid, View

KNOWN_M = 0.00015  # noise of a good camera: what it could tell, a view can tell
BLOCK_GRAINS = 3.0  # residuals this many grains apart are taken for independent
PRIOR_M = 0.005  # an axis that the picture says nothing about stays where it was expected, with this sigma
COARSE = ((3.0, 0.004), (2.0, 0.0025))  # step in pixels and clipping distance in metres, then the same for the end
FINE = (1.25, 0.0012)  # a shorter step meets too few pixels of an outline and rests short of the truth
FINE_M = 0.0015  # at most so long, as a longer one steps over thin walls
MOST_STEPS = 16
RESTLESS_STEPS = 3
SETTLED_PIXELS, FAR_PIXELS = 0.08, 0.5
SAME_PIXELS = 0.35  # a pose moved by less, in all, sees the same outline: its Jacobian still holds
BAND_MOVED_PIXELS = 0.5  # and by less than this it stays well within the band of pixels that were chosen for it
QUICK_PIXELS = 3000
BAND_PIXELS, INNER_PIXELS = 1200, 400
MANY_PIXELS = 4000  # of each, where there is time
LARGE_PIXELS = 40  # the radius of a part of which a rough step needs but every other row and column
COARSE_SHARE = 0.4  # of these pixels is enough for a coarse step
OUTLINE_SIGMA = 0.4  # of the clipping distance: the noise of a pixel that is either on the part or beside it


@dataclass(frozen=True, eq=False)
class Scene:
    """One region of a depth image beside what is known of it; arrays are flat, one value a pixel.

    `depth` is measured (m), `usable` where it is of use, `back` what is expected without the part (m), `sigma` the
    noise expected (m), `shape` the region's (height, width), `pixel_m` a pixel's size on the part, `grain` over how
    many pixels neighbours err alike (1: not at all), `known` where what is expected without the part is more than a
    guess (None: everywhere).
    """

    view: View
    shape: tuple[int, int]
    depth: Depth
    usable: Mask
    back: Depth
    sigma: Depth
    pixel_m: float
    grain: float = 1.0
    known: Mask | None = None

    @cached_property
    def noise_m(self) -> float:
        """The noise of most pixels, one sigma."""
        return float(np.median(self.sigma))

    def thinned(self) -> Scene:
        """Return every so many of its pixels, as one row, for a quick first count."""
        stride = round(math.sqrt(len(self.depth) / QUICK_PIXELS))
        if stride < 2:
            return self
        rows, columns = (np.arange(0, n, stride) for n in self.shape)
        some = (rows[:, None] * self.shape[1] + columns[None, :]).ravel()
        arrays = (self.depth[some], self.usable[some], self.back[some], self.sigma[some])
        return Scene(
            self.view.only(some),
            (1, len(some)),
            *arrays,
            pixel_m=self.pixel_m,
            grain=max(1.0, self.grain / stride),
            known=None if self.known is None else self.known[some],
        )


@dataclass(frozen=True, slots=True)
class Alignment:
    """A part's pose, and how far it is known per axis (x, y, z, about x, y, z of the part; m and rad, one sigma).

    A guess has no sigma. `covariance` (6, 6) is that of a small motion of the part's centre in its own axes, and
    `sigma` follows from it for the origin. `observable` tells per axis whether this view could tell at all, were every
    pixel measured by a good camera; `settled` whether the fit came to rest.
    """

    pose: Pose
    sigma: Floats = field(default_factory=lambda: np.full(6, np.inf))
    covariance: Floats = field(default_factory=lambda: np.diag(np.full(6, np.inf)))
    observable: tuple[bool, ...] = (False,) * 6
    settled: bool = False


def align(
    solid: Solid,
    start: Pose,
    scene: Scene,
    *,
    near: bool = False,
    most: int = MOST_STEPS,
    share: float = 1.0,
    rough: bool = False,
    alone: Depth | None = None,
) -> Alignment:
    """Fit a part's pose to the measured depth, in at most so many steps.

    The start may be some 10 mm and 10 degrees off, where it is `near` 1 mm. `share` of the pixels that tell are looked
    at; in coarse steps of a large part those of every other row and column, if `rough`, which may lose a narrow rim.
    `alone` is the part's depth at the start, one value a pixel of the scene, where it has been rendered already.
    """
    pose = start
    radius = max(solid.radius, 0.004)
    noise = scene.noise_m
    prior = np.array([PRIOR_M] * 3 + [PRIOR_M / radius] * 3)
    steps = [] if near else list(COARSE)
    every, strayed, since = np.zeros(0, dtype=np.int64), math.inf, math.inf  # pixels moved since each was made
    damping, before, fine = 1.0, np.zeros(6), 0
    rough, some = rough and solid.radius > LARGE_PIXELS * scene.pixel_m, False
    for _ in range(most):
        pixels, clip_m = steps[0] if steps else (min(FINE[0], max(FINE_M / scene.pixel_m, 0.75)), FINE[1])
        step_m = pixels * scene.pixel_m
        reach = np.array([step_m] * 3 + [step_m / radius] * 3)
        clip = max(clip_m, 6 * noise)
        asked = min(share, COARSE_SHARE if steps else 1.0)
        if strayed > BAND_MOVED_PIXELS or (some and not steps):
            some = rough and bool(steps)
            if some:
                every = _some_telling(solid, pose, scene, asked)
            else:
                seen = alone if alone is not None and pose is start else scene.view.depth(solid, pose)
                every = _telling_pixels(seen, scene, noise)
            strayed, since = 0.0, math.inf
        chosen = every if some else _thinned(every, round(asked * len(every)))
        if kept := since < SAME_PIXELS:
            rest = _rest(solid, pose, scene, chosen, clip)
        else:
            rest, jacobian, ideal, weight = _linearised(solid, pose, scene, chosen, reach=reach, clip=clip)
            since = 0.0
        use = weight * scene.usable[chosen]
        normal = (jacobian.T * use) @ jacobian + np.diag(prior**-2.0)
        change = np.clip(-np.linalg.solve(normal, jacobian.T @ (use * rest)) / reach, -1.5, 1.5)
        moved = float(np.abs(change).max()) * pixels
        if not steps and float(change @ before) < 0:
            damping /= 2  # a small outline makes steps that go to and fro
        fine = 0 if steps else fine + (not kept)
        if fine > RESTLESS_STEPS:
            damping = min(damping, 1 / (fine - RESTLESS_STEPS + 1))  # noise makes steps that never end
        before = change
        pose = nudged(pose, solid.centre, change * reach * damping)
        strayed, since = strayed + moved * damping, math.inf if steps else since + moved * damping
        if not steps and moved * damping < SETTLED_PIXELS:
            break
        if not steps and moved * damping > FAR_PIXELS:
            steps, since = list(COARSE), math.inf  # each fine step sees the outline only as far as it reaches
        elif steps and moved < pixels / 2:
            steps.pop(0)
    settled = not steps and moved * damping < SETTLED_PIXELS
    return _known(solid, pose, scene, chosen, (rest, jacobian, ideal, weight), prior, settled=settled)


def known_at(solid: Solid, pose: Pose, scene: Scene) -> Alignment:
    """Return how far a picture tells a part's pose there, by many of its pixels, without another step."""
    radius = max(solid.radius, 0.004)
    noise = scene.noise_m
    step_m = min(FINE[0], max(FINE_M / scene.pixel_m, 0.75)) * scene.pixel_m
    reach = np.array([step_m] * 3 + [step_m / radius] * 3)
    chosen = _telling_pixels(scene.view.depth(solid, pose), scene, noise, (MANY_PIXELS, MANY_PIXELS))
    linear = _linearised(solid, pose, scene, chosen, reach=reach, clip=max(FINE[1], 6 * noise))
    return _known(solid, pose, scene, chosen, linear, np.array([PRIOR_M] * 3 + [PRIOR_M / radius] * 3), settled=True)


def _known(
    solid: Solid,
    pose: Pose,
    scene: Scene,
    chosen: npt.NDArray[np.int64],
    linear: tuple[Floats, Floats, Floats, Floats],
    prior: Floats,
    *,
    settled: bool,
) -> Alignment:
    rest, jacobian, ideal, weight = linear
    lever = to_origin(solid.centre)
    good = max(1.0, scene.noise_m / KNOWN_M) ** 2
    best = _deviations(np.linalg.inv((ideal.T * weight) @ ideal * good + np.diag(prior**-2.0)), lever)
    covariance = _covariance(jacobian, rest, weight * scene.usable[chosen], chosen, scene, prior)
    return Alignment(
        pose=pose,
        sigma=_deviations(covariance, lever),
        covariance=covariance,
        settled=settled,
        observable=tuple(bool(known < limit / 4) for known, limit in zip(best, prior, strict=True)),
    )


def _covariance(
    jacobian: Floats, rest: Floats, use: Floats, chosen: npt.NDArray[np.int64], scene: Scene, prior: Floats
) -> Floats:
    """Return the covariance (6, 6) of a fit whose residuals err alike over neighbouring pixels.

    It is the sandwich estimator with residuals summed over blocks that count as independent of each other
    (K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73, 1986),
    averaged over four ways to lay the blocks, with its correction for few blocks; and on top what independent noise
    leaves, as few residuals may happen to be small.
    """
    telling = use * np.any(jacobian != 0, axis=1)
    spread = max(1.0, float((telling * rest**2).sum() / max(int((telling > 0).sum()), 1)))
    information = (jacobian.T * use) @ jacobian
    pulls = jacobian * (use * rest)[:, None]
    rows, columns = np.divmod(chosen, scene.shape[1])
    side = max(2, round(BLOCK_GRAINS * scene.grain))
    meat = np.zeros((6, 6))
    for down, right in ((0, 0), (0, side // 2), (side // 2, 0), (side // 2, side // 2)):
        blocks = (rows + down) // side * (scene.shape[1] + side) + (columns + right) // side
        _, block = np.unique(blocks[telling > 0], return_inverse=True)
        count = int(block.max()) + 1 if len(block) else 0
        sums = np.stack([np.bincount(block, pulls[telling > 0, axis], minlength=count) for axis in range(6)])
        meat += sums @ sums.T * min(count / max(count - 6, 1), 3.0) / 4
    loose = np.diag(prior**-2.0)
    bread = np.linalg.inv(information + loose)
    return np.asarray(bread @ (meat + information * spread + loose) @ bread)


def _telling_pixels(
    part: Depth, scene: Scene, noise_m: float, most: tuple[int, int] = (BAND_PIXELS, INNER_PIXELS)
) -> npt.NDArray[np.int64]:
    """Return the indices of pixels that a small motion of the part changes: its outline, and some of its surface.

    `most` is how many of each.
    """
    front = np.minimum(part, scene.back).reshape(scene.shape)
    on = (part < scene.back).reshape(scene.shape)
    edge = outline(front, 4 * noise_m)
    near = grown(on, 2)
    band = grown(edge & near, 2)
    return np.sort(
        np.concatenate(
            [
                _thinned(np.flatnonzero(band), most[0]),
                _thinned(np.flatnonzero(on & ~band), most[1]),
            ]
        )
    )


def _some_telling(solid: Solid, pose: Pose, scene: Scene, share: float) -> npt.NDArray[np.int64]:
    """Return a share of such pixels, of those in every other row and column."""
    step = (slice(None, None, 2), slice(None, None, 2))
    every = np.arange(len(scene.depth)).reshape(scene.shape)[step]
    back = scene.back.reshape(scene.shape)[step]
    part = scene.view.coarser(2).depth(solid, pose).reshape(back.shape)
    on = part < back
    band = grown(outline(np.minimum(part, back), 4 * scene.noise_m) & grown(on, 1), 1)
    outer, inner = every[band], every[on & ~band]
    limits = (round(share * BAND_PIXELS), round(share * INNER_PIXELS))
    return np.sort(np.concatenate([_thinned(outer, limits[0]), _thinned(inner, limits[1])]))


def _thinned(indices: npt.NDArray[np.int64], limit: int) -> npt.NDArray[np.int64]:
    if len(indices) <= limit:
        return indices
    return indices[np.linspace(0, len(indices) - 1, limit).astype(np.int64)]


def _rest(solid: Solid, pose: Pose, scene: Scene, chosen: npt.NDArray[np.int64], clip: float) -> Floats:
    """Return the residuals (n,) of the chosen pixels."""
    here = np.minimum(scene.view.only(chosen).depths(solid, [pose])[0], scene.back[chosen])
    return np.asarray(np.clip(scene.depth[chosen].astype(np.float64) - here, -clip, clip))


def _linearised(
    solid: Solid, pose: Pose, scene: Scene, chosen: npt.NDArray[np.int64], *, reach: Floats, clip: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return residuals (n,), their Jacobian (n, 6) by central differences, the same were all measured, weights (n,).

    A turn that leaves the part as it is has none: its facets and the noise would set it wandering.
    """
    view = scene.view.only(chosen)
    depth, back, sigma = (values[chosen].astype(np.float64) for values in (scene.depth, scene.back, scene.sigma))
    axes = [axis for axis in range(6) if axis < 3 or not solid.free_axes[axis - 3]]
    moves = np.stack(
        [np.eye(4), *(_motion(solid.centre, axis, side * reach[axis]) for axis in axes for side in (1, -1))]
    )
    here, *beside = np.minimum(view.depths(solid, pose.matrix() @ moves), back)
    jacobian, ideal = np.zeros((len(chosen), 6)), np.zeros((len(chosen), 6))
    jump = np.zeros(len(chosen), dtype=bool)
    for k, axis in enumerate(axes):
        ahead, behind = beside[2 * k : 2 * k + 2]
        for measured, out in ((depth, jacobian), (here, ideal)):
            out[:, axis] = np.clip(measured - ahead, -clip, clip) - np.clip(measured - behind, -clip, clip)
        jump |= np.abs(ideal[:, axis]) > 2 * reach[0] + 4 * sigma
    noise = np.where(jump, np.maximum(OUTLINE_SIGMA * clip, sigma), sigma)
    return np.clip(depth - here, -clip, clip), jacobian / (2 * reach), ideal / (2 * reach), noise**-2.0


def _motion(centre: Floats, axis: int, amount: float) -> Floats:
    """Return the matrix (4, 4) of a motion along (m) or about (rad) one axis through `centre`."""
    out = np.eye(4)
    if axis < 3:
        out[axis, 3] = amount
        return out
    one, other = (axis - 2) % 3, (axis - 1) % 3
    c, s = math.cos(amount), math.sin(amount)
    out[one, one] = out[other, other] = c
    out[one, other], out[other, one] = -s, s
    out[:3, 3] = centre - out[:3, :3] @ centre
    return out


def nudged(pose: Pose, centre: Floats, change: Floats) -> Pose:
    """Return a pose moved by (x, y, z, rotation vector) of its own axes, turning about `centre`."""
    angle = float(np.linalg.norm(change[3:]))
    axis = change[3:] / angle if angle > 1e-12 else np.zeros(3)
    x, y, z = (float(v) for v in axis * math.sin(angle / 2))
    turn = Pose((0.0, 0.0, 0.0), (math.cos(angle / 2), x, y, z))
    cx, cy, cz = (float(v) for v in centre)
    tx, ty, tz = (float(v) for v in change[:3])
    return pose @ Pose((cx + tx, cy + ty, cz + tz)) @ turn @ Pose((-cx, -cy, -cz))


def to_origin(centre: Floats) -> Floats:
    """Return the matrix (6, 6) that turns a small motion of the centre into that of the origin: t + centre x turn."""
    x, y, z = (float(v) for v in centre)
    out = np.eye(6)
    out[:3, 3:] = ((0.0, -z, y), (z, 0.0, -x), (-y, x, 0.0))
    return out


def _deviations(covariance: npt.NDArray[Any], lever: Floats) -> Floats:
    return np.asarray(np.sqrt(np.diag(lever @ covariance @ lever.T)))
