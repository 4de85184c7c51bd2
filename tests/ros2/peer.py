"""Another ROS 2 system, in a context of its own: it listens, calls and publishes, each call from a thread."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

LIMIT_S = 60.0


class Peer:
    """Who asks a cell over its graph."""

    def __init__(self) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.qos import DurabilityPolicy, QoSProfile
        from std_msgs.msg import String
        from std_srvs.srv import Trigger

        self._string = String
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("peer", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self.states: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._node.create_subscription(
            String, "/tandem/state", lambda m: self.states.append(json.loads(m.data)), latched
        )
        self._node.create_subscription(String, "/tandem/answer", lambda m: self.answers.append(json.loads(m.data)), 10)
        self._orders = self._node.create_publisher(String, "/tandem/order", 10)
        self._trigger = Trigger
        names = ("/tandem/hold", "/tandem/resume")  # from the start, as servers lose what they can't yet answer
        self._clients = {name: self._node.create_client(Trigger, name) for name in names}

    async def state(self, **fields: Any) -> dict[str, Any]:
        """Wait until the newest state has these fields, and return it."""
        return await self._on_thread(lambda: self._newest(fields))

    async def call(self, service: str) -> tuple[bool, str]:
        """Call a std_srvs/Trigger; returns what it answers."""
        return await self._on_thread(lambda: self._called(self._clients[service]))

    async def offers(self, service: str) -> bool:
        """Tell whether there is a service of this name."""
        return await self._on_thread(self._clients[service].service_is_ready)

    async def sees(self, node: str, *, there: bool) -> None:
        """Wait until a node of this name is in the graph, or is not."""
        await self._on_thread(lambda: self._spin_until(lambda: (node in self._node.get_node_names()) is there))

    async def order(self, text: str) -> dict[str, Any]:
        """Publish an order and return the answer."""
        return await self._on_thread(lambda: self._ask(text))

    async def close(self) -> None:
        """Leave the graph."""

        def leave() -> None:
            self._executor.shutdown()
            self._node.destroy_node()
            self._context.try_shutdown()

        await self._on_thread(leave)

    async def _on_thread(self, do: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, do)

    def _spin_until(self, true: Any) -> None:
        ends_s = time.monotonic() + LIMIT_S
        while not true():
            assert time.monotonic() < ends_s, f"it never came to that; last heard: {self.states[-1:]} {self.answers}"
            self._executor.spin_once(0.1)

    def _newest(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._spin_until(lambda: self.states and fields.items() <= self.states[-1].items())
        return self.states[-1]

    def _called(self, client: Any) -> tuple[bool, str]:
        self._spin_until(client.service_is_ready)
        asked = client.call_async(self._trigger.Request())
        self._spin_until(asked.done)
        return asked.result().success, asked.result().message

    def _ask(self, text: str) -> dict[str, Any]:
        before = len(self.answers)
        self._spin_until(
            lambda: self._orders.get_subscription_count() and self._node.count_publishers("/tandem/answer")
        )
        self._orders.publish(self._string(data=text))
        self._spin_until(lambda: len(self.answers) > before)
        return self.answers[-1]
