"""The link over rclpy: one node of its own context, one executor, one thread. rclpy is imported when a link is opened.

QoS: joint states, forces and safety states are read best effort, as the newest is all that counts and such a reader
hears reliable and best-effort publishers alike.
Every call into rclpy that waits for an answer is made on the executor's thread, so that no answer can come before it
is waited for.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import math
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.controllers import Controllers
from orchestrator.adapters.ros2.crossing import Crossing
from orchestrator.adapters.ros2.digital_io import DigitalIo
from orchestrator.adapters.ros2.goals import INSIST_S, Goals
from orchestrator.adapters.ros2.grippers import Grippers
from orchestrator.adapters.ros2.link import Ended, JointReading
from orchestrator.adapters.ros2.manager import Manager
from orchestrator.adapters.ros2.moveit_execution import MoveItExecution
from orchestrator.adapters.ros2.moveit_link import MoveGroup
from orchestrator.adapters.ros2.readings import Lateness
from orchestrator.adapters.ros2.spinning import SpunNode
from orchestrator.adapters.ros2.ur import UrStatus
from orchestrator.core.errors import SetupError
from orchestrator.core.ports import Safety

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from orchestrator.adapters.ros2.course import Waypoint
    from orchestrator.adapters.ros2.link import Goal, Heard, Server
    from orchestrator.core.geometry import Vector
    from orchestrator.core.ports import Clock
    from orchestrator.core.ros2_spec import Ros2Settings

WATCH_S = 0.25  # between two looks whether the servers of open goals are there
CALL_S = 5.0  # how long a service may take


class RosLink:
    """A robot's part of the ROS graph. Raises SetupError, when opened, where ROS 2 is not to be had."""

    def __init__(self, settings: Ros2Settings, clock: Clock, name: str = "tandem") -> None:
        self.crossing = Crossing()
        self._settings = settings
        self._clock = clock
        self._name = name
        self._goals = Goals(self.crossing, self._on_thread)
        self._reflex: Callable[[Vector], bool] | None = None
        self._spun: SpunNode | None = None  # once it was opened
        self._node: Any = None
        self._heard: Heard
        self._controllers: Controllers
        self._execution: MoveItExecution | None = None
        self._grippers: Grippers | DigitalIo
        self._digital: DigitalIo | None = None
        self._loop = asyncio.get_running_loop()
        self._ur = UrStatus(settings.safety, self.crossing, self._trigger) if settings.safety.source == "ur" else None
        self._late = {"wrench": Lateness(), "safety": Lateness()}
        planner = settings.planner
        self.moveit = MoveGroup(planner.moveit, settings.joints) if planner is not None else None

    # ---- life --------------------------------------------------------------------------------------------------

    def open(self, heard: Heard) -> None:
        """Begin to listen."""
        try:
            importlib.import_module("rclpy")  # first: it is what the message shall name
            from rclpy.parameter import Parameter

            for package in ("control_msgs.action", "trajectory_msgs.msg"):
                importlib.import_module(package)
            if self._ur is not None:
                importlib.import_module("ur_dashboard_msgs.msg")
        except ImportError as error:
            raise SetupError(
                f"ROS 2 is not to be had here ({error.name} is missing).",
                remedy="Source a ROS 2 installation, Jazzy or newer, before Tandem is started.",
            ) from error
        by_moveit = self._settings.execute == "moveit"
        if (by_moveit or self.moveit is not None) and importlib.util.find_spec("moveit_msgs") is None:
            raise SetupError(
                "MoveIt's messages are not to be had here (moveit_msgs is missing).",
                remedy="Install ROS 2's package moveit_msgs, or take planner and execute out of the cell file.",
            )
        self._heard = heard
        overrides = [Parameter("use_sim_time", value=True)] if self._settings.use_sim_time else []
        self._spun = SpunNode(self._name, "The robot's", overrides)
        self._node = self._spun.node
        manager = Manager(self._node, self._in(self._settings.controller_manager), self.crossing, self._on_thread)
        self._controllers = Controllers(self._node, self._settings, self._in, self._goals, manager)
        if by_moveit:
            self._execution = MoveItExecution(self._node, self._settings, self._in, self._goals)
        spec = self._settings.gripper
        if spec.digital is not None:
            self._digital = self._grippers = DigitalIo(self._node, spec, self._in, self.crossing, self._on_thread)
        else:
            self._grippers = Grippers(self._node, spec, self._in(spec.action))
        self._make_services()
        if self.moveit is not None:
            self.moveit.open(self._node, self._in, self._on_thread)
        self._listen()
        self._spun.start()

    async def close(self) -> None:
        """End the node and its thread. Idempotent."""
        self.crossing.close()
        if self.moveit is not None:
            self.moveit.close()
        spun, self._spun = self._spun, None
        if spun is None:
            return
        await spun.stop()
        self._controllers.leave()
        if self._execution is not None:
            self._execution.leave()
        if self.moveit is not None:
            self.moveit.leave()
        self._grippers.close()
        spun.leave()

    def _in(self, name: str) -> str:
        """Return a name in the settings' namespace."""
        return name if name.startswith("/") or not self._settings.namespace else f"{self._settings.namespace}/{name}"

    def _on_thread(self, do: Callable[[], None]) -> None:
        """Have something done on the executor's thread, soon."""
        if self._spun is not None:
            self._spun.call(do)

    # ---- what is heard -----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        from geometry_msgs.msg import WrenchStamped
        from rclpy.clock import Clock as RosClock
        from rclpy.clock import ClockType
        from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
        from sensor_msgs.msg import JointState
        from std_msgs.msg import String

        newest = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT, durability=DurabilityPolicy.VOLATILE)
        settings, node = self._settings, self._node
        node.create_subscription(JointState, self._in(settings.joint_states), self._on_joints, newest)
        if settings.wrench is not None:
            node.create_subscription(WrenchStamped, self._in(settings.wrench), self._on_wrench, newest)
        if settings.safety.source == "topic":
            node.create_subscription(String, self._in(settings.safety.state), self._on_safety, newest)
        if self._ur is not None:
            self._ur.listen(node, self._heard, self._in)
        steady = RosClock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(WATCH_S, self._watch, clock=steady)
        if settings.execute == "moveit":
            node.create_timer(INSIST_S, self._goals.insist, clock=steady)

    def _on_joints(self, message: Any, info: Any) -> None:
        arrived, came_s = self._clock.now(), self._loop.time()
        stamp = message.header.stamp
        values = zip(message.name, message.position, strict=False)
        positions = {name: float(value) for name, value in values if math.isfinite(value)}
        velocities = {
            name: float(v) for name, v in zip(message.name, message.velocity, strict=False) if math.isfinite(v)
        }
        stamp_s = stamp.sec + 1e-9 * stamp.nanosec
        if self._digital is not None:
            positions.pop(self._settings.gripper.joint, None)
            if (at := self._digital.gripper.position) is not None:
                positions[self._settings.gripper.joint] = at
        reading = JointReading(stamp_s, arrived, positions, velocities, came_s, _sent_s(info))
        self.crossing.call(lambda: self._heard.joints(reading))
        if self._ur is not None:
            safety = self._ur.safety
            self.crossing.call(lambda: self._heard.safety_told(safety, came_s))

    def _on_wrench(self, message: Any, info: Any) -> None:
        felt_s = self._said_s("wrench", info)
        at = message.wrench.force
        force = (at.x, at.y, at.z)
        reflex = self._reflex
        if reflex is not None and reflex(force):
            self._controllers.using.halt()
        self.crossing.call(lambda: self._heard.wrench(force, felt_s))

    def _on_safety(self, message: Any, info: Any) -> None:
        told_s = self._said_s("safety", info)
        word = message.data
        safety = Safety(word) if word in set(Safety) else Safety.UNKNOWN
        self.crossing.call(lambda: self._heard.safety_told(safety, told_s))

    def _said_s(self, topic: str, info: Any) -> float:
        """Return when a message that has just been taken was published, by the loop's clock."""
        return self._loop.time() - self._late[topic].of(_sent_s(info), self._clock.now())

    # ---- the arm -----------------------------------------------------------------------------------------------

    async def choose(self, limit_s: float) -> tuple[str, str]:
        """Use the first active controller of those that are named; what is wrong, and what helps then."""
        return await self._controllers.choice.choose(limit_s)

    async def doubt(self) -> str:
        """Return what is said of the controller in use where it is not active, and use another that is."""
        return await self._controllers.choice.doubt()

    async def wait_for(self, server: Literal["gripper", "moveit"], limit_s: float) -> bool:
        """Tell whether an action server is there, waiting for one at most `limit_s`."""
        by_moveit = self._execution if server == "moveit" else None
        wait = self._grippers.wait if by_moveit is None else by_moveit.client.wait_for_server
        return bool(await asyncio.get_running_loop().run_in_executor(None, wait, limit_s))

    def follow(self, waypoints: Sequence[Waypoint], by: Server = "controller") -> Goal:
        """Give the controller a trajectory, which takes over from the one under way; or MoveIt, which takes one."""
        if by != "moveit":
            return self._controllers.using.follow(waypoints)
        assert self._execution is not None
        return self._execution.follow(waypoints)

    def steer(self, waypoints: Sequence[Waypoint], stamp_s: float | None = None) -> bool:
        """Publish a trajectory on the controller's topic, past its goals. False when nobody listens there."""
        return self._spun is not None and self._controllers.using.steer(waypoints, stamp_s or 0.0)

    def calm(self) -> None:
        """Cancel every goal of the controllers, whoever gave it."""
        self._on_thread(self._controllers.calm)

    # ---- the gripper -------------------------------------------------------------------------------------------

    def feel(self, reflex: Callable[[Vector], bool] | None) -> None:
        """Ask `reflex` at each force, on the executor's thread, and cancel the controller's goal where it says so."""
        self._reflex = reflex

    @property
    def holding(self) -> bool | None:
        """Whether the gripper itself says that it holds something; None where only its joint tells."""
        return self._digital.gripper.holding if self._digital is not None else None

    def grip(self, position: float, effort: float, *, closes: bool) -> Goal:
        """Give the gripper a goal: its joint's position, and the most effort in N."""
        if self._digital is not None:
            given = self._digital.grip(position, closes=closes)
            self._goals.keep(given, self._grippers.there)
            return given
        assert isinstance(self._grippers, Grippers)
        client, message = self._grippers.goal(position, effort)
        return self._goals.give(
            client, message, lambda result: Ended("succeeded", held=result.stalled), there=self._grippers.there
        )

    # ---- services ----------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look whether the servers of open goals are there. Called on the executor's thread."""
        if self._ur is not None:
            self._ur.watch()
        self._goals.watch()

    def _make_services(self) -> None:
        from std_srvs.srv import Trigger

        safety = self._settings.safety
        names = self._ur.services if self._ur is not None else (safety.prepare, safety.release)
        self._triggers = {name: self._node.create_client(Trigger, self._in(name)) for name in names if name is not None}

    async def prepare(self) -> str:
        """Have the robot powered, its brakes released, its program started. Returns what is wrong, "" for nothing."""
        return await (self._ur.prepare() if self._ur is not None else self._trigger(self._settings.safety.prepare))

    async def release(self) -> str:
        """Have a protective stop released. Returns what is wrong, "" for nothing."""
        return await (self._ur.release() if self._ur is not None else self._trigger(self._settings.safety.release))

    async def _trigger(self, name: str | None) -> str:
        """Call a service; none, where there is no name, is content."""
        from std_srvs.srv import Trigger

        if name is None:
            return ""
        client = self._triggers[name]
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def answered(future: Any) -> None:
            response = future.result()
            words = "" if response.success else response.message or f"{client.srv_name} said no."
            self.crossing.call(lambda: None if answer.done() else answer.set_result(words))

        self._on_thread(lambda: client.call_async(Trigger.Request()).add_done_callback(answered))
        try:
            async with asyncio.timeout(CALL_S):
                return await answer
        except TimeoutError:
            return f"{client.srv_name} did not answer."


def _sent_s(info: Any) -> float:
    """Return when a message was published, by its sender's clock (s, UTC); 0 where the middleware does not say."""
    return 1e-9 * max(0, int(info["source_timestamp"]))
