"""The arm's controller over rclpy: its action, its topic (published reliably), and the end of all its goals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.link import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.adapters.ros2.course import Waypoint
    from orchestrator.adapters.ros2.goals import Goals
    from orchestrator.adapters.ros2.link import Goal
    from orchestrator.core.ros2_spec import Ros2Settings


class Controller:
    """FollowJointTrajectory's client. `within` puts a name into the robot's namespace."""

    def __init__(
        self, name: str, node: Any, settings: Ros2Settings, within: Callable[[str], str], goals: Goals
    ) -> None:
        from action_msgs.srv import CancelGoal
        from control_msgs.action import FollowJointTrajectory
        from rclpy.action import ActionClient
        from trajectory_msgs.msg import JointTrajectory

        self._joints, self._goals = settings.joints, goals
        self._action = FollowJointTrajectory
        name = within(name)
        self.client = ActionClient(node, FollowJointTrajectory, f"{name}/follow_joint_trajectory")
        self._topic = node.create_publisher(JointTrajectory, f"{name}/joint_trajectory", 1)
        self._cancel_all = node.create_client(CancelGoal, f"{name}/follow_joint_trajectory/_action/cancel_goal")
        self._moving: Any = None  # its newest goal

    def follow(self, waypoints: Sequence[Waypoint]) -> Goal:
        """Give it a trajectory; it takes over from the one under way."""
        message = self._action.Goal(trajectory=trajectory(self._joints, waypoints))
        return self._goals.give(
            self.client,
            message,
            lambda result: Ended("succeeded", result.error_string),
            there=self.client.server_is_ready,
            taken=self._take,
        )

    def steer(self, waypoints: Sequence[Waypoint], stamp_s: float = 0.0) -> bool:
        """Publish a trajectory on its topic, past its goals. False when nobody listens there.

        It counts from `stamp_s` (s, UTC), or from when it is heard (0).
        """
        if not self._topic.get_subscription_count():
            return False
        self._topic.publish(trajectory(self._joints, waypoints, stamp_s))
        return True

    def calm(self) -> None:
        """Cancel every goal, whoever gave it. Called on the executor's thread."""
        from action_msgs.srv import CancelGoal

        self._cancel_all.call_async(CancelGoal.Request())

    def halt(self) -> None:
        """Cancel the newest goal, once. Called on the executor's thread."""
        if self._moving is not None:
            self._moving.cancel_goal_async()
            self._moving = None

    def leave(self) -> None:
        """Leave the graph, which a node does not do for its action clients."""
        self.client.destroy()

    def _take(self, handle: Any) -> None:
        self._moving = handle


def trajectory(joints: Sequence[str], waypoints: Sequence[Waypoint], stamp_s: float = 0.0) -> Any:
    """Return a trajectory_msgs/JointTrajectory of named joints, stamped in s, UTC; 0 is as soon as it is heard."""
    from builtin_interfaces.msg import Duration, Time
    from std_msgs.msg import Header
    from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

    points = []
    for point in waypoints:
        seconds, rest = divmod(round(point.t_s * 1e9), 10**9)
        points.append(
            JointTrajectoryPoint(
                positions=list(point.positions),
                velocities=list(point.velocities),
                accelerations=list(point.accelerations),
                time_from_start=Duration(sec=seconds, nanosec=rest),
            )
        )
    seconds, rest = divmod(round(stamp_s * 1e9), 10**9)
    header = Header(stamp=Time(sec=seconds, nanosec=rest))
    return JointTrajectory(header=header, joint_names=list(joints), points=points)
