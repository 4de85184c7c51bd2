"""MoveIt in the same process: the port that plans ask, with a mind, without ROS; and how it misbehaves.

Trajectories are executed as move_group does it by its source (main and jazzy, August 2026): one after the other, from
where the arm stands, within a tenth more than their time and half a second; a goal's cancel stops nothing and is
answered once it is over, and what stops it is an event, which nobody hears before a trajectory is under way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.ros2.link import Ended, Goal
from orchestrator.adapters.ros2.moveit import NoMoveIt, Way, refuse
from orchestrator.adapters.sim.kinematics import distance
from orchestrator.core.ros2_spec import UR_JOINTS, Ros2Settings
from tests.ros2.double import SETTINGS, Double, DoubleRig
from tests.ros2.moveit_mind import Mind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from orchestrator.adapters.ros2.course import Waypoint
    from orchestrator.adapters.ros2.link import Server
    from orchestrator.adapters.ros2.moveit import Around
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Joints


SUCCESS, CONTROL_FAILED, TIMED_OUT, PREEMPTED = 1, -4, -6, -7
START_RAD = 0.01  # move_group's allowed_start_tolerance
SLOWER, MARGIN_S = 1.1, 0.5  # its allowed_execution_duration_scaling and allowed_goal_duration_margin


class MoveItDouble:
    """A move_group that says what the test says: `bend` changes ways, `code` is the answer to every question."""

    def __init__(self, folder: Path) -> None:
        self.mind = Mind(folder)
        self.asked: list[str] = []
        self.told: list[Around] = []
        self.code = 1
        self.gone = False
        self.bend: Callable[[Way], Way] = lambda way: way

    def look(self) -> None:
        self._ask("look")

    def tell(self, around: Around) -> None:
        self.told.append(around)
        self.mind.forget()
        for thing in around.things:
            solid = self.mind.solid(thing.id, thing.pose, thing.shape)
            (self.mind.held if thing.held else self.mind.around)[thing.id] = solid
        self.mind.allowed = around.allowed

    def reach(self, flange: Pose, seed: Joints) -> Joints:
        self._ask("reach")
        joints = self.mind.reach(flange, seed)
        refuse(-31 if joints is None else self.code)
        assert joints is not None
        return self.bend(Way(UR_JOINTS, (joints,))).points[0]

    def free(self, start: Joints, goal: Joints) -> Way:
        self._ask("free")
        points = self.mind.free(start, goal)
        refuse(-1 if points is None else self.code)
        assert points is not None
        return self.bend(Way(UR_JOINTS, tuple(points)))

    def line(self, start: Joints, flanges: Sequence[Pose]) -> Way:
        self._ask("line")
        points, share = self.mind.line(start, flanges)
        return self.bend(Way(UR_JOINTS, tuple(points), share))

    def close(self) -> None:
        self.gone = True

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.gone:
            raise NoMoveIt("There is no MoveIt at move_action.", remedy="Start move_group.")


class ExecutingDouble(Double):
    """A graph whose move_group executes trajectories, by the controller."""

    def __init__(self, *around: Any) -> None:
        super().__init__(*around)
        self.group_rejects = self.group_deaf = self.group_hangs = False
        self.group_loses = self.group_lies = False
        self.group_code = SUCCESS  # what a trajectory ends with that went well
        self.stops = 0  # events that were heard
        self.executed: list[Sequence[Waypoint]] = []
        self._waiting: list[tuple[Goal, Sequence[Waypoint]]] = []  # for the one under way
        self._outer: Goal | None = None  # the goal under way
        self._inner: Goal | None = None  # the controller's
        self._over = 0  # what it ends with, where that is not the controller's to say

    def follow(self, waypoints: Sequence[Waypoint], by: Server = "controller") -> Goal:
        if by == "controller":
            return super().follow(waypoints)
        goal = Goal()
        goal.ask_cancel = lambda: self._soon(self.stop_event)
        self._soon(lambda: self._asked(goal, waypoints))
        return goal

    def stop_event(self) -> None:
        """Hear "stop": whoever asked for it."""
        if self.group_deaf or self.group_hangs:
            return
        self.stops += 1
        self._halt(PREEMPTED)

    def leave(self) -> None:
        """Be gone, and be seen to be."""
        self.group_deaf = True
        if self._outer is not None:
            self._outer.end(Ended("lost"))

    def _asked(self, goal: Goal, waypoints: Sequence[Waypoint]) -> None:
        if self.group_deaf:
            return
        if self._outer is not None:
            self._waiting.append((goal, waypoints))
            return
        self._soon(lambda: goal.answer(accepted=not self.group_rejects))
        if not self.group_rejects:
            self._outer, self._over = goal, 0
            self._soon(lambda: self._set_out(goal, waypoints))

    def _set_out(self, goal: Goal, waypoints: Sequence[Waypoint]) -> None:
        self.executed.append(waypoints)
        if self.group_hangs:
            return
        if self.group_lies:
            self._finish(goal, SUCCESS)
            return
        if distance(waypoints[0].positions, self.arm.q) > START_RAD or waypoints[0].t_s != 0.0:
            self._finish(goal, CONTROL_FAILED)
            return
        self._inner = inner = super().follow(waypoints)
        inner.accepted.add_done_callback(lambda done: None if done.result() else self._finish(goal, CONTROL_FAILED))
        inner.ended.add_done_callback(lambda done: self._finish(goal, self._over or self._said(done.result())))
        limit_s = SLOWER * waypoints[-1].t_s + MARGIN_S
        self._loop.call_later(limit_s, lambda: self._halt(TIMED_OUT) if self._outer is goal else None)

    def _said(self, ended: Ended) -> int:
        known = {"succeeded": self.group_code, "canceled": PREEMPTED}
        return known.get(ended.status, CONTROL_FAILED)

    def _halt(self, code: int) -> None:
        if self._inner is not None and self._outer is not None and not self._over:
            self._over = code
            self._inner.drop()

    def _finish(self, goal: Goal, code: int) -> None:
        if self._outer is not goal or self.group_deaf:
            return
        self._outer = self._inner = None
        if not self.group_loses:
            status: Any = "succeeded" if code == SUCCESS else "aborted"  # also where it was cancelled
            self._soon(lambda: goal.end(Ended(status, error=code)))
        waiting, self._waiting = self._waiting, []
        for asked in waiting:
            self._asked(*asked)


class MoveItDoubleRig(DoubleRig):
    """The ROS 2 robot on a double, its plans by a double of MoveIt."""

    def __init__(self, folder: Path, settings: Ros2Settings = SETTINGS) -> None:
        self.moveit = MoveItDouble(folder)
        super().__init__(folder, self.moveit, settings)
        self.robot.state.listen(lambda state: setattr(self.moveit.mind, "opening_m", state.opening_m))

    def misbehave(self, **flags: Any) -> None:
        for name, value in flags.items():
            target = self.moveit if hasattr(self.moveit, name) else self._link
            assert hasattr(target, name)
            setattr(target, name, value)


class MoveItDoubleKind:
    """The ROS 2 robot with MoveIt, without ROS 2."""

    def run(self, main: Callable[[], Any]) -> Any:
        return run_virtual(main)

    def make(self, folder: Path) -> MoveItDoubleRig:
        return MoveItDoubleRig(folder)


class ExecutingDoubleRig(MoveItDoubleRig):
    """The same, its motions executed by that MoveIt."""

    double = ExecutingDouble

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SETTINGS.model_copy(update={"execute": "moveit"}))
        assert isinstance(self._link, ExecutingDouble)
        self.group = self._link


class ExecutingDoubleKind(MoveItDoubleKind):
    """The ROS 2 robot whose motions MoveIt plans and executes, without ROS 2."""

    def make(self, folder: Path) -> ExecutingDoubleRig:
        return ExecutingDoubleRig(folder)
