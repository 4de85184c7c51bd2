"""A digital gripper's part of the graph: std_srvs/SetBool sets its output, std_msgs/Bool are its inputs.

Inputs are read best effort, as the newest is all that counts, and told again and again: what was said once says nothing
of now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.digital import DigitalGripper

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.ros2.crossing import Crossing
    from orchestrator.adapters.ros2.link import Goal
    from orchestrator.core.ros2_spec import Ros2GripperSpec


class DigitalIo:
    """The client and the subscriptions of one gripper. `within` puts a name into the robot's namespace.

    `on_thread` has something done on the executor's thread.
    """

    def __init__(
        self,
        node: Any,
        spec: Ros2GripperSpec,
        within: Callable[[str], str],
        crossing: Crossing,
        on_thread: Callable[[Callable[[], None]], None],
    ) -> None:
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        from std_msgs.msg import Bool
        from std_srvs.srv import SetBool

        assert spec.digital is not None
        self.gripper = DigitalGripper(spec, self._ask)
        self._crossing, self._on_thread = crossing, on_thread
        self._set = SetBool
        self._client = node.create_client(SetBool, within(spec.digital.output))
        newest = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        for name, topic in (("holding", spec.digital.holding), ("closed", spec.digital.closed)):
            if topic is not None:
                node.create_subscription(Bool, within(topic), self._listener(name), newest)

    def there(self) -> bool:
        """Tell whether there is a server for its output."""
        return bool(self._client.service_is_ready())

    def wait(self, limit_s: float) -> bool:
        """Wait until there is one. For a thread of its own."""
        return bool(self._client.wait_for_service(limit_s))

    def grip(self, position: float, *, closes: bool) -> Goal:
        """Set the output, and see how that ends."""
        return self.gripper.grip(position, closes=closes)

    def close(self) -> None:
        """End what is under way."""
        self.gripper.close()

    def _listener(self, name: Any) -> Callable[[Any], None]:
        def hear(message: Any) -> None:
            on = bool(message.data)
            self._crossing.call(lambda: self.gripper.hear(name, on))

        return hear

    def _ask(self, on: bool, answered: Callable[[str], None]) -> None:
        def told(future: Any) -> None:
            response = future.result()
            trouble = "" if response.success else response.message or f"{self._client.srv_name} said no"
            self._crossing.call(lambda: answered(trouble))

        self._on_thread(lambda: self._client.call_async(self._set.Request(data=on)).add_done_callback(told))
