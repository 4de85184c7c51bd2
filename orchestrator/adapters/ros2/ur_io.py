"""A UR's own digital output and inputs, by pin: its status controller's set_io and io_states (ur_msgs).

States come with each of the controller's cycles, 500 a second: most are left unread.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

READ_S = 0.04  # between two that are read


class UrIo:
    """One output `pin` and some inputs. `status` is the controller's name; `hear` is told which input is on, or not."""

    def __init__(
        self, node: Any, status: str, pin: int, inputs: Mapping[Any, int], hear: Callable[[Any, bool], None]
    ) -> None:
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        from ur_msgs.msg import IOStates
        from ur_msgs.srv import SetIO

        self._pin, self._inputs, self._hear = pin, inputs, hear
        self._set, self._states = SetIO, IOStates
        self._read_s = 0.0
        self.client = node.create_client(SetIO, f"{status}/set_io")
        newest = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        node.create_subscription(IOStates, f"{status}/io_states", self._on_states, newest, raw=True)

    def request(self, on: bool) -> Any:
        """Return what sets the output."""
        wanted = self._set.Request
        return wanted(fun=wanted.FUN_SET_DIGITAL_OUT, pin=self._pin, state=float(on))

    def _on_states(self, message: bytes) -> None:
        from rclpy.serialization import deserialize_message

        now_s = time.monotonic()
        if now_s - self._read_s < READ_S:
            return
        self._read_s = now_s
        on = {it.pin: bool(it.state) for it in deserialize_message(message, self._states).digital_in_states}
        for name, pin in self._inputs.items():
            if pin in on:
                self._hear(name, on[pin])
