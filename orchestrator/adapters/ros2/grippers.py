"""The gripper's action client, of whichever of the two types has a server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.core.ros2_spec import Ros2GripperSpec

ASK_AGAIN_S = 0.05  # between two questions for a server
TYPES = {"parallel": "ParallelGripperCommand", "gripper": "GripperCommand"}  # what is wanted first, first


class Grippers:
    """Clients of one action name, by type. `action` is the name in the robot's namespace."""

    def __init__(self, node: Any, spec: Ros2GripperSpec, action: str) -> None:
        from control_msgs import action as types
        from rclpy.action import ActionClient

        self._node, self._joint, self._action = node, spec.joint, action
        wanted = [kind for kind in TYPES if spec.kind in (kind, "auto") and hasattr(types, TYPES[kind])]
        self._types = {kind: getattr(types, TYPES[kind]) for kind in wanted}
        self._clients = {kind: ActionClient(node, self._types[kind], action) for kind in wanted}

    def there(self) -> list[str]:
        """Return the kinds of gripper that have a server.

        A client is as ready for a server of another type, which never answers it: what is published as feedback tells.
        """
        feedback = self._node.get_publishers_info_by_topic(f"{self._action}/_action/feedback")
        types = {told.topic_type for told in feedback}
        return [
            kind
            for kind, client in self._clients.items()
            if f"control_msgs/action/{TYPES[kind]}_FeedbackMessage" in types and client.server_is_ready()
        ]

    def wait(self, limit_s: float) -> bool:
        """Wait until there is a server: by asking again and again, as rclpy does, too. For a thread of its own."""
        for _ in range(round(limit_s / ASK_AGAIN_S)):
            if self.there():
                return True
            time.sleep(ASK_AGAIN_S)
        return bool(self.there())

    def goal(self, position: float, effort: float) -> tuple[Any, Any]:
        """Return the client to ask and its goal: the joint's position, and the most effort in N."""
        from control_msgs.msg import GripperCommand
        from sensor_msgs.msg import JointState

        kind = next(iter((*self.there(), *self._clients)))
        message = self._types[kind].Goal()
        if kind == "parallel":
            message.command = JointState(name=[self._joint], position=[position], effort=[effort])
        else:
            message.command = GripperCommand(position=position, max_effort=effort)
        return self._clients[kind], message
