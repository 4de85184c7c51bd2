"""Ways that the arm has come along, made into curves to go back along: slow, and as it came."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.kinematics import distance
from orchestrator.adapters.sim.timing import Curve, through

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Joints

STEP_RAD = 0.02  # between two points that are looked at and ridden through
CORNER_RAD = math.radians(25)  # a sharper turn is ridden to a stand, since a spline would cut it
UNEVEN = 1.02  # how much faster a point of the arm may be on the spline between two of its points
LEAST = 1e-6  # of a step's length in metres: a joint whose turn moves no point still takes its time


def dense(start: Joints, points: Iterable[Joints]) -> list[Joints]:
    """Return close joints along straight lines in joint space from a start through points, both ends included."""
    out = [start]
    for end in points:
        begin = out[-1]
        count = math.ceil(distance(begin, end) / STEP_RAD)
        for n in range(1, count + 1):
            out.append(tuple(a + n / count * (b - a) for a, b in zip(begin, end, strict=True)))
    return out


def curves(points: Sequence[Joints], kinematics: Kinematics, tcp: Pose, speed_m_s: float) -> tuple[Curve, ...]:
    """Return curves through close points, a stand at each sharp corner; no point of the arm exceeds the speed.

    Raises PlanError where it can't be followed.
    """
    return tuple(curve(piece, kinematics, tcp, speed_m_s) for piece in pieces(points))


def curve(points: Sequence[Joints], kinematics: Kinematics, tcp: Pose, speed_m_s: float) -> Curve:
    """Return one curve through close points, on which no point of the arm exceeds the speed.

    Raises PlanError where it can't be followed.
    """
    path_m = [0.0]
    for before, after in itertools.pairwise(_places(joints, kinematics, tcp) for joints in points):
        path_m.append(path_m[-1] + max(LEAST, *(math.dist(a, b) for a, b in zip(before, after, strict=True))))
    return through(points, path_m, kinematics.model, min(speed_m_s, kinematics.model.tcp_speed_m_s) / UNEVEN)


def _places(joints: Joints, kinematics: Kinematics, tcp: Pose) -> list[tuple[float, float, float]]:
    """Where the origins of the links and the TCP are."""
    links = kinematics.links(joints, 0.0)[: len(kinematics.model.steps) + 1]
    return [*(link.p for link in links), (kinematics.flange(joints) @ tcp).p]


def pieces(points: Sequence[Joints]) -> list[list[Joints]]:
    """Cut a path through close points where it turns sharply; none for fewer than two."""
    if len(points) < 2:
        return []
    out: list[list[Joints]] = [[points[0]]]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        out[-1].append(here)
        if _turn(before, here, after) > CORNER_RAD:
            out.append([here])
    out[-1].append(points[-1])
    return out


def _turn(a: Joints, b: Joints, c: Joints) -> float:
    """Return by how much (rad) the path turns at `b`, in joint space."""
    one = [y - x for x, y in zip(a, b, strict=True)]
    two = [y - x for x, y in zip(b, c, strict=True)]
    lengths = math.hypot(*one) * math.hypot(*two)
    if lengths < 1e-18:
        return 0.0
    return math.acos(max(-1.0, min(1.0, sum(x * y for x, y in zip(one, two, strict=True)) / lengths)))
