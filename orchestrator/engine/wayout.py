"""Which way out: along the axis of the mate or bin that the arm is in, else back the way it came."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core.errors import PlanError, RobotError
from orchestrator.core.geometry import Pose, rotate
from orchestrator.core.ports import Box, Move, MoveJoints, Retrace
from orchestrator.core.retreat import peopled, zone_reasons
from orchestrator.core.state import ROBOT
from orchestrator.engine.handling import CLEAR_M, ZONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.geometry import Vector
    from orchestrator.core.ports import Joints, Plan, Robot, Scene, Segment
    from orchestrator.core.state import State, Trail
    from orchestrator.core.variant import Step

OUT_M = (0.05, 0.08, 0.12, 0.16, 0.2, 0.25, 0.3)  # how far out along an axis, until the arm is clear
BACK_RAD = (0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.9, 1.3)  # how far back, in the joint that turns most, until it is clear
CONTACT_RAD = 0.4  # over which the way back may touch whatever the ledger has there, as the arm did coming
LEAST_RAD = 0.05  # to a stand that is worth going back to
BESIDE_M, ABOVE_M, BELOW_M = 0.02, 0.08, 0.05  # a part whose mating frame is this near to its seat is being joined
HAND_M = 0.06  # how far from the seat's axis the gripper may be that has just let go of the part there
OUT_OF = "Straight out of "
BY_HAND = "Stop the cell, switch to manual mode and move the arm out by hand, or let a person free it."


@dataclass(frozen=True, slots=True)
class WayOut:
    """A way out, planned and in words."""

    plan: Plan
    text: str


class WayOuts:
    """Finds ways out for an arm that stands. `scene` is what it knows to be around the arm, and is the robot's."""

    def __init__(self, robot: Robot, state: State, scene: Scene, trail: Trail | None) -> None:
        self._robot, self._state, self._scene, self._trail = robot, state, scene, trail
        self._speed_m_s = state.spec.retreat_mm_s / 1000
        self._around = frozenset(state.world.facts) | {f"bin:{name}" for name in state.spec.supply}
        self._refused: list[PlanError] = []

    async def find(self) -> WayOut:
        """Return the way out that is to be gone.

        Raises RobotError: it stands clear (code clear), a person's zone is in the way (zone), nothing tells which way
        is out (unknown_way), or every way is barred (no_way).
        """
        clear = await self._tries([MoveJoints(self._robot.state.value.joints)]) is not None
        barred = tuple(self._refused)
        for text, segments in (*self._along_axes(clear), *(self._stands_back() if clear else self._until_clear())):
            plan = await self._tries(segments)
            if plan is not None:
                return WayOut(plan, text.format(round(1000 * _length_m(plan))))
        raise self._refusal(clear, tried=len(self._refused) > len(barred))

    # ---- along an axis -----------------------------------------------------------------------------------------

    def _along_axes(self, clear: bool) -> Iterator[tuple[str, list[Segment]]]:
        for text, axis in (*self._mate(), *(() if clear else self._bins())):
            for out_m in OUT_M:
                yield text, [self._line(axis, out_m, self._around), self._line(axis, out_m + CLEAR_M, frozenset())]

    def _line(self, axis: Vector, by_m: float, touching: frozenset[str]) -> Move:
        tcp = self._robot.state.value.tcp
        x, y, z = (a + by_m * b for a, b in zip(tcp.p, axis, strict=True))
        to = Pose((x, y, z), tcp.q)
        return Move(to, line=True, speed_m_s=self._speed_m_s, touching=touching, everywhere=True)

    def _mate(self) -> Iterator[tuple[str, Vector]]:
        """The axis of what the robot was joining last, where it is still at it."""
        found = last_of_the_robot(self._state)
        if found is None:
            return
        unit, step = found
        assert step.result.at is not None
        target = self._state.target_pose(unit, step.result.at)
        if target is None:
            return
        axis = rotate(target.q, _axis(self._state, unit, step))
        tcp, held = self._robot.state.value.tcp, self._state.world.held()
        if held is not None and held.part == f"{unit}/{step.result.part}":
            near = _near((tcp @ held.pose @ step.result.meets).p, target.p, axis, BESIDE_M)
        else:
            near = held is None and _near(tcp.p, target.p, axis, HAND_M)
        if near:
            yield f"{OUT_OF}{step.result.at}, {{}} mm.", axis

    def _bins(self) -> Iterator[tuple[str, Vector]]:
        tcp = self._robot.state.value.tcp.p
        for thing in self._scene.objects:
            if not thing.id.startswith("bin:") or not isinstance(thing.shape, Box):
                continue
            x, y, z = thing.pose.inverse().apply(tcp)
            high, wide, deep = thing.shape.size_m[2] / 2, thing.shape.size_m[0] / 2, thing.shape.size_m[1] / 2
            if abs(x) <= wide + BESIDE_M and abs(y) <= deep + BESIDE_M and z <= high + ABOVE_M:
                yield f"Straight up out of bin {thing.id.removeprefix('bin:')}, {{}} mm.", (0.0, 0.0, 1.0)

    # ---- back the way it came ----------------------------------------------------------------------------------

    def _until_clear(self) -> Iterator[tuple[str, list[Segment]]]:
        """Back to where the arm touches nothing any more, wherever that is on the way."""
        back = self._back()
        for far_rad in (*BACK_RAD, math.inf) if back else ():
            way = _first(self._robot.state.value.joints, back, far_rad)
            for touching in (self._around, self._older()) if far_rad <= CONTACT_RAD else (self._older(),):
                yield _BACK, [Retrace(way, self._speed_m_s, touching), MoveJoints(way[-1])]

    def _stands_back(self) -> Iterator[tuple[str, list[Segment]]]:
        """Back to where it stood before it set out on its last motion."""
        if self._trail is None:
            return
        here, points = self._robot.state.value.joints, self._trail.points
        for index in sorted({0, *self._trail.stands}, reverse=True):
            if index < len(points) - 1 and _far_rad(here, points[index:]) >= LEAST_RAD:
                way = points[index : len(points) - 1][::-1]
                for touching in (frozenset[str](), self._older()):  # on the way, not where it ends
                    yield _BACK, [Retrace(way, self._speed_m_s, touching), MoveJoints(way[-1])]
                return

    def _back(self) -> tuple[Joints, ...]:
        return self._trail.points[-2::-1] if self._trail is not None else ()

    def _older(self) -> frozenset[str]:
        """What stands where it stood when the arm came past: it may come as near again, to nothing that is new."""
        since = self._trail.since if self._trail is not None else 0.0
        held = self._state.world.held()
        own = {held.part, *(fact.part for fact in self._state.world.on(held.part))} if held is not None else set()
        bins = {name for name in self._around if name.startswith("bin:")}
        return frozenset(bins | own | {f.part for f in self._state.world.facts.values() if f.t <= since})

    # ---- small things ------------------------------------------------------------------------------------------

    async def _tries(self, segments: list[Segment]) -> Plan | None:
        try:
            return await self._robot.plan(segments)
        except PlanError as error:
            self._refused.append(error)
            return None

    def _refusal(self, clear: bool, *, tried: bool) -> RobotError:
        zones = zone_reasons(self._state, peopled(self._state))
        if zones and any(ZONE in error.message for error in self._refused):
            message = "A person's zone is in the way of the retreat."
            return RobotError(message, remedy=" ".join(zones), code="zone")
        if clear:  # and where it came from it would not be, or the way there is not free any more
            remedy = "Move it elsewhere by hand in manual mode, if it must go."
            return RobotError("The arm stands clear: there is nothing to retreat from.", remedy=remedy, code="clear")
        if not tried:
            message = "It is not known how the arm came here, and nothing tells which way is out."
            return RobotError(message, remedy=BY_HAND, code="unknown_way")
        return RobotError(f"No way out is free: {self._refused[-1].message}", remedy=BY_HAND, code="no_way")


_BACK = "Back the way it came, {} mm."


def last_of_the_robot(state: State) -> tuple[str, Step] | None:
    """Return the step that the robot was at last, with its unit, where it is one that joins something somewhere."""
    tried = [
        (current.attempts[-1].started_t, unit.id, step_id)
        for unit in state.units.values()
        for step_id, current in unit.steps.items()
        if current.attempts and ROBOT in current.attempts[-1].actors
    ]
    if not tried:
        return None
    _, unit_id, step_id = max(tried)
    step = state.variant_of(unit_id).by_id[step_id]
    return (unit_id, step) if step.result.at is not None else None


def _axis(state: State, unit: str, step: Step) -> Vector:
    """Return the axis, out of the seat and in its frame, along which a step's part joins: its mate's, else z."""
    spec = state.part_spec(unit, step.result.kind) if step.result.kind else None
    for name, mate in spec.mates.items() if spec is not None else ():
        if spec is not None and spec.frames.get(name, step.result.meets) == step.result.meets:
            return mate.axis
    return (0.0, 0.0, 1.0)


def _near(p: Vector, seat: Vector, axis: Vector, beside_m: float) -> bool:
    """Tell whether a point is at a seat, or a little before it, along the axis that leads out of it."""
    away = [a - b for a, b in zip(p, seat, strict=True)]
    out_m = sum(a * b for a, b in zip(away, axis, strict=True))
    aside_m = math.hypot(*(a - out_m * b for a, b in zip(away, axis, strict=True)))
    return -BELOW_M <= out_m <= ABOVE_M and aside_m <= beside_m


def _apart(a: Joints, b: Joints) -> float:
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def _far_rad(here: Joints, points: tuple[Joints, ...]) -> float:
    """Return how far the farthest of some points is from here, in the joint that turns most."""
    return max(_apart(here, point) for point in points)


def _first(here: Joints, back: tuple[Joints, ...], far_rad: float) -> tuple[Joints, ...]:
    """Return the first stretch of a way, so long in the joint that turns most."""
    out: list[Joints] = []
    for point in back:
        step = _apart(here, point)
        if step >= far_rad:
            share = far_rad / step
            return (*out, tuple(a + share * (b - a) for a, b in zip(here, point, strict=True)))
        out.append(point)
        far_rad -= step
        here = point
    return tuple(out)


def _length_m(plan: Plan) -> float:
    """Return how far the TCP goes."""
    return sum(math.dist(a.p, b.p) for a, b in zip(plan.preview, plan.preview[1:], strict=False))
