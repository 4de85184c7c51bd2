"""move_group over rclpy where it executes: its action execute_trajectory, and the topic that stops what it executes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.controller import trajectory
from orchestrator.adapters.ros2.link import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.adapters.ros2.course import Waypoint
    from orchestrator.adapters.ros2.goals import Goals
    from orchestrator.adapters.ros2.link import Goal
    from orchestrator.core.ros2_spec import Ros2Settings


class MoveItExecution:
    """execute_trajectory's client. `within` puts a name into the robot's namespace.

    A cancel of that action stops nothing: move_group (main, jazzy and humble, August 2026) answers it when the
    trajectory is over. What it hears of on `trajectory_execution_event` it stops at once.
    """

    def __init__(self, node: Any, settings: Ros2Settings, within: Callable[[str], str], goals: Goals) -> None:
        from moveit_msgs.action import ExecuteTrajectory
        from rclpy.action import ActionClient
        from std_msgs.msg import String

        self._joints, self._goals = settings.joints, goals
        self._action, self._string = ExecuteTrajectory, String
        self.client = ActionClient(node, ExecuteTrajectory, within("execute_trajectory"))
        self._events = node.create_publisher(String, within("trajectory_execution_event"), 1)

    def follow(self, waypoints: Sequence[Waypoint]) -> Goal:
        """Give it a trajectory."""
        message = self._action.Goal()
        message.trajectory.joint_trajectory = trajectory(self._joints, waypoints)
        return self._goals.give(self.client, message, self._read, there=self.client.server_is_ready, halt=self._stop)

    def leave(self) -> None:
        """Leave the graph."""
        self.client.destroy()

    def _stop(self) -> None:
        self._events.publish(self._string(data="stop"))

    @staticmethod
    def _read(result: Any) -> Ended:
        code = result.error_code
        return Ended("succeeded", str(getattr(code, "message", "")), error=code.val)
