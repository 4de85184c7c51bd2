"""Why a plan can't be run now: another tool, scene or start than it was made for, or no slice of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.adapters.sim import scenery
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.adapters.sim.planned import tool_name
from orchestrator.core.ports import Joints, Outcome, Plan, Scene, Tool

if TYPE_CHECKING:
    from orchestrator.adapters.sim.planner import Leg


def refused(
    plan: Plan, part: slice, *, tool: Tool, scene: Scene, follows: int | None, joints: Joints, near_rad: float
) -> Outcome | None:
    """Return why a slice of a plan can't be run now; None where it can.

    `follows` is the segment before which nothing but the plan itself has changed the scene; the arm stands at a plan's
    start where no joint is farther from it than `near_rad`.
    """
    first, _, step = part.indices(plan.steps)
    if step != 1 or not plan.steps:
        return _rejected("bad_slice", "A plan runs forward, without gaps.", "Give a slice without a step.")
    if first >= plan.steps:
        return _rejected("bad_slice", f"The plan has {plan.steps} segments.", "Give a slice inside them.")
    leg: Leg = plan.path[first]
    if tool_name(tool) != plan.tool:
        return _rejected("stale_tool", f"The tool is now {tool.name}.", "Plan anew.")
    if follows != first and not scenery.same(leg.before, scene):
        return _rejected("stale_scene", "The scene has changed since the plan was made.", "Plan anew.")
    if (off := distance(leg.start, joints)) > near_rad:
        words = f"The arm is {math.degrees(off):.1f}° away from where the plan starts."
        return _rejected("stale_start", words, "Plan anew.")
    return None


def _rejected(code: str, message: str, remedy: str) -> Outcome:
    return Outcome("rejected", code, message, remedy)
