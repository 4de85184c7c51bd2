"""A link to test hardware in the same process and under virtual time: the adapter's logic without ROS 2."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.robot_ros2 import RosRobot
from orchestrator.adapters.ros2.choosing import ACTIVE, Choice
from orchestrator.adapters.ros2.link import Ended, Goal, JointReading
from orchestrator.adapters.sim.arm import UR5E
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.geometry import IDENTITY, Pose
from orchestrator.core.ports import Safety
from orchestrator.core.ros2_spec import Ros2GripperSpec, Ros2SafetySpec, Ros2Settings
from tests.ros2.hardware import Arm, InWorld, Point

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any, Literal

    from orchestrator.adapters.ros2.course import Waypoint
    from orchestrator.adapters.ros2.link import Heard, Server
    from orchestrator.adapters.ros2.moveit import MoveIt
    from orchestrator.core.ports import Box, Clock
    from tests.contract.robot_rigs import Rig
    from tests.ros2.hardware import Surroundings

PERIOD_S = 0.008
LATENCY_S = 0.004  # of every message, one way
SETTINGS = Ros2Settings(
    wrench="wrench",
    gripper=Ros2GripperSpec(joint="finger_joint", open=0.0425, closed=0.0),
    safety=Ros2SafetySpec(source="topic"),
)


class Double:
    """A graph with one robot that does what the test says."""

    def __init__(self, around: Surroundings, clock: Clock, base: Pose = IDENTITY) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self.arm = Arm(around, base)
        self._heard: Heard
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = self._loop.time()
        self._goal: Goal | None = None
        self._fingers: Goal | None = None
        self._later: set[asyncio.TimerHandle] = set()
        self.told = Safety.NORMAL
        self.silent = False  # no safety state is told
        self.deaf = False  # the controller's action answers nothing any more
        self.rejects = self.loses = self.lies = self.dead = False
        self.numb = False  # no force is told
        self.swallows = False  # a cancel is taken, and the goal never ends
        self.states: dict[str, str] | None = None  # of controllers, as their manager tells; None: there is none
        self.offer(SETTINGS.controller)
        self.off_s = 0.0  # of the clock that stamps
        self.under_way_s = lambda: LATENCY_S  # how long the next trajectory on the topic takes
        self.told_after_s = 0.0  # how much longer joint states are under way than in good times
        self.mute = False  # no joint state is told
        self.stamps = True  # joint states have a stamp
        self._reflex: Any = None
        self._unheard: list[Callable[[], None]] = []

    def offer(self, names: Sequence[str], there: Sequence[str] | None = None) -> None:
        """Have these controllers named in the settings; only some of them may be there."""
        self.choice = Choice(names, self._states, lambda name: there is None or name in there)

    # ---- the link ----------------------------------------------------------------------------------------------

    def open(self, heard: Heard) -> None:
        self._heard = heard
        self._tick()

    async def choose(self, limit_s: float) -> tuple[str, str]:
        return await self.choice.choose(limit_s)

    async def doubt(self) -> str:
        return await self.choice.doubt()

    async def _states(self) -> dict[str, str] | None:
        return self.states

    @property
    def _inactive(self) -> bool:
        return self.states is not None and self.states.get(self.choice.using) != ACTIVE

    async def wait_for(self, server: Literal["gripper", "moveit"], limit_s: float) -> bool:
        return True

    def follow(self, waypoints: Sequence[Waypoint], by: Server = "controller") -> Goal:
        assert by == "controller"
        goal = Goal()
        goal.ask_cancel = lambda: self._soon(lambda: self._cancel(goal))
        self._soon(lambda: self._take(goal, waypoints))
        return goal

    def steer(self, waypoints: Sequence[Waypoint], stamp_s: float | None = None) -> bool:
        self._soon(lambda: self._follow(waypoints, stamp_s), self.under_way_s())
        return True

    def calm(self) -> None:
        self._soon(lambda: self._cancel(self._goal))

    def feel(self, reflex: Any) -> None:
        self._reflex = reflex

    def _push(self, force: tuple[float, float, float]) -> None:
        if self.numb:
            return
        if self._reflex is not None and self._reflex(force) and self._goal is not None:
            self._goal.drop()
        self._heard.wrench(force, self._loop.time())

    holding = None  # its joint tells

    def grip(self, position: float, effort: float, *, closes: bool) -> Goal:
        goal = Goal()
        goal.ask_cancel = lambda: self._soon(lambda: self._cancel_fingers(goal))
        self._soon(lambda: self._take_fingers(goal, position))
        return goal

    async def prepare(self) -> str:
        return ""

    async def release(self) -> str:
        if self.told in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP):
            self.tell(Safety.NORMAL)
        return ""

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for handle in self._later:
            handle.cancel()

    # ---- the hardware ------------------------------------------------------------------------------------------

    def tell(self, safety: Safety) -> None:
        lesser = safety in (Safety.PROTECTIVE_STOP, Safety.SAFEGUARD_STOP)
        if not (lesser and self.told in (Safety.EMERGENCY_STOP, Safety.FAULT)):
            self.told = safety
        if safety is not Safety.NORMAL:
            self.arm.hold()
            self.arm.hold_fingers()
            self._end("aborted")
        self._heard.safety_told(self.told, self._loop.time())

    def _tell_again(self) -> None:
        if not self.silent:
            self._heard.safety_told(self.told, self._loop.time())

    def _soon(self, do: Callable[[], None], within_s: float = LATENCY_S) -> None:
        def now() -> None:
            self._later.discard(handle)
            if not self.dead:
                do()

        handle = self._loop.call_later(within_s, now)
        self._later.add(handle)

    def hear(self) -> None:
        """Answer again, also what was asked meanwhile."""
        self.deaf = False
        unheard, self._unheard = self._unheard, []
        for do in unheard:
            do()

    def _take(self, goal: Goal, waypoints: Sequence[Waypoint]) -> None:
        if self.deaf:
            self._unheard.append(lambda: self._take(goal, waypoints))
            return
        if self.told is not Safety.NORMAL or self.rejects or self._inactive:
            self._soon(lambda: goal.answer(accepted=False))
            return
        if self._goal is not None:
            before = self._goal
            self._soon(lambda: before.end(Ended("aborted", "preempted")))
        self._goal = goal
        self._soon(lambda: goal.answer(accepted=True))
        if self.lies:
            self._end("succeeded")
        else:
            self._follow(waypoints)

    def _follow(self, waypoints: Sequence[Waypoint], stamp_s: float | None = None) -> None:
        if self.told is Safety.NORMAL and not self._inactive:
            points = [Point(p.t_s, p.positions, p.velocities, p.accelerations) for p in waypoints]
            now_s = self._loop.time()
            begins_s = None if stamp_s is None else now_s - (self._clock.now() + self.off_s - stamp_s)
            self.arm.take(points, now_s, begins_s)

    def _cancel(self, goal: Goal | None) -> None:
        if goal is not None and goal is self._goal and not self.deaf:
            self.arm.hold()
            self._soon(goal.heed)
            if self.swallows:
                self._goal = None
            else:
                self._end("canceled")

    def _end(self, status: Any) -> None:
        if self._goal is not None:
            goal, self._goal = self._goal, None
            if not self.loses:
                self._soon(lambda: goal.end(Ended(status)))
        if status == "aborted" and self._fingers is not None:
            fingers, self._fingers = self._fingers, None
            self._soon(lambda: fingers.end(Ended("aborted")))

    def _take_fingers(self, goal: Goal, position: float) -> None:
        if self.deaf:
            return
        self._fingers = goal
        self._soon(lambda: goal.answer(accepted=True))
        self.arm.move_fingers(position * 2)

    def _cancel_fingers(self, goal: Goal) -> None:
        if goal is self._fingers:
            self._fingers = None
            self.arm.hold_fingers()
            self._soon(lambda: goal.end(Ended("canceled")))

    def _tick(self) -> None:
        self._due_s += PERIOD_S
        self.arm.step(self._loop.time())
        if self._goal is not None and not self.arm.under_way:
            self._end("succeeded")
        if self._fingers is not None and not self.arm.fingers_under_way:
            goal, self._fingers = self._fingers, None
            held = self.arm.stalled
            self._soon(lambda: goal.end(Ended("succeeded", held=held)))
        names = (*SETTINGS.joints, SETTINGS.gripper.joint)
        positions = dict(zip(names, (*self.arm.q, self.arm.opening_m / 2), strict=True))
        velocities = dict(zip(names, (*self.arm.v, 0.0), strict=True))
        now = self._clock.now()
        push = self.arm.push_N
        came_s, after_s, stamp_s = self._loop.time(), self.told_after_s, now + self.off_s if self.stamps else 0.0
        told = JointReading(stamp_s, now + after_s, positions, velocities, came_s + after_s)
        if not self.mute:
            self._soon(lambda: self._heard.joints(told), LATENCY_S + after_s)
        self._soon(lambda: self._push((0.0, 0.0, push)))
        self._soon(self._tell_again)
        if not self.dead:
            self._timer = self._loop.call_at(max(self._due_s, self._loop.time()), self._tick)


class DoubleRig:
    """The ROS 2 robot on a double, under virtual time."""

    span_s = creep_rad = lag = late_s = 0.0
    double: type[Double] = Double

    def __init__(self, folder: Path, moveit: MoveIt | None = None, settings: Ros2Settings = SETTINGS) -> None:
        self.clock = VirtualClock(asyncio.get_running_loop())
        meshes = MeshStore(folder)
        self._world = World(meshes)
        self._link = self.double(InWorld(self._world), self.clock)
        self._ros = RosRobot(self._link, self.clock, meshes, arm=UR5E, settings=settings, seed=1, moveit=moveit)
        self.robot = self._ros
        self.close = self._ros.close
        self._link.offer(settings.controller)

    def trip(self, safety: Safety = Safety.PROTECTIVE_STOP) -> None:
        self._link.tell(safety)

    def lose_safety(self) -> None:
        self._link.silent = True
        self._ros._safety_s = -math.inf
        self._ros.look()

    def regain_safety(self) -> None:
        self._link.silent = False
        self._link.tell(Safety.NORMAL)

    def deafen(self, motion: Any) -> None:
        self._link.deaf = True

    def misbehave(self, **flags: Any) -> None:
        for name, value in flags.items():
            assert hasattr(self._link, name)
            setattr(self._link, name, value)

    def slow(self, speed: float) -> None:
        self._link.arm.speed = speed

    def hear(self) -> None:
        self._link.hear()

    def die(self) -> None:
        self._link.dead = True

    def put(self, kind: str, shape: Box, pose: Pose) -> str:
        return self._world.add(kind, shape, pose, source="rack")

    def take(self, body: str) -> None:
        self._world.remove(body)


class DoubleKind:
    """The ROS 2 robot without ROS 2."""

    def run(self, main: Callable[[], Any]) -> Any:
        return run_virtual(main)

    def make(self, folder: Path) -> Rig:
        return DoubleRig(folder)
