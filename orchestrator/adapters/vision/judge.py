"""The verdict on one result: which hypothesis explains the picture, and how far off the part is."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.align import Alignment, align
from orchestrator.adapters.vision.datum import fix, seen_off
from orchestrator.adapters.vision.hypotheses import (
    Hypothesis,
    Votes,
    better_beside,
    clear,
    compared,
    costs,
    half_turn,
    search,
    set_down,
    settle,
    unexplained,
    vote,
)
from orchestrator.adapters.vision.measured import faults, likelier, measured, rounded
from orchestrator.adapters.vision.place import look_at, uncovered, why_blind
from orchestrator.adapters.vision.polish import polished
from orchestrator.adapters.vision.weigh import far_fetched, likeliest, same_chance
from orchestrator.core.geometry import IDENTITY, Deviation, deviation
from orchestrator.core.ports import Check

if TYPE_CHECKING:
    from orchestrator.adapters.vision.align import Scene
    from orchestrator.adapters.vision.datum import Fix
    from orchestrator.adapters.vision.place import Crop, Place
    from orchestrator.adapters.vision.render import Depth, Mask, Region, Solids
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import CheckRequest

SURELY_SHARE, SURELY_STRENGTH = 0.6, 100.0  # of the vote between two hypotheses that needs no closer look
GLANCE_STRIDE = 3  # pixels, in each direction, of which one is looked at first
DEEPER_SHARE, MOST_OPEN = 0.8, 0.6  # of what contradicts a part, and at most of the part, that is seen into
EMPTY_SHARE = 0.7  # of the pixels that tell, which must show what lies behind the part to call it missing
ALL_EMPTY = 0.995  # of all pixels in the region which show what lies behind: then there is nothing to search for


def _no_picture() -> Depth:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A verdict and the pictures it rests on: (height, width), metres; empty when there was nothing to compare.

    `camera` is where the camera was taken to be, corrected by the datum; `region` what of its picture was judged.
    """

    check: Check
    depth: Depth = field(default_factory=_no_picture)
    expected: Depth = field(default_factory=_no_picture)
    without_part: Depth = field(default_factory=_no_picture)
    region: Region | None = None
    camera: Pose = IDENTITY


@dataclass(frozen=True, slots=True)
class Rival:
    """Another hypothesis beside the part; `beaten` where a few of the pixels have set it aside, and only they voted."""

    votes: Votes
    beaten: bool = False


def judge(request: CheckRequest, crop: Crop, solids: Solids, settings: VisionSettings) -> Judged:
    """Judge one result from the pixels around it.

    Raises:
        VisionError: a mesh is missing or can't be read.
    """
    if _seems_blind(request, crop, solids, settings):
        hidden = look_at(request, crop, solids, settings)
        if hidden is not None and (reason := why_blind(hidden, settings)):  # a datum would not bring it into view
            return _pictured(Check("cannot_see", reason=reason), hidden, crop)
    by = fix(request, crop, solids, settings)
    crop = dataclasses.replace(crop, pose=by.camera)
    place = look_at(request, crop, solids, settings)
    if place is None:
        reason = f"{request.part.id} is behind the camera or nearer to it than 50 mm."
        return Judged(Check("cannot_see", reason=reason, shot_stamp=crop.stamp))
    reason = why_blind(place, settings) or by.problem
    answer = Check("cannot_see", reason=reason) if reason else _decide(request, place, by, settings)
    if answer.verdict != "ok" and not reason and not by.used and request.around:
        off_m = answer.deviation.distance_m if answer.deviation else 0.0
        if off := seen_off(request, crop, solids, settings, off_m):
            answer = dataclasses.replace(answer, verdict="cannot_see", reason=off, wrong_part="")
    if by.astray and answer.deviation and answer.verdict != "ok":
        names = " and ".join(datum.id for datum in request.datum)
        words = (
            f"Too little of {names} is seen where it should be, and no earlier look of {crop.camera} at it counts, so "
            "what the camera itself is off by can't be taken out."
        )
        answer = dataclasses.replace(answer, reason=f"{answer.reason} {words}")
    shift = deviation(by.shift, IDENTITY) if by.used else None
    answer = dataclasses.replace(
        answer,
        datum=by.used,
        datum_offset=Deviation(rounded(shift.xyz_m, 6), rounded(shift.rot_rad, 5)) if shift else None,
    )
    return _pictured(answer, place, crop)


def _seems_blind(request: CheckRequest, crop: Crop, solids: Solids, settings: VisionSettings) -> bool:
    """Tell by a part of the pixels whether a datum would be looked for in vain."""
    if not request.datum or 0 in crop.depth_m.shape:
        return False
    few = dataclasses.replace(settings, least_pixels=math.ceil(settings.least_pixels / GLANCE_STRIDE**2))
    glance = look_at(request, crop.coarser(GLANCE_STRIDE), solids, few)
    return glance is not None and why_blind(glance, few) != ""


def _pictured(check: Check, place: Place, crop: Crop) -> Judged:
    shape = place.scene.shape
    return Judged(
        check=dataclasses.replace(check, visible=round(place.visible, 3), shot_stamp=crop.stamp),
        depth=place.scene.depth.reshape(shape),
        expected=np.minimum(place.alone, place.scene.back).reshape(shape),
        without_part=place.scene.back.reshape(shape),
        region=place.region,
        camera=crop.pose,
    )


def _decide(request: CheckRequest, place: Place, by: Fix, settings: VisionSettings) -> Check:
    """Take the short way where the part explains the picture, else search for what does."""
    nominal, rivals = _nominal(place, settings)
    if rivals is not None:
        return _short(request, nominal, rivals, place, by, settings)
    usable = place.scene.usable
    place = uncovered(place, settings)
    if reason := why_blind(place, settings):
        return Check("cannot_see", reason=reason)
    if int(usable.sum()) - int(place.scene.usable.sum()) >= settings.least_pixels:
        nominal, rivals = _nominal(place, settings)
        if rivals is not None:
            return _short(request, nominal, rivals, place, by, settings)
    scene = place.scene
    if float(_fits_empty(place, settings)[scene.usable].mean()) >= ALL_EMPTY:
        return _missing([], place, 1.0)
    tried = [settle(idea, search(idea, scene, settings), scene, settings) for idea in place.ideas]
    if nominal.cost <= tried[0].cost:
        tried[0] = nominal
    if all(votes.support < settings.least_support for votes in tried):
        return _nothing(tried, place, settings)
    return _conclude(request, tried, place, by, settings)


def _short(
    request: CheckRequest, nominal: Votes, rivals: list[Rival], place: Place, by: Fix, settings: VisionSettings
) -> Check:
    """Weigh the part against what a few pixels have not beaten already."""
    left = [nominal, *(rival.votes for rival in rivals if not rival.beaten)]
    answer = _conclude(request, left, place, by, settings)
    beaten = _scores([rival.votes for rival in rivals if rival.beaten])
    return dataclasses.replace(answer, scores={**answer.scores, **beaten})


def _nominal(place: Place, settings: VisionSettings) -> tuple[Votes, list[Rival] | None]:
    """Return the votes for the part near its place and, where it explains the picture best, those for its rivals."""
    scene, part = place.scene, place.ideas[0]
    nominal = settle(part, part.pose, scene, settings, alone=place.alone)
    sure = nominal.support >= settings.sure_support and nominal.found.settled
    if not sure or not _explains(nominal, place, settings):
        return nominal, None
    if not nominal.tried and better_beside(nominal, scene, settings):
        return nominal, None
    some = scene.thinned()
    mine = vote(part, nominal.found, some, settings)
    rivals = [_rival(idea, nominal, mine, some, place, settings) for idea in place.ideas[1:]]
    behind = all(rival.beaten or compared(nominal, rival.votes, scene, settings)[0] >= 0 for rival in rivals)
    return nominal, rivals if behind else None


def _rival(idea: Hypothesis, nominal: Votes, mine: Votes, some: Scene, place: Place, settings: VisionSettings) -> Rival:
    """Count the votes for another hypothesis where the part was found; align it when many pixels agree with it.

    It starts where it would be, had it been set down with the same deviation as the part, or half a turn about z on,
    or in its own place; what looks the same is aligned there already, so two steps do.
    """
    scene = place.scene
    start = nominal.found.pose @ place.ideas[0].pose.inverse() @ idea.pose
    guesses = [Alignment(set_down(idea, pose, some)) for pose in (start, half_turn(idea, start))]
    guesses.append(Alignment(idea.pose))
    first = min((vote(idea, guess, some, settings) for guess in guesses), key=lambda votes: votes.cost)
    share, strength = compared(mine, first, some, settings)
    if share > SURELY_SHARE and strength > SURELY_STRENGTH:
        return Rival(first, beaten=True)
    if first.support < settings.least_support:
        return Rival(vote(idea, first.found, scene, settings))
    return Rival(vote(idea, align(idea.solid, first.found.pose, scene, near=True, most=2), scene, settings))


def _nothing(tried: list[Votes], place: Place, settings: VisionSettings) -> Check:
    """Tell an empty place from one where something unknown is."""
    share = float(_fits_empty(place, settings)[place.telling].mean())
    if share >= EMPTY_SHARE:
        return _missing(tried, place, share)
    scores = _scores(tried) | {"nothing": round(share, 3)}
    reason = f"What is there looks neither like {place.part} nor like its empty place."
    return Check("cannot_see", scores=scores, reason=_open_there(tried[0], place, settings) or reason)


def _missing(tried: list[Votes], place: Place, share: float) -> Check:
    scores = _scores(tried) | {"nothing": round(share, 3)}
    return Check("missing", scores=scores, reason=f"What lies behind {place.part} is seen instead of it.")


def _fits_empty(place: Place, settings: VisionSettings) -> Mask:
    return np.asarray(costs(place.scene, place.scene.back, settings) < settings.cut_sigma**2)


def _conclude(request: CheckRequest, tried: list[Votes], place: Place, by: Fix, settings: VisionSettings) -> Check:
    """Weigh the hypotheses; where that leaves doubt of the part, once more where all pixels put them."""
    answer, doubtful = _weighed(request, tried, place, by, settings)
    if not doubtful:
        return answer
    finer = {votes.name: polished(votes, place.scene, settings) for votes in doubtful}
    return _weighed(request, [finer.get(votes.name, votes) for votes in tried], place, by, settings)[0]


def _weighed(
    request: CheckRequest, tried: list[Votes], place: Place, by: Fix, settings: VisionSettings
) -> tuple[Check, list[Votes]]:
    """Take the hypothesis that explains the picture best; of those that explain it alike, that of the fewest faults.

    With it come the hypotheses that a finer fit may tell apart, or from the part's tolerance; none where all is clear.
    """
    best = likeliest(tried, place, settings)
    tried = [same_chance(votes, best, place, settings) for votes in tried]
    leads = partial(likelier, request, place=place, by=by, settings=settings)
    best = likeliest(tried, place, settings, leads)
    scores = _scores(tried)
    between = [(votes, compared(best, votes, place.scene, settings)) for votes in tried]
    same = [votes for votes, word in between if votes is best or not clear(*word)]
    alike = [votes for votes, word in between if votes is best or not clear(*word, leads(best, votes))]
    chosen = min(alike, key=lambda votes: (faults(request, votes, place, by, settings), votes is not best))
    for other in alike:
        if other is not chosen and not far_fetched(request, other, chosen, place, settings):
            reason = f"From here {_called(chosen)} and {_called(other)} look the same."
            return Check("cannot_see", scores=scores, reason=reason), alike
    if chosen.hypothesis.kind == "flipped":
        return Check("flipped", scores=scores, reason=f"{place.part} lies upside down."), []
    if chosen.hypothesis.kind == "look_alike":
        wrong = chosen.hypothesis.id
        reason = f"It looks like {wrong}, not like {place.part}."
        return Check("wrong", scores=scores, reason=reason, wrong_part=wrong), []
    if not _explains(chosen, place, settings):
        reason = f"{place.part} explains what is there in part only; it may be damaged, or something lies beside it."
        answer = Check("cannot_see", scores=scores, reason=_open_there(chosen, place, settings) or reason)
        return answer, [chosen]
    answer = measured(request, chosen, place, by, scores, settings)
    if also := " and ".join(_called(other) for other in same if other is not chosen):
        also = f"{answer.reason} Out of its place, {also} would look the same.".strip()
        answer = dataclasses.replace(answer, reason=also)
    return answer, [] if answer.verdict == "ok" else alike


def _explains(votes: Votes, place: Place, settings: VisionSettings) -> bool:
    count, share = unexplained(votes, place.scene, settings)
    return count < settings.least_pixels or share < settings.least_unexplained


def _open_there(votes: Votes, place: Place, settings: VisionSettings) -> str:
    """Say that the part shows what it should but where one can see into it; "" where that is not so."""
    scene = place.scene
    on = scene.usable & (votes.front < scene.back)
    gap = scene.depth - votes.front
    off = on & (np.abs(gap) > settings.cut_sigma * scene.sigma)
    deeper = off & (gap > 0)
    least = max(settings.least_pixels, DEEPER_SHARE * int(off.sum()))
    if int(deeper.sum()) < least or int(off.sum()) > MOST_OPEN * int(on.sum()):
        return ""
    share, deep_mm = float(deeper.sum() / on.sum()), float(np.median(gap[deeper])) * 1000
    return (
        f"{place.part} is seen where it shows, but {share:.0%} of it lies {deep_mm:.0f} mm deeper than its model: "
        "an opening that the model closes, or a piece that is missing."
    )


def _called(votes: Votes) -> str:
    return f"{votes.hypothesis.id} upside down" if votes.hypothesis.kind == "flipped" else votes.hypothesis.id


def _scores(tried: list[Votes]) -> dict[str, float]:
    return {votes.name: round(votes.support, 3) + 0.0 for votes in tried}
