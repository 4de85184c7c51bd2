"""Plans whole sequences of motions: approach, grip and retreat as one, clear of everything in the scene."""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.collision import Collision, Hit
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.adapters.sim.retraced import curve, curves, dense
from orchestrator.adapters.sim.scenery import after_grip
from orchestrator.adapters.sim.search import Search, between, middle_first
from orchestrator.adapters.sim.timing import Curve, Ride, straight, through
from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose, deviation
from orchestrator.core.ports import Grip, Joints, Move, MoveJoints, Retrace, Scene, Segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.adapters.sim.meshes import MeshStore

LINE_STEP_M = 0.005
LINE_STEP_RAD = math.radians(2)
JUMP_RAD = 0.35  # between two steps of a line; more means that the arm would have to flip over
RAD_AS_M = 0.1  # a turn counts on a line's path as this many metres a radian
LOOK_RAD = 0.15  # of all joints' turns together, between two looks at how fast the TCP goes
UNEVEN = 1.005  # how much faster the TCP may be between two looks, or on a line's spline between two of its points
ATTEMPTS = 40
SWING_RAD = 1.5  # a way around an obstacle is better than swinging over by more than this to avoid it


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One planned segment: the curves to ride (none for a grip), between joints, in the scene before and after it."""

    segment: Segment
    curves: tuple[Curve, ...]
    start: Joints
    end: Joints
    before: Scene
    after: Scene
    opening_m: float  # of the gripper once it is done
    duration_s: float


@dataclass(frozen=True, slots=True)
class Now:
    """Where a sequence has come to: joints (rad), the gripper's opening, what is around and held."""

    joints: Joints
    opening_m: float
    scene: Scene


class Planner:
    """Plans for one arm. Same question, same answer: the search is seeded by what is asked and by `seed`."""

    attempts = ATTEMPTS  # ways that are looked for in one sequence

    def __init__(self, kinematics: Kinematics, meshes: MeshStore, seed: int) -> None:
        self._kinematics = kinematics
        self._arm = kinematics.model
        self._collision = Collision(kinematics.model, kinematics.base, meshes)
        self._seed = seed
        self._tcp = Pose()
        self._left = 0

    def plan(
        self, segments: Sequence[Segment], *, start: Joints, opening_m: float, scene: Scene, tcp: Pose
    ) -> tuple[Leg, ...]:
        """Return a leg for each segment; `tcp` is the tool centre point in the flange's frame.

        Raises PlanError that names what collides or which joint is at its limit, in which segment and where.
        """
        self._tcp = tcp
        self._left = self.attempts
        return tuple(self._solve(tuple(segments), 0, Now(start, opening_m, scene)))

    def _solve(self, segments: tuple[Segment, ...], index: int, now: Now) -> list[Leg]:
        legs, index, now = self._fixed(segments, index, now)
        if index == len(segments):
            return legs
        move = segments[index]
        assert isinstance(move, Move)
        where = _where(index, len(segments), move)
        self._refuse_start(now, move.touching, where)
        trouble: list[tuple[int, PlanError]] = []  # with how many segments were planned before it
        blocked_at: dict[Joints, tuple[Hit, Joints]] = {}
        goals = self._goals(move.to, now, where)
        close = distance(goals[0], now.joints) + SWING_RAD
        for group in ([q for q in goals if distance(q, now.joints) <= close], goals):
            detours: list[tuple[Joints, list[Leg], int, Now]] = []
            for goal in group:
                self._enter(now.scene, move.touching)
                if hit := self._collision.hit(goal, now.opening_m):
                    trouble.append((index, self._collides(hit, goal, where, "at its end")))
                    continue
                try:
                    following = self._fixed(segments, index + 1, replace(now, joints=goal))
                except PlanError as error:
                    trouble.append((index + 1, error))
                    continue
                detours.append((goal, *following))
                if found := self._try(
                    segments, legs, now, (move, index, *detours[-1]), trouble, blocked_at, around=False
                ):
                    return found
            for detour in detours:
                if found := self._try(segments, legs, now, (move, index, *detour), trouble, blocked_at, around=True):
                    return found
            if len(group) == len(goals):
                break
        # The word goes to what got furthest, of those to the last: a way that was looked for in vain.
        raise sorted(trouble, key=lambda entry: entry[0])[-1][1]

    def _try(
        self,
        segments: tuple[Segment, ...],
        legs: list[Leg],
        now: Now,
        choice: tuple[Move, int, Joints, list[Leg], int, Now],
        trouble: list[tuple[int, PlanError]],
        blocked_at: dict[Joints, tuple[Hit, Joints]],
        *,
        around: bool,
    ) -> list[Leg] | None:
        """Plan the way to one choice of joints and all that comes after; None, and the trouble told, when in vain."""
        move, index, goal, following, then, after = choice
        if self._left <= 0:
            return None
        self._left -= 1
        where = _where(index, len(segments), move)
        try:
            leg = self._point_to_point(move, now, goal, where, blocked_at, around=around)
        except PlanError as error:
            trouble.append((index + 2, error))
            return None
        try:
            return [*legs, leg, *following, *self._solve(segments, then, after)]
        except PlanError as error:
            trouble.append((then + 1, error))
            return None

    def _fixed(self, segments: tuple[Segment, ...], index: int, now: Now) -> tuple[list[Leg], int, Now]:
        """Plan what leaves no choice of joints, up to the next point-to-point move."""
        legs: list[Leg] = []
        while index < len(segments):
            segment = segments[index]
            where = _where(index, len(segments), segment)
            if isinstance(segment, Grip):
                leg = self._grip(segment, now)
            elif isinstance(segment, MoveJoints):
                leg = self._move_joints(segment, now, where)
            elif isinstance(segment, Retrace):
                leg = self._retrace(segment, now, where)
            elif segment.line:
                leg = self._line(segment, now, where)
            else:
                break
            legs.append(leg)
            now = Now(leg.end, leg.opening_m, leg.after)
            index += 1
        return legs, index, now

    def _grip(self, grip: Grip, now: Now) -> Leg:
        tcp = self._kinematics.flange(now.joints) @ self._tcp
        after = after_grip(now.scene, grip, tcp)
        opening = min(max(grip.opening_m, 0.0), self._arm.gripper.stroke_m)
        duration = abs(opening - now.opening_m) / self._arm.gripper.speed_m_s
        return Leg(grip, (), now.joints, now.joints, now.scene, after, opening, duration)

    def _move_joints(self, move: MoveJoints, now: Now, where: str) -> Leg:
        if broken := self._kinematics.limit_broken(move.joints):
            raise PlanError(f"{where}: beyond the range of {broken}.", remedy="Choose joints inside their range.")
        self._refuse_start(now, frozenset(), where)
        goal = tuple(float(angle) for angle in move.joints)
        if hit := self._collision.hit(goal, now.opening_m):
            raise self._collides(hit, goal, where, "at its end")
        blocked_at: dict[Joints, tuple[Hit, Joints]] = {}
        try:
            return self._point_to_point(move, now, goal, where, blocked_at, around=False)
        except PlanError:
            return self._point_to_point(move, now, goal, where, blocked_at, around=True)

    def _retrace(self, back: Retrace, now: Now, where: str) -> Leg:
        """Go back along a way, and along no other: whatever is in it now, or a joint at its limit, is an error."""
        points = dense(now.joints, back.through)
        self._enter(now.scene, back.touching)
        for joints in points:
            if broken := self._kinematics.limit_broken(joints):
                raise PlanError(f"{where}: beyond the range of {broken}.", remedy="Choose joints inside their range.")
            if hit := self._collision.hit(joints, now.opening_m):
                raise self._collides(hit, joints, where, "on the way")
        try:
            found = curves(points, self._kinematics, self._tcp, back.speed_m_s)
        except PlanError as error:
            raise PlanError(f"{where}: {error.message}", remedy=error.remedy) from error
        return self._leg(back, found, now, points[-1])

    def _point_to_point(
        self,
        move: Move | MoveJoints,
        now: Now,
        goal: Joints,
        where: str,
        blocked_at: dict[Joints, tuple[Hit, Joints]],
        *,
        around: bool,
    ) -> Leg:
        """Plan a way to joints, direct or `around`; `blocked_at` keeps what is in the direct way to each goal."""
        touching = move.touching if isinstance(move, Move) else frozenset()
        speed = move.speed_m_s if isinstance(move, Move) else None
        self._enter(now.scene, touching)
        corners: list[Joints] | None = [now.joints, goal]
        hit = blocked_at.get(goal) or self._in_the_way(now, goal)
        if hit is not None:
            blocked_at[goal] = hit
            blocked = self._collides(*hit, where, "on the direct way")
            if not around:
                raise blocked
            search = Search(
                lambda q: self._collision.free(q, now.opening_m),
                self._arm,
                self._digest(now.joints, goal),
            )
            corners = search.find(now.joints, goal)
            if corners is None:
                raise PlanError(
                    f"{blocked.message} No way around was found either.",
                    remedy="Clear the way, or move by way of a pose between.",
                )
        assert corners is not None
        pairs = [(a, b) for a, b in itertools.pairwise(corners) if a != b]
        curves = tuple(straight(a, b, self._arm, self._path_speed(a, b, speed)) for a, b in pairs)
        return self._leg(move, curves, now, goal)

    def _in_the_way(self, now: Now, goal: Joints) -> tuple[Hit, Joints] | None:
        """Return what is hit on the direct way, and with which joints."""
        steps = between(now.joints, goal, self._arm.reach_m)
        for index in middle_first(len(steps)):
            if not self._collision.free(steps[index], now.opening_m):
                hit = self._collision.hit(steps[index], now.opening_m)
                assert hit is not None
                return hit, steps[index]
        return None

    def _path_speed(self, a: Joints, b: Joints, speed_m_s: float | None) -> float:
        """Return the path speed (1/s) at which the TCP nowhere exceeds its speed.

        It is looked at in places, the ends among them, where it is often highest; between two it rises by less than a
        half per cent.
        """
        limit = min(speed_m_s or math.inf, self._arm.tcp_speed_m_s)
        count = max(8, math.ceil(sum(abs(y - x) for x, y in zip(a, b, strict=True)) / LOOK_RAD))
        fastest = max(self._tcp_speed(a, b, k / count) for k in range(count + 1))
        return limit / max(fastest * UNEVEN, 1e-9)

    def _tcp_speed(self, a: Joints, b: Joints, share: float) -> float:
        """Return the TCP's speed (m/s) at a share of the straight way from `a` to `b`, done in a second."""
        ends = (share - 1e-4, share + 1e-4)
        p, q = (
            (self._kinematics.flange([x + s * (y - x) for x, y in zip(a, b, strict=True)]) @ self._tcp).p for s in ends
        )
        return math.dist(p, q) / 2e-4

    def _line(self, move: Move, now: Now, where: str) -> Leg:
        self._enter(now.scene, move.touching)
        try:
            points = self._line_points(now.joints, move.to)
        except PlanError as error:
            raise PlanError(f"{where}: {error.message}", remedy=error.remedy, code=error.code) from error
        for joints, _ in points:
            if hit := self._collision.hit(joints, now.opening_m):
                raise self._collides(hit, joints, where, "on the line")
        try:
            curves = self._line_curve(points, move.speed_m_s, everywhere=move.everywhere)
        except PlanError as error:
            raise PlanError(f"{where}: {error.message}", remedy=error.remedy) from error
        return self._leg(move, curves, now, points[-1][0])

    def _line_points(self, start: Joints, to: Pose) -> list[tuple[Joints, float]]:
        """Return joints along the TCP's line, each with its distance along the path."""
        origin = self._kinematics.flange(start) @ self._tcp
        turn = math.hypot(*deviation(to, origin).rot_rad)
        length = math.dist(origin.p, to.p)
        count = max(1, math.ceil(max(length / LINE_STEP_M, turn / LINE_STEP_RAD) - 1e-9))
        points = [(start, 0.0)]
        if length < 1e-7 and turn < 1e-7:
            return points
        to_flange = self._tcp.inverse()
        for step in range(1, count + 1):
            share = step / count
            pose = interpolate(origin, to, share)
            joints = self._kinematics.nearest(pose @ to_flange, points[-1][0])
            if joints is None:
                raise PlanError(
                    f"the line leaves the arm's reach at {millimetres(pose)}: {self._why_not(pose, points[-1][0])}.",
                    remedy="Move the goal closer to the robot, or turn the tool.",
                )
            jumps = [abs(a - b) for a, b in zip(joints, points[-1][0], strict=True)]
            if max(jumps) > JUMP_RAD:
                worst = jumps.index(max(jumps)) + 1
                raise PlanError(
                    f"joint {worst} would have to jump by {math.degrees(max(jumps)):.0f}° at {millimetres(pose)}.",
                    remedy="The line passes a singularity: start it with other joints or move point to point.",
                )
            points.append((joints, share * (length + RAD_AS_M * turn)))
        return points

    def _line_curve(
        self, points: Sequence[tuple[Joints, float]], speed_m_s: float | None, *, everywhere: bool = False
    ) -> tuple[Curve, ...]:
        if len(points) < 2:
            return ()
        speed = min(speed_m_s or math.inf, self._arm.tcp_speed_m_s) / UNEVEN
        if everywhere:
            return (curve([joints for joints, _ in points], self._kinematics, self._tcp, speed),)
        return (through([joints for joints, _ in points], [s for _, s in points], self._arm, speed),)

    def _goals(self, to: Pose, now: Now, where: str) -> list[Joints]:
        goals = self._kinematics.within_limits(to @ self._tcp.inverse(), now.joints)
        if not goals:
            raise PlanError(
                f"{where}: {self._why_not(to, now.joints)}.",
                remedy="Move the goal closer to the robot, or turn the tool.",
            )
        return goals

    def _why_not(self, pose: Pose, seed: Joints) -> str:
        branches = self._kinematics.branches(pose @ self._tcp.inverse(), seed)
        broken = next((b for q in branches if (b := self._kinematics.limit_broken(q))), None)
        return f"it needs {broken}" if broken else "no joints reach it"

    def _refuse_start(self, now: Now, touching: frozenset[str], where: str) -> None:
        self._enter(now.scene, touching)
        if hit := self._collision.hit(now.joints, now.opening_m):
            error = self._collides(hit, now.joints, where, "already at its start")
            raise PlanError(
                error.message, remedy="Retreat first with a line that names it in `touching`, or correct the scene."
            )

    def _enter(self, scene: Scene, touching: frozenset[str]) -> None:
        self._collision.enter(scene, tcp=self._tcp, touching=touching)

    def _leg(self, segment: Segment, curves: tuple[Curve, ...], now: Now, end: Joints) -> Leg:
        duration = sum(Ride(curve).remaining_s for curve in curves)
        return Leg(segment, curves, now.joints, end, now.scene, now.scene, now.opening_m, duration)

    def _collides(self, hit: Hit, joints: Joints, where: str, when: str) -> PlanError:
        tcp = self._kinematics.flange(joints) @ self._tcp
        return PlanError(
            f"{where}: {hit} would collide {when}, with the TCP at {millimetres(tcp)}.",
            remedy="Move what is in the way, choose another approach, or name it in `touching` if contact is meant.",
        )

    def _digest(self, start: Joints, goal: Joints) -> int:
        asked = repr((self._seed, [round(a, 6) for a in start], [round(a, 6) for a in goal]))
        return int.from_bytes(hashlib.sha256(asked.encode()).digest()[:8], "big")


def interpolate(a: Pose, b: Pose, share: float) -> Pose:
    """Return the pose at a share of the way: straight for the position, one even turn for the orientation."""
    rotation = deviation(b, a).rot_rad
    angle = math.hypot(*rotation)
    p = tuple(x + share * (y - x) for x, y in zip(a.p, b.p, strict=True))
    if share == 1.0:
        return b
    if angle < 1e-12:
        return Pose((p[0], p[1], p[2]), a.q)
    half = share * angle / 2
    scale = math.sin(half) / angle
    turn = Pose((0.0, 0.0, 0.0), (math.cos(half), scale * rotation[0], scale * rotation[1], scale * rotation[2]))
    return Pose((p[0], p[1], p[2]), (Pose((0.0, 0.0, 0.0), a.q) @ turn).q)


def _where(index: int, count: int, segment: Segment) -> str:
    if isinstance(segment, Move):
        what = f"{'line' if segment.line else 'move'} to {millimetres(segment.to)}"
    else:
        what = {MoveJoints: "move of the joints", Retrace: "way back"}.get(type(segment), "grip")
    return f"Segment {index + 1} of {count} ({what})"


def millimetres(pose: Pose) -> str:
    """Return a place as people read it."""
    return "({}) mm".format(", ".join(f"{1000 * v + 0.0:.0f}" for v in pose.p))
