"""Ways that MoveIt gives, judged before anything is made of them: joints, start, end, limits, jumps, the line."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from orchestrator.adapters.ros2.moveit import untrue
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.adapters.sim.planner import JUMP_RAD, RAD_AS_M, interpolate
from orchestrator.core.geometry import Pose, deviation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.ros2.moveit import Way
    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.core.ports import Joints

AT_RAD = 0.01  # from where it shall begin; as far as MoveIt itself lets a start be off
END_RAD = 1e-3  # from where it shall end, of each joint
LEAP_RAD = 1.0  # between two points of a free way; what is farther is no way that was looked at
OFF_M, OFF_RAD = 1e-3, 0.01  # from the line, and from where the flange shall be
BACK = 1e-3  # share of a line that a point may lie before the last


def ordered(way: Way, names: Sequence[str], start: Joints) -> list[Joints]:
    """Return a way's points in the arm's order of joints, from exactly `start` on.

    Raises NoMoveIt where joints are missing, numbers are none, or it begins elsewhere.
    """
    if lacking := [name for name in names if name not in way.names]:
        raise untrue(f"says nothing of {', '.join(lacking)}")
    at = [way.names.index(name) for name in names]
    if not way.points or any(len(point) != len(way.names) for point in way.points):
        raise untrue("has no points" if not way.points else "has points of too few joints")
    points = [tuple(point[index] for index in at) for point in way.points]
    if not all(math.isfinite(angle) for point in points for angle in point):
        raise untrue("has joints that are no numbers")
    if (off := distance(points[0], start)) > AT_RAD:
        raise untrue(f"begins {math.degrees(off):.1f}° from where the arm is")
    return [start, *(point for before, point in itertools.pairwise(points) if point != before)]


def free(way: Way, names: Sequence[str], start: Joints, goal: Joints, kinematics: Kinematics) -> list[Joints]:
    """Return the points of a way from exactly `start` to exactly `goal`. Raises NoMoveIt where it is none."""
    points = ordered(way, names, start)
    if (off := distance(points[-1], goal)) > END_RAD:
        raise untrue(f"ends {math.degrees(off):.1f}° from its goal")
    points = [*points[:-1], goal] if len(points) > 1 else [start, goal]
    _limited(points, kinematics)
    _close(points, LEAP_RAD)
    return points


def line(
    way: Way, names: Sequence[str], start: Joints, to: Pose, tcp: Pose, kinematics: Kinematics
) -> list[tuple[Joints, float]]:
    """Return joints along the TCP's line to a pose, each with its distance along it. Raises NoMoveIt off the line."""
    points = ordered(way, names, start)
    _limited(points, kinematics)
    _close(points, JUMP_RAD)
    origin = kinematics.flange(start) @ tcp
    length, turn = math.dist(origin.p, to.p), math.hypot(*deviation(to, origin).rot_rad)
    if _off(kinematics.flange(points[-1]) @ tcp, to):
        raise untrue("ends beside its line's end")
    out = [(start, 0.0)]
    reached = 0.0
    for before, joints in itertools.pairwise(points):
        pose = kinematics.flange(joints) @ tcp
        share = _share(pose, origin, to)
        half = kinematics.flange(tuple((a + b) / 2 for a, b in zip(before, joints, strict=True))) @ tcp
        if _off(pose, interpolate(origin, to, share)) or _off(half, interpolate(origin, to, _share(half, origin, to))):
            raise untrue("leaves its line")
        if share < reached - BACK:
            raise untrue("goes back along its line")
        if share > reached + 1e-6:
            out.append((joints, share * (length + RAD_AS_M * turn)))
            reached = share
    return out


def reached(joints: Joints, flange: Pose, kinematics: Kinematics) -> Joints:
    """Return joints that bring the flange exactly where MoveIt's nearly do. Raises NoMoveIt where those do not."""
    if len(joints) != len(kinematics.model.home_rad) or not all(map(math.isfinite, joints)):
        raise untrue("has joints that are none")
    _limited([joints], kinematics)
    got = kinematics.flange(joints)
    if _off(got, flange):
        off_mm = 1000 * math.dist(got.p, flange.p)
        turn = math.degrees(math.hypot(*deviation(got, flange).rot_rad))
        raise untrue(f"brings the flange {off_mm:.1f} mm and {turn:.1f}° from where it shall be")
    exact = kinematics.nearest(flange, joints)
    return exact if exact is not None and distance(exact, joints) < AT_RAD else joints


def _limited(points: Sequence[Joints], kinematics: Kinematics) -> None:
    for point in points:
        if broken := kinematics.limit_broken(point):
            raise untrue(f"goes beyond the range of {broken}")


def _close(points: Sequence[Joints], most_rad: float) -> None:
    for before, after in itertools.pairwise(points):
        if (leap := distance(before, after)) > most_rad:
            index = max(range(len(after)), key=lambda joint: abs(after[joint] - before[joint])) + 1
            raise untrue(f"has joint {index} jump by {math.degrees(leap):.0f}°")


def _off(pose: Pose, other: Pose) -> bool:
    return math.dist(pose.p, other.p) > OFF_M or math.hypot(*deviation(pose, other).rot_rad) > OFF_RAD


def _share(pose: Pose, origin: Pose, to: Pose) -> float:
    """Return the share of a line that a pose lies nearest to, 0 to 1: by its place, or where that stays by its turn."""
    way = [b - a for a, b in zip(origin.p, to.p, strict=True)]
    squared = sum(d * d for d in way)
    if squared > OFF_M**2:
        share = sum((b - a) * d for a, b, d in zip(origin.p, pose.p, way, strict=True)) / squared
    else:
        whole = deviation(to, origin).rot_rad
        so_far = deviation(pose, origin).rot_rad
        share = sum(a * b for a, b in zip(so_far, whole, strict=True)) / max(sum(a * a for a in whole), 1e-12)
    share = min(max(share, 0.0), 1.0)
    return 1.0 if share > 1.0 - 1e-4 else share
