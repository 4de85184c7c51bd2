"""One place in one picture: what was measured there, what is expected with and without the part, what is in view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.align import Scene
from orchestrator.adapters.vision.hypotheses import TELLING_SIGMA, Hypothesis, turned_over
from orchestrator.adapters.vision.render import Region, View, region_of

if TYPE_CHECKING:
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
    neighbours = _neighbours(request, region, view, crop, solids)
    back = np.full(region.width * region.height, np.inf, dtype=np.float32)
    for depth in neighbours.values():
        np.minimum(back, depth, out=back)
    alone = view.depth(part.solid, part.pose)
    top, left = crop.region.top - region.top, crop.region.left - region.left
    rows, columns = slice(top, top + crop.region.height), slice(left, left + crop.region.width)
    inside = np.zeros((region.height, region.width), dtype=bool)
    inside[rows, columns] = True
    measured = np.zeros((region.height, region.width), dtype=np.float32)
    measured[rows, columns] = np.where(np.isfinite(crop.depth_m), crop.depth_m, 0.0)

    depth = measured.ravel()
    # An unknown background is taken to lie behind everything that may stand there.
    nearest, farthest = _space(ideas, crop.pose)
    filled = np.where(np.isfinite(back), back, np.maximum(depth, farthest)).astype(np.float32)
    hidden = depth < np.minimum(nearest, filled) - settings.headroom_m
    expected = np.minimum(alone, filled)
    scene = Scene(
        view=view,
        shape=measured.shape,
        depth=depth,
        usable=(depth > 0) & ~hidden,
        back=filled,
        sigma=np.hypot(settings.noise_m * expected**2, settings.slack_m).astype(np.float32),
        pixel_m=float(np.median(expected)) / min(crop.intrinsics.fx, crop.intrinsics.fy),
    )
    return Place(
        part=request.part.id,
        region=region,
        ideas=ideas,
        scene=scene,
        alone=alone,
        free=np.isfinite(alone) & (alone < back),
        inside=inside.ravel(),
        neighbours=neighbours,
    )


def why_blind(place: Place, settings: VisionSettings) -> str:
    """Say why there is too little in view to judge the part, or return ""."""
    whole, seen = int(np.isfinite(place.alone).sum()), int(place.seen.sum())
    if whole < settings.least_pixels:
        return f"{place.part} is only {whole} pixels large in this picture."
    if seen < settings.least_pixels or seen < settings.least_visible * int(place.free.sum()):
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


def _neighbours(request: CheckRequest, region: Region, view: View, crop: Crop, solids: Solids) -> dict[str, Depth]:
    """Return the depth of each known neighbour that reaches into the region, by id."""
    found: dict[str, Depth] = {}
    for other in request.around:
        solid = solids.get(other.mesh)
        box = region_of(solid.corners, other.pose, crop.pose, crop.intrinsics, 0.0)
        if other.id != request.part.id and (box is None or box.meets(region)):
            found[other.id] = view.depth(solid, other.pose)
    return found


def _space(ideas: tuple[Hypothesis, ...], camera: Pose) -> tuple[float, float]:
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
