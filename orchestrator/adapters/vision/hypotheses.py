"""What may be the case at a place, and how many pixels vote for it."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from orchestrator.adapters.vision.align import Alignment, align
from orchestrator.adapters.vision.outline import grown, outline
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.adapters.vision.align import Scene
    from orchestrator.adapters.vision.render import Depth, Mask, Solid
    from orchestrator.adapters.vision.settings import VisionSettings

Kind = Literal["part", "flipped", "look_alike"]
COARSE_PIXELS = 700
COARSE_M = 0.001  # pixels off by more than this count alike in the coarse search
LEAST_AHEAD = 0.5  # cosine between a part's z and the camera's axis from which the part is seen from above or below
BESIDE_PIXELS = 2.5  # how far to a side a part is tried that has come to rest
LEAST_DIFFERENT = 12  # pixels in which two hypotheses must differ to be told apart
CLEAR_RATIO = 5.0  # log likelihood ratio that tells two hypotheses apart: 150 to 1
CLEAR_SHARE, SHARE_SIGMAS = 0.35, 2.5  # of the vote that is enough, or that is near enough to all of it for its noise
TELLING_SIGMA = 2.5  # two hypotheses differ in a pixel where their depths do by this much noise ...
TELLING_SLACKS = 5.0  # ... or, down to `FAINT`, where that is so many times what meshes and poses may be off
FAINT = 0.1  # squared sigmas below which a pixel's difference says nothing
MIXED_SIGMA = 2.4  # a pixel beside an outline contradicts by no more: of two such, one floats between both depths


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Something that may stand at the place, and where; `symmetry_z` as in `Expected`."""

    kind: Kind
    id: str
    solid: Solid
    pose: Pose
    symmetry_z: int | None


@dataclass(frozen=True, slots=True)
class Votes:
    """How well an aligned hypothesis explains the picture.

    `support` is the net share, -1 to 1, of pixels which tell it from the empty place that vote for it, each by how
    much noise it would take; 0 where too few tell; `cost` is the sum of squared, clipped residuals in sigmas. `tried`
    says that it fits no better a few pixels to a side.
    """

    hypothesis: Hypothesis
    found: Alignment
    front: Depth
    support: float
    cost: float
    tried: bool = False

    @property
    def name(self) -> str:
        """The key of its score: part, flipped, or the look-alike's id."""
        return self.hypothesis.id if self.hypothesis.kind == "look_alike" else self.hypothesis.kind


def turned_over(solid: Solid, pose: Pose) -> Pose:
    """Return the pose of a part turned over about its x axis and resting at the same height."""
    height = float(solid.low[2] + solid.high[2])
    return pose @ Pose((0.0, 0.0, height), (0.0, 1.0, 0.0, 0.0))


def half_turn(hypothesis: Hypothesis, pose: Pose) -> Pose:
    """Return a pose turned by 180 degrees about the z axis through the part's middle."""
    cx, cy, _ = (float(v) for v in hypothesis.solid.centre)
    return pose @ Pose((cx, cy, 0.0)) @ Pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)) @ Pose((-cx, -cy, 0.0))


def set_down(hypothesis: Hypothesis, pose: Pose, scene: Scene) -> Pose:
    """Return a pose moved along the part's z until the part meets what is seen (the median of its pixels).

    What would be inside of its neighbours, as a screw's shank is, is not seen. From the side it is moved along the
    camera's axis instead.
    """
    seen = scene.view.depth(hypothesis.solid, pose)
    on = (seen < scene.back) & scene.usable
    if not on.any():
        return pose
    deeper_m = float(np.median(scene.depth[on] - seen[on]))
    ahead = sum(a * b for a, b in zip(pose.z_axis, scene.view.camera.z_axis, strict=True))
    if abs(ahead) < LEAST_AHEAD:
        return _lowered(pose, scene.view.camera, deeper_m)
    return pose @ Pose((0.0, 0.0, deeper_m / ahead))


def costs(scene: Scene, front: Depth, settings: VisionSettings) -> Depth:
    """Return each pixel's squared residual in sigmas, clipped; 0 where the pixel is of no use."""
    limit = settings.cut_sigma**2
    return np.asarray(
        np.where(scene.usable, np.minimum(((scene.depth - front) / scene.sigma) ** 2, limit), 0.0), dtype=np.float32
    )


def vote(hypothesis: Hypothesis, found: Alignment, scene: Scene, settings: VisionSettings) -> Votes:
    """Count the pixels for and against a hypothesis at the pose that was found for it."""
    front = np.minimum(scene.view.depth(hypothesis.solid, found.pose), scene.back)
    gap = np.abs(scene.back - front) / scene.sigma
    cost = costs(scene, front, settings)
    gain = float((costs(scene, scene.back, settings) - cost).sum())
    hoped = float(np.where(scene.usable, np.minimum(gap**2, settings.cut_sigma**2), 0.0).sum())
    telling = int((scene.usable & (gap > TELLING_SIGMA)).sum())
    support = gain / hoped if telling >= settings.least_pixels else 0.0
    return Votes(hypothesis, found, front, support, float(cost.sum()))


def settle(
    hypothesis: Hypothesis, start: Pose, scene: Scene, settings: VisionSettings, *, alone: Depth | None = None
) -> Votes:
    """Align a hypothesis from a start nearby and count its votes; quicker where the start fits already.

    `alone` is its depth at the start, one value a pixel, where it has been rendered already.
    """
    if vote(hypothesis, Alignment(start), scene.thinned(), settings).support >= settings.sure_support:
        votes = vote(hypothesis, align(hypothesis.solid, start, scene, near=True, alone=alone), scene, settings)
        if not better_beside(votes, scene, settings):
            return dataclasses.replace(votes, tried=True)
    return vote(hypothesis, align(hypothesis.solid, start, scene, alone=alone), scene, settings)


def better_beside(votes: Votes, scene: Scene, settings: VisionSettings) -> bool:
    """Tell whether the part fits clearly better a few pixels to a side: then its alignment rests in a wrong place.

    Of a large part most pixels agree also where it is some millimetres off; what disagrees is a strip along its
    outline, and a step towards the truth makes that narrower, wherever the fit has come to rest.
    """
    some = scene.thinned()
    solid, found = votes.hypothesis.solid, votes.found.pose
    step_m = BESIDE_PIXELS * scene.pixel_m
    turn = step_m / max(solid.radius, 2 * step_m)
    cx, cy, cz = (float(v) for v in solid.centre)
    about = Pose((cx, cy, cz)), Pose((-cx, -cy, -cz))
    shifts = [Pose((x, y, 0.0)) for x, y in ((step_m, 0), (-step_m, 0), (0, step_m), (0, -step_m))]
    shifts += [about[0] @ Pose.from_rpy((0, 0, 0), (0, 0, angle)) @ about[1] for angle in (turn, -turn)]
    fronts = np.minimum(some.view.depths(solid, [found, *(found @ shift for shift in shifts)]), some.back)
    here, *beside = (float(costs(some, front, settings).sum()) for front in fronts)
    return min(beside) < here - settings.least_pixels * settings.cut_sigma**2 / 4


def unexplained(votes: Votes, scene: Scene, settings: VisionSettings) -> tuple[int, float]:
    """Count the pixels on and around the part, off its outlines, that don't show what it predicts; and their share.

    A part at its pose leaves next to none, whatever its size; one that the alignment has put wrong leaves patches.
    """
    front = votes.front.reshape(scene.shape)
    on = (votes.front < scene.back).reshape(scene.shape)
    spoilt = max(1, math.ceil(scene.grain / 2))  # a window that meets an outline mixes what is on both sides
    flat = ~grown(outline(front, settings.cut_sigma * scene.noise_m, slopes=False), spoilt)
    beside = grown(on, 3 + spoilt)
    if scene.known is not None:
        beside &= scene.known.reshape(scene.shape)
    inner = ((on | beside) & flat).ravel() & scene.usable
    off = inner & (np.abs(scene.depth - votes.front) > settings.cut_sigma * scene.sigma)
    return int(off.sum()), float(off.sum() / max(int(inner.sum()), 1))


def told_apart(best: Votes, other: Votes, scene: Scene, settings: VisionSettings) -> bool:
    """Tell whether the pixels in which two hypotheses differ, however few, clearly vote for the first."""
    return clear(*compared(best, other, scene, settings))


def clear(share: float, strength: float, lead: float = 0.0) -> bool:
    """Tell whether a vote between two hypotheses (see `compared`) is clearly for the first.

    The likelihood ratio decides (J. Neyman and E. S. Pearson, 1933); beside it the vote must be what it would be were
    the first one true, within its noise, lest the lesser of two evils wins. `lead` is by how much the first one is the
    likelier (log likelihood) whatever these pixels say.
    """
    if share * strength + lead < CLEAR_RATIO:
        return False
    return strength == 0 or share >= min(CLEAR_SHARE, 1 - SHARE_SIGMAS * math.sqrt(2 / strength))


def compared(one: Votes, other: Votes, scene: Scene, settings: VisionSettings) -> tuple[float, float]:
    """Return for which of two hypotheses the pixels vote in which they differ, and how much they can tell.

    The first is the log likelihood ratio as a share, -1 to 1, of what it would be were the one exactly true; 1 is for
    the one. The second is that ratio's expected value in independent pixels (half a squared distance in sigmas, of
    which a grain's pixels count as one; s such units have a noise of sqrt(2 s)); 0 where fewer than the least count
    differ. Beside an outline of either, where windows and beams mix two depths, a pixel's word is worth less.
    """
    apart = np.abs(one.front - other.front)
    gap = (apart / scene.sigma) ** 2
    real = apart > TELLING_SLACKS * settings.slack_m  # more than meshes and poses may be off
    differ = scene.usable & ((gap > 1.0) | (real & (gap > FAINT)))
    if int((differ & (real | (gap > TELLING_SIGMA**2))).sum()) < LEAST_DIFFERENT:
        return 0.0, 0.0
    cut = np.where(mixed((one, other), scene, settings)[differ], MIXED_SIGMA**2, settings.cut_sigma**2)
    hoped = np.minimum(gap[differ], cut)
    depth, sigma = scene.depth[differ], scene.sigma[differ]
    against = [np.minimum(((depth - votes.front[differ]) / sigma) ** 2, cut) for votes in (one, other)]
    whole = float(hoped.sum())
    return float((against[1] - against[0]).sum()) / whole, whole / 2 / scene.grain**2


def mixed(votes: tuple[Votes, ...], scene: Scene, settings: VisionSettings) -> Mask:
    """Return the pixels whose window may meet an outline of what some hypotheses predict; none in a thinned scene."""
    out = np.zeros(scene.shape, dtype=bool)
    if scene.shape[0] > 1 and scene.grain > 1.5:
        jump = settings.cut_sigma * scene.noise_m
        for each in votes:
            out |= outline(each.front.reshape(scene.shape), jump, slopes=False)
        out = grown(out, math.ceil(scene.grain / 2))
    return out.ravel()


def search(hypothesis: Hypothesis, scene: Scene, settings: VisionSettings) -> Pose:
    """Return the best of a grid of poses beside the expected one: x, y, turn about z, each set down on what is seen."""
    stride = max(1, round(math.sqrt(len(scene.depth) / COARSE_PIXELS)))
    rows, columns = (np.arange(0, n, stride) for n in scene.shape)
    pixels = (rows[:, None] * scene.shape[1] + columns[None, :]).ravel()
    pixels = pixels[scene.usable[pixels]]
    view = scene.view.only(pixels)
    depth, back = scene.depth[pixels], scene.back[pixels]
    width = max(COARSE_M, 3 * scene.noise_m)

    def height_and_cost(pose: Pose) -> tuple[float, float]:
        seen = view.depth(hypothesis.solid, pose)
        on = np.isfinite(seen)
        best = (0.0, math.inf)
        if int(on.sum()) < 4:
            return best
        for lower in (0.0, float(np.median(depth[on] - seen[on]))):
            off = np.minimum(((depth - np.minimum(seen + lower, back)) / width) ** 2, 1.0)
            best = min(best, (lower, float(off.sum())), key=lambda pair: pair[1])
        return best

    def best_of(poses: Iterator[Pose]) -> Pose:
        found, least = hypothesis.pose, math.inf
        for pose in poses:
            lower, cost = height_and_cost(pose)
            if cost < least - 1e-6:
                found, least = _lowered(pose, scene.view.camera, lower), cost
        return found

    solid = hypothesis.solid
    size = float(min(solid.high[:2] - solid.low[:2]))
    step = min(max(size / 3, 0.0025), 0.005)
    reach = int((settings.margin_m - 0.001) / step)
    shifts = [step * i for i in range(-reach, reach + 1)]
    turns, turn = _turns(hypothesis.symmetry_z)
    coarse = best_of(_grid(hypothesis.pose, solid, shifts, turns))
    fine_shifts = [-step / 2, -step / 4, 0.0, step / 4, step / 2]
    if hypothesis.symmetry_z == 0 and not solid.round:  # any angle will do, as of a gear, but some fit the picture
        coarse = best_of(_grid(coarse, solid, [0.0], [math.radians(5 * k) for k in range(72)]))
    return best_of(_grid(coarse, solid, fine_shifts, [turn * k / 6 for k in range(-3, 4)] if turn else [0.0]))


def _turns(symmetry_z: int | None) -> tuple[list[float], float]:
    if symmetry_z == 0:
        return [0.0], 0.0
    period = math.tau / (symmetry_z or 1)
    count = max(1, math.ceil(period / math.radians(30) - 1e-9))
    return [period * k / count for k in range(count)], period / count


def _grid(pose: Pose, solid: Solid, shifts: list[float], turns: list[float]) -> Iterator[Pose]:
    """Yield poses shifted along the part's x and y and turned about z through its middle, nearest first."""
    cx, cy, _ = (float(v) for v in solid.centre)
    spots = sorted(((x, y) for x in shifts for y in shifts), key=lambda spot: math.hypot(*spot))
    for turn in turns:
        rotation = Pose((0.0, 0.0, 0.0), (math.cos(turn / 2), 0.0, 0.0, math.sin(turn / 2)))
        for x, y in spots:
            yield pose @ Pose((cx + x, cy + y, 0.0)) @ rotation @ Pose((-cx, -cy, 0.0))


def _lowered(pose: Pose, camera: Pose, depth_m: float) -> Pose:
    x, y, z = camera.z_axis
    px, py, pz = pose.p
    return Pose((px + x * depth_m, py + y * depth_m, pz + z * depth_m), pose.q)
