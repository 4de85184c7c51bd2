"""Where parts of a kind lie: candidates from their resting poses, fitted by rendering, believed by votes."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.align import Alignment, Scene, align
from orchestrator.adapters.vision.floor import Ground, ground_of
from orchestrator.adapters.vision.hypotheses import Hypothesis, Votes, costs, vote
from orchestrator.adapters.vision.outline import grown, outline
from orchestrator.adapters.vision.reach import Obstacle, judged
from orchestrator.adapters.vision.relief import (
    LEAST,
    OF_SEEN,
    Candidate,
    Moulds,
    Relief,
    candidates,
    lumps,
    relief_of,
    standing_m,
)
from orchestrator.adapters.vision.render import Region, View, region_of
from orchestrator.adapters.vision.stable import shape_of
from orchestrator.core.geometry import Pose
from orchestrator.core.locating import Kind, Located, Location
from orchestrator.core.ports import Expected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.vision.place import Crop
    from orchestrator.adapters.vision.relief import Cells
    from orchestrator.adapters.vision.render import Solid, Solids
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.adapters.vision.stable import Rest, Symmetry
    from orchestrator.core.geometry import Vector
    from orchestrator.core.locating import LocateRequest

SLACK_M = 0.0004  # of meshes and of the floor's flatness: a pick needs no less
COARSE_M = 0.0015  # how far off a candidate's surface may be before it is fitted
VARIANTS, FITTED = 8, 3  # poses at one place that are tried, and that are fitted
FIRST_STEPS, FIRST_SHARE = 5, 0.25  # of the pixels that tell, until the best of them are known
BESIDE_PIXELS = (
    (1.5, 0.0),
    (-1.5, 0.0),
    (0.0, 1.5),
    (0.0, -1.5),
    (2.5, 0.0),
    (-2.5, 0.0),
    (0.0, 2.5),
    (0.0, -2.5),
)  # from a fit that did not come to rest
BESIDE_FITTED, BESIDE_SHARE = 4, 0.4  # of these starts as many are fitted, and at first with a share of the pixels
BEHIND = 0.3  # net share of votes by which a candidate may be behind the best one to be fitted all the same
SHARE = 0.3  # of what a candidate could explain of heights, below which it is left alone
PROMISE = 0.15  # net share of votes below which a candidate is not fitted
VISIBLE = 0.4  # share of the part's side facing the camera that must be in view
CONTRADICTED = 0.25  # share of its pixels off the outlines that may contradict it
BESIDE = 0.45  # share of what surrounds it that may stand as high: more, and it is a piece of something larger
LEANING_RAD, LEANING_M = math.radians(8), 0.004  # how far off a resting pose a part may be fitted and still rest
LEANING_SUPPORT = 0.7  # net share of votes that a part must have which lies as it would not by itself
REST_COST = 0.02  # how much worse, as a share, a resting pose may explain the picture than a free fit
ALIKE_M, ALIKE_RAD = 0.004, math.radians(8)  # poses nearer than this are one
DOUBT = 0.06  # of the hoped-for gain: poses whose costs differ by less explain the picture alike
DOUBT_SIGMA2 = 150.0  # and by less than this many squared sigmas, as neighbouring pixels err alike
CLEAR = 0.8  # share of another fit's cost, where they differ, with which one is better
LOST = 0.2  # net share of votes by which a fit that did not come to rest has lost to one that did
SURE = 0.9  # net share of votes from which a part that is not round is believed that was found from its rim
YAWS = 18  # of a part found from its rim, tried for whether they look the same, or better
OVER_M = 0.008  # what is higher than the part by more than this hides it


class Shapes:
    """The shapes of meshes, with their maps of heights, each found once while its mesh stays the same."""

    def __init__(self, solids: Solids) -> None:
        self._solids = solids
        self._kept: dict[tuple[str, int | None], tuple[Solid, Moulds]] = {}

    def get(self, kind: Kind) -> Moulds:
        """Return a kind's shape. Raises VisionError: its mesh is missing or can't be read."""
        solid = self._solids.get(kind.mesh)
        key = (kind.mesh, kind.symmetry_z)
        if key not in self._kept or self._kept[key][0] is not solid:
            self._kept[key] = (solid, Moulds(shape_of(solid, kind.symmetry_z)))
        return self._kept[key][1]


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """A kind at a pose that was fitted, and what rests there."""

    kind: Kind
    votes: Votes
    rest: Rest | None


def locate(request: LocateRequest, crop: Crop, solids: Solids, shapes: Shapes, settings: VisionSettings) -> Located:
    """Find the parts of a kind in one picture.

    Raises:
        VisionError: a mesh is missing or can't be read.
    """
    from scipy import ndimage

    part = shapes.get(request.part)
    ground = ground_of(request, crop, solids, settings)
    if ground is None:
        return Located(reason=_blind(crop), shot_stamp=crop.stamp)
    nothing = Located(floor=ground.floor.rounded(), shot_stamp=crop.stamp)
    rests = part.shape.rests
    extent = np.sort(part.shape.solid.high - part.shape.solid.low)
    highest = max(rest.height_m for rest in rests)
    size = (float(extent[1]), max(highest, part.shape.solid.radius))
    relief = relief_of(ground, *size)
    seen = [rest.height_m for rest in rests if rest.height_m > 1.5 * (relief.sigma_m - 0.001)]
    if not seen:
        reason = f"{request.part.id} lies {highest * 1000:.1f} mm high; the noise is {relief.sigma_m * 1000:.1f} mm."
        return dataclasses.replace(nothing, reason=reason)
    label, count = lumps(relief, part.low_m, 0.15 * part.area_m2)
    if count == 0:
        low = standing_m(relief, part.low_m)
        reason = f"Nothing taller than {low * 1000:.0f} mm lies there that is large enough for {request.part.id}."
        return dataclasses.replace(nothing, reason=reason)
    where = ndimage.binary_dilation(label > 0)
    search = Search(request, ground, relief, shapes, settings)
    best = search.run(candidates(relief, part, where, 0.95 * min(seen)), part)
    if search.empty:  # a hollow that is seen aslant shows its rim, and of its bottom nothing
        upper = relief_of(ground, *size, uppermost=True)
        search.turned = True
        best = max(best, search.run(candidates(upper, part, where, 0.95 * min(seen), aslant=True), part))
    return search.answer(label, count, best)


class Search:
    """One search in one picture: what has been found so far, and what that leaves of the picture."""

    def __init__(
        self, request: LocateRequest, ground: Ground, relief: Relief, shapes: Shapes, settings: VisionSettings
    ) -> None:
        self.request = request
        self.ground = ground
        self.relief = relief
        self.shapes = shapes
        slack = max(settings.slack_m, SLACK_M)
        self.settings = dataclasses.replace(settings, noise_m=ground.noise_m, slack_m=slack)
        self.back = np.where(np.isfinite(ground.back), ground.back, np.maximum(ground.depth, 1e-3)).astype(np.float32)
        self.found: list[tuple[Guess, Location]] = []
        self.others: list[Expected] = []
        self.doubts: list[str] = []
        self.turned = False  # whether what tells a part's yaw may be hidden, so that other yaws are tried

    @property
    def empty(self) -> bool:
        """Whether nothing was found yet, nor anything that may be a part."""
        return not self.found and not self.doubts

    def run(self, every: Sequence[Candidate], part: Moulds) -> float:
        """Look at each place, the most promising first; returns the best score that was not believed."""
        promising = [candidate for candidate in every if candidate.share > SHARE]
        best = self._look_at(promising, part)
        if self.empty:  # a camera that looks aslant sees little of a part's upper side
            aslant = [candidate for candidate in every if candidate.share <= SHARE and candidate.of_seen > OF_SEEN]
            best = max(best, self._look_at(aslant, part))
        return best

    def _look_at(self, promising: Sequence[Candidate], part: Moulds) -> float:
        best = 0.0
        size = np.sort(part.shape.solid.high - part.shape.solid.low)
        for group in _places(promising, max(0.006, 0.4 * float(size[1])), 2 * self.request.most + 6):
            if len(self.found) >= self.request.most:
                break
            best = max(best, self._look(group, part))
        return best

    def answer(self, label: Cells, count: int, best: float) -> Located:
        """Return what was found, its holds judged, and what was not recognised in words."""
        known = [
            Obstacle(thing.id, self.shapes.get(Kind(thing.id, thing.mesh)).shape.solid, thing.pose)
            for thing in (*self.request.around, *self.others)
        ]
        parts = [
            Obstacle(f"{self.request.part.id} {k}", guess.votes.hypothesis.solid, location.pose)
            for k, (guess, location) in enumerate(self.found, start=1)
        ]
        symmetry = self.shapes.get(self.request.part).shape.symmetry
        out = []
        for k, (_, location) in enumerate(self.found):
            others = [*known, *parts[:k], *parts[k + 1 :]]
            holds = judged(self.request, parts[k], symmetry, others, self.ground)
            out.append(dataclasses.replace(location, holds=holds))
        out.sort(key=lambda each: (_held_back(each), each.doubt != "", -each.score))
        return Located(
            found=tuple(out),
            reason=self._reason(label, count, best),
            others=tuple(self.others),
            floor=self.ground.floor.rounded(),
            shot_stamp=self.ground.crop.stamp,
        )

    def _reason(self, label: Cells, count: int, best: float) -> str:
        """Say what lies there that is no part of the kind."""
        said = list(dict.fromkeys(self.doubts))
        held = {int(self._label(label, location.pose)) for _, location in self.found}
        held |= {int(self._label(label, other.pose)) for other in self.others}
        strange = count - len(held - {0})
        if strange and not self.doubts:
            what = "Something lies" if strange == 1 else f"{strange} things lie"
            said.append(f"{what} there that {'is' if strange == 1 else 'are'} not {self.request.part.id}")
            said[-1] += f": best score {best:.2f}." if not self.found else "."
        said += [f"{other.id} lies there." for other in self.others]
        return " ".join(said)

    def _label(self, label: Cells, pose: Pose) -> int:
        solid = self.shapes.get(self.request.part).shape.solid
        x, y, _ = (self.ground.floor.inverse() @ pose).apply(solid.centre.tolist())
        column, row = np.floor((np.array((x, y)) - self.relief.low) / self.relief.cell_m).astype(int)
        reach = max(1, round(0.5 * solid.radius / self.relief.cell_m))
        near = label[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
        return int(np.bincount(near[near > 0].astype(int)).argmax()) if (near > 0).any() else 0

    # ---- one place ---------------------------------------------------------------------------------------------

    def _look(self, group: Sequence[Candidate], part: Moulds) -> float:
        """Judge one place; returns the best score where it was not believed, else 0."""
        kinds = [(kind, self.shapes.get(kind)) for kind in self.request.look_alikes]
        radius = max([part.shape.solid.radius, *(moulds.shape.solid.radius for _, moulds in kinds)])
        scene = self._scene(group[0].x, group[0].y, radius + 0.006, part)
        if scene is None:
            return 0.0
        guesses = self._fit(self.request.part, part, group, scene)
        if not guesses:
            return 0.0
        if self.turned and part.shape.symmetry.axis is None:
            guesses = self._yawed(guesses[0], scene)
        guess = guesses[0]
        score = self._score(guess.votes, scene)
        why = self._disbelieved(guess, scene)
        if why:
            return score
        for kind, moulds in kinds:
            rival = self._rival(kind, moulds, group[0], radius, scene, guess.votes)
            if rival is None:
                continue
            gap = rival.votes.cost - guess.votes.cost
            if gap < 0 and self._clear(rival.votes, guess.votes, scene):
                self._explain(rival)
                self.others.append(Expected(kind.id, kind.mesh, rival.votes.found.pose.rounded(), kind.symmetry_z))
                return 0.0
            if not self._clear(guess.votes, rival.votes, scene):
                name = self.request.part.id
                self.doubts.append(f"What lies there may be {name} or {kind.id}: from here they look the same.")
                self._explain(guess)
                return 0.0
        self._explain(guess)
        self.found.append((guess, self._location(guess, guesses[1:], part.shape.symmetry, scene)))
        return 0.0

    def _scene(self, x: float, y: float, radius: float, part: Moulds) -> Scene | None:
        """Cut out the picture around a place (x, y in the floor's frame), with what is expected there by now."""
        ground = self.ground
        high = max(rest.height_m for rest in part.shape.rests)
        corners = np.array(
            [(x + i * radius, y + j * radius, k * high) for i in (-1, 1) for j in (-1, 1) for k in (0, 1)]
        )
        box = region_of(corners, ground.floor, ground.crop.pose, ground.crop.intrinsics, 0.0)
        if box is None:
            return None
        whole = ground.region
        left, top = max(box.left, whole.left), max(box.top, whole.top)
        right = min(box.left + box.width, whole.left + whole.width)
        bottom = min(box.top + box.height, whole.top + whole.height)
        if right - left < 4 or bottom - top < 4:
            return None
        rows, columns = slice(top - whole.top, bottom - whole.top), slice(left - whole.left, right - whole.left)
        depth, back = ground.depth[rows, columns], self.back[rows, columns]
        sigma = ground.sigma(back, self.settings.slack_m)
        over = ground.points[rows, columns, 2] > high + OVER_M + 4 * sigma
        usable = ground.usable[rows, columns] & (depth > 0) & ~over
        view = View.over(Region(left, top, right - left, bottom - top), ground.crop.pose, ground.crop.intrinsics)
        intrinsics = ground.crop.intrinsics
        pixel = float(np.median(back)) / min(intrinsics.fx, intrinsics.fy)
        return Scene(
            view=view,
            shape=(bottom - top, right - left),
            depth=np.ascontiguousarray(depth).ravel(),
            usable=usable.ravel(),
            back=np.ascontiguousarray(back).ravel(),
            sigma=sigma.ravel(),
            pixel_m=pixel,
        )

    def _fit(
        self, kind: Kind, moulds: Moulds, group: Sequence[Candidate], scene: Scene, rival: Votes | None = None
    ) -> list[Guess]:
        """Fit the most promising poses at a place, the best first; no further than it takes to lose to a rival."""
        thin = scene.thinned()
        loose = dataclasses.replace(thin, sigma=np.hypot(thin.sigma, np.float32(COARSE_M)))
        tried = []
        for candidate in group:
            hypothesis = self._hypothesis(kind, moulds, candidate.pose)
            votes = vote(hypothesis, Alignment(hypothesis.pose), loose, self.settings)
            if votes.support >= PROMISE:
                tried.append((votes, candidate.rest))
        tried.sort(key=lambda each: each[0].cost)
        fitted = []
        for votes, rest in tried[:FITTED]:
            if votes.support < tried[0][0].support - BEHIND:
                continue
            hypothesis = votes.hypothesis
            found = align(hypothesis.solid, hypothesis.pose, scene, most=FIRST_STEPS, share=FIRST_SHARE, rough=True)
            fitted.append((vote(hypothesis, found, scene, self.settings), rest))
        fitted.sort(key=lambda each: each[0].cost)
        out: list[Guess] = []
        for votes, rest in fitted[: 2 if len(fitted) > 1 and _near(fitted[0][0], fitted[1][0], scene) else 1]:
            if rival is not None and votes.support < rival.support - BEHIND:
                out.append(Guess(kind, votes, rest))
                continue
            found = align(votes.hypothesis.solid, votes.found.pose, scene, near=votes.found.settled, rough=True)
            better = vote(votes.hypothesis, found, scene, self.settings)
            better = better if better.cost <= votes.cost else votes
            if not better.found.settled and (rival is None or better.support > rival.support - LOST):
                better = self._settled(better, scene)
            out.append(self._resting(Guess(kind, better, rest), moulds.shape.symmetry, scene))
        return sorted(out, key=lambda guess: guess.votes.cost)

    def _settled(self, votes: Votes, scene: Scene) -> Votes:
        """Fit anew from the best starts beside a fit that did not come to rest, and return the best of all."""
        hypothesis, (x, y, z), turn = votes.hypothesis, votes.found.pose.p, votes.found.pose.q

        def fitted(at: Pose, share: float) -> Votes:
            found = align(hypothesis.solid, at, scene, near=True, most=FIRST_STEPS, share=share, rough=True)
            return vote(hypothesis, found, scene, self.settings)

        poses = [Pose((x + dx * scene.pixel_m, y + dy * scene.pixel_m, z), turn) for dx, dy in BESIDE_PIXELS]
        thin = scene.thinned()
        starts = [vote(hypothesis, Alignment(pose), thin, self.settings) for pose in poses]
        starts.sort(key=lambda each: each.cost)
        tried = [votes, *(fitted(start.found.pose, BESIDE_SHARE) for start in starts[:BESIDE_FITTED])]
        best = min(tried, key=lambda each: each.cost)
        return best if best is votes else min(best, fitted(best.found.pose, 1.0), key=lambda each: each.cost)

    def _yawed(self, guess: Guess, scene: Scene) -> list[Guess]:
        """Return a part fitted from other yaws about the floor's normal too, the best first."""
        hypothesis, floor = guess.votes.hypothesis, self.ground.floor
        pose = floor.inverse() @ guess.votes.found.pose
        x, y, _ = pose.apply(hypothesis.solid.centre.tolist())
        out = [guess]
        for k in range(1, YAWS):
            turn = Pose((x, y, 0.0)) @ Pose.from_rpy((0, 0, 0), (0, 0, math.tau * k / YAWS)) @ Pose((-x, -y, 0.0))
            found = align(hypothesis.solid, floor @ turn @ pose, scene, most=FIRST_STEPS, share=FIRST_SHARE)
            out.append(dataclasses.replace(guess, votes=vote(hypothesis, found, scene, self.settings)))
        out.sort(key=lambda each: each.votes.cost)
        if out[0] is not guess:
            found = align(hypothesis.solid, out[0].votes.found.pose, scene)
            votes = vote(hypothesis, found, scene, self.settings)
            out[0] = dataclasses.replace(guess, votes=min(votes, out[0].votes, key=lambda each: each.cost))
        return out

    def _hypothesis(self, kind: Kind, moulds: Moulds, pose: Pose) -> Hypothesis:
        return Hypothesis("part", kind.id, moulds.shape.solid, self.ground.floor @ pose, kind.symmetry_z)

    def _resting(self, guess: Guess, symmetry: Symmetry, scene: Scene) -> Guess:
        """Lay a part flat on the floor where the picture does not contradict that: the floor is known better."""
        assert guess.rest is not None
        found = guess.votes.found
        pose = self.ground.floor.inverse() @ found.pose
        turn, lying = pose.matrix()[:3, :3], guess.rest.pose.matrix()[:3, :3]
        # Of all yaws about the floor's z, the one that brings the resting pose nearest to what was found.
        change = turn @ lying.T
        yaw = math.atan2(float(change[1, 0] - change[0, 1]), float(change[0, 0] + change[1, 1]))
        flat = Pose((0.0, 0.0, 0.0), (math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2))) @ guess.rest.pose
        here, there = (each.apply(symmetry.centre.tolist()) for each in (pose, flat))
        flat = Pose((here[0] - there[0], here[1] - there[1], 0.0)) @ flat
        tilt = math.acos(float(np.clip(lying[2] @ turn[2], -1.0, 1.0)))
        off = abs(here[2] - there[2])
        if tilt > LEANING_RAD or off > LEANING_M:
            return dataclasses.replace(guess, rest=None)
        laid = dataclasses.replace(found, pose=self.ground.floor @ flat)
        votes = vote(guess.votes.hypothesis, laid, scene, self.settings)
        worse = votes.cost - guess.votes.cost
        if worse <= REST_COST * max(guess.votes.cost, 1.0) + DOUBT_SIGMA2 or tilt < math.radians(0.5):
            return dataclasses.replace(guess, votes=votes)
        return guess if tilt < math.radians(3) else dataclasses.replace(guess, rest=None)

    # ---- belief ------------------------------------------------------------------------------------------------

    def _disbelieved(self, guess: Guess, scene: Scene) -> str:
        """Say why a fitted pose is not believed; "" where it is."""
        votes = guess.votes
        least = self.settings.least_support
        if self.turned and self.shapes.get(guess.kind).shape.symmetry.axis is None:
            least = max(least, SURE)  # a wrong yaw explains all but what tells it
        if self._score(votes, scene) < (least if guess.rest is not None else max(least, LEANING_SUPPORT)):
            return "score"
        if self._visible(votes, scene) < VISIBLE:
            return "hidden"
        alone = scene.view.depth(votes.hypothesis.solid, votes.found.pose)
        on = (alone < scene.back).reshape(scene.shape)
        sigma = scene.noise_m
        inner = on & ~grown(outline(votes.front.reshape(scene.shape), self.settings.cut_sigma * sigma), 1)
        inner &= scene.usable.reshape(scene.shape)
        off = (np.abs(scene.depth - votes.front) > self.settings.cut_sigma * scene.sigma).reshape(scene.shape)
        if inner.sum() >= self.settings.least_pixels and float(off[inner].mean()) > CONTRADICTED:
            return "contradicted"
        wide = max(2, round(0.003 / scene.pixel_m))
        rim = grown(on, 2 + wide) & ~grown(on, 2) & scene.usable.reshape(scene.shape)
        tall = 0.35 * float(np.median((scene.back - votes.front)[on.ravel()])) if on.any() else 0.0
        stands = (scene.back - scene.depth > np.maximum(3 * scene.sigma, tall)).reshape(scene.shape)
        if rim.sum() >= self.settings.least_pixels and float(stands[rim].mean()) > BESIDE:
            return "larger"
        return ""

    def _score(self, votes: Votes, scene: Scene) -> float:
        """Return the net share of votes for a fit, -1 to 1, of the pixels off its outlines, where enough are.

        Beside an outline a pixel may show either side, or what floats between; of a narrow part most are.
        """
        edge = outline(votes.front.reshape(scene.shape), self.settings.cut_sigma * scene.noise_m).ravel()
        clear = scene.usable & ~edge & (votes.front < scene.back)
        if int(clear.sum()) < self.settings.least_pixels:
            return votes.support
        empty, taken, hoped = (
            costs(some, front, self.settings)[clear].sum()
            for some, front in (
                (scene, scene.back),
                (scene, votes.front),
                (dataclasses.replace(scene, depth=votes.front), scene.back),
            )
        )
        return float(empty - taken) / max(float(hoped), 1e-9)

    def _visible(self, votes: Votes, scene: Scene) -> float:
        """Return the share of the part's side facing the camera that was measured, and not on something over it."""
        alone = scene.view.depth(votes.hypothesis.solid, votes.found.pose)
        on = np.isfinite(alone) & (alone < scene.back)
        seen = on & scene.usable & (scene.depth > alone - OVER_M - 4 * scene.sigma)
        whole = self._pixels(votes)
        return min(1.0, float(seen.sum() / whole)) if whole else 0.0

    def _pixels(self, votes: Votes) -> int:
        """Return how many pixels of an endless picture the part would cover."""
        crop = self.ground.crop
        box = region_of(votes.hypothesis.solid.corners, votes.found.pose, crop.pose, crop.intrinsics, 0.0)
        if box is None:
            return 0
        view = View.over(box, crop.pose, crop.intrinsics)
        return int(np.isfinite(view.depth(votes.hypothesis.solid, votes.found.pose)).sum())

    def _rival(
        self, kind: Kind, moulds: Moulds, at: Candidate, radius: float, scene: Scene, found: Votes
    ) -> Guess | None:
        """Fit a look-alike at the place where a part was found."""
        near, where = self.relief.around(at.x, at.y, 2 * radius, 0.6 * radius)
        where &= near.standing > 0.002
        promising = [candidate for candidate in candidates(near, moulds, where) if candidate.share > LEAST]
        guesses = self._fit(kind, moulds, _variety(promising), scene, found)
        return guesses[0] if guesses else None

    def _clear(self, best: Votes, other: Votes, scene: Scene) -> bool:
        """Tell whether one of two fits explains the picture clearly better than the other."""
        gap = other.cost - best.cost
        differ = scene.usable & (np.abs(best.front - other.front) > 2.5 * scene.sigma)
        if int(differ.sum()) < self.settings.least_pixels:
            return False
        mine, others = (costs(scene, front, self.settings)[differ].sum() for front in (best.front, other.front))
        return gap > DOUBT_SIGMA2 and float(mine) < CLEAR * float(others)

    def _explain(self, guess: Guess) -> None:
        """Take a part as known from now on: the picture behind it is expected to show it."""
        depth = self.ground.view.depth(guess.votes.hypothesis.solid, guess.votes.found.pose)
        np.minimum(self.back, depth.reshape(self.back.shape), out=self.back)

    def _location(self, guess: Guess, rest: Sequence[Guess], symmetry: Symmetry, scene: Scene) -> Location:
        """Write down a part that was found."""
        votes, settings = guess.votes, self.settings
        alike = []
        for other in rest:
            shift, turn = symmetry.apart(votes.found.pose, other.votes.found.pose)
            other_pose = shift > ALIKE_M or turn > ALIKE_RAD
            if (
                other_pose
                and self._score(other.votes, scene) > settings.least_support
                and not self._clear(votes, other.votes, scene)
            ):
                alike.append(other)
        doubt = ""
        if alike:
            ways = sorted({each.rest.name if each.rest else "leaning" for each in alike})
            doubt = f"It may lie {' or '.join(ways)}, turned otherwise: from here that looks the same."
        floors = (settings.floor_m,) * 3 + (settings.floor_rad,) * 3
        sigmas = [math.hypot(settings.inflate * float(s), f) for s, f in zip(votes.found.sigma, floors, strict=True)]
        return Location(
            pose=votes.found.pose.rounded(),
            score=round(self._score(votes, scene), 3) + 0.0,
            visible=round(self._visible(votes, scene), 3),
            uncertainty_m=_vector(sigmas[:3], 6),
            uncertainty_rad=_vector(sigmas[3:], 5),
            lies=guess.rest.name if guess.rest is not None else "leaning",
            alike=tuple(other.votes.found.pose.rounded() for other in alike),
            doubt=doubt,
        )


def _places(every: Sequence[Candidate], apart_m: float, most: int) -> list[list[Candidate]]:
    """Gather candidates, the worthiest first, into places, each with its best poses."""
    places: list[list[Candidate]] = []
    for candidate in every:
        for place in places:
            if math.hypot(candidate.x - place[0].x, candidate.y - place[0].y) < apart_m:
                if len(place) < 3 * VARIANTS:
                    place.append(candidate)
                break
        else:
            if len(places) < most:
                places.append([candidate])
    return [_variety(place) for place in places]


def _variety(place: Sequence[Candidate]) -> list[Candidate]:
    """Return the best candidates of one place: first the best of each resting pose, then whatever comes next."""
    first: dict[str, Candidate] = {}
    for candidate in place:
        first.setdefault(str(candidate.rest.pose), candidate)
    rest = [candidate for candidate in place if candidate not in first.values()]
    return sorted([*list(first.values())[:VARIANTS], *rest[: max(0, VARIANTS - len(first))]], key=lambda c: -c.worth)


def _near(best: Votes, other: Votes, scene: Scene) -> bool:
    """Tell whether the second of two fits that have only begun may still turn out as good as the first."""
    empty = float(best.cost) + 1.0
    return float(other.cost) < 1.3 * empty + 0.05 * float(scene.usable.sum())


def _held_back(location: Location) -> bool:
    return bool(location.holds) and all(hold.blocked for hold in location.holds)


def _blind(crop: Crop) -> str:
    if not (crop.depth_m > 0).any():
        return "The camera measured nothing there."
    return "There is no floor to be seen that parts could lie on; give the box that they lie in, or the floor."


def _vector(values: Sequence[float], digits: int) -> Vector:
    x, y, z = (round(float(v), digits) + 0.0 for v in values)
    return (x, y, z)
