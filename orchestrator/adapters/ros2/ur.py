"""A UR's own status and what is asked of it: ur_robot_driver's io_and_status_controller and dashboard client.

Read of the driver's source (ur_controllers/src/gpio_controller.cpp, July 2026): modes are latched and published when
they change alone, so how old one is tells nothing, and after a start a program that does not run is not told of. That
the driver lives is told by joint states, that its status controller does by its publishers and the controller manager,
as one that is deactivated keeps its publishers since June 2026. What others than those that publish now have told is
forgotten.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.adapters.ros2.activity import Activity
from orchestrator.core.ports import Safety

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.adapters.ros2.crossing import Crossing
    from orchestrator.adapters.ros2.link import Heard
    from orchestrator.adapters.ros2.manager import Manager
    from orchestrator.core.ros2_spec import Ros2SafetySpec

    class Call(Protocol):
        """Calls a service."""

        def __call__(self, name: str, limit_s: float | None = None) -> Awaitable[str]:
            """Return what is wrong, "" for nothing, waiting for the answer as long as for any, or for `limit_s`."""


# ur_dashboard_msgs/SafetyMode; what is left out (and what is new) is unknown. Recovery, a violation and joints to be
# validated need somebody at the teach pendant, as a fault does.
SAFETY = {
    1: Safety.NORMAL,
    2: Safety.REDUCED,
    3: Safety.PROTECTIVE_STOP,
    4: Safety.FAULT,
    5: Safety.SAFEGUARD_STOP,
    6: Safety.EMERGENCY_STOP,
    7: Safety.EMERGENCY_STOP,
    8: Safety.FAULT,
    9: Safety.FAULT,
    10: Safety.FAULT,
    12: Safety.SAFEGUARD_STOP,
    13: Safety.SAFEGUARD_STOP,
}
RUNNING = 7  # ur_dashboard_msgs/RobotMode: powered, brakes released
SAME = 0.005  # a share of speed that differs by less is told no more
STARTS_S = 40.0  # how long power and brakes may take: the dashboard client waits 30 s for them, then says what is wrong
ENDS_S = 3.0  # how long a program may take to end, or what was asked for to be told
PLAY = "Press Play at the robot (External Control), or launch with headless_mode:=true and the robot in remote control."


class UrStatus:
    """What one UR says of itself. `call` calls a std_srvs/Trigger by name and returns what is wrong, "" for nothing."""

    def __init__(self, spec: Ros2SafetySpec, crossing: Crossing, call: Call) -> None:
        self._status, self._dashboard, self._scaling = spec.status, spec.dashboard, spec.scaling
        self._crossing = crossing
        self._call = call
        self.safety = Safety.UNKNOWN
        self._mode = 0
        self._share = 1.0  # of its speed, by its slider
        self._program = False  # it is told when it begins to run
        self._tellers: frozenset[tuple[int, ...]] = frozenset()  # the publishers that are believed
        self._subscriptions: list[Any] = []
        self._news = asyncio.Event()

    @property
    def running(self) -> bool:
        """Whether the arm is powered and its program runs."""
        return self._mode == RUNNING and self._program

    @property
    def services(self) -> tuple[str, ...]:
        """The services that are called."""
        asked = ("brake_release", "stop", "unlock_protective_stop")
        return (*(f"{self._dashboard}/{name}" for name in asked), self._resend)

    @property
    def _resend(self) -> str:
        return f"{self._status}/resend_robot_program"

    def listen(self, node: Any, heard: Heard, within: Callable[[str], str], manager: Manager) -> None:
        """Begin to hear; `within` puts a name into the robot's namespace. What is latched is heard from `watch` on."""
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        from std_msgs.msg import Float64

        self._node, self._heard, self._within = node, heard, within
        self._activity = Activity(manager, self._status, time.monotonic)

        def on_scaling(message: Any) -> None:
            share = min(max(message.data / 100.0, 0.0), 1.0) if math.isfinite(message.data) else self._share
            if abs(share - self._share) >= SAME or (share in {0.0, 1.0} and share != self._share):
                self._share = share
                self._crossing.call(lambda: heard.scaled(share))

        newest = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        node.create_subscription(Float64, within(self._scaling), on_scaling, newest)
        self._tell()

    def watch(self) -> None:
        """Look who tells of the status, and whether that controller is active. Called on the executor's thread."""
        found = self._node.get_publishers_info_by_topic(self._within(f"{self._status}/safety_mode"))
        tellers = frozenset(tuple(it.endpoint_gid) for it in found) if self._activity.look() else frozenset()
        if tellers != self._tellers:
            self._tellers = tellers
            self._forget()
            self._subscribe()

    def _subscribe(self) -> None:
        """Hear those who tell of the status now, and anew what they have told."""
        from rclpy.qos import DurabilityPolicy, QoSProfile
        from std_msgs.msg import Bool
        from ur_dashboard_msgs.msg import RobotMode, SafetyMode

        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        topics = (
            (SafetyMode, "safety_mode", self._on_safety),
            (RobotMode, "robot_mode", self._on_mode),
            (Bool, "robot_program_running", self._on_program),
        )
        self._subscriptions = [
            self._node.create_subscription(kind, self._within(f"{self._status}/{name}"), hear, latched)
            for kind, name, hear in topics
            if self._tellers
        ]

    def _forget(self) -> None:
        self.safety, self._mode, self._program = Safety.UNKNOWN, 0, False
        self._crossing.call(lambda: self._heard.safety_told(Safety.UNKNOWN, asyncio.get_running_loop().time()))
        self._tell()

    def _on_safety(self, message: Any) -> None:
        self.safety = SAFETY.get(message.mode, Safety.UNKNOWN)

    def _on_mode(self, message: Any) -> None:
        self._mode = message.mode
        self._tell()

    def _on_program(self, message: Any) -> None:
        self._program = message.data
        self._tell()

    def _tell(self) -> None:
        running = self.running
        self._crossing.call(lambda: self._heard.program(running=running))
        self._crossing.call(self._news.set)

    # ---- what is asked, on the loop ------------------------------------------------------------------------------

    async def prepare(self) -> str:
        """Power the arm, release its brakes, have its program sent. Returns what is wrong, "" for nothing.

        A program that was not sent is nothing wrong: without headless mode somebody starts it at the robot.
        """
        if self._mode != RUNNING:
            trouble = await self._call(f"{self._dashboard}/brake_release", STARTS_S)
            if not await self._until(lambda: self._mode == RUNNING, 0.0 if trouble else ENDS_S):
                return trouble or "The arm is not powered with its brakes released."
        if not self._program:
            await self._call(self._resend)
        return ""

    async def release(self) -> str:
        """Release a protective stop: its program is ended first, which would go on where it was, and sent anew.

        Returns what is wrong, "" for nothing; that it was not sent is not, as in `prepare`.
        """
        if self.safety is not Safety.PROTECTIVE_STOP:
            return ""  # a safeguard stop is released by what has stopped it
        if self._program:
            trouble = await self._call(f"{self._dashboard}/stop")
            if not await self._until(lambda: not self._program, ENDS_S):
                return trouble or "The robot's program goes on: released, the arm would go on with what it was at."
        if trouble := await self._call(f"{self._dashboard}/unlock_protective_stop"):
            return trouble
        await self._call(self._resend)
        return ""

    async def _until(self, true: Callable[[], bool], limit_s: float) -> bool:
        """Wait until something that is heard on the executor's thread has become true; False where it has not."""
        try:
            async with asyncio.timeout(limit_s):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return true()
        return True
