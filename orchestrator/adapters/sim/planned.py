"""Plans as the robot port hands them out: planned legs, bound to the scene and the tool that they assumed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core.ports import Joints, Move, Plan, Retrace, Segment, Tool

if TYPE_CHECKING:
    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.adapters.sim.planner import Leg
    from orchestrator.core.geometry import Pose

PREVIEW = 50


def tool_name(tool: Tool) -> str:
    """Return a name that changes with any of the tool's properties."""
    return f"{tool.name}#{_digest(tool)}"


def bound(
    segments: tuple[Segment, ...],
    legs: tuple[Leg, ...],
    *,
    start: Joints,
    scene_version: str,
    tool: Tool,
    kinematics: Kinematics,
) -> Plan:
    """Return legs as a plan whose id is the digest of all that it rests on."""
    name = tool_name(tool)
    return Plan(
        _digest(([_ordered(segment) for segment in segments], start, scene_version, name)),
        segments,
        start,
        scene_version,
        name,
        sum(leg.duration_s for leg in legs),
        _preview(legs, tool, kinematics),
        tuple(kinematics.links(leg.end, leg.opening_m) for leg in legs),
        legs,
    )


def _preview(legs: tuple[Leg, ...], tool: Tool, kinematics: Kinematics) -> tuple[Pose, ...]:
    """Return TCP poses along the way, evenly on every curve, its last one included."""
    curves = [curve for leg in legs for curve in leg.curves][: PREVIEW - 1]
    if not curves:
        return ()
    each = max(1, (PREVIEW - 1) // len(curves))
    points = [curves[0].at(0.0)]
    points += [curve.at(curve.length * k / each) for curve in curves for k in range(1, each + 1)]
    return tuple(kinematics.flange(joints) @ tool.tcp for joints in points)


def _ordered(segment: Segment) -> object:
    """A segment and what it may touch, in an order that is the same in every process."""
    if not isinstance(segment, Move | Retrace):
        return segment
    return replace(segment, touching=frozenset()), sorted(segment.touching)


def _digest(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
