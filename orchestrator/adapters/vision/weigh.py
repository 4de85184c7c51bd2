"""Which of several hypotheses is the likeliest, and which of them are none, as they take two faults at once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from orchestrator.adapters.vision.hypotheses import compared, told_apart, vote
from orchestrator.adapters.vision.measured import kept_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.vision.hypotheses import Votes
    from orchestrator.adapters.vision.place import Place
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.ports import CheckRequest


def likeliest(
    tried: list[Votes],
    place: Place,
    settings: VisionSettings,
    leads: Callable[[Votes, Votes], float] = lambda _one, _other: 0.0,
) -> Votes:
    """Return the likeliest hypothesis by the pixels and by how much one leads another before they are looked at."""
    out = tried[0]
    for other in tried[1:]:
        share, strength = compared(out, other, place.scene, settings)
        if share * strength + leads(out, other) < 0:
            out = other
    return out


def same_chance(votes: Votes, best: Votes, place: Place, settings: VisionSettings) -> Votes:
    """Return a hypothesis where the best one was found, if that fits better than where it has come to rest itself.

    Of two parts that show the same, one may fit the worse for nothing but where its own fit ended.
    """
    if votes is best:
        return votes
    pose = best.found.pose @ best.hypothesis.pose.inverse() @ votes.hypothesis.pose
    there = dataclasses.replace(best.found, pose=pose)
    some = place.scene.thinned()
    here, beside = (vote(votes.hypothesis, found, some, settings).cost for found in (votes.found, there))
    if here <= beside:
        return votes
    return min(votes, vote(votes.hypothesis, there, place.scene, settings), key=lambda each: each.cost)


def far_fetched(request: CheckRequest, other: Votes, chosen: Votes, place: Place, settings: VisionSettings) -> bool:
    """Tell whether another thing explains the picture alike only out of its place: that takes two faults at once.

    Kept within the tolerance about where it would stand as the part should, and where it stood as the chosen one does,
    it must not explain the picture.
    """
    if other.hypothesis.kind == "part":
        return False
    there = chosen.found.pose @ chosen.hypothesis.pose.inverse() @ other.hypothesis.pose
    for pose in (kept_within(request, other), there):
        standing = vote(other.hypothesis, dataclasses.replace(other.found, pose=pose), place.scene, settings)
        if not told_apart(chosen, standing, place.scene, settings):
            return False
    return True
