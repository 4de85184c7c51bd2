"""One place in one picture: what was measured there, what is expected with and without the part, what is in view."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.align import Scene
from orchestrator.adapters.vision.grain import grain
from orchestrator.adapters.vision.ground import CLOSE_M, ground
from orchestrator.adapters.vision.hypotheses import TELLING_SIGMA, Hypothesis, turned_over
from orchestrator.adapters.vision.outline import grown
from orchestrator.adapters.vision.render import Region, View, region_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.adapters.vision.render import Depth, Mask, Solids
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import CheckRequest, Intrinsics


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """The part of a shot that lies in `region`, which may be empty; depth (height, width) in metres.

    `noise_m` is the camera's own, see `VisionSettings`; None where it is not known.
    """

    camera: str
    depth_m: Depth
    region: Region
    intrinsics: Intrinsics
    pose: Pose
    stamp: float
    noise_m: float | None = None

    def over(self, region: Region) -> tuple[Depth, Mask]:
        """Return the depth of a region (m, 0 where nothing was measured), and which of its pixels were pictured."""
        depth = np.zeros((region.height, region.width), dtype=np.float32)
        inside = np.zeros((region.height, region.width), dtype=bool)
        both = region.common(self.region)
        if both.width > 0 and both.height > 0:
            here, there = both.within(region), both.within(self.region)
            inside[here] = True
            depth[here] = np.where(np.isfinite(self.depth_m[there]), self.depth_m[there], 0.0)
        return depth, inside

    def cut(self, region: Region) -> Crop:
        """Return what lies in a region inside of its own."""
        return dataclasses.replace(self, depth_m=self.depth_m[region.within(self.region)], region=region)

    def coarser(self, stride: int) -> Crop:
        """Return every so many of its rows and columns, with the intrinsics of such a picture."""
        region, intrinsics = self.region.coarser(self.intrinsics, stride)
        return dataclasses.replace(self, depth_m=self.depth_m[::stride, ::stride], region=region, intrinsics=intrinsics)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Everything known of one place. Depths are flat, one value a pixel of `region`, metres.

    `ideas` is what may stand there, the part first; `alone` the part's depth without its neighbours (inf where it
    isn't); `neighbours` theirs by id; `free` the pixels where no neighbour hides the part.
    """

    part: str
    region: Region
    ideas: tuple[Hypothesis, ...]
    scene: Scene
    alone: Depth
    free: Mask
    inside: Mask  # of the picture
    neighbours: dict[str, Depth] = field(default_factory=dict)

    @property
    def seen(self) -> Mask:
        """The pixels that were measured on what should be the part."""
        return self.free & self.scene.usable

    @property
    def visible(self) -> float:
        """The share of the part's surface facing the camera that is in view."""
        whole = int(np.isfinite(self.alone).sum())
        return int(self.seen.sum()) / whole if whole else 0.0

    @property
    def telling(self) -> Mask:
        """The pixels in view where the part makes a difference above the noise."""
        return np.asarray(self.seen & (np.abs(self.scene.back - self.alone) > TELLING_SIGMA * self.scene.sigma))


def look_at(request: CheckRequest, crop: Crop, solids: Solids, settings: VisionSettings) -> Place | None:
    """Put measured beside expected; None when the part is behind the camera or too near to it.

    Raises:
        VisionError: a mesh is missing or can't be read.
    """
    ideas = _ideas(request, solids)
    part = ideas[0]
    region = region_of(part.solid.corners, part.pose, crop.pose, crop.intrinsics, settings.margin_m)
    if region is None:
        return None
    view = View.over(region, crop.pose, crop.intrinsics)
    neighbours = neighbours_in(request, region, view, crop, solids)
    alone = view.depth(part.solid, part.pose)
    scene, inside = pictured(crop, region, view, alone, neighbours.values(), space(ideas, crop.pose), settings)
    behind = nearest_of(neighbours.values(), alone.shape)
    return Place(
        part=request.part.id,
        region=region,
        ideas=ideas,
        scene=scene,
        alone=alone,
        free=np.isfinite(alone) & (alone < behind),
        inside=inside,
        neighbours=neighbours,
    )


def pictured(
    crop: Crop,
    region: Region,
    view: View,
    alone: Depth,
    neighbours: Iterable[Depth],
    between: tuple[float, float],
    settings: VisionSettings,
) -> tuple[Scene, Mask]:
    """Return what was measured in a region beside what is expected there without the part, and what was pictured.

    `alone` is the part's depth and `neighbours` that of each other thing known (m, inf where it isn't); `between`
    the least and greatest depth that the part can have.
    """
    measured, inside = crop.over(region)
    depth = measured.ravel()
    back = nearest_of(neighbours, depth.shape)
    unknown = ~np.isfinite(back)
    nearest, farthest = between
    if unknown.any():
        back = _filled(depth, alone, back, measured.shape, farthest, settings)
    hidden = (depth > 0) & (depth < np.minimum(nearest, back) - settings.headroom_m)
    expected = np.minimum(alone, back)
    noise = settings.noise_m * expected**2 / leaning(expected.reshape(measured.shape), crop.intrinsics).ravel()
    sigma = np.hypot(noise, settings.slack_m).astype(np.float32)
    rest, seen = (depth - expected).reshape(measured.shape), ((depth > 0) & ~hidden).reshape(measured.shape)
    grains = grain(rest, seen, float(np.median(sigma)))
    scene = Scene(
        view=view,
        shape=measured.shape,
        depth=depth,
        usable=(depth > 0) & ~_spoilt(hidden, measured.shape, grains),
        back=back,
        sigma=sigma,
        pixel_m=float(np.median(expected)) / min(crop.intrinsics.fx, crop.intrinsics.fy),
        grain=grains,
        known=~unknown | (np.abs(depth - back) < settings.cut_sigma * sigma),
    )
    return scene, inside.ravel()


def leaning(depth: Depth, intrinsics: Intrinsics) -> Depth:
    """Return the cosine at which each pixel (height, width) meets its surface, at least a third.

    Slanted surfaces are noisier by its inverse. The lesser of the steps to both sides counts, so that a jump in depth
    is no slope.
    """
    steep = np.zeros(depth.shape, dtype=np.float32)
    for axis, focal in ((0, intrinsics.fy), (1, intrinsics.fx)):
        if depth.shape[axis] < 2:
            continue
        step = np.abs(np.diff(depth, axis=axis))
        first, last = np.take(step, [0], axis=axis), np.take(step, [-1], axis=axis)
        least = np.minimum(np.concatenate([first, step], axis=axis), np.concatenate([step, last], axis=axis))
        steep += (least * np.float32(focal) / depth) ** 2
    return np.asarray(np.maximum(1 / np.sqrt(1 + steep), 1 / 3), dtype=np.float32)


def uncovered(place: Place, settings: VisionSettings) -> Place:
    """Return a place without the pixels of what is nearer to the camera than anything that may stand just there.

    `look_at` takes for hidden only what is nearer than the highest point of all; here it is the highest close by.
    """
    from scipy.ndimage import minimum_filter

    scene = place.scene
    front = nearest_of((scene.view.depth(idea.solid, idea.pose) for idea in place.ideas), scene.depth.shape)
    side = 2 * max(1, round(settings.margin_m / 2 / scene.pixel_m)) + 1
    near = minimum_filter(np.minimum(front, scene.back).reshape(scene.shape), size=side).ravel()
    hidden = (scene.depth > 0) & (scene.depth < near - settings.headroom_m)
    usable = scene.usable & ~_spoilt(hidden, scene.shape, scene.grain)
    return dataclasses.replace(place, scene=dataclasses.replace(scene, usable=usable))


def _spoilt(hidden: Mask, shape: tuple[int, int], grains: float) -> Mask:
    """Return the pixels that something hides, and those beside it whose window or beam meets it, too."""
    return grown(hidden.reshape(shape), math.ceil(grains / 2)).ravel() if hidden.any() else hidden


def nearest_of(depths: Iterable[Depth], shape: tuple[int, ...]) -> Depth:
    """Return the least of several depths for each pixel, inf where there is none."""
    out = np.full(shape, np.inf, dtype=np.float32)
    for depth in depths:
        np.minimum(out, depth, out=out)
    return out


def _filled(
    depth: Depth, alone: Depth, back: Depth, shape: tuple[int, int], farthest: float, settings: VisionSettings
) -> Depth:
    """Return what is expected without the part, filled where nothing is known to be.

    Surroundings that lie on a plane go on behind the part. Else what would be seen in the part's place is taken to lie
    behind everything that may stand there, and beside it nothing contradicts what was measured.
    """
    unknown = ~np.isfinite(back)
    around = ~grown(np.isfinite(alone).reshape(shape), 1).ravel()
    plane = ground(depth, alone, unknown, shape, settings.noise_m)
    if plane is None:
        filled = np.where(around & (depth > 0), depth, np.maximum(depth, farthest))
    else:
        strange = around & (np.abs(depth - plane) > settings.cut_sigma * settings.noise_m * plane**2 + CLOSE_M)
        filled = np.where(strange & (depth > 0), depth, plane)
    return np.where(unknown, filled, back).astype(np.float32)


def why_blind(place: Place, settings: VisionSettings) -> str:
    """Say why there is too little in view to judge the part, or return ""."""
    whole, seen = int(np.isfinite(place.alone).sum()), int(place.seen.sum())
    if whole < settings.least_pixels:
        return f"{place.part} is only {whole} pixels large in this picture."
    least = max(settings.least_pixels, settings.least_visible * int(place.free.sum()), settings.least_shown * whole)
    if seen < least:
        return f"Only {place.visible:.0%} of {place.part} is in view: {_hiding(place)}."
    if int(place.telling.sum()) < settings.least_pixels:
        gap = float(np.median(np.abs(place.scene.back - place.alone)[place.seen])) * 1000
        noise = float(np.median(place.scene.sigma[place.seen])) * 1000
        return f"With or without {place.part} the picture differs by {gap:.2f} mm only; the noise is {noise:.2f} mm."
    return ""


def _ideas(request: CheckRequest, solids: Solids) -> tuple[Hypothesis, ...]:
    """Return what may stand there: the part, the part turned over where that makes a difference, look-alikes."""
    part, solid = request.part, solids.get(request.part.mesh)
    ideas = [Hypothesis("part", part.id, solid, part.pose, part.symmetry_z)]
    if not solid.same_flipped:
        ideas.append(Hypothesis("flipped", part.id, solid, turned_over(solid, part.pose), part.symmetry_z))
    ideas += [
        Hypothesis("look_alike", other.id, solids.get(other.mesh), other.pose, other.symmetry_z)
        for other in request.look_alikes
    ]
    return tuple(ideas)


def neighbours_in(request: CheckRequest, region: Region, view: View, crop: Crop, solids: Solids) -> dict[str, Depth]:
    """Return the depth of each known neighbour that reaches into the region, by id."""
    found: dict[str, Depth] = {}
    for other in request.around:
        solid = solids.get(other.mesh)
        box = region_of(solid.corners, other.pose, crop.pose, crop.intrinsics, 0.0)
        if other.id != request.part.id and (box is None or box.meets(region)):
            found[other.id] = view.depth(solid, other.pose)
    return found


def space(ideas: tuple[Hypothesis, ...], camera: Pose) -> tuple[float, float]:
    """Return the least and greatest depth (m) of everything that may stand there."""
    depths = []
    for idea in ideas:
        matrix = (camera.inverse() @ idea.pose).matrix()
        depths.append(idea.solid.corners @ matrix[2, :3] + matrix[2, 3])
    return min(float(d.min()) for d in depths), max(float(d.max()) for d in depths)


def _hiding(place: Place) -> str:
    """Name what takes most of the part out of view."""
    scene, whole = place.scene, np.isfinite(place.alone)
    free = place.free & place.inside
    causes = {
        "it is beyond the picture's edge": whole & ~place.inside,
        "something nearer to the camera hides it": free & (scene.depth > 0) & ~scene.usable,
        "the camera measured nothing there": free & (scene.depth <= 0),
    }
    for name, depth in place.neighbours.items():
        causes[f"{name} hides it"] = whole & (depth <= place.alone)
    return max(causes, key=lambda cause: int(causes[cause].sum()))
