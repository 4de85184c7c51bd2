"""What ros2_control's controller manager says of its controllers; optional, as not every arm has one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.adapters.ros2.crossing import Crossing

ANSWER_S = 1.0  # how long it may take to answer


class Manager:
    """The client of its list_controllers. `name` is its node's; `on_thread` has something done where rclpy is."""

    def __init__(
        self, node: Any, name: str, crossing: Crossing, on_thread: Callable[[Callable[[], None]], None]
    ) -> None:
        self._crossing, self._on_thread = crossing, on_thread
        self._client: Any = None
        try:
            from controller_manager_msgs.srv import ListControllers
        except ImportError:
            return  # nobody to ask
        self._request = ListControllers.Request
        self._client = node.create_client(ListControllers, f"{name}/list_controllers")

    async def states(self) -> Mapping[str, str] | None:
        """Return the state of each of its controllers by name; None where it is not there or does not answer."""
        client = self._client
        if client is None or not client.service_is_ready():
            return None
        answer: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

        def answered(future: Any) -> None:
            states = {found.name: found.state for found in future.result().controller}
            self._crossing.call(lambda: None if answer.done() else answer.set_result(states))

        self._on_thread(lambda: client.call_async(self._request()).add_done_callback(answered))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            return None
