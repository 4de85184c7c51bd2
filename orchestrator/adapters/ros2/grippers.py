"""The gripper's action client, of whichever of the two types has a server."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.core.ros2_spec import Ros2GripperSpec

ASK_AGAIN_S = 0.05  # between two questions for a server
TYPES = {"parallel": "ParallelGripperCommand", "gripper": "GripperCommand"}  # what is wanted first, first


class Grippers:
    """The client of one action name. `action` is the name in the robot's namespace.

    There is one client, of the type that a server was first seen to have: Fast DDS refuses one name two types.
    """

    def __init__(self, node: Any, spec: Ros2GripperSpec, action: str) -> None:
        from control_msgs import action as types

        self._node, self._joint, self._action = node, spec.joint, action
        wanted = [kind for kind in TYPES if spec.kind in (kind, "auto") and hasattr(types, TYPES[kind])]
        self._types = {kind: getattr(types, TYPES[kind]) for kind in wanted}
        self._lock = threading.Lock()
        self._kind = ""
        self._client: Any = None
        if len(wanted) == 1:
            self._use(wanted[0])

    def there(self) -> bool:
        """Tell whether there is a server of a wanted type, and the client is ready for it."""
        with self._lock:
            return self._kind in self._offered() and bool(self._client.server_is_ready())

    def wait(self, limit_s: float) -> bool:
        """Wait until there is a server: by asking again and again, as rclpy does, too. For a thread of its own."""
        for _ in range(round(limit_s / ASK_AGAIN_S)):
            self._choose()
            if self.there():
                return True
            time.sleep(ASK_AGAIN_S)
        return self.there()

    def goal(self, position: float, effort: float) -> tuple[Any, Any]:
        """Return the client to ask and its goal: the joint's position, and the most effort in N."""
        from control_msgs.msg import GripperCommand
        from sensor_msgs.msg import JointState

        self._choose()
        with self._lock:
            if self._client is None:
                self._use(next(iter(self._types)))
            message = self._types[self._kind].Goal()
            if self._kind == "parallel":
                message.command = JointState(name=[self._joint], position=[position], effort=[effort])
            else:
                message.command = GripperCommand(position=position, max_effort=effort)
            return self._client, message

    def close(self) -> None:
        """End the client."""
        with self._lock:
            if self._client is not None:
                self._client.destroy()

    def _offered(self) -> list[str]:
        """Return the kinds of gripper that have a server.

        A client is as ready for a server of another type, which never answers it: what is published as feedback tells.
        """
        feedback = self._node.get_publishers_info_by_topic(f"{self._action}/_action/feedback")
        types = {told.topic_type for told in feedback}
        return [kind for kind in self._types if f"control_msgs/action/{TYPES[kind]}_FeedbackMessage" in types]

    def _choose(self) -> None:
        """Have the client of a type that is there, where one is."""
        with self._lock:
            if self._client is None and (offered := self._offered()):
                self._use(offered[0])

    def _use(self, kind: str) -> None:
        from rclpy.action import ActionClient

        self._kind, self._client = kind, ActionClient(self._node, self._types[kind], self._action)
