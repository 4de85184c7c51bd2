"""Plans whose ways are MoveIt's: which joints, free moves and lines are asked for, and judged as Tandem's own are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.ros2 import moveit_ways
from orchestrator.adapters.ros2.moveit import Around, NoMoveIt, Thing
from orchestrator.adapters.sim import scenery
from orchestrator.adapters.sim.collision import PADDING, TABLE, TABLE_SINK
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.adapters.sim.planner import LINE_STEP_M, LINE_STEP_RAD, Planner, interpolate, millimetres
from orchestrator.adapters.sim.retraced import UNEVEN, dense, pieces
from orchestrator.adapters.sim.search import between
from orchestrator.adapters.sim.timing import straight, through
from orchestrator.core.errors import PlanError
from orchestrator.core.geometry import Pose, deviation
from orchestrator.core.ports import Box, Joints, Move, MoveJoints, Scene, SceneObject, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.adapters.ros2.moveit import MoveIt
    from orchestrator.adapters.sim.collision import Hit
    from orchestrator.adapters.sim.kinematics import Kinematics
    from orchestrator.adapters.sim.meshes import MeshStore
    from orchestrator.adapters.sim.planner import Leg, Now
    from orchestrator.adapters.sim.timing import Curve

SEEDS = 4  # choices of joints for a pose that MoveIt is asked about
SAME_RAD = 1e-3  # joints nearer to each other are one choice
STRAIGHT_RAD = 1e-4  # from a straight way; less is MoveIt's rounding
WHOLE = 1.0 - 1e-6  # of a line
TABLE_M = (6.0, 6.0, 0.1)  # the table that MoveIt is told of


class MoveItPlanner(Planner):
    """Plans sequences as `Planner` does, with MoveIt's ways between: what it gives is judged and timed here.

    Ways back are retraced, and grips done, without it. `names` are the arm's joints as MoveIt calls them.
    """

    attempts = 12

    def __init__(
        self, kinematics: Kinematics, meshes: MeshStore, seed: int, moveit: MoveIt, names: Sequence[str]
    ) -> None:
        super().__init__(kinematics, meshes, seed)
        self._meshes = meshes
        self._moveit = moveit
        self._names = tuple(names)
        self._wanted: tuple[Scene, frozenset[str]] = (Scene(), frozenset())
        self._refused: dict[tuple[Joints, Joints], PlanError] = {}
        self._now: Now | None = None

    def plan(
        self, segments: Sequence[Segment], *, start: Joints, opening_m: float, scene: Scene, tcp: Pose
    ) -> tuple[Leg, ...]:
        """Return a leg for each segment. Raises PlanError as `Planner` does.

        With the codes no_moveit (not there, or silent), moveit (set up wrong, or broken) and bad_plan (its answer is
        none) where MoveIt is to blame.
        """
        self._refused = {}
        try:
            if any(isinstance(segment, Move | MoveJoints) for segment in segments):
                self._moveit.look()
            return super().plan(segments, start=start, opening_m=opening_m, scene=scene, tcp=tcp)
        except NoMoveIt as error:
            raise PlanError(error.message, remedy=error.remedy, code=error.code) from error

    # ---- joints ------------------------------------------------------------------------------------------------

    def _goals(self, to: Pose, now: Now, where: str) -> list[Joints]:
        """Return what MoveIt says of the joints that reach a pose; those that collide by Tandem's word go unasked."""
        options = super()._goals(to, now, where)
        flange = to @ self._tcp.inverse()
        found: list[Joints] = []
        refused: PlanError | None = None
        self._tell()
        for option in options[:SEEDS]:
            if not self._collision.free(option, now.opening_m):
                found.append(option)  # is named by who asks
                continue
            try:
                joints = moveit_ways.reached(self._moveit.reach(flange, option), flange, self._kinematics)
            except PlanError as error:
                refused = refused or error
                continue
            if all(distance(joints, other) > SAME_RAD for other in found):
                found.append(joints)
        if not found:
            assert refused is not None
            raise PlanError(f"{where}: {refused.message}", remedy=refused.remedy, code=refused.code)
        return sorted(found, key=lambda joints: distance(joints, now.joints))

    # ---- free moves --------------------------------------------------------------------------------------------

    def _try(self, *args: object, around: bool, **keywords: object) -> list[Leg] | None:
        """Plan one choice of joints; MoveIt goes around what is in the way at its first word."""
        return None if around else super()._try(*args, around=around, **keywords)  # type: ignore[arg-type]

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
        if around and (refused := self._refused.get((now.joints, goal))) is not None:
            raise refused
        touching = move.touching if isinstance(move, Move) else frozenset()
        speed = move.speed_m_s if isinstance(move, Move) else None
        self._enter(now.scene, touching)
        if now.joints == goal:
            return self._leg(move, (), now, goal)
        try:
            self._tell()
            way = self._moveit.free(now.joints, goal)
            points = dense(now.joints, moveit_ways.free(way, self._names, now.joints, goal, self._kinematics)[1:])
            ridden = tuple(self._curve(piece, speed) for piece in pieces(points))
            self._clear(ridden, now, where)
        except PlanError as error:
            words = error.message if error.message.startswith(where) else f"{where}: {error.message}"
            if (hit := blocked_at.get(goal) or self._in_the_way(now, goal)) is not None:
                blocked_at[goal] = hit
                words += f" On the direct way {hit[0]} would collide."
            refused = PlanError(words, remedy=error.remedy, code=error.code)
            self._refused[now.joints, goal] = refused
            raise refused from error
        return self._leg(move, ridden, now, goal)

    def _curve(self, points: Sequence[Joints], speed_m_s: float | None) -> Curve:
        """Return a curve through close points on which the TCP keeps to its speed."""
        begin, end = points[0], points[-1]
        chord = np.linspace(begin, end, len(points))
        if np.abs(chord - np.asarray(points)).max() < STRAIGHT_RAD:
            return straight(begin, end, self._arm, self._path_speed(begin, end, speed_m_s))
        steps = np.linalg.norm(np.diff(np.asarray(points), axis=0), axis=1)
        places = np.array([(self._kinematics.flange(joints) @ self._tcp).p for joints in points])
        fastest = float((np.linalg.norm(np.diff(places, axis=0), axis=1) / steps).max())
        limit = min(speed_m_s or math.inf, self._arm.tcp_speed_m_s)
        return through(points, [0.0, *np.cumsum(steps).tolist()], self._arm, limit / max(UNEVEN * fastest, 1e-9))

    def _clear(self, ridden: Sequence[Curve], now: Now, where: str) -> None:
        """Raise PlanError where curves, as they will be ridden, break a limit or collide."""
        for joints in (joints for curve in ridden for joints in self._along(curve)):
            if broken := self._kinematics.limit_broken(joints):
                raise PlanError(f"{where}: beyond the range of {broken}.", remedy="Choose joints inside their range.")
            if hit := self._collision.hit(joints, now.opening_m):
                raise self._collides(hit, joints, where, "on MoveIt's way")

    def _along(self, curve: Curve) -> Iterator[Joints]:
        """Yield joints along a curve, so close that no point of the arm jumps."""
        for begin, end in zip(curve.knots, curve.knots[1:], strict=False):
            count = len(between(curve.at(begin), curve.at(end), self._arm.reach_m))
            yield from (curve.at(float(s)) for s in np.linspace(begin, end, count + 1)[1:])

    # ---- lines -------------------------------------------------------------------------------------------------

    def _line(self, move: Move, now: Now, where: str) -> Leg:
        self._now = now
        return super()._line(move, now, where)

    def _line_points(self, start: Joints, to: Pose) -> list[tuple[Joints, float]]:
        origin = self._kinematics.flange(start) @ self._tcp
        turn = math.hypot(*deviation(to, origin).rot_rad)
        length = math.dist(origin.p, to.p)
        if length < 1e-7 and turn < 1e-7:
            return [(start, 0.0)]
        count = max(1, math.ceil(max(length / LINE_STEP_M, turn / LINE_STEP_RAD) - 1e-9))
        to_flange = self._tcp.inverse()
        poses = [interpolate(origin, to, step / count) for step in range(1, count + 1)]
        self._tell()
        way = self._moveit.line(start, [pose @ to_flange for pose in poses])
        if way.share < WHOLE:
            raise self._short(way.share, start, to, interpolate(origin, to, max(0.0, way.share)))
        return moveit_ways.line(way, self._names, start, to, self._tcp, self._kinematics)

    def _short(self, share: float, start: Joints, to: Pose, end: Pose) -> PlanError:
        """Return the error of a line that MoveIt does not come to the end of, with what Tandem sees in its way."""
        comes = f"MoveIt comes {math.floor(100 * max(0.0, share))} % of the line, to {millimetres(end)}"
        remedy = "Start it with other joints, move point to point, or clear the way."
        try:
            points = super()._line_points(start, to)
        except PlanError as error:
            return PlanError(f"{error.message.rstrip('.')} ({comes}).", remedy=error.remedy)
        opening_m = self._now.opening_m if self._now is not None else 0.0
        for joints, _ in points:
            if hit := self._collision.hit(joints, opening_m):
                at = millimetres(self._kinematics.flange(joints) @ self._tcp)
                return PlanError(f"{hit} would collide on the line, with the TCP at {at} ({comes}).", remedy=remedy)
        return PlanError(f"{comes}.", remedy=remedy)

    # ---- the scene ---------------------------------------------------------------------------------------------

    def _enter(self, scene: Scene, touching: frozenset[str]) -> None:
        self._wanted = (scene, touching)
        super()._enter(scene, touching)

    def _tell(self) -> None:
        """Have MoveIt believe what is around now, as Tandem does: everything as the solids that Tandem looks at."""
        scene, touching = self._wanted
        held = tuple(thing.id for thing in scene.attached)
        holders = ("gripper", *held)
        allowed = scene.allowed | {frozenset((holder, name)) for holder in holders for name in touching}
        allowed |= {frozenset((one, other)) for one in holders for other in holders if one != other}
        table = Thing(TABLE, Pose((0.0, 0.0, -TABLE_SINK - PADDING - TABLE_M[2] / 2)), TABLE_M)
        things = [table, *(self._thing(one, one.pose) for one in scene.objects if one.id != TABLE)]
        things += [self._thing(one, self._tcp @ one.pose, held=True) for one in scene.attached]
        key = repr((scenery.version(scene), self._tcp, sorted(touching)))
        self._moveit.tell(Around(key, tuple(things), allowed))

    def _thing(self, one: SceneObject, pose: Pose, *, held: bool = False) -> Thing:
        shape = one.shape.size_m if isinstance(one.shape, Box) else self._meshes.get(one.shape).shell
        return Thing(one.id, pose, shape, held)
