"""Taught poses as authors write them: ready to paste, with where it goes in a comment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.core.events import FrameTaught
    from orchestrator.core.geometry import Pose, Vector


def as_yaml(taught: Iterable[FrameTaught]) -> str:
    """Return poses as YAML: frames of the cell file, or grasps of a part for what was taught relative to one.

    Millimetres and degrees, fixed axes, as in every authored file. Nothing is written anywhere.
    """
    everything = list(taught)
    frames = [one for one in everything if not one.kind]
    out = []
    if frames:
        out += ["# for the cell file", "frames:", *(line for one in frames for line in _frame(one))]
    for kind in dict.fromkeys(one.kind for one in everything if one.kind):
        grasps = [one for one in everything if one.kind == kind]
        out += [f"# for the part {kind} in the procedure", "grasps:", *(_grasp(one) for one in grasps)]
    return "".join(f"{line}\n" for line in out)


def _frame(one: FrameTaught) -> list[str]:
    lines = [f"  {one.name}: {{{_pose(one.world)}}}"]
    if one.relative_to:
        lines.append(f"  #   from {one.relative_to}: {_pose(one.pose)}")
    lines.append(f"  #   joints_deg: {_list(tuple(math.degrees(angle) for angle in one.joints_rad), 2)}")
    return lines


def _grasp(one: FrameTaught) -> str:
    return f"  {one.name}: {{{_pose(one.pose)}, opening_mm: {_number(1000 * one.opening_m, 2)}}}"


def _pose(pose: Pose) -> str:
    x, y, z = pose.p
    turn = tuple(math.degrees(angle) for angle in _rpy(pose))
    return f"xyz_mm: {_list((1000 * x, 1000 * y, 1000 * z), 2)}, rpy_deg: {_list(turn, 3)}"


def _list(values: tuple[float, ...], digits: int) -> str:
    return f"[{', '.join(_number(value, digits) for value in values)}]"


def _number(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:g}" if abs(value) < 1e5 else str(round(value, digits))


def _rpy(pose: Pose) -> Vector:
    """Return fixed-axis roll, pitch, yaw (rad), as URDF has them; where pitch is +-90 degrees, yaw is 0."""
    w, x, y, z = pose.q
    sine = max(-1.0, min(1.0, 2 * (w * y - z * x)))
    if abs(sine) > 1 - 1e-9:
        return (2 * math.atan2(x, w), math.asin(sine), 0.0)
    roll = math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y))
    yaw = math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return (roll, math.asin(sine), yaw)
