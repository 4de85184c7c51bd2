"""A node of Tandem's in the ROS graph: its own context, one executor, one thread that spins it.

A context of its own ends without those of others. rclpy is imported when a node is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.crossing import Errands
from orchestrator.core.errors import RobotError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

JOIN_S = 5.0  # how long the thread may take to end


class SpunNode:
    """An rclpy `node`, which hears nothing before `start`. `whose` thread it is, is said where it does not end.

    Raises ImportError where ROS 2 is not to be had.
    """

    def __init__(self, name: str, whose: str, overrides: Sequence[Any] = ()) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions

        self._whose = whose
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node: Any = rclpy.create_node(name, context=self._context, parameter_overrides=list(overrides))
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._errands = Errands(self._executor)
        self._thread: threading.Thread | None = None
        self._ended = False

    def start(self) -> None:
        """Begin to hear."""
        self._thread = threading.Thread(target=self._spin, name=f"rclpy {self.node.get_name()}", daemon=True)
        self._thread.start()

    def call(self, do: Callable[[], object]) -> None:
        """Have something done on the thread, after all that was asked for before; forgotten while it does not spin."""
        if self._thread is not None:
            self._errands.call(do)

    def wake(self) -> None:
        """Have the executor look at what its coroutines wait for, which it does not while nothing comes in."""
        self._executor.wake()

    async def stop(self) -> None:
        """End the thread, and hear nothing any more. Idempotent. Raises RobotError where it does not end."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._errands.call(self._end)
        await asyncio.get_running_loop().run_in_executor(None, thread.join, JOIN_S)
        if thread.is_alive():
            raise RobotError(f"{self._whose} ROS 2 thread does not end.", remedy="End this process.", code="stuck")

    def leave(self) -> None:
        """Leave the graph, once stopped."""
        self.node.destroy_node()
        self._context.try_shutdown()

    def _end(self) -> None:
        self._ended = True

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException, ShutdownException

        with contextlib.suppress(ExternalShutdownException, ShutdownException):
            while not self._ended:
                self._executor.spin_once()
        self._executor.shutdown()
