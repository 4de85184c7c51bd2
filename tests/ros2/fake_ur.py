"""What ur_robot_driver offers of a UR's status, in a context and thread of its own; it does what the test says."""

from __future__ import annotations

import threading
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Bool, Float64
from std_srvs.srv import Trigger
from ur_dashboard_msgs.msg import RobotMode, SafetyMode

STATUS, DASHBOARD = "/io_and_status_controller", "/dashboard_client"


class FakeUr:
    """A UR that is off. Modes are latched, as the driver's are."""

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("fake_ur", context=self._context)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._safety = self._node.create_publisher(SafetyMode, f"{STATUS}/safety_mode", latched)
        self._mode = self._node.create_publisher(RobotMode, f"{STATUS}/robot_mode", latched)
        self._program = self._node.create_publisher(Bool, f"{STATUS}/robot_program_running", latched)
        self._scaling = self._node.create_publisher(Float64, "/speed_scaling_state_broadcaster/speed_scaling", 1)
        self.asked: list[str] = []
        self.endless = False  # its program does not end
        for name in (f"{DASHBOARD}/{it}" for it in ("brake_release", "stop", "unlock_protective_stop")):
            self._serve(name)
        self._serve(f"{STATUS}/resend_robot_program")
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def tell(self, *, safety: int | None = None, mode: int | None = None, program: bool | None = None) -> None:
        """Publish what has changed."""
        if safety is not None:
            self._safety.publish(SafetyMode(mode=safety))
        if mode is not None:
            self._mode.publish(RobotMode(mode=mode))
        if program is not None:
            self._program.publish(Bool(data=program))

    def slide(self, percent: float) -> None:
        """Tell where the speed slider is, once, as the driver does again and again."""
        self._scaling.publish(Float64(data=percent))

    def lose_status(self) -> None:
        """Deactivate the status controller: its publishers are gone."""
        self._node.destroy_publisher(self._safety)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()
        self._context.try_shutdown()

    def _serve(self, name: str) -> None:
        self._node.create_service(Trigger, name, lambda _, response: self._do(name.rsplit("/", 1)[-1], response))

    def _do(self, what: str, response: Any) -> Any:
        self.asked.append(what)
        response.success = True
        if what == "brake_release":
            self.tell(mode=RobotMode.RUNNING)
        elif what == "stop":
            response.success = not self.endless
            self.tell(program=self.endless)
        elif what == "unlock_protective_stop":
            self.tell(safety=SafetyMode.NORMAL)
        else:
            self.tell(program=True)
        return response

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except (ExternalShutdownException, ShutdownException):
            return
