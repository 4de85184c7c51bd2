"""How well a camera will be able to tell a part's pose from where it stands, reckoned ahead of any picture.

It follows what the camera's judge does (`adapters/vision/judge.py`, which the engine can't import): every pixel of the
part tells by its noise how far the surface in it may have moved, every pixel along an outline how far the outline may,
and from both follows the covariance of the pose; floors, grain and datum are counted as there. Only pictures are not
taken: noise is what the camera's model says. All lengths are metres, angles radians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.engine.appearance import (
    CLIP_M,
    FINE_PIXELS,
    SLACK_M,
    Body,
    Eye,
    View,
    body_of,
    depth_behind,
    strided,
    window_of,
)
from orchestrator.engine.zbuffer import Window, draw, transformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from orchestrator.core.camera import Noise
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import CheckRequest, Expected
    from orchestrator.engine.mesh import MeshFacts
    from orchestrator.engine.zbuffer import Floats

    Mask = npt.NDArray[np.bool_]
    Meshes = Callable[[str], MeshFacts]

# What the judge does by default; a test holds these numbers to its own.
GUARD = 1.65
FLOOR_PIXELS, FLOOR_M, FLOOR_RAD = 0.05, 0.00003, 0.0003
INFLATE, INFLATE_GRAIN = 1.0, 0.3
EXTRINSIC_M, EXTRINSIC_RAD = 0.0003, 0.0009
MARGIN_M, BESIDE_M = 0.016, 0.1
LEAST_PIXELS, LEAST_VISIBLE, LEAST_SHOWN = 20, 0.3, 0.1
PRIOR_M, KNOWN_M = 0.005, 0.00015
BAND_PIXELS, INNER_PIXELS = 1200, 400
CUT_SIGMA, LEAST_DIFFERENT, LEAST_TELLING = 4.0, 12, 5.0

TELLING_SIGMA = 1.0  # of the noise in a pixel that tells two apart
OUTLINE_PIXELS = 1.0  # how far one pixel of an outline tells where the outline runs, one sigma
OUTLINE_SIGMA = 0.4
BAND_WIDTH = 6  # pixels across an outline that the judge takes for its band
NOISY = 1.2  # variance of the judge's estimate over that of independent noise: it counts what it found on top


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
    body = body_of(meshes(part.mesh))
    window = window_of(body, part.pose, eye, MARGIN_M)
    if window is None:
        return None
    behind = depth_behind(part, request, window, eye, meshes)
    view = View(body, part.pose, window, eye, behind)
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


def _fit(body: Body, part: Expected, view: View, noise: Noise) -> tuple[Floats, tuple[bool, ...]]:
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


def _telling(view: View, other: Expected, part: Expected, eye: Eye, meshes: Meshes) -> float:
    """Return the log likelihood ratio by which a picture of the part is expected to speak against a look-alike.

    As the judge has it: half a squared distance in sigmas, of which a grain's pixels count as one; 0 where fewer than
    the least count differ.
    """
    depth, _ = draw(transformed(eye.pose.inverse() @ part.pose, body_of(meshes(other.mesh)).triangles), view.window)
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


def _claimed(body: Body, part: Expected, view: View, eye: Eye) -> tuple[Floats, tuple[bool, ...]]:
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
    pivot = transformed(request.part.pose, body_of(meshes(request.part.mesh)).centre)
    covariance = np.zeros((6, 6))
    for place, datum in enumerate(request.datum):
        body = body_of(meshes(datum.mesh))
        window = window_of(body, datum.pose, eye, MARGIN_M)
        if window is None:
            return None
        then = replace(request, around=request.datum[place + 1 :])
        view = View(body, datum.pose, window, eye, depth_behind(datum, then, window, eye, meshes))
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
    part = body_of(meshes(request.part.mesh))
    pivot = transformed(request.part.pose, part.centre)
    near = window_of(part, request.part.pose, eye, BESIDE_M)
    for datum in request.datum:
        body = body_of(meshes(datum.mesh))
        around = window_of(body, datum.pose, eye, MARGIN_M / 2)
        if around is None or near is None:
            continue
        window = _common(around, near)
        if window is None:
            continue
        hidden, _ = draw(transformed(eye.pose.inverse() @ request.part.pose, part.triangles), window)
        view = View(
            body,
            datum.pose,
            window,
            eye,
            depth_behind(datum, request, window, eye, meshes),
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
    return strided(one.lens, left, top, right, bottom)


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
