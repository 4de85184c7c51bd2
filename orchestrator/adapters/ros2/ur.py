"""A UR's own status and what is asked of it: ur_robot_driver's io_and_status_controller and dashboard client.

Read of the driver's source (ur_controllers/src/gpio_controller.cpp, 2024 and later): modes are latched and published
when they change alone, so how old one is tells nothing. That the driver lives is told by joint states, that its status
controller does by its being there.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from orchestrator.core.ports import Safety

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestrator.adapters.ros2.crossing import Crossing
    from orchestrator.adapters.ros2.link import Heard
    from orchestrator.core.ros2_spec import Ros2SafetySpec

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
STARTS_S = 30.0  # how long power and brakes may take
ENDS_S = 3.0  # how long a program may take to end


class UrStatus:
    """What one UR says of itself. `call` calls a std_srvs/Trigger by name and returns what is wrong, "" for nothing."""

    def __init__(self, spec: Ros2SafetySpec, crossing: Crossing, call: Callable[[str], Awaitable[str]]) -> None:
        self._status, self._dashboard, self._scaling = spec.status, spec.dashboard, spec.scaling
        self._crossing = crossing
        self._call = call
        self.safety = Safety.UNKNOWN
        self._mode = 0
        self._share = 1.0  # of its speed, by its slider
        self._program = False  # it is told when it begins to run
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

    def listen(self, node: Any, heard: Heard, within: Callable[[str], str]) -> None:
        """Subscribe; `within` puts a name into the robot's namespace."""
        from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
        from std_msgs.msg import Bool, Float64
        from ur_dashboard_msgs.msg import RobotMode, SafetyMode

        newest = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

        def program() -> None:
            running = self.running
            self._crossing.call(lambda: heard.program(running=running))
            self._crossing.call(self._news.set)

        def on_mode(message: Any) -> None:
            self._mode = message.mode
            program()

        def on_program(message: Any) -> None:
            self._program = message.data
            program()

        def on_safety(message: Any) -> None:
            self.safety = SAFETY.get(message.mode, Safety.UNKNOWN)

        def on_scaling(message: Any) -> None:
            share = min(max(message.data / 100.0, 0.0), 1.0) if math.isfinite(message.data) else self._share
            if abs(share - self._share) >= SAME or (share in {0.0, 1.0} and share != self._share):
                self._share = share
                self._crossing.call(lambda: heard.scaled(share))

        self._node, self._topic = node, within(f"{self._status}/safety_mode")
        node.create_subscription(SafetyMode, self._topic, on_safety, latched)
        node.create_subscription(RobotMode, within(f"{self._status}/robot_mode"), on_mode, latched)
        node.create_subscription(Bool, within(f"{self._status}/robot_program_running"), on_program, latched)
        node.create_subscription(Float64, within(self._scaling), on_scaling, newest)
        program()

    def watch(self) -> None:
        """Look whether the status controller is there. Called on the executor's thread."""
        if not self._node.count_publishers(self._topic):
            self.safety = Safety.UNKNOWN

    # ---- what is asked, on the loop ------------------------------------------------------------------------------

    async def prepare(self) -> str:
        """Power the arm, release its brakes, start its program. Returns what is wrong, "" for nothing."""
        if self._mode != RUNNING:
            if trouble := await self._call(f"{self._dashboard}/brake_release"):
                return trouble
            if not await self._until(lambda: self._mode == RUNNING, STARTS_S):
                return "The arm is not powered with its brakes released."
        return await self._call(self._resend) if not self._program else ""

    async def release(self) -> str:
        """Release a protective stop: its program is ended first, which would go on where it was, and sent anew."""
        if self.safety is not Safety.PROTECTIVE_STOP:
            return ""  # a safeguard stop is released by what has stopped it
        if self._program:
            trouble = await self._call(f"{self._dashboard}/stop")
            if not await self._until(lambda: not self._program, ENDS_S):
                return trouble or "The robot's program goes on: released, the arm would go on with what it was at."
        if trouble := await self._call(f"{self._dashboard}/unlock_protective_stop"):
            return trouble
        return await self._call(self._resend)

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
