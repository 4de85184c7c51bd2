"""A controller manager that tells what the test says, in a context and thread of its own."""

from __future__ import annotations

import threading
from typing import Any

import rclpy
from controller_manager_msgs.msg import ControllerState
from controller_manager_msgs.srv import ListControllers
from rclpy.executors import ExternalShutdownException, ShutdownException, SingleThreadedExecutor


class FakeManager:
    """Tells `states`: what it calls its controllers -> inactive, active, ..."""

    def __init__(self, states: dict[str, str]) -> None:
        self.states = states
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("controller_manager", context=self._context)
        self._node.create_service(ListControllers, "controller_manager/list_controllers", self._list)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()
        self._context.try_shutdown()

    def _list(self, _: Any, response: Any) -> Any:
        response.controller = [ControllerState(name=name, state=state) for name, state in self.states.items()]
        return response

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except (ExternalShutdownException, ShutdownException):
            return
