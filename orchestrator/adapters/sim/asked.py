"""Whether what a robot is asked for makes sense at all, before anything is planned or moved."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.core.errors import PlanError
from orchestrator.core.ports import Grip, GuardedMove, Move, Retrace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.ports import Joints, Segment


def nonsense(asked: Segment | GuardedMove, joints: int) -> str:
    """Say what is wrong with a segment or a guarded move, for an arm with so many joints; "" when nothing is."""
    if isinstance(asked, Move):
        if not _finite(*asked.to.p, *asked.to.q):
            return "A pose is made of numbers."
        return "" if asked.speed_m_s is None or _positive(asked.speed_m_s) else "A speed is more than 0 m/s."
    if isinstance(asked, Grip):
        if not _finite(asked.opening_m):
            return "An opening is a number of metres."
        return "" if _positive(asked.force_N) and asked.mass_kg >= 0 else "A grip has a force, and no load below 0 kg."
    if isinstance(asked, GuardedMove):
        sound = _finite(asked.distance_m, *asked.window_m) and _positive(asked.speed_m_s) and _positive(asked.force_N)
        one = _finite(*asked.direction) and abs(math.hypot(*asked.direction) - 1) <= 1e-6
        return (
            "" if sound and one and asked.distance_m >= 0 else "Direction, distance, speed, force or window is wrong."
        )
    if isinstance(asked, Retrace):
        wrong = next((words for angles in asked.through if (words := wrong_joints(angles, joints))), "")
        return wrong or ("" if _positive(asked.speed_m_s) else "A speed is more than 0 m/s.")
    return wrong_joints(asked.joints, joints)


def wrong_joints(angles: Joints, joints: int) -> str:
    """Say what is wrong with joint angles, for an arm with so many joints; "" when nothing is."""
    if len(angles) != joints:
        return f"The arm has {joints} joints, not {len(angles)}."
    return "" if _finite(*angles) else "A joint's angle is a number."


def refuse_nonsense(segments: Sequence[Segment], start: Joints, joints: int) -> None:
    """Raise PlanError (code bad_input) naming the first segment that makes no sense."""
    found = [(wrong_joints(start, joints), "The start")]
    found += [(nonsense(segment, joints), f"Segment {n} of {len(segments)}") for n, segment in enumerate(segments, 1)]
    for wrong, where in found:
        if wrong:
            raise PlanError(f"{where}: {wrong}", remedy="Correct the skill that asks for it.", code="bad_input")


def _finite(*values: float) -> bool:
    return all(math.isfinite(value) for value in values)


def _positive(value: float) -> bool:
    return math.isfinite(value) and value > 0
