"""What ur_robot_driver offers of a UR's status and digital signals, in a context and thread of its own.

It does what the test says.
"""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Bool, Float64
from std_srvs.srv import Trigger
from ur_dashboard_msgs.msg import RobotMode, SafetyMode

CYCLE_S = 0.01  # of its controllers
STATUS, DASHBOARD = "/io_and_status_controller", "/dashboard_client"


class FakeUr:
    """A UR that is off. Modes are latched, as the driver's are, and told when they change alone.

    `headless` is its driver's mode: else its program is started at the robot, and resending it fails without a word.
    """

    def __init__(self, *, headless: bool = True) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("fake_ur", context=self._context)
        self._scaling = self._node.create_publisher(Float64, "/speed_scaling_state_broadcaster/speed_scaling", 1)
        self._configure()
        self.asked: list[str] = []
        self.headless = headless
        self.endless = False  # its program does not end
        self.ends = lambda: None  # what happens once its program has ended, and once it runs
        self.runs = lambda: None
        for name in (f"{DASHBOARD}/{it}" for it in ("brake_release", "stop", "unlock_protective_stop")):
            self._serve(name)
        self._serve(f"{STATUS}/resend_robot_program")
        self.output = lambda pin, on: True  # an output is set; whether that works
        self.inputs: set[int] = set()  # those that are on
        if find_spec("ur_msgs") is not None:
            self._offer_io()
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
        """Clean the status controller up: its publishers are gone. One that is merely deactivated keeps them."""
        for publisher in (self._safety, self._mode, self._program):
            self._node.destroy_publisher(publisher)

    def restart(self, *, crashed: bool = False) -> None:
        """Have the driver anew, which has told nothing yet; one that crashed stays in the graph for a while."""
        gone = (self._safety, self._mode, self._program)
        if crashed:
            self._configure()
        for publisher in gone:
            self._node.destroy_publisher(publisher)
        if not crashed:
            self._configure()

    def _configure(self) -> None:
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._safety = self._node.create_publisher(SafetyMode, f"{STATUS}/safety_mode", latched)
        self._mode = self._node.create_publisher(RobotMode, f"{STATUS}/robot_mode", latched)
        self._program = self._node.create_publisher(Bool, f"{STATUS}/robot_program_running", latched)

    def _offer_io(self) -> None:
        from ur_msgs.msg import Digital, IOStates
        from ur_msgs.srv import SetIO

        told = self._node.create_publisher(IOStates, f"{STATUS}/io_states", 1)

        def tell() -> None:
            told.publish(IOStates(digital_in_states=[Digital(pin=it, state=it in self.inputs) for it in range(18)]))

        def set_io(request: Any, response: Any) -> Any:
            known = request.fun == SetIO.Request.FUN_SET_DIGITAL_OUT
            response.success = known and self.output(request.pin, bool(request.state))
            return response

        self._node.create_service(SetIO, f"{STATUS}/set_io", set_io)
        self._node.create_timer(CYCLE_S, tell)

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
            self.ends()
        elif what == "unlock_protective_stop":
            self.tell(safety=SafetyMode.NORMAL)
        elif self.headless:
            self.tell(program=True)
            self.runs()
        else:
            response.success = False
        return response

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except (ExternalShutdownException, ShutdownException):
            return
