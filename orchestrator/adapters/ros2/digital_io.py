"""A digital gripper in the graph: std_srvs/SetBool sets its output, std_msgs/Bool are its inputs; or a UR's pins.

Inputs are read best effort, as the newest is all that counts, and told again and again: what was said once says nothing
of now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.adapters.ros2.digital import DigitalGripper
from orchestrator.adapters.ros2.ur_io import UrIo

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.adapters.ros2.crossing import Crossing
    from orchestrator.adapters.ros2.link import Goal
    from orchestrator.core.ros2_spec import Ros2Settings


class DigitalIo:
    """The client and the subscriptions of one gripper. `within` puts a name into the robot's namespace.

    `on_thread` has something done on the executor's thread.
    """

    def __init__(
        self,
        node: Any,
        settings: Ros2Settings,
        within: Callable[[str], str],
        crossing: Crossing,
        on_thread: Callable[[Callable[[], None]], None],
    ) -> None:
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        from std_msgs.msg import Bool
        from std_srvs.srv import SetBool

        spec = settings.gripper.digital
        assert spec is not None
        self.gripper = DigitalGripper(settings.gripper, self._ask)
        self._crossing, self._on_thread = crossing, on_thread
        inputs: dict[Any, Any] = {"holding": spec.holding, "closed": spec.closed}
        inputs = {name: signal for name, signal in inputs.items() if signal is not None}
        if isinstance(spec.output, int):
            ur = UrIo(node, within(settings.safety.status), spec.output, inputs, self._hear)
            self._client, self._request = ur.client, ur.request
            return
        self._client = node.create_client(SetBool, within(spec.output))
        self._request = lambda on: SetBool.Request(data=on)
        newest = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        for name, topic in inputs.items():
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
        return lambda message: self._hear(name, bool(message.data))

    def _hear(self, name: Any, on: bool) -> None:
        self._crossing.call(lambda: self.gripper.hear(name, on))

    def _ask(self, on: bool, answered: Callable[[str], None]) -> None:
        def told(future: Any) -> None:
            response = future.result()  # a UR's has no words
            trouble = "" if response.success else getattr(response, "message", "") or f"{self._client.srv_name} said no"
            self._crossing.call(lambda: answered(trouble))

        self._on_thread(lambda: self._client.call_async(self._request(on)).add_done_callback(told))
