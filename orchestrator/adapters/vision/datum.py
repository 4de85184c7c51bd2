"""The camera's pose, corrected by the parts in the picture whose place is known: then calibration errors cancel."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.align import align, to_origin
from orchestrator.adapters.vision.hypotheses import Hypothesis, told_apart, vote
from orchestrator.adapters.vision.outline import grown
from orchestrator.adapters.vision.place import nearest_of, neighbours_in, pictured, space
from orchestrator.adapters.vision.render import BESIDE_M, View, region_of
from orchestrator.core.geometry import IDENTITY, Pose, deviation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.adapters.vision.align import Alignment, Scene
    from orchestrator.adapters.vision.place import Crop
    from orchestrator.adapters.vision.render import Floats, Mask, Region, Solids
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.ports import CheckRequest, Expected

LEAST_SUPPORT = 0.4  # net share of votes with which a datum is taken for what it should be
SURE_SUPPORT, SURE_SHARE = 0.7, 0.4  # of votes and of its surface, with which it is believed to be far off
LEAST_OFF_M, ALIKE_SHARE, SURE_SIGMA = 0.001, 0.5, 4.0  # with which surroundings are taken to be off with the part
SURPRISED = 2.0  # mean square of a datum's motion in sigmas that the picture must prove: chance has 1, and 2 once in 20
LEAST_AGREED = 0.5  # share of a datum's pixels that must show it, else it is not there ...
AGREED_PIXELS = 2000  # ... of so many that are looked at
LARGE_PIXELS, NOISY_SHARE = 12_000, 0.5  # of a datum and of a pixel's width, from which every other pixel does
MOVE_M, TURN_RAD = 0.00002, 0.00005  # smaller corrections are none


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """Where the camera really is, by its datum.

    `camera` is its corrected pose in the world; `covariance` (6, 6) what that leaves unknown of a small motion, in the
    world's axes, of everything in the picture about the checked part's centre; `used` the datum parts by id; `shift`
    how far the picture was off there; `problem` why nothing can be judged by it, "" otherwise; `astray` whether all of
    the camera's own error counts, since it neither sees a datum that is asked for nor has measured it before, or what
    little it sees stands elsewhere. Where none is asked for, none of it does, nor where good units have taught it.
    """

    camera: Pose
    covariance: Floats = field(default_factory=lambda: np.zeros((6, 6)))
    used: tuple[str, ...] = ()
    shift: Pose = IDENTITY
    problem: str = ""
    astray: bool = False

    def sigma(self, part: Pose, centre: Floats) -> Floats:
        """Return what it leaves unknown of a part's pose, per axis of the part: m and rad, one sigma."""
        turn = np.zeros((6, 6))
        turn[:3, :3] = turn[3:, 3:] = part.matrix()[:3, :3].T
        lever = to_origin(centre) @ turn
        return np.asarray(np.sqrt(np.diag(lever @ self.covariance @ lever.T)))


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A datum as it was found: whether that tells the camera's pose, is sure, saw enough, and fits the picture.

    `found` has its covariance inflated by what the grain of the noise adds; `scene` is without what the part covers.
    """

    idea: Hypothesis
    found: Alignment
    scene: Scene
    useful: bool
    sure: bool
    clear: bool
    agrees: bool


def fix(request: CheckRequest, crop: Crop, solids: Solids, settings: VisionSettings) -> Fix:
    """Align the datum parts and correct the camera's pose by them.

    Each says how far everything in the picture seems to have moved; together with what a calibration is trusted to
    (`extrinsic_m`, `extrinsic_rad`) that gives the most likely motion. Where the datum contradicts that trust, the
    trust is lowered until it does not; by much only where its fit came to rest, or the picture shows it clearly better
    where it was found than where the trust would have it, since a fit that comes to no rest wanders.

    Raises:
        VisionError: a mesh is missing or can't be read.
    """
    part = request.part
    pivot = np.array(part.pose.apply(_vector(solids.get(part.mesh).centre)), dtype=float)
    information, pulls = np.zeros((6, 6)), np.zeros(6)
    used: list[str] = []
    sightings: list[Sighting] = []
    elsewhere = False
    for datum in request.datum:
        seen = _aligned(datum, request, crop, solids, settings)
        if seen is None:
            continue
        if seen.clear and not seen.agrees:
            return Fix(crop.pose, problem=_not_there(datum))
        found = seen.found
        if not seen.useful:
            elsewhere |= found.settled  # one that came to rest beside its place was not there
            continue
        centre = solids.get(datum.mesh).centre
        off = _motion(datum.pose, found.pose, centre)
        if _far(off, found.covariance, settings):
            if not (seen.sure and seen.clear):
                aside = _far_axes(off, found.covariance, settings)[:3]  # a turn wanders where little shows
                elsewhere |= found.settled and bool(aside.any())
                continue
            return Fix(crop.pose, problem=_far_off(datum, found.pose))
        into = _about(datum.pose, centre, pivot)
        weight = np.linalg.inv(found.covariance)
        information += into.T @ weight @ into
        pulls += into.T @ weight @ off
        used.append(datum.id)
        sightings.append(seen)
    if not used:
        return _unseen(request, crop.pose, pivot, settings, elsewhere=elsewhere)
    trust = np.diag([settings.extrinsic_m**2] * 3 + [settings.extrinsic_rad**2] * 3)
    spread = np.linalg.pinv(information)
    off = spread @ pulls
    surprise = float(off @ np.linalg.solve(spread + trust, off)) / 6
    likely = _likely(information, pulls, trust, pivot)
    if surprise > SURPRISED and not any(_contradicts(seen, likely[2], settings) for seen in sightings):
        surprise = 1.0
    covariance, shift, apparent = likely if surprise <= 1.0 else _likely(information, pulls, trust * surprise, pivot)
    return Fix(apparent.inverse() @ crop.pose, covariance, tuple(used), shift)


def _likely(information: Floats, pulls: Floats, trust: Floats, pivot: Floats) -> tuple[Floats, Pose, Pose]:
    """Return what is left unknown, the most likely motion of everything about a pivot, and the same of the world."""
    covariance: Floats = np.asarray(np.linalg.inv(information + np.linalg.inv(trust)), dtype=np.float64)
    shift = _small(covariance @ pulls)
    about = Pose(_vector(pivot))
    return covariance, shift, about @ shift @ about.inverse()


def _unseen(request: CheckRequest, camera: Pose, pivot: Floats, settings: VisionSettings, *, elsewhere: bool) -> Fix:
    """Say what is not known where no datum is seen: what this camera left unknown of each, else its own error.

    `elsewhere` is that what little is seen of one contradicts the place at which it was measured before. Where good
    units have taught where this camera finds the part, its error is in that.
    """
    covariance = np.zeros((6, 6))
    if request.taught is not None and not elsewhere:
        return Fix(camera, covariance)
    for one in request.datum:
        if one.sigma is None or elsewhere:
            lever = to_origin(np.asarray(camera.p) - pivot)
            trust = np.diag([settings.extrinsic_m**2] * 3 + [settings.extrinsic_rad**2] * 3)
            return Fix(camera, lever @ trust @ lever.T, astray=True)
        about_z = 0.0 if one.symmetry_z == 0 else one.sigma[5]
        from_it = np.linalg.inv(_about(one.pose, np.zeros(3), pivot))
        covariance += from_it @ np.diag(np.square([*one.sigma[:5], about_z])) @ from_it.T
    return Fix(camera, covariance)


def _contradicts(seen: Sighting, apparent: Pose, settings: VisionSettings) -> bool:
    """Tell whether a datum is clearly seen where it was found, and not where `apparent` would have moved it to.

    One whose fit came to rest is taken at its word.
    """
    if seen.found.settled:
        return True
    expected = dataclasses.replace(seen.found, pose=apparent @ seen.idea.pose)
    found, trusted = (vote(seen.idea, at, seen.scene, settings) for at in (seen.found, expected))
    return told_apart(found, trusted, seen.scene, settings)


def seen_off(request: CheckRequest, crop: Crop, solids: Solids, settings: VisionSettings, off_m: float) -> str:
    """Say that what is around a part is seen off, too, where it is; "" else.

    `off_m` is how far off the part is, 0 where it isn't found. Surroundings that are off by a good share of that, or
    farther than any calibration error, speak of the camera and not of the part.

    Raises:
        VisionError: a mesh is missing or can't be read.
    """
    by = fix(dataclasses.replace(request, datum=request.around), crop, solids, settings)
    if by.problem:
        return by.problem
    off = np.asarray(by.shift.p)
    sigma = np.sqrt(np.diag(by.covariance))[:3]
    far = float(np.linalg.norm(off))
    sure = bool((np.abs(off) > SURE_SIGMA * sigma).any())
    if not by.used or not sure or far < max(LEAST_OFF_M, ALIKE_SHARE * off_m):
        return ""
    names = " and ".join(by.used)
    return (
        f"{names}, beside {request.part.id}, is seen {far * 1000:.1f} mm off, too: the camera's calibration is off, "
        "or all of it has been moved."
    )


def _aligned(
    datum: Expected, request: CheckRequest, crop: Crop, solids: Solids, settings: VisionSettings
) -> Sighting | None:
    """Fit a datum where the checked part can't be; None where next to nothing of it is seen."""
    solid, part = solids.get(datum.mesh), request.part
    box = region_of(solids.get(part.mesh).corners, part.pose, crop.pose, crop.intrinsics, BESIDE_M)
    region = region_of(solid.corners, datum.pose, crop.pose, crop.intrinsics, settings.margin_m / 2)
    if region is None or box is None:
        return None
    region = region.common(box).common(crop.region)
    if region.width < 8 or region.height < 8:
        return None
    away = float((crop.pose.inverse() @ datum.pose).apply(_vector(solid.centre))[2])
    pixel = away / min(crop.intrinsics.fx, crop.intrinsics.fy)
    if region.width * region.height > LARGE_PIXELS and settings.noise_m * away**2 > NOISY_SHARE * pixel:
        crop = crop.cut(region).coarser(2)
        region = crop.region
    view = View.over(region, crop.pose, crop.intrinsics)
    others = neighbours_in(dataclasses.replace(request, part=datum), region, view, crop, solids)
    alone = view.depth(solid, datum.pose)
    idea = Hypothesis("part", datum.id, solid, datum.pose, datum.symmetry_z)
    scene, _ = pictured(crop, region, view, alone, others.values(), space((idea,), crop.pose), settings)
    clear = max(2, round(scene.grain / 2) + 1)
    taken = grown(_covered((part, *request.look_alikes), region, crop, solids), clear)
    scene = dataclasses.replace(scene, usable=scene.usable & ~taken.ravel())
    seen = np.isfinite(alone) & (alone < nearest_of(others.values(), alone.shape)) & scene.usable
    if int(seen.sum()) < 4 * settings.least_pixels:
        return None
    found = align(solid, datum.pose, scene, near=True, alone=alone)
    votes = vote(idea, found, scene.thinned(), settings)
    some = np.flatnonzero(seen)[:: 1 + int(seen.sum()) // AGREED_PIXELS]
    front = np.minimum(view.only(some).depth(solid, found.pose), scene.back[some])
    agree = np.abs(scene.depth[some] - front) < settings.cut_sigma * scene.sigma[some]
    inflate = settings.inflate + settings.inflate_grain * (scene.grain - 1)
    return Sighting(
        idea,
        dataclasses.replace(found, covariance=found.covariance * inflate**2),
        scene,
        useful=votes.support >= LEAST_SUPPORT,
        sure=found.settled and votes.support >= SURE_SUPPORT,
        clear=int(seen.sum()) >= SURE_SHARE * np.isfinite(alone).sum(),
        agrees=float(agree.mean()) >= LEAST_AGREED,
    )


def _covered(things: Iterable[Expected], region: Region, crop: Crop, solids: Solids) -> Mask:
    """Return the pixels (height, width) of a region that things cover, or nearly: rendered in every other pixel."""
    coarse, intrinsics = region.coarser(crop.intrinsics, 2)
    view = View.over(coarse, crop.pose, intrinsics)
    out = np.zeros((coarse.height, coarse.width), dtype=bool)
    for thing in things:
        out |= np.isfinite(view.depth(solids.get(thing.mesh), thing.pose)).reshape(out.shape)
    return np.asarray(grown(out, 1).repeat(2, axis=0).repeat(2, axis=1)[: region.height, : region.width])


def _motion(before: Pose, after: Pose, centre: Floats) -> Floats:
    """Return (x, y, z, rotation vector) of a small motion of a body's centre, in its own axes before."""
    delta = deviation(after, before)
    turn = np.asarray(delta.rot_rad)
    moved = (before.inverse() @ after).apply(_vector(centre))
    return np.concatenate([np.asarray(moved) - centre, turn])


def _about(body: Pose, centre: Floats, pivot: Floats) -> Floats:
    """Return the matrix (6, 6) from a small motion in the world's axes about a pivot to that of a body's centre."""
    turn = body.matrix()[:3, :3].T
    out = np.zeros((6, 6))
    out[:3, :3] = out[3:, 3:] = turn
    return np.asarray(out @ to_origin(pivot - np.asarray(body.apply(_vector(centre)))))


def _small(motion: Floats) -> Pose:
    if np.abs(motion[:3]).max() < MOVE_M and np.abs(motion[3:]).max() < TURN_RAD:
        return IDENTITY
    angle = float(np.linalg.norm(motion[3:]))
    axis = motion[3:] / max(angle, 1e-12) * math.sin(angle / 2)
    return Pose(_vector(motion[:3]), (math.cos(angle / 2), *_vector(axis)))


def _far(off: Floats, covariance: Floats, settings: VisionSettings) -> bool:
    """Tell whether a datum is surely farther off than calibration errors are."""
    return bool(_far_axes(off, covariance, settings).any())


def _far_axes(off: Floats, covariance: Floats, settings: VisionSettings) -> Mask:
    """Tell by axis (6,) whether a motion is surely larger than calibration errors are."""
    sigma = np.sqrt(np.diag(covariance))
    limits = np.array([settings.datum_limit_m] * 3 + [settings.datum_limit_rad] * 3)
    return np.asarray(np.abs(off) - settings.guard * sigma > limits)


def _not_there(datum: Expected) -> str:
    return (
        f"{datum.id}, beside the part, is not seen where it should be: it has been moved, or the camera's calibration "
        "is off."
    )


def _far_off(datum: Expected, found: Pose) -> str:
    off = deviation(found, datum.pose, datum.symmetry_z)
    far, turn = off.distance_m * 1000, math.degrees(math.hypot(*off.rot_rad))
    return (
        f"{datum.id}, beside the part, is seen {far:.1f} mm and {turn:.1f}° from where it should be: "
        "it has been moved, or the camera's calibration is off."
    )


def _vector(values: Floats) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return (x, y, z)
