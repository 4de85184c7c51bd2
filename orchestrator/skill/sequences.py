"""Picks and placements as a skill gets them: planned whole, cut into the legs that it follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose
    from orchestrator.core.variant import Target
    from orchestrator.engine.attempt import Leg
    from orchestrator.engine.handling import Seen, Way


@dataclass(frozen=True, slots=True)
class Grasp:
    """A pick, planned whole: go there, close, come away."""

    way: Way
    seen: Seen
    approach: Leg
    act: Leg
    retreat: Leg


@dataclass(frozen=True, slots=True)
class Placement:
    """A placement, planned whole: go above, down, open, come away and home."""

    way: Way
    at: Target
    seat: Pose
    above: Leg
    down: Leg
    act: Leg
    retreat: Leg
